//! `report`: a page, figures, and every plot, of a model with or without frames, or of a training.

use std::path::Path;

use anyhow::{Result, bail};
use clap::ArgMatches;

use crate::io::{FileError, Need, Problem};
use crate::markup::Format;
use crate::report::{self, Report};
use crate::text::Message;
use crate::training::History;

use super::evaluated::{self, Evaluated};
use super::step_logs::StepLogs;
use super::{Env, check_folder, codes_alone, corpus, flags, print, table, train};

/// Writes the report.
pub(super) fn report(matches: &ArgMatches, env: &Env) -> Result<()> {
    let out = flags::path(matches, "out")?;
    check_target(out)?;
    let format = flags::format(matches);
    let (run, history, notes, logs, dataset) = match flags::optional_path(matches, "model") {
        Some(path) => {
            flags::no_training(matches, "--model gives a model that is trained")?;
            let Evaluated { run, info, dataset } = evaluated::evaluate(matches, path, env)?;
            (run, History::default(), info.notes(), StepLogs::default(), dataset)
        }
        None => {
            // What makes no sense is said before anything is opened.
            flags::rvq_params(matches)?.0.validate()?;
            let opened = corpus::open(flags::source(matches), Need::Data, matches, env)?;
            if let Some(codes) = &opened.codes {
                return codes_alone::report(codes, out, format, env);
            }
            let dataset = opened.dataset.clone();
            let (trained, history, logs) = train::run_on(Some(opened), matches, env)?;
            (trained.run, history, Vec::new(), logs, dataset)
        }
    };
    if env.cancel.is_cancelled() {
        bail!("interrupted");
    }
    let frames = dataset.as_ref().map(|dataset| dataset.set.matrix.view());
    let report = Report::on_frames(&run, &history, frames, notes);
    let written = report::write(out, &report)?;
    logs.finish([&*run])?;
    for finding in &report.findings {
        env.reporter.note(finding);
    }
    let page = written.first().map(|path| path.display().to_string()).unwrap_or_default();
    let results = table::results(&run, format);
    if format != Format::Text {
        return Ok(print(&results)?);
    }
    let lines: String = report.verdicts.iter().map(|verdict| verdict.line() + "\n").collect();
    Ok(print(&format!("{results}{lines}{page}\n"))?)
}

/// Fails now where the report could not be written later.
pub(super) fn check_target(out: &Path) -> Result<(), FileError> {
    let refuse = |words: String| Err(Problem::Unsupported(Message::verbatim(words)).at(out));
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
