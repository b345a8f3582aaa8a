//! `listen`: frames as sound.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use clap::ArgMatches;
use serde_json::json;

use crate::features::Inversion;
use crate::jobs::{self, CodePlaces, JobError, ListenSpec, Sound, Voice};
use crate::rvq::{LayerSpan, Rvq};
use crate::text::Message;

use super::errors::with_path;
use super::{Env, check_ending, check_writable, corpus, flags, json, model, print};

/// How files of sound end.
static ENDINGS: &[&str] = &["wav", "wave"];

/// Frames that are heard on either side of a place.
const CONTEXT: usize = 5;

/// Places at most.
const MOST: usize = 20;

/// Writes the sound.
pub(super) fn listen(matches: &ArgMatches, env: &Env) -> Result<()> {
    let out = flags::path(matches, "out")?;
    check_ending(out, "sound", ENDINGS)?;
    check_writable(out)?;
    let path = flags::optional_path(matches, "model");
    let rvq = path.map(|path| model::load(path, matches, env)).transpose()?.map(|model| Arc::new(model.rvq));
    let told = |err: JobError| with_path(err, path.unwrap_or(out));
    let voice = voice(matches, rvq.as_ref()).map_err(told)?;
    let dataset = corpus::open_data(matches, env)?;
    if matches!(voice, Voice::Quantized { .. }) {
        jobs::check_audible(&dataset)?;
    }
    let secs = |id: &str| matches.get_one::<f64>(id).copied();
    let clip = matches.get_one::<String>("clip").map(String::as_str);
    let iterations = matches.get_one::<u16>("iterations").copied();
    let usual = Inversion::default();
    let spec = ListenSpec {
        frames: jobs::frames_of(&dataset, clip, secs("from"), secs("to"))?,
        dataset,
        code: code_places(matches, rvq.as_ref())?,
        voice,
        inversion: Inversion { iterations: iterations.map_or(usual.iterations, usize::from), ..usual },
    };
    let sound = env.job(|ctx| jobs::listen_to_file(&spec, out, ctx)).map_err(told)?;
    let layers = match &spec.voice {
        Voice::Source => 0,
        Voice::Quantized { layers, .. } => *layers,
    };
    let words = if flags::switch(matches, "json") {
        as_json(&sound, layers, out)?
    } else {
        described(&sound, layers, out)
    };
    Ok(print(&words)?)
}

/// What is heard: the source where that is asked for, or where a code's places are and no layers; else the layers.
fn voice(matches: &ArgMatches, rvq: Option<&Arc<Rvq>>) -> Result<Voice, JobError> {
    let layers = flags::count(matches, "layers");
    let Some(rvq) = rvq else { return Ok(Voice::Source) };
    let of_places = flags::is_given(matches, "code") && layers.is_none();
    if of_places || layers == Some(0) || flags::switch(matches, "source") {
        return Ok(Voice::Source);
    }
    let layers = LayerSpan { start: 0, end: layers }.resolve(rvq.num_layers())?.end;
    let search = flags::search(matches).map_err(|err| JobError::Input(Message::verbatim(err.to_string())))?;
    Ok(Voice::Quantized { rvq: rvq.clone(), layers, search })
}

fn code_places(matches: &ArgMatches, rvq: Option<&Arc<Rvq>>) -> Result<Option<CodePlaces>> {
    let (Some(rvq), Some(&code)) = (rvq, matches.get_one::<u32>("code")) else { return Ok(None) };
    Ok(Some(CodePlaces {
        rvq: rvq.clone(),
        search: flags::search(matches)?,
        layer: flags::count(matches, "layer").unwrap_or(0),
        code,
        context: flags::count(matches, "context").unwrap_or(CONTEXT),
        most: flags::count(matches, "most").unwrap_or(MOST),
    }))
}

fn seconds(sound: &Sound) -> f64 {
    sound.samples.len() as f64 / f64::from(sound.sample_rate_hz)
}

fn as_json(sound: &Sound, layers: usize, out: &Path) -> Result<String> {
    json::text(json!({
        "written": out.display().to_string(),
        "layers": layers,
        "samples": sound.samples.len(),
        "sample_rate_hz": sound.sample_rate_hz,
        "seconds": seconds(sound),
        "frames": sound.frames,
        "pieces": sound.pieces,
        "spectral_convergence": sound.spectral_convergence,
        "log_spectral_distance_db": sound.distance_db,
    }))
}

fn described(sound: &Sound, layers: usize, out: &Path) -> String {
    let of = match layers {
        0 => "the source".to_owned(),
        1 => "1 layer".to_owned(),
        layers => format!("{layers} layers"),
    };
    let (secs, rate, frames) = (seconds(sound), sound.sample_rate_hz, sound.frames);
    let mut words = format!("{}: {of}, {secs:.3} s at {rate} Hz, {frames} frames", out.display());
    if sound.pieces > 1 {
        words += &format!(" in {} pieces", sound.pieces);
    }
    if let Some(distance) = sound.distance_db {
        words += &format!(", log-spectral distance to the source {distance:.2} dB");
    }
    if let Some(reached) = sound.spectral_convergence {
        words += &format!(", spectral convergence {reached:.3}");
    }
    words + "\n"
}
