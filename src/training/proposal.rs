//! Batch, decay, steps and threshold that fit the data, each with its reason: what a user would otherwise find by trial.
//!
//! # Where the numbers come from
//! Held-out SNR in dB on features of speech, 12 634 frames x 64, 8 layers of 256 codes, a tenth held out:
//!
//! | rule | batch | steps | decay | held out | on training frames |
//! |---|---|---|---|---|---|
//! | rvqscope | 4096 | 1000 | 0.99 | 7.07 | 11.36 |
//! | | 4096 | 300 | 0.99 | 7.07 | 11.31 |
//! | | 4096 | 200 | 0.95 (proposed) | 7.06 | 11.29 |
//! | | 4096 | 100 | 0.99 | 7.07 | 11.23 |
//! | | 1024 | 4000 | 0.99 | 7.05 | 11.44 |
//! | | all | 200 | 0.9 | 7.01 | 11.52 |
//! | gpt-sovits | 4096 | 1000 | 0.99 | 6.97 | 10.55 |
//! | | 4096 | 800 | 0.988 (proposed) | 6.99 | 10.50 |
//! | lucidrains | 4096 | 1000 | 0.8, threshold 0 | 6.86 | 11.04 |
//! | | 4096 | 800 | 0.988, threshold 1.6 (proposed) | 6.98 | 10.94 |
//!
//! So the recommended rule, which starts where others arrive, is as good after a fifth of the steps; all frames in every step learn them by heart.

use crate::param::ParamValue;
use crate::rvq::RvqParams;
use crate::rvq::rules;
use crate::rvq::search::Search;
use crate::text::{Message, msg};

use super::course::PLATEAU_STEPS;
use super::short;

/// Frames that a code gets a step on average.
const FRAMES_A_CODE: usize = 16;

/// The smallest and the largest batch that is proposed.
const BATCHES: std::ops::RangeInclusive<usize> = 1024..=1 << 18;

/// Frames that a code gets over the whole training, where it starts from k-means of the layer's own residuals.
const SEEN_A_CODE: usize = 3200;

/// How many times as many where layers start on what moving rows leave over, or on few frames.
const SLOW_STARTS: usize = 4;

/// The fewest steps, and the most.
const STEPS: std::ops::RangeInclusive<usize> = 100..=5000;

/// Multiplications that a training takes at the most: minutes of a desktop processor.
const MOST_WORK: f64 = 4e13;

/// The share of the steps over which averages look back at the most.
const WINDOW_SHARE: f64 = 0.1;

/// Steps over which averages look back at least and at most.
const WINDOWS: std::ops::RangeInclusive<f64> = 5.0..=100.0;

/// The threshold, as a share of `N/K`, and what it may be before another is proposed.
const THRESHOLD: f64 = 0.1;
const THRESHOLDS: std::ops::RangeInclusive<f64> = 0.02..=0.25;

/// A parameter that would fit the data better, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    /// The parameter's key.
    pub key: &'static str,
    /// Its value.
    pub value: ParamValue,
    /// Why, in a sentence.
    pub why: Message,
}

/// What is known of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataSize {
    /// Frames to train on.
    pub train_frames: usize,
    /// Frames that are held out.
    pub held_out_frames: usize,
    /// Dimensions of a frame.
    pub dim: usize,
}

