//! All runs, which of them is shown, and which are laid over it.

use std::collections::BTreeSet;

use super::ids::{DataId, GroupId, Ids, RunId};
use super::run_entry::{Body, Encoded, Label, Origin, RunEntry, RunState};

/// Bytes of quantizers, codes and resumable states that runs may take together before the oldest let theirs go.
const HEAVY_BYTES: usize = 1 << 30;
/// Runs that are kept; beyond, the oldest that nobody pinned is forgotten.
const RUNS_KEPT: usize = 1000;
/// Runs that are laid over each other at the most: more curves than these nobody tells apart.
const OVERLAID_MOST: usize = 32;

/// A change of the runs that can be undone.
#[derive(Debug)]
pub(super) enum RunsEdit {
    /// Another name, note or pin.
    Label { id: RunId, before: Label, after: Label },
    /// A run was deleted; it stands here as long as that can be undone.
    Delete { id: RunId, at: usize, entry: Option<Box<RunEntry>> },
    /// A mended copy of the run `from` was made; it stands here while that is undone.
    Repair { id: RunId, from: RunId, at: usize, entry: Option<Box<RunEntry>> },
}

/// All runs, oldest first.
#[derive(Debug, Default)]
pub(super) struct Runs {
    entries: Vec<RunEntry>,
    shown: Option<RunId>,
    overlaid: BTreeSet<RunId>,
    /// Will be shown as soon as it has something to show.
    awaited: Option<RunId>,
    /// Counts runs and groups, to name them by.
    named: [u64; 3],
    /// What was let go since the user was told.
    let_go: Vec<String>,
    /// Heavy state that may be held.
    heavy_bytes: Option<usize>,
}

/// What is counted, to be named by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counted {
    Run,
    Comparison,
    Sweep,
}

impl Runs {
    pub(super) fn entries(&self) -> &[RunEntry] {
        &self.entries
    }

    pub(super) fn get(&self, id: RunId) -> Option<&RunEntry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    pub(super) fn get_mut(&mut self, id: RunId) -> Option<&mut RunEntry> {
        let entry = self.entries.iter_mut().find(|entry| entry.id == id)?;
        entry.touch();
        Some(entry)
    }

    pub(super) fn shown(&self) -> Option<&RunEntry> {
        self.shown.and_then(|id| self.get(id))
    }

    pub(super) fn shown_id(&self) -> Option<RunId> {
        self.shown
    }

    pub(super) fn overlaid(&self) -> &BTreeSet<RunId> {
        &self.overlaid
    }

    pub(super) fn awaited(&self) -> Option<RunId> {
        self.awaited
    }

    /// The number that the next of its kind is named by.
    pub(super) fn number(&mut self, what: Counted) -> u64 {
        let counter = &mut self.named[what as usize];
        *counter += 1;
        *counter
    }

    pub(super) fn numbers(&self) -> [u64; 3] {
        self.named
    }

    pub(super) fn set_numbers(&mut self, named: [u64; 3]) {
        for (known, named) in self.named.iter_mut().zip(named) {
            *known = named.max(*known);
        }
    }

    /// Adds a run.
    pub(super) fn add(
        &mut self,
        ids: &mut Ids,
        name: String,
        origin: Origin,
        state: RunState,
        body: Body,
    ) -> &mut RunEntry {
        let id = ids.give();
        self.put(self.entries.len(), RunEntry::new(id, name, origin, state, body));
        let nth = self.entries.iter().position(|entry| entry.id == id).unwrap_or(0);
        &mut self.entries[nth]
    }

    /// Puts a run where it stood, or at the end.
    pub(super) fn put(&mut self, at: usize, entry: RunEntry) {
        self.entries.insert(at.min(self.entries.len()), entry);
        if self.entries.len() > RUNS_KEPT
            && let Some(nth) = self.entries.iter().position(|entry| self.is_dispensable(entry))
        {
            let entry = self.entries.remove(nth);
            self.let_go.push(entry.label.name);
        }
    }

    fn is_dispensable(&self, entry: &RunEntry) -> bool {
        let (RunEntry { id, label, .. }, state) = (entry, entry.state());
        let is_wanted = self.shown == Some(*id) || self.overlaid.contains(id) || self.awaited == Some(*id);
        !(is_wanted || label.is_pinned || state.is_under_way() || *state == RunState::Planned)
    }

    /// Shows a run, or none, from now on.
    pub(super) fn show(&mut self, id: Option<RunId>) {
        self.awaited = None;
        self.shown = id.filter(|&id| self.get(id).is_some());
    }

    /// Shows a run as soon as it has something to show.
    pub(super) fn show_when_ready(&mut self, id: RunId) {
        self.awaited = Some(id);
    }

    /// The run that was waited for has something to show.
    pub(super) fn arrived(&mut self, id: RunId) {
        if self.awaited == Some(id) {
            self.show(Some(id));
        }
    }

    /// Lays a run over the shown one, or takes it off.
    pub(super) fn overlay(&mut self, id: RunId, on: bool) {
        if !on {
            self.overlaid.remove(&id);
        } else if self.get(id).is_some() && self.overlaid.len() < OVERLAID_MOST {
            self.overlaid.insert(id);
        }
    }

    /// Lays just these over the shown one.
    pub(super) fn overlay_only(&mut self, ids: impl IntoIterator<Item = RunId>) {
        self.overlaid = ids.into_iter().take(OVERLAID_MOST).collect();
    }

