//! Every fixture and a small file of each kind, broken in every way: none panics, takes long, or costs memory out of proportion to its size.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rvqscope::io::{self, READERS, Source};
use rvqscope::task::{Cancel, Task};
use tempfile::TempDir;

mod archives;
#[path = "../counting/mod.rs"]
mod counting;
#[path = "../files/mod.rs"]
mod files;
mod long_files;
mod pickles;

use archives::{Packed, zip};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// What a file may cost beyond four times its size.
const SLACK: usize = 16 << 20;

/// What tensors of one storage may amount to; sums of a codebook are twice as large, and both are there while it is made.
const SHARED_NUMBERS: usize = 64 << 20;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Opens files and holds what that costs against their size.
struct Bench {
    folder: TempDir,
    opened: usize,
    tried: usize,
}

impl Bench {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), opened: 0, tried: 0 }
    }

    /// Opens `bytes`, reads every tensor in them, and gives the sentence with which they are refused.
    #[track_caller]
    fn open(&mut self, what: &str, bytes: &[u8]) -> Result<(), String> {
        self.open_within(what, bytes, 4 * bytes.len() + SLACK)
    }

    #[track_caller]
    fn open_within(&mut self, what: &str, bytes: &[u8], limit: usize) -> Result<(), String> {
        let path = self.folder.path().join(format!("file{}", self.tried));
        std::fs::write(&path, bytes).unwrap();
        self.tried += 1;
        let cancel = Cancel::default();
        let task = Task::silent(&cancel);
        let start = Instant::now();
        let (cost, opened) = counting::cost(|| io::open(&path, &task).map(drop));
        let (took, len) = (start.elapsed(), bytes.len());
        assert!(took < PATIENCE, "{what}: {took:?} for {len} bytes: {opened:?}");
        assert!(cost <= limit, "{what}: {cost} bytes of memory for {len} bytes: {opened:?}");
        let start = Instant::now();
        let (cost, ()) = counting::cost(|| read_all(&path, &task));
        assert!(start.elapsed() < PATIENCE, "{what}: reading tensor by tensor took {:?}", start.elapsed());
        assert!(cost <= limit, "{what}: reading tensor by tensor took {cost} bytes for {len}");
        std::fs::remove_file(&path).unwrap();
        self.opened += usize::from(opened.is_ok());
        opened.map_err(|err| {
            let words = err.to_string();
            let problem = words.strip_suffix(&format!(": {}", path.display())).expect("the path comes last");
            assert!(!problem.contains('\n') && (10..700).contains(&problem.len()), "{what}: {problem:?}");
            problem.to_owned()
        })
    }
}

/// Reads every tensor of a file by itself.
fn read_all(path: &Path, task: &Task<'_>) {
    let Ok(source) = Source::open(path) else { return };
    let head = std::fs::read(path).unwrap();
    let head = &head[..head.len().min(4096)];
    let Some(reader) = READERS.iter().find(|reader| reader.sniff(head, path)) else { return };
    let Some(Ok(tensors)) = reader.tensors(&source, task) else { return };
    for name in tensors.infos().keys().take(100) {
        let _ =
            (tensors.floats(name, task).map(drop), tensors.codes(name, task).map(drop), tensors.placed(name));
    }
}

/// Every fixture but the scripts, and a small file of each kind that there is no fixture of.
fn sound() -> Vec<(String, Vec<u8>)> {
    let mut sound = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"), &mut sound);
    sound.push(("numbers.csv".to_owned(), b"a,b\n1,2\n3.5,-4e3\n".to_vec()));
    sound.push(("clips.tsv".to_owned(), b"item_name\tsemantic_audio\n0001\t1 2 3\n0002\t4 5\n".to_vec()));
    sound.push(("units.km".to_owned(), b"1 2 3 4\n5 6\n-1 7 8\n".to_vec()));
    sound.push(("named.txt".to_owned(), b"utt1|12 5 7\nutt2|3 4 5\n".to_vec()));
    sound.push(("clips.json".to_owned(), JSON.as_bytes().to_vec()));
    sound.push(("lines.jsonl".to_owned(), [JSON, JSON].join("\n").into_bytes()));
    sound.push(("clips.ark".to_owned(), kaldi()));
    sound.push(("text.ark".to_owned(), b"utt1  [\n 1 2 3\n 4 5 6 ]\nutt2  [\n 7 8 9 ]\n".to_vec()));
    sound.push(("clips.scp".to_owned(), b"utt1 file0:5\nutt2 nowhere.ark:77\n".to_vec()));
    sound.push(("stream.ecdc".to_owned(), ecdc()));
    sound.push(("sound.wav".to_owned(), files::wav(1, 2, 16_000, 2, 16, &[7; 64])));
    sound.push(("float.wav".to_owned(), files::wav(3, 1, 16_000, 4, 32, &[0; 64])));
    sound.push(("big.npy".to_owned(), files::npy(2, ">f8", true, "(2, 4)", &[0; 64])));
    sound.push(("codes.npy".to_owned(), files::npy(1, "<i4", false, "(2, 8)", &[0; 64])));
    sound
}

