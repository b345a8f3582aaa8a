//! Coded audio: what other decoders read of the same files, what is around the audio, and what is made of damage.

use std::io::Write as _;

use rvqscope::audio::{Audio, ChannelChoice, Intake, resample};
use rvqscope::io::Wanted;

use super::*;

/// The fixtures: name, and how far a sample may lie from what the other decoder gives.
///
/// Lossless ones are exact. MPEG audio is specified to within a bit of 16; Vorbis and AAC decode in floats of their own order of summation.
const FIXTURES: &[(&str, f32)] = &[
    ("tone_f64.wav", 0.0),
    ("tone_16.flac", 0.0),
    ("tone_24.flac", 0.0),
    ("tone_16.aiff", 0.0),
    ("tone_f32.aifc", 0.0),
    ("tone_alac.m4a", 0.0),
    ("tone.mp3", 1e-4),
    ("tone_stereo.mp3", 1e-4),
    ("tone.ogg", 1e-4),
    ("tone_aac.m4a", 1e-4),
    ("tone.aac", 1e-4),
];

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

/// What another decoder read of a fixture: its rate, and the samples of each channel.
fn recorded(name: &str) -> (u32, Vec<Vec<f32>>) {
    let file = bytes("audio_decoded.safetensors");
    let tensors = ::safetensors::SafeTensors::deserialize(&file).unwrap();
    let rate = tensors.tensor(&format!("{name}.rate")).unwrap();
    let rate = i32::from_le_bytes(rate.data().try_into().unwrap());
    let samples = tensors.tensor(name).unwrap();
    let values: Vec<f32> =
        samples.data().chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    (rate as u32, values.chunks(samples.shape()[1]).map(<[f32]>::to_vec).collect())
}

fn worst(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn samples_are_those_of_other_decoders() {
    for &(name, tolerance) in FIXTURES {
        let audio = audio(open(&fixture(name)).unwrap());
        let (rate_hz, expected) = recorded(name);
        let shape = |channels: &[Vec<f32>]| (channels.len(), channels[0].len());
        assert_eq!((audio.sample_rate_hz, shape(&audio.channels)), (rate_hz, shape(&expected)), "{name}");
        let off = worst(&audio.channels, &expected);
        assert!(off <= tolerance, "{name}: off by {off}");
        assert!(audio.findings.is_empty(), "{name}: {:?}", audio.findings);
    }
}

#[test]
fn a_name_gives_nothing_away() {
    for (name, _) in FIXTURES {
        assert_eq!(audio(open_bytes(&bytes(name)).unwrap()), audio(open(&fixture(name)).unwrap()), "{name}");
    }
}

#[test]
fn one_channel_at_another_rate_is_what_the_whole_file_gives() {
    let task_cancel = Cancel::default();
    let task = Task::silent(&task_cancel);
    for (name, _) in FIXTURES {
        let whole = audio(open(&fixture(name)).unwrap());
        for channel in [ChannelChoice::Mix, ChannelChoice::Only(whole.channels.len() - 1)] {
            for to_hz in [whole.sample_rate_hz, 16_000] {
                let intake = Intake::Mono { channel, sample_rate_hz: to_hz };
                let mono = audio(
                    io::open_as(&fixture(name), Wanted { intake, ..Wanted::default() }, &task).unwrap(),
                );
                let expected =
                    resample(&whole.mono(channel).unwrap(), whole.sample_rate_hz, to_hz, &task).unwrap();
                assert_eq!(
                    (mono.sample_rate_hz, &mono.channels),
                    (to_hz, &vec![expected]),
                    "{name} {channel:?}"
                );
            }
        }
        let intake = Intake::Mono { channel: ChannelChoice::Only(9), sample_rate_hz: 16_000 };
        let err = io::open_as(&fixture(name), Wanted { intake, ..Wanted::default() }, &task).unwrap_err();
        assert!(err.to_string().starts_with("there is no channel 9"), "{err}");
    }
}

/// An ID3v2 tag around `content`.
fn tag(content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let size = [21, 14, 7, 0].map(|shift| (len >> shift & 0x7f) as u8);
    [b"ID3\x04\0\0".as_slice(), &size, content].concat()
}

#[test]
fn tags_around_audio_change_nothing() {
    // A picture in front makes tags far longer than what formats are told by.
    let picture = vec![0xff; 150_000];
    for name in ["tone.mp3", "tone_stereo.mp3", "tone_16.flac", "tone.aac"] {
        let plain = audio(open(&fixture(name)).unwrap());
        let hole = vec![0; 700];
        for front in
            [tag(b"TIT2"), tag(&picture), [tag(b"1"), tag(&picture)].concat(), [tag(b"1"), hole].concat()]
        {
            assert_eq!(audio(open_bytes(&[front, bytes(name)].concat()).unwrap()), plain, "{name}");
        }
    }
    let old_tag = [b"TAG".as_slice(), &[b' '; 125]].concat();
    for name in ["tone.mp3", "tone_stereo.mp3"] {
        let tagged = audio(open_bytes(&[bytes(name), old_tag.clone()].concat()).unwrap());
        assert_eq!(tagged.channels, audio(open(&fixture(name)).unwrap()).channels, "{name}");
    }
}

#[test]
fn what_only_begins_like_audio_is_refused() {
    let mut frame = vec![0; 5000];
    frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0]);
    check_refused(&frame, "none of the formats");
    check_refused(&tag(b"nothing follows"), "behind the ID3 tag there is no audio");
    check_refused(&bytes("tone_16.flac")[..60], "FLAC");
    check_refused(b"OggS\0", "Ogg");
    check_refused(&bytes("tone_aac.m4a")[..28], "MP4");
    check_refused(&bytes("tone_16.aiff")[..3000], "cut short");
    // Opus lies in the same container as Vorbis.
    let opus = bytes("tone.ogg").windows(7).position(|w| w == b"\x01vorbis").unwrap();
    let mut other = bytes("tone.ogg");
    other[opus..opus + 8].copy_from_slice(b"OpusHead");
    assert!(open_bytes(&other).is_err());
}

