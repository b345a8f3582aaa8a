//! The figures of a set of frames, layer by layer and in all, as reports and panels show them.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::figures::{Kind, LAYER_FIGURES, LayerFigure, LayerView};
use super::{Definition, Evaluation, distortion, usage};

/// The figures of one layer over one set of frames: a value for each row of [`LAYER_FIGURES`], and those that code asks for by name.
///
/// As JSON it is the number of frames and every row that has a key there.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    missing_docs,
    reason = "each field is the figure of the same name, whose definition stands with its function" // not a text
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
    pub shannon_db: Option<f64>,
    pub centred_gain_db: Option<f64>,
    pub shannon_share: Option<f64>,
    /// In the order of the table.
    values: Vec<Option<f64>>,
}

impl LayerMetrics {
    /// Of one layer.
    #[must_use]
    pub fn of(view: &LayerView<'_>) -> Self {
        let values: Vec<Option<f64>> = LAYER_FIGURES.iter().map(|figure| (figure.of)(view)).collect();
        let value = |definition: &Definition| {
            let place = LAYER_FIGURES.iter().position(|figure| figure.definition.key == definition.key);
            place.and_then(|place| values.get(place).copied().flatten())
        };
        let count = |definition: &Definition| value(definition).map(|count| count as usize);
        Self {
            frames: view.frames(),
            used: count(&usage::USED).unwrap_or(0),
            utilization: value(&usage::UTILIZATION),
            perplexity: value(&usage::PERPLEXITY),
            perplexity_mm: value(&usage::PERPLEXITY_MM),
            entropy_nats: value(&usage::ENTROPY),
            gini: value(&usage::GINI),
            dead_window: count(&usage::DEAD_WINDOW),
            dead_threshold: count(&usage::DEAD_THRESHOLD),
            dead_corpus: count(&usage::DEAD_CORPUS),
            mse: value(&distortion::MSE),
            snr_db: value(&distortion::SNR),
            snr_gain_db: value(&distortion::SNR_GAIN),
            explained_variance: value(&distortion::EXPLAINED_VARIANCE),
            shannon_db: value(&distortion::SHANNON),
            centred_gain_db: value(&distortion::CENTRED_GAIN),
            shannon_share: value(&distortion::SHANNON_SHARE),
            values,
        }
    }

    /// Every figure of the table with its value here.
    pub fn figures(&self) -> impl Iterator<Item = (&'static LayerFigure, Option<f64>)> {
        LAYER_FIGURES.iter().zip(self.values.iter().copied())
    }
}

impl Serialize for LayerMetrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("frames", &self.frames)?;
        for (figure, value) in self.figures().filter(|(figure, _)| figure.in_json) {
            let key = figure.definition.key;
            match (figure.kind, value) {
                (Kind::Count, Some(count)) => map.serialize_entry(key, &(count as u64))?,
                (_, value) => map.serialize_entry(key, &value)?,
            }
        }
        map.end()
    }
}

/// The figures of all layers together over one set of frames.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[allow(
    missing_docs,
    reason = "each field is the figure of the same name, whose definition stands with its function" // not a text
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
    let of_layer = |layer_idx: usize| {
        let below = dead_threshold.get(layer_idx).copied().flatten();
        LayerView::of(evaluation, layer_idx, below, corpus).map(|view| LayerMetrics::of(&view))
    };
    (0..evaluation.layers.len()).filter_map(of_layer).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{DEFINITIONS, LayerTally};

    #[test]
    fn each_row_is_a_listed_figure_with_a_heading_of_its_own() {
        let mut headings: Vec<&str> = LAYER_FIGURES.iter().map(|figure| figure.heading.english()).collect();
        headings.sort_unstable();
        headings.dedup();
        assert_eq!(headings.len(), LAYER_FIGURES.len());
        for figure in LAYER_FIGURES {
            assert!(
                DEFINITIONS.iter().any(|listed| listed.key == figure.definition.key),
                "{}",
                figure.heading
            );
        }
    }

    #[test]
    fn a_row_is_worked_out_and_written_without_being_named_again() {
        let layer = |counts: &[u64], residual_energy| LayerTally {
            counts: counts.to_vec(),
            code_sq_error: vec![0.0; counts.len()],
            residual_energy,
            gain: None,
        };
        let evaluation = Evaluation {
            frames: 8,
            dim: 2,
            signal_energy: 100.0,
            centred_energy: 50.0,
            layers: vec![layer(&[4, 2, 2, 0], 10.0), layer(&[8, 0], 1.0)],
            ..Evaluation::default()
        };
        let metrics = layer_metrics(&evaluation, &[Some(3)], &[&evaluation]);
        assert_eq!(
            (metrics[0].used, metrics[0].dead_threshold, metrics[1].dead_threshold),
            (3, Some(3), None)
        );
        assert_eq!(
            (metrics[0].snr_gain_db, metrics[1].snr_gain_db, metrics[1].snr_db),
            (Some(10.0), Some(10.0), Some(20.0))
        );
        let json = serde_json::to_value(&metrics[1]).unwrap();
        let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let wanted = "frames used utilization perplexity perplexity_mm entropy_nats gini dead_window dead_threshold dead_corpus mse snr_db \
                      snr_gain_db explained_variance";
        assert_eq!(keys.join(" "), wanted);
        assert_eq!(serde_json::to_string(&json["used"]).unwrap(), "1", "a count is a whole number");
        assert!(json["dead_threshold"].is_null());
    }
}
