//! Opening files, evaluating and encoding: what the data and the shown run ask of jobs.

use std::path::PathBuf;
use std::sync::Arc;

use crate::jobs::{Dataset, EvaluateSpec, Holdout, JobSpec, LookSpec, OpenSpec, Source, TokensSpec};
use crate::rvq::search::Search;
use crate::text::t;

use super::activity::Doing;
use super::command::{DataCommand, TrainCommand};
use super::edits::Edit;
use super::ids::{DataId, RunId};
use super::opening::{AfterOpen, Answer, Answers, Opening};
use super::plan::HOLDOUT;
use super::run_entry::{Body, ModelFile};
use super::severity::Severity;
use super::{RunEntry, Session};

impl Session {
    pub(super) fn apply_data(&mut self, command: DataCommand) {
        match command {
            DataCommand::Open(paths) => self.open(Source::Files(paths), AfterOpen::Show, Answers::default()),
            DataCommand::OpenBuiltin { builtin, then_train } => {
                let (before, after) = (*self.plan.params.current(), builtin.preset());
                if self.plan.params.replace(after).is_some() {
                    self.edits.push(Edit::Params { before, after });
                }
                self.plan.holdout = builtin.holdout();
                let after = if then_train { AfterOpen::Train } else { AfterOpen::Show };
                self.open(Source::Builtin(builtin), after, Answers::default());
            }
            DataCommand::SetExtract(extract) => {
                if let Err(err) = extract.validate() {
                    return self.notify(Severity::Error, err.to_string());
                }
                self.corpus.spec.extract = extract;
                self.reopen(true);
            }
            DataCommand::SetChannel(channel) => {
                self.corpus.spec.channel = channel;
                self.reopen(true);
            }
            DataCommand::SetTimeAxis(axis) => {
                self.corpus.spec.time_axis = axis;
                self.reopen(false);
            }
            DataCommand::SetFrameRate(rate) => {
                self.corpus.spec.frame_rate_hz = rate.filter(|r| r.is_finite() && *r > 0.0);
                self.reopen(false);
            }
            DataCommand::SetCodebookSize(size) => {
                self.corpus.spec.codebook_size = size.filter(|&size| size > 0);
                self.reopen(false);
            }
            DataCommand::Encode => self.encode(),
            DataCommand::SetHoldout(share) => {
                if share.is_finite() {
                    self.plan.holdout = share.clamp(0.0, 0.9);
                }
                self.restart_single();
            }
            DataCommand::SetStandardize(standardize) => {
                self.plan.standardize = standardize;
                self.restart_single();
            }
            DataCommand::CloseModel => {
                if let Some(id) = self.model_run().map(|entry| entry.id) {
                    self.delete_run(id);
                }
            }
            DataCommand::Answer(answer) => self.answer(answer),
            DataCommand::Watch(folder) => self.watch(folder),
            DataCommand::StopWatching => {
                self.workspace.to_watch.clear();
                self.activity.drop_where(|doing| matches!(doing, Doing::Watching(_)));
            }
            DataCommand::Cancel => self.activity.drop_where(|doing| matches!(doing, Doing::Opening(_))),
        }
    }

    /// A training under way starts again, because what it trains on has changed.
    fn restart_single(&mut self) {
        if self.activity.training().is_some() {
            self.restart_training();
        }
    }

    /// Where the present data, or the codes that are shown, came from.
    fn data_source(&self) -> Option<Source> {
        let codes = self.codes().map(|codes| codes.source.clone());
        codes.or_else(|| self.dataset().map(|dataset| dataset.source.clone()))
    }

    /// Opens the present data again, where they are of audio (`of_audio`) or of features and codes (not).
    fn reopen(&mut self, of_audio: bool) {
        let is_of_audio = self.dataset().is_some_and(|dataset| !dataset.audio.is_empty());
        if let Some(source) = self.data_source().filter(|_| of_audio == is_of_audio) {
            let answers = self.answers_of(&source);
            self.open(source, AfterOpen::Show, answers);
        }
    }

    /// What was answered of the loaded model, where it came from `source`.
    fn answers_of(&self, source: &Source) -> Answers {
        let came_from =
            |model: &&ModelFile| matches!(source, Source::Files(paths) if paths.contains(&model.path));
        self.model().filter(came_from).map(ModelFile::answers).unwrap_or_default()
    }

