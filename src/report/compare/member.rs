//! A run of a comparison: its figures as `metrics.json` has them, the curves of its training, and what the doctor says of it.

use serde::Serialize;
use serde::ser::SerializeStruct;
use serde_json::{Map, Value};

use crate::doctor::Health;
use crate::report::Report;
use crate::report::sweep::{SweepRun, SweepState, split_key};
use crate::training::{History, Series};

/// The scalars of steps that are laid over one another: the name of their file in a report, and where they are in a history.
pub static SCALARS: [Scalar; 3] = [
    Scalar { key: "loss", series: Series::Loss },
    Scalar { key: "perplexity", series: Series::Perplexity },
    Scalar { key: "drift", series: Series::Drift },
];

/// A scalar of every step.
#[derive(Debug, Clone, Copy)]
pub struct Scalar {
    /// Its name in files.
    pub key: &'static str,
    /// Its place in a history.
    pub series: Series,
}

/// A run of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// What it is called, unlike any other run of the comparison.
    pub name: String,
    /// The file or folder that it was read from.
    pub path: String,
    /// Its data, as in `metrics.json`.
    pub source: Value,
    /// Its parameters and figures, as in `metrics.json`.
    pub figures: SweepRun,
    /// Under which key the figures of a layer stand that it is judged by.
    pub(super) view: &'static str,
    /// What the doctor found, as in `metrics.json`.
    pub diagnosis: Vec<Value>,
    /// What is to be said of each layer.
    pub verdicts: Vec<Verdict>,
    /// Of each of [`SCALARS`] its mean over the layers at every step; empty where no steps are known.
    pub curves: [Vec<[f64; 2]>; 3],
}

/// What is to be said of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The key of its health.
    pub health: String,
    /// The whole line.
    pub line: String,
}

impl Member {
    /// The run that `report` is of, with the steps of its training.
    #[must_use]
    pub fn of_report(path: String, report: &Report, history: &History) -> Self {
        let record = serde_json::to_value(report).unwrap_or_default();
        let told = |verdict: &crate::doctor::LayerVerdict| Verdict {
            health: verdict.health.key().to_owned(),
            line: verdict.line(),
        };
        let curves = SCALARS.each_ref().map(|scalar| mean_of(history, scalar.series));
        let verdicts = report.verdicts.iter().map(told).collect();
        Self::new(report.name.clone(), path, &record, verdicts, curves)
    }

    /// The run that a `metrics.json` tells of; `None` where this is none. `curves` come from elsewhere.
    #[must_use]
    pub fn of_record(name: String, path: String, record: &Value, curves: [Vec<[f64; 2]>; 3]) -> Option<Self> {
        let is_record = record.get("rvqscope").is_some_and(Value::is_string)
            && record.get("layers").is_some_and(Value::is_array)
            && record.get("totals").is_some_and(Value::is_object);
        is_record.then(|| Self::new(name, path, record, verdicts_of(record), curves))
    }

    fn new(
        name: String,
        path: String,
        record: &Value,
        verdicts: Vec<Verdict>,
        curves: [Vec<[f64; 2]>; 3],
    ) -> Self {
        let of = |key: &str| record.get(key).cloned().unwrap_or_default();
        let params = record.get("params").and_then(Value::as_object).cloned().unwrap_or_default();
        // Of a model that came without parameters only those are told that its shape gives.
        let params: Map<String, Value> = params.into_iter().filter(|(_, value)| !value.is_null()).collect();
        let figures = SweepRun {
            label: name.clone(),
            values: Vec::new(),
            seed: params.get("seed").and_then(Value::as_u64).unwrap_or(0),
            params,
            steps: record.get("steps").and_then(Value::as_u64).unwrap_or(0),
            state: SweepState::Done,
            error: None,
            model: None,
            totals: of("totals"),
            layers: of("layers"),
        };
        let view = split_key(&figures);
        let diagnosis = record.get("diagnosis").and_then(Value::as_array).cloned().unwrap_or_default();
        Self { name, path, source: of("source"), figures, view, diagnosis, verdicts, curves }
    }

    /// Its layers, as in `metrics.json`.
    #[must_use]
    pub fn layers(&self) -> &[Value] {
        self.figures.layers.as_array().map_or(&[], Vec::as_slice)
    }

    /// A figure of a layer over the frames to judge by; where no run of the comparison has any, by what its codebook tells.
    #[must_use]
    pub fn figure(&self, layer: usize, key: &str) -> Option<f64> {
        self.layers().get(layer)?.get(self.view)?.get(key)?.as_f64()
    }

    /// The frames that it is judged by; `None` for a model alone.
    #[must_use]
    pub fn frames(&self) -> Option<u64> {
        self.layers().first()?.get(split_key(&self.figures))?.get("frames")?.as_u64()
    }

