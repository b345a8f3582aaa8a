//! How far the reconstruction is from the frames.

use super::{GainSample, metric};
use crate::text::{Phrase, phrase};

metric! {
    MSE, "mse", phrase!("unit-per-element"),
    "`sum ||x - q_1..l||² / (n D)`: mean squared error per element after the layers up to this one.";
    #[must_use]
    pub fn mse(residual_energy: f64, frames: u64, dim: usize) -> Option<f64> {
        let elements = frames as f64 * dim as f64;
        (elements > 0.0).then(|| residual_energy / elements)
    }
}

metric! {
    SNR, "snr_db", phrase!("unit-db"),
    "`10 log10(sum ||x||² / sum ||x - q_1..l||²)` after the layers up to this one. Without signal or without error there is none.";
    #[must_use]
    pub fn snr_db(signal_energy: f64, residual_energy: f64) -> Option<f64> {
        (signal_energy > 0.0 && residual_energy > 0.0).then(|| 10.0 * (signal_energy / residual_energy).log10())
    }
}

metric! {
    SNR_GAIN, "snr_gain_db", phrase!("unit-db"),
    "`SNR_l - SNR_(l-1)` with `SNR_0 = 0 dB`: what this layer adds.";
    #[must_use]
    pub fn snr_gain_db(energy_before: f64, energy_after: f64) -> Option<f64> {
        snr_db(energy_before, energy_after)
    }
}

metric! {
    EXPLAINED_VARIANCE, "explained_variance", Phrase::NONE,
    "`1 - sum ||r_l||² / sum ||x - mean||²`: the share of the variance about the mean that the layers up to this one reproduce.";
    #[must_use]
    pub fn explained_variance(centred_energy: f64, residual_energy: f64) -> Option<f64> {
        (centred_energy > 0.0).then(|| 1.0 - residual_energy / centred_energy)
    }
}

metric! {
    BEAM_GAIN, "beam_gain_db", phrase!("unit-db"),
    "`10 log10(sum ||x - q_greedy||² / sum ||x - q_beam||²)`: what searching several paths through the layers gains over the greedy one.";
    #[must_use]
    pub fn beam_gain_db(greedy_energy: f64, beam_energy: f64) -> Option<f64> {
        snr_db(greedy_energy, beam_energy)
    }
}

metric! {
    CODE_DISTORTION, "code_distortion", phrase!("unit-squared-distance"),
    "mean `||x - e_k||²` over the frames in its cell; its share is their sum over the layer's total.";
    #[must_use]
    pub fn code_distortion(sq_error: f64, count: u64) -> Option<f64> {
        (count > 0).then(|| sq_error / count as f64)
    }
}

/// `sqrt(mean ||x - e_k||²)`: the radius of a code's cell, of the figure [`code_distortion`].
#[must_use]
pub fn cell_radius(sq_error: f64, count: u64) -> Option<f64> {
    code_distortion(sq_error, count).map(f64::sqrt)
}

/// The share of a code in the layer's total of `||x - e_k||²`; `None` where the layer has no error.
#[must_use]
pub fn error_share(code_sq_error: &[f64], code_idx: usize) -> Option<f64> {
    code_sq_error.get(code_idx).and_then(|_| error_share_of(code_sq_error, &[code_idx]))
}

/// The share of several codes, each named once, in that total.
#[must_use]
pub fn error_share_of(code_sq_error: &[f64], codes: &[usize]) -> Option<f64> {
    let own: f64 = codes.iter().filter_map(|&code| code_sq_error.get(code)).sum();
    share(own, code_sq_error.iter().sum())
}

/// The share of every code in that total, in order.
#[must_use]
pub fn error_shares(code_sq_error: &[f64]) -> Vec<Option<f64>> {
    let total: f64 = code_sq_error.iter().sum();
    code_sq_error.iter().map(|&own| share(own, total)).collect()
}

fn share(own: f64, total: f64) -> Option<f64> {
    (total > 0.0).then(|| own / total)
}

metric! {
    MARGIN, "margin", Phrase::NONE,
    "`1 - ||r - e_k||² / ||r - e_j||²` of a frame, k being its code and j the nearest of all others: 0 on the border between two cells, 1 where the row is met exactly, below 0 where a search along several paths did not take the nearest.";
    #[must_use]
    pub fn margin(sq_dist: f64, runner_up_sq_dist: f64) -> Option<f64> {
        let is_known = sq_dist.is_finite() && runner_up_sq_dist.is_finite() && runner_up_sq_dist > 0.0;
        is_known.then(|| 1.0 - sq_dist / runner_up_sq_dist)
    }
}

metric! {
    SHANNON, "shannon_db", phrase!("unit-db"),
    "`10 log10(sum l / sum min(l, t))` over the eigenvalues l of the covariance of what goes into the layer, t such that `sum max(0, log2(l / t)) / 2 = log2 K`: the most that K codes can gain on Gaussian frames of this covariance (reverse water-filling). White frames of D dimensions: `6.02 log2(K) / D` dB.";
    /// `eigenvalues` are in descending order, `bits` is `log2 K`. `None` where nothing varies.
    ///
    /// The bits go to the directions of the largest variance, until all that get some are left with the same error t; the others are left as they are.
    #[must_use]
    pub fn shannon_db(eigenvalues: &[f64], bits: f64) -> Option<f64> {
        let variance: f64 = eigenvalues.iter().sum();
        let largest = eigenvalues.first().copied().filter(|&largest| largest > 0.0)?;
        // What rounding leaves of a direction in which nothing varies is no variance.
        let used: Vec<f64> = eigenvalues.iter().copied().take_while(|&l| l > largest * 1e-12).collect();
        let (mut logs, mut below) = (0.0, variance);
        for (nth, &value) in used.iter().enumerate() {
            let directions = (nth + 1) as f64;
            logs += value.log2();
            below -= value;
            let level = ((logs - 2.0 * bits) / directions).exp2();
            if used.get(nth + 1).is_none_or(|&next| next <= level) {
                return snr_db(variance, directions * level + below.max(0.0));
            }
        }
        None
    }
}

