//! Watching a folder of checkpoints: a writer that does as trainers do stands beside the watch, on a thread of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../counting/mod.rs"]
mod counting;

mod commands;
mod large;
mod series;
mod session;
mod writers;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ndarray::{Array1, Array2};
use rvqscope::io;
use rvqscope::random::{self, Purpose};
use rvqscope::rvq::{Codebook, Rvq};
use rvqscope::task::{Cancel, Task};
use rvqscope::watch::{Event, Meant, Order, Pace, Probe, Watch, WatchSpec};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

pub const CODES: usize = 16;
pub const DIM: usize = 4;

/// Numbers between -1 and 1.
fn noise(seed: u64, rows: usize, columns: usize) -> Array2<f32> {
    let mut rng = random::stream(seed, Purpose::Data, 3);
    Array2::from_shape_simple_fn((rows, columns), || (random::unit(&mut rng) * 2.0 - 1.0) as f32)
}

fn layer(rows: Array2<f32>, size: f64) -> Codebook {
    let sums = rows.mapv(f64::from) * size;
    let sizes = Array1::from_elem(rows.nrows(), size);
    Codebook::new(rows, sizes, sums).unwrap()
}

/// Two layers as they are at a step: each step moves them a little.
pub fn quantizer(step: u64) -> Rvq {
    let moved = |seed: u64, scale: f32| {
        let rows = noise(seed, CODES, DIM) + noise(seed + 1, CODES, DIM) * (step as f32 / 5000.0);
        layer(rows * scale, 64.0)
    };
    Rvq::new(vec![moved(1, 1.0).into(), moved(5, 0.4).into()]).unwrap()
}

/// The frames that checkpoints are held against.
pub fn probe() -> Probe {
    Probe::sample(noise(9, 900, DIM).view(), vec!["frames.npy".to_owned()], Some(50.0), 640, 0)
}

/// A file of this quantizer; a container that keeps notes says which step it is of.
pub fn write(path: &Path, rvq: &Rvq, step: u64) {
    let notes = BTreeMap::from([("global_step".to_owned(), step.to_string())]);
    io::write_model(path, rvq, &notes).unwrap();
}

/// The bytes of such a file, for whoever writes them in pieces.
pub fn bytes(name: &str, rvq: &Rvq, step: u64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    write(&path, rvq, step);
    std::fs::read(path).unwrap()
}

/// Makes a file look as if it had been written so many seconds ago.
pub fn age(path: &Path, secs: u64) {
    let at = SystemTime::now() - Duration::from_secs(secs);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}

/// Checkpoints `G_STEP.pth` that have been there for long.
pub fn old_checkpoints(folder: &Path, steps: impl IntoIterator<Item = u64>) {
    for step in steps {
        let path = folder.join(format!("G_{step}.pth"));
        write(&path, &quantizer(step), step);
        age(&path, 1_000_000 - step);
    }
}

pub fn spec(folder: &Path) -> WatchSpec {
    let ms = Duration::from_millis;
    WatchSpec {
        folder: folder.to_owned(),
        probe: Some(Arc::new(probe())),
        meant: Meant::default(),
        order: Order::NewestFirst,
        cache: None,
        pace: Pace { every: ms(15), quiet: ms(80), patience: ms(400), old: Duration::from_secs(60) },
    }
}

/// Goes through everything that is there, on this thread.
pub fn go_through(watch: &mut Watch) -> Vec<Event> {
    let cancel = Cancel::default();
    let mut events = watch.look();
    while watch.has_work() {
        events.extend(watch.advance(&Task::silent(&cancel)).unwrap());
    }
    events
}

/// The steps of the checkpoints in the order in which they were told.
pub fn told_steps(watch: &Watch, events: &[Event]) -> Vec<u64> {
    let step = |event: &Event| match event {
        Event::Point(id) => watch.series().get(*id).map(|point| point.step),
        _ => None,
    };
    events.iter().filter_map(step).collect()
}

pub fn steps(watch: &Watch) -> Vec<u64> {
    watch.series().points().iter().map(|point| point.step).collect()
}
