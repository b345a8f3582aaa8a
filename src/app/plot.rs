//! Plots as all panels draw them: decimated, borrowed, with the same looks.
