//! Files as people have them: what is written reads back, what is broken is refused in a sentence.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2, array};
use rvqscope::io::{self, FileError, Opened, Problem, TimeAxis};
use rvqscope::rvq::{Codebook, Layer, LayerSpan, Metric, Projection, Rvq};
use rvqscope::task::{Cancel, Task};
use tempfile::TempDir;

mod files;

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

mod wav_files {
    use super::*;

    #[test]
    fn every_width_has_the_same_scale() {
        let half: &[(u16, u16, u16, &[u8])] = &[
            (1, 1, 8, &[0xc0]),
            (1, 2, 16, &[0, 0x40]),
            (1, 3, 24, &[0, 0, 0x40]),
            (1, 4, 24, &[1, 0, 0x40, 0]),
            (1, 4, 24, &[0, 0, 0, 0x40]),
            (1, 4, 32, &[0, 0, 0, 0x40]),
            (3, 4, 32, &[0, 0, 0, 0x3f]),
        ];
        for &(tag, bytes, bits, sample) in half {
            let audio = audio(open_bytes(&wav(tag, 1, 16_000, bytes, bits, sample)).unwrap());
            let value = audio.channels[0][0];
            assert!((value - 0.5).abs() < 1e-6, "{bits} bits in {bytes} bytes: {value}");
        }
        let lowest = audio(open_bytes(&wav(1, 1, 1, 4, 32, &i32::MIN.to_le_bytes())).unwrap());
        assert_eq!(lowest.channels, [[-1.0]]);
    }

    #[test]
    fn channels_are_told_apart_at_any_rate() {
        let bytes = wav(1, 3, 4_294_967_295, 2, 16, &[0, 0x40, 0, 0x20, 0, 0x10, 0, 0xc0, 0, 0xe0, 0, 0xf0]);
        let audio = audio(open_bytes(&bytes).unwrap());
        assert_eq!(audio.sample_rate_hz, 4_294_967_295);
        assert_eq!(audio.channels, [[0.5, -0.5], [0.25, -0.25], [0.125, -0.125]]);
    }

    #[test]
    fn bytes_in_memory_are_read_under_a_name() {
        let bytes = wav(1, 1, 8000, 2, 16, &[0, 0x40]);
        assert_eq!(io::wav::read_bytes("demo clip", &bytes).unwrap().channels, [[0.5]]);
        let err = io::wav::read_bytes("demo clip", &bytes[..45]).unwrap_err();
        assert_eq!(
            err.to_string(),
            "the file is cut short: its header tells of 2 bytes of samples, but 1 are there: demo clip"
        );
    }

    #[test]
    fn a_length_left_open_by_a_pipe_is_the_rest_of_the_file() {
        let mut bytes = wav(1, 1, 8000, 2, 16, &[0, 0x40, 0, 0xc0, 7]);
        bytes[4..8].fill(0xff);
        bytes[40..44].fill(0xff);
        assert_eq!(audio(open_bytes(&bytes).unwrap()).channels, [[0.5, -0.5]]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        check_refused(&wav(3, 1, 8000, 8, 64, &[0; 8]), "64-bit float");
        check_refused(&wav(3, 1, 8000, 4, 32, &f32::NAN.to_le_bytes()), "sample 0 of channel 0 is NaN");
        check_refused(&wav(3, 1, 8000, 4, 32, &f32::INFINITY.to_le_bytes()), "is inf");
        check_refused(&wav(1, 1, 8000, 2, 16, &[]), "no audio in it");
        check_refused(&wav(1, 0, 8000, 2, 16, &[0, 0]), "0 channels");
        check_refused(&wav(1, 1, 0, 2, 16, &[0, 0]), "0 Hz");
        check_refused(&wav(1, 2, 8000, 2, 16, &[0, 0]), "not a whole number of frames");
        check_refused(&wav(2, 1, 8000, 2, 16, &[0, 0]), "ADPCM");
        check_refused(&wav(7, 1, 8000, 1, 8, &[0, 0]), "µ-law");
        check_refused(&wav(1, 1, 8000, 1, 16, &[0, 0]), "contradicts itself");
        check_refused(&wav(1, 1, 8000, 2, 16, &[0, 0])[..36], "no audio in it");
        check_refused(&wav(1, 1, 8000, 2, 16, &[0; 10])[..50], "cut short");
    }

    #[test]
    fn cancelling_ends_the_reading() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.wav");
        std::fs::write(&path, wav(1, 1, 8000, 2, 16, &[0; 64])).unwrap();
        let cancel = Cancel::default();
        cancel.cancel();
        let err = io::open(&path, &Task::silent(&cancel)).unwrap_err();
        assert!(matches!(err.problem, Problem::Cancelled(_)));
    }
}

