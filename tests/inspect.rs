//! `inspect` says of every kind of file what it is and what it takes to open it, as text and as JSON.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;
use std::process::{Command, Stdio};

use ndarray::{Array2, Array3};
use serde_json::{Value, json};
use tempfile::TempDir;

mod files;

fn rvqscope(folder: &TempDir, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rvqscope"));
    let done = command.args(args).current_dir(folder.path()).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap_or(-1), text(done.stdout), text(done.stderr))
}

#[track_caller]
fn text_of(folder: &TempDir, args: &[&str]) -> String {
    let (code, out, err) = rvqscope(folder, &[&["inspect"], args].concat());
    assert_eq!(code, 0, "{args:?}: {err}");
    out
}

#[track_caller]
fn json_of(folder: &TempDir, args: &[&str]) -> Value {
    serde_json::from_str(&text_of(folder, &[args, &["--json"]].concat())).unwrap()
}

/// What follows a label at the beginning of a line.
#[track_caller]
fn row<'a>(text: &'a str, label: &str) -> &'a str {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(label))
        .unwrap_or_else(|| panic!("no {label} in {text}"));
    line.trim()
}

#[track_caller]
fn check_has(list: &Value, part: &str) {
    let has = list.as_array().unwrap().iter().any(|words| words.as_str().unwrap().contains(part));
    assert!(has, "no {part:?} in {list}");
}

fn frames(num_frames: usize, dim: usize) -> Array2<f32> {
    Array2::from_shape_fn((num_frames, dim), |(t, d)| (t * 7 + d * 3) as f32 * 0.25 + 0.125)
}

fn write<T: ndarray_npy::WritableElement, D: ndarray::Dimension>(
    folder: &TempDir,
    name: &str,
    values: &ndarray::Array<T, D>,
) {
    ndarray_npy::write_npy(folder.path().join(name), values).unwrap();
}

#[test]
fn features_are_told_with_their_axes_and_how_else_they_can_be_taken() {
    let folder = TempDir::new().unwrap();
    write(&folder, "x.npy", &frames(600, 6));
    let text = text_of(&folder, &["x.npy"]);
    assert!(text.starts_with("x.npy\n"), "{text}");
    assert_eq!(row(&text, "kind "), "features");
    assert_eq!(row(&text, "stored as "), "f32 [600, 6]");
    assert_eq!((row(&text, "frames "), row(&text, "dimensions ")), ("600", "6"));
    assert_eq!(row(&text, "time "), "the first axis (600 rows are more than 6 columns, and time is longer)");
    assert_eq!(row(&text, "clips "), "one");
    assert!(row(&text, "to open ").starts_with("nothing more: `rvqscope train x.npy"), "{text}");
    assert!(text.contains("--time-axis columns takes it for 6 frames of 600 dimensions"), "{text}");
    assert!(text.contains("--as model takes it for a model of 1 layer, K = 600, D = 6"), "{text}");
    let json = json_of(&folder, &["x.npy"]);
    let expected = json!({"kind": "features", "shape": [600, 6], "dtype": "f32", "frames": 600, "dim": 6,
        "time_axis": "rows", "frame_rate_hz": null, "clips": []});
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&json[key], value, "{key}");
    }
    // What the user says of time is said back.
    let turned = json_of(&folder, &["x.npy", "--time-axis", "columns"]);
    assert_eq!((&turned["frames"], &turned["dim"]), (&json!(6), &json!(600)));
    assert_eq!(turned["time_axis_reason"], "chosen by you");
    // As a model it is another thing, and so it is where anything is said of one.
    for said in [&["--as", "model"][..], &["--metric", "cosine"]] {
        let model = json_of(&folder, &[&["x.npy"], said].concat());
        assert_eq!((&model["family"], &model["layers"][0]["codes"]), (&json!("bare"), &json!(600)));
    }
}

