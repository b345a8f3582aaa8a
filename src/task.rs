//! Cancelling long work and telling how far it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::ranks::{Alone, Lost, Ranks};
use crate::text::{Message, t};

/// A switch that long work looks at between blocks; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

/// The work was cancelled; nothing it made is to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", t!("err-cancelled"))]
pub struct Cancelled;

impl From<Lost> for Cancelled {
    /// What others do not go on with is over here too.
    fn from(_: Lost) -> Self {
        Self
    }
}

impl Cancel {
    /// Asks the work to end at its next look.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the work was asked to end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How far a piece of work is: `done` of `total` units of `stage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, as a person would say it: "k-means, layer 3". It is told on one thread and read on another.
    pub stage: Message,
    /// Units finished.
    pub done: u64,
    /// Units in all; 0 where that is not known.
    pub total: u64,
}

/// One stage of a task, by its name.
#[derive(Debug, Clone, Copy)]
pub struct Stage<'a> {
    task: Task<'a>,
    name: &'a Message,
}

/// What a long computation sees of its surroundings: a cancel switch, a place for progress, and the ranks that do it together.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    cancel: &'a Cancel,
    on_progress: &'a (dyn Fn(Progress) + Sync),
    ranks: &'a dyn Ranks,
}

impl std::fmt::Debug for Task<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Task").field("cancel", &self.cancel).finish_non_exhaustive() // not a text
    }
}

impl<'a> Task<'a> {
    /// A task that reports to `on_progress` and ends when `cancel` is set.
    pub fn new(cancel: &'a Cancel, on_progress: &'a (dyn Fn(Progress) + Sync)) -> Self {
        Self { cancel, on_progress, ranks: &Alone }
    }

    /// A task that reports nothing.
    #[must_use]
    pub fn silent(cancel: &'a Cancel) -> Self {
        Self { cancel, on_progress: &|_| {}, ranks: &Alone }
    }

    /// The same task without its progress, for work inside of work.
    #[must_use]
    pub fn quiet(&self) -> Self {
        Self { on_progress: &|_| {}, ..*self }
    }

    /// The same task as work that `ranks` do together, each of them with the same numbers before it.
    #[must_use]
    pub fn among<'b>(&self, ranks: &'b dyn Ranks) -> Task<'b>
    where
        'a: 'b,
    {
        Task { ranks, ..*self }
    }

    /// Who does the work: this process alone, unless it is said otherwise.
    #[must_use]
    pub fn ranks(&self) -> &'a dyn Ranks {
        self.ranks
    }

    /// Tells how far the work is.
    pub fn progress(&self, stage: impl Into<Message>, done: usize, total: usize) {
        (self.on_progress)(Progress { stage: stage.into(), done: done as u64, total: total as u64 });
    }

    /// Whether to go on.
    ///
    /// # Errors
    /// [`Cancelled`] once the switch is set.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.cancel.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// The stage called `name`.
    #[must_use]
    pub fn stage(&self, name: &'a Message) -> Stage<'a> {
        Stage { task: *self, name }
    }
}

impl Stage<'_> {
    /// Tells that `done` of `total` units are finished, and asks whether to go on.
    ///
    /// # Errors
    /// [`Cancelled`] once the switch is set.
    pub fn reach(&self, done: u64, total: u64) -> Result<(), Cancelled> {
        self.task.check()?;
        (self.task.on_progress)(Progress { stage: self.name.clone(), done, total });
        Ok(())
    }
}
