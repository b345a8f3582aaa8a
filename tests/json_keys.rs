//! The keys of what `--json` prints and of the files for programs are those that the documentation of `cli::json` lists: none more, none less.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use common::clustered;
use serde_json::Value;
use tempfile::TempDir;

const SMALL: [&str; 12] = [
    "--layers",
    "2",
    "--codes",
    "8",
    "--kmeans-iters",
    "2",
    "--steps",
    "6",
    "--batch",
    "64",
    "--frame-rate",
    "50",
];

/// What a line of the documentation says of a key.
#[derive(Debug)]
struct Listed {
    path: String,
    is_optional: bool,
}

/// The lists of the documentation, by what they are of.
fn listed() -> BTreeMap<String, Vec<Listed>> {
    let text = include_str!("../src/cli/json.rs");
    let lines = text.lines().filter_map(|line| line.strip_prefix("//!")).map(str::trim_end);
    let block: Vec<&str> = lines
        .skip_while(|line| line.trim() != "```text")
        .skip(1)
        .take_while(|line| line.trim() != "```")
        .collect();
    let mut lists: BTreeMap<String, Vec<Listed>> = BTreeMap::new();
    let mut name = String::new();
    for line in block {
        match line.strip_prefix("   ") {
            None => name = line.trim().to_owned(),
            Some(words) => {
                let words = words.split_whitespace();
                let keys = words.map(|word| (word.trim_end_matches('?'), word.ends_with('?')));
                let listed = keys.flat_map(|(word, is_optional)| {
                    expanded(word).into_iter().map(move |path| Listed { path, is_optional })
                });
                lists.entry(name.clone()).or_default().extend(listed);
            }
        }
    }
    lists
}

/// Of `a.{b,c[].{d,e}}.f` the paths that it stands for.
fn expanded(word: &str) -> Vec<String> {
    let Some((before, rest)) = word.split_once('{') else { return vec![word.to_owned()] };
    let (mut depth, mut end) = (0, rest.len());
    let mut cuts = vec![0];
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                end = at;
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => cuts.push(at + 1),
            _ => {}
        }
    }
    cuts.push(end + 1);
    let parts = cuts.windows(2).map(|cut| &rest[cut[0]..cut[1] - 1]);
    parts.flat_map(|part| expanded(&format!("{before}{part}{}", &rest[end + 1..]))).collect()
}

/// The paths of all keys of a value; what stands below a key that is listed with `*` is not told apart.
fn collect(value: &Value, path: &str, opaque: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if opaque.contains(path) => {
            found.extend((!fields.is_empty()).then(|| format!("{path}.*")));
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                found.insert(path.clone());
                collect(value, &path, opaque, found);
            }
        }
        Value::Array(entries) => {
            entries.iter().for_each(|entry| collect(entry, &format!("{path}[]"), opaque, found));
        }
        _ => {}
    }
}

/// Holds values of one kind against its list; `with_schema` where the first key is the version.
#[track_caller]
fn check(name: &str, with_schema: bool, values: &[Value]) {
    let lists = listed();
    let list = lists.get(name).unwrap_or_else(|| panic!("nothing is said of {name}"));
    let opaque = list.iter().filter_map(|key| key.path.strip_suffix(".*").map(str::to_owned)).collect();
    let mut found = BTreeSet::new();
    for value in values {
        collect(value, "", &opaque, &mut found);
        if with_schema {
            let first = value.as_object().unwrap().iter().next().unwrap();
            assert_eq!((first.0.as_str(), first.1), ("schema", &Value::from(1)), "{name}");
        }
    }
    let is_listed = |path: &&String| list.iter().any(|key| key.path == **path);
    let new: Vec<&String> = found.iter().filter(|path| !is_listed(path)).collect();
    let gone: Vec<&str> = list
        .iter()
        .filter(|key| !key.is_optional && !found.contains(&key.path))
        .map(|key| key.path.as_str())
        .collect();
    assert!(new.is_empty() && gone.is_empty(), "{name}: not listed: {new:?}; not there any more: {gone:?}");
}

fn run(dir: &TempDir, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rvqscope"));
    command.args(args).current_dir(dir.path()).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    // Nothing of it stays behind in the user's folders.
    command.env("RVQSCOPE_CACHE", "");
    let done = command.stdin(Stdio::null()).output().unwrap();
    let (out, err) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    // A repair after which nothing is better ends with 1, and has told what it tried.
    assert!(done.status.success() || args[0] == "repair", "{args:?}: {err}");
    out
}

fn json_of(dir: &TempDir, args: &[&str]) -> Value {
    serde_json::from_str(&run(dir, args)).unwrap()
}

