//! What a panel shows as SVG: the shapes that egui was given for it in this frame, each written as what it is.
//!
//! There is one way for all panels: while they are drawn they only leave [marks](Mark) on where their shapes begin, and what was asked for is
//! taken out of egui's own list when the frame is over. Lines, bars and texts stay lines, bars and texts; pictures are embedded as PNG.

mod capture;
mod pictures;
mod shapes;
mod text;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use egui::{Color32, ColorImage, Rect, TextureId, epaint::ClippedShape};

use crate::markup::xml;

pub use capture::{Mark, Place, capture};
pub use pictures::load;

/// The largest drawing, in bytes of SVG.
const MOST_BYTES: usize = 24 << 20;

/// Shapes of one frame, with what they need besides.
#[derive(Debug, Clone)]
pub struct Drawing {
    /// What it is a drawing of.
    title: String,
    /// The part of the window that it shows.
    rect: Rect,
    /// What is behind the shapes.
    ground: Color32,
    shapes: Vec<ClippedShape>,
    pictures: BTreeMap<TextureId, Arc<ColorImage>>,
}

/// A drawing as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Svg {
    /// The file.
    pub text: String,
    /// Shapes that it has not: the last ones of a drawing that is too large, and those that have no form in SVG.
    pub left_out: usize,
}

impl Drawing {
    /// The drawing as SVG, of which every text is escaped and no number is out of bounds.
    #[must_use]
    pub fn svg(&self) -> Svg {
        let Self { title, rect, ground, shapes, pictures } = self;
        let mut out = shapes::Writer::new(pictures, MOST_BYTES);
        for shape in shapes {
            out.clipped(shape.clip_rect.intersect(*rect), &shape.shape);
        }
        let (body, clips, left_out) = out.finish();
        let [width, height] = [rect.width(), rect.height()].map(f32::ceil);
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"{} {} {width} {height}\" role=\"img\">\n<title>{}</title>\n", // not a text
            number(rect.min.x),
            number(rect.min.y),
            xml(title)
        );
        if left_out > 0 {
            let _ = writeln!(text, "<desc>{left_out} shapes are left out</desc>"); // not a text
        }
        let _ = writeln!(
            text,
            "{clips}<rect x=\"{}\" y=\"{}\" width=\"{width}\" height=\"{height}\"{}/>", // not a text
            number(rect.min.x),
            number(rect.min.y),
            paint("fill", *ground)
        );
        text.push_str(&body);
        text.push_str("</svg>\n");
        Svg { text, left_out }
    }
}

/// A place or a length, with two decimals at the most.
fn number(value: f32) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A colour as the attribute `name`, with its opacity beside it where it is not opaque.
fn paint(name: &str, color: Color32) -> String {
    let [r, g, b, a] = color.to_srgba_unmultiplied();
    match a {
        0 => format!(" {name}=\"none\""), // not a text
        255 => format!(" {name}=\"#{r:02x}{g:02x}{b:02x}\""),
        a => {
            format!(" {name}=\"#{r:02x}{g:02x}{b:02x}\" {name}-opacity=\"{}\"", number(f32::from(a) / 255.0)) // not a text
        }
    }
}

#[cfg(test)]
mod tests {
    use egui::epaint::{CircleShape, Mesh, PathShape, RectShape, TextShape};
    use egui::{FontId, Shape, Stroke, StrokeKind, pos2, vec2};

    use super::*;

    fn drawing(shapes: Vec<Shape>) -> Drawing {
        let rect = Rect::from_min_size(pos2(10.0, 20.0), vec2(200.0, 100.0));
        let shapes = shapes.into_iter().map(|shape| ClippedShape::new(rect, shape)).collect();
        let image = ColorImage::new([4, 2], vec![Color32::RED; 8]);
        let pictures = BTreeMap::from([(TextureId::Managed(7), Arc::new(image))]);
        Drawing { title: "<a & \"b\">".to_owned(), rect, ground: Color32::WHITE, shapes, pictures }
    }

    fn text_shape(words: &str) -> Shape {
        let mut shape = Shape::Noop;
        let mut output = egui::Context::default().run_ui(egui::RawInput::default(), |ui| {
            let galley =
                ui.painter().layout_no_wrap(words.to_owned(), FontId::proportional(12.0), Color32::BLACK);
            shape = TextShape::new(pos2(20.0, 30.0), galley, Color32::BLACK).into();
        });
        // The font's picture goes nowhere.
        output.textures_delta.clear();
        shape
    }

