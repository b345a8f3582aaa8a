//! A frame around something that is selected in a plot.

use egui::Color32;
use egui_plot::{Line, PlotUi};

const WIDTH: f32 = 2.0;

/// Draws the edges of the rectangle between two values along each axis, in the units of the plot.
///
/// An edge is a line of its own: where one row is all there is, a single path around it came out as a filled triangle.
pub fn outline(plot: &mut PlotUi<'_>, (left, right): (f64, f64), (top, bottom): (f64, f64), color: Color32) {
    let edges = [
        [[left, top], [right, top]],
        [[left, bottom], [right, bottom]],
        [[left, top], [left, bottom]],
        [[right, top], [right, bottom]],
    ];
    for edge in edges {
        let line = Line::new("selected", edge.to_vec()).color(color).width(WIDTH);
        plot.line(line.allow_hover(false));
    }
}
