//! Takes of one rate on a device of another.

use std::ops::Range;
use std::sync::Arc;

use super::{SoundError, Takes};
use crate::audio::{resample, resampled_len};
use crate::task::{Cancel, Task};

/// The samples of a take.
type Take = Arc<[f32]>;

/// From samples of the takes to those of the device, and back.
#[derive(Debug)]
pub(super) struct Rates {
    takes_hz: u32,
    device_hz: u32,
    /// What was converted: each take as it came, and as the device plays it.
    known: Vec<(Take, Take)>,
}

impl Rates {
    pub(super) fn new(takes_hz: u32, device_hz: u32) -> Self {
        Self { takes_hz, device_hz, known: Vec::new() }
    }

    /// The takes as the device plays them. Those that it had before are not converted again.
    pub(super) fn convert(&mut self, takes: &Takes) -> Result<Takes, SoundError> {
        if self.takes_hz == self.device_hz || takes.sample_rate_hz != self.takes_hz {
            return Ok(takes.clone());
        }
        let (cancel, mut converted) = (Cancel::default(), Vec::with_capacity(takes.count()));
        for take in &takes.takes {
            let known = self.known.iter().find(|(of, _)| Arc::ptr_eq(of, take));
            let made = match known {
                Some((_, made)) => made.clone(),
                None => resample(take, self.takes_hz, self.device_hz, &Task::silent(&cancel))
                    .map_err(|err| SoundError::Takes(err.message()))?
                    .into(),
            };
            converted.push((take.clone(), made));
        }
        self.known = converted;
        Takes::new(self.known.iter().map(|(_, made)| made.clone()).collect(), self.device_hz)
    }

    /// A stretch of the takes, in samples of the device.
    pub(super) fn there(&self, stretch: &Range<usize>) -> Range<usize> {
        let there = |at| resampled_len(at, self.takes_hz, self.device_hz);
        there(stretch.start)..there(stretch.end)
    }

    /// A sample of the device, as one of the takes.
    pub(super) fn back(&self, at: usize) -> usize {
        resampled_len(at, self.device_hz, self.takes_hz)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_are_converted_once_and_places_go_there_and_back() {
        let tone = |len: usize| -> Take { (0..len).map(|n| (n as f32 * 0.1).sin()).collect() };
        let (first, second) = (tone(1600), tone(1600));
        let mut rates = Rates::new(16_000, 48_000);
        let one = rates.convert(&Takes::new(vec![first.clone()], 16_000).unwrap()).unwrap();
        assert_eq!((one.num_samples(), one.sample_rate_hz()), (4800, 48_000));
        let two = rates.convert(&Takes::new(vec![first.clone(), second], 16_000).unwrap()).unwrap();
        assert!(Arc::ptr_eq(&one.takes[0], &two.takes[0]), "what was converted is kept");
        assert_eq!(two.count(), 2);
        for n in 100..1500 {
            let (before, after) = (first[n], one.takes[0][3 * n]);
            assert!((before - after).abs() < 1e-3, "{n}: {before} {after}");
        }
        assert_eq!((rates.there(&(10..1600)), rates.back(30)), (30..4800, 10));
        let mut same = Rates::new(16_000, 16_000);
        let takes = same.convert(&Takes::new(vec![first.clone()], 16_000).unwrap()).unwrap();
        assert!(Arc::ptr_eq(&takes.takes[0], &first));
        assert_eq!((same.there(&(3..7)), same.back(5)), (3..7, 5));
    }

    #[test]
    fn rates_that_cannot_be_converted_are_a_sentence() {
        let mut rates = Rates::new(1, 48_000);
        let err = rates.convert(&Takes::new(vec![vec![0.5; 9].into()], 1).unwrap()).unwrap_err();
        assert!(matches!(err, SoundError::Takes(_)), "{err}");
    }
}
