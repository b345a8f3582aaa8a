//! Taking in what jobs tell.

use std::path::PathBuf;
use std::sync::Arc;

use crate::io::model::LoadedModel;
use crate::jobs::{Dataset, JobOutput, OpenedCodes, OpenedFiles, Source, Trained, recorded};
use crate::training::{History, Run, StepRecord, findings};

use super::choosing::Chosen;
use super::mailbox::{Ending, Mail};
use super::start::Then;
use super::{Job, ModelView, Opening, RUNS_KEPT, Session, Severity, TrainCommand, TrainState, View};

impl Session {
    /// Takes in what jobs have told since the last call, and says whether anything changed. Never waits.
    pub fn poll(&mut self) -> bool {
        let before = self.revision;
        self.poll_opening();
        self.poll_training();
        self.poll_evaluating();
        self.poll_encoding();
        self.poll_saving();
        self.revision != before
    }

    fn poll_opening(&mut self) {
        let Some(opening) = &mut self.opening else { return };
        let mail = opening.job.take_mail();
        self.revision += u64::from(!mail.is_empty());
        opening.job.progress = mail.progress.or(opening.job.progress.take());
        for text in mail.notices {
            self.notify(Severity::Warning, text);
        }
        let Some(ending) = mail.ending else { return };
        let Some(opening) = self.opening.take() else { return };
        let Some(ending) = self.asked(ending, &opening) else { return };
        if let Some(JobOutput::Opened(files)) = self.ended(ending) {
            self.take_opened(files, opening);
        }
    }

    fn take_opened(&mut self, files: OpenedFiles, opening: Opening) {
        let OpenedFiles { dataset, model, codes } = files;
        let Opening { source, time_axis, codebook_size, chosen, then, .. } = opening;
        if let Source::Files(paths) = source {
            self.recently_opened.push(paths);
        }
        if dataset.is_some() || codes.is_some() {
            self.data_spec.time_axis = time_axis;
            self.data_spec.codebook_size = codebook_size;
        }
        if let Some(dataset) = dataset {
            self.take_dataset(dataset);
        }
        if let Some(codes) = codes {
            self.take_codes(codes);
        }
        if let Some((path, model)) = model {
            self.take_model(path, &model, chosen);
        }
        match then {
            Then::Train => self.apply_train(TrainCommand::Start),
            Then::Pitfall(pitfall) => self.start_pitfall(pitfall),
            Then::Look if self.model.is_some() && self.dataset.is_some() => self.evaluate_model(),
            Then::Look => {}
        }
    }

    fn take_dataset(&mut self, dataset: Arc<Dataset>) {
        self.clear_data();
        self.dataset = Some(dataset);
    }

    fn take_codes(&mut self, codes: Arc<OpenedCodes>) {
        self.clear_data();
        self.codes = Some(codes);
        self.size_codes();
    }

    /// Where a model lies beside codes alone, it knows how many codes there are.
    fn size_codes(&mut self) {
        let (Some(codes), Some(model)) = (&self.codes, &self.model) else { return };
        if let Some(sized) = codes.sized_by(&model.rvq) {
            self.codes = Some(Arc::new(sized));
        }
    }

    /// Forgets the corpus and all that was made of it.
    fn clear_data(&mut self) {
        // Dropping the jobs cancels them: a training on other data has nothing to say any more.
        (self.training, self.comparison) = (None, None);
        self.encoded = super::tokens::Encoded::default();
        self.codes = None;
        self.dataset = None;
        self.evaluating = None;
        self.train_state = TrainState::Idle;
        self.resume = None;
        self.view = None;
        self.selection.frames = None;
    }

    fn take_model(&mut self, path: PathBuf, model: &LoadedModel, others: Option<Chosen>) {
        for finding in &model.info.findings {
            self.notify(Severity::Info, format!("{finding}: {}", path.display()));
        }
        let (params, steps) = recorded(model);
        let info = model.info.clone();
        self.model = Some(ModelView { path, rvq: Arc::new(model.rvq.clone()), info, params, steps, others });
        self.size_codes();
        if self.dataset.is_none() && self.codes.is_none() {
            self.notify(
                Severity::Info,
                "The model is open; open audio or features of its dimension to see how it does",
            );
        }
    }

