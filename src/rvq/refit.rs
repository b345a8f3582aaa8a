//! Rows by least squares at fixed codes.
//!
//! With the codes of all layers held, the squared error is a quadratic form of the rows: rows of one layer that share no frame are independent,
//! rows of two layers meet wherever a frame chose both. Moving one layer at a time to its own optimum (block Gauss-Seidel) needs no matrix of all
//! rows, and no move raises the error.

use ndarray::{Array2, ArrayView2};

use super::Rows;
use super::code_sums::CodeSums;

/// Frames whose codes are held, what all layers together leave over of them, and the places by which rows are held.
#[derive(Debug)]
pub struct FixedCodes {
    /// By layer.
    codes: Vec<Vec<u32>>,
    /// The rows at the beginning, by layer.
    anchors: Vec<Array2<f32>>,
    /// `(num_frames, dim)`.
    residual: Rows<'static>,
    sums: CodeSums,
}

impl FixedCodes {
    /// Holds `codes`, `(num_layers, num_frames)`, of `frames`, `(num_frames, dim)`; `rows` are those of every layer, in the frames' own space.
    #[must_use]
    pub fn new<'a>(
        frames: ArrayView2<'_, f32>,
        codes: ArrayView2<'_, u32>,
        rows: impl IntoIterator<Item = ArrayView2<'a, f32>>,
    ) -> Self {
        let anchors: Vec<Array2<f32>> = rows.into_iter().map(|rows| rows.to_owned()).collect();
        let codes: Vec<Vec<u32>> = codes.rows().into_iter().map(|codes| codes.to_vec()).collect();
        let mut residual = Rows::from(frames.to_owned());
        for (rows, codes) in anchors.iter().zip(&codes) {
            residual.subtract(&Rows::of(rows.view()), codes);
        }
        Self { codes, anchors, residual, sums: CodeSums::default() }
    }

    /// The rows of layer `layer_idx`, `(num_codes, dim)`, that answer best to what the other layers leave over, and how many frames chose each;
    /// `rows` are those that it has now. What is left over is then under the new rows.
    ///
    /// `e_k = (s_k + ridge a_k) / (n_k + ridge)`, where `n_k` frames chose code k, `s_k` is the sum of what the other layers leave over of them,
    /// and `a_k` is the row at the beginning: so many frames at its old place hold a row, so that rare rows do not follow single frames. A row
    /// that no frame chose stays.
    pub fn move_layer(
        &mut self,
        layer_idx: usize,
        rows: ArrayView2<'_, f32>,
        ridge: f64,
    ) -> (Array2<f32>, &[u32]) {
        let Self { codes, anchors, residual, sums } = self;
        let (Some(codes), Some(anchors)) = (codes.get(layer_idx), anchors.get(layer_idx)) else {
            return (rows.to_owned(), &[]);
        };
        sums.fill(residual.view(), codes, rows.nrows());
        let mut moved = rows.to_owned();
        for (code, mut row) in moved.rows_mut().into_iter().enumerate() {
            let count = f64::from(sums.counts()[code]);
            if count == 0.0 {
                continue;
            }
            // What is left over lies behind this layer too: with its present row, it is what the others leave.
            let left = sums.sums().row(code);
            for (dim, value) in row.iter_mut().enumerate() {
                let own = left[dim] + count * f64::from(*value);
                *value = ((own + ridge * f64::from(anchors[[code, dim]])) / (count + ridge)) as f32;
            }
        }
        let shift = &moved - &rows;
        residual.subtract(&Rows::of(shift.view()), codes);
        (moved, sums.counts())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{self, Purpose};
    use crate::rvq::energy;
    use nalgebra::DMatrix;

    const CODES: [usize; 3] = [4, 3, 5];

    fn values(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
        let mut rng = random::stream(seed, Purpose::Data, 0);
        Array2::from_shape_fn((rows, columns), |_| (random::unit(&mut rng) - 0.5) as f32)
    }

    /// Frames, codes of three layers in no order, and their rows. Nobody chooses the last code of the last layer.
    fn case() -> (Array2<f32>, Array2<u32>, Vec<Array2<f32>>) {
        let mut rng = random::stream(5, Purpose::Data, 1);
        let codes = Array2::from_shape_fn((3, 60), |(layer, _)| {
            random::below(&mut rng, CODES[layer] - usize::from(layer == 2)) as u32
        });
        let rows = CODES.iter().enumerate().map(|(nth, &k)| values(k, 6, 10 + nth as u64)).collect();
        (values(60, 6, 1), codes, rows)
    }

    fn sweep(fixed: &mut FixedCodes, rows: &mut [Array2<f32>], ridge: f64) {
        for (layer, rows) in rows.iter_mut().enumerate() {
            *rows = fixed.move_layer(layer, rows.view(), ridge).0;
        }
    }

    /// `(Z'Z + ridge I) E = Z'X + ridge A`, where row n of Z has a one for each code of frame n.
    fn dense(frames: &Array2<f32>, codes: &Array2<u32>, rows: &[Array2<f32>], ridge: f64) -> DMatrix<f64> {
        let start = |layer: usize| CODES[..layer].iter().sum::<usize>();
        let (all, dim) = (start(3), frames.ncols());
        let chosen =
            |n: usize, column: usize| (0..3).any(|layer| start(layer) + codes[[layer, n]] as usize == column);
        let z = DMatrix::from_fn(frames.nrows(), all, |n, c| f64::from(u8::from(chosen(n, c))));
        let x = DMatrix::from_fn(frames.nrows(), dim, |n, d| f64::from(frames[[n, d]]));
        let stacked: Vec<f32> = rows.iter().flat_map(|rows| rows.iter().copied()).collect();
        let a = DMatrix::from_row_iterator(all, dim, stacked.into_iter().map(f64::from));
        let normal = z.transpose() * &z + DMatrix::identity(all, all) * ridge;
        normal.lu().solve(&(z.transpose() * x + a * ridge)).unwrap()
    }

    #[test]
    fn many_sweeps_solve_the_normal_equations() {
        let (frames, codes, mut rows) = case();
        for ridge in [0.5, 3.0, 40.0] {
            let expected = dense(&frames, &codes, &rows, ridge);
            let mut moved = rows.clone();
            let mut fixed = FixedCodes::new(frames.view(), codes.view(), moved.iter().map(|r| r.view()));
            (0..200).for_each(|_| sweep(&mut fixed, &mut moved, ridge));
            let found = moved.iter().flat_map(|rows| rows.rows());
            for (nth, row) in found.enumerate() {
                for (d, value) in row.iter().enumerate() {
                    let wanted = expected[(nth, d)];
                    assert!((f64::from(*value) - wanted).abs() < 1e-5, "{ridge}, {nth}: {value} {wanted}");
                }
            }
            rows[0] += 0.1;
        }
    }

    #[test]
    fn without_a_ridge_no_move_raises_the_error() {
        let (frames, codes, mut rows) = case();
        let unused = rows[2].row(4).to_owned();
        let mut fixed = FixedCodes::new(frames.view(), codes.view(), rows.iter().map(|r| r.view()));
        let left = |rows: &[Array2<f32>]| {
            let mut residual = Rows::from(frames.clone());
            for (rows, codes) in rows.iter().zip(codes.rows()) {
                residual.subtract(&Rows::of(rows.view()), &codes.to_vec());
            }
            energy(residual.view())
        };
        let mut before = left(&rows);
        let first = before;
        for nth in 0..30 {
            let layer = nth % 3;
            rows[layer] = fixed.move_layer(layer, rows[layer].view(), 0.0).0;
            let after = left(&rows);
            assert!(after <= before * (1.0 + 1e-6), "move {nth}: {before} to {after}");
            assert!((energy(fixed.residual.view()) - after).abs() < 1e-4 * after);
            before = after;
        }
        assert!(before < 0.9 * first, "{first} to {before}");
        assert_eq!(rows[2].row(4), unused, "nobody chose it");
    }

    #[test]
    fn a_large_ridge_holds_rows_where_they_are() {
        let (frames, codes, rows) = case();
        let mut moved = rows.clone();
        let mut fixed = FixedCodes::new(frames.view(), codes.view(), rows.iter().map(|r| r.view()));
        (0..5).for_each(|_| sweep(&mut fixed, &mut moved, 1e9));
        for (rows, moved) in rows.iter().zip(&moved) {
            assert!((rows - moved).iter().all(|shift| shift.abs() < 1e-6));
        }
        let (same, counts) = fixed.move_layer(7, rows[0].view(), 0.0);
        assert!(same == rows[0] && counts.is_empty(), "there is no such layer");
    }
}
