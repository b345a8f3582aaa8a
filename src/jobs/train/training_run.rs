//! One training with what stands around it: its units, its frames, and the run as it is shown.

use std::ops::Range;
use std::sync::Arc;

use crate::features::{FeatureSet, Split, Standardizer};
use crate::rvq::search::Search;
use crate::rvq::{Rvq, ValidRvqParams};
use crate::task::{Cancel, Cancelled, Task};
use crate::training::course::{Course, CourseSummary};
use crate::training::{LiveEdit, Run, StepRecord, Trainer};

use super::super::evaluate::{frames_of, look_at_all, look_at_sample, source_info};
use super::super::units::rescaled;
use super::{Checkpoint, JobError, Resume, ResumeFrom, Settled, Settling, TrainSpec, Trained, first_state};

/// A training under way, step by step.
pub(super) struct TrainingRun {
    trainer: Trainer,
    run: Run,
    /// The frames in input units.
    set: Arc<FeatureSet>,
    split: Split,
    standardizer: Option<Standardizer>,
    course: Option<Course>,
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
        let Resume { mut trainer, run, split, standardizer, mut course } = resume;
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
        // Who resumes what has ended of its own accord wants it to go on.
        if let Some(course) = course.as_mut().filter(|_| run.course.is_some_and(|course| course.ended_early))
        {
            course.renew(trainer.steps_done());
        }
        Self { trainer, run, set: spec.dataset.set.clone(), split, standardizer, course }
    }

    /// The run as it was last brought up to date.
    pub(super) fn run(&self) -> &Run {
        &self.run
    }

    /// Whether there is no step left to take, or none that is worth it.
    pub(super) fn is_done(&self) -> bool {
        self.is_between_steps()
            && (self.trainer.steps_done() >= self.trainer.params().steps || self.stands_still())
    }

    /// Whether held-out frames have not gained for as long as training has patience.
    fn stands_still(&self) -> bool {
        self.course.as_ref().is_some_and(|course| course.stands_still(self.trainer.params().patience))
    }

    /// Whether every layer has its first codebook: from then on, steps take alike long.
    pub(super) fn has_started(&self) -> bool {
        self.trainer.has_started()
    }

    /// Whether the quantizer stands between two steps, and the last was looked at if it was its turn.
    pub(super) fn is_between_steps(&self) -> bool {
        self.trainer.is_between_steps() && !self.course.as_ref().is_some_and(Course::owes)
    }

    /// Whether the run is of the step that the training has reached.
    pub(super) fn is_up_to_date(&self) -> bool {
        self.run.steps == self.trainer.steps_done() || !self.is_between_steps()
    }

    /// Takes a step and gives its scalars in input units.
    pub(super) fn step(&mut self, task: &Task<'_>) -> Result<StepRecord, Cancelled> {
        let mut record = match self.course.as_mut().and_then(Course::take_owed) {
            Some(owed) => owed,
            None => self.trainer.step(task)?,
        };
        if let Some(course) = self.course.as_mut().filter(|_| self.trainer.has_started()) {
            record = course.after(record, self.trainer.rvq(), self.trainer.params().keep_best, task)?;
        }
        if let Some(standardizer) = &self.standardizer {
            for layer in &mut record.layers {
                layer.loss = standardizer.restore_sq_error(layer.loss);
                layer.mse = standardizer.restore_sq_error(layer.mse);
                layer.held_out_mse = layer.held_out_mse.map(|mse| standardizer.restore_sq_error(mse));
            }
        }
        Ok(record)
    }

    /// Takes over what may change while training runs.
    pub(super) fn edit(&mut self, edited: &ValidRvqParams) {
        let before = *self.trainer.params();
        self.trainer.set_live(edited);
        let step = self.trainer.steps_done() + 1;
        let edits = LiveEdit::between(step, &before, self.trainer.params());
        if let Some(course) = self.course.as_mut().filter(|_| !edits.is_empty()) {
            course.renew(step);
        }
        self.run.live_edits.extend(edits);
    }

    /// Brings the run up to where the trainer is.
    pub(super) fn refresh(&mut self) -> Result<(), JobError> {
        self.run.rvq = Arc::new(match &self.standardizer {
            Some(s) => rescaled(self.trainer.rvq(), s)?,
            None => self.trainer.rvq().clone(),
        });
        self.run.row_scales = Vec::new();
        self.run.course = self.course.as_ref().and_then(|course| course.summary_of(&self.trainer));
        self.run.states = self.trainer.layer_states().to_vec();
        self.run.trace = self.trainer.code_trace().cloned();
        self.run.params = *self.trainer.params();
        self.run.steps = self.trainer.steps_done();
        Ok(())
    }

    /// What is done behind the last step: rows are calibrated, and the best state on the way takes the place of the last one, both where that is asked
    /// for. The training itself keeps its own rows, so that it can be resumed.
    pub(super) fn settle(&mut self, task: &Task<'_>) -> Result<(), JobError> {
        let best = self.best_on_the_way()?;
        let Self { trainer, run, set, split, .. } = self;
        let frames = |ranges: &[Range<usize>]| frames_of(set, ranges).into();
        let settling = Settling { params: trainer.params(), split, dim: set.matrix.dim(), frames: &frames };
        let Settled { rvq, scales, kept } = settling.settle(run.rvq.clone(), best, task)?;
        (run.rvq, run.row_scales) = (rvq, scales);
        run.course = run.course.map(|course| CourseSummary { kept, ..course });
        Ok(())
    }

    /// [`settle`](Self::settle) where somebody waits: by held-out frames only, since parts of those trained on take as long as many steps.
    pub(super) fn settle_quickly(&mut self) -> Result<(), JobError> {
        let is_settled =
            !self.run.row_scales.is_empty() || self.run.course.is_some_and(|course| course.kept.is_some());
        if Split::count(&self.split.held_out) > 0 && self.is_between_steps() && !is_settled {
            self.settle(&Task::silent(&Cancel::default()))?;
        }
        Ok(())
    }

    /// The best state on the way, in input units, where one is to be kept that is not the last.
    fn best_on_the_way(&self) -> Result<Option<(u64, Arc<Rvq>)>, JobError> {
        let course = self.course.as_ref().filter(|_| self.trainer.params().keep_best);
        let Some((step, best)) = course.and_then(|course| course.better_than(self.trainer.rvq())) else {
            return Ok(None);
        };
        Ok(Some((
            step,
            match &self.standardizer {
                Some(s) => Arc::new(rescaled(best, s)?),
                None => best.clone(),
            },
        )))
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
        let Some(trainer) = self.trainer.state().filter(|_| self.is_between_steps()) else { return Ok(None) };
        if self.run.steps != trainer.step {
            self.refresh()?;
        }
        let standardize = self.standardizer.is_some();
        let course = self.course.as_ref().map(|course| course.state().clone()).unwrap_or_default();
        Ok(Some(Checkpoint {
            run: Arc::new(self.run.clone()),
            trainer: Arc::new(trainer),
            course,
            standardize,
        }))
    }

    /// What came of it.
    pub(super) fn end(self) -> Trained {
        let Self { trainer, run, split, standardizer, course, .. } = self;
        let run = Arc::new(run);
        let resume = Resume { trainer, run: Some(run.clone()), split, standardizer, course };
        Trained { run, resume: Box::new(resume) }
    }
}
