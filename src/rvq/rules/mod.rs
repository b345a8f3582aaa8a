//! Update rules: how each trainer starts its codebooks, moves them, and replaces dead codes.
//!
//! Notation, per layer: `e` rows, `c` EMA cluster sizes, `m` EMA sums, `d` decay, `K` codes, `N` frames of the batch, `n_k` and `s_k` the count
//! and the sum of those that chose code k. Every rule assigns with the old rows, and the next layer sees the residual under the old rows.
//!
//! A new rule is one file and one row in [`RULES`].

mod gpt_sovits;
mod rvqscope;

use ndarray::{Array1, Array2, ArrayView2};
use rand_pcg::Pcg64;

use crate::param::ParamSpec;
use crate::task::{Cancelled, Task};

use super::tally::Tally;
use super::{Codebook, InitMethod, PARAMS, RvqParams, init};

/// One trainer's way with a codebook.
pub trait UpdateRule: Send + Sync + std::fmt::Debug {
    /// The name on the command line and in files.
    fn id(&self) -> &'static str;

    /// The name in the window.
    fn label(&self) -> &'static str;

    /// What sets it apart, in a sentence or two.
    fn help(&self) -> &'static str;

    /// The parameters that it starts from.
    fn defaults(&self) -> RvqParams;

    /// The parameters that it reads, in the order in which a form shows them, described in its own terms.
    fn params(&self) -> Vec<ParamSpec<RvqParams>> {
        self::common_params()
    }

    /// The first codebook of a layer.
    ///
    /// # Errors
    /// [`Cancelled`].
    fn init(&self, input: &mut InitInput<'_>) -> Result<InitOutcome, Cancelled>;

    /// Moves the codebook by one batch and gives the codes that were replaced.
    fn update(&self, codebook: &mut Codebook, batch: &LayerBatch<'_>, ctx: &mut UpdateCtx<'_>) -> Vec<u32>;

    /// The EMA cluster size, in frames a batch, below which a code counts as dead: the threshold in the same unit for every rule.
    fn threshold_frames(&self, params: &RvqParams, batch_len: usize, cluster_size: &Array1<f64>) -> f64;
}

/// What a rule may look at to start a layer.
pub struct InitInput<'a> {
    /// The parameters.
    pub params: &'a RvqParams,
    /// The layer, from 0.
    pub layer_idx: usize,
    /// The step that is being taken, from 1.
    pub step: u64,
    /// The step in which the layer before was started; `None` for layer 0.
    pub previous_init_step: Option<u64>,
    /// What this layer sees of the first batch, `(num_frames, dim)`.
    pub batch: ArrayView2<'a, f32>,
    /// What this layer sees of at most so many frames of the training set.
    pub sample: &'a mut dyn FnMut(usize) -> Result<Array2<f32>, Cancelled>,
    /// Random numbers of this layer's start.
    pub rng: Pcg64,
    /// Cancel and progress.
    pub task: Task<'a>,
}

/// What came of starting a layer.
#[derive(Debug)]
pub enum InitOutcome {
    /// Its codebook.
    Ready(Codebook),
    /// It is not this layer's turn; until then it outputs zero and code 0.
    Wait,
}

/// What a layer saw in one step.
#[derive(Debug, Clone, Copy)]
pub struct LayerBatch<'a> {
    /// The frames as the search saw them, `(num_frames, dim)`.
    pub frames: ArrayView2<'a, f32>,
    /// The squared distance of each to the row it chose.
    pub sq_dists: &'a [f32],
    /// Counts and sums by code.
    pub tally: &'a Tally,
}

/// What else an update may look at.
#[derive(Debug)]
pub struct UpdateCtx<'a> {
    /// The parameters, as they are at this step.
    pub params: &'a RvqParams,
    /// The layer, from 0.
    pub layer_idx: usize,
    /// The step, from 1.
    pub step: u64,
    /// The step in which this layer was started; 0 for one that came from a model.
    pub init_step: u64,
    /// Random numbers of this layer's step.
    pub rng: Pcg64,
}

/// Every rule; the first is the recommended one.
pub static RULES: &[&dyn UpdateRule] = &[&rvqscope::Rvqscope, &gpt_sovits::GptSovits];

/// The recommended rule.
pub static DEFAULT: &dyn UpdateRule = &rvqscope::Rvqscope;

/// The rule named `id`.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn UpdateRule> {
    RULES.iter().find(|rule| rule.id() == id).copied()
}

/// The rule named `id`, or the recommended one where there is no such rule.
#[must_use]
pub fn rule(id: &str) -> &'static dyn UpdateRule {
    find(id).unwrap_or(DEFAULT)
}

