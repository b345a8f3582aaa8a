//! The line above a plot or a table: what it shows, its switches, and the buttons that save it.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Align, Button, FontId, Layout, PopupCloseBehavior, RichText, Ui, vec2};

use super::look::{Choices, look_ui};
use super::sheet::with_units;
use crate::app::drawing::{Mark, Place};
use crate::app::notice::notice;
use crate::app::rich::RichHover as _;
use crate::app::{PanelCtx, WindowRequest};
use crate::markup::{Format, Table};
use crate::session::Severity;
use crate::text::{Phrase, phrase, t};

const TITLE_SIZE: f32 = 12.0;
/// The height of the line.
const ROW: f32 = 20.0;
/// Between a title and its switches at the least; where there is no room for it, the title gets a line of its own.
const GAP: f32 = 6.0;

/// The forms in which a table is copied, what each is called, and what is said when it was.
const COPIES: [(Format, Phrase, Phrase); 2] = [
    (Format::Markdown, phrase!("plot-copy-markdown"), phrase!("plot-copy-markdown.done")),
    (Format::Latex, phrase!("plot-copy-latex"), phrase!("plot-copy-latex.done")),
];

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
    /// Draws it above a plot; `header` adds switches, from right to left; `csv` makes the table of what is shown.
    pub fn ui(
        &self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        header: impl FnOnce(&mut Ui),
        csv: impl FnOnce() -> Option<WindowRequest>,
    ) {
        self.row_ui(ctx, ui, header, |ui| {
            let save = ui.add(Button::new(small(ctx, "CSV")).small());
            if save.on_hover_rich(t!("plot-csv")).clicked()
                && let Some(request) = csv()
            {
                ctx.request(request);
            }
        });
    }

    /// Draws it above a table, which is saved under a name as it is and copied with the digits that are shown.
    pub fn table_ui(
        &self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        header: impl FnOnce(&mut Ui),
        file_name: &str,
        table: impl Fn() -> Table,
    ) {
        self.row_ui(ctx, ui, header, |ui| {
            if ui.add(Button::new(small(ctx, "CSV")).small()).on_hover_rich(t!("plot-csv")).clicked() {
                ctx.request(WindowRequest::SaveCsv { file_name: file_name.to_owned(), csv: table().csv() });
            }
            let button = MenuButton::from_button(Button::new(small(ctx, t!("plot-copy"))).small());
            let (response, _) = button.ui(ui, |ui| {
                for (format, words, done) in COPIES {
                    if ui.button(words.text()).clicked() {
                        ui.ctx().copy_text(with_units(table()).to(format));
                        ctx.send(notice(Severity::Info, done));
                        ui.close();
                    }
                }
            });
            response.on_hover_rich(t!("plot-copy.help"));
        });
    }

    fn row_ui(
        &self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        header: impl FnOnce(&mut Ui),
        exports: impl FnOnce(&mut Ui),
    ) {
        let font = FontId::proportional(TITLE_SIZE);
        let width = ui.painter().layout_no_wrap(self.text.to_owned(), font, ctx.palette.faint).size().x;
        // What stands beside the title took this much when it was drawn last.
        let id = ui.make_persistent_id(("beside the title", self.key)); // not a text
        let beside: f32 = ui.data(|data| data.get_temp(id)).unwrap_or_default();
        let own_line = width + beside + GAP > ui.available_width();
        ctx.mark(Mark::here(ui, Place::Part { key: self.key }));
        if own_line {
            self.text_ui(ui, true);
        }
        let row = vec2(ui.available_width(), ROW);
        ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 3.0;
            ui.spacing_mut().button_padding.x = 5.0;
            let right = ui.cursor().right();
            ctx.mark(Mark::here(ui, Place::Buttons));
            self.buttons_ui(ctx, ui, exports);
            header(ui);
            ctx.mark(Mark::here(ui, Place::ButtonsEnd));
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

    fn buttons_ui(&self, ctx: &PanelCtx<'_>, ui: &mut Ui, exports: impl FnOnce(&mut Ui)) {
        let Self { panel_id, key, .. } = *self;
        let save = ui.add(Button::new(small(ctx, "PNG")).small()).on_hover_rich(t!("plot-png")); // not a text
        if save.clicked() {
            ctx.request(WindowRequest::SavePng { panel_id });
        }
        let save = ui.add(Button::new(small(ctx, "SVG")).small());
        if save.on_hover_rich(t!("plot-svg")).clicked() {
            ctx.request(WindowRequest::SaveSvg { panel_id, key: Some(key) });
        }
        exports(ui);
        if let Some(choices) = &self.choices {
            let stays = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
            let menu =
                MenuButton::from_button(Button::new(small(ctx, t!("plot-axes"))).small()).config(stays);
            let (response, _) = menu.ui(ui, |ui| look_ui(ui, choices));
            response.on_hover_rich(t!("plot-axes.help"));
        }
    }
}

/// The label of a button beside a title.
fn small(ctx: &PanelCtx<'_>, text: &str) -> RichText {
    RichText::new(text).size(10.0).color(ctx.palette.faint)
}
