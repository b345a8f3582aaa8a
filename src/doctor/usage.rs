//! Which codes carry the load, and what each layer adds.

use super::{Check, Evidence, Findings, Patient, Severity, layer_says, layers_say, remedies, replacement};
use crate::metrics::{buffers, distortion, is_small_sample, usage};
use crate::text::{Message, Phrase, msg, phrase};
use crate::training::{Run, SplitKind, ThresholdStanding};

/// A perplexity below this share of K is a collapse, whatever the counts say.
const COLLAPSED: f64 = 0.1;

/// More dead codes than this share of K stand out.
const MANY_DEAD: f64 = 0.1;

/// Fewer frames of a code have an error by chance.
const CODE_FRAMES: u64 = 30;

/// A bit that brings less than this share of what a bit can bring is hardly worth it.
const WORTH: f64 = 0.25;

/// The share of the error that one code may have, and how many times its share of the frames.
const ERROR_SHARE: f64 = 0.05;
const ERROR_TIMES: f64 = 5.0;

/// A layer that adds less than this is hardly worth its bits.
const SMALL_GAIN_DB: f64 = 0.1;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "unused-codes",
        title: phrase!("check-unused-codes"),
        needs: &[Evidence::Counts],
        why: phrase!("check-unused-codes.why"),
        source: phrase!("check-unused-codes.source"),
        look: unused_codes,
    },
    Check {
        id: "dead-codes",
        title: phrase!("check-dead-codes"),
        needs: &[Evidence::Sizes],
        why: phrase!("check-dead-codes.why"),
        source: phrase!("check-dead-codes.source"),
        look: dead_codes,
    },
    Check {
        id: "collapse",
        title: phrase!("check-collapse"),
        needs: &[],
        why: phrase!("check-collapse.why"),
        source: phrase!("check-collapse.source"),
        look: collapse,
    },
    Check {
        id: "overloaded-codes",
        title: phrase!("check-overloaded-codes"),
        needs: &[Evidence::Counts],
        why: phrase!("check-overloaded-codes.why"),
        source: phrase!("check-overloaded-codes.source"),
        look: overloaded,
    },
    Check {
        id: "idle-layer",
        title: phrase!("check-idle-layer"),
        needs: &[Evidence::Counts],
        why: phrase!("check-idle-layer.why"),
        source: phrase!("check-idle-layer.source"),
        look: idle_layer,
    },
    Check {
        id: "gain-stops",
        title: phrase!("check-gain-stops"),
        needs: &[Evidence::Counts],
        why: phrase!("check-gain-stops.why"),
        source: phrase!("check-gain-stops.source"),
        look: gain_stops,
    },
];

fn unused_codes(patient: &Patient<'_>, found: &mut Findings) {
    for layer in 0..patient.run.rvq.num_layers() {
        let Some((counts, words)) = counts_of_all(patient.run, layer) else { continue };
        let (num_codes, used, frames) = (counts.len(), usage::used(&counts), usage::frames(&counts));
        if is_small_sample(frames, num_codes) || used * 2 >= num_codes {
            continue;
        }
        let codes: Vec<usize> = (0..num_codes).filter(|&code| counts[code] == 0).collect();
        let says = msg!("check-unused-codes.found", used = used, codes = num_codes, frames = words);
        let finding = found.add(Severity::Severe, layer_says(layer, says));
        finding.of_layer(layer).of_codes(&codes).on(frames).measured(
            phrase!("measure-codes-used"),
            used as f64,
            num_codes as f64 / 2.0,
            phrase!("unit-codes"),
        );
        remedies::of_unused(finding, patient.run, layer, used);
    }
}

