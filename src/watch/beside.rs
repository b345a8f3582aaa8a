//! Working out figures: of one checkpoint, and of it beside the one before it. What is known from an earlier watch is not worked out again.

use std::path::Path;
use std::sync::Arc;

use crate::io::ModelInfo;
use crate::metrics::BoundWork;
use crate::rvq::RvqError;
use crate::task::{Cancelled, Task};
use crate::training::Run;

use super::cache::{Cache, Held as HeldKey};
use super::checkpoint::{self, Checkpoint, Meant, Refusal};
use super::digest::Digest;
use super::figures::{self, Change, Figures, Held};
use super::probe::Probe;

/// How much work was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Quantizers that were read.
    pub read: usize,
    /// Quantizers whose figures were worked out.
    pub evaluated: usize,
    /// Quantizers that were encoded once more, for a neighbour to be compared with.
    pub encoded_again: usize,
}

/// What figures are worked out with.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) cache: Cache,
    pub(super) probe: Option<Arc<Probe>>,
    pub(super) meant: Meant,
    pub(super) work: Work,
    /// The quantizer that the next one will be compared with.
    pub(super) newest: Option<Digest>,
    /// The quantizers that were looked at last, the newest among them.
    held: Vec<Arc<Held>>,
}

/// Quantizers that are held: the newest, and those at hand while older ones come in one after another.
const MAX_HELD: usize = 3;

impl Bench {
    pub(super) fn new(cache: Cache, probe: Option<Arc<Probe>>, meant: Meant) -> Self {
        Self { cache, probe, meant, work: Work::default(), newest: None, held: Vec::new() }
    }

    /// Under what the figures of a quantizer are kept.
    fn key(&self, quantizer: Digest) -> HeldKey {
        HeldKey { quantizer, probe: self.probe.as_ref().map_or(Digest::default(), |probe| probe.digest) }
    }

    /// The figures of a quantizer, as far as they are known.
    pub(super) fn known(&mut self, quantizer: Digest) -> Option<Arc<Figures>> {
        self.cache.figures(self.key(quantizer))
    }

    /// Works out the figures of a checkpoint, called `name`.
    ///
    /// # Errors
    /// The frames do not fit the quantizer, or the task was cancelled.
    pub(super) fn evaluate(
        &mut self,
        checkpoint: &Checkpoint,
        quantizer: Digest,
        name: &str,
        task: &Task<'_>,
    ) -> Result<Arc<Figures>, RvqError> {
        let (figures, held) = figures::measure(checkpoint, (quantizer, name), self.probe.as_deref(), task)?;
        let figures = Arc::new(figures);
        self.work.evaluated += 1;
        self.cache.keep_figures(self.key(quantizer), figures.clone());
        self.hold(held);
        Ok(figures)
    }

    /// What changed from one quantizer to the next, each with its file; `None` where one is not at hand, and cannot or may not be read again.
    ///
    /// # Errors
    /// The task was cancelled.
    pub(super) fn change(
        &mut self,
        (before, its_file): (Digest, &Path),
        (after, own_file): (Digest, &Path),
        may_read: bool,
        task: &Task<'_>,
    ) -> Result<Option<Arc<Change>>, Cancelled> {
        if let Some(known) = self.cache.change(self.key(after), before) {
            return Ok(Some(known));
        }
        // The older one is what the next older one is compared with, so it is held the longer.
        let Some(new) = self.held(after, own_file, may_read, task)? else { return Ok(None) };
        let Some(old) = self.held(before, its_file, may_read, task)? else { return Ok(None) };
        let change = Arc::new(figures::change(&old, &new));
        self.cache.keep_change(self.key(after), change.clone());
        Ok(Some(change))
    }

    /// A quantizer with its codes: at hand, or read again.
    fn held(
        &mut self,
        quantizer: Digest,
        file: &Path,
        may_read: bool,
        task: &Task<'_>,
    ) -> Result<Option<Arc<Held>>, Cancelled> {
        if let Some(at) = self.held.iter().position(|held| held.digest == quantizer) {
            let held = self.held.remove(at);
            self.held.push(held.clone());
            return Ok(Some(held));
        }
        if !may_read {
            return Ok(None);
        }
        let opened = match checkpoint::open(file, &self.meant, task) {
            Err(Refusal::Cancelled) => return Err(Cancelled),
            // What was in the file may be no more.
            opened => opened.ok().filter(|checkpoint| Digest::of_quantizer(&checkpoint.rvq) == quantizer),
        };
        let Some(checkpoint) = opened else { return Ok(None) };
        let held = figures::hold(&checkpoint, quantizer, self.probe.as_deref(), task);
        task.check()?;
        let Ok(held) = held else { return Ok(None) };
        self.work.read += 1;
        self.work.encoded_again += 1;
        Ok(Some(self.hold(held)))
    }

    /// The checkpoint in a file as a run with all its figures; `None` where it holds another quantizer by now.
    ///
    /// # Errors
    /// The task was cancelled.
    pub(super) fn run(
        &mut self,
        quantizer: Digest,
        file: &Path,
        name: &str,
        task: &Task<'_>,
    ) -> Result<Option<(Run, ModelInfo)>, Cancelled> {
        let opened = checkpoint::open(file, &self.meant, task).ok();
        task.check()?;
        let opened = opened.filter(|checkpoint| Digest::of_quantizer(&checkpoint.rvq) == quantizer);
        let Some(checkpoint) = opened else { return Ok(None) };
        let made = figures::run_of(&checkpoint, name, self.probe.as_deref(), BoundWork::Quick, task);
        task.check()?;
        Ok(made.ok().map(|(run, _)| (run, checkpoint.info)))
    }

    fn hold(&mut self, held: Held) -> Arc<Held> {
        let held = Arc::new(held);
        self.held.push(held.clone());
        if self.held.len() > MAX_HELD {
            let at = self.held.iter().position(|held| Some(held.digest) != self.newest);
            self.held.remove(at.unwrap_or(0));
        }
        held
    }
}
