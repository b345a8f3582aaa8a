//! What jobs have told: each piece goes to the run or the data that the job works for.

use std::path::PathBuf;
use std::sync::Arc;

use crate::doctor::{Finding, Patient, diagnose};
use crate::io::FileError;
use crate::io::model::LoadedModel;
use crate::jobs::{
    Dataset, FileStamp, JobError, JobOutput, OpenedCodes, OpenedFiles, ResumeFrom, Source, Trained, recorded,
};
use crate::rvq::Rvq;
use crate::text::t;
use crate::training::{Run, StepRecord};

use super::Session;
use super::activity::{Doing, Task, TrainState, Training};
use super::ids::RunId;
use super::mailbox::{Ending, Mail};
use super::opening::{AfterOpen, Answers, FileChoice, Opening, Question};
use super::run_entry::{Body, ModelFile, Origin, RunState};
use super::severity::Severity;

impl Session {
    /// Takes in what jobs have told since the last call, and says whether anything changed. Never waits.
    pub fn poll(&mut self) -> bool {
        let before = self.revision;
        for (task, mail) in self.activity.drain() {
            self.revision += 1;
            self.take(task, mail);
        }
        self.start_what_waits();
        self.poll_sound();
        if self.revision != before {
            self.shed();
        }
        self.save_if_due();
        self.revision != before
    }

    fn take(&mut self, mut task: Task, mail: Mail) {
        let Mail { steps, runs, checkpoints, paused, takes, watched, notices, ending, .. } = mail;
        let is_opening = matches!(task.doing, Doing::Opening(_));
        let severity = if is_opening { Severity::Warning } else { Severity::Info };
        for text in notices {
            self.notify(severity, text.text());
        }
        match &mut task.doing {
            Doing::Training(training) => {
                self.append_steps(&training.runs, &steps);
                for (nth, run) in runs {
                    if let Some(&id) = training.runs.get(nth) {
                        self.take_state(id, run);
                    }
                }
                self.advance(training, paused, !steps.is_empty());
                for (nth, checkpoint) in checkpoints {
                    if let Some(&id) = training.runs.get(nth) {
                        self.keep_checkpoint(id, &checkpoint);
                    }
                }
            }
            Doing::Evaluating(id) => {
                let id = *id;
                for run in runs.into_values() {
                    self.take_evaluation(id, run);
                }
            }
            Doing::Sounding => takes.into_iter().for_each(|heard| self.take_takes(heard)),
            Doing::Watching(of) => watched.into_iter().for_each(|watched| self.take_watched(of, watched)),
            _ => {}
        }
        match ending {
            None => self.activity.keep(task),
            Some(ending) => self.take_ending(task.doing, ending),
        }
    }

    /// Adds steps to the histories of the runs that took them.
    fn append_steps(&mut self, runs: &[RunId], steps: &[(usize, StepRecord)]) {
        for (nth, &id) in runs.iter().enumerate() {
            let mut own = steps.iter().filter(|(of, _)| *of == nth).map(|(_, record)| record).peekable();
            if own.peek().is_some()
                && let Some(entry) = self.runs.get_mut(id)
            {
                let history = Arc::make_mut(&mut entry.history);
                own.for_each(|record| history.push(record));
            }
        }
    }

    /// A run in training shows where it stands.
    fn take_state(&mut self, id: RunId, run: Arc<Run>) {
        if let Some(entry) = self.runs.get_mut(id) {
            entry.body = Body::Quantizer(run);
            self.runs.arrived(id);
        }
    }

