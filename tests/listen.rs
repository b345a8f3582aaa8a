//! From frames back to sound: what comes back of each kind of features, and the command that writes it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;
use std::process::{Command, Stdio};

use ndarray::Array2;
use proptest::prelude::*;
use rvqscope::audio::ChannelChoice;
use rvqscope::features::demo::DEMO_CLIPS;
use rvqscope::features::distance::log_spectral_distance_db;
use rvqscope::features::log_mel::{magnitudes, mel_filters};
use rvqscope::features::{EXTRACTORS, ExtractError, ExtractParams, Inversion, Inverted, find};
use rvqscope::io::wav;
use rvqscope::task::{Cancel, Cancelled, Task};
use serde_json::Value;
use tempfile::TempDir;

const RATE: usize = 16_000;

/// The first seconds of a demo clip.
fn demo(clip: usize, secs: f64) -> Vec<f32> {
    let (name, bytes) = DEMO_CLIPS[clip];
    let mut samples = wav::read_bytes(name, bytes).unwrap().mono(ChannelChoice::Mix).unwrap();
    samples.truncate((secs * RATE as f64) as usize);
    samples
}

fn params_of(id: &str) -> ExtractParams {
    ExtractParams { extractor: find(id).unwrap().id(), ..ExtractParams::default() }
}

fn back(
    frames: &Array2<f32>,
    num_samples: usize,
    params: &ExtractParams,
    how: &Inversion,
) -> Result<Inverted, ExtractError> {
    let cancel = Cancel::default();
    let inverse = params.extractor().unwrap().inverse().unwrap();
    inverse.samples(frames.view(), num_samples, params, how, &Task::silent(&cancel))
}

fn frames_of(samples: &[f32], params: &ExtractParams) -> Array2<f32> {
    params.extractor().unwrap().extract(samples, params, &Task::silent(&Cancel::default())).unwrap()
}

fn bits(samples: &[f32]) -> Vec<u32> {
    samples.iter().map(|v| v.to_bits()).collect()
}

/// Measured: a spectral convergence of 0.180 to 0.198 after 60 iterations, 0.189 to 0.208 without momentum, and mel levels that are off by 0.14 to 0.17
/// nepers.
#[test]
fn log_mel_comes_back_as_sound_with_nearly_its_spectrogram() {
    let params = params_of("log-mel");
    for clip in [0, 1, 3, 6] {
        let samples = demo(clip, 2.0);
        let frames = frames_of(&samples, &params);
        let made = back(&frames, samples.len(), &params, &Inversion::default()).unwrap();
        let plain = Inversion { momentum: 0.0, ..Inversion::default() };
        let plain = back(&frames, samples.len(), &params, &plain).unwrap().spectral_convergence.unwrap();
        let reached = made.spectral_convergence.unwrap();
        let again = frames_of(&made.samples, &params);
        let off = (&again - &frames).mapv(|v| f64::from(v).abs()).mean().unwrap();
        let distance = log_spectral_distance_db(&samples, &made.samples, &params, &silent()).unwrap();
        println!(
            "{}: spectral convergence {reached:.3} ({plain:.3} without momentum), mel levels off by {off:.3} nepers, distance {distance:.2} dB",
            DEMO_CLIPS[clip].0
        );
        assert_eq!(made.samples.len(), samples.len());
        assert!(reached < 0.22 && reached < plain, "{reached}, {plain}");
        assert!(off < 0.2, "{off}");
    }
}

fn silent() -> Task<'static> {
    static CANCEL: std::sync::LazyLock<Cancel> = std::sync::LazyLock::new(Cancel::default);
    Task::silent(&CANCEL)
}

#[test]
fn mel_filters_are_undone_up_to_what_they_lost() {
    for power in [1, 2] {
        let params = ExtractParams { power, ..params_of("log-mel") };
        let frames = frames_of(&demo(2, 1.0), &params);
        let found = magnitudes(frames.view(), &params, &silent()).unwrap();
        assert_eq!(found.dim(), (frames.nrows(), 513));
        let filters = mel_filters(&params);
        let mut off = 0.0_f64;
        for (frame, found) in frames.rows().into_iter().zip(found.rows()) {
            let spectrum: Vec<f64> = found.iter().map(|&v| f64::from(v).powi(power as i32)).collect();
            for (filter, &level) in filters.iter().zip(frame).filter(|(f, _)| !f.weights.is_empty()) {
                off += (filter.level(&spectrum).ln() - f64::from(level)).abs();
            }
        }
        off /= frames.len() as f64;
        println!("power {power}: the bands of what is found are off by {off:.4} nepers");
        assert!(off < 1e-3, "{off}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_samples() {
    let params = params_of("log-mel");
    let samples = demo(4, 1.7);
    let frames = frames_of(&samples, &params);
    let how = Inversion { iterations: 8, ..Inversion::default() };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| back(&frames, samples.len(), &params, &how)).unwrap()
    };
    let one = on(1);
    for threads in [2, 5] {
        let other = on(threads);
        assert_eq!(bits(&one.samples), bits(&other.samples), "{threads} threads");
        assert_eq!(one.spectral_convergence.map(f64::to_bits), other.spectral_convergence.map(f64::to_bits));
    }
    let seeded = back(&frames, samples.len(), &params, &Inversion { seed: 1, ..how }).unwrap();
    assert_ne!(bits(&one.samples), bits(&seeded.samples), "the seed decides");
}

