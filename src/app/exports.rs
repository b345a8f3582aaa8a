//! Pictures of panels.

use super::Layout;
use super::dialogs::Dialogs;

/// Pictures that were asked for.
#[derive(Default)]
pub struct Exports {}

impl Exports {
    /// Asks for a picture of a panel.
    pub fn request_png(&mut self, _ctx: &egui::Context, _panel_id: &'static str) {}

    /// Takes in pictures that are there.
    pub fn poll(&mut self, _ctx: &egui::Context, _layout: &Layout, _dialogs: &mut Dialogs) {}
}