fn decode(bytes: &[u8]) -> Audio {
    audio(open_bytes(bytes).unwrap())
}

#[test]
fn damage_in_the_middle_costs_a_packet_and_is_told_of() {
    for name in ["tone.mp3", "tone.ogg", "tone_16.flac", "tone_aac.m4a"] {
        let sound = decode(&bytes(name));
        let mut told = false;
        for seed in 0..24 {
            let mut damaged = bytes(name);
            let at = damaged.len() * (40 + seed) / 100;
            damaged[at..at + 24].fill(0xff);
            let Ok(opened) = open_bytes(&damaged) else { continue };
            let audio = audio(opened);
            assert!(audio.num_samples() <= sound.num_samples() + 4096, "{name}");
            told |= audio
                .findings
                .iter()
                .any(|f| f.text().contains("passed over") || f.text().contains("samples are missing"));
        }
        // Vorbis has no checks of its own but those of its pages, and the container drops a page that does not hold.
        assert!(told || name == "tone.ogg", "{name}: no damage was told of");
    }
}

#[test]
fn a_cut_file_gives_what_is_there_and_says_so() {
    let name = "tone_16.flac";
    let (whole, file) = (decode(&bytes(name)), bytes(name));
    let cut = decode(&file[..file.len() * 2 / 3]);
    assert!(cut.num_samples() > 0 && cut.num_samples() < whole.num_samples());
    assert_eq!(cut.channels[0], whole.channels[0][..cut.num_samples()]);
    assert!(
        cut.findings.iter().any(|finding| finding.text().contains("the header tells of 9000")),
        "{:?}",
        cut.findings
    );
}

#[test]
fn silence_that_unpacks_without_end_is_stopped() {
    // Frames of 65 535 constant samples in 8 channels take 13 bytes and a check sum each.
    let file = bytes("tone_16.flac");
    let mut info = file[..8 + 34].to_vec();
    info[4] |= 0x80;
    let (rate_hz, channels, bits) = (16_000u32, 8u8, 16u8);
    let packed = u64::from(rate_hz) << 44 | u64::from(channels - 1) << 41 | u64::from(bits - 1) << 36;
    info[8..12].copy_from_slice(&[0xff; 4]);
    info[12..18].fill(0);
    info[18..26].copy_from_slice(&packed.to_be_bytes());
    let frames = (0u8..60).map(|number| {
        // Sync, 16-bit block size, rate of the stream; 8 channels of 16 bits; the frame's number; the size; CRC-8.
        let mut head = vec![0xff, 0xf8, 0x70, 0x78, number, 0xff, 0xfe];
        head.push(crc(&head, 8, 0x07) as u8);
        // A constant subframe of 0 in each channel.
        head.extend([0, 0, 0].repeat(8));
        let sum = crc(&head, 16, 0x8005) as u16;
        head.extend(sum.to_be_bytes());
        head
    });
    let mut bomb = info;
    let start = bomb.len();
    frames.for_each(|frame| bomb.write_all(&frame).unwrap());
    let few = bomb[..start + (bomb.len() - start) / 30].to_vec();
    assert_eq!(decode(&few).channels.len(), 8);
    let refused = open_bytes(&bomb).map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("--unpack-limit"), "{refused}");
}

/// A check sum of `bits` bits, high bit first.
fn crc(bytes: &[u8], bits: u32, polynomial: u32) -> u32 {
    let mut sum = 0u32;
    for &byte in bytes {
        sum ^= u32::from(byte) << (bits - 8);
        for _ in 0..8 {
            let carry = sum >> (bits - 1) & 1;
            sum = ((sum << 1) & ((1 << bits) - 1)) ^ (carry * polynomial);
        }
    }
    sum
}

#[test]
fn cancelling_ends_the_decoding() {
    let cancel = Cancel::default();
    cancel.cancel();
    for (name, _) in FIXTURES {
        let err = io::open(&fixture(name), &Task::silent(&cancel)).unwrap_err();
        assert!(matches!(err.problem, Problem::Cancelled(_)), "{name}: {err}");
    }
}
