//! What a layer saw in one step, wherever its frames lie.

use std::borrow::Cow;
use std::fmt::Debug;

use ndarray::{Array2, ArrayView2, Axis};

use super::CodeSums;

/// What a layer saw in one step.
#[derive(Debug, Clone, Copy)]
pub struct LayerBatch<'a> {
    frames: Frames<'a>,
    /// Counts and sums by code.
    pub code_sums: &'a CodeSums,
}

/// Frames of a batch of which each rank has some. Every rank asks for the same at the same time.
pub trait SharedFrames: Debug {
    /// How many frames the batch has.
    fn count(&self) -> usize;

    /// The frames at `places` of the batch as the search saw them, `(places.len(), dim)`.
    fn rows(&self, places: &[usize]) -> Array2<f32>;

    /// The squared distance of each frame to the row it chose.
    fn sq_dists(&self) -> Vec<f32>;
}

#[derive(Debug, Clone, Copy)]
enum Frames<'a> {
    Here { frames: ArrayView2<'a, f32>, sq_dists: &'a [f32] },
    Shared(&'a dyn SharedFrames),
}

impl<'a> LayerBatch<'a> {
    /// A batch of `frames`, `(num_frames, dim)`, as the search saw them, with the squared distance of each to the row it chose.
    #[must_use]
    pub fn new(frames: ArrayView2<'a, f32>, sq_dists: &'a [f32], code_sums: &'a CodeSums) -> Self {
        Self { frames: Frames::Here { frames, sq_dists }, code_sums }
    }

    /// A batch of frames that lie with several ranks; `code_sums` are those of all of them.
    #[must_use]
    pub fn shared(frames: &'a dyn SharedFrames, code_sums: &'a CodeSums) -> Self {
        Self { frames: Frames::Shared(frames), code_sums }
    }

    /// How many frames it has.
    #[must_use]
    pub fn num_frames(&self) -> usize {
        match self.frames {
            Frames::Here { frames, .. } => frames.nrows(),
            Frames::Shared(frames) => frames.count(),
        }
    }

    /// The frames at `places` as the search saw them, `(places.len(), dim)`. Asking for none costs nothing.
    #[must_use]
    pub fn rows(&self, places: &[usize]) -> Array2<f32> {
        match self.frames {
            Frames::Here { frames, .. } => frames.select(Axis(0), places),
            Frames::Shared(_) if places.is_empty() => Array2::zeros((0, self.code_sums.sums().ncols())),
            Frames::Shared(frames) => frames.rows(places),
        }
    }

    /// The squared distance of each frame to the row it chose. Where frames lie with several ranks, they have to be sent.
    #[must_use]
    pub fn sq_dists(&self) -> Cow<'a, [f32]> {
        match self.frames {
            Frames::Here { sq_dists, .. } => Cow::Borrowed(sq_dists),
            Frames::Shared(frames) => Cow::Owned(frames.sq_dists()),
        }
    }
}
