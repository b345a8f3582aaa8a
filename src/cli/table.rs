//! Figures as text for a terminal.

use std::fmt::Write as _;

use crate::metrics::is_small_sample;
use crate::report::scale::short;
use crate::training::{Run, SplitKind};

/// Rows with their columns aligned to the right, the first row being the head.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:>width$}"));
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
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

/// The figures of each layer on the frames to judge by, the SNR of the training frames beside them, and the totals.
pub(super) fn results(run: &Run) -> String {
    let Some((split, evaluation)) = run.best_evaluation() else {
        return buffers(run);
    };
    let train = run.layer_metrics(SplitKind::Train);
    let with_train = split == SplitKind::HeldOut && !train.is_empty();
    let mut head = ["layer", "used", "of K", "perplexity", "dead", "below thr.", "MSE", "SNR dB", "gain dB"]
        .map(str::to_owned)
        .to_vec();
    if with_train {
        head.push("train SNR dB".to_owned());
    }
    let mut rows = vec![head];
    let number = |v: Option<f64>, digits: usize| v.map_or("none".to_owned(), |v| short(v, digits));
    let decibels = |v: Option<f64>| v.map_or("none".to_owned(), |v| format!("{v:.2}"));
    let count = |v: Option<usize>| v.map_or("none".to_owned(), |v| v.to_string());
    for (layer_idx, layer) in run.layer_metrics(split).iter().enumerate() {
        let num_codes = evaluation.layers.get(layer_idx).map_or(0, |l| l.counts.len());
        let mut row = vec![
            (layer_idx + 1).to_string(),
            layer.used.to_string(),
            num_codes.to_string(),
            number(layer.perplexity, 4),
            count(layer.dead_window),
            count(layer.dead_threshold),
            number(layer.mse, 4),
            decibels(layer.snr_db),
            decibels(layer.snr_gain_db),
        ];
        if with_train {
            row.push(decibels(train.get(layer_idx).and_then(|m| m.snr_db)));
        }
        rows.push(row);
    }
    let mut text = format!("{}, {} steps\n", run.frames_words(split, evaluation.frames), run.steps);
    text.push_str(&aligned(&rows));
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

/// What the codebooks tell where no frame was opened.
fn buffers(run: &Run) -> String {
    let number = |v: Option<f64>| v.map_or("none".to_owned(), |v| short(v, 4));
    let count = |v: Option<usize>| v.map_or("none".to_owned(), |v| v.to_string());
    let head = ["layer", "used (EMA)", "of K", "perplexity (EMA)", "gini (EMA)", "below thr."];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for ((layer_idx, layer), ema) in run.rvq.layers().iter().enumerate().zip(run.ema_metrics()) {
        rows.push(vec![
            (layer_idx + 1).to_string(),
            count(ema.used),
            layer.codebook.num_codes().to_string(),
            number(ema.perplexity),
            number(ema.gini),
            count(ema.dead_threshold),
        ]);
    }
    format!("no frames: what the model's file tells\n{}", aligned(&rows))
}
