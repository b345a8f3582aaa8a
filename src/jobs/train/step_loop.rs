//! The loop of steps: control, publishing and held-out figures of one training, or of several that take their steps in turns.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use crate::rvq::search::Search;
use crate::task::{Cancelled, Task};
use crate::training::StepRecord;

use super::super::{Control, JobCtx, JobError, JobEvent};
use super::{Trained, TrainingRun};

/// How often a watched training publishes itself.
const PUBLISH_EVERY: Duration = Duration::from_millis(100);
/// How often it looks at held-out frames at the most.
const EVALUATE_EVERY: Duration = Duration::from_millis(300);
/// The share of its time that it spends on looking at held-out frames.
const EVALUATE_SHARE: f64 = 0.12;
/// A step at most this long is finished when training is told to stop; a longer one is left half done.
const SHORT_STEP: Duration = Duration::from_millis(200);
/// How long a waiting training sleeps between looks at its cancel switch.
const PAUSE_TICK: Duration = Duration::from_millis(50);

/// Trainings that take their steps in turns, most often a single one.
pub(super) struct StepLoop<'a> {
    ctx: &'a JobCtx<'a>,
    runs: Vec<TrainingRun>,
    search: Search,
    paused: bool,
    stop: bool,
    /// Step once although paused.
    once: bool,
    /// How long the last step took.
    step_took: Option<Duration>,
    published: Option<Instant>,
    /// When the last checkpoint was taken.
    kept: Instant,
    /// How often one is taken; never where nobody keeps them.
    keep_every: Option<Duration>,
    evaluated: Option<(Instant, Duration)>,
}

impl<'a> StepLoop<'a> {
    pub(super) fn new(ctx: &'a JobCtx<'a>, runs: Vec<TrainingRun>, search: Search, paused: bool) -> Self {
        Self {
            ctx,
            runs,
            search,
            paused,
            stop: false,
            once: paused,
            step_took: None,
            published: None,
            kept: Instant::now(),
            keep_every: None,
            evaluated: None,
        }
    }

    /// Takes all steps, or as many as it is let.
    pub(super) fn run(mut self, task: &Task<'_>) -> Result<Vec<Trained>, JobError> {
        if self.paused {
            (self.ctx.emit)(JobEvent::Paused(true));
        }
        while !self.is_done() {
            self.obey(task)?;
            // What it was told may have moved the last step to where it is.
            if self.stop || self.is_done() {
                break;
            }
            let start = Instant::now();
            if !self.step_all(task)? {
                break;
            }
            self.step_took = Some(start.elapsed());
            self.publish_if_due(task)?;
            self.keep_if_due()?;
        }
        // In the middle of a step, what was published last is what is shown.
        for run in self.runs.iter_mut().filter(|run| run.is_between_steps()) {
            run.refresh()?;
        }
        if self.is_abandoned() {
            return Err(Cancelled.into());
        }
        if self.stop || !self.finish(task)? {
            // Its cancel switch is set, and the user waits: a sample of the frames has to do.
            for run in &mut self.runs {
                run.settle_quickly()?;
                run.look_at_sample(self.search, None)?;
            }
        }
        let ended: Vec<Trained> = self.runs.into_iter().map(TrainingRun::end).collect();
        for (nth, trained) in ended.iter().enumerate() {
            self.ctx.publish(nth, trained.run.clone());
        }
        Ok(ended)
    }

    fn is_done(&self) -> bool {
        self.runs.iter().all(TrainingRun::is_done)
    }

    /// Takes a step with every training; `false` where the user said stop meanwhile.
    fn step_all(&mut self, task: &Task<'_>) -> Result<bool, JobError> {
        for nth in 0..self.runs.len() {
            if self.runs[nth].is_done() {
                continue;
            }
            match self.runs[nth].step(task) {
                Ok(record) => self.tell(nth, record),
                Err(_) if self.stopped_with_something() => {
                    self.stop = true;
                    self.finish_short_step(nth)?;
                    return Ok(false);
                }
                Err(cancelled) => return Err(cancelled.into()),
            }
        }
        Ok(true)
    }

    fn tell(&self, nth: usize, record: StepRecord) {
        (self.ctx.emit)(JobEvent::Step(nth, record));
    }

