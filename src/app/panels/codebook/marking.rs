//! Marking codes on the map: a rectangle or a free line is drawn around them.

use egui::{Event, PointerButton, Pos2, Rect, Shape, Stroke, StrokeKind, Ui};
use egui_plot::PlotPoint;

use super::super::parts::switch_ui;
use super::outline::Outline;
use crate::app::PanelCtx;
use crate::app::plot::Drawn;
use crate::text::t;

/// How far the pointer goes between two places of a line, in points.
const APART: f32 = 3.0;

/// What dragging on the map does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Tool {
    #[default]
    Move,
    Box,
    Lasso,
}

/// The tool, and what is being drawn with it.
#[derive(Default)]
pub struct Marking {
    tool: Tool,
    outline: Option<Outline>,
}

impl Marking {
    /// The choice of the tool.
    pub fn tool_ui(&mut self, ui: &mut Ui) {
        let tools = [
            (Tool::Move, t!("codebook-move"), t!("codebook-move.help")),
            (Tool::Box, t!("codebook-box"), t!("codebook-box.help")),
            (Tool::Lasso, t!("codebook-lasso"), t!("codebook-lasso.help")),
        ];
        switch_ui(ui, &mut self.tool, &tools);
    }

    /// Whether dragging draws, so that the map stays where it is.
    #[must_use]
    pub fn draws(&self, ui: &Ui) -> bool {
        self.outline.is_some() || self.begun(ui, PlotPoint::new(0.0, 0.0)).is_some()
    }

    /// What a drag from a place on would draw.
    fn begun(&self, ui: &Ui, from: PlotPoint) -> Option<Outline> {
        match (self.tool, ui.input(|input| input.modifiers.shift)) {
            (Tool::Move, false) => None,
            (Tool::Move, true) | (Tool::Box, _) => Some(Outline::Rectangle([from; 2])),
            (Tool::Lasso, _) => Some(Outline::Lasso(vec![from])),
        }
    }

    /// Draws what is being drawn, and gives it when it is let go.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &Ui, drawn: &Drawn) -> Option<Outline> {
        let Drawn { response, transform, .. } = drawn;
        let pointer = response.interact_pointer_pos();
        if response.drag_started_by(PointerButton::Primary) {
            let origin = ui.input(|input| input.pointer.press_origin()).or(pointer);
            self.outline = origin.and_then(|at| self.begun(ui, transform.value_from_position(at)));
        }
        // Between two pictures a quick hand takes a way of its own.
        let way = ui.input(|input| way_of(&input.raw.events));
        let outline = self.outline.as_mut()?;
        for at in way.into_iter().chain(pointer) {
            let is_apart = match outline {
                Outline::Rectangle(_) => true,
                Outline::Lasso(corners) => corners
                    .last()
                    .is_none_or(|last| transform.position_from_point(last).distance(at) >= APART),
            };
            if is_apart {
                outline.extend(transform.value_from_position(at));
            }
        }
        if !response.dragged() {
            return self.outline.take().filter(|_| pointer.is_some());
        }
        paint(ctx, ui, drawn, outline);
        None
    }
}

/// Where the pointer went while its button was down, as far as `events` tell.
fn way_of(events: &[Event]) -> Vec<Pos2> {
    let is_press = |event: &Event| matches!(event, Event::PointerButton { pressed: true, .. });
    let first = events.iter().rposition(is_press).map_or(0, |press| press + 1);
    let down = events.iter().skip(first);
    let down = down.take_while(|event| !matches!(event, Event::PointerButton { pressed: false, .. }));
    let moved = |event: &Event| match event {
        Event::PointerMoved(to) => Some(*to),
        _ => None,
    };
    down.filter_map(moved).collect()
}

fn paint(ctx: &PanelCtx<'_>, ui: &Ui, drawn: &Drawn, outline: &Outline) {
    let painter = ui.painter().with_clip_rect(drawn.response.rect.intersect(ui.clip_rect()));
    let (accent, at) = (ctx.palette.accent, |point: &PlotPoint| drawn.transform.position_from_point(point));
    let stroke = Stroke::new(1.0, accent);
    match outline {
        Outline::Rectangle([first, last]) => {
            let rect = Rect::from_two_pos(at(first), at(last));
            painter.rect_filled(rect, 0.0, accent.gamma_multiply(0.15));
            painter.rect_stroke(rect, 0.0, stroke, StrokeKind::Inside);
        }
        Outline::Lasso(corners) => {
            let line: Vec<Pos2> = corners.iter().map(at).collect();
            if let (Some(&first), Some(&last)) = (line.first(), line.last()) {
                painter.extend(Shape::dashed_line(&[last, first], stroke, 4.0, 4.0));
            }
            painter.add(Shape::line(line, Stroke::new(1.5, accent)));
        }
    }
}

#[cfg(test)]
mod tests {
    use egui::{Modifiers, pos2};

    use super::*;

    #[test]
    fn the_way_is_what_lies_between_a_press_and_a_release() {
        let to = |x: f32| Event::PointerMoved(pos2(x, 0.0));
        let button = |pressed| Event::PointerButton {
            pos: pos2(0.0, 0.0),
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        let way = |events: &[Event]| way_of(events).iter().map(|at| at.x as i32).collect::<Vec<_>>();
        assert_eq!(way(&[to(1.0), button(true), to(2.0), Event::PointerGone, to(3.0)]), [2, 3]);
        assert_eq!(way(&[to(4.0), to(5.0), button(false), to(6.0)]), [4, 5]);
        assert_eq!(way(&[button(true), to(7.0), button(false), to(8.0)]), [7]);
        assert!(way(&[]).is_empty());
    }
}
