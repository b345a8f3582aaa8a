//! Rank and frequency on log-log axes: how steeply usage falls from the most to the least chosen code.

use std::sync::Arc;

use egui::Ui;
use egui_plot::{PlotPoint, VLine};

use super::ID;
use super::weights::{Weights, rank_of, sorted};
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::{Along, Axis, Cell, Chart, Csv, Curve, Data, Scale, Stroke};
use crate::session::SelectCommand;
use crate::text::t;

/// Places along the rank axis at which a curve is drawn at the most.
const PLACES: usize = 400;

/// The curves, made once for the same weights.
#[derive(Default)]
pub struct Ranks {
    curves: Memo<ByPtr<Weights>, Vec<Ranked>>,
    /// Where a uniform source would lie.
    uniform: Vec<PlotPoint>,
}

/// A layer's codes from the most to the least chosen.
struct Ranked {
    /// Each rank's share of the frames, as far as codes were chosen at all.
    shares: Vec<f64>,
    points: Vec<PlotPoint>,
}

impl Ranks {
    /// Draws them.
    pub fn ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        weights: &Arc<Weights>,
        frames_words: &str,
        height: f32,
    ) {
        let Self { curves, uniform } = self;
        let ranked = curves.get(ByPtr(weights.clone()), || {
            weights
                .layers
                .iter()
                .zip(&weights.totals)
                .map(|(layer, &total)| Ranked::new(layer, total))
                .collect()
        });
        let selection = ctx.session.selection();
        let selected = selection.layer;
        let counts = weights.layer(selected);
        let num_codes = counts.len().max(1) as f64;
        let level = (1.0 / num_codes).log10();
        *uniform = vec![PlotPoint::new(0.0, level), PlotPoint::new(num_codes.log10().max(0.01), level)];
        let palette = ctx.palette;
        let x = Axis::whole(t!("usage-rank"), t!("usage-rank.help")).scaled(Scale::Log);
        let y = y_axis(weights.is_ema);
        let mut drawn: Vec<Curve<'_>> = ranked
            .iter()
            .enumerate()
            .map(|(layer, ranked)| {
                let data = Data::Even(1.0, &ranked.shares);
                let name = t!("layer-n", layer = layer + 1);
                Curve::new(name, palette.layer(layer), &ranked.points, data).front(layer == selected)
            })
            .collect();
        let even = Curve::new(t!("usage-uniform-line"), palette.faint, uniform, Data::Nothing);
        drawn.push(even.stroke(Stroke::Dashed));
        let mark = selection.code.and_then(|code| rank_of(counts, code));
        let title = t!("usage-ranks", frames = frames_words);
        let drawn = Chart::new(ID, "rank-frequency", &title, x, y, height)
            .along(Along::Ranks)
            .curves(drawn)
            .tune(|plot| plot.include_x(0.0))
            .show(
                ctx,
                ui,
                |_| {},
                || Some(table(weights)),
                |plot| {
                    if let Some(rank) = mark {
                        let line = VLine::new("selected code", (rank as f64).log10()); // not a text
                        plot.vline(line.color(palette.highlight).width(1.5).allow_hover(false));
                    }
                },
            );
        if let Some(layer) = drawn.curve_clicked.filter(|&layer| layer < ranked.len()) {
            ctx.send(SelectCommand::Layer(layer));
        }
    }
}

fn y_axis(is_ema: bool) -> Axis {
    let (label, text) = if is_ema {
        (t!("usage-share-of-ema"), t!("usage-share-of-ema.help"))
    } else {
        (t!("usage-share-of-frames"), t!("usage-share-of-frames.help"))
    };
    Axis::real(label, text).scaled(Scale::Log)
}

impl Ranked {
    fn new(weights: &[f64], total: f64) -> Self {
        let mut shares = sorted(weights);
        shares.truncate(shares.partition_point(|&weight| weight > 0.0));
        shares.iter_mut().for_each(|share| *share /= total);
        Self { points: curve(&shares), shares }
    }
}

/// The curve of one layer's shares, sorted: ranks evenly spread on the log axis, as far as codes were chosen at all.
fn curve(shares: &[f64]) -> Vec<PlotPoint> {
    let used = shares.len();
    let mut points: Vec<PlotPoint> = Vec::with_capacity(used.min(PLACES));
    let mut last = 0;
    for place in 0..PLACES {
        let rank = (used as f64).powf(place as f64 / (PLACES - 1) as f64).round() as usize;
        if rank > last && rank <= used {
            points.push(PlotPoint::new((rank as f64).log10(), shares[rank - 1].log10()));
            last = rank;
        }
    }
    points
}

fn table(weights: &Weights) -> String {
    let layers = &weights.layers;
    let what = if weights.is_ema { "cluster_size" } else { "count" };
    let columns =
        std::iter::once("rank".to_owned()).chain((1..=layers.len()).map(|l| format!("{what}_layer_{l}")));
    let mut csv = Csv::new(columns);
    let sorted: Vec<Vec<f64>> = layers.iter().map(|layer| sorted(layer)).collect();
    for i in 0..sorted.iter().map(Vec::len).max().unwrap_or(0) {
        let cells = sorted.iter().map(|weights| Cell::from(weights.get(i).copied()));
        csv.row(std::iter::once(Cell::from(i + 1)).chain(cells));
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_ends_where_codes_are_unused() {
        let ranked = Ranked::new(&[0.0, 10.0, 0.0, 90.0], 100.0);
        let found: Vec<_> =
            ranked.points.iter().map(|p| (10f64.powf(p.x).round(), 10f64.powf(p.y))).collect();
        assert_eq!(found.len(), 2);
        assert!((found[0].1 - 0.9).abs() < 1e-9 && (found[1].1 - 0.1).abs() < 1e-9);
        assert!(Ranked::new(&[0.0, 0.0], 0.0).points.is_empty());
        assert!(Ranked::new(&vec![1.0; 65_536], 65_536.0).points.len() <= PLACES);
    }
}
