//! Sentences about what stands out in a run: what a person who knows the field would point at.

use crate::metrics::{is_small_sample, usage};

use super::Run;

/// What stands out, most important first.
#[must_use]
pub fn findings(run: &Run) -> Vec<String> {
    let mut found = Vec::new();
    about_data(run, &mut found);
    about_threshold(run, &mut found);
    about_assignment(run, &mut found);
    about_usage(run, &mut found);
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
            "The {} frames ({}) are fewer than 10 a code: utilization and perplexity come out too low",
            split.label(),
            evaluation.frames
        ));
    }
}

fn about_threshold(run: &Run, found: &mut Vec<String>) {
    let batch_len = run.params.batch_size.min(run.source.train_frames) as f64;
    let Some(layer) = run.rvq.layers().first() else { return };
    let uniform = batch_len / layer.codebook.num_codes() as f64;
    let threshold = run.threshold_frames(0);
    if run.params_known && run.params.threshold_ema_dead_code > 0.0 && threshold >= uniform && uniform > 0.0 {
        found.push(format!(
            "The dead-code threshold ({threshold:.3} frames) is not below N/K ({uniform:.3}): even evenly used codes count as dead. \
             Lower it, or raise the batch size"
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
                "Layer {} uses {used} of {num_codes} codes on the {} frames",
                layer_idx + 1,
                split.label()
            ));
        }
    }
}
