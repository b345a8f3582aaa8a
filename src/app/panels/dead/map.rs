//! All codes of a layer as a map of cells that fills the room it has.

use egui::{
    Color32, ColorImage, Mesh, Rect, Role, Sense, Shape, Stroke, StrokeKind, TextureHandle, Ui, WidgetInfo,
    pos2, vec2,
};

use super::ID;
use super::state::color;
use crate::app::drawing;
use crate::app::memo::Memo;
use crate::app::plot::numbers::{grouped, number};
use crate::app::plot::{Along, Cell, Csv, Title, cursor};
use crate::app::{Palette, PanelCtx, WindowRequest};
use crate::session::SelectCommand;
use crate::text::t;
use crate::training::LayerCodes;

/// More codes than these are drawn as one picture instead of cells.
const MOST_CELLS: usize = 4096;
/// The least height of the cells together.
const LEAST_MAP: f32 = 40.0;
/// Cells do not grow beyond this.
const LARGEST_CELL: f32 = 34.0;

/// The map's picture, for layers of many codes.
#[derive(Default)]
pub struct Map {
    picture: Memo<(u64, usize, u64, usize, bool), TextureHandle>,
}

/// How cells lie in a rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Grid {
    rect: Rect,
    columns: usize,
    cell: f32,
    len: usize,
}

impl Map {
    /// Draws it; a click selects a code.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, codes: &LayerCodes, layer: usize, height: f32) {
        let top = ui.cursor().top();
        let title = t!("dead-map", layer = layer + 1);
        let help = t!("dead-map-help");
        let save =
            || Some(WindowRequest::SaveCsv { file_name: "dead-codes.csv".to_owned(), csv: table(codes) });
        Title { panel_id: ID, key: "map", text: &title, help, choices: None }.ui(ctx, ui, |_| {}, save);
        let room = vec2(ui.available_width(), (height - (ui.cursor().top() - top)).max(LEAST_MAP));
        let (rect, response) = ui.allocate_exact_size(room, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, t!("dead-map-name")));
        let grid = Grid::fit(rect, codes.len());
        let palette = ctx.palette;
        if codes.len() <= MOST_CELLS {
            ui.painter().add(cells(&grid, codes, palette));
        } else {
            self.picture_ui(ctx, ui, &grid, codes, layer);
        }
        for &code in ctx.session.marked().iter().filter(|&&code| code < codes.len()) {
            let stroke = Stroke::new(1.5, palette.marked());
            ui.painter().rect_stroke(grid.cell(code), 1.0, stroke, StrokeKind::Outside);
        }
        let selection = ctx.session.selection();
        if let Some(code) = selection.code.filter(|&code| code < codes.len()) {
            let cell = grid.cell(code).expand(1.0);
            let stroke = Stroke::new(2.0, palette.highlight);
            ui.painter().rect_stroke(cell, 1.0, stroke, StrokeKind::Outside);
        }
        let pointed = response.hover_pos().and_then(|at| grid.code_at(at));
        if response.clicked() {
            ctx.send(SelectCommand::Code(layer, pointed));
        }
        if response.double_clicked() && pointed.is_some() {
            ctx.request(WindowRequest::ShowPanel("code"));
        }
        let (egui_ctx, id) = (ui.ctx().clone(), response.id);
        match pointed {
            Some(code) => cursor::put(&egui_ctx, Along::Codes, code as f64, id),
            None => cursor::take_away(&egui_ctx, Along::Codes, id),
        }
        // What is pointed at in a plot over codes is framed here.
        let elsewhere = cursor::find(&egui_ctx, Along::Codes).filter(|_| pointed.is_none());
        if let Some(code) = elsewhere.map(|(x, _)| x as usize).filter(|&code| code < codes.len()) {
            let frame = Stroke::new(1.0, palette.faint);
            ui.painter().rect_stroke(grid.cell(code), 1.0, frame, StrokeKind::Outside);
        }
        if let Some(code) = pointed {
            let frame = Stroke::new(1.0, palette.highlight);
            ui.painter().rect_stroke(grid.cell(code), 1.0, frame, StrokeKind::Outside);
            response.on_hover_ui_at_pointer(|ui| code_ui(ui, codes, code));
        }
    }

    fn picture_ui(&mut self, ctx: &PanelCtx<'_>, ui: &Ui, grid: &Grid, codes: &LayerCodes, layer: usize) {
        let key = (ctx.session.revision(), layer, codes.recent_steps, grid.columns, ctx.palette.is_dark);
        let rows = codes.len().div_ceil(grid.columns.max(1));
        let texture = self.picture.get(key, || {
            let mut pixels: Vec<Color32> =
                codes.states.iter().map(|&s| color(codes, s, ctx.palette)).collect();
            pixels.resize(grid.columns * rows, Color32::TRANSPARENT);
            let image = ColorImage::new([grid.columns, rows], pixels);
            drawing::load(ui.ctx(), "map of codes", image) // not a text
        });
        let size = vec2(grid.columns as f32, rows as f32) * grid.cell;
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        ui.painter().image(texture.id(), Rect::from_min_size(grid.rect.min, size), uv, Color32::WHITE);
    }
}

