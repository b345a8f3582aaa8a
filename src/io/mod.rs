//! Files: reading audio, features, codes and quantizers by their content, and writing them whole or not at all.
//!
//! A reader is one file and one row of [`READERS`]. Quantizers pass through two more tables: a container gives named
//! tensors ([`tensors::Tensors`]), a family knows under which names a quantizer lies ([`model::FAMILIES`]).

mod arrays;
mod arrow;
mod bundle;
mod coded;
mod codes_file;
mod dtype;
mod ecdc;
mod error;
mod faiss;
mod folder;
mod gguf;
mod guard;
mod held;
mod json;
mod kaldi;
mod limits;
pub mod model;
mod nemo;
pub mod npy;
mod npy_objects;
pub mod npz;
mod onnx;
mod order;
mod parquet;
mod patch;
pub mod pytorch;
mod raw;
mod recognise;
mod replace;
mod riff;
pub mod safetensors;
mod sharded;
mod stored;
mod table;
pub mod tensors;
pub mod text;
mod unread;
pub mod wav;
mod write;
mod write_back;
mod zip;

pub use arrays::{
    AsStored, Cleaning, Codes, NO_CODE, Need, Offsets, RawFeatures, RawValues, ReadAs, Stated, TimeAxis,
    Wanted,
};
pub(crate) use bundle::{bundle, unbundle};
pub use codes_file::{CODES_ENDINGS, CodesFile, CodesHeader, write_codes, write_codes_blocks};
pub use dtype::Dtype;
pub use error::{Candidate, FileError, Problem, QuantizerPlace};
pub use folder::expand;
pub use limits::{UNPACK_LIMIT_FLAG, UNPACK_LIMIT_VAR, byte_count, set_unpack_limit};
pub use model::{ChainInfo, CodebookNames, LayerInfo, LoadedModel, METRIC_KEY, ModelInfo, ModelOptions};
pub use npy::write_f32_npy;
pub use replace::replace_file;
pub use write::{
    EmaParams, ModelTarget, NewFile, WRITERS, Writer, check_model, model_endings, write_model,
    write_model_as, write_tensors, writer_for,
};
pub use write_back::{WrittenBack, write_back, write_back_as};

use std::fs::{File, FileType};
use std::io::{Read, Seek};
use std::path::Path;

use crate::audio::Audio;
use crate::task::Task;
use crate::text::{Message, msg};

/// What a file turned out to be.
#[derive(Debug, Clone)]
pub enum Opened {
    /// Sound.
    Audio(Audio),
    /// Real numbers, two axes, of which one is time.
    Features(RawFeatures),
    /// A quantizer.
    Model(LoadedModel),
    /// Token ids.
    Codes(Codes),
}

/// One format that can be read.
pub trait Reader: Sync {
    /// A short name for logs and tests.
    fn id(&self) -> &'static str;

    /// What a person calls the format.
    fn label(&self) -> &'static str;

    /// File name endings without the dot. For file dialogs only: a file is known by its content.
    fn extensions(&self) -> &'static [&'static str];

    /// Whether a file that begins with `head` is of this format.
    fn sniff(&self, head: &[u8], path: &Path) -> bool;

    /// Reads it.
    ///
    /// # Errors
    /// It is broken, of a kind that is not read, or the task was cancelled.
    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem>;

    /// The named tensors of such a file, their numbers not read yet; `None` where the format has none.
    fn tensors<'a>(
        &self,
        _source: &'a Source<'_>,
        _task: &Task<'_>,
    ) -> Option<Result<Box<dyn tensors::Tensors + 'a>, Problem>> {
        None
    }
}

/// The formats, in the order in which they are tried.
pub static READERS: &[&dyn Reader] = &[
    &wav::WavReader,
    &coded::CodedReader,
    &npy_objects::NpyObjectsReader,
    &npy::NpyReader,
    &npz::NpzReader,
    &pytorch::PytorchReader,
    &pytorch::PickleReader,
    &safetensors::SafetensorsReader,
    &faiss::FaissReader,
    &gguf::GgufReader,
    &nemo::NemoReader,
    &onnx::OnnxReader,
    &ecdc::EcdcReader,
    &parquet::ParquetReader,
    &arrow::ArrowReader,
    &kaldi::ArkReader,
    &kaldi::ScpReader,
    &json::JsonReader,
    &text::TextReader,
];

/// A regular, non-empty file that is open for reading.
#[derive(Debug)]
pub struct Source<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// The file, at its beginning.
    pub file: File,
    /// Its true size in bytes; no allocation goes by what a header says without asking this.
    pub len: u64,
    /// What is wanted of it.
    pub wanted: Wanted<'a>,
}

/// How many bytes of a file the readers see to tell whose it is.
const HEAD_LEN: u64 = 4096;

/// Opens a file of any known format. What it is decides its content, not its name.
///
/// # Errors
/// It cannot be read, is of no known format, or is broken; pipes and devices are refused without touching them.
pub fn open(path: &Path, task: &Task<'_>) -> Result<Opened, FileError> {
    open_as(path, Wanted::default(), task)
}

