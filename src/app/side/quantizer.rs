//! The quantizer: its rule, its parameters, and what follows from them.

use ndarray::Array1;

use egui::{RichText, Ui};

use crate::app::rich::RichHover as _;
use crate::app::{Palette, PanelCtx};
use crate::features::Split;
use crate::rvq::RvqParams;
use crate::rvq::rules::{self, RULES};
use crate::session::{EditCommand, ParamsCommand, Session, TrainState};

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
            let why_not = undo.is_none().then_some("There is no edit to undo");
            let help = format!("Undo the last edit: {} (Ctrl+Z)", undo.unwrap_or_default());
            if super::button(ui, "Undo", &help, why_not) {
                ctx.send(EditCommand::Undo);
            }
            let why_not = redo.is_none().then_some("Nothing was undone");
            let help = format!("Redo what was undone: {} (Ctrl+Shift+Z)", redo.unwrap_or_default());
            if super::button(ui, "Redo", &help, why_not) {
                ctx.send(EditCommand::Redo);
            }
            let why_not = (*params == defaults).then_some("Every parameter is at the rule's default");
            let help = "Every parameter back to the rule's default; this can be undone";
            if super::button(ui, "Defaults", help, why_not) {
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
        let label = ui.label("Rule").on_hover_rich("How codebooks start, move, and get rid of dead codes");
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
    ui.label(faint(format!("A code gets N/K = {frames_per_code:.2} frames a step on average"))).on_hover_rich(
        format!(
            "N = {batch_len} frames a step over K = {} codes. A threshold means something only beside this number.",
            params.codebook_size
        ),
    );
    ui.label(faint(format!("EMA window {window_steps:.0} steps, half-life {half_life_steps:.0} steps")))
        .on_hover_rich("Window 1/(1-decay), half-life ln .5 / ln decay: how long a cluster size remembers");
    threshold_ui(ui, palette, &derived);
    let rate = session.dataset().and_then(|dataset| dataset.set.frame_rate_hz);
    let bits = derived.bits_per_frame;
    let kbps = rate.map_or(String::new(), |hz| format!(", {:.2} kbps", hz * bits / 1000.0));
    ui.label(faint(format!("{bits:.0} bits a frame{kbps}"))).on_hover_rich(
        "Nominal: layers times log2 K. What the codes really carry is their entropy, which is less",
    );
}

fn threshold_ui(ui: &mut Ui, palette: &Palette, derived: &Derived) {
    let Derived { frames_per_code, threshold_frames, expires_after, .. } = *derived;
    let advice = format!("advice: 0.1 N/K = {:.3}", 0.1 * frames_per_code);
    let expiry = expires_after.map_or(String::new(), |steps| {
        format!("\nA code of average size that nobody chooses any more is replaced after {steps:.0} steps")
    });
    let (text, color) = if threshold_frames <= 0.0 {
        ("Dead codes stay: replacement is off".to_owned(), palette.faint)
    } else if threshold_frames >= frames_per_code {
        let text = format!(
            "Threshold {threshold_frames:.3} is not below N/K = {frames_per_code:.3}: every code counts as dead"
        );
        (text, palette.warning)
    } else {
        (format!("Dead below {threshold_frames:.3} frames a step; {advice}"), palette.faint)
    };
    ui.label(RichText::new(text).size(NOTE_SIZE).color(color)).on_hover_rich(format!(
        "In steady state a code that gets the share p of the frames has the EMA size N p; the average is N/K. \
         About a tenth of that is a sound threshold ({advice}).{expiry}"
    ));
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