impl Grid {
    /// The largest square cells of which `len` fit into `rect`.
    fn fit(rect: Rect, len: usize) -> Self {
        let (width, height) = (rect.width().max(1.0), rect.height().max(1.0));
        let mut cell = (width * height / len.max(1) as f32).sqrt().min(LARGEST_CELL).min(height);
        // Whole columns and rows need a little less than their area.
        for _ in 0..64 {
            let columns = (width / cell).floor().max(1.0);
            let rows = (len as f32 / columns).ceil();
            if rows * cell <= height + 0.01 {
                break;
            }
            let next_column = width / (columns + 1.0);
            let fitting_rows = height / rows;
            cell = next_column.max(fitting_rows).min(cell * 0.999);
        }
        // Texels that cover whole pixels look even; cells of less than two pixels cannot.
        let cell = if cell > 3.0 { cell.floor() } else { cell };
        let columns = ((width / cell).floor() as usize).clamp(1, len.max(1));
        Self { rect, columns, cell, len }
    }

    fn cell(&self, code: usize) -> Rect {
        let (row, column) = (code / self.columns, code % self.columns);
        let min = self.rect.min + vec2(column as f32, row as f32) * self.cell;
        Rect::from_min_size(min, vec2(self.cell, self.cell) - vec2(self.gap(), self.gap()))
    }

    fn gap(&self) -> f32 {
        if self.cell >= 12.0 {
            2.0
        } else if self.cell >= 4.0 {
            1.0
        } else {
            0.0
        }
    }

    fn code_at(&self, at: egui::Pos2) -> Option<usize> {
        let place = (at - self.rect.min) / self.cell;
        if place.x < 0.0 || place.y < 0.0 || place.x >= self.columns as f32 {
            return None;
        }
        let code = place.y as usize * self.columns + place.x as usize;
        (code < self.len).then_some(code)
    }
}

fn cells(grid: &Grid, codes: &LayerCodes, palette: &Palette) -> Shape {
    let mut mesh = Mesh::default();
    for (code, &state) in codes.states.iter().enumerate() {
        mesh.add_colored_rect(grid.cell(code), color(codes, state, palette));
    }
    Shape::mesh(mesh)
}

/// All that is known of a code.
fn code_ui(ui: &mut Ui, codes: &LayerCodes, code: usize) {
    ui.strong(t!("dead-code-state", code = code, state = codes.words(codes.states[code])));
    if let Some(&chosen) = codes.counts.get(code) {
        ui.label(t!("dead-code-chosen", n = chosen, frames = grouped(codes.frames as i64)));
    }
    if codes.threshold.is_nan() {
        ui.label(t!("dead-code-without-codebooks"));
        return;
    }
    ui.label(t!("dead-code-size", size = number(codes.sizes[code])));
    ui.label(t!("dead-code-threshold", threshold = number(codes.threshold)));
    match codes.replaced_at.get(code) {
        Some(0) => ui.label(t!("dead-code-never-replaced")),
        Some(&step) => ui.label(t!("dead-code-replaced", step = grouped(step as i64))),
        None => ui.label(t!("dead-code-replaced-unknown")),
    };
}

fn table(codes: &LayerCodes) -> String {
    let mut csv = Csv::new(["code", "state", "count", "cluster_size", "threshold", "replaced_at"]);
    for (code, state) in codes.states.iter().enumerate() {
        let whole = |values: &[u64]| values.get(code).map_or(Cell::Real(f64::NAN), |&v| Cell::Int(v));
        csv.row([
            Cell::from(code),
            Cell::from(state.key()),
            whole(&codes.counts),
            Cell::from(codes.sizes[code]),
            Cell::from(codes.threshold),
            whole(&codes.replaced_at),
        ]);
    }
    csv.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_cell_in_the_rectangle() {
        for len in [1, 2, 7, 256, 1000, 1024, 4096, 65_536] {
            for (width, height) in [(600.0, 200.0), (300.0, 90.0), (900.0, 700.0), (120.0, 400.0)] {
                let rect = Rect::from_min_size(pos2(10.0, 20.0), vec2(width, height));
                let grid = Grid::fit(rect, len);
                let last = grid.cell(len - 1);
                assert!(rect.expand(0.5).contains_rect(last), "{len} in {width} x {height}: {grid:?}");
                for code in [0, len / 2, len - 1] {
                    assert_eq!(grid.code_at(grid.cell(code).center()), Some(code));
                }
                assert_eq!(grid.code_at(pos2(9.0, 30.0)), None);
            }
        }
    }
}
