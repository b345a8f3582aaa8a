//! GPT-SoVITS as it stands: EnCodec's EMA, with replacement after the write.

use ndarray::{Array1, Axis};

use crate::random;
use crate::task::Cancelled;
use crate::text::t;

use super::super::InitMethod;
use super::{
    Codebook, InitInput, InitOutcome, LayerBatch, RvqParams, StartRows, UpdateCtx, UpdateRule, ema, start,
};

/// Vectors of the first batch that k-means looks at.
const KMEANS_SAMPLES: usize = 10_000;

/// k-means on at most 10 000 random vectors of the first batch with `e = m = means` and `c = counts`, else uniform rows with `m = e` and `c = 0`;
/// the EMA core; then codes with `c_k < threshold` get a random frame of the batch as their row, while `m_k` and `c_k` stay, so that the next
/// step pulls the row back.
#[derive(Debug)]
pub(super) struct GptSovits;

impl UpdateRule for GptSovits {
    fn id(&self) -> &'static str {
        "gpt-sovits"
    }

    fn label(&self) -> &'static str {
        t!("rule-gpt-sovits")
    }

    fn help(&self) -> &'static str {
        t!("rule-gpt-sovits.help")
    }

    fn defaults(&self) -> RvqParams {
        RvqParams::lineage(self.id())
    }

    fn init(&self, input: &mut InitInput<'_>) -> Result<InitOutcome, Cancelled> {
        let (batch, num_codes) = (input.batch, input.params.codebook_size);
        let start = match input.params.init {
            InitMethod::KMeans if batch.nrows() > KMEANS_SAMPLES => {
                let chosen = random::choose(&mut input.rng, batch.nrows(), KMEANS_SAMPLES);
                StartRows::lloyd(batch.select(Axis(0), &chosen).view(), input)?
            }
            InitMethod::KMeans => StartRows::lloyd(batch, input)?,
            InitMethod::Sample => StartRows::sampled(batch, num_codes, &mut input.rng),
            InitMethod::Uniform => StartRows::uniform(num_codes, batch.ncols(), &mut input.rng),
        };
        Ok(InitOutcome::Ready(self.adopt(start, input.params, batch.nrows())))
    }

    fn adopt(&self, start: StartRows, _: &RvqParams, batch_len: usize) -> Codebook {
        start::encodec_state(start, batch_len)
    }

    fn update(&self, codebook: &mut Codebook, batch: &LayerBatch<'_>, ctx: &mut UpdateCtx<'_>) -> Vec<u32> {
        let params = ctx.params;
        ema::core(codebook, batch.code_sums, params.decay, params.epsilon);
        let dead = ema::below(codebook.cluster_size(), params.threshold_ema_dead_code);
        let (num_frames, num_codes) = (batch.num_frames(), codebook.num_codes());
        let drawn = ema::draw_for_all(&mut ctx.rng, num_frames, num_codes, dead.len());
        let (embed, _, _) = codebook.parts_mut();
        for (&code, frame) in dead.iter().zip(batch.rows(&drawn).rows()) {
            embed.row_mut(code as usize).assign(&frame);
        }
        dead
    }

    fn threshold_frames(&self, params: &RvqParams, _: usize, _: &Array1<f64>) -> f64 {
        params.threshold_ema_dead_code
    }
}
