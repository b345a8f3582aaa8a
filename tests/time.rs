//! The Time panel: what the pointer does there, and what is selected elsewhere.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::{
    Event, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, Rect, TouchPhase, pos2, vec2,
};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use ndarray::Array2;

use rvqscope::app::App;
use rvqscope::param::ParamValue;
use rvqscope::session::{
    Command, DataCommand, ParamsCommand, SelectCommand, Selection, TokensLook, TrainCommand,
};

type Window = Harness<'static, App>;

const PATIENCE: Duration = Duration::from_secs(60);
const LAYERS: usize = 3;

fn apply(harness: &mut Window, command: impl Into<Command>) {
    harness.state_mut().apply(command);
    harness.step();
}

#[track_caller]
fn until(harness: &mut Window, what: &str, done: impl Fn(&Window) -> bool) {
    let start = Instant::now();
    while !done(harness) {
        assert!(start.elapsed() < PATIENCE, "timed out: {what}");
        std::thread::sleep(Duration::from_millis(5));
        harness.step();
    }
    harness.run_steps(3);
}

fn features(folder: &Path, frames: usize) -> PathBuf {
    let path = folder.join("frames.npy");
    let value = |t: usize, d: usize| ((t * 31 + d * 17) % 101) as f32 / 101.0 + (t % 5 * (d + 1)) as f32;
    ndarray_npy::write_npy(&path, &Array2::from_shape_fn((frames, 4), |(t, d)| value(t, d))).unwrap();
    path
}

/// A window with a trained run of so many frames, the Time panel in front, and its codes there.
fn trained(folder: &Path, frames: usize) -> Window {
    // Short enough for two clicks to be one double click.
    let window = Harness::builder().with_size([1500.0, 950.0]).with_step_dt(1.0 / 60.0);
    let mut harness = window.build_eframe(|cc| App::empty(cc));
    harness.step();
    let small = [
        ("codebook_size", 8),
        ("num_layers", LAYERS as u64),
        ("steps", 5),
        ("batch_size", 64),
        ("kmeans_iters", 3),
    ];
    for (key, value) in small {
        apply(&mut harness, ParamsCommand::Set { key, value: ParamValue::Int(value) });
    }
    apply(&mut harness, DataCommand::Open(vec![features(folder, frames)]));
    until(&mut harness, "the frames", |harness| !harness.state().session().is_busy());
    apply(&mut harness, TrainCommand::Start);
    until(&mut harness, "the training", |harness| !harness.state().session().is_busy());
    harness.state_mut().layout_mut().show("time");
    harness.step();
    until(&mut harness, "the codes", |harness| {
        matches!(harness.state().session().tokens(), TokensLook::Ready { outdated: false, .. })
    });
    harness
}

/// The area of the plot, and its name.
fn plot(harness: &Window) -> (Rect, String) {
    let node = harness.query_all_by_label_contains("Plot: Frames and tokens").next().expect("the plot");
    (node.rect(), node.accesskit_node().label().unwrap_or_default())
}

/// A place in the row of a layer; the rows take the lower half of the plot.
fn token(area: Rect, layer: usize, across: f32) -> Pos2 {
    let share = 0.5 + (layer as f32 + 0.5) / LAYERS as f32 * 0.5;
    pos2(area.left() + area.width() * across, area.top() + area.height() * share)
}

fn button(harness: &Window, pos: Pos2, pressed: bool) {
    let modifiers = Modifiers::default();
    harness.event(Event::PointerMoved(pos));
    harness.event(Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers });
}

fn click(harness: &mut Window, pos: Pos2) {
    button(harness, pos, true);
    harness.step();
    button(harness, pos, false);
    harness.run_steps(2);
}

fn drag(harness: &mut Window, from: Pos2, to: Pos2) {
    button(harness, from, true);
    harness.step();
    for share in [0.3, 0.7, 1.0] {
        harness.event(Event::PointerMoved(from + (to - from) * share));
        harness.step();
    }
    button(harness, to, false);
    harness.run_steps(2);
}

fn selection(harness: &Window) -> Selection {
    harness.state().session().selection()
}

fn code_at(harness: &Window, layer: usize, frame: usize) -> usize {
    match harness.state().session().tokens() {
        TokensLook::Ready { tokens, .. } => tokens.values[[layer, frame]] as usize,
        _ => panic!("no codes"),
    }
}

#[test]
fn a_click_on_a_token_selects_its_code_and_one_beside_them_no_stretch() {
    let folder = tempfile::tempdir().unwrap();
    let frames = 100;
    let mut harness = trained(folder.path(), frames);
    let (area, _) = plot(&harness);
    for (layer, frame) in [(0, 0), (2, 41), (1, 99)] {
        let across = (frame as f32 + 0.5) / frames as f32;
        click(&mut harness, token(area, layer, across));
        let Selection { layer: found, code, .. } = selection(&harness);
        assert_eq!((found, code), (layer, Some(code_at(&harness, layer, frame))), "frame {frame}");
    }
    apply(&mut harness, SelectCommand::Frames(Some((10, 20))));
    until(&mut harness, "its figures", |harness| {
        harness.query_all_by_label_contains("SNR behind all layers").next().is_some()
    });
    let (area, _) = plot(&harness);
    click(&mut harness, pos2(area.center().x, area.top() + 0.3 * area.height()));
    assert_eq!(selection(&harness).frames, None);
}

