//! How the codebooks were started, which shows for as long as the averages look back, and in codes that were never chosen for ever.

use super::{Check, Evidence, Findings, Patient, Severity, layer_says};
use crate::rvq::InitMethod;
use crate::text::{Phrase, msg, phrase};

/// A start that has shrunk the rows to less than this shows.
const SHRUNK: f64 = 0.9;

/// A row so many times as long as the used ones was made by a size near zero.
const BLOWN_UP: f64 = 30.0;

/// Fewer frames a code than this are no sample to find means in.
const FRAMES_A_CODE: f64 = 2.0;

/// A code with less than this share of an even code's frames is as good as never chosen.
const UNCHOSEN: f64 = 1e-3;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "start-sums-are-means",
        title: phrase!("check-start-sums-are-means"),
        needs: &[Evidence::Sizes, Evidence::Rows],
        why: phrase!("check-start-sums-are-means.why"),
        source: phrase!("check-start-sums-are-means.source"),
        look: sums_are_means,
    },
    Check {
        id: "start-shrunk",
        title: phrase!("check-start-shrunk"),
        needs: &[Evidence::Parameters],
        why: phrase!("check-start-shrunk.why"),
        source: phrase!("check-start-shrunk.source"),
        look: start_shrunk,
    },
    Check {
        id: "start-by-heart",
        title: phrase!("check-start-by-heart"),
        needs: &[Evidence::Parameters],
        why: phrase!("check-start-by-heart.why"),
        source: phrase!("check-start-by-heart.source"),
        look: start_by_heart,
    },
    Check {
        id: "cold-start",
        title: phrase!("check-cold-start"),
        needs: &[Evidence::Sizes, Evidence::Rows],
        why: phrase!("check-cold-start.why"),
        source: phrase!("check-cold-start.source"),
        look: cold_start,
    },
    Check {
        id: "born-dead",
        title: phrase!("check-born-dead"),
        needs: &[Evidence::Sizes],
        why: phrase!("check-born-dead.why"),
        source: phrase!("check-born-dead.source"),
        look: born_dead,
    },
];

fn sums_are_means(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, book, sizes, total) in patient.with_sizes() {
        let even = total / sizes.len() as f64;
        let pairs = book.embed().into_iter().zip(book.embed_avg().iter());
        let equal = pairs.filter(|&(&e, &m)| (f64::from(e) - m).abs() <= 1e-6 * m.abs()).count();
        let share = equal as f64 / book.embed().len().max(1) as f64;
        if share < 0.99 || even < 1.5 {
            continue;
        }
        found
            .add(
                Severity::Severe,
                layer_says(
                    layer,
                    msg!(
                        "finding-start-sums-are-means",
                        even = format!("{even:.1}"),
                        left = format!("{:.2}", 0.99 / even + 0.01),
                    ),
                ),
            )
            .of_layer(layer)
            .measured(phrase!("measure-numbers-that-are-equal"), share, 0.99, Phrase::NONE)
            .remedy(phrase!("finding-start-sums-are-means.remedy"));
    }
}

fn start_shrunk(patient: &Patient<'_>, found: &mut Findings) {
    let (run, params) = (patient.run, &patient.run.params);
    let has_fault = matches!(params.rule, "encodec" | "gpt-sovits") && params.init == InitMethod::KMeans;
    if !has_fault || run.steps == 0 || run.states.is_empty() {
        return;
    }
    let batch = params.batch_size.min(run.source.train_frames.max(1));
    let frames = (batch as f64 / params.codebook_size.max(1) as f64).max(1.0);
    let left = 1.0 - params.decay.powf(run.steps as f64) * (1.0 - 1.0 / frames);
    if left >= SHRUNK {
        return;
    }
    let needed = ((1.0 - SHRUNK) / (1.0 - 1.0 / frames)).ln() / params.decay.ln();
    found
        .add(Severity::Warning, msg!("finding-start-shrunk", steps = run.steps, left = format!("{left:.2}")))
        .of_all_layers(run)
        .measured(phrase!("measure-share-of-the-length"), left, SHRUNK, Phrase::NONE)
        .remedy(msg!("finding-start-shrunk.remedy", steps = format!("{:.0}", needed.ceil())))
        .change("steps", needed.ceil());
}

