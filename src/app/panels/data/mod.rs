//! Data: waveform and features over time, clips, what is held out, and the stretch that is selected.

mod go_to;
mod marks;
mod overlay;
mod picture;
mod pyramid;
mod summary;

use std::sync::Arc;

use egui::{Color32, ScrollArea, TextureHandle, Ui, vec2};
use egui_plot::{Line, PlotImage, PlotPoint, PlotPoints};

use super::parts::{ramp_ui, row_heights, without_data};
use crate::app::drawing;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::{grouped, number};
use crate::app::plot::{
    Along, Axis, Cell, Chart, Csv, Drawn, LEAST_HEIGHT, ReadOut, TIME_LINK, Visible, visible,
};
use crate::app::{About, Corner, Home, Panel, PanelCtx};
use crate::features::{Clip, FeatureSet, Split};
use crate::jobs::Dataset;
use crate::session::{NoticeCommand, SelectCommand, Severity};
use crate::text::{phrase, t};
pub(super) use go_to::go_to;
pub(super) use marks::{CodeMarks, said_ui};
pub(super) use overlay::{borders_ui, overlay_ui};
pub(super) use picture::ColorScale;
pub(super) use pyramid::Preparing;
pub(super) use summary::selection_ui;
use summary::summary_ui;

const ID: &str = "data";
/// A table of more values than these is no longer one that a person opens.
const MOST_CSV_VALUES: usize = 1_000_000;

static ABOUT: About = About {
    id: ID,
    title: phrase!("panel-data"),
    help: phrase!("panel-data.help"),
    home: Home { corner: Corner::UpperRight, place: 1 },
};

/// The panel.
#[derive(Default)]
pub struct Data {
    waveform: Preparing,
    wave_points: Memo<(ByPtr<Dataset>, Visible), Vec<PlotPoint>>,
    scale: Memo<ByPtr<Dataset>, ColorScale>,
    picture: Memo<PictureKey, (TextureHandle, usize, usize)>,
    split: Memo<(ByPtr<Dataset>, u64), Split>,
    marks: CodeMarks,
    /// Where a drag began, on the time axis.
    drag_from: Option<f64>,
}

/// The corpus, the part that is seen, and whether the theme is dark.
type PictureKey = (ByPtr<Dataset>, Visible, bool);

/// Frames on the time axis: seconds where the frame rate is known, frames otherwise.
#[derive(Clone, Copy)]
pub(super) struct Timeline<'a> {
    pub(super) rate_hz: Option<f64>,
    pub(super) frames: usize,
    clips: &'a [Clip],
}

impl Panel for Data {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        if without_data(ctx, ui) {
            return;
        }
        let Some(dataset) = ctx.session.dataset() else { return };
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.body_ui(ctx, ui, dataset));
    }
}

