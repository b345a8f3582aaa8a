//! A model with its figures: on data where there are some, or by what its file alone tells.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use clap::ArgMatches;

use crate::io::{LoadedModel, ModelInfo};
use crate::jobs::{self, Dataset, EvaluateSpec, Source};
use crate::training::Run;

use super::errors::with_path;
use super::{Env, Usage, corpus, flags, model};

/// A model, and what it was held against.
pub(super) struct Evaluated {
    /// The model with its figures.
    pub(super) run: Arc<Run>,
    /// What its file says of it.
    pub(super) info: ModelInfo,
    /// The data.
    pub(super) dataset: Option<Arc<Dataset>>,
}

/// Opens the model at `path` and evaluates it on the data that the arguments name, if they do.
pub(super) fn evaluate(matches: &ArgMatches, path: &Path, env: &Env) -> Result<Evaluated> {
    let model = model::load(path, matches, env)?;
    let dataset = match flags::source(matches) {
        Source::Files(paths) if paths.is_empty() => None,
        _ => Some(corpus::open_data(matches, env)?),
    };
    evaluate_model(model, matches, path, dataset, env)
}

/// Opens the model at `path` and evaluates it on data that are open, if there are any.
pub(super) fn evaluate_on(
    matches: &ArgMatches,
    path: &Path,
    dataset: Option<Arc<Dataset>>,
    env: &Env,
) -> Result<Evaluated> {
    evaluate_model(model::load(path, matches, env)?, matches, path, dataset, env)
}

fn evaluate_model(
    model: LoadedModel,
    matches: &ArgMatches,
    path: &Path,
    dataset: Option<Arc<Dataset>>,
    env: &Env,
) -> Result<Evaluated> {
    let (params, steps) = jobs::recorded(&model);
    let LoadedModel { rvq, info } = model;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let Some(dataset) = dataset else {
        if let Some(flag) = ["holdout", "beam"].into_iter().find(|flag| flags::is_given(matches, flag)) {
            return Err(Usage(format!("--{flag} is for frames, but no data are given")).into());
        }
        let run = Run::of_model(name, Arc::new(rvq), params, steps);
        return Ok(Evaluated { run: Arc::new(run), info, dataset: None });
    };
    let spec = EvaluateSpec {
        name,
        dataset: dataset.clone(),
        rvq: Arc::new(rvq),
        params,
        steps,
        holdout: flags::is_given(matches, "holdout").then(|| flags::holdout(matches)),
        search: flags::search(matches)?,
    };
    let run = env.job(|ctx| jobs::evaluate(&spec, ctx)).map_err(|err| with_path(err, path))?;
    Ok(Evaluated { run, info, dataset: Some(dataset) })
}
