//! Rows of a form, made from descriptions of parameters.
//!
//! A number that is being dragged or typed stands in [`Drafts`] until the hand is off it: only then it is an edit, so that a training does not
//! start again with every pixel.

use std::collections::HashMap;

use egui::accesskit::Role;
use egui::{Align, DragValue, Id, Layout, Response, RichText, Ui};

use super::NOTE_SIZE;
use crate::app::Palette;
use crate::app::rich::RichHover as _;
use crate::param::{Effect, ParamKind, ParamSpec, ParamValue};
use crate::text::{Phrase, phrase, t};

/// Numbers that are being edited, by where they stand.
#[derive(Default)]
pub struct Drafts(HashMap<Id, f64>);

/// How a row is drawn.
pub struct Row<'a> {
    /// The colours.
    pub palette: &'a Palette,
    /// Whether to say when an edit takes effect, and whether a training is under way that it would touch.
    pub effect: Option<(Effect, bool)>,
}

/// One parameter of `params` with its label, value, unit and marks; gives the new value where it was edited.
pub fn param_ui<P>(
    ui: &mut Ui,
    row: &Row<'_>,
    drafts: &mut Drafts,
    spec: &ParamSpec<P>,
    params: &P,
    defaults: &P,
) -> Option<ParamValue> {
    let (value, default) = ((spec.read)(params), (spec.read)(defaults));
    let tooltip = tooltip(spec, default, row.effect);
    let mut edited = None;
    ui.push_id(spec.key, |ui| {
        ui.horizontal(|ui| {
            mark_ui(ui, row.palette, value != default);
            let label = ui.label(spec.label).on_hover_rich(&tooltip);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if reset_ui(ui, value != default, spec.label.text(), default) {
                    edited = Some(default);
                }
                if let Some((effect, is_training)) = row.effect {
                    effect_ui(ui, row.palette, effect, is_training);
                }
                let (response, new) = value_ui(ui, drafts, (spec.key, &spec.kind, spec.unit.text()), value);
                response.labelled_by(label.id).on_hover_rich(&tooltip);
                edited = new.or(edited);
            });
        });
    });
    edited.filter(|new| *new != value)
}

/// A dot in front of what differs from its default.
fn mark_ui(ui: &mut Ui, palette: &Palette, is_changed: bool) {
    let (rect, _) = ui.allocate_exact_size(egui::vec2(6.0, 16.0), egui::Sense::hover());
    if is_changed {
        ui.painter().circle_filled(rect.center(), 3.0, palette.accent);
    }
}

/// The way back to the default, shown only where there is one.
fn reset_ui(ui: &mut Ui, is_changed: bool, label: &str, default: ParamValue) -> bool {
    let size = egui::vec2(20.0, 20.0);
    if !is_changed {
        ui.allocate_exact_size(size, egui::Sense::hover());
        return false;
    }
    let response = ui.add_sized(size, egui::Button::new("↺").small().frame(false));
    let default = default.to_string();
    let name = t!("side-reset", label = label, default = &default);
    response.widget_info(|| egui::WidgetInfo::labeled(Role::Button, true, &name));
    response.on_hover_rich(t!("side-reset.help", default = default)).clicked()
}

/// Says when an edit takes effect: what would start a running training again stands out.
fn effect_ui(ui: &mut Ui, palette: &Palette, effect: Effect, is_training: bool) {
    let (word, color) = match (effect, is_training) {
        (Effect::Live, true) => (t!("side-effect-live"), palette.good),
        (Effect::Restart, true) => (t!("side-effect-restart"), palette.warning),
        (Effect::Live, false) => (t!("side-effect-live"), palette.faint),
        (Effect::Restart, false) => (t!("side-effect-restart"), palette.faint),
    };
    ui.allocate_ui_with_layout(egui::vec2(38.0, 18.0), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_width(38.0);
        ui.label(RichText::new(word).size(NOTE_SIZE).color(color)).on_hover_rich(effect_help(effect));
    });
}

fn effect_help(effect: Effect) -> &'static str {
    match effect {
        Effect::Live => t!("side-effect-live.help"),
        Effect::Restart => t!("side-effect-restart.help"),
    }
}

/// What a parameter does, its name in files and on the command line, what it may be and what it is by default.
fn tooltip<P>(spec: &ParamSpec<P>, default: ParamValue, effect: Option<(Effect, bool)>) -> String {
    let ParamSpec { key, unit, kind, help, .. } = spec;
    let (wanted, default) = (kind.wanted(), default.to_string());
    let mut text = match unit.is_empty() {
        true => t!("side-param", help = *help, key = *key, wanted = wanted, default = default),
        false => {
            t!("side-param.unit", help = *help, key = *key, wanted = wanted, default = default, unit = *unit)
        }
    };
    if let Some((effect, _)) = effect {
        text.push_str("\n\n");
        text.push_str(effect_help(effect));
    }
    text
}

