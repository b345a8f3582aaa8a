//! The figures of each layer that a terminal, a paper and a README have room for, as one table.

use crate::markup::{Cell, Column, Table};
use crate::metrics::{EmaMetrics, LayerMetrics};
use crate::training::{Run, SplitKind};

use super::scale::short;
use super::{LayerReport, Splits};

impl LayerReport {
    /// Every layer of `run`, with what `ema` tells of its codebook.
    pub(super) fn all_of(run: &Run, ema: impl Fn(usize) -> Option<EmaMetrics>) -> Vec<Self> {
        let (mut train, mut held_out) = (
            run.layer_metrics(SplitKind::Train).into_iter(),
            run.layer_metrics(SplitKind::HeldOut).into_iter(),
        );
        let layer = |(layer, rvq_layer): (usize, &crate::rvq::Layer)| Self {
            layer,
            codes: rvq_layer.codebook.num_codes(),
            dim: rvq_layer.codebook.dim(),
            splits: Splits { train: train.next(), held_out: held_out.next() },
            ema: ema(layer),
        };
        run.rvq.layers().iter().enumerate().map(layer).collect()
    }
}

/// The figures of each layer of `run` on the frames to judge by, the SNR of the training frames beside them; of a model without frames, what its
/// codebooks tell. Its caption says of which frames they are.
#[must_use]
pub fn layer_table(run: &Run) -> Table {
    let ema = run.ema_metrics();
    let layers = LayerReport::all_of(run, |layer| ema.get(layer).cloned());
    let of = match run.best_evaluation() {
        Some((split, evaluation)) => run.frames_words(split, evaluation.frames).english(),
        None => "the model's file alone".to_owned(),
    };
    table_of(&layers, &run.name, &of)
}

/// The same of the figures themselves, those of `name`, counted over `of`.
pub(super) fn table_of(layers: &[LayerReport], name: &str, of: &str) -> Table {
    let is_known = |split: SplitKind| layers.iter().any(|layer| layer.splits.of(split).is_some());
    let caption = format!("Layers of {name}: {of}");
    match (is_known(SplitKind::HeldOut), is_known(SplitKind::Train)) {
        (true, with_train) => by_frames(layers, SplitKind::HeldOut, with_train, caption),
        (false, true) => by_frames(layers, SplitKind::Train, false, caption),
        (false, false) => by_buffers(layers, caption),
    }
}

fn by_frames(layers: &[LayerReport], split: SplitKind, with_train: bool, caption: String) -> Table {
    let mut columns = vec![
        Column::plain("layer", "layer"),
        Column::plain("used", "used"),
        Column::plain("codes", "of K"),
        Column::plain("perplexity", "perplexity"),
        Column::plain("dead_window", "dead"),
        Column::plain("dead_threshold", "below thr."),
        Column::plain("mse", "MSE"),
        Column::of("snr_db", "SNR", "dB"),
        Column::of("snr_gain_db", "gain", "dB"),
    ];
    if with_train {
        columns.push(Column::of("train_snr_db", "train SNR", "dB"));
    }
    let mut table = Table::new(caption, columns);
    for layer in layers {
        let metrics = layer.splits.of(split);
        let of = |figure: fn(&LayerMetrics) -> Option<f64>| metrics.and_then(figure);
        let mut row = vec![
            Cell::count(layer.layer + 1),
            count(metrics.map(|m| m.used)),
            Cell::count(layer.codes),
            Cell::figure(of(|m| m.perplexity), four_digits),
            count(metrics.and_then(|m| m.dead_window)),
            count(metrics.and_then(|m| m.dead_threshold)),
            Cell::figure(of(|m| m.mse), four_digits),
            Cell::figure(of(|m| m.snr_db), two_decimals),
            Cell::figure(of(|m| m.snr_gain_db), two_decimals),
        ];
        if with_train {
            row.push(Cell::figure(layer.splits.train.as_ref().and_then(|m| m.snr_db), two_decimals));
        }
        table.rows.push(row);
    }
    table
}

/// What the codebooks tell where no frame was opened.
fn by_buffers(layers: &[LayerReport], caption: String) -> Table {
    let columns = [
        ("layer", "layer"),
        ("ema_used", "used (EMA)"),
        ("codes", "of K"),
        ("ema_perplexity", "perplexity (EMA)"),
        ("ema_gini", "gini (EMA)"),
        ("dead_threshold", "below thr."),
    ];
    let mut table = Table::new(caption, columns.map(|(key, label)| Column::plain(key, label)).into());
    for layer in layers {
        let ema = layer.ema.as_ref();
        table.rows.push(vec![
            Cell::count(layer.layer + 1),
            count(ema.and_then(|m| m.used)),
            Cell::count(layer.codes),
            Cell::figure(ema.and_then(|m| m.perplexity), four_digits),
            Cell::figure(ema.and_then(|m| m.gini), four_digits),
            count(ema.and_then(|m| m.dead_threshold)),
        ]);
    }
    table
}

fn count(value: Option<usize>) -> Cell {
    value.map_or(Cell::Undefined, Cell::count)
}

fn four_digits(value: f64) -> String {
    short(value, 4)
}

fn two_decimals(value: f64) -> String {
    format!("{value:.2}")
}
