//! The state behind the window: takes commands, runs jobs, and never waits.
//!
//! The one noun is the run ([`RunEntry`]). Each part of the state has an owner: the data (`corpus`), the runs (`runs`), what is under way
//! (`activity`), what the next training is like (`plan`), what is selected (`selection`), what can be undone (`edits`), the notices
//! (`notices`) and what outlives the process (`workspace`). [`Session::apply`] hands a command to its owner and returns at once;
//! [`Session::poll`] hands what jobs have told to whom they work for. What a job that was replaced still says goes nowhere, because its mailbox is
//! gone.

mod activity;
mod arrivals;
mod clock;
mod command;
mod corpus;
mod edits;
mod ids;
mod mailbox;
mod notices;
mod opening;
mod origin_doc;
mod params;
mod plan;
mod read;
mod repair;
mod retrain;
mod run_entry;
mod runs;
mod save;
mod selection;
mod severity;
mod sound;
mod start;
mod state;
mod stored;
#[cfg(test)]
mod tests;
mod tokens;
mod train;
mod transport;
mod watched;
mod worker;
mod workspace;

use crate::param::Effect;
use crate::rvq::{RvqParams, rules};
use crate::text::t;
use crate::training::proposal::with_proposals;

use activity::Activity;
use corpus::Corpus;
use edits::{Edit, Edits};
use ids::Ids;
use notices::Notices;
use runs::{Runs, RunsEdit};
use selection::Marked;
use sound::Listening;
use workspace::Workspace;

pub use activity::TrainState;
pub use clock::Clock;
pub use command::{
    Command, CompareCommand, DataCommand, EditCommand, NoticeCommand, ParamsCommand, RunsCommand,
    SaveCommand, SelectCommand, SoundCommand, SweepCommand, TrainCommand, WorkspaceCommand,
};
pub use corpus::DataEntry;
pub use ids::{DataId, GroupId, RunId};
pub use notices::Notice;
pub use opening::{Answer, FileChoice, Question};
pub use params::ParamsEditor;
pub use plan::Plan;
pub use run_entry::{Body, Label, ModelFile, Origin, Recipe, RunEntry, RunState, View};
pub use selection::Selection;
pub use severity::Severity;
pub use sound::{MOST_SECS, SoundLook};
pub use tokens::TokensLook;
pub use transport::SoundState;
pub use worker::Waker;
pub use workspace::Startup;

/// The state behind the window.
pub struct Session {
    corpus: Corpus,
    runs: Runs,
    activity: Activity,
    plan: Plan,
    selection: Selection,
    marked: Marked,
    edits: Edits,
    notices: Notices,
    listening: Listening,
    ids: Ids,
    workspace: Workspace,
    /// Changes whenever anything that panels draw has changed.
    revision: u64,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("activity", &self.activity).finish_non_exhaustive() // not a text
    }
}

impl Session {
    /// An empty session. `waker` is called from other threads when there is something to poll.
    #[must_use]
    pub fn new(waker: Waker) -> Self {
        Self {
            corpus: Corpus::default(),
            runs: Runs::default(),
            activity: Activity::new(waker),
            plan: Plan::default(),
            selection: Selection::default(),
            marked: Marked::default(),
            edits: Edits::default(),
            notices: Notices::default(),
            listening: Listening::default(),
            ids: Ids::default(),
            workspace: Workspace::default(),
            revision: 0,
        }
    }

    /// How many threads jobs compute on. The figures do not depend on it.
    pub fn set_threads(&mut self, threads: usize) {
        self.activity.set_threads(threads);
    }

    /// How many bytes of quantizers and codes the runs may hold together before the oldest let theirs go.
    pub fn set_heavy_bytes(&mut self, bytes: usize) {
        self.runs.set_heavy_bytes(bytes);
    }

    /// Starts from remembered settings; jobs under way are not touched.
    pub fn restore(&mut self, plan: Plan, data_spec: crate::jobs::DataSpec) {
        self.plan = plan.sound();
        self.corpus.spec = data_spec;
    }

