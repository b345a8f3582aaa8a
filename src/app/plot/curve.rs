//! The lines of a chart as plain data: what is drawn, named in the legend and read off.

use egui::Color32;
use egui_plot::{Line, LineStyle, MarkerShape, PlotPoint, PlotPoints, PlotUi, Points};

use super::numbers::number;
use super::read_out::{ReadOut, Row};
use super::{Axis, behind};

/// Along the x axis, the values that a curve is read off from.
#[derive(Debug, Clone)]
pub enum Data<'a> {
    /// At whole numbers that ascend, such as steps.
    Steps(&'a [u64], &'a [f64]),
    /// At `first`, `first + 1` and so on.
    Even(f64, &'a [f64]),
    /// At these places, which ascend.
    Pairs(Vec<(f64, f64)>),
    /// Not read off.
    Nothing,
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stroke {
    /// A line.
    #[default]
    Solid,
    /// A broken line: a reference.
    Dashed,
    /// A line with a mark at each point.
    Marked(MarkerShape),
}

/// A line of a chart.
#[derive(Debug, Clone)]
pub struct Curve<'a> {
    /// What the legend and the read-out call it.
    pub name: String,
    /// Its colour.
    pub color: Color32,
    /// How it is drawn.
    pub stroke: Stroke,
    /// Whether it stands out: the selected layer, the shown run.
    pub is_front: bool,
    /// Whether it keeps its full colour where others stand out.
    pub is_steady: bool,
    /// Its points, at places of the axes.
    pub points: &'a [PlotPoint],
    /// The points of the plain curve, where `points` are smoothed.
    pub plain: &'a [PlotPoint],
    /// What is read off.
    pub data: Data<'a>,
}

impl<'a> Data<'a> {
    fn len(&self) -> usize {
        match self {
            Self::Steps(x, y) => x.len().min(y.len()),
            Self::Even(_, y) => y.len(),
            Self::Pairs(pairs) => pairs.len(),
            Self::Nothing => 0,
        }
    }

    fn x(&self, index: usize) -> f64 {
        match self {
            Self::Steps(x, _) => x[index] as f64,
            Self::Even(first, _) => first + index as f64,
            Self::Pairs(pairs) => pairs[index].0,
            Self::Nothing => f64::NAN,
        }
    }

    /// The first index whose x is not below `x`.
    fn lower_bound(&self, x: f64) -> usize {
        match self {
            Self::Steps(steps, _) => steps[..self.len()].partition_point(|&step| (step as f64) < x),
            Self::Even(first, y) => ((x - first).ceil().max(0.0) as usize).min(y.len()),
            Self::Pairs(pairs) => pairs.partition_point(|pair| pair.0 < x),
            Self::Nothing => 0,
        }
    }

    /// The x of the data that is nearest to `x`.
    #[must_use]
    pub fn nearest(&self, x: f64) -> Option<f64> {
        let above = self.lower_bound(x);
        let around = [above.checked_sub(1), (above < self.len()).then_some(above)];
        let places = around.into_iter().flatten().map(|index| self.x(index));
        places.min_by(|a, b| (a - x).abs().total_cmp(&(b - x).abs()))
    }

    /// The x that comes next behind `x`, or before it.
    #[must_use]
    pub fn next(&self, x: f64, forwards: bool) -> Option<f64> {
        let at = self.lower_bound(x);
        if !forwards {
            return at.checked_sub(1).map(|index| self.x(index));
        }
        (at..self.len()).map(|index| self.x(index)).find(|&next| next > x)
    }

    /// The value at `x`, where there is one.
    #[must_use]
    pub fn at(&self, x: f64) -> Option<f64> {
        let index = self.lower_bound(x);
        if index >= self.len() || self.x(index) != x {
            return None;
        }
        let value = match self {
            Self::Steps(_, y) | Self::Even(_, y) => y[index],
            Self::Pairs(pairs) => pairs[index].1,
            Self::Nothing => f64::NAN,
        };
        value.is_finite().then_some(value)
    }
}

impl<'a> Curve<'a> {
    /// A line of these points.
    #[must_use]
    pub fn new(name: impl Into<String>, color: Color32, points: &'a [PlotPoint], data: Data<'a>) -> Self {
        let (stroke, is_front, is_steady, plain) = (Stroke::default(), false, false, &[][..]);
        Self { name: name.into(), color, stroke, is_front, is_steady, points, plain, data }
    }

    /// Drawn in another way.
    #[must_use]
    pub fn stroke(self, stroke: Stroke) -> Self {
        Self { stroke, ..self }
    }

    /// In front of the others, or among them.
    #[must_use]
    pub fn front(self, is_front: bool) -> Self {
        Self { is_front, ..self }
    }

    /// In its full colour, whatever stands out beside it.
    #[must_use]
    pub fn steady(self, is_steady: bool) -> Self {
        Self { is_steady, ..self }
    }

    /// With the curve behind it that it is smoothed of.
    #[must_use]
    pub fn smoothed_of(self, plain: &'a [PlotPoint]) -> Self {
        Self { plain, ..self }
    }

