//! The error of each clip of a corpus, or of other stretches of it.

#![allow(clippy::needless_pass_by_value, reason = "views are passed like slices")]

use std::ops::Range;

use ndarray::{ArrayView2, s};
use rayon::prelude::*;

use super::distortion;
use crate::rvq::{Rvq, RvqError};
use crate::task::Task;
use crate::text::msg;

/// What a clip, or another stretch of frames, gives when it is quantized.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ClipError {
    /// Frames of it with codes.
    pub frames: u64,
    /// Dimensions of a frame.
    pub dim: usize,
    /// `sum ||x||²`.
    pub signal_energy: f64,
    /// `sum ||x - q||²` behind the layers whose codes were given.
    pub residual_energy: f64,
}

/// Frames that one task decodes.
const BLOCK: usize = 1024;

impl ClipError {
    /// [`distortion::mse`] of the clip.
    #[must_use]
    pub fn mse(&self) -> Option<f64> {
        distortion::mse(self.residual_energy, self.frames, self.dim)
    }

    /// [`distortion::snr_db`] of the clip.
    #[must_use]
    pub fn snr_db(&self) -> Option<f64> {
        distortion::snr_db(self.signal_energy, self.residual_energy)
    }
}

/// The error of each of `clips`: `frames` are `(num_frames, dim)`, `codes` `(num_layers, num_frames or fewer)`. Frames without codes are left out.
/// With the codes of the first layers alone it is the error behind these.
///
/// Sums are added block by block in order: the same bits on any number of threads.
///
/// # Errors
/// A code lies beyond its codebook, the dimensions differ, or it was cancelled.
pub fn clip_errors(
    rvq: &Rvq,
    frames: ArrayView2<'_, f32>,
    codes: ArrayView2<'_, u32>,
    clips: &[Range<usize>],
    task: &Task<'_>,
) -> Result<Vec<ClipError>, RvqError> {
    if frames.ncols() != rvq.dim() {
        let (dim, other) = (rvq.dim(), frames.ncols());
        return Err(RvqError::Shape(msg!("err-frames-for", frames = other, quantizer = dim)));
    }
    let end = frames.nrows().min(codes.ncols());
    let block = |block: Range<usize>| -> Result<[f64; 2], RvqError> {
        task.check()?;
        let seen = frames.slice(s![block.clone(), ..]);
        let made = rvq.decode(codes.slice(s![.., block]), 0)?;
        let energy = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
        let errors = seen.iter().zip(&made).map(|(&x, &q)| f64::from(x) - f64::from(q));
        Ok([energy(&mut seen.iter().map(|&x| f64::from(x))), energy(&mut { errors })])
    };
    let clip = |clip: &Range<usize>| {
        let (from, to) = (clip.start.min(end), clip.end.min(end));
        let starts: Vec<usize> = (from..to).step_by(BLOCK).collect();
        let sums: Result<Vec<[f64; 2]>, RvqError> =
            starts.into_par_iter().map(|start| block(start..(start + BLOCK).min(to))).collect();
        let [signal_energy, residual_energy] =
            sums?.into_iter().fold([0.0; 2], |[a, b], [signal, error]| [a + signal, b + error]);
        let frames = to.saturating_sub(from) as u64;
        Ok(ClipError { frames, dim: rvq.dim(), signal_energy, residual_energy })
    };
    clips.par_iter().map(clip).collect()
}

