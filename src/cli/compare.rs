//! `train --compare`: the same data, seed, first centroids and batches through several rules.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use clap::ArgMatches;

use crate::doctor;
use crate::jobs::{self, Builtin, CompareSpec, Entry, PITFALLS, Pitfall, SaveSpec, Trained};
use crate::markup::{Cell, Column, Format, Table};
use crate::report::scale::short;
use crate::training::{History, RunSummary};

use super::errors::with_path;
use super::step_logs::StepLogs;
use super::{Env, Usage, check_folder, corpus, file_names, flags, print, table};

/// Whether the arguments ask for a comparison.
pub(super) fn is_asked(matches: &ArgMatches) -> bool {
    ["compare", "pitfall"].iter().any(|id| flags::is_given(matches, id))
}

/// Trains a run for every entry and prints a row for each.
pub(super) fn compare(matches: &ArgMatches, env: &Env) -> Result<()> {
    let out = flags::optional_path(matches, "out");
    if let Some(folder) = out {
        check_models_folder(folder)?;
    }
    let pitfall = pitfall(matches)?;
    let entries = entries(matches, pitfall)?;
    let dataset = match pitfall {
        Some(_) => corpus::open_source(jobs::Source::Builtin(Builtin::Demo), matches, env)?,
        None => corpus::open_data(matches, env)?,
    };
    let labels: Vec<String> = entries.iter().map(|entry| entry.label.clone()).collect();
    let logs = StepLogs::of_entries(matches, &labels)?;
    let steps = entries.first().map_or(0, |entry| entry.params.steps);
    let title = dataset.source.title();
    let spec = CompareSpec {
        name: String::new(),
        dataset,
        entries,
        holdout: pitfall.map_or_else(|| flags::holdout(matches), |_| jobs::Holdout(Builtin::Demo.holdout())),
        standardize: flags::switch(matches, "standardize"),
        search: flags::search(matches)?,
    };
    env.reporter.expect_steps(steps);
    for (nth, entry) in spec.entries.iter().enumerate() {
        logs.begin(nth, &format!("{}, {title}", entry.label), &entry.params, spec.holdout);
    }
    let compared = env.job_with(&|event| logs.event(event), |ctx| {
        jobs::recording(&logs.watching(ctx), |ctx| jobs::compare(spec, ctx))
    });
    if env.cancel.is_cancelled() {
        return Err(logs.interrupted());
    }
    let (compared, histories) = compared.map_err(|err| with_path(err, Path::new(&title)))?;
    if let Some(folder) = out {
        save(folder, &labels, &compared.trained, env)?;
    }
    logs.finish(compared.trained.iter().map(|trained| &*trained.run))?;
    for ((label, trained), history) in labels.iter().zip(&compared.trained).zip(&histories) {
        for finding in doctor::sentences(&trained.run, history) {
            env.reporter.note(&format!("{label}: {finding}"));
        }
    }
    let format = flags::format(matches);
    let about = pitfall.filter(|_| format == Format::Text);
    let about = about.map(|pitfall| format!("{}: {}. {}\n", pitfall.id, pitfall.title, pitfall.text));
    let rows = rows(&labels, &compared.trained, &histories, format);
    Ok(print(&(about.unwrap_or_default() + &rows))?)
}

fn pitfall(matches: &ArgMatches) -> Result<Option<&'static Pitfall>, Usage> {
    let Some(id) = matches.get_one::<String>("pitfall") else { return Ok(None) };
    let found = PITFALLS.iter().find(|pitfall| pitfall.id.eq_ignore_ascii_case(id));
    found.map(Some).ok_or_else(|| {
        let known: Vec<&str> = PITFALLS.iter().map(|pitfall| pitfall.id).collect();
        Usage(format!("there is no pitfall {id:?}; those that show as curves are {}", known.join(", ")))
    })
}

fn entries(matches: &ArgMatches, pitfall: Option<&Pitfall>) -> Result<Vec<Entry>> {
    let (base, text) = match pitfall {
        Some(pitfall) => {
            let base = pitfall.params(Builtin::Demo.preset());
            (flags::shared_params(matches, base)?, pitfall.entries)
        }
        None => {
            let text = matches.get_one::<String>("compare").map_or("", String::as_str);
            (flags::shared_params(matches, flags::base_params(matches))?, text)
        }
    };
    jobs::entries_of(text, &base).map_err(|err| Usage(format!("--compare: {err}")).into())
}

/// One model a run, in a folder that is made where it is missing.
fn save(folder: &Path, labels: &[String], trained: &[Trained], env: &Env) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|err| anyhow!("{err}: {}", folder.display()))?;
    for (nth, (label, trained)) in labels.iter().zip(trained).enumerate() {
        let name = format!("{}-{}.{}", nth + 1, file_names::plain(label), jobs::MODEL_EXTENSION);
        let path = folder.join(name);
        let spec = SaveSpec { run: trained.run.clone(), path };
        env.job(|ctx| jobs::save_model(&spec, ctx))?;
    }
    Ok(())
}

fn check_models_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        check_folder(folder).map_err(|problem| problem.at(folder))?;
    } else if folder.exists() {
        bail!("a comparison writes one model a run into a folder, but here is a file: {}", folder.display());
    }
    Ok(())
}

/// A row for each run.
fn rows(labels: &[String], trained: &[Trained], histories: &[History], format: Format) -> String {
    let columns = [
        ("run", "run", ""),
        ("snr_db", "SNR", "dB"),
        ("used", "used", ""),
        ("codes", "of", ""),
        ("perplexity", "perplexity", ""),
        ("dead_window", "dead", ""),
        ("dead_threshold", "below thr.", ""),
        ("dead_corpus", "in no frame", ""),
        ("replaced", "replaced", ""),
        ("drift", "drift", ""),
        ("drift_all", "drift, all", ""),
    ];
    let head = trained.first().and_then(|t| {
        let (split, evaluation) = t.run.best_evaluation()?;
        let layers = t.run.rvq.num_layers();
        Some(format!(
            "{} {} frames, {} steps, {layers} layers",
            evaluation.frames,
            split.label(),
            t.run.steps
        ))
    });
    let head = head.unwrap_or_default();
    let columns = columns.map(|(key, label, unit)| Column::of(key, label, unit));
    let mut table = Table::new(head.clone(), columns.into());
    let count = |v: Option<usize>| v.map_or(Cell::Undefined, Cell::count);
    for ((label, Trained { run, .. }), history) in labels.iter().zip(trained).zip(histories) {
        let of = RunSummary::of(run, history);
        let drift = |v| Cell::figure(v, |v| short(v, 3));
        table.rows.push(vec![
            label.clone().into(),
            Cell::figure(of.snr_db, |db| format!("{db:.2}")),
            Cell::count(of.used),
            Cell::count(of.codes),
            Cell::figure(of.perplexity, |v| short(v, 4)),
            count(of.dead_window),
            count(of.dead_threshold),
            count(of.dead_corpus),
            drift(of.replaced),
            drift(of.drift),
            drift(of.drift_all),
        ]);
    }
    let head = if head.is_empty() { head } else { head + "\n" };
    table::in_form(&table, format, &head, "")
}
