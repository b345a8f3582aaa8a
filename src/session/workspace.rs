//! What outlives the process: the workspace's folder, written in the background, and what was in it at the start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::jobs::{Checkpoint, Control, JobSpec, OpenedWorkspace};
use crate::store::{Folder, Saver, StoredRun};
use crate::text::{Phrase, phrase, t};

use super::activity::{Doing, Watching};
use super::command::{DataCommand, WorkspaceCommand};
use super::edits::{Edit, Edits};
use super::ids::RunId;
use super::opening::{AfterOpen, Answers};
use super::run_entry::{Body, Origin};
use super::severity::Severity;
use super::stored::{put_stored, stored, stored_checkpoint};
use super::{Session, state};

/// Why there is nothing to save or to replace.
const NO_WORKSPACE: Phrase = phrase!("session-no-workspace");
/// The workspace is written at most this often; with checkpoints half as often, and the time that writing takes, ten seconds are the most that
/// is lost.
const SAVE_EVERY: Duration = Duration::from_secs(2);

/// The folder that everything is kept in.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    kept: Option<Kept>,
    /// How often it is written, where not as often as usual.
    every: Option<Duration>,
    /// Runs whose files are older than they are.
    dirty: BTreeSet<RunId>,
    /// The revision that was handed to the writer last, and when.
    saved: Option<(u64, Instant)>,
    /// What is opened once it is known whether there is something to come back to.
    startup: Option<Startup>,
    /// Folders that were watched when it was left, until their data are open.
    pub(super) to_watch: Vec<Watching>,
    /// Where the panels lie, as the window stores it.
    pub(super) layout: String,
}

/// A folder that is ours.
#[derive(Debug)]
struct Kept {
    folder: Arc<Folder>,
    saver: Arc<Saver>,
}

/// What a start asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Startup {
    /// What the user asked to open.
    pub asked: Option<DataCommand>,
    /// What is opened where nothing was asked for and there is nothing to come back to.
    pub otherwise: Option<DataCommand>,
}

impl Workspace {
    /// The run's file has to be written.
    pub(super) fn mark(&mut self, id: RunId) {
        self.dirty.insert(id);
    }

    pub(super) fn folder(&self) -> Option<&Arc<Folder>> {
        self.kept.as_ref().map(|kept| &kept.folder)
    }

    fn every(&self) -> Duration {
        self.every.unwrap_or(SAVE_EVERY)
    }
}

impl Session {
    /// Keeps everything in the folder `root` from now on, and brings back what it holds; then opens what `startup` asks for.
    pub fn open_workspace(&mut self, root: PathBuf, startup: Startup) {
        self.workspace.startup = Some(startup);
        self.activity.start(t!("session-opening-workspace"), Doing::Restoring, JobSpec::OpenWorkspace(root));
    }

    /// Opens what a start asks for, without a workspace.
    pub fn start_without_workspace(&mut self, startup: Startup) {
        self.workspace.startup = Some(startup);
        self.start_up(false);
    }

    /// Writes the workspace as often as this.
    pub fn set_save_every(&mut self, every: Duration) {
        self.workspace.every = Some(every);
    }

    /// A training that starts hands over checkpoints where there is a workspace to keep them in.
    pub(super) fn ask_for_checkpoints(&self) {
        if self.workspace.kept.is_some() {
            self.activity.tell(Control::KeepEvery(self.workspace.every() * 2));
        }
    }

    /// Whether something is not handed to the disk yet: [`Session::poll`] does it within seconds.
    #[must_use]
    pub fn is_unsaved(&self) -> bool {
        let saved = self.workspace.saved.map(|(revision, _)| revision);
        self.workspace.kept.is_some() && saved != Some(self.revision)
    }

    /// Whether what the workspace holds is still being brought back.
    #[must_use]
    pub fn is_restoring(&self) -> bool {
        self.activity.is_restoring()
    }

    /// Writes what is not on the disk yet, for at most so long; to be called when the window closes. Whether all of it is there.
    pub fn close(&mut self, timeout: Duration) -> bool {
        if self.workspace.kept.is_none() {
            return true;
        }
        for id in self.activity.training().map(|(_, training)| training.runs.clone()).unwrap_or_default() {
            self.workspace.dirty.remove(&id);
        }
        self.hand_over();
        self.workspace.kept.take().is_none_or(|kept| kept.saver.flush(timeout))
    }

    pub(super) fn apply_workspace(&mut self, command: WorkspaceCommand) {
        match command {
            WorkspaceCommand::SetLayout(after) => set_layout(&mut self.workspace, &mut self.edits, after),
            WorkspaceCommand::SaveAs(path) => {
                self.hand_over();
                let Some(kept) = &self.workspace.kept else {
                    return self.notify(Severity::Warning, NO_WORKSPACE);
                };
                let spec = JobSpec::PackWorkspace(path, kept.folder.clone(), kept.saver.clone());
                self.activity.start(t!("session-saving-workspace"), Doing::Saving, spec);
            }
            WorkspaceCommand::Open(path) => {
                self.hand_over();
                let Some(kept) = &self.workspace.kept else {
                    return self.notify(Severity::Warning, NO_WORKSPACE);
                };
                let spec = JobSpec::UnpackWorkspace(path, kept.folder.clone(), kept.saver.clone());
                self.end_training();
                self.activity.start(t!("session-opening-workspace"), Doing::Restoring, spec);
            }
            WorkspaceCommand::Locate(id, paths) => self.locate(id, paths),
        }
    }

