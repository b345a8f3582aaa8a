//! A scalar of every layer over the training steps.

use egui::{Stroke, Ui};
use egui_plot::{Line, LineStyle, PlotPoint, PlotPoints, Points, Text, VLine};

use super::{Axis, Cell, Chart, Csv, Drawn, Scale, Visible, behind, decimate, visible};
use crate::app::PanelCtx;
use crate::app::memo::Memo;
use crate::metrics::Definition;
use crate::session::{SelectCommand, View};
use crate::training::{History, Series};

/// What a chart over steps shows.
pub struct StepChart<'a> {
    /// The panel.
    pub panel_id: &'static str,
    /// The chart's name in it.
    pub key: &'static str,
    /// What is drawn.
    pub series: Series,
    /// What it means.
    pub definition: &'a Definition,
    /// How the values are scaled.
    pub scale: Scale,
    /// Its height.
    pub height: f32,
}

/// The points of a chart over steps, made once for each revision and view.
#[derive(Default)]
pub struct StepLines {
    memo: Memo<Key, Vec<Vec<PlotPoint>>>,
}

#[derive(PartialEq)]
struct Key {
    revision: u64,
    series: Series,
    scale: Scale,
    visible: Visible,
}

impl StepLines {
    /// Draws the chart. A click on a line selects its layer.
    pub fn show(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, view: &View, chart: &StepChart<'_>) -> Drawn {
        let StepChart { panel_id, key, series, definition, scale, height } = *chart;
        let history = &*view.history;
        let seen = visible(ui, key);
        let memo_key = Key { revision: ctx.session.revision(), series, scale, visible: seen };
        let lines = self.memo.get(memo_key, || {
            (0..history.num_layers())
                .map(|layer| {
                    // A bucket gives its least and its greatest value: over two pixels, a point a pixel.
                    let buckets = Visible { pixels: seen.pixels / 2, ..seen };
                    decimate(history.steps(), history.series(layer, series), |s| s as f64, scale, buckets)
                })
                .collect()
        });
        let selected = ctx.session.selection().layer;
        let palette = ctx.palette;
        let with_legend = height > 60.0 + 17.0 * history.num_layers() as f32;
        let y = Axis::of(definition).scaled(scale);
        let drawn = Chart::new(panel_id, key, definition.label, Axis::steps(), y, height)
            .legend(with_legend && ui.available_width() > 420.0)
            .tune(move |plot| if scale == Scale::Linear { plot.include_y(0.0).include_y(1.0) } else { plot })
            .show(
                ctx,
                ui,
                |_| {},
                || Some(table(history, series)),
                |plot| {
                    let top = plot.plot_bounds().max()[1];
                    for edit in &view.run.live_edits {
                        let text = format!("{} {} → {}", edit.key, edit.from, edit.to);
                        let at = edit.step as f64;
                        plot.vline(
                            VLine::new(text.clone(), at)
                                .stroke(Stroke::new(1.0, palette.warning))
                                .style(LineStyle::dashed_dense())
                                .allow_hover(false),
                        );
                        let label = egui::RichText::new(text.clone()).size(10.0);
                        plot.text(
                            Text::new(text, PlotPoint::new(at, top), label)
                                .anchor(egui::Align2::LEFT_TOP)
                                .color(palette.warning)
                                .allow_hover(false),
                        );
                    }
                    for layer in order(lines.len(), selected) {
                        let name = format!("Layer {}", layer + 1);
                        let bold = layer == selected;
                        let color = palette.layer(layer);
                        let color = if bold { color } else { behind(color) };
                        if let [_] = lines[layer].as_slice() {
                            let points = PlotPoints::Borrowed(&lines[layer]);
                            plot.points(Points::new(name, points).color(color).radius(3.0));
                            continue;
                        }
                        plot.line(
                            Line::new(name, PlotPoints::Borrowed(&lines[layer]))
                                .color(color)
                                .width(if bold { 2.0 } else { 1.0 })
                                .allow_band(false),
                        );
                    }
                },
            );
        if let Some(at) = drawn.clicked_at()
            && let Some(layer) = nearest_layer(lines, at, &drawn)
        {
            ctx.send(SelectCommand::Layer(layer));
        }
        drawn
    }
}

/// All layers, the selected one last, so that it is drawn on top.
fn order(layers: usize, selected: usize) -> impl Iterator<Item = usize> {
    (0..layers).filter(move |&layer| layer != selected).chain((selected < layers).then_some(selected))
}

/// The layer whose line passes within a few pixels of `at`.
fn nearest_layer(lines: &[Vec<PlotPoint>], at: PlotPoint, drawn: &Drawn) -> Option<usize> {
    let [per_x, per_y] = drawn.transform.dpos_dvalue();
    let distance = |p: &PlotPoint| ((p.x - at.x) * per_x).hypot((p.y - at.y) * per_y);
    let near = |line: &Vec<PlotPoint>| line.iter().map(distance).fold(f64::INFINITY, f64::min);
    let (layer, nearest) = lines
        .iter()
        .map(near)
        .enumerate()
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|(_, d)| d.is_finite())?;
    (nearest < 12.0).then_some(layer)
}

fn table(history: &History, series: Series) -> String {
    let layers = history.num_layers();
    let columns = std::iter::once("step".to_owned()).chain((1..=layers).map(|l| format!("layer_{l}")));
    let mut csv = Csv::new(columns);
    for (i, &step) in history.steps().iter().enumerate() {
        let values = (0..layers).map(|l| history.series(l, series).get(i).copied());
        csv.row(std::iter::once(Cell::from(step)).chain(values.map(Cell::from)));
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{LayerStep, StepRecord};

    #[test]
    fn the_table_has_every_step() {
        let layer =
            LayerStep { loss: 0.5, mse: 0.25, perplexity: 3.0, used: 4, replaced: 1, ..LayerStep::default() };
        let mut history = History::default();
        history.push(&StepRecord { step: 1, layers: vec![layer] });
        history.push(&StepRecord { step: 2, layers: vec![layer, LayerStep { loss: 0.125, ..layer }] });
        assert_eq!(table(&history, Series::Loss), "step,layer_1,layer_2\n1,0.5,\n2,0.5,0.125\n");
        assert_eq!(history.last(1, Series::Loss), Some(0.125));
        assert_eq!(history.last(2, Series::Loss), None);
    }

    #[test]
    fn the_selected_layer_is_drawn_last() {
        assert_eq!(order(3, 0).collect::<Vec<_>>(), [1, 2, 0]);
        assert_eq!(order(2, 9).collect::<Vec<_>>(), [0, 1]);
    }
}
