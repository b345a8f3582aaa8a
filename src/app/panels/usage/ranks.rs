//! Rank and frequency on log-log axes: how steeply usage falls from the most to the least chosen code.

use std::sync::Arc;

use egui::Ui;
use egui_plot::{PlotPoint, VLine};

use super::ID;
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::{Along, Axis, Cell, Chart, Csv, Curve, Data, Scale, Stroke};
use crate::metrics::{Evaluation, usage};
use crate::session::SelectCommand;

/// Places along the rank axis at which a curve is drawn at the most.
const PLACES: usize = 400;

/// The curves, made once for each evaluation.
#[derive(Default)]
pub struct Ranks {
    curves: Memo<ByPtr<Evaluation>, Vec<Ranked>>,
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
        evaluation: &Arc<Evaluation>,
        frames_words: &str,
        height: f32,
    ) {
        let Self { curves, uniform } = self;
        let ranked = curves.get(ByPtr(evaluation.clone()), || {
            evaluation.layers.iter().map(|layer| Ranked::new(&layer.counts, evaluation.frames)).collect()
        });
        let selection = ctx.session.selection();
        let selected = selection.layer;
        let counts = evaluation.layers.get(selected).map_or(&[][..], |layer| layer.counts.as_slice());
        let num_codes = counts.len().max(1) as f64;
        let level = (1.0 / num_codes).log10();
        *uniform = vec![PlotPoint::new(0.0, level), PlotPoint::new(num_codes.log10().max(0.01), level)];
        let palette = ctx.palette;
        let text = "The code's place from the most (1) to the least chosen";
        let x = Axis::whole("Rank", text).scaled(Scale::Log);
        let text = "p_k = count_k / n; codes that no frame chose have no place on a log axis";
        let y = Axis::real("Share of frames", text).scaled(Scale::Log);
        let mut drawn: Vec<Curve<'_>> = ranked
            .iter()
            .enumerate()
            .map(|(layer, ranked)| {
                let data = Data::Even(1.0, &ranked.shares);
                let name = format!("Layer {}", layer + 1);
                Curve::new(name, palette.layer(layer), &ranked.points, data).front(layer == selected)
            })
            .collect();
        let even = Curve::new("Uniform: 1/K each", palette.faint, uniform, Data::Nothing);
        drawn.push(even.stroke(Stroke::Dashed));
        let mark = selection.code.and_then(|code| rank_of(counts, code));
        let title = format!("Rank and frequency, {frames_words}");
        let drawn = Chart::new(ID, "rank-frequency", &title, x, y, height)
            .along(Along::Ranks)
            .curves(drawn)
            .tune(|plot| plot.include_x(0.0))
            .show(
                ctx,
                ui,
                |_| {},
                || Some(table(evaluation)),
                |plot| {
                    if let Some(rank) = mark {
                        let line =
                            VLine::new("selected code", (rank as f64).log10()).color(palette.highlight);
                        plot.vline(line.width(1.5).allow_hover(false));
                    }
                },
            );
        if let Some(layer) = drawn.curve_clicked.filter(|&layer| layer < ranked.len()) {
            ctx.send(SelectCommand::Layer(layer));
        }
    }
}

impl Ranked {
    fn new(counts: &[u64], frames: u64) -> Self {
        let mut sorted = usage::rank_frequency(counts);
        sorted.truncate(sorted.partition_point(|&count| count > 0));
        let shares = sorted.iter().map(|&count| count as f64 / frames as f64).collect();
        Self { shares, points: curve(counts, frames) }
    }
}

/// The place of a code that was chosen, from 1; among codes chosen as often, those of lower number come first.
pub fn rank_of(counts: &[u64], code: usize) -> Option<usize> {
    let own = *counts.get(code).filter(|&&count| count > 0)?;
    let before = |(other, &count): (usize, &u64)| count > own || (count == own && other < code);
    Some(1 + counts.iter().enumerate().filter(|&(other, count)| before((other, count))).count())
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

    #[test]
    fn a_code_has_the_rank_at_which_sorting_puts_it() {
        let ranks = [0, 1, 2, 3].map(|code| rank_of(&[3, 9, 0, 3], code));
        assert_eq!(ranks, [Some(2), Some(1), None, Some(3)]);
    }
}