fn dead_codes(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, _, sizes, total) in patient.with_sizes() {
        let standing = ThresholdStanding::of(patient.run, layer);
        let limit = standing.judged_by();
        // A threshold above what an even code gets is told of by itself.
        if limit <= 0.0 || (standing.is_too_high && standing.is_known) || total <= 0.0 {
            continue;
        }
        let codes = replacement::below(sizes, limit);
        let share = codes.len() as f64 / sizes.len() as f64;
        if share <= MANY_DEAD {
            continue;
        }
        let severity = if share > 0.5 { Severity::Severe } else { Severity::Warning };
        let says = msg!(
            "check-dead-codes.found",
            dead = codes.len(),
            codes = sizes.len(),
            limit = format!("{limit:.3}"),
            even = format!("{:.3}", total / sizes.len() as f64)
        );
        let finding = found.add(severity, layer_says(layer, says));
        finding.of_layer(layer).of_codes(&codes).measured(
            phrase!("measure-dead-codes"),
            share,
            MANY_DEAD,
            Phrase::NONE,
        );
        remedies::of_unused(finding, patient.run, layer, sizes.len() - codes.len());
    }
}

fn collapse(patient: &Patient<'_>, found: &mut Findings) {
    for layer in 0..patient.run.rvq.num_layers() {
        let by_sizes = || {
            let (.., sizes, _) = patient.with_sizes().find(|of| of.0 == layer)?;
            let used = buffers::ema_used(sizes, patient.run.params.decay);
            Some((buffers::ema_perplexity(sizes)?, sizes.len(), None, used))
        };
        let by_counts = || {
            let (counts, words) = counts_of_all(patient.run, layer)?;
            let is_few = is_small_sample(usage::frames(&counts), counts.len());
            let used = usage::used(&counts);
            (!is_few).then_some((usage::perplexity(&counts)?, counts.len(), Some(words), used))
        };
        let is_collapsed = |&(perplexity, all, ..): &(f64, usize, Option<Message>, usize)| {
            all >= 16 && perplexity < COLLAPSED * all as f64
        };
        let Some((perplexity, all, frames, used)) =
            by_counts().filter(is_collapsed).or_else(|| by_sizes().filter(is_collapsed))
        else {
            continue;
        };
        let said = format!("{perplexity:.1}");
        let says = match frames {
            Some(frames) => msg!("check-collapse.found", perplexity = said, codes = all, frames = frames),
            None => msg!("check-collapse.found-ema", perplexity = said, codes = all),
        };
        let finding = found.add(Severity::Severe, layer_says(layer, says));
        finding.of_layer(layer).measured(
            phrase!("measure-perplexity"),
            perplexity,
            COLLAPSED * all as f64,
            phrase!("unit-codes"),
        );
        remedies::of_unused(finding, patient.run, layer, used);
    }
}

fn overloaded(patient: &Patient<'_>, found: &mut Findings) {
    let Some((split, evaluation)) = patient.run.best_evaluation() else { return };
    for (layer, tally) in evaluation.layers.iter().enumerate() {
        let (error, frames): (f64, u64) = (tally.code_sq_error.iter().sum(), tally.counts.iter().sum());
        if error <= 0.0 || frames == 0 || is_small_sample(evaluation.frames, tally.counts.len()) {
            continue;
        }
        let shares = |code: usize| {
            (
                tally.code_sq_error.get(code).copied().unwrap_or(0.0) / error,
                tally.counts[code] as f64 / frames as f64,
            )
        };
        let is_overloaded = |&code: &usize| {
            let (error, used) = shares(code);
            tally.counts[code] >= CODE_FRAMES && error > ERROR_SHARE && error > ERROR_TIMES * used
        };
        let codes: Vec<usize> = (0..tally.counts.len()).filter(is_overloaded).collect();
        let Some(worst) = codes.iter().copied().max_by(|&a, &b| shares(a).0.total_cmp(&shares(b).0)) else {
            continue;
        };
        let (error, used) = shares(worst);
        let says = msg!(
            "check-overloaded-codes.found",
            code = worst,
            error = format!("{:.1}", 100.0 * error),
            share = format!("{:.1}", 100.0 * used),
            frames = patient.run.frames_words(split, evaluation.frames)
        );
        found
            .add(Severity::Warning, layer_says(layer, says))
            .of_layer(layer)
            .of_codes(&codes)
            .on(evaluation.frames)
            .measured(phrase!("measure-share-of-the-error"), error, ERROR_SHARE, Phrase::NONE)
            .remedy(msg!("check-overloaded-codes.remedy"));
    }
}

