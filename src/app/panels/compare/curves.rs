//! One scalar of one layer over the steps, a line for each run.

use egui::Ui;
use egui_plot::PlotPoint;

use super::super::dead::REPLACED;
use super::ID;
use super::runs::Runs;
use crate::app::PanelCtx;
use crate::app::memo::Memo;
use crate::app::plot::{Along, Axis, Cell, Chart, Csv, Curve, Data, Scale, Visible, decimate, visible};
use crate::metrics::{Definition, convergence, distortion, usage};
use crate::session::Session;
use crate::training::Series;

/// What can be drawn: the scalar, what it means, how it is scaled, its switch.
static QUANTITIES: [(Series, &Definition, Scale, &str); 8] = [
    (Series::Mse, &distortion::MSE, Scale::Log, "Error"),
    (Series::Loss, &convergence::LOSS, Scale::Log, "Loss"),
    (Series::Perplexity, &usage::PERPLEXITY, Scale::Linear, "Perplexity"),
    (Series::Used, &usage::USED, Scale::Linear, "Used"),
    (Series::BelowThreshold, &usage::DEAD_THRESHOLD, Scale::Linear, "Below threshold"),
    (Series::Replaced, &REPLACED, Scale::Linear, "Replaced"),
    (Series::Drift, &convergence::DRIFT, Scale::Log, "Drift"),
    (Series::DriftAll, &convergence::DRIFT_ALL, Scale::Log, "Drift, all rows"),
];

/// The choices of a switch.
pub fn choices() -> Vec<(Series, &'static str, &'static str)> {
    QUANTITIES.iter().map(|&(series, definition, _, label)| (series, label, definition.text)).collect()
}

/// The chart.
pub struct Curves {
    /// What is drawn.
    pub quantity: Series,
    lines: Memo<Key, Vec<Vec<PlotPoint>>>,
}

#[derive(PartialEq)]
struct Key {
    revision: u64,
    series: Series,
    layer: usize,
    visible: Visible,
    names: Vec<String>,
}

impl Default for Curves {
    fn default() -> Self {
        Self { quantity: Series::Mse, lines: Memo::new() }
    }
}

impl Curves {
    /// Draws it.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, runs: &Runs, height: f32) {
        let Self { quantity, lines } = self;
        let Some(&(series, definition, scale, _)) = QUANTITIES.iter().find(|(s, ..)| s == quantity) else {
            return;
        };
        let session = ctx.session;
        let layer = session.selection().layer;
        let seen = visible(ui, ID);
        let names: Vec<String> = runs.drawn().map(|row| row.run.name.clone()).collect();
        let key = Key { revision: session.revision(), series, layer, visible: seen, names };
        let lines = lines.get(key, || {
            let buckets = Visible { pixels: seen.pixels / 2, ..seen };
            let points = |row: &super::runs::Row| {
                let history = row.history(session);
                decimate(history.steps(), history.series(layer, series), |s| s as f64, scale, buckets)
            };
            runs.drawn().map(points).collect()
        });
        let title = format!("{}, layer {}", definition.label, layer + 1);
        let y = Axis::of(definition).scaled(scale);
        let curves = runs.drawn().zip(lines).map(|(row, points)| {
            let history = row.history(session);
            let data = Data::Steps(history.steps(), history.series(layer, series));
            let color = row.color(ctx.palette).unwrap_or(ctx.palette.muted);
            Curve::new(short_name(&row.run.name), color, points, data)
        });
        Chart::new(ID, ID, &title, Axis::steps(), y, height)
            .along(Along::Steps)
            .curves(curves.collect())
            .tune(move |plot| if scale == Scale::Linear { plot.include_y(0.0).include_y(1.0) } else { plot })
            .show(ctx, ui, |_| {}, || Some(table(session, runs, layer, series)), |_| {});
    }
}

/// A run's name without the comparison that it belongs to.
pub fn short_name(name: &str) -> &str {
    name.split_once(": ").map_or(name, |(_, name)| name)
}

/// Every step of the runs that are drawn, a column each.
fn table(session: &Session, runs: &Runs, layer: usize, series: Series) -> String {
    let names = runs.drawn().map(|row| row.run.name.clone());
    let mut csv = Csv::new(std::iter::once("step".to_owned()).chain(names));
    let mut steps: Vec<u64> = runs.drawn().flat_map(|row| row.history(session).steps()).copied().collect();
    steps.sort_unstable();
    steps.dedup();
    for step in steps {
        let value = |row: &super::runs::Row| {
            let history = row.history(session);
            let at = history.steps().binary_search(&step).ok()?;
            history.series(layer, series).get(at).copied()
        };
        csv.row(std::iter::once(Cell::from(step)).chain(runs.drawn().map(|row| Cell::from(value(row)))));
    }
    csv.finish()
}
