//! The tables of the page: figures of each layer by frames and by buffers, states of codes, verdicts.

use std::fmt::Write as _;

use crate::metrics::figures::Kind;
use crate::metrics::{
    Definition, EmaMetrics, LAYER_FIGURES, LayerFigure, LayerMetrics, buffers, is_small_sample, usage,
};
use crate::training::{CodeState, SplitKind};

use super::Report;
use super::canvas::escape;
use super::plot::push_line;
use super::scale::{grouped, short};

/// A column of the table of buffers: what it is, its heading, how it is written, and its value.
type EmaColumn = (&'static Definition, &'static str, Kind, fn(&EmaMetrics) -> Option<f64>);

static EMA_COLUMNS: [EmaColumn; 8] = [
    (&buffers::EMA_USED, "Used (EMA)", Kind::Count, |m| m.used.map(|n| n as f64)),
    (&buffers::EMA_UTILIZATION, "Utilization (EMA)", Kind::Share, |m| m.utilization),
    (&buffers::EMA_PERPLEXITY, "Perplexity (EMA)", Kind::Codes, |m| m.perplexity),
    (&buffers::EMA_ENTROPY, "Entropy (EMA), nats", Kind::Number, |m| m.entropy_nats),
    (&buffers::EMA_GINI, "Gini (EMA)", Kind::Number, |m| m.gini),
    (&usage::DEAD_THRESHOLD, "Dead by threshold", Kind::Count, |m| m.dead_threshold.map(|n| n as f64)),
    (&buffers::NEAR_DUPLICATES, "Near-duplicates", Kind::Count, |m| m.near_duplicates.map(|n| n as f64)),
    (&buffers::EFFECTIVE_DIMENSION, "Effective dimension", Kind::Codes, |m| m.effective_dimension),
];

/// One line a layer: healthy or not, why, what to change.
pub(super) fn verdicts(report: &Report, out: &mut String) {
    if report.verdicts.is_empty() {
        return;
    }
    out.push_str("<section>\n<h2>Verdict by layer</h2>\n<ul class=\"verdicts\">\n");
    for verdict in &report.verdicts {
        let _ = writeln!(out, "<li class=\"{}\">{}</li>", verdict.health.key(), escape(&verdict.line()));
    }
    out.push_str("</ul>\n</section>\n");
}

/// The figures of each layer over the frames.
pub(super) fn layers(report: &Report, out: &mut String) {
    if report.totals.best().is_none() {
        return;
    }
    out.push_str("<section>\n<h2>Layers</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>Layer</th><th>K</th><th>Frames</th><th>n</th>");
    for LayerFigure { definition, heading, .. } in LAYER_FIGURES {
        head(definition, heading, out);
    }
    out.push_str("</tr></thead>\n");
    let mut small = None;
    for layer in &report.layers {
        let of = |split| layer.splits.of(split).map(|metrics| (split, metrics));
        let rows: Vec<_> = [SplitKind::HeldOut, SplitKind::Train].into_iter().filter_map(of).collect();
        out.push_str("<tbody>");
        for (place, (split, metrics)) in rows.iter().enumerate() {
            out.push_str("<tr>");
            if place == 0 {
                let (rows, number, codes) = (rows.len(), layer.layer + 1, layer.codes);
                let _ =
                    write!(out, "<th rowspan=\"{rows}\">{number}</th><td rowspan=\"{rows}\">{codes}</td>");
            }
            let few = is_small_sample(metrics.frames, layer.codes);
            if few {
                small = small.max(Some(layer.codes));
            }
            layer_row(report.split_label(*split), metrics, few, out);
            out.push_str("</tr>");
        }
        out.push_str("</tbody>\n");
    }
    out.push_str("</table></div>\n");
    if let Some(num_codes) = small {
        let _ = writeln!(
            out,
            "<p class=\"why\">Grey figures are counted from fewer than 10 K frames (10 x {num_codes} = {}): they say more about the \
             sample than about the quantizer. A truly uniform source would show the utilization beside theirs on that many frames.</p>",
            grouped(10 * num_codes as u64)
        );
    }
    out.push_str("</section>\n");
}

fn layer_row(label: &str, metrics: &LayerMetrics, few: bool, out: &mut String) {
    let _ = write!(out, "<td class=\"split\">{}</td><td>{}</td>", escape(label), grouped(metrics.frames));
    for (figure, value) in metrics.figures() {
        let class = if few && figure.is_biased { " class=\"grey\"" } else { "" };
        let _ = write!(out, "<td{class}>{}</td>", escape(&figure_text(figure.kind, value)));
    }
}

