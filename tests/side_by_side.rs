//! `report --compare`: what its page, its tables and its JSON say of several runs, and the forms in which figures are printed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use common::clustered;
use rvqscope::store::{StoredRun, write_run};
use serde_json::Value;
use tempfile::TempDir;

const BASE: [&str; 8] = ["--kmeans-iters", "2", "--batch", "64", "--steps", "6", "--frame-rate", "50"];

fn run(dir: &TempDir, args: &[&str], code: i32) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rvqscope"));
    command.args(args).current_dir(dir.path()).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    let done = command.stdin(Stdio::null()).output().unwrap();
    let (out, err) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    assert_eq!(done.status.code(), Some(code), "{args:?}: {out}{err}");
    assert!(!err.contains("panicked"), "{err}");
    (out, err)
}

fn done(dir: &TempDir, args: &[&str]) -> String {
    run(dir, args, 0).0
}

/// Two models, the second of more codes, and the report of a third training.
fn with_runs() -> TempDir {
    let dir = TempDir::new().unwrap();
    rvqscope::io::write_f32_npy(&dir.path().join("x.npy"), clustered(5, 400, 5, 12).view()).unwrap();
    for (codes, name) in [("4", "a.safetensors"), ("8", "b.safetensors")] {
        done(
            &dir,
            &[&["train", "x.npy", "--layers", "2", "--codes", codes, "--out", name], &BASE[..]].concat(),
        );
    }
    done(&dir, &[&["report", "x.npy", "--layers", "3", "--codes", "4", "--out", "r"], &BASE[..]].concat());
    dir
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

fn text(dir: &TempDir, name: &str) -> String {
    std::fs::read_to_string(dir.path().join(name)).unwrap()
}

fn json(dir: &TempDir, name: &str) -> Value {
    serde_json::from_str(&text(dir, name)).unwrap()
}

#[test]
fn runs_of_all_kinds_stand_beside_each_other() {
    let dir = with_runs();
    let (model, other) = ("a.safetensors", "b.safetensors");
    let printed = done(&dir, &["report", "x.npy", "--compare", model, other, "r", "--out", "side"]);
    assert!(printed.contains("they differ in") && printed.trim_end().ends_with("compare.html"), "{printed}");
    let told = json(&dir, "side/compare.json");
    let runs = told["runs"].as_array().unwrap();
    let names: Vec<&str> = runs.iter().map(|run| run["name"].as_str().unwrap()).collect();
    assert_eq!(names, [model, other, "r"]);
    assert_eq!(told["differing"]["codebook_size"], serde_json::json!([4, 8, 4]));
    assert_eq!(told["differing"]["num_layers"], serde_json::json!([2, 2, 3]));
    assert!(told["differing"].get("decay").is_none(), "it is the same in all");
    assert!(runs.iter().all(|run| !run["verdicts"].as_array().unwrap().is_empty()));

    // Deltas are against the first run, layer by layer.
    let csv = text(&dir, "side/layers.csv");
    let head: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let place = |key: &str| head.iter().position(|name| *name == key).unwrap();
    let row = |layer: &str, name: &str| -> Vec<String> {
        let rows = csv.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        rows.into_iter().find(|row| row[0] == layer && row[1] == name).unwrap()
    };
    let snr = |run: usize, layer: usize| runs[run]["layers"][layer]["held_out"]["snr_db"].as_f64().unwrap();
    let delta: f64 = row("2", other)[place("delta_snr_db")].parse().unwrap();
    assert!((delta - (snr(1, 1) - snr(0, 1))).abs() < 1e-12, "{delta}");
    assert_eq!(row("1", model)[place("delta_snr_db")], "", "the first has none");
    assert_eq!(row("3", "r")[place("delta_snr_db")], "", "and neither has a layer that the first has not");

    let page = text(&dir, "side/compare.html");
    for words in [
        rvqscope::rvq::param_spec("codebook_size").unwrap().label.english(),
        "Verdict by layer",
        "What the doctor finds",
        "Figures by layer",
        "@media print",
        "Loss over steps",
    ] {
        assert!(page.contains(words), "{words}");
    }
    // The report's own frames are others than those of the models.
    assert!(page.contains("not judged by the same frames"), "r holds out a tenth");
    assert!(
        !page.contains("<script")
            && page.matches("http").count() == page.matches("www.w3.org/2000/svg").count()
    );
    let loss = text(&dir, "side/loss_over_steps.csv");
    assert_eq!(loss.lines().count(), 7, "six steps of the one run whose steps are known: {loss}");
    assert!(
        text(&dir, "side/runs.tex").contains("\\toprule")
            && text(&dir, "side/layers.md").starts_with("| Layer |")
    );
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let dir = with_runs();
    for (threads, out) in [("1", "one"), ("3", "three")] {
        let args = [
            "report",
            "x.npy",
            "--compare",
            "a.safetensors",
            "b.safetensors",
            "--threads",
            threads,
            "--out",
            out,
        ];
        done(&dir, &args);
    }
    let (one, three) = (files(&dir.path().join("one")), files(&dir.path().join("three")));
    assert!(one.len() > 10 && one == three, "{:?}", one.keys());
}

#[test]
fn a_run_of_a_workspace_has_its_figures_and_its_steps() {
    let dir = with_runs();
    let dataset = common::dataset(clustered(5, 400, 5, 12));
    let trained = common::train(common::spec(&dataset, common::small_params("encodec")));
    let stored = StoredRun {
        run: trained.run.clone(),
        history: Arc::new(trained.history.clone()),
        trainer: None,
        course: Default::default(),
        standardize: false,
    };
    write_run(&dir.path().join("7.safetensors"), &stored).unwrap();
    done(&dir, &["report", "--compare", "7.safetensors", "r/metrics.json", "--out", "side"]);
    let told = json(&dir, "side/compare.json");
    assert_eq!(told["runs"][0]["name"], "a run");
    assert_eq!(told["runs"][1]["name"], "r");
    let names: Vec<String> = text(&dir, "side/loss_over_steps.csv")
        .lines()
        .skip(1)
        .map(|l| l.split(',').next().unwrap().to_owned())
        .collect();
    assert!(names.iter().any(|name| name == "a run") && names.iter().any(|name| name == "r"), "{names:?}");
    // On other data they are judged by those.
    done(&dir, &["report", "x.npy", "--compare", "7.safetensors", "a.safetensors", "--out", "on"]);
    let told = json(&dir, "on/compare.json");
    assert_eq!(told["runs"][0]["source"], told["runs"][1]["source"]);
}

#[test]
fn models_alone_are_compared_by_their_buffers() {
    let dir = with_runs();
    let (_, err) = run(&dir, &["report", "--compare", "a.safetensors", "b.safetensors", "--out", "side"], 0);
    assert!(!err.contains("not judged by the same"), "{err}");
    assert!(err.contains("EMA view"), "{err}");
    let (page, layers) = (text(&dir, "side/compare.html"), text(&dir, "side/layers.csv"));
    assert!(page.contains("held against no frames") && page.contains("<figure id=\"perplexity\">"), "{page}");
    let head: Vec<&str> = layers.lines().next().unwrap().split(',').collect();
    assert!(head.contains(&"delta_perplexity") && !head.contains(&"snr_db"), "{head:?}");
}

#[test]
fn what_is_no_run_is_said() {
    let dir = with_runs();
    std::fs::write(dir.path().join("other.json"), "{\"layers\": []}").unwrap();
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    let cases: [(&[&str], i32, &str); 5] = [
        (&["--compare", "a.safetensors", "--out", "o"], 2, "two runs or more"),
        (&["--compare", "a.safetensors", "empty", "--out", "o"], 1, "no metrics.json in: empty"),
        (
            &["--compare", "a.safetensors", "other.json", "--out", "o"],
            1,
            "no metrics.json that rvqscope has written",
        ),
        (&["--compare", "a.safetensors", "nothing.pth", "--out", "o"], 1, "nothing.pth"),
        (
            &["--compare", "a.safetensors", "b.safetensors", "--decay", "0.5", "--out", "o"],
            2,
            "--decay is for training",
        ),
    ];
    for (args, code, words) in cases {
        let (_, err) = run(&dir, &[&["report"], args].concat(), code);
        assert!(err.contains(words), "{args:?}: {err}");
        assert!(!dir.path().join("o").exists(), "{args:?}");
    }
}

#[test]
fn figures_are_printed_in_the_form_that_is_asked_for() {
    let dir = with_runs();
    let base = ["report", "x.npy", "--model", "a.safetensors", "--out", "m", "--format"];
    let form = |form: &str| done(&dir, &[&base[..], &[form]].concat());
    let shown = form("table");
    assert!(shown.contains("SNR dB") && shown.trim_end().ends_with("report.html"), "{shown}");
    let latex = form("latex");
    assert_eq!(
        latex,
        text(&dir, "m/layers.tex").replace("a.safetensors: 400 frames, step 6", "a.safetensors: 400 frames")
    );
    assert!(
        latex.contains(
            "Layer & Used & Of K & Perplexity & Dead & Below thr. & MSE & SNR (dB) & Gain (dB) \\\\"
        ),
        "{latex}"
    );
    assert_eq!(form("markdown"), text(&dir, "m/layers.md"));
    // The digits of the screen, and in CSV all of them.
    let snr = shown
        .lines()
        .find(|line| line.trim_start().starts_with("1 "))
        .unwrap()
        .split_whitespace()
        .nth(7)
        .unwrap();
    assert!(latex.contains(&format!(" & {snr} & ")), "{snr} of {latex}");
    let csv = form("csv");
    let exact: f64 = csv.lines().nth(1).unwrap().split(',').nth(7).unwrap().parse().unwrap();
    assert_eq!(format!("{exact:.2}"), snr);
    let rows = done(
        &dir,
        &[
            &[
                "train",
                "x.npy",
                "--compare",
                "encodec,moshi",
                "--format",
                "markdown",
                "--layers",
                "1",
                "--codes",
                "4",
            ],
            &BASE[..6],
        ]
        .concat(),
    );
    assert!(rows.starts_with("| Run ") && rows.lines().count() == 4, "{rows}");
    assert!(run(&dir, &[&base[..], &["html"]].concat(), 2).1.contains("html"));
}
