//! The built binary, run as a user runs it: what each command prints and writes, and how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ndarray::{Array2, array};
use rvqscope::features::{EXTRACTORS, PARAMS};
use rvqscope::rvq::rules::RULES;
use serde_json::Value;
use tempfile::TempDir;

const SMALL: [&str; 10] =
    ["--layers", "2", "--codes", "8", "--kmeans-iters", "2", "--steps", "6", "--batch", "64"];

struct Outcome {
    code: i32,
    out: String,
    err: String,
}

fn rvqscope(dir: &TempDir, args: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rvqscope"));
    let done = command.args(args).current_dir(dir.path()).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    let done = done.stdin(Stdio::null()).env("RVQSCOPE_LANG", "en").output().unwrap();
    Outcome {
        code: done.status.code().unwrap_or(-1),
        out: String::from_utf8(done.stdout).unwrap(),
        err: String::from_utf8(done.stderr).unwrap(),
    }
}

fn done(dir: &TempDir, args: &[&str]) -> Outcome {
    let outcome = rvqscope(dir, args);
    assert_eq!(outcome.code, 0, "{args:?}: {}", outcome.err);
    outcome
}

/// The one line that a failing command ends with.
fn error(dir: &TempDir, args: &[&str], code: i32) -> String {
    let outcome = rvqscope(dir, args);
    assert_eq!(outcome.code, code, "{args:?}: {}{}", outcome.out, outcome.err);
    assert_eq!(outcome.out, "", "{args:?}");
    let errors: Vec<&str> = outcome.err.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{args:?}: {}", outcome.err);
    assert!(!outcome.err.contains("panicked"), "{args:?}: {}", outcome.err);
    errors[0].to_owned()
}

/// Frames about a few centres, from a small generator of its own.
fn frames(num_frames: usize, dim: usize) -> Array2<f32> {
    let mut state = 12345u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    Array2::from_shape_fn((num_frames, dim), |(t, d)| ((t * 7 + d * 3) % 5) as f32 + next())
}

fn with_data() -> TempDir {
    let dir = TempDir::new().unwrap();
    ndarray_npy::write_npy(dir.path().join("x.npy"), &frames(600, 6)).unwrap();
    dir
}

fn with_model() -> TempDir {
    let dir = with_data();
    let args = [&["train", "x.npy", "--out", "m.safetensors"], &SMALL[..]].concat();
    let outcome = done(&dir, &args);
    assert!(outcome.out.contains("60 held-out frames, 6 steps"), "{}", outcome.out);
    dir
}

