//! Every panel in every state that it can meet: drawn without a panic, with the words that say what is shown or missing.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::Theme;
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};
use ndarray::Array2;
use rvqscope::app::{App, panels::PANELS};
use rvqscope::doctor::{Patient, diagnose};
use rvqscope::param::ParamValue;
use rvqscope::session::{
    Command, DataCommand, EditCommand, NoticeCommand, ParamsCommand, RunEntry, RunState, RunsCommand,
    SaveCommand, SelectCommand, Severity, SweepCommand, TokensLook, TrainCommand, TrainState,
};

const PATIENCE: Duration = Duration::from_secs(60);
const SIZES: [[f32; 2]; 2] = [[680.0, 420.0], [1500.0, 950.0]];
const THEMES: [Theme; 2] = [Theme::Dark, Theme::Light];

fn window(size: [f32; 2], theme: Theme) -> Harness<'static, App> {
    let mut harness = Harness::builder().with_size(size).with_theme(theme).build_eframe(|cc| App::empty(cc));
    harness.step();
    harness
}

fn apply(harness: &mut Harness<'_, App>, command: impl Into<Command>) {
    harness.state_mut().apply(command);
    harness.step();
}

/// Draws until no job is under way.
fn settle(harness: &mut Harness<'_, App>) {
    let start = Instant::now();
    harness.step();
    while harness.state().session().is_busy() {
        assert!(start.elapsed() < PATIENCE, "jobs do not come to an end");
        std::thread::sleep(Duration::from_millis(5));
        harness.step();
    }
    harness.run_steps(2);
}

fn set_params(harness: &mut Harness<'_, App>, codes: u64, layers: u64, steps: u64) {
    for (key, value) in [
        ("codebook_size", codes),
        ("num_layers", layers),
        ("steps", steps),
        ("batch_size", 64),
        ("kmeans_iters", 3),
    ] {
        apply(harness, ParamsCommand::Set { key, value: ParamValue::Int(value) });
    }
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

fn open(harness: &mut Harness<'_, App>, path: PathBuf) {
    apply(harness, DataCommand::Open(vec![path]));
    settle(harness);
}

fn train(harness: &mut Harness<'_, App>) {
    apply(harness, TrainCommand::Start);
    settle(harness);
    assert!(harness.state().session().view().is_some(), "{:?}", harness.state().session().notices());
}

/// Brings each panel to the front and draws it; `wanted` gives the words that it must show.
fn look_at_all(harness: &mut Harness<'_, App>, state: &str, wanted: fn(&str) -> &'static [&'static str]) {
    for make in PANELS {
        let id = make().id();
        harness.state_mut().layout_mut().show(id);
        harness.run_steps(3);
        // A panel that wants something computed gets it.
        let start = Instant::now();
        while harness.state().session().background().next().is_some() {
            assert!(start.elapsed() < PATIENCE, "{id}, {state}: what it asks for does not come");
            std::thread::sleep(Duration::from_millis(2));
            harness.run_steps(2);
        }
        for words in wanted(id) {
            assert!(
                harness.query_all_by_label_contains(words).next().is_some(),
                "{id}, {state}: no label with {words:?}"
            );
        }
    }
}

fn in_all_looks(check: impl Fn(&mut Harness<'_, App>)) {
    for (size, theme) in SIZES.into_iter().zip(THEMES) {
        check(&mut window(size, theme));
    }
}

fn with_figures(id: &str) -> &'static [&'static str] {
    match id {
        "usage" => {
            &["Layer 1", "Utilization: ", "Perplexity", "Gini", "Layers by codes", "Rank and frequency"]
        }
        "dead" => {
            &["alive: ", "below threshold: ", "unused in the corpus: ", "Advised threshold", "Codes of layer"]
        }
        "ema" => &["EMA window", "EMA half-life", "Cluster sizes"],
        "error" => &["Explained variance", "Figures by layer", "Select layer 1", "Gain of each layer"],
        "layers" => &["Row of layer 1", "Verdict", "Perplexity"],
        "codebook" => &["Effective dimension", "Code map of layer"],
        "runs" => &["Sort by Run", "Differs from the shown run by"],
        "data" => &["Features", "held out", "dimension"],
        "tokens" => &["Codes over time", "Layer 1", "layers × "],
        "time" => &["Frames and tokens"],
        _ => &[],
    }
}

#[test]
fn nothing_is_open() {
    in_all_looks(|harness| {
        look_at_all(harness, "empty", |id| match id {
            "notices" => &["No notices"],
            "runs" => &["No runs yet", "Show a pitfall"],
            _ => &["No data yet", "Open files…", "Train on the demo"],
        });
    });
}

#[test]
fn codes_without_their_quantizer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("codes.npy");
    let codes = Array2::from_shape_fn((4, 900), |(layer, t)| ((t * (layer + 3) / 2) % 100) as i32);
    ndarray_npy::write_npy(&path, &codes).unwrap();
    in_all_looks(|harness| {
        open(harness, path.clone());
        for shown in ["Codes over time", "Showing codes alone"] {
            assert!(harness.query_all_by_label(shown).next().is_some(), "{shown} is in front at once");
        }
        assert!(harness.query_by_label("Held-out").is_none(), "codes are not trained on");
        look_at_all(harness, "codes alone", |id| match id {
            "usage" => {
                &["Layer 1", "K = 128 is assumed", "Utilization: ", "Layers by codes", "Rank and frequency"]
            }
            "dead" => &["unused in the corpus: ", "not in codes alone", "Codes of layer"],
            "tokens" => &["Codes over time", "4 layers × 900 frames", "K = 128 is assumed"],
            "time" => &["Frames and tokens", "Layer 4"],
            "code" => &["No code is selected", "The most used code"],
            "dependence" => {
                &["Entropy of each layer, and given the layer before", "The first layer has none"]
            }
            "notices" | "runs" | "sweep" => &[],
            "data" => {
                &["Needs the frames", "open the audio or features that they were made of", "Open files…"]
            }
            _ => &["Needs the codebooks and the frames", "open the model that they came from", "Open files…"],
        });
        apply(harness, SelectCommand::Code(2, Some(5)));
        apply(harness, SelectCommand::Frames(Some((10, 200))));
        look_at_all(harness, "a code and a stretch of codes alone", |_| &[]);
    });
}

#[test]
fn data_without_a_quantizer() {
    let dir = tempfile::tempdir().unwrap();
    let path = features(dir.path(), 300, false);
    in_all_looks(|harness| {
        open(harness, path.clone());
        look_at_all(harness, "data only", |id| match id {
            "notices" => &[],
            "runs" => &["No runs yet", "Show a pitfall"],
            "data" => &["300 frames", "Time is the", "held out"],
            "time" => &["Frames and tokens"],
            _ => &["Nothing trained yet", "Train now"],
        });
    });
}

#[test]
fn while_training_and_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = features(dir.path(), 900, false);
    in_all_looks(|harness| {
        set_params(harness, 8, 3, 40);
        open(harness, path.clone());
        apply(harness, TrainCommand::StepOnce);
        let start = Instant::now();
        while harness.state().session().train_state() != TrainState::Paused
            || harness.state().session().view().is_none()
        {
            assert!(start.elapsed() < PATIENCE, "no step is taken");
            std::thread::sleep(Duration::from_millis(5));
            harness.step();
        }
        look_at_all(harness, "after one step", with_figures);
        apply(harness, ParamsCommand::Set { key: "decay", value: ParamValue::Float(0.9) });
        apply(harness, TrainCommand::Resume);
        settle(harness);
        assert!(!harness.state().session().view().unwrap().run.live_edits.is_empty());
        apply(harness, SelectCommand::Code(1, Some(3)));
        apply(harness, SelectCommand::Frames(Some((10, 200))));
        look_at_all(harness, "finished", with_figures);
        assert!(harness.query_all_by_label_contains("Too little data").next().is_none());
    });
}

