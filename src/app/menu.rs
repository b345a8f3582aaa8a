//! The menu bar.

use super::dialogs::Dialogs;
use super::{Layout, PanelCtx, Settings};

/// Draws the menu bar.
pub fn ui(
    _ctx: &PanelCtx<'_>,
    _layout: &mut Layout,
    _settings: &mut Settings,
    _dialogs: &mut Dialogs,
    ui: &mut egui::Ui,
) {
    ui.label("rvqscope");
}
