//! Text as text: a piece for each stretch of one font and colour, as wide as it was on the screen whatever font stands in for it.

use std::fmt::Write as _;
use std::ops::Range;

use egui::epaint::TextShape;
use egui::epaint::text::PlacedRow;
use egui::text::LayoutJob;
use egui::{Color32, FontFamily, FontId};

use super::{number, paint};
use crate::markup::xml;

/// Glyphs that stand together.
struct Piece {
    words: String,
    font: FontId,
    color: Color32,
    /// Where it begins and ends, and its baseline, in the galley.
    x: Range<f32>,
    y: f32,
}

/// Writes the text of `shape`.
pub(super) fn write(shape: &TextShape, out: &mut String) {
    let mut at = 0;
    for row in &shape.galley.rows {
        let mut piece: Option<Piece> = None;
        for glyph in &row.row.glyphs {
            let font = font_at(&shape.galley.job, at);
            at += glyph.chr.len_utf8();
            let color = color_of(shape, row, glyph.first_vertex, glyph.chr);
            let (x, y) = (row.pos.x + glyph.pos.x, row.pos.y + glyph.pos.y);
            let end = x + glyph.advance_width;
            let is_same = |piece: &Piece| {
                piece.font == font && color.is_none_or(|color| color == piece.color) && piece.y == y
            };
            match &mut piece {
                Some(piece) if is_same(piece) => {
                    piece.words.push(glyph.chr);
                    piece.x.end = end;
                }
                _ => {
                    piece.take().into_iter().for_each(|piece| write_piece(shape, &piece, out));
                    let color = color.unwrap_or(shape.fallback_color);
                    piece = Some(Piece { words: glyph.chr.to_string(), font, color, x: x..end, y });
                }
            }
        }
        at += usize::from(row.ends_with_newline);
        piece.into_iter().for_each(|piece| write_piece(shape, &piece, out));
    }
}

/// The font of the text's byte `at`; what was put in place of text that did not fit has the last one.
fn font_at(job: &LayoutJob, at: usize) -> FontId {
    let own = job.sections.iter().find(|section| {
        let range = &section.byte_range;
        (range.start.0..range.end.0).contains(&at)
    });
    own.or(job.sections.last()).map_or_else(FontId::default, |section| section.format.font_id.clone())
}

/// A glyph's colour, read off its corner; `None` for a space, which has no corners.
fn color_of(shape: &TextShape, row: &PlacedRow, first_vertex: u32, letter: char) -> Option<Color32> {
    if letter.is_whitespace() {
        return None;
    }
    let own = row.row.visuals.mesh.vertices.get(first_vertex as usize).map(|vertex| vertex.color);
    let own = own.filter(|color| *color != Color32::PLACEHOLDER).unwrap_or(shape.fallback_color);
    Some(shape.override_text_color.unwrap_or(own).gamma_multiply(shape.opacity_factor))
}

fn write_piece(shape: &TextShape, piece: &Piece, out: &mut String) {
    let Piece { words, font, color, x, y } = piece;
    if words.trim().is_empty() || color.a() == 0 {
        return;
    }
    let (left, baseline) = (shape.pos.x + x.start, shape.pos.y + y);
    let width = x.end - x.start;
    let size = font.size;
    if ![left, baseline, width, size, shape.angle].iter().all(|value| value.is_finite()) {
        return;
    }
    let turned = match shape.angle {
        0.0 => String::new(),
        angle => format!(
            " transform=\"rotate({} {} {})\"", // not a text
            number(angle.to_degrees()),
            number(shape.pos.x),
            number(shape.pos.y)
        ),
    };
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" font-family=\"{}\" font-size=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\"{}{turned}>{}</text>", // not a text
        number(left),
        number(baseline),
        families(&font.family),
        number(size),
        number(width),
        paint("fill", *color),
        xml(words)
    );
}

/// The names of a family and of what stands in for it.
fn families(family: &FontFamily) -> String {
    match family {
        FontFamily::Proportional => "Ubuntu, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif".to_owned(), // not a text
        FontFamily::Monospace => "Hack, 'DejaVu Sans Mono', Menlo, monospace".to_owned(), // not a text
        FontFamily::Name(name) => format!("{}, sans-serif", xml(&name.replace([',', ';'], " "))), // not a text
    }
}
