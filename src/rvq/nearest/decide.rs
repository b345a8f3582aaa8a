//! The decision between the codes that screening left, on their true distances.

use std::cmp::Ordering;

use super::codebook::Codebook;
use super::encode::tree;

/// A path and a code that continues it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pick {
    /// The path, counted from the first of its frame.
    pub path: u32,
    /// The code; `u32::MAX` where there are fewer than were asked for.
    pub code: u32,
    /// Squared distance between the code and what the path left over.
    pub sq_dist: f32,
}

impl Pick {
    /// The place of a pick that there is none for.
    pub const NONE: Self = Self { path: 0, code: u32::MAX, sq_dist: f32::INFINITY };
}

/// A candidate: its distance, its path and code, and the distance in f32.
type Ranked = (f64, (u32, u32), f32);

/// The memory of a decision.
#[derive(Debug, Clone, Default)]
pub(super) struct Ranking {
    ranked: Vec<Ranked>,
    /// The smallest distances in f32, in order.
    least: Vec<f32>,
    /// The candidates of the first path.
    first: Vec<Ranked>,
}

/// The `codes.len()` nearest of the `candidates` of a frame, each a lower bound and its code, and their distances: nearest first.
#[inline(always)]
pub(super) fn decide(
    book: &Codebook,
    frame: &[f32],
    candidates: &[(f32, u32)],
    ranking: &mut Ranking,
    codes: &mut [u32],
    dists: &mut [f32],
) {
    if let ([(_, code)], [out], [dist]) = (candidates, &mut *codes, &mut *dists) {
        (*out, *dist) = (*code, sq_dist(frame, book.row(*code)));
        return;
    }
    let Ranking { ranked, least, .. } = ranking;
    ranked.clear();
    // A loop, not `extend`: its closure would be compiled without the kernel's instructions.
    for &(_, code) in candidates {
        let dist = sq_dist(frame, book.row(code));
        ranked.push((f64::from(dist), (0, code), dist));
    }
    order(book, frame, ranked, codes.len(), least);
    codes.fill(u32::MAX);
    dists.fill(f32::INFINITY);
    for ((code, dist), ranked) in codes.iter_mut().zip(dists).zip(&*ranked) {
        (*code, *dist) = (ranked.1.1, ranked.2);
    }
}

/// The `picks.len()` best of `pairs` of path and code, where `paths` is what the paths of a frame left over, row by row: nearest first, on ties
/// the lower path, then the lower code. With `keeps_first`, the nearest code of the first path comes before all others.
///
/// With `nearest`, the nearest code of each path and its distance are written there: `pairs`, in the order of their paths, must have it for each.
#[inline(always)]
pub(super) fn decide_paths(
    book: &Codebook,
    paths: &[f32],
    pairs: &[(u32, u32)],
    keeps_first: bool,
    ranking: &mut Ranking,
    picks: &mut [Pick],
    nearest: Option<(&mut [u32], &mut [f32])>,
) {
    let Ranking { ranked, least, first } = ranking;
    ranked.clear();
    first.clear();
    for &(path, code) in pairs {
        let dist = sq_dist(&paths[path as usize * book.dim..][..book.dim], book.row(code));
        ranked.push((f64::from(dist), (path, code), dist));
    }
    if let Some((codes, dists)) = nearest {
        for candidates in ranked.chunk_by(|a, b| a.1.0 == b.1.0) {
            let (_, (path, code), dist) = nearest_of(book, paths, candidates);
            (codes[path as usize], dists[path as usize]) = (code, dist);
        }
    }
    if keeps_first {
        for candidate in ranked.iter().filter(|candidate| candidate.1.0 == 0) {
            first.push(*candidate);
        }
        order(book, paths, first, 1, least);
        first.truncate(1);
    }
    order(book, paths, ranked, picks.len(), least);
    let nearest = first.first().map(|nearest| nearest.1);
    let others = ranked.iter().filter(|other| Some(other.1) != nearest);
    picks.fill(Pick::NONE);
    for (pick, &(_, (path, code), sq_dist)) in picks.iter_mut().zip(first.iter().chain(others)) {
        *pick = Pick { path, code, sq_dist };
    }
}

