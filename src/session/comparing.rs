//! Trainings that are compared: several under way at once, one of which every panel shows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::jobs::{self, Builtin, CompareSpec, Compared, Entry, Holdout, JobSpec, PITFALLS, Pitfall, Source};
use crate::training::{History, Run, StepRecord, findings};

use super::start::Then;
use super::{CompareCommand, Session, Severity, TrainState, View};

/// Counts the comparisons of this process, to name them by.
static COMPARISONS_STARTED: AtomicU64 = AtomicU64::new(1);

/// A comparison under way.
#[derive(Debug)]
pub(super) struct Comparison {
    /// What it trains, to start it again with.
    entries: Vec<Entry>,
    lanes: Vec<Lane>,
    /// The one that every panel shows.
    shown: usize,
}

/// One of its trainings.
#[derive(Debug, Default)]
struct Lane {
    /// Its newest state, once it has shown one.
    run: Option<Arc<Run>>,
    history: Arc<History>,
}

impl Session {
    pub(super) fn apply_compare(&mut self, command: CompareCommand) {
        match command {
            CompareCommand::Start(text) => match jobs::entries_of(&text, self.params.current()) {
                Ok(entries) => self.start_comparison(entries),
                Err(err) => self.notify(Severity::Error, err.to_string()),
            },
            CompareCommand::Pitfall(id) => {
                let Some(pitfall) = PITFALLS.iter().find(|pitfall| pitfall.id == id) else { return };
                let demo = Source::Builtin(Builtin::Demo);
                if self.dataset.as_ref().is_some_and(|dataset| dataset.source == demo) {
                    self.start_pitfall(pitfall);
                } else {
                    self.holdout = Builtin::Demo.holdout();
                    self.open(demo, Then::Pitfall(pitfall), None);
                }
            }
            CompareCommand::Show(nth) => {
                if let Some(comparison) = &mut self.comparison {
                    comparison.shown = nth.min(comparison.lanes.len().saturating_sub(1));
                    self.show_lane();
                }
            }
        }
    }

    /// Shows a known fault of trainers on the demo, which is open.
    pub(super) fn start_pitfall(&mut self, pitfall: &Pitfall) {
        match jobs::entries_of(pitfall.entries, &pitfall.params(Builtin::Demo.preset())) {
            Ok(entries) => {
                self.notify(Severity::Info, format!("{}: {}. {}", pitfall.id, pitfall.title, pitfall.text));
                self.start_comparison(entries);
            }
            Err(err) => self.notify(Severity::Error, err.to_string()),
        }
    }

    /// Starts the comparison under way again, if there is one.
    pub(super) fn restart_comparison(&mut self) -> bool {
        let entries = self.comparison.as_ref().map(|comparison| comparison.entries.clone());
        entries.map(|entries| self.start_comparison(entries)).is_some()
    }

    fn start_comparison(&mut self, entries: Vec<Entry>) {
        let Some(dataset) = self.dataset.clone() else {
            return self
                .notify(Severity::Warning, "There is nothing to compare on yet: open audio or features");
        };
        let number = COMPARISONS_STARTED.fetch_add(1, Ordering::Relaxed);
        let spec = CompareSpec {
            name: format!("Comparison {number}"),
            dataset,
            entries: entries.clone(),
            holdout: Holdout(self.holdout),
            standardize: self.standardize,
            search: self.search,
        };
        (self.evaluating, self.incoming, self.steps_before, self.from_model) = (None, None, 0, false);
        let lanes = entries.iter().map(|_| Lane::default()).collect();
        self.comparison = Some(Comparison { entries, lanes, shown: 0 });
        self.training = Some(self.start_job("Comparing", JobSpec::Compare(Box::new(spec))));
        self.train_state = TrainState::Starting;
    }

    /// Takes in what the trainings told.
    pub(super) fn file_comparison(
        &mut self,
        steps: &[(usize, StepRecord)],
        runs: &BTreeMap<usize, Arc<Run>>,
    ) {
        let Some(comparison) = &mut self.comparison else { return };
        if comparison.lanes.iter().any(|lane| lane.run.is_some()) {
            // Let go, so that its history is written to and not copied.
            self.view = None;
        }
        for (nth, record) in steps {
            if let Some(lane) = comparison.lanes.get_mut(*nth) {
                Arc::make_mut(&mut lane.history).push(record);
            }
        }
        for (nth, run) in runs {
            if let Some(lane) = comparison.lanes.get_mut(*nth) {
                lane.run = Some(run.clone());
            }
        }
        self.show_lane();
    }

    /// Puts the training that is looked at on the screen, once it has something to show.
    fn show_lane(&mut self) {
        let Some(Comparison { lanes, shown, .. }) = &self.comparison else { return };
        if let Some(view) = lanes.get(*shown).and_then(Lane::view) {
            self.view = Some(view);
            self.resume = None;
        }
    }

    pub(super) fn take_compared(&mut self, compared: Compared) {
        let shown = self.comparison.take().map_or(0, |comparison| comparison.shown);
        for (nth, trained) in compared.trained.into_iter().enumerate() {
            for finding in findings(&trained.run) {
                self.notify(Severity::Info, format!("{}: {finding}", trained.run.name));
            }
            let view = View { run: trained.run, history: Arc::new(trained.history), is_model: false };
            if nth == shown {
                self.view = Some(view.clone());
            }
            self.keep_run(view);
        }
        self.resume = None;
    }

    /// The trainings that are compared just now, as far as they have something to show, each with its number.
    pub fn compared(&self) -> impl Iterator<Item = (usize, View)> {
        let lanes = self.comparison.iter().flat_map(|comparison| &comparison.lanes).enumerate();
        lanes.filter_map(|(nth, lane)| lane.view().map(|view| (nth, view)))
    }

    /// The steps of one of the trainings that are compared just now.
    #[must_use]
    pub fn compared_history(&self, nth: usize) -> Option<&History> {
        let comparison = self.comparison.as_ref()?;
        comparison.lanes.get(nth).map(|lane| &*lane.history)
    }

    /// Whether trainings are being compared.
    #[must_use]
    pub fn is_comparing(&self) -> bool {
        self.comparison.is_some()
    }
}

impl Lane {
    fn view(&self) -> Option<View> {
        let run = self.run.clone()?;
        Some(View { run, history: self.history.clone(), is_model: false })
    }
}