/// Opens a file as [`open`] does, and takes of it only what is wanted.
///
/// # Errors
/// As for [`open`]; or there is no such channel, or no quantizer at that place.
pub fn open_as(path: &Path, wanted: Wanted<'_>, task: &Task<'_>) -> Result<Opened, FileError> {
    let opened = open_source(path, wanted, task).and_then(|opened| match (&opened, wanted.dim) {
        (Opened::Features(features), Some(dim)) if !features.has_dim(dim) => {
            let shape = format!("{:?}", features.values.view().shape());
            Err(Problem::Value(msg!("file-other-dimension", dim = dim, shape = shape)))
        }
        _ => Ok(opened),
    });
    opened.map_err(|problem| problem.at(path))
}

fn open_source(path: &Path, wanted: Wanted<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
    match sharded::shards_of(path)? {
        Some(shards) => shards.open(&wanted, task, || open_alone(path, wanted, task)),
        None => open_alone(path, wanted, task),
    }
}

fn open_alone(path: &Path, wanted: Wanted<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
    let source = Source { wanted, ..Source::open(path)? };
    let head = source.head()?;
    match reader_for(&head, path) {
        Some(reader) => reader.read(&source, task),
        None if head.starts_with(b"version https://git-lfs") => Err(Problem::LfsPointer),
        None => match (unread::refusal(&head), source.wanted.dim) {
            (Some(problem), _) => Err(problem),
            (None, Some(dim)) => raw::read(&source, dim, task),
            (None, None) => Err(Problem::UnknownFormat { known: known_formats() }),
        },
    }
}

impl<'a> Source<'a> {
    /// Opens `path` if it is a regular file with something in it.
    ///
    /// # Errors
    /// It is not, or may not be read.
    pub fn open(path: &'a Path) -> Result<Self, Problem> {
        // Looked at before it is opened: opening a pipe waits for its other end.
        check_regular(std::fs::metadata(path)?.file_type())?;
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        check_regular(metadata.file_type())?;
        if metadata.len() == 0 {
            return Err(Problem::Empty);
        }
        Ok(Self { path, file, len: metadata.len(), wanted: Wanted::default() })
    }

    /// The first bytes.
    pub(crate) fn head(&self) -> Result<Vec<u8>, Problem> {
        let mut head = Vec::new();
        let mut file = &self.file;
        file.take(HEAD_LEN).read_to_end(&mut head)?;
        file.rewind()?;
        Ok(head)
    }

    /// The file's name.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }

    /// What progress says of reading it.
    pub(crate) fn stage(&self) -> Message {
        msg!("stage-reading-file", file = self.name())
    }
}

/// The ids of the readers of files that trainers leave their models in.
const OF_MODELS: [&str; 8] = ["npz", "pytorch", "pickle", "safetensors", "faiss", "gguf", "nemo", "onnx"];

/// Whether the file at `path` begins like one that a trainer leaves its model in. What is in it is not looked at.
///
/// # Errors
/// It cannot be read.
pub fn may_hold_model(path: &Path) -> Result<bool, FileError> {
    let head = Source::open(path).and_then(|source| source.head()).map_err(|problem| problem.at(path))?;
    Ok(reader_for(&head, path).is_some_and(|reader| OF_MODELS.contains(&reader.id())))
}

/// Gives the tensors of a file to `work`, and the open file with what comes of it.
fn with_tensors<'a, T>(
    path: &'a Path,
    task: &Task<'_>,
    work: impl FnOnce(&dyn tensors::Tensors) -> Result<T, Problem>,
) -> Result<(Source<'a>, T), FileError> {
    let open = || {
        if let Some(shards) = sharded::shards_of(path)? {
            return Err(Problem::Unsupported(msg!("file-many-to-write-back", n = shards.count())));
        }
        let source = Source::open(path)?;
        let head = source.head()?;
        let tensors = reader_for(&head, path).and_then(|reader| reader.tensors(&source, task));
        let tensors = tensors.ok_or_else(|| Problem::Unsupported(msg!("file-no-named-tensors")))?;
        let done = work(&*tensors?)?;
        Ok((source, done))
    };
    open().map_err(|problem: Problem| problem.at(path))
}

/// The reader whose format begins like `head`.
pub(crate) fn reader_for(head: &[u8], path: &Path) -> Option<&'static dyn Reader> {
    READERS.iter().copied().find(|reader| reader.sniff(head, path))
}

/// The labels of all readers, for error sentences.
pub(crate) fn known_formats() -> String {
    READERS.iter().map(|reader| reader.label()).collect::<Vec<_>>().join(", ")
}

fn check_regular(file_type: FileType) -> Result<(), Problem> {
    match (file_type.is_file(), file_type.is_dir()) {
        (true, _) => Ok(()),
        (_, true) => Err(Problem::Folder),
        _ => Err(Problem::NotAFile),
    }
}
