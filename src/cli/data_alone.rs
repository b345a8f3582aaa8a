//! Audio and features without a model: what they are, and what it takes to open them.

use std::path::Path;

use serde_json::{Value, json};

use crate::audio::{Audio, RESAMPLE_RATES_HZ};
use crate::features::ExtractParams;
use crate::io::{AsStored, Dtype, LoadedModel, RawFeatures, TimeAxis};
use crate::report::scale::short;
use crate::text::Message;

use super::{one_line, table};

/// What is told of a file, as lines and as JSON.
pub(super) struct Told {
    rows: Vec<(&'static str, String)>,
    to_open: Vec<String>,
    findings: Vec<String>,
    pub(super) json: Value,
}

impl Told {
    /// What is told, a line each, under the file's name.
    pub(super) fn text(&self, path: &Path) -> String {
        let Self { rows, to_open, findings, .. } = self;
        let rows = rows.iter().map(|(label, text)| (*label, text.as_str())).chain(to_open_rows(to_open));
        let rows: Vec<_> = rows.map(|(label, text)| (label.to_owned(), one_line(text))).collect();
        let notes = findings.iter().map(|finding| format!("note: {}\n", one_line(finding)));
        let name = one_line(&path.display().to_string());
        format!("{name}\n{}{}", table::labelled(&rows), notes.collect::<String>())
    }
}

/// What it takes to open a file, under a label of its own.
pub(super) fn to_open_rows(to_open: &[String]) -> impl Iterator<Item = (&'static str, &str)> {
    let label = |nth: usize| if nth == 0 { "to open" } else { "" };
    to_open.iter().enumerate().map(move |(nth, words)| (label(nth), words.as_str()))
}

/// How a file holds its numbers: "f32 [600, 6]".
pub(super) fn stored_words(AsStored { dtype, shape }: &AsStored) -> Option<String> {
    let dtype = dtype.map(|dtype| dtype.name().to_owned());
    let shape = shape.as_ref().map(|shape| format!("{shape:?}"));
    let words: Vec<String> = dtype.into_iter().chain(shape).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The clips with their lengths, as many as fit a line.
pub(super) fn clip_words<'a>(clips: impl ExactSizeIterator<Item = (&'a str, usize)>) -> String {
    const SHOWN: usize = 6;
    let count = clips.len();
    if count < 2 {
        return "one".to_owned();
    }
    let shown: Vec<String> = clips.take(SHOWN).map(|(name, frames)| format!("{name} ({frames})")).collect();
    let more = if count > SHOWN { ", ..." } else { "" };
    format!("{count}: {}{more}", shown.join(", "))
}

/// The clips as JSON.
pub(super) fn clip_values<'a>(clips: impl Iterator<Item = (&'a str, usize)>) -> Vec<Value> {
    clips.map(|(name, frames)| json!({"name": name, "frames": frames})).collect()
}

/// What the flag for the other time axis is.
pub(super) fn other_axis_flag(axis: TimeAxis) -> &'static str {
    match axis {
        TimeAxis::Rows => "--time-axis columns",
        TimeAxis::Columns => "--time-axis rows",
    }
}

/// Whether features could as well be the rows of a model, which is worth a look where it does not take long.
pub(super) fn may_be_model(features: &RawFeatures) -> bool {
    const MOST_LOOKED_AT: usize = 1 << 24;
    let AsStored { dtype, shape } = &features.as_stored;
    let is_float = dtype.is_some_and(Dtype::is_float);
    is_float && shape.is_some() && features.values.view().len() <= MOST_LOOKED_AT
}

/// What is told of features; `said` is the time axis that the user chose, `as_model` what they are as a model.
pub(super) fn of_features(
    features: RawFeatures,
    said: Option<TimeAxis>,
    as_model: Option<&LoadedModel>,
    path: &Path,
) -> Told {
    let has_clips = !features.clips.is_empty();
    let (axis, why) = match said.filter(|_| !has_clips) {
        Some(axis) => (axis, "chosen by you".to_owned()),
        None => (features.time_axis, features.guess_reason.english()),
    };
    let view = features.values.view();
    // Clips lie frame by frame already.
    let by_frame = if has_clips || axis == TimeAxis::Rows { view } else { view.reversed_axes() };
    let (frames, dim) = by_frame.dim();
    let bad = by_frame.rows().into_iter().filter(|frame| frame.iter().any(|v| !v.is_finite())).count();
    let to_open = features_to_open(&features, axis, (frames, dim), bad, as_model, path);
    let clips = || features.clips.iter().map(|(name, frames)| (name.as_str(), *frames));
    let AsStored { dtype, shape } = &features.as_stored;
    let json = json!({
        "kind": "features",
        "shape": shape.clone().unwrap_or_else(|| view.shape().to_vec()),
        "dtype": dtype.map(Dtype::name),
        "frames": frames,
        "dim": dim,
        "time_axis": axis,
        "time_axis_reason": why,
        "frame_rate_hz": features.frame_rate_hz,
        "clips": clip_values(clips()),
        "to_open": to_open,
        "findings": features.notices,
    });
    let mut rows = vec![("kind", "features".to_owned())];
    rows.extend(stored_words(&features.as_stored).map(|words| ("stored as", words)));
    rows.push(("frames", frames.to_string()));
    rows.push(("dimensions", dim.to_string()));
    rows.push(("time", format!("the {} axis ({why})", axis.ordinal())));
    rows.push(("frame rate", rate_words(features.frame_rate_hz)));
    rows.push(("clips", clip_words(clips())));
    let findings = features.notices.iter().map(Message::english).collect();
    Told { rows, to_open, json, findings }
}

