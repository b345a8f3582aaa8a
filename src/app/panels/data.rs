//! Data.

use crate::app::{Panel, PanelCtx};

/// The panel.
#[derive(Default)]
pub struct Data {}

impl Panel for Data {
    fn id(&self) -> &'static str {
        "data"
    }

    fn title(&self) -> &'static str {
        "Data"
    }

    fn help(&self) -> &'static str {
        "The audio and the features"
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut egui::Ui) {
        ui.label(format!("{}", ctx.session.revision()));
    }
}
