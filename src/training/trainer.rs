//! The training loop, one step at a time.

#![allow(clippy::needless_pass_by_value, reason = "views are passed like slices")]

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2};

use crate::features::{FeatureSet, Split};
use crate::metrics::convergence::{self, RowMoves};
use crate::metrics::usage;
use crate::random::{self, Purpose};
use crate::rvq::encoder::{energy, subtract_rows};
use crate::rvq::nearest::Searcher;
use crate::rvq::rules::{self, InitInput, InitOutcome, LayerBatch, UpdateCtx, UpdateRule};
use crate::rvq::tally::Tally;
use crate::rvq::{
    Assignment, Layer, Metric, Rvq, RvqError, RvqParams, ValidRvqParams, layer_input, normalize_rows,
    replace_by_upstream,
};
use crate::task::{Cancelled, Task};

use super::batches::block_len;
use super::init_sample::{InitSample, gather};
use super::layer_start::{self, in_shape_of};
use super::{Batches, LayerState, LayerStep, SharedStart, StepRecord};

/// A training under way.
///
/// Each step takes a batch through the layers. A layer assigns with the rows it had before the step, its rule moves the codebook, and what the old
/// rows leave over goes to the next layer. A step that was cancelled half-way leaves the quantizer between two steps; take the last snapshot then.
/// The next call goes on with it, so that nothing is lost.
#[derive(Debug)]
pub struct Trainer {
    pub(super) params: ValidRvqParams,
    rule: &'static dyn UpdateRule,
    set: Arc<FeatureSet>,
    pub(super) batches: Batches,
    pub(super) step: u64,
    pub(super) rvq: Rvq,
    pub(super) states: Vec<LayerState>,
    init_sample: Option<InitSample>,
    /// First rows that are given, in place of those that the rule would find.
    shared_start: Option<Arc<SharedStart>>,
    /// The layers behind a step that was cancelled half-way; what they left over stands in the buffers.
    under_way: Option<Vec<LayerStep>>,
    buffers: Buffers,
}

/// Parameters whose unit or meaning is a rule's own.
const OWN_UNITS: [&str; 2] = ["threshold_ema_dead_code", "reset_cluster_size"];

/// Memory that steps share, so that a step allocates nothing of the size of its batch.
#[derive(Debug, Default)]
struct Buffers {
    residual: Array2<f32>,
    codes: Vec<Vec<u32>>,
    sq_dists: Vec<f32>,
    rows: Array2<f32>,
    searcher: Searcher,
    tally: Tally,
}

impl Trainer {
    /// A training of the frames of `train`, starting from the codebooks of `start` or from those the rule makes.
    ///
    /// With `start`, the numbers of layers and codes are its own, whatever `params` say.
    ///
    /// # Errors
    /// `start` does not have the dimension of the frames or is larger than parameters can be, or there is no frame to train on.
    pub fn new(
        mut params: ValidRvqParams,
        set: Arc<FeatureSet>,
        train: Vec<Range<usize>>,
        start: Option<&Rvq>,
    ) -> Result<Self, RvqError> {
        let dim = set.matrix.dim();
        if Split::count(&train) == 0 {
            return Err(RvqError::Shape("there is no frame to train on".to_owned()));
        }
        let rvq = match start {
            Some(rvq) if rvq.dim() != dim => {
                return Err(RvqError::Shape(format!(
                    "the starting model has {} dimensions, but the frames have {dim}",
                    rvq.dim()
                )));
            }
            Some(rvq) => {
                params = in_shape_of(rvq, params)?;
                rvq.clone()
            }
            None => {
                let blank = layer_start::blank(&params, dim)?;
                Rvq::with_metric(vec![blank; params.num_layers], params.metric)?
            }
        };
        let state = |layer: &Layer| {
            let num_codes = layer.codebook.num_codes();
            LayerState {
                init_step: start.map(|_| 0),
                batch_counts: vec![0; num_codes],
                code_drift: vec![0.0; num_codes],
                replaced_at: vec![0; num_codes],
                threshold_frames: 0.0,
                misassigned: None,
            }
        };
        let states = rvq.layers().iter().map(state).collect();
        let batches = Batches::in_blocks(train, params.order, params.seed, block_len(&set));
        Ok(Self::standing_at(0, params, set, batches, rvq, states))
    }

    /// A training that took `step` steps and stands between two, its parts fitting each other.
    pub(super) fn standing_at(
        step: u64,
        params: ValidRvqParams,
        set: Arc<FeatureSet>,
        batches: Batches,
        rvq: Rvq,
        states: Vec<LayerState>,
    ) -> Self {
        Self {
            rule: rules::rule(params.rule),
            buffers: Buffers { codes: vec![Vec::new(); states.len()], ..Buffers::default() },
            init_sample: None,
            shared_start: None,
            under_way: None,
            params,
            set,
            batches,
            step,
            rvq,
            states,
        }
    }

