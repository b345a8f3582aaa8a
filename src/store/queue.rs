//! What is to be written, and in which order, so that a kill between any two writes leaves a state whose runs are all there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::run::StoredRun;

/// What was handed over and is not written yet. Times count what is handed over.
#[derive(Debug, Default)]
pub(super) struct Queue {
    now: u64,
    runs: BTreeMap<u64, Pending<StoredRun>>,
    state: Option<Pending<Value>>,
    /// A newer state that tells of runs which were handed over behind `state`, and are not written yet.
    later: Option<Pending<Value>>,
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
    /// When it was handed over; of a run, when the first version since the last write was.
    since: u64,
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
        self.runs.insert(id, Pending { value, since });
        before.map(|before| before.value)
    }

    /// Takes in a state; gives the version that it takes the place of.
    ///
    /// A state must not be ahead of its runs: it is written behind all that were handed over before it. Where runs came between it and a state
    /// that waits, that one is left to be written first, or runs that come without end would hold up every state.
    pub(super) fn put_state(&mut self, value: Value) -> Option<Value> {
        let at = self.tick();
        let state = Pending { value, since: at };
        let came_between = |first: &Pending<Value>| self.runs.values().any(|run| run.since > first.since);
        if self.state.as_ref().is_some_and(came_between) {
            return self.later.replace(state).map(|before| before.value);
        }
        let before = self.state.replace(state);
        // What came between may have been written while the system refused the state.
        self.later = None;
        self.forget_removed();
        before.map(|before| before.value)
    }

    /// Runs that the next state no longer names need not be written.
    fn forget_removed(&mut self) {
        let gone: Vec<u64> = self.runs.keys().copied().filter(|&id| self.is_forgotten(id)).collect();
        for id in gone {
            self.runs.remove(&id);
        }
    }

    /// Whether the run was removed and no state that is to be written names it.
    fn is_forgotten(&self, id: u64) -> bool {
        let next = self.state.as_ref().map(|state| state.since);
        self.removed.get(&id).is_some_and(|&removed| next.is_none_or(|next| removed < next))
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
            Target::State => {
                let state = self.state.take();
                self.state = self.later.take();
                if self.state.is_some() {
                    self.forget_removed();
                }
                state.map(Work::State)
            }
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
            if let Some((&id, _)) = oldest.filter(|(_, run)| run.since < state.since) {
                return Some(Target::Run(id));
            }
            if !self.runs.iter().any(|(id, run)| self.is_missing(*id, run, state.since)) {
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
                Work::State(state) => self.written = Some(state.since),
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
                let is_forgotten = self.is_forgotten(id);
                match self.runs.get_mut(&id) {
                    Some(newer) => newer.since = since,
                    None if is_forgotten => {}
                    None => {
                        self.runs.insert(id, run);
                        return None;
                    }
                }
                Some(Work::Run(id, run))
            }
            Work::State(state) => {
                self.refused.insert(Target::State);
                // A newer one is as good, once its runs are there.
                if self.state.is_some() {
                    return Some(Work::State(state));
                }
                self.state = Some(state);
                None
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
        self.runs.is_empty() && self.state.is_none() && self.later.is_none()
    }

    fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::random::{self, Purpose};
    use crate::rvq::{Codebook, Rvq, RvqParams};
    use crate::training::{Run, RunFigures, SourceInfo};

    fn run(version: u64) -> StoredRun {
        let run = Run {
            name: version.to_string(),
            source: SourceInfo::default(),
            params: RvqParams::default(),
            params_known: false,
            live_edits: Vec::new(),
            steps: version,
            rvq: Arc::new(Rvq::new(vec![Codebook::blank(1, 1).into()]).unwrap()),
            row_scales: Vec::new(),
            course: None,
            states: Vec::new(),
            trace: None,
            train: None,
            held_out: None,
            evaluated_at: 0,
            figures: RunFigures::default(),
        };
        StoredRun {
            run: Arc::new(run),
            history: Arc::default(),
            trainer: None,
            course: Default::default(),
            standardize: false,
        }
    }

    /// What lies on the disk: the version of each run, and the runs that the state names.
    #[derive(Default)]
    struct Disk {
        runs: BTreeMap<u64, u64>,
        state: Vec<u64>,
    }

    impl Disk {
        fn apply(&mut self, work: &Work) {
            match work {
                Work::Run(id, run) => {
                    self.runs.insert(*id, run.value().run.steps);
                }
                Work::State(state) => {
                    self.state =
                        state.value().as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect();
                }
                Work::Removal(id, _) => {
                    self.runs.remove(id);
                }
            }
        }

        #[track_caller]
        fn check(&self) {
            let missing: Vec<_> = self.state.iter().filter(|id| !self.runs.contains_key(id)).collect();
            assert!(missing.is_empty(), "killed now, the state would name {missing:?} of {:?}", self.runs);
        }
    }

    /// Whatever is handed over, removed, undone, and refused by the disk: killed behind any write, the state's runs are there.
    #[test]
    fn no_order_of_events_leaves_a_state_without_its_runs() {
        for seed in 0..400 {
            let mut rng = random::stream(seed, Purpose::Data, 3);
            let mut below = |bound| random::below(&mut rng, bound);
            let (mut disk, mut queue) = (Disk::default(), Queue::new([]));
            let mut live: BTreeMap<u64, u64> = BTreeMap::new();
            let mut writing = None;
            for now in 0..300u64 {
                let id = below(5) as u64;
                match below(9) {
                    0 | 1 => {
                        live.insert(id, now);
                        queue.put_run(id, run(now));
                        if below(2) == 0 {
                            queue.put_state(live.keys().copied().collect::<Vec<_>>().into());
                        }
                    }
                    2 => {
                        if live.remove(&id).is_some() {
                            queue.remove(id);
                            queue.put_state(live.keys().copied().collect::<Vec<_>>().into());
                        }
                    }
                    3 => queue.retry(),
                    4 => {
                        queue.put_state(live.keys().copied().collect::<Vec<_>>().into());
                    }
                    // Begins a write, and ends it events later.
                    _ => match writing.take() {
                        None => writing = queue.next(),
                        Some(work) if below(3) == 0 => {
                            queue.done(work, Outcome::Refused);
                        }
                        Some(work) => {
                            disk.apply(&work);
                            disk.check();
                            queue.done(work, Outcome::Done);
                        }
                    },
                }
            }
            if let Some(work) = writing.take() {
                queue.done(work, Outcome::Refused);
            }
            queue.retry();
            queue.put_state(live.keys().copied().collect::<Vec<_>>().into());
            while let Some(work) = queue.next() {
                disk.apply(&work);
                disk.check();
                queue.done(work, Outcome::Done);
            }
            assert!(queue.is_written());
            assert_eq!(disk.runs, live, "seed {seed}: the newest of each, and no other");
            assert_eq!(disk.state, live.keys().copied().collect::<Vec<_>>());
        }
    }

    /// Killed behind any write, the state tells of no version of a run that is newer than the run's file.
    #[test]
    fn no_state_is_ahead_of_its_runs() {
        for seed in 0..400 {
            let mut rng = random::stream(seed, Purpose::Data, 4);
            let mut below = |bound| random::below(&mut rng, bound);
            let mut queue = Queue::new([]);
            let (mut live, mut files) = (BTreeMap::<String, u64>::new(), BTreeMap::<String, u64>::new());
            let (mut writing, mut states) = (None, 0);
            for now in 0..300u64 {
                let id = below(3) as u64;
                match below(6) {
                    0 | 1 => {
                        live.insert(id.to_string(), now);
                        queue.put_run(id, run(now));
                    }
                    2 => {
                        queue.put_state(serde_json::to_value(&live).unwrap());
                    }
                    _ => match writing.take() {
                        None => writing = queue.next(),
                        Some(work) => {
                            match &work {
                                Work::Run(id, run) => {
                                    files.insert(id.to_string(), run.value().run.steps);
                                }
                                Work::State(state) => {
                                    states += 1;
                                    for (id, version) in state.value().as_object().unwrap() {
                                        let file = files.get(id).copied();
                                        assert!(
                                            file >= version.as_u64(),
                                            "seed {seed}: run {id} is {file:?}, not {version}"
                                        );
                                    }
                                }
                                Work::Removal(..) => {}
                            }
                            queue.done(work, Outcome::Done);
                        }
                    },
                }
            }
            assert!(states > 5, "seed {seed}: {states} states");
        }
    }

    #[test]
    fn runs_that_come_without_end_do_not_hold_up_the_state() {
        let mut queue = Queue::new([]);
        queue.put_run(1, run(0));
        queue.put_state(1.into());
        let mut states = 0;
        for n in 1..20 {
            let work = queue.next().unwrap();
            // Ready before this one is written.
            queue.put_run(1, run(n));
            queue.put_state(n.into());
            states += u64::from(matches!(work, Work::State(_)));
            queue.done(work, Outcome::Done);
        }
        assert!((8..=11).contains(&states), "{states} of 19 writes are states");
    }

    #[test]
    fn an_undone_removal_removes_nothing() {
        let mut queue = Queue::new([7]);
        queue.remove(7);
        queue.put_run(7, run(1));
        queue.put_state(1.into());
        let mut done = Vec::new();
        while let Some(work) = queue.next() {
            done.push(match &work {
                Work::Run(id, _) => Target::Run(*id),
                Work::State(_) => Target::State,
                Work::Removal(id, _) => Target::Removal(*id),
            });
            queue.done(work, Outcome::Done);
        }
        assert_eq!(done, [Target::Run(7), Target::State]);
    }
}
