//! How numbers that are not negative are spread: what a histogram of them needs, in little room.

use serde::{Deserialize, Serialize};

/// Buckets widen by this factor: sizes and counts of codes are spread over decades.
const BUCKET_RATIO: f64 = 1.2;
/// Where they begin; what is smaller counts as 0.
const SMALLEST: f64 = 1e-6;

/// Numbers that are not negative, counted in buckets that widen, the first for 0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// The smallest; 0 where there is none.
    pub least: f64,
    /// The largest.
    pub most: f64,
    /// How many there are.
    pub len: u64,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub squares: f64,
    /// Each bucket that holds some, from the lowest, with how many it holds.
    pub buckets: Vec<(u32, u64)>,
}

impl Histogram {
    /// Of `values`; what is not finite is left out.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut found = Self { least: f64::INFINITY, ..Self::default() };
        let mut counts: Vec<u64> = Vec::new();
        for value in values.into_iter().filter(|value| value.is_finite()) {
            (found.least, found.most) = (found.least.min(value), found.most.max(value));
            (found.sum, found.squares) = (found.sum + value, found.squares + value * value);
            let bucket = bucket_of(value);
            counts.resize(counts.len().max(bucket + 1), 0);
            counts[bucket] += 1;
        }
        found.len = counts.iter().sum();
        if found.len == 0 {
            found.least = 0.0;
        }
        let held = counts.iter().enumerate().filter(|&(_, &count)| count > 0);
        found.buckets = held.map(|(bucket, &count)| (bucket as u32, count)).collect();
        found
    }

    /// The upper limits of all buckets from the lowest to the highest that holds some, and what each holds; the bucket for 0 alone where there is none.
    #[must_use]
    pub fn bars(&self) -> (Vec<f64>, Vec<f64>) {
        let ends = self.buckets.first().zip(self.buckets.last());
        let (first, last) = ends.map_or((0, 0), |(first, last)| (first.0, last.0));
        let mut counts = vec![0.0; (last - first) as usize + 1];
        for &(bucket, count) in &self.buckets {
            counts[(bucket - first) as usize] = count as f64;
        }
        ((first..=last).map(limit_of).collect(), counts)
    }
}

/// The bucket of a value: the first whose limit is not below it.
fn bucket_of(value: f64) -> usize {
    if value <= SMALLEST {
        return 0;
    }
    // A limit itself may be rounded to either side, which puts a value at it into the bucket beside.
    // The logarithms are taken apart, since the quotient of the largest numbers would be infinite, and the bucket with it.
    ((value.ln() - SMALLEST.ln()) / BUCKET_RATIO.ln()).ceil() as usize
}

/// The upper limit of a bucket.
fn limit_of(bucket: u32) -> f64 {
    SMALLEST * BUCKET_RATIO.powi(i32::try_from(bucket).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_below_the_limit_of_its_bucket_and_above_that_of_the_one_before() {
        for value in [1e-5, 0.1, 1.0, 3.0, 1024.0, 1e9, f64::from(f32::MAX)] {
            let bucket = bucket_of(value) as u32;
            assert!(value <= limit_of(bucket) * (1.0 + 1e-9), "{value}");
            assert!(value >= limit_of(bucket - 1) * (1.0 - 1e-9), "{value}");
        }
        assert_eq!([bucket_of(0.0), bucket_of(-1.0), bucket_of(SMALLEST)], [0; 3]);
        assert!(bucket_of(f64::MAX) < 5000);
    }

    #[test]
    fn it_begins_at_the_smallest_value_and_forgets_none() {
        let empty = Histogram::of([]);
        assert_eq!((empty.clone(), empty.least), (Histogram::of([f64::NAN, f64::INFINITY]), 0.0));
        assert_eq!(empty.bars(), (vec![SMALLEST], vec![0.0]));
        let found = Histogram::of([7.0, 7.0, 1.0]);
        assert_eq!((found.len, found.least, found.most, found.sum, found.squares), (3, 1.0, 7.0, 15.0, 99.0));
        let (limits, counts) = found.bars();
        assert_eq!((counts[0], counts[counts.len() - 1], counts.iter().sum::<f64>()), (1.0, 2.0, 3.0));
        assert!(limits.len() == counts.len() && limits[0] >= 1.0 && limits.is_sorted());
    }
}
