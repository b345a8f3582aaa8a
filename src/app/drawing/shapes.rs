//! Shapes as elements of SVG, up to a size.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use egui::epaint::{BandShape, CircleShape, ColorMode, Mesh, PathShape, RectShape, Vertex};
use egui::{Color32, ColorImage, Pos2, Rect, Shape, Stroke, StrokeKind, TextureId, pos2};

use super::{number, paint, pictures, text};

/// What elements are written by, one clipped shape after another.
pub(super) struct Writer<'a> {
    pictures: &'a BTreeMap<TextureId, Arc<ColorImage>>,
    most_bytes: usize,
    body: String,
    /// What groups are clipped by, each once; its place is its name.
    clips: Vec<Rect>,
    /// The clip of the group that is open, if one is.
    clip: Option<Rect>,
    left_out: usize,
}

impl<'a> Writer<'a> {
    /// A writer that stops at so many bytes.
    pub(super) fn new(pictures: &'a BTreeMap<TextureId, Arc<ColorImage>>, most_bytes: usize) -> Self {
        Self { pictures, most_bytes, body: String::new(), clips: Vec::new(), clip: None, left_out: 0 }
    }

    /// Writes a shape, of which what lies outside of `clip` is not seen.
    pub(super) fn clipped(&mut self, clip: Rect, shape: &Shape) {
        let bounds = shape.visual_bounding_rect();
        if bounds.is_negative() || !clip.is_positive() || !clip.intersects(bounds) {
            return;
        }
        if self.body.len() > self.most_bytes {
            self.left_out += 1;
            return;
        }
        self.open(if clip.contains_rect(bounds) { None } else { Some(clip) });
        self.shape(shape, clip);
    }

    /// The elements, what they are clipped by, and how many shapes there was no room or form for.
    pub(super) fn finish(mut self) -> (String, String, usize) {
        self.open(None);
        let clip = |(id, rect): (usize, &Rect)| {
            format!("<clipPath id=\"c{id}\"><rect{}/></clipPath>\n", placed(*rect)) // not a text
        };
        let clips: String = self.clips.iter().enumerate().map(clip).collect();
        let clips = if clips.is_empty() { clips } else { format!("<defs>\n{clips}</defs>\n") };
        (self.body, clips, self.left_out)
    }

    /// Has the group of this clip open.
    fn open(&mut self, clip: Option<Rect>) {
        if self.clip == clip {
            return;
        }
        if self.clip.take().is_some() {
            self.body.push_str("</g>\n");
        }
        if let Some(rect) = clip.filter(Rect::is_finite) {
            let known = self.clips.iter().position(|known| *known == rect);
            let id = known.unwrap_or(self.clips.len());
            if known.is_none() {
                self.clips.push(rect);
            }
            let _ = writeln!(self.body, "<g clip-path=\"url(#c{id})\">"); // not a text
            self.clip = Some(rect);
        }
    }

    fn shape(&mut self, shape: &Shape, clip: Rect) {
        match shape {
            Shape::Noop => {}
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| self.shape(shape, clip)),
            Shape::Circle(circle) => self.circle(circle),
            Shape::Ellipse(ellipse) => {
                let [x, y, rx, ry] = [ellipse.center.x, ellipse.center.y, ellipse.radius.x, ellipse.radius.y];
                let turned = turned(ellipse.angle, ellipse.center);
                self.element([x, y, rx, ry], |[x, y, rx, ry]| {
                    let inks = inks(ellipse.fill, ellipse.stroke);
                    format!("<ellipse cx=\"{x}\" cy=\"{y}\" rx=\"{rx}\" ry=\"{ry}\"{inks}{turned}/>") // not a text
                });
            }
            Shape::LineSegment { points: [a, b], stroke } => {
                if !stroke.is_empty() {
                    self.element([a.x, a.y, b.x, b.y], |[x1, y1, x2, y2]| {
                        format!("<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"{}/>", ink(*stroke)) // not a text
                    });
                }
            }
            Shape::Path(path) => self.path(path),
            Shape::Band(band) => self.band(band),
            Shape::Rect(rect) => self.rect(rect, clip),
            Shape::Text(shape) => text::write(shape, &mut self.body),
            Shape::Mesh(mesh) => self.mesh(mesh, clip),
            Shape::QuadraticBezier(curve) => {
                let path = PathShape {
                    points: curve.flatten(None),
                    closed: curve.closed,
                    fill: curve.fill,
                    stroke: curve.stroke.clone(),
                };
                self.path(&path);
            }
            Shape::CubicBezier(curve) => {
                for points in curve.flatten_closed(None, None) {
                    let (closed, fill, stroke) = (curve.closed, curve.fill, curve.stroke.clone());
                    self.path(&PathShape { points, closed, fill, stroke });
                }
            }
            Shape::Callback(_) => self.left_out += 1,
        }
    }

