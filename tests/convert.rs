//! Models between containers, families and number types: what is written reads back, and what does not fit is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use ndarray::{Array1, Array2, array};
use rvqscope::io::tensors::NewTensor;
use rvqscope::io::{self, Dtype, LoadedModel, ModelTarget, NewFile, Opened, WRITERS};
use rvqscope::rvq::{Codebook, Metric, Rvq};
use rvqscope::task::{Cancel, Task};
use rvqscope::text::Message;
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

/// Whether `read` is `written`; of a bare array only rows are kept.
#[track_caller]
fn check_equal(read: &Rvq, written: &Rvq, rows_only: bool) {
    for (read, written) in read.layers().iter().zip(written.layers()) {
        assert_eq!(read.codebook.embed(), written.codebook.embed());
        assert!(rows_only || read == written, "{read:?}, not {written:?}");
    }
    assert_eq!(read.num_layers(), written.num_layers());
}

fn notes() -> BTreeMap<String, String> {
    BTreeMap::from([("rvqscope.steps".to_owned(), "7".to_owned())])
}

fn write(path: &Path, rvq: &Rvq, target: &ModelTarget) -> Result<Vec<String>, String> {
    let findings = io::write_model_as(path, rvq, None, &notes(), target).map_err(|err| err.to_string())?;
    Ok(findings.iter().map(Message::english).collect())
}

fn of(family: &str, dtype: Dtype) -> ModelTarget {
    ModelTarget { family: Some(family.to_owned()), dtype: Some(dtype) }
}

/// FNV-1a, 64 bits.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// Checksums of writers whose files PyTorch, NumPy and safetensors were seen to open. Where one changes, run
/// `tests/fixtures/check_round_trip.py` before the new one is put here.
const GOLDENS: &[(&str, Dtype, u64)] = &[
    ("safetensors", Dtype::F16, 0x11fa_a433_0eea_0663),
    ("safetensors", Dtype::Bf16, 0x6642_d828_7150_41fa),
    ("safetensors", Dtype::F32, 0x6e25_3747_4b97_ad3d),
    ("safetensors", Dtype::F64, 0xbfbc_cfcc_78d6_5f65),
    ("pth", Dtype::F16, 0xf3cc_94b8_e023_7594),
    ("pth", Dtype::Bf16, 0xd3af_9068_41df_4c7c),
    ("pth", Dtype::F32, 0x075a_749d_23da_cb0b),
    ("pth", Dtype::F64, 0x2989_df5b_c08a_668d),
    ("npz", Dtype::F16, 0xa739_e8af_1b06_e4f6),
    ("npz", Dtype::F32, 0x9082_b3fa_fed2_0dbf),
    ("npz", Dtype::F64, 0xce45_075d_1b66_a139),
    ("npy", Dtype::F16, 0x3702_fbe0_0a23_b0aa),
    ("npy", Dtype::F32, 0x71da_80fc_da04_0be9),
    ("npy", Dtype::F64, 0xd4cd_109b_5ca0_4291),
];

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
            wrong.push(format!("{ending} of {}: {found:#018x}", dtype.name()));
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
                let read = model(&path);
                assert_eq!(
                    (read.info.family.as_str(), read.info.layers[0].dtype.as_str()),
                    (family, dtype.name())
                );
                check_equal(&read.rvq, &small(), family == "bare");
            }
        }
    }
}

#[test]
fn a_nested_place_is_a_dictionary_again_in_pytorch_files_only() {
    let folder = TempDir::new().unwrap();
    let (flat, nested) = (folder.path().join("a.safetensors"), folder.path().join("a.pth"));
    write(&flat, &small(), &of("encodec", Dtype::F16)).unwrap();
    let mut info = model(&flat).info;
    info.place = "weight.".to_owned();
    for path in [&flat, &nested] {
        io::write_model_as(path, &small(), Some(&info), &BTreeMap::new(), &ModelTarget::default()).unwrap();
    }
    let has = |path: &Path, text: &str| {
        std::fs::read(path).unwrap().windows(text.len()).any(|part| part == text.as_bytes())
    };
    assert!(has(&flat, "weight.quantizer.vq.layers.1."));
    assert!(!has(&nested, "weight.quantizer") && has(&nested, "X\x06\0\0\0weight"));
    assert_eq!((model(&flat).info.place, model(&nested).info.place), ("weight.".into(), "weight.".into()));
}

