//! Products of the codes of earlier layers with those of one layer: what lets several paths be screened for little more than the price of one.

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::super::rows::Rows;
use super::codebook::{Codebook, Prepare};
use super::kernel::Kernel;
use super::layout::{FrameBounds, Lanes, PANEL, TILE};
use super::scratch::Scratch;
use super::screen;
use super::simd::{Job, Simd, dispatch};

/// A layer's codes beside tables of their products with the codes of the layers before it.
///
/// Every number is a whole one of units of `step`, modulo 2^16: a sum of them is right wherever the true sum fits 16 bits, whatever its parts.
#[derive(Debug)]
pub struct PathTables {
    pub(super) book: Codebook,
    pub(super) kernel: Kernel,
    /// For each earlier layer `2 e.c`, a row for each of its codes `e`, in which the codes `c` of this layer are in the order of the panels; `c` is
    /// taken from the centre of its codebook, `e` as it is.
    pub(super) tables: Vec<Vec<i16>>,
    /// Numbers in a row.
    pub(super) num_places: usize,
    /// Value of a unit: a power of two, so that dividing by it rounds nothing.
    pub(super) step: f32,
    /// How far a number of the tables may be off before it is rounded to units.
    pub(super) error: f32,
    /// Norm of the longest code, from the centre.
    pub(super) length: f32,
    /// Largest norm of what the kernel's rounding took from a code.
    pub(super) code_error: f32,
    /// The largest slack of a panel.
    pub(super) slack: f32,
}

/// Norm of what a path leaves over, in norms of the longest code, up to which scores surely fit 16 bits.
const REACH: f32 = 6.0;

/// Largest score that 16 bits are to hold, with room for its bound.
pub(super) const LARGEST_SCORE: f32 = 32_000.0;

/// Numbers of units below this are rounded to whole ones by [`units`].
pub(super) const LARGEST_PART: f32 = (1u32 << 21) as f32;

/// Adding it leaves the nearest integer in the low bits of the result, its remainder modulo 2^16 in the lowest 16.
const ROUND: f32 = 12_582_912.0;

/// Rows that one task makes.
const ROWS: usize = 64;

impl PathTables {
    /// Prepares `codebook`, `(num_codes, dim)`, for paths that have chosen one row of each of the `earlier` ones; `None` where the numbers do not
    /// allow it, as where the codes are too far apart for f32.
    ///
    /// The tables take `2 * num_codes` bytes for each row of `earlier`. Runs on the current rayon pool.
    #[must_use]
    pub fn new(codebook: ArrayView2<'_, f32>, earlier: &[ArrayView2<'_, f32>]) -> Option<Self> {
        let mut book = Codebook::default();
        book.read(codebook);
        if book.dim == 0 || book.num_codes == 0 {
            return None;
        }
        let kernel = Kernel::best_precise();
        dispatch(kernel, Prepare(&mut book));
        let largest =
            |of: fn(&super::layout::PanelErrors) -> f32| book.errors.iter().map(of).fold(0.0, f32::max);
        let (length, slack) = (largest(|panel| panel.length), largest(|panel| panel.slack));
        let code_error = largest(|panel| panel.error);
        let unit = length * length * (1.0 + 2.0 * REACH) / LARGEST_SCORE;
        if !book.can_screen || !(1e-30..1e30).contains(&unit) {
            return None;
        }
        let step = 2f32.powi((unit.to_bits() >> 23) as i32 - 126);
        let num_places = book.codes.len() * PANEL;
        let mut made = Self {
            book,
            kernel,
            tables: Vec::new(),
            num_places,
            step,
            error: 0.0,
            length,
            code_error,
            slack,
        };
        let origin = made.origin()?;
        for rows in earlier {
            let rows = Rows::of(*rows);
            let mut table = vec![0; rows.num_rows() * num_places];
            let tasks =
                rows.values().par_chunks(ROWS * made.book.dim).zip(table.par_chunks_mut(ROWS * num_places));
            let errors: Option<Vec<f32>> = tasks
                .map(|(rows, table)| dispatch(kernel, Fill { tables: &made, origin: &origin, rows, table }))
                .collect();
            made.error = errors?.into_iter().fold(made.error, f32::max);
            made.tables.push(table);
        }
        Some(made)
    }

    /// Bytes of the tables for a codebook of `num_codes` behind layers that have `num_earlier` codes together.
    #[must_use]
    pub fn num_bytes(num_codes: usize, num_earlier: usize) -> usize {
        2 * num_codes.next_multiple_of(PANEL).saturating_mul(num_earlier)
    }

    /// How far the scores of a frame may be off.
    #[inline(always)]
    pub(super) fn score_error(&self, frame: FrameBounds) -> f32 {
        frame.error * self.length + frame.length * self.code_error + self.slack
    }

    /// `|c|^2 - 2 x.c` at most, for a frame with these bounds.
    #[inline(always)]
    pub(super) fn largest_score(&self, frame: FrameBounds) -> f32 {
        2.0 * self.length * self.length + frame.length * self.length
    }

    fn origin(&self) -> Option<Origin> {
        let origin = vec![0.0; self.book.dim];
        let mut scores = vec![0.0; self.num_places];
        let bounds = dispatch(self.kernel, Scores { book: &self.book, frame: &origin, scores: &mut scores })?;
        Some(Origin { scores, bounds })
    }
}

