//! Long series brought down to the width of the screen.

use std::ops::Range;

use egui_plot::PlotPoint;

use super::Scale;

/// The part of an axis that is seen; everything without bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visible {
    /// The left end.
    pub from: f64,
    /// The right end.
    pub to: f64,
    /// Pixels across.
    pub pixels: usize,
}

impl Visible {
    /// Everything, over so many pixels.
    #[must_use]
    pub fn all(pixels: usize) -> Self {
        Self { from: f64::NEG_INFINITY, to: f64::INFINITY, pixels }
    }
}

/// The points of a series that are seen: at most about two a pixel, the least and the greatest of each bucket in the order in which they come.
///
/// `x` ascends. What cannot be drawn (not finite, or not above 0 on a log axis) is left out. One point beyond either edge is kept, so that lines
/// run to the border.
#[must_use]
pub fn decimate<X: Copy>(
    x: &[X],
    y: &[f64],
    as_f64: impl Fn(X) -> f64,
    y_scale: Scale,
    visible: Visible,
) -> Vec<PlotPoint> {
    let len = x.len().min(y.len());
    let (x, y) = (&x[..len], &y[..len]);
    let start = x.partition_point(|&x| as_f64(x) < visible.from).saturating_sub(1);
    let end = (x.partition_point(|&x| as_f64(x) <= visible.to) + 1).min(len);
    let mut points = Vec::new();
    for bucket in buckets(start..end.max(start), visible.pixels) {
        let mut ends: Option<(usize, usize)> = None;
        for i in bucket {
            if !y_scale.shows(y[i]) {
                continue;
            }
            let (low, high) = ends.unwrap_or((i, i));
            ends = Some((if y[i] < y[low] { i } else { low }, if y[i] > y[high] { i } else { high }));
        }
        let Some((low, high)) = ends else { continue };
        let mut push = |i: usize| points.push(PlotPoint::new(as_f64(x[i]), y_scale.place(y[i])));
        push(low.min(high));
        if low != high {
            push(low.max(high));
        }
    }
    points
}

/// Pieces of `range` of nearly one length, at most `pixels` of them.
fn buckets(range: Range<usize>, pixels: usize) -> impl Iterator<Item = Range<usize>> {
    let (start, len) = (range.start, range.len());
    let num = pixels.max(1).min(len);
    // Twice as many points as pixels are no gain over drawing all.
    let num = if len <= 2 * num { len } else { num };
    (0..num).map(move |i| start + i * len / num..start + (i + 1) * len / num)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(len: u64, f: impl Fn(f64) -> f64) -> (Vec<u64>, Vec<f64>) {
        (0..len).map(|x| (x, f(x as f64))).unzip()
    }

    #[test]
    fn a_short_series_is_all_there() {
        let (x, y) = series(50, |x| x * x);
        let points = decimate(&x, &y, |x| x as f64, Scale::Linear, Visible::all(100));
        assert_eq!(points.len(), 50);
        assert_eq!((points[49].x, points[49].y), (49.0, 49.0 * 49.0));
    }

    #[test]
    fn a_spike_survives() {
        let (x, mut y) = series(100_000, |x| (x * 0.01).sin());
        y[77_777] = 9.0;
        y[22_222] = -9.0;
        let points = decimate(&x, &y, |x| x as f64, Scale::Linear, Visible::all(300));
        assert!(points.len() <= 600);
        assert!(points.iter().any(|p| (p.x, p.y) == (77_777.0, 9.0)));
        assert!(points.iter().any(|p| (p.x, p.y) == (22_222.0, -9.0)));
        assert!(points.windows(2).all(|pair| pair[0].x < pair[1].x), "in order");
    }

    #[test]
    fn only_what_is_seen_and_one_point_beyond_it() {
        let (x, y) = series(1000, |x| x);
        let visible = Visible { from: 100.5, to: 110.5, pixels: 50 };
        let xs: Vec<f64> =
            decimate(&x, &y, |x| x as f64, Scale::Linear, visible).iter().map(|p| p.x).collect();
        assert_eq!((xs[0], xs[xs.len() - 1], xs.len()), (100.0, 111.0, 12));
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out() {
        let x = [1u64, 2, 3, 4];
        let y = [f64::NAN, 0.0, 10.0, 100.0];
        let points = decimate(&x, &y, |x| x as f64, Scale::Log, Visible::all(10));
        assert_eq!(points.iter().map(|p| (p.x, p.y)).collect::<Vec<_>>(), [(3.0, 1.0), (4.0, 2.0)]);
        assert!(decimate(&[] as &[u64], &[], |x| x as f64, Scale::Log, Visible::all(10)).is_empty());
    }
}
