//! Dead codes.

use crate::app::{Panel, PanelCtx};

/// The panel.
#[derive(Default)]
pub struct Dead {}

impl Panel for Dead {
    fn id(&self) -> &'static str {
        "dead"
    }

    fn title(&self) -> &'static str {
        "Dead codes"
    }

    fn help(&self) -> &'static str {
        "Which codes are dead, and since when"
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut egui::Ui) {
        ui.label(format!("{}", ctx.session.revision()));
    }
}
