//! What the layers give for the bits that they cost, beside what Gaussian frames could give.

use std::sync::Arc;

use egui::Ui;
use egui_plot::{MarkerShape, PlotPoint, VLine};

use super::{ID, OverlaidRun};
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::number;
use crate::app::plot::{Axis, Cell, Chart, Csv, Curve, Data, ReadOut, Stroke, behind};
use crate::metrics::rate::{FRAME_BITS, GAUSSIAN_SNR, RatePoint, gaussian_snr_db, rate_points};
use crate::metrics::{Evaluation, distortion};
use crate::rvq::Rvq;
use crate::rvq::search::Search;
use crate::session::{SelectCommand, View};
use crate::text::t;
use crate::training::SplitKind;

/// Places at which the reference is worked out.
const STEPS: usize = 96;

/// The chart's own state.
#[derive(Default)]
pub struct Rate {
    seen: Seen,
    lines: Memo<Vec<ByPtr<Evaluation>>, Vec<Searched>>,
    gaussian: Memo<ByPtr<Evaluation>, Line>,
}

/// Evaluations of one quantizer on one set of frames by different searches, as they were met.
#[derive(Default)]
struct Seen {
    of: Option<(ByPtr<Rvq>, SplitKind)>,
    evaluations: Vec<Arc<Evaluation>>,
}

/// Values, and where they lie.
#[derive(Default)]
struct Line {
    values: Vec<(f64, f64)>,
    points: Vec<PlotPoint>,
}

/// The layers as one search goes through them.
struct Searched {
    search: Search,
    layers: Vec<RatePoint>,
    measured: Line,
    nominal: Line,
}

impl Line {
    fn new(values: impl Iterator<Item = (f64, Option<f64>)>) -> Self {
        let values: Vec<(f64, f64)> = values.filter_map(|(x, y)| Some((x, y?))).collect();
        let points = values.iter().map(|&(x, y)| PlotPoint::new(x, y)).collect();
        Self { values, points }
    }

    fn of_layers(layers: &[RatePoint]) -> Self {
        Self::new(layers.iter().map(|layer| (layer.bits, layer.snr_db)))
    }
}

impl Seen {
    /// Takes in the newest, and gives all that are of the same frames as it, the greedy one first.
    fn with(&mut self, of: (ByPtr<Rvq>, SplitKind), newest: &Arc<Evaluation>) -> Vec<Arc<Evaluation>> {
        if self.of.as_ref() != Some(&of) {
            *self = Self { of: Some(of), evaluations: Vec::new() };
        }
        self.evaluations.retain(|one| one.search != newest.search);
        self.evaluations.push(newest.clone());
        self.evaluations.sort_by_key(|one| one.search.width());
        let is_same = |one: &&Arc<Evaluation>| {
            one.frames == newest.frames && one.signal_energy.to_bits() == newest.signal_energy.to_bits()
        };
        self.evaluations.iter().filter(is_same).cloned().collect()
    }
}

impl Searched {
    fn new(evaluation: &Evaluation, strides: &[usize]) -> Self {
        let layers = rate_points(evaluation, strides);
        Self {
            search: evaluation.search,
            measured: Line::of_layers(&layers),
            nominal: Line::new(layers.iter().map(|layer| (layer.nominal_bits, layer.snr_db))),
            layers,
        }
    }

    fn name(&self) -> String {
        match self.search.width() {
            1 => t!("error-greedy").to_owned(),
            width => t!("error-beam", width = width),
        }
    }
}

/// How many frames share a code, by layer.
pub fn strides(rvq: &Rvq) -> Vec<usize> {
    rvq.layers().iter().map(|layer| layer.stride).collect()
}

impl Rate {
    /// Draws it; a click selects the nearest layer.
    pub fn ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        view: View<'_>,
        overlaid: &[OverlaidRun<'_>],
        height: f32,
    ) {
        let Self { seen, lines, gaussian } = self;
        let run = view.run;
        let wanted = ctx.session.selection().split;
        let found = run.evaluation(wanted).map(|evaluation| (wanted, evaluation));
        let Some((split, newest)) = found.or_else(|| run.best_evaluation()) else { return };
        let evaluations = seen.with((ByPtr(run.rvq.clone()), split), newest);
        let strides = strides(&run.rvq);
        let key = evaluations.iter().cloned().map(ByPtr).collect();
        let all = || evaluations.iter().map(|one| Searched::new(one, &strides)).collect();
        let searched: &[Searched] = lines.get(key, all);
        let gaussian = gaussian.get(ByPtr(newest.clone()), || reference(newest, &strides));
        if overlaid.is_empty() {
            let title = t!("error-rate", frames = run.split_label(split));
            let own = Own { newest, searched, gaussian };
            own.ui(ctx, ui, &title, height);
        } else {
            overlaid_ui(ctx, ui, overlaid, height);
        }
    }
}

