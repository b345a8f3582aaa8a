//! What can go wrong with a file, in one sentence each, with the path attached once.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::audio::AudioError;
use crate::features::FeatureError;
use crate::rvq::RvqError;
use crate::task::Cancelled;
use crate::text::{Message, Phrase, msg};

/// A file, and what is wrong with it: "problem: /path".
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message())]
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

impl FileError {
    /// What is said of it, in whatever language it is read in.
    #[must_use]
    pub fn message(&self) -> Message {
        msg!("about-file", words = self.problem.message(), path = self.path.display().to_string())
    }
}

impl QuantizerPlace {
    /// What it is called: by this it can be asked for.
    #[must_use]
    pub fn name(&self) -> String {
        name_of(&self.family, &self.place)
    }

    /// The same for people.
    #[must_use]
    pub fn title(&self) -> Message {
        let Self { family, place, .. } = self;
        match place.as_str() {
            "" => msg!("file-quantizer-without-prefix", family = family),
            place => msg!("file-quantizer-at", family = family, place = place),
        }
    }
}

/// What a quantizer of this family at this place is asked for by, in every language.
pub(super) fn name_of(family: &str, place: &str) -> String {
    match place {
        "" => format!("{family} without a prefix"), // not a text
        place => format!("{family} at {place}"),
    }
}

/// What is wrong with a file.
#[derive(Debug)]
pub enum Problem {
    /// Nothing is there.
    NotFound,
    /// A folder stands where a file was wanted.
    Folder,
    /// A pipe, a device or a socket, which could block for ever.
    NotAFile,
    /// No byte in it.
    Empty,
    /// The system does not let us.
    Denied,
    /// The disk, or what one may use of it, is full.
    NoRoom,
    /// The system lets nobody write there.
    NotWritable(Phrase),
    /// No reader knows it.
    UnknownFormat {
        /// The formats that are known.
        known: String,
    },
    /// A large file was checked out without its content.
    LfsPointer,
    /// A folder in which no file can be read.
    NothingInFolder {
        /// The formats that are known.
        known: String,
    },
    /// It ends before its header says.
    Truncated {
        /// What is missing.
        what: Phrase,
        /// How many bytes there should be.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// It is not what its format allows.
    Malformed(Message),
    /// It is sound but of a kind that is not read.
    Unsupported(Message),
    /// A number does not fit.
    Value(Message),
    /// Tensors, but none of a quantizer.
    NoQuantizer {
        /// What it holds instead.
        found: Message,
        /// The tensors that look like codebooks.
        candidates: Vec<Candidate>,
    },
    /// A quantizer whose layers may have strides, which nothing in the file tells.
    UnknownStrides {
        /// How many layers it has.
        layers: usize,
        /// The strides that are known of such files, the first those of a DAC.
        choices: Vec<Vec<usize>>,
    },
    /// More than one quantizer.
    SeveralQuantizers {
        /// The place that was asked for, at which there is none or more than one.
        wanted: Option<String>,
        /// What there is.
        places: Vec<QuantizerPlace>,
    },
    /// The samples, or the channel that is wanted of them.
    Audio(AudioError),
    /// The values do not make features.
    Features(FeatureError),
    /// The arrays do not make a quantizer.
    Quantizer(RvqError),
    /// The work was cancelled.
    Cancelled(Cancelled),
    /// The system's own words for anything else.
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

    /// What is said of it, in whatever language it is read in; what others make, in that of this thread.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::NotFound => msg!("file-not-found"),
            Self::Folder => msg!("file-is-folder"),
            Self::NotAFile => msg!("file-not-regular"),
            Self::Empty => msg!("file-empty"),
            Self::Denied => msg!("file-denied"),
            Self::NoRoom => msg!("file-no-room"),
            Self::NotWritable(why) => msg!("file-not-writable", why = *why),
            Self::UnknownFormat { known } => msg!("file-unknown-format", known = known),
            Self::LfsPointer => msg!("file-lfs-pointer"),
            Self::NothingInFolder { known } => msg!("file-nothing-in-folder", known = known),
            Self::Truncated { what, expected, found } => {
                let (expected, found) = (expected.to_string(), found.to_string());
                msg!("file-truncated", what = *what, expected = expected, found = found)
            }
            Self::Malformed(words) | Self::Unsupported(words) | Self::Value(words) => words.clone(),
            Self::NoQuantizer { found, candidates } => no_quantizer(found, candidates),
            Self::UnknownStrides { layers, choices } => strides_choice(*layers, choices),
            Self::SeveralQuantizers { wanted, places } => choice(wanted.as_deref(), places),
            Self::System(err) => msg!("file-system", problem = err.to_string()),
            Self::Audio(err) => err.message(),
            Self::Features(err) => Message::verbatim(err.to_string()),
            Self::Quantizer(err) => err.message(),
            Self::Cancelled(err) => Message::verbatim(err.to_string()),
        }
    }

    /// A file that breaks the rules of its format.
    pub(super) fn malformed(words: impl Into<Message>) -> Self {
        Self::Malformed(words.into())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Audio(err) => err.source(),
            Self::Features(err) => err.source(),
            Self::Quantizer(err) => err.source(),
            Self::Cancelled(err) => err.source(),
            _ => None,
        }
    }
}

