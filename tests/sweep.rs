//! `rvqscope sweep`, run as a user runs it: its runs are trainings as they would be alone, and it is resumed to the same bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::clustered;
use serde_json::Value;
use tempfile::TempDir;

/// What all runs have in common.
const BASE: [&str; 8] = ["--kmeans-iters", "2", "--batch", "64", "--steps", "6", "--frame-rate", "50"];
const AXES: [&str; 6] = ["--sweep", "codes=4,8", "--sweep", "layers=1,2", "--seeds", "2"];

fn command(dir: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rvqscope"));
    command.args(args).current_dir(dir.path()).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(dir: &TempDir, args: &[&[&str]], code: i32) -> (String, String) {
    let Output { status, stdout, stderr } = command(dir, &args.concat()).output().unwrap();
    let (out, err) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert_eq!(status.code(), Some(code), "{args:?}: {out}{err}");
    assert!(!err.contains("panicked"), "{err}");
    (out, err)
}

fn sweep(dir: &TempDir, out: &str, args: &[&str], code: i32) -> (String, String) {
    run(dir, &[&["sweep", "x.npy", "--out", out], &BASE, args], code)
}

fn with_data() -> TempDir {
    let dir = TempDir::new().unwrap();
    rvqscope::io::write_f32_npy(&dir.path().join("x.npy"), clustered(5, 400, 5, 12).view()).unwrap();
    dir
}

/// Every file of a folder; the notes, which tell how long runs took, are left out.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let files = entries.map(|path| (name(&path), std::fs::read(&path).unwrap()));
    files.filter(|(name, _)| name != "resume.json").collect()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn each_run_is_a_training_alone() {
    let dir = with_data();
    let (printed, _) = sweep(&dir, "s", &AXES, 0);
    for (codes, layers, seed) in [("4", "1", "0"), ("8", "2", "1")] {
        let name = format!("codes-{codes}-layers-{layers}-seed-{seed}");
        let own = ["--codes", codes, "--layers", layers, "--seed", seed];
        run(&dir, &[&["train", "x.npy", "--out", "m.safetensors"], &BASE, &own], 0);
        run(&dir, &[&["report", "x.npy", "--out", "r"], &BASE, &own], 0);
        let bytes = |path: String| std::fs::read(dir.path().join(path)).unwrap();
        assert!(bytes(format!("s/{name}.safetensors")) == bytes("m.safetensors".to_owned()), "{name}");
        assert!(bytes(format!("s/{name}.json")) == bytes("r/metrics.json".to_owned()), "{name}");
    }

    let record = json(&dir.path().join("s/sweep.json"));
    assert_eq!(keys(&record), ["rvqscope", "schema", "source", "settings", "axes", "runs"]);
    assert_eq!((&record["schema"], &record["source"]["frames"]), (&Value::from(1), &Value::from(400)));
    assert_eq!(record["axes"][1], serde_json::json!({"flag": "layers", "values": ["1", "2"]}));
    let runs = record["runs"].as_array().unwrap();
    let labels: Vec<&str> = runs.iter().map(|run| run["label"].as_str().unwrap()).collect();
    assert_eq!(labels.len(), 8);
    assert_eq!(
        labels[..3],
        ["codes 4, layers 1, seed 0", "codes 4, layers 1, seed 1", "codes 4, layers 2, seed 0"]
    );
    let of_a_run = ["label", "values", "seed", "params", "steps", "state", "model", "totals", "layers"];
    assert_eq!(keys(&runs[7]), of_a_run);
    let alone = json(&dir.path().join("s/codes-8-layers-2-seed-1.json"));
    for key in ["params", "steps", "totals", "layers"] {
        assert_eq!(runs[7][key], alone[key], "{key}");
    }

    let csv = std::fs::read_to_string(dir.path().join("s/sweep.csv")).unwrap();
    let rows: Vec<&str> = csv.lines().collect();
    assert!(rows[0].starts_with("run,codes,layers,seed,state,steps,snr_db,bits_per_frame,"), "{}", rows[0]);
    assert!(rows[8].starts_with("\"codes 8, layers 2, seed 1\",8,2,1,done,6,"), "{}", rows[8]);
    let layers = alone["layers"].as_array().unwrap();
    let nats: f64 = layers.iter().map(|layer| layer["held_out"]["entropy_nats"].as_f64().unwrap()).sum();
    let bits: f64 = rows[8].rsplit(',').nth(5).unwrap().parse().unwrap();
    assert!((bits - nats / 2f64.ln()).abs() < 1e-9, "{bits} {nats}");

    let page = std::fs::read_to_string(dir.path().join("s/sweep.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("codes 8, layers 2, seed 1") && !page.contains("<script"));
    let printed: Vec<&str> = printed.lines().collect();
    assert_eq!((printed.len(), printed[0]), (6, "8 runs, mean ± standard deviation over seeds"));
    assert!(printed[1].contains("SNR dB") && printed[5].contains(" ± "), "{printed:?}");

    // What is there already is only printed again.
    let (csv, _) = sweep(&dir, "s", &[&AXES[..], &["--format", "csv"]].concat(), 0);
    let lines: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), 5, "a head and a line for each combination: {csv}");
    assert_eq!(lines[0][..5], ["codes", "layers", "runs", "snr_db", "snr_db_deviation"]);
    let snr = |seed: usize| record["runs"][seed]["totals"]["snr_db"].as_f64();
    let mean: f64 = lines[1][3].parse().unwrap();
    if let (Some(one), Some(other)) = (snr(0), snr(1)) {
        assert!((mean - (one + other) / 2.0).abs() < 1e-9, "{csv}");
    }
    assert!(lines[4][4].parse::<f64>().is_ok_and(|deviation| deviation > 0.0), "{csv}");
    let (latex, _) = sweep(&dir, "s", &[&AXES[..], &["--format", "latex"]].concat(), 0);
    assert!(latex.contains("\\toprule") && latex.contains("SNR (dB)"), "{latex}");
}

#[test]
#[cfg(unix)]
fn an_interrupted_sweep_is_resumed_to_the_same_bytes() {
    let dir = with_data();
    // Long enough to be met in the middle.
    let long = ["--sweep", "codes=4,8", "--sweep", "layers=1,2", "--metrics"];
    let base = ["sweep", "x.npy", "--kmeans-iters", "2", "--batch", "64", "--steps", "6000", "--out"];
    run(&dir, &[&base, &["whole"], &long], 0);
    let whole = files(&dir.path().join("whole"));
    assert_eq!(whole.len(), 4 * 3 + 3, "{:?}", whole.keys());

    let mut child = command(&dir, &[&base[..], &["parts"], &long].concat()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("run 2 of 4 (codes 4, layers 2)")));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(rest.last().unwrap().contains("the same command trains the others"), "{rest:?}");
    let parts = dir.path().join("parts");
    let state =
        |nth: usize| json(&parts.join("sweep.json"))["runs"][nth]["state"].as_str().unwrap().to_owned();
    assert_eq!((state(0).as_str(), state(3).as_str()), ("done", "planned"));
    let first =
        std::fs::metadata(parts.join("codes-4-layers-1-seed-0.safetensors")).unwrap().modified().unwrap();

    let (_, err) = run(&dir, &[&base, &["parts"], &long], 0);
    assert!(err.contains("of 4 runs are in the folder already"), "{err}");
    assert!(files(&parts) == whole, "the resumed sweep differs");

    // As an end without warning leaves it: figures that were not written any more, and a summary that lags behind.
    std::fs::remove_file(parts.join("codes-8-layers-1-seed-0.json")).unwrap();
    std::fs::write(parts.join("codes-8-layers-2-seed-0.safetensors"), "cut").unwrap();
    std::fs::remove_file(parts.join("codes-4-layers-2-seed-0.jsonl")).unwrap();
    std::fs::remove_file(parts.join("sweep.json")).unwrap();
    let (_, err) = run(&dir, &[&base, &["parts"], &long], 0);
    assert!(err.contains("1 of 4 runs are in the folder already"), "{err}");
    assert!(files(&parts) == whole, "the repaired sweep differs");
    let now =
        std::fs::metadata(parts.join("codes-4-layers-1-seed-0.safetensors")).unwrap().modified().unwrap();
    assert_eq!(now, first, "a run that was whole was trained again");
}

