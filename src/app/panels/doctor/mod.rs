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
use crate::text::phrase;
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
        let (findings, hint): (&[Finding], _) = match &diagnosis {
            Diagnosis::Quick(findings) => {
                (findings, "; rows and frames are looked at when training pauses or ends")
            }
            Diagnosis::Whole(place) => match place.get() {
                Some(findings) => (findings, ""),
                None => {
                    let text = "Rows are compared and frames are looked at";
                    return quiet_ui(ctx, ui, view, "Examining the run", text);
                }
            },
        };
        if findings.is_empty() {
            let text = format!("Every check that has its evidence is silent{hint}");
            return quiet_ui(ctx, ui, view, "Nothing stands out", &text);
        }
        let actions = Actions::of(ctx, view);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            repaired::tried_ui(ctx, ui, view);
            ui.horizontal_wrapped(|ui| {
                let text = RichText::new(format!("{}{hint}", counted(findings)));
                ui.add(Label::new(text.color(ctx.palette.faint)).wrap());
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
    let counted: Vec<String> = [Severity::Severe, Severity::Warning, Severity::Note]
        .into_iter()
        .filter(|&severity| of(severity) > 0)
        .map(|severity| format!("{} {}", of(severity), plural(severity, of(severity))))
        .collect();
    counted.join(", ")
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
