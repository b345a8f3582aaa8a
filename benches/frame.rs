//! What a frame of the window costs while the demo trains: taking in news, laying out, and tessellating, in CPU time of the drawing thread.
//!
//! `cargo bench --bench frame`. What the screen or its driver then does with the triangles is not counted.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use egui_kittest::Harness;
use rvqscope::app::App;
use rvqscope::jobs::Builtin;
use rvqscope::session::{DataCommand, TrainState};

const FRAMES: usize = 300;

fn main() {
    let mut harness = Harness::builder().with_size([1600.0, 1000.0]).build_eframe(|cc| App::empty(cc));
    harness.state_mut().apply(DataCommand::OpenBuiltin { builtin: Builtin::Demo, then_train: true });
    while harness.state().session().train_state() != TrainState::Running {
        harness.step();
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut millis = Vec::with_capacity(FRAMES);
    for _ in 0..FRAMES {
        let next = Instant::now() + Duration::from_millis(33);
        let start = cpu_nanos();
        harness.step();
        // The copy is the bench's own, and is not counted.
        let stepped = cpu_nanos();
        let shapes = harness.output().shapes.clone();
        let copied = cpu_nanos();
        std::hint::black_box(harness.ctx.tessellate(shapes, 1.0));
        let end = cpu_nanos();
        millis.push(((stepped - start) + (end - copied)) as f64 / 1e6);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    millis.sort_by(f64::total_cmp);
    let at = |share: f64| millis[((FRAMES - 1) as f64 * share) as usize];
    println!(
        "frame CPU ms: median {:.2}, 95th percentile {:.2}, 99th {:.2}, most {:.2}",
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0)
    );
    println!("training stood at step {}", harness.state().session().view().unwrap().run.steps);
}

/// Time that this thread has been computing for.
fn cpu_nanos() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}
