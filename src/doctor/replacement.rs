//! Whether codes that nobody chooses are given new places.

use super::{Check, Evidence, Findings, Patient, Severity, layer_says};
use crate::metrics::buffers::{self, EmaSetting, embed_gap};
use crate::metrics::{convergence, usage};
use crate::rvq::Codebook;
use crate::text::{Phrase, msg, phrase};
use crate::training::{ThresholdStanding, short};

/// A row this far from what its averages make of it, over the rows' RMS length, was written by something else than the EMA.
pub(super) const WRITTEN: f64 = 0.1;

/// A code with less than this share of an even code's frames is given up by every rule that replaces.
const GIVEN_UP: f64 = 0.01;

/// So many standard deviations from its mean a size is not by chance.
const DEVIATIONS: f64 = 3.0;

/// More codes than this share of K are many.
const MANY: f64 = 0.1;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "threshold-above-even",
        title: phrase!("check-threshold-above-even"),
        needs: &[Evidence::Parameters],
        why: phrase!("check-threshold-above-even.why"),
        source: phrase!("check-threshold-above-even.source"),
        look: threshold_above_even,
    },
    Check {
        id: "threshold-in-noise",
        title: phrase!("check-threshold-in-noise"),
        needs: &[Evidence::Parameters],
        why: phrase!("check-threshold-in-noise.why"),
        source: phrase!("check-threshold-in-noise.source"),
        look: threshold_in_noise,
    },
    Check {
        id: "below-usual-threshold",
        title: phrase!("check-below-usual-threshold"),
        needs: &[Evidence::Sizes],
        why: phrase!("check-below-usual-threshold.why"),
        source: phrase!("check-below-usual-threshold.source"),
        look: below_usual_threshold,
    },
    Check {
        id: "replacement-overwritten",
        title: phrase!("check-replacement-overwritten"),
        needs: &[Evidence::Parameters, Evidence::Sizes],
        why: phrase!("check-replacement-overwritten.why"),
        source: phrase!("check-replacement-overwritten.source"),
        look: replacement_overwritten,
    },
    Check {
        id: "replacement-snaps-back",
        title: phrase!("check-replacement-snaps-back"),
        needs: &[Evidence::Sizes, Evidence::Rows],
        why: phrase!("check-replacement-snaps-back.why"),
        source: phrase!("check-replacement-snaps-back.source"),
        look: replacement_snaps_back,
    },
    Check {
        id: "dead-not-replaced",
        title: phrase!("check-dead-not-replaced"),
        needs: &[Evidence::Sizes, Evidence::Rows],
        why: phrase!("check-dead-not-replaced.why"),
        source: phrase!("check-dead-not-replaced.source"),
        look: dead_not_replaced,
    },
    Check {
        id: "summed-workers",
        title: phrase!("check-summed-workers"),
        needs: &[Evidence::Parameters, Evidence::Sizes],
        why: phrase!("check-summed-workers.why"),
        source: phrase!("check-summed-workers.source"),
        look: summed_workers,
    },
];

fn threshold_above_even(patient: &Patient<'_>, found: &mut Findings) {
    let standing = ThresholdStanding::of(patient.run, 0);
    if !standing.is_too_high {
        return;
    }
    let steps = convergence::expiry_steps(standing.advised, standing.uniform, patient.run.params.decay);
    let advised = format!("{:.3}", standing.advised);
    let remedy = match steps {
        Some(steps) => msg!(
            "check-threshold-above-even.remedy-expiry",
            threshold = advised,
            steps = format!("{steps:.0}")
        ),
        None => msg!("check-threshold-above-even.remedy", threshold = advised),
    };
    let text = msg!(
        "check-threshold-above-even.found",
        threshold = short(standing.frames),
        even = short(standing.uniform)
    );
    found
        .add(Severity::Severe, text)
        .of_all_layers(patient.run)
        .measured(
            phrase!("measure-threshold"),
            standing.frames,
            standing.uniform,
            phrase!("unit-frames-a-batch"),
        )
        .remedy(remedy)
        .change("threshold_ema_dead_code", in_unit_of(patient.run.params.rule, &standing));
}