    /// An element out of numbers that all are finite; none where one is not.
    fn element<const N: usize>(&mut self, values: [f32; N], write: impl FnOnce([String; N]) -> String) {
        if values.iter().all(|value| value.is_finite()) {
            self.body.push_str(&write(values.map(number)));
            self.body.push('\n');
        }
    }

    fn circle(&mut self, circle: &CircleShape) {
        let CircleShape { center, radius, fill, stroke } = *circle;
        self.element([center.x, center.y, radius], |[x, y, r]| {
            format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\"{}/>", inks(fill, stroke)) // not a text
        });
    }

    /// A line through points, broken where one is nowhere.
    fn path(&mut self, path: &PathShape) {
        let PathShape { points, closed, fill, stroke } = path;
        let color = match &stroke.color {
            ColorMode::Solid(color) => *color,
            // A colour for each place: SVG lines have one, so that of their middle stands for all.
            ColorMode::UV(color) => {
                let middle = points.get(points.len() / 2).copied().unwrap_or_default();
                color(Rect::from_points(points), middle)
            }
        };
        let stroke = Stroke::new(stroke.width, color);
        let inks = inks(*fill, stroke);
        let name = if *closed { "polygon" } else { "polyline" };
        for piece in points.split(|point| !point.is_finite()).filter(|piece| piece.len() > 1) {
            let _ = write!(self.body, "<{name} points=\""); // not a text
            for point in piece {
                let _ = write!(self.body, "{},{} ", number(point.x), number(point.y));
            }
            self.body.pop();
            let _ = writeln!(self.body, "\" stroke-linejoin=\"round\"{inks}/>"); // not a text
        }
    }

    fn band(&mut self, band: &BandShape) {
        let there: Vec<_> = band.points.iter().filter(|point| point.is_finite()).collect();
        let above = there.iter().map(|point| pos2(point.x, point.y.min));
        let below = there.iter().rev().map(|point| pos2(point.x, point.y.max));
        let points = above.chain(below).collect();
        self.path(&PathShape { points, closed: true, fill: band.fill, stroke: Stroke::NONE.into() });
    }

    fn rect(&mut self, shape: &RectShape, clip: Rect) {
        let RectShape { rect, corner_radius, fill, stroke, stroke_kind, angle, .. } = shape;
        if let Some(brush) = shape.brush.as_ref().filter(|brush| brush.uv != Rect::ZERO) {
            self.picture(brush.fill_texture_id, *rect, brush.uv, clip);
        }
        let grown = match stroke_kind {
            StrokeKind::Inside => -stroke.width / 2.0,
            StrokeKind::Middle => 0.0,
            StrokeKind::Outside => stroke.width / 2.0,
        };
        let rect = if stroke.is_empty() { *rect } else { rect.expand(grown) };
        let fill = if shape.brush.is_some() { Color32::TRANSPARENT } else { *fill };
        if !rect.is_finite() || rect.is_negative() || (fill.a() == 0 && stroke.is_empty()) {
            return;
        }
        let radius = match corner_radius.average() {
            radius if radius > 0.0 => format!(" rx=\"{}\"", number(radius)), // not a text
            _ => String::new(),
        };
        let (inks, turned) = (inks(fill, *stroke), turned(*angle, rect.center()));
        let _ = writeln!(self.body, "<rect{}{radius}{inks}{turned}/>", placed(rect));
    }

    /// Rectangles of one colour as one path, other triangles each in their mean colour, and pictures as pictures.
    fn mesh(&mut self, mesh: &Mesh, clip: Rect) {
        let is_plain = mesh.texture_id == TextureId::default();
        let mut run: Option<(Color32, String)> = None;
        let mut rest = mesh.indices.as_slice();
        while let Some(first) = rest.get(..3) {
            let corner = |index: &u32| mesh.vertices.get(*index as usize);
            let six: Option<Vec<&Vertex>> = rest.get(..6).and_then(|six| six.iter().map(corner).collect());
            let quad = six.as_deref().and_then(quad_of);
            let (taken, piece) = match quad {
                Some((rect, uv, _)) if !is_plain => {
                    self.picture(mesh.texture_id, rect, uv, clip);
                    (6, None)
                }
                Some((rect, _, Some(color))) => (6, Some((color, rect_path(rect)))),
                _ => {
                    let three: Option<Vec<&Vertex>> = first.iter().map(corner).collect();
                    (3, three.and_then(|three| triangle_of(&three)))
                }
            };
            rest = rest.get(taken..).unwrap_or_default();
            match (&mut run, piece) {
                (Some((color, path)), Some((own, piece))) if *color == own => path.push_str(&piece),
                (_, Some(piece)) => {
                    let before = run.replace(piece);
                    self.filled(before);
                }
                (_, None) => {}
            }
            if self.body.len() > self.most_bytes {
                self.left_out += 1;
                break;
            }
        }
        self.filled(run);
    }

    fn filled(&mut self, piece: Option<(Color32, String)>) {
        if let Some((color, path)) = piece.filter(|(color, _)| color.a() > 0) {
            let _ = writeln!(self.body, "<path d=\"{path}\"{}/>", paint("fill", color)); // not a text
        }
    }

    /// The part of a picture that is seen, texel by texel.
    fn picture(&mut self, texture: TextureId, rect: Rect, uv: Rect, clip: Rect) {
        let seen = rect.intersect(clip);
        if !rect.is_finite() || !rect.is_positive() || !uv.is_finite() || !seen.is_positive() {
            return;
        }
        let Some(image) = self.pictures.get(&texture) else {
            self.left_out += 1;
            return;
        };
        let across =
            part([uv.min.x, uv.max.x], image.size[0], [rect.min.x, rect.max.x], [seen.min.x, seen.max.x]);
        let down =
            part([uv.min.y, uv.max.y], image.size[1], [rect.min.y, rect.max.y], [seen.min.y, seen.max.y]);
        let (Some((columns, x)), Some((rows, y))) = (across, down) else { return };
        let data = pictures::png_base64(image, [columns.start, rows.start], [columns.end, rows.end]);
        let Some(data) = data else { return };
        let place = Rect::from_min_max(pos2(x[0], y[0]), pos2(x[1], y[1]));
        if self.body.len() + data.len() > self.most_bytes {
            self.left_out += 1;
            return;
        }
        let _ = writeln!(
            self.body,
            "<image{} preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{data}\"/>", // not a text
            placed(place)
        );
    }
}

