//! A training as it stands, or a loaded model held against data: what panels, reports and files are made of.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::metrics::{Evaluation, LayerMetrics, TotalMetrics, layer_metrics, total_metrics};
use crate::param::ParamValue;
use crate::rvq::rules::{self, UpdateRule};
use crate::rvq::{Rvq, RvqParams};

use super::LayerState;

/// Where frames came from and how they were divided.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SourceInfo {
    /// The files, or the name of a built-in source.
    pub paths: Vec<String>,
    /// Frames in all.
    pub frames: usize,
    /// Dimensions of a frame; 0 where only its codes are known.
    pub dim: usize,
    /// Frames a second, where known.
    pub frame_rate_hz: Option<f64>,
    /// Frames that are trained on.
    pub train_frames: usize,
    /// Frames that are held out.
    pub held_out_frames: usize,
    /// The share of the frames that was to be held out, by which they can be divided in the same way again.
    #[serde(skip)]
    pub holdout: f64,
}

/// A parameter that was changed while training ran.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveEdit {
    /// The first step that it held for.
    pub step: u64,
    /// The parameter's key.
    pub key: &'static str,
    /// Its value before.
    pub from: serde_json::Value,
    /// Its value from then on.
    pub to: serde_json::Value,
}

/// A quantizer together with what is known of how it came about and how it does.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// What it is called: the rule and the time of its start, or the model's file.
    pub name: String,
    /// The data.
    pub source: SourceInfo,
    /// The parameters, as they are at this step; for a loaded model those its file holds, or else the lineage's defaults.
    pub params: RvqParams,
    /// Whether `params` are known to be those it was made with.
    pub params_known: bool,
    /// What was changed on the way.
    pub live_edits: Vec<LiveEdit>,
    /// Steps taken.
    pub steps: u64,
    /// The quantizer.
    pub rvq: Arc<Rvq>,
    /// What each layer remembers of its training; empty for a loaded model.
    pub states: Vec<LayerState>,
    /// The frames it was trained on, quantized.
    pub train: Option<Arc<Evaluation>>,
    /// The held-out frames, quantized.
    pub held_out: Option<Arc<Evaluation>>,
    /// The step at which they were quantized.
    pub evaluated_at: u64,
}

/// Which frames a figure is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum SplitKind {
    /// Those that are trained on.
    Train,
    /// Those that are held out.
    #[default]
    HeldOut,
}

impl SplitKind {
    /// Its name in the window.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::HeldOut => "held-out",
        }
    }
}

impl Run {
    /// The rule it was trained under.
    #[must_use]
    pub fn rule(&self) -> &'static dyn UpdateRule {
        rules::rule(self.params.rule)
    }

    /// The evaluation of one set of frames.
    #[must_use]
    pub fn evaluation(&self, split: SplitKind) -> Option<&Arc<Evaluation>> {
        match split {
            SplitKind::Train => self.train.as_ref(),
            SplitKind::HeldOut => self.held_out.as_ref(),
        }
    }

    /// What to judge by: the held-out frames where there are any, else those trained on.
    #[must_use]
    pub fn best_evaluation(&self) -> Option<(SplitKind, &Arc<Evaluation>)> {
        let held_out = self.held_out.as_ref().map(|e| (SplitKind::HeldOut, e));
        held_out.or_else(|| self.train.as_ref().map(|e| (SplitKind::Train, e)))
    }

    /// The cluster size, in frames, below which a code of layer `layer_idx` counts as dead.
    #[must_use]
    pub fn threshold_frames(&self, layer_idx: usize) -> f64 {
        if let Some(state) = self.states.get(layer_idx)
            && state.init_step.is_some()
        {
            return state.threshold_frames;
        }
        let batch_len = self.params.batch_size.min(self.source.train_frames.max(1));
        self.rvq.layers().get(layer_idx).map_or(0.0, |layer| {
            self.rule().threshold_frames(&self.params, batch_len, layer.codebook.cluster_size())
        })
    }

    /// How many codes of each layer lie below the threshold.
    #[must_use]
    pub fn dead_by_threshold(&self) -> Vec<Option<usize>> {
        let count = |(layer_idx, layer): (usize, &crate::rvq::Layer)| {
            let threshold = self.threshold_frames(layer_idx);
            Some(layer.codebook.cluster_size().iter().filter(|&&size| size < threshold).count())
        };
        self.rvq.layers().iter().enumerate().map(count).collect()
    }

    /// The figures of each layer over one set of frames; empty before it was evaluated.
    #[must_use]
    pub fn layer_metrics(&self, split: SplitKind) -> Vec<LayerMetrics> {
        let corpus: Vec<&Evaluation> =
            [&self.train, &self.held_out].into_iter().flatten().map(Arc::as_ref).collect();
        self.evaluation(split).map_or_else(Vec::new, |e| layer_metrics(e, &self.dead_by_threshold(), &corpus))
    }

    /// The figures of all layers together over one set of frames.
    #[must_use]
    pub fn total_metrics(&self, split: SplitKind) -> Option<TotalMetrics> {
        self.evaluation(split).map(|e| total_metrics(e, self.source.frame_rate_hz))
    }
}

impl LiveEdit {
    /// What differs between two sets of parameters, as edits that hold from `step` on.
    #[must_use]
    pub fn between(step: u64, before: &RvqParams, after: &RvqParams) -> Vec<Self> {
        let rule = rules::rule(before.rule);
        let json = |value: ParamValue| value.to_json();
        rule.params()
            .iter()
            .filter(|spec| (spec.read)(before) != (spec.read)(after))
            .map(|spec| Self {
                step,
                key: spec.key,
                from: json((spec.read)(before)),
                to: json((spec.read)(after)),
            })
            .collect()
    }
}

/// Every parameter that the rule reads, by key, with the rule itself.
#[must_use]
pub fn params_json(params: &RvqParams) -> serde_json::Map<String, serde_json::Value> {
    let mut map = serde_json::Map::new();
    map.insert("rule".to_owned(), params.rule.into());
    for spec in rules::rule(params.rule).params() {
        map.insert(spec.key.to_owned(), (spec.read)(params).to_json());
    }
    map
}

/// Parameters read back from what [`params_json`] wrote; keys that are missing or do not fit keep the rule's defaults.
#[must_use]
pub fn params_from_json(map: &serde_json::Map<String, serde_json::Value>) -> Option<RvqParams> {
    let rule = rules::find(map.get("rule")?.as_str()?)?;
    let mut params = rule.defaults();
    for spec in rule.params() {
        let text = match map.get(spec.key) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => continue,
        };
        if let Ok(value) = spec.parse(&text) {
            (spec.write)(&mut params, value);
        }
    }
    Some(params)
}
