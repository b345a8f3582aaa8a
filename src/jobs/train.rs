//! Training, with everything that happens around a step: control, publishing, held-out figures.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use crate::features::{FeatureSet, Split, Standardizer};
use crate::rvq::search::Search;
use crate::rvq::{Rvq, RvqError, ValidRvqParams};
use crate::task::{Cancel, Cancelled, Task};
use crate::training::{History, LiveEdit, Run, StepRecord, Trainer};

use super::evaluate::{look_at_all, look_at_sample, source_info};
use super::units::rescaled;
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
    /// How codes are searched when the run is looked at; a training step is always greedy.
    pub search: Search,
    /// Codebooks to start from in place of the rule's own.
    pub start: Option<Arc<Rvq>>,
    /// A training to go on with; `holdout`, `standardize` and `start` are not looked at then.
    pub resume: Option<Box<Resume>>,
    /// Wait before the first step.
    pub paused: bool,
}

/// A training that ended and can go on as if it had not.
#[derive(Debug)]
pub struct Resume {
    trainer: Trainer,
    history: History,
    /// What was shown last.
    run: Option<Arc<Run>>,
    /// As they were: what was held out stays held out, and codebooks are brought back to input units in the same way.
    split: Split,
    standardizer: Option<Standardizer>,
}

/// What a training gives.
#[derive(Debug)]
pub struct Trained {
    /// The quantizer and its figures.
    pub run: Arc<Run>,
    /// Every step's scalars.
    pub history: History,
    /// To go on with.
    pub resume: Box<Resume>,
}

/// How often a watched training publishes itself.
const PUBLISH_EVERY: Duration = Duration::from_millis(100);
/// How often it looks at held-out frames at the most.
const EVALUATE_EVERY: Duration = Duration::from_millis(300);
/// The share of its time that it spends on looking at held-out frames.
const EVALUATE_SHARE: f64 = 0.12;
/// A step at most this long is finished when training is told to stop; a longer one is left half done.
const SHORT_STEP: Duration = Duration::from_millis(200);
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

/// A training before its first step.
fn beginning(spec: &TrainSpec) -> Result<Resume, JobError> {
    let set = &spec.dataset.set;
    if spec.standardize && set.matrix.is_mapped() && set.matrix.view().len() > STANDARDIZED_VALUES {
        return Err(JobError::Input(format!(
            "these features are too large to keep a standardized copy of; train without standardizing, which finds the same codes: {}",
            spec.dataset.source.title()
        )));
    }
    let split = Split::hold_out(set, spec.holdout.0);
    let standardizer = spec.standardize.then(|| Standardizer::fit(set.matrix.view(), &split.train));
    let (seen, start) = match &standardizer {
        None => (set.clone(), spec.start.clone()),
        Some(s) => {
            let matrix = s
                .apply(&set.matrix)
                .map_err(|problem| JobError::Features { problem, path: spec.dataset.source.title() })?;
            let start =
                spec.start.as_ref().map(|rvq| rescaled(rvq, &s.inverse()).map(Arc::new)).transpose()?;
            (Arc::new(FeatureSet { matrix, ..(**set).clone() }), start)
        }
    };
    let trainer = Trainer::new(spec.params, seen, split.train.clone(), start.as_deref())?;
    Ok(Resume { trainer, history: History::default(), run: None, split, standardizer })
}

struct Training<'a> {
    ctx: &'a JobCtx<'a>,
    trainer: Trainer,
    history: History,
    run: Run,
    set: Arc<FeatureSet>,
    split: Split,
    standardizer: Option<Standardizer>,
    search: Search,
    paused: bool,
    stop: bool,
    /// Step once although paused.
    once: bool,
    /// How long the last step took.
    step_took: Option<Duration>,
    published: Option<Instant>,
    evaluated: Option<(Instant, Duration)>,
}

impl<'a> Training<'a> {
    fn new(spec: TrainSpec, ctx: &'a JobCtx<'a>) -> Result<Self, JobError> {
        let set = spec.dataset.set.clone();
        let Resume { mut trainer, history, run, split, standardizer } = match spec.resume {
            Some(resume) => *resume,
            None => beginning(&spec)?,
        };
        let before = *trainer.params();
        trainer.set_live(&spec.params);
        let edits = LiveEdit::between(trainer.steps_done() + 1, &before, trainer.params());
        let mut run = run.map(Arc::unwrap_or_clone).unwrap_or_else(|| Run {
            name: spec.name,
            source: source_info(&spec.dataset, &split, spec.holdout.0),
            params: *trainer.params(),
            params_known: true,
            live_edits: Vec::new(),
            steps: 0,
            rvq: Arc::new(trainer.rvq().clone()),
            states: Vec::new(),
            train: None,
            held_out: None,
            evaluated_at: 0,
        });
        // That there are more steps to take is no edit but what going on means.
        let resumed = !history.is_empty();
        run.live_edits.extend(edits.into_iter().filter(|edit| resumed && edit.key != "steps"));
        let paused = spec.paused;
        Ok(Self {
            ctx,
            trainer,
            history,
            run,
            set,
            split,
            standardizer,
            search: spec.search,
            paused,
            stop: false,
            once: paused,
            step_took: None,
            published: None,
            evaluated: None,
        })
    }

