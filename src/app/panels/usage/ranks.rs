//! Rank and frequency on log-log axes: how steeply usage falls from the most to the least chosen code.

use std::sync::Arc;

use egui::Ui;
use egui_plot::{Line, LineStyle, PlotPoint, PlotPoints};

use super::ID;
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::{Axis, Cell, Chart, Csv, Scale, behind};
use crate::metrics::{Evaluation, usage};

/// Places along the rank axis at which a curve is drawn at the most.
const PLACES: usize = 400;

/// The curves, made once for each evaluation.
#[derive(Default)]
pub struct Ranks {
    curves: Memo<ByPtr<Evaluation>, Vec<Vec<PlotPoint>>>,
}

impl Ranks {
    /// Draws them.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, evaluation: &Arc<Evaluation>, height: f32) {
        let curves = self.curves.get(ByPtr(evaluation.clone()), || {
            evaluation.layers.iter().map(|layer| curve(&layer.counts, evaluation.frames)).collect()
        });
        let selected = ctx.session.selection().layer;
        let num_codes = evaluation.layers.get(selected).map_or(1, |layer| layer.counts.len());
        let palette = ctx.palette;
        let x =
            Axis::whole("Rank", "The code's place from the most (1) to the least chosen").scaled(Scale::Log);
        let y = Axis::real(
            "Share of frames",
            "p_k = count_k / n; codes that no frame chose have no place on a log axis",
        )
        .scaled(Scale::Log);
        Chart::new(ID, "rank-frequency", "Rank and frequency", x, y, height)
            .tune(|plot| plot.include_x(0.0))
            .show(
                ctx,
                ui,
                |_| {},
                || Some(table(evaluation)),
                |plot| {
                    let level = (1.0 / num_codes as f64).log10();
                    let end = (num_codes as f64).log10().max(0.01);
                    plot.line(
                        Line::new("Uniform: 1/K each", vec![[0.0, level], [end, level]])
                            .color(palette.faint)
                            .width(1.0)
                            .style(LineStyle::dashed_loose()),
                    );
                    let layers = (0..curves.len()).filter(|&layer| layer != selected);
                    for layer in layers.chain((selected < curves.len()).then_some(selected)) {
                        let bold = layer == selected;
                        let color = palette.layer(layer);
                        plot.line(
                            Line::new(format!("Layer {}", layer + 1), PlotPoints::Borrowed(&curves[layer]))
                                .color(if bold { color } else { behind(color) })
                                .width(if bold { 2.2 } else { 1.0 })
                                .allow_band(false),
                        );
                    }
                },
            );
    }
}

/// The curve of one layer: ranks evenly spread on the log axis, as far as codes were chosen at all.
fn curve(counts: &[u64], frames: u64) -> Vec<PlotPoint> {
    let sorted = usage::rank_frequency(counts);
    let used = sorted.partition_point(|&count| count > 0);
    let mut points: Vec<PlotPoint> = Vec::with_capacity(used.min(PLACES));
    let mut last = 0;
    for place in 0..PLACES {
        let rank = (used as f64).powf(place as f64 / (PLACES - 1) as f64).round() as usize;
        if rank > last && rank <= used {
            let share = sorted[rank - 1] as f64 / frames as f64;
            points.push(PlotPoint::new((rank as f64).log10(), share.log10()));
            last = rank;
        }
    }
    points
}

fn table(evaluation: &Evaluation) -> String {
    let layers = &evaluation.layers;
    let columns =
        std::iter::once("rank".to_owned()).chain((1..=layers.len()).map(|l| format!("count_layer_{l}")));
    let mut csv = Csv::new(columns);
    let sorted: Vec<Vec<u64>> = layers.iter().map(|layer| usage::rank_frequency(&layer.counts)).collect();
    for i in 0..sorted.iter().map(Vec::len).max().unwrap_or(0) {
        let cell = |counts: &Vec<u64>| counts.get(i).map_or(Cell::Text(String::new()), |&c| Cell::Int(c));
        csv.row(std::iter::once(Cell::from(i + 1)).chain(sorted.iter().map(cell)));
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_ends_where_codes_are_unused() {
        let points = curve(&[0, 10, 0, 90], 100);
        let found: Vec<_> = points.iter().map(|p| (10f64.powf(p.x).round(), 10f64.powf(p.y))).collect();
        assert_eq!(found.len(), 2);
        assert!((found[0].1 - 0.9).abs() < 1e-9 && (found[1].1 - 0.1).abs() < 1e-9);
        assert!(curve(&[0, 0], 0).is_empty());
        assert!(curve(&vec![1; 65_536], 65_536).len() <= PLACES);
    }
}
