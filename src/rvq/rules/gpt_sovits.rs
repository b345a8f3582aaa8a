//! GPT-SoVITS as it stands: EnCodec's EMA, with replacement after the write.

use ndarray::{Array1, Axis};

use crate::random;
use crate::task::Cancelled;

use super::super::init::{self, EmptyCluster};
use super::{Codebook, InitInput, InitOutcome, LayerBatch, RvqParams, UpdateCtx, UpdateRule};

/// Vectors of the first batch that k-means looks at.
const KMEANS_SAMPLES: usize = 10_000;

/// k-means on the first batch with `e = m = means` and `c = counts`; the EMA core; then codes with `c < threshold` get a random frame of the
/// batch as their row, while `m` and `c` stay, so that the next step pulls the row back.
#[derive(Debug)]
pub(super) struct GptSovits;

impl UpdateRule for GptSovits {
    fn id(&self) -> &'static str {
        "gpt-sovits"
    }

    fn label(&self) -> &'static str {
        "GPT-SoVITS"
    }

    fn help(&self) -> &'static str {
        "What GPT-SoVITS does today. A replaced code keeps its old averages, so the next step pulls it back to where it was."
    }

    fn defaults(&self) -> RvqParams {
        RvqParams::lineage(self.id())
    }

    fn init(&self, input: &mut InitInput<'_>) -> Result<InitOutcome, Cancelled> {
        if let Some(codebook) = super::plain_init(input) {
            return Ok(InitOutcome::Ready(codebook));
        }
        let samples = if input.batch.nrows() > KMEANS_SAMPLES {
            let chosen = random::choose(&mut input.rng, input.batch.nrows(), KMEANS_SAMPLES);
            input.batch.select(Axis(0), &chosen)
        } else {
            input.batch.to_owned()
        };
        let start = init::draw(samples.view(), input.params.codebook_size, &mut input.rng);
        let stage = super::kmeans_stage(input.layer_idx);
        let found = init::lloyd(
            samples.view(),
            start,
            input.params.kmeans_iters,
            EmptyCluster::Keep,
            &stage,
            &input.task,
        )?;
        let sizes = found.counts.iter().map(|&n| f64::from(n)).collect();
        let sums = found.means.mapv(f64::from);
        Ok(InitOutcome::Ready(super::from_parts(found.means, sizes, sums)))
    }

    fn update(&self, codebook: &mut Codebook, batch: &LayerBatch<'_>, ctx: &mut UpdateCtx<'_>) -> Vec<u32> {
        let params = ctx.params;
        super::ema_step(codebook, batch.tally, params.decay, params.epsilon);
        let dead = super::below(codebook.cluster_size(), params.threshold_ema_dead_code);
        let (embed, _, _) = codebook.parts_mut();
        let chosen = random::choose(&mut ctx.rng, batch.frames.nrows(), dead.len());
        for (&code, frame_idx) in dead.iter().zip(chosen) {
            embed.row_mut(code as usize).assign(&batch.frames.row(frame_idx));
        }
        dead
    }

    fn threshold_frames(&self, params: &RvqParams, _: usize, _: &Array1<f64>) -> f64 {
        params.threshold_ema_dead_code
    }
}
