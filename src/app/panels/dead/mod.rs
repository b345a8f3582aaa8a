//! Dead codes: which they are, in which of the three senses, since when, and what a threshold would make of them.

mod advice;
mod map;
mod state;

use std::sync::Arc;

use egui::{DragValue, RichText, ScrollArea, Ui};

use super::parts::{
    Counted, banner_ui, counted, row_heights, small_sample_ui, swatch_ui, tile_rows, tiles_ui,
};
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::grouped;
use crate::app::plot::{LEAST_HEIGHT, Scale, StepChart, StepLines};
use crate::app::rich::RichHover as _;
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::metrics::{Definition, Evaluation, usage};
use crate::session::{Selection, View};
use crate::text::{phrase, t};
use crate::training::{CodeState, LayerCodes, Run, Series, SplitKind};
use state::color;
pub(in crate::app) use state::color as state_color;

const ID: &str = "dead";
/// Charts narrower than this stand one below the other.
const TILE_WIDTH: f32 = 260.0;
/// The least height of the map with its title.
const MAP_HEIGHT: f32 = 104.0;
/// The share of the room of a row that is not there.
const NO_SHARE: f32 = 1e-6;

/// Codes replaced by a step, which has no definition of its own among the figures of an evaluation.
pub(super) static REPLACED: Definition = Definition {
    key: "replaced",
    label: phrase!("figure-replaced"),
    unit: phrase!("unit-codes"),
    text: phrase!("figure-replaced.text"),
};

static ABOUT: About = About {
    id: ID,
    title: phrase!("panel-dead"),
    help: phrase!("panel-dead.help"),
    home: Home { corner: Corner::LowerLeft, place: 0 },
};

/// The panel.
pub struct Dead {
    /// Codes replaced in this many of the last steps are shown as such.
    recent_steps: u64,
    codes: Memo<(ByPtr<Run>, usize, SplitKind, u64), LayerCodes>,
    /// Of codes that came without their codebooks.
    alone: Memo<(ByPtr<Evaluation>, usize), LayerCodes>,
    map: map::Map,
    below: StepLines,
    replaced: StepLines,
}

impl Default for Dead {
    fn default() -> Self {
        Self {
            recent_steps: 50,
            codes: Memo::new(),
            alone: Memo::new(),
            map: map::Map::default(),
            below: StepLines::default(),
            replaced: StepLines::default(),
        }
    }
}

impl Panel for Dead {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Some(counted) = counted(ctx, ui) else { return };
        banner_ui(ctx, ui);
        counted.chooser_ui(ctx, ui);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| match counted {
            Counted::Run(view) => self.body_ui(ctx, ui, view),
            Counted::Codes(codes) => self.codes_ui(ctx, ui, &codes.evaluation),
        });
    }
}

impl Dead {
    fn body_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>) {
        let Self { recent_steps, codes, map, below, replaced, .. } = self;
        let Selection { layer, split, .. } = ctx.session.selection();
        let key = (ByPtr(view.run.clone()), layer, split, *recent_steps);
        let codes = codes.get(key, || LayerCodes::new(view.run, layer, split, *recent_steps));
        if codes.frames > 0 {
            small_sample_ui(ctx, ui, codes.frames, codes.len(), split.label());
        }
        legend_ui(ctx, ui, view, codes, recent_steps);
        advice::advice_ui(ctx, ui, view, layer);
        let with_curves = !view.is_model;
        let charts = if with_curves { tile_rows(ui, 2, TILE_WIDTH) as f32 } else { 0.0 };
        let gaps = ui.spacing().item_spacing.y * (charts - 1.0).max(0.0);
        let share = if with_curves { 1.0 } else { NO_SHARE };
        let [map_height, curves] =
            row_heights(ui, [(1.2, MAP_HEIGHT), (share, charts * LEAST_HEIGHT + gaps)]);
        map.ui(ctx, ui, codes, layer, map_height);
        if !with_curves {
            ui.label(RichText::new(t!("dead-no-history")).size(12.0).color(ctx.palette.faint));
            return;
        }
        tiles_ui(ui, 2, TILE_WIDTH, (curves - gaps) / charts, |ui, index, height| {
            let (lines, series, definition, key, title) = match index {
                0 => (
                    &mut *below,
                    Series::BelowThreshold,
                    &usage::DEAD_THRESHOLD,
                    "below-threshold",
                    t!("dead-below-over-steps"),
                ),
                _ => {
                    (&mut *replaced, Series::Replaced, &REPLACED, "replaced", t!("dead-replaced-over-steps"))
                }
            };
            let scale = Scale::Linear;
            lines.show(
                ctx,
                ui,
                view,
                &StepChart { panel_id: ID, key, series, definition, title, scale, height },
            );
        });
    }
}

impl Dead {
    /// Without codebooks a code is dead in one sense only: no frame of the file chose it.
    fn codes_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, evaluation: &Arc<Evaluation>) {
        let Self { alone, map, .. } = self;
        let layer = ctx.session.selection().layer;
        let Some(tally) = evaluation.layers.get(layer) else { return };
        let codes = alone.get((ByPtr(evaluation.clone()), layer), || LayerCodes::of_counts(&tally.counts));
        small_sample_ui(ctx, ui, codes.frames, codes.len(), t!("dead-all-of-the-file"));
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = egui::vec2(12.0, 2.0);
            for state in [CodeState::Alive, CodeState::UnusedInCorpus] {
                let count = grouped(codes.counted(state) as i64);
                let text = t!("dead-state-count", state = state.label(), count = count);
                swatch_ui(ui, color(codes, state, ctx.palette), &text).on_hover_rich(codes.help(state));
            }
        });
        let text = RichText::new(t!("dead-codes-alone"));
        ui.add(egui::Label::new(text.size(12.0).color(ctx.palette.faint)).wrap());
        let [height] = row_heights(ui, [(1.0, MAP_HEIGHT)]);
        map.ui(ctx, ui, codes, layer, height);
    }
}

/// What the colours of the map mean, and how many codes are dead in each of the three senses.
fn legend_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>, codes: &LayerCodes, recent_steps: &mut u64) {
    let palette = ctx.palette;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(12.0, 2.0);
        for state in CodeState::ALL {
            let is_hidden = match state {
                CodeState::Replaced => view.is_model,
                CodeState::Unknown => codes.counted(state) == 0,
                // Without frames nothing is to be said of what frames choose.
                CodeState::NotChosen | CodeState::UnusedInCorpus => codes.frames == 0,
                _ => false,
            };
            if is_hidden {
                continue;
            }
            let count = grouped(codes.counted(state) as i64);
            let text = match state {
                CodeState::Replaced => t!("dead-replaced-count", count = count),
                _ => t!("dead-state-count", state = codes.words(state), count = count),
            };
            let help = format!("{}\n\n{}", codes.help(state), t!("dead-one-state"));
            swatch_ui(ui, color(codes, state, palette), &text).on_hover_rich(help);
            if state == CodeState::Replaced {
                let steps = DragValue::new(recent_steps).range(1..=100_000).speed(1.0);
                ui.add(steps.suffix(t!("dead-recent-steps"))).on_hover_rich(t!("dead-recent-steps.help"));
            }
        }
    });
}
