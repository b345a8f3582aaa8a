//! A scalar over the training steps: of every layer of the shown run, or of the selected layer of several runs.

use egui::Ui;
use egui_plot::{LineStyle, PlotPoint, PlotUi, Text, VLine};

use super::smooth::Smoothing;
use super::{
    Along, Axis, Cell, Chart, Choices, Csv, Curve, Data, Drawn, Look, Scale, Visible, decimate, look_of,
    visible,
};
use crate::app::PanelCtx;
use crate::app::differs::legend_messages;
use crate::app::memo::Memo;
use crate::metrics::Definition;
use crate::session::{RunId, RunsCommand, SelectCommand, View};
use crate::text::{Message, msg, t};
use crate::training::{History, LiveEdit, Series};

/// How near to a curve a click has to be to select its layer, in points.
const NEAR: f64 = 12.0;

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
    /// Of what it is, without the layers: `MSE of each training batch`.
    pub title: &'a str,
    /// How the values are usually scaled.
    pub scale: Scale,
    /// Its height.
    pub height: f32,
}

/// One line over the steps, before it is drawn.
struct Source<'a> {
    name: Message,
    color: egui::Color32,
    is_front: bool,
    /// The steps of a run only become more.
    run: RunId,
    history: &'a History,
    layer: usize,
}

/// The points of a chart over steps, made again only for lines that have changed.
#[derive(Default)]
pub struct StepLines {
    lines: Vec<Memo<Key, Points>>,
}

#[derive(PartialEq)]
struct Key {
    run: RunId,
    layer: usize,
    num_steps: usize,
    series: Series,
    look: Look,
    scales: (Scale, Scale),
    visible: Visible,
}

/// A line as it is drawn.
#[derive(Default)]
struct Points {
    points: Vec<PlotPoint>,
    /// Behind a smoothed line.
    plain: Vec<PlotPoint>,
}

impl StepLines {
    /// Draws the chart. A click on a line selects its layer, or shows its run where several are drawn over one another.
    pub fn show(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>, chart: &StepChart<'_>) -> Drawn {
        let StepChart { panel_id, key, series, definition, title, scale, height } = *chart;
        let choices = Choices { kind: definition.key, x: Some(Scale::Linear), y: scale, smooths: true };
        let (look, x_scale, y_scale) = look_of(ui, &choices);
        let overlaid: Vec<View<'_>> = ctx.session.overlaid().collect();
        let is_overlaid = overlaid.len() > 1;
        let sources = if is_overlaid { runs_of(ctx, &overlaid) } else { layers_of(ctx, view) };
        let layer = ctx.session.selection().layer;
        let title = match is_overlaid {
            true => t!("plot-of-layer", title = title, layer = layer + 1),
            false => t!("plot-by-layer", title = title),
        };
        let seen = within_budget(visible(ui, key), sources.len());
        let lines = self.points(&sources, series, look, (x_scale, y_scale), seen);
        let curves = sources.iter().zip(lines).map(|(source, Memoed { points, plain })| {
            let data = Data::Steps(source.history.steps(), source.history.series(source.layer, series));
            let curve = Curve::new(source.name.text(), source.color, points, data);
            curve.front(source.is_front).steady(is_overlaid).smoothed_of(plain)
        });
        let curves: Vec<_> = curves.collect();
        let (x, y) = (Axis::steps().scaled(x_scale), Axis::of(definition).scaled(y_scale));
        let edits = &view.run.live_edits;
        let palette = ctx.palette;
        let drawn = Chart::new(panel_id, key, &title, x, y, height)
            .along(Along::Steps)
            .choices(choices)
            .curves(curves.clone())
            .tune(
                move |plot| if y_scale == Scale::Linear { plot.include_y(0.0).include_y(1.0) } else { plot },
            )
            .show(
                ctx,
                ui,
                |_| {},
                || Some(table(&sources, series)),
                move |plot| edits.iter().for_each(|edit| edit_ui(plot, edit, x_scale, palette.warning)),
            );
        let clicked = drawn.curve_clicked.or_else(|| nearest(&curves, &drawn));
        match clicked.and_then(|index| sources.get(index)) {
            Some(source) if is_overlaid => ctx.send(RunsCommand::Show(source.run)),
            Some(source) => ctx.send(SelectCommand::Layer(source.layer)),
            None => {}
        }
        drawn
    }

