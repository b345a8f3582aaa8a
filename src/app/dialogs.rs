//! Dialogs, none of which the window waits for.

use crate::session::Command;

use super::PanelCtx;

/// Dialogs that are open.
#[derive(Default)]
pub struct Dialogs {}

impl Dialogs {
    /// Asks for files to open.
    pub fn ask_open(&mut self, _ctx: &egui::Context) {}

    /// Asks where to save a text.
    pub fn ask_save_text(&mut self, _ctx: &egui::Context, _file_name: &str, _text: String) {}

    /// Takes in answers.
    pub fn poll(&mut self, _apply: impl FnMut(Command)) {}

    /// Draws what belongs to dialogs inside of the window.
    pub fn ui(&mut self, _ctx: &PanelCtx<'_>, _ui: &mut egui::Ui) {}
}
