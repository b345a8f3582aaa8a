//! `sweep`: every combination of some parameters' values, each a run with a model and figures of its own.

mod folder;
mod plan;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use clap::ArgMatches;
use serde_json::Value;

use crate::jobs::{self, Dataset, MODEL_EXTENSION, SaveSpec, SweepAxis, TrainSpec, Trained};
use crate::markup::{Cell, Column, Format, Table};
use crate::report::Report;
use crate::report::sweep::{Axis, FIGURES, SCHEMA, Sweep, SweepRun, SweepState, groups};
use crate::rvq::Rvq;
use crate::training::{History, params_json};

use super::errors::with_path;
use super::step_logs::{StepLogs, check_log_dir};
use super::{Env, Interrupted, corpus, flags, print, table, train};

use folder::{Folder, Note};
use plan::{Member, Schedule};

/// How many times as long as the last one took the next writing of the summary has to wait, so that most of the time goes into training.
const SUMMARY_SHARE: u32 = 20;

/// Trains every run that is not there yet, and prints a row for each combination.
pub(super) fn sweep(matches: &ArgMatches, env: &Env) -> Result<()> {
    let out = flags::path(matches, "out")?;
    let axes = plan::axes(matches)?;
    check_log_dir(matches)?;
    let (mut base, start) = plan::base(matches, &axes)?;
    // What makes no sense is said before anything is opened.
    plan::members(matches, &axes, &base)?;
    let note =
        Note::new(plan::settings(matches, start.as_deref())?, plan::stamps(matches, start.as_deref(), env));
    let mut folder = Folder::open(out, note, flags::switch(matches, "overwrite"))?;
    let start = train::start(&mut base, start, matches, env)?;
    let dataset = corpus::open_data(matches, env)?;
    let mut members = plan::members(matches, &axes, &base)?;
    for member in &mut members {
        member.params = train::for_epochs(member.params, &dataset, matches)?;
    }
    folder.begin(members.iter().map(|member| member.name.clone()).collect())?;
    let mut running = Running::new(matches, env, folder, dataset, start, &axes, members)?;
    let ended = running.train_all();
    // What was reached stands in the folder also where it ends early.
    let written = running.write_summary();
    ended.and(written)?;
    print(&running.table(flags::format(matches)))?;
    running.failures()
}

/// A sweep at work.
struct Running<'a> {
    matches: &'a ArgMatches,
    env: &'a Env,
    folder: Folder,
    dataset: Arc<Dataset>,
    start: Option<Arc<Rvq>>,
    members: Vec<Member>,
    sweep: Sweep,
    summary_due: Instant,
}

impl<'a> Running<'a> {
    /// A sweep with those runs done that are in the folder already.
    fn new(
        matches: &'a ArgMatches,
        env: &'a Env,
        folder: Folder,
        dataset: Arc<Dataset>,
        start: Option<Arc<Rvq>>,
        axes: &[SweepAxis],
        members: Vec<Member>,
    ) -> Result<Self> {
        let axis = |axis: &SweepAxis| Axis { flag: axis.flag.clone(), values: axis.values.clone() };
        let sweep = Sweep {
            rvqscope: env!("CARGO_PKG_VERSION"),
            schema: SCHEMA,
            source: Value::Null,
            settings: folder.note.settings.clone(),
            axes: axes.iter().map(axis).collect(),
            runs: members.iter().map(planned).collect(),
        };
        let summary_due = Instant::now();
        let mut running = Self { matches, env, folder, dataset, start, members, sweep, summary_due };
        for nth in 0..running.members.len() {
            if let Some(record) = running.finished(nth)? {
                running.file(nth, &record);
            }
        }
        Ok(running)
    }

    fn finished(&self, nth: usize) -> Result<Option<Value>> {
        let Member { name, params, .. } = &self.members[nth];
        let record = self.folder.finished(name, params, self.env)?;
        let lacks_steps = self.logs_steps() && !self.folder.path(name, "jsonl").exists();
        Ok(record.filter(|_| !lacks_steps))
    }

