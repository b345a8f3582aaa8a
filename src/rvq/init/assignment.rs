//! Each sample's nearest mean, kept up to date while the means move.
//!
//! Between two iterations of k-means most means of a large codebook may stay where they are. A sample whose mean did not move away from it can
//! only change to one that moved, so it is compared with those alone; the codes are those of a full search, to the last tie (Kaukoranta, Fränti
//! and Nevalainen, 2000).

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;

use crate::rvq::nearest::{Scratch, Searcher, compare_distances};
use crate::rvq::rows::Rows;
use crate::rvq::shared_assignment;
use crate::task::{Cancelled, Task};

/// Samples that one task takes: the longest piece of work that cancelling waits for.
const BLOCK: usize = 256;

/// Work between two looks at progress, in comparisons of a sample with a mean, each as `dim + OVERHEAD`: about a fifth of a second of two cores.
const PIECE: u64 = 1 << 35;

/// What a comparison costs besides its dimensions, in dimensions.
const OVERHEAD: usize = 64;

/// The nearest mean of each sample.
#[derive(Debug, Default)]
pub(super) struct Assignment {
    /// By sample.
    pub(super) codes: Vec<u32>,
    /// Squared distance of each sample to its mean.
    pub(super) sq_dists: Vec<f32>,
    /// All means.
    searcher: Searcher,
    /// Those that moved, and which they are, in ascending order.
    moved_searcher: Searcher,
    moved: Vec<u32>,
}

/// What a sample is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Against {
    Every,
    /// Its own mean and those that moved.
    Moved,
}

/// Rows of a block that are searched together, and what was found.
#[derive(Default)]
struct Group {
    nth: Vec<usize>,
    rows: Vec<f32>,
    codes: Vec<u32>,
    sq_dists: Vec<f32>,
    scratch: Scratch,
}

impl Assignment {
    /// Finds the nearest of `means` for each of `samples`; `tell` hears how many pieces are done.
    pub(super) fn find(
        &mut self,
        samples: &Rows<'_>,
        means: ArrayView2<'_, f32>,
        task: &Task<'_>,
        tell: impl Fn(usize),
    ) -> Result<(), Cancelled> {
        let Self { codes, sq_dists, searcher, .. } = self;
        codes.resize(samples.num_rows(), 0);
        sq_dists.resize(samples.num_rows(), 0.0);
        searcher.prepare(means);
        if task.ranks().size() > 1 {
            return shared_assignment::assign(searcher, samples, codes, sq_dists, task);
        }
        search_in_pieces(searcher, piece_len(means), samples, codes, sq_dists, task, tell)
    }

    /// Does what [`find`](Self::find) does, where the samples are assigned to `before` and `means` is where those have moved.
    pub(super) fn follow(
        &mut self,
        samples: &Rows<'_>,
        before: ArrayView2<'_, f32>,
        means: ArrayView2<'_, f32>,
        task: &Task<'_>,
        tell: impl Fn(usize),
    ) -> Result<(), Cancelled> {
        // Several ranks each search a part; what one may leave out there is little.
        if task.ranks().size() > 1 {
            return self.find(samples, means, task, tell);
        }
        let has_moved: Vec<bool> = means.rows().into_iter().zip(before.rows()).map(|(a, b)| a != b).collect();
        self.moved.clear();
        self.moved.extend((0..).zip(&has_moved).filter(|&(_, &moved)| moved).map(|(code, _)| code));
        if self.moved.is_empty() {
            return Ok(());
        }
        // Little is saved where most have moved.
        if self.moved.len() * 8 > has_moved.len() * 7 {
            return self.find(samples, means, task, tell);
        }
        let (before, means) = (Rows::of(before), Rows::of(means));
        let against = |sample: usize, code: u32| {
            let (row, code) = (samples.row(sample), code as usize);
            let is_farther = || compare_distances(row, means.row(code), before.row(code)).is_gt();
            if has_moved[code] && is_farther() { Against::Every } else { Against::Moved }
        };
        let against: Vec<Against> = self
            .codes
            .par_iter()
            .enumerate()
            .with_min_len(BLOCK)
            .map(|(n, &code)| against(n, code))
            .collect();
        if against.contains(&Against::Every) {
            self.searcher.prepare(means.view());
        }
        let moved: Vec<usize> = self.moved.iter().map(|&code| code as usize).collect();
        self.moved_searcher.prepare(means.view().select(Axis(0), &moved).view());
        self.search(samples, &means, &against, task, tell)
    }

