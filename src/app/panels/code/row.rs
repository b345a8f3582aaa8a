//! The row of a code over its dimensions: as a spectrum where frames are spectra, and beside the nearest other row.

use std::sync::Arc;

use egui::Ui;
use egui_plot::PlotPoint;

use super::super::parts::{mel_bands_hz, switch_ui};
use super::ID;
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::number;
use crate::app::plot::{Axis, Cell, Chart, Csv, Curve, Data, ReadOut, Stroke};
use crate::rvq::{Metric, Rvq};
use crate::session::View;
use crate::text::t;

/// What is drawn of a row that is not in the frames' own space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Shown {
    /// What it adds to a frame.
    #[default]
    Output,
    /// The row as it is stored.
    Stored,
}

/// The chart's own state.
#[derive(Default)]
pub struct RowChart {
    shown: Shown,
    lines: Memo<Key, Lines>,
}

/// The quantizer, the layer, the code, another to compare it with, and what is drawn of both.
type Key = (ByPtr<Rvq>, usize, usize, Option<u32>, Shown);

/// Rows by dimension.
#[derive(Default)]
struct Lines {
    own: Line,
    other: Line,
}

#[derive(Default)]
struct Line {
    values: Vec<f64>,
    points: Vec<PlotPoint>,
}

impl Line {
    fn new(values: Vec<f64>) -> Self {
        let points = (0u32..).zip(&values).map(|(d, &value)| PlotPoint::new(f64::from(d), value)).collect();
        Self { values, points }
    }

    fn of(rvq: &Rvq, layer: usize, code: usize, shown: Shown) -> Self {
        let values: Vec<f64> = match shown {
            Shown::Stored => {
                let row = rvq.layers().get(layer).and_then(|layer| layer.codebook.row(code));
                row.map_or_else(Vec::new, |row| row.iter().map(|&v| f64::from(v)).collect())
            }
            Shown::Output => {
                let output = rvq.layer_output(layer, std::iter::once(code as u32));
                output.map_or_else(|_| Vec::new(), |rows| rows.iter().map(|&v| f64::from(v)).collect())
            }
        };
        Self::new(values)
    }
}

/// Whether what a code adds to a frame is anything else than its row as it is stored.
pub fn is_elsewhere(rvq: &Rvq, layer: usize) -> bool {
    let is_projected = rvq.layers().get(layer).is_some_and(|layer| layer.projection.is_some());
    is_projected || !rvq.is_one_chain() || rvq.metric() == Metric::Cosine
}

/// In which space a row lies, and what stands between it and the frames.
#[must_use]
pub fn space_words(rvq: &Rvq, layer: usize) -> String {
    let Some(of) = rvq.layers().get(layer) else { return String::new() };
    let (inner, dim) = (of.codebook.dim(), rvq.dim());
    let mut within = Vec::new();
    if of.projection.is_some() {
        within.push(t!("code-space-of-layer", inner = inner, dim = of.dim()));
    }
    if let Some(chain) = rvq.chains().iter().find(|chain| chain.layers().contains(&layer)) {
        let columns = chain.columns();
        if chain.projection().is_some() {
            within.push(t!("code-space-of-chain", dim = columns.len(), inner = chain.inner_dim()));
        }
        if columns != (0..dim) {
            within.push(t!("code-space-of-columns", from = columns.start, to = columns.end - 1));
        }
    }
    let space = within.into_iter().reduce(|inner, outer| t!("code-space-in", inner = inner, outer = outer));
    let space = space.unwrap_or_else(|| t!("code-space-of-frames", dim = dim));
    if rvq.metric().is_cosine() {
        t!("code-row-lies-by-angle", space = space)
    } else {
        t!("code-row-lies", space = space)
    }
}

