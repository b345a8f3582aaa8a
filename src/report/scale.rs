//! From values to places on an axis: ranges, ticks, and numbers as a person would write them.

use super::plot::Scale;

/// Beyond this a value is drawn at the edge; differences of such values would overflow.
const LARGEST: f64 = 1e150;

/// The span of an axis and where its ticks are.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    scale: Scale,
    start: f64,
    end: f64,
    /// The values that get a tick, ascending.
    pub ticks: Vec<f64>,
}

impl Span {
    /// A span that holds all of `values` and starts and ends where a tick could be.
    ///
    /// About `wanted` ticks are set. Without a value that can be drawn the span is 0 to 1 (1 to 10 where logarithmic); a single value lies in its middle.
    #[must_use]
    pub fn fit(scale: Scale, whole: bool, wanted: usize, values: impl Iterator<Item = f64>) -> Self {
        let drawable = values.filter(|&v| is_drawable(scale, v)).map(|v| v.clamp(-LARGEST, LARGEST));
        let (least, most) =
            drawable.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
        match (scale, least <= most) {
            (Scale::Log, true) => Self::log(least.max(1e-300), most, wanted),
            (Scale::Log, false) => Self::log(1.0, 10.0, wanted),
            (Scale::Linear, true) => Self::linear(least, most, whole, wanted),
            (Scale::Linear, false) => Self::linear(0.0, 1.0, whole, wanted),
        }
    }

    /// A linear span that ends exactly at `start` and `end`, for axes that count things.
    #[must_use]
    pub fn exact(start: f64, end: f64, wanted: usize) -> Self {
        let step = nice_step((end - start) / wanted.max(1) as f64, true);
        let ticks = multiples(step, start.min(end), start.max(end));
        Self { scale: Scale::Linear, start, end, ticks }
    }

    fn linear(least: f64, most: f64, whole: bool, wanted: usize) -> Self {
        let (mut least, mut most) = (least, most);
        if most - least <= most.abs().max(least.abs()) * 1e-12 {
            let room = if whole { 1.0 } else { (most.abs() * 0.1).max(1e-12) };
            let room = if most == 0.0 { 1.0 } else { room };
            (least, most) = (least - room, most + room);
        }
        let step = nice_step((most - least) / wanted.max(1) as f64, whole);
        let (start, end) = ((least / step).floor() * step, (most / step).ceil() * step);
        Self { scale: Scale::Linear, start, end, ticks: multiples(step, start, end) }
    }

    fn log(least: f64, most: f64, wanted: usize) -> Self {
        let (mut low, mut high) = (least.log10(), most.log10());
        if high - low < 0.1 {
            (low, high) = (low - 0.5, high + 0.5);
        }
        let (first, last) = (low.floor() as i32, high.ceil() as i32);
        let decades = (last - first).max(1) as usize;
        let every = decades.div_ceil(wanted.max(1)).max(1);
        let within: &[f64] = match decades {
            ..=2 => &[1.0, 2.0, 5.0],
            3 => &[1.0, 3.0],
            _ => &[1.0],
        };
        let (start, end) = (low - (high - low) * 0.03, high + (high - low) * 0.03);
        let mut ticks = Vec::new();
        for decade in (first..=last).step_by(every) {
            ticks.extend(within.iter().map(|w| w * 10f64.powi(decade)));
        }
        ticks.retain(|tick| (start..=end).contains(&tick.log10()));
        Self { scale: Scale::Log, start, end, ticks }
    }

    /// The share of a linear axis that a difference of `difference` takes.
    #[must_use]
    pub fn share_of(&self, difference: f64) -> f64 {
        (difference / (self.end - self.start)).clamp(0.0, 1.0)
    }

    /// Where `value` lies between the start (0) and the end (1); `None` for what cannot be drawn.
    #[must_use]
    pub fn place(&self, value: f64) -> Option<f64> {
        if !is_drawable(self.scale, value) {
            return None;
        }
        let value = value.clamp(-LARGEST, LARGEST);
        let value = if self.scale == Scale::Log { value.max(1e-300).log10() } else { value };
        let share = (value - self.start) / (self.end - self.start);
        share.is_finite().then_some(share.clamp(-0.001, 1.001))
    }
}

