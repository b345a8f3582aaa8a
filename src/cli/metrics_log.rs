//! `--metrics FILE.jsonl`: the scalars of every step, one JSON object a line.

use std::fs::File;
use std::io::{BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::io::{FileError, Problem, replace_file};
use crate::jobs::JobEvent;
use crate::training::StepRecord;

/// Lines that are kept beside their file, without a name, until all of them are there.
pub(super) struct MetricsLog {
    path: PathBuf,
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
        Ok(Self { path: path.to_owned(), lines: Mutex::new(Ok(BufWriter::new(file))) })
    }

    /// Adds a line for a step; what goes wrong is told by [`MetricsLog::finish`].
    pub(super) fn event(&self, event: &JobEvent) {
        let JobEvent::Step(record) = event else { return };
        let Ok(mut lines) = self.lines.lock() else { return };
        let failed = lines.as_mut().ok().and_then(|out| write_line(out, record).err());
        if let Some(err) = failed {
            *lines = Err(err);
        }
    }

    /// Puts the file in its place, whole.
    ///
    /// # Errors
    /// A line could not be written, or the file cannot be replaced.
    pub(super) fn finish(self) -> Result<(), FileError> {
        let Self { path, lines } = self;
        let at = |err: std::io::Error| Problem::from(err).at(&path);
        let lines = lines.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut file = lines.map_err(at)?.into_inner().map_err(|err| at(err.into_error()))?;
        file.rewind().map_err(at)?;
        replace_file(&path, |out| std::io::copy(&mut file, out).map(|_| ()))
    }
}

fn write_line(out: &mut impl Write, record: &StepRecord) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, record)?;
    out.write_all(b"\n")
}
