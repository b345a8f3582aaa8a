//! The scores of the paths of some frames, put together from those of their trunks and rows of a table, and the pairs of path and code that they leave.

use std::ops::Range;

use super::decide::{slack, sq_dist};
use super::layout::{Lanes, PANEL, TILE, Units};
use super::row_table::PathsSoFar;
use super::scratch::{PathScratch, Scratch, Span, Square};
use super::screen::{bits_of, encode_tile};
use super::simd::{LARGEST_PART, Simd, Terms};
use super::tables::{Group, LARGEST_SCORE, PathTables, fill_empty};

/// Paths of a frame up to which tables are used.
pub const MAX_TABLE_PATHS: usize = 64;

/// Divides the panels into spans, so many that the least scores of their lanes are more than the pairs that are wanted and tell the best ones apart.
pub(super) fn fill_spans(tables: &PathTables, paths: usize, kept: usize, spans: &mut Vec<Span>) {
    spans.clear();
    for (group, Group { panels, shift, .. }) in tables.groups.iter().enumerate() {
        let parts = (8 * kept / (paths * PANEL)).clamp(1, panels.len());
        let start = |part: usize| panels.start + part * panels.len() / parts;
        spans.extend((0..parts).map(|part| Span {
            panels: start(part)..start(part + 1),
            group,
            shift: *shift,
        }));
    }
}

/// Plans for some frames, at most as many as their tiles hold, and works out the scores of their trunks.
#[inline(always)]
pub(super) fn trunk_scores<S: Simd>(
    simd: S,
    tables: &PathTables,
    so_far: PathsSoFar<'_>,
    frames: Range<usize>,
    scratch: &mut Scratch,
) {
    let PathTables { book, table, groups, .. } = tables;
    let (dim, num_panels) = (book.dim, table.num_panels);
    let mut left = std::mem::take(&mut scratch.paths.left);
    left.clear();
    scratch.paths.plan.fill(table, so_far, frames.clone());
    for frame in frames {
        left.extend_from_slice(so_far.residual_of(frame, scratch.paths.plan.trunk(), dim));
    }
    // The other frames' rows are asked for while the frame before is added up.
    for &row in scratch.paths.plan.rows_of_frame(0) {
        simd.prefetch(table.row(row));
    }
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
    for group in groups {
        for p in group.panels.clone() {
            let panel = &book.panels[p * book.num_words..][..book.num_words];
            for ((tile, _), trunks) in
                tiles[..num_tiles].iter().zip(trunks.chunks_exact_mut(TILE * num_panels))
            {
                simd.scores(panel, &book.codes[p], tile, &mut lanes);
                for (trunk, lanes) in trunks.chunks_exact_mut(num_panels).zip(&lanes) {
                    simd.to_units(&lanes.0, group.inverse_step, &mut trunk[p]);
                }
            }
        }
    }
    for trunk in trunks.chunks_exact_mut(num_panels) {
        fill_empty(book.num_codes, trunk, i16::MAX);
    }
    scratch.paths.left = left;
}

/// Adds up the scores of the paths of a frame, which is `nth` of those that were planned for; false where 16 bits or f32 cannot tell.
#[inline(always)]
pub(super) fn path_scores<S: Simd>(
    simd: S,
    tables: &PathTables,
    so_far: PathsSoFar<'_>,
    frame: usize,
    nth: usize,
    scratch: &mut PathScratch,
) -> bool {
    let table = &tables.table;
    let num_panels = table.num_panels;
    let num_earlier = table.num_layers();
    if !fill_squares(tables, so_far, frame, nth, scratch) {
        return false;
    }
    let PathScratch { plan, trunks, stumps, scores, spans, least, .. } = scratch;
    let trunk = &trunks[nth * num_panels..][..num_panels];
    let (trunk_rows, base) = plan.trunk_rows(nth);
    for &row in plan.trunk_rows(nth + 1).0 {
        simd.prefetch(table.row(row));
    }
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
    scores.resize(so_far.paths * num_panels, Units::ZERO);
    least.clear();
    for path in 0..so_far.paths {
        let (added, depth) = plan.path_rows(nth, path);
        let from = if depth == num_earlier { trunk } else { &stumps[(depth - base) * num_panels..] };
        let soon = plan.path_rows(nth + 1, path).0;
        let terms = Terms { from, table, added, taken: &[], soon };
        let sums = &mut scores[path * num_panels..][..num_panels];
        for span in &*spans {
            least.push(simd.add_up(&terms, span.panels.clone(), sums));
        }
    }
    true
}

