//! Tokens: the codes of every layer over time, each in a colour of its own.

mod picture;

use std::ops::Range;
use std::sync::Arc;

use egui::{Color32, RichText, Stroke, TextureHandle, Ui, vec2};
use egui_plot::{PlotImage, PlotPoint};

use super::data::{Timeline, borders_ui, overlay_ui, stretch_dragged};
use super::parts::{
    Counted, banner_ui, counted, layers_ui, needs_frames_ui, note_ui, progress_ui, row_heights, swatch_ui,
};
use crate::app::drawing;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::grouped;
use crate::app::plot::{
    Along, Axis, Cell, Chart, Csv, Drawn, LEAST_HEIGHT, ReadOut, TIME_LINK, Visible, outline, visible,
};
use crate::app::rich::RichHover as _;
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::features::Split;
use crate::io::NO_CODE;
use crate::jobs::Tokens as Codes;
use crate::session::{DataCommand, SelectCommand, TokensLook};
use crate::text::{phrase, t};

const ID: &str = "tokens";
const KEY: &str = "codes";
/// A table of more values than these is no longer one that a person opens.
const MOST_CSV_VALUES: usize = 1_000_000;

static ABOUT: About = About {
    id: ID,
    title: phrase!("panel-tokens"),
    help: phrase!("panel-tokens.help"),
    home: Home { corner: Corner::UpperRight, place: 2 },
};

/// The panel.
#[derive(Default)]
pub struct Tokens {
    picture: Memo<PictureKey, (TextureHandle, usize, usize)>,
    /// Where a drag began, on the time axis.
    drag_from: Option<f64>,
}

/// The codes, the part that is seen, the selected code, and whether the theme is dark.
type PictureKey = (ByPtr<Codes>, Visible, Option<(usize, u32)>, bool);

impl Panel for Tokens {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        let Some(counted) = counted(ctx, ui) else { return };
        banner_ui(ctx, ui);
        if counted.run().is_some_and(|run| run.source.frames == 0) {
            return needs_frames_ui(ctx, ui, t!("tokens-need-frames"), t!("tokens-need-frames.text"));
        }
        match ctx.session.tokens() {
            TokensLook::Ready { tokens, outdated } => self.body_ui(ctx, ui, &counted, tokens, outdated),
            TokensLook::Missing => {
                ctx.send(DataCommand::Encode);
                progress_ui(ctx, ui, t!("tokens-computing"), None);
            }
            TokensLook::Computing(progress) => progress_ui(ctx, ui, t!("tokens-computing"), progress),
            TokensLook::Later => note_ui(ctx, ui, t!("tokens-later"), t!("tokens-later.text")),
            TokensLook::Failed | TokensLook::None => {
                note_ui(ctx, ui, t!("tokens-none"), t!("tokens-none.text"));
            }
        }
    }
}

