//! The colours of the states that codes can be in.

use egui::Color32;

use crate::app::Palette;
use crate::training::{CodeState, LayerCodes};

/// The colour of a state on the map: red for what is dead, calm for codes that these frames just did not choose, or that a threshold which says
/// nothing is above.
pub fn color(codes: &LayerCodes, state: CodeState, palette: &Palette) -> Color32 {
    match state {
        CodeState::BelowThreshold if !codes.is_alarm(state) => palette.muted,
        CodeState::Alive => palette.good,
        CodeState::Rare => palette.rare,
        CodeState::NotChosen => palette.second,
        CodeState::BelowThreshold => palette.bad,
        CodeState::UnusedInCorpus => palette.dead,
        CodeState::Replaced => palette.reborn,
        CodeState::Unknown => palette.muted,
    }
}