    pub(super) fn open(&mut self, source: Source, after: AfterOpen, answers: Answers) {
        if source == Source::Files(Vec::new()) {
            return;
        }
        // What a built-in source brought along does not stay for the user's own files.
        if matches!(source, Source::Files(_)) && self.corpus.brought_holdout() == Some(self.plan.holdout) {
            self.plan.holdout = HOLDOUT;
        }
        let mut data = self.corpus.spec_for(&source, self.data_source().as_ref());
        (data.quantizer, data.model) = (answers.quantizer.clone(), answers.model.clone());
        // Known data are opened as they were, with what was answered of a model among them.
        if let AfterOpen::Restore(id) = after
            && let Some(entry) = self.corpus.entry(id)
        {
            data = entry.spec.clone();
        }
        // Whoever opens something else has no answer to what was asked before.
        self.corpus.choice = None;
        let title = t!("session-opening", what = source.title());
        let spec = OpenSpec { source: source.clone(), data: data.clone() };
        let opening = Opening { source, data, answers, after };
        self.activity.start(&title, Doing::Opening(Box::new(opening)), JobSpec::Open(spec));
    }

    /// Opens what was asked about with this answer, or else another quantizer of the file that the model came from.
    fn answer(&mut self, answer: Option<Answer>) {
        let of_model =
            || self.model().and_then(|model| model.others.as_ref()).map(|(choice, _)| choice.clone());
        let Some(choice) = self.corpus.choice.clone().or_else(of_model) else { return };
        self.corpus.choice = None;
        if let Some(answers) = answer.and_then(|answer| choice.answered(answer)) {
            self.open(choice.source.clone(), choice.after, answers);
        }
    }

    /// Data of a run that moved or changed: they lie at `paths` now, or stay closed.
    pub(super) fn locate(&mut self, id: DataId, paths: Option<Vec<PathBuf>>) {
        self.corpus.missing.retain(|(missing, _)| *missing != id);
        if let Some(paths) = paths {
            self.corpus.relocate(id, Source::Files(paths.clone()));
            self.open(Source::Files(paths), AfterOpen::Restore(id), Answers::default());
        }
    }

    /// Shows a run in every panel, together with its data.
    pub(super) fn show_run(&mut self, id: RunId) {
        let Some(entry) = self.runs.get(id) else { return };
        let data = entry.data;
        self.runs.show(Some(id));
        self.bring_back(id);
        if let Some(data) = data
            && !self.corpus.make_present(data)
        {
            self.open_again(data);
        }
    }

    /// Opens known data again, whose frames are not in memory.
    pub(super) fn open_again(&mut self, id: DataId) {
        if let Some(source) = self.corpus.entry(id).map(|entry| entry.source.clone()) {
            self.open(source, AfterOpen::Restore(id), Answers::default());
        }
    }

    /// Searches in another way from now on; what is shown is evaluated again.
    pub(super) fn set_search(&mut self, search: Search) {
        self.plan.search = Search::of_width(search.width());
        let search = self.plan.search;
        if self.activity.training().is_some() {
            self.activity.tell(crate::jobs::Control::Search(search));
        }
        // The frames of a watched run are a sample of its data.
        let view = self.view().filter(|view| view.entry.watched.is_none());
        let Some((id, run)) = view.map(|view| (view.id(), view.run.clone())) else { return };
        let Some(dataset) = self.dataset().cloned().filter(|_| !self.activity.is_training(id)) else {
            return;
        };
        if run.source.frames > 0 {
            let spec = LookSpec { run, dataset, search };
            self.activity.start(t!("session-evaluating"), Doing::Evaluating(id), JobSpec::Look(spec));
        }
    }

    /// Evaluates the loaded model on the present data.
    pub(super) fn evaluate_model(&mut self) {
        match self.model_run().map(|entry| entry.id) {
            Some(id) => self.evaluate_run(id, None),
            None => self.nothing_to_evaluate(),
        }
    }

    fn nothing_to_evaluate(&mut self) {
        self.notify(Severity::Warning, t!("session-nothing-to-evaluate"));
    }

