//! The parts of a run besides its quantizer: what layers remember, evaluations, and where the frames came from.
//!
//! Each description mirrors the fields of what it is of, so that a field which is added there is one line here, and its absence does not compile.
//! Long arrays are tensors.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Fault;
use super::exact;
use super::stored::StoredTensors;
use super::tensors::Tensors;
use crate::metrics::{Evaluation, GainSample, LayerTally};
use crate::rvq::Rvq;
use crate::rvq::param_spec;
use crate::rvq::search::Search;
use crate::text::{Message, msg};
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
    #[serde(with = "exact", default)]
    gain: Option<GainSample>,
}

/// Mirrors [`GainSample`].
#[derive(Serialize, Deserialize)]
pub(super) struct GainDoc {
    frames: u64,
    #[serde(with = "exact")]
    eigenvalues: Vec<f64>,
    #[serde(with = "exact")]
    left: f64,
}

impl exact::Exact for GainSample {
    type Stored = GainDoc;

    fn store(&self) -> GainDoc {
        let Self { frames, eigenvalues, left } = self;
        GainDoc { frames: *frames, eigenvalues: eigenvalues.clone(), left: *left }
    }

    fn restore(GainDoc { frames, eigenvalues, left }: GainDoc) -> Self {
        Self { frames, eigenvalues, left }
    }
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
    /// # Errors
    /// There is no such parameter.
    pub(super) fn put(edit: &LiveEdit) -> Result<Self, Fault> {
        let LiveEdit { step, key, from, to } = edit;
        match param_spec(key) {
            Some(_) => Ok(Self { step: *step, key: (*key).to_owned(), from: from.clone(), to: to.clone() }),
            None => Err(Fault::unfit(msg!("err-no-parameter", key = *key))),
        }
    }

    /// # Errors
    /// There is no such parameter.
    pub(super) fn take(self) -> Result<LiveEdit, Fault> {
        let Self { step, key, from, to } = self;
        let spec = param_spec(&key);
        let spec = spec.ok_or_else(|| Fault::damaged(msg!("err-unknown-edit")))?;
        Ok(LiveEdit { step, key: spec.key, from, to })
    }
}

/// Adds the arrays of `states` under names that begin with `at`, and gives the rest.
///
/// # Errors
/// They are not of `rvq`.
pub(super) fn put_states<'a>(
    states: &'a [LayerState],
    rvq: &Rvq,
    at: &str,
    tensors: &mut Tensors<'a>,
) -> Result<Vec<StateStored>, Fault> {
    check_states(states, rvq).map_err(Fault::unfit)?;
    let mut docs = Vec::with_capacity(states.len());
    for (nth, state) in states.iter().enumerate() {
        let at = format!("{at}.states.{nth}");
        tensors.put_u32(format!("{at}.batch_counts"), &state.batch_counts);
        tensors.put_f32(format!("{at}.code_drift"), &state.code_drift);
        tensors.put_u64(format!("{at}.replaced_at"), &state.replaced_at);
        docs.push(StateStored(state.clone()));
    }
    Ok(docs)
}

/// The states that [`put_states`] has taken apart.
///
/// # Errors
/// A tensor is missing, or they are not of `rvq`.
pub(super) fn take_states(
    docs: Vec<StateStored>,
    rvq: &Rvq,
    at: &str,
    tensors: &StoredTensors,
) -> Result<Vec<LayerState>, Fault> {
    let mut states = Vec::new();
    for (nth, StateStored(mut state)) in docs.into_iter().enumerate() {
        let at = format!("{at}.states.{nth}");
        state.batch_counts = tensors.list(&format!("{at}.batch_counts"))?;
        state.code_drift = tensors.list(&format!("{at}.code_drift"))?;
        state.replaced_at = tensors.list(&format!("{at}.replaced_at"))?;
        states.push(state);
    }
    check_states(&states, rvq).map_err(Fault::damaged)?;
    Ok(states)
}

/// Checks that there is no state, or one for each layer of `rvq` with all its codes.
fn check_states(states: &[LayerState], rvq: &Rvq) -> Result<(), Message> {
    if !states.is_empty() && states.len() != rvq.num_layers() {
        return Err(msg!("err-states", states = states.len(), layers = rvq.num_layers()));
    }
    for (nth, (state, layer)) in states.iter().zip(rvq.layers()).enumerate() {
        let lens = [state.batch_counts.len(), state.code_drift.len(), state.replaced_at.len()];
        // A state that nothing was noted in yet may have no code.
        if lens != [layer.codebook.num_codes(); 3] && lens != [0; 3] {
            return Err(msg!("err-state-codes", layer = nth));
        }
    }
    Ok(())
}

/// Adds the arrays of `evaluation` under names that begin with `at`, and gives the rest.
///
/// # Errors
/// It is not of `rvq`.
pub(super) fn put_evaluation<'a>(
    evaluation: &'a Evaluation,
    rvq: &Rvq,
    at: &str,
    tensors: &mut Tensors<'a>,
) -> Result<EvaluationDoc, Fault> {
    check_evaluation(evaluation, rvq).map_err(Fault::unfit)?;
    let mut layers = Vec::with_capacity(evaluation.layers.len());
    for (nth, layer) in evaluation.layers.iter().enumerate() {
        let at = format!("{at}.layers.{nth}");
        tensors.put_u64(format!("{at}.counts"), &layer.counts);
        tensors.put_f64(format!("{at}.code_sq_error"), (&layer.code_sq_error).into());
        layers.push(TallyStored(layer.clone()));
    }
    Ok(EvaluationDoc { own: evaluation.clone(), layers })
}

/// The evaluation that [`put_evaluation`] has taken apart.
///
/// # Errors
/// A tensor is missing, or it is not of `rvq`.
pub(super) fn take_evaluation(
    doc: EvaluationDoc,
    rvq: &Rvq,
    at: &str,
    tensors: &StoredTensors,
) -> Result<Evaluation, Fault> {
    let EvaluationDoc { own: mut evaluation, layers } = doc;
    for (nth, TallyStored(mut tally)) in layers.into_iter().enumerate() {
        let at = format!("{at}.layers.{nth}");
        tally.counts = tensors.list(&format!("{at}.counts"))?;
        tally.code_sq_error = tensors.list_f64(&format!("{at}.code_sq_error"))?;
        evaluation.layers.push(tally);
    }
    check_evaluation(&evaluation, rvq).map_err(Fault::damaged)?;
    Ok(evaluation)
}

/// Checks that an evaluation has all layers and codes of `rvq`, and counts each of its frames at most once.
fn check_evaluation(evaluation: &Evaluation, rvq: &Rvq) -> Result<(), Message> {
    if evaluation.layers.len() != rvq.num_layers() {
        let (layers, own) = (evaluation.layers.len(), rvq.num_layers());
        return Err(msg!("err-figures-layers", layers = layers, own = own));
    }
    for (nth, (tally, layer)) in evaluation.layers.iter().zip(rvq.layers()).enumerate() {
        let codes = layer.codebook.num_codes();
        if tally.counts.len() != codes || tally.code_sq_error.len() != codes {
            return Err(msg!("err-figures-codes", layer = nth));
        }
        let chosen = tally.counts.iter().try_fold(0u64, |sum, &count| sum.checked_add(count));
        if chosen.is_none_or(|chosen| chosen > evaluation.frames) {
            return Err(msg!("err-figures-counts", layer = nth));
        }
    }
    Ok(())
}
