//! Codes as a picture: the stretch that is seen, at the resolution of the screen.

use egui::{Color32, ColorImage};
use ndarray::ArrayView2;

use crate::app::Palette;
use crate::app::plot::Visible;
use crate::io::NO_CODE;

/// Texels across and up at the most.
const MOST_COLUMNS: usize = 2000;
const MOST_ROWS: usize = 2048;
/// Frames that are looked at for the selected code in one texel at the most.
const FRAMES_A_TEXEL: usize = 256;

/// A picture and the frames that it covers.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The first layer is the highest row.
    pub image: ColorImage,
    /// The first frame.
    pub from: usize,
    /// The one behind the last.
    pub to: usize,
}

/// The frames that are seen: `codes` is `(num_layers, num_frames)`, `visible` is in frames, `chosen` is a layer and a code of it.
///
/// A texel that stands for several frames has the colour of the middle one: codes have no mean. Where any of them has the chosen code, it has that
/// one's.
#[must_use]
pub fn paint(
    codes: ArrayView2<'_, u32>,
    visible: Visible,
    chosen: Option<(usize, u32)>,
    palette: &Palette,
) -> Picture {
    let (layers, frames) = codes.dim();
    let from = (visible.from.max(0.0).floor() as usize).min(frames.saturating_sub(1));
    let to = (visible.to.min(frames as f64).ceil().max(0.0) as usize)
        .clamp(from, frames)
        .max(from + 1)
        .min(frames);
    let columns = (to - from).min(visible.pixels.clamp(1, MOST_COLUMNS)).max(1);
    let rows = layers.clamp(1, MOST_ROWS);
    let mut image = ColorImage::filled([columns, rows], Color32::TRANSPARENT);
    for (row, texels) in image.pixels.chunks_mut(columns).enumerate() {
        let layer = row * layers / rows;
        let wanted = chosen.filter(|(chosen, _)| *chosen == layer).map(|(_, code)| code);
        for (column, texel) in texels.iter_mut().enumerate() {
            let start = from + column * (to - from) / columns;
            let end = (from + (column + 1) * (to - from) / columns).max(start + 1);
            let at = |frame: usize| codes.get([layer, frame]).copied();
            let step = (end - start).div_ceil(FRAMES_A_TEXEL).max(1);
            let hit = wanted.is_some() && (start..end).step_by(step).any(|frame| at(frame) == wanted);
            *texel = match at(start + (end - start) / 2) {
                _ if hit => palette.highlight,
                Some(code) if code != NO_CODE => palette.code(code),
                // A place without a code is as empty as a frame that is not there.
                Some(_) | None => Color32::TRANSPARENT,
            };
        }
    }
    Picture { image, from, to }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn each_code_has_its_colour_and_the_first_layer_is_on_top() {
        let palette = Palette::of(egui::Theme::Dark);
        let codes = Array2::from_shape_fn((2, 6), |(layer, t)| (10 * layer + t) as u32);
        let picture = paint(codes.view(), Visible::all(100), None, &palette);
        assert_eq!((picture.image.size, picture.from, picture.to), ([6, 2], 0, 6));
        let expected: Vec<_> = codes.iter().map(|&code| palette.code(code)).collect();
        assert_eq!(picture.image.pixels, expected);
        assert_ne!(palette.code(3), palette.code(4));
    }

    #[test]
    fn a_place_without_a_code_is_left_empty() {
        let palette = Palette::of(egui::Theme::Dark);
        let codes = Array2::from_shape_vec((1, 2), vec![3, NO_CODE]).unwrap();
        let picture = paint(codes.view(), Visible::all(2), None, &palette);
        assert_eq!(picture.image.pixels, [palette.code(3), Color32::TRANSPARENT]);
    }

    #[test]
    fn long_codes_are_brought_down_to_the_screen_and_the_chosen_one_is_not_lost() {
        let palette = Palette::of(egui::Theme::Light);
        let mut codes = Array2::from_elem((3, 10_000), 5);
        codes[[1, 4_321]] = 7;
        let visible = Visible { from: 1000.2, to: 9000.0, pixels: 200 };
        let picture = paint(codes.view(), visible, Some((1, 7)), &palette);
        assert_eq!((picture.image.size, picture.from, picture.to), ([200, 3], 1000, 9000));
        let hits: Vec<_> = (0..600).filter(|&i| picture.image.pixels[i] == palette.highlight).collect();
        assert_eq!(hits, [200 + (4_321 - 1000) * 200 / 8000]);
        let beyond = Visible { from: 20_000.0, to: 30_000.0, pixels: 10 };
        assert_eq!(paint(codes.view(), beyond, None, &palette).image.size, [1, 3]);
    }
}
