//! The search along several paths of each frame, which compete for their next codes.
//!
//! With tables, a frame is screened once for all its paths. One that chose the codes `e_j` before has `r = x - sum e_j` left, and its scores
//! `|c|^2 - 2 r.c` differ from those of another path of the frame by `sum 2 e_j.c` over the codes that are not the same: rows of tables, added up in 16
//! bits. What each of them may be off is known, so every pair of path and code that may be among the best is compared on its true distance, as without
//! tables.

#[cfg(test)]
mod tests;

use std::sync::atomic::Ordering;

use super::decide::{Pick, Ranking, decide_paths};
use super::each_path::{EachPath, Wanted};
use super::layout::TILE;
use super::path_scores::{
    MAX_TABLE_PATHS, collect_pairs, fill_spans, fill_squares, path_scores, trunk_scores,
};
use super::row_table::PathsSoFar;
use super::scratch::{Scratch, tiles_of};
use super::simd::{Job, Simd, dispatch};
use super::tables::PathTables;
use super::{Codebook, Searcher};

/// Products of codes and dimensions on which int8 saves about what it costs to compare one more pair.
const PRODUCTS_OF_A_PAIR: usize = 2048;

/// What screening a path on its own costs besides its dimensions, in dimensions.
const OVERHEAD: usize = 64;

/// Paths and their dimensions up to which it is quicker to screen each path on its own than to add up rows of tables. With 1024 trained codes, seconds with
/// tables and without: 128 dimensions, 2 paths 1.72 and 1.49, 3 paths 2.19 and 2.25; 64 dimensions, 3 paths 1.27 and 1.16, 5 paths 1.82 and 1.84, 8 paths
/// 2.21 and 2.70.
const MOST_ALONE: usize = 512;

impl Searcher {
    /// Whether tables gain nothing for so many paths of a frame.
    pub(crate) fn screens_each_path(&self, paths: usize) -> bool {
        self.kernel().has_dot_products() && paths.saturating_mul(self.book.dim + OVERHEAD) <= MOST_ALONE
    }

    /// A code's row as it came: what the search has just compared.
    pub(crate) fn row(&self, code: u32) -> &[f32] {
        self.book.row(code)
    }

    /// Writes the best ways to continue the paths of each frame, `(num_frames, picks.len() / num_frames)`: nearest first, on ties the lower path,
    /// then the lower code. With `keeps_first`, the nearest code of the first path comes before all others.
    ///
    /// The order is that of the distances in f64, with tables or without. Where there are fewer ways than places, the rest is [`Pick::NONE`].
    ///
    /// Gives the number of frames for which the tables did not serve.
    pub(crate) fn best_of_paths(
        &self,
        tables: Option<&PathTables>,
        so_far: PathsSoFar<'_>,
        keeps_first: bool,
        picks: &mut [Pick],
        scratch: &mut Scratch,
    ) -> usize {
        let dim = self.book.dim;
        let num_frames = so_far.num_frames();
        let kept = picks.len().checked_div(num_frames).unwrap_or(0);
        if kept == 0 || self.book.num_codes == 0 {
            picks.fill(Pick::NONE);
            return 0;
        }
        let Some(tables) = tables.filter(|_| kept.max(so_far.paths) <= MAX_TABLE_PATHS) else {
            let wanted = Wanted { paths: so_far.paths, keeps_first, picks, nearest: None };
            self.best_of_each_path(so_far.residual, wanted, scratch);
            return num_frames;
        };
        let mut left = Vec::new();
        let is_coarse = self.screens_coarsely(tables, so_far.paths);
        let (kernel, book) =
            if is_coarse { (self.kernel(), &self.book) } else { (tables.kernel, &tables.book) };
        let both = (book, tables);
        let screen = Screen {
            both,
            rows: &self.book,
            so_far,
            keeps_first,
            kept,
            picks: &mut *picks,
            scratch,
            left: &mut left,
        };
        let num_pairs = dispatch(kernel, screen);
        // A few frames do not tell.
        let most = num_frames * (kept + dim * self.book.num_codes / PRODUCTS_OF_A_PAIR);
        if is_coarse && num_frames >= TILE && num_pairs > most {
            tables.coarse_paths.fetch_min(so_far.paths - 1, Ordering::Relaxed);
        }
        for &frame in &left {
            let residual = &so_far.residual[frame * so_far.paths * dim..][..so_far.paths * dim];
            let picks = &mut picks[frame * kept..][..kept];
            let wanted = Wanted { paths: so_far.paths, keeps_first, picks, nearest: None };
            self.best_of_each_path(residual, wanted, scratch);
        }
        left.len()
    }

