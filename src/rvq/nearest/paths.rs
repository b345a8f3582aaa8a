//! The search along several paths of each frame, which compete for their next codes.
//!
//! With tables, a frame is screened once for all its paths. One that chose the codes `e_j` before has `r = x - sum e_j` left, and
//! `|c|^2 - 2 r.c = |c|^2 - 2 x.c + sum 2 e_j.c`: a row of the frame's own scores and rows of the tables, added up in 16 bits. What each of them may
//! be off is known, so every pair of path and code that may be among the best is compared on its true distance, as without tables.

use super::decide::{Pick, Ranked, decide_paths, slack, sq_dist};
use super::layout::{Lanes, PANEL, TILE};
use super::scratch::{PathScratch, Scratch, TILES};
use super::screen;
use super::simd::{Job, Simd, dispatch};
use super::tables::{LARGEST_PART, LARGEST_SCORE, PathTables, units};
use super::{Codebook, Searcher};

/// Paths of a frame up to which tables are used: beyond, the lanes are too few to tell the best pairs from.
pub const MAX_TABLE_PATHS: usize = 16;

/// The paths of some frames.
#[derive(Debug, Clone, Copy)]
pub struct PathsSoFar<'a> {
    /// Paths of each frame.
    pub paths: usize,
    /// `(num_frames, dim)`: what the first layer saw.
    pub frames: &'a [f32],
    /// What the paths left over, `(num_frames, paths, dim)`.
    pub residual: &'a [f32],
    /// The codes they chose, `(num_frames, paths, num_layers)`; those of the layers to come may be anything.
    pub codes: &'a [u32],
    /// How far `residual` may be, by its roundings, from the frame less the chosen rows; a norm, `(num_frames, paths)`.
    pub drift: &'a [f32],
}

impl Searcher {
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
        let num_frames = so_far.frames.len() / dim.max(1);
        let kept = picks.len().checked_div(num_frames).unwrap_or(0);
        if kept == 0 || self.book.num_codes == 0 {
            picks.fill(Pick::NONE);
            return 0;
        }
        let Some(tables) = tables.filter(|_| kept.max(so_far.paths) <= MAX_TABLE_PATHS) else {
            self.search_each_path(so_far.residual, so_far.paths, kept, keeps_first, picks, scratch);
            return num_frames;
        };
        let mut left = Vec::new();
        let screen =
            Screen { tables, so_far, keeps_first, kept, picks: &mut *picks, scratch, left: &mut left };
        dispatch(tables.kernel, screen);
        for &frame in &left {
            let residual = &so_far.residual[frame * so_far.paths * dim..][..so_far.paths * dim];
            let picks = &mut picks[frame * kept..][..kept];
            self.search_each_path(residual, so_far.paths, kept, keeps_first, picks, scratch);
        }
        left.len()
    }

    /// Searches for the codes of each path on its own, and then lets those of a frame compete.
    fn search_each_path(
        &self,
        residual: &[f32],
        paths: usize,
        kept: usize,
        keeps_first: bool,
        picks: &mut [Pick],
        scratch: &mut Scratch,
    ) {
        let dim = self.book.dim;
        let tried = kept.min(self.book.num_codes);
        let mut codes = vec![0; residual.len() / dim * tried];
        let mut dists = vec![0.0; codes.len()];
        self.nearest_m_block(residual, tried, &mut codes, &mut dists, scratch);
        let frames = residual.chunks_exact(paths * dim).zip(codes.chunks_exact(paths * tried));
        for ((residual, codes), picks) in frames.zip(picks.chunks_exact_mut(kept)) {
            let Scratch { paths: PathScratch { pairs, .. }, ranked, .. } = &mut *scratch;
            pairs.clear();
            pairs.extend(codes.iter().enumerate().map(|(nth, &code)| ((nth / tried) as u32, code)));
            dispatch(self.kernel(), Decide { book: &self.book, residual, pairs, keeps_first, ranked, picks });
        }
    }
}

/// The decision between pairs that were found path by path.
struct Decide<'a> {
    book: &'a Codebook,
    residual: &'a [f32],
    pairs: &'a [(u32, u32)],
    keeps_first: bool,
    ranked: &'a mut Vec<Ranked>,
    picks: &'a mut [Pick],
}

impl Job for Decide<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { book, residual, pairs, keeps_first, ranked, picks } = self;
        decide_paths(book, residual, pairs, keeps_first, ranked, picks);
    }
}

