//! Training and evaluating, with everything that happens around a step: control, publishing, held-out figures.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use crate::features::{FeatureSet, Split, Standardizer};
use crate::metrics::{Evaluation, evaluate as evaluate_ranges};
use crate::rvq::search::Search;
use crate::rvq::{Codebook, Layer, Rvq, RvqError, RvqParams, ValidRvqParams};
use crate::task::Task;
use crate::training::{History, LiveEdit, Run, SourceInfo, StepRecord, Trainer};

use super::{Control, Dataset, JobCtx, JobError, JobEvent};

/// What share of the frames is held out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Holdout(pub f64);

/// A training to be run.
#[derive(Debug)]
pub struct TrainSpec {
    /// What the run is called.
    pub name: String,
    /// The data.
    pub dataset: Arc<Dataset>,
    /// How.
    pub params: ValidRvqParams,
    /// What is held out.
    pub holdout: Holdout,
    /// Whether to train on centred data of unit variance; codebooks and errors are in input units all the same.
    pub standardize: bool,
    /// Codebooks to start from in place of the rule's own.
    pub start: Option<Arc<Rvq>>,
    /// A training to go on with; `start` is not looked at then.
    pub resume: Option<Box<Resume>>,
    /// Wait before the first step.
    pub paused: bool,
}

/// A training that ended and can go on as if it had not.
#[derive(Debug)]
pub struct Resume {
    trainer: Trainer,
    history: History,
    live_edits: Vec<LiveEdit>,
}

/// What a training gives.
#[derive(Debug)]
pub struct Trained {
    /// The quantizer and its figures.
    pub run: Arc<Run>,
    /// Every step's scalars.
    pub history: History,
    /// To go on with; `None` where it was stopped in the middle of a step.
    pub resume: Option<Box<Resume>>,
}

/// A quantizer to be held against data.
#[derive(Debug, Clone)]
pub struct EvaluateSpec {
    /// What it is called.
    pub name: String,
    /// The data.
    pub dataset: Arc<Dataset>,
    /// The quantizer.
    pub rvq: Arc<Rvq>,
    /// The parameters it was made with, where known.
    pub params: Option<RvqParams>,
    /// Steps it was trained for, where known.
    pub steps: u64,
    /// What is held out.
    pub holdout: Holdout,
}

/// How often a watched training publishes itself.
const PUBLISH_EVERY: Duration = Duration::from_millis(100);
/// How often it looks at held-out frames at the most.
const EVALUATE_EVERY: Duration = Duration::from_millis(300);
/// The share of its time that it spends on looking at held-out frames.
const EVALUATE_SHARE: f64 = 0.12;
/// Training frames that are looked at while training goes on; the end looks at all.
const LIVE_TRAIN_FRAMES: usize = 20_000;
/// Values of a mapped file up to which a standardized copy is kept in memory.
const STANDARDIZED_VALUES: usize = 1 << 28;
/// How long a waiting training sleeps between looks at its cancel switch.
const PAUSE_TICK: Duration = Duration::from_millis(50);

/// Trains to the last step, or until told to stop.
///
/// # Errors
/// It was cancelled before its first step, or data, parameters and start do not fit each other.
pub fn train(spec: TrainSpec, ctx: &JobCtx<'_>) -> Result<Trained, JobError> {
    ctx.compute(|task| Training::new(spec, ctx)?.run(task))?
}

/// Quantizes the frames of a corpus with a given quantizer.
///
/// # Errors
/// Their dimensions differ, or it was cancelled.
pub fn evaluate(spec: &EvaluateSpec, ctx: &JobCtx<'_>) -> Result<Arc<Run>, JobError> {
    ctx.compute(|task| {
        let set = &spec.dataset.set;
        let split = Split::hold_out(set, spec.holdout.0);
        let mut run = Run {
            name: spec.name.clone(),
            source: source_info(&spec.dataset, &split),
            params: spec.params.unwrap_or_else(|| params_like(&spec.rvq)),
            params_known: spec.params.is_some(),
            live_edits: Vec::new(),
            steps: spec.steps,
            rvq: spec.rvq.clone(),
            states: Vec::new(),
            train: None,
            held_out: None,
            evaluated_at: spec.steps,
        };
        look_at_all(&mut run, set, &split, task)?;
        Ok(Arc::new(run))
    })?
}

