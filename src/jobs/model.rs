//! Writing a model with what is known of how it was made.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::io::{self, EmaParams, LoadedModel, ModelTarget};
use crate::rvq::{Rvq, RvqParams, rules};
use crate::text::{Message, msg, t};
use crate::training::{Run, params_json};

use super::{JobCtx, JobError, JobEvent};

/// The usual ending of a model file.
pub const MODEL_EXTENSION: &str = "safetensors";

/// A model to be written.
#[derive(Debug, Clone)]
pub struct SaveSpec {
    /// The quantizer.
    pub run: Arc<Run>,
    /// Where to.
    pub path: PathBuf,
}

/// A model to be written in another format.
#[derive(Debug, Clone)]
pub struct ConvertSpec {
    /// The quantizer and where it comes from.
    pub model: LoadedModel,
    /// What the file is to be like.
    pub target: ModelTarget,
    /// Where to; the ending names the container.
    pub path: PathBuf,
}

/// A quantizer to be put into a copy of the checkpoint that it came from.
#[derive(Debug, Clone)]
pub struct WriteBackSpec {
    /// The quantizer.
    pub rvq: Arc<Rvq>,
    /// The checkpoint.
    pub original: PathBuf,
    /// Which quantizer of the checkpoint is meant where it holds several: what stands in front of its tensor names.
    pub quantizer: Option<String>,
    /// What is said of the checkpoint where it does not say it itself.
    pub options: io::ModelOptions,
    /// The copy; it may be the same file.
    pub path: PathBuf,
    /// What the trainer that goes on from the copy does.
    pub ema: EmaParams,
}

/// Writes the quantizer in the EnCodec layout and in the container that the path's ending names; what it cannot hold is told as notices.
///
/// # Errors
/// The file cannot be written; what was there stays.
pub fn save_model(spec: &SaveSpec, ctx: &JobCtx<'_>) -> Result<PathBuf, JobError> {
    let SaveSpec { run, path } = spec;
    let findings = io::write_model_as(path, &run.rvq, None, &metadata(run), &ModelTarget::default())?;
    tell(ctx, findings);
    Ok(path.clone())
}

/// Writes a model that was read in another container, family or type; what the target cannot hold is told as notices.
///
/// # Errors
/// The target cannot hold the quantizer at all, or the file cannot be written; what was there stays.
pub fn convert(spec: &ConvertSpec, ctx: &JobCtx<'_>) -> Result<PathBuf, JobError> {
    let ConvertSpec { model: LoadedModel { rvq, info }, target, path } = spec;
    tell(ctx, io::write_model_as(path, rvq, Some(info), &info.metadata, target)?);
    Ok(path.clone())
}

/// Writes the quantizer into a copy of a checkpoint, and tells as notices what was overwritten.
///
/// # Errors
/// The checkpoint's quantizer is of another shape or cannot be overwritten, or the file cannot be written; what was there stays.
pub fn write_back(spec: &WriteBackSpec, ctx: &JobCtx<'_>) -> Result<PathBuf, JobError> {
    let WriteBackSpec { rvq, original, quantizer, options, path, ema } = spec;
    let at = (quantizer.as_deref(), options);
    let written = ctx.compute(|task| io::write_back_as(original, path, at, rvq, ema, task))??;
    let (layers, tensors) = (written.layers.len(), written.tensors.len());
    tell(ctx, written.findings);
    let (of, path_of) = (rvq.num_layers(), original.display().to_string());
    let words = msg!("job-written-back", layers = layers, of = of, tensors = tensors, path = path_of);
    (ctx.emit)(JobEvent::Notice(words));
    Ok(path.clone())
}

fn tell(ctx: &JobCtx<'_>, notices: Vec<Message>) {
    for notice in notices {
        (ctx.emit)(JobEvent::Notice(notice));
    }
}

/// What the trainer that `run` was trained like does with its EMA state: the run's own parameters where its rule is a trainer's, else what
/// trainers usually do.
#[must_use]
pub fn ema_params(run: &Run) -> EmaParams {
    let RvqParams { decay, epsilon, threshold_ema_dead_code, .. } = run.params;
    if run.params_known && run.params.rule != rules::DEFAULT.id() {
        EmaParams { decay, epsilon, threshold: Some(threshold_ema_dead_code) }
    } else {
        EmaParams::default()
    }
}

/// What a model file says of its making: version, steps, parameters with the seed, live edits, calibration, looks at held-out frames and source, each as JSON.
#[must_use]
pub fn metadata(run: &Run) -> BTreeMap<String, String> {
    let json = |value: serde_json::Value| value.to_string();
    let mut map = BTreeMap::new();
    map.insert("rvqscope.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    map.insert("rvqscope.steps".to_owned(), run.steps.to_string());
    if run.params_known {
        map.insert("rvqscope.params".to_owned(), json(params_json(&run.params).into()));
    }
    if let Ok(edits) = serde_json::to_value(&run.live_edits) {
        map.insert("rvqscope.live_edits".to_owned(), json(edits));
    }
    if !run.row_scales.is_empty() {
        map.insert("rvqscope.row_scales".to_owned(), json(run.row_scales.clone().into()));
    }
    if let Some(course) = run.course.and_then(|course| serde_json::to_value(course).ok()) {
        map.insert("rvqscope.course".to_owned(), json(course));
    }
    if let Ok(source) = serde_json::to_value(&run.source) {
        map.insert("rvqscope.source".to_owned(), json(source));
    }
    map
}

/// The parameters and the number of steps that a model file tells of.
#[must_use]
pub fn recorded(model: &LoadedModel) -> (Option<RvqParams>, u64) {
    model.info.recorded()
}

/// How a model was trained, as its file tells, in the language of this thread: "6 steps under the rule encodec, seed 0".
#[must_use]
pub fn trained_words(params: Option<&RvqParams>, steps: u64) -> Option<String> {
    match params {
        Some(RvqParams { rule, seed, .. }) => {
            Some(t!("model-trained-under", steps = steps, rule = *rule, seed = seed.to_string()))
        }
        None => (steps > 0).then(|| t!("model-trained", steps = steps)),
    }
}