#[test]
fn frames_of_samples_come_back_as_they_were() {
    let params = ExtractParams { frame_length: 7, ..params_of("waveform") };
    let samples = demo(5, 0.1);
    let frames = frames_of(&samples, &params);
    let made = back(&frames, samples.len(), &params, &Inversion::default()).unwrap();
    assert_eq!(bits(&made.samples), bits(&samples[..samples.len() / 7 * 7]));
    assert_eq!(made.spectral_convergence, None);
    let short = [0.5_f32, -0.25];
    let made = back(&frames_of(&short, &params), 2, &params, &Inversion::default()).unwrap();
    assert_eq!(made.samples, short, "without the zeros that fill up a frame");
}

#[test]
fn what_has_no_way_back_says_so_and_what_does_not_fit_is_refused() {
    let has: Vec<(&str, bool)> = EXTRACTORS.iter().map(|e| (e.id(), e.inverse().is_some())).collect();
    assert_eq!(has, [("log-mel", true), ("mfcc", false), ("waveform", true)]);
    let how = Inversion { iterations: 1, ..Inversion::default() };
    for id in ["log-mel", "waveform"] {
        let params = params_of(id);
        let other = Array2::zeros((4, 3));
        assert!(matches!(back(&other, 100, &params, &how), Err(ExtractError::Dim { dim: 3, .. })), "{id}");
        let dim = params.extractor().unwrap().dim(&params);
        assert_eq!(back(&Array2::zeros((0, dim)), 100, &params, &how), Err(ExtractError::Empty), "{id}");
        assert_eq!(back(&Array2::zeros((4, dim)), 0, &params, &how), Err(ExtractError::Empty), "{id}");
        let cancel = Cancel::default();
        cancel.cancel();
        let inverse = params.extractor().unwrap().inverse().unwrap();
        let frames = Array2::zeros((4, dim));
        let ended = inverse.samples(frames.view(), 100, &params, &how, &Task::silent(&cancel));
        assert_eq!(ended, Err(ExtractError::Cancelled(Cancelled)), "{id}");
    }
    let long = Array2::zeros((300_000, 80));
    let refused = back(&long, 100, &params_of("log-mel"), &how);
    assert!(matches!(refused, Err(ExtractError::TooLong { frames: 300_000, .. })), "{refused:?}");
}

#[test]
fn the_distance_is_nothing_for_equal_sounds_and_that_of_their_levels_for_scaled_ones() {
    let params = ExtractParams::default();
    let samples: Vec<f32> =
        (0..8000).map(|n| (n as f32 * 0.7).sin() + (n as f32 * 1.3).cos() * 0.2).collect();
    let halved: Vec<f32> = samples.iter().map(|v| v * 0.5).collect();
    let distance = |a: &[f32], b: &[f32]| log_spectral_distance_db(a, b, &params, &silent()).unwrap();
    assert_eq!(distance(&samples, &samples), 0.0);
    let apart = distance(&samples, &halved);
    // Every bin above the floor is 6.02 dB lower; those that the floor holds are less.
    assert!(apart > 2.0 && apart <= 6.03, "{apart}");
    assert_eq!(apart, distance(&halved, &samples));
    assert_eq!(distance(&[0.0; 500], &[0.0; 400]), 0.0, "silence is at the floor");
    let empty = log_spectral_distance_db(&[], &samples, &params, &silent());
    assert_eq!(empty, Err(ExtractError::Empty));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever a quantizer makes of frames, of whatever length: so many finite samples.
    #[test]
    fn any_frames_make_finite_samples(
        num_frames in 1usize..12,
        num_samples in 1usize..3000,
        level in prop_oneof![-1e30_f32..1e30, -20.0_f32..10.0],
        hop_length in 1usize..700,
        power in 1u32..=2,
    ) {
        let params = ExtractParams { n_fft: 256, win_length: 200, num_mels: 20, hop_length, power, ..params_of("log-mel") };
        let frames = Array2::from_shape_fn((num_frames, 20), |(t, m)| level * ((t * 7 + m * 3) % 5) as f32 * 0.3);
        let how = Inversion { iterations: 3, ..Inversion::default() };
        let made = back(&frames, num_samples, &params, &how).unwrap();
        prop_assert_eq!(made.samples.len(), num_samples);
        prop_assert!(made.samples.iter().all(|v| v.is_finite()));
        prop_assert!(made.spectral_convergence.is_none_or(f64::is_finite));
    }
}

