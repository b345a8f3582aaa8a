//! A training as it stands, or a loaded model held against data: what panels, reports and files are made of.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::metrics::buffers::{self, CodebookView, EmaMetrics, EmaSetting};
use crate::metrics::{Evaluation, LayerMetrics, TotalMetrics, layer_metrics, total_metrics};
use crate::param::ParamValue;
use crate::rvq::rules::{self, UpdateRule};
use crate::rvq::{Rvq, RvqParams};
use crate::text::{Message, msg, t};

use super::course::CourseSummary;
use super::run_figures::{FiguresOf, RunFigures, SplitFigures};
use super::{CodeTrace, LayerState};

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
    /// The share of the frames that was to be held out, by which they can be divided in the same way again; nothing is looked at of it where a
    /// model was trained on none of the frames, so that all of them are held out.
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
    /// By which factors the rows of its layers were multiplied behind the last step; empty where they were not.
    pub row_scales: Vec<f64>,
    /// What the looks at held-out frames amount to; `None` where training took none.
    pub course: Option<CourseSummary>,
    /// What each layer remembers of its training; empty for a loaded model.
    pub states: Vec<LayerState>,
    /// What every code was at some of its steps; `None` for a loaded model, and where there are too many codes.
    pub trace: Option<Arc<CodeTrace>>,
    /// The frames it was trained on, quantized.
    pub train: Option<Arc<Evaluation>>,
    /// The held-out frames, quantized.
    pub held_out: Option<Arc<Evaluation>>,
    /// The step at which they were quantized.
    pub evaluated_at: u64,
    /// What was worked out of it so far.
    pub figures: RunFigures,
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

impl SourceInfo {
    /// What the frames of a split are called: of a model that was trained on none of them, all of them are looked at.
    #[must_use]
    pub fn split_label(&self, split: SplitKind) -> &'static str {
        if self.train_frames == 0 { t!("training-split-all") } else { split.label() }
    }

    /// So many frames of a split, in words: "2702 held-out frames", or "1560 frames" of a model that was trained on none of them.
    #[must_use]
    pub fn frames_words(&self, split: SplitKind, frames: u64) -> Message {
        match split {
            _ if self.train_frames == 0 => msg!("training-frames", frames = frames),
            SplitKind::Train => msg!("training-frames-train", frames = frames),
            SplitKind::HeldOut => msg!("training-frames-held-out", frames = frames),
        }
    }
}

impl SplitKind {
    /// Its name where a run was trained on some of the frames; see [`Run::split_label`].
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Train => t!("training-split-train"),
            Self::HeldOut => t!("training-split-held-out"),
        }
    }
}

impl Run {
    /// How its rows were calibrated, in words: "rows of each layer at 1, 1.21, 1.33 times their trained length"; `None` where they were not.
    #[must_use]
    pub fn calibration(&self) -> Option<Message> {
        let each: Vec<String> =
            self.row_scales.iter().map(|scale| ((scale * 100.0).round() / 100.0).to_string()).collect();
        (!each.is_empty()).then(|| msg!("training-calibration", factors = each.join(", ")))
    }

    /// What there is to say of its looks at held-out frames, in a sentence: that nothing was gained for long, or that an earlier state is kept.
    #[must_use]
    pub fn course_words(&self) -> Option<Message> {
        self.course.and_then(|course| course.words(self.params.patience, self.steps))
    }

