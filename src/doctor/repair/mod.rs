//! Mending a quantizer without training it: each fix is tried, held against frames that it did not see, and kept only if it does no harm.

mod fixes;
mod layers;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::Finding;
use crate::metrics::{Evaluation, distortion, evaluate, usage};
use crate::rvq::search::Search;
use crate::rvq::{Metric, Rvq, RvqError};
use crate::task::Task;
use crate::text::{Phrase, phrase};
use layers::Layers;

/// One way to mend.
pub struct Fix {
    /// Its id, which never changes.
    pub id: &'static str,
    /// What it does, in a few words.
    pub title: Phrase,
    /// The findings that it mends.
    pub mends: &'static [&'static str],
    apply: fn(&mut Layers<'_>) -> Result<usize, RvqError>,
}

/// The fixes, in the order in which they are tried.
pub static FIXES: &[Fix] = &[
    Fix {
        id: "fold-offset",
        title: phrase!("fix-fold-offset"),
        mends: &["wrong-features", "shifted-frames", "offset"],
        apply: fixes::fold_offset,
    },
    Fix {
        id: "merge-duplicates",
        title: phrase!("fix-merge-duplicates"),
        mends: &["equal-rows", "near-duplicates"],
        apply: fixes::merge_duplicates,
    },
    Fix {
        id: "replace-dead",
        title: phrase!("fix-replace-dead"),
        mends: &[
            "unused-codes",
            "dead-not-replaced",
            "replacement-overwritten",
            "replacement-snaps-back",
            "born-dead",
            "cold-start",
            "zero-rows",
            "long-rows",
            "out-of-reach",
            "collapse",
        ],
        apply: fixes::replace_dead,
    },
    Fix {
        id: "split-overloaded",
        title: phrase!("fix-split-overloaded"),
        mends: &["overloaded-codes"],
        apply: fixes::split_overloaded,
    },
    Fix {
        id: "refit",
        title: phrase!("fix-refit"),
        mends: &["idle-layer", "start-shrunk"],
        apply: fixes::refit,
    },
    Fix {
        id: "align-averages",
        title: phrase!("fix-align-averages"),
        mends: &["replacement-snaps-back", "start-sums-are-means", "negative-sizes"],
        apply: fixes::align_averages,
    },
];

/// How a quantizer does on frames that no fix has seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Signal-to-noise ratio in dB; `None` where it is not defined.
    pub snr_db: Option<f64>,
    /// Codes used, over all layers.
    pub used: usize,
    /// Codes below 0.1 of an even code's frames, over all layers.
    pub rare: usize,
    /// Entropy of the codes in bits a frame, over all layers.
    pub bits: f64,
}

/// What came of a fix.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tried {
    /// The fix.
    pub fix: &'static str,
    /// Rows that it changed.
    pub rows: usize,
    /// Before it.
    pub before: Scores,
    /// With it.
    pub after: Scores,
    /// Whether it was kept.
    pub kept: bool,
}

/// A quantizer that was mended, and what was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Repaired {
    /// The quantizer, with what was kept.
    pub rvq: Rvq,
    /// Each fix in turn.
    pub tried: Vec<Tried>,
}

/// What a fix is worked out from, and what it is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Frames<'a> {
    /// Frames that fixes may look at, `(num_frames, dim)`.
    pub fit: ArrayView2<'a, f32>,
    /// Frames that they are judged by.
    pub judge: ArrayView2<'a, f32>,
}

/// What is tried, and how.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The fixes, in the order in which they are tried.
    pub fixes: &'a [&'static Fix],
    /// The one layer that may be changed, from 0; `None` for all.
    pub layer: Option<usize>,
    /// How codes are searched.
    pub search: Search,
    /// Of random draws.
    pub seed: u64,
}

/// The fixes that these findings call for, in the order in which they are tried.
#[must_use]
pub fn called_for(findings: &[Finding]) -> Vec<&'static Fix> {
    let mends = |fix: &&Fix| findings.iter().any(|finding| fix.mends.contains(&finding.id));
    FIXES.iter().filter(mends).collect()
}

/// The fix of this id, or the one that mends the finding of this id.
#[must_use]
pub fn fix(id: &str) -> Option<&'static Fix> {
    FIXES.iter().find(|fix| fix.id == id || fix.mends.contains(&id))
}

