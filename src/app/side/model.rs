//! The loaded model.

use egui::{RichText, Ui};

use super::NOTE_SIZE;
use crate::app::rich::RichHover as _;
use crate::app::{PanelCtx, WindowRequest};
use crate::io::QuantizerPlace;
use crate::jobs::trained_words;
use crate::session::{Answer, DataCommand, ModelFile, Session, TrainCommand};
use crate::text::{Message, t};

/// Draws what is known of it, where there is one.
pub fn ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    let Some(model) = ctx.session.model() else { return };
    egui::Frame::new().fill(ctx.palette.card).corner_radius(4).inner_margin(8).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let name = model.path.file_name().unwrap_or(model.path.as_os_str()).to_string_lossy();
        let is_repaired = ctx.session.model_run().is_some_and(|entry| entry.tried().is_some());
        let title =
            if is_repaired { t!("side-model.repaired", name = name) } else { t!("side-model", name = name) };
        ui.add(egui::Label::new(RichText::new(title).strong()).truncate())
            .on_hover_rich(model.path.display().to_string());
        others_ui(ctx, model, ui);
        facts_ui(ctx, model, ui);
        notes_ui(ctx, model, ui);
        findings_ui(ctx, model, ui);
        ui.horizontal_wrapped(|ui| {
            let why_not = why_not_evaluate(ctx.session);
            let help = t!("side-model-evaluate.help");
            if super::button(ui, t!("side-model-evaluate"), help, why_not.as_deref()) {
                ctx.send(TrainCommand::Evaluate);
            }
            let help = t!("side-model-train.help");
            if super::button(ui, t!("side-model-train"), help, why_not.as_deref()) {
                ctx.send(TrainCommand::StartFromModel);
            }
            if super::button(ui, t!("side-model-close"), t!("side-model-close.help"), None) {
                ctx.send(DataCommand::CloseModel);
            }
        });
    });
}

/// Which of several quantizers of the file it is, and the way to the others.
fn others_ui(ctx: &PanelCtx<'_>, model: &ModelFile, ui: &mut Ui) {
    let Some((choice, index)) = &model.others else { return };
    let title = |place: &QuantizerPlace| place.title().text();
    let name = |index: usize| choice.places().get(index).map(title).unwrap_or_default();
    ui.horizontal(|ui| {
        let label = ui.label(t!("side-model-one-of", n = choice.places().len()));
        let combo = egui::ComboBox::from_id_salt("quantizer-of-file").truncate();
        let shown = combo.width(ui.available_width() - 8.0).selected_text(name(*index)).show_ui(ui, |ui| {
            for (other, place) in choice.places().iter().enumerate() {
                let cannot = |problem: &Message| t!("window-cannot-be-used", problem = problem);
                let about = place.about.as_ref().map_or_else(cannot, Message::text);
                let choice = ui.add_enabled_ui(place.about.is_ok(), |ui| {
                    ui.selectable_label(other == *index, name(other))
                });
                if choice.inner.on_hover_rich(&about).on_disabled_hover_text(&about).clicked()
                    && other != *index
                {
                    ctx.send(DataCommand::Answer(Some(Answer::Quantizer(other))));
                }
            }
        });
        shown.response.labelled_by(label.id).on_hover_rich(t!("side-model-one-of.help"));
    });
}

/// What is told of it, a line for each; what is too long for a line is told in full under the pointer.
fn facts_ui(ctx: &PanelCtx<'_>, model: &ModelFile, ui: &mut Ui) {
    let ModelFile { info, params, steps, .. } = model;
    let dim = dim_of(ctx.session).unwrap_or(0);
    let mut facts: Vec<(&str, String)> =
        info.facts(dim).into_iter().map(|fact| (fact.label, fact.text)).collect();
    facts.extend(trained_words(params.as_ref(), *steps).map(|text| (t!("side-model-trained"), text)));
    facts.extend(info.trained_words().map(|text| (t!("side-model-says"), text)));
    table_ui(ctx, ui, "model-facts", facts.iter().map(|(label, text)| (*label, text.as_str())));
}

/// What the file tells of its training and its configuration.
fn notes_ui(ctx: &PanelCtx<'_>, model: &ModelFile, ui: &mut Ui) {
    let notes = model.info.training_notes();
    if notes.is_empty() {
        return;
    }
    let title = RichText::new(t!("side-model-notes", n = notes.len())).size(NOTE_SIZE);
    egui::CollapsingHeader::new(title)
        .id_salt("training-notes")
        .show_unindented(ui, |ui| {
            egui::ScrollArea::vertical().max_height(160.0).auto_shrink([false, true]).show(ui, |ui| {
                table_ui(ctx, ui, "model-notes", notes.into_iter());
            });
        })
        .header_response
        .on_hover_rich(t!("side-model-notes.help"));
}

/// Names and values in two columns.
fn table_ui<'a>(ctx: &PanelCtx<'_>, ui: &mut Ui, id: &str, rows: impl Iterator<Item = (&'a str, &'a str)>) {
    let room = ui.available_width();
    let small = |text: &str| RichText::new(text).size(NOTE_SIZE);
    egui::Grid::new(id).num_columns(2).spacing([8.0, 3.0]).min_col_width(0.0).min_row_height(0.0).show(
        ui,
        |ui| {
            for (name, value) in rows {
                let label = egui::Label::new(small(name).color(ctx.palette.faint)).truncate();
                ui.scope(|ui| {
                    ui.set_max_width(room * 0.45);
                    ui.add(label).on_hover_rich(name);
                });
                ui.scope(|ui| {
                    ui.set_max_width(room * 0.68);
                    let line = value.lines().collect::<Vec<_>>().join("; ");
                    ui.add(egui::Label::new(small(&line)).wrap()).on_hover_rich(value);
                });
                ui.end_row();
            }
        },
    );
}

fn findings_ui(ctx: &PanelCtx<'_>, model: &ModelFile, ui: &mut Ui) {
    let findings = &model.info.findings;
    let text = match findings.len() {
        0 => return,
        n => t!("count-findings", n = n),
    };
    let link = ui
        .link(RichText::new(text).size(NOTE_SIZE))
        .on_hover_rich(findings.iter().map(Message::text).collect::<Vec<_>>().join("\n"));
    if link.clicked() {
        ctx.request(WindowRequest::ShowPanel("notices"));
    }
}

/// The dimension of the frames that the model takes, while its quantizer is in memory.
fn dim_of(session: &Session) -> Option<usize> {
    Some(session.model_run()?.run()?.rvq.dim())
}

/// Why a model cannot be held against the data.
pub fn why_not_evaluate(session: &Session) -> Option<String> {
    let Some(dataset) = session.dataset() else {
        return Some(t!("side-model-no-data").to_owned());
    };
    let (ours, theirs) = (dataset.set.matrix.dim(), dim_of(session)?);
    (ours != theirs).then(|| t!("side-model-other-dim", theirs = theirs, ours = ours))
}
