//! Frames as small pictures, each with the frames around it.

use std::ops::Range;

use egui::{Color32, ColorImage};

use super::super::data::ColorScale;
use crate::features::FeatureSet;

/// Frames that stand on either side.
pub const AROUND: usize = 6;
/// Frames of a picture.
pub const WIDTH: usize = 2 * AROUND + 1;
/// Rows of a picture at the most; of more dimensions, several share a row as their mean.
const MOST_ROWS: usize = 64;

/// Pictures as shares of the colour ramp; not a number where there is no frame.
#[derive(Debug, Default, PartialEq)]
pub struct Cuts {
    /// Rows of each picture, the highest dimension on top.
    rows: usize,
    /// `(rows, WIDTH)` each.
    pictures: Vec<Vec<f32>>,
}

impl Cuts {
    /// The frames around each of `frames` within its clip.
    #[must_use]
    pub fn of(set: &FeatureSet, frames: impl Iterator<Item = usize>, scale: ColorScale) -> Self {
        let dim = set.matrix.dim();
        let rows = dim.min(MOST_ROWS);
        let view = set.matrix.view();
        let picture = |frame: usize| {
            let clip = clip_of(set, frame);
            let mut picture = vec![f32::NAN; rows * WIDTH];
            for column in 0..WIDTH {
                let at = (frame + column).checked_sub(AROUND).filter(|at| clip.contains(at));
                let Some(values) = at.filter(|&at| at < view.nrows()).map(|at| view.row(at)) else {
                    continue;
                };
                for row in 0..rows {
                    let part = row * dim / rows..(row + 1) * dim / rows;
                    let len = part.len().max(1) as f32;
                    let mean = values.slice(ndarray::s![part]).sum() / len;
                    picture[(rows - 1 - row) * WIDTH + column] = scale.share(mean);
                }
            }
            picture
        };
        Self { rows, pictures: frames.map(picture).collect() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pictures.len()
    }

    /// All pictures side by side; `None` without any.
    #[must_use]
    pub fn paint(&self, color: impl Fn(f32) -> Color32) -> Option<ColorImage> {
        if self.pictures.is_empty() || self.rows == 0 {
            return None;
        }
        let mut pixels = Vec::with_capacity(self.rows * WIDTH * self.pictures.len());
        for row in 0..self.rows {
            for picture in &self.pictures {
                let part = &picture[row * WIDTH..][..WIDTH];
                pixels.extend(part.iter().map(|&v| if v.is_nan() { Color32::TRANSPARENT } else { color(v) }));
            }
        }
        Some(ColorImage::new([WIDTH * self.pictures.len(), self.rows], pixels))
    }
}

/// The frames of the clip that a frame belongs to.
fn clip_of(set: &FeatureSet, frame: usize) -> Range<usize> {
    let nth = set.clips.partition_point(|clip| clip.frames.end <= frame);
    set.clips.get(nth).map_or(frame..frame + 1, |clip| clip.frames.clone())
}

/// The frame and those around it within its clip.
#[must_use]
pub fn stretch(set: &FeatureSet, frame: usize) -> (usize, usize) {
    let clip = clip_of(set, frame);
    (frame.saturating_sub(AROUND).max(clip.start), (frame + AROUND + 1).min(clip.end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Clip, FeatureMatrix};
    use ndarray::Array2;

    fn set(dim: usize) -> FeatureSet {
        let values = Array2::from_shape_fn((40, dim), |(t, d)| (t * 1000 + d) as f32);
        let clip = |name: &str, frames| Clip { name: name.to_owned(), frames };
        FeatureSet {
            matrix: FeatureMatrix::new(values).unwrap(),
            clips: vec![clip("a", 0..10), clip("b", 10..40)],
            frame_rate_hz: Some(100.0),
            extract: None,
        }
    }

    #[test]
    fn a_picture_stays_in_its_clip_and_its_highest_dimension_is_on_top() {
        let scale = ColorScale { low: 0.0, high: 40_000.0 };
        let cuts = Cuts::of(&set(3), [12, 25].into_iter(), scale);
        assert_eq!((cuts.rows, cuts.pictures.len()), (3, 2));
        let at = |nth: usize, row: usize, column: usize| cuts.pictures[nth][row * WIDTH + column];
        assert!(at(0, 0, 3).is_nan() && !at(0, 0, 4).is_nan(), "frame 10 is the first of its clip");
        assert_eq!((at(1, 0, AROUND), at(1, 2, AROUND)), (25_002.0 / 40_000.0, 25_000.0 / 40_000.0));
        let image = cuts.paint(|_| Color32::RED).unwrap();
        assert_eq!(image.size, [2 * WIDTH, 3]);
        assert_eq!([image.pixels[3], image.pixels[4]], [Color32::TRANSPARENT, Color32::RED]);
        assert_eq!(Cuts::of(&set(200), [5].into_iter(), scale).rows, MOST_ROWS);
        assert!(Cuts::default().paint(|_| Color32::RED).is_none());
    }

    #[test]
    fn a_stretch_ends_where_its_clip_does() {
        let set = set(1);
        assert_eq!([stretch(&set, 3), stretch(&set, 8), stretch(&set, 39)], [(0, 10), (2, 10), (33, 40)]);
        assert_eq!(stretch(&set, 20), (14, 27));
    }
}
