//! Writing a model with what is known of how it was made.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::io::{self, LoadedModel};
use crate::rvq::RvqParams;
use crate::training::{Run, params_from_json, params_json};

use super::JobError;

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

/// Writes the quantizer in the EnCodec layout.
///
/// # Errors
/// The file cannot be written; what was there stays.
pub fn save_model(spec: &SaveSpec) -> Result<PathBuf, JobError> {
    io::write_model(&spec.path, &spec.run.rvq, &metadata(&spec.run))?;
    Ok(spec.path.clone())
}

/// What a model file says of its making: version, steps, parameters with the seed, live edits and source, each as JSON.
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
    if let Ok(source) = serde_json::to_value(&run.source) {
        map.insert("rvqscope.source".to_owned(), json(source));
    }
    map
}

/// The parameters and the number of steps that a model file tells of.
#[must_use]
pub fn recorded(model: &LoadedModel) -> (Option<RvqParams>, u64) {
    let of = |key: &str| model.info.metadata.get(key);
    let params = of("rvqscope.params").and_then(|text| serde_json::from_str(text).ok());
    let steps = of("rvqscope.steps").and_then(|text| text.parse().ok()).unwrap_or(0);
    (params.as_ref().and_then(params_from_json), steps)
}
