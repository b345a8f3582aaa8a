//! Plots as SVG: self-contained, readable on light and on dark ground, every text escaped.

use std::fmt::Write as _;

pub use super::canvas::escape;
use super::canvas::{FONT_PX, Frame, text, text_width};
use super::marks;
use super::plot::{Axis, Content, Mark, Plot, Series, Size, Tone};
use super::scale::{Span, short};

/// Where an SVG is going to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a file of its own, with its style, its ground and its title.
    Alone,
    /// In a page that has [`STYLE`] and shows the title itself.
    Page,
}

/// What [`svg`] takes for granted of the page that it stands in.
pub static STYLE: &str = include_str!("plot.css");

/// Names in a legend; of more series, evenly spread ones are named.
const LEGEND_NAMES: usize = 8;

/// Width and height in pixels, chosen so that texts are equally large in plots of all sizes that stand on one page.
fn pixels(size: Size) -> (f64, f64) {
    match size {
        Size::Small => (400.0, 250.0),
        Size::Medium => (620.0, 320.0),
        Size::Wide => (1260.0, 320.0),
    }
}

/// Draws `plot`. What cannot be drawn is left out; without any value the axes stand around the words "No data".
#[must_use]
pub fn svg(plot: &Plot, place: Place) -> String {
    let mut out = String::new();
    let alone = if plot.of.is_empty() { 40.0 } else { 58.0 };
    let mut top = if place == Place::Alone { alone } else { 8.0 };
    let mut body = String::new();
    let (width, height) = pixels(plot.size);
    legend(plot, width, &mut top, &mut body);
    text(&mut body, 12.0, top + FONT_PX, "start", "label", &plot.y.full_label());
    top += FONT_PX + 12.0;
    let height = match &plot.content {
        Content::Series(_) if place == Place::Alone && !plot.of.is_empty() => height + 18.0,
        Content::Series(_) => height,
        Content::Grid(grid) => top + 44.0 + (grid.rows.len() as f64 * 22.0).clamp(60.0, 640.0),
    };
    match &plot.content {
        Content::Series(series) => draw_series(plot, series, top, (width, height), &mut body),
        Content::Grid(grid) => marks::grid(plot, grid, top, height, width, &mut body),
    }
    let label = escape(&plot.full_title());
    let _ = write!(
        out,
        "<svg class=\"plot\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height:.0}\" role=\"img\" aria-label=\"{label}\""
    );
    if place == Place::Alone {
        let _ = write!(out, " width=\"{width}\" height=\"{height:.0}\"><style>{STYLE}</style>");
        let _ = write!(out, "<rect class=\"ground\" width=\"{width}\" height=\"{height:.0}\"/>");
        text(&mut out, 12.0, 25.0, "start", "title", &plot.title);
        text(&mut out, 12.0, 43.0, "start", "label", &plot.of);
    } else {
        out.push('>');
    }
    out.push_str(&body);
    out.push_str("</svg>");
    out
}

/// The attribute that gives a group its colour.
pub(super) fn colour(tone: Tone) -> String {
    match tone {
        Tone::Ramp(at) => format!("color=\"{}\"", ramp(at)),
        Tone::HeldOut => "class=\"c-held\"".to_owned(),
        Tone::Train => "class=\"c-train\"".to_owned(),
        Tone::Warn => "class=\"c-warn\"".to_owned(),
        Tone::Muted => "class=\"c-muted\"".to_owned(),
    }
}

