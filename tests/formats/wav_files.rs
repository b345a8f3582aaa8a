//! WAV.

use super::*;

#[test]
fn every_width_has_the_same_scale() {
    let half: &[(u16, u16, u16, &[u8])] = &[
        (1, 1, 8, &[0xc0]),
        (1, 2, 16, &[0, 0x40]),
        (1, 3, 24, &[0, 0, 0x40]),
        (1, 4, 24, &[1, 0, 0x40, 0]),
        (1, 4, 24, &[0, 0, 0, 0x40]),
        (1, 4, 32, &[0, 0, 0, 0x40]),
        (3, 4, 32, &[0, 0, 0, 0x3f]),
        (3, 8, 64, &[0, 0, 0, 0, 0, 0, 0xe0, 0x3f]),
    ];
    for &(tag, bytes, bits, sample) in half {
        let audio = audio(open_bytes(&wav(tag, 1, 16_000, bytes, bits, sample)).unwrap());
        let value = audio.channels[0][0];
        assert!((value - 0.5).abs() < 1e-6, "{bits} bits in {bytes} bytes: {value}");
    }
    let lowest = audio(open_bytes(&wav(1, 1, 1, 4, 32, &i32::MIN.to_le_bytes())).unwrap());
    assert_eq!(lowest.channels, [[-1.0]]);
}

#[test]
fn channels_are_told_apart_at_any_rate() {
    let bytes = wav(1, 3, 4_294_967_295, 2, 16, &[0, 0x40, 0, 0x20, 0, 0x10, 0, 0xc0, 0, 0xe0, 0, 0xf0]);
    let audio = audio(open_bytes(&bytes).unwrap());
    assert_eq!(audio.sample_rate_hz, 4_294_967_295);
    assert_eq!(audio.channels, [[0.5, -0.5], [0.25, -0.25], [0.125, -0.125]]);
}

#[test]
fn bytes_in_memory_are_read_under_a_name() {
    let bytes = wav(1, 1, 8000, 2, 16, &[0, 0x40]);
    assert_eq!(io::wav::read_bytes("demo clip", &bytes).unwrap().channels, [[0.5]]);
    let err = io::wav::read_bytes("demo clip", &bytes[..45]).unwrap_err();
    assert_eq!(
        err.to_string(),
        "the file is cut short: its header tells of 2 bytes of samples, but 1 are there: demo clip"
    );
}

#[test]
fn a_length_left_open_by_a_pipe_is_the_rest_of_the_file() {
    let mut bytes = wav(1, 1, 8000, 2, 16, &[0, 0x40, 0, 0xc0, 7]);
    bytes[4..8].fill(0xff);
    bytes[40..44].fill(0xff);
    assert_eq!(audio(open_bytes(&bytes).unwrap()).channels, [[0.5, -0.5]]);
}

#[test]
fn what_cannot_be_read_is_named() {
    check_refused(&wav(3, 1, 8000, 2, 16, &[0; 8]), "16-bit float");
    check_refused(&wav(3, 1, 8000, 8, 64, &f64::NAN.to_le_bytes()), "sample 0 of channel 0 is NaN");
    check_refused(&wav(3, 1, 8000, 8, 64, &1e300_f64.to_le_bytes()), "is inf");
    check_refused(&wav(3, 1, 8000, 4, 32, &f32::NAN.to_le_bytes()), "sample 0 of channel 0 is NaN");
    check_refused(&wav(3, 1, 8000, 4, 32, &f32::INFINITY.to_le_bytes()), "is inf");
    check_refused(&wav(1, 1, 8000, 2, 16, &[]), "no audio in it");
    check_refused(&wav(1, 0, 8000, 2, 16, &[0, 0]), "0 channels");
    check_refused(&wav(1, 1, 0, 2, 16, &[0, 0]), "0 Hz");
    check_refused(&wav(1, 2, 8000, 2, 16, &[0, 0]), "not a whole number of frames");
    check_refused(&wav(2, 1, 8000, 2, 16, &[0, 0]), "ADPCM");
    check_refused(&wav(7, 1, 8000, 1, 8, &[0, 0]), "µ-law");
    check_refused(&wav(1, 1, 8000, 1, 16, &[0, 0]), "contradicts itself");
    check_refused(&wav(1, 1, 8000, 2, 16, &[0, 0])[..36], "no audio in it");
    check_refused(&wav(1, 1, 8000, 2, 16, &[0; 10])[..50], "cut short");
}

#[test]
fn cancelling_ends_the_reading() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.wav");
    std::fs::write(&path, wav(1, 1, 8000, 2, 16, &[0; 64])).unwrap();
    let cancel = Cancel::default();
    cancel.cancel();
    let err = io::open(&path, &Task::silent(&cancel)).unwrap_err();
    assert!(matches!(err.problem, Problem::Cancelled(_)));
}