    fn draw(&self, plot: &mut PlotUi<'a>, recede: bool) {
        let color = if recede { behind(self.color) } else { self.color };
        let width = if self.is_front { 2.0 } else { 1.2 };
        if !self.plain.is_empty() {
            let line = Line::new(self.name.clone(), PlotPoints::Borrowed(self.plain));
            plot.line(line.color(behind(color)).width(1.0).allow_hover(false).allow_band(false));
        }
        let points = || Points::new(self.name.clone(), PlotPoints::Borrowed(self.points)).color(color);
        if self.points.len() == 1 {
            return plot.points(points().radius(3.0).allow_hover(false));
        }
        let line = Line::new(self.name.clone(), PlotPoints::Borrowed(self.points)).color(color);
        let line = line.width(width).allow_hover(false).allow_band(false);
        match self.stroke {
            Stroke::Dashed => plot.line(line.style(LineStyle::dashed_loose())),
            Stroke::Solid => plot.line(line),
            Stroke::Marked(shape) => {
                plot.line(line);
                plot.points(points().shape(shape).radius(3.5).allow_hover(false));
            }
        }
    }
}

/// Draws curves, those that stand out on top. Where some do, the others step back.
pub(super) fn draw_all<'a>(curves: &[Curve<'a>], plot: &mut PlotUi<'a>) {
    let recede = curves.iter().any(|curve| curve.is_front);
    for curve in curves.iter().filter(|curve| !curve.is_front) {
        curve.draw(plot, recede && !curve.is_steady && curve.stroke != Stroke::Dashed);
    }
    curves.iter().filter(|curve| curve.is_front).for_each(|curve| curve.draw(plot, false));
}

/// The x with data that is nearest to `x`, over all curves.
pub(super) fn snap(curves: &[Curve<'_>], x: f64) -> Option<f64> {
    let nearest = curves.iter().filter_map(|curve| curve.data.nearest(x));
    nearest.min_by(|a, b| (a - x).abs().total_cmp(&(b - x).abs()))
}

/// The next x with data, over all curves.
pub(super) fn next(curves: &[Curve<'_>], x: f64, forwards: bool) -> Option<f64> {
    let all = curves.iter().filter_map(|curve| curve.data.next(x, forwards));
    all.min_by(|a, b| (a - x).abs().total_cmp(&(b - x).abs()))
}

/// Every curve's value at `x`: those that stand out first, then by how near they are to `near`, a value of the y axis.
pub(super) fn read(curves: &[Curve<'_>], x: f64, near: f64, axes: (&Axis, &Axis)) -> ReadOut {
    let (x_axis, y_axis) = axes;
    let mut rows: Vec<Row> = curves.iter().filter_map(|curve| Some(row(curve, curve.data.at(x)?))).collect();
    let place = |row: &Row| row.y.map_or(f64::NAN, |y| y_axis.scale.place(y));
    let near = y_axis.scale.place(near);
    // A few stay in their order, which is easier to follow; of many, what is near comes first.
    if rows.len() > 8 {
        let distance = |row: &Row| (!row.is_front, (place(row) - near).abs());
        rows.sort_by(|a, b| {
            let (a, b) = (distance(a), distance(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
    }
    ReadOut { x, title: x_axis.read(x_axis.scale.place(x)), rows }
}

fn row(curve: &Curve<'_>, value: f64) -> Row {
    let (name, color) = (curve.name.clone(), Some(curve.color));
    Row { color, name, value: number(value), y: Some(value), is_front: curve.is_front }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve<'a>(name: &str, data: Data<'a>) -> Curve<'a> {
        Curve::new(name, Color32::RED, &[], data)
    }

    #[test]
    fn a_read_out_tells_the_data_and_not_the_pointer() {
        let (steps, long) = ([10, 20, 30], [1.0, f64::NAN, 3.0]);
        let curves =
            [curve("a", Data::Steps(&steps, &long)), curve("b", Data::Pairs(vec![(10.0, 7.0), (24.0, 8.0)]))];
        assert_eq!(snap(&curves, 11.9), Some(10.0));
        assert_eq!(snap(&curves, 25.0), Some(24.0));
        let y = Axis::real("y", "");
        let read = |x| read(&curves, x, 0.0, (&Axis::steps(), &y));
        let names =
            |x| read(x).rows.iter().map(|r| format!("{} {}", r.name, r.value)).collect::<Vec<_>>().join(", ");
        assert_eq!(names(10.0), "a 1, b 7");
        assert_eq!(names(20.0), "", "what is not a number is not read off");
        assert_eq!(read(30.0).title, "Step: 30");
        assert_eq!([next(&curves, 10.0, true), next(&curves, 24.0, true)], [Some(20.0), Some(30.0)]);
        assert_eq!([next(&curves, 10.0, false), next(&curves, 30.0, false)], [None, Some(24.0)]);
    }

    #[test]
    fn even_data_count_from_their_first() {
        let y = [5.0, 6.0, 7.0];
        let data = Data::Even(1.0, &y);
        assert_eq!(
            [data.nearest(-4.0), data.nearest(2.4), data.nearest(99.0)],
            [Some(1.0), Some(2.0), Some(3.0)]
        );
        assert_eq!([data.at(3.0), data.at(0.0), data.at(4.0)], [Some(7.0), None, None]);
        assert_eq!(Data::Nothing.nearest(1.0), None);
    }
}
