//! Starting codebooks: k-means (Lloyd), its seeding, and plain draws.

mod assignment;
mod cells;
mod lloyd;
mod plus_plus;
mod relocation;
mod seeded;
#[cfg(test)]
mod tests;

use ndarray::{Array2, ArrayView2, Axis};
use rand_pcg::Pcg64;

use crate::random;

pub(crate) use assignment::{num_pieces, piece_len, search_in_pieces};
pub use lloyd::{EmptyCluster, KMeans, lloyd, spherical};
pub use seeded::{MANY_CODES, samples_wanted, seeded};

/// `num_codes` rows of `samples`: without replacement where there are enough.
#[must_use]
pub fn draw(samples: ArrayView2<'_, f32>, num_codes: usize, rng: &mut Pcg64) -> Array2<f32> {
    samples.select(Axis(0), &random::choose(rng, samples.nrows(), num_codes))
}

/// Rows of the uniform distribution that PyTorch's `kaiming_uniform_` draws from for a weight `[num_codes, dim]`: `±sqrt(6/dim)`.
#[must_use]
pub(crate) fn kaiming_uniform(num_codes: usize, dim: usize, rng: &mut Pcg64) -> Array2<f32> {
    uniform(num_codes, dim, dim, rng)
}

/// Rows of the uniform distribution on `±sqrt(6/fan_in)`.
#[must_use]
pub(crate) fn uniform(num_codes: usize, dim: usize, fan_in: usize, rng: &mut Pcg64) -> Array2<f32> {
    let bound = (6.0 / fan_in.max(1) as f64).sqrt();
    Array2::from_shape_simple_fn((num_codes, dim), || ((2.0 * random::unit(rng) - 1.0) * bound) as f32)
}