fn exists(dir: &TempDir, name: &str) -> bool {
    dir.path().join(name).exists()
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn help_teaches_every_flag_of_every_rule() {
    let dir = TempDir::new().unwrap();
    let all = done(&dir, &["--help"]).out;
    for command in ["train", "sweep", "encode", "decode", "inspect", "report", "convert", "write-back"] {
        assert!(all.contains(command));
        let help = done(&dir, &[command, "--help"]).out;
        assert!(help.contains("Example") && help.contains("--as <model|features|codes>"), "{command}");
    }
    for rule in RULES {
        for command in ["train", "sweep", "report"] {
            let help = done(&dir, &[command, "--rule", rule.id(), "--help"]).out;
            for spec in rule.params() {
                assert!(
                    help.contains(&format!("--{} ", spec.flag))
                        || help.contains(&format!("--{}[", spec.flag)),
                    "{}",
                    spec.flag
                );
            }
            for spec in PARAMS {
                assert!(help.contains(&format!("--{} ", spec.flag)), "{}", spec.flag);
            }
        }
    }
    let threshold = |rule: &str| {
        let help = done(&dir, &["train", "--help", "--rule", rule]).out;
        help.lines().skip_while(|line| !line.contains("--threshold ")).take(6).collect::<String>()
    };
    assert!(threshold("rvqscope").contains("default: 0.1 x N/K"));
    assert!(threshold("gpt-sovits").contains("default: 2 frames"));
    for extractor in EXTRACTORS {
        assert!(done(&dir, &["encode", "--help"]).out.contains(extractor.id()));
    }
}

#[test]
fn wrong_usage_is_two() {
    let dir = with_data();
    for args in [
        &["tarin"][..],
        &["train", "x.npy"],
        &["train", "--out", "m.safetensors"],
        &["train", "x.npy", "--demo", "--out", "m.safetensors"],
        &["train", "x.npy", "--out", "m.safetensors", "--codes", "0"],
        &["train", "x.npy", "--out", "m.safetensors", "--decay", "1.5"],
        &["train", "x.npy", "--out", "m.safetensors", "--steps", "5", "--epochs", "2"],
        &["train", "x.npy", "--out", "m.safetensors", "--holdout", "1"],
        &["train", "x.npy", "--out", "m.safetensors", "--mfcc", "5"],
        &["train", "x.npy", "--out", "m.onnx"],
        &["train", "x.npy", "--out", "m.safetensors", "--init", "kmens"],
        &["report", "x.npy", "--model", "m.safetensors", "--codes", "9", "--out", "r"],
    ] {
        error(&dir, args, 2);
    }
    let known = rvqscope(&dir, &["train", "x.npy", "--rule", "encodce", "--out", "m.safetensors"]);
    assert_eq!(known.code, 2);
    assert!(RULES.iter().all(|rule| known.err.contains(rule.id())), "{}", known.err);
    assert_eq!(names(dir.path()), ["x.npy"]);
}

#[test]
#[cfg(not(feature = "gui"))]
fn without_a_window_it_says_so() {
    let dir = with_data();
    for args in [&[][..], &["x.npy"], &["no/such/file"]] {
        assert!(error(&dir, args, 2).contains("no window"));
    }
}

#[test]
fn threads_do_not_change_a_byte() {
    let dir = with_data();
    for threads in ["1", "4"] {
        let model = format!("m{threads}.safetensors");
        let args = [&["train", "x.npy", "--out", &model, "--threads", threads], &SMALL[..]].concat();
        done(&dir, &args);
    }
    let bytes = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
    assert_eq!(bytes("m1.safetensors"), bytes("m4.safetensors"));
    assert_eq!(names(dir.path()), ["m1.safetensors", "m4.safetensors", "x.npy"]);
}

#[test]
fn metrics_hold_a_line_a_step() {
    let dir = with_data();
    let args =
        [&["train", "x.npy", "--out", "m.safetensors", "--metrics", "steps.jsonl"], &SMALL[..]].concat();
    done(&dir, &args);
    let text = std::fs::read_to_string(dir.path().join("steps.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 6);
    for (line, step) in lines.iter().zip(1..) {
        assert_eq!((keys(line), &line["step"]), (vec!["step", "layers"], &Value::from(step)));
        assert_eq!(line["layers"].as_array().unwrap().len(), 2);
        for layer in line["layers"].as_array().unwrap() {
            let wanted = ["loss", "mse", "perplexity", "used", "below_threshold", "replaced", "drift"];
            assert_eq!(keys(layer), wanted);
        }
    }
}

#[test]
fn epochs_are_steps_of_the_training_frames() {
    let dir = with_data();
    // 540 frames are left to train on: 8 whole batches of 64 when shuffled, 9 with the rest when not.
    for (order, steps) in [("shuffled", "16 steps"), ("sequential", "18 steps")] {
        let base = ["train", "x.npy", "--out", "m.safetensors", "--epochs", "2", "--order", order];
        let outcome = done(&dir, &[&base[..], &SMALL[..6], &SMALL[8..]].concat());
        assert!(outcome.out.contains(steps), "{}", outcome.out);
    }
}

#[test]
fn codes_go_out_and_come_back() {
    let dir = with_model();
    let read = |name: &str| ndarray_npy::read_npy::<_, Array2<i32>>(dir.path().join(name)).unwrap();
    let read_f32 = |name: &str| ndarray_npy::read_npy::<_, Array2<f32>>(dir.path().join(name)).unwrap();
    done(&dir, &["encode", "m.safetensors", "x.npy", "--out", "c.npy"]);
    done(&dir, &["decode", "m.safetensors", "c.npy", "--out", "y.npy"]);
    assert_eq!((read("c.npy").dim(), read_f32("y.npy").dim()), ((2, 600), (600, 6)));
    let error = |a: &Array2<f32>, b: &Array2<f32>| (a - b).mapv(|v| v * v).mean().unwrap();
    let x = read_f32("x.npy");
    assert!(error(&x, &read_f32("y.npy")) < 0.5 * error(&x, &Array2::from_elem(x.dim(), x.mean().unwrap())));

    // The first layer alone, then the second on what the first left over, are both layers.
    done(&dir, &["encode", "m.safetensors", "x.npy", "--out", "c1.npy", "--layers", "1"]);
    done(&dir, &["decode", "m.safetensors", "c1.npy", "--out", "y1.npy"]);
    ndarray_npy::write_npy(dir.path().join("r.npy"), &(&x - &read_f32("y1.npy"))).unwrap();
    done(&dir, &["encode", "m.safetensors", "r.npy", "--out", "c2.npy", "--start", "1"]);
    assert_eq!((read("c1.npy").row(0), read("c2.npy").row(0)), (read("c.npy").row(0), read("c.npy").row(1)));
    done(&dir, &["decode", "m.safetensors", "c2.npy", "--start", "1", "--out", "y2.npy"]);
    assert!(error(&(read_f32("y1.npy") + read_f32("y2.npy")), &read_f32("y.npy")) < 1e-10);
}

#[test]
fn spans_and_codes_that_do_not_fit_are_refused() {
    let dir = with_model();
    ndarray_npy::write_npy(dir.path().join("bad.npy"), &array![[0i32, 99, 1], [0, 0, 0]]).unwrap();
    ndarray_npy::write_npy(dir.path().join("wide.npy"), &frames(40, 9)).unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["encode", "m.safetensors", "x.npy", "--layers", "3", "--out", "o.npy"], "m.safetensors"),
        (&["encode", "m.safetensors", "x.npy", "--start", "2", "--out", "o.npy"], "m.safetensors"),
        (&["encode", "m.safetensors", "wide.npy", "--out", "o.npy"], "m.safetensors"),
        (&["encode", "words.txt", "x.npy", "--out", "o.npy"], "words.txt"),
        (&["decode", "m.safetensors", "bad.npy", "--out", "o.npy"], "bad.npy"),
        (&["decode", "m.safetensors", "x.npy", "--out", "o.npy"], "x.npy"),
    ];
    for (args, path) in cases {
        let error = error(&dir, args, 1);
        assert!(error.ends_with(&format!(": {path}")), "{error}");
        assert!(!exists(&dir, "o.npy"));
    }
}

#[test]
fn a_model_is_inspected_and_converted() {
    let dir = with_model();
    let text = done(&dir, &["inspect", "m.safetensors"]).out;
    for words in [
        "layout       encodec\n",
        "codebooks    2 layers, K = ",
        "ema buffers  cluster_size",
        "6 steps under the rule rvqscope",
    ] {
        assert!(text.contains(words), "no {words:?} in {text}");
    }
    let json: Value = serde_json::from_str(&done(&dir, &["inspect", "m.safetensors", "--json"]).out).unwrap();
    assert_eq!(keys(&json), ["schema", "family", "metric", "layers", "findings", "notes"]);
    assert_eq!(json["layers"].as_array().unwrap().len(), 2);
    assert_eq!(keys(&json["layers"][0]), ["codes", "dim", "dtype", "buffers"]);
    done(&dir, &["convert", "m.safetensors", "--out", "n.safetensors"]);
    let bytes = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
    assert_eq!(bytes("m.safetensors"), bytes("n.safetensors"));
    assert!(error(&dir, &["convert", "m.safetensors", "--out", "n.onnx"], 2).contains(".safetensors"));
}

#[test]
fn training_goes_on_from_a_model() {
    let dir = with_model();
    let base = [
        "train",
        "x.npy",
        "--init",
        "m.safetensors",
        "--steps",
        "3",
        "--batch",
        "64",
        "--out",
        "n.safetensors",
    ];
    let outcome = done(&dir, &base);
    assert!(outcome.out.lines().count() >= 4 && !outcome.err.contains("k-means"), "{}", outcome.err);
    let clash = [&base[..], &["--codes", "16"]].concat();
    assert!(error(&dir, &clash, 1).ends_with("has 8: m.safetensors"));
}

#[test]
fn a_report_of_a_model_has_the_agreed_keys() {
    let dir = with_model();
    let base = ["report", "x.npy", "--model", "m.safetensors", "--frame-rate", "50"];
    done(&dir, &[&base[..], &["--out", "all"]].concat());
    let all = std::fs::read_to_string(dir.path().join("all/metrics.json")).unwrap();
    let all: Value = serde_json::from_str(&all).unwrap();
    assert!(all["layers"][0]["train"].is_null() && all["source"]["train_frames"] == 0);
    assert_eq!(all["source"]["held_out_frames"], all["source"]["frames"]);
    assert_eq!(all["layers"][0]["held_out"]["frames"], all["source"]["frames"]);
    done(&dir, &[&base[..], &["--holdout", "0.1", "--out", "r"]].concat());
    let text = std::fs::read_to_string(dir.path().join("r/metrics.json")).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    let agreed = ["rvqscope", "source", "params", "steps", "layers", "totals", "findings", "diagnosis"];
    assert_eq!(keys(&json), agreed);
    let source = ["paths", "frames", "dim", "frame_rate_hz", "train_frames", "held_out_frames"];
    assert_eq!(keys(&json["source"]), source);
    assert_eq!((&json["steps"], &json["params"]["seed"]), (&Value::from(6), &Value::from(0)));
    assert_eq!(keys(&json["layers"][0]), ["layer", "codes", "dim", "train", "held_out", "ema"]);
    let layer = "frames used utilization perplexity perplexity_mm entropy_nats gini dead_window dead_threshold dead_corpus \
                 mse snr_db snr_gain_db explained_variance";
    let totals = "snr_db mse explained_variance bit_efficiency nominal_kbps effective_kbps";
    for split in ["train", "held_out"] {
        assert_eq!(keys(&json["layers"][1][split]).join(" "), layer);
        assert_eq!(keys(&json["totals"][split]).join(" "), totals);
    }
    assert_eq!(json["totals"]["train"]["nominal_kbps"], Value::from(50.0 * 6.0 / 1000.0));
}

#[test]
fn a_report_of_a_model_needs_no_data() {
    let dir = with_model();
    let outcome = done(&dir, &["report", "--model", "m.safetensors", "--out", "r"]);
    assert!(outcome.out.contains("no frames") && outcome.out.contains("Layer 1: "), "{}", outcome.out);
    let text = std::fs::read_to_string(dir.path().join("r/metrics.json")).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    assert!(json["layers"][0]["held_out"].is_null() && json["totals"]["train"].is_null());
    assert!(json["layers"][1]["ema"]["perplexity"].is_number(), "{}", json["layers"][1]["ema"]);
    let refused = ["report", "--model", "m.safetensors", "--holdout", "0.1", "--out", "r"];
    assert!(error(&dir, &refused, 2).contains("no data are given"));
}

#[test]
fn the_demo_needs_no_screen_and_no_file() {
    let dir = TempDir::new().unwrap();
    let base = ["report", "--demo", "--features", "mfcc", "--out", "r"];
    let outcome = done(&dir, &[&base[..], &SMALL].concat());
    assert!(outcome.out.trim_end().ends_with("report.html"), "{}", outcome.out);
    let written = names(&dir.path().join("r"));
    for name in [
        "report.html",
        "metrics.json",
        "loss.csv",
        "loss.svg",
        "usage_heatmap.svg",
        "cluster_size_layer_2.csv",
    ] {
        assert!(written.iter().any(|one| one == name), "{name} is not among {written:?}");
    }
    assert_eq!(done(&dir, &[&["report", "--article", "--out", "r"][..], &SMALL].concat()).code, 0);
}

#[test]
fn what_cannot_be_written_is_told_before_training() {
    let dir = with_data();
    let endless = ["--steps", "100000000", "--codes", "8", "--kmeans-iters", "2"];
    let start = Instant::now();
    for (args, path) in [
        (&["train", "x.npy", "--out", "no/m.safetensors"][..], "no/m.safetensors"),
        (&["train", "x.npy", "--out", "m.safetensors", "--metrics", "no/m.jsonl"], "no/m.jsonl"),
        (&["report", "x.npy", "--out", "no/r"], "no/r"),
        (&["report", "x.npy", "--out", "x.npy"], "x.npy"),
    ] {
        let error = error(&dir, &[args, &endless].concat(), 1);
        assert!(error.ends_with(&format!(": {path}")), "{error}");
        assert!(error.contains("does not exist") || path == "x.npy", "{error}");
    }
    let read_only = dir.path().join("old.safetensors");
    std::fs::write(&read_only, "kept").unwrap();
    let mut permissions = read_only.metadata().unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&read_only, permissions).unwrap();
    let args = [&["train", "x.npy", "--out", "old.safetensors"][..], &endless].concat();
    assert!(error(&dir, &args, 1).ends_with("write-protected: old.safetensors"));
    assert_eq!(std::fs::read_to_string(&read_only).unwrap(), "kept");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn broken_inputs_are_one_line_with_the_path() {
    let dir = with_data();
    let mut nan = frames(50, 4);
    nan[[7, 2]] = f32::NAN;
    ndarray_npy::write_npy(dir.path().join("nan.npy"), &nan).unwrap();
    std::fs::write(dir.path().join("words.txt"), "not audio").unwrap();
    std::fs::write(dir.path().join("empty.wav"), "").unwrap();
    ndarray_npy::write_npy(dir.path().join("codes.npy"), &array![[0i64, 1, 2], [2, 1, 0]]).unwrap();
    for path in ["nan.npy", "words.txt", "empty.wav", "missing.npy"] {
        let error = error(&dir, &["train", path, "--out", "m.safetensors"], 1);
        assert!(error.ends_with(path), "{error}");
    }
    let of_codes = ["train", "codes.npy", "--as", "codes", "--out", "m.safetensors"];
    assert!(error(&dir, &of_codes, 1).ends_with("codes.npy"));
    std::fs::write(dir.path().join("words.txt"), "no numbers at all").unwrap();
    assert!(error(&dir, &["inspect", "words.txt"], 1).ends_with(": words.txt"));
    assert!(!exists(&dir, "m.safetensors"));
}

#[test]
fn degenerate_corpora_train() {
    let dir = TempDir::new().unwrap();
    ndarray_npy::write_npy(dir.path().join("few.npy"), &frames(20, 3)).unwrap();
    ndarray_npy::write_npy(dir.path().join("one.npy"), &frames(1, 3)).unwrap();
    ndarray_npy::write_npy(dir.path().join("same.npy"), &Array2::from_elem((300, 4), 2.5f32)).unwrap();
    ndarray_npy::write_npy(dir.path().join("zero.npy"), &Array2::<f32>::zeros((300, 4))).unwrap();
    let report = |name: &str, more: &[&str]| {
        let base = [
            "report",
            name,
            "--time-axis",
            "rows",
            "--out",
            "r",
            "--layers",
            "2",
            "--kmeans-iters",
            "2",
            "--steps",
            "4",
        ];
        let outcome = done(&dir, &[&base[..], more].concat());
        let json = std::fs::read_to_string(dir.path().join("r/metrics.json")).unwrap();
        (outcome, serde_json::from_str::<Value>(&json).unwrap())
    };
    let (few, _) = report("few.npy", &["--codes", "64"]);
    assert!(few.err.contains("note: There are more codes (64) than frames"), "{}", few.err);
    let (_, one) = report("one.npy", &["--codes", "4"]);
    assert_eq!((&one["source"]["train_frames"], &one["totals"]["held_out"]), (&Value::from(1), &Value::Null));
    let (same, json) = report("same.npy", &["--codes", "4"]);
    assert!(same.err.contains("note: All frames are the same"), "{}", same.err);
    assert_eq!(json["totals"]["train"]["explained_variance"], Value::Null);
    let (zero, json) = report("zero.npy", &["--codes", "4"]);
    assert!(zero.err.contains("all zero"), "{}", zero.err);
    assert_eq!(json["totals"]["train"]["snr_db"], Value::Null);
}

#[test]
#[cfg(unix)]
fn an_interrupt_leaves_no_file() {
    let dir = with_data();
    let args = ["train", "x.npy", "--out", "m.safetensors", "--metrics", "m.jsonl", "--codes", "8"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_rvqscope"))
        .args(args)
        .args(["--kmeans-iters", "2", "--steps", "100000000"])
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first line of a step tells that the handler is there and training runs.
    let stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut lines = std::io::BufRead::lines(stderr).map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("training")));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(rest.last().unwrap().contains("interrupted"), "{rest:?}");
    assert_eq!(names(dir.path()), ["x.npy"]);
}

