//! The steps of a training that several ranks take together, its checkpoints and its figures.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::features::Split;
use crate::metrics::{BoundWork, OwnFrames, evaluate_shared};
use crate::rvq::search::Search;
use crate::rvq::{Rvq, ValidRvqParams};
use crate::store::{StoredRun, write_run};
use crate::task::{Cancelled, Task};
use crate::text::msg;
use crate::training::course::{Course, CourseState, CourseSummary};
use crate::training::{
    History, Judges, LiveEdit, Run, Share, SourceInfo, SplitKind, StepRecord, Trainer, TrainerState,
};

use super::super::train::{Settled, Settling, looked_at};
use super::super::{Holdout, JobCtx, JobError, JobEvent, work_out_figures};
use super::{SharedData, agree_on};

/// A training that several ranks are to do together.
#[derive(Debug)]
pub struct SharedTrainSpec {
    /// What the run is called.
    pub name: String,
    /// This rank's share of the data.
    pub data: SharedData,
    /// How.
    pub params: ValidRvqParams,
    /// What is held out.
    pub holdout: Holdout,
    /// How codes are searched when the run is looked at.
    pub search: Search,
    /// Codebooks to start from in place of the rule's own.
    pub start: Option<Arc<Rvq>>,
    /// A training to take up; `start` and `holdout` are not looked at then.
    pub resume: Option<SharedResume>,
    /// Where checkpoints are written.
    pub keep: Option<AfterEvery>,
}

/// What a training is taken up from: a checkpoint, whatever number of ranks has left it.
#[derive(Debug, Clone)]
pub struct SharedResume(pub Arc<StoredRun>);

/// Checkpoints at every so many steps, each in the place of the one before.
#[derive(Debug, Clone)]
pub struct AfterEvery {
    /// So many steps.
    pub steps: u64,
    /// The file.
    pub path: PathBuf,
}

/// What a training gives, the same on every rank.
#[derive(Debug, Clone)]
pub struct SharedTrained {
    /// The quantizer and its figures.
    pub run: Arc<Run>,
    /// The scalars of its steps, those before a checkpoint among them.
    pub history: History,
}

/// Trains to the last step as one of several ranks, all of which call this with the same but for their share of the data.
///
/// Rank 0 tells of steps and writes checkpoints. The run is to the bit the one that any other number of ranks trains. Frames that are held out are looked
/// at on the way, end a training that stands still, and calibrate its rows, as in one process: each rank has those among its own.
///
/// A checkpoint of a training that stood still ends where it is, unless more steps are asked for than before.
///
/// # Errors
/// Data, parameters and start do not fit each other, a checkpoint cannot be written, or this or another rank was cancelled or has ended.
pub fn train_shared(spec: SharedTrainSpec, ctx: &JobCtx<'_>) -> Result<SharedTrained, JobError> {
    ctx.compute(|task| {
        let ranks = spec.data.ranks.clone();
        let mut training = agree_on(&*ranks, SharedTraining::new(spec))?;
        training.take_steps(ctx, task)?;
        training.settle(&task.among(&*ranks))?;
        training.look(&task.among(&*ranks))?;
        let SharedTraining { run, history, .. } = training;
        work_out_figures(&run);
        Ok(SharedTrained { run: Arc::new(run), history })
    })?
}

struct SharedTraining {
    data: SharedData,
    split: Split,
    trainer: Trainer,
    run: Run,
    history: History,
    /// `None` where nothing is held out.
    course: Option<Course>,
    search: Search,
    keep: Option<AfterEvery>,
}

impl SharedTraining {
    fn new(spec: SharedTrainSpec) -> Result<Self, JobError> {
        let SharedTrainSpec { name, data, params, holdout, search, start, resume, keep } = spec;
        let holdout = resume.as_ref().map_or(holdout.0, |SharedResume(stored)| stored.run.source.holdout);
        let total = data.num_frames();
        if u32::try_from(total).is_err() {
            let words = msg!("ranks-too-many-frames", total = total, most = u32::MAX);
            return Err(JobError::Input(words));
        }
        let split = Split::of_clips(total, &data.clips, holdout);
        let share = Share::new(data.ranks.clone(), data.first, total);
        let source = source_info(&data, &split, holdout);
        let (set, train) = (data.own.clone(), split.train.clone());
        let looks = |state| {
            let judges = Judges::of_share(data.own.matrix.view(), data.first, &looked_at(&split)?);
            Some(Course::resumed(judges, state))
        };
        let Some(SharedResume(stored)) = resume else {
            let trainer = Trainer::shared(params, set, train, start.as_deref(), share)?;
            let (run, course) = (first_run(name, source, &trainer), looks(CourseState::default()));
            return Ok(Self { data, split, trainer, run, history: History::default(), course, search, keep });
        };
        let state = state_of(&stored, &source)?;
        let mut trainer = Trainer::shared_from_state(state, set, train, share)?;
        let before = *trainer.params();
        trainer.set_live(&params);
        let mut run = Run::clone(&stored.run);
        let edits = LiveEdit::between(trainer.steps_done() + 1, &before, trainer.params());
        run.live_edits.extend(edits.into_iter().filter(|edit| edit.key != "steps"));
        let mut course = looks(stored.course.clone());
        // The same command again ends where it ended; who asks for more steps wants it to go on.
        let goes_on = run.course.is_some_and(|course| course.ended_early) && params.steps > before.steps;
        if let Some(course) = course.as_mut().filter(|_| goes_on) {
            course.renew(trainer.steps_done());
        }
        let history = History::clone(&stored.history);
        Ok(Self { data, split, trainer, run, history, course, search, keep })
    }