#[test]
fn every_container_of_features_tells_its_type_and_clips() {
    let folder = TempDir::new().unwrap();
    write(
        &folder,
        "batch.npy",
        &Array3::<f64>::from_shape_fn((1, 768, 40), |(_, d, t)| (d + t) as f64 + 0.5),
    );
    let json = json_of(&folder, &["batch.npy"]);
    assert_eq!((&json["shape"], &json["dtype"]), (&json!([1, 768, 40]), &json!("f64")));
    assert_eq!(
        (&json["frames"], &json["dim"], &json["time_axis"]),
        (&json!(40), &json!(768), &json!("columns"))
    );
    assert!(json["time_axis_reason"].as_str().unwrap().contains("768 is a usual number"), "{json}");
    // Large arrays stay in their file; what is told is the same.
    write(&folder, "large.npy", &frames(70_000, 4));
    let json = json_of(&folder, &["large.npy"]);
    assert_eq!(
        (&json["shape"], &json["dtype"], &json["frames"]),
        (&json!([70_000, 4]), &json!("f32"), &json!(70_000))
    );

    let half = |len: usize| vec![0x3c; 2 * len];
    let clips = files::safetensors(&[("u1", "F16", &[30, 8], &half(240)), ("u2", "F16", &[7, 8], &half(56))]);
    std::fs::write(folder.path().join("clips.safetensors"), clips).unwrap();
    let text = text_of(&folder, &["clips.safetensors"]);
    assert_eq!((row(&text, "stored as "), row(&text, "clips ")), ("f16", "2: u1 (30), u2 (7)"));
    assert!(
        !text.contains("--time-axis")
            && !text.contains("--as model")
            && row(&text, "time ").contains("in it the 2 clips differ"),
        "{text}"
    );
    let json = json_of(&folder, &["clips.safetensors"]);
    assert_eq!(json["clips"], json!([{"name": "u1", "frames": 30}, {"name": "u2", "frames": 7}]));
    assert_eq!((&json["shape"], &json["dtype"]), (&json!([37, 8]), &json!("f16")));

    std::fs::write(folder.path().join("x.csv"), "a,b,c\n0.5,1,2\n3,4,5\n").unwrap();
    let json = json_of(&folder, &["x.csv"]);
    assert_eq!((&json["dtype"], &json["shape"]), (&Value::Null, &json!([2, 3])));
    // Numbers without a header need one thing to be said.
    let bytes: Vec<u8> = frames(10, 6).iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(folder.path().join("bare.f32"), bytes).unwrap();
    let (code, out, err) = rvqscope(&folder, &["inspect", "bare.f32"]);
    assert!(code == 1 && out.is_empty() && err.contains("(--dim): bare.f32"), "{out}{err}");
    let json = json_of(&folder, &["bare.f32", "--dim", "6"]);
    assert_eq!((&json["frames"], &json["dim"], &json["dtype"]), (&json!(10), &json!(6), &json!("f32")));
}

#[test]
fn what_keeps_features_from_being_opened_is_told() {
    let folder = TempDir::new().unwrap();
    let mut nan = frames(50, 4);
    nan[[7, 2]] = f32::NAN;
    nan[[8, 0]] = f32::INFINITY;
    write(&folder, "nan.npy", &nan);
    check_has(
        &json_of(&folder, &["nan.npy"])["to_open"],
        "2 of 50 frames hold NaN or infinite numbers: --drop-nonfinite",
    );
    write(&folder, "none.npy", &Array2::from_elem((9, 4), f32::NAN));
    check_has(&json_of(&folder, &["none.npy"])["to_open"], "no frame is finite");
    // What could be codes as well says so.
    write(&folder, "whole.npy", &Array2::from_shape_fn((50, 4), |(t, d)| ((t * 3 + d) % 16) as f32));
    check_has(&json_of(&folder, &["whole.npy"])["findings"], "--as codes");
    assert_eq!(json_of(&folder, &["whole.npy", "--as", "codes"])["kind"], "codes");
    write(&folder, "ids.npy", &Array2::from_shape_fn((50, 4), |(t, d)| ((t * 3 + d) % 16) as i64));
    let json = json_of(&folder, &["ids.npy", "--as", "features"]);
    assert_eq!((&json["kind"], &json["dtype"]), (&json!("features"), &json!("i64")));
}

