//! How panels say of what a figure is, in the same words everywhere.

use crate::app::plot::numbers::grouped;
use crate::training::{Run, SplitKind};

/// The frames of a split that were counted: `2 702 held-out frames`.
#[must_use]
pub fn frames_words(run: &Run, split: SplitKind) -> String {
    let frames = run.evaluation(split).map_or(0, |evaluation| evaluation.frames);
    format!("{} {} frames", grouped(frames as i64), split_word(split))
}

/// A split as an adjective.
#[must_use]
pub fn split_word(split: SplitKind) -> &'static str {
    match split {
        SplitKind::Train => "training",
        SplitKind::HeldOut => "held-out",
    }
}

/// The step at which frames were counted, where that is not plain: `, step 120`.
#[must_use]
pub fn step_words(run: &Run) -> String {
    if run.evaluated_at == 0 { String::new() } else { format!(", step {}", grouped(run.evaluated_at as i64)) }
}
