//! Starting codebooks: k-means (Lloyd), its seeding, and plain draws.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rand_pcg::Pcg64;
use rayon::prelude::*;

use crate::random;
use crate::task::{Cancelled, Task};

use super::code_sums::CodeSums;
use super::codebook::normalize_rows;
use super::nearest::Searcher;
use super::rows::Rows;
use super::shared_assignment;

/// Samples that one task of the seeding looks at.
const SEED_BLOCK: usize = 512;

/// Samples of which the seeding takes the best as its next seed. More cost a pass each and gain little.
const SEED_DRAWS: usize = 2;

/// What k-means found.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeans {
    /// `(num_codes, dim)`.
    pub means: Array2<f32>,
    /// How many samples the last assignment gave each mean, `(num_codes)`.
    pub counts: Vec<u32>,
    /// Mean squared distance of a sample to its mean at the last assignment.
    pub objective: f64,
}

/// What becomes of a mean that no sample chose.
#[derive(Debug)]
pub enum EmptyCluster<'a> {
    /// It stays where it is.
    Keep,
    /// It moves to a random sample, drawn as upstream's `sample_vectors` does: one for every mean, with replacement where there are fewer
    /// samples than means.
    Resample(&'a mut Pcg64),
    /// It moves to the sample farthest from its own mean; several take the farthest ones in turn.
    Worst,
}

/// Lloyd's k-means over `samples`, `(num_samples, dim)`, from `means`, `(num_codes, dim)`.
///
/// Each iteration assigns every sample to its nearest mean and moves each mean to the average of its samples. `counts` and `objective` are of
/// the last assignment, the means are those after it. Where an iteration moves no mean, those behind it would not either and are left out.
///
/// # Errors
/// [`Cancelled`].
pub fn lloyd(
    samples: ArrayView2<'_, f32>,
    means: Array2<f32>,
    iters: usize,
    empty: EmptyCluster<'_>,
    stage: &str,
    task: &Task<'_>,
) -> Result<KMeans, Cancelled> {
    iterate(samples, means, iters, empty, stage, task, |_| {})
}

/// [`lloyd`] on the unit sphere: each mean is scaled to unit length. `samples` and `means` are unit vectors.
///
/// Among unit vectors the nearest is the one at the smallest angle.
///
/// # Errors
/// [`Cancelled`].
pub fn spherical(
    samples: ArrayView2<'_, f32>,
    means: Array2<f32>,
    iters: usize,
    empty: EmptyCluster<'_>,
    stage: &str,
    task: &Task<'_>,
) -> Result<KMeans, Cancelled> {
    iterate(samples, means, iters, empty, stage, task, normalize_rows)
}

/// The counts and the objective of `means` as they are.
#[must_use]
pub(crate) fn recount(samples: ArrayView2<'_, f32>, means: Array2<f32>) -> KMeans {
    let samples = Rows::of(samples);
    let mut counts = vec![0; means.nrows()];
    let mut codes = vec![0; samples.num_rows()];
    let mut sq_dists = vec![0.0; samples.num_rows()];
    Searcher::new(means.view()).assign(samples.values(), &mut codes, &mut sq_dists);
    for &code in &codes {
        counts[code as usize] += 1;
    }
    KMeans { means, counts, objective: mean(&sq_dists) }
}

/// Lloyd's iterations, with `finish` on the means after each.
fn iterate(
    samples: ArrayView2<'_, f32>,
    mut means: Array2<f32>,
    iters: usize,
    mut empty: EmptyCluster<'_>,
    stage: &str,
    task: &Task<'_>,
    finish: impl Fn(&mut Array2<f32>),
) -> Result<KMeans, Cancelled> {
    let samples = Rows::of(samples);
    let (num_samples, num_codes) = (samples.num_rows(), means.nrows());
    let mut codes = vec![0u32; num_samples];
    let mut sq_dists = vec![0f32; num_samples];
    let mut searcher = Searcher::default();
    let mut code_sums = CodeSums::default();
    let mut objective = 0.0;
    let mut before = means.clone();
    for iter in 0..iters.max(1) {
        task.check()?;
        task.progress(stage, iter, iters);
        searcher.prepare(means.view());
        shared_assignment::assign(&searcher, &samples, &mut codes, &mut sq_dists, task)?;
        code_sums.fill(samples.view(), &codes, num_codes);
        before.assign(&means);
        objective = mean(&sq_dists);
        let mut vacant = Vec::new();
        for (code_idx, mut mean) in means.rows_mut().into_iter().enumerate() {
            let count = code_sums.counts()[code_idx];
            if count == 0 {
                vacant.push(code_idx);
                continue;
            }
            for (value, &sum) in mean.iter_mut().zip(code_sums.sums().row(code_idx)) {
                *value = (sum / f64::from(count)) as f32;
            }
        }
        finish(&mut means);
        let fill = match &mut empty {
            EmptyCluster::Keep => Vec::new(),
            EmptyCluster::Resample(_) if vacant.is_empty() => Vec::new(),
            EmptyCluster::Resample(rng) => random::choose(rng, num_samples, num_codes),
            EmptyCluster::Worst => worst(&sq_dists, vacant.len()),
        };
        for (&code_idx, sample_idx) in vacant.iter().zip(fill) {
            means.row_mut(code_idx).assign(&samples.view().row(sample_idx));
        }
        // With random refills the next iteration is another one all the same.
        let is_settled = vacant.is_empty() || !matches!(empty, EmptyCluster::Resample(_));
        if is_settled && means == before {
            break;
        }
    }
    task.progress(stage, iters, iters);
    Ok(KMeans { means, counts: code_sums.counts().to_vec(), objective })
}

/// k-means++ seeds: each next one is drawn from `samples` in proportion to the squared distance to the nearest seed so far.
///
/// In the greedy way (Arthur and Vassilvitskii, 2007): of a few draws, the one that leaves the smallest sum of distances is taken.
/// Once every sample is a seed (or equals one), the rest are drawn at random.
///
/// # Errors
/// [`Cancelled`].
pub(crate) fn kmeans_plus_plus(
    samples: ArrayView2<'_, f32>,
    num_codes: usize,
    rng: &mut Pcg64,
    task: &Task<'_>,
) -> Result<Array2<f32>, Cancelled> {
    let samples = Rows::of(samples);
    let (num_samples, dim) = (samples.num_rows(), samples.dim());
    let mut seeds = Array2::zeros((num_codes, dim));
    let mut dists = vec![f32::INFINITY; num_samples];
    let mut block_sums = vec![f64::INFINITY; num_samples.div_ceil(SEED_BLOCK)];
    let mut next = random::below(rng, num_samples);
    for mut row in seeds.rows_mut() {
        task.check()?;
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

/// The mean of `values`; 0 of none.
fn mean(values: &[f32]) -> f64 {
    values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len().max(1) as f64
}

/// The `count` samples with the largest distances, farthest first.
fn worst(sq_dists: &[f32], count: usize) -> Vec<usize> {
    if count == 0 {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..sq_dists.len()).collect();
    order.sort_by(|&a, &b| sq_dists[b].total_cmp(&sq_dists[a]).then(a.cmp(&b)));
    order.truncate(count);
    order
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
fn sq_dist(a: &[f32], b: &[f32]) -> f32 {
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
