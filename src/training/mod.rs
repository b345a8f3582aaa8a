//! Training: batches of frames move the codebooks of each layer in turn.

mod batches;
mod code_points;
mod code_states;
mod code_trace;
pub mod course;
mod differing;
mod history;
mod init_sample;
mod joint;
mod judges;
mod layer_pass;
mod layer_start;
mod layer_state;
mod live;
mod motion;
mod paired;
pub mod proposal;
mod refit;
pub mod row_scales;
mod run;
mod run_figures;
mod share;
mod shared_pass;
mod shared_refit;
mod shared_start;
mod shared_trainer;
mod summary;
mod threshold;
mod tracer;
mod trainer;
mod trainer_state;

pub(crate) use batches::Batches;
pub use code_states::{CodeState, LayerCodes};
pub use code_trace::{CodePoint, CodeSnapshot, CodeTrace};
pub use differing::differing;
pub use history::{History, Series};
pub use judges::Judges;
pub use layer_state::LayerState;
pub use motion::Motion;
pub use run::{LiveEdit, Run, SourceInfo, SplitKind, params_from_json, params_json};
pub use run_figures::{RunFigures, SplitFigures};
pub use share::Share;
pub use shared_start::SharedStart;
pub use summary::RunSummary;
pub use threshold::ThresholdStanding;
pub(crate) use threshold::short;
pub use tracer::Tracer;
pub use trainer::Trainer;
pub use trainer_state::TrainerState;

use serde::Serialize;

/// The scalars of one training step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepRecord {
    /// The step, from 1.
    pub step: u64,
    /// By layer; a step under quantizer dropout has fewer than there are layers.
    pub layers: Vec<LayerStep>,
}

/// What one step did to one layer, counted over the batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct LayerStep {
    /// Commitment loss, with the codebook before the step.
    pub loss: f64,
    /// Mean squared error per element behind this layer, in the frames' own space.
    pub mse: f64,
    /// Perplexity of the batch's codes.
    pub perplexity: f64,
    /// Codes that the batch used.
    pub used: u32,
    /// Codes below the dead-code threshold after the step.
    pub below_threshold: u32,
    /// Codes that were replaced.
    pub replaced: u32,
    /// How far the codebook moved, apart from replaced rows.
    pub drift: f64,
    /// How far the codebook moved, replaced rows among them. The agreed lines of a single training do not have it.
    #[serde(skip)]
    pub drift_all: f64,
    /// Frames whose code was not the nearest; only known where codes are assigned as upstream does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub misassigned: Option<u32>,
    /// Mean squared error per element behind this layer, over frames that are held out; only known at steps behind which they were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_out_mse: Option<f64>,
}

impl LayerStep {
    /// What a layer shows while it waits for its turn: it passes its input on, whose mean square is `mse`.
    fn waiting(mse: f64, commitment_weight: f64) -> Self {
        Self {
            loss: commitment_weight * mse,
            mse,
            perplexity: 1.0,
            used: 1,
            below_threshold: 0,
            replaced: 0,
            drift: 0.0,
            drift_all: 0.0,
            misassigned: None,
            held_out_mse: None,
        }
    }
}
