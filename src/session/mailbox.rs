//! What a job hands to whoever watches it: scalars are kept one and all, heavy state is replaced by newer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::jobs::{Checkpoint, HeardTakes, JobError, JobEvent, JobOutput, Watched};
use crate::task::Progress;
use crate::text::Message;
use crate::training::{Run, StepRecord};

/// How a job ended.
#[derive(Debug)]
pub enum Ending {
    /// With a result.
    Done(Box<JobOutput>),
    /// With an error, or because it was cancelled.
    Failed(JobError),
    /// With a panic, whose message this is.
    Panicked(Message),
}

/// Everything that came since the last look.
#[derive(Debug, Default)]
pub struct Mail {
    /// Steps taken and by which training, in order, none left out.
    pub steps: Vec<(usize, StepRecord)>,
    /// The newest state of each training.
    pub runs: BTreeMap<usize, Arc<Run>>,
    /// The newest checkpoint of each training.
    pub checkpoints: BTreeMap<usize, Arc<Checkpoint>>,
    /// The newest progress.
    pub progress: Option<Progress>,
    /// Whether a training now waits.
    pub paused: Option<bool>,
    /// The versions of a stretch that are made so far.
    pub takes: Option<Arc<HeardTakes>>,
    /// How a watched folder stands.
    pub watched: Option<Arc<Watched>>,
    /// Sentences for the user.
    pub notices: Vec<Message>,
    /// The end.
    pub ending: Option<Ending>,
}

/// A place between two threads. Neither side ever waits for the other: what piles up when nobody looks is one small record a step.
#[derive(Debug, Default)]
pub struct Mailbox(Mutex<Mail>);

impl Mailbox {
    /// Puts an event in.
    pub fn post(&self, event: JobEvent) {
        let mut mail = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            JobEvent::Step(nth, record) => mail.steps.push((nth, record)),
            JobEvent::Run(nth, run) => drop(mail.runs.insert(nth, run)),
            JobEvent::Checkpoint(nth, kept) => drop(mail.checkpoints.insert(nth, kept)),
            JobEvent::Progress(progress) => mail.progress = Some(progress),
            JobEvent::Paused(paused) => mail.paused = Some(paused),
            JobEvent::Takes(heard) => mail.takes = Some(heard),
            JobEvent::Watched(watched) => mail.watched = Some(watched),
            JobEvent::Notice(text) => mail.notices.push(text),
        }
    }

    /// Puts the end in.
    pub fn end(&self, ending: Ending) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ending = Some(ending);
    }

    /// Takes everything out.
    #[must_use]
    pub fn take(&self) -> Mail {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Mail {
    /// Whether nothing came.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { steps, runs, checkpoints, progress, paused, takes, watched, notices, ending } = self;
        steps.is_empty()
            && runs.is_empty()
            && checkpoints.is_empty()
            && progress.is_none()
            && paused.is_none()
            && takes.is_none()
            && watched.is_none()
            && notices.is_empty()
            && ending.is_none()
    }
}
