//! Screening: the codes of a panel whose distance may still be the smallest.
//!
//! With `x^` and `c^` the rounded frame and code, `|x.c - x^.c^| <= |x - x^| |c| + |x^| |c - c^|` by Cauchy-Schwarz,
//! so `|c|^2 - 2 x^.c^`, which orders the codes as their distances do, is known to within twice that. A code whose
//! lower bound is above the smallest upper bound cannot be the nearest.

use super::codebook::{Codebook, FLOOR, NORM_SLACK, PANEL, PanelBounds};
use super::encode::{Row, encode};
use super::simd::Simd;

/// Frames in a tile: what a kernel keeps in registers beside one panel.
pub(super) const TILE: usize = 8;

/// Norm, in units of the codebook's scale, over which a frame's bounds could overflow.
const LARGEST_LENGTH: f32 = (1u64 << 60) as f32;

/// A code that a bound could not exclude.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub lower: f32,
    pub code: u32,
}

/// What the bounds need to know of a frame.
#[derive(Debug, Clone, Copy, Default)]
struct FrameBounds {
    /// Twice the value of one unit.
    step: f32,
    /// Twice the norm of what rounding took away.
    error: f32,
    /// Twice the norm of what it left.
    length: f32,
    /// Largest lower bound that is still of interest.
    threshold: f32,
}

/// Working memory of one thread.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    row: Vec<f32>,
    words: Vec<u32>,
    /// What an offset of the codes has added to each product of a frame.
    pub(super) offsets: [i32; TILE],
    pub(super) dots: Dots,
    bounds: [FrameBounds; TILE],
    pub(super) candidates: [Vec<Candidate>; TILE],
    /// The smallest upper bounds of each frame, where more than one code is asked for.
    uppers: [Vec<f32>; TILE],
    pub(super) ranked: Vec<(f64, u32, f32)>,
}

/// Products of a tile with a panel.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(64))]
pub(super) struct Dots(pub [[f32; PANEL]; TILE]);

/// Fills `scratch.candidates` with every code that may be among the `m` nearest of each of at most `TILE` frames.
#[inline(always)]
pub(super) fn screen_tile<S: Simd>(
    simd: S,
    book: &Codebook,
    frames: &[f32],
    m: usize,
    scratch: &mut Scratch,
) {
    let Scratch { row, words, offsets, dots, bounds, candidates, uppers, .. } = scratch;
    let num_words = book.num_words;
    row.resize(S::FORMAT.depth(book.dim), 0.0);
    words.resize(TILE * num_words, 0);
    // An empty place asks for nothing.
    *bounds = [FrameBounds { threshold: f32::NEG_INFINITY, ..Default::default() }; TILE];
    for (f, frame) in frames.chunks_exact(book.dim).enumerate() {
        candidates[f].clear();
        uppers[f].clear();
        let words = &mut words[f * num_words..][..num_words];
        let Row { step, length, error, unit_sum } =
            encode(frame, &book.centre, &book.gain, S::FORMAT, false, row, words);
        offsets[f] = unit_sum.wrapping_mul(S::FORMAT.code_shift());
        if book.can_screen && length < LARGEST_LENGTH {
            bounds[f] = FrameBounds {
                step: 2.0 * step,
                error: 2.0 * error,
                length: 2.0 * (length + error),
                threshold: f32::MAX,
            };
        } else {
            words.fill(0);
            candidates[f]
                .extend((0..book.num_codes as u32).map(|code| Candidate { lower: f32::NEG_INFINITY, code }));
        }
    }
    let mut lower = [0.0; PANEL];
    for (p, panel_bounds) in book.bounds.iter().enumerate() {
        let panel = &book.panels[p * num_words..][..num_words];
        simd.dots(panel, words, offsets, dots);
        let norms = if m == 1 { &panel_bounds.first_norm } else { &panel_bounds.norm };
        for f in 0..TILE {
            let frame = &mut bounds[f];
            lower_bounds::<S>(panel_bounds, norms, frame, &dots.0[f], &mut lower);
            let hits = simd.at_most(&lower, frame.threshold);
            if hits != 0 {
                let base = (p * PANEL) as u32;
                let upper = upper_bounds(panel_bounds, norms, frame, &lower);
                frame.threshold = smallest_upper(&upper, m, &mut uppers[f], frame.threshold);
                admit(&lower, hits, frame.threshold, base, &mut candidates[f]);
            }
        }
    }
    for (candidates, bounds) in candidates.iter_mut().zip(bounds) {
        candidates.retain(|c| c.lower <= bounds.threshold);
    }
}

#[inline(always)]
fn lower_bounds<S: Simd>(
    panel: &PanelBounds,
    norms: &[f32; PANEL],
    frame: &FrameBounds,
    dots: &[f32; PANEL],
    lower: &mut [f32; PANEL],
) {
    for l in 0..PANEL {
        let partial = S::mul_add(-frame.error, panel.length[l], norms[l]);
        let partial = S::mul_add(-frame.length, panel.error[l], partial);
        lower[l] = S::mul_add(-frame.step * panel.step[l], dots[l], partial);
    }
}

#[inline(always)]
fn upper_bounds(
    panel: &PanelBounds,
    norms: &[f32; PANEL],
    frame: &FrameBounds,
    lower: &[f32; PANEL],
) -> [f32; PANEL] {
    let mut upper = [0.0; PANEL];
    for l in 0..PANEL {
        let width = frame.error * panel.length[l] + frame.length * panel.error[l];
        upper[l] = lower[l] + 2.0 * width + (4.0 * NORM_SLACK * norms[l] + 8.0 * FLOOR);
    }
    upper
}

/// The `m`-th smallest upper bound seen so far; `tops` keeps the smallest `m` in ascending order.
#[inline(always)]
fn smallest_upper(upper: &[f32; PANEL], m: usize, tops: &mut Vec<f32>, threshold: f32) -> f32 {
    if m == 1 {
        let mut least = [threshold; 16];
        for half in upper.as_chunks::<16>().0 {
            for l in 0..16 {
                least[l] = if half[l] < least[l] { half[l] } else { least[l] };
            }
        }
        for half in [8, 4, 2, 1] {
            for l in 0..half {
                least[l] = if least[l + half] < least[l] { least[l + half] } else { least[l] };
            }
        }
        return least[0];
    }
    for &bound in upper {
        if bound < f32::MAX && (tops.len() < m || tops.last().is_some_and(|&last| bound < last)) {
            tops.truncate(m - 1);
            tops.insert(tops.partition_point(|&top| top <= bound), bound);
        }
    }
    if tops.len() < m { threshold } else { tops.last().copied().unwrap_or(threshold) }
}

#[inline(always)]
fn admit(lower: &[f32; PANEL], mut hits: u32, threshold: f32, base: u32, candidates: &mut Vec<Candidate>) {
    while hits != 0 {
        let lane = hits.trailing_zeros();
        hits &= hits - 1;
        let lower = lower[lane as usize];
        if lower <= threshold {
            candidates.push(Candidate { lower, code: base + lane });
        }
    }
}
