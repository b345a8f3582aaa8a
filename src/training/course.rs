//! How a training does on frames that it never trains on: looked at every few steps, so that the best state is known and standing still shows.
//!
//! All looks are at the same frames and at steps that hang on nothing but their number, so that a training that is watched, stopped and resumed keeps
//! the same state as one that ran through.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::rvq::{Rows, Rvq};
use crate::task::{Cancelled, Task};
use crate::text::{Message, msg};

use super::judges::{Judges, sq_norms};
use super::paired::is_clearly_less;
use super::{StepRecord, Trainer};

/// Frames that a look goes through at the most.
pub const LOOK_FRAMES: usize = 1024;

/// Steps without a gain after which a training is said to stand still, where it is not told how many.
pub const PLATEAU_STEPS: u64 = 100;

/// What counts as a gain: so many dB of SNR.
const GAIN_DB: f64 = 0.01;

/// Steps from one look to the next, up to a step. Early on more is gained, and a look at most is a few hundredths of ten steps.
const STRIDES: [(u64, u64); 3] = [(200, 10), (1000, 20), (u64::MAX, 50)];

/// The state of a training at its best look.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    /// The step that it is of.
    pub step: u64,
    /// The mean squared error per element of the frames looked at.
    pub mse: f64,
    /// The quantizer, in the units in which it trains; `None` where none is kept.
    pub rvq: Option<Arc<Rvq>>,
}

/// No two states of a training lie further apart: it is a number also where frames lost nothing at the best look.
const MOST_DB: f64 = 1000.0;

/// What has to be kept of a [`Course`] to go on with it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CourseState {
    /// The best look.
    pub best: Option<Best>,
    /// The last look that was better than all before it by more than 0.01 dB: its step and mean squared error.
    pub gained: Option<(u64, f64)>,
    /// The step of the last look, and its mean squared error.
    pub last: Option<(u64, f64)>,
}

/// What the looks at held-out frames amount to, as a run says it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CourseSummary {
    /// The step of the best look.
    pub best_step: u64,
    /// How far the last look lay above the best, in dB.
    pub above_best_db: f64,
    /// The step of the last look that gained more than 0.01 dB.
    pub gained_at: u64,
    /// The step of the last look.
    pub looked_at: u64,
    /// The step whose state the run shows in place of its last, where held-out frames lose clearly less with it.
    pub kept: Option<u64>,
    /// Whether the training ended before its last step because it stood still.
    pub ended_early: bool,
}

/// The looks at held-out frames of a training under way.
#[derive(Debug, Clone)]
pub struct Course {
    /// In the units in which it trains.
    judges: Judges,
    state: CourseState,
    /// A step that was taken and not looked at to the end.
    owed: Option<StepRecord>,
}

impl Course {
    /// Looks at `judges`, which are held out, in the units in which the training trains.
    #[must_use]
    pub fn new(judges: Judges) -> Self {
        Self::resumed(judges, CourseState::default())
    }

    /// Goes on with what [`state`](Self::state) gave.
    #[must_use]
    pub fn resumed(judges: Judges, state: CourseState) -> Self {
        Self { judges, state, owed: None }
    }

    /// What has to be kept to go on with it.
    #[must_use]
    pub fn state(&self) -> &CourseState {
        &self.state
    }

    /// Takes the step that was not looked at to the end.
    pub fn take_owed(&mut self) -> Option<StepRecord> {
        self.owed.take()
    }

    /// Whether a step waits for its look.
    #[must_use]
    pub fn owes(&self) -> bool {
        self.owed.is_some()
    }

    /// Looks at the frames with the quantizer that the step of `record` left, where it is the turn of that step; gives the record with what was seen.
    /// The best state is kept where `keep` says so. Where the frames are spread over the ranks of `task`, all of them look at the same time and see the
    /// same.
    ///
    /// # Errors
    /// [`Cancelled`]: the record is [owed](Self::take_owed) then.
    pub fn after(
        &mut self,
        mut record: StepRecord,
        rvq: &Rvq,
        keep: bool,
        task: &Task<'_>,
    ) -> Result<StepRecord, Cancelled> {
        if !is_due(record.step) {
            return Ok(record);
        }
        let seen = match look(rvq, &self.judges, task) {
            Ok((mse, _)) => mse,
            Err(cancelled) => {
                self.owed = Some(record);
                return Err(cancelled);
            }
        };
        for (layer, &mse) in record.layers.iter_mut().zip(&seen) {
            layer.held_out_mse = Some(mse);
        }
        self.take_in(record.step, rvq, keep, &seen);
        Ok(record)
    }

    fn take_in(&mut self, step: u64, rvq: &Rvq, keep: bool, mse_by_layer: &[f64]) {
        let Some(&mse) = mse_by_layer.last() else { return };
        let state = &mut self.state;
        state.last = Some((step, mse));
        if state.gained.is_none_or(|(_, before)| gain_db(before, mse) > GAIN_DB) {
            state.gained = Some((step, mse));
        }
        if state.best.as_ref().is_none_or(|best| mse < best.mse) {
            let rvq = keep.then(|| Arc::new(rvq.clone()));
            state.best = Some(Best { step, mse, rvq });
        }
    }

