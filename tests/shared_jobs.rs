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
use rvqscope::random::{self, Purpose};
use rvqscope::ranks::{Ranks, as_threads};
use rvqscope::rvq::RvqParams;
use rvqscope::rvq::search::Search;
use rvqscope::store::{StoredRun, read_run};
use rvqscope::task::{Cancel, Task};
use rvqscope::training::Series;
use rvqscope::training::row_scales::{row_scales, row_scales_across, with_row_scales};

fn on_ctx<T>(work: impl FnOnce(&JobCtx<'_>) -> T, emit: &(dyn Fn(JobEvent) + Sync)) -> T {
    on_threads(2, work, emit)
}

fn on_threads<T>(threads: usize, work: impl FnOnce(&JobCtx<'_>) -> T, emit: &(dyn Fn(JobEvent) + Sync)) -> T {
    let cancel = Cancel::default();
    work(&JobCtx { cancel: &cancel, emit, control: None, threads, live: false })
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

/// Nine files of frames without any structure: what is learnt of some says nothing of others.
fn noise(folder: &Path) -> Source {
    let mut rng = random::stream(9, Purpose::Data, 2);
    let file = |nth: usize| {
        let path = folder.join(format!("{nth}.npy"));
        let values = Array2::from_shape_simple_fn((90 + 20 * nth, 6), || {
            (0..6).map(|_| random::unit(&mut rng)).sum::<f64>() as f32 - 3.0
        });
        write_npy(&path, &values);
        path
    };
    Source::Files((0..9).map(file).collect())
}

/// A rule that begins well and then learns its few frames by heart.
fn by_heart(steps: u64) -> RvqParams {
    RvqParams {
        num_layers: 4,
        codebook_size: 64,
        kmeans_iters: 1,
        batch_size: 64,
        calibrate: true,
        keep_best: true,
        steps,
        ..params()
    }
}

/// A training on `source` with `params`, with a third held out.
fn spec_of(source: &Source, rank: Arc<dyn Ranks>, params: RvqParams) -> SharedTrainSpec {
    let params = params.validate().unwrap();
    SharedTrainSpec { params, holdout: Holdout(0.33), ..spec(open(source, rank).unwrap(), 1) }
}

/// Trains as so many ranks, each on another number of threads, as `spec` says; what comes of it must be the same on all of them.
fn train_as(size: usize, spec: impl Fn(Arc<dyn Ranks>) -> SharedTrainSpec + Sync) -> SharedTrained {
    let trained = as_threads(size, |rank| {
        let (threads, spec) = (1 + (size + rank.rank()) % 3, spec(rank));
        on_threads(threads, |ctx| jobs::train_shared(spec, ctx), &|_| {}).unwrap()
    });
    let mut trained: Vec<SharedTrained> = trained.into_iter().map(Option::unwrap).collect();
    let first = trained.remove(0);
    for other in trained {
        assert_eq!(other.run, first.run, "ranks have come to different runs");
        assert_eq!(common::history_bits(&other.history), common::history_bits(&first.history));
    }
    first
}

fn assert_same(a: &SharedTrained, b: &SharedTrained, what: &str) {
    assert_eq!(common::bits(&a.run.rvq), common::bits(&b.run.rvq), "{what}");
    assert_eq!(a.run, b.run, "{what}");
    assert_eq!(common::history_bits(&a.history), common::history_bits(&b.history), "{what}");
}

#[test]
fn any_ranks_look_on_the_way_calibrate_and_keep_the_best_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let source = noise(folder.path());
    let trained = |size: usize, calibrate: bool| -> (SharedTrained, StoredRun) {
        let path = folder.path().join(format!("{size}.checkpoint"));
        let keep = Some(AfterEvery { steps: 100, path: path.clone() });
        let case = RvqParams { patience: 600, calibrate, ..by_heart(250) };
        let done =
            train_as(size, |rank| SharedTrainSpec { keep: keep.clone(), ..spec_of(&source, rank, case) });
        (done, read_run(&path).unwrap())
    };
    for calibrate in [false, true] {
        let (one, stored) = trained(1, calibrate);
        let course = one.run.course.unwrap();
        // Frames without structure are best early; a calibration mends what came later.
        assert_eq!(course.kept, (!calibrate).then_some(course.best_step), "{course:?}");
        assert!(course.best_step < 50 && course.above_best_db > 0.01, "{course:?}");
        assert_eq!(one.run.row_scales.iter().any(|&scale| scale > 1.05), calibrate);
        let looks = one.history.series(3, Series::HeldOutMse);
        assert_eq!(looks.iter().filter(|mse| mse.is_finite()).count(), 22);
        assert_eq!(stored.course.last.unwrap().0, 200);
        assert!(stored.course.best.as_ref().unwrap().rvq.is_some());
        for size in [2, 4, 7] {
            let (several, kept) = trained(size, calibrate);
            assert_same(&several, &one, &format!("{size} ranks"));
            assert_eq!(model_bytes(&several, folder.path()), model_bytes(&one, folder.path()));
            assert_eq!(kept.run, stored.run, "{size} ranks");
            assert_eq!(kept.trainer, stored.trainer, "{size} ranks");
            assert_eq!(kept.course, stored.course, "{size} ranks");
            assert_eq!(common::history_bits(&kept.history), common::history_bits(&stored.history));
        }
    }
}

#[test]
fn a_rank_may_have_nothing_that_is_held_out_or_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    // Whole clips of several, and the tail of one.
    for source in [noise(folder.path()), Source::Builtin(Builtin::Article)] {
        let case = RvqParams { patience: 50, ..by_heart(60) };
        let whole = open_alone(&source);
        let held_out = rvqscope::features::Split::hold_out(&whole.set, 0.33).held_out;
        let is_held_out = |frame: usize| held_out.iter().any(|range| range.contains(&frame));
        let held = as_threads(7, |rank| {
            let data = open(&source, rank).unwrap();
            let mut own = data.first..data.first + data.own.matrix.num_frames();
            (own.clone().all(is_held_out), own.any(is_held_out))
        });
        assert!(held.contains(&Some((false, false))) && held.contains(&Some((true, true))), "{held:?}");
        let one = train_as(1, |rank| spec_of(&source, rank, case));
        assert!(one.run.course.is_some());
        for size in [3, 7] {
            let several = train_as(size, |rank| spec_of(&source, rank, case));
            assert_same(&several, &one, &format!("{size} ranks"));
        }
    }
}

#[test]
fn factors_are_those_that_one_process_finds_for_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let source = noise(folder.path());
    let whole = open_alone(&source);
    let plain = RvqParams { calibrate: false, keep_best: false, ..by_heart(80) };
    let cancel = Cancel::default();
    let task = Task::silent(&cancel);
    for holdout in [Holdout(0.33), Holdout(0.0)] {
        let trained = |size: usize, params: RvqParams| {
            train_as(size, |rank| SharedTrainSpec { holdout, ..spec_of(&source, rank, params) })
        };
        let rvq = trained(2, plain).run.rvq.clone();
        let split = rvqscope::features::Split::hold_out(&whole.set, holdout.0);
        let of = |ranges: &[std::ops::Range<usize>]| {
            let frames: Vec<usize> = ranges.iter().cloned().flatten().collect();
            whole.set.matrix.view().select(ndarray::Axis(0), &frames).into()
        };
        let expected = if split.held_out.is_empty() {
            row_scales_across(&rvq, &of(&split.train), Search::Greedy, &task).unwrap()
        } else {
            row_scales(&rvq, &of(&split.held_out), Search::Greedy, &task).unwrap()
        };
        assert!(expected[3] > 1.05, "{expected:?}");
        for size in [1, 2, 4, 7] {
            let done = trained(size, RvqParams { calibrate: true, ..plain });
            assert_eq!(done.run.row_scales, expected, "{size} ranks, {holdout:?}");
            let scaled = with_row_scales(&rvq, &expected).unwrap();
            assert_eq!(common::bits(&done.run.rvq), common::bits(&scaled));
        }
    }
}

