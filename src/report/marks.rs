//! What stands inside the axes of an SVG: lines, dots, bars and cells, each drawn in no more pieces than there are pixels.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::canvas::{Frame, escape, text, text_width};
use super::plot::{Grid, Mark, Plot, Series, min_max};
use super::scale::{Span, short};

/// Points up to which each has a mark and a tooltip of its own.
const MARKED_POINTS: usize = 48;
/// Stretches that a long line is cut into, each drawn from its smallest to its largest value.
const LINE_BUCKETS: usize = 560;
/// Bars up to which each is drawn; more are drawn in stretches of at least a pixel.
const DRAWN_BARS: usize = 512;
/// Bars up to which each has a tooltip.
const NAMED_BARS: usize = 160;
/// Columns of cells up to which each is drawn; more are drawn in stretches.
const DRAWN_COLUMNS: usize = 1024;
/// Stretches that more columns are cut into.
const COLUMN_BUCKETS: usize = 512;

/// A line through the points, interrupted where one cannot be drawn.
pub(super) fn line(plot: &Plot, series: &Series, x: &Span, y: &Span, frame: Frame, out: &mut String) {
    let mut path = String::new();
    if series.points.len() > 2 * LINE_BUCKETS {
        let ys: Vec<f64> = series.points.iter().map(|p| p[1]).collect();
        for (range, least, most) in min_max(&ys, LINE_BUCKETS) {
            let middle = series.points.get(range.start + range.len() / 2).map_or(f64::NAN, |p| p[0]);
            for value in [least, most] {
                push_point(&mut path, place(x, y, frame, [middle, value]), 'L');
            }
        }
        // Each stretch is joined to the one before, the first to nothing.
        path = path.replacen('L', "M", 1);
    } else {
        let mut pen_up = true;
        for &point in &series.points {
            let placed = place(x, y, frame, point);
            push_point(&mut path, placed, if pen_up { 'M' } else { 'L' });
            pen_up = placed.is_none();
        }
    }
    let dash = if series.mark == Mark::Dashed { " stroke-dasharray=\"5 4\"" } else { "" };
    let name = escape(&series.name);
    let _ = write!(out, "<path class=\"line\" d=\"{path}\"{dash}><title>{name}</title></path>");
    if series.mark == Mark::Line && series.points.len() <= MARKED_POINTS {
        for &point in &series.points {
            if let Some([px, py]) = place(x, y, frame, point) {
                let tip = tooltip(plot, series, point);
                let _ = write!(
                    out,
                    "<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"3.2\" fill=\"currentColor\"><title>{tip}</title></circle>"
                );
            }
        }
    }
}

/// A dot for each point; points on the same half pixel are one dot.
pub(super) fn dots(series: &Series, x: &Span, y: &Span, frame: Frame, out: &mut String) {
    let places: BTreeSet<(i64, i64)> = series
        .points
        .iter()
        .filter_map(|&point| place(x, y, frame, point))
        .map(|[px, py]| ((px * 2.0).round() as i64, (py * 2.0).round() as i64))
        .collect();
    let mut path = String::new();
    for (px, py) in places {
        let _ = write!(path, "M{} {}h0", px as f64 / 2.0, py as f64 / 2.0);
    }
    let name = escape(&series.name);
    let _ = write!(out, "<path class=\"dots\" d=\"{path}\"><title>{name}</title></path>");
}

/// A stroke for each two points, from the first to the second.
pub(super) fn spans(series: &Series, x: &Span, y: &Span, frame: Frame, out: &mut String) {
    let mut path = String::new();
    for pair in series.points.chunks_exact(2) {
        let ends = [place(x, y, frame, pair[0]), place(x, y, frame, pair[1])];
        if let [Some([from_x, from_y]), Some([to_x, to_y])] = ends {
            let _ = write!(path, "M{from_x:.1} {from_y:.1}L{to_x:.1} {to_y:.1}");
        }
    }
    let name = escape(&series.name);
    let _ = write!(out, "<path class=\"line\" d=\"{path}\"><title>{name}</title></path>");
}

/// Bars from zero, the series of index `at.0` among `at.1` that stand side by side.
pub(super) fn bars(
    plot: &Plot,
    series: &Series,
    at: (usize, usize),
    x: &Span,
    y: &Span,
    frame: Frame,
    out: &mut String,
) {
    let base = y.place(0.0).unwrap_or(0.0);
    let top_of =
        |value: f64| y.place(value).map(|share| (frame.y(share.max(base)), frame.y(share.min(base))));
    let unit = x.share_of(1.0) * frame.width;
    if series.points.len() > DRAWN_BARS {
        let ys: Vec<f64> = series.points.iter().map(|p| p[1]).collect();
        let (mut solid, mut pale) = (String::new(), String::new());
        for (range, least, most) in min_max(&ys, (frame.width as usize).clamp(1, DRAWN_BARS)) {
            let first = series.points.get(range.start).and_then(|p| x.place(p[0] - 0.5));
            let last = series.points.get(range.end - 1).and_then(|p| x.place(p[0] + 0.5));
            let (Some(first), Some(last)) = (first, last) else { continue };
            let (left, right) = (frame.x(first), frame.x(last));
            for (path, value) in [(&mut solid, least), (&mut pale, most)] {
                if let Some((high, low)) = top_of(value) {
                    let _ = write!(path, "M{left:.1} {low:.1}V{high:.1}H{right:.1}V{low:.1}z");
                }
            }
        }
        let tip = format!("{}: dark up to the smallest, pale up to the largest of neighbours", series.name);
        let tip = escape(&tip);
        let _ = write!(out, "<path class=\"pale\" d=\"{pale}\"><title>{tip}</title></path>");
        let _ = write!(out, "<path fill=\"currentColor\" d=\"{solid}\"><title>{tip}</title></path>");
        return;
    }
    let share = if at.1 > 1 || series.points.len() <= MARKED_POINTS { 0.8 } else { 1.0 };
    let width = (unit * share / at.1.max(1) as f64).min(42.0);
    for &[value_x, value_y] in &series.points {
        let (Some(middle), Some((high, low))) = (x.place(value_x), top_of(value_y)) else { continue };
        let left = frame.x(middle) + width * (at.0 as f64 - at.1.max(1) as f64 / 2.0);
        let tip = match series.points.len() {
            ..=NAMED_BARS => format!("<title>{}</title>", tooltip(plot, series, [value_x, value_y])),
            _ => String::new(),
        };
        let height = low - high;
        let _ = write!(
            out,
            "<rect x=\"{left:.2}\" y=\"{high:.1}\" width=\"{width:.2}\" height=\"{height:.1}\" fill=\"currentColor\">{tip}</rect>"
        );
    }
}

