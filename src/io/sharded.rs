//! Checkpoints in several files: all of them together, from any of them or from their index.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ndarray::ArrayD;

use super::tensors::{TensorInfo, Tensors};
use super::{Opened, Problem, Source, Wanted, reader_for, recognise};
use crate::task::Task;
use crate::text::{Message, msg};

/// What the name of an index ends in.
const INDEX: &str = ".index.json";

/// Endings of files whose tensors have names.
const ENDINGS: [&str; 4] = ["safetensors", "bin", "pt", "pth"];

/// More parts than any checkpoint has.
const MAX_SHARDS: usize = 4096;

/// An index is names alone.
const MAX_INDEX_BYTES: u64 = 64 << 20;

/// The files of one checkpoint.
pub(super) struct Shards {
    paths: Vec<PathBuf>,
    /// Whether an index names them, so that they are parts of nothing else.
    is_sure: bool,
}

/// The files of the checkpoint that `path` is a part of, or the index of.
///
/// # Errors
/// The index cannot be read, or names files outside its folder.
pub(super) fn shards_of(path: &Path) -> Result<Option<Shards>, Problem> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Ok(None) };
    if name.ends_with(INDEX) {
        return Ok(Some(Shards { paths: indexed(path)?, is_sure: true }));
    }
    let Some((stem, count, digits, ending)) = numbered(name) else { return Ok(None) };
    let path_of =
        |nth: usize| path.with_file_name(format!("{stem}-{nth:0digits$}-of-{count:0digits$}.{ending}"));
    Ok(Some(Shards { paths: (1..=count).map(path_of).collect(), is_sure: false }))
}

/// `model-00001-of-00002.safetensors` as `model`, 2, 5 and `safetensors`.
fn numbered(name: &str) -> Option<(&str, usize, usize, &str)> {
    let (front, ending) = name.rsplit_once('.')?;
    let (front, count) = front.rsplit_once("-of-")?;
    let (stem, number) = front.rsplit_once('-')?;
    let is_number = |text: &str| text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_sound = is_number(number) && is_number(count) && number.len() == count.len();
    let shards = count.parse::<usize>().ok().filter(|shards| (2..=MAX_SHARDS).contains(shards))?;
    (is_sound && ENDINGS.contains(&ending)).then_some((stem, shards, count.len(), ending))
}

fn indexed(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let source = Source::open(path)?;
    if source.len > MAX_INDEX_BYTES {
        return Err(Problem::malformed(msg!("tensor-index-long")));
    }
    let index: Index = serde_json::from_reader(std::io::BufReader::new(&source.file))
        .map_err(|err| Problem::malformed(msg!("tensor-index-invalid", why = err.to_string())))?;
    let names: BTreeSet<String> = index.weight_map.into_values().collect();
    if names.is_empty() || names.len() > MAX_SHARDS {
        return Err(Problem::malformed(msg!("tensor-index-files", n = names.len())));
    }
    if let Some(name) =
        names.iter().find(|name| Path::new(name).components().count() != 1 || name.contains(".."))
    {
        return Err(Problem::malformed(msg!("tensor-index-elsewhere", name = format!("{name:?}"))));
    }
    Ok(names.iter().map(|name| path.with_file_name(name)).collect())
}

impl Shards {
    /// How many files there are.
    pub(super) fn count(&self) -> usize {
        self.paths.len()
    }

    /// The refusal if a file is not there.
    fn missing(&self) -> Option<Problem> {
        let missing: Vec<String> =
            self.paths.iter().filter(|path| !path.is_file()).map(|path| name_of(path)).collect();
        Some(Problem::Unsupported(match missing.as_slice() {
            [] => return None,
            [first] => msg!("tensor-part-missing", parts = self.count(), first = first),
            [first, rest @ ..] => {
                msg!("tensor-parts-missing", parts = self.count(), first = first, more = rest.len())
            }
        }))
    }

    /// Opens all of them as one file; `alone` opens the one that was asked for, by itself.
    ///
    /// # Errors
    /// A part is missing from a quantizer, or cannot be read.
    pub(super) fn open(
        &self,
        wanted: &Wanted<'_>,
        task: &Task<'_>,
        alone: impl FnOnce() -> Result<Opened, Problem>,
    ) -> Result<Opened, Problem> {
        if let Some(missing) = self.missing() {
            if self.is_sure || wanted.model.is_some() {
                return Err(missing);
            }
            // Parts of other things than quantizers may well lie apart.
            return match alone() {
                Ok(Opened::Model(_)) | Err(Problem::NoQuantizer { .. } | Problem::Malformed(_)) => {
                    Err(missing)
                }
                opened => opened,
            };
        }
        let sources = self.paths.iter().map(|path| Source::open(path)).collect::<Result<Vec<_>, _>>()?;
        let mut parts: Vec<Box<dyn Tensors + '_>> = Vec::with_capacity(sources.len());
        for source in &sources {
            let head = source.head()?;
            let tensors = reader_for(&head, source.path).and_then(|reader| reader.tensors(source, task));
            let named = |problem: Problem| {
                let what = match problem {
                    Problem::Malformed(words) | Problem::Unsupported(words) | Problem::Value(words) => words,
                    other => Message::verbatim(other.to_string()),
                };
                Problem::Malformed(msg!("tensor-part-problem", part = source.name(), what = what))
            };
            match tensors {
                Some(tensors) => parts.push(tensors.map_err(named)?),
                None => return Err(Problem::malformed(msg!("tensor-part-nameless", part = source.name()))),
            }
        }
        recognise::interpret(&Joined::new(&parts), wanted, task)
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The tensors of several files as those of one.
struct Joined<'a> {
    parts: &'a [Box<dyn Tensors + 'a>],
    home: BTreeMap<String, usize>,
    infos: BTreeMap<String, TensorInfo>,
    metadata: BTreeMap<String, String>,
}

impl<'a> Joined<'a> {
    fn new(parts: &'a [Box<dyn Tensors + 'a>]) -> Self {
        let mut joined =
            Self { parts, home: BTreeMap::new(), infos: BTreeMap::new(), metadata: BTreeMap::new() };
        for (nth, part) in parts.iter().enumerate() {
            for (name, info) in part.infos() {
                joined.home.entry(name.clone()).or_insert(nth);
                joined.infos.entry(name.clone()).or_insert_with(|| info.clone());
            }
            joined.metadata.extend(part.metadata().clone());
        }
        joined
    }

    fn part(&self, name: &str) -> Result<&dyn Tensors, Problem> {
        let part = self.home.get(name).and_then(|nth| self.parts.get(*nth));
        part.map(|part| &**part as &dyn Tensors)
            .ok_or_else(|| Problem::malformed(msg!("tensor-unknown", name = format!("{name:?}"))))
    }
}

impl Tensors for Joined<'_> {
    fn infos(&self) -> &BTreeMap<String, TensorInfo> {
        &self.infos
    }

    fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    fn floats(&self, name: &str, task: &Task<'_>) -> Result<ArrayD<f32>, Problem> {
        self.part(name)?.floats(name, task)
    }

    fn codes(&self, name: &str, task: &Task<'_>) -> Result<ArrayD<i32>, Problem> {
        self.part(name)?.codes(name, task)
    }
}
