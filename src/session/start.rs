//! Starting things: opening, training, evaluating.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::jobs::{
    Control, EvaluateSpec, Holdout, JobSpec, LookSpec, OpenSpec, Pitfall, Source, TrainSpec, no_standardizing,
};
use crate::rvq::search::Search;

use super::choosing::Chosen;
use super::{DataCommand, HOLDOUT, ModelView, Opening, Session, Severity, TrainCommand, TrainState};

/// Counts the runs of this process, to name them by.
static RUNS_STARTED: AtomicU64 = AtomicU64::new(1);

/// What is done with files once they are open.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    /// They are looked at.
    Look,
    /// They are trained on.
    Train,
    /// A known fault of trainers is shown on them.
    Pitfall(&'static Pitfall),
}

impl Session {
    pub(super) fn apply_data(&mut self, command: DataCommand) {
        match command {
            DataCommand::Open(paths) => self.open(Source::Files(paths), Then::Look, None),
            DataCommand::OpenBuiltin { builtin, then_train } => {
                self.params.replace(builtin.preset());
                self.holdout = builtin.holdout();
                let then = if then_train { Then::Train } else { Then::Look };
                self.open(Source::Builtin(builtin), then, None);
            }
            DataCommand::SetExtract(extract) => {
                if let Err(err) = extract.validate() {
                    return self.notify(Severity::Error, err.to_string());
                }
                self.data_spec.extract = extract;
                self.reopen(true);
            }
            DataCommand::SetChannel(channel) => {
                self.data_spec.channel = channel;
                self.reopen(true);
            }
            DataCommand::SetTimeAxis(axis) => {
                self.data_spec.time_axis = axis;
                self.reopen(false);
            }
            DataCommand::SetFrameRate(rate) => {
                self.data_spec.frame_rate_hz = rate.filter(|r| r.is_finite() && *r > 0.0);
                self.reopen(false);
            }
            DataCommand::SetCodebookSize(size) => {
                self.data_spec.codebook_size = size.filter(|&size| size > 0);
                self.reopen(false);
            }
            DataCommand::Encode => self.encode(),
            DataCommand::SetHoldout(share) => {
                self.holdout = if share.is_finite() { share.clamp(0.0, 0.9) } else { self.holdout };
                if self.training.is_some() {
                    self.restart_training();
                } else if self.view.as_ref().is_some_and(|view| view.is_model) {
                    self.apply_train(TrainCommand::Evaluate);
                }
            }
            DataCommand::SetStandardize(standardize) => {
                self.standardize = standardize;
                if self.training.is_some() {
                    self.restart_training();
                }
            }
            DataCommand::CloseModel => {
                self.model = None;
                self.evaluating = None;
                if self.view.as_ref().is_some_and(|view| view.is_model) {
                    self.view = None;
                }
            }
            DataCommand::ChooseQuantizer(index) => self.choose_quantizer(index),
            DataCommand::Cancel => self.opening = None,
        }
    }

    /// Where the present corpus, or the present codes, came from.
    fn data_source(&self) -> Option<&Source> {
        let of_codes = self.codes.as_ref().map(|codes| &codes.source);
        self.dataset.as_ref().map(|dataset| &dataset.source).or(of_codes)
    }

    /// Opens the present corpus again, where it is of audio (`of_audio`) or of features (not).
    fn reopen(&mut self, of_audio: bool) {
        let built_of_audio = self.dataset.as_ref().is_some_and(|dataset| !dataset.audio.is_empty());
        if let Some(source) = self.data_source().filter(|_| of_audio == built_of_audio) {
            let source = source.clone();
            let chosen = self.chosen_of(&source);
            self.open(source, Then::Look, chosen);
        }
    }

    pub(super) fn open(&mut self, source: Source, then: Then, chosen: Option<Chosen>) {
        if source == Source::Files(Vec::new()) {
            return;
        }
        let mut data = self.data_spec.clone();
        // What a built-in source brought along does not stay for the user's own files.
        if let (Source::Files(_), Some(Source::Builtin(builtin))) =
            (&source, self.dataset.as_ref().map(|dataset| &dataset.source))
            && self.holdout == builtin.holdout()
        {
            self.holdout = HOLDOUT;
        }
        // A new file is guessed at afresh: what was chosen for another says nothing about it.
        if self.data_source() != Some(&source) {
            (data.time_axis, data.codebook_size) = (None, None);
        }
        data.quantizer = chosen.as_ref().and_then(|(choice, index)| choice.name(*index));
        // Whoever opens something else has no answer to what was asked before.
        self.choice = None;
        let title = format!("Opening {}", source.title());
        let (time_axis, codebook_size) = (data.time_axis, data.codebook_size);
        let job = self.start_job(&title, JobSpec::Open(OpenSpec { source: source.clone(), data }));
        self.opening = Some(Opening { job, source, time_axis, codebook_size, chosen, then });
    }