    fn logs_steps(&self) -> bool {
        flags::switch(self.matches, "metrics")
    }

    /// Trains the runs that are left, one after another. A run that fails does not keep the others from being trained.
    fn train_all(&mut self) -> Result<()> {
        let left: Vec<usize> = (0..self.members.len())
            .filter(|&nth| self.sweep.runs[nth].state == SweepState::Planned)
            .collect();
        let (all, there) = (self.members.len(), self.members.len() - left.len());
        if there > 0 {
            self.env.reporter.note(&format!("{there} of {all} runs are in the folder already"));
        }
        self.write_summary()?;
        let mut schedule = Schedule::new(left.iter().map(|&nth| self.members[nth].cost()).collect());
        for nth in left {
            let Member { label, params, .. } = &self.members[nth];
            self.env.reporter.begin_run(
                format!("run {} of {all} ({label})", nth + 1),
                schedule.next(),
                params.steps,
            );
            self.train_one(nth)?;
            if Instant::now() >= self.summary_due {
                self.write_summary()?;
            }
        }
        Ok(())
    }

    fn train_one(&mut self, nth: usize) -> Result<()> {
        let (member, env) = (&self.members[nth], self.env);
        let path = |ending| self.folder.path(&member.name, ending);
        let steps = self.logs_steps().then(|| path("jsonl"));
        let logs = StepLogs::of_member(self.matches, &member.name, steps.as_deref())?;
        let began = Instant::now();
        let trained = self.trained(member, &logs);
        if env.cancel.is_cancelled() {
            return Err(self.interrupted());
        }
        let (Trained { run, .. }, history) = match trained {
            Ok(trained) => trained,
            Err(err) => {
                let run = &mut self.sweep.runs[nth];
                (run.state, run.error) = (SweepState::Failed, Some(super::one_line(&format!("{err:#}"))));
                return Ok(());
            }
        };
        // A file that cannot be written ends the sweep: the next one could not be written either.
        let spec = SaveSpec { run: run.clone(), path: path(MODEL_EXTENSION) };
        env.job(|ctx| jobs::save_model(&spec, ctx))?;
        logs.finish([&*run])?;
        let text = Report::new(&run, &history, Vec::new()).metrics_json();
        let name = member.name.clone();
        self.folder.write(&format!("{name}.json"), &text)?;
        self.folder.took(&name, began.elapsed().as_secs_f64())?;
        // By way of the text, so that it is what will be read back.
        let record: Value = serde_json::from_str(&text)?;
        self.file(nth, &record);
        Ok(())
    }

    fn trained(&self, member: &Member, logs: &StepLogs) -> Result<(Trained, History)> {
        let title = self.dataset.source.title();
        let spec = TrainSpec {
            name: format!("{}, {title}", member.label),
            dataset: self.dataset.clone(),
            params: member.params,
            holdout: flags::holdout(self.matches),
            standardize: flags::switch(self.matches, "standardize"),
            search: flags::search(self.matches)?,
            start: self.start.clone(),
            resume: None,
            paused: false,
        };
        logs.begin(0, &spec.name, &spec.params, spec.holdout);
        let trained = self
            .env
            .job_with(&|event| logs.event(event), |ctx| jobs::train_recorded(spec, &logs.watching(ctx)));
        trained.map_err(|err| with_path(err, Path::new(&title)))
    }

    /// Takes the figures of a run over into the sweep.
    fn file(&mut self, nth: usize, record: &Value) {
        let of = |key: &str| record.get(key).cloned().unwrap_or_default();
        let run = &mut self.sweep.runs[nth];
        run.state = SweepState::Done;
        run.steps = of("steps").as_u64().unwrap_or(0);
        (run.totals, run.layers) = (of("totals"), of("layers"));
        run.model = Some(format!("{}.{MODEL_EXTENSION}", self.members[nth].name));
        if self.sweep.source.is_null() {
            self.sweep.source = of("source");
        }
    }

