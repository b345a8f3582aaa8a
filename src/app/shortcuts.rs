//! Keyboard shortcuts.

use super::PanelCtx;
use super::dialogs::Dialogs;

/// Sends what the keys pressed in this frame ask for.
pub fn handle(_ctx: &PanelCtx<'_>, _dialogs: &mut Dialogs, _ui: &mut egui::Ui) {}
