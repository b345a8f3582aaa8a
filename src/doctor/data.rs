//! Frames that do not suit a quantizer, or this one.

use ndarray::{ArrayView2, s};

use super::{Check, Evidence, Findings, Patient, Severity, layer_says};
use crate::metrics::distortion;
use crate::text::{Phrase, msg, phrase};

/// The mean may hold so many times what varies.
const OFFSET_TIMES: f64 = 10.0;

/// From here on the mean drowns what varies, in f32 as well.
const OFFSET_ALARM_DB: f64 = 30.0;

/// A dimension varies by less than this share of the median one.
const CONSTANT: f64 = 1e-6;

/// A frame is so many times as long as the median one, about the mean.
const OUTLIER: f64 = 30.0;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "wrong-features",
        title: phrase!("check-wrong-features"),
        needs: &[Evidence::Counts],
        why: phrase!("check-wrong-features.why"),
        source: phrase!("check-wrong-features.source"),
        look: wrong_features,
    },
    Check {
        id: "offset",
        title: phrase!("check-offset"),
        needs: &[Evidence::Counts],
        why: phrase!("check-offset.why"),
        source: phrase!("check-offset.source"),
        look: offset,
    },
    Check {
        id: "constant-dimensions",
        title: phrase!("check-constant-dimensions"),
        needs: &[Evidence::Frames],
        why: phrase!("check-constant-dimensions.why"),
        source: phrase!("check-constant-dimensions.source"),
        look: constant_dimensions,
    },
    Check {
        id: "silent-code",
        title: phrase!("check-silent-code"),
        needs: &[Evidence::Counts],
        why: phrase!("check-silent-code.why"),
        source: phrase!("check-silent-code.source"),
        look: silent_code,
    },
    Check {
        id: "transposed",
        title: phrase!("check-transposed"),
        needs: &[Evidence::Frames],
        why: phrase!("check-transposed.why"),
        source: phrase!("check-transposed.source"),
        look: transposed,
    },
    Check {
        id: "outliers",
        title: phrase!("check-outliers"),
        needs: &[Evidence::Frames],
        why: phrase!("check-outliers.why"),
        source: phrase!("check-outliers.source"),
        look: outliers,
    },
];

fn wrong_features(patient: &Patient<'_>, found: &mut Findings) {
    let Some((split, evaluation)) = patient.run.best_evaluation() else { return };
    let Some(last) = evaluation.layers.last() else { return };
    // Of a trained quantizer the frames trained on say nothing new.
    if evaluation.signal_energy <= 0.0 || last.residual_energy < evaluation.signal_energy {
        return;
    }
    let snr = distortion::snr_db(evaluation.signal_energy, last.residual_energy).unwrap_or(0.0);
    found
        .add(
            Severity::Severe,
            msg!(
                "finding-wrong-features",
                frames = patient.run.frames_words(split, evaluation.frames),
                snr = format!("{snr:.1}"),
            ),
        )
        .on(evaluation.frames)
        .measured(phrase!("measure-snr"), snr, 0.0, phrase!("unit-db"))
        .remedy(phrase!("finding-wrong-features.remedy"));
}

fn offset(patient: &Patient<'_>, found: &mut Findings) {
    let Some((split, evaluation)) = patient.run.best_evaluation() else { return };
    let (signal, centred) = (evaluation.signal_energy, evaluation.centred_energy);
    if centred <= 0.0 || signal < OFFSET_TIMES * centred {
        return;
    }
    let share = 10.0 * (signal / centred).log10();
    // Features such as log-mel have a mean well above their spread by nature.
    let severity = if share >= OFFSET_ALARM_DB { Severity::Warning } else { Severity::Note };
    found
        .add(
            severity,
            msg!(
                "finding-offset",
                share = format!("{share:.1}"),
                frames = patient.run.frames_words(split, evaluation.frames),
            ),
        )
        .on(evaluation.frames)
        .measured(
            phrase!("measure-mean-over-variance"),
            share,
            10.0 * OFFSET_TIMES.log10(),
            phrase!("unit-db"),
        )
        .remedy(phrase!("finding-offset.remedy"));
}

fn constant_dimensions(patient: &Patient<'_>, found: &mut Findings) {
    let Some(frames) = patient.frames.filter(|frames| frames.nrows() > 1) else { return };
    let variances: Vec<f64> = frames.columns().into_iter().map(|column| variance(column.iter())).collect();
    let middle = median(variances.clone());
    let constant: Vec<usize> = (0..variances.len()).filter(|&d| variances[d] <= CONSTANT * middle).collect();
    if constant.is_empty() || middle <= 0.0 {
        return;
    }
    let mut shown: Vec<String> = constant.iter().take(8).map(usize::to_string).collect();
    if constant.len() > shown.len() {
        shown.push("...".to_owned());
    }
    found
        .add(
            Severity::Note,
            msg!(
                "finding-constant-dimensions",
                constant = constant.len(),
                all = variances.len(),
                shown = shown.join(", "),
            ),
        )
        .on(frames.nrows() as u64)
        .measured(phrase!("measure-dimensions"), constant.len() as f64, 0.0, phrase!("unit-dimensions"))
        .remedy(phrase!("finding-constant-dimensions.remedy"));
}

