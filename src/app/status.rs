//! The status line at the bottom, and the hint shown while files are dragged over the window.

use super::{Palette, PanelCtx};

/// Draws the status line.
pub fn ui(ctx: &PanelCtx<'_>, ui: &mut egui::Ui) {
    ui.label(format!("{:?}", ctx.session.train_state()));
}

/// Draws the hint.
pub fn drop_hint_ui(_palette: &Palette, _ui: &mut egui::Ui) {}
