//! The codes of one layer over time: when a code begins to hold, and what comes before and behind it.

use std::ops::Range;

use ndarray::ArrayView1;

/// The codes of one layer over time.
#[derive(Debug, Clone, Copy)]
pub struct OverTime<'a> {
    /// One for each frame; one that is not below `num_codes` is none.
    pub codes: ArrayView1<'a, u32>,
    /// `K`.
    pub num_codes: usize,
    /// Stretches of frames that belong together, in order. Nothing is said of what follows what from one to the next.
    pub clips: &'a [Range<usize>],
    /// How many frames in a row share one code.
    pub stride: usize,
}

impl<'a> OverTime<'a> {
    /// The frames at which codes are chosen, clip by clip: all of them, or with a stride every so many.
    pub fn moments(self) -> impl Iterator<Item = Range<usize>> + 'a {
        let (len, stride) = (self.codes.len(), self.stride.max(1));
        let inside = move |clip: &Range<usize>| {
            let end = clip.end.min(len);
            clip.start.next_multiple_of(stride).min(end)..end
        };
        self.clips.iter().map(inside)
    }

    /// The code at a frame; `None` where there is none.
    #[must_use]
    pub fn code(self, frame: usize) -> Option<u32> {
        self.codes.get(frame).copied().filter(|&code| (code as usize) < self.num_codes)
    }

    /// The codes of each clip in order, one for each moment; `None` where a moment has none.
    pub fn by_clip(self) -> impl Iterator<Item = impl Iterator<Item = Option<u32>> + 'a> {
        let stride = self.stride.max(1);
        self.moments().map(move |clip| clip.step_by(stride).map(move |frame| self.code(frame)))
    }

    /// How often each code is chosen, counted by moments.
    #[must_use]
    pub fn counts(self) -> Vec<u64> {
        let mut counts = vec![0; self.num_codes];
        for code in self.by_clip().flatten().flatten() {
            counts[code as usize] += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn moments_stay_in_their_clip_and_on_the_stride() {
        let codes = array![0u32, 0, 1, 1, 2, 2, 9, 9];
        let over = |clips, stride| OverTime { codes: codes.view(), num_codes: 3, clips, stride };
        let read = |over: OverTime<'_>| over.by_clip().map(Iterator::collect).collect::<Vec<Vec<_>>>();
        assert_eq!(read(over(&[0..8], 2)), [[Some(0), Some(1), Some(2), None]]);
        // The first whole group of the second clip begins at frame 4.
        assert_eq!(read(over(&[0..3, 3..99], 2)), [vec![Some(0), Some(1)], vec![Some(2), None]]);
        assert_eq!(read(over(&[1..2], 4)), [vec![]]);
        assert_eq!(over(&[0..8], 1).counts(), [2, 2, 2]);
        assert_eq!(over(&[0..8], 2).counts(), [1, 1, 1]);
    }
}
