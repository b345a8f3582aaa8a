//! One training with what stands around it: its units, its frames, and the run as it is shown.

use std::sync::Arc;

use crate::features::{FeatureSet, Split, Standardizer};
use crate::rvq::ValidRvqParams;
use crate::rvq::search::Search;
use crate::task::{Cancel, Cancelled, Task};
use crate::training::row_scales::{row_scales, row_scales_across, with_row_scales};
use crate::training::{LiveEdit, Run, StepRecord, Trainer};

use super::super::evaluate::{frames_of, look_at_all, look_at_sample, sample_of, source_info};
use super::super::units::rescaled;
use super::{Checkpoint, JobError, Resume, ResumeFrom, TrainSpec, Trained, first_state};

/// Frames trained on by which rows are fitted at most where none are held out. With more of them there are so many a code that nothing is left to fit.
const CALIBRATED_ON: usize = 1 << 17;

/// Numbers in them at most: parts of them are held four times over.
const CALIBRATED_VALUES: usize = 1 << 25;

/// A training under way, step by step.
pub(super) struct TrainingRun {
    trainer: Trainer,
    run: Run,
    /// The frames in input units.
    set: Arc<FeatureSet>,
    split: Split,
    standardizer: Option<Standardizer>,
}

impl TrainingRun {
    /// A training before its first step, or behind the last one of another.
    pub(super) fn new(mut spec: TrainSpec) -> Result<Self, JobError> {
        let resume = match spec.resume.take() {
            Some(ResumeFrom::Memory(resume)) => *resume,
            Some(ResumeFrom::Checkpoint(checkpoint)) => Resume::of_checkpoint(&checkpoint, &spec.dataset)?,
            None => first_state(&spec)?,
        };
        Ok(Self::of(spec, resume))
    }

    /// The training of `resume`, resumed as `spec` says.
    pub(super) fn of(spec: TrainSpec, resume: Resume) -> Self {
        let Resume { mut trainer, run, split, standardizer } = resume;
        let before = *trainer.params();
        trainer.set_live(&spec.params);
        let edits = LiveEdit::between(trainer.steps_done() + 1, &before, trainer.params());
        let mut run = run.map(Arc::unwrap_or_clone).unwrap_or_else(|| Run {
            source: source_info(&spec.dataset, &split, spec.holdout.0),
            ..Run::of_model(spec.name, Arc::new(trainer.rvq().clone()), Some(*trainer.params()), 0)
        });
        // That there are more steps to take is no edit but what resuming means.
        let resumed = trainer.steps_done() > 0;
        run.live_edits.extend(edits.into_iter().filter(|edit| resumed && edit.key != "steps"));
        Self { trainer, run, set: spec.dataset.set.clone(), split, standardizer }
    }

    /// The run as it was last brought up to date.
    pub(super) fn run(&self) -> &Run {
        &self.run
    }

    /// Whether there is no step left to take.
    pub(super) fn is_done(&self) -> bool {
        self.trainer.steps_done() >= self.trainer.params().steps
    }

    /// Whether every layer has its first codebook: from then on, steps take alike long.
    pub(super) fn has_started(&self) -> bool {
        self.trainer.has_started()
    }

    /// Whether the quantizer stands between two steps.
    pub(super) fn is_between_steps(&self) -> bool {
        self.trainer.is_between_steps()
    }

    /// Whether the run is of the step that the training has reached.
    pub(super) fn is_up_to_date(&self) -> bool {
        self.run.steps == self.trainer.steps_done() || !self.trainer.is_between_steps()
    }

    /// Takes a step and gives its scalars in input units.
    pub(super) fn step(&mut self, task: &Task<'_>) -> Result<StepRecord, Cancelled> {
        let mut record = self.trainer.step(task)?;
        if let Some(standardizer) = &self.standardizer {
            for layer in &mut record.layers {
                layer.loss = standardizer.restore_sq_error(layer.loss);
                layer.mse = standardizer.restore_sq_error(layer.mse);
            }
        }
        Ok(record)
    }