/// What would fit `data` better than `params` do; none of those that fit already.
#[must_use]
pub fn proposals(params: &RvqParams, data: DataSize) -> Vec<Proposed> {
    let DataSize { train_frames, held_out_frames, dim } = data;
    let codes = params.codebook_size.max(1);
    let batch = batch_for(codes, train_frames);
    let even = batch as f64 / codes as f64;
    let (steps, is_cut) = steps_for(params, batch, dim);
    let window = (steps as f64 * WINDOW_SHARE).clamp(*WINDOWS.start(), *WINDOWS.end()).round();
    let seen = steps as f64 * even;
    let passes = steps as f64 * batch as f64 / train_frames.max(1) as f64;
    let mut found = vec![
        Proposed {
            key: "batch_size",
            value: ParamValue::Int(batch as u64),
            why: if batch == train_frames {
                msg!("training-proposed-batch-all", frames = short(even))
            } else {
                msg!("training-proposed-batch", frames = short(even))
            },
        },
        Proposed {
            key: "steps",
            value: ParamValue::Int(steps),
            why: if is_cut {
                msg!("training-proposed-steps-cut", frames = short(seen), passes = short(passes))
            } else {
                msg!("training-proposed-steps", frames = short(seen), passes = short(passes))
            },
        },
        Proposed {
            key: "decay",
            value: ParamValue::Float(((1.0 - 1.0 / window) * 1000.0).round() / 1000.0),
            why: msg!("training-proposed-decay", steps = window.to_string()),
        },
    ];
    found.extend(threshold_for(params, batch, even));
    if held_out_frames > 0 && params.patience == 0 {
        let why = msg!("training-proposed-patience", steps = PLATEAU_STEPS);
        found.push(Proposed { key: "patience", value: ParamValue::Int(PLATEAU_STEPS), why });
    }
    found.retain(|proposed| !fits(params, proposed));
    found
}

/// `params` with what is proposed.
#[must_use]
pub fn with_proposals(params: &RvqParams, proposed: &[Proposed]) -> RvqParams {
    let mut params = *params;
    for spec in rules::rule(params.rule).params() {
        if let Some(Proposed { value, .. }) = proposed.iter().find(|one| one.key == spec.key) {
            (spec.write)(&mut params, *value);
        }
    }
    params
}

/// A power of two that gives each code enough frames, or all frames.
fn batch_for(codes: usize, train_frames: usize) -> usize {
    let wanted = codes.saturating_mul(FRAMES_A_CODE).next_power_of_two();
    wanted.clamp(*BATCHES.start(), *BATCHES.end()).min(train_frames.max(1))
}

/// The number of steps, and whether it was cut short for the time that they take.
fn steps_for(params: &RvqParams, batch: usize, dim: usize) -> (u64, bool) {
    let slow = if params.rule == rules::DEFAULT.id() { 1 } else { SLOW_STARTS };
    let seen = (SEEN_A_CODE * slow) as f64 * params.codebook_size as f64;
    let wanted = (seen / batch as f64).ceil().clamp(*STEPS.start() as f64, *STEPS.end() as f64);
    let searched = batch as f64 * Search::of_width(params.search).width() as f64;
    let work = searched * params.codebook_size as f64 * dim.max(1) as f64 * params.num_layers as f64;
    let affordable = (MOST_WORK / work).max(*STEPS.start() as f64);
    (two_digits(wanted.min(affordable)) as u64, wanted > affordable)
}

/// A positive number to two digits, whole from 10 on: none of these is exact.
fn two_digits(value: f64) -> f64 {
    let places = 1 - value.log10().floor() as i32;
    let scale = 10_f64.powi(places.abs());
    // Divided by a whole number, so that 0.1 is 0.1.
    if places >= 0 { (value * scale).round() / scale } else { (value / scale).round() * scale }
}

/// A threshold that neither spares what is hardly used nor declares half of the codes dead, in the rule's own unit.
fn threshold_for(params: &RvqParams, batch: usize, even: f64) -> Option<Proposed> {
    let rule = rules::rule(params.rule);
    let sizes = ndarray::Array1::from_elem(params.codebook_size.clamp(1, 65_536), even);
    let unit = RvqParams { threshold_ema_dead_code: 1.0, ..*params };
    let in_frames = |params: &RvqParams| rule.threshold_frames(params, batch, &sizes) / even;
    if THRESHOLDS.contains(&in_frames(params)) {
        return None;
    }
    let value = two_digits(THRESHOLD / in_frames(&unit));
    let why = msg!("training-proposed-threshold", share = short(THRESHOLD), frames = short(even));
    value.is_finite().then_some(Proposed {
        key: "threshold_ema_dead_code",
        value: ParamValue::Float(value),
        why,
    })
}

