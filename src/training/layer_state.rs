//! What a layer remembers of its training besides its codebook.

use crate::metrics::convergence::RowMoves;

/// What a layer remembers besides its codebook.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LayerState {
    /// The step in which it was started; 0 where it came from a model, `None` before.
    pub init_step: Option<u64>,
    /// Counts of the last batch, by code.
    pub batch_counts: Vec<u32>,
    /// How far each row moved in the last step, relative to its length before.
    pub code_drift: Vec<f32>,
    /// The step in which each code was last replaced; 0 for never.
    pub replaced_at: Vec<u64>,
    /// The cluster size below which a code counts as dead, in frames.
    pub threshold_frames: f64,
    /// Frames of the last batch whose code was not the nearest; only known where codes are assigned as upstream does.
    pub misassigned: Option<u32>,
}

impl LayerState {
    /// Takes in what a step did: counts of its batch, how far the rows moved, and the codes that it replaced.
    pub(super) fn note(&mut self, step: u64, counts: &[u32], moves: &RowMoves, replaced: &[u32]) {
        self.batch_counts.clear();
        self.batch_counts.extend_from_slice(counts);
        for &code in replaced {
            self.replaced_at[code as usize] = step;
        }
        for (drift, moved) in self.code_drift.iter_mut().zip(moves.relative()) {
            *drift = moved as f32;
        }
    }
}
