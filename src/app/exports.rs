//! Pictures of panels: asked for, cut out of the window's, and handed to the dialog that asks where they go.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use egui::{ColorImage, Context, Rect};

use crate::session::Severity;
use crate::text::phrase;

use super::Layout;
use super::dialogs::{Dialogs, Wanted};
use super::drawing::{self, Mark};

/// Pictures that were asked for.
pub struct Exports {
    tell: SyncSender<Picture>,
    told: Receiver<Picture>,
}

struct Picture {
    panel_id: &'static str,
    window: Arc<ColorImage>,
}

impl Default for Exports {
    fn default() -> Self {
        let (tell, told) = sync_channel(8);
        Self { tell, told }
    }
}

impl Exports {
    /// Asks for a picture of a panel.
    pub fn request_png(&mut self, ctx: &Context, panel_id: &'static str) {
        let (tell, repaint) = (self.tell.clone(), ctx.clone());
        ctx.request_screenshot(move |window| {
            // Whoever asks for more pictures than are taken in gets fewer.
            let _ = tell.try_send(Picture { panel_id, window });
            repaint.request_repaint();
        });
    }

    /// Takes in pictures that are there, and asks where to save them.
    pub fn poll(&mut self, ctx: &Context, layout: &Layout, dialogs: &mut Dialogs) {
        while let Ok(Picture { panel_id, window }) = self.told.try_recv() {
            let image = layout.rect(panel_id).and_then(|rect| crop(&window, rect, ctx.pixels_per_point()));
            match image {
                Some(image) => {
                    dialogs.ask(ctx, Wanted::Picture(Arc::new(image)), &format!("rvqscope-{panel_id}.png"));
                }
                None => dialogs.say(Severity::Warning, phrase!("window-panel-not-shown")),
            }
        }
    }
}

/// Takes the drawing of a panel, or of the part `key`, out of the frame that is being drawn, and asks where to save it.
pub fn ask_svg(
    ctx: &Context,
    marks: &[Mark],
    panel_id: &'static str,
    key: Option<&str>,
    dialogs: &mut Dialogs,
) {
    let name = key.map_or(panel_id.to_owned(), |key| format!("{panel_id}-{key}"));
    let ground = ctx.global_style().visuals.panel_fill;
    match drawing::capture(ctx, marks, panel_id, key, format!("rvqscope: {name}"), ground) {
        Some(drawing) => {
            let name = name.replace(|c: char| !c.is_alphanumeric() && c != '-', "-");
            dialogs.ask(ctx, Wanted::Drawing(Arc::new(drawing)), &format!("rvqscope-{name}.svg"));
        }
        None => dialogs.say(Severity::Warning, phrase!("window-panel-not-shown")),
    }
}

/// The part of a picture of the window that shows `rect`; `None` where that is empty.
fn crop(window: &ColorImage, rect: Rect, pixels_per_point: f32) -> Option<ColorImage> {
    let [width, height] = window.size;
    let pixel = |points: f32, most: usize| ((points * pixels_per_point).round().max(0.0) as usize).min(most);
    let (left, right) = (pixel(rect.min.x, width), pixel(rect.max.x, width));
    let (top, bottom) = (pixel(rect.min.y, height), pixel(rect.max.y, height));
    (left < right && top < bottom).then(|| window.region_by_pixels([left, top], [right - left, bottom - top]))
}

#[cfg(test)]
mod tests {
    use egui::{Color32, pos2};

    use super::*;

    #[test]
    fn a_panel_is_cut_out() {
        let mut window = ColorImage::filled([40, 20], Color32::BLACK);
        window[(10, 4)] = Color32::RED;
        let panel = crop(&window, Rect::from_min_max(pos2(5.0, 2.0), pos2(400.0, 8.0)), 2.0).unwrap();
        assert_eq!((panel.size, panel[(0, 0)]), ([30, 12], Color32::RED));
        assert!(crop(&window, Rect::from_min_max(pos2(50.0, 0.0), pos2(60.0, 5.0)), 1.0).is_none());
    }
}
