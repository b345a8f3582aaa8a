//! The way from anywhere to frames: they are selected, and plots over time show them.

use egui::Ui;

use super::Timeline;
use crate::app::PanelCtx;
use crate::app::plot::jump_to;
use crate::features::FeatureSet;
use crate::session::SelectCommand;

/// Selects a stretch of frames and brings the plots over time there, with so many frames around it.
pub fn go_to(ctx: &PanelCtx<'_>, ui: &Ui, set: &FeatureSet, (from, to): (usize, usize), around: usize) {
    ctx.send(SelectCommand::Frames(Some((from, to))));
    let line = Timeline::of(set);
    let end = (to + around).min(set.matrix.num_frames());
    jump_to(ui.ctx(), line.at(from.saturating_sub(around)), line.at(end));
}
