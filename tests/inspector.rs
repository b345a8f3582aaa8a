//! From a figure to its frames: what is selected anywhere is what the Code inspector shows, and it and the error lead on to layers, codes and frames.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::Theme;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use ndarray::Array2;
use rvqscope::app::App;
use rvqscope::param::ParamValue;
use rvqscope::rvq::search::Search;
use rvqscope::session::{
    Command, DataCommand, ParamsCommand, SaveCommand, SelectCommand, TokensLook, TrainCommand, TrainState,
};
use rvqscope::training::SplitKind;

const PATIENCE: Duration = Duration::from_secs(60);

type Window = Harness<'static, App>;

fn window() -> Window {
    let builder = Harness::builder().with_size([1600.0, 1400.0]).with_theme(Theme::Light);
    let mut harness = builder.build_eframe(|cc| App::empty(cc));
    harness.step();
    harness
}

fn apply(harness: &mut Window, command: impl Into<Command>) {
    harness.state_mut().apply(command);
    harness.step();
}

/// Draws frames until `done`, while jobs and threads work.
#[track_caller]
fn until(harness: &mut Window, what: &str, done: impl Fn(&Window) -> bool) {
    let start = Instant::now();
    harness.step();
    while !done(harness) {
        assert!(start.elapsed() < PATIENCE, "{what} does not come");
        std::thread::sleep(Duration::from_millis(3));
        harness.step();
    }
    harness.run_steps(2);
}

fn settle(harness: &mut Window) {
    until(harness, "the end of all jobs", |harness| !harness.state().session().is_busy());
}

fn has(harness: &Window, words: &str) -> bool {
    harness.query_all_by_label_contains(words).next().is_some()
}

#[track_caller]
fn wait_for(harness: &mut Window, words: &str) {
    until(harness, words, |harness| has(harness, words));
}

fn show(harness: &mut Window, panel: &str) {
    harness.state_mut().layout_mut().show(panel);
    harness.run_steps(3);
}

#[track_caller]
fn click(harness: &mut Window, label: &str) {
    // Two panels may offer the same.
    let button = harness.query_all_by_role_and_label(Role::Button, label).next();
    button.unwrap_or_else(|| panic!("no button {label:?}")).click_accesskit();
    harness.run_steps(3);
}

/// Clicks a place of the window with the pointer.
fn press(harness: &mut Window, pos: egui::Pos2) {
    harness.hover_at(pos);
    harness.run_steps(2);
    for pressed in [true, false] {
        let (button, modifiers) = (egui::PointerButton::Primary, egui::Modifiers::NONE);
        harness.event(egui::Event::PointerButton { pos, button, pressed, modifiers });
    }
    harness.run_steps(3);
}

fn selected(harness: &Window) -> (usize, Option<usize>) {
    let selection = harness.state().session().selection();
    (selection.layer, selection.code)
}

/// A file of frames by 4 dimensions in four clusters, or all the same.
fn features(dir: &Path, frames: usize, constant: bool) -> PathBuf {
    let values = Array2::from_shape_fn((frames, 4), |(t, d)| {
        let noise = ((t * 31 + d * 17) % 101) as f32 / 101.0;
        if constant { 2.5 } else { noise + (t % 4) as f32 * (d + 1) as f32 }
    });
    let path = dir.join(format!("frames-{frames}-{constant}.npy"));
    ndarray_npy::write_npy(&path, &values).unwrap();
    path
}

/// A training of three layers of so many codes.
fn trained(dir: &Path, frames: usize, constant: bool, codes: u64) -> Window {
    let mut harness = window();
    apply(&mut harness, DataCommand::Open(vec![features(dir, frames, constant)]));
    settle(&mut harness);
    for (key, value) in [("codebook_size", codes), ("num_layers", 3), ("steps", 20), ("batch_size", 64)] {
        apply(&mut harness, ParamsCommand::Set { key, value: ParamValue::Int(value) });
    }
    apply(&mut harness, TrainCommand::Start);
    settle(&mut harness);
    assert!(harness.state().session().view().is_some(), "{:?}", harness.state().session().notices());
    harness
}

