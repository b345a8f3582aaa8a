//! The page: header, headline figures, findings, the table of layers, plots, and every definition.

use std::fmt::Write as _;

use crate::metrics::{DEFINITIONS, Definition, LayerMetrics, is_small_sample};
use crate::param::ParamSpec;
use crate::rvq::{RvqParams, param_spec};
use crate::training::SplitKind;

use super::canvas::escape;
use super::plot::Size;
use super::plots::Section;
use super::scale::{grouped, short};
use super::svg::{self, Place, svg};
use super::{Report, tables};

static PAGE_STYLE: &str = include_str!("page.css");

/// Paths that the header names; of more, it says how many.
const NAMED_PATHS: usize = 8;

/// The whole page, with nothing in it that is fetched from elsewhere and no script.
pub(super) fn page(report: &Report) -> String {
    let mut out = opening("report", &report.name);
    header(report, &mut out);
    out.push_str("<main>\n");
    headline(report, &mut out);
    findings(report, &mut out);
    tables::verdicts(report, &mut out);
    tables::layers(report, &mut out);
    tables::buffers(report, &mut out);
    tables::states(report, &mut out);
    for section in Section::ALL {
        plots(report, section, &mut out);
    }
    out.push_str("</main>\n");
    footer(report, &mut out);
    out
}

/// A page up to its heading, which stands in an open header; `kind` is what the page is.
pub(super) fn opening(kind: &str, title: &str) -> String {
    let title = escape(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}, rvqscope {kind}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<style>\n{PAGE_STYLE}{}</style>\n</head>\n<body>\n\
         <header>\n<p class=\"brand\">rvqscope {kind}</p>\n<h1>{title}</h1>\n",
        svg::STYLE
    )
}

/// The end of a page whose definitions are being listed in its footer.
pub(super) fn closing(version: &str, out: &mut String) {
    let _ = write!(out, "</dl>\n<p>Made by rvqscope {}</p>\n</footer>\n</body>\n</html>\n", escape(version));
}

