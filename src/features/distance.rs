//! How far two sounds are apart.

use rayon::prelude::*;

use crate::task::Task;

use super::stft::{Scratch, Stft};
use super::{ExtractError, ExtractParams};

/// Power below this counts as this, in dB relative to a sine of amplitude 1. Digital silence has no logarithm, and nobody hears what lies below.
pub const FLOOR_DB: f64 = -90.0;

/// The log-spectral distance of two clips of one rate, in dB: 0 for equal ones.
///
/// `mean over frames t of sqrt(mean over bins k of (P_a[t, k] - P_b[t, k])²)`, where `P[t, k] = max(10 log10(|X[t, k]|² / p), floor)` with the transform `X` of
/// the log-mel features, `p` the power of a sine of amplitude 1 and a floor of [`FLOOR_DB`]. Phases do not count. The clips are compared as far as the
/// shorter one goes.
///
/// # Errors
/// A clip is empty, or the task was cancelled.
pub fn log_spectral_distance_db(
    a: &[f32],
    b: &[f32],
    params: &ExtractParams,
    task: &Task<'_>,
) -> Result<f64, ExtractError> {
    let len = a.len().min(b.len());
    let (Some(a), Some(b)) = (a.get(..len), b.get(..len)) else { return Err(ExtractError::Empty) };
    if len == 0 {
        return Err(ExtractError::Empty);
    }
    let stft = Stft::new(params);
    let num_frames = 1 + len / params.hop_length.max(1);
    let full_scale = stft.full_scale_power();
    let level = |power: f64| (10.0 * (power / full_scale).log10()).max(FLOOR_DB);
    let of_frame = |(scratch, levels): &mut (Scratch, Vec<f64>), frame_idx: usize| {
        task.check()?;
        stft.spectrum(a, frame_idx, scratch)?;
        levels.clear();
        levels.extend(scratch.spectrum.iter().map(|bin| level(bin.norm_sqr())));
        stft.spectrum(b, frame_idx, scratch)?;
        let differences =
            levels.iter().zip(&scratch.spectrum).map(|(a, bin)| (a - level(bin.norm_sqr())).powi(2));
        Ok::<_, ExtractError>((differences.sum::<f64>() / levels.len().max(1) as f64).sqrt())
    };
    let distances: Vec<f64> = (0..num_frames)
        .into_par_iter()
        .map_init(|| (stft.scratch(), Vec::new()), of_frame)
        .collect::<Result<_, _>>()?;
    Ok(distances.iter().sum::<f64>() / num_frames as f64)
}
