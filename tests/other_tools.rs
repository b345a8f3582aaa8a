//! What other programs read: TensorBoard's event files, completions of shells, manual pages, the desktop's menu. The scripts in `tests/tools` have
//! those programs themselves judge the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const SMALL: [&str; 9] =
    ["--article", "--layers", "2", "--codes", "8", "--kmeans-iters", "2", "--steps", "6"];

fn rvqscope(dir: &TempDir, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rvqscope"));
    command.args(args).current_dir(dir.path()).stdin(Stdio::null()).env("RVQSCOPE_LANG", "en");
    command.env("XDG_DATA_HOME", dir.path().join("data")).output().unwrap()
}

/// What a command prints.
fn done(dir: &TempDir, args: &[&str]) -> String {
    let Output { status, stdout, stderr } = rvqscope(dir, args);
    assert!(status.success(), "{args:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// How a command fails.
fn error(dir: &TempDir, args: &[&str]) -> String {
    let Output { status, stderr, .. } = rvqscope(dir, args);
    assert_eq!(status.code(), Some(1), "{args:?}");
    String::from_utf8(stderr).unwrap()
}

/// The fields of a message: number, and the value as it lies there.
fn fields(mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let len = match key & 7 {
            0 => bytes.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1,
            1 => 8,
            2 => varint(&mut bytes) as usize,
            5 => 4,
            wire => panic!("no such wire type: {wire}"),
        };
        let (value, rest) = bytes.split_at(len);
        found.push((key >> 3, value));
        bytes = rest;
    }
    found
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let len = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    let (value, rest) = bytes.split_at(len);
    *bytes = rest;
    value.iter().rev().fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f))
}

fn field(message: &[u8], number: u64) -> Option<&[u8]> {
    fields(message).into_iter().find(|(n, _)| *n == number).map(|(_, value)| value)
}

/// What one run has told.
#[derive(Default)]
struct Told {
    /// By tag and step.
    scalars: BTreeMap<(String, u64), f32>,
    /// The numbers of values in each histogram, by tag and step.
    histograms: BTreeMap<(String, u64), f64>,
    /// All bytes, for what else is there.
    bytes: Vec<u8>,
}

/// The one event file of a folder.
fn event_file(folder: &Path) -> PathBuf {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().contains("tfevents")).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

fn told(folder: &Path) -> Told {
    let bytes = std::fs::read(event_file(folder)).unwrap();
    let masked =
        |bytes: &[u8]| crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes();
    let mut told = Told::default();
    let mut rest = bytes.as_slice();
    let mut versions = 0;
    while !rest.is_empty() {
        let len = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        assert_eq!(rest[8..12], masked(&rest[..8]));
        let event = &rest[12..12 + len];
        assert_eq!(rest[12 + len..16 + len], masked(event));
        rest = &rest[16 + len..];
        versions += usize::from(field(event, 3) == Some(b"brain.Event:2"));
        let step = field(event, 2).map_or(0, |mut step| varint(&mut step));
        let values = field(event, 5).map(fields).unwrap_or_default();
        for (_, value) in values {
            let tag = (String::from_utf8(field(value, 1).unwrap().to_vec()).unwrap(), step);
            if let Some(scalar) = field(value, 2) {
                let scalar = f32::from_le_bytes(scalar.try_into().unwrap());
                assert_eq!(told.scalars.insert(tag, scalar), None, "a value was told twice");
            } else if let Some(histogram) = field(value, 5) {
                let doubles = |bytes: &[u8]| -> Vec<f64> {
                    bytes.chunks(8).map(|chunk| f64::from_le_bytes(chunk.try_into().unwrap())).collect()
                };
                let counts = doubles(field(histogram, 7).unwrap());
                assert_eq!(counts.len(), doubles(field(histogram, 6).unwrap()).len());
                told.histograms.insert(tag, counts.iter().sum());
            }
        }
    }
    assert_eq!(versions, 1);
    told.bytes = bytes;
    told
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn events_hold_what_metrics_and_report_hold() {
    let dir = TempDir::new().unwrap();
    let logs = ["--metrics", "m.jsonl", "--log-dir", "logs/a"];
    done(&dir, &[&["train", "--out", "m.safetensors"], &SMALL[..], &logs].concat());
    done(&dir, &[&["train", "--out", "plain.safetensors"], &SMALL[..]].concat());
    done(&dir, &[&["report", "--out", "r"], &SMALL[..]].concat());
    let bytes = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
    assert!(bytes("m.safetensors") == bytes("plain.safetensors"), "being watched changes a training");
    let told = told(&dir.path().join("logs/a"));
    let same = |tag: String, step: u64, value: &Value| {
        if let Some(value) = value.as_f64() {
            assert_eq!(told.scalars.get(&(tag.clone(), step)), Some(&(value as f32)), "{tag} at {step}");
        }
    };
    for line in String::from_utf8(bytes("m.jsonl")).unwrap().lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        for (layer, number) in record["layers"].as_array().unwrap().iter().zip(1..) {
            for (key, value) in layer.as_object().unwrap() {
                same(format!("layer_{number:02}/{key}"), record["step"].as_u64().unwrap(), value);
            }
        }
    }
    let report: Value = serde_json::from_slice(&bytes("r/metrics.json")).unwrap();
    for (key, value) in report["totals"]["train"].as_object().unwrap() {
        same(format!("train/{key}"), 6, value);
    }
    for (layer, number) in report["layers"].as_array().unwrap().iter().zip(1..) {
        for (key, value) in layer["train"].as_object().unwrap() {
            same(format!("layer_{number:02}/train/{key}"), 6, value);
        }
    }
    assert!(told.scalars.contains_key(&("layer_02/drift_all".to_owned(), 6)));
    for name in ["ema_cluster_size", "batch_counts", "counts"] {
        assert_eq!(told.histograms[&(format!("layer_01/{name}"), 6)], 8.0, "{name}: one value a code");
    }
    for text in ["_hparams_/session_start_info", "_hparams_/session_end_info", "| `codebook_size` | 8 |"] {
        assert!(holds(&told.bytes, text), "{text}");
    }
}

