//! The loaded model.

use egui::{RichText, Ui};

use super::NOTE_SIZE;
use crate::app::{PanelCtx, WindowRequest};
use crate::session::{DataCommand, ModelView, Session, TrainCommand};

/// Draws what is known of it, where there is one.
pub fn ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    let Some(model) = ctx.session.model() else { return };
    egui::Frame::new().fill(ctx.palette.card).corner_radius(4).inner_margin(8).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let name = model.path.file_name().unwrap_or(model.path.as_os_str()).to_string_lossy();
        ui.add(egui::Label::new(RichText::new(format!("Model: {name}")).strong()).truncate())
            .on_hover_text(model.path.display().to_string());
        ui.label(RichText::new(description(model)).size(NOTE_SIZE).color(ctx.palette.faint));
        findings_ui(ctx, model, ui);
        ui.horizontal_wrapped(|ui| {
            let why_not = why_not_evaluate(ctx.session, model);
            let help = "Hold it against the data, without training";
            if super::button(ui, "Evaluate", help, why_not.as_deref()) {
                ctx.send(TrainCommand::Evaluate);
            }
            let help = "Train with the parameters below, starting from this model's codebooks";
            if super::button(ui, "Train from it", help, why_not.as_deref()) {
                ctx.send(TrainCommand::StartFromModel);
            }
            if super::button(ui, "Close", "Forget the model; its file stays as it is", None) {
                ctx.send(DataCommand::CloseModel);
            }
        });
    });
}

/// Family, layers and sizes.
fn description(model: &ModelView) -> String {
    let ModelView { info, rvq, steps, .. } = model;
    let codes: Vec<usize> = info.layers.iter().map(|layer| layer.codes).collect();
    let codes = match (codes.iter().min(), codes.iter().max()) {
        (Some(least), Some(most)) if least != most => format!("{least} to {most} codes"),
        (Some(codes), _) => format!("{codes} codes"),
        _ => "no codes".to_owned(),
    };
    let layers = match info.layers.len() {
        1 => "1 layer".to_owned(),
        n => format!("{n} layers"),
    };
    let steps = if *steps > 0 { format!(", {} steps", super::grouped(*steps)) } else { String::new() };
    format!("{}: {layers} of {codes}, dimension {}, {}{steps}", info.family, rvq.dim(), info.metric)
}

fn findings_ui(ctx: &PanelCtx<'_>, model: &ModelView, ui: &mut Ui) {
    let findings = &model.info.findings;
    let text = match findings.len() {
        0 => return,
        1 => "1 finding".to_owned(),
        n => format!("{n} findings"),
    };
    let link = ui.link(RichText::new(text).size(NOTE_SIZE)).on_hover_text(findings.join("\n"));
    if link.clicked() {
        ctx.request(WindowRequest::ShowPanel("notices"));
    }
}

/// Why a model cannot be held against the data.
pub fn why_not_evaluate(session: &Session, model: &ModelView) -> Option<String> {
    let Some(dataset) = session.dataset() else {
        return Some("Open audio or features of the model's dimension first".to_owned());
    };
    let (ours, theirs) = (dataset.set.matrix.dim(), model.rvq.dim());
    (ours != theirs)
        .then(|| format!("The model takes frames of dimension {theirs}, but the data have dimension {ours}"))
}
