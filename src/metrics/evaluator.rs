//! Quantizing a set of frames, in a fixed shuffled order of blocks, so that what is known on the way is of frames from everywhere.

#![allow(clippy::needless_pass_by_value, reason = "views are passed like slices")]

use std::ops::Range;

use ndarray::{Array2, ArrayView2, s};

use super::bound::{self, BoundWork};
use super::{Evaluation, LayerTally};
use crate::random::{self, Purpose};
use crate::rvq::encoder::{Encoder, energy};
use crate::rvq::search::Search;
use crate::rvq::{LayerSpan, Rvq, RvqError};
use crate::task::Task;
use crate::text::{Message, msg, phrase};

/// An evaluation under way.
///
/// The frames are cut into pieces, the pieces are shuffled under a fixed seed, and one block of pieces after the other goes through all layers. What
/// is there after a few blocks is therefore of a sample of all frames. Every sum is added up in this one order, whoever asks how far it is and on
/// however many threads: the end is the same to the bit.
#[derive(Debug)]
pub struct Evaluator<'a> {
    rvq: &'a Rvq,
    encoder: Encoder<'a>,
    /// `(num_frames, dim)`.
    frames: ArrayView2<'a, f32>,
    pieces: Vec<Range<usize>>,
    /// The first piece that was not looked at.
    next: usize,
    total: usize,
    evaluation: Evaluation,
    moments: Moments,
    bound: BoundWork,
    /// Memory of the block under way.
    block: Vec<f32>,
    /// The codes of the frames so far, where they are kept.
    codes: Option<Vec<u32>>,
}

/// Frames of a piece: short enough that a block of several comes from several places.
const PIECE_FRAMES: usize = 1024;

/// Pieces of a block, once there are first figures; between blocks a cancel is looked for.
const BLOCK_PIECES: usize = 8;

/// Quantizes the frames of `ranges` with all layers, and greedily beside it where `search` is another.
///
/// `frames` is `(num_frames, dim)`. The result does not depend on the number of threads.
///
/// # Errors
/// The dimension differs from the quantizer's, or the task is cancelled.
pub fn evaluate(
    rvq: &Rvq,
    frames: ArrayView2<'_, f32>,
    ranges: &[Range<usize>],
    search: Search,
    task: &Task<'_>,
) -> Result<Evaluation, RvqError> {
    Evaluator::new(rvq, frames, ranges, search, BoundWork::Full)?.finish(task)
}

impl<'a> Evaluator<'a> {
    /// Makes ready for the frames of `ranges`; `frames` is `(num_frames, dim)`.
    ///
    /// # Errors
    /// The dimension differs from the quantizer's.
    pub fn new(
        rvq: &'a Rvq,
        frames: ArrayView2<'a, f32>,
        ranges: &[Range<usize>],
        search: Search,
        bound: BoundWork,
    ) -> Result<Self, RvqError> {
        if frames.ncols() != rvq.dim() {
            return Err(RvqError::Shape(msg!(
                "err-frames-dimension",
                frames = frames.ncols(),
                quantizer = rvq.dim()
            )));
        }
        let layer = |layer: &crate::rvq::Layer| {
            let num_codes = layer.codebook.num_codes();
            LayerTally {
                counts: vec![0; num_codes],
                code_sq_error: vec![0.0; num_codes],
                ..LayerTally::default()
            }
        };
        Ok(Self {
            encoder: Encoder::new(rvq, LayerSpan::ALL)?,
            pieces: shuffled_pieces(ranges, rvq.common_stride()),
            next: 0,
            total: ranges.iter().map(ExactSizeIterator::len).sum(),
            evaluation: Evaluation {
                dim: frames.ncols(),
                search,
                greedy_energy: (search.width() > 1).then_some(0.0),
                layers: rvq.layers().iter().map(layer).collect(),
                ..Evaluation::default()
            },
            moments: Moments::new(frames.ncols()),
            block: Vec::new(),
            codes: None,
            rvq,
            frames,
            bound,
        })
    }

    /// The same, which keeps the codes as well, for [`Evaluator::finish_with_codes`].
    #[must_use]
    pub fn keeping_codes(self) -> Self {
        Self { codes: Some(Vec::new()), ..self }
    }

