//! Rows by least squares at fixed codes.
//!
//! With the codes of all layers held, the squared error is a quadratic form of the rows: rows of one layer that share no frame are independent,
//! rows of two layers meet wherever a frame chose both. Moving one layer at a time to its own optimum (block Gauss-Seidel) needs no matrix of all
//! rows, and no move raises the error.

use std::convert::Infallible;

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
        let num_codes = rows.nrows();
        let fill = |sums: &mut CodeSums, residual: &Rows<'_>, codes: &[u32]| {
            sums.fill(residual.view(), codes, num_codes);
            Ok::<(), Infallible>(())
        };
        match self.move_layer_by(layer_idx, rows, ridge, fill) {
            Ok(moved) => moved,
            Err(never) => match never {},
        }
    }

    /// As [`move_layer`](Self::move_layer), where the counts and sums of the codes over what is left over are those that `fill` gives: of more frames than
    /// these, where others lie elsewhere.
    ///
    /// # Errors
    /// That of `fill`; nothing has moved then.
    pub(crate) fn move_layer_by<E>(
        &mut self,
        layer_idx: usize,
        rows: ArrayView2<'_, f32>,
        ridge: f64,
        fill: impl FnOnce(&mut CodeSums, &Rows<'_>, &[u32]) -> Result<(), E>,
    ) -> Result<(Array2<f32>, &[u32]), E> {
        let Self { codes, anchors, residual, sums } = self;
        let (Some(codes), Some(anchors)) = (codes.get(layer_idx), anchors.get(layer_idx)) else {
            return Ok((rows.to_owned(), &[]));
        };
        fill(sums, residual, codes)?;
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
        Ok((moved, sums.counts()))
    }
}