/// The nearest of some candidates, at least one, on its true distance; the lowest code on ties.
#[inline(always)]
fn nearest_of(book: &Codebook, paths: &[f32], candidates: &[Ranked]) -> Ranked {
    let mut best = candidates[0];
    for candidate in &candidates[1..] {
        best = if candidate.0 < best.0 { *candidate } else { best };
    }
    let mut num_close = 0;
    for candidate in candidates {
        num_close += usize::from(!is_certain(book, best.0, candidate.0));
    }
    if num_close == 1 {
        return best;
    }
    let exact = |ranked: &Ranked| {
        let (path, code) = ranked.1;
        exact_sq_dist(&paths[path as usize * book.dim..][..book.dim], book.row(code))
    };
    let close = candidates.iter().filter(|candidate| !is_certain(book, best.0, candidate.0));
    let nearest = close
        .map(|ranked| (exact(ranked), *ranked))
        .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.1.cmp(&b.1.1)));
    nearest.map_or(best, |(_, ranked)| ranked)
}

/// Leaves of `ranked` those that may be among the first `wanted` in the order of their true distances, and `least` with the smallest in f32.
#[inline(always)]
fn keep_best(book: &Codebook, ranked: &mut Vec<Ranked>, wanted: usize, least: &mut Vec<f32>) {
    least.clear();
    least.resize(wanted, f32::INFINITY);
    let Some(last) = wanted.checked_sub(1) else { return };
    for &(_, _, dist) in &*ranked {
        if dist < least[last] {
            let mut place = last;
            while place > 0 && least[place - 1] > dist {
                least[place] = least[place - 1];
                place -= 1;
            }
            least[place] = dist;
        }
    }
    let most = f64::from(least[last]);
    // A loop, not `retain`: its closure would be compiled without the kernel's instructions.
    let mut num_left = 0;
    for nth in 0..ranked.len() {
        if !is_certain(book, most, ranked[nth].0) {
            ranked[num_left] = ranked[nth];
            num_left += 1;
        }
    }
    ranked.truncate(num_left);
}

/// Brings the first `wanted` of `ranked` into the order of their true distances, paths and codes; of the others it may drop some.
#[inline(always)]
fn order(book: &Codebook, paths: &[f32], ranked: &mut Vec<Ranked>, wanted: usize, least: &mut Vec<f32>) {
    if ranked.len() > 2 * wanted {
        keep_best(book, ranked, wanted, least);
    }
    // The bits of numbers that are not negative have their order; what is equal in f32 is put in order below.
    ranked.sort_unstable_by_key(|&(_, _, dist)| dist.to_bits());
    let wanted = wanted.min(ranked.len());
    // Runs of neighbours that f32 cannot tell apart; what lies in different runs is in the right order.
    let mut start = 0;
    while start < wanted {
        let mut end = start + 1;
        while end < ranked.len() && !is_certain(book, ranked[end - 1].0, ranked[end].0) {
            end += 1;
        }
        if end - start > 1 {
            let run = &mut ranked[start..end];
            for (dist, (path, code), _) in run.iter_mut() {
                *dist = exact_sq_dist(&paths[*path as usize * book.dim..][..book.dim], book.row(*code));
            }
            run.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        }
        start = end;
    }
}

/// Whether of two f32 distances, the larger one last, the true ones are surely in the same order.
#[inline(always)]
fn is_certain(book: &Codebook, a: f64, b: f64) -> bool {
    b - a > slack(b, book.dim)
}

/// How far apart two f32 distances must be to be in the right order; `b` is the larger.
#[inline(always)]
pub(super) fn slack(b: f64, dim: usize) -> f64 {
    // Each lane adds dim / 16 squares, each of three roundings, and the lanes meet in four more additions; both
    // distances may be off. The constant is for underflow, where a rounding is not relative.
    let roundings = 2 * (dim / 16 + 10);
    1.01 * roundings as f64 * f64::from(f32::EPSILON / 2.0) * b + dim as f64 * 1e-44
}

/// Squared distance in f32, in an order of its own that every kernel keeps: 16 lanes, no fused operations.
#[inline(always)]
pub(super) fn sq_dist(x: &[f32], e: &[f32]) -> f32 {
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

/// Which of two rows is nearer to `x`, on their true distances: those in f64, where f32 cannot tell.
pub(crate) fn compare_distances(x: &[f32], a: &[f32], b: &[f32]) -> Ordering {
    let (to_a, to_b) = (f64::from(sq_dist(x, a)), f64::from(sq_dist(x, b)));
    if (to_a - to_b).abs() > slack(to_a.max(to_b), x.len()) {
        return to_a.total_cmp(&to_b);
    }
    exact_sq_dist(x, a).total_cmp(&exact_sq_dist(x, b))
}

/// Squared distance in f64, one dimension after the other.
fn exact_sq_dist(x: &[f32], e: &[f32]) -> f64 {
    x.iter().zip(e).map(|(&x, &e)| (f64::from(x) - f64::from(e)).powi(2)).sum()
}
