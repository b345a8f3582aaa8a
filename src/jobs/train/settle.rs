//! What is done behind the last step of a training, by one process or by several ranks: rows are calibrated, and the best state is kept.

use std::ops::Range;
use std::sync::Arc;

use crate::features::Split;
use crate::rvq::search::Search;
use crate::rvq::{Rvq, RvqParams};
use crate::task::Task;
use crate::training::Judges;
use crate::training::course::is_better;
use crate::training::row_scales::{row_scales, row_scales_across, with_row_scales};

use super::super::JobError;
use super::super::evaluate::sample_of;

/// Frames trained on by which rows are fitted at most where none are held out. With more of them there are so many a code that nothing is left to fit.
const CALIBRATED_ON: usize = 1 << 17;

/// Numbers in them at most: parts of them are held four times over.
const CALIBRATED_VALUES: usize = 1 << 25;

/// What a training is settled by.
pub(in super::super) struct Settling<'a> {
    pub(in super::super) params: &'a RvqParams,
    pub(in super::super) split: &'a Split,
    /// Of a frame.
    pub(in super::super) dim: usize,
    /// The frames of some ranges, in input units.
    pub(in super::super) frames: &'a dyn Fn(&[Range<usize>]) -> Judges,
}

/// A quantizer as a run shows it.
pub(in super::super) struct Settled {
    pub(in super::super) rvq: Arc<Rvq>,
    /// By which factors the rows of its layers were multiplied; none where they were not.
    pub(in super::super) scales: Vec<f64>,
    /// The step that it is of, where that is not the last one.
    pub(in super::super) kept: Option<u64>,
}

impl Settling<'_> {
    /// Calibrates `last`, where that is asked for, and takes `best`, the best state on the way and its step, in its place where held-out frames lose
    /// clearly less with it. Both are in input units.
    ///
    /// # Errors
    /// The task is cancelled, or another of its ranks has ended; or rows are no longer finite.
    pub(in super::super) fn settle(
        &self,
        last: Arc<Rvq>,
        best: Option<(u64, Arc<Rvq>)>,
        task: &Task<'_>,
    ) -> Result<Settled, JobError> {
        let settled = self.calibrated(last, task)?;
        let Some((step, best)) = best else { return Ok(settled) };
        let best = self.calibrated(best, task)?;
        // Both as they would be shown: a state that overfits is mended in part by its calibration.
        let judges = (self.frames)(&sample_of(&self.split.held_out));
        let is_better = is_better(&best.rvq, &settled.rvq, &judges, task)?;
        Ok(if is_better { Settled { kept: Some(step), ..best } } else { settled })
    }

    /// The quantizer with the length of its rows fitted to held-out frames, or to parts of those trained on, where that is asked for.
    fn calibrated(&self, rvq: Arc<Rvq>, task: &Task<'_>) -> Result<Settled, JobError> {
        let Self { params, split, dim, frames } = self;
        let plain = Settled { rvq, scales: Vec::new(), kept: None };
        if !params.calibrate {
            return Ok(plain);
        }
        let search = Search::of_width(params.search);
        let scales = if Split::count(&split.held_out) > 0 {
            row_scales(&plain.rvq, &frames(&sample_of(&split.held_out)), search, task)?
        } else if is_small(Split::count(&split.train), *dim) {
            row_scales_across(&plain.rvq, &frames(&split.train), search, task)?
        } else {
            return Ok(plain);
        };
        if scales.iter().all(|&scale| scale == 1.0) {
            return Ok(plain);
        }
        Ok(Settled { rvq: Arc::new(with_row_scales(&plain.rvq, &scales)?), scales, ..plain })
    }
}

/// Whether rows are calibrated on so many frames that they were trained on.
fn is_small(frames: usize, dim: usize) -> bool {
    frames <= CALIBRATED_ON && frames.saturating_mul(dim) <= CALIBRATED_VALUES
}
