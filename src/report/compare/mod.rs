//! Several runs side by side: one page, one JSON, one CSV, and tables for papers.
//!
//! A run is taken as its `metrics.json` has it, so that one that was read back from disk and one that was just evaluated say the same. Every
//! delta is against the first run.

mod curves;
mod figures;
mod member;
mod page;

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value};

use super::plot::Plot;
use super::svg::{Place, svg};
use super::sweep::FIGURES;
use super::{make_folder, write_all};
use crate::io::FileError;
use crate::markup::{Cell, Column, Table};

pub use figures::{LayerRow, layer_rows};
pub use member::{Member, SCALARS, Scalar, Verdict};

/// The version of `compare.json`'s layout.
pub const SCHEMA: u32 = 1;

/// Runs side by side. As JSON it is `compare.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The version that made it.
    pub rvqscope: &'static str,
    /// The layout of the file.
    pub schema: u32,
    /// The parameters that are not the same in all runs that know them, with their value in each, in the order of the runs.
    pub differing: Map<String, Value>,
    /// The runs; the first one is what the others are held against.
    pub runs: Vec<Member>,
}

impl Comparison {
    /// Of `runs`, whose names are made to differ.
    #[must_use]
    pub fn new(mut runs: Vec<Member>) -> Self {
        member::tell_apart(&mut runs);
        member::choose_view(&mut runs);
        Self { rvqscope: env!("CARGO_PKG_VERSION"), schema: SCHEMA, differing: differing(&runs), runs }
    }

    /// A row for each run: its figures over all layers, and by how much its SNR is above that of the first.
    #[must_use]
    pub fn table(&self) -> Table {
        let mut columns = vec![Column::plain("run", "run"), Column::plain("frames", "frames")];
        columns.extend(FIGURES.iter().map(|figure| Column::of(figure.key, figure.label, figure.unit.text())));
        columns.push(Column::of("delta_snr_db", "\u{394} SNR", "dB"));
        let mut table = Table::new(format!("{} runs side by side", self.runs.len()), columns);
        let snr = |run: &Member| FIGURES.first().and_then(|figure| (figure.of)(&run.figures));
        let first = self.runs.first().and_then(snr);
        for (place, run) in self.runs.iter().enumerate() {
            let mut row = vec![
                Cell::from(run.name.as_str()),
                Cell::figure(run.frames().map(|n| n as f64), |n| n.to_string()),
            ];
            row.extend(FIGURES.iter().map(|figure| {
                Cell::figure((figure.of)(&run.figures), |value| format!("{value:.0$}", figure.decimals))
            }));
            let delta = first.filter(|_| place > 0).zip(snr(run)).map(|(first, own)| own - first);
            row.push(Cell::figure(delta, |value| format!("{value:+.2}")));
            table.rows.push(row);
        }
        table
    }

    /// What makes the figures of the runs hard to compare, a sentence each.
    #[must_use]
    pub fn cautions(&self) -> Vec<String> {
        let mut said = Vec::new();
        let judged: Vec<String> = self.runs.iter().filter_map(Member::judged_by).collect();
        if judged.windows(2).any(|pair| pair[0] != pair[1]) {
            said.push(
                "The runs are not judged by the same frames: a difference is one of the frames too. Model files and stored runs are judged by the same \
                 frames where data are named"
                    .to_owned(),
            );
        }
        let without = self.runs.iter().filter(|run| run.frames().is_none()).count();
        if without > 0 && without == self.runs.len() {
            said.push(
                "No run was held against frames: its figures are of the EMA view, by the sizes of the batches it was trained on last".to_owned(),
            );
        } else if without > 0 {
            said.push(format!("{without} of {} runs were held against no frames", self.runs.len()));
        }
        said
    }

    /// `compare.json`. Its keys are always the same, in the same order.
    #[must_use]
    pub fn json(&self) -> String {
        // It holds nothing that JSON cannot say.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// `compare.html`: one page that needs nothing else.
    #[must_use]
    pub fn html(&self) -> String {
        page::page(self)
    }

    /// The curves of all runs, one plot for each figure.
    #[must_use]
    pub fn plots(&self) -> Vec<Plot> {
        curves::plots(&self.runs)
    }
}

/// Writes a comparison into the folder `dir`, which is made where only its last part is missing, and gives the files, the page first.
///
/// # Errors
/// The folder cannot be made or a file not be written; each file is whole or as it was.
pub fn write(dir: &Path, comparison: &Comparison) -> Result<Vec<PathBuf>, FileError> {
    make_folder(dir)?;
    let (runs, layers) = (comparison.table(), figures::table(&comparison.runs));
    let for_papers = figures::short_table(&comparison.runs);
    let mut files = [
        ("compare.html", comparison.html()),
        ("compare.json", comparison.json()),
        ("runs.csv", runs.csv()),
        ("runs.md", runs.markdown()),
        ("runs.tex", runs.latex()),
        ("layers.csv", layers.csv()),
        ("layers.md", for_papers.markdown()),
        ("layers.tex", for_papers.latex()),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .to_vec();
    for plot in comparison.plots() {
        files.push((format!("{}.csv", plot.id), plot.csv()));
        files.push((format!("{}.svg", plot.id), svg(&plot, Place::Alone)));
    }
    write_all(dir, files)
}

/// The parameters that are not the same in all runs that have them, with the value of each run; null where it has none.
fn differing(runs: &[Member]) -> Map<String, Value> {
    let own = |run: &Member| {
        Some(run.figures.params.iter().map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>())
    };
    let params: Vec<Option<Vec<(String, Value)>>> = runs.iter().map(own).collect();
    let of = |run: &Member, key: &str| run.figures.params.get(key).cloned().unwrap_or(Value::Null);
    let keys = crate::training::differing(&params).into_iter();
    keys.map(|key| (key.to_owned(), runs.iter().map(|run| of(run, key)).collect())).collect()
}
