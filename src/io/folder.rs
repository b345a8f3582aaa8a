//! Folders and patterns: each stands for the files in it, or of that name, that can be read.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::{FileError, Problem, Source, known_formats, reader_for};

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
/// A folder cannot be read, holds nothing that can be read, or holds too many entries; or nothing matches a pattern.
pub fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, FileError> {
    let mut files = Vec::new();
    for path in paths {
        match matches(path)? {
            Some(matches) => files.append(&mut expand_plain(&matches)?),
            None => files.append(&mut expand_plain(std::slice::from_ref(path))?),
        }
    }
    Ok(files)
}

/// What matches `path` in the order in which a person would count, if it is a pattern and not the name of something that is there.
fn matches(path: &Path) -> Result<Option<Vec<PathBuf>>, FileError> {
    let Some(pattern) = path.to_str().filter(|text| text.contains(['*', '?', '['])) else { return Ok(None) };
    if path.symlink_metadata().is_ok() {
        return Ok(None);
    }
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    // What is no pattern is the name of a file that is not there.
    let Ok(matches) = glob::glob_with(pattern, options) else { return Ok(None) };
    let mut found: Vec<PathBuf> = matches.filter_map(Result::ok).take(MAX_ENTRIES + 1).collect();
    if found.len() > MAX_ENTRIES {
        let words = format!("over {MAX_ENTRIES} files match this pattern; make it narrower");
        return Err(Problem::Unsupported(words).at(path));
    }
    if found.is_empty() {
        return Err(Problem::Unsupported("no file matches this pattern".to_owned()).at(path));
    }
    found.sort_by(|a, b| natural_order(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok(Some(found))
}

fn expand_plain(paths: &[PathBuf]) -> Result<Vec<PathBuf>, FileError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut walk = Walk { seen: HashSet::new(), entries: 0, files: Vec::new() };
        walk.folder(path, 0)?;
        if walk.files.is_empty() {
            return Err(Problem::NothingInFolder { known: known_formats() }.at(path));
        }
        files.append(&mut walk.files);
    }
    Ok(files)
}

struct Walk {
    /// Folders by their true path, against links that lead in circles.
    seen: HashSet<PathBuf>,
    entries: usize,
    files: Vec<PathBuf>,
}

impl Walk {
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
                let words =
                    format!("this folder holds over {MAX_ENTRIES} entries; choose a folder inside it");
                return Err(Problem::Unsupported(words).at(folder));
            }
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                entries.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
            }
        }
        entries.sort_by(|(a, a_path), (b, b_path)| natural_order(a, b).then_with(|| a_path.cmp(b_path)));
        for (_, path) in entries {
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

/// Compares names with runs of digits taken as numbers.
fn natural_order(a: &str, b: &str) -> Ordering {
    let whole = a.cmp(b);
    let (mut a, mut b) = (a, b);
    loop {
        let ((a_text, a_rest), (b_text, b_rest)) = (split_run(a), split_run(b));
        if a_text.is_empty() || b_text.is_empty() {
            // Names that differ in upper and lower case alone are told apart at the very end.
            return a_text.len().cmp(&b_text.len()).then(whole);
        }
        let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let order = if is_number(a_text) && is_number(b_text) {
            // Without leading zeros the longer number is the larger one, however long.
            let (x, y) = (a_text.trim_start_matches('0'), b_text.trim_start_matches('0'));
            x.len().cmp(&y.len()).then_with(|| x.cmp(y)).then_with(|| a_text.len().cmp(&b_text.len()))
        } else {
            a_text.to_lowercase().cmp(&b_text.to_lowercase())
        };
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (a_rest, b_rest);
    }
}

/// The leading run of digits, or of anything else, and what follows it.
fn split_run(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::natural_order;

    #[test]
    fn names_are_sorted_as_a_person_counts() {
        let mut names = ["clip10.wav", "clip2.wav", "Clip1.wav", "clip2b.wav", "clip02.wav", "a", "clip"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(names, ["a", "clip", "Clip1.wav", "clip2.wav", "clip2b.wav", "clip02.wav", "clip10.wav"]);
    }
}
