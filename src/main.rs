//! The `rvqscope` binary: the window, or a command.

fn main() {}