#[test]
#[cfg(unix)]
fn a_closed_pipe_is_no_panic() {
    let dir = with_model();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rvqscope"))
        .args(["inspect", "m.safetensors", "--json"])
        .current_dir(dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!(
        (done.status.code(), String::from_utf8(done.stderr).unwrap().contains("panicked")),
        (Some(0), false)
    );
}

#[test]
fn rules_are_compared_in_a_row_each() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.npy");
    rvqscope::io::write_f32_npy(&path, frames(300, 4).view()).unwrap();
    let mut args = vec!["train", "x.npy", "--compare", "encodec,gpt-sovits:threshold=1,rvqscope"];
    args.extend(SMALL);
    args.extend(["--out", "models", "--metrics", "steps.jsonl"]);
    let printed = done(&dir, &args).out;
    let rows: Vec<&str> = printed.lines().collect();
    assert!(rows[0].contains("30 held-out frames, 6 steps, 2 layers"), "{printed}");
    let head = ["run", "SNR dB", "used", "perplexity", "below thr.", "replaced", "drift, all"];
    assert!(head.iter().all(|word| rows[1].contains(word)), "{printed}");
    let entries: Vec<&str> =
        rows[2..].iter().map(|row| row.split("  ").find(|w| !w.is_empty()).unwrap().trim()).collect();
    assert_eq!(entries, ["encodec", "gpt-sovits, threshold 1", "rvqscope"]);
    for name in ["1-encodec", "2-gpt-sovits-threshold-1", "3-rvqscope"] {
        let model = format!("models/{name}.safetensors");
        assert!(done(&dir, &["inspect", &model]).out.contains("encodec"), "{name}");
    }
    let text = std::fs::read_to_string(dir.path().join("steps.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 18);
    assert_eq!(
        (&lines[1]["entry"], &lines[1]["step"]),
        (&Value::from("gpt-sovits, threshold 1"), &Value::from(1))
    );
    assert!(lines[5]["layers"][1]["drift_all"].is_f64());

    let usage = |args: &[&str]| error(&dir, args, 2);
    assert!(usage(&["train", "x.npy", "--compare", "encodec"]).contains("at least two entries"));
    assert!(usage(&["train", "x.npy", "--compare", "encodec,nobody"]).contains("no rule \"nobody\""));
    assert!(
        usage(&["train", "x.npy", "--compare", "encodec,moshi", "--threshold", "0.5"]).contains("own unit")
    );
    assert!(usage(&["train", "--pitfall", "P3"]).contains("P1, P2, P4, P7"));
    let shown = done(&dir, &["train", "--pitfall", "p7", "--steps", "5"]).out;
    assert!(shown.starts_with("P7: A threshold that declares everything dead"), "{shown}");
}

/// A sound file and an archive unpack to what is allowed: by the flag, else by the environment, else by the program.
#[test]
fn what_may_be_unpacked_is_said_by_a_flag_or_the_environment() {
    let fixture = |name: &str| format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let run = |environment: Option<&str>, args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rvqscope"));
        command.args(args).stdin(Stdio::null()).env_remove("RVQSCOPE_UNPACK_LIMIT");
        let done = command.envs(environment.map(|limit| ("RVQSCOPE_UNPACK_LIMIT", limit))).output().unwrap();
        (done.status.code().unwrap(), String::from_utf8(done.stderr).unwrap())
    };
    for (file, size) in
        [("tone_16.flac", "1K"), ("containers/layers.npz", "64"), ("containers/deflated.pth", "64")]
    {
        let (file, enough) = (fixture(file), "1M");
        let refused = |(code, err): (i32, String)| {
            assert!(code == 1 && err.contains("allow more with --unpack-limit "), "{file}: {err}");
        };
        let opened =
            |(code, err): (i32, String)| assert!(code == 0 || !err.contains("unpack"), "{file}: {err}");
        opened(run(None, &["inspect", &file]));
        refused(run(None, &["inspect", &file, "--unpack-limit", size]));
        refused(run(None, &["--unpack-limit", size, "inspect", &file]));
        refused(run(Some(size), &["inspect", &file]));
        opened(run(Some(size), &["inspect", &file, "--unpack-limit", enough]));
        refused(run(Some(enough), &["inspect", &file, &format!("--unpack-limit={size}")]));
    }
    let file = fixture("tone_16.flac");
    let wanted = "must be a number of bytes, such as 512M or 2G";
    for (environment, args) in [
        (None, &["inspect", &file, "--unpack-limit", "much"][..]),
        (Some("much"), &["inspect", &file]),
        // Before a window would open.
        (None, &[&file, "--unpack-limit", "much"]),
        (None, &["--unpack-limit=", &file]),
    ] {
        let (code, err) = run(environment, args);
        assert!(
            code == 2 && err.contains(wanted) && err.to_lowercase().contains("unpack"),
            "{args:?}: {err}"
        );
    }
}

#[test]
fn what_fits_the_data_is_taken_where_no_flag_says_otherwise_and_told() {
    let dir = tempfile::tempdir().unwrap();
    rvqscope::io::write_f32_npy(&dir.path().join("x.npy"), frames(900, 4).view()).unwrap();
    let flags = [
        "train",
        "x.npy",
        "--out",
        "m.npz",
        "--layers",
        "2",
        "--codes",
        "8",
        "--fit-data",
        "--metrics",
        "m.jsonl",
    ];
    let fitted = done(&dir, &[&flags[..], &["--steps", "30"]].concat());
    let told: Vec<&str> = fitted.err.lines().filter(|line| line.starts_with("note: --")).collect();
    assert!(told.iter().any(|line| line.starts_with("note: --batch 810: ")), "{}", fitted.err);
    assert!(told.iter().any(|line| line.starts_with("note: --patience 100: ")), "{}", fitted.err);
    assert!(told.iter().all(|line| !line.starts_with("note: --steps")), "it was said: {}", fitted.err);
    let steps = std::fs::read_to_string(dir.path().join("m.jsonl")).unwrap().lines().count();
    assert_eq!(steps, 30);
    let looked = std::fs::read_to_string(dir.path().join("m.jsonl")).unwrap();
    assert_eq!(looked.lines().filter(|line| line.contains("held_out_mse")).count(), 3, "{looked}");

    // Epochs are of batches that fit: 8100 frames make 7 of them, and one of 4096.
    rvqscope::io::write_f32_npy(&dir.path().join("x.npy"), frames(9000, 4).view()).unwrap();
    let fitted = done(&dir, &[&flags[..], &["--epochs", "2"]].concat());
    assert!(fitted.err.contains("note: --batch 1024: "), "{}", fitted.err);
    let steps = std::fs::read_to_string(dir.path().join("m.jsonl")).unwrap().lines().count();
    assert_eq!(steps, 14);
}