#[test]
fn a_code_that_is_selected_anywhere_is_shown_in_the_same_frame() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = trained(dir.path(), 900, false, 8);
    show(&mut harness, "code");
    assert!(has(&harness, "No code is selected") && has(&harness, "Click a code in any panel"));
    for (layer, code) in [(1, 3), (2, 0), (0, 7)] {
        apply(&mut harness, SelectCommand::Code(layer, Some(code)));
        let name = format!("Code {code} of layer {}", layer + 1);
        assert!(harness.query_by_label(&name).is_some(), "{name} is not there at once");
        assert!(has(&harness, "Chosen by") && has(&harness, "Share of error") && has(&harness, "EMA"));
        assert!(has(&harness, "The row lies in the space of the frames, 4 dimensions"));
    }
    // The line below the panels leads to the inspector, whatever is in front.
    show(&mut harness, "ema");
    assert!(!has(&harness, "Code 7 of layer 1"));
    click(&mut harness, "Inspect");
    assert!(has(&harness, "Code 7 of layer 1"));
    apply(&mut harness, SelectCommand::Code(0, None));
    assert!(has(&harness, "No code is selected"));
}

#[test]
fn the_history_of_a_code_is_drawn_and_follows_the_selection() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = trained(dir.path(), 900, false, 8);
    show(&mut harness, "code");
    let plot = |what: &str, code: usize| format!("Plot: {what} of code {code}");
    for (layer, code, other) in [(1, 3, 4), (2, 4, 3)] {
        apply(&mut harness, SelectCommand::Code(layer, Some(code)));
        harness.run_steps(2);
        assert!(has(&harness, "The history of single codes is of 20 steps: every step"));
        for what in ["EMA size", "Drift"] {
            assert!(harness.query_by_label(&plot(what, code)).is_some(), "{}", plot(what, code));
            assert!(harness.query_by_label(&plot(what, other)).is_none(), "{}", plot(what, other));
        }
        let run = harness.state().session().view().unwrap().run.clone();
        let points = run.code_points(layer, code);
        assert_eq!(points.iter().map(|point| point.step).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
        let size = run.rvq.layers()[layer].codebook.cluster_size()[code];
        assert_eq!(points[19].size, f64::from(size as f32), "the last point is the code as it is");
    }
}

#[test]
fn the_most_used_code_is_one_click_away() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = trained(dir.path(), 900, false, 8);
    show(&mut harness, "code");
    click(&mut harness, "The most used code");
    let run = harness.state().session().view().unwrap().run.clone();
    let counts = &run.evaluation(SplitKind::HeldOut).unwrap().layers[0].counts;
    let (_, code) = selected(&harness);
    assert_eq!(counts[code.unwrap()], *counts.iter().max().unwrap());
}

#[test]
fn a_dead_code_of_the_map_leads_to_the_inspector() {
    let dir = tempfile::tempdir().unwrap();
    // Frames that are all the same need one code of 16.
    let mut harness = trained(dir.path(), 200, true, 16);
    show(&mut harness, "dead");
    show(&mut harness, "code");
    let map = harness.get_by_label("Map of codes").rect();
    let is_unused = |harness: &Window, (layer, code): (usize, Option<usize>)| {
        let run = &harness.state().session().view().unwrap().run;
        let chosen =
            |split| run.evaluation(split).map_or(0, |found| found.layers[layer].counts[code.unwrap()]);
        chosen(SplitKind::Train) + chosen(SplitKind::HeldOut) == 0
    };
    // One of the cells may be the code that all frames choose.
    for x in [60.0, 10.0, 110.0] {
        press(&mut harness, map.left_top() + egui::vec2(x, 10.0));
        if is_unused(&harness, selected(&harness)) {
            break;
        }
    }
    let (layer, code) = selected(&harness);
    let code = code.expect("a cell of the map is a code");
    assert!(is_unused(&harness, (layer, Some(code))));
    assert!(harness.query_by_label(&format!("Code {code} of layer {}", layer + 1)).is_some());
    assert!(has(&harness, "unused in the corpus"), "it says that it is dead");
    // Its frames were not encoded yet: a button does, and then it is said that there are none.
    // What comes in from a thread meanwhile moves the button, and a click on where it was is lost.
    while harness.query_all_by_role_and_label(Role::Button, "Encode the frames").next().is_some() {
        click(&mut harness, "Encode the frames");
        settle(&mut harness);
    }
    wait_for(&mut harness, "No frame chose it");
}

