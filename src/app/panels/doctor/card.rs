//! A finding as a card: what it is, what was measured, what to change, and what can be done about it.

use egui::{Frame, Label, Margin, RichText, Ui};

use super::actions::Actions;
use crate::app::PanelCtx;
use crate::app::badge::severity_ui;
use crate::app::plot::numbers::{grouped, number};
use crate::app::rich::RichHover as _;
use crate::doctor::{Finding, Measure};
use crate::text::{Phrase, t};

/// Draws it.
pub fn finding_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, finding: &Finding, actions: &Actions) {
    let palette = ctx.palette;
    Frame::new().fill(palette.card).corner_radius(4).inner_margin(Margin::symmetric(8, 6)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            severity_ui(ui, palette, finding.severity);
            let title = ui.add(Label::new(RichText::new(title(finding)).strong()).truncate());
            if let Some(check) = finding.check() {
                let help = t!("doctor-check", why = check.why, bound = check.source, id = finding.id);
                title.on_hover_rich(help);
            }
        });
        ui.add(Label::new(&finding.text).wrap());
        ui.add(Label::new(RichText::new(measured(finding)).size(12.0).color(palette.faint)).wrap());
        if let Some(remedy) = &finding.remedy {
            let change = RichText::new(t!("doctor-change", remedy = remedy));
            ui.add(Label::new(change.color(palette.accent)).wrap());
        }
        // In a row of their own, which breaks where it has to: in a narrow panel none is cut off.
        ui.horizontal_wrapped(|ui| actions.ui(ctx, ui, finding));
    });
}

/// What its check looks for, with a capital.
fn title(finding: &Finding) -> String {
    let mut title = finding.check().map_or(finding.id, |check| check.title.text()).chars();
    title.next().into_iter().flat_map(char::to_uppercase).chain(title).collect()
}

fn measured(finding: &Finding) -> String {
    let of = |measure: &Measure| {
        let (name, value, bound) = (measure.name, number(measure.value), number(measure.bound));
        match measure.unit {
            Phrase::NONE => t!("finding-measure", name = name, value = value, bound = bound),
            unit => t!("finding-measure-unit", name = name, value = value, unit = unit, bound = bound),
        }
    };
    let measured: Vec<String> = finding.measured.iter().map(of).collect();
    let measured = measured.join(t!("semicolon"));
    let measured = match finding.frames {
        Some(frames) => t!("finding-on-frames", measured = measured, frames = grouped(frames as i64)),
        None => measured,
    };
    t!("doctor-measured", measured = measured)
}
