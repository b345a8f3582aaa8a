//! Figures as text for a terminal.

use std::fmt::Write as _;

use crate::markup::{Format, Table};
use crate::metrics::is_small_sample;
use crate::report::layer_table;
use crate::report::scale::short;
use crate::training::Run;

pub(super) use crate::markup::aligned;

/// A table in a form. What stands around it on a terminal, `before` and `behind` it, is left out of the others.
pub(super) fn in_form(table: &Table, format: Format, before: &str, behind: &str) -> String {
    match format {
        Format::Text => format!("{before}{}{behind}", table.text()),
        other => table.to(other),
    }
}

/// Names, and behind them what is said of each.
pub(super) fn labelled(rows: &[(String, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in rows {
        let _ = writeln!(text, "{name:<width$}  {value}");
    }
    text
}

/// The figures of each layer on the frames to judge by, the SNR of the training frames beside them, and the totals; of a model without frames,
/// what its codebooks tell.
pub(super) fn results(run: &Run, format: Format) -> String {
    let table = layer_table(run);
    match run.best_evaluation() {
        Some((split, evaluation)) => {
            let head = format!("{}, {} steps\n", run.frames_words(split, evaluation.frames), run.steps);
            in_form(&table, format, &head, &totals(run))
        }
        None => in_form(&table, format, "no frames: what the model's file tells\n", ""),
    }
}

/// The figures of all layers together, and how far those of a layer can be trusted.
fn totals(run: &Run) -> String {
    let Some((split, evaluation)) = run.best_evaluation() else { return String::new() };
    let mut text = String::new();
    if let Some(totals) = run.total_metrics(split) {
        let percent = |v: Option<f64>| v.map_or("none".to_owned(), |v| format!("{:.1} %", v * 100.0));
        let _ = write!(
            text,
            "explained variance {}, bit efficiency {}",
            percent(totals.explained_variance),
            percent(totals.bit_efficiency)
        );
        if let (Some(effective), Some(nominal)) = (totals.effective_kbps, totals.nominal_kbps) {
            let _ = write!(text, ", {} of {} kbit/s", short(effective, 4), short(nominal, 4));
        }
        if let Some(gain) = totals.beam_gain_db {
            let _ = write!(text, ", beam of {} gains {gain:.2} dB over greedy", evaluation.search.width());
        }
        text.push('\n');
    }
    let most = evaluation.layers.iter().map(|l| l.counts.len()).max().unwrap_or(0);
    if is_small_sample(evaluation.frames, most) {
        let _ = writeln!(text, "fewer than 10 frames a code: used codes and perplexity come out too low");
    }
    text
}
