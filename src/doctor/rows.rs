//! What the buffers hold: copies, lengths, numbers that are none.

use std::collections::HashMap;

use super::{Check, Evidence, Findings, Patient, Severity, layer_says, layers_say, layers_words};
use crate::metrics::buffers::{CodebookView, near_duplicates};
use crate::rvq::{Codebook, Metric};
use crate::text::{Phrase, msg, phrase};

/// More near-duplicates than this share of K stand out.
const NEAR: f64 = 0.25;

/// A row this many times as long as the median row is an outlier.
const LONG: f64 = 1e3;

/// Lengths within this of 1 are normalised rows.
const UNIT: f64 = 1e-3;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "equal-rows",
        title: phrase!("check-equal-rows"),
        needs: &[Evidence::Rows],
        why: phrase!("check-equal-rows.why"),
        source: phrase!("check-equal-rows.source"),
        look: equal_rows,
    },
    Check {
        id: "equal-layers",
        title: phrase!("check-equal-layers"),
        needs: &[Evidence::Rows],
        why: phrase!("check-equal-layers.why"),
        source: phrase!("check-equal-layers.source"),
        look: equal_layers,
    },
    Check {
        id: "zero-rows",
        title: phrase!("check-zero-rows"),
        needs: &[Evidence::Rows],
        why: phrase!("check-zero-rows.why"),
        source: phrase!("check-zero-rows.source"),
        look: zero_rows,
    },
    Check {
        id: "near-duplicates",
        title: phrase!("check-near-duplicates"),
        needs: &[Evidence::Rows],
        why: phrase!("check-near-duplicates.why"),
        source: phrase!("check-near-duplicates.source"),
        look: near,
    },
    Check {
        id: "unit-rows",
        title: phrase!("check-unit-rows"),
        needs: &[Evidence::Rows],
        why: phrase!("check-unit-rows.why"),
        source: phrase!("check-unit-rows.source"),
        look: unit_rows,
    },
    Check {
        id: "tiny-numbers",
        title: phrase!("check-tiny-numbers"),
        needs: &[Evidence::Rows],
        why: phrase!("check-tiny-numbers.why"),
        source: phrase!("check-tiny-numbers.source"),
        look: tiny_numbers,
    },
    Check {
        id: "negative-sizes",
        title: phrase!("check-negative-sizes"),
        needs: &[Evidence::Sizes],
        why: phrase!("check-negative-sizes.why"),
        source: phrase!("check-negative-sizes.source"),
        look: negative_sizes,
    },
    Check {
        id: "long-rows",
        title: phrase!("check-long-rows"),
        needs: &[Evidence::Rows],
        why: phrase!("check-long-rows.why"),
        source: phrase!("check-long-rows.source"),
        look: long_rows,
    },
];

fn length(row: ndarray::ArrayView1<'_, f32>) -> f64 {
    row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt()
}

/// The rows that equal an earlier one.
fn copies(book: &Codebook) -> Vec<usize> {
    let mut seen = HashMap::with_capacity(book.num_codes());
    // Adding 0 makes -0 and 0 the same bits.
    let bits =
        |row: ndarray::ArrayView1<'_, f32>| row.iter().map(|v| (v + 0.0).to_bits()).collect::<Vec<_>>();
    let is_copy = |(code, row): (usize, ndarray::ArrayView1<'_, f32>)| {
        // Zeros are told of by themselves.
        let is_zero = row.iter().all(|&v| v == 0.0);
        (seen.insert(bits(row), code).is_some() && !is_zero).then_some(code)
    };
    book.embed().rows().into_iter().enumerate().filter_map(is_copy).collect()
}

fn equal_rows(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, book) in patient.codebooks() {
        let (codes, all) = (copies(book), book.num_codes());
        if codes.is_empty() {
            continue;
        }
        let severity = if codes.len() * 2 > all { Severity::Severe } else { Severity::Warning };
        let says = if codes.len() + 1 == all {
            msg!("check-equal-rows.found-all", rows = all)
        } else {
            msg!("check-equal-rows.found", equal = codes.len(), rows = all)
        };
        found
            .add(severity, layer_says(layer, says))
            .of_layer(layer)
            .of_codes(&codes)
            .measured(phrase!("measure-rows"), codes.len() as f64, 0.0, phrase!("unit-rows"))
            .remedy(msg!("check-equal-rows.remedy"));
    }
}

fn equal_layers(patient: &Patient<'_>, found: &mut Findings) {
    let books: Vec<&Codebook> = patient.codebooks().map(|(_, book)| book).collect();
    let is_shared =
        |first: &&Codebook| first.num_codes() > 1 && books.iter().all(|other| other.embed() == first.embed());
    if books.len() > 1 && books.first().is_some_and(is_shared) {
        let layers: Vec<usize> = (0..books.len()).collect();
        let text = msg!("check-equal-layers.found-shared", layers = layers_words(&layers));
        let finding = found.add(Severity::Note, text);
        finding
            .measured(phrase!("measure-equal-numbers"), 1.0, 1.0, Phrase::NONE)
            .remedy(msg!("check-equal-layers.remedy-shared"));
        finding.layers = layers;
        return;
    }
    for (layer, book) in books.iter().enumerate() {
        let twin = books.iter().take(layer).position(|other| {
            other.embed() == book.embed() && book.num_codes() > 1 && book.embed().iter().any(|&v| v != 0.0)
        });
        if let Some(twin) = twin {
            let text = msg!("check-equal-layers.found", layers = layers_words(&[twin, layer]));
            found
                .add(Severity::Severe, text)
                .of_layer(layer)
                .of_layer(twin)
                .measured(phrase!("measure-equal-numbers"), 1.0, 1.0, Phrase::NONE)
                .remedy(msg!("check-equal-layers.remedy"));
        }
    }
}

