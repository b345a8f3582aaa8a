//! The help: what to look at first, the shortcuts, the version.

use egui::{RichText, Ui};

use super::{Palette, key_map};

/// What a panel tells, in the order in which to look.
const FIRST_LOOKS: &[(&str, &str)] = &[
    (
        "Codebook usage",
        "Are all codes in use? Bars of even height are good; a few tall ones mean that the rest is wasted. Judge by held-out \
         frames, and only when there are many more frames than codes",
    ),
    (
        "Dead codes",
        "Which codes does nobody choose, and do replaced ones stay alive? Codes that are replaced again and again tell of a \
         threshold that does not fit N/K",
    ),
    (
        "EMA convergence",
        "Has it settled? Drift and loss level off within a few EMA windows; where drift does not fall, something keeps \
         replacing codes",
    ),
    (
        "Reconstruction error",
        "What does each layer add? Gains fall with depth; a layer that adds nothing costs bits all the same",
    ),
    (
        "Code inspector",
        "Which frames are these? Click a code in any panel: it shows the code's row, its neighbours and the frames that chose \
         it; click a frame to go to its place",
    ),
];

/// The help window.
#[derive(Debug, Default)]
pub struct Help {
    is_open: bool,
}

impl Help {
    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Opens or closes it.
    pub fn toggle(&mut self) {
        self.is_open = !self.is_open;
    }

    /// Closes it.
    pub fn close(&mut self) {
        self.is_open = false;
    }

    /// Draws it, where it is open.
    pub fn ui(&mut self, palette: &Palette, ui: &mut Ui) {
        egui::Window::new("Help")
            .open(&mut self.is_open)
            .default_width(560.0)
            .resizable([true, false])
            .collapsible(false)
            .anchor(egui::Align2::CENTER_CENTER, [0.0, 0.0])
            .show(ui.ctx(), |ui| {
                heading(ui, "What to look at first");
                for (panel, text) in FIRST_LOOKS {
                    ui.horizontal_top(|ui| {
                        let width = 140.0;
                        ui.allocate_ui(egui::vec2(width, 0.0), |ui| {
                            ui.set_min_width(width);
                            ui.label(RichText::new(*panel).strong());
                        });
                        ui.vertical(|ui| ui.label(*text));
                    });
                }
                ui.add_space(6.0);
                heading(ui, "Keys");
                egui::Grid::new("keys").num_columns(2).spacing([18.0, 4.0]).show(ui, |ui| {
                    for (keys, what) in key_map::LIST {
                        ui.label(RichText::new(*keys).monospace());
                        ui.label(*what);
                        ui.end_row();
                    }
                });
                ui.add_space(6.0);
                let version = concat!("rvqscope ", env!("CARGO_PKG_VERSION"));
                ui.label(RichText::new(version).color(palette.faint));
            });
    }
}

fn heading(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).strong().size(15.0));
}
