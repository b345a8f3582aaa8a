//! The real files of the folder that `RVQSCOPE_DATA` names.

use super::*;

/// The folder of real files, or `None` with a note.
fn data() -> Option<PathBuf> {
    let data = std::env::var_os("RVQSCOPE_DATA").map(PathBuf::from);
    if data.is_none() {
        eprintln!("skipped: RVQSCOPE_DATA is not set");
    }
    data
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Every audio file: its rate, its channels, and the samples of each, as libsndfile reads them.
const AUDIO: &[(&str, u32, usize, usize)] = &[
    ("LJ001-0001.flac", 22_050, 1, 212_893),
    ("LJ001-0001.wav", 22_050, 1, 212_893),
    ("LJ001-0002.mp3", 22_050, 1, 41_885),
    ("jfk.flac", 44_100, 2, 485_100),
    ("jfk.mp3", 16_000, 1, 176_000),
    ("lyra_sample1_16kHz.wav", 16_000, 1, 55_177),
    ("lyra_sample1_32kHz.wav", 32_000, 1, 110_354),
    ("lyra_sample1_48kHz.wav", 48_000, 1, 165_531),
    ("lyra_sample1_8kHz.wav", 8_000, 1, 27_589),
    ("sense_and_sensibility_01_austen_64kb-0870.wav", 16_000, 1, 113_600),
    ("sense_and_sensibility_01_austen_64kb-0880.wav", 16_000, 1, 47_840),
    ("speechbrain_4ch.flac", 16_000, 4, 160_000),
    ("speechbrain_mixture_0_f64.wav", 16_000, 1, 64_499),
    ("sr_audio-mono-24-bit-44100Hz.wav", 44_100, 1, 121_052),
    ("sr_audio-mono-8-bit-44100Hz.wav", 44_100, 1, 121_052),
    ("sr_audio-stereo-16-bit-44100Hz.aiff", 44_100, 2, 121_052),
    ("sr_audio-stereo-32-bit-44100Hz.wav", 44_100, 2, 121_052),
    ("visqol_guitar48_stereo.wav", 48_000, 2, 597_784),
    ("wav_variants/nonstandard-01.wav", 48_000, 2, 1),
    ("wav_variants/nonstandard-02.wav", 48_000, 2, 2),
    ("wav_variants/pcmwaveformat-16bit-44100Hz-mono-extra.wav", 44_100, 1, 4),
    ("wav_variants/pcmwaveformat-16bit-44100Hz-mono.wav", 44_100, 1, 4),
    ("wav_variants/pcmwaveformat-24bit-4byte-48kHz-stereo.wav", 48_000, 2, 2),
    ("wav_variants/pcmwaveformat-8bit-44100Hz-mono.wav", 44_100, 1, 4),
    ("wav_variants/pop.wav", 44_100, 1, 100),
    ("wav_variants/waveformatex-16bit-44100Hz-mono-extra.wav", 44_100, 1, 4),
    ("wav_variants/waveformatex-16bit-44100Hz-mono.wav", 44_100, 1, 4),
    ("wav_variants/waveformatex-16bit-44100Hz-stereo.wav", 44_100, 2, 4),
    ("wav_variants/waveformatex-8bit-11025Hz-mono.wav", 11_025, 1, 4),
    ("wav_variants/waveformatex-ieeefloat-44100Hz-mono.wav", 44_100, 1, 4),
    ("wav_variants/waveformatextensible-24bit-192kHz-mono.wav", 192_000, 1, 4),
    ("wav_variants/waveformatextensible-24bit-4byte-48kHz-stereo.wav", 48_000, 2, 2),
    ("wav_variants/waveformatextensible-32bit-48kHz-stereo.wav", 48_000, 2, 2),
    ("wav_variants/waveformatextensible-ieeefloat-44100Hz-mono.wav", 44_100, 1, 4),
];

#[test]
fn every_audio_file_has_its_rate_channels_and_length() {
    let Some(data) = data() else { return };
    for &(name, rate_hz, channels, samples) in AUDIO {
        let audio = super::audio(open(&data.join("audio").join(name)).unwrap());
        let found = (audio.sample_rate_hz, audio.channels.len(), audio.num_samples());
        assert_eq!(found, (rate_hz, channels, samples), "{name}");
        assert!(audio.findings.is_empty(), "{name}: {:?}", audio.findings);
    }
    let all: Vec<_> =
        ["wav", "flac", "mp3", "aiff"].iter().flat_map(|e| files(&data.join("audio"), e)).collect();
    assert_eq!(all.len(), AUDIO.len(), "files that the table does not tell of: {all:?}");
}

#[test]
fn one_recording_is_the_same_in_different_containers() {
    let Some(data) = data() else { return };
    let read = |name: &str| super::audio(open(&data.join("audio").join(name)).unwrap());
    let (flac, plain) = (read("LJ001-0001.flac"), read("LJ001-0001.wav"));
    assert_eq!((flac.channels, flac.sample_rate_hz), (plain.channels, plain.sample_rate_hz));
    assert_eq!((flac.stored_as, plain.stored_as), (Some("FLAC"), Some("i16")));
    let (aiff, wav) =
        (read("sr_audio-stereo-16-bit-44100Hz.aiff"), read("sr_audio-stereo-32-bit-44100Hz.wav"));
    // One was dithered.
    let far = |(a, b): (&f32, &f32)| (a - b).abs() > 4e-4;
    assert!(!aiff.channels.iter().flatten().zip(wav.channels.iter().flatten()).any(far));
}

#[test]
fn samples_of_24_bits_in_4_bytes_stand_where_they_were_written() {
    let Some(data) = data() else { return };
    let name = "audio/wav_variants/waveformatextensible-24bit-4byte-48kHz-stereo.wav";
    let stereo = super::audio(open(&data.join(name)).unwrap());
    let samples = stereo.channels.concat().iter().map(|v| v * 8_388_608.0).collect::<Vec<_>>();
    assert_eq!(samples, [-96.0, 8_388_607.0, 23_052.0, -8_360_672.0]);
}

#[test]
fn a_real_quantizer_gives_its_own_codes() {
    let Some(data) = data() else { return };
    let features = features(open(&data.join("lyra/features.npy")).unwrap());
    assert_eq!((features.values.view().dim(), features.time_axis), ((15_598, 64), TimeAxis::Rows));
    let codes = codes(open(&data.join("lyra/codes.npy")).unwrap());
    assert_eq!((codes.values.dim(), codes.time_axis), ((46, 15_598), TimeAxis::Rows));
    let model = model(open(&data.join("checkpoints/lyra_real_46x16x64_encodec_layout.safetensors")).unwrap());
    assert_eq!(model.rvq.num_layers(), 46);
    let matrix = features.into_matrix(TimeAxis::Rows).unwrap();
    let some = ndarray::s![..500, ..];
    let ours = model.rvq.encode(matrix.slice(some), LayerSpan::ALL).unwrap();
    assert_eq!(ours, codes.values.slice(ndarray::s![.., ..500]));
}

#[test]
fn checkpoints_open_or_say_what_they_are() {
    let Some(data) = data() else { return };
    let dtype = |name: &str| {
        let model = model(open(&data.join("checkpoints").join(name)).unwrap());
        (model.info.layers.len(), model.info.layers[0].dtype.clone())
    };
    assert_eq!(dtype("encodec_trained_8x256x64.safetensors"), (8, "f32".into()));
    assert_eq!(dtype("fp16.safetensors"), (8, "f16".into()));
    assert_eq!(dtype("bf16.safetensors"), (8, "bf16".into()));
    let bare = |name: &str| model(open(&data.join("checkpoints").join(name)).unwrap()).rvq;
    assert_eq!(bare("bare_8x256x64.npy"), bare("bare_8x256x64_fortran.npy"));
    assert_eq!(bare("bare_8x256x64_f16.npy").num_layers(), 8);
    for path in files(&data, "safetensors") {
        match open(&path) {
            Ok(opened) => assert!(matches!(opened, Opened::Model(_)), "{}", path.display()),
            Err(err) => {
                let words = err.to_string();
                let is_said =
                    words.starts_with("there is no quantizer of a known") || words.contains("--as features");
                assert!(is_said, "{err}");
            }
        }
    }
    for path in files(&data.join("golden"), "safetensors") {
        assert!(open(&path).is_err(), "{}", path.display());
    }
}

#[test]
fn every_pytorch_file_has_the_tensors_that_it_was_saved_with() {
    let Some(data) = data() else { return };
    let folder = data.join("checkpoints");
    let keys = std::fs::read_to_string(folder.join("KEYS.json")).unwrap();
    let keys: BTreeMap<String, Vec<(String, Vec<usize>, String)>> = serde_json::from_str(&keys).unwrap();
    let mut compared = 0;
    for path in ["pt", "pth", "th", "bin"].iter().flat_map(|ending| files(&folder, ending)) {
        let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
        let checked = pytorch_files::with_tensors(&path, |tensors| {
            for (name, info) in tensors.infos().iter().filter(|(_, info)| info.dtype.is_float()) {
                let values = tensors.floats(name, &Task::silent(&Cancel::default())).unwrap();
                assert_eq!(values.shape(), info.shape);
                assert!(values.iter().all(|v| v.is_finite()), "{name}");
            }
            let Some(keys) = keys.get(&name) else { return };
            compared += 1;
            for (key, shape, dtype) in keys {
                let is_wanted = |found: &&String| *found == key || found.ends_with(&format!(".{key}"));
                let found =
                    tensors.infos().keys().find(is_wanted).unwrap_or_else(|| panic!("{name} lacks {key}"));
                let info = &tensors.infos()[found];
                assert_eq!(&info.shape, shape, "{name}: {key}");
                let short = dtype.replace("float", "f");
                assert_eq!(info.dtype.name(), short, "{name}: {key}");
            }
        });
        match checked {
            Ok(()) => {}
            Err(problem) => assert!(
                name.contains("pointer") && problem.to_string().contains("pretrained"),
                "{name}: {problem}"
            ),
        }
    }
    assert!(compared >= 9, "{compared}");
}

#[test]
fn codes_of_gpt_sovits() {
    let Some(data) = data() else { return };
    let codes = codes(open(&data.join("checkpoints/6-name2semantic-0.tsv")).unwrap());
    assert_eq!(codes.clips.iter().map(|(_, frames)| frames).sum::<usize>(), codes.values.ncols());
    assert!(codes.clips.iter().any(|(name, _)| name == "0001.wav") && codes.values.nrows() == 1);
}
