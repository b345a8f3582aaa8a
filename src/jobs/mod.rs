//! The pipeline behind the window and the command line: the same jobs, so the same figures to the bit.
//!
//! A job is described by a plain value, runs on the caller's thread over a rayon pool of its own size, and tells of itself through a [`JobCtx`].

mod codes;
mod corpus;
mod data;
mod data_json;
mod dataset;
mod evaluate;
mod feature_files;
mod holdout;
mod listen;
mod model;
mod repair;
mod report;
mod shared;
mod stamp;
mod sweep;
mod tokens;
mod train;
mod units;
mod watch;
mod workspace;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::audio::AudioError;
use crate::features::{ExtractError, FeatureError};
use crate::io::{FileError, Problem};
use crate::param::ParamError;
use crate::rvq::search::Search;
use crate::rvq::{RvqError, ValidRvqParams};
use crate::store::{Folder, Saver, StoreError, StoredRun};
use crate::task::{Cancel, Cancelled, Progress, Task};
use crate::text::{Message, msg, t};
use crate::training::{Run, SplitKind, StepRecord};

pub use codes::{CodesSpec, DecodeSpec, decode_to_file, encode, encode_to_file};
pub use data::{OpenedFiles, open};
pub use dataset::{AudioClip, Builtin, DataSpec, Dataset, OpenSpec, Source};
pub use evaluate::{EvaluateSpec, LookSpec, evaluate, look_again};
pub use holdout::Holdout;
pub use listen::{
    CodePlaces, HeardTakes, ListenSpec, SNIPPET_GAP_SECS, Sound, Span, TakesSpec, Voice, check_audible,
    frames_of, listen, listen_to_file, takes,
};
pub use model::{
    ConvertSpec, MODEL_EXTENSION, SaveSpec, WriteBackSpec, convert, ema_params, metadata, recorded,
    save_model, trained_words, write_back,
};
pub use repair::{RepairRunSpec, RepairSpec, RepairedRun, repair, repair_run};
pub use report::{ReportOf, ReportSpec, report_of_codes, write_report};
pub use shared::{
    AfterEvery, SharedData, SharedResume, SharedTrainSpec, SharedTrained, agree, open_shared, train_shared,
};
pub use stamp::FileStamp;
pub use sweep::{SWEEP_MOST, SweepAxis, SweepError, SweepMember, axis_of, members_of};
pub use tokens::{OpenedCodes, SizeFrom, Tokens, TokensSpec, tokens};
pub use train::{
    Checkpoint, CompareSpec, Compared, Entry, EntryError, PITFALLS, Pitfall, Resume, ResumeFrom, TrainSpec,
    Trained, compare, entries_of, entry_of, no_standardizing, recording, train, train_recorded,
};
pub use watch::{NewestCheckpoint, WatchTell, Watched, WatchedSpec, probe_of, watch, watch_live};
pub use workspace::{
    AT_ONCE, OpenedWorkspace, WorkspaceProblem, open_workspace, pack_workspace, unpack_workspace,
};

/// What can go wrong in a job. What was there before is untouched.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// It was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A parameter.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// Audio that cannot be used.
    #[error("{}", t!("about-file", words = .problem.to_string(), path = .path))]
    Audio {
        /// What is wrong.
        problem: AudioError,
        /// Where.
        path: String,
    },
    /// Features could not be made of audio.
    #[error("{}", t!("about-file", words = .problem.to_string(), path = .path))]
    Extract {
        /// What is wrong.
        problem: ExtractError,
        /// Where.
        path: String,
    },
    /// Features that cannot be used.
    #[error("{}", t!("about-file", words = .problem.to_string(), path = .path))]
    Features {
        /// What is wrong.
        problem: FeatureError,
        /// Where.
        path: String,
    },
    /// What is kept on disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The quantizer cannot do what is asked.
    #[error(transparent)]
    Rvq(RvqError),
    /// Files that do not go together, or nothing to work on.
    #[error("{0}")]
    Input(Message),
}

