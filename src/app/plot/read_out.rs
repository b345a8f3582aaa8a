//! What is read off a plot: the data at the place that is nearest to the pointer.

use egui::{Color32, Id, PopupAnchor, Pos2, Rect, RichText, Sense, Tooltip, Ui, vec2};

use crate::text::t;

/// Rows of a read-out; more are counted.
const MOST_ROWS: usize = 14;
/// How far the read-out stands from the pointer.
const GAP: f32 = 14.0;

/// The data at one place of a plot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadOut {
    /// Where the data lie along the x axis, as a value of it.
    pub x: f64,
    /// What stands above the rows.
    pub title: String,
    /// What is there.
    pub rows: Vec<Row>,
}

/// One thing that is read off.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// The colour it is drawn in.
    pub color: Option<Color32>,
    /// What it is called.
    pub name: String,
    /// What it is.
    pub value: String,
    /// Where it lies along the y axis, as a value of it; it gets a dot there.
    pub y: Option<f64>,
    /// Whether it stands out.
    pub is_front: bool,
}

impl ReadOut {
    /// What is at `x`.
    #[must_use]
    pub fn new(x: f64, title: impl Into<String>) -> Self {
        Self { x, title: title.into(), rows: Vec::new() }
    }

    /// With one more row.
    #[must_use]
    pub fn row(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.rows.push(Row { name: name.into(), value: value.into(), ..Row::default() });
        self
    }
}

/// Draws it beside the pointer, or beside `at` where it was called up by a key.
pub(super) fn read_out_ui(ui: &Ui, id: Id, at: Option<Pos2>, read: &ReadOut) {
    let anchor = at.map_or(PopupAnchor::Pointer, PopupAnchor::Position);
    Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), id, anchor).gap(GAP).show(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 2.0);
        ui.label(RichText::new(&read.title).strong().size(12.0));
        if read.rows.is_empty() {
            return;
        }
        egui::Grid::new("read-out").num_columns(3).spacing([6.0, 2.0]).show(ui, |ui| {
            for row in read.rows.iter().take(MOST_ROWS) {
                row_ui(ui, row);
            }
        });
        if let Some(more) = read.rows.len().checked_sub(MOST_ROWS).filter(|&more| more > 0) {
            ui.label(RichText::new(t!("plot-more", n = more)).size(11.0).weak());
        }
    });
}

fn row_ui(ui: &mut Ui, row: &Row) {
    let (rect, _) =
        ui.allocate_exact_size(vec2(if row.color.is_some() { 9.0 } else { 0.0 }, 9.0), Sense::hover());
    if let Some(color) = row.color {
        ui.painter().rect_filled(Rect::from_center_size(rect.center(), vec2(9.0, 9.0)), 2.0, color);
    }
    let text = |text: &str| {
        let text = RichText::new(text).size(11.5);
        if row.is_front { text.strong() } else { text }
    };
    ui.label(text(&row.name));
    ui.label(text(&row.value));
    ui.end_row();
}