/// The figures of each layer that need no frame.
pub(super) fn buffers(report: &Report, out: &mut String) {
    if report.layers.iter().all(|layer| layer.ema.is_none()) {
        return;
    }
    out.push_str("<section>\n<h2>Codebooks, EMA view</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>Layer</th><th>K</th>");
    for (definition, heading, _, _) in EMA_COLUMNS {
        head(definition, heading, out);
    }
    out.push_str("</tr></thead>\n<tbody>");
    for layer in &report.layers {
        let Some(ema) = &layer.ema else { continue };
        let _ = write!(out, "<tr><th>{}</th><td>{}</td>", layer.layer + 1, layer.codes);
        for (_, _, kind, of) in EMA_COLUMNS {
            let _ = write!(out, "<td>{}</td>", escape(&figure_text(kind, of(ema))));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody>\n</table></div>\n");
    let missing = report.layers.iter().all(|layer| layer.ema.as_ref().is_none_or(|ema| ema.used.is_none()));
    let words = if missing {
        "The model came without EMA sizes, so that its rows are all there is to look at."
    } else {
        "By the EMA cluster sizes that the model holds, which are of the batches it was trained on last, and not of counted frames."
    };
    let _ = writeln!(out, "<p class=\"why\">{words}</p>\n</section>");
}

/// How many codes of each layer are in which state.
pub(super) fn states(report: &Report, out: &mut String) {
    if report.codes.is_empty() {
        return;
    }
    let present: Vec<CodeState> = states_of(report);
    out.push_str("<section>\n<h2>Codes by state</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>Layer</th><th>K</th>");
    for &state in &present {
        let heading = state.label();
        let _ = write!(out, "<th title=\"{}\">{}</th>", escape(state.help()), escape(&capital(heading)));
    }
    out.push_str("</tr></thead>\n<tbody>");
    for (layer_idx, codes) in report.codes.iter().enumerate() {
        let _ = write!(out, "<tr><th>{}</th><td>{}</td>", layer_idx + 1, codes.len());
        for &state in &present {
            let _ = write!(out, "<td>{}</td>", codes.counted(state));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody>\n</table></div>\n");
    let of = report.codes.first().filter(|codes| codes.frames > 0).map_or_else(
        || "Without frames the EMA sizes decide.".to_owned(),
        |codes| format!("Of {}.", codes.frames_words),
    );
    let _ = writeln!(
        out,
        "<p class=\"why\">Every code is in one state, so that a row adds up to K. {of} <span class=\"file\">codes.csv</span></p>\n</section>"
    );
}

/// `layers.csv`: every figure of each layer, by frames and by buffers, the number of codes in each state, and the verdict.
pub(super) fn layers_csv(report: &Report) -> String {
    let mut text = String::new();
    let figures = LAYER_FIGURES.iter().map(|figure| figure.definition.key.to_owned());
    let ema = EMA_COLUMNS.iter().map(|(definition, ..)| definition.key.trim_start_matches("ema_"));
    let names: Vec<String> = ["layer", "codes", "split", "frames"]
        .map(str::to_owned)
        .into_iter()
        .chain(figures)
        .chain(ema.map(|key| format!("ema_{key}")))
        .chain(CodeState::ALL.map(|state| format!("codes_{}", state.key())))
        .chain(["health", "verdict"].map(str::to_owned))
        .collect();
    push_line(&mut text, names.iter().map(String::as_str));
    for (layer_idx, layer) in report.layers.iter().enumerate() {
        let of = |split| layer.splits.of(split).map(|metrics| (report.split_label(split), Some(metrics)));
        let mut rows: Vec<_> = [SplitKind::HeldOut, SplitKind::Train].into_iter().filter_map(of).collect();
        if rows.is_empty() {
            rows.push(("none", None));
        }
        for (label, metrics) in rows {
            let real = |value: Option<f64>| {
                value.filter(|v| v.is_finite()).map_or_else(String::new, |v| v.to_string())
            };
            let mut cells = vec![
                (layer_idx + 1).to_string(),
                layer.codes.to_string(),
                label.to_owned(),
                metrics.map_or(0, |m: &LayerMetrics| m.frames).to_string(),
            ];
            match metrics {
                Some(metrics) => cells.extend(metrics.figures().map(|(_, value)| real(value))),
                None => cells.extend(LAYER_FIGURES.iter().map(|_| String::new())),
            }
            cells.extend(EMA_COLUMNS.iter().map(|(.., of)| real(layer.ema.as_ref().and_then(of))));
            let codes = report.codes.get(layer_idx);
            cells.extend(
                CodeState::ALL.map(|state| codes.map_or_else(String::new, |c| c.counted(state).to_string())),
            );
            let verdict = report.verdicts.get(layer_idx);
            cells.push(verdict.map_or("", |verdict| verdict.health.key()).to_owned());
            cells.push(verdict.map_or_else(String::new, crate::doctor::LayerVerdict::line));
            push_line(&mut text, cells.iter().map(String::as_str));
        }
    }
    text
}

/// The states that any code of the report is in.
fn states_of(report: &Report) -> Vec<CodeState> {
    CodeState::ALL
        .into_iter()
        .filter(|&state| report.codes.iter().any(|codes| codes.counted(state) > 0))
        .collect()
}

fn head(definition: &Definition, heading: &str, out: &mut String) {
    let _ = write!(out, "<th title=\"{}\">{}</th>", escape(definition.text.text()), escape(heading));
}

/// A figure as people read it.
fn figure_text(kind: Kind, value: Option<f64>) -> String {
    let Some(value) = value else { return "none".to_owned() };
    match kind {
        Kind::Count => format!("{value:.0}"),
        Kind::Share => format!("{:.1}\u{2009}%", value * 100.0),
        Kind::Codes => format!("{value:.1}"),
        Kind::Decibels => format!("{value:.2}"),
        Kind::Number => short(value, 4),
    }
}

fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
