//! `train`, and the training that `report` does.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use clap::ArgMatches;

use crate::features::Split;
use crate::io::{self, Need};
use crate::jobs::{self, DataSpec, Dataset, OpenSpec, OpenedFiles, SaveSpec, Source, TrainSpec, Trained};
use crate::rvq::{Metric, Rvq, RvqParams, rules};
use crate::training::{Batches, History, findings};

use super::args::rvq_id;
use super::metrics_log::MetricsLog;
use super::{Env, Usage, check_writable, codes, compare, flags, model, print, table};

/// Trains and writes the model.
pub(super) fn train(matches: &ArgMatches, env: &Env) -> Result<()> {
    if compare::is_asked(matches) {
        return compare::compare(matches, env);
    }
    let out = flags::path(matches, "out")?;
    model::check_model_ending(out)?;
    check_writable(out)?;
    // Now and not when the training is over.
    io::check_model(out, flags::rvq_params(matches)?.0.metric)?;
    let (trained, _, log) = run(matches, env)?;
    let spec = SaveSpec { run: trained.run.clone(), path: out.to_owned() };
    env.job(|ctx| jobs::save_model(&spec, ctx))?;
    log.map(MetricsLog::finish).transpose()?;
    for finding in findings(&trained.run) {
        env.reporter.note(&finding);
    }
    Ok(print(&table::results(&trained.run))?)
}

/// Trains as the flags say. The log of its steps has no name yet.
pub(super) fn run(matches: &ArgMatches, env: &Env) -> Result<(Trained, History, Option<MetricsLog>)> {
    run_on(None, matches, env)
}

/// As [`run`], on what was opened already.
pub(super) fn run_on(
    opened: Option<OpenedFiles>,
    matches: &ArgMatches,
    env: &Env,
) -> Result<(Trained, History, Option<MetricsLog>)> {
    let (mut params, start) = flags::rvq_params(matches)?;
    let log = flags::optional_path(matches, "metrics").map(MetricsLog::new).transpose()?;
    let start = match start {
        Some(path) => {
            let rvq = load_start(&path, matches, env)?;
            fit_to_start(&mut params, &rvq, matches, &path)?;
            Some(Arc::new(rvq))
        }
        None => {
            if let Some(flag) = flags::model_flag(matches) {
                let words = format!(
                    "--{flag} says how a model file is read, but none is given to start from (--init MODEL)"
                );
                return Err(Usage(words).into());
            }
            None
        }
    };
    params.validate()?;
    let source = flags::source(matches);
    let opened = opened.map_or_else(|| open(source.clone(), Need::Frames, matches, env), Ok)?;
    let dataset = frames(opened, &source, matches, env)?;
    let holdout = flags::holdout(matches);
    if let Some(&epochs) = matches.get_one::<u64>("epochs") {
        let split = Split::hold_out(&dataset.set, holdout.0);
        let batches = Batches::new(split.train, params.order, params.seed);
        params.steps = batches.per_epoch(params.batch_size).saturating_mul(epochs);
    }
    let title = dataset.source.title();
    let rule = rules::rule(params.rule);
    let spec = TrainSpec {
        name: format!("{}, {title}", rule.id()),
        dataset,
        params: params.validate()?,
        holdout,
        standardize: flags::switch(matches, "standardize"),
        search: flags::search(matches)?,
        start,
        resume: None,
        paused: false,
    };
    env.reporter.expect_steps(params.steps);
    let note_step = |event: &jobs::JobEvent| {
        if let Some(log) = &log {
            log.event(event);
        }
    };
    let (trained, history) = env
        .job_with(&note_step, |ctx| jobs::train_recorded(spec, ctx))
        .map_err(|err| codes::with_path(err, Path::new(&title)))?;
    // An interrupt that came after the last step still means that nothing is to be written.
    if env.cancel.is_cancelled() {
        bail!("interrupted");
    }
    Ok((trained, history, log))
}

/// Opens the corpus that the arguments name.
pub(super) fn open_data(matches: &ArgMatches, env: &Env) -> Result<Arc<Dataset>> {
    open_source(flags::source(matches), matches, env)
}

/// Opens `source` as the arguments say.
pub(super) fn open_source(source: Source, matches: &ArgMatches, env: &Env) -> Result<Arc<Dataset>> {
    frames(open(source.clone(), Need::Frames, matches, env)?, &source, matches, env)
}

/// Opens `source` as what is needed.
pub(super) fn open(source: Source, need: Need, matches: &ArgMatches, env: &Env) -> Result<OpenedFiles> {
    let spec = OpenSpec { source, data: DataSpec { need, ..flags::data_spec(matches)? } };
    Ok(env.job(|ctx| jobs::open(&spec, ctx))?)
}

/// The frames of what was opened, where it is frames.
fn frames(opened: OpenedFiles, source: &Source, matches: &ArgMatches, env: &Env) -> Result<Arc<Dataset>> {
    if opened.codes.is_some() {
        bail!(
            "these are codes, but audio or features are wanted; `decode` makes frames of them, and --as features takes them for frames: {}",
            source.paths().join(", ")
        );
    }
    if let Some((path, _)) = &opened.model {
        bail!("this file holds a model, but audio or features are wanted: {}", path.display());
    }
    let dataset =
        opened.dataset.ok_or_else(|| anyhow!("there are no frames in: {}", source.paths().join(", ")))?;
    if let Some((axis, why)) = &dataset.time_axis
        && !flags::is_given(matches, "time-axis")
        && *axis == crate::io::TimeAxis::Columns
    {
        env.reporter.note(&format!("columns were taken for frames ({why}); --time-axis rows says otherwise"));
    }
    Ok(dataset)
}

fn load_start(path: &Path, matches: &ArgMatches, env: &Env) -> Result<Rvq> {
    if !path.exists() {
        return Err(Usage(format!(
            "--init takes kmeans, sample, uniform, or a model file, and there is no such file: {}",
            path.display()
        ))
        .into());
    }
    let rvq = model::load(path, matches, env)?.rvq;
    rvq.check_trainable().map_err(|err| anyhow!("{err}: {}", path.display()))?;
    Ok(rvq)
}

/// Takes over what a model's shape decides; flags that say otherwise are an error.
fn fit_to_start(params: &mut RvqParams, rvq: &Rvq, matches: &ArgMatches, path: &Path) -> Result<()> {
    let num_codes = rvq.layers().first().map_or(1, |layer| layer.codebook.num_codes());
    let shape = [("num_layers", "layers", rvq.num_layers()), ("codebook_size", "codes", num_codes)];
    for (key, flag, has) in shape {
        let asked = if key == "num_layers" { params.num_layers } else { params.codebook_size };
        if asked != has && flags::is_given(matches, &rvq_id(key)) {
            bail!("--{flag} is {asked}, but the model to start from has {has}: {}", path.display());
        }
    }
    // What the model has already is neither chosen nor made anew.
    for (key, flag) in [("codebook_dim", "codebook-dim"), ("kmeans_iters", "kmeans-iters")] {
        if flags::is_given(matches, &rvq_id(key)) {
            bail!("--{flag} has no effect on a training that starts from a model: {}", path.display());
        }
    }
    (params.num_layers, params.codebook_size) = (rvq.num_layers(), num_codes);
    let rule = rules::rule(params.rule);
    if rvq.metric() == Metric::Cosine && rule.params().iter().all(|spec| spec.key != "metric") {
        bail!("the rule {} knows no cosine distance, which the model has: {}", rule.id(), path.display());
    }
    params.metric = rvq.metric();
    Ok(())
}
