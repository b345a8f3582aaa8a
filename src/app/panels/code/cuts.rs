//! Frames that chose a code, each as a small picture with the frames around it.

use std::ops::Range;
use std::sync::Arc;

use egui::{
    Align2, Color32, ColorImage, FontId, Rect, Role, Sense, Stroke, StrokeKind, TextureHandle, TextureId,
    TextureOptions, Ui, WidgetInfo, pos2, vec2,
};

use super::super::data::{ColorScale, Timeline};
use super::sheet::Place;
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::jump_to;
use crate::app::plot::numbers::{count, grouped, number};
use crate::app::rich::RichHover as _;
use crate::features::FeatureSet;
use crate::jobs::Dataset;
use crate::metrics::portrait::{Member, Members};
use crate::session::SelectCommand;

/// Frames that stand on either side.
const AROUND: usize = 6;
const WIDTH: usize = 2 * AROUND + 1;
/// Rows of a picture at the most; of more dimensions, several share a row as their mean.
const MOST_ROWS: usize = 64;
/// The size of a picture, and the room for the distance below it.
const SIZE: egui::Vec2 = vec2(52.0, 56.0);
const LINE: f32 = 14.0;
/// Frames that are seen on either side of a stretch that was jumped to.
const SEEN_AROUND: usize = 60;

/// Pictures as shares of the colour ramp; not a number where there is no frame.
#[derive(Debug, Default, PartialEq)]
pub struct Cuts {
    /// Rows of each picture, the highest dimension on top.
    rows: usize,
    /// `(rows, WIDTH)` each.
    pictures: Vec<Vec<f32>>,
}

/// The pictures as they were drawn last.
#[derive(Default)]
pub struct CutStrip {
    texture: Memo<(ByPtr<std::sync::OnceLock<super::sheet::Sheet>>, bool), Option<TextureHandle>>,
}

impl Cuts {
    /// The frames around each of `frames` within its clip.
    #[must_use]
    pub fn of(set: &FeatureSet, frames: impl Iterator<Item = usize>, scale: ColorScale) -> Self {
        let dim = set.matrix.dim();
        let rows = dim.min(MOST_ROWS);
        let view = set.matrix.view();
        let picture = |frame: usize| {
            let clip = clip_of(set, frame);
            let mut picture = vec![f32::NAN; rows * WIDTH];
            for column in 0..WIDTH {
                let at = (frame + column).checked_sub(AROUND).filter(|at| clip.contains(at));
                let Some(values) = at.filter(|&at| at < view.nrows()).map(|at| view.row(at)) else {
                    continue;
                };
                for row in 0..rows {
                    let part = row * dim / rows..(row + 1) * dim / rows;
                    let len = part.len().max(1) as f32;
                    let mean = values.slice(ndarray::s![part]).sum() / len;
                    picture[(rows - 1 - row) * WIDTH + column] = scale.share(mean);
                }
            }
            picture
        };
        Self { rows, pictures: frames.map(picture).collect() }
    }

    /// All pictures side by side.
    fn paint(&self, color: impl Fn(f32) -> Color32) -> Option<ColorImage> {
        if self.pictures.is_empty() || self.rows == 0 {
            return None;
        }
        let mut pixels = Vec::with_capacity(self.rows * WIDTH * self.pictures.len());
        for row in 0..self.rows {
            for picture in &self.pictures {
                let part = &picture[row * WIDTH..][..WIDTH];
                pixels.extend(part.iter().map(|&v| if v.is_nan() { Color32::TRANSPARENT } else { color(v) }));
            }
        }
        Some(ColorImage::new([WIDTH * self.pictures.len(), self.rows], pixels))
    }
}

/// The frames of the clip that a frame belongs to.
fn clip_of(set: &FeatureSet, frame: usize) -> Range<usize> {
    let nth = set.clips.partition_point(|clip| clip.frames.end <= frame);
    set.clips.get(nth).map_or(frame..frame + 1, |clip| clip.frames.clone())
}

