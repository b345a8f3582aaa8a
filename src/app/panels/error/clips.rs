//! The error of each clip, the worst first; each leads to its place.

use std::sync::Arc;

use egui::{Button, Color32, Label, RichText, Role, Ui, WidgetInfo};

use super::super::data::go_to;
use super::super::parts::{self, Column, Key, Sort, Table, clip_ranges};
use super::ID;
use super::work::{self, Found, Of, Work};
use crate::app::PanelCtx;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::Title;
use crate::app::plot::numbers::{grouped, number};
use crate::app::plot::sheet::column;
use crate::jobs::Dataset;
use crate::markup::{self, Cell};
use crate::metrics::by_clip::{ClipError, clip_errors};
use crate::metrics::distortion;
use crate::text::t;

/// The most height that the table asks for.
const MOST_HEIGHT: f32 = 260.0;
/// Around a clip so much of its own length is seen.
const SEEN_AROUND: usize = 10;
/// The height of its title.
const TITLE_HEIGHT: f32 = 28.0;

/// Where the errors of all clips will be.
type Place = work::Place<Vec<ClipError>>;
/// The errors, the column that rows are sorted by, and whether they descend.
type RowsOf = (ByPtr<Found<Vec<ClipError>>>, usize, bool);

/// The table's own state.
pub struct Clips {
    sort: Sort,
    work: Work<Vec<ClipError>>,
    rows: Memo<RowsOf, Vec<usize>>,
}

impl Default for Clips {
    fn default() -> Self {
        Self { sort: Sort { column: 2, descending: true }, work: Work::default(), rows: Memo::new() }
    }
}

/// The columns: a clip and its figures.
fn columns() -> [Column; 4] {
    [
        Column { head: t!("error-clip"), help: t!("error-clip.help"), width: 180.0, sorts: true },
        Column {
            head: t!("error-clip-frames"),
            help: t!("error-clip-frames.help"),
            width: 60.0,
            sorts: true,
        },
        Column { head: t!("error-mse"), help: distortion::MSE.text.text(), width: 70.0, sorts: true },
        Column { head: t!("error-snr-db"), help: distortion::SNR.text.text(), width: 70.0, sorts: true },
    ]
}

/// The height that the table asks for; nothing where there is one clip alone.
pub fn wanted_height(of: &Of) -> f32 {
    match of.dataset.0.set.clips.len() {
        0 | 1 => 0.0,
        clips => TITLE_HEIGHT + parts::wanted_height(clips).min(MOST_HEIGHT),
    }
}

