//! Large shapes: whether cost grows with codes, dimensions and layers as they do and no faster, and how much memory it takes.
//!
//! `cargo bench --bench shapes -- [--threads 2] [--only SERIES,...]` prints the tables of `benches/shapes.md`, whose series are `codes-8`,
//! `codes-256`, `layers`, `dims` and `start`. Each shape runs in a process of its own, so that its peak of memory is its own too (read where the
//! system tells it, on Linux). Seconds are those of a processor unless said. The last column is what the work cost beside the first row of its
//! series: 1 is linear, less is better.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use ndarray::{Array1, Array2, ArrayView2};
use rvqscope::random::{self, Purpose};
use rvqscope::rvq::code_sums::CodeSums;
use rvqscope::rvq::encoder::Encoder;
use rvqscope::rvq::init;
use rvqscope::rvq::nearest::Searcher;
use rvqscope::rvq::rules::{self, LayerBatch, UpdateCtx};
use rvqscope::rvq::search::Search;
use rvqscope::rvq::{Codebook, LayerSpan, Rvq};
use rvqscope::task::{Cancel, Task};
use rvqscope::text::Message;

/// A shape of a quantizer, and the frames that it is tried with.
#[derive(Clone, Copy)]
struct Shape {
    num_codes: usize,
    dim: usize,
    num_layers: usize,
    num_frames: usize,
}

/// What a row measures.
const SERIES: &[(&str, &str)] = &[
    ("codes-8", "Codes, 8 dimensions, one layer"),
    ("codes-256", "Codes, 256 dimensions, one layer"),
    ("layers", "Layers, 1024 codes of 64 dimensions"),
    ("dims", "Dimensions, one layer of 1024 codes"),
    ("start", "The start of a layer, 70 000 uniform frames of 8 dimensions"),
];

/// The codebook sizes of a series of them.
const CODES: [usize; 4] = [1024, 4096, 16_384, 65_536];

