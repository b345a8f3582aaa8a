//! Checkpoints: a training that runs elsewhere, over its steps, as its checkpoints come into a watched folder.

use std::sync::Arc;

use egui::{Label, RichText, ScrollArea, Ui};
use egui_plot::{MarkerShape, PlotPoint};

use super::parts::{note_ui, ready_view, row_heights, tile_rows, tiles_ui};
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::grouped;
use crate::app::plot::{
    Along, Axis, Cell, Chart, Csv, Curve, Data, LEAST_HEIGHT, Scale, Stroke, Visible, decimate,
};
use crate::app::rich::RichHover as _;
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::doctor::Severity;
use crate::jobs::Watched;
use crate::metrics::{Definition, between, buffers, distortion, usage};
use crate::session::{RunId, RunsCommand, SelectCommand};
use crate::text::{Phrase, phrase, t};
use crate::watch::{LayerChange, LayerFigures, Point};

const ID: &str = "checkpoints";
/// Charts narrower than this stand one below the other.
const CHART_WIDTH: f32 = 250.0;
/// Points of a line: more than there are pixels are not seen.
const MOST_POINTS: usize = 500;
/// Up to here each checkpoint has a mark.
const MOST_MARKS: usize = 60;
/// Findings of the newest checkpoint that are listed; the Doctor panel has all.
const FINDINGS_SHOWN: usize = 4;

/// A figure over the checkpoints.
struct Over {
    definition: &'static Definition,
    /// On its switch.
    label: Phrase,
    title: Phrase,
    is_shown: bool,
    of: fn(&LayerFigures, Option<&LayerChange>) -> Option<f64>,
}

const fn over(
    definition: &'static Definition,
    label: Phrase,
    title: Phrase,
    is_shown: bool,
    of: fn(&LayerFigures, Option<&LayerChange>) -> Option<f64>,
) -> Over {
    Over { definition, label, title, is_shown, of }
}

/// Every figure, in the order of their switches.
static FIGURES: &[Over] = &[
    over(
        &between::TOKEN_STABILITY,
        phrase!("checkpoints-stability"),
        phrase!("checkpoints-stability.title"),
        true,
        |_, change| change?.token_stability,
    ),
    over(
        &between::CHECKPOINT_DRIFT,
        phrase!("checkpoints-drift"),
        phrase!("checkpoints-drift.title"),
        true,
        |_, change| change?.checkpoint_drift,
    ),
    over(&usage::USED, phrase!("checkpoints-used"), phrase!("checkpoints-used.title"), true, |layer, _| {
        count(layer.used)
    }),
    over(
        &distortion::SNR_GAIN,
        phrase!("checkpoints-gain"),
        phrase!("checkpoints-gain.title"),
        true,
        |layer, _| layer.snr_gain_db,
    ),
    over(
        &usage::PERPLEXITY,
        phrase!("checkpoints-perplexity"),
        phrase!("checkpoints-perplexity.title"),
        false,
        |layer, _| layer.perplexity,
    ),
    over(
        &usage::DEAD_WINDOW,
        phrase!("checkpoints-dead"),
        phrase!("checkpoints-dead.title"),
        false,
        |layer, _| count(layer.dead_window),
    ),
    over(
        &usage::DEAD_THRESHOLD,
        phrase!("checkpoints-below"),
        phrase!("checkpoints-below.title"),
        true,
        |layer, _| count(layer.dead_threshold),
    ),
    over(
        &between::BIRTHS,
        phrase!("checkpoints-births"),
        phrase!("checkpoints-births.title"),
        false,
        |_, change| count(change?.births),
    ),
    over(
        &between::DEATHS,
        phrase!("checkpoints-deaths"),
        phrase!("checkpoints-deaths.title"),
        false,
        |_, change| count(change?.deaths),
    ),
    over(
        &buffers::EMA_PERPLEXITY,
        phrase!("checkpoints-ema-perplexity"),
        phrase!("checkpoints-ema-perplexity.title"),
        false,
        |layer, _| layer.ema_perplexity,
    ),
    over(
        &buffers::EMA_TOTAL,
        phrase!("checkpoints-ema-sum"),
        phrase!("checkpoints-ema-sum.title"),
        false,
        |layer, _| layer.ema_total,
    ),
];

