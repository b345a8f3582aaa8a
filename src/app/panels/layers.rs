//! Layers at a glance: one row a layer, with what it does, how it moves, and what is to be said of it.

use egui::{Color32, Label, RichText, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::parts::{Column, Key, Sort, Table, banner_ui, chooser_ui, frames_words, ready_view, row_heights};
use crate::app::codebooks::codebooks_of;
use crate::app::diagnoses::diagnosis_of;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::{grouped, number, percent};
use crate::app::plot::sheet::column;
use crate::app::plot::{Scale, Title, Visible, decimate};
use crate::app::{About, Corner, Home, Palette, Panel, PanelCtx};
use crate::doctor::{Finding, Health, LayerVerdict, verdicts};
use crate::markup::{self, Cell};
use crate::metrics::{Definition, buffers, convergence, distortion, usage};
use crate::session::{SelectCommand, View};
use crate::text::{Phrase, phrase, t};
use crate::training::{History, Run, Series, SplitKind};

const ID: &str = "layers";
/// The least height of the table.
const HEIGHT: f32 = 150.0;
/// Points of a sparkline.
const SPARK_POINTS: usize = 48;
/// Its size.
const SPARK: egui::Vec2 = vec2(56.0, 16.0);

static ABOUT: About = About {
    id: ID,
    title: phrase!("panel-layers"),
    help: phrase!("panel-layers.help"),
    home: Home { corner: Corner::UpperLeft, place: 1 },
};

/// What a sparkline draws beside a figure.
type Spark = Option<(Series, Scale)>;

/// A column: head, meaning, width, value, how it is written, and the curve beside it.
struct Figure {
    head: Phrase,
    definition: &'static Definition,
    width: f32,
    of: fn(&Row) -> Option<f64>,
    show: fn(f64) -> String,
    spark: Spark,
}

static FIGURES: [Figure; 7] = [
    Figure {
        head: phrase!("parts-head-used"),
        definition: &usage::USED,
        width: 142.0,
        of: |row| row.used,
        show: whole,
        spark: Some((Series::Used, Scale::Linear)),
    },
    Figure {
        head: phrase!("parts-head-perplexity"),
        definition: &usage::PERPLEXITY,
        width: 112.0,
        of: |row| row.perplexity,
        show: number,
        spark: Some((Series::Perplexity, Scale::Linear)),
    },
    Figure {
        head: phrase!("parts-head-below"),
        definition: &usage::DEAD_THRESHOLD,
        width: 112.0,
        of: |row| row.below,
        show: whole,
        spark: Some((Series::BelowThreshold, Scale::Linear)),
    },
    Figure {
        head: phrase!("layers-unused"),
        definition: &usage::DEAD_CORPUS,
        width: 100.0,
        of: |row| row.unused,
        show: whole,
        spark: None,
    },
    Figure {
        head: phrase!("layers-gain"),
        definition: &distortion::SNR_GAIN,
        width: 112.0,
        of: |row| row.gain,
        show: two_decimals,
        spark: Some((Series::Mse, Scale::Log)),
    },
    Figure {
        head: phrase!("parts-head-drift"),
        definition: &convergence::DRIFT,
        width: 122.0,
        of: |row| row.drift,
        show: number,
        spark: Some((Series::Drift, Scale::Log)),
    },
    Figure {
        head: phrase!("layers-near-duplicates"),
        definition: &buffers::NEAR_DUPLICATES,
        width: 96.0,
        of: |row| row.near_duplicates,
        show: whole,
        spark: None,
    },
];

/// The layer and its verdict stand before the figures.
const WORDS: usize = 2;

/// A layer as it is listed.
#[derive(Debug, Clone)]
struct Row {
    layer: usize,
    codes: usize,
    used: Option<f64>,
    perplexity: Option<f64>,
    below: Option<f64>,
    unused: Option<f64>,
    gain: Option<f64>,
    drift: Option<f64>,
    near_duplicates: Option<f64>,
    verdict: Option<LayerVerdict>,
}

/// The curve of each figure over the steps, by layer.
type Sparks = Vec<[Vec<f32>; FIGURES.len()]>;

/// The panel.
pub struct Layers {
    sort: Sort,
    rows: Memo<(ByPtr<Run>, SplitKind, usize, bool), Vec<Row>>,
    sparks: Memo<(ByPtr<Run>, usize), Sparks>,
}

impl Default for Layers {
    fn default() -> Self {
        Self { sort: Sort { column: 0, descending: false }, rows: Memo::new(), sparks: Memo::new() }
    }
}

impl Panel for Layers {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Some(view) = ready_view(ctx, ui) else { return };
        banner_ui(ctx, ui);
        chooser_ui(ctx, ui, view, true);
        let [height] = row_heights(ui, [(1.0, HEIGHT)]);
        self.table_ui(ctx, ui, view, height);
    }
}