/// The lineage's parameters in the shape of a quantizer that came without any.
fn params_like(rvq: &Rvq) -> RvqParams {
    let codebook_size = rvq.layers().first().map_or(1, |layer| layer.codebook.num_codes());
    RvqParams {
        num_layers: rvq.num_layers(),
        codebook_size,
        metric: rvq.metric(),
        ..RvqParams::lineage("gpt-sovits")
    }
}

struct Training<'a> {
    ctx: &'a JobCtx<'a>,
    trainer: Trainer,
    history: History,
    run: Run,
    set: Arc<FeatureSet>,
    split: Split,
    standardizer: Option<Standardizer>,
    paused: bool,
    stop: bool,
    /// Step once although paused.
    once: bool,
    published: Option<Instant>,
    evaluated: Option<(Instant, Duration)>,
}

impl<'a> Training<'a> {
    fn new(spec: TrainSpec, ctx: &'a JobCtx<'a>) -> Result<Self, JobError> {
        let set = spec.dataset.set.clone();
        let split = Split::hold_out(&set, spec.holdout.0);
        if spec.standardize && set.matrix.is_mapped() && set.matrix.view().len() > STANDARDIZED_VALUES {
            return Err(JobError::Input(format!(
                "these features are too large to keep a standardized copy of; train without standardizing, which finds the same codes: {}",
                spec.dataset.source.title()
            )));
        }
        let standardizer = spec.standardize.then(|| Standardizer::fit(set.matrix.view(), &split.train));
        let (mut trainer, history, live_edits) = match spec.resume {
            Some(resume) => {
                let Resume { trainer, history, live_edits } = *resume;
                (trainer, history, live_edits)
            }
            None => {
                let (seen, start) = match &standardizer {
                    None => (set.clone(), spec.start.clone()),
                    Some(s) => {
                        let matrix = s.apply(&set.matrix).map_err(|problem| JobError::Features {
                            problem,
                            path: spec.dataset.source.title(),
                        })?;
                        let start =
                            spec.start.map(|rvq| rescaled(&rvq, &s.inverse()).map(Arc::new)).transpose()?;
                        (Arc::new(FeatureSet { matrix, ..(*set).clone() }), start)
                    }
                };
                let trainer = Trainer::new(spec.params, seen, split.train.clone(), start.as_deref())?;
                (trainer, History::default(), Vec::new())
            }
        };
        trainer.set_live(&spec.params);
        let run = Run {
            name: spec.name,
            source: source_info(&spec.dataset, &split),
            params: *trainer.params(),
            params_known: true,
            live_edits,
            steps: trainer.steps_done(),
            rvq: Arc::new(trainer.rvq().clone()),
            states: Vec::new(),
            train: None,
            held_out: None,
            evaluated_at: 0,
        };
        let paused = spec.paused;
        Ok(Self {
            ctx,
            trainer,
            history,
            run,
            set,
            split,
            standardizer,
            paused,
            stop: false,
            once: paused,
            published: None,
            evaluated: None,
        })
    }

