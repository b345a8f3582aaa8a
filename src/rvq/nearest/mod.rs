//! Nearest-code search: which row of a codebook is closest to each frame.
//!
//! A code is chosen in two steps. Products of int8 roundings give every distance to within a bound that is known
//! (`screen`); the few codes whose bounds overlap are compared on their true distances, in f64 where f32 cannot
//! tell (`decide`). The result is the argmin of the f64 distance with the lowest index on ties, whatever the kernel,
//! the number of threads, or the mean and scale of the data: frames and codes are centred on the mean code first,
//! because `x² - 2xe + e²` loses the argmin far from the origin.
//!
//! What was tried, one thread, 1024 codes, in dense f32 Gflop/s for the same work, at 128 dimensions unless said:
//!
//! | way | Gflop/s | candidates a frame |
//! |---|---|---|
//! | f32 in 16 lanes | 200 (768-d: 160-200) | 1.0 |
//! | bf16 products, first version | 222 beside int8's 338 | 1.0-1.8 |
//! | int8, lists of candidates kept while screening, first version | 338 | 1.1 |
//! | int8, scores of 1024 codes kept, threshold from the lanes' minima | 390 | 1.1 |
//! | the same with the rotation and the passes over the scores in vectors | 506 (768-d: 613) | 1.1 |
//!
//! Kept: int8 with its bounds by panel, codes sorted by norm (one bound for the whole codebook leaves 3 to 100
//! candidates), and a rotation of groups of 16 dimensions, which takes raw speech features from 11 candidates to 6 and
//! residuals of unequal dimensions from 1.6 to 1.2; a full rotation gave no more. Left out: bf16, slower than int8 on
//! every machine that has both; scaling each dimension, which must be undone on the other side of the product and so
//! helps nothing where frames and codes share their large dimensions; a second int8 stage, as the decision takes 7 % of
//! the time; seeding the threshold from the last epoch's code, which could save a part of the pass over the minima,
//! 5 %; tiles of 16 or 32 frames, no faster.
//!
//! Several paths a frame, eight layers of 1024 codes, one thread of a Zen 4, thousands of vectors a second of CPU time, beside FAISS's beam with tables
//! in turns, for 5, 16 and 32 paths:
//!
//! | way | mixture, 128-d | speech features, 64-d |
//! |---|---|---|
//! | the frame's own scores in f32, a row of tables for each code; 32 paths without tables | 20, 10, 0.4 | 14, 6.1, 0.7 |
//! | scores from the trunk, sums in registers; int16 products in AVX2 or VNNI | 33, 17, 9 | 17, 6.1, 3.1 |
//! | a unit and a bound for codes of a length (AVX2) | 33, 17, 9.6 | 35, 14, 7.5 |
//! | the same with VNNI | 33, 18, 10 | 37, 14, 8.0 |
//! | FAISS 1.15 | 12, 6.7, 3.9 | 14, 7.3, 4.1 |
//!
//! What was tried after that, in microseconds of CPU time a vector beside the way before, in turns; medians of five runs over 8 000 to 16 000 frames, for 5, 16
//! and 32 paths, codebooks of three rounds of k-means:
//!
//! | kept: bounds by depth, fewer candidates sorted, int8 trunks while they pay | before | with all of it |
//! |---|---|---|
//! | VNNI, mixture, 128-d | 31.8, 57.9, 104 | 26.4, 52.2, 96 |
//! | VNNI, speech features, 64-d | 29.2, 65.2, 132 | 28.2, 57.2, 111 |
//! | AVX2, 128-d, 5 and 16 paths | 34.0, 58.5 | 33.4, 59.3 |
//! | AVX2, 64-d, 5 paths | 30.6 | 31.1 |
//! | VNNI, 256 codes, 128-d, 5 and 16 paths | 14.8, 34.1 | 14.7, 34.1 |
//!
//! `benches/speed.rs`, the way before and this one in turns, three rounds on the mixture, thousands of vectors a second: 24 to 30 and 29 to 34 along 5 paths,
//! 14 to 15 and 16 to 18 along 16, 9.3 to 9.6 and 9.4 to 9.6 along 32; held to AVX2 24 to 28 and 28 to 30, 14 to 15 and 13 to 16, 9.0 to 9.6 and 8.4 to 9.2.
//!
//! Runs of 1024 or 2048 frames, of which the clock tells 2 to 4 microseconds apart, were enough to leave out:
//!
//! | way | without it | with it |
//! |---|---|---|
//! | int8 for every trunk: speech, 5 and 16 paths | 25, 59 | 30, 77 |
//! | the same, mixture, 16 and 32 paths | 52, 91 | 62, 109 |
//! | no tables, each path's nearest codes on their own, 5 paths: mixture, speech | 27, 28 | 47, 34 |
//! | at least 4 or 8 groups of panels with bounds of their own, mixture, 16 paths | 50 | 71, 78 |
//! | tables on pages of 2 MiB | | no difference |
//!
//! Paths that are screened each on its own in int8 and then compared together (`each_path`) are better than that row says: they take less time than tables
//! for two paths of 128 dimensions and three of 64, and as long for three and five (`paths` has the figures). A step of training needs the nearest code of
//! every path besides, and its rows move with every step, so it searches so: eight layers of 256 codes, 4096 frames of speech along 12 paths took 0.59 s
//! with the nearest codes of each path on their own, and take 0.17.
//!
//! Tables of eight layers of 1024 codes are 57 MB, and five paths of a frame want 49 of their rows, 98 kB. Three frames of the mixture repeated, whose rows
//! lie in the cache, took 23 % less time than 70 000 different ones, so the memory counts. What was done about it, in seconds of CPU time for these 70 000
//! frames of 128 dimensions along five paths, the whole command, in turns, three times each:
//!
//! | way | seconds |
//! |---|---|
//! | 102 frames through all layers before the next; a frame's rows asked for while the one before is added up | 2.4 to 2.7 |
//! | 512 frames through a layer before the next layer | 2.3 to 2.5 |
//! | the same, `vpdpwssd` in assembly: the compiler makes two instructions of it | 2.2 to 2.4 |
//! | the same, rows asked for into the second cache while the trunks' products leave the memory idle | 2.0 to 2.1 |
//! | the same and a frame's rows asked for besides while the one before is added up | 2.1 to 2.2 |
//!
//! Of that the trunks take 34 %, at nine tenths of what the multipliers give (4100 cycles for a frame's 1024 codes of 128 dimensions), sums of rows 12 %,
//! thresholds and what is below them 11 %, decisions 11 %, squares 5 %, residuals 4 %.
//!
//! Left out after that: int8 trunks whose pairs are then put together from the true distance of the trunk, one for all paths that want the code. It brings
//! 50 to 120 pairs a frame down to the 7 to 13 that int16 leaves, and takes longer than it saves: 24 000 vectors a second for 32 000, since so many pairs
//! have to be found first. Candidates put in order one by one in place of the library's sort: no difference. Adding up what paths have in common but the
//! trunk has not: an earlier version gave nothing. Int8 products for each of five paths would be 10 000 cycles a layer at 128 dimensions.

