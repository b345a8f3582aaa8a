//! Which shapes belong to what: marks that are left while panels are drawn, and the shapes between them.

use egui::layers::{PaintList, ShapeIdx};
use egui::{Color32, Context, LayerId, Rect, Ui};

use super::{Drawing, pictures};

/// Room around a part of a panel.
const MARGIN: f32 = 8.0;

/// A place in the list of shapes of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    layer: LayerId,
    at: usize,
    place: Place,
}

/// What begins or ends at a mark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// A panel begins.
    Panel {
        /// Its id.
        panel_id: &'static str,
        /// What of the window is the panel's.
        rect: Rect,
    },
    /// The last panel ends.
    PanelEnd,
    /// Something with a title begins, and goes on to the next one or to the end of the panel.
    Part {
        /// What tells it from others of its panel.
        key: &'static str,
    },
    /// Buttons begin, which belong to no picture.
    Buttons,
    /// They end.
    ButtonsEnd,
}

impl Mark {
    /// A mark behind the shapes that `ui` was given so far.
    #[must_use]
    pub fn here(ui: &Ui, place: Place) -> Self {
        let layer = ui.layer_id();
        let at = ui.ctx().graphics(|lists| lists.get(layer).map_or(ShapeIdx(0), PaintList::next_idx));
        Self { layer, at: at.0, place }
    }
}

/// The shapes of a panel, or of the part of it that `key` names, out of the frame that was just drawn; `None` where it was not drawn.
#[must_use]
pub fn capture(
    ctx: &Context,
    marks: &[Mark],
    panel_id: &str,
    key: Option<&str>,
    title: String,
    ground: Color32,
) -> Option<Drawing> {
    let is_start = |mark: &Mark| matches!(mark.place, Place::Panel { panel_id: id, .. } if id == panel_id);
    // The last one: a frame may be drawn twice before it is shown.
    let first = marks.iter().rposition(is_start)?;
    let (panel, inside) = marks.get(first..)?.split_first()?;
    let Place::Panel { rect: panel_rect, .. } = panel.place else { return None };
    let end = inside.iter().position(|mark| mark.place == Place::PanelEnd)?;
    let (from, to, buttons) = match key {
        None => (panel, inside.get(end)?, inside.get(..end)?),
        Some(key) => {
            let part = inside
                .iter()
                .take(end)
                .position(|mark| matches!(mark.place, Place::Part { key: k } if k == key))?;
            let rest = inside.get(part + 1..=end)?;
            let is_next = |mark: &&Mark| matches!(mark.place, Place::Part { .. } | Place::PanelEnd);
            (inside.get(part)?, rest.iter().find(is_next)?, rest)
        }
    };
    let skipped: Vec<(usize, usize)> = buttons
        .windows(2)
        .filter(|pair| pair[0].place == Place::Buttons && pair[1].place == Place::ButtonsEnd)
        .map(|pair| (pair[0].at, pair[1].at))
        .collect();
    let is_shown = |at: usize| !skipped.iter().any(|&(from, to)| (from..to).contains(&at));
    let shapes: Vec<_> = ctx.graphics(|lists| {
        let list = lists.get(from.layer).filter(|_| from.layer == to.layer);
        let all = list.into_iter().flat_map(|list| list.all_entries().enumerate());
        let own = all.filter(|(at, _)| (from.at..to.at).contains(at) && is_shown(*at));
        own.map(|(_, shape)| shape.clone()).collect()
    });
    let rect = match key {
        None => panel_rect,
        Some(_) => {
            let seen = shapes.iter().map(|s| s.shape.visual_bounding_rect().intersect(s.clip_rect));
            let seen = seen.filter(|rect| rect.is_finite() && rect.is_positive());
            let all = seen.fold(Rect::NOTHING, Rect::union);
            all.expand(MARGIN).intersect(panel_rect)
        }
    };
    if !rect.is_finite() || !rect.is_positive() {
        return None;
    }
    Some(Drawing { title, rect, ground, shapes, pictures: pictures::all(ctx) })
}
