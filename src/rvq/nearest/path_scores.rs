//! The scores of the paths of some frames, put together from those of their trunks and rows of a table, and the pairs of path and code that they leave.

use std::ops::Range;

use super::codebook::Codebook;
use super::decide::{slack, sq_dist};
use super::layout::{Lanes, Limits, PANEL, TILE, Units};
use super::row_table::PathsSoFar;
use super::scratch::{PathScratch, Scratch, Span};
use super::screen::{bits_of, encode_tile, nth_of_lanes};
use super::simd::{LARGEST_PART, Simd, Terms};
use super::tables::{Group, LARGEST_SCORE, MAX_SHIFT, PathTables, fill_empty};

/// Paths of a frame up to which tables are used.
pub const MAX_TABLE_PATHS: usize = 64;

/// Squares that are smaller, in the finest units, fit 32 bits with any score.
const LARGEST_SQUARE: f64 = (i32::MAX - (1 << (15 + MAX_SHIFT))) as f64 / 2.0;

/// Divides the panels into spans, so many that the least scores of their lanes are more than the pairs that are wanted and tell the best ones apart.
pub(super) fn fill_spans(
    (book, tables): (&Codebook, &PathTables),
    paths: usize,
    kept: usize,
    spans: &mut Vec<Span>,
) {
    spans.clear();
    for (group, Group { panels, shift, .. }) in tables.groups.iter().enumerate() {
        let parts = (8 * kept / (paths * PANEL)).clamp(1, panels.len());
        let start = |part: usize| panels.start + part * panels.len() / parts;
        spans.extend((0..parts).map(|part| start(part)..start(part + 1)).map(|panels| Span {
            limits: Limits::of(&book.errors[panels.clone()]),
            panels,
            group,
            shift: *shift,
            times: (1u32 << shift) as f32,
        }));
    }
}

/// Plans for some frames, at most as many as their tiles hold, and works out the scores of their trunks with `book`.
#[inline(always)]
pub(super) fn trunk_scores<S: Simd>(
    simd: S,
    (book, tables): (&Codebook, &PathTables),
    so_far: PathsSoFar<'_>,
    frames: Range<usize>,
    scratch: &mut Scratch,
) {
    let PathTables { table, groups, .. } = tables;
    let (dim, num_panels) = (book.dim, table.num_panels);
    let mut left = std::mem::take(&mut scratch.paths.left);
    left.clear();
    scratch.paths.plan.fill(table, so_far, frames.clone());
    for frame in frames {
        left.extend_from_slice(so_far.residual_of(frame, scratch.paths.plan.trunk(), dim));
    }
    let num_tiles = left.len().div_ceil(TILE * dim);
    for (t, left) in left.chunks(TILE * dim).enumerate() {
        encode_tile(S::FORMAT, book, left, scratch);
        let (tile, bounds) = &mut scratch.paths.tiles[t];
        std::mem::swap(tile, &mut scratch.tile);
        *bounds = scratch.bounds;
    }
    let PathScratch { tiles, trunks, plan, .. } = &mut scratch.paths;
    trunks.resize(tiles.len() * TILE * num_panels, Units::ZERO);
    // Products leave the memory idle meanwhile.
    let mut rows = plan.rows().iter();
    let rows_a_step = rows.len().div_ceil(num_tiles * num_panels);
    let mut lanes = [Lanes::default(); TILE];
    for group in groups {
        for p in group.panels.clone() {
            let panel = &book.panels[p * book.num_words..][..book.num_words];
            for ((tile, _), trunks) in
                tiles[..num_tiles].iter().zip(trunks.chunks_exact_mut(TILE * num_panels))
            {
                simd.scores(panel, &book.codes[p], tile, &mut lanes);
                for &row in rows.by_ref().take(rows_a_step) {
                    simd.prefetch_far(table.row(row));
                }
                for (trunk, lanes) in trunks.chunks_exact_mut(num_panels).zip(&lanes) {
                    simd.to_units(&lanes.0, group.inverse_step, &mut trunk[p]);
                }
            }
        }
    }
    for trunk in trunks.chunks_exact_mut(num_panels) {
        fill_empty(book.num_codes, trunk, EMPTY);
    }
    scratch.paths.left = left;
}

/// Score of a place without a code, above that of any code.
const EMPTY: i16 = i16::MAX;

