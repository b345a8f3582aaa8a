//! The nearest-code search as upstream classes write it, kept apart so that its loss of precision can be seen.

use ndarray::ArrayView2;

/// The code of each frame by `argmin_k x² - 2 x e_k + e_k²` in f32, as EnCodec's `quantize` evaluates it on frames that are not centred.
///
/// Where the mean of the data lies far from zero, three large numbers cancel: with an offset of `b` in each of `D` dimensions the terms are near
/// `D b²`, and an f32 of that size is no finer than `D b² 2^-24`. Differences between codes below that are lost, and the argmin with them. Ties go
/// to the lowest index. `frames` is `(num_frames, dim)`, `codebook` is `(num_codes, dim)`.
///
/// [`super::nearest`] has the search that is exact.
#[must_use]
pub fn assign_as_upstream(frames: ArrayView2<'_, f32>, codebook: ArrayView2<'_, f32>) -> Vec<u32> {
    let row_norms: Vec<f32> =
        codebook.rows().into_iter().map(|row| row.iter().map(|e| e * e).sum()).collect();
    let nearest = |frame: ndarray::ArrayView1<'_, f32>| {
        let frame_norm: f32 = frame.iter().map(|x| x * x).sum();
        let mut best = (0, f32::INFINITY);
        for (code, (row, &row_norm)) in (0..).zip(codebook.rows().into_iter().zip(&row_norms)) {
            let dot: f32 = frame.iter().zip(row).map(|(x, e)| x * e).sum();
            let dist = frame_norm - 2.0 * dot + row_norm;
            if dist < best.1 {
                best = (code, dist);
            }
        }
        best.0
    };
    frames.rows().into_iter().map(nearest).collect()
}
