//! Whether the averages have had the time that they need.

use super::{Check, Evidence, Findings, Patient, Severity, layers_words};
use crate::metrics::convergence;
use crate::text::{msg, phrase};
use crate::training::{History, Motion, Series};

/// A run should be this many windows of its averages long.
const WINDOWS: f64 = 3.0;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "decay-too-slow",
        title: phrase!("check-decay-too-slow"),
        needs: &[Evidence::Parameters],
        why: phrase!("check-decay-too-slow.why"),
        source: phrase!("check-decay-too-slow.source"),
        look: decay_too_slow,
    },
    Check {
        id: "still-moving",
        title: phrase!("check-still-moving"),
        needs: &[Evidence::Parameters, Evidence::History],
        why: phrase!("check-still-moving.why"),
        source: phrase!("check-still-moving.source"),
        look: still_moving,
    },
    Check {
        id: "settled-long-ago",
        title: phrase!("check-settled-long-ago"),
        needs: &[Evidence::Parameters, Evidence::History],
        why: phrase!("check-settled-long-ago.why"),
        source: phrase!("check-settled-long-ago.source"),
        look: settled_long_ago,
    },
];

/// A run that had settled before this share of its steps was longer than it needed to be.
const EARLY: f64 = 1.0 / 3.0;

/// An error that has fallen by more than this was worth the steps.
const GAINED: f64 = 0.01;

/// What is left of the mean squared error of a batch behind the last layer, from step `since` to the end: medians over a half-life, and 20 steps at
/// least.
fn error_left(history: &History, since: u64, half_life: f64) -> Option<f64> {
    let layers = history.num_layers();
    let series = history.series(layers.checked_sub(1)?, Series::Mse);
    let steps = history.steps();
    let window = half_life.max(20.0) as usize;
    let median = |values: &[f64]| {
        let mut values: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    let from = steps.iter().position(|&step| step >= since)?;
    let at_rest = median(series.get(from..(from + window).min(series.len()))?)?;
    let at_end = median(series.get(series.len().saturating_sub(window)..)?)?;
    (at_rest > 0.0).then(|| at_end / at_rest)
}

/// So many half-lives behind the rest are no accident.
const HALF_LIVES: f64 = 10.0;

fn settled_long_ago(patient: &Patient<'_>, found: &mut Findings) {
    let (Some(history), steps) = (patient.history, patient.run.steps as f64) else { return };
    let since = |layer| match Motion::of(history, layer, patient.run.params.decay) {
        Some(Motion::Settled { since }) => Some(since as f64),
        _ => None,
    };
    let settled: Option<Vec<f64>> = (0..patient.run.rvq.num_layers()).map(since).collect();
    let Some(last) = settled.and_then(|settled| settled.into_iter().reduce(f64::max)) else { return };
    let half_life = convergence::ema_half_life_steps(patient.run.params.decay).max(1.0);
    if last >= EARLY * steps || steps - last < HALF_LIVES * half_life {
        return;
    }
    if error_left(history, last as u64, half_life).is_some_and(|left| left < 1.0 - GAINED) {
        return;
    }
    // Three half-lives at rest are what it takes to see that it has settled.
    let enough = (last + 3.0 * half_life.max(20.0)).ceil();
    let text =
        msg!("check-settled-long-ago.found", step = format!("{last:.0}"), steps = format!("{steps:.0}"));
    found
        .add(Severity::Note, text)
        .measured(phrase!("measure-settled-at"), last, EARLY * steps, phrase!("unit-steps"))
        .remedy(msg!("check-settled-long-ago.remedy", steps = format!("{enough:.0}")))
        .change("steps", enough);
}

fn decay_too_slow(patient: &Patient<'_>, found: &mut Findings) {
    let (steps, params) = (patient.run.steps, &patient.run.params);
    if patient.run.states.is_empty() || steps == 0 {
        return;
    }
    let needed = WINDOWS * convergence::ema_window_steps(params.decay);
    if steps as f64 >= needed {
        return;
    }
    let decay = format!("{:.3}", (1.0 - WINDOWS / steps as f64).max(0.5));
    let text = msg!(
        "check-decay-too-slow.found",
        steps = steps,
        decay = params.decay.to_string(),
        needed = format!("{needed:.0}")
    );
    found
        .add(Severity::Note, text)
        .measured(phrase!("measure-steps"), steps as f64, needed, phrase!("unit-steps"))
        .remedy(msg!("check-decay-too-slow.remedy", needed = format!("{needed:.0}"), decay = decay))
        .change("steps", needed.ceil());
}

fn still_moving(patient: &Patient<'_>, found: &mut Findings) {
    let Some(history) = patient.history else { return };
    let motion = |layer| Motion::of(history, layer, patient.run.params.decay);
    let moving = |layer: usize| match motion(layer) {
        Some(Motion::Moving { drift }) => Some((layer, drift)),
        _ => None,
    };
    let moving: Vec<(usize, f64)> = (0..patient.run.rvq.num_layers()).filter_map(moving).collect();
    let Some(most) = moving.iter().map(|&(_, drift)| drift).reduce(f64::max) else { return };
    let layers: Vec<usize> = moving.iter().map(|&(layer, _)| layer).collect();
    let (words, percent) = (layers_words(&layers), format!("{:.2}", 100.0 * most));
    let text = if layers.len() == 1 {
        msg!("check-still-moving.found-one", layers = words, percent = percent)
    } else {
        msg!("check-still-moving.found", layers = words, percent = percent)
    };
    let finding = found.add(Severity::Note, text);
    finding
        .measured(phrase!("measure-drift"), most, 0.0, phrase!("unit-of-the-length-a-step"))
        .remedy(msg!("check-still-moving.remedy"));
    finding.layers = layers;
}
