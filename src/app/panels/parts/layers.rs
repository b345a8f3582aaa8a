//! The choice of a layer: a button for each of a few, a number and a strip for many.

use std::sync::Arc;

use egui::{
    Button, Color32, DragValue, EventFilter, Id, Key, Modifiers, Rect, Response, RichText, Role, Sense,
    Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use crate::app::plot::numbers::percent;
use crate::app::rich::RichHover as _;
use crate::app::{Palette, PanelCtx};
use crate::metrics::{Evaluation, usage};
use crate::session::SelectCommand;
use crate::text::t;

/// More layers than these have no button each: a row of them would push what stands beside it out of the panel.
pub(super) const MOST_BUTTONS: usize = 12;
/// The height of the strip.
const STRIP: f32 = 14.0;
/// Cells wider than this stand apart.
const GAP_FROM: f32 = 6.0;

/// What share of its codes each layer uses, worked out once for all panels.
struct Used {
    of: Arc<Evaluation>,
    shares: Vec<Option<f64>>,
}

/// A button for each layer, in its colour.
pub(super) fn buttons_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, num_layers: usize) {
    let selected = ctx.session.selection().layer;
    let palette = ctx.palette;
    ui.spacing_mut().item_spacing.x = 3.0;
    ui.spacing_mut().button_padding = vec2(4.0, 1.0);
    for layer in 0..num_layers {
        let color = palette.layer(layer);
        let chosen = layer == selected;
        let text = RichText::new((layer + 1).to_string()).size(12.0).strong();
        let text = text.color(if chosen { palette.on_accent } else { color });
        let button = Button::new(text)
            .min_size(vec2(22.0, 20.0))
            .fill(if chosen { color } else { Color32::TRANSPARENT })
            .stroke(Stroke::new(1.0, if chosen { color } else { color.gamma_multiply(0.5) }));
        let name = t!("layer-n", layer = layer + 1);
        let response = ui.add(button).on_hover_rich(t!("parts-layer-shown", layer = layer + 1));
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &name));
        if response.clicked() {
            ctx.send(SelectCommand::Layer(layer));
        }
    }
    ui.spacing_mut().item_spacing.x = 8.0;
}

/// The number of the layer, to be typed, dragged or stepped.
pub(super) fn number_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, num_layers: usize) {
    let selected = ctx.session.selection().layer;
    ui.spacing_mut().item_spacing.x = 3.0;
    let step = |ui: &mut Ui, sign: &str, (name, help): (&str, &str), to: Option<usize>| {
        let button = Button::new(RichText::new(sign).size(12.0)).min_size(vec2(20.0, 20.0));
        let response = ui.add_enabled(to.is_some(), button).on_hover_rich(help);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, to.is_some(), name));
        if let Some(layer) = to.filter(|_| response.clicked()) {
            ctx.send(SelectCommand::Layer(layer));
        }
    };
    let previous = (t!("parts-previous-layer"), t!("parts-previous-layer.help"));
    step(ui, "◀", previous, selected.checked_sub(1));
    let mut number = selected + 1;
    let field = ui.add(DragValue::new(&mut number).range(1..=num_layers).speed(0.1));
    field.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::SpinButton, true, t!("parts-layer-number"));
        info.value = Some(number as f64);
        info
    });
    if number != selected + 1 {
        ctx.send(SelectCommand::Layer(number - 1));
    }
    let next = (t!("parts-next-layer"), t!("parts-next-layer.help"));
    step(ui, "▶", next, (selected + 1 < num_layers).then_some(selected + 1));
    ui.label(RichText::new(t!("parts-of-layers", layers = num_layers)).size(12.0).color(ctx.palette.faint));
    ui.spacing_mut().item_spacing.x = 8.0;
}