fn zero_rows(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, book) in patient.codebooks() {
        let rows = book.embed();
        let codes: Vec<usize> =
            (0..rows.nrows()).filter(|&code| rows.row(code).iter().all(|&v| v == 0.0)).collect();
        // One may stand for silence.
        if codes.len() < 2 {
            continue;
        }
        let all = codes.len() == rows.nrows();
        let severity = if codes.len() * 2 > rows.nrows() { Severity::Severe } else { Severity::Warning };
        let says = if all {
            msg!("check-zero-rows.found-all")
        } else {
            msg!("check-zero-rows.found", zero = codes.len(), rows = rows.nrows())
        };
        found
            .add(severity, layer_says(layer, says))
            .of_layer(layer)
            .of_codes(&codes)
            .measured(phrase!("measure-rows"), codes.len() as f64, 1.0, phrase!("unit-rows"))
            .remedy(if all {
                phrase!("check-zero-rows.remedy-all")
            } else {
                phrase!("check-zero-rows.remedy")
            });
    }
}

fn near(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, book) in patient.codebooks() {
        if !CodebookView::is_quick(book) {
            continue;
        }
        let view = CodebookView::of(book, patient.run.ema_setting(layer));
        let (near, all) = (near_duplicates(&view, &[]), book.num_codes());
        // Equal rows are told of by themselves.
        let near = near.saturating_sub(copies(book).len() * 2);
        if near as f64 <= NEAR * all as f64 {
            continue;
        }
        let codes: Vec<usize> = (0..all).filter(|&code| view.is_near_duplicate(code, None)).collect();
        let says = msg!("check-near-duplicates.found", near = near, codes = all);
        found
            .add(Severity::Warning, layer_says(layer, says))
            .of_layer(layer)
            .of_codes(&codes)
            .measured(
                phrase!("measure-near-duplicates"),
                near as f64,
                NEAR * all as f64,
                phrase!("unit-codes"),
            )
            .remedy(msg!("check-near-duplicates.remedy"));
    }
}

fn unit_rows(patient: &Patient<'_>, found: &mut Findings) {
    if patient.run.rvq.metric() != Metric::Euclidean {
        return;
    }
    let is_unit = |book: &Codebook| {
        book.dim() > 2
            && book.num_codes() > 8
            && book.embed().rows().into_iter().all(|row| (length(row) - 1.0).abs() < UNIT)
    };
    let layers: Vec<usize> =
        patient.codebooks().filter(|(_, book)| is_unit(book)).map(|(layer, _)| layer).collect();
    if layers.is_empty() {
        return;
    }
    let finding = found.add(Severity::Warning, layers_say(&layers, msg!("check-unit-rows.found")));
    finding
        .measured(phrase!("measure-length-1"), 0.0, UNIT, Phrase::NONE)
        .remedy(msg!("check-unit-rows.remedy"));
    finding.layers = layers;
}

fn tiny_numbers(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, book) in patient.codebooks() {
        let tiny = book.embed().iter().filter(|v| v.is_subnormal()).count();
        let share = tiny as f64 / book.embed().len().max(1) as f64;
        if share <= 0.1 {
            continue;
        }
        let says = msg!("check-tiny-numbers.found", percent = format!("{:.0}", 100.0 * share));
        found
            .add(Severity::Warning, layer_says(layer, says))
            .of_layer(layer)
            .measured(phrase!("measure-denormal-numbers"), share, 0.1, Phrase::NONE)
            .remedy(msg!("check-tiny-numbers.remedy"));
    }
}

fn negative_sizes(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, _, sizes, _) in patient.with_sizes() {
        let codes = super::replacement::below(sizes, 0.0);
        if codes.is_empty() {
            continue;
        }
        let least = sizes.iter().copied().fold(0.0, f64::min);
        let says = msg!(
            "check-negative-sizes.found",
            negative = codes.len(),
            codes = sizes.len(),
            least = format!("{least:.3}")
        );
        found
            .add(Severity::Severe, layer_says(layer, says))
            .of_layer(layer)
            .of_codes(&codes)
            .measured(phrase!("measure-least-size"), least, 0.0, phrase!("unit-frames-a-batch"))
            .remedy(msg!("check-negative-sizes.remedy"));
    }
}

fn long_rows(patient: &Patient<'_>, found: &mut Findings) {
    for (layer, book) in patient.codebooks() {
        let lengths: Vec<f64> = book.embed().rows().into_iter().map(length).collect();
        let mut sorted = lengths.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
        let codes: Vec<usize> =
            (0..lengths.len()).filter(|&code| middle > 0.0 && lengths[code] > LONG * middle).collect();
        if codes.is_empty() {
            continue;
        }
        let most = sorted.last().copied().unwrap_or(0.0) / middle;
        let says = msg!(
            "check-long-rows.found",
            long = codes.len(),
            rows = lengths.len(),
            times = format!("{LONG:.0}"),
            most = format!("{most:.0}")
        );
        found
            .add(Severity::Warning, layer_says(layer, says))
            .of_layer(layer)
            .of_codes(&codes)
            .measured(phrase!("measure-length-over-the-median-row-s"), most, LONG, Phrase::NONE)
            .remedy(msg!("check-long-rows.remedy"));
    }
}
