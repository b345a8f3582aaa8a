//! A run in one row: what runs are compared by.

use super::{History, Run, Series, SplitKind};

/// The figures of a run over all of its layers.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RunSummary {
    /// The frames that it is judged by.
    pub split: SplitKind,
    /// Steps taken.
    pub steps: u64,
    /// SNR behind the last layer.
    pub snr_db: Option<f64>,
    /// Bits that the codes of a frame carry: the sum of the layers' entropies.
    #[serde(default)]
    pub entropy_bits: Option<f64>,
    /// Codes that were used, of all layers.
    pub used: usize,
    /// All codes of all layers.
    pub codes: usize,
    /// Perplexity, the mean over the layers.
    pub perplexity: Option<f64>,
    /// Codes without a frame in the window, of all layers.
    pub dead_window: Option<usize>,
    /// Codes below the dead-code threshold.
    pub dead_threshold: Option<usize>,
    /// Codes without a frame in the whole corpus.
    pub dead_corpus: Option<usize>,
    /// Drift of the rows that were not replaced in the last step, the mean over the layers.
    pub drift: Option<f64>,
    /// Drift of all rows in the last step, the mean over the layers.
    pub drift_all: Option<f64>,
    /// Codes that the last step replaced, in all layers.
    pub replaced: Option<f64>,
}

impl RunSummary {
    /// The row of `run`, whose steps are in `history`; what nothing defines is `None`.
    #[must_use]
    pub fn of(run: &Run, history: &History) -> Self {
        let split = run.best_evaluation().map_or(SplitKind::HeldOut, |(split, _)| split);
        let layers = run.layer_metrics(split);
        let sum = |of: fn(&crate::metrics::LayerMetrics) -> Option<usize>| {
            (!layers.is_empty()).then(|| layers.iter().map(of).sum::<Option<usize>>()).flatten()
        };
        let last = |series| {
            let values = (0..history.num_layers()).map(|layer| history.last(layer, series));
            let known: Vec<f64> = values.flatten().collect();
            (!known.is_empty()).then(|| (known.iter().sum::<f64>(), known.len() as f64))
        };
        let perplexities: Vec<f64> = layers.iter().filter_map(|layer| layer.perplexity).collect();
        Self {
            split,
            steps: run.steps,
            snr_db: run.total_metrics(split).and_then(|totals| totals.snr_db),
            entropy_bits: sum_of_entropies(&layers),
            used: layers.iter().map(|layer| layer.used).sum(),
            codes: run.rvq.layers().iter().map(|layer| layer.codebook.num_codes()).sum(),
            perplexity: (!perplexities.is_empty())
                .then(|| perplexities.iter().sum::<f64>() / perplexities.len() as f64),
            dead_window: sum(|layer| layer.dead_window),
            dead_threshold: sum(|layer| layer.dead_threshold),
            dead_corpus: sum(|layer| layer.dead_corpus),
            drift: last(Series::Drift).map(|(sum, layers)| sum / layers),
            drift_all: last(Series::DriftAll).map(|(sum, layers)| sum / layers),
            replaced: last(Series::Replaced).map(|(sum, _)| sum),
        }
    }
}

fn sum_of_entropies(layers: &[crate::metrics::LayerMetrics]) -> Option<f64> {
    if layers.is_empty() {
        return None;
    }
    let nats: Option<f64> = layers.iter().map(|layer| layer.entropy_nats).sum();
    nats.map(|nats| nats / std::f64::consts::LN_2)
}