    /// The same training from first rows that are given: the rule makes its own state of them.
    #[must_use]
    pub fn starting_from(self, start: Arc<SharedStart>) -> Self {
        Self { shared_start: Some(start), ..self }
    }

    /// Steps taken so far.
    #[must_use]
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    /// The quantizer as it is.
    #[must_use]
    pub fn rvq(&self) -> &Rvq {
        &self.rvq
    }

    /// What each layer remembers besides its codebook.
    #[must_use]
    pub fn layer_states(&self) -> &[LayerState] {
        &self.states
    }

    /// The parameters of the next step.
    #[must_use]
    pub fn params(&self) -> &RvqParams {
        &self.params
    }

    /// The codes that layer `layer_idx` gave the last batch.
    #[must_use]
    pub fn codes(&self, layer_idx: usize) -> &[u32] {
        self.buffers.codes.get(layer_idx).map_or(&[], Vec::as_slice)
    }

    /// Batches an epoch at the present batch size.
    #[must_use]
    pub fn steps_per_epoch(&self) -> u64 {
        self.batches.per_epoch(self.params.batch_size)
    }

    /// Takes over what may change while training runs: decay, epsilon, threshold, batch size, number of steps.
    ///
    /// Of parameters for another rule, a threshold says nothing here: its unit is the rule's own.
    pub fn set_live(&mut self, edited: &ValidRvqParams) {
        let mut params = *self.params;
        let same_rule = edited.rule == params.rule;
        for spec in self.rule.params() {
            let shared = same_rule || !OWN_UNITS.contains(&spec.key);
            if shared && spec.effect == crate::param::Effect::Live {
                (spec.write)(&mut params, (spec.read)(edited));
            }
        }
        // Every live value was checked with `edited`, and nothing else has changed.
        if let Ok(params) = params.validate() {
            self.params = params;
        }
    }

    /// Whether every layer has its first codebook: from then on, steps take alike long.
    #[must_use]
    pub fn has_started(&self) -> bool {
        self.states.iter().all(|state| state.init_step.is_some())
    }

    /// Whether the quantizer stands between two steps, and not in the middle of one that was cancelled.
    #[must_use]
    pub fn is_between_steps(&self) -> bool {
        self.under_way.is_none()
    }

