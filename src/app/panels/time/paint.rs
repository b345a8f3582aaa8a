//! Tiles as pictures: a column a bin, a row a layer or a dimension, the first on top.

use egui::{Color32, ColorImage};
use ndarray::ArrayView2;

use crate::app::Palette;
use crate::metrics::timeline::NONE;

/// Rows at the most: of more layers, every so many is drawn.
pub const MOST_ROWS: usize = 512;
/// Rows of bars.
const BAR_ROWS: usize = 64;

/// Values, `(rows, bins)`, on the colour ramp; `share` says where a value of a row lies on it. What is not a number stays empty.
#[must_use]
pub fn ramp(values: ArrayView2<'_, f32>, palette: &Palette, share: impl Fn(usize, f32) -> f32) -> ColorImage {
    let colors: Vec<Color32> = (0..=255u8).map(|i| palette.ramp(f32::from(i) / 255.0)).collect();
    rows(values, |row, value: f32| {
        if value.is_nan() {
            return Color32::TRANSPARENT;
        }
        colors[(share(row, value).clamp(0.0, 1.0) * 255.0).round() as usize]
    })
}

/// Codes, `(num_layers, bins)`, each in its own colour.
#[must_use]
pub fn codes(codes: ArrayView2<'_, u32>, palette: &Palette) -> ColorImage {
    rows(codes, |_, code| if code == NONE { Color32::TRANSPARENT } else { palette.code(code) })
}

/// Values as bars from below; `most` fills the height.
#[must_use]
pub fn bars(values: &[f32], most: f32, color: Color32) -> ColorImage {
    let mut image = ColorImage::filled([values.len().max(1), BAR_ROWS], Color32::TRANSPARENT);
    for (column, &value) in values.iter().enumerate() {
        let share = if most > 0.0 { (value / most).clamp(0.0, 1.0) } else { 0.0 };
        let filled = (share * BAR_ROWS as f32).round() as usize;
        for row in BAR_ROWS - filled..BAR_ROWS {
            image.pixels[row * values.len() + column] = color;
        }
    }
    image
}

fn rows<T: Copy>(values: ArrayView2<'_, T>, color: impl Fn(usize, T) -> Color32) -> ColorImage {
    let (have, bins) = values.dim();
    let rows = have.clamp(1, MOST_ROWS);
    let mut image = ColorImage::filled([bins.max(1), rows], Color32::TRANSPARENT);
    for (row, texels) in image.pixels.chunks_mut(bins.max(1)).enumerate() {
        let source = row * have / rows;
        for (texel, column) in texels.iter_mut().zip(0..bins) {
            *texel = color(source, values[[source, column]]);
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_in_order_and_holes_stay_empty() {
        let palette = Palette::of(egui::Theme::Dark);
        let values = ndarray::arr2(&[[0.0f32, 1.0, f32::NAN], [2.0, 0.5, 7.0]]);
        let image = ramp(values.view(), &palette, |row, value| value / (row + 1) as f32);
        assert_eq!(image.size, [3, 2]);
        assert_eq!(image.pixels[..3], [palette.ramp(0.0), palette.ramp(1.0), Color32::TRANSPARENT]);
        assert_eq!(image.pixels[3], palette.ramp(1.0));
        assert_eq!(image.pixels[5], palette.ramp(1.0), "beyond the scale");
        let image = codes(ndarray::arr2(&[[4u32, NONE]]).view(), &palette);
        assert_eq!(image.pixels, [palette.code(4), Color32::TRANSPARENT]);
    }

    #[test]
    fn more_layers_than_rows_are_thinned_out() {
        let palette = Palette::of(egui::Theme::Light);
        let many = ndarray::Array2::from_shape_fn((2 * MOST_ROWS, 1), |(layer, _)| layer as u32);
        let image = codes(many.view(), &palette);
        assert_eq!(image.size, [1, MOST_ROWS]);
        assert_eq!(image.pixels[3], palette.code(6));
    }

    #[test]
    fn bars_stand_on_the_ground() {
        let image = &bars(&[0.0, 1.0, 0.5], 1.0, Color32::RED);
        let is_filled = |column: usize, row: usize| image.pixels[row * 3 + column] == Color32::RED;
        let filled = |column: usize| (0..BAR_ROWS).filter(move |&row| is_filled(column, row));
        assert_eq!([0, 1, 2].map(|c| filled(c).count()), [0, BAR_ROWS, BAR_ROWS / 2]);
        assert_eq!(filled(2).next(), Some(BAR_ROWS / 2));
        assert_eq!(bars(&[3.0], 0.0, Color32::RED).size, [1, BAR_ROWS], "silence");
    }
}
