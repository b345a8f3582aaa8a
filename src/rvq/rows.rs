//! Vectors row by row in memory: what the kernels take, and the arithmetic on them that layers share.

use std::borrow::Cow;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

/// `(num_rows, dim)` numbers, one row behind the other: borrowed, or their own.
///
/// An array may lie in memory in any order, and asking it for a slice may fail. Here it cannot: where the order is another, the rows are copied as
/// they come in, so that no kernel has to say what it does without its input.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows<'a> {
    values: Cow<'a, [f32]>,
    num_rows: usize,
    dim: usize,
}

/// Rows that one task subtracts or adds up. Sums are added block by block in order, so that they are the same bits on any number of threads.
const BLOCK_ROWS: usize = 256;

impl<'a> Rows<'a> {
    /// The rows of `view`, `(num_rows, dim)`; copied only where they lie otherwise in memory.
    pub(crate) fn of(view: ArrayView2<'a, f32>) -> Self {
        let (num_rows, dim) = view.dim();
        let values = match view.to_slice() {
            Some(values) => Cow::Borrowed(values),
            None => Cow::Owned(view.iter().copied().collect()),
        };
        Self { values, num_rows, dim }
    }

    /// Rows of `dim` numbers that stand in `values` one behind the other; the last must be whole.
    pub(crate) fn new(values: &'a [f32], dim: usize) -> Self {
        let num_rows = values.len() / dim.max(1);
        assert_eq!(num_rows * dim, values.len(), "rows of {dim} numbers"); // not a text
        Self { values: Cow::Borrowed(values), num_rows, dim }
    }

    /// Rows of `dim` numbers that stand in `values` one behind the other; what does not fill a row is left out.
    pub(crate) fn owned(mut values: Vec<f32>, dim: usize) -> Rows<'static> {
        let num_rows = values.len() / dim.max(1);
        values.truncate(num_rows * dim);
        Rows { values: Cow::Owned(values), num_rows, dim }
    }

    pub(crate) fn num_rows(&self) -> usize {
        self.num_rows
    }

    pub(crate) fn dim(&self) -> usize {
        self.dim
    }

    /// All numbers, row by row.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    pub(crate) fn row(&self, row_idx: usize) -> &[f32] {
        &self.values[row_idx * self.dim..][..self.dim]
    }

    /// Becomes `num_rows` rows of `dim` numbers in the memory that it has, and gives them to be written.
    pub(crate) fn reshaped(&mut self, num_rows: usize, dim: usize) -> &mut [f32] {
        (self.num_rows, self.dim) = (num_rows, dim);
        let values = self.values.to_mut();
        values.resize(num_rows * dim, 0.0);
        values
    }

    /// All numbers, row by row, to be changed.
    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        self.values.to_mut()
    }

    /// As an array, `(num_rows, dim)`.
    pub(crate) fn view(&self) -> ArrayView2<'_, f32> {
        match ArrayView2::from_shape((self.num_rows, self.dim), &self.values) {
            Ok(view) => view,
            // Every way to make rows sees to it.
            Err(err) => unreachable!("{} x {} numbers: {err}", self.num_rows, self.dim),
        }
    }

    /// Takes the rows `indices` of `frames` in place of its own, reusing its memory.
    pub(crate) fn gather(&mut self, frames: ArrayView2<'_, f32>, indices: &[u32]) {
        let (num_rows, dim) = (indices.len(), frames.ncols());
        let values = self.reshaped(num_rows, dim);
        let blocks = values.par_chunks_mut(BLOCK_ROWS * dim.max(1)).zip(indices.par_chunks(BLOCK_ROWS));
        blocks.for_each(|(block, indices)| {
            for (row, &index) in block.chunks_exact_mut(dim.max(1)).zip(indices) {
                match frames.row(index as usize).to_slice() {
                    Some(frame) => row.copy_from_slice(frame),
                    None => row.iter_mut().zip(frames.row(index as usize)).for_each(|(v, &x)| *v = x),
                }
            }
        });
    }

    /// The largest absolute value; 0 of none.
    pub(crate) fn largest(&self) -> f32 {
        self.values.iter().fold(0.0, |most, v| most.max(v.abs()))
    }

    /// The mean of every `stride` rows; the last mean is over what rows there are.
    ///
    /// SNAC pads its audio so that the frames fill every stride. Frames that were made elsewhere may not, and then the rows at the end stand for
    /// the missing ones.
    pub(super) fn pooled(&self, stride: usize) -> Rows<'static> {
        let dim = self.dim.max(1);
        let num_rows = self.num_rows.div_ceil(stride.max(1));
        let mut means = Vec::with_capacity(num_rows * dim);
        let mut sums = vec![0f64; dim];
        for group in self.values.chunks(stride.max(1) * dim) {
            sums.fill(0.0);
            for row in group.chunks_exact(dim) {
                sums.iter_mut().zip(row).for_each(|(sum, &v)| *sum += f64::from(v));
            }
            let rows = (group.len() / dim).max(1) as f64;
            means.extend(sums.iter().map(|sum| (sum / rows) as f32));
        }
        Rows { values: Cow::Owned(means), num_rows, dim: self.dim }
    }
}

