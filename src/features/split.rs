//! Which frames are trained on and which are held out.

use std::ops::Range;

use super::{Clip, FeatureSet};

/// Which frames are trained on and which are held out to judge by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Ranges that are trained on, ascending.
    pub train: Vec<Range<usize>>,
    /// Ranges that are held out, ascending; none where nothing is.
    pub held_out: Vec<Range<usize>>,
}

impl Split {
    /// Holds out about `share` of the frames: whole clips spread over the corpus, or the tail of a single clip.
    ///
    /// Clips are walked in order; one is held out where the frames held so far and half of its own are at most `share` of
    /// all frames up to its end. So the held-out clips come from everywhere in a corpus that is sorted by speaker or by
    /// recording, and never share a clip with what is trained on. Where that holds out no clip or every clip, and where
    /// there is only one, the last `round(share * frames)` frames are held out.
    ///
    /// At least one frame is left to train on, and at least one is held out where `share` is above 0 and there are two
    /// frames. Ranges that touch are merged.
    #[must_use]
    pub fn hold_out(set: &FeatureSet, share: f64) -> Self {
        Self::of_clips(set.matrix.num_frames(), &set.clips, share)
    }

    /// [`hold_out`](Self::hold_out) of so many frames in `clips`, wherever they lie.
    #[must_use]
    #[allow(clippy::single_range_in_vec_init, reason = "a list of ranges that here has one")]
    pub fn of_clips(frames: usize, clips: &[Clip], share: f64) -> Self {
        if share.is_nan() || share <= 0.0 || frames < 2 {
            return Self { train: vec![0..frames], held_out: Vec::new() };
        }
        let mut split = Self { train: Vec::new(), held_out: Vec::new() };
        let mut held = 0;
        for clip in clips {
            let len = clip.frames.len();
            if held as f64 + len as f64 / 2.0 <= share * clip.frames.end as f64 {
                held += len;
                push_merged(&mut split.held_out, clip.frames.clone());
            } else {
                push_merged(&mut split.train, clip.frames.clone());
            }
        }
        if split.held_out.is_empty() || split.train.is_empty() {
            let wanted = ((frames as f64 * share).round() as usize).clamp(1, frames - 1);
            let start = frames - wanted;
            return Self { train: vec![0..start], held_out: vec![start..frames] };
        }
        split
    }

    /// How many frames the ranges hold.
    #[must_use]
    pub fn count(ranges: &[Range<usize>]) -> usize {
        ranges.iter().map(ExactSizeIterator::len).sum()
    }
}

/// Adds a range behind the others: into the last where they touch, not at all where it is empty.
fn push_merged(ranges: &mut Vec<Range<usize>>, range: Range<usize>) {
    match ranges.last_mut() {
        _ if range.is_empty() => {}
        Some(last) if last.end == range.start => last.end = range.end,
        _ => ranges.push(range),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    fn corpus(lens: &[usize]) -> FeatureSet {
        let parts: Vec<_> =
            lens.iter().enumerate().map(|(i, &len)| (format!("clip {i}"), Array2::zeros((len, 2)))).collect();
        FeatureSet::join(&parts, None).unwrap()
    }

    fn check(lens: &[usize], share: f64, held_out: &[Range<usize>]) {
        let set = corpus(lens);
        let split = Split::hold_out(&set, share);
        assert_eq!(split.held_out, held_out, "{lens:?} at {share}");
        let mut covered = vec![0; set.matrix.num_frames()];
        for frame in split.train.iter().chain(&split.held_out).flat_map(Clone::clone) {
            covered[frame] += 1;
        }
        assert!(covered.iter().all(|&times| times == 1), "{lens:?} at {share}: {split:?}");
        for ranges in [&split.train, &split.held_out] {
            assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start), "not merged: {ranges:?}");
        }
    }

    #[test]
    fn clips_are_spread_over_the_corpus() {
        check(&[10; 20], 0.1, &[40..50, 140..150]);
        check(&[10; 4], 0.5, &[0..10, 20..30]);
        check(&[5, 100, 5, 100], 0.1, &[105..110]);
    }

    #[test]
    fn neighbouring_clips_are_one_range() {
        // 1: 0 + 5 <= 7.5, 2: 10 + 5 <= 15, 3: 20 + 5 > 22.5, 4: 20 + 5 <= 30.
        check(&[10; 4], 0.75, &[0..20, 30..40]);
    }

    #[test]
    fn one_clip_gives_its_tail() {
        check(&[100], 0.1, &[90..100]);
        check(&[2], 0.1, &[1..2]);
        check(&[3], 1.0, &[1..3]);
        check(&[100], f64::INFINITY, &[1..100]);
    }

    #[test]
    fn a_tail_is_taken_where_no_clip_fits_and_where_every_clip_would() {
        check(&[100, 100], 0.1, &[180..200]);
        check(&[10, 10], 0.99, &[1..20]);
    }

    #[test]
    fn nothing_is_held_out_of_nothing() {
        check(&[100], 0.0, &[]);
        check(&[10, 10], -1.0, &[]);
        check(&[10, 10], f64::NAN, &[]);
        check(&[1], 0.5, &[]);
    }

    #[test]
    fn the_share_is_met_within_half_a_clip() {
        let lens: Vec<usize> = (0..200).map(|i| 20 + (i * 37) % 90).collect();
        for share in [0.05, 0.1, 0.3, 0.5] {
            let set = corpus(&lens);
            let held = Split::count(&Split::hold_out(&set, share).held_out) as f64;
            assert!((held - share * set.matrix.num_frames() as f64).abs() <= 110.0, "{share}: {held}");
        }
    }
}