/// A record of codes.
const JSON: &str = r#"{"id": "utt1", "len": 1.5, "codes": [[1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 8, 7, 6, 5, 4, 3, 2, -1]], "text": "said", "units": "1 2 3"}"#;

/// A matrix, a packed one, and whole numbers.
fn kaldi() -> Vec<u8> {
    let mut bytes = b"utt1 \0BFM \x04\x02\0\0\0\x04\x03\0\0\0".to_vec();
    bytes.extend([0x3f; 24]);
    bytes.extend(b"utt2 \0BCM ");
    bytes.extend(
        [(-1.0f32).to_le_bytes(), 2f32.to_le_bytes(), 4i32.to_le_bytes(), 3i32.to_le_bytes()].concat(),
    );
    bytes.extend([7; 24 + 12]);
    bytes.extend(b"utt3 \0B\x04\x02\0\0\0\x04\x07\0\0\0\x04\x08\0\0\0");
    bytes
}

/// Three frames of two layers.
fn ecdc() -> Vec<u8> {
    let header = br#"{"m": "encodec_24khz", "al": 641, "nc": 2, "lm": false}"#;
    let mut bytes = b"ECDC\0\0\0\0".to_vec();
    bytes.push(header.len() as u8);
    bytes.extend(header);
    bytes.extend([0xa5; 8]);
    bytes
}

fn collect(folder: &Path, sound: &mut Vec<(String, Vec<u8>)>) {
    let mut paths: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, sound);
        } else if path.extension().is_none_or(|ending| ending != "py") {
            let bytes = std::fs::read(&path).unwrap();
            sound.push((path.file_name().unwrap().to_string_lossy().into_owned(), bytes));
        }
    }
}

/// The same files, and archives with their checksums struck out, so that changes reach what lies behind them.
fn changeable() -> Vec<(String, Vec<u8>)> {
    let mut files = sound();
    let unchecked: Vec<_> = files
        .iter()
        .filter(|(_, bytes)| bytes.get(2..4) == Some(b"\x03\x04"))
        .map(|(name, bytes)| (format!("{name}, unchecked"), archives::without_checksums(bytes)))
        .collect();
    files.extend(unchecked);
    files
}

#[test]
fn files_cut_short() {
    let mut bench = Bench::new();
    let files = sound();
    for (name, bytes) in &files {
        for len in (0..bytes.len()).step_by(64) {
            let _ = bench.open(&format!("{name} cut to {len} bytes"), &bytes[..len]);
        }
    }
    assert!(bench.tried > 3000, "{}", bench.tried);
}

#[test]
fn bits_flipped() {
    let mut bench = Bench::new();
    let mut rng = Pcg64Mcg::seed_from_u64(1);
    for (name, bytes) in changeable() {
        for round in 0..60 {
            let mut changed = bytes.clone();
            // Headers are at both ends.
            for _ in 0..rng.random_range(1..6) {
                let near = rng.random_range(0..changed.len().min(600));
                let at = match rng.random_range(0..3) {
                    0 => near,
                    1 => changed.len() - 1 - near,
                    _ => rng.random_range(0..changed.len()),
                };
                changed[at] ^= 1 << rng.random_range(0..8);
            }
            let _ = bench.open(&format!("{name}, flip {round}"), &changed);
        }
    }
    assert!(bench.tried > 2500 && bench.opened > 100, "{} of {}", bench.opened, bench.tried);
}

#[test]
fn files_spliced() {
    let mut bench = Bench::new();
    let mut rng = Pcg64Mcg::seed_from_u64(2);
    let files = changeable();
    for round in 0..1500 {
        let mut pick = || &files[rng.random_range(0..files.len())];
        let ((first, head), (second, tail)) = (pick(), pick());
        let (from, to) = (rng.random_range(0..tail.len()), rng.random_range(0..=head.len()));
        let spliced = match round % 3 {
            0 => [&head[..to], &tail[from..]].concat(),
            1 => [&head[..to], &head[to / 2..]].concat(),
            _ => [&head[..to], &tail[from..(from + 40).min(tail.len())], &head[to..]].concat(),
        };
        let _ = bench.open(&format!("{first} and {second}, splice {round}"), &spliced);
    }
}

