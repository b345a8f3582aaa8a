//! Paths through a layer that searches in another space than the frames'.

use super::nearest::{Pick, Scratch, Searcher, Wanted, subtract};
use super::rows::Rows;

/// Writes the best ways on through a layer: each path's nearest codes in the layer's own space compete by what they leave over in the frames'.
///
/// `residual` is what the paths left over, `(num_frames * paths, dim)`, `seen` what the search sees of that; `outputs` is what each code takes away,
/// `(num_codes, dim)`. With `keeps_first`, the nearest code of the first path comes before all others; on ties a path of lower rank and then the nearer
/// code is better. The squared distances of the picks are those of the search.
pub(crate) fn best_in_frames_space(
    searcher: &Searcher,
    outputs: &Rows<'_>,
    residual: &Rows<'_>,
    seen: &Rows<'_>,
    wanted: Wanted<'_>,
    scratch: &mut Scratch,
) {
    let Wanted { paths, keeps_first, picks, nearest } = wanted;
    let (dim, num_rows) = (residual.dim(), residual.num_rows());
    let kept = picks.len() * paths / num_rows.max(1);
    let tried = kept.min(outputs.num_rows());
    if tried == 0 {
        return;
    }
    let mut codes = vec![0; num_rows * tried];
    let mut sq_dists = vec![0.0; codes.len()];
    searcher.nearest_m_block(seen.values(), tried, &mut codes, &mut sq_dists, scratch);
    if let Some((nearest, nearest_sq_dists)) = nearest {
        nearest.iter_mut().zip(codes.iter().step_by(tried)).for_each(|(place, &code)| *place = code);
        let sq_dists = sq_dists.iter().step_by(tried);
        nearest_sq_dists.iter_mut().zip(sq_dists).for_each(|(place, &sq_dist)| *place = sq_dist);
    }
    let mut candidates: Vec<(f64, Pick)> = Vec::with_capacity(paths * tried);
    let mut left = Vec::with_capacity(dim);
    let found = codes.chunks_exact(paths * tried).zip(sq_dists.chunks_exact(paths * tried));
    let frames = residual.values().chunks_exact(paths * dim).zip(picks.chunks_exact_mut(kept));
    for ((frame, picks), (codes, sq_dists)) in frames.zip(found) {
        candidates.clear();
        for (nth, (&code, &sq_dist)) in codes.iter().zip(sq_dists).enumerate() {
            let path = nth / tried;
            left.clear();
            left.extend_from_slice(&frame[path * dim..][..dim]);
            let error = subtract(&mut left, outputs.row(code as usize));
            candidates.push((error, Pick { path: path as u32, code, sq_dist }));
        }
        // The first is the greedy path's. A stable sort keeps ties in the order of path and nearness.
        candidates[usize::from(keeps_first)..].sort_by(|a, b| a.0.total_cmp(&b.0));
        for (pick, (_, candidate)) in picks.iter_mut().zip(&candidates) {
            *pick = *candidate;
        }
    }
}
