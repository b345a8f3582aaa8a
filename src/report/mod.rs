//! The report of a run: one page to read, one JSON to compute with, CSV and SVG of every plot, and its figures by layer as tables for papers; and
//! the page of several runs side by side.
//!
//! [`plots`] turns a run into plain data, [`svg`] draws it, [`html`](Report::html) sets the page around it. The figures are those of
//! [`metrics`](crate::metrics), and every definition in the footer is the text that stands there.

mod canvas;
mod codebooks;
pub mod compare;
mod html;
mod layer_table;
mod marks;
pub mod plot;
pub mod plots;
pub mod scale;
mod series;
pub mod svg;
pub mod sweep;
mod tables;
pub mod tensorboard;

use std::path::{Path, PathBuf};

use ndarray::ArrayView2;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::doctor::{Finding, LayerVerdict, Patient, diagnose, verdicts};
use crate::io::{FileError, Problem, replace_file};
use crate::markup::Table;
use crate::metrics::{
    CodebookView, EmaMetrics, Evaluation, LayerMetrics, TotalMetrics, layer_metrics, total_metrics,
};
use crate::training::course::CourseSummary;
use crate::training::{History, LayerCodes, LiveEdit, Run, SourceInfo, SplitKind, params_json};

pub use layer_table::layer_table;
use plot::Plot;
use plots::Section;
use svg::Place;

/// Everything that a report tells. As JSON it is `metrics.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The version that made it.
    pub rvqscope: &'static str,
    /// The data.
    pub source: SourceInfo,
    /// Every parameter and the seed; null where a model came without them.
    pub params: Map<String, Value>,
    /// Steps taken.
    pub steps: u64,
    /// The figures of each layer.
    pub layers: Vec<LayerReport>,
    /// The figures of all layers together.
    pub totals: Splits<TotalMetrics>,
    /// What stands out, a sentence each.
    pub findings: Vec<String>,
    /// What the doctor found, with figures: the first of the findings.
    pub diagnosis: Vec<Finding>,
    /// What the run is called.
    #[serde(skip)]
    pub name: String,
    /// The rule as a person calls it.
    #[serde(skip)]
    pub rule_label: &'static str,
    /// What was changed while training ran.
    #[serde(skip)]
    pub live_edits: Vec<LiveEdit>,
    /// How the rows were calibrated.
    #[serde(skip)]
    pub calibration: Option<String>,
    /// What the looks at held-out frames on the way amount to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub course: Option<CourseSummary>,
    /// The same in a sentence, where there is something to say.
    #[serde(skip)]
    pub course_words: Option<String>,
    /// What is to be said of each layer.
    #[serde(skip)]
    pub verdicts: Vec<LayerVerdict>,
    /// The codes of each layer by state.
    #[serde(skip)]
    pub codes: Vec<LayerCodes>,
    /// What each codebook tells on its own; none where only codes are known.
    #[serde(skip)]
    pub codebooks: Vec<CodebookView>,
    /// The plots.
    #[serde(skip)]
    pub plots: Vec<(Section, Plot)>,
}

/// The figures of one layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerReport {
    /// The layer, from 0.
    pub layer: usize,
    /// `K`.
    pub codes: usize,
    /// The dimension of its rows; null where only codes are known.
    #[serde(serialize_with = "null_for_none")]
    pub dim: usize,
    /// Over each set of frames.
    #[serde(flatten)]
    pub splits: Splits<LayerMetrics>,
    /// What its codebook tells without frames; null where only codes are known.
    pub ema: Option<EmaMetrics>,
}

/// A figure over the frames that are trained on and over those held out; `None` where there are none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Splits<T> {
    /// Over those trained on.
    pub train: Option<T>,
    /// Over those held out.
    pub held_out: Option<T>,
}

/// A code that was replaced in so many of the last steps counts as replaced lately.
const RECENT_STEPS: u64 = 50;

impl<T> Splits<T> {
    /// The figure over one set of frames.
    #[must_use]
    pub fn of(&self, split: SplitKind) -> Option<&T> {
        match split {
            SplitKind::Train => self.train.as_ref(),
            SplitKind::HeldOut => self.held_out.as_ref(),
        }
    }

