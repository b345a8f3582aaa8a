//! What the doctor finds in the shown run, worked out on a thread: comparing rows and looking at frames take their time.

use std::sync::{Arc, OnceLock};

use egui::{Id, Ui};

use super::memo::ByPtr;
use crate::doctor::{Finding, Patient, diagnose};
use crate::jobs::Dataset;
use crate::session::{RunState, View};
use crate::training::{History, Run};

/// Where the window remembers them.
const MEMORY: &str = "what the doctor finds";
/// Runs whose findings are remembered.
const KEPT: usize = 4;

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
    quick: Option<(ByPtr<Run>, Arc<Vec<Finding>>)>,
}

/// What the doctor finds in the shown run.
#[must_use]
pub fn diagnosis_of(ui: &Ui, view: View<'_>, dataset: Option<&Arc<Dataset>>) -> Diagnosis {
    let id = Id::unique(MEMORY);
    let run = ByPtr(view.run.clone());
    if view.entry.state().is_under_way() && *view.entry.state() != RunState::Paused {
        let known: Diagnoses = ui.data(|data| data.get_temp(id)).unwrap_or_default();
        if let Some((_, findings)) = known.quick.filter(|(of, _)| *of == run) {
            return Diagnosis::Quick(findings);
        }
        let patient = Patient::of(view.run).with_history(view.history).without_rows();
        let findings = Arc::new(diagnose(&patient));
        ui.data_mut(|data| {
            data.get_temp_mut_or_default::<Diagnoses>(id).quick = Some((run, findings.clone()));
        });
        return Diagnosis::Quick(findings);
    }
    let key = (run, dataset.cloned().map(ByPtr));
    let find =
        |known: &Diagnoses| known.made.iter().find(|(of, _)| *of == key).map(|(_, place)| place.clone());
    if let Some(place) = ui.data(|data| data.get_temp(id).and_then(|known| find(&known))) {
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
