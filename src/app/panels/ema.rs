//! EMA convergence.

use crate::app::{Panel, PanelCtx};

/// The panel.
#[derive(Default)]
pub struct Ema {}

impl Panel for Ema {
    fn id(&self) -> &'static str {
        "ema"
    }

    fn title(&self) -> &'static str {
        "EMA convergence"
    }

    fn help(&self) -> &'static str {
        "Whether the running averages have settled"
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut egui::Ui) {
        ui.label(format!("{}", ctx.session.revision()));
    }
}
