//! Codes that come without their quantizer: opened, counted, shown and reported as far as they go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ndarray::Array2;
use rvqscope::io::TimeAxis;
use rvqscope::jobs::{self, DataSpec, JobCtx, JobError, OpenSpec, OpenedFiles, SizeFrom, Source};
use rvqscope::session::{
    DataCommand, ParamsEditor, Plan, SaveCommand, SelectCommand, Session, TokensLook, TrainCommand,
};
use rvqscope::task::Cancel;
use rvqscope::training::SplitKind;

mod common;

/// Three layers of 400 frames; layer 1 never says a code above 4.
fn codes() -> Array2<i64> {
    Array2::from_shape_fn((3, 400), |(layer, t)| match layer {
        0 => (t * 7 % 20) as i64,
        1 => (t % 5) as i64,
        _ => (t * t % 17) as i64,
    })
}

fn write(folder: &Path, name: &str, values: &Array2<i64>) -> PathBuf {
    let path = folder.join(name);
    ndarray_npy::write_npy(&path, values).unwrap();
    path
}

fn open(paths: Vec<PathBuf>, data: DataSpec) -> Result<OpenedFiles, JobError> {
    let cancel = Cancel::default();
    let ctx = JobCtx { cancel: &cancel, emit: &|_| {}, control: None, threads: 1, live: false };
    jobs::open(&OpenSpec { source: Source::Files(paths), data }, &ctx)
}

#[test]
fn codes_are_counted_as_they_stand() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(vec![write(dir.path(), "codes.npy", &codes())], DataSpec::default()).unwrap();
    assert!(opened.dataset.is_none() && opened.model.is_none());
    let codes = opened.codes.unwrap();
    assert_eq!(codes.tokens.num_codes, [32; 3], "19 is the largest code");
    assert_eq!((codes.largest, codes.size_from), (19, SizeFrom::Assumed));
    assert!(codes.size_note().contains("K = 32 is assumed"));
    for (layer, tally) in codes.evaluation.layers.iter().enumerate() {
        for code in 0..32 {
            let expected = self::codes().row(layer).iter().filter(|&&c| c == code).count() as u64;
            assert_eq!(tally.counts[code as usize], expected);
        }
    }
}

#[test]
fn the_size_can_be_given_and_must_hold_every_code() {
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), "codes.npy", &codes());
    let with = |size| DataSpec { codebook_size: Some(size), ..DataSpec::default() };
    let codes = open(vec![path.clone()], with(1024)).unwrap().codes.unwrap();
    assert_eq!((codes.tokens.num_codes[0], codes.size_from), (1024, SizeFrom::User));
    assert_eq!(codes.evaluation.layers[0].counts.len(), 1024);
    let err = open(vec![path], with(19)).unwrap_err().to_string();
    assert!(err.contains("19 is no code of a codebook of 19") && err.contains("--ignore 19"), "{err}");
    let large = write(dir.path(), "large.npy", &Array2::from_elem((4, 9), 2_000_000_000));
    let err = open(vec![large], DataSpec::default()).unwrap_err().to_string();
    assert!(err.contains("more than any quantizer has"), "{err}");
}

#[test]
fn files_of_codes_are_one_corpus_with_their_clips_and_one_number_of_layers() {
    let dir = tempfile::tempdir().unwrap();
    let first = write(dir.path(), "a.npy", &codes());
    let second = write(dir.path(), "b.npy", &codes().slice(ndarray::s![.., ..100]).to_owned());
    let tokens =
        open(vec![first.clone(), second.clone()], DataSpec::default()).unwrap().codes.unwrap().tokens.clone();
    assert_eq!(tokens.values.dim(), (3, 500));
    assert_eq!(tokens.clips.iter().map(|clip| clip.frames.clone()).collect::<Vec<_>>(), [0..400, 400..500]);
    assert_eq!(
        tokens.values.slice(ndarray::s![.., 400..]),
        codes().slice(ndarray::s![.., ..100]).mapv(|c| c as u32)
    );
    let other = write(dir.path(), "c.npy", &Array2::zeros((2, 50)));
    let err = open(vec![first.clone(), other], DataSpec::default()).unwrap_err().to_string();
    assert!(err.contains("2 layers, but those before have 3"), "{err}");
    let features = dir.path().join("features.npy");
    ndarray_npy::write_npy(&features, &Array2::<f32>::zeros((50, 4))).unwrap();
    let err = open(vec![first, features], DataSpec::default()).unwrap_err().to_string();
    assert!(err.contains("features (1) and codes (1) do not make one corpus"), "{err}");
}