/// The search through tables; the frames that they do not serve are added to `left`.
struct Screen<'a> {
    tables: &'a PathTables,
    so_far: PathsSoFar<'a>,
    keeps_first: bool,
    kept: usize,
    picks: &'a mut [Pick],
    scratch: &'a mut Scratch,
    left: &'a mut Vec<usize>,
}

impl Job for Screen<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { tables, so_far, keeps_first, kept, picks, scratch, left } = self;
        let PathTables { book, num_places, step, .. } = tables;
        let inverse = 1.0 / step;
        let mut lanes = [Lanes::default(); TILE];
        for (g, frames) in so_far.frames.chunks(TILES * TILE * book.dim).enumerate() {
            let num_frames = frames.len() / book.dim;
            let num_tiles = num_frames.div_ceil(TILE);
            for (t, frames) in frames.chunks(TILE * book.dim).enumerate() {
                screen::encode_tile(S::FORMAT, book, frames, scratch);
                let (tile, bounds) = &mut scratch.paths.tiles[t];
                std::mem::swap(tile, &mut scratch.tile);
                *bounds = scratch.bounds;
            }
            let PathScratch { tiles, own, .. } = &mut scratch.paths;
            own.resize(TILES * TILE * num_places, 0);
            for (p, (panel, codes)) in book.panels.chunks_exact(book.num_words).zip(&book.codes).enumerate() {
                let tiles = tiles[..num_tiles].iter().zip(own.chunks_exact_mut(TILE * num_places));
                for ((tile, _), own) in tiles {
                    simd.scores(panel, codes, tile, &mut lanes);
                    for (own, lanes) in own.chunks_exact_mut(*num_places).zip(&lanes) {
                        let own = &mut own[p * PANEL..][..PANEL];
                        for l in 0..PANEL {
                            own[l] = units(lanes.0[l], inverse);
                        }
                    }
                }
            }
            for own in own.chunks_exact_mut(*num_places) {
                own[book.num_codes..].fill(i16::MAX);
            }
            for f in 0..num_frames {
                let frame = g * TILES * TILE + f;
                if pairs_of_frame(simd, tables, so_far, frame, f, keeps_first, kept, &mut scratch.paths) {
                    let paths =
                        &so_far.residual[frame * so_far.paths * book.dim..][..so_far.paths * book.dim];
                    let Scratch { paths: PathScratch { pairs, .. }, ranked, .. } = &mut *scratch;
                    let picks = &mut picks[frame * kept..][..kept];
                    decide_paths(book, paths, pairs, keeps_first, ranked, picks);
                } else {
                    left.push(frame);
                }
            }
        }
    }
}

