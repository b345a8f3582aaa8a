//! What the corpus is and which frames of it are selected, in words.

use egui::{RichText, Ui};

use super::super::parts::swatch_ui;
use super::Timeline;
use crate::app::PanelCtx;
use crate::app::plot::numbers::{count, grouped, number};
use crate::app::rich::RichHover as _;
use crate::features::Split;
use crate::io::TimeAxis;
use crate::jobs::Dataset;
use crate::session::SelectCommand;

/// What the corpus is, which axis was taken for time, and what is held out.
pub fn summary_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, dataset: &Dataset, split: &Split) {
    let palette = ctx.palette;
    let set = &dataset.set;
    let rate = match set.frame_rate_hz {
        Some(rate) => format!("{} frames a second", number(rate)),
        None => "frame rate unknown".to_owned(),
    };
    let text = format!(
        "{}: {} of {}, {rate}",
        dataset.summary,
        count(set.matrix.num_frames() as u64, "frame"),
        count(set.matrix.dim() as u64, "dimension")
    );
    ui.add(egui::Label::new(RichText::new(text).size(12.0)).wrap());
    if let Some((axis, reason)) = &dataset.time_axis {
        let which = match axis {
            TimeAxis::Rows => "first",
            TimeAxis::Columns => "second",
        };
        let text = format!("Time is the {which} axis: {reason}");
        ui.add(egui::Label::new(RichText::new(text).size(12.0).color(palette.faint)).wrap())
            .on_hover_rich("A guess unless you have chosen; turn it round on the left where it is wrong");
    }
    ui.horizontal_wrapped(|ui| {
        let held = Split::count(&split.held_out);
        let share = 100.0 * held as f64 / set.matrix.num_frames() as f64;
        let text = format!("held out: {} ({share:.1} %)", count(held as u64, "frame"));
        swatch_ui(ui, palette.held_out, &text).on_hover_rich(
            "Whole clips from all over the corpus, or the tail of a single one: never trained on, only judged by",
        );
    });
}

/// Which frames are selected.
pub fn selection_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, line: &Timeline<'_>) {
    let Some((from, to)) = ctx.session.selection().frames else { return };
    ui.horizontal_wrapped(|ui| {
        let mut text =
            format!("Selected: frames {} to {}", grouped(from as i64), grouped(to.saturating_sub(1) as i64));
        if line.rate_hz.is_some() {
            text += &format!(", {} s to {} s", number(line.at(from)), number(line.at(to)));
        }
        ui.label(RichText::new(text).size(12.0));
        if ui.small_button("Select none").clicked() {
            ctx.send(SelectCommand::Frames(None));
        }
    });
}
