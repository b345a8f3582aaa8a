//! Evaluating a quantizer on a corpus: on all of its frames, or on a sample while somebody waits.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ndarray::{Array2, Axis};

use crate::features::{FeatureSet, Split};
use crate::metrics::{BoundWork, Evaluator};
use crate::rvq::search::Search;
use crate::rvq::{Rvq, RvqError, RvqParams};
use crate::task::Task;
use crate::text::msg;
use crate::training::{Run, SourceInfo, SplitKind};

use super::{Dataset, Holdout, JobCtx, JobError, work_out_figures};

/// A quantizer whose figures over a corpus are wanted.
#[derive(Debug, Clone)]
pub struct EvaluateSpec {
    /// What it is called.
    pub name: String,
    /// The data.
    pub dataset: Arc<Dataset>,
    /// The quantizer.
    pub rvq: Arc<Rvq>,
    /// The parameters it was made with, where known.
    pub params: Option<RvqParams>,
    /// Steps it was trained for, where known.
    pub steps: u64,
    /// The share of these frames that it was not trained on; `None` where it was trained on none of them, so that all of them judge it.
    pub holdout: Option<Holdout>,
    /// How codes are searched.
    pub search: Search,
}

/// A run whose frames are to be quantized anew, in another way than before.
#[derive(Debug, Clone)]
pub struct LookSpec {
    /// The run; all but its evaluations stays.
    pub run: Arc<Run>,
    /// The data that it is of.
    pub dataset: Arc<Dataset>,
    /// How codes are searched.
    pub search: Search,
}

/// Frames of each split that a sample has at the most.
const SAMPLE_FRAMES: usize = 20_000;

/// The least time between two states that are published.
const PUBLISHED_EVERY: Duration = Duration::from_millis(200);

/// Between them lies at least this share of the time so far: late figures change slowly, and panels work them out anew each time.
const PUBLISHED_SHARE: f64 = 0.12;

/// Quantizes the frames of a corpus with a given quantizer.
///
/// Where somebody watches, the run is published with the figures of the frames so far: at once, and then as they sharpen.
///
/// # Errors
/// Their dimensions differ, or it was cancelled.
pub fn evaluate(spec: &EvaluateSpec, ctx: &JobCtx<'_>) -> Result<Arc<Run>, JobError> {
    ctx.compute(|task| {
        let split = split_of(&spec.dataset, spec.holdout);
        // A share that holds out everything stands for a model that was trained on none of the frames.
        let run = Run {
            source: source_info(&spec.dataset, &split, spec.holdout.map_or(1.0, |holdout| holdout.0)),
            ..Run::of_model(spec.name.clone(), spec.rvq.clone(), spec.params, spec.steps)
        };
        look_and_publish(run, &spec.dataset.set, &split, spec.search, task, ctx)
    })?
}

/// Quantizes the frames of a run anew, and publishes as [`evaluate`] does.
///
/// # Errors
/// The data are not those of the run, or it was cancelled.
pub fn look_again(spec: &LookSpec, ctx: &JobCtx<'_>) -> Result<Arc<Run>, JobError> {
    ctx.compute(|task| {
        let run = Run::clone(&spec.run);
        let SourceInfo { train_frames, holdout, .. } = run.source;
        let split = split_of(&spec.dataset, (train_frames > 0).then_some(Holdout(holdout)));
        if source_info(&spec.dataset, &split, holdout) != run.source {
            let paths = run.source.paths.join(", ");
            return Err(JobError::Input(msg!("job-other-data", paths = paths)));
        }
        look_and_publish(run, &spec.dataset.set, &split, spec.search, task, ctx)
    })?
}

/// Quantizes all frames and, where somebody watches, publishes the figures of the frames so far, ever more rarely.
fn look_and_publish(
    mut run: Run,
    set: &FeatureSet,
    split: &Split,
    search: Search,
    task: &Task<'_>,
    ctx: &JobCtx<'_>,
) -> Result<Arc<Run>, JobError> {
    let mut clock = PublishClock::new();
    let mut publish = |run: &Run| {
        if ctx.live && clock.is_due() {
            ctx.publish(0, Arc::new(run.clone()));
        }
    };
    look_at(&mut run, set, split, search, BoundWork::Full, task, &mut publish)?;
    work_out_figures(&run);
    Ok(Arc::new(run))
}

/// When a state is to be published: at once, and then ever more rarely.
struct PublishClock {
    start: Instant,
    next: Duration,
}

impl PublishClock {
    fn new() -> Self {
        Self { start: Instant::now(), next: Duration::ZERO }
    }

    fn is_due(&mut self) -> bool {
        let now = self.start.elapsed();
        let is_due = now >= self.next;
        if is_due {
            self.next = now + PUBLISHED_EVERY.max(now.mul_f64(PUBLISHED_SHARE));
        }
        is_due
    }
}

/// How the frames of `dataset` are divided; without a share, all of them are there to judge by.
pub(super) fn split_of(dataset: &Dataset, holdout: Option<Holdout>) -> Split {
    match holdout {
        Some(Holdout(share)) => Split::hold_out(&dataset.set, share),
        None => Split { train: Vec::new(), held_out: vec![0..dataset.set.matrix.num_frames()] },
    }
}

/// Quantizes all frames.
pub(super) fn look_at_all(
    run: &mut Run,
    set: &FeatureSet,
    split: &Split,
    search: Search,
    task: &Task<'_>,
) -> Result<(), RvqError> {
    look_at(run, set, split, search, BoundWork::Full, task, &mut |_| {})
}