#[test]
fn louder_frames_are_louder_by_as_much() {
    let params = params_of("log-mel");
    let samples = demo(7, 1.0);
    let frames = frames_of(&samples, &params);
    let how = Inversion { iterations: 10, ..Inversion::default() };
    let energy = |frames: &Array2<f32>| {
        let made = back(frames, samples.len(), &params, &how).unwrap();
        made.samples.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>()
    };
    // Above the floor, so that nothing of it is held.
    let frames = frames.mapv(|v| v.max(-8.0));
    let db = 10.0 * (energy(&frames.mapv(|v| v + 1.0)) / energy(&frames)).log10();
    assert!((db - 20.0 * std::f64::consts::E.log10()).abs() < 0.01, "{db}");
}

// The command.

struct Outcome {
    code: i32,
    out: String,
    err: String,
}

fn rvqscope(dir: &TempDir, args: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rvqscope"));
    let done = command.args(args).current_dir(dir.path()).stdin(Stdio::null()).output().unwrap();
    Outcome {
        code: done.status.code().unwrap_or(-1),
        out: String::from_utf8(done.stdout).unwrap(),
        err: String::from_utf8(done.stderr).unwrap(),
    }
}

fn done(dir: &TempDir, args: &[&str]) -> String {
    let outcome = rvqscope(dir, args);
    assert_eq!(outcome.code, 0, "{args:?}: {}", outcome.err);
    outcome.out
}

/// What `listen --json` prints.
fn listened(dir: &TempDir, args: &[&str]) -> Value {
    serde_json::from_str(&done(dir, &[&["listen", "--json"], args].concat())).unwrap()
}

/// The sentence that `listen` refuses with.
fn refusal(dir: &TempDir, code: i32, args: &[&str]) -> String {
    let outcome = rvqscope(dir, &[&["listen", "--out", "no.wav"], args].concat());
    assert_eq!(outcome.code, code, "{args:?}: {}{}", outcome.out, outcome.err);
    assert!(!dir.path().join("no.wav").exists() && !outcome.err.contains("panicked"), "{}", outcome.err);
    outcome.err.lines().find(|line| line.starts_with("error: ")).unwrap_or_default().to_owned()
}

fn samples_in(path: &Path) -> (Vec<f32>, u32) {
    let audio = wav::read_bytes("x.wav", &std::fs::read(path).unwrap()).unwrap();
    (audio.channels[0].clone(), audio.sample_rate_hz)
}

/// A folder with two demo clips, 2 s of each, and a model of them.
fn with_model(features: &[&str]) -> TempDir {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir(dir.path().join("speech")).unwrap();
    for (clip, name) in [(0, "a.wav"), (3, "b.wav")] {
        wav::write_f32(&dir.path().join("speech").join(name), &demo(clip, 2.0), RATE as u32).unwrap();
    }
    let small = ["--layers", "4", "--codes", "32", "--kmeans-iters", "8", "--steps", "30", "--batch", "256"];
    done(
        &dir,
        &[&["train", "speech", "--holdout", "0", "--out", "m.safetensors"], &small[..], features].concat(),
    );
    dir
}

