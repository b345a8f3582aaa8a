//! Keyboard shortcuts.

use egui::{Key, KeyboardShortcut, Modifiers, Ui};

use crate::session::{DataCommand, ParamsCommand, SelectCommand, TrainCommand, TrainState};

use super::PanelCtx;
use super::dialogs::{Dialogs, Wanted};
use super::help::Help;
use super::side::training::Able;

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
    ("Ctrl+Z", "Take back the last edit of a parameter"),
    ("Ctrl+Shift+Z", "Do it again"),
    ("Ctrl+Enter", "Train from the beginning"),
    ("Space", "Pause or go on"),
    (".", "Take one step, then wait"),
    ("Esc", "Close what is open in front; else give up opening, or stop training"),
    ("1 to 9", "Look at that layer in every panel"),
    ("F1", "This help"),
];

const DIGITS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

/// What was in front of the user in the frame before: the key that closes it is meant for it.
#[derive(Debug, Default)]
pub struct Shortcuts {
    was_typing: bool,
}

impl Shortcuts {
    /// Sends what the keys pressed in this frame ask for.
    pub fn handle(&mut self, ctx: &PanelCtx<'_>, dialogs: &mut Dialogs, help: &mut Help, ui: &mut Ui) {
        let egui_ctx = ui.ctx().clone();
        let pressed = |shortcut: &KeyboardShortcut| egui_ctx.input_mut(|i| i.consume_shortcut(shortcut));
        let was_typing = std::mem::replace(&mut self.was_typing, egui_ctx.egui_wants_keyboard_input());
        if dialogs.is_asking() || ctx.session.quantizer_choice().is_some() {
            return;
        }
        if pressed(&HELP) {
            help.toggle();
        }
        if pressed(&OPEN) {
            dialogs.ask_open(&egui_ctx);
        }
        if pressed(&SAVE_MODEL) && ctx.session.view().is_some() {
            dialogs.ask_save(&egui_ctx, ctx.session, Wanted::Model);
        }
        if pressed(&TRAIN) && Able::now(ctx.session).train.is_none() {
            ctx.send(TrainCommand::Start);
        }
        let menu_is_open = egui::Popup::is_any_open(&egui_ctx);
        if egui_ctx.egui_wants_keyboard_input() || was_typing || menu_is_open {
            return;
        }
        // The longer one first: the shorter one would take it for itself.
        if pressed(&REDO) {
            ctx.send(ParamsCommand::Redo);
        }
        if pressed(&UNDO) {
            ctx.send(ParamsCommand::Undo);
        }
        plain_keys(ctx, help, ui);
    }
}

/// Keys without others, which mean something else while one types.
fn plain_keys(ctx: &PanelCtx<'_>, help: &mut Help, ui: &mut Ui) {
    let session = ctx.session;
    let pressed = |key: Key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
    let able = Able::now(session);
    if pressed(Key::Space) && able.pause.is_none() {
        let is_paused = session.train_state() == TrainState::Paused;
        ctx.send(if is_paused { TrainCommand::Resume } else { TrainCommand::Pause });
    }
    if pressed(Key::Period) && able.step.is_none() {
        ctx.send(TrainCommand::StepOnce);
    }
    if pressed(Key::Escape) {
        if help.is_open() {
            help.close();
        } else if session.is_opening() {
            ctx.send(DataCommand::Cancel);
        } else if able.stop.is_none() {
            ctx.send(TrainCommand::Stop);
        }
    }
    let of_codes = session.codes().map_or(0, |codes| codes.tokens.num_codes.len());
    let layers = session.view().map_or(of_codes, |view| view.run.rvq.num_layers());
    for (layer_idx, key) in DIGITS.into_iter().enumerate() {
        if layer_idx < layers && pressed(key) {
            ctx.send(SelectCommand::Layer(layer_idx));
        }
    }
}
