//! k-means++: the seeds of a k-means, one after the other.

use ndarray::{Array2, ArrayView1, ArrayView2};
use rand_pcg::Pcg64;
use rayon::prelude::*;

use crate::random;
use crate::rvq::rows::Rows;
use crate::task::{Cancelled, Task};

/// Samples that one task of the seeding looks at.
const SEED_BLOCK: usize = 512;

/// Seeds between two reports of how many there are.
const TELL_EVERY: usize = 32;

/// Samples of which the seeding takes the best as its next seed. More cost a pass each and gain little.
const SEED_DRAWS: usize = 2;

/// k-means++ seeds: each next one is drawn from `samples` in proportion to the squared distance to the nearest seed so far.
///
/// In the greedy way (Arthur and Vassilvitskii, 2007): of a few draws, the one that leaves the smallest sum of distances is taken.
/// Once every sample is a seed (or equals one), the rest are drawn at random. `tell` hears now and then how many there are.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn kmeans_plus_plus(
    samples: ArrayView2<'_, f32>,
    num_codes: usize,
    rng: &mut Pcg64,
    task: &Task<'_>,
    tell: impl Fn(usize),
) -> Result<Array2<f32>, Cancelled> {
    let samples = Rows::of(samples);
    let (num_samples, dim) = (samples.num_rows(), samples.dim());
    let mut seeds = Array2::zeros((num_codes, dim));
    let mut dists = vec![f32::INFINITY; num_samples];
    let mut block_sums = vec![f64::INFINITY; num_samples.div_ceil(SEED_BLOCK)];
    let mut next = random::below(rng, num_samples);
    for (nth, mut row) in seeds.rows_mut().into_iter().enumerate() {
        task.check()?;
        if nth % TELL_EVERY == 0 {
            tell(nth);
        }
        let seed = samples.row(next);
        row.assign(&ArrayView1::from(seed));
        // Nothing is nearer than a seed that equals it.
        if block_sums.iter().all(|&sum| sum == 0.0) {
            next = random::below(rng, num_samples);
            continue;
        }
        let blocks = seed_blocks(&samples).zip(dists.par_chunks_mut(SEED_BLOCK));
        blocks.zip(&mut block_sums).for_each(|((rows, dists), sum)| {
            for (row, dist) in rows.chunks_exact(dim).zip(&mut *dists) {
                *dist = dist.min(sq_dist(row, seed));
            }
            *sum = dists.iter().map(|&d| f64::from(d)).sum();
        });
        let draws: Vec<usize> =
            (0..SEED_DRAWS).map_while(|_| draw_by_weight(&dists, &block_sums, rng)).collect();
        next = best_seed(&samples, &dists, &draws).unwrap_or_else(|| random::below(rng, num_samples));
    }
    Ok(seeds)
}

/// Blocks of [`SEED_BLOCK`] samples, each row by row.
fn seed_blocks<'a>(samples: &'a Rows<'_>) -> impl IndexedParallelIterator<Item = &'a [f32]> {
    samples.values().par_chunks(SEED_BLOCK * samples.dim().max(1))
}

/// The one of `draws` that as a further seed leaves the smallest sum of distances; the first of equals.
fn best_seed(samples: &Rows<'_>, dists: &[f32], draws: &[usize]) -> Option<usize> {
    let left_by_block: Vec<Vec<f64>> = seed_blocks(samples)
        .zip(dists.par_chunks(SEED_BLOCK))
        .map(|(rows, dists)| {
            let mut left = vec![0f64; draws.len()];
            for (row, &dist) in rows.chunks_exact(samples.dim()).zip(dists) {
                for (left, &draw) in left.iter_mut().zip(draws) {
                    *left += f64::from(dist.min(sq_dist(row, samples.row(draw))));
                }
            }
            left
        })
        .collect();
    let left = |nth: usize| left_by_block.iter().map(|block| block[nth]).sum::<f64>();
    let best = (0..draws.len()).min_by(|&a, &b| left(a).total_cmp(&left(b)))?;
    draws.get(best).copied()
}

/// An index drawn in proportion to `weights`, whose sums over blocks of [`SEED_BLOCK`] are known; `None` where all are zero.
fn draw_by_weight(weights: &[f32], block_sums: &[f64], rng: &mut Pcg64) -> Option<usize> {
    let total: f64 = block_sums.iter().sum();
    if total <= 0.0 || !total.is_finite() {
        return None;
    }
    let mut left = random::unit(rng) * total;
    let mut last = None;
    for (block_idx, &sum) in block_sums.iter().enumerate() {
        if left >= sum {
            left -= sum;
            continue;
        }
        for (idx, &weight) in weights.iter().enumerate().skip(block_idx * SEED_BLOCK).take(SEED_BLOCK) {
            if weight > 0.0 {
                last = Some(idx);
                left -= f64::from(weight);
                if left < 0.0 {
                    return last;
                }
            }
        }
    }
    // Rounding may leave a little over: the last one with any weight then.
    last.or_else(|| weights.iter().rposition(|&w| w > 0.0))
}

/// Squared distance with eight running sums, which the compiler turns into vector code.
pub(super) fn sq_dist(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; 8];
    let (a_chunks, b_chunks) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f32 =
        a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| (x - y) * (x - y)).sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for lane in 0..8 {
            sums[lane] += (x[lane] - y[lane]) * (x[lane] - y[lane]);
        }
    }
    sums.iter().sum::<f32>() + tail
}