#[test]
fn while_files_are_read_and_codebooks_are_found() {
    let dir = tempfile::tempdir().unwrap();
    // Long enough that every panel is drawn while it is read.
    let long = dir.path().join("long.npy");
    ndarray_npy::write_npy(&long, &Array2::from_shape_fn((4_000_000, 8), |(t, d)| (t % 97 + d) as f32))
        .unwrap();
    in_all_looks(|harness| {
        let mut seen = 0;
        for make in PANELS {
            let id = make().id();
            harness.state_mut().layout_mut().show(id);
            apply(harness, DataCommand::Open(vec![long.clone()]));
            harness.step();
            if !harness.state().session().is_opening() || matches!(id, "notices" | "runs" | "sweep") {
                continue;
            }
            seen += 1;
            let bars = harness.query_all_by_role(egui::accesskit::Role::ProgressIndicator);
            assert!(bars.count() > 0, "{id}: a bar tells how far the reading is");
        }
        assert!(seen > 0, "no panel was drawn while the file was read");
        apply(harness, DataCommand::Cancel);
        settle(harness);
        let path = features(dir.path(), 900, false);
        open(harness, path);
        set_params(harness, 256, 3, 5_000_000);
        apply(harness, ParamsCommand::Set { key: "kmeans_iters", value: ParamValue::Int(50) });
        apply(harness, TrainCommand::Start);
        let start = Instant::now();
        for id in PANELS.iter().map(|make| make().id()).cycle() {
            harness.state_mut().layout_mut().show(id);
            harness.run_steps(2);
            let session = harness.state().session();
            if session.train_state() == TrainState::Running && session.view().is_some() {
                break;
            }
            assert!(start.elapsed() < PATIENCE, "{:?}", session.train_state());
        }
        for make in PANELS {
            let id = make().id();
            harness.state_mut().layout_mut().show(id);
            harness.run_steps(3);
            let words = if matches!(id, "tokens" | "codebook") { &[][..] } else { with_figures(id) };
            for words in words {
                let found = harness.query_all_by_label_contains(words).next().is_some();
                assert!(found, "{id}, while it trains: no label with {words:?}");
            }
        }
        assert_eq!(harness.state().session().train_state(), TrainState::Running);
        // The codebook is looked at while it moves.
        harness.state_mut().layout_mut().show("codebook");
        let start = Instant::now();
        while harness.query_all_by_label_contains("Effective dimension").next().is_none() {
            assert!(start.elapsed() < PATIENCE, "the codebook is not looked at while training runs");
            std::thread::sleep(Duration::from_millis(10));
            harness.step();
        }
        assert_eq!(harness.state().session().train_state(), TrainState::Running);
        apply(harness, TrainCommand::Stop);
        settle(harness);
    });
}

