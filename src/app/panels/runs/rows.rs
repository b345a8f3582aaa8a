//! The runs as rows of a table: plain data, made again only when something of them changed.

use crate::app::differs;
use crate::app::panels::parts::{Key, Sort};
use crate::app::plot::numbers::{duration, grouped, number, percent};
use crate::metrics::{Definition, convergence, distortion, usage};
use crate::rvq::rules;
use crate::session::{RunEntry, RunId, Session};
use crate::text::{Language, Phrase, phrase, spoken, t};
use crate::training::RunSummary;

/// A run as it is listed.
#[derive(Debug, Clone)]
pub struct Row {
    /// The run.
    pub id: RunId,
    /// Its name.
    pub name: String,
    /// Its note.
    pub note: String,
    /// Whether it is kept whole.
    pub is_pinned: bool,
    /// Where it comes from.
    pub origin: Phrase,
    /// The rule it was trained under; nothing where that is not known.
    pub rule: &'static str,
    /// What it has otherwise than the shown run.
    pub differs: String,
    /// What it is doing.
    pub state: Phrase,
    /// Steps taken.
    pub steps: u64,
    /// Bits that a frame takes: the sum of `log2 K` over the layers.
    pub bits: Option<f64>,
    /// Seconds for which it was trained.
    pub seconds: Option<f64>,
    /// Its figures.
    pub summary: Option<RunSummary>,
}

/// A column of figures.
pub struct Figure {
    /// Its head.
    pub head: Phrase,
    /// What it means.
    pub definition: &'static Definition,
    /// How wide it is.
    pub width: f32,
    /// Its value.
    pub of: fn(&Row) -> Option<f64>,
    /// How it is written.
    pub show: fn(f64) -> String,
}

/// Steps and bits have no definition among the figures of an evaluation.
static STEPS: Definition = Definition {
    key: "steps",
    label: phrase!("figure-steps"),
    unit: Phrase::NONE,
    text: phrase!("figure-steps.text"),
};
static BITS: Definition = Definition {
    key: "bits_per_frame",
    label: phrase!("figure-bits_per_frame"),
    unit: phrase!("unit-bit"),
    text: phrase!("figure-bits_per_frame.text"),
};

static TRAINED_FOR: Definition = Definition {
    key: "trained_for_s",
    label: phrase!("figure-trained_for_s"),
    unit: phrase!("unit-s"),
    text: phrase!("figure-trained_for_s.text"),
};

/// The columns of figures.
pub static FIGURES: [Figure; 9] = [
    Figure {
        head: phrase!("runs-head-steps"),
        definition: &STEPS,
        width: 52.0,
        of: |row| Some(row.steps as f64),
        show: whole,
    },
    Figure {
        head: phrase!("runs-head-time"),
        definition: &TRAINED_FOR,
        width: 62.0,
        of: |row| row.seconds,
        show: duration,
    },
    Figure {
        head: phrase!("parts-head-snr"),
        definition: &distortion::SNR,
        width: 56.0,
        of: |row| row.summary.as_ref()?.snr_db,
        show: two_decimals,
    },
    Figure {
        head: phrase!("parts-head-used"),
        definition: &usage::UTILIZATION,
        width: 66.0,
        of: |row| {
            row.summary.as_ref().filter(|s| s.codes > 0 && s.used > 0).map(|s| s.used as f64 / s.codes as f64)
        },
        show: percent,
    },
    Figure {
        head: phrase!("parts-head-perplexity"),
        definition: &usage::PERPLEXITY,
        width: 64.0,
        of: |row| row.summary.as_ref()?.perplexity,
        show: number,
    },
    Figure {
        head: phrase!("runs-head-bits"),
        definition: &BITS,
        width: 44.0,
        of: |row| row.bits,
        show: number,
    },
    Figure {
        head: phrase!("parts-head-below"),
        definition: &usage::DEAD_THRESHOLD,
        width: 92.0,
        of: |row| row.summary.as_ref()?.dead_threshold.map(|n| n as f64),
        show: whole,
    },
    Figure {
        head: phrase!("runs-head-unused"),
        definition: &usage::DEAD_CORPUS,
        width: 52.0,
        of: |row| row.summary.as_ref()?.dead_corpus.map(|n| n as f64),
        show: whole,
    },
    Figure {
        head: phrase!("parts-head-drift"),
        definition: &convergence::DRIFT,
        width: 62.0,
        of: |row| row.summary.as_ref()?.drift,
        show: number,
    },
];

