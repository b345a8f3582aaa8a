//! The writer in the background: takes what is to be kept and never makes its caller wait.
//!
//! Of each run, and of the state, only the newest version that was handed over is written. A state is written after the runs that were handed over
//! before it, and a run is removed after a state that was handed over behind its removal: what lies on the disk names nothing that is not there.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::error::StoreError;
use super::folder::Folder;
use super::queue::{Outcome, Queue, Work};
use super::run::StoredRun;
use crate::text::t;

/// Called when there is a problem to tell.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// A thread that writes a workspace's folder. Dropped, it still writes what it was given; [`Saver::close`] waits for that.
#[derive(Debug)]
pub struct Saver {
    shared: Arc<Shared>,
}

/// How long what the system refused is left alone.
const RETRY: Duration = Duration::from_secs(5);

/// Why something is not on the disk.
#[derive(Debug, thiserror::Error)]
pub enum Unsaved {
    /// Nothing is written, since the system gives no thread for it, in its words.
    #[error("{}", t!("err-no-saver", why = .0))]
    NoThread(String),
    /// It cannot be written, or the system refuses.
    #[error(transparent)]
    Store(StoreError),
    /// Writing has failed by a fault of its own.
    #[error("{}", t!("err-saver-fault"))]
    Fault,
}

#[derive(Debug, Default)]
struct Shared {
    desk: Mutex<Desk>,
    /// There is something to do, or something was done.
    changed: Condvar,
}

/// What the threads share. Nobody holds it while a file is written.
#[derive(Debug, Default)]
struct Desk {
    queue: Queue,
    is_writing: bool,
    problems: Vec<Unsaved>,
    /// When what was refused is tried once more.
    retry_at: Option<Instant>,
    /// Causes that were told since everything could last be written.
    told: BTreeSet<String>,
    is_closing: bool,
    has_ended: bool,
}

impl Saver {
    /// Starts the writer of `folder`.
    #[must_use]
    pub fn start(folder: impl Into<Arc<Folder>>) -> Self {
        Self::start_waking(folder, Arc::new(|| {}))
    }

    /// Starts the writer of `folder`; `waker` is called from its thread when there is a problem to tell.
    #[must_use]
    pub fn start_waking(folder: impl Into<Arc<Folder>>, waker: Waker) -> Self {
        let folder = folder.into();
        let desk = Desk { queue: Queue::new(folder.run_ids().unwrap_or_default()), ..Desk::default() };
        let shared = Arc::new(Shared { desk: Mutex::new(desk), ..Shared::default() });
        let thread = std::thread::Builder::new().name("rvq-saver".to_owned()).spawn({
            let shared = shared.clone();
            move || {
                shared.write(&folder, &waker);
                // Let go of first, so that who waits for the end can open it again.
                drop(folder);
                shared.desk().has_ended = true;
                shared.changed.notify_all();
            }
        });
        if let Err(err) = thread {
            let mut desk = shared.desk();
            desk.problems.push(Unsaved::NoThread(err.to_string()));
            desk.has_ended = true;
        }
        Self { shared }
    }

    /// Hands over run `id`, in place of what was handed over of it before.
    pub fn save_run(&self, id: u64, run: StoredRun) {
        let replaced = self.shared.desk().queue.put_run(id, run);
        self.shared.changed.notify_all();
        // Freed when the lock is, since it may be large.
        drop(replaced);
    }

    /// Removes run `id` once a state is written that is handed over after this.
    pub fn remove_run(&self, id: u64) {
        self.shared.desk().queue.remove(id);
        self.shared.changed.notify_all();
    }

    /// Hands over the state, in place of what was handed over before. The runs that it names must have been handed over or written.
    pub fn save_state(&self, state: Value) {
        let replaced = self.shared.desk().queue.put_state(state);
        self.shared.changed.notify_all();
        drop(replaced);
    }

