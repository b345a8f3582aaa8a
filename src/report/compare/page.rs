//! The page of a comparison: the runs, what tells them apart, curves, verdicts, findings, and the figures layer by layer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::doctor;
use crate::markup::{Cell, Table};
use crate::report::html::{closing, definitions, json_text, opening};
use crate::report::plot::Plot;
use crate::report::svg::{Place, escape, svg};
use crate::report::sweep::FIGURES;
use crate::rvq::param_spec;

use super::figures::{compared, delta_text, layer_rows, unit, value_text};
use super::{Comparison, Member};

/// The whole page, with nothing in it that is fetched from elsewhere and no script.
pub(super) fn page(comparison: &Comparison) -> String {
    let runs = &comparison.runs;
    let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
    let title = match names.as_slice() {
        [one, other] => format!("{one} and {other}"),
        _ => format!("{} runs side by side", names.len()),
    };
    let mut out = opening("comparison", &title);
    for caution in comparison.cautions() {
        let _ = writeln!(out, "<p class=\"edits\"><b>Mind:</b> {}</p>", escape(&caution));
    }
    out.push_str("</header>\n<main>\n");
    section("Runs", &mut out, |out| runs_table(comparison, out));
    section("What differs in parameters", &mut out, |out| parameters(comparison, out));
    section("Curves", &mut out, |out| curves(&comparison.plots(), out));
    section("Verdict by layer", &mut out, |out| verdicts(runs, out));
    section("What the doctor finds", &mut out, |out| findings(runs, out));
    section("Figures by layer", &mut out, |out| layers(runs, out));
    out.push_str("</main>\n<footer>\n<h2>Definitions</h2>\n<dl class=\"definitions\">\n");
    for figure in &FIGURES {
        let (label, key, text) = (escape(figure.label.text()), figure.key, escape(figure.text.text()));
        let _ = writeln!(out, "<dt>{label} <code>{key}</code></dt><dd>{text}</dd>");
    }
    definitions(compared().map(|figure| figure.definition), &mut out);
    closing(comparison.rvqscope, &mut out);
    out
}

fn section(heading: &str, out: &mut String, fill: impl FnOnce(&mut String)) {
    let _ = writeln!(out, "<section>\n<h2>{}</h2>", escape(heading));
    fill(out);
    out.push_str("</section>\n");
}

fn runs_table(comparison: &Comparison, out: &mut String) {
    table_html(&comparison.table(), out);
    out.push_str("<ol class=\"sources\">\n");
    for run in &comparison.runs {
        let paths = run.source.get("paths").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let paths: Vec<&str> = paths.iter().filter_map(Value::as_str).collect();
        let frames = match (run.frames(), paths.len()) {
            (None, _) => "held against no frames".to_owned(),
            (Some(frames), 0..=3) => format!("{frames} {} of {}", run.split_words(), paths.join(", ")),
            (Some(frames), files) => format!("{frames} {} of {files} files", run.split_words()),
        };
        let steps =
            if run.figures.steps > 0 { format!(", step {}", run.figures.steps) } else { String::new() };
        let line = format!("{}: {}{steps}; {frames}", run.name, run.path);
        let _ = writeln!(out, "<li>{}</li>", escape(&line));
    }
    out.push_str("</ol>\n");
}

