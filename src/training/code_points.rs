//! A code of a run over the steps of its training: what the history of codes keeps, and where the code is now.

use super::code_trace::is_beyond;
use super::{CodePoint, Run};

impl Run {
    /// A code over the steps of the training, from the step in which its layer was started to the one that the run is of; empty where no history of
    /// codes is kept.
    #[must_use]
    pub fn code_points(&self, layer_idx: usize, code: usize) -> Vec<CodePoint> {
        let Some((trace, state)) = self.trace.as_ref().zip(self.states.get(layer_idx)) else {
            return Vec::new();
        };
        let Some(started) = state.init_step else { return Vec::new() };
        let mut points = trace.code(layer_idx, code, started);
        points.extend(self.code_now(layer_idx, code, points.last().map_or(trace.from(), |last| last.step)));
        points
    }

    /// A code as it is now, where the run is of a step behind `last`. Of the way there it is only known whether it was replaced.
    fn code_now(&self, layer_idx: usize, code: usize, last: u64) -> Option<CodePoint> {
        let size = *self.rvq.layers().get(layer_idx)?.codebook.cluster_size().get(code)?;
        let replaced_at = self.states.get(layer_idx)?.replaced_at.get(code).copied().unwrap_or(0);
        let replaced = u32::from(replaced_at > last);
        (self.steps > last).then_some(CodePoint { step: self.steps, size, drift: None, replaced })
    }

    /// Whether it has so many codes that no history of single ones is kept.
    #[must_use]
    pub fn is_beyond_trace(&self) -> bool {
        is_beyond(&self.rvq)
    }
}
