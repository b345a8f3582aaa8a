//! Tables of many rows: heads that sort, columns of fixed width, and only those rows drawn that are seen.

use egui::{Align, Button, Color32, Layout, Rect, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};

use crate::app::Palette;
use crate::app::rich::RichHover as _;
use crate::text::t;

/// The height of a row, and of all that is not rows.
const ROW: f32 = 22.0;
/// Room at the right for the scroll bar.
const BAR: f32 = 14.0;
/// Between two columns.
const GAP: f32 = 8.0;

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its head, which stands for itself.
    pub head: &'static str,
    /// What it shows.
    pub help: &'static str,
    /// How wide it is.
    pub width: f32,
    /// Whether its head sorts.
    pub sorts: bool,
}

/// By which column rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The column.
    pub column: usize,
    /// The greatest first.
    pub descending: bool,
}

/// A table that is being drawn.
pub struct Table<'a> {
    /// What tells it from others.
    pub id: &'static str,
    /// Its columns.
    pub columns: &'a [Column],
    /// How many rows it has.
    pub rows: usize,
    /// Its height, heads and all.
    pub height: f32,
}

impl Sort {
    /// Puts `rows` in order; rows without a value come last. Those that are equal keep their order.
    pub fn apply<T>(self, rows: &mut [T], of: impl Fn(&T) -> Key) {
        rows.sort_by(|a, b| match (of(a), of(b)) {
            (Key::Number(None), Key::Number(None)) => std::cmp::Ordering::Equal,
            (Key::Number(None), _) => std::cmp::Ordering::Greater,
            (_, Key::Number(None)) => std::cmp::Ordering::Less,
            (a, b) if self.descending => b.cmp(&a),
            (a, b) => a.cmp(&b),
        });
    }
}

/// What rows are sorted by.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// A figure, where it is defined.
    Number(Option<f64>),
    /// A text.
    Text(String),
}

impl Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.unwrap_or(f64::NAN).total_cmp(&b.unwrap_or(f64::NAN)),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => std::cmp::Ordering::Less,
            (Self::Text(_), Self::Number(_)) => std::cmp::Ordering::Greater,
        }
    }
}

/// The height that a table of so many rows takes without scrolling, with its title.
#[must_use]
pub fn wanted_height(rows: usize) -> f32 {
    (rows + 2) as f32 * ROW + 2.0 * BAR
}

impl Table<'_> {
    /// Draws it; `cell` fills the cell of a row and a column, `fill` gives a row's background.
    pub fn ui(
        &self,
        ui: &mut Ui,
        palette: &Palette,
        sort: &mut Sort,
        fill: impl Fn(usize) -> Color32,
        mut cell: impl FnMut(&mut Ui, usize, usize),
    ) {
        let width: f32 = self.columns.iter().map(|column| column.width + GAP).sum::<f32>() + BAR;
        ScrollArea::horizontal().id_salt((self.id, "sideways")).auto_shrink([false, true]).show(ui, |ui| {
            ui.set_min_width(width.max(ui.available_width()));
            ui.spacing_mut().item_spacing = vec2(GAP, 0.0);
            ui.horizontal(|ui| {
                for (index, column) in self.columns.iter().enumerate() {
                    sized_ui(ui, column.width, |ui| head_ui(ui, palette, column, index, sort));
                }
            });
            let height = (self.height - ROW - BAR).max(2.0 * ROW);
            let area = ScrollArea::vertical().id_salt((self.id, "rows")).auto_shrink([false, true]);
            area.max_height(height).show_rows(ui, ROW, self.rows, |ui, seen| {
                for row in seen {
                    let at = ui.cursor().min;
                    let rect = Rect::from_min_size(at, vec2(ui.available_width(), ROW));
                    ui.painter().rect_filled(rect, 2.0, fill(row));
                    ui.push_id(row, |ui| {
                        ui.horizontal(|ui| {
                            for (index, column) in self.columns.iter().enumerate() {
                                sized_ui(ui, column.width, |ui| cell(ui, row, index));
                            }
                        });
                    });
                }
            });
        });
    }
}

/// Draws into a cell of one width and the height of a row, and nothing beyond it.
fn sized_ui(ui: &mut Ui, width: f32, add: impl FnOnce(&mut Ui)) {
    let (rect, _) = ui.allocate_exact_size(vec2(width, ROW), Sense::hover());
    let builder = egui::UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center));
    // A child of its own, so that what is drawn in it does not move the next cell.
    let mut cell = ui.new_child(builder);
    cell.set_clip_rect(rect.expand(1.0).intersect(ui.clip_rect()));
    cell.spacing_mut().item_spacing = vec2(4.0, 0.0);
    add(&mut cell);
}

fn head_ui(ui: &mut Ui, palette: &Palette, column: &Column, index: usize, sort: &mut Sort) {
    let is_sorted = sort.column == index;
    let arrow = match (is_sorted, sort.descending) {
        (false, _) => "",
        (true, true) => " ▼",
        (true, false) => " ▲",
    };
    let text = RichText::new(format!("{}{arrow}", column.head)).size(11.0);
    let text = text.color(if is_sorted { palette.accent } else { palette.faint });
    if !column.sorts {
        ui.label(text).on_hover_rich(column.help);
        return;
    }
    ui.spacing_mut().button_padding.x = 0.0;
    let response = ui.add(Button::new(text).frame(false).truncate());
    let name = t!("parts-sort-by", head = column.head);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    let response = response.on_hover_rich(t!("parts-sort-by.help", help = column.help));
    if response.clicked() {
        *sort = Sort { column: index, descending: !(is_sorted && sort.descending) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_a_value_come_last_either_way() {
        for (descending, wanted) in [(false, [1.0, 2.0, 3.0]), (true, [3.0, 2.0, 1.0])] {
            let mut rows = vec![Some(2.0), None, Some(3.0), Some(1.0)];
            Sort { column: 0, descending }.apply(&mut rows, |&row| Key::Number(row));
            assert_eq!(rows[..3], wanted.map(Some));
            assert_eq!(rows[3], None);
        }
        let mut names = vec!["b", "a"];
        Sort { column: 0, descending: false }.apply(&mut names, |name| Key::Text((*name).to_owned()));
        assert_eq!(names, ["a", "b"]);
    }
}
