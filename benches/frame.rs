//! What a frame of the window costs while the demo trains: taking in news, laying out, and tessellating, in CPU time of the drawing thread.
//!
//! `cargo bench --bench frame`. What the screen or its driver then does with the triangles is not counted.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use eframe::App as _;
use rvqscope::app::App;
use rvqscope::jobs::Builtin;
use rvqscope::session::{DataCommand, TrainState};

const FRAMES: usize = 300;

/// The window without a screen.
struct Window {
    ctx: egui::Context,
    frame: eframe::Frame,
    app: App,
    start: Instant,
}

fn main() {
    let ctx = egui::Context::default();
    let mut app = App::empty(&eframe::CreationContext::_new_kittest(ctx.clone()));
    app.apply(DataCommand::OpenBuiltin { builtin: Builtin::Demo, then_train: true });
    let mut window = Window { ctx, frame: eframe::Frame::_new_kittest(), app, start: Instant::now() };
    while window.app.session().train_state() != TrainState::Running {
        window.draw();
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut millis = Vec::with_capacity(FRAMES);
    for _ in 0..FRAMES {
        let next = Instant::now() + Duration::from_millis(33);
        let before = cpu_nanos();
        window.draw();
        millis.push((cpu_nanos() - before) as f64 / 1e6);
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
    println!("training stood at step {}", window.app.session().view().unwrap().run.steps);
}

impl Window {
    /// Draws one frame, down to its triangles.
    fn draw(&mut self) {
        let Self { ctx, frame, app, start } = self;
        let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1600.0, 1000.0));
        let input = egui::RawInput {
            screen_rect: Some(screen),
            time: Some(start.elapsed().as_secs_f64()),
            ..egui::RawInput::default()
        };
        let output = ctx.run_ui(input, |ui| {
            app.logic(&ui.ctx().clone(), frame);
            app.ui(ui, frame);
        });
        std::hint::black_box(ctx.tessellate(output.shapes, output.pixels_per_point));
    }
}

/// Time that this thread has been computing for.
fn cpu_nanos() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}
