//! A run: the one noun of the session. A training, a loaded model, a mended copy, a member of a comparison or a sweep, codes alone.

use std::path::PathBuf;
use std::sync::Arc;

use crate::doctor::repair::Tried;
use crate::io::ModelOptions;
use crate::io::model::ModelInfo;
use crate::jobs::{OpenedCodes, ResumeFrom, Source, Tokens, Watched};
use crate::rvq::search::Search;
use crate::rvq::{Rvq, RvqParams};
use crate::text::{Phrase, phrase};
use crate::training::{History, Run, RunSummary};

use super::clock::Clock;
use super::ids::{DataId, GroupId, RunId};
use super::opening::{Answers, FileChoice};

/// A run, with everything that belongs to it and nothing that belongs to another.
#[derive(Debug)]
pub struct RunEntry {
    /// What it is told apart by; it never changes.
    pub id: RunId,
    /// What the user sees and may change.
    pub label: Label,
    /// The comparison or sweep that it is a member of.
    pub group: Option<GroupId>,
    /// Where it comes from.
    pub origin: Origin,
    /// The data that its figures are of; its codes are never paired with any other.
    pub data: Option<DataId>,
    /// How it is trained, or how the run was of which it is a mended copy; `None` for what was loaded.
    pub recipe: Option<Recipe>,
    state: RunState,
    /// How long it was trained.
    clock: Clock,
    /// What there is of it.
    pub body: Body,
    /// The scalars of every step.
    pub history: Arc<History>,
    /// The checkpoints that it is the newest of, where it came out of a watched folder.
    pub watched: Option<Arc<Watched>>,
    /// What it can be resumed with.
    pub(super) resume: Option<ResumeFrom>,
    /// Its codes over time, as far as they were asked for.
    pub(super) encoded: Encoded,
    /// Changes whenever anything of it changes.
    pub revision: u64,
}

/// What the user calls a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// A note.
    pub note: String,
    /// Whether it is kept whole however many runs there are.
    pub is_pinned: bool,
}

/// Where a run comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A training of its own, started from the codebooks of another run or from those its rule makes.
    Trained {
        /// The run that it started from.
        from: Option<RunId>,
    },
    /// A member of a comparison.
    Compared,
    /// A member of a sweep.
    Swept,
    /// A checkpoint.
    Loaded(Arc<ModelFile>),
    /// A copy of another run, whose quantizer was mended without training it.
    Repaired {
        /// That run; it stays as it was.
        from: RunId,
        /// Each fix in turn, with the figures on held-out frames before and after it.
        tried: Arc<[Tried]>,
        /// The checkpoint that run was loaded from, so that this one can be written back into it.
        model: Option<Arc<ModelFile>>,
    },
    /// Codes without their quantizer.
    Codes(Source),
}

/// A checkpoint that was opened.
#[derive(Debug, Clone)]
pub struct ModelFile {
    /// The file.
    pub path: PathBuf,
    /// What the file says of it.
    pub info: ModelInfo,
    /// The parameters it was made with, where the file holds them.
    pub params: Option<RvqParams>,
    /// Steps it was trained for, where the file says so.
    pub steps: u64,
    /// Where the file holds several quantizers: which one this is.
    pub quantizer: Option<String>,
    /// What was said of it where it does not say it itself.
    pub options: ModelOptions,
    /// All of them, and the place of this one, as far as the file was read by this process.
    pub others: Option<(Arc<FileChoice>, usize)>,
}

/// How a run is trained: enough to train it again from its beginning to the same bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recipe {
    /// The parameters, as they were at the start.
    pub params: RvqParams,
    /// The share of the frames that is held out.
    pub holdout: f64,
    /// Whether it sees centred data of unit variance.
    pub standardize: bool,
    /// How codes are searched in its evaluations.
    pub search: Search,
    /// The steps that lie behind the stretch under way.
    pub steps_before: u64,
}

/// What a run is doing, or how it ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum RunState {
    /// It waits in the queue.
    Planned,
    /// Its first codebooks are being found.
    Starting,
    /// It takes steps.
    Running,
    /// It waits between steps.
    Paused,
    /// It ends, because it was told to.
    Stopping,
    /// It ended, or was loaded.
    Done,
    /// It was ended before its last step.
    Stopped,
    /// It could not go on; the sentence says why.
    Failed(String),
}

