//! The doctor: what is wrong with the shown run, the worst first, with the figures behind it, what to change, and what can be done at once.

mod actions;
mod card;
mod repaired;

use egui::{Label, RichText, ScrollArea, Ui};

use super::parts::{banner_ui, note_ui, ready_view};
use crate::app::diagnoses::{Diagnosis, diagnosis_of};
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::doctor::{Finding, Severity};
use crate::session::View;
use crate::text::{phrase, t};
use actions::Actions;

static ABOUT: About = About {
    id: "doctor",
    title: phrase!("panel-doctor"),
    help: phrase!("panel-doctor.help"),
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
        repaired::under_way_ui(ctx, ui, view);
        let diagnosis = diagnosis_of(ui, view, ctx.session.dataset());
        let is_quick = matches!(&diagnosis, Diagnosis::Quick(_));
        let Some(findings) = diagnosis.findings() else {
            return quiet_ui(ctx, ui, view, t!("doctor-examining"), t!("doctor-examining.text"));
        };
        if findings.is_empty() {
            let text = if is_quick { t!("doctor-silent.later") } else { t!("doctor-silent.text") };
            return quiet_ui(ctx, ui, view, t!("doctor-silent"), text);
        }
        let actions = Actions::of(ctx, view);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            repaired::tried_ui(ctx, ui, view);
            ui.horizontal_wrapped(|ui| {
                let counted = counted(findings);
                let text = if is_quick { t!("doctor-count-later", counted = counted) } else { counted };
                ui.add(Label::new(RichText::new(text).color(ctx.palette.faint)).wrap());
                actions.all_ui(ctx, ui, findings);
            });
            for (nth, finding) in findings.iter().enumerate() {
                ui.push_id(nth, |ui| card::finding_ui(ctx, ui, finding, &actions));
            }
        });
    }
}

/// There is no finding to list, not yet or not at all.
fn quiet_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>, title: &str, text: &str) {
    repaired::tried_ui(ctx, ui, view);
    note_ui(ctx, ui, title, text);
}

/// How many findings there are of each severity.
fn counted(findings: &[Finding]) -> String {
    let of = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let counted = |severity: Severity| match (severity, of(severity)) {
        (_, 0) => None,
        (Severity::Severe, n) => Some(t!("doctor-count-severe", n = n)),
        (Severity::Warning, n) => Some(t!("doctor-count-warnings", n = n)),
        (Severity::Note, n) => Some(t!("doctor-count-notes", n = n)),
    };
    let all = [Severity::Severe, Severity::Warning, Severity::Note].into_iter().filter_map(counted);
    all.reduce(|before, next| t!("doctor-count-and", before = before, next = next)).unwrap_or_default()
}
