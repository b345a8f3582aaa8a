//! What is told of one checkpoint, and of what changed since the one before it.

use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::doctor::{Finding, Patient, Severity, diagnose};
use crate::metrics::{
    BoundWork, EmaMetrics, Evaluation, Evaluator, Histogram, LayerMetrics, between, buffers,
};
use crate::rvq::search::Search;
use crate::rvq::{Layer, Rvq, RvqError};
use crate::task::Task;
use crate::text::Message;
use crate::training::{Run, SourceInfo, SplitKind};

use super::checkpoint::Checkpoint;
use super::digest::Digest;
use super::probe::Probe;

/// The figures of a checkpoint on its own. What nothing defines is `None`: without a probe, all that frames tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Frames of the probe.
    pub frames: u64,
    /// Of all layers together.
    pub snr_db: Option<f64>,
    /// By layer.
    pub layers: Vec<LayerFigures>,
    /// What the doctor finds, the worst first.
    pub findings: Vec<FindingNote>,
    /// How the codes of each layer are used.
    pub histograms: Vec<LayerHistograms>,
}

/// How the codes of a layer are used, for a histogram.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerHistograms {
    /// The EMA cluster sizes, in frames a batch.
    pub ema_cluster_size: Option<Histogram>,
    /// How often each code was chosen by the frames of the probe.
    pub counts: Option<Histogram>,
}

/// The figures of a layer of a checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "each field is the figure of the same name, whose definition stands with its function" // not a text
)]
pub struct LayerFigures {
    /// `K`.
    pub codes: usize,
    pub used: Option<usize>,
    pub perplexity: Option<f64>,
    /// Of the frames of the probe.
    pub dead_window: Option<usize>,
    pub dead_threshold: Option<usize>,
    pub snr_gain_db: Option<f64>,
    pub ema_total: Option<f64>,
    pub ema_used: Option<usize>,
    pub ema_perplexity: Option<f64>,
}

/// A finding of the doctor, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingNote {
    /// The id of its check.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// The layers that it is about, from 0.
    pub layers: Vec<usize>,
    /// What it is, with its figures.
    #[serde(with = "crate::text::stored")]
    pub text: Message,
    /// What to change.
    #[serde(with = "crate::text::stored")]
    pub remedy: Option<Message>,
}

/// What changed between a checkpoint and the one before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The quantizer of the one before.
    pub before: Digest,
    /// By layer.
    pub layers: Vec<LayerChange>,
}

/// What changed in a layer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "each field is the figure of the same name, whose definition stands with its function" // not a text
)]
pub struct LayerChange {
    pub checkpoint_drift: Option<f64>,
    pub token_stability: Option<f64>,
    pub births: Option<usize>,
    pub deaths: Option<usize>,
}

/// What is held of a checkpoint in order to compare its neighbours with it.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) digest: Digest,
    /// Of each layer.
    rows: Vec<Array2<f32>>,
    /// Of the frames of the probe, `(num_frames, num_layers)`.
    codes: Vec<u32>,
    /// By layer, whether each code is in use; empty where nothing tells.
    in_use: Vec<Vec<bool>>,
}

/// Findings of one checkpoint that are kept.
const MAX_FINDINGS: usize = 48;

impl FindingNote {
    fn of(finding: Finding) -> Self {
        let Finding { id, severity, layers, text, remedy, .. } = finding;
        Self { id: id.to_owned(), severity, layers, text, remedy }
    }

    /// Whether both say the same of the same layers, whatever the figures are.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.id, self.severity, &self.layers) == (&other.id, other.severity, &other.layers)
    }
}

impl Figures {
    /// Whether a finding says that the quantizer does not do what it is there for.
    #[must_use]
    pub fn is_severe(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Severe)
    }

    /// Findings that `before` did not have; without one before, all of them.
    pub fn new_findings<'a>(&'a self, before: Option<&'a Self>) -> impl Iterator<Item = &'a FindingNote> {
        let known = before.map_or(&[][..], |before| &before.findings);
        self.findings.iter().filter(|finding| !known.iter().any(|old| old.is_same(finding)))
    }
}

impl LayerFigures {
    fn of(codes: usize, of_frames: Option<&LayerMetrics>, ema: &EmaMetrics, sizes: Option<&[f64]>) -> Self {
        Self {
            codes,
            used: of_frames.map(|m| m.used),
            perplexity: of_frames.and_then(|m| m.perplexity),
            dead_window: of_frames.and_then(|m| m.dead_window),
            dead_threshold: ema.dead_threshold,
            snr_gain_db: of_frames.and_then(|m| m.snr_gain_db),
            ema_total: sizes.map(buffers::ema_total),
            ema_used: ema.used,
            ema_perplexity: ema.perplexity,
        }
    }
}

/// Works out all figures of a checkpoint, called `name`.
///
/// # Errors
/// The frames do not fit the quantizer, or the task was cancelled.
pub(super) fn measure(
    checkpoint: &Checkpoint,
    (digest, name): (Digest, &str),
    probe: Option<&Probe>,
    task: &Task<'_>,
) -> Result<(Figures, Held), RvqError> {
    let rvq = &checkpoint.rvq;
    let (run, codes) = run_of(checkpoint, name, probe, BoundWork::Quick, task)?;
    let in_use = in_use(&run);
    let patient = Patient::of(&run);
    let patient = match probe {
        Some(probe) => patient.with_frames(probe.frames.view()),
        None => patient,
    };
    let findings = diagnose(&patient).into_iter().take(MAX_FINDINGS).map(FindingNote::of).collect();
    task.check()?;
    let (of_frames, total) = (run.layer_metrics(SplitKind::HeldOut), run.total_metrics(SplitKind::HeldOut));
    let layers = rvq.layers().iter().zip(run.ema_metrics()).enumerate().map(|(nth, (layer, ema))| {
        let book = &layer.codebook;
        let sizes = book.cluster_size().as_slice().filter(|_| buffers::has_ema(book));
        LayerFigures::of(book.num_codes(), of_frames.get(nth), &ema, sizes)
    });
    let figures = Figures {
        frames: run.held_out.as_ref().map_or(0, |evaluation| evaluation.frames),
        snr_db: total.and_then(|total| total.snr_db),
        layers: layers.collect(),
        findings,
        histograms: histograms(&run),
    };
    Ok((figures, Held { digest, rows: rows(rvq), codes, in_use }))
}

