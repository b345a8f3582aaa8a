//! k-means from good seeds: what a layer starts with.
//!
//! What it costs grows with the square of the number of codes wherever the samples grow with it, so a large codebook starts another way: seeds in
//! cells (`cells.rs`), once; fewer samples a code; and no iterations that hardly gain.
//!
//! # What was tried
//! Seconds of one processor and the mean squared distance of all frames, with at most 50 iterations of Lloyd. "Before" is the best of three
//! k-means++ seedings and all iterations, each of which compares every sample with every mean.
//!
//! | frames, codes | before | now |
//! |---|---|---|
//! | uniform 70 000 x 8, 2048 | 4.5 s, 0.08825 | 1.5 s, 0.08810 |
//! | uniform 70 000 x 8, 4096 | 23.0 s, 0.06841 | 2.5 s, 0.06830 |
//! | uniform 70 000 x 8, 8192 | 28.4 s, 0.05014 | 3.6 s, 0.05014 |
//! | uniform 70 000 x 8, 65 536 | not done in a minute | 7.1 s, 0.00081 |
//! | mixture 65 536 x 32, 2048 | 4.0 s, 7.237 | 1.4 s, 7.209 |
//! | speech features 15 598 x 64, 2048 | 4.3 s, 323.6 | 1.5 s, 321.5 |
//! | speech features 15 598 x 64, 4096 | 8.2 s, 201.8 | 2.8 s, 201.1 |
//! | uniform 1500 x 64, 65 536 | 1.2 s, 0 | 0.3 s, 0 |
//!
//! To end at gains below 0.1 % and not below 0.01 % costs 0.05 % on the uniform frames with 8192 codes; kept is 0.03 %.

use std::collections::HashSet;

use ndarray::{Array2, ArrayView2, Axis};
use rand_pcg::Pcg64;

use crate::random;
use crate::rvq::rows::Rows;
use crate::task::{Cancelled, Task};
use crate::text::{Message, msg};

use super::cells::{filled_up, seeds_in_cells};
use super::lloyd::{EmptyCluster, KMeans, lloyd, lloyd_while_gaining, recount};
use super::plus_plus::kmeans_plus_plus;
use super::relocation::relocate;

/// Codes from which a codebook is a large one.
pub const MANY_CODES: usize = 2048;

/// Samples a code that k-means looks at.
const SAMPLES_A_CODE: usize = 64;

/// Samples that it looks at for a large codebook, unless these are fewer than `SEED_SAMPLES_A_CODE` for each code.
const MANY_SAMPLES: usize = 1 << 18;

/// Numbers in the samples for a large codebook, unless these are fewer than two samples a code: half a gibibyte.
const MANY_VALUES: usize = 1 << 27;

/// Samples a code that the seeding looks at. It costs a few passes a code, and more samples hardly make better seeds.
const SEED_SAMPLES_A_CODE: usize = 8;

/// What an iteration on a large codebook must gain, as a share of the objective, for another to follow.
const LEAST_GAIN: f64 = 3e-4;

/// The samples that [`seeded()`] gains from, of `dim` numbers each.
#[must_use]
pub fn samples_wanted(num_codes: usize, dim: usize) -> usize {
    let all = SAMPLES_A_CODE.saturating_mul(num_codes);
    if num_codes < MANY_CODES {
        return all;
    }
    let few = all.min(MANY_SAMPLES.max(SEED_SAMPLES_A_CODE.saturating_mul(num_codes)));
    few.min((MANY_VALUES / dim.max(1)).max(2 * num_codes))
}

/// k-means over `samples`, `(num_samples, dim)`, from k-means++ seeds; the counts are those of the means that it returns.
///
/// With fewer than [`MANY_CODES`] codes, those that save little are relocated on the way (`relocation.rs`); a code with fewer than `least` samples then
/// counts as saving nothing. A round of it costs a whole search, which larger codebooks do not get. Where there are no more samples than codes, the
/// samples themselves are the means. `iters` is the most that Lloyd takes.
///
/// # Errors
/// [`Cancelled`].
pub fn seeded(
    samples: ArrayView2<'_, f32>,
    num_codes: usize,
    iters: usize,
    least: f64,
    stage: &Message,
    rng: &mut Pcg64,
    task: &Task<'_>,
) -> Result<KMeans, Cancelled> {
    if samples.nrows() <= num_codes {
        return recount(samples, every_sample(samples, num_codes, rng), task);
    }
    let num_seeding = samples.nrows().min(SEED_SAMPLES_A_CODE.saturating_mul(num_codes));
    let seeding_stage = msg!("stage-seeding", stage = stage);
    let found = if num_codes < MANY_CODES {
        let drawn = random::choose(rng, samples.nrows(), num_seeding);
        let seeding = samples.select(Axis(0), &drawn);
        let tell = |seeds| task.progress(seeding_stage.clone(), seeds, num_codes);
        let seeds = kmeans_plus_plus(seeding.view(), num_codes, rng, task, tell)?;
        let (means, iters_left) = relocate(samples, seeds, iters, least, stage, task)?;
        lloyd(samples, means, iters_left, EmptyCluster::Worst, stage, task)?
    } else {
        let means = if num_seeding < samples.nrows() {
            let drawn = random::choose(rng, samples.nrows(), num_seeding);
            let seeding = samples.select(Axis(0), &drawn);
            seeds_in_cells(seeding.view(), num_codes, rng, &seeding_stage, task)?
        } else {
            seeds_in_cells(samples, num_codes, rng, &seeding_stage, task)?
        };
        lloyd_while_gaining(samples, means, iters, LEAST_GAIN, EmptyCluster::Worst, stage, task)?
    };
    recount(samples, found.means, task)
}

/// Each of `samples` that equals none before it, and behind them samples drawn at random: nothing is left to find where every sample has a code.
fn every_sample(samples: ArrayView2<'_, f32>, num_codes: usize, rng: &mut Pcg64) -> Array2<f32> {
    let samples = Rows::of(samples);
    // Adding zero makes one of the two zeros.
    let bits = |nth: usize| samples.row(nth).iter().map(|v| (v + 0.0).to_bits()).collect::<Vec<u32>>();
    let mut seen = HashSet::new();
    let new: Vec<usize> = (0..samples.num_rows()).filter(|&nth| seen.insert(bits(nth))).collect();
    filled_up(samples.view().select(Axis(0), &new).view(), &samples, num_codes, rng)
}
