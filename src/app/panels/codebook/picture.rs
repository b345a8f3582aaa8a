//! The rows of a layer on their two principal axes.

use std::sync::Arc;

use egui::Ui;
use egui_plot::{PlotPoint, PlotPoints, Points};

use super::ID;
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::{number, percent};
use crate::app::plot::{Axis, Cell, Chart, Csv, ReadOut};
use crate::metrics::buffers::CodebookView;
use crate::rvq::Rvq;
use crate::session::SelectCommand;
use crate::training::Run;

/// More points than these are drawn smaller.
const MANY: usize = 2000;

/// The chart's own state.
#[derive(Default)]
pub struct RowPicture {
    points: Memo<(ByPtr<Rvq>, usize), Cloud>,
}

/// The rows, and those of them that lie on another.
#[derive(Default)]
struct Cloud {
    points: Vec<PlotPoint>,
    near: Vec<PlotPoint>,
    /// The longer side of the box that they lie in.
    span: f64,
}

impl Cloud {
    fn new(codebook: &CodebookView) -> Self {
        let points: Vec<PlotPoint> =
            codebook.picture.points.iter().map(|&[x, y]| PlotPoint::new(x, y)).collect();
        let is_near = |(code, _): &(usize, &PlotPoint)| codebook.is_near_duplicate(*code, None);
        let near = points.iter().enumerate().filter(is_near).map(|(_, point)| *point).collect();
        let ends = |of: fn(&PlotPoint) -> f64| {
            let values = points.iter().map(of);
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
        };
        let ((left, right), (low, high)) = (ends(|p| p.x), ends(|p| p.y));
        Self { span: (right - left).max(high - low).max(f64::MIN_POSITIVE), points, near }
    }

    /// The row nearest to a place, where one is near.
    fn nearest(&self, at: PlotPoint) -> Option<(usize, PlotPoint)> {
        let distance = |p: &PlotPoint| (p.x - at.x).hypot(p.y - at.y);
        let nearest = self.points.iter().enumerate().min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
        nearest.filter(|(_, p)| distance(p) <= 0.1 * self.span).map(|(code, point)| (code, *point))
    }
}

impl RowPicture {
    /// Draws it; a click selects the nearest code.
    pub fn ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        (run, codebook, layer): (&Arc<Run>, &CodebookView, usize),
        height: f32,
    ) {
        let cloud = self.points.get((ByPtr(run.rvq.clone()), layer), || Cloud::new(codebook));
        let palette = ctx.palette;
        let axis = |nth: usize| {
            let share = codebook.picture.explained.map(|shares| format!(" ({})", percent(shares[nth])));
            let label = format!("Axis {}{}", nth + 1, share.unwrap_or_default());
            Axis::real(&label, "A principal axis of the rows, with its share of their variance")
        };
        let selected = ctx.session.selection().code.and_then(|code| cloud.points.get(code));
        let drawn = Chart::new(ID, "picture", "Rows on their principal axes", axis(0), axis(1), height)
            .reader(move |at| {
                let (code, point) = cloud.nearest(at)?;
                let read = ReadOut::new(point.x, format!("Code {code}"))
                    .row("Length", number(codebook.norms.get(code).copied().unwrap_or(f64::NAN)));
                let other = codebook.neighbours.get(code);
                Some(other.map_or(read.clone(), |other| {
                    read.row("Nearest", format!("code {}, {} away", other.code, number(other.distance)))
                }))
            })
            .show(
                ctx,
                ui,
                |_| {},
                || Some(table(cloud)),
                |plot| {
                    let radius = if cloud.points.len() > MANY { 1.2 } else { 2.0 };
                    let points = |name: &str, points| Points::new(name.to_owned(), points).allow_hover(false);
                    let rows = points("rows", PlotPoints::Borrowed(&cloud.points)).radius(radius);
                    plot.points(rows.color(palette.layer(layer).gamma_multiply(0.8)));
                    let near =
                        points("near-duplicates", PlotPoints::Borrowed(&cloud.near)).radius(radius + 1.0);
                    plot.points(near.color(palette.warning));
                    let marked =
                        ctx.session.marked().iter().filter_map(|&code| cloud.points.get(code).copied());
                    let marked = points("marked codes", PlotPoints::Owned(marked.collect())).radius(3.5);
                    plot.points(marked.color(palette.marked()));
                    if let Some(point) = selected {
                        let mark = points("selected code", PlotPoints::Owned(vec![*point])).radius(5.0);
                        plot.points(mark.color(palette.highlight));
                    }
                },
            );
        if let Some((code, _)) = drawn.clicked_at().and_then(|at| cloud.nearest(at)) {
            ctx.send(SelectCommand::Code(layer, Some(code)));
        }
    }
}

fn table(cloud: &Cloud) -> String {
    let mut csv = Csv::new(["code", "axis_1", "axis_2"]);
    for (code, point) in cloud.points.iter().enumerate() {
        csv.row([Cell::from(code), Cell::from(point.x), Cell::from(point.y)]);
    }
    csv.finish()
}
