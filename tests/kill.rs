//! kill -9 at any moment of a training or a sweep: started again, the workspace goes on to the bytes of one that was never disturbed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{bits, clustered, history_bits, spec};
use rvqscope::io::write_f32_npy;
use rvqscope::jobs::{self, JobCtx};
use rvqscope::random::{self, Purpose};
use rvqscope::rvq::RvqParams;
use rvqscope::session::{
    DataCommand, ParamsEditor, Plan, RunEntry, RunState, Session, Startup, SweepCommand, TrainCommand,
};
use rvqscope::store::Folder;
use rvqscope::task::Cancel;

const FOLDER: &str = "RVQSCOPE_TEST_KILL_FOLDER";
const WHAT: &str = "RVQSCOPE_TEST_KILL_WHAT";
const TRAINING: &str = "training";
const SWEEP: &str = "sweep";
const KILLS: usize = 10;

/// The training alone is long enough that a fast machine is not through before the last kill; a sweep has its steps in four runs.
fn params(what: &str) -> RvqParams {
    RvqParams {
        num_layers: 3,
        codebook_size: 32,
        kmeans_iters: 3,
        batch_size: 256,
        steps: if what == TRAINING { 8000 } else { 1500 },
        ..RvqParams::default()
    }
}

/// A window without its window: brings the workspace back, goes on with what it was doing, and ends when nothing is left to do.
fn live(folder: &Path, what: &str) {
    let mut session = Session::new(Arc::new(|| {}));
    session.set_threads(1);
    session.set_save_every(Duration::from_millis(30));
    session.restore(Plan { params: ParamsEditor::new(params(what)), ..Plan::default() }, Default::default());
    let data = DataCommand::Open(vec![folder.join("frames.npy")]);
    session.open_workspace(folder.join("workspace"), Startup { asked: None, otherwise: Some(data) });
    let wait = |session: &mut Session, done: &dyn Fn(&Session) -> bool| {
        while !done(session) {
            session.poll();
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    wait(&mut session, &|s| !s.is_busy() && s.dataset().is_some());
    match (what, session.runs().is_empty()) {
        (SWEEP, true) => {
            let axes = vec!["codes=16,32".to_owned()];
            session.apply(SweepCommand::Start { axes, seeds: 2 });
        }
        (SWEEP, false) => session.apply(SweepCommand::Release),
        (_, true) => session.apply(TrainCommand::Start),
        (_, false) if session.can_continue() && !is_over(&session.runs()[0]) => {
            session.apply(TrainCommand::Continue);
        }
        _ => {}
    }
    wait(&mut session, &|s| !s.is_busy() && !s.is_unsaved());
    assert!(session.close(Duration::from_secs(20)));
}

fn is_over(entry: &RunEntry) -> bool {
    *entry.state() == RunState::Done
}

/// What the tests below start as a process of its own, to be killed.
#[test]
#[ignore = "it is the process that the other tests start and kill"]
fn a_process_of_its_own() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("a folder"));
    live(&folder, &std::env::var(WHAT).expect("what to do"));
}

fn start(folder: &Path, what: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_process_of_its_own", "--ignored", "--test-threads", "1"])
        .env(FOLDER, folder)
        .env(WHAT, what)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Steps of the runs that are on the disk after a kill.
fn kept_steps(folder: &Path) -> u64 {
    let Ok(workspace) = Folder::open(folder.join("workspace")) else { return 0 };
    let ids = workspace.run_ids().unwrap();
    ids.into_iter().map(|id| workspace.read_run(id).unwrap().run.steps).sum()
}

/// Starts and kills it again and again, then lets it end; gives how many of the kills found it alive.
fn kill_and_finish(folder: &Path, what: &str, seed: u64) -> usize {
    let mut rng = random::stream(seed, Purpose::Data, 7);
    let (mut killed, mut kept) = (0, vec![0]);
    for _ in 0..KILLS {
        let mut child = start(folder, what);
        std::thread::sleep(Duration::from_millis(150 + random::below(&mut rng, 400) as u64));
        killed += usize::from(child.try_wait().unwrap().is_none());
        // On Unix this is SIGKILL: nothing of the process runs any more.
        let _ = child.kill();
        child.wait().unwrap();
        kept.push(kept_steps(folder));
    }
    assert!(kept.is_sorted(), "steps that were on the disk are not lost: {kept:?}");
    assert!(kept.iter().filter(|&&steps| steps > 0).count() >= 2, "nothing was kept to go on with: {kept:?}");
    println!("{what}: {killed} of {KILLS} kills, steps on the disk {kept:?}");
    let start_of_last = Instant::now();
    assert!(start(folder, what).wait().unwrap().success());
    assert!(start_of_last.elapsed() < Duration::from_secs(120));
    killed
}

/// The runs of the workspace, oldest first, with the training of each as it would have been alone and undisturbed.
fn check(folder: &Path, wanted: &[RvqParams]) {
    let workspace = Folder::open(folder.join("workspace")).unwrap();
    let state = workspace.read_state().unwrap().unwrap();
    let runs: Vec<u64> =
        state["runs"].as_array().unwrap().iter().map(|run| run["id"].as_u64().unwrap()).collect();
    assert_eq!(runs.len(), wanted.len(), "no run is lost and none is there twice");
    for run in state["runs"].as_array().unwrap() {
        let spent = run["clock"]["spent_ms"].as_u64().unwrap();
        assert!(spent > 0, "the time that it was trained for is kept: {run}");
    }
    let values: ndarray::Array2<f32> = ndarray_npy::read_npy(folder.join("frames.npy")).unwrap();
    let cancel = Cancel::default();
    let ctx = JobCtx { cancel: &cancel, emit: &|_| {}, control: None, threads: 2, live: false };
    for (nth, (id, params)) in runs.into_iter().zip(wanted).enumerate() {
        let stored = workspace.read_run(id).unwrap();
        let (whole, history) =
            jobs::train_recorded(spec(&common::dataset(values.clone()), *params), &ctx).unwrap();
        let told = &state["runs"][nth];
        assert_eq!(stored.run.steps, params.steps, "run {id}: {told}, queue {}", state["queue"]);
        assert_eq!(
            history_bits(&stored.history),
            history_bits(&history),
            "run {id}: every scalar of every step"
        );
        assert_eq!(bits(&stored.run.rvq), bits(&whole.run.rvq), "run {id}: every byte of the codebooks");
        assert!(stored.run.trace.is_some(), "run {id}: the history of its codes is kept");
        assert_eq!(stored.run.trace, whole.run.trace, "run {id}: the history of every code");
    }
}

fn folder_with_frames() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_f32_npy(&folder.path().join("frames.npy"), clustered(5, 3000, 12, 20).view()).unwrap();
    folder
}

#[test]
fn a_training_that_is_killed_ten_times_is_the_one_that_never_was() {
    let folder = folder_with_frames();
    let killed = kill_and_finish(folder.path(), TRAINING, 1);
    assert!(killed >= 4, "only {killed} kills came before the end");
    check(folder.path(), &[params(TRAINING)]);
}

#[test]
fn a_sweep_that_is_killed_ten_times_is_the_one_that_never_was() {
    let folder = folder_with_frames();
    let killed = kill_and_finish(folder.path(), SWEEP, 2);
    assert!(killed >= 4, "only {killed} kills came before the end");
    let of = |codebook_size, seed| RvqParams { codebook_size, seed, ..params(SWEEP) };
    check(folder.path(), &[of(16, 0), of(16, 1), of(32, 0), of(32, 1)]);
}
