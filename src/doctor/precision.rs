//! What rounding costs: distances in which large numbers cancel, and numbers that half precision does not hold.

use super::walk::LayerLook;
use super::{Check, Evidence, Findings, Patient, Severity, layers_words};
use crate::text::{Phrase, phrase};

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
                format!(
                    "Layer {}: PyTorch's x² - 2xe + e² in f32 gives {:.2} % of {frames} frames another code than the nearest, because what it is given is \
                     not centred",
                    layer + 1,
                    100.0 * share
                ),
            )
            .of_layer(layer)
            .on(frames as u64)
            .measured(phrase!("measure-wrong-codes"), share, WRONG, Phrase::NONE)
            .remedy("Subtract the mean of the frames before they are quantized");
    }
}

fn half_precision(patient: &Patient<'_>, found: &mut Findings) {
    let share = |look: &LayerLook| look.wrong_in_half.unwrap_or(0.0);
    let wrong: Vec<&LayerLook> = patient.looks().iter().filter(|look| share(look) > HALF_WRONG).collect();
    let Some(worst) = wrong.iter().max_by(|a, b| share(a).total_cmp(&share(b))) else { return };
    let layers: Vec<usize> = wrong.iter().map(|look| look.layer).collect();
    let up_to = if layers.len() > 1 { "up to " } else { "" };
    let finding = found.add(
        Severity::Note,
        format!(
            "{}: frames, rows and residuals in half precision give {up_to}{:.1} % of {} frames another code, however exactly distances are computed",
            layers_words(&layers),
            100.0 * share(worst),
            worst.frames
        ),
    );
    finding
        .on(worst.frames as u64)
        .measured(phrase!("measure-wrong-codes"), share(worst), HALF_WRONG, Phrase::NONE)
        .remedy("Quantize in single precision (disable autocast around the quantizer), or subtract the mean of the frames before");
    finding.layers = layers;
}

fn misassigned(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, state) in patient.run.states.iter().enumerate() {
        let frames: u64 = state.batch_counts.iter().map(|&n| u64::from(n)).sum();
        let Some(wrong) = state.misassigned.filter(|&wrong| wrong > 0 && frames > 0) else { continue };
        found
            .add(
                Severity::Warning,
                format!(
                    "Layer {}: in the last batch {wrong} of {frames} frames ({:.2} %) did not get their nearest code, because distances are computed as \
                     upstream does and the data are not centred",
                    layer + 1,
                    100.0 * f64::from(wrong) / frames as f64
                ),
            )
            .of_layer(layer)
            .on(frames)
            .measured(phrase!("measure-wrong-codes"), f64::from(wrong), 0.0, phrase!("unit-frames"))
            .remedy("Assign exactly, or centre the frames")
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
                format!("Layer {}: {what} holds {most:.0}, which half precision does not", layer + 1),
            )
            .of_layer(layer)
            .measured(phrase!("measure-largest-number"), most, HALF_MOST, Phrase::NONE)
            .remedy("Keep the quantizer's buffers in single precision");
    }
}
