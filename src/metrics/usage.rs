//! How the codes of a layer are used. All functions take the counts of a stated set of frames.

use super::metric;
use crate::text::{Phrase, phrase};

metric! {
    USED, "used", phrase!("unit-codes"),
    "`#{count_k >= 1}`: codes that at least one frame chose.";
    #[must_use]
    pub fn used(counts: &[u64]) -> usize {
        counts.iter().filter(|&&n| n > 0).count()
    }
}

metric! {
    UTILIZATION, "utilization", Phrase::NONE,
    "`#{count_k >= 1} / K`: the share of codes that at least one frame chose. It grows with the number of frames looked at.";
    #[must_use]
    pub fn utilization(counts: &[u64]) -> Option<f64> {
        (frames(counts) > 0).then(|| used(counts) as f64 / counts.len() as f64)
    }
}

metric! {
    UNIFORM_UTILIZATION, "utilization_uniform", Phrase::NONE,
    "`1 - (1 - 1/K)^n`: the utilization that n frames of a truly uniform source would show.";
    #[must_use]
    pub fn uniform_utilization(frames: u64, num_codes: usize) -> f64 {
        1.0 - (1.0 - 1.0 / num_codes.max(1) as f64).powf(frames as f64)
    }
}

metric! {
    ENTROPY, "entropy_nats", phrase!("unit-nats"),
    "`H = -sum_k p_k ln p_k` with `p_k = count_k / n` and `0 ln 0 = 0`.";
    #[must_use]
    pub fn entropy_nats(counts: &[u64]) -> Option<f64> {
        entropy_of(&as_weights(counts))
    }
}

metric! {
    PERPLEXITY, "perplexity", phrase!("unit-codes"),
    "`exp(H)`: how many equally used codes would have the same entropy. From few frames it comes out too low.";
    #[must_use]
    pub fn perplexity(counts: &[u64]) -> Option<f64> {
        entropy_nats(counts).map(f64::exp)
    }
}

metric! {
    PERPLEXITY_MM, "perplexity_mm", phrase!("unit-codes"),
    "`exp(H + (K_used - 1) / (2n))`: perplexity with the first-order correction for having seen only n frames.";
    #[must_use]
    pub fn perplexity_mm(counts: &[u64]) -> Option<f64> {
        let n = frames(counts) as f64;
        entropy_nats(counts).map(|h| (h + (used(counts) as f64 - 1.0) / (2.0 * n)).exp())
    }
}

metric! {
    GINI, "gini", Phrase::NONE,
    "`sum_i (2i - K - 1) p_(i) / K` with `p` ascending and i from 1: 0 when all codes are used alike, near 1 when few take all.";
    #[must_use]
    pub fn gini(counts: &[u64]) -> Option<f64> {
        gini_of(&as_weights(counts))
    }
}

metric! {
    DEAD_WINDOW, "dead_window", phrase!("unit-codes"),
    "`#{count_k = 0}` over the frames of this window: codes that none of them chose.";
    #[must_use]
    pub fn dead_window(counts: &[u64]) -> usize {
        counts.iter().filter(|&&n| n == 0).count()
    }
}

metric! {
    DEAD_THRESHOLD, "dead_threshold", phrase!("unit-codes"),
    "`#{c_k < threshold}`: codes whose EMA cluster size lies below the dead-code threshold, in frames a batch.";
    #[must_use]
    pub fn dead_threshold(cluster_size: &[f64], threshold_frames: f64) -> usize {
        cluster_size.iter().filter(|&&c| c < threshold_frames).count()
    }
}

metric! {
    DEAD_CORPUS, "dead_corpus", phrase!("unit-codes"),
    "`#{count_k = 0}` over the whole corpus, trained on and held out: codes that no frame of it chose.";
    #[must_use]
    pub fn dead_corpus<'a>(splits: impl IntoIterator<Item = &'a [u64]>, num_codes: usize) -> usize {
        let mut alive = vec![false; num_codes];
        for counts in splits {
            for (alive, &count) in alive.iter_mut().zip(counts) {
                *alive |= count > 0;
            }
        }
        alive.iter().filter(|&&a| !a).count()
    }
}

metric! {
    BIT_EFFICIENCY, "bit_efficiency", Phrase::NONE,
    "`sum_i H_i / sum_i ln K_i`: the share of the nominal bits that the codes of all layers carry.";
    #[must_use]
    pub fn bit_efficiency(entropies_nats: &[f64], codebook_sizes: &[usize]) -> Option<f64> {
        let nominal: f64 = codebook_sizes.iter().map(|&k| (k as f64).ln()).sum();
        (nominal > 0.0 && !entropies_nats.is_empty()).then(|| entropies_nats.iter().sum::<f64>() / nominal)
    }
}