impl Layers {
    fn table_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>, height: f32) {
        let Self { sort, rows, sparks } = self;
        let split = ctx.session.selection().split;
        let codebooks = codebooks_of(ui, view, ctx.session.selection().layer);
        let known = codebooks
            .as_ref()
            .map_or(0, |layers| layers.iter().filter(|layer| layer.get().is_some()).count());
        let diagnosis = diagnosis_of(ui, view, ctx.session.dataset());
        let key = (ByPtr(view.run.clone()), split, known, diagnosis.is_whole());
        let rows = rows.get(key, || {
            let near = |layer: usize| {
                let view = codebooks.as_ref()?.get(layer)?.get()?;
                view.metrics.near_duplicates.map(|n| n as f64)
            };
            rows_of(view, split, near, diagnosis.findings().unwrap_or_default())
        });
        let mut rows = rows.clone();
        sort.apply(&mut rows, |row| row.key(sort.column));
        let sparks = sparks.get((ByPtr(view.run.clone()), rows.len()), || {
            (0..rows.len()).map(|layer| sparks_of(view.history, layer)).collect()
        });
        let top = ui.cursor().top();
        let (text, help) = title_words(view.run, split);
        let title = Title { panel_id: ID, key: "table", text: &text, help: &help, choices: None };
        title.table_ui(ctx, ui, |_| {}, "layers.csv", || sheet(&rows, &text));
        let columns = columns();
        let height = height - (ui.cursor().top() - top);
        let table = Table { id: ID, columns: &columns, rows: rows.len(), height };
        let selected = ctx.session.selection().layer;
        let palette = ctx.palette;
        let fill = |row: usize| match rows.get(row) {
            Some(row) if row.layer == selected => palette.layer(row.layer).gamma_multiply(0.16),
            _ if row % 2 == 1 => palette.card.gamma_multiply(0.6),
            _ => Color32::TRANSPARENT,
        };
        table.ui(ui, palette, sort, fill, |ui, index, column| {
            if let Some(row) = rows.get(index) {
                cell_ui(ctx, ui, row, column, sparks.get(row.layer));
            }
        });
    }
}

/// What the table is of, and how it is read.
fn title_words(run: &Run, split: SplitKind) -> (String, String) {
    let text = match (run.evaluation(split), run.evaluated_at) {
        (Some(_), 0) => t!("layers-title", frames = frames_words(run, split)),
        (Some(_), step) => t!("layers-title.step", frames = frames_words(run, split), step = step),
        (None, _) => t!("layers-title.alone").to_owned(),
    };
    let help = match run.calibration() {
        Some(calibration) => t!("layers-title.calibrated", calibration = calibration),
        None => t!("layers-title.help").to_owned(),
    };
    (text, help)
}

/// Every layer of the run, plain.
fn rows_of(
    view: View<'_>,
    split: SplitKind,
    near_duplicates: impl Fn(usize) -> Option<f64>,
    findings: &[Finding],
) -> Vec<Row> {
    let run = view.run;
    let metrics = run.layer_metrics(split);
    let ema = run.ema_metrics();
    let mut verdicts = verdicts(run, view.history, findings).into_iter().map(Some).collect::<Vec<_>>();
    let row = |(layer, l): (usize, &crate::rvq::Layer)| {
        let figures = metrics.get(layer);
        let buffers = ema.get(layer);
        let count = |n: Option<usize>| n.map(|n| n as f64);
        Row {
            layer,
            codes: l.codebook.num_codes(),
            used: figures.map(|f| f.used as f64).or(buffers.and_then(|b| count(b.used))),
            perplexity: figures.and_then(|f| f.perplexity).or(buffers.and_then(|b| b.perplexity)),
            below: buffers.and_then(|b| count(b.dead_threshold)),
            unused: figures.and_then(|f| count(f.dead_corpus)),
            gain: figures.and_then(|f| f.snr_gain_db),
            drift: view.history.last(layer, Series::Drift),
            near_duplicates: near_duplicates(layer),
            verdict: verdicts.get_mut(layer).and_then(Option::take),
        }
    };
    run.rvq.layers().iter().enumerate().map(row).collect()
}

impl Row {
    fn key(&self, column: usize) -> Key {
        match column {
            0 => Key::Number(Some(self.layer as f64)),
            // The worst first when sorted downwards.
            1 => Key::Number(self.verdict.as_ref().map(|v| health_rank(v.health))),
            _ => Key::Number(FIGURES.get(column - WORDS).and_then(|figure| (figure.of)(self))),
        }
    }
}

fn health_rank(health: Health) -> f64 {
    match health {
        Health::Unknown => 0.0,
        Health::Healthy => 1.0,
        Health::Watch => 2.0,
        Health::Unhealthy => 3.0,
    }
}

fn health_color(health: Health, palette: &Palette) -> Color32 {
    match health {
        Health::Healthy => palette.good,
        Health::Watch => palette.warning,
        Health::Unhealthy => palette.bad,
        Health::Unknown => palette.muted,
    }
}

