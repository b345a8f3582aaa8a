//! Features as a picture: the stretch that is seen, at the resolution of the screen.

use egui::{Color32, ColorImage};

use crate::app::Palette;
use crate::app::plot::Visible;
use crate::features::FeatureMatrix;

/// Texels across and up at the most.
const MOST_COLUMNS: usize = 2000;
const MOST_ROWS: usize = 512;
/// Frames that are looked at for one texel at the most: enough for a mean that does not flicker.
const FRAMES_A_TEXEL: usize = 4;
/// Values that the colour scale is taken from at the most.
const SCALE_VALUES: usize = 200_000;

/// The values at both ends of the colour ramp.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColorScale {
    /// At the 1st percentile.
    pub low: f32,
    /// At the 99th.
    pub high: f32,
}

/// A picture and the frames that it covers.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Dimension 0 is the lowest row.
    pub image: ColorImage,
    /// The first frame.
    pub from: usize,
    /// The one behind the last.
    pub to: usize,
}

impl ColorScale {
    /// From the 1st to the 99th percentile of evenly spread values: a few extremes do not take the contrast from all others.
    #[must_use]
    pub fn of(matrix: &FeatureMatrix) -> Self {
        let view = matrix.view();
        let values = view.as_slice().unwrap_or(&[]);
        // An odd step does not hit the same dimensions over and over.
        let step = values.len().div_ceil(SCALE_VALUES).max(1) | 1;
        Self::of_sample(values.iter().copied().step_by(step).collect())
    }

    /// From the 1st to the 99th percentile of these values.
    #[must_use]
    pub fn of_sample(mut sample: Vec<f32>) -> Self {
        if sample.is_empty() {
            return Self { low: 0.0, high: 0.0 };
        }
        let last = sample.len() - 1;
        let mut at = |share: f64| {
            let place = (share * last as f64).round() as usize;
            *sample.select_nth_unstable_by(place, f32::total_cmp).1
        };
        Self { low: at(0.01), high: at(0.99) }
    }

    /// Where on the ramp a value lies.
    #[must_use]
    pub fn share(self, value: f32) -> f32 {
        let span = self.high - self.low;
        if span > 0.0 { ((value - self.low) / span).clamp(0.0, 1.0) } else { 0.5 }
    }
}

/// The frames that are seen: `visible` is in frames.
#[must_use]
pub fn paint(matrix: &FeatureMatrix, scale: ColorScale, visible: Visible, palette: &Palette) -> Picture {
    let frames = matrix.num_frames();
    let from = (visible.from.max(0.0).floor() as usize).min(frames - 1);
    let to = (visible.to.min(frames as f64).ceil().max(0.0) as usize).clamp(from + 1, frames);
    let columns = (to - from).min(visible.pixels.clamp(1, MOST_COLUMNS));
    let dim = matrix.dim();
    let rows = dim.min(MOST_ROWS);
    let colors: Vec<Color32> = (0..=255u8).map(|i| palette.ramp(f32::from(i) / 255.0)).collect();
    let view = matrix.view();
    let mut image = ColorImage::filled([columns, rows], Color32::TRANSPARENT);
    let mut sums = vec![0f32; rows];
    for column in 0..columns {
        let (start, end) =
            (from + column * (to - from) / columns, from + (column + 1) * (to - from) / columns);
        let step = (end - start).div_ceil(FRAMES_A_TEXEL).max(1);
        sums.fill(0.0);
        let mut seen = 0;
        for frame in (start..end.max(start + 1)).step_by(step) {
            seen += 1;
            for (d, &value) in view.row(frame).iter().enumerate() {
                sums[d * rows / dim] += value;
            }
        }
        for (row, &sum) in sums.iter().enumerate() {
            let dims = ((row + 1) * dim).div_ceil(rows) - (row * dim).div_ceil(rows);
            let share = scale.share(sum / (seen * dims.max(1)) as f32);
            image.pixels[(rows - 1 - row) * columns + column] = colors[(share * 255.0).round() as usize];
        }
    }
    Picture { image, from, to }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    fn matrix(frames: usize, dim: usize, f: impl Fn(usize, usize) -> f32) -> FeatureMatrix {
        FeatureMatrix::new(Array2::from_shape_fn((frames, dim), |(t, d)| f(t, d))).unwrap()
    }

    #[test]
    fn dimension_zero_is_at_the_bottom() {
        let palette = Palette::of(egui::Theme::Dark);
        let features = matrix(10, 3, |_, d| d as f32);
        let scale = ColorScale { low: 0.0, high: 2.0 };
        let picture = paint(&features, scale, Visible::all(100), &palette);
        assert_eq!((picture.image.size, picture.from, picture.to), ([10, 3], 0, 10));
        assert_eq!(picture.image.pixels[0], palette.ramp(1.0));
        assert_eq!(picture.image.pixels[2 * 10], palette.ramp(0.0));
    }

    #[test]
    fn large_features_are_brought_down_to_the_screen() {
        let palette = Palette::of(egui::Theme::Light);
        let features = matrix(5000, 700, |t, _| t as f32);
        let visible = Visible { from: 1000.2, to: 4000.0, pixels: 300 };
        let picture = paint(&features, ColorScale { low: 0.0, high: 5000.0 }, visible, &palette);
        assert_eq!((picture.image.size, picture.from, picture.to), ([300, MOST_ROWS], 1000, 4000));
        let one =
            paint(&matrix(1, 1, |_, _| 3.0), ColorScale { low: 3.0, high: 3.0 }, Visible::all(9), &palette);
        assert_eq!(one.image.size, [1, 1]);
    }

    #[test]
    fn every_dimension_counts_once_where_rows_share() {
        let palette = Palette::of(egui::Theme::Dark);
        let features = matrix(4, 700, |_, _| 1.0);
        let picture = paint(&features, ColorScale { low: 0.0, high: 1.0 }, Visible::all(4), &palette);
        assert!(picture.image.pixels.iter().all(|&p| p == palette.ramp(1.0)));
    }

    #[test]
    fn extremes_do_not_set_the_scale() {
        let features = matrix(1000, 10, |t, d| if t == 5 { 1e9 } else { (d as f32) / 10.0 });
        let scale = ColorScale::of(&features);
        assert_eq!((scale.low, scale.high), (0.0, 0.9));
        let constant = ColorScale::of(&matrix(3, 2, |_, _| 7.0));
        assert_eq!(constant.share(7.0), 0.5);
    }
}
