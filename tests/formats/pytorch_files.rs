//! PyTorch's files and NumPy's archives, written by PyTorch and NumPy (`tests/fixtures/make_containers.py`): every tensor is there, with its
//! numbers, whatever it lies in.

use std::collections::BTreeSet;

use rvqscope::io::tensors::Tensors;
use rvqscope::io::{Dtype, READERS, Source};

use super::*;

/// Gives the tensors of a file to `work`.
pub(super) fn with_tensors<T>(path: &Path, work: impl FnOnce(&dyn Tensors) -> T) -> Result<T, Problem> {
    let source = Source::open(path)?;
    let head = std::fs::read(path).unwrap();
    let reader =
        READERS.iter().find(|reader| reader.sniff(&head[..head.len().min(4096)], path)).expect("a reader");
    let tensors = reader.tensors(&source).expect("a container")?;
    Ok(work(&*tensors))
}

fn silent<T>(work: impl FnOnce(&Task<'_>) -> T) -> T {
    work(&Task::silent(&Cancel::default()))
}

fn container(name: &str) -> PathBuf {
    fixture("containers").join(name)
}

/// The names of `file`'s tensors in the table of what PyTorch read back.
fn expected_names(expected: &dyn Tensors, file: &str) -> Vec<String> {
    let start = format!("{file}/");
    expected.infos().keys().filter_map(|name| name.strip_prefix(&start).map(str::to_owned)).collect()
}

#[test]
fn every_tensor_has_the_numbers_that_its_library_reads() {
    let checked = with_tensors(&container("expected.safetensors"), |expected| {
        let mut files: BTreeSet<&str> = BTreeSet::new();
        files.extend(expected.infos().keys().filter_map(|name| name.split('/').next()));
        for file in &files {
            let found = with_tensors(&container(file), |found| {
                for name in expected_names(expected, file) {
                    let key = format!("{file}/{name}");
                    let info = found.infos().get(&name).unwrap_or_else(|| panic!("{key} is missing"));
                    assert_eq!(info.shape, expected.infos()[&key].shape, "{key}");
                    silent(|task| {
                        if info.dtype.is_float() {
                            assert_eq!(
                                found.floats(&name, task).unwrap(),
                                expected.floats(&key, task).unwrap(),
                                "{key}"
                            );
                            assert!(found.codes(&name, task).is_err(), "{key}");
                        } else {
                            assert_eq!(
                                found.codes(&name, task).unwrap(),
                                expected.codes(&key, task).unwrap(),
                                "{key}"
                            );
                            assert!(found.floats(&name, task).is_err(), "{key}");
                        }
                    });
                }
            });
            found.unwrap_or_else(|err| panic!("{file}: {err}"));
        }
        files.len()
    });
    assert!(checked.unwrap() > 20);
}

/// The numbers of a tensor by the places that [`Tensors::placed`] gives, one by one.
fn by_places(path: &Path, tensors: &dyn Tensors, name: &str) -> Option<Vec<f32>> {
    let placed = tensors.placed(name)?;
    let bytes = std::fs::read(path).unwrap();
    let count: usize = placed.shape.iter().product();
    let number = |index: usize| {
        let (mut rest, mut at) = (index, 0);
        for (&len, &stride) in placed.shape.iter().zip(&placed.strides).rev() {
            at += rest % len * stride;
            rest /= len;
        }
        let size = placed.dtype.size();
        let start = usize::try_from(placed.offset).unwrap() + at * size;
        let mut bytes = bytes[start..start + size].to_vec();
        if placed.big_endian {
            bytes.reverse();
        }
        match placed.dtype {
            Dtype::F16 => half::f16::from_le_bytes(bytes.try_into().unwrap()).to_f32(),
            Dtype::Bf16 => half::bf16::from_le_bytes(bytes.try_into().unwrap()).to_f32(),
            Dtype::F32 => f32::from_le_bytes(bytes.try_into().unwrap()),
            Dtype::F64 => f64::from_le_bytes(bytes.try_into().unwrap()) as f32,
            other => panic!("{other:?}"),
        }
    };
    Some((0..count).map(number).collect())
}

#[test]
fn tensors_lie_where_they_are_said_to() {
    let mut placed = 0;
    for entry in fixture("containers").read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name_of_file = path.file_name().unwrap().to_string_lossy().into_owned();
        let _ = with_tensors(&path, |tensors| {
            for (name, info) in tensors.infos().iter().filter(|(_, info)| info.dtype.is_float()) {
                let Some(numbers) = by_places(&path, tensors, name) else {
                    assert!(
                        name_of_file.contains("deflated")
                            || name_of_file == "layers.npz"
                            || name_of_file == "features.npz"
                    );
                    continue;
                };
                let read = silent(|task| tensors.floats(name, task)).unwrap();
                assert_eq!(
                    read.iter().copied().collect::<Vec<_>>(),
                    numbers,
                    "{name_of_file}, {name}: {info:?}"
                );
                placed += 1;
            }
        });
    }
    assert!(placed > 60, "{placed}");
}

