//! What colours mean.

use egui::{Color32, Rect, Response, RichText, Sense, Ui, pos2, vec2};

use crate::app::Palette;

/// A square of a colour and what it stands for.
pub fn swatch_ui(ui: &mut Ui, color: Color32, text: &str) -> Response {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
        ui.painter().rect_filled(rect, 2.0, color);
        ui.label(RichText::new(text).size(11.0))
    })
    .inner
}

/// The colour ramp from `low` to `high`; for rows that run from right to left.
pub fn ramp_ui(ui: &mut Ui, palette: &Palette, low: &str, high: &str, help: &str) {
    let text = |text: &str| RichText::new(text).size(10.0).color(palette.faint);
    ui.label(text(high)).on_hover_text(help);
    let (rect, response) = ui.allocate_exact_size(vec2(48.0, 9.0), Sense::hover());
    let steps = 24;
    for i in 0..steps {
        let at = |i: usize| rect.left() + rect.width() * i as f32 / steps as f32;
        let piece = Rect::from_min_max(pos2(at(i), rect.top()), pos2(at(i + 1), rect.bottom()));
        ui.painter().rect_filled(piece, 0.0, palette.ramp((i as f32 + 0.5) / steps as f32));
    }
    response.on_hover_text(help);
    ui.label(text(low)).on_hover_text(help);
}
