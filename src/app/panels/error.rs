//! Reconstruction error.

use crate::app::{Panel, PanelCtx};

/// The panel.
#[derive(Default)]
pub struct Error {}

impl Panel for Error {
    fn id(&self) -> &'static str {
        "error"
    }

    fn title(&self) -> &'static str {
        "Reconstruction error"
    }

    fn help(&self) -> &'static str {
        "What each layer adds"
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut egui::Ui) {
        ui.label(format!("{}", ctx.session.revision()));
    }
}
