//! What is remembered from one start to the next.

use std::path::PathBuf;

use egui_tiles::Tree;
use serde::{Deserialize, Serialize};

use crate::session::Session;

use super::{Layout, Pane};

/// The stored settings.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where the panels lie.
    pub layout: Option<Tree<Pane>>,
    /// What was opened, the newest first.
    pub recent: Vec<Vec<PathBuf>>,
}

impl Settings {
    /// Reads them.
    #[must_use]
    pub fn load(storage: &dyn eframe::Storage) -> Self {
        eframe::get_value(storage, "settings").unwrap_or_default()
    }

    /// Writes them.
    pub fn store(&self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, "settings", self);
    }

    /// Puts them into effect.
    pub fn restore(&self, _session: &mut Session, _ctx: &egui::Context) {}

    /// Takes them from what is.
    pub fn keep(&mut self, _session: &Session, layout: &Layout) {
        self.layout = Some(layout.tree().clone());
    }

    /// Puts files at the head of the recent ones.
    pub fn remember_opened(&mut self, paths: &[PathBuf]) {
        self.recent.retain(|other| other != paths);
        self.recent.insert(0, paths.to_vec());
        self.recent.truncate(12);
    }
}
