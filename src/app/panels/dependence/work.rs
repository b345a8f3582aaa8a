//! What codes tell of each other, worked out layer by layer on a thread and remembered.

use std::sync::{Arc, OnceLock};

use egui::Ui;

use super::super::parts::{clip_ranges, layer_over_time};
use crate::app::memo::ByPtr;
use crate::jobs::Tokens;
use crate::metrics::dependence::{InTime, LayerDependence};
use crate::rvq::Rvq;

/// Decides how codes are shuffled: in the same way each time.
const SEED: u64 = 0;
/// Layers whose codes over time stay counted: a table of pairs takes half a megabyte.
const LAYERS_KEPT: usize = 8;

/// A place for each layer, filled one after the other.
pub type Layers = Arc<[OnceLock<LayerDependence>]>;

/// What was worked out of codes, and what is under way.
#[derive(Default)]
pub struct Work {
    of: Option<ByPtr<Tokens>>,
    layers: Option<Layers>,
    in_time: Vec<(usize, Arc<OnceLock<InTime>>)>,
}

impl Work {
    /// What each layer tells beside the one before it, as far as it is known.
    pub fn layers(&mut self, ui: &Ui, tokens: &Arc<Tokens>, rvq: Option<&Arc<Rvq>>) -> Layers {
        self.forget_others(tokens);
        if let Some(layers) = &self.layers {
            return layers.clone();
        }
        let layers: Layers = (0..tokens.values.nrows()).map(|_| OnceLock::new()).collect();
        self.layers = Some(layers.clone());
        let (tokens, rvq) = (tokens.clone(), rvq.cloned());
        start(ui, layers.clone(), move |layers, ctx| {
            let clips = clip_ranges(&tokens);
            let of = |layer: usize| layer_over_time(&tokens, &clips, rvq.as_deref(), layer);
            for (layer, place) in layers.iter().enumerate() {
                // Nobody waits for it any more.
                if Arc::strong_count(layers) == 1 {
                    return;
                }
                let Some(this) = of(layer) else { continue };
                let before = layer.checked_sub(1).and_then(of);
                // Nobody else fills this place.
                let _ = place.set(LayerDependence::of(before, this, layer, SEED));
                ctx.request_repaint();
            }
        });
        layers
    }

    /// What a layer does over time, once it is there.
    pub fn in_time(
        &mut self,
        ui: &Ui,
        tokens: &Arc<Tokens>,
        rvq: Option<&Arc<Rvq>>,
        layer: usize,
    ) -> Arc<OnceLock<InTime>> {
        self.forget_others(tokens);
        if let Some((_, place)) = self.in_time.iter().find(|(of, _)| *of == layer) {
            return place.clone();
        }
        let place = Arc::<OnceLock<InTime>>::default();
        self.in_time.insert(0, (layer, place.clone()));
        self.in_time.truncate(LAYERS_KEPT);
        let (tokens, rvq) = (tokens.clone(), rvq.cloned());
        start(ui, place.clone(), move |place, ctx| {
            let clips = clip_ranges(&tokens);
            let over = layer_over_time(&tokens, &clips, rvq.as_deref(), layer);
            // Nobody else fills this place.
            let _ = place.set(over.map(InTime::of).unwrap_or_default());
            ctx.request_repaint();
        });
        place
    }

    fn forget_others(&mut self, tokens: &Arc<Tokens>) {
        let of = Some(ByPtr(tokens.clone()));
        if self.of != of {
            *self = Self { of, ..Self::default() };
        }
    }
}

/// Starts a thread that fills `place`. Without a thread it stays empty, and nothing else is missing.
fn start<T: Send + 'static>(ui: &Ui, place: T, fill: impl FnOnce(&T, &egui::Context) + Send + 'static) {
    let ctx = ui.ctx().clone();
    let thread = std::thread::Builder::new().name("rvq-dependence".to_owned());
    drop(thread.spawn(move || fill(&place, &ctx)));
}