fn silent_code(patient: &Patient<'_>, found: &mut Findings) {
    const SHARE: f64 = 0.1;
    const STILL: f64 = 0.2;
    let Some((split, evaluation)) = patient.run.best_evaluation() else { return };
    let Some(first) = evaluation.layers.first() else { return };
    let (frames, error): (u64, f64) = (first.counts.iter().sum(), first.code_sq_error.iter().sum());
    if frames == 0 || error <= 0.0 {
        return;
    }
    let mean = error / frames as f64;
    let is_silent = |&code: &usize| {
        let (count, error) =
            (first.counts[code] as f64, first.code_sq_error.get(code).copied().unwrap_or(0.0));
        count >= SHARE * frames as f64 && error < STILL * mean * count
    };
    let codes: Vec<usize> = (0..first.counts.len()).filter(is_silent).collect();
    let Some(&most) = codes.iter().max_by_key(|&&code| first.counts[code]) else { return };
    let share = first.counts[most] as f64 / frames as f64;
    found
        .add(
            Severity::Note,
            layer_says(
                0,
                msg!(
                    "finding-silent-code",
                    code = most,
                    percent = format!("{:.1}", 100.0 * share),
                    frames = patient.run.frames_words(split, evaluation.frames),
                ),
            ),
        )
        .of_layer(0)
        .of_codes(&codes)
        .on(evaluation.frames)
        .measured(phrase!("measure-share-of-the-frames"), share, SHARE, Phrase::NONE)
        .remedy(phrase!("finding-silent-code.remedy"));
}

fn transposed(patient: &Patient<'_>, found: &mut Findings) {
    const ALONG: f64 = 0.7;
    let Some(frames) = patient.frames.filter(|frames| frames.nrows() > 2 && frames.nrows() < frames.ncols())
    else {
        return;
    };
    let (rows, columns) = frames.dim();
    let along_dims = follows(frames.slice(s![.., ..columns - 1]), frames.slice(s![.., 1..]));
    let along_frames = follows(frames.slice(s![..rows - 1, ..]), frames.slice(s![1.., ..]));
    if along_dims < ALONG || along_frames > 0.5 * along_dims {
        return;
    }
    found
        .add(
            Severity::Note,
            msg!(
                "finding-transposed",
                frames = rows,
                dimensions = columns,
                along_dims = format!("{along_dims:.2}"),
                along_frames = format!("{along_frames:.2}"),
            ),
        )
        .on(rows as u64)
        .measured(phrase!("measure-correlation-along-the-dimensions"), along_dims, ALONG, Phrase::NONE)
        .remedy(phrase!("finding-transposed.remedy"));
}

/// The correlation of two arrays of one shape.
fn follows(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) -> f64 {
    let n = a.len().max(1) as f64;
    let mean = |x: &ArrayView2<'_, f32>| x.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let (mean_a, mean_b) = (mean(&a), mean(&b));
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (&x, &y) in a.iter().zip(&b) {
        let (x, y) = (f64::from(x) - mean_a, f64::from(y) - mean_b);
        both += x * y;
        of_a += x * x;
        of_b += y * y;
    }
    if of_a > 0.0 && of_b > 0.0 { both / (of_a * of_b).sqrt() } else { 0.0 }
}

fn outliers(patient: &Patient<'_>, found: &mut Findings) {
    let Some(frames) = patient.frames.filter(|frames| frames.nrows() > 1) else { return };
    let mean: Vec<f64> = frames
        .columns()
        .into_iter()
        .map(|column| column.iter().map(|&v| f64::from(v)).sum::<f64>() / frames.nrows() as f64)
        .collect();
    let length = |row: ndarray::ArrayView1<'_, f32>| {
        row.iter().zip(&mean).map(|(&v, &m)| (f64::from(v) - m).powi(2)).sum::<f64>().sqrt()
    };
    let lengths: Vec<f64> = frames.rows().into_iter().map(length).collect();
    let middle = median(lengths.clone());
    let far = lengths.iter().filter(|&&length| length > OUTLIER * middle).count();
    let most = lengths.iter().copied().fold(0.0, f64::max);
    if far == 0 || middle <= 0.0 {
        return;
    }
    found
        .add(
            Severity::Warning,
            msg!(
                "finding-outliers",
                far = far,
                all = frames.nrows(),
                bound = OUTLIER.to_string(),
                most = format!("{:.0}", most / middle),
            ),
        )
        .on(frames.nrows() as u64)
        .measured(phrase!("measure-distance-over-the-median"), most / middle, OUTLIER, Phrase::NONE)
        .remedy(phrase!("finding-outliers.remedy"));
}

fn variance<'a>(values: impl Iterator<Item = &'a f32> + Clone) -> f64 {
    let n = values.clone().count().max(1) as f64;
    let mean = values.clone().map(|&v| f64::from(v)).sum::<f64>() / n;
    values.map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
