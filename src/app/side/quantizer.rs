//! The quantizer: its rule, its parameters, and what follows from them.

use ndarray::Array1;

use egui::{RichText, Ui};

use crate::app::rich::RichHover as _;
use crate::app::{Palette, PanelCtx};
use crate::features::Split;
use crate::rvq::RvqParams;
use crate::rvq::rules::{self, RULES};
use crate::session::{EditCommand, ParamsCommand, Session, TrainState};
use crate::text::t;

use super::NOTE_SIZE;
use super::form::{self, Drafts, Row};

/// State of the section.
#[derive(Default)]
pub struct QuantizerSection {
    drafts: Drafts,
}

impl QuantizerSection {
    /// Draws it.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let PanelCtx { session, palette, .. } = *ctx;
        let editor = session.params();
        let (params, rule) = (editor.current(), editor.rule());
        rule_ui(ctx, ui);
        let is_training = session.train_state() != TrainState::Idle;
        let defaults = rule.defaults();
        for spec in rule.params() {
            let row = Row { palette, effect: Some((spec.effect, is_training)) };
            if let Some(value) = form::param_ui(ui, &row, &mut self.drafts, &spec, params, &defaults) {
                ctx.send(ParamsCommand::Set { key: spec.key, value });
            }
        }
        ui.horizontal(|ui| {
            let (undo, redo) = (session.can_undo(), session.can_redo());
            let why_not = undo.is_none().then_some(t!("side-undo.why-not"));
            let help = t!("side-undo.help", what = undo.unwrap_or_default());
            if super::button(ui, t!("side-undo"), &help, why_not) {
                ctx.send(EditCommand::Undo);
            }
            let why_not = redo.is_none().then_some(t!("side-redo.why-not"));
            let help = t!("side-redo.help", what = redo.unwrap_or_default());
            if super::button(ui, t!("side-redo"), &help, why_not) {
                ctx.send(EditCommand::Redo);
            }
            let why_not = (*params == defaults).then_some(t!("side-defaults.why-not"));
            if super::button(ui, t!("side-defaults"), t!("side-defaults.help"), why_not) {
                ctx.send(ParamsCommand::Reset);
            }
        });
        egui::Frame::new().fill(palette.card).corner_radius(4).inner_margin(8).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 3.0;
            derived_ui(ui, palette, session);
        });
    }
}

fn rule_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    let rule = ctx.session.params().rule();
    ui.horizontal(|ui| {
        let label = ui.label(t!("side-rule")).on_hover_rich(t!("side-rule.help"));
        let combo = egui::ComboBox::from_id_salt("rule").selected_text(rule.label()).width(180.0);
        let shown = combo.show_ui(ui, |ui| {
            for other in RULES {
                let choice = ui.selectable_label(other.id() == rule.id(), other.label());
                if choice.on_hover_rich(other.help()).clicked() && other.id() != rule.id() {
                    ctx.send(ParamsCommand::SetRule(other.id()));
                }
            }
        });
        shown.response.labelled_by(label.id).on_hover_rich(rule.help());
    });
    ui.label(RichText::new(rule.help()).size(NOTE_SIZE).color(ctx.palette.faint));
}

/// What follows from parameters and data: the numbers that a threshold is to be judged by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Derived {
    /// Frames a step: the batch size, or all that there are to train on.
    pub batch_len: usize,
    /// `N/K`.
    pub frames_per_code: f64,
    /// The dead-code threshold in frames a step, whatever the rule's own unit.
    pub threshold_frames: f64,
    /// Steps over which the EMA looks back.
    pub window_steps: f64,
    /// Steps after which half of it is forgotten.
    pub half_life_steps: f64,
    /// Steps after which a code that was of average size and is not chosen any more falls below the threshold.
    pub expires_after: Option<f64>,
    /// `n_q log2 K`.
    pub bits_per_frame: f64,
}

