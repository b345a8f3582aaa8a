//! The figures of a set of frames, layer by layer and in all, as reports and panels show them.

use serde::Serialize;

use super::{Evaluation, distortion, usage};

/// The figures of one layer over one set of frames.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(
    missing_docs,
    reason = "each field is the figure of the same name, whose definition stands with its function"
)]
pub struct LayerMetrics {
    pub frames: u64,
    pub used: usize,
    pub utilization: Option<f64>,
    pub perplexity: Option<f64>,
    pub perplexity_mm: Option<f64>,
    pub entropy_nats: Option<f64>,
    pub gini: Option<f64>,
    pub dead_window: Option<usize>,
    pub dead_threshold: Option<usize>,
    pub dead_corpus: Option<usize>,
    pub mse: Option<f64>,
    pub snr_db: Option<f64>,
    pub snr_gain_db: Option<f64>,
    pub explained_variance: Option<f64>,
    /// The Shannon reference of the layer; the agreed keys of a report do not have it.
    #[serde(skip)]
    pub shannon_db: Option<f64>,
    #[serde(skip)]
    pub centred_gain_db: Option<f64>,
    #[serde(skip)]
    pub shannon_share: Option<f64>,
}

/// The figures of all layers together over one set of frames.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(
    missing_docs,
    reason = "each field is the figure of the same name, whose definition stands with its function"
)]
pub struct TotalMetrics {
    pub snr_db: Option<f64>,
    pub mse: Option<f64>,
    pub explained_variance: Option<f64>,
    pub bit_efficiency: Option<f64>,
    pub nominal_kbps: Option<f64>,
    pub effective_kbps: Option<f64>,
    /// Only where codes were not searched greedily.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beam_gain_db: Option<f64>,
}

/// The figures of each layer of `evaluation`.
///
/// `dead_threshold` gives, by layer, how many codes lie below the dead-code threshold, where one is known; `corpus` is every split of the corpus,
/// this one among them.
#[must_use]
pub fn layer_metrics(
    evaluation: &Evaluation,
    dead_threshold: &[Option<usize>],
    corpus: &[&Evaluation],
) -> Vec<LayerMetrics> {
    let Evaluation { frames, dim, signal_energy, centred_energy, layers, .. } = evaluation;
    let mut before = *signal_energy;
    let mut metrics = Vec::with_capacity(layers.len());
    for (layer_idx, layer) in layers.iter().enumerate() {
        let counts = &layer.counts;
        let (gain, bits) = (layer.gain.as_ref(), (counts.len().max(1) as f64).log2());
        let splits = corpus.iter().filter_map(|e| e.layers.get(layer_idx)).map(|l| l.counts.as_slice());
        metrics.push(LayerMetrics {
            frames: *frames,
            used: usage::used(counts),
            utilization: usage::utilization(counts),
            perplexity: usage::perplexity(counts),
            perplexity_mm: usage::perplexity_mm(counts),
            entropy_nats: usage::entropy_nats(counts),
            gini: usage::gini(counts),
            dead_window: (*frames > 0).then(|| usage::dead_window(counts)),
            dead_threshold: dead_threshold.get(layer_idx).copied().flatten(),
            dead_corpus: (*frames > 0).then(|| usage::dead_corpus(splits, counts.len())),
            mse: distortion::mse(layer.residual_energy, *frames, *dim),
            snr_db: distortion::snr_db(*signal_energy, layer.residual_energy),
            snr_gain_db: distortion::snr_gain_db(before, layer.residual_energy),
            explained_variance: distortion::explained_variance(*centred_energy, layer.residual_energy),
            shannon_db: gain.and_then(|gain| distortion::shannon_db(&gain.eigenvalues, bits)),
            centred_gain_db: gain.and_then(distortion::centred_gain_db),
            shannon_share: gain.and_then(|gain| distortion::shannon_share(gain, counts.len())),
        });
        before = layer.residual_energy;
    }
    metrics
}

/// The figures of all layers of `evaluation` together; bit rates need the frame rate.
#[must_use]
pub fn total_metrics(evaluation: &Evaluation, frame_rate_hz: Option<f64>) -> TotalMetrics {
    let Evaluation { frames, dim, signal_energy, centred_energy, layers, greedy_energy, .. } = evaluation;
    let left = layers.last().map_or(*signal_energy, |l| l.residual_energy);
    let sizes: Vec<usize> = layers.iter().map(|l| l.counts.len()).collect();
    let entropies: Vec<f64> = layers.iter().filter_map(|l| usage::entropy_nats(&l.counts)).collect();
    let known = entropies.len() == layers.len() && !layers.is_empty();
    TotalMetrics {
        snr_db: distortion::snr_db(*signal_energy, left),
        mse: distortion::mse(left, *frames, *dim),
        explained_variance: distortion::explained_variance(*centred_energy, left),
        bit_efficiency: if known { usage::bit_efficiency(&entropies, &sizes) } else { None },
        nominal_kbps: frame_rate_hz.map(|fps| usage::nominal_kbps(&sizes, fps)),
        effective_kbps: frame_rate_hz.filter(|_| known).map(|fps| usage::effective_kbps(&entropies, fps)),
        beam_gain_db: greedy_energy.and_then(|greedy| distortion::beam_gain_db(greedy, left)),
    }
}