impl std::fmt::Debug for InitInput<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InitInput").field("layer_idx", &self.layer_idx).finish_non_exhaustive()
    }
}

/// The parameters that every rule reads.
fn common_params() -> Vec<ParamSpec<RvqParams>> {
    let own = ["reset_cluster_size", "metric"];
    PARAMS.iter().filter(|spec| !own.contains(&spec.key)).copied().collect()
}

/// The common parameters, with the threshold described as `threshold` says.
fn params_with_threshold(threshold: ParamSpec<RvqParams>) -> Vec<ParamSpec<RvqParams>> {
    let mut params = common_params();
    for spec in &mut params {
        if spec.key == threshold.key {
            *spec = threshold;
        }
    }
    params
}

/// The EMA core: `c <- d c + (1-d) n`, `m <- d m + (1-d) s`, `c~_k = (c_k + eps) / (C + K eps) * C` with `C = sum(c)`, `e_k = m_k / c~_k`.
///
/// From EnCodec's `EuclideanCodebook` and `laplace_smoothing`. With `C = 0` nothing was ever assigned and the rows stay.
fn ema_step(codebook: &mut Codebook, tally: &Tally, decay: f64, epsilon: f64) {
    ema_averages(codebook, tally, decay);
    let num_codes = codebook.num_codes() as f64;
    let (embed, sizes, sums) = codebook.parts_mut();
    let total = sizes.sum();
    if total <= 0.0 {
        return;
    }
    for ((mut row, &size), sum) in embed.rows_mut().into_iter().zip(sizes.iter()).zip(sums.rows()) {
        let smoothed = (size + epsilon) / (total + num_codes * epsilon) * total;
        write_quotient(&mut row, sum, smoothed);
    }
}

/// `c <- d c + (1-d) n` and `m <- d m + (1-d) s`.
fn ema_averages(codebook: &mut Codebook, tally: &Tally, decay: f64) {
    let (_, sizes, sums) = codebook.parts_mut();
    for (size, &count) in sizes.iter_mut().zip(tally.counts()) {
        *size = decay * *size + (1.0 - decay) * f64::from(count);
    }
    ndarray::Zip::from(sums).and(tally.sums()).for_each(|avg, &sum| {
        *avg = decay * *avg + (1.0 - decay) * sum;
    });
}

/// `row = sum / size`; where that is not a finite f32 (a size that underflowed), the row stays.
fn write_quotient(row: &mut ndarray::ArrayViewMut1<'_, f32>, sum: ndarray::ArrayView1<'_, f64>, size: f64) {
    if size > 0.0 && sum.iter().all(|&s| ((s / size) as f32).is_finite()) {
        for (value, &s) in row.iter_mut().zip(sum) {
            *value = (s / size) as f32;
        }
    }
}

/// The codes with `c_k < threshold`.
fn below(sizes: &Array1<f64>, threshold: f64) -> Vec<u32> {
    sizes.iter().enumerate().filter(|&(_, &size)| size < threshold).map(|(code, _)| code as u32).collect()
}

/// A codebook whose state agrees with its rows: `c_k = size`, `m_k = e_k size`.
fn consistent(rows: Array2<f32>, size: f64) -> Codebook {
    let sums = rows.mapv(|v| f64::from(v) * size);
    from_parts(rows, Array1::from_elem(sums.nrows(), size), sums)
}

/// A codebook from parts that fit by construction.
fn from_parts(rows: Array2<f32>, sizes: Array1<f64>, sums: Array2<f64>) -> Codebook {
    let (num_codes, dim) = rows.dim();
    Codebook::new(rows, sizes, sums).unwrap_or_else(|_| Codebook::blank(num_codes, dim))
}

/// The starts that rules share: frames drawn from the batch with a state that agrees with them (every code at N/K), or EnCodec's uniform rows
/// with `m = e` and `c = 0`. `None` for k-means, which is the rule's own.
fn plain_init(input: &mut InitInput<'_>) -> Option<Codebook> {
    let num_codes = input.params.codebook_size;
    match input.params.init {
        InitMethod::KMeans => None,
        InitMethod::Sample => {
            let rows = init::draw(input.batch, num_codes, &mut input.rng);
            Some(consistent(rows, input.batch.nrows() as f64 / num_codes as f64))
        }
        InitMethod::Uniform => {
            let rows = init::kaiming_uniform(num_codes, input.batch.ncols(), &mut input.rng);
            let sums = rows.mapv(f64::from);
            Some(from_parts(rows, Array1::zeros(num_codes), sums))
        }
    }
}

/// "k-means, layer 3": what progress calls it.
fn kmeans_stage(layer_idx: usize) -> String {
    format!("k-means, layer {}", layer_idx + 1)
}
