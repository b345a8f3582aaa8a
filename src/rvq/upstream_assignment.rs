//! The nearest-code search as upstream classes write it, kept apart so that its loss of precision can be seen.

use ndarray::{ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

/// Frames whose products with all codes are held at a time.
const BLOCK_FRAMES: usize = 256;

/// The code of each frame by `argmin_k x² - 2 x e_k + e_k²` in f32, as EnCodec's `quantize` evaluates it on frames that are not centred.
///
/// Where the mean of the data lies far from zero, three large numbers cancel: with an offset of `b` in each of `D` dimensions the terms are near
/// `D b²`, and an f32 of that size is no finer than `D b² 2^-24`. Differences between codes below that are lost, and the argmin with them. Ties go
/// to the lowest index. `frames` is `(num_frames, dim)`, `codebook` is `(num_codes, dim)`.
///
/// [`super::nearest`] has the search that is exact.
#[must_use]
pub fn assign_as_upstream(frames: ArrayView2<'_, f32>, codebook: ArrayView2<'_, f32>) -> Vec<u32> {
    let sq_norm = |row: ArrayView1<'_, f32>| row.iter().map(|e| e * e).sum::<f32>();
    let row_norms: Vec<f32> = codebook.rows().into_iter().map(sq_norm).collect();
    let mut codes = vec![0; frames.nrows()];
    let blocks = frames.axis_chunks_iter(Axis(0), BLOCK_FRAMES).into_par_iter();
    blocks.zip(codes.par_chunks_mut(BLOCK_FRAMES)).for_each(|(block, codes)| {
        let products = block.dot(&codebook.t());
        for ((frame, products), code) in block.rows().into_iter().zip(products.rows()).zip(codes) {
            let frame_norm = sq_norm(frame);
            let mut least = f32::INFINITY;
            for (nth, (&product, &row_norm)) in (0..).zip(products.iter().zip(&row_norms)) {
                let dist = frame_norm - 2.0 * product + row_norm;
                if dist < least {
                    (*code, least) = (nth, dist);
                }
            }
        }
    });
    codes
}

/// Puts upstream's choice in place of the exact one: overwrites `codes` and `sq_dists`, which the exact search has filled, and gives how many
/// frames got a code that lies farther away. Shapes are those of [`assign_as_upstream`].
pub(crate) fn replace_by_upstream(
    frames: ArrayView2<'_, f32>,
    codebook: ArrayView2<'_, f32>,
    codes: &mut [u32],
    sq_dists: &mut [f32],
) -> u32 {
    let mut misassigned = 0;
    for (nth, upstream) in assign_as_upstream(frames, codebook).into_iter().enumerate() {
        if codes[nth] == upstream {
            continue;
        }
        let row = codebook.row(upstream as usize);
        let dist: f64 =
            frames.row(nth).iter().zip(row).map(|(&x, &e)| (f64::from(x) - f64::from(e)).powi(2)).sum();
        // Two rows at one distance are both the nearest.
        misassigned += u32::from(dist as f32 > sq_dists[nth]);
        (codes[nth], sq_dists[nth]) = (upstream, dist as f32);
    }
    misassigned
}