#[test]
fn a_run_that_failed_says_why_in_every_panel() {
    let dir = tempfile::tempdir().unwrap();
    let path = features(dir.path(), 300, false);
    in_all_looks(|harness| {
        open(harness, path.clone());
        // Angles are from the origin, which standardizing moves.
        apply(harness, ParamsCommand::SetRule("lucidrains"));
        apply(harness, DataCommand::SetStandardize(true));
        set_params(harness, 4, 1, 5);
        let axes = vec!["metric=cosine,euclidean".to_owned()];
        apply(harness, SweepCommand::Start { axes, seeds: 1 });
        settle(harness);
        let failed = |entry: &&RunEntry| matches!(entry.state(), RunState::Failed(_));
        let failed = harness.state().session().runs().iter().find(failed).unwrap().id;
        apply(harness, RunsCommand::Show(failed));
        look_at_all(harness, "a failed run", |id| match id {
            "notices" | "sweep" | "data" | "time" => &[],
            "runs" => &["failed"],
            _ => &["failed", "standardizing", "Take its parameters"],
        });
    });
}

#[test]
fn runs_laid_over_one_another() {
    let dir = tempfile::tempdir().unwrap();
    let path = features(dir.path(), 900, false);
    in_all_looks(|harness| {
        set_params(harness, 8, 2, 20);
        open(harness, path.clone());
        let axes = vec!["codes=4,8".to_owned()];
        apply(harness, SweepCommand::Start { axes, seeds: 2 });
        settle(harness);
        let ids: Vec<_> = harness.state().session().runs().iter().map(|entry| entry.id).collect();
        apply(harness, RunsCommand::Show(ids[0]));
        apply(harness, RunsCommand::OverlayOnly(ids));
        look_at_all(harness, "runs over one another", with_figures);
        harness.state_mut().layout_mut().show("runs");
        harness.run_steps(3);
        assert!(
            harness.query_all_by_label_contains("codebook_size 8").next().is_some(),
            "what differs is told"
        );
        assert!(harness.query_all_by_label_contains("Sort by Time").next().is_some());
    });
}

#[test]
fn the_frames_of_the_selected_code_are_marked_in_the_data() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = window(SIZES[1], Theme::Dark);
    set_params(&mut harness, 8, 2, 5);
    open(&mut harness, features(dir.path(), 300, false));
    train(&mut harness);
    harness.state_mut().layout_mut().show("data");
    harness.run_steps(2);
    assert!(matches!(harness.state().session().tokens(), TokensLook::Missing));
    apply(&mut harness, SelectCommand::Code(0, Some(1)));
    harness.step();
    settle(&mut harness);
    assert!(matches!(harness.state().session().tokens(), TokensLook::Ready { .. }), "it asked for the codes");
    assert!(harness.query_by_label_contains("chose code 1 of layer 1").is_some());
}

#[test]
fn a_loaded_model() {
    let dir = tempfile::tempdir().unwrap();
    let (path, model) = (features(dir.path(), 600, false), dir.path().join("model.safetensors"));
    let mut harness = window(SIZES[0], Theme::Dark);
    set_params(&mut harness, 4, 2, 5);
    open(&mut harness, path.clone());
    train(&mut harness);
    apply(&mut harness, SaveCommand::Model(model.clone()));
    settle(&mut harness);
    in_all_looks(|harness| {
        open(harness, model.clone());
        look_at_all(harness, "model alone", |id| match id {
            "usage" => &["Codes used (EMA)", "Rank and frequency, EMA cluster sizes", "Frames would add"],
            "dead" => &["Codes of layer", "Threshold"],
            "layers" => &["from the codebooks alone", "Row of layer 1"],
            "ema" => &["embed against embed_avg / cluster_size", "Frames would add"],
            "error" => &["Energy of each layer's rows", "Frames would add"],
            "codebook" => &["Effective dimension", "Near-duplicates", "Code map of layer"],
            "tokens" => &["Tokens need frames"],
            "code" => &["No code is selected", "The first dead code"],
            "dependence" => &["Needs the codes of frames", "Open files…"],
            "runs" => &["loaded"],
            "data" => &["No data yet"],
            _ => &[],
        });
        open(harness, path.clone());
        assert!(harness.state().session().view().unwrap().is_model);
        look_at_all(harness, "loaded model", with_figures);
        harness.state_mut().layout_mut().show("dead");
        harness.run_steps(2);
        assert!(harness.query_by_label_contains("no history").is_some());
    });
}

#[test]
fn too_little_data_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = features(dir.path(), 40, false);
    in_all_looks(|harness| {
        set_params(harness, 64, 2, 3);
        open(harness, path.clone());
        train(harness);
        look_at_all(harness, "few frames", |id| match id {
            "usage" | "dead" | "error" => &["Too little data"],
            _ => with_figures(id),
        });
    });
}

