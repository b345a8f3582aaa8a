//! `train`, and the training that `report` does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use clap::ArgMatches;

use crate::doctor;
use crate::features::Split;
use crate::io::{self, Need};
use crate::jobs::{self, Dataset, OpenedFiles, SaveSpec, TrainSpec, Trained};
use crate::rvq::{Metric, Rvq, RvqParams, ValidRvqParams, param_spec, rules};
use crate::training::proposal::{DataSize, Proposed, proposals, with_proposals};
use crate::training::{Batches, History, Run};

use super::args::rvq_id;
use super::errors::with_path;
use super::step_logs::StepLogs;
use super::{Env, Usage, check_writable, corpus, flags, model, print, table};

/// Trains and writes the model.
pub(super) fn train(matches: &ArgMatches, env: &Env) -> Result<()> {
    check_alone(matches)?;
    let out = flags::path(matches, "out")?;
    model::check_model_ending(out)?;
    check_writable(out)?;
    // Now and not when the training is over.
    io::check_model(out, flags::rvq_params(matches)?.0.metric)?;
    let (trained, history, logs) = run(matches, env)?;
    let spec = SaveSpec { run: trained.run.clone(), path: out.to_owned() };
    env.job(|ctx| jobs::save_model(&spec, ctx))?;
    logs.finish([&*trained.run])?;
    tell_of(&trained.run, &history, env);
    Ok(print(&table::results(&trained.run, flags::format(matches)))?)
}

/// Tells what there is to say of a training that is over.
pub(super) fn tell_of(run: &Run, history: &History, env: &Env) {
    if let Some(calibration) = run.calibration() {
        env.reporter.note(&format!("calibrated: {calibration}"));
    }
    if let Some(course) = run.course_words() {
        env.reporter.note(&course.english());
    }
    for finding in doctor::sentences(run, history) {
        env.reporter.note(&finding);
    }
}

/// Refuses what only means something to several ranks.
fn check_alone(matches: &ArgMatches) -> Result<(), Usage> {
    match ["checkpoint-every", "resume"].iter().find(|flag| flags::is_given(matches, flag)) {
        Some(flag) => Err(Usage(format!(
            "--{flag} is for a training that mpirun starts (mpirun -n R rvqscope train ...)"
        ))),
        None => Ok(()),
    }
}

/// Trains as the flags say. The log of its steps has no name yet.
pub(super) fn run(matches: &ArgMatches, env: &Env) -> Result<(Trained, History, StepLogs)> {
    run_on(None, matches, env)
}

/// As [`run`], on what was opened already.
pub(super) fn run_on(
    opened: Option<OpenedFiles>,
    matches: &ArgMatches,
    env: &Env,
) -> Result<(Trained, History, StepLogs)> {
    let (mut params, start) = flags::rvq_params(matches)?;
    let logs = StepLogs::of_one(matches)?;
    let start = self::start(&mut params, start, matches, env)?;
    params.validate()?;
    let source = flags::source(matches);
    let opened = opened.map_or_else(|| corpus::open(source.clone(), Need::Frames, matches, env), Ok)?;
    let dataset = corpus::frames(opened, &source, matches, env)?;
    // Epochs are counted in the batches that fit.
    let params = for_epochs(for_data(params.validate()?, &dataset, matches, env)?, &dataset, matches)?;
    let title = dataset.source.title();
    let rule = rules::rule(params.rule);
    let spec = TrainSpec {
        name: format!("{}, {title}", rule.id()),
        dataset,
        params,
        holdout: flags::holdout(matches),
        standardize: flags::switch(matches, "standardize"),
        search: flags::search(matches)?,
        start,
        resume: None,
        paused: false,
    };
    env.reporter.expect_steps(params.steps);
    logs.begin(0, &spec.name, &spec.params, spec.holdout);
    let trained =
        env.job_with(&|event| logs.event(event), |ctx| jobs::train_recorded(spec, &logs.watching(ctx)));
    // An interrupt that came after the last step still means that nothing is to be written.
    if env.cancel.is_cancelled() {
        return Err(logs.interrupted());
    }
    let (trained, history) = trained.map_err(|err| with_path(err, Path::new(&title)))?;
    Ok((trained, history, logs))
}

/// The model to start from, where one is named; what its shape decides is taken over into `params`.
pub(super) fn start(
    params: &mut RvqParams,
    path: Option<PathBuf>,
    matches: &ArgMatches,
    env: &Env,
) -> Result<Option<Arc<Rvq>>> {
    let Some(path) = path else {
        if let Some(flag) = flags::model_flag(matches) {
            let words = format!(
                "--{flag} says how a model file is read, but none is given to start from (--init MODEL)"
            );
            return Err(Usage(words).into());
        }
        return Ok(None);
    };
    let rvq = load_start(&path, matches, env)?;
    fit_to_start(params, &rvq, matches, &path)?;
    Ok(Some(Arc::new(rvq)))
}

/// The parameters with the steps that so many passes over the data take, where passes are asked for.
pub(super) fn for_epochs(
    params: ValidRvqParams,
    dataset: &Dataset,
    matches: &ArgMatches,
) -> Result<ValidRvqParams> {
    let Some(&epochs) = matches.get_one::<u64>("epochs") else { return Ok(params) };
    let split = Split::hold_out(&dataset.set, flags::holdout(matches).0);
    let batches = Batches::new(split.train, params.order, params.seed);
    let steps = batches.per_epoch(params.batch_size).saturating_mul(epochs);
    Ok(RvqParams { steps, ..*params }.validate()?)
}

/// As [`fitted`], for what was opened.
fn for_data(
    params: ValidRvqParams,
    dataset: &Dataset,
    matches: &ArgMatches,
    env: &Env,
) -> Result<ValidRvqParams> {
    let split = Split::hold_out(&dataset.set, flags::holdout(matches).0);
    fitted(params, &split, dataset.set.matrix.dim(), matches, |words| env.reporter.note(&words))
}

/// The parameters with what is proposed for frames of `dim` dimensions that are divided so, where no flag says otherwise, if that is asked for; each is
/// told with its reason.
pub(super) fn fitted(
    params: ValidRvqParams,
    split: &Split,
    dim: usize,
    matches: &ArgMatches,
    tell: impl Fn(String),
) -> Result<ValidRvqParams> {
    if !matches.try_get_one::<bool>("fit-data").is_ok_and(|flag| flag == Some(&true)) {
        return Ok(params);
    }
    let data = DataSize {
        train_frames: Split::count(&split.train),
        held_out_frames: Split::count(&split.held_out),
        dim,
    };
    let mut proposed = proposals(&params, data);
    let is_said = |key: &str| {
        flags::is_given(matches, &rvq_id(key)) || (key == "steps" && flags::is_given(matches, "epochs"))
    };
    proposed.retain(|one| !is_said(one.key));
    for Proposed { key, value, why } in &proposed {
        let flag = param_spec(key).map_or(*key, |spec| spec.flag);
        tell(format!("--{flag} {value}: {why}"));
    }
    Ok(with_proposals(&params, &proposed).validate()?)
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