    /// Searches for the samples, each against what it is to be compared with.
    fn search(
        &mut self,
        samples: &Rows<'_>,
        means: &Rows<'_>,
        against: &[Against],
        task: &Task<'_>,
        tell: impl Fn(usize),
    ) -> Result<(), Cancelled> {
        let Self { codes, sq_dists, searcher, moved_searcher, moved } = self;
        let dim = samples.dim().max(1);
        let piece = piece_len(means.view());
        let pieces = codes.chunks_mut(piece).zip(sq_dists.chunks_mut(piece)).zip(against.chunks(piece));
        for (nth, ((codes, sq_dists), against)) in pieces.enumerate() {
            tell(nth);
            let rows = &samples.values()[nth * piece * dim..][..codes.len() * dim];
            let blocks = rows.par_chunks(BLOCK * dim).zip(codes.par_chunks_mut(BLOCK));
            let blocks = blocks.zip(sq_dists.par_chunks_mut(BLOCK)).zip(against.par_chunks(BLOCK));
            blocks.for_each_init(Group::default, |group, (((rows, codes), sq_dists), against)| {
                if task.check().is_err() {
                    return;
                }
                group.search(searcher, rows, dim, |n| against[n] == Against::Every);
                for ((&n, &code), &sq_dist) in group.nth.iter().zip(&group.codes).zip(&group.sq_dists) {
                    (codes[n], sq_dists[n]) = (code, sq_dist);
                }
                group.search(moved_searcher, rows, dim, |n| against[n] == Against::Moved);
                for ((&n, &found), &sq_dist) in group.nth.iter().zip(&group.codes).zip(&group.sq_dists) {
                    let (own, other) = (codes[n], moved[found as usize]);
                    let [to_own, to_other] = [own, other].map(|code| means.row(code as usize));
                    let order = compare_distances(&rows[n * dim..][..dim], to_other, to_own);
                    // Its own mean may be the one that was found: its distance is a new one then.
                    if order.then(other.cmp(&own)).is_le() {
                        (codes[n], sq_dists[n]) = (other, sq_dist);
                    }
                }
            });
            task.check()?;
        }
        Ok(())
    }
}

/// [`Searcher::assign`] for a long search: it can be cancelled between blocks, and `tell` hears how many pieces of `piece` samples are done.
///
/// # Errors
/// [`Cancelled`]; what was found is not to be used then.
pub(crate) fn search_in_pieces(
    searcher: &Searcher,
    piece: usize,
    samples: &Rows<'_>,
    codes: &mut [u32],
    sq_dists: &mut [f32],
    task: &Task<'_>,
    tell: impl Fn(usize),
) -> Result<(), Cancelled> {
    let dim = samples.dim().max(1);
    let pieces = samples.values().chunks(piece * dim).zip(codes.chunks_mut(piece));
    for (nth, ((rows, codes), sq_dists)) in pieces.zip(sq_dists.chunks_mut(piece)).enumerate() {
        tell(nth);
        let blocks = rows.par_chunks(BLOCK * dim).zip(codes.par_chunks_mut(BLOCK));
        let search = |scratch: &mut Scratch,
                      ((rows, codes), sq_dists): ((&[f32], &mut [u32]), &mut [f32])| {
            if task.check().is_ok() {
                searcher.assign_block(rows, codes, sq_dists, scratch);
            }
        };
        blocks.zip(sq_dists.par_chunks_mut(BLOCK)).for_each_init(Scratch::default, search);
        task.check()?;
    }
    Ok(())
}

impl Group {
    /// Searches for those rows of a block that `is_in`.
    fn search(&mut self, searcher: &Searcher, rows: &[f32], dim: usize, is_in: impl Fn(usize) -> bool) {
        let Self { nth, rows: own, codes, sq_dists, scratch } = self;
        nth.clear();
        own.clear();
        for (n, row) in rows.chunks_exact(dim).enumerate().filter(|&(n, _)| is_in(n)) {
            nth.push(n);
            own.extend_from_slice(row);
        }
        codes.resize(nth.len(), 0);
        sq_dists.resize(nth.len(), 0.0);
        if !nth.is_empty() {
            searcher.assign_block(own, codes, sq_dists, scratch);
        }
    }
}

/// Pieces of a search of `num_samples` samples: how often it tells how far it is.
pub(crate) fn num_pieces(num_samples: usize, means: ArrayView2<'_, f32>) -> usize {
    num_samples.div_ceil(piece_len(means)).max(1)
}

/// Samples of a piece, whole blocks: enough for many threads, few enough for progress to move.
pub(crate) fn piece_len(means: ArrayView2<'_, f32>) -> usize {
    let (num_codes, dim) = means.dim();
    let work = num_codes as u64 * (dim + OVERHEAD) as u64;
    // No more than an index can hold, whatever the machine.
    let len = (PIECE / work.max(1)).min(1 << 24) as usize;
    (len / BLOCK).max(8) * BLOCK
}
