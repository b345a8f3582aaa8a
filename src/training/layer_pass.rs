//! What one step does to one layer: it assigns with its old rows, its rule moves the codebook, and what the old rows leave over goes on.

use ndarray::Array2;

use crate::metrics::convergence::{self, RowMoves};
use crate::metrics::usage;
use crate::random::{self, Purpose};
use crate::rvq::code_sums::CodeSums;
use crate::rvq::nearest::Searcher;
use crate::rvq::rules::{LayerBatch, UpdateCtx, UpdateRule};
use crate::rvq::{Assignment, Layer, Metric, Rows, RvqParams, normalize_rows, replace_by_upstream};

use super::joint::{Extended, PathLayer, PathStep};
use super::tracer::Since;
use super::{LayerState, LayerStep};

/// Memory that the layers of all steps share, so that a step allocates nothing of the size of its batch.
#[derive(Debug, Default)]
pub(super) struct PassBuffers {
    pub(super) sq_dists: Vec<f32>,
    /// The rows before the step, as the search compares them.
    rows: Array2<f32>,
    searcher: Searcher,
    pub(super) sums: CodeSums,
    /// Along several paths, where they lead.
    pub(super) extended: Extended,
}

/// What a layer made of a whole batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct BatchTotals {
    /// Frames that were searched: those of the batch, along each of their paths.
    pub(super) num_searched: usize,
    /// Frames of the batch.
    pub(super) num_frames: usize,
    /// `sum ||x - e||²` over what the search saw.
    pub(super) sq_error: f64,
    /// `sum ||r||²` of what is left behind the layer.
    pub(super) energy_behind: f64,
}

/// A started layer in one step.
pub(super) struct LayerPass<'a> {
    pub(super) params: &'a RvqParams,
    pub(super) rule: &'static dyn UpdateRule,
    pub(super) metric: Metric,
    pub(super) layer_idx: usize,
    pub(super) step: u64,
    pub(super) layer: &'a mut Layer,
    pub(super) state: &'a mut LayerState,
    /// Where the history of its codes takes note of the step.
    pub(super) since: Option<Since<'a>>,
    /// The paths that the frames come along.
    pub(super) paths: PathStep,
    /// The code of each frame, or of each of its paths.
    pub(super) codes: &'a mut Vec<u32>,
    pub(super) buffers: &'a mut PassBuffers,
}

