//! What a layer remembers of its training besides its codebook.

#![allow(clippy::needless_pass_by_value, reason = "views are passed like slices")]

use ndarray::ArrayView2;

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
    /// Takes in what a step did: counts of its batch, the rows before and after it, and the codes that it replaced.
    pub(super) fn note(
        &mut self,
        step: u64,
        counts: &[u32],
        before: ArrayView2<'_, f32>,
        after: ArrayView2<'_, f32>,
        replaced: &[u32],
    ) {
        self.batch_counts.clear();
        self.batch_counts.extend_from_slice(counts);
        for &code in replaced {
            self.replaced_at[code as usize] = step;
        }
        for ((drift, old), new) in self.code_drift.iter_mut().zip(before.rows()).zip(after.rows()) {
            let (mut moved, mut norm) = (0f32, 0f32);
            for (&o, &n) in old.iter().zip(new) {
                moved += (n - o) * (n - o);
                norm += o * o;
            }
            *drift = if norm > 0.0 { (moved / norm).sqrt() } else { 0.0 };
        }
    }
}