    /// A training goes from one state to the next, and its runs with it.
    fn advance(&mut self, training: &mut Training, paused: Option<bool>, took_steps: bool) {
        let before = training.state;
        training.state = match (before, paused) {
            (TrainState::Stopping, _) => TrainState::Stopping,
            (_, Some(true)) => TrainState::Paused,
            (_, Some(false)) => TrainState::Running,
            (TrainState::Starting, None) if took_steps => TrainState::Running,
            (state, None) => state,
        };
        let state = match training.state {
            TrainState::Idle | TrainState::Starting => RunState::Starting,
            TrainState::Running => RunState::Running,
            TrainState::Paused => RunState::Paused,
            TrainState::Stopping => RunState::Stopping,
        };
        for &id in &training.runs {
            if let Some(entry) = self.runs.get_mut(id) {
                entry.set_state(state.clone());
            }
        }
    }

    fn take_ending(&mut self, doing: Doing, ending: Ending) {
        match doing {
            Doing::Opening(opening) => self.take_opening(*opening, ending),
            Doing::Training(training) => self.take_training(&training, ending),
            Doing::Evaluating(id) => {
                if let Some(JobOutput::Evaluated(run)) = self.output_or_notice(ending) {
                    let was_new = self.take_evaluation(id, run.clone());
                    self.workspace.mark(id);
                    if was_new {
                        self.notify_findings(id, &run);
                    }
                }
            }
            Doing::Repairing(id, data) => {
                if let Some(JobOutput::Repaired(repaired)) = self.output_or_notice(ending) {
                    self.take_repaired(id, data, repaired);
                }
            }
            Doing::Encoding(id) => {
                let tokens = match self.output_or_notice(ending) {
                    Some(JobOutput::Tokens(tokens)) => Some(tokens),
                    _ => None,
                };
                if let Some(entry) = self.runs.get_mut(id) {
                    entry.encoded.end(tokens);
                }
            }
            Doing::Reading(id) => {
                if let Some(JobOutput::Read(stored)) = self.output_or_notice(ending) {
                    self.take_stored(id, *stored);
                }
            }
            Doing::Restoring => {
                let opened = match self.output_or_notice(ending) {
                    Some(JobOutput::Workspace(opened)) => Some(*opened),
                    _ => None,
                };
                self.take_workspace(opened);
            }
            Doing::Sounding => {
                if let Some(JobOutput::Takes(heard)) = self.output_or_notice(ending) {
                    self.take_takes(heard);
                }
                self.end_making();
            }
            Doing::Watching(_) => drop(self.output_or_notice(ending)),
            Doing::Saving => {
                if let Some(JobOutput::Saved(path)) = self.output_or_notice(ending) {
                    self.notify(Severity::Info, t!("session-saved", path = path.display().to_string()));
                }
            }
        }
    }

    /// An evaluation of a run came in; whether it is the first. Of another quantizer than the run has by now it says nothing.
    fn take_evaluation(&mut self, id: RunId, run: Arc<Run>) -> bool {
        let Some(entry) = self.runs.get_mut(id) else { return false };
        let Body::Quantizer(known) = &entry.body else { return false };
        if !Arc::ptr_eq(&known.rvq, &run.rvq) && known.rvq != run.rvq {
            return false;
        }
        let is_first = known.best_evaluation().is_none();
        entry.body = Body::Quantizer(run);
        is_first
    }

    fn take_training(&mut self, training: &Training, ending: Ending) {
        let trained = match self.output_of(ending) {
            Ok(Some(JobOutput::Trained(trained))) => vec![*trained],
            Ok(Some(JobOutput::Compared(compared))) => compared.trained,
            Ok(_) => Vec::new(),
            Err(why) => {
                self.notify(Severity::Error, why.clone());
                return self.end_runs(&training.runs, &RunState::Failed(why));
            }
        };
        if trained.is_empty() {
            return self.end_runs(&training.runs, &RunState::Stopped);
        }
        for (&id, trained) in training.runs.iter().zip(trained) {
            self.take_trained(id, trained);
        }
    }

    /// Runs ended without a result: what they have shown stays.
    fn end_runs(&mut self, runs: &[RunId], state: &RunState) {
        for &id in runs {
            let Some(entry) = self.runs.get_mut(id) else { continue };
            entry.set_state(state.clone());
            // A member of a sweep that failed is part of its result.
            if !matches!((&entry.origin, state), (Origin::Swept, RunState::Failed(_))) {
                self.runs.remove_if_empty(id);
            }
        }
    }