fn file(dir: &TempDir, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(dir.path().join(name)).unwrap()).unwrap()
}

fn with_models() -> TempDir {
    let dir = TempDir::new().unwrap();
    rvqscope::io::write_f32_npy(&dir.path().join("x.npy"), clustered(5, 400, 5, 12).view()).unwrap();
    run(&dir, &[&["train", "x.npy", "--out", "m.safetensors"], &SMALL[..]].concat());
    // Half a codebook that nothing is near to: something to find and to mend.
    let mut rows = ndarray::Array3::<f32>::from_elem((1, 8, 5), 900.0);
    rows.slice_mut(ndarray::s![0, ..4, ..]).assign(&clustered(5, 4, 5, 4));
    ndarray_npy::write_npy(dir.path().join("bare.npy"), &rows).unwrap();
    dir
}

#[test]
fn lists_are_read_as_they_are_meant() {
    assert_eq!(expanded("a.{b,c[].{d,e}}.f"), ["a.b.f", "a.c[].d.f", "a.c[].e.f"]);
    assert_eq!(expanded("plain"), ["plain"]);
}

#[test]
fn doctor_and_repair() {
    let dir = with_models();
    let alone = json_of(&dir, &["doctor", "m.safetensors", "--json"]);
    let found = json_of(&dir, &["doctor", "m.safetensors", "x.npy", "--json"]);
    let broken = json_of(&dir, &["doctor", "bare.npy", "x.npy", "--json"]);
    check("doctor", true, &[alone, found, broken]);
    let args = [
        "repair",
        "m.safetensors",
        "x.npy",
        "--fix",
        "replace-dead,refit",
        "--out",
        "r.safetensors",
        "--json",
    ];
    check("repair", true, &[json_of(&dir, &args)]);
}

#[test]
fn inspect() {
    let dir = with_models();
    run(&dir, &["encode", "m.safetensors", "x.npy", "--out", "codes.npy"]);
    let wav = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(dir.path().join("a.wav"), wav).unwrap();
    (0..8000i16).for_each(|t| writer.write_sample(t % 100 * 50).unwrap());
    writer.finalize().unwrap();
    let of = |name: &str| json_of(&dir, &["inspect", name, "--json"]);
    let models = [of("m.safetensors"), json_of(&dir, &["inspect", "bare.npy", "--as", "model", "--json"])];
    check("inspect, a model", true, &models);
    check("inspect, features", true, &[of("x.npy")]);
    check("inspect, codes", true, &[of("codes.npy")]);
    check("inspect, audio", true, &[of("a.wav")]);
    let train = ["train", "a.wav", "--features", "log-mel", "--out", "mel.safetensors"];
    run(
        &dir,
        &[&train[..], &["--layers", "1", "--codes", "4", "--steps", "2", "--kmeans-iters", "1"]].concat(),
    );
    let listen = ["listen", "a.wav", "--model", "mel.safetensors", "--out", "heard.wav", "--json"];
    check("listen", true, &[json_of(&dir, &listen)]);
}

#[test]
fn files_for_programs() {
    let dir = with_models();
    run(&dir, &[&["report", "x.npy", "--out", "r"], &SMALL[..]].concat());
    run(&dir, &["report", "--model", "m.safetensors", "--out", "alone"]);
    check("metrics.json", false, &[file(&dir, "r/metrics.json"), file(&dir, "alone/metrics.json")]);
    run(&dir, &["report", "x.npy", "--compare", "r", "m.safetensors", "--out", "side"]);
    check("compare.json", false, &[file(&dir, "side/compare.json")]);
    assert_eq!(file(&dir, "side/compare.json")["schema"], 1);
    let sweep = ["sweep", "x.npy", "--sweep", "codes=4,8", "--out", "sweep", "--layers", "2", "--steps", "6"];
    run(&dir, &[&sweep[..], &["--kmeans-iters", "2", "--batch", "64", "--frame-rate", "50"]].concat());
    check("sweep.json", false, &[file(&dir, "sweep/sweep.json")]);
    assert_eq!(file(&dir, "sweep/sweep.json")["schema"], 1);
}

#[test]
fn watch() {
    let dir = with_models();
    std::fs::create_dir(dir.path().join("ckpt")).unwrap();
    for (name, seed) in [("ckpt/step_10.safetensors", "1"), ("ckpt/step_20.safetensors", "2")] {
        run(&dir, &[&["train", "x.npy", "--seed", seed, "--out", name], &SMALL[..]].concat());
    }
    let told = run(&dir, &["watch", "ckpt", "--probe", "x.npy", "--once", "--json"]);
    let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().filter(|line| line["event"] == "checkpoint").count(), 2, "{told}");
    check("watch, a line", true, &lines);
}
