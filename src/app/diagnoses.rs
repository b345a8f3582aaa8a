//! What the doctor finds in the shown run, worked out on a thread: comparing rows and looking at frames take their time.

use std::sync::{Arc, OnceLock, Weak};

use egui::{Id, Ui};

use super::memo::ByPtr;
use crate::doctor::{Finding, Patient, diagnose};
use crate::jobs::Dataset;
use crate::session::{RunId, RunState, View};
use crate::training::{History, Run};

/// Where the window remembers them.
const MEMORY: &str = "what the doctor finds"; // not a text
/// Runs whose findings are remembered.
const KEPT: usize = 4;
/// The same of what a quick look finds, which a table of runs asks for of every row that is seen.
const KEPT_QUICK: usize = 256;
/// Seconds for which a quick look at a run that is trained is good enough.
const QUICK_EVERY: f64 = 1.0;

/// The findings, once they are there.
pub type Place = Arc<OnceLock<Vec<Finding>>>;

/// What they are of.
type Key = (ByPtr<Run>, Option<ByPtr<Dataset>>);

/// Findings on a run.
#[derive(Debug, Clone)]
pub enum Diagnosis {
    /// All that can be found.
    Whole(Place),
    /// While the run is trained: what is found without comparing rows.
    Quick(Arc<Vec<Finding>>),
}

impl Diagnosis {
    /// What was found, once it is there.
    #[must_use]
    pub fn findings(&self) -> Option<&[Finding]> {
        match self {
            Self::Whole(place) => place.get().map(Vec::as_slice),
            Self::Quick(findings) => Some(findings),
        }
    }

    /// Whether all that can be found is there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(place) if place.get().is_some())
    }
}

#[derive(Clone, Default)]
struct Diagnoses {
    made: Vec<(Key, Place)>,
    quick: Vec<Quick>,
}

/// What a quick look at a run has found.
#[derive(Clone)]
struct Quick {
    id: RunId,
    /// The run as it was. What is let go to bound memory is not held here: its place alone is kept, so that no other run gets it.
    run: Weak<Run>,
    /// When, in seconds.
    at: f64,
    findings: Arc<Vec<Finding>>,
}

/// What the doctor finds in the shown run.
#[must_use]
pub fn diagnosis_of(ui: &Ui, view: View<'_>, dataset: Option<&Arc<Dataset>>) -> Diagnosis {
    let id = Id::unique(MEMORY);
    if view.entry.state().is_under_way() && *view.entry.state() != RunState::Paused {
        return Diagnosis::Quick(quick_findings(ui, view));
    }
    let key = (ByPtr(view.run.clone()), dataset.cloned().map(ByPtr));
    let find =
        |known: &Diagnoses| known.made.iter().find(|(of, _)| *of == key).map(|(_, place)| place.clone());
    if let Some(place) = ui.data_mut(|data| find(data.get_temp_mut_or_default(id))) {
        return Diagnosis::Whole(place);
    }
    let place = Place::default();
    ui.data_mut(|data| {
        let known = data.get_temp_mut_or_default::<Diagnoses>(id);
        known.made.insert(0, (key, place.clone()));
        known.made.truncate(KEPT);
    });
    start(ui, view, dataset.cloned(), place.clone());
    Diagnosis::Whole(place)
}

/// All that was found in a run, where somebody has asked for it, and else what a quick look finds.
#[must_use]
pub fn known_diagnosis(ui: &Ui, view: View<'_>) -> Diagnosis {
    let id = Id::unique(MEMORY);
    let find = |known: &Diagnoses| {
        let is_of = |(of, place): &&(Key, Place)| Arc::ptr_eq(&of.0.0, view.run) && place.get().is_some();
        known.made.iter().find(is_of).map(|(_, place)| place.clone())
    };
    match ui.data_mut(|data| find(data.get_temp_mut_or_default(id))) {
        Some(place) => Diagnosis::Whole(place),
        None => Diagnosis::Quick(quick_findings(ui, view)),
    }
}

/// What is found in a run without comparing rows, the worst first. It is worked out once for each run, and about once a second while it is trained.
#[must_use]
pub fn quick_findings(ui: &Ui, view: View<'_>) -> Arc<Vec<Finding>> {
    let (id, now) = (Id::unique(MEMORY), ui.input(|input| input.time));
    let is_moving = view.entry.state().is_under_way();
    let is_good = |quick: &Quick| {
        let is_same = std::ptr::eq(quick.run.as_ptr(), Arc::as_ptr(view.run));
        quick.id == view.id() && (is_same || is_moving && now - quick.at < QUICK_EVERY)
    };
    let known = ui.data_mut(|data| {
        let known = data.get_temp_mut_or_default::<Diagnoses>(id);
        known.quick.iter().find(|quick| is_good(quick)).map(|quick| quick.findings.clone())
    });
    if let Some(findings) = known {
        return findings;
    }
    let patient = Patient::of(view.run).with_history(view.history).without_rows();
    let findings = Arc::new(diagnose(&patient));
    let run = Arc::downgrade(view.run);
    let quick = Quick { id: view.id(), run, at: now, findings: findings.clone() };
    ui.data_mut(|data| {
        let known = data.get_temp_mut_or_default::<Diagnoses>(id);
        known.quick.retain(|old| old.id != quick.id);
        known.quick.insert(0, quick);
        known.quick.truncate(KEPT_QUICK);
    });
    findings
}

fn start(ui: &Ui, view: View<'_>, dataset: Option<Arc<Dataset>>, place: Place) {
    let (run, history, ctx) = (view.run.clone(), view.history.clone(), ui.ctx().clone());
    let thread = std::thread::Builder::new().name("rvq-doctor".to_owned());
    let started = thread.spawn(move || {
        // Nobody else fills this place.
        let _ = place.set(examine(&run, &history, dataset.as_deref()));
        ctx.request_repaint();
    });
    // Without a thread there are no findings, and nothing else is missing.
    drop(started);
}

fn examine(run: &Run, history: &History, dataset: Option<&Dataset>) -> Vec<Finding> {
    let patient = Patient::of(run).with_history(history);
    match dataset {
        Some(dataset) => diagnose(&patient.with_frames(dataset.set.matrix.view())),
        None => diagnose(&patient),
    }
}
