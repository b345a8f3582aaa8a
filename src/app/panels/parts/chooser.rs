//! The choice of a layer and of the frames that figures are of: the same row in each panel.

use egui::{Button, Color32, RichText, Role, ScrollArea, Stroke, Ui, WidgetInfo, vec2};

use crate::app::PanelCtx;
use crate::session::{SelectCommand, View};
use crate::training::SplitKind;

/// More layers than this scroll sideways.
const LAYERS_IN_A_ROW: usize = 16;

/// Draws the row: a button for each layer in its colour, then, where `with_split`, the frames that figures are of.
pub fn chooser_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, view: &View, with_split: bool) {
    let num_layers = view.run.rvq.num_layers();
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("Layer").size(12.0).color(ctx.palette.faint));
        if num_layers > LAYERS_IN_A_ROW {
            let width = (ui.available_width() - if with_split { 150.0 } else { 0.0 }).max(120.0);
            ScrollArea::horizontal().id_salt("layers").max_width(width).show(ui, |ui| {
                ui.horizontal(|ui| layer_buttons_ui(ctx, ui, num_layers));
            });
        } else {
            layer_buttons_ui(ctx, ui, num_layers);
        }
        if with_split {
            split_ui(ctx, ui, view);
        }
    });
}

/// As [`chooser_ui`], without a choice of frames.
pub fn layers_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, num_layers: usize) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("Layer").size(12.0).color(ctx.palette.faint));
        let width = ui.available_width().max(120.0);
        ScrollArea::horizontal().id_salt("layers").max_width(width).show(ui, |ui| {
            ui.horizontal(|ui| layer_buttons_ui(ctx, ui, num_layers));
        });
    });
}

fn layer_buttons_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, num_layers: usize) {
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
        let name = format!("Layer {}", layer + 1);
        let response = ui.add(button).on_hover_text(format!("{name}: shown in every panel"));
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &name));
        if response.clicked() {
            ctx.send(SelectCommand::Layer(layer));
        }
    }
    ui.spacing_mut().item_spacing.x = 8.0;
}

fn split_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, view: &View) {
    let selected = ctx.session.selection().split;
    let source = &view.run.source;
    let choices = [(SplitKind::HeldOut, source.held_out_frames), (SplitKind::Train, source.train_frames)];
    ui.spacing_mut().item_spacing.x = 3.0;
    ui.add_space(6.0);
    for (split, frames) in choices {
        let label = match split {
            SplitKind::HeldOut => "Held-out",
            SplitKind::Train => "Trained on",
        };
        let help = match split {
            SplitKind::HeldOut if frames == 0 => "No frame is held out".to_owned(),
            SplitKind::HeldOut => {
                format!("Figures of the {frames} held-out frames, which training never sees")
            }
            SplitKind::Train => format!(
                "Figures of the {frames} frames that are trained on; while training runs, of at most 20 000 of them"
            ),
        };
        let button = Button::selectable(split == selected, RichText::new(label).size(12.0));
        let response = ui.add_enabled(frames > 0, button);
        let response = response.on_hover_text(&help).on_disabled_hover_text(&help);
        if response.clicked() {
            ctx.send(SelectCommand::Split(split));
        }
    }
    ui.spacing_mut().item_spacing.x = 8.0;
}

/// Draws a switch of a few words, one of which holds.
pub fn switch_ui<T: Copy + PartialEq>(ui: &mut Ui, value: &mut T, choices: &[(T, &str, &str)]) {
    // Rows that run from right to left put the last one first.
    let backwards = ui.layout().prefer_right_to_left();
    for i in 0..choices.len() {
        let (choice, label, help) = choices[if backwards { choices.len() - 1 - i } else { i }];
        let button = Button::selectable(*value == choice, RichText::new(label).size(11.0)).small();
        if ui.add(button).on_hover_text(help).clicked() {
            *value = choice;
        }
    }
}
