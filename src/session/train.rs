//! Training: single runs, comparisons, and the queue of a sweep.

use std::sync::Arc;

use crate::jobs::{
    self, Builtin, CompareSpec, Control, Dataset, Entry, Holdout, JobSpec, PITFALLS, Pitfall, ResumeFrom,
    Source, TrainSpec, axis_of, members_of,
};
use crate::rvq::{Rvq, ValidRvqParams};
use crate::text::t;
use crate::training::Run;

use super::activity::{Doing, TrainState, Training};
use super::command::{CompareCommand, SweepCommand};
use super::ids::{DataId, GroupId, RunId};
use super::opening::{AfterOpen, Answers};
use super::run_entry::{Body, Origin, Recipe, RunState};
use super::runs::Counted;
use super::severity::Severity;
use super::{RunEntry, Session};

impl Session {
    /// The data that a training would see.
    fn training_data(&self) -> Option<(DataId, Arc<Dataset>)> {
        let shown = self.runs.shown().and_then(|entry| entry.data);
        let id = shown.or(self.corpus.present())?;
        Some((id, self.dataset()?.clone()))
    }

    /// Trains a new run on the present data, from the codebooks of another run where `from` names one.
    pub(super) fn start_training(&mut self, paused: bool, from: Option<RunId>) {
        let Some((data, dataset)) = self.training_data() else {
            return self.notify(Severity::Warning, t!("session-nothing-to-train-on"));
        };
        let params = match self.plan.checked() {
            Ok(params) => params,
            Err(why) => return self.notify(Severity::Error, why),
        };
        let start = from.and_then(|id| self.runs.get(id)).and_then(RunEntry::run).map(|run| run.rvq.clone());
        if from.is_some() && start.is_none() {
            return self.notify(Severity::Warning, t!("session-start-not-in-memory"));
        }
        self.end_training();
        let number = self.runs.number(Counted::Run);
        let name = t!("session-run", n = number, rule = params.rule.to_string());
        let recipe = self.plan.recipe(*params);
        let entry =
            self.runs.add(&mut self.ids, name, Origin::Trained { from }, RunState::Starting, Body::Empty);
        (entry.data, entry.recipe) = (Some(data), Some(recipe));
        let id = entry.id;
        self.runs.show_when_ready(id);
        self.begin(id, dataset, params, start, None, paused);
    }

    /// Starts the job that trains a run.
    fn begin(
        &mut self,
        id: RunId,
        dataset: Arc<Dataset>,
        params: ValidRvqParams,
        start: Option<Arc<Rvq>>,
        resume: Option<ResumeFrom>,
        paused: bool,
    ) {
        let Some(entry) = self.runs.get_mut(id) else { return };
        let Some(Recipe { holdout, standardize, search, .. }) = entry.recipe else { return };
        entry.set_state(RunState::Starting);
        let name = entry.label.name.clone();
        let holdout = Holdout(holdout);
        let spec = TrainSpec { name, dataset, params, holdout, standardize, search, start, resume, paused };
        let training = Training { runs: vec![id], state: TrainState::Starting, compared: Vec::new() };
        self.activity.start(
            t!("session-training"),
            Doing::Training(training),
            JobSpec::Train(Box::new(spec)),
        );
        self.ask_for_checkpoints();
    }

    /// Resumes the shown run behind its last step, or the training that waits.
    pub(super) fn continue_training(&mut self) {
        if self.activity.training().is_some() {
            return self.activity.tell(Control::Resume);
        }
        let Some(id) = self.runs.shown_id() else { return };
        if self.runs.shown().is_some_and(RunEntry::can_begin_again) {
            if let Err(why) = self.train_planned(id) {
                self.notify(Severity::Error, why);
            }
            return;
        }
        let Some(view) = self.view() else { return };
        let steps_before = self.steps_before(view.entry, view.run);
        let Some(dataset) = self.dataset().cloned() else { return };
        let params = match self.plan.params.valid_after(steps_before) {
            Ok(params) => params,
            Err(err) => return self.notify(Severity::Error, err.to_string()),
        };
        let resume = self.runs.get_mut(id).and_then(|entry| {
            let resume = entry.resume.take();
            if let (Some(recipe), true) = (&mut entry.recipe, resume.is_some()) {
                recipe.steps_before = steps_before;
            }
            resume
        });
        match resume {
            Some(resume) => self.begin(id, dataset, params, None, Some(resume), false),
            None => self.notify(Severity::Warning, t!("session-cannot-resume")),
        }
    }

