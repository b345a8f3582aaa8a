//! An event file that is written behind the back of whoever tells the events.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use crate::io::{FileError, Problem};

use super::message::Message;
use super::record::push_record;

/// How long an event waits for others before it is written.
const WRITE_EVERY: Duration = Duration::from_millis(500);
/// So many bytes are written at once,
const WRITE_AT: usize = 1 << 20;
/// and while so many wait for a slow disk, whoever tells more of them waits too.
const MOST_WAITING: usize = 1 << 24;

/// What the names of all event files have in them, by which TensorBoard finds them.
const MARK: &str = "events.out.tfevents.";

/// An open event file.
#[derive(Debug)]
pub(super) struct EventFile {
    path: PathBuf,
    /// The folder, where it was made for the file.
    made: Option<PathBuf>,
    /// Whether there was an event.
    told: AtomicBool,
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Whole records.
    bytes: Vec<u8>,
    /// No more of them will come.
    closed: bool,
    failed: Option<std::io::Error>,
}

impl EventFile {
    /// A new file in `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// The folder holds the events of another run already, or nothing can be written there.
    pub(super) fn create(folder: &Path) -> Result<Self, FileError> {
        let at = |err: std::io::Error| Problem::from(err).at(folder);
        let made = (!folder.exists()).then(|| folder.to_owned());
        std::fs::create_dir_all(folder).map_err(at)?;
        if let Some(path) = event_files(folder).map_err(at)?.first() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let words = format!(
                "this folder holds the events of another run ({name}), and TensorBoard would draw both as one; name a new folder"
            );
            return Err(Problem::Unsupported(crate::text::Message::verbatim(words)).at(folder));
        }
        let path = folder.join(format!("{MARK}{:010}.{}.rvqscope", now() as u64, std::process::id()));
        let open = OpenOptions::new().write(true).create_new(true).open(&path);
        let mut file = open.map_err(|err| Problem::from(err).at(&path))?;
        let mut head = Vec::new();
        push_record(&mut head, Message::default().double(1, now()).bytes(3, b"brain.Event:2").as_bytes());
        file.write_all(&head).map_err(|err| Problem::from(err).at(&path))?;
        let shared = Arc::new(Shared::default());
        let own = shared.clone();
        let thread = std::thread::Builder::new().name("rvq-tensorboard".to_owned());
        let writer = thread.spawn(move || own.write_to(file)).map_err(at)?;
        Ok(Self { path, made, told: AtomicBool::new(false), shared, writer: Some(writer) })
    }

    /// Adds an event with these values; what goes wrong is told by [`finish`](Self::finish).
    pub(super) fn push(&self, step: u64, values: &[Message]) {
        self.told.store(true, Ordering::Relaxed);
        let summary = values.iter().fold(Message::default(), |summary, value| summary.message(1, value));
        let event = Message::default().double(1, now()).integer(2, step).message(5, &summary);
        let mut waiting = self.shared.lock();
        while waiting.bytes.len() > MOST_WAITING && waiting.failed.is_none() {
            waiting = self.shared.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        if waiting.failed.is_some() {
            return;
        }
        push_record(&mut waiting.bytes, event.as_bytes());
        if waiting.bytes.len() >= WRITE_AT {
            self.shared.changed.notify_all();
        }
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// Something could not be written.
    pub(super) fn finish(mut self) -> Result<(), FileError> {
        self.close();
        match self.shared.lock().failed.take() {
            Some(err) => Err(Problem::from(err).at(&self.path)),
            None => Ok(()),
        }
    }

    fn close(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// A run that is broken off leaves what it has told so far; one that never began leaves nothing.
impl Drop for EventFile {
    fn drop(&mut self) {
        self.close();
        if !*self.told.get_mut() {
            let _ = std::fs::remove_file(&self.path);
            // What others have put there meanwhile keeps it.
            self.made.iter().for_each(|folder| drop(std::fs::remove_dir(folder)));
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes until no more will come, or nothing can be written.
    fn write_to(&self, mut file: File) {
        loop {
            let waiting = self.lock();
            let few = |waiting: &mut Waiting| waiting.bytes.len() < WRITE_AT && !waiting.closed;
            let (mut waiting, _) = self
                .changed
                .wait_timeout_while(waiting, WRITE_EVERY, few)
                .unwrap_or_else(PoisonError::into_inner);
            let bytes = std::mem::take(&mut waiting.bytes);
            let closed = waiting.closed;
            drop(waiting);
            // Whole records and nothing kept back: who reads the file while it grows sees no half of one for long.
            let written = file.write_all(&bytes);
            let failed = written.is_err();
            if let Err(err) = written {
                self.lock().failed = Some(err);
            }
            self.changed.notify_all();
            if closed || failed {
                return;
            }
        }
    }
}

/// Takes away the event files that this program has written into `folder`, and nothing else.
///
/// # Errors
/// One cannot be removed.
pub(super) fn remove_event_files(folder: &Path) -> Result<(), FileError> {
    let files = event_files(folder).unwrap_or_default();
    let own = files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "rvqscope"));
    own.into_iter().try_for_each(|path| std::fs::remove_file(path).map_err(|err| Problem::from(err).at(path)))
}

/// The event files in a folder, by name.
fn event_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().contains("tfevents") {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Seconds since 1970.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