/// `frames` frames in about `most` stretches of like length. Each clip is cut on its own, so that a stretch lies in one clip, unless there are so many
/// clips that most of them would be a stretch or two.
#[must_use]
pub fn stretches(clips: &[Range<usize>], frames: usize, most: usize) -> Vec<Range<usize>> {
    let whole = [0..frames];
    let parts = if clips.is_empty() || clips.len() > most / 2 { &whole[..] } else { clips };
    let len = frames.div_ceil(most.max(1)).max(1);
    let cut = |part: &Range<usize>| {
        let (from, to) = (part.start.min(frames), part.end.min(frames));
        let total = to.saturating_sub(from);
        let pieces = total.div_ceil(len);
        (0..pieces).map(move |nth| from + total * nth / pieces..from + total * (nth + 1) / pieces)
    };
    parts.iter().flat_map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{self, Purpose};
    use crate::rvq::{Codebook, LayerSpan};
    use crate::task::Cancel;
    use ndarray::Array2;

    #[test]
    fn clips_add_up_to_the_corpus_and_stop_where_codes_do() {
        let mut rng = random::stream(4, Purpose::Data, 0);
        let mut draw = |shape| Array2::from_shape_simple_fn(shape, || (random::unit(&mut rng) - 0.5) as f32);
        let layers = [draw((7, 3)), draw((5, 3))].map(|rows| Codebook::from_rows(rows).unwrap().into());
        let rvq = Rvq::new(layers.into()).unwrap();
        let frames = draw((3000, 3));
        let codes = rvq.encode(frames.view(), LayerSpan::ALL).unwrap();
        let clips = [0..10, 10..2500, 2500..2500, 2500..3000];
        let cancel = Cancel::default();
        let beyond = Array2::from_elem((2, 3000), 99);
        let of = |codes, clips: &[Range<usize>]| {
            clip_errors(&rvq, frames.view(), codes, clips, &Task::silent(&cancel))
        };
        let found = of(codes.view(), &clips).unwrap();
        let left = rvq.residual_behind(1, rvq.residual_behind(0, frames.view()).unwrap().view()).unwrap();
        for (clip, found) in clips.iter().zip(&found) {
            let wanted: f64 = left.slice(s![clip.clone(), ..]).iter().map(|&v| f64::from(v).powi(2)).sum();
            assert!((found.residual_energy - wanted).abs() < 1e-5 * (1.0 + wanted), "{clip:?}");
            assert_eq!(found.frames, clip.len() as u64);
        }
        assert_eq!((found[2].mse(), found[2].snr_db()), (None, None));
        assert!(found[1].snr_db().unwrap() > 0.0);
        let part = of(codes.slice(s![.., ..100]), &clips).unwrap();
        assert_eq!(part.iter().map(|clip| clip.frames).collect::<Vec<_>>(), [10, 90, 0, 0]);
        assert!(of(beyond.view(), &clips).is_err());
        cancel.cancel();
        assert!(of(codes.view(), &clips).is_err());
    }

    #[test]
    fn the_first_layers_alone_give_the_error_behind_them() {
        let codebook = |rows: [[f32; 1]; 2]| Codebook::from_rows(ndarray::arr2(&rows)).unwrap().into();
        let rvq = Rvq::new(vec![codebook([[0.0], [10.0]]), codebook([[0.0], [1.0]])]).unwrap();
        let frames = ndarray::array![[1.0f32], [10.0], [12.0]];
        let codes = ndarray::array![[0u32, 1, 1], [1, 0, 1]];
        let cancel = Cancel::default();
        let left = |layers: usize| {
            let codes = codes.slice(s![..layers, ..]);
            let found = clip_errors(&rvq, frames.view(), codes, &[0..3], &Task::silent(&cancel)).unwrap();
            found[0].residual_energy
        };
        assert_eq!([left(0), left(1), left(2)], [245.0, 5.0, 1.0]);
    }

    #[test]
    fn stretches_cover_every_frame_once_and_part_at_clips() {
        for (clips, frames, most) in
            [(&[0..10, 10..57, 57..100][..], 100, 20), (&[0..100][..], 100, 7), (&[][..], 5, 300)]
        {
            let found = stretches(clips, frames, most);
            assert_eq!(found.first().map(|s| s.start), Some(0));
            assert_eq!(found.last().map(|s| s.end), Some(frames));
            assert!(found.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(found.iter().all(|s| !s.is_empty()) && found.len() <= most + clips.len());
            assert!(clips.iter().all(|clip| found.iter().any(|s| s.start == clip.start)));
        }
        // Of many clips a stretch holds several.
        let clips: Vec<Range<usize>> = (0..500).map(|nth| nth * 2..nth * 2 + 2).collect();
        assert_eq!(stretches(&clips, 1000, 100).len(), 100);
        // Codes may end before clips do.
        assert_eq!(stretches(&[0..50, 50..90], 40, 4), [0..10, 10..20, 20..30, 30..40]);
        assert!(stretches(&[], 0, 4).is_empty());
    }
}
