//! Screening: the codes of a panel whose distance may still be the smallest.
//!
//! With `x^` and `c^` the rounded frame and code, `|x.c - x^.c^| <= |x - x^| |c| + |x^| |c - c^|` by Cauchy-Schwarz,
//! so `|c|^2 - 2 x^.c^`, which orders the codes as their distances do, is known to within twice that. A code whose
//! lower bound is above the smallest upper bound cannot be the nearest.

use super::codebook::Codebook;
use super::encode::{Format, Row, encode};
use super::layout::{FrameBounds, Lanes, PANEL, PanelErrors, TILE, Tile};
use super::scratch::Scratch;
use super::simd::Simd;

/// Panels between two looks at the bounds, which stay in the first cache until then.
pub(super) const SEGMENT: usize = 32;

/// Norm, in units of the codebook's scale, over which a frame's bounds could overflow.
const LARGEST_LENGTH: f32 = (1u64 << 60) as f32;

/// Fills `scratch.candidates` with every code that may be among the `m` nearest of each of at most `TILE` frames.
#[inline(always)]
pub(super) fn screen_tile<S: Simd>(
    simd: S,
    book: &Codebook,
    frames: &[f32],
    m: usize,
    scratch: &mut Scratch,
) {
    encode_tile(S::FORMAT, book, frames, scratch);
    let Scratch { tile, bounds, scores, candidates, .. } = scratch;
    scores.resize(SEGMENT, [Lanes::default(); TILE]);
    let mut least_upper = [Lanes::default(); TILE];
    let panels = book.panels.chunks(SEGMENT * book.num_words);
    let segments = panels.zip(book.codes.chunks(SEGMENT)).zip(book.errors.chunks(SEGMENT));
    for (s, ((panels, codes), errors)) in segments.enumerate() {
        for ((panel, codes), scores) in panels.chunks_exact(book.num_words).zip(codes).zip(&mut *scores) {
            simd.scores(panel, codes, tile, scores);
        }
        let num_panels = codes.len();
        for (f, frame) in
            bounds.iter_mut().enumerate().filter(|(_, frame)| frame.threshold > f32::NEG_INFINITY)
        {
            let widths = frame.widths(errors);
            simd.least_upper(&scores[..num_panels], f, &widths, &mut least_upper[f]);
            let threshold = mth_smallest(simd, &least_upper[f], m);
            frame.threshold = smaller(threshold, frame.threshold);
            for (p, scores) in scores[..num_panels].iter().enumerate() {
                for lane in bits_of(simd.at_most(&scores[f].0, frame.threshold + widths[p])) {
                    let lower = scores[f].0[lane] - widths[p];
                    admit(book, m, (s * SEGMENT + p) * PANEL + lane, lower, &mut candidates[f]);
                }
            }
        }
    }
    if book.codes.len() > SEGMENT {
        for (candidates, frame) in candidates.iter_mut().zip(bounds) {
            candidates.retain(|&(lower, _)| lower <= frame.threshold);
        }
    }
}

/// Writes the frames' words and what their bounds need.
#[inline(always)]
pub(super) fn encode_tile(format: Format, book: &Codebook, frames: &[f32], scratch: &mut Scratch) {
    let Scratch { row, tile: Tile { words, offsets, steps }, bounds, candidates, .. } = scratch;
    let num_words = book.num_words;
    row.resize(format.depth(book.dim), 0.0);
    words.resize(TILE * num_words, 0);
    // An empty place asks for nothing.
    *bounds = [FrameBounds { threshold: f32::NEG_INFINITY, ..Default::default() }; TILE];
    for (f, frame) in frames.chunks_exact(book.dim).enumerate() {
        candidates[f].clear();
        let words = &mut words[f * num_words..][..num_words];
        let Row { step, length, error, unit_sum } =
            encode(frame, &book.centre, &book.gain, format, false, row, words);
        offsets[f] = unit_sum.wrapping_mul(format.code_shift());
        steps[f] = 2.0 * step;
        if book.can_screen && length < LARGEST_LENGTH {
            bounds[f] =
                FrameBounds { error: 2.0 * error, length: 2.0 * (length + error), threshold: f32::MAX };
        } else {
            candidates[f].extend((0..book.num_codes as u32).map(|code| (f32::NEG_INFINITY, code)));
        }
    }
}