    /// Takes a run out; what was shown of it is not any more.
    pub(super) fn take(&mut self, id: RunId) -> Option<(usize, RunEntry)> {
        let at = self.entries.iter().position(|entry| entry.id == id)?;
        let entry = self.entries.remove(at);
        self.overlaid.remove(&id);
        if self.awaited == Some(id) {
            self.awaited = None;
        }
        if self.shown == Some(id) {
            self.shown = None;
        }
        Some((at, entry))
    }

    /// Removes a run of which there is nothing.
    pub(super) fn remove_if_empty(&mut self, id: RunId) {
        if self.get(id).is_some_and(RunEntry::is_empty) {
            self.take(id);
        }
    }

    pub(super) fn of_group(&self, group: GroupId) -> impl Iterator<Item = &RunEntry> {
        self.entries.iter().filter(move |entry| entry.group == Some(group))
    }

    /// The newest checkpoint that was loaded.
    pub(super) fn newest_model(&self) -> Option<&RunEntry> {
        self.entries.iter().rev().find(|entry| matches!(entry.origin, Origin::Loaded(_)))
    }

    /// A name that no run has: `name`, or with the first number behind it from 2 on that is free.
    pub(super) fn free_name(&self, name: String) -> String {
        let is_free = |name: &String| self.entries.iter().all(|entry| entry.label.name != *name);
        let numbered = (2..).map(|number: u32| format!("{name} {number}"));
        std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name)
    }

    pub(super) fn refers_to(&self, data: DataId) -> bool {
        self.entries.iter().any(|entry| entry.data == Some(data))
    }

    /// Lets heavy state go until what is left fits, of the oldest first: codes over time, then what a run is resumed with, then the quantizer. Its
    /// scalars and figures stay.
    pub(super) fn shed(&mut self) {
        let most = self.heavy_bytes.unwrap_or(HEAVY_BYTES);
        let mut held: usize = self.entries.iter().map(RunEntry::heavy_bytes).sum();
        if held <= most {
            return;
        }
        let dispensable: Vec<bool> = self.entries.iter().map(|entry| self.is_dispensable(entry)).collect();
        for what in [Shed::Tokens, Shed::Resume, Shed::Body] {
            for (entry, _) in
                self.entries.iter_mut().zip(&dispensable).filter(|(_, dispensable)| **dispensable)
            {
                if held <= most {
                    return;
                }
                let before = entry.heavy_bytes();
                if what.let_go(entry) {
                    self.let_go.push(entry.label.name.clone());
                }
                held = held.saturating_sub(before.saturating_sub(entry.heavy_bytes()));
            }
        }
    }

    /// Holds at most this much heavy state.
    pub(super) fn set_heavy_bytes(&mut self, bytes: usize) {
        self.heavy_bytes = Some(bytes);
    }

    /// The names of the runs that were let go since the last call.
    pub(super) fn take_let_go(&mut self) -> Vec<String> {
        std::mem::take(&mut self.let_go)
    }
}

/// What of a run is let go.
#[derive(Debug, Clone, Copy)]
enum Shed {
    Tokens,
    Resume,
    Body,
}

impl Shed {
    /// Whether the user has to be told.
    fn let_go(self, entry: &mut RunEntry) -> bool {
        match self {
            Self::Tokens => entry.encoded = Encoded::default(),
            Self::Resume => entry.resume = None,
            Self::Body => {
                let summary = entry.summary().filter(|_| entry.run().is_some());
                if let Some(summary) = summary {
                    entry.body = Body::LetGo(Box::new(summary));
                    entry.touch();
                    return true;
                }
            }
        }
        false
    }
}

impl RunsEdit {
    /// The run that it changes.
    pub(super) fn id(&self) -> RunId {
        match self {
            Self::Label { id, .. } | Self::Delete { id, .. } | Self::Repair { id, .. } => *id,
        }
    }

    /// Whether doing it, or taking it back, takes a run away.
    pub(super) fn removes(&self, backwards: bool) -> bool {
        match self {
            Self::Label { .. } => false,
            Self::Delete { .. } => !backwards,
            Self::Repair { .. } => backwards,
        }
    }

    /// The run to be shown when it was done, or taken back.
    pub(super) fn shown_then(&self, backwards: bool) -> Option<RunId> {
        match self {
            Self::Repair { id, from, .. } => Some(if backwards { *from } else { *id }),
            Self::Label { .. } | Self::Delete { .. } => None,
        }
    }

    /// Does it, or takes it back.
    pub(super) fn carry_out(&mut self, runs: &mut Runs, backwards: bool) {
        let removes = self.removes(backwards);
        match self {
            Self::Label { id, before, after } => {
                if let Some(entry) = runs.get_mut(*id) {
                    entry.label = if backwards { before.clone() } else { after.clone() };
                }
            }
            Self::Delete { id, at, entry } | Self::Repair { id, at, entry, .. } if removes => {
                if let Some((was_at, taken)) = runs.take(*id) {
                    (*at, *entry) = (was_at, Some(Box::new(taken)));
                }
            }
            Self::Delete { at, entry, .. } | Self::Repair { at, entry, .. } => {
                if let Some(entry) = entry.take() {
                    let id = entry.id;
                    runs.put(*at, *entry);
                    if runs.shown.is_none() {
                        runs.show(Some(id));
                    }
                }
            }
        }
    }
}
