//! Where the selected code was chosen: marks along the upper edge of a plot over time, or over a row of it.

use std::ops::Range;
use std::sync::Arc;

use egui::{Rect, Ui, pos2};
use egui_plot::PlotPoint;

use super::super::parts::swatch_ui;
use super::Timeline;
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::Drawn;
use crate::app::rich::RichHover as _;
use crate::jobs::Tokens;
use crate::session::{DataCommand, TokensLook};
use crate::text::t;

/// The height of the marks.
const HEIGHT: f32 = 6.0;

/// The frames that chose the selected code, found once for each code.
#[derive(Default)]
pub struct CodeMarks {
    chosen: Memo<(ByPtr<Tokens>, usize, usize), Vec<Range<usize>>>,
    /// Whether `chosen` is of what is selected now.
    is_known: bool,
}

impl CodeMarks {
    /// Finds them, says how many they are, and asks for the codes where they were not encoded yet.
    pub fn refresh_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        if let Some(text) = self.refresh(ctx) {
            said_ui(ctx, ui, &text);
        }
    }

    /// Finds them, and asks for the codes where they were not encoded yet; gives how many they are, in words.
    pub fn refresh(&mut self, ctx: &PanelCtx<'_>) -> Option<String> {
        self.is_known = false;
        let selection = ctx.session.selection();
        let code = selection.code?;
        let tokens = match ctx.session.tokens() {
            TokensLook::Ready { tokens, outdated: false } => tokens,
            TokensLook::Missing => {
                ctx.send(DataCommand::Encode);
                return None;
            }
            _ => return None,
        };
        let layer = selection.layer;
        let key = (ByPtr(tokens.clone()), layer, code);
        let chosen = self.chosen.get(key, || stretches(tokens, layer, code));
        let frames: usize = chosen.iter().map(ExactSizeIterator::len).sum();
        self.is_known = true;
        Some(t!("data-marked", n = frames, code = code, layer = layer + 1))
    }

    /// Draws them along the upper edge of `area`, a part of a plot.
    pub fn ui(&self, ctx: &PanelCtx<'_>, ui: &Ui, drawn: &Drawn, line: &Timeline<'_>, area: Rect) {
        let Some(chosen) = self.chosen.last().filter(|_| self.is_known) else { return };
        let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
        let x = |frame: usize| drawn.transform.position_from_point(&PlotPoint::new(line.at(frame), 0.0)).x;
        for [from, to] in merged(chosen, x, (area.left(), area.right())) {
            let rect = Rect::from_min_max(
                pos2(from, area.top()),
                pos2(to, (area.top() + HEIGHT).min(area.bottom())),
            );
            painter.rect_filled(rect, 0.0, ctx.palette.highlight);
        }
    }
}

/// Draws what [`CodeMarks::refresh`] says.
pub fn said_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, text: &str) {
    swatch_ui(ui, ctx.palette.highlight, text).on_hover_rich(t!("data-marked.help"));
}

/// The stretches of frames that chose a code, in order.
fn stretches(tokens: &Arc<Tokens>, layer: usize, code: usize) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    if layer >= tokens.values.nrows() {
        return found;
    }
    for (frame, &chosen) in tokens.values.row(layer).iter().enumerate() {
        if chosen as usize != code {
            continue;
        }
        match found.last_mut() {
            Some(last) if last.end == frame => last.end += 1,
            _ => found.push(frame..frame + 1),
        }
    }
    found
}

/// Stretches as bars on the screen between `left` and `right`: at least a point wide, those that touch as one.
fn merged(stretches: &[Range<usize>], x: impl Fn(usize) -> f32, (left, right): (f32, f32)) -> Vec<[f32; 2]> {
    let mut bars: Vec<[f32; 2]> = Vec::new();
    let start = stretches.partition_point(|stretch| x(stretch.end) < left);
    for stretch in &stretches[start..] {
        let from = x(stretch.start);
        if from > right {
            break;
        }
        let to = x(stretch.end).max(from + 1.0);
        match bars.last_mut() {
            Some(last) if from <= last[1] => last[1] = last[1].max(to),
            _ => bars.push([from, to]),
        }
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_a_code_are_stretches_and_bars_where_they_touch() {
        let tokens = Arc::new(Tokens {
            values: ndarray::arr2(&[[3, 3, 1, 3, 1, 1], [0; 6]]).into_shared(),
            num_codes: vec![8, 8],
            clips: Vec::new(),
            frame_rate_hz: None,
            frames_in_all: 6,
        });
        let found = stretches(&tokens, 0, 3);
        assert_eq!(found, [0..2, 3..4]);
        assert!(stretches(&tokens, 0, 7).is_empty() && stretches(&tokens, 5, 3).is_empty());
        let wide = |frame: usize| frame as f32 * 10.0;
        assert_eq!(merged(&found, wide, (0.0, 60.0)), [[0.0, 20.0], [30.0, 40.0]]);
        assert_eq!(merged(&found, wide, (25.0, 60.0)), [[30.0, 40.0]], "what is seen");
        let narrow = |frame: usize| frame as f32 * 0.1;
        assert_eq!(merged(&found, narrow, (0.0, 9.0)).len(), 1, "a bar a point at the most");
    }
}