impl FrameBounds {
    /// How far the scores of each panel may be from the truth.
    #[inline(always)]
    pub(super) fn widths(&self, errors: &[PanelErrors]) -> [f32; SEGMENT] {
        let mut widths = [0.0; SEGMENT];
        for (width, panel) in widths.iter_mut().zip(errors) {
            *width = self.error * panel.length + self.length * panel.error + panel.slack;
        }
        widths
    }
}

/// The `m`-th smallest of the lanes, or what is surely not smaller.
#[inline(always)]
fn mth_smallest<S: Simd>(simd: S, lanes: &Lanes, m: usize) -> f32 {
    let mut last = smallest(lanes);
    if m == 1 {
        return last;
    }
    while last < f32::MAX && (simd.at_most(&lanes.0, last).count_ones() as usize) < m {
        let mut above = *lanes;
        for l in 0..PANEL {
            above.0[l] = if above.0[l] > last { above.0[l] } else { f32::MAX };
        }
        last = smallest(&above);
    }
    last
}

/// The smallest of the lanes.
#[inline(always)]
pub(super) fn smallest(lanes: &Lanes) -> f32 {
    // An array for each step: halving one in place goes through memory.
    let (mut sixteen, mut eight, mut four) = ([0.0f32; 16], [0.0f32; 8], [0.0f32; 4]);
    for l in 0..16 {
        sixteen[l] = smaller(lanes.0[l], lanes.0[l + 16]);
    }
    for l in 0..8 {
        eight[l] = smaller(sixteen[l], sixteen[l + 8]);
    }
    for l in 0..4 {
        four[l] = smaller(eight[l], eight[l + 4]);
    }
    smaller(smaller(four[0], four[2]), smaller(four[1], four[3]))
}

/// The smaller of two numbers that are not NaN: unlike [`f32::min`] it is one instruction.
#[inline(always)]
fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// A number that `n` of the lanes are at most, and few others: their `n`-th smallest, or above it by no more than `within`. `None` where it is not below
/// `most`.
#[inline(always)]
pub(super) fn nth_of_lanes<S: Simd>(
    simd: S,
    lanes: &[Lanes],
    n: usize,
    within: f32,
    most: f32,
) -> Option<f32> {
    let mut all = Lanes::default();
    for lanes in lanes {
        for l in 0..PANEL {
            all.0[l] = smaller(lanes.0[l], all.0[l]);
        }
    }
    let least = smallest(&all);
    // Large numbers of f32 lie further apart.
    let within = within.max(least.abs() * 1e-6).max(f32::MIN_POSITIVE);
    let (mut low, mut high) = (least, if n == 1 { least } else { least + 16.0 * within });
    while high < most && count_at_most(simd, lanes, high) < n {
        low = high;
        high += high - least;
    }
    if high >= most {
        return None;
    }
    for _ in 0..16 {
        let middle = 0.5 * (low + high);
        if high - low <= within {
            break;
        } else if count_at_most(simd, lanes, middle) < n {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

/// How many lanes are at most `limit`.
#[inline(always)]
fn count_at_most<S: Simd>(simd: S, lanes: &[Lanes], limit: f32) -> usize {
    let mut count = 0;
    // A loop: closures of iterators would be compiled without the kernel's instructions.
    for lanes in lanes {
        count += simd.at_most(&lanes.0, limit).count_ones();
    }
    count as usize
}

/// The numbers of the bits that are set.
#[inline(always)]
pub(super) fn bits_of(mut bits: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        (bit < 32).then_some(bit)
    })
}

/// Adds the code at `place` of the panels, where there is one that may count among the `m` nearest.
#[inline(always)]
fn admit(book: &Codebook, m: usize, place: usize, lower: f32, candidates: &mut Vec<(f32, u32)>) {
    if let Some(&(code, num_copies)) = book.places.get(place)
        && (num_copies as usize) < m
    {
        candidates.push((lower, code));
    }
}
