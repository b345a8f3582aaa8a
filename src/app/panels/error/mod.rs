//! Reconstruction error: what each layer adds, on frames that are trained on and on those that are held out.

mod by_dimension;
mod by_layer;
mod by_token;
mod clips;
mod energy;
mod over_time;
mod rate;
mod table;
mod work;

use std::collections::BTreeMap;

use egui::{Color32, ScrollArea, Ui};

use super::parts::{
    Counted, Figure, banner_ui, chooser_ui, codes_hint_ui, figures_ui, frames_hint_ui, frames_words,
    ready_view, row_heights, small_sample_ui, step_words, switch_ui, tile_rows, tiles_ui,
};
use crate::app::differs::legend_names;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::{number, percent};
use crate::app::plot::{LEAST_HEIGHT, Scale, StepChart, StepLines};
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::metrics::rate::{RatePoint, rate_points};
use crate::metrics::{LayerMetrics, TotalMetrics, distortion, usage};
use crate::session::{RunId, TokensLook, View};
use crate::text::{Phrase, phrase, t};
use crate::training::{Run, Series, SplitKind};

const ID: &str = "error";
/// Plots narrower than this stand one below the other.
const TILE_WIDTH: f32 = 260.0;
/// The table's head with its title, a row of it, and the most that it asks for.
const TABLE_HEAD: f32 = 66.0;
const TABLE_ROW: f32 = 21.0;
const TABLE_MOST: f32 = 230.0;
/// From this on, what training frames do better than held-out ones is worth a word.
const GAP_DB: f64 = 1.0;

/// Of what the error is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum By {
    #[default]
    Layers,
    Rate,
    Tokens,
    Dimensions,
    Time,
}

/// What there is to choose, and what it tells.
static BY: [(By, Phrase, Phrase); 5] = [
    (By::Layers, phrase!("error-by-layer"), phrase!("error-by-layer.help")),
    (By::Rate, phrase!("error-by-rate"), phrase!("error-by-rate.help")),
    (By::Tokens, phrase!("error-by-token"), phrase!("error-by-token.help")),
    (By::Dimensions, phrase!("error-by-dimension"), phrase!("error-by-dimension.help")),
    (By::Time, phrase!("error-over-time"), phrase!("error-over-time.help")),
];

/// The figures of a run over both sets of frames.
struct Figures {
    train: Vec<LayerMetrics>,
    held_out: Vec<LayerMetrics>,
    total: Option<TotalMetrics>,
    /// What each layer could gain at most on Gaussian frames of the same covariance, where that was looked at.
    shannon: Vec<Option<f64>>,
    /// What it gains of that.
    shannon_share: Vec<Option<f64>>,
}

static ABOUT: About = About {
    id: ID,
    title: phrase!("panel-error"),
    help: phrase!("panel-error.help"),
    home: Home { corner: Corner::UpperRight, place: 0 },
};

/// The panel.
#[derive(Default)]
pub struct Error {
    figures: Memo<(ByPtr<Run>, SplitKind), Figures>,
    by_layer: by_layer::ByLayer,
    steps: StepLines,
    energy: energy::Energy,
    overlaid: Overlaid,
    by: By,
    rate: rate::Rate,
    by_token: by_token::ByToken,
    by_dimension: by_dimension::ByDimension,
    over_time: over_time::OverTime,
    clips: clips::Clips,
}

/// The figures of the runs that are drawn over one another, on the frames that each is judged by.
#[derive(Default)]
struct Overlaid {
    of: BTreeMap<RunId, Memo<ByPtr<Run>, Judged>>,
}

/// The figures of a run on the frames that it is judged by.
#[derive(Default)]
struct Judged {
    layers: Vec<LayerMetrics>,
    rate: Vec<RatePoint>,
}

/// A run among those that are drawn over one another.
struct OverlaidRun<'a> {
    name: String,
    color: Color32,
    layers: &'a [LayerMetrics],
    rate: &'a [RatePoint],
}

impl Judged {
    fn new(run: &Run) -> Self {
        let Some((split, evaluation)) = run.best_evaluation() else { return Self::default() };
        Self { layers: run.layer_metrics(split), rate: rate_points(evaluation, &rate::strides(&run.rvq)) }
    }
}

