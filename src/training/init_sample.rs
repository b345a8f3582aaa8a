//! Frames that layers are started with.

use crate::features::FeatureSet;
use crate::random::{self, Purpose};
use crate::rvq::{Rows, Rvq, rules};
use crate::task::{Cancelled, Task};

use super::Batches;

/// Frames drawn from the training set to start layers with, and how far they were taken.
#[derive(Debug)]
pub(super) struct InitSample {
    /// What the next layer sees of them, `(num_frames, dim)`.
    pub(super) residual: Rows<'static>,
    next_layer: usize,
}

impl InitSample {
    pub(super) fn draw(set: &FeatureSet, batches: &Batches, max: usize, seed: u64) -> Self {
        let count = max.min(batches.num_frames());
        let mut rng = random::stream(seed, Purpose::KmeansSample, 0);
        let chosen = random::choose(&mut rng, batches.num_frames(), count);
        let frames: Vec<u32> = chosen.into_iter().map(|nth| batches.frame(nth) as u32).collect();
        let mut residual = Rows::default();
        residual.gather(set.matrix.view(), &frames);
        Self { residual, next_layer: 0 }
    }

    /// Takes the frames through the layers before `layer_idx`; a layer that was cancelled half-way is taken again.
    pub(super) fn advance(&mut self, rvq: &Rvq, layer_idx: usize, task: &Task<'_>) -> Result<(), Cancelled> {
        for layer in &rvq.layers()[self.next_layer.min(layer_idx)..layer_idx] {
            task.check()?;
            let stage = format!("{}, frames", rules::stage(layer_idx));
            layer.subtract_from(rvq.metric(), &mut self.residual, task, |done, all| {
                // Where it takes no time, nothing is told.
                if all > 1 {
                    task.progress(&stage, done, all);
                }
            })?;
            self.next_layer += 1;
        }
        Ok(())
    }
}
