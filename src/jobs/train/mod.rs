//! Training, with everything that happens around a step: control, publishing, held-out figures.

mod compare;
mod settle;
mod step_loop;
mod training_run;

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::features::{FeatureSet, Split, Standardizer};
use crate::rvq::search::Search;
use crate::rvq::{Rvq, RvqParams, ValidRvqParams};
use crate::text::{Phrase, msg, phrase};
use crate::training::course::{Course, CourseState, LOOK_FRAMES};
use crate::training::{History, Judges, Run, Trainer, TrainerState};

pub use compare::{
    CompareSpec, Compared, Entry, EntryError, PITFALLS, Pitfall, compare, entries_of, entry_of,
};

use super::evaluate::{frames_of, sampled, source_info};
use super::units::rescaled;
use super::{Dataset, Holdout, JobCtx, JobError, JobEvent};
use step_loop::StepLoop;
use training_run::TrainingRun;

pub(super) use settle::{Settled, Settling};

/// A training to be run.
#[derive(Debug)]
pub struct TrainSpec {
    /// What the run is called.
    pub name: String,
    /// The data.
    pub dataset: Arc<Dataset>,
    /// How.
    pub params: ValidRvqParams,
    /// What is held out.
    pub holdout: Holdout,
    /// Whether to train on centred data of unit variance; codebooks and errors are in input units all the same.
    pub standardize: bool,
    /// How codes are searched when the run is looked at; how training steps search is a parameter.
    pub search: Search,
    /// Codebooks to start from in place of the rule's own.
    pub start: Option<Arc<Rvq>>,
    /// A training to resume; `holdout`, `standardize` and `start` are not looked at then.
    pub resume: Option<ResumeFrom>,
    /// Wait before the first step.
    pub paused: bool,
}

/// What a training is resumed from.
#[derive(Debug)]
pub enum ResumeFrom {
    /// A training of this process, even in the middle of a step.
    Memory(Box<Resume>),
    /// What was kept of one between two steps.
    Checkpoint(Arc<Checkpoint>),
}

/// A training between two steps: what has to be kept to resume it in another process, to the same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The run as it is shown, in input units.
    pub run: Arc<Run>,
    /// The training, in the units in which it trains.
    pub trainer: Arc<TrainerState>,
    /// Its looks at held-out frames so far.
    pub course: CourseState,
    /// Whether it sees centred data of unit variance.
    pub standardize: bool,
}

/// A training that ended and can be resumed as if it had not.
#[derive(Debug)]
pub struct Resume {
    trainer: Trainer,
    /// What was shown last.
    run: Option<Arc<Run>>,
    /// As they were: what was held out stays held out, and codebooks are brought back to input units in the same way.
    split: Split,
    standardizer: Option<Standardizer>,
    /// `None` where nothing is held out.
    course: Option<Course>,
}

/// What a training gives.
#[derive(Debug)]
pub struct Trained {
    /// The quantizer and its figures.
    pub run: Arc<Run>,
    /// To resume it with.
    pub resume: Box<Resume>,
}

/// Values of a mapped file up to which a standardized copy is kept in memory.
const STANDARDIZED_VALUES: usize = 1 << 28;

/// Why these parameters cannot be trained on standardized data, if so it is meant.
#[must_use]
pub fn no_standardizing(params: &RvqParams, standardize: bool) -> Option<Phrase> {
    (standardize && params.is_by_angle()).then_some(phrase!("job-no-standardizing"))
}

fn check_standardizing(params: &RvqParams, standardize: bool) -> Result<(), JobError> {
    no_standardizing(params, standardize).map_or(Ok(()), |why| Err(JobError::Input(why.into())))
}

/// Trains to the last step, or until told to stop.
///
/// # Errors
/// It was cancelled before its first step, or data, parameters and start do not fit each other.
pub fn train(spec: TrainSpec, ctx: &JobCtx<'_>) -> Result<Trained, JobError> {
    ctx.compute(|task| {
        let TrainSpec { search, paused, .. } = spec;
        let run = TrainingRun::new(spec)?;
        let mut ended = StepLoop::new(ctx, vec![run], search, paused).run(task)?;
        ended.pop().ok_or_else(|| JobError::Input(msg!("job-nothing-to-train")))
    })?
}

