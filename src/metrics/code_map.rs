//! The map of a layer: its rows before the density of what it is given, in the plane along which that varies most.

use ndarray::{Array2, ArrayView2, Axis};

use super::buffers::Picture;
use super::covariance::Covariance;
use super::plane::Plane;
use super::{LayerTally, distortion, usage};
use crate::rvq::encoder::Encoder;
use crate::rvq::search::Search;
use crate::rvq::{LayerSpan, Rvq, RvqError};
use crate::task::Task;
use crate::text::Message;

/// Frames that are looked at at the most.
pub const MOST_FRAMES: usize = 16_384;
/// Frames that are looked at however large the quantizer is.
const LEAST_FRAMES: usize = 2048;
/// Multiplications that finding their codes may take: some seconds.
const WORK: usize = 1 << 37;
/// Frames between two looks at whether to go on.
const CHUNK_FRAMES: usize = 1024;
/// Bins of the density along each axis.
const BINS: usize = 128;

/// The rows of a layer, and what it is given, in one plane.
#[derive(Debug, Clone, PartialEq)]
pub struct CodeMap {
    /// The rows that the search compares with, in the plane of the first two principal axes of the inputs, and the share of the inputs' variance along each.
    pub picture: Picture,
    /// How many inputs the plane and the density are of.
    pub inputs: usize,
    /// Where the inputs lie.
    pub density: Density,
}

/// How many places lie in each bin of a rectangle that holds them all.
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    /// Its lower left corner.
    pub low: [f64; 2],
    /// Its upper right corner.
    pub high: [f64; 2],
    /// How many bins there are along each axis.
    pub bins: usize,
    /// Places in each bin, row by row from the lower left on, `(bins, bins)`.
    pub counts: Vec<u32>,
}

/// What some codes of a layer have of its frames and its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CodesShare {
    /// Frames that chose one of them.
    pub frames: u64,
    /// Their share of all frames; `None` where there are none.
    pub of_frames: Option<f64>,
    /// Their share of the layer's total of `||x - e_k||²`; `None` where it has no error.
    pub of_error: Option<f64>,
}

impl CodeMap {
    /// Makes the map of layer `layer_idx` of `rvq` from a sample of `frames`, `(num_frames, dim)`, whose codes are searched greedily.
    ///
    /// `O(n K D)` for each layer before it and `O(n D²)` for the plane, with n at most [`MOST_FRAMES`]. Runs on the current rayon pool; the result does
    /// not depend on the number of threads.
    ///
    /// # Errors
    /// No such layer, frames of another dimension, or the work was cancelled.
    pub fn of(
        rvq: &Rvq,
        layer_idx: usize,
        frames: ArrayView2<'_, f32>,
        task: &Task<'_>,
    ) -> Result<Self, RvqError> {
        let have = rvq.num_layers();
        let layer = rvq.layers().get(layer_idx).ok_or(RvqError::NoSuchLayer { asked: layer_idx, have })?;
        let inputs = sampled_inputs(rvq, layer_idx, frames, task)?;
        let plane = Plane::of(&Covariance::of(&inputs.view()));
        task.check()?;
        Ok(Self {
            picture: Picture::in_plane(&layer.searched_rows(rvq.metric()).view(), &plane),
            inputs: inputs.nrows(),
            density: Density::of(&plane.places(&inputs.view()), BINS),
        })
    }
}

/// What the layer is given of the sample, `(num_inputs, codebook dim)`.
fn sampled_inputs(
    rvq: &Rvq,
    layer_idx: usize,
    frames: ArrayView2<'_, f32>,
    task: &Task<'_>,
) -> Result<Array2<f32>, RvqError> {
    let is_first = rvq.chains().iter().any(|chain| chain.layers().start == layer_idx);
    let before = rvq.layers().iter().take(if is_first { 0 } else { layer_idx });
    let a_frame: usize = before.map(|layer| layer.codebook.num_codes() * layer.codebook.dim()).sum();
    let span = LayerSpan { start: 0, end: Some(layer_idx) };
    // The first layer of a chain is given the frames, whatever their codes.
    let encoder = (!is_first).then(|| Encoder::new(rvq, span)).transpose()?;
    let stride = rvq.common_stride();
    let picked = sample(frames.nrows(), stride, (WORK / a_frame.max(1)).clamp(LEAST_FRAMES, MOST_FRAMES));
    let (mut values, mut dim) = (Vec::new(), 0);
    for chunk in picked.chunks(CHUNK_FRAMES.next_multiple_of(stride)) {
        task.check()?;
        let chunk = frames.select(Axis(0), chunk);
        let codes = match &encoder {
            Some(encoder) => encoder.encode(chunk.view(), Search::Greedy)?.to_matrix(),
            None => Array2::zeros((0, 0)),
        };
        let inputs = rvq.search_input(layer_idx, chunk.view(), codes.view())?;
        dim = inputs.ncols();
        values.extend(inputs);
    }
    let shape = (values.len().checked_div(dim).unwrap_or(0), dim);
    Array2::from_shape_vec(shape, values).map_err(|err| RvqError::Shape(Message::verbatim(err.to_string())))
}

