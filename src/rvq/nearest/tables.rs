//! Products of the codes of earlier layers with those of one layer: what lets several paths be screened for little more than the price of one.

use std::ops::Range;
use std::sync::atomic::AtomicUsize;

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::super::rows::Rows;
use super::codebook::{Codebook, Prepare};
use super::kernel::Kernel;
use super::layout::{FrameBounds, Lanes, Limits, PANEL, TILE, Units};
use super::row_table::RowTable;
use super::scratch::Scratch;
use super::screen;
use super::simd::{Job, LARGEST_PART, Simd, dispatch};

/// A layer's codes beside tables of their products with the codes of the layers before it.
///
/// Every number is a whole one of the units of its panel, modulo 2^16: a sum of them is right wherever the true sum fits 16 bits, whatever its parts.
#[derive(Debug)]
pub struct PathTables {
    pub(super) book: Codebook,
    pub(super) kernel: Kernel,
    /// For each earlier layer `2 e.c`, a row for each of its codes `e`, in which the codes `c` of this layer are in the order of the panels; `c` is
    /// taken from the centre of its codebook, `e` as it is.
    pub(super) table: RowTable,
    /// The finest unit.
    pub(super) step: f32,
    /// Neighbouring panels with the same unit and bounds.
    pub(super) groups: Vec<Group>,
    /// How far the sum of a row of each layer from some depth on may be off, before the rows are rounded to units; `(depths, groups)`.
    pub(super) errors: Vec<f32>,
    /// Paths of a frame up to which it seems to pay to screen trunks in int8.
    pub(super) coarse_paths: AtomicUsize,
}

/// Panels whose codes are of a length, so that one unit and one bound suit them: a few long codes do not make it coarse for all others.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub panels: Range<usize>,
    /// How many times the unit is twice the finest.
    pub shift: u32,
    /// One by the unit, which is a power of two, so that multiplying by it rounds nothing.
    pub inverse_step: f32,
}

/// Norm of what a path leaves over, in norms of the code of median length and of the longest, up to one of which scores surely fit 16 bits.
const REACH: (f32, f32) = (6.0, 1.5);

/// Largest score that 16 bits are to hold, with room for its bound.
pub(super) const LARGEST_SCORE: f32 = 32_000.0;

/// How many times a unit may be twice the finest.
pub(super) const MAX_SHIFT: i32 = 12;

/// Rows that one task makes.
const ROWS: usize = 64;