#[test]
fn a_drag_selects_a_stretch_and_its_figures_come() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = trained(folder.path(), 100);
    let (area, _) = plot(&harness);
    drag(&mut harness, token(area, 1, 0.205), token(area, 1, 0.595));
    assert_eq!(selection(&harness).frames, Some((20, 60)));
    until(&mut harness, "its figures", |harness| {
        harness.query_all_by_label_contains("SNR behind all layers").next().is_some()
    });
    assert!(harness.query_all_by_label_contains("40 selected frames").next().is_some());
    // The code that most of its frames chose is a button.
    let codes: Vec<usize> = (20..60).map(|frame| code_at(&harness, 0, frame)).collect();
    let count = |code: usize| codes.iter().filter(|&&c| c == code).count();
    let most = (0..8).max_by_key(|&code| (count(code), std::cmp::Reverse(code))).unwrap();
    harness
        .query_all_by_label_contains(&format!("code {most}: "))
        .next()
        .expect("a button")
        .click_accesskit();
    harness.run_steps(2);
    assert_eq!((selection(&harness).layer, selection(&harness).code), (0, Some(most)));
}

#[test]
fn what_is_selected_elsewhere_is_marked_in_the_same_frame() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = trained(folder.path(), 100);
    let code = code_at(&harness, 1, 50);
    let marked = |harness: &Window, layer: usize| {
        let text = format!("chose code {code} of layer {}", layer + 1);
        harness.query_all_by_label_contains(&text).next().is_some()
    };
    assert!(!marked(&harness, 1));
    harness.state_mut().apply(SelectCommand::Code(1, Some(code)));
    harness.state_mut().apply(SelectCommand::Frames(Some((3, 9))));
    harness.step();
    assert!(marked(&harness, 1), "in the first frame drawn since");
    assert!(harness.query_all_by_label_contains("6 selected frames").next().is_some());
}

#[test]
fn the_wheel_zooms_from_the_corpus_to_a_frame_and_a_double_click_fits() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = trained(folder.path(), 20_000);
    harness.run_steps(3);
    let (area, all) = plot(&harness);
    assert!(all.contains("a column for "), "{all}");
    let wheel = |harness: &mut Window, y: f32| {
        harness.event(Event::PointerMoved(area.center()));
        let (unit, phase) = (MouseWheelUnit::Point, TouchPhase::Move);
        harness.event(wheel_event(unit, vec2(0.0, y), phase));
        harness.run_steps(20);
    };
    for _ in 0..30 {
        wheel(&mut harness, 120.0);
    }
    assert!(plot(&harness).1.contains("a column a frame"), "{}", plot(&harness).1);
    let (middle, layer) = (token(area, 0, 0.5), 0);
    click(&mut harness, middle);
    // The place under the pointer stayed there: half way through the corpus.
    let code = selection(&harness).code;
    let near = 9_900..10_100;
    assert!(near.clone().any(|frame| Some(code_at(&harness, layer, frame)) == code));
    for _ in 0..60 {
        wheel(&mut harness, -120.0);
    }
    assert_eq!(plot(&harness).1, all, "no further than all of it");
    for _ in 0..10 {
        wheel(&mut harness, 120.0);
    }
    assert_ne!(plot(&harness).1, all);
    for pressed in [true, false, true, false] {
        button(&harness, middle, pressed);
    }
    harness.run_steps(3);
    assert_eq!(plot(&harness).1, all);
}

#[test]
fn a_hovered_token_tells_how_clearly_it_was_chosen_and_colours_follow() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = trained(folder.path(), 100);
    let (area, _) = plot(&harness);
    harness.hover_at(token(area, 1, 0.305));
    until(&mut harness, "the runner-up", |harness| {
        harness.query_all_by_label_contains("Runner-up").next().is_some()
    });
    for words in ["Squared distance", "Margin", "Squared error behind it", "Layers 1 to 3"] {
        assert!(harness.query_all_by_label_contains(words).next().is_some(), "{words}");
    }
    for colouring in ["Error", "Margin", "Code"] {
        harness.query_all_by_label(colouring).last().expect("a switch").click_accesskit();
        harness.run_steps(5);
    }
    harness.remove_cursor();
    // With every tile there, nothing asks for another frame.
    std::thread::sleep(Duration::from_millis(200));
    harness.run_steps(20);
    assert!(harness.try_run().is_ok());
}

fn wheel_event(unit: MouseWheelUnit, delta: egui::Vec2, phase: TouchPhase) -> Event {
    Event::MouseWheel {
        unit,
        delta,
        phase,
        source: MouseWheelSource::Unknown,
        modifiers: Modifiers::default(),
    }
}
