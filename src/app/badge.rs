//! A small sign on a run: how bad the worst is that the doctor finds, and how much there is of it.

use egui::{Align2, Color32, FontId, Role, Sense, Ui, WidgetInfo, vec2};

use super::diagnoses::known_diagnosis;
use super::rich::RichHover as _;
use super::{Palette, PanelCtx, WindowRequest};
use crate::doctor::{Finding, Severity};
use crate::session::{RunEntry, RunsCommand};
use crate::text::t;

/// Findings that its tooltip lists; the others are counted.
const LISTED: usize = 8;
/// The radius of the sign.
const RADIUS: f32 = 7.0;

/// Draws it where anything was found; a click leads to the findings.
pub fn badge_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, entry: &RunEntry) {
    let Some(view) = entry.view() else { return };
    let diagnosis = known_diagnosis(ui, view);
    let findings = diagnosis.findings().unwrap_or_default();
    let Some(worst) = findings.first() else { return };
    let as_bad = findings.iter().filter(|finding| finding.severity == worst.severity).count();
    let number = as_bad.to_string();
    let size = vec2(2.0 * RADIUS + 3.0 + 7.0 * number.len() as f32, 2.0 * RADIUS + 2.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let (sign, color) = sign(ctx.palette, worst.severity);
    let middle = rect.left_center() + vec2(RADIUS, 0.0);
    sign_at(ui, ctx.palette, middle, sign, color);
    let at = middle + vec2(RADIUS + 3.0, 0.0);
    ui.painter().text(at, Align2::LEFT_CENTER, number, FontId::proportional(11.0), color);
    let name = t!("window-findings-on", n = findings.len(), run = entry.name());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    if response.on_hover_rich(listed(findings, diagnosis.is_whole())).clicked() {
        ctx.send(RunsCommand::Show(entry.id));
        ctx.request(WindowRequest::ShowPanel("doctor"));
    }
}

/// Draws the sign of a severity, with its name under the pointer.
pub fn severity_ui(ui: &mut Ui, palette: &Palette, severity: Severity) {
    let (rect, response) = ui.allocate_exact_size(vec2(16.0, 16.0), Sense::hover());
    let (sign, color) = sign(palette, severity);
    sign_at(ui, palette, rect.center(), sign, color);
    response.on_hover_rich(severity.label());
}

fn sign(palette: &Palette, severity: Severity) -> (&'static str, Color32) {
    match severity {
        Severity::Severe => ("×", palette.bad),
        Severity::Warning => ("!", palette.warning),
        Severity::Note => ("i", palette.accent),
    }
}

/// Drawn, because fonts do not agree on such signs.
fn sign_at(ui: &Ui, palette: &Palette, at: egui::Pos2, sign: &str, color: Color32) {
    ui.painter().circle_filled(at, RADIUS, color);
    ui.painter().text(at, Align2::CENTER_CENTER, sign, FontId::proportional(12.0), palette.on_accent);
}

/// What was found, the worst first, a line for each.
fn listed(findings: &[Finding], is_whole: bool) -> String {
    let line = |finding: &Finding| {
        let title = finding.check().map_or(finding.id, |check| check.title.text());
        t!("window-finding-line", severity = finding.severity.label(), title = title)
    };
    let mut lines: Vec<String> = findings.iter().take(LISTED).map(line).collect();
    if findings.len() > LISTED {
        lines.push(t!("window-more-findings", n = findings.len() - LISTED));
    }
    let hint = if is_whole { t!("window-findings-click") } else { t!("window-findings-quick") };
    format!("{}\n\n{hint}", lines.join("\n"))
}