impl Overlaid {
    /// They are worked out once for each state of a run; none where only one run is drawn.
    fn runs(&mut self, ctx: &PanelCtx<'_>) -> Vec<OverlaidRun<'_>> {
        let views: Vec<View<'_>> = ctx.session.overlaid().collect();
        if views.len() < 2 {
            self.of.clear();
            return Vec::new();
        }
        self.of.retain(|id, _| views.iter().any(|view| view.id() == *id));
        for view in &views {
            let of = self.of.entry(view.id()).or_default();
            of.get(ByPtr(view.run.clone()), || Judged::new(view.run));
        }
        let named = views.iter().zip(legend_names(&views)).enumerate();
        let run = |(nth, (view, name)): (usize, (&View<'_>, String))| {
            let Judged { layers, rate } = self.of.get(&view.id()).and_then(Memo::last)?;
            Some(OverlaidRun { name, color: ctx.palette.run(nth), layers, rate })
        };
        named.filter_map(run).collect()
    }
}

impl Panel for Error {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Some(view) = ready_view(ctx, ui) else { return };
        banner_ui(ctx, ui);
        chooser_ui(ctx, ui, view, true);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.body_ui(ctx, ui, view));
    }
}

impl Error {
    fn body_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>) {
        let split = ctx.session.selection().split;
        let figures = self.figures.get((ByPtr(view.run.clone()), split), || Figures::new(view.run, split));
        if figures.train.is_empty() && figures.held_out.is_empty() {
            if view.run.source.frames == 0 {
                return without_frames_ui(ctx, ui, view, &mut self.energy);
            }
            ui.label(t!("error-not-quantized"));
            return;
        }
        totals_ui(ctx, ui, view, figures, split);
        ui.horizontal_wrapped(|ui| {
            let choices = BY.map(|(by, label, help)| (by, label.text(), help.text()));
            switch_ui(ui, &mut self.by, &choices);
        });
        match self.by {
            By::Layers => self.layers_ui(ctx, ui, view),
            By::Rate => {
                let [height] = row_heights(ui, [(1.0, LEAST_HEIGHT)]);
                self.rate.ui(ctx, ui, view, &self.overlaid.runs(ctx), height);
            }
            By::Tokens => {
                let of = decoded(ctx, ui, view, t!("error-adds-places"));
                let [height] = row_heights(ui, [(1.0, LEAST_HEIGHT)]);
                self.by_token.ui(ctx, ui, view.run, of.as_ref(), height);
            }
            By::Dimensions => {
                if let Some(of) = decoded(ctx, ui, view, t!("error-adds-dimensions")) {
                    let [height] = row_heights(ui, [(1.0, LEAST_HEIGHT)]);
                    self.by_dimension.ui(ctx, ui, &of, height);
                }
            }
            By::Time => {
                let Some(of) = decoded(ctx, ui, view, t!("error-adds-time")) else {
                    return;
                };
                let table = clips::wanted_height(&of);
                let [height, _] = row_heights(ui, [(1.0, LEAST_HEIGHT), (0.0, table)]);
                self.over_time.ui(ctx, ui, &of, height);
                self.clips.ui(ctx, ui, &of);
            }
        }
    }

    fn layers_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>) {
        let Self { figures, by_layer, steps, overlaid, .. } = self;
        let Some(figures) = figures.last() else { return };
        let overlaid = overlaid.runs(ctx);
        let charts = if view.is_model { 1 } else { 2 };
        let rows = tile_rows(ui, charts, TILE_WIDTH) as f32;
        let gaps = ui.spacing().item_spacing.y * (rows - 1.0);
        let layers = figures.shannon.len();
        let wanted = TABLE_HEAD + TABLE_ROW * layers as f32;
        let [plots, table] =
            row_heights(ui, [(1.0, rows * LEAST_HEIGHT + gaps), (1.0, wanted.min(TABLE_MOST))]);
        // What the table does not need goes to the plots.
        let spare = (table - wanted).max(0.0);
        let height = (plots + spare - gaps) / rows;
        tiles_ui(ui, charts, TILE_WIDTH, height, |ui, index, height| match index {
            0 => by_layer.ui(ctx, ui, figures, &overlaid, height),
            _ => {
                let (series, definition) = (Series::Mse, &distortion::MSE);
                let chart = StepChart {
                    panel_id: ID,
                    key: "mse-steps",
                    series,
                    definition,
                    title: t!("error-batch-mse"),
                    scale: Scale::Log,
                    height,
                };
                steps.show(ctx, ui, view, &chart);
            }
        });
        table::table_ui(ctx, ui, figures, table - spare);
    }
}

