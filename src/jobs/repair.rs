//! Mending a quantizer on data: some frames to work fixes out from, others to judge them by.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2, s};

use crate::doctor::repair::{self, Fix, Frames, Plan, Repaired, Tried};
use crate::features::Split;
use crate::rvq::Rvq;
use crate::rvq::search::Search;
use crate::text::msg;
use crate::training::{Run, RunFigures, SourceInfo};

use super::evaluate::{LookSpec, look_again, source_info, split_of};
use super::{Dataset, Holdout, JobCtx, JobError};

/// Frames that fixes are worked out from at most, and those that they are judged by.
const MOST_FIT: usize = 1 << 18;
const MOST_JUDGE: usize = 1 << 17;

/// The share of the frames that fixes are judged by where the run has none of its own.
const JUDGED: f64 = 0.1;

/// A quantizer to be mended.
#[derive(Debug, Clone)]
pub struct RepairSpec {
    /// The quantizer.
    pub rvq: Arc<Rvq>,
    /// The data.
    pub dataset: Arc<Dataset>,
    /// What is tried, in this order.
    pub fixes: Vec<&'static Fix>,
    /// The one layer that may be changed, from 0; `None` for all.
    pub layer: Option<usize>,
    /// The share of the frames that fixes are judged by, and do not see.
    pub holdout: Holdout,
    /// How codes are searched.
    pub search: Search,
    /// Of random draws.
    pub seed: u64,
}

/// A run whose quantizer is to be mended, and held against the same frames as before.
#[derive(Debug, Clone)]
pub struct RepairRunSpec {
    /// The run; it stays as it is.
    pub run: Arc<Run>,
    /// What the mended one is called.
    pub name: String,
    /// The data that the run is of, or that it meets here.
    pub dataset: Arc<Dataset>,
    /// What is tried, in this order.
    pub fixes: Vec<&'static Fix>,
    /// How codes are searched.
    pub search: Search,
}

/// What came of mending a run.
#[derive(Debug, Clone)]
pub struct RepairedRun {
    /// Each fix in turn.
    pub tried: Vec<Tried>,
    /// The run with the mended quantizer; `None` where no fix was kept.
    pub run: Option<Arc<Run>>,
}

/// Mends the quantizer of a run, and evaluates it on the frames that the run was evaluated on, divided as they were: both can be held against each
/// other. Frames that the run never saw are those to judge fixes by.
///
/// # Errors
/// As for [`repair()`], or the data are not those of the run.
pub fn repair_run(spec: RepairRunSpec, ctx: &JobCtx<'_>) -> Result<RepairedRun, JobError> {
    let RepairRunSpec { run, name, dataset, fixes, search } = spec;
    let source = source_of(&run, &dataset);
    let is_divided = source.train_frames > 0 && source.held_out_frames > 0;
    let holdout = Holdout(if is_divided { source.holdout } else { JUDGED });
    let to_mend = RepairSpec {
        rvq: run.rvq.clone(),
        dataset: dataset.clone(),
        fixes,
        layer: None,
        holdout,
        search,
        seed: 0,
    };
    let Repaired { rvq, tried } = repair(&to_mend, ctx)?;
    if !tried.iter().any(|tried| tried.kept) {
        return Ok(RepairedRun { tried, run: None });
    }
    let mended = Run {
        name,
        source,
        rvq: Arc::new(rvq),
        trace: None,
        train: None,
        held_out: None,
        figures: RunFigures::default(),
        ..Run::clone(&run)
    };
    // Nobody sees it before it is whole.
    let quiet = JobCtx { live: false, ..*ctx };
    let run = look_again(&LookSpec { run: Arc::new(mended), dataset, search }, &quiet)?;
    Ok(RepairedRun { tried, run: Some(run) })
}

/// Which frames a run is judged by: its own, or all of the data for a model that has met none.
fn source_of(run: &Run, dataset: &Dataset) -> SourceInfo {
    if run.source.frames > 0 {
        return run.source.clone();
    }
    source_info(dataset, &split_of(dataset, None), 1.0)
}

/// Tries the fixes and keeps those that do no harm on held-out frames.
///
/// # Errors
/// The quantizer cannot be mended, the data have another dimension or leave nothing to judge by, or it was cancelled.
pub fn repair(spec: &RepairSpec, ctx: &JobCtx<'_>) -> Result<Repaired, JobError> {
    let RepairSpec { rvq, dataset, fixes, layer, holdout, search, seed } = spec;
    repair::check(rvq)?;
    let split = Split::hold_out(&dataset.set, holdout.0);
    if split.held_out.is_empty() || split.train.is_empty() {
        return Err(JobError::Input(msg!("job-repair-needs-held-out")));
    }
    let frames = dataset.set.matrix.view();
    let fit = spread(frames, &split.train, MOST_FIT);
    let judge = spread(frames, &split.held_out, MOST_JUDGE);
    let frames = Frames { fit: fit.view(), judge: judge.view() };
    let plan = Plan { fixes, layer: *layer, search: *search, seed: *seed };
    Ok(ctx.compute(|task| repair::repair(rvq, frames, plan, task))??)
}

/// The frames of `ranges`, evenly thinned out to `most`.
fn spread(frames: ArrayView2<'_, f32>, ranges: &[Range<usize>], most: usize) -> Array2<f32> {
    let all: usize = ranges.iter().map(ExactSizeIterator::len).sum();
    let step = all.div_ceil(most).max(1);
    let rows: Vec<usize> = ranges.iter().cloned().flatten().step_by(step).collect();
    let mut picked = Array2::zeros((rows.len(), frames.ncols()));
    for (mut row, &frame) in picked.rows_mut().into_iter().zip(&rows) {
        row.assign(&frames.slice(s![frame, ..]));
    }
    picked
}
