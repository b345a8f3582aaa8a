//! The colours of the states that codes can be in.

use egui::Color32;

use crate::app::Palette;
use crate::training::CodeState;

/// The colour of a state on the map: red for what is dead, calm for codes that these frames just did not choose.
pub fn color(state: CodeState, palette: &Palette) -> Color32 {
    match state {
        CodeState::Alive => palette.good,
        CodeState::Rare => palette.rare,
        CodeState::NotChosen => palette.second,
        CodeState::BelowThreshold => palette.bad,
        CodeState::UnusedInCorpus => palette.dead,
        CodeState::Replaced => palette.reborn,
        CodeState::Unknown => palette.muted,
    }
}