/// Adds up the scores of the paths of a frame, which is `nth` of those that were planned for.
#[inline(always)]
pub(super) fn path_scores<S: Simd>(
    simd: S,
    tables: &PathTables,
    num_paths: usize,
    nth: usize,
    scratch: &mut PathScratch,
) {
    let table = &tables.table;
    let num_panels = table.num_panels;
    let num_earlier = table.num_layers();
    let PathScratch { plan, trunks, stumps, scores, spans, least, .. } = scratch;
    let trunk = &trunks[nth * num_panels..][..num_panels];
    let (trunk_rows, base) = plan.trunk_rows(nth);
    // The trunk behind its first codes, wherever a path branches off.
    stumps.resize(trunk_rows.len() * num_panels, Units::ZERO);
    let mut above = num_earlier;
    for depth in (base..num_earlier).rev() {
        if (0..num_paths).all(|path| plan.path_rows(nth, path).1 != depth) {
            continue;
        }
        let (lower, upper) = stumps.split_at_mut((depth + 1 - base) * num_panels);
        let from = if above == num_earlier { trunk } else { &upper[(above - depth - 1) * num_panels..] };
        let taken = &trunk_rows[depth - base..above - base];
        let terms = Terms::new(from, table, &[], taken);
        simd.add_up(&terms, 0..num_panels, &mut lower[(depth - base) * num_panels..]);
        above = depth;
    }
    scores.resize(num_paths * num_panels, Units::ZERO);
    least.clear();
    for path in 0..num_paths {
        let (added, depth) = plan.path_rows(nth, path);
        let from = if depth == num_earlier { trunk } else { &stumps[(depth - base) * num_panels..] };
        let terms = Terms::new(from, table, added, &[]);
        let sums = &mut scores[path * num_panels..][..num_panels];
        for span in &*spans {
            least.push(simd.add_up(&terms, span.panels.clone(), sums));
        }
    }
}

/// Fills `scratch.lower` and `scratch.upper`; false where 16 bits or f32 cannot tell.
#[inline(always)]
pub(super) fn fill_squares(
    (book, tables): (&Codebook, &PathTables),
    so_far: PathsSoFar<'_>,
    frame: usize,
    nth: usize,
    scratch: &mut PathScratch,
) -> bool {
    let PathTables { step, table, groups, errors, .. } = tables;
    let PathScratch { plan, tiles, spans, common, lower, upper, .. } = scratch;
    let (num_groups, num_spans, trunk) = (groups.len(), spans.len(), plan.trunk());
    let bounds = tiles[nth / TILE].1[nth % TILE];
    let drift = &so_far.drift[frame * so_far.paths..][..so_far.paths];
    // Units of a squared norm as the frames have it, and of one as the codes have it.
    let unit_scale = f64::from(book.scale).powi(2) / f64::from(*step);
    let inverse_step = 1.01 / step;
    common.resize(num_spans, 0.0);
    lower.resize(so_far.paths * num_spans, 0);
    upper.resize(so_far.paths * num_spans, 0);
    for (common, span) in common.iter_mut().zip(&*spans) {
        *common = span.limits.score_error(bounds);
    }
    let mut longest = 0.0f64;
    let mut fits = bounds.threshold > f32::NEG_INFINITY;
    let outs = lower.chunks_exact_mut(num_spans).zip(upper.chunks_exact_mut(num_spans));
    for (path, (lower, upper)) in outs.enumerate() {
        let square = f64::from(sq_dist(so_far.residual_of(frame, path, book.dim), &book.centre));
        // Written so that what is not a number fails.
        fits &= square * unit_scale < LARGEST_SQUARE;
        longest = longest.max(square);
        // Half a unit for the square.
        let square_off = (slack(square, book.dim) * unit_scale) as f32 + 0.6;
        let units = (square * unit_scale).round() as i32;
        // A path gets a row for each of the trunk's that is taken off.
        let depth = plan.path_rows(nth, path).1;
        let num_rows = (2 * (table.num_layers() - depth)) as f32;
        // Half a unit for each part of the sum; the rest is for the roundings of this very sum.
        let rounding = 0.5 * (num_rows + 1.0) + 0.1;
        let drift = if path == trunk { 0.0 } else { 2.0 * (drift[path] + drift[trunk]) * book.scale };
        let errors = &errors[depth * num_groups..][..num_groups];
        for (s, span) in spans.iter().enumerate() {
            let parts = common[s] + 2.0 * errors[span.group] + drift * span.limits.length;
            let off = (parts * inverse_step + rounding * span.times + square_off).ceil() as i32;
            (lower[s], upper[s]) = (units.saturating_sub(off), units.saturating_add(off));
        }
    }
    let norm = longest.sqrt() as f32 * book.scale * 1.001;
    for (s, Span { group, shift, limits, .. }) in spans.iter().enumerate() {
        let inverse_step = groups[*group].inverse_step;
        let largest = limits.length * (limits.length + 2.0 * norm) * inverse_step * 1.001;
        let mut off = 0;
        for at in (s..lower.len()).step_by(num_spans) {
            off = off.max(upper[at].saturating_sub(lower[at]) >> (shift + 1));
        }
        fits &= largest + off as f32 + 1.0 < LARGEST_SCORE
            && limits.largest_score(bounds) * inverse_step < LARGEST_PART;
    }
    fits
}

