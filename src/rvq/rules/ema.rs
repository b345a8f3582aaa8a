//! The running averages that all rules share, and the draws that take the place of dead codes.

use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1, Axis};
use rand_pcg::Pcg64;
use rayon::prelude::*;

use crate::random;

use super::{CodeSums, Codebook};

/// Rows that one task writes at least.
const ROWS_A_TASK: usize = 64;

/// The EMA core: [`averages`], then [`smoothed_rows`].
///
/// From EnCodec's `EuclideanCodebook.forward`.
pub(super) fn core(codebook: &mut Codebook, batch: &CodeSums, decay: f64, epsilon: f64) {
    averages(codebook, batch, decay);
    smoothed_rows(codebook, epsilon);
}

/// `c <- d c + (1-d) n` and `m <- d m + (1-d) s`.
pub(super) fn averages(codebook: &mut Codebook, batch: &CodeSums, decay: f64) {
    let (_, sizes, sums) = codebook.parts_mut();
    for (size, &count) in sizes.iter_mut().zip(batch.counts()) {
        *size = decay * *size + (1.0 - decay) * f64::from(count);
    }
    ndarray::Zip::from(sums).and(batch.sums()).par_for_each(|avg, &sum| {
        *avg = decay * *avg + (1.0 - decay) * sum;
    });
}

/// `e_k = m_k / c~_k` with Laplace smoothing, `c~_k = (c_k + eps) / (C + K eps) * C` and `C = sum(c)`.
///
/// From EnCodec's `laplace_smoothing`. With `C = 0` nothing was ever assigned and the rows stay.
pub(super) fn smoothed_rows(codebook: &mut Codebook, epsilon: f64) {
    let num_codes = codebook.num_codes() as f64;
    let (embed, sizes, sums) = codebook.parts_mut();
    let total = sizes.sum();
    if total <= 0.0 {
        return;
    }
    write_rows(embed, sizes, sums, |size| (size + epsilon) / (total + num_codes * epsilon) * total);
}

/// `e_k = m_k / max(c_k, eps)`, without smoothing.
///
/// From moshi's `EuclideanCodebook.embedding`.
pub(super) fn clamped_rows(codebook: &mut Codebook, epsilon: f64) {
    let (embed, sizes, sums) = codebook.parts_mut();
    write_rows(embed, sizes, sums, |size| size.max(epsilon));
}

/// The codes with `c_k < threshold`, ascending; none for a threshold of 0.
pub(super) fn below(sizes: &Array1<f64>, threshold: f64) -> Vec<u32> {
    sizes.iter().enumerate().filter(|&(_, &size)| size < threshold).map(|(code, _)| code as u32).collect()
}

/// Frames for `num_dead` of `num_codes` codes, as upstream's `sample_vectors` gives them: it draws one for every code, dead or not, so that no
/// frame comes twice where the batch has `num_codes` of them, and any may come again where it has fewer.
pub(super) fn draw_for_all(
    rng: &mut Pcg64,
    num_frames: usize,
    num_codes: usize,
    num_dead: usize,
) -> Vec<usize> {
    if num_dead == 0 {
        return Vec::new();
    }
    let mut drawn = random::choose(rng, num_frames, num_codes);
    drawn.truncate(num_dead);
    drawn
}

/// Puts `frame` in the place of code `code_idx` with a state that agrees with it: `e = v`, `c = size`, `m = v size`.
pub(super) fn place(codebook: &mut Codebook, code_idx: usize, frame: ArrayView1<'_, f32>, size: f64) {
    let (embed, sizes, sums) = codebook.parts_mut();
    embed.row_mut(code_idx).assign(&frame);
    sizes[code_idx] = size;
    for (sum, &value) in sums.row_mut(code_idx).iter_mut().zip(frame) {
        *sum = f64::from(value) * size;
    }
}

/// Writes every row as its sum over `divisor` of its size, on the current rayon pool.
fn write_rows(
    embed: &mut Array2<f32>,
    sizes: &Array1<f64>,
    sums: &Array2<f64>,
    divisor: impl Fn(f64) -> f64 + Sync,
) {
    let rows = embed.axis_iter_mut(Axis(0)).into_par_iter().zip(sums.axis_iter(Axis(0)).into_par_iter());
    let rows = rows.enumerate().with_min_len(ROWS_A_TASK);
    rows.for_each(|(code, (mut row, sum))| write_quotient(&mut row, sum, divisor(sizes[code])));
}

/// `row = sum / size`; where that is not a finite f32 (a size that underflowed), the row stays.
fn write_quotient(row: &mut ArrayViewMut1<'_, f32>, sum: ArrayView1<'_, f64>, size: f64) {
    if size > 0.0 && sum.iter().all(|&s| ((s / size) as f32).is_finite()) {
        for (value, &s) in row.iter_mut().zip(sum) {
            *value = (s / size) as f32;
        }
    }
}