    /// What to judge by: held-out where there is something held out.
    #[must_use]
    pub fn best(&self) -> Option<(SplitKind, &T)> {
        let held_out = self.held_out.as_ref().map(|figure| (SplitKind::HeldOut, figure));
        held_out.or_else(|| self.train.as_ref().map(|figure| (SplitKind::Train, figure)))
    }
}

impl Report {
    /// The report of a run and its steps; `notes` are on its file, and come behind what the doctor finds.
    #[must_use]
    pub fn new(run: &Run, history: &History, notes: Vec<String>) -> Self {
        Self::on_frames(run, history, None, notes)
    }

    /// The same with `frames`, `(num_frames, dim)`, for those checks of the doctor that look at them.
    #[must_use]
    pub fn on_frames(
        run: &Run,
        history: &History,
        frames: Option<ArrayView2<'_, f32>>,
        notes: Vec<String>,
    ) -> Self {
        let patient = Patient::of(run).with_history(history);
        let diagnosis = diagnose(&match frames {
            Some(frames) => patient.with_frames(frames),
            None => patient,
        });
        let findings = diagnosis.iter().map(Finding::sentence).chain(notes).collect();
        let codebooks: Vec<CodebookView> =
            (0..run.rvq.num_layers()).filter_map(|layer_idx| run.codebook_view(layer_idx)).collect();
        let split = run.best_evaluation().map_or(SplitKind::HeldOut, |(split, _)| split);
        let codes: Vec<LayerCodes> = (0..run.rvq.num_layers())
            .map(|layer_idx| LayerCodes::new(run, layer_idx, split, RECENT_STEPS))
            .collect();
        Self {
            rvqscope: env!("CARGO_PKG_VERSION"),
            source: run.source.clone(),
            params: known_params(run),
            steps: run.steps,
            layers: LayerReport::all_of(run, |layer| codebooks.get(layer).map(|view| view.metrics.clone())),
            totals: Splits {
                train: run.total_metrics(SplitKind::Train),
                held_out: run.total_metrics(SplitKind::HeldOut),
            },
            findings,
            verdicts: verdicts(run, history, &diagnosis),
            diagnosis,
            name: run.name.clone(),
            rule_label: if run.params_known { run.rule().label() } else { "unknown" },
            live_edits: run.live_edits.clone(),
            calibration: run.calibration().map(|words| words.english()),
            course: run.course,
            course_words: run.course_words().map(|words| words.english()),
            plots: plots::plots(run, history, &codes, &codebooks),
            codes,
            codebooks,
        }
    }

    /// The report of codes without their quantizer and their frames: usage, and null wherever more is needed. `source` has no dimension.
    #[must_use]
    pub fn of_codes(
        name: String,
        source: SourceInfo,
        evaluation: &Evaluation,
        findings: Vec<String>,
    ) -> Self {
        let metrics = layer_metrics(evaluation, &[], &[evaluation]);
        let of = source.frames_words(SplitKind::Train, evaluation.frames).english();
        let usage = plots::usage_of(evaluation, &metrics, &of);
        let totals = total_metrics(evaluation, source.frame_rate_hz);
        let layer = |(layer, metrics): (usize, &LayerMetrics)| LayerReport {
            layer,
            codes: evaluation.layers.get(layer).map_or(0, |tally| tally.counts.len()),
            dim: 0,
            splits: Splits { train: Some(metrics.clone()), held_out: None },
            ema: None,
        };
        let sizes = evaluation.layers.iter().map(|tally| tally.counts.len());
        let shape = [("num_layers", evaluation.layers.len()), ("codebook_size", sizes.max().unwrap_or(0))];
        let mut params = params_json(&crate::rvq::RvqParams::default());
        for (key, value) in &mut params {
            *value = shape.iter().find(|(name, _)| name == key).map_or(Value::Null, |(_, v)| (*v).into());
        }
        Self {
            rvqscope: env!("CARGO_PKG_VERSION"),
            source,
            params,
            steps: 0,
            layers: metrics.iter().enumerate().map(layer).collect(),
            totals: Splits { train: Some(totals), held_out: None },
            findings,
            diagnosis: Vec::new(),
            name,
            rule_label: "unknown",
            live_edits: Vec::new(),
            calibration: None,
            course: None,
            course_words: None,
            verdicts: Vec::new(),
            codes: evaluation.layers.iter().map(|tally| LayerCodes::of_counts(&tally.counts)).collect(),
            codebooks: Vec::new(),
            plots: usage.into_iter().map(|plot| (Section::Usage, plot)).collect(),
        }
    }

