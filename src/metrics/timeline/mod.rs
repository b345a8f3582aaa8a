//! Frames over time at every scale: the tiles that pictures of a whole corpus are put together from.
//!
//! Each level halves time: a bin of level `l` stands for `2^l` frames, and a tile for 256 bins, so that a picture of any stretch takes a few tiles of
//! one size. A tile is reduced from the frames themselves and not from the level below: the code that most frames of a bin chose does not follow from
//! those of its halves, and what nobody looks at costs nothing.

mod codes;
mod features;
mod neighbours;
mod stretch;

use std::ops::Range;

use ndarray::{Array2, ArrayView2};

pub use codes::{NONE, commonest};
pub use features::{mean_features, rms};
pub use neighbours::{Nearby, Neighbours};
pub use stretch::{squared_errors, stretch_evaluation};

/// Bins of a tile.
pub const TILE_BINS: usize = 256;

/// Frames of a bin that a mean is taken over: all of them where they are not more, or else so many, evenly spread.
pub const FRAMES_A_MEAN: usize = 16;

/// Levels beyond this one would not count frames any more.
const MOST_LEVELS: u32 = 40;

/// A tile: its level, and its number along that level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    /// How often time was halved; 0 for a bin a frame.
    pub level: u32,
    /// Its number from the first frame on.
    pub index: usize,
}

impl Tile {
    /// Frames of each of its bins.
    #[must_use]
    pub fn bin_frames(self) -> usize {
        1 << self.level.min(MOST_LEVELS)
    }

    /// The frames that it stands for, where there are `num_frames`.
    #[must_use]
    pub fn frames(self, num_frames: usize) -> Range<usize> {
        let len = TILE_BINS * self.bin_frames();
        let start = self.index.saturating_mul(len).min(num_frames);
        start..start.saturating_add(len).min(num_frames)
    }

    /// The frames of each of its bins; the last bin of all may have fewer.
    pub fn bins(self, num_frames: usize) -> impl ExactSizeIterator<Item = Range<usize>> {
        let (frames, len) = (self.frames(num_frames), self.bin_frames());
        let end = frames.end;
        frames.step_by(len).map(move |start| start..(start + len).min(end))
    }

    /// The tile of the next level that holds its frames.
    #[must_use]
    pub fn parent(self) -> Self {
        Self { level: self.level + 1, index: self.index / 2 }
    }

    /// The frames that its means are taken over, in order.
    #[must_use]
    pub fn sampled(self, num_frames: usize) -> Vec<usize> {
        self.bins(num_frames).flat_map(|bin| spread(bin, FRAMES_A_MEAN)).collect()
    }

    /// Means of its bins, `(num_layers, bins)`, of `values`, `(num_layers, sampled)`, which are of its [`sampled`](Self::sampled) frames. What is not a
    /// number does not count; a bin of nothing else has none.
    #[must_use]
    pub fn means(self, num_frames: usize, values: ArrayView2<'_, f64>) -> Array2<f32> {
        let bins: Vec<usize> = self.bins(num_frames).map(|bin| bin.len().min(FRAMES_A_MEAN)).collect();
        let mut means = Array2::from_elem((values.nrows(), bins.len()), f32::NAN);
        for (row, mut means) in values.rows().into_iter().zip(means.rows_mut()) {
            let mut values = row.iter().copied();
            for (mean, &len) in means.iter_mut().zip(&bins) {
                let known = values.by_ref().take(len).filter(|value| !value.is_nan());
                let (sum, count) = known.fold((0.0, 0u32), |(sum, count), value| (sum + value, count + 1));
                if count > 0 {
                    *mean = (sum / f64::from(count)) as f32;
                }
            }
        }
        means
    }
}

/// The finest level whose bins have `frames` frames or more.
#[must_use]
pub fn level_for(frames: f64) -> u32 {
    (0..MOST_LEVELS).find(|&level| (1u64 << level) as f64 >= frames).unwrap_or(MOST_LEVELS)
}

/// The level at which one tile holds all frames.
#[must_use]
pub fn top_level(num_frames: usize) -> u32 {
    level_for(num_frames.div_ceil(TILE_BINS) as f64)
}

