//! Whether the averages have had the time that they need.

use super::{Check, Evidence, Findings, Patient, Severity, layers_words};
use crate::metrics::convergence;
use crate::training::Motion;

/// A run should be this many windows of its averages long.
const WINDOWS: f64 = 3.0;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "decay-too-slow",
        title: "averages that look back farther than the run is long",
        needs: &[Evidence::Parameters],
        why: "The averages still hold the start, and dead codes have had no time to expire.",
        source: "steps below 3 / (1 - d)",
        look: decay_too_slow,
    },
    Check {
        id: "still-moving",
        title: "layers that have not settled",
        needs: &[Evidence::Parameters, Evidence::History],
        why: "More steps would still change the codes.",
        source: "the median drift over three EMA half-lives is not steady, or above 0.1 of the rows' length",
        look: still_moving,
    },
];

fn decay_too_slow(patient: &Patient<'_>, found: &mut Findings) {
    let (steps, params) = (patient.run.steps, &patient.run.params);
    if patient.run.states.is_empty() || steps == 0 {
        return;
    }
    let needed = WINDOWS * convergence::ema_window_steps(params.decay);
    if steps as f64 >= needed {
        return;
    }
    found
        .add(
            Severity::Note,
            format!(
                "{steps} steps are fewer than three windows of averages that decay by {} ({needed:.0} steps)",
                params.decay
            ),
        )
        .measured("steps", steps as f64, needed, "steps")
        .remedy(format!(
            "Train for {needed:.0} steps, or lower the decay to {:.3}",
            (1.0 - WINDOWS / steps as f64).max(0.5)
        ))
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
    let finding = found.add(
        Severity::Note,
        format!(
            "{} still {}, by up to {:.2} % of their rows' length a step",
            layers_words(&layers),
            if layers.len() == 1 { "moves" } else { "move" },
            100.0 * most
        ),
    );
    finding.measured("drift", most, 0.0, "of the length a step").remedy("Train on");
    finding.layers = layers;
}
