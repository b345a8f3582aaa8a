//! A workspace on disk: opened, packed into one file, unpacked from one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::store::{self, Folder, Saver, StoreError, StoredRun};
use crate::text::{Message, msg, t};

use super::JobError;

/// The key of a state under which the ids of the runs stand that are read at once; the others are read when they are shown.
pub const AT_ONCE: &str = "read_at_once";

/// How long what is still to be written may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A workspace that was opened.
#[derive(Debug)]
pub struct OpenedWorkspace {
    /// Its folder, which stays locked as long as this is held.
    pub folder: Arc<Folder>,
    /// Its state; `None` for a new one.
    pub state: Option<Value>,
    /// The runs that are read at once.
    pub runs: BTreeMap<u64, StoredRun>,
    /// What could not be read, a sentence each.
    pub problems: Vec<WorkspaceProblem>,
    /// What is good to know, a sentence each.
    pub notes: Vec<Message>,
}

/// What of a workspace could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceProblem {
    /// Its state is of no use, and was moved out of the way.
    #[error("{}", t!("workspace-kept-aside", problem = .problem.to_string(), path = .aside.display().to_string()))]
    KeptAside {
        /// What is wrong with it.
        problem: StoreError,
        /// Where it lies now.
        aside: PathBuf,
    },
    /// A part of it.
    #[error(transparent)]
    Part(#[from] StoreError),
}

/// Opens the workspace in the folder `root`, which is made where it is not there. A state that cannot be used is kept aside.
///
/// # Errors
/// Another window has it, or the folder cannot be made.
pub fn open_workspace(root: &Path) -> Result<OpenedWorkspace, JobError> {
    let folder = Arc::new(Folder::open(root)?);
    let mut problems = Vec::new();
    let state = match folder.read_state() {
        Ok(state) => state,
        Err(err) if err.is_content() => {
            let aside = folder.keep_aside()?;
            problems.push(WorkspaceProblem::KeptAside { problem: err, aside });
            None
        }
        Err(err) => return Err(err.into()),
    };
    Ok(with_runs(folder, state, problems))
}

/// Takes the place of a workspace with what the file at `path` holds; what was there is kept aside.
///
/// # Errors
/// The file is damaged or of a newer version; the workspace is as it was then.
pub fn unpack_workspace(
    path: &Path,
    folder: &Arc<Folder>,
    saver: &Saver,
) -> Result<OpenedWorkspace, JobError> {
    flush(saver)?;
    let aside = store::unpack(path, folder)?;
    let state = folder.read_state()?;
    let mut opened = with_runs(folder.clone(), state, Vec::new());
    let kept = |aside: PathBuf| msg!("workspace-was-open", path = aside.display().to_string());
    opened.notes.extend(aside.map(kept));
    Ok(opened)
}

/// Writes a workspace into one file.
///
/// # Errors
/// There is nothing to write, or the file cannot be written.
pub fn pack_workspace(path: &Path, folder: &Folder, saver: &Saver) -> Result<PathBuf, JobError> {
    flush(saver)?;
    store::pack(folder, path)?;
    Ok(path.to_owned())
}

fn flush(saver: &Saver) -> Result<(), JobError> {
    if saver.flush(PATIENCE) {
        return Ok(());
    }
    Err(JobError::Input(msg!("workspace-not-written")))
}

fn with_runs(
    folder: Arc<Folder>,
    state: Option<Value>,
    mut problems: Vec<WorkspaceProblem>,
) -> OpenedWorkspace {
    let mut runs = BTreeMap::new();
    // Files of runs that were deleted, and of which no undo is left: the process that could have undone it is over.
    if let Some(ids) = state.as_ref().and_then(ids_of) {
        let kept = folder.retain(&ids);
        problems.extend(kept.err().map(WorkspaceProblem::from));
    }
    let at_once = state.as_ref().and_then(|state| state.get(AT_ONCE)).and_then(Value::as_array);
    for id in at_once.into_iter().flatten().filter_map(Value::as_u64) {
        if !folder.has_run(id) {
            continue;
        }
        match folder.read_run(id) {
            Ok(run) => drop(runs.insert(id, run)),
            Err(err) => problems.push(err.into()),
        }
    }
    OpenedWorkspace { folder, state, runs, problems, notes: Vec::new() }
}

/// The runs that a state names; `None` where it does not say.
fn ids_of(state: &Value) -> Option<Vec<u64>> {
    state.get("runs")?.as_array()?.iter().map(|run| run.get("id")?.as_u64()).collect()
}