impl CutStrip {
    /// Draws the frames of a code in three groups; a click on one selects the stretch around it and brings the plots over time there.
    pub fn ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        place: &Place,
        dataset: &Arc<Dataset>,
        radius: Option<f64>,
    ) {
        let Some(sheet) = place.get() else { return };
        let Some(Ok(members)) = &sheet.members else { return };
        let palette = ctx.palette;
        let texture = self.texture.get((ByPtr(place.clone()), palette.is_dark), || {
            let image = sheet.cuts.paint(|share| palette.ramp(share))?;
            Some(ui.ctx().load_texture("frames of a code", image, TextureOptions::NEAREST))
        });
        let Some(texture) = texture.as_ref().map(TextureHandle::id) else { return };
        let total = sheet.cuts.pictures.len();
        let mut first = 0;
        for (title, help, group) in groups(members) {
            if group.is_empty() {
                continue;
            }
            ui.add_space(2.0);
            let title = egui::RichText::new(title).size(11.5).color(palette.faint);
            ui.label(title).on_hover_rich(help);
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(5.0, 4.0);
                for (nth, member) in group.iter().enumerate() {
                    let shown = Shown { texture, nth: first + nth, total };
                    cut_ui(ctx, ui, &shown, member, &dataset.set, radius);
                }
            });
            first += group.len();
        }
    }
}

/// The groups in the order of their pictures.
fn groups(members: &Members) -> [(&'static str, &'static str, &[Member]); 3] {
    [
        ("Nearest", "The frames nearest to the row: what the code stands for", &members.nearest),
        (
            "Farthest",
            "The frames farthest from the row: what it has to do for all the same",
            &members.farthest,
        ),
        (
            "Some between, at random",
            "Drawn from those that are left, the same ones each time",
            &members.random,
        ),
    ]
}

/// Where the picture of a frame is.
struct Shown {
    texture: TextureId,
    nth: usize,
    total: usize,
}

fn cut_ui(
    ctx: &PanelCtx<'_>,
    ui: &mut Ui,
    shown: &Shown,
    member: &Member,
    set: &FeatureSet,
    radius: Option<f64>,
) {
    let palette = ctx.palette;
    let (rect, response) = ui.allocate_exact_size(SIZE + vec2(0.0, LINE), Sense::click());
    let picture = Rect::from_min_size(rect.min, SIZE);
    let share = |nth: usize| nth as f32 / shown.total.max(1) as f32;
    let uv = Rect::from_min_max(pos2(share(shown.nth), 0.0), pos2(share(shown.nth + 1), 1.0));
    let painter = ui.painter();
    painter.rect_filled(picture, 0.0, palette.card);
    painter.image(shown.texture, picture, uv, Color32::WHITE);
    // The frame itself stands between two ticks.
    let column = SIZE.x / WIDTH as f32;
    let left = picture.left() + column * AROUND as f32;
    for x in [left, left + column] {
        let tick = Stroke::new(1.0, palette.highlight);
        painter.vline(x, picture.top()..=picture.top() + 4.0, tick);
        painter.vline(x, picture.bottom() - 4.0..=picture.bottom(), tick);
    }
    let stretch = stretch(set, member.frame);
    let is_selected = ctx.session.selection().frames == Some(stretch);
    let edge = if response.hovered() || is_selected { palette.highlight } else { palette.grid };
    painter.rect_stroke(picture, 0.0, Stroke::new(1.0, edge), StrokeKind::Outside);
    let below = pos2(picture.center().x, picture.bottom() + 2.0);
    let font = FontId::proportional(10.5);
    painter.text(below, Align2::CENTER_TOP, number(member.distance), font, palette.faint);
    let name = format!("Frame {}", grouped(member.frame as i64));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    if response.clicked() {
        go_to(ctx, ui, set, stretch);
    }
    response.on_hover_ui(|ui| hover_ui(ui, member, set, radius));
}

/// The frame and those around it within its clip.
fn stretch(set: &FeatureSet, frame: usize) -> (usize, usize) {
    let clip = clip_of(set, frame);
    (frame.saturating_sub(AROUND).max(clip.start), (frame + AROUND + 1).min(clip.end))
}

