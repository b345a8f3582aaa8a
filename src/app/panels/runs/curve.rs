//! One scalar of the selected layer over the steps, a line for each run that is drawn.

use egui::{RichText, Ui};

use super::ID;
use crate::app::PanelCtx;
use crate::app::panels::dead::REPLACED;
use crate::app::panels::parts::switch_ui;
use crate::app::plot::{Scale, StepChart, StepLines};
use crate::metrics::{Definition, convergence, distortion, usage};
use crate::session::View;
use crate::text::{Phrase, phrase, t};
use crate::training::Series;

/// What can be drawn.
struct Quantity {
    series: Series,
    definition: &'static Definition,
    scale: Scale,
    /// On its switch.
    label: Phrase,
    title: Phrase,
}

static QUANTITIES: [Quantity; 9] = [
    of(Series::Mse, &distortion::MSE, Scale::Log, phrase!("runs-curve-mse"), phrase!("runs-curve-mse.title")),
    of(
        Series::HeldOutMse,
        &distortion::MSE,
        Scale::Log,
        phrase!("runs-curve-held-out"),
        phrase!("runs-curve-held-out.title"),
    ),
    of(
        Series::Loss,
        &convergence::LOSS,
        Scale::Log,
        phrase!("runs-curve-loss"),
        phrase!("runs-curve-loss.title"),
    ),
    of(
        Series::Perplexity,
        &usage::PERPLEXITY,
        Scale::Linear,
        phrase!("runs-curve-perplexity"),
        phrase!("runs-curve-perplexity.title"),
    ),
    of(
        Series::Used,
        &usage::USED,
        Scale::Linear,
        phrase!("runs-curve-used"),
        phrase!("runs-curve-used.title"),
    ),
    of(
        Series::BelowThreshold,
        &usage::DEAD_THRESHOLD,
        Scale::Linear,
        phrase!("runs-curve-below"),
        phrase!("runs-curve-below.title"),
    ),
    of(
        Series::Replaced,
        &REPLACED,
        Scale::Linear,
        phrase!("runs-curve-replaced"),
        phrase!("runs-curve-replaced.title"),
    ),
    of(
        Series::Drift,
        &convergence::DRIFT,
        Scale::Log,
        phrase!("runs-curve-drift"),
        phrase!("runs-curve-drift.title"),
    ),
    of(
        Series::DriftAll,
        &convergence::DRIFT_ALL,
        Scale::Log,
        phrase!("runs-curve-drift-all"),
        phrase!("runs-curve-drift-all.title"),
    ),
];

const fn of(
    series: Series,
    definition: &'static Definition,
    scale: Scale,
    label: Phrase,
    title: Phrase,
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
            ui.label(RichText::new(t!("runs-curve")).size(12.0).color(ctx.palette.faint));
            let choices: Vec<_> = QUANTITIES.iter().map(|q| (q.series, q.label, q.definition.text)).collect();
            switch_ui(ui, shown, &choices);
        });
        let Some(&Quantity { series, definition, scale, title, .. }) =
            QUANTITIES.iter().find(|q| q.series == *shown)
        else {
            return;
        };
        let height = height - (ui.cursor().top() - top);
        let title = title.text();
        lines.show(
            ctx,
            ui,
            view,
            &StepChart { panel_id: ID, key: "curve", series, definition, title, scale, height },
        );
    }
}
