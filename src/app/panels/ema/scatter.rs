//! The EMA cluster size of each code against how many frames chose it.

use egui::Ui;
use egui_plot::{FilledArea, Line, PlotPoint, PlotPoints, PlotUi, Points};

use super::super::parts::switch_ui;
use super::ID;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::number;
use crate::app::plot::{Axis, Cell, Chart, Csv, ReadOut};
use crate::app::{Palette, PanelCtx};
use crate::metrics::convergence::{self, cluster_size_noise};
use crate::session::{SelectCommand, View};
use crate::text::t;
use crate::training::Run;

/// More points than these are drawn smaller.
const MANY: usize = 2000;

/// What cluster sizes are held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Against {
    /// The counts of the last batch.
    #[default]
    Batch,
    /// What the counts of all training frames come to in a batch.
    Frames,
}

/// The scatter plot's own state.
#[derive(Default)]
pub struct Scatter {
    against: Against,
    cloud: Memo<(ByPtr<Run>, usize, Against), Cloud>,
}

/// The points, one a code, and the band around the diagonal.
#[derive(Default)]
struct Cloud {
    points: Vec<PlotPoint>,
    band: Band,
    batch_len: f64,
    outside: usize,
}

/// The band in which noise alone leaves cluster sizes.
#[derive(Default)]
struct Band {
    at: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
}

impl Scatter {
    /// Draws it; a click selects the nearest code.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>, height: f32) {
        let Self { against, cloud } = self;
        let selection = ctx.session.selection();
        let layer = selection.layer;
        if view.is_model {
            *against = Against::Frames;
        }
        let shown = *against;
        let cloud = cloud.get((ByPtr(view.run.clone()), layer, shown), || Cloud::new(view.run, layer, shown));
        let Cloud { points, batch_len, outside, .. } = cloud;
        let palette = ctx.palette;
        let title = if points.is_empty() {
            t!("ema-sizes").to_owned()
        } else {
            t!("ema-sizes-outside", outside = *outside, codes = points.len())
        };
        let drawn = Chart::new(ID, "cluster-sizes", &title, shown.x_axis(), shown.y_axis(), height)
            .reader(move |at| {
                let (code, point) = nearest(points, at, *batch_len)?;
                let read = ReadOut::new(point.x, t!("ema-code-of-layer", layer = layer + 1, code = code));
                Some(read.row(t!("word-frames"), number(point.x)).row(t!("ema-size"), number(point.y)))
            })
            .show(
                ctx,
                ui,
                |ui| {
                    if !view.is_model {
                        switch_ui(ui, against, &switch());
                    }
                },
                || Some(table(points)),
                |plot| draw(plot, cloud, selection.code, palette, layer),
            );
        if let Some((code, _)) = drawn.clicked_at().and_then(|at| nearest(points, at, *batch_len)) {
            ctx.send(SelectCommand::Code(layer, Some(code)));
        }
    }
}

/// What cluster sizes can be held against.
fn switch() -> [(Against, &'static str, &'static str); 2] {
    [
        (Against::Batch, t!("ema-against-batch"), t!("ema-against-batch.help")),
        (Against::Frames, t!("ema-against-all"), t!("ema-against-all.help")),
    ]
}

impl Against {
    fn x_axis(self) -> Axis {
        match self {
            Self::Batch => Axis::whole(t!("ema-frames-of-batch"), t!("ema-frames-of-batch.help")),
            Self::Frames => Axis::real(t!("ema-frames-expected"), t!("ema-frames-expected.help")),
        }
    }

    fn y_axis(self) -> Axis {
        let noise = convergence::CLUSTER_SIZE_NOISE.text;
        let help = match self {
            Self::Batch => t!("ema-size-axis-help-batch", noise = noise),
            Self::Frames => t!("ema-size-axis-help", noise = noise),
        };
        Axis::real(t!("ema-size-axis"), &help)
    }
}

