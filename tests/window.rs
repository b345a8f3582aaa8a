//! The window as a whole: what its buttons, fields and keys do to the session behind it.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use rvqscope::app::{App, Layout};
use rvqscope::io::write_f32_npy;
use rvqscope::param::ParamValue;
use rvqscope::rvq::rules::RULES;
use rvqscope::session::{DataCommand, ParamsCommand, SaveCommand, Severity, TrainCommand, TrainState};

mod common;

type Window = Harness<'static, App>;

/// Storage in memory, as eframe has it in a file.
#[derive(Default)]
struct Storage(HashMap<String, String>);

impl eframe::Storage for Storage {
    fn get_string(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }
    fn set_string(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }
    fn remove_string(&mut self, key: &str) {
        self.0.remove(key);
    }
    fn flush(&mut self) {}
}

fn window() -> Window {
    window_with(None)
}

/// A window that asks for paths inside of itself; `storage` is what is remembered.
fn window_with(storage: Option<&'static Storage>) -> Window {
    let mut harness = Harness::builder()
        .with_size([1500.0, 2400.0])
        // Fonts of the system, which draw names in any script, are not loaded here.
        .allow_missing_glyphs()
        .build_eframe(|cc| {
            cc.storage = storage.map(|storage| storage as &dyn eframe::Storage);
            App::empty(cc)
        });
    harness.state_mut().ask_inside_only();
    harness.step();
    harness
}

/// Draws frames until `done`; a worker may be under way all the while.
#[track_caller]
fn until(harness: &mut Window, what: &str, done: impl Fn(&App) -> bool) {
    let start = Instant::now();
    while !done(harness.state()) {
        assert!(start.elapsed() < Duration::from_secs(20), "timed out: {what}");
        std::thread::sleep(Duration::from_millis(10));
        harness.step();
    }
    harness.run_steps(3);
}

#[track_caller]
fn click(harness: &mut Window, role: Role, label: &str) {
    harness.get_by_role_and_label(role, label).click_accesskit();
    harness.run_steps(3);
}

fn can_press(harness: &Window, label: &str) -> bool {
    !harness.get_by_role_and_label(Role::Button, label).accesskit_node().is_disabled()
}

/// Small features, so that a training takes no time, in a file.
fn features(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let values = ndarray::Array2::from_shape_fn((400, 6), |(frame, dim)| {
        ((frame * 31 + dim * 17) % 97) as f32 / 97.0 + (frame % 7) as f32
    });
    write_f32_npy(&path, values.view()).unwrap();
    path
}

/// A window on small features with parameters to match, which trains for as good as ever.
fn small_window(folder: &Path) -> Window {
    let mut harness = window();
    let path = features(folder, "small.npy");
    let app = harness.state_mut();
    for (key, value) in [("num_layers", 2), ("codebook_size", 8), ("batch_size", 64), ("steps", 100_000_000)]
    {
        app.apply(ParamsCommand::Set { key, value: ParamValue::Int(value) });
    }
    app.apply(DataCommand::Open(vec![path]));
    until(&mut harness, "the features open", |app| app.session().dataset().is_some());
    harness
}

#[test]
fn the_form_shows_every_parameter_of_every_rule() {
    let mut harness = window();
    for rule in RULES {
        harness.state_mut().apply(ParamsCommand::SetRule(rule.id()));
        harness.run_steps(2);
        for spec in rule.params() {
            let roles = [Role::SpinButton, Role::ComboBox, Role::CheckBox];
            let found = roles
                .iter()
                .any(|&role| harness.query_by_role_and_label(role, spec.label.english()).is_some());
            assert!(found, "{}: a field for {}", rule.id(), spec.key);
        }
    }
}

#[test]
fn a_live_edit_is_sent_and_can_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = small_window(folder.path());
    let before = harness.state().session().params().current().decay;
    click(&mut harness, Role::Button, "Train");
    until(&mut harness, "training runs", |app| app.session().train_state() == TrainState::Running);
    harness.get_by_role_and_label(Role::SpinButton, "Decay").set_value_accesskit(0.9);
    harness.run_steps(3);
    assert_eq!(harness.state().session().params().current().decay, 0.9);
    until(&mut harness, "the edit reaches the training", |app| {
        app.session().view().is_some_and(|view| view.run.params.decay == 0.9)
    });
    assert_eq!(harness.state().session().train_state(), TrainState::Running, "a live edit does not restart");
    click(&mut harness, Role::Button, "Undo");
    assert_eq!(harness.state().session().params().current().decay, before);
    click(&mut harness, Role::Button, "Redo");
    assert_eq!(harness.state().session().params().current().decay, 0.9);
    click(&mut harness, Role::Button, &format!("Reset Decay to {before}"));
    assert_eq!(harness.state().session().params().current().decay, before);
}

