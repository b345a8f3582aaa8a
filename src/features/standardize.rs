//! Centring and scaling of features, in the one way that leaves the codes alone.
//!
//! Each dimension is centred; all dimensions are divided by *one* common standard deviation. A shift and a common factor
//! multiply every squared distance by the same number, so the nearest code stays the nearest: a codebook trained on
//! standardized features and saved in input units encodes the input to the same codes. A factor for each dimension would
//! weigh some dimensions more than others, and what was nearest in one unit need not be nearest in the other.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView2};

use super::{FeatureError, FeatureMatrix};
use crate::text::msg;

/// A shift for each dimension and one scale for all: `z = (x - mean) / scale`.
#[derive(Debug, Clone, PartialEq)]
pub struct Standardizer {
    /// The mean of each dimension, `(dim)`, in input units.
    pub mean: Vec<f64>,
    /// The common standard deviation, in input units; above 0.
    pub scale: f64,
}

impl Standardizer {
    /// Mean and scale of the rows of `view`, `(num_frames, dim)`, that lie in `ranges`: those that are trained on.
    ///
    /// `scale = sqrt(mean over frames and dimensions of (x - mean)^2)`, in f64. Where that is 0 (constant features) or there
    /// is no row, the scale is 1; without rows the mean is 0.
    #[must_use]
    pub fn fit(view: ArrayView2<'_, f32>, ranges: &[Range<usize>]) -> Self {
        let (num_frames, dim) = view.dim();
        let rows = || ranges.iter().flat_map(Clone::clone).take_while(|&row| row < num_frames);
        let count = rows().count().max(1) as f64;

        let mut mean = vec![0.0_f64; dim];
        for row in rows() {
            for (sum, &value) in mean.iter_mut().zip(view.row(row)) {
                *sum += f64::from(value);
            }
        }
        for sum in &mut mean {
            *sum /= count;
        }

        let mut sq_deviation = 0.0_f64;
        for row in rows() {
            let squares =
                view.row(row).into_iter().zip(&mean).map(|(&v, mean)| (f64::from(v) - mean).powi(2));
            sq_deviation += squares.sum::<f64>();
        }
        let deviation = (sq_deviation / (count * dim.max(1) as f64)).sqrt();
        let scale = if deviation > 0.0 { deviation } else { 1.0 };
        Self { mean, scale }
    }

    /// The standardized features, `(num_frames, dim)`.
    ///
    /// # Errors
    /// The dimension is not the one that was fitted, or a value leaves the range of f32 (far outside of what was fitted).
    pub fn apply(&self, features: &FeatureMatrix) -> Result<FeatureMatrix, FeatureError> {
        if features.dim() != self.mean.len() {
            let name = msg!("features-the-matrix");
            return Err(FeatureError::Dim { name, dim: features.dim(), expected: self.mean.len() });
        }
        let mut values = features.view().to_owned();
        for mut row in values.rows_mut() {
            for (value, mean) in row.iter_mut().zip(&self.mean) {
                *value = ((f64::from(*value) - mean) / self.scale) as f32;
            }
        }
        FeatureMatrix::new(values)
    }

    /// Brings codebook rows, `(num_codes, dim)`, of layer `layer_idx` back to input units, in place.
    ///
    /// A reconstruction is the sum of one row of each layer, so the mean must come back once: with layer 0. The rows of
    /// deeper layers stand for differences and are scaled only.
    pub fn restore_rows(&self, layer_idx: usize, rows: &mut Array2<f32>) {
        for mut row in rows.rows_mut() {
            for (value, mean) in row.iter_mut().zip(&self.mean) {
                let shift = if layer_idx == 0 { *mean } else { 0.0 };
                *value = (f64::from(*value) * self.scale + shift) as f32;
            }
        }
    }

