//! What a frame of the window costs: taking in news, laying out, and tessellating, in CPU time of the drawing thread.
//!
//! `cargo bench --bench frame`, or `cargo bench --bench frame -- NAME` for one of the cases. What the screen or its driver then does with the
//! triangles is not counted. Every panel is brought to the front in turn; the last line of a case counts the frames that an idle window asks for.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use eframe::App as _;
use egui::{Event, Modifiers, MouseWheelSource, MouseWheelUnit, TouchPhase, Vec2, vec2};
use ndarray::Array2;
use rvqscope::app::App;
use rvqscope::app::panels::PANELS;
use rvqscope::io::{write_f32_npy, write_model};
use rvqscope::jobs::Builtin;
use rvqscope::param::ParamValue;
use rvqscope::rvq::{Codebook, Rvq, param_spec};
use rvqscope::session::{
    DataCommand, ParamsCommand, RunsCommand, SelectCommand, Session, SweepCommand, TokensLook, TrainState,
};

/// Frames that are drawn of a window with its usual panels.
const FRAMES: usize = 240;
/// Frames that are drawn of each panel.
const FRAMES_A_PANEL: usize = 24;

fn main() {
    let names: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted =
        |name: &str| names.is_empty() || names.iter().any(|wanted| name.contains(wanted.as_str()));
    let folder = tempfile::tempdir().unwrap();
    for (name, run) in CASES {
        if is_wanted(name) {
            run(name, folder.path());
        }
    }
}

type Case = (&'static str, fn(&str, &Path));

const CASES: &[Case] = &[
    ("demo-training", |name, _| demo(name)),
    ("20-runs-of-10000-steps", |name, _| overlaid(name)),
    ("46x16-of-1000000-frames", |name, folder| model(name, folder, 46, 16)),
    ("8x1024-of-1000000-frames", |name, folder| model(name, folder, 8, 1024)),
    ("32x2048-of-1000000-frames", |name, folder| model(name, folder, 32, 2048)),
    ("time-of-1000000-frames-in-32-layers", time),
];

/// The demo while it trains.
fn demo(name: &str) {
    let mut window = Window::new();
    window.app.apply(DataCommand::OpenBuiltin { builtin: Builtin::Demo, then_train: true });
    window.until(|session| session.train_state() == TrainState::Running);
    window.measure(&format!("{name}, usual panels"));
    window.measure_panels(name);
}

/// Twenty runs laid over one another, of 10 000 steps and 8 layers each.
fn overlaid(name: &str) {
    let mut window = Window::new();
    window.app.apply(DataCommand::OpenBuiltin { builtin: Builtin::Article, then_train: false });
    window.until(|session| !session.is_busy());
    let small =
        [("num_layers", 8), ("codebook_size", 8), ("kmeans_iters", 2), ("batch_size", 16), ("steps", 10_000)];
    for (key, value) in small {
        let key = param_spec(key).unwrap().key;
        window.app.apply(ParamsCommand::Set { key, value: ParamValue::Int(value) });
    }
    window.app.apply(SweepCommand::Start { axes: Vec::new(), seeds: 20 });
    window.until(|session| !session.is_busy());
    let ids: Vec<_> = window.app.session().runs().iter().map(|entry| entry.id).collect();
    assert!(window.app.session().runs().iter().all(|entry| entry.history.len() == 10_000));
    window.app.apply(RunsCommand::Show(ids[0]));
    window.app.apply(RunsCommand::OverlayOnly(ids));
    window.finish(name);
}

/// A loaded model on a million frames, while it is evaluated and after.
fn model(name: &str, folder: &Path, layers: usize, codes: usize) {
    let (data, file) = million(folder, layers, codes);
    let mut window = Window::new();
    window.app.apply(DataCommand::Open(vec![file]));
    window.until(|session| !session.is_busy());
    let start = Instant::now();
    window.app.apply(DataCommand::Open(vec![data]));
    window.until(|session| session.view().is_some_and(|view| view.run.best_evaluation().is_some()));
    println!("{name}: first figures {:.2} s after opening the frames", start.elapsed().as_secs_f64());
    window.measure(&format!("{name}, evaluating"));
    window.until(|session| !session.is_busy());
    println!("{name}: all of them after {:.1} s", start.elapsed().as_secs_f64());
    window.finish(name);
}

/// A million frames, and a model of so many layers and codes for them.
fn million(folder: &Path, layers: usize, codes: usize) -> (PathBuf, PathBuf) {
    let (frames, dim) = (1_000_000, 8);
    let data = folder.join("frames.npy");
    let value = |n: usize, d: usize| (((n * 31 + d * 17) % 8191) as f32 / 4096.0 - 1.0) * (1.0 + d as f32);
    if !data.exists() {
        write_f32_npy(&data, Array2::from_shape_fn((frames, dim), |(n, d)| value(n, d)).view()).unwrap();
    }
    let file: PathBuf = folder.join(format!("{layers}x{codes}.safetensors"));
    let book = |layer: usize| {
        let scale = 0.8f32.powi(layer as i32);
        let rows = Array2::from_shape_fn((codes, dim), |(k, d)| value(k * 977 + layer * 13, d) * scale);
        Codebook::from_rows(rows).unwrap().into()
    };
    write_model(
        &file,
        &Rvq::new((0..layers).map(book).collect()).unwrap(),
        &std::collections::BTreeMap::new(),
    )
    .unwrap();
    (data, file)
}

/// A million frames in the Time panel: zoomed from all of them to one and back, and moved along at several scales.
fn time(name: &str, folder: &Path) {
    // What a picture costs does not depend on how many codes there are; finding them does.
    let (data, file) = million(folder, 32, 64);
    let mut window = Window::new();
    window.app.apply(DataCommand::Open(vec![file]));
    window.until(|session| !session.is_busy());
    window.app.apply(DataCommand::Open(vec![data]));
    window.until(|session| !session.is_busy());
    window.app.layout_mut().show("time");
    window.until(|session| matches!(session.tokens(), TokensLook::Ready { outdated: false, .. }));
    window.app.apply(SelectCommand::Code(3, Some(5)));
    window.measure(&format!("{name}, all of them"));
    let at = window.app.layout_mut().rect("time").unwrap().center() + vec2(40.0, 60.0);
    for (what, wheel) in [
        ("zooming in", vec2(0.0, 14.0)),
        ("moving along frames", vec2(40.0, 0.0)),
        ("zooming out", vec2(0.0, -7.0)),
        ("moving along at that scale", vec2(40.0, 0.0)),
        ("zooming out to all", vec2(0.0, -14.0)),
    ] {
        window.input = vec![Event::PointerMoved(at), wheel_by(wheel)];
        window.measure(&format!("{name}, {what}"));
    }
    window.input.clear();
    window.finish(name);
}

fn wheel_by(delta: Vec2) -> Event {
    Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta,
        phase: TouchPhase::Move,
        source: MouseWheelSource::Unknown,
        modifiers: Modifiers::default(),
    }
}

