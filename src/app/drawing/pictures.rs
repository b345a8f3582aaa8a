//! The pictures that were handed to the graphics card, kept here too for as long as it has them: it does not give them back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use egui::{Color32, ColorImage, Context, Id, TextureHandle, TextureId, TextureOptions};
use png::{BitDepth, ColorType, Encoder};

type Kept = Arc<Mutex<BTreeMap<TextureId, Arc<ColorImage>>>>;

/// A texture of sharp texels that drawings can embed.
pub fn load(ctx: &Context, name: &str, image: ColorImage) -> TextureHandle {
    let image = Arc::new(image);
    let texture = ctx.load_texture(name, image.clone(), TextureOptions::NEAREST);
    let kept = kept(ctx);
    let textures = ctx.tex_manager();
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    // What its panel has let go of goes here too.
    kept.retain(|id, _| textures.read().meta(*id).is_some());
    kept.insert(texture.id(), image);
    texture
}

/// Every picture that is in use.
pub(super) fn all(ctx: &Context) -> BTreeMap<TextureId, Arc<ColorImage>> {
    kept(ctx).lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn kept(ctx: &Context) -> Kept {
    ctx.data_mut(|data| data.get_temp_mut_or_default::<Kept>(Id::unique("pictures of drawings")).clone()) // not a text
}

/// The texels `from..to` of a picture, columns first, as PNG in base 64; `None` where there is none.
pub(super) fn png_base64(image: &ColorImage, from: [usize; 2], to: [usize; 2]) -> Option<String> {
    let [width, height] = [to[0].checked_sub(from[0])?, to[1].checked_sub(from[1])?];
    if width == 0 || height == 0 || to[0] > image.size[0] || to[1] > image.size[1] {
        return None;
    }
    let mut bytes = Vec::new();
    let sides = [u32::try_from(width).ok()?, u32::try_from(height).ok()?];
    let mut encoder = Encoder::new(&mut bytes, sides[0], sides[1]);
    encoder.set_color(ColorType::Rgba);
    encoder.set_depth(BitDepth::Eight);
    let rows = image.pixels.chunks(image.size[0]).skip(from[1]).take(height);
    let texels = rows.filter_map(|row| row.get(from[0]..to[0])).flatten();
    let texels: Vec<u8> = texels.flat_map(Color32::to_srgba_unmultiplied).collect();
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&texels).ok()?;
    writer.finish().ok()?;
    Some(base64(&bytes))
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place > three.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_base_64() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn pictures_are_kept_as_long_as_their_textures() {
        let ctx = Context::default();
        let image = || ColorImage::filled([2, 2], egui::Color32::RED);
        let first = load(&ctx, "a", image());
        let id = first.id();
        assert!(all(&ctx).contains_key(&id));
        drop(first);
        let second = load(&ctx, "b", image());
        assert_eq!(all(&ctx).keys().copied().collect::<Vec<_>>(), [second.id()]);
    }
}
