//! The figures of a run, worked out once.

use std::sync::{Arc, Mutex, PoisonError};

use crate::metrics::{Evaluation, LayerMetrics, TotalMetrics};
use crate::rvq::{Rvq, RvqParams};

use super::{Run, SplitKind};

/// What was worked out of a run's evaluations. It is no part of the run's state: it equals any other, and a clone starts without it.
#[derive(Default)]
pub struct RunFigures {
    known: Mutex<Option<Known>>,
}

/// Figures, and what they are of.
struct Known {
    of: Of,
    train: Arc<SplitFigures>,
    held_out: Arc<SplitFigures>,
}

/// Everything that figures depend on. It holds what it points at, so that nothing else can take its place.
struct Of {
    rvq: Arc<Rvq>,
    train: Option<Arc<Evaluation>>,
    held_out: Option<Arc<Evaluation>>,
    params: RvqParams,
    steps: u64,
}

/// The figures of one set of frames.
#[derive(Debug, Default)]
pub struct SplitFigures {
    /// Of each layer; empty before the frames were evaluated.
    pub layers: Vec<LayerMetrics>,
    /// Of all layers together.
    pub total: Option<TotalMetrics>,
}

impl RunFigures {
    /// Those of `run`, whose part this is.
    pub(super) fn of(&self, run: &Run, split: SplitKind) -> Arc<SplitFigures> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match known.take() {
            Some(same) if same.of.is(run) => known.insert(same),
            _ => known.insert(Known {
                of: Of::new(run),
                train: Arc::new(run.work_out(SplitKind::Train)),
                held_out: Arc::new(run.work_out(SplitKind::HeldOut)),
            }),
        };
        match split {
            SplitKind::Train => known.train.clone(),
            SplitKind::HeldOut => known.held_out.clone(),
        }
    }
}

impl Of {
    fn new(run: &Run) -> Self {
        let Run { rvq, train, held_out, params, steps, .. } = run;
        Self {
            rvq: rvq.clone(),
            train: train.clone(),
            held_out: held_out.clone(),
            params: *params,
            steps: *steps,
        }
    }

    fn is(&self, run: &Run) -> bool {
        let same = |a: &Option<Arc<Evaluation>>, b: &Option<Arc<Evaluation>>| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        Arc::ptr_eq(&self.rvq, &run.rvq)
            && same(&self.train, &run.train)
            && same(&self.held_out, &run.held_out)
            && (self.params, self.steps) == (run.params, run.steps)
    }
}

impl Clone for RunFigures {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for RunFigures {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl std::fmt::Debug for RunFigures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunFigures").finish_non_exhaustive()
    }
}
