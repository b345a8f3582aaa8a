//! The figures of each layer, a row for each run, and their deltas against the first run.

use crate::markup::{Cell, Column, Table};
use crate::metrics::figures::Kind;
use crate::metrics::{LAYER_FIGURES, LayerFigure, distortion, usage};
use crate::report::scale::short;
use crate::text::phrase;

use super::Member;

/// A run's row in the table of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerRow {
    /// The layer, from 0.
    pub layer: usize,
    /// The run's place in the comparison.
    pub run: usize,
    /// `K`.
    pub codes: Option<u64>,
    /// Of each figure that `metrics.json` has, its value and its delta against the first run, where both are defined.
    pub figures: Vec<(Option<f64>, Option<f64>)>,
}

/// The figures of layers that are compared: those of `metrics.json`.
pub(super) fn compared() -> impl Iterator<Item = &'static LayerFigure> {
    LAYER_FIGURES.iter().filter(|figure| figure.in_json)
}

/// The figures layer by layer, the rows of one layer beside each other in the order of the runs; a run without a layer has no row of it.
#[must_use]
pub fn layer_rows(runs: &[Member]) -> Vec<LayerRow> {
    let most = runs.iter().map(|run| run.layers().len()).max().unwrap_or(0);
    let mut rows = Vec::new();
    for layer in 0..most {
        for (place, run) in runs.iter().enumerate() {
            let Some(own) = run.layers().get(layer) else { continue };
            let figure = |figure: &LayerFigure| {
                let value = run.figure(layer, figure.definition.key);
                let first = runs.first().filter(|_| place > 0);
                let first = first.and_then(|first| first.figure(layer, figure.definition.key));
                (value, value.zip(first).map(|(value, first)| value - first))
            };
            rows.push(LayerRow {
                layer,
                run: place,
                codes: own.get("codes").and_then(serde_json::Value::as_u64),
                figures: compared().map(figure).collect(),
            });
        }
    }
    rows
}

/// The same as one table, each figure with its delta behind it; columns of which nothing is known are left out.
pub(super) fn table(runs: &[Member]) -> Table {
    table_of(runs, |_| true, |_| true)
}

/// The same with the figures, and the one delta, that a paper has room for.
pub(super) fn short_table(runs: &[Member]) -> Table {
    let figures =
        [&usage::USED, &usage::PERPLEXITY, &distortion::MSE, &distortion::SNR, &distortion::SNR_GAIN];
    let is_shown = |figure: &LayerFigure| figures.iter().any(|shown| shown.key == figure.definition.key);
    table_of(runs, is_shown, |figure| figure.definition.key == distortion::SNR.key)
}

fn table_of(
    runs: &[Member],
    is_shown: impl Fn(&LayerFigure) -> bool,
    has_delta: impl Fn(&LayerFigure) -> bool,
) -> Table {
    let rows = layer_rows(runs);
    let is_known =
        |place: usize| rows.iter().any(|row| row.figures.get(place).is_some_and(|f| f.0.is_some()));
    let shown: Vec<(usize, &LayerFigure)> =
        compared().enumerate().filter(|(place, figure)| is_shown(figure) && is_known(*place)).collect();
    let mut columns = ["layer", "run", "codes"].map(|key| Column::plain(key, key)).to_vec();
    for (_, figure) in &shown {
        let (key, label, unit) = (figure.definition.key, figure.definition.label, unit(figure));
        columns.push(Column::of(key, label, unit));
        if has_delta(figure) {
            columns.push(Column::of(format!("delta_{key}"), format!("\u{394} {label}"), unit));
        }
    }
    let mut table = Table::new("Layers of each run, and their differences to the first run", columns);
    for row in &rows {
        let mut cells = vec![
            Cell::count(row.layer + 1),
            Cell::from(runs.get(row.run).map_or("", |run| run.name.as_str())),
            Cell::figure(row.codes.map(|n| n as f64), |n| n.to_string()),
        ];
        for (place, figure) in &shown {
            let (value, delta) = row.figures.get(*place).copied().unwrap_or_default();
            cells.push(Cell::figure(value, |v| value_text(figure.kind, v)));
            if has_delta(figure) {
                cells.push(Cell::figure(delta, |v| delta_text(figure.kind, v)));
            }
        }
        table.rows.push(cells);
    }
    table
}

/// The unit in which a figure is shown.
pub(super) fn unit(figure: &LayerFigure) -> &'static str {
    match figure.kind {
        Kind::Share => "%",
        Kind::Decibels => "dB",
        Kind::Number if figure.definition.unit == phrase!("unit-nats") => "nats",
        _ => "",
    }
}

/// A figure as people read it, without its unit.
pub(super) fn value_text(kind: Kind, value: f64) -> String {
    match kind {
        Kind::Count => format!("{value:.0}"),
        Kind::Share => format!("{:.1}", value * 100.0),
        Kind::Codes => format!("{value:.1}"),
        Kind::Decibels => format!("{value:.2}"),
        Kind::Number => short(value, 4),
    }
}

/// A difference with its sign; what rounds to nothing is 0.
pub(super) fn delta_text(kind: Kind, delta: f64) -> String {
    let text = match kind {
        Kind::Number => short(delta, 3),
        kind => value_text(kind, delta),
    };
    let is_nothing = text.chars().all(|c| matches!(c, '0' | '.' | '-'));
    match (is_nothing, delta > 0.0) {
        (true, _) => "0".to_owned(),
        (false, true) => format!("+{text}"),
        (false, false) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_have_a_sign_and_no_digits_that_mean_nothing() {
        let cases = [
            (Kind::Count, 3.0, "+3"),
            (Kind::Share, -0.0123, "-1.2"),
            (Kind::Decibels, -0.001, "0"),
            (Kind::Codes, 0.04, "0"),
            (Kind::Number, 0.000_012_34, "+1.23e-5"),
        ];
        for (kind, delta, wanted) in cases {
            assert_eq!(delta_text(kind, delta), wanted);
        }
    }
}