/// The band, the diagonal, a point for each code, and the selected one.
fn draw<'a>(
    plot: &mut PlotUi<'a>,
    cloud: &'a Cloud,
    selected: Option<usize>,
    palette: &Palette,
    layer: usize,
) {
    let Cloud { points, band, .. } = cloud;
    if band.at.len() > 1 {
        let area = FilledArea::new("±2 sd", &band.at, &band.low, &band.high); // not a text
        plot.add(area.fill_color(palette.band).allow_hover(false));
        let end = band.at.last().copied().unwrap_or(1.0);
        let diagonal = Line::new("c_k = frames", vec![[0.0, 0.0], [end, end]]); // not a text
        plot.line(diagonal.color(palette.faint).width(1.0).allow_hover(false));
    }
    let radius = if points.len() > MANY { 1.2 } else { 2.0 };
    let codes = Points::new("codes", PlotPoints::Borrowed(points)).radius(radius).allow_hover(false);
    plot.points(codes.color(palette.layer(layer).gamma_multiply(0.75)));
    if let Some(point) = selected.and_then(|code| points.get(code)) {
        let mark = Points::new("selected code", PlotPoints::Owned(vec![*point])).radius(4.5); // not a text
        plot.points(mark.color(palette.highlight).allow_hover(false));
    }
}

impl Cloud {
    fn new(run: &Run, layer: usize, against: Against) -> Self {
        let Some(codebook) = run.rvq.layers().get(layer).map(|l| &l.codebook) else { return Self::default() };
        let sizes = codebook.cluster_size();
        let decay = run.params.decay;
        let (xs, batch_len): (Vec<f64>, f64) = match against {
            Against::Batch => {
                let Some(state) = run.states.get(layer) else { return Self::default() };
                let counts: Vec<f64> = state.batch_counts.iter().map(|&n| f64::from(n)).collect();
                let sum = counts.iter().sum();
                (counts, sum)
            }
            Against::Frames => {
                let tally = run.train.as_ref().and_then(|e| Some((e.frames, e.layers.get(layer)?)));
                let Some((frames, tally)) = tally.filter(|(frames, _)| *frames > 0) else {
                    return Self::default();
                };
                let total = sizes.sum();
                (tally.counts.iter().map(|&n| n as f64 / frames as f64 * total).collect(), total)
            }
        };
        // sd of c_k, and where it is held against one batch, of that batch's counts as well: the noise at a decay of 0.
        let sd = |size: f64| {
            let share = (size / batch_len.max(1e-12)).clamp(0.0, 1.0);
            let own = cluster_size_noise(batch_len, share, decay);
            match against {
                Against::Batch => own.hypot(cluster_size_noise(batch_len, share, 0.0)),
                Against::Frames => own,
            }
        };
        let points: Vec<PlotPoint> = xs.iter().zip(sizes).map(|(&x, &y)| PlotPoint::new(x, y)).collect();
        let largest = points.iter().fold(0.0f64, |a, p| a.max(p.x).max(p.y));
        let outside = points.iter().filter(|p| (p.y - p.x).abs() > 2.0 * sd(p.y.max(p.x))).count();
        let mut band = Band::default();
        if largest > 0.0 {
            for i in 0..=64 {
                // Denser near zero, where the band bends.
                let at = largest * (f64::from(i) / 64.0).powi(2);
                let sd = sd(at);
                band.at.push(at);
                band.low.push((at - 2.0 * sd).max(0.0));
                band.high.push(at + 2.0 * sd);
            }
        }
        Self { points, band, batch_len, outside }
    }
}

/// The code nearest to a place, as distances go on the screen: both axes have one scale, so the batch's size does for it.
fn nearest(points: &[PlotPoint], at: PlotPoint, batch_len: f64) -> Option<(usize, PlotPoint)> {
    let distance = |p: &PlotPoint| (p.x - at.x).hypot(p.y - at.y);
    let (code, point) = points.iter().enumerate().min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)))?;
    (distance(point) <= batch_len.max(1.0)).then_some((code, *point))
}

fn table(points: &[PlotPoint]) -> String {
    let mut csv = Csv::new(["code", "frames", "cluster_size"]);
    for (code, point) in points.iter().enumerate() {
        csv.row([Cell::from(code), Cell::from(point.x), Cell::from(point.y)]);
    }
    csv.finish()
}
