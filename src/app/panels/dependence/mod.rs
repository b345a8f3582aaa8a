//! What codes tell of each other: those of neighbouring layers, and those of neighbouring frames.

mod entropies;
mod matrix;
mod runs;
mod work;

use std::sync::Arc;

use egui::{Label, RichText, ScrollArea, Ui};

use super::parts::{
    Counted, Figure, banner_ui, codes_needed, counted, figures_ui, layers_ui, row_heights, tile_rows,
    tiles_ui,
};
use crate::app::plot::LEAST_HEIGHT;
use crate::app::plot::numbers::{grouped, number, percent};
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::jobs::Tokens;
use crate::metrics::dependence::{self, InTime, LayerDependence};
use crate::text::{phrase, t};
use matrix::Matrix;
use runs::Runs;
use work::Work;

const ID: &str = "dependence";
/// Plots narrower than this stand one below the other.
const TILE_WIDTH: f32 = 260.0;
/// The height of the pairs at the least: they are square.
const MATRIX_HEIGHT: f32 = 260.0;

static ABOUT: About = About {
    id: ID,
    title: phrase!("panel-dependence"),
    help: phrase!("panel-dependence.help"),
    home: Home { corner: Corner::UpperLeft, place: 2 },
};

/// The panel.
#[derive(Default)]
pub struct Dependence {
    work: Work,
    matrix: Matrix,
    runs: Runs,
}

impl Panel for Dependence {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Some(counted) = counted(ctx, ui) else { return };
        banner_ui(ctx, ui);
        let Some(tokens) = codes_needed(ctx, ui, counted, t!("dependence-shows")) else { return };
        let evaluation = counted.evaluation(ctx.session.selection().split);
        layers_ui(ctx, ui, tokens.num_codes.len(), evaluation);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.body_ui(ctx, ui, counted, tokens));
    }
}

impl Dependence {
    fn body_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, counted: Counted<'_>, tokens: &Arc<Tokens>) {
        let Self { work, matrix, runs } = self;
        let rvq = counted.run().map(|run| &run.rvq);
        let layer = ctx.session.selection().layer;
        let places = work.layers(ui, tokens, rvq);
        let layers: Vec<Option<LayerDependence>> = places.iter().map(|place| place.get().copied()).collect();
        let in_time = work.in_time(ui, tokens, rvq, layer);
        figures_of(ctx, ui, layers.get(layer).and_then(Option::as_ref), in_time.get(), layer);
        verdict_ui(ctx, ui, &layers, layer);
        let rows = tile_rows(ui, 2, TILE_WIDTH) as f32;
        let gaps = ui.spacing().item_spacing.y * (rows - 1.0);
        let [upper, lower] = row_heights(ui, [(1.0, rows * LEAST_HEIGHT + gaps), (1.2, MATRIX_HEIGHT)]);
        tiles_ui(ui, 2, TILE_WIDTH, (upper - gaps) / rows, |ui, index, height| {
            match (index, in_time.get()) {
                (0, _) => entropies::ui(ctx, ui, &layers, height),
                (_, Some(found)) => runs.ui(ctx, ui, found, layer, height),
                _ => drop(ui.label(RichText::new(t!("dependence-counting-runs")).color(ctx.palette.faint))),
            }
        });
        matrix.ui(ctx, ui, &in_time, layer, lower);
    }
}

fn figures_of(
    ctx: &PanelCtx<'_>,
    ui: &mut Ui,
    between: Option<&LayerDependence>,
    in_time: Option<&InTime>,
    layer: usize,
) {
    let mut shown = Vec::new();
    if let Some(between) = between.filter(|_| layer > 0) {
        let own = |bits| t!("dependence-of-own", bits = number(bits));
        let of_own = between.entropy_bits.map_or_else(String::new, own);
        shown
            .push(Figure::new(&dependence::CONDITIONAL_ENTROPY, between.given_bits.map(number)).note(of_own));
        shown.push(Figure::new(
            &dependence::MUTUAL_INFORMATION,
            between.shared_bits().map(|bits| number(bits.max(0.0))),
        ));
    }
    if let Some(in_time) = in_time {
        let by_chance = |share| t!("dependence-by-chance", share = percent(share));
        let chance = in_time.by_chance.map_or_else(String::new, by_chance);
        shown.push(Figure::new(&dependence::REPETITION, in_time.repetition().map(percent)).note(chance));
        let longest = t!("dependence-longest", frames = grouped(in_time.longest as i64));
        shown.push(Figure::new(&dependence::RUN_LENGTH, in_time.mean_run().map(number)).note(longest));
    }
    let frames = in_time.map_or(0, |in_time| in_time.frames);
    let of_what = t!("dependence-of-what", layer = layer + 1, n = frames);
    figures_ui(ui, ctx.palette, true, &of_what, shown);
}

/// What the entropies say of the layer, in a sentence.
fn verdict_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, layers: &[Option<LayerDependence>], layer: usize) {
    let text = match (layer, layers.get(layer).copied().flatten()) {
        (0, _) => t!("dependence-first-layer").to_owned(),
        (_, None) => t!("dependence-counting-pairs").to_owned(),
        (_, Some(found)) => sentence(&found, layer),
    };
    ui.add(Label::new(RichText::new(text).size(12.0).color(ctx.palette.faint)).wrap());
}

fn sentence(found: &LayerDependence, layer: usize) -> String {
    let (Some(own), Some(shared)) = (found.entropy_bits, found.shared_bits()) else {
        return t!("dependence-no-frame").to_owned();
    };
    if own <= 0.0 {
        return t!("dependence-one-code", layer = layer + 1);
    }
    let share = (shared / own).clamp(0.0, 1.0);
    t!("dependence-verdict", before = layer, share = percent(share), layer = layer + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_tells_the_share_of_the_layers_own_bits() {
        let found = LayerDependence {
            frames: 10,
            entropy_bits: Some(4.0),
            given_bits: Some(2.0),
            shuffled_bits: Some(3.0),
        };
        assert!(sentence(&found, 1).starts_with("The code of layer 1 tells 25.0 % of what layer 2 says"));
        let single = LayerDependence {
            entropy_bits: Some(0.0),
            given_bits: Some(0.0),
            shuffled_bits: Some(0.0),
            ..found
        };
        assert!(sentence(&single, 1).contains("one code for all frames"));
        assert!(sentence(&LayerDependence::default(), 1).contains("No frame"));
    }
}
