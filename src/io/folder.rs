//! Folders and patterns: each stands for the files in it, or of that name, that can be read.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::order::natural_order;
use super::{FileError, Problem, Source, known_formats, reader_for};
use crate::task::Task;
use crate::text::{msg, phrase};

/// How deep folders are searched.
const MAX_DEPTH: usize = 16;

/// How many entries of folders are looked at before it is taken for a mistake, such as a whole disk.
const MAX_ENTRIES: usize = 200_000;

/// The files that `paths` stand for: a file for itself, a folder for the files in it and below it that can be read, and a name with `*`, `?` or
/// `[` that is no file's own for the files that match it.
///
/// The files of a folder come in the order in which a person would count them: `clip2` before `clip10`. Hidden entries are passed
/// over, and so is what is of no known format; links that lead back are followed once.
///
/// # Errors
/// A folder cannot be read, holds nothing that can be read, or holds too many entries; nothing matches a pattern; or the task was cancelled.
pub fn expand(paths: &[PathBuf], task: &Task<'_>) -> Result<Vec<PathBuf>, FileError> {
    let mut files = Vec::new();
    for path in paths {
        match matches(path, task)? {
            Some(matches) => files.append(&mut expand_plain(&matches, task)?),
            None => files.append(&mut expand_plain(std::slice::from_ref(path), task)?),
        }
    }
    Ok(files)
}

/// Tells that `done` entries of folders were looked at; how many there are is not known.
fn reach(path: &Path, done: usize, task: &Task<'_>) -> Result<(), FileError> {
    const ENTRIES_A_TELLING: usize = 256;
    if done > 0 && done.is_multiple_of(ENTRIES_A_TELLING) {
        task.progress(phrase!("stage-looking-through-folders"), done, 0);
    }
    task.check().map_err(|cancelled| Problem::from(cancelled).at(path))
}

/// What matches `path` in the order in which a person would count, if it is a pattern and not the name of something that is there.
fn matches(path: &Path, task: &Task<'_>) -> Result<Option<Vec<PathBuf>>, FileError> {
    let Some(pattern) = path.to_str().filter(|text| text.contains(['*', '?', '['])) else { return Ok(None) };
    if path.symlink_metadata().is_ok() {
        return Ok(None);
    }
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    // What is no pattern is the name of a file that is not there.
    let Ok(matches) = glob::glob_with(pattern, options) else { return Ok(None) };
    let mut found = Vec::new();
    for path in matches.filter_map(Result::ok).take(MAX_ENTRIES + 1) {
        reach(&path, found.len(), task)?;
        found.push(path);
    }
    if found.len() > MAX_ENTRIES {
        return Err(Problem::Unsupported(msg!("file-pattern-too-wide", most = MAX_ENTRIES)).at(path));
    }
    if found.is_empty() {
        return Err(Problem::Unsupported(msg!("file-pattern-without-files")).at(path));
    }
    found.sort_by(|a: &PathBuf, b| natural_order(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok(Some(found))
}

fn expand_plain(paths: &[PathBuf], task: &Task<'_>) -> Result<Vec<PathBuf>, FileError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        if let Some(problem) = super::unread::folder_refusal(path) {
            return Err(problem.at(path));
        }
        let mut walk = Walk { task, seen: HashSet::new(), entries: 0, looked_at: 0, files: Vec::new() };
        walk.folder(path, 0)?;
        if walk.files.is_empty() {
            return Err(Problem::NothingInFolder { known: known_formats() }.at(path));
        }
        files.append(&mut walk.files);
    }
    Ok(files)
}

struct Walk<'a> {
    task: &'a Task<'a>,
    /// Folders by their true path, against links that lead in circles.
    seen: HashSet<PathBuf>,
    entries: usize,
    looked_at: usize,
    files: Vec<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), FileError> {
        let at = |err: std::io::Error| Problem::from(err).at(folder);
        if depth > MAX_DEPTH || !self.seen.insert(folder.canonicalize().map_err(at)?) {
            return Ok(());
        }
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(at)? {
            let entry = entry.map_err(at)?;
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                let words = msg!("file-folder-too-full", most = MAX_ENTRIES);
                return Err(Problem::Unsupported(words).at(folder));
            }
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                entries.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
            }
        }
        entries.sort_by(|(a, a_path), (b, b_path)| natural_order(a, b).then_with(|| a_path.cmp(b_path)));
        for (_, path) in entries {
            reach(&path, self.looked_at, self.task)?;
            self.looked_at += 1;
            if path.is_dir() {
                self.folder(&path, depth + 1)?;
            } else if is_readable(&path) {
                self.files.push(path);
            }
        }
        Ok(())
    }
}

/// Whether a reader knows the file. What cannot be opened is passed over like any other file of no use.
fn is_readable(path: &Path) -> bool {
    let head = Source::open(path).and_then(|source| source.head());
    head.is_ok_and(|head| reader_for(&head, path).is_some())
}