static ABOUT: About = About {
    id: ID,
    title: phrase!("panel-checkpoints"),
    help: phrase!("panel-checkpoints.help"),
    home: Home { corner: Corner::LowerLeft, place: 1 },
};

/// The panel.
pub struct Checkpoints {
    shown: Vec<bool>,
    lines: Memo<ByPtr<Watched>, Lines>,
}

/// What is drawn of a series.
struct Lines {
    steps: Vec<u64>,
    /// By figure and layer: a value for each checkpoint, NaN where there is none, and the points of its line.
    figures: Vec<Vec<(Vec<f64>, Vec<PlotPoint>)>>,
}

impl Default for Checkpoints {
    fn default() -> Self {
        Self { shown: FIGURES.iter().map(|figure| figure.is_shown).collect(), lines: Memo::new() }
    }
}

impl Panel for Checkpoints {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        // What would be there without a watch is no matter of whether something was trained.
        let is_watched = ctx.session.view().is_some_and(|view| view.entry.watched.is_some());
        if !is_watched && !ctx.session.watches() {
            return note_ui(ctx, ui, t!("checkpoints-unwatched"), t!("checkpoints-unwatched.help"));
        }
        let Some(view) = ready_view(ctx, ui) else { return };
        let Some(watched) = &view.entry.watched else {
            return note_ui(ctx, ui, t!("checkpoints-other"), t!("checkpoints-other.help"));
        };
        head_ui(ctx, ui, view.id(), watched);
        let Self { shown, lines } = self;
        let lines = lines.get(ByPtr(watched.clone()), || Lines::of(&watched.points));
        switches_ui(ui, shown, lines);
        let wanted: Vec<usize> = (0..FIGURES.len()).filter(|&i| shown[i] && lines.has(i)).collect();
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| charts_ui(ctx, ui, lines, &wanted));
    }
}

impl Lines {
    fn of(points: &[Point]) -> Self {
        let steps: Vec<u64> = points.iter().map(|point| point.step).collect();
        let num_layers = points.iter().map(|point| point.figures.layers.len()).max().unwrap_or(0);
        let line = |figure: &Over, layer: usize| {
            let value = |point: &Point| {
                let change = point.change.as_ref().and_then(|change| change.layers.get(layer));
                point.figures.layers.get(layer).and_then(|own| (figure.of)(own, change))
            };
            let values: Vec<f64> = points.iter().map(|point| value(point).unwrap_or(f64::NAN)).collect();
            let seen = Visible::all(MOST_POINTS);
            let drawn = decimate(&steps, &values, |step| step as f64, Scale::Linear, seen);
            (values, drawn)
        };
        let figure = |figure: &Over| (0..num_layers).map(|layer| line(figure, layer)).collect();
        Self { figures: FIGURES.iter().map(figure).collect(), steps }
    }

    /// Whether anything is known of a figure.
    fn has(&self, figure: usize) -> bool {
        self.figures.get(figure).is_some_and(|layers| layers.iter().any(|(_, points)| !points.is_empty()))
    }

    fn csv(&self, figure: usize) -> Option<String> {
        let layers = self.figures.get(figure)?;
        let names = (1..=layers.len()).map(|layer| format!("layer_{layer}"));
        let mut csv = Csv::new(std::iter::once("step".to_owned()).chain(names));
        for (nth, &step) in self.steps.iter().enumerate() {
            let values = layers.iter().map(|(values, _)| Cell::from(values.get(nth).copied()));
            csv.row(std::iter::once(Cell::from(step)).chain(values));
        }
        Some(csv.finish())
    }
}

fn count(count: Option<usize>) -> Option<f64> {
    count.map(|count| count as f64)
}