fn header(report: &Report, out: &mut String) {
    let Report { source, params, live_edits, .. } = report;
    let named: Vec<String> = source.paths.iter().take(NAMED_PATHS).map(|path| escape(path)).collect();
    let more = source.paths.len().saturating_sub(NAMED_PATHS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let _ = writeln!(out, "<p class=\"paths\">{}{more}</p>", named.join("<br>"));
    out.push_str("<dl class=\"facts\">\n");
    let mut fact = |label: &str, value: String, tip: &str| {
        let (label, value, tip) = (escape(label), escape(&value), escape(tip));
        let _ = writeln!(out, "<div title=\"{tip}\"><dt>{label}</dt><dd>{value}</dd></div>");
    };
    let rate = source.frame_rate_hz.map_or("unknown".to_owned(), |hz| format!("{} Hz", short(hz, 5)));
    fact("Frames", grouped(source.frames as u64), "All frames of the source");
    // Of a model that was trained on none of the frames, there is nothing to divide.
    if source.train_frames > 0 {
        fact("Trained on", grouped(source.train_frames as u64), "Frames that the codebooks were trained on");
        fact("Held out", grouped(source.held_out_frames as u64), "Frames that are kept apart to judge by");
    }
    let dim = if source.dim == 0 { "unknown".to_owned() } else { source.dim.to_string() };
    fact("Dimensions", dim, "Numbers of a frame");
    fact("Frame rate", rate, "Bit rates need it");
    fact("Steps", grouped(report.steps), "Training steps taken");
    fact("Rule", report.rule_label.to_owned(), "How the codebooks are started, moved and replaced");
    for (key, value) in params.iter().filter(|(key, _)| !["rule", "steps"].contains(&key.as_str())) {
        let spec: Option<&ParamSpec<RvqParams>> = param_spec(key);
        let label = spec.map_or(key.as_str(), |spec| spec.label.text());
        fact(label, json_text(value), spec.map_or("", |spec| spec.help.text()));
    }
    out.push_str("</dl>\n");
    if !live_edits.is_empty() {
        out.push_str("<p class=\"edits\"><b>Changed while training:</b> ");
        let edits = live_edits.iter().map(|edit| {
            let label = param_spec(edit.key).map_or(edit.key, |spec| spec.label.text());
            let text = format!(
                "{label} from {} to {} at step {}",
                json_text(&edit.from),
                json_text(&edit.to),
                edit.step
            );
            escape(&text)
        });
        let _ = writeln!(out, "{}</p>", edits.collect::<Vec<_>>().join("; "));
    }
    if let Some(calibration) = &report.calibration {
        let _ = writeln!(out, "<p class=\"edits\"><b>Calibrated:</b> {}</p>", escape(calibration));
    }
    if let Some(course) = &report.course_words {
        let _ = writeln!(out, "<p class=\"edits\"><b>On the way:</b> {}</p>", escape(course));
    }
    out.push_str("</header>\n");
}

fn headline(report: &Report, out: &mut String) {
    let Some((split, totals)) = report.totals.best() else {
        out.push_str("<p class=\"why\">No frames were opened: what stands here is told by the model's file alone. Audio or features of its dimension add errors, and how their frames use the codes.</p>\n");
        return;
    };
    let frames = frames(report, split);
    let small = report.layers.iter().any(|layer| is_small_sample(frames, layer.codes));
    let all: usize = report.layers.iter().map(|layer| layer.codes).sum();
    let metrics: Vec<&LayerMetrics> = report.layers.iter().filter_map(|l| l.splits.of(split)).collect();
    let used: usize = metrics.iter().map(|m| m.used).sum();
    let percent = |v: Option<f64>| v.map(|v| format!("{}\u{2009}%", short(v * 100.0, 4)));
    let cards = [
        (
            "SNR",
            totals.snr_db.map(|v| format!("{} dB", short(v, 4))),
            "behind the last layer",
            false,
            "snr_db",
        ),
        (
            "Explained variance",
            percent(totals.explained_variance),
            "behind the last layer",
            false,
            "explained_variance",
        ),
        (
            "Codes used",
            Some(format!("{} / {}", grouped(used as u64), grouped(all as u64))),
            "in all layers",
            small,
            "used",
        ),
        ("Bit efficiency", percent(totals.bit_efficiency), "of the nominal bits", small, "bit_efficiency"),
        ("Effective rate", totals.effective_kbps.map(kbps), "kbit/s, ideally coded", small, "effective_kbps"),
        ("Nominal rate", totals.nominal_kbps.map(kbps), "kbit/s", false, "nominal_kbps"),
    ];
    out.push_str("<section class=\"cards\">\n");
    for (label, value, what, grey, key) in cards {
        let class = if grey { "card grey" } else { "card" };
        let value = value.unwrap_or_else(|| "none".to_owned());
        let tip = definition(key).map_or("", |d| d.text.text());
        let _ = writeln!(
            out,
            "<div class=\"{class}\" title=\"{}\"><span>{}</span><b>{}</b><small>{}</small></div>",
            escape(tip),
            escape(label),
            escape(&value),
            escape(what)
        );
    }
    let _ = writeln!(
        out,
        "</section>\n<p class=\"why\">Of the {}{}</p>",
        escape(&report.of(split)),
        if small {
            "; what is grey is counted from fewer than 10 frames a code and comes out too low"
        } else {
            ""
        }
    );
}

fn findings(report: &Report, out: &mut String) {
    out.push_str("<section>\n<h2>Findings</h2>\n");
    if report.findings.is_empty() {
        out.push_str("<p>Nothing stands out.</p>\n");
    } else {
        out.push_str("<ul class=\"findings\">\n");
        for finding in &report.diagnosis {
            let _ = writeln!(
                out,
                "<li><b>{}</b> {}<br><small>{}: {}</small></li>",
                finding.severity.label(),
                escape(&finding.sentence()),
                finding.id,
                escape(&finding.evidence())
            );
        }
        for note in report.findings.iter().skip(report.diagnosis.len()) {
            let _ = writeln!(out, "<li>{}</li>", escape(note));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</section>\n");
}

fn plots(report: &Report, section: Section, out: &mut String) {
    let mut inside = report.plots.iter().filter(|(of, _)| *of == section).map(|(_, plot)| plot).peekable();
    let label = escape(section.label());
    if inside.peek().is_none() {
        if section == Section::Training {
            let _ = writeln!(
                out,
                "<section>\n<h2>{label}</h2>\n<p>The model was not trained here, so there are no steps to show.</p>\n</section>"
            );
        }
        return;
    }
    let _ = writeln!(out, "<section>\n<h2>{label}</h2>\n<div class=\"plots\">");
    let mut said = "";
    for plot in inside {
        // What was said of one layer holds for the next.
        let note = if plot.note == said { String::new() } else { with_code(&plot.note) };
        said = &plot.note;
        let _ = writeln!(
            out,
            "<figure id=\"{0}\"{1}><h3>{2} <small>{4}</small></h3>{3}<figcaption>{note} <span class=\"file\">{0}.csv</span></figcaption></figure>",
            escape(&plot.id),
            match plot.size {
                Size::Small => " class=\"small\"",
                Size::Medium => "",
                Size::Wide => " class=\"whole\"",
            },
            escape(&plot.title),
            svg(plot, Place::Page),
            escape(&plot.of)
        );
    }
    out.push_str("</div>\n</section>\n");
}

fn footer(report: &Report, out: &mut String) {
    out.push_str("<footer>\n<h2>Definitions</h2>\n<p>Every figure is of a stated set of frames; n is their number, K the codes of a layer, D the dimensions of a frame, d the decay, N the frames of a batch.</p>\n<dl class=\"definitions\">\n");
    definitions(DEFINITIONS.iter().copied(), out);
    closing(report.rvqscope, out);
}

/// What figures are, as entries of the list that is open.
pub(super) fn definitions(figures: impl Iterator<Item = &'static Definition>, out: &mut String) {
    for Definition { key, label, unit, text } in figures {
        let unit = if unit.is_empty() { String::new() } else { format!(", {unit}") };
        let _ = writeln!(
            out,
            "<dt>{}{} <code>{}</code></dt><dd title=\"{}\">{}</dd>",
            escape(label),
            escape(&unit),
            escape(key),
            escape(text),
            with_code(text)
        );
    }
}

/// The text with what stands between backticks set as code.
fn with_code(text: &str) -> String {
    let mut out = String::new();
    for (i, part) in text.split('`').enumerate() {
        let part = escape(part);
        out.push_str(&if i % 2 == 1 { format!("<code>{part}</code>") } else { part });
    }
    out
}

fn definition(key: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().copied().find(|definition| definition.key == key)
}

fn frames(report: &Report, split: SplitKind) -> u64 {
    report.layers.iter().find_map(|layer| layer.splits.of(split)).map_or(0, |metrics| metrics.frames)
}

fn kbps(value: f64) -> String {
    short(value, 4)
}

/// A parameter's value as people read it.
pub(super) fn json_text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "unknown".to_owned(),
        serde_json::Value::Bool(on) => if *on { "on" } else { "off" }.to_owned(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => {
            number.as_f64().filter(|_| !number.is_u64()).map_or_else(|| number.to_string(), |v| short(v, 6))
        }
        other => other.to_string(),
    }
}
