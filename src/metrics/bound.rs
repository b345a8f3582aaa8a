//! What each layer could gain at most, from a sample of the frames: the eigenvalues of what goes in, and what is left of the same frames.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;

use super::Covariance;
use crate::rvq::encoder::Encoder;
use crate::rvq::search::Search;
use crate::rvq::{Rvq, RvqError};
use crate::task::Task;
use crate::text::Message;

/// A layer on a sample of the frames.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GainSample {
    /// How many frames.
    pub frames: u64,
    /// The eigenvalues of the covariance of what goes into the layer, about its mean; the largest first.
    pub eigenvalues: Vec<f64>,
    /// `mean ||r_l||²` of the same frames: what is left behind the layer.
    pub left: f64,
}

/// How much work the sample is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundWork {
    /// None: there is no sample.
    None,
    /// Some hundredths of a second, or no sample at all: for somebody who watches a training.
    Quick,
    /// A few seconds at the most.
    Full,
}

/// Frames of a sample at the most.
const MOST_FRAMES: usize = 8192;

/// Eigenvalues of larger matrices take longer than all the rest.
const MOST_DIMENSIONS: usize = 1024;

/// Covariances that are kept until their eigenvalues are found together.
const LAYERS_AT_ONCE: usize = 8;

/// A sample of fewer frames a dimension says more about itself than about the frames.
const FRAMES_A_DIMENSION: usize = 2;

impl BoundWork {
    /// Frames of a sample out of `total`, for so many layers and dimensions; 0 for no sample.
    pub(super) fn frames(self, total: usize, layers: usize, dim: usize) -> usize {
        let work = match self {
            Self::None => return 0,
            Self::Quick => 1e8,
            Self::Full => 1.5e10,
        };
        let (dim_f, layers) = (dim as f64, layers.max(1) as f64);
        // A tridiagonal form costs about as much as the covariance of 4 D frames.
        let frames = (work / (layers * dim_f * dim_f / 2.0) - 4.0 * dim_f).max(0.0) as usize;
        let frames = frames.min(MOST_FRAMES).min(total);
        let is_enough = frames >= total.min(FRAMES_A_DIMENSION * dim);
        if is_enough && dim <= MOST_DIMENSIONS { frames } else { 0 }
    }
}

/// One sample for each layer, of the first of `pieces`, which are in random order; none where `work` does not suffice.
pub(super) fn gain_samples(
    rvq: &Rvq,
    encoder: &Encoder<'_>,
    frames: &ArrayView2<'_, f32>,
    pieces: &[Range<usize>],
    search: Search,
    work: BoundWork,
    task: &Task<'_>,
) -> Result<Vec<GainSample>, RvqError> {
    let total = pieces.iter().map(ExactSizeIterator::len).sum();
    let wanted = work.frames(total, rvq.num_layers(), frames.ncols());
    if wanted == 0 {
        return Ok(Vec::new());
    }
    let (mut residual, codes) = sample(encoder, frames, pieces, wanted, search)?;
    let num_layers = rvq.num_layers();
    let mut covariances: Vec<Covariance> = Vec::new();
    let mut samples = Vec::with_capacity(num_layers);
    for layer_idx in 0..num_layers {
        task.check()?;
        covariances.push(Covariance::of(&residual.view()));
        let of_layer: Vec<u32> = codes.iter().skip(layer_idx).step_by(num_layers).copied().collect();
        residual -= &rvq.layer_output(layer_idx, of_layer.into_iter())?;
        let left = residual.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / residual.nrows() as f64;
        samples.push(GainSample { frames: residual.nrows() as u64, eigenvalues: Vec::new(), left });
        if covariances.len() == LAYERS_AT_ONCE || layer_idx + 1 == num_layers {
            let first = samples.len() - covariances.len();
            samples[first..].par_iter_mut().zip(&covariances).for_each(|(sample, covariance)| {
                sample.eigenvalues = covariance.eigenvalues();
            });
            covariances.clear();
        }
    }
    Ok(samples)
}

