//! Seeds for a large codebook: k-means++ inside of cells.
//!
//! A seed of k-means++ is compared with every sample, one seed behind the other: `N K` distances, and as many again for each draw that it is the
//! best of. Here the samples are parted into `G` cells first and a seed is compared with those of its own cell: `N K / G` distances, in cells
//! that work side by side. How many seeds a cell gets follows from its share of the squared distance that is left, worked out anew round by
//! round, so that seeds fall where k-means++ would put them. What is lost is that a sample at the border of its cell does not see the seeds
//! beyond it; what is saved pays for more draws, which more than make up for it.
//!
//! # What was tried
//! Mean squared distance behind the same 20 iterations of Lloyd, and seconds of two busy cores for the seeds alone, of two or three seedings each:
//!
//! | way | uniform 32 768 x 8, K = 4096 | speech features 15 598 x 64, K = 1024 |
//! |---|---|---|
//! | k-means++, the better of 2 draws | 0.05989, 1.7 s | 422.4, 0.48 s |
//! | 16 cells, 2 draws | 0.06002, 0.10 s | 427.9, 0.05 s |
//! | 64 cells, 2 draws | 0.06022, 0.04 s | 430.0, 0.03 s |
//! | 16 cells, 4 draws | 0.05979, 0.17 s | 424.9, 0.08 s |
//! | 64 cells, 4 draws | 0.05998, 0.04 s | 426.4, 0.03 s |
//! | 16 cells, 8 draws | 0.05946, 0.33 s | 422.7, 0.15 s |
//! | 64 cells, 8 draws | 0.05966, 0.08 s | 424.9, 0.07 s |
//! | 64 cells, 8 draws, true distances three times on the way | 0.05951, 0.17 s | 422.6, 0.07 s |
//!
//! The whole start, in seconds of one processor, beside the best of three k-means++ seedings with 50 iterations of Lloyd.
//! Those in cells end at gains between 0.1 and 0.01 %, which makes 0.1 % of difference at most:
//!
//! | way | uniform 70 000 x 8, K = 8192 | features, K = 2048 | features, K = 4096 |
//! |---|---|---|---|
//! | the best of three | 0.05014, 28.4 s | 323.6, 4.3 s | 201.8, 8.2 s |
//! | 64 seeds a cell, 8 draws | 0.05044, 1.7 s | 329.1, 0.4 s | 207.8 |
//! | 128 seeds a cell, 16 draws | 0.05023, 2.1 s | 322.3, 0.9 s | 205.8, 1.0 s |
//! | 256 seeds a cell, 16 draws | 0.05010, 2.9 s | 321.4, 1.5 s | not measured |
//! | 512 seeds a cell, 16 draws | 0.05004, 4.2 s | not measured | 201.1, 2.9 s |
//! | 512 seeds a cell, 32 draws | not measured | not measured | 200.6, 5.4 s |
//!
//! Kept: 16 draws, in as few cells as a bound on the work allows, 128 seeds in each at least. Borders cost most where there are few samples a code
//! in many dimensions. True distances on the way were left out: they cost as much as one and a half iterations of Lloyd, and more draws gain more.

use ndarray::{Array2, ArrayView2, Axis};
use rand::Rng;
use rand_pcg::Pcg64;
use rayon::prelude::*;

use crate::random::{self, Purpose};
use crate::rvq::code_sums::CodeSums;
use crate::rvq::rows::Rows;
use crate::task::{Cancelled, Task};
use crate::text::{Message, Phrase};

use super::assignment::Assignment;
use super::lloyd::{EmptyCluster, lloyd};
use super::plus_plus::{kmeans_plus_plus, sq_dist};

/// What the seeding may cost, in comparisons of a sample with a draw, each as `dim + OVERHEAD`: a few seconds of one processor. There are as many
/// cells as it takes to stay below.
const WORK: u64 = 1 << 34;

/// What a comparison costs besides its dimensions, in dimensions.
const OVERHEAD: usize = 32;

/// Cells at least, so that many threads have work.
const MIN_CELLS: usize = 8;

/// Seeds a cell at least, on average, whatever the work.
const SEEDS_A_CELL: usize = 128;