    /// Brings EMA sums, `(num_codes, dim)`, of layer `layer_idx` back to input units, in place: a sum of `sizes[k]` frames holds the mean
    /// `sizes[k]` times.
    pub fn restore_sums(&self, layer_idx: usize, sums: &mut Array2<f64>, sizes: &Array1<f64>) {
        for (mut row, &size) in sums.rows_mut().into_iter().zip(sizes) {
            for (value, mean) in row.iter_mut().zip(&self.mean) {
                let shift = if layer_idx == 0 { *mean * size } else { 0.0 };
                *value = *value * self.scale + shift;
            }
        }
    }

    /// The standardizer that undoes this one: what it restores are standardized rows.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { mean: self.mean.iter().map(|m| -m / self.scale).collect(), scale: 1.0 / self.scale }
    }

    /// A squared error of standardized features in squared input units: times `scale^2`.
    #[must_use]
    pub fn restore_sq_error(&self, sq_error: f64) -> f64 {
        sq_error * self.scale * self.scale
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Axis, concatenate, s};

    use super::*;
    use crate::features::article_example;

    /// Uniform features whose dimensions have means and spreads of their own.
    fn features() -> FeatureMatrix {
        let mut values = article_example(1).matrix.view().to_owned();
        for (d, mut column) in values.columns_mut().into_iter().enumerate() {
            column.mapv_inplace(|v| v * (d + 1) as f32 - 5.0 * d as f32);
        }
        FeatureMatrix::new(values).unwrap()
    }

    fn sq_distance(m: &FeatureMatrix, i: usize, j: usize) -> f64 {
        (&m.view().row(i) - &m.view().row(j)).mapv(f64::from).pow2().sum()
    }

    #[test]
    fn the_fitted_rows_get_mean_0_and_one_common_deviation() {
        let features = features();
        let z = Standardizer::fit(features.view(), &[0..400, 600..1000]).apply(&features).unwrap();
        let fitted = concatenate![Axis(0), z.view().slice(s![..400, ..]), z.view().slice(s![600.., ..])];
        let fitted = fitted.mapv(f64::from);
        let means: Array1<f64> = fitted.mean_axis(Axis(0)).unwrap();
        assert!(means.iter().all(|mean| mean.abs() < 1e-6), "{means}");
        assert!((fitted.pow2().mean().unwrap() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn every_squared_distance_changes_by_the_same_factor() {
        let features = features();
        let standardizer = Standardizer::fit(features.view(), &[0..700]);
        let z = standardizer.apply(&features).unwrap();
        for i in 1..200 {
            let restored = standardizer.restore_sq_error(sq_distance(&z, 0, i));
            assert!((restored / sq_distance(&features, 0, i) - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn rows_of_all_layers_add_up_in_input_units() {
        let features = features();
        let standardizer = Standardizer::fit(features.view(), &[0..1000]);
        let third = standardizer.apply(&features).unwrap().view().mapv(|v| v / 3.0);
        let mut sum = Array2::<f32>::zeros(third.dim());
        for layer_idx in 0..3 {
            let mut rows = third.clone();
            standardizer.restore_rows(layer_idx, &mut rows);
            sum += &rows;
        }
        assert!((&sum - &features.view()).iter().all(|err| err.abs() < 1e-4));
    }

    #[test]
    fn constant_features_and_no_rows_have_scale_1() {
        let constant = FeatureMatrix::new(Array2::from_elem((5, 3), 7.5)).unwrap();
        let fitted = Standardizer::fit(constant.view(), &[0..5, 5..9]);
        assert_eq!(fitted, Standardizer { mean: vec![7.5; 3], scale: 1.0 });
        assert_eq!(fitted.apply(&constant).unwrap().view(), Array2::<f32>::zeros((5, 3)));
        let unfitted = Standardizer::fit(constant.view(), &[]);
        assert_eq!(unfitted, Standardizer { mean: vec![0.0; 3], scale: 1.0 });
    }

    #[test]
    fn features_of_another_dimension_are_refused() {
        let fitted = Standardizer { mean: vec![0.0; 3], scale: 1.0 };
        let other = FeatureMatrix::new(Array2::zeros((2, 4))).unwrap();
        assert!(matches!(fitted.apply(&other), Err(FeatureError::Dim { dim: 4, expected: 3, .. })));
    }
}
