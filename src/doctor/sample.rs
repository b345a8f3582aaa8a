//! Whether there are frames enough, and what they are.

use super::{Check, Evidence, Findings, Patient, Severity};
use crate::metrics::is_small_sample;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "more-codes-than-frames",
        title: "more codes than frames to train on",
        needs: &[],
        why: "A code needs a frame of its own at least; the others stay where they were put, and what is used knows its frames by heart.",
        source: "at most N of K codes are used by N frames",
        look: more_codes_than_frames,
    },
    Check {
        id: "few-frames",
        title: "too few frames to judge by",
        needs: &[Evidence::Counts],
        why: "Even evenly used codes are missed by chance: of K codes that N frames choose alike, (1 - 1/K)^N K are not chosen.",
        source: "10 frames a code; utilization and perplexity are biased down by about (K - 1) / 2N nats (Miller, 1955)",
        look: few_frames,
    },
    Check {
        id: "equal-frames",
        title: "frames that do not vary",
        needs: &[Evidence::Counts],
        why: "One code reproduces them, and no figure says anything of the quantizer.",
        source: "sum ||x - mean||² = 0",
        look: equal_frames,
    },
];

fn more_codes_than_frames(patient: &Patient<'_>, found: &mut Findings) {
    let train_frames = patient.run.source.train_frames;
    let most_codes = patient.codebooks().map(|(_, book)| book.num_codes()).max().unwrap_or(0);
    if train_frames > 0 && most_codes > train_frames {
        found
            .add(
                Severity::Warning,
                format!("There are more codes ({most_codes}) than frames to train on ({train_frames}): at most {train_frames} can be used"),
            )
            .on(train_frames as u64)
            .measured("codes", most_codes as f64, train_frames as f64, "codes")
            .remedy(format!("Use {} codes, or more frames", super::codes_borne_by(train_frames)))
            .change("codebook_size", super::codes_borne_by(train_frames) as f64);
    }
}

fn few_frames(patient: &Patient<'_>, found: &mut Findings) {
    let Some((split, evaluation)) = patient.run.best_evaluation() else { return };
    let most_codes = patient.codebooks().map(|(_, book)| book.num_codes()).max().unwrap_or(0);
    if !is_small_sample(evaluation.frames, most_codes) {
        return;
    }
    let frames = evaluation.frames;
    let bears = (frames / 10).max(1);
    found
        .add(
            Severity::Note,
            format!(
                "The {} are fewer than 10 a code: utilization and perplexity come out too low",
                patient.run.frames_words(split, frames)
            ),
        )
        .on(frames)
        .measured("frames", frames as f64, 10.0 * most_codes as f64, "frames")
        .remedy(format!("{most_codes} codes want {} frames; these bear {bears} codes", 10 * most_codes));
}

fn equal_frames(patient: &Patient<'_>, found: &mut Findings) {
    let Some((_, evaluation)) = patient.run.best_evaluation() else { return };
    if evaluation.signal_energy <= 0.0 {
        found
            .add(Severity::Severe, "The frames are all zero, so there is no signal-to-noise ratio".to_owned())
    } else if evaluation.centred_energy <= 0.0 {
        found.add(
            Severity::Severe,
            "All frames are the same: one code reproduces them, and there is no variance to explain"
                .to_owned(),
        )
    } else {
        return;
    }
    .on(evaluation.frames)
    .measured("variance", evaluation.centred_energy, 0.0, "");
}
