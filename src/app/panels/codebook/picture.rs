//! The map of a layer: its rows before the density of its inputs, in the plane along which those vary most.

use std::sync::{Arc, OnceLock};

use egui::{Color32, Rect, Stroke, TextureHandle, Ui, vec2};
use egui_plot::{PlotImage, PlotPoint, PlotPoints, PlotUi, Points};

use super::super::parts::{ramp_ui, swatch_ui};
use super::super::state_color;
use super::cloud::{Cloud, MOST_POINTS};
use super::maps::{Maps, Place};
use super::marking::Marking;
use super::{ID, textures};
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::{number, percent};
use crate::app::plot::{Axis, Cell, Chart, Csv, Drawn, ReadOut};
use crate::app::rich::RichHover as _;
use crate::metrics::buffers::CodebookView;
use crate::metrics::code_map::{CodeMap, Density};
use crate::session::SelectCommand;
use crate::text::t;
use crate::training::{LayerCodes, Run, SplitKind};

/// Codes replaced in this many of the last steps are drawn as such.
const RECENT_STEPS: u64 = 50;

/// What the title needs, and a letter of the legend beside it.
const TITLE_WIDTH: f32 = 150.0;
const LETTER_WIDTH: f32 = 6.5;
/// The colour ramp with its gaps, as letters.
const RAMP_LETTERS: usize = 8;

/// Where points come from, the run, the layer and the frames that are counted.
type CloudKey = (Option<ByPtr<OnceLock<CodeMap>>>, ByPtr<Run>, usize, SplitKind);

/// The chart's own state.
#[derive(Default)]
pub struct RowPicture {
    maps: Maps,
    cloud: Memo<CloudKey, Arc<Cloud>>,
    density: Memo<(ByPtr<OnceLock<CodeMap>>, bool), TextureHandle>,
    rows: Memo<(ByPtr<Cloud>, bool), TextureHandle>,
    marking: Marking,
}

/// What is drawn: a layer of a run, and its map where there is one.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The run.
    pub run: &'a Arc<Run>,
    /// What the codebook tells.
    pub codebook: &'a CodebookView,
    /// The layer.
    pub layer: usize,
    /// Its map.
    pub map: Option<&'a Place>,
}

impl Shown<'_> {
    fn made(&self) -> Option<&CodeMap> {
        self.map.and_then(|place| place.get())
    }

    /// The share of the variance that both axes hold.
    fn explained(&self) -> Option<[f64; 2]> {
        self.made().map_or(self.codebook.picture.explained, |map| map.picture.explained)
    }

    /// What the plane of the map is.
    pub fn plane_words(&self) -> String {
        let share = self.explained().map(|[a, b]| percent(a + b));
        match (self.made(), share) {
            (Some(map), Some(share)) => t!("codebook-plane-inputs-share", n = map.inputs, share = share),
            (Some(map), None) => t!("codebook-plane-inputs", n = map.inputs),
            (None, Some(share)) => t!("codebook-plane-rows-share", share = share),
            (None, None) => t!("codebook-plane-rows").to_owned(),
        }
    }

    fn axis(&self, nth: usize) -> Axis {
        let (axis, share) = (nth + 1, self.explained().map(|shares| percent(shares[nth])));
        let is_of_inputs = self.made().is_some();
        let label = match (is_of_inputs, share) {
            (true, Some(share)) => t!("codebook-axis-inputs-share", axis = axis, share = share),
            (true, None) => t!("codebook-axis-inputs", axis = axis),
            (false, Some(share)) => t!("codebook-axis-rows-share", axis = axis, share = share),
            (false, None) => t!("codebook-axis-rows", axis = axis),
        };
        let text = if is_of_inputs { t!("codebook-axis-inputs.help") } else { t!("codebook-axis-rows.help") };
        Axis::real(&label, text)
    }
}

impl RowPicture {
    /// The map of a layer, where it is there and of as many codes.
    pub fn map(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &Ui,
        (run, codebook, layer): (&Arc<Run>, &CodebookView, usize),
    ) -> Option<Place> {
        let fits = |place: &Place| {
            place.get().is_some_and(|map| map.picture.points.len() == codebook.picture.points.len())
        };
        self.maps.get(ctx, ui, run, layer).filter(fits)
    }

