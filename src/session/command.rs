//! Everything that a user can want, as plain values: buttons, shortcuts, start-up arguments and tests all speak this.

use std::path::PathBuf;

use crate::audio::ChannelChoice;
use crate::features::ExtractParams;
use crate::io::TimeAxis;
use crate::jobs::Builtin;
use crate::param::ParamValue;
use crate::rvq::search::Search;
use crate::training::SplitKind;

/// What the user wants.
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
    /// Something to look at.
    Select(SelectCommand),
    /// Something to write.
    Save(SaveCommand),
    /// Something about the notices.
    Notices(NoticeCommand),
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
    /// Encode the corpus with the quantizer that is looked at, to see its codes over time.
    Encode,
    /// The share of frames that is held out.
    SetHoldout(f64),
    /// Whether to train on centred data of unit variance.
    SetStandardize(bool),
    /// Forget the loaded model.
    CloseModel,
    /// Look at one of several quantizers of a file, by its place in the list; `None` for none of them.
    ChooseQuantizer(Option<usize>),
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
    /// Take back the last edit.
    Undo,
    /// Do it again.
    Redo,
}

/// About training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainCommand {
    /// From the beginning.
    Start,
    /// From the loaded model's codebooks.
    StartFromModel,
    /// Go on behind the last step, for as many steps again as the parameters say.
    Continue,
    /// Wait.
    Pause,
    /// Go on after waiting.
    Resume,
    /// One step, then wait.
    StepOnce,
    /// End, and keep what was reached.
    Stop,
    /// Hold the loaded model against the data, without training.
    Evaluate,
    /// Search codes in this way when frames are looked at or saved as codes.
    SetSearch(Search),
}

/// About trainings that are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompareCommand {
    /// Train the present parameters through several rules, as entries are written: `encodec,rvqscope:threshold=0.2`.
    Start(String),
    /// Show a known fault of trainers on the demo.
    Pitfall(&'static str),
    /// Show one of the trainings under way in every panel.
    Show(usize),
}

/// What is looked at, in every panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelectCommand {
    /// A layer, from 0.
    Layer(usize),
    /// A code of a layer; `None` for no code.
    Code(usize, Option<usize>),
    /// Which frames figures are of.
    Split(SplitKind),
    /// A stretch of frames; `None` for all.
    Frames(Option<(usize, usize)>),
    /// A finished run, by its place in the list.
    Run(usize),
}

/// What to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaveCommand {
    /// The quantizer that is looked at.
    Model(PathBuf),
    /// The corpus as codes of it.
    Codes(PathBuf),
    /// A page with all figures of the quantizer or of codes alone, and files beside it, into a folder.
    Report(PathBuf),
    /// The quantizer that is looked at, in a copy of the checkpoint that it came from.
    WriteBack {
        /// The checkpoint.
        original: PathBuf,
        /// The copy; it may be the same file.
        path: PathBuf,
    },
}

/// About the notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeCommand {
    /// Show one.
    Show(super::Severity, String),
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
    SelectCommand => Select, SaveCommand => Save, NoticeCommand => Notices);
