//! The error of each dimension, beside how much the dimension varies.

#![allow(clippy::needless_pass_by_value, reason = "views are passed like slices")]

use ndarray::{ArrayView2, Slice, s};
use rayon::prelude::*;

use super::{distortion, metric};
use crate::rvq::{Rvq, RvqError};
use crate::task::Task;
use crate::text::{Phrase, msg};

metric! {
    DIMENSION_VARIANCE, "dimension_variance", Phrase::NONE,
    "`sum_t (x_td - mean_d)² / n`: what the MSE of dimension d would be if every frame came out as the mean. An error near it says that the codes tell nothing of the dimension.";
    #[must_use]
    pub fn dimension_variance(centred_energy: f64, frames: u64) -> Option<f64> {
        (frames > 0).then(|| centred_energy / frames as f64)
    }
}

/// What one dimension gives when frames are quantized.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DimensionError {
    /// `sum_t (x_td - mean_d)²`.
    pub centred_energy: f64,
    /// `sum_t (x_td - q_td)²` behind the layers that were asked for.
    pub residual_energy: f64,
    /// The same behind all layers.
    pub residual_energy_all: f64,
    /// The frame with the largest error in it behind the layers that were asked for; the first of several.
    pub worst_frame: usize,
}

/// The error of each dimension over a sample of frames.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DimensionErrors {
    /// Frames that were looked at.
    pub frames: u64,
    /// Frames with codes, out of which they were taken.
    pub frames_in_all: u64,
    /// How many layers were asked for.
    pub num_layers: usize,
    /// By dimension.
    pub dimensions: Vec<DimensionError>,
}

/// Frames that one task decodes.
const BLOCK: usize = 1024;

impl DimensionErrors {
    /// [`distortion::mse`] of a dimension behind the layers that were asked for.
    #[must_use]
    pub fn mse(&self, d: usize) -> Option<f64> {
        distortion::mse(self.dimensions.get(d)?.residual_energy, self.frames, 1)
    }

    /// [`distortion::mse`] of a dimension behind all layers.
    #[must_use]
    pub fn mse_all(&self, d: usize) -> Option<f64> {
        distortion::mse(self.dimensions.get(d)?.residual_energy_all, self.frames, 1)
    }

    /// [`dimension_variance`] of a dimension.
    #[must_use]
    pub fn variance(&self, d: usize) -> Option<f64> {
        dimension_variance(self.dimensions.get(d)?.centred_energy, self.frames)
    }

    /// [`distortion::explained_variance`] of a dimension behind the layers that were asked for.
    #[must_use]
    pub fn explained_variance(&self, d: usize) -> Option<f64> {
        let of = self.dimensions.get(d)?;
        distortion::explained_variance(of.centred_energy, of.residual_energy)
    }
}

