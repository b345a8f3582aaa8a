//! The left side: data, quantizer, training, runs.

use super::PanelCtx;

/// The left side's own state.
#[derive(Default)]
pub struct Side {}

impl Side {
    /// Draws it.
    pub fn ui(&mut self, _ctx: &PanelCtx<'_>, ui: &mut egui::Ui) {
        ui.label("Data");
    }
}
