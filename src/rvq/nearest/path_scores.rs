//! The scores of the paths of some frames, put together from those of their trunks and rows of a table, and the pairs of path and code that they leave.

use std::ops::Range;

use super::codebook::Codebook;
use super::decide::{slack, sq_dist};
use super::layout::{Lanes, PANEL, TILE, Units};
use super::row_table::PathsSoFar;
use super::scratch::{PathScratch, Scratch};
use super::screen::{bits_of, encode_tile};
use super::simd::{LARGEST_PART, Simd, Terms};
use super::tables::{LARGEST_SCORE, PathTables, fill_empty};

/// Paths of a frame up to which tables are used.
pub const MAX_TABLE_PATHS: usize = 64;

/// Plans for some frames, at most as many as their tiles hold, and works out the scores of their trunks.
#[inline(always)]
pub(super) fn trunk_scores<S: Simd>(
    simd: S,
    tables: &PathTables,
    so_far: PathsSoFar<'_>,
    frames: Range<usize>,
    scratch: &mut Scratch,
) {
    let PathTables { book, table, step, .. } = tables;
    let (dim, num_panels, inverse) = (book.dim, table.num_panels, 1.0 / step);
    let mut left = std::mem::take(&mut scratch.paths.left);
    left.clear();
    scratch.paths.plan.fill(table, so_far, frames.clone());
    for (frame, &trunk) in frames.zip(scratch.paths.plan.trunks()) {
        left.extend_from_slice(so_far.residual_of(frame, trunk as usize, dim));
    }
    // The other frames' rows are asked for while the frame before is added up.
    scratch.paths.plan.rows_of_frame(0).iter().for_each(|&row| simd.prefetch(table.row(row)));
    let num_tiles = left.len().div_ceil(TILE * dim);
    for (t, left) in left.chunks(TILE * dim).enumerate() {
        encode_tile(S::FORMAT, book, left, scratch);
        let (tile, bounds) = &mut scratch.paths.tiles[t];
        std::mem::swap(tile, &mut scratch.tile);
        *bounds = scratch.bounds;
    }
    let PathScratch { tiles, trunks, .. } = &mut scratch.paths;
    trunks.resize(tiles.len() * TILE * num_panels, Units::ZERO);
    let mut lanes = [Lanes::default(); TILE];
    for (p, (panel, codes)) in book.panels.chunks_exact(book.num_words).zip(&book.codes).enumerate() {
        for ((tile, _), trunks) in tiles[..num_tiles].iter().zip(trunks.chunks_exact_mut(TILE * num_panels)) {
            simd.scores(panel, codes, tile, &mut lanes);
            for (trunk, lanes) in trunks.chunks_exact_mut(num_panels).zip(&lanes) {
                simd.to_units(&lanes.0, inverse, &mut trunk[p]);
            }
        }
    }
    for trunk in trunks.chunks_exact_mut(num_panels) {
        fill_empty(book.num_codes, trunk, i16::MAX);
    }
    scratch.paths.left = left;
}

/// Adds up the scores of the paths of a frame, which is `nth` of those that were planned for, and gives how far apart two of them are to be before
/// their order is sure; `None` where 16 bits or f32 cannot tell.
#[inline(always)]
pub(super) fn path_scores<S: Simd>(
    simd: S,
    tables: &PathTables,
    so_far: PathsSoFar<'_>,
    frame: usize,
    nth: usize,
    kept: usize,
    scratch: &mut PathScratch,
) -> Option<i32> {
    let table = &tables.table;
    let num_panels = table.num_panels;
    let num_earlier = table.num_layers();
    let margin = margin(tables, so_far, frame, nth, scratch)?;
    let PathScratch { plan, trunks, stumps, scores, least, .. } = scratch;
    let trunk = &trunks[nth * num_panels..][..num_panels];
    let (trunk_rows, base) = plan.trunk_rows(nth);
    plan.trunk_rows(nth + 1).0.iter().for_each(|&row| simd.prefetch(table.row(row)));
    // The trunk behind its first codes, wherever a path branches off.
    stumps.resize(trunk_rows.len() * num_panels, Units::ZERO);
    let mut above = num_earlier;
    for depth in (base..num_earlier).rev() {
        if (0..so_far.paths).all(|path| plan.path_rows(nth, path).1 != depth) {
            continue;
        }
        let (lower, upper) = stumps.split_at_mut((depth + 1 - base) * num_panels);
        let from = if above == num_earlier { trunk } else { &upper[(above - depth - 1) * num_panels..] };
        let taken = &trunk_rows[depth - base..above - base];
        let terms = Terms { from, table, added: &[], taken, soon: &[] };
        simd.add_up(&terms, 0..num_panels, &mut lower[(depth - base) * num_panels..]);
        above = depth;
    }
    // The lanes' least scores tell the best pairs apart only where they are many more than those.
    let parts = (8 * kept / (so_far.paths * PANEL)).clamp(1, num_panels);
    scores.resize(so_far.paths * num_panels, Units::ZERO);
    least.clear();
    for path in 0..so_far.paths {
        let (added, depth) = plan.path_rows(nth, path);
        let from = if depth == num_earlier { trunk } else { &stumps[(depth - base) * num_panels..] };
        let soon = plan.path_rows(nth + 1, path).0;
        let terms = Terms { from, table, added, taken: &[], soon };
        let sums = &mut scores[path * num_panels..][..num_panels];
        for part in 0..parts {
            let panels = part * num_panels / parts..(part + 1) * num_panels / parts;
            least.push(simd.add_up(&terms, panels, sums));
        }
    }
    Some(margin)
}

