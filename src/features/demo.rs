//! The demo corpus: about 90 seconds of synthetic speech that is part of the program.

/// The demo clips in order: a file's name and its bytes, WAV of 16 kHz, one channel, 16 bit.
///
/// Twelve voices in seven languages, spoken by espeak-ng; `assets/make_demo.sh` makes them. They are decoded by the same
/// reader as any other file.
pub static DEMO_CLIPS: &[(&str, &[u8])] = &[
    ("01-en-gb-alto.wav", include_bytes!("../../assets/demo/01-en-gb-alto.wav")),
    ("02-en-us-bass.wav", include_bytes!("../../assets/demo/02-en-us-bass.wav")),
    ("03-en-scotland-tenor.wav", include_bytes!("../../assets/demo/03-en-scotland-tenor.wav")),
    ("04-de-soprano.wav", include_bytes!("../../assets/demo/04-de-soprano.wav")),
    ("05-fr-mezzo.wav", include_bytes!("../../assets/demo/05-fr-mezzo.wav")),
    ("06-es-baritone.wav", include_bytes!("../../assets/demo/06-es-baritone.wav")),
    ("07-en-nyc-child.wav", include_bytes!("../../assets/demo/07-en-nyc-child.wav")),
    ("08-it-contralto.wav", include_bytes!("../../assets/demo/08-it-contralto.wav")),
    ("09-sv-tenor.wav", include_bytes!("../../assets/demo/09-sv-tenor.wav")),
    ("10-en-rp-old.wav", include_bytes!("../../assets/demo/10-en-rp-old.wav")),
    ("11-pl-mezzo.wav", include_bytes!("../../assets/demo/11-pl-mezzo.wav")),
    ("12-en-caribbean-baritone.wav", include_bytes!("../../assets/demo/12-en-caribbean-baritone.wav")),
];
