//! The search along several paths without tables: every path of a frame is screened on its own, and the paths compete on the bounds of their distances.
//!
//! A score is `|c|^2 - 2 r.c` of what the path leaves over, so the distances of two paths differ by their squares too. The best pairs of path and code
//! and the nearest code of each path come out of the same scores, as a step of training wants them.

use std::ops::Range;

use super::codebook::Codebook;
use super::decide::{Pick, decide_paths, slack, sq_dist};
use super::layout::{FrameBounds, Lanes, PANEL, TILE};
use super::scratch::{EachPathScratch, Scratch, TILES};
use super::screen::{SEGMENT, bits_of, encode_tile, nth_of_lanes, smallest};
use super::simd::{Job, Simd};

/// Relative slack of the sum of a score and a square: some roundings of f32, of parts that may be larger than it.
const SUM_SLACK: f32 = 1.0 / (1u32 << 20) as f32;

/// What is wanted of the paths of some frames.
pub(crate) struct Wanted<'a> {
    /// Paths of each frame.
    pub paths: usize,
    /// Whether the nearest code of the first path comes before all others.
    pub keeps_first: bool,
    /// The best ways to continue, `(num_frames, kept)`: nearest first, on ties the lower path, then the lower code. Where there are fewer ways than
    /// places, the rest is [`Pick::NONE`].
    pub picks: &'a mut [Pick],
    /// The nearest code of each path and its squared distance, `(num_frames, paths)`.
    pub nearest: Option<(&'a mut [u32], &'a mut [f32])>,
}

impl Wanted<'_> {
    /// How many ways to continue each of some frames is to have.
    pub(super) fn kept(&self, num_frames: usize) -> usize {
        self.picks.len().checked_div(num_frames).unwrap_or(0)
    }

    /// What is wanted of some of the frames, of which there are `num_frames` in all.
    pub(super) fn of(&mut self, num_frames: usize, frames: Range<usize>) -> Wanted<'_> {
        let (kept, paths) = (self.kept(num_frames), self.paths);
        let places = frames.start * paths..frames.end * paths;
        Wanted {
            paths,
            keeps_first: self.keeps_first,
            picks: &mut self.picks[frames.start * kept..frames.end * kept],
            nearest: self
                .nearest
                .as_mut()
                .map(|(codes, dists)| (&mut codes[places.clone()], &mut dists[places])),
        }
    }
}

/// The search of some frames along `residual`, `(num_frames, paths, dim)`. The frames that cannot be screened are added to `left`.
pub(super) struct EachPath<'a, 'b> {
    pub book: &'a Codebook,
    pub residual: &'a [f32],
    pub wanted: &'a mut Wanted<'b>,
    pub scratch: &'a mut Scratch,
    pub left: &'a mut Vec<usize>,
}

impl Job for EachPath<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { book, residual, wanted, scratch, left } = self;
        let (paths, keeps_first) = (wanted.paths, wanted.keeps_first);
        let frame_len = paths * book.dim;
        let num_frames = residual.len() / frame_len;
        let kept = wanted.kept(num_frames);
        let frames_at_once = (TILES * TILE / paths).max(1);
        for (nth, group) in residual.chunks(frames_at_once * frame_len).enumerate() {
            let num_in_group = group.len() / frame_len;
            encode_group(simd, book, group, scratch);
            let wants_nearest = if wanted.nearest.is_some() { paths } else { usize::from(keeps_first) };
            screen_group(simd, book, (num_in_group, paths), (kept, wants_nearest), &mut scratch.each_path);
            for place in 0..num_in_group {
                let frame = nth * frames_at_once + place;
                let Scratch { each_path, ranking, .. } = &mut *scratch;
                if !each_path.can_screen(place * paths..(place + 1) * paths) {
                    left.push(frame);
                    continue;
                }
                let pairs = &mut each_path.pairs[place];
                if book.codes.len() > SEGMENT {
                    // Segment by segment they are not in the order of their paths.
                    pairs.sort_unstable();
                }
                let residual = &group[place * frame_len..][..frame_len];
                let Wanted { picks, nearest, .. } = wanted.of(num_frames, frame..frame + 1);
                decide_paths(book, residual, pairs, keeps_first, ranking, picks, nearest);
            }
        }
    }
}