/// Which texels of a side of `len` are seen where `uv` lies over `over` and `seen` of that is seen, and from where to where they reach.
fn part(uv: [f32; 2], len: usize, over: [f32; 2], seen: [f32; 2]) -> Option<(Range<usize>, [f32; 2])> {
    let texels = uv.map(|share| share * len as f32);
    let texel = (over[1] - over[0]) / (texels[1] - texels[0]);
    // A picture that stands on its head has no part here; no panel draws one.
    if !texel.is_finite() || texel <= 0.0 {
        return None;
    }
    let at = |place: f32| texels[0] + (place - over[0]) / texel;
    let from = (at(seen[0]).floor().max(0.0) as usize).min(len);
    let to = (at(seen[1]).ceil().max(0.0) as usize).min(len);
    let place = |texel_at: usize| over[0] + (texel_at as f32 - texels[0]) * texel;
    (from < to).then(|| (from..to, [place(from), place(to)]))
}

/// Two triangles that are a rectangle, with its part of the texture, and its colour where it has one.
fn quad_of(six: &[&Vertex]) -> Option<(Rect, Rect, Option<Color32>)> {
    let rect = Rect::from_points(&six.iter().map(|vertex| vertex.pos).collect::<Vec<_>>());
    let is_corner =
        |at: Pos2| (at.x == rect.min.x || at.x == rect.max.x) && (at.y == rect.min.y || at.y == rect.max.y);
    let has = |corner: Pos2| six.iter().any(|vertex| vertex.pos == corner);
    let corners = [rect.left_top(), rect.right_top(), rect.left_bottom(), rect.right_bottom()];
    if !six.iter().all(|vertex| is_corner(vertex.pos)) || !corners.into_iter().all(has) {
        return None;
    }
    let uv_at = |corner: Pos2| six.iter().find(|vertex| vertex.pos == corner).map(|vertex| vertex.uv);
    let uv = Rect::from_min_max(uv_at(rect.left_top())?, uv_at(rect.right_bottom())?);
    let color = six.first()?.color;
    Some((rect, uv, six.iter().all(|vertex| vertex.color == color).then_some(color)))
}

