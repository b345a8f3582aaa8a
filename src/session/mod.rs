//! The state behind the window: takes commands, runs jobs, and never waits.
//!
//! [`Session::apply`] starts things and returns at once; [`Session::poll`] takes in what jobs have told since the last look. What a job that was
//! replaced still says goes nowhere, because its mailbox is gone.

mod choosing;
mod command;
mod comparing;
mod look;
mod mailbox;
mod params;
mod start;
mod take_in;
mod tokens;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;

use crate::io::TimeAxis;
use crate::io::model::ModelInfo;
use crate::jobs::{
    CodesSpec, Control, DataSpec, Dataset, JobSpec, OpenedCodes, ReportOf, ReportSpec, Resume, SaveSpec,
    Source, WriteBackSpec, ema_params,
};
use crate::param::Effect;
use crate::rvq::search::Search;
use crate::rvq::{LayerSpan, Rvq, RvqParams, rules};
use crate::training::{History, Run, SplitKind};

pub use choosing::QuantizerChoice;
pub use command::{
    Command, CompareCommand, DataCommand, NoticeCommand, ParamsCommand, SaveCommand, SelectCommand,
    TrainCommand,
};
pub use mailbox::{Ending, Mail, Mailbox};
pub use params::ParamsEditor;
pub use tokens::TokensLook;
pub use worker::{Job, JobId, Waker};

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Worth a look.
    Warning,
    /// Something did not work.
    Error,
}

/// A sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Tells notices apart.
    pub id: u64,
    /// How much it matters.
    pub severity: Severity,
    /// The sentence.
    pub text: String,
    /// How often it came.
    pub times: u32,
}

/// A model that was opened.
#[derive(Debug, Clone)]
pub struct ModelView {
    /// Its file.
    pub path: PathBuf,
    /// The quantizer.
    pub rvq: Arc<Rvq>,
    /// What the file says of it.
    pub info: ModelInfo,
    /// The parameters it was made with, where the file holds them.
    pub params: Option<RvqParams>,
    /// Steps it was trained for, where the file says so.
    pub steps: u64,
    /// Where its file holds several quantizers: all of them, and which one this is.
    pub others: Option<(Arc<QuantizerChoice>, usize)>,
}

/// What panels draw: a run as it stands, with every step so far.
#[derive(Debug, Clone)]
pub struct View {
    /// The quantizer and its figures.
    pub run: Arc<Run>,
    /// The scalars of every step; empty for a loaded model.
    pub history: Arc<History>,
    /// Whether it is a loaded model, held against the data without training.
    pub is_model: bool,
}

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

/// What is looked at, in every panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// The layer, from 0.
    pub layer: usize,
    /// A code of it.
    pub code: Option<usize>,
    /// Which frames figures are of.
    pub split: SplitKind,
    /// A stretch of frames.
    pub frames: Option<(usize, usize)>,
}

/// Files that are being opened.
#[derive(Debug)]
struct Opening {
    job: Job,
    source: Source,
    /// The time axis that is asked for.
    time_axis: Option<TimeAxis>,
    /// The codebook size that is asked for.
    codebook_size: Option<usize>,
    /// The one of several quantizers that is asked for.
    chosen: Option<choosing::Chosen>,
    then: start::Then,
}

/// What the job is called.
const WRITING_REPORT: &str = "Writing the report";
/// The share of frames that is held out where nothing else was asked for.
const HOLDOUT: f64 = 0.1;
/// Runs that are kept to go back to.
const RUNS_KEPT: usize = 16;
/// Notices that are kept.
const NOTICES_KEPT: usize = 100;