/// What there is of a run.
#[derive(Debug, Clone)]
pub enum Body {
    /// Nothing yet.
    Empty,
    /// A quantizer with its figures.
    Quantizer(Arc<Run>),
    /// Codes without their quantizer.
    Codes(Arc<OpenedCodes>),
    /// Its figures alone: the quantizer was let go to bound memory, or has not been read back from the workspace.
    LetGo(Box<RunSummary>),
}

/// The codes of a run over time.
#[derive(Debug, Default)]
pub(super) struct Encoded {
    /// What was encoded last, or is being encoded: the quantizer and how it was searched.
    pub(super) of: Option<(Arc<Rvq>, Search)>,
    pub(super) tokens: Option<Arc<Tokens>>,
    /// Whether `tokens` are of `of`, and not of what came before it.
    pub(super) is_current: bool,
}

/// What panels draw: a run that has a quantizer, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The run.
    pub entry: &'a RunEntry,
    /// Its quantizer and figures.
    pub run: &'a Arc<Run>,
    /// The scalars of every step; empty for a loaded model.
    pub history: &'a Arc<History>,
    /// Whether no steps lead to it: it was loaded or mended, and not trained here.
    pub is_model: bool,
}

impl ModelFile {
    /// What reading it again has to be told.
    pub(super) fn answers(&self) -> Answers {
        let Self { path, quantizer, options, others, .. } = self;
        let model = (*options != ModelOptions::default()).then(|| (path.clone(), options.clone()));
        Answers { quantizer: quantizer.clone(), model, others: others.clone() }
    }
}

impl View<'_> {
    /// The run's id.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.entry.id
    }
}

impl Origin {
    /// What it is called in a table.
    #[must_use]
    pub fn label(&self) -> Phrase {
        match self {
            Self::Trained { from: None } => phrase!("runs-origin-trained"),
            Self::Trained { from: Some(_) } => phrase!("runs-origin-trained-from"),
            Self::Compared => phrase!("runs-origin-compared"),
            Self::Swept => phrase!("runs-origin-swept"),
            Self::Loaded(_) => phrase!("runs-origin-loaded"),
            Self::Repaired { .. } => phrase!("runs-origin-repaired"),
            Self::Codes(_) => phrase!("runs-origin-codes"),
        }
    }

    /// The checkpoint that its quantizer is of: as it was loaded, or mended since.
    pub(super) fn model(&self) -> Option<&Arc<ModelFile>> {
        match self {
            Self::Loaded(file) => Some(file),
            Self::Repaired { model, .. } => model.as_ref(),
            _ => None,
        }
    }

    /// Whether both are of the very same quantizer of a checkpoint.
    pub(super) fn is_same_model(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Loaded(ours), Self::Loaded(theirs)) => Arc::ptr_eq(ours, theirs),
            (Self::Repaired { tried: ours, .. }, Self::Repaired { tried: theirs, .. }) => {
                Arc::ptr_eq(ours, theirs)
            }
            _ => false,
        }
    }
}

impl RunState {
    /// What it is called.
    #[must_use]
    pub fn label(&self) -> Phrase {
        match self {
            Self::Planned => phrase!("runs-state-planned"),
            Self::Starting => phrase!("runs-state-starting"),
            Self::Running => phrase!("runs-state-running"),
            Self::Paused => phrase!("runs-state-paused"),
            Self::Stopping => phrase!("runs-state-stopping"),
            Self::Done => phrase!("runs-state-done"),
            Self::Stopped => phrase!("runs-state-stopped"),
            Self::Failed(_) => phrase!("runs-state-failed"),
        }
    }

    /// Whether a job is at it.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Paused | Self::Stopping)
    }
}

impl RunEntry {
    pub(super) fn new(id: RunId, name: String, origin: Origin, state: RunState, body: Body) -> Self {
        Self {
            id,
            label: Label { name, ..Label::default() },
            group: None,
            origin,
            data: None,
            recipe: None,
            state,
            clock: Clock::new(),
            body,
            history: Arc::default(),
            watched: None,
            resume: None,
            encoded: Encoded::default(),
            revision: 0,
        }
    }

