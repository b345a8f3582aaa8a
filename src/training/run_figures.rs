//! The figures of a run, worked out once.

use std::sync::{Arc, Mutex, PoisonError};

use crate::metrics::{Evaluation, LayerMetrics, TotalMetrics};
use crate::rvq::{Rvq, RvqParams};

/// What was worked out of a run's evaluations. It is no part of the run's state: it equals any other, and a clone starts without it.
#[derive(Default)]
pub struct RunFigures {
    known: Mutex<Option<(FiguresOf, BothFigures)>>,
}

/// The figures of the frames trained on and of those held out.
pub(super) type BothFigures = [Arc<SplitFigures>; 2];

/// Everything that figures depend on. It holds what it points at, so that nothing else can take its place.
pub(super) struct FiguresOf {
    pub(super) rvq: Arc<Rvq>,
    /// The frames trained on and those held out.
    pub(super) evaluations: [Option<Arc<Evaluation>>; 2],
    pub(super) params: RvqParams,
    pub(super) steps: u64,
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
    /// Those of `of`, worked out where the last ones are of something else.
    pub(super) fn get(&self, of: FiguresOf, work_out: impl FnOnce() -> BothFigures) -> BothFigures {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let same = known.take().filter(|(known, _)| known.is(&of));
        known.insert(same.unwrap_or_else(|| (of, work_out()))).1.clone()
    }
}

impl FiguresOf {
    fn is(&self, other: &Self) -> bool {
        let same = |(a, b): (&Option<Arc<Evaluation>>, &Option<Arc<Evaluation>>)| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        Arc::ptr_eq(&self.rvq, &other.rvq)
            && self.evaluations.iter().zip(&other.evaluations).all(same)
            && (self.params, self.steps) == (other.params, other.steps)
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
        f.debug_struct("RunFigures").finish_non_exhaustive() // not a text
    }
}
