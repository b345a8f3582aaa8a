//! Codebook usage.

use crate::app::{Panel, PanelCtx};

/// The panel.
#[derive(Default)]
pub struct Usage {}

impl Panel for Usage {
    fn id(&self) -> &'static str {
        "usage"
    }

    fn title(&self) -> &'static str {
        "Codebook usage"
    }

    fn help(&self) -> &'static str {
        "Which codes are used and how evenly"
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut egui::Ui) {
        ui.label(format!("{}", ctx.session.revision()));
    }
}
