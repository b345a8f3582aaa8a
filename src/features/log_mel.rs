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

use ndarray::Array2;
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use crate::param::ParamSpec;
use crate::task::Task;

use super::params::specs;
use super::rows::rows;
use super::{ExtractError, ExtractParams, Extractor};

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

/// Natural logarithm of the energy in mel bands.
#[derive(Debug)]
pub struct LogMel;

/// A mel filter: weights of the frequency bins from `first_bin` on; all others are 0.
#[derive(Debug, Clone, PartialEq)]
pub struct MelFilter {
    /// The first bin with a weight.
    pub first_bin: usize,
    /// The weights, per Hz; none where the filter falls between two bins.
    pub weights: Vec<f64>,
}

impl Extractor for LogMel {
    fn id(&self) -> &'static str {
        "log-mel"
    }

    fn label(&self) -> &'static str {
        "Log-mel spectrogram"
    }

    fn help(&self) -> &'static str {
        "The level in bands spaced as the ear spaces pitch, frame by frame. What vocoders and many speech tokenizers take in. Equals librosa's with \
         pad_mode=\"reflect\", which is not librosa's default."
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

    fn frame_rate_hz(&self, params: &ExtractParams) -> f64 {
        f64::from(params.sample_rate_hz) / params.hop_length as f64
    }

    fn dim(&self, params: &ExtractParams) -> usize {
        params.num_mels
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
    let ExtractParams { n_fft, hop_length, num_mels, power, log_floor, .. } = *params;
    let window = hann(params.win_length);
    let window_start = (n_fft - window.len()) / 2;
    let filters = mel_filters(params);
    let fft = RealFftPlanner::<f64>::new().plan_fft_forward(n_fft);

    let num_frames = 1 + samples.len() / hop_length;
    rows(
        (num_frames, num_mels),
        "log-mel spectrogram",
        task,
        || Scratch::new(fft.as_ref()),
        |scratch, frame_idx, row| {
            let Scratch { input, spectrum, magnitude, fft_scratch } = scratch;
            // The transform overwrites its input, the zeros around a short window with it.
            input.fill(0.0);
            let first = (frame_idx * hop_length + window_start) as isize - (n_fft / 2) as isize;
            let windowed = &mut input[window_start..window_start + window.len()];
            read_windowed(samples, first, &window, windowed);
            fft.process_with_scratch(input, spectrum, fft_scratch)
                .map_err(|err| ExtractError::Transform(err.to_string()))?;
            for (magnitude, bin) in magnitude.iter_mut().zip(&*spectrum) {
                let energy = bin.norm_sqr();
                *magnitude = if power == 1 { energy.sqrt() } else { energy };
            }
            for (value, filter) in row.iter_mut().zip(&filters) {
                let level = dot(&filter.weights, &magnitude[filter.first_bin..]);
                // Written so that NaN, from samples too large to square, is not taken for silence.
                *value = if level < log_floor { log_floor.ln() } else { level.ln() } as f32;
            }
            Ok(())
        },
    )
}

/// The mel filters of `params`, lowest first: triangles over the frequency bins, each of area 1 in Hz (Slaney).
///
/// `M[m, k] = max(0, min((f_k - e_m) / (e_{m+1} - e_m), (e_{m+2} - f_k) / (e_{m+2} - e_{m+1}))) * 2 / (e_{m+2} - e_m)` with
/// the edges `e` of [`mel_edges_hz`] and `f_k = k * sample_rate / n_fft`; librosa's `filters.mel(norm="slaney")`.
#[must_use]
pub fn mel_filters(params: &ExtractParams) -> Vec<MelFilter> {
    let bin_hz = f64::from(params.sample_rate_hz) / params.n_fft as f64;
    let num_bins = params.n_fft / 2 + 1;
    let edges = mel_edges_hz(params.num_mels, params.fmin_hz, params.effective_fmax_hz());
    let filter = |edge: &[f64]| {
        let (low, centre, high) = (edge[0], edge[1], edge[2]);
        let weight = |bin: usize| {
            let hz = bin as f64 * bin_hz;
            let triangle = ((hz - low) / (centre - low)).min((high - hz) / (high - centre));
            triangle.max(0.0) * 2.0 / (high - low)
        };
        let first_bin = ((low / bin_hz) as usize).min(num_bins - 1);
        let end_bin = ((high / bin_hz) as usize + 1).clamp(first_bin, num_bins);
        MelFilter { first_bin, weights: (first_bin..end_bin).map(weight).collect() }
    };
    edges.windows(3).map(filter).collect()
}

/// `num_mels + 2` frequencies, equally spaced on the mel scale: filter `m` rises from edge `m` to `m + 1` and falls to `m + 2`.
#[must_use]
pub fn mel_edges_hz(num_mels: usize, fmin_hz: f64, fmax_hz: f64) -> Vec<f64> {
    let (low, high) = (hz_to_mel(fmin_hz), hz_to_mel(fmax_hz));
    let step = (high - low) / (num_mels + 1) as f64;
    (0..num_mels + 2).map(|i| mel_to_hz(low + step * i as f64)).collect()
}

/// Hz a mel below [`LOG_FROM_HZ`]. The mel scale is that of Slaney's Auditory Toolbox (1998), librosa's with `htk=False`.
const HZ_A_MEL: f64 = 200.0 / 3.0;
/// From here the scale is logarithmic.
const LOG_FROM_HZ: f64 = 1000.0;
/// Mels over which frequency grows by the factor 6.4 in the logarithmic part.
const MELS_A_FACTOR: f64 = 27.0;

fn hz_to_mel(hz: f64) -> f64 {
    if hz < LOG_FROM_HZ {
        hz / HZ_A_MEL
    } else {
        LOG_FROM_HZ / HZ_A_MEL + (hz / LOG_FROM_HZ).ln() * MELS_A_FACTOR / 6.4_f64.ln()
    }
}

fn mel_to_hz(mel: f64) -> f64 {
    let log_from_mel = LOG_FROM_HZ / HZ_A_MEL;
    if mel < log_from_mel {
        mel * HZ_A_MEL
    } else {
        LOG_FROM_HZ * ((mel - log_from_mel) * 6.4_f64.ln() / MELS_A_FACTOR).exp()
    }
}

/// What one thread computes a frame in.
struct Scratch {
    input: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    magnitude: Vec<f64>,
    fft_scratch: Vec<Complex<f64>>,
}

impl Scratch {
    fn new(fft: &dyn RealToComplex<f64>) -> Self {
        let spectrum = fft.make_output_vec();
        let magnitude = vec![0.0; spectrum.len()];
        Self { input: fft.make_input_vec(), spectrum, magnitude, fft_scratch: fft.make_scratch_vec() }
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

/// The index in `0..len` that `position` falls on when a clip of `len >= 1` samples is mirrored at both ends.
fn mirrored(position: isize, len: usize) -> usize {
    let last = len - 1;
    if last == 0 {
        return 0;
    }
    let along = position.rem_euclid(2 * last as isize) as usize;
    if along <= last { along } else { 2 * last - along }
}

/// The sum of `a[i] * b[i]` over the length of `a`, in four lanes: a fixed order that the compiler can vectorize.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0_f64; 4];
    let (a_chunks, a_rest) = a.as_chunks::<4>();
    let (b_chunks, b_rest) = b[..a.len()].as_chunks::<4>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..4 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}