#[test]
fn the_buttons_drive_a_training() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = window();
    assert!(!can_press(&harness, "Train"), "there is nothing to train on");
    drop(harness);
    harness = small_window(folder.path());
    assert!(can_press(&harness, "Train") && can_press(&harness, "Step"));
    assert!(
        !can_press(&harness, "Pause") && !can_press(&harness, "Stop") && !can_press(&harness, "Continue")
    );
    click(&mut harness, Role::Button, "Step");
    until(&mut harness, "one step", |app| {
        app.session().train_state() == TrainState::Paused
            && app.session().view().is_some_and(|v| v.run.steps == 1)
    });
    assert!(can_press(&harness, "Resume") && can_press(&harness, "Step") && can_press(&harness, "Stop"));
    click(&mut harness, Role::Button, "Resume");
    until(&mut harness, "training runs", |app| app.session().train_state() == TrainState::Running);
    assert!(can_press(&harness, "Pause") && !can_press(&harness, "Step") && can_press(&harness, "Restart"));
    harness.key_press(egui::Key::Space);
    harness.run_steps(2);
    until(&mut harness, "the space key pauses", |app| app.session().train_state() == TrainState::Paused);
    click(&mut harness, Role::Button, "Stop");
    until(&mut harness, "training ends", |app| app.session().train_state() == TrainState::Idle);
    assert_eq!(harness.state().session().runs().len(), 1);
    assert!(can_press(&harness, "Train") && can_press(&harness, "Continue") && !can_press(&harness, "Stop"));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Enter);
    harness.run_steps(2);
    until(&mut harness, "the keys train", |app| app.session().train_state() == TrainState::Running);
    harness.key_press(egui::Key::Escape);
    harness.run_steps(2);
    until(&mut harness, "the escape key stops", |app| app.session().train_state() == TrainState::Idle);
    assert_eq!(harness.state().session().runs().len(), 2);
}

#[test]
fn what_fits_the_data_is_proposed_with_reasons_and_taken_with_one_click() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = window();
    assert!(harness.query_by_label("For these data").is_none(), "there are no data yet");
    drop(harness);
    harness = small_window(folder.path());
    let before = *harness.state().session().params().current();
    let reasons: Vec<String> =
        harness.state().session().proposals().into_iter().map(|one| one.why.text()).collect();
    assert!(reasons.len() >= 3, "{reasons:?}");
    click(&mut harness, Role::Button, "Why");
    for why in &reasons {
        assert!(harness.query_by_label(why).is_some(), "{why}");
    }
    click(&mut harness, Role::Button, "Use these");
    assert!(harness.state().session().proposals().is_empty());
    assert!(harness.query_by_label("For these data").is_none(), "it fits now");
    assert_ne!(harness.state().session().params().current().steps, before.steps);
    click(&mut harness, Role::Button, "Undo");
    assert_eq!(*harness.state().session().params().current(), before);
}

#[test]
fn a_training_that_stands_still_says_so_and_can_be_ended_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = small_window(folder.path());
    click(&mut harness, Role::Button, "Train");
    until(&mut harness, "standing still is told", |app| {
        app.session().view().is_some_and(|view| view.run.course_words().is_some())
    });
    assert!(harness.query_by_label_contains("Held-out SNR has not gained").is_some());
    click(&mut harness, Role::Button, "Always");
    until(&mut harness, "it ends of its own accord", |app| app.session().train_state() == TrainState::Idle);
    assert!(harness.query_all_by_label("Ended early: Continue takes more steps").next().is_some());
    let steps = harness.state().session().view().unwrap().run.steps;
    assert!(steps < 100_000_000 && can_press(&harness, "Continue"));
    harness.state_mut().apply(ParamsCommand::Set { key: "patience", value: ParamValue::Int(0) });
    click(&mut harness, Role::Button, "Continue");
    until(&mut harness, "it goes on", |app| {
        app.session().view().is_some_and(|view| view.run.steps > steps + 50)
    });
    until(&mut harness, "it is told again", |app| {
        app.session().view().is_some_and(|view| view.run.course_words().is_some())
    });
    click(&mut harness, Role::Button, "End here");
    until(&mut harness, "it ended", |app| app.session().train_state() == TrainState::Idle);
}