    /// Reads it as XML to its end and gives the names of its elements.
    fn elements(text: &str) -> Vec<String> {
        let mut reader = quick_xml::Reader::from_str(text);
        let (mut names, mut open) = (Vec::new(), 0);
        loop {
            use quick_xml::events::Event;
            match reader.read_event().unwrap() {
                Event::Start(tag) => {
                    open += 1;
                    tag.attributes().for_each(|attribute| drop(attribute.unwrap()));
                    names.push(String::from_utf8(tag.name().as_ref().to_vec()).unwrap());
                }
                Event::Empty(tag) => {
                    tag.attributes().for_each(|attribute| drop(attribute.unwrap()));
                    names.push(String::from_utf8(tag.name().as_ref().to_vec()).unwrap());
                }
                Event::End(_) => open -= 1,
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(open, 0);
        names
    }

    #[test]
    fn every_shape_is_an_element_and_every_text_is_escaped() {
        let stroke = Stroke::new(1.0, Color32::BLUE);
        let nan = f32::NAN;
        let mut mesh = Mesh::default();
        mesh.add_colored_rect(Rect::from_min_size(pos2(30.0, 30.0), vec2(5.0, 5.0)), Color32::GREEN);
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(0.5, 1.0));
        let place = Rect::from_min_size(pos2(40.0, 30.0), vec2(50.0, 50.0));
        let svg = drawing(vec![
            Shape::line_segment([pos2(10.0, 20.0), pos2(60.0, 70.0)], stroke),
            PathShape::line(
                vec![pos2(11.0, 20.0), pos2(30.0, 40.0), pos2(nan, 2.0), pos2(60.0, 71.0)],
                stroke,
            )
            .into(),
            CircleShape::filled(pos2(50.0, 50.0), 3.0, Color32::RED).into(),
            RectShape::stroke(place, 2.0, stroke, StrokeKind::Inside).into(),
            text_shape("a < b & \"c\" \u{1}"),
            Shape::mesh(mesh),
            Shape::image(TextureId::Managed(7), place, uv, Color32::WHITE),
            Shape::Vec(vec![Shape::Noop, Shape::line_segment([pos2(nan, 1.0), pos2(2.0, 2.0)], stroke)]),
        ])
        .svg();
        let names = elements(&svg.text);
        for name in ["line", "polyline", "circle", "rect", "text", "path", "image", "title"] {
            assert!(names.iter().any(|one| one == name), "{name} of {names:?}: {}", svg.text);
        }
        assert_eq!(names.iter().filter(|name| *name == "line").count(), 1, "what is nowhere is not drawn");
        assert!(
            svg.text.contains("&lt;a &amp; &quot;b&quot;&gt;")
                && svg.text.contains("a &lt; b &amp; &quot;c&quot;")
        );
        assert!(!svg.text.contains("NaN") && !svg.text.contains("inf"), "{}", svg.text);
        assert!(svg.text.contains("data:image/png;base64,iVBORw0KGgo"), "{}", svg.text);
        assert_eq!(svg.left_out, 0);
    }

    #[test]
    fn what_lies_outside_is_not_there_and_what_is_too_much_is_counted() {
        let stroke = Stroke::new(1.0, Color32::BLUE);
        let outside = Shape::line_segment([pos2(500.0, 500.0), pos2(600.0, 600.0)], stroke);
        assert!(!drawing(vec![outside]).svg().text.contains("<line"));
        let unknown = Shape::image(
            TextureId::User(3),
            Rect::from_min_size(pos2(20.0, 30.0), vec2(9.0, 9.0)),
            Rect::ZERO,
            Color32::WHITE,
        );
        assert_eq!(drawing(vec![unknown]).svg().left_out, 1);
        let pictures = BTreeMap::new();
        let mut out = shapes::Writer::new(&pictures, 500);
        let everything = Rect::EVERYTHING;
        for _ in 0..100 {
            out.clipped(everything, &Shape::line_segment([pos2(1.0, 2.0), pos2(3.0, 4.0)], stroke));
        }
        let (body, _, left_out) = out.finish();
        assert!(body.len() < 700 && left_out > 80, "{} bytes, {left_out} left out", body.len());
    }

    #[test]
    fn colours_and_numbers_are_short() {
        assert_eq!([number(1.0), number(-0.001), number(2.345)], ["1", "0", "2.35"].map(str::to_owned));
        assert_eq!(paint("fill", Color32::from_rgb(1, 2, 255)), " fill=\"#0102ff\"");
        assert_eq!(paint("stroke", Color32::TRANSPARENT), " stroke=\"none\"");
        let half = paint("fill", Color32::from_rgba_unmultiplied(255, 0, 0, 128));
        assert!(half.starts_with(" fill=\"#ff0000\" fill-opacity=\"0.5"), "{half}");
    }
}
