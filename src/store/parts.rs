//! The parts of a run besides its quantizer: what layers remember, evaluations, and where the frames came from.
//!
//! Each description mirrors the fields of what it is of, so that a field which is added there is one line here, and its absence does not compile.
//! Long arrays are tensors.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Fault;
use super::exact;
use super::tensors::{StoredTensors, Tensors};
use crate::metrics::{Evaluation, LayerTally};
use crate::rvq::Rvq;
use crate::rvq::param_spec;
use crate::rvq::search::Search;
use crate::training::{LayerState, LiveEdit, SourceInfo};

/// Mirrors [`SourceInfo`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "SourceInfo")]
pub(super) struct SourceDoc {
    paths: Vec<String>,
    frames: usize,
    dim: usize,
    #[serde(with = "exact")]
    frame_rate_hz: Option<f64>,
    train_frames: usize,
    held_out_frames: usize,
    #[serde(with = "exact")]
    holdout: f64,
}

/// Mirrors [`LiveEdit`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EditDoc {
    step: u64,
    key: String,
    from: Value,
    to: Value,
}

/// Mirrors [`LayerState`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "LayerState")]
struct StateDoc {
    init_step: Option<u64>,
    #[serde(skip)]
    batch_counts: Vec<u32>,
    #[serde(skip)]
    code_drift: Vec<f32>,
    #[serde(skip)]
    replaced_at: Vec<u64>,
    #[serde(with = "exact")]
    threshold_frames: f64,
    misassigned: Option<u32>,
}

/// Mirrors [`Evaluation`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "Evaluation")]
struct EvaluationOwn {
    frames: u64,
    dim: usize,
    #[serde(with = "exact")]
    signal_energy: f64,
    #[serde(with = "exact")]
    centred_energy: f64,
    search: Search,
    #[serde(with = "exact")]
    greedy_energy: Option<f64>,
    #[serde(skip)]
    layers: Vec<LayerTally>,
}

/// Mirrors [`LayerTally`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "LayerTally")]
struct TallyDoc {
    #[serde(skip)]
    counts: Vec<u64>,
    #[serde(skip)]
    code_sq_error: Vec<f64>,
    #[serde(with = "exact")]
    residual_energy: f64,
}

