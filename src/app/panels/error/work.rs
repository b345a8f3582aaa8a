//! Figures that are worked out on a thread, of what is decoded, and remembered by layer.

use std::sync::{Arc, OnceLock};

use egui::Ui;

use crate::app::memo::ByPtr;
use crate::jobs::{Dataset, Tokens};
use crate::rvq::{Rvq, RvqError};
use crate::task::{Cancel, Task};

/// Layers whose figures are kept.
const LAYERS_KEPT: usize = 8;

/// What figures are of.
#[derive(Clone, PartialEq)]
pub struct Of {
    /// The quantizer.
    pub rvq: ByPtr<Rvq>,
    /// The codes of the corpus, which are those of this quantizer.
    pub tokens: ByPtr<Tokens>,
    /// The corpus.
    pub dataset: ByPtr<Dataset>,
}

/// The figures, or why they cannot be told, once they are known.
pub type Found<T> = OnceLock<Result<T, String>>;
/// Where they will be.
pub type Place<T> = Arc<Found<T>>;

/// What was worked out, and what is under way.
pub struct Work<T> {
    of: Option<Of>,
    kept: Vec<Entry<T>>,
}

struct Entry<T> {
    layer: usize,
    place: Place<T>,
    cancel: Cancel,
}

impl<T> Default for Work<T> {
    fn default() -> Self {
        Self { of: None, kept: Vec::new() }
    }
}

impl<T> Drop for Entry<T> {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl<T: Send + Sync + 'static> Work<T> {
    /// Where the figures of a layer are, or will be: a thread is started for those that are not there, and what others are under way is given up.
    pub fn place(
        &mut self,
        ui: &Ui,
        of: &Of,
        layer: usize,
        compute: impl FnOnce(&Of, &Task<'_>) -> Result<T, RvqError> + Send + 'static,
    ) -> Place<T> {
        if self.of.as_ref() != Some(of) {
            *self = Self { of: Some(of.clone()), kept: Vec::new() };
        }
        if let Some(entry) = self.kept.iter().find(|entry| entry.layer == layer) {
            return entry.place.clone();
        }
        self.kept.retain(|entry| entry.place.get().is_some());
        let (place, cancel) = (Place::<T>::default(), Cancel::default());
        let entry = Entry { layer, place: place.clone(), cancel: cancel.clone() };
        self.kept.insert(0, entry);
        self.kept.truncate(LAYERS_KEPT);
        let (of, target, ctx) = (of.clone(), place.clone(), ui.ctx().clone());
        let thread = std::thread::Builder::new().name("rvq-error".to_owned());
        let started = thread.spawn(move || {
            let found = compute(&of, &Task::silent(&cancel));
            // Nobody else fills this place.
            let _ = target.set(found.map_err(|err| err.to_string()));
            ctx.request_repaint();
        });
        // Without a thread these figures are missing, and nothing else.
        drop(started);
        place
    }
}
