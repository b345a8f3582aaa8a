//! How audio is made into frames.

use egui::{RichText, Ui};

use crate::app::PanelCtx;
use crate::app::rich::RichHover as _;
use crate::audio::ChannelChoice;
use crate::features::{EXTRACTORS, ExtractParams};
use crate::session::DataCommand;
use crate::text::t;

use super::NOTE_SIZE;
use super::form::{self, Drafts, Row};

/// Channels that are offered by number.
const CHANNELS_OFFERED: usize = 8;

/// Draws it.
pub fn ui(ctx: &PanelCtx<'_>, drafts: &mut Drafts, ui: &mut Ui) {
    let spec = ctx.session.data_spec();
    let params = &spec.extract;
    let Ok(extractor) = params.extractor() else { return };
    ui.horizontal(|ui| {
        let label = ui.label(t!("side-extractor")).on_hover_rich(t!("side-extractor.help"));
        let combo = egui::ComboBox::from_id_salt("extractor").selected_text(extractor.label()).width(150.0);
        let shown = combo.show_ui(ui, |ui| {
            for other in EXTRACTORS {
                let choice = ui.selectable_label(other.id() == extractor.id(), other.label());
                if choice.on_hover_rich(other.help()).clicked() && other.id() != extractor.id() {
                    ctx.send(DataCommand::SetExtract(ExtractParams { extractor: other.id(), ..*params }));
                }
            }
        });
        shown.response.labelled_by(label.id).on_hover_rich(extractor.help());
    });
    ui.label(RichText::new(extractor.help()).size(NOTE_SIZE).color(ctx.palette.faint));
    let defaults = ExtractParams { extractor: params.extractor, ..ExtractParams::default() };
    let row = Row { palette: ctx.palette, effect: None };
    for spec in extractor.params() {
        if let Some(value) = form::param_ui(ui, &row, drafts, &spec, params, &defaults) {
            let mut edited = *params;
            (spec.write)(&mut edited, value);
            ctx.send(DataCommand::SetExtract(edited));
        }
    }
    ui.horizontal(|ui| {
        ui.add_space(14.0);
        let label = ui.label(t!("side-channel")).on_hover_rich(t!("side-channel.help"));
        let combo =
            egui::ComboBox::from_id_salt("channel").selected_text(channel_name(spec.channel)).width(96.0);
        let shown = combo.show_ui(ui, |ui| {
            let numbers = (0..CHANNELS_OFFERED).map(ChannelChoice::Only);
            for choice in std::iter::once(ChannelChoice::Mix).chain(numbers) {
                if ui.selectable_label(choice == spec.channel, channel_name(choice)).clicked() {
                    ctx.send(DataCommand::SetChannel(choice));
                }
            }
        });
        shown.response.labelled_by(label.id);
    });
    let rate = format!("{:.4}", extractor.frame_rate_hz(params)).replace(".0000", "");
    let text = t!("side-extracted", rate = rate, dim = extractor.dim(params));
    ui.label(RichText::new(text).size(NOTE_SIZE).color(ctx.palette.faint));
}

fn channel_name(choice: ChannelChoice) -> String {
    match choice {
        ChannelChoice::Mix => t!("side-channel.mix").to_owned(),
        ChannelChoice::Only(index) => format!("{}", index + 1),
    }
}
