//! Update rules: how each trainer starts its codebooks, moves them, and replaces dead codes.
//!
//! Notation, per layer: `e` rows, `c` EMA cluster sizes, `m` EMA sums, `d` decay, `K` codes, `N` frames of the batch, `n_k` and `s_k` the count
//! and the sum of those that chose code k. Every rule assigns with the old rows, and the next layer sees the residual under the old rows.
//!
//! A new rule is one file and one row in [`RULES`].

mod batch;
mod ema;
mod encodec;
mod gpt_sovits;
mod lucidrains;
mod moshi;
mod rvqscope;
mod start;

use ndarray::{Array1, Array2, ArrayView2};
use rand_pcg::Pcg64;

use crate::param::{ParamKind, ParamSpec};
use crate::task::{Cancelled, Task};
use crate::text::Phrase;

pub use batch::{LayerBatch, SharedFrames};
pub(crate) use start::stage;
pub use start::{StartOrigin, StartRows};

use super::code_sums::CodeSums;
use super::{Codebook, PARAMS, RvqParams};

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
        params_of(self.id(), |spec| spec)
    }

    /// The first codebook of a layer.
    ///
    /// # Errors
    /// [`Cancelled`].
    fn init(&self, input: &mut InitInput<'_>) -> Result<InitOutcome, Cancelled>;

    /// The codebook that this rule makes of first rows, whoever found them: their EMA state is the rule's own. `batch_len` is the number of frames
    /// in a batch.
    fn adopt(&self, start: StartRows, params: &RvqParams, batch_len: usize) -> Codebook;

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
pub static RULES: &[&dyn UpdateRule] =
    &[&rvqscope::Rvqscope, &encodec::Encodec, &gpt_sovits::GptSovits, &lucidrains::Lucidrains, &moshi::Moshi];

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
        f.debug_struct("InitInput").field("layer_idx", &self.layer_idx).finish_non_exhaustive() // not a text
    }
}

/// The parameters that rule `id` reads, each as `describe` has it.
fn params_of(
    id: &str,
    describe: impl Fn(ParamSpec<RvqParams>) -> ParamSpec<RvqParams>,
) -> Vec<ParamSpec<RvqParams>> {
    PARAMS.iter().filter(|spec| spec.scope.readers.includes(id)).map(|&spec| describe(spec)).collect()
}

/// The threshold as a share of the size that each code would have if all were used alike; `unit` says of which size.
fn relative_threshold(spec: ParamSpec<RvqParams>, unit: Phrase, help: Phrase) -> ParamSpec<RvqParams> {
    // From 1 on every code would be dead as soon as all are used alike.
    ParamSpec { unit, kind: ParamKind::Float { min: 0.0, max: 0.99 }, help, ..spec }
}
