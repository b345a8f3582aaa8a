//! What a panel draws while it has nothing of its own to show: what is missing, and what to do about it.

use egui::{Align, Layout, ProgressBar, RichText, Ui, vec2};

use crate::app::rich::RichHover as _;
use crate::app::stage_words::{stage_share, stage_words};
use crate::app::{PanelCtx, WindowRequest};
use crate::jobs::Builtin;
use crate::session::{DataCommand, RunState, RunsCommand, TrainCommand, TrainState, View};
use crate::task::Progress;
use crate::text::t;

/// What a panel cannot do without.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Frames, whether there is a quantizer or not.
    Frames,
    /// A quantizer and frames that it was held against.
    Run,
}

/// The view to draw. Without one it draws what is missing, and there is nothing more to do.
pub fn ready_view<'a>(ctx: &PanelCtx<'a>, ui: &mut Ui) -> Option<View<'a>> {
    if ctx.session.view().is_none() {
        missing_ui(ctx, ui, Needs::Run);
    }
    ctx.session.view()
}

/// Draws what to do about missing data, and says whether it is missing.
pub fn without_data(ctx: &PanelCtx<'_>, ui: &mut Ui) -> bool {
    let missing = ctx.session.dataset().is_none();
    if missing {
        missing_ui(ctx, ui, Needs::Frames);
    }
    missing
}

/// While another training starts, says so above what is still there of the last one.
pub fn banner_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    if ctx.session.train_state() == TrainState::Starting && ctx.session.view().is_some() {
        let progress = ctx.session.train_progress();
        let (text, share) = stage_of(progress, layers_to_come(ctx));
        ui.add(
            ProgressBar::new(share)
                .desired_height(16.0)
                .text(RichText::new(t!("parts-starting.bar", stage = text)).size(11.0)),
        );
    }
}

/// Says in the middle of the panel why there is nothing to see.
pub fn note_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, title: &str, text: &str) {
    middle_ui(ctx, ui, title, text, |_| {});
}

/// Says in the middle of the panel that it needs frames, and offers to open some.
pub fn needs_frames_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, title: &str, text: &str) {
    middle_ui(ctx, ui, title, text, |ui| open_button_ui(ctx, ui));
}

/// Of a quantizer without any frames: one line on what opening some would add.
pub fn frames_hint_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, adds: &str) {
    if ctx.session.dataset().is_some() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let text =
            RichText::new(t!("parts-frames-would-add", adds = adds)).size(12.0).color(ctx.palette.faint);
        ui.add(egui::Label::new(text).wrap());
        if ui.link(RichText::new(t!("parts-frames-would-add.open")).size(12.0)).clicked() {
            ctx.request(WindowRequest::AskOpen);
        }
    });
}

/// Says in the middle of the panel what is being done, and how far it is.
pub fn progress_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, title: &str, progress: Option<&Progress>) {
    let (text, share) = stage_of(progress, layers_to_come(ctx));
    middle_ui(ctx, ui, title, &text, |ui| bar_ui(ui, share));
}