    pub(super) fn apply_train(&mut self, command: TrainCommand) {
        match command {
            TrainCommand::Start => self.start_training(false, None),
            TrainCommand::StartFromModel => match self.model.clone() {
                Some(model) => self.start_training(false, Some(&model)),
                None => self.notify(Severity::Warning, "There is no model to start from: open one first"),
            },
            TrainCommand::Continue => self.continue_training(),
            TrainCommand::Pause => self.tell(Control::Pause),
            TrainCommand::Resume => self.tell(Control::Resume),
            TrainCommand::StepOnce if self.training.is_some() => self.tell(Control::StepOnce),
            TrainCommand::StepOnce => self.start_training(true, None),
            TrainCommand::Stop => self.stop_training(),
            TrainCommand::Evaluate => self.evaluate_model(),
            TrainCommand::SetSearch(search) => self.set_search(search),
        }
    }

    fn tell(&self, control: Control) {
        if let Some(job) = &self.training {
            job.tell(control);
        }
    }

    /// Trains again from where the training under way began.
    pub(super) fn restart_training(&mut self) {
        if self.restart_comparison() {
            return;
        }
        let model = self.model.clone().filter(|_| self.from_model);
        self.start_training(false, model.as_ref());
    }

    fn stop_training(&mut self) {
        let Some(job) = &self.training else { return };
        job.cancel();
        self.train_state = TrainState::Stopping;
    }

    fn start_training(&mut self, paused: bool, from: Option<&ModelView>) {
        let Some(dataset) = self.dataset.clone() else {
            return self
                .notify(Severity::Warning, "There is nothing to train on yet: open audio or features");
        };
        let params = match self.params.valid() {
            Ok(params) => params,
            Err(err) => return self.notify(Severity::Error, err.to_string()),
        };
        if let Some(why) = no_standardizing(&params, self.standardize) {
            return self.notify(Severity::Error, why);
        }
        let number = RUNS_STARTED.fetch_add(1, Ordering::Relaxed);
        let spec = TrainSpec {
            name: format!("Run {number}, {}", params.rule),
            dataset,
            params,
            holdout: Holdout(self.holdout),
            standardize: self.standardize,
            search: self.search,
            start: from.map(|model| model.rvq.clone()),
            resume: None,
            paused,
        };
        (self.steps_before, self.from_model) = (0, from.is_some());
        self.begin(spec);
    }

    fn continue_training(&mut self) {
        if self.training.is_some() {
            return self.tell(Control::Resume);
        }
        let (Some(dataset), Some(view)) = (self.dataset.clone(), self.view.clone()) else { return };
        let steps_before = view.run.steps;
        let params = match self.params.valid_after(steps_before) {
            Ok(params) => params,
            Err(err) => return self.notify(Severity::Error, err.to_string()),
        };
        let Some(resume) = self.resume.take() else {
            return self
                .notify(Severity::Warning, "This run cannot be gone on with: train again from its model");
        };
        self.steps_before = steps_before;
        self.begin(TrainSpec {
            name: view.run.name.clone(),
            dataset,
            params,
            holdout: Holdout(self.holdout),
            standardize: self.standardize,
            search: self.search,
            start: None,
            resume: Some(resume),
            paused: false,
        });
    }

    /// What is on the screen stays until the new training has something to show.
    fn begin(&mut self, spec: TrainSpec) {
        (self.evaluating, self.comparison) = (None, None);
        let going_on = self.view.as_ref().filter(|_| spec.resume.is_some());
        self.incoming = Some(going_on.map(|view| view.history.clone()).unwrap_or_default());
        self.training = Some(self.start_job("Training", JobSpec::Train(Box::new(spec))));
        self.train_state = TrainState::Starting;
    }

    /// Searches in another way from now on; what is shown is looked at again.
    fn set_search(&mut self, search: Search) {
        self.search = Search::of_width(search.width());
        if self.training.is_some() {
            return self.tell(Control::Search(self.search));
        }
        let (Some(dataset), Some(view)) = (self.dataset.clone(), &self.view) else { return };
        let spec = LookSpec { run: view.run.clone(), dataset, search: self.search };
        self.evaluating = Some(self.start_job("Searching codes anew", JobSpec::Look(spec)));
    }

    pub(super) fn evaluate_model(&mut self) {
        let (Some(dataset), Some(model)) = (self.dataset.clone(), self.model.clone()) else {
            return self.notify(
                Severity::Warning,
                "To look at a model, open the model and audio or features of its dimension",
            );
        };
        let (dim, frames_dim) = (model.rvq.dim(), dataset.set.matrix.dim());
        if dim != frames_dim {
            return self.notify(
                Severity::Error,
                format!("The model has {dim} dimensions, but the frames have {frames_dim}: open features that it was made for"),
            );
        }
        (self.training, self.comparison) = (None, None);
        self.train_state = TrainState::Idle;
        self.resume = None;
        let name = model.path.file_name().unwrap_or(model.path.as_os_str()).to_string_lossy().into_owned();
        let spec = EvaluateSpec {
            name,
            dataset,
            rvq: Arc::clone(&model.rvq),
            params: model.params,
            steps: model.steps,
            holdout: None,
            search: self.search,
        };
        let job = self.start_job("Evaluating the model", JobSpec::Evaluate(spec));
        self.evaluating = Some(job);
    }
}
