//! Refits, the last steps of a training that asks for them: codes along the paths, then the rows of all layers at once by least squares.
//!
//! What they gain, and what was tried, stands in `joint.rs`.

use ndarray::{Array2, s};

use crate::metrics::convergence::{self, RowMoves};
use crate::metrics::usage;
use crate::rvq::encoder::{Encoded, Encoder};
use crate::rvq::refit::FixedCodes;
use crate::rvq::search::Search;
use crate::rvq::{Layer, LayerSpan, Rows, Rvq, RvqError};
use crate::task::{Cancelled, Task};
use crate::text::phrase;

use super::{LayerStep, Share, StepRecord, Trainer};

/// Frames that a refit fits at most, and those that it is judged by.
const MOST_FIT: usize = 1 << 18;
const MOST_JUDGE: usize = 1 << 15;

/// The part of the training frames that a refit does not fit: one of so many, the last ones.
const JUDGED: usize = 10;

/// So many frames at its old place hold a row; the best for the frames to judge by is taken.
const RIDGES: [f64; 3] = [2.0, 20.0, 200.0];

/// Passes over the layers at fixed codes. Rows of several layers share few frames, so that few passes come near the optimum.
const SWEEPS: usize = 8;

/// The frames of a refit: all, or those of one rank.
struct RefitFrames {
    /// `(num_frames, dim)`.
    fit: Rows<'static>,
    /// `(num_frames, dim)`.
    judge: Rows<'static>,
    /// Frames to fit with all ranks together.
    num_fit: usize,
}

/// What the frames to fit say of a layer, under the rows before.
pub(super) struct LayerTotals {
    pub(super) counts: Vec<u32>,
    /// `sum ||x - e||²` over what the search saw.
    pub(super) sq_error: f64,
    /// `sum ||r||²` of what is left behind the layer.
    pub(super) energy: f64,
}

/// What a refit found.
struct Refitted {
    /// The codes of the frames to fit, under the rows before.
    encoded: Encoded,
    /// By layer.
    totals: Vec<LayerTotals>,
    /// Rows by layer that serve the frames to judge by better; `None` where none do.
    better: Option<Vec<Array2<f32>>>,
}

impl Trainer {
    /// Whether this step is a refit: one of the last, when every layer has started and no other step is under way.
    pub(super) fn is_refit(&self, step: u64) -> bool {
        let first = self.params.steps.saturating_sub(self.params.refit);
        step > first && step <= self.params.steps && self.has_started() && self.is_between_steps()
    }

    /// Takes a refit for step `step`. One that was cancelled has changed nothing.
    ///
    /// The rows are fitted to most of the training frames and judged by the rest of them, so that the frames that the run is held out from have no
    /// part in it. Where no ridge makes the judged frames better, the rows stay. Of several ranks each has its own frames of both.
    pub(super) fn alternate(&mut self, step: u64, task: &Task<'_>) -> Result<StepRecord, Cancelled> {
        let frames = self.frames_to_refit();
        match self.refitted(&frames, task) {
            Ok(refitted) => Ok(self.take_over(step, &frames, refitted)),
            // The frames are the quantizer's own: nothing but a cancel can come between, or the end of another rank.
            Err(_) => Err(Cancelled),
        }
    }

    /// Frames to fit and frames to judge by: the last tenth of the training frames is not fitted.
    fn frames_to_refit(&self) -> RefitFrames {
        let all = self.batches.num_frames();
        let fitted = all - all / JUDGED;
        let chosen = |from: usize, to: usize, most: usize| {
            let thinned = (to - from).div_ceil(most).max(1);
            (from..to).step_by(thinned).map(|nth| self.batches.frame(nth))
        };
        let frames = self.set.matrix.view();
        let gathered = |chosen: &mut dyn Iterator<Item = usize>| match &self.share {
            Some(share) => share.own_of(frames, chosen),
            None => {
                let mut rows = Rows::default();
                rows.gather(frames, &chosen.map(|frame| frame as u32).collect::<Vec<_>>());
                rows
            }
        };
        RefitFrames {
            fit: gathered(&mut chosen(0, fitted, MOST_FIT)),
            judge: gathered(&mut chosen(fitted, all, MOST_JUDGE)),
            num_fit: chosen(0, fitted, MOST_FIT).count(),
        }
    }

    /// Fits the rows to the frames to fit, held by each ridge in turn, and takes those that serve the others best.
    fn refitted(&self, frames: &RefitFrames, task: &Task<'_>) -> Result<Refitted, RvqError> {
        let RefitFrames { fit, judge, num_fit } = frames;
        let (search, share) = (Search::of_width(self.params.search), self.share.as_ref());
        let stages = RIDGES.len() + 1;
        task.check()?;
        task.progress(phrase!("stage-refit-codes"), 0, stages);
        let encoded = Encoder::new(&self.rvq, LayerSpan::ALL)?.encode(fit.view(), search)?;
        let codes = encoded.to_matrix();
        let error = |rvq: &Rvq| -> Result<f64, RvqError> {
            let judged = Encoder::new(rvq, LayerSpan::ALL)?.encode(judge.view(), search)?;
            Ok(totals(rvq, judge, &judged, share)?.last().map_or(0.0, |layer| layer.energy))
        };
        let (mut least, mut better) = (error(&self.rvq)?, None);
        for (nth, ridge) in RIDGES.into_iter().enumerate() {
            task.progress(phrase!("stage-refit-rows"), nth + 1, stages);
            let embeds = self.rvq.layers().iter().map(|layer| layer.codebook.embed());
            let mut rows: Vec<Array2<f32>> = embeds.clone().map(|embed| embed.to_owned()).collect();
            let mut fixed = FixedCodes::new(fit.view(), codes.view(), embeds);
            for _ in 0..SWEEPS {
                task.check()?;
                for (layer_idx, rows) in rows.iter_mut().enumerate() {
                    *rows = moved(&mut fixed, layer_idx, rows, ridge, share.map(|share| (share, *num_fit)))?;
                }
            }
            let error = error(&with_rows(&self.rvq, &rows))?;
            if error < least {
                (least, better) = (error, Some(rows));
            }
        }
        let totals = totals(&self.rvq, fit, &encoded, share)?;
        Ok(Refitted { encoded, totals, better })
    }

