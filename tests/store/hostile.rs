//! Files that are cut short, damaged, of a newer version, or made to hurt: a sentence that names the file, never a panic, no memory beyond the file's.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rvqscope::rvq::{Codebook, Rvq};
use rvqscope::store::{Folder, StoreError, StoredRun, read_run, write_run};
use serde_json::{Value, json};

use crate::counting;
use crate::samples::{Dice, assert_same, bytes, loaded, trained};

/// What reading may cost beyond so many times the file's size.
const TIMES: usize = 8;
const SLACK: usize = 1 << 20;

/// A file that is written anew for each try.
struct Bench {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("5.safetensors");
        Self { _folder: folder, path }
    }

    /// Reads `bytes` as a run, and looks at what it costs and at what is said.
    #[track_caller]
    fn read(&self, bytes: &[u8]) -> Result<StoredRun, StoreError> {
        self.read_at(bytes, TIMES)
    }

    #[track_caller]
    fn read_at(&self, bytes: &[u8], times: usize) -> Result<StoredRun, StoreError> {
        std::fs::write(&self.path, bytes).unwrap();
        let (cost, read) = counting::cost(|| read_run(&self.path));
        assert!(cost <= times * bytes.len() + SLACK, "{cost} bytes of memory for {}", bytes.len());
        if let Err(err) = &read {
            check_words(err, &self.path);
        }
        read
    }

    #[track_caller]
    fn refuse(&self, bytes: &[u8], why: &str) {
        match self.read(bytes) {
            Err(err @ StoreError::Broken(_)) => assert!(err.to_string().contains(why), "{why}: {err}"),
            Err(other) => panic!("{why}: {other}"),
            Ok(_) => panic!("{why}: it was read"),
        }
    }
}

/// One sentence that names the file.
#[track_caller]
fn check_words(err: &StoreError, path: &Path) {
    let words = err.to_string();
    assert!(words.ends_with(&path.display().to_string()), "{words}");
    assert!(!words.contains('\n') && words.len() < 700 && !words.starts_with(':'), "{words}");
    assert!(err.is_content(), "{err:?}");
}

/// The same file with a checksum that is right, so that what stands behind it is put to the test.
fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    let body = bytes.len().saturating_sub(4);
    let crc = crc32fast::hash(&bytes[..body]);
    bytes[body..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// The header and the numbers of a file.
fn apart(bytes: &[u8]) -> (Value, Vec<u8>) {
    let len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    (serde_json::from_slice(&bytes[8..8 + len]).unwrap(), bytes[8 + len..].to_vec())
}

fn together(header: &Value, numbers: &[u8]) -> Vec<u8> {
    let text = header.to_string();
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.bytes());
    bytes.extend(numbers);
    summed(bytes)
}

/// A file whose header, or whose description of the run, is another.
fn changed(bytes: &[u8], header: impl Fn(&mut Value), doc: impl Fn(&mut Value)) -> Vec<u8> {
    let (mut head, numbers) = apart(bytes);
    let offsets = |head: &Value| {
        let ends = head["run"]["data_offsets"].as_array().unwrap();
        (ends[0].as_u64().unwrap() as usize, ends[1].as_u64().unwrap() as usize)
    };
    let (start, end) = offsets(&head);
    let mut run: Value = serde_json::from_slice(&numbers[start..end]).unwrap();
    doc(&mut run);
    let run = run.to_string();
    let new = [&numbers[..start], run.as_bytes(), &numbers[end..]].concat();
    head["run"] = json!({"dtype": "U8", "shape": [run.len()], "data_offsets": [start, start + run.len()]});
    let close = start + run.len();
    head["checksum"]["data_offsets"] = json!([close, close + 4]);
    header(&mut head);
    together(&head, &new)
}

/// A small file, of which every byte is tried, and one with everything in it, of which some are.
fn samples() -> [(StoredRun, usize); 2] {
    let rows = ndarray::array![[0.5, -2.0], [1.0, 3.0]];
    let small = loaded("small", Rvq::new(vec![Codebook::from_rows(rows).unwrap().into()]).unwrap());
    [(small, 1), (trained("moshi", 3).0, 37)]
}