    fn points(
        &mut self,
        sources: &[Source<'_>],
        series: Series,
        look: Look,
        scales: (Scale, Scale),
        visible: Visible,
    ) -> Vec<Memoed<'_>> {
        self.lines.resize_with(sources.len(), Memo::new);
        let lines = self.lines.iter_mut().zip(sources);
        let line = |(memo, source): (&'_ mut Memo<Key, Points>, &Source<'_>)| {
            let Source { run, history, layer, .. } = *source;
            let num_steps = history.len();
            let key = Key { run, layer, num_steps, series, look, scales, visible };
            memo.get(key, || Points::new(source, series, look, scales, visible));
        };
        lines.for_each(line);
        self.lines
            .iter()
            .filter_map(Memo::last)
            .map(|p| Memoed { points: &p.points, plain: &p.plain })
            .collect()
    }
}

/// Points that all lines of a chart have together: drawing one takes about a third of a microsecond, and there may be eight charts in sight.
const MOST_POINTS: usize = 2000;
/// Points that a line has in any case, where it is long enough.
const LEAST_POINTS: usize = 60;

/// The part of the plot that is seen, over fewer places where many lines are drawn, so that all of them together stay within their budget.
fn within_budget(seen: Visible, lines: usize) -> Visible {
    let most = (MOST_POINTS / lines.max(1)).max(LEAST_POINTS);
    // Eight layers over one another are the usual case, and keep a point a pixel.
    if lines <= 8 { seen } else { Visible { pixels: seen.pixels.min(most), ..seen } }
}

/// A line as it is remembered.
struct Memoed<'a> {
    points: &'a [PlotPoint],
    plain: &'a [PlotPoint],
}

impl Points {
    fn new(
        source: &Source<'_>,
        series: Series,
        look: Look,
        scales: (Scale, Scale),
        visible: Visible,
    ) -> Self {
        let (steps, values) = (source.history.steps(), source.history.series(source.layer, series));
        // A bucket gives its least and its greatest value: over two pixels, a point a pixel.
        let buckets = Visible { pixels: visible.pixels / 2, ..visible };
        let draw = |values: &[f64]| decimate(steps, values, |s| scales.0.place(s as f64), scales.1, buckets);
        let plain = draw(values);
        match look.smoothing {
            Smoothing::None => Self { points: plain, plain: Vec::new() },
            smoothing => Self { points: draw(&smoothing.apply(values)), plain },
        }
    }
}

/// Every layer of the run that is shown.
fn layers_of<'a>(ctx: &PanelCtx<'_>, view: View<'a>) -> Vec<Source<'a>> {
    let selected = ctx.session.selection().layer;
    let history: &'a History = view.history;
    let source = |layer: usize| Source {
        name: msg!("layer-n", layer = layer + 1),
        color: ctx.palette.layer(layer),
        is_front: layer == selected,
        run: view.id(),
        history,
        layer,
    };
    (0..history.num_layers()).map(source).collect()
}