impl Clips {
    /// Draws it, where there are several clips.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, of: &Of) {
        let dataset = &of.dataset.0;
        if dataset.set.clips.len() < 2 {
            return;
        }
        // All layers together: the last one stands for them.
        let last = of.rvq.0.num_layers().saturating_sub(1);
        let place = self.work.place(ui, of, last, |of, task| {
            let (frames, codes) = (of.dataset.0.set.matrix.view(), of.tokens.0.values.view());
            clip_errors(&of.rvq.0, frames, codes, &clip_ranges(&of.tokens.0), task)
        });
        let faint = |text: &str| RichText::new(text).size(12.0).color(ctx.palette.faint);
        match place.get() {
            None => drop(ui.label(faint(t!("error-decoding-clips")))),
            Some(Err(why)) => drop(ui.add(Label::new(faint(&t!("error-no-clips", why = why))).wrap())),
            Some(Ok(errors)) => self.table_ui(ctx, ui, dataset, &place, errors),
        }
    }

    fn table_ui(
        &mut self,
        ctx: &PanelCtx<'_>,
        ui: &mut Ui,
        dataset: &Arc<Dataset>,
        place: &Place,
        errors: &[ClipError],
    ) {
        let Self { sort, rows, .. } = self;
        let clips = &dataset.set.clips;
        let name = |row: usize| clips.get(row).map_or("", |clip| clip.name.as_str());
        let (palette, now) = (ctx.palette, *sort);
        let rows = rows.get((ByPtr(place.clone()), now.column, now.descending), || {
            let mut rows: Vec<usize> = (0..errors.len().min(clips.len())).collect();
            now.apply(&mut rows, |&row| key(&errors[row], name(row), now.column));
            rows
        });
        let (text, help) = (t!("error-of-clips"), t!("error-of-clips.help"));
        let title = Title { panel_id: ID, key: "clips", text, help, choices: None };
        title.table_ui(ctx, ui, |_| {}, "error-clips.csv", || sheet(errors, name));
        let height = parts::wanted_height(rows.len()).min(MOST_HEIGHT);
        let table = Table { id: "clips", columns: &columns(), rows: rows.len(), height };
        let selected = ctx.session.selection().frames;
        let stretch = |row: usize| clips.get(row).map(|clip| (clip.frames.start, clip.frames.end));
        let fill = |nth: usize| match rows.get(nth) {
            Some(&row) if selected.is_some() && selected == stretch(row) => {
                palette.accent.gamma_multiply(0.16)
            }
            _ => Color32::TRANSPARENT,
        };
        table.ui(ui, palette, sort, fill, |ui, nth, column| {
            let Some((row, frames)) = rows.get(nth).and_then(|&row| Some((row, stretch(row)?))) else {
                return;
            };
            if column > 0 {
                ui.label(RichText::new(words(&errors[row], column)).size(12.0));
                return;
            }
            let text = match name(row) {
                "" => t!("error-clip-n", clip = row + 1),
                name => name.to_owned(),
            };
            let response = ui.add(Button::new(RichText::new(&text).size(12.0)).frame(false).truncate());
            response
                .widget_info(|| WidgetInfo::labeled(Role::Button, true, t!("error-go-to", place = &text)));
            if response.on_hover_text(&text).clicked() {
                go_to(ctx, ui, &dataset.set, frames, (frames.1 - frames.0) / SEEN_AROUND);
            }
        });
    }
}

fn key(error: &ClipError, name: &str, column: usize) -> Key {
    match column {
        0 => Key::Text(name.to_owned()),
        1 => Key::Number(Some(error.frames as f64)),
        2 => Key::Number(error.mse()),
        _ => Key::Number(error.snr_db()),
    }
}

fn words(error: &ClipError, column: usize) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    match column {
        1 => grouped(error.frames as i64),
        2 => or_dash(error.mse().map(number)),
        _ => or_dash(error.snr_db().map(|db| format!("{db:.2}"))),
    }
}

/// The rows as a document takes them.
fn sheet<'a>(errors: &[ClipError], name: impl Fn(usize) -> &'a str) -> markup::Table {
    let keys = ["clip", "frames", "mse", "snr_db"];
    let columns = keys.into_iter().zip(columns()).map(|(key, shown)| column(key, shown.head)).collect();
    let mut table = markup::Table::new(t!("error-of-clips"), columns);
    for (row, error) in errors.iter().enumerate() {
        let (mse, snr) =
            (Cell::figure(error.mse(), number), Cell::figure(error.snr_db(), |db| format!("{db:.2}")));
        table.rows.push(vec![Cell::from(name(row)), Cell::count(error.frames as usize), mse, snr]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_clip_comes_first_and_one_without_frames_last() {
        let of = |frames, residual_energy| ClipError { frames, dim: 2, signal_energy: 8.0, residual_energy };
        let errors = [of(2, 4.0), of(0, 0.0), of(2, 8.0)];
        let sort = Clips::default().sort;
        let mut rows = [0, 1, 2];
        sort.apply(&mut rows, |&row: &usize| key(&errors[row], "", sort.column));
        assert_eq!(rows, [2, 0, 1]);
        assert_eq!([words(&errors[0], 2), words(&errors[1], 3)], ["1", "–"]);
        assert_eq!(sheet(&errors[..1], |_| "a").csv(), "clip,frames,mse,snr_db\na,2,1,3.010299956639812\n");
    }
}
