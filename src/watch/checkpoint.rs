//! One checkpoint, opened: its quantizer and what the file says of itself. Of all the rest of the file nothing is read.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::io::{self, ModelInfo, ModelOptions, Need, Opened, Problem, Wanted};
use crate::rvq::{Rvq, RvqParams};
use crate::task::{Cancelled, Task};
use crate::text::Message;

use super::step;

/// Which quantizer of a file is meant, where it does not say it itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Meant {
    /// Of several, the one at this place.
    pub quantizer: Option<String>,
    /// What is said of the files.
    pub options: ModelOptions,
}

/// A checkpoint that was opened.
#[derive(Debug)]
pub(super) struct Checkpoint {
    pub(super) rvq: Arc<Rvq>,
    /// The parameters it was made with, where the file holds them.
    pub(super) params: Option<RvqParams>,
    pub(super) info: ModelInfo,
    pub(super) about: AboutFile,
}

/// What is kept of a file besides its quantizer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AboutFile {
    /// The step by its own counter.
    pub(super) steps: Option<u64>,
    /// The epoch by its own counter.
    pub(super) epochs: Option<u64>,
    pub(super) shape: Shape,
}

/// The shape of a quantizer: checkpoints of one training have the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// In English: "8 layers, K = 1024, D = 128".
    pub words: String,
    /// Codes, dimensions and stride of each layer.
    layers: Vec<[usize; 3]>,
    dim: usize,
    pub(super) metric: String,
}

/// Why a file gives no checkpoint.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is nothing that models are kept in.
    Other,
    /// It is whole and holds no quantizer, or leaves open which.
    NoQuantizer {
        text: Message,
        /// Whether it would hold one if something were said of it.
        asks: bool,
    },
    /// It is whole, and what it holds cannot be used.
    Unusable(Message),
    /// It is cut short or damaged, or cannot be read: somebody may still write to it.
    Broken(Message),
    Cancelled,
}

impl Shape {
    fn of(rvq: &Rvq, info: &ModelInfo) -> Self {
        let layers = rvq.layers().iter();
        let layers = layers.map(|l| [l.codebook.num_codes(), l.codebook.dim(), l.stride]).collect();
        Self { words: info.shape_words().english(), layers, dim: rvq.dim(), metric: info.metric.clone() }
    }

    /// The same in whatever language is read.
    pub(super) fn told(&self) -> Message {
        io::model::shape_of(self.layers.iter().map(|&[codes, dim, _]| [codes, dim]))
    }
}

impl From<Cancelled> for Refusal {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Cancelled(_) => Self::Cancelled,
            Problem::Unsupported(_)
            | Problem::NoQuantizer { .. }
            | Problem::SeveralQuantizers { .. }
            | Problem::UnknownStrides { .. }
            | Problem::UnknownFormat { .. }
            | Problem::LfsPointer => Self::NoQuantizer { asks: problem.asks(), text: problem.message() },
            Problem::Quantizer(_) | Problem::Value(_) => Self::Unusable(problem.message()),
            broken => Self::Broken(broken.message()),
        }
    }
}

/// Opens the checkpoint at `path`.
pub(super) fn open(path: &Path, meant: &Meant, task: &Task<'_>) -> Result<Checkpoint, Refusal> {
    if !io::may_hold_model(path).map_err(|err| Refusal::from(err.problem))? {
        return Err(Refusal::Other);
    }
    let Meant { quantizer, options } = meant;
    let wanted = Wanted {
        quantizer: quantizer.as_deref(),
        need: Need::Model,
        model: Some(options),
        ..Wanted::default()
    };
    let opened = io::open_as(path, wanted, &task.quiet()).map_err(|err| Refusal::from(err.problem))?;
    let Opened::Model(model) = opened else { return Err(Refusal::Other) };
    let (params, _) = model.info.recorded();
    let about = AboutFile {
        steps: step::counted(&model.info.metadata),
        epochs: step::epochs(&model.info.metadata),
        shape: Shape::of(&model.rvq, &model.info),
    };
    Ok(Checkpoint { rvq: Arc::new(model.rvq), params, info: model.info, about })
}
