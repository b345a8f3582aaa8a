//! Which codes carry the load, and what each layer adds.

use super::{Check, Evidence, Findings, Patient, Severity};
use crate::metrics::{buffers, distortion, is_small_sample, usage};
use crate::training::{SNR_GAP_DB, SplitKind};

/// A perplexity below this share of K is a collapse, whatever the counts say.
const COLLAPSED: f64 = 0.1;

/// The share of the error that one code may have, and how many times its share of the frames.
const ERROR_SHARE: f64 = 0.05;
const ERROR_TIMES: f64 = 5.0;

/// A layer that adds less than this is hardly worth its bits.
const SMALL_GAIN_DB: f64 = 0.1;

/// Codes that the frames trained on use and the held-out ones never do.
const BY_HEART: f64 = 0.3;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "unused-codes",
        title: "less than half of the codes used",
        needs: &[Evidence::Counts],
        why: "Codes that no frame chooses cost bits and say nothing; most of a collapse shows here.",
        source: "2 #{n_k > 0} < K on 10 frames a code or more",
        look: unused_codes,
    },
    Check {
        id: "collapse",
        title: "a few codes take almost all frames",
        needs: &[Evidence::Sizes],
        why: "The layer gives the bits of a much smaller codebook.",
        source: "exp(H) of c_k / C below 0.1 K",
        look: collapse,
    },
    Check {
        id: "overloaded-codes",
        title: "codes with far more error than frames",
        needs: &[Evidence::Counts],
        why: "One code stands for frames that are not alike; split in two it would gain more than any other.",
        source: "error share above 0.05 and above 5 times the use share",
        look: overloaded,
    },
    Check {
        id: "idle-layer",
        title: "a layer that adds nothing",
        needs: &[Evidence::Counts],
        why: "It costs log2 K bits a frame, and the frames are reproduced no better.",
        source: "10 log10(E_(l-1) / E_l) below 0.1 dB",
        look: idle_layer,
    },
    Check {
        id: "by-heart",
        title: "codebooks that know their frames by heart",
        needs: &[Evidence::Counts],
        why: "What was learned is these frames, not what they are like: new ones are quantized worse, and codes that served a single frame serve none.",
        source: "SNR on the frames trained on 2 dB above the held-out ones, or 30 % of the codes used by the former alone",
        look: by_heart,
    },
];

fn unused_codes(patient: &Patient<'_>, found: &mut Findings) {
    let Some((split, evaluation)) = patient.run.best_evaluation() else { return };
    for (layer, tally) in evaluation.layers.iter().enumerate() {
        let num_codes = tally.counts.len();
        let used = usage::used(&tally.counts);
        if is_small_sample(evaluation.frames, num_codes) || used * 2 >= num_codes {
            continue;
        }
        let codes: Vec<usize> = (0..num_codes).filter(|&code| tally.counts[code] == 0).collect();
        found
            .add(
                Severity::Severe,
                format!(
                    "Layer {} uses {used} of {num_codes} codes on the {}",
                    layer + 1,
                    patient.run.frames_words(split, evaluation.frames)
                ),
            )
            .of_layer(layer)
            .of_codes(&codes)
            .on(evaluation.frames)
            .measured("codes used", used as f64, num_codes as f64 / 2.0, "codes");
    }
}

fn collapse(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, _, sizes, _) in patient.with_sizes() {
        let Some(perplexity) = buffers::ema_perplexity(sizes) else { continue };
        let bound = COLLAPSED * sizes.len() as f64;
        if perplexity >= bound || sizes.len() < 16 {
            continue;
        }
        found
            .add(
                Severity::Severe,
                format!(
                    "Layer {}: the EMA sizes have a perplexity of {perplexity:.1} of {} codes: a few take almost all frames",
                    layer + 1,
                    sizes.len()
                ),
            )
            .of_layer(layer)
            .measured("perplexity (EMA)", perplexity, bound, "codes")
            .remedy("Train on with replacement of dead codes, or start from k-means")
            .rule_that_replaces()
            .change_word("init", "kmeans");
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
            error > ERROR_SHARE && error > ERROR_TIMES * used
        };
        let codes: Vec<usize> = (0..tally.counts.len()).filter(is_overloaded).collect();
        let Some(worst) = codes.iter().copied().max_by(|&a, &b| shares(a).0.total_cmp(&shares(b).0)) else {
            continue;
        };
        let (error, used) = shares(worst);
        found
            .add(
                Severity::Warning,
                format!(
                    "Layer {}: code {worst} has {:.1} % of the error and {:.1} % of the {}",
                    layer + 1,
                    100.0 * error,
                    100.0 * used,
                    patient.run.frames_words(split, evaluation.frames)
                ),
            )
            .of_layer(layer)
            .of_codes(&codes)
            .on(evaluation.frames)
            .measured("share of the error", error, ERROR_SHARE, "")
            .remedy("Split it: train on with replacement, which draws new rows where the error is");
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
        let words = if gain < 0.0 { "makes it worse by" } else { "adds" };
        found
            .add(
                severity,
                format!(
                    "Layer {} {words} {:.2} dB on {}",
                    layer + 1,
                    gain.abs(),
                    patient.run.frames_words(split, evaluation.frames)
                ),
            )
            .of_layer(layer)
            .on(evaluation.frames)
            .measured("gain", gain, SMALL_GAIN_DB, "dB")
            .remedy(if layer == 0 { "Train it on these frames" } else { "Leave it out, or train it on" });
    }
}

fn by_heart(patient: &Patient<'_>, found: &mut Findings) {
    let run = patient.run;
    let snr = |split| run.total_metrics(split).and_then(|totals| totals.snr_db);
    if let (Some(train), Some(held_out)) = (snr(SplitKind::Train), snr(SplitKind::HeldOut))
        && train - held_out >= SNR_GAP_DB
    {
        found
            .add(
                Severity::Warning,
                format!(
                    "Held-out frames do {:.1} dB worse than those trained on ({held_out:.1} beside {train:.1} dB): the codebooks know their frames by heart",
                    train - held_out
                ),
            )
            .measured("gap", train - held_out, SNR_GAP_DB, "dB")
            .remedy("Train on more frames, or with fewer codes or layers");
    }
    let (Some(train), Some(held_out)) = (&run.train, &run.held_out) else { return };
    for (layer, (ours, theirs)) in train.layers.iter().zip(&held_out.layers).enumerate() {
        let num_codes = ours.counts.len();
        if is_small_sample(held_out.frames, num_codes) {
            continue;
        }
        let codes: Vec<usize> = (0..num_codes)
            .filter(|&code| ours.counts[code] > 0 && theirs.counts.get(code) == Some(&0))
            .collect();
        let share = codes.len() as f64 / num_codes as f64;
        if share <= BY_HEART {
            continue;
        }
        found
            .add(
                Severity::Warning,
                format!(
                    "Layer {}: {} of {num_codes} codes are used by frames trained on and by none of {} held-out ones",
                    layer + 1,
                    codes.len(),
                    held_out.frames
                ),
            )
            .of_layer(layer)
            .of_codes(&codes)
            .on(held_out.frames)
            .measured("codes of training frames alone", share, BY_HEART, "")
            .remedy("Start each layer from more frames than one batch, or use fewer codes");
    }
}