/// Whether `params` are near enough to what is proposed: within a factor of two, or, for the decay, a window within it.
fn fits(params: &RvqParams, proposed: &Proposed) -> bool {
    let near = |has: f64, wanted: f64| (0.5..=2.0).contains(&(has / wanted));
    match (proposed.key, proposed.value) {
        ("batch_size", ParamValue::Int(batch)) => near(params.batch_size as f64, batch as f64),
        ("steps", ParamValue::Int(steps)) => near(params.steps as f64, steps as f64),
        ("decay", ParamValue::Float(decay)) => near(params.ema_window_steps(), 1.0 / (1.0 - decay)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(params: &RvqParams, train_frames: usize) -> Vec<Proposed> {
        proposals(params, DataSize { train_frames, held_out_frames: train_frames / 9, dim: 64 })
    }

    fn taken(params: &RvqParams, train_frames: usize) -> RvqParams {
        with_proposals(params, &of(params, train_frames))
    }

    #[test]
    fn what_was_taken_is_not_proposed_again_whatever_the_rule_and_the_data() {
        for rule in rules::RULES {
            for codes in [1, 2, 37, 256, 1024, 65_536] {
                for frames in [1, 10, 999, 12_079, 5_000_000] {
                    let params = RvqParams { codebook_size: codes, ..rule.defaults() };
                    let fitted = taken(&params, frames);
                    let again = of(&fitted, frames);
                    assert_eq!(again, [], "{} {codes} {frames}", rule.id());
                    assert!(fitted.validate().is_ok(), "{fitted:?}");
                    assert!(fitted.batch_size <= frames.max(params.batch_size), "{fitted:?}");
                }
            }
        }
    }

    #[test]
    fn a_code_gets_enough_frames_and_all_of_few() {
        let params = RvqParams { codebook_size: 1024, ..RvqParams::lineage("gpt-sovits") };
        let fitted = taken(&params, 1_000_000);
        assert_eq!(fitted.batch_size, 16_384);
        // 2 frames of the 4 that a code gets at the default batch are too many; of 16 they are not.
        assert_eq!(fitted.threshold_ema_dead_code, 2.0);
        assert!((fitted.steps as f64 * 16.0) >= 12_000.0, "{fitted:?}");
        let few = taken(&params, 700);
        assert_eq!(few.batch_size, 700);
        assert!(few.threshold_ema_dead_code < 0.25, "{few:?}");
        assert!(few.ema_window_steps() <= few.steps as f64 / 5.0, "{few:?}");
    }

    #[test]
    fn a_training_that_would_take_hours_is_cut_short_and_says_so() {
        let params = RvqParams { codebook_size: 65_536, num_layers: 32, ..RvqParams::default() };
        let found = proposals(&params, DataSize { train_frames: 1 << 30, held_out_frames: 0, dim: 1024 });
        let steps = found.iter().find(|one| one.key == "steps").unwrap();
        assert!(
            steps.why.english().ends_with("more would take too long") && steps.value == ParamValue::Int(100),
            "{steps:?}"
        );
        assert!(found.iter().all(|one| one.key != "patience"), "nothing is held out that could stand still");
        let params = RvqParams { codebook_size: 1024, num_layers: 8, ..RvqParams::default() };
        let data = DataSize { train_frames: 1 << 24, held_out_frames: 0, dim: 256 };
        let steps = |search| with_proposals(&params, &proposals(&RvqParams { search, ..params }, data)).steps;
        assert!(steps(16) < steps(1), "every path takes its time");
    }

    #[test]
    fn the_threshold_is_in_the_unit_of_its_rule() {
        for rule in rules::RULES {
            let params = RvqParams { threshold_ema_dead_code: 0.0, ..rule.defaults() };
            let fitted = taken(&params, 100_000);
            let sizes = ndarray::Array1::from_elem(1024, 16.0);
            let frames = rule.threshold_frames(&fitted, 16_384, &sizes);
            assert!((1.5..=1.7).contains(&frames), "{}: {frames}", rule.id());
        }
    }
}
