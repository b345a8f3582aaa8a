//! What one step does to one layer where several ranks have frames of the batch: they tell each other once, and it is as if one had them all.

use std::cell::Cell;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use crate::ranks::{ExactSum, Lost};
use crate::rvq::Rows;
use crate::rvq::code_sums::CodeSums;
use crate::rvq::rules::{LayerBatch, SharedFrames};
use crate::task::Cancelled;

use super::LayerStep;
use super::layer_pass::{BatchTotals, LayerPass};
use super::share::{Share, exponent};

/// Powers of two that the largest value of a residual may lie below: those of f32.
const EXPONENTS: usize = 256;

impl LayerPass<'_> {
    /// Takes the frames that this rank has of the batch through the layer, as [`run`](LayerPass::run) takes a whole batch: along each of their paths, and
    /// what the best of them leave over is added up.
    ///
    /// # Errors
    /// Another rank has ended.
    pub(super) fn run_shared(
        mut self,
        share: &mut Share,
        residual: &mut Rows<'static>,
        own_input: Option<Rows<'_>>,
    ) -> Result<LayerStep, Cancelled> {
        let bound = share.input_bound(self.layer, self.metric);
        let input = own_input.as_ref().unwrap_or(residual);
        self.assign(residual, input);
        let energies = if self.paths.is_greedy() {
            share.behind.difference(residual, &self.outputs(), self.codes)
        } else {
            let extended = &mut self.buffers.extended;
            std::mem::swap(&mut share.behind, &mut extended.residual);
            std::mem::take(&mut extended.energies)
        };
        let (mut sums, sq_dists) =
            (std::mem::take(&mut self.buffers.sums), std::mem::take(&mut self.buffers.sq_dists));
        sums.sort(self.codes, self.layer.codebook.num_codes());
        let told = Told { sq_dists: &sq_dists, energies: &energies, misassigned: self.state.misassigned };
        let heard = share.exchange(&mut sums, input.view(), bound, &told)?;
        self.state.misassigned = self.state.misassigned.map(|_| heard.misassigned);
        let frames = FramesOfAll { share, input, sq_dists: &sq_dists, is_lost: Cell::new(false) };
        let replaced = self.update(&LayerBatch::shared(&frames, &sums));
        if frames.is_lost.get() {
            return Err(Cancelled);
        }
        std::mem::swap(residual, &mut share.behind);
        share.paths = self.paths.kept(self.layer.codebook.num_codes());
        (self.buffers.sums, self.buffers.sq_dists) = (sums, sq_dists);
        Ok(self.account(&replaced, &heard.totals))
    }
}

/// What a rank knows of its own frames in a layer.
struct Told<'a> {
    sq_dists: &'a [f32],
    energies: &'a [f64],
    misassigned: Option<u32>,
}

/// What is known of the whole batch then.
struct Heard {
    totals: BatchTotals,
    misassigned: u32,
}

impl Share {
    /// Adds up what all ranks know of a layer: the one sum over ranks that a layer takes in a step.
    ///
    /// `sums` has this rank's frames in order of their codes, and is of all frames afterwards. Each value of `input` is cut to a multiple of the
    /// `2^-62` part of what the batch can add up to, and is an integer from there on: sums of those have no order. Of a batch of 4096 frames a
    /// value keeps 50 bits below the largest, where an f32 has 24. The sums of squares are exact.
    fn exchange(
        &mut self,
        sums: &mut CodeSums,
        input: ArrayView2<'_, f32>,
        bound: i32,
        told: &Told<'_>,
    ) -> Result<Heard, Lost> {
        let (num_codes, dim) = (sums.counts().len(), input.ncols());
        let num_searched = self.num_searched();
        let scale = scale_of(bound, num_searched);
        let words = &mut self.message;
        words.clear();
        put_sums(sums, input, scale, words);
        for values in [told.sq_dists.iter().map(|&d| f64::from(d)).collect(), told.energies.to_vec()] {
            let mut sum = ExactSum::default();
            sum.add_all(values.into_iter());
            sum.put(words);
        }
        words.push(i64::from(told.misassigned.unwrap_or(0)));
        // The largest of all is the last of these that any rank has set.
        let first_exponent = words.len();
        words.resize(first_exponent + EXPONENTS, 0);
        words[first_exponent + (exponent(self.behind.largest()) + 126) as usize] = 1;

        self.ranks.sum(words)?;
        let (code_sums, rest) = words.split_at(num_codes * (1 + dim));
        take_sums(sums, code_sums, scale, dim);
        let (sq_error, rest) = rest.split_at(ExactSum::WORDS);
        let (energy, rest) = rest.split_at(ExactSum::WORDS);
        let (misassigned, exponents) = rest.split_at(1);
        self.bound = exponents.iter().rposition(|&ranks| ranks > 0).map_or(0, |highest| highest as i32 - 126);
        self.energy = ExactSum::of(energy).value();
        Ok(Heard {
            totals: BatchTotals {
                num_searched,
                num_frames: self.batch_len,
                sq_error: ExactSum::of(sq_error).value(),
                energy_behind: self.energy,
            },
            misassigned: misassigned[0] as u32,
        })
    }
}

