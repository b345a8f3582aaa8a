//! How panels say of what a figure is, in the same words everywhere.

use crate::text::t;
use crate::training::{Run, SplitKind};

/// The frames of a split that were counted: `2 702 held-out frames`.
#[must_use]
pub fn frames_words(run: &Run, split: SplitKind) -> String {
    let frames = run.evaluation(split).map_or(0, |evaluation| evaluation.frames);
    match split {
        SplitKind::Train => t!("parts-frames-training", n = frames),
        SplitKind::HeldOut => t!("parts-frames-held-out", n = frames),
    }
}

/// A split as an adjective.
#[must_use]
pub fn split_word(split: SplitKind) -> &'static str {
    match split {
        SplitKind::Train => t!("word-training"),
        SplitKind::HeldOut => t!("word-held-out"),
    }
}

/// The step at which frames were counted, where that is not plain: `, step 120`.
#[must_use]
pub fn step_words(run: &Run) -> String {
    if run.evaluated_at == 0 { String::new() } else { t!("parts-at-step", step = run.evaluated_at) }
}