#[test]
fn degenerate_data_and_sizes() {
    let dir = tempfile::tempdir().unwrap();
    for (frames, constant, codes) in [(1, false, 4), (200, true, 4), (200, false, 1), (2, false, 1)] {
        let path = features(dir.path(), frames, constant);
        let mut harness = window(SIZES[frames % 2], THEMES[codes as usize % 2]);
        set_params(&mut harness, codes, 2, 3);
        open(&mut harness, path);
        train(&mut harness);
        let state = format!("{frames} frames, {codes} codes, constant: {constant}");
        look_at_all(&mut harness, &state, with_figures);
    }
}

#[test]
fn a_layer_is_chosen_for_every_panel() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = window(SIZES[1], Theme::Dark);
    set_params(&mut harness, 4, 3, 3);
    let path = features(dir.path(), 300, false);
    open(&mut harness, path);
    train(&mut harness);
    let buttons = harness.get_all_by_label("Layer 2").count();
    assert_eq!(buttons, 4, "usage, dead codes, convergence and error are in front");
    harness.get_all_by_label("Layer 2").next().unwrap().click();
    harness.run_steps(3);
    assert_eq!(harness.state().session().selection().layer, 1);
    assert!(harness.query_by_label("Codes of layer 2").is_some(), "the map follows");
    harness.get_by_label("Select layer 3").click_accesskit();
    harness.run_steps(3);
    assert!(harness.query_by_label("Codes of layer 3").is_some());
}

#[test]
fn notices_come_and_go() {
    let mut harness = window(SIZES[0], Theme::Light);
    harness.state_mut().layout_mut().show("notices");
    for (severity, text) in
        [(Severity::Info, "first"), (Severity::Error, "second"), (Severity::Info, "first")]
    {
        apply(&mut harness, NoticeCommand::Show(severity, text.to_owned()));
    }
    harness.run_steps(2);
    assert!(harness.query_by_label("2 notices").is_some());
    assert!(harness.query_by_label("×2").is_some());
    harness.get_all_by_label("Dismiss").next().unwrap().click();
    harness.run_steps(2);
    let left: Vec<_> = harness.state().session().notices().iter().map(|n| n.text.clone()).collect();
    assert_eq!(left, ["second"], "the newest stands on top");
    harness.get_by_label("Clear all").click();
    harness.run_steps(2);
    assert!(harness.state().session().notices().is_empty());
}

#[test]
fn rules_are_compared_and_runs_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = features(dir.path(), 900, false);
    in_all_looks(|harness| {
        set_params(harness, 8, 2, 30);
        open(harness, path.clone());
        train(harness);
        apply(
            harness,
            rvqscope::session::CompareCommand::Start("encodec:threshold=1,moshi,rvqscope".to_owned()),
        );
        settle(harness);
        harness.state_mut().layout_mut().show("runs");
        harness.run_steps(3);
        for words in [
            "encodec, threshold 1",
            "moshi",
            "SNR, dB",
            "Drift, all rows",
            "MSE of each training batch, layer 1",
        ] {
            assert!(harness.query_all_by_label_contains(words).next().is_some(), "no label with {words:?}");
        }
        // The comparison is drawn, the run before it is there to be ticked.
        let names: Vec<String> =
            harness.state().session().runs().iter().map(|entry| entry.name().to_owned()).collect();
        assert_eq!(names.len(), 4);
        let draw = |name: &str| format!("Draw {name}");
        for (name, on) in names.iter().zip([false, true, true, true]) {
            let toggled = harness.get_by_label(&draw(name)).accesskit_node().toggled();
            assert_eq!(toggled == Some(egui::accesskit::Toggled::True), on, "{name}");
        }
        harness.get_by_label(&draw(&names[0])).click_accesskit();
        harness.run_steps(2);
        let toggled = harness.get_by_label(&draw(&names[0])).accesskit_node().toggled();
        assert_eq!(toggled, Some(egui::accesskit::Toggled::True));
        // A click on a name shows that run in every panel.
        let moshi = names.iter().find(|name| name.contains("moshi")).unwrap();
        harness.get_by_label(moshi).click_accesskit();
        harness.run_steps(3);
        let shown = harness.state().session().shown().unwrap().name().to_owned();
        assert_eq!(shown, *moshi);
    });
}

#[test]
fn many_layers_have_a_number_and_a_strip_and_leave_room_for_the_frames() {
    let dir = tempfile::tempdir().unwrap();
    let path = features(dir.path(), 300, false);
    for (layers, size) in [(46, [1280.0, 720.0]), (14, [1600.0, 1000.0])] {
        let mut harness = window(size, Theme::Dark);
        set_params(&mut harness, 4, layers, 2);
        open(&mut harness, path.clone());
        train(&mut harness);
        assert!(harness.query_by_label("Layer 13").is_none(), "no button for each");
        let panel = harness.state_mut().layout_mut().rect("usage").unwrap();
        let strips: Vec<_> = harness.get_all_by_label("Layers").map(|node| node.rect()).collect();
        assert!(strips.iter().any(|strip| panel.contains_rect(*strip)), "{panel:?}: {strips:?}");
        let split: Vec<_> = harness.get_all_by_label("Held-out").map(|node| node.rect()).collect();
        assert!(split.iter().any(|split| panel.contains_rect(*split)), "{panel:?}: {split:?}");
        harness.get_all_by_label("Next layer").next().unwrap().click_accesskit();
        harness.run_steps(2);
        assert_eq!(harness.state().session().selection().layer, 1);
        harness.key_press(egui::Key::PageDown);
        harness.run_steps(2);
        assert_eq!(harness.state().session().selection().layer, 2);
    }
}

