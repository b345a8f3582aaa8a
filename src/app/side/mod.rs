//! The left side: data, quantizer, training.

mod data;
pub use data::BUILTINS;
mod extract;
pub mod form;
mod model;
mod pace;
mod proposals;
mod quantizer;
mod search;
pub mod training;

use egui::{CollapsingHeader, RichText, ScrollArea, Ui};

use super::PanelCtx;
use super::recent::Recent;
use crate::app::rich::RichHover as _;
use crate::text::{Phrase, phrase};

/// The size of notes beside and below what matters.
pub const NOTE_SIZE: f32 = 11.5;

/// The left side's own state: what is being typed, and what was worked out for what it shows.
#[derive(Default)]
pub struct Side {
    data: data::DataSection,
    quantizer: quantizer::QuantizerSection,
    training: training::TrainingSection,
}

impl Side {
    /// Draws it.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, recent: &Recent, ui: &mut Ui) {
        let Self { data, quantizer, training } = self;
        // The controls of a training stay in sight, however far the form above is scrolled.
        egui::Panel::bottom("training").resizable(false).frame(egui::Frame::new()).show(ui, |ui| {
            ui.add_space(4.0);
            section(ui, "Training", phrase!("side-training"), |ui| training.ui(ctx, ui)); // not a text
        });
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            // Room for the scroll bar beside the rows.
            ui.set_max_width(ui.available_width() - 6.0);
            section(ui, "Data", phrase!("side-data"), |ui| data.ui(ctx, recent, ui)); // not a text
            section(ui, "Quantizer", phrase!("side-quantizer"), |ui| quantizer.ui(ctx, ui)); // not a text
        });
    }
}

/// A part that can be folded; whether it is, is remembered under `key`.
fn section(ui: &mut Ui, key: &str, title: Phrase, add: impl FnOnce(&mut Ui)) {
    CollapsingHeader::new(RichText::new(title).strong().size(15.0))
        .id_salt(key)
        .default_open(true)
        .show_unindented(ui, |ui| {
            add(ui);
            ui.add_space(6.0);
        });
}

/// A button that says why it cannot be pressed; whether it was.
fn button(ui: &mut Ui, text: impl Into<egui::WidgetText>, help: &str, why_not: Option<&str>) -> bool {
    button_response(ui, text, help, why_not).clicked()
}

/// A button that says why it cannot be pressed.
fn button_response(
    ui: &mut Ui,
    text: impl Into<egui::WidgetText>,
    help: &str,
    why_not: Option<&str>,
) -> egui::Response {
    let button = egui::Button::new(text.into());
    let response = ui.add_enabled(why_not.is_none(), button);
    response.on_hover_rich(help).on_disabled_hover_text(why_not.unwrap_or_default())
}

/// A number with a mark between thousands.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}
