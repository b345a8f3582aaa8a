//! What the tests of the update rules share: seeded data, trainings, figures counted by plain loops.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod tensors;

use std::sync::Arc;

use ndarray::{Array2, ArrayView2};
use rand_pcg::Pcg64;
use rvqscope::features::{FeatureMatrix, FeatureSet};
use rvqscope::random::{self, Purpose};
use rvqscope::rvq::nearest::nearest_naive;
use rvqscope::rvq::{BatchOrder, LayerSpan, Rvq, RvqParams};
use rvqscope::task::{Cancel, Task};
use rvqscope::training::Trainer;

/// Runs `work` with a task that reports nothing.
pub(crate) fn silently<T>(work: impl FnOnce(&Task<'_>) -> T) -> T {
    work(&Task::silent(&Cancel::default()))
}

/// A training of all `frames`.
pub(crate) fn training(params: RvqParams, frames: Array2<f32>, start: Option<&Rvq>) -> Trainer {
    let all = std::iter::once(0..frames.nrows()).collect();
    let set = FeatureSet::single("test", FeatureMatrix::new(frames).unwrap(), None);
    Trainer::new(params.validate().unwrap(), Arc::new(set), all, start).unwrap()
}

/// A training that sees `frames` batch by batch as they come.
pub(crate) fn sequential(params: RvqParams, frames: Array2<f32>, start: Option<&Rvq>) -> Trainer {
    training(RvqParams { order: BatchOrder::Sequential, ..params }, frames, start)
}

/// Takes `steps` steps.
pub(crate) fn steps(trainer: &mut Trainer, steps: u64) {
    for _ in 0..steps {
        silently(|task| trainer.step(task)).unwrap();
    }
}

/// A number of the standard normal distribution (Box and Muller).
pub(crate) fn normal(rng: &mut Pcg64) -> f64 {
    let radius = (-2.0 * (1.0 - random::unit(rng)).ln()).sqrt();
    radius * (std::f64::consts::TAU * random::unit(rng)).cos()
}

/// Standard normal numbers, `(num_rows, dim)`.
pub(crate) fn gaussian(num_rows: usize, dim: usize, seed: u64) -> Array2<f32> {
    let mut rng = random::stream(seed, Purpose::Data, 0);
    Array2::from_shape_simple_fn((num_rows, dim), || normal(&mut rng) as f32)
}

/// Frames of `num_clusters` equally likely clusters: centres from the standard normal, frames at `noise` around them.
pub(crate) fn mixture(
    num_frames: usize,
    dim: usize,
    num_clusters: usize,
    noise: f32,
    seed: u64,
) -> Array2<f32> {
    let centres = gaussian(num_clusters, dim, seed);
    let mut rng = random::stream(seed, Purpose::Data, 1);
    let mut frames = Array2::zeros((num_frames, dim));
    for mut frame in frames.rows_mut() {
        frame.assign(&centres.row(random::below(&mut rng, num_clusters)));
        frame.mapv_inplace(|v| v + noise * normal(&mut rng) as f32);
    }
    frames
}

/// `10 log10(sum ||x||² / sum ||x - q||²)` in dB.
pub(crate) fn snr_db(rvq: &Rvq, frames: ArrayView2<'_, f32>) -> f64 {
    let codes = rvq.encode(frames, LayerSpan::ALL).unwrap();
    let quantized = rvq.decode(codes.view(), 0).unwrap();
    let energy = |values: ArrayView2<'_, f32>| values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>();
    10.0 * (energy(frames) / energy((&frames - &quantized).view())).log10()
}

/// How many codes of each layer `frames` use.
pub(crate) fn used(rvq: &Rvq, frames: ArrayView2<'_, f32>) -> Vec<usize> {
    let codes = rvq.encode(frames, LayerSpan::ALL).unwrap();
    let distinct =
        |row: ndarray::ArrayView1<'_, u32>| row.iter().collect::<std::collections::HashSet<_>>().len();
    codes.rows().into_iter().map(distinct).collect()
}

/// `||after - before|| / ||before||` over all rows, replaced ones too.
pub(crate) fn movement(before: ArrayView2<'_, f32>, after: ArrayView2<'_, f32>) -> f64 {
    let norm = |values: Array2<f32>| values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
    norm(&after - &before) / norm(before.to_owned())
}

/// The mean squared distance of a frame to its nearest row.
pub(crate) fn objective(frames: ArrayView2<'_, f32>, rows: ArrayView2<'_, f32>) -> f64 {
    nearest_naive(frames, rows).1.iter().sum::<f64>() / frames.nrows() as f64
}