#[test]
fn a_model_beside_them_says_how_many_codes_there_are() {
    let dir = tempfile::tempdir().unwrap();
    let dataset = common::dataset(common::clustered(1, 300, 4, 5));
    let trained = common::train(common::spec(&dataset, common::small_params("encodec")));
    let model = dir.path().join("model.safetensors");
    rvqscope::io::write_model(&model, &trained.run.rvq, &Default::default()).unwrap();
    let few = write(dir.path(), "codes.npy", &codes().mapv(|code| code % 7));
    let codes = open(vec![few, model.clone()], DataSpec::default()).unwrap().codes.unwrap();
    assert_eq!((codes.tokens.num_codes.clone(), codes.size_from), (vec![12; 3], SizeFrom::Model));
    let beyond = write(dir.path(), "beyond.npy", &self::codes());
    let opened = open(vec![beyond, model.clone()], DataSpec::default()).unwrap().codes.unwrap();
    assert_eq!(opened.size_from, SizeFrom::Assumed, "the model has no code 19");
    // One after the other, in either order, comes to the same as both at once.
    let few = dir.path().join("codes.npy");
    for order in [[&few, &model], [&model, &few]] {
        let mut session = Session::new(Arc::new(|| {}));
        for path in order {
            session.apply(DataCommand::Open(vec![path.clone()]));
            settle(&mut session);
        }
        let one_by_one = session.codes().unwrap();
        assert_eq!((&one_by_one.tokens, &one_by_one.evaluation), (&codes.tokens, &codes.evaluation));
        session.apply(DataCommand::SetCodebookSize(Some(9)));
        settle(&mut session);
        assert_eq!(session.codes().unwrap().size_from, SizeFrom::User);
        session.apply(DataCommand::SetTimeAxis(Some(TimeAxis::Columns)));
        session.apply(DataCommand::SetCodebookSize(None));
        settle(&mut session);
        assert_eq!(session.codes().unwrap().size_from, SizeFrom::Model, "the model is still there");
    }
}

fn settle(session: &mut Session) {
    let start = Instant::now();
    while session.is_busy() {
        assert!(start.elapsed() < Duration::from_secs(60), "jobs do not come to an end");
        session.poll();
        std::thread::sleep(Duration::from_millis(2));
    }
    session.poll();
}

