//! A plot with a title, a legend, axis labels, and a read-out that snaps to the data.

use egui::{EventFilter, Id, Key, Modifiers, Pos2, Response, Role, Sense, Ui, WidgetInfo, vec2};
use egui_plot::{Plot, PlotMemory, PlotPoint, PlotTransform, PlotUi};

use super::axis::{linear_marks, log_marks};
use super::curve::{self, Curve};
use super::legend::legend_ui;
use super::look::{Choices, Look};
use super::read_out::{ReadOut, read_out_ui};
use super::title::Title;
use super::{Along, Axis, Scale, Visible, cursor, jump, seen_width};
use crate::app::rich::RichHover as _;
use crate::app::{PanelCtx, WindowRequest};
use crate::text::t;

/// The least height of a chart with its title, legend and axis labels. Panels scroll rather than go below it.
pub const LEAST_HEIGHT: f32 = 190.0;
/// The least height of what is inside of the axes and their labels.
const LEAST_AREA: f32 = 120.0;
/// Beside each other, the areas of plots over time are in line whatever stands at their axes.
const TIME_AXIS_WIDTH: f32 = 54.0;
/// Half of the label at the end of an axis stands behind it.
const LAST_LABEL: f32 = 10.0;
/// Room that the ends of an axis take from its label.
const LABEL_MARGIN: f32 = 40.0;

/// What reads off the data near a place in a plot.
type Reader<'a> = Box<dyn Fn(PlotPoint) -> Option<ReadOut> + 'a>;

/// A plot with a title, buttons that save it, axis labels and a read-out at the pointer.
pub struct Chart<'a> {
    key: &'static str,
    panel_id: &'static str,
    title: String,
    x: Axis,
    y: Axis,
    height: f32,
    along: Option<Along>,
    curves: Vec<Curve<'a>>,
    choices: Option<Choices>,
    reader: Option<Reader<'a>>,
    /// First and last place, and how far they lie apart, where keys read off something else than curves.
    stops: Option<[f64; 3]>,
    key_y: Option<f64>,
    link: Option<Id>,
    drag_selects: bool,
    tune: Option<Box<dyn FnOnce(Plot<'a>) -> Plot<'a> + 'a>>,
}

/// The time axis of every plot that has the corpus's frames along it: zoomed and moved together, in whatever panel.
pub const TIME_LINK: &str = "time of the corpus"; // not a text

/// What came of drawing a plot.
pub struct Drawn {
    /// Of the area inside of the axes.
    pub response: Response,
    /// Between screen and plot.
    pub transform: PlotTransform,
    /// The curve whose name was clicked in the legend.
    pub curve_clicked: Option<usize>,
    /// Where the data are that were read off.
    read_at: Option<PlotPoint>,
}

impl Drawn {
    /// Where in the plot it was clicked, or the place that is read off when it was chosen by a key.
    #[must_use]
    pub fn clicked_at(&self) -> Option<PlotPoint> {
        if !self.response.clicked() {
            return None;
        }
        let pointed = self.response.interact_pointer_pos().map(|at| self.transform.value_from_position(at));
        pointed.or(self.read_at)
    }
}

impl<'a> Chart<'a> {
    /// A plot of panel `panel_id`; `key` names it there and in file names.
    #[must_use]
    pub fn new(
        panel_id: &'static str,
        key: &'static str,
        title: &str,
        x: Axis,
        y: Axis,
        height: f32,
    ) -> Self {
        Self {
            key,
            panel_id,
            title: title.to_owned(),
            x,
            y,
            height,
            along: None,
            curves: Vec::new(),
            choices: None,
            reader: None,
            stops: None,
            key_y: None,
            link: None,
            drag_selects: false,
            tune: None,
        }
    }

    /// Shares its cursor with other plots along the same thing.
    #[must_use]
    pub fn along(self, along: Along) -> Self {
        Self { along: Some(along), ..self }
    }

    /// Draws, lists and reads off these curves.
    #[must_use]
    pub fn curves(self, curves: Vec<Curve<'a>>) -> Self {
        Self { curves, ..self }
    }

