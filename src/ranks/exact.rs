//! A sum of numbers that is exact, and so the same in any order.

/// A sum of f64 numbers without any rounding, however many there are and in whatever order they come.
///
/// Each number is cut into integers of 32 bits at fixed places from `2^-320` to `2^352` and added to those of the sum (Kulisch, 2013): squares and
/// products of f32 numbers fit whole. What lies below `2^-320` is cut off each number for itself. [`value`](Self::value) rounds once, at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExactSum {
    /// Digit `i` counts `2^(32 i - 320)`.
    digits: [i64; DIGITS],
    /// Numbers that were not finite, or too large for any digit.
    beyond: i64,
}

/// Digits of a sum.
const DIGITS: usize = 21;

/// Bits of a digit.
const BITS: i32 = 32;

/// The lowest digit counts `2^LOWEST`.
const LOWEST: i32 = -320;

impl Default for ExactSum {
    fn default() -> Self {
        Self { digits: [0; DIGITS], beyond: 0 }
    }
}

impl ExactSum {
    /// Integers that a sum is told in.
    pub const WORDS: usize = DIGITS + 1;

    /// Adds a number. After two thousand million of them, [`carry`](Self::carry) is to be called.
    pub fn add(&mut self, value: f64) {
        let bits = value.to_bits();
        let exponent = (bits >> 52 & 0x7ff) as i32;
        if exponent == 0 {
            // Zero, or far below the lowest digit.
            return;
        }
        // The value is `mantissa 2^(exponent - 1075)`.
        let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
        let place = exponent - 1075 - LOWEST;
        let (mantissa, place) = match u32::try_from(-place) {
            Ok(below @ 1..) => (mantissa.checked_shr(below).unwrap_or(0), 0),
            _ => (mantissa, place),
        };
        let (digit, offset) = ((place / BITS) as usize, place % BITS);
        let Some([low, middle, high]) = self.digits.get_mut(digit..).and_then(<[i64]>::first_chunk_mut)
        else {
            self.beyond += 1;
            return;
        };
        let wide = u128::from(mantissa) << offset;
        let part = |nth: i32| (wide >> (BITS * nth)) as u32;
        let sign = if value.is_sign_negative() { -1 } else { 1 };
        *low += sign * i64::from(part(0));
        *middle += sign * i64::from(part(1));
        *high += sign * i64::from(part(2));
    }

    /// Adds each of `values`.
    pub fn add_all(&mut self, values: impl Iterator<Item = f64>) {
        values.for_each(|value| self.add(value));
    }

    /// Brings every digit but the last into 32 bits. The sum is the same.
    pub fn carry(&mut self) {
        let mut over = 0;
        for digit in &mut self.digits[..DIGITS - 1] {
            *digit += over;
            over = *digit >> BITS;
            *digit -= over << BITS;
        }
        self.digits[DIGITS - 1] += over;
    }

    /// The sum as integers: added one by one over several sums, they are those of all their numbers.
    pub fn put(&mut self, words: &mut Vec<i64>) {
        self.carry();
        words.extend_from_slice(&self.digits);
        words.push(self.beyond);
    }

    /// The sum of which these are the integers; missing ones are 0.
    #[must_use]
    pub fn of(words: &[i64]) -> Self {
        let mut sum = Self::default();
        for (digit, &word) in sum.digits.iter_mut().zip(words) {
            *digit = word;
        }
        sum.beyond = words.get(DIGITS).copied().unwrap_or(0);
        sum
    }

    /// The sum as the f64 next to it, or the one beside that; infinite where a number was not finite.
    #[must_use]
    pub fn value(&self) -> f64 {
        if self.beyond != 0 {
            return f64::INFINITY;
        }
        let mut sum = self.clone();
        sum.carry();
        let is_negative = sum.digits[DIGITS - 1] < 0;
        if is_negative {
            sum.digits.iter_mut().for_each(|digit| *digit = -*digit);
            sum.carry();
        }
        let unit = |nth: usize| f64::from_bits(((BITS * nth as i32 + LOWEST + 1023) as u64) << 52);
        // From the largest on: what is added rounds the last bit at the most.
        let digits = sum.digits.iter().enumerate().rev();
        let value: f64 = digits.map(|(nth, &digit)| digit as f64 * unit(nth)).sum();
        if is_negative { -value } else { value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{self, Purpose};

    fn sum(values: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        sum.add_all(values.iter().copied());
        sum
    }

    #[test]
    fn what_cancels_leaves_the_rest() {
        assert_eq!(sum(&[1e30, 1.0, -1e30]).value(), 1.0);
        assert_eq!(sum(&[1e-30, 1e60, -1e60, 2e-30]).value(), 1e-30 + 2e-30);
        assert_eq!(sum(&[-0.1, -0.2]).value(), -0.1 - 0.2);
        assert_eq!(sum(&[]).value(), 0.0);
        assert_eq!(sum(&[-0.0, 0.0, f64::MIN_POSITIVE / 4.0]).value(), 0.0);
        let smallest = f64::from(f32::from_bits(1));
        assert_eq!(sum(&[smallest * smallest, -3.5]).value(), -3.5);
        assert_eq!(sum(&[smallest * smallest]).value(), smallest * smallest);
        let largest = f64::from(f32::MAX);
        assert_eq!(sum(&[largest * largest, largest * largest]).value(), 2.0 * largest * largest);
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            assert_eq!(sum(&[1.0, odd]).value(), f64::INFINITY);
        }
    }

    #[test]
    fn any_order_and_any_parts_give_the_same() {
        let mut rng = random::stream(3, Purpose::Data, 0);
        let mut draw =
            || (random::unit(&mut rng) - 0.4) * 10f64.powi(random::below(&mut rng, 40) as i32 - 20);
        let mut values: Vec<f64> = (0..3000).map(|_| draw()).collect();
        let whole = sum(&values);
        let plain: f64 = values.iter().sum();
        assert!((whole.value() - plain).abs() <= 1e-9 * plain.abs());
        for parts in [1, 2, 4, 7] {
            random::shuffle(&mut random::stream(parts, Purpose::Data, 1), &mut values);
            let mut total = vec![0; ExactSum::WORDS];
            for part in values.chunks(values.len().div_ceil(parts as usize)) {
                let mut words = Vec::new();
                sum(part).put(&mut words);
                total.iter_mut().zip(words).for_each(|(sum, word)| *sum += word);
            }
            assert_eq!(ExactSum::of(&total).value().to_bits(), whole.value().to_bits());
        }
    }
}