/// The state behind the window.
pub struct Session {
    data_spec: DataSpec,
    holdout: f64,
    standardize: bool,
    search: Search,
    dataset: Option<Arc<Dataset>>,
    /// Codes without their frames; never beside a corpus.
    codes: Option<Arc<OpenedCodes>>,
    model: Option<ModelView>,
    params: ParamsEditor,
    view: Option<View>,
    runs: Vec<View>,
    selection: Selection,
    notices: Vec<Notice>,
    train_state: TrainState,
    /// Changes whenever anything that panels draw has changed.
    revision: u64,
    threads: usize,
    waker: Waker,
    next_id: u64,
    opening: Option<Opening>,
    /// What has to be chosen before a file can be looked at.
    choice: Option<Arc<QuantizerChoice>>,
    training: Option<Job>,
    /// The steps of a training that has not shown a state yet; those of the run it goes on with stand before them.
    incoming: Option<Arc<History>>,
    /// The comparison that is under way in place of a single training.
    comparison: Option<comparing::Comparison>,
    evaluating: Option<Job>,
    encoded: tokens::Encoded,
    saving: Vec<Job>,
    resume: Option<Box<Resume>>,
    /// Steps that lie behind the training that was gone on with; those that the parameters say come on top.
    steps_before: u64,
    /// Whether the training started from the loaded model.
    from_model: bool,
    /// Opened successfully since the last look, for the list of recent files.
    recently_opened: Vec<Vec<PathBuf>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("train_state", &self.train_state).finish_non_exhaustive()
    }
}

