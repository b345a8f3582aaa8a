//! Whether the running averages have settled.

use ndarray::ArrayView2;

use super::metric;

metric! {
    DRIFT, "drift", "Drift", "",
    "`||e_t - e_(t-1)||_F / ||e_(t-1)||_F` over the rows that were not replaced: how far the codebook moved in one step.";
    #[must_use]
    pub fn drift(before: ArrayView2<'_, f32>, after: ArrayView2<'_, f32>, replaced: &[u32]) -> f64 {
        let mut replaced = replaced.iter().map(|&c| c as usize).peekable();
        let (mut moved, mut norm) = (0f64, 0f64);
        for (code_idx, (old, new)) in before.rows().into_iter().zip(after.rows()).enumerate() {
            if replaced.next_if_eq(&code_idx).is_some() {
                continue;
            }
            for (&o, &n) in old.iter().zip(new) {
                moved += (f64::from(n) - f64::from(o)).powi(2);
                norm += f64::from(o).powi(2);
            }
        }
        if norm > 0.0 { (moved / norm).sqrt() } else { 0.0 }
    }
}

metric! {
    DRIFT_ALL, "drift_all", "Drift of all rows", "",
    "`||e_t - e_(t-1)||_F / ||e_(t-1)||_F` over all rows, replaced ones among them: where replaced codes do not stay it stays high.";
    #[must_use]
    pub fn drift_all(before: ArrayView2<'_, f32>, after: ArrayView2<'_, f32>) -> f64 {
        drift(before, after, &[])
    }
}

metric! {
    LOSS, "loss", "Commitment loss", "",
    "`commitment_weight * mean((x - q)²)` over all elements of the batch, with the codebook before the step, where codes are searched.";
    #[must_use]
    pub fn commitment_loss(sq_error: f64, frames: usize, dim: usize, commitment_weight: f64) -> f64 {
        commitment_weight * sq_error / ((frames * dim).max(1)) as f64
    }
}

metric! {
    EMA_WINDOW, "ema_window", "EMA window", "steps",
    "`1 / (1 - d)`: the number of steps over which the running averages look back.";
    #[must_use]
    pub fn ema_window_steps(decay: f64) -> f64 {
        1.0 / (1.0 - decay)
    }
}

metric! {
    EMA_HALF_LIFE, "ema_half_life", "EMA half-life", "steps",
    "`ln 0.5 / ln d`: steps until half of what the averages held is forgotten; 69 at a decay of 0.99.";
    #[must_use]
    pub fn ema_half_life_steps(decay: f64) -> f64 {
        if decay <= 0.0 { 0.0 } else { 0.5f64.ln() / decay.ln() }
    }
}

metric! {
    CLUSTER_SIZE_NOISE, "cluster_size_noise", "Noise of a cluster size", "frames",
    "`sqrt(N p (1-p) (1-d) / (1+d))`: standard deviation of `c_k` in steady state, for a code of share p in batches of N frames.";
    #[must_use]
    pub fn cluster_size_noise(batch_len: f64, share: f64, decay: f64) -> f64 {
        (batch_len * share * (1.0 - share) * (1.0 - decay) / (1.0 + decay)).max(0.0).sqrt()
    }
}

metric! {
    EXPIRY_STEPS, "expiry_steps", "Steps to expire", "steps",
    "`ln(threshold / c_0) / ln d`: steps after which a code that no frame chooses any more falls from `c_0` below the threshold.";
    #[must_use]
    pub fn expiry_steps(threshold_frames: f64, start_size: f64, decay: f64) -> Option<f64> {
        let defined = threshold_frames > 0.0 && start_size > 0.0 && decay > 0.0;
        defined.then(|| ((threshold_frames / start_size).ln() / decay.ln()).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn drift_leaves_out_replaced_rows() {
        let before = array![[3.0f32, 0.0], [0.0, 4.0], [1.0, 1.0]];
        let after = array![[3.0f32, 0.0], [0.0, 5.0], [9.0, 9.0]];
        assert_eq!(drift(before.view(), after.view(), &[2]), 0.2);
        assert!(drift_all(before.view(), after.view()) > 2.0);
        assert_eq!(drift(array![[0f32]].view(), array![[1f32]].view(), &[]), 0.0);
    }

    #[test]
    fn the_window_and_the_half_life_at_point_nine_nine() {
        assert!((ema_window_steps(0.99) - 100.0).abs() < 1e-9);
        assert_eq!(ema_half_life_steps(0.99).round(), 69.0);
    }

    #[test]
    fn noise_and_expiry() {
        // N = 1000, p = 0.1, d = 0.5: sqrt(1000 * 0.1 * 0.9 * 0.5 / 1.5) = sqrt(30)
        assert!((cluster_size_noise(1000.0, 0.1, 0.5) - 30f64.sqrt()).abs() < 1e-12);
        // From 16 to 2 at one half: three steps.
        assert!((expiry_steps(2.0, 16.0, 0.5).unwrap() - 3.0).abs() < 1e-12);
        assert_eq!(expiry_steps(0.0, 16.0, 0.5), None);
        assert_eq!(expiry_steps(4.0, 2.0, 0.5), Some(0.0), "already below");
    }
}