#[test]
fn cut_short_anywhere_it_is_refused() {
    let bench = Bench::new();
    for (run, step) in samples() {
        let bytes = bytes(&run);
        for len in (0..bytes.len()).step_by(step) {
            let err = bench.read(&bytes[..len]).expect_err("a part of a file");
            assert!(matches!(err, StoreError::Broken(_)), "{len}: {err:?}");
        }
        bench.refuse(&[], "empty");
        bench.refuse(&[&bytes[..], b"more"].concat(), "checksum");
    }
}

#[test]
fn every_bit_that_turns_over_is_seen() {
    let bench = Bench::new();
    let mut dice = Dice::new(1);
    for (run, step) in samples() {
        let sound = bytes(&run);
        for at in (0..sound.len()).step_by(step) {
            let mut bytes = sound.clone();
            bytes[at] ^= 1 << dice.below(8);
            match bench.read(&bytes) {
                Err(_) => {}
                Ok(back) => assert_same(&back, &run),
            }
        }
    }
}

#[test]
fn files_made_to_hurt_do_not() {
    let bench = Bench::new();
    let mut dice = Dice::new(2);
    let start = Instant::now();
    let mut reads = (0, 0);
    while start.elapsed() < Duration::from_secs(4) {
        let sound = if dice.heads() { bytes(&dice.run()) } else { bytes(&trained("encodec", 2).0) };
        for _ in 0..40 {
            let mut bytes = sound.clone();
            for _ in 0..1 + dice.below(4) {
                // Mostly in the header, where most can go wrong.
                let end = if dice.heads() { bytes.len() } else { bytes.len().min(600) };
                let at = dice.below(end);
                match dice.below(3) {
                    0 => bytes[at] ^= 1 << dice.below(8),
                    1 => bytes[at] = b"0123456789,[]{}\":e-"[dice.below(19)],
                    _ => {
                        let to = at + dice.below(9).min(bytes.len() - at);
                        bytes.splice(at..to, std::iter::repeat_n(b'9', to - at));
                    }
                }
            }
            match bench.read(&summed(bytes)) {
                Ok(_) => reads.0 += 1,
                Err(_) => reads.1 += 1,
            }
        }
    }
    assert!(reads.1 > 20, "the checksums are right, so that more than these is looked at: {reads:?}");
}

