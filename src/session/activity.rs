//! What is under way: jobs, what each is doing, and the runs that wait for their turn.

use std::collections::VecDeque;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::jobs::{Control, Entry, JobSpec};
use crate::task::Progress;

use super::ids::{DataId, RunId};
use super::mailbox::Mail;
use super::opening::Opening;
use super::worker::{Job, JobId, Waker};

/// What training is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainState {
    /// Nothing.
    Idle,
    /// Starting: k-means, the first step.
    Starting,
    /// Taking steps.
    Running,
    /// Waiting between steps.
    Paused,
    /// Ending, because it was told to.
    Stopping,
}

/// What a job is doing, and for whom: its mail goes there and nowhere else.
#[derive(Debug)]
pub(super) enum Doing {
    /// Opening files.
    Opening(Box<Opening>),
    /// Training one run, or several in turns.
    Training(Training),
    /// Evaluating a run on its data.
    Evaluating(RunId),
    /// Mending the quantizer of a run on these data.
    Repairing(RunId, DataId),
    /// Encoding the data of a run, to see its codes over time.
    Encoding(RunId),
    /// Reading a run back from the workspace.
    Reading(RunId),
    /// Opening a workspace.
    Restoring,
    /// Writing a file.
    Saving,
    /// Making a stretch of the data audible.
    Sounding,
    /// Watching a folder of checkpoints.
    Watching(Watching),
}

/// A folder that is watched.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Watching {
    pub(super) folder: PathBuf,
    /// The data that its checkpoints are held against.
    pub(super) data: Option<DataId>,
    /// The run that they are steps of, once there is one.
    pub(super) run: Option<RunId>,
}

/// A training under way.
#[derive(Debug)]
pub(super) struct Training {
    /// The runs that are trained, in the order in which the job numbers them.
    pub(super) runs: Vec<RunId>,
    pub(super) state: TrainState,
    /// What is compared, to start it again with; nothing for a single run.
    pub(super) compared: Vec<Entry>,
}

/// A job and what it is doing.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) job: Job,
    pub(super) doing: Doing,
}

/// All of them, with the queue of runs to be trained one after another.
pub(super) struct Activity {
    tasks: Vec<Task>,
    /// Runs that are planned, the next one first.
    pub(super) queue: VecDeque<RunId>,
    /// Whether the queue waits for the user.
    pub(super) is_held: bool,
    threads: usize,
    waker: Waker,
    last_job: u64,
    /// Mailboxes of jobs that do nothing, for tests that speak in their place.
    #[cfg(test)]
    pub(super) mailboxes: Option<Vec<std::sync::Arc<super::mailbox::Mailbox>>>,
}

impl std::fmt::Debug for Activity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Activity") // not a text
            .field("tasks", &self.tasks)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

impl Doing {
    /// Whether two jobs of this kind would do the same: the newer one takes the place of the older.
    fn is_replaced_by(&self, newer: &Self) -> bool {
        match (self, newer) {
            (Self::Opening(_), Self::Opening(_))
            | (Self::Training(_), Self::Training(_))
            | (Self::Sounding, Self::Sounding) => true,
            (Self::Evaluating(a), Self::Evaluating(b))
            | (Self::Repairing(a, _), Self::Repairing(b, _))
            | (Self::Encoding(a), Self::Encoding(b))
            | (Self::Reading(a), Self::Reading(b)) => a == b,
            (Self::Watching(a), Self::Watching(b)) => a.folder == b.folder,
            _ => false,
        }
    }

    /// Whether it works for this run.
    fn is_for(&self, id: RunId) -> bool {
        match self {
            Self::Training(training) => training.runs.contains(&id),
            Self::Evaluating(run) | Self::Repairing(run, _) | Self::Encoding(run) | Self::Reading(run) => {
                *run == id
            }
            Self::Watching(watching) => watching.run == Some(id),
            Self::Opening(_) | Self::Saving | Self::Sounding | Self::Restoring => false,
        }
    }
}

