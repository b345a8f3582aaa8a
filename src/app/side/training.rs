//! Training: its buttons, how far it is, and how long it still takes.

use std::sync::Arc;

use egui::{ProgressBar, RichText, Ui};

use crate::app::PanelCtx;
use crate::app::badge::badge_ui;
use crate::app::plot::numbers::duration;
use crate::app::rich::RichHover as _;
use crate::app::stage_words::{stage_share, stage_words};
use crate::jobs::no_standardizing;
use crate::param::ParamValue;
use crate::session::{ParamsCommand, RunState, Session, TrainCommand, TrainState};
use crate::text::{Phrase, t};
use crate::training::Run;
use crate::training::course::PLATEAU_STEPS;

use super::NOTE_SIZE;
use super::pace::Pace;

/// State of the section.
#[derive(Default)]
pub struct TrainingSection {
    pace: Pace,
    beam: super::search::BeamRow,
    proposals: super::proposals::ProposalsRow,
    /// What was on the screen when a training started: its steps are not those of the new one.
    before: Option<Arc<Run>>,
}

/// Why each button cannot be pressed; `None` where it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Able {
    /// Train, or train again.
    pub train: Option<&'static str>,
    /// Pause, or resume.
    pub pause: Option<&'static str>,
    /// One step.
    pub step: Option<&'static str>,
    /// Stop.
    pub stop: Option<&'static str>,
    /// Go on behind the last step.
    pub go_on: Option<&'static str>,
}

impl Able {
    /// What can be done now.
    #[must_use]
    pub fn now(session: &Session) -> Self {
        let state = session.train_state();
        let no_data = match (session.dataset(), session.codes()) {
            (Some(_), _) => None,
            (None, Some(_)) => Some(t!("side-not-codes")),
            (None, None) => Some(t!("side-not-without-data")),
        };
        let opening = session.is_opening().then_some(t!("side-not-opening"));
        let invalid = session.params().valid().is_err().then_some(t!("side-not-invalid"));
        let stopping = (state == TrainState::Stopping).then_some(t!("side-not-ending"));
        let idle = (state == TrainState::Idle).then_some(t!("side-not-idle"));
        let invalid =
            invalid.or(no_standardizing(session.params().current(), session.standardize()).map(Phrase::text));
        let running =
            matches!(state, TrainState::Running | TrainState::Starting).then_some(t!("side-not-running"));
        let train = no_data.or(opening).or(invalid).or(stopping);
        Self {
            train,
            pause: idle.or(stopping),
            step: train.or(running),
            stop: idle.or(stopping),
            go_on: match (state, session.can_continue()) {
                (TrainState::Idle, true) => opening.or(no_data),
                (TrainState::Idle, false) => Some(t!("side-not-finished")),
                _ => Some(t!("side-not-over")),
            },
        }
    }
}

/// What a state is called.
#[must_use]
pub fn state_text(session: &Session) -> &'static str {
    match session.train_state() {
        TrainState::Idle if session.codes().is_some() => t!("side-state-codes"),
        TrainState::Idle if session.dataset().is_none() => t!("side-state-no-data"),
        TrainState::Idle if session.shown().is_some_and(|entry| entry.tried().is_some()) => {
            t!("side-state-repaired")
        }
        TrainState::Idle if session.view().is_some_and(|view| view.is_model) => t!("side-state-model"),
        TrainState::Idle
            if session.view().is_some_and(|view| view.run.course.is_some_and(|c| c.ended_early)) =>
        {
            t!("side-state-ended-early")
        }
        TrainState::Idle if session.shown().is_some_and(|entry| *entry.state() == RunState::Stopped) => {
            t!("side-state-stopped")
        }
        TrainState::Idle if session.view().is_some() => t!("side-state-shown"),
        TrainState::Idle => t!("side-state-ready"),
        TrainState::Starting => t!("side-state-starting"),
        TrainState::Running if session.is_comparing() => t!("side-state-comparing"),
        TrainState::Running => t!("side-state-training"),
        TrainState::Paused => t!("side-state-paused"),
        TrainState::Stopping => t!("side-state-stopping"),
    }
}

impl TrainingSection {
    /// Draws it.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let session = ctx.session;
        let state = session.train_state();
        buttons_ui(ctx, ui);
        let color = match state {
            TrainState::Running => ctx.palette.good,
            TrainState::Paused | TrainState::Stopping => ctx.palette.warning,
            TrainState::Idle | TrainState::Starting => ctx.palette.faint,
        };
        ui.label(RichText::new(state_text(session)).color(color));
        shown_ui(ctx, ui);
        match state {
            TrainState::Starting => {
                self.pace.clear();
                self.before = session.view().map(|view| view.run.clone());
                stage_ui(ctx, ui);
            }
            _ => self.steps_ui(ctx, ui),
        }
        course_ui(ctx, ui);
        self.proposals.ui(ctx, ui);
        self.beam.ui(ctx, ui);
        if session.model().is_some() {
            let why_not = super::model::why_not_evaluate(session);
            let help = t!("side-evaluate-only.help");
            if super::button(ui, t!("side-evaluate-only"), help, why_not.as_deref()) {
                ctx.send(TrainCommand::Evaluate);
            }
        }
    }

    fn steps_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Some(view) = ctx.session.view().filter(|view| !view.is_model) else { return };
        let state = ctx.session.train_state();
        let is_old = self.before.as_ref().is_some_and(|before| Arc::ptr_eq(before, view.run));
        if is_old && state != TrainState::Idle && view.run.steps >= view.run.params.steps {
            return stage_ui(ctx, ui);
        }
        if !is_old {
            self.before = None;
        }
        let (steps, total) = (view.history.steps().last().copied().unwrap_or(0), view.run.params.steps);
        let now = ui.input(|input| input.time);
        if state == TrainState::Running {
            self.pace.note(now, steps);
        } else {
            self.pace.clear();
        }
        let share = if total == 0 { 1.0 } else { steps as f32 / total as f32 };
        let text = t!("side-steps", steps = super::grouped(steps), total = super::grouped(total));
        bar_ui(ui, ctx, share, &text);
        if let Some(rate) = self.pace.steps_per_sec() {
            let left = total.saturating_sub(steps) as f64 / rate;
            let text = t!("side-steps.left", rate = format!("{rate:.0}"), time = duration(left.ceil()));
            ui.label(RichText::new(text).size(NOTE_SIZE).color(ctx.palette.faint))
                .on_hover_rich(t!("side-steps.help"));
        }
    }
}

