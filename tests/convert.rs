//! Models between containers, families and number types: what is written reads back, and what does not fit is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{Array1, Array2, array};
use rvqscope::io::{self, Dtype, LoadedModel, ModelTarget, Opened, WRITERS};
use rvqscope::rvq::{Codebook, Metric, Rvq};
use rvqscope::task::{Cancel, Task};
use tempfile::TempDir;

fn open(path: &Path) -> Opened {
    io::open(path, &Task::silent(&Cancel::default())).unwrap()
}

fn model(path: &Path) -> LoadedModel {
    let Opened::Model(model) = open(path) else { panic!("no model: {}", path.display()) };
    model
}

/// Two layers of numbers that every type holds.
fn small() -> Rvq {
    let layer = |shift: f32| {
        let rows = Array2::from_shape_fn((5, 3), |(k, d)| (k as f32 - 2.0) * 0.5 + d as f32 * 0.25 + shift);
        let sizes = Array1::from_shape_fn(5, |k| 2.5 + k as f64);
        let sums = rows.mapv(f64::from) * sizes.view().insert_axis(ndarray::Axis(1));
        Codebook::new(rows, sizes, sums.mapv(|v| (v * 16.0).round() / 16.0)).unwrap().into()
    };
    Rvq::new(vec![layer(0.0), layer(0.125)]).unwrap()
}

fn notes() -> BTreeMap<String, String> {
    BTreeMap::from([("rvqscope.steps".to_owned(), "7".to_owned())])
}

fn write(path: &Path, rvq: &Rvq, target: &ModelTarget) -> Result<Vec<String>, String> {
    io::write_model_as(path, rvq, None, &notes(), target).map_err(|err| err.to_string())
}

fn of(family: &str, dtype: Dtype) -> ModelTarget {
    ModelTarget { family: Some(family.to_owned()), dtype: Some(dtype) }
}

/// FNV-1a, 64 bits.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// What PyTorch, NumPy and safetensors were seen to open (`tests/fixtures/check_round_trip.py`), byte for byte.
const GOLDENS: &[(&str, Dtype, u64)] = &[];

#[test]
fn the_bytes_are_those_that_the_real_libraries_opened() {
    let folder = TempDir::new().unwrap();
    let mut wrong = Vec::new();
    for &(ending, dtype, golden) in GOLDENS {
        let path = folder.path().join(format!("model.{ending}"));
        let family = if ending == "npy" { "bare" } else { "encodec" };
        write(&path, &small(), &of(family, dtype)).unwrap();
        let found = hash(&std::fs::read(&path).unwrap());
        if found != golden {
            wrong.push(format!("(\"{ending}\", {dtype:?}, {found:#018x})"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join(",\n"));
}

#[test]
fn every_writer_writes_every_type_that_it_has() {
    let folder = TempDir::new().unwrap();
    for writer in WRITERS {
        for dtype in [Dtype::F16, Dtype::Bf16, Dtype::F32, Dtype::F64] {
            for ending in writer.extensions() {
                let path = folder.path().join(format!("{}.{ending}", dtype.name()));
                let family = if writer.is_nameless() { "bare" } else { "encodec" };
                let written = write(&path, &small(), &of(family, dtype));
                if !writer.holds(dtype) {
                    let words = written.unwrap_err();
                    assert!(words.contains(dtype.name()) && !path.exists(), "{words}");
                    continue;
                }
                let findings = written.unwrap();
                assert_eq!(
                    findings.iter().any(|f| f.contains("parameters and steps")),
                    !writer.keeps_notes()
                );
                let first = std::fs::read(&path).unwrap();
                write(&path, &small(), &of(family, dtype)).unwrap();
                assert_eq!(std::fs::read(&path).unwrap(), first, "the same bytes each time");
            }
        }
    }
}
