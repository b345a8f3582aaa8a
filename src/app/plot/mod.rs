//! Plots as all panels draw them: decimated, borrowed, with the same looks, read-outs and buttons.

mod axis;
mod bars;
mod csv;
mod decimate;
pub mod numbers;
mod steps;

use egui::{Align, Color32, Id, Layout, Response, RichText, Sense, TextStyle, Ui, vec2};
use egui_plot::{Corner, HoverPosition, Legend, Plot, PlotMemory, PlotPoint, PlotTransform, PlotUi};

use super::{PanelCtx, WindowRequest};

pub use axis::{Axis, Scale};
pub use bars::Bars;
pub use csv::{Cell, Csv};
pub use decimate::{Visible, decimate};
pub use steps::{StepChart, StepLines};

/// What moves a plot, for the tooltip of its title.
const HOW_TO_MOVE: &str = "Drag to move, Ctrl + wheel to zoom, drag with the right button to zoom into a box, double-click to see all";
/// Below this size a plot leaves out its axis labels; its title says what it shows.
const LABELS_FROM: egui::Vec2 = vec2(240.0, 120.0);

/// What reads off a place in a plot.
type Reader<'a> = Box<dyn Fn(PlotPoint) -> Option<String> + 'a>;

/// A plot with a title, buttons that save it, axis labels and a read-out at the pointer.
pub struct Chart<'a> {
    key: &'static str,
    panel_id: &'static str,
    title: String,
    x: Axis,
    y: Axis,
    height: f32,
    legend: bool,
    reader: Option<Reader<'a>>,
    link: Option<Id>,
    drag_selects: bool,
    tune: Option<Box<dyn FnOnce(Plot<'a>) -> Plot<'a> + 'a>>,
}

/// The time axis of every plot that has the corpus's frames along it: zoomed and moved together, in whatever panel.
pub const TIME_LINK: &str = "time of the corpus";

/// What came of drawing a plot.
pub struct Drawn {
    /// Of the area inside of the axes.
    pub response: Response,
    /// Between screen and plot.
    pub transform: PlotTransform,
}

