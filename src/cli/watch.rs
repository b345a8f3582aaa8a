//! `watch`: a line for each checkpoint that a training elsewhere writes.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::ArgMatches;
use serde_json::{Value, json};

use crate::jobs::{self, Source};
use crate::metrics::Histogram;
use crate::report::scale::short;
use crate::report::tensorboard::EventLog;
use crate::watch::{
    Event, FindingNote, LayerChange, LayerFigures, LayerHistograms, Meant, Order, Pace, Point, Probe, Series,
    Watch, WatchSpec, default_cache,
};

use super::doctor::SevereFinding;
use super::{Env, Interrupted, corpus, flags, one_line, print};

/// Layers whose figures are written one by one in a line of text.
const LAYERS_SHOWN: usize = 8;

/// A figure in a line of text: what it is called, and how it is written.
type Figure<T> = (&'static str, fn(&T) -> Option<String>);

/// The figures of a layer on its own.
static OF_LAYERS: [Figure<LayerFigures>; 6] = [
    ("used", |layer| count(layer.used)),
    ("EMA used", |layer| count(layer.ema_used).filter(|_| layer.used.is_none())),
    ("dead", |layer| count(layer.dead_window)),
    ("below thr.", |layer| count(layer.dead_threshold)),
    ("perplexity", |layer| layer.perplexity.or(layer.ema_perplexity).map(|codes| format!("{codes:.0}"))),
    ("gain dB", |layer| layer.snr_gain_db.map(|gain| format!("{gain:.2}"))),
];

/// What changed in a layer.
static OF_CHANGES: [Figure<LayerChange>; 4] = [
    ("drift", |layer| layer.checkpoint_drift.map(|drift| short(drift, 3))),
    ("stable", |layer| layer.token_stability.map(|share| format!("{:.1}%", share * 100.0))),
    ("born", |layer| count(layer.births)),
    ("died", |layer| count(layer.deaths)),
];

/// Follows a folder.
pub(super) fn watch(matches: &ArgMatches, env: &Env) -> Result<()> {
    let (folder, once) = (flags::path(matches, "folder")?, flags::switch(matches, "once"));
    let (as_json, strict) = (flags::switch(matches, "json"), flags::switch(matches, "strict"));
    let spec = spec(folder, once, probe(matches, env)?, matches)?;
    let log = flags::optional_path(matches, "log-dir").map(EventLog::create).transpose()?;
    let (mut failed, mut is_severe) = (None, false);
    let mut tell = |watch: &Watch, event: Option<&Event>| {
        let Some(event) = event else {
            // What is there was looked at: the newest checkpoint tells how things stand.
            is_severe = watch.series().newest().is_some_and(|point| point.figures.is_severe());
            let ends = strict && is_severe && !once;
            return if ends { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        };
        let told = said(watch.series(), event, as_json).and_then(|line| Ok(print(&line)?));
        let told =
            told.and_then(|()| log.as_ref().map_or(Ok(()), |log| log_event(log, watch.series(), event)));
        if let Some(note) = note(event) {
            env.reporter.note(&note);
        }
        match told {
            Ok(()) => ControlFlow::Continue(()),
            Err(err) => {
                failed = Some(err);
                ControlFlow::Break(())
            }
        }
    };
    let watched = env.job_quietly(|ctx| jobs::watch(spec, once, ctx, &mut tell));
    if let Some(err) = failed {
        return Err(err);
    }
    log.map(EventLog::finish).transpose()?;
    let watched = watched.map_err(|err| {
        if err.is_cancelled() {
            Interrupted("the watch is over".to_owned()).into()
        } else {
            anyhow::Error::from(err)
        }
    })?;
    if once && watched.series().points().is_empty() {
        anyhow::bail!("there is no checkpoint with a quantizer in this folder: {}", folder.display());
    }
    if strict && is_severe { Err(SevereFinding.into()) } else { Ok(()) }
}

fn spec(folder: &Path, once: bool, probe: Option<Arc<Probe>>, matches: &ArgMatches) -> Result<WatchSpec> {
    /// Whoever looks once does not wait long for a file that nobody may be writing.
    const PATIENCE: Duration = Duration::from_secs(3);
    let usual = Pace::default();
    let meant = Meant {
        quantizer: flags::quantizer(matches).map(str::to_owned),
        options: flags::model_options(matches)?,
    };
    Ok(WatchSpec {
        folder: folder.to_owned(),
        probe,
        meant,
        order: if once { Order::OldestFirst } else { Order::NewestFirst },
        cache: default_cache(),
        pace: if once { Pace { patience: PATIENCE, ..usual } } else { usual },
    })
}

/// The frames that the arguments name, if they do.
fn probe(matches: &ArgMatches, env: &Env) -> Result<Option<Arc<Probe>>> {
    let number = |id: &str| matches.get_one::<u64>(id).copied();
    let (most, seed) = (number("probe-frames"), number("probe-seed"));
    if matches!(flags::source(matches), Source::Files(paths) if paths.is_empty()) {
        let given =
            [("probe-frames", most), ("probe-seed", seed)].into_iter().find(|(_, value)| value.is_some());
        if let Some((flag, _)) = given {
            return Err(
                super::Usage(format!("--{flag} is for the frames of --probe, but none are given")).into()
            );
        }
        return Ok(None);
    }
    let dataset = corpus::open_data(matches, env)?;
    let most = most.map_or(crate::watch::PROBE_FRAMES, |most| usize::try_from(most).unwrap_or(usize::MAX));
    Ok(Some(Arc::new(jobs::probe_of(&dataset, most, seed.unwrap_or(0)))))
}

/// What is told of an event besides the lines of results.
fn note(event: &Event) -> Option<String> {
    match event {
        Event::Point(_) => None,
        Event::Unreadable { file, text } => Some(format!("{file} cannot be read: {text}")),
        Event::Skipped { file, text, .. } => {
            Some(format!("{file} is left out, like others of its kind: {text}"))
        }
        Event::Gone(file) => Some(format!("{file} was deleted; its figures stay")),
        Event::Note(text) => Some(text.english()),
    }
}

/// An event as a line of results; in text these are the checkpoints alone.
fn said(series: &Series, event: &Event, as_json: bool) -> Result<String> {
    let value = match event {
        Event::Point(id) => match series.get(*id) {
            Some(point) if as_json => as_value(point, series.before(*id))?,
            Some(point) => return Ok(line(point, series.before(*id))),
            None => return Ok(String::new()),
        },
        _ if !as_json => return Ok(String::new()),
        Event::Unreadable { file, text } => {
            json!({"schema": 1, "event": "unreadable", "file": file, "text": text})
        }
        Event::Skipped { file, text, .. } => {
            json!({"schema": 1, "event": "skipped", "file": file, "text": text})
        }
        Event::Gone(file) => json!({"schema": 1, "event": "gone", "file": file}),
        Event::Note(text) => json!({"schema": 1, "event": "note", "text": text}),
    };
    Ok(serde_json::to_string(&value)? + "\n")
}

/// A checkpoint with everything that is known of it.
fn as_value(point: &Point, before: Option<&Point>) -> Result<Value> {
    let figures = &point.figures;
    let layers = figures.layers.iter().enumerate().map(|(nth, layer)| {
        let mut value = json!({ "layer": nth });
        let changed = point.change.as_ref().and_then(|change| change.layers.get(nth)).cloned();
        for part in [serde_json::to_value(layer)?, serde_json::to_value(changed.unwrap_or_default())?] {
            if let (Some(fields), Value::Object(part)) = (value.as_object_mut(), part) {
                fields.extend(part);
            }
        }
        Ok(value)
    });
    let layers = layers.collect::<serde_json::Result<Vec<_>>>()?;
    let found: Vec<Value> = figures.findings.iter().map(note_value).collect();
    let new = figures.new_findings(before.map(|before| before.figures.as_ref()));
    let new: Vec<Value> = new.map(note_value).collect();
    Ok(json!({
        "schema": 1,
        "event": "checkpoint",
        "file": point.file,
        "step": point.step,
        "step_from": point.step_from,
        "modified_ns": point.modified_ns,
        "frames": figures.frames,
        "snr_db": figures.snr_db,
        "layers": layers,
        "before": before.map(|before| json!({"file": before.file, "step": before.step})),
        "findings": found,
        "new_findings": new,
    }))
}

/// A finding as scripts read it.
fn note_value(note: &FindingNote) -> Value {
    json!({
        "id": note.id,
        "severity": note.severity,
        "layers": note.layers,
        "text": note.text,
        "remedy": note.remedy,
    })
}

/// Writes the figures of a checkpoint at its step: the scalars `snr_db`, and of each layer `layer_01/used` and so on; the histograms
/// `layer_01/ema_cluster_size` and `layer_01/counts`.
fn log_event(log: &EventLog, series: &Series, event: &Event) -> Result<()> {
    let Event::Point(id) = event else { return Ok(()) };
    let Some(point) = series.get(*id) else { return Ok(()) };
    let value = as_value(point, series.before(*id))?;
    let mut scalars: Vec<(String, f64)> =
        value["snr_db"].as_f64().map(|snr| ("snr_db".to_owned(), snr)).into_iter().collect();
    for (nth, layer) in value["layers"].as_array().into_iter().flatten().enumerate() {
        let figures = layer.as_object().into_iter().flatten().filter(|(key, _)| *key != "layer");
        scalars.extend(
            figures
                .filter_map(|(key, figure)| Some((format!("layer_{:02}/{key}", nth + 1), figure.as_f64()?))),
        );
    }
    log.scalars(point.step, scalars.iter().map(|(tag, value)| (tag.as_str(), *value)));
    let of_layer = |(nth, layer): (usize, &LayerHistograms)| {
        let named = [("ema_cluster_size", layer.ema_cluster_size.clone()), ("counts", layer.counts.clone())];
        named.map(|(name, histogram)| Some((format!("layer_{:02}/{name}", nth + 1), histogram?)))
    };
    let histograms: Vec<(String, Histogram)> =
        point.figures.histograms.iter().enumerate().flat_map(of_layer).flatten().collect();
    log.histograms(point.step, histograms.iter().map(|(tag, histogram)| (tag.as_str(), histogram)));
    Ok(())
}

/// A checkpoint as a line of text.
fn line(point: &Point, before: Option<&Point>) -> String {
    let Point { file, step, figures, change, .. } = point;
    let mut line = format!("step {step}  {}", one_line(file));
    if let Some(snr) = figures.snr_db {
        let _ = write!(line, "  SNR {snr:.2} dB");
    }
    let changes = change.as_ref().map_or(&[][..], |change| &change.layers);
    for (label, of) in OF_LAYERS {
        push(&mut line, label, figures.layers.iter().map(of));
    }
    for (label, of) in OF_CHANGES {
        push(&mut line, label, changes.iter().map(of));
    }
    for finding in figures.new_findings(before.map(|before| before.figures.as_ref())) {
        let _ = write!(
            line,
            "  {} [{}] {}",
            finding.severity.label(),
            finding.id,
            one_line(&finding.text.english())
        );
    }
    line + "\n"
}

fn count(count: Option<usize>) -> Option<String> {
    count.map(|count| count.to_string())
}

/// Adds a figure of every layer, where there is one: `used 60/58/41`.
fn push(line: &mut String, label: &str, values: impl ExactSizeIterator<Item = Option<String>>) {
    let num_layers = values.len();
    let values: Vec<Option<String>> = values.collect();
    if values.iter().all(Option::is_none) {
        return;
    }
    let shown = values.into_iter().take(LAYERS_SHOWN).map(|value| value.unwrap_or_else(|| "-".to_owned()));
    let more = if num_layers > LAYERS_SHOWN { "/..." } else { "" };
    let _ = write!(line, "  {label} {}{more}", shown.collect::<Vec<_>>().join("/"));
}
