//! What is selected in every panel: a layer, a code, frames; and codes that are marked together.

use std::sync::Arc;

use crate::training::SplitKind;

use super::command::SelectCommand;
use super::ids::RunId;
use super::run_entry::{Body, RunEntry};

/// What is looked at, in every panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Selection {
    /// The layer, from 0.
    pub layer: usize,
    /// A code of it.
    pub code: Option<usize>,
    /// Which frames figures are of.
    pub split: SplitKind,
    /// A stretch of frames.
    pub frames: Option<(usize, usize)>,
}

/// Codes of a layer that are looked at together, until another layer or code is selected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Marked {
    /// The run that they are of.
    run: Option<RunId>,
    layer: usize,
    codes: Arc<[usize]>,
}

impl Marked {
    /// What is marked after `command`, while `run` is shown.
    pub(super) fn after(self, command: &SelectCommand, run: Option<RunId>) -> Self {
        match command {
            SelectCommand::Codes(layer, codes) => Self { run, layer: *layer, codes: codes.clone() },
            SelectCommand::Layer(_) | SelectCommand::Code(..) => Self::default(),
            SelectCommand::Split(_) | SelectCommand::Frames(_) => self,
        }
    }

    /// The codes, where they are of this layer of this run.
    pub(super) fn of(&self, run: Option<RunId>, layer: usize) -> &[usize] {
        if self.run == run && self.layer == layer { &self.codes } else { &[] }
    }
}

impl Default for Selection {
    fn default() -> Self {
        Self { layer: 0, code: None, split: SplitKind::HeldOut, frames: None }
    }
}

impl Selection {
    /// The selection after `command`.
    #[must_use]
    pub(super) fn after(mut self, command: &SelectCommand) -> Self {
        match command {
            SelectCommand::Layer(layer) => {
                self.code = self.code.filter(|_| self.layer == *layer);
                self.layer = *layer;
            }
            SelectCommand::Code(layer, code) => (self.layer, self.code) = (*layer, *code),
            SelectCommand::Codes(layer, codes) => (self.layer, self.code) = (*layer, codes.first().copied()),
            SelectCommand::Split(split) => self.split = *split,
            SelectCommand::Frames(frames) => self.frames = *frames,
        }
        self
    }

    /// As much of it as `shown` has: a layer, a code, a split that are there.
    #[must_use]
    pub(super) fn within(self, shown: Option<&RunEntry>) -> Self {
        let (sizes, has_held_out) = match shown.map(|entry| &entry.body) {
            Some(Body::Quantizer(run)) => (
                run.rvq.layers().iter().map(|layer| layer.codebook.num_codes()).collect(),
                run.source.held_out_frames > 0 || run.source.frames == 0,
            ),
            // All frames of codes that came on their own are one set.
            Some(Body::Codes(codes)) => (codes.tokens.num_codes.clone(), false),
            _ => return self,
        };
        let layer = self.layer.min(sizes.len().saturating_sub(1));
        let code = self.code.filter(|&code| sizes.get(layer).is_some_and(|&size| code < size));
        let only_held_out = matches!(shown.map(|entry| &entry.body), Some(Body::Quantizer(run)) if run.source.train_frames == 0 && run.source.frames > 0);
        let split = match (has_held_out, only_held_out) {
            (false, _) => SplitKind::Train,
            (true, true) => SplitKind::HeldOut,
            (true, false) => self.split,
        };
        Self { layer, code, split, frames: self.frames }
    }
}
