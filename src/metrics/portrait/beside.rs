//! Which codes stand before and behind a code in time.

use super::FramesByCode;
use crate::metrics::over_time::OverTime;

/// Codes that are listed before and behind.
const LISTED: usize = 8;

/// The codes that stand beside a code in time, not across the borders of clips.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// Those before it.
    pub before: Neighbourhood,
    /// Those behind it.
    pub after: Neighbourhood,
}

/// The codes on one side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Neighbourhood {
    /// The most frequent of them with how often they stand there, the most frequent first; the lower code first where two are as frequent.
    pub codes: Vec<(u32, u64)>,
    /// How often any code stands there: once for each time that the code is not the first, or the last, of its clip.
    pub total: u64,
    /// How many different codes stand there.
    pub distinct: usize,
}

impl Beside {
    /// What stands beside `code_idx` in `layer`, whose frames are sorted in `index`: one look at each frame that chose it.
    #[must_use]
    pub fn of(layer: OverTime<'_>, index: &FramesByCode, code_idx: usize) -> Self {
        let stride = layer.stride.max(1);
        let (mut before, mut after) = (vec![0u64; layer.num_codes], vec![0u64; layer.num_codes]);
        for &frame in index.frames(code_idx) {
            let frame = frame as usize;
            let nth = layer.clips.partition_point(|clip| clip.end <= frame);
            let Some(clip) = layer.clips.get(nth) else { continue };
            let count = |counts: &mut Vec<u64>, at: Option<usize>| {
                let code = at.filter(|at| clip.contains(at)).and_then(|at| layer.code(at));
                if let Some(code) = code {
                    counts[code as usize] += 1;
                }
            };
            count(&mut before, frame.checked_sub(stride));
            count(&mut after, frame.checked_add(stride));
        }
        Self { before: Neighbourhood::of(&before), after: Neighbourhood::of(&after) }
    }
}

impl Neighbourhood {
    fn of(counts: &[u64]) -> Self {
        let mut codes: Vec<(u32, u64)> =
            (0..).zip(counts.iter().copied()).filter(|&(_, count)| count > 0).collect();
        codes.sort_unstable_by_key(|&(code, count)| (std::cmp::Reverse(count), code));
        let (total, distinct) = (codes.iter().map(|(_, count)| count).sum(), codes.len());
        codes.truncate(LISTED);
        Self { codes, total, distinct }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;

    #[test]
    fn pairs_in_time_are_counted_within_clips_alone() {
        let codes = Array1::from(vec![1u32, 0, 2, 0, 0, 3, 0, 9, 0, 2]);
        let clips = [0..3, 3..7, 7..10];
        let layer = OverTime { codes: codes.view(), num_codes: 4, clips: &clips, stride: 1 };
        let beside = Beside::of(layer, &FramesByCode::of(layer), 0);
        // Before: 1 0 | 0 0, 3 0 | and behind the frame without a code nothing.
        assert_eq!(
            beside.before,
            Neighbourhood { codes: vec![(0, 1), (1, 1), (3, 1)], total: 3, distinct: 3 }
        );
        assert_eq!(
            beside.after,
            Neighbourhood { codes: vec![(2, 2), (0, 1), (3, 1)], total: 4, distinct: 3 }
        );
        assert_eq!(Beside::of(layer, &FramesByCode::of(layer), 99), Beside::default());
    }

    #[test]
    fn it_is_what_a_walk_over_all_frames_counts() {
        let codes = Array1::from_shape_fn(3000, |t| (t * t / 5 % 17) as u32);
        let clips = [0..700, 700..701, 701..3000];
        for stride in [1, 2] {
            let layer = OverTime { codes: codes.view(), num_codes: 17, clips: &clips, stride };
            let index = FramesByCode::of(layer);
            for code in 0..17u32 {
                let mut after = [0u64; 17];
                for clip in layer.by_clip() {
                    let clip: Vec<_> = clip.flatten().collect();
                    clip.windows(2)
                        .filter(|pair| pair[0] == code)
                        .for_each(|pair| after[pair[1] as usize] += 1);
                }
                assert_eq!(
                    Beside::of(layer, &index, code as usize).after,
                    Neighbourhood::of(&after),
                    "{code}"
                );
            }
        }
    }
}
