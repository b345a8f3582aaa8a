//! EMA convergence: whether codebooks still move, and whether the running averages follow the counts.

mod scatter;

use egui::{RichText, ScrollArea, Ui};

use super::parts::{
    ByCode, Figure, Measure, banner_ui, chooser_ui, figures_ui, frames_hint_ui, note_ui, ready_view,
    row_heights, tile_rows, tiles_ui,
};
use crate::app::codebooks::codebooks_of;
use crate::app::plot::numbers::{grouped, number};
use crate::app::plot::{LEAST_HEIGHT, Scale, StepChart, StepLines};
use crate::app::rich::RichHover as _;
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::metrics::{Definition, convergence, usage};
use crate::session::View;
use crate::text::{Phrase, phrase, t};
use crate::training::Series;

const ID: &str = "ema";
/// Charts narrower than this stand one below the other.
const CHART_WIDTH: f32 = 250.0;

/// A curve over the steps.
struct Over {
    series: Series,
    definition: &'static Definition,
    scale: Scale,
    key: &'static str,
    /// On its switch.
    label: Phrase,
    title: Phrase,
}

static CURVES: [Over; 3] = [
    Over {
        series: Series::Drift,
        definition: &convergence::DRIFT,
        scale: Scale::Log,
        key: "drift",
        label: phrase!("ema-drift"),
        title: phrase!("ema-drift.title"),
    },
    Over {
        series: Series::Loss,
        definition: &convergence::LOSS,
        scale: Scale::Log,
        key: "loss",
        label: phrase!("ema-loss"),
        title: phrase!("ema-loss.title"),
    },
    Over {
        series: Series::Perplexity,
        definition: &usage::PERPLEXITY,
        scale: Scale::Linear,
        key: "perplexity",
        label: phrase!("ema-perplexity"),
        title: phrase!("ema-perplexity.title"),
    },
];

static ABOUT: About = About {
    id: ID,
    title: phrase!("panel-ema"),
    help: phrase!("panel-ema.help"),
    home: Home { corner: Corner::LowerRight, place: 0 },
};

/// The panel.
pub struct Ema {
    curves: [StepLines; 3],
    shown: [bool; 3],
    scatter: scatter::Scatter,
    scatter_shown: bool,
    gaps: ByCode,
}

impl Default for Ema {
    fn default() -> Self {
        Self {
            curves: Default::default(),
            shown: [true; 3],
            scatter: scatter::Scatter::default(),
            scatter_shown: true,
            gaps: ByCode::default(),
        }
    }
}

impl Panel for Ema {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Some(view) = ready_view(ctx, ui) else { return };
        banner_ui(ctx, ui);
        chooser_ui(ctx, ui, view, false);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.body_ui(ctx, ui, view));
    }
}

impl Ema {
    fn body_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>) {
        let Self { curves, shown, scatter, scatter_shown, .. } = self;
        figures(ctx, ui, view);
        let frames = view.run.source.frames;
        if frames > 0 {
            switches_ui(ui, view, shown, scatter_shown);
        }
        if view.is_model {
            ui.label(RichText::new(t!("ema-no-history")).size(12.0).color(ctx.palette.faint));
        }
        if frames == 0 {
            frames_hint_ui(ctx, ui, t!("ema-frames-add"));
            return self.gaps_ui(ctx, ui, view);
        }
        let mut parts: Vec<Option<usize>> =
            (0..CURVES.len()).filter(|&i| shown[i] && !view.is_model).map(Some).collect();
        if *scatter_shown {
            parts.push(None);
        }
        if parts.is_empty() {
            return;
        }
        let rows = tile_rows(ui, parts.len().min(2), CHART_WIDTH).max(1);
        let across = if rows == 1 && parts.len() > 1 { 2 } else { 1 };
        let rows = parts.len().div_ceil(across);
        let gaps = ui.spacing().item_spacing.y * (rows - 1) as f32;
        let [room] = row_heights(ui, [(1.0, rows as f32 * LEAST_HEIGHT + gaps)]);
        let height = (room - gaps) / rows as f32;
        for row in parts.chunks(across) {
            ui.push_id(row[0], |ui| {
                tiles_ui(ui, row.len(), CHART_WIDTH, height, |ui, index, height| match row[index] {
                    Some(i) => {
                        let Over { series, definition, scale, key, title, .. } = CURVES[i];
                        let title = title.text();
                        let chart = StepChart { panel_id: ID, key, series, definition, title, scale, height };
                        curves[i].show(ctx, ui, view, &chart);
                    }
                    None => scatter.ui(ctx, ui, view, height),
                });
            });
        }
    }
}

impl Ema {
    /// Of a quantizer without frames: how far each row is from what its averages make of it.
    fn gaps_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>) {
        let layer = ctx.session.selection().layer;
        let codebooks = codebooks_of(ui, view, layer);
        let codebook = codebooks.as_ref().and_then(|layers| layers.get(layer)?.get());
        let [height] = row_heights(ui, [(1.0, LEAST_HEIGHT)]);
        match codebook {
            None => {
                note_ui(ctx, ui, t!("ema-comparing"), t!("ema-comparing.text"));
            }
            Some(codebook) if codebook.ema.is_none() => {
                note_ui(ctx, ui, t!("ema-no-averages"), t!("ema-no-averages.text"));
            }
            Some(codebook) => self.gaps.ui(ctx, ui, (ID, view.run, codebook, layer), Measure::Gap, height),
        }
    }
}

fn figures(ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>) {
    let decay = view.run.params.decay;
    let layer = ctx.session.selection().layer;
    let last = |series| view.history.last(layer, series).map(number);
    let note = match decay.to_string() {
        decay if view.run.params_known => t!("ema-decay", decay = decay),
        decay => t!("ema-decay.assumed", decay = decay),
    };
    let window = Figure::new(&convergence::EMA_WINDOW, Some(number(convergence::ema_window_steps(decay))));
    let half_life = Figure::new(
        &convergence::EMA_HALF_LIFE,
        Some(number(convergence::ema_half_life_steps(decay).round())),
    );
    let mut shown = vec![window.note(note), half_life];
    if !view.is_model {
        shown.push(Figure::new(&convergence::DRIFT, last(Series::Drift)).named(t!("ema-last-drift")));
        shown.push(Figure::new(&convergence::LOSS, last(Series::Loss)).named(t!("ema-last-loss")));
        let perplexity = Figure::new(&usage::PERPLEXITY, last(Series::Perplexity));
        shown.push(perplexity.named(t!("ema-last-perplexity")));
    }
    let of_what = match view.history.steps().last() {
        Some(step) => t!("ema-layer-step", layer = layer + 1, step = grouped(*step as i64)),
        None => t!("ema-layer", layer = layer + 1),
    };
    figures_ui(ui, ctx.palette, true, &of_what, shown);
}

fn switches_ui(ui: &mut Ui, view: View<'_>, shown: &mut [bool; 3], scatter: &mut bool) {
    if view.is_model {
        *scatter = true;
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (on, Over { definition, label, .. }) in shown.iter_mut().zip(&CURVES) {
            ui.toggle_value(on, RichText::new(label.text()).size(11.0)).on_hover_rich(definition.text);
        }
        ui.toggle_value(scatter, RichText::new(t!("ema-sizes")).size(11.0))
            .on_hover_rich(t!("ema-sizes.help"));
    });
}