impl Tokens {
    fn body_ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        counted: &Counted<'_>,
        tokens: &Arc<Codes>,
        outdated: bool,
    ) {
        layers_ui(ctx, ui, tokens.num_codes.len(), counted.evaluation(ctx.session.selection().split));
        summary_ui(ctx, ui, counted, tokens, outdated);
        let [height] = row_heights(ui, [(1.0, LEAST_HEIGHT)]);
        let line = Timeline::new(tokens.frame_rate_hz, tokens.values.ncols(), &tokens.clips);
        let drawn = ui.scope(|ui| {
            // Half of the last label stands behind the end of the axis.
            ui.set_max_width(ui.available_width() - 10.0);
            self.codes_ui(ctx, ui, tokens, &line, height)
        });
        let drawn = drawn.inner;
        let dragged = stretch_dragged(ctx, ui, &drawn, &line, &mut self.drag_from);
        let nothing = Split { train: Vec::new(), held_out: Vec::new() };
        let selected = dragged.or(ctx.session.selection().frames);
        // Beside this many colours a faint line is not seen.
        borders_ui(ui, &drawn, &line, Stroke::new(3.0, ctx.palette.card));
        borders_ui(ui, &drawn, &line, Stroke::new(1.0, ctx.palette.highlight));
        overlay_ui(ui, ctx.palette, &drawn, &line, &nothing, selected, false);
        if let Some((layer, frame)) = drawn.clicked_at().and_then(|at| cell_at(tokens, &line, at)) {
            let code = tokens.values.get([layer, frame]).map(|&code| code as usize);
            ctx.send(SelectCommand::Code(layer, code));
        }
    }

    fn codes_ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        tokens: &Arc<Codes>,
        line: &Timeline<'_>,
        height: f32,
    ) -> Drawn {
        let seen = visible(ui, KEY);
        let palette = ctx.palette;
        let selection = ctx.session.selection();
        let chosen = selection.code.map(|code| (selection.layer, code as u32));
        let key = (ByPtr(tokens.clone()), seen, chosen, palette.is_dark);
        let (texture, from, to) = self.picture.get(key, || {
            let rate = line.rate_hz.unwrap_or(1.0);
            let in_frames = Visible { from: seen.from * rate, to: seen.to * rate, pixels: seen.pixels };
            let picture = picture::paint(tokens.values.view(), in_frames, chosen, palette);
            let texture = drawing::load(ui.ctx(), "tokens", picture.image);
            (texture, picture.from, picture.to)
        });
        let (texture, from, to) = (texture.id(), line.at(*from), line.at(*to));
        let layers = tokens.values.nrows();
        let (end, timeline, shown) = (line.at(line.frames), *line, tokens.clone());
        let y = Axis::whole(t!("word-layer"), t!("tokens-over-time.help"));
        let reader = move |at: PlotPoint| read(&shown, &timeline, at);
        let selected = selection.layer;
        let first = line.middle(0);
        Chart::new(ID, KEY, t!("tokens-over-time"), line.axis(), y, height)
            .along(Along::Time)
            .drag_selects()
            .link(TIME_LINK)
            .reader(reader)
            .stops(first, line.middle(line.frames.saturating_sub(1)), line.at(1), (selected + 1) as f64)
            .tune(move |plot| {
                plot.include_x(0.0)
                    .include_x(end)
                    .include_y(0.5)
                    .include_y(layers as f64 + 0.5)
                    .invert_y(true)
                    .show_grid(false)
                    .set_margin_fraction(vec2(0.0, 0.0))
                    .allow_zoom([true, false])
                    .y_grid_spacer(move |input| layer_marks(layers, input.base_step_size))
            })
            .show(
                ctx,
                ui,
                |ui| {
                    if let Some(code) = selection.code.filter(|_| ui.available_width() > 200.0) {
                        let text = t!("tokens-selected", code = code, layer = selected + 1);
                        swatch_ui(ui, palette.highlight, &text).on_hover_rich(t!("tokens-selected.help"));
                    }
                },
                || table(ctx, tokens, line, seen),
                move |plot| {
                    let middle = PlotPoint::new((from + to) / 2.0, (layers as f64 + 1.0) / 2.0);
                    let size = vec2((to - from) as f32, layers as f32);
                    plot.image(
                        PlotImage::new("codes", texture, middle, size)
                            .tint(Color32::WHITE)
                            .allow_hover(false),
                    );
                    let (top, bottom) = (selected as f64 + 0.5, selected as f64 + 1.5);
                    outline(plot, (0.0, end), (top, bottom), palette.layer(selected));
                },
            )
    }
}

/// The code at a place in the plot, and the frame it is of.
fn read(tokens: &Codes, line: &Timeline<'_>, at: PlotPoint) -> Option<ReadOut> {
    let (layer, frame) = cell_at(tokens, line, at)?;
    let code = tokens.values.get([layer, frame])?;
    let clip = line.clip(frame).map_or("", |clip| clip.name.as_str());
    let read = line.read_out(frame);
    let read = if clip.is_empty() { read } else { read.row(t!("data-clip"), clip) };
    let said =
        if *code == NO_CODE { t!("tokens-no-code").to_owned() } else { t!("tokens-code", code = *code) };
    Some(read.row(t!("layer-n", layer = layer + 1), said))
}

/// How many codes there are, and what is to be known of them.
fn summary_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, counted: &Counted<'_>, tokens: &Codes, outdated: bool) {
    let (layers, frames) = tokens.values.dim();
    let size = (t!("count-layers", n = layers), t!("count-frames", n = frames));
    let text = match counted {
        Counted::Codes(codes) => {
            t!("tokens-size.noted", layers = size.0, frames = size.1, note = codes.size_note())
        }
        Counted::Run(_) => t!("tokens-size", layers = size.0, frames = size.1),
    };
    let faint = |text: String| RichText::new(text).size(12.0).color(ctx.palette.faint);
    ui.add(egui::Label::new(faint(text)).wrap());
    let mut warnings = Vec::new();
    if tokens.frames_in_all > frames {
        let all = grouped(tokens.frames_in_all as i64);
        warnings.push(t!("tokens-cut-short", all = all, kept = grouped(frames as i64)));
    }
    if outdated {
        warnings.push(t!("tokens-outdated").to_owned());
    }
    for warning in warnings {
        ui.add(egui::Label::new(RichText::new(warning).size(12.0).color(ctx.palette.warning)).wrap());
    }
}

