//! `inspect` and `convert`: model files without data.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::ArgMatches;

use crate::io::{self, Dtype, EmaParams, LoadedModel, ModelOptions, ModelTarget, Opened, Problem, ReadAs};
use crate::jobs::{self, ConvertSpec, JobEvent, WriteBackSpec};
use crate::task::Task;

use super::{Env, Usage, check_ending, check_writable, codes_alone, flags, print, table};

/// Prints what a model file holds.
pub(super) fn inspect(matches: &ArgMatches, env: &Env) -> Result<()> {
    let path = flags::path(matches, "model")?;
    let (read_as, options) = (flags::read_as(matches), flags::model_options(matches)?);
    let (time_axis, cleaning) = (flags::time_axis(matches), flags::cleaning(matches));
    let wanted = io::Wanted {
        quantizer: flags::quantizer(matches),
        model: Some(&options),
        read_as,
        time_axis,
        cleaning: Some(&cleaning),
        ..io::Wanted::default()
    };
    let opened = open(path, wanted, env);
    let model = match opened.inspect_err(|err| drop(print(&candidates(err))))? {
        Opened::Model(model) => model,
        Opened::Codes(_) => {
            let data = jobs::DataSpec { read_as, time_axis, cleaning, ..jobs::DataSpec::default() };
            return codes_alone::inspect(path, data, flags::switch(matches, "json"), env);
        }
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
    flags::check_read_as(matches, "convert", "a model", ReadAs::Model)?;
    check_model_ending(out)?;
    check_writable(out)?;
    let text = |id: &str| matches.get_one::<String>(id);
    let dtype = text("dtype").and_then(|name| Dtype::named(name));
    let target = ModelTarget { family: text("to").cloned(), dtype };
    let spec = ConvertSpec { model: load(path, matches, env)?, target, path: out.to_owned() };
    env.job(|ctx| jobs::convert(&spec, ctx))?;
    Ok(print(&format!("{}\n", out.display()))?)
}

/// Writes a model into a copy of the checkpoint that it came from.
pub(super) fn write_back(matches: &ArgMatches, env: &Env) -> Result<()> {
    let (path, out) = (flags::path(matches, "model")?, flags::path(matches, "out")?);
    let original = flags::path(matches, "into")?;
    flags::check_read_as(
        matches,
        "write-back",
        "a model and the checkpoint that it came from",
        ReadAs::Model,
    )?;
    check_writable(out)?;
    let number = |id: &str| matches.get_one::<f64>(id).copied();
    let usual = EmaParams::default();
    let ema = EmaParams {
        decay: number("decay").unwrap_or(usual.decay),
        epsilon: number("epsilon").unwrap_or(usual.epsilon),
        threshold: number("threshold"),
    };
    let (quantizer, options) = (flags::quantizer(matches), flags::model_options(matches)?);
    let model = changed_model(path, quantizer, &options, env)?;
    let (rvq, original) = (Arc::new(model.rvq), original.to_owned());
    let quantizer = quantizer.map(str::to_owned);
    let spec = WriteBackSpec { rvq, original, quantizer, options, path: out.to_owned(), ema };
    env.job(|ctx| jobs::write_back(&spec, ctx))?;
    Ok(print(&format!("{}\n", out.display()))?)
}

/// The model that goes into a checkpoint. What is said is said of the checkpoint; the model may be a changed copy of it, of which the same is true,
/// or a file of its own that knows nothing of it.
fn changed_model(
    path: &Path,
    quantizer: Option<&str>,
    options: &ModelOptions,
    env: &Env,
) -> Result<LoadedModel> {
    // A file that has the tensors which were named is such a copy, and what else a family sees in it is not meant.
    let named = options.codebook.as_ref().map(|_| load_at(path, None, options, env));
    if let Some(Ok(model)) = named {
        return Ok(model);
    }
    let plain = ModelOptions { codebook: None, ..options.clone() };
    let model = match load_at(path, None, &ModelOptions::default(), env) {
        Err(err) if wants_more(&err) => load_at(path, quantizer, &plain, env),
        model => model,
    }?;
    // Bare rows tell of no distance, so that they take the one that is said; a file that tells keeps its own.
    let is_other = options.metric.is_some_and(|metric| metric != model.rvq.metric());
    let said = is_other.then(|| load_at(path, quantizer, &plain, env).ok()).flatten();
    Ok(said.unwrap_or(model))
}

/// Checks that a model can be written to a file with this ending.
pub(super) fn check_model_ending(out: &Path) -> Result<(), Usage> {
    check_ending(out, "a model", &io::model_endings().collect::<Vec<_>>())
}

/// Opens a model file; of several quantizers in it the one that `--quantizer` names.
pub(super) fn load(path: &Path, matches: &ArgMatches, env: &Env) -> Result<LoadedModel> {
    load_at(path, flags::quantizer(matches), &flags::model_options(matches)?, env)
}

fn load_at(path: &Path, quantizer: Option<&str>, options: &ModelOptions, env: &Env) -> Result<LoadedModel> {
    let need = io::Need::Model;
    let wanted = io::Wanted { quantizer, need, model: Some(options), ..io::Wanted::default() };
    match open(path, wanted, env)? {
        Opened::Model(model) => Ok(model),
        other => not_a_model(&other, path),
    }
}

fn open(path: &Path, wanted: io::Wanted<'_>, env: &Env) -> Result<Opened> {
    let on_progress = |progress| env.reporter.event(&JobEvent::Progress(progress));
    let opened = io::open_as(path, wanted, &Task::new(&env.cancel, &on_progress));
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

/// Whether a file could not be opened because it was not said which of its quantizers is meant, or how it is to be read.
fn wants_more(err: &anyhow::Error) -> bool {
    let problem = err.downcast_ref::<io::FileError>().map(|err| &err.problem);
    matches!(
        problem,
        Some(
            Problem::SeveralQuantizers { .. } | Problem::UnknownStrides { .. } | Problem::NoQuantizer { .. }
        )
    )
}

/// The tensors that look like codebooks, where a file could not be opened for want of a known layout.
fn candidates(err: &anyhow::Error) -> String {
    let problem = err.downcast_ref::<io::FileError>().map(|err| &err.problem);
    let Some(Problem::NoQuantizer { candidates, .. }) = problem else { return String::new() };
    if candidates.is_empty() {
        return String::new();
    }
    let mut rows = vec![["looks like a codebook", "layers", "shape", "guess"].map(str::to_owned).to_vec()];
    rows.extend(candidates.iter().map(|candidate| {
        let shape = candidate.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
        vec![
            super::one_line(&candidate.pattern),
            candidate.layers.to_string(),
            shape,
            candidate.guess.to_owned(),
        ]
    }));
    table::aligned(&rows)
}

fn described(path: &Path, model: &LoadedModel) -> String {
    let info = &model.info;
    let mut text = format!("{}\n", super::one_line(&path.display().to_string()));
    let mut facts: Vec<_> =
        info.facts(model.rvq.dim()).into_iter().map(|fact| (fact.label, fact.text)).collect();
    let (params, steps) = jobs::recorded(model);
    facts.extend(jobs::trained_words(params.as_ref(), steps).map(|text| ("Trained", text)));
    facts.extend(info.trained_words().map(|text| ("The file says", text)));
    let rows = facts.into_iter().map(|(label, text)| (label.to_lowercase(), super::one_line(&text)));
    text.push_str(&table::labelled(&rows.collect::<Vec<_>>()));
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
    let notes = info.training_notes();
    if !notes.is_empty() {
        text.push_str("training and config\n");
        let row =
            |&(key, value): &(&str, &str)| (format!("  {}", super::one_line(key)), super::one_line(value));
        let rows: Vec<_> = notes.iter().map(row).collect();
        text.push_str(&table::labelled(&rows));
    }
    for finding in &info.findings {
        let _ = writeln!(text, "note: {}", super::one_line(finding));
    }
    text
}