fn idle_layer(patient: &Patient<'_>, found: &mut Findings) {
    let Some((split, evaluation)) = patient.run.best_evaluation() else { return };
    let mut before = evaluation.signal_energy;
    for (layer, tally) in evaluation.layers.iter().enumerate() {
        let gain = distortion::snr_gain_db(before, tally.residual_energy);
        before = tally.residual_energy;
        let Some(gain) = gain.filter(|&gain| gain < SMALL_GAIN_DB) else { continue };
        let severity = if gain < 0.0 { Severity::Severe } else { Severity::Warning };
        let (size, frames) =
            (format!("{:.2}", gain.abs()), patient.run.frames_words(split, evaluation.frames));
        let says = if gain < 0.0 {
            msg!("check-idle-layer.found-worse", gain = size, frames = frames)
        } else {
            msg!("check-idle-layer.found", gain = size, frames = frames)
        };
        found
            .add(severity, layer_says(layer, says))
            .of_layer(layer)
            .on(evaluation.frames)
            .measured(phrase!("measure-gain"), gain, SMALL_GAIN_DB, phrase!("unit-db"))
            .remedy(if layer == 0 {
                phrase!("check-idle-layer.remedy-first")
            } else {
                phrase!("check-idle-layer.remedy")
            });
    }
}

fn gain_stops(patient: &Patient<'_>, found: &mut Findings) {
    let Some((split, evaluation)) = patient.run.best_evaluation() else { return };
    let most_codes = patient.codebooks().map(|(_, book)| book.num_codes()).max().unwrap_or(0);
    // Chains beside each other do not go on where the one before ended.
    if !patient.run.rvq.is_one_chain() || is_small_sample(evaluation.frames, most_codes) {
        return;
    }
    let mut before = evaluation.signal_energy;
    let mut worth = Vec::with_capacity(evaluation.layers.len());
    for tally in &evaluation.layers {
        let gain = distortion::snr_gain_db(before, tally.residual_energy);
        before = tally.residual_energy;
        let bits = usage::entropy_nats(&tally.counts).unwrap_or(0.0) / std::f64::consts::LN_2;
        // An optimal code of white noise gains 20 log10(2) dB for each bit a dimension.
        let could = 20.0 * 2.0f64.log10() * bits / evaluation.dim as f64;
        // A layer that says nothing costs nothing.
        worth.push(gain.filter(|_| could > 0.0).map_or(1.0, |gain| gain / could));
    }
    let from = worth.iter().rposition(|&worth| worth >= WORTH).map_or(0, |last| last + 1);
    let Some(&least) = worth.get(from..).and_then(|rest| rest.iter().min_by(|a, b| a.total_cmp(b))) else {
        return;
    };
    let layers: Vec<usize> = (from..worth.len()).collect();
    let says = msg!(
        "check-gain-stops.found",
        share = format!("{least:.2}"),
        frames = patient.run.frames_words(split, evaluation.frames)
    );
    let finding = found.add(Severity::Note, layers_say(&layers, says));
    finding.layers = layers;
    finding
        .on(evaluation.frames)
        .measured(phrase!("measure-share-of-a-bit-s-worth"), least, WORTH, Phrase::NONE)
        .remedy(match from {
            0 => msg!("check-gain-stops.remedy-none"),
            kept => msg!("check-gain-stops.remedy", kept = kept),
        });
}

/// How often frames chose each code of a layer, of all that were looked at: a code that training frames use is in use, whatever the held-out ones are.
fn counts_of_all(run: &Run, layer: usize) -> Option<(Vec<u64>, Message)> {
    let of = |split| run.evaluation(split)?.layers.get(layer).map(|tally| &tally.counts);
    let words = |split, counts: &Vec<u64>| run.frames_words(split, usage::frames(counts));
    Some(match (of(SplitKind::Train), of(SplitKind::HeldOut)) {
        (Some(train), Some(held_out)) if train.len() == held_out.len() => {
            let counts: Vec<u64> = train.iter().zip(held_out).map(|(a, b)| a + b).collect();
            let frames = usage::frames(&counts);
            (counts, msg!("training-frames", frames = frames))
        }
        (Some(counts), _) => (counts.clone(), words(SplitKind::Train, counts)),
        (None, Some(counts)) => (counts.clone(), words(SplitKind::HeldOut, counts)),
        (None, None) => return None,
    })
}