    /// Whether its training took its last step, or ended before it of its own accord.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.steps >= self.params.steps || self.course.is_some_and(|course| course.ended_early)
    }

    /// The rule it was trained under.
    #[must_use]
    pub fn rule(&self) -> &'static dyn UpdateRule {
        rules::rule(self.params.rule)
    }

    /// A loaded model before it meets any frame: `params` are those of its file, where it holds them.
    #[must_use]
    pub fn of_model(name: String, rvq: Arc<Rvq>, params: Option<RvqParams>, steps: u64) -> Self {
        Self {
            name,
            source: SourceInfo { dim: rvq.dim(), ..SourceInfo::default() },
            params: params.unwrap_or_else(|| params_like(&rvq)),
            params_known: params.is_some(),
            live_edits: Vec::new(),
            steps,
            rvq,
            row_scales: Vec::new(),
            course: None,
            states: Vec::new(),
            trace: None,
            train: None,
            held_out: None,
            evaluated_at: steps,
            figures: RunFigures::default(),
        }
    }

    /// What the frames of a split are called.
    #[must_use]
    pub fn split_label(&self, split: SplitKind) -> &'static str {
        self.source.split_label(split)
    }

    /// So many frames of a split, in words.
    #[must_use]
    pub fn frames_words(&self, split: SplitKind, frames: u64) -> Message {
        self.source.frames_words(split, frames)
    }

    /// The evaluation of one set of frames.
    #[must_use]
    pub fn evaluation(&self, split: SplitKind) -> Option<&Arc<Evaluation>> {
        match split {
            SplitKind::Train => self.train.as_ref(),
            SplitKind::HeldOut => self.held_out.as_ref(),
        }
    }

    /// The place of the evaluation of one set of frames.
    pub fn evaluation_mut(&mut self, split: SplitKind) -> &mut Option<Arc<Evaluation>> {
        match split {
            SplitKind::Train => &mut self.train,
            SplitKind::HeldOut => &mut self.held_out,
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

    /// How the averages of layer `layer_idx` are to be read.
    #[must_use]
    pub fn ema_setting(&self, layer_idx: usize) -> EmaSetting {
        EmaSetting {
            threshold_frames: self.threshold_frames(layer_idx),
            decay: self.params.decay,
            epsilon: self.params.epsilon,
        }
    }

    /// What the codebook of layer `layer_idx` tells without any frame. It is worked out anew at each call; see [`CodebookView::is_quick`].
    #[must_use]
    pub fn codebook_view(&self, layer_idx: usize) -> Option<CodebookView> {
        let layer = self.rvq.layers().get(layer_idx)?;
        Some(CodebookView::of(&layer.codebook, self.ema_setting(layer_idx)))
    }

    /// The cheap figures of every layer's EMA state: all but those that compare its rows.
    #[must_use]
    pub fn ema_metrics(&self) -> Vec<EmaMetrics> {
        let of = |(layer_idx, layer): (usize, &crate::rvq::Layer)| {
            buffers::ema_metrics(&layer.codebook, self.ema_setting(layer_idx))
        };
        self.rvq.layers().iter().enumerate().map(of).collect()
    }

    /// How many codes of each layer lie below the threshold; `None` for a layer without an EMA state.
    #[must_use]
    pub fn dead_by_threshold(&self) -> Vec<Option<usize>> {
        self.ema_metrics().into_iter().map(|layer| layer.dead_threshold).collect()
    }

    /// The figures of one set of frames. They are worked out by whoever asks first: a job that publishes a run asks, so that the window need not.
    #[must_use]
    pub fn figures(&self, split: SplitKind) -> Arc<SplitFigures> {
        let Self { rvq, train, held_out, params, steps, figures, .. } = self;
        let evaluations = [train.clone(), held_out.clone()];
        let of = FiguresOf { rvq: rvq.clone(), evaluations, params: *params, steps: *steps };
        let [train, held_out] = figures.get(of, || self.work_out().map(Arc::new));
        match split {
            SplitKind::Train => train,
            SplitKind::HeldOut => held_out,
        }
    }

    /// The figures of each layer over one set of frames; empty before it was evaluated.
    #[must_use]
    pub fn layer_metrics(&self, split: SplitKind) -> Vec<LayerMetrics> {
        self.figures(split).layers.clone()
    }

    /// The figures of all layers together over one set of frames.
    #[must_use]
    pub fn total_metrics(&self, split: SplitKind) -> Option<TotalMetrics> {
        self.figures(split).total.clone()
    }

    /// The figures of the frames trained on and of those held out.
    fn work_out(&self) -> [SplitFigures; 2] {
        let evaluations = [self.train.as_deref(), self.held_out.as_deref()];
        let corpus: Vec<&Evaluation> = evaluations.into_iter().flatten().collect();
        let dead = if corpus.is_empty() { Vec::new() } else { self.dead_by_threshold() };
        let of = |evaluation: &Evaluation| SplitFigures {
            layers: layer_metrics(evaluation, &dead, &corpus),
            total: Some(total_metrics(evaluation, self.source.frame_rate_hz)),
        };
        evaluations.map(|evaluation| evaluation.map(of).unwrap_or_default())
    }
}

/// The lineage's parameters in the shape of a quantizer that came without any.
fn params_like(rvq: &Rvq) -> RvqParams {
    let codebook_size = rvq.layers().first().map_or(1, |layer| layer.codebook.num_codes());
    RvqParams {
        num_layers: rvq.num_layers(),
        codebook_size,
        metric: rvq.metric(),
        ..RvqParams::lineage("gpt-sovits")
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