    /// What the frames of a split are called.
    #[must_use]
    pub fn split_label(&self, split: SplitKind) -> &'static str {
        self.source.split_label(split)
    }

    /// Of what figures of a split are: "2702 held-out frames, step 596".
    pub(crate) fn of(&self, split: SplitKind) -> String {
        let frames = self.layers.iter().find_map(|layer| layer.splits.of(split)).map_or(0, |m| m.frames);
        let step = if self.steps > 0 { format!(", step {}", self.steps) } else { String::new() };
        format!("{}{step}", self.source.frames_words(split, frames))
    }

    /// `metrics.json`. Its keys are always the same, in the same order; a number that is not defined is null.
    #[must_use]
    pub fn metrics_json(&self) -> String {
        // The report holds nothing that JSON cannot say: text keys, and numbers that turn to null where they are not finite.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The figures of each layer that a paper has room for.
    #[must_use]
    pub fn layer_table(&self) -> Table {
        let of = match self.totals.best() {
            Some((split, _)) => self.of(split),
            None => "the model's file alone".to_owned(),
        };
        layer_table::table_of(&self.layers, &self.name, &of)
    }

    /// `report.html`: one page that needs nothing else.
    #[must_use]
    pub fn html(&self) -> String {
        html::page(self)
    }
}

/// Writes the report into the folder `dir`, which is made where only its last part is missing, and gives the files, the page first.
///
/// # Errors
/// The folder cannot be made or a file not be written; each file is whole or as it was.
pub fn write(dir: &Path, report: &Report) -> Result<Vec<PathBuf>, FileError> {
    make_folder(dir)?;
    let mut files =
        vec![("report.html".to_owned(), report.html()), ("metrics.json".to_owned(), report.metrics_json())];
    files.push(("layers.csv".to_owned(), tables::layers_csv(report)));
    let layers = report.layer_table();
    files.push(("layers.md".to_owned(), layers.markdown()));
    files.push(("layers.tex".to_owned(), layers.latex()));
    files.push(("codes.csv".to_owned(), codebooks::codes_csv(&report.codes, &report.codebooks)));
    for (_, plot) in &report.plots {
        files.push((format!("{}.csv", plot.id), plot.csv()));
        files.push((format!("{}.svg", plot.id), svg::svg(plot, Place::Alone)));
    }
    write_all(dir, files)
}

/// Makes the folder `dir` where only its last part is missing.
fn make_folder(dir: &Path) -> Result<(), FileError> {
    if dir.is_dir() { Ok(()) } else { std::fs::create_dir(dir).map_err(|err| Problem::from(err).at(dir)) }
}

/// Writes named texts into a folder, each whole or not at all, and gives their paths.
fn write_all(dir: &Path, files: Vec<(String, String)>) -> Result<Vec<PathBuf>, FileError> {
    let mut written = Vec::with_capacity(files.len());
    for (name, text) in files {
        let path = dir.join(name);
        replace_file(&path, |out| out.write_all(text.as_bytes()))?;
        written.push(path);
    }
    Ok(written)
}

/// A dimension, or null for that of frames that nobody has seen.
fn null_for_none<S: serde::Serializer>(dim: &usize, serializer: S) -> Result<S::Ok, S::Error> {
    if *dim == 0 { serializer.serialize_none() } else { serializer.serialize_u64(*dim as u64) }
}

/// The parameters; of a model that came without any, only what its shape tells.
fn known_params(run: &Run) -> Map<String, Value> {
    let mut params = params_json(&run.params);
    if !run.params_known {
        let shape = ["num_layers", "codebook_size"];
        for (_, value) in params.iter_mut().filter(|(key, _)| !shape.contains(&key.as_str())) {
            *value = Value::Null;
        }
    }
    params
}
