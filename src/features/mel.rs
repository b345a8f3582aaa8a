//! The mel filters: bands of the spectrum, spaced as the ear spaces pitch.

use super::ExtractParams;

/// A mel filter: weights of the frequency bins from `first_bin` on; all others are 0.
#[derive(Debug, Clone, PartialEq)]
pub struct MelFilter {
    /// The first bin with a weight.
    pub first_bin: usize,
    /// The weights, per Hz; none where the filter falls between two bins.
    pub weights: Vec<f64>,
}

impl MelFilter {
    /// The level of the band: `sum_k M[m, k] spectrum[k]`; 0 where the spectrum ends before the filter does.
    #[must_use]
    pub fn level(&self, spectrum: &[f64]) -> f64 {
        let bins = self.first_bin..self.first_bin + self.weights.len();
        spectrum.get(bins).map_or(0.0, |bins| dot(&self.weights, bins))
    }
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
