//! The choice of a layer and of the frames that figures are of: the same row in each panel.

use std::sync::Arc;

use egui::{Button, RichText, Ui};

use super::layers;
use crate::app::PanelCtx;
use crate::app::rich::RichHover as _;
use crate::metrics::Evaluation;
use crate::session::{SelectCommand, View};
use crate::text::t;
use crate::training::SplitKind;

/// Draws the row: the layers, where there are several, then, where `with_split`, the frames that figures are of.
pub fn chooser_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>, with_split: bool) {
    let num_layers = view.run.rvq.num_layers();
    let evaluation = view.run.evaluation(ctx.session.selection().split);
    row_ui(ctx, ui, num_layers, evaluation, |ui| {
        if with_split {
            split_ui(ctx, ui, view);
        }
    });
}

/// As [`chooser_ui`], without a choice of frames.
pub fn layers_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, num_layers: usize, evaluation: Option<&Arc<Evaluation>>) {
    row_ui(ctx, ui, num_layers, evaluation, |_| {});
}

fn row_ui(
    ctx: &PanelCtx<'_>,
    ui: &mut Ui,
    num_layers: usize,
    evaluation: Option<&Arc<Evaluation>>,
    beside: impl FnOnce(&mut Ui),
) {
    let are_many = num_layers > layers::MOST_BUTTONS;
    ui.horizontal_wrapped(|ui| {
        if num_layers > 1 {
            ui.label(RichText::new(t!("word-layer")).size(12.0).color(ctx.palette.faint));
            if are_many {
                layers::number_ui(ctx, ui, num_layers);
            } else {
                layers::buttons_ui(ctx, ui, num_layers);
            }
        }
        beside(ui);
    });
    if are_many {
        layers::strip_ui(ctx, ui, num_layers, evaluation);
    }
}

fn split_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>) {
    let selected = ctx.session.selection().split;
    let source = &view.run.source;
    let choices = [(SplitKind::HeldOut, source.held_out_frames), (SplitKind::Train, source.train_frames)];
    ui.spacing_mut().item_spacing.x = 3.0;
    ui.add_space(6.0);
    for (split, frames) in choices {
        let label = match split {
            SplitKind::HeldOut => t!("parts-held-out"),
            SplitKind::Train => t!("parts-trained-on"),
        };
        let help = match split {
            SplitKind::HeldOut if frames == 0 => t!("parts-held-out.none").to_owned(),
            SplitKind::HeldOut => t!("parts-held-out.help", frames = frames),
            SplitKind::Train => t!("parts-trained-on.help", frames = frames),
        };
        let button = Button::selectable(split == selected, RichText::new(label).size(12.0));
        let response = ui.add_enabled(frames > 0, button);
        let response = response.on_hover_rich(&help).on_disabled_hover_text(&help);
        if response.clicked() {
            ctx.send(SelectCommand::Split(split));
        }
    }
    ui.spacing_mut().item_spacing.x = 8.0;
}

/// Draws a switch of a few words, one of which holds.
pub fn switch_ui<T: Copy + PartialEq>(
    ui: &mut Ui,
    value: &mut T,
    choices: &[(T, impl AsRef<str>, impl AsRef<str>)],
) {
    // Rows that run from right to left put the last one first.
    let backwards = ui.layout().prefer_right_to_left();
    for i in 0..choices.len() {
        let (choice, label, help) = &choices[if backwards { choices.len() - 1 - i } else { i }];
        let button = Button::selectable(*value == *choice, RichText::new(label.as_ref()).size(11.0)).small();
        if ui.add(button).on_hover_rich(help).clicked() {
            *value = *choice;
        }
    }
}
