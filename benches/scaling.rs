//! What a training by several ranks sends and how long it waits for it, a step: what `benches/scaling.md` is made of.
//!
//! `cargo bench --bench scaling --features mpi --no-run`, then `mpirun -n R target/release/deps/scaling-... [--batch 4096] [--codes 1024] [--layers 8]
//! [--dim 128] [--steps 20] [--dead 0] [--absent 0]`. Every rank has as many frames; the order is that of so many absent ranks' frames too, of which
//! there is nothing but their numbers. Where no `mpirun` has started it, one process trains as it would without ranks, and then as
//! one rank. `--dead` is the threshold under which codes are replaced. One line a figure: name, number, unit.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ndarray::Array2;
use rvqscope::features::{FeatureMatrix, FeatureSet};
use rvqscope::random::{self, Purpose};
use rvqscope::ranks::{Alone, Lost, Ranks};
use rvqscope::rvq::{InitMethod, RvqParams};
use rvqscope::task::{Cancel, Task};
use rvqscope::training::{Share, Trainer};

/// Ranks whose calls are counted.
#[derive(Debug)]
struct Counted {
    inner: Box<dyn Ranks>,
    /// Bytes that were added up, gathered from this rank, and compared.
    bytes: [AtomicU64; 3],
    calls: [AtomicU64; 3],
    nanos: [AtomicU64; 3],
}

impl Counted {
    fn new(inner: Box<dyn Ranks>) -> Self {
        Self { inner, bytes: Default::default(), calls: Default::default(), nanos: Default::default() }
    }

    fn count<T>(&self, kind: usize, bytes: usize, call: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = call();
        self.nanos[kind].fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        self.bytes[kind].fetch_add(bytes as u64, Ordering::Relaxed);
        self.calls[kind].fetch_add(1, Ordering::Relaxed);
        done
    }

    /// Calls, bytes and seconds of each kind so far.
    fn so_far(&self) -> [(u64, u64, f64); 3] {
        std::array::from_fn(|kind| {
            let read = |of: &[AtomicU64; 3]| of[kind].load(Ordering::Relaxed);
            (read(&self.calls), read(&self.bytes), read(&self.nanos) as f64 * 1e-9)
        })
    }
}

impl Ranks for Counted {
    fn rank(&self) -> usize {
        self.inner.rank()
    }

    fn size(&self) -> usize {
        self.inner.size()
    }

    fn sum(&self, values: &mut [i64]) -> Result<(), Lost> {
        self.count(0, size_of_val(values), || self.inner.sum(values))
    }

    fn gather(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Lost> {
        self.count(1, bytes.len(), || self.inner.gather(bytes))
    }

    fn max(&self, values: &mut [i64]) -> Result<(), Lost> {
        self.count(2, size_of_val(values), || self.inner.max(values))
    }
}

struct Setup {
    params: RvqParams,
    frames_a_rank: usize,
    dim: usize,
    steps: usize,
    absent: usize,
}

fn main() {
    let mut flags: HashMap<String, f64> = HashMap::new();
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    while let (Some(flag), Some(value)) = (args.next(), args.next()) {
        flags.insert(flag.trim_start_matches('-').to_owned(), value.parse().unwrap());
    }
    let number = |flag: &str, default: usize| flags.get(flag).map_or(default, |&value| value as usize);
    let setup = Setup {
        params: RvqParams {
            num_layers: number("layers", 8),
            codebook_size: number("codes", 1024),
            batch_size: number("batch", 4096),
            threshold_ema_dead_code: flags.get("dead").copied().unwrap_or(0.0),
            init: InitMethod::Sample,
            ..RvqParams::default()
        },
        frames_a_rank: number("frames", 16_384),
        dim: number("dim", 128),
        steps: number("steps", 20),
        absent: number("absent", 0),
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(number("threads", 1)).build().unwrap();
    #[cfg(feature = "mpi")]
    if let Some(membership) = rvqscope::ranks::joined() {
        let ranks = membership.ranks;
        pool.install(|| shared(&setup, Box::new(ranks)));
        return rvqscope::ranks::leave(membership);
    }
    pool.install(|| {
        let set = frames(&setup, 0);
        let total = setup.frames_a_rank;
        let trainer = Trainer::new(setup.params.validate().unwrap(), set, vec![0..total], None).unwrap();
        let (seconds, _) = steps(trainer, setup.steps, || ());
        println!("without ranks: step {:.2} ms", seconds * 1e3);
        shared(&setup, Box::new(Alone));
    });
}

/// The frames of a rank: clusters of their own, with noise.
fn frames(setup: &Setup, rank: usize) -> Arc<FeatureSet> {
    let mut rng = random::stream(rank as u64, Purpose::Data, 2);
    let mut normal = || (0..6).map(|_| random::unit(&mut rng) - 0.5).sum::<f64>() as f32;
    let centres = Array2::from_shape_simple_fn((200, setup.dim), &mut normal);
    let values =
        Array2::from_shape_fn((setup.frames_a_rank, setup.dim), |(n, d)| centres[[n % 200, d]] + normal());
    Arc::new(FeatureSet::single("frames", FeatureMatrix::new(values).unwrap(), None))
}

/// Seconds a step after the first, which starts the layers, and what `before` gave when that was done.
fn steps<T>(mut trainer: Trainer, count: usize, before: impl FnOnce() -> T) -> (f64, T) {
    let cancel = Cancel::default();
    trainer.step(&Task::silent(&cancel)).unwrap();
    let before = before();
    let start = Instant::now();
    for _ in 0..count {
        trainer.step(&Task::silent(&cancel)).unwrap();
    }
    (start.elapsed().as_secs_f64() / count.max(1) as f64, before)
}

fn shared(setup: &Setup, inner: Box<dyn Ranks>) {
    let ranks = Arc::new(Counted::new(inner));
    let (rank, size) = (ranks.rank(), ranks.size());
    let total = setup.frames_a_rank * (size + setup.absent);
    let share = Share::new(ranks.clone(), setup.frames_a_rank * rank, total);
    let params = setup.params.validate().unwrap();
    let trainer = Trainer::shared(params, frames(setup, rank), vec![0..total], None, share).unwrap();
    let (seconds, before) = steps(trainer, setup.steps, || ranks.so_far());
    let after = ranks.so_far();
    if rank > 0 {
        return;
    }
    println!("{size} ranks: step {:.2} ms", seconds * 1e3);
    for (nth, kind) in ["sum", "gather", "max"].iter().enumerate() {
        let steps = setup.steps.max(1) as f64;
        let (calls, bytes) = (after[nth].0 - before[nth].0, after[nth].1 - before[nth].1);
        let millis = (after[nth].2 - before[nth].2) * 1e3 / steps;
        println!(
            "{size} ranks: {kind} {:.2} calls, {:.0} bytes, {millis:.2} ms a step; start {} calls, {} bytes, {:.1} ms",
            calls as f64 / steps,
            bytes as f64 / steps,
            before[nth].0,
            before[nth].1,
            before[nth].2 * 1e3
        );
    }
}
