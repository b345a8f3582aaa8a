//! Holding a quantizer against a corpus: all of its frames, or a sample while somebody waits.

use std::ops::Range;
use std::sync::Arc;

use crate::features::{FeatureSet, Split};
use crate::metrics::{Evaluation, evaluate as evaluate_ranges};
use crate::rvq::search::Search;
use crate::rvq::{Rvq, RvqError, RvqParams};
use crate::task::Task;
use crate::training::{Run, SourceInfo};

use super::{Dataset, Holdout, JobCtx, JobError};

/// A quantizer to be held against data.
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
    /// What is held out.
    pub holdout: Holdout,
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

/// Quantizes the frames of a corpus with a given quantizer.
///
/// # Errors
/// Their dimensions differ, or it was cancelled.
pub fn evaluate(spec: &EvaluateSpec, ctx: &JobCtx<'_>) -> Result<Arc<Run>, JobError> {
    ctx.compute(|task| {
        let set = &spec.dataset.set;
        let split = Split::hold_out(set, spec.holdout.0);
        let mut run = Run {
            name: spec.name.clone(),
            source: source_info(&spec.dataset, &split, spec.holdout.0),
            params: spec.params.unwrap_or_else(|| params_like(&spec.rvq)),
            params_known: spec.params.is_some(),
            live_edits: Vec::new(),
            steps: spec.steps,
            rvq: spec.rvq.clone(),
            states: Vec::new(),
            train: None,
            held_out: None,
            evaluated_at: spec.steps,
        };
        look_at_all(&mut run, set, &split, spec.search, task)?;
        Ok(Arc::new(run))
    })?
}

/// Quantizes the frames of a run anew.
///
/// # Errors
/// The data are not those of the run, or it was cancelled.
pub fn look_again(spec: &LookSpec, ctx: &JobCtx<'_>) -> Result<Arc<Run>, JobError> {
    ctx.compute(|task| {
        let set = &spec.dataset.set;
        let mut run = Run::clone(&spec.run);
        let split = Split::hold_out(set, run.source.holdout);
        if source_info(&spec.dataset, &split, run.source.holdout) != run.source {
            return Err(JobError::Input(format!(
                "this run is of other data than those that are open: {}",
                run.source.paths.join(", ")
            )));
        }
        look_at_all(&mut run, set, &split, spec.search, task)?;
        Ok(Arc::new(run))
    })?
}

/// A quantizer that was loaded, before any frame was seen.
#[must_use]
pub fn run_of_model(name: String, rvq: Arc<Rvq>, params: Option<RvqParams>, steps: u64) -> Run {
    Run {
        name,
        source: SourceInfo::default(),
        params: params.unwrap_or_else(|| params_like(&rvq)),
        params_known: params.is_some(),
        live_edits: Vec::new(),
        steps,
        rvq,
        states: Vec::new(),
        train: None,
        held_out: None,
        evaluated_at: steps,
    }
}

/// The lineage's parameters in the shape of a quantizer that came without any.
fn params_like(rvq: &Rvq) -> RvqParams {
    let codebook_size = rvq.layers().first().map_or(1, |layer| layer.codebook.num_codes());
    RvqParams {
        num_layers: rvq.num_layers(),
        codebook_size,
        metric: rvq.metric(),
        ..RvqParams::lineage("gpt-sovits")
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
    look_at(run, set, [&split.train, &split.held_out], search, task)
}

/// Quantizes a sample of the frames, evenly spread.
pub(super) fn look_at_sample(
    run: &mut Run,
    set: &FeatureSet,
    split: &Split,
    search: Search,
    task: &Task<'_>,
) -> Result<(), RvqError> {
    let train = sampled(&split.train, SAMPLE_FRAMES);
    let held_out = sampled(&split.held_out, SAMPLE_FRAMES);
    look_at(run, set, [&train, &held_out], search, task)
}

fn look_at(
    run: &mut Run,
    set: &FeatureSet,
    [train, held_out]: [&[Range<usize>]; 2],
    search: Search,
    task: &Task<'_>,
) -> Result<(), RvqError> {
    let look = |ranges: &[Range<usize>]| -> Result<Option<Arc<Evaluation>>, RvqError> {
        if Split::count(ranges) == 0 {
            return Ok(None);
        }
        evaluate_ranges(&run.rvq, set.matrix.view(), ranges, search, task).map(|e| Some(Arc::new(e)))
    };
    let (train, held_out) = (look(train)?, look(held_out)?);
    (run.train, run.held_out, run.evaluated_at) = (train, held_out, run.steps);
    Ok(())
}

/// At most `max` frames of `ranges`, in pieces that are evenly spread over them.
fn sampled(ranges: &[Range<usize>], max: usize) -> Vec<Range<usize>> {
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
}
