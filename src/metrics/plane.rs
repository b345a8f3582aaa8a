//! The plane that a picture of vectors is drawn in.

use ndarray::{ArrayView1, ArrayView2};
use rayon::prelude::*;

use super::covariance::Covariance;

/// The plane of the two axes along which some vectors vary most, about their mean.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plane {
    mean: Vec<f64>,
    /// At most two; vectors of one dimension have one.
    axes: Vec<Vec<f64>>,
    /// The share of the variance along each; `None` where nothing varies.
    pub(super) explained: Option<[f64; 2]>,
}

impl Plane {
    /// The plane of the vectors of this covariance.
    pub(super) fn of(covariance: &Covariance) -> Self {
        let axes = covariance.leading_axes(2);
        let variance = covariance.trace();
        let share = |nth: usize| axes.get(nth).map_or(0.0, |(value, _)| value / variance);
        Self {
            mean: covariance.mean.clone(),
            explained: (variance > 0.0).then(|| [share(0), share(1)]),
            axes: axes.into_iter().map(|(_, axis)| axis).collect(),
        }
    }

    /// Where each of `rows`, `(num_rows, dim)`, lies in it.
    pub(super) fn places(&self, rows: &ArrayView2<'_, f32>) -> Vec<[f64; 2]> {
        (0..rows.nrows()).into_par_iter().map(|row| self.place(rows.row(row))).collect()
    }

    fn place(&self, row: ArrayView1<'_, f32>) -> [f64; 2] {
        let along = |axis: &Vec<f64>| {
            row.iter().zip(&self.mean).zip(axis).map(|((&v, m), a)| (f64::from(v) - m) * a).sum()
        };
        [0, 1].map(|nth| self.axes.get(nth).map_or(0.0, along))
    }
}