/// Cells at most: they are seeded one behind the other themselves.
const MAX_CELLS: usize = 1024;

/// Samples a cell that the cells are found by.
const SAMPLES_A_CELL: usize = 16;

/// Iterations for which the cells are moved to the middle of their samples.
const CELL_ITERS: usize = 3;

/// Rounds that the seeds come in, at least: how often the cells' shares are worked out anew.
const ROUNDS: usize = 64;

/// Samples of which a cell takes the best as its next seed.
const DRAWS: usize = 16;

/// Seeds from `samples`, `(num_samples, dim)`: k-means++ inside of cells. Once every sample equals a seed, the rest are drawn at random.
///
/// # Errors
/// [`Cancelled`].
pub(super) fn seeds_in_cells(
    samples: ArrayView2<'_, f32>,
    num_codes: usize,
    rng: &mut Pcg64,
    stage: &Message,
    task: &Task<'_>,
) -> Result<Array2<f32>, Cancelled> {
    task.progress(stage.clone(), 0, num_codes);
    let samples = Rows::of(samples);
    let num_cells = num_cells(&samples, num_codes);
    let mut cells = part(&samples, num_cells, rng, task)?;
    let mut num_seeds = cells.len();
    while num_seeds < num_codes {
        task.check()?;
        task.progress(stage.clone(), num_seeds, num_codes);
        // Small rounds while each seed still takes away much.
        let round = (num_seeds / 4).clamp(1, num_codes.div_ceil(ROUNDS)).min(num_codes - num_seeds);
        let Some(shares) = shares(&cells, round, random::unit(rng)) else { break };
        let cells = cells.par_iter_mut().zip(shares);
        num_seeds += cells.map(|(cell, share)| cell.grow(share, samples.dim(), task)).sum::<usize>();
    }
    task.check()?;
    task.progress(stage.clone(), num_codes, num_codes);
    let found: Vec<f32> = cells.iter().flat_map(|cell| cell.seeds.iter().copied()).collect();
    let found = Rows::new(&found, samples.dim());
    Ok(filled_up(found.view(), &samples, num_codes, rng))
}

/// As few cells as the work allows: the fewer, the less is lost at their borders.
fn num_cells(samples: &Rows<'_>, num_codes: usize) -> usize {
    let comparisons = samples.num_rows() as u64 * (num_codes * DRAWS) as u64;
    let work = comparisons.saturating_mul((samples.dim() + OVERHEAD) as u64);
    let most = (num_codes / SEEDS_A_CELL).clamp(1, MAX_CELLS);
    (work.div_ceil(WORK).min(MAX_CELLS as u64) as usize).clamp(MIN_CELLS.min(most), most)
}

/// `found`, as many as there are codes at most, and behind them samples drawn at random.
pub(super) fn filled_up(
    found: ArrayView2<'_, f32>,
    samples: &Rows<'_>,
    num_codes: usize,
    rng: &mut Pcg64,
) -> Array2<f32> {
    let mut rows = Array2::zeros((num_codes, samples.dim()));
    for (code_idx, mut row) in rows.rows_mut().into_iter().enumerate() {
        if code_idx < found.nrows() {
            row.assign(&found.row(code_idx));
        } else {
            row.assign(&samples.view().row(random::below(rng, samples.num_rows())));
        }
    }
    rows
}

/// How many of the next `round` seeds each cell gets, in proportion to what is left in it; `None` where nothing is.
///
/// `start`, from 0 to 1, decides who gets the seed that two share.
fn shares(cells: &[Cell], round: usize, start: f64) -> Option<Vec<usize>> {
    let total: f64 = cells.iter().map(|cell| cell.left).sum();
    if total <= 0.0 || !total.is_finite() {
        return None;
    }
    let mut left = 0.0;
    let mut given = 0;
    let share = |cell: &Cell| {
        left += cell.left;
        let reached = (start + round as f64 * left / total).floor() as usize;
        reached - std::mem::replace(&mut given, reached)
    };
    Some(cells.iter().map(share).collect())
}