#[test]
fn a_folder_of_another_sweep_is_refused() {
    let dir = with_data();
    let one = ["--sweep", "codes=4,8", "--seeds", "1"];
    let refused = |args: &[&str], words: &str| {
        let (_, err) = sweep(&dir, "s", args, 1);
        let last = err.lines().last().unwrap();
        assert!(last.starts_with("error: ") && last.contains(words) && last.ends_with(": s"), "{last}");
    };
    sweep(&dir, "s", &one, 0);
    let before = files(&dir.path().join("s"));
    refused(&["--sweep", "codes=4,8", "--decay", "0.5"], "decay 0.99, and now it is 0.5");
    refused(&["--sweep", "codes=4,8", "--holdout", "0.2"], "holdout 0.1, and now it is 0.2");
    refused(&["--sweep", "codes=8,16"], "has runs that are not asked for now, such as codes-4-seed-0");
    assert!(files(&dir.path().join("s")) == before);

    // More values and seeds are another matter.
    let (_, err) = sweep(&dir, "s", &["--sweep", "codes=4,8,6", "--seeds", "2"], 0);
    assert!(err.contains("2 of 6 runs are in the folder already"), "{err}");
    assert!(files(&dir.path().join("s"))["codes-4-seed-0.json"] == before["codes-4-seed-0.json"]);

    let (_, err) = sweep(&dir, "s", &["--sweep", "decay=0.5,0.9", "--codes", "4", "--overwrite"], 0);
    assert!(!err.contains("already"), "{err}");
    let names: Vec<String> =
        files(&dir.path().join("s")).into_keys().filter(|n| n.ends_with("tensors")).collect();
    assert_eq!(names, ["decay-0.5-seed-0.safetensors", "decay-0.9-seed-0.safetensors"]);
    rvqscope::io::write_f32_npy(&dir.path().join("x.npy"), clustered(6, 410, 5, 12).view()).unwrap();
    refused(&["--sweep", "decay=0.5,0.9"], "x.npy has changed");

    std::fs::create_dir(dir.path().join("other")).unwrap();
    std::fs::write(dir.path().join("other/thesis.tex"), "kept").unwrap();
    for more in [&[][..], &["--overwrite"]] {
        let (_, err) = sweep(&dir, "other", &[&one[..], more].concat(), 1);
        assert!(err.contains("other things than a sweep"), "{err}");
    }
    assert!(sweep(&dir, "x.npy", &one, 1).1.contains("here is a file: x.npy"));
    assert!(sweep(&dir, "no/s", &one, 1).1.contains("does not exist"));
    assert_eq!(files(&dir.path().join("other")).len(), 1);
}