    /// With a menu that sets how it is drawn.
    #[must_use]
    pub fn choices(self, choices: Choices) -> Self {
        Self { choices: Some(choices), ..self }
    }

    /// Reads off something else than curves.
    #[must_use]
    pub fn reader(self, reader: impl Fn(PlotPoint) -> Option<ReadOut> + 'a) -> Self {
        Self { reader: Some(Box::new(reader)), ..self }
    }

    /// Where keys read off what `reader` reads: from `first` to `last` by `step`, at `y`.
    #[must_use]
    pub fn stops(self, first: f64, last: f64, step: f64, y: f64) -> Self {
        Self { stops: Some([first, last, step]), key_y: Some(y), ..self }
    }

    /// Moves sideways together with the other plots of `link`, and goes with them where [`jump_to`](super::jump_to) leads.
    #[must_use]
    pub fn link(self, link: &'static str) -> Self {
        Self { link: Some(Id::unique(link)), ..self }
    }

    /// Leaves dragging to the panel, which selects with it; the wheel moves the plot then.
    #[must_use]
    pub fn drag_selects(self) -> Self {
        Self { drag_selects: true, ..self }
    }

    /// With settings of its own.
    #[must_use]
    pub fn tune(self, tune: impl FnOnce(Plot<'a>) -> Plot<'a> + 'a) -> Self {
        Self { tune: Some(Box::new(tune)), ..self }
    }

    /// Draws it: `header` stands beside the title, `csv` makes the file of what is plotted, `build` adds what lies below the curves.
    pub fn show(
        mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        header: impl FnOnce(&mut Ui),
        csv: impl FnOnce() -> Option<String>,
        build: impl FnOnce(&mut PlotUi<'a>) + 'a,
    ) -> Drawn {
        let top = ui.cursor().top();
        self.title_ui(ctx, ui, header, csv);
        let curve_clicked = legend_ui(ui, ctx.palette, &self.curves);
        let height = (self.height - (ui.cursor().top() - top)).max(LEAST_AREA);
        let left = ui.cursor().left();
        let plot = self.plot(ctx, ui, vec2(seen_width(ui) - LAST_LABEL, height));
        let curves = self.curves.clone();
        let stretch = self.link.and_then(|_| jump::wanted(ui.ctx()));
        let shown = plot.show(ui, move |plot| {
            stretch.into_iter().for_each(|(from, to)| plot.set_plot_bounds_x(from..=to));
            build(plot);
            curve::draw_all(&curves, plot);
        });
        let (response, transform) = (shown.response, shown.transform);
        let name = t!("plot-named", title = &self.title);
        response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, &name));
        axis_tips(ui, self.key, left, &response, &self.x, &self.y);
        let read_at = self.read_ui(ctx, ui, &response, &transform);
        Drawn { response, transform, curve_clicked, read_at }
    }

    fn title_ui(
        &self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        header: impl FnOnce(&mut Ui),
        csv: impl FnOnce() -> Option<String>,
    ) {
        let Self { key, panel_id, title, y, choices, drag_selects, .. } = self;
        let how = if *drag_selects { t!("plot-select") } else { t!("plot-move") };
        let help = format!("{}\n\n{how}", t!("plot-axis-help", label = &y.label, text = &y.text));
        let title = Title { panel_id, key, text: title, help: &help, choices: *choices };
        let file_name = format!("{panel_id}-{key}.csv");
        title.ui(ctx, ui, header, || csv().map(|csv| WindowRequest::SaveCsv { file_name, csv }));
    }