fn threshold_in_noise(patient: &Patient<'_>, found: &mut Findings) {
    let (standing, params) = (ThresholdStanding::of(patient.run, 0), &patient.run.params);
    let codes = patient.codebooks().next().map_or(1, |(_, book)| book.num_codes()).max(1) as f64;
    let uniform = standing.uniform;
    if standing.is_too_high || standing.frames <= 0.0 || uniform <= 0.0 {
        return;
    }
    let noise = convergence::cluster_size_noise(uniform * codes, 1.0 / codes, params.decay);
    let bound = uniform - DEVIATIONS * noise;
    if standing.frames <= bound {
        return;
    }
    // Where even the advised threshold lies in the noise, only calmer averages help: 3 noise <= 0.9 N/K.
    let advised = standing.advised;
    let calm = (0.9 / DEVIATIONS).powi(2) * uniform / (1.0 - 1.0 / codes).max(f64::MIN_POSITIVE);
    let text = msg!(
        "check-threshold-in-noise.found",
        threshold = format!("{:.3}", standing.frames),
        noise = format!("{noise:.3}"),
        even = format!("{uniform:.3}")
    );
    let finding = found.add(Severity::Warning, text);
    finding.of_all_layers(patient.run).measured(
        phrase!("measure-threshold"),
        standing.frames,
        bound,
        phrase!("unit-frames-a-batch"),
    );
    if advised < bound {
        finding
            .remedy(msg!("check-threshold-in-noise.remedy", threshold = format!("{advised:.3}")))
            .change("threshold_ema_dead_code", in_unit_of(params.rule, &standing));
    } else {
        let decay = ((1.0 - calm) / (1.0 + calm)).clamp(0.0, 0.9999);
        finding
            .remedy(msg!("check-threshold-in-noise.remedy-decay", decay = format!("{decay:.4}")))
            .change("decay", (decay * 1e4).ceil() / 1e4);
    }
}

fn below_usual_threshold(patient: &Patient<'_>, found: &mut Findings) {
    /// What trainers of the lineage set, in frames a batch.
    const USUAL: f64 = 2.0;
    // Where the threshold is known, it is judged by itself.
    if patient.run.params_known {
        return;
    }
    for (layer, _, sizes, total) in patient.with_sizes() {
        let (even, small) = (total / sizes.len() as f64, usage::dead_threshold(sizes, USUAL));
        let perplexity = buffers::ema_perplexity(sizes).unwrap_or(0.0);
        // Sizes that are all the same were never counted: codebooks that gradients train leave them as they were.
        let is_counted = sizes.windows(2).any(|pair| pair.first() != pair.last());
        let is_collapsed = perplexity < 0.1 * sizes.len() as f64;
        if small * 2 < sizes.len() || even >= 2.0 * USUAL || is_collapsed || !is_counted {
            continue;
        }
        let says = msg!(
            "check-below-usual-threshold.found",
            small = small,
            codes = sizes.len(),
            total = format!("{total:.0}"),
            even = format!("{even:.2}"),
            perplexity = format!("{perplexity:.0}")
        );
        let advised = format!("{:.2}", 0.1 * even);
        found
            .add(Severity::Note, layer_says(layer, says))
            .of_layer(layer)
            .measured(
                phrase!("measure-frames-of-an-even-code"),
                even,
                2.0 * USUAL,
                phrase!("unit-frames-a-batch"),
            )
            .remedy(msg!("check-below-usual-threshold.remedy", threshold = advised));
    }
}

fn replacement_overwritten(patient: &Patient<'_>, found: &mut Findings) {
    if patient.run.params.rule != "encodec" {
        return;
    }
    for (layer, book, sizes, _) in patient.with_sizes() {
        let threshold = ThresholdStanding::of(patient.run, layer);
        let dead = usage::dead_threshold(sizes, threshold.frames);
        if threshold.is_too_high || dead == 0 {
            continue;
        }
        let codes = below(sizes, threshold.frames);
        let severity = if is_many(dead, book) { Severity::Severe } else { Severity::Warning };
        let says = msg!("check-replacement-overwritten.found", dead = dead, codes = sizes.len());
        found
            .add(severity, layer_says(layer, says))
            .of_layer(layer)
            .of_codes(&codes)
            .measured(phrase!("measure-dead-codes"), dead as f64, 0.0, phrase!("unit-codes"))
            .remedy(msg!("check-replacement-overwritten.remedy"))
            .rule_that_replaces();
    }
}

fn replacement_snaps_back(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, book, sizes, total) in patient.with_sizes() {
        let standing = ThresholdStanding::of(patient.run, layer);
        let even = total / sizes.len() as f64;
        // A threshold that is not known is below an even code's size, or it says nothing.
        let limit = if standing.is_known && standing.frames > 0.0 { standing.frames } else { even };
        let gaps = gaps(book, sizes, total, patient.run.ema_setting(layer));
        let codes: Vec<usize> =
            (0..sizes.len()).filter(|&code| sizes[code] < limit && gaps[code] > WRITTEN).collect();
        // Where larger codes are off as well, the averages are of another time than the rows, or of another formula.
        let others = (0..sizes.len()).filter(|&code| sizes[code] >= limit && gaps[code] > WRITTEN).count();
        if codes.is_empty() || others * 10 > codes.len() {
            continue;
        }
        let severity = if is_many(codes.len(), book) { Severity::Severe } else { Severity::Warning };
        let most = codes.iter().map(|&code| gaps[code]).fold(0.0, f64::max);
        let says = msg!(
            "check-replacement-snaps-back.found",
            off = codes.len(),
            codes = sizes.len(),
            most = format!("{most:.2}")
        );
        found
            .add(severity, layer_says(layer, says))
            .of_layer(layer)
            .of_codes(&codes)
            .measured(phrase!("measure-row-against-its-average"), most, WRITTEN, Phrase::NONE)
            .remedy(msg!("check-replacement-snaps-back.remedy"))
            .rule_that_replaces();
    }
}

