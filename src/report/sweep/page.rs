//! The page of a sweep: the plot of rate against distortion, the grid of axes and figures, and every run.

use std::fmt::Write as _;

use serde_json::Value;

use crate::report::html::{closing, opening};
use crate::report::plot::{Axis, Content, Mark, Plot, Series, Size, Tone};
use crate::report::svg::{Place, escape, svg};
use crate::rvq::param_spec;

use super::figures::split_key;
use super::{FIGURES, Group, Sweep, SweepState, front, groups};

/// The whole page, with nothing in it that is fetched from elsewhere and no script.
pub(super) fn page(sweep: &Sweep) -> String {
    let mut out = opening("sweep", &title(sweep));
    facts(sweep, &mut out);
    out.push_str("</header>\n<main>\n");
    let groups = groups(sweep);
    let plot = rate_distortion(sweep);
    let _ = writeln!(
        out,
        "<section>\n<h2>{}</h2>\n<div class=\"plots\"><figure class=\"whole\">{}<figcaption>{}</figcaption></figure></div>\n</section>",
        escape(&plot.title),
        svg(&plot, Place::Page),
        escape(&plot.note)
    );
    grid(sweep, &groups, &mut out);
    runs(sweep, &mut out);
    out.push_str("</main>\n<footer>\n<h2>Definitions</h2>\n<dl class=\"definitions\">\n");
    for figure in &FIGURES {
        let _ = writeln!(
            out,
            "<dt>{} <code>{}</code></dt><dd>{}</dd>",
            escape(&head(figure.label.text(), figure.unit.text())),
            figure.key,
            escape(figure.text.text())
        );
    }
    closing(sweep.rvqscope, &mut out);
    out
}

/// What is swept, in a few words.
fn title(sweep: &Sweep) -> String {
    let axes: Vec<&str> = sweep.axes.iter().map(|axis| axis.flag.as_str()).collect();
    if axes.is_empty() { "Seeds".to_owned() } else { format!("Sweep over {}", axes.join(", ")) }
}

/// What the figures of the runs are of: frames held out, or trained on.
fn frames_of(sweep: &Sweep) -> &'static str {
    let done = sweep.runs.iter().find(|run| run.state == SweepState::Done);
    match done.map(split_key) {
        Some("train") => "trained",
        _ => "held-out",
    }
}

fn head(label: &str, unit: &str) -> String {
    if unit.is_empty() { label.to_owned() } else { format!("{label}, {unit}") }
}

fn facts(sweep: &Sweep, out: &mut String) {
    let paths = sweep.source.get("paths").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let paths: Vec<String> = paths.iter().filter_map(Value::as_str).map(escape).collect();
    let _ = writeln!(out, "<p class=\"paths\">{}</p>", paths.join("<br>"));
    out.push_str("<dl class=\"facts\">\n");
    let mut fact = |label: &str, value: &str| {
        let _ = writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", escape(label), escape(value));
    };
    let mut number = |label: &str, key: &str| {
        if let Some(value) = sweep.source.get(key).filter(|value| !value.is_null()) {
            fact(label, &value.to_string());
        }
    };
    number("Frames", "frames");
    number("Trained on", "train_frames");
    number("Held out", "held_out_frames");
    number("Dimensions", "dim");
    let words = SWEEP_STATES.map(|state| (sweep.count(state), state.label()));
    let words = words.iter().filter(|(count, _)| *count > 0).map(|(count, label)| format!("{count} {label}"));
    fact("Runs", &words.collect::<Vec<_>>().join(", "));
    for axis in &sweep.axes {
        fact(&axis.flag, &axis.values.join(", "));
    }
    for (key, value) in shared(sweep) {
        let label = param_spec(key).map_or(key, |spec| spec.label.text());
        fact(label, value.as_str().unwrap_or(&value.to_string()));
    }
    let is_plain = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
    for (key, value) in sweep.settings.iter().filter(|(_, value)| is_plain(value)) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        fact(&key.replace('_', " "), &value);
    }
    out.push_str("</dl>\n");
}

/// The parameters that are the same in all runs.
fn shared(sweep: &Sweep) -> Vec<(&str, &Value)> {
    let Some((first, others)) = sweep.runs.split_first() else { return Vec::new() };
    let is_shared =
        |(key, value): &(&String, &Value)| others.iter().all(|run| run.params.get(*key) == Some(value));
    first.params.iter().filter(is_shared).map(|(key, value)| (key.as_str(), value)).collect()
}

static SWEEP_STATES: [SweepState; 3] = [SweepState::Done, SweepState::Failed, SweepState::Planned];

