//! Keyboard shortcuts: what the keys of a frame ask for.

use egui::{Key, KeyboardShortcut, Modifiers, Ui};

use crate::session::{DataCommand, EditCommand, SelectCommand, Selection, TrainCommand, TrainState};
use crate::training::SplitKind;

use super::dialogs::{Dialogs, Wanted};
use super::help::Help;
use super::key_map::{
    DIGITS, HELP, NEXT_CODE, NEXT_PANEL, NEXT_TAB, OPEN, PREVIOUS_CODE, PREVIOUS_PANEL, PREVIOUS_TAB, REDO,
    SAVE_MODEL, TRAIN, UNDO,
};
use super::side::training::Able;
use super::{PanelCtx, WindowRequest, sound_strip};

/// What was in front of the user in the frame before: the key that closes it is meant for it.
#[derive(Debug, Default)]
pub struct Shortcuts {
    was_focused: bool,
}

impl Shortcuts {
    /// Sends what the keys pressed in this frame ask for.
    pub fn handle(&mut self, ctx: &PanelCtx<'_>, dialogs: &mut Dialogs, help: &mut Help, ui: &mut Ui) {
        let egui_ctx = ui.ctx().clone();
        let pressed = |shortcut: &KeyboardShortcut| egui_ctx.input_mut(|i| i.consume_shortcut(shortcut));
        let was_focused = std::mem::replace(&mut self.was_focused, egui_ctx.egui_wants_keyboard_input());
        if dialogs.is_asking() || ctx.session.file_choice().is_some() {
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
        for (shortcut, request) in [
            (&PREVIOUS_PANEL, WindowRequest::StepPanel { forwards: false }),
            (&NEXT_PANEL, WindowRequest::StepPanel { forwards: true }),
            (&PREVIOUS_TAB, WindowRequest::StepTab { forwards: false }),
            (&NEXT_TAB, WindowRequest::StepTab { forwards: true }),
        ] {
            if pressed(shortcut) {
                ctx.request(request);
            }
        }
        if egui_ctx.text_edit_focused() || egui::Popup::is_any_open(&egui_ctx) {
            return;
        }
        // The longer one first: the shorter one would take it for itself.
        if pressed(&REDO) {
            ctx.send(EditCommand::Redo);
        }
        if pressed(&UNDO) {
            ctx.send(EditCommand::Undo);
        }
        for (shortcut, forwards) in [(&PREVIOUS_CODE, false), (&NEXT_CODE, true)] {
            if pressed(shortcut) {
                step_code(ctx, forwards);
            }
        }
        selecting_keys(ctx, ui);
        // A button or a plot that has the focus takes these itself, and Escape takes the focus away.
        if !egui_ctx.egui_wants_keyboard_input() && !was_focused {
            training_keys(ctx, help, ui);
            if let Some(look) = ctx.session.sound() {
                sound_strip::keys(ctx, &look, ui);
            }
        }
    }
}

/// Selects the code before or behind.
fn step_code(ctx: &PanelCtx<'_>, forwards: bool) {
    let Selection { layer, code, .. } = ctx.session.selection();
    let len = match (ctx.session.view(), ctx.session.codes()) {
        (Some(view), _) => view.run.rvq.layers().get(layer).map_or(0, |l| l.codebook.num_codes()),
        (None, Some(codes)) => codes.tokens.num_codes.get(layer).copied().unwrap_or(0),
        (None, None) => 0,
    };
    let to = match (code, forwards) {
        (None, true) => Some(0),
        (None, false) => len.checked_sub(1),
        (Some(code), true) => Some(code + 1),
        (Some(code), false) => code.checked_sub(1),
    };
    if let Some(code) = to.filter(|&code| code < len) {
        ctx.send(SelectCommand::Code(layer, Some(code)));
    }
}

/// Keys without others that select: they mean something else while one types.
fn selecting_keys(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    let session = ctx.session;
    let pressed = |key: Key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
    let of_codes = session.codes().map_or(0, |codes| codes.tokens.num_codes.len());
    let layers = session.view().map_or(of_codes, |view| view.run.rvq.num_layers());
    let Selection { layer, split, .. } = session.selection();
    for (layer_idx, key) in DIGITS.into_iter().enumerate() {
        if layer_idx < layers && pressed(key) {
            ctx.send(SelectCommand::Layer(layer_idx));
        }
    }
    if layer + 1 < layers && pressed(Key::PageDown) {
        ctx.send(SelectCommand::Layer(layer + 1));
    }
    if layer > 0 && pressed(Key::PageUp) {
        ctx.send(SelectCommand::Layer(layer - 1));
    }
    if session.view().is_some() && pressed(Key::H) {
        let other = if split == SplitKind::HeldOut { SplitKind::Train } else { SplitKind::HeldOut };
        ctx.send(SelectCommand::Split(other));
    }
}

/// Keys without others that drive a training.
fn training_keys(ctx: &PanelCtx<'_>, help: &mut Help, ui: &mut Ui) {
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
}
