//! Encoding a set of frames and keeping what the figures need: counts, errors and energies.

#![allow(clippy::needless_pass_by_value, reason = "views are passed like slices")]

use std::ops::Range;

use ndarray::{ArrayView1, ArrayView2};

use crate::rvq::encoder::{Encoder, energy};
use crate::rvq::search::Search;
use crate::rvq::{LayerSpan, Rvq, RvqError};
use crate::task::Task;

/// What a set of frames gives when it is quantized.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    /// `n`, the frames looked at.
    pub frames: u64,
    /// Dimensions of a frame; 0 where only its codes are known, so that nothing is said of errors.
    pub dim: usize,
    /// `sum ||x||²`.
    pub signal_energy: f64,
    /// `sum ||x - mean||²`, the mean being that of these frames.
    pub centred_energy: f64,
    /// How codes were searched.
    pub search: Search,
    /// `sum ||x - q||²` behind the last layer where the same frames are quantized greedily; only known where they were not.
    pub greedy_energy: Option<f64>,
    /// By layer.
    pub layers: Vec<LayerTally>,
}

/// What one layer gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LayerTally {
    /// Frames that chose each code, `(num_codes)`.
    pub counts: Vec<u64>,
    /// Sum of their squared distances to it, `(num_codes)`.
    pub code_sq_error: Vec<f64>,
    /// `sum ||x - q_1..l||²`: the energy left behind this layer.
    pub residual_energy: f64,
}

impl Evaluation {
    /// What codes, `(num_layers, num_frames)`, tell on their own: how often each is chosen. `num_codes` is `K` of each layer.
    #[must_use]
    pub fn of_codes(codes: ArrayView2<'_, u32>, num_codes: &[usize]) -> Self {
        let tally = |(layer, &num_codes): (ArrayView1<'_, u32>, &usize)| {
            let mut counts = vec![0; num_codes];
            for &code in layer {
                if let Some(count) = counts.get_mut(code as usize) {
                    *count += 1;
                }
            }
            LayerTally { counts, code_sq_error: vec![0.0; num_codes], residual_energy: 0.0 }
        };
        let layers = codes.rows().into_iter().zip(num_codes).map(tally).collect();
        Self { frames: codes.ncols() as u64, layers, ..Self::default() }
    }

    /// The same counts of codes alone where layers have other numbers of codes, each above every code that was counted.
    #[must_use]
    pub fn with_sizes(&self, num_codes: &[usize]) -> Self {
        let mut resized = self.clone();
        for (layer, &size) in resized.layers.iter_mut().zip(num_codes) {
            layer.counts.resize(size, 0);
            layer.code_sq_error.resize(size, 0.0);
        }
        resized
    }
}

/// Frames that are taken through all layers at once; between blocks a cancel is looked for.
const BLOCK_FRAMES: usize = 8192;

/// Quantizes the frames of `ranges` with all layers, and greedily beside it where `search` is another.
///
/// `frames` is `(num_frames, dim)`. The result does not depend on the number of threads.
///
/// # Errors
/// The dimension differs from the quantizer's, or the task is cancelled.
pub fn evaluate(
    rvq: &Rvq,
    frames: ArrayView2<'_, f32>,
    ranges: &[Range<usize>],
    search: Search,
    task: &Task<'_>,
) -> Result<Evaluation, RvqError> {
    let encoder = Encoder::new(rvq, LayerSpan::ALL)?;
    let mut evaluation = Evaluation {
        frames: 0,
        dim: frames.ncols(),
        signal_energy: 0.0,
        centred_energy: 0.0,
        search,
        greedy_energy: (search.width() > 1).then_some(0.0),
        layers: rvq
            .layers()
            .iter()
            .map(|layer| LayerTally {
                counts: vec![0; layer.codebook.num_codes()],
                code_sq_error: vec![0.0; layer.codebook.num_codes()],
                residual_energy: 0.0,
            })
            .collect(),
    };
    let total: usize = ranges.iter().map(ExactSizeIterator::len).sum();
    let num_layers = rvq.num_layers();
    let mut moments = Moments::new(frames.ncols());
    for block in ranges.iter().flat_map(|range| blocks(range.clone())) {
        task.check()?;
        task.progress("evaluating", evaluation.frames as usize, total);
        let block = frames.slice(ndarray::s![block, ..]);
        moments.add(block);
        evaluation.frames += block.nrows() as u64;
        evaluation.signal_energy += energy(block);
        let encoded = encoder.encode(block, search)?;
        for (nth, layer) in evaluation.layers.iter_mut().enumerate() {
            let sq_dists = encoded.sq_dists.iter().skip(nth).step_by(num_layers);
            for (code, &sq_dist) in encoded.layer(nth).zip(sq_dists) {
                layer.counts[code as usize] += 1;
                layer.code_sq_error[code as usize] += f64::from(sq_dist);
            }
            layer.residual_energy += encoded.residual_energy[nth];
        }
        if let Some(energy) = &mut evaluation.greedy_energy {
            *energy += encoder.encode(block, Search::Greedy)?.residual_energy.last().copied().unwrap_or(0.0);
        }
    }
    evaluation.centred_energy = moments.centred_energy();
    Ok(evaluation)
}

