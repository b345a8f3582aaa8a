//! How codes are searched when frames are looked at, and what that gains.

use egui::{DragValue, RichText, Ui};

use super::NOTE_SIZE;
use crate::app::PanelCtx;
use crate::app::rich::RichHover as _;
use crate::metrics::distortion;
use crate::rvq::search::{MAX_BEAM, Search};
use crate::session::TrainCommand;
use crate::text::t;

/// The row with the switch.
pub struct BeamRow {
    /// The width that the switch turns on.
    width: usize,
}

impl Default for BeamRow {
    fn default() -> Self {
        Self { width: 5 }
    }
}

impl BeamRow {
    /// Draws it.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Self { width } = self;
        let search = ctx.session.search();
        if search.width() > 1 {
            *width = search.width();
        }
        let mut on = search.width() > 1;
        ui.horizontal(|ui| {
            let switch = ui.checkbox(&mut on, t!("side-beam")).on_hover_rich(t!("side-beam.help"));
            let drag = ui.add_enabled(on, DragValue::new(width).range(2..=MAX_BEAM).speed(0.1));
            let drag = drag.labelled_by(switch.id);
            drag.clone().on_hover_rich(t!("side-beam.paths"));
            // A look that is under way is replaced by the next, so that every change can count at once.
            if switch.changed() || (on && drag.changed()) {
                ctx.send(TrainCommand::SetSearch(if on { Search::of_width(*width) } else { Search::Greedy }));
            }
            gain_ui(ctx, ui, on);
        });
    }
}

/// What the beam gained on the frames that are judged by.
fn gain_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, on: bool) {
    let Some(view) = ctx.session.view().filter(|_| on) else { return };
    let Some((split, _)) = view.run.best_evaluation() else { return };
    let (text, color) = match view.run.total_metrics(split).and_then(|totals| totals.beam_gain_db) {
        Some(gain) => {
            let gain = format!("{gain:+.2}");
            (t!("side-beam.gain", gain = gain, split = split.label()), ctx.palette.good)
        }
        None => (t!("side-beam.computing").to_owned(), ctx.palette.faint),
    };
    ui.label(RichText::new(text).size(NOTE_SIZE).color(color)).on_hover_rich(distortion::BEAM_GAIN.text);
}