#[test]
fn what_is_written_is_what_was_asked_for() {
    let dir = with_model(&[]);
    let told = listened(&dir, &["speech", "--source", "--out", "all.wav"]);
    let (all, rate) = samples_in(&dir.path().join("all.wav"));
    assert_eq!((all.len(), rate), (4 * RATE, 16_000));
    assert_eq!(bits(&all), bits(&[demo(0, 2.0), demo(3, 2.0)].concat()), "the source to the bit");
    assert_eq!(
        (&told["samples"], &told["frames"], &told["pieces"]),
        (&64_000.into(), &402.into(), &2.into())
    );
    assert_eq!(
        (&told["spectral_convergence"], &told["log_spectral_distance_db"]),
        (&Value::Null, &Value::Null)
    );

    let model = ["speech", "--model", "m.safetensors", "--iterations", "5"];
    let stretch = ["--clip", "b.wav", "--from", "0.5", "--to", "1.25"];
    let told = listened(&dir, &[&model[..], &stretch, &["--layers", "2", "--out", "two.wav"]].concat());
    assert_eq!((&told["samples"], &told["frames"], &told["layers"]), (&12_000.into(), &75.into(), &2.into()));
    assert!(told["spectral_convergence"].as_f64().unwrap() < 1.0, "{told}");
    assert_eq!(samples_in(&dir.path().join("two.wav")).0.len(), 12_000);
    let told = listened(
        &dir,
        &[&model[..], &["--clip", "1", "--layers", "0", "--from", "1.9", "--out", "end.wav"]].concat(),
    );
    assert_eq!((&told["samples"], &told["layers"]), (&1600.into(), &0.into()));
    assert_eq!(bits(&samples_in(&dir.path().join("end.wav")).0), bits(&demo(3, 2.0)[30_400..]));

    let one = [&["--threads", "1", "--out", "1.wav"], &model[..], &stretch].concat();
    let three = [&["--threads", "3", "--out", "3.wav"], &model[..], &stretch].concat();
    let told = (listened(&dir, &one), listened(&dir, &three));
    assert_eq!(told.0["spectral_convergence"], told.1["spectral_convergence"]);
    let of = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
    assert!(of("1.wav") == of("3.wav"), "any number of threads writes the same file");
    let words = done(&dir, &[&["listen", "--out", "1.wav"], &model[..], &stretch].concat());
    assert!(
        words.starts_with("1.wav: 4 layers, 0.750 s at 16000 Hz, 75 frames, log-spectral distance"),
        "{words}"
    );
}

#[test]
fn the_places_of_a_code_are_snippets_of_the_source() {
    let dir = with_model(&[]);
    done(&dir, &["encode", "m.safetensors", "speech", "--out", "codes.npy"]);
    let codes: Array2<i32> = ndarray_npy::read_npy(dir.path().join("codes.npy")).unwrap();
    // Away from the ends of clips, so that nothing is cut off.
    let layer = codes.row(1);
    let code = layer[100];
    let code_text = code.to_string();
    let base = ["speech", "--model", "m.safetensors", "--layer", "1", "--code", &code_text, "--context", "2"];
    let all = listened(&dir, &[&base[..], &["--most", "1000", "--out", "places.wav"]].concat());
    // By hand: the places of each clip with two frames on either side, joined where they meet.
    let mut expected: Vec<Vec<usize>> = Vec::new();
    for clip in [0..201, 201..402] {
        let mut last_end = None;
        for frame in clip.clone().filter(|&frame| layer[frame] == code) {
            let own = frame - clip.start;
            let (start, end) = (own.saturating_sub(2), (own + 3).min(201));
            let samples = |frame: usize| clip.start / 201 * 32_000 + (frame * 160).min(32_000);
            match last_end.filter(|&last| start <= last) {
                Some(_) => expected.last_mut().unwrap()[1] = samples(end),
                None => expected.push(vec![samples(start), samples(end)]),
            }
            last_end = Some(end);
        }
    }
    expected.retain(|place| place[0] < place[1]);
    let source = [demo(0, 2.0), demo(3, 2.0)].concat();
    let snippets: Vec<Vec<f32>> = expected.iter().map(|place| source[place[0]..place[1]].to_vec()).collect();
    assert_eq!(all["pieces"], snippets.len());
    assert!(snippets.len() > 2, "{}", snippets.len());
    let (samples, _) = samples_in(&dir.path().join("places.wav"));
    assert_eq!(bits(&samples), bits(&snippets.join(&[0.0_f32; 1600][..])), "0.1 s of silence between them");

    let two = listened(&dir, &[&base[..], &["--most", "2", "--out", "places.wav"]].concat());
    assert_eq!(two["pieces"], 2);
    let heard = listened(
        &dir,
        &[&base[..], &["--most", "2", "--layers", "2", "--iterations", "3", "--out", "places.wav"]].concat(),
    );
    assert_eq!((&heard["samples"], &heard["layers"]), (&two["samples"], &2.into()));
    assert!(heard["log_spectral_distance_db"].as_f64().unwrap() > 0.0);
}

