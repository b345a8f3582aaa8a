//! How often each code is used: counted over frames or, without any, as the running averages have it.

use std::sync::Arc;

use crate::app::memo::ByPtr;
use crate::metrics::{Evaluation, buffers};
use crate::rvq::Rvq;
use crate::text::t;

/// The weight of every code, layer by layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// By layer and code: frames that chose it, or its EMA cluster size.
    pub layers: Vec<Vec<f64>>,
    /// Their sums.
    pub totals: Vec<f64>,
    /// Whether they are EMA cluster sizes.
    pub is_ema: bool,
}

/// What weights are made of.
#[derive(Clone, PartialEq)]
pub enum Source {
    /// Frames that were counted.
    Frames(ByPtr<Evaluation>),
    /// The EMA state of a quantizer.
    Ema(ByPtr<Rvq>),
}

impl Source {
    /// The frames of `evaluation`, or else the EMA state of `rvq`; none where there is neither.
    #[must_use]
    pub fn find(evaluation: Option<&Arc<Evaluation>>, rvq: Option<&Arc<Rvq>>) -> Option<Self> {
        if let Some(evaluation) = evaluation {
            return Some(Self::Frames(ByPtr(evaluation.clone())));
        }
        let rvq = rvq.filter(|rvq| rvq.layers().iter().any(|layer| buffers::has_ema(&layer.codebook)));
        rvq.map(|rvq| Self::Ema(ByPtr(rvq.clone())))
    }

    /// The weights.
    #[must_use]
    pub fn weights(&self) -> Arc<Weights> {
        let layers: Vec<Vec<f64>> = match self {
            Self::Frames(ByPtr(evaluation)) => {
                let counts =
                    |layer: &crate::metrics::LayerTally| layer.counts.iter().map(|&n| n as f64).collect();
                evaluation.layers.iter().map(counts).collect()
            }
            Self::Ema(ByPtr(rvq)) => {
                // Averages may fall a little below zero in files that were edited.
                let sizes = |layer: &crate::rvq::Layer| {
                    layer.codebook.cluster_size().iter().map(|&c| c.max(0.0)).collect()
                };
                rvq.layers().iter().map(sizes).collect()
            }
        };
        let totals = layers.iter().map(|layer| layer.iter().sum()).collect();
        Arc::new(Weights { layers, totals, is_ema: matches!(self, Self::Ema(_)) })
    }
}

impl Weights {
    /// A layer's weights; none for one that is not there.
    #[must_use]
    pub fn layer(&self, layer: usize) -> &[f64] {
        self.layers.get(layer).map_or(&[], Vec::as_slice)
    }

    /// Their sum.
    #[must_use]
    pub fn total(&self, layer: usize) -> f64 {
        self.totals.get(layer).copied().unwrap_or(0.0)
    }

    /// What one weight is called.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        if self.is_ema { t!("usage-cluster-size") } else { t!("word-frames") }
    }
}

/// Weights from the greatest to the least.
#[must_use]
pub fn sorted(weights: &[f64]) -> Vec<f64> {
    let mut sorted = weights.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted
}

/// The place of a code that has weight, from 1; among codes of the same, those of lower number come first.
#[must_use]
pub fn rank_of(weights: &[f64], code: usize) -> Option<usize> {
    let own = *weights.get(code).filter(|&&weight| weight > 0.0)?;
    let before = |(other, &weight): (usize, &f64)| weight > own || (weight == own && other < code);
    Some(1 + weights.iter().enumerate().filter(|&(other, weight)| before((other, weight))).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_the_rank_at_which_sorting_puts_it() {
        let weights = [3.0, 9.0, 0.0, 3.0];
        assert_eq!(sorted(&weights), [9.0, 3.0, 3.0, 0.0]);
        let ranks = [0, 1, 2, 3].map(|code| rank_of(&weights, code));
        assert_eq!(ranks, [Some(2), Some(1), None, Some(3)]);
    }
}