    /// What could not be written since the last call, in a sentence each; the same cause once, until everything could be written again.
    #[must_use]
    pub fn take_problems(&self) -> Vec<Unsaved> {
        std::mem::take(&mut self.shared.desk().problems)
    }

    /// Whether everything that was handed over is on the disk.
    #[must_use]
    pub fn is_written(&self) -> bool {
        let desk = self.shared.desk();
        !desk.is_writing && desk.queue.is_written()
    }

    /// Tries all that is not written yet, once more where it was refused, and waits for it; gives whether everything is on the disk.
    #[must_use]
    pub fn flush(&self, timeout: Duration) -> bool {
        self.shared.desk().retry();
        self.shared.changed.notify_all();
        let is_done = |desk: &Desk| desk.has_ended || !(desk.is_writing || desk.queue.has_next());
        let desk = self.shared.wait_until(timeout, is_done);
        !desk.is_writing && desk.queue.is_written()
    }

    /// Flushes, ends the thread and waits until it has let go of the folder; gives whether everything is on the disk.
    #[must_use]
    pub fn close(self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let flushed = self.flush(timeout);
        self.shared.close();
        let left = deadline.saturating_duration_since(Instant::now());
        flushed && self.shared.wait_until(left, |desk| desk.has_ended).has_ended
    }
}

impl Drop for Saver {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.desk().is_closing = true;
        self.changed.notify_all();
    }

    fn wait_until(&self, timeout: Duration, is_done: impl Fn(&Desk) -> bool) -> MutexGuard<'_, Desk> {
        let waited = self.changed.wait_timeout_while(self.desk(), timeout, |desk| !is_done(desk));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// The thread: writes until it is closed and nothing is left that can be written.
    fn write(&self, folder: &Folder, waker: &Waker) {
        while let Some(work) = self.next_work() {
            let written = catch_unwind(AssertUnwindSafe(|| match &work {
                Work::Run(id, run) => folder.write_run(*id, run.value()),
                Work::State(state) => folder.write_state(state.value()),
                Work::Removal(id, _) => folder.remove_run(*id),
            }));
            let (outcome, problem) = match written {
                Ok(Ok(())) => (Outcome::Done, None),
                Ok(Err(err @ StoreError::File(_))) => (Outcome::Refused, Some(Unsaved::Store(err))),
                Ok(Err(err)) => (Outcome::Hopeless, Some(Unsaved::Store(err))),
                Err(_) => (Outcome::Hopeless, Some(Unsaved::Fault)),
            };
            let mut desk = self.desk();
            let finished = desk.queue.done(work, outcome);
            desk.is_writing = false;
            if outcome == Outcome::Refused {
                desk.retry_at.get_or_insert_with(|| Instant::now() + RETRY);
            }
            let is_new = problem.is_some_and(|problem| {
                let is_new = desk.told.insert(problem.cause());
                if is_new {
                    desk.problems.push(problem);
                }
                is_new
            });
            if outcome == Outcome::Done && desk.queue.is_written() {
                desk.told.clear();
            }
            drop(desk);
            // Freed when the lock is, since it may be large.
            drop(finished);
            self.changed.notify_all();
            if is_new {
                waker();
            }
        }
    }

    /// Waits for something to do; `None` when there will be nothing more.
    fn next_work(&self) -> Option<Work> {
        let mut desk = self.desk();
        loop {
            let left = desk.retry_at.map(|at| at.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                desk.retry();
            }
            if let Some(work) = desk.queue.next() {
                desk.is_writing = true;
                return Some(work);
            }
            if desk.is_closing {
                return None;
            }
            desk = match left.filter(|left| !left.is_zero()) {
                Some(left) => self.changed.wait_timeout(desk, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(desk).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Unsaved {
    /// What is wrong, without the file.
    fn cause(&self) -> String {
        match self {
            Self::Store(err) => err.cause(),
            other => other.to_string(),
        }
    }
}

impl Desk {
    fn retry(&mut self) {
        self.queue.retry();
        self.retry_at = None;
    }
}