#[test]
fn standing_still_ends_all_ranks_at_the_same_step_and_more_steps_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..7).map(|nth| folder.path().join(format!("{nth}.npy"))).collect();
    paths.iter().for_each(|path| write_npy(path, &common::clustered(1, 120, 4, 4)));
    let source = Source::Files(paths);
    let settled = RvqParams { codebook_size: 4, num_layers: 2, patience: 60, ..by_heart(1000) };
    let path = folder.path().join("model.checkpoint");
    let keep = Some(AfterEvery { steps: 1, path: path.clone() });
    let one = train_as(1, |rank| spec_of(&source, rank, settled));
    let course = one.run.course.unwrap();
    let stood = one.run.steps - course.gained_at;
    assert!(course.ended_early && one.run.steps < 1000 && (60..80).contains(&stood), "{course:?}");
    for size in [2, 7] {
        let several =
            train_as(size, |rank| SharedTrainSpec { keep: keep.clone(), ..spec_of(&source, rank, settled) });
        assert_same(&several, &one, &format!("{size} ranks"));
    }
    // Killed between its last checkpoint and its model, it ends where it was; who asks for more steps gets them.
    let stored = Arc::new(read_run(&path).unwrap());
    assert_eq!(stored.run.steps, one.run.steps);
    let resumed = |params: RvqParams| {
        let resume = Some(SharedResume(stored.clone()));
        train_as(3, |rank| SharedTrainSpec { resume: resume.clone(), ..spec_of(&source, rank, params) })
    };
    assert_same(&resumed(settled), &one, "the same command again");
    let more = resumed(RvqParams { steps: 2000, ..settled });
    assert!(more.run.steps >= one.run.steps + 60, "{} after {}", more.run.steps, one.run.steps);
}