impl From<FeatureError> for Problem {
    fn from(err: FeatureError) -> Self {
        Self::Features(err)
    }
}

impl From<RvqError> for Problem {
    fn from(err: RvqError) -> Self {
        Self::Quantizer(err)
    }
}

impl From<Cancelled> for Problem {
    fn from(err: Cancelled) -> Self {
        Self::Cancelled(err)
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
            ErrorKind::UnexpectedEof => Self::Malformed(msg!("file-ended-early")),
            // What a decoder of packed bytes says.
            ErrorKind::InvalidData => Self::Malformed(msg!("file-not-unpacked")),
            _ => Self::System(err),
        }
    }
}

/// What there is to choose from.
fn choice(wanted: Option<&str>, places: &[QuantizerPlace]) -> Message {
    const SHOWN: usize = 4;
    let name = |place: &QuantizerPlace| {
        let title = place.title().with_texts(&one_line);
        match &place.about {
            Ok(about) if !about.english().is_empty() => {
                msg!("file-quantizer-with-sizes", name = title, sizes = about)
            }
            _ => title,
        }
    };
    let mut names = listed(places.iter().take(SHOWN).map(name));
    if places.len() > SHOWN {
        names = msg!("file-and-more", names = names, n = places.len() - SHOWN);
    }
    match wanted {
        None => msg!("file-several-quantizers", n = places.len(), names = names),
        Some(wanted) => {
            let wanted = format!("{:?}", one_line(wanted));
            msg!("file-no-single-quantizer", wanted = wanted, names = names)
        }
    }
}

/// Some texts one after the other.
fn listed(texts: impl Iterator<Item = Message>) -> Message {
    let both = |first, next| msg!("file-list", first = first, next = next);
    texts.reduce(both).unwrap_or_else(|| Phrase::NONE.into())
}

/// A file without a quantizer of a known layout, and what could be tried on it where something looks like a codebook.
fn no_quantizer(found: &Message, candidates: &[Candidate]) -> Message {
    const SHOWN: usize = 3;
    const NAME_CHARS: usize = 60;
    let told = |candidate: &Candidate| {
        let Candidate { pattern, layers, shape, guess } = candidate;
        let pattern: String = one_line(pattern).chars().take(NAME_CHARS).collect();
        let shape = format!("{shape:?}");
        match layers {
            1 => msg!("file-candidate-of-one", name = pattern, shape = shape, guess = *guess),
            n => msg!("file-candidate", name = pattern, n = *n, shape = shape, guess = *guess),
        }
    };
    if candidates.is_empty() {
        return msg!("file-no-quantizer", found = found);
    }
    let names = listed(candidates.iter().take(SHOWN).map(told));
    msg!("file-no-quantizer.candidates", found = found, names = names)
}

/// How strides are said, where a file could be of several models.
fn strides_choice(layers: usize, choices: &[Vec<usize>]) -> Message {
    let said = |strides: &Vec<usize>| strides.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let either = |one, other| msg!("file-strides-or", one = one, other = other);
    let others = choices.iter().skip(1).map(|strides| Message::verbatim(said(strides))).reduce(either);
    let others = others.unwrap_or_else(|| msg!("file-strides-any"));
    msg!("file-unknown-strides", layers = layers, others = others)
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
