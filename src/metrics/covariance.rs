//! The covariance of rows, in f64 and with the same bits on any number of threads.

use nalgebra::DMatrix;
use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;

/// The mean of rows and their covariance about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariance {
    /// Rows that were looked at.
    pub rows: usize,
    /// Their mean, `(dim)`.
    pub mean: Vec<f64>,
    /// `sum (x - mean)(x - mean)^T / rows`, `(dim, dim)`.
    pub matrix: Array2<f64>,
}

/// Rows that are held in f64 at a time.
const CHUNK_ROWS: usize = 4096;

/// Columns of the result that one task works out: no sum is shared between tasks.
const BLOCK_COLUMNS: usize = 64;

impl Covariance {
    /// Of `rows`, `(num_rows, dim)`, in `O(num_rows dim²)` time and `O(dim²)` memory.
    #[must_use]
    pub fn of(rows: &ArrayView2<'_, f32>) -> Self {
        let (num_rows, dim) = rows.dim();
        let count = num_rows.max(1) as f64;
        let mut mean = vec![0.0; dim];
        for row in rows.rows() {
            mean.iter_mut().zip(row).for_each(|(sum, &v)| *sum += f64::from(v));
        }
        mean.iter_mut().for_each(|sum| *sum /= count);
        let mut columns: Vec<Array2<f64>> = (0..dim)
            .step_by(BLOCK_COLUMNS)
            .map(|start| {
                let end = (start + BLOCK_COLUMNS).min(dim);
                // The matrix is symmetric: what lies below the block is another block's, mirrored.
                Array2::zeros((end, end - start))
            })
            .collect();
        for first in (0..num_rows).step_by(CHUNK_ROWS) {
            let chunk = rows.slice(s![first..(first + CHUNK_ROWS).min(num_rows), ..]);
            let mut centred = chunk.mapv(f64::from);
            for mut row in centred.rows_mut() {
                row.iter_mut().zip(&mean).for_each(|(v, m)| *v -= m);
            }
            columns.par_iter_mut().enumerate().for_each(|(nth, block)| {
                let (start, end) = (nth * BLOCK_COLUMNS, block.nrows());
                *block += &centred.slice(s![.., ..end]).t().dot(&centred.slice(s![.., start..end]));
            });
        }
        let mut matrix = Array2::zeros((dim, dim));
        for (nth, block) in columns.iter().enumerate() {
            let start = nth * BLOCK_COLUMNS;
            for ((row, column), &sum) in block.indexed_iter() {
                matrix[[row, start + column]] = sum / count;
                matrix[[start + column, row]] = sum / count;
            }
        }
        Self { rows: num_rows, mean, matrix }
    }

    /// `sum l`, the sum of the eigenvalues: the variance in all dimensions together.
    #[must_use]
    pub fn trace(&self) -> f64 {
        self.matrix.diag().sum()
    }

    /// `(sum l)² / sum l²` over the eigenvalues; `None` where nothing varies.
    #[must_use]
    pub fn participation_ratio(&self) -> Option<f64> {
        // The squares of the eigenvalues add up to those of all elements, so that no eigenvalue has to be found.
        let squares: f64 = self.matrix.iter().map(|v| v * v).sum();
        (squares > 0.0).then(|| self.trace().powi(2) / squares)
    }

    /// Every eigenvalue, the largest first, none below zero.
    #[must_use]
    pub fn eigenvalues(&self) -> Vec<f64> {
        let dim = self.matrix.nrows();
        let matrix = DMatrix::from_iterator(dim, dim, self.matrix.iter().copied());
        let mut values: Vec<f64> = matrix.symmetric_eigenvalues().iter().map(|v| v.max(0.0)).collect();
        values.sort_unstable_by(|a, b| b.total_cmp(a));
        values
    }