impl Data {
    fn body_ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, dataset: &Arc<Dataset>) {
        let holdout = ctx.session.holdout();
        let key = (ByPtr(dataset.clone()), holdout.to_bits());
        let split = self.split.get(key, || Split::hold_out(&dataset.set, holdout)).clone();
        let line = Timeline::of(&dataset.set);
        summary_ui(ctx, ui, dataset, &split);
        selection_ui(ctx, ui, &line);
        self.marks.refresh_ui(ctx, ui);
        let with_audio = !dataset.audio.is_empty() && line.rate_hz.is_some();
        let features = if with_audio {
            let [waveform, features] = row_heights(ui, [(0.7, LEAST_HEIGHT), (1.0, LEAST_HEIGHT)]);
            let drawn = self.waveform_ui(ctx, ui, dataset, &line, waveform);
            self.over_ui(ctx, ui, &drawn, &line, &split, true);
            features
        } else {
            row_heights(ui, [(1.0, LEAST_HEIGHT)])[0]
        };
        let drawn = self.features_ui(ctx, ui, dataset, &line, &split, features);
        self.over_ui(ctx, ui, &drawn, &line, &split, !with_audio);
    }

    fn waveform_ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        dataset: &Arc<Dataset>,
        line: &Timeline<'_>,
        height: f32,
    ) -> Drawn {
        const KEY: &str = "waveform";
        let seen = visible(ui, KEY);
        let repaint = ui.ctx().clone();
        let wave = self.waveform.get(dataset, move || repaint.request_repaint());
        let none: &[PlotPoint] = &[];
        let points = match wave {
            Some(wave) => self.wave_points.get((ByPtr(dataset.clone()), seen), || wave.points(seen)),
            None => none,
        };
        let peak = wave.map_or(1.0, |wave| wave.peak().max(1e-6));
        let title = if wave.is_some() { t!("data-waveform") } else { t!("data-waveform.being-prepared") };
        let y = Axis::real(t!("data-amplitude"), t!("data-amplitude.help"));
        let color = ctx.palette.train;
        let (end, many_clips) = (line.at(line.frames), line.clips.len() > 1);
        let (first, timeline) = (line.middle(0), *line);
        Chart::new(ID, KEY, title, line.axis(), y, height)
            .along(Along::Time)
            .drag_selects()
            .link(TIME_LINK)
            .reader(move |at| {
                let frame = timeline.frame_in(at.x)?;
                let [low, high] = wave?.extremes(timeline.at(frame), timeline.at(frame + 1))?;
                let [low, high] = [low, high].map(|value| number(f64::from(value)));
                let words = t!("data-amplitude-range", low = low, high = high);
                Some(timeline.read_out(frame).row(t!("data-amplitude"), words))
            })
            .stops(first, line.middle(line.frames.saturating_sub(1)), line.at(1), 0.0)
            .tune(move |plot| {
                plot.include_x(0.0)
                    .include_x(end)
                    .include_y(-peak)
                    // Room for the names of clips.
                    .include_y(peak * if many_clips { 1.4 } else { 1.0 })
                    .set_margin_fraction(vec2(0.0, 0.04))
                    .allow_zoom([true, false])
            })
            .show(
                ctx,
                ui,
                |_| {},
                || {
                    let (from, to) = stretch(ctx, line, seen);
                    let samples = wave?.samples(from, to, MOST_CSV_VALUES);
                    let Some(samples) = samples else { return too_much(ctx) };
                    let mut csv = Csv::new(["time_secs", "amplitude"]);
                    samples
                        .into_iter()
                        .for_each(|(time, v)| csv.row([Cell::Real(time), Cell::Real(f64::from(v))]));
                    Some(csv.finish())
                },
                |plot| {
                    plot.line(
                        Line::new("waveform", PlotPoints::Borrowed(points))
                            .color(color)
                            .width(1.0)
                            .allow_hover(false),
                    );
                },
            )
    }

    fn features_ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        dataset: &Arc<Dataset>,
        line: &Timeline<'_>,
        split: &Split,
        height: f32,
    ) -> Drawn {
        const KEY: &str = "features";
        let seen = visible(ui, KEY);
        let matrix = &dataset.set.matrix;
        let scale = *self.scale.get(ByPtr(dataset.clone()), || ColorScale::of(matrix));
        let palette = ctx.palette;
        let key = (ByPtr(dataset.clone()), seen, palette.is_dark);
        let (texture, from, to) = self.picture.get(key, || {
            let rate = line.rate_hz.unwrap_or(1.0);
            let in_frames = Visible { from: seen.from * rate, to: seen.to * rate, pixels: seen.pixels };
            let picture = picture::paint(matrix, scale, in_frames, palette);
            let texture = drawing::load(ui.ctx(), "features", picture.image);
            (texture, picture.from, picture.to)
        });
        let (texture, from, to) = (texture.id(), line.at(*from), line.at(*to));
        let dim = matrix.dim();
        let y = Axis::whole(t!("data-dimension"), t!("data-dimension.help"));
        let (end, timeline) = (line.at(line.frames), *line);
        let reader = move |at: PlotPoint| {
            let (frame, d) = (timeline.frame_in(at.x)?, at.y.floor());
            let value = (d >= 0.0).then(|| matrix.view().get([frame, d as usize]).copied()).flatten()?;
            let clip = timeline.clip(frame).map_or("", |clip| clip.name.as_str());
            let held = split.held_out.iter().any(|range| range.contains(&frame));
            let read = timeline.read_out(frame);
            let read = if clip.is_empty() { read } else { read.row(t!("data-clip"), clip) };
            Some(
                read.row(t!("data-split"), if held { t!("word-held-out") } else { t!("word-training") })
                    .row(t!("data-dimension-n", dimension = d.to_string()), number(f64::from(value))),
            )
        };
        let first = line.middle(0);
        Chart::new(ID, KEY, t!("data-features"), line.axis(), y, height)
            .along(Along::Time)
            .drag_selects()
            .link(TIME_LINK)
            .reader(reader)
            .stops(first, line.middle(line.frames.saturating_sub(1)), line.at(1), 0.0)
            .tune(move |plot| {
                plot.include_x(0.0)
                    .include_x(end)
                    .include_y(0.0)
                    .include_y(dim as f64)
                    .show_grid(false)
                    .set_margin_fraction(vec2(0.0, 0.0))
                    .allow_zoom([true, false])
            })
            .show(
                ctx,
                ui,
                |ui| {
                    if ui.available_width() > 200.0 {
                        let (low, high) = (number(f64::from(scale.low)), number(f64::from(scale.high)));
                        ramp_ui(ui, palette, &low, &high, t!("data-features.ramp"));
                    }
                },
                || features_csv(ctx, &dataset.set, line, seen),
                move |plot| {
                    let middle = PlotPoint::new((from + to) / 2.0, dim as f64 / 2.0);
                    let size = vec2((to - from) as f32, dim as f32);
                    plot.image(
                        PlotImage::new("features", texture, middle, size)
                            .tint(Color32::WHITE)
                            .allow_hover(false),
                    );
                },
            )
    }

    /// Draws clips and selection over a plot, and takes in what is dragged.
    fn over_ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &Ui,
        drawn: &Drawn,
        line: &Timeline<'_>,
        split: &Split,
        names: bool,
    ) {
        let dragged = stretch_dragged(ctx, ui, drawn, line, &mut self.drag_from);
        let selected = dragged.or(ctx.session.selection().frames);
        let response = &drawn.response;
        if response.clicked() && selected.is_some() {
            ctx.send(SelectCommand::Frames(None));
        }
        overlay_ui(ui, ctx.palette, drawn, line, split, selected, names);
        self.marks.ui(ctx, ui, drawn, line, drawn.response.rect);
    }
}