/// At most about `most` of `frames` frames, spread evenly, in groups of `stride` that share their codes.
fn sample(frames: usize, stride: usize, most: usize) -> Vec<usize> {
    let groups = frames.div_ceil(stride);
    let taken = (most / stride).clamp(1, groups.max(1)).min(groups);
    let group = |nth: usize| {
        let start = (nth as u128 * groups as u128 / taken as u128) as usize * stride;
        start..(start + stride).min(frames)
    };
    (0..taken).flat_map(group).collect()
}

impl Density {
    /// Counts `places` in `bins` times `bins` bins of the rectangle around them; what is not finite is left out.
    #[must_use]
    pub fn of(places: &[[f64; 2]], bins: usize) -> Self {
        let finite = || places.iter().filter(|place| place.iter().all(|v| v.is_finite()));
        let range = |axis: usize| {
            let start = (f64::INFINITY, f64::NEG_INFINITY);
            finite().fold(start, |(low, high), place| (low.min(place[axis]), high.max(place[axis])))
        };
        let ranges = [range(0), range(1)];
        let widest = ranges.iter().map(|(low, high)| high - low).fold(0.0, f64::max);
        // Places on a line, or in a point, have a rectangle around them all the same.
        let least = if widest > 0.0 { 1e-3 * widest } else { 1.0 };
        let [(left, right), (bottom, top)] = ranges.map(|(low, high)| match high - low {
            width if width >= least => (low, high),
            width if width >= 0.0 => (low - least / 2.0, high + least / 2.0),
            _ => (0.0, 1.0),
        });
        let mut density =
            Self { low: [left, bottom], high: [right, top], bins, counts: vec![0; bins * bins] };
        for place in finite() {
            if let Some(count) = density.bin(*place).and_then(|bin| density.counts.get_mut(bin)) {
                *count += 1;
            }
        }
        density
    }

    /// In which bin a place lies.
    #[must_use]
    pub fn bin(&self, place: [f64; 2]) -> Option<usize> {
        let Self { low, high, bins, .. } = self;
        let along = |axis: usize| {
            let share = (place[axis] - low[axis]) / (high[axis] - low[axis]);
            // The last bin holds its upper edge.
            (0.0..=1.0)
                .contains(&share)
                .then(|| ((share * *bins as f64) as usize).min(bins.saturating_sub(1)))
        };
        Some(along(1)? * bins + along(0)?)
    }
}