fn histograms(run: &Run) -> Vec<LayerHistograms> {
    let of = |(nth, layer): (usize, &Layer)| {
        let (book, evaluation) = (&layer.codebook, run.held_out.as_ref());
        let counts = evaluation.and_then(|evaluation| evaluation.layers.get(nth)).map(|layer| &layer.counts);
        LayerHistograms {
            ema_cluster_size: buffers::has_ema(book)
                .then(|| Histogram::of(book.cluster_size().iter().copied())),
            counts: counts.map(|counts| Histogram::of(counts.iter().map(|&count| count as f64))),
        }
    };
    run.rvq.layers().iter().enumerate().map(of).collect()
}

/// As much of a checkpoint, whose figures are known, as its neighbours are compared with.
///
/// # Errors
/// As for [`measure`].
pub(super) fn hold(
    checkpoint: &Checkpoint,
    digest: Digest,
    probe: Option<&Probe>,
    task: &Task<'_>,
) -> Result<Held, RvqError> {
    let (run, codes) = run_of(checkpoint, "", probe, BoundWork::None, task)?;
    Ok(Held { digest, rows: rows(&checkpoint.rvq), codes, in_use: in_use(&run) })
}

/// What changed from one checkpoint to the next. They are of one shape.
pub(super) fn change(before: &Held, after: &Held) -> Change {
    let num_layers = after.rows.len();
    let pairs = before.rows.iter().zip(&after.rows).enumerate();
    let layers = pairs.map(|(nth, (old, new))| {
        let codes =
            |held: &Held| held.codes.iter().skip(nth).step_by(num_layers).copied().collect::<Vec<_>>();
        let (old_codes, new_codes) = (codes(before), codes(after));
        let in_use = before.in_use.get(nth).zip(after.in_use.get(nth));
        let in_use = in_use.filter(|(old, new)| !old.is_empty() && old.len() == new.len());
        LayerChange {
            checkpoint_drift: between::checkpoint_drift(old.view(), new.view()),
            token_stability: between::token_stability(old_codes.into_iter(), new_codes.into_iter()),
            births: in_use.map(|(old, new)| between::births(old, new)),
            deaths: in_use.map(|(old, new)| between::deaths(old, new)),
        }
    });
    Change { before: before.digest, layers: layers.collect() }
}

fn rows(rvq: &Rvq) -> Vec<Array2<f32>> {
    rvq.layers().iter().map(|layer| layer.codebook.embed().to_owned()).collect()
}

/// A checkpoint as a run, called `name`, that was held against the probe; and the codes of its frames.
///
/// # Errors
/// As for [`measure`].
pub(super) fn run_of(
    checkpoint: &Checkpoint,
    name: &str,
    probe: Option<&Probe>,
    bound: BoundWork,
    task: &Task<'_>,
) -> Result<(Run, Vec<u32>), RvqError> {
    let Checkpoint { rvq, params, about, .. } = checkpoint;
    let mut run = Run::of_model(name.to_owned(), rvq.clone(), *params, about.steps.unwrap_or(0));
    let mut codes = Vec::new();
    if let Some(probe) = probe {
        let (evaluation, its_codes) = quantize(rvq, probe, bound, task)?;
        (codes, run.held_out, run.source) = (its_codes, Some(Arc::new(evaluation)), source(probe));
    }
    Ok((run, codes))
}

fn quantize(
    rvq: &Rvq,
    probe: &Probe,
    bound: BoundWork,
    task: &Task<'_>,
) -> Result<(Evaluation, Vec<u32>), RvqError> {
    let (frames, task) = (probe.frames.view(), task.quiet());
    let evaluator = Evaluator::new(rvq, frames, &[0..probe.num_frames()], Search::Greedy, bound)?;
    evaluator.keeping_codes().finish_with_codes(&task)
}

/// The probe as the data of a run that was trained on none of it.
fn source(probe: &Probe) -> SourceInfo {
    SourceInfo {
        paths: probe.paths.clone(),
        frames: probe.num_frames(),
        dim: probe.dim(),
        frame_rate_hz: probe.frame_rate_hz,
        train_frames: 0,
        held_out_frames: probe.num_frames(),
        holdout: 1.0,
    }
}

/// By layer, whether each code is in use: chosen by a frame, or without frames by its EMA size.
fn in_use(run: &Run) -> Vec<Vec<bool>> {
    if let Some(evaluation) = &run.held_out {
        let of_layer = |layer: &crate::metrics::LayerTally| layer.counts.iter().map(|&n| n > 0).collect();
        return evaluation.layers.iter().map(of_layer).collect();
    }
    let by_size = |(nth, layer): (usize, &crate::rvq::Layer)| {
        let (book, threshold) = (&layer.codebook, run.threshold_frames(nth));
        let sizes = book.cluster_size().iter().filter(|_| buffers::has_ema(book));
        sizes.map(|&size| size >= threshold).collect()
    };
    run.rvq.layers().iter().enumerate().map(by_size).collect()
}
