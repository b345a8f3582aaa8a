//! The folder of a workspace: `state.json`, a file for each run, and a lock.
//!
//! Killed at any moment, what lies there is whole: every file is replaced in one move, and a state is written after the runs that it names. What
//! no state names any more goes only when [`Folder::retain`] says so, after a state was written.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::error::{Fault, StoreError};
use super::run::{StoredRun, read_run, write_run};
use super::state;

/// An open folder of a workspace. As long as it lives, nobody else opens it.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// Held by whoever changes more than one file, so that nobody sees the half of it.
    busy: Mutex<()>,
    /// Locked by the system, which lets go of it even where the process is killed.
    _lock: File,
}

pub(super) const STATE: &str = "state.json";
pub(super) const RUNS: &str = "runs";
const LOCK: &str = "lock";
const RUN_ENDING: &str = ".safetensors";
const ASIDE: &str = "kept-aside-";

/// A workspace that was unpacked and checked and is to take the place of the present one.
const INCOMING: &str = "incoming";

/// What interrupted writes leave, as `replace_file` and [`Folder::scratch`] name them.
const LEFTOVER: &str = ".rvqscope-";

impl Folder {
    /// Opens the folder `root`, which is made where it is not there, and locks it.
    ///
    /// What an interrupted write left is swept away, and a change that was interrupted on its way is finished.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while somebody else has it open; or the system refuses.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        let lock_path = root.join(LOCK);
        let locked = at(&root, fs::create_dir_all(&root)).and_then(|()| {
            let file = File::options().create(true).truncate(false).write(true).open(&lock_path);
            at(&lock_path, file)
        })?;
        match locked.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(root)),
            // A file system without locks: better no second look than no workspace.
            Err(TryLockError::Error(err)) if err.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(err)) => return Err(Fault::from(err).at(&lock_path)),
        }
        let folder = Self { root, busy: Mutex::new(()), _lock: locked };
        folder.sweep();
        folder.finish_incoming()?;
        at(&folder.runs(), fs::create_dir_all(folder.runs()))?;
        sync(&folder.root);
        Ok(folder)
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The state as it was last written; `None` in a new folder.
    ///
    /// # Errors
    /// It is damaged or of a newer format ([`StoreError::is_content`]), or the system refuses.
    pub fn read_state(&self) -> Result<Option<Value>, StoreError> {
        state::read(&self.root.join(STATE))
    }

    /// Writes the state. Write the runs that it names before.
    ///
    /// # Errors
    /// The system refuses; what was there before is as it was.
    pub fn write_state(&self, state: &Value) -> Result<(), StoreError> {
        let _busy = self.hold();
        state::write(&self.root.join(STATE), state)
    }

    /// Reads run `id`.
    ///
    /// # Errors
    /// As for [`read_run`].
    pub fn read_run(&self, id: u64) -> Result<StoredRun, StoreError> {
        read_run(&self.run_path(id))
    }

    /// Writes run `id` over what was there of it.
    ///
    /// # Errors
    /// As for [`write_run`].
    pub fn write_run(&self, id: u64, run: &StoredRun) -> Result<(), StoreError> {
        let _busy = self.hold();
        at(&self.runs(), fs::create_dir_all(self.runs()))?;
        write_run(&self.run_path(id), run)
    }

    /// Whether there is a file of run `id`.
    #[must_use]
    pub fn has_run(&self, id: u64) -> bool {
        self.run_path(id).is_file()
    }

    /// The ids of all runs that there are files of, ascending.
    ///
    /// # Errors
    /// The system refuses.
    pub fn run_ids(&self) -> Result<Vec<u64>, StoreError> {
        let mut ids: Vec<u64> = entries(&self.runs())?.iter().filter_map(|name| run_id(name)).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// Removes the file of run `id`; nothing happens where there is none. No written state may name it any more.
    ///
    /// # Errors
    /// The system refuses.
    pub fn remove_run(&self, id: u64) -> Result<(), StoreError> {
        let _busy = self.hold();
        self.remove(id)
    }

    /// Removes every run whose id is not among `ids`: those of the state that was written last.
    ///
    /// # Errors
    /// The system refuses.
    pub fn retain(&self, ids: &[u64]) -> Result<(), StoreError> {
        let _busy = self.hold();
        self.run_ids()?.into_iter().filter(|id| !ids.contains(id)).try_for_each(|id| self.remove(id))
    }

    /// Moves the state and its runs out of the way, for a state that cannot be used; gives the folder where they are from now on.
    ///
    /// # Errors
    /// The system refuses.
    pub fn keep_aside(&self) -> Result<PathBuf, StoreError> {
        let _busy = self.hold();
        let aside = self.move_aside()?;
        at(&self.runs(), fs::create_dir_all(self.runs()))?;
        sync(&self.root);
        Ok(aside)
    }

    /// Keeps everybody else from changing anything while it is held.
    pub(super) fn hold(&self) -> MutexGuard<'_, ()> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file of run `id`.
    pub(super) fn run_path(&self, id: u64) -> PathBuf {
        self.runs().join(run_name(id))
    }

    /// A new folder inside this one, on the same disk; it is swept away when it is dropped or with the next opening.
    pub(super) fn scratch(&self) -> Result<tempfile::TempDir, StoreError> {
        at(&self.root, tempfile::Builder::new().prefix(LEFTOVER).tempdir_in(&self.root))
    }

    /// Puts the checked workspace in `scratch` in the place of the present one, which is kept aside; gives where, if there was one.
    ///
    /// Killed on the way, it is as before or finished by the next opening: the folder takes the name that decides in one move.
    pub(super) fn replace_by(&self, scratch: tempfile::TempDir) -> Result<Option<PathBuf>, StoreError> {
        sync(&scratch.path().join(RUNS));
        sync(scratch.path());
        let incoming = self.root.join(INCOMING);
        at(&incoming, fs::rename(scratch.path(), &incoming))?;
        // What it was called is no longer there to be removed.
        let _ = scratch.keep();
        sync(&self.root);
        let aside = self.finish_incoming()?;
        at(&self.runs(), fs::create_dir_all(self.runs()))?;
        Ok(aside)
    }

    /// Finishes what [`replace_by`](Self::replace_by) began; every step may have been done before.
    fn finish_incoming(&self) -> Result<Option<PathBuf>, StoreError> {
        let incoming = self.root.join(INCOMING);
        if !incoming.is_dir() {
            return Ok(None);
        }
        let (runs, state) = (incoming.join(RUNS), incoming.join(STATE));
        let mut aside = None;
        if runs.is_dir() {
            if self.root.join(STATE).exists() || self.has_runs()? {
                aside = Some(self.move_aside()?);
            }
            // Not every system moves a folder over an empty one.
            let _ = fs::remove_dir(self.runs());
            at(&runs, fs::rename(&runs, self.runs()))?;
            sync(&self.root);
        }
        if state.exists() {
            at(&state, fs::rename(&state, self.root.join(STATE)))?;
        }
        at(&incoming, fs::remove_dir_all(&incoming))?;
        sync(&self.root);
        Ok(aside)
    }

    /// The runs go first: killed in between, the state that cannot be used is met again and follows them.
    fn move_aside(&self) -> Result<PathBuf, StoreError> {
        let has_runs = self.has_runs()?;
        let taken = |aside: &PathBuf| aside.join(STATE).exists() || (has_runs && aside.join(RUNS).exists());
        let mut names = (1u64..).map(|n| self.root.join(format!("{ASIDE}{n}")));
        let aside = names.find(|aside| !taken(aside)).unwrap_or_else(|| self.root.join(ASIDE));
        at(&aside, fs::create_dir_all(&aside))?;
        if has_runs {
            at(&self.runs(), fs::rename(self.runs(), aside.join(RUNS)))?;
            sync(&aside);
            sync(&self.root);
        }
        let state = self.root.join(STATE);
        match fs::rename(&state, aside.join(STATE)) {
            Err(err) if err.kind() != ErrorKind::NotFound => return Err(Fault::from(err).at(&state)),
            _ => {}
        }
        sync(&aside);
        sync(&self.root);
        Ok(aside)
    }

    fn runs(&self) -> PathBuf {
        self.root.join(RUNS)
    }

    /// Whether anything lies among the runs.
    fn has_runs(&self) -> Result<bool, StoreError> {
        Ok(self.runs().is_dir() && !entries(&self.runs())?.is_empty())
    }

    fn remove(&self, id: u64) -> Result<(), StoreError> {
        let path = self.run_path(id);
        match fs::remove_file(&path) {
            Err(err) if err.kind() != ErrorKind::NotFound => Err(Fault::from(err).at(&path)),
            _ => Ok(()),
        }
    }

    /// Removes what interrupted writes left. What cannot be removed does no harm but take room.
    fn sweep(&self) {
        for folder in [self.root.clone(), self.runs()] {
            let names = entries(&folder).unwrap_or_default();
            for name in names.iter().filter(|name| name.to_string_lossy().starts_with(LEFTOVER)) {
                let path = folder.join(name);
                let is_folder = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir());
                let _ = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            }
        }
    }
}

/// The name of the file of run `id`.
pub(super) fn run_name(id: u64) -> String {
    format!("{id}{RUN_ENDING}")
}

/// The run whose file is called `name`.
pub(super) fn run_id(name: &OsStr) -> Option<u64> {
    let id = name.to_str()?.strip_suffix(RUN_ENDING)?.parse().ok()?;
    // "+7" and "007" are no names that were given here.
    (OsStr::new(&run_name(id)) == name).then_some(id)
}

fn entries(folder: &Path) -> Result<Vec<std::ffi::OsString>, StoreError> {
    let names =
        fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    at(folder, names)
}

pub(super) fn at<T>(path: &Path, result: std::io::Result<T>) -> Result<T, StoreError> {
    result.map_err(|err| Fault::from(err).at(path))
}

/// Lets the names in `folder` reach the disk. Not every system can do that, and the files are sound either way.
fn sync(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
