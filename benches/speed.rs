//! What the README's speed table is made of: training, encoding, beam search, assignment, k-means, what a second thread gains and what
//! observing a training costs.
//!
//! `cargo bench --bench speed -- [FRAMES.npy] [--codes 1024] [--layers 8] [--batch 16384] [--threads 2] [--kernel "avx2 int16"] [--only train,encode,...]`; a kernel is
//! for the beams alone. Without a file it runs on a
//! seeded mixture of 65 536 x 128. One line a figure: name, seconds, vectors a second. `benches/compare.py` runs it beside its peers.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use ndarray::{Array2, ArrayView2, Axis, s};
use rvqscope::features::{FeatureMatrix, FeatureSet};
use rvqscope::metrics::convergence::{self, RowMoves};
use rvqscope::metrics::usage;
use rvqscope::random::{self, Purpose};
use rvqscope::rvq::encoder::Encoder;
use rvqscope::rvq::init::{self, EmptyCluster};
use rvqscope::rvq::nearest::{Kernel, Searcher};
use rvqscope::rvq::search::Search;
use rvqscope::rvq::{Codebook, LayerSpan, Rvq, rules};
use rvqscope::task::{Cancel, Task};
use rvqscope::text::Message;
use rvqscope::training::{History, Trainer};

struct Setup {
    frames: Array2<f32>,
    codes: usize,
    layers: usize,
    batch: usize,
    kernel: Option<Kernel>,
    only: Vec<String>,
}

fn main() {
    let mut flags: HashMap<String, String> = HashMap::new();
    let mut file = None;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.strip_prefix("--") {
            Some("bench") => {}
            Some(flag) => drop(flags.insert(flag.to_owned(), args.next().unwrap())),
            None => file = Some(arg),
        }
    }
    let number = |flag: &str, default: usize| flags.get(flag).map_or(default, |text| text.parse().unwrap());
    let frames = file.map_or_else(|| mixture(65_536, 128), |path| ndarray_npy::read_npy(path).unwrap());
    let setup = Setup {
        frames,
        codes: number("codes", 1024),
        layers: number("layers", 8),
        batch: number("batch", 16_384),
        kernel: flags.get("kernel").map(|name| Kernel::ALL.into_iter().find(|k| k.name() == name).unwrap()),
        only: flags.get("only").map_or_else(Vec::new, |text| text.split(',').map(str::to_owned).collect()),
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(number("threads", 2)).build().unwrap();
    pool.install(|| run(&setup));
    if setup.wants("threads") {
        threads(&setup);
    }
}

impl Setup {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|n| n == name)
    }

    /// The first batch.
    fn block(&self) -> ArrayView2<'_, f32> {
        self.frames.slice(s![..self.batch.min(self.frames.nrows()), ..])
    }
}

/// A training step and an encoding on one thread and on two, in turns.
fn threads(setup: &Setup) {
    let rvq = trained(setup.block(), setup.codes, setup.layers);
    let mut trainer = trainer(&rvq, &setup.frames, "rvqscope", setup.batch);
    let cancel = Cancel::default();
    let pools = [1, 2].map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap());
    let mut ratios = [Vec::new(), Vec::new()];
    for _ in 0..5 {
        let step = pools
            .each_ref()
            .map(|pool| pool.install(|| median(1, || drop(trainer.step(&Task::silent(&cancel)).unwrap()))));
        let encode = pools
            .each_ref()
            .map(|pool| pool.install(|| median(1, || encode(&rvq, setup.block(), Search::Greedy))));
        ratios[0].push(step[0] / step[1]);
        ratios[1].push(encode[0] / encode[1]);
    }
    for (name, ratios) in ["train", "encode"].iter().zip(&mut ratios) {
        ratios.sort_by(f64::total_cmp);
        println!("second_thread_{name} {:.2} 0", ratios[2]);
    }
}

/// What the scalars of a step cost, as a share of the step: everything that is worked out for whoever watches.
fn observing(setup: &Setup, rvq: &Rvq) {
    let mut trainer = trainer(rvq, &setup.frames, "rvqscope", setup.batch);
    let cancel = Cancel::default();
    let step = median(5, || drop(trainer.step(&Task::silent(&cancel)).unwrap()));
    let counts: Vec<Vec<u64>> = (0..setup.layers)
        .map(|layer| trainer.layer_states()[layer].batch_counts.iter().map(|&n| u64::from(n)).collect())
        .collect();
    let record = trainer.step(&Task::silent(&cancel)).unwrap();
    let mut history = History::default();
    let scalars = median(9, || {
        for (layer, counts) in trainer.rvq().layers().iter().zip(&counts) {
            let rows = layer.codebook.embed();
            let moves = RowMoves::between(rows, rows);
            black_box((convergence::drift(&moves, &[]), convergence::drift_all(&moves)));
            black_box((usage::perplexity(counts), usage::used(counts)));
        }
        history.push(&record);
    });
    println!("observing_share {:.4} 0", scalars / step);
}

