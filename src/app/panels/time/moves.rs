//! Moving along time: the wheel zooms about the pointer, the middle button drags.

use egui::PointerButton;
use egui_plot::PlotUi;

/// Points of the wheel that make what is seen e times shorter.
const WHEEL_POINTS: f64 = 240.0;

/// Takes in wheel and middle button over a plot from 0 to `end`, of which at least `least` stays in sight.
pub fn moved(plot: &mut PlotUi<'_>, end: f64, least: f64) {
    let response = plot.response();
    let (bounds, width) = (plot.plot_bounds(), f64::from(response.rect.width().max(1.0)));
    let (from, to) = (bounds.min()[0], bounds.max()[0]);
    if !(to > from && end > 0.0) {
        return;
    }
    if response.dragged_by(PointerButton::Middle) {
        let by = -f64::from(response.drag_delta().x) * (to - from) / width;
        return plot.set_plot_bounds_x(within(from + by, to - from, end));
    }
    if !response.contains_pointer() {
        return;
    }
    // What is taken in here moves nothing else, such as the panel that the plot stands in.
    let wheel = plot.ctx().input_mut(|input| std::mem::take(&mut input.smooth_scroll_delta.y));
    let Some(at) = plot.pointer_coordinate().filter(|_| wheel != 0.0) else { return };
    let (from, span) = zoomed((from, to), at.x, (f64::from(wheel) / WHEEL_POINTS).exp(), (least, end));
    plot.set_plot_bounds_x(within(from, span, end));
}

/// The start and the length of what is seen when `from..to` is made `factor` times shorter about `at`, within the shortest and the longest.
fn zoomed((from, to): (f64, f64), at: f64, factor: f64, (least, most): (f64, f64)) -> (f64, f64) {
    let span = ((to - from) / factor).clamp(least.min(most), most);
    (at - (at - from) * span / (to - from), span)
}

/// What is seen of 0 to `end`, moved inside.
fn within(from: f64, span: f64, end: f64) -> std::ops::RangeInclusive<f64> {
    let from = from.min(end - span).max(0.0);
    from..=from + span
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_under_the_pointer_stays_there() {
        let (from, span) = zoomed((10.0, 30.0), 15.0, 2.0, (0.1, 100.0));
        assert_eq!((from, span), (12.5, 10.0));
        let share = |from: f64, span: f64| (15.0 - from) / span;
        assert_eq!(share(from, span), share(10.0, 20.0));
        // Neither shorter than a frame nor longer than the corpus.
        assert_eq!(zoomed((10.0, 30.0), 15.0, 1e9, (0.5, 100.0)).1, 0.5);
        assert_eq!(zoomed((10.0, 30.0), 15.0, 1e-9, (0.5, 100.0)).1, 100.0);
        assert_eq!(zoomed((0.0, 1.0), 0.5, 0.1, (5.0, 1.0)).1, 1.0, "one frame");
    }

    #[test]
    fn nothing_beyond_the_ends_comes_into_sight() {
        assert_eq!(within(-3.0, 10.0, 100.0), 0.0..=10.0);
        assert_eq!(within(95.0, 10.0, 100.0), 90.0..=100.0);
        assert_eq!(within(20.0, 10.0, 100.0), 20.0..=30.0);
        assert_eq!(within(-1.0, 100.0, 100.0), 0.0..=100.0);
    }
}