#[test]
fn chips_lead_to_codes_and_pictures_to_frames() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = trained(dir.path(), 900, false, 8);
    show(&mut harness, "code");
    click(&mut harness, "The most used code");
    let (_, first) = selected(&harness);
    wait_for(&mut harness, "Nearest codes");
    assert!(!has(&harness, "Before it in time"), "codes over time are not there yet");
    click(&mut harness, "Encode the frames");
    wait_for(&mut harness, "Before it in time");
    wait_for(&mut harness, "that chose it");
    for words in ["Nearest", "Farthest", "Behind it in time"] {
        assert!(has(&harness, words), "{words}");
    }
    let picture = harness
        .query_all_by_label_contains("Frame ")
        .find(|node| node.accesskit_node().role() == Role::Button);
    let picture = picture.expect("a picture of a frame");
    let frame: usize = picture.accesskit_node().label().unwrap()["Frame ".len()..].parse().unwrap();
    picture.click_accesskit();
    harness.run_steps(3);
    let (from, to) = harness.state().session().selection().frames.expect("a stretch is selected");
    assert!((from..to).contains(&frame) && to - from <= 13, "{frame} in {from}..{to}");
    let TokensLook::Ready { tokens, .. } = harness.state().session().tokens() else { panic!("no codes") };
    assert_eq!(tokens.values[[0, frame]] as usize, first.unwrap(), "the frame chose the code");
    let chip = harness.query_all_by_label_contains("Select code ").next().expect("a nearest code");
    let other: usize = chip.accesskit_node().label().unwrap()["Select code ".len()..].parse().unwrap();
    chip.click_accesskit();
    harness.run_steps(3);
    assert_eq!(selected(&harness), (0, Some(other)));
    assert!(harness.query_by_label(&format!("Code {other} of layer 1")).is_some());
}

#[test]
fn dependence_is_counted_and_its_pairs_lead_to_codes() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = trained(dir.path(), 900, false, 8);
    show(&mut harness, "dependence");
    assert!(has(&harness, "Codes are not there yet"));
    click(&mut harness, "Encode the frames");
    wait_for(&mut harness, "Which code follows which, layer 1");
    assert!(has(&harness, "The first layer has none before it"));
    apply(&mut harness, SelectCommand::Layer(1));
    wait_for(&mut harness, "The code of layer 1 tells");
    for words in ["Entropy given the layer before", "Shared with the layer before", "Repetition", "Mean run"]
    {
        assert!(has(&harness, words), "{words}");
    }
    wait_for(&mut harness, "Run lengths of layer 2");
    let plot = harness.get_by_label("Plot: Which code follows which, layer 2");
    plot.click();
    harness.run_steps(3);
    assert!(matches!(selected(&harness), (1, Some(_))), "{:?}", selected(&harness));
}

#[test]
fn the_error_is_told_by_rate_and_a_beam_stands_beside_the_greedy_search() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = trained(dir.path(), 900, false, 8);
    show(&mut harness, "error");
    assert!(has(&harness, "Figures by layer"), "layers come first");
    click(&mut harness, "By rate");
    assert!(has(&harness, "Plot: SNR by rate, held-out") && !has(&harness, "Figures by layer"));
    for words in ["greedy search", "at full codebook size", "Gaussian frames at best"] {
        assert!(has(&harness, words), "{words}");
    }
    assert!(!has(&harness, "beam of 4"));
    // A click at the right end is nearest to the last layer, one at the left end to the first.
    let area = harness.get_by_label_contains("Plot: SNR by rate").rect();
    for (at, layer) in [(area.right_center() - egui::vec2(2.0, 0.0), 2), (area.left_center(), 0)] {
        press(&mut harness, at + egui::vec2(1.0, 0.0));
        assert_eq!(selected(&harness).0, layer);
    }
    apply(&mut harness, TrainCommand::SetSearch(Search::of_width(4)));
    settle(&mut harness);
    wait_for(&mut harness, "beam of 4");
    assert!(has(&harness, "greedy search"), "what was seen before stays beside it");
}

