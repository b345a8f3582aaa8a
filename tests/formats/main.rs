//! Files as people have them: what is written reads back, what is broken is refused in a sentence.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2, array};
use rvqscope::io::{self, FileError, Opened, Problem, TimeAxis};
use rvqscope::rvq::{Codebook, Layer, LayerSpan, Metric, Projection, Rvq};
use rvqscope::task::{Cancel, Task};
use tempfile::TempDir;

mod clip_files;
mod coded_files;
mod codes_files;
#[path = "../files/mod.rs"]
mod files;
mod models;
mod npy_files;
mod paths;
mod pytorch_files;
mod real_files;
mod replacing;
mod round_trips;
mod shared_pickles;
mod tables;
mod text_files;
mod wav_files;
mod wild_files;

use files::{npy, safetensors, wav};

fn open(path: &Path) -> Result<Opened, FileError> {
    io::open(path, &Task::silent(&Cancel::default()))
}

/// Writes `bytes` to a file and opens it. The name gives nothing away.
fn open_bytes(bytes: &[u8]) -> Result<Opened, FileError> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    open(&path)
}

/// The sentence with which `bytes` are refused, without the path.
#[track_caller]
fn refusal(bytes: &[u8]) -> String {
    open_bytes(bytes).expect_err("should be refused").problem.to_string()
}

#[track_caller]
fn check_refused(bytes: &[u8], part: &str) {
    let words = refusal(bytes);
    assert!(words.contains(part), "{words:?} does not say {part:?}");
}

#[track_caller]
fn audio(opened: Opened) -> rvqscope::audio::Audio {
    let Opened::Audio(audio) = opened else { panic!("no audio: {opened:?}") };
    audio
}

#[track_caller]
fn features(opened: Opened) -> io::RawFeatures {
    let Opened::Features(features) = opened else { panic!("no features: {opened:?}") };
    features
}

#[track_caller]
fn codes(opened: Opened) -> io::Codes {
    let Opened::Codes(codes) = opened else { panic!("no codes: {opened:?}") };
    codes
}

#[track_caller]
fn model(opened: Opened) -> io::LoadedModel {
    let Opened::Model(model) = opened else { panic!("no model: {opened:?}") };
    model
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}
