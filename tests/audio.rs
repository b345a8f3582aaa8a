//! Audio: what is accepted, mix-down, and resampling against sines whose resampled form is known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::f64::consts::TAU;

use rvqscope::audio::{Audio, AudioError, ChannelChoice, resample, resampled_len};
use rvqscope::task::{Cancel, Cancelled, Task};

fn resampled(samples: &[f32], from_hz: u32, to_hz: u32) -> Vec<f32> {
    resample(samples, from_hz, to_hz, &Task::silent(&Cancel::default())).unwrap()
}

fn sine(hz: f64, rate_hz: u32, len: usize) -> Vec<f32> {
    (0..len).map(|n| (0.5 * (TAU * hz * n as f64 / f64::from(rate_hz) + 0.3).sin()) as f32).collect()
}

#[test]
fn only_whole_audio_is_accepted() {
    assert_eq!(Audio::new(vec![], 16_000), Err(AudioError::NoChannels));
    let lengths = Audio::new(vec![vec![0.0; 3], vec![0.0; 2]], 16_000);
    assert_eq!(lengths, Err(AudioError::Length { channel: 1, len: 2, expected: 3 }));
    let infinite = Audio::new(vec![vec![0.0; 2], vec![0.0, f32::INFINITY]], 16_000);
    assert_eq!(infinite, Err(AudioError::NotFinite { channel: 1, sample: 1, value: f32::INFINITY }));
    assert_eq!(Audio::new(vec![vec![0.0]], 0), Err(AudioError::Rate { rate_hz: 0 }));
    assert!(Audio::new(vec![vec![]], 16_000).is_ok());
}

#[test]
fn duration_is_samples_over_rate() {
    let audio = Audio::new(vec![vec![0.0; 4000]; 2], 16_000).unwrap();
    assert_eq!((audio.num_samples(), audio.duration_secs()), (4000, 0.25));
}

#[test]
fn mono_is_the_mean_or_the_chosen_channel() {
    let audio = Audio::new(vec![vec![1.0, 0.0], vec![0.0, 0.5], vec![0.5, -0.5]], 8000).unwrap();
    assert_eq!(audio.mono(ChannelChoice::Mix), Ok(vec![0.5, 0.0]));
    assert_eq!(audio.mono(ChannelChoice::Only(1)), Ok(vec![0.0, 0.5]));
    let none = audio.mono(ChannelChoice::Only(3));
    assert_eq!(none, Err(AudioError::NoSuchChannel { wanted: 3, channels: 3 }));
    assert!(none.unwrap_err().to_string().contains("no channel 3"));
}

#[test]
fn the_mean_of_many_channels_does_not_overflow() {
    let audio = Audio::new(vec![vec![f32::MAX]; 4], 8000).unwrap();
    assert_eq!(audio.mono(ChannelChoice::Mix), Ok(vec![f32::MAX]));
}

/// Every pair a file and an extractor are likely to have, and some that share no factor.
const RATE_PAIRS_HZ: &[(u32, u32)] = &[
    (8_000, 16_000),
    (11_025, 16_000),
    (22_050, 16_000),
    (24_000, 16_000),
    (32_000, 16_000),
    (44_100, 16_000),
    (48_000, 16_000),
    (96_000, 16_000),
    (192_000, 16_000),
    (16_000, 8_000),
    (16_000, 22_050),
    (16_000, 24_000),
    (16_000, 44_100),
    (44_100, 48_000),
    (48_000, 44_100),
    (16_000, 192_000),
    (12_345, 16_000),
    (44_101, 16_000),
    (16_000, 15_999),
];

#[test]
fn a_sine_stays_that_sine_in_time_and_height() {
    for &(from_hz, to_hz) in RATE_PAIRS_HZ {
        for hz in [100.0, 1000.0, 3000.0] {
            let len = from_hz as usize;
            let out = resampled(&sine(hz, from_hz, len), from_hz, to_hz);
            let expected = sine(hz, to_hz, out.len());
            // The filter reaches into the silence around the clip over so many samples.
            let edge = out.len() / 4;
            let worst = (edge..out.len() - edge).map(|n| (out[n] - expected[n]).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-4, "{hz} Hz, {from_hz} -> {to_hz}: off by {worst}");
        }
    }
}

#[test]
fn what_the_lower_rate_cannot_hold_is_filtered_out() {
    for (from_hz, to_hz) in [(44_100, 16_000), (192_000, 16_000), (16_000, 8_000)] {
        let hz = f64::from(to_hz) * 0.55;
        let out = resampled(&sine(hz, from_hz, from_hz as usize), from_hz, to_hz);
        let edge = out.len() / 4;
        let worst = out[edge..out.len() - edge].iter().fold(0.0_f32, |worst, v| worst.max(v.abs()));
        assert!(worst < 1e-4, "{hz} Hz, {from_hz} -> {to_hz}: {worst} is left");
    }
}

#[test]
fn a_click_stays_where_it_was() {
    for &(from_hz, to_hz) in RATE_PAIRS_HZ {
        let mut samples = vec![0.0; from_hz as usize / 2];
        let at = samples.len() / 3;
        samples[at] = 1.0;
        let out = resampled(&samples, from_hz, to_hz);
        let peak = (0..out.len()).max_by(|&a, &b| out[a].abs().total_cmp(&out[b].abs())).unwrap();
        let expected = at as f64 * f64::from(to_hz) / f64::from(from_hz);
        assert!((peak as f64 - expected).abs() <= 0.5, "{from_hz} -> {to_hz}: {peak}, not {expected}");
    }
}

#[test]
fn lengths_are_rounded_for_every_clip_down_to_none() {
    for &(from_hz, to_hz) in RATE_PAIRS_HZ {
        for len in [0, 1, 2, 3, 10, 441, 1023, 5000] {
            let out = resampled(&vec![0.5; len], from_hz, to_hz);
            let expected = (len as f64 * f64::from(to_hz) / f64::from(from_hz)).round() as usize;
            assert_eq!(out.len(), expected, "{len} samples, {from_hz} -> {to_hz}");
            assert_eq!(out.len(), resampled_len(len, from_hz, to_hz));
            assert!(out.iter().all(|v| v.is_finite()));
        }
    }
}

#[test]
fn one_rate_is_a_copy_even_where_it_could_not_be_resampled() {
    let samples = sine(100.0, 16_000, 50);
    assert_eq!(resampled(&samples, 16_000, 16_000), samples);
    assert_eq!(resampled(&samples, 5, 5), samples);
}

#[test]
fn a_rate_out_of_all_proportion_is_refused() {
    let cancel = Cancel::default();
    for (from_hz, to_hz, rate_hz) in [(1, 16_000, 1), (4_294_967_291, 16_000, 4_294_967_291), (16_000, 0, 0)]
    {
        let refused = resample(&[0.0; 10], from_hz, to_hz, &Task::silent(&cancel));
        assert_eq!(refused, Err(AudioError::Rate { rate_hz }));
    }
}

#[test]
fn a_cancelled_resampling_ends() {
    let cancel = Cancel::default();
    cancel.cancel();
    let ended = resample(&[0.0; 10_000], 44_100, 16_000, &Task::silent(&cancel));
    assert_eq!(ended, Err(AudioError::Cancelled(Cancelled)));
}
