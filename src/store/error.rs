//! What can go wrong with what is kept on disk, in one sentence each, with the file attached once.

use std::path::{Path, PathBuf};

use crate::io::{FileError, Problem};
use crate::rvq::RvqError;
use crate::text::{Message, msg, t};

/// Why something could not be stored or read back.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another window, or another program, holds the workspace.
    #[error("{}", t!("err-in-use", path = .0.display().to_string()))]
    InUse(PathBuf),
    /// It is of a version that is not known yet.
    #[error("{}", t!("err-newer", found = .found.to_string(), known = .known.to_string(), path = .path.display().to_string()))]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format that it says it is of.
        found: u64,
        /// The newest format that is read.
        known: u64,
    },
    /// What lies there cannot be used: it is damaged, cut short, or not of this kind.
    #[error(transparent)]
    Broken(FileError),
    /// What should be stored could not be read back, so that nothing was written.
    #[error(transparent)]
    Unfit(FileError),
    /// The system refuses: nothing there, no room, no permission.
    #[error(transparent)]
    File(FileError),
}

impl StoreError {
    /// Whether the content is at fault, so that the file is of no use until it is replaced; the system may let the same file be read later.
    #[must_use]
    pub fn is_content(&self) -> bool {
        matches!(self, Self::Newer { .. } | Self::Broken(_))
    }

    /// The same error of another file.
    pub(super) fn in_place(self, path: &Path) -> Self {
        let moved = |err: FileError| FileError { path: path.to_owned(), ..err };
        match self {
            Self::InUse(_) => Self::InUse(path.to_owned()),
            Self::Newer { found, known, .. } => Self::Newer { path: path.to_owned(), found, known },
            Self::Broken(err) => Self::Broken(moved(err)),
            Self::Unfit(err) => Self::Unfit(moved(err)),
            Self::File(err) => Self::File(moved(err)),
        }
    }

    /// What is wrong, without the file: the same words for every file that meets the same obstacle.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::Broken(err) | Self::Unfit(err) | Self::File(err) => err.problem.to_string(),
            Self::InUse(_) | Self::Newer { .. } => self.to_string(),
        }
    }
}

/// The newest format of runs and states that is read, and the one that is written.
pub(super) const VERSION: u64 = 1;

/// What is wrong with a file whose path is attached later.
#[derive(Debug)]
pub(super) enum Fault {
    /// Of a format with this number.
    Newer(u64),
    /// Not usable, and why.
    Broken(Message),
    /// Not to be written, and why.
    Unfit(Message),
    /// Anything else.
    Problem(Problem),
}

impl Fault {
    /// A run that cannot be stored, and why.
    pub(super) fn unfit(why: Message) -> Self {
        Self::Unfit(msg!("err-run-unfit", why = why))
    }

    /// A file that does not hold what it held, and how that shows.
    pub(super) fn damaged(why: Message) -> Self {
        Self::Broken(msg!("err-damaged", why = why))
    }

    /// The error, with its file.
    pub(super) fn at(self, path: &Path) -> StoreError {
        match self {
            Self::Newer(found) => StoreError::Newer { path: path.to_owned(), found, known: VERSION },
            Self::Broken(words) => StoreError::Broken(Problem::Malformed(words).at(path)),
            Self::Unfit(words) => StoreError::Unfit(Problem::Value(words).at(path)),
            Self::Problem(problem) => {
                let err = problem.at(path);
                match err.problem {
                    Problem::Malformed(_) | Problem::Truncated { .. } | Problem::Empty => {
                        StoreError::Broken(err)
                    }
                    _ => StoreError::File(err),
                }
            }
        }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<std::io::Error> for Fault {
    fn from(err: std::io::Error) -> Self {
        Self::Problem(err.into())
    }
}

impl From<serde_json::Error> for Fault {
    fn from(err: serde_json::Error) -> Self {
        Self::damaged(msg!("err-description", why = err.to_string()))
    }
}

impl From<RvqError> for Fault {
    fn from(err: RvqError) -> Self {
        Self::damaged(err.message())
    }
}
