//! The scalars of every step of a training, layer by layer.

use ndarray::{Array2, ArrayView1};

use crate::rvq::RvqError;
use crate::text::msg;

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
    HeldOutMse,
}

impl Series {
    /// Every scalar.
    pub const ALL: [Self; 9] = [
        Self::Loss,
        Self::Mse,
        Self::Perplexity,
        Self::Used,
        Self::BelowThreshold,
        Self::Replaced,
        Self::Drift,
        Self::DriftAll,
        Self::HeldOutMse,
    ];

    /// The name in files: that of the field.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Mse => "mse",
            Self::Perplexity => "perplexity",
            Self::Used => "used",
            Self::BelowThreshold => "below_threshold",
            Self::Replaced => "replaced",
            Self::Drift => "drift",
            Self::DriftAll => "drift_all",
            Self::HeldOutMse => "held_out_mse",
        }
    }
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
    held_out_mse: Vec<f64>,
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

    /// Forgets the steps after `step`: what is left is the history as it was when `step` had been taken.
    pub fn truncate_after(&mut self, step: u64) {
        let kept = self.steps.partition_point(|&s| s <= step);
        self.steps.truncate(kept);
        for columns in &mut self.layers {
            columns.all_mut().into_iter().for_each(|column| column.truncate(kept));
        }
        // A layer that only later steps trained was not there yet.
        while self.layers.last().is_some_and(|columns| columns.used.iter().all(|used| used.is_nan())) {
            self.layers.pop();
        }
    }

    /// Every scalar over steps and layers, each `(num_steps, num_layers)`, in the order of [`Series::ALL`].
    #[must_use]
    pub fn columns(&self) -> Vec<(Series, Array2<f64>)> {
        let matrix = |series| {
            let mut matrix = Array2::zeros((self.len(), self.num_layers()));
            for (mut column, layer) in matrix.columns_mut().into_iter().zip(&self.layers) {
                column.assign(&ArrayView1::from(layer.of(series)));
            }
            (series, matrix)
        };
        Series::ALL.map(matrix).into()
    }

    /// The history that [`steps`](Self::steps) and [`columns`](Self::columns) were taken of.
    ///
    /// # Errors
    /// Steps do not ascend, a scalar is missing or there twice, or one has another number of steps or layers.
    pub fn from_columns(steps: Vec<u64>, columns: &[(Series, Array2<f64>)]) -> Result<Self, RvqError> {
        if !steps.is_sorted_by(|a, b| a < b) {
            return Err(RvqError::Shape(msg!("err-history-steps")));
        }
        let num_layers = columns.first().map_or(0, |(_, matrix)| matrix.ncols());
        if steps.is_empty() && num_layers > 0 {
            return Err(RvqError::Shape(msg!("err-history-no-step", layers = num_layers)));
        }
        let mut layers = vec![Columns::default(); num_layers];
        for series in Series::ALL {
            let mut all = columns.iter().filter(|(other, _)| *other == series);
            let (Some((_, matrix)), None) = (all.next(), all.next()) else {
                return Err(RvqError::Shape(msg!("err-history-series", series = series.key())));
            };
            if matrix.dim() != (steps.len(), num_layers) {
                return Err(RvqError::Shape(msg!(
                    "err-history-shape",
                    series = series.key(),
                    steps = matrix.nrows(),
                    layers = matrix.ncols(),
                    own = steps.len(),
                    own_layers = num_layers,
                )));
            }
            for (layer, column) in layers.iter_mut().zip(matrix.columns()) {
                layer.of_mut(series).extend(column);
            }
        }
        Ok(Self { steps, layers })
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
        self.held_out_mse.push(of(|s| s.held_out_mse.unwrap_or(f64::NAN)));
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
            Series::HeldOutMse => &self.held_out_mse,
        }
    }

    fn of_mut(&mut self, series: Series) -> &mut Vec<f64> {
        match series {
            Series::Loss => &mut self.loss,
            Series::Mse => &mut self.mse,
            Series::Perplexity => &mut self.perplexity,
            Series::Used => &mut self.used,
            Series::BelowThreshold => &mut self.below_threshold,
            Series::Replaced => &mut self.replaced,
            Series::Drift => &mut self.drift,
            Series::DriftAll => &mut self.drift_all,
            Series::HeldOutMse => &mut self.held_out_mse,
        }
    }

    fn all_mut(&mut self) -> [&mut Vec<f64>; 9] {
        let Self { loss, mse, perplexity, used, below_threshold, replaced, drift, drift_all, held_out_mse } =
            self;
        [loss, mse, perplexity, used, below_threshold, replaced, drift, drift_all, held_out_mse]
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

    /// A history with gaps, as quantizer dropout makes them; every value is another.
    fn with_gaps() -> History {
        let mut history = History::default();
        for (n, num_layers) in [(4, 1), (5, 2), (9, 1), (10, 3)] {
            let layer = |l: u64| {
                let of = |k: u32| 100.0 * n as f64 + 10.0 * l as f64 + f64::from(k);
                LayerStep {
                    loss: of(0),
                    mse: of(1),
                    perplexity: of(2),
                    used: of(3) as u32,
                    below_threshold: of(4) as u32,
                    replaced: of(5) as u32,
                    drift: of(6),
                    drift_all: of(7),
                    misassigned: None,
                    held_out_mse: (n != 5).then(|| of(8)),
                }
            };
            history.push(&StepRecord { step: n, layers: (0..num_layers).map(layer).collect() });
        }
        history
    }

    fn bits(history: &History) -> Vec<Vec<u64>> {
        let of = |series| {
            let layers = 0..history.num_layers();
            layers
                .map(|l| history.series(l, series).iter().map(|v| v.to_bits()).collect())
                .collect::<Vec<_>>()
        };
        Series::ALL.into_iter().flat_map(of).chain([history.steps().to_vec()]).collect()
    }

    #[test]
    fn taken_apart_and_put_together_it_is_the_same_to_the_bit() {
        for history in [with_gaps(), History::default()] {
            let columns = history.columns();
            assert_eq!(columns.len(), Series::ALL.len());
            let again = History::from_columns(history.steps().to_vec(), &columns).unwrap();
            assert_eq!(bits(&again), bits(&history));
            assert_eq!(again.num_layers(), history.num_layers());
        }
        let (series, used) = &with_gaps().columns()[3];
        assert_eq!((*series, used.dim()), (Series::Used, (4, 3)));
        assert!(used[[0, 1]].is_nan() && used[[3, 2]] == 1023.0, "{used}");
    }

    #[test]
    fn what_is_no_history_is_refused() {
        let history = with_gaps();
        let (steps, columns) = (history.steps().to_vec(), history.columns());
        let refused = |steps: &[u64], columns: &[(Series, Array2<f64>)]| {
            assert!(matches!(History::from_columns(steps.to_vec(), columns), Err(RvqError::Shape(_))));
        };
        refused(&[4, 5, 9], &columns);
        refused(&[4, 5, 5, 10], &columns);
        refused(&[4, 9, 5, 10], &columns);
        refused(&steps, &columns[1..]);
        refused(&steps, &[]);
        refused(&steps, &[columns.clone(), columns[..1].to_vec()].concat());
        let wide = Series::ALL.map(|series| (series, Array2::zeros((0, 1 << 40))));
        refused(&[], &wide);
        for ragged in [(4, 2), (3, 3), (0, 0)] {
            for n in [0, 7] {
                let mut columns = columns.clone();
                columns[n].1 = Array2::zeros(ragged);
                refused(&steps, &columns);
            }
        }
    }

    #[test]
    fn cut_off_it_is_as_it_was_then() {
        let whole = with_gaps();
        let mut so_far = History::default();
        for cut in 0..12 {
            let mut short = whole.clone();
            short.truncate_after(cut);
            if let Some(at) = whole.steps().iter().position(|&step| step == cut) {
                let layer = |l: usize| {
                    let of = |series| whole.series(l, series)[at];
                    LayerStep {
                        loss: of(Series::Loss),
                        mse: of(Series::Mse),
                        perplexity: of(Series::Perplexity),
                        used: of(Series::Used) as u32,
                        below_threshold: of(Series::BelowThreshold) as u32,
                        replaced: of(Series::Replaced) as u32,
                        drift: of(Series::Drift),
                        drift_all: of(Series::DriftAll),
                        misassigned: None,
                        held_out_mse: Some(of(Series::HeldOutMse)).filter(|mse| mse.is_finite()),
                    }
                };
                let trained = (0..3).filter(|&l| whole.series(l, Series::Used)[at].is_finite());
                so_far.push(&StepRecord { step: cut, layers: trained.map(layer).collect() });
            }
            assert_eq!(bits(&short), bits(&so_far), "after step {cut}");
        }
    }
}