/// What a running job tells.
#[derive(Debug, Clone)]
pub enum JobEvent {
    /// How far it is.
    Progress(Progress),
    /// A training step was taken, by which of the trainings that are compared (0 for a single one). None of these is ever left out.
    Step(usize, StepRecord),
    /// The run of a training as it stands; a newer one makes an older one useless.
    Run(usize, Arc<Run>),
    /// What it takes to resume a training in another process; a newer one makes an older one useless.
    Checkpoint(usize, Arc<Checkpoint>),
    /// A training waits (`true`) or goes on (`false`).
    Paused(bool),
    /// The versions of a stretch that are made so far; a newer one makes an older one useless.
    Takes(Arc<HeardTakes>),
    /// How a watched folder stands; a newer one makes an older one useless.
    Watched(Arc<Watched>),
    /// Something that the user should know.
    Notice(Message),
}

/// What a training is told while it runs.
#[derive(Debug, Clone)]
pub enum Control {
    /// Wait before the next step.
    Pause,
    /// Go on.
    Resume,
    /// Take one step, then wait.
    StepOnce,
    /// End here and keep what was reached.
    Stop,
    /// From the next step on, use these values of what may change while training runs.
    Live(Box<ValidRvqParams>),
    /// From the next evaluation on, search codes in this way.
    Search(Search),
    /// Hand over a checkpoint about as often as this.
    KeepEvery(Duration),
}

/// The surroundings of a job.
#[derive(Clone, Copy)]
pub struct JobCtx<'a> {
    /// Looked at between blocks of work.
    pub cancel: &'a Cancel,
    /// Where events go. It must not wait.
    pub emit: &'a (dyn Fn(JobEvent) + Sync),
    /// What a training is told; none on the command line.
    pub control: Option<&'a ControlQueue>,
    /// Threads to compute on; 0 for all.
    pub threads: usize,
    /// Whether to publish the run while it trains, for somebody who watches.
    pub live: bool,
}

/// Messages to a training, from whatever thread.
pub type ControlQueue = std::sync::Mutex<std::sync::mpsc::Receiver<Control>>;

impl std::fmt::Debug for JobCtx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobCtx") // not a text
            .field("threads", &self.threads)
            .field("live", &self.live)
            .finish_non_exhaustive()
    }
}

impl JobCtx<'_> {
    /// Runs `work` over the job's own pool, with a task that reports to this context.
    pub(crate) fn compute<T: Send>(&self, work: impl FnOnce(&Task<'_>) -> T + Send) -> Result<T, JobError> {
        let emit = self.emit;
        let on_progress = move |progress| emit(JobEvent::Progress(progress));
        let task = Task::new(self.cancel, &on_progress);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .thread_name(|i| format!("rvq-compute-{i}"))
            .build()
            .map_err(|err| JobError::Input(msg!("job-no-threads", problem = err.to_string())))?;
        Ok(pool.install(|| work(&task)))
    }

    /// Gives whoever watches the state of the `nth` run. Its figures are worked out here, on the job's thread: a window draws with them at once.
    pub(crate) fn publish(&self, nth: usize, run: Arc<Run>) {
        work_out_figures(&run);
        (self.emit)(JobEvent::Run(nth, run));
    }
}

/// Works out the figures of both sets of frames, which the run then has.
pub(crate) fn work_out_figures(run: &Run) {
    let _ = run.figures(SplitKind::Train);
}

impl JobError {
    /// Whether the job ended because it was told to.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        let in_a_file = |err: &FileError| matches!(err.problem, Problem::Cancelled(_));
        matches!(self, Self::Cancelled(_)) || matches!(self, Self::File(err) if in_a_file(err))
    }

    /// What went wrong, to be said in whatever language it is read.
    #[must_use]
    pub fn into_message(self) -> Message {
        match self {
            Self::Input(words) => words,
            Self::Param(err) => err.message(),
            Self::Rvq(err) => err.message(),
            Self::File(err) => err.message(),
            other => Message::verbatim(other.to_string()),
        }
    }
}

impl From<RvqError> for JobError {
    fn from(err: RvqError) -> Self {
        match err {
            RvqError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            other => Self::Rvq(other),
        }
    }
}

