//! The keys and what they do: the table that the keys are read by, and the one that the help lists.

use egui::{Key, KeyboardShortcut, Modifiers};

/// Open files.
pub const OPEN: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::O);
/// Save the model.
pub const SAVE_MODEL: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::S);
/// Undo an edit.
pub const UNDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Z);
/// Redo it.
pub const REDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
/// Train from the beginning.
pub const TRAIN: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Enter);
/// Help.
pub const HELP: KeyboardShortcut = KeyboardShortcut::new(Modifiers::NONE, Key::F1);

/// The next panel on the screen.
pub const NEXT_PANEL: KeyboardShortcut = KeyboardShortcut::new(Modifiers::NONE, Key::F6);
/// The one before.
pub const PREVIOUS_PANEL: KeyboardShortcut = KeyboardShortcut::new(Modifiers::SHIFT, Key::F6);
/// The next tab of the group that is worked in.
pub const NEXT_TAB: KeyboardShortcut = KeyboardShortcut::new(Modifiers::CTRL, Key::Tab);
/// The one before.
pub const PREVIOUS_TAB: KeyboardShortcut =
    KeyboardShortcut::new(Modifiers::CTRL.plus(Modifiers::SHIFT), Key::Tab);
/// The next code of the selected layer.
pub const NEXT_CODE: KeyboardShortcut = KeyboardShortcut::new(Modifiers::ALT, Key::ArrowRight);
/// The one before.
pub const PREVIOUS_CODE: KeyboardShortcut = KeyboardShortcut::new(Modifiers::ALT, Key::ArrowLeft);

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
    ("1 to 9", "Select that layer in every panel"),
    ("PageUp, PageDown", "Select the layer before, the layer behind"),
    ("Alt+←, Alt+→", "Select the code before, the code behind"),
    ("H", "Figures of held-out frames, or of those that are trained on"),
    ("P", "Play the selected stretch, or be silent"),
    ("↑, ↓", "While it plays: after one layer more, after one less"),
    ("F6, Shift+F6", "Go to the next panel, to the one before"),
    ("Ctrl+Tab, Ctrl+Shift+Tab", "Bring the next tab of that panel's group to the front, the one before"),
    ("Tab, then ← →", "Go through what a panel holds; arrow keys read off a plot, Enter selects there"),
    ("F1", "This help"),
];

/// The keys of the first nine layers.
pub const DIGITS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