/// Quantizes a sample of the frames, evenly spread.
pub(super) fn look_at_sample(
    run: &mut Run,
    set: &FeatureSet,
    split: &Split,
    search: Search,
    task: &Task<'_>,
) -> Result<(), RvqError> {
    let (train, held_out) = (sample_of(&split.train), sample_of(&split.held_out));
    look_at(run, set, &Split { train, held_out }, search, BoundWork::Quick, task, &mut |_| {})
}

/// A sample of the frames of `ranges`, evenly spread.
pub(super) fn sample_of(ranges: &[Range<usize>]) -> Vec<Range<usize>> {
    sampled(ranges, SAMPLE_FRAMES)
}

/// The frames of `ranges`.
pub(super) fn frames_of(set: &FeatureSet, ranges: &[Range<usize>]) -> Array2<f32> {
    let frames: Vec<usize> = ranges.iter().cloned().flatten().collect();
    set.matrix.view().select(Axis(0), &frames)
}

/// Quantizes the frames of both splits, those to judge by first, and tells after each block.
///
/// An evaluation takes the place of the one that was there when it is whole, or when it is told of. What each layer could gain at most is only
/// looked at on the frames to judge by.
fn look_at(
    run: &mut Run,
    set: &FeatureSet,
    split: &Split,
    search: Search,
    bound: BoundWork,
    task: &Task<'_>,
    publish: &mut dyn FnMut(&Run),
) -> Result<(), RvqError> {
    let rvq = run.rvq.clone();
    let mut found = Run { train: None, held_out: None, evaluated_at: run.steps, ..run.clone() };
    let train_bound = if Split::count(&split.held_out) == 0 { bound } else { BoundWork::None };
    for (kind, ranges, bound) in
        [(SplitKind::HeldOut, &split.held_out, bound), (SplitKind::Train, &split.train, train_bound)]
    {
        if Split::count(ranges) == 0 {
            continue;
        }
        let mut evaluator = Evaluator::new(&rvq, set.matrix.view(), ranges, search, bound)?;
        while !evaluator.is_done() {
            evaluator.advance(task)?;
            *found.evaluation_mut(kind) = Some(Arc::new(evaluator.so_far()));
            publish(&found);
        }
        *found.evaluation_mut(kind) = Some(Arc::new(evaluator.finish(task)?));
    }
    *run = found;
    Ok(())
}

/// At most `max` frames of `ranges`, in pieces that are evenly spread over them.
pub(super) fn sampled(ranges: &[Range<usize>], max: usize) -> Vec<Range<usize>> {
    const PIECES: usize = 256;
    let total = Split::count(ranges);
    if total <= max {
        return ranges.to_vec();
    }
    let num_pieces = PIECES.min(max);
    let kept = max / num_pieces.max(1);
    let mut pieces = Vec::with_capacity(num_pieces + ranges.len());
    // Places are counted over all ranges, as if they lay one behind the other.
    let (mut next, mut before) = (0, 0);
    for range in ranges {
        let end = before + range.len();
        while next < num_pieces && next * total / num_pieces < end {
            let start = (next * total / num_pieces).max(before);
            let stop = next * total / num_pieces + kept;
            pieces.push(range.start + start - before..range.start + stop.min(end) - before);
            if stop > end {
                break;
            }
            next += 1;
        }
        before = end;
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Where the frames came from and how they are divided.
pub(super) fn source_info(dataset: &Dataset, split: &Split, holdout: f64) -> SourceInfo {
    SourceInfo {
        paths: dataset.source.paths(),
        frames: dataset.set.matrix.num_frames(),
        dim: dataset.set.matrix.dim(),
        frame_rate_hz: dataset.set.frame_rate_hz,
        train_frames: Split::count(&split.train),
        held_out_frames: Split::count(&split.held_out),
        holdout,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ranges: &[Range<usize>], max: usize) {
        let pieces = sampled(ranges, max);
        let total = Split::count(ranges);
        assert!(Split::count(&pieces) <= max.min(total), "{ranges:?} {max}: {pieces:?}");
        assert!(Split::count(&pieces) * 2 >= max.min(total), "{ranges:?} {max}: {pieces:?}");
        assert!(pieces.windows(2).all(|pair| pair[0].end <= pair[1].start), "not ascending: {pieces:?}");
        let inside =
            |piece: &Range<usize>| ranges.iter().any(|r| r.start <= piece.start && piece.end <= r.end);
        assert!(pieces.iter().all(inside), "{ranges:?} {max}: {pieces:?}");
    }

    #[test]
    fn a_sample_is_no_larger_than_asked_for_however_short_the_ranges() {
        let short: Vec<_> = (0..5000).map(|i| i * 40..i * 40 + 30).collect();
        for ranges in [vec![0..100_000], short, vec![5..7, 1000..90_000, 90_001..90_002]] {
            for max in [1, 100, 256, 20_000, 99_999, 1_000_000] {
                check(&ranges, max);
            }
        }
    }

    #[test]
    fn a_state_is_published_at_once_and_then_ever_more_rarely() {
        let mut clock = PublishClock::new();
        assert!(clock.is_due() && !clock.is_due());
        assert!(clock.next >= PUBLISHED_EVERY);
        clock.start = Instant::now() - Duration::from_secs(100);
        assert!(clock.is_due());
        assert!(clock.next >= Duration::from_secs(112), "{:?}", clock.next);
    }
}
