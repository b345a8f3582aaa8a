//! What to set the dead-code threshold to.

use egui::Ui;

use super::super::parts::{Figure, figures_ui};
use crate::app::PanelCtx;
use crate::app::plot::numbers::number;
use crate::metrics::{convergence, threshold};
use crate::session::View;
use crate::text::t;
use crate::training::ThresholdStanding;

/// Draws the threshold, what would be usual, and how long a code lasts that no frame chooses.
pub fn advice_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>, layer: usize) {
    let run = &view.run;
    let standing = ThresholdStanding::of(run, layer);
    let expiry = convergence::expiry_steps(standing.frames, standing.uniform, run.params.decay);
    let (expiry, from) = match expiry {
        _ if standing.is_too_high => (None, t!("dead-expiry-from.below")),
        Some(steps) => (Some(steps), t!("dead-expiry-from")),
        None => (None, t!("dead-expiry-from.never")),
    };
    let note = standing.action().unwrap_or_else(|| standing.words());
    figures_ui(
        ui,
        ctx.palette,
        true,
        "",
        [
            Figure::new(&threshold::THRESHOLD, Some(number(standing.frames))).note(note.text()),
            Figure::new(&threshold::THRESHOLD_ADVICE, Some(number(standing.advised)))
                .note(t!("dead-even", frames = number(standing.uniform))),
            Figure::new(&convergence::EXPIRY_STEPS, expiry.map(|steps| number(steps.ceil()))).note(from),
        ],
    );
}
