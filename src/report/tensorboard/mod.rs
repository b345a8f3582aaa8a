//! A run as TensorBoard shows it: the scalars of every step, histograms of how codes are used, held-out figures, and the parameters.
//!
//! The crate that writes such files, tensorboard-rs, rests since 2022 and brings some 87 000 lines of others for what are a few hundred here: a
//! frame around each event (`record`), and seven kinds of messages (`values`).

mod file;
mod message;
mod record;
mod values;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::io::FileError;
use crate::metrics::Histogram;
use crate::training::{LayerStep, Run, Series, SplitKind, StepRecord};

use file::{EventFile, now};
use message::Message;

/// The least time between two looks at a run while it trains,
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// and the share of the time since its beginning that it is at least, so that a long training does not fill the disk.
const LOOK_SHARE: u32 = 100;

/// The events of one run in a folder of its own, which TensorBoard can follow while they are written.
///
/// Whoever tells of a step does not wait for the disk: a thread writes what has come twice a second.
#[derive(Debug)]
pub struct EventLog {
    file: EventFile,
    looks: Mutex<Looks>,
}

/// When the run was looked at.
#[derive(Debug)]
struct Looks {
    began: Instant,
    last: Option<Instant>,
    /// The step of the held-out figures that were told last.
    evaluated_at: Option<u64>,
}

/// A step of a layer with every figure that there is of it.
#[derive(Serialize)]
struct WholeStep<'a> {
    #[serde(flatten)]
    step: &'a LayerStep,
    drift_all: f64,
}

impl EventLog {
    /// A new log in `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// The folder holds the events of another run already, or nothing can be written there.
    pub fn create(folder: &Path) -> Result<Self, FileError> {
        let looks = Looks { began: Instant::now(), last: None, evaluated_at: None };
        Ok(Self { file: EventFile::create(folder)?, looks: Mutex::new(looks) })
    }

    /// Takes the logs of earlier runs out of `folder`, for a run that takes the place of one that was broken off. Files of other programs stay.
    ///
    /// # Errors
    /// One cannot be removed.
    pub fn remove_earlier(folder: &Path) -> Result<(), FileError> {
        file::remove_event_files(folder)
    }

    /// Tells what the run is called and how it trains: as a text, and as a row in the table of all runs.
    pub fn begin(&self, name: &str, params: &Map<String, Value>) {
        let mut table = format!("**{name}**\n\n| parameter | value |\n|---|---|\n");
        for (key, value) in params {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            table.push_str(&format!("| `{key}` | {value} |\n"));
        }
        let charts =
            Series::ALL.iter().map(|series| (series.key(), format!(r"^layer_\d+/{}$", series.key())));
        let charts = values::charts("layers over one another", charts);
        self.file.push(0, &[values::text("parameters", &table), values::begins(name, params, now()), charts]);
    }

    /// Tells the scalars of a step: `layer_01/mse` and so on.
    pub fn step(&self, record: &StepRecord) {
        let mut out = Vec::new();
        for (layer_idx, step) in record.layers.iter().enumerate() {
            let whole = WholeStep { step, drift_all: step.drift_all };
            push_figures(&format!("layer_{:02}/", layer_idx + 1), &whole, &mut out);
        }
        self.file.push(record.step, &out);
    }

    /// Looks at a run that is being trained, where the last look is long enough ago: histograms, and held-out figures where there are new ones.
    pub fn look(&self, run: &Run) {
        // What it is at its end is told by `state`, of all frames and once.
        if run.is_over() {
            return;
        }
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = LOOK_EVERY.max(looks.began.elapsed() / LOOK_SHARE);
        if looks.last.is_some_and(|last| last.elapsed() < wait) {
            return;
        }
        looks.last = Some(Instant::now());
        self.file.push(run.steps, &histograms(run));
        if looks.evaluated_at != Some(run.evaluated_at) && run.best_evaluation().is_some() {
            looks.evaluated_at = Some(run.evaluated_at);
            self.file.push(run.evaluated_at, &figures(run));
        }
    }

