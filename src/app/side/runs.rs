//! Runs that are over, to go back to.

use std::sync::Arc;

use egui::{RichText, Ui};

use super::NOTE_SIZE;
use crate::app::PanelCtx;
use crate::app::rich::RichHover as _;
use crate::session::{SelectCommand, TrainState, View};
use crate::training::{Run, RunSummary};

/// State of the section: one line a run, worked out once.
#[derive(Default)]
pub struct RunsSection {
    lines: Vec<(Arc<Run>, String)>,
}

impl RunsSection {
    /// Draws it.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let session = ctx.session;
        let runs = session.runs();
        if runs.is_empty() {
            let text = "Finished trainings are listed here, to be gone back to and compared";
            ui.label(RichText::new(text).size(NOTE_SIZE).color(ctx.palette.faint));
            return;
        }
        self.refresh(runs);
        let is_idle = session.train_state() == TrainState::Idle;
        let shown = session.view().filter(|view| !view.is_model).map(|view| view.run.name.as_str());
        for (index, (run, line)) in self.lines.iter().enumerate().rev() {
            let is_shown = is_idle && shown == Some(run.name.as_str());
            ui.push_id(index, |ui| {
                let row = ui.add_enabled(
                    is_idle,
                    egui::Button::selectable(is_shown, run.name.as_str())
                        .right_text(RichText::new(if is_shown { "shown" } else { "" }).size(NOTE_SIZE))
                        .min_size(egui::vec2(ui.available_width(), 0.0)),
                );
                let row = row
                    .on_hover_rich(format!("{line}\nClick to see this run in every panel"))
                    .on_disabled_hover_text("While a training is under way, that is what is shown");
                if row.clicked() {
                    ctx.send(SelectCommand::Run(index));
                }
                ui.horizontal(|ui| {
                    ui.add_space(9.0);
                    ui.label(RichText::new(line).size(NOTE_SIZE).color(ctx.palette.faint));
                });
            });
        }
    }

    fn refresh(&mut self, runs: &[View]) {
        let same = self.lines.len() == runs.len()
            && self.lines.iter().zip(runs).all(|((run, _), view)| Arc::ptr_eq(run, &view.run));
        if !same {
            self.lines = runs.iter().map(|view| (view.run.clone(), line(view))).collect();
        }
    }
}

/// Steps, SNR and perplexity of a run.
fn line(view: &View) -> String {
    let RunSummary { split, steps, snr_db, perplexity, .. } = RunSummary::of(&view.run, &view.history);
    let steps = format!("{} steps", super::grouped(steps));
    let Some(perplexity) = perplexity else { return steps };
    let snr = snr_db.map_or("no SNR".to_owned(), |db| format!("SNR {db:.2} dB"));
    format!("{steps}, {} {snr}, perplexity {perplexity:.0}", split.label())
}