impl PathTables {
    /// Prepares `codebook`, `(num_codes, dim)`, for paths that have chosen one row of each of the `earlier` ones; `None` where the numbers do not
    /// allow it, as where the codes are too far apart for f32.
    ///
    /// The tables take `2 * num_codes` bytes for each row of `earlier`. Frames are screened with `kernel`, or the best one without. Runs on the
    /// current rayon pool.
    #[must_use]
    pub fn new(
        codebook: ArrayView2<'_, f32>,
        earlier: &[ArrayView2<'_, f32>],
        kernel: Option<Kernel>,
    ) -> Option<Self> {
        let kernel = kernel.unwrap_or_else(Kernel::best_precise);
        let book = prepared(codebook, kernel)?;
        let maker = Maker::new(codebook)?;
        let num_panels = book.codes.len();
        let mut table = RowTable { units: Vec::new(), starts: Vec::new(), num_panels };
        let num_rows = earlier.iter().map(ArrayView2::nrows).sum::<usize>();
        if u32::try_from(num_rows * num_panels).is_err() {
            return None;
        }
        table.units.resize(num_rows * num_panels, Units::ZERO);
        let (mut rest, mut start) = (table.units.as_mut_slice(), 0);
        let mut errors = Vec::new();
        for rows in earlier {
            let len = rows.nrows() * num_panels;
            let (units, behind) = rest.split_at_mut(len);
            errors.push(maker.fill(*rows, units)?);
            table.starts.push(start);
            (rest, start) = (behind, start + len as u32);
        }
        let Maker { step, groups, .. } = maker;
        let mut sums = vec![0.0; groups.len() * (errors.len() + 1)];
        for (depth, errors) in errors.iter().enumerate().rev() {
            for (g, error) in errors.iter().enumerate() {
                sums[depth * groups.len() + g] = sums[(depth + 1) * groups.len() + g] + error;
            }
        }
        let coarse_paths = AtomicUsize::new(usize::MAX);
        Some(Self { book, kernel, table, step, groups, errors: sums, coarse_paths })
    }

    /// Bytes of the tables for a codebook of `num_codes` behind layers that have `num_earlier` codes together.
    #[must_use]
    pub fn num_bytes(num_codes: usize, num_earlier: usize) -> usize {
        2 * num_codes.next_multiple_of(PANEL).saturating_mul(num_earlier)
    }
}

/// `codebook` for one kernel; `None` where it cannot be screened.
fn prepared(codebook: ArrayView2<'_, f32>, kernel: Kernel) -> Option<Codebook> {
    let mut book = Codebook::default();
    book.read(codebook);
    if book.dim == 0 || book.num_codes == 0 {
        return None;
    }
    dispatch(kernel, Prepare(&mut book));
    book.can_screen.then_some(book)
}

/// Empties the places of the last panel that have no code.
#[inline(always)]
pub(super) fn fill_empty(num_codes: usize, row: &mut [Units], value: i16) {
    if let Some(last) = row.last_mut()
        && !num_codes.is_multiple_of(PANEL)
    {
        last.0[num_codes % PANEL..].fill(value);
    }
}

/// The finest unit that a codebook's panels are to have, and the panels by unit; `None` where f32 does not reach.
fn groups_of(book: &Codebook) -> Option<(f32, Vec<Group>)> {
    // Codes are in the order of their norms, but for what a kernel rounds.
    let longest = book.errors.iter().map(|panel| panel.length).fold(0.0, f32::max);
    let median = book.errors.get(book.errors.len() / 2)?.length;
    let reach = (REACH.0 * median).max(REACH.1 * longest);
    let unit = |length: f32| length * (length + 2.0 * reach) / LARGEST_SCORE;
    if !(1e-30..1e30).contains(&unit(longest)) {
        return None;
    }
    let exponent = |length: f32| (unit(length).to_bits() >> 23) as i32 - 126;
    let finest = exponent(median).max(exponent(longest) - MAX_SHIFT);
    let mut groups: Vec<Group> = Vec::new();
    for (p, panel) in book.errors.iter().enumerate() {
        let last = groups.last().map_or(0, |group| group.shift);
        let shift = ((exponent(panel.length) - finest).max(0) as u32).max(last);
        match groups.last_mut().filter(|group| group.shift == shift) {
            Some(group) => group.panels.end = p + 1,
            None => groups.push(Group {
                panels: p..p + 1,
                shift,
                inverse_step: 2f32.powi(-finest - shift as i32),
            }),
        }
    }
    Some((2f32.powi(finest), groups))
}

/// Makes rows of tables: `2 e.c` is the difference between the scores of the origin and of `e`.
struct Maker {
    /// For a kernel that rounds little: what it costs is added up along a path.
    book: Codebook,
    kernel: Kernel,
    step: f32,
    groups: Vec<Group>,
    /// Group by group.
    limits: Vec<Limits>,
    /// Scores of the origin of the frames' space, place by place.
    origin: Vec<Lanes>,
    origin_bounds: FrameBounds,
}

impl Maker {
    fn new(codebook: ArrayView2<'_, f32>) -> Option<Self> {
        let kernel = Kernel::best_precise();
        let book = prepared(codebook, kernel)?;
        let (step, groups) = groups_of(&book)?;
        let mut origin = vec![Lanes::default(); book.codes.len()];
        let at_zero = vec![0.0; book.dim];
        let scores = Scores { book: &book, frame: &at_zero, scores: &mut origin };
        let origin_bounds = dispatch(kernel, scores)?;
        let limits = groups.iter().map(|group| Limits::of(&book.errors[group.panels.clone()])).collect();
        Some(Self { book, kernel, step, groups, limits, origin, origin_bounds })
    }