mod npy_files {
    use super::*;

    const SIX: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

    fn bytes<const N: usize>(convert: impl Fn(f32) -> [u8; N]) -> Vec<u8> {
        SIX.iter().flat_map(|&v| convert(v)).collect()
    }

    #[test]
    fn every_float_type_order_and_version_gives_the_same_array() {
        let wanted = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let columns: Vec<u8> = [1f32, 4.0, 2.0, 5.0, 3.0, 6.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let files = [
            npy(1, "<f4", false, "(2, 3)", &bytes(f32::to_le_bytes)),
            npy(2, ">f4", false, "(2, 3,)", &bytes(f32::to_be_bytes)),
            npy(3, "<f8", false, "(2L, 3L)", &bytes(|v| f64::from(v).to_le_bytes())),
            npy(1, ">f8", false, "(2, 3)", &bytes(|v| f64::from(v).to_be_bytes())),
            npy(1, "<f2", false, "(2, 3)", &bytes(|v| half::f16::from_f32(v).to_le_bytes())),
            npy(1, "<f4", true, "(2, 3)", &columns),
            npy(1, "<f4", true, "(1, 2, 3)", &columns),
        ];
        for file in files {
            assert_eq!(features(open_bytes(&file).unwrap()).values, wanted);
        }
    }

    #[test]
    fn the_time_axis_is_guessed_with_a_reason_and_can_be_switched() {
        let guess = |shape: &str, len: usize| {
            let features = features(open_bytes(&npy(1, "<f2", false, shape, &vec![0; len * 2])).unwrap());
            assert!(!features.guess_reason.is_empty());
            features.time_axis
        };
        assert_eq!(guess("(1, 30, 20)", 600), TimeAxis::Columns);
        assert_eq!(guess("(1, 20, 64)", 1280), TimeAxis::Rows);
        assert_eq!(guess("(100, 30)", 3000), TimeAxis::Rows);
        assert_eq!(guess("(30, 100)", 3000), TimeAxis::Columns);
        assert_eq!(guess("(80, 30)", 2400), TimeAxis::Columns);
        assert_eq!(guess("(30, 80)", 2400), TimeAxis::Rows);
        assert_eq!(guess("(64, 128)", 8192), TimeAxis::Columns);
        assert_eq!(guess("(30, 30)", 900), TimeAxis::Rows);

        let file = npy(1, "<f4", false, "(2, 3)", &bytes(f32::to_le_bytes));
        let features = features(open_bytes(&file).unwrap());
        assert_eq!(features.time_axis, TimeAxis::Columns);
        let rows = features.clone().into_matrix(TimeAxis::Rows).unwrap();
        assert_eq!(rows, array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let columns = features.into_matrix(TimeAxis::Columns).unwrap();
        assert_eq!(columns, array![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
        assert!(columns.is_standard_layout());
    }

    #[test]
    fn a_value_that_is_not_finite_is_found_at_its_frame() {
        let values: Vec<u8> = [0.0, f32::NAN, 0.0, 0.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let features = features(open_bytes(&npy(1, "<f4", false, "(2, 2)", &values)).unwrap());
        let words = features.into_matrix(TimeAxis::Columns).unwrap_err().to_string();
        assert!(words.starts_with("the value at frame 1, dimension 0 is NaN"), "{words}");
    }

    #[test]
    fn whole_numbers_are_codes() {
        let wanted = array![[1u32, 2, 3], [4, 5, 6]];
        let files = [
            npy(1, "|i1", false, "(2, 3)", &bytes(|v| (v as i8).to_le_bytes())),
            npy(1, "|u1", false, "(2, 1, 3)", &bytes(|v| (v as u8).to_le_bytes())),
            npy(1, "<i2", false, "(2, 3)", &bytes(|v| (v as i16).to_le_bytes())),
            npy(1, ">u2", false, "(2, 3)", &bytes(|v| (v as u16).to_be_bytes())),
            npy(1, ">i4", false, "(1, 2, 3)", &bytes(|v| (v as i32).to_be_bytes())),
            npy(1, "<u4", false, "(2, 3)", &bytes(|v| (v as u32).to_le_bytes())),
            npy(1, "<i8", false, "(2, 3)", &bytes(|v| (v as i64).to_le_bytes())),
            npy(1, "<u8", false, "(2, 3)", &bytes(|v| (v as u64).to_le_bytes())),
        ];
        for file in files {
            assert_eq!(codes(open_bytes(&file).unwrap()).values, wanted);
        }
        let tall = codes(open_bytes(&npy(1, "|u1", false, "(3, 2)", &[1, 4, 2, 5, 3, 6])).unwrap());
        assert_eq!((tall.time_axis, &tall.values), (TimeAxis::Rows, &wanted));
        let switched = tall.switched();
        assert_eq!((switched.time_axis, switched.values), (TimeAxis::Columns, wanted.reversed_axes()));
    }

    #[test]
    fn numbers_that_do_not_fit_are_named() {
        let far = [1.0, 1e300].iter().flat_map(|v: &f64| v.to_le_bytes()).collect::<Vec<_>>();
        check_refused(&npy(1, "<f8", false, "(1, 2)", &far), "value number 1 is 1e300");
        check_refused(&npy(1, "|i1", false, "(1, 2)", &[0, 0xff]), "value number 1 is -1");
        check_refused(&npy(1, "<u4", false, "(1, 1)", &[0, 0, 0, 0x80]), "2147483648");
        check_refused(&npy(1, "<u8", false, "(1, 1)", &[0xff; 8]), "18446744073709551615");
    }

    #[test]
    fn headers_that_lie_or_are_not_read_are_refused() {
        let data = [0u8; 24];
        check_refused(&npy(1, "<f4", false, "(6,)", &data), "reshape it to [frames, dimensions]");
        check_refused(&npy(1, "<i4", false, "(6,)", &data), "one layer is [1, frames]");
        check_refused(&npy(1, "<f4", false, "()", &data[..4]), "reshape");
        check_refused(&npy(1, "<f4", false, "(0, 3)", &[]), "no values");
        check_refused(&npy(1, "<f4", false, "(3, 3)", &data), "tells of 36 bytes of values, but 24");
        check_refused(&npy(1, "<f4", false, "(1, 3)", &data), "12 bytes follow the array");
        check_refused(&npy(1, "<f4", false, "(4294967296, 4294967296)", &data), "beyond counting");
        check_refused(
            &npy(1, "<f4", false, "(99999999999999999999999, 1)", &data),
            "not one that NumPy writes",
        );
        check_refused(&npy(1, "<f4", false, "(-1, 3)", &data), "not one that NumPy writes");
        check_refused(&npy(1, "<i4", false, "(2, 3, 1, 4)", &[0; 96]), "cannot be codes");
        check_refused(&npy(1, "|O", false, "(2, 3)", &data), "pickled");
        check_refused(&npy(1, "<c8", false, "(1, 3)", &data), "'<c8'");
        check_refused(&npy(1, "|b1", false, "(4, 6)", &data), "'|b1'");
        check_refused(&npy(9, "<f4", false, "(2, 3)", &data), "version 9");
        check_refused(b"\x93NUMPY\x01\x00\xff\xff{", "ends inside the header");
        let record = npy(1, "X", false, "(2, 3)", &data);
        let record = String::from_utf8_lossy(&record).replace("'X'", "[('a', '<f4')]");
        let record: Vec<u8> = record.chars().map(|c| if c == '\u{fffd}' { 0x93 } else { c as u8 }).collect();
        check_refused(&[&record[..8], &[200, 0], &record[10..], &[b' '; 200]].concat(), "records");
    }

    #[test]
    fn arrays_that_are_written_read_back() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("x.npy");
        let values = array![[1.5f32, -2.0, 1e-30], [4.0, 5.0, 6.0]];
        io::write_f32_npy(&path, values.view()).unwrap();
        assert_eq!(features(open(&path).unwrap()).values, values);
        io::write_f32_npy(&path, values.t()).unwrap();
        assert_eq!(features(open(&path).unwrap()).values, values.t());

        let values = array![[0u32, 1023, 7], [i32::MAX as u32, 5, 6]];
        io::write_codes_npy(&path, values.view()).unwrap();
        assert_eq!(codes(open(&path).unwrap()).values, values);
        let from_numpy: Array2<i32> = ndarray_npy::read_npy(&path).unwrap();
        assert_eq!(from_numpy, values.mapv(|v| v as i32));
        let err = io::write_codes_npy(&path, array![[u32::MAX]].view()).unwrap_err();
        assert!(err.to_string().starts_with("the code 4294967295 does not fit"));
        assert_eq!(codes(open(&path).unwrap()).values, values, "the old file stays");
    }

    #[test]
    fn three_axes_are_codebooks() {
        let model = model(open_bytes(&npy(1, "<f4", false, "(2, 1, 3)", &bytes(f32::to_le_bytes))).unwrap());
        assert_eq!((model.info.family.as_str(), model.rvq.num_layers(), model.rvq.dim()), ("bare", 2, 3));
        assert!(model.info.findings[0].contains("no EMA state"));
    }
}

mod models {
    use super::*;

    fn small() -> Rvq {
        let coarse = Codebook::new(
            array![[0.0, 0.0], [4.0, 4.0]],
            array![3.0, 5.5],
            array![[0.25, 0.0], [22.0, 21.0]],
        );
        let fine = Codebook::from_rows(array![[0.0, 0.0], [0.5, -0.5], [1.0, 1.0]]);
        Rvq::new(vec![coarse.unwrap().into(), fine.unwrap().into()]).unwrap()
    }

    fn round_trip(rvq: &Rvq, metadata: &BTreeMap<String, String>) -> (Vec<u8>, io::LoadedModel) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("model");
        io::write_model(&path, rvq, metadata).unwrap();
        (std::fs::read(&path).unwrap(), model(open(&path).unwrap()))
    }

    #[test]
    fn what_is_written_reads_back_and_is_the_same_bytes_each_time() {
        let metadata: BTreeMap<_, _> =
            (0..20).map(|i| (format!("rvqscope.{i}"), format!("\"{i}\n"))).collect();
        let (bytes, loaded) = round_trip(&small(), &metadata);
        assert_eq!(loaded.rvq, small());
        assert!(metadata.iter().all(|(key, value)| loaded.info.metadata.get(key) == Some(value)));
        assert_eq!(round_trip(&small(), &metadata).0, bytes);
        let json = serde_json::to_value(&loaded.info).unwrap();
        assert_eq!(
            json["layers"][1],
            serde_json::json!({"codes": 3, "dim": 2, "dtype": "f32", "buffers": ["cluster_size", "embed_avg", "inited"]})
        );
        let keys: Vec<_> = json.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["family", "metric", "layers", "findings"]);
        let by_crate = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(by_crate.len(), 8);
    }

    #[test]
    fn projections_and_the_cosine_metric_are_kept() {
        let projection = Projection {
            in_weight: array![[1.0, 0.0, 0.5], [0.0, 1.0, 0.25]],
            in_bias: array![0.5, 0.0],
            out_weight: array![[1.0, 0.0], [0.0, 1.0], [2.0, 3.0]],
            out_bias: array![0.0, 0.0, 1.0],
        };
        let codebook = Codebook::from_rows(array![[1.0, 0.0], [0.0, 1.0]]).unwrap();
        let rvq =
            Rvq::with_metric(vec![Layer { codebook, projection: Some(projection) }], Metric::Cosine).unwrap();
        let (_, loaded) = round_trip(&rvq, &BTreeMap::new());
        assert_eq!(loaded.rvq, rvq);
        assert_eq!(loaded.info.metric, "cosine");
        // A stale note does not turn a Euclidean quantizer into a cosine one.
        let (_, loaded) = round_trip(&small(), &BTreeMap::from([(io::METRIC_KEY.into(), "cosine".into())]));
        assert_eq!(loaded.info.metric, "euclidean");
    }

    #[test]
    fn sums_beyond_f32_are_not_written() {
        let codebook = Codebook::new(array![[1.0]], array![1.0], array![[1e300]]).unwrap();
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("model");
        let err = io::write_model(&path, &Rvq::new(vec![codebook.into()]).unwrap(), &BTreeMap::new());
        assert!(err.unwrap_err().to_string().contains("embed_avg holds a value beyond the range"));
        assert!(!path.exists());
    }

    /// `{place}quantizer.vq.layers.{layer}._codebook.{part}`.
    fn key(place: &str, layer: usize, part: &str) -> String {
        format!("{place}quantizer.vq.layers.{layer}._codebook.{part}")
    }

    fn f32s(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    #[test]
    fn any_prefix_and_layers_of_different_sizes_are_read() {
        let (one, two) = (f32s(&[1.0, 2.0]), f32s(&[1.0, 2.0, 3.0, 4.0]));
        let file = safetensors(&[
            (&key("generator.module.", 0, "embed"), "F32", &[1, 2], &one),
            (&key("generator.module.", 1, "embed"), "F32", &[2, 2], &two),
            ("other.weight", "BOOL", &[4], &[0; 4]),
        ]);
        let loaded = model(open_bytes(&file).unwrap());
        assert_eq!(loaded.info.layers.iter().map(|l| l.codes).collect::<Vec<_>>(), [1, 2]);
        let findings = loaded.info.findings.join("\n");
        assert!(findings.contains("EMA state is missing (cluster_size, embed_avg)"), "{findings}");
        assert!(findings.contains("different numbers of codes: [1, 2]"), "{findings}");
        assert_eq!(
            loaded.rvq.layers()[1].codebook,
            Codebook::from_rows(array![[1.0, 2.0], [3.0, 4.0]]).unwrap()
        );
    }

    #[test]
    fn rows_are_never_rebuilt_from_their_sums() {
        let file = safetensors(&[
            (&key("", 0, "embed"), "F32", &[2, 1], &f32s(&[1.0, 2.0])),
            (&key("", 0, "embed_avg"), "F32", &[2, 1], &f32s(&[50.0, 60.0])),
            (&key("", 0, "cluster_size"), "F32", &[2], &f32s(&[2.0, 3.0])),
        ]);
        let loaded = model(open_bytes(&file).unwrap());
        assert_eq!(loaded.rvq.layers()[0].codebook.embed(), array![[1.0], [2.0]]);
        assert_eq!(loaded.rvq.layers()[0].codebook.embed_avg(), array![[50.0], [60.0]]);
    }

    #[test]
    fn trouble_is_found() {
        let mut rows = vec![1.0f32; 16];
        rows[15] = 5e4;
        let file = safetensors(&[
            (&key("", 0, "embed"), "F32", &[16, 1], &f32s(&rows)),
            (&key("", 0, "embed_avg"), "F32", &[16, 1], &f32s(&rows)),
            (&key("", 0, "cluster_size"), "F32", &[16], &f32s(&rows)),
            (&key("", 0, "inited"), "F32", &[1], &f32s(&[0.0])),
        ]);
        let findings = model(open_bytes(&file).unwrap()).info.findings;
        let wanted = [
            "layer 0: the codebook was never initialised (inited is 0)",
            "layer 0: 15 of 16 codes have an EMA cluster size below 2",
            "layer 0: 14 of 16 rows equal an earlier row",
            "layer 0: 1 of 16 rows are over 1000 times as long as the median row",
        ];
        assert_eq!(findings, wanted);
    }

    #[test]
    fn quantizers_that_cannot_be_used_are_refused() {
        let embed = f32s(&[1.0, 2.0]);
        let one = |name: &str, dtype: &str, shape: &[usize], bytes: &[u8]| {
            safetensors(&[(name, dtype, shape, bytes)])
        };
        check_refused(
            &one(&key("", 1, "embed"), "F32", &[1, 2], &embed),
            "layer 0 of the quantizer is missing",
        );
        check_refused(&one(&key("", 0, "embed"), "F32", &[2], &embed), "should have 2 axes");
        check_refused(&one(&key("", 0, "embed"), "F32", &[0, 2], &[]), "at least one code");
        check_refused(&one(&key("", 0, "embed"), "F32", &[1, 1], &f32s(&[f32::NAN])), "not finite");
        check_refused(
            &one(&key("", 0, "embed"), "I32", &[1, 2], &embed),
            "_codebook.embed: numbers of type i32",
        );
        let two = [
            (&*key("a.", 0, "embed"), "F32", &[1, 2][..], &*embed),
            (&*key("b.", 0, "embed"), "F32", &[1, 2], &embed),
        ];
        check_refused(&safetensors(&two), "2 quantizers (encodec at \"a.\", encodec at \"b.\")");
        let mixed = [
            (&*key("", 0, "embed"), "F32", &[1, 2][..], &*embed),
            (&*key("", 1, "embed"), "F32", &[2, 1], &embed),
        ];
        check_refused(&safetensors(&mixed), "layer 1 has 1 dimensions, but layer 0 has 2");
        let sizes = [
            (&*key("", 0, "embed"), "F32", &[1, 2][..], &*embed),
            (&*key("", 0, "cluster_size"), "F32", &[2], &embed),
        ];
        check_refused(&safetensors(&sizes), "1 codes have 2 cluster sizes");
        let half = [
            (&*key("", 0, "embed"), "F32", &[1, 2][..], &*embed),
            ("quantizer.vq.layers.0.project_in.weight", "F32", &[2, 1], &embed),
        ];
        check_refused(&safetensors(&half), "must come together");
    }

    #[test]
    fn tensors_without_a_quantizer() {
        let bytes = [0u8; 48];
        let alone = |dtype: &str, shape: &[usize]| {
            let len = shape.iter().product::<usize>() * if dtype.ends_with("16") { 2 } else { 4 };
            open_bytes(&safetensors(&[("x", dtype, shape, &bytes[..len])]))
        };
        for dtype in ["F16", "BF16", "F32"] {
            assert_eq!(features(alone(dtype, &[1, 2, 4]).unwrap()).values, Array2::<f32>::zeros((2, 4)));
        }
        assert_eq!(codes(alone("I32", &[2, 6]).unwrap()).values, Array2::<u32>::zeros((2, 6)));
        let names = ["ssl_proj.weight", "enc.bias", "dec.bias", "a.b", "c.d"];
        let many: Vec<_> = names.iter().map(|name| (*name, "F32", &[1, 1][..], &bytes[..4])).collect();
        check_refused(
            &safetensors(&many),
            "no quantizer of a known layout in this file; it holds 5 tensors, such as a.b, c.d,",
        );
        check_refused(&safetensors(&[]), "it holds no tensor at all");
        check_refused(&safetensors(&[("x", "BOOL", &[2, 2], &bytes[..4])]), "of type bool");
    }

    #[test]
    fn headers_that_lie_are_refused() {
        let good = safetensors(&[("x", "F32", &[2, 2], &[0; 16])]);
        check_refused(&good[..good.len() - 1], "tells of 16 bytes of tensors, but 15");
        check_refused(&[&good[..], &[0]].concat(), "1 bytes follow the last tensor");
        check_refused(&[&u64::MAX.to_le_bytes(), &good[8..]].concat(), "bytes of header");
        check_refused(&safetensors(&[("x", "F32", &[2, 3], &[0; 16])]), "not a valid safetensors header");
    }

    #[test]
    fn the_real_class_and_ours_agree() {
        let loaded = model(open(&fixture("encodec_tiny.safetensors")).unwrap());
        assert_eq!(
            (loaded.info.family.as_str(), loaded.rvq.num_layers(), loaded.rvq.dim()),
            ("encodec", 3, 8)
        );
        assert_eq!(loaded.info.layers[2].buffers, ["cluster_size", "embed_avg", "inited"]);
        assert_ne!(loaded.rvq.layers()[0].codebook.cluster_size(), Array1::<f64>::ones(16));

        let bytes = std::fs::read(fixture("encodec_tiny_io.safetensors")).unwrap();
        let upstream = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let words = |name: &str| -> Vec<[u8; 4]> {
            upstream.tensor(name).unwrap().data().as_chunks::<4>().0.to_vec()
        };
        let floats = |name: &str| {
            let values = words(name).into_iter().map(f32::from_le_bytes).collect();
            Array2::from_shape_vec((64, 8), values).unwrap()
        };
        let upstream_codes = words("codes").into_iter().map(u32::from_le_bytes).collect();
        let upstream_codes = Array2::from_shape_vec((3, 64), upstream_codes).unwrap();

        assert_eq!(loaded.rvq.encode(floats("input").view(), LayerSpan::ALL).unwrap(), upstream_codes);
        let decoded = loaded.rvq.decode(upstream_codes.view(), 0).unwrap();
        let worst = (&decoded - &floats("decoded")).mapv(f32::abs).into_iter().fold(0.0, f32::max);
        assert!(worst <= 1e-6, "{worst}");

        let (_, again) = round_trip(&loaded.rvq, &loaded.info.metadata);
        assert_eq!(again.rvq, loaded.rvq);
        assert_eq!(again.info, loaded.info);
    }
}

mod paths {
    use super::*;

    #[test]
    fn what_is_no_file_is_said_with_its_path_last() {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("empty"), "").unwrap();
        std::fs::write(at("text"), "hello").unwrap();
        std::fs::write(at("lfs"), "version https://git-lfs.github.com/spec/v1\noid sha256:0\n").unwrap();
        for (name, words) in [
            ("missing", "there is no such file"),
            ("", "this is a folder, not a file"),
            ("empty", "the file is empty"),
            ("text", "this is none of the formats that can be read (WAV audio, NumPy array, safetensors)"),
            ("lfs", "this is a Git LFS pointer, not the file it stands for; fetch that with `git lfs pull`"),
        ] {
            let err = open(&at(name)).unwrap_err();
            assert_eq!(err.to_string(), format!("{words}: {}", at(name).display()));
        }
    }

    #[cfg(unix)]
    #[test]
    fn pipes_and_devices_are_not_touched() {
        let folder = TempDir::new().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [pipe.as_path(), Path::new("/dev/zero")] {
            assert!(matches!(open(path).unwrap_err().problem, Problem::NotAFile));
            let written = io::replace_file(path, |_| Ok(()));
            assert!(matches!(written.unwrap_err().problem, Problem::NotAFile));
        }
        assert!(matches!(
            io::expand(&[folder.path().into()]).unwrap_err().problem,
            Problem::NothingInFolder { .. }
        ));
    }

    #[test]
    fn a_folder_stands_for_its_readable_files_in_natural_order() {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("b/deep")).unwrap();
        let clip = wav(1, 1, 8000, 1, 8, &[0]);
        for name in ["clip10", "clip9.wav", "b/deep/x.npy", "notes.txt", ".hidden.wav"] {
            let text = name.ends_with(".txt");
            std::fs::write(at(name), if text { &b"text"[..] } else { &clip }).unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path(), at("b/loop")).unwrap();
        let files = io::expand(&[at("notes.txt"), folder.path().into()]).unwrap();
        assert_eq!(files, ["notes.txt", "b/deep/x.npy", "clip9.wav", "clip10"].map(at));
    }
}

mod replacing {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            folder.read_dir().unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("out");
        std::fs::write(&path, "old").unwrap();
        let failed = io::replace_file(&path, |out| {
            out.write_all(b"half")?;
            Err(std::io::Error::other("disk full"))
        });
        let words = failed.unwrap_err().to_string();
        assert_eq!(words, format!("the system reports: disk full: {}", path.display()));
        let panicked = std::panic::catch_unwind(|| io::replace_file(&path, |_| panic!("on purpose")));
        assert!(panicked.is_err());
        assert_eq!(
            (names(folder.path()), std::fs::read(&path).unwrap()),
            (vec!["out".into()], b"old".to_vec())
        );