#[test]
fn a_newer_version_is_told_as_such_and_not_as_damage() {
    let bench = Bench::new();
    let sound = bytes(&trained("encodec", 2).0);
    for version in ["2", "900"] {
        let newer = changed(&sound, |head| head["__metadata__"]["rvqscope.store"] = json!(version), |_| {});
        match bench.read(&newer) {
            Err(StoreError::Newer { found, known: 1, .. }) => assert_eq!(found.to_string(), version),
            other => panic!("{other:?}"),
        }
    }
    for other in ["", "x", "0", "-1"] {
        let other = changed(&sound, |head| head["__metadata__"]["rvqscope.store"] = json!(other), |_| {});
        bench.refuse(&other, "not a run that rvqscope has stored");
    }
    // A checkpoint of somebody else is no run.
    let checkpoint =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families/encodec.safetensors");
    bench.refuse(&std::fs::read(checkpoint).unwrap(), "not a run that rvqscope has stored");
    bench.refuse(b"PK\x03\x04 and so on, at some length", "not a run");
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let bench = Bench::new();
    let sound = bytes(&trained("encodec", 2).0);
    assert!(bench.read(&changed(&sound, |_| {}, |_| {})).is_ok(), "taken apart and put together it is sound");
    type Change = fn(&mut Value);
    let doc: &[(&str, Change)] = &[
        ("layers", |run| run["rvq"]["layers"].as_array_mut().unwrap().truncate(1)),
        ("layers", |run| run["rvq"]["chains"][0]["layers"] = json!(u64::MAX)),
        ("layers", |run| run["rvq"]["chains"] = json!([])),
        ("do not make a quantizer", |run| run["rvq"]["dim"] = json!(u64::MAX)),
        ("dimensions", |run| {
            run["rvq"]["dim"] = json!(1u64 << 60);
            run["rvq"]["chains"][0]["columns"]["end"] = json!(1u64 << 60);
        }),
        ("columns", |run| run["rvq"]["chains"][0]["columns"]["start"] = json!(9)),
        ("stride", |run| run["rvq"]["layers"][1]["stride"] = json!(0)),
        ("strides", |run| run["rvq"]["layers"][1]["stride"] = json!(u64::MAX)),
        ("in_weight", |run| run["rvq"]["layers"][1]["has_projection"] = json!(true)),
        ("euclidean", |run| run["rvq"]["metric"] = json!("none")),
        ("rule", |run| run["params"]["rule"] = json!("none")),
        ("decay", |run| run["params"]["decay"] = json!("much")),
        ("parameter", |run| run["live_edits"][0]["key"] = json!("none")),
        ("states", |run| run["states"] = json!([])),
        ("figures", |run| run["held_out"]["layers"].as_array_mut().unwrap().truncate(2)),
        ("more codes", |run| run["held_out"]["own"]["frames"] = json!(1)),
        ("does not fit its quantizer", |run| run["trainer"]["step"] = json!(0)),
        ("states of", |run| run["trainer"]["layers"].as_array_mut().unwrap().truncate(2)),
        ("does not fit together", |run| run["trace"]["every"] = json!(0)),
        ("does not fit together", |run| run["trace"]["from"] = json!(u64::MAX)),
        ("of later steps", |run| run["steps"] = json!(1)),
        ("is missing", |run| drop(run.as_object_mut().unwrap().remove("trace"))),
        ("trainer.trace.steps", |run| run["trainer"]["tracer"]["own"] = json!({"from": 0, "every": 1})),
        ("name", |run| *run = json!({})),
        ("description", |run| *run = json!([1, 2])),
        ("integer `-1`", |run| run["source"]["frames"] = json!(-1)),
    ];
    for (nth, (why, change)) in doc.iter().enumerate() {
        let bytes = changed(&sound, |_| {}, change);
        if *why == "states" {
            // States may be missing: those of a loaded model are.
            assert!(bench.read(&bytes).is_ok());
            continue;
        }
        match bench.read(&bytes) {
            Err(err @ StoreError::Broken(_)) => assert!(err.to_string().contains(why), "{nth}, {why}: {err}"),
            other => panic!("{nth}, {why}: {other:?}"),
        }
    }
    let head: &[(&str, Change)] = &[
        ("header", |head| head["rvq.layers.0.embed"]["shape"] = json!([u64::MAX, u64::MAX])),
        ("header", |head| head["rvq.layers.0.embed"]["data_offsets"] = json!([0, u64::MAX])),
        ("another shape", |head| head["rvq.layers.0.embed"]["shape"] = json!([48])),
        ("embed_avg", |head| head["rvq.layers.0.embed"]["shape"] = json!([4, 12])),
        ("another type", |head| head["rvq.layers.0.embed"]["dtype"] = json!("I32")),
        ("another type", |head| head["run"]["dtype"] = json!("I8")),
        ("another shape", |head| head["run.trace.sizes"]["shape"].as_array_mut().unwrap().reverse()),
        ("another type", |head| head["run.trace.replaced"]["dtype"] = json!("F32")),
        ("history", |head| {
            let shape = head["history.loss"]["shape"].as_array_mut().unwrap();
            shape.reverse();
        }),
    ];
    for (nth, (why, change)) in head.iter().enumerate() {
        match bench.read(&changed(&sound, change, |_| {})) {
            Err(err @ StoreError::Broken(_)) => assert!(err.to_string().contains(why), "{nth}, {why}: {err}"),
            other => panic!("{nth}, {why}: {other:?}"),
        }
    }
}

#[test]
fn a_value_that_is_not_finite_is_refused() {
    let bench = Bench::new();
    let sound = bytes(&trained("encodec", 2).0);
    let (head, numbers) = apart(&sound);
    for tensor in ["rvq.layers.1.embed", "rvq.layers.0.embed_avg", "rvq.layers.2.cluster_size"] {
        let end = head[tensor]["data_offsets"][1].as_u64().unwrap() as usize;
        let mut numbers = numbers.clone();
        // The highest bytes of the last number.
        numbers[end - 2..end].copy_from_slice(&[0xff, 0x7f]);
        bench.refuse(&together(&head, &numbers), "not finite");
    }
}

