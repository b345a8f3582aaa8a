//! The recommended rule: the same EMA, without the faults of the lineage.
//!
//! # What was tried
//! **Start.** k-means alone leaves codes where they save little; see `init/relocation.rs`. It is where most of the gain lies.
//!
//! **Window.** Held-out and training SNR (of the energy about the mean) behind 300 steps of 4096 frames of speech features, 8 layers of 256 codes, in a
//! numpy port without the relocation: 4.98 and 9.05 dB at a decay of 0.99 throughout, 5.18 and 9.89 at 0.9, 5.19 and 9.75 at 0.8, 5.22 and 10.05 with a
//! decay that rises from 0.5 to 0.99. A start is k-means of residuals under rows that move; averages that look back over a hundred steps follow late. So they look back over few
//! steps first.
//!
//! **Replaced codes.** A code at `c = N/K` that nobody chooses falls below `0.1 N/K` after `ln 0.1 / ln 0.99 = 229` steps, and one that is chosen
//! follows its frames as slowly. Held-out SNR and codes used at a decay of 0.99 on the data of P1 in `tests/pitfalls.rs` (128 codes, 200 steps), whose
//! codes start out of reach, in the same port:
//!
//! | drawn | `c` of a replaced code | P1 |
//! |---|---|---|
//! | by squared distance | N/K | 6.07 dB, 126 |
//! | uniformly | N/K | 6.06 dB, 127 |
//! | by squared distance | 0.2 N/K | 6.71 dB, 127 |
//! | by distance | 0.2 N/K | 6.66 dB, 128 |
//! | uniformly (the rule) | 0.2 N/K | 6.76 dB, 126 |
//! | by squared distance | 0.1 N/K | 7.17 dB, 127 |
//!
//! At `0.1 N/K` it is judged again in the next step: on real features codes then are replaced ten times as often.
//!
//! **Length of rows.** See `training/row_scales.rs`.
//!
//! **Not taken.** Layers that start on residuals of frames which the layers before have not seen, by five parts: 21.98 dB held out beside 22.30 on
//! log-mel, since the codes learn what cannot be predicted; a tenth of such residuals among the others: no difference. A code's rows from its sums without
//! the frame itself: 0.3 dB more on log-mel, 0.1 dB less on speech features. Lloyd to its end, 200 steps of all frames at a decay of 0.9 in place of 1000 of 4096:
//! 7.01 dB held out beside 7.07 on speech features, and 11.52 beside 11.36 on the frames trained on. Ending at the best held-out step: no gain behind a
//! calibration, see `benches/quality.md`.

use ndarray::Array1;

use crate::param::ParamSpec;
use crate::random;
use crate::task::Cancelled;
use crate::text::{phrase, t};

use super::super::InitMethod;
use super::super::init;
use super::{
    Codebook, InitInput, InitOutcome, LayerBatch, RvqParams, StartOrigin, StartRows, UpdateCtx, UpdateRule,
    ema, start,
};

/// The EMA size that a replaced code gets, as a share of `N/K`: small enough to follow its frames within some ten steps, large enough for one that
/// nobody chooses to be given up seventy steps later, at the default threshold and decay.
const REPLACED_SIZE: f64 = 0.2;

/// Steps over which the averages of a layer look back at first.
const FIRST_WINDOW_STEPS: f64 = 5.0;

/// Steps after which they look back over one more.
const STEPS_A_WINDOW_STEP: f64 = 3.0;

/// k-means with relocation on up to `M = 64 K` vectors of the layer's own residuals ([`init::seeded()`]), with empty clusters refilled from the
/// worst-quantized vectors, then `c = counts N/M` (`N/K` for a code that was refilled last) and `m = e c`; the EMA core, whose window grows from 5 steps
/// by one every three steps up to `1/(1-d)`; then codes with `c_k < threshold N/K` move to frames with any error, drawn without replacement, with `c = 0.2 N/K` (the
/// threshold where that is more) and `m = v c`, so that they stay.
#[derive(Debug)]
pub(super) struct Rvqscope;

