//! A bar for each code of the selected layer, with the EMA's view of it beside.

use std::sync::Arc;

use egui::Ui;
use egui_plot::{Line, PlotPoint, PlotPoints};

use super::super::parts::switch_ui;
use super::weights::Weights;
use super::{ID, Order};
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::{grouped, number, percent};
use crate::app::plot::{self, Along, Axis, Cell, Chart, Csv, ReadOut, Scale, Visible, decimate, visible};
use crate::app::rich::RichHover as _;
use crate::session::SelectCommand;
use crate::text::t;
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

/// The weights, the layer, and the order in which its codes stand.
type SortedKey = (ByPtr<Weights>, usize, Order);

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
        weights: &Arc<Weights>,
        frames_words: &str,
        height: f32,
    ) {
        let Self { order, ema, sorted, shares } = self;
        let layer = ctx.session.selection().layer;
        let key = (ByPtr(weights.clone()), layer, *order);
        let sorted = sorted.get(key.clone(), || Sorted::new(weights.layer(layer), *order));
        let sizes = run
            .filter(|_| !weights.is_ema)
            .and_then(|run| run.rvq.layers().get(layer))
            .map(|l| l.codebook.cluster_size());
        let total = sizes.map_or(0.0, |sizes| sizes.sum());
        let shown = Shown { order: *order, weights, sorted, sizes, total, frames: weights.total(layer) };
        let seen = visible(ui, KEY);
        let shares = shares.get((run.cloned().map(ByPtr), key, seen), || shown.shares(seen));
        let with_ema = *ema && sizes.is_some();
        let first = shown.first();
        let place = ctx.session.selection().code.and_then(|code| shown.place_of(code));
        let marked = plot::places_of(ctx.session.marked(), sorted.codes.iter().map(|&code| code as usize));
        let palette = ctx.palette;
        let title = t!("usage-codes", layer = layer + 1, frames = frames_words);
        let y = shown.y_axis();
        let drawn = Chart::new(ID, KEY, &title, shown.axis(), y, height)
            .along(shown.along())
            .reader(move |point| shown.read(point.x))
            .stops(first, first + sorted.codes.len() as f64 - 1.0, 1.0, 0.0)
            .show(
                ctx,
                ui,
                |ui| switches_ui(ui, order, ema, sizes.is_some()),
                || Some(table(&sorted.codes, &sorted.counts, |code| shown.as_frames(code))),
                |plot| {
                    let bars = plot::Bars::new("frames", first, &sorted.counts, palette.layer(layer));
                    let bars = bars.marked(marked, palette.marked());
                    plot.add(bars.selected(place.map(|place| (place, palette.highlight))));
                    if with_ema {
                        let points = PlotPoints::Borrowed(shares);
                        let line = Line::new("EMA, c_k / C times n", points); // not a text
                        let line = line.color(palette.second).width(1.2);
                        plot.line(line.allow_hover(false).allow_band(false));
                    }
                },
            );
        if let Some((_, code)) = drawn.clicked_at().and_then(|point| shown.code_at(point.x)) {
            ctx.send(SelectCommand::Code(layer, Some(code as usize)));
        }
    }
}

/// What is drawn, as plain data.
#[derive(Clone, Copy)]
struct Shown<'a> {
    order: Order,
    weights: &'a Weights,
    sorted: &'a Sorted,
    /// The EMA cluster sizes, where there is a codebook, and their sum.
    sizes: Option<&'a ndarray::Array1<f64>>,
    total: f64,
    frames: f64,
}

