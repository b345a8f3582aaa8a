//! What the corpus is and which frames of it are selected, in words.

use egui::{RichText, Ui};

use super::super::parts::swatch_ui;
use super::Timeline;
use crate::app::PanelCtx;
use crate::app::plot::numbers::{grouped, number};
use crate::app::rich::RichHover as _;
use crate::features::Split;
use crate::io::TimeAxis;
use crate::jobs::Dataset;
use crate::session::SelectCommand;
use crate::text::t;

/// What the corpus is, which axis was taken for time, and what is held out.
pub fn summary_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, dataset: &Dataset, split: &Split) {
    let palette = ctx.palette;
    let set = &dataset.set;
    let (corpus, frames, dim) = (&dataset.summary, set.matrix.num_frames(), set.matrix.dim());
    let text = match set.frame_rate_hz {
        Some(rate) => {
            let rate = number(rate);
            t!("data-corpus-at-rate", corpus = corpus, frames = frames, dim = dim, rate = rate)
        }
        None => t!("data-corpus", corpus = corpus, frames = frames, dim = dim),
    };
    ui.add(egui::Label::new(RichText::new(text).size(12.0)).wrap());
    if let Some((axis, reason)) = &dataset.time_axis {
        let text = match axis {
            TimeAxis::Rows => t!("data-time-is-first", reason = reason),
            TimeAxis::Columns => t!("data-time-is-second", reason = reason),
        };
        ui.add(egui::Label::new(RichText::new(text).size(12.0).color(palette.faint)).wrap())
            .on_hover_rich(t!("data-time-help"));
    }
    ui.horizontal_wrapped(|ui| {
        let held = Split::count(&split.held_out);
        let share = 100.0 * held as f64 / set.matrix.num_frames() as f64;
        let text = t!("data-held-out", n = held, share = format!("{share:.1}"));
        swatch_ui(ui, palette.held_out, &text).on_hover_rich(t!("data-held-out.help"));
    });
}

/// Which frames are selected.
pub fn selection_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, line: &Timeline<'_>) {
    let Some((from, to)) = ctx.session.selection().frames else { return };
    ui.horizontal_wrapped(|ui| {
        let (first, last) = (grouped(from as i64), grouped(to.saturating_sub(1) as i64));
        let text = if line.rate_hz.is_some() {
            let (from, to) = (number(line.at(from)), number(line.at(to)));
            t!("data-selected-secs", first = first, last = last, from = from, to = to)
        } else {
            t!("data-selected", first = first, last = last)
        };
        ui.label(RichText::new(text).size(12.0));
        if ui.small_button(t!("data-select-none")).clicked() {
            ctx.send(SelectCommand::Frames(None));
        }
    });
}
