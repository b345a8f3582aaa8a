//! The frames that chose a code as a strip of small pictures, each the way to its place.

use std::sync::{Arc, OnceLock};

use egui::{
    Align2, Color32, FontId, Rect, Role, Sense, Stroke, StrokeKind, TextureHandle, TextureId, Ui, WidgetInfo,
    pos2, vec2,
};

use super::super::data::go_to;
use super::cuts::{AROUND, WIDTH, stretch};
use super::sheet::{Place, Sheet};
use crate::app::PanelCtx;
use crate::app::drawing;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::{grouped, number};
use crate::app::rich::RichHover as _;
use crate::features::FeatureSet;
use crate::jobs::Dataset;
use crate::metrics::portrait::{Member, Members};
use crate::text::t;

/// The size of a picture, and the room for the distance below it.
const SIZE: egui::Vec2 = vec2(52.0, 56.0);
const LINE: f32 = 14.0;
/// Frames that are seen on either side of a stretch that was jumped to.
const SEEN_AROUND: usize = 60;

/// The pictures as they were drawn last.
#[derive(Default)]
pub struct CutStrip {
    texture: Memo<(ByPtr<OnceLock<Sheet>>, bool), Option<TextureHandle>>,
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
            Some(drawing::load(ui.ctx(), "frames of a code", image)) // not a text
        });
        let Some(texture) = texture.as_ref().map(TextureHandle::id) else { return };
        let total = sheet.cuts.len();
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
        (t!("code-strip-nearest"), t!("code-strip-nearest.help"), &members.nearest),
        (t!("code-strip-farthest"), t!("code-strip-farthest.help"), &members.farthest),
        (t!("code-strip-between"), t!("code-strip-between.help"), &members.random),
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
    let name = t!("code-frame-n", frame = grouped(member.frame as i64));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    if response.clicked() {
        go_to(ctx, ui, set, stretch, SEEN_AROUND);
    }
    response.on_hover_ui(|ui| hover_ui(ui, member, set, radius));
}

/// All that is known of a frame.
fn hover_ui(ui: &mut Ui, member: &Member, set: &FeatureSet, radius: Option<f64>) {
    let frame = grouped(member.frame as i64);
    ui.strong(match set.frame_rate_hz {
        Some(rate) => t!("code-frame-at", frame = frame, at = number(member.frame as f64 / rate)),
        None => t!("code-frame-n", frame = frame),
    });
    let nth = set.clips.partition_point(|clip| clip.frames.end <= member.frame);
    if let Some(clip) = set.clips.get(nth).filter(|clip| !clip.name.is_empty()) {
        ui.label(&clip.name);
    }
    let radii = radius.filter(|&radius| radius > 0.0).map(|radius| member.distance / radius);
    let distance = number(member.distance);
    ui.label(match radii {
        Some(radii) => t!("code-frame-distance-radii", distance = distance, radii = number(radii)),
        None => t!("code-frame-distance", distance = distance),
    });
    match (member.runner_up, member.margin()) {
        (Some(other), Some(margin)) => {
            ui.label(t!("code-frame-next", code = other.code, margin = number(margin)))
        }
        _ => ui.label(t!("code-frame-no-other")),
    };
    ui.weak(t!("code-frame-around", n = AROUND));
}
