//! Whether there are frames enough, and what they are.

use super::{Check, Evidence, Findings, Patient, Severity};
use crate::metrics::is_small_sample;
use crate::text::{Phrase, msg, phrase};

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
        let borne = super::codes_borne_by(train_frames);
        found
            .add(
                Severity::Warning,
                msg!("finding-more-codes-than-frames", codes = most_codes, frames = train_frames),
            )
            .on(train_frames as u64)
            .measured(phrase!("measure-codes"), most_codes as f64, train_frames as f64, phrase!("unit-codes"))
            .remedy(msg!("finding-more-codes-than-frames.remedy", codes = borne))
            .change("codebook_size", borne as f64);
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
        .add(Severity::Note, msg!("finding-few-frames", frames = patient.run.frames_words(split, frames)))
        .on(frames)
        .measured(phrase!("measure-frames"), frames as f64, 10.0 * most_codes as f64, phrase!("unit-frames"))
        .remedy(msg!(
            "finding-few-frames.remedy",
            codes = most_codes,
            wanted = 10 * most_codes,
            bears = bears
        ));
}

fn equal_frames(patient: &Patient<'_>, found: &mut Findings) {
    let Some((_, evaluation)) = patient.run.best_evaluation() else { return };
    if evaluation.signal_energy <= 0.0 {
        found.add(Severity::Severe, phrase!("finding-equal-frames.zero"))
    } else if evaluation.centred_energy <= 0.0 {
        found.add(Severity::Severe, phrase!("finding-equal-frames.same"))
    } else {
        return;
    }
    .on(evaluation.frames)
    .measured(phrase!("measure-variance"), evaluation.centred_energy, 0.0, Phrase::NONE);
}
