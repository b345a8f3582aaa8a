//! What codebooks tell without any frame, worked out on a thread: comparing all rows of a layer with each other takes its time.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use egui::{Id, Ui};

use super::memo::ByPtr;
use crate::metrics::buffers::CodebookView;
use crate::rvq::Rvq;
use crate::session::{RunId, View};
use crate::training::Run;

/// Where the window remembers them.
const MEMORY: &str = "what codebooks tell"; // not a text
/// Quantizers whose codebooks are remembered.
const KEPT: usize = 4;

/// A place for each layer of a quantizer, filled as it is worked out.
pub type Layers = Arc<[OnceLock<CodebookView>]>;

/// While training runs, the codebook of the selected layer is looked at this often.
const LIVE_EVERY: Duration = Duration::from_secs(2);

#[derive(Clone, Default)]
struct Codebooks {
    made: Vec<(ByPtr<Rvq>, Layers)>,
    live: Option<Live>,
}

/// A layer of a run that is being trained, looked at every few seconds.
#[derive(Clone)]
struct Live {
    id: RunId,
    layer: usize,
    started: Instant,
    /// What is being looked at.
    next: Snapshot,
    /// What was looked at last.
    last: Option<Snapshot>,
}

/// A run as it was at some step, and what its codebooks tell.
#[derive(Clone)]
pub struct Snapshot {
    /// The run as it was.
    pub run: Arc<Run>,
    layers: Layers,
}

impl Snapshot {
    /// What the codebook of a layer tells, as far as it is known.
    #[must_use]
    pub fn layer(&self, layer: usize) -> Option<&CodebookView> {
        self.layers.get(layer)?.get()
    }
}

/// What the codebook of `layer` of the shown run tells: of its last state or, while it is trained, of one a few seconds old.
#[must_use]
pub fn snapshot_of(ui: &Ui, view: View<'_>, layer: usize) -> Option<Snapshot> {
    if let Some(layers) = codebooks_of(ui, view, layer) {
        return Some(Snapshot { run: view.run.clone(), layers });
    }
    let codebook = &view.run.rvq.layers().get(layer)?.codebook;
    let id = Id::unique(MEMORY);
    let known: Option<Live> =
        ui.data(|data| data.get_temp(id).and_then(|codebooks: Codebooks| codebooks.live));
    let known = known.filter(|live| (live.id, live.layer) == (view.id(), layer));
    let is_due = known
        .as_ref()
        .is_none_or(|live| live.next.layer(layer).is_some() && live.started.elapsed() >= LIVE_EVERY);
    if !is_due || !CodebookView::is_quick(codebook) {
        let known = known?;
        let next = Some(known.next).filter(|next| next.layer(layer).is_some());
        return next.or(known.last);
    }
    let layers: Layers = (0..view.run.rvq.num_layers()).map(|_| OnceLock::new()).collect();
    let next = Snapshot { run: view.run.clone(), layers };
    let last = known.map(|live| live.next);
    let live = Live { id: view.id(), layer, started: Instant::now(), next: next.clone(), last: last.clone() };
    ui.data_mut(|data| data.get_temp_mut_or_default::<Codebooks>(id).live = Some(live));
    start(ui, next, vec![layer]);
    last
}

/// What the codebooks of the shown run tell, as far as it is known; nothing while they still move with every step.
#[must_use]
pub fn codebooks_of(ui: &Ui, view: View<'_>, first_layer: usize) -> Option<Layers> {
    let id = Id::unique(MEMORY);
    let key = ByPtr(view.run.rvq.clone());
    let find = |codebooks: &Codebooks| {
        codebooks.made.iter().find(|(rvq, _)| *rvq == key).map(|(_, layers)| layers.clone())
    };
    if let Some(layers) = ui.data(|data| data.get_temp(id).and_then(|codebooks| find(&codebooks))) {
        return Some(layers);
    }
    if view.entry.state().is_under_way() && *view.entry.state() != crate::session::RunState::Paused {
        return None;
    }
    let layers: Layers = (0..view.run.rvq.num_layers()).map(|_| OnceLock::new()).collect();
    ui.data_mut(|data| {
        let codebooks = data.get_temp_mut_or_default::<Codebooks>(id);
        codebooks.made.insert(0, (key, layers.clone()));
        codebooks.made.truncate(KEPT);
    });
    let others = (0..layers.len()).filter(|&layer| layer != first_layer);
    let order = std::iter::once(first_layer).chain(others).collect();
    start(ui, Snapshot { run: view.run.clone(), layers: layers.clone() }, order);
    Some(layers)
}

/// Starts the thread that looks at these layers, one after the other.
fn start(ui: &Ui, snapshot: Snapshot, order: Vec<usize>) {
    let ctx = ui.ctx().clone();
    let thread = std::thread::Builder::new().name("rvq-codebooks".to_owned());
    let started = thread.spawn(move || work_out(&snapshot, &order, &ctx));
    // Without a thread these figures are missing, and nothing else.
    drop(started);
}

/// Fills the places of these layers. It ends where nobody else holds them any more.
fn work_out(snapshot: &Snapshot, order: &[usize], ctx: &egui::Context) {
    let Snapshot { run, layers } = snapshot;
    for &layer in order {
        if Arc::strong_count(layers) == 1 {
            return;
        }
        if let (Some(view), Some(place)) = (run.codebook_view(layer), layers.get(layer)) {
            // Nobody else fills this place.
            let _ = place.set(view);
            ctx.request_repaint();
        }
    }
}