impl<'a> Timeline<'a> {
    pub(super) fn new(rate_hz: Option<f64>, frames: usize, clips: &'a [Clip]) -> Self {
        Self { rate_hz, frames, clips }
    }

    pub(super) fn of(set: &'a FeatureSet) -> Self {
        Self::new(set.frame_rate_hz, set.matrix.num_frames(), &set.clips)
    }

    /// Where a frame starts.
    pub(super) fn at(&self, frame: usize) -> f64 {
        frame as f64 / self.rate_hz.unwrap_or(1.0)
    }

    /// The middle of a frame.
    pub(super) fn middle(&self, frame: usize) -> f64 {
        (frame as f64 + 0.5) / self.rate_hz.unwrap_or(1.0)
    }

    /// What every read-out of a frame begins with.
    pub(super) fn read_out(&self, frame: usize) -> ReadOut {
        let number_of = grouped(frame as i64);
        let title = match self.rate_hz {
            Some(_) => t!("data-frame-at", frame = number_of, secs = number(self.at(frame))),
            None => t!("data-frame", frame = number_of),
        };
        ReadOut::new(self.middle(frame), title)
    }

    /// The frame at a place, or the nearest one.
    pub(super) fn frame(&self, at: f64) -> usize {
        let frame = (at * self.rate_hz.unwrap_or(1.0)).floor().max(0.0);
        (frame as usize).min(self.frames.saturating_sub(1))
    }