        io::replace_file(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(
            (names(folder.path()), std::fs::read(&path).unwrap()),
            (vec!["out".into()], b"new".to_vec())
        );
    }

    #[test]
    fn a_target_that_cannot_be_is_refused() {
        let folder = TempDir::new().unwrap();
        let refused = |path: &Path| io::replace_file(path, |_| Ok(())).unwrap_err().to_string();
        assert!(refused(folder.path()).starts_with("this is a folder"));
        assert!(
            refused(&folder.path().join("no/such")).contains("does not exist, so nothing can be written")
        );
        assert!(refused(Path::new("/")).starts_with("this is a folder"));
        assert!(names(folder.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_are_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mode = |name: &str| at(name).metadata().unwrap().permissions().mode() & 0o777;
        std::fs::write(at("plain"), "").unwrap();
        io::replace_file(&at("new"), |out| out.write_all(b"1")).unwrap();
        assert_eq!(mode("new"), mode("plain"));

        std::fs::set_permissions(at("new"), PermissionsExt::from_mode(0o640)).unwrap();
        symlink("new", at("link")).unwrap();
        io::replace_file(&at("link"), |out| out.write_all(b"2")).unwrap();
        assert!(at("link").is_symlink());
        assert_eq!((mode("new"), std::fs::read(at("new")).unwrap()), (0o640, b"2".to_vec()));

        symlink("later", at("dangling")).unwrap();
        io::replace_file(&at("dangling"), |out| out.write_all(b"3")).unwrap();
        assert_eq!(std::fs::read(at("later")).unwrap(), b"3");

        std::fs::set_permissions(at("new"), PermissionsExt::from_mode(0o444)).unwrap();
        let err = io::replace_file(&at("new"), |_| Ok(())).unwrap_err();
        assert!(err.to_string().starts_with("the file is write-protected"));
        symlink("round", at("round")).unwrap();
        let err = io::replace_file(&at("round"), |_| Ok(())).unwrap_err();
        assert!(err.to_string().starts_with("the link leads back to itself"));
    }
}

mod real_files {
    use super::*;

    /// The folder of real files, or `None` with a note.
    fn data() -> Option<PathBuf> {
        let data = std::env::var_os("RVQSCOPE_DATA").map(PathBuf::from);
        if data.is_none() {
            eprintln!("skipped: RVQSCOPE_DATA is not set");
        }
        data
    }

    fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files.extend(self::files(&path, ending));
            } else if path.extension().is_some_and(|e| e == ending) {
                files.push(path);
            }
        }
        files.sort();
        files
    }