    /// Makes the rows of `codes`, `(num_codes, dim)`, and gives how far those of each group may be off; `None` where they cannot be made.
    fn fill(&self, codes: ArrayView2<'_, f32>, rows: &mut [Units]) -> Option<Vec<f32>> {
        let codes = Rows::of(codes);
        let tasks = codes.values().par_chunks(ROWS * self.book.dim);
        let tasks = tasks.zip(rows.par_chunks_mut(ROWS * self.book.codes.len()));
        let errors: Option<Vec<Vec<f32>>> =
            tasks.map(|(codes, rows)| dispatch(self.kernel, Fill { maker: self, codes, rows })).collect();
        let mut most = vec![0.0; self.groups.len()];
        for errors in errors? {
            most.iter_mut().zip(errors).for_each(|(most, error)| *most = error.max(*most));
        }
        Some(most)
    }

    /// How far `2 e.c` may be off for the codes of a group, where these are the bounds of `e`; `None` where it cannot be made.
    #[inline(always)]
    fn error(&self, group: &Group, limits: &Limits, bounds: FrameBounds) -> Option<f32> {
        let largest = limits.largest_score(bounds) + limits.largest_score(self.origin_bounds);
        let roundings = limits.score_error(bounds) + limits.score_error(self.origin_bounds);
        let fits = bounds.threshold > f32::NEG_INFINITY && largest * group.inverse_step < LARGEST_PART;
        fits.then_some(roundings + largest * f32::EPSILON)
    }
}

/// Writes the scores of one frame; `None` where it cannot be screened.
struct Scores<'a> {
    book: &'a Codebook,
    frame: &'a [f32],
    scores: &'a mut [Lanes],
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
        for ((panel, codes), scores) in panels.zip(scores) {
            simd.scores(panel, codes, &scratch.tile, &mut lanes);
            *scores = lanes[0];
        }
        Some(bounds)
    }
}

/// Makes the rows of some codes and gives how far those of each group may be off; `None` where they cannot be made.
struct Fill<'a> {
    maker: &'a Maker,
    codes: &'a [f32],
    rows: &'a mut [Units],
}

impl Job for Fill<'_> {
    type Output = Option<Vec<f32>>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Self { maker, codes, rows } = self;
        let Maker { book, groups, origin, .. } = maker;
        let num_panels = book.codes.len();
        let mut scratch = Scratch::default();
        let mut lanes = [Lanes::default(); TILE];
        let mut errors = vec![0.0f32; groups.len()];
        for (codes, rows) in codes.chunks(TILE * book.dim).zip(rows.chunks_mut(TILE * num_panels)) {
            screen::encode_tile(S::FORMAT, book, codes, &mut scratch);
            for &bounds in &scratch.bounds[..codes.len() / book.dim] {
                for (error, (group, limits)) in errors.iter_mut().zip(groups.iter().zip(&maker.limits)) {
                    *error = error.max(maker.error(group, limits, bounds)?);
                }
            }
            for group in groups {
                for p in group.panels.clone() {
                    let panel = &book.panels[p * book.num_words..][..book.num_words];
                    simd.scores(panel, &book.codes[p], &scratch.tile, &mut lanes);
                    for (row, scores) in rows.chunks_exact_mut(num_panels).zip(&mut lanes) {
                        for l in 0..PANEL {
                            scores.0[l] = origin[p].0[l] - scores.0[l];
                        }
                        simd.to_units(&scores.0, group.inverse_step, &mut row[p]);
                    }
                }
            }
            for row in rows.chunks_exact_mut(num_panels) {
                fill_empty(book.num_codes, row, 0);
            }
        }
        Some(errors)
    }
}
