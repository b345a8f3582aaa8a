//! What colours mean.

use egui::{Color32, FontId, Rect, Response, RichText, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::app::Palette;
use crate::app::rich::RichHover as _;

/// A square of a colour and what it stands for.
pub fn swatch_ui(ui: &mut Ui, color: Color32, text: &str) -> Response {
    let text_color = ui.visuals().text_color();
    let galley = ui.painter().layout_no_wrap(text.to_owned(), FontId::proportional(11.0), text_color);
    // In one piece, so that it goes to the next row as a whole.
    let (rect, response) = ui.allocate_exact_size(galley.size() + vec2(14.0, 2.0), Sense::hover());
    let square = Rect::from_center_size(rect.left_center() + vec2(5.0, 0.0), vec2(10.0, 10.0));
    ui.painter().rect_filled(square, 2.0, color);
    ui.painter().galley(rect.min + vec2(14.0, 1.0), galley, text_color);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    response
}

/// The colour ramp from `low` to `high`; for rows that run from right to left.
pub fn ramp_ui(ui: &mut Ui, palette: &Palette, low: &str, high: &str, help: &str) {
    let text = |text: &str| RichText::new(text).size(10.0).color(palette.faint);
    ui.label(text(high)).on_hover_rich(help);
    let (rect, response) = ui.allocate_exact_size(vec2(48.0, 9.0), Sense::hover());
    let steps = 24;
    for i in 0..steps {
        let at = |i: usize| rect.left() + rect.width() * i as f32 / steps as f32;
        let piece = Rect::from_min_max(pos2(at(i), rect.top()), pos2(at(i + 1), rect.bottom()));
        ui.painter().rect_filled(piece, 0.0, palette.ramp((i as f32 + 0.5) / steps as f32));
    }
    response.on_hover_rich(help);
    ui.label(text(low)).on_hover_rich(help);
}