/// The window without a screen.
struct Window {
    ctx: egui::Context,
    frame: eframe::Frame,
    app: App,
    start: Instant,
    asked: Arc<AtomicU64>,
    /// What comes in with every frame.
    input: Vec<Event>,
}

impl Window {
    fn new() -> Self {
        let ctx = egui::Context::default();
        let asked = Arc::new(AtomicU64::new(0));
        let counter = asked.clone();
        ctx.set_request_repaint_callback(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let app = App::empty(&eframe::CreationContext::_new_kittest(ctx.clone()));
        Self {
            ctx,
            frame: eframe::Frame::_new_kittest(),
            app,
            start: Instant::now(),
            asked,
            input: Vec::new(),
        }
    }

    /// Draws until something holds.
    fn until(&mut self, done: impl Fn(&Session) -> bool) {
        let start = Instant::now();
        while !done(self.app.session()) {
            assert!(start.elapsed() < Duration::from_secs(900), "{:?}", self.app.session());
            self.draw();
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The figures of a window in which nothing happens any more.
    fn finish(&mut self, name: &str) {
        self.measure(&format!("{name}, usual panels"));
        self.measure_panels(name);
        // What panels asked to be computed comes in; then nothing is left to ask for.
        for _ in 0..60 {
            self.draw();
            std::thread::sleep(Duration::from_millis(20));
        }
        let before = self.asked.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_secs(2));
        println!("{name}: idle, {} frames asked for in 2 s", self.asked.load(Ordering::Relaxed) - before);
    }

    fn measure_panels(&mut self, name: &str) {
        let mut worst = (0.0, "");
        for make in PANELS {
            let id = make().id();
            self.app.layout_mut().show(id);
            // What it draws for the first time is computed, and what it asks for comes in.
            for _ in 0..30 {
                self.draw();
                std::thread::sleep(Duration::from_millis(10));
            }
            let millis = self.frames(FRAMES_A_PANEL);
            let most = millis[millis.len() - 1];
            if most > worst.0 {
                worst = (most, id);
            }
        }
        println!("{name}: every panel in front, the dearest frame {:.2} ms ({})", worst.0, worst.1);
    }

    fn measure(&mut self, what: &str) {
        let millis = self.frames(FRAMES);
        let at = |share: f64| millis[((millis.len() - 1) as f64 * share) as usize];
        println!(
            "{what}: frame CPU ms, median {:.2}, 95th percentile {:.2}, 99th {:.2}, most {:.2}",
            at(0.5),
            at(0.95),
            at(0.99),
            at(1.0)
        );
    }

    /// CPU time of so many frames in milliseconds, ascending.
    fn frames(&mut self, count: usize) -> Vec<f64> {
        let mut millis = Vec::with_capacity(count);
        for _ in 0..count {
            let next = Instant::now() + Duration::from_millis(25);
            let before = cpu_nanos();
            self.draw();
            millis.push((cpu_nanos() - before) as f64 / 1e6);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        millis.sort_by(f64::total_cmp);
        millis
    }

    /// Draws one frame, down to its triangles.
    fn draw(&mut self) {
        let Self { ctx, frame, app, start, input, .. } = self;
        let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1600.0, 1000.0));
        let raw = egui::RawInput {
            screen_rect: Some(screen),
            time: Some(start.elapsed().as_secs_f64()),
            events: input.clone(),
            ..egui::RawInput::default()
        };
        let mut output = ctx.run_ui(raw, |ui| {
            app.logic(&ui.ctx().clone(), frame);
            app.ui(ui, frame);
        });
        // Nothing draws them.
        output.textures_delta.clear();
        std::hint::black_box(ctx.tessellate(output.shapes, output.pixels_per_point));
    }
}

/// Time that this thread has been computing for.
fn cpu_nanos() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}
