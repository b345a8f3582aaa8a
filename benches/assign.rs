//! One-layer nearest-code search: vectors a second, and the dense flops it stands for, per kernel.
//!
//! `cargo bench --bench assign -- [FRAMES.npy] [--all]`; without a file, on normal noise and on a mixture. The
//! codebooks are trained for a few rounds of k-means, and the second layer searches the residuals of the first.
#![allow(clippy::unwrap_used)]

use std::time::Instant;

use ndarray::{Array2, ArrayView2};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rvqscope::rvq::nearest::{Kernel, Searcher, available_kernels};

const NUM_FRAMES: usize = 16_384;
const NUM_CODES: usize = 1024;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let kernels = if args.iter().any(|arg| arg == "--all") {
        available_kernels()
    } else {
        vec![Kernel::Portable, Kernel::best(128)]
    };
    if let Some(path) = args.iter().find(|arg| arg.ends_with(".npy")) {
        let frames: Array2<f32> = ndarray_npy::read_npy(path).unwrap();
        return report("file", &frames, &kernels);
    }
    report("mixture", &mixture(128), &kernels);
    for dim in [128, 768] {
        report("noise", &normal(NUM_FRAMES, dim, 1), &kernels);
    }
}

/// Searches two residual layers of `frames` with every kernel.
fn report(name: &str, frames: &Array2<f32>, kernels: &[Kernel]) {
    let mut residual = frames.clone();
    let dim = frames.ncols();
    for layer in 0..2 {
        let codebook = k_means(&residual, 4);
        let prepared = Searcher::new(codebook.view());
        println!("{name} {dim}-d, layer {layer}");
        for &kernel in kernels {
            let mut searcher = Searcher::with_kernel(codebook.view(), kernel);
            let seconds = [1, 2].map(|threads| time(&searcher, &residual, threads));
            let prepare = median(|| searcher.prepare(codebook.view()));
            let flops = 2.0 * residual.len() as f64 * NUM_CODES as f64;
            println!(
                "  {:16} 1 thread {:8.0} vectors/s {:6.1} Gflop/s-eq; 2 threads {:8.0} {:6.1}, x{:.2}; prepare {:.2} ms",
                kernel.name(),
                residual.nrows() as f64 / seconds[0],
                flops / seconds[0] / 1e9,
                residual.nrows() as f64 / seconds[1],
                flops / seconds[1] / 1e9,
                seconds[0] / seconds[1],
                prepare * 1e3,
            );
        }
        let codes = assign(&prepared, &residual);
        for (mut row, code) in residual.rows_mut().into_iter().zip(codes) {
            row -= &codebook.row(code as usize);
        }
    }
}

fn time(searcher: &Searcher, frames: &Array2<f32>, threads: usize) -> f64 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let (mut codes, mut dists) = (vec![0; frames.nrows()], vec![0.0; frames.nrows()]);
    pool.install(|| median(|| searcher.assign(frames.as_slice().unwrap(), &mut codes, &mut dists)))
}

fn median(mut work: impl FnMut()) -> f64 {
    let mut seconds: Vec<f64> = (0..9)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn assign(searcher: &Searcher, frames: &Array2<f32>) -> Vec<u32> {
    let (mut codes, mut dists) = (vec![0; frames.nrows()], vec![0.0; frames.nrows()]);
    searcher.assign(frames.as_slice().unwrap(), &mut codes, &mut dists);
    codes
}

fn k_means(frames: &Array2<f32>, rounds: usize) -> Array2<f32> {
    let stride = frames.nrows() / NUM_CODES;
    let mut codebook = Array2::from_shape_fn((NUM_CODES, frames.ncols()), |(k, d)| frames[[k * stride, d]]);
    for _ in 0..rounds {
        let codes = assign(&Searcher::new(codebook.view()), frames);
        let (mut sums, mut counts) = (Array2::<f32>::zeros(codebook.raw_dim()), vec![0u32; NUM_CODES]);
        for (frame, &code) in frames.rows().into_iter().zip(&codes) {
            sums.row_mut(code as usize).zip_mut_with(&frame, |sum, x| *sum += x);
            counts[code as usize] += 1;
        }
        for (k, &count) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
            codebook.row_mut(k).assign(&(&sums.row(k) / count as f32));
        }
    }
    codebook
}

/// Normal noise, `(rows, cols)`.
fn normal(rows: usize, cols: usize, seed: u64) -> Array2<f32> {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    Array2::from_shape_simple_fn((rows, cols), || {
        (0..6).map(|_| rng.random::<f32>() - 0.5).sum::<f32>() * 1.4
    })
}

/// A mixture of 300 clusters, with dimensions of unequal spread.
fn mixture(dim: usize) -> Array2<f32> {
    let (centres, spread) = (normal(300, dim, 2), normal(1, dim, 3).mapv(|v| (0.7 * v).exp()));
    let mut frames = normal(NUM_FRAMES, dim, 4);
    let centre_of =
        |i: usize| -> ArrayView2<'_, f32> { centres.slice(ndarray::s![i * 7919 % 300..=i * 7919 % 300, ..]) };
    for (i, mut frame) in frames.rows_mut().into_iter().enumerate() {
        frame += &(&centre_of(i).row(0) * 2.0);
        frame *= &spread.row(0);
    }
    frames
}
