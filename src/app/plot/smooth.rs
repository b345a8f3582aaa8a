//! Curves made smooth, so that their course shows through their noise.

use serde::{Deserialize, Serialize};

/// The most steps that are smoothed over.
pub const MOST_SPAN: u32 = 1001;

/// How a curve is smoothed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Smoothing {
    /// Not at all.
    #[default]
    None,
    /// A running average that forgets: a step counts for `2 / (span + 1)`.
    Ema(u32),
    /// The median of so many steps around each.
    Median(u32),
}

impl Smoothing {
    /// The smoothed values, one for each of `values`. What is not finite stays as it is and counts for nothing.
    #[must_use]
    pub fn apply(self, values: &[f64]) -> Vec<f64> {
        match self {
            Self::None => values.to_vec(),
            Self::Ema(span) => ema(values, span),
            Self::Median(span) => median(values, span),
        }
    }
}

/// The running average, without the pull of its start: `sum w^(t-i) x_i / sum w^(t-i)` with `w = 1 - 2 / (span + 1)`.
fn ema(values: &[f64], span: u32) -> Vec<f64> {
    let keep = 1.0 - 2.0 / (f64::from(span.max(1)) + 1.0);
    let (mut sum, mut weight) = (0.0, 0.0);
    let one = |&value: &f64| {
        if !value.is_finite() {
            return value;
        }
        sum = sum * keep + value;
        weight = weight * keep + 1.0;
        sum / weight
    };
    values.iter().map(one).collect()
}

/// The median of the `span` values around each, of fewer at both ends.
fn median(values: &[f64], span: u32) -> Vec<f64> {
    let half = span.clamp(1, MOST_SPAN) as usize / 2;
    let mut window = Vec::with_capacity(2 * half + 1);
    let one = |(i, &value): (usize, &f64)| {
        if !value.is_finite() {
            return value;
        }
        window.clear();
        let around = &values[i.saturating_sub(half)..(i + half + 1).min(values.len())];
        window.extend(around.iter().copied().filter(|v| v.is_finite()));
        let middle = window.len() / 2;
        // Of an even number the upper of the two in the middle: a value that was there.
        *window.select_nth_unstable_by(middle, f64::total_cmp).1
    };
    values.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_stays_and_gaps_stay_gaps() {
        for smoothing in [Smoothing::None, Smoothing::Ema(20), Smoothing::Median(5)] {
            let smooth = smoothing.apply(&[3.0, 3.0, f64::NAN, 3.0]);
            assert!(smooth[2].is_nan());
            assert!([0, 1, 3].iter().all(|&i| (smooth[i] - 3.0).abs() < 1e-12), "{smoothing:?}");
        }
    }

    #[test]
    fn a_median_drops_a_spike_and_an_average_spreads_it() {
        let mut values = vec![1.0; 21];
        values[10] = 100.0;
        assert!(Smoothing::Median(5).apply(&values).iter().all(|&v| v == 1.0));
        let ema = Smoothing::Ema(9).apply(&values);
        assert_eq!(ema[9], 1.0);
        assert!(ema[10] > 15.0 && ema[11] < ema[10] && ema[20] > 1.0);
        // By hand: weights 0.8 and 1 for the first two values.
        assert!((Smoothing::Ema(9).apply(&[0.0, 1.0])[1] - 1.0 / 1.8).abs() < 1e-12);
    }
}