mod arithmetic;
mod codebook;
mod decide;
mod each_path;
mod encode;
mod kernel;
mod layout;
mod path_scores;
mod paths;
mod row_table;
mod scratch;
mod screen;
mod simd;
mod tables;
#[cfg(test)]
mod tests;

use ndarray::ArrayView2;
use rayon::prelude::*;

pub(crate) use arithmetic::{add_rows, differences, differences_and_norms, subtract, subtract_rows};
use codebook::{Codebook, Prepare};
pub(crate) use decide::{Pick, compare_distances};
pub(crate) use each_path::Wanted;
pub use kernel::{Kernel, available_kernels};
use layout::TILE;
pub(crate) use path_scores::MAX_TABLE_PATHS;
pub(crate) use row_table::PathsSoFar;
pub use scratch::Scratch;
use simd::{Job, Simd, dispatch};
pub(crate) use tables::PathTables;

/// A codebook `(num_codes, dim)` made ready for many searches.
#[derive(Debug, Clone, Default)]
pub struct Searcher {
    book: Codebook,
    /// The kernel asked for; without one, the best for the codebook's dimension.
    choice: Option<Kernel>,
}

/// Frames that one task handles.
const BLOCK_FRAMES: usize = 256;

impl Searcher {
    /// Prepares `codebook`, `(num_codes, dim)`.
    #[must_use]
    pub fn new(codebook: ArrayView2<'_, f32>) -> Self {
        let mut searcher = Self::default();
        searcher.prepare(codebook);
        searcher
    }

    /// Prepares `codebook` for one kernel; plain Rust stands in for a kernel that this machine lacks.
    #[must_use]
    pub fn with_kernel(codebook: ArrayView2<'_, f32>, kernel: Kernel) -> Self {
        let mut searcher = Self { choice: Some(kernel), ..Self::default() };
        searcher.prepare(codebook);
        searcher
    }

    /// The kernel in use.
    #[must_use]
    pub fn kernel(&self) -> Kernel {
        self.choice.unwrap_or_else(|| Kernel::best(self.book.dim))
    }

