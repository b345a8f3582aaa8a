//! Axes: what they are called, how they are scaled, and where their marks stand.

use egui::{FontId, RichText};
use egui_plot::{AxisHints, GridInput, GridMark};
use serde::{Deserialize, Serialize};

use super::numbers::{number, power_of_ten};
use crate::app::Palette;
use crate::metrics::Definition;
use crate::text::t;

/// The size of labels, and how wide a sign of that size is on average.
const LABEL_SIZE: f32 = 11.0;
const LABEL_CHAR: f32 = 5.6;
/// From here on signs are as wide as they are high: those of Chinese.
const FIRST_WIDE: char = '\u{2e80}';

/// How values are laid out along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Scale {
    /// As they are.
    #[default]
    Linear,
    /// By their decimal logarithm.
    Log,
}

/// An axis.
#[derive(Debug, Clone)]
pub struct Axis {
    /// What stands beside it, with the unit.
    pub label: String,
    /// What its tooltip says.
    pub text: String,
    /// How it is scaled.
    pub scale: Scale,
    /// Whether its values are whole numbers.
    pub whole: bool,
}

impl Scale {
    /// Whether a value has a place on the axis.
    #[must_use]
    pub fn shows(self, value: f64) -> bool {
        value.is_finite() && (self == Self::Linear || value > 0.0)
    }

    /// Where a value lies on the axis.
    #[must_use]
    pub fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.log10(),
        }
    }

    /// The value at a place on the axis.
    #[must_use]
    pub fn value(self, place: f64) -> f64 {
        match self {
            Self::Linear => place,
            Self::Log => 10f64.powf(place),
        }
    }
}

impl Axis {
    /// An axis of whole numbers.
    #[must_use]
    pub fn whole(label: &str, text: &str) -> Self {
        Self { label: label.to_owned(), text: text.to_owned(), scale: Scale::Linear, whole: true }
    }

    /// An axis of real numbers.
    #[must_use]
    pub fn real(label: &str, text: &str) -> Self {
        Self { whole: false, ..Self::whole(label, text) }
    }

    /// Training steps.
    #[must_use]
    pub fn steps() -> Self {
        Self::whole(t!("plot-steps"), t!("plot-steps.help"))
    }

    /// The axis of a figure, with its definition as tooltip.
    #[must_use]
    pub fn of(definition: &Definition) -> Self {
        let Definition { label, unit, text, .. } = *definition;
        let label = match unit.is_empty() {
            true => label.to_string(),
            false => t!("plot-label-unit", label = label, unit = unit),
        };
        Self { label, text: text.to_string(), scale: Scale::Linear, whole: false }
    }

    /// The same axis on another scale.
    #[must_use]
    pub fn scaled(self, scale: Scale) -> Self {
        Self { scale, ..self }
    }

    /// What is read off at a place on the axis.
    #[must_use]
    pub fn read(&self, place: f64) -> String {
        let value = self.scale.value(place);
        let value = if self.whole { value.round() } else { value };
        t!("plot-axis-read", label = &self.label, value = number(value))
    }

    /// The axis for the plot, of which it is `room` long. A label that does not fit goes without its unit, and at last without anything: the title
    /// and the tooltip say what is drawn.
    pub(super) fn hints(&self, axis: egui_plot::Axis, palette: &Palette, room: f32) -> AxisHints<'static> {
        let Self { scale, whole, .. } = *self;
        let fits = |text: &&str| width(text) < room;
        let plain = self.label.split(" (").next().and_then(|label| label.split('（').next());
        let plain = plain.unwrap_or_default();
        let label = [self.label.as_str(), plain].into_iter().find(fits);
        let mut hints = AxisHints::new(axis)
            .tick_label_font(FontId::proportional(10.5))
            .tick_label_color(palette.faint)
            .formatter(move |mark, range| mark_label(scale, whole, mark, range.end() - range.start()));
        if let Some(label) = label {
            hints = hints.label(RichText::new(label).size(LABEL_SIZE).color(palette.faint));
        }
        match axis {
            egui_plot::Axis::X => hints.label_spacing(egui::Rangef::new(24.0, 40.0)),
            egui_plot::Axis::Y => hints.label_spacing(egui::Rangef::new(14.0, 22.0)).min_thickness(20.0),
        }
    }
}

/// About how wide a label is.
fn width(text: &str) -> f32 {
    text.chars().map(|c| if c < FIRST_WIDE { LABEL_CHAR } else { LABEL_SIZE }).sum()
}

