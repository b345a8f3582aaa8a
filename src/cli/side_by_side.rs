//! `report --compare`: several runs on one page, whether they are models, stored runs, or figures that a report has written.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use clap::ArgMatches;
use serde_json::Value;

use crate::io::{FileError, Problem};
use crate::jobs::{Dataset, EvaluateSpec, Source, evaluate};
use crate::report::Report;
use crate::report::compare::{self, Comparison, Member, SCALARS};
use crate::store;
use crate::training::{History, Run};

use super::errors::with_path;
use super::evaluated::{self, Evaluated};
use super::report::check_target;
use super::{Env, Usage, corpus, flags, print, table};

/// The largest file that is read as figures.
const MOST_FIGURES: u64 = 16 << 20;
/// How much is read of the steps beside them.
const MOST_STEPS: u64 = 256 << 20;

/// Whether the arguments ask for it.
pub(super) fn is_asked(matches: &ArgMatches) -> bool {
    flags::is_given(matches, "compare")
}

/// Writes the page of the runs that are named, and prints a row for each.
pub(super) fn report(matches: &ArgMatches, env: &Env) -> Result<()> {
    let out = flags::path(matches, "out")?;
    check_target(out)?;
    flags::no_training(matches, "--compare takes runs that are trained")?;
    let paths: Vec<PathBuf> = matches.get_many("compare").unwrap_or_default().cloned().collect();
    if paths.len() < 2 {
        return Err(Usage("--compare needs two runs or more".to_owned()).into());
    }
    let dataset = match flags::source(matches) {
        Source::Files(files) if files.is_empty() => None,
        _ => Some(corpus::open_data(matches, env)?),
    };
    let mut runs = Vec::with_capacity(paths.len());
    for path in &paths {
        runs.push(member(path, dataset.as_ref(), matches, env)?);
        if env.cancel.is_cancelled() {
            bail!("interrupted");
        }
    }
    let comparison = Comparison::new(runs);
    for caution in comparison.cautions() {
        env.reporter.note(&caution);
    }
    let written = compare::write(out, &comparison)?;
    let page = written.first().map(|path| format!("{}\n", path.display())).unwrap_or_default();
    let differing: Vec<&str> = comparison.differing.keys().map(String::as_str).collect();
    let differing = if differing.is_empty() {
        String::new()
    } else {
        format!("they differ in {}\n", differing.join(", "))
    };
    let format = flags::format(matches);
    Ok(print(&table::in_form(&comparison.table(), format, "", &(differing + &page)))?)
}

/// The run at `path`, whatever it is there.
fn member(path: &Path, dataset: Option<&Arc<Dataset>>, matches: &ArgMatches, env: &Env) -> Result<Member> {
    if path.is_dir() {
        let figures = path.join("metrics.json");
        if !figures.is_file() {
            bail!(
                "a folder is a run where a report was written into it, but there is no metrics.json in: {}",
                path.display()
            );
        }
        return of_figures(&figures, path)?.ok_or_else(|| not_figures(&figures));
    }
    if store::is_run(path) {
        return of_stored(path, dataset, matches, env);
    }
    // What is no regular file is refused where models are opened.
    if !path.is_file() {
        return of_model(path, dataset, matches, env);
    }
    // Headers of model files are never what JSON begins with, but for a length that happens to be the same byte.
    match first_byte(path)? {
        Some(b'{') => match of_figures(path, path)? {
            Some(member) => Ok(member),
            None if path.extension().is_some_and(|ending| ending == "json") => Err(not_figures(path)),
            None => of_model(path, dataset, matches, env),
        },
        _ => of_model(path, dataset, matches, env),
    }
}

fn not_figures(path: &Path) -> anyhow::Error {
    anyhow!("this is no metrics.json that rvqscope has written: {}", path.display())
}

fn first_byte(path: &Path) -> Result<Option<u8>, FileError> {
    let mut first = [0];
    let read = File::open(path).and_then(|mut file| file.read(&mut first));
    let len = read.map_err(|err| Problem::from(err).at(path))?;
    Ok(first.get(..len).and_then(|read| read.first()).copied())
}

/// A model file, judged by the data where they are named and by its buffers where not.
fn of_model(path: &Path, dataset: Option<&Arc<Dataset>>, matches: &ArgMatches, env: &Env) -> Result<Member> {
    let Evaluated { run, info, dataset } = evaluated::evaluate_on(matches, path, dataset.cloned(), env)?;
    Ok(of_run(path, &run, &History::default(), dataset.as_deref(), info.notes()))
}

