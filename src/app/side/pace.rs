//! How fast a training goes, judged by its last seconds.

use std::collections::VecDeque;

/// How far back is looked.
const WINDOW_SECS: f64 = 5.0;
/// Below this span a pace is a guess.
const LEAST_SECS: f64 = 0.3;

/// Times at which steps were reached.
#[derive(Debug, Default)]
pub struct Pace {
    marks: VecDeque<(f64, u64)>,
}

impl Pace {
    /// Notes that `step` was reached by `now_secs`. A step before the last one starts afresh.
    pub fn note(&mut self, now_secs: f64, step: u64) {
        if self.marks.back().is_some_and(|&(_, last)| step < last) {
            self.marks.clear();
        }
        if self.marks.back().is_none_or(|&(at, last)| step > last || now_secs - at > WINDOW_SECS) {
            self.marks.push_back((now_secs, step));
        }
        while self.marks.len() > 2 && self.marks.front().is_some_and(|&(at, _)| now_secs - at > WINDOW_SECS) {
            self.marks.pop_front();
        }
    }

    /// Forgets everything: time that was spent waiting is not counted.
    pub fn clear(&mut self) {
        self.marks.clear();
    }

    /// Steps a second; `None` before that can be told.
    #[must_use]
    pub fn steps_per_sec(&self) -> Option<f64> {
        let (&(start, first), &(end, last)) = (self.marks.front()?, self.marks.back()?);
        let span = end - start;
        (span >= LEAST_SECS && last > first).then(|| (last - first) as f64 / span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_last_seconds() {
        let mut pace = Pace::default();
        assert_eq!(pace.steps_per_sec(), None);
        for tenth in 0..100_u32 {
            // 10 steps a second for 5 s, then 100 a second.
            let step = if tenth < 50 { tenth } else { 50 + (tenth - 50) * 10 };
            pace.note(f64::from(tenth) * 0.1, u64::from(step));
        }
        let rate = pace.steps_per_sec().unwrap();
        assert!((rate - 100.0).abs() < 5.0, "{rate}");
        pace.note(10.0, 3);
        assert_eq!(pace.steps_per_sec(), None, "another run has a pace of its own");
    }
}