/// Selects a stretch of frames and brings the plots over time there.
fn go_to(ctx: &PanelCtx<'_>, ui: &Ui, set: &FeatureSet, (from, to): (usize, usize)) {
    ctx.send(SelectCommand::Frames(Some((from, to))));
    let line = Timeline::new(set.frame_rate_hz, set.matrix.num_frames(), &set.clips);
    let end = (to + SEEN_AROUND).min(set.matrix.num_frames());
    jump_to(ui.ctx(), line.at(from.saturating_sub(SEEN_AROUND)), line.at(end));
}

/// All that is known of a frame.
fn hover_ui(ui: &mut Ui, member: &Member, set: &FeatureSet, radius: Option<f64>) {
    let frame = grouped(member.frame as i64);
    ui.strong(match set.frame_rate_hz {
        Some(rate) => format!("Frame {frame} at {} s", number(member.frame as f64 / rate)),
        None => format!("Frame {frame}"),
    });
    let nth = set.clips.partition_point(|clip| clip.frames.end <= member.frame);
    if let Some(clip) = set.clips.get(nth).filter(|clip| !clip.name.is_empty()) {
        ui.label(&clip.name);
    }
    let radii = radius.filter(|&radius| radius > 0.0).map(|radius| member.distance / radius);
    let radii = radii.map_or_else(String::new, |radii| format!(", × {} of the cell's radius", number(radii)));
    ui.label(format!("Distance to the row {}{radii}", number(member.distance)));
    match (member.runner_up, member.margin()) {
        (Some(other), Some(margin)) => {
            ui.label(format!("The next code would be {}, {} farther away", other.code, number(margin)))
        }
        _ => ui.label("There is no other code"),
    };
    let around = count(AROUND as u64, "frame");
    ui.weak(format!("Shown with {around} on either side. Click to select them in Data and Tokens"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Clip, FeatureMatrix};
    use ndarray::Array2;

    fn set(dim: usize) -> FeatureSet {
        let values = Array2::from_shape_fn((40, dim), |(t, d)| (t * 1000 + d) as f32);
        let clip = |name: &str, frames| Clip { name: name.to_owned(), frames };
        FeatureSet {
            matrix: FeatureMatrix::new(values).unwrap(),
            clips: vec![clip("a", 0..10), clip("b", 10..40)],
            frame_rate_hz: Some(100.0),
        }
    }

    #[test]
    fn a_picture_stays_in_its_clip_and_its_highest_dimension_is_on_top() {
        let scale = ColorScale { low: 0.0, high: 40_000.0 };
        let cuts = Cuts::of(&set(3), [12, 25].into_iter(), scale);
        assert_eq!((cuts.rows, cuts.pictures.len()), (3, 2));
        let at = |nth: usize, row: usize, column: usize| cuts.pictures[nth][row * WIDTH + column];
        assert!(at(0, 0, 3).is_nan() && !at(0, 0, 4).is_nan(), "frame 10 is the first of its clip");
        assert_eq!((at(1, 0, AROUND), at(1, 2, AROUND)), (25_002.0 / 40_000.0, 25_000.0 / 40_000.0));
        let image = cuts.paint(|_| Color32::RED).unwrap();
        assert_eq!(image.size, [2 * WIDTH, 3]);
        assert_eq!([image.pixels[3], image.pixels[4]], [Color32::TRANSPARENT, Color32::RED]);
        assert_eq!(Cuts::of(&set(200), [5].into_iter(), scale).rows, MOST_ROWS);
        assert!(Cuts::default().paint(|_| Color32::RED).is_none());
    }

    #[test]
    fn a_stretch_ends_where_its_clip_does() {
        let set = set(1);
        assert_eq!([stretch(&set, 3), stretch(&set, 8), stretch(&set, 39)], [(0, 10), (2, 10), (33, 40)]);
        assert_eq!(stretch(&set, 20), (14, 27));
    }
}