/// Columns of words, which stand before those of figures.
pub const WORDS: usize = 5;

fn whole(value: f64) -> String {
    grouped(value as i64)
}

fn two_decimals(value: f64) -> String {
    format!("{value:.2}")
}

/// What each run is listed with, remembered while it stays the same.
#[derive(Default)]
pub struct Rows {
    rows: Vec<Row>,
    /// The state of the runs that `rows` are of: each run's own revision, and which one is shown.
    of: (Option<RunId>, Vec<(RunId, u64)>),
    /// What they are sorted by, and the language that they are in.
    sort: Option<(Sort, Language)>,
}

impl Rows {
    /// The rows in order. Only runs that changed are summed up again.
    pub fn refresh(&mut self, session: &Session, sort: Sort) -> &[Row] {
        let shown = session.shown().map(|entry| entry.id);
        let of: Vec<_> = session.runs().iter().map(|entry| (entry.id, entry.revision)).collect();
        let sorted = Some((sort, spoken()));
        if self.of.0 != shown || self.of.1 != of || self.sort != sorted {
            let known = std::mem::take(&mut self.rows);
            let is_same = |id: RunId, revision: u64| self.of.1.contains(&(id, revision));
            self.rows = session
                .runs()
                .iter()
                .map(|entry| {
                    let known =
                        known.iter().find(|row| row.id == entry.id && is_same(entry.id, entry.revision));
                    Row::new(session, entry, known)
                })
                .collect();
            // The newest first among those that are equal.
            self.rows.reverse();
            sort.apply(&mut self.rows, |row| row.key(sort.column));
            (self.of, self.sort) = ((shown, of), sorted);
        }
        &self.rows
    }
}

impl Row {
    fn new(session: &Session, entry: &RunEntry, known: Option<&Self>) -> Self {
        let summary = known.map_or_else(|| entry.summary(), |row| row.summary.clone());
        let steps = entry.history.steps().last().copied();
        let steps = steps.or(entry.run().map(|run| run.steps)).or(summary.as_ref().map(|s| s.steps));
        let layers = entry.run().map(|run| run.rvq.layers());
        let bits = layers.map(|layers| layers.iter().map(|l| (l.codebook.num_codes() as f64).log2()).sum());
        let planned = entry.params().map(|p| p.num_layers as f64 * (p.codebook_size as f64).log2());
        let is_shown = session.shown().is_some_and(|shown| shown.id == entry.id);
        Self {
            id: entry.id,
            name: entry.name().to_owned(),
            note: entry.label.note.clone(),
            is_pinned: entry.label.is_pinned,
            origin: entry.origin.label(),
            rule: entry.params().map_or("", |params| rules::rule(params.rule).id()),
            differs: if is_shown {
                t!("runs-differs.shown").to_owned()
            } else {
                differs::in_words(&differs::from_shown(session, entry))
            },
            state: entry.state().label(),
            steps: steps.unwrap_or(0),
            bits: bits.or(planned),
            seconds: entry.clock().trained_for().map(|time| time.as_secs_f64()),
            summary,
        }
    }

    /// What the row is sorted by in a column.
    #[must_use]
    pub fn key(&self, column: usize) -> Key {
        match column {
            0 => Key::Number(Some(self.id.0 as f64)),
            1 => Key::Text(self.name.to_lowercase()),
            2 => Key::Text(self.origin.into()),
            3 => Key::Text(self.rule.to_owned()),
            4 => Key::Text(self.differs.clone()),
            _ => Key::Number(FIGURES.get(column - WORDS).and_then(|figure| (figure.of)(self))),
        }
    }
}
