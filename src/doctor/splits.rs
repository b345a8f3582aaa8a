//! Whether the frames that were held out do as well as those that were trained on.

use super::{Check, Evidence, Findings, Patient, Severity, layer_says};
use crate::metrics::{LayerTally, distortion, is_small_sample};
use crate::text::{Phrase, msg, phrase};
use crate::training::{Run, SplitKind};

/// What held-out frames may lose against those trained on, in dB.
const SNR_GAP_DB: f64 = 2.0;

/// Codes times layers for each training frame from which on rows know frames by heart. On smooth frames the gap between the splits is 1.1 to 1.7 dB here,
/// of 1 to 8 layers, and half as much at half of it: 2 dB with fewer codes have another cause.
const ROOM: f64 = 0.05;

/// Codes that the frames trained on use and the held-out ones never do.
const BY_HEART: f64 = 0.3;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "by-heart",
        title: phrase!("check-by-heart"),
        needs: &[Evidence::Counts],
        why: phrase!("check-by-heart.why"),
        source: phrase!("check-by-heart.source"),
        look: by_heart,
    },
    Check {
        id: "held-out-differs",
        title: phrase!("check-held-out-differs"),
        needs: &[Evidence::Counts],
        why: phrase!("check-held-out-differs.why"),
        source: phrase!("check-held-out-differs.source"),
        look: held_out_differs,
    },
];

fn by_heart(patient: &Patient<'_>, found: &mut Findings) {
    let run = patient.run;
    if !may_know_by_heart(run) {
        return;
    }
    if let Some(Gap { db, held_out, train }) = gap(run) {
        let text = msg!("check-by-heart.found", gap = one(db), held_out = one(held_out), train = one(train));
        let finding = found.add(Severity::Warning, text);
        finding.layers = layers_with_gap(run);
        finding
            .measured(phrase!("measure-gap"), db, SNR_GAP_DB, phrase!("unit-db"))
            .remedy(msg!("check-by-heart.remedy"));
    }
    for (layer, codes, share, frames) in of_training_alone(run) {
        let says = msg!(
            "check-by-heart.found-codes",
            alone = codes.len(),
            codes = (codes.len() as f64 / share).round().to_string(),
            frames = frames
        );
        found
            .add(Severity::Warning, layer_says(layer, says))
            .of_layer(layer)
            .of_codes(&codes)
            .on(frames)
            .measured(phrase!("measure-codes-of-training-frames-alone"), share, BY_HEART, Phrase::NONE)
            .remedy(msg!("check-by-heart.remedy-codes"));
    }
}

fn held_out_differs(patient: &Patient<'_>, found: &mut Findings) {
    let run = patient.run;
    let (Some(Gap { db, held_out, train }), false) = (gap(run), may_know_by_heart(run)) else { return };
    let frames = run.source.train_frames as f64 / most_codes(run);
    let text = msg!(
        "check-held-out-differs.found",
        gap = one(db),
        held_out = one(held_out),
        train = one(train),
        frames = format!("{frames:.0}")
    );
    found
        .add(Severity::Note, text)
        .on(run.source.held_out_frames as u64)
        .measured(phrase!("measure-gap"), db, SNR_GAP_DB, phrase!("unit-db"))
        .remedy(msg!("check-held-out-differs.remedy"));
}

/// The SNR of held-out frames beside that of those trained on, in dB.
struct Gap {
    db: f64,
    held_out: f64,
    train: f64,
}

/// A figure with one digit behind the point.
fn one(value: f64) -> String {
    format!("{value:.1}")
}

/// By how much held-out frames do worse, where that is much.
fn gap(run: &Run) -> Option<Gap> {
    let snr = |split| run.total_metrics(split).and_then(|totals| totals.snr_db);
    let (train, held_out) = (snr(SplitKind::Train)?, snr(SplitKind::HeldOut)?);
    let db = train - held_out;
    (db >= SNR_GAP_DB).then_some(Gap { db, held_out, train })
}

/// Whether there are so few frames that rows are made of single ones. A mean of n frames is nearer to them than to others by a factor of about
/// (1 - 1/n) / (1 + 1/n) of the squared error, in every layer again.
fn may_know_by_heart(run: &Run) -> bool {
    let frames = run.source.train_frames as f64;
    frames > 0.0 && run.rvq.num_layers() as f64 * most_codes(run) > ROOM * frames
}

fn most_codes(run: &Run) -> f64 {
    run.rvq.layers().iter().map(|layer| layer.codebook.num_codes()).max().unwrap_or(0) as f64
}

/// By layer: the codes that training frames use and held-out ones do not, where they are many, their share of all, and the held-out frames.
fn of_training_alone(run: &Run) -> Vec<(usize, Vec<usize>, f64, u64)> {
    let (Some(train), Some(held_out)) = (&run.train, &run.held_out) else { return Vec::new() };
    let pairs = train.layers.iter().zip(&held_out.layers).enumerate();
    let of_layer = |(layer, (ours, theirs)): (usize, (&LayerTally, &LayerTally))| {
        let num_codes = ours.counts.len();
        let codes: Vec<usize> = (0..num_codes)
            .filter(|&code| ours.counts[code] > 0 && theirs.counts.get(code) == Some(&0))
            .collect();
        let share = codes.len() as f64 / num_codes as f64;
        let is_many = !is_small_sample(held_out.frames, num_codes) && share > BY_HEART;
        is_many.then_some((layer, codes, share, held_out.frames))
    };
    pairs.filter_map(of_layer).collect()
}

/// The layers behind which held-out frames do so much worse.
fn layers_with_gap(run: &Run) -> Vec<usize> {
    let behind = |split, layer: usize| {
        let evaluation = run.evaluation(split)?;
        distortion::snr_db(evaluation.signal_energy, evaluation.layers.get(layer)?.residual_energy)
    };
    let gap = |layer| Some(behind(SplitKind::Train, layer)? - behind(SplitKind::HeldOut, layer)?);
    (0..run.rvq.num_layers()).filter(|&layer| gap(layer).is_some_and(|gap| gap >= SNR_GAP_DB)).collect()
}
