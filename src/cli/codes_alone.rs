//! Codes without the quantizer that they belong to: what can be said of them all the same.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow};
use serde_json::json;

use crate::io::{AsStored, Codes, Dtype};
use crate::jobs::{self, DataSpec, OpenSpec, OpenedCodes, SizeFrom, Source};
use crate::markup::{Cell, Column, Format, Table};
use crate::metrics::tuples::{collision_rate, prefix_coverage};
use crate::metrics::{LAYER_FIGURES, LayerMetrics, layer_metrics};
use crate::report;
use crate::report::scale::short;

use super::data_alone::{clip_values, clip_words, other_axis_flag, stored_words, to_open_rows};
use super::{Env, print, table};

/// Writes the report of codes: usage, with null wherever codebooks or frames are needed.
pub(super) fn report(codes: &Arc<OpenedCodes>, out: &Path, format: Format, env: &Env) -> Result<()> {
    for finding in codes.findings() {
        env.reporter.note(&finding);
    }
    let report = jobs::report_of_codes(codes);
    let written = report::write(out, &report)?;
    let page = written.first().map(|path| path.display().to_string()).unwrap_or_default();
    let table = usage_table(codes);
    Ok(print(&table::in_form(&table, format, &usage_head(&table), &format!("{page}\n")))?)
}

/// The codes of a file, counted.
pub(super) fn counted(path: &Path, data: DataSpec, env: &Env) -> Result<Arc<OpenedCodes>> {
    let source = Source::Files(vec![PathBuf::from(path)]);
    let spec = OpenSpec { source, data };
    let opened = env.job(|ctx| jobs::open(&spec, ctx))?;
    opened.codes.ok_or_else(|| anyhow!("the file has changed meanwhile: {}", path.display()))
}

/// What a file of codes holds, line by line: how it holds them, and how they are used.
pub(super) fn described(stored: &Codes, codes: &OpenedCodes, path: &Path) -> String {
    let (axis, why) = &codes.time_axis;
    let clips = codes.tokens.clips.iter().map(|clip| (clip.name.as_str(), clip.frames.len()));
    let mut rows = vec![("kind", "codes alone".to_owned())];
    rows.extend(stored_words(&stored.as_stored).map(|words| ("stored as", words)));
    rows.push(("time", format!("the {} axis ({why})", axis.ordinal())));
    rows.extend(codes.tokens.frame_rate_hz.map(|rate| ("frame rate", format!("{} Hz", short(rate, 5)))));
    rows.push(("clips", clip_words(clips)));
    let to_open = to_open(codes, path);
    rows.extend(to_open_rows(&to_open).map(|(label, words)| (label, words.to_owned())));
    let rows: Vec<_> =
        rows.into_iter().map(|(label, text)| (label.to_owned(), super::one_line(&text))).collect();
    let mut text = format!("{}\n{}", super::one_line(&path.display().to_string()), table::labelled(&rows));
    let table = usage_table(codes);
    text.push_str(&table::in_form(&table, Format::Text, &usage_head(&table), ""));
    for finding in codes.findings() {
        let _ = writeln!(text, "note: {}", super::one_line(&finding));
    }
    text
}

/// The same as JSON.
pub(super) fn as_value(stored: &Codes, codes: &OpenedCodes, path: &Path) -> serde_json::Value {
    let layer = |(layer_idx, metrics): (usize, LayerMetrics)| {
        let num_codes = codes.tokens.num_codes.get(layer_idx);
        json!({"codes": num_codes, "dim": null, "usage": metrics})
    };
    let AsStored { dtype, shape } = &stored.as_stored;
    json!({
        "kind": "codes",
        "shape": shape.clone().unwrap_or_else(|| codes.tokens.values.shape().to_vec()),
        "dtype": dtype.map(Dtype::name),
        "frames": codes.tokens.values.ncols(),
        "dim": null,
        "time_axis": codes.time_axis.0,
        "time_axis_reason": codes.time_axis.1.english(),
        "frame_rate_hz": codes.tokens.frame_rate_hz,
        "clips": clip_values(codes.tokens.clips.iter().map(|clip| (clip.name.as_str(), clip.frames.len()))),
        "to_open": to_open(codes, path),
        "largest_code": codes.largest,
        "codebook_size_assumed": codes.size_from == SizeFrom::Assumed,
        "layers": metrics(codes).into_iter().enumerate().map(layer).collect::<Vec<_>>(),
        "tuples": codes.tuples.as_ref().map(|tuples| json!({
            "frames": tuples.frames,
            "distinct": tuples.distinct,
            "collision_rate": collision_rate(tuples),
            "prefix_coverage": prefix_coverage(tuples, &codes.tokens.num_codes),
        })),
        "findings": codes.findings(),
    })
}

/// What it takes to open codes, and how else they can be taken.
fn to_open(codes: &OpenedCodes, path: &Path) -> Vec<String> {
    let name = super::one_line(&path.display().to_string());
    let (layers, frames) = codes.tokens.values.dim();
    let size = if codes.size_from == SizeFrom::Assumed { "; --codes says K" } else { "" };
    let mut to_open = vec![
        format!("nothing more for how they are used: `rvqscope report {name} --out DIR`{size}"),
        format!("the quantizer for frames: `rvqscope decode MODEL {name} --out FRAMES.npy`"),
    ];
    if codes.tokens.clips.len() == 1 && layers > 1 {
        let flag = other_axis_flag(codes.time_axis.0);
        to_open.push(format!("{flag} takes them for {frames} layers of {layers} frames"));
    }
    to_open
}

fn metrics(codes: &OpenedCodes) -> Vec<LayerMetrics> {
    layer_metrics(&codes.evaluation, &[], &[&codes.evaluation])
}

/// How the codes of each layer are used: every figure that codes alone define.
fn usage_table(codes: &OpenedCodes) -> Table {
    let metrics = metrics(codes);
    let is_known =
        |place: &usize| metrics.iter().any(|m| m.figures().nth(*place).is_some_and(|f| f.1.is_some()));
    let shown: Vec<usize> = (0..LAYER_FIGURES.len()).filter(is_known).collect();
    let mut columns = vec![Column::plain("layer", "layer"), Column::plain("codes", "of K")];
    let figures = shown.iter().filter_map(|&place| LAYER_FIGURES.get(place));
    columns.extend(figures.map(|f| Column::plain(f.definition.key, f.heading.to_lowercase())));
    let (layers, frames) = codes.tokens.values.dim();
    let plural = if layers == 1 { "" } else { "s" };
    let mut table = Table::new(format!("{layers} layer{plural} x {frames} frames"), columns);
    for ((layer_idx, layer), &num_codes) in metrics.iter().enumerate().zip(&codes.tokens.num_codes) {
        let mut row = vec![Cell::count(layer_idx + 1), Cell::count(num_codes)];
        let values: Vec<Option<f64>> = layer.figures().map(|(_, value)| value).collect();
        let figure =
            |&place: &usize| Cell::figure(values.get(place).copied().flatten(), |value| short(value, 4));
        row.extend(shown.iter().map(figure));
        table.rows.push(row);
    }
    table
}

/// What the figures are of, as a line above them.
fn usage_head(table: &Table) -> String {
    format!("{}\n", table.caption)
}