fn dead_not_replaced(patient: &Patient<'_>, found: &mut Findings) {
    // Where the rule is known, the other checks say which of both it is.
    if patient.run.params_known && patient.run.params.rule == "encodec" {
        return;
    }
    for (layer, book, sizes, total) in patient.with_sizes() {
        let limit = GIVEN_UP * total / sizes.len() as f64;
        let gaps = gaps(book, sizes, total, patient.run.ema_setting(layer));
        let codes: Vec<usize> =
            (0..sizes.len()).filter(|&code| sizes[code] < limit && gaps[code] <= WRITTEN).collect();
        if !is_many(codes.len(), book) {
            continue;
        }
        let severity = if codes.len() * 2 > sizes.len() { Severity::Severe } else { Severity::Warning };
        let says = msg!("check-dead-not-replaced.found", dead = codes.len(), codes = sizes.len());
        let advised = format!("{:.3}", 0.1 * total / sizes.len() as f64);
        found
            .add(severity, layer_says(layer, says))
            .of_layer(layer)
            .of_codes(&codes)
            .measured(
                phrase!("measure-dead-codes"),
                codes.len() as f64,
                MANY * sizes.len() as f64,
                phrase!("unit-codes"),
            )
            .remedy(msg!("check-dead-not-replaced.remedy", threshold = advised))
            .rule_that_replaces();
    }
}

fn summed_workers(patient: &Patient<'_>, found: &mut Findings) {
    // A training of ours runs in one process.
    if !patient.run.states.is_empty() {
        return;
    }
    let batch = patient.run.params.batch_size as f64;
    for (layer, _, _, total) in patient.with_sizes().take(1) {
        let workers = total / batch;
        let nearest = workers.round();
        if nearest < 2.0 || (workers - nearest).abs() > 0.01 * nearest {
            continue;
        }
        let processes = format!("{nearest:.0}");
        let text = msg!(
            "check-summed-workers.found",
            total = format!("{total:.0}"),
            processes = &processes,
            batch = format!("{batch:.0}")
        );
        found
            .add(Severity::Warning, text)
            .of_layer(layer)
            .measured(phrase!("measure-c-n"), workers, 2.0, Phrase::NONE)
            .remedy(msg!("check-summed-workers.remedy", processes = processes));
    }
}

/// How far each row is from what its averages make of it; see [`embed_gap`]. Of averages with the Laplace term and without it the nearer ones count: at
/// a size near zero the term alone moves a row, which nobody wrote.
pub(super) fn gaps(book: &Codebook, sizes: &[f64], total: f64, setting: EmaSetting) -> Vec<f64> {
    let rows = book.embed();
    let squares: f64 = rows.iter().map(|&v| f64::from(v).powi(2)).sum();
    let length = (squares / rows.nrows().max(1) as f64).sqrt();
    let smoothed = |size: f64| {
        (size.max(0.0) + setting.epsilon) / (total + sizes.len() as f64 * setting.epsilon) * total
    };
    let pairs = rows.rows().into_iter().zip(book.embed_avg().rows()).zip(sizes);
    let gap = |((row, sum), &size): ((ndarray::ArrayView1<'_, f32>, ndarray::ArrayView1<'_, f64>), &f64)| {
        let with = |size: f64| embed_gap(row.iter().zip(sum.iter()), size, length);
        if size > 0.0 { with(smoothed(size)).min(with(size)) } else { with(smoothed(size)) }
    };
    pairs.map(gap).collect()
}

/// The advised threshold in the unit of a rule.
pub(super) fn in_unit_of(rule: &str, standing: &ThresholdStanding) -> f64 {
    let is_share = matches!(rule, "rvqscope" | "moshi");
    if is_share && standing.uniform > 0.0 { standing.advised / standing.uniform } else { standing.advised }
}

/// The codes below a size.
pub(super) fn below(sizes: &[f64], limit: f64) -> Vec<usize> {
    (0..sizes.len()).filter(|&code| sizes[code] < limit).collect()
}

fn is_many(codes: usize, book: &Codebook) -> bool {
    codes as f64 > MANY * book.num_codes() as f64
}