    fn poll_training(&mut self) {
        let Some(job) = &mut self.training else { return };
        let mail = job.take_mail();
        if mail.is_empty() {
            return;
        }
        self.revision += 1;
        let Mail { steps, runs, progress, paused, notices, ending } = mail;
        job.progress = progress.or(job.progress.take());
        let took_steps = !steps.is_empty();
        if self.comparison.is_some() {
            self.file_comparison(&steps, &runs);
        } else {
            self.file_training(&steps, runs.into_values().next());
        }
        self.train_state = match (self.train_state, paused) {
            (TrainState::Stopping, _) => TrainState::Stopping,
            (_, Some(true)) => TrainState::Paused,
            (_, Some(false)) => TrainState::Running,
            (TrainState::Starting, None) if took_steps => TrainState::Running,
            (state, None) => state,
        };
        for text in notices {
            self.notify(Severity::Info, text);
        }
        let Some(ending) = ending else { return };
        self.training = None;
        self.incoming = None;
        self.train_state = TrainState::Idle;
        match self.ended(ending) {
            Some(JobOutput::Trained(trained)) => self.take_trained(*trained),
            Some(JobOutput::Compared(compared)) => self.take_compared(compared),
            _ => self.comparison = None,
        }
    }

    /// Takes in what a single training told.
    fn file_training(&mut self, steps: &[(usize, StepRecord)], run: Option<Arc<Run>>) {
        self.file_steps(steps);
        let Some(run) = run else { return };
        let history = match (self.incoming.take(), self.view.take()) {
            (Some(history), _) => history,
            (None, Some(view)) => view.history,
            (None, None) => Arc::default(),
        };
        self.view = Some(View { run, history, is_model: false });
        // What was on the screen before is gone, and with it the way to go on with it.
        self.resume = None;
    }

    /// Adds steps to the history that they belong to: the one on the screen, or the one that waits for its first state.
    fn file_steps(&mut self, steps: &[(usize, StepRecord)]) {
        let history = match (&mut self.incoming, &mut self.view) {
            (Some(history), _) => history,
            (None, Some(view)) => &mut view.history,
            (None, None) => return,
        };
        if !steps.is_empty() {
            let history = Arc::make_mut(history);
            steps.iter().for_each(|(_, record)| history.push(record));
        }
    }

    fn take_trained(&mut self, trained: Trained) {
        let Trained { run, history, resume } = trained;
        for finding in findings(&run) {
            self.notify(Severity::Info, finding);
        }
        self.resume = Some(resume);
        let view = View { run, history: Arc::new(history), is_model: false };
        self.keep_run(view.clone());
        self.view = Some(view);
    }

    /// Puts a run among those that can be gone back to.
    pub(super) fn keep_run(&mut self, view: View) {
        self.runs.retain(|kept| kept.run.name != view.run.name);
        self.runs.push(view);
        if self.runs.len() > RUNS_KEPT {
            self.runs.remove(0);
        }
    }

    fn poll_evaluating(&mut self) {
        let Some(job) = &mut self.evaluating else { return };
        let Some(ending) = ending_of(job, &mut self.revision) else { return };
        self.evaluating = None;
        if let Some(JobOutput::Evaluated(run)) = self.ended(ending) {
            self.take_evaluated(run);
        }
    }

    /// A run that was only looked at again keeps its history and its place among the runs.
    fn take_evaluated(&mut self, run: Arc<Run>) {
        let same = |view: &View| view.run.name == run.name && view.run.rvq == run.rvq;
        for kept in self.runs.iter_mut().filter(|kept| same(kept)) {
            kept.run = run.clone();
        }
        match &mut self.view {
            Some(view) if same(view) => view.run = run,
            _ => {
                for finding in findings(&run) {
                    self.notify(Severity::Info, finding);
                }
                self.view = Some(View { run, history: Arc::new(History::default()), is_model: true });
            }
        }
    }

    fn poll_saving(&mut self) {
        for mut job in std::mem::take(&mut self.saving) {
            let mail = job.take_mail();
            self.revision += u64::from(!mail.is_empty());
            job.progress = mail.progress.or(job.progress.take());
            for text in mail.notices {
                self.notify(Severity::Info, text);
            }
            match mail.ending {
                None => self.saving.push(job),
                Some(ending) => {
                    if let Some(JobOutput::Saved(path)) = self.ended(ending) {
                        self.notify(Severity::Info, format!("Saved: {}", path.display()));
                    }
                }
            }
        }
    }

    /// The output of a job that ended well; otherwise a notice, and everything stays as it was.
    pub(super) fn ended(&mut self, ending: Ending) -> Option<JobOutput> {
        match ending {
            Ending::Done(output) => return Some(*output),
            Ending::Failed(err) if err.is_cancelled() => {}
            Ending::Failed(err) => self.notify(Severity::Error, err.to_string()),
            Ending::Panicked(text) => self.notify(
                Severity::Error,
                format!("A computation ended unexpectedly ({text}); nothing that was there has changed"),
            ),
        }
        None
    }
}

/// Notes how far a job is, and gives its end where it has come.
pub(super) fn ending_of(job: &mut Job, revision: &mut u64) -> Option<Ending> {
    let mail = job.take_mail();
    *revision += u64::from(!mail.is_empty());
    job.progress = mail.progress.or(job.progress.take());
    mail.ending
}