#[test]
fn a_wrong_file_is_a_notice_and_the_data_stay() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = small_window(folder.path());
    let before = harness.state().session().dataset().unwrap().clone();
    let wrong = folder.path().join("wrong.wav");
    std::fs::write(&wrong, "no audio at all").unwrap();
    harness.state_mut().apply(DataCommand::Open(vec![wrong]));
    until(&mut harness, "the notice comes", |app| {
        app.session().notices().iter().any(|notice| notice.severity == Severity::Error)
    });
    let after = harness.state().session().dataset().unwrap();
    assert!(std::sync::Arc::ptr_eq(&before, after));
    assert!(harness.query_by_label_contains("wrong.wav").is_some(), "the status line says so");
}

#[test]
fn the_path_field_opens_names_in_any_script() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["plain.npy", "音声 特徴 🎤.npy"] {
        let path = features(folder.path(), name);
        let mut harness = window();
        let field = harness.get_by_role_and_label(Role::TextInput, "Path");
        field.focus();
        harness.run_steps(2);
        harness.get_by_role_and_label(Role::TextInput, "Path").type_text(&path.to_string_lossy());
        harness.run_steps(2);
        harness.key_press(egui::Key::Enter);
        harness.run_steps(2);
        until(&mut harness, name, |app| app.session().dataset().is_some());
        assert!(harness.query_all_by_label(name).count() >= 1, "the title is shown: {name}");
        assert_eq!(harness.state().session().dataset().unwrap().source.title(), name);
    }
}

#[test]
fn without_a_system_dialog_the_window_asks_for_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = small_window(folder.path());
    click(&mut harness, Role::Button, "Open…");
    assert!(harness.query_by_label("Open audio, features, codes or a model").is_some());
    harness.key_press(egui::Key::Escape);
    harness.run_steps(5);
    assert!(harness.query_by_label("Open audio, features, codes or a model").is_none());
    assert_eq!(harness.state().session().train_state(), TrainState::Idle);
}

#[test]
fn saving_asks_before_it_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = small_window(folder.path());
    click(&mut harness, Role::Button, "Step");
    until(&mut harness, "one step", |app| app.session().view().is_some());
    harness.state_mut().apply(TrainCommand::Stop);
    until(&mut harness, "the end", |app| app.session().train_state() == TrainState::Idle);
    let there = folder.path().join("there.safetensors");
    std::fs::write(&there, "old").unwrap();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::S);
    harness.run_steps(3);
    let field = harness.get_by_role_and_label(Role::TextInput, "File");
    field.set_text_value_accesskit(&there.to_string_lossy());
    harness.run_steps(3);
    click(&mut harness, Role::Button, "Save");
    let start = Instant::now();
    while harness.query_by_label("Replace").is_none() {
        assert!(start.elapsed() < Duration::from_secs(5), "the question comes");
        std::thread::sleep(Duration::from_millis(10));
        harness.step();
    }
    assert_eq!(std::fs::read_to_string(&there).unwrap(), "old");
    click(&mut harness, Role::Button, "Replace");
    until(&mut harness, "the model is there", |_| std::fs::metadata(&there).unwrap().len() > 100);
}

#[test]
fn a_model_goes_back_into_a_checkpoint_by_two_questions() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = small_window(folder.path());
    click(&mut harness, Role::Button, "Step");
    until(&mut harness, "one step", |app| app.session().view().is_some());
    harness.state_mut().apply(TrainCommand::Stop);
    until(&mut harness, "the end", |app| app.session().train_state() == TrainState::Idle);
    let (original, copy) =
        (folder.path().join("original.safetensors"), folder.path().join("copy.safetensors"));
    harness.state_mut().apply(SaveCommand::Model(original.clone()));
    until(&mut harness, "the checkpoint is there", |app| !app.session().is_busy());
    click(&mut harness, Role::Button, "File");
    click(&mut harness, Role::Button, "Write back into checkpoint…");
    let answer = |harness: &mut Window, path: &Path, action: &str| {
        let field = harness.get_by_role_and_label(Role::TextInput, "File");
        field.set_text_value_accesskit(&path.to_string_lossy());
        harness.run_steps(3);
        click(harness, Role::Button, action);
        harness.run_steps(3);
    };
    assert!(harness.query_by_label("Choose the checkpoint that the model came from").is_some());
    answer(&mut harness, &original, "Open");
    assert!(harness.query_by_label("Save the checkpoint with the model in it").is_some());
    let suggested = harness.get_by_role_and_label(Role::TextInput, "File").value().unwrap();
    assert!(suggested.ends_with("original-retrained.safetensors"), "{suggested}");
    answer(&mut harness, &copy, "Save");
    until(&mut harness, "the copy is there", |app| {
        app.session().notices().iter().any(|notice| notice.text.contains("codebooks back: "))
    });
    assert_eq!(std::fs::read(&copy).unwrap(), std::fs::read(&original).unwrap());
}