/// A run as a workspace stores it: with the figures that it had, or those of the data where they are named.
fn of_stored(path: &Path, dataset: Option<&Arc<Dataset>>, matches: &ArgMatches, env: &Env) -> Result<Member> {
    let stored = store::read_run(path)?;
    let Some(dataset) = dataset else {
        return Ok(of_run(path, &stored.run, &stored.history, None, Vec::new()));
    };
    let run = &stored.run;
    let spec = EvaluateSpec {
        name: run.name.clone(),
        dataset: dataset.clone(),
        rvq: run.rvq.clone(),
        params: run.params_known.then_some(run.params),
        steps: run.steps,
        holdout: flags::is_given(matches, "holdout").then(|| flags::holdout(matches)),
        search: flags::search(matches)?,
    };
    let run = env.job(|ctx| evaluate(&spec, ctx)).map_err(|err| with_path(err, path))?;
    Ok(of_run(path, &run, &stored.history, Some(dataset), Vec::new()))
}

fn of_run(
    path: &Path,
    run: &Run,
    history: &History,
    dataset: Option<&Dataset>,
    notes: Vec<String>,
) -> Member {
    let frames = dataset.map(|dataset| dataset.set.matrix.view());
    let report = Report::on_frames(run, history, frames, notes);
    Member::of_report(path.display().to_string(), &report, history)
}

/// The figures at `path`, of the run that is named by `given`; `None` where this is no such file.
fn of_figures(path: &Path, given: &Path) -> Result<Option<Member>> {
    let Some(text) = text_of(path)? else { return Ok(None) };
    let Ok(record) = serde_json::from_str::<Value>(&text) else { return Ok(None) };
    let folder = path.parent().filter(|_| path.file_name().is_some_and(|name| name == "metrics.json"));
    let curves = SCALARS.each_ref().map(|scalar| {
        let steps = folder.map(|folder| folder.join(format!("{}.csv", scalar.key)));
        let file = steps.filter(|path| path.is_file()).and_then(|path| File::open(path).ok());
        file.map_or_else(Vec::new, |file| mean_of_csv(BufReader::new(file.take(MOST_STEPS))))
    });
    let name = match folder.filter(|_| !given.is_dir()).and_then(Path::file_name) {
        Some(folder) => folder,
        None => given.file_name().unwrap_or(given.as_os_str()),
    };
    let name = name.to_string_lossy().into_owned();
    Ok(Member::of_record(name, given.display().to_string(), &record, curves))
}

/// A text file that is not out of proportion; `None` for one that is no text or larger.
fn text_of(path: &Path) -> Result<Option<String>, FileError> {
    let at = |err| Problem::from(err).at(path);
    let mut bytes = Vec::new();
    File::open(path).map_err(at)?.take(MOST_FIGURES + 1).read_to_end(&mut bytes).map_err(at)?;
    Ok(String::from_utf8(bytes).ok().filter(|text| text.len() as u64 <= MOST_FIGURES))
}

/// The mean over the layers at each step, of the CSV that a report has beside its figures: `series,step,value`, layer by layer.
fn mean_of_csv(text: impl BufRead) -> Vec<[f64; 2]> {
    let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for line in text.lines().map_while(Result::ok).skip(1) {
        let mut fields = line.rsplit(',');
        let (value, step) = (fields.next(), fields.next());
        let value = value.and_then(|text| text.parse::<f64>().ok()).filter(|value| value.is_finite());
        let step = step.and_then(|text| text.parse::<u64>().ok());
        if let (Some(step), Some(value)) = (step, value) {
            let (sum, layers) = sums.entry(step).or_default();
            (*sum, *layers) = (*sum + value, *layers + 1.0);
        }
    }
    sums.into_iter().map(|(step, (sum, layers))| [step as f64, sum / layers]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_averaged_over_layers() {
        let text = "series,Step,Loss\nlayer 1,1,2\nlayer 1,2,\nlayer 2,1,4\nlayer 2,2,3\nbroken\n";
        assert_eq!(mean_of_csv(text.as_bytes()), [[1.0, 3.0], [2.0, 3.0]]);
    }
}