    #[test]
    fn audio() {
        let Some(data) = data() else { return };
        let wavs = files(&data.join("audio"), "wav");
        assert!(wavs.len() > 20);
        for path in wavs {
            match open(&path) {
                Ok(Opened::Audio(audio)) => assert!(audio.channels.iter().all(|c| !c.is_empty())),
                Ok(other) => panic!("{}: {other:?}", path.display()),
                Err(err) => assert!(err.to_string().contains("64-bit float"), "{err}"),
            }
        }
        let name = "audio/wav_variants/waveformatextensible-24bit-4byte-48kHz-stereo.wav";
        let stereo = super::audio(open(&data.join(name)).unwrap());
        let samples = stereo.channels.concat().iter().map(|v| v * 8_388_608.0).collect::<Vec<_>>();
        assert_eq!(samples, [-96.0, 8_388_607.0, 23_052.0, -8_360_672.0]);
    }

    #[test]
    fn a_real_quantizer_gives_its_own_codes() {
        let Some(data) = data() else { return };
        let features = features(open(&data.join("lyra/features.npy")).unwrap());
        assert_eq!((features.values.dim(), features.time_axis), ((15_598, 64), TimeAxis::Rows));
        let codes = codes(open(&data.join("lyra/codes.npy")).unwrap());
        assert_eq!((codes.values.dim(), codes.time_axis), ((46, 15_598), TimeAxis::Rows));
        let model =
            model(open(&data.join("checkpoints/lyra_real_46x16x64_encodec_layout.safetensors")).unwrap());
        assert_eq!(model.rvq.num_layers(), 46);
        let matrix = features.into_matrix(TimeAxis::Rows).unwrap();
        let some = ndarray::s![..500, ..];
        let ours = model.rvq.encode(matrix.slice(some), LayerSpan::ALL).unwrap();
        assert_eq!(ours, codes.values.slice(ndarray::s![.., ..500]));
    }