    /// The `count` axes of the largest variance, each `(dim)` with its eigenvalue, the largest first.
    ///
    /// By orthogonal iteration with more axes than asked for, from a fixed start: close enough for a picture where eigenvalues lie together, and
    /// far cheaper than all of them. An axis points to where its largest component is positive.
    #[must_use]
    pub fn leading_axes(&self, count: usize) -> Vec<(f64, Vec<f64>)> {
        const SPARE: usize = 8;
        const ROUNDS: usize = 60;
        let dim = self.matrix.nrows();
        let width = (count + SPARE).min(dim);
        // Any start does that is not orthogonal to an axis; these waves are not, whatever the dimension.
        let mut basis = DMatrix::from_fn(dim, width, |row, column| {
            (1.0 + row as f64 * (0.7 + 1.3 * column as f64)).sin()
        });
        let matrix = DMatrix::from_iterator(dim, dim, self.matrix.iter().copied());
        for _ in 0..ROUNDS {
            basis = (&matrix * basis).qr().q();
        }
        let small = basis.transpose() * &matrix * &basis;
        let eigen = small.symmetric_eigen();
        let mut order: Vec<usize> = (0..width).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]).then(a.cmp(&b)));
        let axis = |&nth: &usize| {
            let axis = &basis * eigen.eigenvectors.column(nth);
            let largest = axis.iter().fold(0.0f64, |most, &v| if v.abs() > most.abs() { v } else { most });
            let sign = if largest < 0.0 { -1.0 } else { 1.0 };
            (eigen.eigenvalues[nth].max(0.0), axis.iter().map(|v| v * sign).collect())
        };
        order.iter().take(count).map(axis).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{self, Purpose};

    /// Rows whose dimensions have unlike variances and depend on one another.
    fn rows(num_rows: usize, dim: usize) -> Array2<f32> {
        let mut rng = random::stream(3, Purpose::Data, 0);
        let mut rows = Array2::from_shape_fn((num_rows, dim), |(_, d)| {
            ((random::unit(&mut rng) - 0.5) * 8.0 / (d + 1) as f64 + 3.0) as f32
        });
        for mut row in rows.rows_mut() {
            let last = row.len() - 1;
            row[last] += row[0] * 0.5;
        }
        rows
    }

    #[test]
    fn it_is_what_the_definition_says() {
        let rows = rows(5000, 70);
        let found = Covariance::of(&rows.view());
        for (a, b) in [(0, 0), (0, 69), (69, 0), (3, 64), (65, 66)] {
            let product = |row: ndarray::ArrayView1<'_, f32>| {
                (f64::from(row[a]) - found.mean[a]) * (f64::from(row[b]) - found.mean[b])
            };
            let wanted = rows.rows().into_iter().map(product).sum::<f64>() / 5000.0;
            assert!((found.matrix[[a, b]] - wanted).abs() < 1e-9, "{a} {b}");
        }
    }

    #[test]
    fn leading_axes_are_those_of_the_full_decomposition() {
        let found = Covariance::of(&rows(3000, 40).view());
        let values = found.eigenvalues();
        assert!((values.iter().sum::<f64>() - found.trace()).abs() < 1e-9);
        let squares: f64 = values.iter().map(|v| v * v).sum();
        assert!((found.participation_ratio().unwrap() - found.trace().powi(2) / squares).abs() < 1e-9);
        for ((value, axis), wanted) in found.leading_axes(2).into_iter().zip(&values) {
            assert!((value - wanted).abs() < 1e-6 * wanted, "{value} {wanted}");
            let axis = ndarray::Array1::from(axis);
            let left = found.matrix.dot(&axis) - &axis * value;
            assert!(left.dot(&left).sqrt() < 1e-4 * wanted);
        }
    }

    #[test]
    fn rows_that_are_all_the_same_have_no_axes_to_speak_of() {
        let found = Covariance::of(&Array2::from_elem((9, 3), 4.0f32).view());
        assert_eq!((found.trace(), found.participation_ratio()), (0.0, None));
        assert_eq!(found.leading_axes(2).len(), 2);
        assert_eq!(Covariance::of(&Array2::from_elem((4, 1), 1.0f32).view()).leading_axes(2).len(), 1);
    }
}
