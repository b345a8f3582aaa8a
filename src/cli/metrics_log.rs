//! `--metrics FILE.jsonl`: the scalars of every step, one JSON object a line.

use std::fs::File;
use std::io::{BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::Serialize;

use crate::io::{FileError, Problem, replace_file};
use crate::jobs::JobEvent;
use crate::training::{LayerStep, StepRecord};

/// Lines that are kept beside their file, without a name, until all of them are there.
pub(super) struct MetricsLog {
    path: PathBuf,
    /// The labels of the runs that are compared; none for a single one.
    entries: Vec<String>,
    lines: Mutex<std::io::Result<BufWriter<File>>>,
}

impl MetricsLog {
    /// Lines that [`MetricsLog::finish`] is going to put at `path`.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub(super) fn new(path: &Path) -> Result<Self, FileError> {
        super::check_writable(path)?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file = tempfile::tempfile_in(folder).map_err(|err| Problem::from(err).at(path))?;
        let lines = Mutex::new(Ok(BufWriter::new(file)));
        Ok(Self { path: path.to_owned(), entries: Vec::new(), lines })
    }

    /// The same, with lines that say of which of several runs they are.
    ///
    /// # Errors
    /// As for [`MetricsLog::new`].
    pub(super) fn of_entries(path: &Path, entries: Vec<String>) -> Result<Self, FileError> {
        Ok(Self { entries, ..Self::new(path)? })
    }

    /// Adds a line for a step; what goes wrong is told by [`MetricsLog::finish`].
    pub(super) fn event(&self, event: &JobEvent) {
        let JobEvent::Step(nth, record) = event else { return };
        let entry = self.entries.get(*nth).map(String::as_str);
        let Ok(mut lines) = self.lines.lock() else { return };
        let failed = lines.as_mut().ok().and_then(|out| write_line(out, entry, record).err());
        if let Some(err) = failed {
            *lines = Err(err);
        }
    }

    /// Puts the file in its place, whole.
    ///
    /// # Errors
    /// A line could not be written, or the file cannot be replaced.
    pub(super) fn finish(self) -> Result<(), FileError> {
        let Self { path, lines, .. } = self;
        let at = |err: std::io::Error| Problem::from(err).at(&path);
        let lines = lines.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut file = lines.map_err(at)?.into_inner().map_err(|err| at(err.into_error()))?;
        file.rewind().map_err(at)?;
        replace_file(&path, |out| std::io::copy(&mut file, out).map(|_| ()))
    }
}

/// One line of a comparison: what a line of a single training has, with the training's name and the drift of all rows.
#[derive(Serialize)]
struct EntryLine<'a> {
    entry: &'a str,
    step: u64,
    layers: Vec<EntryLayer<'a>>,
}

#[derive(Serialize)]
struct EntryLayer<'a> {
    #[serde(flatten)]
    layer: &'a LayerStep,
    drift_all: f64,
}

fn write_line(out: &mut impl Write, entry: Option<&str>, record: &StepRecord) -> std::io::Result<()> {
    match entry {
        None => serde_json::to_writer(&mut *out, record)?,
        Some(entry) => {
            let layers = record.layers.iter().map(|layer| EntryLayer { layer, drift_all: layer.drift_all });
            let line = EntryLine { entry, step: record.step, layers: layers.collect() };
            serde_json::to_writer(&mut *out, &line)?;
        }
    }
    out.write_all(b"\n")
}