fn rect_path(rect: Rect) -> String {
    let [left, top, right, bottom] = [rect.min.x, rect.min.y, rect.max.x, rect.max.y].map(number);
    format!("M{left} {top}H{right}V{bottom}H{left}z") // not a text
}

/// A triangle in the mean colour of its corners; none where a corner is nowhere.
fn triangle_of(three: &[&Vertex]) -> Option<(Color32, String)> {
    let [a, b, c] = three else { return None };
    if !three.iter().all(|vertex| vertex.pos.is_finite()) {
        return None;
    }
    let mean = |channel: fn(&Color32) -> u8| {
        let sum: u32 = three.iter().map(|vertex| u32::from(channel(&vertex.color))).sum();
        (sum / 3) as u8
    };
    let color = Color32::from_rgba_premultiplied(
        mean(Color32::r),
        mean(Color32::g),
        mean(Color32::b),
        mean(Color32::a),
    );
    let [a, b, c] = [a, b, c].map(|vertex| format!("{} {}", number(vertex.pos.x), number(vertex.pos.y)));
    Some((color, format!("M{a}L{b}L{c}z"))) // not a text
}

/// Where a rectangle lies.
fn placed(rect: Rect) -> String {
    let [x, y, width, height] = [rect.min.x, rect.min.y, rect.width(), rect.height()].map(number);
    format!(" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"") // not a text
}

fn turned(angle: f32, about: Pos2) -> String {
    if angle == 0.0 || !angle.is_finite() {
        return String::new();
    }
    let [angle, x, y] = [angle.to_degrees(), about.x, about.y].map(number);
    format!(" transform=\"rotate({angle} {x} {y})\"") // not a text
}

fn ink(stroke: Stroke) -> String {
    if stroke.is_empty() || !stroke.width.is_finite() {
        return String::new();
    }
    format!("{} stroke-width=\"{}\"", paint("stroke", stroke.color), number(stroke.width)) // not a text
}

fn inks(fill: Color32, stroke: Stroke) -> String {
    format!("{}{}", paint("fill", fill), ink(stroke))
}
