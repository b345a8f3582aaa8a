//! Refits, the last steps of a training that asks for them: codes along the paths, then the rows of all layers at once by least squares.
//!
//! What they gain, and what was tried, stands in `joint.rs`.

use ndarray::{Array2, s};

use crate::metrics::convergence::{self, RowMoves};
use crate::metrics::usage;
use crate::rvq::encoder::{Encoded, Encoder};
use crate::rvq::refit::FixedCodes;
use crate::rvq::search::Search;
use crate::rvq::{LayerSpan, Rows, Rvq, RvqError};
use crate::task::{Cancelled, Task};
use crate::text::phrase;

use super::{LayerStep, StepRecord, Trainer};

/// Frames that a refit fits at most, and those that it is judged by.
const MOST_FIT: usize = 1 << 18;
const MOST_JUDGE: usize = 1 << 15;

/// The part of the training frames that a refit does not fit: one of so many, the last ones.
const JUDGED: usize = 10;

/// So many frames at its old place hold a row; the best for the frames to judge by is taken.
const RIDGES: [f64; 3] = [2.0, 20.0, 200.0];

/// Passes over the layers at fixed codes. Rows of several layers share few frames, so that few passes come near the optimum.
const SWEEPS: usize = 8;

/// What a refit found.
struct Refitted {
    /// The codes of the frames to fit, under the rows before.
    encoded: Encoded,
    /// Rows by layer that serve the frames to judge by better; `None` where none do.
    better: Option<Vec<Array2<f32>>>,
}

impl Trainer {
    /// Whether this step is a refit: one of the last, when every layer has started and no other step is under way.
    pub(super) fn is_refit(&self, step: u64) -> bool {
        let first = self.params.steps.saturating_sub(self.params.refit);
        step > first
            && step <= self.params.steps
            && self.share.is_none()
            && self.has_started()
            && self.is_between_steps()
    }

    /// Takes a refit for step `step`. One that was cancelled has changed nothing.
    ///
    /// The rows are fitted to most of the training frames and judged by the rest of them, so that the frames that the run is held out from have no
    /// part in it. Where no ridge makes the judged frames better, the rows stay.
    pub(super) fn alternate(&mut self, step: u64, task: &Task<'_>) -> Result<StepRecord, Cancelled> {
        let (fit, judge) = self.frames_to_refit();
        match self.refitted(&fit, &judge, task) {
            Ok(refitted) => Ok(self.take_over(step, &fit, refitted)),
            // The frames are the quantizer's own: nothing but a cancel can come between.
            Err(_) => Err(Cancelled),
        }
    }

    /// Frames to fit and frames to judge by, `(num_frames, dim)`: the last tenth of the training frames is not fitted.
    fn frames_to_refit(&self) -> (Rows<'static>, Rows<'static>) {
        let all = self.batches.num_frames();
        let fitted = all - all / JUDGED;
        let spread = |from: usize, to: usize, most: usize| {
            let thinned = (to - from).div_ceil(most).max(1);
            let chosen = (from..to).step_by(thinned).map(|nth| self.batches.frame(nth) as u32);
            let mut rows = Rows::default();
            rows.gather(self.set.matrix.view(), &chosen.collect::<Vec<_>>());
            rows
        };
        (spread(0, fitted, MOST_FIT), spread(fitted, all, MOST_JUDGE))
    }

    /// Fits the rows to `fit`, held by each ridge in turn, and takes those that serve `judge` best.
    fn refitted(&self, fit: &Rows<'_>, judge: &Rows<'_>, task: &Task<'_>) -> Result<Refitted, RvqError> {
        let search = Search::of_width(self.params.search);
        let stages = RIDGES.len() + 1;
        task.check()?;
        task.progress(phrase!("stage-refit-codes"), 0, stages);
        let encoded = Encoder::new(&self.rvq, LayerSpan::ALL)?.encode(fit.view(), search)?;
        let codes = encoded.to_matrix();
        let error = |rvq: &Rvq| -> Result<f64, RvqError> {
            let judged = Encoder::new(rvq, LayerSpan::ALL)?.encode(judge.view(), search)?;
            Ok(judged.residual_energy.last().copied().unwrap_or(0.0))
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
                    *rows = fixed.move_layer(layer_idx, rows.view(), ridge).0;
                }
            }
            let error = error(&with_rows(&self.rvq, &rows))?;
            if error < least {
                (least, better) = (error, Some(rows));
            }
        }
        Ok(Refitted { encoded, better })
    }

    /// Takes over better rows, where there are such, and tells what the step did.
    fn take_over(&mut self, step: u64, fit: &Rows<'_>, refitted: Refitted) -> StepRecord {
        let Refitted { encoded, better } = refitted;
        let before = self.rvq.clone();
        if let Some(rows) = better {
            self.rvq = with_rows(&before, &rows);
        }
        let Self { params, rvq, states, tracer, buffers, .. } = self;
        let num_layers = rvq.num_layers();
        let mut layers = Vec::with_capacity(num_layers);
        for (layer_idx, (layer, old)) in rvq.layers().iter().zip(before.layers()).enumerate() {
            let codes = &mut buffers.codes[layer_idx];
            codes.clear();
            codes.extend(encoded.layer(layer_idx));
            let num_codes = layer.codebook.num_codes();
            let mut counts = vec![0u32; num_codes];
            codes.iter().for_each(|&code| counts[code as usize] += 1);
            let moves = RowMoves::between(old.codebook.embed(), layer.codebook.embed());
            let state = &mut states[layer_idx];
            state.misassigned = None;
            state.note(step, &counts, &moves, &[]);
            if let Some(mut since) = tracer.as_mut().and_then(|tracer| tracer.layer(layer_idx)) {
                since.note(&state.code_drift, &[]);
            }
            let counts: Vec<u64> = counts.into_iter().map(u64::from).collect();
            let sq_dists = encoded.sq_dists.iter().skip(layer_idx).step_by(num_layers);
            let sq_error = sq_dists.map(|&d| f64::from(d)).sum();
            let sizes = layer.codebook.cluster_size();
            let (num_frames, dim) = (fit.num_rows(), fit.dim());
            layers.push(LayerStep {
                loss: convergence::commitment_loss(sq_error, num_frames, dim, params.commitment_weight),
                mse: encoded.residual_energy[layer_idx] / fit.values().len().max(1) as f64,
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
