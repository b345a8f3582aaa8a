//! Files that are being opened, what follows, and the question that a file of several quantizers asks.

use std::path::PathBuf;
use std::sync::Arc;

use crate::io::QuantizerPlace;
use crate::jobs::{DataSpec, Pitfall, Source};

use super::ids::{DataId, RunId};

/// What is done with files once they are open.
#[derive(Debug, Clone, Copy)]
pub(super) enum AfterOpen {
    /// They are shown.
    Show,
    /// They are trained on.
    Train,
    /// A known fault of trainers is shown on them.
    Pitfall(&'static Pitfall),
    /// They are data that runs refer to, opened again: they take their old place.
    Restore(DataId),
    /// They are the codes of a run, opened again.
    Codes(RunId),
}

/// Files that are being opened.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) source: Source,
    /// How they are read.
    pub(super) data: DataSpec,
    /// The one of several quantizers that is asked for.
    pub(super) chosen: Option<Chosen>,
    pub(super) after: AfterOpen,
}

/// Several quantizers in one file, of which one can be opened.
#[derive(Debug, Clone)]
pub struct QuantizerChoice {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub places: Vec<QuantizerPlace>,
    /// What was being opened.
    pub(super) source: Source,
    pub(super) after: AfterOpen,
}

/// One of them, by its place in the list.
pub(super) type Chosen = (Arc<QuantizerChoice>, usize);

impl QuantizerChoice {
    /// What opening the source must ask for.
    pub(super) fn name(&self, index: usize) -> Option<String> {
        self.places.get(index).map(QuantizerPlace::name)
    }
}
