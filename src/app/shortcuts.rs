//! Keyboard shortcuts: what the keys of a frame ask for.

use egui::{Key, KeyboardShortcut, Modifiers, Ui};

use crate::session::{DataCommand, EditCommand, SelectCommand, TrainCommand, TrainState};

use super::PanelCtx;
use super::dialogs::{Dialogs, Wanted};
use super::help::Help;
use super::key_map::{DIGITS, HELP, OPEN, REDO, SAVE_MODEL, TRAIN, UNDO};
use super::side::training::Able;

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
            ctx.send(EditCommand::Redo);
        }
        if pressed(&UNDO) {
            ctx.send(EditCommand::Undo);
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
