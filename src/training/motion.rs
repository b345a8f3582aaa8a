//! Whether a layer's codebook has settled, told from how far it moved in each step.

use super::{History, Series};
use crate::text::{Message, msg};

/// What the drift of a layer says.
///
/// Drift never ends: batches differ, and each moves the averages. What can end is its fall. The steps are looked at in windows of one EMA half-life,
/// `ln 0.5 / ln d` steps and at least 20, from the last step backwards, each by the median of its drift. A layer has settled when the drift of the
/// last window is at most a tenth of the codebook's length a step, and that of the two windows before lies within a factor 1.25 of it; it has been so
/// since the first step of the earliest window from which on all do. Replaced rows are not counted in the drift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Motion {
    /// The drift stays where it is.
    Settled {
        /// From this step on.
        since: u64,
    },
    /// The drift still changes, or is large.
    Moving {
        /// Its median over the last window.
        drift: f64,
    },
    /// There are too few steps to tell.
    TooShort {
        /// Steps with a drift.
        steps: usize,
        /// Steps that are needed.
        needed: usize,
    },
}

/// Windows that must agree.
const AGREEING: usize = 3;

/// Within this factor two windows agree: a tenth of a decade.
const FACTOR: f64 = 1.25;

/// A codebook that moves by more of its length than this in each step is not settled, however evenly it does.
const LARGEST_DRIFT: f64 = 0.1;

/// Medians of fewer steps are noise.
const SHORTEST_WINDOW: f64 = 20.0;

impl Motion {
    /// Of layer `layer_idx`, whose averages decay by `decay` a step. `None` where there is no step at all, as for a loaded model.
    #[must_use]
    pub fn of(history: &History, layer_idx: usize, decay: f64) -> Option<Self> {
        if history.is_empty() {
            return None;
        }
        let drift = history.series(layer_idx, Series::Drift);
        Some(Self::of_drift(history.steps().iter().copied().zip(drift.iter().copied()), decay))
    }

    /// Of the drift in each step; a step that left the layer out has none that is finite.
    #[must_use]
    pub fn of_drift(steps: impl Iterator<Item = (u64, f64)>, decay: f64) -> Self {
        let known: Vec<(u64, f64)> = steps.filter(|(_, drift)| drift.is_finite()).collect();
        let len =
            crate::metrics::convergence::ema_half_life_steps(decay).max(SHORTEST_WINDOW).ceil() as usize;
        let needed = AGREEING.saturating_mul(len);
        if known.len() < needed {
            return Self::TooShort { steps: known.len(), needed };
        }
        let windows: Vec<(u64, f64)> = known
            .rchunks_exact(len)
            .map(|window| (window.first().map_or(0, |first| first.0), median(window)))
            .collect();
        let last = windows.first().map_or(0.0, |window| window.1);
        let agrees = |&&(_, drift): &&(u64, f64)| drift <= last * FACTOR && last <= drift * FACTOR;
        let agreeing = windows.iter().take_while(agrees).count();
        match windows.get(agreeing.saturating_sub(1)) {
            Some(&(since, _)) if agreeing >= AGREEING && last <= LARGEST_DRIFT => Self::Settled { since },
            _ => Self::Moving { drift: last },
        }
    }

    /// What is said of it, in a sentence.
    #[must_use]
    pub fn words(self) -> Message {
        match self {
            Self::Settled { since } => msg!("training-settled", step = since),
            Self::Moving { drift } => msg!("training-moving", percent = share(drift)),
            Self::TooShort { steps, needed } => {
                msg!("training-too-few-steps", steps = steps, needed = needed)
            }
        }
    }
}

fn median(window: &[(u64, f64)]) -> f64 {
    let mut drifts: Vec<f64> = window.iter().map(|&(_, drift)| drift).collect();
    drifts.sort_unstable_by(f64::total_cmp);
    drifts.get(drifts.len() / 2).copied().unwrap_or(0.0)
}

/// A share in per cent, with two digits that count.
fn share(value: f64) -> String {
    let percent = value * 100.0;
    let digits = if percent > 0.0 { (1.0 - percent.log10().floor()).clamp(0.0, 6.0) as usize } else { 0 };
    format!("{percent:.digits$} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A drift that falls from `from` to `floor` with a time constant of `tau` steps, and wavers by a tenth.
    fn falling(steps: u64, from: f64, floor: f64, tau: f64) -> Vec<(u64, f64)> {
        let waver = |step: u64| 1.0 + 0.1 * (step as f64 * 1.7).sin();
        (1..=steps).map(|step| (step, (from * (-(step as f64) / tau).exp() + floor) * waver(step))).collect()
    }

    #[test]
    fn a_drift_that_came_to_its_floor_has_settled() {
        let found = Motion::of_drift(falling(2000, 0.1, 4e-4, 50.0).into_iter(), 0.99);
        // The fall is within a factor 1.25 of the floor from 50 ln(0.1 / (0.25 * 4e-4)) = 345 steps on.
        let Motion::Settled { since } = found else { panic!("{found:?}") };
        assert!((260..=420).contains(&since), "{since}");
        assert_eq!(Motion::Settled { since: 345 }.words().english(), "Settled since step 345");
    }

    #[test]
    fn a_drift_that_falls_still_moves() {
        let found = Motion::of_drift(falling(600, 0.1, 1e-6, 200.0).into_iter(), 0.99);
        assert!(matches!(found, Motion::Moving { .. }), "{found:?}");
        assert_eq!(Motion::Moving { drift: 0.0012 }.words().english(), "Still moving, by 0.12 % a step");
    }

    #[test]
    fn a_drift_that_rises_again_moves_again() {
        let mut steps = falling(2000, 0.1, 4e-4, 50.0);
        steps.iter_mut().skip(1950).for_each(|(_, drift)| *drift *= 4.0);
        assert!(matches!(Motion::of_drift(steps.into_iter(), 0.99), Motion::Moving { .. }));
    }

    #[test]
    fn an_even_drift_of_most_of_the_codebook_is_no_rest() {
        // What replacement by the current GPT-SoVITS rule looks like.
        let steps = (1..=1000).map(|step| (step, 0.68));
        assert!(matches!(Motion::of_drift(steps, 0.99), Motion::Moving { .. }));
    }

    #[test]
    fn a_codebook_that_does_not_move_has_settled() {
        assert_eq!(Motion::of_drift((1..=210).map(|step| (step, 0.0)), 0.99), Motion::Settled { since: 4 });
    }

    #[test]
    fn few_steps_tell_nothing() {
        let found = Motion::of_drift(falling(206, 0.1, 1e-4, 5.0).into_iter(), 0.99);
        assert_eq!(found, Motion::TooShort { steps: 206, needed: 207 });
        assert_eq!(Motion::of(&History::default(), 0, 0.99), None);
        // Steps that leave the layer out do not count.
        let half = (1..=400).map(|step| (step, if step % 2 == 0 { f64::NAN } else { 0.01 }));
        assert_eq!(Motion::of_drift(half, 0.99), Motion::TooShort { steps: 200, needed: 207 });
        assert_eq!(Motion::of_drift((1..=60).map(|step| (step, 0.01)), 0.0), Motion::Settled { since: 1 });
    }
}
