//! What rounding costs: distances in which large numbers cancel, and numbers that half precision does not hold.

use super::walk::LayerLook;
use super::{Check, Evidence, Findings, Patient, Severity, layer_says, layers_words};
use crate::text::{Phrase, msg, phrase};

/// More frames than this share with another code than the nearest cost something.
const WRONG: f64 = 1e-3;

/// As many under half precision are worth knowing.
const HALF_WRONG: f64 = 0.02;

/// The largest number in half precision.
const HALF_MOST: f64 = 65_504.0;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "cancellation",
        title: phrase!("check-cancellation"),
        needs: &[Evidence::Frames],
        why: phrase!("check-cancellation.why"),
        source: phrase!("check-cancellation.source"),
        look: cancellation,
    },
    Check {
        id: "misassigned",
        title: phrase!("check-misassigned"),
        needs: &[],
        why: phrase!("check-misassigned.why"),
        source: phrase!("check-misassigned.source"),
        look: misassigned,
    },
    Check {
        id: "half-precision",
        title: phrase!("check-half-precision"),
        needs: &[Evidence::Frames],
        why: phrase!("check-half-precision.why"),
        source: phrase!("check-half-precision.source"),
        look: half_precision,
    },
    Check {
        id: "half-overflow",
        title: phrase!("check-half-overflow"),
        needs: &[Evidence::Rows],
        why: phrase!("check-half-overflow.why"),
        source: phrase!("check-half-overflow.source"),
        look: half_overflow,
    },
];

fn cancellation(patient: &Patient<'_>, found: &mut Findings) {
    for look in patient.looks() {
        let (share, frames) = (look.wrong_as_upstream, look.frames);
        if share <= WRONG {
            continue;
        }
        let severity = if share > 0.01 { Severity::Severe } else { Severity::Warning };
        let layer = look.layer;
        found
            .add(
                severity,
                layer_says(
                    layer,
                    msg!("finding-cancellation", percent = format!("{:.2}", 100.0 * share), frames = frames,),
                ),
            )
            .of_layer(layer)
            .on(frames as u64)
            .measured(phrase!("measure-wrong-codes"), share, WRONG, Phrase::NONE)
            .remedy(phrase!("finding-cancellation.remedy"));
    }
}

fn half_precision(patient: &Patient<'_>, found: &mut Findings) {
    let share = |look: &LayerLook| look.wrong_in_half.unwrap_or(0.0);
    let wrong: Vec<&LayerLook> = patient.looks().iter().filter(|look| share(look) > HALF_WRONG).collect();
    let Some(worst) = wrong.iter().max_by(|a, b| share(a).total_cmp(&share(b))) else { return };
    let layers: Vec<usize> = wrong.iter().map(|look| look.layer).collect();
    let percent = format!("{:.1}", 100.0 * share(worst));
    let says = match &*layers {
        [only] => {
            layer_says(*only, msg!("finding-half-precision.one", percent = percent, frames = worst.frames))
        }
        _ => msg!(
            "finding-half-precision.layers",
            layers = layers_words(&layers),
            percent = percent,
            frames = worst.frames,
        ),
    };
    let finding = found.add(Severity::Note, says);
    finding
        .on(worst.frames as u64)
        .measured(phrase!("measure-wrong-codes"), share(worst), HALF_WRONG, Phrase::NONE)
        .remedy(phrase!("finding-half-precision.remedy"));
    finding.layers = layers;
}

fn misassigned(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, state) in patient.run.states.iter().enumerate() {
        let frames: u64 = state.batch_counts.iter().map(|&n| u64::from(n)).sum();
        let Some(wrong) = state.misassigned.filter(|&wrong| wrong > 0 && frames > 0) else { continue };
        found
            .add(
                Severity::Warning,
                layer_says(
                    layer,
                    msg!(
                        "finding-misassigned",
                        wrong = wrong,
                        frames = frames,
                        percent = format!("{:.2}", 100.0 * f64::from(wrong) / frames as f64),
                    ),
                ),
            )
            .of_layer(layer)
            .on(frames)
            .measured(phrase!("measure-wrong-codes"), f64::from(wrong), 0.0, phrase!("unit-frames"))
            .remedy(phrase!("finding-misassigned.remedy"))
            .change_word("assignment", "exact");
    }
}

fn half_overflow(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, book) in patient.codebooks() {
        let sums = book.embed_avg().iter().map(|v| v.abs()).fold(0.0, f64::max);
        let sizes = book.cluster_size().iter().copied().fold(0.0, f64::max);
        let rows = book.embed().iter().map(|v| f64::from(v.abs())).fold(0.0, f64::max);
        let most = sums.max(sizes).max(rows);
        if most <= HALF_MOST {
            continue;
        }
        let what = if rows == most {
            "embed"
        } else if sums == most {
            "embed_avg"
        } else {
            "cluster_size"
        };
        found
            .add(
                Severity::Note,
                layer_says(layer, msg!("finding-half-overflow", buffer = what, most = format!("{most:.0}"))),
            )
            .of_layer(layer)
            .measured(phrase!("measure-largest-number"), most, HALF_MOST, Phrase::NONE)
            .remedy(phrase!("finding-half-overflow.remedy"));
    }
}
