//! What is told of a model beside its quantizer.

use std::collections::BTreeMap;

use crate::rvq::ema_state::RowFormula;
use crate::rvq::{Rvq, RvqParams};
use crate::text::Message;
use crate::training::params_from_json;

/// What a model file tells of its quantizer, as `inspect` shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ModelInfo {
    /// The family whose tensor names it has.
    pub family: String,
    /// What stands in front of its tensor names.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// `euclidean`, `cosine`, or `cosine-raw` where the angle decides but rows are used at full length.
    pub metric: String,
    /// Its layers, the first first.
    pub layers: Vec<LayerInfo>,
    /// Its chains of layers; empty where all layers work one behind the other on the frames as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chains: Vec<ChainInfo>,
    /// What the file tells of its training and its configuration.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub training: BTreeMap<String, String>,
    /// What is worth knowing before it is used, a sentence each.
    #[serde(with = "super::findings::in_files")]
    pub findings: Vec<Message>,
    /// The file's free-form notes.
    #[serde(skip)]
    pub metadata: BTreeMap<String, String>,
    /// How trainers make rows of the EMA state in the file; `None` where it holds no whole one.
    #[serde(skip)]
    pub row_formula: Option<RowFormula>,
}

/// One layer as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LayerInfo {
    /// `K`.
    pub codes: usize,
    /// The dimension of the rows.
    pub dim: usize,
    /// The type of the stored rows.
    pub dtype: String,
    /// The tensors stored beside the rows.
    pub buffers: Vec<String>,
    /// Frames in a row that share one code, where it is more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
}

/// One chain of layers.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ChainInfo {
    /// How many layers it has.
    pub layers: usize,
    /// The first of the frames' columns that it sees, and the one behind the last.
    pub columns: [usize; 2],
    /// The dimension that its layers work in.
    pub inner_dim: usize,
    /// Whether there is a projection around its layers.
    pub projected: bool,
}

/// Notes longer than this are not a setting.
const MAX_NOTE_CHARS: usize = 200;

/// Notes beyond these are not shown.
const MAX_NOTES: usize = 64;

impl ModelInfo {
    /// What is told of `rvq`, found as `family` at `place`.
    pub(super) fn new(
        family: &str,
        place: &str,
        rvq: &Rvq,
        mut layers: Vec<LayerInfo>,
        findings: Vec<Message>,
        metadata: &BTreeMap<String, String>,
    ) -> Self {
        for (info, layer) in layers.iter_mut().zip(rvq.layers()) {
            info.stride = (layer.stride > 1).then_some(layer.stride);
        }
        Self {
            family: family.to_owned(),
            place: place.to_owned(),
            metric: super::metric_name(rvq.metric()).to_owned(),
            layers,
            chains: chains(rvq),
            training: training(metadata),
            findings,
            metadata: metadata.clone(),
            row_formula: None,
        }
    }

    /// [`Self::findings`] in English, for reports and scripts.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.findings.iter().map(Message::english).collect()
    }

    /// The parameters and the number of steps that a file of this program tells of.
    #[must_use]
    pub fn recorded(&self) -> (Option<RvqParams>, u64) {
        let params = self.metadata.get("rvqscope.params").and_then(|text| serde_json::from_str(text).ok());
        let steps = self.metadata.get("rvqscope.steps").and_then(|text| text.parse().ok()).unwrap_or(0);
        (params.as_ref().and_then(params_from_json), steps)
    }
}

fn chains(rvq: &Rvq) -> Vec<ChainInfo> {
    if rvq.is_one_chain() {
        return Vec::new();
    }
    let info = |chain: &crate::rvq::Chain| ChainInfo {
        layers: chain.layers().len(),
        columns: [chain.columns().start, chain.columns().end],
        inner_dim: chain.inner_dim(),
        projected: chain.projection().is_some(),
    };
    rvq.chains().iter().map(info).collect()
}

/// Steps, rates and settings among the notes: those that are short and not this program's own, which are read elsewhere.
fn training(metadata: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let is_shown = |key: &str, text: &str| {
        !key.starts_with("rvqscope.")
            && key != "format"
            && text.chars().take(MAX_NOTE_CHARS + 1).count() <= MAX_NOTE_CHARS
    };
    let shown = metadata.iter().filter(|(key, text)| is_shown(key, text)).take(MAX_NOTES);
    shown.map(|(key, text)| (key.clone(), text.clone())).collect()
}
