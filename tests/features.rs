//! Extractors against librosa, on the fixtures that `fixtures/make_logmel.py` makes, and by what they promise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;
use std::sync::Mutex;

use ndarray::{Array2, array, s};
use rvqscope::audio::{Audio, AudioError, ChannelChoice};
use rvqscope::features::demo::DEMO_CLIPS;
use rvqscope::features::log_mel::{log_mel, mel_edges_hz, mel_filters};
use rvqscope::features::{
    EXTRACTORS, ExtractError, ExtractParams, Extractor, FeatureMatrix, PARAMS, article_example, extract, find,
};
use rvqscope::param::{ParamKind, ParamValue};
use rvqscope::task::{Cancel, Cancelled, Task};

fn fixture<T: ndarray_npy::ReadableElement>(name: &str) -> ndarray::ArrayD<T> {
    ndarray_npy::read_npy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

fn expected(name: &str) -> Array2<f32> {
    fixture::<f32>(name).into_dimensionality().unwrap()
}

fn signal() -> Vec<f32> {
    fixture::<i16>("logmel_signal.npy").iter().map(|&v| f32::from(v) / 32768.0).collect()
}

fn params_of(extractor: &dyn Extractor) -> ExtractParams {
    ExtractParams { extractor: extractor.id(), ..ExtractParams::default() }
}

fn run(
    extractor: &dyn Extractor,
    samples: &[f32],
    params: &ExtractParams,
) -> Result<Array2<f32>, ExtractError> {
    extractor.extract(samples, params, &Task::silent(&Cancel::default()))
}

/// The largest `|a - b| / (1 + |b|)`.
fn deviation(a: &Array2<f32>, b: &Array2<f32>) -> f32 {
    assert_eq!(a.dim(), b.dim());
    a.iter().zip(b).map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0, f32::max)
}

fn check(got: &Array2<f32>, name: &str) {
    let worst = deviation(got, &expected(name));
    assert!(worst <= 1e-5, "{name}: off by {worst}");
}

#[test]
fn log_mel_is_librosas() {
    let got = run(find("log-mel").unwrap(), &signal(), &ExtractParams::default()).unwrap();
    check(&got, "logmel_default.npy");
}

#[test]
fn log_mel_is_librosas_with_every_parameter_changed() {
    let params = ExtractParams {
        sample_rate_hz: 22_050,
        n_fft: 1200,
        hop_length: 256,
        win_length: 900,
        power: 2,
        num_mels: 40,
        fmin_hz: 55.0,
        fmax_hz: 9000.0,
        ..ExtractParams::default()
    };
    check(&run(find("log-mel").unwrap(), &signal(), &params).unwrap(), "logmel_other.npy");
}

#[test]
fn a_clip_shorter_than_the_padding_is_mirrored_as_often_as_it_takes() {
    let short = &signal()[4000..4100];
    check(&run(find("log-mel").unwrap(), short, &ExtractParams::default()).unwrap(), "logmel_short.npy");
}

#[test]
fn mfcc_is_librosas_of_that_log_mel() {
    let mfcc = find("mfcc").unwrap();
    check(&run(mfcc, &signal(), &params_of(mfcc)).unwrap(), "mfcc_default.npy");
}

#[test]
fn all_coefficients_keep_distances() {
    let params = ExtractParams { num_mfcc: 80, ..ExtractParams::default() };
    let cepstrum = run(find("mfcc").unwrap(), &signal(), &params).unwrap();
    let mel = run(find("log-mel").unwrap(), &signal(), &params).unwrap();
    let distance = |m: &Array2<f32>| (&m.row(10) - &m.row(60)).mapv(f64::from).pow2().sum();
    assert!((distance(&cepstrum) / distance(&mel) - 1.0).abs() < 1e-5);
}

#[test]
fn waveform_is_the_samples() {
    let waveform = find("waveform").unwrap();
    let params = ExtractParams { frame_length: 7, ..params_of(waveform) };
    let samples: Vec<f32> = (0..24).map(|i| i as f32).collect();
    let whole: Vec<f32> = run(waveform, &samples, &params).unwrap().into_iter().collect();
    assert_eq!(whole, samples[..21]);
    assert_eq!(run(waveform, &[1.0, 2.0], &params).unwrap(), array![[1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0]]);
}