/// Writes the words and squares of `rows`, what the paths of some frames left over.
#[inline(always)]
fn encode_group<S: Simd>(simd: S, book: &Codebook, rows: &[f32], scratch: &mut Scratch) {
    let num_tiles = rows.len().div_ceil(TILE * book.dim);
    if scratch.each_path.tiles.len() < num_tiles {
        scratch.each_path.tiles.resize_with(num_tiles, Default::default);
    }
    for (t, rows) in rows.chunks(TILE * book.dim).enumerate() {
        simd.prefetch(rows);
        encode_tile(S::FORMAT, book, rows, scratch);
        let (tile, bounds) = &mut scratch.each_path.tiles[t];
        std::mem::swap(tile, &mut scratch.tile);
        *bounds = scratch.bounds;
    }
    let squares = &mut scratch.each_path.squares;
    squares.clear();
    let scale = book.scale * book.scale;
    for row in rows.chunks_exact(book.dim) {
        let square = sq_dist(row, &book.centre);
        let off = slack(f64::from(square), book.dim) as f32 * scale;
        let square = square * scale;
        let off = off + square * SUM_SLACK;
        squares.push((square - off, square + off));
    }
}

/// Fills `scratch.pairs` with every pair of path and code that may be among the `kept` best of its frame, and those that may be the nearest of one of the
/// first `wants_nearest` paths.
#[inline(always)]
fn screen_group<S: Simd>(
    simd: S,
    book: &Codebook,
    (num_frames, paths): (usize, usize),
    (kept, wants_nearest): (usize, usize),
    scratch: &mut EachPathScratch,
) {
    let num_rows = num_frames * paths;
    let num_tiles = num_rows.div_ceil(TILE);
    let EachPathScratch { tiles, scores, squares, least, uppers, pairs } = scratch;
    let at_once = SEGMENT.min(book.codes.len());
    scores.resize(num_tiles * at_once, [Lanes::default(); TILE]);
    if least.len() < num_rows {
        least.resize(num_rows, Lanes::default());
        uppers.resize(num_rows, Lanes::default());
    }
    if pairs.len() < num_frames {
        pairs.resize_with(num_frames, Vec::new);
    }
    for pairs in &mut *pairs {
        pairs.clear();
    }
    let panels = book.panels.chunks(SEGMENT * book.num_words);
    let segments = panels.zip(book.codes.chunks(SEGMENT)).zip(book.errors.chunks(SEGMENT));
    for (s, ((panels, codes), errors)) in segments.enumerate() {
        for (p, (panel, codes)) in panels.chunks_exact(book.num_words).zip(codes).enumerate() {
            for (t, (tile, _)) in tiles[..num_tiles].iter().enumerate() {
                simd.scores(panel, codes, tile, &mut scores[t * at_once + p]);
            }
        }
        for frame in 0..num_frames {
            let first = frame * paths;
            // One bound for all paths of a frame: what they leave over is alike.
            let mut bounds = FrameBounds::default();
            for row in first..first + paths {
                let FrameBounds { error, length, .. } = tiles[row / TILE].1[row % TILE];
                bounds.error = if error > bounds.error { error } else { bounds.error };
                bounds.length = if length > bounds.length { length } else { bounds.length };
            }
            let widths = bounds.widths(errors);
            for path in 0..paths {
                let row = first + path;
                let scores = &scores[row / TILE * at_once..][..codes.len()];
                let mut lanes = if s == 0 { Lanes::default() } else { least[row] };
                simd.least_upper(scores, row % TILE, &widths, &mut lanes);
                least[row] = lanes;
                for l in 0..PANEL {
                    uppers[path].0[l] = lanes.0[l] + squares[row].1;
                }
            }
            // Finer than the bounds is of no use.
            let within = widths[codes.len() / 2] / 4.0;
            let best = nth_of_lanes(simd, &uppers[..paths], kept, within, f32::MAX);
            let pairs = &mut pairs[frame];
            for path in 0..paths {
                let row = first + path;
                let mut limit = match best {
                    Some(best) => best + best * SUM_SLACK - squares[row].0,
                    None => f32::MAX,
                };
                if path < wants_nearest {
                    let own = smallest(&least[row]);
                    limit = if own > limit { own } else { limit };
                }
                let scores = &scores[row / TILE * at_once..][..codes.len()];
                for (p, scores) in scores.iter().enumerate() {
                    for lane in bits_of(simd.at_most(&scores[row % TILE].0, limit + widths[p])) {
                        // Where there are several segments, the first ones admit a few more than need be.
                        if let Some(&(code, num_copies)) = book.places.get((s * SEGMENT + p) * PANEL + lane)
                            && (num_copies as usize) < kept
                        {
                            pairs.push((path as u32, code));
                        }
                    }
                }
            }
        }
    }
}

impl EachPathScratch {
    /// Whether the path in each of some places can be screened.
    fn can_screen(&self, mut places: Range<usize>) -> bool {
        places.all(|place| self.tiles[place / TILE].1[place % TILE].threshold > f32::NEG_INFINITY)
    }
}
