//! The legend above a chart: every curve by colour and name.

use egui::{CornerRadius, FontId, Rect, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use super::curve::{Curve, Stroke};
use crate::app::Palette;
use crate::app::rich::RichHover as _;
use crate::text::t;

/// More curves than these are listed behind a button.
const MOST: usize = 12;
/// The size of names, the width of what stands before them, and the height of an entry.
const NAME_SIZE: f32 = 10.5;
const SWATCH: f32 = 10.0;
const ENTRY: f32 = 14.0;
/// The height of a list of many.
const LIST_HEIGHT: f32 = 320.0;

/// Draws it, where there is more than one curve; the curve that was clicked.
pub(super) fn legend_ui(ui: &mut Ui, palette: &Palette, curves: &[Curve<'_>]) -> Option<usize> {
    if curves.len() < 2 {
        return None;
    }
    let mut clicked = None;
    let shared = Shared::of(curves);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(7.0, 1.0);
        ui.spacing_mut().interact_size.y = 14.0;
        if let Some(words) = shared.words() {
            ui.label(RichText::new(words).size(10.5).color(palette.faint));
        }
        for index in shown(curves) {
            if entry_ui(ui, &curves[index], shared) {
                clicked = Some(index);
            }
        }
        if curves.len() > MOST {
            let text = RichText::new(t!("plot-curves-all", n = curves.len())).size(10.5);
            let menu = ui.menu_button(text, |ui| {
                ScrollArea::vertical().max_height(LIST_HEIGHT).show(ui, |ui| {
                    for (index, curve) in curves.iter().enumerate() {
                        if entry_ui(ui, curve, Shared::default()) {
                            clicked = Some(index);
                            ui.close();
                        }
                    }
                });
            });
            menu.response.on_hover_rich(t!("plot-curves-all.help"));
        }
    });
    clicked
}

/// What is listed in the row: all where they are few, else those that stand out and the first of the others, in their order.
fn shown(curves: &[Curve<'_>]) -> Vec<usize> {
    if curves.len() <= MOST {
        return (0..curves.len()).collect();
    }
    let front = curves.iter().filter(|curve| curve.is_front).count();
    let mut others = MOST.saturating_sub(front);
    let mut shown = Vec::with_capacity(MOST);
    for (index, curve) in curves.iter().enumerate() {
        if curve.is_front {
            shown.push(index);
        } else if others > 0 {
            others -= 1;
            shown.push(index);
        }
    }
    shown.truncate(MOST);
    shown
}

/// What the names of all but references begin with, and what they end with, up to spaces: it is said once.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Shared<'a> {
    front: &'a str,
    back: &'a str,
}

impl<'a> Shared<'a> {
    fn of(curves: &'a [Curve<'_>]) -> Self {
        let named: Vec<&str> = curves
            .iter()
            .filter(|curve| curve.stroke != Stroke::Dashed)
            .map(|curve| curve.name.as_str())
            .collect();
        let [first, _, _, ..] = &named[..] else { return Self::default() };
        // "Layer 3", and in another language a word behind the number as well.
        let ends = |places: [Option<usize>; 2]| match places {
            [Some(front), Some(back)] if front < back => Some((&first[..=front], &first[back..])),
            [Some(front), _] => Some((&first[..=front], "")),
            _ => None,
        };
        let shares = |(front, back): &(&str, &str)| {
            named.iter().all(|name| name.strip_prefix(front).is_some_and(|rest| rest.ends_with(back)))
        };
        let around = ends([first.find(' '), first.rfind(' ')]).filter(shares);
        let (front, back) =
            around.or_else(|| ends([first.rfind(' '), None]).filter(shares)).unwrap_or_default();
        Self { front, back }
    }

    fn words(self) -> Option<String> {
        match (self.front.trim_end(), self.back.trim_start()) {
            ("", _) => None,
            (front, "") => Some(front.to_owned()),
            (front, back) => Some(format!("{front} … {back}")),
        }
    }

    /// What is left of a name.
    fn rest(self, name: &str) -> &str {
        let rest = name.strip_prefix(self.front).and_then(|name| name.strip_suffix(self.back));
        rest.unwrap_or(name)
    }
}

/// A swatch and a name; whether it was clicked. In one piece, so that it goes to the next row as a whole.
fn entry_ui(ui: &mut Ui, curve: &Curve<'_>, shared: Shared<'_>) -> bool {
    let name = shared.rest(&curve.name);
    let color = if curve.is_front { ui.visuals().strong_text_color() } else { ui.visuals().text_color() };
    let galley = ui.painter().layout_no_wrap(name.to_owned(), FontId::proportional(NAME_SIZE), color);
    let size = vec2(SWATCH + 3.0 + galley.size().x, ENTRY);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let thickness = if curve.is_front { 5.0 } else { 3.0 };
    let bar = Rect::from_center_size(rect.left_center() + vec2(SWATCH / 2.0, 0.0), vec2(SWATCH, thickness));
    if curve.stroke == Stroke::Dashed {
        for left in [bar.left(), bar.left() + 6.0] {
            let dash = Rect::from_min_max(pos2(left, bar.top()), pos2(left + 4.0, bar.bottom()));
            ui.painter().rect_filled(dash, CornerRadius::ZERO, curve.color);
        }
    } else {
        ui.painter().rect_filled(bar, CornerRadius::same(1), curve.color);
    }
    let at = pos2(rect.left() + SWATCH + 3.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, color);
    if response.has_focus() {
        let stroke = egui::Stroke::new(1.0, ui.visuals().selection.stroke.color);
        ui.painter().rect_stroke(rect.expand(1.0), 2.0, stroke, egui::StrokeKind::Outside);
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, t!("plot-curve", name = &curve.name)));
    response.on_hover_text(&curve.name).clicked()
}

#[cfg(test)]
mod tests {
    use egui::Color32;

    use super::super::curve::Data;
    use super::*;

    #[test]
    fn of_many_curves_the_one_in_front_is_always_listed() {
        let curves: Vec<_> = (0..46)
            .map(|layer| {
                Curve::new(format!("Layer {}", layer + 1), Color32::RED, &[], Data::Nothing)
                    .front(layer == 40)
            })
            .collect();
        let listed = shown(&curves);
        assert_eq!((listed.len(), listed[0], listed[MOST - 1]), (MOST, 0, 40));
        assert_eq!(Shared::of(&curves), Shared { front: "Layer ", back: "" });
        assert_eq!(shown(&curves[..5]), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn what_names_share_is_said_once_whatever_the_language() {
        let of = |names: &[&str]| {
            let curve = |name: &&str| Curve::new((*name).to_owned(), Color32::RED, &[], Data::Nothing);
            let curves: Vec<_> = names.iter().map(curve).collect();
            let shared = Shared::of(&curves);
            (shared.words(), names.iter().map(|name| shared.rest(name).to_owned()).collect::<Vec<_>>())
        };
        let rest = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            of(&["Layer 1", "Layer 2", "Layer 12"]),
            (Some("Layer".to_owned()), rest(&["1", "2", "12"]))
        );
        assert_eq!(
            of(&["第 1 层", "第 2 层", "第 12 层"]),
            (Some("第 … 层".to_owned()), rest(&["1", "2", "12"]))
        );
        assert_eq!(of(&["the run 1", "the run 2", "the run 3"]).1, rest(&["1", "2", "3"]));
        for apart in [&["a 1", "b 2", "c 3"][..], &["a 1", "a 2"], &["one", "two", "three"]] {
            assert_eq!(of(apart), (None, rest(apart)));
        }
    }
}
