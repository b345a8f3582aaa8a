//! The training loop, one step at a time.

use std::ops::Range;
use std::sync::Arc;

use ndarray::ArrayView2;

use crate::features::{FeatureSet, Split};
use crate::random::{self, Purpose};
use crate::rvq::rules::{self, InitInput, InitOutcome, UpdateRule};
use crate::rvq::{Layer, Rows, Rvq, RvqError, RvqParams, ValidRvqParams, energy};
use crate::task::{Cancelled, Task};
use crate::text::msg;

use super::batches::block_len;
use super::init_sample::InitSample;
use super::joint::{self, PathStep, best_energy};
use super::layer_pass::{LayerPass, PassBuffers};
use super::layer_start::{self, in_shape_of};
use super::{Batches, CodeTrace, LayerState, LayerStep, Share, SharedStart, StepRecord, Tracer};

/// A training under way.
///
/// Each step takes a batch through the layers. A layer assigns with the rows it had before the step, its rule moves the codebook, and what the old
/// rows leave over goes to the next layer. A step that was cancelled half-way leaves the quantizer between two steps; take the last snapshot then.
/// The next call goes on with it, so that nothing is lost.
#[derive(Debug)]
pub struct Trainer {
    pub(super) params: ValidRvqParams,
    pub(super) rule: &'static dyn UpdateRule,
    pub(super) set: Arc<FeatureSet>,
    pub(super) batches: Batches,
    pub(super) step: u64,
    pub(super) rvq: Rvq,
    pub(super) states: Vec<LayerState>,
    /// The history of single codes; none where there are too many of them.
    pub(super) tracer: Option<Tracer>,
    init_sample: Option<InitSample>,
    /// First rows that are given, in place of those that the rule would find.
    shared_start: Option<Arc<SharedStart>>,
    /// The layers behind a step that was cancelled half-way; what they left over stands in the buffers.
    under_way: Option<Vec<LayerStep>>,
    /// Its share of the frames, where several ranks train together; `set` holds no others then.
    pub(super) share: Option<Share>,
    pub(super) buffers: Buffers,
}

/// Memory that steps share.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// What the layers so far left over of the batch, along every path.
    residual: Rows<'static>,
    /// Frames of the batch.
    batch_len: usize,
    /// The codes of the last batch, layer by layer.
    pub(super) codes: Vec<Vec<u32>>,
    pass: PassBuffers,
}

impl Trainer {
    /// A training of the frames of `train`, starting from the codebooks of `start` or from those the rule makes.
    ///
    /// With `start`, the numbers of layers and codes are its own, whatever `params` say.
    ///
    /// # Errors
    /// `start` does not have the dimension of the frames or is larger than parameters can be, or there is no frame to train on.
    pub fn new(
        params: ValidRvqParams,
        set: Arc<FeatureSet>,
        train: Vec<Range<usize>>,
        start: Option<&Rvq>,
    ) -> Result<Self, RvqError> {
        let block_len = block_len(&set);
        Self::in_blocks_of(block_len, params, set, train, start)
    }

