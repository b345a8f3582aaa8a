//! The jobs of several ranks: each opens its share, all train and judge the same, and whoever fails is heard of.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ndarray::{Array2, s};
use rvqscope::jobs::{
    self, AfterEvery, Builtin, DataSpec, Dataset, Holdout, JobCtx, JobError, JobEvent, OpenSpec, SaveSpec,
    SharedData, SharedResume, SharedTrainSpec, SharedTrained, Source,
};
use rvqscope::metrics::Evaluation;
use rvqscope::ranks::{Ranks, as_threads};
use rvqscope::rvq::RvqParams;
use rvqscope::rvq::search::Search;
use rvqscope::store::read_run;
use rvqscope::task::Cancel;

fn on_ctx<T>(work: impl FnOnce(&JobCtx<'_>) -> T, emit: &(dyn Fn(JobEvent) + Sync)) -> T {
    let cancel = Cancel::default();
    work(&JobCtx { cancel: &cancel, emit, control: None, threads: 2, live: false })
}

fn open(source: &Source, ranks: Arc<dyn Ranks>) -> Result<SharedData, JobError> {
    let spec = OpenSpec { source: source.clone(), data: DataSpec::default() };
    on_ctx(|ctx| jobs::open_shared(&spec, ranks, ctx), &|_| {})
}

fn open_alone(source: &Source) -> Arc<Dataset> {
    let spec = OpenSpec { source: source.clone(), data: DataSpec::default() };
    on_ctx(|ctx| jobs::open(&spec, ctx), &|_| {}).unwrap().dataset.unwrap()
}

fn params() -> RvqParams {
    RvqParams { codebook_size: 20, ..common::small_params("rvqscope") }
}

fn spec(data: SharedData, steps: u64) -> SharedTrainSpec {
    SharedTrainSpec {
        name: "together".to_owned(),
        data,
        params: RvqParams { steps, ..params() }.validate().unwrap(),
        holdout: Holdout(0.2),
        search: Search::of_width(3),
        start: None,
        resume: None,
        keep: None,
    }
}

/// Opens `source` as so many ranks and trains; what comes of it must be the same on all of them.
fn train(source: &Source, size: usize, steps: u64) -> SharedTrained {
    let trained = as_threads(size, |rank| {
        let data = open(source, rank).unwrap();
        on_ctx(|ctx| jobs::train_shared(spec(data, steps), ctx), &|_| {}).unwrap()
    });
    let mut trained: Vec<SharedTrained> = trained.into_iter().map(Option::unwrap).collect();
    let first = trained.remove(0);
    assert!(trained.iter().all(|other| other.run == first.run), "ranks have come to different runs");
    first
}

fn model_bytes(trained: &SharedTrained, folder: &Path) -> Vec<u8> {
    let path = folder.join("model.safetensors");
    let spec = SaveSpec { run: trained.run.clone(), path: path.clone() };
    on_ctx(|ctx| jobs::save_model(&spec, ctx), &|_| {}).unwrap();
    std::fs::read(path).unwrap()
}

/// Writes an array as NumPy does.
fn write_npy(path: &Path, values: &Array2<f32>) {
    let (rows, columns) = values.dim();
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    header += &" ".repeat(63 - (10 + header.len()) % 64);
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    values.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
    std::fs::write(path, bytes).unwrap();
}

/// Figures that differ by no more than what is rounded on the way.
fn assert_alike(a: &Evaluation, b: &Evaluation) {
    let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-9 * a.abs().max(b.abs()), "{a} and {b}");
    assert_eq!((a.frames, a.dim, a.search), (b.frames, b.dim, b.search));
    close(a.signal_energy, b.signal_energy);
    close(a.centred_energy, b.centred_energy);
    close(a.greedy_energy.unwrap(), b.greedy_energy.unwrap());
    for (a, b) in a.layers.iter().zip(&b.layers) {
        assert_eq!(a.counts, b.counts);
        a.code_sq_error.iter().zip(&b.code_sq_error).for_each(|(&a, &b)| close(a, b));
        close(a.residual_energy, b.residual_energy);
        assert_eq!(a.gain, b.gain);
    }
}

#[test]
fn clips_are_dealt_out_and_the_model_is_the_same_file() {
    let source = Source::Builtin(Builtin::Demo);
    let folder = tempfile::tempdir().unwrap();
    let whole = open_alone(&source);
    let one = train(&source, 1, 15);
    let bytes = model_bytes(&one, folder.path());
    for size in [2, 4, 7] {
        let several = train(&source, size, 15);
        assert_eq!(several.run, one.run, "{size} ranks");
        assert_eq!(common::history_bits(&several.history), common::history_bits(&one.history));
        assert_eq!(model_bytes(&several, folder.path()), bytes);
    }
    for shares in as_threads(3, |rank| open(&source, rank).unwrap()) {
        let SharedData { own, first, clips, .. } = shares.unwrap();
        assert_eq!(clips, whole.set.clips);
        let frames = first..first + own.matrix.num_frames();
        assert_eq!(own.matrix.view(), whole.set.matrix.view().slice(s![frames, ..]));
    }
    // What one process says of the same quantizer.
    let evaluate = jobs::EvaluateSpec {
        name: "alone".to_owned(),
        dataset: whole,
        rvq: one.run.rvq.clone(),
        params: None,
        steps: 15,
        holdout: Some(Holdout(0.2)),
        search: Search::of_width(3),
    };
    let alone = on_ctx(|ctx| jobs::evaluate(&evaluate, ctx), &|_| {}).unwrap();
    assert_alike(one.run.held_out.as_ref().unwrap(), alone.held_out.as_ref().unwrap());
    assert_alike(one.run.train.as_ref().unwrap(), alone.train.as_ref().unwrap());
}

