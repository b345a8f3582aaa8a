//! The writer in the background: its caller never waits, the newest wins, and what the disk refuses is told once and tried again.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rvqscope::store::{Folder, Saver, StoreError, StoredRun};
use rvqscope::training::Run;
use serde_json::json;

use crate::samples::{assert_same, trained};

/// Far longer than any of these takes.
const LONG: Duration = Duration::from_secs(60);

fn named(run: &StoredRun, name: &str) -> StoredRun {
    StoredRun { run: Arc::new(Run { name: name.to_owned(), ..(*run.run).clone() }), ..run.clone() }
}

#[test]
fn what_is_handed_over_is_written_and_the_newest_wins() {
    let root = tempfile::tempdir().unwrap();
    let saver = Saver::start(Folder::open(root.path()).unwrap());
    let (run, _) = trained("encodec", 3);
    for n in 0..30u64 {
        saver.save_run(n % 3, named(&run, &format!("version {n}")));
        saver.save_state(json!({"version": n}));
    }
    assert!(saver.flush(LONG) && saver.is_written());
    assert!(saver.flush(Duration::ZERO), "nothing is left to do");
    saver.remove_run(1);
    assert!(saver.flush(LONG));
    assert!(root.path().join("runs/1.safetensors").is_file(), "the state on the disk names it still");
    saver.save_state(json!("without 1"));
    assert!(saver.flush(LONG));
    assert!(matches!(Folder::open(root.path()), Err(StoreError::InUse(_))));
    assert!(saver.take_problems().is_empty());
    assert!(saver.close(LONG));

    let folder = Folder::open(root.path()).unwrap();
    assert_eq!(folder.run_ids().unwrap(), [0, 2]);
    assert_eq!(folder.read_state().unwrap(), Some(json!("without 1")));
    assert_same(&folder.read_run(2).unwrap(), &named(&run, "version 29"));
    assert_same(&folder.read_run(0).unwrap(), &named(&run, "version 27"));
}

#[test]
fn dropped_it_still_writes_what_it_was_given() {
    let root = tempfile::tempdir().unwrap();
    let folder = Arc::new(Folder::open(root.path()).unwrap());
    let saver = Saver::start(folder.clone());
    saver.save_run(4, trained("encodec", 3).0);
    saver.save_state(json!([4]));
    drop(saver);
    let start = Instant::now();
    while folder.read_state().unwrap().is_none() {
        assert!(start.elapsed() < LONG);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(folder.has_run(4));
}

#[test]
fn what_the_disk_refuses_is_told_once_and_the_state_waits_for_its_runs() {
    let root = tempfile::tempdir().unwrap();
    let woken = Arc::new(AtomicUsize::new(0));
    let saver = Saver::start_waking(Folder::open(root.path()).unwrap(), {
        let woken = woken.clone();
        Arc::new(move || {
            woken.fetch_add(1, Ordering::SeqCst);
        })
    });
    let (run, _) = trained("encodec", 3);
    saver.save_run(1, run.clone());
    saver.save_state(json!([1]));
    assert!(saver.flush(LONG));

    // Nothing can be written among the runs any more: a file stands there.
    let (runs, hidden) = (root.path().join("runs"), root.path().join("hidden"));
    fs::rename(&runs, &hidden).unwrap();
    fs::write(&runs, "").unwrap();
    for n in 0..5 {
        saver.save_run(1, named(&run, &format!("{n}")));
        saver.save_run(2, run.clone());
        saver.save_state(json!([1, 2, n]));
        assert!(!saver.flush(LONG), "it is refused");
    }
    let problems = saver.take_problems();
    assert_eq!(problems.len(), 1, "the same cause once: {problems:?}");
    assert!(problems[0].to_string().contains("runs"), "{problems:?}");
    assert_eq!(woken.load(Ordering::SeqCst), 1);
    let state = fs::read_to_string(root.path().join("state.json")).unwrap();
    assert!(state.contains("[1]"), "a state that names run 2 is not written before run 2: {state}");

    fs::remove_file(&runs).unwrap();
    fs::rename(&hidden, &runs).unwrap();
    assert!(saver.flush(LONG), "what was refused is kept and tried again");
    assert!(saver.take_problems().is_empty());

    // Told again when it happens again.
    fs::rename(&runs, &hidden).unwrap();
    fs::write(&runs, "").unwrap();
    saver.save_run(3, run.clone());
    assert!(!saver.flush(LONG));
    assert_eq!(saver.take_problems().len(), 1);
    fs::remove_file(&runs).unwrap();
    fs::rename(&hidden, &runs).unwrap();
    assert!(saver.close(LONG));

    let folder = Folder::open(root.path()).unwrap();
    assert_eq!(folder.run_ids().unwrap(), [1, 2, 3]);
    assert_eq!(folder.read_state().unwrap(), Some(json!([1, 2, 4])));
    assert_same(&folder.read_run(1).unwrap(), &named(&run, "4"));
}

#[test]
fn a_run_that_can_never_be_stored_does_not_hold_up_the_rest() {
    let root = tempfile::tempdir().unwrap();
    let saver = Saver::start(Folder::open(root.path()).unwrap());
    let (run, _) = trained("encodec", 3);
    let mut broken = (*run.run).clone();
    broken.states.pop();
    saver.save_run(1, StoredRun { run: Arc::new(broken), trainer: None, ..run.clone() });
    saver.save_run(2, run);
    saver.save_state(json!([1, 2]));
    assert!(saver.flush(LONG));
    let problems = saver.take_problems();
    assert!(
        problems.len() == 1 && problems[0].to_string().contains("this run cannot be kept"),
        "{problems:?}"
    );
    assert!(saver.close(LONG));
    let folder = Folder::open(root.path()).unwrap();
    assert_eq!((folder.run_ids().unwrap(), folder.read_state().unwrap()), (vec![2], Some(json!([1, 2]))));
}

#[test]
fn what_is_refused_is_tried_again_without_being_asked() {
    let root = tempfile::tempdir().unwrap();
    let folder = Arc::new(Folder::open(root.path()).unwrap());
    let saver = Saver::start(folder.clone());
    let state = root.path().join("state.json");
    fs::create_dir(&state).unwrap();
    saver.save_state(json!(1));
    let start = Instant::now();
    while saver.take_problems().is_empty() {
        assert!(start.elapsed() < LONG);
        std::thread::sleep(Duration::from_millis(5));
    }
    fs::remove_dir(&state).unwrap();
    while !saver.is_written() {
        assert!(start.elapsed() < LONG);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(folder.read_state().unwrap(), Some(json!(1)));
}
