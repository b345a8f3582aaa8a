//! The error along the corpus, stretch by stretch; each leads to its place.

use std::ops::Range;

use egui::{Button, Label, RichText, Role, Ui, WidgetInfo};
use egui_plot::{MarkerShape, PlotPoint, PlotPoints, Points};

use super::super::data::{Timeline, go_to, overlay_ui};
use super::super::parts::{clip_ranges, switch_ui};
use super::ID;
use super::work::{Found, Of, Work};
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::{grouped, number};
use crate::app::plot::{Along, Axis, Cell, Chart, Choices, Csv, Curve, Data, Drawn, ReadOut, Scale, look_of};
use crate::app::rich::RichHover as _;
use crate::features::Split;
use crate::jobs::Dataset;
use crate::metrics::by_clip::{ClipError, clip_errors, stretches};
use crate::metrics::{Definition, distortion};
use crate::text::t;

/// Stretches that the corpus is cut into, about.
const STRETCHES: usize = 400;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
enum Measure {
    #[default]
    Mse,
    Snr,
}

/// The error of each stretch behind some layers.
struct Errors {
    layer: usize,
    of: Vec<(Range<usize>, ClipError)>,
}

/// What is drawn of a measure.
#[derive(Default)]
struct Line {
    points: Vec<PlotPoint>,
    /// The worst stretch.
    worst: Option<usize>,
}

/// The errors, the measure, the scale, and the frame rate.
type Key = (ByPtr<Found<Errors>>, Measure, Scale, Option<u64>);

/// The chart's own state.
#[derive(Default)]
pub struct OverTime {
    measure: Measure,
    work: Work<Errors>,
    line: Memo<Key, Line>,
    split: Memo<(ByPtr<Dataset>, u64), Split>,
}

impl Measure {
    fn definition(self) -> &'static Definition {
        match self {
            Self::Mse => &distortion::MSE,
            Self::Snr => &distortion::SNR,
        }
    }

    fn of(self, error: &ClipError) -> Option<f64> {
        match self {
            Self::Mse => error.mse(),
            Self::Snr => error.snr_db(),
        }
    }

    fn scale(self) -> Scale {
        if self == Self::Mse { Scale::Log } else { Scale::Linear }
    }

    /// How bad a value is.
    fn badness(self, value: f64) -> f64 {
        if self == Self::Mse { value } else { -value }
    }
}

impl Line {
    /// A level for each stretch, from its first frame to behind its last.
    fn new(errors: &Errors, measure: Measure, scale: Scale, line: &Timeline<'_>) -> Self {
        let mut points = Vec::with_capacity(2 * errors.of.len());
        let mut worst: Option<(usize, f64)> = None;
        for (nth, (stretch, error)) in errors.of.iter().enumerate() {
            let Some(value) = measure.of(error) else { continue };
            if worst.is_none_or(|(_, bad)| measure.badness(value) > bad) {
                worst = Some((nth, measure.badness(value)));
            }
            if scale.shows(value) {
                let ends = [line.at(stretch.start), line.at(stretch.end)];
                points.extend(ends.map(|x| PlotPoint::new(x, scale.place(value))));
            }
        }
        Self { points, worst: worst.map(|(nth, _)| nth) }
    }
}

impl Errors {
    /// The stretch with this frame.
    fn at(&self, frame: usize) -> Option<usize> {
        let nth = self.of.partition_point(|(stretch, _)| stretch.end <= frame);
        self.of.get(nth).filter(|(stretch, _)| stretch.contains(&frame)).map(|_| nth)
    }
}

