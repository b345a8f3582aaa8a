//! The frames of a layer by the code that they chose.

use crate::metrics::over_time::OverTime;

/// For each code of a layer the frames that chose it, made once by counting sort: `O(num_frames + K)` time, four bytes a frame and `K`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FramesByCode {
    /// Where the frames of each code begin; one more than there are codes.
    starts: Vec<usize>,
    frames: Vec<u32>,
}

impl FramesByCode {
    /// Sorts the frames of `layer`. Where frames share a code, the first of each group stands for it.
    ///
    /// Frames beyond 2³² are left out, as are those without a code.
    #[must_use]
    pub fn of(layer: OverTime<'_>) -> Self {
        let mut starts = Vec::with_capacity(layer.num_codes + 1);
        let mut total = 0;
        for count in layer.counts() {
            starts.push(total);
            total += count as usize;
        }
        starts.push(total);
        let mut next = starts.clone();
        let mut frames = vec![0u32; total];
        for clip in layer.moments() {
            for frame in clip.step_by(layer.stride.max(1)) {
                let (Some(code), Ok(number)) = (layer.code(frame), u32::try_from(frame)) else { continue };
                let place = &mut next[code as usize];
                frames[*place] = number;
                *place += 1;
            }
        }
        Self { starts, frames }
    }

    /// The frames that chose `code_idx`, in order; none for a code that is not there.
    #[must_use]
    pub fn frames(&self, code_idx: usize) -> &[u32] {
        let ends = self.starts.get(code_idx).zip(self.starts.get(code_idx + 1));
        ends.and_then(|(&start, &end)| self.frames.get(start..end)).unwrap_or(&[])
    }

    /// How many frames have a code.
    #[must_use]
    pub fn num_frames(&self) -> usize {
        self.frames.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;

    #[test]
    fn every_frame_stands_with_its_code_once() {
        let codes = Array1::from_shape_fn(1000, |t| (t * t * 7 / 3 % 13) as u32);
        for (clips, stride) in
            [(vec![0..1000], 1), (vec![0..10, 10..333, 333..1000], 1), (vec![0..500, 500..1000], 4)]
        {
            // Three codes of thirteen are beyond the codebook, so that their frames have none.
            let layer = OverTime { codes: codes.view(), num_codes: 10, clips: &clips, stride };
            let index = FramesByCode::of(layer);
            for code in 0..12 {
                let plain: Vec<u32> = (0..1000u32)
                    .filter(|&t| {
                        (t as usize).is_multiple_of(stride) && code < 10 && codes[t as usize] == code
                    })
                    .collect();
                assert_eq!(index.frames(code as usize), plain, "{code}, stride {stride}");
            }
        }
    }

    #[test]
    fn without_frames_or_codes_there_is_nothing() {
        let codes = Array1::from(vec![u32::MAX; 3]);
        for num_codes in [0, 4] {
            let index =
                FramesByCode::of(OverTime { codes: codes.view(), num_codes, clips: &[0..3], stride: 1 });
            assert_eq!((index.num_frames(), index.frames(0)), (0, &[][..]));
        }
        assert!(
            FramesByCode::of(OverTime { codes: codes.view(), num_codes: 4, clips: &[], stride: 0 })
                .frames(9)
                .is_empty()
        );
    }
}