impl Shown<'_> {
    /// Ranks count from 1, codes from 0.
    fn first(&self) -> f64 {
        if self.order == Order::Frequency { 1.0 } else { 0.0 }
    }

    fn along(&self) -> Along {
        if self.order == Order::Frequency { Along::Ranks } else { Along::Codes }
    }

    fn axis(&self) -> Axis {
        match self.order {
            Order::Index => Axis::whole(t!("word-code"), t!("usage-code-axis")),
            Order::Frequency => Axis::whole(t!("usage-rank"), t!("usage-rank.of-codes")),
        }
    }

    fn y_axis(&self) -> Axis {
        if self.weights.is_ema {
            Axis::real(t!("usage-size-axis"), t!("usage-size-axis.help"))
        } else {
            Axis::whole(t!("word-frames"), t!("usage-frames-axis"))
        }
    }

    /// The index and the code at a place of the axis.
    fn code_at(&self, x: f64) -> Option<(usize, u32)> {
        let index = (x - self.first()).round();
        (index >= 0.0).then_some(index as usize).and_then(|i| Some((i, *self.sorted.codes.get(i)?)))
    }

    fn place_of(&self, code: usize) -> Option<usize> {
        self.sorted.codes.iter().position(|&c| c as usize == code)
    }

    /// The EMA's share of a code, scaled to as many frames as were counted.
    fn as_frames(&self, code: u32) -> f64 {
        let size = self.sizes.and_then(|sizes| sizes.get(code as usize)).copied().unwrap_or(f64::NAN);
        if self.total > 0.0 { size / self.total * self.frames } else { f64::NAN }
    }

    /// The EMA's shares as a line.
    fn shares(&self, seen: Visible) -> Vec<PlotPoint> {
        let x: Vec<f64> = (0..self.sorted.codes.len()).map(|i| self.first() + i as f64).collect();
        let y: Vec<f64> = self.sorted.codes.iter().map(|&code| self.as_frames(code)).collect();
        decimate(&x, &y, |x| x, Scale::Linear, seen)
    }

    fn read(&self, x: f64) -> Option<ReadOut> {
        let (index, code) = self.code_at(x)?;
        let count = self.sorted.counts[index];
        let share = if self.frames > 0.0 { count / self.frames } else { 0.0 };
        let title = match self.order {
            Order::Index => t!("code-n", code = code),
            Order::Frequency => t!("usage-rank-n", rank = index + 1, code = code),
        };
        let read = ReadOut::new(self.first() + index as f64, title)
            .row(self.weights.unit(), if self.weights.is_ema { number(count) } else { grouped(count as i64) })
            .row(t!("usage-share"), percent(share));
        let size = self.sizes.and_then(|sizes| sizes.get(code as usize));
        Some(match size {
            Some(size) => read
                .row(t!("usage-cluster-size"), number(*size))
                .row(t!("usage-ema-share"), number(self.as_frames(code))),
            None => read,
        })
    }
}

fn switches_ui(ui: &mut Ui, order: &mut Order, ema: &mut bool, has_ema: bool) {
    let orders = [
        (Order::Index, t!("usage-index"), t!("usage-index.help")),
        (Order::Frequency, t!("usage-frequency"), t!("usage-frequency.help")),
    ];
    switch_ui(ui, order, &orders);
    if has_ema {
        let toggle = ui.toggle_value(ema, egui::RichText::new("EMA").size(11.0));
        toggle.on_hover_rich(t!("usage-ema-line"));
    }
}

impl Sorted {
    fn new(weights: &[f64], order: Order) -> Self {
        let mut codes: Vec<u32> = (0..weights.len() as u32).collect();
        if order == Order::Frequency {
            codes.sort_by(|&a, &b| weights[b as usize].total_cmp(&weights[a as usize]));
        }
        let counts = codes.iter().map(|&code| weights[code as usize]).collect();
        Self { codes, counts }
    }
}

fn table(codes: &[u32], counts: &[f64], as_frames: impl Fn(u32) -> f64) -> String {
    let mut csv = Csv::new(["code", "count", "ema_share_times_n"]);
    for (&code, &count) in codes.iter().zip(counts) {
        csv.row([Cell::Int(code.into()), Cell::Real(count), Cell::Real(as_frames(code))]);
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_by_frequency_keep_their_numbers() {
        let Sorted { codes, counts } = Sorted::new(&[2.0, 0.0, 7.0, 2.0], Order::Frequency);
        assert_eq!(codes, [2, 0, 3, 1]);
        assert_eq!(counts, [7.0, 2.0, 2.0, 0.0]);
        let Sorted { codes, .. } = Sorted::new(&[2.0, 0.0, 7.0], Order::Index);
        assert_eq!(codes, [0, 1, 2]);
        let csv = table(&codes, &[2.0, 0.0, 7.0], |code| f64::from(code) / 2.0);
        assert_eq!(csv, "code,count,ema_share_times_n\n0,2,0\n1,0,0.5\n2,7,1\n");
    }
}
