//! Codes without the quantizer that they belong to: what can be said of them all the same.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow};
use serde_json::json;

use crate::io::TimeAxis;
use crate::jobs::{self, DataSpec, OpenSpec, OpenedCodes, SizeFrom, Source};
use crate::metrics::{LayerMetrics, is_small_sample, layer_metrics};
use crate::report::scale::short;
use crate::report::{self, Report};
use crate::training::SourceInfo;

use super::{Env, print, table};

/// Writes the report of codes: usage, with null wherever codebooks or frames are needed.
pub(super) fn report(codes: &Arc<OpenedCodes>, out: &Path, env: &Env) -> Result<()> {
    let frames = codes.tokens.values.ncols();
    let source = SourceInfo {
        paths: codes.source.paths(),
        frames,
        frame_rate_hz: codes.tokens.frame_rate_hz,
        ..SourceInfo::default()
    };
    let findings = findings(codes);
    for finding in &findings {
        env.reporter.note(finding);
    }
    let report = Report::of_codes(codes.source.title(), source, &codes.evaluation, findings);
    let written = report::write(out, &report)?;
    let page = written.first().map(|path| path.display().to_string()).unwrap_or_default();
    Ok(print(&format!("{}{page}\n", usage_table(codes)))?)
}

/// Prints what a file of codes holds.
pub(super) fn inspect(path: &Path, as_json: bool, env: &Env) -> Result<()> {
    let source = Source::Files(vec![PathBuf::from(path)]);
    let spec = OpenSpec { source, data: DataSpec::default() };
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
    for finding in findings(&codes) {
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
        "findings": findings(codes),
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

/// What is to be known of figures that no codebook stands behind.
fn findings(codes: &OpenedCodes) -> Vec<String> {
    let mut found = vec![codes.size_note()];
    let most = codes.tokens.num_codes.iter().copied().max().unwrap_or(0);
    if is_small_sample(codes.evaluation.frames, most) {
        found.push(format!(
            "The {} frames are fewer than 10 a code: utilization and perplexity come out too low",
            codes.evaluation.frames
        ));
    }
    found
}

/// How the codes of each layer are used.
fn usage_table(codes: &OpenedCodes) -> String {
    let number = |v: Option<f64>| v.map_or("none".to_owned(), |v| short(v, 4));
    let mut rows = vec![["layer", "used", "of K", "dead", "perplexity", "gini"].map(str::to_owned).to_vec()];
    for ((layer_idx, layer), num_codes) in metrics(codes).iter().enumerate().zip(&codes.tokens.num_codes) {
        rows.push(vec![
            (layer_idx + 1).to_string(),
            layer.used.to_string(),
            num_codes.to_string(),
            layer.dead_corpus.map_or("none".to_owned(), |n| n.to_string()),
            number(layer.perplexity),
            number(layer.gini),
        ]);
    }
    let (layers, frames) = codes.tokens.values.dim();
    let plural = if layers == 1 { "" } else { "s" };
    format!("{layers} layer{plural} x {frames} frames\n{}", table::aligned(&rows))
}
