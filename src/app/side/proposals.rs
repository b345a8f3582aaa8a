//! What would fit the data better than the parameters do: in a line above the progress, with its reasons and one click to take it.

use egui::{Label, RichText, Ui};

use crate::app::PanelCtx;
use crate::session::{ParamsCommand, Session, TrainState};
use crate::text::t;
use crate::training::proposal::Proposed;

use super::NOTE_SIZE;

/// State of the row.
#[derive(Default)]
pub struct ProposalsRow {
    /// Whether the reasons are shown.
    why: bool,
}

impl ProposalsRow {
    /// Draws it, where there is something to propose and no training is under way.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let PanelCtx { session, palette, .. } = *ctx;
        if session.train_state() != TrainState::Idle {
            return;
        }
        let proposed = session.proposals();
        if proposed.is_empty() {
            return;
        }
        let frame = egui::Frame::new().fill(palette.card).corner_radius(4).inner_margin(6);
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 3.0;
            ui.horizontal(|ui| {
                ui.label(RichText::new(t!("side-proposals")).size(NOTE_SIZE).strong());
                if super::button(ui, t!("side-proposals.take"), t!("side-proposals.help"), None) {
                    ctx.send(ParamsCommand::TakeProposals);
                }
                ui.toggle_value(&mut self.why, RichText::new(t!("side-proposals.why")).size(NOTE_SIZE));
            });
            for one in &proposed {
                let text = RichText::new(words(session, one)).size(NOTE_SIZE);
                ui.add(Label::new(text).wrap());
                if self.why {
                    let why = RichText::new(one.why.to_string()).size(NOTE_SIZE);
                    ui.add(Label::new(why.color(palette.faint)).wrap());
                }
            }
        });
    }
}

/// A parameter as it is and as it would fit: "Batch 4096 → 16384".
fn words(session: &Session, Proposed { key, value, .. }: &Proposed) -> String {
    let editor = session.params();
    let spec = editor.rule().params().into_iter().find(|spec| spec.key == *key);
    spec.map_or_else(String::new, |spec| {
        format!("{} {} → {value}", spec.label, (spec.read)(editor.current()))
    })
}
