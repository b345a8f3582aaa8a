//! What codebooks tell without any frame, worked out on a thread: comparing all rows of a layer with each other takes its time.

use std::sync::{Arc, OnceLock};

use egui::{Id, Ui};

use super::memo::ByPtr;
use crate::metrics::buffers::CodebookView;
use crate::rvq::Rvq;
use crate::session::View;
use crate::training::Run;

/// Quantizers whose codebooks are remembered.
const KEPT: usize = 4;

/// A place for each layer of a quantizer, filled as it is worked out.
pub type Layers = Arc<[OnceLock<CodebookView>]>;

#[derive(Clone, Default)]
struct Codebooks {
    made: Vec<(ByPtr<Rvq>, Layers)>,
}

/// What the codebooks of the shown run tell, as far as it is known; nothing while they still move with every step.
#[must_use]
pub fn codebooks_of(ui: &Ui, view: View<'_>, first_layer: usize) -> Option<Layers> {
    let id = Id::unique("what codebooks tell");
    let key = ByPtr(view.run.rvq.clone());
    let find = |codebooks: &Codebooks| {
        codebooks.made.iter().find(|(rvq, _)| *rvq == key).map(|(_, layers)| layers.clone())
    };
    if let Some(layers) = ui.data(|data| data.get_temp(id).and_then(|codebooks| find(&codebooks))) {
        return Some(layers);
    }
    if view.entry.state.is_under_way() && view.entry.state != crate::session::RunState::Paused {
        return None;
    }
    let layers: Layers = (0..view.run.rvq.num_layers()).map(|_| OnceLock::new()).collect();
    ui.data_mut(|data| {
        let codebooks = data.get_temp_mut_or_default::<Codebooks>(id);
        codebooks.made.insert(0, (key, layers.clone()));
        codebooks.made.truncate(KEPT);
    });
    let (run, theirs, ctx) = (view.run.clone(), layers.clone(), ui.ctx().clone());
    let started = std::thread::Builder::new()
        .name("rvq-codebooks".to_owned())
        .spawn(move || work_out(&run, &theirs, first_layer, &ctx));
    // Without a thread these figures are missing, and nothing else.
    drop(started);
    Some(layers)
}

/// Fills the places, that of the layer that is looked at first. It ends where nobody else holds them any more.
fn work_out(run: &Run, layers: &Layers, first_layer: usize, ctx: &egui::Context) {
    let others = (0..layers.len()).filter(|&layer| layer != first_layer);
    for layer in std::iter::once(first_layer).chain(others) {
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