    /// Does what the user wants, or starts it. Never waits.
    pub fn apply(&mut self, command: impl Into<Command>) {
        self.revision += 1;
        match command.into() {
            Command::Data(command) => self.apply_data(command),
            Command::Params(command) => self.apply_params(&command),
            Command::Train(command) => self.apply_train(command),
            Command::Compare(command) => self.apply_compare(command),
            Command::Sweep(command) => self.apply_sweep(&command),
            Command::Runs(command) => self.apply_runs(command),
            Command::Select(command) => self.apply_select(&command),
            Command::Edit(EditCommand::Undo) => self.carry_out(true),
            Command::Edit(EditCommand::Redo) => self.carry_out(false),
            Command::Save(command) => self.apply_save(command),
            Command::Sound(command) => self.apply_sound(command),
            Command::Notices(command) => self.notices.apply(command),
            Command::Workspace(command) => self.apply_workspace(command),
        }
        self.shed();
    }

    fn apply_params(&mut self, command: &ParamsCommand) {
        let rule = self.plan.params.rule();
        let after = match command {
            ParamsCommand::Set { key, value } => match self.plan.params.with(key, *value) {
                Ok(params) => params,
                Err(err) => return self.notify(Severity::Error, err.to_string()),
            },
            ParamsCommand::SetRule(id) => match rules::find(id) {
                Some(rule) => self.plan.params.current().with_rule(rule),
                None => return,
            },
            ParamsCommand::Reset => rule.defaults(),
            ParamsCommand::TakeProposals => with_proposals(self.plan.params.current(), &self.proposals()),
        };
        self.edit_params(after);
    }

    /// Takes over other parameters, in a way that can be undone.
    fn edit_params(&mut self, after: RvqParams) {
        let before = *self.plan.params.current();
        if before != after {
            self.edits.push(Edit::Params { before, after });
            self.change_params(after);
        }
    }

    /// Takes over other parameters; a training under way takes them over as well, or starts again.
    fn change_params(&mut self, after: RvqParams) {
        if let Some(effect) = self.plan.params.replace(after) {
            self.pass_on_params(effect);
        }
    }

    fn apply_select(&mut self, command: &SelectCommand) {
        self.marked = std::mem::take(&mut self.marked).after(command, self.runs.shown_id());
        let before = self.selection;
        let after = before.after(command);
        if before != after {
            self.selection = after;
            self.edits.push(Edit::Selection { before, after });
        }
    }

    fn apply_runs(&mut self, command: RunsCommand) {
        match command {
            RunsCommand::Show(id) => self.show_run(id),
            RunsCommand::Overlay(id, on) => self.runs.overlay(id, on),
            RunsCommand::OverlayOnly(ids) => self.runs.overlay_only(ids),
            RunsCommand::Rename(id, name) => {
                let name = name.trim().to_owned();
                if !name.is_empty() {
                    self.relabel(id, |label| label.name = name);
                }
            }
            RunsCommand::Note(id, note) => self.relabel(id, |label| label.note = note),
            RunsCommand::Pin(id, on) => self.relabel(id, |label| label.is_pinned = on),
            RunsCommand::Delete(id) => self.delete_run(id),
            RunsCommand::Evaluate(id, trained_share) => self.evaluate_run(id, trained_share),
            RunsCommand::TakeParams(id) => {
                if let Some(&params) = self.runs.get(id).and_then(RunEntry::params) {
                    self.edit_params(params);
                }
            }
            RunsCommand::TrainFrom(id) => self.start_training(false, Some(id)),
            RunsCommand::Repair(id, fixes) => self.repair_run(id, &fixes),
            RunsCommand::StopWatching(id) => self.stop_watching(id),
            RunsCommand::CancelRepair(id) => self.cancel_repair(id),
            RunsCommand::Retrain(id, changes) => self.retrain(id, &changes),
        }
    }

    fn relabel(&mut self, id: RunId, change: impl FnOnce(&mut Label)) {
        let Some(entry) = self.runs.get(id) else { return };
        let before = entry.label.clone();
        let mut after = before.clone();
        change(&mut after);
        if before != after {
            self.edit_runs(RunsEdit::Label { id, before, after });
        }
    }