#[test]
fn a_single_layer_needs_no_choice() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = window(SIZES[1], Theme::Light);
    set_params(&mut harness, 4, 1, 3);
    open(&mut harness, features(dir.path(), 300, false));
    train(&mut harness);
    let button = egui::accesskit::Role::Button;
    assert!(harness.query_by_role_and_label(button, "Layer 1").is_none());
    assert!(harness.query_all_by_label("Held-out").next().is_some(), "the frames are still to be chosen");
}

/// The plots that are drawn, by name, with their areas inside of the axes.
fn plots(harness: &Harness<'_, App>) -> Vec<(String, egui::Rect)> {
    let named = harness.query_all_by_label_contains("Plot: ");
    named.map(|node| (node.accesskit_node().label().unwrap_or_default(), node.rect())).collect()
}

#[test]
fn plots_keep_their_axes_at_every_size() {
    // Below and beside its area a plot has its marks and labels.
    const LABELS: egui::Vec2 = egui::vec2(14.0, 26.0);
    let dir = tempfile::tempdir().unwrap();
    let path = features(dir.path(), 300, false);
    for size in [[1280.0, 720.0], [1600.0, 1000.0], [2560.0, 1440.0]] {
        for scale in [1.0, 1.5] {
            let mut harness = window(size, Theme::Dark);
            harness.ctx.set_pixels_per_point(scale);
            set_params(&mut harness, 8, 3, 5);
            open(&mut harness, path.clone());
            train(&mut harness);
            for id in ["usage", "dead", "ema", "error", "data", "codebook", "runs"] {
                harness.state_mut().layout_mut().show(id);
                harness.run_steps(4);
                let panel = harness.state_mut().layout_mut().rect(id).unwrap();
                let inside: Vec<_> = plots(&harness)
                    .into_iter()
                    .filter(|(_, plot)| {
                        panel.x_range().contains(plot.left()) && panel.y_range().contains(plot.top())
                    })
                    .collect();
                for (name, plot) in &inside {
                    let at = format!("{id} at {size:?} by {scale}: {name} {plot:?} in {panel:?}");
                    assert!(plot.left() - LABELS.x >= panel.left() && plot.right() <= panel.right(), "{at}");
                    assert!(plot.height() >= 50.0, "{at}");
                }
            }
        }
    }
}

#[test]
fn the_selected_code_is_said_whatever_is_in_front() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = window(SIZES[1], Theme::Dark);
    set_params(&mut harness, 8, 2, 5);
    open(&mut harness, features(dir.path(), 300, false));
    train(&mut harness);
    assert!(harness.query_by_label_contains("No code of layer 1 is selected").is_some());
    apply(&mut harness, SelectCommand::Code(1, Some(3)));
    for make in PANELS {
        harness.state_mut().layout_mut().show(make().id());
        harness.run_steps(2);
        assert!(harness.query_by_label("Layer 2, code 3").is_some(), "{}", make().id());
        assert!(harness.query_all_by_label_contains("threshold").next().is_some());
    }
    harness.get_by_label("Next code").click_accesskit();
    harness.run_steps(2);
    assert_eq!(harness.state().session().selection().code, Some(4));
    harness.key_press_modifiers(egui::Modifiers::ALT, egui::Key::ArrowLeft);
    harness.run_steps(2);
    assert_eq!(harness.state().session().selection().code, Some(3));
    harness.get_by_label("Select no code").click_accesskit();
    harness.run_steps(2);
    assert_eq!(harness.state().session().selection().code, None);
}

#[test]
fn a_read_out_snaps_to_the_data() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = window(SIZES[1], Theme::Dark);
    set_params(&mut harness, 8, 3, 10);
    open(&mut harness, features(dir.path(), 300, false));
    train(&mut harness);
    let plots = plots(&harness);
    let drift = plots.iter().find(|(name, _)| name.contains("Drift"));
    let (_, area) = drift.unwrap_or_else(|| panic!("no plot of the drift: {plots:?}"));
    harness.hover_at(area.center() + egui::vec2(3.0, 0.0));
    harness.run_steps(3);
    let step = harness.query_all_by_label_contains("Step: ").next().expect("a step is read off");
    let node = step.accesskit_node();
    let text = node.label().or_else(|| node.value()).unwrap();
    let step: u64 = text["Step: ".len()..].parse().expect("a whole step");
    assert!((1..=10).contains(&step), "{step}");
    for layer in ["Layer 1", "Layer 2", "Layer 3"] {
        assert!(harness.query_all_by_label(layer).count() > 3, "{layer} is read off by name");
    }
}

