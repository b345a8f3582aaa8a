//! The codebook itself: how long its rows are, how far apart, how they lie, and whether they are what their running averages say. No frame is
//! needed for any of it.

mod picture;

use std::sync::Arc;

use egui::{ScrollArea, Ui};

use super::parts::{
    ByCode, Figure, Measure, banner_ui, chooser_ui, figures_ui, frames_hint_ui, note_ui, ready_view,
    row_heights, tile_rows, tiles_ui,
};
use crate::app::codebooks::snapshot_of;
use crate::app::plot::LEAST_HEIGHT;
use crate::app::plot::numbers::{grouped, number, percent};
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::metrics::buffers::{self, CodebookView};
use crate::training::Run;

const ID: &str = "codebook";
/// Plots narrower than this stand one below the other.
const TILE_WIDTH: f32 = 270.0;

static ABOUT: About = About {
    id: ID,
    title: "Codebook",
    help: "The rows of a layer: their lengths, their distances, and how they lie. Look for rows that lie on one another, and for rows that left their averages",
    home: Home { corner: Corner::LowerRight, place: 1 },
};

/// The panel.
#[derive(Default)]
pub struct Codebook {
    norms: ByCode,
    distances: ByCode,
    gaps: ByCode,
    picture: picture::RowPicture,
}

impl Panel for Codebook {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Some(view) = ready_view(ctx, ui) else { return };
        banner_ui(ctx, ui);
        chooser_ui(ctx, ui, view, false);
        let layer = ctx.session.selection().layer;
        let Some(snapshot) = snapshot_of(ui, view, layer) else {
            let text = "All rows are compared with each other. While training runs that is done every few seconds, and of large codebooks when it pauses or ends";
            return note_ui(ctx, ui, "The codebook still moves", text);
        };
        match snapshot.layer(layer) {
            Some(codebook) => {
                let run = &snapshot.run;
                ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                    self.body_ui(ctx, ui, run, codebook, layer);
                });
            }
            None => note_ui(ctx, ui, "Comparing rows", "All rows of the layer are compared with each other"),
        }
    }
}

impl Codebook {
    fn body_ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        run: &Arc<Run>,
        codebook: &CodebookView,
        layer: usize,
    ) {
        let Self { norms, distances, gaps, picture } = self;
        figures_of(ctx, ui, run, codebook, layer);
        if run.source.frames == 0 {
            frames_hint_ui(ctx, ui, "the residuals that the rows stand for, and the error of each code");
        }
        let charts = if codebook.ema.is_some() { 4 } else { 3 };
        let rows = tile_rows(ui, charts, TILE_WIDTH);
        let across = charts.div_ceil(rows).min(2);
        let rows = charts.div_ceil(across) as f32;
        let gaps_between = ui.spacing().item_spacing.y * (rows - 1.0);
        let [room] = row_heights(ui, [(1.0, rows * LEAST_HEIGHT + gaps_between)]);
        let height = (room - gaps_between) / rows;
        let of = (ID, run, codebook, layer);
        let mut chart = |ui: &mut Ui, index: usize, height: f32| match index {
            0 => picture.ui(ctx, ui, (run, codebook, layer), height),
            1 => distances.ui(ctx, ui, of, Measure::Distance, height),
            2 => norms.ui(ctx, ui, of, Measure::Norm, height),
            _ => gaps.ui(ctx, ui, of, Measure::Gap, height),
        };
        for first in (0..charts).step_by(across) {
            ui.push_id(first, |ui| {
                let here = across.min(charts - first);
                tiles_ui(ui, here, TILE_WIDTH.min(ui.available_width()), height, |ui, index, height| {
                    chart(ui, first + index, height);
                });
            });
        }
    }
}

fn figures_of(ctx: &PanelCtx<'_>, ui: &mut Ui, run: &Run, codebook: &CodebookView, layer: usize) {
    let dim = run.rvq.layers().get(layer).map_or(0, |l| l.codebook.dim());
    let num_codes = codebook.norms.len();
    let metrics = &codebook.metrics;
    let largest = codebook.ema.as_ref().map(|ema| ema.gaps.iter().fold(0.0f64, |a, &b| a.max(b)));
    let of_codes = format!("of {} codes", grouped(num_codes as i64));
    let mut shown = vec![
        Figure::new(&buffers::EFFECTIVE_DIMENSION, metrics.effective_dimension.map(number))
            .note(format!("of {dim}")),
        Figure::new(&buffers::NEAR_DUPLICATES, metrics.near_duplicates.map(|n| grouped(n as i64)))
            .note(of_codes),
    ];
    if let Some(largest) = largest {
        shown.push(
            Figure::new(&buffers::EMBED_GAP, Some(number(largest)))
                .named("Largest gap of a row to its average"),
        );
    }
    let axes = codebook.picture.explained.map(|[a, b]| a + b);
    let of_what = format!(
        "Layer {}{}: {} rows of {dim} dimensions{}",
        layer + 1,
        if run.steps > 0 { format!(" at step {}", grouped(run.steps as i64)) } else { String::new() },
        grouped(num_codes as i64),
        axes.map_or_else(String::new, |share| format!(
            "; two axes hold {} of their variance",
            percent(share)
        ))
    );
    figures_ui(ui, ctx.palette, true, &of_what, shown);
}