impl From<Array2<f32>> for Rows<'_> {
    fn from(array: Array2<f32>) -> Self {
        let (num_rows, dim) = array.dim();
        let len = num_rows * dim;
        let values = if array.is_standard_layout() {
            // An array that was cut out of a larger one still has all of its memory.
            match array.into_raw_vec_and_offset() {
                (values, _) if values.len() == len => values,
                (values, offset) => values[offset.unwrap_or(0)..][..len].to_vec(),
            }
        } else {
            array.iter().copied().collect()
        };
        Self { values: Cow::Owned(values), num_rows, dim }
    }
}

/// `sum ||r_n||²` over all frames, added up in f64 by fixed blocks.
pub(crate) fn energy(residual: ArrayView2<'_, f32>) -> f64 {
    let rows = Rows::of(residual);
    let blocks: Vec<f64> = rows
        .values()
        .par_chunks(BLOCK_ROWS * rows.dim.max(1))
        .map(|block| block.iter().map(|&v| f64::from(v) * f64::from(v)).sum())
        .collect();
    blocks.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{array, s};

    #[test]
    fn rows_are_the_same_however_the_array_lies_in_memory() {
        let array = array![[1f32, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let turned = array![[1f32, 4.0], [2.0, 5.0], [3.0, 6.0]].reversed_axes();
        assert!(!turned.is_standard_layout());
        let wide = array![[0f32, 1.0, 2.0, 3.0], [0.0, 4.0, 5.0, 6.0]];
        let tall = array![[0f32, 0.0, 0.0], [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        for rows in [
            Rows::of(array.view()),
            Rows::of(turned.view()),
            Rows::of(wide.slice(s![.., 1..])),
            Rows::from(array.clone()),
            Rows::from(turned.clone()),
            Rows::from(tall.clone().slice_move(s![1.., ..])),
            Rows::new(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3),
        ] {
            assert_eq!((rows.num_rows(), rows.dim()), (2, 3));
            assert_eq!(rows.values(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
            assert_eq!(rows.row(1), [4.0, 5.0, 6.0]);
            assert_eq!(rows.view(), array);
            assert_eq!(energy(rows.view()), 91.0);
        }
        assert_eq!(energy(turned.view()), 91.0);
        assert!(matches!(Rows::of(array.view()).values, Cow::Borrowed(_)), "nothing is copied without need");
        let mut gathered = Rows::default();
        for frames in [array.view(), turned.view()] {
            gathered.gather(frames, &[1, 1, 0]);
            assert_eq!(gathered.values(), [4.0, 5.0, 6.0, 4.0, 5.0, 6.0, 1.0, 2.0, 3.0]);
        }
        assert_eq!(gathered.subtract(&Rows::from(turned), &[1, 0, 0]), 27.0);
        assert_eq!(gathered.view(), array![[0f32, 0.0, 0.0], [3.0, 3.0, 3.0], [0.0, 0.0, 0.0]]);
        let pooled = Rows::of(array.view()).pooled(3);
        assert_eq!(pooled.view(), array![[2.5f32, 3.5, 4.5]]);
    }
}