    /// Takes the rest of a step during which the user said stop, if that is not long: of the training that was at it, and of those behind it, so
    /// that all end at the same step.
    fn finish_short_step(&mut self, from: usize) -> Result<(), JobError> {
        let quiet = crate::task::Cancel::default();
        let started = self.runs.iter().all(TrainingRun::has_started);
        if started && self.step_took.is_some_and(|took| took <= SHORT_STEP) {
            for nth in from..self.runs.len() {
                let record = self.runs[nth].step(&Task::silent(&quiet))?;
                self.tell(nth, record);
            }
        }
        Ok(())
    }

    /// Keeps the best state of what has taken all its steps and calibrates it, and quantizes all frames; `false` where the user said stop meanwhile.
    fn finish(&mut self, task: &Task<'_>) -> Result<bool, JobError> {
        for nth in 0..self.runs.len() {
            let run = &mut self.runs[nth];
            let settled = if run.is_done() { run.settle(task) } else { Ok(()) };
            match settled.and_then(|()| run.look_at_all(self.search, task)) {
                Ok(()) => {}
                Err(err) if err.is_cancelled() && self.stopped_with_something() => return Ok(false),
                Err(err) => return Err(err),
            }
        }
        Ok(true)
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
                Some(Control::Pause) => {
                    // Who sees that it waits sees the run of the step at which it does.
                    self.publish_before_waiting(task)?;
                    self.pause(true);
                }
                Some(Control::Resume) => self.pause(false),
                // At once, so that two of these are two steps.
                Some(Control::StepOnce) => {
                    self.pause(true);
                    return Ok(());
                }
                Some(Control::Stop) => self.stop = true,
                Some(Control::Live(params)) => self.runs.iter_mut().for_each(|run| run.edit(&params)),
                Some(Control::KeepEvery(every)) => self.keep_every = Some(every),
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

    /// Whether it was cancelled, but by a user who keeps what was reached.
    fn stopped_with_something(&self) -> bool {
        self.ctx.control.is_some()
            && self.ctx.cancel.is_cancelled()
            && self.runs.iter().all(|run| run.run().steps > 0)
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

    fn publish_if_due(&mut self, task: &Task<'_>) -> Result<(), JobError> {
        let waits = self.paused && !self.once;
        let due = self.published.is_none_or(|at| at.elapsed() >= PUBLISH_EVERY);
        if !self.ctx.live || !(due || waits) {
            return Ok(());
        }
        self.publish(waits, task)
    }

    /// Hands over what it takes to resume after the process has ended, where somebody keeps it.
    fn keep_if_due(&mut self) -> Result<(), JobError> {
        if self.keep_every.is_none_or(|every| self.kept.elapsed() < every) {
            return Ok(());
        }
        for nth in 0..self.runs.len() {
            if let Some(checkpoint) = self.runs[nth].checkpoint()? {
                (self.ctx.emit)(JobEvent::Checkpoint(nth, Arc::new(checkpoint)));
            }
        }
        self.kept = Instant::now();
        Ok(())
    }

    /// Somebody who pauses wants to see where training stands, and not where it stood when it last published itself.
    fn publish_before_waiting(&mut self, task: &Task<'_>) -> Result<(), JobError> {
        if !self.ctx.live || self.runs.iter().all(TrainingRun::is_up_to_date) {
            return Ok(());
        }
        self.publish(true, task)
    }

    /// Publishes the run, its figures looked at anew where `thorough` or where that has not been done for a while.
    fn publish(&mut self, thorough: bool, task: &Task<'_>) -> Result<(), JobError> {
        for run in &mut self.runs {
            run.refresh()?;
        }
        let looked_enough = self.evaluated.is_some_and(|(at, took)| {
            let wait = EVALUATE_EVERY.max(took.div_f64(EVALUATE_SHARE));
            at.elapsed() < wait
        });
        if !looked_enough || thorough {
            let start = Instant::now();
            // A cancel here is seen by the next step.
            let quiet = task.quiet();
            if self.runs.iter_mut().all(|run| run.look_at_sample(self.search, Some(&quiet)).is_ok()) {
                self.evaluated = Some((Instant::now(), start.elapsed()));
            }
        }
        for (nth, run) in self.runs.iter().enumerate() {
            self.ctx.publish(nth, Arc::new(run.run().clone()));
        }
        self.published = Some(Instant::now());
        Ok(())
    }
}