    /// Frames in all.
    #[must_use]
    pub fn total_frames(&self) -> usize {
        self.total
    }

    /// Whether all frames were looked at.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.next >= self.pieces.len()
    }

    /// Takes the next block of frames through all layers. The first ones are small, so that there is something to show soon.
    ///
    /// # Errors
    /// The task is cancelled.
    pub fn advance(&mut self, task: &Task<'_>) -> Result<(), RvqError> {
        task.check()?;
        task.progress(phrase!("stage-evaluating"), self.evaluation.frames as usize, self.total);
        let len = self.next.clamp(1, BLOCK_PIECES);
        let end = (self.next + len).min(self.pieces.len());
        let pieces = self.pieces[self.next..end].to_vec();
        self.next = end;
        if self.rvq.common_stride() > 1 {
            // Frames that share a code must stand beside each other: the end of a range may not meet the beginning of another.
            let frames = self.frames;
            return pieces.into_iter().try_for_each(|piece| self.take(frames.slice(s![piece, ..])));
        }
        let mut values = std::mem::take(&mut self.block);
        values.clear();
        for piece in pieces {
            values.extend(self.frames.slice(s![piece, ..]).iter());
        }
        let dim = self.frames.ncols();
        let block = Array2::from_shape_vec((values.len() / dim.max(1), dim), values)
            .map_err(|err| RvqError::Shape(Message::verbatim(err.to_string())))?;
        self.take(block.view())?;
        self.block = block.into_raw_vec_and_offset().0;
        Ok(())
    }

    /// The figures of the frames so far; what each layer could gain at most comes at the end.
    #[must_use]
    pub fn so_far(&self) -> Evaluation {
        Evaluation { centred_energy: self.moments.centred_energy(), ..self.evaluation.clone() }
    }

    /// Goes through what is left, and gives the figures of all frames.
    ///
    /// # Errors
    /// The task is cancelled.
    pub fn finish(self, task: &Task<'_>) -> Result<Evaluation, RvqError> {
        self.finish_with_codes(task).map(|(evaluation, _)| evaluation)
    }

    /// As [`Evaluator::finish`], with the codes where they were to be kept: `(num_frames, num_layers)`, in an order of the frames that is the same for
    /// any quantizer of these strides.
    ///
    /// # Errors
    /// The task is cancelled.
    pub fn finish_with_codes(mut self, task: &Task<'_>) -> Result<(Evaluation, Vec<u32>), RvqError> {
        while !self.is_done() {
            self.advance(task)?;
        }
        let mut evaluation = self.so_far();
        // The first pieces are a sample of all frames, and a different one is as good.
        let Self { rvq, encoder, frames, pieces, bound, .. } = &self;
        let gains = bound::gain_samples(rvq, encoder, frames, pieces, evaluation.search, *bound, task)?;
        for (layer, gain) in evaluation.layers.iter_mut().zip(gains) {
            layer.gain = Some(gain);
        }
        Ok((evaluation, self.codes.unwrap_or_default()))
    }

    fn take(&mut self, block: ArrayView2<'_, f32>) -> Result<(), RvqError> {
        let Self { encoder, evaluation, moments, codes, .. } = self;
        let num_layers = evaluation.layers.len();
        moments.add(block);
        evaluation.frames += block.nrows() as u64;
        evaluation.signal_energy += energy(block);
        let encoded = encoder.encode(block, evaluation.search)?;
        for (nth, layer) in evaluation.layers.iter_mut().enumerate() {
            let sq_dists = encoded.sq_dists.iter().skip(nth).step_by(num_layers);
            for (code, &sq_dist) in encoded.layer(nth).zip(sq_dists) {
                layer.counts[code as usize] += 1;
                layer.code_sq_error[code as usize] += f64::from(sq_dist);
            }
            layer.residual_energy += encoded.residual_energy[nth];
        }
        if let Some(codes) = codes {
            codes.extend(&encoded.codes);
        }
        if let Some(energy) = &mut evaluation.greedy_energy {
            *energy += encoder.encode(block, Search::Greedy)?.residual_energy.last().copied().unwrap_or(0.0);
        }
        Ok(())
    }
}

