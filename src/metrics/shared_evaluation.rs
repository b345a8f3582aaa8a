//! Quantizing frames that lie with several ranks: each its own, and the figures of all of them on every rank.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;

use super::bound::{self, BoundWork};
use super::evaluator::{centred_energy, shuffled_pieces};
use super::{Evaluation, LayerTally};
use crate::ranks::{ExactSum, Ranks, join_rows};
use crate::rvq::encoder::{Encoded, Encoder};
use crate::rvq::search::Search;
use crate::rvq::{LayerSpan, Rvq, RvqError};
use crate::task::{Cancelled, Task};
use crate::text::{Message, phrase};

/// The frames that one rank has.
#[derive(Debug, Clone, Copy)]
pub struct OwnFrames<'a> {
    /// `(num_frames, dim)`.
    pub frames: ArrayView2<'a, f32>,
    /// The number of the first of them among those of all ranks.
    pub first: usize,
}

/// Pieces that go through the layers together; between such blocks a cancel is looked for.
const BLOCK_PIECES: usize = 8;

/// Quantizes the frames of `ranges`, counted over all ranks, as [`evaluate`](super::evaluate) does: each rank of `task` its own.
///
/// Errors and energies are added up exactly, so that the figures are the same bits for any number of ranks and threads; those of one process alone
/// round on the way and may differ in the last places.
///
/// # Errors
/// The dimension differs from the quantizer's, the task is cancelled, or another rank has ended.
pub fn evaluate_shared(
    rvq: &Rvq,
    own: OwnFrames<'_>,
    ranges: &[Range<usize>],
    search: Search,
    bound: BoundWork,
    task: &Task<'_>,
) -> Result<Evaluation, RvqError> {
    let encoder = Encoder::new(rvq, LayerSpan::ALL)?;
    let pieces = shuffled_pieces(ranges, rvq.common_stride());
    let origin = own.origin(ranges, task.ranks())?;
    let mut tally = Tally::new(rvq, &origin);
    let mine: Vec<_> = pieces.iter().map(|piece| own.of(piece)).filter(|piece| !piece.is_empty()).collect();
    for (nth, block) in mine.chunks(BLOCK_PIECES).enumerate() {
        task.check()?;
        task.progress(phrase!("stage-evaluating"), nth * BLOCK_PIECES, mine.len());
        let views: Vec<_> = block.iter().map(|piece| own.frames.slice(s![piece.clone(), ..])).collect();
        let frames = ndarray::concatenate(ndarray::Axis(0), &views)
            .map_err(|err| RvqError::Shape(Message::verbatim(err.to_string())))?;
        tally.add(rvq, &encoder, frames, search)?;
    }
    let mut evaluation = tally.of_all(search, task.ranks())?;
    let total = pieces.iter().map(ExactSizeIterator::len).sum();
    let wanted = bound.frames(total, rvq.num_layers(), own.frames.ncols());
    if wanted > 0 {
        let sample = own.fetch(pieces.into_iter().flatten().take(wanted), wanted, task.ranks())?;
        let whole = [0..wanted];
        let gains = bound::gain_samples(rvq, &encoder, &sample.view(), &whole, search, bound, task)?;
        for (layer, gain) in evaluation.layers.iter_mut().zip(gains) {
            layer.gain = Some(gain);
        }
    }
    Ok(evaluation)
}

impl OwnFrames<'_> {
    /// The own frames of `range`, counted among the own ones.
    fn of(&self, range: &Range<usize>) -> Range<usize> {
        let end = range.end.saturating_sub(self.first).min(self.frames.nrows());
        range.start.saturating_sub(self.first).min(end)..end
    }

    /// The frames `wanted`, `count` of them, wherever they lie.
    fn fetch(
        &self,
        wanted: impl Iterator<Item = usize>,
        count: usize,
        ranks: &dyn Ranks,
    ) -> Result<Array2<f32>, Cancelled> {
        let dim = self.frames.ncols();
        let held = |frame: usize| frame.checked_sub(self.first).filter(|&nth| nth < self.frames.nrows());
        let own: Vec<(usize, Vec<f32>)> = wanted
            .enumerate()
            .filter_map(|(place, frame)| held(frame).map(|nth| (place, self.frames.row(nth).to_vec())))
            .collect();
        let rows = own.iter().map(|(place, row)| (*place, row.as_slice()));
        let values = join_rows(ranks, (count, dim), rows)?;
        Array2::from_shape_vec((count, dim), values).map_err(|_| Cancelled)
    }

    /// The first frame of `ranges`, about which frames are added up; zeros where there is none.
    fn origin(&self, ranges: &[Range<usize>], ranks: &dyn Ranks) -> Result<Vec<f64>, Cancelled> {
        let first = ranges.iter().find(|range| !range.is_empty()).map(|range| range.start);
        let frame = self.fetch(first.into_iter(), 1, ranks)?;
        Ok(frame.iter().map(|&v| f64::from(v)).collect())
    }
}

/// What the frames of one rank give so far.
struct Tally<'a> {
    frames: u64,
    origin: &'a [f64],
    /// By dimension, about the origin.
    sums: Vec<ExactSum>,
    /// About the origin.
    squares: ExactSum,
    signal: ExactSum,
    greedy: ExactSum,
    layers: Vec<LayerSums>,
}

struct LayerSums {
    counts: Vec<i64>,
    code_sq_error: Vec<ExactSum>,
    residual: ExactSum,
}