/// The layer and the frame at a place in the plot.
fn cell_at(tokens: &Codes, line: &Timeline<'_>, at: PlotPoint) -> Option<(usize, usize)> {
    let row = at.y.round();
    let in_range = row >= 1.0 && row <= tokens.values.nrows() as f64;
    in_range.then(|| Some((row as usize - 1, line.frame_in(at.x)?))).flatten()
}

/// Marks at whole layers, as far apart as their labels need. `base_step` layers cover 8 pixels.
fn layer_marks(layers: usize, base_step: f64) -> Vec<egui_plot::GridMark> {
    let every = (base_step * 2.0).ceil().clamp(1.0, layers.max(1) as f64) as usize;
    let mark = |layer: usize| egui_plot::GridMark { value: layer as f64, step_size: 4.0 * every as f64 };
    (1..=layers).step_by(every).map(mark).collect()
}

/// The codes of the selected stretch, or else of what is seen: a row for each frame.
pub(super) fn table(
    ctx: &PanelCtx<'_>,
    tokens: &Codes,
    line: &Timeline<'_>,
    seen: Visible,
) -> Option<String> {
    let (layers, frames) = tokens.values.dim();
    let (from, to) = match ctx.session.selection().frames {
        Some((from, to)) => (from.min(frames), to.min(frames)),
        None => (line.frame(seen.from.max(0.0)), line.frame(seen.to.min(line.at(frames))) + 1),
    };
    if to.saturating_sub(from).saturating_mul(layers) > MOST_CSV_VALUES {
        return super::data::too_much(ctx);
    }
    Some(table_of(tokens, line, from..to))
}

/// A row for each frame: when it is, and its code in each layer.
fn table_of(tokens: &Codes, line: &Timeline<'_>, range: Range<usize>) -> String {
    let (layers, frames) = tokens.values.dim();
    let columns = ["frame".to_owned(), "time_secs".to_owned()];
    let mut csv = Csv::new(columns.into_iter().chain((1..=layers).map(|layer| format!("layer_{layer}"))));
    for frame in range.start..range.end.min(frames) {
        let codes = tokens.values.column(frame);
        let time = line.rate_hz.map(|rate| frame as f64 / rate);
        let codes = codes.iter().map(|&code| Cell::Int(code.into())).collect::<Vec<_>>();
        csv.row([Cell::from(frame), Cell::from(time)].into_iter().chain(codes));
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Clip;

    fn tokens() -> Codes {
        Codes {
            values: ndarray::arr2(&[[3, 1, 4, 1], [5, 9, 2, 6]]).into_shared(),
            num_codes: vec![8, 16],
            clips: vec![Clip { name: "a".to_owned(), frames: 0..4 }],
            frame_rate_hz: Some(50.0),
            frames_in_all: 4,
        }
    }

    #[test]
    fn the_table_has_a_row_a_frame_and_a_column_a_layer() {
        let tokens = tokens();
        let line = Timeline::new(tokens.frame_rate_hz, 4, &tokens.clips);
        let text = table_of(&tokens, &line, 1..9);
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            ["frame,time_secs,layer_1,layer_2", "1,0.02,1,9", "2,0.04,4,2", "3,0.06,1,6"]
        );
        let without = table_of(&tokens, &Timeline::new(None, 4, &tokens.clips), 0..1);
        assert_eq!(without.lines().nth(1), Some("0,,3,5"));
    }

    #[test]
    fn a_place_in_the_plot_is_a_layer_and_a_frame_or_none() {
        let tokens = tokens();
        let line = Timeline::new(tokens.frame_rate_hz, 4, &tokens.clips);
        let at = |x, y| cell_at(&tokens, &line, PlotPoint::new(x, y));
        assert_eq!(at(0.03, 1.6), Some((1, 1)));
        assert_eq!(at(0.0, 0.6), Some((0, 0)));
        for (x, y) in [(0.09, 1.0), (-0.01, 1.0), (0.03, 0.4), (0.03, 2.6)] {
            assert_eq!(at(x, y), None, "{x} {y}");
        }
    }
}