    /// Whether trunks are screened in int8, which costs half of what int16 does and leaves more pairs: how many, the frames before have shown.
    fn screens_coarsely(&self, tables: &PathTables, paths: usize) -> bool {
        self.kernel().has_dot_products()
            && self.book.can_screen
            && paths <= tables.coarse_paths.load(Ordering::Relaxed)
    }

    /// Writes what is wanted of frames whose paths left `residual` over, `(num_frames, paths, dim)`. Each path is screened on its own.
    pub(crate) fn best_of_each_path(&self, residual: &[f32], mut wanted: Wanted<'_>, scratch: &mut Scratch) {
        let book = &self.book;
        let num_frames = residual.len().checked_div(wanted.paths * book.dim).unwrap_or(0);
        if wanted.kept(num_frames) == 0 || book.num_codes == 0 {
            return wanted.picks.fill(Pick::NONE);
        }
        let mut left = Vec::new();
        dispatch(self.kernel(), EachPath { book, residual, wanted: &mut wanted, scratch, left: &mut left });
        let len = wanted.paths * book.dim;
        for &frame in &left {
            let residual = &residual[frame * len..][..len];
            self.search_one_by_one(residual, wanted.of(num_frames, frame..frame + 1), scratch);
        }
    }

    /// Searches for the codes of each path on its own, and then lets those of the frame compete: numbers as large as theirs have no bounds.
    fn search_one_by_one(&self, residual: &[f32], wanted: Wanted<'_>, scratch: &mut Scratch) {
        let Wanted { paths, keeps_first, picks, nearest } = wanted;
        let tried = picks.len().min(self.book.num_codes);
        let mut codes = vec![0; paths * tried];
        let mut dists = vec![0.0; codes.len()];
        self.nearest_m_block(residual, tried, &mut codes, &mut dists, scratch);
        let pairs: Vec<_> =
            codes.iter().enumerate().map(|(nth, &code)| ((nth / tried) as u32, code)).collect();
        let ranking = &mut scratch.ranking;
        dispatch(
            self.kernel(),
            Decide { book: &self.book, residual, pairs: &pairs, keeps_first, ranking, picks, nearest },
        );
    }
}

/// The decision between pairs that were found path by path.
struct Decide<'a> {
    book: &'a Codebook,
    residual: &'a [f32],
    pairs: &'a [(u32, u32)],
    keeps_first: bool,
    ranking: &'a mut Ranking,
    picks: &'a mut [Pick],
    nearest: Option<(&'a mut [u32], &'a mut [f32])>,
}

impl Job for Decide<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { book, residual, pairs, keeps_first, ranking, picks, nearest } = self;
        decide_paths(book, residual, pairs, keeps_first, ranking, picks, nearest);
    }
}

/// The search through tables, which gives how many pairs were compared; the frames that they do not serve are added to `left`.
struct Screen<'a> {
    /// The codebook for the kernel that runs this, and the tables.
    both: (&'a Codebook, &'a PathTables),
    /// The codebook whose rows are compared, in the same order.
    rows: &'a Codebook,
    so_far: PathsSoFar<'a>,
    keeps_first: bool,
    kept: usize,
    picks: &'a mut [Pick],
    scratch: &'a mut Scratch,
    left: &'a mut Vec<usize>,
}

impl Job for Screen<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> usize {
        let Self { both, rows, so_far, keeps_first, kept, picks, scratch, left } = self;
        let (num_frames, len) = (so_far.num_frames(), so_far.paths * rows.dim);
        let mut num_pairs = 0;
        fill_spans(both, so_far.paths, kept, &mut scratch.paths.spans);
        let at_once = tiles_of(so_far.paths) * TILE;
        for first in (0..num_frames).step_by(at_once) {
            let frames = first..num_frames.min(first + at_once);
            trunk_scores(simd, both, so_far, frames.clone(), scratch);
            for (nth, frame) in frames.enumerate() {
                let Scratch { paths, ranking, .. } = &mut *scratch;
                if !fill_squares(both, so_far, frame, nth, paths) {
                    left.push(frame);
                    continue;
                }
                path_scores(simd, both.1, so_far.paths, nth, paths);
                collect_pairs(simd, rows, keeps_first, kept, paths);
                let residual = &so_far.residual[frame * len..][..len];
                let picks = &mut picks[frame * kept..][..kept];
                num_pairs += paths.pairs.len();
                decide_paths(rows, residual, &paths.pairs, keeps_first, ranking, picks, None);
            }
        }
        num_pairs
    }
}
