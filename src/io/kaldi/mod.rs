//! Kaldi's archives: matrices and vectors by the name of their utterance (`.ark`), and lists of where they lie (`.scp`).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayD};

use super::tensors::{TensorInfo, Tensors};
use super::{Opened, Problem, Reader, Source, arrays};
use crate::task::Task;
use crate::text::msg;

mod entry;

use entry::{Entry, Kind};

/// Reads `.ark`, binary or text.
#[derive(Debug, Clone, Copy)]
pub struct ArkReader;

/// Reads `.scp`.
#[derive(Debug, Clone, Copy)]
pub struct ScpReader;

/// Entries of any file, and bytes of one more: each takes many times the least that it can be in the file.
const MAX_ENTRIES: u64 = 20_000;
const BYTES_AN_ENTRY: u64 = 64;

const MAX_KEY_LEN: usize = 4096;

/// How often a script may name all that lies in its archives. Lists that repeat clips name them some ten times; a line is short, and what it names
/// is read into memory of its own.
const MAX_REPEATS: u64 = 64;

impl Reader for ArkReader {
    fn id(&self) -> &'static str {
        "kaldi-ark"
    }

    fn label(&self) -> &'static str {
        "Kaldi archive" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ark"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        is_binary(head) || is_text(head)
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        let archive = if is_binary(&source.head()?) {
            Archive::binary(source, task)?
        } else {
            Archive::text(source, task)?
        };
        archive.interpret(source, task)
    }
}

impl Reader for ScpReader {
    fn id(&self) -> &'static str {
        "kaldi-scp"
    }

    fn label(&self) -> &'static str {
        "Kaldi script" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["scp"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
        std::str::from_utf8(line).ok().and_then(place_of).is_some()
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        Archive::listed(source, task)?.interpret(source, task)
    }
}

/// Whether a file begins with a name and the mark of Kaldi's binary numbers.
fn is_binary(head: &[u8]) -> bool {
    let key = head.iter().position(|byte| *byte == b' ');
    key.is_some_and(|end| {
        let key = head.get(..end).unwrap_or_default();
        !key.is_empty()
            && key.iter().all(u8::is_ascii_graphic)
            && head.get(end + 1..).is_some_and(|rest| rest.starts_with(b"\0B"))
    })
}

/// Whether a file begins with a name and the bracket of Kaldi's numbers as text.
fn is_text(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let mut fields = std::str::from_utf8(line).unwrap_or_default().split_ascii_whitespace();
    let is_key = fields.next().is_some_and(|key| key.parse::<f32>().is_err() && !key.starts_with(['[', '{']));
    is_key && fields.next() == Some("[") && fields.all(|field| field.parse::<f32>().is_ok() || field == "]")
}

/// The name, the archive and the offset in it that a line of a script tells of.
fn place_of(line: &str) -> Option<(&str, &str, u64)> {
    let (key, place) = line.trim().split_once([' ', '\t'])?;
    let (path, offset) = place.trim().rsplit_once(':')?;
    let is_plain = !path.is_empty() && !path.contains('|');
    Some((key, path, offset.parse().ok()?)).filter(|_| is_plain && !key.is_empty())
}

/// The entries of one archive or of several.
struct Archive<'a> {
    files: Vec<Home<'a>>,
    entries: BTreeMap<String, (usize, Entry)>,
    infos: BTreeMap<String, TensorInfo>,
    metadata: BTreeMap<String, String>,
}

/// Where entries lie.
enum Home<'a> {
    File(&'a File),
    Opened(File),
    /// Numbers that were text.
    Memory(Vec<f32>),
}

impl<'a> Archive<'a> {
    fn new(files: Vec<Home<'a>>) -> Self {
        Self { files, entries: BTreeMap::new(), infos: BTreeMap::new(), metadata: BTreeMap::new() }
    }

    fn put(&mut self, key: String, home: usize, entry: Entry, len: u64) -> Result<(), Problem> {
        if self.entries.len() as u64 >= MAX_ENTRIES + len / BYTES_AN_ENTRY {
            return Err(Problem::Unsupported(msg!("table-kaldi-too-many-entries", n = self.entries.len())));
        }
        self.infos.insert(key.clone(), TensorInfo { dtype: entry.kind.dtype(), shape: entry.shape() });
        if self.entries.insert(key.clone(), (home, entry)).is_some() {
            return Err(Problem::malformed(msg!("table-kaldi-name-twice", name = format!("{key:?}"))));
        }
        Ok(())
    }

    /// Reads where each entry of a binary archive lies.
    fn binary(source: &'a Source<'_>, task: &Task<'_>) -> Result<Self, Problem> {
        let mut archive = Self::new(vec![Home::File(&source.file)]);
        let mut file = BufReader::new(&source.file);
        file.seek(SeekFrom::Start(0))?;
        let mut at = 0u64;
        while at < source.len {
            task.check()?;
            let mut key = Vec::new();
            (&mut file).take(MAX_KEY_LEN as u64).read_until(b' ', &mut key)?;
            if key.pop() != Some(b' ') || key.is_empty() {
                return Err(Problem::malformed(msg!("table-kaldi-no-name-at", byte = at)));
            }
            at += key.len() as u64 + 1;
            let entry = Entry::read(&mut file, at, source.len)?;
            at = entry.end()?;
            // Short ways stay inside of what was read ahead.
            file.seek_relative(i64::try_from(at - entry.start).unwrap_or(i64::MAX))?;
            archive.put(String::from_utf8_lossy(&key).into_owned(), 0, entry, source.len)?;
        }
        Ok(archive)
    }