/// Colours of the same middling lightness, so that each can be told from white and from black.
fn ramp(at: f64) -> String {
    const STOPS: [[f64; 3]; 5] = [
        [71.0, 97.0, 206.0],
        [31.0, 143.0, 184.0],
        [48.0, 158.0, 106.0],
        [192.0, 140.0, 36.0],
        [206.0, 84.0, 66.0],
    ];
    let place = if at.is_finite() { at.clamp(0.0, 1.0) } else { 0.0 } * (STOPS.len() - 1) as f64;
    let first = (place as usize).min(STOPS.len() - 2);
    let share = place - first as f64;
    let [r, g, b] = std::array::from_fn(|i| {
        let mixed = STOPS[first][i] * (1.0 - share) + STOPS[first + 1][i] * share;
        mixed.round() as u8
    });
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn legend(plot: &Plot, total_width: f64, top: &mut f64, out: &mut String) {
    let entries: Vec<(String, &str, bool)> = match &plot.content {
        Content::Series(series) if series.len() < 2 => return,
        Content::Series(series) => {
            let every = series.len().div_ceil(LEGEND_NAMES);
            let named = series.iter().enumerate().filter(|(i, _)| i % every == 0 || i + 1 == series.len());
            named.map(|(_, s)| (colour(s.tone), s.name.as_str(), s.mark == Mark::Dashed)).collect()
        }
        Content::Grid(grid) => {
            marks::legend(grid, top, out, total_width);
            return;
        }
    };
    let mut x = 12.0;
    for (colour, name, dashed) in entries {
        let width = 18.0 + text_width(name) + 9.0;
        if x + width > total_width && x > 12.0 {
            x = 12.0;
            *top += FONT_PX + 6.0;
        }
        let y = *top + FONT_PX * 0.6;
        let dash = if dashed { " stroke-dasharray=\"4 3\"" } else { "" };
        let _ = write!(
            out,
            "<g {colour}><path d=\"M{x:.1} {y:.1}h13\" stroke=\"currentColor\" stroke-width=\"4\"{dash}/></g>"
        );
        text(out, x + 18.0, *top + FONT_PX * 0.95, "start", "name", name);
        x += width;
    }
    *top += FONT_PX + 11.0;
}

fn draw_series(plot: &Plot, series: &[Series], top: f64, (width, height): (f64, f64), out: &mut String) {
    let bars = series.iter().any(|s| s.mark == Mark::Bars);
    // A value counts for an axis only where its point can be drawn at all.
    let points = series.iter().flat_map(|s| &s.points).filter(|p| p[0].is_finite() && p[1].is_finite());
    let xs = points.clone().map(|p| p[0]);
    let ys = points.map(|p| p[1]).chain(bars.then_some(0.0));
    let y_span = Span::fit(plot.y.scale, plot.y.whole, 5, ys);
    let x_span = x_span(&plot.x, xs, bars);
    let labels: Vec<String> = y_span.ticks.iter().map(|&t| short(t, 4)).collect();
    let widest = labels.iter().map(|l| text_width(l)).fold(0.0, f64::max);
    let left = (widest + 18.0).max(34.0);
    let frame = Frame { left, top, width: width - left - 18.0, height: height - top - 44.0 };
    axes(plot, &x_span, &y_span, &labels, frame, out);
    if plot.is_empty() {
        let (x, y) = (frame.x(0.5), frame.y(0.5));
        text(out, x, y, "middle", "label", "No data");
    }
    let num_bars = series.iter().filter(|s| s.mark == Mark::Bars).count();
    let mut bar_idx = 0;
    for one in series {
        let _ = write!(out, "<g {}>", colour(one.tone));
        match one.mark {
            Mark::Line | Mark::Dashed => marks::line(plot, one, &x_span, &y_span, frame, out),
            Mark::Dots => marks::dots(one, &x_span, &y_span, frame, out),
            Mark::Spans => marks::spans(one, &x_span, &y_span, frame, out),
            Mark::Bars => {
                marks::bars(plot, one, (bar_idx, num_bars), &x_span, &y_span, frame, out);
                bar_idx += 1;
            }
        }
        out.push_str("</g>");
    }
}

fn x_span(axis: &Axis, values: impl Iterator<Item = f64> + Clone, bars: bool) -> Span {
    if !axis.whole || axis.scale == super::plot::Scale::Log {
        return Span::fit(axis.scale, axis.whole, 7, values);
    }
    // Layers, codes and steps are counted: the axis ends with the first and the last.
    let finite = values.filter(|v| v.is_finite()).map(|v| v.clamp(-1e15, 1e15));
    let (least, most) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
    if least > most {
        return Span::fit(axis.scale, true, 7, std::iter::empty());
    }
    let room = if bars || most - least < 1.0 { 0.5 } else { (most - least) * 0.012 };
    Span::exact(least - room, most + room, 8)
}

fn axes(plot: &Plot, x: &Span, y: &Span, y_labels: &[String], frame: Frame, out: &mut String) {
    let (left, right, bottom) = (frame.left, frame.left + frame.width, frame.top + frame.height);
    for (&tick, label) in y.ticks.iter().zip(y_labels) {
        let Some(at) = y.place(tick).map(|share| frame.y(share)) else { continue };
        let _ = write!(out, "<path class=\"grid\" d=\"M{left:.1} {at:.1}H{right:.1}\"/>");
        text(out, left - 7.0, at + FONT_PX * 0.35, "end", "tick", label);
    }
    let mut free_from = f64::NEG_INFINITY;
    for &tick in &x.ticks {
        let Some(at) = x.place(tick).map(|share| frame.x(share)) else { continue };
        let label = short(tick, 6);
        let half = text_width(&label) / 2.0;
        let _ = write!(out, "<path class=\"axis\" d=\"M{at:.1} {bottom:.1}v4\"/>");
        if at - half > free_from {
            text(out, at, bottom + 18.0, "middle", "tick", &label);
            free_from = at + half + 6.0;
        }
    }
    let _ = write!(out, "<path class=\"axis\" d=\"M{left:.1} {bottom:.1}H{right:.1}\"/>");
    text(out, right, bottom + 36.0, "end", "label", &plot.x.full_label());
}
