//! Size and time of files, by which files that changed are known.

use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::io;
use crate::task::Task;

use super::{JobCtx, Source};

/// What a file was like when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    /// Where it was.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was last written, in nanoseconds since 1970; 0 where the system does not say.
    pub modified_ns: u64,
}

impl FileStamp {
    /// The stamps of every file of `source`, folders and patterns expanded; none for what is built in. Files that cannot be looked at are left out,
    /// which makes them differ from those that could.
    #[must_use]
    pub fn of(source: &Source, task: &Task<'_>) -> Vec<Self> {
        let Source::Files(paths) = source else { return Vec::new() };
        let files = io::expand(paths, task).unwrap_or_default();
        files.into_iter().filter_map(Self::of_file).collect()
    }

    fn of_file(path: PathBuf) -> Option<Self> {
        let about = std::fs::metadata(&path).ok()?;
        let age = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let modified_ns = age.map_or(0, |age| u64::try_from(age.as_nanos()).unwrap_or(0));
        Some(Self { path, bytes: about.len(), modified_ns })
    }

    /// Whether files of these stamps are still the same; nothing recorded is the same as anything.
    #[must_use]
    pub fn same(recorded: &[Self], now: &[Self]) -> bool {
        recorded.is_empty() || recorded == now
    }
}

/// The stamps of `source`, looked up within a job.
pub(super) fn stamps(source: &Source, ctx: &JobCtx<'_>) -> Vec<FileStamp> {
    FileStamp::of(source, &Task::silent(ctx.cancel))
}
