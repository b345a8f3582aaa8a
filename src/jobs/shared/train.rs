//! The steps of a training that several ranks take together, its checkpoints and its figures.

use std::path::PathBuf;
use std::sync::Arc;

use crate::features::Split;
use crate::metrics::{BoundWork, OwnFrames, evaluate_shared};
use crate::rvq::search::Search;
use crate::rvq::{Rvq, RvqParams, ValidRvqParams};
use crate::store::{StoredRun, write_run};
use crate::task::Task;
use crate::text::msg;
use crate::training::course::CourseState;
use crate::training::{History, LiveEdit, Run, Share, SourceInfo, SplitKind, Trainer};

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
/// Rank 0 tells of steps and writes checkpoints. The run is to the bit the one that any other number of ranks trains.
///
/// # Errors
/// Data, parameters and start do not fit each other, a checkpoint cannot be written, or this or another rank was cancelled or has ended.
pub fn train_shared(spec: SharedTrainSpec, ctx: &JobCtx<'_>) -> Result<SharedTrained, JobError> {
    ctx.compute(|task| {
        let ranks = spec.data.ranks.clone();
        let mut training = agree_on(&*ranks, SharedTraining::new(spec))?;
        training.take_steps(ctx, task)?;
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
    search: Search,
    keep: Option<AfterEvery>,
}

impl SharedTraining {
    fn new(spec: SharedTrainSpec) -> Result<Self, JobError> {
        let SharedTrainSpec { name, data, params, holdout, search, start, resume, keep } = spec;
        // Whatever was asked for: no rank has the frames to calibrate on or to look at on the way.
        let uncalibrated = RvqParams { calibrate: false, keep_best: false, patience: 0, ..*params };
        let params = uncalibrated.validate()?;
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
        let Some(SharedResume(stored)) = resume else {
            let trainer = Trainer::shared(params, set, train, start.as_deref(), share)?;
            let run = first_run(name, source, &trainer);
            return Ok(Self { data, split, trainer, run, history: History::default(), search, keep });
        };
        let Some(state) = stored.trainer.as_deref().filter(|_| !stored.standardize) else {
            let name = format!("{:?}", stored.run.name);
            return Err(JobError::Input(msg!("ranks-not-resumed", name = name)));
        };
        if stored.run.source != source {
            let paths = stored.run.source.paths.join(", ");
            return Err(JobError::Input(msg!("ranks-other-data", paths = paths)));
        }
        let mut trainer = Trainer::shared_from_state(state, set, train, share)?;
        let before = *trainer.params();
        trainer.set_live(&params);
        let mut run = Run::clone(&stored.run);
        let edits = LiveEdit::between(trainer.steps_done() + 1, &before, trainer.params());
        run.live_edits.extend(edits.into_iter().filter(|edit| edit.key != "steps"));
        Ok(Self { data, split, trainer, run, history: History::clone(&stored.history), search, keep })
    }

    fn take_steps(&mut self, ctx: &JobCtx<'_>, task: &Task<'_>) -> Result<(), JobError> {
        let is_first = self.data.ranks.rank() == 0;
        while self.trainer.steps_done() < self.trainer.params().steps {
            task.check()?;
            let record = self.trainer.step(task)?;
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

    /// Brings the run up to where the trainer is.
    fn refresh(&mut self) {
        self.run.rvq = Arc::new(self.trainer.rvq().clone());
        (self.run.row_scales, self.run.course) = (Vec::new(), None);
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
            course: CourseState::default(),
            standardize: false,
        };
        Ok(write_run(&keep.path, &stored)?)
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