#[test]
fn what_a_target_cannot_hold_is_told_or_refused() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let refused = |name: &str, rvq: &Rvq, target: &ModelTarget, part: &str| {
        let words = write(&at(name), rvq, target).unwrap_err();
        assert!(words.contains(part) && words.ends_with(name) && !at(name).exists(), "{words}");
    };
    let own = ModelTarget::default();
    refused("a.onnx", &small(), &own, "can be written as .safetensors, .npz, .pth, .pt, .th, .npy");
    refused("a.npz", &small(), &of("encodec", Dtype::Bf16), "no numbers of type bf16");
    refused("a.npy", &small(), &of("encodec", Dtype::F32), "one tensor without a name, but these are 8");

    let rows = array![[1.0f32, 0.0], [0.0, 1.0]];
    let cosine =
        Rvq::with_metric(vec![Codebook::from_rows(rows.clone()).unwrap().into()], Metric::Cosine).unwrap();
    refused("a.pth", &cosine, &own, "says that distances are cosine");
    refused("a.npy", &cosine, &own, "says that distances are cosine");
    assert_eq!(write(&at("c.safetensors"), &cosine, &own).unwrap(), [""; 0]);
    assert_eq!(model(&at("c.safetensors")).rvq.metric(), Metric::Cosine);

    let sums = rows.mapv(|v| f64::from(v) * 1e5);
    let large = Codebook::new(rows, Array1::from_elem(2, 1e5), sums).unwrap();
    let large = Rvq::new(vec![large.into()]).unwrap();
    refused(
        "a.pth",
        &large,
        &of("encodec", Dtype::F16),
        "cluster_size overflows f16: it holds 1e5, and the largest",
    );
    assert_eq!(write(&at("a.npz"), &large, &own).unwrap().len(), 1, "only the parameters are left out");

    let findings = write(&at("b.npy"), &small(), &own).unwrap();
    assert!(findings.iter().any(|f| f.contains("EMA state is left out")), "{findings:?}");
    // Rows without a state get one that holds them where a trainer wants it.
    let bare = model(&at("b.npy"));
    let findings = io::write_model_as(
        &at("d.safetensors"),
        &bare.rvq,
        Some(&bare.info),
        &notes(),
        &of("encodec", Dtype::F32),
    );
    assert!(findings.unwrap()[0].english().contains("holds no EMA state: one is made that keeps the rows"));
    let made = model(&at("d.safetensors"));
    check_equal(&made.rvq, &small(), true);
    assert!(made.rvq.layers()[0].codebook.cluster_size().iter().all(|&size| size > 2.0));
}

/// Runs the binary in `folder`; whether it went well, and what it said on each side.
fn rvqscope(folder: &Path, args: &[&str]) -> (bool, String, String) {
    run(Command::new(env!("CARGO_BIN_EXE_rvqscope")).args(args).current_dir(folder))
}