/// The error of each dimension behind the first `num_layers` layers: `frames` are `(num_frames, dim)`, `codes` `(num_layers, num_frames or fewer)`.
///
/// At most about `most` frames are looked at, every so many from the first on. Frames lie an odd number apart, so that of frames that share a code
/// not always the same is seen. Sums are added block by block in order: the same bits on any number of threads.
///
/// # Errors
/// A code lies beyond its codebook, there are fewer layers, the dimensions differ, or it was cancelled.
pub fn dimension_errors(
    rvq: &Rvq,
    frames: ArrayView2<'_, f32>,
    codes: ArrayView2<'_, u32>,
    num_layers: usize,
    most: usize,
    task: &Task<'_>,
) -> Result<DimensionErrors, RvqError> {
    if frames.ncols() != rvq.dim() {
        let (dim, other) = (rvq.dim(), frames.ncols());
        return Err(RvqError::Shape(msg!("err-frames-for", frames = other, quantizer = dim)));
    }
    if num_layers > codes.nrows() {
        return Err(RvqError::TooManyLayers { asked: num_layers, have: codes.nrows() });
    }
    let end = frames.nrows().min(codes.ncols());
    let step = match end.div_ceil(most.max(1)) {
        0 | 1 => 1,
        step => step | 1,
    };
    let origin: Vec<f64> = frames.rows().into_iter().take(1).flatten().map(|&v| f64::from(v)).collect();
    let block = |first: usize| -> Result<Vec<Sums>, RvqError> {
        task.check()?;
        let places = Slice::from(first..(first + BLOCK * step).min(end)).step_by(step as isize);
        let (seen, codes) = (frames.slice(s![places, ..]), codes.slice(s![.., places]));
        let all = rvq.decode(codes, 0)?;
        let some = rvq.decode(codes.slice(s![..num_layers, ..]), 0)?;
        let mut sums = vec![Sums::default(); origin.len()];
        for (nth, ((x, some), all)) in seen.rows().into_iter().zip(some.rows()).zip(all.rows()).enumerate() {
            let values = x.iter().zip(some).zip(all).map(|((&x, &some), &all)| [x, some, all].map(f64::from));
            for ((sums, &origin), [x, some, all]) in sums.iter_mut().zip(&origin).zip(values) {
                sums.add(x - origin, x - some, x - all, first + nth * step);
            }
        }
        Ok(sums)
    };
    let starts: Vec<usize> = (0..end).step_by(BLOCK * step).collect();
    let blocks: Result<Vec<Vec<Sums>>, RvqError> = starts.into_par_iter().map(block).collect();
    let mut sums = vec![Sums::default(); origin.len()];
    for block in blocks? {
        sums.iter_mut().zip(&block).for_each(|(sums, more)| sums.merge(more));
    }
    let seen = end.div_ceil(step) as u64;
    let dimensions = sums.iter().map(|sums| sums.finish(seen)).collect();
    Ok(DimensionErrors { frames: seen, frames_in_all: end as u64, num_layers, dimensions })
}

/// Sums of one dimension; values are counted from the first frame, which keeps data far from zero exact.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    value: f64,
    square: f64,
    some: f64,
    all: f64,
    largest: f64,
    worst_frame: usize,
}

impl Sums {
    fn add(&mut self, value: f64, some: f64, all: f64, frame: usize) {
        self.value += value;
        self.square += value * value;
        self.some += some * some;
        self.all += all * all;
        self.see(some * some, frame);
    }

    fn merge(&mut self, other: &Self) {
        self.value += other.value;
        self.square += other.square;
        self.some += other.some;
        self.all += other.all;
        self.see(other.largest, other.worst_frame);
    }

    fn see(&mut self, sq_error: f64, frame: usize) {
        if sq_error > self.largest {
            (self.largest, self.worst_frame) = (sq_error, frame);
        }
    }