#[test]
fn the_error_of_dimensions_and_stretches_leads_to_frames() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = trained(dir.path(), 900, false, 8);
    let frames = |harness: &Window| harness.state().session().selection().frames;
    show(&mut harness, "error");
    click(&mut harness, "By dimension");
    assert!(has(&harness, "Their codes add: the error of each dimension"));
    click(&mut harness, "Encode the frames");
    wait_for(&mut harness, "Plot: MSE of each dimension after layer 1, all 900 frames");
    assert!(has(&harness, "Curve variance") && has(&harness, "Curve after all layers"));
    harness.get_by_label_contains("Plot: MSE of each dimension").click();
    harness.run_steps(3);
    assert!(matches!(frames(&harness), Some((from, to)) if to == from + 1), "{:?}", frames(&harness));
    apply(&mut harness, SelectCommand::Layer(2));
    wait_for(&mut harness, "Plot: MSE of each dimension after layer 3");
    assert!(!has(&harness, "Curve after all layers"), "the last layer is all of them");

    click(&mut harness, "Over time");
    wait_for(&mut harness, "Plot: MSE over time after layer 3, all frames");
    assert!(has(&harness, "Worst: frames "));
    click(&mut harness, "Go to the worst stretch");
    let worst = frames(&harness).unwrap();
    assert!(worst.0 < worst.1 && worst.1 <= 900 && worst.1 - worst.0 <= 3, "{worst:?}");
    apply(&mut harness, SelectCommand::Frames(None));
    harness.get_by_label_contains("Plot: MSE over time").click();
    harness.run_steps(3);
    let (from, to) = frames(&harness).unwrap();
    assert!(
        (400..500).contains(&from) && to <= from + 3,
        "the middle of the plot is that of the corpus: {from}"
    );
    click(&mut harness, "By layer");
    assert!(has(&harness, "Figures by layer"));
}

#[test]
fn the_error_by_token_leads_to_codes_and_to_their_worst_places() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = trained(dir.path(), 900, false, 8);
    show(&mut harness, "error");
    click(&mut harness, "By token");
    assert!(has(&harness, "Codes of layer 1 by their part in its error"));
    assert!(has(&harness, "Their codes add: the place in Time that each code meets worst"));
    let listed = |harness: &Window| {
        let mut rows: Vec<(i64, String)> = harness
            .query_all_by_label_contains("Select code ")
            .filter_map(|node| Some((node.rect().top() as i64, node.accesskit_node().label()?)))
            .collect();
        rows.sort();
        rows.iter().map(|(_, label)| label.trim_start_matches("Select code ").parse().unwrap()).collect()
    };
    // Whose share is the largest, on the frames that are looked at.
    let by_error = |harness: &Window, layer: usize| {
        let session = harness.state().session();
        let evaluation = session.view().unwrap().run.evaluation(session.selection().split).unwrap();
        let errors = evaluation.layers[layer].code_sq_error.clone();
        let mut codes: Vec<usize> = (0..errors.len()).collect();
        codes.sort_by(|&a, &b| errors[b].total_cmp(&errors[a]));
        codes
    };
    let rows: Vec<usize> = listed(&harness);
    assert!(rows.len() >= 4 && by_error(&harness, 0).starts_with(&rows), "{rows:?}");
    click(&mut harness, &format!("Select code {}", rows[1]));
    assert_eq!(selected(&harness), (0, Some(rows[1])));
    click(&mut harness, "Sort by Code");
    click(&mut harness, "Sort by Code");
    assert!(listed(&harness).iter().copied().is_sorted_by(|a: &usize, b| a < b));
    click(&mut harness, "Sort by Error, held-out");

    apply(&mut harness, SelectCommand::Layer(2));
    assert!(has(&harness, "Codes of layer 3 by their part in its error"));
    click(&mut harness, "Encode the frames");
    let worst = by_error(&harness, 2)[0];
    let button = format!("Go to the worst place of code {worst}");
    wait_for(&mut harness, &button);
    click(&mut harness, &button);
    assert_eq!(selected(&harness), (2, Some(worst)));
    let session = harness.state().session();
    let Some((frame, end)) = session.selection().frames else { panic!("no place") };
    let TokensLook::Ready { tokens, outdated: false } = session.tokens() else { panic!("no codes") };
    assert_eq!((end, tokens.values[[2, frame]] as usize), (frame + 1, worst), "a frame that chose the code");
}

