//! The error of each dimension after the selected layer and after all, beside how much the dimension varies.

use egui::{Label, RichText, Ui};
use egui_plot::PlotPoint;

use super::super::data::go_to;
use super::super::parts::{dimension_axis, dimension_words, mel_bands_hz};
use super::ID;
use super::work::{Found, Of, Work};
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::{number, percent};
use crate::app::plot::{
    Axis, Cell, Chart, Choices, Csv, Curve, Data, ReadOut, Scale, Stroke, behind, look_of,
};
use crate::metrics::by_dimension::{DIMENSION_VARIANCE, DimensionErrors, dimension_errors};
use crate::metrics::distortion;
use crate::text::t;

/// Frames that are looked at, at the most.
const MOST_FRAMES: usize = 100_000;
/// Around the frame that a click leads to so many are seen.
const SEEN_AROUND: usize = 100;

/// The chart's own state.
#[derive(Default)]
pub struct ByDimension {
    work: Work<DimensionErrors>,
    lines: Memo<(ByPtr<Found<DimensionErrors>>, Scale), [Line; 3]>,
}

/// Values by dimension, and where they lie on the axes.
#[derive(Default)]
struct Line {
    values: Vec<f64>,
    points: Vec<PlotPoint>,
}

impl Line {
    fn new(num: usize, of: impl Fn(usize) -> Option<f64>, scale: Scale) -> Self {
        let values: Vec<f64> = (0..num).map(|d| of(d).unwrap_or(f64::NAN)).collect();
        let shown = values.iter().enumerate().filter(|(_, v)| scale.shows(**v));
        let points = shown.map(|(d, &v)| PlotPoint::new(d as f64, scale.place(v))).collect();
        Self { values, points }
    }
}

impl ByDimension {
    /// Draws it; a click leads to the frame with the largest error in the dimension.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, of: &Of, height: f32) {
        let Self { work, lines } = self;
        let layer = ctx.session.selection().layer.min(of.rvq.0.num_layers().saturating_sub(1));
        let place = work.place(ui, of, layer, move |of, task| {
            let (frames, codes) = (of.dataset.0.set.matrix.view(), of.tokens.0.values.view());
            dimension_errors(&of.rvq.0, frames, codes, layer + 1, MOST_FRAMES, task)
        });
        let faint = |text: &str| RichText::new(text).size(12.0).color(ctx.palette.faint);
        let found = match place.get() {
            None => return drop(ui.label(faint(t!("error-decoding")))),
            Some(Err(why)) => {
                return drop(ui.add(Label::new(faint(&t!("error-no-dimensions", why = why))).wrap()));
            }
            Some(Ok(found)) => found,
        };
        let choices = Choices { kind: "dimension_mse", x: None, y: Scale::Log, smooths: false };
        let (_, _, scale) = look_of(ui, &choices);
        let num = found.dimensions.len();
        let lines = lines.get((ByPtr(place.clone()), scale), || {
            [
                Line::new(num, |d| found.mse(d), scale),
                Line::new(num, |d| found.mse_all(d), scale),
                Line::new(num, |d| found.variance(d), scale),
            ]
        });
        chart_ui(ctx, ui, of, found, lines, (choices, scale), height);
    }
}

