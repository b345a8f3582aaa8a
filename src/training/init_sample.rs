//! Frames that layers are started with, and the copying of frames into a batch.

#![allow(clippy::needless_pass_by_value, reason = "views are passed like slices")]

use ndarray::{Array2, ArrayView2, Axis};

use crate::features::FeatureSet;
use crate::random::{self, Purpose};
use crate::rvq::Rvq;
use crate::task::{Cancelled, Task};

use super::Batches;

/// Frames drawn from the training set to start layers with, and how far they were taken.
#[derive(Debug)]
pub(super) struct InitSample {
    /// What the next layer sees of them, `(num_frames, dim)`.
    pub(super) residual: Array2<f32>,
    next_layer: usize,
}

impl InitSample {
    pub(super) fn draw(set: &FeatureSet, batches: &Batches, max: usize, seed: u64) -> Self {
        let count = max.min(batches.num_frames());
        let mut rng = random::stream(seed, Purpose::KmeansSample, 0);
        let chosen = random::choose(&mut rng, batches.num_frames(), count);
        let frames: Vec<u32> = chosen.into_iter().map(|nth| batches.frame(nth) as u32).collect();
        let mut residual = Array2::default((0, 0));
        gather(&mut residual, set.matrix.view(), &frames);
        Self { residual, next_layer: 0 }
    }

    /// Takes the frames through the layers before `layer_idx`.
    pub(super) fn advance(&mut self, rvq: &Rvq, layer_idx: usize, task: &Task<'_>) -> Result<(), Cancelled> {
        while self.next_layer < layer_idx {
            task.check()?;
            self.residual = rvq.residual_behind(self.next_layer, self.residual.view());
            self.next_layer += 1;
        }
        Ok(())
    }
}

/// Copies the rows `indices` of `frames` into `rows`, reusing its memory where the size is the same.
pub(super) fn gather(rows: &mut Array2<f32>, frames: ArrayView2<'_, f32>, indices: &[u32]) {
    if rows.dim() != (indices.len(), frames.ncols()) {
        *rows = Array2::zeros((indices.len(), frames.ncols()));
    }
    for (mut row, &index) in rows.axis_iter_mut(Axis(0)).zip(indices) {
        row.assign(&frames.row(index as usize));
    }
}
