//! Plots as all panels draw them: decimated, borrowed, with the same looks, read-outs and buttons.

mod axis;
mod bars;
mod chart;
mod csv;
pub mod cursor;
mod curve;
mod decimate;
mod jump;
mod legend;
mod look;
pub mod numbers;
mod outline;
mod read_out;
pub mod sheet;
mod smooth;
mod steps;
mod title;

use egui::{Color32, Ui};

pub use axis::{Axis, Scale};
pub use bars::{Bars, places_of};
pub use chart::{Chart, Drawn, LEAST_HEIGHT, TIME_LINK, look_of, visible};
pub use csv::{Cell, Csv};
pub use cursor::Along;
pub use curve::{Curve, Data, Stroke};
pub use decimate::{Visible, decimate};
pub use jump::jump_to;
pub use look::{Choices, Look};
pub use outline::outline;
pub use read_out::ReadOut;
pub use steps::{StepChart, StepLines};
pub use title::Title;

/// The width that is seen of what is left of the row: something wide above, in a panel that scrolls, makes the row wider than that.
#[must_use]
pub fn seen_width(ui: &Ui) -> f32 {
    ui.available_width().min(ui.clip_rect().right() - ui.cursor().left()).max(1.0)
}

/// A colour that steps behind the others.
#[must_use]
pub fn behind(color: Color32) -> Color32 {
    color.gamma_multiply(0.42)
}
