//! What to set the dead-code threshold to.

use egui::Ui;

use super::super::parts::{Figure, figures_ui};
use crate::app::PanelCtx;
use crate::app::plot::numbers::number;
use crate::metrics::{Definition, convergence};
use crate::session::View;

/// The share of an even code's batch below which a code may be given up.
const RHO: f64 = 0.1;

static THRESHOLD: Definition = Definition {
    key: "threshold_frames",
    label: "Threshold",
    unit: "frames a batch",
    text: "Below this EMA cluster size `c_k` a code counts as dead. Rules state it in units of their own; this is what it comes to in frames. \
           Replacement is off at 0",
};

static ADVICE: Definition = Definition {
    key: "threshold_advice",
    label: "Advice",
    unit: "frames a batch",
    text: "`rho N/K` with rho = 0.1: a tenth of what each of K evenly used codes gets of a batch of N frames. At N/K and above even evenly used codes count as dead",
};

/// Draws the threshold, what would be usual, and how long a code lasts that no frame chooses.
pub fn advice_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, view: &View, layer: usize) {
    let run = &view.run;
    let num_codes = run.rvq.layers().get(layer).map_or(1, |l| l.codebook.num_codes());
    let batch = run.params.batch_size.min(run.source.train_frames.max(1)) as f64;
    let even = batch / num_codes as f64;
    let threshold = run.threshold_frames(layer);
    let expiry = convergence::expiry_steps(threshold, even, run.params.decay);
    let note = if !run.params_known {
        "assumed: the model's file does not say"
    } else if threshold <= 0.0 {
        "replacement is off"
    } else if threshold >= even {
        "too high: not below N/K"
    } else {
        ""
    };
    figures_ui(
        ui,
        ctx.palette,
        true,
        "",
        [
            Figure::new(&THRESHOLD, Some(number(threshold))).note(note),
            Figure::new(&ADVICE, Some(number(RHO * even))).note(format!("N/K = {}", number(even))),
            Figure::new(&convergence::EXPIRY_STEPS, expiry.map(|steps| number(steps.ceil())))
                .note(if expiry.is_some() { "from N/K" } else { "never" }),
        ],
    );
}
