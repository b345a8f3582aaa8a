//! The doctor: what is wrong with the shown run, the worst first, with the figures behind it and what to change.

use std::path::Path;

use egui::{Align, Align2, FontId, Frame, Label, Layout, Margin, RichText, ScrollArea, Sense, Ui, vec2};

use super::parts::{banner_ui, note_ui, ready_view};
use crate::app::diagnoses::{Diagnosis, diagnosis_of};
use crate::app::plot::numbers::{grouped, number};
use crate::app::rich::RichHover as _;
use crate::app::{About, Corner, Home, Palette, Panel, PanelCtx, WindowRequest};
use crate::doctor::repair::fix;
use crate::doctor::{Evidence, Finding, Severity};
use crate::jobs::Source;
use crate::session::SelectCommand;

static ABOUT: About = About {
    id: "doctor",
    title: "Doctor",
    help: "What is wrong with the run, the worst first: what was measured against which bound, why it matters, and what to change",
    home: Home { corner: Corner::LowerRight, place: 1 },
};

/// The panel.
#[derive(Default)]
pub struct Doctor {}

impl Panel for Doctor {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Some(view) = ready_view(ctx, ui) else { return };
        banner_ui(ctx, ui);
        let diagnosis = diagnosis_of(ui, view, ctx.session.dataset());
        let (findings, hint): (&[Finding], _) = match &diagnosis {
            Diagnosis::Quick(findings) => {
                (findings, "; rows and frames are looked at when training pauses or ends")
            }
            Diagnosis::Whole(place) => match place.get() {
                Some(findings) => (findings, ""),
                None => {
                    return note_ui(
                        ctx,
                        ui,
                        "Examining the run",
                        "Rows are compared and frames are looked at",
                    );
                }
            },
        };
        if findings.is_empty() {
            let text = format!("Every check that has its evidence is silent{hint}");
            return note_ui(ctx, ui, "Nothing stands out", &text);
        }
        let of = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
        let counted: Vec<String> = [Severity::Severe, Severity::Warning, Severity::Note]
            .into_iter()
            .filter(|&severity| of(severity) > 0)
            .map(|severity| format!("{} {}", of(severity), plural(severity, of(severity))))
            .collect();
        ui.add(
            Label::new(RichText::new(format!("{}{hint}", counted.join(", "))).color(ctx.palette.faint))
                .wrap(),
        );
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            for (nth, finding) in findings.iter().enumerate() {
                ui.push_id(nth, |ui| finding_ui(ctx, ui, finding));
            }
        });
    }
}

fn plural(severity: Severity, count: usize) -> &'static str {
    match (severity, count) {
        (Severity::Severe, _) => "severe",
        (Severity::Warning, 1) => "warning",
        (Severity::Warning, _) => "warnings",
        (Severity::Note, 1) => "note",
        (Severity::Note, _) => "notes",
    }
}

fn finding_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, finding: &Finding) {
    let palette = ctx.palette;
    Frame::new().fill(palette.card).corner_radius(4).inner_margin(Margin::symmetric(8, 6)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            severity_ui(ui, palette, finding.severity);
            let title = finding.check().map_or(finding.id, |check| check.title);
            let mut first = title.chars();
            let title: String = first.next().into_iter().flat_map(char::to_uppercase).chain(first).collect();
            let title = ui.add(Label::new(RichText::new(title).strong()).truncate());
            if let Some(check) = finding.check() {
                title.on_hover_rich(format!(
                    "{}\n\nBound: `{}`\n\nId: {}",
                    check.why, check.source, finding.id
                ));
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                links_ui(ctx, ui, finding);
                repair_ui(ctx, ui, finding);
            });
        });
        ui.add(Label::new(&finding.text).wrap());
        let measured: Vec<String> = finding
            .measured
            .iter()
            .map(|measure| {
                let unit = if measure.unit.is_empty() { String::new() } else { format!(" {}", measure.unit) };
                format!("{} {}{unit}, bound {}", measure.name, number(measure.value), number(measure.bound))
            })
            .collect();
        let frames = finding
            .frames
            .map(|frames| format!(", on {} frames", grouped(frames as i64)))
            .unwrap_or_default();
        let line = format!("Measured: {}{frames}", measured.join("; "));
        ui.add(Label::new(RichText::new(line).size(12.0).color(palette.faint)).wrap());
        if let Some(remedy) = &finding.remedy {
            ui.add(Label::new(RichText::new(format!("Change: {remedy}")).color(palette.accent)).wrap());
        }
    });
}

/// Drawn, because fonts do not agree on such signs.
fn severity_ui(ui: &mut Ui, palette: &Palette, severity: Severity) {
    let (sign, color) = match severity {
        Severity::Severe => ("×", palette.bad),
        Severity::Warning => ("!", palette.warning),
        Severity::Note => ("i", palette.accent),
    };
    let (rect, response) = ui.allocate_exact_size(vec2(16.0, 16.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 7.5, color);
    ui.painter().text(
        rect.center(),
        Align2::CENTER_CENTER,
        sign,
        FontId::proportional(12.0),
        palette.on_accent,
    );
    response.on_hover_rich(severity.label());
}

/// Copies the command that mends a model of a file on the data that are open.
fn repair_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, finding: &Finding) {
    let model = ctx.session.view().and_then(|view| view.entry.model());
    let data = ctx.session.dataset().map(|dataset| dataset.source.clone());
    let (Some(fix), Some(model), Some(Source::Files(data))) = (fix(finding.id), model, data) else { return };
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    // What was opened together with the model names it as well.
    let data: Vec<String> =
        data.iter().filter(|path| **path != model.path).map(|path| quoted(path)).collect();
    let command = format!(
        "rvqscope repair {} {} --fix {} --out mended.safetensors",
        quoted(&model.path),
        data.join(" "),
        fix.id
    );
    let button = ui.small_button("Copy repair command");
    if button
        .on_hover_rich(format!(
            "To {}, and keep it only if held-out frames do no worse:\n\n{command}",
            fix.title
        ))
        .clicked()
    {
        ui.ctx().copy_text(command);
    }
}

/// Leads to the panel that shows the figures, with the layer and the first of the codes selected.
fn links_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, finding: &Finding) {
    let Some((panel, title)) = shown_in(finding) else { return };
    if ui.small_button("Show").on_hover_rich(format!("Select it and go to {title}")).clicked() {
        if let Some(&layer) = finding.layers.first() {
            ctx.send(match finding.codes.first() {
                Some(&code) => SelectCommand::Code(layer, Some(code)),
                None => SelectCommand::Layer(layer),
            });
        }
        ctx.request(WindowRequest::ShowPanel(panel));
    }
}

/// The panel in which a finding is seen, by what it looked at.
fn shown_in(finding: &Finding) -> Option<(&'static str, &'static str)> {
    let needs = finding.check()?.needs;
    let by_id = match finding.id {
        "overloaded-codes" | "idle-layer" | "wrong-features" | "offset" => Some(("error", "Error")),
        "by-heart" | "unused-codes" | "collapse" => Some(("usage", "Usage")),
        "still-moving" | "decay-too-slow" => Some(("layers", "Layers")),
        _ => None,
    };
    let by_evidence = || match () {
        () if needs.contains(&Evidence::Frames) => ("data", "Data"),
        () if needs.contains(&Evidence::Sizes) => ("dead", "Dead codes"),
        () if needs.contains(&Evidence::Rows) => ("codebook", "Codebook"),
        () => ("usage", "Usage"),
    };
    Some(by_id.unwrap_or_else(by_evidence))
}