#[test]
fn every_extractor_keeps_its_promises_on_every_length() {
    let noise: Vec<f32> = article_example(3).matrix.view().iter().map(|v| v - 0.5).collect();
    for &extractor in EXTRACTORS {
        let params = params_of(extractor);
        assert_eq!(params.validate(), Ok(()), "{}", extractor.id());
        assert!(find(extractor.id()).is_some_and(|found| found.id() == extractor.id()));
        assert!(!extractor.label().is_empty() && !extractor.help().is_empty());
        assert_eq!(run(extractor, &[], &params), Err(ExtractError::Empty));
        for len in [1, 2, 3, 159, 160, 161, 319, 320, 511, 512, 513, 1024, 20_000, 30_000] {
            let features = run(extractor, &noise[..len], &params).unwrap();
            assert_eq!(features.ncols(), extractor.dim(&params), "{} of {len}", extractor.id());
            let frames = if extractor.id() == "waveform" { (len / 320).max(1) } else { 1 + len / 160 };
            assert_eq!(features.nrows(), frames, "{} of {len}", extractor.id());
            FeatureMatrix::new(features).unwrap();
        }
        let rate_hz = extractor.frame_rate_hz(&params);
        assert_eq!(rate_hz, if extractor.id() == "waveform" { 50.0 } else { 100.0 });
    }
}

#[test]
fn silence_is_the_floor() {
    let features = run(find("log-mel").unwrap(), &[0.0; 1000], &ExtractParams::default()).unwrap();
    assert!(features.iter().all(|&v| v == 1e-5_f64.ln() as f32));
}

#[test]
fn samples_too_large_to_transform_are_not_taken_for_silence() {
    let params = ExtractParams { power: 2, ..ExtractParams::default() };
    let features = run(find("log-mel").unwrap(), &[f32::MAX; 2000], &params).unwrap();
    assert!(features[[5, 0]] > 100.0);
}

#[test]
fn the_thread_count_does_not_change_a_bit() {
    let long: Vec<f32> = signal().repeat(90);
    for &extractor in EXTRACTORS {
        let params = params_of(extractor);
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(extractor, &long, &params).unwrap())
        };
        assert!(on(1) == on(4), "{}", extractor.id());
    }
}

#[test]
fn frames_in_a_long_clip_are_those_of_a_short_one() {
    // More frames than one block, so that the index arithmetic between blocks is seen.
    let long: Vec<f32> = signal().repeat(90);
    let log_mel = find("log-mel").unwrap();
    let params = ExtractParams::default();
    let whole = run(log_mel, &long, &params).unwrap();
    assert!(whole.nrows() > 8192 + 100);
    let part = run(log_mel, &long[8190 * 160..8230 * 160], &params).unwrap();
    assert_eq!(whole.slice(s![8195..8225, ..]), part.slice(s![5..35, ..]));
}

#[test]
fn a_cancelled_extraction_ends_and_progress_rises_to_the_end() {
    let samples: Vec<f32> = signal().repeat(90);
    for &extractor in EXTRACTORS {
        let cancel = Cancel::default();
        let seen = Mutex::new(Vec::new());
        extractor
            .extract(&samples, &params_of(extractor), &Task::new(&cancel, &|p| seen.lock().unwrap().push(p)))
            .unwrap();
        let seen = seen.into_inner().unwrap();
        let last = seen.last().unwrap();
        assert_eq!(last.done, last.total);
        let first_stage = seen.iter().take_while(|p| p.stage == seen[0].stage);
        assert!(first_stage.map(|p| p.done).is_sorted());

        // Cancelled at its first report of progress.
        let on_progress = |_| cancel.cancel();
        let task = Task::new(&cancel, &on_progress);
        let ended = extractor.extract(&samples, &params_of(extractor), &task);
        assert_eq!(ended, Err(ExtractError::Cancelled(Cancelled)), "{}", extractor.id());
    }
}

#[test]
fn every_parameter_is_described_read_and_written() {
    for spec in PARAMS {
        let mut params = ExtractParams::default();
        let was = (spec.read)(&params);
        assert!(spec.kind.admits(was), "{}: the default is outside of the range", spec.key);
        let changed = match (spec.kind, was) {
            (ParamKind::Int { min, max }, ParamValue::Int(v)) => {
                ParamValue::Int(if v == max { min } else { max })
            }
            (ParamKind::Float { max, .. }, ParamValue::Float(_)) => ParamValue::Float(max),
            other => panic!("{other:?}"),
        };
        (spec.write)(&mut params, changed);
        assert_eq!((spec.read)(&params), changed, "{}", spec.key);
        (spec.write)(&mut params, was);
        assert_eq!(params, ExtractParams::default());
        assert!(EXTRACTORS.iter().any(|e| e.params().iter().any(|p| p.key == spec.key)), "{}", spec.key);
    }
}

