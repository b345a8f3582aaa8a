//! What is to be compared: rules, or a known fault of trainers.

use std::collections::BTreeSet;

use egui::{RichText, Ui};

use crate::app::PanelCtx;
use crate::app::rich::RichHover as _;
use crate::jobs::PITFALLS;
use crate::rvq::rules::RULES;
use crate::session::CompareCommand;
use crate::text::t;

/// Which rules are ticked.
pub struct Form {
    chosen: BTreeSet<&'static str>,
}

impl Default for Form {
    fn default() -> Self {
        Self { chosen: RULES.iter().map(|rule| rule.id()).collect() }
    }
}

impl Form {
    /// Draws it.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Self { chosen } = self;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            for rule in RULES {
                let mut on = chosen.contains(rule.id());
                let help = t!("runs-rule-help", rule = rule.label(), help = rule.help());
                let check = ui.checkbox(&mut on, RichText::new(rule.id()).size(12.0));
                if check.on_hover_rich(help).changed() {
                    if on {
                        chosen.insert(rule.id())
                    } else {
                        chosen.remove(rule.id())
                    };
                }
            }
            let why_not = why_not(ctx, chosen.len());
            let button = egui::Button::new(RichText::new(t!("runs-compare")).strong());
            let button = ui.add_enabled(why_not.is_none(), button);
            ctx.spot("compare", button.rect);
            let button = button.on_hover_rich(t!("runs-compare.help"));
            let button = button.on_disabled_hover_text(why_not.unwrap_or_default());
            if button.clicked() {
                let ids = RULES.iter().map(|rule| rule.id()).filter(|id| chosen.contains(id));
                ctx.send(CompareCommand::Start(ids.collect::<Vec<_>>().join(",")));
            }
            ui.menu_button(t!("runs-pitfall"), |ui| {
                for pitfall in PITFALLS {
                    let text = format!("{}  {}", pitfall.id, pitfall.title);
                    let hint = t!("runs-pitfall.hint", text = pitfall.text, entries = pitfall.entries);
                    if ui.button(text).on_hover_rich(hint).clicked() {
                        ctx.send(CompareCommand::Pitfall(pitfall.id));
                        ui.close();
                    }
                }
            })
            .response
            .on_hover_rich(t!("runs-pitfall.help"));
        });
    }
}

fn why_not(ctx: &PanelCtx<'_>, chosen: usize) -> Option<&'static str> {
    let session = ctx.session;
    let no_data = session.dataset().is_none().then_some(t!("parts-open-first"));
    let opening = session.is_opening().then_some(t!("runs-compare.opening"));
    let invalid = session.params().valid().is_err().then_some(t!("runs-compare.range"));
    no_data.or(opening).or(invalid).or((chosen < 2).then_some(t!("runs-compare.few")))
}