#[test]
fn runs_are_renamed_pinned_and_deleted_with_undo() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = window([1500.0, 1500.0], Theme::Dark);
    set_params(&mut harness, 8, 2, 5);
    open(&mut harness, features(dir.path(), 300, false));
    train(&mut harness);
    train(&mut harness);
    harness.state_mut().layout_mut().show("runs");
    harness.run_steps(3);
    let names = |harness: &Harness<'_, App>| -> Vec<String> {
        harness.state().session().runs().iter().map(|entry| entry.name().to_owned()).collect()
    };
    let first = names(&harness)[0].clone();
    let act = |harness: &mut Harness<'_, App>, run: &str, action: &str| {
        harness.get_by_label(&format!("Actions on {run}")).click_accesskit();
        harness.run_steps(3);
        harness.get_by_label(action).click_accesskit();
        harness.run_steps(3);
    };
    act(&mut harness, &first, "Rename…");
    harness.get_by_label(&format!("Name of {first}")).set_text_value_accesskit("the first");
    harness.run_steps(2);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
    assert_eq!(names(&harness)[0], "the first");
    act(&mut harness, "the first", "Pin");
    assert!(harness.state().session().runs()[0].label.is_pinned);
    act(&mut harness, "the first", "Delete");
    assert_eq!(names(&harness).len(), 1);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    harness.run_steps(3);
    assert_eq!(names(&harness)[0], "the first", "deleting is undone");
}

#[test]
fn a_finding_leads_to_its_codes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    let name = |part: &str| format!("quantizer.vq.layers.0._codebook.{part}");
    // The first size is 0, and the sums are what the rows are.
    let parts: [(&str, &[usize]); 4] =
        [("embed", &[16, 4]), ("embed_avg", &[16, 4]), ("cluster_size", &[16]), ("inited", &[1])];
    let names = parts.map(|(part, _)| name(part));
    let tensors: Vec<(&str, &[usize])> =
        names.iter().map(String::as_str).zip(parts.map(|(_, shape)| shape)).collect();
    common::write_tensors(&path, &tensors);
    let mut harness = window(SIZES[1], THEMES[1]);
    open(&mut harness, path);
    harness.state_mut().layout_mut().show("doctor");
    let start = Instant::now();
    while harness.query_all_by_label_contains("Codes that were never chosen").next().is_none() {
        assert!(start.elapsed() < PATIENCE, "no findings");
        std::thread::sleep(Duration::from_millis(2));
        harness.run_steps(2);
    }
    let run = harness.state().session().view().unwrap().run.clone();
    let found = diagnose(&Patient::of(&run));
    let nth = found.iter().position(|finding| finding.id == "born-dead").unwrap();
    assert!(found.iter().any(|finding| finding.id == "start-sums-are-means"));
    let shows: Vec<_> = harness.query_all_by_label("Show").collect();
    assert_eq!(shows.len(), found.len());
    shows[nth].click_accesskit();
    drop(shows);
    harness.run_steps(4);
    let selection = harness.state().session().selection();
    assert_eq!((selection.layer, selection.code), (0, Some(0)));
}

/// Draws the Doctor panel until it lists what was found.
fn until_examined(harness: &mut Harness<'_, App>) {
    harness.state_mut().layout_mut().show("doctor");
    harness.run_steps(3);
    let start = Instant::now();
    while harness.query_all_by_label("Show").next().is_none() {
        assert!(start.elapsed() < PATIENCE, "no findings");
        std::thread::sleep(Duration::from_millis(2));
        harness.run_steps(2);
    }
}

/// A run with codes that no frame chooses, and what the doctor says of it, in a window whose panels are about 380 wide.
fn with_dead_codes(dir: &Path) -> Harness<'static, App> {
    let mut harness = window([1110.0, 1400.0], Theme::Dark);
    set_params(&mut harness, 16, 2, 20);
    apply(&mut harness, ParamsCommand::SetRule("gpt-sovits"));
    for (key, value) in
        [("init", ParamValue::Choice("uniform")), ("threshold_ema_dead_code", ParamValue::Float(0.0))]
    {
        apply(&mut harness, ParamsCommand::Set { key, value });
    }
    open(&mut harness, features(dir, 3000, false));
    train(&mut harness);
    until_examined(&mut harness);
    harness
}

#[test]
fn a_repair_starts_in_the_doctor_panel_and_stands_beside_the_old_run() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = with_dead_codes(dir.path());
    let old = harness.state().session().view().unwrap().run.clone();
    let buttons = ["Repair", "Show", "Repair all"];
    for label in buttons {
        for node in harness.query_all_by_label(label) {
            let rect = node.rect();
            assert!(rect.left() > 330.0 && rect.right() < 1110.0, "{label} is cut off: {rect:?}");
        }
    }
    assert_eq!(harness.query_all_by_label("Copy command").count(), 0, "no file holds this run");
    harness.query_all_by_label("Repair").next().expect("a fix").click_accesskit();
    harness.run_steps(2);
    settle(&mut harness);
    let session = harness.state().session();
    assert_eq!(session.runs().len(), 2, "{:?}", session.notices());
    let view = session.view().unwrap();
    assert!(view.entry.tried().unwrap().iter().all(|tried| tried.kept));
    assert!(session.runs()[0].run() == Some(&old));
    harness.run_steps(3);
    for words in ["What the repair did", "before", "after", "Rare codes", "row"] {
        assert!(harness.query_all_by_label_contains(words).next().is_some(), "no label with {words:?}");
    }
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    harness.run_steps(4);
    let is_old = harness.state().session().view().unwrap().run == &old;
    assert!(is_old, "back to the old one");
    assert!(harness.query_all_by_label("What the repair did").next().is_none());
    apply(&mut harness, EditCommand::Redo);
    look_at_all(&mut harness, "repaired", |id| match id {
        "runs" => &["repaired"],
        "ema" | "dead" => &["no history of steps"],
        _ => &[],
    });
}