#[test]
fn words_of_a_pickle_in_any_order() {
    let mut bench = Bench::new();
    let mut rng = Pcg64Mcg::seed_from_u64(3);
    let words = pickles::words();
    for round in 0..1500 {
        let len = rng.random_range(1..60);
        let root: Vec<u8> = (0..len).flat_map(|_| words[rng.random_range(0..words.len())].clone()).collect();
        let _ = bench.open(&format!("words {round}"), &pickles::legacy(&root, &[]));
    }
    assert!(bench.tried == 1500);
}

#[test]
fn pickles_that_lie() {
    let mut bench = Bench::new();
    for (what, bytes) in pickles::lies() {
        // Tensors that share their numbers are a kind of compression, with a stated limit of 64 MiB on what they may amount to.
        let refused = bench.open_within(&what, &bytes, 4 * bytes.len() + 4 * SHARED_NUMBERS);
        assert!(refused.is_err(), "{what} was opened");
    }
    for (what, bytes) in pickles::odd_but_sound() {
        bench.open(&what, &bytes).unwrap_or_else(|words| panic!("{what}: {words}"));
    }
}

#[test]
fn archives_that_lie() {
    let mut bench = Bench::new();
    for (what, bytes) in archives::lies() {
        let refused = bench.open(&what, &bytes);
        assert!(refused.is_err(), "{what} was opened");
    }
}

#[test]
fn what_is_packed_may_take_what_it_unpacks_to_and_no_more_than_the_limit() {
    let mut bench = Bench::new();
    const NUMBERS: usize = 4 << 20;
    let array = files::npy(1, "<f4", false, &format!("({}, 64)", NUMBERS / 64), &vec![0; 4 * NUMBERS]);
    let bytes = zip(&[Packed::deflated("x.npy", &array)]);
    assert!(bytes.len() < array.len() / 100);
    bench.open_within("zeros", &bytes, 2 * array.len() + SLACK).unwrap();
    // It says five gigabytes.
    let bomb = Packed { len: 5 << 30, ..Packed::deflated("x.npy", &array[..1000]) };
    let words = bench.open("a bomb", &zip(&[bomb])).unwrap_err();
    assert!(
        words.contains("--unpack-limit 8G")
            && words.contains("RVQSCOPE_UNPACK_LIMIT")
            && words.contains("4 GiB"),
        "{words}"
    );
}

#[test]
fn texts_that_are_odd() {
    let mut bench = Bench::new();
    let long = "1 ".repeat(1 << 20);
    for (what, text) in [
        ("one long line", long.clone()),
        ("a line of delimiters", format!("1,2\n{}", ",".repeat(1 << 20))),
        ("a clip of many codes", format!("clip\t{long}")),
        ("many short clips", "a\t1\n".repeat(1 << 18)),
        ("many short lines", "1 2\n".repeat(1 << 18)),
        ("many empty lines", format!("1 2\n{}", "\n".repeat(1 << 20))),
        ("a field without end", format!("1 2\n{}", "1".repeat(1 << 20))),
        ("a comment without end", format!("1 2\n#{}", "1".repeat(1 << 20))),
        ("many lines of codes", "1 2 3\n".repeat(1 << 18)),
        ("codes of one long line", "1|2 3 4 5 ".to_owned() + &"6 ".repeat(1 << 20)),
        ("brackets in brackets", format!("[1,2,3,4,5,6,7,8,{}", "[".repeat(1 << 20))),
        ("many empty brackets", format!("[[1,2,3,4,5,6,7,8]{}]", ",[]".repeat(1 << 18))),
        ("many short rows", format!("[[1,2,3,4,5,6,7,8]{}]", ",[1],[1,2]".repeat(1 << 17))),
        ("many small values", "1 ".repeat(1 << 19) + "[1,2,3,4,5,6,7,8]"),
        ("many small lists of numbers, one after the other", "[1,2,3,4,5,6,7,8]".repeat(1 << 16)),
        ("many keys", format!("{{\"a\": [1,2,3,4,5,6,7,8]{}}}", ",\"b\":1".repeat(1 << 17))),
        ("numbers beyond counting", format!("[[1,2,3,4,5,6,7,8],[{}1e999]]", "9".repeat(3000))),
        ("many entries of an archive", "u [ 1 2 ]\n".repeat(1 << 17)),
        ("a script of many lines", (0..1 << 16).map(|i| format!("u{i} nowhere.ark:{i}\n")).collect()),
    ] {
        let _ = bench.open(what, text.as_bytes());
    }
}
