//! Notices.

use crate::app::{Panel, PanelCtx};

/// The panel.
#[derive(Default)]
pub struct Notices {}

impl Panel for Notices {
    fn id(&self) -> &'static str {
        "notices"
    }

    fn title(&self) -> &'static str {
        "Notices"
    }

    fn help(&self) -> &'static str {
        "What happened"
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut egui::Ui) {
        ui.label(format!("{}", ctx.session.revision()));
    }
}
