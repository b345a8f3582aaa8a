//! `convert` and `write-back`: model files without data.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::ArgMatches;

use crate::io::{self, Dtype, EmaParams, LoadedModel, ModelOptions, ModelTarget, Opened, Problem, ReadAs};
use crate::jobs::{self, ConvertSpec, JobEvent, WriteBackSpec};
use crate::task::Task;

use super::{Env, Usage, check_ending, check_writable, flags, print};

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

/// Opens a model file of which this is said.
pub(super) fn load_at(
    path: &Path,
    quantizer: Option<&str>,
    options: &ModelOptions,
    env: &Env,
) -> Result<LoadedModel> {
    let need = io::Need::Model;
    let wanted = io::Wanted { quantizer, need, model: Some(options), ..io::Wanted::default() };
    match open(path, wanted, env)? {
        Opened::Model(model) => Ok(model),
        other => not_a_model(&other, path),
    }
}

/// Opens a file of any kind as what is wanted.
pub(super) fn open(path: &Path, wanted: io::Wanted<'_>, env: &Env) -> Result<Opened> {
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