#[test]
fn a_loaded_model_and_codes_alone_say_what_they_cannot_show() {
    let dir = tempfile::tempdir().unwrap();
    let model = dir.path().join("model.safetensors");
    let mut harness = trained(dir.path(), 300, false, 4);
    apply(&mut harness, SaveCommand::Model(model.clone()));
    settle(&mut harness);
    let mut harness = window();
    apply(&mut harness, DataCommand::Open(vec![model]));
    settle(&mut harness);
    show(&mut harness, "code");
    apply(&mut harness, SelectCommand::Code(1, Some(2)));
    assert!(has(&harness, "Code 2 of layer 2") && has(&harness, "A loaded model has no history"));
    assert!(!has(&harness, "Plot: EMA size"));
    assert!(has(&harness, "Frames would add"));
    wait_for(&mut harness, "Nearest codes");

    let codes = dir.path().join("codes.npy");
    ndarray_npy::write_npy(&codes, &Array2::from_shape_fn((2, 500), |(l, t)| ((t / (l + 1)) % 9) as i32))
        .unwrap();
    let mut harness = window();
    apply(&mut harness, DataCommand::Open(vec![codes]));
    settle(&mut harness);
    show(&mut harness, "code");
    apply(&mut harness, SelectCommand::Code(1, Some(2)));
    wait_for(&mut harness, "Before it in time");
    assert!(has(&harness, "All frames") && has(&harness, "is not in codes alone"));
    show(&mut harness, "dependence");
    apply(&mut harness, SelectCommand::Layer(1));
    wait_for(&mut harness, "The code of layer 1 tells");
}

#[test]
fn both_panels_follow_a_training() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = window();
    apply(&mut harness, DataCommand::Open(vec![features(dir.path(), 900, false)]));
    settle(&mut harness);
    for (key, value) in [("codebook_size", 16), ("num_layers", 2), ("steps", 5_000_000), ("batch_size", 64)] {
        apply(&mut harness, ParamsCommand::Set { key, value: ParamValue::Int(value) });
    }
    apply(&mut harness, TrainCommand::Start);
    until(&mut harness, "the first steps", |harness| {
        let session = harness.state().session();
        session.train_state() == TrainState::Running && session.view().is_some()
    });
    show(&mut harness, "code");
    apply(&mut harness, SelectCommand::Code(1, Some(3)));
    assert!(has(&harness, "Code 3 of layer 2"));
    wait_for(&mut harness, "Nearest codes");
    assert!(has(&harness, "it is done when training pauses or ends"));
    show(&mut harness, "dependence");
    assert!(has(&harness, "Codes come later"));
    apply(&mut harness, TrainCommand::Pause);
    until(&mut harness, "a pause", |harness| harness.state().session().train_state() == TrainState::Paused);
    let view = harness.state().session().view().unwrap();
    assert_eq!(
        view.history.steps().last(),
        Some(&view.run.steps),
        "who sees the pause sees the run of its step"
    );
    click(&mut harness, "Encode the frames");
    wait_for(&mut harness, "Which code follows which, layer 2");
    apply(&mut harness, TrainCommand::Stop);
    settle(&mut harness);
}
