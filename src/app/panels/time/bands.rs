//! What lies above what: loudness, features and the rows of tokens share one plot, from 0 at its top to 1 at its bottom.

use egui_plot::GridMark;

use crate::text::t;

/// Between two bands.
const GAP: f64 = 0.012;
/// Room that the label of a layer needs, in points.
const LABEL_HEIGHT: f64 = 13.0;

/// A stretch of the plot's height, from its upper to its lower end.
pub type Band = (f64, f64);

/// Where each thing lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bands {
    /// The waveform, or how long frames are.
    pub loudness: Option<Band>,
    /// The features, the first dimension at the bottom.
    pub features: Option<Band>,
    /// The tokens, the first layer on top.
    pub tokens: Option<Band>,
    /// Rows of tokens.
    pub layers: usize,
}

/// What lies at a height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// The waveform, or how long frames are.
    Loudness,
    /// The features; how far up among them, from 0 to 1.
    Features(f64),
    /// The row of a layer.
    Layer(usize),
}

impl Bands {
    /// The bands of what there is: frames, and the tokens of so many layers.
    #[must_use]
    pub fn new(has_frames: bool, layers: usize) -> Self {
        let shares = match (has_frames, layers > 0) {
            (true, true) => [0.18, 0.32, 0.5],
            (true, false) => [0.35, 0.65, 0.0],
            (false, _) => [0.0, 0.0, 1.0],
        };
        let mut top = 0.0;
        let bands = shares.map(|share| {
            let bottom = if top + share > 0.999 { 1.0 } else { top + share };
            let band = (share > 0.0).then_some((top, if bottom < 1.0 { bottom - GAP } else { bottom }));
            top = bottom;
            band
        });
        let tokens = bands[2].filter(|_| layers > 0);
        Self { loudness: bands[0], features: bands[1], tokens, layers }
    }

    /// The row of a layer.
    #[must_use]
    pub fn row(&self, layer: usize) -> Option<Band> {
        let (top, bottom) = self.tokens.filter(|_| layer < self.layers)?;
        let height = (bottom - top) / self.layers as f64;
        Some((top + height * layer as f64, top + height * (layer + 1) as f64))
    }

    /// What lies at a height.
    #[must_use]
    pub fn at(&self, y: f64) -> Option<Place> {
        let share = |band: Option<Band>| {
            let (top, bottom) = band?;
            let share = (y - top) / (bottom - top);
            (0.0..1.0).contains(&share).then_some(share)
        };
        if share(self.loudness).is_some() {
            return Some(Place::Loudness);
        }
        if let Some(share) = share(self.features) {
            return Some(Place::Features(1.0 - share));
        }
        let layer = share(self.tokens)? * self.layers as f64;
        Some(Place::Layer((layer as usize).min(self.layers.saturating_sub(1))))
    }

    /// Marks at the middle of each band, and of as many rows as have room for a label. `base_step` of the height is 8 points.
    #[must_use]
    pub fn marks(&self, base_step: f64) -> Vec<GridMark> {
        let row = self.row(0).map_or(1.0, |(top, bottom)| bottom - top);
        let every =
            (base_step / 8.0 * LABEL_HEIGHT / row).ceil().clamp(1.0, self.layers.max(1) as f64) as usize;
        let rows = (0..self.layers).step_by(every).filter_map(|layer| self.row(layer));
        let bands = [self.loudness, self.features].into_iter().flatten().chain(rows);
        // As if they lay a whole plot apart: how many fit was settled here.
        bands.map(|(top, bottom)| GridMark { value: (top + bottom) / 2.0, step_size: 1.0 }).collect()
    }

    /// What stands beside a mark.
    #[must_use]
    pub fn label(&self, y: f64, with_audio: bool) -> String {
        match self.at(y) {
            Some(Place::Loudness) if with_audio => t!("time-band-wave").to_owned(),
            Some(Place::Loudness) => t!("time-band-norm").to_owned(),
            Some(Place::Features(_)) => t!("time-band-features").to_owned(),
            Some(Place::Layer(layer)) => (layer + 1).to_string(),
            None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_at_its_middle_and_bands_do_not_meet() {
        for (has_frames, layers) in [(true, 32), (true, 1), (true, 0), (false, 4)] {
            let bands = Bands::new(has_frames, layers);
            assert_eq!(bands.features.is_some(), has_frames);
            assert_eq!(bands.tokens.is_some(), layers > 0);
            for layer in 0..layers {
                let (top, bottom) = bands.row(layer).unwrap();
                assert_eq!(bands.at((top + bottom) / 2.0), Some(Place::Layer(layer)));
            }
            assert_eq!(bands.row(layers), None);
            let all: Vec<Band> =
                [bands.loudness, bands.features, bands.tokens].into_iter().flatten().collect();
            assert!(all.windows(2).all(|pair| pair[0].1 < pair[1].0), "{all:?}");
            assert_eq!((all[0].0, all[all.len() - 1].1), (0.0, 1.0));
            assert_eq!([bands.at(-0.1), bands.at(1.1)], [None, None]);
        }
    }

    #[test]
    fn marks_say_what_is_there_and_are_not_too_many() {
        let bands = Bands::new(true, 46);
        // 500 points high, of which the rows have 250.
        let marks = bands.marks(8.0 / 500.0);
        let labels: Vec<String> = marks.iter().map(|mark| bands.label(mark.value, false)).collect();
        assert_eq!(labels[..4], ["norm", "features", "1", "4"]);
        assert!(labels.len() <= 250 / 13 + 2);
        assert_eq!(bands.label(0.01, true), "wave");
    }
}
