//! The help: what to look at first, the shortcuts, the version.

use egui::{RichText, Ui};

use super::{Palette, key_map};
use crate::text::{Phrase, phrase, t};

/// What a panel tells, in the order in which to look.
const FIRST_LOOKS: &[(Phrase, Phrase)] = &[
    (phrase!("panel-usage"), phrase!("window-help-usage")),
    (phrase!("panel-dead"), phrase!("window-help-dead")),
    (phrase!("panel-ema"), phrase!("window-help-ema")),
    (phrase!("panel-error"), phrase!("window-help-error")),
    (phrase!("panel-code"), phrase!("window-help-code")),
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
        egui::Window::new(t!("window-help"))
            .id(egui::Id::unique("help"))
            .open(&mut self.is_open)
            .default_width(560.0)
            .resizable([true, false])
            .collapsible(false)
            .anchor(egui::Align2::CENTER_CENTER, [0.0, 0.0])
            .show(ui.ctx(), |ui| {
                heading(ui, t!("window-help-first"));
                for (panel, text) in FIRST_LOOKS {
                    ui.horizontal_top(|ui| {
                        let width = 140.0;
                        ui.allocate_ui(egui::vec2(width, 0.0), |ui| {
                            ui.set_min_width(width);
                            ui.label(RichText::new(panel.text()).strong());
                        });
                        ui.vertical(|ui| ui.label(text.text()));
                    });
                }
                ui.add_space(6.0);
                heading(ui, t!("window-help-keys"));
                egui::Grid::new("keys").num_columns(2).spacing([18.0, 4.0]).show(ui, |ui| {
                    for (keys, what) in key_map::LIST {
                        ui.label(RichText::new(keys.text()).monospace());
                        ui.label(what.text());
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