impl LayerPass<'_> {
    /// Takes `residual` through the layer; `own_input` is what its search sees where that is not the residual itself.
    pub(super) fn run(mut self, residual: &mut Rows<'static>, own_input: Option<Rows<'_>>) -> LayerStep {
        let input = own_input.as_ref().unwrap_or(residual);
        self.assign(residual, input);
        self.buffers.sums.fill(input.view(), self.codes, self.layer.codebook.num_codes());
        let (sums, sq_dists) =
            (std::mem::take(&mut self.buffers.sums), std::mem::take(&mut self.buffers.sq_dists));
        let replaced = self.update(&LayerBatch::new(input.view(), &sq_dists, &sums));
        let num_frames = residual.num_rows() / self.paths.count;
        let energy_behind = if self.paths.is_greedy() {
            self.pass_on(residual)
        } else {
            let extended = &mut self.buffers.extended;
            std::mem::swap(residual, &mut extended.residual);
            extended.energy()
        };
        let totals = BatchTotals {
            num_searched: sq_dists.len(),
            num_frames,
            sq_error: sq_dists.iter().map(|&d| f64::from(d)).sum(),
            energy_behind,
        };
        (self.buffers.sums, self.buffers.sq_dists) = (sums, sq_dists);
        self.account(&replaced, &totals)
    }

    /// Gives every frame of `input` its code under the rows as they are before the step. Along several paths every one of them has a code, and they are
    /// taken through the layer: `residual` is what they left over in the frames' own space.
    pub(super) fn assign(&mut self, residual: &Rows<'_>, input: &Rows<'_>) {
        let Self { params, metric, layer, state, codes, buffers, paths, .. } = self;
        let PassBuffers { sq_dists, rows, searcher, extended, .. } = &mut **buffers;
        let embed = layer.codebook.embed();
        if rows.dim() == embed.dim() {
            rows.assign(&embed);
        } else {
            *rows = embed.to_owned();
        }
        if *metric == Metric::Cosine {
            normalize_rows(rows);
        }
        searcher.prepare(rows.view());
        if !paths.is_greedy() {
            let is_plain = layer.projection.is_none() && *metric == Metric::Euclidean;
            let layer = PathLayer { searcher, outputs: outputs(layer, rows), is_plain };
            layer.extend(residual, input, *paths, extended);
            std::mem::swap(*codes, &mut extended.codes);
            std::mem::swap(sq_dists, &mut extended.sq_dists);
            state.misassigned = None;
            return;
        }
        codes.resize(input.num_rows(), 0);
        sq_dists.resize(input.num_rows(), 0.0);
        searcher.assign(input.values(), codes, sq_dists);
        state.misassigned = (params.assignment == Assignment::Upstream)
            .then(|| replace_by_upstream(input.view(), rows.view(), codes, sq_dists));
    }

    /// Moves the codebook by the rule and gives the codes that were replaced.
    pub(super) fn update(&mut self, batch: &LayerBatch<'_>) -> Vec<u32> {
        let Self { params, rule, layer_idx, step, layer, state, .. } = self;
        let mut ctx = UpdateCtx {
            params,
            layer_idx: *layer_idx,
            step: *step,
            init_step: state.init_step.unwrap_or(0),
            rng: random::layer_stream(params.seed, Purpose::Replacement, *step, *layer_idx),
        };
        state.threshold_frames =
            rule.threshold_frames(params, batch.num_frames(), layer.codebook.cluster_size());
        rule.update(&mut layer.codebook, batch, &mut ctx)
    }

    /// What the old rows say of a frame, in the frames' own space.
    pub(super) fn outputs(&self) -> Rows<'_> {
        outputs(self.layer, &self.buffers.rows)
    }

    /// Takes what the old rows say off `residual`; gives `sum ||r||²` of what is left.
    fn pass_on(&self, residual: &mut Rows<'_>) -> f64 {
        residual.subtract(&self.outputs(), self.codes)
    }

    /// The scalars of the step, and what the layer remembers of it.
    pub(super) fn account(self, replaced: &[u32], totals: &BatchTotals) -> LayerStep {
        let Self { params, step, layer, state, since, buffers, .. } = self;
        let PassBuffers { rows, sums, .. } = buffers;
        let moves = RowMoves::between(rows.view(), layer.codebook.embed());
        state.note(step, sums.counts(), &moves, replaced);
        since.into_iter().for_each(|mut since| since.note(&state.code_drift, replaced));
        let counts: Vec<u64> = sums.counts().iter().map(|&n| u64::from(n)).collect();
        let sizes = layer.codebook.cluster_size();
        LayerStep {
            loss: convergence::commitment_loss(
                totals.sq_error,
                totals.num_searched,
                rows.ncols(),
                params.commitment_weight,
            ),
            mse: totals.energy_behind / (totals.num_frames * layer.dim()).max(1) as f64,
            perplexity: usage::perplexity(&counts).unwrap_or(0.0),
            used: usage::used(&counts) as u32,
            below_threshold: sizes.iter().filter(|&&size| size < state.threshold_frames).count() as u32,
            replaced: replaced.len() as u32,
            drift: convergence::drift(&moves, replaced),
            drift_all: convergence::drift_all(&moves),
            misassigned: state.misassigned,
            held_out_mse: None,
        }
    }
}

/// What `rows` of a layer say of a frame, in the frames' own space.
fn outputs<'a>(layer: &Layer, rows: &'a Array2<f32>) -> Rows<'a> {
    match &layer.projection {
        Some(p) => p.project_out(rows.view()).into(),
        None => Rows::of(rows.view()),
    }
}