/// The shades of a grid.
pub(super) fn legend(grid: &Grid, top: &mut f64, out: &mut String, width: f64) {
    let mut names = vec![grid.zero_label.clone()];
    if let (Some(first), Some(last)) = (grid.edges.first(), grid.edges.last()) {
        names.push(format!("< {}", short(*first, 3)));
        names.extend(grid.edges.windows(2).map(|e| format!("{} – {}", short(e[0], 3), short(e[1], 3))));
        names.push(format!("≥ {} {}", short(*last, 3), grid.value_label));
    }
    let mut x = 12.0;
    for (level, name) in names.iter().enumerate() {
        let entry = 20.0 + text_width(name) + 12.0;
        if x + entry > width && x > 12.0 {
            x = 12.0;
            *top += 19.0;
        }
        let _ = write!(
            out,
            "<rect class=\"h{level}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"14\" height=\"12\"/>",
            *top
        );
        text(out, x + 20.0, *top + 11.0, "start", "name", name);
        x += entry;
    }
    *top += 21.0;
}

/// Cells, row by row; of very long rows, stretches, their largest value above and their smallest below.
pub(super) fn grid(plot: &Plot, grid: &Grid, top: f64, height: f64, width: f64, out: &mut String) {
    let columns = grid.rows.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
    let widest = grid.rows.iter().map(|(name, _)| text_width(name)).fold(0.0, f64::max).min(160.0);
    let left = widest + 20.0;
    let frame = Frame { left, top, width: width - left - 18.0, height: height - top - 44.0 };
    let row_height = frame.height / grid.rows.len().max(1) as f64;
    let cell = frame.width / columns.max(1) as f64;
    let mut paths = vec![String::new(); grid.edges.len() + 2];
    let name_every = (16.0 / row_height.max(0.01)).ceil().max(1.0) as usize;
    for (row, (name, values)) in grid.rows.iter().enumerate() {
        let y = frame.top + row as f64 * row_height;
        if row % name_every == 0 {
            text(out, left - 8.0, y + row_height / 2.0 + 4.5, "end", "tick", name);
        }
        let buckets = if columns > DRAWN_COLUMNS { COLUMN_BUCKETS } else { values.len() };
        let inner = if row_height > 4.0 { row_height - 1.5 } else { row_height };
        for (range, least, most) in min_max(values, buckets) {
            let (x, end) = (left + range.start as f64 * cell, left + range.end as f64 * cell);
            let halves = if least == most {
                vec![(most, y, inner)]
            } else {
                vec![(most, y, inner / 2.0), (least, y + inner / 2.0, inner / 2.0)]
            };
            for (value, y, height) in halves {
                if let Some(path) = paths.get_mut(level(grid, value)) {
                    let _ = write!(path, "M{x:.1} {y:.1}H{end:.1}v{height:.1}H{x:.1}z");
                }
            }
        }
    }
    for (level, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
        let _ = write!(out, "<path class=\"h{level}\" d=\"{path}\"/>");
    }
    if plot.is_empty() {
        text(out, frame.x(0.5), frame.y(0.5), "middle", "label", "No data");
    }
    let span = Span::exact(0.0, columns.max(1) as f64, 8);
    let bottom = frame.top + frame.height;
    for &tick in &span.ticks {
        if let Some(share) = span.place(tick) {
            text(out, frame.x(share), bottom + 17.0, "middle", "tick", &short(tick, 6));
        }
    }
    text(out, left + frame.width, bottom + 36.0, "end", "label", &plot.x.full_label());
}

/// Which shade a value has: 0 for nothing, then one more with each edge that it reaches.
fn level(grid: &Grid, value: f64) -> usize {
    if value > 0.0 { 1 + grid.edges.iter().filter(|&&edge| value >= edge).count() } else { 0 }
}

fn place(x: &Span, y: &Span, frame: Frame, [value_x, value_y]: [f64; 2]) -> Option<[f64; 2]> {
    Some([frame.x(x.place(value_x)?), frame.y(y.place(value_y)?)])
}

fn push_point(path: &mut String, point: Option<[f64; 2]>, pen: char) {
    if let Some([x, y]) = point {
        let _ = write!(path, "{pen}{x:.1} {y:.1}");
    }
}

/// "held-out, layer 3: 12.4 dB".
fn tooltip(plot: &Plot, series: &Series, [x, y]: [f64; 2]) -> String {
    let unit = if plot.y.unit.is_empty() { String::new() } else { format!(" {}", plot.y.unit) };
    let place = format!("{} {}", plot.x.label.to_lowercase(), short(x, 6));
    escape(&format!("{}, {place}: {}{unit}", series.name, short(y, 5)))
}
