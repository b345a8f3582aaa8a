//! Where panels and buttons lie and what the program is doing, told to whoever drives the window from outside.
//!
//! With the environment variable `RVQSCOPE_GEOMETRY` set to a path, a small JSON file is written there whenever that changes. It is how a script finds
//! what to click and what to look at, whatever the layout; without the variable nothing is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use egui::Rect;
use serde::Serialize;

use crate::io::replace_file;
use crate::session::Session;

use super::Layout;

/// Tells of the window, where that was asked for.
pub struct Geometry {
    path: Option<PathBuf>,
    told: String,
}

/// What is told.
#[derive(Serialize)]
struct Told {
    state: String,
    steps: u64,
    frames: usize,
    panels: BTreeMap<&'static str, [f32; 4]>,
    buttons: BTreeMap<&'static str, [f32; 4]>,
}

impl Geometry {
    /// As the environment asks.
    #[must_use]
    pub fn from_env() -> Self {
        let path = std::env::var_os("RVQSCOPE_GEOMETRY").filter(|path| !path.is_empty());
        Self { path: path.map(PathBuf::from), told: String::new() }
    }

    /// Tells what has changed since the last time. Rectangles are x, y, width and height in pixels of the window's inside.
    pub fn tell(
        &mut self,
        ctx: &egui::Context,
        session: &Session,
        layout: &Layout,
        spots: &BTreeMap<&'static str, Rect>,
    ) {
        let Some(path) = &self.path else { return };
        let scale = ctx.pixels_per_point();
        let numbers = |rect: Rect| {
            [rect.min.x, rect.min.y, rect.width(), rect.height()].map(|points| (points * scale).round())
        };
        let told = Told {
            state: format!("{:?}", session.train_state()),
            steps: session.view().and_then(|view| view.history.steps().last().copied()).unwrap_or(0),
            frames: session.dataset().map_or(0, |dataset| dataset.set.matrix.num_frames()),
            panels: layout.panels().filter_map(|(id, _, _)| Some((id, numbers(layout.rect(id)?)))).collect(),
            buttons: spots.iter().map(|(name, rect)| (*name, numbers(*rect))).collect(),
        };
        let Ok(text) = serde_json::to_string(&told) else { return };
        if text != self.told {
            // Whoever asked for it waits for the file; there is nobody else to tell of a failure.
            let _ = replace_file(path, |out| out.write_all(text.as_bytes()));
            self.told = text;
        }
    }
}
