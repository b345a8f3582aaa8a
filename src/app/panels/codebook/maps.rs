//! The maps of layers, made on a thread: a sample of the frames goes through the layers for them.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use egui::Ui;

use crate::app::PanelCtx;
use crate::app::memo::ByPtr;
use crate::jobs::Dataset;
use crate::metrics::code_map::CodeMap;
use crate::rvq::Rvq;
use crate::session::{RunId, RunState};
use crate::task::{Cancel, Task};
use crate::training::Run;

/// Layers of one quantizer whose maps are remembered.
const KEPT: usize = 16;
/// While training runs, the map is made anew this often at the most.
const LIVE_EVERY: Duration = Duration::from_secs(5);

/// Where a map will be; it stays empty where none can be made.
pub type Place = Arc<OnceLock<CodeMap>>;

/// Of what a map is. It holds what it points at, so that nothing else can take its place.
#[derive(Clone, PartialEq)]
struct Key {
    rvq: ByPtr<Rvq>,
    dataset: ByPtr<Dataset>,
    layer: usize,
}

/// The run and the layer that a map is of, whatever the step.
type Of = (Option<RunId>, usize);

/// The maps of the layers that were looked at.
#[derive(Default)]
pub struct Maps {
    kept: Vec<(Key, Place)>,
    /// The one that is being made, and the switch that ends that.
    under_way: Option<(Of, Place, Cancel)>,
    started: Option<Instant>,
    /// What was shown last, until there is something newer of the same layer.
    shown: Option<(Of, Place)>,
}

impl Drop for Maps {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl Maps {
    /// The map of a layer of `run`, once it is there; while training runs, one that is some seconds old. Nothing without frames.
    pub fn get(&mut self, ctx: &PanelCtx<'_>, ui: &Ui, run: &Arc<Run>, layer: usize) -> Option<Place> {
        let of = (ctx.session.view().map(|view| view.id()), layer);
        let fits = |dataset: &&Arc<Dataset>| dataset.set.matrix.dim() == run.rvq.dim();
        let Some(dataset) = ctx.session.dataset().filter(fits) else {
            self.cancel();
            return None;
        };
        let key = Key { rvq: ByPtr(run.rvq.clone()), dataset: ByPtr(dataset.clone()), layer };
        match self.kept.iter().find(|(kept, _)| *kept == key) {
            Some((_, place)) if place.get().is_some() => self.shown = Some((of, place.clone())),
            Some(_) => {}
            None if self.may_start(ctx, of) => self.start(ui, key, of),
            None => {}
        }
        self.shown.as_ref().filter(|(shown, _)| *shown == of).map(|(_, place)| place.clone())
    }

    /// A map of this very layer that is being made is waited for, and in a training the next one is not made at once.
    fn may_start(&self, ctx: &PanelCtx<'_>, of: Of) -> bool {
        let is_same =
            self.under_way.as_ref().is_some_and(|(under_way, place, _)| *under_way == of && is_wanted(place));
        let state = ctx.session.view().map(|view| view.entry.state());
        let moves = state.is_some_and(|state| state.is_under_way() && *state != RunState::Paused);
        let is_early = self.started.is_some_and(|started| started.elapsed() < LIVE_EVERY);
        let is_known = self.shown.as_ref().is_some_and(|(shown, _)| *shown == of);
        !(moves && (is_same || is_known && is_early))
    }

    /// Ends what is being made, which is then forgotten.
    fn cancel(&mut self) {
        if let Some((_, place, cancel)) = self.under_way.take() {
            cancel.cancel();
            self.kept.retain(|(_, kept)| kept.get().is_some() || !Arc::ptr_eq(kept, &place));
        }
    }

    fn start(&mut self, ui: &Ui, key: Key, of: Of) {
        self.cancel();
        let (place, cancel) = (Place::default(), Cancel::default());
        let is_of_the_same = |kept: &Key| (&kept.rvq, &kept.dataset) == (&key.rvq, &key.dataset);
        self.kept.retain(|(kept, _)| is_of_the_same(kept));
        self.kept.insert(0, (key.clone(), place.clone()));
        self.kept.truncate(KEPT);
        self.under_way = Some((of, place.clone(), cancel.clone()));
        self.started = Some(Instant::now());
        let window = ui.ctx().clone();
        let thread = std::thread::Builder::new().name("rvq-code-map".to_owned());
        let started = thread.spawn(move || {
            let Key { rvq, dataset, layer } = key;
            let frames = dataset.0.set.matrix.view();
            if let Ok(map) = CodeMap::of(&rvq.0, layer, frames, &Task::silent(&cancel)) {
                // Nobody else fills this place.
                let _ = place.set(map);
                window.request_repaint();
            }
        });
        // Without a thread the rows are drawn in their own plane.
        drop(started);
    }
}

/// Whether a map is still to come.
fn is_wanted(place: &Place) -> bool {
    place.get().is_none() && Arc::strong_count(place) > 2
}
