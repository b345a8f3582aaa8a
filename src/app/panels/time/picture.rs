//! The plot: bands of tiles over one time axis, and what is done with the pointer there.

use std::cell::Cell;
use std::ops::Range;

use egui::{Color32, FontId, Rect, Stroke, Ui, Vec2b, pos2, vec2};
use egui_plot::{AxisHints, Line, Plot, PlotImage, PlotPoint, PlotPoints, VLine};

use super::super::data::{
    CodeMarks, Preparing, Timeline, borders_ui, features_csv, overlay_ui, stretch_dragged,
};
use super::super::parts::{ramp_ui, switch_ui};
use super::super::tokens::table;
use super::bands::{Band, Bands, Place};
use super::content::{Content, Source};
use super::moves::moved;
use super::read::Reader;
use super::tiles::{Piece, Tiles};
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::grouped;
use crate::app::plot::{Along, Axis, Chart, Drawn, TIME_LINK, Visible, outline, visible};
use crate::features::Split;
use crate::io::NO_CODE;
use crate::jobs::Dataset;
use crate::metrics::timeline::level_for;
use crate::session::SelectCommand;
use crate::text::t;

const KEY: &str = "stack";
/// Beside each other, the areas of plots over time are in line whatever stands at their axes.
const AXIS_WIDTH: f32 = 54.0;
/// The share of the waveform's band in which the names of clips stand.
const NAMES_SHARE: f64 = 0.2;

/// What the rows of tokens are coloured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Colouring {
    #[default]
    Code,
    Error,
    Margin,
}

/// The plot of the panel.
#[derive(Default)]
pub struct Picture {
    tiles: Tiles,
    waveform: Preparing,
    wave_points: Memo<WaveKey, Vec<PlotPoint>>,
    colouring: Colouring,
    /// Where a drag began, on the time axis.
    drag_from: Option<f64>,
}

/// The corpus, the part that is seen, where it is drawn, and whether it is made yet.
type WaveKey = (ByPtr<Dataset>, Visible, Band, bool);

impl Colouring {
    fn content(self) -> Content {
        match self {
            Self::Code => Content::Codes,
            Self::Error => Content::Error,
            Self::Margin => Content::Margin,
        }
    }
}

impl Picture {
    /// Draws it, and takes in what the pointer does.
    pub fn ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        source: &Source,
        (line, marks): (&Timeline<'_>, &CodeMarks),
        height: f32,
    ) {
        let layers = source.codes().map_or(0, |tokens| tokens.values.nrows());
        let bands = Bands::new(source.dataset.is_some(), layers);
        if source.rvq.is_none() {
            self.colouring = Colouring::Code;
        }
        let (drawn, wanted) = self.stack_ui(ctx, ui, source, (line, bands), height);
        if let Some(frame) = wanted {
            self.tiles.look_at(frame);
        }
        let dragged = stretch_dragged(ctx, ui, &drawn, line, &mut self.drag_from);
        let selected = dragged.or(ctx.session.selection().frames);
        let nothing = Split { train: Vec::new(), held_out: Vec::new() };
        // Beside this many colours a faint line is not seen.
        borders_ui(ui, &drawn, line, Stroke::new(3.0, ctx.palette.card));
        borders_ui(ui, &drawn, line, Stroke::new(1.0, ctx.palette.highlight));
        overlay_ui(ui, ctx.palette, &drawn, line, &nothing, selected, true);
        let area = drawn.response.rect;
        marks.ui(ctx, ui, &drawn, line, area);
        if let Some(band) = bands.row(ctx.session.selection().layer) {
            marks.ui(ctx, ui, &drawn, line, rect_of(&drawn, band));
        }
        clicked(ctx, source, &drawn, line, &bands);
    }