/// The ranges in pieces, in an order that is the same for the same ranges; no piece but the last of a range ends inside a stride.
pub(super) fn shuffled_pieces(ranges: &[Range<usize>], stride: usize) -> Vec<Range<usize>> {
    let len = PIECE_FRAMES.next_multiple_of(stride.max(1));
    let cut = |range: &Range<usize>| {
        let end = range.end;
        range.clone().step_by(len).map(move |start| start..(start + len).min(end))
    };
    let mut pieces: Vec<Range<usize>> = ranges.iter().flat_map(cut).collect();
    random::shuffle(&mut random::stream(0, Purpose::Evaluation, 0), &mut pieces);
    pieces
}

/// Sums about the first frame, which keeps data far from zero exact.
#[derive(Debug)]
struct Moments {
    origin: Option<Vec<f64>>,
    sums: Vec<f64>,
    squares: f64,
    frames: f64,
}

impl Moments {
    fn new(dim: usize) -> Self {
        Self { origin: None, sums: vec![0.0; dim], squares: 0.0, frames: 0.0 }
    }

    fn add(&mut self, block: ArrayView2<'_, f32>) {
        let Self { origin, sums, squares, frames } = self;
        for row in block.rows() {
            let origin = origin.get_or_insert_with(|| row.iter().map(|&v| f64::from(v)).collect());
            for ((sum, &o), &v) in sums.iter_mut().zip(origin.iter()).zip(row) {
                let d = f64::from(v) - o;
                *sum += d;
                *squares += d * d;
            }
            *frames += 1.0;
        }
    }

    fn centred_energy(&self) -> f64 {
        centred_energy(&self.sums, self.squares, self.frames)
    }
}