    /// Prepares another codebook, reusing the memory of the last.
    pub fn prepare(&mut self, codebook: ArrayView2<'_, f32>) {
        self.book.read(codebook);
        if self.book.dim > 0 {
            dispatch(self.kernel(), Prepare(&mut self.book));
        }
    }

    /// Writes the nearest code of each frame, and its squared distance.
    ///
    /// `frames` is `(codes.len(), dim)` row by row. The code is the one of the smallest distance in f64, the lowest
    /// index on ties; the distance is a sum of `(x - e)²` in f32, in one order everywhere. Runs on the current rayon
    /// pool; the result depends neither on the number of threads nor on the kernel.
    pub fn assign(&self, frames: &[f32], codes: &mut [u32], sq_dists: &mut [f32]) {
        if self.book.dim == 0 {
            return self.assign_block(frames, codes, sq_dists, &mut Scratch::default());
        }
        frames
            .par_chunks(BLOCK_FRAMES * self.book.dim)
            .zip(codes.par_chunks_mut(BLOCK_FRAMES))
            .zip(sq_dists.par_chunks_mut(BLOCK_FRAMES))
            .for_each_init(Scratch::default, |scratch, ((frames, codes), sq_dists)| {
                self.assign_block(frames, codes, sq_dists, scratch);
            });
    }

    /// Does what [`assign`](Self::assign) does, on this thread and in the memory of `scratch`.
    pub fn assign_block(
        &self,
        frames: &[f32],
        codes: &mut [u32],
        sq_dists: &mut [f32],
        scratch: &mut Scratch,
    ) {
        self.nearest_m_block(frames, 1, codes, sq_dists, scratch);
    }

    /// Writes the `m` nearest codes of each frame, nearest first, the lower index first on ties, and their squared
    /// distances; all are `(num_frames, m)` row by row.
    ///
    /// The order is that of the distances in f64. Where the codebook has fewer than `m` codes, the rest is `u32::MAX`
    /// at an infinite distance.
    pub fn nearest_m_block(
        &self,
        frames: &[f32],
        m: usize,
        codes: &mut [u32],
        sq_dists: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let Self { book, .. } = self;
        if m == 0 || codes.is_empty() {
            return;
        }
        if book.dim == 0 || book.num_codes == 0 {
            codes.fill(0);
            sq_dists.fill(if book.num_codes == 0 { f32::INFINITY } else { 0.0 });
            return;
        }
        debug_assert_eq!(frames.len() * m, codes.len() * book.dim);
        dispatch(self.kernel(), Search { book, frames, m, codes, sq_dists, scratch });
    }
}

/// The search of one block.
struct Search<'a> {
    book: &'a Codebook,
    frames: &'a [f32],
    m: usize,
    codes: &'a mut [u32],
    sq_dists: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl Job for Search<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { book, frames, m, codes, sq_dists, scratch } = self;
        let tile_len = TILE * book.dim;
        let tiles =
            frames.chunks(tile_len).zip(codes.chunks_mut(TILE * m)).zip(sq_dists.chunks_mut(TILE * m));
        for (t, ((tile, codes), dists)) in tiles.enumerate() {
            simd.prefetch(
                frames.get((t + 1) * tile_len..).map_or(&[], |rest| &rest[..tile_len.min(rest.len())]),
            );
            screen::screen_tile(simd, book, tile, m, scratch);
            let outs = codes.chunks_exact_mut(m).zip(dists.chunks_exact_mut(m));
            for (f, (frame, (codes, dists))) in tile.chunks_exact(book.dim).zip(outs).enumerate() {
                let Scratch { candidates, ranking, .. } = &mut *scratch;
                decide::decide(book, frame, &candidates[f], ranking, codes, dists);
            }
        }
    }
}

/// The nearest code of each frame `(num_frames, dim)` and its squared distance, in f64 and one pair at a time: the
/// oracle for every faster way.
#[must_use]
pub fn nearest_naive(frames: ArrayView2<'_, f32>, codebook: ArrayView2<'_, f32>) -> (Vec<u32>, Vec<f64>) {
    frames
        .rows()
        .into_iter()
        .map(|frame| {
            let mut best = (0, f64::INFINITY);
            for (k, row) in codebook.rows().into_iter().enumerate() {
                let d: f64 =
                    frame.iter().zip(row).map(|(&x, &e)| (f64::from(x) - f64::from(e)).powi(2)).sum();
                if d < best.1 {
                    best = (k as u32, d);
                }
            }
            best
        })
        .unzip()
}