/// The water-filling line, from no bits to those that the layers cost at full size.
fn reference(evaluation: &Evaluation, strides: &[usize]) -> Line {
    let last = rate_points(evaluation, strides).last().map_or(0.0, |layer| layer.nominal_bits);
    let bits = (0..=STEPS).map(|nth| last * nth as f64 / STEPS as f64);
    Line::new(bits.map(|bits| (bits, gaussian_snr_db(evaluation, bits))))
}

fn axes() -> (Axis, Axis) {
    let y = Axis::of(&distortion::SNR);
    let text = t!(
        "error-rate-axis",
        snr = distortion::SNR.text,
        name = GAUSSIAN_SNR.label,
        definition = GAUSSIAN_SNR.text
    );
    (Axis::of(&FRAME_BITS), Axis { text, ..y })
}

/// What is drawn of one run.
struct Own<'a> {
    newest: &'a Arc<Evaluation>,
    searched: &'a [Searched],
    gaussian: &'a Line,
}

impl<'a> Own<'a> {
    fn curves(&self, ctx: &PanelCtx<'_>) -> Vec<Curve<'a>> {
        let palette = ctx.palette;
        let mut curves = Vec::new();
        if !self.gaussian.points.is_empty() {
            let curve = Curve::new(t!("error-gaussian"), palette.faint, &self.gaussian.points, Data::Nothing);
            curves.push(curve.stroke(Stroke::Dashed));
        }
        for (nth, one) in self.searched.iter().enumerate() {
            let is_beam = one.search.width() > 1;
            let (color, shape) = if is_beam {
                (palette.second, MarkerShape::Diamond)
            } else {
                (palette.accent, MarkerShape::Circle)
            };
            if nth == 0 {
                let nominal =
                    Curve::new(t!("error-full-size"), behind(color), &one.nominal.points, Data::Nothing);
                curves.push(nominal.stroke(Stroke::Marked(shape)));
            }
            let data = Data::Pairs(one.measured.values.clone());
            curves.push(
                Curve::new(one.name(), color, &one.measured.points, data).stroke(Stroke::Marked(shape)),
            );
        }
        curves
    }

    fn ui(&self, ctx: &PanelCtx<'_>, ui: &mut Ui, title: &str, height: f32) {
        let (newest, searched) = (self.newest, self.searched);
        let (x, y) = axes();
        let selected = ctx.session.selection().layer;
        let at_selected = searched.iter().find_map(|one| one.layers.get(selected)).map(|layer| layer.bits);
        let color = ctx.palette.layer(selected).gamma_multiply(0.35);
        let drawn = Chart::new(ID, "rate", title, x, y, height)
            .curves(self.curves(ctx))
            .reader(move |at| read(newest, searched, at.x))
            .tune(|plot| plot.include_x(0.0))
            .show(
                ctx,
                ui,
                |_| {},
                || Some(table(newest, searched)),
                move |plot| {
                    if let Some(bits) = at_selected {
                        plot.vline(
                            VLine::new("selected layer", bits) // not a text
                                .width(8.0)
                                .name("")
                                .color(color)
                                .allow_hover(false),
                        );
                    }
                },
            );
        let nearest = drawn.clicked_at().and_then(|at| nearest(searched, at.x));
        if let Some((_, layer)) = nearest {
            ctx.send(SelectCommand::Layer(layer));
        }
    }
}

/// The search and the layer whose measured bits are nearest to a place; the first of several.
fn nearest(searched: &[Searched], x: f64) -> Option<(usize, usize)> {
    let places = searched.iter().enumerate().flat_map(|(search, one)| {
        let layers = one.layers.iter().enumerate();
        layers.map(move |(layer, point)| ((search, layer), (point.bits - x).abs()))
    });
    places.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(place, _)| place)
}

fn read(newest: &Evaluation, searched: &[Searched], x: f64) -> Option<ReadOut> {
    let (search, layer) = nearest(searched, x)?;
    let point = *searched.get(search)?.layers.get(layer)?;
    let db = |value: f64| format!("{} dB", number(value));
    let mut read = ReadOut::new(point.bits, t!("error-read-after-layer", layer = layer + 1));
    for one in searched {
        let Some(of) = one.layers.get(layer) else { continue };
        let snr = of.snr_db.map_or_else(|| "–".to_owned(), db);
        read = read.row(one.name(), t!("error-snr-at-bits", snr = snr, bits = number(of.bits)));
    }
    read = read.row(t!("error-at-full-size"), t!("error-bits", bits = number(point.nominal_bits)));
    if let Some(snr) = gaussian_snr_db(newest, point.bits) {
        read = read.row(t!("error-gaussian"), db(snr));
    }
    Some(read)
}

fn table(newest: &Evaluation, searched: &[Searched]) -> String {
    let mut csv = Csv::new(["beam", "layer", "bits", "nominal_bits", "snr_db", "gaussian_snr_db"]);
    for one in searched {
        for (layer, point) in one.layers.iter().enumerate() {
            csv.row([
                Cell::from(one.search.width()),
                Cell::from(layer + 1),
                Cell::from(point.bits),
                Cell::from(point.nominal_bits),
                Cell::from(point.snr_db),
                Cell::from(gaussian_snr_db(newest, point.bits)),
            ]);
        }
    }
    csv.finish()
}