    /// Forgets since when nothing was gained: what changes at `step` has a chance of its own.
    pub fn renew(&mut self, step: u64) {
        if let Some((at, _)) = &mut self.state.gained {
            *at = step.max(*at);
        }
    }

    /// Whether no look of the last `patience` steps has gained more than 0.01 dB; never where that is 0.
    #[must_use]
    pub fn stands_still(&self, patience: u64) -> bool {
        let CourseState { gained: Some((gained_at, _)), last: Some((looked_at, _)), .. } = self.state else {
            return false;
        };
        patience > 0 && looked_at.saturating_sub(gained_at) >= patience
    }

    /// The best state, where one is kept that is not `last`: its step and quantizer, in the units in which the training trains.
    #[must_use]
    pub fn better_than(&self, last: &Rvq) -> Option<(u64, &Arc<Rvq>)> {
        let Best { step, rvq, .. } = self.state.best.as_ref()?;
        rvq.as_ref().filter(|best| best.as_ref() != last).map(|best| (*step, best))
    }

    /// What the looks at `trainer` amount to so far; `None` before the first.
    #[must_use]
    pub fn summary_of(&self, trainer: &Trainer) -> Option<CourseSummary> {
        let params = trainer.params();
        let ended_early = self.stands_still(params.patience) && trainer.steps_done() < params.steps;
        self.summary().map(|summary| CourseSummary { ended_early, ..summary })
    }

    fn summary(&self) -> Option<CourseSummary> {
        let CourseState { best, gained, last } = &self.state;
        let (best, (gained_at, _), (looked_at, last_mse)) = (best.as_ref()?, (*gained)?, (*last)?);
        let above = gain_db(last_mse, best.mse);
        Some(CourseSummary {
            best_step: best.step,
            // Where both lost nothing there is no ratio.
            above_best_db: if above.is_nan() { 0.0 } else { above.clamp(0.0, MOST_DB) },
            gained_at,
            looked_at,
            kept: None,
            ended_early: false,
        })
    }
}

impl CourseSummary {
    /// Whether held-out frames have not gained for so many steps; [`PLATEAU_STEPS`] where `patience` is 0.
    #[must_use]
    pub fn is_plateau(&self, patience: u64) -> bool {
        let patience = if patience == 0 { PLATEAU_STEPS } else { patience };
        self.looked_at.saturating_sub(self.gained_at) >= patience
    }

    /// What there is to say of it, in a sentence; `None` where it still gained and shows its last state. `steps` are those taken.
    #[must_use]
    pub fn words(&self, patience: u64, steps: u64) -> Option<Message> {
        let (db, since) = (GAIN_DB.to_string(), self.gained_at);
        let still = self.is_plateau(patience).then(|| match self.ended_early {
            true => msg!("training-plateau-end", db = db, since = since, steps = steps),
            false => msg!("training-plateau", db = db, since = since),
        });
        let kept = self.kept.map(|step| msg!("training-kept", step = step, steps = steps));
        match (still, kept) {
            (Some(still), Some(kept)) => Some(msg!("training-plateau-and-kept", still = still, kept = kept)),
            (still, kept) => still.or(kept),
        }
    }
}

/// Whether `judges` lose clearly less with `best` than with `last`; the same answer on every rank of `task`.
///
/// # Errors
/// [`Cancelled`].
pub fn is_better(best: &Rvq, last: &Rvq, judges: &Judges, task: &Task<'_>) -> Result<bool, Cancelled> {
    let sq_dists = |rvq: &Rvq| -> Result<Vec<f32>, Cancelled> {
        let (_, residual) = look(rvq, judges, task)?;
        let own = sq_norms(&residual).map(|sq_dist| sq_dist as f32).collect();
        Ok(judges.places().join(own, task.ranks())?)
    };
    Ok(is_clearly_less(&sq_dists(best)?, &sq_dists(last)?))
}

/// Whether the frames are looked at behind a step.
fn is_due(step: u64) -> bool {
    STRIDES.iter().find(|(up_to, _)| step <= *up_to).is_some_and(|(_, stride)| step.is_multiple_of(*stride))
}

/// How many dB of SNR lie between two errors of the same frames.
fn gain_db(before: f64, after: f64) -> f64 {
    10.0 * (before / after).log10()
}

/// The mean squared error per element behind each layer, over all frames, and what the last one leaves of those that this rank has.
fn look<'a>(rvq: &Rvq, judges: &'a Judges, task: &Task<'_>) -> Result<(Vec<f64>, Rows<'a>), Cancelled> {
    let mut residual = Rows::of(judges.own());
    let mut behind = Vec::with_capacity(rvq.num_layers());
    for layer in rvq.layers() {
        task.check()?;
        layer.subtract_from(rvq.metric(), &mut residual, &task.quiet(), |_, _| {})?;
        behind.push(judges.energy(&residual));
    }
    Ok((judges.mse(&behind, task.ranks())?, residual))
}