fn run(command: &mut Command) -> (bool, String, String) {
    let done = command.stdin(Stdio::null()).output().unwrap();
    (done.status.success(), String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
}

#[test]
fn the_commands_convert_and_write_back() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("old.safetensors"), &small(), &of("encodec", Dtype::F16)).unwrap();
    let (ok, out, err) = rvqscope(folder.path(), &["convert", "old.safetensors", "--out", "old.pth"]);
    assert!(ok && out == "old.pth\n" && err.contains("note: how the model was made"), "{out}{err}");
    assert_eq!(model(&at("old.pth")).info.layers[0].dtype, "f16", "its own type");
    let args = ["convert", "old.pth", "--to", "bare", "--dtype", "f32", "--out", "new.npy"];
    let (ok, _, err) = rvqscope(folder.path(), &args);
    assert!(ok && err.contains("note: the EMA state is left out"), "{err}");

    let rows: ndarray::Array3<f32> = ndarray_npy::read_npy(at("new.npy")).unwrap();
    ndarray_npy::write_npy(at("new.npy"), &(rows + 0.5)).unwrap();
    let args = ["write-back", "new.npy", "--into", "old.pth", "--out", "copy.pth", "--threshold", "3"];
    let (ok, out, err) = rvqscope(folder.path(), &args);
    assert!(ok && out == "copy.pth\n", "{out}{err}");
    assert!(
        err.contains("note: Wrote 2 of 2 codebooks back: 6 tensors of old.pth have new numbers"),
        "{err}"
    );
    let (old, copy) = (model(&at("old.pth")).rvq, model(&at("copy.pth")).rvq);
    for (old, copy) in old.layers().iter().zip(copy.layers()) {
        assert_eq!(copy.codebook.embed(), &old.codebook.embed() + 0.5);
        assert!(
            copy.codebook.cluster_size().iter().all(|&size| size == 4.0),
            "the power of two above 3 / 0.99"
        );
    }
    for (args, part) in [
        (&["convert", "old.pth", "--out", "a.pth", "--to", "nobody"][..], "invalid value 'nobody' for '--to"),
        (&["convert", "old.pth", "--out", "a.pth", "--dtype", "f8"], "invalid value 'f8' for '--dtype"),
        (&["write-back", "old.pth", "--into", "old.pth", "--out", "a.pth", "--decay", "2"], "a decay of 2"),
        (&["write-back", "old.pth", "--into", "old.pth", "--out", "a.pth", "--epsilon", "-1"], "--epsilon"),
        (&["write-back", "old.pth", "--out", "a.pth"], "--into <CHECKPOINT>"),
        (&["write-back", "old.pth", "--into", "no.pth", "--out", "a.pth"], "there is no such file: no.pth"),
    ] {
        let (ok, out, err) = rvqscope(folder.path(), args);
        assert!(!ok && out.is_empty() && err.contains(part), "{args:?}: {err}");
        assert!(!at("a.pth").exists());
    }
}

#[test]
fn a_model_may_be_said_to_be_one_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    // Rows and columns alone could be features; here they are the codebook of one layer.
    let rows = Array2::from_shape_fn((5, 3), |(k, d)| k as f32 + 0.25 * d as f32);
    ndarray_npy::write_npy(at("rows.npy"), &rows).unwrap();
    let (ok, _, err) =
        rvqscope(folder.path(), &["convert", "rows.npy", "--as", "model", "--out", "m.safetensors"]);
    assert!(ok, "{err}");
    let read = model(&at("m.safetensors")).rvq;
    assert_eq!((read.num_layers(), read.layers()[0].codebook.embed()), (1, rows.view()));
    ndarray_npy::write_npy(at("moved.npy"), &(rows + 1.0)).unwrap();
    let back =
        ["write-back", "moved.npy", "--into", "m.safetensors", "--as", "model", "--out", "n.safetensors"];
    let (ok, _, err) = rvqscope(folder.path(), &back);
    assert!(ok && err.contains("Wrote 1 of 1 codebooks back"), "{err}");
    assert_eq!(model(&at("n.safetensors")).rvq.layers()[0].codebook.embed()[[0, 0]], 1.0);
    for (command, needs) in [
        (&["convert", "rows.npy", "--out", "o.npz"][..], "convert needs a model"),
        (
            &["write-back", "rows.npy", "--into", "m.safetensors", "--out", "o.npz"],
            "write-back needs a model",
        ),
    ] {
        for said in ["features", "codes"] {
            let done = Command::new(env!("CARGO_BIN_EXE_rvqscope"))
                .args([command, &["--as", said]].concat())
                .current_dir(folder.path())
                .output()
                .unwrap();
            let err = String::from_utf8(done.stderr).unwrap();
            assert_eq!(done.status.code(), Some(2), "{err}");
            assert!(err.contains(needs) && err.contains(&format!("--as {said} contradicts it")), "{err}");
            assert!(!at("o.npz").exists());
        }
    }
    let decode = ["decode", "m.safetensors", "rows.npy", "--as", "model", "--out", "o.npy"];
    let (ok, _, err) = rvqscope(folder.path(), &decode);
    assert!(!ok && err.contains("decode needs codes beside the model"), "{err}");
}

