//! Codebook usage: which codes frames choose, how often, and how evenly.

mod bars;
mod heatmap;
mod ranks;

use egui::{ScrollArea, Ui};

use super::parts::{
    Counted, Figure, banner_ui, counted, figures_ui, row_heights, small_sample_ui, tile_rows, tiles_ui,
};
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::LEAST_HEIGHT;
use crate::app::plot::numbers::{grouped, number, percent};
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::metrics::{Evaluation, LayerMetrics, usage};
use crate::session::Selection;
use crate::training::SplitKind;

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
    title: "Codebook usage",
    help: "Which codes frames choose, how often and how evenly. Look for layers with many unused codes, and for a few codes that take everything",
    home: Home { corner: Corner::UpperLeft, place: 0 },
};

/// The panel.
#[derive(Default)]
pub struct Usage {
    bars: bars::Bars,
    ranks: ranks::Ranks,
    heatmap: heatmap::Heatmap,
    metrics: Memo<(ByPtr<Evaluation>, SplitKind), Vec<LayerMetrics>>,
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
        let Self { bars, ranks, heatmap, metrics } = self;
        let Selection { layer, split, .. } = ctx.session.selection();
        let Some(evaluation) = counted.evaluation(split) else {
            ui.label("Frames have not been counted yet");
            return;
        };
        let metrics = metrics.get((ByPtr(evaluation.clone()), split), || counted.layer_metrics(split));
        let (Some(figures), Some(tally)) = (metrics.get(layer), evaluation.layers.get(layer)) else { return };
        let words = counted.frames_words(split);
        let of_what = format!("Layer {}, {words}{}", layer + 1, counted.step_words());
        let num_codes = tally.counts.len();
        layer_figures_ui(ctx, ui, figures, num_codes, (&of_what, counted.frames_label(split)));
        let rows = tile_rows(ui, 2, TILE_WIDTH) as f32;
        let heat_least =
            (HEAT_AXES + HEAT_ROW * evaluation.layers.len() as f32).clamp(LEAST_HEIGHT, HEAT_MOST);
        let gaps = ui.spacing().item_spacing.y * (rows - 1.0);
        let [plots, heat] = row_heights(ui, [(1.3, rows * LEAST_HEIGHT + gaps), (1.0, heat_least)]);
        tiles_ui(ui, 2, TILE_WIDTH, (plots - gaps) / rows, |ui, index, height| match index {
            0 => bars.ui(ctx, ui, counted.run(), evaluation, &words, height),
            _ => ranks.ui(ctx, ui, evaluation, &words, height),
        });
        heatmap.ui(ctx, ui, evaluation, &words, heat);
    }
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
        .map(|p| format!("{} of K", percent(p / num_codes.max(1) as f64)))
        .unwrap_or_default();
    let of = |value: Option<f64>| value.map(number);
    figures_ui(
        ui,
        ctx.palette,
        reliable,
        of_what,
        [
            Figure::new(&usage::USED, (n > 0).then(|| grouped(figures.used as i64)))
                .note(format!("of {} codes", grouped(num_codes as i64))),
            Figure::new(&usage::UTILIZATION, figures.utilization.map(percent)),
            Figure::new(&usage::UNIFORM_UTILIZATION, Some(percent(uniform))),
            Figure::new(&usage::PERPLEXITY, of(figures.perplexity)).note(perplexity_share),
            Figure::new(&usage::PERPLEXITY_MM, of(figures.perplexity_mm)),
            Figure::new(&usage::ENTROPY, of(figures.entropy_nats)).note(
                figures
                    .entropy_nats
                    .map(|h| format!("{} bit", number(h / std::f64::consts::LN_2)))
                    .unwrap_or_default(),
            ),
            Figure::new(&usage::GINI, of(figures.gini)),
        ],
    );
}