/// Runs over one another: a line each, over the bits that their codes carry.
fn overlaid_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, overlaid: &[OverlaidRun<'_>], height: f32) {
    let lines: Vec<Line> = overlaid.iter().map(|run| Line::of_layers(run.rate)).collect();
    let curve =
        |(run, line): (&OverlaidRun<'_>, &'_ Line)| (run.name.clone(), run.color, line.values.clone());
    let named: Vec<_> = overlaid.iter().zip(&lines).map(curve).collect();
    let curves = named.into_iter().zip(&lines).filter(|(_, line)| !line.points.is_empty());
    let curves = curves.map(|((name, color, values), line)| {
        Curve::new(name, color, &line.points, Data::Pairs(values)).stroke(Stroke::Marked(MarkerShape::Circle))
    });
    let (x, y) = axes();
    let csv = || {
        let mut csv = Csv::new(["run", "layer", "bits", "nominal_bits", "snr_db"]);
        for run in overlaid {
            for (layer, point) in run.rate.iter().enumerate() {
                let figures = [point.bits, point.nominal_bits].map(Cell::from);
                let names = [Cell::from(run.name.as_str()), Cell::from(layer + 1)];
                csv.row(names.into_iter().chain(figures).chain([Cell::from(point.snr_db)]));
            }
        }
        Some(csv.finish())
    };
    let drawn = Chart::new(ID, "rate", t!("error-rate-by-run"), x, y, height)
        .curves(curves.collect())
        .tune(|plot| plot.include_x(0.0))
        .show(ctx, ui, |_| {}, csv, |_| {});
    if let Some(at) = drawn.clicked_at() {
        let places = overlaid.iter().flat_map(|run| run.rate.iter().enumerate());
        let near = places.min_by(|a, b| (a.1.bits - at.x).abs().total_cmp(&(b.1.bits - at.x).abs()));
        if let Some((layer, _)) = near {
            ctx.send(SelectCommand::Layer(layer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::LayerTally;
    use crate::rvq::Codebook;

    fn evaluation(search: Search, frames: u64, residual_energy: f64) -> Arc<Evaluation> {
        let layer = |counts: &[u64], residual_energy| LayerTally {
            counts: counts.to_vec(),
            residual_energy,
            ..LayerTally::default()
        };
        let layers = vec![layer(&[4, 4], 10.0), layer(&[2, 2, 4, 0], residual_energy)];
        Arc::new(Evaluation { frames, signal_energy: 100.0, search, layers, ..Evaluation::default() })
    }

    #[test]
    fn both_searches_stay_where_they_are_of_the_same_frames() {
        let rvq = Rvq::new(vec![Codebook::from_rows(ndarray::array![[1.0f32]]).unwrap().into()]).unwrap();
        let rvq = Arc::new(rvq);
        let of = |split| (ByPtr(rvq.clone()), split);
        let mut seen = Seen::default();
        let widths =
            |found: Vec<Arc<Evaluation>>| found.iter().map(|one| one.search.width()).collect::<Vec<_>>();
        let beam = evaluation(Search::of_width(3), 8, 0.5);
        assert_eq!(widths(seen.with(of(SplitKind::HeldOut), &beam)), [3]);
        let greedy = evaluation(Search::Greedy, 8, 1.0);
        assert_eq!(widths(seen.with(of(SplitKind::HeldOut), &greedy)), [1, 3]);
        // What is known so far of fewer frames stands alone, until all were seen.
        let part = evaluation(Search::Greedy, 4, 1.0);
        assert_eq!(widths(seen.with(of(SplitKind::HeldOut), &part)), [1]);
        assert_eq!(widths(seen.with(of(SplitKind::HeldOut), &greedy)), [1, 3]);
        assert_eq!(widths(seen.with(of(SplitKind::Train), &greedy)), [1], "other frames");
    }

    #[test]
    fn a_layer_is_read_off_for_both_searches() {
        let (greedy, beam) = (evaluation(Search::Greedy, 8, 1.0), evaluation(Search::of_width(3), 8, 0.5));
        let searched = [&greedy, &beam].map(|one| Searched::new(one, &[1, 1]));
        assert_eq!(nearest(&searched, 2.3), Some((0, 1)));
        assert_eq!(nearest(&searched, -4.0), Some((0, 0)));
        let read = read(&greedy, &searched, 2.3).unwrap();
        assert_eq!(read.title, "After layer 2");
        let rows: Vec<_> = read.rows.iter().map(|row| format!("{}: {}", row.name, row.value)).collect();
        let wanted =
            ["greedy search: 20 dB at 2.5 bits", "beam of 3: 23.01 dB at 2.5 bits", "At full size: 3 bits"];
        assert_eq!(rows, wanted);
        assert_eq!(table(&greedy, &searched).lines().count(), 5);
        assert!(reference(&greedy, &[1, 1]).points.is_empty(), "no covariance was looked at");
    }
}
