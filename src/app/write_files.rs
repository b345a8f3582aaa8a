//! Writing what is exported: tables, pictures and drawings.

use std::io::BufWriter;
use std::path::Path;

use egui::ColorImage;

use super::drawing::{Drawing, Svg};
use crate::io::replace_file;
use crate::text::Message;

/// How many shapes what was written lacks, or why it could not be written.
pub type Written = Result<usize, Message>;

/// Writes a text.
///
/// # Errors
/// It could not be written; the sentence says why.
pub fn write_text(path: &Path, text: &str) -> Written {
    let written = replace_file(path, |out| out.write_all(text.as_bytes()));
    written.map(|()| 0).map_err(|err| err.message())
}

/// Writes a drawing.
///
/// # Errors
/// It could not be written; the sentence says why.
pub fn write_svg(path: &Path, drawing: &Drawing) -> Written {
    let Svg { text, left_out } = drawing.svg();
    write_text(path, &text)?;
    Ok(left_out)
}

/// Writes a picture.
///
/// # Errors
/// It could not be written; the sentence says why.
pub fn write_png(path: &Path, image: &ColorImage) -> Written {
    let [width, height] = image.size.map(|side| u32::try_from(side).unwrap_or(u32::MAX));
    let pixels: Vec<u8> = image.pixels.iter().flat_map(|pixel| pixel.to_opaque().to_array()).collect();
    replace_file(path, |out| {
        let mut encoder = png::Encoder::new(BufWriter::new(out), width, height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels)?;
        writer.finish()?;
        Ok(())
    })
    .map(|()| 0)
    .map_err(|err| err.message())
}

#[cfg(test)]
mod tests {
    use egui::Color32;

    use super::*;

    #[test]
    fn a_picture_is_written_or_the_reason_is_told() {
        let mut image = ColorImage::filled([30, 12], Color32::BLACK);
        image[(0, 0)] = Color32::RED;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("panel.png");
        write_png(&path, &image).unwrap();
        let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&path).unwrap()));
        let info = decoder.read_info().unwrap();
        assert_eq!((info.info().width, info.info().height), (30, 12));
        assert!(write_png(&folder.path().join("no/such/folder.png"), &image).is_err());
    }
}