/// A description of work, for whoever runs jobs without knowing which.
#[derive(Debug)]
pub enum JobSpec {
    /// Open files or a built-in source.
    Open(OpenSpec),
    /// Train.
    Train(Box<TrainSpec>),
    /// Train the same in several ways.
    Compare(Box<CompareSpec>),
    /// Hold a quantizer against data.
    Evaluate(EvaluateSpec),
    /// Quantize the frames of a run anew.
    Look(LookSpec),
    /// Mend the quantizer of a run.
    Repair(RepairRunSpec),
    /// Write a model.
    SaveModel(SaveSpec),
    /// Write the codes of a corpus.
    SaveCodes(CodesSpec),
    /// Encode a corpus to look at its codes over time.
    Tokens(TokensSpec),
    /// Write a model into a copy of the checkpoint that it came from.
    WriteBack(WriteBackSpec),
    /// Write a report.
    Report(ReportSpec),
    /// Open the workspace in a folder.
    OpenWorkspace(PathBuf),
    /// Take the place of a workspace with what a file holds.
    UnpackWorkspace(PathBuf, Arc<Folder>, Arc<Saver>),
    /// Write a workspace into a file.
    PackWorkspace(PathBuf, Arc<Folder>, Arc<Saver>),
    /// Read a run of a workspace.
    ReadRun(u64, Arc<Folder>),
    /// Make a stretch audible, after each layer.
    Takes(Box<TakesSpec>),
    /// Write a stretch as sound.
    SaveSound(Box<ListenSpec>, PathBuf),
    /// Watch a folder of checkpoints.
    Watch(WatchedSpec),
}

/// What came of a job.
#[derive(Debug)]
pub enum JobOutput {
    /// Files were opened; size and time of each stand beside them.
    Opened(OpenedFiles, Vec<FileStamp>),
    /// A training ended.
    Trained(Box<Trained>),
    /// Several trainings ended together.
    Compared(Compared),
    /// A quantizer was held against data, or a run looked at again.
    Evaluated(Arc<Run>),
    /// The quantizer of a run was mended, or nothing did better.
    Repaired(RepairedRun),
    /// A corpus was encoded.
    Tokens(Arc<Tokens>),
    /// A file was written.
    Saved(PathBuf),
    /// A workspace was opened.
    Workspace(Box<OpenedWorkspace>),
    /// A run was read.
    Read(Box<StoredRun>),
    /// A stretch was made audible.
    Takes(Arc<HeardTakes>),
    /// A folder is not watched any more.
    Watched,
}

/// Runs a job to its end.
///
/// # Errors
/// Whatever the job ran into.
pub fn run(spec: JobSpec, ctx: &JobCtx<'_>) -> Result<JobOutput, JobError> {
    match spec {
        JobSpec::Open(spec) => {
            // Before they are read: what is written to them meanwhile makes them other files.
            let stamps = stamp::stamps(&spec.source, ctx);
            open(&spec, ctx).map(|files| JobOutput::Opened(files, stamps))
        }
        JobSpec::Train(spec) => train(*spec, ctx).map(|trained| JobOutput::Trained(Box::new(trained))),
        JobSpec::Compare(spec) => compare(*spec, ctx).map(JobOutput::Compared),
        JobSpec::Evaluate(spec) => evaluate(&spec, ctx).map(JobOutput::Evaluated),
        JobSpec::Look(spec) => look_again(&spec, ctx).map(JobOutput::Evaluated),
        JobSpec::Repair(spec) => repair_run(spec, ctx).map(JobOutput::Repaired),
        JobSpec::SaveModel(spec) => save_model(&spec, ctx).map(JobOutput::Saved),
        JobSpec::WriteBack(spec) => write_back(&spec, ctx).map(JobOutput::Saved),
        JobSpec::SaveCodes(spec) => encode_to_file(&spec, ctx).map(JobOutput::Saved),
        JobSpec::Tokens(spec) => tokens(&spec, ctx).map(JobOutput::Tokens),
        JobSpec::Report(spec) => write_report(&spec).map(JobOutput::Saved),
        JobSpec::OpenWorkspace(root) => open_workspace(&root).map(|w| JobOutput::Workspace(Box::new(w))),
        JobSpec::UnpackWorkspace(path, folder, saver) => {
            unpack_workspace(&path, &folder, &saver).map(|w| JobOutput::Workspace(Box::new(w)))
        }
        JobSpec::PackWorkspace(path, folder, saver) => {
            pack_workspace(&path, &folder, &saver).map(JobOutput::Saved)
        }
        JobSpec::Takes(spec) => takes(&spec, ctx).map(JobOutput::Takes),
        JobSpec::SaveSound(spec, path) => listen_to_file(&spec, &path, ctx).map(|_| JobOutput::Saved(path)),
        JobSpec::Watch(spec) => watch_live(spec, ctx).map(|()| JobOutput::Watched),
        JobSpec::ReadRun(id, folder) => Ok(JobOutput::Read(Box::new(folder.read_run(id)?))),
    }
}