/// What stands at a mark; nothing at marks between whole numbers, and at those between powers of ten unless few of these are seen.
fn mark_label(scale: Scale, whole: bool, mark: GridMark, span: f64) -> String {
    match scale {
        Scale::Log if mark.step_size >= 1.0 => power_of_ten(mark.value.round() as i32),
        Scale::Log if span < 1.6 => number((10f64.powf(mark.value) * 1e12).round() / 1e12),
        Scale::Log => String::new(),
        Scale::Linear if whole && mark.value.fract().abs() > 1e-9 => String::new(),
        Scale::Linear => {
            // Takes away what adding up steps leaves: 0.30000000000000004.
            let digits = mark.step_size.log10().floor();
            let unit = 10f64.powf(digits - 1.0);
            number((mark.value / unit).round() * unit)
        }
    }
}

/// Marks at round values, `least` pixels apart or more. Only those inside of the bounds: what is beyond would be drawn beside the plot.
pub(super) fn linear_marks(input: &GridInput, least: f64) -> Vec<GridMark> {
    let (low, high) = input.bounds;
    // The base step covers 8 pixels.
    let wanted = input.base_step_size * least / 8.0;
    if !(low.is_finite() && high.is_finite() && wanted.is_finite() && wanted > 0.0) {
        return Vec::new();
    }
    let unit = 10f64.powf(wanted.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * unit).into_iter().find(|s| *s >= wanted).unwrap_or(wanted);
    let (first, last) = ((low / step).ceil(), (high / step).floor());
    if last - first > 1000.0 {
        return Vec::new();
    }
    (0..=(last - first).max(-1.0) as i64)
        .map(|i| GridMark { value: (first + i as f64) * step, step_size: step })
        .filter(|mark| mark.value <= high)
        .collect()
}

/// Marks at powers of ten, and between them at 2 to 9 times each.
pub(super) fn log_marks(input: &GridInput) -> Vec<GridMark> {
    let (low, high) = input.bounds;
    if !(low.is_finite() && high.is_finite()) || high - low > 400.0 {
        return Vec::new();
    }
    let every = ((high - low) / 12.0).ceil().max(1.0) as i32;
    let mut marks = Vec::new();
    for exponent in low.floor() as i32..=high.ceil() as i32 {
        if exponent % every == 0 {
            marks.push(GridMark { value: f64::from(exponent), step_size: f64::from(every) });
        }
        if high - low < 6.0 {
            let between = |factor: i32| f64::from(exponent) + f64::from(factor).log10();
            let step_size = |factor: i32| if matches!(factor, 2 | 5) { 0.3 } else { 0.09 };
            marks.extend((2..10).map(|f| GridMark { value: between(f), step_size: step_size(f) }));
        }
    }
    marks.retain(|mark| (low..=high).contains(&mark.value));
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_marks_stand_at_powers_of_ten() {
        let marks = log_marks(&GridInput { bounds: (-3.2, 0.5), base_step_size: 0.1 });
        let decades: Vec<f64> = marks.iter().filter(|m| m.step_size == 1.0).map(|m| m.value).collect();
        assert_eq!(decades, [-3.0, -2.0, -1.0, 0.0]);
        assert_eq!(mark_label(Scale::Log, false, GridMark { value: -3.0, step_size: 1.0 }, 4.0), "10⁻³");
        assert_eq!(mark_label(Scale::Log, false, GridMark { value: 2f64.log10(), step_size: 0.3 }, 1.0), "2");
        assert!(log_marks(&GridInput { bounds: (f64::NEG_INFINITY, 0.0), base_step_size: 1.0 }).is_empty());
    }

    #[test]
    fn linear_marks_stand_apart_and_inside() {
        let values = |low, high, base_step_size| {
            let marks = linear_marks(&GridInput { bounds: (low, high), base_step_size }, 32.0);
            marks.iter().map(|m| m.value).collect::<Vec<_>>()
        };
        assert_eq!(values(-3.0, 83.0, 4.0), [0.0, 20.0, 40.0, 60.0, 80.0]);
        assert_eq!(values(0.2, 0.8, 1.0), [0.0; 0]);
        assert_eq!(values(f64::NAN, 1.0, 1.0), [0.0; 0]);
    }

    #[test]
    fn linear_marks_are_round() {
        let label = |value, step_size| mark_label(Scale::Linear, false, GridMark { value, step_size }, 1.0);
        assert_eq!(label(0.1 + 0.2, 0.1), "0.3");
        assert_eq!(label(1e-17, 0.1), "0");
        assert_eq!(mark_label(Scale::Linear, true, GridMark { value: 0.5, step_size: 0.1 }, 1.0), "");
    }
}