    /// Draws it; a click selects the nearest code, and what is drawn around codes marks them.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, shown: Shown<'_>, height: f32) {
        // Each layer and plane is moved and zoomed on its own.
        ui.push_id((shown.layer, shown.map.is_some()), |ui| self.chart_ui(ctx, ui, shown, height));
    }

    fn chart_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, shown: Shown<'_>, height: f32) {
        let Self { cloud, density, rows, marking, .. } = self;
        let Shown { run, codebook, layer, map } = shown;
        let (palette, split) = (ctx.palette, ctx.session.selection().split);
        let key = (map.cloned().map(ByPtr), ByPtr(run.clone()), layer, split);
        let cloud = cloud.get(key, || {
            let places = shown.made().map_or(&codebook.picture.points, |map| &map.picture.points);
            let codes = LayerCodes::new(run, layer, split, RECENT_STEPS);
            Arc::new(Cloud::new(places, codes, codebook))
        });
        let behind = map.and_then(|place| place.get().map(|made| (place, &made.density)));
        let behind = behind.map(|(place, counted)| {
            let key = (ByPtr(place.clone()), palette.is_dark);
            let texture = density.get(key, || textures::of_density(ui.ctx(), counted, palette));
            density_image(texture, counted)
        });
        let many = cloud.are_many().then(|| {
            let key = (ByPtr(cloud.clone()), palette.is_dark);
            let texture = rows.get(key, || textures::of_rows(ui.ctx(), cloud, palette));
            rows_image(texture, cloud)
        });
        let behind_is_drawn = behind.is_some();
        let marks = marking.draws(ui);
        let title = t!("codebook-map", layer = layer + 1);
        let drawn = Chart::new(ID, "picture", &title, shown.axis(0), shown.axis(1), height)
            .reader(move |at| read(cloud, codebook, at))
            .tune(move |plot| plot.allow_drag(!marks))
            .show(
                ctx,
                ui,
                |ui| {
                    marking.tool_ui(ui);
                    legend_ui(ctx, ui, cloud, behind_is_drawn);
                },
                || Some(table(cloud)),
                move |plot| {
                    behind.into_iter().for_each(|image| plot.image(image));
                    rows_ui(ctx, plot, cloud, many);
                    marks_ui(ctx, plot, cloud);
                },
            );
        near_ui(ctx, ui, &drawn, cloud);
        match marking.ui(ctx, ui, &drawn) {
            Some(outline) => {
                let inside = outline.held(&cloud.points);
                if !inside.is_empty() {
                    ctx.send(SelectCommand::Codes(layer, inside.into()));
                }
            }
            None => {
                if let Some((code, _)) = drawn.clicked_at().and_then(|at| cloud.nearest(at)) {
                    ctx.send(SelectCommand::Code(layer, Some(code)));
                }
            }
        }
    }
}

/// What colours mean, as far as there is room beside the title.
fn legend_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, cloud: &Cloud, with_ramp: bool) {
    let has_room =
        |ui: &Ui, letters: usize| ui.available_width() > TITLE_WIDTH + LETTER_WIDTH * letters as f32;
    let (low, high) = (t!("codebook-density.low"), t!("codebook-density.high"));
    if with_ramp && has_room(ui, letters(low) + letters(high) + RAMP_LETTERS) {
        ramp_ui(ui, ctx.palette, low, high, t!("codebook-density"));
    }
    for (state, codes) in cloud.codes.present() {
        let text = t!("codebook-state-count", state = state.label(), count = codes);
        if has_room(ui, letters(&text)) {
            swatch_ui(ui, state_color(&cloud.codes, state, ctx.palette), &text)
                .on_hover_rich(cloud.codes.help(state));
        }
    }
}

/// As many Latin letters as a text is wide; Chinese ones are twice as wide.
fn letters(text: &str) -> usize {
    text.chars().map(|letter| if letter < '\u{2e80}' { 1 } else { 2 }).sum()
}

/// All that is known of the code nearest to a place.
fn read(cloud: &Cloud, codebook: &CodebookView, at: PlotPoint) -> Option<ReadOut> {
    let (code, point) = cloud.nearest(at)?;
    let codes = &cloud.codes;
    let mut read = ReadOut::new(point.x, t!("code-n", code = code));
    if let Some(&state) = codes.states.get(code) {
        read = read.row(t!("codebook-state"), codes.words(state));
    }
    if let Some(&chosen) = codes.counts.get(code) {
        let frames = t!("codebook-chosen-frames", n = chosen, frames = &codes.frames_words);
        read = read.row(t!("codebook-chosen"), frames);
    }
    if let Some(&size) = codes.sizes.get(code).filter(|size| size.is_finite()) {
        read = read.row(t!("codebook-size"), number(size));
    }
    read = read.row(t!("codebook-length"), number(codebook.norms.get(code).copied().unwrap_or(f64::NAN)));
    if let Some(other) = codebook.neighbours.get(code) {
        let distance = number(other.distance);
        let nearest = t!("codebook-nearest-code", code = other.code, distance = distance);
        read = read.row(t!("codebook-nearest"), nearest);
    }
    Some(read)
}