impl OverTime {
    /// Draws it; a click leads to the place.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, of: &Of, height: f32) {
        let Self { measure, work, line, split } = self;
        let layer = ctx.session.selection().layer.min(of.rvq.0.num_layers().saturating_sub(1));
        let place = work.place(ui, of, layer, move |of, task| {
            let (frames, codes) = (of.dataset.0.set.matrix.view(), of.tokens.0.values.view());
            let end = frames.nrows().min(codes.ncols());
            let cut = stretches(&clip_ranges(&of.tokens.0), end, STRETCHES);
            let codes = codes.slice(ndarray::s![..=layer, ..]);
            let errors = clip_errors(&of.rvq.0, frames, codes, &cut, task)?;
            Ok(Errors { layer, of: cut.into_iter().zip(errors).collect() })
        });
        let faint = |text: &str| RichText::new(text).size(12.0).color(ctx.palette.faint);
        let errors = match place.get() {
            None => return drop(ui.label(faint(t!("error-decoding")))),
            Some(Err(why)) => {
                return drop(ui.add(Label::new(faint(&t!("error-no-time", why = why))).wrap()));
            }
            Some(Ok(errors)) => errors,
        };
        let set = &of.dataset.0.set;
        let timeline = Timeline::new(set.frame_rate_hz, set.matrix.num_frames(), &set.clips);
        let choices = Choices { kind: "error_over_time", x: None, y: measure.scale(), smooths: false };
        let (_, _, scale) = look_of(ui, &choices);
        let key = (ByPtr(place.clone()), *measure, scale, set.frame_rate_hz.map(f64::to_bits));
        let line = line.get(key, || Line::new(errors, *measure, scale, &timeline));
        let holdout = ctx.session.holdout();
        let key = (of.dataset.clone(), holdout.to_bits());
        let split = split.get(key, || Split::hold_out(set, holdout));
        let top = ui.cursor().top();
        worst_ui(ctx, ui, of, errors, line.worst, *measure, &timeline);
        let height = height - (ui.cursor().top() - top);
        let drawn = chart_ui(ctx, ui, errors, line, measure, (choices, scale), &timeline, height);
        overlay_ui(ui, ctx.palette, &drawn, &timeline, split, ctx.session.selection().frames, true);
        let clicked = drawn.clicked_at().and_then(|at| errors.at(timeline.frame_in(at.x)?));
        if let Some((stretch, _)) = clicked.and_then(|nth| errors.of.get(nth)) {
            go_to(ctx, ui, set, (stretch.start, stretch.end), stretch.len());
        }
    }
}

/// Names the worst stretch, with a way there.
fn worst_ui(
    ctx: &PanelCtx<'_>,
    ui: &mut Ui,
    of: &Of,
    errors: &Errors,
    worst: Option<usize>,
    measure: Measure,
    timeline: &Timeline<'_>,
) {
    let Some((stretch, error)) = worst.and_then(|nth| errors.of.get(nth)) else { return };
    let place = place_words(stretch, timeline);
    let text = match measure {
        Measure::Mse => {
            t!("error-worst-mse", place = place, mse = error.mse().map_or_else(String::new, number))
        }
        Measure::Snr => {
            t!("error-worst-snr", place = place, snr = error.snr_db().map_or_else(String::new, number))
        }
    };
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(text).size(12.0).color(ctx.palette.faint));
        let button = ui.add(Button::new(RichText::new(t!("error-go-there")).size(11.0)).small());
        button.widget_info(|| WidgetInfo::labeled(Role::Button, true, t!("error-go-to-worst")));
        if button.on_hover_rich(t!("error-go-there.help")).clicked() {
            go_to(ctx, ui, &of.dataset.0.set, (stretch.start, stretch.end), stretch.len());
        }
    });
}

fn chart_ui(
    ctx: &PanelCtx<'_>,
    ui: &mut Ui,
    errors: &Errors,
    line: &Line,
    measure: &mut Measure,
    (choices, scale): (Choices, Scale),
    timeline: &Timeline<'_>,
    height: f32,
) -> Drawn {
    let (shown, layer, palette) = (*measure, errors.layer, ctx.palette);
    let name = t!("error-after-layer", layer = layer + 1);
    let curves = vec![Curve::new(name, palette.layer(layer), &line.points, Data::Nothing)];
    let definition = shown.definition();
    let title = t!("error-over-time-title", measure = definition.label, layer = layer + 1);
    let each = errors.of.first().map_or(1, |(stretch, _)| stretch.len().max(1));
    let y = Axis::of(definition).scaled(scale);
    let text = t!("error-over-time-axis", definition = definition.text, n = each);
    let y = Axis { text, ..y };
    let worst = line.worst.and_then(|nth| {
        let (stretch, error) = errors.of.get(nth)?;
        let value = shown.of(error).filter(|&value| scale.shows(value))?;
        Some([timeline.middle((stretch.start + stretch.end) / 2), scale.place(value)])
    });
    let (first, last) = (timeline.middle(0), timeline.middle(timeline.frames.saturating_sub(1)));
    let (end, read_line) = (timeline.at(timeline.frames), *timeline);
    Chart::new(ID, "over-time", &title, timeline.axis(), y, height)
        .along(Along::Time)
        .choices(choices)
        .curves(curves)
        .reader(move |at| read(errors, &read_line, at.x))
        .stops(first, last, timeline.at(each), 0.0)
        .tune(move |plot| plot.include_x(0.0).include_x(end))
        .show(
            ctx,
            ui,
            |ui| {
                let choices = [
                    (Measure::Mse, t!("error-mse"), distortion::MSE.text.text()),
                    (Measure::Snr, t!("error-snr"), distortion::SNR.text.text()),
                ];
                switch_ui(ui, measure, &choices);
            },
            || Some(table(errors, timeline)),
            move |plot| {
                if let Some(at) = worst {
                    let mark = Points::new("the worst stretch", PlotPoints::new(vec![at])); // not a text
                    plot.points(
                        mark.color(palette.bad).shape(MarkerShape::Circle).radius(4.0).allow_hover(false),
                    );
                }
            },
        )
}

