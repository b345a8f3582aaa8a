//! What the window reads of the session.

use std::path::PathBuf;
use std::sync::Arc;

use crate::features::Split;
use crate::jobs::{DataSpec, Dataset, OpenedCodes};
use crate::rvq::search::Search;
use crate::task::Progress;
use crate::training::proposal::{DataSize, Proposed, proposals};

use super::activity::TrainState;
use super::ids::{DataId, GroupId, RunId};
use super::notices::Notice;
use super::opening::FileChoice;
use super::run_entry::{ModelFile, View};
use super::{DataEntry, ParamsEditor, Plan, RunEntry, Selection, Session};

impl Session {
    /// How audio, features and codes are opened.
    #[must_use]
    pub fn data_spec(&self) -> &DataSpec {
        &self.corpus.spec
    }

    /// What the next training is like.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The share of frames that the next training holds out.
    #[must_use]
    pub fn holdout(&self) -> f64 {
        self.plan.holdout
    }

    /// Whether the next training sees centred data of unit variance.
    #[must_use]
    pub fn standardize(&self) -> bool {
        self.plan.standardize
    }

    /// How codes are searched in evaluations and saved codes.
    #[must_use]
    pub fn search(&self) -> Search {
        self.plan.search
    }

    /// The parameters of the next training.
    #[must_use]
    pub fn params(&self) -> &ParamsEditor {
        &self.plan.params
    }

    /// Parameters that would fit the present data better, each with its reason; none where there are no data.
    #[must_use]
    pub fn proposals(&self) -> Vec<Proposed> {
        let Some(dataset) = self.dataset() else { return Vec::new() };
        let split = Split::hold_out(&dataset.set, self.holdout());
        let data = DataSize {
            train_frames: Split::count(&split.train),
            held_out_frames: Split::count(&split.held_out),
            dim: dataset.set.matrix.dim(),
        };
        proposals(self.plan.params.current(), data)
    }

    /// The data of the shown run, or else what was opened last; none where codes alone are shown, or the data of the run are not in memory.
    #[must_use]
    pub fn dataset(&self) -> Option<&Arc<Dataset>> {
        let shown = self.runs.shown();
        if shown.is_some_and(|entry| entry.codes().is_some()) {
            return None;
        }
        let id = shown.and_then(|entry| entry.data).or(self.corpus.present())?;
        self.corpus.dataset(id)
    }

    /// Data that runs refer to, in memory or not.
    #[must_use]
    pub fn data_entry(&self, id: DataId) -> Option<&DataEntry> {
        self.corpus.entry(id)
    }

    /// Codes without their frames, where those are shown.
    #[must_use]
    pub fn codes(&self) -> Option<&Arc<OpenedCodes>> {
        self.runs.shown().and_then(RunEntry::codes)
    }

    /// The checkpoint that is shown, or else the one that was loaded last.
    #[must_use]
    pub fn model(&self) -> Option<&ModelFile> {
        self.model_run().and_then(RunEntry::model).map(Arc::as_ref)
    }

    /// The run of [`Session::model`].
    #[must_use]
    pub fn model_run(&self) -> Option<&RunEntry> {
        let shown = self.runs.shown().filter(|entry| entry.model().is_some());
        shown.or_else(|| self.runs.newest_model())
    }

