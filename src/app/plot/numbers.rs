//! Numbers as text: short enough for an axis, exact enough to read off.

use crate::text::t;

pub use crate::text::grouped;

/// A number with about four significant digits: `0.01234`, `12.3`, `1 234`, `1.2·10⁻⁵`.
#[must_use]
pub fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "-".to_owned()
    } else if value == 0.0 {
        "0".to_owned()
    } else if !(1e-3..1e7).contains(&size) {
        scientific(value)
    } else if size >= 1000.0 || value.fract() == 0.0 {
        grouped(value.round() as i64)
    } else {
        let decimals = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        let text = format!("{value:.decimals$}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// A share as a percentage with three digits.
#[must_use]
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 99.95 || percent == 0.0 {
        format!("{percent:.0} %")
    } else if percent >= 10.0 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.2} %")
    }
}

/// A time in seconds, as one says it: `4.2 s`, `1 min 15 s`, `2 h 30 min`.
#[must_use]
pub fn duration(secs: f64) -> String {
    let whole = secs.ceil().max(0.0) as u64;
    match whole {
        0..10 if secs.fract() != 0.0 => t!("plot-seconds", secs = format!("{secs:.1}")),
        0..60 => t!("plot-seconds", secs = whole),
        60..3600 => t!("plot-minutes", min = whole / 60, secs = format!("{:02}", whole % 60)),
        3600..259_200 => {
            t!("plot-hours", hours = whole / 3600, min = format!("{:02}", whole % 3600 / 60))
        }
        _ => t!("plot-days", days = whole / 86_400),
    }
}

/// `10^exponent` as it is written on paper: `10⁻³`.
#[must_use]
pub fn power_of_ten(exponent: i32) -> String {
    match exponent {
        0 => "1".to_owned(),
        1 => "10".to_owned(),
        2 => "100".to_owned(),
        _ => format!("10{}", superscript(exponent)),
    }
}

fn scientific(value: f64) -> String {
    let exponent = value.abs().log10().floor() as i32;
    let mantissa = value / 10f64.powi(exponent);
    let mantissa = format!("{mantissa:.2}");
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    format!("{mantissa}·10{}", superscript(exponent))
}

fn superscript(number: i32) -> String {
    number
        .to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '4' => '⁴',
            '5' => '⁵',
            '6' => '⁶',
            '7' => '⁷',
            '8' => '⁸',
            '9' => '⁹',
            _ => '⁰',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let wanted = [
            (0.0, "0"),
            (12.0, "12"),
            (0.012_345, "0.01235"),
            (3.456_78, "3.457"),
            (1234.5, "1235"),
            (123_456.0, "123 456"),
            (-20_000.0, "-20 000"),
            (1.23e-5, "1.23·10⁻⁵"),
            (5e-4, "5·10⁻⁴"),
            (f64::NAN, "-"),
        ];
        for (value, text) in wanted {
            assert_eq!(number(value), text);
        }
        assert_eq!([percent(1.0), percent(0.456), percent(0.0123)], ["100 %", "45.6 %", "1.23 %"]);
        assert_eq!([duration(0.23), duration(9.0), duration(75.0)], ["0.2 s", "9 s", "1 min 15 s"]);
        assert_eq!([duration(3600.0 * 2.5), duration(86_400.0 * 4.0)], ["2 h 30 min", "4 days"]);
        assert_eq!([power_of_ten(-12), power_of_ten(0), power_of_ten(3)], ["10⁻¹²", "1", "10³"]);
        assert_eq!([grouped(-1234), grouped(12_000)], ["-1234", "12 000"]);
    }
}