#[test]
fn rows_of_a_large_array_are_dealt_out() {
    let folder = tempfile::tempdir().unwrap();
    let values = common::clustered(4, 30_011, 10, 30);
    let path = folder.path().join("frames.npy");
    write_npy(&path, &values);
    let source = Source::Files(vec![path]);
    let one = train(&source, 1, 8);
    assert_eq!(one.run.source.frames, 30_011);
    for size in [2, 7] {
        assert_eq!(train(&source, size, 8).run, one.run, "{size} ranks");
    }
    let held = as_threads(7, |rank| {
        let data = open(&source, rank).unwrap();
        (data.own.matrix.is_mapped(), data.own.matrix.num_frames(), data.clips.len())
    });
    assert!(
        held.iter().flatten().all(|&(mapped, frames, clips)| mapped && frames < 4300 && clips == 1),
        "{held:?}"
    );
}

#[test]
fn what_cannot_be_shared_out_is_refused_on_every_rank() {
    let folder = tempfile::tempdir().unwrap();
    let small = folder.path().join("small.npy");
    write_npy(&small, &common::clustered(4, 300, 4, 3));
    let refused = |files: Vec<PathBuf>, why: &str| {
        let source = Source::Files(files);
        for err in as_threads(3, |rank| open(&source, rank).map(drop)) {
            let words = err.unwrap().unwrap_err().to_string();
            assert!(words.contains(why), "{words}");
        }
    };
    refused(vec![small.clone()], "1 files for 3 ranks can only be shared out by rows");
    let broken = folder.path().join("z.npy");
    std::fs::write(&broken, b"\x93NUMPY nonsense").unwrap();
    refused(vec![small.clone(), small.clone(), broken], "z.npy");
    let other = folder.path().join("other.npy");
    write_npy(&other, &common::clustered(4, 300, 5, 3));
    refused(vec![small.clone(), small.clone(), other], "dimensions");
    refused(vec![folder.path().join("missing.npy")], "missing.npy");
    let err = as_threads(13, |rank| open(&Source::Builtin(Builtin::Demo), rank).map(drop));
    assert!(err.into_iter().all(|done| done.unwrap().unwrap_err().to_string().contains("13 ranks")));
}

#[test]
fn other_ranks_go_on_from_a_checkpoint_to_the_same_run() {
    let source = Source::Builtin(Builtin::Article);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.checkpoint");
    let whole = train(&source, 2, 12);
    let told = Mutex::new(Vec::new());
    let emit = |event: JobEvent| {
        if let JobEvent::Step(0, record) = event {
            told.lock().unwrap().push(record.step);
        }
    };
    as_threads(3, |rank| {
        let keep = Some(AfterEvery { steps: 5, path: path.clone() });
        let spec = SharedTrainSpec { keep, ..spec(open(&source, rank).unwrap(), 7) };
        on_ctx(|ctx| jobs::train_shared(spec, ctx), &emit).unwrap();
    });
    assert_eq!(told.into_inner().unwrap(), (1..=7).collect::<Vec<_>>(), "one rank tells");
    let stored = Arc::new(read_run(&path).unwrap());
    assert_eq!(stored.run.steps, 5);
    let resumed = as_threads(4, |rank| {
        let resume = Some(SharedResume(stored.clone()));
        let spec = SharedTrainSpec { resume, ..spec(open(&source, rank).unwrap(), 12) };
        on_ctx(|ctx| jobs::train_shared(spec, ctx), &|_| {}).unwrap()
    });
    for trained in resumed.into_iter().map(Option::unwrap) {
        assert_eq!(trained.run, whole.run);
        assert_eq!(common::history_bits(&trained.history), common::history_bits(&whole.history));
    }
    // Of other data it is refused.
    let other = as_threads(2, |rank| {
        let resume = Some(SharedResume(stored.clone()));
        let spec =
            SharedTrainSpec { resume, ..spec(open(&Source::Builtin(Builtin::Demo), rank).unwrap(), 12) };
        on_ctx(|ctx| jobs::train_shared(spec, ctx), &|_| {}).unwrap_err().to_string()
    });
    assert!(other.iter().flatten().all(|words| words.contains("of other data")), "{other:?}");
}

#[test]
fn a_checkpoint_that_cannot_be_written_ends_all_ranks_with_the_reason() {
    let path = PathBuf::from("no").join("such").join("folder.checkpoint");
    let ended = as_threads(3, |rank| {
        let keep = Some(AfterEvery { steps: 2, path: path.clone() });
        let spec =
            SharedTrainSpec { keep, ..spec(open(&Source::Builtin(Builtin::Article), rank).unwrap(), 7) };
        on_ctx(|ctx| jobs::train_shared(spec, ctx), &|_| {}).unwrap_err().to_string()
    });
    assert!(ended.iter().flatten().all(|words| words.contains("folder.checkpoint")), "{ended:?}");
}