    fn take_trained(&mut self, id: RunId, trained: Trained) {
        let Trained { run, resume, .. } = trained;
        let is_over = run.is_over();
        if let Some(entry) = self.runs.get_mut(id) {
            entry.set_state(if is_over { RunState::Done } else { RunState::Stopped });
            entry.body = Body::Quantizer(run.clone());
            entry.resume = Some(ResumeFrom::Memory(resume));
        }
        self.workspace.mark(id);
        self.runs.arrived(id);
        self.notify_findings(id, &run);
    }

    /// What stands out in a run. While a single run is all there is, it needs no name.
    fn notify_findings(&mut self, id: RunId, run: &Run) {
        let is_single = self.runs.entries().len() == 1;
        let name = self.runs.get(id).map(|entry| entry.name().to_owned()).unwrap_or_default();
        let findings = diagnose(&Patient::of(run).without_rows());
        let course = run.course_words().map(|words| words.text());
        for finding in course.into_iter().chain(findings.iter().map(Finding::sentence)) {
            let text = if is_single { finding } else { t!("session-run-says", run = &name, says = finding) };
            self.notify(Severity::Info, text);
        }
    }

    fn take_opening(&mut self, opening: Opening, ending: Ending) {
        match ending {
            // Data that runs refer to were opened once: what asks now is another file.
            Ending::Failed(JobError::File(FileError { path, problem }))
                if !matches!(opening.after, AfterOpen::Restore(_)) =>
            {
                match Question::of(problem) {
                    Ok(question) => {
                        let Opening { source, answers, after, .. } = opening;
                        let choice = FileChoice { path, question, source, answers, after };
                        self.corpus.choice = Some(Arc::new(choice));
                    }
                    Err(problem) => {
                        let ending = Ending::Failed(JobError::File(FileError { path, problem }));
                        self.take_unasked(ending, opening);
                    }
                }
            }
            ending => self.take_unasked(ending, opening),
        }
    }

    /// Files were opened or could not be, and there is nothing to ask.
    fn take_unasked(&mut self, ending: Ending, opening: Opening) {
        match (self.output_of(ending), opening.after) {
            (Ok(Some(JobOutput::Opened(files, stamps))), _) => self.take_opened(files, opening, stamps),
            (Ok(_), _) => {}
            (Err(why), AfterOpen::Restore(id)) => self.corpus.missing.push((id, why)),
            (Err(why), _) => self.notify(Severity::Error, why),
        }
    }

    fn take_opened(&mut self, files: OpenedFiles, opening: Opening, stamps: Vec<FileStamp>) {
        let OpenedFiles { dataset, model, codes } = files;
        if let (AfterOpen::Restore(id), Some(dataset)) = (opening.after, &dataset) {
            if !self.corpus.put_back(id, dataset.clone(), &stamps) {
                let title = opening.source.title();
                self.corpus.missing.push((id, t!("session-data-changed", data = title)));
            }
            return;
        }
        if let (AfterOpen::Codes(id), Some(codes)) = (opening.after, &codes) {
            if let Some(entry) = self.runs.get_mut(id) {
                entry.body = Body::Codes(codes.clone());
            }
            return;
        }
        if let Source::Files(paths) = &opening.source {
            self.corpus.recently_opened.push(paths.clone());
        }
        if dataset.is_some() || codes.is_some() {
            self.corpus.keep_choices(&opening);
        }
        let has_dataset = dataset.is_some();
        if let Some(dataset) = dataset {
            self.take_dataset(dataset, &opening, stamps);
        }
        if let Some(codes) = codes {
            self.take_codes(codes);
        }
        let has_model = model.is_some();
        if let Some((path, model)) = model {
            self.take_model(path, &model, opening.answers);
        }
        match opening.after {
            AfterOpen::Train => self.start_training(false, None),
            AfterOpen::Pitfall(pitfall) => self.start_pitfall(pitfall),
            AfterOpen::Show | AfterOpen::Restore(_) | AfterOpen::Codes(_) => {
                let has_data = self.corpus.present().is_some() && self.codes().is_none();
                if has_data && (has_model || has_dataset) && self.model_run().is_some() {
                    self.evaluate_model();
                }
            }
        }
    }

