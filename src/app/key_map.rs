//! The keys and what they do: the table that the keys are read by, and the one that the help lists.

use egui::{Key, KeyboardShortcut, Modifiers};

use crate::text::{Phrase, phrase};

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
pub const LIST: &[(Phrase, Phrase)] = &[
    (phrase!("window-key-open.keys"), phrase!("window-key-open")),
    (phrase!("window-key-save.keys"), phrase!("window-key-save")),
    (phrase!("window-key-undo.keys"), phrase!("window-key-undo")),
    (phrase!("window-key-redo.keys"), phrase!("window-key-redo")),
    (phrase!("window-key-train.keys"), phrase!("window-key-train")),
    (phrase!("window-key-pause.keys"), phrase!("window-key-pause")),
    (phrase!("window-key-step.keys"), phrase!("window-key-step")),
    (phrase!("window-key-escape.keys"), phrase!("window-key-escape")),
    (phrase!("window-key-layers.keys"), phrase!("window-key-layers")),
    (phrase!("window-key-next-layer.keys"), phrase!("window-key-next-layer")),
    (phrase!("window-key-next-code.keys"), phrase!("window-key-next-code")),
    (phrase!("window-key-split.keys"), phrase!("window-key-split")),
    (phrase!("window-key-play.keys"), phrase!("window-key-play")),
    (phrase!("window-key-take.keys"), phrase!("window-key-take")),
    (phrase!("window-key-panels.keys"), phrase!("window-key-panels")),
    (phrase!("window-key-tabs.keys"), phrase!("window-key-tabs")),
    (phrase!("window-key-inside.keys"), phrase!("window-key-inside")),
    (phrase!("window-key-help.keys"), phrase!("window-key-help")),
];

/// The keys of the first nine layers.
pub const DIGITS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
