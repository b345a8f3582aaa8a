//! The selected code, in sight whatever panel is in front: which it is, what is known of it, and the ways to the next.

use std::sync::Arc;

use egui::{Button, Label, Response, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use super::memo::{ByPtr, Memo};
use super::panels::state_color;
use super::plot::numbers::number;
use super::{PanelCtx, WindowRequest};
use crate::metrics::Evaluation;
use crate::session::{SelectCommand, Selection};
use crate::text::{Language, spoken, t};
use crate::training::{LayerCodes, Run, SplitKind};

/// How many of the last steps count as a short while ago, as in the panel of dead codes.
const RECENT_STEPS: u64 = 50;
/// The height of the strip, with or without a code: what stands above it does not jump.
pub const HEIGHT: f32 = 26.0;

/// What was worked out for it.
#[derive(Default)]
pub struct CodeStrip {
    of_run: Memo<(ByPtr<Run>, usize, SplitKind, Language), LayerCodes>,
    of_codes: Memo<(ByPtr<Evaluation>, usize, Language), LayerCodes>,
}

impl CodeStrip {
    /// Draws it.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Selection { layer, code, .. } = ctx.session.selection();
        ui.horizontal(|ui| {
            ui.set_min_height(HEIGHT - 4.0);
            let Some(codes) = self.layer_codes(ctx) else {
                let text = t!("window-code-none-yet");
                return drop(ui.label(RichText::new(text).size(12.0).color(ctx.palette.faint)));
            };
            let steps = [
                ("◀", t!("window-code-previous"), previous(code, codes.len())),
                ("▶", t!("window-code-next"), next(code, codes.len())),
            ];
            for (sign, name, to) in steps {
                if button(ui, sign, name, to.is_some()).clicked() {
                    ctx.send(SelectCommand::Code(layer, to));
                }
            }
            match code.filter(|&code| code < codes.len()) {
                Some(code) => code_ui(ctx, ui, codes, layer, code),
                None => {
                    let text = t!("window-code-none", layer = layer + 1, codes = codes.len());
                    ui.label(RichText::new(text).size(12.0).color(ctx.palette.faint));
                }
            }
        });
    }

    fn layer_codes(&mut self, ctx: &PanelCtx<'_>) -> Option<&LayerCodes> {
        let Self { of_run, of_codes } = self;
        let Selection { layer, split, .. } = ctx.session.selection();
        if let Some(view) = ctx.session.view() {
            let key = (ByPtr(view.run.clone()), layer, split, spoken());
            return Some(of_run.get(key, || LayerCodes::new(view.run, layer, split, RECENT_STEPS)));
        }
        let evaluation: &Arc<Evaluation> = &ctx.session.codes()?.evaluation;
        let counts = &evaluation.layers.get(layer)?.counts;
        let key = (ByPtr(evaluation.clone()), layer, spoken());
        Some(of_codes.get(key, || LayerCodes::of_counts(counts)))
    }
}

/// The code before; without one, the last.
fn previous(code: Option<usize>, len: usize) -> Option<usize> {
    code.map_or(len.checked_sub(1), |code| code.checked_sub(1))
}

/// The code behind; without one, the first.
fn next(code: Option<usize>, len: usize) -> Option<usize> {
    let next = code.map_or(0, |code| code + 1);
    (next < len).then_some(next)
}

fn button(ui: &mut Ui, sign: &str, name: &str, is_enabled: bool) -> Response {
    let button = Button::new(RichText::new(sign).size(11.0)).small().min_size(vec2(20.0, 18.0));
    let response = ui.add_enabled(is_enabled, button);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, is_enabled, name));
    response.on_hover_text(name)
}

/// What is known of the code, one thing after the other, and the way to select none.
fn code_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, codes: &LayerCodes, layer: usize, code: usize) {
    let palette = ctx.palette;
    let state = codes.states[code];
    if button(ui, "×", t!("window-code-unselect"), true).clicked() {
        ctx.send(SelectCommand::Code(layer, None));
    }
    let inspect = ui.add(Button::new(RichText::new(t!("window-code-inspect")).size(11.0)).small());
    if inspect.on_hover_text(t!("window-code-inspect.help")).clicked() {
        ctx.request(WindowRequest::ShowPanel("code"));
    }
    let name = RichText::new(t!("window-code-of-layer", layer = layer + 1, code = code)).size(12.5).strong();
    ui.label(name.color(palette.layer(layer)));
    let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
    ui.painter().rect_filled(rect, 2.0, state_color(codes, state, palette));
    let words = codes.words(state);
    ui.label(RichText::new(words).size(12.0)).on_hover_text(codes.help(state));
    let marked = ctx.session.marked();
    let of_marked =
        (marked.len() > 1 && marked.contains(&code)).then(|| t!("window-code-marked", n = marked.len()));
    let facts = of_marked.into_iter().chain(facts(codes, code)).collect::<Vec<_>>().join("  ·  ");
    ui.add(Label::new(RichText::new(format!("·  {facts}")).size(12.0)).truncate()).on_hover_text(&facts);
}

/// What is known of a code besides its state.
fn facts(codes: &LayerCodes, code: usize) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(&chosen) = codes.counts.get(code) {
        facts.push(t!("window-code-chosen", n = chosen, frames = codes.frames));
    }
    if let Some(size) = codes.sizes.get(code).filter(|size| size.is_finite()) {
        facts.push(t!("window-code-size", size = number(*size)));
    }
    if codes.threshold.is_finite() {
        facts.push(t!("window-code-threshold", threshold = number(codes.threshold)));
    }
    match codes.replaced_at.get(code) {
        Some(0) => facts.push(t!("window-code-never-replaced").to_owned()),
        Some(&step) => facts.push(t!("window-code-last-replaced", step = step)),
        None => {}
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stepping_begins_at_either_end_and_stops_there() {
        assert_eq!([next(None, 3), next(Some(1), 3), next(Some(2), 3)], [Some(0), Some(2), None]);
        assert_eq!([previous(None, 3), previous(Some(1), 3), previous(Some(0), 3)], [Some(2), Some(0), None]);
        assert_eq!([next(None, 0), previous(None, 0)], [None, None]);
    }

    #[test]
    fn codes_alone_tell_their_count_and_no_more() {
        assert_eq!(facts(&LayerCodes::of_counts(&[3, 0]), 0), ["chosen by 3 frames of 3"]);
    }
}