    /// Takes over better rows, where there are such, and tells what the step did.
    fn take_over(&mut self, step: u64, frames: &RefitFrames, refitted: Refitted) -> StepRecord {
        let Refitted { encoded, totals, better } = refitted;
        let (num_frames, dim) = (frames.num_fit, frames.fit.dim());
        let before = self.rvq.clone();
        if let Some(rows) = better {
            self.rvq = with_rows(&before, &rows);
        }
        let Self { params, rvq, states, tracer, buffers, .. } = self;
        let mut layers = Vec::with_capacity(rvq.num_layers());
        let pairs = rvq.layers().iter().zip(before.layers()).zip(totals);
        for (layer_idx, ((layer, old), LayerTotals { counts, sq_error, energy })) in pairs.enumerate() {
            let codes = &mut buffers.codes[layer_idx];
            codes.clear();
            codes.extend(encoded.layer(layer_idx));
            let moves = RowMoves::between(old.codebook.embed(), layer.codebook.embed());
            let state = &mut states[layer_idx];
            state.misassigned = None;
            state.note(step, &counts, &moves, &[]);
            if let Some(mut since) = tracer.as_mut().and_then(|tracer| tracer.layer(layer_idx)) {
                since.note(&state.code_drift, &[]);
            }
            let counts: Vec<u64> = counts.into_iter().map(u64::from).collect();
            let sizes = layer.codebook.cluster_size();
            layers.push(LayerStep {
                loss: convergence::commitment_loss(sq_error, num_frames, dim, params.commitment_weight),
                mse: energy / (num_frames * dim).max(1) as f64,
                perplexity: usage::perplexity(&counts).unwrap_or(0.0),
                used: usage::used(&counts) as u32,
                below_threshold: sizes.iter().filter(|&&size| size < state.threshold_frames).count() as u32,
                replaced: 0,
                drift: convergence::drift(&moves, &[]),
                drift_all: convergence::drift_all(&moves),
                misassigned: None,
                held_out_mse: None,
            });
        }
        self.end_step(step, layers)
    }
}

/// What the codes of `frames`, `(num_frames, dim)`, say of each layer, with those of the other ranks where the frames are shared.
fn totals(
    rvq: &Rvq,
    frames: &Rows<'_>,
    encoded: &Encoded,
    share: Option<&Share>,
) -> Result<Vec<LayerTotals>, Cancelled> {
    if let Some(share) = share {
        return Ok(share.totals(rvq, frames, encoded)?);
    }
    let of_layer = |(layer_idx, layer): (usize, &Layer)| {
        let mut counts = vec![0u32; layer.codebook.num_codes()];
        encoded.layer(layer_idx).for_each(|code| counts[code as usize] += 1);
        let sq_dists = encoded.sq_dists.iter().skip(layer_idx).step_by(rvq.num_layers());
        let sq_error = sq_dists.map(|&d| f64::from(d)).sum();
        LayerTotals { counts, sq_error, energy: encoded.residual_energy[layer_idx] }
    };
    Ok(rvq.layers().iter().enumerate().map(of_layer).collect())
}

/// The rows of a layer at the optimum that the codes leave them, over the frames of all ranks, so many, where they are shared.
fn moved(
    fixed: &mut FixedCodes,
    layer_idx: usize,
    rows: &Array2<f32>,
    ridge: f64,
    share: Option<(&Share, usize)>,
) -> Result<Array2<f32>, Cancelled> {
    let Some((share, num_fit)) = share else { return Ok(fixed.move_layer(layer_idx, rows.view(), ridge).0) };
    let moved = fixed.move_layer_by(layer_idx, rows.view(), ridge, |sums, residual, codes| {
        share.fill(sums, residual, (codes, rows.nrows()), num_fit)
    });
    Ok(moved?.0)
}

/// `rvq` with other rows, each sum the size times its row, so that a next step of the rule keeps them.
fn with_rows(rvq: &Rvq, rows: &[Array2<f32>]) -> Rvq {
    let mut rvq = rvq.clone();
    for (layer, rows) in rvq.layers_mut().iter_mut().zip(rows) {
        let (embed, sizes, sums) = layer.codebook.parts_mut();
        for (code, row) in rows.rows().into_iter().enumerate() {
            if embed.row(code) != row {
                embed.row_mut(code).assign(&row);
                sums.slice_mut(s![code, ..]).assign(&row.mapv(|v| f64::from(v) * sizes[code]));
            }
        }
    }
    rvq
}