    /// Reads where the entries lie that a script tells of: in the files of these names, or in those of the same names beside it.
    fn listed(source: &'a Source<'_>, task: &Task<'_>) -> Result<Self, Problem> {
        let mut archive = Self::new(Vec::new());
        let mut names: BTreeMap<PathBuf, usize> = BTreeMap::new();
        let mut file = &source.file;
        file.seek(SeekFrom::Start(0))?;
        let mut lines = BufReader::new(file);
        let mut line = String::new();
        let (mut in_files, mut in_entries) = (0u64, 0u64);
        for number in 1u64.. {
            task.check()?;
            line.clear();
            if (&mut lines).take(2 * MAX_KEY_LEN as u64).read_line(&mut line)? == 0 {
                break;
            }
            if line.trim().is_empty() {
                continue;
            }
            let (key, path, offset) = place_of(&line)
                .ok_or_else(|| Problem::Unsupported(msg!("table-kaldi-script-no-place", line = number)))?;
            let path = PathBuf::from(path);
            let home = match names.get(&path) {
                Some(&home) => home,
                None => {
                    let file = beside(source.path, &path)?;
                    in_files = in_files.saturating_add(file.metadata()?.len());
                    archive.files.push(Home::Opened(file));
                    names.insert(path, archive.files.len() - 1);
                    archive.files.len() - 1
                }
            };
            let Some(Home::Opened(file)) = archive.files.get(home) else { continue };
            let (len, mut file) = (file.metadata()?.len(), file);
            file.seek(SeekFrom::Start(offset))?;
            let entry = Entry::read(&mut file, offset, len)?;
            in_entries = in_entries.saturating_add(entry.end()?.saturating_sub(entry.start));
            if in_entries > in_files.saturating_mul(MAX_REPEATS) {
                return Err(Problem::Unsupported(msg!("table-kaldi-script-repeats", line = number)));
            }
            archive.put(key.to_owned(), home, entry, source.len)?;
        }
        Ok(archive)
    }

    /// Reads an archive of text whole.
    fn text(source: &'a Source<'_>, task: &Task<'_>) -> Result<Self, Problem> {
        let mut file = &source.file;
        file.seek(SeekFrom::Start(0))?;
        let mut archive = Self::new(Vec::new());
        let mut values = Vec::new();
        for (key, start, columns, end) in entry::text(BufReader::new(file), source.len, &mut values, task)? {
            let kind = Kind::Text;
            let rows = (end - start) / columns.max(1);
            archive.put(
                key,
                0,
                Entry { kind, rows, columns, start: start as u64, range: (0.0, 0.0) },
                source.len,
            )?;
        }
        archive.files.push(Home::Memory(values));
        Ok(archive)
    }

    fn interpret(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        let found =
            if source.wanted.wants_model() { None } else { arrays::of_tensors(self, &source.wanted, task)? };
        found.ok_or_else(|| Problem::Unsupported(msg!("table-kaldi-no-corpus")))
    }

    fn entry(&self, name: &str) -> Result<(&Home<'a>, &Entry), Problem> {
        let found = self.entries.get(name).and_then(|(home, entry)| Some((self.files.get(*home)?, entry)));
        found.ok_or_else(|| Problem::malformed(msg!("table-kaldi-no-entry", name = format!("{name:?}"))))
    }
}

/// The archive that a script names, or the one of the same name that lies beside the script.
fn beside(script: &Path, path: &Path) -> Result<File, Problem> {
    let folder = script.parent().unwrap_or(Path::new("."));
    let name = path.file_name().map_or(path, Path::new);
    let places = [folder.join(path), folder.join(name)];
    places.iter().find_map(|place| Source::open(place).ok()).map(|source| source.file).ok_or_else(|| {
        Problem::Unsupported(msg!("table-kaldi-archive-missing", path = path.display().to_string()))
    })
}

impl Tensors for Archive<'_> {
    fn infos(&self) -> &BTreeMap<String, TensorInfo> {
        &self.infos
    }

    fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    fn floats(&self, name: &str, task: &Task<'_>) -> Result<ArrayD<f32>, Problem> {
        let (home, entry) = self.entry(name)?;
        let values = match home {
            Home::File(file) => entry.floats(file, task)?,
            Home::Opened(file) => entry.floats(file, task)?,
            Home::Memory(values) => {
                let start = entry.start as usize;
                values.get(start..start + entry.rows * entry.columns).unwrap_or_default().to_vec()
            }
        };
        let values = Array2::from_shape_vec((entry.rows, entry.columns), values);
        let values = values.map_err(|_| Problem::malformed(msg!("table-kaldi-other-size", name = name)))?;
        ArrayD::from_shape_vec(entry.shape(), values.into_raw_vec_and_offset().0)
            .map_err(|_| Problem::malformed(msg!("table-kaldi-other-size", name = name)))
    }

    fn codes(&self, name: &str, task: &Task<'_>) -> Result<ArrayD<i32>, Problem> {
        let (home, entry) = self.entry(name)?;
        let values = match home {
            Home::File(file) => entry.ints(file, task)?,
            Home::Opened(file) => entry.ints(file, task)?,
            Home::Memory(_) => {
                return Err(Problem::Unsupported(msg!("table-kaldi-holds-real-numbers", name = name)));
            }
        };
        ArrayD::from_shape_vec(entry.shape(), values)
            .map_err(|_| Problem::malformed(msg!("table-kaldi-other-size", name = name)))
    }
}
