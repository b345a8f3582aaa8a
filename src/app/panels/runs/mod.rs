//! Runs: every training, loaded model and member of a comparison in a table, and their curves over one another.

mod curve;
mod form;
mod rows;
mod table;

use egui::{RichText, ScrollArea, Ui};

use super::parts::{chooser_ui, row_heights, wanted_height};
use crate::app::plot::LEAST_HEIGHT;
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::text::{phrase, t};

const ID: &str = "runs";
/// The least height of the table: its heads and a few rows.
const TABLE_HEIGHT: f32 = 130.0;
/// The switch of curves above the chart.
const SWITCH: f32 = 28.0;

static ABOUT: About = About {
    id: ID,
    title: phrase!("panel-runs"),
    help: phrase!("panel-runs.help"),
    home: Home { corner: Corner::UpperRight, place: 1 },
};

/// The panel.
#[derive(Default)]
pub struct Runs {
    form: form::Form,
    table: table::RunsTable,
    curve: curve::Curve,
}

impl Panel for Runs {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Self { form, table, curve } = self;
        form.ui(ctx, ui);
        if ctx.session.runs().is_empty() {
            return empty_ui(ctx, ui);
        }
        ui.separator();
        let view = ctx.session.view();
        if let Some(view) = view {
            chooser_ui(ctx, ui, view, false);
        }
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let Some(view) = view.filter(|_| has_steps(ctx)) else {
                let [height] = row_heights(ui, [(1.0, TABLE_HEIGHT)]);
                return table.ui(ctx, ui, height);
            };
            let wanted = wanted_height(ctx.session.runs().len());
            let [list, chart] = row_heights(ui, [(1.0, TABLE_HEIGHT), (1.0, LEAST_HEIGHT + SWITCH)]);
            // What the table does not need goes to the chart.
            let spare = (list - wanted).max(0.0);
            let (list, chart) = (list - spare, chart + spare);
            table.ui(ctx, ui, list);
            curve.ui(ctx, ui, view, chart);
        });
    }
}

/// Whether any run that is drawn has steps to draw.
fn has_steps(ctx: &PanelCtx<'_>) -> bool {
    ctx.session.overlaid().any(|view| !view.history.is_empty())
}

fn empty_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() / 2.0 - 30.0).max(8.0));
        ui.label(RichText::new(t!("runs-none")).size(17.0).strong());
        let text = RichText::new(t!("runs-none.help")).color(ctx.palette.faint);
        ui.add(egui::Label::new(text).wrap());
    });
}
