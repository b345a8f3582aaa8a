//! Frames that layers are started with.

use ndarray::{Array2, s};

use crate::features::FeatureSet;
use crate::random::{self, Purpose};
use crate::ranks::Lost;
use crate::rvq::{Rows, Rvq, rules};
use crate::task::{Cancelled, Task};
use crate::text::msg;

use super::{Batches, Share};

/// Frames drawn from the training set to start layers with, and how far they were taken.
#[derive(Debug)]
pub(super) struct InitSample {
    /// What the next layer sees of them, `(num_frames, dim)`; where several ranks train together, of its part of them.
    residual: Rows<'static>,
    /// Frames that were drawn.
    num_frames: usize,
    next_layer: usize,
}

impl InitSample {
    pub(super) fn draw(
        set: &FeatureSet,
        batches: &Batches,
        max: usize,
        seed: u64,
        share: Option<&Share>,
    ) -> Result<Self, Lost> {
        let count = max.min(batches.num_frames());
        let mut rng = random::stream(seed, Purpose::KmeansSample, 0);
        let chosen = random::choose(&mut rng, batches.num_frames(), count);
        let frames: Vec<u32> = chosen.into_iter().map(|nth| batches.frame(nth) as u32).collect();
        let residual = match share {
            None => {
                let mut residual = Rows::default();
                residual.gather(set.matrix.view(), &frames);
                residual
            }
            // Whoever has a frame sends it; the search of each layer is then shared out evenly.
            Some(share) => {
                let drawn = share.fetch(set.matrix.view(), &frames)?;
                Rows::from(drawn.slice(s![share.part(count), ..]).to_owned())
            }
        };
        Ok(Self { residual, num_frames: count, next_layer: 0 })
    }

    /// What the search of layer `layer_idx` sees of them, `(num_frames, dim)`.
    pub(super) fn seen_by(
        &mut self,
        rvq: &Rvq,
        layer_idx: usize,
        share: Option<&Share>,
        task: &Task<'_>,
    ) -> Result<Array2<f32>, Cancelled> {
        self.advance(rvq, layer_idx, task)?;
        let residual = self.residual.view();
        let own = rvq.layers()[layer_idx].search_input(rvq.metric(), residual);
        let own = own.unwrap_or_else(|| residual.to_owned());
        match share {
            None => Ok(own),
            Some(share) => Ok(share.whole_of_parts(own.view(), self.num_frames)?),
        }
    }

    /// Takes the frames through the layers before `layer_idx`; a layer that was cancelled half-way is taken again.
    fn advance(&mut self, rvq: &Rvq, layer_idx: usize, task: &Task<'_>) -> Result<(), Cancelled> {
        for layer in &rvq.layers()[self.next_layer.min(layer_idx)..layer_idx] {
            task.check()?;
            let stage = msg!("stage-frames", stage = rules::stage(layer_idx));
            layer.subtract_from(rvq.metric(), &mut self.residual, task, |done, all| {
                // Where it takes no time, nothing is told.
                if all > 1 {
                    task.progress(stage.clone(), done, all);
                }
            })?;
            self.next_layer += 1;
        }
        Ok(())
    }
}
