//! The decision between the codes that screening left, on their true distances.

use super::codebook::Codebook;
use super::encode::tree;
use super::screen::Scratch;

/// The distances of the `codes.len()` nearest of the candidates of frame `f` of the tile, nearest first.
#[inline(always)]
pub(super) fn decide(
    book: &Codebook,
    frame: &[f32],
    f: usize,
    scratch: &mut Scratch,
    codes: &mut [u32],
    dists: &mut [f32],
) {
    let Scratch { candidates, ranked, .. } = scratch;
    let row = |code: u32| &book.rows[code as usize * book.dim..][..book.dim];
    if let ([(_, code)], [out], [dist]) = (&candidates[f][..], &mut *codes, &mut *dists) {
        (*out, *dist) = (*code, sq_dist(frame, row(*code)));
        return;
    }
    ranked.clear();
    // A loop, not `extend`: its closure would be compiled without the kernel's instructions.
    for &(_, code) in &candidates[f] {
        let dist = sq_dist(frame, row(code));
        ranked.push((f64::from(dist), code, dist));
    }
    sort(ranked);
    let wanted = codes.len().min(ranked.len());
    let is_certain = |a: f64, b: f64| b - a > slack(b, book.dim);
    let contested = ranked.windows(2).take(wanted).any(|pair| !is_certain(pair[0].0, pair[1].0));
    if contested && let Some(&(last, ..)) = ranked.get(wanted.wrapping_sub(1)) {
        ranked.retain(|&(dist, ..)| !is_certain(last, dist));
        for (dist, code, _) in ranked.iter_mut() {
            *dist = exact_sq_dist(frame, row(*code));
        }
        sort(ranked);
    }
    codes.fill(u32::MAX);
    dists.fill(f32::INFINITY);
    for ((code, dist), ranked) in codes.iter_mut().zip(dists).zip(&*ranked) {
        (*code, *dist) = (ranked.1, ranked.2);
    }
}

#[inline(always)]
fn sort(ranked: &mut [(f64, u32, f32)]) {
    ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
}

/// How far apart two f32 distances must be to be in the right order; `b` is the larger.
#[inline(always)]
fn slack(b: f64, dim: usize) -> f64 {
    // Each lane adds dim / 16 squares, each of three roundings, and the lanes meet in four more additions; both
    // distances may be off. The constant is for underflow, where a rounding is not relative.
    let roundings = 2 * (dim / 16 + 10);
    1.01 * roundings as f64 * f64::from(f32::EPSILON / 2.0) * b + dim as f64 * 1e-44
}

/// Squared distance in f32, in an order of its own that every kernel keeps: 16 lanes, no fused operations.
#[inline(always)]
fn sq_dist(x: &[f32], e: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 16];
    let ((x, x_rest), (e, e_rest)) = (x.as_chunks::<16>(), e.as_chunks::<16>());
    for (x, e) in x.iter().zip(e) {
        for l in 0..16 {
            let d = x[l] - e[l];
            lanes[l] += d * d;
        }
    }
    for ((lane, x), e) in lanes.iter_mut().zip(x_rest).zip(e_rest) {
        let d = x - e;
        *lane += d * d;
    }
    tree(lanes)
}

/// Squared distance in f64, one dimension after the other.
fn exact_sq_dist(x: &[f32], e: &[f32]) -> f64 {
    x.iter().zip(e).map(|(&x, &e)| (f64::from(x) - f64::from(e)).powi(2)).sum()
}
