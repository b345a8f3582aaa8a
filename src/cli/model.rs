//! `inspect` and `convert`: model files without data.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, bail};
use clap::ArgMatches;

use crate::io::{self, LoadedModel, Opened};
use crate::jobs::{self, JobEvent, MODEL_EXTENSION};
use crate::task::Task;

use super::{Env, check_ending, check_writable, codes_alone, flags, print, table};

/// The endings of model files that can be written.
pub(super) static MODEL_ENDINGS: &[&str] = &[MODEL_EXTENSION];

/// Prints what a model file holds.
pub(super) fn inspect(matches: &ArgMatches, env: &Env) -> Result<()> {
    let path = flags::path(matches, "model")?;
    let model = match open(path, env)? {
        Opened::Model(model) => model,
        Opened::Codes(_) => return codes_alone::inspect(path, flags::switch(matches, "json"), env),
        other => return not_a_model(&other, path),
    };
    if flags::switch(matches, "json") {
        let mut text = serde_json::to_string_pretty(&model.info)?;
        text.push('\n');
        return Ok(print(&text)?);
    }
    Ok(print(&described(path, &model))?)
}

/// Writes a model in another format.
pub(super) fn convert(matches: &ArgMatches, env: &Env) -> Result<()> {
    let (path, out) = (flags::path(matches, "model")?, flags::path(matches, "out")?);
    check_ending(out, "a model", MODEL_ENDINGS)?;
    check_writable(out)?;
    let model = load(path, env)?;
    io::write_model(out, &model.rvq, &model.info.metadata)?;
    Ok(print(&format!("{}\n", out.display()))?)
}

/// Opens a model file.
pub(super) fn load(path: &Path, env: &Env) -> Result<LoadedModel> {
    match open(path, env)? {
        Opened::Model(model) => Ok(model),
        other => not_a_model(&other, path),
    }
}

fn open(path: &Path, env: &Env) -> Result<Opened> {
    let on_progress = |progress| env.reporter.event(&JobEvent::Progress(progress));
    let opened = io::open(path, &Task::new(&env.cancel, &on_progress));
    env.reporter.finish();
    Ok(opened?)
}

fn not_a_model<T>(opened: &Opened, path: &Path) -> Result<T> {
    let what = match opened {
        Opened::Model(_) => "a model",
        Opened::Audio(_) => "audio",
        Opened::Features(_) => "features",
        Opened::Codes(_) => "codes",
    };
    bail!("this file holds {what}, but a model is wanted: {}", path.display())
}

fn described(path: &Path, model: &LoadedModel) -> String {
    let info = &model.info;
    let mut text = format!("{}\n", super::one_line(&path.display().to_string()));
    let _ = writeln!(
        text,
        "{} layout, {} distance, {} layers over frames of {} dimensions",
        info.family,
        info.metric,
        info.layers.len(),
        model.rvq.dim()
    );
    if let (Some(params), steps) = jobs::recorded(model) {
        let _ =
            writeln!(text, "trained for {steps} steps under the rule {}, seed {}", params.rule, params.seed);
    }
    let mut rows = vec![["layer", "codes", "dim", "dtype", "buffers"].map(str::to_owned).to_vec()];
    for (layer_idx, layer) in info.layers.iter().enumerate() {
        rows.push(vec![
            layer_idx.to_string(),
            layer.codes.to_string(),
            layer.dim.to_string(),
            layer.dtype.clone(),
            layer.buffers.join(" "),
        ]);
    }
    text.push_str(&table::aligned(&rows));
    for finding in &info.findings {
        let _ = writeln!(text, "note: {}", super::one_line(finding));
    }
    text
}