    fn run(mut self, task: &Task<'_>) -> Result<Trained, JobError> {
        if self.paused {
            (self.ctx.emit)(JobEvent::Paused(true));
        }
        while self.trainer.steps_done() < self.trainer.params().steps {
            self.obey(task)?;
            // What it was told may have moved the last step to where it is.
            if self.stop || self.trainer.steps_done() >= self.trainer.params().steps {
                break;
            }
            let start = Instant::now();
            match self.trainer.step(task) {
                Ok(record) => self.note(record),
                Err(_) if self.stopped_with_something() => {
                    self.stop = true;
                    self.finish_short_step()?;
                    break;
                }
                Err(cancelled) => return Err(cancelled.into()),
            }
            self.step_took = Some(start.elapsed());
            self.publish_if_due(task)?;
        }
        // In the middle of a step, what was published last is what is shown.
        if self.trainer.is_between_steps() {
            self.refresh()?;
        }
        if self.is_abandoned() {
            return Err(Cancelled.into());
        }
        if self.stop || !self.look_at_the_end(task)? {
            // Its cancel switch is set, and the user waits: a sample of the frames has to do.
            let quiet = Cancel::default();
            look_at_sample(&mut self.run, &self.set, &self.split, self.search, &Task::silent(&quiet))?;
        }
        let run = Arc::new(self.run);
        (self.ctx.emit)(JobEvent::Run(run.clone()));
        let resume = Box::new(Resume {
            trainer: self.trainer,
            history: self.history.clone(),
            run: Some(run.clone()),
            split: self.split,
            standardizer: self.standardizer,
        });
        Ok(Trained { run, history: self.history, resume })
    }

    /// Takes the rest of a step during which the user said stop, if that is not long.
    fn finish_short_step(&mut self) -> Result<(), JobError> {
        if self.trainer.has_started() && self.step_took.is_some_and(|took| took <= SHORT_STEP) {
            let quiet = Cancel::default();
            let record = self.trainer.step(&Task::silent(&quiet))?;
            self.note(record);
        }
        Ok(())
    }

    /// Quantizes all frames; `false` where the user said stop meanwhile.
    fn look_at_the_end(&mut self, task: &Task<'_>) -> Result<bool, JobError> {
        match look_at_all(&mut self.run, &self.set, &self.split, self.search, task) {
            Ok(()) => Ok(true),
            Err(RvqError::Cancelled(_)) if self.stopped_with_something() => Ok(false),
            Err(err) => Err(err.into()),
        }
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
                self.publish_before_waiting(task)?;
                match queue.recv_timeout(PAUSE_TICK) {
                    Ok(told) => Some(told),
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => return Err(Cancelled.into()),
                }
            } else {
                queue.try_recv().ok()
            };
            match told {
                None => {
                    self.once = false;
                    return Ok(());
                }
                Some(Control::Pause) => self.pause(true),
                Some(Control::Resume) => self.pause(false),
                // At once, so that two of these are two steps.
                Some(Control::StepOnce) => {
                    self.pause(true);
                    return Ok(());
                }
                Some(Control::Stop) => self.stop = true,
                Some(Control::Live(params)) => self.edit(&params),
                Some(Control::Search(search)) => (self.search, self.evaluated) = (search, None),
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

    /// Whether it was cancelled because another job took its place: nobody waits for what it would still give.
    fn is_abandoned(&self) -> bool {
        let Some(control) = self.ctx.control.filter(|_| self.ctx.cancel.is_cancelled()) else { return false };
        let Ok(queue) = control.lock() else { return false };
        loop {
            match queue.try_recv() {
                Ok(_) => {}
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => return true,
            }
        }
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
        self.publish(waits, task)
    }

    /// Somebody who pauses wants to see where training stands, and not where it stood when it last published itself.
    fn publish_before_waiting(&mut self, task: &Task<'_>) -> Result<(), JobError> {
        let shown = self.run.steps == self.trainer.steps_done() || !self.trainer.is_between_steps();
        if !self.ctx.live || shown {
            return Ok(());
        }
        self.publish(true, task)
    }

    /// Publishes the run, its figures looked at anew where `thorough` or where that has not been done for a while.
    fn publish(&mut self, thorough: bool, task: &Task<'_>) -> Result<(), JobError> {
        self.refresh()?;
        let looked_enough = self.evaluated.is_some_and(|(at, took)| {
            let wait = EVALUATE_EVERY.max(took.div_f64(EVALUATE_SHARE));
            at.elapsed() < wait
        });
        if !looked_enough || thorough {
            let start = Instant::now();
            // A cancel here is seen by the next step.
            if look_at_sample(&mut self.run, &self.set, &self.split, self.search, &task.quiet()).is_ok() {
                self.evaluated = Some((Instant::now(), start.elapsed()));
            }
        }
        (self.ctx.emit)(JobEvent::Run(Arc::new(self.run.clone())));
        self.published = Some(Instant::now());
        Ok(())
    }
}