    /// Takes over what may change while training runs.
    pub(super) fn edit(&mut self, edited: &ValidRvqParams) {
        let before = *self.trainer.params();
        self.trainer.set_live(edited);
        let step = self.trainer.steps_done() + 1;
        self.run.live_edits.extend(LiveEdit::between(step, &before, self.trainer.params()));
    }

    /// Brings the run up to where the trainer is.
    pub(super) fn refresh(&mut self) -> Result<(), JobError> {
        self.run.rvq = Arc::new(match &self.standardizer {
            Some(s) => rescaled(self.trainer.rvq(), s)?,
            None => self.trainer.rvq().clone(),
        });
        self.run.row_scales = Vec::new();
        self.run.states = self.trainer.layer_states().to_vec();
        self.run.trace = self.trainer.code_trace().cloned();
        self.run.params = *self.trainer.params();
        self.run.steps = self.trainer.steps_done();
        Ok(())
    }

    /// Fits the length of the rows to held-out frames, where that is asked for; the training itself keeps its own, so that it can be resumed.
    pub(super) fn calibrate(&mut self, task: &Task<'_>) -> Result<(), JobError> {
        let Self { trainer, run, set, split, .. } = self;
        if !trainer.params().calibrate {
            return Ok(());
        }
        let scales = if Split::count(&split.held_out) > 0 {
            row_scales(&run.rvq, sample_of(set, &split.held_out).view(), task)?
        } else if is_small(Split::count(&split.train), set.matrix.dim()) {
            row_scales_across(&run.rvq, frames_of(set, &split.train).view(), task)?
        } else {
            return Ok(());
        };
        if scales.iter().any(|&scale| scale != 1.0) {
            run.rvq = Arc::new(with_row_scales(&run.rvq, &scales)?);
            run.row_scales = scales;
        }
        Ok(())
    }

    /// [`calibrate`](Self::calibrate) where somebody waits: by held-out frames only, since parts of those trained on take as long as many steps.
    pub(super) fn calibrate_quickly(&mut self) -> Result<(), JobError> {
        if Split::count(&self.split.held_out) > 0 && self.run.row_scales.is_empty() {
            let quiet = Cancel::default();
            self.calibrate(&Task::silent(&quiet))?;
        }
        Ok(())
    }

    /// Quantizes a sample of the frames; without a task, nothing can cancel it.
    pub(super) fn look_at_sample(&mut self, search: Search, task: Option<&Task<'_>>) -> Result<(), JobError> {
        let Self { run, set, split, .. } = self;
        let quiet = Cancel::default();
        let silent = Task::silent(&quiet);
        Ok(look_at_sample(run, set, split, search, task.unwrap_or(&silent))?)
    }

    /// Quantizes all frames.
    pub(super) fn look_at_all(&mut self, search: Search, task: &Task<'_>) -> Result<(), JobError> {
        let Self { run, set, split, .. } = self;
        Ok(look_at_all(run, set, split, search, task)?)
    }

    /// What has to be kept to resume it in another process; none in the middle of a step or before every layer has started.
    pub(super) fn checkpoint(&mut self) -> Result<Option<Checkpoint>, JobError> {
        let Some(trainer) = self.trainer.state() else { return Ok(None) };
        if self.run.steps != trainer.step {
            self.refresh()?;
        }
        let standardize = self.standardizer.is_some();
        Ok(Some(Checkpoint { run: Arc::new(self.run.clone()), trainer: Arc::new(trainer), standardize }))
    }

    /// What came of it.
    pub(super) fn end(self) -> Trained {
        let Self { trainer, run, split, standardizer, .. } = self;
        let run = Arc::new(run);
        let resume = Resume { trainer, run: Some(run.clone()), split, standardizer };
        Trained { run, resume: Box::new(resume) }
    }
}

/// Whether rows are calibrated on so many frames that they were trained on.
fn is_small(frames: usize, dim: usize) -> bool {
    frames <= CALIBRATED_ON && frames.saturating_mul(dim) <= CALIBRATED_VALUES
}