    /// Draws the plot; gives the frame that the pointer wants to know more of.
    fn stack_ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        source: &Source,
        (line, bands): (&Timeline<'_>, Bands),
        height: f32,
    ) -> (Drawn, Option<usize>) {
        let seen = visible(ui, KEY);
        let (frames, level) = frames_of(line, seen);
        let pieces = self.pieces(ctx, ui, source, &bands, (frames, level));
        self.prepare_wave(ui, source, seen, bands.loudness);
        let Self { tiles, wave_points, colouring, .. } = self;
        let wave: &[PlotPoint] = wave_points.last().map_or(&[], Vec::as_slice);
        let has_audio = has_audio(source);
        let wave = if has_audio && bands.loudness.is_some() { wave } else { &[] };
        let dataset = source.dataset.as_ref().map(|dataset| &dataset.0);
        let selection = ctx.session.selection();
        let wanted = Cell::new(None);
        let reader = Reader {
            line: *line,
            bands,
            tokens: source.codes().map(AsRef::as_ref),
            matrix: dataset.map(|dataset| &dataset.set.matrix),
            looks: tiles.looks(),
            wanted: &wanted,
        };
        let (end, step) = (line.at(line.frames), line.at(1));
        let key_y =
            bands.row(selection.layer).or(bands.features).map_or(0.5, |(top, bottom)| (top + bottom) / 2.0);
        let (timeline, palette) = (*line, ctx.palette);
        let heard = ctx.session.sound().and_then(|look| look.frame);
        let drawn = Chart::new(
            super::ID,
            KEY,
            &title(level),
            line.axis(),
            Axis::real(t!("time-rows"), t!("time-rows.help")),
            height,
        )
        .along(Along::Time)
        .drag_selects()
        .link(TIME_LINK)
        .reader(move |at| reader.read(at))
        .stops(line.middle(0), line.middle(line.frames.saturating_sub(1)), step, key_y)
        .tune(move |plot| tuned(plot, bands, end, y_axis(bands, has_audio, palette.faint)))
        .show(
            ctx,
            ui,
            |ui| colouring_ui(ctx, ui, source, colouring),
            || match (source.codes(), dataset) {
                (Some(tokens), _) => table(ctx, tokens, line, seen),
                (None, Some(dataset)) => features_csv(ctx, &dataset.set, line, seen),
                (None, None) => None,
            },
            move |plot| {
                moved(plot, end, step);
                pieces.iter().for_each(|(piece, band)| plot.image(image_of(piece, *band, &timeline)));
                let wave = Line::new("waveform", PlotPoints::Borrowed(wave)).color(palette.train);
                plot.line(wave.width(1.0).allow_hover(false));
                if let Some(frame) = heard {
                    plot.vline(
                        VLine::new("heard", line.at(frame))
                            .color(palette.accent)
                            .width(1.5)
                            .allow_hover(false),
                    );
                }
                if let Some(band) = bands.row(selection.layer) {
                    outline(plot, (0.0, end), band, palette.layer(selection.layer));
                }
            },
        );
        (drawn, wanted.get())
    }

    /// The tiles of every band that are there, and where they lie.
    fn pieces(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &Ui,
        source: &Source,
        bands: &Bands,
        (frames, level): (Range<usize>, u32),
    ) -> Vec<(Piece, Band)> {
        let have = source.dataset.as_ref().map_or(0, |dataset| dataset.0.set.matrix.num_frames());
        let coded = source.codes().map_or(0, |tokens| tokens.values.ncols());
        let loudness = bands.loudness.filter(|_| !has_audio(source));
        let shown = [
            (Content::Norms, loudness, have),
            (Content::Features, bands.features, have),
            (self.colouring.content(), bands.tokens, coded),
        ];
        self.tiles.begin(source.clone(), ui);
        let mut pieces = Vec::new();
        for (content, band, num_frames) in shown {
            let Some(band) = band.filter(|_| num_frames > 0) else { continue };
            let what = (content, ctx.palette.is_dark);
            let found = self.tiles.pieces(what, level, frames.clone(), num_frames);
            pieces.extend(found.into_iter().map(|piece| (piece, band)));
        }
        self.tiles.end();
        pieces
    }

    /// Has the points of the waveform ready, as far as it is made.
    fn prepare_wave(&mut self, ui: &Ui, source: &Source, seen: Visible, band: Option<Band>) {
        let Self { waveform, wave_points, .. } = self;
        let (Some(ByPtr(dataset)), Some(band), true) = (&source.dataset, band, has_audio(source)) else {
            return;
        };
        let repaint = ui.ctx().clone();
        let wave = waveform.get(dataset, move || repaint.request_repaint());
        wave_points.get((ByPtr(dataset.clone()), seen, band, wave.is_some()), || {
            let (top, bottom) = band;
            let top = if dataset.set.clips.len() > 1 { top + NAMES_SHARE * (bottom - top) } else { top };
            let (middle, half) = ((top + bottom) / 2.0, (bottom - top) / 2.0);
            let points = wave.map(|wave| (wave.peak().max(1e-6), wave.points(seen)));
            let (peak, mut points) = points.unwrap_or((1.0, Vec::new()));
            points.iter_mut().for_each(|point| point.y = middle - point.y / peak * half);
            points
        });
    }
}

/// Whether there is audio to draw.
fn has_audio(source: &Source) -> bool {
    let has =
        |ByPtr(dataset): &ByPtr<Dataset>| !dataset.audio.is_empty() && dataset.set.frame_rate_hz.is_some();
    source.dataset.as_ref().is_some_and(has)
}