/// One layer's state in the form of the file.
#[derive(Serialize, Deserialize)]
pub(super) struct StateStored(#[serde(with = "StateDoc")] LayerState);

/// One layer's figures in the form of the file.
#[derive(Serialize, Deserialize)]
struct TallyStored(#[serde(with = "TallyDoc")] LayerTally);

/// An evaluation in the form of the file.
#[derive(Serialize, Deserialize)]
pub(super) struct EvaluationDoc {
    #[serde(with = "EvaluationOwn")]
    own: Evaluation,
    layers: Vec<TallyStored>,
}

impl EditDoc {
    pub(super) fn put(edit: &LiveEdit) -> Self {
        let LiveEdit { step, key, from, to } = edit;
        Self { step: *step, key: (*key).to_owned(), from: from.clone(), to: to.clone() }
    }

    /// # Errors
    /// There is no such parameter.
    pub(super) fn take(self) -> Result<LiveEdit, Fault> {
        let Self { step, key, from, to } = self;
        let spec = param_spec(&key);
        let spec =
            spec.ok_or_else(|| Fault::broken("the file tells of an edit of a parameter that is not known"))?;
        Ok(LiveEdit { step, key: spec.key, from, to })
    }
}

/// Adds the arrays of `states` under names that begin with `at`, and gives the rest.
pub(super) fn put_states<'a>(
    states: &'a [LayerState],
    at: &str,
    tensors: &mut Tensors<'a>,
) -> Vec<StateStored> {
    let mut docs = Vec::with_capacity(states.len());
    for (nth, state) in states.iter().enumerate() {
        let at = format!("{at}.states.{nth}");
        tensors.put_u32(format!("{at}.batch_counts"), &state.batch_counts);
        tensors.put_f32(format!("{at}.code_drift"), &state.code_drift);
        tensors.put_u64(format!("{at}.replaced_at"), &state.replaced_at);
        let (batch_counts, code_drift, replaced_at) = Default::default();
        // What is named here is what went into tensors.
        let rest = LayerState { batch_counts, code_drift, replaced_at, ..state.clone() };
        docs.push(StateStored(rest));
    }
    docs
}

/// The states that [`put_states`] has taken apart: none, or one for each layer of `rvq`.
///
/// # Errors
/// A tensor is missing, or they are not of such a quantizer.
pub(super) fn take_states(
    docs: Vec<StateStored>,
    at: &str,
    tensors: &StoredTensors,
    rvq: &Rvq,
) -> Result<Vec<LayerState>, Fault> {
    if !docs.is_empty() && docs.len() != rvq.num_layers() {
        return Err(Fault::broken("the file is damaged: it tells of another number of layers than it has"));
    }
    let mut states = Vec::new();
    for ((nth, StateStored(mut state)), layer) in docs.into_iter().enumerate().zip(rvq.layers()) {
        let at = format!("{at}.states.{nth}");
        state.batch_counts = tensors.list(&format!("{at}.batch_counts"))?;
        state.code_drift = tensors.list(&format!("{at}.code_drift"))?;
        state.replaced_at = tensors.list(&format!("{at}.replaced_at"))?;
        let codes = layer.codebook.num_codes();
        let lens = [state.batch_counts.len(), state.code_drift.len(), state.replaced_at.len()];
        // A state that nothing was noted in yet has no code.
        if lens != [codes; 3] && lens != [0; 3] {
            return Err(wrong_codes(nth));
        }
        states.push(state);
    }
    Ok(states)
}

/// Adds the arrays of `evaluation` under names that begin with `at`, and gives the rest.
pub(super) fn put_evaluation<'a>(
    evaluation: &'a Evaluation,
    at: &str,
    tensors: &mut Tensors<'a>,
) -> EvaluationDoc {
    let mut layers = Vec::with_capacity(evaluation.layers.len());
    for (nth, layer) in evaluation.layers.iter().enumerate() {
        let at = format!("{at}.layers.{nth}");
        tensors.put_u64(format!("{at}.counts"), &layer.counts);
        tensors.put_f64(format!("{at}.code_sq_error"), (&layer.code_sq_error).into());
        let (counts, code_sq_error) = Default::default();
        layers.push(TallyStored(LayerTally { counts, code_sq_error, ..layer.clone() }));
    }
    EvaluationDoc { own: Evaluation { layers: Vec::new(), ..evaluation.clone() }, layers }
}

/// The evaluation that [`put_evaluation`] has taken apart.
///
/// # Errors
/// A tensor is missing, or it is not one of `rvq`.
pub(super) fn take_evaluation(
    doc: EvaluationDoc,
    at: &str,
    tensors: &StoredTensors,
    rvq: &Rvq,
) -> Result<Evaluation, Fault> {
    let EvaluationDoc { own: mut evaluation, layers } = doc;
    if layers.len() != rvq.num_layers() {
        return Err(Fault::broken("the file is damaged: it tells of another number of layers than it has"));
    }
    for ((nth, TallyStored(mut tally)), layer) in layers.into_iter().enumerate().zip(rvq.layers()) {
        let at = format!("{at}.layers.{nth}");
        tally.counts = tensors.list(&format!("{at}.counts"))?;
        tally.code_sq_error = tensors.list_f64(&format!("{at}.code_sq_error"))?;
        let codes = layer.codebook.num_codes();
        if tally.counts.len() != codes || tally.code_sq_error.len() != codes {
            return Err(wrong_codes(nth));
        }
        let chosen = tally.counts.iter().try_fold(0u64, |sum, &count| sum.checked_add(count));
        if chosen.is_none_or(|chosen| chosen > evaluation.frames) {
            return Err(Fault::broken(format!(
                "the file is damaged: layer {nth} counts more codes than frames"
            )));
        }
        evaluation.layers.push(tally);
    }
    Ok(evaluation)
}

fn wrong_codes(layer_idx: usize) -> Fault {
    Fault::broken(format!(
        "the file is damaged: layer {layer_idx} tells of another number of codes than it has"
    ))
}
