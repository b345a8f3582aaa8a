//! vector-quantize-pytorch: replacement that stays, a Euclidean and a cosine codebook.

use ndarray::Array1;

use crate::param::ParamSpec;
use crate::random;
use crate::task::Cancelled;
use crate::text::{phrase, t};

use super::super::codebook::normalize_rows;
use super::super::init::{self, EmptyCluster};
use super::super::{InitMethod, Metric};
use super::{
    Codebook, InitInput, InitOutcome, LayerBatch, RvqParams, StartOrigin, StartRows, UpdateCtx, UpdateRule,
    ema, start,
};

/// k-means with `c = counts`, `m = means c` and `e = m / c~` (an empty cluster becomes the zero row), else uniform rows with `m = e` and `c = 1`;
/// the EMA core; then codes with `c_k < threshold` become `e_k = v`, `c_k = r`, `m_k = v r`, where `v` is a random frame of the batch and `r` the
/// reset size. No frame is drawn twice: with more dead codes than frames, a random choice of them is replaced.
///
/// Under the cosine metric frames are unit vectors, and `means`, uniform rows, `m / c~` and `v` are scaled to unit length as they are written.
///
/// From `Codebook` of vector-quantize-pytorch 1.32, whose wrappers leave `r` at the threshold.
#[derive(Debug)]
pub(super) struct Lucidrains;

impl UpdateRule for Lucidrains {
    fn id(&self) -> &'static str {
        "lucidrains"
    }

    fn label(&self) -> &'static str {
        t!("rule-lucidrains")
    }

    fn help(&self) -> &'static str {
        t!("rule-lucidrains.help")
    }

    fn defaults(&self) -> RvqParams {
        RvqParams {
            decay: 0.8,
            threshold_ema_dead_code: 0.0,
            init: InitMethod::Uniform,
            kmeans_iters: 10,
            ..RvqParams::lineage(self.id())
        }
    }

    fn params(&self) -> Vec<ParamSpec<RvqParams>> {
        super::params_of(self.id(), |spec| match spec.key {
            "reset_cluster_size" => {
                ParamSpec { help: phrase!("param-reset_cluster_size.lucidrains"), ..spec }
            }
            _ => spec,
        })
    }

    fn init(&self, input: &mut InitInput<'_>) -> Result<InitOutcome, Cancelled> {
        let params = input.params;
        let (batch, num_codes) = (input.batch, params.codebook_size);
        let start = match params.init {
            InitMethod::Sample => StartRows::sampled(batch, num_codes, &mut input.rng),
            InitMethod::Uniform => {
                let rows = init::uniform(num_codes, batch.ncols(), fan_in(input), &mut input.rng);
                StartRows { rows, origin: StartOrigin::Uniform }
            }
            InitMethod::KMeans => {
                let means = init::draw(batch, num_codes, &mut input.rng);
                let stage = start::stage(input.layer_idx);
                let kmeans = if params.metric == Metric::Cosine { init::spherical } else { init::lloyd };
                let found =
                    kmeans(batch, means, params.kmeans_iters, EmptyCluster::Keep, &stage, &input.task)?;
                StartRows::of_kmeans(found, batch.nrows())
            }
        };
        Ok(InitOutcome::Ready(self.adopt(start, params, batch.nrows())))
    }

    fn adopt(&self, start: StartRows, params: &RvqParams, batch_len: usize) -> Codebook {
        let StartRows { mut rows, origin } = start;
        let cosine = params.metric == Metric::Cosine;
        let mut codebook = match origin {
            StartOrigin::Sample => start::evenly_used(rows, batch_len),
            StartOrigin::Uniform => {
                if cosine {
                    normalize_rows(&mut rows);
                }
                let num_codes = rows.nrows();
                start::consistent(rows, Array1::ones(num_codes))
            }
            StartOrigin::KMeans { counts, .. } => {
                let mut codebook = start::consistent(rows, start::sizes(&counts));
                ema::smoothed_rows(&mut codebook, params.epsilon);
                codebook
            }
        };
        if cosine {
            normalize_rows(codebook.parts_mut().0);
        }
        codebook
    }

    fn update(&self, codebook: &mut Codebook, batch: &LayerBatch<'_>, ctx: &mut UpdateCtx<'_>) -> Vec<u32> {
        let params = ctx.params;
        let cosine = params.metric == Metric::Cosine;
        ema::core(codebook, batch.code_sums, params.decay, params.epsilon);
        if cosine {
            normalize_rows(codebook.parts_mut().0);
        }
        let mut dead = ema::below(codebook.cluster_size(), params.threshold_ema_dead_code);
        let num_frames = batch.num_frames();
        if dead.len() > num_frames {
            random::shuffle(&mut ctx.rng, &mut dead);
            dead.truncate(num_frames);
            dead.sort_unstable();
        }
        let drawn = random::choose(&mut ctx.rng, num_frames, dead.len());
        let mut vectors = batch.rows(&drawn);
        if cosine {
            normalize_rows(&mut vectors);
        }
        for (&code, vector) in dead.iter().zip(vectors.rows()) {
            ema::place(codebook, code as usize, vector, reset_size(params));
        }
        dead
    }

    fn threshold_frames(&self, params: &RvqParams, _: usize, _: &Array1<f64>) -> f64 {
        params.threshold_ema_dead_code
    }
}

/// `r`, the size that a replaced code gets.
fn reset_size(params: &RvqParams) -> f64 {
    if params.reset_cluster_size > 0.0 { params.reset_cluster_size } else { params.threshold_ema_dead_code }
}

/// What PyTorch takes for the inputs of a weight `[1, K, D]`: all but its first axis, hence `K D` and not `D`.
fn fan_in(input: &InitInput<'_>) -> usize {
    input.params.codebook_size * input.batch.ncols()
}