    fn take_steps(&mut self, ctx: &JobCtx<'_>, task: &Task<'_>) -> Result<(), JobError> {
        let is_first = self.data.ranks.rank() == 0;
        while !self.is_done() {
            task.check()?;
            let record = self.step(task)?;
            self.history.push(&record);
            if is_first {
                (ctx.emit)(JobEvent::Step(0, record));
            }
            let due = |keep: &AfterEvery| self.trainer.steps_done().is_multiple_of(keep.steps.max(1));
            if self.keep.as_ref().is_some_and(due) {
                // Nobody goes on before it is written: what a later death leaves behind is a checkpoint of this step or a later one.
                let written = if is_first { self.write_checkpoint() } else { Ok(()) };
                agree_on(&*self.data.ranks, written)?;
            }
        }
        self.refresh();
        Ok(())
    }

    /// Whether there is no step left to take, or none that is worth it: the same on all ranks, which have seen the same.
    fn is_done(&self) -> bool {
        let params = self.trainer.params();
        self.trainer.steps_done() >= params.steps
            || self.course.as_ref().is_some_and(|course| course.stands_still(params.patience))
    }

    /// Takes a step, and looks at held-out frames where it is their turn.
    fn step(&mut self, task: &Task<'_>) -> Result<StepRecord, Cancelled> {
        let record = self.trainer.step(task)?;
        let Some(course) = self.course.as_mut().filter(|_| self.trainer.has_started()) else {
            return Ok(record);
        };
        let keep = self.trainer.params().keep_best;
        course.after(record, self.trainer.rvq(), keep, &task.among(&*self.data.ranks))
    }

    /// Brings the run up to where the trainer is.
    fn refresh(&mut self) {
        self.run.rvq = Arc::new(self.trainer.rvq().clone());
        self.run.row_scales = Vec::new();
        self.run.course = self.course.as_ref().and_then(|course| course.summary_of(&self.trainer));
        self.run.states = self.trainer.layer_states().to_vec();
        self.run.trace = self.trainer.code_trace().cloned();
        self.run.params = *self.trainer.params();
        self.run.steps = self.trainer.steps_done();
    }

    fn write_checkpoint(&mut self) -> Result<(), JobError> {
        // Before every layer has started, there is nothing that could be taken up.
        let (Some(keep), Some(state)) = (self.keep.clone(), self.trainer.state()) else { return Ok(()) };
        self.refresh();
        let stored = StoredRun {
            run: Arc::new(self.run.clone()),
            history: Arc::new(self.history.clone()),
            trainer: Some(Arc::new(state)),
            course: self.course.as_ref().map(|course| course.state().clone()).unwrap_or_default(),
            standardize: false,
        };
        Ok(write_run(&keep.path, &stored)?)
    }

    /// Calibrates the rows, and keeps the best state on the way in place of the last, both where that is asked for.
    fn settle(&mut self, task: &Task<'_>) -> Result<(), JobError> {
        let Self { data, split, trainer, run, course, .. } = self;
        let frames = |ranges: &[Range<usize>]| Judges::of_share(data.own.matrix.view(), data.first, ranges);
        let (params, dim) = (trainer.params(), data.own.matrix.dim());
        let best = course.as_ref().filter(|_| params.keep_best);
        let best = best.and_then(|course| course.better_than(trainer.rvq()));
        let best = best.map(|(step, rvq)| (step, rvq.clone()));
        let settling = Settling { params, split, dim, frames: &frames };
        let Settled { rvq, scales, kept } = settling.settle(run.rvq.clone(), best, task)?;
        (run.rvq, run.row_scales) = (rvq, scales);
        run.course = run.course.map(|course| CourseSummary { kept, ..course });
        Ok(())
    }

    /// Quantizes all frames.
    fn look(&mut self, task: &Task<'_>) -> Result<(), JobError> {
        let Self { data, split, run, search, .. } = self;
        let own = OwnFrames { frames: data.own.matrix.view(), first: data.first };
        let held_out = Split::count(&split.held_out);
        let train_bound = if held_out == 0 { BoundWork::Full } else { BoundWork::None };
        let splits = [
            (SplitKind::HeldOut, &split.held_out, BoundWork::Full),
            (SplitKind::Train, &split.train, train_bound),
        ];
        let rvq = run.rvq.clone();
        (run.train, run.held_out, run.evaluated_at) = (None, None, run.steps);
        for (kind, ranges, bound) in splits {
            if Split::count(ranges) > 0 {
                let found = evaluate_shared(&rvq, own, ranges, *search, bound, task)?;
                *run.evaluation_mut(kind) = Some(Arc::new(found));
            }
        }
        Ok(())
    }
}

/// The training that is kept in `stored`, which must be of the data of `source`.
fn state_of<'a>(stored: &'a StoredRun, source: &SourceInfo) -> Result<&'a TrainerState, JobError> {
    let Some(state) = stored.trainer.as_deref().filter(|_| !stored.standardize) else {
        let name = format!("{:?}", stored.run.name);
        return Err(JobError::Input(msg!("ranks-not-resumed", name = name)));
    };
    if stored.run.source != *source {
        let paths = stored.run.source.paths.join(", ");
        return Err(JobError::Input(msg!("ranks-other-data", paths = paths)));
    }
    Ok(state)
}

fn first_run(name: String, source: SourceInfo, trainer: &Trainer) -> Run {
    Run { source, ..Run::of_model(name, Arc::new(trainer.rvq().clone()), Some(*trainer.params()), 0) }
}

fn source_info(data: &SharedData, split: &Split, holdout: f64) -> SourceInfo {
    SourceInfo {
        paths: data.source.paths(),
        frames: data.num_frames(),
        dim: data.own.matrix.dim(),
        frame_rate_hz: data.frame_rate_hz,
        train_frames: Split::count(&split.train),
        held_out_frames: Split::count(&split.held_out),
        holdout,
    }
}