    /// Evaluates a run on its data; a loaded model that has none, or other data than the present ones, on those. `held_out` is the share that a model
    /// was not trained on; `None` for all frames.
    pub(super) fn evaluate_run(&mut self, id: RunId, held_out: Option<f64>) {
        let Some(entry) = self.runs.get(id) else { return };
        let is_model = entry.model().is_some();
        let data = if is_model { self.corpus.present().or(entry.data) } else { entry.data };
        let dataset = data.and_then(|data| self.corpus.dataset(data)).cloned();
        let (Some(data), Some(dataset), Some(run)) = (data, dataset, entry.run().cloned()) else {
            return self.nothing_to_evaluate();
        };
        let (dim, frames_dim) = (run.rvq.dim(), dataset.set.matrix.dim());
        if dim != frames_dim {
            let text = t!("session-other-dimension", dim = dim, of_frames = frames_dim);
            return self.notify(Severity::Error, text);
        }
        if !is_model {
            let spec = LookSpec { run, dataset, search: self.plan.search };
            return self.activity.start(t!("session-evaluating"), Doing::Evaluating(id), JobSpec::Look(spec));
        }
        let id = self.model_run_on(id, data);
        self.runs.show(Some(id));
        let Some(model) = self.runs.get(id).and_then(RunEntry::model) else { return };
        let spec = EvaluateSpec {
            name: run.name.clone(),
            dataset,
            rvq: run.rvq.clone(),
            params: model.params,
            steps: model.steps,
            holdout: held_out.map(Holdout),
            search: self.plan.search,
        };
        self.activity.start(t!("session-evaluating-model"), Doing::Evaluating(id), JobSpec::Evaluate(spec));
    }

    /// The run of a loaded model on these data: itself where it has no other, else another run of the same file.
    fn model_run_on(&mut self, id: RunId, data: DataId) -> RunId {
        let Some(entry) = self.runs.get(id) else { return id };
        if entry.data.is_none_or(|own| own == data) {
            if let Some(entry) = self.runs.get_mut(id) {
                entry.data = Some(data);
            }
            return id;
        }
        let origin = entry.origin.clone();
        let Some(file) = origin.model() else { return id };
        let is_known = |entry: &&RunEntry| entry.data == Some(data) && entry.origin.is_same_model(&origin);
        if let Some(known) = self.runs.entries().iter().find(is_known) {
            return known.id;
        }
        let Some(rvq) = entry.run().map(|run| run.rvq.clone()) else { return id };
        let mut again = file.run(rvq);
        let title = self.corpus.entry(data).map(|entry| entry.source.title()).unwrap_or_default();
        let name = if entry.tried().is_some() { entry.name() } else { &again.name };
        again.name = t!("session-model-on", model = name, data = title);
        let name = again.name.clone();
        let body = Body::Quantizer(Arc::new(again));
        let entry = self.runs.add(&mut self.ids, name, origin, super::RunState::Done, body);
        entry.data = Some(data);
        entry.id
    }

    /// Encodes the data of the shown run, unless that was done or is being done.
    fn encode(&mut self) {
        let Some(view) = self.view() else { return };
        let (id, rvq, search) = (view.id(), view.run.rvq.clone(), view.entry.searched());
        let data = view.entry.data;
        let dataset: Option<Arc<Dataset>> = data.and_then(|data| self.corpus.dataset(data)).cloned();
        let is_done = view.entry.encoded.is_of(&rvq, search);
        let Some(dataset) = dataset.filter(|_| !is_done && !self.is_taking_steps(id)) else { return };
        let spec = TokensSpec { rvq: rvq.clone(), dataset, search };
        if let Some(entry) = self.runs.get_mut(id) {
            entry.encoded.begin(rvq, search);
        }
        self.activity.start(t!("session-encoding"), Doing::Encoding(id), JobSpec::Tokens(spec));
    }

    pub(super) fn apply_train(&mut self, command: TrainCommand) {
        match command {
            TrainCommand::Start => self.start_training(false, None),
            TrainCommand::StartFromModel => match self.model_run().map(|entry| entry.id) {
                Some(id) => self.start_training(false, Some(id)),
                None => self.notify(Severity::Warning, t!("session-no-model-to-start-from")),
            },
            TrainCommand::Continue => self.continue_training(),
            TrainCommand::Pause => self.activity.tell(crate::jobs::Control::Pause),
            TrainCommand::Resume => self.activity.tell(crate::jobs::Control::Resume),
            TrainCommand::StepOnce if self.activity.training().is_some() => {
                self.activity.tell(crate::jobs::Control::StepOnce);
            }
            TrainCommand::StepOnce => self.start_training(true, None),
            TrainCommand::Stop => self.stop_training(),
            TrainCommand::Evaluate => self.evaluate_model(),
            TrainCommand::SetSearch(search) => self.set_search(search),
        }
    }
}
