//! Whether the running averages have settled.

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::metric;
use crate::text::{Phrase, phrase};

/// How far each row of a codebook moved in one step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowMoves {
    /// `||e_t - e_(t-1)||²` and `||e_(t-1)||²` of each row.
    rows: Vec<(f64, f64)>,
}

/// Rows that one task looks at.
const ROWS_A_TASK: usize = 64;

impl RowMoves {
    /// From rows before the step to rows after it, both `(num_codes, dim)`. The result does not depend on the number of threads.
    #[must_use]
    pub fn between(before: ArrayView2<'_, f32>, after: ArrayView2<'_, f32>) -> Self {
        let rows = before.outer_iter().into_par_iter().with_min_len(ROWS_A_TASK);
        let rows = rows.zip(after.outer_iter().into_par_iter()).map(|(old, new)| {
            match (old.as_slice(), new.as_slice()) {
                (Some(old), Some(new)) => row_move(old, new),
                _ => row_move(&old.to_vec(), &new.to_vec()),
            }
        });
        Self { rows: rows.collect() }
    }

    /// How far each row moved, relative to its length before; 0 for a row without length.
    pub fn relative(&self) -> impl Iterator<Item = f64> {
        self.rows.iter().map(|&(moved, norm)| if norm > 0.0 { (moved / norm).sqrt() } else { 0.0 })
    }

    fn over(&self, is_counted: impl Fn(usize) -> bool) -> f64 {
        let counted = self.rows.iter().enumerate().filter(|&(code, _)| is_counted(code));
        let (moved, norm) = counted.fold((0.0, 0.0), |(moved, norm), (_, row)| (moved + row.0, norm + row.1));
        if norm > 0.0 { (moved / norm).sqrt() } else { 0.0 }
    }
}

/// `||new - old||²` and `||old||²`, in several running sums, which the compiler turns into vector code.
fn row_move(old: &[f32], new: &[f32]) -> (f64, f64) {
    const LANES: usize = 8;
    let (mut moved, mut norm) = ([0f64; LANES], [0f64; LANES]);
    let (old_chunks, old_tail) = old.as_chunks::<LANES>();
    let (new_chunks, new_tail) = new.as_chunks::<LANES>();
    for (old, new) in old_chunks.iter().zip(new_chunks) {
        for lane in 0..LANES {
            let (o, n) = (f64::from(old[lane]), f64::from(new[lane]));
            moved[lane] += (n - o) * (n - o);
            norm[lane] += o * o;
        }
    }
    let mut sums = (moved.iter().sum::<f64>(), norm.iter().sum::<f64>());
    for (&o, &n) in old_tail.iter().zip(new_tail) {
        sums.0 += (f64::from(n) - f64::from(o)).powi(2);
        sums.1 += f64::from(o).powi(2);
    }
    sums
}

metric! {
    DRIFT, "drift", Phrase::NONE,
    "`||e_t - e_(t-1)||_F / ||e_(t-1)||_F` over the rows that were not replaced: how far the codebook moved in one step.";
    /// `replaced` are codes in ascending order.
    #[must_use]
    pub fn drift(moves: &RowMoves, replaced: &[u32]) -> f64 {
        moves.over(|code| u32::try_from(code).is_ok_and(|code| replaced.binary_search(&code).is_err()))
    }
}

metric! {
    DRIFT_ALL, "drift_all", Phrase::NONE,
    "`||e_t - e_(t-1)||_F / ||e_(t-1)||_F` over all rows, replaced ones among them: where replaced codes do not stay it stays high.";
    #[must_use]
    pub fn drift_all(moves: &RowMoves) -> f64 {
        moves.over(|_| true)
    }
}

metric! {
    CODE_DRIFT, "code_drift", Phrase::NONE,
    "Mean of `||e_t - e_(t-1)|| / ||e_(t-1)||` of its row over the steps that did not replace it: how far the code moved in one step.";
    /// `moved` is the sum over `steps` steps; `None` where there was none.
    #[must_use]
    pub fn code_drift(moved: f64, steps: u64) -> Option<f64> {
        (steps > 0).then(|| moved / steps as f64)
    }
}

metric! {
    LOSS, "loss", Phrase::NONE,
    "`commitment_weight * mean((x - q)²)` over all elements of the batch, with the codebook before the step, where codes are searched.";
    #[must_use]
    pub fn commitment_loss(sq_error: f64, frames: usize, dim: usize, commitment_weight: f64) -> f64 {
        commitment_weight * sq_error / ((frames * dim).max(1)) as f64
    }
}

metric! {
    EMA_WINDOW, "ema_window", phrase!("unit-steps"),
    "`1 / (1 - d)`: the number of steps over which the running averages look back.";
    #[must_use]
    pub fn ema_window_steps(decay: f64) -> f64 {
        1.0 / (1.0 - decay)
    }
}

metric! {
    EMA_HALF_LIFE, "ema_half_life", phrase!("unit-steps"),
    "`ln 0.5 / ln d`: steps until half of what the averages held is forgotten; 69 at a decay of 0.99.";
    #[must_use]
    pub fn ema_half_life_steps(decay: f64) -> f64 {
        if decay <= 0.0 { 0.0 } else { 0.5f64.ln() / decay.ln() }
    }
}

metric! {
    CLUSTER_SIZE_NOISE, "cluster_size_noise", phrase!("unit-frames"),
    "`sqrt(N p (1-p) (1-d) / (1+d))`: standard deviation of `c_k` in steady state, for a code of share p in batches of N frames.";
    #[must_use]
    pub fn cluster_size_noise(batch_len: f64, share: f64, decay: f64) -> f64 {
        (batch_len * share * (1.0 - share) * (1.0 - decay) / (1.0 + decay)).max(0.0).sqrt()
    }
}

metric! {
    EXPIRY_STEPS, "expiry_steps", phrase!("unit-steps"),
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
        let moves = RowMoves::between(before.view(), after.view());
        assert_eq!(drift(&moves, &[2]), 0.2);
        assert!(drift_all(&moves) > 2.0);
        assert_eq!(moves.relative().collect::<Vec<_>>()[..2], [0.0, 0.25]);
        assert_eq!(drift(&RowMoves::between(array![[0f32]].view(), array![[1f32]].view()), &[]), 0.0);
    }

    #[test]
    fn rows_of_any_length_move_as_their_elements_do() {
        let before = ndarray::Array2::from_shape_fn((130, 19), |(k, d)| (k * 19 + d) as f32 * 0.1);
        let after = before.mapv(|v| v * 1.5);
        let moves = RowMoves::between(before.view(), after.view());
        assert!((drift_all(&moves) - 0.5).abs() < 1e-6);
        assert!(moves.relative().skip(1).all(|moved| (moved - 0.5).abs() < 1e-5));
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