#[test]
fn a_finding_retrains_and_its_sign_leads_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = with_dead_codes(dir.path());
    let id = harness.state().session().view().unwrap().id();
    let retrain = harness.query_all_by_label_contains("Retrain with ").next().expect("a change");
    let label = retrain.accesskit_node().label().unwrap();
    assert!(retrain.rect().right() < 1110.0, "{label} is cut off");
    retrain.click_accesskit();
    harness.run_steps(2);
    settle(&mut harness);
    let session = harness.state().session();
    assert_eq!(session.runs().len(), 2, "{label}: {:?}", session.notices());
    let (old, new) = (session.runs()[0].params().unwrap(), session.runs()[1].params().unwrap());
    assert!(old != new && new.codebook_size == 16, "{label}");
    // From the sign in the table to what is behind it.
    let sign = format!("on {}", session.runs()[0].name());
    harness.state_mut().layout_mut().show("runs");
    harness.run_steps(3);
    let signs: Vec<_> = harness.query_all_by_label_contains(&sign).collect();
    signs.first().expect("a sign of what was found").click_accesskit();
    drop(signs);
    harness.run_steps(4);
    assert_eq!(harness.state().session().view().unwrap().id(), id);
    until_examined(&mut harness);
}

#[test]
fn a_model_without_data_says_why_it_cannot_be_repaired() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = with_dead_codes(dir.path());
    let path = dir.path().join("model.safetensors");
    apply(&mut harness, SaveCommand::Model(path.clone()));
    settle(&mut harness);
    let can = |harness: &Harness<'_, App>, label: &str| {
        let found: Vec<bool> = harness
            .query_all_by_label_contains(label)
            .map(|node| !node.accesskit_node().is_disabled())
            .collect();
        assert!(!found.is_empty(), "no {label}");
        found.iter().all(|&can| can)
    };
    assert!(can(&harness, "Repair") && can(&harness, "Retrain with"));
    open(&mut harness, path.clone());
    until_examined(&mut harness);
    assert!(can(&harness, "Repair") && can(&harness, "Copy command"), "held against the frames");
    let mut alone = window([1110.0, 1400.0], Theme::Light);
    open(&mut alone, path);
    until_examined(&mut alone);
    assert!(!can(&alone, "Repair") && can(&alone, "Show"));
    assert!(alone.query_all_by_label("Copy command").next().is_none(), "there are no frames to name");
}

#[test]
fn codes_that_belong_together_are_marked_together() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = with_dead_codes(dir.path());
    let codes: std::sync::Arc<[usize]> = [3, 1, 7].into();
    apply(&mut harness, SelectCommand::Codes(1, codes.clone()));
    look_at_all(&mut harness, "marked", |_| &["one of 3 that are marked"]);
    let marked = |harness: &Harness<'_, App>| harness.state().session().marked().to_vec();
    let selection = harness.state().session().selection();
    assert_eq!((selection.layer, selection.code, &*marked(&harness)), (1, Some(3), &*codes));
    apply(&mut harness, SelectCommand::Frames(Some((1, 5))));
    assert_eq!(marked(&harness), &*codes);
    apply(&mut harness, SelectCommand::Code(1, Some(2)));
    assert!(marked(&harness).is_empty());
}

/// A window with a training of 8 codes whose code map is in front, and where that is.
fn with_code_map(dir: &Path) -> (Harness<'static, App>, egui::Rect) {
    let mut harness = window(SIZES[1], Theme::Dark);
    set_params(&mut harness, 8, 2, 10);
    open(&mut harness, features(dir, 300, false));
    train(&mut harness);
    harness.state_mut().layout_mut().show("codebook");
    let start = Instant::now();
    // The density of the inputs is made on a thread.
    while harness.query_all_by_label_contains("axes of 300 inputs of the layer").next().is_none() {
        assert!(start.elapsed() < PATIENCE, "no map");
        std::thread::sleep(Duration::from_millis(5));
        harness.run_steps(2);
    }
    harness.run_steps(3);
    let area = map_area(&harness);
    (harness, area)
}

/// Where the code map is: what is told of marked codes above it moves it.
fn map_area(harness: &Harness<'_, App>) -> egui::Rect {
    plots(harness).into_iter().find(|(name, _)| name.contains("Code map")).unwrap().1
}

/// Drags through places from the first to the last.
fn drag_along(harness: &mut Harness<'_, App>, way: &[egui::Pos2]) {
    harness.drag_at(way[0]);
    for &at in &way[1..] {
        harness.hover_at(at);
        harness.step();
    }
    harness.drop_at(way[way.len() - 1]);
    harness.run_steps(3);
}