impl CodesShare {
    /// What `codes`, each named once, have of a layer.
    #[must_use]
    pub fn of(tally: &LayerTally, codes: &[usize]) -> Self {
        let frames: u64 = codes.iter().filter_map(|&code| tally.counts.get(code)).sum();
        let all = usage::frames(&tally.counts);
        Self {
            frames,
            of_frames: (all > 0).then(|| frames as f64 / all as f64),
            of_error: distortion::error_share_of(&tally.code_sq_error, codes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{self, Purpose};
    use crate::rvq::{Codebook, Layer, Projection};
    use crate::task::Cancel;
    use ndarray::Array1;

    fn values(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
        let mut rng = random::stream(seed, Purpose::Data, 0);
        Array2::from_shape_fn((rows, columns), |(_, d)| {
            ((random::unit(&mut rng) - 0.5) * 6.0 / (d + 1) as f64 + 0.3) as f32
        })
    }

    /// Two layers, the second in two dimensions behind a projection.
    fn quantizer() -> Rvq {
        let projection = Projection {
            in_weight: values(2, 6, 3),
            in_bias: Array1::from(vec![0.5, -0.25]),
            out_weight: values(6, 2, 4),
            out_bias: Array1::zeros(6),
        };
        let second = Codebook::from_rows(values(7, 2, 2)).unwrap();
        let second = Layer { projection: Some(projection), ..second.into() };
        Rvq::new(vec![Codebook::from_rows(values(12, 6, 1)).unwrap().into(), second]).unwrap()
    }

    fn distance(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    #[test]
    fn inputs_are_counted_where_the_plain_way_puts_them() {
        let (rvq, frames, cancel) = (quantizer(), values(3000, 6, 5), Cancel::default());
        let map = CodeMap::of(&rvq, 1, frames.view(), &Task::silent(&cancel)).unwrap();
        // In two dimensions the plane is all there is: it turns and moves, and keeps every distance.
        let codes = rvq.encode(frames.view(), LayerSpan::ALL).unwrap();
        let layer = &rvq.layers()[1];
        let projection = layer.projection.as_ref().unwrap();
        let inputs: Vec<Vec<f64>> = (0..3000)
            .map(|n| {
                let row = rvq.layers()[0].codebook.row(codes[[0, n]] as usize).unwrap();
                let left = &frames.row(n) - &row;
                (projection.in_weight.dot(&left) + &projection.in_bias).mapv(f64::from).to_vec()
            })
            .collect();
        let [a, b] = map.picture.explained.unwrap();
        assert!((a + b - 1.0).abs() < 1e-9 && a >= b);
        let rows: Vec<Vec<f64>> =
            layer.codebook.embed().rows().into_iter().map(|row| row.mapv(f64::from).to_vec()).collect();
        for (k, row) in rows.iter().enumerate() {
            for (j, other) in rows.iter().enumerate() {
                let drawn = distance(&map.picture.points[k], &map.picture.points[j]);
                assert!((drawn - distance(row, other)).abs() < 1e-5, "{k} {j}");
            }
        }
        // Distances to three rows that are not in line give the place of an input.
        assert_eq!((map.inputs, map.density.counts.iter().sum::<u32>()), (3000, 3000));
        let points = &map.picture.points;
        let place = |input: &[f64]| {
            let d: Vec<f64> = (0..3).map(|k| distance(input, &rows[k]).powi(2)).collect();
            let line = |k: usize| {
                let (p, q) = (points[0], points[k]);
                let sq = |p: [f64; 2]| p[0].powi(2) + p[1].powi(2);
                (2.0 * (q[0] - p[0]), 2.0 * (q[1] - p[1]), d[0] - d[k] + sq(q) - sq(p))
            };
            let ((a, b, e), (c, f, g)) = (line(1), line(2));
            let det = a * f - b * c;
            [(e * f - b * g) / det, (a * g - e * c) / det]
        };
        let mut counts = vec![0u32; map.density.counts.len()];
        let mut outside = 0;
        for input in &inputs {
            match map.density.bin(place(input)) {
                Some(bin) => counts[bin] += 1,
                None => outside += 1,
            }
        }
        // Rounding moves what lies on an edge into the next bin.
        let moved: u32 = counts.iter().zip(&map.density.counts).map(|(a, b)| a.abs_diff(*b)).sum();
        assert!(moved + outside <= 24, "{moved} {outside}");
    }

    #[test]
    fn the_first_layer_is_given_the_frames_on_any_number_of_threads() {
        let (rvq, frames, cancel) = (quantizer(), values(20_000, 6, 6), Cancel::default());
        let map = || CodeMap::of(&rvq, 0, frames.view(), &Task::silent(&cancel)).unwrap();
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(map);
        let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap().install(map);
        assert_eq!(one, three);
        assert_eq!((one.inputs, one.picture.points.len()), (MOST_FRAMES, 12));
        cancel.cancel();
        let cancelled = CodeMap::of(&rvq, 1, frames.view(), &Task::silent(&cancel));
        assert!(matches!(cancelled, Err(RvqError::Cancelled(_))));
        let cancel = Cancel::default();
        assert!(CodeMap::of(&rvq, 2, frames.view(), &Task::silent(&cancel)).is_err());
        assert!(CodeMap::of(&rvq, 0, values(9, 5, 7).view(), &Task::silent(&cancel)).is_err());
    }

    #[test]
    fn a_sample_is_spread_evenly_in_whole_groups() {
        assert_eq!(sample(5, 1, 100), [0, 1, 2, 3, 4]);
        assert_eq!(sample(10, 1, 4), [0, 2, 5, 7]);
        assert_eq!(sample(11, 3, 6), [0, 1, 2, 6, 7, 8]);
        assert_eq!(sample(4, 3, 100), [0, 1, 2, 3], "the last group may be shorter");
        assert_eq!(sample(8, 4, 1).len(), 4);
        assert!(sample(0, 2, 10).is_empty());
    }

    #[test]
    fn bins_hold_their_edges_and_degenerate_places_are_counted() {
        let square = Density::of(&[[0.0, 0.0], [1.0, 1.0], [0.5, 0.49], [1.0, 0.0], [f64::NAN, 3.0]], 2);
        assert_eq!((square.low, square.high), ([0.0, 0.0], [1.0, 1.0]));
        assert_eq!(square.counts, [1, 2, 0, 1]);
        assert_eq!([square.bin([1.1, 0.5]), square.bin([0.5, f64::NAN])], [None; 2]);
        for places in [vec![[2.0, 3.0]; 5], (0..5).map(|x| [f64::from(x), 7.0]).collect()] {
            let density = Density::of(&places, 8);
            assert_eq!(density.counts.iter().sum::<u32>(), 5);
            assert!(density.low[0] < density.high[0] && density.low[1] < density.high[1]);
        }
        assert_eq!(Density::of(&[], 4).counts, [0; 16]);
    }

    #[test]
    fn codes_have_their_share_of_frames_and_error() {
        let tally = LayerTally {
            counts: vec![4, 0, 2, 2],
            code_sq_error: vec![1.0, 0.0, 5.0, 4.0],
            ..LayerTally::default()
        };
        let share = CodesShare::of(&tally, &[2, 1, 99]);
        assert_eq!((share.frames, share.of_frames, share.of_error), (2, Some(0.25), Some(0.5)));
        let none = CodesShare::of(&LayerTally::default(), &[0]);
        assert_eq!((none.frames, none.of_frames, none.of_error), (0, None, None));
    }
}
