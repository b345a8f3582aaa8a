//! The keys and what they do: the table that the keys are read by, and the one that the help lists.

use egui::{Key, KeyboardShortcut, Modifiers};

/// Open files.
pub const OPEN: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::O);
/// Save the model.
pub const SAVE_MODEL: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::S);
/// Take back an edit.
pub const UNDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Z);
/// Do it again.
pub const REDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
/// Train from the beginning.
pub const TRAIN: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Enter);
/// Help.
pub const HELP: KeyboardShortcut = KeyboardShortcut::new(Modifiers::NONE, Key::F1);

/// Every shortcut as the help lists it.
pub const LIST: &[(&str, &str)] = &[
    ("Ctrl+O", "Open files"),
    ("Ctrl+S", "Save the model"),
    ("Ctrl+Z", "Undo the last edit of parameters, selection, layout or runs"),
    ("Ctrl+Shift+Z", "Redo it"),
    ("Ctrl+Enter", "Train from the beginning"),
    ("Space", "Pause or go on"),
    (".", "Take one step, then wait"),
    ("Esc", "Close what is open in front; else give up opening, or stop training"),
    ("1 to 9", "Look at that layer in every panel"),
    ("F1", "This help"),
];

/// The keys of the first nine layers.
pub const DIGITS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