    /// The plot with its axes, before anything is drawn in it.
    fn plot(&mut self, ctx: &PanelCtx<'_>, ui: &Ui, size: egui::Vec2) -> Plot<'a> {
        let Self { key, x, y, link, drag_selects, tune, .. } = self;
        let least = if *drag_selects { TIME_AXIS_WIDTH } else { 20.0 };
        let x_hints = x.hints(egui_plot::Axis::X, ctx.palette, size.x - LABEL_MARGIN);
        let y_hints = y.hints(egui_plot::Axis::Y, ctx.palette, size.y - LABEL_MARGIN);
        let mut plot = Plot::new(*key)
            .id(plot_id(ui, key))
            .width(size.x)
            .height(size.y)
            // The chart draws its own cursor, which snaps to the data.
            .show_x(false)
            .show_y(false)
            .allow_scroll([*drag_selects, false])
            .allow_drag(!*drag_selects)
            .allow_axis_zoom_drag(!*drag_selects)
            .set_margin_fraction(vec2(0.01, 0.06))
            .grid_color(ctx.palette.grid)
            .custom_x_axes(vec![x_hints])
            .custom_y_axes(vec![y_hints.min_thickness(least)]);
        plot = match x.scale {
            Scale::Log => plot.x_grid_spacer(|input| log_marks(&input)),
            Scale::Linear => plot.x_grid_spacer(|input| linear_marks(&input, 60.0)),
        };
        plot = match y.scale {
            Scale::Log => plot.y_grid_spacer(|input| log_marks(&input)),
            Scale::Linear => plot.y_grid_spacer(|input| linear_marks(&input, 30.0)),
        };
        if let Some(link) = *link {
            plot = plot.link_axis(link, [true, false]);
        }
        match tune.take() {
            Some(tune) => tune(plot),
            None => plot,
        }
    }

    /// Reads off the data at the pointer or, with the keyboard focus, at the place that keys have moved to; marks the place in this plot and, through
    /// the shared cursor, in the others.
    fn read_ui(
        &self,
        ctx: &PanelCtx<'_>,
        ui: &Ui,
        response: &Response,
        transform: &PlotTransform,
    ) -> Option<PlotPoint> {
        let egui_ctx = ui.ctx();
        let id = response.id;
        let here = self.along.and_then(|along| cursor::find(egui_ctx, along));
        let pointed = response.hover_pos().filter(|_| !response.dragged());
        let by_keys = pointed.is_none() && response.has_focus();
        let read = match pointed {
            Some(at) => self.read(transform.value_from_position(at)),
            None if by_keys => self.read_by_keys(ui, response, transform, here.map(|(x, _)| x)),
            None => None,
        };
        if response.has_focus() {
            let stroke = egui::Stroke::new(1.5, ctx.palette.accent);
            ui.painter().rect_stroke(response.rect, 2.0, stroke, egui::StrokeKind::Inside);
        }
        let Some(read) = read else {
            if let Some(along) = self.along {
                cursor::take_away(egui_ctx, along, id);
            }
            if let Some((x, source)) = here.filter(|(_, source)| *source != id) {
                let read =
                    if self.curves.is_empty() { ReadOut::new(x, "") } else { self.read_curves(x, 0.0) };
                debug_assert_ne!(source, id);
                self.mark_ui(ctx, ui, response, transform, &read);
            }
            return None;
        };
        if let Some(along) = self.along {
            cursor::put(egui_ctx, along, read.x, id);
        }
        self.mark_ui(ctx, ui, response, transform, &read);
        let x = self.x.scale.place(read.x);
        let y = read.rows.iter().find_map(|row| row.y).map(|y| self.y.scale.place(y));
        let y = y.or(self.key_y).unwrap_or_else(|| transform.bounds().center().y);
        let beside = by_keys.then(|| transform.position_from_point(&PlotPoint::new(x, y)));
        read_out_ui(ui, id.with("read-out"), beside, &read);
        Some(PlotPoint::new(x, y))
    }

    /// What is there near a place in the plot.
    fn read(&self, at: PlotPoint) -> Option<ReadOut> {
        if let Some(reader) = &self.reader {
            return reader(at);
        }
        let x = curve::snap(&self.curves, self.x.scale.value(at.x))?;
        Some(self.read_curves(x, self.y.scale.value(at.y)))
    }

    fn read_curves(&self, x: f64, near: f64) -> ReadOut {
        curve::read(&self.curves, x, near, (&self.x, &self.y))
    }

    /// Takes the keys that move along the data, and reads off where they lead.
    fn read_by_keys(
        &self,
        ui: &Ui,
        response: &Response,
        transform: &PlotTransform,
        here: Option<f64>,
    ) -> Option<ReadOut> {
        let arrows = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let bounds = transform.bounds();
        let middle = self.x.scale.value(bounds.center().x);
        // Without a cursor of its own the plot remembers where its keys were.
        let memory = response.id.with("keys");
        let here = here.or_else(|| ui.data(|data| data.get_temp(memory))).unwrap_or(middle);
        let moved = match (pressed(Key::ArrowRight), pressed(Key::ArrowLeft)) {
            (true, _) => self.next(here, true),
            (_, true) => self.next(here, false),
            _ => None,
        };
        let x = moved.unwrap_or(here);
        ui.data_mut(|data| data.insert_temp(memory, x));
        let y = self.key_y.unwrap_or(bounds.center().y);
        self.read(PlotPoint::new(self.x.scale.place(x), y))
    }

    fn next(&self, x: f64, forwards: bool) -> Option<f64> {
        let Some([first, last, step]) = self.stops else { return curve::next(&self.curves, x, forwards) };
        let next = if forwards { x + step } else { x - step };
        Some(next.clamp(first, last.max(first)))
    }

    /// A vertical line at what is read off, and a dot on each curve.
    fn mark_ui(
        &self,
        ctx: &PanelCtx<'_>,
        ui: &Ui,
        response: &Response,
        transform: &PlotTransform,
        read: &ReadOut,
    ) {
        let area = response.rect;
        let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
        if !self.x.scale.shows(read.x) {
            return;
        }
        let x = transform.position_from_point_x(self.x.scale.place(read.x));
        painter.vline(x, area.y_range(), egui::Stroke::new(1.0, ctx.palette.faint.gamma_multiply(0.8)));
        for row in &read.rows {
            let (Some(y), Some(color)) = (row.y.filter(|&y| self.y.scale.shows(y)), row.color) else {
                continue;
            };
            let at = Pos2::new(x, transform.position_from_point_y(self.y.scale.place(y)));
            painter.circle(
                at,
                if row.is_front { 3.5 } else { 2.5 },
                color,
                egui::Stroke::new(1.0, ctx.palette.card),
            );
        }
    }
}

/// The part of a plot that was seen in the last frame, over a width in pixels.
#[must_use]
pub fn visible(ui: &Ui, key: &'static str) -> Visible {
    let pixels = ui.available_width().max(16.0) as usize;
    match PlotMemory::load(ui.ctx(), plot_id(ui, key)) {
        Some(memory) if !memory.auto_bounds.x => {
            let bounds = memory.bounds();
            Visible { from: bounds.min()[0], to: bounds.max()[0], pixels }
        }
        _ => Visible::all(pixels),
    }
}

/// How charts of a kind are drawn; the usual scales of its axes where nothing else was chosen.
#[must_use]
pub fn look_of(ui: &Ui, choices: &Choices) -> (Look, Scale, Scale) {
    let look = Look::of(ui, choices.kind);
    (look, look.x(choices.x.unwrap_or_default()), look.y(choices.y))
}

fn plot_id(ui: &Ui, key: &'static str) -> Id {
    ui.make_persistent_id(("chart", key))
}

/// Puts tooltips on the axes: what is measured along them.
fn axis_tips(ui: &Ui, key: &str, left: f32, plot: &Response, x: &Axis, y: &Axis) {
    let inner = plot.rect;
    let beside = egui::Rect::from_min_max(egui::pos2(left, inner.top()), inner.left_bottom());
    let below = egui::Rect::from_min_size(inner.left_bottom(), vec2(inner.width(), 30.0));
    for (side, rect, axis) in [("y", beside, y), ("x", below, x)] {
        if !axis.text.is_empty() && rect.is_positive() {
            ui.interact(rect, plot.id.with((key, side)), Sense::hover()).on_hover_rich(&axis.text);
        }
    }
}
