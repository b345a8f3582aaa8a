//! How long a run has been trained.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// The time that a run took: when it was made, and for how long it was trained, without its pauses and without what it waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Seconds since 1970 at which it was made; 0 where nobody knows.
    #[serde(default)]
    pub made: u64,
    /// Milliseconds that lie behind it.
    #[serde(default)]
    spent_ms: u64,
    #[serde(skip)]
    since: Option<Instant>,
}

impl Clock {
    /// Of a run that is made now.
    pub(super) fn new() -> Self {
        let made = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self { made, spent_ms: 0, since: None }
    }

    /// Lets it run, or halts it.
    pub(super) fn run(&mut self, is_running: bool) {
        match (is_running, self.since) {
            (true, None) => self.since = Some(Instant::now()),
            (false, Some(_)) => (self.spent_ms, self.since) = (self.millis(), None),
            _ => {}
        }
    }

    /// How long the run was trained so far; nothing where it never was.
    #[must_use]
    pub fn trained_for(&self) -> Option<Duration> {
        let millis = self.millis();
        (millis > 0 || self.since.is_some()).then(|| Duration::from_millis(millis))
    }

    /// The same clock, halted: what is written of it.
    pub(super) fn halted(&self) -> Self {
        Self { spent_ms: self.millis(), since: None, ..*self }
    }

    fn millis(&self) -> u64 {
        let running = self.since.map_or(0, |since| since.elapsed().as_millis() as u64);
        self.spent_ms.saturating_add(running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_takes_no_time_and_what_is_written_comes_back() {
        let mut clock = Clock::new();
        assert_eq!(clock.trained_for(), None, "a loaded model was never trained here");
        clock.run(true);
        clock.since = Instant::now().checked_sub(Duration::from_secs(3));
        clock.run(true);
        clock.run(false);
        clock.run(false);
        let spent = clock.trained_for().unwrap();
        assert!(spent >= Duration::from_secs(3) && spent < Duration::from_secs(60), "{spent:?}");
        assert_eq!(clock.trained_for(), Some(spent), "it is halted");
        let written = serde_json::to_string(&clock.halted()).unwrap();
        let read: Clock = serde_json::from_str(&written).unwrap();
        assert_eq!(read, clock);
    }
}
