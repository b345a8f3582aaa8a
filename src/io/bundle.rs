//! Several files as one: a zip archive in which each is stored as it is.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::write::ZipFile;
use super::zip::{self, Archive};
use super::{FileError, Problem, Source, replace_file};
use crate::task::{Cancel, Task};
use crate::text::msg;

/// What an archive of 32-bit sizes holds, less room for its directory.
const MAX_BYTES: u64 = u32::MAX as u64 - (16 << 20);
const MAX_FILES: usize = u16::MAX as usize - 1;

/// Writes an archive of `files`, each under the name beside it, to `path`: whole or not at all.
///
/// # Errors
/// They are more than an archive holds, one cannot be read, or the archive cannot be written.
pub(crate) fn bundle(path: &Path, files: &[(String, PathBuf)]) -> Result<(), FileError> {
    let mut bytes = 0u64;
    for (_, file) in files {
        let len = file.metadata().map_err(|err| Problem::from(err).at(file))?.len();
        bytes = bytes.saturating_add(len);
    }
    if bytes > MAX_BYTES || files.len() > MAX_FILES {
        let words = msg!("file-bundle-too-large", n = files.len(), bytes = bytes.to_string());
        return Err(Problem::Unsupported(words).at(path));
    }
    replace_file(path, |out| {
        let mut zip = ZipFile::new(io::BufWriter::new(out));
        for (name, file) in files {
            zip.put_file(name, &mut File::open(file)?)?;
        }
        zip.finish()
    })
}

/// Takes the archive at `path` apart: each file goes where `place` says for its name, and reaches the disk.
///
/// # Errors
/// It is no archive, damaged, or unpacks to more than is allowed; `place` has none for a name; or a file cannot be written.
pub(crate) fn unbundle(path: &Path, place: impl Fn(&str) -> Option<PathBuf>) -> Result<(), FileError> {
    let cancel = Cancel::default();
    let take = || {
        let source = Source::open(path)?;
        if !zip::sniff(&source.head()?) {
            return Err(Problem::Malformed(msg!("file-no-bundle")));
        }
        let archive = Archive::read(&source, &Task::silent(&cancel))?;
        let places = archive.entries().iter().map(|entry| {
            let place = place(&entry.name);
            place.ok_or_else(|| {
                Problem::Malformed(msg!("file-not-of-bundle", name = format!("{:?}", entry.name)))
            })
        });
        // All names are looked at before anything is written.
        let places = places.collect::<Result<Vec<_>, _>>()?;
        for (entry, place) in archive.entries().iter().zip(places) {
            let mut reader = entry.reader(&source.file)?;
            let mut out = File::create_new(place)?;
            io::copy(&mut reader, &mut out)?;
            reader.finish(&entry.name)?;
            out.sync_all()?;
        }
        Ok(())
    };
    take().map_err(|problem: Problem| problem.at(path))
}
