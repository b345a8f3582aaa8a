//! What a set of frames gives when it is quantized: counts, errors and energies, of which all figures of frames are made.

#![allow(clippy::needless_pass_by_value, reason = "views are passed like slices")]

use ndarray::{ArrayView1, ArrayView2};

use crate::rvq::search::Search;

use super::bound::GainSample;

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
    /// What it could gain at most, from a sample of the frames; `None` where that was not looked at.
    pub gain: Option<GainSample>,
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
            LayerTally { counts, code_sq_error: vec![0.0; num_codes], ..LayerTally::default() }
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