/// Collects every pair of path and code that may be among the `kept` best, and with `keeps_first` every one that may be the first path's best.
#[inline(always)]
pub(super) fn collect_pairs<S: Simd>(
    simd: S,
    book: &Codebook,
    keeps_first: bool,
    kept: usize,
    scratch: &mut PathScratch,
) {
    let PathScratch { scores, spans, least, lower, upper, uppers, pairs, .. } = scratch;
    let num_spans = spans.len();
    let num_panels = book.codes.len();
    let all = nth_smallest(simd, spans, (lower, upper), least, kept, uppers);
    pairs.clear();
    let paths = lower.chunks_exact(num_spans).zip(least.chunks_exact(num_spans));
    for (path, ((lower, least), scores)) in paths.zip(scores.chunks_exact(num_panels)).enumerate() {
        let mut limit = all;
        if path == 0 && keeps_first {
            limit = limit.max(nth_smallest(simd, spans, (lower, &upper[..num_spans]), least, 1, uppers));
        }
        for ((span, &lower), least) in spans.iter().zip(lower).zip(least) {
            let limit = score_limit(limit, lower, span.shift);
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

/// A number that the squared distances of `n` pairs are surely not above, in the finest units: the `n`-th smallest of the upper bounds of some lanes'
/// least, or a little more. What no distance is above where there are fewer lanes.
#[inline(always)]
fn nth_smallest<S: Simd>(
    simd: S,
    spans: &[Span],
    (lower, upper): (&[i32], &[i32]),
    least: &[Units],
    n: usize,
    uppers: &mut Vec<Lanes>,
) -> i32 {
    // So many lanes that the best of all lie in different ones, mostly: neighbouring paths want the same codes, whose lane is the same.
    let num_uppers = if n == 1 { 1 } else { n.div_ceil(PANEL / 16).min(least.len()) };
    uppers.clear();
    uppers.resize(num_uppers, Lanes::default());
    let paths = upper.chunks_exact(spans.len()).zip(least.chunks_exact(spans.len()));
    let mut place = 0;
    for (upper, least) in paths {
        for ((span, &upper), least) in spans.iter().zip(upper).zip(least) {
            let lanes = &mut uppers[place].0;
            for l in 0..PANEL {
                let sum = f32::from(least.0[l]) * span.times + upper as f32;
                let sum = if least.0[l] == EMPTY { f32::MAX } else { sum };
                lanes[l] = if sum < lanes[l] { sum } else { lanes[l] };
            }
            place = if place + 1 == num_uppers { 0 } else { place + 1 };
        }
    }
    // Finer than the bounds is of no use.
    let within = ((upper[0] - lower[0]) / 8).max(1) as f32;
    match nth_of_lanes(simd, uppers, n, within, LARGEST_SUM) {
        // The sums were rounded to f32.
        Some(nth) => (nth + nth.abs() * 1e-6 + 1.0) as i32,
        None => i32::MAX,
    }
}

/// What no upper bound of a squared distance reaches, in the finest units.
const LARGEST_SUM: f32 = i32::MAX as f32;

/// The largest score with which a sum with `square` is at most `limit`; empty places are above it.
#[inline(always)]
fn score_limit(limit: i32, square: i32, shift: u32) -> i16 {
    (limit.saturating_sub(square) >> shift).clamp(i16::MIN.into(), i32::from(EMPTY) - 1) as i16
}
