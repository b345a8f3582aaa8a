//! Everything that a user can want, as plain values: buttons, shortcuts, start-up arguments and tests all speak this.

use std::path::PathBuf;
use std::sync::Arc;

use crate::audio::ChannelChoice;
use crate::doctor::Change;
use crate::features::ExtractParams;
use crate::io::TimeAxis;
use crate::jobs::Builtin;
use crate::param::ParamValue;
use crate::rvq::search::Search;
use crate::training::SplitKind;

use super::ids::{DataId, RunId};

/// What the user wants, by the part of the state that it is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Something about the data.
    Data(DataCommand),
    /// Something about the parameters.
    Params(ParamsCommand),
    /// Something about training.
    Train(TrainCommand),
    /// Something about trainings that are compared.
    Compare(CompareCommand),
    /// Something about trainings over several values of parameters.
    Sweep(SweepCommand),
    /// Something about the runs.
    Runs(RunsCommand),
    /// Something to select.
    Select(SelectCommand),
    /// Something to undo or redo.
    Edit(EditCommand),
    /// Something to write.
    Save(SaveCommand),
    /// Something to hear.
    Sound(SoundCommand),
    /// Something about the notices.
    Notices(NoticeCommand),
    /// Something about the workspace.
    Workspace(WorkspaceCommand),
}

/// About the data.
#[derive(Debug, Clone, PartialEq)]
pub enum DataCommand {
    /// Open files and folders: audio, features, codes, models.
    Open(Vec<PathBuf>),
    /// Open a built-in source, and train on it at once or not.
    OpenBuiltin {
        /// Which.
        builtin: Builtin,
        /// Whether to train as soon as it is there.
        then_train: bool,
    },
    /// Make features of audio in another way.
    SetExtract(ExtractParams),
    /// Take another channel.
    SetChannel(ChannelChoice),
    /// Which axis is time; `None` for the guess.
    SetTimeAxis(Option<TimeAxis>),
    /// Frames a second of bare features.
    SetFrameRate(Option<f64>),
    /// `K` of codes that came without their codebooks; `None` for what the largest one tells.
    SetCodebookSize(Option<usize>),
    /// Encode the data of the shown run, to see its codes over time.
    Encode,
    /// The share of frames that is held out.
    SetHoldout(f64),
    /// Whether to train on centred data of unit variance.
    SetStandardize(bool),
    /// Delete the run of the loaded model; its file stays as it is.
    CloseModel,
    /// Answer what a file asks before it can be opened; `None` to open none of it.
    Answer(Option<super::opening::Answer>),
    /// Watch a folder that a training elsewhere writes checkpoints to.
    Watch(PathBuf),
    /// Watch no folder any more; what came of them stays.
    StopWatching,
    /// Give up opening.
    Cancel,
}

/// About the parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamsCommand {
    /// Another value. While training runs it holds from the next step, or training starts again.
    Set {
        /// The parameter's key.
        key: &'static str,
        /// The value.
        value: ParamValue,
    },
    /// Another rule.
    SetRule(&'static str),
    /// Back to the rule's defaults.
    Reset,
    /// What is proposed for the present data.
    TakeProposals,
}

/// About training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainCommand {
    /// From the beginning.
    Start,
    /// From the loaded model's codebooks.
    StartFromModel,
    /// Resume the shown run behind its last step, for as many steps again as the parameters say.
    Continue,
    /// Wait.
    Pause,
    /// Go on after waiting.
    Resume,
    /// One step, then wait.
    StepOnce,
    /// End, and keep what was reached.
    Stop,
    /// Evaluate the loaded model on all frames, without training.
    Evaluate,
    /// Search codes in this way in evaluations and in saved codes.
    SetSearch(Search),
}

/// About trainings that are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompareCommand {
    /// Train the present parameters through several rules, as entries are written: `encodec,rvqscope:threshold=0.2`.
    Start(String),
    /// Show a known fault of trainers on the demo.
    Pitfall(&'static str),
}

/// About trainings over several values of parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SweepCommand {
    /// Plan a run for every combination of values, and train them one after another.
    Start {
        /// A parameter and its values each: `codes=256,1024`.
        axes: Vec<String>,
        /// Seeds for each combination, from that of the parameters on.
        seeds: u64,
    },
    /// Let the queue wait behind the run under way.
    Hold,
    /// Go on with the queue.
    Release,
    /// Take all planned runs out of the queue.
    Clear,
}

