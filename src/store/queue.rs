//! What is to be written, and in which order, so that a kill between any two writes leaves a state whose runs are all there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::StoredRun;

/// What was handed over and is not written yet. Times count what is handed over.
#[derive(Debug, Default)]
pub(super) struct Queue {
    now: u64,
    runs: BTreeMap<u64, Pending<StoredRun>>,
    state: Option<Pending<Value>>,
    /// When each was removed.
    removed: BTreeMap<u64, u64>,
    /// Runs that there are files of.
    on_disk: BTreeSet<u64>,
    /// When the state that was written last was handed over.
    written: Option<u64>,
    /// What the system refused: left alone until [`Queue::retry`].
    refused: BTreeSet<Target>,
}

/// The newest version of something.
#[derive(Debug)]
pub(super) struct Pending<T> {
    value: T,
    /// When the first version since the last write was handed over.
    since: u64,
    /// When this version was.
    at: u64,
}

/// Something that can be written or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Run(u64),
    State,
    Removal(u64),
}

/// One thing to do.
#[derive(Debug)]
pub(super) enum Work {
    Run(u64, Pending<StoredRun>),
    State(Pending<Value>),
    Removal(u64, u64),
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is on the disk.
    Done,
    /// The system refused; it may not the next time.
    Refused,
    /// It never will be.
    Hopeless,
}

impl<T> Pending<T> {
    pub(super) fn value(&self) -> &T {
        &self.value
    }
}

impl Queue {
    /// An empty queue for a folder that has files of the runs `on_disk`.
    pub(super) fn new(on_disk: impl IntoIterator<Item = u64>) -> Self {
        Self { on_disk: on_disk.into_iter().collect(), ..Self::default() }
    }

    /// Takes in a run; gives the version that it takes the place of.
    pub(super) fn put_run(&mut self, id: u64, value: StoredRun) -> Option<StoredRun> {
        let at = self.tick();
        // It is wanted again: an undone removal.
        self.removed.remove(&id);
        let before = self.runs.remove(&id);
        let since = before.as_ref().map_or(at, |before| before.since);
        self.runs.insert(id, Pending { value, since, at });
        before.map(|before| before.value)
    }

    /// Takes in a state; gives the version that it takes the place of.
    pub(super) fn put_state(&mut self, value: Value) -> Option<Value> {
        let at = self.tick();
        let before = self.state.take();
        let since = before.as_ref().map_or(at, |before| before.since);
        self.state = Some(Pending { value, since, at });
        // Nothing that may still be written names them.
        self.runs.retain(|id, _| !self.removed.contains_key(id));
        before.map(|before| before.value)
    }

    /// Takes in that a run is to go. The state that is to be written may name it still, so it goes after the next.
    pub(super) fn remove(&mut self, id: u64) {
        let at = self.tick();
        self.removed.insert(id, at);
        if self.state.is_none() {
            self.runs.remove(&id);
        }
    }

    /// What to do next; `None` when there is nothing that can be done now.
    pub(super) fn next(&mut self) -> Option<Work> {
        let target = self.target()?;
        match target {
            Target::Run(id) => self.runs.remove(&id).map(|run| Work::Run(id, run)),
            Target::State => self.state.take().map(Work::State),
            Target::Removal(id) => self.removed.remove(&id).map(|at| Work::Removal(id, at)),
        }
    }

    /// Whether there is something that can be done now.
    pub(super) fn has_next(&self) -> bool {
        self.target().is_some()
    }

    fn target(&self) -> Option<Target> {
        let free = |target: &Target| !self.refused.contains(target);
        let oldest =
            self.runs.iter().filter(|(id, _)| free(&Target::Run(**id))).min_by_key(|(_, run)| run.since);
        if let Some(state) = self.state.as_ref().filter(|_| free(&Target::State)) {
            // Runs that are handed over again and again do not keep the state from being written, but those that came before it do.
            let first = oldest.filter(|(_, run)| run.since < state.since);
            let first = first.or_else(|| {
                let missing = |(id, run): &(&u64, &Pending<StoredRun>)| self.is_missing(**id, run, state.at);
                self.runs.iter().find(missing).filter(|(id, _)| free(&Target::Run(**id)))
            });
            if let Some((&id, _)) = first {
                return Some(Target::Run(id));
            }
            if !self.runs.iter().any(|(id, run)| self.is_missing(*id, run, state.at)) {
                return Some(Target::State);
            }
        }
        if let Some((&id, _)) = oldest {
            return Some(Target::Run(id));
        }
        let gone = |(_, at): &(&u64, &u64)| self.written.is_some_and(|written| **at < written);
        let mut gone = self.removed.iter().filter(gone).map(|(id, _)| Target::Removal(*id));
        gone.find(free)
    }

    /// Whether a state of `at` may name the run and there is no file of it.
    fn is_missing(&self, id: u64, run: &Pending<StoredRun>, at: u64) -> bool {
        run.since < at && !self.on_disk.contains(&id)
    }

    /// Takes in what came of `work`, and gives it back where it is not needed any more. What was refused comes again, unless a newer version has
    /// come meanwhile.
    pub(super) fn done(&mut self, work: Work, outcome: Outcome) -> Option<Work> {
        match outcome {
            Outcome::Done => match &work {
                Work::Run(id, _) => {
                    self.on_disk.insert(*id);
                }
                Work::State(state) => self.written = Some(state.at),
                Work::Removal(id, _) => {
                    self.on_disk.remove(id);
                }
            },
            Outcome::Refused => return self.put_back(work),
            Outcome::Hopeless => {}
        }
        Some(work)
    }

    fn put_back(&mut self, work: Work) -> Option<Work> {
        match work {
            Work::Run(id, run) => {
                self.refused.insert(Target::Run(id));
                let since = run.since;
                match self.runs.get_mut(&id) {
                    Some(newer) => newer.since = since,
                    None if self.removed.contains_key(&id) => {}
                    None => {
                        self.runs.insert(id, run);
                        return None;
                    }
                }
                Some(Work::Run(id, run))
            }
            Work::State(state) => {
                self.refused.insert(Target::State);
                match &mut self.state {
                    Some(newer) => newer.since = state.since,
                    None => {
                        self.state = Some(state);
                        return None;
                    }
                }
                Some(Work::State(state))
            }
            Work::Removal(id, at) => {
                self.refused.insert(Target::Removal(id));
                // Wanted again where it was handed over meanwhile.
                if !self.runs.contains_key(&id) {
                    self.removed.insert(id, at);
                }
                None
            }
        }
    }

    /// Lets what was refused be tried once more.
    pub(super) fn retry(&mut self) {
        self.refused.clear();
    }

    /// Whether everything that was handed over is on the disk.
    pub(super) fn is_written(&self) -> bool {
        self.runs.is_empty() && self.state.is_none()
    }

    fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }
}
