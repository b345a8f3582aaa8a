//! Every panel in every state that it can meet: drawn without a panic, with the words that say what is shown or missing.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::Theme;
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};
use ndarray::Array2;
use rvqscope::app::{App, panels::PANELS};
use rvqscope::param::ParamValue;
use rvqscope::session::{
    Command, DataCommand, NoticeCommand, ParamsCommand, SaveCommand, SelectCommand, Severity, TrainCommand,
    TrainState,
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
            &["(a) unused", "(b) below threshold", "(c) unused in the corpus", "Advice", "Codes of layer"]
        }
        "ema" => &["EMA window", "EMA half-life", "Cluster sizes"],
        "error" => &["Explained variance", "Figures by layer", "Select layer 1", "Gain of each layer"],
        "data" => &["Features", "held out", "dimension"],
        "tokens" => &["Codes over time", "Layer 1", "layers × "],
        _ => &[],
    }
}

#[test]
fn nothing_is_open() {
    in_all_looks(|harness| {
        look_at_all(harness, "empty", |id| match id {
            "notices" => &["No notices"],
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
            "dead" => &["(c) unused in the corpus", "not in codes alone", "Codes of layer"],
            "tokens" => &["Codes over time", "4 layers × 900 frames", "K = 128 is assumed"],
            "notices" | "runs" => &[],
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
            "notices" => &["1 notice"],
            _ => &["No data yet"],
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
