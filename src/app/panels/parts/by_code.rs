//! One figure of every row of a layer, as bars.

use std::sync::Arc;

use egui::Ui;

use super::switch_ui;
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::number;
use crate::app::plot::{Along, Axis, Bars, Cell, Chart, Csv, ReadOut, places_of};
use crate::metrics::buffers::{self, CodebookView};
use crate::rvq::Rvq;
use crate::session::SelectCommand;
use crate::text::t;
use crate::training::Run;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The length of each row.
    Norm,
    /// The distance to the nearest other row.
    Distance,
    /// How far each row is from what its averages make of it.
    Gap,
}

/// The chart's own state.
#[derive(Default)]
pub struct ByCode {
    is_sorted: bool,
    values: Memo<(ByPtr<Rvq>, usize, bool), Values>,
}

/// The codes in the order in which they stand, and the figure of each.
#[derive(Default)]
struct Values {
    codes: Vec<usize>,
    values: Vec<f64>,
}

impl Measure {
    fn key(self) -> &'static str {
        match self {
            Self::Norm => "norms",
            Self::Distance => "nearest",
            Self::Gap => "gaps",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Norm => t!("parts-norms"),
            Self::Distance => t!("parts-nearest"),
            Self::Gap => t!("parts-gaps"),
        }
    }

    fn axis(self) -> Axis {
        match self {
            Self::Norm => Axis::real(t!("parts-norms.axis"), t!("parts-norms.help")),
            Self::Distance => Axis::real(t!("parts-nearest.axis"), t!("parts-nearest.help")),
            Self::Gap => Axis::of(&buffers::EMBED_GAP),
        }
    }

    fn values(self, codebook: &CodebookView) -> Vec<f64> {
        match self {
            Self::Norm => codebook.norms.clone(),
            Self::Distance => codebook.neighbours.iter().map(|other| other.distance).collect(),
            Self::Gap => codebook.ema.as_ref().map_or_else(Vec::new, |ema| ema.gaps.clone()),
        }
    }
}

impl Values {
    fn new(all: Vec<f64>, is_sorted: bool) -> Self {
        let mut codes: Vec<usize> = (0..all.len()).collect();
        if is_sorted {
            codes.sort_by(|&a, &b| all[b].total_cmp(&all[a]));
        }
        let finite = |value: f64| if value.is_finite() { value } else { 0.0 };
        Self { values: codes.iter().map(|&code| finite(all[code])).collect(), codes }
    }
}

impl ByCode {
    /// Draws it; a click selects a code.
    pub fn ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        (panel_id, run, codebook, layer): (&'static str, &Arc<Run>, &CodebookView, usize),
        measure: Measure,
        height: f32,
    ) {
        let Self { is_sorted, values } = self;
        let key = (ByPtr(run.rvq.clone()), layer, *is_sorted);
        let Values { codes, values } = values.get(key, || Values::new(measure.values(codebook), *is_sorted));
        let first = if *is_sorted { 1.0 } else { 0.0 };
        let (label, along) =
            if *is_sorted { (t!("parts-rank"), None) } else { (t!("word-code"), Some(Along::Codes)) };
        let x = Axis::whole(label, t!("parts-rows-help"));
        let at = |x: f64| {
            let index = (x - first).round();
            (index >= 0.0).then_some(index as usize).and_then(|i| Some((i, *codes.get(i)?)))
        };
        let reader = move |point: egui_plot::PlotPoint| {
            let (index, code) = at(point.x)?;
            let read = ReadOut::new(first + index as f64, t!("code-n", code = code));
            let read = read.row(measure.title(), number(values[index]));
            let other = codebook.neighbours.get(code).filter(|_| measure == Measure::Distance);
            Some(other.map_or(read.clone(), |other| {
                read.row(t!("parts-nearest.row"), t!("parts-nearest.code", code = other.code))
            }))
        };
        let selected = ctx.session.selection().code;
        let place = selected.and_then(|code| codes.iter().position(|&c| c == code));
        let marked = places_of(ctx.session.marked(), codes.iter().copied());
        let palette = ctx.palette;
        let mut chart = Chart::new(panel_id, measure.key(), measure.title(), x, measure.axis(), height)
            .reader(reader)
            .stops(first, first + codes.len() as f64 - 1.0, 1.0, 0.0);
        if let Some(along) = along {
            chart = chart.along(along);
        }
        let drawn = chart.show(
            ctx,
            ui,
            |ui| {
                let orders = [
                    (false, t!("parts-by-index"), t!("parts-by-index.help")),
                    (true, t!("parts-by-size"), t!("parts-by-size.help")),
                ];
                switch_ui(ui, is_sorted, &orders);
            },
            || Some(table(measure, codes, values)),
            |plot| {
                let bars = Bars::new(measure.title(), first, values, palette.layer(layer));
                let bars = bars.least_top(0.0).marked(marked, palette.marked());
                plot.add(bars.selected(place.map(|place| (place, palette.highlight))));
            },
        );
        if let Some((_, code)) = drawn.clicked_at().and_then(|point| at(point.x)) {
            ctx.send(SelectCommand::Code(layer, Some(code)));
        }
    }
}

fn table(measure: Measure, codes: &[usize], values: &[f64]) -> String {
    let mut csv = Csv::new(["code", measure.key()]);
    for (&code, &value) in codes.iter().zip(values) {
        csv.row([Cell::from(code), Cell::from(value)]);
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_rows_keep_their_numbers() {
        let Values { codes, values } = Values::new(vec![1.0, 3.0, f64::NAN, 2.0], true);
        assert_eq!(codes[1..], [1, 3, 0]);
        assert_eq!(values[1..], [3.0, 2.0, 1.0]);
        assert_eq!(values[0], 0.0, "what is not a number has no bar");
    }
}