    /// Takes one step, or the rest of one that was cancelled half-way.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn step(&mut self, task: &Task<'_>) -> Result<StepRecord, Cancelled> {
        let step = self.step + 1;
        let mut residual = std::mem::take(&mut self.buffers.residual);
        let mut layers = self.under_way.take().unwrap_or_else(|| {
            let batch = self.batches.advance(self.params.batch_size);
            gather(&mut residual, self.set.matrix.view(), batch);
            Vec::with_capacity(self.rvq.num_layers())
        });
        let passed = self.pass(step, &mut residual, &mut layers, task);
        self.buffers.residual = residual;
        if let Err(cancelled) = passed {
            self.under_way = Some(layers);
            return Err(cancelled);
        }
        if self.has_started() {
            self.init_sample = None;
        }
        self.step = step;
        Ok(StepRecord { step, layers })
    }

    /// Takes the batch through the layers behind those in `layers`.
    fn pass(
        &mut self,
        step: u64,
        residual: &mut Array2<f32>,
        layers: &mut Vec<LayerStep>,
        task: &Task<'_>,
    ) -> Result<(), Cancelled> {
        for layer_idx in layers.len()..self.active_layers(step) {
            task.check()?;
            layers.push(self.step_layer(layer_idx, step, residual, task)?);
        }
        Ok(())
    }

    /// How many leading layers a step trains.
    fn active_layers(&self, step: u64) -> usize {
        let all = self.rvq.num_layers();
        if !self.params.quantizer_dropout || !self.has_started() {
            return all;
        }
        1 + random::below(&mut random::stream(self.params.seed, Purpose::Dropout, step), all)
    }

    fn step_layer(
        &mut self,
        layer_idx: usize,
        step: u64,
        residual: &mut Array2<f32>,
        task: &Task<'_>,
    ) -> Result<LayerStep, Cancelled> {
        let metric = self.rvq.metric();
        if !self.adopt_start(layer_idx, step, residual.nrows()) {
            layer_start::fit_projection(&mut self.rvq, &self.states, layer_idx, residual.view());
        }
        let own_input = {
            let layer = &self.rvq.layers()[layer_idx];
            (layer.projection.is_some() || metric == Metric::Cosine)
                .then(|| layer_input(layer, metric, residual.view()))
        };
        if self.states[layer_idx].init_step.is_none() {
            let input = own_input.as_ref().map_or(residual.view(), |input| input.view());
            if !self.start_layer(layer_idx, step, input, task)? {
                self.buffers.codes[layer_idx].clear();
                self.buffers.codes[layer_idx].resize(residual.nrows(), 0);
                let mse = energy(residual.view()) / residual.len().max(1) as f64;
                return Ok(LayerStep::waiting(mse, self.params.commitment_weight));
            }
        }
        let Self { params, rule, rvq, states, buffers, .. } = self;
        let Buffers { codes, sq_dists, rows, searcher, tally, .. } = buffers;
        let (codes, state) = (&mut codes[layer_idx], &mut states[layer_idx]);
        let Some(layer) = rvq.layer_mut(layer_idx) else { return Err(Cancelled) };
        let num_codes = layer.codebook.num_codes();

        if rows.dim() == layer.codebook.embed().dim() {
            rows.assign(&layer.codebook.embed());
        } else {
            *rows = layer.codebook.embed().to_owned();
        }
        if metric == Metric::Cosine {
            normalize_rows(rows);
        }
        codes.resize(residual.nrows(), 0);
        sq_dists.resize(residual.nrows(), 0.0);
        let update = {
            let input = own_input.as_ref().map_or(residual.view(), |input| input.view());
            searcher.prepare(rows.view());
            searcher.assign(input.to_slice().unwrap_or(&[]), codes, sq_dists);
            state.misassigned = (params.assignment == Assignment::Upstream)
                .then(|| replace_by_upstream(input, rows.view(), codes, sq_dists));
            tally.fill(input, codes, num_codes);
            let batch = LayerBatch { frames: input, sq_dists, tally };
            let stream = step.wrapping_mul(1024).wrapping_add(layer_idx as u64);
            let mut ctx = UpdateCtx {
                params,
                layer_idx,
                step,
                init_step: state.init_step.unwrap_or(0),
                rng: random::stream(params.seed, Purpose::Replacement, stream),
            };
            state.threshold_frames =
                rule.threshold_frames(params, residual.nrows(), layer.codebook.cluster_size());
            rule.update(&mut layer.codebook, &batch, &mut ctx)
        };
        let left = match &layer.projection {
            Some(p) => subtract_rows(residual, p.project_out(rows.view()).view(), codes),
            None => subtract_rows(residual, rows.view(), codes),
        };
        let moves = RowMoves::between(rows.view(), layer.codebook.embed());
        state.note(step, tally.counts(), &moves, &update);
        let counts: Vec<u64> = tally.counts().iter().map(|&n| u64::from(n)).collect();
        let sq_error = sq_dists.iter().map(|&d| f64::from(d)).sum();
        let sizes = layer.codebook.cluster_size();
        Ok(LayerStep {
            loss: convergence::commitment_loss(
                sq_error,
                residual.nrows(),
                rows.ncols(),
                params.commitment_weight,
            ),
            mse: left / residual.len().max(1) as f64,
            perplexity: usage::perplexity(&counts).unwrap_or(0.0),
            used: usage::used(&counts) as u32,
            below_threshold: sizes.iter().filter(|&&size| size < state.threshold_frames).count() as u32,
            replaced: update.len() as u32,
            drift: convergence::drift(&moves, &update),
            drift_all: convergence::drift_all(&moves),
            misassigned: state.misassigned,
        })
    }

    /// Starts a layer from rows that are given, if there are such.
    fn adopt_start(&mut self, layer_idx: usize, step: u64, batch_len: usize) -> bool {
        let Self { params, rule, rvq, states, shared_start, .. } = self;
        let Some((rows, projection)) = shared_start.as_ref().and_then(|start| start.layer(layer_idx)) else {
            return false;
        };
        if let (None, Some(layer)) = (states[layer_idx].init_step, rvq.layer_mut(layer_idx)) {
            layer.codebook = rule.adopt(rows.clone(), params, batch_len);
            layer.projection.clone_from(projection);
            states[layer_idx].init_step = Some(step);
        }
        true
    }

    /// Starts a layer; `false` where its turn has not come.
    fn start_layer(
        &mut self,
        layer_idx: usize,
        step: u64,
        batch: ArrayView2<'_, f32>,
        task: &Task<'_>,
    ) -> Result<bool, Cancelled> {
        let previous = layer_idx.checked_sub(1).and_then(|before| self.states[before].init_step);
        let Self { params, rule, set, batches, rvq, init_sample, .. } = self;
        let mut sample = |max: usize| {
            let found = init_sample.get_or_insert_with(|| InitSample::draw(set, batches, max, params.seed));
            found.advance(rvq, layer_idx, task)?;
            let layer = &rvq.layers()[layer_idx];
            Ok(layer_input(layer, rvq.metric(), found.residual.view()))
        };
        let mut input = InitInput {
            params,
            layer_idx,
            step,
            previous_init_step: previous,
            batch,
            sample: &mut sample,
            rng: random::stream(params.seed, Purpose::Init, layer_idx as u64),
            task: *task,
        };
        match rule.init(&mut input)? {
            InitOutcome::Wait => Ok(false),
            InitOutcome::Ready(codebook) => {
                if let Some(layer) = self.rvq.layer_mut(layer_idx) {
                    layer.codebook = codebook;
                }
                self.states[layer_idx].init_step = Some(step);
                Ok(true)
            }
        }
    }
}