impl Derived {
    /// What follows for `train_frames` frames to train on, where that is known.
    #[must_use]
    pub fn of(params: &RvqParams, train_frames: Option<usize>) -> Self {
        let RvqParams { codebook_size, batch_size, decay, num_layers, .. } = *params;
        let batch_len = train_frames.map_or(batch_size, |frames| batch_size.min(frames.max(1)));
        let codes = codebook_size.max(1);
        let frames_per_code = batch_len as f64 / codes as f64;
        // A share of what all codes hold is the same for any sizes of the same sum; one of each is enough to ask.
        let sizes = Array1::from_elem(codes.min(65_536), frames_per_code);
        let threshold_frames = rules::rule(params.rule).threshold_frames(params, batch_len, &sizes);
        let expires = (threshold_frames / frames_per_code).ln() / decay.ln();
        Self {
            batch_len,
            frames_per_code,
            threshold_frames,
            window_steps: params.ema_window_steps(),
            half_life_steps: 0.5_f64.ln() / decay.ln(),
            expires_after: (expires.is_finite() && expires > 0.0).then_some(expires),
            bits_per_frame: num_layers as f64 * (codes as f64).log2(),
        }
    }
}

fn derived_ui(ui: &mut Ui, palette: &Palette, session: &Session) {
    let params = session.params().current();
    let train_frames = session.dataset().map(|dataset| {
        let split = Split::hold_out(&dataset.set, session.holdout());
        Split::count(&split.train)
    });
    let derived = Derived::of(params, train_frames);
    let Derived { batch_len, frames_per_code, window_steps, half_life_steps, .. } = derived;
    let faint = |text: String| RichText::new(text).size(NOTE_SIZE).color(palette.faint);
    ui.label(faint(t!("side-even", frames = format!("{frames_per_code:.2}")))).on_hover_rich(t!(
        "side-even.help",
        batch = batch_len,
        codes = params.codebook_size
    ));
    let [window, half_life] = [window_steps, half_life_steps].map(|steps| format!("{steps:.0}"));
    ui.label(faint(t!("side-window", window = window, half_life = half_life)))
        .on_hover_rich(t!("side-window.help"));
    threshold_ui(ui, palette, &derived);
    let rate = session.dataset().and_then(|dataset| dataset.set.frame_rate_hz);
    let bits = format!("{:.0}", derived.bits_per_frame);
    let kbps = rate.map(|hz| format!("{:.2}", hz * derived.bits_per_frame / 1000.0));
    let text = match kbps {
        Some(kbps) => t!("side-rate.kbps", bits = bits, kbps = kbps),
        None => t!("side-rate", bits = bits),
    };
    ui.label(faint(text)).on_hover_rich(t!("side-rate.help"));
}

fn threshold_ui(ui: &mut Ui, palette: &Palette, derived: &Derived) {
    let Derived { frames_per_code, threshold_frames, expires_after, .. } = *derived;
    let [threshold, even, advice] =
        [threshold_frames, frames_per_code, 0.1 * frames_per_code].map(|frames| format!("{frames:.3}"));
    let (text, color) = if threshold_frames <= 0.0 {
        (t!("side-threshold-off").to_owned(), palette.faint)
    } else if threshold_frames >= frames_per_code {
        (t!("side-threshold-high", threshold = threshold, even = even), palette.warning)
    } else {
        (t!("side-threshold", threshold = threshold, advice = &advice), palette.faint)
    };
    let mut help = t!("side-threshold.help", advice = advice);
    if let Some(steps) = expires_after {
        help.push('\n');
        help.push_str(&t!("side-threshold.expiry", steps = format!("{steps:.0}")));
    }
    ui.label(RichText::new(text).size(NOTE_SIZE).color(color)).on_hover_rich(help);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_the_lineage_defaults() {
        let params = RvqParams::lineage("gpt-sovits");
        let derived = Derived::of(&params, None);
        assert_eq!((derived.frames_per_code, derived.threshold_frames), (4.0, 2.0));
        assert_eq!(derived.bits_per_frame, 80.0);
        assert!((derived.window_steps - 100.0).abs() < 1e-9 && derived.half_life_steps.round() == 69.0);
        assert_eq!(derived.expires_after.map(f64::round), Some(69.0));
        let few = Derived::of(&params, Some(1000));
        assert!(few.threshold_frames > few.frames_per_code, "2 frames are more than 1000 / 1024");
        assert_eq!(few.expires_after, None);
    }
}