/// `value` in the shortest form that keeps `digits` significant digits, with an exponent where it is very large or small.
#[must_use]
pub fn short(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "none".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    if !(-4.0..7.0).contains(&magnitude) {
        let text = format!("{value:.*e}", digits.saturating_sub(1));
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", trimmed(mantissa));
    }
    let decimals = (digits as f64 - 1.0 - magnitude).max(0.0) as usize;
    trimmed(&format!("{value:.decimals$}")).to_owned()
}

/// A whole number with thin spaces between its thousands.
#[must_use]
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) && digits.len() > 4 {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

fn is_drawable(scale: Scale, value: f64) -> bool {
    value.is_finite() && (scale == Scale::Linear || value > 0.0)
}

/// The number text without the zeros that say nothing.
fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// The least of 1, 2 and 5 times a power of ten that is at least `rough`.
fn nice_step(rough: f64, whole: bool) -> f64 {
    let rough = if rough.is_finite() && rough > 0.0 { rough } else { 1.0 };
    let base = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * base).into_iter().find(|&s| s >= rough * 0.999_999);
    let step = step.unwrap_or(10.0 * base);
    if whole { step.max(1.0).round() } else { step }
}

fn multiples(step: f64, start: f64, end: f64) -> Vec<f64> {
    const MOST: i64 = 40;
    let first = (start / step - 1e-9).ceil();
    let values = (0..MOST).map(|i| (first + i as f64) * step);
    // Adding 0 makes a zero of a minus zero.
    values.take_while(|&v| v <= end + step * 1e-9).map(|v| v + 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(scale: Scale, values: &[f64]) -> Vec<f64> {
        Span::fit(scale, false, 5, values.iter().copied()).ticks
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(ticks(Scale::Linear, &[0.0, 9.7]), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(Scale::Linear, &[-3.0, 1.0]), [-3.0, -2.0, -1.0, 0.0, 1.0]);
        assert_eq!(ticks(Scale::Log, &[1.0, 1000.0]).first(), Some(&1.0));
        assert_eq!(ticks(Scale::Log, &[1e-8, 1e8]).len(), 5);
        assert_eq!(Span::exact(0.0, 3.0, 6).ticks, [0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn any_value_has_a_place_or_none() {
        let odd = [f64::NAN, f64::INFINITY, -f64::INFINITY, f64::MAX, f64::MIN, 0.0, -0.0, 5e-324, 7.0];
        for scale in [Scale::Linear, Scale::Log] {
            for values in [&odd[..], &odd[..3], &[7.0], &[0.0], &[-7.0, -7.0], &[1e-320, 1.0], &[]] {
                let span = Span::fit(scale, values.len() == 1, 5, values.iter().copied());
                assert!(span.ticks.iter().all(|t| t.is_finite()) && span.ticks.len() <= 40, "{span:?}");
                for value in odd {
                    assert!(span.place(value).is_none_or(|place| (-0.01..=1.01).contains(&place)));
                }
            }
        }
        let single = Span::fit(Scale::Linear, false, 5, [7.0].into_iter());
        assert!((single.place(7.0).unwrap() - 0.5).abs() < 0.1);
    }

    #[test]
    fn numbers_as_a_person_writes_them() {
        assert_eq!(
            [0.25, 1234.0, 1e-9, 12.3456, -0.5, 1e20].map(|v| short(v, 3)),
            ["0.25", "1234", "1e-9", "12.3", "-0.5", "1e20"]
        );
        assert_eq!([short(f64::NAN, 3), short(0.0, 3), short(100.0, 2)], ["none", "0", "100"]);
        assert_eq!(
            [grouped(999), grouped(4096), grouped(1_234_567)],
            ["999", "4096", "1\u{2009}234\u{2009}567"]
        );
    }
}