impl Session {
    /// An empty session. `waker` is called from other threads when there is something to poll.
    #[must_use]
    pub fn new(waker: Waker) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            data_spec: DataSpec::default(),
            holdout: HOLDOUT,
            standardize: false,
            search: Search::Greedy,
            dataset: None,
            codes: None,
            model: None,
            params: ParamsEditor::new(RvqParams::default()),
            view: None,
            runs: Vec::new(),
            selection: Selection { layer: 0, code: None, split: SplitKind::HeldOut, frames: None },
            notices: Vec::new(),
            train_state: TrainState::Idle,
            revision: 0,
            // One thread is left to draw with.
            threads: cores.saturating_sub(1).max(1),
            waker,
            next_id: 0,
            opening: None,
            choice: None,
            training: None,
            incoming: None,
            comparison: None,
            evaluating: None,
            encoded: tokens::Encoded::default(),
            saving: Vec::new(),
            resume: None,
            steps_before: 0,
            from_model: false,
            recently_opened: Vec::new(),
        }
    }

    /// How many threads jobs compute on. The figures do not depend on it.
    pub fn set_threads(&mut self, threads: usize) {
        self.threads = threads.max(1);
    }

    /// Starts from remembered settings; jobs that run are not touched.
    pub fn restore(
        &mut self,
        params: RvqParams,
        data_spec: DataSpec,
        holdout: f64,
        standardize: bool,
        search: Search,
    ) {
        self.params = ParamsEditor::new(params);
        self.data_spec = data_spec;
        self.holdout = if holdout.is_finite() { holdout.clamp(0.0, 0.9) } else { HOLDOUT };
        self.standardize = standardize;
        self.search = Search::of_width(search.width());
    }

    /// Does what the user wants, or starts it. Never waits.
    pub fn apply(&mut self, command: impl Into<Command>) {
        self.revision += 1;
        match command.into() {
            Command::Data(command) => self.apply_data(command),
            Command::Params(command) => self.apply_params(&command),
            Command::Train(command) => self.apply_train(command),
            Command::Compare(command) => self.apply_compare(command),
            Command::Select(command) => self.apply_select(command),
            Command::Save(command) => self.apply_save(command),
            Command::Notices(command) => self.apply_notices(command),
        }
    }

    /// Runs a job of whatever kind in place of the training: for tests of how the session bears what jobs do.
    #[doc(hidden)]
    pub fn run_as_training(&mut self, spec: JobSpec) {
        self.training = Some(self.start_job("Training", spec));
        self.train_state = TrainState::Starting;
    }

    fn apply_params(&mut self, command: &ParamsCommand) {
        let effect = match command {
            ParamsCommand::Set { key, value } => match self.params.set(key, *value) {
                Ok(effect) => effect,
                Err(err) => return self.notify(Severity::Error, err.to_string()),
            },
            ParamsCommand::SetRule(id) => {
                let Some(rule) = rules::find(id) else { return };
                let params = self.params.current().with_rule(rule);
                self.params.replace(params)
            }
            ParamsCommand::Reset => {
                let params = self.params.rule().defaults();
                self.params.replace(params)
            }
            ParamsCommand::Undo => self.params.undo(),
            ParamsCommand::Redo => self.params.redo(),
        };
        // Trainings that are compared have parameters of their own, which stay.
        let (Some(effect), Some(job), None) = (effect, &self.training, &self.comparison) else { return };
        match (effect, self.params.valid_after(self.steps_before)) {
            (Effect::Live, Ok(params)) => job.tell(Control::Live(Box::new(params))),
            (Effect::Restart, Ok(_)) => self.restart_training(),
            (_, Err(err)) => self.notify(Severity::Error, err.to_string()),
        }
    }

    fn apply_select(&mut self, command: SelectCommand) {
        let selection = &mut self.selection;
        match command {
            SelectCommand::Layer(layer) => {
                if selection.layer != layer {
                    selection.code = None;
                }
                selection.layer = layer;
            }
            SelectCommand::Code(layer, code) => (selection.layer, selection.code) = (layer, code),
            SelectCommand::Split(split) => selection.split = split,
            SelectCommand::Frames(frames) => selection.frames = frames,
            SelectCommand::Run(index) => {
                if self.training.is_none()
                    && let Some(view) = self.runs.get(index)
                {
                    // A run can be gone on with only while it is the last one trained.
                    let same = self.view.as_ref().is_some_and(|shown| shown.run.name == view.run.name);
                    self.resume = self.resume.take().filter(|_| same);
                    self.view = Some(view.clone());
                }
            }
        }
    }

    fn apply_save(&mut self, command: SaveCommand) {
        if let (None, Some(codes), SaveCommand::Report(dir)) = (&self.view, &self.codes, &command) {
            let spec = ReportSpec { of: ReportOf::Codes(codes.clone()), dir: dir.clone() };
            let job = self.start_job(WRITING_REPORT, JobSpec::Report(spec));
            return self.saving.push(job);
        }
        let Some(view) = &self.view else {
            return self
                .notify(Severity::Warning, "There is nothing to save yet: train first, or open a model");
        };
        let run = view.run.clone();
        let (title, spec) = match command {
            SaveCommand::Model(path) => ("Saving the model", JobSpec::SaveModel(SaveSpec { run, path })),
            SaveCommand::Codes(path) => {
                let Some(dataset) = self.dataset.clone() else {
                    return self
                        .notify(Severity::Warning, "There is no data to encode: open audio or features");
                };
                let (rvq, search) = (run.rvq.clone(), self.search);
                (
                    "Saving codes",
                    JobSpec::SaveCodes(CodesSpec { rvq, dataset, span: LayerSpan::ALL, search, path }),
                )
            }
            SaveCommand::Report(dir) => {
                let of = ReportOf::Run(run, view.history.clone());
                (WRITING_REPORT, JobSpec::Report(ReportSpec { of, dir }))
            }
            SaveCommand::WriteBack { original, path } => {
                let (rvq, ema) = (run.rvq.clone(), ema_params(&run));
                let quantizer = self.data_spec.quantizer.clone();
                (
                    "Writing back",
                    JobSpec::WriteBack(WriteBackSpec {
                        rvq,
                        original,
                        quantizer,
                        options: crate::io::ModelOptions::default(),
                        path,
                        ema,
                    }),
                )
            }
        };
        let job = self.start_job(title, spec);
        self.saving.push(job);
    }

    fn apply_notices(&mut self, command: NoticeCommand) {
        match command {
            NoticeCommand::Show(severity, text) => self.notify(severity, text),
            NoticeCommand::Dismiss(id) => self.notices.retain(|notice| notice.id != id),
            NoticeCommand::Clear => self.notices.clear(),
        }
    }

    /// Adds a notice; one that is there already is counted up and comes to the end.
    fn notify(&mut self, severity: Severity, text: impl Into<String>) {
        let text = text.into();
        self.revision += 1;
        self.next_id += 1;
        let times = match self.notices.iter().position(|n| n.text == text) {
            Some(index) => self.notices.remove(index).times + 1,
            None => 1,
        };
        self.notices.push(Notice { id: self.next_id, severity, text, times });
        if self.notices.len() > NOTICES_KEPT {
            self.notices.remove(0);
        }
    }

    fn start_job(&mut self, title: &str, spec: JobSpec) -> Job {
        self.next_id += 1;
        Job::start(JobId(self.next_id), title.to_owned(), spec, self.threads, &self.waker)
    }
}
