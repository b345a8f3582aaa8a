//! A sweep: every combination of some parameters' values, with the figures of each training, as JSON, CSV, and a page.
//!
//! The figures of a run are taken from its `metrics.json`, so that a run that was read back from disk and one that has just ended say the same.

mod figures;
mod page;

use serde::Serialize;
use serde_json::{Map, Value};

use super::plot::push_line;

pub(in crate::report) use figures::split_key;
pub use figures::{FIGURES, Figure, Group, Spread, front, groups};
pub use page::rate_distortion;

/// The version of `sweep.json`'s layout.
pub const SCHEMA: u32 = 1;

/// Everything that is known of a sweep. As JSON it is `sweep.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sweep {
    /// The version that made it.
    pub rvqscope: &'static str,
    /// The layout of the file.
    pub schema: u32,
    /// The data, as in `metrics.json`; null until the first run has ended.
    pub source: Value,
    /// What all runs share and no parameter says: features, held-out share, search.
    pub settings: Map<String, Value>,
    /// What is swept.
    pub axes: Vec<Axis>,
    /// The runs, the first axis changing slowest and the seed fastest.
    pub runs: Vec<SweepRun>,
}

/// A parameter and the values that it takes in turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Axis {
    /// The parameter's name on the command line.
    pub flag: String,
    /// Its values, as they are written.
    pub values: Vec<String>,
}

/// One training of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepRun {
    /// In what it differs: `codes 256, layers 4, seed 1`.
    pub label: String,
    /// Its value on each axis.
    pub values: Vec<String>,
    /// Its seed.
    pub seed: u64,
    /// Its parameters, as in `metrics.json`.
    pub params: Map<String, Value>,
    /// Steps taken.
    pub steps: u64,
    /// How far it is.
    pub state: SweepState,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The name of its model beside `sweep.json`; its figures by layer have the same name with the ending `json`.
    pub model: Option<String>,
    /// The figures of all layers together, as in `metrics.json`.
    pub totals: Value,
    /// The figures of each layer, as in `metrics.json`.
    pub layers: Value,
}

/// How far a run of a sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SweepState {
    /// It is to be trained.
    Planned,
    /// It has ended.
    Done,
    /// It could not be trained.
    Failed,
}

impl SweepState {
    /// The word for it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl Sweep {
    /// `sweep.json`. Its keys are always the same, in the same order.
    #[must_use]
    pub fn json(&self) -> String {
        // It holds nothing that JSON cannot say.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// `sweep.csv`: a row for each run, a column for each axis and each figure; a figure that is not known is empty.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut text = String::new();
        let axes = self.axes.iter().map(|axis| axis.flag.as_str());
        let figures = FIGURES.iter().map(|figure| figure.key);
        push_line(
            &mut text,
            ["run"].into_iter().chain(axes).chain(["seed", "state", "steps"]).chain(figures),
        );
        for run in &self.runs {
            let mut row = vec![run.label.clone()];
            row.extend(run.values.iter().cloned());
            row.extend([run.seed.to_string(), run.state.label().to_owned(), run.steps.to_string()]);
            row.extend(
                FIGURES.iter().map(|figure| (figure.of)(run).map_or(String::new(), |v| v.to_string())),
            );
            push_line(&mut text, row.iter().map(String::as_str));
        }
        text
    }

    /// `sweep.html`: one page that needs nothing else.
    #[must_use]
    pub fn html(&self) -> String {
        page::page(self)
    }

    /// How many runs are in a state.
    #[must_use]
    pub fn count(&self, state: SweepState) -> usize {
        self.runs.iter().filter(|run| run.state == state).count()
    }
}
