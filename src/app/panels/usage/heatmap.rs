//! Layers by codes as a picture: where usage thins out.

use std::sync::Arc;

use egui::{Color32, ColorImage, TextureHandle, Ui, vec2};
use egui_plot::{Line, PlotImage, PlotPoint, PlotUi};

use super::super::parts::{ramp_ui, swatch_ui, switch_ui};
use super::weights::{Weights, rank_of, sorted};
use super::{ID, Order};
use crate::app::drawing;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::{grouped, number};
use crate::app::plot::{Along, Axis, Cell, Chart, Csv, ReadOut, outline};
use crate::app::{Palette, PanelCtx};
use crate::session::{SelectCommand, Selection};
use crate::text::t;

/// Texels across; more codes than these share one, which shows the most used of them.
const MOST_COLUMNS: usize = 2048;
/// The ramp goes from one over this to this many times the uniform share.
const RAMP_TIMES: f64 = 8.0;
/// Beside the switches the meaning of colours is drawn where this much room is left.
const RAMP_FROM: f32 = 280.0;

/// The picture, made once for each evaluation, order and theme.
#[derive(Default)]
pub struct Heatmap {
    order: Order,
    rows: Memo<(ByPtr<Weights>, Order), Vec<Vec<f64>>>,
    picture: Memo<(ByPtr<Weights>, Order, bool), Option<TextureHandle>>,
}

impl Heatmap {
    /// Draws it; a click selects a layer and, by index, a code.
    pub fn ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        weights: &Arc<Weights>,
        frames_words: &str,
        height: f32,
    ) {
        let Self { order, rows, picture } = self;
        let shown = *order;
        let Selection { layer, code, .. } = ctx.session.selection();
        let counts = weights.layer(layer);
        let mark = match shown {
            Order::Index => code,
            Order::Frequency => code.and_then(|code| rank_of(counts, code)).map(|rank| rank - 1),
        };
        let rows = rows.get((ByPtr(weights.clone()), shown), || {
            let row = |layer: &Vec<f64>| match shown {
                Order::Index => layer.clone(),
                Order::Frequency => sorted(layer),
            };
            weights.layers.iter().map(row).collect()
        });
        let palette = ctx.palette;
        let picture = picture.get((ByPtr(weights.clone()), shown, palette.is_dark), || {
            let image = paint(rows, &weights.totals, palette)?;
            Some(drawing::load(ui.ctx(), "usage by layer and code", image)) // not a text
        });
        let Some(texture) = picture.as_ref().map(TextureHandle::id) else { return };
        let (layers, codes) = (rows.len(), widest(rows));
        let selected = layer;
        let cells = Cells { rows, weights, order: shown };
        let y = Axis::whole(t!("word-layer"), t!("usage-layers-axis"));
        let first = cells.first();
        let title = t!("usage-layers", frames = frames_words);
        let drawn = Chart::new(ID, "heatmap", &title, cells.axis(), y, height)
            .along(cells.along())
            .reader(move |point| cells.read(point))
            .stops(first, first + codes as f64 - 1.0, 1.0, (selected + 1) as f64)
            .tune(move |plot| {
                plot.invert_y(true)
                    .show_grid(false)
                    .set_margin_fraction(vec2(0.0, 0.0))
                    .y_grid_spacer(move |input| layer_marks(layers, input.base_step_size))
            })
            .show(
                ctx,
                ui,
                |ui| header_ui(ui, palette, order),
                || Some(table(rows, shown)),
                |plot| {
                    let middle =
                        PlotPoint::new(first + codes as f64 / 2.0 - 0.5, (layers as f64 + 1.0) / 2.0);
                    let size = vec2(codes as f32, layers as f32);
                    plot.image(PlotImage::new("frames", texture, middle, size).allow_hover(false));
                    let ends = (first - 0.5, first + codes as f64 - 0.5);
                    marks_ui(plot, palette, selected, ends, mark.map(|place| place as f64 + first));
                },
            );
        if let Some((layer, column)) = drawn.clicked_at().and_then(|at| cells.at(at)) {
            if shown == Order::Index {
                ctx.send(SelectCommand::Code(layer, Some(column)));
            } else {
                ctx.send(SelectCommand::Layer(layer));
            }
        }
    }
}

