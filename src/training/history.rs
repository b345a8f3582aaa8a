//! The scalars of every step of a training, layer by layer.

use super::{LayerStep, StepRecord};

/// One scalar of one layer over the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the field of the same name")]
pub enum Series {
    Loss,
    Mse,
    Perplexity,
    Used,
    BelowThreshold,
    Replaced,
    Drift,
    DriftAll,
}

/// Every step's scalars. Steps count up from the first one kept; a layer that a step left out has NaN there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    steps: Vec<u64>,
    layers: Vec<Columns>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Columns {
    loss: Vec<f64>,
    mse: Vec<f64>,
    perplexity: Vec<f64>,
    used: Vec<f64>,
    below_threshold: Vec<f64>,
    replaced: Vec<f64>,
    drift: Vec<f64>,
    drift_all: Vec<f64>,
}

impl History {
    /// Adds a step.
    pub fn push(&mut self, record: &StepRecord) {
        let before = self.steps.len();
        self.steps.push(record.step);
        while self.layers.len() < record.layers.len() {
            let mut columns = Columns::default();
            columns.all_mut().into_iter().for_each(|column| column.resize(before, f64::NAN));
            self.layers.push(columns);
        }
        for (layer_idx, columns) in self.layers.iter_mut().enumerate() {
            columns.push(record.layers.get(layer_idx));
        }
    }

    /// The steps, ascending.
    #[must_use]
    pub fn steps(&self) -> &[u64] {
        &self.steps
    }

    /// How many layers there are scalars of.
    #[must_use]
    pub fn num_layers(&self) -> usize {
        self.layers.len()
    }

    /// How many steps there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is no step yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// One scalar of one layer, one value a step; empty for a layer that is not there.
    #[must_use]
    pub fn series(&self, layer_idx: usize, series: Series) -> &[f64] {
        self.layers.get(layer_idx).map_or(&[], |columns| columns.of(series))
    }
}

impl History {
    /// The last value that a layer had.
    #[must_use]
    pub fn last(&self, layer_idx: usize, series: Series) -> Option<f64> {
        self.series(layer_idx, series).iter().rev().copied().find(|v| v.is_finite())
    }
}

impl Columns {
    fn push(&mut self, step: Option<&LayerStep>) {
        let of = |f: fn(&LayerStep) -> f64| step.map_or(f64::NAN, f);
        self.loss.push(of(|s| s.loss));
        self.mse.push(of(|s| s.mse));
        self.perplexity.push(of(|s| s.perplexity));
        self.used.push(of(|s| f64::from(s.used)));
        self.below_threshold.push(of(|s| f64::from(s.below_threshold)));
        self.replaced.push(of(|s| f64::from(s.replaced)));
        self.drift.push(of(|s| s.drift));
        self.drift_all.push(of(|s| s.drift_all));
    }

    fn of(&self, series: Series) -> &[f64] {
        match series {
            Series::Loss => &self.loss,
            Series::Mse => &self.mse,
            Series::Perplexity => &self.perplexity,
            Series::Used => &self.used,
            Series::BelowThreshold => &self.below_threshold,
            Series::Replaced => &self.replaced,
            Series::Drift => &self.drift,
            Series::DriftAll => &self.drift_all,
        }
    }

    fn all_mut(&mut self) -> [&mut Vec<f64>; 8] {
        let Self { loss, mse, perplexity, used, below_threshold, replaced, drift, drift_all } = self;
        [loss, mse, perplexity, used, below_threshold, replaced, drift, drift_all]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: u64, losses: &[f64]) -> StepRecord {
        let layer = |&loss| LayerStep { loss, perplexity: 1.0, used: 3, ..LayerStep::default() };
        StepRecord { step, layers: losses.iter().map(layer).collect() }
    }

    #[test]
    fn a_layer_that_a_step_left_out_has_no_value_there() {
        let mut history = History::default();
        history.push(&step(1, &[5.0]));
        history.push(&step(2, &[4.0, 2.0]));
        history.push(&step(3, &[3.0]));
        assert_eq!(history.steps(), [1, 2, 3]);
        assert_eq!(history.series(0, Series::Loss), [5.0, 4.0, 3.0]);
        let second = history.series(1, Series::Loss);
        assert!(second[0].is_nan() && second[1] == 2.0 && second[2].is_nan());
        assert!(history.series(9, Series::Used).is_empty());
    }
}