    /// Which frames these are: of two runs that say the same here, they are the same as far as can be told.
    pub(super) fn judged_by(&self) -> Option<String> {
        let paths = self.source.get("paths").cloned().unwrap_or_default();
        Some(format!("{} {} {paths}", self.frames()?, self.split_words()))
    }

    /// What its frames are: held out, trained on, or frames that it was never trained on.
    #[must_use]
    pub fn split_words(&self) -> &'static str {
        let is_trained = self.source.get("train_frames").and_then(Value::as_u64).unwrap_or(0) > 0;
        match (split_key(&self.figures), is_trained) {
            (_, false) => "frames",
            ("held_out", true) => "held-out frames",
            (_, true) => "train frames",
        }
    }
}

impl Serialize for Member {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { name, path, source, figures, view: _, diagnosis, verdicts, curves: _ } = self;
        let mut fields = serializer.serialize_struct("Member", 9)?;
        fields.serialize_field("name", name)?;
        fields.serialize_field("path", path)?;
        fields.serialize_field("source", source)?;
        fields.serialize_field("params", &figures.params)?;
        fields.serialize_field("steps", &figures.steps)?;
        fields.serialize_field("layers", &figures.layers)?;
        fields.serialize_field("totals", &figures.totals)?;
        fields.serialize_field("diagnosis", diagnosis)?;
        fields.serialize_field("verdicts", verdicts)?;
        fields.end()
    }
}

/// The key of what codebooks tell without frames.
const EMA: &str = "ema";

/// Has runs of which none was held against frames judged by what their codebooks tell.
pub(super) fn choose_view(runs: &mut [Member]) {
    if runs.iter().all(|run| run.frames().is_none()) {
        runs.iter_mut().for_each(|run| run.view = EMA);
    }
}

/// Makes the names differ: runs of one name are called by their paths, and by their place where these are the same too.
pub(super) fn tell_apart(runs: &mut [Member]) {
    let names: Vec<String> = runs.iter().map(|run| run.name.clone()).collect();
    for run in runs.iter_mut() {
        if names.iter().filter(|name| **name == run.name).count() > 1 {
            run.name.clone_from(&run.path);
        }
    }
    let names: Vec<String> = runs.iter().map(|run| run.name.clone()).collect();
    for (place, run) in runs.iter_mut().enumerate() {
        let before = names.iter().take(place).filter(|name| **name == run.name).count();
        if before > 0 {
            run.name = format!("{} ({})", run.name, before + 1);
        }
    }
}

/// The mean over the layers of a scalar at every step; a step at which no layer has it is left out.
fn mean_of(history: &History, series: Series) -> Vec<[f64; 2]> {
    let layers: Vec<&[f64]> = (0..history.num_layers()).map(|layer| history.series(layer, series)).collect();
    let at = |(place, &step): (usize, &u64)| {
        let values: Vec<f64> =
            layers.iter().filter_map(|layer| layer.get(place).copied()).filter(|v| v.is_finite()).collect();
        (!values.is_empty()).then(|| [step as f64, values.iter().sum::<f64>() / values.len() as f64])
    };
    history.steps().iter().enumerate().filter_map(at).collect()
}

/// What the findings of a `metrics.json` say of each layer: the worst that is more than worth knowing.
fn verdicts_of(record: &Value) -> Vec<Verdict> {
    let list = |key: &str| record.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let findings = list("diagnosis");
    let judge = |layer: usize| {
        let is_of = |finding: &&Value| {
            let layers = finding.get("layers").and_then(Value::as_array);
            let is_here =
                layers.is_some_and(|layers| layers.iter().any(|l| l.as_u64() == Some(layer as u64)));
            is_here && finding.get("severity").and_then(Value::as_str) != Some("note")
        };
        let number = layer + 1;
        let Some(worst) = findings.iter().find(is_of) else {
            return Verdict {
                health: Health::Healthy.key().to_owned(),
                line: format!("Layer {number}: nothing stands out"),
            };
        };
        let is_severe = worst.get("severity").and_then(Value::as_str) == Some("severe");
        let health = if is_severe { Health::Unhealthy } else { Health::Watch };
        let text = worst.get("text").and_then(Value::as_str).unwrap_or_default();
        let text = text.strip_prefix(&format!("Layer {number}: ")).unwrap_or(text);
        let remedy = worst.get("remedy").and_then(Value::as_str).unwrap_or("Look at the finding");
        Verdict {
            health: health.key().to_owned(),
            line: format!("Layer {number}: {}, {text}. {remedy}", health.label()),
        }
    };
    (0..list("layers").len()).map(judge).collect()
}