/// Collects every pair of path and code that may be wanted of a frame, which is `f` of the tiles; false where 16 bits or f32 cannot tell.
#[inline(always)]
fn pairs_of_frame<S: Simd>(
    simd: S,
    tables: &PathTables,
    so_far: PathsSoFar<'_>,
    frame: usize,
    f: usize,
    keeps_first: bool,
    kept: usize,
    scratch: &mut PathScratch,
) -> bool {
    let PathTables { book, num_places, step, length, .. } = tables;
    let PathScratch { tiles, own, scores, least, squares, pairs } = scratch;
    let bounds = tiles[f / TILE].1[f % TILE];
    let inverse = 1.0 / step;
    // Written so that what is not a number fails.
    if !(bounds.threshold > f32::NEG_INFINITY && tables.largest_score(bounds) * inverse < LARGEST_PART) {
        return false;
    }
    let own = &own[f * num_places..][..*num_places];
    let num_earlier = tables.tables.len();
    let num_layers = so_far.codes.len() / so_far.drift.len();
    scores.resize(so_far.paths * num_places, 0);
    least.resize(so_far.paths, [0; PANEL]);
    squares.resize(so_far.paths, 0);
    // Units of a squared norm as the frames have it.
    let unit_scale = f64::from(book.scale).powi(2) * f64::from(inverse);
    let mut off = 0.0f32;
    for p in 0..so_far.paths {
        let path = frame * so_far.paths + p;
        let square = f64::from(sq_dist(&so_far.residual[path * book.dim..][..book.dim], &book.centre));
        let square_off = (slack(square, book.dim) * unit_scale) as f32;
        let norm = square.sqrt() as f32 * book.scale * 1.001;
        let drift = so_far.drift[path] * book.scale;
        let parts = tables.score_error(bounds) + num_earlier as f32 * tables.error + 2.0 * drift * length;
        // Half a unit for each part of the sum and for the square; the rest is for the roundings of this very sum.
        let path_off = parts * inverse * 1.01 + square_off + 0.5 * (num_earlier + 2) as f32 + 0.1;
        let fits = (length * length + 2.0 * norm * length) * inverse * 1.001 + path_off < LARGEST_SCORE;
        if !fits {
            return false;
        }
        off = off.max(path_off);
        squares[p] = (square * unit_scale).round() as i32;
        let sums = &mut scores[p * num_places..][..*num_places];
        let row = |earlier: usize| {
            let code = so_far.codes[path * num_layers + earlier] as usize;
            &tables.tables[earlier][code * num_places..][..*num_places]
        };
        add_up(sums, own, num_earlier, row);
        least[p] = least_of_lanes(sums);
        // The rows of the next frame come from the last cache or from memory, a path's worth at a time.
        let next = so_far.codes.get((path + so_far.paths) * num_layers..).unwrap_or(&[]);
        for (table, &code) in tables.tables.iter().zip(next) {
            simd.prefetch(&table[code as usize * num_places..][..*num_places]);
        }
    }
    let margin = 2 * (off.ceil() as i32 + 1);
    let limit = nth_smallest(squares, least, kept).saturating_add(margin);
    pairs.clear();
    for (p, (square, least)) in squares.iter().zip(&*least).enumerate() {
        let limit = if p == 0 && keeps_first {
            limit.max(
                nth_smallest(std::slice::from_ref(square), std::slice::from_ref(least), 1)
                    .saturating_add(margin),
            )
        } else {
            limit
        };
        // What is left for the score itself; empty places are above it.
        let limit = (limit - square).clamp(i16::MIN.into(), i32::from(i16::MAX) - 1) as i16;
        if !is_any_at_most(least, limit) {
            continue;
        }
        let panels = scores[p * num_places..][..*num_places].as_chunks::<PANEL>().0;
        for (panel, scores) in panels.iter().enumerate() {
            if !is_any_at_most(scores, limit) {
                continue;
            }
            for lane in 0..PANEL {
                if scores[lane] <= limit
                    && let Some(&(code, num_copies)) = book.places.get(panel * PANEL + lane)
                    && (num_copies as usize) < kept
                {
                    pairs.push((p as u32, code));
                }
            }
        }
    }
    true
}

/// Whether a score is at most `limit`.
#[inline(always)]
fn is_any_at_most(scores: &[i16; PANEL], limit: i16) -> bool {
    // No early way out, so that it is a handful of vector instructions.
    let mut any = 0;
    for &score in scores {
        any |= i16::from(score <= limit);
    }
    any != 0
}

/// `sums = own + row(0) + ... `, all modulo 2^16.
#[inline(always)]
fn add_up<'a>(sums: &mut [i16], own: &[i16], num_rows: usize, row: impl Fn(usize) -> &'a [i16]) {
    let mut done = 2 - num_rows % 2;
    if num_rows == 0 {
        sums.copy_from_slice(own);
    } else if done == 1 {
        for ((sum, own), a) in sums.iter_mut().zip(own).zip(row(0)) {
            *sum = own.wrapping_add(*a);
        }
    } else {
        for (((sum, own), a), b) in sums.iter_mut().zip(own).zip(row(0)).zip(row(1)) {
            *sum = own.wrapping_add(a.wrapping_add(*b));
        }
    }
    while done < num_rows {
        for ((sum, a), b) in sums.iter_mut().zip(row(done)).zip(row(done + 1)) {
            *sum = sum.wrapping_add(a.wrapping_add(*b));
        }
        done += 2;
    }
}

#[inline(always)]
fn least_of_lanes(scores: &[i16]) -> [i16; PANEL] {
    let mut least = [i16::MAX; PANEL];
    for scores in scores.as_chunks::<PANEL>().0 {
        for l in 0..PANEL {
            least[l] = if scores[l] < least[l] { scores[l] } else { least[l] };
        }
    }
    least
}

/// The `n`-th smallest of the lanes of all paths, their squares added.
#[inline(always)]
fn nth_smallest(squares: &[i32], least: &[[i16; PANEL]], n: usize) -> i32 {
    let mut smallest = [i32::MAX; MAX_TABLE_PATHS];
    let last = n.min(MAX_TABLE_PATHS) - 1;
    for (square, least) in squares.iter().zip(least) {
        for &score in least {
            // A lane without codes counts for nothing.
            let value = if score == i16::MAX { i32::MAX } else { square + i32::from(score) };
            if value < smallest[last] {
                let mut place = last;
                while place > 0 && smallest[place - 1] > value {
                    smallest[place] = smallest[place - 1];
                    place -= 1;
                }
                smallest[place] = value;
            }
        }
    }
    smallest[last]
}
