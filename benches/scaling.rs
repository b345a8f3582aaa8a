//! What a training by several ranks sends and how long it waits for it, a step: what `benches/scaling.md` is made of.
//!
//! `cargo bench --bench scaling --features mpi --no-run`, then `mpirun -n R target/release/deps/scaling-... [--batch 4096] [--codes 1024] [--layers 8]
//! [--dim 128] [--steps 20] [--dead 0] [--absent 0]`. Every rank has as many frames; the order is that of so many absent ranks' frames too, of which
//! there is nothing but their numbers. Where no `mpirun` has started it, one process trains as it would without ranks, and then as
//! one rank. `--dead` is the threshold under which codes are replaced; `--search` and `--refit` are those of a training, with the refits in its last
//! steps. Behind the steps are a look at 1024 held-out frames and a calibration, on as many as that takes at most and on frames that were trained on.
//! One line a figure: name, number, unit.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ndarray::Array2;
use rvqscope::features::{FeatureMatrix, FeatureSet};
use rvqscope::random::{self, Purpose};
use rvqscope::ranks::{Alone, Lost, Ranks};
use rvqscope::rvq::search::Search;
use rvqscope::rvq::{InitMethod, RvqParams};
use rvqscope::task::{Cancel, Task};
use rvqscope::training::course::Course;
use rvqscope::training::row_scales::{row_scales, row_scales_across};
use rvqscope::training::{Judges, Share, Trainer};

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
            search: number("search", 1),
            refit: number("refit", 0) as u64,
            steps: number("steps", 20) as u64 + 1,
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
        let mut trainer = Trainer::new(setup.params.validate().unwrap(), set, vec![0..total], None).unwrap();
        let (seconds, _) = steps(&mut trainer, setup.steps, || ());
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
fn steps<T>(trainer: &mut Trainer, count: usize, before: impl FnOnce() -> T) -> (f64, T) {
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
    let set = frames(setup, rank);
    let mut trainer = Trainer::shared(params, set.clone(), vec![0..total], None, share).unwrap();
    let (seconds, before) = steps(&mut trainer, setup.steps, || ranks.so_far());
    let after = ranks.so_far();
    if setup.absent == 0 {
        behind_the_steps(setup, &trainer, &set, &ranks);
    }
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

/// A look at 1024 frames, and calibrations on 20 000 or as many as there are, of which each rank has as many as the others.
fn behind_the_steps(setup: &Setup, trainer: &Trainer, set: &FeatureSet, ranks: &Counted) {
    let (rank, size, each) = (ranks.rank(), ranks.size(), setup.frames_a_rank);
    let judges = |total: usize| {
        let ranges: Vec<_> = (0..size).map(|nth| each * nth..each * nth + (total / size).min(each)).collect();
        Judges::of_share(set.matrix.view(), each * rank, &ranges)
    };
    let cancel = Cancel::default();
    let task = Task::silent(&cancel).among(ranks);
    let (rvq, search) = (trainer.rvq(), Search::of_width(trainer.params().search));
    let tell = |name: &str, work: &mut dyn FnMut()| {
        let (before, start) = (ranks.so_far(), Instant::now());
        work();
        let (after, millis) = (ranks.so_far(), start.elapsed().as_secs_f64() * 1e3);
        let of = |kind: usize| (after[kind].0 - before[kind].0, after[kind].1 - before[kind].1);
        let ((sums, summed), (gathers, gathered)) = (of(0), of(1));
        if rank == 0 {
            println!(
                "{size} ranks: {name} {millis:.1} ms, {sums} sums of {summed} bytes, {gathers} gathers of {gathered} bytes"
            );
        }
    };
    let record = rvqscope::training::StepRecord { step: 10, layers: Vec::new() };
    let mut course = Course::new(judges(1024));
    tell("look", &mut || drop(course.after(record.clone(), rvq, false, &task).unwrap()));
    tell("calibration", &mut || drop(row_scales(rvq, &judges(20_000), search, &task).unwrap()));
    tell("calibration across", &mut || drop(row_scales_across(rvq, &judges(20_000), search, &task).unwrap()));
}
