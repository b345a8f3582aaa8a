//! The question which of several quantizers of a file is to be looked at.

use egui::{Button, Modal, RichText, ScrollArea, Ui, vec2};

use super::side::NOTE_SIZE;
use super::{Palette, PanelCtx};
use crate::io::QuantizerPlace;
use crate::session::DataCommand;

/// Draws it, where there is something to choose.
pub fn ui(ctx: &PanelCtx<'_>, ui: &Ui) {
    let Some(choice) = ctx.session.quantizer_choice() else { return };
    let shown = Modal::new(egui::Id::unique("choose-quantizer")).show(ui.ctx(), |ui| {
        ui.set_width(480.0);
        ui.label(RichText::new("Which quantizer?").strong().size(16.0));
        let name = choice.path.file_name().unwrap_or(choice.path.as_os_str()).to_string_lossy();
        let text = format!("{name} holds {} quantizers. Choose the one to look at", choice.places.len());
        ui.add(egui::Label::new(text).wrap()).on_hover_text(choice.path.display().to_string());
        ui.add_space(4.0);
        let most = (ui.ctx().content_rect().height() - 220.0).max(80.0);
        ScrollArea::vertical().max_height(most).auto_shrink([false, true]).show(ui, |ui| {
            for (index, place) in choice.places.iter().enumerate() {
                if place_ui(ctx.palette, place, ui) {
                    ctx.send(DataCommand::ChooseQuantizer(Some(index)));
                }
            }
        });
        ui.add_space(6.0);
        ui.button("Cancel").on_hover_text("Open none of them; what is open stays as it is").clicked()
    });
    if shown.inner || shown.should_close() {
        ctx.send(DataCommand::ChooseQuantizer(None));
    }
}

/// One of them; whether it was chosen.
fn place_ui(palette: &Palette, place: &QuantizerPlace, ui: &mut Ui) -> bool {
    let (about, color) = match &place.about {
        Ok(about) => (about.clone(), palette.faint),
        Err(problem) => (format!("Cannot be used: {problem}"), palette.warning),
    };
    // What is told of one stands closer to it than the next one does.
    ui.spacing_mut().item_spacing.y = 3.0;
    let size = vec2(ui.available_width(), 30.0);
    let button = Button::new(RichText::new(place.name()).strong()).truncate().min_size(size);
    let clicked = ui.add_enabled(place.about.is_ok(), button).on_hover_text(place.name()).clicked();
    if !about.is_empty() {
        ui.add(egui::Label::new(RichText::new(about).size(NOTE_SIZE).color(color)).wrap());
    }
    ui.add_space(7.0);
    clicked
}
