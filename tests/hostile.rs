//! Broken files: cut short, with flipped bits, with headers that lie. None panics, and none takes memory out of proportion.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rvqscope::io;
use rvqscope::task::{Cancel, Task};
use tempfile::TempDir;

mod counting;
mod files;

use files::{npy, safetensors, wav};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

const SLACK: usize = 16 << 20;

/// Opens files of one folder and checks what they cost.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// Opens `bytes`; whether they could be read.
    #[track_caller]
    fn open(&self, bytes: &[u8]) -> bool {
        self.open_within(bytes, 4 * bytes.len() + SLACK)
    }

    /// As [`Bench::open`], for formats that may unpack to `limit` bytes.
    #[track_caller]
    fn open_within(&self, bytes: &[u8], limit: usize) -> bool {
        let path = self.folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        let (cost, opened) = counting::cost(|| io::open(&path, &Task::silent(&Cancel::default())));
        assert!(cost <= limit, "{cost} bytes for a file of {}: {opened:?}", bytes.len());
        // Writing over a file again and again can make a file system wait for the disk each time.
        std::fs::remove_file(&path).unwrap();
        if let Err(err) = &opened {
            check_sentence(&err.to_string(), &path);
        }
        opened.is_ok()
    }
}

/// One line of sensible length, the path last.
#[track_caller]
fn check_sentence(words: &str, path: &Path) {
    let Some(problem) = words.strip_suffix(&format!(": {}", path.display())) else {
        panic!("no path: {words}")
    };
    assert!(!problem.contains('\n') && (10..600).contains(&problem.len()), "{problem:?}");
}

/// A sound file of each kind, with the length of its header.
fn sound_files() -> Vec<(&'static str, Vec<u8>, usize)> {
    let numbers: Vec<u8> = (0..96).flat_map(|v| (v as f32).to_le_bytes()).collect();
    let ids: Vec<u8> = (0..96u16).flat_map(u16::to_le_bytes).collect();
    let key = |layer: usize, part: &str| format!("quantizer.vq.layers.{layer}._codebook.{part}");
    let names: Vec<_> = (0..2)
        .flat_map(|layer| ["embed", "embed_avg", "cluster_size", "inited"].map(|part| key(layer, part)))
        .collect();
    let shapes: [&[usize]; 4] = [&[4, 6], &[4, 6], &[4], &[1]];
    let tensors: Vec<_> = names
        .iter()
        .zip(shapes.iter().cycle())
        .map(|(name, shape)| (name.as_str(), "F32", *shape, &numbers[..shape.iter().product::<usize>() * 4]))
        .collect();
    let model = safetensors(&tensors);
    let model_header = model.len() - 2 * (24 + 24 + 4 + 1) * 4;
    let alone = safetensors(&[("x", "F32", &[8, 12], &numbers)]);
    let alone_header = alone.len() - numbers.len();
    let npy_of = |version, descr, shape, data: &[u8]| {
        let file = npy(version, descr, false, shape, data);
        let header = file.len() - data.len();
        (file, header)
    };
    let (floats, floats_header) = npy_of(1, "<f4", "(8, 12)", &numbers);
    let (doubles, doubles_header) = npy_of(2, ">f8", "(1, 4, 12)", &numbers);
    let (codes, codes_header) = npy_of(3, "<i2", "(4, 24)", &ids);
    vec![
        ("16-bit wav", wav(1, 2, 16_000, 2, 16, &ids), 44),
        ("float wav", wav(3, 1, 16_000, 4, 32, &numbers), 44),
        ("24-in-4 wav", wav(1, 2, 48_000, 4, 24, &numbers), 44),
        ("f32 npy", floats, floats_header),
        ("f64 npy", doubles, doubles_header),
        ("codes npy", codes, codes_header),
        ("model", model, model_header),
        ("tensor", alone, alone_header),
    ]
}

#[test]
fn sound_files_open() {
    let bench = Bench::new();
    for (name, bytes, _) in sound_files() {
        assert!(bench.open(&bytes), "{name}");
    }
}

#[test]
fn a_file_that_is_cut_short_never_opens() {
    let bench = Bench::new();
    for (name, bytes, header) in sound_files() {
        for len in (0..header).chain((header..bytes.len()).step_by(64)) {
            assert!(!bench.open(&bytes[..len]), "{name} cut to {len} bytes");
        }
    }
}