    /// The shown run as panels draw it; none where it has no quantizer.
    #[must_use]
    pub fn view(&self) -> Option<View<'_>> {
        self.runs.shown().and_then(RunEntry::view)
    }

    /// The shown run.
    #[must_use]
    pub fn shown(&self) -> Option<&RunEntry> {
        self.runs.shown()
    }

    /// The runs that are drawn over one another: the shown one first, then those that are laid over it, oldest first.
    pub fn overlaid(&self) -> impl Iterator<Item = View<'_>> {
        let shown = self.runs.shown_id();
        let others = self.runs.overlaid().iter().filter(move |id| Some(**id) != shown);
        self.view().into_iter().chain(others.filter_map(|&id| self.runs.get(id)?.view()))
    }

    /// Whether a run is laid over the shown one.
    #[must_use]
    pub fn is_overlaid(&self, id: RunId) -> bool {
        self.runs.overlaid().contains(&id)
    }

    /// All runs, oldest first.
    #[must_use]
    pub fn runs(&self) -> &[RunEntry] {
        self.runs.entries()
    }

    /// One run.
    #[must_use]
    pub fn run(&self, id: RunId) -> Option<&RunEntry> {
        self.runs.get(id)
    }

    /// The members of a comparison or sweep, oldest first.
    pub fn group(&self, group: GroupId) -> impl Iterator<Item = &RunEntry> {
        self.runs.of_group(group)
    }

    /// Runs that wait for their turn, and whether the queue is held.
    #[must_use]
    pub fn queue(&self) -> (usize, bool) {
        (self.activity.queue.len(), self.activity.is_held)
    }

    /// What is selected, as far as the shown run has it.
    #[must_use]
    pub fn selection(&self) -> Selection {
        self.selection.within(self.runs.shown())
    }

    /// Codes of the selected layer that are marked, because something was found in all of them.
    #[must_use]
    pub fn marked(&self) -> &[usize] {
        self.marked.of(self.runs.shown_id(), self.selection().layer)
    }

    /// The notices, oldest first.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        self.notices.list()
    }

    /// What training is doing.
    #[must_use]
    pub fn train_state(&self) -> TrainState {
        self.activity.train_state()
    }

    /// The runs that are being trained.
    #[must_use]
    pub fn trained_runs(&self) -> &[RunId] {
        self.activity.training().map_or(&[], |(_, training)| &training.runs)
    }

    /// Whether trainings are being compared.
    #[must_use]
    pub fn is_comparing(&self) -> bool {
        self.activity.training().is_some_and(|(_, training)| !training.compared.is_empty())
    }

    /// Whether the shown run can be resumed behind its last step.
    #[must_use]
    pub fn can_continue(&self) -> bool {
        self.activity.training().is_none() && self.runs.shown().is_some_and(RunEntry::can_resume)
    }

    /// How far training's present stage is, before its first step.
    #[must_use]
    pub fn train_progress(&self) -> Option<&Progress> {
        self.activity.training().and_then(|(job, _)| job.progress.as_ref())
    }

    /// Other jobs under way: title and progress.
    pub fn background(&self) -> impl Iterator<Item = (&str, Option<&Progress>)> {
        self.activity.background()
    }

    /// Whether files are being opened.
    #[must_use]
    pub fn is_opening(&self) -> bool {
        self.activity.opening().is_some()
    }

    /// Whether any folder is watched, with a run of it or without one yet.
    #[must_use]
    pub fn watches(&self) -> bool {
        self.activity.watches()
    }

    /// Whether the folder that a run is of is still watched.
    #[must_use]
    pub fn is_watching(&self, id: RunId) -> bool {
        self.activity.is_watching(id)
    }

    /// Whether a run is being evaluated.
    #[must_use]
    pub fn is_evaluating(&self, id: RunId) -> bool {
        self.activity.is_evaluating(id)
    }

    /// Whether any job is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.activity.is_busy()
    }

    /// The choice that has to be made before a file can be opened.
    #[must_use]
    pub fn file_choice(&self) -> Option<&Arc<FileChoice>> {
        self.corpus.choice.as_ref()
    }

    /// Data that moved or changed since they were recorded, with what is wrong: the user is asked where they are.
    #[must_use]
    pub fn missing_data(&self) -> &[(DataId, String)] {
        &self.corpus.missing
    }

    /// Whether there is an edit to undo, and of what.
    #[must_use]
    pub fn can_undo(&self) -> Option<&'static str> {
        self.edits.next(true)
    }

    /// Whether there is an edit to redo, and of what.
    #[must_use]
    pub fn can_redo(&self) -> Option<&'static str> {
        self.edits.next(false)
    }

    /// Where the panels lie, as the window stored it last; empty before it did.
    #[must_use]
    pub fn layout(&self) -> &str {
        &self.workspace.layout
    }

    /// Changes whenever anything that panels draw has changed.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What was opened successfully since the last call.
    pub fn take_recently_opened(&mut self) -> Vec<Vec<PathBuf>> {
        std::mem::take(&mut self.corpus.recently_opened)
    }
}