    /// Frames were opened: a training on others ends, and stays as a run of its own data.
    fn take_dataset(&mut self, dataset: Arc<Dataset>, opening: &Opening, stamps: Vec<FileStamp>) {
        self.end_training();
        self.runs.show(None);
        self.corpus.add(&mut self.ids, dataset, opening.data.clone(), stamps);
        self.selection.frames = None;
    }

    fn take_codes(&mut self, codes: Arc<OpenedCodes>) {
        self.end_training();
        let model = self.model_run().and_then(|entry| entry.run());
        let codes = model.and_then(|run| codes.sized_by(&run.rvq)).map_or(codes, Arc::new);
        let (name, source) = (codes.source.title(), codes.source.clone());
        let entry =
            self.runs.add(&mut self.ids, name, Origin::Codes(source), RunState::Done, Body::Codes(codes));
        let id = entry.id;
        self.runs.show(Some(id));
        self.corpus.clear_present();
        self.selection.frames = None;
    }

    fn take_model(&mut self, path: PathBuf, loaded: &LoadedModel, answers: Answers) {
        for finding in &loaded.info.findings {
            let file = path.display().to_string();
            self.notify(Severity::Info, t!("session-file-says", says = finding, path = file));
        }
        let (params, steps) = recorded(loaded);
        let info = loaded.info.clone();
        let Answers { quantizer, model, others } = answers;
        let options = model.map(|(_, options)| options).unwrap_or_default();
        let rvq = Arc::new(loaded.rvq.clone());
        let file = ModelFile { path, info, params, steps, quantizer, options, others };
        // Codes that are shown learn from it how many codes there are, and stay in front.
        if let Some(entry) = self.runs.shown_id().and_then(|id| self.runs.get_mut(id))
            && let Body::Codes(codes) = &entry.body
        {
            if let Some(sized) = codes.sized_by(&rvq) {
                entry.body = Body::Codes(Arc::new(sized));
            }
            self.add_model(file, rvq);
            return;
        }
        let id = self.add_model(file, rvq);
        self.runs.show(Some(id));
    }

    fn add_model(&mut self, file: ModelFile, rvq: Arc<Rvq>) -> RunId {
        let run = file.run(rvq);
        let (name, body) = (run.name.clone(), Body::Quantizer(Arc::new(run)));
        let origin = Origin::Loaded(Arc::new(file));
        let id = self.runs.add(&mut self.ids, name, origin, RunState::Done, body).id;
        self.workspace.mark(id);
        id
    }

    /// The output of a job that ended well; otherwise a notice, and everything stays as it was.
    fn output_or_notice(&mut self, ending: Ending) -> Option<JobOutput> {
        self.output_of(ending).unwrap_or_else(|why| {
            self.notify(Severity::Error, why);
            None
        })
    }

    /// The output of a job, none where it was cancelled.
    fn output_of(&self, ending: Ending) -> Result<Option<JobOutput>, String> {
        match ending {
            Ending::Done(output) => Ok(Some(*output)),
            Ending::Failed(err) if err.is_cancelled() => Ok(None),
            Ending::Failed(err) => Err(err.to_string()),
            Ending::Panicked(why) => Err(t!("session-panicked", why = why)),
        }
    }
}

impl ModelFile {
    /// The run of it, before any frame was seen.
    pub(super) fn run(&self, rvq: Arc<Rvq>) -> Run {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned();
        Run::of_model(name, rvq, self.params, self.steps)
    }
}