/// About the runs.
#[derive(Debug, Clone, PartialEq)]
pub enum RunsCommand {
    /// Show a run in every panel, together with its data.
    Show(RunId),
    /// Lay a run over the shown one, or take it off.
    Overlay(RunId, bool),
    /// Lay these runs over the shown one, and no others.
    OverlayOnly(Vec<RunId>),
    /// Give a run another name.
    Rename(RunId, String),
    /// Give a run another note.
    Note(RunId, String),
    /// Keep a run whole however many there are, or not.
    Pin(RunId, bool),
    /// Delete a run. This can be undone.
    Delete(RunId),
    /// Evaluate a run again; for a loaded model with the share of the frames that it was not trained on, `None` for all.
    Evaluate(RunId, Option<f64>),
    /// Take the parameters of a run over for the next training.
    TakeParams(RunId),
    /// Train with the present parameters from the codebooks of a run.
    TrainFrom(RunId),
    /// Mend the quantizer of a run by these fixes, by id. What comes of it is a run of its own beside the old one, and can be undone.
    Repair(RunId, Vec<&'static str>),
    /// Watch the folder no more that a run is of; what came of it stays.
    StopWatching(RunId),
    /// Give up mending a run.
    CancelRepair(RunId),
    /// Train as the run was trained, but with these parameters: a loaded or mended one from its codebooks, any other from the beginning.
    Retrain(RunId, Vec<Change>),
}

/// Undoing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditCommand {
    /// Take back the last edit of parameters, selection, layout or runs.
    Undo,
    /// Do it again.
    Redo,
}

/// About the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkspaceCommand {
    /// The panels lie in another way now, as the window stores it.
    SetLayout(String),
    /// Write all of it into one file.
    SaveAs(PathBuf),
    /// Take the place of all of it with what one file holds.
    Open(PathBuf),
    /// Data that moved or changed lie here now; `None` to leave them closed.
    Locate(DataId, Option<Vec<PathBuf>>),
}

/// What is selected, in every panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectCommand {
    /// A layer, from 0.
    Layer(usize),
    /// A code of a layer; `None` for no code.
    Code(usize, Option<usize>),
    /// Several codes of a layer: the first is selected, and all of them are marked until something else is.
    Codes(usize, Arc<[usize]>),
    /// Which frames figures are of.
    Split(SplitKind),
    /// A stretch of frames; `None` for all.
    Frames(Option<(usize, usize)>),
}

/// What to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaveCommand {
    /// The quantizer of the shown run.
    Model(PathBuf),
    /// Its data as codes of it.
    Codes(PathBuf),
    /// The selected stretch as it is heard, as WAV.
    Sound(PathBuf),
    /// A page with all figures of the quantizer or of codes alone, and files beside it, into a folder.
    Report(PathBuf),
    /// The quantizer of the shown run, in a copy of the checkpoint that it came from.
    WriteBack {
        /// The checkpoint.
        original: PathBuf,
        /// The copy; it may be the same file.
        path: PathBuf,
    },
}

/// What to hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoundCommand {
    /// The selected stretch of the data, or their beginning.
    Play,
    /// The places where the shown run uses a code of a layer.
    PlayCode(usize, usize),
    /// Be silent.
    Stop,
    /// The source (0), or what is left of it after so many layers; switched at the same place while it plays.
    Take(usize),
    /// Begin again at the end, or do not.
    Loop(bool),
}

/// About the notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeCommand {
    /// Show one.
    Show(super::severity::Severity, String),
    /// Take one away.
    Dismiss(u64),
    /// Take all away.
    Clear,
}

macro_rules! from_part {
    ($($part:ident => $variant:ident),*) => {
        $(impl From<$part> for Command {
            fn from(part: $part) -> Self {
                Self::$variant(part)
            }
        })*
    };
}
from_part!(DataCommand => Data, ParamsCommand => Params, TrainCommand => Train, CompareCommand => Compare,
    SweepCommand => Sweep, RunsCommand => Runs, SelectCommand => Select, EditCommand => Edit, SaveCommand => Save,
    SoundCommand => Sound, NoticeCommand => Notices, WorkspaceCommand => Workspace);
