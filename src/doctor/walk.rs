//! A sample of the frames on their way through the layers: what each layer is given, and what it makes of it.

use half::f16;
use ndarray::{Array2, ArrayView2, s};

use super::Patient;
use crate::rvq::encoder::Encoder;
use crate::rvq::nearest::Searcher;
use crate::rvq::search::Search;
use crate::rvq::{LayerSpan, assign_as_upstream};

/// Frames that are looked at, where the quantizer is not too large for it.
const MOST_FRAMES: usize = 4096;
/// Frames that are looked at however large it is.
const LEAST_FRAMES: usize = 512;
/// Multiplications of one search over all layers.
const WORK: usize = 1 << 33;

/// A row so many times as far from the middle as the farthest input is chosen by none: see [`unreached`].
pub(super) const REACH: f64 = 3.0;

/// What one layer makes of what it is given.
#[derive(Debug, Clone)]
pub(super) struct LayerLook {
    /// The layer, from 0.
    pub(super) layer: usize,
    /// Frames that were looked at.
    pub(super) frames: usize,
    /// The share of them that f32 as upstream writes it gives a code farther away than the nearest.
    pub(super) wrong_as_upstream: f64,
    /// The same where frames, rows and residuals have half precision; `None` where they do not fit into it, or behind a projection.
    pub(super) wrong_in_half: Option<f64>,
    /// Codes that none of them could choose, whatever it is.
    pub(super) unreached: Vec<usize>,
    /// How far away the farthest of these rows is, in distances of the farthest input from the middle.
    pub(super) farthest: f64,
}

/// Goes through the layers with a sample of the frames. Empty where there are none, where codes are searched by angle, or where frames share codes.
pub(super) fn walk(patient: &Patient<'_>) -> Vec<LayerLook> {
    let rvq = &patient.run.rvq;
    let is_plain = !rvq.metric().is_cosine() && rvq.layers().iter().all(|layer| layer.stride == 1);
    let Some(frames) = patient.frames.filter(|frames| is_plain && frames.nrows() > 0) else {
        return Vec::new();
    };
    let a_frame: usize =
        rvq.layers().iter().map(|layer| layer.codebook.num_codes() * layer.codebook.dim()).sum();
    let most = (WORK / a_frame.max(1)).clamp(LEAST_FRAMES, MOST_FRAMES);
    let step = frames.nrows().div_ceil(most);
    let sample = frames.slice(s![..;step, ..]).as_standard_layout().into_owned();
    let encoded =
        Encoder::new(rvq, LayerSpan::ALL).and_then(|encoder| encoder.encode(sample.view(), Search::Greedy));
    let Ok(codes) = encoded.map(|encoded| encoded.to_matrix()) else { return Vec::new() };
    let Ok(inputs) = rvq.layer_inputs(sample.view(), codes.view()) else { return Vec::new() };
    let mut looks = Vec::with_capacity(rvq.num_layers());
    // What the layers are given in half precision.
    let mut half: Option<Array2<f32>> = None;
    for ((layer_idx, input), layer) in inputs.enumerate().zip(rvq.layers()) {
        let Ok(input) = input else { return looks };
        if let Some(chain) = rvq.chains().iter().find(|chain| chain.layers().start == layer_idx) {
            let columns = sample.slice(s![.., chain.columns()]);
            half = chain.projection().is_none().then(|| columns.map(halved));
        }
        half = half.filter(|_| layer.projection.is_none());
        let (rows, chosen) = (layer.codebook.embed(), codes.row(layer_idx).to_vec());
        let rounded = rows.map(halved);
        looks.push(look(layer_idx, input.view(), rows, &chosen, half.as_ref().map(|half| (half, &rounded))));
        // The same codes, so that what differs is rounding and nothing before it.
        half = half.map(|mut half| {
            for (mut left, &code) in half.rows_mut().into_iter().zip(&chosen) {
                left.zip_mut_with(&rounded.row(code as usize), |left, &e| *left = halved_of(*left - e));
            }
            half
        });
    }
    looks
}

/// What a layer of these `rows` makes of `input`, of which it chose `codes`; `half` is what it is given, and its rows, in half precision.
fn look(
    layer_idx: usize,
    input: ArrayView2<'_, f32>,
    rows: ArrayView2<'_, f32>,
    codes: &[u32],
    half: Option<(&Array2<f32>, &Array2<f32>)>,
) -> LayerLook {
    let as_upstream = assign_as_upstream(input, rows);
    let in_half = half.and_then(|(half, rounded)| nearest(half, rounded.view()));
    let (unreached, farthest) = unreached(input, rows);
    LayerLook {
        layer: layer_idx,
        frames: input.nrows(),
        wrong_as_upstream: wrong(input, rows, codes, &as_upstream),
        wrong_in_half: in_half.map(|chosen| wrong(input, rows, codes, &chosen)),
        unreached,
        farthest,
    }
}