metric! {
    CENTRED_GAIN, "centred_gain_db", phrase!("unit-db"),
    "`10 log10(sum ||r_(l-1) - mean||² / sum ||r_l||²)`: what the layer adds beyond what any constant would, on the frames of which the Shannon reference is.";
    #[must_use]
    pub fn centred_gain_db(sample: &GainSample) -> Option<f64> {
        snr_db(sample.eigenvalues.iter().sum(), sample.left)
    }
}

metric! {
    SHANNON_SHARE, "shannon_share", Phrase::NONE,
    "`gain / reference`, both in dB and of the same frames about their mean. k-means layers reach 77-80 % on white Gaussian frames; frames that are far from Gaussian, as clusters are, can go above 100 %.";
    #[must_use]
    pub fn shannon_share(sample: &GainSample, num_codes: usize) -> Option<f64> {
        let bound = shannon_db(&sample.eigenvalues, (num_codes.max(1) as f64).log2())?;
        centred_gain_db(sample).filter(|_| bound > 0.0).map(|gain| gain / bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_decibels_are_a_tenth_of_the_energy() {
        assert_eq!(snr_db(100.0, 10.0), Some(10.0));
        assert_eq!(snr_gain_db(10.0, 1.0), Some(10.0));
        assert_eq!(beam_gain_db(20.0, 2.0), Some(10.0));
        assert_eq!(explained_variance(50.0, 10.0), Some(0.8));
        assert_eq!(mse(12.0, 3, 2), Some(2.0));
        assert_eq!((code_distortion(6.0, 3), cell_radius(12.0, 3)), (Some(2.0), Some(2.0)));
        assert_eq!(
            (error_share(&[1.0, 3.0], 1), error_share(&[0.0], 0), error_share(&[1.0], 7)),
            (Some(0.75), None, None)
        );
        assert_eq!(
            (error_shares(&[1.0, 3.0]), error_shares(&[0.0])),
            (vec![Some(0.25), Some(0.75)], vec![None])
        );
        assert_eq!([margin(1.0, 4.0), margin(4.0, 4.0)], [Some(0.75), Some(0.0)]);
    }

    #[test]
    fn what_is_undefined_is_none() {
        assert_eq!(snr_db(0.0, 0.0), None);
        assert_eq!(snr_db(1.0, 0.0), None);
        assert_eq!(explained_variance(0.0, 0.0), None);
        assert_eq!(mse(0.0, 0, 4), None);
        assert_eq!(code_distortion(0.0, 0), None);
        assert_eq!([margin(0.0, 0.0), margin(1.0, f64::INFINITY), margin(f64::NAN, 1.0)], [None; 3]);
    }

    #[test]
    fn ten_bits_over_eight_white_dimensions() {
        assert!((shannon_db(&[3.0; 8], 10.0).unwrap() - 7.525_749_89).abs() < 1e-6);
        assert_eq!(shannon_db(&[3.0; 8], 0.0), Some(0.0), "one code gains nothing");
    }

    #[test]
    fn bits_go_to_where_the_variance_is() {
        // 2 bits over 16 and 4: t = sqrt(16 * 4 / 2^4) = 2, below both; of 1/4 the rest is left.
        let wanted = 10.0 * (20.25f64 / (2.0 + 2.0 + 0.25)).log10();
        assert!((shannon_db(&[16.0, 4.0, 0.25], 2.0).unwrap() - wanted).abs() < 1e-12);
        // Half a bit goes to the first alone: t = 16 / 2 = 8.
        let wanted = 10.0 * (20.25f64 / (8.0 + 4.25)).log10();
        assert!((shannon_db(&[16.0, 4.0, 0.25], 0.5).unwrap() - wanted).abs() < 1e-12);
        // What is spent adds up to the bits, wherever they go.
        let eigenvalues: Vec<f64> = (0..40).map(|i| 0.8f64.powi(i)).collect();
        for bits in [0.3, 1.0, 7.0, 30.0, 200.0] {
            let error =
                eigenvalues.iter().sum::<f64>() / 10f64.powf(shannon_db(&eigenvalues, bits).unwrap() / 10.0);
            let spent = |t: f64| eigenvalues.iter().map(|l| (l / t).log2().max(0.0) / 2.0).sum::<f64>();
            let of_level = |t: f64| eigenvalues.iter().map(|l| l.min(t)).sum::<f64>();
            let (mut low, mut high) = (1e-9, 1.0);
            for _ in 0..200 {
                let t = f64::sqrt(low * high);
                if spent(t) > bits { low = t } else { high = t }
            }
            assert!((of_level(low) - error).abs() < 1e-9, "{bits}: {} {error}", of_level(low));
        }
        assert_eq!(shannon_db(&[0.0; 3], 4.0), None);
        assert_eq!(shannon_db(&[], 4.0), None);
    }
}