    fn finish(&self, frames: u64) -> DimensionError {
        let centred = self.square - self.value * self.value / frames.max(1) as f64;
        DimensionError {
            // What rounding leaves of a constant dimension is no variance.
            centred_energy: if centred <= self.square * 1e-14 { 0.0 } else { centred },
            residual_energy: self.some,
            residual_energy_all: self.all,
            worst_frame: self.worst_frame,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{self, Purpose};
    use crate::rvq::{Codebook, LayerSpan};
    use crate::task::Cancel;
    use ndarray::{Array2, Axis};

    /// A quantizer of two layers, frames about a mean far from zero with one constant dimension, and their codes.
    fn corpus(num_frames: usize) -> (Rvq, Array2<f32>, Array2<u32>) {
        let mut rng = random::stream(5, Purpose::Data, 0);
        let mut draw = |rows: usize| {
            Array2::from_shape_fn((rows, 3), |(_, d)| match d {
                2 => 7.0,
                _ => 30.0 + ((random::unit(&mut rng) - 0.5) * (d + 1) as f64) as f32,
            })
        };
        let first = Codebook::from_rows(draw(9)).unwrap();
        let second = Codebook::from_rows(draw(5).mapv(|v| v * 0.01 - 0.2)).unwrap();
        let rvq = Rvq::new(vec![first.into(), second.into()]).unwrap();
        let frames = draw(num_frames);
        let codes = rvq.encode(frames.view(), LayerSpan::ALL).unwrap();
        (rvq, frames, codes)
    }

    #[test]
    fn each_dimension_is_what_the_plain_way_gives() {
        let (rvq, frames, codes) = corpus(2500);
        let cancel = Cancel::default();
        for layers in [1, 2] {
            let of = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let task = Task::silent(&cancel);
                    dimension_errors(&rvq, frames.view(), codes.view(), layers, 100_000, &task).unwrap()
                })
            };
            let found = of(1);
            assert_eq!(found, of(3), "the same bits on any number of threads");
            assert_eq!((found.frames, found.frames_in_all, found.dimensions.len()), (2500, 2500, 3));
            let error = |layers| {
                let made = rvq.decode(codes.slice(s![..layers, ..]), 0).unwrap();
                frames.mapv(f64::from) - made.mapv(f64::from)
            };
            let (some, all) = (error(layers), error(2));
            for d in 0..3 {
                let mean_square = |errors: &Array2<f64>| errors.column(d).mapv(|v| v * v).mean().unwrap();
                assert!((found.mse(d).unwrap() - mean_square(&some)).abs() < 1e-9);
                assert!((found.mse_all(d).unwrap() - mean_square(&all)).abs() < 1e-9);
                let wanted = frames.mapv(f64::from).var_axis(Axis(0), 0.0)[d];
                assert!((found.variance(d).unwrap() - wanted).abs() < 1e-9, "{d}: {wanted}");
                let worst = some.column(d).iter().fold(0.0f64, |a, b| a.max(b.abs()));
                assert_eq!(some[[found.dimensions[d].worst_frame, d]].abs(), worst);
            }
            assert_eq!((found.variance(2), found.explained_variance(2)), (Some(0.0), None));
            assert_eq!((found.mse(3), found.variance(3)), (None, None));
        }
    }

    #[test]
    fn a_sample_is_spread_and_its_sums_are_those_of_its_frames() {
        let (rvq, frames, codes) = corpus(9000);
        let cancel = Cancel::default();
        let of = |codes, most| {
            dimension_errors(&rvq, frames.view(), codes, 1, most, &Task::silent(&cancel)).unwrap()
        };
        let sampled = of(codes.view(), 2300);
        // Every fourth would do, and every fifth is an odd number apart.
        let (fifth, their) = (frames.slice(s![..;5, ..]).to_owned(), codes.slice(s![.., ..;5]).to_owned());
        let task = Task::silent(&cancel);
        let alone = dimension_errors(&rvq, fifth.view(), their.view(), 1, 100_000, &task).unwrap();
        assert_eq!((sampled.frames, sampled.frames_in_all, alone.frames), (1800, 9000, 1800));
        for (a, b) in sampled.dimensions.iter().zip(&alone.dimensions) {
            assert_eq!((a.residual_energy, a.worst_frame), (b.residual_energy, 5 * b.worst_frame));
        }
        assert_eq!(of(codes.slice(s![.., ..100]), 2300).frames, 100, "frames without codes are left out");
        assert_eq!(of(codes.slice(s![.., ..0]), 2300).mse(0), None);
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_no_panic() {
        let (rvq, frames, codes) = corpus(50);
        let beyond = Array2::from_elem((2, 50), 99);
        let cancel = Cancel::default();
        let of = |frames, codes, layers| {
            dimension_errors(&rvq, frames, codes, layers, 10, &Task::silent(&cancel)).is_err()
        };
        assert!(of(frames.slice(s![.., ..2]), codes.view(), 1), "other dimensions");
        assert!(of(frames.view(), codes.view(), 3), "more layers than there are");
        assert!(of(frames.view(), beyond.view(), 1), "a code beyond its codebook");
        cancel.cancel();
        assert!(of(frames.view(), codes.view(), 1), "cancelled");
    }
}