fn columns() -> Vec<Column> {
    let words = [
        Column { head: t!("word-layer"), help: t!("layers-layer-help"), width: 44.0, sorts: true },
        Column { head: t!("layers-verdict"), help: t!("layers-verdict.help"), width: 330.0, sorts: true },
    ];
    let figures = FIGURES.iter().map(|f| Column {
        head: f.head.text(),
        help: f.definition.text.text(),
        width: f.width,
        sorts: true,
    });
    words.into_iter().chain(figures).collect()
}

fn cell_ui(
    ctx: &PanelCtx<'_>,
    ui: &mut Ui,
    row: &Row,
    column: usize,
    sparks: Option<&[Vec<f32>; FIGURES.len()]>,
) {
    let palette = ctx.palette;
    match column {
        0 => layer_ui(ctx, ui, row.layer),
        1 => verdict_ui(ui, palette, row),
        _ => {
            let Some(figure) = FIGURES.get(column - WORDS) else { return };
            let value = (figure.of)(row);
            let text = value.map_or_else(|| "–".to_owned(), figure.show);
            let text = match (column - WORDS, value) {
                (0, Some(used)) => format!("{text} ({})", percent(used / row.codes.max(1) as f64)),
                _ => text,
            };
            if let Some(spark) = sparks.map(|sparks| &sparks[column - WORDS]).filter(|s| s.len() > 1) {
                spark_ui(ui, spark, palette.layer(row.layer));
            }
            let text = RichText::new(text).size(12.0);
            ui.add(Label::new(if value.is_none() { text.color(palette.muted) } else { text }).truncate());
        }
    }
}

fn layer_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, layer: usize) {
    let is_selected = ctx.session.selection().layer == layer;
    let text = RichText::new((layer + 1).to_string()).size(12.0).strong().color(ctx.palette.layer(layer));
    let response = ui.add(egui::Button::selectable(is_selected, text).min_size(vec2(34.0, 18.0)));
    let name = t!("layers-row", layer = layer + 1);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_selected, &name));
    if response.clicked() {
        ctx.send(SelectCommand::Layer(layer));
    }
}

fn verdict_ui(ui: &mut Ui, palette: &Palette, row: &Row) {
    let Some(verdict) = &row.verdict else { return };
    let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 4.5, health_color(verdict.health, palette));
    let text = t!("layers-verdict.cell", advice = verdict.advice(), why = &verdict.why);
    ui.add(Label::new(RichText::new(text).size(12.0)).truncate()).on_hover_text(verdict.line());
}

/// The course of each figure that has one, from 0 to 1 of its range.
fn sparks_of(history: &History, layer: usize) -> [Vec<f32>; FIGURES.len()] {
    std::array::from_fn(|index| {
        let Some((series, scale)) = FIGURES[index].spark else { return Vec::new() };
        let (steps, values) = (history.steps(), history.series(layer, series));
        let buckets = Visible::all(SPARK_POINTS / 2);
        let points = decimate(steps, values, |step| step as f64, scale, buckets);
        let ends =
            points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), p| (a.min(p.y), b.max(p.y)));
        let span = (ends.1 - ends.0).max(f64::MIN_POSITIVE);
        points.iter().map(|p| ((p.y - ends.0) / span) as f32).collect()
    })
}

fn spark_ui(ui: &mut Ui, spark: &[f32], color: Color32) {
    let (rect, _) = ui.allocate_exact_size(SPARK, Sense::hover());
    let x = |i: usize| rect.left() + rect.width() * i as f32 / (spark.len() - 1) as f32;
    let at = |(i, &y): (usize, &f32)| pos2(x(i), rect.bottom() - 1.0 - y * (rect.height() - 2.0));
    let points = spark.iter().enumerate().map(at).collect();
    ui.painter().add(Shape::line(points, Stroke::new(1.0, color)));
}

fn whole(value: f64) -> String {
    grouped(value as i64)
}

fn two_decimals(value: f64) -> String {
    format!("{value:.2}")
}

/// The rows as a document takes them.
fn sheet(rows: &[Row], caption: &str) -> markup::Table {
    let mut columns = vec![column("layer", t!("word-layer")), column("codes", "K")];
    columns.extend(FIGURES.iter().map(|figure| column(figure.definition.key, figure.head.text())));
    let words = [("health", t!("layers-health")), ("why", t!("layers-why")), ("advice", t!("layers-advice"))];
    columns.extend(words.map(|(key, head)| column(key, head)));
    let mut table = markup::Table::new(caption, columns);
    for row in rows {
        let mut cells = vec![Cell::count(row.layer + 1), Cell::count(row.codes)];
        cells.extend(FIGURES.iter().map(|figure| Cell::figure((figure.of)(row), figure.show)));
        let words =
            row.verdict.as_ref().map(|v| [v.health.key().to_owned(), v.why.text(), v.advice().text()]);
        cells.extend(words.unwrap_or_default().map(Cell::from));
        table.rows.push(cells);
    }
    table
}