#[test]
fn a_training_that_is_killed_and_resumed_keeps_the_same_best_state() {
    let folder = tempfile::tempdir().unwrap();
    let source = noise(folder.path());
    let path = folder.path().join("model.checkpoint");
    let case = RvqParams { patience: 300, calibrate: false, ..by_heart(230) };
    let whole = train_as(2, |rank| spec_of(&source, rank, case));
    let killed = Cancel::default();
    let ended = as_threads(3, |rank| {
        let is_killed = rank.rank() == 1;
        let keep = Some(AfterEvery { steps: 25, path: path.clone() });
        let spec = SharedTrainSpec { keep, ..spec_of(&source, rank, case) };
        // Rank 0 tells of the 137th step; another dies of it, wherever it is by then.
        let emit = |event: JobEvent| {
            if let JobEvent::Step(_, record) = event
                && record.step == 137
            {
                killed.cancel();
            }
        };
        let cancel = if is_killed { killed.clone() } else { Cancel::default() };
        let ctx = JobCtx { cancel: &cancel, emit: &emit, control: None, threads: 1, live: false };
        jobs::train_shared(spec, &ctx).is_err()
    });
    assert_eq!(ended, [Some(true); 3]);
    let stored = Arc::new(read_run(&path).unwrap());
    assert!((125..=150).contains(&stored.run.steps), "{}", stored.run.steps);
    let best = stored.course.best.as_ref().unwrap();
    assert_eq!(Some(best.step), whole.run.course.unwrap().kept, "it was reached before the end came");
    for size in [1, 4] {
        let resume = Some(SharedResume(stored.clone()));
        let resumed =
            train_as(size, |rank| SharedTrainSpec { resume: resume.clone(), ..spec_of(&source, rank, case) });
        assert_same(&resumed, &whole, &format!("{size} ranks"));
    }
}
