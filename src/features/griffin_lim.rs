//! Phases for a spectrogram that has none.

use ndarray::ArrayView2;
use rayon::prelude::*;
use realfft::num_complex::Complex;

use crate::random::{self, Purpose};
use crate::task::Task;
use crate::text::phrase;

use super::stft::Stft;
use super::{ExtractError, Inversion};

/// Samples whose spectrogram has the magnitudes `magnitude`, `(num_frames, num_bins)`, as nearly as the iterations bring it, and the spectral
/// convergence that they reach.
///
/// The fast Griffin-Lim algorithm (Perraudin, Balazs and Sondergaard, 2013): from random phases, `t_n = STFT(iSTFT(S e^{i arg c_{n-1}}))`,
/// `c_n = t_n + a (t_n - t_{n-1})` with the momentum `a`.
///
/// Any number of threads gives the same samples.
pub(super) fn griffin_lim(
    magnitude: ArrayView2<'_, f32>,
    stft: &Stft,
    num_samples: usize,
    how: &Inversion,
    task: &Task<'_>,
) -> Result<(Vec<f32>, Option<f64>), ExtractError> {
    let (num_frames, num_bins) = magnitude.dim();
    let synthesis = stft.synthesis(num_frames, num_samples);
    let mut last = vec![Complex::<f32>::default(); num_frames * num_bins];
    let mut samples = synthesis.samples(&mut last, task, |scratch, frame_idx, _| {
        let mut rng = random::stream(how.seed, Purpose::Phases, frame_idx as u64);
        for (bin, &size) in scratch.spectrum.iter_mut().zip(magnitude.row(frame_idx)) {
            *bin = Complex::from_polar(f64::from(size), std::f64::consts::TAU * random::unit(&mut rng));
        }
        Ok(())
    })?;
    for iteration in 0..how.iterations {
        task.check()?;
        task.progress(phrase!("stage-phases"), iteration, how.iterations);
        // There is nothing to run on from yet.
        let momentum = if iteration == 0 { 0.0 } else { how.momentum };
        samples = synthesis.samples(&mut last, task, |scratch, frame_idx, last| {
            stft.spectrum(&samples, frame_idx, scratch)?;
            let bins = scratch.spectrum.iter_mut().zip(last).zip(magnitude.row(frame_idx));
            for ((bin, last), &size) in bins {
                let rebuilt = *bin;
                let before = Complex::new(f64::from(last.re), f64::from(last.im));
                *bin = turned(rebuilt + (rebuilt - before) * momentum, size);
                *last = Complex::new(rebuilt.re as f32, rebuilt.im as f32);
            }
            Ok(())
        })?;
    }
    task.progress(phrase!("stage-phases"), how.iterations, how.iterations);
    let reached = spectral_convergence(magnitude, &samples, stft, task)?;
    Ok((samples, reached))
}

/// A number of this size that points where `towards` does; where that points nowhere, along the real axis.
fn turned(towards: Complex<f64>, size: f32) -> Complex<f64> {
    let (norm, size) = (towards.norm(), f64::from(size));
    if norm > 0.0 { towards * (size / norm) } else { Complex::new(size, 0.0) }
}

/// `|| S - |STFT(x)| || / || S ||` over all frames and bins, `S` the magnitudes and `x` the samples; `None` where `S` is 0.
fn spectral_convergence(
    magnitude: ArrayView2<'_, f32>,
    samples: &[f32],
    stft: &Stft,
    task: &Task<'_>,
) -> Result<Option<f64>, ExtractError> {
    let of_frame = |scratch: &mut super::stft::Scratch, frame_idx: usize| {
        task.check()?;
        stft.spectrum(samples, frame_idx, scratch)?;
        let (mut off, mut energy) = (0.0, 0.0);
        for (bin, &size) in scratch.spectrum.iter().zip(magnitude.row(frame_idx)) {
            let size = f64::from(size);
            off += (size - bin.norm()).powi(2);
            energy += size * size;
        }
        Ok::<_, ExtractError>((off, energy))
    };
    let frames = (0..magnitude.nrows()).into_par_iter().map_init(|| stft.scratch(), of_frame);
    let frames: Vec<(f64, f64)> = frames.collect::<Result<_, _>>()?;
    // Added in the order of the frames: any number of threads gives the same sum.
    let (off, energy) = frames.iter().fold((0.0, 0.0), |sum, frame| (sum.0 + frame.0, sum.1 + frame.1));
    Ok((energy > 0.0).then(|| (off / energy).sqrt()))
}