/// About `wanted` frames, and their codes, `(num_frames, num_layers)`. Whole pieces are taken, but for the last, so that strides stay whole.
fn sample(
    encoder: &Encoder<'_>,
    frames: &ArrayView2<'_, f32>,
    pieces: &[Range<usize>],
    wanted: usize,
    search: Search,
) -> Result<(Array2<f32>, Vec<u32>), RvqError> {
    let mut codes = Vec::new();
    let mut values = Vec::with_capacity(wanted * frames.ncols());
    let mut left = wanted;
    for piece in pieces {
        if left == 0 {
            break;
        }
        let len = piece.len().min(left);
        left -= len;
        let block = frames.slice(s![piece.start..piece.start + len, ..]);
        values.extend(block.iter());
        codes.extend(encoder.encode(block, search)?.codes);
    }
    let rows = Array2::from_shape_vec((wanted - left, frames.ncols()), values);
    Ok((rows.map_err(|err| RvqError::Shape(Message::verbatim(err.to_string())))?, codes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{distortion, evaluate};
    use crate::random::{self, Purpose};
    use crate::rvq::Codebook;
    use crate::task::Cancel;

    /// Gaussian frames with these standard deviations, about a mean far from zero.
    fn gaussian(num_frames: usize, spread: &[f64], mean: f32) -> Array2<f32> {
        let mut rng = random::stream(11, Purpose::Data, 0);
        Array2::from_shape_fn((num_frames, spread.len()), |(_, d)| {
            // Box and Muller.
            let (u, v) = (1.0 - random::unit(&mut rng), random::unit(&mut rng));
            let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
            mean + (normal * spread[d]) as f32
        })
    }

    /// A codebook of `num_codes` codes by plain k-means, and what it leaves over.
    fn trained(frames: &Array2<f32>, num_codes: usize) -> (Codebook, Array2<f32>) {
        let mut rows = frames.slice(s![..num_codes, ..]).to_owned();
        let mut codes = Vec::new();
        for _ in 0..15 {
            codes = crate::rvq::nearest::nearest_naive(frames.view(), rows.view()).0;
            let mut sums = Array2::<f64>::zeros(rows.dim());
            let mut counts = vec![0.0; num_codes];
            for (frame, &code) in frames.rows().into_iter().zip(&codes) {
                counts[code as usize] += 1.0;
                sums.row_mut(code as usize).zip_mut_with(&frame, |sum, &v| *sum += f64::from(v));
            }
            for (code, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
                rows.row_mut(code).zip_mut_with(&sums.row(code), |row, sum| *row = (sum / count) as f32);
            }
        }
        let mut left = frames.clone();
        for (mut frame, &code) in left.rows_mut().into_iter().zip(&codes) {
            frame -= &rows.row(code as usize);
        }
        (Codebook::from_rows(rows).unwrap(), left)
    }

    #[test]
    fn no_layer_gains_more_of_a_gaussian_source_than_there_is() {
        for (spread, mean) in [(&[1.0; 6][..], 0.0), (&[4.0, 2.0, 1.0, 0.5, 0.2, 0.1][..], 30.0)] {
            let frames = gaussian(6000, spread, mean);
            let (mut layers, mut residual) = (Vec::new(), frames.clone());
            for _ in 0..3 {
                let (codebook, left) = trained(&residual, 32);
                layers.push(codebook.into());
                residual = left;
            }
            let rvq = Rvq::new(layers).unwrap();
            let cancel = Cancel::default();
            let task = Task::silent(&cancel);
            let found = evaluate(&rvq, frames.view(), &[0..6000], Search::Greedy, &task).unwrap();
            for (layer_idx, layer) in found.layers.iter().enumerate() {
                let sample = layer.gain.as_ref().unwrap();
                assert_eq!(sample.frames, 6000);
                let share = distortion::shannon_share(sample, 32).unwrap();
                assert!(share < 1.02, "layer {layer_idx} of {spread:?}: {share}");
                assert!(share > 0.6, "layer {layer_idx} of {spread:?}: {share}");
                // The sample is all frames, so that what is left is what was counted.
                assert!((sample.left * 6000.0 / layer.residual_energy - 1.0).abs() < 1e-6);
            }
            // Counted about zero, the first layer's gain is the mean's.
            let gain = distortion::snr_gain_db(found.signal_energy, found.layers[0].residual_energy).unwrap();
            let bound =
                distortion::shannon_db(&found.layers[0].gain.as_ref().unwrap().eigenvalues, 5.0).unwrap();
            assert_eq!(gain > 2.0 * bound, mean > 0.0, "{gain} {bound}");
        }
    }

    #[test]
    fn work_is_bounded_whatever_the_dimension() {
        assert_eq!(BoundWork::None.frames(1000, 1, 8), 0);
        assert_eq!(BoundWork::Full.frames(1000, 8, 80), 1000);
        assert_eq!(BoundWork::Full.frames(1_000_000, 8, 80), 8192);
        assert!(BoundWork::Full.frames(1_000_000, 8, 768) > 2 * 768);
        assert_eq!(BoundWork::Full.frames(1_000_000, 8, 4096), 0);
        assert!(BoundWork::Quick.frames(20_000, 8, 40) > 1000);
        assert_eq!(BoundWork::Quick.frames(20_000, 8, 768), 0, "rather no sample than a poor one");
    }
}