fn start_by_heart(patient: &Patient<'_>, found: &mut Findings) {
    let (run, params) = (patient.run, &patient.run.params);
    let all = run.source.train_frames;
    if params.init != InitMethod::KMeans || run.states.is_empty() || all == 0 {
        return;
    }
    // Ours looks at up to 64 K frames from everywhere, gpt-sovits at no more than 10 000 of its first batch, the others at the first batch.
    let batch = params.batch_size.min(all);
    let frames = match params.rule {
        "rvqscope" => all.min(64 * params.codebook_size),
        "gpt-sovits" => batch.min(10_000),
        _ => batch,
    };
    let (frames, bound) = (frames as f64, FRAMES_A_CODE * params.codebook_size as f64);
    if frames >= bound {
        return;
    }
    let finding = found.add(
        Severity::Warning,
        msg!("finding-start-by-heart", frames = format!("{frames:.0}"), codes = params.codebook_size),
    );
    finding.measured(phrase!("measure-frames-of-the-start"), frames, bound, phrase!("unit-frames"));
    if frames < all as f64 {
        let wanted = (10 * params.codebook_size).min(all);
        finding
            .remedy(msg!("finding-start-by-heart.remedy", batch = wanted))
            .change("batch_size", wanted as f64);
    } else {
        let fewer = super::codes_borne_by(all);
        finding
            .remedy(msg!("finding-start-by-heart.remedy-all", codes = fewer))
            .change("codebook_size", fewer as f64);
    }
}

fn cold_start(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, book, sizes, total) in patient.with_sizes() {
        let limit = UNCHOSEN * total / sizes.len() as f64;
        let squares: Vec<f64> = book
            .embed()
            .rows()
            .into_iter()
            .map(|row| row.iter().map(|&v| f64::from(v).powi(2)).sum())
            .collect();
        let used: f64 = squares.iter().zip(sizes).map(|(square, size)| square * size.max(0.0)).sum();
        let length = (used / total).sqrt();
        let codes: Vec<usize> = (0..sizes.len())
            .filter(|&code| sizes[code] < limit && squares[code].sqrt() > BLOWN_UP * length)
            .collect();
        let most = codes.iter().map(|&code| squares[code].sqrt()).fold(0.0, f64::max);
        if codes.is_empty() || length <= 0.0 {
            continue;
        }
        found
            .add(
                Severity::Severe,
                layer_says(
                    layer,
                    msg!(
                        "finding-cold-start",
                        codes = codes.len(),
                        all = sizes.len(),
                        times = format!("{:.0}", most / length),
                    ),
                ),
            )
            .of_layer(layer)
            .of_codes(&codes)
            .measured(phrase!("measure-length-over-the-used-rows"), most / length, BLOWN_UP, Phrase::NONE)
            .remedy(phrase!("finding-cold-start.remedy"))
            .change_word("init", "kmeans");
    }
}

fn born_dead(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, _, sizes, _) in patient.with_sizes() {
        let codes: Vec<usize> = (0..sizes.len()).filter(|&code| sizes[code] == 0.0).collect();
        if codes.is_empty() {
            continue;
        }
        let severity = if codes.len() * 10 > sizes.len() { Severity::Severe } else { Severity::Warning };
        found
            .add(
                severity,
                layer_says(layer, msg!("finding-born-dead", codes = codes.len(), all = sizes.len())),
            )
            .of_layer(layer)
            .of_codes(&codes)
            .measured(phrase!("measure-codes"), codes.len() as f64, 0.0, phrase!("unit-codes"))
            .remedy(phrase!("finding-born-dead.remedy"))
            .rule_that_replaces();
    }
}
