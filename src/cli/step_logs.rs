//! What is written of a training while it runs: `--metrics FILE.jsonl` and `--log-dir DIR`.

use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::io::{FileError, Problem};
use crate::jobs::{Holdout, JobCtx, JobEvent};
use crate::report::tensorboard::EventLog;
use crate::rvq::RvqParams;
use crate::training::{Run, params_json};

use super::metrics_log::MetricsLog;
use super::{Interrupted, check_folder, file_names, flags};

/// The logs of a training, or of several side by side; none of them where none is asked for.
#[derive(Default)]
pub(super) struct StepLogs {
    metrics: Option<MetricsLog>,
    /// One for each training.
    events: Vec<EventLog>,
    /// Where these are.
    folder: Option<PathBuf>,
}

impl StepLogs {
    /// Those that the arguments ask for, of one training.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub(super) fn of_one(matches: &ArgMatches) -> Result<Self, FileError> {
        let metrics = flags::optional_path(matches, "metrics").map(MetricsLog::new).transpose()?;
        let folder = flags::optional_path(matches, "log-dir");
        let events = folder.map(EventLog::create).transpose()?.into_iter().collect();
        Ok(Self { metrics, events, folder: folder.map(Path::to_owned) })
    }

    /// Those that the arguments ask for, of trainings with these labels: each has a folder of its own for its events.
    ///
    /// # Errors
    /// As for [`of_one`](Self::of_one).
    pub(super) fn of_entries(matches: &ArgMatches, labels: &[String]) -> Result<Self, FileError> {
        let metrics = flags::optional_path(matches, "metrics");
        let metrics = metrics.map(|path| MetricsLog::of_entries(path, labels.to_vec())).transpose()?;
        let folder = flags::optional_path(matches, "log-dir");
        let named = |folder: &Path| {
            let names = file_names::distinct(labels.iter().cloned());
            names.iter().map(|name| EventLog::create(&folder.join(name))).collect()
        };
        let events = folder.map(named).transpose()?.unwrap_or_default();
        Ok(Self { metrics, events, folder: folder.map(Path::to_owned) })
    }

    /// Those of one of a sweep's trainings, whose steps go to `metrics` where they are asked for. What an earlier attempt has left is replaced.
    ///
    /// # Errors
    /// As for [`of_one`](Self::of_one).
    pub(super) fn of_member(
        matches: &ArgMatches,
        name: &str,
        metrics: Option<&Path>,
    ) -> Result<Self, FileError> {
        let metrics = metrics.map(MetricsLog::new).transpose()?;
        let folder = flags::optional_path(matches, "log-dir").map(|folder| folder.join(name));
        let mut events = Vec::new();
        if let Some(folder) = &folder {
            EventLog::remove_earlier(folder)?;
            events.push(EventLog::create(folder)?);
        }
        Ok(Self { metrics, events, folder })
    }

    /// Says what the `nth` training is called and how it goes.
    pub(super) fn begin(&self, nth: usize, name: &str, params: &RvqParams, holdout: Holdout) {
        let Some(log) = self.events.get(nth) else { return };
        let mut map = params_json(params);
        map.insert("holdout".to_owned(), holdout.0.into());
        log.begin(name, &map);
    }

    /// The context of a job that tells all that the logs want to know: with events, the run is also looked at while it is trained.
    pub(super) fn watching<'a>(&self, ctx: &JobCtx<'a>) -> JobCtx<'a> {
        JobCtx { live: ctx.live || !self.events.is_empty(), ..*ctx }
    }

    /// Takes in what a job tells.
    pub(super) fn event(&self, event: &JobEvent) {
        if let Some(log) = &self.metrics {
            log.event(event);
        }
        match event {
            JobEvent::Step(nth, record) => self.events.get(*nth).into_iter().for_each(|log| log.step(record)),
            JobEvent::Run(nth, run) => self.events.get(*nth).into_iter().for_each(|log| log.look(run)),
            _ => {}
        }
    }

    /// Why a training that was interrupted has not changed nothing, where it has left the events of its steps.
    pub(super) fn interrupted(&self) -> anyhow::Error {
        match &self.folder {
            Some(folder) => {
                let words = format!("no model was written; the steps so far stay in {}", folder.display());
                Interrupted(words).into()
            }
            None => anyhow::anyhow!("interrupted"),
        }
    }

    /// Tells what came of each training, and completes the files.
    ///
    /// # Errors
    /// Something could not be written, or a file not be replaced.
    pub(super) fn finish<'a>(self, runs: impl IntoIterator<Item = &'a Run>) -> Result<(), FileError> {
        self.metrics.map(MetricsLog::finish).transpose()?;
        for (log, run) in self.events.into_iter().zip(runs) {
            log.state(run.steps, run);
            log.finish()?;
        }
        Ok(())
    }
}

/// Fails now where the events of a sweep could not be written later; makes their folder.
pub(super) fn check_log_dir(matches: &ArgMatches) -> Result<(), FileError> {
    let Some(folder) = flags::optional_path(matches, "log-dir") else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|err| Problem::from(err).at(folder))?;
    check_folder(folder).map_err(|problem| problem.at(folder))
}