/// What is watched, how far it is, and what is new in the newest checkpoint.
fn head_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, id: RunId, watched: &Arc<Watched>) {
    let Watched { folder, points, waiting, .. } = watched.as_ref();
    let step = |point: &Point| grouped(i64::try_from(point.step).unwrap_or(i64::MAX));
    let n = points.len();
    let mut text = match (points.first(), points.last()) {
        (Some(first), Some(last)) if n > 1 => {
            t!("checkpoints-count.steps", n = n, first = step(first), last = step(last))
        }
        (Some(only), _) => t!("checkpoints-count.step", n = n, step = step(only)),
        _ => t!("checkpoints-count", n = n),
    };
    if *waiting > 0 {
        text = t!("checkpoints-to-come", checkpoints = text, waiting = *waiting);
    }
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(text).size(12.0)).on_hover_rich(folder.display().to_string());
        if ctx.session.is_watching(id)
            && ui.button(t!("checkpoints-stop")).on_hover_rich(t!("checkpoints-stop.help")).clicked()
        {
            ctx.send(RunsCommand::StopWatching(id));
        }
    });
    let Some((newest, before)) = points.split_last() else { return };
    let before = before.last().map(|point| point.figures.as_ref());
    for finding in newest.figures.new_findings(before).take(FINDINGS_SHOWN) {
        let color = match finding.severity {
            Severity::Severe => ctx.palette.bad,
            Severity::Warning => ctx.palette.warning,
            Severity::Note => ctx.palette.faint,
        };
        let text = t!("checkpoints-new", step = step(newest), finding = &finding.text);
        ui.add(Label::new(RichText::new(text).size(12.0).color(color)).wrap());
    }
}

fn switches_ui(ui: &mut Ui, shown: &mut [bool], lines: &Lines) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (index, (on, figure)) in shown.iter_mut().zip(FIGURES).enumerate() {
            if lines.has(index) {
                ui.toggle_value(on, RichText::new(figure.label).size(11.0))
                    .on_hover_rich(figure.definition.text);
            }
        }
    });
}

fn charts_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, lines: &Lines, wanted: &[usize]) {
    if wanted.is_empty() {
        return;
    }
    let rows = tile_rows(ui, wanted.len(), CHART_WIDTH).max(1);
    let gaps = ui.spacing().item_spacing.y * (rows - 1) as f32;
    let [room] = row_heights(ui, [(1.0, rows as f32 * LEAST_HEIGHT + gaps)]);
    let height = (room - gaps) / rows as f32;
    tiles_ui(ui, wanted.len(), CHART_WIDTH, height, |ui, nth, height| {
        chart_ui(ctx, ui, lines, wanted[nth], height);
    });
}

fn chart_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, lines: &Lines, index: usize, height: f32) {
    let (Some(figure), Some(layers)) = (FIGURES.get(index), lines.figures.get(index)) else { return };
    let selected = ctx.session.selection().layer;
    let is_marked = lines.steps.len() <= MOST_MARKS;
    let curves = layers.iter().enumerate().map(|(layer, (values, points))| {
        let data = Data::Steps(&lines.steps, values);
        let curve = Curve::new(t!("layer-n", layer = layer + 1), ctx.palette.layer(layer), points, data);
        let stroke = if is_marked { Stroke::Marked(MarkerShape::Circle) } else { Stroke::Solid };
        curve.front(layer == selected).stroke(stroke)
    });
    let (x, y) = (Axis::whole(t!("word-step"), t!("checkpoints-steps")), Axis::of(figure.definition));
    let drawn = Chart::new(ID, figure.definition.key, &figure.title, x, y, height)
        .along(Along::Steps)
        .curves(curves.collect())
        .tune(move |plot| {
            if figure.definition.unit == phrase!("unit-codes") {
                plot.include_y(0.0).include_y(1.0)
            } else {
                plot
            }
        })
        .show(ctx, ui, |_| {}, || lines.csv(index), |_| {});
    if let Some(layer) = drawn.curve_clicked {
        ctx.send(SelectCommand::Layer(layer));
    }
}
