//! A trainer that writes while the folder is watched: slowly, by renaming, over what was there, damaged, and away again.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread::sleep;
use std::time::Instant;

use rvqscope::jobs::{self, JobCtx};
use rvqscope::watch::{Event, Watch, WatchSpec};
use tempfile::TempDir;

use super::*;

/// What was told and when.
type Told = Mutex<Vec<(Instant, String)>>;

/// Watches `folder` until `is_enough` of what was told, and gives the watch.
fn watch_until(
    spec: WatchSpec,
    told: &Told,
    is_enough: impl Fn(&[(Instant, String)]) -> bool + Send,
) -> Watch {
    let cancel = Cancel::default();
    let ctx = JobCtx { cancel: &cancel, emit: &|_| {}, control: None, threads: 1, live: false };
    let start = Instant::now();
    let mut tell = |watch: &Watch, event: Option<&Event>| {
        let mut told = told.lock().unwrap();
        if let Some(event) = event {
            let text = match event {
                Event::Point(id) => {
                    let point = watch.series().get(*id).unwrap();
                    // Whatever is told is what some writer has written whole.
                    assert_eq!(
                        point.quantizer,
                        rvqscope::watch::Digest::of_quantizer(&quantizer(point.step))
                    );
                    format!("step {}", point.step)
                }
                Event::Unreadable { file, text } => format!("unreadable {file}: {text}"),
                Event::Skipped { file, .. } => format!("skipped {file}"),
                Event::Gone(file) => format!("gone {file}"),
                Event::Note(text) => format!("note {text}"),
            };
            told.push((Instant::now(), text));
        }
        assert!(start.elapsed() < Duration::from_secs(120), "{told:?}");
        if event.is_none() && is_enough(&told) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    jobs::watch(spec, false, &ctx, &mut tell).unwrap()
}

fn has(told: &[(Instant, String)], text: &str) -> bool {
    told.iter().any(|(_, said)| said.starts_with(text))
}

/// Writes `bytes` in pieces with pauses between them.
fn write_slowly(path: &PathBuf, bytes: &[u8]) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).unwrap();
    for piece in bytes.chunks(bytes.len().div_ceil(12)) {
        file.write_all(piece).unwrap();
        file.flush().unwrap();
        sleep(Duration::from_millis(30));
    }
}

#[test]
fn nothing_is_missed_and_nothing_is_read_half() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (told, complete) = (Told::default(), Mutex::new(BTreeMap::new()));
    let done = |step: u64| {
        complete.lock().unwrap().insert(step, Instant::now());
    };
    let write_all = || {
        write_slowly(&at("G_100.pth"), &bytes("G.pth", &quantizer(100), 100));
        done(100);
        // Into a file of another name, which takes the right one in a move.
        write_slowly(&at("G_200.pth.tmp"), &bytes("G.pth", &quantizer(200), 200));
        std::fs::rename(at("G_200.pth.tmp"), at("G_200.pth")).unwrap();
        done(200);
        write_slowly(&at("G_300.pth"), &bytes("G.pth", &quantizer(300), 300)[..2000]);
        for step in [400, 500, 600] {
            // In place, over the one before it: the file's own counter tells the step.
            write_slowly(&at("latest.safetensors"), &bytes("l.safetensors", &quantizer(step), step));
            done(step);
            let wait = Instant::now();
            while !has(&told.lock().unwrap(), &format!("step {step}")) {
                assert!(wait.elapsed() < Duration::from_secs(60), "{:?}", told.lock().unwrap());
                sleep(Duration::from_millis(5));
            }
        }
        std::fs::remove_file(at("G_100.pth")).unwrap();
        write_slowly(
            &at("nested/checkpoint-700/model.safetensors"),
            &bytes("l.safetensors", &quantizer(700), 700),
        );
        done(700);
    };
    std::fs::create_dir_all(at("nested/checkpoint-700")).unwrap();
    let watch = std::thread::scope(|scope| {
        let writer = scope.spawn(write_all);
        let is_enough = |told: &[(Instant, String)]| {
            ["step 700", "gone G_100.pth", "unreadable G_300.pth"].iter().all(|text| has(told, text))
        };
        let watch = watch_until(spec(folder.path()), &told, is_enough);
        writer.join().unwrap();
        watch
    });
    assert_eq!(steps(&watch), [100, 200, 400, 500, 600, 700], "what was deleted stays");
    let gone: Vec<u64> = watch.series().points().iter().filter(|p| p.is_gone).map(|p| p.step).collect();
    assert_eq!(gone, [100]);
    let told = told.into_inner().unwrap();
    for text in ["unreadable", "gone", "step 100", "step 500"] {
        assert_eq!(told.iter().filter(|(_, said)| said.starts_with(text)).count(), 1, "{text}: {told:?}");
    }
    assert_eq!(told.len(), 8, "{told:?}");
    // With the usual pace two looks make 1.1 s; here all is shorter, and machines are slow.
    for (step, complete) in complete.into_inner().unwrap() {
        let (at, _) = told.iter().find(|(_, said)| *said == format!("step {step}")).unwrap();
        assert!(*at >= complete && at.duration_since(complete) < Duration::from_secs(5), "{step}");
    }
}

#[test]
fn a_file_that_is_finished_after_all_is_taken() {
    let folder = TempDir::new().unwrap();
    let (path, whole) = (folder.path().join("G_8.pth"), bytes("G.pth", &quantizer(8), 8));
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let told = Told::default();
    let half = watch_until(spec(folder.path()), &told, |told| has(told, "unreadable G_8.pth"));
    assert!(half.series().points().is_empty());
    let told = Told::default();
    let watch = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !has(&told.lock().unwrap(), "unreadable") {
                sleep(Duration::from_millis(5));
            }
            std::fs::write(&path, &whole).unwrap();
        });
        watch_until(spec(folder.path()), &told, |told| has(told, "step 8"))
    });
    assert_eq!(steps(&watch), [8]);
}

#[test]
fn copies_and_frozen_quantizers_are_told_apart() {
    let folder = TempDir::new().unwrap();
    old_checkpoints(folder.path(), [100, 200]);
    // A copy of the last one, a link to it, and a later checkpoint whose quantizer has not moved.
    std::fs::copy(folder.path().join("G_200.pth"), folder.path().join("best.pth")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("G_200.pth", folder.path().join("latest.pth")).unwrap();
    std::fs::copy(folder.path().join("G_200.pth"), folder.path().join("G_300.pth")).unwrap();
    let files: Vec<PathBuf> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.iter().for_each(|path| age(path, 5000));
    let mut watch = Watch::new(spec(folder.path())).unwrap();
    go_through(&mut watch);
    assert_eq!(steps(&watch), [100, 200, 300]);
    let still = watch.series().points()[2].change.clone().unwrap();
    assert_eq!(
        (still.layers[0].checkpoint_drift, still.layers[0].token_stability, still.layers[0].births),
        (Some(0.0), Some(1.0), Some(0))
    );
    assert_eq!(watch.work().evaluated, 2);
}
