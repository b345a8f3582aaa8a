//! EMA state for rows that a trainer did not reach by its own steps, so that its next step leaves them where they are.
//!
//! Trainers keep no rows of their own: every step writes them anew from the averages. Rows that were fitted elsewhere therefore last one step
//! unless sizes and sums say the same as they do. [`ema_state_for`] chooses such sizes and sums.

use ndarray::{Array1, Array2};

use super::{Codebook, RvqError};
use crate::text::msg;

/// How a trainer makes rows of its averages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFormula {
    /// `e_k = m_k / c~_k` with `c~_k = (c_k + eps) / (C + K eps) C` and `C = sum(c)`: EnCodec, what took it over, vector-quantize-pytorch.
    Smoothed,
    /// `e_k = m_k / max(c_k, eps)`: Mimi.
    Clamped,
}

/// The size below which a trainer replaces a code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Expiry {
    /// In frames a batch.
    Frames(f64),
    /// As a share of `C/K`.
    ShareOfMean(f64),
}

/// The numbers that the state is going to be stored as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StoredAs {
    /// The largest finite one.
    pub largest: f64,
    /// Whether they are so coarse that a rounded sum would move its row: sizes are then powers of two, and every product with one is exact.
    pub coarse: bool,
}

/// What is known of the trainer that goes on from the state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settling {
    /// How it makes rows.
    pub formula: RowFormula,
    /// `d`.
    pub decay: f64,
    /// `eps`.
    pub epsilon: f64,
    /// When it replaces codes.
    pub expiry: Expiry,
    /// `C`, which in steady state is the number of frames in its batches; `None` to take the sizes as they are.
    pub total: Option<f64>,
    /// What the state is stored as.
    pub stored: StoredAs,
}

/// Above what is asked for, against rounding in the trainer's own arithmetic.
const MARGIN: f64 = 1e-4;

/// A size this many times epsilon: from here on the smoothing moves a code that is not used by less than a share of `1e-4`.
const EPSILONS: f64 = 1e4;

/// Far above what the coarsest type rounds to zero.
const SMALLEST: f64 = 1.0 / 1024.0;

/// Sizes and the share of their mean that each must reach depend on one another; they agree long before.
const MAX_ROUNDS: usize = 200;

impl StoredAs {
    /// 32-bit floats.
    pub const F32: Self = Self { largest: f32::MAX as f64, coarse: false };
}

/// `codebook` with the same rows, sizes of which none expires in the next step, and the sums that make the rows of the sizes.
///
/// Sizes keep their proportions: `c_k` is scaled so that their sum is `C` where that is known, raised to `threshold / decay` (so that
/// `decay c_k`, what is left of a code that the next batch does not use, is not below the threshold), and lowered to where the sum still fits
/// what it is stored as. Where no size is above zero, all count as equal. Then `m_k = e_k c~_k`, with `c~_k` by the trainer's formula.
///
/// The next step moves the row of a code that the batch does not use by the change of the smoothing alone, at most a share of about
/// `2 K eps / C`, and puts a used one where `d m + (1-d) s` over its new size is.
///
/// # Errors
/// A row is so long that no size satisfies both ends, or the trainer's parameters make no sense.
pub fn ema_state_for(codebook: &Codebook, how: &Settling) -> Result<Codebook, RvqError> {
    let Settling { decay, epsilon, expiry, .. } = *how;
    let threshold = match expiry {
        Expiry::Frames(frames) => frames,
        Expiry::ShareOfMean(share) => share,
    };
    if !(decay > 0.0 && decay <= 1.0 && epsilon >= 0.0 && threshold >= 0.0 && threshold.is_finite()) {
        return Err(RvqError::Shape(msg!(
            "err-no-ema",
            decay = decay.to_string(),
            epsilon = epsilon.to_string(),
            threshold = threshold.to_string(),
        )));
    }
    let wanted = wanted_sizes(codebook, how.total);
    let sizes = chosen_sizes(codebook, &wanted, how)?;
    let total = sizes.sum();
    let num_codes = sizes.len() as f64;
    let divisor = |size: f64| match how.formula {
        RowFormula::Smoothed => (size + epsilon) / (total + num_codes * epsilon) * total,
        RowFormula::Clamped => size.max(epsilon),
    };
    let mut sums: Array2<f64> = codebook.embed().mapv(f64::from);
    for (mut sum, &size) in sums.rows_mut().into_iter().zip(&sizes) {
        sum *= divisor(size);
    }
    Codebook::new(codebook.embed().to_owned(), sizes, sums)
}

/// The sizes in their proportions, before either end is looked at.
fn wanted_sizes(codebook: &Codebook, total: Option<f64>) -> Array1<f64> {
    let known = codebook.cluster_size().mapv(|size| size.max(0.0));
    let sizes = if known.sum() > 0.0 { known } else { Array1::ones(codebook.num_codes()) };
    match total.filter(|total| total.is_finite() && *total > 0.0) {
        Some(total) => &sizes * (total / sizes.sum()),
        None => sizes,
    }
}

/// The sizes between both ends, as they are stored.
fn chosen_sizes(codebook: &Codebook, wanted: &Array1<f64>, how: &Settling) -> Result<Array1<f64>, RvqError> {
    let StoredAs { largest, coarse } = how.stored;
    let most: Array1<f64> = codebook
        .embed()
        .rows()
        .into_iter()
        .map(|row| {
            let longest = row.iter().fold(1.0f64, |most, &v| most.max(f64::from(v).abs()));
            let most = largest / longest * (1.0 - MARGIN);
            if coarse { power_of_two(most, f64::floor) } else { most }
        })
        .collect();
    let at_least = |sizes: &Array1<f64>| {
        let frames = match how.expiry {
            Expiry::Frames(frames) => frames,
            Expiry::ShareOfMean(share) => share * sizes.sum() / sizes.len() as f64,
        };
        (frames / how.decay * (1.0 + MARGIN)).max(EPSILONS * how.epsilon).max(SMALLEST)
    };
    let choose = |floor: f64| -> Array1<f64> {
        let floor = if coarse { power_of_two(floor, f64::ceil) } else { floor };
        wanted
            .iter()
            .zip(&most)
            .map(|(&size, &most)| {
                let size = if coarse { power_of_two(size, f64::round) } else { size };
                // As f32, which is what trainers read: the sums are made of the sizes that they see.
                f64::from(size.max(floor).min(most) as f32)
            })
            .collect()
    };
    let mut sizes = choose(at_least(wanted));
    for _ in 0..MAX_ROUNDS {
        let next = choose(at_least(&sizes));
        if next == sizes {
            break;
        }
        sizes = next;
    }
    let floor = at_least(&sizes) * (1.0 - MARGIN / 2.0);
    match sizes.iter().position(|&size| size < floor) {
        None => Ok(sizes),
        Some(code_idx) => {
            let (floor, largest) = (format!("{floor:.3}"), format!("{largest:e}"));
            Err(RvqError::Shape(msg!("err-sums-overflow", code = code_idx, floor = floor, largest = largest)))
        }
    }
}

/// The power of two that `size` becomes when its exponent is rounded by `round`; 0 stays 0.
fn power_of_two(size: f64, round: impl Fn(f64) -> f64) -> f64 {
    if size > 0.0 { 2f64.powi(round(size.log2()) as i32) } else { 0.0 }
}