/// A table as HTML; what is not defined is a dash.
fn table_html(table: &Table, out: &mut String) {
    out.push_str("<div class=\"wide\"><table>\n<thead><tr>");
    for column in &table.columns {
        let unit = if column.unit.is_empty() { String::new() } else { format!(", {}", column.unit) };
        let _ = write!(out, "<th>{}{}</th>", escape(&column.label), escape(&unit));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for cell in row {
            let _ = match cell {
                Cell::Text(text) => write!(out, "<th class=\"name\">{}</th>", escape(text)),
                Cell::Figure { shown, .. } => write!(out, "<td>{}</td>", escape(shown)),
                Cell::Undefined => write!(out, "<td>\u{2013}</td>"),
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

fn parameters(comparison: &Comparison, out: &mut String) {
    if comparison.differing.is_empty() {
        out.push_str("<p>Nothing that the runs tell of.</p>\n");
        return;
    }
    head_of_runs("Parameter", &comparison.runs, out);
    for (key, values) in &comparison.differing {
        let spec = param_spec(key);
        let (label, help) = spec.map_or((key.as_str(), ""), |spec| (spec.label.text(), spec.help.text()));
        let _ = write!(out, "<tr><th class=\"name\" title=\"{}\">{}</th>", escape(help), escape(label));
        for value in values.as_array().map_or(&[][..], Vec::as_slice) {
            let text = if value.is_null() { "\u{2013}".to_owned() } else { json_text(value) };
            let _ = write!(out, "<td>{}</td>", escape(&text));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

fn head_of_runs(first: &str, runs: &[Member], out: &mut String) {
    let _ = write!(out, "<div class=\"wide\"><table>\n<thead><tr><th class=\"name\">{first}</th>");
    for run in runs {
        let _ = write!(out, "<th>{}</th>", escape(&run.name));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
}

fn curves(plots: &[Plot], out: &mut String) {
    if plots.is_empty() {
        out.push_str("<p>No run was held against frames, and no steps of a training are known.</p>\n");
        return;
    }
    out.push_str("<div class=\"plots\">\n");
    for plot in plots {
        let _ = writeln!(
            out,
            "<figure id=\"{0}\"><h3>{1} <small>{2}</small></h3>{3}<figcaption><span class=\"file\">{0}.csv</span></figcaption></figure>",
            escape(&plot.id),
            escape(&plot.title),
            escape(&plot.of),
            svg(plot, Place::Page),
        );
    }
    out.push_str("</div>\n");
}

fn verdicts(runs: &[Member], out: &mut String) {
    for run in runs {
        let _ = writeln!(out, "<h3>{}</h3>\n<ul class=\"verdicts\">", escape(&run.name));
        for verdict in &run.verdicts {
            let _ = writeln!(out, "<li class=\"{}\">{}</li>", escape(&verdict.health), escape(&verdict.line));
        }
        out.push_str("</ul>\n");
    }
}

/// Which finding stands out in which run, the worst first.
fn findings(runs: &[Member], out: &mut String) {
    let mut ids: BTreeMap<(u8, &str), Vec<String>> = BTreeMap::new();
    let text =
        |finding: &'_ Value, key: &str| finding.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    let mut worst: BTreeMap<&str, u8> = BTreeMap::new();
    for finding in runs.iter().flat_map(|run| &run.diagnosis) {
        let Some(id) = finding.get("id").and_then(Value::as_str) else { continue };
        let rank = rank(&text(finding, "severity"));
        worst.entry(id).and_modify(|known| *known = rank.min(*known)).or_insert(rank);
    }
    for (&id, &rank) in &worst {
        let of = |run: &Member| {
            let here: Vec<&Value> =
                run.diagnosis.iter().filter(|f| f.get("id").and_then(Value::as_str) == Some(id)).collect();
            let Some(first) = here.first() else { return "\u{2013}".to_owned() };
            let layers = here.iter().filter_map(|f| f.get("layers")?.as_array()).flatten();
            let mut layers: Vec<u64> = layers.filter_map(|layer| layer.as_u64().map(|l| l + 1)).collect();
            layers.sort_unstable();
            layers.dedup();
            let layers: Vec<String> = layers.iter().map(u64::to_string).collect();
            let severity = text(first, "severity");
            if layers.is_empty() { severity } else { format!("{severity}: layer {}", layers.join(", ")) }
        };
        ids.insert((rank, id), runs.iter().map(of).collect());
    }
    if ids.is_empty() {
        out.push_str("<p>Nothing stands out in any of them.</p>\n");
        return;
    }
    head_of_runs("Finding", runs, out);
    for ((_, id), cells) in ids {
        let title = doctor::check(id).map_or(id, |check| check.title.text());
        let _ = write!(
            out,
            "<tr><th class=\"name\" title=\"{0}\">{1}<br><small>{0}</small></th>",
            escape(id),
            escape(title)
        );
        for cell in cells {
            let _ = write!(out, "<td class=\"words\">{}</td>", escape(&cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

fn rank(severity: &str) -> u8 {
    match severity {
        "severe" => 0,
        "warning" => 1,
        _ => 2,
    }
}

/// Every figure, the runs of a layer below each other, each with its delta against the first.
fn layers(runs: &[Member], out: &mut String) {
    let rows = layer_rows(runs);
    out.push_str("<div class=\"wide\"><table class=\"layers\">\n<thead><tr><th>Layer</th><th class=\"name\">Run</th><th>K</th>");
    for figure in compared() {
        let unit = unit(figure);
        let unit = if unit.is_empty() { String::new() } else { format!(", {unit}") };
        let (text, label) = (escape(figure.definition.text.text()), escape(figure.definition.label.text()));
        let _ = write!(out, "<th title=\"{text}\">{label}{unit}</th>");
    }
    out.push_str("</tr></thead>\n");
    for of_layer in rows.chunk_by(|a, b| a.layer == b.layer) {
        out.push_str("<tbody>");
        for (place, row) in of_layer.iter().enumerate() {
            out.push_str("<tr>");
            if place == 0 {
                let _ = write!(out, "<th rowspan=\"{}\">{}</th>", of_layer.len(), row.layer + 1);
            }
            let name = runs.get(row.run).map_or("", |run| run.name.as_str());
            let codes = row.codes.map_or("\u{2013}".to_owned(), |codes| codes.to_string());
            let _ = write!(out, "<td class=\"name\">{}</td><td>{codes}</td>", escape(name));
            for (figure, (value, delta)) in compared().zip(&row.figures) {
                let value = value.map_or("\u{2013}".to_owned(), |v| value_text(figure.kind, v));
                let delta =
                    delta.map(|delta| format!("<small>{}</small>", escape(&delta_text(figure.kind, delta))));
                let _ = write!(out, "<td>{}{}</td>", escape(&value), delta.unwrap_or_default());
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n");
    }
    out.push_str("</table></div>\n<p class=\"why\">Small figures are the differences to the first run; of shares, in points. <span class=\"file\">layers.csv</span></p>\n");
}