/// The tiles of a level that hold any of `frames`, where there are `num_frames`.
pub fn tiles_over(level: u32, frames: Range<usize>, num_frames: usize) -> impl Iterator<Item = Tile> {
    let len = TILE_BINS * Tile { level, index: 0 }.bin_frames();
    let (start, end) = (frames.start.min(num_frames), frames.end.min(num_frames));
    let range = if start < end { start / len..end.div_ceil(len) } else { 0..0 };
    range.map(move |index| Tile { level, index })
}

/// At most `most` frames of a bin, evenly spread; all of them where they are not more.
pub fn spread(bin: Range<usize>, most: usize) -> impl Iterator<Item = usize> {
    let (start, len) = (bin.start, bin.len());
    let num = len.min(most.max(1));
    (0..num).map(move |i| start + (2 * i + 1) * len / (2 * num))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_of_a_level_cover_every_frame_once() {
        for num_frames in [1, 2, 255, 256, 257, 1000, 65_537] {
            for level in 0..=top_level(num_frames) {
                let mut next = 0;
                for tile in tiles_over(level, 0..num_frames, num_frames) {
                    let bins: Vec<_> = tile.bins(num_frames).collect();
                    assert!((1..=TILE_BINS).contains(&bins.len()), "{num_frames} {tile:?}");
                    for bin in bins {
                        assert_eq!(bin.start, next);
                        assert!(bin.len() == tile.bin_frames() || bin.end == num_frames, "a ragged end");
                        next = bin.end;
                    }
                    let parent = tile.parent().frames(num_frames);
                    let frames = tile.frames(num_frames);
                    assert!(parent.start <= frames.start && frames.end <= parent.end);
                }
                assert_eq!(next, num_frames, "level {level}");
            }
            let top = Tile { level: top_level(num_frames), index: 0 };
            assert_eq!(top.frames(num_frames), 0..num_frames);
            assert!(top.level == 0 || TILE_BINS << (top.level - 1) < num_frames, "and no coarser");
        }
    }

    #[test]
    fn tiles_over_a_stretch_are_those_that_meet_it() {
        let over = |frames: Range<usize>| tiles_over(1, frames, 3000).map(|t| t.index).collect::<Vec<_>>();
        assert_eq!(over(0..1), [0]);
        assert_eq!(over(511..513), [0, 1]);
        assert_eq!(over(512..1024), [1]);
        assert_eq!(over(2900..9000), [5]);
        assert!(over(5..5).is_empty() && over(4000..5000).is_empty());
    }

    #[test]
    fn the_level_suits_the_screen() {
        assert_eq!([0.1, 1.0, 1.5, 2.0, 700.0].map(level_for), [0, 0, 1, 1, 10]);
        assert_eq!(level_for(f64::INFINITY), MOST_LEVELS);
    }

    #[test]
    fn a_sample_is_all_or_evenly_spread() {
        assert_eq!(spread(3..7, 16).collect::<Vec<_>>(), [3, 4, 5, 6]);
        assert_eq!(spread(0..100, 4).collect::<Vec<_>>(), [12, 37, 62, 87]);
        assert_eq!(spread(9..10, 1).collect::<Vec<_>>(), [9]);
        assert_eq!(spread(9..9, 4).count(), 0);
    }

    #[test]
    fn means_are_those_of_the_sampled_frames_of_each_bin() {
        let num_frames = 4001;
        let value = |layer: usize, frame: usize| ((frame * 37 + layer * 11) % 101) as f64 - 20.0;
        for level in 0..=top_level(num_frames) {
            for tile in tiles_over(level, 0..num_frames, num_frames) {
                let sampled = tile.sampled(num_frames);
                let values = Array2::from_shape_fn((3, sampled.len()), |(l, n)| value(l, sampled[n]));
                let means = tile.means(num_frames, values.view());
                for ((layer, nth), &mean) in means.indexed_iter() {
                    let bin = tile.bins(num_frames).nth(nth).unwrap();
                    let frames: Vec<usize> = spread(bin, FRAMES_A_MEAN).collect();
                    let plain = frames.iter().map(|&t| value(layer, t)).sum::<f64>() / frames.len() as f64;
                    assert!((f64::from(mean) - plain).abs() < 1e-5, "{tile:?} {layer} {nth}");
                }
            }
        }
        let holes = ndarray::arr2(&[[f64::NAN, 4.0], [f64::NAN, f64::NAN]]);
        let means = Tile { level: 1, index: 0 }.means(2, holes.view());
        assert_eq!(means[[0, 0]], 4.0);
        assert!(means[[1, 0]].is_nan());
    }
}