#[test]
fn frames_of_raw_samples_are_heard_as_they_are_decoded() {
    let dir = with_model(&["--features", "waveform", "--frame-length", "32"]);
    let features = ["--features", "waveform", "--frame-length", "32"];
    let told =
        listened(&dir, &[&["speech", "--model", "m.safetensors", "--out", "x.wav"], &features[..]].concat());
    assert_eq!((&told["samples"], &told["spectral_convergence"]), (&64_000.into(), &Value::Null));
    done(&dir, &[&["encode", "m.safetensors", "speech", "--out", "codes.npy"], &features[..]].concat());
    done(&dir, &["decode", "m.safetensors", "codes.npy", "--out", "x.npy"]);
    let decoded: Array2<f32> = ndarray_npy::read_npy(dir.path().join("x.npy")).unwrap();
    let decoded: Vec<f32> = decoded.into_iter().collect();
    assert_eq!(bits(&samples_in(&dir.path().join("x.wav")).0), bits(&decoded));
}

#[test]
fn what_cannot_be_heard_is_refused_in_a_sentence() {
    let dir = with_model(&[]);
    ndarray_npy::write_npy(dir.path().join("x.npy"), &Array2::<f32>::ones((300, 80))).unwrap();
    let model = ["--model", "m.safetensors"];
    let says = |args: &[&str], words: &str| {
        let said = refusal(&dir, 1, args);
        assert!(said.contains(words), "{args:?}: {said}");
    };
    says(&[&["x.npy"], &model[..]].concat(), "not made of audio here");
    says(&["x.npy", "--source"], "open the audio itself");
    says(&[&["--article"], &model[..]].concat(), "not made of audio here");
    says(&[&["speech", "--features", "mfcc"], &model[..]].concat(), "MFCC frames have no way back");
    says(&[&["speech", "--mels", "40"], &model[..]].concat(), "40 dimensions");
    says(
        &[&["speech", "--clip", "c.wav"], &model[..]].concat(),
        "there is no clip \"c.wav\"; there are 2 clips",
    );
    says(&[&["speech", "--clip", "2"], &model[..]].concat(), "there is no clip \"2\"");
    says(&[&["speech", "--from", "4.5"], &model[..]].concat(), "the stretch has 4.020 s");
    says(&[&["speech", "--layers", "5"], &model[..]].concat(), "5 layers were asked for, but there are 4");
    says(&[&["speech", "--layer", "4", "--code", "0"], &model[..]].concat(), "layer 4 was asked for");
    says(&[&["speech", "--layer", "0", "--code", "32"], &model[..]].concat(), "code 32 in layer 0 is beyond");
    let usage = |args: &[&str]| rvqscope(&dir, &[&["listen", "--out", "no.wav"], args].concat()).code;
    assert_eq!(usage(&["speech"]), 2, "neither a model nor the source");
    assert_eq!(usage(&["speech", "--source", "--layers", "1"]), 2);
    assert_eq!(usage(&[&["speech", "--code", "3"], &model[..]].concat()), 2, "of no layer");
    let ending = rvqscope(&dir, &["listen", "speech", "--source", "--out", "x.mp3"]);
    assert!(ending.code == 2 && ending.err.contains("not as .mp3"), "{}", ending.err);
    // The source itself can be heard whatever the frames are.
    done(&dir, &["listen", "speech", "--features", "mfcc", "--source", "--out", "source.wav"]);
}

/// Measured on three clips: 7.48, 6.84, 6.50, 6.28, 6.11 and 5.98 dB after 1 to 6 layers; phases that are searched for cost 5 dB of it by themselves.
#[test]
fn every_layer_brings_the_sound_nearer_to_the_source() {
    let dir = TempDir::new().unwrap();
    let train = [
        "train",
        "--demo",
        "--layers",
        "6",
        "--codes",
        "128",
        "--steps",
        "120",
        "--kmeans-iters",
        "10",
        "--out",
        "m.safetensors",
    ];
    done(&dir, &train);
    let distance = |layers: usize| {
        let layers = layers.to_string();
        let clips = ["0", "4", "9"].map(|clip| {
            let args = [
                "--demo",
                "--model",
                "m.safetensors",
                "--layers",
                &layers,
                "--clip",
                clip,
                "--to",
                "2.5",
                "--out",
                "x.wav",
            ];
            listened(&dir, &args)["log_spectral_distance_db"].as_f64().unwrap()
        });
        clips.iter().sum::<f64>() / clips.len() as f64
    };
    let distances: Vec<f64> = (1..=6).map(distance).collect();
    println!("log-spectral distance to the source after 1 to 6 layers, dB: {distances:.2?}");
    assert!(distances.windows(2).all(|pair| pair[1] < pair[0]), "{distances:?}");
}
