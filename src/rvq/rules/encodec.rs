//! EnCodec, and what took its quantizer over as it is: audiocraft, SpeechTokenizer, GPT-SoVITS in its first version.

use ndarray::Array1;

use crate::task::Cancelled;
use crate::text::t;

use super::super::InitMethod;
use super::{
    Codebook, InitInput, InitOutcome, LayerBatch, RvqParams, StartRows, UpdateCtx, UpdateRule, ema, start,
};

/// k-means on each layer's share of the first batch with `e = m = means` and `c = counts`, else uniform rows with `m = e` and `c = 0`; codes with
/// `c_k < threshold` get a random frame of the batch as their row; then the EMA core, which writes every row anew and so undoes the replacement
/// of the same step.
///
/// From `EuclideanCodebook` of the package `encodec`.
#[derive(Debug)]
pub(super) struct Encodec;

impl UpdateRule for Encodec {
    fn id(&self) -> &'static str {
        "encodec"
    }

    fn label(&self) -> &'static str {
        t!("rule-encodec")
    }

    fn help(&self) -> &'static str {
        t!("rule-encodec.help")
    }

    fn defaults(&self) -> RvqParams {
        RvqParams::lineage(self.id())
    }

    fn init(&self, input: &mut InitInput<'_>) -> Result<InitOutcome, Cancelled> {
        let (batch, num_codes) = (input.batch, input.params.codebook_size);
        let start = match input.params.init {
            InitMethod::KMeans => StartRows::lloyd(batch, input)?,
            InitMethod::Sample => StartRows::sampled(batch, num_codes, &mut input.rng),
            InitMethod::Uniform => StartRows::uniform(num_codes, batch.ncols(), &mut input.rng),
        };
        Ok(InitOutcome::Ready(self.adopt(start, input.params, batch.nrows())))
    }

    fn adopt(&self, start: StartRows, _: &RvqParams, batch_len: usize) -> Codebook {
        start::encodec_state(start, batch_len)
    }

    /// Gives the codes that were found dead; what was put in their place is gone when this returns.
    fn update(&self, codebook: &mut Codebook, batch: &LayerBatch<'_>, ctx: &mut UpdateCtx<'_>) -> Vec<u32> {
        let params = ctx.params;
        let dead = ema::below(codebook.cluster_size(), params.threshold_ema_dead_code);
        let (num_frames, num_codes) = (batch.num_frames(), codebook.num_codes());
        let drawn = ema::draw_for_all(&mut ctx.rng, num_frames, num_codes, dead.len());
        let (embed, _, _) = codebook.parts_mut();
        for (&code, frame) in dead.iter().zip(batch.rows(&drawn).rows()) {
            embed.row_mut(code as usize).assign(&frame);
        }
        ema::core(codebook, batch.code_sums, params.decay, params.epsilon);
        dead
    }

    fn threshold_frames(&self, params: &RvqParams, _: usize, _: &Array1<f64>) -> f64 {
        params.threshold_ema_dead_code
    }
}
