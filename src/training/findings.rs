//! Sentences about what stands out in a run: what a person who knows the field would point at.

use crate::metrics::{is_small_sample, usage};

use super::verdict::SNR_GAP_DB;
use super::{Run, SplitKind, ThresholdStanding};

/// What stands out, most important first.
#[must_use]
pub fn findings(run: &Run) -> Vec<String> {
    let mut found = Vec::new();
    about_data(run, &mut found);
    about_threshold(run, &mut found);
    about_assignment(run, &mut found);
    about_usage(run, &mut found);
    about_gap(run, &mut found);
    found
}

fn about_assignment(run: &Run, found: &mut Vec<String>) {
    for (layer_idx, state) in run.states.iter().enumerate() {
        let frames: u64 = state.batch_counts.iter().map(|&n| u64::from(n)).sum();
        let Some(wrong) = state.misassigned.filter(|&wrong| wrong > 0 && frames > 0) else { continue };
        found.push(format!(
            "Layer {}: in the last batch {wrong} of {frames} frames ({:.2} %) did not get their nearest code, because distances are computed as \
             upstream does and the data are not centred",
            layer_idx + 1,
            100.0 * f64::from(wrong) / frames as f64
        ));
    }
}

fn about_data(run: &Run, found: &mut Vec<String>) {
    let train_frames = run.source.train_frames;
    let most_codes = run.rvq.layers().iter().map(|l| l.codebook.num_codes()).max().unwrap_or(0);
    if train_frames > 0 && most_codes > train_frames {
        found.push(format!(
            "There are more codes ({most_codes}) than frames to train on ({train_frames}): at most {train_frames} can be used"
        ));
    }
    if run.train.as_ref().is_some_and(|e| e.centred_energy <= 0.0) {
        found.push(
            "All frames are the same: one code reproduces them, and there is no variance to explain"
                .to_owned(),
        );
    }
    if run.train.as_ref().is_some_and(|e| e.signal_energy <= 0.0) {
        found.push("The frames are all zero, so there is no signal-to-noise ratio".to_owned());
    }
    if let Some((split, evaluation)) = run.best_evaluation()
        && is_small_sample(evaluation.frames, most_codes)
    {
        found.push(format!(
            "The {} are fewer than 10 a code: utilization and perplexity come out too low",
            run.frames_words(split, evaluation.frames)
        ));
    }
}

fn about_threshold(run: &Run, found: &mut Vec<String>) {
    let standing = ThresholdStanding::of(run, 0);
    if standing.is_known && standing.is_too_high {
        let words = format!("{}. Lower it, or raise the batch size", standing.words());
        found.push(words.replacen("the threshold", "The dead-code threshold", 1));
    }
}

/// Held-out frames that do far worse than those trained on.
fn about_gap(run: &Run, found: &mut Vec<String>) {
    let snr = |split| run.total_metrics(split).and_then(|totals| totals.snr_db);
    if let (Some(train), Some(held_out)) = (snr(SplitKind::Train), snr(SplitKind::HeldOut))
        && train - held_out >= SNR_GAP_DB
    {
        found.push(format!(
            "Held-out frames do {:.1} dB worse than those trained on ({held_out:.1} beside {train:.1} dB): the codebooks know their frames by heart. \
             Train on more frames, or with fewer codes or layers",
            train - held_out
        ));
    }
}

fn about_usage(run: &Run, found: &mut Vec<String>) {
    let Some((split, evaluation)) = run.best_evaluation() else { return };
    for (layer_idx, layer) in evaluation.layers.iter().enumerate() {
        let num_codes = layer.counts.len();
        if is_small_sample(evaluation.frames, num_codes) {
            continue;
        }
        let used = usage::used(&layer.counts);
        if used * 2 < num_codes {
            found.push(format!(
                "Layer {} uses {used} of {num_codes} codes on the {}",
                layer_idx + 1,
                run.frames_words(split, evaluation.frames)
            ));
        }
    }
}
