//! The recommended rule: the same EMA, without the faults of the lineage.

use ndarray::Array1;
use rand_pcg::Pcg64;

use crate::param::{ParamKind, ParamSpec};
use crate::random;
use crate::task::Cancelled;

use super::super::init::{self, EmptyCluster};
use super::super::{InitMethod, param_spec};
use super::{Codebook, InitInput, InitOutcome, LayerBatch, RvqParams, UpdateCtx, UpdateRule};

/// Samples a code that k-means looks at.
const SAMPLES_A_CODE: usize = 64;

/// Samples a code that the seeding looks at: seeding costs a pass a code, and more samples do not make better seeds.
const SEED_SAMPLES_A_CODE: usize = 16;

/// k-means++ seeded k-means on up to `M = 64 K` vectors of the layer's own residuals, with empty clusters refilled from the worst-quantized
/// vectors, then `c = counts N/M` and `m = e c`; the EMA core; then codes with `c_k < threshold N/K` move to frames drawn without replacement in
/// proportion to their quantization error, with `c = N/K` and `m = v c`, so that they stay.
#[derive(Debug)]
pub(super) struct Rvqscope;

impl UpdateRule for Rvqscope {
    fn id(&self) -> &'static str {
        "rvqscope"
    }

    fn label(&self) -> &'static str {
        "rvqscope (recommended)"
    }

    fn help(&self) -> &'static str {
        "k-means++ on each layer's own residuals, EMA state that agrees with its rows from the start, a threshold relative to N/K, and \
         replacements that stay where they are put."
    }

    fn defaults(&self) -> RvqParams {
        RvqParams { threshold_ema_dead_code: 0.1, ..RvqParams::lineage(self.id()) }
    }

    fn params(&self) -> Vec<ParamSpec<RvqParams>> {
        let Some(threshold) = param_spec("threshold_ema_dead_code") else { return super::common_params() };
        super::params_with_threshold(ParamSpec {
            unit: "x N/K",
            kind: ParamKind::Float { min: 0.0, max: 0.99 },
            help: "A code whose EMA cluster size falls below this share of N/K (batch size over codes) is moved to a badly quantized \
                   frame. 0 turns replacement off.",
            ..*threshold
        })
    }

    fn init(&self, input: &mut InitInput<'_>) -> Result<InitOutcome, Cancelled> {
        let num_codes = input.params.codebook_size;
        let uniform_size = input.batch.nrows() as f64 / num_codes as f64;
        if input.params.init == InitMethod::Uniform {
            let rows = init::kaiming_uniform(num_codes, input.batch.ncols(), &mut input.rng);
            return Ok(InitOutcome::Ready(super::consistent(rows, uniform_size)));
        }
        if let Some(codebook) = super::plain_init(input) {
            return Ok(InitOutcome::Ready(codebook));
        }
        let samples = (input.sample)(SAMPLES_A_CODE * num_codes)?;
        let stage = super::kmeans_stage(input.layer_idx);
        input.task.progress(&stage, 0, input.params.kmeans_iters);
        let seed_samples = samples.nrows().min(SEED_SAMPLES_A_CODE * num_codes);
        let seeds = init::kmeans_plus_plus(
            samples.slice(ndarray::s![..seed_samples, ..]),
            num_codes,
            &mut input.rng,
            &input.task,
        )?;
        let found = init::lloyd(
            samples.view(),
            seeds,
            input.params.kmeans_iters,
            EmptyCluster::Worst,
            &stage,
            &input.task,
        )?;
        let scale = input.batch.nrows() as f64 / samples.nrows().max(1) as f64;
        let sizes: Array1<f64> = found.counts.iter().map(|&n| f64::from(n) * scale).collect();
        let mut sums = found.means.mapv(f64::from);
        for (mut sum, &size) in sums.rows_mut().into_iter().zip(&sizes) {
            sum *= size;
        }
        Ok(InitOutcome::Ready(super::from_parts(found.means, sizes, sums)))
    }

    fn update(&self, codebook: &mut Codebook, batch: &LayerBatch<'_>, ctx: &mut UpdateCtx<'_>) -> Vec<u32> {
        let params = ctx.params;
        super::ema_step(codebook, batch.tally, params.decay, params.epsilon);
        let threshold = self.threshold_frames(params, batch.frames.nrows(), codebook.cluster_size());
        let mut dead = super::below(codebook.cluster_size(), threshold);
        let chosen = draw_by_error(batch.sq_dists, dead.len(), &mut ctx.rng);
        // With fewer badly quantized frames than dead codes, the rest stay as they are.
        dead.truncate(chosen.len());
        let uniform_size = batch.frames.nrows() as f64 / codebook.num_codes() as f64;
        let (embed, sizes, sums) = codebook.parts_mut();
        for (&code, frame_idx) in dead.iter().zip(chosen) {
            let code = code as usize;
            let frame = batch.frames.row(frame_idx);
            embed.row_mut(code).assign(&frame);
            sizes[code] = uniform_size;
            sums.row_mut(code).assign(&frame.mapv(|v| f64::from(v) * uniform_size));
        }
        dead
    }

    fn threshold_frames(&self, params: &RvqParams, batch_len: usize, cluster_size: &Array1<f64>) -> f64 {
        params.threshold_ema_dead_code * batch_len as f64 / cluster_size.len().max(1) as f64
    }
}

/// `count` frames drawn without replacement in proportion to `sq_dists`; fewer where fewer have any error.
///
/// Each frame gets the key `ln(u) / w`; the largest keys win (Efraimidis and Spirakis, 2006).
fn draw_by_error(sq_dists: &[f32], count: usize, rng: &mut Pcg64) -> Vec<usize> {
    if count == 0 {
        return Vec::new();
    }
    let mut keys: Vec<(f64, usize)> = sq_dists
        .iter()
        .enumerate()
        .map(|(idx, &w)| (random::unit(rng).max(f64::MIN_POSITIVE).ln() / f64::from(w), idx, w))
        .filter(|&(_, _, w)| w > 0.0)
        .map(|(key, idx, _)| (key, idx))
        .collect();
    keys.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    keys.into_iter().take(count).map(|(_, idx)| idx).collect()
}
