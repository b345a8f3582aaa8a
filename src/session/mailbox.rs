//! What a job hands to whoever watches it: scalars are kept one and all, heavy state is replaced by newer.

use std::sync::{Arc, Mutex, PoisonError};

use crate::jobs::{JobError, JobEvent, JobOutput};
use crate::task::Progress;
use crate::training::{Run, StepRecord};

/// How a job ended.
#[derive(Debug)]
pub enum Ending {
    /// With a result.
    Done(Box<JobOutput>),
    /// With an error, or because it was cancelled.
    Failed(JobError),
    /// With a panic, whose message this is.
    Panicked(String),
}

/// Everything that came since the last look.
#[derive(Debug, Default)]
pub struct Mail {
    /// Steps taken, in order, none left out.
    pub steps: Vec<StepRecord>,
    /// The newest state.
    pub run: Option<Arc<Run>>,
    /// The newest progress.
    pub progress: Option<Progress>,
    /// Whether a training now waits.
    pub paused: Option<bool>,
    /// Sentences for the user.
    pub notices: Vec<String>,
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
            JobEvent::Step(record) => mail.steps.push(record),
            JobEvent::Run(run) => mail.run = Some(run),
            JobEvent::Progress(progress) => mail.progress = Some(progress),
            JobEvent::Paused(paused) => mail.paused = Some(paused),
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
        let Self { steps, run, progress, paused, notices, ending } = self;
        steps.is_empty()
            && run.is_none()
            && progress.is_none()
            && paused.is_none()
            && notices.is_empty()
            && ending.is_none()
    }
}