impl UpdateRule for Rvqscope {
    fn id(&self) -> &'static str {
        "rvqscope"
    }

    fn label(&self) -> &'static str {
        t!("rule-rvqscope")
    }

    fn help(&self) -> &'static str {
        t!("rule-rvqscope.help")
    }

    fn defaults(&self) -> RvqParams {
        RvqParams {
            threshold_ema_dead_code: 0.1,
            calibrate: true,
            keep_best: true,
            ..RvqParams::lineage(self.id())
        }
    }

    fn params(&self) -> Vec<ParamSpec<RvqParams>> {
        super::params_of(self.id(), |spec| match spec.key {
            "threshold_ema_dead_code" => super::relative_threshold(
                spec,
                phrase!("unit-x-even"),
                phrase!("param-threshold_ema_dead_code.rvqscope"),
            ),
            "kmeans_iters" => ParamSpec { help: phrase!("param-kmeans_iters.rvqscope"), ..spec },
            _ => spec,
        })
    }

    fn init(&self, input: &mut InitInput<'_>) -> Result<InitOutcome, Cancelled> {
        let (batch, num_codes) = (input.batch, input.params.codebook_size);
        let start = match input.params.init {
            InitMethod::Sample => StartRows::sampled(batch, num_codes, &mut input.rng),
            InitMethod::Uniform => StartRows::uniform(num_codes, batch.ncols(), &mut input.rng),
            InitMethod::KMeans => {
                let samples = (input.sample)(init::samples_wanted(num_codes, batch.ncols()))?;
                let (iters, stage) = (input.params.kmeans_iters, start::stage(input.layer_idx));
                let least = input.params.threshold_ema_dead_code * uniform_size(samples.nrows(), num_codes);
                let found = init::seeded(
                    samples.view(),
                    num_codes,
                    iters,
                    least,
                    &stage,
                    &mut input.rng,
                    &input.task,
                )?;
                StartRows::of_kmeans(found, samples.nrows())
            }
        };
        Ok(InitOutcome::Ready(self.adopt(start, input.params, batch.nrows())))
    }

    /// A random row has no frame behind it: it starts at the threshold, so that what the first batch does not choose is replaced at once, and not
    /// after the hundreds of steps in which a size of `N/K` expires.
    fn adopt(&self, start: StartRows, params: &RvqParams, batch_len: usize) -> Codebook {
        let StartRows { rows, origin } = start;
        let num_codes = rows.nrows();
        let uniform_size = uniform_size(batch_len, num_codes);
        let (counts, num_samples) = match origin {
            StartOrigin::KMeans { counts, num_samples } => (counts, num_samples),
            StartOrigin::Uniform if params.threshold_ema_dead_code > 0.0 => {
                let size = params.threshold_ema_dead_code * uniform_size;
                return start::consistent(rows, Array1::from_elem(num_codes, size));
            }
            StartOrigin::Sample | StartOrigin::Uniform => return start::evenly_used(rows, batch_len),
        };
        let scale = batch_len as f64 / num_samples.max(1) as f64;
        // A code that was refilled last has no count of its own yet: it starts as a replaced code does.
        let size = |&n: &u32| if n == 0 { uniform_size } else { f64::from(n) * scale };
        start::consistent(rows, counts.iter().map(size).collect())
    }

    fn update(&self, codebook: &mut Codebook, batch: &LayerBatch<'_>, ctx: &mut UpdateCtx<'_>) -> Vec<u32> {
        let params = ctx.params;
        ema::core(codebook, batch.code_sums, decay_at(ctx), params.epsilon);
        let num_frames = batch.num_frames();
        let sizes = codebook.cluster_size();
        let mut dead = ema::below(sizes, self.threshold_frames(params, num_frames, sizes));
        if dead.is_empty() {
            return dead;
        }
        // A frame that a row equals needs no other.
        let wanting: Vec<usize> = batch
            .sq_dists()
            .iter()
            .enumerate()
            .filter(|&(_, &dist)| dist > 0.0)
            .map(|(nth, _)| nth)
            .collect();
        let mut chosen = random::choose(&mut ctx.rng, wanting.len(), dead.len().min(wanting.len()));
        chosen.iter_mut().for_each(|nth| *nth = wanting[*nth]);
        if chosen.len() < dead.len() {
            // Too few frames for all: the least used codes come first, the others stay as they are.
            dead.sort_by(|&a, &b| sizes[a as usize].total_cmp(&sizes[b as usize]).then(a.cmp(&b)));
            dead.truncate(chosen.len());
            dead.sort_unstable();
        }
        let size = REPLACED_SIZE * uniform_size(num_frames, codebook.num_codes());
        // At a higher threshold it would be dead at once.
        let size = size.max(self.threshold_frames(params, num_frames, codebook.cluster_size()));
        for (&code, frame) in dead.iter().zip(batch.rows(&chosen).rows()) {
            ema::place(codebook, code as usize, frame, size);
        }
        dead
    }

    fn threshold_frames(&self, params: &RvqParams, batch_len: usize, cluster_size: &Array1<f64>) -> f64 {
        params.threshold_ema_dead_code * uniform_size(batch_len, cluster_size.len())
    }
}

/// The decay of a step: a layer that this training started averages over fewer steps at first, `5 + t/3` of them behind `t` steps, until that is the
/// window that was asked for.
fn decay_at(ctx: &UpdateCtx<'_>) -> f64 {
    let decay = ctx.params.decay;
    if ctx.init_step == 0 {
        return decay;
    }
    let taken = ctx.step.saturating_sub(ctx.init_step) as f64;
    decay.min(1.0 - 1.0 / (FIRST_WINDOW_STEPS + taken / STEPS_A_WINDOW_STEP))
}

/// `N/K`: the frames of a batch that each code would get if all were used alike.
fn uniform_size(num_frames: usize, num_codes: usize) -> f64 {
    num_frames as f64 / num_codes.max(1) as f64
}