    /// Tells all that there is to tell of a run as it stands at `step`: a training at its end, or a checkpoint that somebody else has written.
    pub fn state(&self, step: u64, run: &Run) {
        self.file.push(step, &[histograms(run), figures(run)].concat());
    }

    /// Adds scalars of the caller's own at `step`; those that are not finite are left out.
    pub fn scalars<'a>(&self, step: u64, scalars: impl IntoIterator<Item = (&'a str, f64)>) {
        let finite = scalars.into_iter().filter(|(_, value)| value.is_finite());
        let values: Vec<Message> = finite.map(|(tag, value)| values::scalar(tag, value)).collect();
        self.file.push(step, &values);
    }

    /// Adds histograms of the caller's own at `step`.
    pub fn histograms<'a>(&self, step: u64, histograms: impl IntoIterator<Item = (&'a str, &'a Histogram)>) {
        let values: Vec<Message> =
            histograms.into_iter().map(|(tag, histogram)| values::histogram(tag, histogram)).collect();
        self.file.push(step, &values);
    }

    /// Says that the run has ended as it should, and writes what is left. A log that is dropped instead keeps what it was told.
    ///
    /// # Errors
    /// Something could not be written, now or earlier.
    pub fn finish(self) -> Result<(), FileError> {
        self.file.push(0, &[values::ends(now())]);
        self.file.finish()
    }
}

/// How each layer's codes are used: by the averages of the rule, by the last batch, and by the frames that were quantized.
fn histograms(run: &Run) -> Vec<Message> {
    let mut out = Vec::new();
    let mut push = |layer_idx: usize, name: &str, sizes: &mut dyn Iterator<Item = f64>| {
        out.push(values::histogram(&format!("layer_{:02}/{name}", layer_idx + 1), &Histogram::of(sizes)));
    };
    for (layer_idx, layer) in run.rvq.layers().iter().enumerate() {
        // A codebook without averages has zeros in their place.
        let sizes = layer.codebook.cluster_size();
        if sizes.iter().any(|&size| size != 0.0) {
            push(layer_idx, "ema_cluster_size", &mut sizes.iter().copied());
        }
    }
    for (layer_idx, state) in run.states.iter().enumerate().filter(|(_, state)| state.init_step.is_some()) {
        push(layer_idx, "batch_counts", &mut state.batch_counts.iter().map(|&count| f64::from(count)));
    }
    if let Some((_, evaluation)) = run.best_evaluation() {
        for (layer_idx, layer) in evaluation.layers.iter().enumerate() {
            push(layer_idx, "counts", &mut layer.counts.iter().map(|&count| count as f64));
        }
    }
    out
}

/// The figures of a run over the frames that were quantized, and those of its codebooks alone, under the keys of `metrics.json`.
fn figures(run: &Run) -> Vec<Message> {
    let mut out = Vec::new();
    for (split, name) in [(SplitKind::HeldOut, "held_out"), (SplitKind::Train, "train")] {
        let figures = run.figures(split);
        if let Some(total) = &figures.total {
            push_figures(&format!("{name}/"), total, &mut out);
        }
        for (layer_idx, layer) in figures.layers.iter().enumerate() {
            push_figures(&format!("layer_{:02}/{name}/", layer_idx + 1), layer, &mut out);
        }
    }
    for (layer_idx, ema) in run.ema_metrics().iter().enumerate() {
        push_figures(&format!("layer_{:02}/ema/", layer_idx + 1), ema, &mut out);
    }
    out
}

/// A scalar for each number in what `figures` is as JSON; what nothing defines is null there, and left out.
fn push_figures(prefix: &str, figures: &impl Serialize, out: &mut Vec<Message>) {
    let Ok(Value::Object(map)) = serde_json::to_value(figures) else { return };
    let numbers = map.iter().filter_map(|(key, value)| Some((key, value.as_f64()?)));
    out.extend(numbers.map(|(key, value)| values::scalar(&format!("{prefix}{key}"), value)));
}