    /// The steps that lie behind the stretch that resuming a run means: as many steps again as the parameters say, or, where it was stopped on its way
    /// and they still say the same, what was left of them.
    fn steps_before(&self, entry: &RunEntry, run: &Run) -> u64 {
        let before = entry.recipe.map_or(0, |recipe| recipe.steps_before);
        let wanted = self.plan.params.current().steps.saturating_add(before);
        let was_stopped = run.steps < run.params.steps && wanted == run.params.steps;
        if was_stopped { before } else { run.steps }
    }

    pub(super) fn stop_training(&mut self) {
        // Whoever stops a sweep does not want the next of its runs at once.
        self.activity.is_held |= !self.activity.queue.is_empty();
        for id in self.activity.stop_training() {
            if let Some(entry) = self.runs.get_mut(id) {
                entry.set_state(RunState::Stopping);
            }
        }
    }

    /// Ends the training under way at once; what it has shown stays as a run that was stopped.
    pub(super) fn end_training(&mut self) {
        let Some(training) = self.activity.take_training() else { return };
        for id in training.runs {
            if let Some(entry) = self.runs.get_mut(id) {
                entry.set_state(RunState::Stopped);
            }
            self.runs.remove_if_empty(id);
        }
        self.activity.is_held |= !self.activity.queue.is_empty();
    }

    /// Trains again from where the training under way began.
    pub(super) fn restart_training(&mut self) {
        let Some((_, training)) = self.activity.training() else { return };
        if !training.compared.is_empty() {
            let entries = training.compared.clone();
            return self.start_comparison(entries);
        }
        let first = training.runs.first().and_then(|&id| self.runs.get(id));
        let from = first.and_then(|entry| match entry.origin {
            Origin::Trained { from } => from,
            _ => None,
        });
        self.start_training(false, from);
    }

    /// Whether a job takes steps with this run, so that its quantizer does not stand still.
    pub(super) fn is_taking_steps(&self, id: RunId) -> bool {
        self.activity.is_training(id) && self.activity.train_state() != TrainState::Paused
    }

    pub(super) fn apply_compare(&mut self, command: CompareCommand) {
        match command {
            CompareCommand::Start(text) => match jobs::entries_of(&text, self.plan.params.current()) {
                Ok(entries) => self.start_comparison(entries),
                Err(err) => self.notify(Severity::Error, err.to_string()),
            },
            CompareCommand::Pitfall(id) => {
                let Some(pitfall) = PITFALLS.iter().find(|pitfall| pitfall.id == id) else { return };
                let demo = Source::Builtin(Builtin::Demo);
                self.plan.holdout = Builtin::Demo.holdout();
                if self.dataset().is_some_and(|dataset| dataset.source == demo) {
                    self.start_pitfall(pitfall);
                } else {
                    self.open(demo, AfterOpen::Pitfall(pitfall), Answers::default());
                }
            }
        }
    }

    /// Shows a known fault of trainers on the demo, which is open.
    pub(super) fn start_pitfall(&mut self, pitfall: &Pitfall) {
        match jobs::entries_of(pitfall.entries, &pitfall.params(Builtin::Demo.preset())) {
            Ok(entries) => {
                self.notify(
                    Severity::Info,
                    t!("session-pitfall", id = pitfall.id, title = pitfall.title, text = pitfall.text),
                );
                self.start_comparison(entries);
            }
            Err(err) => self.notify(Severity::Error, err.to_string()),
        }
    }