#[test]
fn a_header_of_many_short_parts_costs_no_more_than_its_file() {
    let bench = Bench::new();
    let mut header = json!({"__metadata__": {"rvqscope.store": "1"}});
    for n in 0..35_000 {
        header[format!("{n}")] = json!({"dtype": "U8", "shape": [0], "data_offsets": [0, 0]});
    }
    header["checksum"] = json!({"dtype": "U8", "shape": [4], "data_offsets": [0, 4]});
    // Some hundred bytes in memory for the fifty that a tensor without a number takes.
    let err = bench.read_at(&together(&header, &[0; 4]), 20).unwrap_err();
    assert!(err.to_string().contains("it has no run"), "{err}");
    // A header that says it is long, in a short file.
    for len in [1u64 << 20, 1 << 40, u64::MAX] {
        let bytes = [&len.to_le_bytes()[..], b"{\"__metadata__\": {}}"].concat();
        let err = bench.read(&bytes).unwrap_err();
        assert!(matches!(err, StoreError::Broken(_)), "{err}");
    }
}

/// What `state.json` may be instead.
#[test]
fn a_state_that_is_no_state_is_told_and_costs_little() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::open(root.path()).unwrap();
    let path = root.path().join("state.json");
    let state = json!({"runs": [1, 2], "pi": 0.1 + 0.2, "seed": u64::MAX, "text": "\n\"state\": }\n"});
    assert_eq!(folder.read_state().unwrap(), None);
    folder.write_state(&state).unwrap();
    assert_eq!(folder.read_state().unwrap(), Some(state.clone()));
    let sound = std::fs::read(&path).unwrap();

    for len in 0..sound.len() {
        std::fs::write(&path, &sound[..len]).unwrap();
        check_words(&folder.read_state().expect_err("a part of a state"), &path);
    }
    let mut dice = Dice::new(3);
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << dice.below(8);
        std::fs::write(&path, &bytes).unwrap();
        match folder.read_state() {
            Ok(read) => assert_eq!(read, Some(state.clone())),
            Err(err) => check_words(&err, &path),
        }
    }
    let newer = String::from_utf8(sound).unwrap().replace("workspace\": 1", "workspace\": 7");
    std::fs::write(&path, newer).unwrap();
    assert!(matches!(folder.read_state(), Err(StoreError::Newer { found: 7, .. })));
    for other in ["[]", "null", "{}", "{\"rvqscope.workspace\": 1}", "\u{feff}{}", "[[[[[[[[[", "7"] {
        std::fs::write(&path, other).unwrap();
        check_words(&folder.read_state().expect_err(other), &path);
    }
    for hurtful in ["[".repeat(1 << 20), "0,".repeat(1 << 21), " ".repeat(33 << 20)] {
        std::fs::write(&path, &hurtful).unwrap();
        let (cost, read) = counting::cost(|| folder.read_state());
        check_words(&read.unwrap_err(), &path);
        assert!(cost <= 3 * hurtful.len() + SLACK, "{cost} for {}", hurtful.len());
    }
    let too_large = Value::Array(vec![json!(0); 2 << 20]);
    assert!(matches!(folder.write_state(&too_large), Err(StoreError::Unfit(_))));
}

#[test]
fn what_is_no_file_is_refused_without_being_touched() {
    let root = tempfile::tempdir().unwrap();
    let folder = Folder::open(root.path()).unwrap();
    std::fs::create_dir_all(root.path().join("runs/7.safetensors")).unwrap();
    std::fs::create_dir_all(root.path().join("state.json")).unwrap();
    assert!(matches!(folder.read_run(7), Err(StoreError::File(_))));
    assert!(matches!(folder.read_state(), Err(StoreError::File(_))));
    assert!(folder.write_state(&json!(1)).is_err());
    let (run, _) = trained("rvqscope", 2);
    assert!(write_run(&root.path().join("runs/7.safetensors"), &run).is_err());
}