/// What is drawn, as plain data: a row of counts for each layer.
#[derive(Clone, Copy)]
struct Cells<'a> {
    rows: &'a [Vec<f64>],
    weights: &'a Weights,
    order: Order,
}

impl Cells<'_> {
    /// Ranks count from 1, codes from 0.
    fn first(&self) -> f64 {
        if self.order == Order::Frequency { 1.0 } else { 0.0 }
    }

    fn along(&self) -> Along {
        if self.order == Order::Frequency { Along::Ranks } else { Along::Codes }
    }

    fn axis(&self) -> Axis {
        match self.order {
            Order::Index => Axis::whole(t!("word-code"), t!("usage-code-axis")),
            Order::Frequency => Axis::whole(t!("usage-rank-in-layer"), t!("usage-rank-in-layer.help")),
        }
    }

    /// The layer and the column at a place in the plot.
    fn at(&self, point: PlotPoint) -> Option<(usize, usize)> {
        let (layer, column) = (point.y.round() - 1.0, (point.x - self.first()).round());
        if layer < 0.0 || column < 0.0 {
            return None;
        }
        let (layer, column) = (layer as usize, column as usize);
        (column < self.rows.get(layer)?.len()).then_some((layer, column))
    }

    fn read(&self, point: PlotPoint) -> Option<ReadOut> {
        let (layer, column) = self.at(point)?;
        let count = self.rows[layer][column];
        let times = times(count, self.rows[layer].len(), self.weights.total(layer));
        let x = self.first() + column as f64;
        let title = match self.order {
            Order::Index => t!("usage-code-of-layer", layer = layer + 1, code = x.to_string()),
            Order::Frequency => t!("usage-rank-of-layer", layer = layer + 1, rank = x.to_string()),
        };
        Some(
            ReadOut::new(x, title)
                .row(
                    self.weights.unit(),
                    if self.weights.is_ema { number(count) } else { grouped(count as i64) },
                )
                .row(t!("usage-over-uniform"), format!("× {}", number(times))),
        )
    }
}

/// A frame around the selected layer, and a line at the selected code.
fn marks_ui(
    plot: &mut PlotUi<'_>,
    palette: &Palette,
    layer: usize,
    (left, right): (f64, f64),
    code: Option<f64>,
) {
    let (top, bottom) = (layer as f64 + 0.5, layer as f64 + 1.5);
    outline(plot, (left, right), (top, bottom), palette.layer(layer));
    if let Some(x) = code {
        let line = Line::new("selected code", vec![[x, top], [x, bottom]]); // not a text
        plot.line(line.color(palette.highlight).width(2.0).allow_hover(false));
    }
}

fn header_ui(ui: &mut Ui, palette: &Palette, order: &mut Order) {
    let orders = [
        (Order::Index, t!("usage-index"), t!("usage-index.help")),
        (Order::Frequency, t!("usage-frequency"), t!("usage-frequency.in-layers")),
    ];
    switch_ui(ui, order, &orders);
    if ui.available_width() > RAMP_FROM {
        ramp_ui(ui, palette, "1/8", "8 × n/K", t!("usage-ramp"));
        ui.add_space(4.0);
        swatch_ui(ui, palette.unused, t!("usage-unused"));
    }
}

/// Marks at whole layers, as far apart as their labels need. `base_step` layers cover 8 pixels.
fn layer_marks(layers: usize, base_step: f64) -> Vec<egui_plot::GridMark> {
    let every = (base_step * 2.0).ceil().clamp(1.0, layers.max(1) as f64) as usize;
    // Above its real step, so that no mark that was chosen here goes without its label.
    let mark = |layer: usize| egui_plot::GridMark { value: layer as f64, step_size: 4.0 * every as f64 };
    (1..=layers).step_by(every).map(mark).collect()
}