/// Tensors that are named, in a checkpoint and in a changed copy of it that holds a quantizer of a known layout as well.
#[test]
fn write_back_goes_to_the_tensors_that_are_named() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let encodec = io::model::family("encodec").unwrap();
    let write_named = |name: &str, shift: f32| {
        let mut tensors = encodec.tensors(&small(), "", Dtype::F32).unwrap();
        for layer in 0..2 {
            let values = (0..15).map(|i| i as f32 + shift + layer as f32).collect();
            tensors.push(NewTensor {
                name: format!("rq.{layer}.w"),
                dtype: Dtype::F32,
                shape: vec![3, 5],
                values,
            });
        }
        let file = NewFile { tensors: &tensors, notes: &BTreeMap::new(), nested: None };
        io::write_tensors(&at(name), &file).unwrap();
    };
    write_named("old.safetensors", 0.0);
    write_named("new.safetensors", 0.5);
    let back = |model: &str, more: &[&str]| {
        let args = ["write-back", model, "--into", "old.safetensors", "--out", "out.safetensors"];
        rvqscope(folder.path(), &[&args[..], &["--codebook", "rq.{i}.w", "--transposed"], more].concat())
    };
    let bytes = |name: &str| std::fs::read(at(name)).unwrap();
    let (ok, _, err) = back("new.safetensors", &[]);
    assert!(ok && err.contains("Wrote 2 of 2 codebooks back: 2 tensors of old.safetensors"), "{err}");
    assert_eq!(bytes("out.safetensors"), bytes("new.safetensors"), "the named tensors and nothing else");
    // The same rows from a file of their own, whose distances are said.
    let rows =
        ndarray::Array3::from_shape_fn((2, 5, 3), |(layer, k, d)| (d * 5 + k) as f32 + 0.5 + layer as f32);
    ndarray_npy::write_npy(at("rows.npy"), &rows).unwrap();
    for metric in [&[][..], &["--metric", "cosine"]] {
        std::fs::remove_file(at("out.safetensors")).unwrap();
        let (ok, _, err) = back("rows.npy", metric);
        assert!(ok, "{err}");
        assert_eq!(bytes("out.safetensors"), bytes("new.safetensors"));
    }
    let (ok, _, err) = back("rows.npy", &["--cluster-size", "rq.{i}.n"]);
    assert!(!ok && err.contains("there is no tensor rq.0.n: old.safetensors"), "{err}");
}