#[test]
fn a_folder_that_cannot_take_events_is_refused_before_anything_is_trained() {
    let dir = TempDir::new().unwrap();
    let train =
        |log_dir| [&["train", "--out", "m.safetensors"], &SMALL[..], &["--log-dir", log_dir]].concat();
    done(&dir, &train("logs"));
    std::fs::remove_file(dir.path().join("m.safetensors")).unwrap();
    let err = error(&dir, &train("logs"));
    assert!(err.contains("the events of another run") && err.trim_end().ends_with("logs"), "{err}");
    std::fs::write(dir.path().join("file"), "").unwrap();
    assert!(error(&dir, &train("file")).contains("error: "));
    assert!(error(&dir, &train("file/below")).contains("error: "));
    assert!(!dir.path().join("m.safetensors").exists());
    // What fails before its first step leaves no folder that would be in the way of the next attempt.
    let wrong = ["train", "no.npy", "--out", "m.safetensors", "--log-dir", "fresh"];
    error(&dir, &wrong);
    assert!(!dir.path().join("fresh").exists());
}

#[test]
fn several_runs_have_a_folder_each() {
    let dir = TempDir::new().unwrap();
    let compare = ["train", "--compare", "encodec,rvqscope", "--log-dir", "compared", "--article"];
    done(&dir, &[&compare[..], &SMALL[1..]].concat());
    for rule in ["encodec", "rvqscope"] {
        let told = told(&dir.path().join("compared").join(rule));
        assert!(told.scalars.contains_key(&("layer_02/mse".to_owned(), 6)), "{rule}");
    }
    let sweep = ["sweep", "--sweep", "decay=0.9,0.99", "--out", "s", "--log-dir", "logs"];
    let sweep = [&sweep[..], &SMALL[..]].concat();
    done(&dir, &sweep);
    let first = dir.path().join("logs/decay-0.9-seed-0");
    let (before, untouched) = (event_file(&first), event_file(&dir.path().join("logs/decay-0.99-seed-0")));
    // A run that is gone is trained again, and its events take the place of those that it had.
    std::fs::remove_file(dir.path().join("s/decay-0.9-seed-0.json")).unwrap();
    done(&dir, &sweep);
    assert_ne!(event_file(&first), before);
    assert!(untouched.exists() && told(&first).scalars.contains_key(&("layer_01/mse".to_owned(), 6)));
}

#[test]
fn every_shell_is_told_of_every_command() {
    let dir = TempDir::new().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = done(&dir, &["completions", shell]);
        for word in ["install-desktop", "write-back", "kmeans-iters", "lucidrains"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    // What is changed of the crate's own script.
    assert!(done(&dir, &["completions", "zsh"]).contains("\":: :{_rvqscope_commands; _files}\""));
}

#[test]
fn every_command_has_a_page_that_tells_of_every_flag() {
    let dir = TempDir::new().unwrap();
    assert!(done(&dir, &["man"]).contains(".TH rvqscope 1"));
    let written = done(&dir, &["man", "pages/man1"]);
    let help = done(&dir, &["--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.contains(&"train") && commands.contains(&"man"), "{commands:?}");
    for command in commands.into_iter().filter(|command| *command != "help") {
        let path = dir.path().join(format!("pages/man1/rvqscope-{command}.1"));
        assert!(written.contains(&format!("rvqscope-{command}.1\n")));
        let page = std::fs::read_to_string(path).unwrap().replace("\\-", "-");
        let help = done(&dir, &[command, "--help"]);
        let flags = help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2);
        for flag in flags.filter_map(|flag| flag.split(['=', ',', '`', ')', '[']).next()) {
            assert!(page.contains(flag), "{command}: {flag}");
        }
    }
}

#[test]
#[cfg(all(feature = "gui", target_os = "linux"))]
fn the_menu_entry_is_sound_and_all_of_it_is_taken_back() {
    let dir = TempDir::new().unwrap();
    let told = done(&dir, &["install-desktop"]);
    let paths: Vec<PathBuf> =
        told.lines().map(|line| PathBuf::from(line.strip_prefix("wrote ").unwrap())).collect();
    assert_eq!(paths.len(), 3);
    assert!(paths.iter().all(|path| path.starts_with(dir.path().join("data")) && path.is_file()), "{told}");
    let entry = std::fs::read_to_string(&paths[0]).unwrap();
    let binary = std::fs::canonicalize(env!("CARGO_BIN_EXE_rvqscope")).unwrap();
    assert!(entry.contains(&format!("\nExec=\"{}\" %F\n", binary.display())), "{entry}");
    if let Ok(judged) = Command::new("desktop-file-validate").arg(&paths[0]).output() {
        assert!(judged.status.success() && judged.stdout.is_empty(), "{judged:?}");
    }
    // Again, then back.
    done(&dir, &["install-desktop"]);
    let told = done(&dir, &["install-desktop", "--remove"]);
    assert_eq!(told.matches("removed ").count(), 3, "{told}");
    assert!(paths.iter().all(|path| !path.exists()));
    // A file of the same name that a user has written stays.
    std::fs::write(&paths[0], "[Desktop Entry]\n").unwrap();
    let err = error(&dir, &["install-desktop", "--remove"]);
    assert!(err.contains("has not written") && paths[0].exists(), "{err}");
}