metric! {
    NOMINAL_KBPS, "nominal_kbps", phrase!("unit-kbit-s"),
    "`fps * sum_i log2 K_i / 1000`: what the codes of all layers cost at their full size.";
    #[must_use]
    pub fn nominal_kbps(codebook_sizes: &[usize], frame_rate_hz: f64) -> f64 {
        frame_rate_hz * codebook_sizes.iter().map(|&k| (k as f64).log2()).sum::<f64>() / 1000.0
    }
}

metric! {
    EFFECTIVE_KBPS, "effective_kbps", phrase!("unit-kbit-s"),
    "`fps * sum_i H_i / ln 2 / 1000`: what an ideal entropy coder would need for each layer on its own.";
    #[must_use]
    pub fn effective_kbps(entropies_nats: &[f64], frame_rate_hz: f64) -> f64 {
        frame_rate_hz * entropies_nats.iter().sum::<f64>() / std::f64::consts::LN_2 / 1000.0
    }
}

fn as_weights(counts: &[u64]) -> Vec<f64> {
    counts.iter().map(|&count| count as f64).collect()
}

/// The entropy in nats of shares `w_k / sum w` of weights that are not below zero: counted frames, or EMA cluster sizes. `None` without any weight.
pub(crate) fn entropy_of(weights: &[f64]) -> Option<f64> {
    let n: f64 = weights.iter().sum();
    (n > 0.0).then(|| {
        let sum: f64 = weights.iter().filter(|&&w| w > 0.0).map(|&w| w / n * (w / n).ln()).sum();
        // Keeps the entropy of a single code at 0 instead of -0.
        (-sum).max(0.0)
    })
}

/// The Gini coefficient of shares `w_k / sum w` of weights that are not below zero. `None` without any weight.
pub(crate) fn gini_of(weights: &[f64]) -> Option<f64> {
    let n: f64 = weights.iter().sum();
    let k = weights.len() as f64;
    (n > 0.0).then(|| {
        let mut sorted = weights.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        (1..).zip(sorted).map(|(i, w)| (2.0 * f64::from(i) - k - 1.0) * (w / n)).sum::<f64>() / k
    })
}

/// `n`, the frames that the counts add up to.
#[must_use]
pub fn frames(counts: &[u64]) -> u64 {
    counts.iter().sum()
}

/// The counts from the largest to the smallest: the rank-frequency curve.
#[must_use]
pub fn rank_frequency(counts: &[u64]) -> Vec<u64> {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: Option<f64>, b: f64) {
        let a = a.unwrap();
        assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{a} is not {b}");
    }

    #[test]
    fn four_codes_by_hand() {
        let counts = [4, 2, 2, 0];
        assert_eq!((used(&counts), dead_window(&counts), frames(&counts)), (3, 1, 8));
        close(utilization(&counts), 0.75);
        // 1/2 ln 2 + 2 * 1/4 ln 4 = 1.5 ln 2
        close(entropy_nats(&counts), 1.5 * 2f64.ln());
        close(perplexity(&counts), 2f64.powf(1.5));
        close(perplexity_mm(&counts), (1.5 * 2f64.ln() + 2.0 / 16.0).exp());
        // (-3 * 0 - 1 * 2 + 1 * 2 + 3 * 4) / 8 / 4
        close(gini(&counts), 12.0 / 32.0);
        assert_eq!(rank_frequency(&counts), [4, 2, 2, 0]);
    }

    #[test]
    fn degenerate_counts_are_defined() {
        for f in [utilization, entropy_nats, perplexity, perplexity_mm, gini] {
            assert_eq!(f(&[0, 0, 0]), None, "an empty window has no figure");
        }
        close(perplexity(&[0, 9]), 1.0);
        close(entropy_nats(&[0, 9]), 0.0);
        assert!(entropy_nats(&[0, 9]).unwrap().is_sign_positive());
        close(gini(&[3, 3, 3]), 0.0);
        assert_eq!(bit_efficiency(&[0.0], &[1]), None, "one code has no bits to be efficient with");
    }

    #[test]
    fn small_samples_of_a_uniform_source() {
        // Expected utilization of K = 1024: 22 % at 256 frames, 63 % at 1024, 98 % at 4096.
        for (n, percent) in [(256, 22), (1024, 63), (4096, 98)] {
            assert_eq!((uniform_utilization(n, 1024) * 100.0).round() as u32, percent);
        }
    }

    #[test]
    fn the_three_kinds_of_dead() {
        assert_eq!(dead_window(&[0, 1, 0]), 2);
        assert_eq!(dead_threshold(&[0.5, 2.0, 1.9], 2.0), 2);
        assert_eq!(dead_corpus([&[0u64, 1, 0][..], &[0, 0, 5]], 3), 1);
    }

    #[test]
    fn bit_rates() {
        close(Some(nominal_kbps(&[1024; 8], 75.0)), 6.0);
        close(Some(effective_kbps(&[5.0 * 2f64.ln(); 8], 75.0)), 3.0);
        close(bit_efficiency(&[5.0 * 2f64.ln(); 8], &[1024; 8]), 0.5);
    }
}