fn shapes(series: &str) -> Vec<Shape> {
    let base = Shape { num_codes: 1024, dim: 64, num_layers: 1, num_frames: 8192 };
    match series {
        "codes-8" => CODES.map(|num_codes| Shape { num_codes, dim: 8, num_frames: 32_768, ..base }).to_vec(),
        "codes-256" => {
            CODES.map(|num_codes| Shape { num_codes, dim: 256, num_frames: 4096, ..base }).to_vec()
        }
        "layers" => [8, 16, 32, 64].map(|num_layers| Shape { num_layers, ..base }).to_vec(),
        "dims" => [128, 512, 2048].map(|dim| Shape { dim, num_frames: 4096, ..base }).to_vec(),
        _ => [1024, 2048, 4096, 8192, 65_536]
            .map(|num_codes| Shape { num_codes, dim: 8, num_frames: 70_000, ..base })
            .to_vec(),
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let flags: HashMap<&str, &str> = args.chunks_exact(2).map(|two| (&*two[0], &*two[1])).collect();
    let threads = flags.get("--threads").map_or(2, |text| text.parse().unwrap());
    if let Some(one) = flags.get("--one") {
        let (series, row) = one.split_once(':').unwrap();
        let shape = shapes(series)[row.parse::<usize>().unwrap()];
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        return pool.install(|| if series == "start" { start(shape) } else { quantize(shape) });
    }
    let only = flags.get("--only").map(|names| names.split(',').collect::<Vec<_>>());
    for (series, title) in SERIES.iter().filter(|(name, _)| only.as_ref().is_none_or(|o| o.contains(name))) {
        println!("\n## {title}\n");
        table(series, threads);
    }
}

/// Runs each shape of a series and prints its rows.
fn table(series: &str, threads: usize) {
    let is_start = series == "start";
    if is_start {
        println!(
            "| codes | frames | seconds of the clock | of a processor | mean squared distance | MiB held | MiB at the peak |\n|---|---|---|---|---|---|---|"
        );
    } else {
        println!(
            "| codes | dimensions | layers | frames | encode | training step | MiB held | MiB at the peak | encode beside linear |\n|---|---|---|---|---|---|---|---|---|"
        );
    }
    let mut first = None;
    for (row, shape) in shapes(series).into_iter().enumerate() {
        let Shape { num_codes, dim, num_layers, num_frames } = shape;
        let one = format!("{series}:{row}");
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--one", &one, "--threads", &threads.to_string()])
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
        let text = String::from_utf8(child.stdout).unwrap();
        let figures: Vec<f64> = text.split_whitespace().map(|figure| figure.parse().unwrap()).collect();
        let [first_figure, second, held, peak, busy] = figures.try_into().unwrap();
        let peak = if peak > 0.0 { format!("{peak:.0}") } else { "not told".to_owned() };
        if is_start {
            println!(
                "| {num_codes} | {num_frames} | {first_figure:.2} | {busy:.2} | {second:.4e} | {held:.0} | {peak} |"
            );
            continue;
        }
        let each = first_figure / (num_frames * num_codes * dim * num_layers) as f64;
        let ratio = each / *first.get_or_insert(each);
        println!(
            "| {num_codes} | {dim} | {num_layers} | {num_frames} | {first_figure:.4} | {second:.4} | {held:.0} | {peak} | {ratio:.2} |"
        );
    }
}

/// Prints the seconds of an encoding and of a training step, and the memory of what must be held and of all.
fn quantize(shape: Shape) {
    let Shape { num_codes, dim, num_layers, num_frames } = shape;
    let frames = normal(num_frames, dim, 0);
    let book = |layer: usize| {
        // Each layer a little finer than the one before, as residuals are.
        let rows = normal(num_codes, dim, 1 + layer as u64) * 0.8f32.powi(layer as i32);
        let sizes = Array1::from_elem(num_codes, num_frames as f64 / num_codes as f64);
        let sums = rows.mapv(f64::from) * sizes[0];
        Codebook::new(rows, sizes, sums).unwrap()
    };
    let rvq = Rvq::new((0..num_layers).map(|layer| book(layer).into()).collect()).unwrap();
    let encode = cost(|| {
        let encoder = Encoder::new(&rvq, LayerSpan::ALL).unwrap();
        black_box(encoder.encode(frames.view(), Search::Greedy).unwrap());
    });
    // One after the other, so that the peak is not that of both.
    drop(rvq);
    let mut books: Vec<Codebook> = (0..num_layers).map(book).collect();
    let step = cost(|| step(&mut books, frames.view()));
    // Frames, rows and EMA sums.
    let held = 4 * frames.len() + num_layers * num_codes * dim * (4 + 8);
    println!("{encode} {step} {} {} 0", mib(held), peak_mib());
}

/// A training step: search, sums and update of each layer, on what the ones before leave over.
fn step(books: &mut [Codebook], frames: ArrayView2<'_, f32>) {
    let rule = rules::find("rvqscope").unwrap();
    let params = rule.defaults();
    let mut residual = frames.to_owned();
    let (mut codes, mut sq_dists) = (vec![0; frames.nrows()], vec![0.0; frames.nrows()]);
    for (layer_idx, codebook) in books.iter_mut().enumerate() {
        let old = codebook.embed().to_owned();
        Searcher::new(old.view()).assign(residual.as_slice().unwrap(), &mut codes, &mut sq_dists);
        let code_sums = CodeSums::new(residual.view(), &codes, old.nrows());
        let batch = LayerBatch::new(residual.view(), &sq_dists, &code_sums);
        let rng = random::stream(1, Purpose::Replacement, layer_idx as u64);
        let mut ctx = UpdateCtx { params: &params, layer_idx, step: 2, init_step: 1, rng };
        rule.update(codebook, &batch, &mut ctx);
        for (mut frame, &code) in residual.rows_mut().into_iter().zip(&codes) {
            frame -= &old.row(code as usize);
        }
    }
}

/// Prints the seconds that k-means takes to start a layer and what it reaches.
fn start(shape: Shape) {
    let Shape { num_codes, dim, num_frames, .. } = shape;
    let mut rng = random::stream(1, Purpose::Data, 0);
    let frames = Array2::from_shape_simple_fn((num_frames, dim), || random::unit(&mut rng) as f32);
    let cancel = Cancel::default();
    let task = Task::silent(&cancel);
    let mut rng = random::stream(0, Purpose::Init, 0);
    let (began, busy) = (Instant::now(), processor_secs());
    let wanted = init::samples_wanted(num_codes, dim).min(num_frames);
    let samples = init::draw(frames.view(), wanted, &mut rng);
    let found =
        init::seeded(samples.view(), num_codes, 50, 0.0, &Message::verbatim("k-means"), &mut rng, &task)
            .unwrap();
    let held = 4 * (frames.len() + found.means.len());
    let (elapsed, busy) = (began.elapsed().as_secs_f64(), processor_secs() - busy);
    println!("{elapsed} {} {} {} {busy}", found.objective, mib(held), peak_mib());
}

/// Normal noise, `(rows, cols)`.
fn normal(rows: usize, cols: usize, seed: u64) -> Array2<f32> {
    let mut rng = random::stream(seed, Purpose::Data, 1);
    let mut unit = || random::unit(&mut rng);
    Array2::from_shape_simple_fn((rows, cols), || ((0..4).map(|_| unit()).sum::<f64>() * 1.73 - 3.46) as f32)
}

/// The seconds of a processor that a run takes, of as many as fill one: what else the machine does hardly counts. Seconds of the clock, where the
/// system does not tell.
fn cost(mut work: impl FnMut()) -> f64 {
    work();
    let (began, busy) = (Instant::now(), processor_secs());
    let mut runs = 0.0;
    loop {
        work();
        runs += 1.0;
        let (elapsed, busy) = (began.elapsed().as_secs_f64(), processor_secs() - busy);
        if elapsed.max(busy) > 1.0 && (busy > 1.0 || elapsed > 8.0) {
            return if busy > 0.0 { busy } else { elapsed } / runs;
        }
    }
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / (1 << 20) as f64
}

/// The most memory that this process ever had; 0 where the system does not tell.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok()).map_or(0.0, |kib| kib / 1024.0)
}

/// The seconds that the threads of this process have computed, in the system's ticks of a hundredth; 0 where it does not tell.
fn processor_secs() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = behind_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}