/// Every layer as a cell of one row, in the colour of the share of its codes that are used. Click, drag, or arrow keys with the focus on it.
pub(super) fn strip_ui(
    ctx: &PanelCtx<'_>,
    ui: &mut Ui,
    num_layers: usize,
    evaluation: Option<&Arc<Evaluation>>,
) {
    let selected = ctx.session.selection().layer;
    let size = vec2(ui.available_width(), STRIP);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    let used = evaluation.map(|evaluation| used(ui, evaluation));
    let share = |layer: usize| used.as_ref().and_then(|used| used.shares.get(layer).copied().flatten());
    paint(ui, ctx.palette, rect, num_layers, selected, share);
    let layer_at = |x: f32| {
        let place = ((x - rect.left()) / rect.width().max(1.0) * num_layers as f32).floor().max(0.0);
        (place as usize).min(num_layers.saturating_sub(1))
    };
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Slider, true, t!("parts-layers"));
        info.value = Some((selected + 1) as f64);
        info
    });
    let pointed = response.interact_pointer_pos().filter(|_| response.clicked() || response.dragged());
    let wanted = pointed.map(|at| layer_at(at.x)).or_else(|| by_keys(ui, &response, selected, num_layers));
    if let Some(layer) = wanted.filter(|&layer| layer != selected) {
        ctx.send(SelectCommand::Layer(layer));
    }
    if response.has_focus() {
        let stroke = Stroke::new(1.5, ctx.palette.accent);
        ui.painter().rect_stroke(rect.expand(1.0), 2.0, stroke, StrokeKind::Outside);
    }
    if let Some(at) = response.hover_pos() {
        let layer = layer_at(at.x);
        let words = match share(layer) {
            Some(share) => t!("parts-layer-used", layer = layer + 1, share = percent(share)),
            None => t!("layer-n", layer = layer + 1),
        };
        response.on_hover_text_at_pointer(words);
    }
}

/// The layer that a key with the focus on the strip leads to.
fn by_keys(ui: &Ui, response: &Response, selected: usize, num_layers: usize) -> Option<usize> {
    if !response.has_focus() {
        return None;
    }
    let arrows = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    if pressed(Key::ArrowRight) {
        Some((selected + 1).min(num_layers.saturating_sub(1)))
    } else if pressed(Key::ArrowLeft) {
        Some(selected.saturating_sub(1))
    } else if pressed(Key::Home) {
        Some(0)
    } else if pressed(Key::End) {
        num_layers.checked_sub(1)
    } else {
        None
    }
}

fn paint(
    ui: &Ui,
    palette: &Palette,
    rect: Rect,
    num_layers: usize,
    selected: usize,
    share: impl Fn(usize) -> Option<f64>,
) {
    let width = rect.width() / num_layers.max(1) as f32;
    let gap = if width >= GAP_FROM { 1.0 } else { 0.0 };
    let cell = |layer: usize| {
        let left = rect.left() + width * layer as f32;
        Rect::from_min_max(pos2(left, rect.top()), pos2(left + width - gap, rect.bottom()))
    };
    for layer in 0..num_layers {
        let color = share(layer).map_or(palette.muted, |share| palette.ramp(share as f32));
        ui.painter().rect_filled(cell(layer), 0.0, color);
    }
    // Wide enough to be seen among hundreds.
    let mark = cell(selected);
    let mark = Rect::from_center_size(mark.center(), vec2(mark.width().max(4.0), mark.height()));
    ui.painter().rect_stroke(mark, 0.0, Stroke::new(2.0, palette.highlight), StrokeKind::Outside);
    let below = Rect::from_min_max(pos2(mark.left(), mark.bottom() - 3.0), mark.right_bottom());
    ui.painter().rect_filled(below, 0.0, palette.layer(selected));
}

fn used(ui: &Ui, evaluation: &Arc<Evaluation>) -> Arc<Used> {
    let id = Id::unique("shares of used codes by layer"); // not a text
    let kept: Option<Arc<Used>> = ui.data(|data| data.get_temp(id));
    if let Some(kept) = kept.filter(|kept| Arc::ptr_eq(&kept.of, evaluation)) {
        return kept;
    }
    let shares = evaluation.layers.iter().map(|layer| usage::utilization(&layer.counts)).collect();
    let used = Arc::new(Used { of: evaluation.clone(), shares });
    ui.data_mut(|data| data.insert_temp(id, used.clone()));
    used
}