/// Fills `scratch.squares` and gives the margin of [`path_scores`].
#[inline(always)]
fn margin(
    tables: &PathTables,
    so_far: PathsSoFar<'_>,
    frame: usize,
    nth: usize,
    scratch: &mut PathScratch,
) -> Option<i32> {
    let PathTables { book, limits, step, table, error, .. } = tables;
    let PathScratch { plan, tiles, squares, .. } = scratch;
    let bounds = tiles[nth / TILE].1[nth % TILE];
    let inverse = 1.0 / step;
    // Written so that what is not a number fails.
    if !(bounds.threshold > f32::NEG_INFINITY && limits.largest_score(bounds) * inverse < LARGEST_PART) {
        return None;
    }
    // Units of a squared norm as the frames have it.
    let unit_scale = f64::from(book.scale).powi(2) * f64::from(inverse);
    let drift = &so_far.drift[frame * so_far.paths..][..so_far.paths];
    let trunk = plan.trunks()[nth] as usize;
    squares.clear();
    let mut off = 0.0f32;
    for path in 0..so_far.paths {
        let square = f64::from(sq_dist(so_far.residual_of(frame, path, book.dim), &book.centre));
        let square_off = (slack(square, book.dim) * unit_scale) as f32;
        let norm = square.sqrt() as f32 * book.scale * 1.001;
        // A path gets a row for each of the trunk's that is taken off.
        let num_rows = 2 * (table.num_layers() - plan.path_rows(nth, path).1);
        let drift = if path == trunk { 0.0 } else { (drift[path] + drift[trunk]) * book.scale };
        let parts = limits.score_error(bounds) + num_rows as f32 * error + 2.0 * drift * limits.length;
        // Half a unit for each part of the sum and for the square; the rest is for the roundings of this very sum.
        let path_off = parts * inverse * 1.01 + square_off + 0.5 * (num_rows + 2) as f32 + 0.1;
        let largest = (limits.length * limits.length + 2.0 * norm * limits.length) * inverse * 1.001;
        if !(largest + path_off < LARGEST_SCORE) {
            return None;
        }
        off = off.max(path_off);
        squares.push((square * unit_scale).round() as i32);
    }
    Some(2 * (off.ceil() as i32 + 1))
}

/// Collects every pair of path and code that may be among the `kept` best, and with `keeps_first` every one that may be the first path's best.
#[inline(always)]
pub(super) fn collect_pairs<S: Simd>(
    simd: S,
    book: &Codebook,
    margin: i32,
    keeps_first: bool,
    kept: usize,
    scratch: &mut PathScratch,
) {
    let PathScratch { scores, least, squares, pairs, .. } = scratch;
    let (parts, num_panels) = (least.len() / squares.len(), scores.len() / squares.len());
    let all = nth_smallest(simd, squares, least, kept).saturating_add(margin);
    pairs.clear();
    let paths = squares.iter().zip(least.chunks_exact(parts)).zip(scores.chunks_exact(num_panels));
    for (path, ((square, least), scores)) in paths.enumerate() {
        let mut limit = all;
        if path == 0 && keeps_first {
            let first = nth_smallest(simd, std::slice::from_ref(square), least, 1);
            limit = limit.max(first.saturating_add(margin));
        }
        // What is left for the score itself; empty places are above it.
        let limit = limit.saturating_sub(*square).clamp(i16::MIN.into(), i32::from(i16::MAX) - 1) as i16;
        if least.iter().all(|least| simd.units_at_most(least, limit) == 0) {
            continue;
        }
        for (panel, scores) in scores.iter().enumerate() {
            for lane in bits_of(simd.units_at_most(scores, limit)) {
                if let Some(&(code, num_copies)) = book.places.get(panel * PANEL + lane)
                    && (num_copies as usize) < kept
                {
                    pairs.push((path as u32, code));
                }
            }
        }
    }
}

/// The `n`-th smallest of the lanes of all paths, their squares added.
#[inline(always)]
fn nth_smallest<S: Simd>(simd: S, squares: &[i32], least: &[Units], n: usize) -> i32 {
    let mut smallest = [i32::MAX; MAX_TABLE_PATHS];
    let last = n.clamp(1, MAX_TABLE_PATHS) - 1;
    for (square, least) in squares.iter().zip(least.chunks_exact(least.len() / squares.len())) {
        for least in least {
            // A lane without codes counts for nothing.
            let limit = smallest[last].saturating_sub(*square);
            let limit = limit.clamp(i16::MIN.into(), i32::from(i16::MAX) - 1) as i16;
            for lane in bits_of(simd.units_at_most(least, limit)) {
                let value = square + i32::from(least.0[lane]);
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
    }
    smallest[last]
}
