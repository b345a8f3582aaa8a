//! The frames that every checkpoint is held against: a bounded sample of a corpus, the same one each time.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis};

use crate::random::{self, Purpose};

use super::digest::{Digest, Digester};

/// Frames that checkpoints are held against.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// `(num_frames, dim)`.
    pub(super) frames: Array2<f32>,
    /// Where they come from.
    pub(super) paths: Vec<String>,
    /// Frames a second, where known.
    pub(super) frame_rate_hz: Option<f64>,
    pub(super) digest: Digest,
}

/// Frames of a probe where nothing else is asked for.
pub const PROBE_FRAMES: usize = 16_384;

/// Frames that stay beside each other, because quantizers with strides give them a code together.
const PIECE: usize = 64;

impl Probe {
    /// At most `most` of the `frames`, `(num_frames, dim)`, from everywhere among them: pieces of 64 that are drawn under `seed`. The same frames and
    /// the same seed give the same probe.
    #[must_use]
    pub fn sample(
        frames: ArrayView2<'_, f32>,
        paths: Vec<String>,
        frame_rate_hz: Option<f64>,
        most: usize,
        seed: u64,
    ) -> Self {
        let rows: Vec<usize> = places(frames.nrows(), most.max(1), seed).into_iter().flatten().collect();
        let frames = frames.select(Axis(0), &rows);
        let mut digester = Digester::new();
        digester.rows(frames.view());
        Self { digest: digester.finish(), frames, paths, frame_rate_hz }
    }

    /// How many frames there are.
    #[must_use]
    pub fn num_frames(&self) -> usize {
        self.frames.nrows()
    }

    /// The dimension of a frame.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.frames.ncols()
    }
}

/// Which of so many frames are taken, ascending.
fn places(num_frames: usize, most: usize, seed: u64) -> Vec<Range<usize>> {
    if num_frames <= most {
        return vec![0..num_frames];
    }
    let len = PIECE.min(most);
    let mut pieces: Vec<usize> = (0..num_frames / len).collect();
    random::shuffle(&mut random::stream(seed, Purpose::Probe, 0), &mut pieces);
    pieces.truncate(most / len);
    pieces.sort_unstable();
    pieces.into_iter().map(|piece| piece * len..(piece + 1) * len).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_bounded_and_the_same_each_time() {
        let frames = Array2::from_shape_fn((5000, 2), |(n, d)| (n * 2 + d) as f32);
        let probe = |most, seed| Probe::sample(frames.view(), Vec::new(), None, most, seed);
        assert_eq!((probe(1000, 0).num_frames(), probe(1000, 0).dim()), (960, 2));
        assert_eq!(probe(1000, 0), probe(1000, 0));
        assert_ne!(probe(1000, 0).digest, probe(1000, 1).digest);
        assert_eq!((probe(9000, 3).num_frames(), probe(10, 0).num_frames()), (5000, 10));
        assert_eq!(probe(0, 0).num_frames(), 1);
        let first = probe(1000, 7).frames.column(0).to_vec();
        assert!(first.is_sorted() && first[0] < 1000.0 && first[959] > 9000.0 - 1000.0);
    }
}