impl<'a> Tally<'a> {
    fn new(rvq: &Rvq, origin: &'a [f64]) -> Self {
        let layer = |layer: &crate::rvq::Layer| {
            let num_codes = layer.codebook.num_codes();
            LayerSums {
                counts: vec![0; num_codes],
                code_sq_error: vec![ExactSum::default(); num_codes],
                residual: ExactSum::default(),
            }
        };
        Self {
            frames: 0,
            origin,
            sums: vec![ExactSum::default(); origin.len()],
            squares: ExactSum::default(),
            signal: ExactSum::default(),
            greedy: ExactSum::default(),
            layers: rvq.layers().iter().map(layer).collect(),
        }
    }

    /// Takes a block of frames, `(num_frames, dim)`, through all layers.
    fn add(
        &mut self,
        rvq: &Rvq,
        encoder: &Encoder<'_>,
        frames: Array2<f32>,
        search: Search,
    ) -> Result<(), RvqError> {
        self.frames += frames.nrows() as u64;
        self.signal.add_all(energies(frames.view()).into_iter());
        self.add_moments(frames.view());
        if search.width() > 1 {
            let greedy = encoder.encode(frames.view(), Search::Greedy)?;
            let left = left_over(rvq, &greedy, frames.clone(), |_, _| {})?;
            self.greedy.add_all(energies(left.view()).into_iter());
        }
        let encoded = encoder.encode(frames.view(), search)?;
        let num_layers = self.layers.len();
        for (nth, layer) in self.layers.iter_mut().enumerate() {
            let sq_dists = encoded.sq_dists.iter().skip(nth).step_by(num_layers);
            for (code, &sq_dist) in encoded.layer(nth).zip(sq_dists) {
                layer.counts[code as usize] += 1;
                layer.code_sq_error[code as usize].add(f64::from(sq_dist));
            }
        }
        let layers = &mut self.layers;
        left_over(rvq, &encoded, frames, |nth, left| {
            layers[nth].residual.add_all(energies(left).into_iter());
        })?;
        Ok(())
    }

    fn add_moments(&mut self, frames: ArrayView2<'_, f32>) {
        let Self { origin, sums, squares, .. } = self;
        sums.par_iter_mut()
            .zip(frames.columns().into_iter().collect::<Vec<_>>())
            .zip(*origin)
            .for_each(|((sum, column), &origin)| sum.add_all(column.iter().map(|&v| f64::from(v) - origin)));
        let about = |row: ndarray::ArrayView1<'_, f32>| {
            row.iter().zip(*origin).map(|(&v, o)| (f64::from(v) - o).powi(2)).sum::<f64>()
        };
        squares.add_all(frames.rows().into_iter().map(about));
    }

    /// The figures of all ranks' frames.
    fn of_all(self, search: Search, ranks: &dyn Ranks) -> Result<Evaluation, Cancelled> {
        let Self { frames, origin: _, mut sums, mut squares, mut signal, mut greedy, mut layers } = self;
        let mut words = vec![frames as i64];
        sums.iter_mut().chain([&mut squares, &mut signal, &mut greedy]).for_each(|sum| sum.put(&mut words));
        for layer in &mut layers {
            words.extend_from_slice(&layer.counts);
            layer.code_sq_error.iter_mut().for_each(|sum| sum.put(&mut words));
            layer.residual.put(&mut words);
        }
        ranks.sum(&mut words)?;
        let mut heard = Heard { words: &words };
        let frames = heard.count();
        let moments: Vec<f64> = sums.iter().map(|_| heard.sum()).collect();
        let (squares, signal_energy, greedy) = (heard.sum(), heard.sum(), heard.sum());
        let layer = |layer: &LayerSums| LayerTally {
            counts: layer.counts.iter().map(|_| heard.count()).collect(),
            code_sq_error: layer.code_sq_error.iter().map(|_| heard.sum()).collect(),
            residual_energy: heard.sum(),
            gain: None,
        };
        Ok(Evaluation {
            frames,
            dim: moments.len(),
            signal_energy,
            centred_energy: centred_energy(&moments, squares, frames as f64),
            search,
            greedy_energy: (search.width() > 1).then_some(greedy),
            layers: layers.iter().map(layer).collect(),
        })
    }
}

/// Integers that were added up over all ranks, taken one after the other.
struct Heard<'a> {
    words: &'a [i64],
}

impl Heard<'_> {
    fn count(&mut self) -> u64 {
        let Some((&count, rest)) = self.words.split_first() else { return 0 };
        self.words = rest;
        count as u64
    }

    fn sum(&mut self) -> f64 {
        let (words, rest) = self.words.split_at(ExactSum::WORDS.min(self.words.len()));
        self.words = rest;
        ExactSum::of(words).value()
    }
}

/// What the codes leave over of `frames`; `behind` is told of it behind each layer.
fn left_over(
    rvq: &Rvq,
    encoded: &Encoded,
    frames: Array2<f32>,
    mut behind: impl FnMut(usize, ArrayView2<'_, f32>),
) -> Result<Array2<f32>, RvqError> {
    let mut left = frames;
    for layer_idx in 0..rvq.num_layers() {
        left -= &rvq.layer_output(layer_idx, encoded.layer(layer_idx))?;
        behind(layer_idx, left.view());
    }
    Ok(left)
}

/// `||x||²` of each row.
fn energies(rows: ArrayView2<'_, f32>) -> Vec<f64> {
    let of_row = |row: ndarray::ArrayView1<'_, f32>| row.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
    rows.axis_iter(ndarray::Axis(0)).into_par_iter().with_min_len(64).map(of_row).collect()
}
