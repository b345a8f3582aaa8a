//! Codes without the quantizer that they belong to: what can be said of them all the same.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow};
use serde_json::json;

use crate::io::TimeAxis;
use crate::jobs::{self, DataSpec, OpenSpec, OpenedCodes, SizeFrom, Source};
use crate::metrics::tuples::{collision_rate, prefix_coverage};
use crate::metrics::{LAYER_FIGURES, LayerMetrics, layer_metrics};
use crate::report;
use crate::report::scale::short;

use super::{Env, print, table};

/// Writes the report of codes: usage, with null wherever codebooks or frames are needed.
pub(super) fn report(codes: &Arc<OpenedCodes>, out: &Path, env: &Env) -> Result<()> {
    for finding in codes.findings() {
        env.reporter.note(&finding);
    }
    let report = jobs::report_of_codes(codes);
    let written = report::write(out, &report)?;
    let page = written.first().map(|path| path.display().to_string()).unwrap_or_default();
    Ok(print(&format!("{}{page}\n", usage_table(codes)))?)
}

/// Prints what a file of codes holds.
pub(super) fn inspect(path: &Path, data: DataSpec, as_json: bool, env: &Env) -> Result<()> {
    let source = Source::Files(vec![PathBuf::from(path)]);
    let spec = OpenSpec { source, data };
    let opened = env.job(|ctx| jobs::open(&spec, ctx))?;
    let codes = opened.codes.ok_or_else(|| anyhow!("the file has changed meanwhile: {}", path.display()))?;
    if as_json {
        let mut text = serde_json::to_string_pretty(&as_value(&codes))?;
        text.push('\n');
        return Ok(print(&text)?);
    }
    let (axis, why) = &codes.time_axis;
    let mut text = format!("{}\n", super::one_line(&path.display().to_string()));
    let _ = writeln!(text, "codes alone; time is the {} axis ({why})", axis_name(*axis));
    text.push_str(&usage_table(&codes));
    for finding in codes.findings() {
        let _ = writeln!(text, "note: {finding}");
    }
    Ok(print(&text)?)
}

fn as_value(codes: &OpenedCodes) -> serde_json::Value {
    let layer = |(layer_idx, metrics): (usize, LayerMetrics)| {
        let num_codes = codes.tokens.num_codes.get(layer_idx);
        json!({"codes": num_codes, "dim": null, "usage": metrics})
    };
    json!({
        "kind": "codes",
        "frames": codes.tokens.values.ncols(),
        "time_axis": codes.time_axis.0,
        "time_axis_reason": codes.time_axis.1,
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

fn axis_name(axis: TimeAxis) -> &'static str {
    match axis {
        TimeAxis::Rows => "first",
        TimeAxis::Columns => "second",
    }
}

fn metrics(codes: &OpenedCodes) -> Vec<LayerMetrics> {
    layer_metrics(&codes.evaluation, &[], &[&codes.evaluation])
}

/// How the codes of each layer are used: every figure that codes alone define.
fn usage_table(codes: &OpenedCodes) -> String {
    let metrics = metrics(codes);
    let is_known =
        |place: &usize| metrics.iter().any(|m| m.figures().nth(*place).is_some_and(|f| f.1.is_some()));
    let shown: Vec<usize> = (0..LAYER_FIGURES.len()).filter(is_known).collect();
    let headings =
        shown.iter().filter_map(|&place| LAYER_FIGURES.get(place)).map(|f| f.heading.to_lowercase());
    let mut rows = vec![["layer", "of K"].map(str::to_owned).into_iter().chain(headings).collect::<Vec<_>>()];
    for ((layer_idx, layer), num_codes) in metrics.iter().enumerate().zip(&codes.tokens.num_codes) {
        let mut row = vec![(layer_idx + 1).to_string(), num_codes.to_string()];
        let values: Vec<Option<f64>> = layer.figures().map(|(_, value)| value).collect();
        row.extend(shown.iter().map(|&place| {
            values.get(place).copied().flatten().map_or("none".to_owned(), |value| short(value, 4))
        }));
        rows.push(row);
    }
    let (layers, frames) = codes.tokens.values.dim();
    let plural = if layers == 1 { "" } else { "s" };
    format!("{layers} layer{plural} x {frames} frames\n{}", table::aligned(&rows))
}
