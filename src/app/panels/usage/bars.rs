//! A bar for each code of the selected layer, with the EMA's view of it beside.

use std::sync::Arc;

use egui::Ui;
use egui_plot::{Line, PlotPoint, PlotPoints};

use super::super::parts::switch_ui;
use super::{ID, Order};
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::{grouped, number, percent};
use crate::app::plot::{self, Axis, Cell, Chart, Csv, Scale, Visible, decimate, visible};
use crate::metrics::Evaluation;
use crate::session::SelectCommand;
use crate::training::Run;

const KEY: &str = "codes";

/// The bars' own state.
#[derive(Default)]
pub struct Bars {
    order: Order,
    ema: bool,
    sorted: Memo<SortedKey, Sorted>,
    shares: Memo<SharesKey, Vec<PlotPoint>>,
}

/// The counts, the layer, and the order in which its codes stand.
type SortedKey = (ByPtr<Evaluation>, usize, Order);

/// The run whose EMA it is, what its codes stand by, and the part that is seen.
type SharesKey = (Option<ByPtr<Run>>, SortedKey, Visible);

/// The codes of a layer in the order in which they stand, and how many frames chose each.
#[derive(Default)]
struct Sorted {
    codes: Vec<u32>,
    counts: Vec<f64>,
}

impl Bars {
    /// Draws them; a click selects a code. Without a run there are no running averages to hold them against.
    pub fn ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        run: Option<&Arc<Run>>,
        evaluation: &Arc<Evaluation>,
        height: f32,
    ) {
        let Self { order, ema, sorted, shares } = self;
        let selection = ctx.session.selection();
        let layer = selection.layer;
        let Some(tally) = evaluation.layers.get(layer) else { return };
        let key = (ByPtr(evaluation.clone()), layer, *order);
        let sorted = sorted.get(key.clone(), || Sorted::new(&tally.counts, *order));
        let Sorted { codes, counts } = sorted;
        let frames = evaluation.frames as f64;
        let sizes = run.and_then(|run| run.rvq.layers().get(layer)).map(|l| l.codebook.cluster_size());
        let total = sizes.map_or(0.0, |sizes| sizes.sum());
        // The EMA's share of each code, scaled to as many frames as were counted.
        let as_frames = |code: u32| {
            let size = sizes.and_then(|sizes| sizes.get(code as usize)).copied().unwrap_or(f64::NAN);
            if total > 0.0 { size / total * frames } else { f64::NAN }
        };
        let seen = visible(ui, KEY);
        let shares = shares.get((run.cloned().map(ByPtr), key, seen), || {
            let x: Vec<f64> = (0..codes.len()).map(|i| i as f64).collect();
            let y: Vec<f64> = codes.iter().map(|&code| as_frames(code)).collect();
            decimate(&x, &y, |x| x, Scale::Linear, seen)
        });
        let place = selection.code.and_then(|code| codes.iter().position(|&c| c as usize == code));
        let palette = ctx.palette;
        let with_ema = *ema && sizes.is_some();
        let x = match order {
            Order::Index => Axis::whole("Code", "The code's number in its codebook"),
            Order::Frequency => Axis::whole("Rank", "The codes from the most to the least chosen"),
        };
        let y = Axis::whole("Frames", "count_k: how many of the counted frames chose the code");
        let at =
            |x: f64| (x.round() >= 0.0).then(|| x.round() as usize).and_then(|i| Some((i, *codes.get(i)?)));
        let drawn = Chart::new(ID, KEY, "Codes", x, y, height)
            .reader(move |point| {
                let (index, code) = at(point.x)?;
                let share = if frames > 0.0 { counts[index] / frames } else { 0.0 };
                let mut text =
                    format!("Code {code}\n{} frames, {}", grouped(counts[index] as i64), percent(share));
                if sizes.is_some() {
                    text += &format!("\nEMA: {} frames' worth", number(as_frames(code)));
                }
                Some(text)
            })
            .show(
                ctx,
                ui,
                |ui| {
                    switch_ui(
                        ui,
                        order,
                        &[
                            (Order::Index, "Index", "Codes by their number"),
                            (Order::Frequency, "Frequency", "Codes from the most to the least chosen"),
                        ],
                    );
                    if sizes.is_some() {
                        ui.toggle_value(ema, egui::RichText::new("EMA").size(11.0)).on_hover_text(
                            "Beside the counts, the share that the running averages give each code: c_k / C, times n frames",
                        );
                    }
                },
                || Some(table(codes, counts, as_frames)),
                |plot| {
                    let bars = plot::Bars::new("frames", counts, palette.layer(layer));
                    plot.add(bars.selected(place.map(|place| (place, palette.highlight))));
                    if with_ema {
                        plot.line(
                            Line::new("EMA, c_k / C times n", PlotPoints::Borrowed(shares))
                                .color(palette.second)
                                .width(1.2)
                                .allow_hover(false)
                                .allow_band(false),
                        );
                    }
                },
            );
        if let Some((_, code)) = drawn.clicked_at().and_then(|point| at(point.x)) {
            ctx.send(SelectCommand::Code(layer, Some(code as usize)));
        }
    }
}

impl Sorted {
    fn new(counts: &[u64], order: Order) -> Self {
        let mut codes: Vec<u32> = (0..counts.len() as u32).collect();
        if order == Order::Frequency {
            codes.sort_by_key(|&code| std::cmp::Reverse(counts[code as usize]));
        }
        let counts = codes.iter().map(|&code| counts[code as usize] as f64).collect();
        Self { codes, counts }
    }
}

fn table(codes: &[u32], counts: &[f64], as_frames: impl Fn(u32) -> f64) -> String {
    let mut csv = Csv::new(["code", "count", "ema_share_times_n"]);
    for (&code, &count) in codes.iter().zip(counts) {
        csv.row([Cell::Int(code.into()), Cell::Int(count as u64), Cell::Real(as_frames(code))]);
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_by_frequency_keep_their_numbers() {
        let Sorted { codes, counts } = Sorted::new(&[2, 0, 7, 2], Order::Frequency);
        assert_eq!(codes, [2, 0, 3, 1]);
        assert_eq!(counts, [7.0, 2.0, 2.0, 0.0]);
        let Sorted { codes, .. } = Sorted::new(&[2, 0, 7], Order::Index);
        assert_eq!(codes, [0, 1, 2]);
        let csv = table(&codes, &[2.0, 0.0, 7.0], |code| f64::from(code) / 2.0);
        assert_eq!(csv, "code,count,ema_share_times_n\n0,2,0\n1,0,0.5\n2,7,1\n");
    }
}
