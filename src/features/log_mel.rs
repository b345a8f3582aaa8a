//! The log-mel spectrogram.
//!
//! For frame `t`, with `x` the samples, `w` the periodic Hann window, `M` the mel filters and `f` the floor:
//!
//! `y[t, m] = ln(max(f, sum_k M[m, k] |DFT(w x_t)[k]|^power))`, where `x_t` is the `n_fft` samples around `t * hop_length`.
//!
//! With the default parameters this is, to rounding,
//! `np.log(np.maximum(librosa.feature.melspectrogram(y=x, sr=16000, n_fft=1024, hop_length=160, win_length=1024,
//! window="hann", center=True, pad_mode="reflect", power=1.0, n_mels=80), 1e-5)).T`.
//!
//! (`pad_mode` must be given: librosa 0.10 and later pad with zeros by default, which changes the first and last frames.)

use ndarray::{Array2, ArrayView2};

use crate::param::ParamSpec;
use crate::task::Task;
use crate::text::{Phrase, phrase, t};

use super::griffin_lim::griffin_lim;
use super::nnls::BandLevels;
use super::params::specs;
use super::rows::rows;
use super::stft::Stft;
use super::{ExtractError, ExtractParams, Extractor, Inverse, Inversion, Inverted};

pub use super::mel::{MelFilter, mel_edges_hz, mel_filters};

/// The parameters of a mel spectrogram, which other extractors build on.
pub(super) const KEYS: &[&str] = &[
    "sample_rate_hz",
    "n_fft",
    "hop_length",
    "win_length",
    "num_mels",
    "fmin_hz",
    "fmax_hz",
    "power",
    "log_floor",
];

/// No level of a clip in -1..1 comes near this, in nepers: what a quantizer makes of frames may lie anywhere.
const MAX_LEVEL: f64 = 30.0;

/// The most magnitudes of one clip that phases are found for at once: 2 GiB of working memory.
const MAX_MAGNITUDES: usize = 1 << 27;

/// Natural logarithm of the energy in mel bands.
#[derive(Debug)]
pub struct LogMel;

impl Extractor for LogMel {
    fn id(&self) -> &'static str {
        "log-mel"
    }

    fn name(&self) -> Phrase {
        phrase!("extractor-log-mel")
    }

    fn help(&self) -> &'static str {
        t!("extractor-log-mel.help")
    }

    fn params(&self) -> Vec<ParamSpec<ExtractParams>> {
        specs(KEYS)
    }

    fn extract(
        &self,
        samples: &[f32],
        params: &ExtractParams,
        task: &Task<'_>,
    ) -> Result<Array2<f32>, ExtractError> {
        log_mel(samples, params, task)
    }

    fn hop_length(&self, params: &ExtractParams) -> usize {
        params.hop_length
    }

    fn dim(&self, params: &ExtractParams) -> usize {
        params.num_mels
    }

    fn inverse(&self) -> Option<&dyn Inverse> {
        Some(self)
    }
}

impl Inverse for LogMel {
    fn context_frames(&self, params: &ExtractParams) -> usize {
        params.n_fft.div_ceil(params.hop_length.max(1))
    }

    fn samples(
        &self,
        frames: ArrayView2<'_, f32>,
        num_samples: usize,
        params: &ExtractParams,
        how: &Inversion,
        task: &Task<'_>,
    ) -> Result<Inverted, ExtractError> {
        let magnitudes = magnitudes(frames, params, task)?;
        if magnitudes.is_empty() || num_samples == 0 {
            return Err(ExtractError::Empty);
        }
        let stft = Stft::new(params);
        let (samples, reached) = griffin_lim(magnitudes.view(), &stft, num_samples, how, task)?;
        Ok(Inverted { samples, spectral_convergence: reached })
    }
}

/// The log-mel spectrogram of one channel, `(1 + num_samples / hop_length, num_mels)`, in nepers (natural logarithm).
///
/// Frame `t` is centred on sample `t * hop_length`. Beyond its ends the clip is mirrored without repeating the end
/// sample, and mirrored again as often as it takes: a clip shorter than half a transform becomes periodic, a single
/// sample a constant (`np.pad` with `mode="reflect"` does the same). An empty clip is an error.
///
/// Computed in f64: with a transform in f32, rounding alone moves the quiet bands beside a loud pure tone by more than 1e-4.
///
/// # Errors
/// The clip is empty, a parameter does not fit, there would be too many values, or the task was cancelled.
pub fn log_mel(
    samples: &[f32],
    params: &ExtractParams,
    task: &Task<'_>,
) -> Result<Array2<f32>, ExtractError> {
    params.check(&specs(KEYS))?;
    if samples.is_empty() {
        return Err(ExtractError::Empty);
    }
    let ExtractParams { hop_length, num_mels, power, log_floor, .. } = *params;
    let (stft, filters) = (Stft::new(params), mel_filters(params));
    let num_frames = 1 + samples.len() / hop_length;
    rows(
        (num_frames, num_mels),
        phrase!("stage-log-mel"),
        task,
        || (stft.scratch(), vec![0.0; stft.num_bins()]),
        |(scratch, magnitude), frame_idx, row| {
            stft.spectrum(samples, frame_idx, scratch)?;
            for (magnitude, bin) in magnitude.iter_mut().zip(&scratch.spectrum) {
                let energy = bin.norm_sqr();
                *magnitude = if power == 1 { energy.sqrt() } else { energy };
            }
            for (value, filter) in row.iter_mut().zip(&filters) {
                let level = filter.level(magnitude);
                // Written so that NaN, from samples too large to square, is not taken for silence.
                *value = if level < log_floor { log_floor.ln() } else { level.ln() } as f32;
            }
            Ok(())
        },
    )
}

/// The magnitudes `|DFT(w x_t)[k]|` that have these log-mel frames, `(num_frames, num_mels)`, as nearly as any have: `(num_frames, n_fft / 2 + 1)`.
///
/// The logarithm and the power are undone exactly, the mel filters by non-negative least squares in relative terms. Levels below the floor count as the
/// floor. What lies outside of the filters' range is lost.
///
/// # Errors
/// A parameter does not fit, the frames are of another dimension, there are too many, or the task was cancelled.
pub fn magnitudes(
    frames: ArrayView2<'_, f32>,
    params: &ExtractParams,
    task: &Task<'_>,
) -> Result<Array2<f32>, ExtractError> {
    params.check(&specs(KEYS))?;
    if frames.ncols() != params.num_mels {
        return Err(ExtractError::Dim { dim: frames.ncols(), expected: params.num_mels });
    }
    let num_bins = params.n_fft / 2 + 1;
    if frames.nrows().saturating_mul(num_bins) > MAX_MAGNITUDES {
        return Err(ExtractError::TooLong { frames: frames.nrows(), most: MAX_MAGNITUDES / num_bins });
    }
    let filters = mel_filters(params);
    let bands = BandLevels::new(&filters, num_bins);
    let floor = params.log_floor.ln();
    rows(
        (frames.nrows(), num_bins),
        phrase!("stage-mel-bands"),
        task,
        || (bands.scratch(), vec![0.0; params.num_mels]),
        |(scratch, levels), frame_idx, row| {
            for (level, &value) in levels.iter_mut().zip(frames.row(frame_idx)) {
                *level = f64::from(value).clamp(floor, MAX_LEVEL).exp();
            }
            for (magnitude, &value) in row.iter_mut().zip(bands.spectrum(levels, scratch)) {
                *magnitude = if params.power == 1 { value } else { value.sqrt() } as f32;
            }
            Ok(())
        },
    )
}