impl Activity {
    pub(super) fn new(waker: Waker) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            tasks: Vec::new(),
            queue: VecDeque::new(),
            is_held: false,
            // One thread is left to draw with.
            threads: cores.saturating_sub(1).max(1),
            waker,
            last_job: 0,
            #[cfg(test)]
            mailboxes: None,
        }
    }

    pub(super) fn set_threads(&mut self, threads: usize) {
        self.threads = threads.max(1);
    }

    /// Starts a job; one that did the same is dropped, and with it what it would still have told.
    pub(super) fn start(&mut self, title: &str, doing: Doing, spec: JobSpec) {
        self.tasks.retain(|task| !task.doing.is_replaced_by(&doing));
        self.last_job += 1;
        let job = self.job(JobId(self.last_job), title.to_owned(), spec);
        self.tasks.push(Task { job, doing });
    }

    fn job(&mut self, id: JobId, title: String, spec: JobSpec) -> Job {
        #[cfg(test)]
        if let Some(mailboxes) = &mut self.mailboxes {
            let (job, mailbox) = Job::idle(id, title);
            mailboxes.push(mailbox);
            return job;
        }
        Job::start(id, title, spec, self.threads, &self.waker)
    }

    /// Every job under way, by what it is doing.
    #[cfg(test)]
    pub(super) fn doing(&self) -> impl Iterator<Item = &Doing> {
        self.tasks.iter().map(|task| &task.doing)
    }

    /// Drops jobs; what they would still have told goes nowhere.
    pub(super) fn drop_where(&mut self, is_unwanted: impl Fn(&Doing) -> bool) {
        self.tasks.retain(|task| !is_unwanted(&task.doing));
    }

    /// Drops every job that works for a run that is no more.
    pub(super) fn forget(&mut self, id: RunId) {
        self.queue.retain(|queued| *queued != id);
        self.drop_where(|doing| doing.is_for(id) && !matches!(doing, Doing::Training(_)));
    }

    /// Takes what jobs have told since the last call, each with the job that told it; jobs that ended are given away.
    pub(super) fn drain(&mut self) -> Vec<(Task, Mail)> {
        let mut told = Vec::new();
        for mut task in std::mem::take(&mut self.tasks) {
            let mail = task.job.take_mail();
            if let Some(progress) = &mail.progress {
                task.job.progress = Some(progress.clone());
            }
            if mail.is_empty() {
                self.tasks.push(task);
            } else {
                told.push((task, mail));
            }
        }
        told
    }

    /// A job that goes on gets its place back.
    pub(super) fn keep(&mut self, task: Task) {
        self.tasks.push(task);
        self.tasks.sort_by_key(|task| task.job.id);
    }

    pub(super) fn training(&self) -> Option<(&Job, &Training)> {
        self.tasks.iter().find_map(|task| match &task.doing {
            Doing::Training(training) => Some((&task.job, training)),
            _ => None,
        })
    }

    /// Ends the training under way in the sense of the user: what was reached is kept.
    pub(super) fn stop_training(&mut self) -> Vec<RunId> {
        for task in &mut self.tasks {
            if let Doing::Training(training) = &mut task.doing {
                task.job.cancel();
                training.state = TrainState::Stopping;
                return training.runs.clone();
            }
        }
        Vec::new()
    }

    /// Drops the training under way, and gives it.
    pub(super) fn take_training(&mut self) -> Option<Training> {
        let nth = self.tasks.iter().position(|task| matches!(task.doing, Doing::Training(_)))?;
        match self.tasks.remove(nth).doing {
            Doing::Training(training) => Some(training),
            _ => None,
        }
    }

    pub(super) fn tell(&self, control: Control) {
        if let Some((job, _)) = self.training() {
            job.tell(control);
        }
    }

    pub(super) fn train_state(&self) -> TrainState {
        self.training().map_or(TrainState::Idle, |(_, training)| training.state)
    }

    pub(super) fn is_training(&self, id: RunId) -> bool {
        self.training().is_some_and(|(_, training)| training.runs.contains(&id))
    }

    pub(super) fn opening(&self) -> Option<&Opening> {
        self.tasks.iter().find_map(|task| match &task.doing {
            Doing::Opening(opening) => Some(opening.as_ref()),
            _ => None,
        })
    }

    pub(super) fn encoding(&self, id: RunId) -> Option<&Job> {
        self.tasks.iter().find_map(|task| match &task.doing {
            Doing::Encoding(run) if *run == id => Some(&task.job),
            _ => None,
        })
    }

    pub(super) fn repairing(&self, id: RunId) -> Option<&Job> {
        self.tasks.iter().find_map(|task| match &task.doing {
            Doing::Repairing(run, _) if *run == id => Some(&task.job),
            _ => None,
        })
    }

    pub(super) fn is_evaluating(&self, id: RunId) -> bool {
        self.tasks.iter().any(|task| matches!(&task.doing, Doing::Evaluating(run) if *run == id))
    }

    pub(super) fn is_reading(&self, id: RunId) -> bool {
        self.tasks.iter().any(|task| matches!(&task.doing, Doing::Reading(run) if *run == id))
    }

    /// Jobs other than the training: title and progress; those that have no end come last.
    pub(super) fn background(&self) -> impl Iterator<Item = (&str, Option<&Progress>)> {
        let is_endless = |task: &&Task| matches!(task.doing, Doing::Watching(_));
        let with_end = |task: &&Task| !matches!(task.doing, Doing::Training(_) | Doing::Watching(_));
        let others = self.tasks.iter().filter(with_end).chain(self.tasks.iter().filter(is_endless));
        others.map(|task| (task.job.title.as_str(), task.job.progress.as_ref()))
    }

    /// What makes a stretch audible.
    pub(super) fn sounding(&self) -> Option<&Job> {
        self.tasks.iter().find_map(|task| matches!(task.doing, Doing::Sounding).then_some(&task.job))
    }

    /// Whether the folder that a run is of is still watched.
    pub(super) fn is_watching(&self, id: RunId) -> bool {
        self.tasks.iter().any(|task| matches!(&task.doing, Doing::Watching(w) if w.run == Some(id)))
    }

    /// The folders that are watched.
    pub(super) fn watching(&self) -> impl Iterator<Item = &Watching> {
        self.tasks.iter().filter_map(|task| match &task.doing {
            Doing::Watching(watching) => Some(watching),
            _ => None,
        })
    }

    /// Whether any folder is watched.
    pub(super) fn watches(&self) -> bool {
        self.tasks.iter().any(|task| matches!(task.doing, Doing::Watching(_)))
    }

    pub(super) fn is_restoring(&self) -> bool {
        self.tasks.iter().any(|task| matches!(task.doing, Doing::Restoring))
    }

    pub(super) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    pub(super) fn is_busy(&self) -> bool {
        !self.tasks.is_empty()
    }
}