#[test]
fn settings_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = small_window(folder.path());
    let app = harness.state_mut();
    app.apply(ParamsCommand::Set { key: "epsilon", value: ParamValue::Float(1e-3) });
    app.apply(DataCommand::SetHoldout(0.25));
    app.apply(DataCommand::SetStandardize(true));
    app.layout_mut().close("usage");
    let mut storage = Storage::default();
    eframe::App::save(app, &mut storage);
    let wanted = *app.session().params().current();
    drop(harness);
    let storage: &'static Storage = Box::leak(Box::new(storage));
    let mut harness = window_with(Some(storage));
    let session = harness.state().session();
    assert_eq!((*session.params().current(), session.holdout(), session.standardize()), (wanted, 0.25, true));
    let is_open = |layout: &Layout, wanted: &str| layout.panels().any(|(id, _, open)| id == wanted && open);
    let layout = harness.state_mut().layout_mut();
    assert!(!is_open(layout, "usage") && is_open(layout, "error"));
    layout.show("usage");
    assert!(is_open(layout, "usage"));
    harness.run_steps(2);
    click(&mut harness, Role::Button, "Recent");
    assert!(harness.query_all_by_label("small.npy").count() >= 1, "what was opened is remembered");
}

#[test]
fn broken_settings_are_left_out_part_by_part() {
    let whole = r#"{"version":1,"layout":"nonsense","holdout":7,"standardize":true,"unknown":[],
        "params":{"rule":"rvqscope","decay":"x","epsilon":0.5},"theme":3,"data":{"hop_length":0,"n_fft":17}}"#;
    for (text, standardize) in
        [(whole, true), ("{", false), ("[]", false), (r#"{"version":99,"standardize":true}"#, false)]
    {
        let mut storage = Storage::default();
        storage.0.insert("settings".to_owned(), text.to_owned());
        let harness = window_with(Some(Box::leak(Box::new(storage))));
        let session = harness.state().session();
        assert_eq!((session.standardize(), session.holdout()), (standardize, 0.1), "{text}");
        assert_eq!(session.params().current().decay, 0.99);
        assert!(session.data_spec().extract.validate().is_ok());
    }
}

#[test]
fn the_theme_is_switched_in_the_menu() {
    let mut harness = window();
    for (label, dark) in [("Light", false), ("Dark", true)] {
        click(&mut harness, Role::Button, "View");
        click(&mut harness, Role::RadioButton, label);
        assert_eq!(harness.ctx.theme() == egui::Theme::Dark, dark);
        harness.key_press(egui::Key::Escape);
        harness.run_steps(3);
    }
}

#[test]
fn an_idle_window_draws_no_frames() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = small_window(folder.path());
    harness.run_steps(20);
    assert!(harness.try_run().is_ok(), "nothing asks for another frame");
}