/// Tells counts and sums of `frames`, `(num_frames, dim)`, whose order of codes `sums` has: each value as so many `2^-scale`, cut to a whole number.
pub(super) fn put_sums(sums: &CodeSums, frames: ArrayView2<'_, f32>, scale: i32, words: &mut Vec<i64>) {
    let num_codes = sums.counts().len();
    words.extend(sums.counts().iter().map(|&count| i64::from(count)));
    let first = words.len();
    words.resize(first + num_codes * frames.ncols(), 0);
    add_fixed(sums, frames, power_of_two(scale), &mut words[first..]);
}

/// Takes what all ranks have [told](put_sums) of frames of `dim` dimensions.
pub(super) fn take_sums(sums: &mut CodeSums, words: &[i64], scale: i32, dim: usize) {
    let unit = power_of_two(-scale);
    let (counts, fixed) = words.split_at(sums.counts().len());
    sums.set(counts.iter().map(|&count| count as u32), fixed.iter().map(|&sum| sum as f64 * unit), dim);
}

/// By which power of two values below `2^bound` are multiplied so that `count` of them add up to less than 63 bits.
pub(super) fn scale_of(bound: i32, count: usize) -> i32 {
    62 - bound - (usize::BITS - count.leading_zeros()) as i32
}

/// Adds each value of `frames`, times `scale` and cut to an integer, to the sum of its frame's code: `sums` knows the frames of each.
fn add_fixed(sums: &CodeSums, frames: ArrayView2<'_, f32>, scale: f64, fixed: &mut [i64]) {
    let dim = frames.ncols().max(1);
    fixed.par_chunks_exact_mut(dim).with_min_len(16).enumerate().for_each(|(code, row)| {
        for &frame in sums.frames_of(code) {
            for (sum, &value) in row.iter_mut().zip(frames.row(frame as usize)) {
                *sum = sum.wrapping_add((f64::from(value) * scale) as i64);
            }
        }
    });
}

/// `2^exponent`, for one well within the range of f64.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023).clamp(1, 2046) as u64) << 52)
}

/// The frames of a batch that lie with several ranks.
#[derive(Debug)]
struct FramesOfAll<'a> {
    share: &'a Share,
    input: &'a Rows<'a>,
    sq_dists: &'a [f32],
    /// Whether another rank has ended meanwhile: what was given then is nothing.
    is_lost: Cell<bool>,
}

impl FramesOfAll<'_> {
    fn or_lost<T>(&self, found: Result<T, Lost>) -> Option<T> {
        if found.is_err() {
            self.is_lost.set(true);
        }
        found.ok()
    }
}

impl SharedFrames for FramesOfAll<'_> {
    fn count(&self) -> usize {
        self.share.num_searched()
    }

    fn rows(&self, places: &[usize]) -> Array2<f32> {
        let found = self.or_lost(self.share.at_places(self.input, places));
        found.unwrap_or_else(|| Array2::zeros((places.len(), self.input.dim())))
    }

    fn sq_dists(&self) -> Vec<f32> {
        self.or_lost(self.share.by_row(self.sq_dists)).unwrap_or_else(|| vec![0.0; self.share.num_searched()])
    }
}
