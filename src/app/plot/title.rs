//! The line above a plot or a table: what it shows, its switches, and the buttons that save it.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Align, FontId, Layout, PopupCloseBehavior, RichText, Ui, vec2};

use super::look::{Choices, look_ui};
use crate::app::rich::RichHover as _;
use crate::app::{PanelCtx, WindowRequest};

const TITLE_SIZE: f32 = 12.0;
/// The height of the line.
const ROW: f32 = 20.0;
/// Between a title and its switches at the least; where there is no room for it, the title gets a line of its own.
const GAP: f32 = 6.0;

/// What stands above a plot or a table.
pub struct Title<'a> {
    /// The panel, for its picture.
    pub panel_id: &'static str,
    /// What tells it from others of its panel.
    pub key: &'static str,
    /// What is shown, and of what.
    pub text: &'a str,
    /// How it is read.
    pub help: &'a str,
    /// What can be set of the chart.
    pub choices: Option<Choices>,
}

impl Title<'_> {
    /// Draws it; `header` adds switches, from right to left; `csv` makes the table of what is shown.
    pub fn ui(
        &self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        header: impl FnOnce(&mut Ui),
        csv: impl FnOnce() -> Option<WindowRequest>,
    ) {
        let font = FontId::proportional(TITLE_SIZE);
        let width = ui.painter().layout_no_wrap(self.text.to_owned(), font, ctx.palette.faint).size().x;
        // What stands beside the title took this much when it was drawn last.
        let id = ui.make_persistent_id(("beside the title", self.key));
        let beside: f32 = ui.data(|data| data.get_temp(id)).unwrap_or_default();
        let own_line = width + beside + GAP > ui.available_width();
        if own_line {
            self.text_ui(ui, true);
        }
        let row = vec2(ui.available_width(), ROW);
        ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 3.0;
            ui.spacing_mut().button_padding.x = 5.0;
            let right = ui.cursor().right();
            self.buttons_ui(ctx, ui, csv);
            header(ui);
            let taken = right - ui.cursor().right();
            ui.data_mut(|data| data.insert_temp(id, taken));
            if !own_line {
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| self.text_ui(ui, false));
            }
        });
    }

    fn text_ui(&self, ui: &mut Ui, wrap: bool) {
        let label = egui::Label::new(RichText::new(self.text).size(TITLE_SIZE).strong());
        let label = if wrap { label.wrap() } else { label.truncate() };
        ui.add(label).on_hover_rich(self.help);
    }

    fn buttons_ui(&self, ctx: &PanelCtx<'_>, ui: &mut Ui, csv: impl FnOnce() -> Option<WindowRequest>) {
        let small = |text: &str| RichText::new(text).size(10.0).color(ctx.palette.faint);
        let panel_id = self.panel_id;
        let save =
            ui.add(egui::Button::new(small("PNG")).small()).on_hover_rich("Save a picture of this panel");
        if save.clicked() {
            ctx.request(WindowRequest::SavePng { panel_id });
        }
        let save = ui.add(egui::Button::new(small("CSV")).small());
        if save.on_hover_rich("Save what is shown here as a table, every value of it").clicked()
            && let Some(request) = csv()
        {
            ctx.request(request);
        }
        if let Some(choices) = &self.choices {
            let stays = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
            let menu = MenuButton::from_button(egui::Button::new(small("Axes")).small()).config(stays);
            let (response, _) = menu.ui(ui, |ui| look_ui(ui, choices));
            response.on_hover_rich("Smoothing and logarithmic axes, for every chart of this kind");
        }
    }
}
