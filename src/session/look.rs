//! What can be looked at.

use std::path::PathBuf;
use std::sync::Arc;

use crate::jobs::{DataSpec, Dataset, OpenedCodes};
use crate::rvq::search::Search;
use crate::task::Progress;
use crate::training::SplitKind;

use super::{ModelView, Notice, ParamsEditor, Selection, Session, TrainState, View};

impl Session {
    /// How audio and features are opened.
    #[must_use]
    pub fn data_spec(&self) -> &DataSpec {
        &self.data_spec
    }

    /// The share of frames that is held out.
    #[must_use]
    pub fn holdout(&self) -> f64 {
        self.holdout
    }

    /// Whether training sees centred data of unit variance.
    #[must_use]
    pub fn standardize(&self) -> bool {
        self.standardize
    }

    /// How codes are searched when frames are looked at.
    #[must_use]
    pub fn search(&self) -> Search {
        self.search
    }

    /// The corpus.
    #[must_use]
    pub fn dataset(&self) -> Option<&Arc<Dataset>> {
        self.dataset.as_ref()
    }

    /// Codes that were opened without their frames; never beside a corpus.
    #[must_use]
    pub fn codes(&self) -> Option<&Arc<OpenedCodes>> {
        self.codes.as_ref()
    }

    /// The opened model.
    #[must_use]
    pub fn model(&self) -> Option<&ModelView> {
        self.model.as_ref()
    }

    /// The parameters of the next training.
    #[must_use]
    pub fn params(&self) -> &ParamsEditor {
        &self.params
    }

    /// What panels draw.
    #[must_use]
    pub fn view(&self) -> Option<&View> {
        self.view.as_ref()
    }

    /// Finished runs, oldest first.
    #[must_use]
    pub fn runs(&self) -> &[View] {
        &self.runs
    }

    /// What is looked at, as far as the view has it.
    #[must_use]
    pub fn selection(&self) -> Selection {
        let Some(View { run, .. }) = &self.view else { return self.selection_of_codes() };
        let layer = self.selection.layer.min(run.rvq.num_layers().saturating_sub(1));
        let codes = run.rvq.layers().get(layer).map_or(0, |layer| layer.codebook.num_codes());
        let code = self.selection.code.filter(|&code| code < codes);
        let split = if run.source.held_out_frames > 0 { self.selection.split } else { SplitKind::Train };
        Selection { layer, code, split, frames: self.selection.frames }
    }

    /// What is looked at, as far as codes that came on their own have it. All of them are one set of frames.
    fn selection_of_codes(&self) -> Selection {
        let Some(codes) = &self.codes else { return self.selection };
        let sizes = &codes.tokens.num_codes;
        let layer = self.selection.layer.min(sizes.len().saturating_sub(1));
        let code = self.selection.code.filter(|code| sizes.get(layer).is_some_and(|size| code < size));
        Selection { layer, code, split: SplitKind::Train, frames: self.selection.frames }
    }

    /// The notices, oldest first.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// What training is doing.
    #[must_use]
    pub fn train_state(&self) -> TrainState {
        self.train_state
    }

    /// Whether a training that ended can be gone on with.
    #[must_use]
    pub fn can_continue(&self) -> bool {
        self.training.is_none() && self.resume.is_some()
    }

    /// How far training's present stage is, before its first step.
    #[must_use]
    pub fn train_progress(&self) -> Option<&Progress> {
        self.training.as_ref().and_then(|job| job.progress.as_ref())
    }

    /// Other jobs under way: title and progress.
    pub fn background(&self) -> impl Iterator<Item = (&str, Option<&Progress>)> {
        let opening = self.opening.as_ref().map(|opening| &opening.job);
        opening
            .into_iter()
            .chain(&self.evaluating)
            .chain(self.encoded.job())
            .chain(&self.saving)
            .map(|job| (job.title.as_str(), job.progress.as_ref()))
    }

    /// Whether files are being opened.
    #[must_use]
    pub fn is_opening(&self) -> bool {
        self.opening.is_some()
    }

    /// Whether any job is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.training.is_some() || self.background().next().is_some()
    }

    /// Changes whenever anything that panels draw has changed.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What was opened successfully since the last call.
    pub fn take_recently_opened(&mut self) -> Vec<Vec<PathBuf>> {
        std::mem::take(&mut self.recently_opened)
    }
}