fn halved(value: &f32) -> f32 {
    halved_of(*value)
}

fn halved_of(value: f32) -> f32 {
    f16::from_f32(value).to_f32()
}

/// The nearest row of each frame; `None` where a number is not finite.
fn nearest(frames: &Array2<f32>, rows: ArrayView2<'_, f32>) -> Option<Vec<u32>> {
    if frames.iter().chain(rows).any(|v| !v.is_finite()) {
        return None;
    }
    let (mut codes, mut sq_dists) = (vec![0; frames.nrows()], vec![0.0; frames.nrows()]);
    Searcher::new(rows).assign(frames.as_slice()?, &mut codes, &mut sq_dists);
    Some(codes)
}

/// The share of frames whose code lies farther away than the nearest, apart from ties.
fn wrong(frames: ArrayView2<'_, f32>, rows: ArrayView2<'_, f32>, exact: &[u32], chosen: &[u32]) -> f64 {
    let distance = |frame: usize, code: u32| -> f64 {
        let pairs = frames.row(frame).into_iter().zip(rows.row(code as usize));
        pairs.map(|(&x, &e)| (f64::from(x) - f64::from(e)).powi(2)).sum()
    };
    let is_wrong = |&(frame, (&exact, &chosen)): &(usize, (&u32, &u32))| {
        exact != chosen && distance(frame, chosen) > distance(frame, exact) * (1.0 + 1e-6)
    };
    exact.iter().zip(chosen).enumerate().filter(is_wrong).count() as f64 / frames.nrows().max(1) as f64
}

/// Codes that none of the frames could choose, and how far away the farthest is.
///
/// With the mean `c` of the frames and `R = max ||x - c||`: where some row lies within `R` of `c`, no frame is farther than `2R` from it. A row farther
/// than `3R` from `c` is farther than `2R` from every frame, and so never the nearest (the triangle inequality, twice).
fn unreached(frames: ArrayView2<'_, f32>, rows: ArrayView2<'_, f32>) -> (Vec<usize>, f64) {
    let count = frames.nrows().max(1) as f64;
    let middle: Vec<f64> = frames
        .columns()
        .into_iter()
        .map(|column| column.iter().map(|&v| f64::from(v)).sum::<f64>() / count)
        .collect();
    let distance = |row: ndarray::ArrayView1<'_, f32>| {
        row.iter().zip(&middle).map(|(&v, m)| (f64::from(v) - m).powi(2)).sum::<f64>().sqrt()
    };
    let reach = frames.rows().into_iter().map(distance).fold(0.0, f64::max);
    let away: Vec<f64> = rows.rows().into_iter().map(distance).collect();
    if reach <= 0.0 || away.iter().all(|&away| away > reach) {
        return (Vec::new(), 0.0);
    }
    let farthest = away.iter().copied().fold(0.0, f64::max) / reach;
    ((0..away.len()).filter(|&code| away[code] > REACH * reach).collect(), farthest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_beyond_three_radii_is_never_the_nearest() {
        let frames = Array2::from_shape_fn((50, 2), |(n, d)| ((n * 7 + d * 13) % 17) as f32 / 8.0 - 1.0);
        let rows = ndarray::arr2(&[[0.0f32, 0.1], [4.0, 4.0], [-30.0, 2.0], [0.5, 9.0]]);
        let (codes, farthest) = unreached(frames.view(), rows.view());
        assert_eq!(codes, [1, 2, 3]);
        assert!(farthest > REACH);
        let chosen = nearest(&frames, rows.view()).unwrap();
        assert!(chosen.iter().all(|&code| !codes.contains(&(code as usize))));
        // Nothing is known where no row lies among the frames.
        assert_eq!(unreached(frames.view(), rows.slice(s![1.., ..])), (Vec::new(), 0.0));
    }

    #[test]
    fn what_is_wrong_is_farther_away() {
        let frames = ndarray::arr2(&[[0.0f32], [1.0], [0.5]]);
        let rows = ndarray::arr2(&[[0.0f32], [1.0]]);
        assert_eq!(wrong(frames.view(), rows.view(), &[0, 1, 0], &[0, 1, 1]), 0.0, "a tie");
        assert!((wrong(frames.view(), rows.view(), &[0, 1, 0], &[1, 1, 0]) - 1.0 / 3.0).abs() < 1e-12);
    }
}