    /// What it is doing, or how it ended.
    #[must_use]
    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// It does something else from now on, or it ended.
    pub(super) fn set_state(&mut self, state: RunState) {
        self.clock.run(matches!(state, RunState::Starting | RunState::Running | RunState::Stopping));
        self.state = state;
    }

    /// When it was made, and how long it was trained.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Takes over a clock that was written.
    pub(super) fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.label.name
    }

    /// Its quantizer and figures, where there are such.
    #[must_use]
    pub fn run(&self) -> Option<&Arc<Run>> {
        if let Body::Quantizer(run) = &self.body { Some(run) } else { None }
    }

    /// Its codes, where it is codes alone.
    #[must_use]
    pub fn codes(&self) -> Option<&Arc<OpenedCodes>> {
        if let Body::Codes(codes) = &self.body { Some(codes) } else { None }
    }

    /// The checkpoint that it was loaded from, or that the run was of which it is a mended copy.
    #[must_use]
    pub fn model(&self) -> Option<&Arc<ModelFile>> {
        self.origin.model()
    }

    /// What was tried to mend it, where it is a mended copy of another run.
    #[must_use]
    pub fn tried(&self) -> Option<&Arc<[Tried]>> {
        if let Origin::Repaired { tried, .. } = &self.origin { Some(tried) } else { None }
    }

    /// What panels draw of it.
    #[must_use]
    pub fn view(&self) -> Option<View<'_>> {
        let run = self.run()?;
        let is_model = matches!(self.origin, Origin::Loaded(_) | Origin::Repaired { .. });
        Some(View { entry: self, run, history: &self.history, is_model })
    }

    /// The parameters that it is or will be trained with; `None` where nobody knows them.
    #[must_use]
    pub fn params(&self) -> Option<&RvqParams> {
        match (self.run(), &self.recipe) {
            (Some(run), _) if run.params_known => Some(&run.params),
            (_, recipe) => recipe.as_ref().map(|recipe| &recipe.params),
        }
    }

    /// Whether it can be resumed behind its last step.
    #[must_use]
    pub fn can_resume(&self) -> bool {
        !self.state.is_under_way() && (self.resume.is_some() || self.can_begin_again())
    }

    /// Whether it was interrupted before there was anything to resume it with, so that it begins again as it began.
    pub(super) fn can_begin_again(&self) -> bool {
        let is_alone = matches!(self.origin, Origin::Trained { .. } | Origin::Swept);
        is_alone
            && self.recipe.is_some()
            && matches!(self.body, Body::Empty)
            && self.state == RunState::Stopped
    }

    /// Whether there is nothing to be seen of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self.body, Body::Empty) && self.history.is_empty()
    }

    /// What it is judged by, from its last evaluation.
    #[must_use]
    pub fn summary(&self) -> Option<RunSummary> {
        match &self.body {
            Body::Quantizer(run) => Some(RunSummary::of(run, &self.history)),
            Body::LetGo(summary) => Some(RunSummary::clone(summary)),
            Body::Empty | Body::Codes(_) => None,
        }
    }

    pub(super) fn touch(&mut self) {
        self.revision += 1;
    }

    /// Bytes of what can be let go: quantizer, history of its codes, codes over time.
    pub(super) fn heavy_bytes(&self) -> usize {
        let of_rvq = |rvq: &Rvq| -> usize {
            let layers = rvq.layers().iter();
            layers.map(|layer| layer.codebook.num_codes() * (layer.codebook.dim() * 12 + 48)).sum()
        };
        let body = match &self.body {
            Body::Quantizer(run) => of_rvq(&run.rvq),
            Body::Codes(codes) => codes.tokens.values.len() * size_of::<u32>(),
            Body::Empty | Body::LetGo(_) => 0,
        };
        let tokens = self.encoded.tokens.as_ref().map_or(0, |tokens| tokens.values.len() * size_of::<u32>());
        let resume = if self.resume.is_some() { body } else { 0 };
        // What a run is resumed with shares its snapshots.
        let trace = self.run().and_then(|run| run.trace.as_ref()).map_or(0, |trace| trace.bytes());
        body + tokens + resume + trace
    }
}
