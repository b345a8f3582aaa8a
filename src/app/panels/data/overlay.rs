//! What lies over waveform and features alike: clips and their names, what is held out, what is selected.

use egui::text::{LayoutJob, TextWrapping};
use egui::{FontId, Rect, Stroke, Ui, pos2};
use egui_plot::PlotPoint;

use super::Timeline;
use crate::app::Palette;
use crate::app::plot::Drawn;
use crate::features::Split;

/// Clips narrower than this have no name, and where they are narrower than a few pixels, no border.
const NAME_FROM: f32 = 36.0;
const BORDER_FROM: f32 = 4.0;

/// Draws it over the area of a plot.
pub(in crate::app::panels) fn overlay_ui(
    ui: &Ui,
    palette: &Palette,
    drawn: &Drawn,
    line: &Timeline<'_>,
    split: &Split,
    selected: Option<(usize, usize)>,
    names: bool,
) {
    let area = drawn.response.rect;
    let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
    let x = |frame: usize| drawn.transform.position_from_point(&PlotPoint::new(line.at(frame), 0.0)).x;
    let between = |from: usize, to: usize| {
        Rect::from_min_max(pos2(x(from), area.top()), pos2(x(to).max(x(from) + 1.0), area.bottom()))
    };
    let bounds = drawn.transform.bounds();
    let (first, last) = (line.frame(bounds.min()[0]), line.frame(bounds.max()[0]));
    let start = split.held_out.partition_point(|range| range.end <= first);
    for range in split.held_out[start..].iter().take_while(|range| range.start <= last) {
        let rect = between(range.start, range.end);
        painter.rect_filled(rect, 0.0, palette.held_out.gamma_multiply(0.13));
        let strip = Rect::from_min_max(pos2(rect.left(), area.bottom() - 3.0), rect.right_bottom());
        painter.rect_filled(strip, 0.0, palette.held_out);
    }
    borders_ui(ui, drawn, line, Stroke::new(1.0, palette.faint.gamma_multiply(0.6)));
    let start = line.clips.partition_point(|clip| clip.frames.end <= first);
    let named = if names && line.clips.len() > 1 { &line.clips[start..] } else { &[] };
    for clip in named.iter().take_while(|clip| clip.frames.start <= last) {
        let rect = between(clip.frames.start, clip.frames.end);
        let (left, right) = (rect.left().max(area.left()), rect.right().min(area.right()));
        if right - left >= NAME_FROM {
            let mut job =
                LayoutJob::simple_singleline(clip.name.clone(), FontId::proportional(10.0), palette.faint);
            job.wrap = TextWrapping::truncate_at_width(right - left - 6.0);
            let galley = painter.layout_job(job);
            painter.galley(pos2(left + 4.0, area.top() + 2.0), galley, palette.faint);
        }
    }
    if let Some((from, to)) = selected {
        let rect = between(from, to);
        painter.rect_filled(rect, 0.0, palette.second.gamma_multiply(0.22));
        for edge in [rect.left(), rect.right()] {
            painter.vline(edge, area.y_range(), Stroke::new(1.5, palette.second));
        }
    }
}

/// Draws the borders between clips that are wide enough to be told apart.
pub(in crate::app::panels) fn borders_ui(ui: &Ui, drawn: &Drawn, line: &Timeline<'_>, stroke: Stroke) {
    let area = drawn.response.rect;
    let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
    let x = |frame: usize| drawn.transform.position_from_point(&PlotPoint::new(line.at(frame), 0.0)).x;
    let bounds = drawn.transform.bounds();
    let (first, last) = (line.frame(bounds.min()[0]), line.frame(bounds.max()[0]));
    let start = line.clips.partition_point(|clip| clip.frames.end <= first);
    for clip in line.clips[start..].iter().take_while(|clip| clip.frames.start <= last) {
        let (left, right) = (x(clip.frames.start), x(clip.frames.end));
        if right - left >= BORDER_FROM && clip.frames.start > 0 {
            painter.vline(left, area.y_range(), stroke);
        }
    }
}