    #[test]
    fn checkpoints_open_or_say_what_they_are() {
        let Some(data) = data() else { return };
        let dtype = |name: &str| {
            let model = model(open(&data.join("checkpoints").join(name)).unwrap());
            (model.info.layers.len(), model.info.layers[0].dtype.clone())
        };
        assert_eq!(dtype("encodec_trained_8x256x64.safetensors"), (8, "f32".into()));
        assert_eq!(dtype("fp16.safetensors"), (8, "f16".into()));
        assert_eq!(dtype("bf16.safetensors"), (8, "bf16".into()));
        let bare = |name: &str| model(open(&data.join("checkpoints").join(name)).unwrap()).rvq;
        assert_eq!(bare("bare_8x256x64.npy"), bare("bare_8x256x64_fortran.npy"));
        assert_eq!(bare("bare_8x256x64_f16.npy").num_layers(), 8);
        for path in files(&data, "safetensors") {
            match open(&path) {
                Ok(opened) => assert!(matches!(opened, Opened::Model(_)), "{}", path.display()),
                Err(err) => assert!(err.to_string().starts_with("there is no quantizer of a known"), "{err}"),
            }
        }
        for path in files(&data.join("golden"), "safetensors") {
            assert!(open(&path).is_err(), "{}", path.display());
        }
    }
}
