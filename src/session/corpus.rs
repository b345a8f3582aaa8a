//! The data: what was opened, how, and which of it is at hand.

use std::path::PathBuf;
use std::sync::Arc;

use crate::jobs::{Builtin, DataSpec, Dataset, FileStamp, Source};

use super::ids::{DataId, Ids};
use super::opening::{FileChoice, Opening};

/// A corpus that runs refer to, whether its frames are in memory or not.
#[derive(Debug, Clone)]
pub struct DataEntry {
    /// What it is told apart by.
    pub id: DataId,
    /// Its files.
    pub source: Source,
    /// How they were read.
    pub spec: DataSpec,
    /// Size and time of each file when it was read, by which a changed file is known.
    pub stamps: Vec<FileStamp>,
    /// Its frames, as long as they are kept.
    pub dataset: Option<Arc<Dataset>>,
}

/// Corpora whose frames are kept; of the others the files are known, so that they can be opened again.
const LOADED_KEPT: usize = 3;

/// All data, and which of it is at hand.
#[derive(Debug, Default)]
pub(super) struct Corpus {
    entries: Vec<DataEntry>,
    /// What the next training trains on.
    present: Option<DataId>,
    /// How audio, features and codes are read.
    pub(super) spec: DataSpec,
    /// What has to be chosen before a file can be shown.
    pub(super) choice: Option<Arc<FileChoice>>,
    /// Opened successfully since the last look, for the list of recent files.
    pub(super) recently_opened: Vec<Vec<PathBuf>>,
    /// Data that were present when the workspace was written.
    wanted: Option<DataId>,
    /// Data that moved or changed since they were recorded: what is to be done is asked.
    pub(super) missing: Vec<(DataId, String)>,
}

impl Corpus {
    pub(super) fn entry(&self, id: DataId) -> Option<&DataEntry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    pub(super) fn entries(&self) -> &[DataEntry] {
        &self.entries
    }

    pub(super) fn present(&self) -> Option<DataId> {
        self.present
    }

    pub(super) fn dataset(&self, id: DataId) -> Option<&Arc<Dataset>> {
        self.entry(id)?.dataset.as_ref()
    }

    /// Takes in frames that were opened, as data of their own, and makes them the present ones.
    pub(super) fn add(
        &mut self,
        ids: &mut Ids,
        dataset: Arc<Dataset>,
        spec: DataSpec,
        stamps: Vec<FileStamp>,
    ) -> DataId {
        let id = ids.give();
        let source = dataset.source.clone();
        self.entries.push(DataEntry { id, source, spec, stamps, dataset: Some(dataset) });
        self.present = Some(id);
        self.let_go();
        id
    }

    /// Data that are known from a workspace, their frames not read.
    pub(super) fn remember(&mut self, entry: DataEntry) {
        self.entries.retain(|known| known.id != entry.id);
        self.entries.push(entry);
    }

    /// Frames of known data were read again; `false` where they are not the same files any more.
    pub(super) fn put_back(&mut self, id: DataId, dataset: Arc<Dataset>, stamps: &[FileStamp]) -> bool {
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) else { return false };
        if !FileStamp::same(&entry.stamps, stamps) {
            return false;
        }
        entry.dataset = Some(dataset);
        self.present = Some(id);
        self.missing.retain(|(missing, _)| *missing != id);
        self.let_go();
        true
    }

    /// The user says that these files are those data, wherever they lie and whatever their time says.
    pub(super) fn relocate(&mut self, id: DataId, source: Source) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            (entry.source, entry.stamps) = (source, Vec::new());
        }
    }

    /// Makes known data the present ones; whether their frames are there.
    pub(super) fn make_present(&mut self, id: DataId) -> bool {
        let is_loaded = self.dataset(id).is_some();
        if is_loaded {
            self.present = Some(id);
        }
        is_loaded
    }

    /// No data are present, as where codes alone are shown.
    pub(super) fn clear_present(&mut self) {
        self.present = None;
    }

    /// The share of frames that the present data brought along, as built-in sources do.
    pub(super) fn brought_holdout(&self) -> Option<f64> {
        match self.present.and_then(|id| self.entry(id))?.source {
            Source::Builtin(builtin) => Some(Builtin::holdout(builtin)),
            Source::Files(_) => None,
        }
    }

    /// Notes which data were present when the workspace was written.
    pub(super) fn want(&mut self, id: Option<DataId>) {
        self.wanted = id;
    }

    /// The data that were present when the workspace was written, where they are known.
    pub(super) fn wanted(&self) -> Option<DataId> {
        self.wanted.filter(|&id| self.entry(id).is_some())
    }

    /// What opening the source again would ask for.
    pub(super) fn spec_for(&self, source: &Source, shown: Option<&Source>) -> DataSpec {
        let mut spec = self.spec.clone();
        // A new file is guessed at afresh: what was chosen for another says nothing about it.
        if shown != Some(source) {
            (spec.time_axis, spec.codebook_size) = (None, None);
            (spec.read_as, spec.dim, spec.drop_nonfinite, spec.cleaning) = Default::default();
        }
        spec
    }

    /// Keeps what the user chose for files that could be opened with it.
    pub(super) fn keep_choices(&mut self, opening: &Opening) {
        self.spec.time_axis = opening.data.time_axis;
        self.spec.codebook_size = opening.data.codebook_size;
        let DataSpec { read_as, dim, drop_nonfinite, cleaning, .. } = opening.data.clone();
        (self.spec.read_as, self.spec.dim) = (read_as, dim);
        (self.spec.drop_nonfinite, self.spec.cleaning) = (drop_nonfinite, cleaning);
    }

    fn let_go(&mut self) {
        let present = self.present;
        let loaded = self.entries.iter().filter(|entry| entry.dataset.is_some()).count();
        let mut over = loaded.saturating_sub(LOADED_KEPT);
        for entry in &mut self.entries {
            if over > 0 && Some(entry.id) != present && entry.dataset.take().is_some() {
                over -= 1;
            }
        }
    }
}