/// Where a stretch lies, in words.
fn place_words(stretch: &Range<usize>, timeline: &Timeline<'_>) -> String {
    let last = stretch.end.saturating_sub(1);
    let (from, to) = (grouped(stretch.start as i64), grouped(last as i64));
    let at = timeline.rate_hz.map(|_| number(timeline.at(stretch.start)));
    let clip = timeline.clip(stretch.start).map(|clip| clip.name.as_str()).filter(|name| !name.is_empty());
    match (at, clip) {
        (None, None) => t!("error-place", from = from, to = to),
        (Some(at), None) => t!("error-place-at", from = from, to = to, at = at),
        (None, Some(clip)) => t!("error-place-of", from = from, to = to, clip = clip),
        (Some(at), Some(clip)) => t!("error-place-at-of", from = from, to = to, at = at, clip = clip),
    }
}

fn read(errors: &Errors, timeline: &Timeline<'_>, x: f64) -> Option<ReadOut> {
    let (stretch, error) = errors.of.get(errors.at(timeline.frame_in(x)?)?)?;
    let last = stretch.end.saturating_sub(1);
    let title = t!("error-frames-to", from = grouped(stretch.start as i64), to = grouped(last as i64));
    let mut read = ReadOut::new(timeline.middle((stretch.start + last) / 2), title);
    if timeline.rate_hz.is_some() {
        read = read.row(t!("error-from"), format!("{} s", number(timeline.at(stretch.start))));
    }
    if let Some(clip) = timeline.clip(stretch.start).filter(|clip| !clip.name.is_empty()) {
        read = read.row(t!("error-clip"), &clip.name);
    }
    let figures = [(t!("error-mse"), error.mse(), ""), (t!("error-snr"), error.snr_db(), " dB")];
    let known = figures.into_iter().filter_map(|(name, value, unit)| Some((name, value?, unit)));
    Some(known.fold(read, |read, (name, value, unit)| read.row(name, format!("{}{unit}", number(value)))))
}

fn table(errors: &Errors, timeline: &Timeline<'_>) -> String {
    let mut csv = Csv::new(["first_frame", "end_frame", "clip", "mse", "snr_db"]);
    for (stretch, error) in &errors.of {
        csv.row([
            Cell::from(stretch.start),
            Cell::from(stretch.end),
            Cell::from(timeline.clip(stretch.start).map_or("", |clip| clip.name.as_str())),
            Cell::from(error.mse()),
            Cell::from(error.snr_db()),
        ]);
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Clip;

    #[test]
    fn the_worst_stretch_is_found_and_named_with_its_clip() {
        let of = |residual_energy| ClipError { frames: 2, dim: 2, signal_energy: 8.0, residual_energy };
        let errors = Errors { layer: 1, of: vec![(0..2, of(4.0)), (2..4, of(8.0)), (4..6, of(0.0))] };
        let clips =
            [Clip { name: "a".to_owned(), frames: 0..2 }, Clip { name: "b".to_owned(), frames: 2..6 }];
        let timeline = Timeline::new(Some(2.0), 6, &clips);
        let line = Line::new(&errors, Measure::Mse, Scale::Linear, &timeline);
        assert_eq!((line.worst, line.points.len()), (Some(1), 6));
        // Without error there is no SNR, and no place on a logarithmic axis.
        assert_eq!(Line::new(&errors, Measure::Snr, Scale::Linear, &timeline).worst, Some(1));
        assert_eq!(Line::new(&errors, Measure::Mse, Scale::Log, &timeline).points.len(), 4);
        assert_eq!([errors.at(0), errors.at(3), errors.at(6)], [Some(0), Some(1), None]);
        assert_eq!(place_words(&(2..4), &timeline), "frames 2 to 3 at 1 s of b");
        assert_eq!(read(&errors, &timeline, 1.2).unwrap().rows.len(), 4);
        assert!(read(&errors, &timeline, 3.5).is_none());
        let rows = table(&errors, &timeline);
        assert_eq!(rows.lines().nth(2), Some("2,4,b,2,0"));
        assert_eq!(rows.lines().last(), Some("4,6,b,0,"));
    }
}
