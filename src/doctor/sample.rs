//! Whether there are frames enough, and what they are.

use super::{Check, Evidence, Findings, Patient, Severity};
use crate::metrics::is_small_sample;
use crate::text::{Phrase, phrase};

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "more-codes-than-frames",
        title: phrase!("check-more-codes-than-frames"),
        needs: &[],
        why: phrase!("check-more-codes-than-frames.why"),
        source: phrase!("check-more-codes-than-frames.source"),
        look: more_codes_than_frames,
    },
    Check {
        id: "few-frames",
        title: phrase!("check-few-frames"),
        needs: &[Evidence::Counts],
        why: phrase!("check-few-frames.why"),
        source: phrase!("check-few-frames.source"),
        look: few_frames,
    },
    Check {
        id: "equal-frames",
        title: phrase!("check-equal-frames"),
        needs: &[Evidence::Counts],
        why: phrase!("check-equal-frames.why"),
        source: phrase!("check-equal-frames.source"),
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
            .measured(phrase!("measure-codes"), most_codes as f64, train_frames as f64, phrase!("unit-codes"))
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
        .measured(phrase!("measure-frames"), frames as f64, 10.0 * most_codes as f64, phrase!("unit-frames"))
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
    .measured(phrase!("measure-variance"), evaluation.centred_energy, 0.0, Phrase::NONE);
}