    /// A workspace was opened, or could not be: then everything works as usual and nothing is kept.
    pub(super) fn take_workspace(&mut self, opened: Option<OpenedWorkspace>) {
        let Some(OpenedWorkspace { folder, state, runs, problems, notes }) = opened else {
            return self.start_up(false);
        };
        for problem in problems {
            self.notify(Severity::Error, problem.to_string());
        }
        for note in notes {
            self.notify(Severity::Info, note.text());
        }
        let waker = self.activity.waker();
        let saver = Arc::new(Saver::start_waking(folder.clone(), Arc::new(move || waker())));
        self.workspace.kept = Some(Kept { folder, saver });
        let is_restored = match state {
            Some(state) => self.restore_state(&state, runs),
            None => false,
        };
        self.start_up(is_restored);
    }

    fn restore_state(&mut self, state: &Value, runs: BTreeMap<u64, StoredRun>) -> bool {
        self.runs = super::Runs::default();
        self.edits = Edits::default();
        let restored = state::take(self, state, runs);
        match restored {
            Ok(problems) => {
                for problem in problems {
                    self.notify(Severity::Warning, problem);
                }
                if let Some(id) = self.runs.shown_id() {
                    self.show_run(id);
                } else if let Some(id) = self.corpus.wanted() {
                    self.open_again(id);
                }
                let (planned, held) = self.queue();
                if planned > 0 && held {
                    self.notify(Severity::Info, t!("session-planned-wait", n = planned));
                }
                !self.runs.entries().is_empty() || self.corpus.wanted().is_some()
            }
            Err(why) => {
                self.notify(Severity::Error, why);
                false
            }
        }
    }

    fn start_up(&mut self, is_restored: bool) {
        let Some(Startup { asked, otherwise }) = self.workspace.startup.take() else { return };
        match (asked, otherwise) {
            (Some(asked), _) => self.apply(asked),
            (None, Some(otherwise)) if !is_restored => self.apply(otherwise),
            _ => {}
        }
    }

    /// Hands what has changed to the writer, every few seconds.
    pub(super) fn save_if_due(&mut self) {
        for problem in self.workspace.kept.as_ref().map(|kept| kept.saver.take_problems()).unwrap_or_default()
        {
            self.notify(Severity::Error, problem.to_string());
        }
        let is_due = self.workspace.saved.is_none_or(|(_, at)| at.elapsed() >= self.workspace.every());
        if self.is_unsaved() && is_due && !self.is_restoring() {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let Some(kept) = &self.workspace.kept else { return };
        for id in std::mem::take(&mut self.workspace.dirty) {
            if let Some(stored) = self.runs.get(id).and_then(stored) {
                kept.saver.save_run(id.0, stored);
            }
        }
        kept.saver.save_state(state::put(self));
        self.workspace.saved = Some((self.revision, Instant::now()));
    }

    /// What it takes to resume a training in another process goes to the disk at once.
    pub(super) fn keep_checkpoint(&mut self, id: RunId, checkpoint: &Arc<Checkpoint>) {
        let Some(history) = self.runs.get(id).map(|entry| entry.history.clone()) else { return };
        if let Some(kept) = &self.workspace.kept {
            kept.saver.save_run(id.0, stored_checkpoint(checkpoint, history));
        }
    }

    /// Reads a run back whose quantizer is not in memory.
    pub(super) fn bring_back(&mut self, id: RunId) {
        let Some(entry) = self.runs.get(id) else { return };
        let is_there = matches!(entry.body, Body::Quantizer(_) | Body::Codes(_));
        if let (Origin::Codes(source), false) = (&entry.origin, is_there) {
            return self.open(source.clone(), AfterOpen::Codes(id), Answers::default());
        }
        let Some(folder) =
            self.workspace.folder().cloned().filter(|folder| !is_there && folder.has_run(id.0))
        else {
            return;
        };
        if !self.activity.is_reading(id) {
            let title = t!("session-reading", run = entry.name());
            self.activity.start(&title, Doing::Reading(id), JobSpec::ReadRun(id.0, folder));
        }
    }

    /// A run was read back.
    pub(super) fn take_stored(&mut self, id: RunId, stored: StoredRun) {
        if let Some(entry) = self.runs.get_mut(id)
            && !entry.state().is_under_way()
        {
            put_stored(entry, stored);
        }
    }
}

/// Notes where the panels lie, in a way that can be undone.
fn set_layout(workspace: &mut Workspace, edits: &mut Edits, after: String) {
    if after != workspace.layout {
        let before = std::mem::replace(&mut workspace.layout, after.clone());
        // The first one is no edit but how the window starts.
        if !before.is_empty() {
            edits.push(Edit::Layout { before, after });
        }
    }
}
