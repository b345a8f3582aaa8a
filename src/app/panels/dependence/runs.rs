//! How long codes stay the same.

use egui::Ui;

use super::ID;
use crate::app::PanelCtx;
use crate::app::memo::Memo;
use crate::app::plot::numbers::percent;
use crate::app::plot::{Axis, Bars, Cell, Chart, Csv, ReadOut};
use crate::metrics::dependence::{InTime, RUN_LENGTH};
use crate::text::t;

/// The chart's own state: the share of frames in runs of each length.
#[derive(Default)]
pub struct Runs {
    shares: Memo<(Vec<u64>, u64), Vec<f64>>,
}

impl Runs {
    /// Draws it.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, found: &InTime, layer: usize, height: f32) {
        let all: u64 = found.runs.iter().sum();
        let shares = self.shares.get((found.runs.clone(), all), || {
            found.runs.iter().map(|&runs| runs as f64 / all.max(1) as f64).collect()
        });
        let is_open = found.last_is_open();
        let last = found.runs.len();
        let x = Axis::whole(t!("dependence-length-axis"), t!("dependence-length-axis.help"));
        let y = Axis::real(t!("dependence-runs-axis"), RUN_LENGTH.text.text());
        let title = t!("dependence-runs", layer = layer + 1);
        Chart::new(ID, "runs", &title, x, y, height)
            .reader(move |at| {
                let length = at.x.round();
                let runs = *found.runs.get((length >= 1.0).then(|| length as usize - 1)?)?;
                let title = if is_open && length as usize == last {
                    t!("dependence-run-or-longer", n = length as u64)
                } else {
                    t!("dependence-run", n = length as u64)
                };
                let share = percent(runs as f64 / all.max(1) as f64);
                let read = ReadOut::new(length, title);
                Some(
                    read.row(t!("dependence-read-runs"), t!("dependence-run-count", n = runs, share = share)),
                )
            })
            .stops(1.0, last as f64, 1.0, 0.0)
            .tune(move |plot| plot.include_x(0.4).include_x(last as f64 + 0.6).include_y(0.0))
            .show(
                ctx,
                ui,
                |_| {},
                || {
                    let mut csv = Csv::new(["length", "runs"]);
                    (1usize..)
                        .zip(&found.runs)
                        .for_each(|(n, &runs)| csv.row([Cell::from(n), Cell::Int(runs)]));
                    Some(csv.finish())
                },
                |plot| plot.add(Bars::new("runs", 1.0, shares, ctx.palette.layer(layer)).least_top(0.0)),
            );
    }
}
