//! Rate and distortion: what each layer costs in bits, what it gives for them, and what Gaussian frames could give.

use super::{Evaluation, distortion, metric, usage};
use crate::text::phrase;

metric! {
    FRAME_BITS, "bits_a_frame", phrase!("unit-bits-a-frame"),
    "`sum_i H_i / (s_i ln 2)` over the layers up to this one, of which s_i frames share a code: what an ideal entropy coder would need for a frame, each layer on its own. The nominal rate has `ln K_i` in place of the entropy H_i in nats.";
    /// `entropies_nats` and `strides` are by layer.
    #[must_use]
    pub fn bits_a_frame(entropies_nats: &[f64], strides: &[usize]) -> f64 {
        let layers = entropies_nats.iter().zip(strides);
        layers.map(|(nats, &stride)| nats / stride.max(1) as f64).sum::<f64>() / std::f64::consts::LN_2
    }
}

metric! {
    GAUSSIAN_SNR, "gaussian_snr_db", phrase!("unit-db"),
    "`10 log10(sum ||x||² / sum ||x - mean||²) + 10 log10(sum l / sum min(l, t))` over the eigenvalues l of the frames' covariance, t such that `sum max(0, log2(l / t)) / 2 = R`: the best that any quantizer of R bits a frame gives on Gaussian frames of this covariance whose mean is known (reverse water-filling). The covariance is of a sample of the frames.";
    /// `None` where nothing varies, or where the covariance was not looked at.
    #[must_use]
    pub fn gaussian_snr_db(evaluation: &Evaluation, bits: f64) -> Option<f64> {
        let Evaluation { signal_energy, centred_energy, layers, .. } = evaluation;
        // What goes into the first layer are the frames.
        let sample = layers.first()?.gain.as_ref()?;
        let of_mean = distortion::snr_db(*signal_energy, *centred_energy)?;
        Some(of_mean + distortion::shannon_db(&sample.eigenvalues, bits)?)
    }
}

/// Behind a layer: what the layers up to it cost, and what they give.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RatePoint {
    /// [`bits_a_frame`] by the entropies that were counted.
    pub bits: f64,
    /// The same at the full size of each codebook.
    pub nominal_bits: f64,
    /// [`distortion::snr_db`].
    pub snr_db: Option<f64>,
}

/// The layers of an evaluation one after the other; `strides` says how many frames share a code, by layer. Empty where no frame was counted.
#[must_use]
pub fn rate_points(evaluation: &Evaluation, strides: &[usize]) -> Vec<RatePoint> {
    let (mut entropies, mut sizes) = (Vec::new(), Vec::new());
    let mut points = Vec::new();
    for layer in &evaluation.layers {
        let Some(nats) = usage::entropy_nats(&layer.counts) else { break };
        entropies.push(nats);
        sizes.push((layer.counts.len().max(1) as f64).ln());
        points.push(RatePoint {
            bits: bits_a_frame(&entropies, strides),
            nominal_bits: bits_a_frame(&sizes, strides),
            snr_db: distortion::snr_db(evaluation.signal_energy, layer.residual_energy),
        });
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{GainSample, LayerTally};

    fn layer(counts: &[u64], residual_energy: f64, eigenvalues: &[f64]) -> LayerTally {
        let gain = GainSample { frames: 8, eigenvalues: eigenvalues.to_vec(), left: 1.0 };
        LayerTally { counts: counts.to_vec(), residual_energy, gain: Some(gain), ..LayerTally::default() }
    }

    fn evaluation() -> Evaluation {
        Evaluation {
            frames: 8,
            dim: 2,
            signal_energy: 100.0,
            centred_energy: 50.0,
            layers: vec![layer(&[4, 4, 0, 0], 10.0, &[4.0, 1.0]), layer(&[2, 2, 2, 2], 1.0, &[0.1])],
            ..Evaluation::default()
        }
    }

    #[test]
    fn bits_add_up_by_hand() {
        let points = rate_points(&evaluation(), &[1, 1]);
        assert_eq!(points.len(), 2);
        for (point, [bits, nominal, snr]) in points.iter().zip([[1.0, 2.0, 10.0], [3.0, 4.0, 20.0]]) {
            assert!((point.bits - bits).abs() < 1e-12 && (point.nominal_bits - nominal).abs() < 1e-12);
            assert!((point.snr_db.unwrap() - snr).abs() < 1e-12);
        }
        // Two frames that share a code of the first layer share its bits.
        let shared = rate_points(&evaluation(), &[2, 1]);
        assert!((shared[1].bits - 2.5).abs() < 1e-12 && (shared[1].nominal_bits - 3.0).abs() < 1e-12);
        assert!(
            rate_points(&Evaluation { layers: vec![layer(&[0, 0], 0.0, &[])], ..evaluation() }, &[1])
                .is_empty()
        );
    }

    #[test]
    fn the_gaussian_line_is_water_filling_about_the_mean() {
        let of = |bits| gaussian_snr_db(&evaluation(), bits).unwrap();
        let mean = 10.0 * 2.0f64.log10();
        assert!((of(0.0) - mean).abs() < 1e-12, "no bits tell the mean alone");
        // One bit goes to the first direction alone: t = 4 / 2² = 1, and 1 + 1 of 5 is left.
        assert!((of(1.0) - (mean + 10.0 * 2.5f64.log10())).abs() < 1e-12);
        // Two more halve both: t = 1/4.
        assert!((of(3.0) - (mean + 10.0 * 10.0f64.log10())).abs() < 1e-12);
        let mut without = evaluation();
        without.layers[0].gain = None;
        assert_eq!(gaussian_snr_db(&without, 1.0), None);
        assert_eq!(gaussian_snr_db(&Evaluation::default(), 1.0), None);
    }
}
