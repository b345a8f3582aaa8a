//! The doctor: names what is wrong with a quantizer, with the figures behind it and what to change.
//!
//! A check is one entry of [`CHECKS`]: what it needs, why it matters, where its arithmetic stands, and a function that looks. It stays silent without
//! its evidence, so that a checkpoint alone is judged by its buffers, and a training by its history as well.

mod data;
mod fit;
mod precision;
mod projections;
mod remedies;
pub mod repair;
mod replacement;
mod rows;
mod sample;
mod settling;
mod splits;
mod start;
mod usage;
mod verdict;
mod walk;
mod words;

use std::cell::OnceCell;

use ndarray::ArrayView2;
use serde::Serialize;

use crate::rvq::Codebook;
use crate::text::{Message, Phrase, phrase};
use crate::training::{History, Run};
pub use verdict::{Health, LayerVerdict, verdicts};
use walk::LayerLook;
use words::{layer_says, layers_say, layers_words};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// It costs quality, or will.
    Warning,
    /// The quantizer, or a layer of it, does not do what it is there for.
    Severe,
}

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// The parameters that it was trained under.
    Parameters,
    /// The EMA cluster sizes.
    Sizes,
    /// Every row of the codebooks; a look at them takes time.
    Rows,
    /// Frames that were quantized: counts and errors.
    Counts,
    /// The steps of its training.
    History,
    /// The frames themselves, or a sample of them.
    Frames,
}

/// One check: a row of the table.
pub struct Check {
    /// Its id, which never changes: scripts go by it.
    pub id: &'static str,
    /// What it looks for, in a few words.
    pub title: Phrase,
    /// What it needs, all of it.
    pub needs: &'static [Evidence],
    /// Why it matters.
    pub why: Phrase,
    /// The formula and where it stands.
    pub source: Phrase,
    look: fn(&Patient<'_>, &mut Findings),
}

/// A figure, and the bound that it was held against.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    /// What it is.
    pub name: Phrase,
    /// What was measured.
    pub value: f64,
    /// From where on it is a finding.
    pub bound: f64,
    /// Its unit; empty for a share.
    pub unit: Phrase,
}

/// A parameter that should have another value in the next training, in the unit of the rule that it is trained under then.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The key of the parameter, or `rule`.
    pub key: &'static str,
    /// The value.
    pub value: ChangeValue,
}

/// The value of a [`Change`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ChangeValue {
    /// A number, whole where the parameter is.
    Number(f64),
    /// The id of a rule, or one of the words of a parameter.
    Word(&'static str),
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The id of its check.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The layers that it is about, from 0; empty for all, or for the data.
    pub layers: Vec<usize>,
    /// The codes that it is about, in the first of these layers.
    pub codes: Vec<usize>,
    /// What was measured.
    pub measured: Vec<Measure>,
    /// On how many frames; `None` where it was none.
    pub frames: Option<u64>,
    /// What it is, with its figures.
    pub text: Message,
    /// What to change.
    pub remedy: Option<Message>,
    /// The same as parameters of the next training, where that mends it; a `rule` comes first.
    pub changes: Vec<Change>,
}

/// What is looked at.
#[derive(Debug, Clone)]
pub struct Patient<'a> {
    run: &'a Run,
    history: Option<&'a History>,
    frames: Option<ArrayView2<'a, f32>>,
    with_rows: bool,
    /// What the layers make of some of the frames, once somebody has asked.
    looks: OnceCell<Vec<LayerLook>>,
    /// The frames beside what the averages remember, likewise.
    moments: OnceCell<Option<fit::Moments>>,
}

/// What a check has found so far.
struct Findings {
    id: &'static str,
    found: Vec<Finding>,
}

/// The checks, in the order of a consultation.
pub static CHECKS: &[&[Check]] = &[
    sample::CHECKS,
    data::CHECKS,
    fit::CHECKS,
    replacement::CHECKS,
    start::CHECKS,
    precision::CHECKS,
    rows::CHECKS,
    projections::CHECKS,
    usage::CHECKS,
    splits::CHECKS,
    settling::CHECKS,
];

/// The check with this id.
#[must_use]
pub fn check(id: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().flatten().find(|check| check.id == id)
}

/// What stands out, the worst first, and in the order of [`CHECKS`] where that is equal.
#[must_use]
pub fn diagnose(patient: &Patient<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for check in CHECKS.iter().copied().flatten() {
        if check.needs.iter().all(|&evidence| patient.has(evidence)) {
            let mut findings = Findings { id: check.id, found: Vec::new() };
            (check.look)(patient, &mut findings);
            found.append(&mut findings.found);
        }
    }
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found
}

/// The same without the rows of the codebooks, quick enough for a window, as sentences.
#[must_use]
pub fn sentences(run: &Run, history: &History) -> Vec<String> {
    let patient = Patient::of(run).with_history(history).without_rows();
    diagnose(&patient).iter().map(Finding::sentence).collect()
}