fn run(setup: &Setup) {
    let Setup { frames, codes, layers, batch, .. } = setup;
    let wants = |name: &str| setup.wants(name);
    let block = setup.block();
    let print = |name: &str, seconds: f64, vectors: usize| {
        println!("{name} {seconds:.6} {:.0}", vectors as f64 / seconds);
    };
    let rvq = trained(block, *codes, *layers);
    if wants("train") {
        for rule in ["encodec", "rvqscope"] {
            let mut trainer = trainer(&rvq, frames, rule, *batch);
            let cancel = Cancel::default();
            let seconds = median(5, || drop(trainer.step(&Task::silent(&cancel)).unwrap()));
            print(&format!("train_step_{rule}"), seconds, block.nrows());
        }
    }
    if wants("observe") {
        observing(setup, &rvq);
    }
    if wants("encode") {
        let seconds = median(5, || encode(&rvq, block, Search::Greedy));
        print("encode_greedy", seconds, block.nrows());
    }
    if wants("beam") {
        // FAISS's tables of code products are made when it is trained, so ours are not counted either.
        let encoder = match setup.kernel {
            Some(kernel) => Encoder::with_kernel(&rvq, LayerSpan::ALL, kernel).unwrap(),
            None => Encoder::new(&rvq, LayerSpan::ALL).unwrap(),
        };
        encoder.prepare_paths(32);
        for width in [5, 16, 32] {
            let seconds = median(3, || drop(black_box(encoder.encode(block, Search::Beam(width)).unwrap())));
            print(&format!("encode_beam{width}"), seconds, block.nrows());
        }
    }
    if wants("assign") {
        let searcher = Searcher::new(rvq.layers()[0].codebook.embed());
        let (mut found, mut dists) = (vec![0; block.nrows()], vec![0.0; block.nrows()]);
        let values = block.as_slice().unwrap();
        let seconds = median(9, || searcher.assign(values, &mut found, &mut dists));
        print("assign_one_layer", seconds, block.nrows());
        let gflops = 2.0 * block.len() as f64 * *codes as f64 / seconds / 1e9;
        println!("assign_gflops_equivalent {gflops:.1} 0");
    }
    if wants("kmeans") {
        let samples = frames.slice(s![..65_536.min(frames.nrows()), ..]);
        let start = Instant::now();
        let found = kmeans(samples, *codes);
        print("kmeans_10_iterations", start.elapsed().as_secs_f64(), samples.nrows());
        println!("kmeans_objective {:.6e} 0", found.objective * samples.nrows() as f64);
    }
}

fn kmeans(samples: ArrayView2<'_, f32>, codes: usize) -> init::KMeans {
    let cancel = Cancel::default();
    let mut rng = random::stream(1, Purpose::Init, 0);
    let start = init::draw(samples, codes, &mut rng);
    init::lloyd(
        samples,
        start,
        10,
        EmptyCluster::Worst,
        &Message::verbatim("k-means"),
        &Task::silent(&cancel),
    )
    .unwrap()
}

fn encode(rvq: &Rvq, frames: ArrayView2<'_, f32>, search: Search) {
    let encoder = Encoder::new(rvq, LayerSpan::ALL).unwrap();
    black_box(encoder.encode(frames, search).unwrap());
}

fn trainer(rvq: &Rvq, frames: &Array2<f32>, rule: &str, batch: usize) -> Trainer {
    let mut params = rules::find(rule).unwrap().defaults();
    params.batch_size = batch;
    params.steps = 1_000_000;
    let matrix = FeatureMatrix::new(frames.clone()).unwrap();
    let set = Arc::new(FeatureSet::single("bench", matrix, None));
    let all = 0..set.matrix.num_frames();
    let mut trainer = Trainer::new(params.validate().unwrap(), set, vec![all], Some(rvq)).unwrap();
    let cancel = Cancel::default();
    trainer.step(&Task::silent(&cancel)).unwrap();
    trainer
}

/// Codebooks of a few rounds of k-means, layer by layer on what the ones before left over: rows drawn from the frames alone would leave nothing of
/// them, and codebooks full of zeros behind.
fn trained(frames: ArrayView2<'_, f32>, codes: usize, layers: usize) -> Rvq {
    let mut residual = frames.to_owned();
    let mut books = Vec::new();
    for layer in 0..layers {
        let mut rng = random::stream(7, Purpose::Init, layer as u64);
        let start = init::draw(residual.view(), codes, &mut rng);
        let task = Cancel::default();
        let found = init::lloyd(
            residual.view(),
            start,
            3,
            EmptyCluster::Worst,
            &Message::verbatim("k-means"),
            &Task::silent(&task),
        )
        .unwrap();
        let rows = found.means;
        let sizes = ndarray::Array1::from_elem(codes, frames.nrows() as f64 / codes as f64);
        let sums = rows.mapv(f64::from) * sizes[0];
        books.push(Codebook::new(rows.clone(), sizes, sums).unwrap().into());
        let (mut found, mut dists) = (vec![0; residual.nrows()], vec![0.0; residual.nrows()]);
        Searcher::new(rows.view()).assign(residual.as_slice().unwrap(), &mut found, &mut dists);
        for (mut frame, code) in residual.axis_iter_mut(Axis(0)).zip(found) {
            frame -= &rows.row(code as usize);
        }
    }
    Rvq::new(books).unwrap()
}

fn median(runs: usize, mut work: impl FnMut()) -> f64 {
    let mut seconds: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// Frames around 512 centres, with noise of half their spread.
fn mixture(frames: usize, dim: usize) -> Array2<f32> {
    let mut rng = random::stream(3, Purpose::Data, 0);
    let mut normal = || (0..12).map(|_| random::unit(&mut rng)).sum::<f64>() - 6.0;
    let centres = Array2::from_shape_simple_fn((512, dim), &mut normal);
    let noise = Array2::from_shape_simple_fn((frames, dim), normal);
    let mut picks = random::stream(4, Purpose::Data, 0);
    let mut mixed = Array2::zeros((frames, dim));
    for (mut row, noise) in mixed.rows_mut().into_iter().zip(noise.rows()) {
        let centre = centres.row(random::below(&mut picks, 512));
        row.assign(&(&centre + &(&noise * 0.5)).mapv(|v| v as f32));
    }
    mixed
}