#[test]
fn facts_beside_the_tensors_are_notes() {
    let notes = |file: &str| with_tensors(&container(file), |tensors| tensors.metadata().clone()).unwrap();
    let trainer = notes("trainer.pth");
    let note = |key: &str| trainer.get(key).map(String::as_str);
    assert_eq!(note("info"), Some("8epoch_96iteration"));
    assert_eq!(note("lora_rank"), Some("32"));
    assert_eq!(note("config.version"), Some("v2"));
    assert_eq!(note("config.train.learning_rate"), Some("0.0001"));
    assert_eq!(note("config.train.betas"), Some("0.8, 0.99"));
    assert_eq!(note("config.train.log"), None);
    let deep = notes("deep.pt");
    let facts = [("epoch", "12"), ("lr", "0.5"), ("done", "true"), ("counts.steps", "5"), ("size", "3, 4")];
    for (key, text) in facts {
        assert_eq!(deep.get(key).map(String::as_str), Some(text), "{key}");
    }
    assert_eq!(notes("deep_legacy.pt"), deep);
}

#[test]
fn flags_and_other_types_are_listed_but_not_read() {
    with_tensors(&container("types.pt"), |tensors| {
        assert_eq!(tensors.infos()["flag"].dtype, Dtype::Other("bool"));
        assert!(silent(|task| tensors.floats("flag", task)).is_err());
        assert_eq!(tensors.placed("flag"), None);
    })
    .unwrap();
}

#[test]
fn a_file_without_tensors_says_what_it_is() {
    let words = |file: &str| open(&container(file)).unwrap_err().problem.to_string();
    let pointer = words("pointer.bin");
    assert!(pointer.contains("facebook/encodec_32khz") && pointer.contains("no tensors"), "{pointer}");
    let nothing = words("no_tensors.pt");
    assert!(nothing.contains("epoch, names") && nothing.contains("state_dict"), "{nothing}");
    let other = words("other.zip");
    assert!(other.contains("readme.txt") && other.contains("zip archive"), "{other}");
}

#[test]
fn roots_that_are_tensors_are_features_or_codes() {
    for file in ["hubert.pt", "hubert_legacy.pt"] {
        let features = features(open(&container(file)).unwrap());
        assert_eq!(
            (features.values.view().dim(), features.time_axis),
            ((64, 9), TimeAxis::Columns),
            "{file}"
        );
    }
    assert_eq!(
        codes(open(&container("codes.pt")).unwrap()).values,
        array![[0u32, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    );
    let archived = codes(open(&container("codes.npz")).unwrap());
    assert_eq!(archived.values, array![[0u32, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]);
    assert_eq!(features(open(&container("features.npz")).unwrap()).values.view().dim(), (30, 64));
    assert_eq!(model(open(&container("stacked.npz")).unwrap()).rvq.num_layers(), 11);
}

#[test]
fn arrays_of_one_shape_are_codebooks_in_the_order_of_their_numbers() {
    // Eleven of them: 10 comes behind 9.
    let list = model(open(&container("list.pt")).unwrap()).rvq;
    let archive = model(open(&container("layers.npz")).unwrap()).rvq;
    let stacked = model(open(&container("stacked.npz")).unwrap()).rvq;
    assert_eq!((list.num_layers(), &list, &archive), (11, &stacked, &stacked));
    // A state of two matrices is none.
    let numbers = [0u8; 24];
    let state =
        safetensors(&[("0.weight", "F32", &[2, 3], &numbers), ("1.weight", "F32", &[2, 3], &numbers)]);
    check_refused(&state, "no quantizer of a known layout");
    let other_shape = safetensors(&[("0", "F32", &[2, 3], &numbers), ("1", "F32", &[3, 2], &numbers)]);
    check_refused(&other_shape, "no quantizer of a known layout");
}