/// What it takes to open features of this size, of which `bad` frames are not finite, and how else they can be taken.
fn features_to_open(
    features: &RawFeatures,
    axis: TimeAxis,
    (frames, dim): (usize, usize),
    bad: usize,
    as_model: Option<&LoadedModel>,
    path: &Path,
) -> Vec<String> {
    let name = one_line(&path.display().to_string());
    let mut to_open = vec![match bad {
        0 => format!("nothing more: `rvqscope train {name} --out MODEL`"),
        bad if bad == frames => "no frame is finite, so that none can be used".to_owned(),
        bad => {
            format!("{bad} of {frames} frames hold NaN or infinite numbers: --drop-nonfinite leaves them out")
        }
    }];
    if features.clips.is_empty() {
        to_open.push(format!("{} takes it for {dim} frames of {frames} dimensions", other_axis_flag(axis)));
    }
    to_open.extend(
        as_model.map(|model| format!("--as model takes it for a model of {}", model.info.shape_words())),
    );
    to_open
}

fn rate_words(rate: Option<f64>) -> String {
    rate.map_or("not known; --frame-rate says it".to_owned(), |rate| format!("{} Hz", short(rate, 5)))
}

/// What is told of audio.
pub(super) fn of_audio(audio: &Audio, path: &Path) -> Told {
    let (channels, samples, rate) = (audio.channels.len(), audio.num_samples(), audio.sample_rate_hz);
    let to_open = audio_to_open(audio, path);
    let params = ExtractParams::default();
    let made = params
        .extractor()
        .ok()
        .map(|extractor| (extractor.id(), extractor.dim(&params), extractor.frame_rate_hz(&params)));
    let json = json!({
        "kind": "audio",
        "shape": [channels, samples],
        "dtype": audio.stored_as,
        "channels": channels,
        "samples": samples,
        "sample_rate_hz": rate,
        "duration_secs": audio.duration_secs(),
        "frames": null,
        "dim": made.map(|(_, dim, _)| dim),
        "features": made.map(|(id, ..)| id),
        "frame_rate_hz": made.map(|(_, _, rate)| rate),
        "time_axis": TimeAxis::Columns,
        "time_axis_reason": SAMPLES_IN_TIME,
        "clips": [],
        "to_open": to_open,
        "findings": audio.findings,
    });
    let mut rows = vec![("kind", "audio".to_owned())];
    rows.extend(audio.stored_as.map(|words| ("stored as", words.to_owned())));
    rows.push(("channels", channels.to_string()));
    rows.push(("samples", format!("{samples} a channel, {rate} Hz, {} s", short(audio.duration_secs(), 4))));
    rows.push(("time", SAMPLES_IN_TIME.to_owned()));
    rows.extend(made.map(|(id, dim, rate)| {
        (
            "frames",
            format!(
                "made by {id} unless --features says otherwise: {} a second, {dim} dimensions",
                short(rate, 5)
            ),
        )
    }));
    rows.push(("clips", "one".to_owned()));
    let findings = audio.findings.iter().map(Message::english).collect();
    Told { rows, to_open, json, findings }
}

/// What it takes to open audio, and how else it can be taken.
fn audio_to_open(audio: &Audio, path: &Path) -> Vec<String> {
    if audio.num_samples() == 0 {
        return vec!["there is no sample in it, so that no frame can be made".to_owned()];
    }
    if !RESAMPLE_RATES_HZ.contains(&audio.sample_rate_hz) {
        let (least, most) = (RESAMPLE_RATES_HZ.start(), RESAMPLE_RATES_HZ.end());
        return vec![format!("a sample rate from {least} to {most} Hz, which this file does not have")];
    }
    let name = one_line(&path.display().to_string());
    let mut to_open = vec![format!(
        "nothing more: `rvqscope train {name} --out MODEL`; --features names what is made of it"
    )];
    if audio.channels.len() > 1 {
        to_open.push(format!("the {} channels are mixed; --channel N takes one", audio.channels.len()));
    }
    to_open
}

/// Why the axis of audio is no question.
const SAMPLES_IN_TIME: &str = "samples follow one another in time";