    fn run(mut self, task: &Task<'_>) -> Result<Trained, JobError> {
        let mut torn = false;
        if self.paused {
            (self.ctx.emit)(JobEvent::Paused(true));
        }
        while self.trainer.steps_done() < self.trainer.params().steps {
            self.obey(task)?;
            if self.stop {
                break;
            }
            match self.trainer.step(task) {
                Ok(record) => self.note(record),
                // Told to stop in the middle of a step: what was published last is what is kept.
                Err(_) if self.stopped_with_something() => {
                    torn = true;
                    break;
                }
                Err(cancelled) => return Err(cancelled.into()),
            }
            self.publish_if_due(task)?;
        }
        if !torn {
            self.refresh()?;
        }
        if self.stop || torn {
            // Its cancel switch is set, and the user waits: a sample of the frames has to do.
            let quiet = crate::task::Cancel::default();
            let train = sampled(&self.split.train, LIVE_TRAIN_FRAMES);
            let held_out = sampled(&self.split.held_out, LIVE_TRAIN_FRAMES);
            look_at(&mut self.run, &self.set, &train, &held_out, &Task::silent(&quiet))?;
        } else {
            look_at_all(&mut self.run, &self.set, &self.split, task)?;
        }
        let run = Arc::new(self.run);
        (self.ctx.emit)(JobEvent::Run(run.clone()));
        let resume = Resume {
            trainer: self.trainer,
            history: self.history.clone(),
            live_edits: run.live_edits.clone(),
        };
        Ok(Trained { run, history: self.history, resume: (!torn).then(|| Box::new(resume)) })
    }

    /// Takes in what the training was told, and waits while it is paused.
    fn obey(&mut self, task: &Task<'_>) -> Result<(), JobError> {
        let Some(control) = self.ctx.control else { return Ok(task.check()?) };
        let Ok(queue) = control.lock() else { return Ok(()) };
        loop {
            if self.stopped_with_something() {
                self.stop = true;
            }
            if self.stop {
                return Ok(());
            }
            task.check()?;
            let waiting = self.paused && !self.once;
            let told = if waiting {
                match queue.recv_timeout(PAUSE_TICK) {
                    Ok(told) => Some(told),
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => return Err(crate::task::Cancelled.into()),
                }
            } else {
                match queue.try_recv() {
                    Ok(told) => Some(told),
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
                }
            };
            match told {
                None => {
                    self.once = false;
                    return Ok(());
                }
                Some(Control::Pause) => self.pause(true),
                Some(Control::Resume) => self.pause(false),
                Some(Control::StepOnce) => {
                    self.pause(true);
                    self.once = true;
                }
                Some(Control::Stop) => self.stop = true,
                Some(Control::Live(params)) => self.edit(&params),
            }
        }
    }

    fn pause(&mut self, paused: bool) {
        if self.paused != paused {
            self.paused = paused;
            (self.ctx.emit)(JobEvent::Paused(paused));
        }
    }

    fn edit(&mut self, edited: &ValidRvqParams) {
        let before = *self.trainer.params();
        self.trainer.set_live(edited);
        let step = self.trainer.steps_done() + 1;
        self.run.live_edits.extend(LiveEdit::between(step, &before, self.trainer.params()));
    }

    /// Whether it was cancelled, but by a user who keeps what was reached.
    fn stopped_with_something(&self) -> bool {
        self.ctx.control.is_some() && self.ctx.cancel.is_cancelled() && self.run.steps > 0
    }

    fn note(&mut self, mut record: StepRecord) {
        if let Some(standardizer) = &self.standardizer {
            for layer in &mut record.layers {
                layer.loss = standardizer.restore_sq_error(layer.loss);
                layer.mse = standardizer.restore_sq_error(layer.mse);
            }
        }
        self.history.push(&record);
        (self.ctx.emit)(JobEvent::Step(record));
    }

    /// Brings the run up to where the trainer is.
    fn refresh(&mut self) -> Result<(), JobError> {
        self.run.rvq = Arc::new(match &self.standardizer {
            Some(s) => rescaled(self.trainer.rvq(), s)?,
            None => self.trainer.rvq().clone(),
        });
        self.run.states = self.trainer.layer_states().to_vec();
        self.run.params = *self.trainer.params();
        self.run.steps = self.trainer.steps_done();
        Ok(())
    }

