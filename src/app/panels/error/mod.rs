//! Reconstruction error: what each layer adds, on frames that are trained on and on those that are held out.

mod by_layer;
mod table;

use egui::{ScrollArea, Ui};

use super::parts::{
    Figure, banner_ui, chooser_ui, figures_ui, ready_view, row_heights, small_sample_ui, tile_rows, tiles_ui,
};
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::{number, percent};
use crate::app::plot::{Scale, StepChart, StepLines};
use crate::app::{Panel, PanelCtx};
use crate::metrics::{LayerMetrics, TotalMetrics, distortion, usage};
use crate::session::View;
use crate::training::{Run, Series, SplitKind};

const ID: &str = "error";

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

/// The panel.
#[derive(Default)]
pub struct Error {
    figures: Memo<(ByPtr<Run>, SplitKind), Figures>,
    by_layer: by_layer::ByLayer,
    steps: StepLines,
}

impl Panel for Error {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self) -> &'static str {
        "Reconstruction error"
    }

    fn help(&self) -> &'static str {
        "What each layer adds to the reconstruction. Look for layers that gain little, and for held-out frames that do worse than those trained on"
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Some(view) = ready_view(ctx, ui) else { return };
        banner_ui(ctx, ui);
        chooser_ui(ctx, ui, view, true);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.body_ui(ctx, ui, view));
    }
}

impl Error {
    fn body_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, view: &View) {
        let Self { figures, by_layer, steps } = self;
        let split = ctx.session.selection().split;
        let figures = figures.get((ByPtr(view.run.clone()), split), || Figures::new(&view.run, split));
        if figures.train.is_empty() && figures.held_out.is_empty() {
            ui.label("Frames have not been quantized yet");
            return;
        }
        totals_ui(ctx, ui, view, figures, split);
        let charts = if view.is_model { 1 } else { 2 };
        let rows = tile_rows(ui, charts, 260.0) as f32;
        let gaps = ui.spacing().item_spacing.y * (rows - 1.0);
        let layers = figures.shannon.len();
        let wanted = 50.0 + 21.0 * layers as f32;
        let [plots, table] = row_heights(ui, [(1.0, rows * 128.0 + gaps), (1.0, wanted.min(230.0))]);
        // What the table does not need goes to the plots.
        let spare = (table - wanted).max(0.0);
        let height = (plots + spare - gaps) / rows;
        tiles_ui(ui, charts, 260.0, height, |ui, index, height| match index {
            0 => by_layer.ui(ctx, ui, figures, height),
            _ => {
                let (series, definition) = (Series::Mse, &distortion::MSE);
                let chart = StepChart {
                    panel_id: ID,
                    key: "mse-steps",
                    series,
                    definition,
                    scale: Scale::Log,
                    height,
                };
                steps.show(ctx, ui, view, &chart);
            }
        });
        table::table_ui(ctx, ui, figures, table - spare);
    }
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

fn totals_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, view: &View, figures: &Figures, split: SplitKind) {
    let run = &view.run;
    let codes = run.rvq.layers().iter().map(|l| l.codebook.num_codes()).max().unwrap_or(1);
    let frames = run.evaluation(split).map_or(0, |evaluation| evaluation.frames);
    let reliable = small_sample_ui(ctx, ui, frames, codes, split.label());
    let Some(total) = &figures.total else { return };
    let of = |value: Option<f64>| value.map(number);
    let mut shown = vec![
        Figure::new(&distortion::SNR, of(total.snr_db)).note(split.label()),
        Figure::new(&distortion::MSE, of(total.mse)),
        Figure::new(&distortion::EXPLAINED_VARIANCE, total.explained_variance.map(percent)),
        Figure::new(&usage::BIT_EFFICIENCY, total.bit_efficiency.map(percent)),
    ];
    if run.source.frame_rate_hz.is_some() {
        shown.push(Figure::new(&usage::NOMINAL_KBPS, of(total.nominal_kbps)));
        shown.push(Figure::new(&usage::EFFECTIVE_KBPS, of(total.effective_kbps)));
    }
    figures_ui(ui, ctx.palette, reliable, shown);
}
