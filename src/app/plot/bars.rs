//! Bars, as many as there are codes: one mesh, at most one bar a pixel.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use egui::{Color32, Mesh, Rect, Shape, Ui, pos2};
use egui_plot::{PlotBounds, PlotGeometry, PlotItem, PlotItemBase, PlotPoint, PlotTransform};

/// Bars at `first`, `first + 1` and so on. Where several share a pixel, the highest is drawn.
pub struct Bars<'a> {
    base: PlotItemBase,
    heights: &'a [f64],
    first: f64,
    /// The axis reaches up to this at the least.
    least_top: f64,
    color: Color32,
    selected: Option<(usize, Color32)>,
    /// Those that are marked, and in which colour.
    marked: Option<(Vec<usize>, Color32)>,
}

impl<'a> Bars<'a> {
    /// Bars of these heights, the first of them at `first`.
    #[must_use]
    pub fn new(name: &str, first: f64, heights: &'a [f64], color: Color32) -> Self {
        Self {
            base: PlotItemBase::new(name.to_owned()),
            heights,
            first,
            least_top: 1.0,
            color,
            selected: None,
            marked: None,
        }
    }

    /// With an axis that reaches up to `least_top` at the least, in place of 1.
    #[must_use]
    pub fn least_top(self, least_top: f64) -> Self {
        Self { least_top, ..self }
    }

    /// One of them stands out, at least two pixels wide.
    #[must_use]
    pub fn selected(self, selected: Option<(usize, Color32)>) -> Self {
        Self { selected, ..self }
    }

    /// Some of them are marked.
    #[must_use]
    pub fn marked(self, places: Vec<usize>, color: Color32) -> Self {
        Self { marked: Some((places, color)), ..self }
    }

    /// The bars that are seen, as ranges of indices that share a bar on the screen.
    fn seen(&self, transform: &PlotTransform) -> impl Iterator<Item = (usize, usize)> {
        let len = self.heights.len();
        let bounds = transform.bounds();
        let first = (bounds.min()[0] - self.first - 0.5).floor().max(0.0) as usize;
        let last = ((bounds.max()[0] - self.first + 0.5).ceil().max(0.0) as usize).min(len);
        let each = (1.0 / transform.dpos_dvalue_x().abs()).ceil().max(1.0) as usize;
        // Whole groups, so that they do not flicker while the plot moves.
        let first = first.min(len) / each * each;
        (first..last).step_by(each).map(move |start| (start, (start + each).min(len)))
    }
}

/// Where the marked codes stand among `codes`, ascending. In one pass: there may be many of both.
#[must_use]
pub fn places_of(marked: &[usize], codes: impl Iterator<Item = usize>) -> Vec<usize> {
    if marked.is_empty() {
        return Vec::new();
    }
    let marked: HashSet<usize> = marked.iter().copied().collect();
    codes.enumerate().filter(|(_, code)| marked.contains(code)).map(|(place, _)| place).collect()
}

impl PlotItem for Bars<'_> {
    fn shapes(&self, _: &Ui, transform: &PlotTransform, shapes: &mut Vec<Shape>) {
        let mut mesh = Mesh::default();
        let x = |at: f64| transform.position_from_point_x(self.first + at);
        let y = |at: f64| transform.position_from_point_y(at);
        let floor = y(0.0);
        let mut bar = |from: f32, to: f32, height: f64, color| {
            mesh.add_colored_rect(Rect::from_two_pos(pos2(from, floor), pos2(to, y(height))), color);
        };
        for (start, end) in self.seen(transform) {
            let height = self.heights[start..end].iter().fold(0.0f64, |a, &b| a.max(b));
            let (from, to) = (x(start as f64 - 0.5), x(end as f64 - 0.5));
            // A gap between bars that are wide enough for one.
            let gap = if to - from >= 4.0 { 1.0 } else { 0.0 };
            if height > 0.0 {
                bar(from, to - gap, height, self.color);
            }
        }
        let top = transform.bounds().max()[1];
        let mut outstanding = |index: usize, color: Color32| {
            let Some(&height) = self.heights.get(index) else { return };
            let (from, to) = (x(index as f64 - 0.5), x(index as f64 + 0.5));
            let (middle, half) = ((from + to) / 2.0, ((to - from) / 2.0).max(1.0));
            bar(middle - half, middle + half, top, color.gamma_multiply(0.25));
            bar(middle - half, middle + half, height, color);
        };
        if let Some((places, color)) = &self.marked {
            places.iter().for_each(|&index| outstanding(index, *color));
        }
        if let Some((index, color)) = self.selected {
            outstanding(index, color);
        }
        shapes.push(Shape::mesh(mesh));
    }

    fn initialize(&mut self, _: RangeInclusive<f64>) {}

    fn color(&self) -> Color32 {
        self.color
    }

    fn geometry(&self) -> PlotGeometry<'_> {
        PlotGeometry::None
    }

    fn bounds(&self) -> PlotBounds {
        let highest = self.heights.iter().fold(self.least_top, |a, &b| a.max(b));
        let mut bounds = PlotBounds::NOTHING;
        bounds.extend_with(&PlotPoint::new(self.first - 0.5, 0.0));
        bounds.extend_with(&PlotPoint::new(self.first + self.heights.len() as f64 - 0.5, highest));
        bounds
    }

    fn base(&self) -> &PlotItemBase {
        &self.base
    }

    fn base_mut(&mut self) -> &mut PlotItemBase {
        &mut self.base
    }
}