    fn write_summary(&mut self) -> Result<()> {
        let began = Instant::now();
        self.folder.write("sweep.json", &self.sweep.json())?;
        self.folder.write("sweep.csv", &self.sweep.csv())?;
        self.folder.write("sweep.html", &self.sweep.html())?;
        let took = began.elapsed().min(Duration::from_secs(10));
        self.summary_due = Instant::now() + took * SUMMARY_SHARE;
        Ok(())
    }

    fn interrupted(&self) -> anyhow::Error {
        let (done, all) = (self.sweep.count(SweepState::Done), self.sweep.runs.len());
        Interrupted(format!("{done} of {all} runs are done; the same command trains the others")).into()
    }

    /// A row for each combination of values, with mean and spread over the seeds, in a form. CSV has the spread in columns of its own.
    fn table(&self, format: Format) -> String {
        let Sweep { axes, runs, .. } = &self.sweep;
        let groups = groups(&self.sweep);
        let has_spread = runs.len() / groups.len().max(1) > 1;
        let spread = if has_spread { ", mean ± standard deviation over seeds" } else { "" };
        let caption = format!("{} runs{spread}", runs.len());
        let apart = has_spread && format == Format::Csv;
        let mut columns: Vec<Column> =
            axes.iter().map(|axis| Column::plain(axis.flag.as_str(), axis.flag.as_str())).collect();
        columns.push(Column::plain("runs", "runs"));
        for figure in &FIGURES {
            columns.push(Column::of(figure.key, figure.label.english(), figure.unit.english()));
            if apart {
                columns.push(Column::plain(format!("{}_deviation", figure.key), ""));
            }
        }
        let mut table = Table::new(caption, columns);
        for group in groups {
            let done = group.runs.iter().filter(|run| run.state == SweepState::Done).count();
            let mut row: Vec<Cell> = group.values.iter().map(|value| Cell::from(value.as_str())).collect();
            row.push(if done == group.runs.len() {
                Cell::count(done)
            } else {
                Cell::from(format!("{done} of {}", group.runs.len()))
            });
            for figure in &FIGURES {
                let spread = group.spread(figure);
                let words = |_| spread.map_or_else(String::new, |spread| spread.words(figure.decimals));
                row.push(Cell::figure(spread.map(|spread| spread.mean), words));
                if apart {
                    row.push(Cell::figure(spread.and_then(|spread| spread.deviation), |v| v.to_string()));
                }
            }
            table.rows.push(row);
        }
        let head = format!("{}\n", table.caption);
        table::in_form(&table, format, &head, "")
    }

    /// Fails where a run has failed.
    fn failures(&self) -> Result<()> {
        let failed: Vec<(&str, &str)> = self
            .sweep
            .runs
            .iter()
            .filter_map(|run| Some((run.label.as_str(), run.error.as_deref()?)))
            .collect();
        for (label, error) in failed.iter().skip(1) {
            self.env.reporter.note(&format!("{label} failed: {error}"));
        }
        match failed.as_slice() {
            [] => Ok(()),
            [(label, error)] => bail!("1 of {} runs failed: {label}: {error}", self.sweep.runs.len()),
            [(label, error), ..] => Err(anyhow!(
                "{} of {} runs failed, the first of them {label}: {error}",
                failed.len(),
                self.sweep.runs.len()
            )),
        }
    }
}

/// A run before it is trained.
fn planned(member: &Member) -> SweepRun {
    SweepRun {
        label: member.label.clone(),
        values: member.values.clone(),
        seed: member.params.seed,
        params: params_json(&member.params),
        steps: 0,
        state: SweepState::Planned,
        error: None,
        model: None,
        totals: Value::Null,
        layers: Value::Null,
    }
}
