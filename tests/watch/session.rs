//! A watched folder in the window's state: one run that grows.

use std::time::Instant;

use rvqscope::session::{Answer, DataCommand, Origin, RunsCommand, Session, Severity, Startup};
use tempfile::TempDir;

use super::*;

fn wait(session: &mut Session, what: &str, done: impl Fn(&Session) -> bool) {
    let start = Instant::now();
    while !done(session) {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}: {:?}", session.notices());
        session.poll();
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A session that keeps its workspace below `home`.
fn start(home: &Path) -> Session {
    for _ in 0..1000 {
        let mut session = Session::new(Arc::new(|| {}));
        session.set_threads(1);
        session.open_workspace(home.join("workspace"), Startup { asked: None, otherwise: None });
        wait(&mut session, "the workspace", |s| !s.is_restoring());
        // The threads of a session that was dropped may hold its workspace a little longer.
        if !session.notices().iter().any(|notice| notice.text.contains("another window")) {
            return session;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the workspace stays locked");
}

/// The steps of the checkpoints that the shown run has, and whether all that are there were looked at.
fn watched(session: &Session) -> Option<(Vec<u64>, usize)> {
    let watched = session.shown()?.watched.as_ref()?;
    Some((watched.points.iter().map(|point| point.step).collect(), watched.waiting))
}

#[test]
fn a_run_grows_with_its_folder_until_it_is_told_to_stop() {
    let (folder, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    old_checkpoints(folder.path(), [100, 200, 300]);
    let frames = data.path().join("frames.npy");
    io::write_f32_npy(&frames, noise(9, 800, DIM).view()).unwrap();
    let mut session = Session::new(Arc::new(|| {}));
    session.set_threads(1);
    session.apply(DataCommand::Open(vec![frames]));
    wait(&mut session, "frames", |s| !s.is_busy());
    session.apply(DataCommand::Watch(folder.path().to_owned()));
    wait(&mut session, "old checkpoints", |s| watched(s) == Some((vec![100, 200, 300], 0)));
    let id = session.shown().unwrap().id;
    let newest = |session: &Session| {
        let entry = session.run(id).unwrap();
        let Origin::Loaded(file) = &entry.origin else { panic!("{:?}", entry.origin) };
        let name = file.path.file_name().unwrap().to_string_lossy().into_owned();
        let step = if name == "G_300.pth" { 300 } else { 400 };
        (name, entry.run().unwrap().rvq.as_ref() == &quantizer(step))
    };
    assert_eq!(newest(&session), ("G_300.pth".to_owned(), true));
    assert_eq!(session.view().unwrap().run.held_out.as_ref().map(|e| e.frames), Some(800));
    write(&folder.path().join("G_400.pth"), &quantizer(400), 400);
    wait(&mut session, "a new one", |s| watched(s) == Some((vec![100, 200, 300, 400], 0)));
    assert_eq!(newest(&session), ("G_400.pth".to_owned(), true));
    let change = session.shown().unwrap().watched.as_ref().unwrap().points[3].change.clone();
    assert!(change.unwrap().layers[0].token_stability.is_some());
    assert!(session.is_watching(id) && session.is_busy());
    session.apply(RunsCommand::StopWatching(id));
    assert!(!session.is_watching(id) && !session.is_busy());
    assert_eq!(watched(&session).map(|(steps, _)| steps.len()), Some(4), "what came of it stays");
    // A folder without any checkpoint has no run to stop it by.
    let empty = TempDir::new().unwrap();
    session.apply(DataCommand::Watch(empty.path().to_owned()));
    assert!(session.watches());
    session.apply(DataCommand::StopWatching);
    assert!(!session.watches() && !session.is_busy());
    // A run that is deleted is not watched on.
    session.apply(DataCommand::Watch(folder.path().to_owned()));
    wait(&mut session, "again", |s| s.shown().is_some_and(|entry| entry.id != id && entry.watched.is_some()));
    let other = session.shown().unwrap().id;
    assert!(session.is_watching(other));
    session.apply(RunsCommand::Delete(other));
    assert!(!session.is_busy() && session.run(id).is_some());
}

#[test]
fn a_watch_goes_on_at_the_next_start() {
    let (folder, data, home) = (TempDir::new().unwrap(), TempDir::new().unwrap(), TempDir::new().unwrap());
    old_checkpoints(folder.path(), [100, 200]);
    let frames = data.path().join("frames.npy");
    io::write_f32_npy(&frames, noise(9, 800, DIM).view()).unwrap();
    let mut session = start(home.path());
    session.apply(DataCommand::Open(vec![frames]));
    wait(&mut session, "frames", |s| !s.is_busy());
    session.apply(DataCommand::Watch(folder.path().to_owned()));
    wait(&mut session, "old checkpoints", |s| watched(s) == Some((vec![100, 200], 0)));
    let id = session.shown().unwrap().id;
    assert!(session.close(Duration::from_secs(60)));
    drop(session);

    // What came while nobody looked is there as well, in the same run, held against the same frames.
    write(&folder.path().join("G_300.pth"), &quantizer(300), 300);
    let mut session = start(home.path());
    wait(&mut session, "all checkpoints", |s| watched(s) == Some((vec![100, 200, 300], 0)));
    assert_eq!((session.shown().unwrap().id, session.runs().len()), (id, 1));
    assert!(session.is_watching(id));
    assert_eq!(session.view().unwrap().run.held_out.as_ref().map(|e| e.frames), Some(800));
    session.apply(RunsCommand::StopWatching(id));
    assert!(session.close(Duration::from_secs(60)));
    drop(session);

    let mut session = start(home.path());
    wait(&mut session, "the run", |s| !s.is_busy() && s.view().is_some());
    assert!(!session.watches() && session.shown().unwrap().watched.is_none(), "what was stopped stays so");
}

#[test]
fn which_of_several_quantizers_is_meant_is_said_once_for_a_folder() {
    let (folder, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let two = |step: u64| {
        let path = folder.path().join(format!("G_{step}.safetensors"));
        let tensors = |place: &str, rvq: &Rvq| {
            io::model::family("encodec").unwrap().tensors(rvq, place, io::Dtype::F32).unwrap()
        };
        let all = [tensors("teacher.", &quantizer(step + 7)), tensors("student.", &quantizer(step))].concat();
        let notes = std::collections::BTreeMap::new();
        io::write_tensors(&path, &io::NewFile { tensors: &all, notes: &notes, nested: None }).unwrap();
        path
    };
    let first = two(100);
    let mut session = start(home.path());
    session.apply(DataCommand::Watch(folder.path().to_owned()));
    let asks = |s: &Session| s.notices().iter().any(|notice| notice.text.contains("Open it here once"));
    wait(&mut session, "what is to be done", asks);
    session.apply(DataCommand::StopWatching);

    session.apply(DataCommand::Open(vec![first]));
    wait(&mut session, "the question", |s| s.file_choice().is_some());
    let places = session.file_choice().unwrap().places();
    let student = places.iter().position(|place| place.place.starts_with("student")).unwrap();
    session.apply(DataCommand::Answer(Some(Answer::Quantizer(student))));
    wait(&mut session, "the model", |s| s.view().is_some());
    session.apply(DataCommand::Watch(folder.path().to_owned()));
    wait(&mut session, "the first", |s| watched(s) == Some((vec![100], 0)));
    two(200);
    wait(&mut session, "the second", |s| watched(s) == Some((vec![100, 200], 0)));
    assert_eq!(session.view().unwrap().run.rvq.as_ref(), &quantizer(200));
    assert!(session.close(Duration::from_secs(60)));
    drop(session);

    two(300);
    let mut session = start(home.path());
    wait(&mut session, "all of them", |s| watched(s) == Some((vec![100, 200, 300], 0)));
    assert_eq!(session.view().unwrap().run.rvq.as_ref(), &quantizer(300));
}

#[test]
fn a_folder_that_is_none_is_a_notice() {
    let folder = TempDir::new().unwrap();
    let mut session = Session::new(Arc::new(|| {}));
    session.apply(DataCommand::Watch(folder.path().join("missing")));
    wait(&mut session, "a notice", |s| s.notices().iter().any(|notice| notice.severity == Severity::Error));
    assert!(session.runs().is_empty() && !session.is_busy());
}