fn blocks(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range.step_by(BLOCK_FRAMES).map(move |start| start..(start + BLOCK_FRAMES).min(end))
}

/// Sums about the first frame, which keeps data far from zero exact.
struct Moments {
    origin: Option<Vec<f64>>,
    sums: Vec<f64>,
    squares: f64,
    frames: f64,
}

impl Moments {
    fn new(dim: usize) -> Self {
        Self { origin: None, sums: vec![0.0; dim], squares: 0.0, frames: 0.0 }
    }

    fn add(&mut self, block: ArrayView2<'_, f32>) {
        let Self { origin, sums, squares, frames } = self;
        for row in block.rows() {
            let origin = origin.get_or_insert_with(|| row.iter().map(|&v| f64::from(v)).collect());
            for ((sum, &o), &v) in sums.iter_mut().zip(origin.iter()).zip(row) {
                let d = f64::from(v) - o;
                *sum += d;
                *squares += d * d;
            }
            *frames += 1.0;
        }
    }

    fn centred_energy(&self) -> f64 {
        let of_mean: f64 = self.sums.iter().map(|s| s * s).sum::<f64>() / self.frames.max(1.0);
        let energy = self.squares - of_mean;
        // What rounding leaves of constant frames is no variance.
        if energy <= self.squares * 1e-14 { 0.0 } else { energy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rvq::Codebook;
    use crate::task::Cancel;
    use ndarray::array;

    #[test]
    fn two_layers_by_hand() {
        let coarse = Codebook::from_rows(array![[0.0f32], [10.0]]).unwrap();
        let fine = Codebook::from_rows(array![[0.0f32], [1.0], [50.0]]).unwrap();
        let rvq = Rvq::new(vec![coarse.into(), fine.into()]).unwrap();
        let frames = array![[1.0f32], [10.0], [12.0], [99.0]];
        let cancel = Cancel::default();
        let found =
            evaluate(&rvq, frames.view(), &[0..1, 1..3], Search::Greedy, &Task::silent(&cancel)).unwrap();
        assert_eq!((found.frames, found.signal_energy), (3, 1.0 + 100.0 + 144.0));
        // The mean is 23/3: 44.44 + 5.44 + 18.78
        assert!((found.centred_energy - (245.0 - 529.0 / 3.0)).abs() < 1e-9);
        assert_eq!(found.layers[0].counts, [1, 2]);
        assert_eq!(found.layers[0].code_sq_error, [1.0, 4.0]);
        assert_eq!(found.layers[0].residual_energy, 5.0);
        // Residuals 1, 0, 2 become 0, 0, 1.
        assert_eq!(found.layers[1].counts, [1, 2, 0]);
        assert_eq!(found.layers[1].residual_energy, 1.0);
    }

    #[test]
    fn constant_frames_far_from_zero_have_no_variance() {
        let rvq = Rvq::new(vec![Codebook::from_rows(array![[1e6f32, 3.0]]).unwrap().into()]).unwrap();
        let frames = ndarray::Array2::from_shape_fn((100, 2), |(_, d)| if d == 0 { 1e6f32 } else { 3.0 });
        let cancel = Cancel::default();
        let found = evaluate(&rvq, frames.view(), &[0..100], Search::Greedy, &Task::silent(&cancel)).unwrap();
        assert_eq!(found.centred_energy, 0.0);
        cancel.cancel();
        assert!(evaluate(&rvq, frames.view(), &[0..100], Search::Greedy, &Task::silent(&cancel)).is_err());
    }
}