/// The samples in cells of what is near each other, each with its first seed.
fn part(
    samples: &Rows<'_>,
    num_cells: usize,
    rng: &mut Pcg64,
    task: &Task<'_>,
) -> Result<Vec<Cell>, Cancelled> {
    let (num_samples, dim) = (samples.num_rows(), samples.dim());
    let drawn = random::choose(rng, num_samples, num_samples.min(num_cells * SAMPLES_A_CELL));
    let few = samples.view().select(Axis(0), &drawn);
    let seeds = kmeans_plus_plus(few.view(), num_cells, rng, task, |_| {})?;
    let centres =
        lloyd(few.view(), seeds, CELL_ITERS, EmptyCluster::Keep, &Phrase::NONE.into(), &task.quiet())?.means;
    let mut assignment = Assignment::default();
    assignment.find(samples, centres.view(), task, |_| {})?;
    let members = CodeSums::new(samples.view(), &assignment.codes, num_cells);
    let base = rng.next_u64();
    let cells = (0..num_cells).into_par_iter().filter(|&nth| !members.frames_of(nth).is_empty());
    Ok(cells
        .map(|nth| {
            let mut rows = Rows::default();
            rows.gather(samples.view(), members.frames_of(nth));
            Cell::new(rows, dim, random::stream(base, Purpose::Init, nth as u64))
        })
        .collect())
}

/// Samples that lie near each other, and the seeds among them.
struct Cell {
    rows: Rows<'static>,
    /// Squared distance of each sample to the nearest seed of the cell.
    dists: Vec<f32>,
    /// Their sum.
    left: f64,
    /// The seeds row by row.
    seeds: Vec<f32>,
    rng: Pcg64,
}

impl Cell {
    /// A cell of one sample or more, one of which is its first seed.
    fn new(rows: Rows<'static>, dim: usize, mut rng: Pcg64) -> Self {
        let first = random::below(&mut rng, rows.num_rows());
        let seeds = rows.values().get(first * dim..(first + 1) * dim).unwrap_or_default().to_vec();
        let mut dists = Vec::new();
        let far = vec![f32::INFINITY; rows.num_rows()];
        let left = distances_with(&rows, &far, &seeds, &mut dists);
        Self { rows, dists, left, seeds, rng }
    }

    /// Adds `count` seeds; gives how many there were, fewer where every sample equals a seed and where the work is cancelled.
    fn grow(&mut self, count: usize, dim: usize, task: &Task<'_>) -> usize {
        let (mut trial, mut best) = (Vec::new(), Vec::new());
        for grown in 0..count {
            if task.check().is_err() {
                return grown;
            }
            let mut found: Option<(f64, usize)> = None;
            for _ in 0..DRAWS {
                let Some(draw) = draw(&self.dists, self.left, &mut self.rng) else { return grown };
                let left = distances_with(&self.rows, &self.dists, self.rows.row(draw), &mut trial);
                if found.is_none_or(|(least, _)| left < least) {
                    found = Some((left, draw));
                    std::mem::swap(&mut trial, &mut best);
                }
            }
            let Some((left, seed)) = found else { return grown };
            std::mem::swap(&mut self.dists, &mut best);
            self.left = left;
            self.seeds.extend_from_slice(&self.rows.values()[seed * dim..][..dim]);
        }
        count
    }
}

/// What `dists` become with one more seed; gives their sum.
fn distances_with(rows: &Rows<'_>, dists: &[f32], seed: &[f32], out: &mut Vec<f32>) -> f64 {
    out.clear();
    let rows = rows.values().chunks_exact(rows.dim().max(1));
    out.extend(rows.zip(dists).map(|(row, dist)| dist.min(sq_dist(row, seed))));
    out.iter().map(|&dist| f64::from(dist)).sum()
}

/// An index drawn in proportion to `weights`, which add up to `total`; `None` where all are zero.
fn draw(weights: &[f32], total: f64, rng: &mut Pcg64) -> Option<usize> {
    if total <= 0.0 || !total.is_finite() {
        return None;
    }
    let mut left = random::unit(rng) * total;
    for (idx, &weight) in weights.iter().enumerate() {
        left -= f64::from(weight);
        if left < 0.0 {
            return Some(idx);
        }
    }
    // Rounding may leave a little over: the last one with any weight then.
    weights.iter().rposition(|&weight| weight > 0.0)
}