/// Bits a frame against SNR: a point for each combination of values, with its spread over seeds, and the line of those that none beats.
#[must_use]
pub fn rate_distortion(sweep: &Sweep) -> Plot {
    let groups = groups(sweep);
    let mut spans = Vec::new();
    let mut series = Vec::new();
    for (place, group) in groups.iter().enumerate() {
        let Some((bits, snr)) = group.point() else { continue };
        if let (Some(bits_off), Some(snr_off)) = (bits.deviation, snr.deviation) {
            spans.extend([[bits.mean - bits_off, snr.mean], [bits.mean + bits_off, snr.mean]]);
            spans.extend([[bits.mean, snr.mean - snr_off], [bits.mean, snr.mean + snr_off]]);
        }
        let at = place as f64 / (groups.len() - 1).max(1) as f64;
        let points = vec![[bits.mean, snr.mean]];
        series.push(Series { name: name(sweep, group), mark: Mark::Line, tone: Tone::Ramp(at), points });
    }
    if !spans.is_empty() {
        let name = "One standard deviation over seeds".to_owned();
        series.push(Series { name, mark: Mark::Spans, tone: Tone::Muted, points: spans });
    }
    let on_front = front(&groups);
    if on_front.len() > 1 {
        let points = on_front.iter().filter_map(|&place| groups.get(place)?.point());
        let points = points.map(|(bits, snr)| [bits.mean, snr.mean]).collect();
        let name = "Not beaten in both".to_owned();
        series.push(Series { name, mark: Mark::Dashed, tone: Tone::Muted, points });
    }
    let frames = frames_of(sweep);
    Plot {
        id: "rate_distortion".to_owned(),
        title: "Rate and distortion".to_owned(),
        of: format!("{frames} frames, all layers, at the end of each run"),
        note: "A point is the mean over the seeds. Bits are the sum of the layers' entropies; more SNR for fewer bits is better.".to_owned(),
        size: Size::Wide,
        x: Axis::linear("Entropy", "bits a frame"),
        y: Axis::linear(&format!("SNR of {frames} frames"), "dB"),
        content: Content::Series(series),
    }
}

/// In what a group differs.
fn name(sweep: &Sweep, group: &Group<'_>) -> String {
    if group.values.is_empty() {
        return "all seeds".to_owned();
    }
    let words = sweep.axes.iter().zip(group.values).map(|(axis, value)| format!("{} {value}", axis.flag));
    words.collect::<Vec<_>>().join(", ")
}

fn grid(sweep: &Sweep, groups: &[Group<'_>], out: &mut String) {
    let on_front = front(groups);
    let _ = write!(
        out,
        "<section>\n<h2>Figures by combination, {} frames</h2>\n<div class=\"wide\"><table>\n<thead><tr>",
        frames_of(sweep)
    );
    for axis in &sweep.axes {
        let _ = write!(out, "<th>{}</th>", escape(&axis.flag));
    }
    out.push_str("<th title=\"Runs that have ended, of those planned\">Runs</th>");
    for figure in &FIGURES {
        let _ = write!(
            out,
            "<th title=\"{}\">{}</th>",
            escape(figure.text.text()),
            escape(&head(figure.label.text(), figure.unit.text()))
        );
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for (place, group) in groups.iter().enumerate() {
        out.push_str("<tr>");
        for value in group.values {
            let _ = write!(out, "<th>{}</th>", escape(value));
        }
        let done = group.runs.iter().filter(|run| run.state == SweepState::Done).count();
        let _ = write!(out, "<td>{done} of {}</td>", group.runs.len());
        for figure in &FIGURES {
            let words =
                group.spread(figure).map_or("none".to_owned(), |spread| spread.words(figure.decimals));
            let words = escape(&words);
            // What no other combination beats in both is set in bold where it is SNR or bits.
            let is_best = on_front.contains(&place) && ["snr_db", "bits_per_frame"].contains(&figure.key);
            let _ = if is_best {
                write!(out, "<td><b>{words}</b></td>")
            } else {
                write!(out, "<td>{words}</td>")
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n<p class=\"why\">Mean ± standard deviation over the seeds. In bold: no other combination has both more SNR and fewer bits.</p>\n</section>\n");
}

fn runs(sweep: &Sweep, out: &mut String) {
    out.push_str("<section>\n<h2>Runs</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>Run</th><th>State</th><th>Steps</th>");
    for figure in &FIGURES {
        let _ = write!(out, "<th>{}</th>", escape(&head(figure.label.text(), figure.unit.text())));
    }
    out.push_str("<th>Model</th></tr></thead>\n<tbody>\n");
    for run in &sweep.runs {
        let _ = write!(
            out,
            "<tr><th>{}</th><td>{}</td><td>{}</td>",
            escape(&run.label),
            run.state.label(),
            run.steps
        );
        for figure in &FIGURES {
            let value = (figure.of)(run).map_or("none".to_owned(), |v| format!("{v:.0$}", figure.decimals));
            let _ = write!(out, "<td>{value}</td>");
        }
        let last = run.model.as_deref().or(run.error.as_deref()).unwrap_or("");
        let _ = writeln!(out, "<td>{}</td></tr>", escape(last));
    }
    out.push_str("</tbody></table></div>\n</section>\n");
}
