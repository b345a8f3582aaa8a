//! One scalar of the selected layer over the steps, a line for each run that is drawn.

use egui::{RichText, Ui};

use super::ID;
use crate::app::PanelCtx;
use crate::app::panels::dead::REPLACED;
use crate::app::panels::parts::switch_ui;
use crate::app::plot::{Scale, StepChart, StepLines};
use crate::metrics::{Definition, convergence, distortion, usage};
use crate::session::View;
use crate::training::Series;

/// What can be drawn.
struct Quantity {
    series: Series,
    definition: &'static Definition,
    scale: Scale,
    /// On its switch.
    label: &'static str,
    title: &'static str,
}

static QUANTITIES: [Quantity; 9] = [
    of(Series::Mse, &distortion::MSE, Scale::Log, "Error", "MSE of each training batch"),
    of(
        Series::HeldOutMse,
        &distortion::MSE,
        Scale::Log,
        "Held-out error",
        "MSE of held-out frames on the way",
    ),
    of(Series::Loss, &convergence::LOSS, Scale::Log, "Loss", "Loss of each training batch"),
    of(
        Series::Perplexity,
        &usage::PERPLEXITY,
        Scale::Linear,
        "Perplexity",
        "Perplexity of each training batch",
    ),
    of(Series::Used, &usage::USED, Scale::Linear, "Used", "Codes used by each training batch"),
    of(
        Series::BelowThreshold,
        &usage::DEAD_THRESHOLD,
        Scale::Linear,
        "Below threshold",
        "Codes below the threshold",
    ),
    of(Series::Replaced, &REPLACED, Scale::Linear, "Replaced", "Codes replaced in each step"),
    of(Series::Drift, &convergence::DRIFT, Scale::Log, "Drift", "Drift of the codebook in each step"),
    of(
        Series::DriftAll,
        &convergence::DRIFT_ALL,
        Scale::Log,
        "Drift, all rows",
        "Drift of all rows in each step",
    ),
];

const fn of(
    series: Series,
    definition: &'static Definition,
    scale: Scale,
    label: &'static str,
    title: &'static str,
) -> Quantity {
    Quantity { series, definition, scale, label, title }
}

/// The chart.
pub struct Curve {
    shown: Series,
    lines: StepLines,
}

impl Default for Curve {
    fn default() -> Self {
        Self { shown: Series::Mse, lines: StepLines::default() }
    }
}

impl Curve {
    /// Draws it.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>, height: f32) {
        let Self { shown, lines } = self;
        let top = ui.cursor().top();
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 3.0;
            ui.label(RichText::new("Curve").size(12.0).color(ctx.palette.faint));
            let choices: Vec<_> =
                QUANTITIES.iter().map(|q| (q.series, q.label, q.definition.text.text())).collect();
            switch_ui(ui, shown, &choices);
        });
        let Some(&Quantity { series, definition, scale, title, .. }) =
            QUANTITIES.iter().find(|q| q.series == *shown)
        else {
            return;
        };
        let height = height - (ui.cursor().top() - top);
        lines.show(
            ctx,
            ui,
            view,
            &StepChart { panel_id: ID, key: "curve", series, definition, title, scale, height },
        );
    }
}
