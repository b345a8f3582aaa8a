//! The short-time Fourier transform of one channel, and the way back by least squares.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use crate::task::Task;

use super::{ExtractError, ExtractParams};

/// Frames that one thread takes at a time on the way back. Their samples are added up in this order, whatever the thread count.
const BLOCK_FRAMES: usize = 64;

/// Below this share of the window's peak, squared, a sample lies under no frame and is silent.
const NO_WEIGHT: f64 = 1e-9;

/// A transform of `n_fft` samples around every `hop_length`-th one, under a periodic Hann window.
///
/// `X[t, k] = DFT(w x_t)[k]`, where `x_t` is the `n_fft` samples around `t * hop_length`. Beyond its ends the clip is mirrored without repeating the
/// end sample, and mirrored again as often as it takes.
pub(super) struct Stft {
    n_fft: usize,
    hop_length: usize,
    window: Vec<f64>,
    forward: Arc<dyn RealToComplex<f64>>,
    backward: Arc<dyn ComplexToReal<f64>>,
}

/// What one thread computes a frame in.
pub(super) struct Scratch {
    frame: Vec<f64>,
    /// The spectrum of the frame, `(n_fft / 2 + 1)`.
    pub(super) spectrum: Vec<Complex<f64>>,
    forward: Vec<Complex<f64>>,
    backward: Vec<Complex<f64>>,
}

/// The way back from the spectra of so many frames to so many samples.
pub(super) struct Synthesis<'a> {
    stft: &'a Stft,
    /// `sum_t w²` over each sample, `(num_samples)`.
    weights: Vec<f64>,
}

impl Stft {
    pub(super) fn new(params: &ExtractParams) -> Self {
        let ExtractParams { n_fft, hop_length, win_length, .. } = *params;
        let mut planner = RealFftPlanner::<f64>::new();
        let (forward, backward) = (planner.plan_fft_forward(n_fft), planner.plan_fft_inverse(n_fft));
        Self { n_fft, hop_length, window: hann(win_length), forward, backward }
    }

    pub(super) fn scratch(&self) -> Scratch {
        Scratch {
            frame: self.forward.make_input_vec(),
            spectrum: self.forward.make_output_vec(),
            forward: self.forward.make_scratch_vec(),
            backward: self.backward.make_scratch_vec(),
        }
    }

    /// Frequency bins of a frame.
    pub(super) fn num_bins(&self) -> usize {
        self.n_fft / 2 + 1
    }

    /// The square of the largest magnitude that a sine of amplitude 1 has: `(sum_n w[n] / 2)²`.
    pub(super) fn full_scale_power(&self) -> f64 {
        (self.window.iter().sum::<f64>() / 2.0).powi(2)
    }

    /// Where the window lies in the transform: in its middle.
    fn under_window(&self) -> Range<usize> {
        let start = (self.n_fft - self.window.len()) / 2;
        start..start + self.window.len()
    }

    /// The position of the first sample under the window of frame `frame_idx`, which may lie before the clip.
    fn first_position(&self, frame_idx: usize) -> isize {
        (frame_idx * self.hop_length + self.under_window().start) as isize - (self.n_fft / 2) as isize
    }

    /// Puts the spectrum of frame `frame_idx` of `samples`, which are not empty, into `scratch`.
    pub(super) fn spectrum(
        &self,
        samples: &[f32],
        frame_idx: usize,
        scratch: &mut Scratch,
    ) -> Result<(), ExtractError> {
        let Scratch { frame, spectrum, forward, .. } = scratch;
        // The transform overwrites its input, the zeros around a short window with it.
        frame.fill(0.0);
        let windowed = &mut frame[self.under_window()];
        read_windowed(samples, self.first_position(frame_idx), &self.window, windowed);
        self.forward.process_with_scratch(frame, spectrum, forward).map_err(transform_error)
    }

    /// Turns the spectrum in `scratch` into samples and adds them, under the window, to `sums`.
    fn add_back(&self, scratch: &mut Scratch, sums: &mut [f64]) -> Result<(), ExtractError> {
        let Scratch { frame, spectrum, backward, .. } = scratch;
        // Those two bins of real samples are real.
        if let [first, .., last] = spectrum.as_mut_slice() {
            (first.im, last.im) = (0.0, 0.0);
        }
        self.backward.process_with_scratch(spectrum, frame, backward).map_err(transform_error)?;
        let scale = 1.0 / self.n_fft as f64;
        for ((sum, &value), &weight) in sums.iter_mut().zip(&frame[self.under_window()]).zip(&self.window) {
            *sum += value * weight * scale;
        }
        Ok(())
    }

    /// The way back for `num_frames` frames of a clip of `num_samples >= 1` samples.
    pub(super) fn synthesis(&self, num_frames: usize, num_samples: usize) -> Synthesis<'_> {
        let squares: Vec<f64> = self.window.iter().map(|w| w * w).collect();
        let mut weights = vec![0.0; num_samples];
        for frame_idx in 0..num_frames {
            add_mirrored(&mut weights, self.first_position(frame_idx), &squares);
        }
        Synthesis { stft: self, weights }
    }
}