impl Drawn {
    /// Where in the plot it was clicked.
    #[must_use]
    pub fn clicked_at(&self) -> Option<PlotPoint> {
        let at = self.response.interact_pointer_pos().filter(|_| self.response.clicked())?;
        Some(self.transform.value_from_position(at))
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
            legend: false,
            reader: None,
            link: None,
            drag_selects: false,
            tune: None,
        }
    }

    /// With a legend, where there is room for it.
    #[must_use]
    pub fn legend(self, legend: bool) -> Self {
        Self { legend, ..self }
    }

    /// Reads off the pointer's place in another way than by its coordinates.
    #[must_use]
    pub fn reader(self, reader: impl Fn(PlotPoint) -> Option<String> + 'a) -> Self {
        Self { reader: Some(Box::new(reader)), ..self }
    }

    /// Moves sideways together with the other plots of `link`.
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

    /// Draws it: `header` stands beside the title, `csv` makes the file of what is plotted, `build` adds the lines.
    pub fn show(
        self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        header: impl FnOnce(&mut Ui),
        csv: impl FnOnce() -> Option<String>,
        build: impl FnOnce(&mut PlotUi<'a>) + 'a,
    ) -> Drawn {
        let Self { key, panel_id, title, x, y, height, legend, reader, link, drag_selects, tune } = self;
        let top = ui.cursor().top();
        let help = if drag_selects {
            "Drag to select a stretch of frames, click to select none, wheel to move, Ctrl + wheel to zoom, double-click to see all"
        } else {
            HOW_TO_MOVE
        };
        title_ui(
            ctx,
            ui,
            &title,
            &format!("{}: {}\n\n{help}", y.label, y.text),
            header,
            || csv().map(|csv| WindowRequest::SaveCsv { file_name: format!("{panel_id}-{key}.csv"), csv }),
            panel_id,
        );
        let height = (height - (ui.cursor().top() - top)).max(60.0);
        let size = vec2(ui.available_width(), height);
        let roomy = size.x >= LABELS_FROM.x && size.y >= LABELS_FROM.y;
        let fits = |axis: &Axis, room: f32| roomy && axis.label.chars().count() as f32 * 5.8 + 40.0 < room;
        let (x_label, y_label) = (fits(&x, size.x), fits(&y, size.y));
        let mut plot = Plot::new(key)
            .id(plot_id(ui, key))
            .width(size.x)
            .height(size.y)
            .allow_scroll(if drag_selects { [true, false] } else { [false, false] })
            .allow_drag(!drag_selects)
            .allow_axis_zoom_drag(!drag_selects)
            .set_margin_fraction(vec2(0.01, 0.06))
            .grid_color(ctx.palette.grid)
            .custom_x_axes(vec![x.hints(egui_plot::Axis::X, ctx.palette, x_label)])
            .custom_y_axes(vec![
                // Plots above each other have their areas in line, whatever stands at their axes.
                y.hints(egui_plot::Axis::Y, ctx.palette, y_label).min_thickness(if drag_selects {
                    54.0
                } else {
                    20.0
                }),
            ]);
        plot = match x.scale {
            Scale::Log => plot.x_grid_spacer(|input| axis::log_marks(&input)),
            Scale::Linear => plot.x_grid_spacer(|input| axis::linear_marks(&input, 60.0)),
        };
        plot = match y.scale {
            Scale::Log => plot.y_grid_spacer(|input| axis::log_marks(&input)),
            Scale::Linear => plot.y_grid_spacer(|input| axis::linear_marks(&input, 30.0)),
        };
        if let Some(link) = link {
            plot = plot.link_axis(link, [true, false]).link_cursor(link, [true, false]);
        }
        if legend && size.x >= 260.0 && size.y >= 120.0 {
            let mut small = Legend::default().position(Corner::RightTop).follow_insertion_order(true);
            small.text_style = TextStyle::Small;
            plot = plot.legend(small);
        }
        let (read_x, read_y) = (x.clone(), y.clone());
        plot = plot.label_formatter(move |at| match (at, &reader) {
            (
                HoverPosition::NearDataPoint { position, .. } | HoverPosition::Elsewhere { position },
                Some(read),
            ) => read(*position),
            (HoverPosition::NearDataPoint { plot_name, position, .. }, None) => {
                Some(format!("{plot_name}\n{}\n{}", read_x.read(position.x), read_y.read(position.y)))
            }
            (HoverPosition::Elsewhere { position }, None) => {
                Some(format!("{}\n{}", read_x.read(position.x), read_y.read(position.y)))
            }
        });
        if let Some(tune) = tune {
            plot = tune(plot);
        }
        let left = ui.cursor().left();
        let shown = plot.show(ui, build);
        axis_tips(ui, key, left, &shown.response, &x, &y);
        Drawn { response: shown.response, transform: shown.transform }
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

/// A colour that steps behind the others.
#[must_use]
pub fn behind(color: Color32) -> Color32 {
    color.gamma_multiply(0.42)
}

fn plot_id(ui: &Ui, key: &'static str) -> Id {
    ui.make_persistent_id(("chart", key))
}

/// The title, what stands beside it, and the buttons that save data and picture.
pub fn title_ui(
    ctx: &PanelCtx<'_>,
    ui: &mut Ui,
    title: &str,
    help: &str,
    header: impl FnOnce(&mut Ui),
    csv: impl FnOnce() -> Option<WindowRequest>,
    panel_id: &'static str,
) {
    let row = vec2(ui.available_width(), 20.0);
    ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 3.0;
        ui.spacing_mut().button_padding.x = 5.0;
        let small =
            |text: &str| egui::Button::new(RichText::new(text).size(10.0).color(ctx.palette.faint)).small();
        let save = ui.add(small("PNG")).on_hover_text("Save a picture of this panel");
        if save.clicked() {
            ctx.request(WindowRequest::SavePng { panel_id });
        }
        let save =
            ui.add(small("CSV")).on_hover_text("Save what is plotted here as a table, every value of it");
        if save.clicked()
            && let Some(request) = csv()
        {
            ctx.request(request);
        }
        header(ui);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let text = RichText::new(title).size(12.0).strong();
            ui.add(egui::Label::new(text).truncate()).on_hover_text(help);
        });
    });
}

/// Puts tooltips on the axes: what is measured along them.
fn axis_tips(ui: &Ui, key: &str, left: f32, plot: &Response, x: &Axis, y: &Axis) {
    let inner = plot.rect;
    let beside = egui::Rect::from_min_max(egui::pos2(left, inner.top()), inner.left_bottom());
    let below = egui::Rect::from_min_size(inner.left_bottom(), vec2(inner.width(), 30.0));
    for (side, rect, axis) in [("y", beside, y), ("x", below, x)] {
        if !axis.text.is_empty() && rect.is_positive() {
            ui.interact(rect, plot.id.with((key, side)), Sense::hover()).on_hover_text(&axis.text);
        }
    }
}