/// Checks that the rows of a quantizer can be moved by frames.
///
/// # Errors
/// It has projections, strides, several chains, or is searched by angle.
pub fn check(rvq: &Rvq) -> Result<(), RvqError> {
    rvq.check_trainable()?;
    let is_plain = rvq.layers().iter().all(|layer| layer.projection.is_none());
    match (is_plain, rvq.metric()) {
        (true, Metric::Euclidean) => Ok(()),
        (true, _) => Err(RvqError::NotTrainable(phrase!("fix-not-by-angle"))),
        (false, _) => Err(RvqError::NotTrainable(phrase!("training-not-in-projection"))),
    }
}

/// Tries the fixes of `plan` one after the other, each on what the ones before have left, and keeps those that make neither the SNR nor the number of used codes
/// worse on the frames to judge by.
///
/// The EMA state follows the rows: sizes and sums are set with them, so that a trainer's next step keeps them. A fix of these
/// alone changes no score, and is kept. The result depends on the seed and on
/// nothing else.
///
/// # Errors
/// The quantizer cannot be mended (see [`check`]), there is no such layer, the frames have another dimension, or the task was cancelled.
pub fn repair(rvq: &Rvq, frames: Frames<'_>, plan: Plan<'_>, task: &Task<'_>) -> Result<Repaired, RvqError> {
    let Plan { fixes, layer, search, .. } = plan;
    check(rvq)?;
    if let Some(asked) = layer.filter(|&layer| layer >= rvq.num_layers()) {
        return Err(RvqError::NoSuchLayer { asked, have: rvq.num_layers() });
    }
    let (mut current, mut tried) = (rvq.clone(), Vec::new());
    let mut before = scores(&current, frames.judge, search, task)?;
    for (nth, fix) in fixes.iter().enumerate() {
        task.progress(fix.title, nth, fixes.len());
        let mut layers = Layers::new(&current, frames.fit, &plan, *task);
        let rows = (fix.apply)(&mut layers)?;
        let mended = layers.finish()?;
        let after = scores(&mended, frames.judge, search, task)?;
        let is_better = after.is_better_than(&before) || (mended != current && after == before);
        let kept = rows > 0 && is_better;
        tried.push(Tried { fix: fix.id, rows, before, after, kept });
        if kept {
            (current, before) = (mended, after);
        }
    }
    Ok(Repaired { rvq: current, tried })
}

fn scores(
    rvq: &Rvq,
    frames: ArrayView2<'_, f32>,
    search: Search,
    task: &Task<'_>,
) -> Result<Scores, RvqError> {
    let evaluation = evaluate(rvq, frames, &[0..frames.nrows()], search, &task.quiet())?;
    Ok(Scores::of(&evaluation))
}

impl Scores {
    fn of(evaluation: &Evaluation) -> Self {
        let counts = || evaluation.layers.iter().map(|layer| &layer.counts);
        let rare = |counts: &Vec<u64>| {
            let limit = 0.1 * usage::frames(counts) as f64 / counts.len().max(1) as f64;
            counts.iter().filter(|&&count| (count as f64) < limit).count()
        };
        let last = evaluation.layers.last();
        Self {
            snr_db: last.and_then(|last| distortion::snr_db(evaluation.signal_energy, last.residual_energy)),
            used: counts().map(|counts| usage::used(counts)).sum(),
            rare: counts().map(rare).sum(),
            bits: counts().filter_map(|counts| usage::entropy_nats(counts)).sum::<f64>()
                / std::f64::consts::LN_2,
        }
    }

    /// Whether neither the SNR nor the number of used codes has fallen, and one of them has risen.
    fn is_better_than(&self, before: &Self) -> bool {
        // Rounding is no loss.
        const SAME_DB: f64 = 1e-3;
        let (Some(now), Some(then)) = (self.snr_db, before.snr_db) else { return self.used > before.used };
        let is_better = now > then + SAME_DB || self.used > before.used;
        is_better && now >= then - SAME_DB && self.used >= before.used
    }
}

impl std::fmt::Debug for Fix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fix").field("id", &self.id).finish_non_exhaustive() // not a text
    }
}