impl Synthesis<'_> {
    /// The samples whose frames are nearest to the given spectra: `argmin_x sum_t ||STFT(x)_t - X_t||²`.
    ///
    /// `x[n] = sum_t w[n - tH] y_t[n - tH] / sum_t w[n - tH]²`, where `y_t` is the inverse transform of `X_t` (Griffin and Lim, 1984); what a frame says of
    /// the mirrored samples beyond the ends counts for the samples that they mirror. `state`, `(num_frames, num_bins)`, is the caller's own: each
    /// frame's part is handed to `fill` with the frame's number, and `fill` puts the spectrum into the scratch.
    pub(super) fn samples<S: Send>(
        &self,
        state: &mut [S],
        task: &Task<'_>,
        fill: impl Fn(&mut Scratch, usize, &mut [S]) -> Result<(), ExtractError> + Sync,
    ) -> Result<Vec<f32>, ExtractError> {
        let Self { stft, weights } = self;
        let (num_bins, hop) = (stft.num_bins(), stft.hop_length);
        let block = |scratch: &mut Scratch, (block_idx, state): (usize, &mut [S])| {
            task.check()?;
            let num_frames = state.len() / num_bins;
            let mut sums = vec![0.0; num_frames.saturating_sub(1) * hop + stft.window.len()];
            for (nth, state) in state.chunks_mut(num_bins).enumerate() {
                fill(scratch, block_idx * BLOCK_FRAMES + nth, state)?;
                stft.add_back(scratch, &mut sums[nth * hop..])?;
            }
            Ok::<_, ExtractError>(sums)
        };
        let blocks: Vec<Vec<f64>> = state
            .par_chunks_mut(BLOCK_FRAMES * num_bins)
            .enumerate()
            .map_init(|| stft.scratch(), block)
            .collect::<Result<_, _>>()?;
        let mut sums = vec![0.0; weights.len()];
        for (block_idx, block) in blocks.iter().enumerate() {
            add_mirrored(&mut sums, stft.first_position(block_idx * BLOCK_FRAMES), block);
        }
        let sample = |(&sum, &weight): (&f64, &f64)| {
            if weight > NO_WEIGHT { (sum / weight) as f32 } else { 0.0 }
        };
        Ok(sums.iter().zip(weights).map(sample).collect())
    }
}

/// The periodic Hann window: `0.5 - 0.5 cos(2 pi n / length)`.
fn hann(length: usize) -> Vec<f64> {
    let step = std::f64::consts::TAU / length as f64;
    (0..length).map(|n| 0.5 - 0.5 * (step * n as f64).cos()).collect()
}

/// `out[i] = window[i] * samples[first + i]`, with the clip mirrored beyond its ends.
fn read_windowed(samples: &[f32], first: isize, window: &[f64], out: &mut [f64]) {
    let inside = usize::try_from(first).ok().and_then(|start| samples.get(start..start + window.len()));
    if let Some(inside) = inside {
        for ((out, &sample), &weight) in out.iter_mut().zip(inside).zip(window) {
            *out = f64::from(sample) * weight;
        }
    } else {
        for ((out, &weight), position) in out.iter_mut().zip(window).zip(first..) {
            *out = f64::from(samples[mirrored(position, samples.len())]) * weight;
        }
    }
}

/// `sums[first + i] += values[i]`, with what lies beyond the ends folded back: what [`read_windowed`] reads from, turned round.
fn add_mirrored(sums: &mut [f64], first: isize, values: &[f64]) {
    let len = sums.len();
    let inside = usize::try_from(first).ok().and_then(|start| sums.get_mut(start..start + values.len()));
    if let Some(inside) = inside {
        inside.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    } else {
        for (value, position) in values.iter().zip(first..) {
            sums[mirrored(position, len)] += value;
        }
    }
}

/// The index in `0..len` that `position` falls on when a clip of `len >= 1` samples is mirrored at both ends.
fn mirrored(position: isize, len: usize) -> usize {
    let last = len - 1;
    if last == 0 {
        return 0;
    }
    let along = position.rem_euclid(2 * last as isize) as usize;
    if along <= last { along } else { 2 * last - along }
}

fn transform_error(err: realfft::FftError) -> ExtractError {
    ExtractError::Transform(err.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{self, Purpose};
    use crate::task::Cancel;

    #[test]
    fn spectra_of_a_clip_lead_back_to_it_whatever_its_length() {
        let mut rng = random::stream(1, Purpose::Data, 0);
        let cancel = Cancel::default();
        for (len, n_fft, win_length, hop_length) in
            [(1000, 64, 64, 16), (997, 64, 48, 20), (130, 256, 256, 64), (5, 64, 64, 16), (1, 32, 32, 8)]
        {
            let samples: Vec<f32> = (0..len).map(|_| random::unit(&mut rng) as f32 - 0.5).collect();
            let stft =
                Stft::new(&ExtractParams { n_fft, win_length, hop_length, ..ExtractParams::default() });
            let num_frames = 1 + len / hop_length;
            let mut state = vec![(); num_frames * stft.num_bins()];
            let fill = |scratch: &mut Scratch, frame_idx: usize, _: &mut [()]| {
                stft.spectrum(&samples, frame_idx, scratch)
            };
            let task = Task::silent(&cancel);
            let back = stft.synthesis(num_frames, len).samples(&mut state, &task, fill).unwrap();
            let worst = samples.iter().zip(&back).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-6, "{len} samples, window {win_length}, hop {hop_length}: {worst}");
        }
    }
}
