//! Runs compared: curves of several trainings drawn over one another, and their figures in a table.

mod curves;
mod form;
mod runs;
mod table;

use egui::{RichText, ScrollArea, Ui};

use super::parts::{chooser_ui, row_heights, switch_ui};
use crate::app::{About, Corner, Home, Panel, PanelCtx};

const ID: &str = "compare";

static ABOUT: About = About {
    id: ID,
    title: "Comparison",
    help: "Several trainings over one another: rules side by side from the same centroids on the same batches, or runs from before",
    home: Home { corner: Corner::UpperRight, place: 3 },
};

/// The panel.
#[derive(Default)]
pub struct Compare {
    form: form::Form,
    runs: runs::Runs,
    curves: curves::Curves,
}

impl Panel for Compare {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Self { form, runs, curves } = self;
        form.ui(ctx, ui);
        runs.refresh(ctx.session);
        if runs.is_empty() {
            empty_ui(ctx, ui);
            return;
        }
        ui.separator();
        if let Some(view) = ctx.session.view() {
            chooser_ui(ctx, ui, view, false);
        }
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 3.0;
            ui.label(RichText::new("Curve").size(12.0).color(ctx.palette.faint));
            switch_ui(ui, &mut curves.quantity, &curves::choices());
        });
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let rows = 54.0 + 23.0 * runs.len() as f32;
            let [chart, list] = row_heights(ui, [(3.0, 150.0), (1.0, rows.min(260.0))]);
            curves.ui(ctx, ui, runs, chart);
            table::ui(ctx, ui, runs, list);
        });
    }
}

fn empty_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    let text = if ctx.session.is_comparing() {
        "The trainings are starting: their first centroids are found once, for all of them"
    } else {
        "Choose rules above and press Compare, or train: finished runs are drawn here over one another"
    };
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() / 2.0 - 30.0).max(8.0));
        ui.label(RichText::new("Nothing to compare yet").size(17.0).strong());
        ui.add(egui::Label::new(RichText::new(text).color(ctx.palette.faint)).wrap());
    });
}
