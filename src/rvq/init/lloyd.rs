//! Lloyd's k-means.

use ndarray::{Array2, ArrayView2};
use rand_pcg::Pcg64;

use crate::random;
use crate::rvq::code_sums::CodeSums;
use crate::rvq::codebook::normalize_rows;
use crate::rvq::rows::Rows;
use crate::task::{Cancelled, Task};
use crate::text::Message;

use super::assignment::{Assignment, num_pieces};

/// The least gain of an iteration behind which the next is always taken: an objective may get worse where means were refilled.
const NEVER: f64 = f64::NEG_INFINITY;

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
    stage: &Message,
    task: &Task<'_>,
) -> Result<KMeans, Cancelled> {
    iterate(samples, means, iters, NEVER, empty, stage, task, |_| {})
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
    stage: &Message,
    task: &Task<'_>,
) -> Result<KMeans, Cancelled> {
    iterate(samples, means, iters, NEVER, empty, stage, task, normalize_rows)
}

/// [`lloyd`] that ends where an iteration makes the objective smaller by less than `least_gain`, as a share of it.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn lloyd_while_gaining(
    samples: ArrayView2<'_, f32>,
    means: Array2<f32>,
    iters: usize,
    least_gain: f64,
    empty: EmptyCluster<'_>,
    stage: &Message,
    task: &Task<'_>,
) -> Result<KMeans, Cancelled> {
    iterate(samples, means, iters, least_gain, empty, stage, task, |_| {})
}

/// The counts and the objective of `means` as they are.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn recount(
    samples: ArrayView2<'_, f32>,
    means: Array2<f32>,
    task: &Task<'_>,
) -> Result<KMeans, Cancelled> {
    let mut assignment = Assignment::default();
    assignment.find(&Rows::of(samples), means.view(), task, |_| {})?;
    let mut counts = vec![0; means.nrows()];
    for &code in &assignment.codes {
        counts[code as usize] += 1;
    }
    Ok(KMeans { means, counts, objective: mean(&assignment.sq_dists) })
}

/// Lloyd's iterations, with `finish` on the means after each.
fn iterate(
    samples: ArrayView2<'_, f32>,
    mut means: Array2<f32>,
    iters: usize,
    least_gain: f64,
    mut empty: EmptyCluster<'_>,
    stage: &Message,
    task: &Task<'_>,
    finish: impl Fn(&mut Array2<f32>),
) -> Result<KMeans, Cancelled> {
    let samples = Rows::of(samples);
    let num_codes = means.nrows();
    let pieces = num_pieces(samples.num_rows(), means.view());
    let mut assignment = Assignment::default();
    let mut code_sums = CodeSums::default();
    let mut objective = f64::INFINITY;
    let mut before = means.clone();
    for iter in 0..iters.max(1) {
        task.check()?;
        let tell = |piece| task.progress(stage.clone(), iter * pieces + piece, iters * pieces);
        if iter == 0 {
            assignment.find(&samples, means.view(), task, tell)?;
        } else {
            assignment.follow(&samples, before.view(), means.view(), task, tell)?;
        }
        code_sums.fill(samples.view(), &assignment.codes, num_codes);
        before.assign(&means);
        let last = std::mem::replace(&mut objective, mean(&assignment.sq_dists));
        let vacant = move_to_averages(&mut means, &code_sums);
        finish(&mut means);
        refill(&mut means, &vacant, &samples, &assignment.sq_dists, &mut empty);
        // With random refills the next iteration is another one all the same.
        let is_settled = vacant.is_empty() || !matches!(empty, EmptyCluster::Resample(_));
        if is_settled && means == before || last - objective < least_gain * objective {
            break;
        }
    }
    task.progress(stage.clone(), iters * pieces, iters * pieces);
    Ok(KMeans { means, counts: code_sums.counts().to_vec(), objective })
}

/// Moves each mean to the average of its samples; gives those without any.
fn move_to_averages(means: &mut Array2<f32>, code_sums: &CodeSums) -> Vec<usize> {
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
    vacant
}

/// Moves the means `vacant`, which no sample chose, as `empty` says.
fn refill(
    means: &mut Array2<f32>,
    vacant: &[usize],
    samples: &Rows<'_>,
    sq_dists: &[f32],
    empty: &mut EmptyCluster<'_>,
) {
    let fill = match empty {
        EmptyCluster::Keep => Vec::new(),
        EmptyCluster::Resample(_) if vacant.is_empty() => Vec::new(),
        EmptyCluster::Resample(rng) => random::choose(rng, samples.num_rows(), means.nrows()),
        EmptyCluster::Worst => worst(sq_dists, vacant.len()),
    };
    for (&code_idx, sample_idx) in vacant.iter().zip(fill) {
        means.row_mut(code_idx).assign(&samples.view().row(sample_idx));
    }
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
