//! A workspace as one file.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::{Fault, StoreError};
use super::folder::{Folder, RUNS, STATE, at, run_id, run_name};
use super::run::read_run;
use super::state;
use crate::io::{bundle, unbundle};
use crate::text::msg;

/// Writes the state and the runs of `folder` to the one file `path`, whole or not at all.
///
/// # Errors
/// There is no state yet, all together is more than one file holds, or the system refuses.
pub fn pack(folder: &Folder, path: &Path) -> Result<(), StoreError> {
    let _busy = folder.hold();
    if folder.read_state()?.is_none() {
        return Err(Fault::Unfit(msg!("err-no-workspace")).at(path));
    }
    let mut files = vec![(STATE.to_owned(), folder.root().join(STATE))];
    let ids = folder.run_ids()?;
    files.extend(ids.into_iter().map(|id| (format!("{RUNS}/{}", run_name(id)), folder.run_path(id))));
    bundle(path, &files).map_err(|err| Fault::from(err.problem).at(&err.path))
}

/// Puts the workspace that [`pack`] wrote to `path` in the place of what is in `folder`; what was there is kept aside, and where is given.
///
/// All of it is unpacked beside and read through before anything is replaced.
///
/// # Errors
/// It is no such file, of a newer format, damaged, or the system refuses; `folder` is as it was.
pub fn unpack(path: &Path, folder: &Folder) -> Result<Option<PathBuf>, StoreError> {
    let _busy = folder.hold();
    let scratch = folder.scratch()?;
    let runs = scratch.path().join(RUNS);
    at(&runs, fs::create_dir(&runs))?;
    let place = |name: &str| {
        let run = name.strip_prefix(RUNS).and_then(|rest| rest.strip_prefix('/'));
        let is_run = run.is_some_and(|name| run_id(name.as_ref()).is_some());
        (is_run || name == STATE).then(|| scratch.path().join(name))
    };
    unbundle(path, place).map_err(|err| Fault::from(err.problem).at(&err.path))?;
    // Told by its place in the file, not by where it was unpacked to.
    let inside = |err: StoreError, name: &str| err.in_place(&path.join(name));
    let state = state::read(&scratch.path().join(STATE)).map_err(|err| inside(err, STATE))?;
    if state.is_none() {
        return Err(Fault::Broken(msg!("err-not-workspace")).at(path));
    }
    for entry in at(&runs, fs::read_dir(&runs))? {
        let run = at(&runs, entry)?.path();
        let name = run.strip_prefix(scratch.path()).unwrap_or(&run).to_string_lossy().into_owned();
        read_run(&run).map_err(|err| inside(err, &name))?;
    }
    folder.replace_by(scratch)
}