#[test]
fn the_session_shows_codes_until_frames_are_opened() {
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), "codes.npy", &codes());
    let mut session = Session::new(Arc::new(|| {}));
    session.apply(DataCommand::Open(vec![path]));
    settle(&mut session);
    assert!(session.codes().is_some() && session.dataset().is_none(), "{:?}", session.notices());
    assert!(matches!(session.tokens(), TokensLook::Ready { outdated: false, .. }));
    session.apply(SelectCommand::Code(2, Some(31)));
    let selection = session.selection();
    assert_eq!((selection.layer, selection.code, selection.split), (2, Some(31), SplitKind::Train));
    session.apply(DataCommand::SetCodebookSize(Some(20)));
    settle(&mut session);
    assert_eq!(session.codes().unwrap().tokens.num_codes, [20; 3]);
    assert_eq!(session.selection().code, None, "there is no code 31 any more");
    session.apply(DataCommand::SetTimeAxis(Some(TimeAxis::Rows)));
    settle(&mut session);
    let (axis, why) = &session.codes().unwrap().time_axis;
    assert_eq!((*axis, why.english().as_str()), (TimeAxis::Rows, "chosen by you"));
    assert_eq!(session.codes().unwrap().tokens.values.dim(), (400, 3));
    session.apply(DataCommand::SetTimeAxis(None));
    settle(&mut session);
    let out = dir.path().join("report");
    session.apply(SaveCommand::Report(out.clone()));
    session.apply(SaveCommand::Model(dir.path().join("none.safetensors")));
    settle(&mut session);
    let metrics = std::fs::read_to_string(out.join("metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&metrics).unwrap();
    assert_eq!(
        (&metrics["layers"][0]["codes"], &metrics["layers"][0]["train"]["used"]),
        (&20.into(), &20.into())
    );
    assert!(!dir.path().join("none.safetensors").exists(), "there is no model to save");
    session.apply(TrainCommand::Start);
    assert!(session.notices().iter().any(|n| n.text.contains("nothing to train on")));
    let frames = dir.path().join("frames.npy");
    ndarray_npy::write_npy(&frames, &common::clustered(2, 300, 4, 5)).unwrap();
    session.apply(DataCommand::Open(vec![frames]));
    settle(&mut session);
    assert!(session.codes().is_none() && session.dataset().is_some());
}

#[test]
fn a_corpus_is_encoded_once_it_is_asked_for_and_again_for_another_quantizer() {
    let dir = tempfile::tempdir().unwrap();
    let frames = dir.path().join("frames.npy");
    ndarray_npy::write_npy(&frames, &common::clustered(2, 300, 4, 5)).unwrap();
    let mut session = Session::new(Arc::new(|| {}));
    session.restore(
        Plan { params: ParamsEditor::new(common::small_params("encodec")), ..Plan::default() },
        DataSpec::default(),
    );
    session.apply(DataCommand::Open(vec![frames]));
    settle(&mut session);
    assert!(matches!(session.tokens(), TokensLook::None));
    session.apply(TrainCommand::Start);
    assert!(matches!(session.tokens(), TokensLook::None | TokensLook::Later));
    settle(&mut session);
    for _ in 0..2 {
        assert!(matches!(session.tokens(), TokensLook::Missing), "{:?}", session.tokens());
        session.apply(DataCommand::Encode);
        assert!(matches!(
            session.tokens(),
            TokensLook::Computing(_) | TokensLook::Ready { outdated: true, .. }
        ));
        settle(&mut session);
        let TokensLook::Ready { tokens, outdated: false } = session.tokens() else {
            panic!("{:?}", session.tokens())
        };
        let run = &session.view().unwrap().run;
        let matrix = &session.dataset().unwrap().set.matrix;
        let expected = run.rvq.encode(matrix.view(), rvqscope::rvq::LayerSpan::ALL).unwrap();
        assert_eq!(tokens.values, expected.into_shared());
        assert_eq!((tokens.num_codes.as_slice(), tokens.frames_in_all), ([12, 12, 12].as_slice(), 300));
        session.apply(TrainCommand::Continue);
        settle(&mut session);
    }
}

fn rvqscope(args: &[&str]) -> (String, String, Option<i32>) {
    let output = Process::new(env!("CARGO_BIN_EXE_rvqscope")).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

#[test]
fn the_command_line_inspects_and_reports_codes() {
    let dir = tempfile::tempdir().unwrap();
    let path = write(dir.path(), "codes.npy", &codes());
    let (file, out) = (path.to_str().unwrap(), dir.path().join("report"));
    let (text, _, code) = rvqscope(&["inspect", file]);
    assert_eq!(code, Some(0));
    assert!(text.contains("3 layers x 400 frames") && text.contains("K = 32 is assumed"), "{text}");
    let (json, _, _) = rvqscope(&["inspect", file, "--json"]);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&value["kind"], &value["frames"]), (&"codes".into(), &400.into()));
    assert_eq!(value["layers"][1]["usage"]["used"], 5);
    assert!(value["layers"][1]["usage"]["mse"].is_null());

    let (_, err, code) =
        rvqscope(&["report", file, "--codes", "64", "--frame-rate", "50", "--out", out.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{err}");
    let metrics = std::fs::read_to_string(out.join("metrics.json")).unwrap();
    let value: serde_json::Value = serde_json::from_str(&metrics).unwrap();
    let layer = &value["layers"][0];
    assert_eq!((&layer["codes"], &layer["dim"]), (&64.into(), &serde_json::Value::Null));
    assert_eq!((&layer["train"]["used"], &layer["train"]["dead_corpus"]), (&20.into(), &44.into()));
    for undefined in ["snr_db", "mse", "explained_variance", "dead_threshold"] {
        assert!(layer["train"][undefined].is_null(), "{undefined}");
    }
    assert!(value["params"]["decay"].is_null() && value["totals"]["train"]["nominal_kbps"].is_number());
    for name in ["report.html", "rank_frequency.csv", "usage_heatmap.svg"] {
        assert!(out.join(name).is_file(), "{name}");
    }
    // Where frames are wanted, an array of whole numbers is frames, and that is said; text of whole numbers is not.
    let out = dir.path().join("m.safetensors");
    let small = ["--layers", "1", "--codes", "4", "--steps", "2", "--out", out.to_str().unwrap()];
    let (_, err, code) = rvqscope(&[&["train", file][..], &small].concat());
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("Whole numbers were taken for features"), "{err}");
    let units = dir.path().join("units.km");
    std::fs::write(&units, "1 2 3 4\n5 6 7 8\n").unwrap();
    let (_, err, code) = rvqscope(&[&["train", units.to_str().unwrap()][..], &small].concat());
    assert_eq!(code, Some(1));
    assert!(err.contains("these are codes") && err.contains("--as features"), "{err}");
}

#[test]
fn a_short_clip_comes_back_from_its_codes() {
    use rvqscope::jobs::{CodesSpec, DecodeSpec};
    use rvqscope::rvq::search::Search;
    use rvqscope::rvq::{Codebook, LayerSpan, Rvq};
    let dir = tempfile::tempdir().unwrap();
    let layers = (0..8).map(|layer| {
        let rows = common::clustered(100 + layer, 64, 16, 64) * 0.8f32.powi(layer as i32);
        Codebook::from_rows(rows).unwrap().into()
    });
    let rvq = Arc::new(Rvq::new(layers.collect()).unwrap());
    let cancel = Cancel::default();
    let told = std::sync::Mutex::new(Vec::new());
    let emit = |event| {
        if let jobs::JobEvent::Notice(words) = event {
            told.lock().unwrap().push(words.english());
        }
    };
    let ctx = JobCtx { cancel: &cancel, emit: &emit, control: None, threads: 1, live: false };
    let frames = dir.path().join("frames.npy");
    let decode = |codes: &Path, start: Option<usize>| {
        let spec = DecodeSpec {
            rvq: rvq.clone(),
            codes: codes.to_owned(),
            start,
            time_axis: None,
            cleaning: Default::default(),
            path: frames.clone(),
        };
        jobs::decode_to_file(&spec, &ctx)?;
        Ok::<Array2<f32>, JobError>(ndarray_npy::read_npy(&frames).unwrap())
    };
    for num_frames in [1, 2, 3, 7, 8, 9, 40] {
        let dataset = common::dataset(common::clustered(5, num_frames, 16, 4));
        let view = dataset.set.matrix.view();
        for (start, end) in [(0, None), (0, Some(3)), (2, Some(5)), (0, Some(1))] {
            let span = LayerSpan { start, end };
            let expected = rvq.encode(view, span).unwrap();
            for ending in rvqscope::io::CODES_ENDINGS {
                let path = dir.path().join(format!("codes.{ending}"));
                let spec = CodesSpec {
                    rvq: rvq.clone(),
                    dataset: dataset.clone(),
                    span,
                    search: Search::Greedy,
                    path: path.clone(),
                };
                jobs::encode_to_file(&spec, &ctx).unwrap();
                // A file that says where it begins need not be asked, and may not be told otherwise.
                let says = *ending == "safetensors";
                let found = decode(&path, (!says).then_some(start)).unwrap();
                assert_eq!(
                    found,
                    rvq.decode(expected.view(), start).unwrap(),
                    "{num_frames} frames, {span:?}, {ending}"
                );
                assert_eq!(found.dim(), (num_frames, 16));
                if says {
                    let err = decode(&path, Some(start + 1)).unwrap_err().to_string();
                    assert!(err.contains("begin at layer"), "{err}");
                }
            }
        }
    }
    // The same from NumPy, in either order of axes.
    let codes = Array2::from_shape_fn((8, 3), |(layer, t)| (layer * 5 + t) as i64);
    let expected = rvq.decode(codes.mapv(|code| code as u32).view(), 0).unwrap();
    for (name, values) in [("qt.npy", codes.clone()), ("tq.npy", codes.t().to_owned())] {
        let path = write(dir.path(), name, &values);
        assert_eq!(decode(&path, None).unwrap(), expected, "{name}");
    }
    told.lock().unwrap().clear();
    let square = write(dir.path(), "square.npy", &Array2::from_shape_fn((8, 8), |(l, t)| (l + t) as i64));
    decode(&square, None).unwrap();
    assert!(told.lock().unwrap()[0].contains("Either axis"), "{told:?}");
    let mut masked = codes;
    masked[[3, 1]] = -1;
    let err = decode(&write(dir.path(), "masked.npy", &masked), None).unwrap_err().to_string();
    assert!(err.contains("layer 3 has no code for frame 1"), "{err}");
}

#[test]
fn frames_that_are_not_finite_are_named_and_left_out_where_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let mut values = common::clustered(3, 300, 4, 5);
    for frame in [100, 101, 102, 250] {
        values[[frame, 2]] = f32::NAN;
    }
    let path = dir.path().join("frames.npy");
    ndarray_npy::write_npy(&path, &values).unwrap();
    let err = open(vec![path.clone()], DataSpec::default()).unwrap_err().to_string();
    assert!(
        err.contains("4 of 300 frames")
            && err.contains("frames 100 to 102, 250")
            && err.contains("--drop-nonfinite"),
        "{err}"
    );
    let drop = DataSpec { drop_nonfinite: true, ..DataSpec::default() };
    let set = open(vec![path], drop).unwrap().dataset.unwrap().set.clone();
    let kept: Vec<usize> = (0..300).filter(|t| ![100, 101, 102, 250].contains(t)).collect();
    assert_eq!(set.matrix.view(), values.select(ndarray::Axis(0), &kept));
    assert_eq!(set.clips[0].frames, 0..296);
}
