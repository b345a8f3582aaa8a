//! The figures of the selected stretch, worked out on a thread of their own.

use std::sync::{Arc, OnceLock};

use egui::{Button, RichText, Ui};
use ndarray::s;

use super::super::data::Timeline;
use super::super::parts::{Figure, figures_ui};
use super::content::Source;
use crate::app::PanelCtx;
use crate::app::plot::numbers::{duration, number, percent};
use crate::app::rich::RichHover as _;
use crate::metrics::timeline::stretch_evaluation;
use crate::metrics::{Evaluation, LayerTally, distortion, usage};
use crate::session::SelectCommand;
use crate::task::{Cancel, Task};
use crate::text::t;

/// Codes that are listed.
const MOST_CODES: usize = 6;

/// The figures of a stretch, `None` where they cannot be had.
type Figures = Arc<OnceLock<Option<Evaluation>>>;

/// A stretch that is selected, and what is known of it.
#[derive(Default)]
pub struct Stretch {
    of: Option<(Source, (usize, usize))>,
    cancel: Cancel,
    figures: Figures,
}

impl Stretch {
    /// Draws the figures of the selected stretch, where there is one with codes.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, source: &Source, line: &Timeline<'_>) {
        let Some(tokens) = source.codes() else { return };
        let frames = tokens.values.ncols();
        let Some((from, to)) = ctx.session.selection().frames.map(|(a, b)| (a.min(frames), b.min(frames)))
        else {
            return;
        };
        if from >= to {
            return;
        }
        let is_known = self.of.as_ref().is_some_and(|(of, range)| of == source && *range == (from, to));
        if !is_known {
            self.start(source, (from, to), ui.ctx().clone());
        }
        let layer = ctx.session.selection().layer;
        let of_what = match line.rate_hz {
            Some(_) => {
                t!("time-stretch-lasts", n = to - from, duration = duration(line.at(to) - line.at(from)))
            }
            None => t!("time-stretch", n = to - from),
        };
        match self.figures.get() {
            None => {
                let text = t!("time-stretch-counting", stretch = of_what);
                ui.label(RichText::new(text).size(12.0).color(ctx.palette.faint));
            }
            Some(None) => {}
            Some(Some(evaluation)) => {
                let Some(tally) = evaluation.layers.get(layer) else { return };
                all_ui(ctx, ui, evaluation, (layer, tally), &of_what);
                codes_ui(ctx, ui, (layer, tally), evaluation.frames);
            }
        }
    }

    fn start(&mut self, source: &Source, range: (usize, usize), window: egui::Context) {
        self.cancel.cancel();
        (self.of, self.cancel, self.figures) =
            (Some((source.clone(), range)), Cancel::default(), Figures::default());
        let (source, cancel, place) = (source.clone(), self.cancel.clone(), self.figures.clone());
        let started = std::thread::Builder::new().name("rvq-stretch".to_owned()).spawn(move || {
            // Nobody else fills this place.
            let _ = place.set(evaluate(&source, range, &cancel));
            window.request_repaint();
        });
        // Without a thread there are no figures, and nothing else is missing.
        drop(started);
    }
}

impl Drop for Stretch {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

fn evaluate(source: &Source, (from, to): (usize, usize), cancel: &Cancel) -> Option<Evaluation> {
    let tokens = source.codes()?;
    let codes = tokens.values.slice(s![.., from..to]);
    let frames = match (&source.rvq, &source.dataset) {
        (Some(rvq), Some(dataset)) => {
            let frames = dataset.0.set.matrix.view();
            let to = to.min(frames.nrows());
            Some((rvq.0.as_ref(), frames.slice_move(s![from.min(to)..to, ..])))
        }
        _ => None,
    };
    stretch_evaluation(codes, &tokens.num_codes, frames, &Task::silent(cancel)).ok()
}

fn all_ui(
    ctx: &PanelCtx<'_>,
    ui: &mut Ui,
    evaluation: &Evaluation,
    (layer, tally): (usize, &LayerTally),
    of_what: &str,
) {
    let number_of = layer + 1;
    let mut figures = Vec::new();
    if evaluation.dim > 0 {
        let behind = |left: f64| distortion::snr_db(evaluation.signal_energy, left).map(number);
        let last = evaluation.layers.last().and_then(|last| behind(last.residual_energy));
        let mut snr = Figure::new(&distortion::SNR, last).named(t!("time-snr"));
        if let Some(here) = behind(tally.residual_energy) {
            snr = snr.note(t!("time-snr-behind", snr = here, layer = number_of));
        }
        figures.push(snr);
    }
    let used = usage::used(&tally.counts).to_string();
    let of_layer = t!("time-used-of", codes = tally.counts.len(), layer = number_of);
    figures.push(Figure::new(&usage::USED, Some(used)).note(of_layer));
    figures.push(Figure::new(&usage::PERPLEXITY, usage::perplexity(&tally.counts).map(number)));
    figures_ui(ui, ctx.palette, true, of_what, figures);
}

/// The codes that most frames of the stretch chose, as buttons that select them.
fn codes_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, (layer, tally): (usize, &LayerTally), frames: u64) {
    let selected = ctx.session.selection().code;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 3.0;
        let text = t!("time-most-chosen", layer = layer + 1);
        ui.label(RichText::new(text).size(11.5).color(ctx.palette.faint));
        for (code, chosen) in most_chosen(&tally.counts) {
            let share = percent(chosen as f64 / frames.max(1) as f64);
            let text = t!("time-code-share", code = code, share = share);
            let button = Button::selectable(selected == Some(code), RichText::new(text).size(11.0)).small();
            let help = t!("time-code-share.help", n = chosen);
            if ui.add(button).on_hover_rich(help).clicked() {
                ctx.send(SelectCommand::Code(layer, Some(code)));
            }
        }
    });
}

/// The codes with the most frames, most first, the lower code first on ties.
fn most_chosen(counts: &[u64]) -> Vec<(usize, u64)> {
    let mut chosen: Vec<(usize, u64)> =
        counts.iter().copied().enumerate().filter(|(_, count)| *count > 0).collect();
    chosen.sort_by_key(|&(code, count)| (std::cmp::Reverse(count), code));
    chosen.truncate(MOST_CODES);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_chosen_codes_come_first() {
        assert_eq!(most_chosen(&[0, 5, 9, 5, 0, 1]), [(2, 9), (1, 5), (3, 5), (5, 1)]);
        assert_eq!(most_chosen(&[1; 20]).len(), MOST_CODES);
        assert!(most_chosen(&[0, 0]).is_empty());
    }
}