#[test]
fn parameters_that_do_not_go_together_are_named() {
    let base = ExtractParams { extractor: "mfcc", ..ExtractParams::default() };
    let wrong = [
        ("extractor", ExtractParams { extractor: "wav2vec", ..base }),
        ("n_fft", ExtractParams { n_fft: 1023, win_length: 1000, ..base }),
        ("n_fft", ExtractParams { n_fft: 0, ..base }),
        ("hop_length", ExtractParams { hop_length: 0, ..base }),
        ("win_length", ExtractParams { win_length: 1026, ..base }),
        ("fmax_hz", ExtractParams { fmax_hz: 8001.0, ..base }),
        ("fmin_hz", ExtractParams { fmin_hz: 8000.0, ..base }),
        ("fmin_hz", ExtractParams { fmin_hz: f64::NAN, ..base }),
        ("num_mfcc", ExtractParams { num_mfcc: 81, ..base }),
        ("log_floor", ExtractParams { log_floor: 0.0, ..base }),
    ];
    for (key, params) in wrong {
        assert_eq!(params.validate().unwrap_err().key, key);
        if key != "extractor" {
            let refused = run(find("mfcc").unwrap(), &[0.0; 2000], &params);
            assert!(matches!(refused, Err(ExtractError::Params(err)) if err.key == key), "{key}");
        }
    }
    let unread = ExtractParams { num_mfcc: 900, frame_length: 0, ..ExtractParams::default() };
    assert_eq!(unread.validate(), Ok(()), "log-mel does not read them");
}

#[test]
fn too_many_values_are_refused_before_they_are_allocated() {
    let params = ExtractParams { hop_length: 1, num_mels: 1024, ..ExtractParams::default() };
    let refused = run(find("log-mel").unwrap(), &vec![0.0; 3_000_000], &params);
    assert_eq!(refused, Err(ExtractError::TooLarge { frames: 3_000_001, dim: 1024 }));
}

#[test]
fn mel_filters_have_unit_area_and_rise_in_order() {
    let params = ExtractParams { n_fft: 16_384, win_length: 16_384, ..ExtractParams::default() };
    let bin_hz = 16_000.0 / 16_384.0;
    for filter in mel_filters(&params) {
        let area = filter.weights.iter().sum::<f64>() * bin_hz;
        assert!((area - 1.0).abs() < 2e-2, "{area}");
    }
    let edges = mel_edges_hz(80, 0.0, 8000.0);
    assert!(edges.is_sorted() && edges.len() == 82);
    assert!((edges[81] - 8000.0).abs() < 1e-9);
    // The one point that both pieces of the scale share: 1 kHz is mel 15.
    assert!((mel_edges_hz(14, 0.0, 1000.0)[3] - 200.0).abs() < 1e-9);
}

#[test]
fn extract_mixes_resamples_and_extracts() {
    let samples = signal();
    let params = ExtractParams::default();
    let cancel = Cancel::default();
    let task = Task::silent(&cancel);
    let direct = log_mel(&samples, &params, &task).unwrap();

    let stereo = Audio::new(vec![vec![0.9; samples.len()], samples.clone()], 16_000).unwrap();
    assert_eq!(extract(&stereo, ChannelChoice::Only(1), &params, &task).unwrap(), direct);
    let missing = extract(&stereo, ChannelChoice::Only(2), &params, &task);
    assert!(matches!(missing, Err(ExtractError::Audio(AudioError::NoSuchChannel { .. }))));

    let slow = Audio::new(vec![samples], 8000).unwrap();
    assert_eq!(extract(&slow, ChannelChoice::Mix, &params, &task).unwrap().nrows(), 1 + 36_000 / 160);

    let empty = Audio::new(vec![vec![]], 44_100).unwrap();
    assert_eq!(extract(&empty, ChannelChoice::Mix, &params, &task), Err(ExtractError::Empty));
    // So short that nothing is left of it at the lower rate.
    let tiny = Audio::new(vec![vec![0.5]], 192_000).unwrap();
    assert_eq!(extract(&tiny, ChannelChoice::Mix, &params, &task), Err(ExtractError::Empty));

    cancel.cancel();
    let cancelled = extract(&slow, ChannelChoice::Mix, &params, &task);
    assert_eq!(cancelled, Err(ExtractError::Cancelled(Cancelled)));
}

#[test]
fn the_demo_is_a_minute_and_a_half_of_16_khz_speech() {
    let mut secs = 0.0;
    for (name, bytes) in DEMO_CLIPS {
        let mut reader = hound::WavReader::new(*bytes).unwrap();
        let spec = reader.spec();
        assert_eq!((spec.sample_rate, spec.channels, spec.bits_per_sample), (16_000, 1, 16), "{name}");
        let peak = reader.samples::<i16>().map(|v| v.unwrap().unsigned_abs()).max().unwrap();
        assert!((22_000..24_000).contains(&peak), "{name}: {peak}");
        secs += f64::from(reader.duration()) / 16_000.0;
    }
    assert!((60.0..120.0).contains(&secs), "{secs}");
    assert!(DEMO_CLIPS.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() < 3_200_000);
}