    fn start_comparison(&mut self, entries: Vec<Entry>) {
        let Some((data, dataset)) = self.training_data() else {
            return self.notify(Severity::Warning, t!("session-nothing-to-compare-on"));
        };
        self.end_training();
        let name = t!("session-comparison", n = self.runs.number(Counted::Comparison));
        let group: GroupId = self.ids.give();
        let mut runs = Vec::with_capacity(entries.len());
        for Entry { label, params } in &entries {
            let recipe = self.plan.recipe(**params);
            let name = format!("{name}: {label}");
            let entry = self.runs.add(&mut self.ids, name, Origin::Compared, RunState::Starting, Body::Empty);
            (entry.data, entry.recipe, entry.group) = (Some(data), Some(recipe), Some(group));
            runs.push(entry.id);
        }
        self.runs.overlay_only(runs.iter().copied());
        if let Some(&first) = runs.first() {
            self.runs.show_when_ready(first);
        }
        let spec = CompareSpec {
            name,
            dataset,
            entries: entries.clone(),
            holdout: Holdout(self.plan.holdout),
            standardize: self.plan.standardize,
            search: self.plan.search,
        };
        let training = Training { runs, state: TrainState::Starting, compared: entries };
        self.activity.start(
            t!("session-comparing"),
            Doing::Training(training),
            JobSpec::Compare(Box::new(spec)),
        );
        self.ask_for_checkpoints();
    }

    pub(super) fn apply_sweep(&mut self, command: &SweepCommand) {
        match command {
            SweepCommand::Start { axes, seeds } => self.plan_sweep(axes, *seeds),
            SweepCommand::Hold => self.activity.is_held = true,
            SweepCommand::Release => {
                self.activity.is_held = false;
                self.train_next();
            }
            SweepCommand::Clear => {
                for id in std::mem::take(&mut self.activity.queue) {
                    self.runs.take(id);
                }
            }
        }
    }

    /// Plans a run for every combination, and starts with the first.
    fn plan_sweep(&mut self, axes: &[String], seeds: u64) {
        let Some((data, _)) = self.training_data() else {
            return self.notify(Severity::Warning, t!("session-nothing-to-sweep-over"));
        };
        let read = axes.iter().map(|text| axis_of(text)).collect::<Result<Vec<_>, _>>();
        let members = read.and_then(|axes| members_of(&axes, seeds, self.plan.params.current()));
        let members = match members {
            Ok(members) => members,
            Err(err) => return self.notify(Severity::Error, err.to_string()),
        };
        let name = t!("session-sweep", n = self.runs.number(Counted::Sweep));
        let group: GroupId = self.ids.give();
        for member in members {
            let recipe = self.plan.recipe(*member.params);
            let name = format!("{name}: {}", member.label);
            let entry = self.runs.add(&mut self.ids, name, Origin::Swept, RunState::Planned, Body::Empty);
            (entry.data, entry.recipe, entry.group) = (Some(data), Some(recipe), Some(group));
            let id = entry.id;
            self.activity.queue.push_back(id);
        }
        self.activity.is_held = false;
        self.train_next();
    }

    /// Trains the next planned run, where nothing is trained and the queue is not held.
    pub(super) fn train_next(&mut self) {
        while self.activity.training().is_none() && !self.activity.is_held {
            let Some(id) = self.activity.queue.pop_front() else { return };
            if let Err(why) = self.train_planned(id) {
                if let Some(entry) = self.runs.get_mut(id) {
                    entry.set_state(RunState::Failed(why.clone()));
                }
                self.notify(Severity::Error, why);
            }
        }
    }

    fn train_planned(&mut self, id: RunId) -> Result<(), String> {
        let entry = self.runs.get(id).ok_or_else(|| t!("session-planned-deleted"))?;
        let recipe = entry.recipe.ok_or_else(|| t!("session-planned-without-recipe"))?;
        let name = entry.name().to_owned();
        let dataset = entry.data.and_then(|data| self.corpus.dataset(data)).cloned();
        let dataset = dataset.ok_or_else(|| t!("session-planned-data-closed", run = &name))?;
        let params =
            recipe.params.validate().map_err(|err| t!("about-file", words = err.message(), path = &name))?;
        let from = match entry.origin {
            Origin::Trained { from: Some(from) } => {
                let run = self.runs.get(from).and_then(RunEntry::run);
                Some(run.ok_or_else(|| t!("session-planned-start-not-in-memory", run = &name))?)
            }
            _ => None,
        };
        let start = from.map(|run| run.rvq.clone());
        let resume = self.runs.get_mut(id).and_then(|entry| entry.resume.take());
        self.runs.show_when_ready(id);
        self.begin(id, dataset, params, start, resume, false);
        Ok(())
    }
}