fn value_ui(
    ui: &mut Ui,
    drafts: &mut Drafts,
    (key, kind, unit): (&str, &ParamKind, &str),
    value: ParamValue,
) -> (Response, Option<ParamValue>) {
    match (*kind, value) {
        (ParamKind::Int { min, max }, ParamValue::Int(now)) => {
            let drag = Drag {
                range: (min as f64, max as f64),
                speed: (now as f64 * 0.01).max(0.05),
                is_whole: true,
                unit,
                word: WORDS.iter().find(|(known, _)| *known == key).map(|(_, word)| (0.0, word.text())),
            };
            let (response, new) = drag.ui(ui, drafts, now as f64);
            // A whole number that was not touched stays as it is, even where a float cannot hold it.
            (response, new.map(|new| ParamValue::Int(new.round() as u64)))
        }
        (ParamKind::Paths { max }, ParamValue::Int(now)) => {
            let (unit, word) = (t!("side-unit-paths"), Some((1.0, t!("side-word-greedy"))));
            let drag = Drag { range: (1.0, max as f64), speed: 0.05, is_whole: true, unit, word };
            let (response, new) = drag.ui(ui, drafts, now as f64);
            (response, new.map(|new| ParamValue::Int(new.round() as u64)))
        }
        (ParamKind::Float { min, max }, ParamValue::Float(now)) => {
            let drag =
                Drag { range: (min, max), speed: float_speed(now, max), is_whole: false, unit, word: None };
            let (response, new) = drag.ui(ui, drafts, now);
            (response, new.map(ParamValue::Float))
        }
        (ParamKind::Choice(words), ParamValue::Choice(now)) => {
            let mut new = now;
            let combo = egui::ComboBox::from_id_salt("choice").selected_text(now).width(96.0);
            let shown = combo.show_ui(ui, |ui| {
                for word in words {
                    ui.selectable_value(&mut new, *word, *word);
                }
            });
            (shown.response, (new != now).then_some(ParamValue::Choice(new)))
        }
        (_, ParamValue::Bool(now)) => {
            let mut new = now;
            let response = ui.checkbox(&mut new, "");
            (response, (new != now).then_some(ParamValue::Bool(new)))
        }
        _ => (ui.label(value.to_string()), None),
    }
}

/// How far a pixel goes: about a hundredth of the value, finer for shares near 1.
fn float_speed(value: f64, max: f64) -> f64 {
    match value.abs() {
        v if max <= 1.0 && v >= 0.1 => 0.0005,
        v if v > 0.0 => v * 0.01,
        _ if max <= 1.0 => 1e-6,
        _ => 0.01,
    }
}

/// A number that can be dragged and typed, and counts as edited when the hand is off it.
pub struct Drag<'a> {
    /// The smallest and the largest.
    pub range: (f64, f64),
    /// How far a pixel goes.
    pub speed: f64,
    /// Whether only whole numbers will do.
    pub is_whole: bool,
    /// What is shown behind it.
    pub unit: &'a str,
    /// A value that is no number of anything, and what it means.
    pub word: Option<(f64, &'static str)>,
}

/// Parameters whose 0 is no number of anything, and what it means.
const WORDS: [(&str, Phrase); 2] =
    [("codebook_dim", phrase!("side-word-as-frames")), ("refit", phrase!("side-word-none"))];

impl Drag<'_> {
    /// Draws it; gives the new value where there is one.
    pub fn ui(&self, ui: &mut Ui, drafts: &mut Drafts, now: f64) -> (Response, Option<f64>) {
        let Self { range: (min, max), speed, is_whole, unit, word } = *self;
        let id = ui.next_auto_id();
        let mut value = drafts.0.get(&id).copied().unwrap_or(now);
        let is_word = word.is_some_and(|(of, _)| of == value);
        let suffix = if unit.is_empty() || is_word { String::new() } else { format!(" {unit}") };
        let mut drag = DragValue::new(&mut value)
            .range(min..=max)
            .clamp_existing_to_range(false)
            .speed(speed)
            .update_while_editing(false)
            .suffix(suffix)
            .min_size(egui::vec2(64.0, 0.0))
            .custom_parser(move |text| {
                let typed = text.trim().replace(',', ".");
                word.filter(|&(_, word)| word == typed).map(|(of, _)| of).or_else(|| typed.parse().ok())
            });
        drag = if let Some((of, word)) = word {
            drag.custom_formatter(move |v, _| if v == of { word.to_owned() } else { format!("{v:.0}") })
        } else if is_whole {
            drag.fixed_decimals(0)
        } else {
            drag.custom_formatter(|v, _| ParamValue::Float(rounded(v)).to_string())
        };
        let response = ui.add(drag);
        let in_hand = response.dragged() || response.has_focus();
        if in_hand {
            drafts.0.insert(id, value);
            return (response, None);
        }
        let was_in_hand = drafts.0.remove(&id).is_some();
        let is_new = (was_in_hand || response.changed()) && value != now;
        let value = if is_whole { value.round() } else { rounded(value) };
        (response, is_new.then_some(value.clamp(min, max)))
    }
}

/// Seven significant digits: what dragging leaves behind that is of no use.
fn rounded(value: f64) -> f64 {
    format!("{value:.6e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dragged_numbers_are_round() {
        assert_eq!(rounded(0.990_000_000_1), 0.99);
        assert_eq!(rounded(1.000_000_000_4e-5), 1e-5);
        assert_eq!(rounded(0.999_999), 0.999_999);
        assert_eq!((rounded(0.0), rounded(4096.0)), (0.0, 4096.0));
    }
}
