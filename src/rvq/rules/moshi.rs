//! Mimi's quantizer: layers start one after the other, thresholds are relative, rows are not smoothed.

use ndarray::{Array1, ArrayView1};

use crate::param::ParamSpec;
use crate::task::Cancelled;
use crate::text::{phrase, t};

use super::super::InitMethod;
use super::super::init::{self, EmptyCluster};
use super::{
    Codebook, InitInput, InitOutcome, LayerBatch, RvqParams, StartOrigin, StartRows, UpdateCtx, UpdateRule,
    ema, start,
};

/// Dead codes are looked for at every so many steps of a layer.
const CHECK_EVERY: u64 = 5;

/// k-means with empty clusters resampled, `c = max(counts, 1)` and `m = means c`, a layer at the earliest in the step after that in which the one
/// before was started; at every fifth step of a layer, codes with `c_k < threshold C/K` get `c_k = C/K` and `m_k = v c_k`, with `v` a random frame
/// of the batch; then `c` and `m` as in the EMA core, and `e_k = m_k / max(c_k, eps)`.
///
/// From `EuclideanCodebook` of the package `moshi` 0.2. There a layer that waits runs its averages on rows of zeros, which its start then
/// discards; here it stays at zero.
#[derive(Debug)]
pub(super) struct Moshi;

impl UpdateRule for Moshi {
    fn id(&self) -> &'static str {
        "moshi"
    }

    fn label(&self) -> &'static str {
        t!("rule-moshi")
    }

    fn help(&self) -> &'static str {
        t!("rule-moshi.help")
    }

    fn defaults(&self) -> RvqParams {
        RvqParams { threshold_ema_dead_code: 0.1, ..RvqParams::lineage(self.id()) }
    }

    fn params(&self) -> Vec<ParamSpec<RvqParams>> {
        super::params_of(self.id(), |spec| match spec.key {
            "threshold_ema_dead_code" => super::relative_threshold(
                spec,
                phrase!("unit-x-even-size"),
                phrase!("param-threshold_ema_dead_code.moshi"),
            ),
            "epsilon" => ParamSpec { help: phrase!("param-epsilon.moshi"), ..spec },
            _ => spec,
        })
    }

    fn init(&self, input: &mut InitInput<'_>) -> Result<InitOutcome, Cancelled> {
        let params = input.params;
        let num_codes = params.codebook_size;
        let waits = input.layer_idx > 0 && input.previous_init_step.is_none_or(|step| step >= input.step);
        if waits && params.init != InitMethod::Uniform {
            return Ok(InitOutcome::Wait);
        }
        let batch = input.batch;
        let start = match params.init {
            InitMethod::Sample => StartRows::sampled(batch, num_codes, &mut input.rng),
            InitMethod::Uniform => StartRows::uniform(num_codes, batch.ncols(), &mut input.rng),
            InitMethod::KMeans => {
                let means = init::draw(batch, num_codes, &mut input.rng);
                let mut rng = input.rng.clone();
                let found = start::lloyd(batch, means, EmptyCluster::Resample(&mut rng), input)?;
                StartRows::of_kmeans(found, batch.nrows())
            }
        };
        Ok(InitOutcome::Ready(self.adopt(start, params, batch.nrows())))
    }

    fn adopt(&self, start: StartRows, _: &RvqParams, batch_len: usize) -> Codebook {
        let StartRows { rows, origin } = start;
        let sizes = match origin {
            StartOrigin::Sample => return start::evenly_used(rows, batch_len),
            StartOrigin::Uniform => Array1::ones(rows.nrows()),
            StartOrigin::KMeans { counts, .. } => start::sizes(&counts).mapv(|n| n.max(1.0)),
        };
        start::consistent(rows, sizes)
    }

    fn update(&self, codebook: &mut Codebook, batch: &LayerBatch<'_>, ctx: &mut UpdateCtx<'_>) -> Vec<u32> {
        let params = ctx.params;
        let dead = if steps_taken(ctx).is_multiple_of(CHECK_EVERY) {
            self.replace(codebook, batch, ctx)
        } else {
            Vec::new()
        };
        ema::averages(codebook, batch.code_sums, params.decay);
        ema::clamped_rows(codebook, params.epsilon);
        dead
    }

    fn threshold_frames(&self, params: &RvqParams, _: usize, cluster_size: &Array1<f64>) -> f64 {
        params.threshold_ema_dead_code * uniform_size(cluster_size.view())
    }
}

impl Moshi {
    fn replace(&self, codebook: &mut Codebook, batch: &LayerBatch<'_>, ctx: &mut UpdateCtx<'_>) -> Vec<u32> {
        let sizes = codebook.cluster_size();
        let size = uniform_size(sizes.view());
        let dead = ema::below(sizes, self.threshold_frames(ctx.params, batch.num_frames(), sizes));
        let (num_frames, num_codes) = (batch.num_frames(), codebook.num_codes());
        let drawn = ema::draw_for_all(&mut ctx.rng, num_frames, num_codes, dead.len());
        for (&code, frame) in dead.iter().zip(batch.rows(&drawn).rows()) {
            ema::place(codebook, code as usize, frame, size);
        }
        dead
    }
}

/// `C/K`: the EMA size of a code if all were used alike.
fn uniform_size(sizes: ArrayView1<'_, f64>) -> f64 {
    sizes.sum() / sizes.len().max(1) as f64
}

/// How many steps the layer has taken with this one: the step that starts it is its first.
fn steps_taken(ctx: &UpdateCtx<'_>) -> u64 {
    if ctx.init_step == 0 { ctx.step } else { (ctx.step + 1).saturating_sub(ctx.init_step) }
}