    fn publish_if_due(&mut self, task: &Task<'_>) -> Result<(), JobError> {
        let waits = self.paused && !self.once;
        let due = self.published.is_none_or(|at| at.elapsed() >= PUBLISH_EVERY);
        if !self.ctx.live || !(due || waits) {
            return Ok(());
        }
        self.refresh()?;
        let looked_enough = self.evaluated.is_some_and(|(at, took)| {
            let wait = EVALUATE_EVERY.max(took.div_f64(EVALUATE_SHARE));
            at.elapsed() < wait
        });
        if !looked_enough || waits {
            let start = Instant::now();
            let sample = sampled(&self.split.train, LIVE_TRAIN_FRAMES);
            let held_out = sampled(&self.split.held_out, LIVE_TRAIN_FRAMES);
            // A cancel here is seen by the next step.
            if look_at(&mut self.run, &self.set, &sample, &held_out, &task.quiet()).is_ok() {
                self.evaluated = Some((Instant::now(), start.elapsed()));
            }
        }
        (self.ctx.emit)(JobEvent::Run(Arc::new(self.run.clone())));
        self.published = Some(Instant::now());
        Ok(())
    }
}

fn look_at_all(run: &mut Run, set: &FeatureSet, split: &Split, task: &Task<'_>) -> Result<(), RvqError> {
    look_at(run, set, &split.train, &split.held_out, task)
}

fn look_at(
    run: &mut Run,
    set: &FeatureSet,
    train: &[std::ops::Range<usize>],
    held_out: &[std::ops::Range<usize>],
    task: &Task<'_>,
) -> Result<(), RvqError> {
    let look = |ranges: &[std::ops::Range<usize>]| -> Result<Option<Arc<Evaluation>>, RvqError> {
        if Split::count(ranges) == 0 {
            return Ok(None);
        }
        evaluate_ranges(&run.rvq, set.matrix.view(), ranges, Search::Greedy, task).map(|e| Some(Arc::new(e)))
    };
    let (train, held_out) = (look(train)?, look(held_out)?);
    (run.train, run.held_out, run.evaluated_at) = (train, held_out, run.steps);
    Ok(())
}

/// At most about `max` frames of `ranges`, in evenly spread pieces.
fn sampled(ranges: &[std::ops::Range<usize>], max: usize) -> Vec<std::ops::Range<usize>> {
    const PIECES: usize = 32;
    let total = Split::count(ranges);
    if total <= max {
        return ranges.to_vec();
    }
    let share = max as f64 / total as f64;
    let mut pieces = Vec::new();
    for range in ranges {
        let piece = (range.len() / PIECES).max(1);
        let kept = ((piece as f64 * share).round() as usize).max(1);
        pieces.extend(range.clone().step_by(piece).map(|start| start..(start + kept).min(range.end)));
    }
    pieces
}

fn source_info(dataset: &Dataset, split: &Split) -> SourceInfo {
    SourceInfo {
        paths: dataset.source.paths(),
        frames: dataset.set.matrix.num_frames(),
        dim: dataset.set.matrix.dim(),
        frame_rate_hz: dataset.set.frame_rate_hz,
        train_frames: Split::count(&split.train),
        held_out_frames: Split::count(&split.held_out),
    }
}

/// The quantizer in the units that the standardizer restores: the first layer is scaled and shifted, the others are scaled.
fn rescaled(rvq: &Rvq, standardizer: &Standardizer) -> Result<Rvq, RvqError> {
    let mut layers = Vec::with_capacity(rvq.num_layers());
    for (layer_idx, layer) in rvq.layers().iter().enumerate() {
        let mut embed = layer.codebook.embed().to_owned();
        standardizer.restore_rows(layer_idx, &mut embed);
        let sizes = layer.codebook.cluster_size().clone();
        let mut sums = layer.codebook.embed_avg().clone();
        standardizer.restore_sums(layer_idx, &mut sums, &sizes);
        let codebook = Codebook::new(embed, sizes, sums)?;
        layers.push(Layer { codebook, projection: layer.projection.clone() });
    }
    Rvq::with_metric(layers, rvq.metric())
}