#[test]
fn codes_are_told_with_their_type_clips_and_what_they_lack() {
    let folder = TempDir::new().unwrap();
    write(&folder, "codes.npy", &Array2::from_shape_fn((3, 400), |(layer, t)| ((t * 7 + layer) % 20) as i16));
    let text = text_of(&folder, &["codes.npy"]);
    assert_eq!((row(&text, "kind "), row(&text, "stored as ")), ("codes alone", "i16 [3, 400]"));
    assert_eq!(row(&text, "clips "), "one");
    assert!(row(&text, "time ").starts_with("the second axis (400 columns"), "{text}");
    assert!(text.contains("rvqscope report codes.npy --out DIR`; --codes says K"), "{text}");
    assert!(text.contains("the quantizer for frames: `rvqscope decode MODEL codes.npy"), "{text}");
    assert!(text.contains("--time-axis rows takes them for 400 layers of 3 frames"), "{text}");
    let json = json_of(&folder, &["codes.npy"]);
    assert_eq!((&json["shape"], &json["dtype"]), (&json!([3, 400]), &json!("i16")));
    assert_eq!((&json["time_axis"], &json["frames"]), (&json!("columns"), &json!(400)));
    assert_eq!(json["clips"], json!([{"name": "codes.npy", "frames": 400}]));
    // Our own files say more, and lack less.
    let header = rvqscope::io::CodesHeader {
        codebook_sizes: vec![32; 2],
        frame_rate_hz: Some(12.5),
        clips: vec![("a".to_owned(), 10), ("b".to_owned(), 20)],
        ..Default::default()
    };
    let codes = Array2::from_shape_fn((2, 30), |(layer, t)| ((t * 5 + layer) % 32) as u32);
    rvqscope::io::write_codes(&folder.path().join("own.safetensors"), codes.view(), &header).unwrap();
    let json = json_of(&folder, &["own.safetensors"]);
    assert_eq!((&json["frame_rate_hz"], &json["codebook_size_assumed"]), (&json!(12.5), &json!(false)));
    assert_eq!(json["clips"], json!([{"name": "a", "frames": 10}, {"name": "b", "frames": 20}]));
    assert!(!json["to_open"].to_string().contains("--codes"), "{json}");
    std::fs::write(folder.path().join("units.km"), "6 25 48 14\n53 46\n").unwrap();
    let text = text_of(&folder, &["units.km"]);
    assert!(row(&text, "clips ") == "2: line 1 (4), line 2 (2)" && !text.contains("stored as"), "{text}");
}

fn tone(rate: u32, channels: u16) -> Vec<u8> {
    let samples = (0..rate / 2 * u32::from(channels)).map(|n| (n * 37 % 2000) as i16 - 1000);
    let data: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    files::wav(1, channels, rate, 2, 16, &data)
}

#[test]
fn audio_is_told_with_its_samples_and_what_frames_come_of_them() {
    let folder = TempDir::new().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    put("stereo.wav", &tone(16_000, 2));
    let text = text_of(&folder, &["stereo.wav"]);
    assert_eq!(
        (row(&text, "kind "), row(&text, "stored as "), row(&text, "channels ")),
        ("audio", "i16", "2")
    );
    assert_eq!(row(&text, "samples "), "8000 a channel, 16000 Hz, 0.5 s");
    assert!(row(&text, "to open ").starts_with("nothing more: `rvqscope train stereo.wav"), "{text}");
    assert!(text.contains("the 2 channels are mixed; --channel N takes one"), "{text}");
    let json = json_of(&folder, &["stereo.wav"]);
    assert_eq!(
        (&json["kind"], &json["shape"], &json["dtype"]),
        (&json!("audio"), &json!([2, 8000]), &json!("i16"))
    );
    assert_eq!((&json["sample_rate_hz"], &json["duration_secs"]), (&json!(16_000), &json!(0.5)));
    // A rate of frames that is true: the files are opened with the same parameters.
    let extract = rvqscope::features::ExtractParams::default();
    assert_eq!(json["features"], extract.extractor);
    assert_eq!(json["dim"], json!(extract.extractor().unwrap().dim(&extract)));
    put("slow.wav", &tone(500, 1));
    check_has(&json_of(&folder, &["slow.wav"])["to_open"], "a sample rate from 1000 to 768000 Hz");
    let (code, _, err) = rvqscope(&folder, &["train", "slow.wav", "--out", "m.safetensors"]);
    assert!(code == 1 && err.contains("it must be from 1000 to 768000 Hz"), "{err}");
    let flac = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tone_16.flac");
    let json = json_of(&folder, &[flac.to_str().unwrap()]);
    assert_eq!((&json["kind"], &json["dtype"]), (&json!("audio"), &json!("FLAC")));
}
