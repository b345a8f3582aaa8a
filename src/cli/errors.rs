//! Errors as the command line tells them: with the file that they are about.

use std::path::Path;

use anyhow::anyhow;

use crate::jobs::JobError;

/// The error with the file that it is about, where it does not name one itself.
pub(super) fn with_path(err: JobError, path: &Path) -> anyhow::Error {
    match err {
        JobError::Rvq(err) => anyhow!("{err}: {}", path.display()),
        other => other.into(),
    }
}
