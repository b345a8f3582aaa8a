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
const SEGMENT: usize = 32;

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
            frame.threshold = frame.threshold.min(mth_smallest(&least_upper[f], m));
            let mut hits = [0; SEGMENT];
            for p in 0..num_panels {
                hits[p] = simd.at_most(&scores[p][f].0, frame.threshold + widths[p]);
            }
            let panels_hit = (0..SEGMENT).fold(0, |bits, p| bits | u32::from(hits[p] != 0) << p);
            for p in bits_of(panels_hit) {
                for lane in bits_of(hits[p]) {
                    let lower = scores[p][f].0[lane] - widths[p];
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
    fn widths(&self, errors: &[PanelErrors]) -> [f32; SEGMENT] {
        let mut widths = [0.0; SEGMENT];
        for (width, panel) in widths.iter_mut().zip(errors) {
            *width = self.error * panel.length + self.length * panel.error + panel.slack;
        }
        widths
    }
}

/// The `m`-th smallest of the lanes, or what is surely not smaller.
#[inline(always)]
fn mth_smallest(lanes: &Lanes, m: usize) -> f32 {
    let mut last = f32::NEG_INFINITY;
    let mut num_found = 0;
    while num_found < m && last < f32::MAX {
        let mut least = [f32::MAX; 16];
        for half in lanes.0.as_chunks::<16>().0 {
            for l in 0..16 {
                let is_next = half[l] > last && half[l] < least[l];
                least[l] = if is_next { half[l] } else { least[l] };
            }
        }
        for half in [8, 4, 2, 1] {
            for l in 0..half {
                least[l] = if least[l + half] < least[l] { least[l + half] } else { least[l] };
            }
        }
        last = least[0];
        num_found += if m == 1 { 1 } else { lanes.0.iter().filter(|&&lane| lane == last).count() };
    }
    last
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