/// What is decoded for errors of single frames; where the codes are not there it says why, and what they would add.
fn decoded(ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>, adds: &str) -> Option<work::Of> {
    let (Some(dataset), TokensLook::Ready { tokens, outdated: false }) =
        (ctx.session.dataset(), ctx.session.tokens())
    else {
        codes_hint_ui(ctx, ui, Counted::Run(view), adds);
        return None;
    };
    let (rvq, tokens) = (ByPtr(view.run.rvq.clone()), ByPtr(tokens.clone()));
    Some(work::Of { rvq, tokens, dataset: ByPtr(dataset.clone()) })
}

impl Figures {
    fn new(run: &Run, split: SplitKind) -> Self {
        let best = run.best_evaluation().map_or(split, |(split, _)| split);
        let figures = run.layer_metrics(best);
        Self {
            train: run.layer_metrics(SplitKind::Train),
            held_out: run.layer_metrics(SplitKind::HeldOut),
            total: run.total_metrics(split),
            shannon: figures.iter().map(|layer| layer.shannon_db).collect(),
            shannon_share: figures.iter().map(|layer| layer.shannon_share).collect(),
        }
    }
}

fn totals_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>, figures: &Figures, split: SplitKind) {
    let run = &view.run;
    let codes = run.rvq.layers().iter().map(|l| l.codebook.num_codes()).max().unwrap_or(1);
    let frames = run.evaluation(split).map_or(0, |evaluation| evaluation.frames);
    let reliable = small_sample_ui(ctx, ui, frames, codes, split.label());
    let Some(total) = &figures.total else { return };
    let of = |value: Option<f64>| value.map(number);
    let mut shown = vec![
        Figure::new(&distortion::SNR, of(total.snr_db)).named(t!("error-snr-behind-all")),
        Figure::new(&distortion::MSE, of(total.mse)).named(t!("error-mse-behind-all")),
        Figure::new(&distortion::EXPLAINED_VARIANCE, total.explained_variance.map(percent)),
        Figure::new(&usage::BIT_EFFICIENCY, total.bit_efficiency.map(percent)),
    ];
    if run.source.frame_rate_hz.is_some() {
        shown.push(Figure::new(&usage::NOMINAL_KBPS, of(total.nominal_kbps)));
        shown.push(Figure::new(&usage::EFFECTIVE_KBPS, of(total.effective_kbps)));
    }
    let of_what = t!(
        "error-of-what",
        n = run.rvq.num_layers(),
        frames = frames_words(run, split),
        step = step_words(run)
    );
    figures_ui(ui, ctx.palette, reliable, &of_what, shown);
    gap_ui(ctx, ui, run);
}

/// Remarks on how much better training frames come out than held-out ones.
fn gap_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, run: &Run) {
    let snr = |split| run.total_metrics(split).and_then(|total| total.snr_db);
    let (Some(train), Some(held_out)) = (snr(SplitKind::Train), snr(SplitKind::HeldOut)) else { return };
    let gap = train - held_out;
    let [train, held_out, by] = [train, held_out, gap].map(|db| format!("{db:.1}"));
    let (text, color) = if gap >= GAP_DB {
        (t!("error-gap", gap = by, train = train, held_out = held_out), ctx.palette.warning)
    } else {
        (t!("error-no-gap", train = train, held_out = held_out), ctx.palette.faint)
    };
    ui.add(egui::Label::new(egui::RichText::new(text).size(12.0).color(color)).wrap());
}

/// Of a quantizer without frames: what its rows alone tell of the layers, and what frames would add.
fn without_frames_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>, energy: &mut energy::Energy) {
    frames_hint_ui(ctx, ui, &t!("error-adds-frames", dim = view.run.rvq.dim()));
    let [height] = row_heights(ui, [(1.0, LEAST_HEIGHT)]);
    energy.ui(ctx, ui, view, height);
}