fn density_image(texture: &TextureHandle, density: &Density) -> PlotImage {
    let Density { low, high, .. } = density;
    let middle = PlotPoint::new((low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0);
    let size = vec2((high[0] - low[0]) as f32, (high[1] - low[1]) as f32);
    PlotImage::new("inputs", texture.id(), middle, size).allow_hover(false)
}

fn rows_image(texture: &TextureHandle, cloud: &Cloud) -> PlotImage {
    let bounds = &cloud.bounds;
    let size = vec2(bounds.width() as f32, bounds.height() as f32);
    PlotImage::new("all rows", texture.id(), bounds.center(), size).allow_hover(false) // not a text
}

fn points<'a>(name: String, of: PlotPoints<'a>, radius: f32, color: Color32) -> Points<'a> {
    Points::new(name, of).radius(radius).color(color).allow_hover(false)
}

/// The rows as points or, where too many of them are in sight, as one picture.
fn rows_ui<'a>(ctx: &PanelCtx<'_>, plot: &mut PlotUi<'a>, cloud: &'a Cloud, many: Option<PlotImage>) {
    let color = |state| state_color(&cloud.codes, state, ctx.palette);
    let Some(image) = many else {
        for (nth, group) in cloud.groups.iter().enumerate() {
            let of = PlotPoints::Borrowed(&group.points);
            plot.points(points(format!("rows {nth}"), of, group.radius, color(group.state)));
        }
        return;
    };
    match cloud.in_sight(&plot.plot_bounds()) {
        None => plot.image(image),
        Some(groups) => {
            // Unseen, the picture keeps what the plot goes back to.
            plot.image(image.tint(Color32::TRANSPARENT));
            for (nth, group) in groups.into_iter().enumerate() {
                let of = PlotPoints::Owned(group.points);
                plot.points(points(format!("rows {nth}"), of, group.radius, color(group.state)));
            }
        }
    }
}

/// The marked codes, evenly thinned where they are very many, and the selected one.
fn marks_ui<'a>(ctx: &PanelCtx<'_>, plot: &mut PlotUi<'a>, cloud: &Cloud) {
    let (palette, marked) = (ctx.palette, ctx.session.marked());
    let every = marked.len().div_ceil(MOST_POINTS).max(1);
    let marked = marked.iter().step_by(every).filter_map(|&code| cloud.points.get(code).copied());
    let marked = PlotPoints::Owned(marked.collect());
    plot.points(points("marked codes".to_owned(), marked, 3.5, palette.marked())); // not a text
    let selected = ctx.session.selection().code.and_then(|code| cloud.points.get(code));
    if let Some(&point) = selected {
        let of = PlotPoints::Owned(vec![point]);
        plot.points(points("selected code".to_owned(), of, 5.0, palette.highlight)); // not a text
    }
}

/// Thin lines between near-duplicates.
fn near_ui(ctx: &PanelCtx<'_>, ui: &Ui, drawn: &Drawn, cloud: &Cloud) {
    let painter = ui.painter().with_clip_rect(drawn.response.rect.intersect(ui.clip_rect()));
    let stroke = Stroke::new(1.0, ctx.palette.warning);
    let at = |code: usize| cloud.points.get(code).map(|point| drawn.transform.position_from_point(point));
    let seen = |ends: &[egui::Pos2; 2]| drawn.response.rect.intersects(Rect::from_two_pos(ends[0], ends[1]));
    let pairs = cloud.near.iter().filter_map(|&[a, b]| Some([at(a)?, at(b)?])).filter(seen);
    for ends in pairs.take(MOST_POINTS) {
        painter.line_segment(ends, stroke);
    }
}

fn table(cloud: &Cloud) -> String {
    let mut csv = Csv::new(["code", "axis_1", "axis_2", "state", "count"]);
    for (code, point) in cloud.points.iter().enumerate() {
        csv.row([
            Cell::from(code),
            Cell::from(point.x),
            Cell::from(point.y),
            Cell::from(cloud.codes.states.get(code).map_or("", |state| state.key())),
            cloud.codes.counts.get(code).map_or(Cell::Real(f64::NAN), |&chosen| Cell::Int(chosen)),
        ]);
    }
    csv.finish()
}