pub(super) fn missing_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, needs: Needs) {
    let session = ctx.session;
    let opening = session.background().next();
    match (session.dataset(), session.train_state()) {
        (_, TrainState::Starting | TrainState::Running | TrainState::Paused | TrainState::Stopping) => {
            let (text, share) = stage_of(session.train_progress(), layers_to_come(ctx));
            let is_ending = session.train_state() == TrainState::Stopping;
            let title = if is_ending { t!("parts-stopping") } else { t!("parts-starting") };
            middle_ui(ctx, ui, title, &text, |ui| bar_ui(ui, share));
        }
        _ if opening.is_some() => {
            let (title, progress) = opening.unwrap_or_default();
            let (text, share) = stage_of(progress, layers_to_come(ctx));
            middle_ui(ctx, ui, title, &text, |ui| bar_ui(ui, share));
        }
        _ if session.shown().is_some_and(|shown| shown.view().is_none() && session.codes().is_none()) => {
            shown_ui(ctx, ui);
        }
        (None, _) if session.codes().is_some() => {
            let (title, text) = beside_codes(needs, session.model().is_some());
            middle_ui(ctx, ui, title, text, |ui| open_button_ui(ctx, ui));
        }
        (None, _) if session.model().is_some() => {
            middle_ui(ctx, ui, t!("parts-no-data"), t!("parts-no-data.model"), |ui| open_button_ui(ctx, ui));
        }
        (None, _) => {
            middle_ui(ctx, ui, t!("parts-no-data"), t!("parts-no-data.text"), |ui| {
                open_button_ui(ctx, ui);
                if ui.button(t!("parts-train-demo")).on_hover_rich(t!("parts-train-demo.help")).clicked() {
                    ctx.send(DataCommand::OpenBuiltin { builtin: Builtin::Demo, then_train: true });
                }
            });
        }
        (Some(dataset), _) => {
            let frames = dataset.set.matrix.num_frames();
            let dim = dataset.set.matrix.dim();
            let text = t!("parts-nothing-trained.text", frames = frames, dim = dim);
            middle_ui(ctx, ui, t!("parts-nothing-trained"), &text, |ui| {
                if ui.button(t!("parts-train-now")).on_hover_rich(t!("parts-train-now.help")).clicked() {
                    ctx.send(TrainCommand::Start);
                }
                if session.model().is_some()
                    && ui.button(t!("parts-evaluate")).on_hover_rich(t!("parts-evaluate.help")).clicked()
                {
                    ctx.send(TrainCommand::Evaluate);
                }
            });
        }
    }
}

/// Why there is nothing to see of the shown run.
fn shown_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    let Some(shown) = ctx.session.shown() else { return };
    let name = shown.name();
    let (title, text) = match shown.state() {
        RunState::Failed(why) => (t!("parts-run-failed", name = name), why.as_str()),
        RunState::Planned => (t!("parts-run-planned", name = name), t!("parts-run-planned.text")),
        _ => (t!("parts-run-let-go", name = name), t!("parts-run-let-go.text")),
    };
    middle_ui(ctx, ui, &title, text, |ui| {
        let can_take = shown.params().is_some();
        let button = ui.add_enabled(can_take, egui::Button::new(t!("parts-take-params")));
        if button.on_hover_rich(t!("parts-take-params.help")).clicked() {
            ctx.send(RunsCommand::TakeParams(shown.id));
        }
    });
}

/// What codes on their own cannot show, and what they need beside them.
fn beside_codes(needs: Needs, has_model: bool) -> (&'static str, &'static str) {
    match (needs, has_model) {
        (Needs::Frames, false) => (t!("parts-needs-frames"), t!("parts-needs-frames.codes")),
        (_, true) => (t!("parts-needs-frames"), t!("parts-needs-frames.model")),
        (Needs::Run, false) => (t!("parts-needs-both"), t!("parts-needs-both.text")),
    }
}

fn open_button_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    if ui.button(t!("parts-open-files")).clicked() {
        ctx.request(WindowRequest::AskOpen);
    }
}

fn bar_ui(ui: &mut Ui, share: f32) {
    let width = ui.available_width().min(260.0);
    ui.add(ProgressBar::new(share).desired_width(width).show_percentage());
}

/// What is being done, and how far it is.
fn stage_of(progress: Option<&Progress>, num_layers: usize) -> (String, f32) {
    match progress {
        Some(progress) => (stage_words(progress, num_layers), stage_share(progress, num_layers)),
        None => (t!("parts-getting-ready").to_owned(), 0.0),
    }
}

/// The layers of the training that starts.
fn layers_to_come(ctx: &PanelCtx<'_>) -> usize {
    ctx.session.params().current().num_layers
}

/// A title, a sentence and what can be done, in the middle of the room there is.
pub fn middle_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, title: &str, text: &str, actions: impl FnOnce(&mut Ui)) {
    let room = ui.available_size();
    ui.allocate_ui_with_layout(room, Layout::top_down(Align::Center), |ui| {
        ui.add_space((room.y / 2.0 - 60.0).max(4.0));
        ui.label(RichText::new(title).size(17.0).strong());
        ui.add(egui::Label::new(RichText::new(text).color(ctx.palette.faint)).wrap());
        ui.add_space(4.0);
        ui.allocate_ui_with_layout(vec2(room.x.min(280.0), 30.0), Layout::top_down(Align::Center), actions);
    });
}
