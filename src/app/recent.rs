//! What was opened before, and whether it is still there.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use egui::Ui;

use crate::session::DataCommand;
use crate::text::t;

use super::{PanelCtx, paths};

/// Openings that are remembered.
const KEPT: usize = 12;

/// The openings, the newest first.
#[derive(Default)]
pub struct Recent {
    entries: Vec<Vec<PathBuf>>,
    /// For each entry, whether a path of it is gone; as it was at the last look.
    missing: Vec<bool>,
    looking: Option<Receiver<Vec<bool>>>,
}

impl Recent {
    /// Starts from remembered openings.
    #[must_use]
    pub fn new(mut entries: Vec<Vec<PathBuf>>) -> Self {
        entries.retain(|paths| !paths.is_empty());
        entries.truncate(KEPT);
        Self { entries, ..Self::default() }
    }

    /// The openings, the newest first.
    #[must_use]
    pub fn entries(&self) -> &[Vec<PathBuf>] {
        &self.entries
    }

    /// Puts files at the head.
    pub fn add(&mut self, paths: &[PathBuf]) {
        // From where the program was started does not matter later.
        let paths: Vec<PathBuf> =
            paths.iter().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone())).collect();
        if paths.is_empty() {
            return;
        }
        self.entries.retain(|other| *other != paths);
        self.entries.insert(0, paths);
        self.entries.truncate(KEPT);
        self.missing.clear();
        self.looking = None;
    }

    /// Looks, on a thread, which files are still there: a network folder may take its time to answer.
    pub fn look(&mut self, ctx: &egui::Context) {
        let (tell, told) = sync_channel(1);
        let (entries, ctx) = (Arc::new(self.entries.clone()), ctx.clone());
        let started = std::thread::Builder::new().name("rvq-recent".to_owned()).spawn(move || {
            let missing = entries.iter().map(|paths| paths.iter().any(|path| !path.exists())).collect();
            if tell.send(missing).is_ok() {
                ctx.request_repaint();
            }
        });
        self.looking = started.is_ok().then_some(told);
    }

    /// Takes in what a look has brought.
    pub fn poll(&mut self) {
        if let Some(missing) = self.looking.as_ref().and_then(|looking| looking.try_recv().ok()) {
            self.missing = missing;
            self.looking = None;
        }
    }

    /// The openings as the items of a menu.
    pub fn ui(&self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        if self.entries.is_empty() {
            ui.weak(t!("window-recent-none"));
        }
        for (index, entry) in self.entries.iter().enumerate() {
            let is_missing = self.missing.get(index).copied().unwrap_or(false);
            let button = egui::Button::new(paths::title(entry));
            let list: Vec<String> = entry.iter().take(20).map(|path| path.display().to_string()).collect();
            let list = list.join("\n");
            let response = ui
                .push_id(index, |ui| ui.add_enabled(!is_missing, button))
                .inner
                .on_hover_text(&list)
                .on_disabled_hover_text(t!("window-recent-missing", files = &list));
            if response.clicked() {
                ctx.send(DataCommand::Open(entry.clone()));
                ui.close();
            }
        }
    }
}