#[test]
fn a_changed_header_is_survived() {
    let bench = Bench::new();
    for (_, bytes, header) in sound_files() {
        for at in 0..header {
            for value in [0, 0xff, b'9', bytes[at] ^ 0x10] {
                let mut changed = bytes.clone();
                changed[at] = value;
                bench.open(&changed);
            }
        }
    }
}

#[test]
fn random_changes_are_survived() {
    let bench = Bench::new();
    let mut rng = Pcg64Mcg::seed_from_u64(7);
    for (_, bytes, _) in sound_files() {
        for _ in 0..200 {
            let mut changed = bytes.clone();
            for _ in 0..rng.random_range(1..12) {
                let at = rng.random_range(0..changed.len());
                changed[at] = rng.random();
            }
            match rng.random_range(0..6) {
                0 => changed.truncate(rng.random_range(0..changed.len())),
                1 => changed.extend_from_within(rng.random_range(0..changed.len())..),
                _ => {}
            }
            bench.open(&changed);
        }
    }
}

#[test]
fn sizes_beyond_the_file_are_not_believed() {
    let bench = Bench::new();
    let tensor = |shape: &str, end: u64| {
        let header = format!(r#"{{"x":{{"dtype":"F32","shape":{shape},"data_offsets":[0,{end}]}}}}"#);
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &[0; 64]].concat()
    };
    let max = u64::MAX;
    let mut lies = vec![
        tensor("[1099511627776,1]", 1 << 42),
        tensor(&format!("[{max},{max}]"), 64),
        tensor("[4294967296,4294967296]", 0),
        tensor("[4,4]", max),
        tensor(&format!("[{}]", vec!["1"; 5000].join(",")), 4),
        tensor("[16,1e3]", 64),
        npy(1, "<f8", false, "(1099511627776, 2)", &[0; 64]),
        npy(1, "<f4", true, "(18446744073709551615, 18446744073709551615)", &[0; 64]),
        npy(1, "<i4", false, &format!("({})", "1, ".repeat(3000)), &[0; 4]),
        npy(1, "<f4", false, "(0, 18446744073709551615)", &[]),
        [b"\x93NUMPY\x02\x00\xff\xff\xff\xff".as_slice(), &[b' '; 64]].concat(),
        [u64::MAX.to_le_bytes().as_slice(), b"{\"a\":1}"].concat(),
        [(1u64 << 40).to_le_bytes().as_slice(), b"{\"a\":1}"].concat(),
    ];
    for (offset, value) in
        [(4, u32::MAX), (16, u32::MAX), (40, u32::MAX), (40, i32::MAX as u32), (40, 1 << 30)]
    {
        let mut lie = wav(1, 1, 8000, 2, 16, &[0; 64]);
        lie[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        // The length of the whole file is not used.
        assert_eq!(bench.open(&lie), offset == 4);
    }
    let mut many_channels = wav(1, 1, 8000, 2, 16, &[0; 64]);
    many_channels[22..24].copy_from_slice(&u16::MAX.to_le_bytes());
    lies.push(many_channels);
    for lie in lies {
        assert!(!bench.open(&lie), "{:?}", String::from_utf8_lossy(&lie));
    }
}

#[test]
fn deep_and_long_headers_are_survived() {
    let bench = Bench::new();
    let with_header = |header: &str| [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
    assert!(!bench.open(&with_header(&format!("{{\"x\":{}", "[".repeat(1 << 20)))));
    assert!(!bench.open(&with_header(&"{\"x\":".repeat(1 << 18))));
    assert!(!bench.open(&with_header(&format!("{{\"{}\":1}}", "n".repeat(2 << 20)))));
    // As many tensors, notes, axes as fit below the limit on headers.
    let entry = |i: usize| format!("\"{i}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}");
    let entries: Vec<_> = (0..16_000).map(entry).collect();
    assert!(!bench.open(&with_header(&format!("{{{}}}", entries.join(",")))));
    let notes: Vec<_> = (0..65_000).map(|i| format!("\"{i}\":\"\"")).collect();
    assert!(!bench.open(&with_header(&format!("{{\"__metadata__\":{{{}}}}}", notes.join(",")))));
    for num_axes in [65, 65_000, 500_000] {
        let axes = vec!["1"; num_axes].join(",");
        let tensor = format!("{{\"x\":{{\"dtype\":\"F32\",\"shape\":[{axes}],\"data_offsets\":[0,4]}}}}");
        assert!(!bench.open(&[with_header(&tensor), vec![0; 4]].concat()));
    }
    let name = format!("{}quantizer.vq.layers.0._codebook.embed", "a.".repeat(1 << 16));
    assert!(bench.open(&safetensors(&[(&name, "F32", &[1, 1], &[0; 4])])));
    assert!(!bench.open(&safetensors(&[(&name, "F32", &[1], &[0; 4])])));
}

#[test]
fn noise_behind_each_magic_number_is_survived() {
    let bench = Bench::new();
    let mut rng = Pcg64Mcg::seed_from_u64(8);
    let starts: [&[u8]; 7] = [
        b"RIFF\xff\xff\xff\xffWAVE",
        b"\x93NUMPY\x01\x00",
        b"\x40\0\0\0\0\0\0\0{\"",
        b"PAR1",
        b"ARROW1\0\0",
        b"\xff\xff\xff\xff\x40\0\0\0\x10\0\0\0",
        b"",
    ];
    for start in starts {
        for len in (0..300).step_by(3) {
            let noise: Vec<u8> = (0..len).map(|_| rng.random()).collect();
            bench.open(&[start, &noise].concat());
        }
    }
}

/// Audio in every container, small, as other programs write it.
const AUDIO: [&str; 11] = [
    "tone_f64.wav",
    "tone_16.flac",
    "tone_24.flac",
    "tone.mp3",
    "tone_stereo.mp3",
    "tone.ogg",
    "tone_16.aiff",
    "tone_f32.aifc",
    "tone_aac.m4a",
    "tone_alac.m4a",
    "tone.aac",
];

#[test]
fn damaged_audio_is_survived() {
    // What is kept while it is unpacked comes on top of what it unpacks to: silence takes next to no room in a file.
    const UNPACKED: usize = 2 * (64 << 20);
    let bench = Bench::new();
    let mut rng = Pcg64Mcg::seed_from_u64(9);
    for name in AUDIO {
        let bytes =
            std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap();
        let check = |changed: &[u8]| {
            let started = std::time::Instant::now();
            bench.open_within(changed, 512 * changed.len() + UNPACKED + SLACK);
            let took = started.elapsed();
            assert!(took.as_secs_f64() < 2.0, "{name}: {took:?} for {} bytes", changed.len());
        };
        assert!(bench.open_within(&bytes, UNPACKED), "{name}");
        (0..bytes.len()).step_by(64).for_each(|len| check(&bytes[..len]));
        // Headers lie at both ends.
        let ends = (0..bytes.len().min(400)).chain(bytes.len().saturating_sub(900)..bytes.len());
        for at in ends {
            for value in [0, 0xff, bytes[at] ^ 1 << rng.random_range(0..8)] {
                let mut changed = bytes.clone();
                changed[at] = value;
                check(&changed);
            }
        }
        for _ in 0..200 {
            let mut changed = bytes.clone();
            for _ in 0..rng.random_range(1..8) {
                let at = rng.random_range(0..changed.len());
                changed[at] ^= 1 << rng.random_range(0..8);
            }
            match rng.random_range(0..5) {
                0 => changed.truncate(rng.random_range(0..changed.len())),
                1 => changed.extend_from_within(rng.random_range(0..changed.len())..),
                2 => drop(changed.drain(..rng.random_range(0..64))),
                _ => {}
            }
            check(&changed);
        }
    }
}

/// Files that took too much, or panicked, before they were known: axes of length 0 beside endless ones, names, layers and groups that multiply.
#[test]
fn what_once_took_too_much_no_longer_does() {
    let bench = Bench::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hostile");
    let mut tried = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let start = std::time::Instant::now();
        bench.open_within(&std::fs::read(&path).unwrap(), 64 << 20);
        let options = io::ModelOptions::default();
        let wanted = io::Wanted { model: Some(&options), need: io::Need::Model, ..io::Wanted::default() };
        let (cost, opened) = counting::cost(|| io::open_as(&path, wanted, &Task::silent(&Cancel::default())));
        assert!(cost <= 64 << 20, "{path:?} as a model: {cost} bytes");
        assert!(opened.is_err(), "{path:?} is no model");
        assert!(start.elapsed().as_secs() < 20, "{path:?}: {:?}", start.elapsed());
        tried += 1;
    }
    assert!(tried >= 12, "{tried}");
}