/// `sum ||x - mean||²` of so many frames, of the `sums` by dimension and the sum of `squares` of what they are about an origin.
pub(super) fn centred_energy(sums: &[f64], squares: f64, frames: f64) -> f64 {
    let of_mean: f64 = sums.iter().map(|s| s * s).sum::<f64>() / frames.max(1.0);
    let energy = squares - of_mean;
    // What rounding leaves of constant frames is no variance.
    if energy <= squares * 1e-14 { 0.0 } else { energy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rvq::Codebook;
    use crate::task::Cancel;
    use ndarray::array;

    #[test]
    fn two_layers_by_hand() {
        let coarse = Codebook::from_rows(array![[0.0f32], [10.0]]).unwrap();
        let fine = Codebook::from_rows(array![[0.0f32], [1.0], [50.0]]).unwrap();
        let rvq = Rvq::new(vec![coarse.into(), fine.into()]).unwrap();
        let frames = array![[1.0f32], [10.0], [12.0], [99.0]];
        let cancel = Cancel::default();
        let found =
            evaluate(&rvq, frames.view(), &[0..1, 1..3], Search::Greedy, &Task::silent(&cancel)).unwrap();
        assert_eq!((found.frames, found.signal_energy), (3, 1.0 + 100.0 + 144.0));
        // The mean is 23/3: 44.44 + 5.44 + 18.78
        assert!((found.centred_energy - (245.0 - 529.0 / 3.0)).abs() < 1e-9);
        assert_eq!(found.layers[0].counts, [1, 2]);
        assert_eq!(found.layers[0].code_sq_error, [1.0, 4.0]);
        assert_eq!(found.layers[0].residual_energy, 5.0);
        // Residuals 1, 0, 2 become 0, 0, 1.
        assert_eq!(found.layers[1].counts, [1, 2, 0]);
        assert_eq!(found.layers[1].residual_energy, 1.0);
    }

    #[test]
    fn constant_frames_far_from_zero_have_no_variance() {
        let rvq = Rvq::new(vec![Codebook::from_rows(array![[1e6f32, 3.0]]).unwrap().into()]).unwrap();
        let frames = ndarray::Array2::from_shape_fn((100, 2), |(_, d)| if d == 0 { 1e6f32 } else { 3.0 });
        let cancel = Cancel::default();
        let found = evaluate(&rvq, frames.view(), &[0..100], Search::Greedy, &Task::silent(&cancel)).unwrap();
        assert_eq!(found.centred_energy, 0.0);
        cancel.cancel();
        assert!(evaluate(&rvq, frames.view(), &[0..100], Search::Greedy, &Task::silent(&cancel)).is_err());
    }

    /// Frames whose mean and spread change along the corpus, and a quantizer of two layers for them.
    fn corpus(num_frames: usize) -> (Rvq, ndarray::Array2<f32>) {
        let mut rng = random::stream(9, Purpose::Data, 0);
        let mut draw = |len: usize, scale: f64| {
            ndarray::Array2::from_shape_fn((len, 5), |(n, _)| {
                ((random::unit(&mut rng) - 0.5) * scale + n as f64 / len as f64) as f32
            })
        };
        let layers = [4.0, 2.0].map(|scale| Codebook::from_rows(draw(37, scale)).unwrap().into());
        (Rvq::new(layers.into()).unwrap(), draw(num_frames, 3.0))
    }

    #[test]
    fn whoever_asks_on_the_way_the_end_is_that_of_the_plain_way() {
        let (rvq, frames) = corpus(21_000);
        let ranges = [0..9000, 9100..9101, 9200..21_000];
        let cancel = Cancel::default();
        let task = Task::silent(&cancel);
        for search in [Search::Greedy, Search::of_width(3)] {
            let of_threads = |threads: usize, asked: bool| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    if !asked {
                        return evaluate(&rvq, frames.view(), &ranges, search, &task).unwrap();
                    }
                    let view = frames.view();
                    let mut evaluator = Evaluator::new(&rvq, view, &ranges, search, BoundWork::Full).unwrap();
                    let mut before = 0;
                    while !evaluator.is_done() {
                        evaluator.advance(&task).unwrap();
                        let so_far = evaluator.so_far();
                        assert!(so_far.frames > before && so_far.centred_energy > 0.0);
                        for layer in &so_far.layers {
                            assert_eq!(layer.counts.iter().sum::<u64>(), so_far.frames);
                        }
                        if before == 0 {
                            assert!(so_far.frames <= 1024, "the first figures come soon");
                        }
                        before = so_far.frames;
                    }
                    evaluator.finish(&task).unwrap()
                })
            };
            let plain = of_threads(1, false);
            assert_eq!(plain.frames, 20_801);
            assert!(plain.layers.iter().all(|layer| layer.gain.is_some()));
            assert_eq!(plain, of_threads(1, true));
            assert_eq!(plain, of_threads(3, true));
            assert_eq!(plain, of_threads(4, false));
        }
    }

    #[test]
    fn the_first_blocks_are_from_everywhere() {
        let (rvq, frames) = corpus(200_000);
        let cancel = Cancel::default();
        let task = Task::silent(&cancel);
        let mut evaluator =
            Evaluator::new(&rvq, frames.view(), &[0..200_000], Search::Greedy, BoundWork::None).unwrap();
        for _ in 0..5 {
            evaluator.advance(&task).unwrap();
        }
        let first = evaluator.so_far();
        let all = evaluator.finish(&task).unwrap();
        assert!(first.frames < all.frames / 10);
        let mean = |e: &Evaluation| e.signal_energy / e.frames as f64;
        // Along the corpus the energy of a frame goes from 3.75 to 8.75.
        assert!((mean(&first) / mean(&all) - 1.0).abs() < 0.12, "{} {}", mean(&first), mean(&all));
        assert!(all.layers.iter().all(|layer| layer.gain.is_none()));
    }

    #[test]
    fn frames_that_share_a_code_are_never_parted() {
        let row = |value: f32| Codebook::from_rows(array![[value], [value + 10.0]]).unwrap();
        let layer = crate::rvq::Layer { codebook: row(0.0), projection: None, stride: 3 };
        let rvq = Rvq::new(vec![layer]).unwrap();
        let frames =
            ndarray::Array2::from_shape_fn((4000, 1), |(n, _)| if (n / 3) % 2 == 0 { 0.0f32 } else { 10.0 });
        let cancel = Cancel::default();
        let found =
            evaluate(&rvq, frames.view(), &[0..3001, 3003..4000], Search::Greedy, &Task::silent(&cancel))
                .unwrap();
        assert_eq!(found.layers[0].residual_energy, 0.0);
    }
}
