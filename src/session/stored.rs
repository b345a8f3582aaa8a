//! Between a run of the session and its file in the workspace.

use std::sync::Arc;

use crate::jobs::{Checkpoint, ResumeFrom};
use crate::store::StoredRun;
use crate::training::History;
use crate::training::course::CourseState;

use super::run_entry::{Body, RunEntry, RunState};

/// What is written of a run; nothing of one that has no quantizer.
pub(super) fn stored(entry: &RunEntry) -> Option<StoredRun> {
    let run = entry.run()?.clone();
    let history = entry.history.clone();
    let kept = match &entry.resume {
        Some(ResumeFrom::Memory(resume)) => resume.checkpoint().map(Arc::new),
        Some(ResumeFrom::Checkpoint(checkpoint)) => Some(checkpoint.clone()),
        None => None,
    };
    Some(match kept {
        Some(kept) => StoredRun {
            run,
            history,
            trainer: Some(kept.trainer.clone()),
            course: kept.course.clone(),
            standardize: kept.standardize,
        },
        None => StoredRun { run, history, trainer: None, course: CourseState::default(), standardize: false },
    })
}

/// What is written of a training under way.
pub(super) fn stored_checkpoint(checkpoint: &Checkpoint, history: Arc<History>) -> StoredRun {
    let Checkpoint { run, trainer, course, standardize } = checkpoint;
    StoredRun {
        run: run.clone(),
        history,
        trainer: Some(trainer.clone()),
        course: course.clone(),
        standardize: *standardize,
    }
}

/// Puts what was read into a run. Steps behind the last checkpoint were lost, and are taken again.
pub(super) fn put_stored(entry: &mut RunEntry, stored: StoredRun) {
    let StoredRun { run, mut history, trainer, course, standardize } = stored;
    if let Some(trainer) = trainer {
        if history.steps().last().is_some_and(|&last| last > trainer.step) {
            Arc::make_mut(&mut history).truncate_after(trainer.step);
        }
        let checkpoint = Checkpoint { run: run.clone(), trainer, course, standardize };
        entry.resume = Some(ResumeFrom::Checkpoint(Arc::new(checkpoint)));
    }
    if *entry.state() == RunState::Planned && run.steps > 0 {
        entry.set_state(RunState::Stopped);
    }
    entry.history = history;
    entry.body = Body::Quantizer(run);
    entry.touch();
}