/// The place that `write-back` names is the checkpoint's; the model may be a file of its own, or hold the same quantizers.
#[test]
fn write_back_goes_to_the_quantizer_that_is_named() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let encodec = io::model::family("encodec").unwrap();
    let tensors: Vec<NewTensor> = ["teacher.", "student."]
        .iter()
        .flat_map(|place| encodec.tensors(&small(), place, Dtype::F32).unwrap())
        .collect();
    let file = NewFile { tensors: &tensors, notes: &BTreeMap::new(), nested: None };
    io::write_tensors(&at("two.safetensors"), &file).unwrap();
    let rows: Vec<_> = small().layers().iter().map(|layer| &layer.codebook.embed() + 0.5).collect();
    let moved = Rvq::new(rows.into_iter().map(|rows| Codebook::from_rows(rows).unwrap().into()).collect());
    write(&at("moved.npy"), &moved.unwrap(), &ModelTarget::default()).unwrap();
    let into = |model: &str, checkpoint: &str, out: &str, quantizer: Option<&str>| {
        let args = ["write-back", model, "--into", checkpoint, "--out", out];
        let args = args.into_iter().chain(quantizer.into_iter().flat_map(|place| ["--quantizer", place]));
        rvqscope(folder.path(), &args.collect::<Vec<_>>())
    };
    let (ok, _, err) = into("moved.npy", "two.safetensors", "a.safetensors", None);
    assert!(!ok && err.contains("name the place of one with --quantizer: two.safetensors"), "{err}");
    let (ok, _, err) = into("moved.npy", "two.safetensors", "a.safetensors", Some("student"));
    assert!(ok && err.contains("Wrote 2 of 2 codebooks back"), "{err}");
    // Of two files that hold both, the one quantizer goes from place to place.
    let (ok, _, err) = into("a.safetensors", "two.safetensors", "b.safetensors", Some("teacher"));
    assert!(ok && err.contains("Wrote 0 of 2 codebooks back"), "{err}");
    let (ok, _, err) = into("a.safetensors", "two.safetensors", "c.safetensors", Some("student"));
    assert!(ok && err.contains("Wrote 2 of 2 codebooks back"), "{err}");
    let embeds = |name: &str| {
        let bytes = std::fs::read(at(name)).unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let is_row = |name: &str| name.ends_with(".embed");
        let mut rows: Vec<_> = tensors.iter().filter(|(name, _)| is_row(name)).collect();
        rows.sort_by_key(|(name, _)| name.to_string());
        rows.into_iter().map(|(name, tensor)| (name.to_owned(), tensor.data().to_vec())).collect::<Vec<_>>()
    };
    assert_eq!(embeds("a.safetensors"), embeds("c.safetensors"));
    assert_eq!(embeds("b.safetensors"), embeds("two.safetensors"));
    let (a, two) = (embeds("a.safetensors"), embeds("two.safetensors"));
    let pairs = a.iter().zip(&two).filter(|(a, two)| a.1 != two.1);
    let changed: Vec<&str> = pairs.map(|(a, _)| a.0.as_str()).collect();
    assert!(changed.len() == 2 && changed.iter().all(|name| name.starts_with("student.")), "{changed:?}");
}

/// A file size limit makes the system refuse as a full disk does, behind what was written already.
#[cfg(unix)]
#[test]
fn without_room_the_old_file_stays() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let rvq = Rvq::new(vec![Codebook::from_rows(Array2::ones((400, 16))).unwrap().into()]).unwrap();
    write(&at("model.safetensors"), &rvq, &ModelTarget::default()).unwrap();
    ndarray_npy::write_npy(at("x.npy"), &Array2::<f32>::ones((20_000, 16))).unwrap();
    ndarray_npy::write_npy(at("codes.npy"), &Array2::<i32>::zeros((1, 9000))).unwrap();
    let targets =
        ["out.pth", "out.npz", "out.safetensors", "codes-out.npy", "frames.npy", "copy.safetensors"];
    for target in targets {
        std::fs::write(at(target), "old").unwrap();
        let args = match target {
            "codes-out.npy" => "encode model.safetensors x.npy --out",
            "frames.npy" => "decode model.safetensors codes.npy --out",
            "copy.safetensors" => "write-back model.safetensors --into model.safetensors --out",
            _ => "convert model.safetensors --out",
        };
        let script = format!("trap '' XFSZ; ulimit -f 8; exec \"$0\" {args} {target}");
        let binary = env!("CARGO_BIN_EXE_rvqscope");
        let (ok, _, err) = run(Command::new("sh").args(["-c", &script, binary]).current_dir(folder.path()));
        assert!(
            !ok && err.contains(&format!(
                "there is no room left to write this file; what was there before is as it was: {target}"
            )),
            "{err}"
        );
        assert_eq!(std::fs::read(at(target)).unwrap(), b"old", "{target}");
    }
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 3 + targets.len(), "no temporary file stays");
}

/// Rights do not bind the superuser, under whom this shows nothing.
#[cfg(unix)]
#[test]
fn in_a_read_only_folder_the_old_file_stays() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("model.pth");
    std::fs::write(&path, "old").unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o555)).unwrap();
    let is_bound = tempfile::tempfile_in(folder.path()).is_err();
    let written = write(&path, &small(), &ModelTarget::default());
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    if is_bound {
        let words = written.unwrap_err();
        assert!(words.starts_with("nothing may be written there (permission denied)"), "{words}");
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
    }
}