/// The frames that are seen, and the level whose bins are a point wide or more.
fn frames_of(line: &Timeline<'_>, seen: Visible) -> (Range<usize>, u32) {
    let rate = line.rate_hz.unwrap_or(1.0);
    let last = line.frames as f64;
    let (from, to) = ((seen.from * rate).clamp(0.0, last), (seen.to * rate).clamp(0.0, last));
    let span = (seen.to - seen.from) * rate;
    let span = if span.is_finite() { span } else { last };
    (from.floor() as usize..to.ceil() as usize, level_for(span / seen.pixels.max(1) as f64))
}

fn title(level: u32) -> String {
    match level {
        0 => t!("time-title").to_owned(),
        level => t!("time-title.coarse", frames = grouped(1 << level.min(62))),
    }
}

/// The plot over all of time and the whole height, which is zoomed along time alone.
fn tuned<'a>(plot: Plot<'a>, bands: Bands, end: f64, y_axis: AxisHints<'static>) -> Plot<'a> {
    plot.include_x(0.0)
        .include_x(end)
        .include_y(0.0)
        .include_y(1.0)
        .invert_y(true)
        .show_grid(Vec2b::FALSE)
        .set_margin_fraction(vec2(0.0, 0.0))
        .allow_zoom([true, false])
        .y_grid_spacer(move |input| bands.marks(input.base_step_size))
        .custom_y_axes(vec![y_axis])
}

fn y_axis(bands: Bands, has_audio: bool, color: Color32) -> AxisHints<'static> {
    AxisHints::new(egui_plot::Axis::Y)
        .tick_label_font(FontId::proportional(10.5))
        .tick_label_color(color)
        .formatter(move |mark, _| bands.label(mark.value, has_audio))
        .min_thickness(AXIS_WIDTH)
}

fn image_of(piece: &Piece, (top, bottom): Band, line: &Timeline<'_>) -> PlotImage {
    let (from, to) = (line.at(piece.frames.start), line.at(piece.frames.end));
    let middle = PlotPoint::new((from + to) / 2.0, (top + bottom) / 2.0);
    let size = vec2((to - from) as f32, (bottom - top) as f32);
    PlotImage::new("tile", piece.texture, middle, size).uv(piece.uv).tint(Color32::WHITE).allow_hover(false)
}

fn colouring_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, source: &Source, colouring: &mut Colouring) {
    if source.rvq.is_none() {
        return;
    }
    let [by_code, by_error, by_margin] =
        [t!("time-by-code.help"), t!("time-by-error.help"), t!("time-by-margin.help")];
    let help = match colouring {
        Colouring::Code => None,
        Colouring::Error => Some((t!("time-by-error.low"), t!("time-by-error.high"), by_error)),
        Colouring::Margin => Some((t!("time-by-margin.low"), t!("time-by-margin.high"), by_margin)),
    };
    if let Some((low, high, help)) = help.filter(|_| ui.available_width() > 420.0) {
        ramp_ui(ui, ctx.palette, low, high, help);
    }
    let choices = [
        (Colouring::Code, t!("time-by-code"), by_code),
        (Colouring::Error, t!("time-by-error"), by_error),
        (Colouring::Margin, t!("time-by-margin"), by_margin),
    ];
    switch_ui(ui, colouring, &choices);
}

/// A band of the plot on the screen.
fn rect_of(drawn: &Drawn, (top, bottom): Band) -> Rect {
    let area = drawn.response.rect;
    let y = |y: f64| drawn.transform.position_from_point_y(y);
    Rect::from_min_max(pos2(area.left(), y(top)), pos2(area.right(), y(bottom)))
}

/// A click on a token selects its code; anywhere else it selects no stretch.
fn clicked(ctx: &PanelCtx<'_>, source: &Source, drawn: &Drawn, line: &Timeline<'_>, bands: &Bands) {
    let Some(at) = drawn.clicked_at() else { return };
    let token = match (bands.at(at.y), line.frame_in(at.x), source.codes()) {
        (Some(Place::Layer(layer)), Some(frame), Some(tokens)) => {
            tokens.values.get([layer, frame]).map(|&code| (layer, code))
        }
        _ => None,
    };
    match token {
        Some((layer, code)) => {
            let code = (code != NO_CODE).then_some(code as usize);
            ctx.send(SelectCommand::Code(layer, code));
        }
        None if ctx.session.selection().frames.is_some() => ctx.send(SelectCommand::Frames(None)),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_frames_and_a_level() {
        let line = Timeline::new(Some(50.0), 1000, &[]);
        assert_eq!(frames_of(&line, Visible::all(100)), (0..1000, 4));
        let seen = Visible { from: 1.0, to: 1.5, pixels: 100 };
        assert_eq!(frames_of(&line, seen), (50..75, 0));
        let beyond = Visible { from: 19.0, to: 29.0, pixels: 100 };
        assert_eq!(frames_of(&line, beyond), (950..1000, 3));
    }
}
