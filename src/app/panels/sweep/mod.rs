//! Sweep: trainings over several values of parameters, planned here, and what came of them as a grid and as rate against distortion.

mod form;
mod groups;
mod results;

use egui::{RichText, ScrollArea, Ui};

use super::parts::row_heights;
use crate::app::plot::LEAST_HEIGHT;
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::text::{phrase, t};

const ID: &str = "sweep";
/// The least height of the grid: its heads and a few rows.
const GRID_HEIGHT: f32 = 120.0;

static ABOUT: About = About {
    id: ID,
    title: phrase!("panel-sweep"),
    help: phrase!("panel-sweep.help"),
    home: Home { corner: Corner::UpperRight, place: 2 },
};

/// The panel.
#[derive(Default)]
pub struct Sweep {
    form: form::Form,
    results: results::Results,
}

impl Panel for Sweep {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Self { form, results } = self;
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            form.ui(ctx, ui);
            ui.separator();
            if !results.refresh(ctx.session) {
                return empty_ui(ctx, ui);
            }
            let [chart, grid] = row_heights(ui, [(1.0, LEAST_HEIGHT + 40.0), (1.0, GRID_HEIGHT)]);
            results.scatter_ui(ctx, ui, chart);
            results.grid_ui(ctx, ui, grid);
        });
    }
}

fn empty_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() / 2.0 - 30.0).max(8.0));
        ui.label(RichText::new(t!("sweep-none")).size(17.0).strong());
        let text = RichText::new(t!("sweep-none.help")).color(ctx.palette.faint);
        ui.add(egui::Label::new(text).wrap());
    });
}