    /// The frame at a place, if there is one.
    pub(super) fn frame_in(&self, at: f64) -> Option<usize> {
        (at >= 0.0 && at < self.at(self.frames)).then(|| self.frame(at))
    }

    /// The frames between two places, at least one.
    fn stretch(&self, a: f64, b: f64) -> (usize, usize) {
        (self.frame(a.min(b)), self.frame(a.max(b)) + 1)
    }

    pub(super) fn clip(&self, frame: usize) -> Option<&'a Clip> {
        self.clips.get(self.clips.partition_point(|clip| clip.frames.end <= frame))
    }

    pub(super) fn axis(&self) -> Axis {
        match self.rate_hz {
            Some(rate) => Axis::real(t!("data-time"), &t!("data-time-at-rate", rate = number(rate))),
            None => Axis::whole(t!("word-frame"), t!("data-time-in-frames")),
        }
    }
}

/// Takes in what is dragged along a time axis, and gives the stretch while the hand is on it. `drag_from` remembers where it began.
pub(super) fn stretch_dragged(
    ctx: &PanelCtx<'_>,
    ui: &Ui,
    drawn: &Drawn,
    line: &Timeline<'_>,
    drag_from: &mut Option<f64>,
) -> Option<(usize, usize)> {
    let response = &drawn.response;
    let place = |pos| drawn.transform.value_from_position(pos).x;
    if response.drag_started_by(egui::PointerButton::Primary) {
        *drag_from = ui.input(|input| input.pointer.press_origin()).map(place);
    }
    let stretch = line.stretch((*drag_from)?, response.interact_pointer_pos().map(place)?);
    if response.drag_stopped() {
        *drag_from = None;
        ctx.send(SelectCommand::Frames(Some(stretch)));
    }
    Some(stretch)
}

/// The stretch that a table is made of: what is selected, or else what is seen.
fn stretch(ctx: &PanelCtx<'_>, line: &Timeline<'_>, seen: Visible) -> (f64, f64) {
    match ctx.session.selection().frames {
        Some((from, to)) => (line.at(from), line.at(to)),
        None => (seen.from.max(0.0), seen.to.min(line.at(line.frames))),
    }
}

pub(super) fn too_much(ctx: &PanelCtx<'_>) -> Option<String> {
    let text = t!("data-too-much", most = grouped(MOST_CSV_VALUES as i64));
    ctx.send(NoticeCommand::Show(Severity::Warning, text));
    None
}

pub(super) fn features_csv(
    ctx: &PanelCtx<'_>,
    set: &FeatureSet,
    line: &Timeline<'_>,
    seen: Visible,
) -> Option<String> {
    let (from, to) = stretch(ctx, line, seen);
    let (from, to) = (line.frame(from), line.frame(to) + 1);
    let dim = set.matrix.dim();
    let to = to.min(set.matrix.num_frames());
    if (to - from).saturating_mul(dim) > MOST_CSV_VALUES {
        return too_much(ctx);
    }
    let columns =
        ["frame".to_owned(), "time_secs".to_owned()].into_iter().chain((0..dim).map(|d| format!("dim_{d}")));
    let mut csv = Csv::new(columns);
    let view = set.matrix.view();
    for frame in from..to {
        let time = line.rate_hz.map(|rate| frame as f64 / rate);
        let values = view.row(frame).iter().map(|&v| Cell::Real(f64::from(v))).collect::<Vec<_>>();
        csv.row([Cell::from(frame), Cell::from(time)].into_iter().chain(values));
    }
    Some(csv.finish())
}