fn chart_ui(
    ctx: &PanelCtx<'_>,
    ui: &mut Ui,
    of: &Of,
    found: &DimensionErrors,
    [behind_layer, behind_all, variance]: &[Line; 3],
    (choices, scale): (Choices, Scale),
    height: f32,
) {
    let (num, layer) = (found.dimensions.len(), found.num_layers.saturating_sub(1));
    let bands = mel_bands_hz(ctx, num);
    let palette = ctx.palette;
    let mut curves = vec![
        Curve::new(
            t!("error-variance-line"),
            palette.faint,
            &variance.points,
            Data::Even(0.0, &variance.values),
        )
        .stroke(Stroke::Dashed),
    ];
    let color = palette.layer(layer);
    if found.num_layers < of.rvq.0.num_layers() {
        let data = Data::Even(0.0, &behind_all.values);
        curves.push(Curve::new(t!("error-after-all"), behind(color), &behind_all.points, data).steady(true));
    }
    let data = Data::Even(0.0, &behind_layer.values);
    let name = t!("error-after-layer", layer = layer + 1);
    curves.push(Curve::new(name, color, &behind_layer.points, data).front(true));
    let frames = frames_words(found);
    let title = if bands.is_some() {
        t!("error-of-bands", layer = layer + 1, frames = frames)
    } else {
        t!("error-of-dimensions", layer = layer + 1, frames = frames)
    };
    let text =
        t!("error-dimensions-axis.help", mse = distortion::MSE.text, variance = DIMENSION_VARIANCE.text);
    let y = Axis::real(t!("error-dimensions-axis"), &text).scaled(scale);
    let x = dimension_axis(bands.is_some());
    let drawn = Chart::new(ID, "by-dimension", &title, x, y, height)
        .choices(choices)
        .curves(curves)
        .reader(move |at| read(found, at.x, bands.as_deref()))
        .stops(0.0, num.saturating_sub(1) as f64, 1.0, 0.0)
        .show(ctx, ui, |_| {}, || Some(table(found)), |_| {});
    if let Some(at) = drawn.clicked_at() {
        let d = (at.x.round().max(0.0) as usize).min(num.saturating_sub(1));
        if let Some(of_dimension) = found.dimensions.get(d) {
            let frame = of_dimension.worst_frame;
            go_to(ctx, ui, &of.dataset.0.set, (frame, frame + 1), SEEN_AROUND);
        }
    }
}

/// How many frames were looked at, in words.
fn frames_words(found: &DimensionErrors) -> String {
    if found.frames == found.frames_in_all {
        t!("error-all-frames", n = found.frames_in_all)
    } else {
        t!("error-some-frames", n = found.frames, all = found.frames_in_all)
    }
}

fn read(found: &DimensionErrors, x: f64, bands_hz: Option<&[f64]>) -> Option<ReadOut> {
    let d = (x.round() >= 0.0).then(|| x.round() as usize).filter(|&d| d < found.dimensions.len())?;
    let rows = [
        (t!("error-mse-after-layer", layer = found.num_layers), found.mse(d).map(number)),
        (t!("error-mse-after-all").to_owned(), found.mse_all(d).map(number)),
        (t!("error-variance").to_owned(), found.variance(d).map(number)),
        (t!("error-explained").to_owned(), found.explained_variance(d).map(percent)),
    ];
    let known = rows.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let read = ReadOut::new(d as f64, dimension_words(d, bands_hz));
    Some(known.fold(read, |read, (name, value)| read.row(name, value)))
}

fn table(found: &DimensionErrors) -> String {
    let mut csv =
        Csv::new(["dimension", "mse", "mse_all_layers", "variance", "explained_variance", "worst_frame"]);
    for (d, of) in found.dimensions.iter().enumerate() {
        csv.row([
            Cell::from(d),
            Cell::from(found.mse(d)),
            Cell::from(found.mse_all(d)),
            Cell::from(found.variance(d)),
            Cell::from(found.explained_variance(d)),
            Cell::from(of.worst_frame),
        ]);
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::by_dimension::DimensionError;

    #[test]
    fn a_dimension_is_read_off_with_what_it_stands_for() {
        let of = |centred_energy, residual_energy, worst_frame| DimensionError {
            centred_energy,
            residual_energy,
            residual_energy_all: residual_energy / 2.0,
            worst_frame,
        };
        let dimensions = vec![of(8.0, 4.0, 1), of(0.0, 2.0, 0)];
        let found = DimensionErrors { frames: 2, frames_in_all: 9, num_layers: 1, dimensions };
        assert_eq!(frames_words(&found), "2 of 9 frames");
        assert_eq!(table(&found).lines().skip(1).collect::<Vec<_>>(), ["0,2,1,4,0.5,1", "1,1,0.5,0,,0"]);
        let title = |x, bands: Option<&[f64]>| read(&found, x, bands).map(|read| read.title);
        assert_eq!(title(0.3, Some(&[120.2, 240.0])).as_deref(), Some("Band 0, about 120 Hz"));
        assert_eq!(title(1.0, None).as_deref(), Some("Dimension 1"));
        assert_eq!([title(2.0, None), title(-1.0, None)], [None, None]);
        // Without variance there is nothing to explain, and no place on a logarithmic axis.
        assert_eq!(read(&found, 1.0, None).unwrap().rows.len(), 3);
        assert_eq!(Line::new(2, |d| found.variance(d), Scale::Log).points.len(), 1);
    }
}
