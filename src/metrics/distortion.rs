//! How far the reconstruction is from the frames.

use super::metric;

metric! {
    MSE, "mse", "MSE", "per element",
    "`sum ||x - q_1..l||² / (n D)`: mean squared error per element after the layers up to this one.";
    #[must_use]
    pub fn mse(residual_energy: f64, frames: u64, dim: usize) -> Option<f64> {
        let elements = frames as f64 * dim as f64;
        (elements > 0.0).then(|| residual_energy / elements)
    }
}

metric! {
    SNR, "snr_db", "SNR", "dB",
    "`10 log10(sum ||x||² / sum ||x - q_1..l||²)` after the layers up to this one. Without signal or without error there is none.";
    #[must_use]
    pub fn snr_db(signal_energy: f64, residual_energy: f64) -> Option<f64> {
        (signal_energy > 0.0 && residual_energy > 0.0).then(|| 10.0 * (signal_energy / residual_energy).log10())
    }
}

metric! {
    SNR_GAIN, "snr_gain_db", "SNR gain", "dB",
    "`SNR_l - SNR_(l-1)` with `SNR_0 = 0 dB`: what this layer adds.";
    #[must_use]
    pub fn snr_gain_db(energy_before: f64, energy_after: f64) -> Option<f64> {
        snr_db(energy_before, energy_after)
    }
}

metric! {
    EXPLAINED_VARIANCE, "explained_variance", "Explained variance", "",
    "`1 - sum ||r_l||² / sum ||x - mean||²`: the share of the variance about the mean that the layers up to this one reproduce.";
    #[must_use]
    pub fn explained_variance(centred_energy: f64, residual_energy: f64) -> Option<f64> {
        (centred_energy > 0.0).then(|| 1.0 - residual_energy / centred_energy)
    }
}

metric! {
    BEAM_GAIN, "beam_gain_db", "Beam gain", "dB",
    "`10 log10(sum ||x - q_greedy||² / sum ||x - q_beam||²)`: what searching several paths through the layers gains over the greedy one.";
    #[must_use]
    pub fn beam_gain_db(greedy_energy: f64, beam_energy: f64) -> Option<f64> {
        snr_db(greedy_energy, beam_energy)
    }
}

metric! {
    CODE_DISTORTION, "code_distortion", "Distortion of a code", "squared distance",
    "mean `||x - e_k||²` over the frames in its cell; its share is their sum over the layer's total.";
    #[must_use]
    pub fn code_distortion(sq_error: f64, count: u64) -> Option<f64> {
        (count > 0).then(|| sq_error / count as f64)
    }
}

metric! {
    SHANNON, "shannon_db", "Shannon reference", "dB a layer",
    "`6.02 log2(K) / D` dB a layer: the most that K codes can gain on white Gaussian frames of D dimensions; k-means layers reach 77-80 % of it.";
    #[must_use]
    pub fn shannon_db(num_codes: usize, dim: usize) -> f64 {
        20.0 * 2f64.log10() * (num_codes.max(1) as f64).log2() / dim.max(1) as f64
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
        assert_eq!(code_distortion(6.0, 3), Some(2.0));
    }

    #[test]
    fn what_is_undefined_is_none() {
        assert_eq!(snr_db(0.0, 0.0), None);
        assert_eq!(snr_db(1.0, 0.0), None);
        assert_eq!(explained_variance(0.0, 0.0), None);
        assert_eq!(mse(0.0, 0, 4), None);
        assert_eq!(code_distortion(0.0, 0), None);
    }

    #[test]
    fn ten_bits_over_eight_dimensions() {
        assert!((shannon_db(1024, 8) - 7.525_749_89).abs() < 1e-6);
    }
}
