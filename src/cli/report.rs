//! `report`: a page, figures, and every plot, of a model with or without frames, or of a training.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::ArgMatches;

use crate::io::{FileError, Need, Problem};
use crate::jobs::{self, EvaluateSpec, Source};
use crate::report::{self, Report};
use crate::training::{History, Run, findings, verdicts};

use super::errors::with_path;
use super::metrics_log::MetricsLog;
use super::{Env, Usage, check_folder, codes_alone, corpus, flags, model, print, table, train};

/// Writes the report.
pub(super) fn report(matches: &ArgMatches, env: &Env) -> Result<()> {
    let out = flags::path(matches, "out")?;
    check_target(out)?;
    let (run, history, found, log) = match flags::optional_path(matches, "model") {
        Some(path) => {
            let (run, found) = evaluate(matches, path, env)?;
            (run, History::default(), found, None)
        }
        None => {
            // What makes no sense is said before anything is opened.
            flags::rvq_params(matches)?.0.validate()?;
            let opened = corpus::open(flags::source(matches), Need::Data, matches, env)?;
            if let Some(codes) = &opened.codes {
                return codes_alone::report(codes, out, env);
            }
            let (trained, history, log) = train::run_on(Some(opened), matches, env)?;
            let found = findings(&trained.run);
            (trained.run, history, found, log)
        }
    };
    if env.cancel.is_cancelled() {
        bail!("interrupted");
    }
    let written = report::write(out, &Report::new(&run, &history, found.clone()))?;
    log.map(MetricsLog::finish).transpose()?;
    for finding in &found {
        env.reporter.note(finding);
    }
    let page = written.first().map(|path| path.display().to_string()).unwrap_or_default();
    let lines: String = verdicts(&run, &history).iter().map(|verdict| verdict.line() + "\n").collect();
    Ok(print(&format!("{}{lines}{page}\n", table::results(&run)))?)
}

/// A model with its figures on the data; without data, with what its file alone tells.
fn evaluate(matches: &ArgMatches, path: &Path, env: &Env) -> Result<(Arc<Run>, Vec<String>)> {
    // The metric is as well what is said of the model.
    if let Some(flag) = flags::training_flag(matches).filter(|flag| *flag != "metric") {
        let words = format!("--{flag} is for training, but --model gives a model that is trained");
        return Err(Usage(words).into());
    }
    let model = model::load(path, matches, env)?;
    let (params, steps) = jobs::recorded(&model);
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    if matches!(flags::source(matches), Source::Files(paths) if paths.is_empty()) {
        if let Some(flag) = ["holdout", "beam"].into_iter().find(|flag| flags::is_given(matches, flag)) {
            return Err(Usage(format!("--{flag} is for frames, but no data are given")).into());
        }
        let run = Run::of_model(name, Arc::new(model.rvq), params, steps);
        let mut found = findings(&run);
        found.extend(model.info.findings);
        return Ok((Arc::new(run), found));
    }
    let dataset = corpus::open_data(matches, env)?;
    let spec = EvaluateSpec {
        name,
        dataset,
        rvq: Arc::new(model.rvq),
        params,
        steps,
        holdout: flags::is_given(matches, "holdout").then(|| flags::holdout(matches)),
        search: flags::search(matches)?,
    };
    let run = env.job(|ctx| jobs::evaluate(&spec, ctx)).map_err(|err| with_path(err, path))?;
    let mut found = findings(&run);
    found.extend(model.info.findings);
    Ok((run, found))
}

/// Fails now where the report could not be written later.
fn check_target(out: &Path) -> Result<(), FileError> {
    let refuse = |words: String| Err(Problem::Unsupported(words).at(out));
    let parent = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if out.is_dir() {
        return check_folder(out).map_err(|problem| problem.at(out));
    }
    if out.exists() {
        return refuse("a report is a folder, but here is a file".to_owned());
    }
    if !parent.is_dir() {
        return refuse(format!(
            "the folder {} does not exist, so nothing can be written there",
            parent.display()
        ));
    }
    check_folder(parent).map_err(|problem| problem.at(out))
}