#[test]
fn a_file_that_leaves_its_strides_or_its_layout_open_asks() {
    let folder = tempfile::tempdir().unwrap();
    let (either, unknown) =
        (folder.path().join("either.safetensors"), folder.path().join("unknown.safetensors"));
    common::write_dac_or_snac(&either);
    common::write_unknown_codebooks(&unknown);
    let mut harness = window();
    let ask = |harness: &mut Window, path: &std::path::Path| {
        harness.state_mut().apply(DataCommand::Open(vec![path.to_owned()]));
        until(harness, "the question", |app| app.session().file_choice().is_some());
    };
    ask(&mut harness, &either);
    assert!(harness.query_by_label("Which strides?").is_some());
    assert!(harness.query_by_label("SNAC: strides 4, 2, 1").is_some());
    click(&mut harness, Role::Button, "DAC: a code a frame in every layer");
    until(&mut harness, "the model", |app| app.session().model().is_some());
    assert!(harness.query_by_label("Which strides?").is_none());
    ask(&mut harness, &unknown);
    assert!(harness.query_by_label("Which tensors are the codebooks?").is_some());
    assert!(harness.query_by_label_contains("2 layers of 16 x 4").is_some());
    click(&mut harness, Role::RadioButton, "cosine, unit rows");
    click(&mut harness, Role::Button, "my.stack.{i}.codebook.table");
    until(&mut harness, "the codebooks", |app| {
        app.session().file_choice().is_none() && !app.session().is_busy()
    });
    let rvq = harness.state().session().view().unwrap().run.rvq.clone();
    assert_eq!((rvq.num_layers(), rvq.metric()), (2, rvqscope::rvq::Metric::Cosine));
}

#[test]
fn a_file_of_several_quantizers_asks_which_and_shows_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.safetensors");
    common::write_two_quantizers(&path);
    let mut harness = window();
    let ask = |harness: &mut Window| {
        harness.state_mut().apply(DataCommand::Open(vec![path.clone()]));
        until(harness, "the question", |app| app.session().file_choice().is_some());
    };
    ask(&mut harness);
    assert!(harness.query_by_label_contains("two.safetensors holds 2 quantizers").is_some());
    assert!(harness.query_by_label("3 layers, K = 12, D = 4").is_some());
    harness.key_press(egui::Key::Escape);
    harness.run_steps(3);
    assert!(harness.state().session().file_choice().is_none(), "the escape key is a cancel");
    assert!(harness.query_by_label("Which quantizer?").is_none());
    ask(&mut harness);
    click(&mut harness, Role::Button, "Cancel");
    assert!(harness.query_by_label("Which quantizer?").is_none());
    assert!(harness.state().session().model().is_none());
    ask(&mut harness);
    click(&mut harness, Role::Button, "hf-encodec at student.");
    until(&mut harness, "the student", |app| app.session().model().is_some());
    for told in [
        "hf-encodec at student.",
        "2 layers, K = 6, D = 4",
        "dimension 4",
        "f32",
        "euclidean",
        "iteration 96",
    ] {
        assert!(harness.query_all_by_label(told).next().is_some(), "{told}");
    }
    assert!(harness.query_all_by_label_contains("cluster_size").next().is_some(), "its EMA state");
    click(&mut harness, Role::ComboBox, "1 of 2");
    click(&mut harness, Role::Button, "encodec at teacher.");
    until(&mut harness, "the teacher", |app| {
        app.session().model().is_some_and(|model| model.info.family == "encodec")
    });
    assert!(harness.query_by_label("3 layers, K = 12, D = 4").is_some());
}

#[test]
fn while_rules_are_compared_the_button_says_that_it_trains_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = small_window(folder.path());
    harness.state_mut().apply(rvqscope::session::CompareCommand::Start("encodec,moshi".to_owned()));
    until(&mut harness, "the comparison", |app| app.session().train_state() == TrainState::Running);
    assert!(harness.query_by_label("Restart").is_none());
    click(&mut harness, Role::Button, "Train one");
    until(&mut harness, "one training", |app| {
        app.session().train_state() == TrainState::Running && !app.session().is_comparing()
    });
    assert!(can_press(&harness, "Restart"));
}

#[test]
fn panels_are_reached_by_keyboard() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = small_window(folder.path());
    harness.key_press(egui::Key::F6);
    harness.run_steps(3);
    let focused = |harness: &Window| {
        let nodes = harness.query_all_by_label_contains("Panel ");
        nodes.filter(egui_kittest::Node::is_focused).map(|node| node.accesskit_node().label().unwrap()).next()
    };
    let first = focused(&harness).expect("a panel has the focus");
    harness.key_press_modifiers(egui::Modifiers::CTRL, egui::Key::Tab);
    harness.run_steps(3);
    let tab = focused(&harness).expect("the next tab has it");
    assert_ne!(first, tab);
    harness.key_press(egui::Key::F6);
    harness.run_steps(3);
    assert!(!["".to_owned(), tab].contains(&focused(&harness).expect("another panel has it")));
}
