//! The codebook itself: how long its rows are, how far apart, how they lie before what the layer is given, and whether they are what their running
//! averages say. No frame is needed for any of it; with frames the map has the density of the inputs behind the rows.

mod cloud;
mod maps;
mod marking;
mod outline;
mod picture;
mod textures;

use std::sync::Arc;

use egui::{Label, RichText, ScrollArea, Ui};

use super::parts::{
    ByCode, Figure, Measure, banner_ui, chooser_ui, figures_ui, frames_hint_ui, frames_words, note_ui,
    ready_view, row_heights, tile_rows, tiles_ui,
};
use crate::app::codebooks::snapshot_of;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::LEAST_HEIGHT;
use crate::app::plot::numbers::{grouped, number, percent};
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::metrics::Evaluation;
use crate::metrics::buffers::{self, CodebookView};
use crate::metrics::code_map::CodesShare;
use crate::text::{phrase, t};
use crate::training::Run;
use picture::Shown;

const ID: &str = "codebook";
/// Plots narrower than this stand one below the other.
const TILE_WIDTH: f32 = 270.0;

static ABOUT: About = About {
    id: ID,
    title: phrase!("panel-codebook"),
    help: phrase!("panel-codebook.help"),
    home: Home { corner: Corner::LowerRight, place: 1 },
};

/// The panel.
#[derive(Default)]
pub struct Codebook {
    norms: ByCode,
    distances: ByCode,
    gaps: ByCode,
    picture: picture::RowPicture,
    marked: Memo<MarkedKey, CodesShare>,
}

/// The frames that were counted, the layer, and codes that are marked in it.
type MarkedKey = (ByPtr<Evaluation>, usize, Vec<usize>);

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
            return note_ui(ctx, ui, t!("codebook-moves"), t!("codebook-moves.text"));
        };
        match snapshot.layer(layer) {
            Some(codebook) => {
                let run = &snapshot.run;
                ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                    self.body_ui(ctx, ui, run, codebook, layer);
                });
            }
            None => note_ui(ctx, ui, t!("codebook-comparing"), t!("codebook-comparing.text")),
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
        let Self { norms, distances, gaps, picture, marked } = self;
        let map = picture.map(ctx, ui, (run, codebook, layer));
        let shown = Shown { run, codebook, layer, map: map.as_ref() };
        figures_of(ctx, ui, shown);
        marked_ui(ctx, ui, run, layer, marked);
        if run.source.frames == 0 {
            frames_hint_ui(ctx, ui, t!("codebook-frames-add"));
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
            0 => picture.ui(ctx, ui, shown, height),
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

/// What the marked codes have of the layer, where some are.
fn marked_ui(
    ctx: &PanelCtx<'_>,
    ui: &mut Ui,
    run: &Run,
    layer: usize,
    known: &mut Memo<MarkedKey, CodesShare>,
) {
    let (marked, split) = (ctx.session.marked(), ctx.session.selection().split);
    if marked.is_empty() {
        return;
    }
    let mut text = t!("codebook-marked", n = marked.len());
    if let Some((evaluation, tally)) = run.evaluation(split).and_then(|e| Some((e, e.layers.get(layer)?))) {
        let key = (ByPtr(evaluation.clone()), layer, marked.to_vec());
        let share = known.get(key, || CodesShare::of(tally, marked));
        let (n, frames) = (marked.len(), frames_words(run, split));
        let [of_frames, of_error] = [share.of_frames, share.of_error].map(|share| share.map(percent));
        text = match (of_frames, of_error) {
            (Some(share), Some(error)) => {
                t!("codebook-marked-error", n = n, share = share, frames = frames, error = error)
            }
            (Some(share), None) => t!("codebook-marked-frames", n = n, share = share, frames = frames),
            (None, _) => text,
        };
    }
    ui.add(Label::new(RichText::new(text).size(12.0)).wrap());
}

fn figures_of(ctx: &PanelCtx<'_>, ui: &mut Ui, shown: Shown<'_>) {
    let Shown { run, codebook, layer, .. } = shown;
    let dim = run.rvq.layers().get(layer).map_or(0, |l| l.codebook.dim());
    let num_codes = codebook.norms.len();
    let metrics = &codebook.metrics;
    let largest = codebook.ema.as_ref().map(|ema| ema.gaps.iter().fold(0.0f64, |a, &b| a.max(b)));
    let codes = grouped(num_codes as i64);
    let mut figures = vec![
        Figure::new(&buffers::EFFECTIVE_DIMENSION, metrics.effective_dimension.map(number))
            .note(t!("codebook-of-dimension", dim = dim)),
        Figure::new(&buffers::NEAR_DUPLICATES, metrics.near_duplicates.map(|n| grouped(n as i64)))
            .note(t!("codebook-of-codes", codes = &codes)),
    ];
    if let Some(largest) = largest {
        figures
            .push(Figure::new(&buffers::EMBED_GAP, Some(number(largest))).named(t!("codebook-largest-gap")));
    }
    let (layer, plane) = (layer + 1, shown.plane_words());
    let of_what = match run.steps {
        0 => t!("codebook-layer", layer = layer, codes = codes, dim = dim, plane = plane),
        step => {
            let step = grouped(step as i64);
            t!("codebook-layer-at-step", layer = layer, step = step, codes = codes, dim = dim, plane = plane)
        }
    };
    figures_ui(ui, ctx.palette, true, &of_what, figures);
}
