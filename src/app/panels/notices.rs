//! Notices: what the program has to say, the newest first.

use egui::{Align, Align2, Color32, FontId, Frame, Layout, Margin, RichText, ScrollArea, Sense, Ui, vec2};

use crate::app::rich::RichHover as _;
use crate::app::{About, Corner, Home, Palette, Panel, PanelCtx};
use crate::session::{Notice, NoticeCommand, Severity};
use crate::text::{phrase, t};

static ABOUT: About = About {
    id: "notices",
    title: phrase!("panel-notices"),
    help: phrase!("panel-notices.help"),
    home: Home { corner: Corner::LowerRight, place: 1 },
};

/// The panel.
#[derive(Default)]
pub struct Notices {}

impl Panel for Notices {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let notices = ctx.session.notices();
        if notices.is_empty() {
            ui.label(RichText::new(t!("notices-none")).color(ctx.palette.faint));
            return;
        }
        ui.horizontal(|ui| {
            let text = t!("notices-count", n = notices.len());
            ui.label(RichText::new(text).color(ctx.palette.faint));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.small_button(t!("notices-clear")).clicked() {
                    ctx.send(NoticeCommand::Clear);
                }
                if ui
                    .small_button(t!("notices-copy-all"))
                    .on_hover_rich(t!("notices-copy-all.help"))
                    .clicked()
                {
                    let all: Vec<&str> = notices.iter().rev().map(|notice| notice.text.as_str()).collect();
                    ui.ctx().copy_text(all.join("\n"));
                }
            });
        });
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            for notice in notices.iter().rev() {
                ui.push_id(notice.id, |ui| notice_ui(ctx, ui, notice));
            }
        });
    }
}

fn notice_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, notice: &Notice) {
    let Notice { id, severity, text, times } = notice;
    let (icon, color, name) = look(*severity, ctx.palette);
    Frame::new().fill(ctx.palette.card).corner_radius(4).inner_margin(Margin::symmetric(8, 5)).show(
        ui,
        |ui| {
            ui.horizontal_top(|ui| {
                // Drawn, because fonts do not agree on such signs.
                let (rect, response) = ui.allocate_exact_size(vec2(16.0, 16.0), Sense::hover());
                ui.painter().circle_filled(rect.center(), 7.5, color);
                let font = FontId::proportional(12.0);
                ui.painter().text(rect.center(), Align2::CENTER_CENTER, icon, font, ctx.palette.on_accent);
                response.on_hover_rich(name);
                let buttons = 124.0;
                let width = (ui.available_width() - buttons).max(80.0);
                ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::top_down(Align::Min), |ui| {
                    ui.set_width(width);
                    ui.add(egui::Label::new(text).wrap());
                });
                ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                    ui.spacing_mut().item_spacing.x = 4.0;
                    if ui.small_button(t!("notices-dismiss")).clicked() {
                        ctx.send(NoticeCommand::Dismiss(*id));
                    }
                    if ui.small_button(t!("notices-copy")).on_hover_rich(t!("notices-copy.help")).clicked() {
                        ui.ctx().copy_text(text.clone());
                    }
                    if *times > 1 {
                        ui.label(RichText::new(format!("×{times}")).size(11.0).color(ctx.palette.faint))
                            .on_hover_rich(t!("notices-times", times = *times));
                    }
                });
            });
        },
    );
}

/// The sign, colour and name of a severity.
fn look(severity: Severity, palette: &Palette) -> (&'static str, Color32, &'static str) {
    match severity {
        Severity::Info => ("i", palette.accent, t!("notices-info")),
        Severity::Warning => ("!", palette.warning, t!("notices-warning")),
        Severity::Error => ("×", palette.bad, t!("notices-error")),
    }
}