    /// Deletes a run; a training of it ends.
    fn delete_run(&mut self, id: RunId) {
        self.let_go_of(id);
        if self.runs.get(id).is_some() {
            let was_shown = self.runs.shown_id() == Some(id);
            self.edit_runs(RunsEdit::Delete { id, at: 0, entry: None });
            if was_shown && let Some(next) = self.run_beside() {
                self.show_run(next);
            }
        }
    }

    /// No job works for a run any more; a training of it ends.
    fn let_go_of(&mut self, id: RunId) {
        if self.activity.is_training(id) {
            self.end_training();
        }
        self.activity.forget(id);
    }

    /// The newest run of the present data, to be shown in the place of one that is no more.
    fn run_beside(&self) -> Option<RunId> {
        let present = self.corpus.present();
        let has_something = |entry: &&RunEntry| entry.view().is_some() && entry.data == present;
        self.runs.entries().iter().rev().find(has_something).map(|entry| entry.id)
    }

    fn edit_runs(&mut self, mut edit: RunsEdit) {
        edit.carry_out(&mut self.runs, false);
        self.edits.push(Edit::Runs(edit));
    }

    /// Undoes the last edit, or redoes the one that was undone last.
    fn carry_out(&mut self, backwards: bool) {
        let Some(mut edit) = self.edits.take(backwards) else { return };
        match &mut edit {
            Edit::Params { before, after } => {
                let params = if backwards { *before } else { *after };
                self.change_params(params);
            }
            Edit::Selection { before, after } => {
                self.selection = if backwards { *before } else { *after };
                self.marked = Marked::default();
            }
            Edit::Layout { before, after } => {
                self.workspace.layout = if backwards { before.clone() } else { after.clone() };
            }
            Edit::Runs(edit) => {
                let id = edit.id();
                if edit.removes(backwards) {
                    self.let_go_of(id);
                }
                edit.carry_out(&mut self.runs, backwards);
                // Whoever looks at another run meanwhile goes on looking at it.
                let is_free = !backwards || self.runs.shown_id().is_none();
                if let Some(shown) = edit.shown_then(backwards).filter(|_| is_free) {
                    self.show_run(shown);
                }
                let is_planned = self.runs.get(id).is_some_and(|entry| *entry.state() == RunState::Planned);
                if is_planned && !self.activity.queue.contains(&id) {
                    self.activity.queue.push_back(id);
                }
                self.workspace.mark(id);
            }
        }
        self.edits.put_back(edit, backwards);
    }

    /// Bounds memory, and tells what was let go.
    fn shed(&mut self) {
        self.runs.shed();
        let names = self.runs.take_let_go();
        if let [first, rest @ ..] = names.as_slice() {
            let text = match rest.len() {
                0 => t!("session-let-go", run = first),
                more => t!("session-let-go-more", run = first, more = more),
            };
            self.notify(Severity::Info, text);
        }
    }

    fn notify(&mut self, severity: Severity, text: impl Into<String>) {
        self.revision += 1;
        self.notices.add(severity, text);
    }
}

/// What an edit of the parameters means for a training under way.
impl Session {
    fn pass_on_params(&mut self, effect: Effect) {
        // Trainings that are compared or swept have parameters of their own, which stay.
        let Some((_, training)) = self.activity.training() else { return };
        let Some(entry) =
            training.runs.first().and_then(|&id| self.runs.get(id)).filter(|_| training.compared.is_empty())
        else {
            return;
        };
        if matches!(entry.origin, Origin::Swept) {
            return;
        }
        let steps_before = entry.recipe.map_or(0, |recipe| recipe.steps_before);
        match (effect, self.plan.params.valid_after(steps_before)) {
            (Effect::Live, Ok(params)) => {
                self.activity.tell(crate::jobs::Control::Live(Box::new(params)));
            }
            (Effect::Restart, Ok(_)) => self.restart_training(),
            (_, Err(err)) => self.notify(Severity::Error, err.to_string()),
        }
    }
}
