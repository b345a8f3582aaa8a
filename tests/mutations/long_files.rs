//! Long files, sound or not: each reader says how far it is, and ends soon after it is told to.

use std::sync::Mutex;

use rvqscope::io::{FileError, Problem};
use rvqscope::task::Progress;

use super::archives::{Packed, zip};
use super::{Cancel, PATIENCE, Task};
use super::{files, io, pickles};

/// Stages of fewer units are over at once.
const SHORT: u64 = 1 << 14;

/// Opens `bytes` and cancels at the first news behind `stop`, a share of the whole; what comes of it, and all the news. Short stages do not count.
fn open_until(stop: f64, bytes: &[u8]) -> (Result<(), FileError>, Vec<Progress>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long");
    std::fs::write(&path, bytes).unwrap();
    let (cancel, told) = (Cancel::default(), Mutex::new(Vec::new()));
    let on_progress = |progress: Progress| {
        if progress.total < SHORT {
            return;
        }
        if progress.done as f64 >= stop * progress.total as f64 {
            cancel.cancel();
        }
        told.lock().unwrap().push(progress);
    };
    let opened = io::open(&path, &Task::new(&cancel, &on_progress)).map(drop);
    (opened, told.into_inner().unwrap())
}

fn long_files() -> Vec<(&'static str, Vec<u8>)> {
    let numbers = 1 << 20;
    let zeros = vec![0; 4 * numbers];
    let array = files::npy(1, "<f4", false, &format!("({}, 64)", numbers / 64), &zeros);
    let pickle =
        pickles::alone(&pickles::tensor("0", numbers as i64, 0, &[numbers as i64 / 64, 64], &[64, 1]));
    let long_pickle = b"N0".repeat(1 << 18);
    let torch = |storage: Packed| zip(&[Packed::stored("a/data.pkl", &pickle), storage]);
    let packed_pickle = Packed::deflated("a/data.pkl", &pickles::alone(&long_pickle));
    let many_lists = [b"](".as_slice(), &b"]".repeat(1 << 15), b"e"].concat();
    vec![
        ("a pickle of the older form", pickles::legacy(&long_pickle, &[])),
        ("a pickle in an archive", zip(&[packed_pickle])),
        ("what a pickle holds", pickles::legacy(&many_lists, &[])),
        ("a packed array", zip(&[Packed::deflated("x.npy", &array)])),
        ("a packed storage", torch(Packed::deflated("a/data/0", &zeros))),
        ("a storage", torch(Packed::stored("a/data/0", &zeros))),
        ("lines of numbers", b"1.5 2\n".repeat(1 << 18)),
        ("clips of codes", b"clip\t1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n".repeat(1 << 14)),
        ("empty lines", [b"1.5 2\n".as_slice(), &b"\n".repeat(1 << 20), b"3 4\n"].concat()),
        ("a comment", [b"1.5 2\n#".as_slice(), &b"word ".repeat(1 << 18), b"\n3 4\n"].concat()),
        ("sound", files::wav(1, 1, 16_000, 2, 16, &zeros)),
        ("columns of numbers", files::npy(1, "<f4", true, &format!("({}, 64)", numbers / 64), &zeros)),
    ]
}

#[test]
fn a_reader_says_how_far_it_is_and_can_be_stopped_there() {
    for (what, bytes) in long_files() {
        let (_, all) = open_until(2.0, &bytes);
        let most = |told: &[Progress]| {
            told.iter().map(|told| told.done as f64 / told.total.max(1) as f64).fold(0.0, f64::max)
        };
        assert!(all.len() > 5 && most(&all) > 0.8, "{what}: {} news, the last of {}", all.len(), most(&all));
        assert!(
            all.iter().all(|told| told.done <= told.total && told.stage.english().ends_with("long")),
            "{what}"
        );

        let (opened, told) = open_until(0.4, &bytes);
        assert!(
            matches!(opened, Err(FileError { problem: Problem::Cancelled(_), .. })),
            "{what}: {opened:?}"
        );
        assert!(most(&told) < 0.6, "{what}: went on to {}", most(&told));
    }
}

/// A hundred megabytes of the shortest chunks that there are, each a seek away from the next.
#[test]
fn headers_without_end_are_left_soon() {
    for (what, start, chunk) in [
        ("chunks of a WAV file", b"RIFF\0\0\0\0WAVE".as_slice(), b"JUNK\0\0\0\0".as_slice()),
        ("tags", b"", b"ID3\x03\0\0\0\0\0\0"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        std::fs::write(&path, [start, &chunk.repeat((100 << 20) / chunk.len())].concat()).unwrap();
        let started = std::time::Instant::now();
        let cancel = Cancel::default();
        let words = io::open(&path, &Task::silent(&cancel)).map(drop).unwrap_err().to_string();
        assert!(words.starts_with("there ") && words.contains(" behind its first "), "{words}");
        assert!(started.elapsed() < PATIENCE, "{what}: {:?}", started.elapsed());
    }
}