fn buttons_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    let session = ctx.session;
    let state = session.train_state();
    let Able { train, pause, step, stop, go_on } = Able::now(session);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        let is_idle = state == TrainState::Idle;
        let (text, help) = if is_idle {
            (t!("side-train"), t!("side-train.help"))
        } else if session.is_comparing() {
            (t!("side-train-one"), t!("side-train-one.help"))
        } else {
            (t!("side-restart"), t!("side-restart.help"))
        };
        let color = if train.is_none() { ctx.palette.on_accent } else { ctx.palette.faint };
        let button = egui::Button::new(RichText::new(text).color(color).strong());
        let button = if train.is_none() { button.fill(ctx.palette.accent) } else { button };
        let response = ui.add_enabled(train.is_none(), button);
        ctx.spot("train", response.rect);
        if response.on_hover_rich(help).on_disabled_hover_text(train.unwrap_or_default()).clicked() {
            ctx.send(TrainCommand::Start);
        }
        let (text, help, command) = if state == TrainState::Paused {
            (t!("side-resume"), t!("side-resume.help"), TrainCommand::Resume)
        } else {
            (t!("side-pause"), t!("side-pause.help"), TrainCommand::Pause)
        };
        let response = super::button_response(ui, text, help, pause);
        ctx.spot("pause", response.rect);
        if response.clicked() {
            ctx.send(command);
        }
        if super::button(ui, t!("side-step"), t!("side-step.help"), step) {
            ctx.send(TrainCommand::StepOnce);
        }
        if super::button(ui, t!("side-stop"), t!("side-stop.help"), stop) {
            ctx.send(TrainCommand::Stop);
        }
        if super::button(ui, t!("side-continue"), t!("side-continue.help"), go_on) {
            ctx.send(TrainCommand::Continue);
        }
    });
}

/// The name of the shown run, and a sign of what is wrong with it.
fn shown_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    let Some(view) = ctx.session.view() else { return };
    ui.horizontal(|ui| {
        badge_ui(ctx, ui, view.entry);
        let name = RichText::new(view.entry.name()).size(NOTE_SIZE).color(ctx.palette.faint);
        ui.add(egui::Label::new(name).truncate()).on_hover_rich(t!("side-shown-run"));
    });
}

/// What held-out frames say of going on: that they have not gained for long, with the way to end there, and which state is kept.
fn course_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    let Some(view) = ctx.session.view().filter(|view| !view.is_model) else { return };
    let state = ctx.session.train_state();
    let under_way = matches!(state, TrainState::Running | TrainState::Paused);
    let Some(words) = view.run.course_words().filter(|_| under_way || state == TrainState::Idle) else {
        return;
    };
    let color = if under_way { ctx.palette.warning } else { ctx.palette.faint };
    ui.add(egui::Label::new(RichText::new(words.text()).size(NOTE_SIZE).color(color)).wrap());
    if !under_way || ctx.session.is_comparing() {
        return;
    }
    ui.horizontal(|ui| {
        if super::button(ui, t!("side-end-here"), t!("side-end-here.help"), None) {
            ctx.send(TrainCommand::Stop);
        }
        let patience = ctx.session.params().current().patience;
        if patience == 0 {
            let help = t!("side-always.help", steps = PLATEAU_STEPS);
            if super::button(ui, t!("side-always"), &help, None) {
                let value = ParamValue::Int(PLATEAU_STEPS);
                ctx.send(ParamsCommand::Set { key: "patience", value });
            }
        }
    });
}

/// What goes on before the first step.
fn stage_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    match ctx.session.train_progress() {
        Some(progress) => {
            let num_layers = ctx.session.params().current().num_layers;
            bar_ui(ui, ctx, stage_share(progress, num_layers), &stage_words(progress, num_layers));
        }
        None => bar_ui(ui, ctx, 0.0, t!("side-preparing")),
    }
}

fn bar_ui(ui: &mut Ui, ctx: &PanelCtx<'_>, share: f32, text: &str) {
    let response = ui.add(
        ProgressBar::new(share.clamp(0.0, 1.0))
            .fill(ctx.palette.accent.gamma_multiply(0.55))
            .corner_radius(4)
            .text(text),
    );
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::labeled(egui::accesskit::Role::ProgressIndicator, true, text);
        info.value = Some(f64::from(share));
        info
    });
}