#[test]
fn axes_that_make_no_sense_are_wrong_usage() {
    let dir = with_data();
    for (args, words) in [
        (&["--sweep", "colour=red"][..], "no parameter \"colour\""),
        (&["--sweep", "metric=cosine"], "read by lucidrains"),
        (&["--sweep", "codes"], "codes=256,1024"),
        (&["--sweep", "codes=4,4"], "the value 4 twice"),
        (&["--sweep", "codes=4", "--sweep", "codebook_size=8"], "codes is swept twice"),
        (&["--sweep", "decay=2"], "decay"),
        (&["--sweep", "codes=4,8", "--codes", "16"], "--codes has to be left out"),
        (&["--sweep", "rule=moshi,encodec", "--rule", "moshi"], "--rule has to be left out"),
        (&["--sweep", "rule=moshi,encodec", "--threshold", "0.5"], "own unit"),
        (&["--sweep", "seed=1,2", "--seeds", "2"], "seed is swept"),
        (&["--sweep", "codes=4", "--seeds", "0"], "--seeds"),
        (&["--sweep", "codes=4", "--seeds", "1001"], "1001 trainings"),
        (&["--seeds"], "--seeds"),
        (&[], "--sweep"),
    ] {
        let (out, err) = sweep(&dir, "s", args, 2);
        assert!(out.is_empty() && err.contains(words), "{args:?}: {err}");
    }
    assert!(!dir.path().join("s").exists());
}

#[test]
fn a_run_that_fails_is_recorded_and_the_others_are_trained() {
    let dir = with_data();
    // Angles are from the origin, which standardizing moves.
    let metric = ["--rule", "lucidrains", "--sweep", "metric=cosine,euclidean"];
    let args = [&metric[..], &["--codes", "4", "--layers", "1", "--standardize"]].concat();
    let (out, err) = sweep(&dir, "s", &args, 1);
    assert!(err.lines().last().unwrap().starts_with("error: 1 of 2 runs failed: metric cosine: "), "{err}");
    assert!(out.contains("0 of 1"), "{out}");
    let runs = json(&dir.path().join("s/sweep.json"))["runs"].clone();
    assert_eq!((&runs[0]["state"], &runs[1]["state"]), (&Value::from("failed"), &Value::from("done")));
    assert!(runs[0]["error"].as_str().unwrap().contains("standardizing") && runs[0]["layers"].is_null());
    assert!(files(&dir.path().join("s")).contains_key("metric-euclidean-seed-0.safetensors"));
    // Tried again, it fails again, and the other one is not trained once more.
    assert!(sweep(&dir, "s", &args, 1).1.contains("1 of 2 runs are in the folder already"));
}

#[test]
fn rules_passes_and_a_start_can_be_part_of_a_sweep() {
    let dir = with_data();
    let (out, _) = sweep(&dir, "s", &["--sweep", "rule=rvqscope,moshi", "--codes", "4", "--layers", "1"], 0);
    assert!(out.starts_with("2 runs\n") && out.contains("moshi"), "{out}");
    let epochs = ["--kmeans-iters", "2", "--codes", "4", "--layers", "1", "--epochs", "3"];
    run(&dir, &[&["sweep", "x.npy", "--sweep", "batch=60,120", "--out", "e"], &epochs], 0);
    let runs = json(&dir.path().join("e/sweep.json"))["runs"].clone();
    assert_eq!((&runs[0]["steps"], &runs[1]["steps"]), (&Value::from(18), &Value::from(9)));
    let start = ["--init", "s/moshi-seed-0.safetensors"];
    let of_start = ["--batch", "64", "--steps", "6", "--frame-rate", "50"];
    run(&dir, &[&["sweep", "x.npy", "--sweep", "decay=0.5,0.9", "--out", "i"], &of_start, &start], 0);
    let runs = json(&dir.path().join("i/sweep.json"))["runs"].clone();
    assert_eq!(
        (&runs[1]["params"]["codebook_size"], &runs[1]["params"]["decay"]),
        (&Value::from(4), &Value::from(0.9))
    );
    let (_, err) =
        run(&dir, &[&["sweep", "x.npy", "--sweep", "codes=4,8", "--out", "n"], &of_start, &start], 2);
    assert!(err.contains("the model to start from decides it"), "{err}");
}