/// `v` in whole units, modulo 2^16; exact to half a unit below [`LARGEST_PART`] of them.
#[inline(always)]
pub(super) fn units(v: f32, inverse_step: f32) -> i16 {
    (v * inverse_step + ROUND).to_bits() as i16
}

/// The origin of the frames' space, as a frame.
struct Origin {
    /// Place by place.
    scores: Vec<f32>,
    bounds: FrameBounds,
}

/// Writes the scores of one frame; `None` where it cannot be screened.
struct Scores<'a> {
    book: &'a Codebook,
    frame: &'a [f32],
    scores: &'a mut [f32],
}

impl Job for Scores<'_> {
    type Output = Option<FrameBounds>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Self { book, frame, scores } = self;
        let mut scratch = Scratch::default();
        screen::encode_tile(S::FORMAT, book, frame, &mut scratch);
        let bounds = scratch.bounds[0];
        if bounds.threshold == f32::NEG_INFINITY {
            return None;
        }
        let mut lanes = [Lanes::default(); TILE];
        let panels = book.panels.chunks_exact(book.num_words).zip(&book.codes);
        for ((panel, codes), scores) in panels.zip(scores.as_chunks_mut::<PANEL>().0) {
            simd.scores(panel, codes, &scratch.tile, &mut lanes);
            *scores = lanes[0].0;
        }
        Some(bounds)
    }
}

/// Makes some rows of a table and gives how far they may be off; `None` where they cannot be made.
///
/// `2 e.c` is the difference between the scores of the origin and of `e`.
struct Fill<'a> {
    tables: &'a PathTables,
    origin: &'a Origin,
    rows: &'a [f32],
    table: &'a mut [i16],
}

impl Job for Fill<'_> {
    type Output = Option<f32>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Self { tables, origin, rows, table } = self;
        let PathTables { book, num_places, step, .. } = tables;
        let inverse = 1.0 / step;
        let mut scratch = Scratch::default();
        let mut lanes = [Lanes::default(); TILE];
        let mut error = 0.0f32;
        for (rows, table) in rows.chunks(TILE * book.dim).zip(table.chunks_mut(TILE * num_places)) {
            screen::encode_tile(S::FORMAT, book, rows, &mut scratch);
            let num_rows = rows.len() / book.dim;
            for &bounds in &scratch.bounds[..num_rows] {
                let largest = tables.largest_score(bounds) + tables.largest_score(origin.bounds);
                let off =
                    tables.score_error(bounds) + tables.score_error(origin.bounds) + largest * f32::EPSILON;
                if !(bounds.threshold > f32::NEG_INFINITY && largest * inverse < LARGEST_PART) {
                    return None;
                }
                error = error.max(off);
            }
            for (p, (panel, codes)) in book.panels.chunks_exact(book.num_words).zip(&book.codes).enumerate() {
                simd.scores(panel, codes, &scratch.tile, &mut lanes);
                for (row, scores) in table.chunks_exact_mut(*num_places).zip(&lanes) {
                    let row = &mut row[p * PANEL..][..PANEL];
                    let origin = &origin.scores[p * PANEL..][..PANEL];
                    for l in 0..PANEL {
                        row[l] = units(origin[l] - scores.0[l], inverse);
                    }
                }
            }
            for row in table.chunks_exact_mut(*num_places) {
                row[book.num_codes..].fill(0);
            }
        }
        Some(error)
    }
}
