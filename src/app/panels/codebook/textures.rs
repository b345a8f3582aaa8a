//! What is drawn as one picture: the density of the inputs, and rows that are too many for points.

use egui::{Color32, ColorImage, Context, TextureHandle};

use super::super::state_color;
use super::cloud::Cloud;
use crate::app::Palette;
use crate::app::drawing;
use crate::metrics::code_map::Density;

/// Texels of the picture of all rows along each axis.
const TEXELS: usize = 384;
/// How far the density steps behind the points.
const STRENGTH: f32 = 0.6;

/// The density on a log ramp; bins without an input are clear.
pub fn of_density(ctx: &Context, density: &Density, palette: &Palette) -> TextureHandle {
    drawing::load(ctx, "density of inputs", density_image(density, palette)) // not a text
}

/// All rows in the colours of their states.
pub fn of_rows(ctx: &Context, cloud: &Cloud, palette: &Palette) -> TextureHandle {
    drawing::load(ctx, "rows of a codebook", rows_image(cloud, palette)) // not a text
}

fn density_image(density: &Density, palette: &Palette) -> ColorImage {
    let most = f64::from(density.counts.iter().copied().max().unwrap_or(0)).ln_1p();
    let color = |&inputs: &u32| match inputs {
        0 => Color32::TRANSPARENT,
        _ => palette.ramp((0.15 + 0.85 * f64::from(inputs).ln_1p() / most) as f32).gamma_multiply(STRENGTH),
    };
    // Pictures begin at the top, the density below.
    let rows = density.counts.chunks(density.bins.max(1)).rev();
    ColorImage::new([density.bins; 2], rows.flatten().map(color).collect())
}

fn rows_image(cloud: &Cloud, palette: &Palette) -> ColorImage {
    let mut pixels = vec![Color32::TRANSPARENT; TEXELS * TEXELS];
    let bounds = &cloud.bounds;
    let along = |v: f64, low: f64, width: f64| {
        let share = if width > 0.0 { (v - low) / width } else { 0.5 };
        ((share * TEXELS as f64) as usize).min(TEXELS - 1)
    };
    for (point, &state) in cloud.points.iter().zip(&cloud.codes.states) {
        let column = along(point.x, bounds.min()[0], bounds.width());
        let row = TEXELS - 1 - along(point.y, bounds.min()[1], bounds.height());
        pixels[row * TEXELS + column] = state_color(&cloud.codes, state, palette);
    }
    ColorImage::new([TEXELS; 2], pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_density_stands_upright_and_is_clear_where_nothing_is() {
        let palette = Palette::of(egui::Theme::Dark);
        let density = Density { low: [0.0; 2], high: [1.0; 2], bins: 2, counts: vec![1, 0, 0, 9] };
        let image = density_image(&density, &palette);
        assert_eq!([image.pixels[0], image.pixels[3]], [Color32::TRANSPARENT; 2]);
        assert_eq!(image.pixels[1], palette.ramp(1.0).gamma_multiply(STRENGTH), "the fullest bin, on top");
        assert_ne!(image.pixels[2], image.pixels[1]);
    }
}