/// Runs `work` and keeps the scalars of every step that it tells, by training: a job tells its steps and keeps none itself.
///
/// # Errors
/// As `work`.
pub fn recording<T>(
    ctx: &JobCtx<'_>,
    work: impl FnOnce(&JobCtx<'_>) -> Result<T, JobError>,
) -> Result<(T, Vec<History>), JobError> {
    let histories: Mutex<Vec<History>> = Mutex::default();
    let emit = |event: JobEvent| {
        if let JobEvent::Step(nth, record) = &event {
            let mut histories = histories.lock().unwrap_or_else(PoisonError::into_inner);
            if histories.len() <= *nth {
                histories.resize_with(*nth + 1, History::default);
            }
            histories[*nth].push(record);
        }
        (ctx.emit)(event);
    };
    let done = work(&JobCtx { emit: &emit, ..*ctx })?;
    Ok((done, histories.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

/// Trains as [`train`] does, and gives the scalars of every step it took.
///
/// # Errors
/// As for [`train`].
pub fn train_recorded(spec: TrainSpec, ctx: &JobCtx<'_>) -> Result<(Trained, History), JobError> {
    let (trained, mut histories) = recording(ctx, |ctx| train(spec, ctx))?;
    Ok((trained, histories.pop().unwrap_or_default()))
}

impl Resume {
    /// The training that was kept in `checkpoint`, on the frames that it was trained on.
    ///
    /// # Errors
    /// They are other frames, or the checkpoint does not fit together.
    fn of_checkpoint(checkpoint: &Checkpoint, dataset: &Dataset) -> Result<Self, JobError> {
        let Checkpoint { run, trainer, course, standardize } = checkpoint;
        let holdout = Holdout(run.source.holdout);
        let data = TrainingData::new(dataset, holdout, *standardize)?;
        if source_info(dataset, &data.split, holdout.0) != run.source {
            let paths = run.source.paths.join(", ");
            return Err(JobError::Input(msg!("job-other-data", paths = paths)));
        }
        let trainer = Trainer::from_state(trainer, data.seen.clone(), data.split.train.clone())?;
        let course = data.looked_at().map(|judges| Course::resumed(judges, course.clone()));
        let TrainingData { split, standardizer, .. } = data;
        Ok(Self { trainer, run: Some(run.clone()), split, standardizer, course })
    }

    /// What has to be kept of it to resume it in another process; none in the middle of a step.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let trainer =
            Arc::new(self.trainer.state().filter(|_| !self.course.as_ref().is_some_and(Course::owes))?);
        let course = self.course.as_ref().map(|course| course.state().clone()).unwrap_or_default();
        Some(Checkpoint { run: self.run.clone()?, trainer, course, standardize: self.standardizer.is_some() })
    }

    /// Steps that were taken.
    #[must_use]
    pub fn steps_done(&self) -> u64 {
        self.trainer.steps_done()
    }
}

/// Frames as a training sees them, and how they are divided.
struct TrainingData {
    /// In the units in which it trains.
    seen: Arc<FeatureSet>,
    split: Split,
    standardizer: Option<Standardizer>,
}

impl TrainingData {
    fn new(dataset: &Dataset, holdout: Holdout, standardize: bool) -> Result<Self, JobError> {
        let set = &dataset.set;
        if standardize && set.matrix.is_mapped() && set.matrix.view().len() > STANDARDIZED_VALUES {
            let name = dataset.source.name();
            return Err(JobError::Input(msg!("job-too-large-to-standardize", name = name)));
        }
        let split = Split::hold_out(set, holdout.0);
        let standardizer = standardize.then(|| Standardizer::fit(set.matrix.view(), &split.train));
        let seen = match &standardizer {
            None => set.clone(),
            Some(s) => {
                let matrix = s
                    .apply(&set.matrix)
                    .map_err(|problem| JobError::Features { problem, path: dataset.source.title() })?;
                Arc::new(FeatureSet { matrix, ..(**set).clone() })
            }
        };
        Ok(Self { seen, split, standardizer })
    }

    /// A training before its first step.
    fn begin(&self, trainer: Trainer) -> Resume {
        let course = self.looked_at().map(Course::new);
        let Self { split, standardizer, .. } = self;
        Resume { trainer, run: None, split: split.clone(), standardizer: standardizer.clone(), course }
    }

    /// The held-out frames that are looked at on the way; `None` where there are none.
    fn looked_at(&self) -> Option<Judges> {
        let looked_at = looked_at(&self.split)?;
        Some(frames_of(&self.seen, &looked_at).into())
    }
}

/// The held-out frames of `split` that are looked at on the way; `None` where there are none.
pub(super) fn looked_at(split: &Split) -> Option<Vec<Range<usize>>> {
    (Split::count(&split.held_out) > 0).then(|| sampled(&split.held_out, LOOK_FRAMES))
}

/// A training before its first step.
fn first_state(spec: &TrainSpec) -> Result<Resume, JobError> {
    check_standardizing(&spec.params, spec.standardize)?;
    let data = TrainingData::new(&spec.dataset, spec.holdout, spec.standardize)?;
    let start = match (&spec.start, &data.standardizer) {
        (Some(rvq), Some(s)) => Some(Arc::new(rescaled(rvq, &s.inverse())?)),
        (start, _) => start.clone(),
    };
    let trainer = Trainer::new(spec.params, data.seen.clone(), data.split.train.clone(), start.as_deref())?;
    Ok(data.begin(trainer))
}