    pub(super) fn in_blocks_of(
        block_len: usize,
        mut params: ValidRvqParams,
        set: Arc<FeatureSet>,
        train: Vec<Range<usize>>,
        start: Option<&Rvq>,
    ) -> Result<Self, RvqError> {
        let dim = set.matrix.dim();
        if Split::count(&train) == 0 {
            return Err(RvqError::Shape(msg!("err-no-frame")));
        }
        let rvq = match start {
            Some(rvq) if rvq.dim() != dim => {
                return Err(RvqError::Shape(msg!("err-start-dimension", own = rvq.dim(), dim = dim)));
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
        joint::check(&params, &rvq)?;
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
        let batches = Batches::in_blocks(train, params.order, params.seed, block_len);
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
            share: None,
            tracer: Tracer::begin(&rvq, step),
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

    /// What every code was at some of the steps; `None` where there are too many codes.
    #[must_use]
    pub fn code_trace(&self) -> Option<&Arc<CodeTrace>> {
        self.tracer.as_ref().map(Tracer::trace)
    }

    /// The parameters of the next step.
    #[must_use]
    pub fn params(&self) -> &RvqParams {
        &self.params
    }

    /// The codes that layer `layer_idx` gave the last batch; along several paths a code for each path of each frame.
    #[must_use]
    pub fn codes(&self, layer_idx: usize) -> &[u32] {
        self.buffers.codes.get(layer_idx).map_or(&[], Vec::as_slice)
    }

    /// Batches an epoch at the present batch size.
    #[must_use]
    pub fn steps_per_epoch(&self) -> u64 {
        self.batches.per_epoch(self.params.batch_size)
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
        if self.is_refit(step) {
            return self.alternate(step, task);
        }
        let mut residual = std::mem::take(&mut self.buffers.residual);
        let mut layers = match self.under_way.take() {
            Some(layers) => layers,
            None => {
                let batch = self.batches.advance(self.params.batch_size);
                match &mut self.share {
                    None => residual.gather(self.set.matrix.view(), batch),
                    Some(share) => share.begin(self.set.matrix.view(), batch, &mut residual)?,
                }
                self.buffers.batch_len = residual.num_rows();
                Vec::with_capacity(self.rvq.num_layers())
            }
        };
        let passed = self.pass(step, &mut residual, &mut layers, task);
        self.buffers.residual = residual;
        if let Err(cancelled) = passed {
            self.under_way = Some(layers);
            return Err(cancelled);
        }
        if self.has_started() {
            self.init_sample = None;
        }
        Ok(self.end_step(step, layers))
    }

    /// Counts a step that was taken.
    pub(super) fn end_step(&mut self, step: u64, layers: Vec<LayerStep>) -> StepRecord {
        self.step = step;
        if let Some(tracer) = &mut self.tracer {
            tracer.end_step(step, &self.rvq);
        }
        StepRecord { step, layers }
    }

    /// Takes the batch through the layers behind those in `layers`.
    fn pass(
        &mut self,
        step: u64,
        residual: &mut Rows<'static>,
        layers: &mut Vec<LayerStep>,
        task: &Task<'_>,
    ) -> Result<(), Cancelled> {
        let active = self.active_layers(step);
        for layer_idx in layers.len()..active {
            task.check()?;
            let paths = match &self.share {
                None => residual.num_rows() / self.buffers.batch_len.max(1),
                // It may have no frame of the batch.
                Some(share) => share.paths,
            };
            let paths = PathStep::of(&self.params, paths, layer_idx + 1 == active);
            layers.push(self.step_layer(layer_idx, step, paths, residual, task)?);
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

    /// Takes the batch through one layer, which is started first where its turn has come.
    fn step_layer(
        &mut self,
        layer_idx: usize,
        step: u64,
        paths: PathStep,
        residual: &mut Rows<'static>,
        task: &Task<'_>,
    ) -> Result<LayerStep, Cancelled> {
        let metric = self.rvq.metric();
        // A layer is started with the whole batch, wherever it lies.
        let whole = match &self.share {
            Some(share) if self.states[layer_idx].init_step.is_none() => Some(share.whole_batch(residual)?),
            _ => None,
        };
        let whole = whole.map(Rows::from);
        let seen = whole.as_ref().unwrap_or(residual);
        if !self.adopt_start(layer_idx, step, seen.num_rows()) {
            layer_start::fit_projection(&mut self.rvq, &self.states, layer_idx, seen.view());
        }
        let search_input = |rvq: &Rvq, residual: &Rows<'_>| {
            rvq.layers()[layer_idx].search_input(metric, residual.view()).map(Rows::from)
        };
        let own_input = search_input(&self.rvq, residual);
        if self.states[layer_idx].init_step.is_none() {
            let of_whole = whole.as_ref().map(|whole| search_input(&self.rvq, whole));
            let input = of_whole.as_ref().unwrap_or(&own_input).as_ref().unwrap_or(seen);
            if !self.start_layer(layer_idx, step, input.view(), task)? {
                return Ok(self.wait(layer_idx, paths, residual));
            }
        }
        let Self { params, rule, rvq, states, tracer, buffers, share, .. } = self;
        let pass = LayerPass {
            params,
            rule: *rule,
            metric,
            layer_idx,
            step,
            layer: &mut rvq.layers_mut()[layer_idx],
            state: &mut states[layer_idx],
            since: tracer.as_mut().and_then(|tracer| tracer.layer(layer_idx)),
            paths,
            codes: &mut buffers.codes[layer_idx],
            buffers: &mut buffers.pass,
        };
        match share {
            None => Ok(pass.run(residual, own_input)),
            Some(share) => pass.run_shared(share, residual, own_input),
        }
    }

    /// What a layer does before its turn has come: it gives code 0 and passes its input on.
    fn wait(&mut self, layer_idx: usize, paths: PathStep, residual: &Rows<'_>) -> LayerStep {
        let codes = &mut self.buffers.codes[layer_idx];
        codes.clear();
        codes.resize(residual.num_rows(), 0);
        let (sq_error, num_frames) = match &self.share {
            None if paths.count > 1 => {
                (best_energy(residual, paths.count), residual.num_rows() / paths.count)
            }
            None => (energy(residual.view()), residual.num_rows()),
            Some(share) => (share.energy, share.batch_len),
        };
        let mse = sq_error / (num_frames * residual.dim()).max(1) as f64;
        LayerStep::waiting(mse, self.params.commitment_weight)
    }

    /// Starts a layer from rows that are given, if there are such.
    fn adopt_start(&mut self, layer_idx: usize, step: u64, batch_len: usize) -> bool {
        let Self { params, rule, rvq, states, shared_start, .. } = self;
        let Some((rows, projection)) = shared_start.as_ref().and_then(|start| start.layer(layer_idx)) else {
            return false;
        };
        if states[layer_idx].init_step.is_none() {
            let layer = &mut rvq.layers_mut()[layer_idx];
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
        let Self { params, rule, set, batches, rvq, init_sample, share, .. } = self;
        let share = share.as_ref();
        let mut sample = |max: usize| {
            let found = match init_sample {
                Some(found) => found,
                None => init_sample.insert(InitSample::draw(set, batches, max, params.seed, share)?),
            };
            found.seen_by(rvq, layer_idx, share, task)
        };
        let mut input = InitInput {
            params,
            layer_idx,
            step,
            previous_init_step: previous,
            batch,
            sample: &mut sample,
            rng: random::stream(params.seed, Purpose::Init, layer_idx as u64),
            task: share.map_or(*task, |share| task.among(&*share.ranks)),
        };
        match rule.init(&mut input)? {
            InitOutcome::Wait => Ok(false),
            InitOutcome::Ready(codebook) => {
                self.rvq.layers_mut()[layer_idx].codebook = codebook;
                self.states[layer_idx].init_step = Some(step);
                Ok(true)
            }
        }
    }
}