/// The selected layer of every run that is drawn, in the run's colour.
fn runs_of<'a>(ctx: &PanelCtx<'_>, views: &[View<'a>]) -> Vec<Source<'a>> {
    let layer = ctx.session.selection().layer;
    let named = views.iter().zip(legend_messages(views)).enumerate();
    let source = |(nth, (view, name)): (usize, (&View<'a>, Message))| Source {
        name,
        color: ctx.palette.run(nth),
        is_front: nth == 0,
        run: view.id(),
        history: view.history,
        layer,
    };
    named.map(source).collect()
}

/// A line where a parameter was changed while training ran.
fn edit_ui(plot: &mut PlotUi<'_>, edit: &LiveEdit, scale: Scale, color: egui::Color32) {
    let text = format!("{} {} → {}", edit.key, edit.from, edit.to);
    let at = scale.place(edit.step as f64);
    let line = VLine::new(text.clone(), at).stroke(egui::Stroke::new(1.0, color));
    plot.vline(line.style(LineStyle::dashed_dense()).allow_hover(false));
    let label = egui::RichText::new(text.clone()).size(10.0);
    let top = PlotPoint::new(at, plot.plot_bounds().max()[1]);
    let text = Text::new(text, top, label).anchor(egui::Align2::LEFT_TOP).color(color);
    plot.text(text.allow_hover(false));
}

/// The curve that passes within a few points of where the chart was clicked.
fn nearest(curves: &[Curve<'_>], drawn: &Drawn) -> Option<usize> {
    let at = drawn.clicked_at()?;
    let [per_x, per_y] = drawn.transform.dpos_dvalue();
    let distance = |p: &PlotPoint| ((p.x - at.x) * per_x).hypot((p.y - at.y) * per_y);
    let near = |curve: &Curve<'_>| curve.points.iter().map(distance).fold(f64::INFINITY, f64::min);
    let distances = curves.iter().map(near).enumerate();
    let (index, nearest) = distances.min_by(|a, b| a.1.total_cmp(&b.1))?;
    (nearest < NEAR).then_some(index)
}

/// Every step, a column a line.
fn table(sources: &[Source<'_>], series: Series) -> String {
    let column = |source: &Source<'_>| source.name.english().to_lowercase().replace(' ', "_");
    let mut csv = Csv::new(std::iter::once("step".to_owned()).chain(sources.iter().map(column)));
    let mut steps: Vec<u64> = sources.iter().flat_map(|source| source.history.steps()).copied().collect();
    steps.sort_unstable();
    steps.dedup();
    for step in steps {
        let value = |source: &Source<'_>| {
            let at = source.history.steps().binary_search(&step).ok()?;
            source.history.series(source.layer, series).get(at).copied()
        };
        let values = sources.iter().map(|source| Cell::from(value(source)));
        csv.row(std::iter::once(Cell::from(step)).chain(values));
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{LayerStep, StepRecord};

    fn history() -> History {
        let layer =
            LayerStep { loss: 0.5, mse: 0.25, perplexity: 3.0, used: 4, replaced: 1, ..LayerStep::default() };
        let mut history = History::default();
        history.push(&StepRecord { step: 1, layers: vec![layer] });
        history.push(&StepRecord { step: 2, layers: vec![layer, LayerStep { loss: 0.125, ..layer }] });
        history
    }

    fn sources(history: &History) -> [Source<'_>; 2] {
        [0, 1].map(|layer| Source {
            name: msg!("layer-n", layer = layer + 1),
            color: egui::Color32::RED,
            is_front: false,
            run: RunId(1),
            history,
            layer,
        })
    }

    #[test]
    fn the_table_has_every_step() {
        let history = history();
        assert_eq!(table(&sources(&history), Series::Loss), "step,layer_1,layer_2\n1,0.5,\n2,0.5,0.125\n");
        assert_eq!(history.last(1, Series::Loss), Some(0.125));
        assert_eq!(history.last(2, Series::Loss), None);
    }

    #[test]
    fn a_smoothed_line_has_the_plain_one_behind_it() {
        let history = history();
        let source = &sources(&history)[0];
        let scales = (Scale::Linear, Scale::Linear);
        let line = |look| Points::new(source, Series::Loss, look, scales, Visible::all(100));
        assert!(line(Look::default()).plain.is_empty());
        let smooth = line(Look { smoothing: Smoothing::Median(3), ..Look::default() });
        assert_eq!((smooth.points.len(), smooth.plain.len()), (2, 2));
    }
}
