//! Codebook usage: which codes frames choose, how often, and how evenly.

mod bars;
mod heatmap;
mod ranks;
mod weights;

use std::sync::Arc;

use egui::{ScrollArea, Ui};

use super::parts::{
    Counted, Figure, banner_ui, counted, figures_ui, frames_hint_ui, needs_frames_ui, row_heights,
    small_sample_ui, tile_rows, tiles_ui,
};
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::LEAST_HEIGHT;
use crate::app::plot::numbers::{grouped, number, percent};
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::metrics::{Evaluation, LayerMetrics, buffers, usage};
use crate::session::Selection;
use crate::text::{phrase, t};
use crate::training::{Run, SplitKind};
use weights::{Source, Weights};

const ID: &str = "usage";
/// Plots narrower than this stand one below the other.
const TILE_WIDTH: f32 = 270.0;
/// What the heatmap takes beside its rows, what a row takes at the least, and the most that it asks for.
const HEAT_AXES: f32 = 64.0;
const HEAT_ROW: f32 = 7.0;
const HEAT_MOST: f32 = 260.0;

/// In which order codes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Order {
    #[default]
    Index,
    Frequency,
}

static ABOUT: About = About {
    id: ID,
    title: phrase!("panel-usage"),
    help: phrase!("panel-usage.help"),
    home: Home { corner: Corner::UpperLeft, place: 0 },
};

/// The panel.
#[derive(Default)]
pub struct Usage {
    bars: bars::Bars,
    ranks: ranks::Ranks,
    heatmap: heatmap::Heatmap,
    metrics: Memo<(ByPtr<Evaluation>, SplitKind), Vec<LayerMetrics>>,
    weights: Memo<Source, Arc<Weights>>,
}

impl Panel for Usage {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Some(counted) = counted(ctx, ui) else { return };
        banner_ui(ctx, ui);
        counted.chooser_ui(ctx, ui);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.body_ui(ctx, ui, counted));
    }
}

impl Usage {
    fn body_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, counted: Counted<'_>) {
        let Self { bars, ranks, heatmap, metrics, weights } = self;
        let Selection { layer, split, .. } = ctx.session.selection();
        let evaluation = counted.evaluation(split);
        let Some(source) = Source::find(evaluation, counted.run().map(|run| &run.rvq)) else {
            return no_weights_ui(ctx, ui);
        };
        let weights = weights.get(source.clone(), || source.weights()).clone();
        let words = match evaluation {
            Some(_) => counted.frames_words(split),
            None => t!("usage-cluster-sizes").to_owned(),
        };
        match evaluation {
            Some(evaluation) => {
                let metrics =
                    metrics.get((ByPtr(evaluation.clone()), split), || counted.layer_metrics(split));
                let Some(figures) = metrics.get(layer) else { return };
                let of_what =
                    t!("usage-of-what", layer = layer + 1, frames = &words, step = counted.step_words());
                let num_codes = weights.layer(layer).len();
                layer_figures_ui(ctx, ui, figures, num_codes, (&of_what, counted.frames_label(split)));
            }
            None => {
                if let Some(run) = counted.run() {
                    ema_figures_ui(ctx, ui, run, layer);
                }
            }
        }
        let rows = tile_rows(ui, 2, TILE_WIDTH) as f32;
        let heat_least = (HEAT_AXES + HEAT_ROW * weights.layers.len() as f32).clamp(LEAST_HEIGHT, HEAT_MOST);
        let gaps = ui.spacing().item_spacing.y * (rows - 1.0);
        let [plots, heat] = row_heights(ui, [(1.3, rows * LEAST_HEIGHT + gaps), (1.0, heat_least)]);
        tiles_ui(ui, 2, TILE_WIDTH, (plots - gaps) / rows, |ui, index, height| match index {
            0 => bars.ui(ctx, ui, counted.run(), &weights, &words, height),
            _ => ranks.ui(ctx, ui, &weights, &words, height),
        });
        heatmap.ui(ctx, ui, &weights, &words, heat);
    }
}

/// Without frames and without an EMA state nothing tells how often codes are used.
fn no_weights_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    needs_frames_ui(ctx, ui, t!("usage-needs-frames"), t!("usage-needs-frames.help"));
}

/// What the EMA state of a layer tells of its usage.
fn ema_figures_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, run: &Arc<Run>, layer: usize) {
    let metrics = run.ema_metrics();
    let (Some(figures), Some(l)) = (metrics.get(layer), run.rvq.layers().get(layer)) else { return };
    let num_codes = l.codebook.num_codes();
    let of = |value: Option<f64>| value.map(number);
    let used = figures.used.map(|n| grouped(n as i64));
    let dead = figures.dead_threshold.map(|n| grouped(n as i64));
    let shown = [
        Figure::new(&buffers::EMA_USED, used).note(t!("usage-of-codes", n = num_codes)),
        Figure::new(&buffers::EMA_UTILIZATION, figures.utilization.map(percent)),
        Figure::new(&buffers::EMA_PERPLEXITY, of(figures.perplexity)),
        Figure::new(&buffers::EMA_ENTROPY, of(figures.entropy_nats)),
        Figure::new(&buffers::EMA_GINI, of(figures.gini)),
        Figure::new(&usage::DEAD_THRESHOLD, dead),
    ];
    let of_what = t!("usage-of-averages", layer = layer + 1);
    figures_ui(ui, ctx.palette, true, &of_what, shown);
    frames_hint_ui(ctx, ui, t!("usage-adds-frames"));
}

fn layer_figures_ui(
    ctx: &PanelCtx<'_>,
    ui: &mut Ui,
    figures: &LayerMetrics,
    num_codes: usize,
    (of_what, frames_label): (&str, &str),
) {
    let n = figures.frames;
    let reliable = small_sample_ui(ctx, ui, n, num_codes, frames_label);
    let uniform = usage::uniform_utilization(n, num_codes);
    let perplexity_share = figures
        .perplexity
        .map(|p| t!("usage-of-k", share = percent(p / num_codes.max(1) as f64)))
        .unwrap_or_default();
    let of = |value: Option<f64>| value.map(number);
    figures_ui(
        ui,
        ctx.palette,
        reliable,
        of_what,
        [
            Figure::new(&usage::USED, (n > 0).then(|| grouped(figures.used as i64)))
                .note(t!("usage-of-codes", n = num_codes)),
            Figure::new(&usage::UTILIZATION, figures.utilization.map(percent)),
            Figure::new(&usage::UNIFORM_UTILIZATION, Some(percent(uniform))),
            Figure::new(&usage::PERPLEXITY, of(figures.perplexity)).note(perplexity_share),
            Figure::new(&usage::PERPLEXITY_MM, of(figures.perplexity_mm)),
            Figure::new(&usage::ENTROPY, of(figures.entropy_nats)).note(
                figures
                    .entropy_nats
                    .map(|h| t!("usage-entropy-bits", bits = number(h / std::f64::consts::LN_2)))
                    .unwrap_or_default(),
            ),
            Figure::new(&usage::GINI, of(figures.gini)),
        ],
    );
}
