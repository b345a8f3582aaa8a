//! What panels have in common: the forms they take without anything to show, the choice of a layer, and figures.

mod bands;
mod by_code;
mod chooser;
mod counted;
mod figures;
mod layers;
mod legend;
mod over_time;
mod stage;
mod table;
mod words;

use egui::{Ui, vec2};

use crate::app::plot::seen_width;

pub use bands::{dimension_axis, dimension_words, mel_bands_hz};
pub use by_code::{ByCode, Measure};
pub use chooser::{chooser_ui, layers_ui, switch_ui};
pub use counted::{Counted, counted};
pub use figures::{Figure, figures_ui, small_sample_ui};
pub use legend::{ramp_ui, swatch_ui};
pub use over_time::{clip_ranges, codes_hint_ui, codes_needed, layer_over_time};
pub use stage::{
    banner_ui, frames_hint_ui, middle_ui, needs_frames_ui, note_ui, progress_ui, ready_view, without_data,
};
pub use table::{Column, Key, Sort, Table, wanted_height};
pub use words::{frames_words, step_words};

/// Draws parts side by side where there is room for `min_width` each, and one below the other otherwise. `part` gets the number of the part and
/// its height.
pub fn tiles_ui(
    ui: &mut Ui,
    num: usize,
    min_width: f32,
    height: f32,
    mut part: impl FnMut(&mut Ui, usize, f32),
) {
    let gap = ui.spacing().item_spacing;
    let room = seen_width(ui);
    let across = (((room + gap.x) / (min_width + gap.x)) as usize).clamp(1, num.max(1));
    let width = ((room - gap.x * (across - 1) as f32) / across as f32).floor();
    for row in 0..num.div_ceil(across) {
        ui.horizontal_top(|ui| {
            for index in row * across..((row + 1) * across).min(num) {
                // The last row fills up.
                let here = (num - row * across).min(across);
                let width =
                    if here < across { ((room + gap.x) / here as f32 - gap.x).floor() } else { width };
                ui.allocate_ui_with_layout(
                    vec2(width, height),
                    egui::Layout::top_down(egui::Align::Min),
                    |ui| {
                        ui.set_width(width);
                        ui.push_id(index, |ui| part(ui, index, height));
                    },
                );
            }
        });
    }
}

/// How many rows [`tiles_ui`] makes of `num` parts.
pub fn tile_rows(ui: &Ui, num: usize, min_width: f32) -> usize {
    let gap = ui.spacing().item_spacing.x;
    let across = (((seen_width(ui) + gap) / (min_width + gap)) as usize).clamp(1, num.max(1));
    num.div_ceil(across)
}

/// The heights of rows that share the room that is left: each as much as its share, but no less than its least height.
pub fn row_heights<const N: usize>(ui: &Ui, rows: [(f32, f32); N]) -> [f32; N] {
    let gaps = ui.spacing().item_spacing.y * N as f32 + 2.0;
    let room = ui.available_height() - gaps;
    let shares: f32 = rows.iter().map(|(share, _)| share).sum();
    // Rows that need more than their share get it first.
    let (mut left, mut shares_left) = (room, shares);
    let mut fixed = [false; N];
    for _ in 0..N {
        for (i, (share, least)) in rows.iter().enumerate() {
            if !fixed[i] && left * share / shares_left.max(1e-6) < *least {
                fixed[i] = true;
                left -= least;
                shares_left -= share;
            }
        }
    }
    let mut heights = [0.0; N];
    for (i, (share, least)) in rows.into_iter().enumerate() {
        heights[i] = if fixed[i] { least } else { (left * share / shares_left.max(1e-6)).floor() };
    }
    heights
}
