//! The status line at the bottom, and the hint shown while files are dragged over the window.

use egui::{Align, Align2, Layout, ProgressBar, RichText, Ui};

use crate::session::{Notice, Severity, TrainState};
use crate::text::t;

use super::side::NOTE_SIZE;
use super::side::training::state_text;
use super::{Palette, PanelCtx, WindowRequest};

/// Draws the status line.
pub fn ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    let PanelCtx { session, palette, .. } = *ctx;
    ui.horizontal(|ui| {
        let color = match session.train_state() {
            TrainState::Running => palette.good,
            TrainState::Paused | TrainState::Stopping => palette.warning,
            TrainState::Starting => palette.accent,
            TrainState::Idle => palette.faint,
        };
        let (rect, _) = ui.allocate_exact_size(egui::vec2(10.0, 10.0), egui::Sense::hover());
        ui.painter().circle_filled(rect.center(), 4.0, color);
        ui.label(state_text(session));
        for (title, progress) in session.background() {
            ui.separator();
            ui.label(title);
            if let Some(progress) = progress {
                let share =
                    if progress.total == 0 { 0.0 } else { progress.done as f32 / progress.total as f32 };
                let bar = ProgressBar::new(share).desired_width(90.0).desired_height(10.0);
                ui.add(bar.fill(palette.accent)).on_hover_text(progress.stage.text());
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(hint(ctx)).size(NOTE_SIZE).color(palette.faint));
            if let Some(notice) = session.notices().last() {
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| notice_ui(ctx, notice, ui));
            }
        });
    });
}

/// The last notice, cut to the room there is; a click shows all.
fn notice_ui(ctx: &PanelCtx<'_>, notice: &Notice, ui: &mut Ui) {
    ui.separator();
    let (mark, color) = match notice.severity {
        Severity::Info => ("●", ctx.palette.faint),
        Severity::Warning => ("▲", ctx.palette.warning),
        Severity::Error => ("▲", ctx.palette.bad),
    };
    let text = RichText::new(format!("{mark} {}", notice.text)).color(color);
    let label = egui::Label::new(text).truncate().sense(egui::Sense::click());
    let response = ui.add(label).on_hover_cursor(egui::CursorIcon::PointingHand);
    if response.on_hover_text(t!("window-notice", text = &notice.text)).clicked() {
        ctx.request(WindowRequest::ShowPanel("notices"));
    }
}

/// What might be done next.
fn hint(ctx: &PanelCtx<'_>) -> &'static str {
    match ctx.session.train_state() {
        TrainState::Idle if ctx.session.dataset().is_none() => t!("window-hint-drop"),
        TrainState::Idle => t!("window-hint-train"),
        TrainState::Starting | TrainState::Running => t!("window-hint-running"),
        TrainState::Paused => t!("window-hint-paused"),
        TrainState::Stopping => "",
    }
}

/// Draws the hint that files can be dropped, while some are held over the window.
pub fn drop_hint_ui(palette: &Palette, ui: &mut Ui) {
    let count = ui.input(|input| input.raw.hovered_files.len());
    if count == 0 {
        return;
    }
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop-hint"));
    let painter = ui.ctx().layer_painter(layer);
    let rect = ui.ctx().content_rect();
    painter.rect_filled(rect, 0.0, palette.card.gamma_multiply(0.88));
    let frame = rect.shrink(18.0);
    let stroke = egui::Stroke::new(2.0, palette.accent);
    painter.rect_stroke(frame, 10.0, stroke, egui::StrokeKind::Inside);
    let text = t!("window-drop", n = count);
    let font = egui::FontId::proportional(26.0);
    painter.text(frame.center(), Align2::CENTER_CENTER, text, font, palette.accent);
}