#[test]
fn codes_are_marked_by_a_line_around_them() {
    let dir = tempfile::tempdir().unwrap();
    let (mut harness, _) = with_code_map(dir.path());
    let marked = |harness: &Harness<'_, App>| harness.state().session().marked().to_vec();
    let drag = |harness: &mut Harness<'_, App>, corners: &[usize]| {
        let area = map_area(harness).shrink(2.0);
        let all = [area.left_top(), area.right_top(), area.right_bottom(), area.left_bottom()];
        drag_along(harness, &corners.iter().map(|&nth| all[nth]).collect::<Vec<_>>());
        marked(harness)
    };
    let all = [0, 1, 2, 3, 4, 5, 6, 7];
    harness.get_by_label("Lasso").click();
    harness.run_steps(2);
    assert_eq!(drag(&mut harness, &[0, 1, 2, 3]), all, "all of them were inside");
    // The line from the last place to the first is part of it: it leaves the other half out.
    let halves = [drag(&mut harness, &[0, 1, 2]), drag(&mut harness, &[2, 3, 0])];
    let mut both = halves.concat();
    both.sort_unstable();
    both.dedup();
    assert!(halves.iter().all(|half| (1..8).contains(&half.len())), "{halves:?}");
    assert_eq!(both, all);
    // A box needs no key either, and the choice goes back.
    harness.get_by_label("Box").click();
    harness.run_steps(2);
    assert_eq!(drag(&mut harness, &[0, 2]), all);
    harness.get_by_label("Move").click();
    apply(&mut harness, SelectCommand::Code(0, Some(1)));
    assert!(drag(&mut harness, &[0, 1, 2, 3]).is_empty(), "the map was moved");
}

#[test]
fn codes_are_selected_on_the_map_and_marked_by_a_rectangle() {
    let dir = tempfile::tempdir().unwrap();
    let (mut harness, area) = with_code_map(dir.path());
    let corners = [area.left_top() + egui::vec2(3.0, 3.0), area.right_bottom() - egui::vec2(3.0, 3.0)];
    let drag = |harness: &mut Harness<'_, App>, modifiers| {
        harness.event(egui::Event::ModifiersChanged(modifiers));
        drag_along(harness, &[corners[0], area.center(), corners[1]]);
        harness.event(egui::Event::ModifiersChanged(egui::Modifiers::NONE));
        harness.run_steps(3);
    };
    let marked = |harness: &Harness<'_, App>| harness.state().session().marked().to_vec();
    drag(&mut harness, egui::Modifiers::SHIFT);
    assert_eq!(marked(&harness), [0, 1, 2, 3, 4, 5, 6, 7], "all of them were inside");
    assert_eq!(harness.state().session().selection().code, Some(0));
    let words = "8 codes marked: 100 % of the";
    let told: Vec<String> = harness
        .query_all_by_label_contains("codes marked")
        .filter_map(|node| node.accesskit_node().label().or_else(|| node.accesskit_node().value()))
        .collect();
    assert!(told.iter().any(|told| told.starts_with(words)), "{told:?}");
    // A click near a code selects it, and marks are taken off.
    let places = (0..400)
        .map(|n| area.min + area.size() * egui::vec2((n % 20) as f32 + 0.5, (n / 20) as f32 + 0.5) / 20.0);
    for at in places {
        harness.drag_at(at);
        harness.step();
        harness.drop_at(at);
        harness.run_steps(2);
        if marked(&harness).is_empty() {
            break;
        }
    }
    assert!(marked(&harness).is_empty() && harness.state().session().selection().code.is_some());
    drag(&mut harness, egui::Modifiers::NONE);
    assert!(marked(&harness).is_empty(), "without Shift the plot is moved");
}

#[test]
fn checkpoints_of_a_watched_folder() {
    use std::collections::BTreeMap;
    let dir = tempfile::tempdir().unwrap();
    let mut harness = window(SIZES[1], Theme::Dark);
    for step in [100u16, 200, 300] {
        let rows =
            Array2::from_shape_fn((8, 4), |(k, d)| ((k * 7 + d * 3) % 11) as f32 + f32::from(step) * 0.001);
        let book = rvqscope::rvq::Codebook::from_rows(rows).unwrap();
        let rvq = rvqscope::rvq::Rvq::new(vec![book.into()]).unwrap();
        rvqscope::io::write_model(&dir.path().join(format!("G_{step}.pth")), &rvq, &BTreeMap::new()).unwrap();
    }
    apply(&mut harness, DataCommand::Watch(dir.path().to_owned()));
    let start = Instant::now();
    let points = |harness: &Harness<'_, App>| {
        harness.state().session().shown().and_then(|entry| Some(entry.watched.as_ref()?.points.len()))
    };
    while points(&harness) != Some(3) {
        assert!(start.elapsed() < PATIENCE, "{:?}", harness.state().session().notices());
        std::thread::sleep(Duration::from_millis(10));
        harness.step();
    }
    harness.state_mut().layout_mut().show("checkpoints");
    harness.run_steps(3);
    for words in ["3 checkpoints, step 100 to 300", "Drift between checkpoints", "Stop watching"] {
        assert!(harness.query_all_by_label_contains(words).next().is_some(), "{words}");
    }
    harness.get_by_label("Stop watching").click_accesskit();
    harness.run_steps(3);
    assert!(!harness.state().session().is_busy() && points(&harness) == Some(3));
}