fn widest(rows: &[Vec<f64>]) -> usize {
    rows.iter().map(Vec::len).max().unwrap_or(0)
}

/// How many times as often as in a uniform source a code is used.
fn times(weight: f64, codes: usize, total: f64) -> f64 {
    if total > 0.0 { weight * codes as f64 / total } else { 0.0 }
}

/// One texel a code, or for a few codes together the most used of them.
fn paint(rows: &[Vec<f64>], totals: &[f64], palette: &Palette) -> Option<ColorImage> {
    let codes = widest(rows);
    let columns = codes.min(MOST_COLUMNS);
    if columns == 0 || rows.is_empty() {
        return None;
    }
    let mut pixels = Vec::with_capacity(columns * rows.len());
    for (row, &total) in rows.iter().zip(totals) {
        for column in 0..columns {
            let (from, to) = (column * codes / columns, ((column + 1) * codes / columns).min(row.len()));
            let most = row.get(from..to).and_then(|codes| codes.iter().copied().reduce(f64::max));
            pixels.push(
                most.map_or(Color32::TRANSPARENT, |weight| color(times(weight, row.len(), total), palette)),
            );
        }
    }
    Some(ColorImage::new([columns, rows.len()], pixels))
}

/// The colour of a code that is used so many times as often as in a uniform source.
fn color(times: f64, palette: &Palette) -> Color32 {
    if times <= 0.0 {
        return palette.unused;
    }
    let span = 2.0 * RAMP_TIMES.ln();
    palette.ramp(((times.ln() + RAMP_TIMES.ln()) / span) as f32)
}

fn table(rows: &[Vec<f64>], order: Order) -> String {
    let what = if order == Order::Index { "code" } else { "rank" };
    let first = usize::from(order == Order::Frequency);
    let mut csv = Csv::new(["layer", what, "weight"]);
    for (layer, row) in rows.iter().enumerate() {
        for (column, &count) in row.iter().enumerate() {
            csv.row([Cell::from(layer + 1), Cell::from(column + first), Cell::from(count)]);
        }
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_codes_share_texels_and_short_layers_end_early() {
        let palette = Palette::of(egui::Theme::Dark);
        let mut long = vec![0.0; 5000];
        long[4999] = 7.0;
        let image = paint(&[long, vec![1.0; 10]], &[7.0, 10.0], &palette).unwrap();
        assert_eq!(image.size, [MOST_COLUMNS, 2]);
        assert_eq!(image.pixels[0], palette.unused);
        assert_ne!(image.pixels[MOST_COLUMNS - 1], palette.unused, "the used code shows");
        assert_eq!(image.pixels[2 * MOST_COLUMNS - 1], Color32::TRANSPARENT);
        assert!(paint(&[], &[], &palette).is_none());
    }

    #[test]
    fn cells_are_found_and_their_outside_is_none() {
        let weights =
            Weights { layers: vec![vec![1.0, 2.0, 3.0], vec![4.0]], totals: vec![6.0, 4.0], is_ema: false };
        let cells = Cells { rows: &weights.layers, weights: &weights, order: Order::Index };
        let at = |x: f64, y: f64| cells.at(PlotPoint::new(x, y));
        assert_eq!(at(2.2, 0.8), Some((0, 2)));
        assert_eq!(at(0.0, 2.0), Some((1, 0)));
        assert_eq!([at(1.0, 2.0), at(-0.7, 1.0), at(0.0, 0.2), at(0.0, 3.0)], [None; 4]);
        let ranks = Cells { order: Order::Frequency, ..cells };
        assert_eq!(ranks.at(PlotPoint::new(1.0, 1.0)), Some((0, 0)), "ranks count from 1");
        assert_eq!(ranks.read(PlotPoint::new(3.2, 1.1)).unwrap().title, "Layer 1, rank 3");
    }
}
