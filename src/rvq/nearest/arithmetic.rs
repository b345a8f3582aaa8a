//! Sums and differences of rows that lie anywhere in memory, with the instructions that the search has.

use super::Kernel;
use super::simd::{Job, Simd, dispatch};

/// Rows ahead of the one that is worked on: they are asked for meanwhile.
const AHEAD: usize = 4;

/// Adds the rows `wanted`, each as `row` gives it, one after the other to `sum`, `(dim)`.
pub(crate) fn add_rows<'a>(wanted: &[u32], row: impl Fn(usize) -> &'a [f32], sum: &mut [f64]) {
    dispatch(Kernel::best(sum.len()), AddRows { wanted, row, sum });
}

/// Writes `before - taken`, of the two rows that `parts` gives for each place, to the rows of `left`, each `dim` long.
pub(crate) fn differences<'a>(left: &mut [f32], dim: usize, parts: impl Fn(usize) -> (&'a [f32], &'a [f32])) {
    dispatch(Kernel::best(dim), Differences { left, dim, norms: None, parts });
}

/// Does what [`differences`] does, to `(norms.len(), dim)`, and writes `||row||²` of each to `norms`.
pub(crate) fn differences_and_norms<'a>(
    left: &mut [f32],
    norms: &mut [f64],
    parts: impl Fn(usize) -> (&'a [f32], &'a [f32]),
) {
    let dim = left.len() / norms.len().max(1);
    dispatch(Kernel::best(dim), Differences { left, dim, norms: Some(norms), parts });
}

/// Takes the row that `taken` gives for each place off each row of `rows`, `(norms.len(), dim)`, and writes `||row||²` of what is left to `norms`.
pub(crate) fn subtract_rows<'a>(rows: &mut [f32], norms: &mut [f64], taken: impl Fn(usize) -> &'a [f32]) {
    let dim = rows.len() / norms.len().max(1);
    dispatch(Kernel::best(dim), SubtractRows { rows, norms, taken });
}

/// Subtracts a row from a residual and gives the squared length of what is left, added up in an order that every kernel keeps.
#[inline(always)]
pub(crate) fn subtract(residual: &mut [f32], row: &[f32]) -> f64 {
    let mut sums = [0f64; 8];
    let (values, tail) = residual.as_chunks_mut::<8>();
    let (rows, row_tail) = row.as_chunks::<8>();
    for (values, rows) in values.iter_mut().zip(rows) {
        for lane in 0..8 {
            values[lane] -= rows[lane];
            sums[lane] += f64::from(values[lane]) * f64::from(values[lane]);
        }
    }
    let mut sum: f64 = sums.iter().sum();
    for (value, e) in tail.iter_mut().zip(row_tail) {
        *value -= e;
        sum += f64::from(*value) * f64::from(*value);
    }
    sum
}

struct AddRows<'a, F> {
    wanted: &'a [u32],
    row: F,
    sum: &'a mut [f64],
}

impl<'r, F: Fn(usize) -> &'r [f32]> Job for AddRows<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { wanted, row, sum } = self;
        for (nth, &place) in wanted.iter().enumerate() {
            if let Some(&soon) = wanted.get(nth + AHEAD) {
                simd.prefetch(row(soon as usize));
            }
            for (sum, &value) in sum.iter_mut().zip(row(place as usize)) {
                *sum += f64::from(value);
            }
        }
    }
}

struct Differences<'a, F> {
    left: &'a mut [f32],
    dim: usize,
    norms: Option<&'a mut [f64]>,
    parts: F,
}

impl<'r, F: Fn(usize) -> (&'r [f32], &'r [f32])> Job for Differences<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { left, dim, mut norms, parts } = self;
        let num_rows = left.len() / dim.max(1);
        for nth in 0..num_rows {
            if nth + AHEAD < num_rows {
                simd.prefetch(parts(nth + AHEAD).1);
            }
            let (before, taken) = parts(nth);
            let left = &mut left[nth * dim..][..dim];
            match &mut norms {
                Some(norms) => {
                    left.copy_from_slice(before);
                    norms[nth] = subtract(left, taken);
                }
                None => {
                    for ((left, before), taken) in left.iter_mut().zip(before).zip(taken) {
                        *left = before - taken;
                    }
                }
            }
        }
    }
}

struct SubtractRows<'a, F> {
    rows: &'a mut [f32],
    norms: &'a mut [f64],
    taken: F,
}

impl<'r, F: Fn(usize) -> &'r [f32]> Job for SubtractRows<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { rows, norms, taken } = self;
        let num_rows = norms.len();
        let dim = rows.len() / num_rows.max(1);
        for nth in 0..num_rows {
            if nth + AHEAD < num_rows {
                simd.prefetch(taken(nth + AHEAD));
            }
            norms[nth] = subtract(&mut rows[nth * dim..][..dim], taken(nth));
        }
    }
}