impl RowChart {
    /// Draws it, with the nearest other row behind it.
    pub fn ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        view: View<'_>,
        (layer, code, nearest): (usize, usize, Option<u32>),
        height: f32,
    ) {
        let Self { shown, lines } = self;
        let rvq: &Arc<Rvq> = &view.run.rvq;
        let elsewhere = is_elsewhere(rvq, layer);
        let drawn = if elsewhere { *shown } else { Shown::Stored };
        let Lines { own, other } = lines.get((ByPtr(rvq.clone()), layer, code, nearest, drawn), || Lines {
            own: Line::of(rvq, layer, code, drawn),
            other: nearest.map_or_else(Line::default, |other| Line::of(rvq, layer, other as usize, drawn)),
        });
        let in_frames = !elsewhere || drawn == Shown::Output;
        let bands = in_frames.then(|| mel_bands_hz(ctx, own.values.len())).flatten();
        let is_first = rvq.chains().iter().any(|chain| chain.layers().start == layer);
        let (x, y) = axes(bands.is_some(), is_first);
        let palette = ctx.palette;
        let mut curves = Vec::new();
        if let Some(nearest) = nearest {
            let name = t!("code-line-nearest", code = nearest);
            let data = Data::Even(0.0, &other.values);
            curves.push(Curve::new(name, palette.faint, &other.points, data).stroke(Stroke::Dashed));
        }
        let data = Data::Even(0.0, &own.values);
        curves.push(
            Curve::new(t!("code-line", code = code), palette.layer(layer), &own.points, data).front(true),
        );
        let title = match (in_frames, elsewhere) {
            (true, true) => t!("code-output-title", code = code),
            _ => t!("code-row-title", code = code),
        };
        let named = curves.clone();
        Chart::new(ID, "row", &title, x, y, height)
            .curves(curves)
            .reader(move |at| {
                let d = at.x.round();
                let hz = (d >= 0.0).then(|| bands.as_ref()?.get(d as usize).copied()).flatten();
                let title = match hz {
                    Some(hz) => t!("code-band-n", band = d.to_string(), hz = number(hz.round())),
                    None => t!("code-dimension-n", dimension = d.to_string()),
                };
                named.last()?.data.at(d)?;
                let rows =
                    named.iter().rev().filter_map(|curve| Some((curve.name.clone(), curve.data.at(d)?)));
                Some(rows.fold(ReadOut::new(d, title), |read, (name, value)| read.row(name, number(value))))
            })
            .stops(0.0, own.values.len().saturating_sub(1) as f64, 1.0, 0.0)
            .show(
                ctx,
                ui,
                |ui| {
                    if elsewhere {
                        let choices = [
                            (Shown::Output, t!("code-in-frames"), t!("code-in-frames.help")),
                            (Shown::Stored, t!("code-as-stored"), t!("code-as-stored.help")),
                        ];
                        switch_ui(ui, shown, &choices);
                    }
                },
                || Some(table(own, other, nearest)),
                |_| {},
            );
    }
}

fn axes(are_bands: bool, is_first: bool) -> (Axis, Axis) {
    if !are_bands {
        let x = Axis::whole(t!("code-dimension-axis"), t!("code-dimension-axis.help"));
        return (x, Axis::real(t!("code-value-axis"), t!("code-value-axis.help")));
    }
    let x = Axis::whole(t!("code-mel-axis"), t!("code-mel-axis.help"));
    let y = if is_first {
        Axis::real(t!("code-level-axis"), t!("code-level-axis.help"))
    } else {
        Axis::real(t!("code-level-change-axis"), t!("code-level-change-axis.help"))
    };
    (x, y)
}

fn table(own: &Line, other: &Line, nearest: Option<u32>) -> String {
    let other_name = nearest.map(|code| format!("code_{code}"));
    let mut csv = Csv::new(["dimension".to_owned(), "value".to_owned()].into_iter().chain(other_name));
    for (d, &value) in own.values.iter().enumerate() {
        let other = nearest.map(|_| Cell::from(other.values.get(d).copied()));
        csv.row([Cell::from(d), Cell::from(value)].into_iter().chain(other));
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rvq::{Codebook, Layer, Projection};
    use ndarray::{Array1, array};

    #[test]
    fn it_is_said_where_a_row_lies_and_what_it_adds() {
        let codebook = || Codebook::from_rows(array![[1.0f32, 2.0], [3.0, 4.0]]).unwrap();
        let plain = Rvq::new(vec![codebook().into()]).unwrap();
        assert!(
            !is_elsewhere(&plain, 0)
                && space_words(&plain, 0).contains("the space of the frames, 2 dimensions")
        );
        let projection = Projection {
            in_weight: array![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
            in_bias: Array1::zeros(2),
            out_weight: array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]],
            out_bias: array![0.0, 0.0, 10.0],
        };
        let layer = Layer { projection: Some(projection), ..codebook().into() };
        let inner = Rvq::with_metric(vec![layer], Metric::CosineRaw).unwrap();
        assert!(is_elsewhere(&inner, 0));
        let words = space_words(&inner, 0);
        assert!(words.contains("a projection of 3 to 2") && words.contains("angle"), "{words}");
        assert_eq!(Line::of(&inner, 0, 1, Shown::Stored).values, [3.0, 4.0]);
        assert_eq!(Line::of(&inner, 0, 1, Shown::Output).values, [3.0, 4.0, 17.0]);
        assert!(Line::of(&inner, 0, 9, Shown::Output).values.is_empty());
    }

    #[test]
    fn the_table_has_the_nearest_row_where_there_is_one() {
        let (own, other) = (Line::new(vec![1.0, 2.0]), Line::new(vec![3.0]));
        assert_eq!(table(&own, &other, Some(7)), "dimension,value,code_7\n0,1,3\n1,2,\n");
        assert_eq!(table(&own, &Line::default(), None), "dimension,value\n0,1\n1,2\n");
    }
}