impl<'a> Patient<'a> {
    /// A run by what it has itself: its quantizer, its parameters and what was counted.
    #[must_use]
    pub fn of(run: &'a Run) -> Self {
        Self {
            run,
            history: None,
            frames: None,
            with_rows: true,
            looks: OnceCell::new(),
            moments: OnceCell::new(),
        }
    }

    /// With the steps of its training.
    #[must_use]
    pub fn with_history(self, history: &'a History) -> Self {
        Self { history: Some(history).filter(|history| !history.is_empty()), ..self }
    }

    /// With frames, `(num_frames, dim)`, or a sample of them.
    #[must_use]
    pub fn with_frames(self, frames: ArrayView2<'a, f32>) -> Self {
        let frames = Some(frames).filter(|frames| frames.ncols() == self.run.rvq.dim());
        Self { frames, looks: OnceCell::new(), moments: OnceCell::new(), ..self }
    }

    /// Without a look at every row, which takes time.
    #[must_use]
    pub fn without_rows(self) -> Self {
        Self { with_rows: false, ..self }
    }

    /// Whether there is such evidence. Sizes that no layer has are none.
    #[must_use]
    pub fn has(&self, evidence: Evidence) -> bool {
        match evidence {
            Evidence::Parameters => self.run.params_known,
            Evidence::Sizes => self.codebooks().any(|(_, book)| crate::metrics::buffers::has_ema(book)),
            Evidence::Rows => self.with_rows,
            Evidence::Counts => self.run.best_evaluation().is_some_and(|(_, e)| e.dim > 0),
            Evidence::History => self.history.is_some(),
            Evidence::Frames => self.frames.is_some(),
        }
    }

    /// What each layer makes of a sample of the frames, worked out once.
    fn looks(&self) -> &[LayerLook] {
        self.looks.get_or_init(|| walk::walk(self))
    }

    fn moments(&self) -> Option<&fit::Moments> {
        self.moments.get_or_init(|| fit::Moments::of(self)).as_ref()
    }

    fn codebooks(&self) -> impl Iterator<Item = (usize, &'a Codebook)> {
        self.run.rvq.layers().iter().map(|layer| &layer.codebook).enumerate()
    }

    /// The codebooks with an EMA state, each with its sizes and their sum.
    fn with_sizes(&self) -> impl Iterator<Item = (usize, &'a Codebook, &'a [f64], f64)> {
        self.codebooks().filter_map(|(layer, book)| {
            let sizes = book.cluster_size().as_slice().filter(|_| crate::metrics::buffers::has_ema(book))?;
            Some((layer, book, sizes, sizes.iter().map(|size| size.max(0.0)).sum()))
        })
    }
}

impl Findings {
    fn add(&mut self, severity: Severity, text: impl Into<Message>) -> &mut Finding {
        let (id, layers, codes, measured) = (self.id, Vec::new(), Vec::new(), Vec::new());
        self.found.push(Finding {
            id,
            severity,
            layers,
            codes,
            measured,
            frames: None,
            text: text.into(),
            remedy: None,
            changes: Vec::new(),
        });
        let last = self.found.len() - 1;
        &mut self.found[last]
    }
}

impl Finding {
    fn of_layer(&mut self, layer: usize) -> &mut Self {
        self.layers.push(layer);
        self
    }

    fn of_all_layers(&mut self, run: &Run) -> &mut Self {
        self.layers = (0..run.rvq.num_layers()).collect();
        self
    }

    fn of_codes(&mut self, codes: &[usize]) -> &mut Self {
        self.codes = codes.to_vec();
        self
    }

    fn on(&mut self, frames: u64) -> &mut Self {
        self.frames = Some(frames);
        self
    }

    fn measured(&mut self, name: Phrase, value: f64, bound: f64, unit: Phrase) -> &mut Self {
        self.measured.push(Measure { name, value, bound, unit });
        self
    }

    fn remedy(&mut self, words: impl Into<Message>) -> &mut Self {
        self.remedy = Some(words.into());
        self
    }

    fn change(&mut self, key: &'static str, value: f64) -> &mut Self {
        self.changes.push(Change { key, value: ChangeValue::Number(value) });
        self
    }

    fn change_word(&mut self, key: &'static str, value: &'static str) -> &mut Self {
        self.changes.push(Change { key, value: ChangeValue::Word(value) });
        self
    }

    /// Trained under the recommended rule with its own threshold, which moves sizes and sums with a row that it replaces.
    fn rule_that_replaces(&mut self) -> &mut Self {
        self.change_word("rule", "rvqscope")
    }

    /// The check that found it.
    #[must_use]
    pub fn check(&self) -> Option<&'static Check> {
        check(self.id)
    }
}

impl Severity {
    /// What it is called.
    #[must_use]
    pub fn label(self) -> Phrase {
        match self {
            Self::Note => phrase!("severity-note"),
            Self::Warning => phrase!("severity-warning"),
            Self::Severe => phrase!("severity-severe"),
        }
    }
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check").field("id", &self.id).finish_non_exhaustive() // not a text
    }
}

/// How large a codebook so many training frames bear.
fn codes_borne_by(frames: usize) -> usize {
    (frames / 10).max(2).next_power_of_two()
}