/// Fills `scratch.squares`; false where 16 bits or f32 cannot tell.
#[inline(always)]
fn fill_squares(
    tables: &PathTables,
    so_far: PathsSoFar<'_>,
    frame: usize,
    nth: usize,
    scratch: &mut PathScratch,
) -> bool {
    let PathTables { book, step, table, groups, .. } = tables;
    let PathScratch { plan, tiles, squares, .. } = scratch;
    let bounds = tiles[nth / TILE].1[nth % TILE];
    // Units of a squared norm as the frames have it.
    let unit_scale = f64::from(book.scale).powi(2) / f64::from(*step);
    let drift = &so_far.drift[frame * so_far.paths..][..so_far.paths];
    let trunk = plan.trunk();
    squares.clear();
    let mut fits = bounds.threshold > f32::NEG_INFINITY;
    for path in 0..so_far.paths {
        let square = f64::from(sq_dist(so_far.residual_of(frame, path, book.dim), &book.centre));
        let square_off = (slack(square, book.dim) * unit_scale) as f32;
        let norm = square.sqrt() as f32 * book.scale * 1.001;
        let units = (square * unit_scale).round() as i32;
        // A path gets a row for each of the trunk's that is taken off.
        let num_rows = (2 * (table.num_layers() - plan.path_rows(nth, path).1)) as f32;
        let drift = if path == trunk { 0.0 } else { (drift[path] + drift[trunk]) * book.scale };
        for Group { shift, inverse_step, limits, error, .. } in groups {
            let parts = limits.score_error(bounds) + num_rows * error + 2.0 * drift * limits.length;
            // Half a unit for each part of the sum; the rest is for the roundings of this very sum.
            let off = parts * inverse_step * 1.01 + 0.5 * (num_rows + 1.0) + 0.1;
            let largest = limits.length * (limits.length + 2.0 * norm) * inverse_step * 1.001;
            // Written so that what is not a number fails.
            fits &=
                largest + off < LARGEST_SCORE && limits.largest_score(bounds) * inverse_step < LARGEST_PART;
            // Half a unit for the square.
            let off = (off * (1u32 << shift) as f32 + square_off + 0.6).ceil() as i32;
            squares.push(Square { lower: units.saturating_sub(off), upper: units.saturating_add(off) });
        }
    }
    fits
}

/// Collects every pair of path and code that may be among the `kept` best, and with `keeps_first` every one that may be the first path's best.
#[inline(always)]
pub(super) fn collect_pairs<S: Simd>(
    simd: S,
    tables: &PathTables,
    keeps_first: bool,
    kept: usize,
    scratch: &mut PathScratch,
) {
    let PathScratch { scores, spans, least, squares, pairs, .. } = scratch;
    let (book, num_panels, num_groups) = (&tables.book, tables.table.num_panels, tables.groups.len());
    let all = nth_smallest(simd, spans, squares, least, kept);
    pairs.clear();
    let paths = squares.chunks_exact(num_groups).zip(least.chunks_exact(spans.len()));
    for (path, ((squares, least), scores)) in paths.zip(scores.chunks_exact(num_panels)).enumerate() {
        let mut limit = all;
        if path == 0 && keeps_first {
            limit = limit.max(nth_smallest(simd, spans, squares, least, 1));
        }
        for (span, least) in spans.iter().zip(least) {
            let limit = score_limit(limit, squares[span.group].lower, span.shift);
            if simd.units_at_most(least, limit) == 0 {
                continue;
            }
            for panel in span.panels.clone() {
                for lane in bits_of(simd.units_at_most(&scores[panel], limit)) {
                    if let Some(&(code, num_copies)) = book.places.get(panel * PANEL + lane)
                        && (num_copies as usize) < kept
                    {
                        simd.prefetch(book.row(code));
                        pairs.push((path as u32, code));
                    }
                }
            }
        }
    }
}

/// A number that the squared distances of `n` pairs are surely not above, in the finest units: the `n`-th smallest of the upper bounds of the lanes'
/// least, or a little more. What no distance is above where there are fewer lanes.
#[inline(always)]
fn nth_smallest<S: Simd>(simd: S, spans: &[Span], squares: &[Square], least: &[Units], n: usize) -> i32 {
    // Finer than the bounds is of no use.
    let within = squares.first().map_or(1, |first| (first.upper.saturating_sub(first.lower) / 8).max(1));
    // Squared distances: hardly below 0, and mostly less than what the best path left over.
    let (mut low, mut high) =
        (-within, squares.iter().fold(i32::MAX, |least, square| least.min(square.upper)));
    if count_at_most(simd, spans, squares, least, high) < n {
        let most = squares.iter().fold(0, |most, square| most.max(square.upper));
        (low, high) =
            (high, most.saturating_add(spans.last().map_or(0, |span| i32::from(i16::MAX) << span.shift)));
        if count_at_most(simd, spans, squares, least, high) < n {
            return i32::MAX;
        }
    }
    while high.saturating_sub(low) > within {
        let middle = low + (high - low) / 2;
        if count_at_most(simd, spans, squares, least, middle) < n {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// How many lanes of all paths have an upper bound of at most `limit`.
#[inline(always)]
fn count_at_most<S: Simd>(simd: S, spans: &[Span], squares: &[Square], least: &[Units], limit: i32) -> usize {
    let num_groups = squares.len() / (least.len() / spans.len());
    let mut count = 0;
    for (squares, least) in squares.chunks_exact(num_groups).zip(least.chunks_exact(spans.len())) {
        for (span, least) in spans.iter().zip(least) {
            let limit = score_limit(limit, squares[span.group].upper, span.shift);
            count += simd.units_at_most(least, limit).count_ones();
        }
    }
    count as usize
}

/// The largest score with which a sum with `square` is at most `limit`; empty places are above it.
#[inline(always)]
fn score_limit(limit: i32, square: i32, shift: u32) -> i16 {
    (limit.saturating_sub(square) >> shift).clamp(i16::MIN.into(), i32::from(i16::MAX) - 1) as i16
}
