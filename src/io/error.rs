//! What can go wrong with a file, in one sentence each, with the path attached once.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::audio::AudioError;
use crate::features::FeatureError;
use crate::rvq::RvqError;
use crate::task::Cancelled;
use crate::text::{Message, Phrase};

/// A file, and what is wrong with it: "problem: /path".
#[derive(Debug, thiserror::Error)]
#[error("{problem}: {}", path.display())]
pub struct FileError {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// One of several quantizers in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuantizerPlace {
    /// The family whose tensor names it has.
    pub family: String,
    /// What stands in front of these names.
    pub place: String,
    /// Its layers and sizes, empty where nobody looked; or why it cannot be used.
    pub about: Result<Message, Message>,
}

/// Tensors of one pattern of names that could be the codebooks of a quantizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The name, with `{i}` for the layer where there are several.
    pub pattern: String,
    /// How many there are.
    pub layers: usize,
    /// The axes of the first.
    pub shape: Vec<usize>,
    /// What it could be.
    pub guess: Phrase,
}

impl QuantizerPlace {
    /// What it is called: by this it can be asked for.
    #[must_use]
    pub fn name(&self) -> String {
        name_of(&self.family, &self.place)
    }
}

/// What a quantizer of this family at this place is called.
pub(super) fn name_of(family: &str, place: &str) -> String {
    match place {
        "" => format!("{family} without a prefix"),
        place => format!("{family} at {place}"),
    }
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Nothing is there.
    #[error("there is no such file")]
    NotFound,
    /// A folder stands where a file was wanted.
    #[error("this is a folder, not a file")]
    Folder,
    /// A pipe, a device or a socket, which could block for ever.
    #[error("this is a pipe, a socket or a device; only regular files can be used")]
    NotAFile,
    /// No byte in it.
    #[error("the file is empty")]
    Empty,
    /// The system does not let us.
    #[error("permission denied")]
    Denied,
    /// The disk, or what one may use of it, is full.
    #[error("there is no room left to write this file; what was there before is as it was")]
    NoRoom,
    /// The system lets nobody write there.
    #[error("nothing may be written there ({0}); what was there before is as it was")]
    NotWritable(&'static str),
    /// No reader knows it.
    #[error(
        "this is none of the formats that can be read ({known}); bare float32 numbers are read where the dimensions of a frame are said (--dim)"
    )]
    UnknownFormat {
        /// The formats that are known.
        known: String,
    },
    /// A large file was checked out without its content.
    #[error("this is a Git LFS pointer, not the file it stands for; fetch that with `git lfs pull`")]
    LfsPointer,
    /// A folder in which no file can be read.
    #[error("no file in this folder can be read ({known})")]
    NothingInFolder {
        /// The formats that are known.
        known: String,
    },
    /// It ends before its header says.
    #[error("the file is cut short: its header tells of {expected} bytes of {what}, but {found} are there")]
    Truncated {
        /// What is missing.
        what: &'static str,
        /// How many bytes there should be.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// It is not what its format allows.
    #[error("{0}")]
    Malformed(Message),
    /// It is sound but of a kind that is not read.
    #[error("{0}")]
    Unsupported(Message),
    /// A number does not fit.
    #[error("{0}")]
    Value(Message),
    /// Tensors, but none of a quantizer.
    #[error("there is no quantizer of a known layout in this file; it holds {found}{}", advice(.candidates))]
    NoQuantizer {
        /// What it holds instead.
        found: Message,
        /// The tensors that look like codebooks.
        candidates: Vec<Candidate>,
    },
    /// A quantizer whose layers may have strides, which nothing in the file tells.
    #[error("{}", strides_choice(*.layers, .choices))]
    UnknownStrides {
        /// How many layers it has.
        layers: usize,
        /// The strides that are known of such files, the first those of a DAC.
        choices: Vec<Vec<usize>>,
    },
    /// More than one quantizer.
    #[error("{}", choice(.wanted.as_deref(), .places))]
    SeveralQuantizers {
        /// The place that was asked for, at which there is none or more than one.
        wanted: Option<String>,
        /// What there is.
        places: Vec<QuantizerPlace>,
    },
    /// The samples, or the channel that is wanted of them.
    #[error(transparent)]
    Audio(AudioError),
    /// The values do not make features.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// The arrays do not make a quantizer.
    #[error(transparent)]
    Quantizer(#[from] RvqError),
    /// The work was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The system's own words for anything else.
    #[error("the system reports: {0}")]
    System(std::io::Error),
}

impl Problem {
    /// The problem with its path.
    #[must_use]
    pub fn at(self, path: &Path) -> FileError {
        let problem = match self {
            Self::Malformed(words) => Self::Malformed(words.with_texts(&one_line)),
            Self::Unsupported(words) => Self::Unsupported(words.with_texts(&one_line)),
            Self::Value(words) => Self::Value(words.with_texts(&one_line)),
            Self::NoQuantizer { found, candidates } => {
                Self::NoQuantizer { found: found.with_texts(&one_line), candidates }
            }
            other => other,
        };
        FileError { path: path.to_owned(), problem }
    }

    /// Whether the file could be read if something were said of it: which quantizer is meant, its strides, or where its codebooks lie.
    #[must_use]
    pub fn asks(&self) -> bool {
        match self {
            Self::SeveralQuantizers { .. } | Self::UnknownStrides { .. } => true,
            Self::NoQuantizer { candidates, .. } => !candidates.is_empty(),
            _ => false,
        }
    }

    /// A file that breaks the rules of its format.
    pub(super) fn malformed(words: impl Into<Message>) -> Self {
        Self::Malformed(words.into())
    }
}

impl From<AudioError> for Problem {
    /// Keeps what was cancelled recognisable as such.
    fn from(err: AudioError) -> Self {
        match err {
            AudioError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            err => Self::Audio(err),
        }
    }
}

impl From<std::io::Error> for Problem {
    fn from(err: std::io::Error) -> Self {
        match err.kind() {
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::PermissionDenied => Self::Denied,
            ErrorKind::IsADirectory => Self::Folder,
            // Sizes are checked beforehand, so this means that the file shrank meanwhile.
            ErrorKind::UnexpectedEof => Self::malformed("the file ended while it was being read"),
            // What a decoder of packed bytes says.
            ErrorKind::InvalidData => {
                Self::malformed("what is packed in this file cannot be unpacked; it is damaged")
            }
            _ => Self::System(err),
        }
    }
}

/// What there is to choose from.
fn choice(wanted: Option<&str>, places: &[QuantizerPlace]) -> String {
    const SHOWN: usize = 4;
    let name = |place: &QuantizerPlace| match &place.about {
        Ok(about) if !about.text().is_empty() => format!("{} ({about})", one_line(&place.name())),
        _ => one_line(&place.name()),
    };
    let mut names = places.iter().take(SHOWN).map(name).collect::<Vec<_>>().join(", ");
    if places.len() > SHOWN {
        names.push_str(&format!(" and {} more", places.len() - SHOWN));
    }
    match wanted {
        None => format!(
            "this file holds {} quantizers: {names}; name the place of one with --quantizer",
            places.len()
        ),
        Some(wanted) => format!("this file holds no single quantizer at {:?}, but {names}", one_line(wanted)),
    }
}

/// What could be tried on a file without a quantizer of a known layout; empty where nothing in it looks like a codebook.
fn advice(candidates: &[Candidate]) -> String {
    const SHOWN: usize = 3;
    const NAME_CHARS: usize = 60;
    let told = |candidate: &Candidate| {
        let Candidate { pattern, layers, shape, guess } = candidate;
        let pattern: String = one_line(pattern).chars().take(NAME_CHARS).collect();
        match layers {
            1 => format!("{pattern} {shape:?} ({guess})"),
            layers => format!("{pattern} ({layers} x {shape:?}, {guess})"),
        }
    };
    let names: Vec<String> = candidates.iter().take(SHOWN).map(told).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("; what looks like a codebook: {}; open one with --codebook NAME", names.join(", "))
}

/// How strides are said, where a file could be of several models.
fn strides_choice(layers: usize, choices: &[Vec<usize>]) -> String {
    let said = |strides: &Vec<usize>| strides.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let others: Vec<String> = choices.iter().skip(1).map(said).collect();
    let others = if others.is_empty() { "one number a layer".to_owned() } else { others.join(" or ") };
    format!(
        "the {layers} layers of this quantizer are named as both DAC and SNAC name them, and nothing in the file tells which it is: say --strides 1 \
         for a DAC, or --strides {others} for a SNAC"
    )
}

/// `words` as one line of readable length. Names and types are quoted from files, which can put anything there.
fn one_line(words: &str) -> String {
    const MAX_CHARS: usize = 400;
    let mut line: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if let Some((half, _)) = line.char_indices().nth(MAX_CHARS / 2)
        && let Some((tail, _)) = line.char_indices().rev().nth(MAX_CHARS / 2)
        && half < tail
    {
        line.replace_range(half..tail, " ... ");
    }
    line
}
