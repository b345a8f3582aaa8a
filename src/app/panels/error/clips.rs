//! The error of each clip, the worst first; each leads to its place.

use std::sync::{Arc, OnceLock};

use egui::{Button, Color32, Label, RichText, Role, Ui, WidgetInfo};

use super::super::data::go_to;
use super::super::parts::{Column, Counted, Key, Sort, Table, clip_ranges, codes_hint_ui, wanted_height};
use super::ID;
use crate::app::memo::{ByPtr, Memo};
use crate::app::plot::numbers::{grouped, number};
use crate::app::plot::{Cell, Csv, Title};
use crate::app::{PanelCtx, WindowRequest};
use crate::jobs::{Dataset, Tokens};
use crate::metrics::by_clip::{ClipError, clip_errors};
use crate::metrics::distortion;
use crate::rvq::Rvq;
use crate::session::{TokensLook, View};
use crate::task::{Cancel, Task};

/// The most height that the table asks for.
const MOST_HEIGHT: f32 = 260.0;
/// Around a clip so much of its own length is seen.
const SEEN_AROUND: usize = 10;

/// What errors are of.
type Of = (ByPtr<Rvq>, ByPtr<Tokens>, ByPtr<Dataset>);
/// The errors, or why they cannot be told, once they are known.
type Found = OnceLock<Result<Vec<ClipError>, String>>;
/// Where they will be.
type Place = Arc<Found>;

/// The table's own state.
pub struct Clips {
    sort: Sort,
    work: Option<Work>,
    rows: Memo<(ByPtr<Found>, usize, bool), Vec<usize>>,
}

/// Errors that were worked out, or are being.
struct Work {
    of: Of,
    place: Place,
    cancel: Cancel,
}

impl Default for Clips {
    fn default() -> Self {
        Self { sort: Sort { column: 2, descending: true }, work: None, rows: Memo::new() }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// The columns: a clip and its figures.
static COLUMNS: [Column; 4] = [
    Column {
        head: "Clip",
        help: "Click one to select it and to go there in Data and Tokens",
        width: 180.0,
        sorts: true,
    },
    Column { head: "Frames", help: "How many frames it has", width: 60.0, sorts: true },
    Column { head: "MSE", help: distortion::MSE.text, width: 70.0, sorts: true },
    Column { head: "SNR, dB", help: distortion::SNR.text, width: 70.0, sorts: true },
];

impl Clips {
    /// Draws it, where there are several clips.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, view: View<'_>) {
        let Some(dataset) = ctx.session.dataset().filter(|dataset| dataset.set.clips.len() > 1) else {
            return;
        };
        let TokensLook::Ready { tokens, outdated: false } = ctx.session.tokens() else {
            return codes_hint_ui(ctx, ui, Counted::Run(view), "the error of each clip");
        };
        let place =
            self.place(ui, (ByPtr(view.run.rvq.clone()), ByPtr(tokens.clone()), ByPtr(dataset.clone())));
        let faint = |text: &str| RichText::new(text).size(12.0).color(ctx.palette.faint);
        match place.get() {
            None => drop(ui.label(faint("The clips are being decoded"))),
            Some(Err(why)) => drop(ui.add(Label::new(faint(&format!("No errors by clip: {why}"))).wrap())),
            Some(Ok(errors)) => self.table_ui(ctx, ui, dataset, &place, errors),
        }
    }

    fn place(&mut self, ui: &Ui, of: Of) -> Place {
        if let Some(work) = self.work.as_ref().filter(|work| work.of == of) {
            return work.place.clone();
        }
        let work = Work { of, place: Place::default(), cancel: Cancel::default() };
        let (of, target, cancel, ctx) =
            (work.of.clone(), work.place.clone(), work.cancel.clone(), ui.ctx().clone());
        let thread = std::thread::Builder::new().name("rvq-clips".to_owned());
        let started = thread.spawn(move || {
            let (rvq, tokens, dataset) = (of.0.0, of.1.0, of.2.0);
            let (frames, codes) = (dataset.set.matrix.view(), tokens.values.view());
            let errors = clip_errors(&rvq, frames, codes, &clip_ranges(&tokens), &Task::silent(&cancel));
            // Nobody else fills this place.
            let _ = target.set(errors.map_err(|err| err.to_string()));
            ctx.request_repaint();
        });
        // Without a thread these figures are missing, and nothing else.
        drop(started);
        self.work.insert(work).place.clone()
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
        let help = "All layers together. Click a head to sort, a clip to go there";
        let save = || {
            Some(WindowRequest::SaveCsv { file_name: "error-clips.csv".to_owned(), csv: csv(errors, name) })
        };
        Title { panel_id: ID, key: "clips", text: "Error of each clip", help, choices: None }.ui(
            ctx,
            ui,
            |_| {},
            save,
        );
        let height = wanted_height(rows.len()).min(MOST_HEIGHT);
        let table = Table { id: "clips", columns: &COLUMNS, rows: rows.len(), height };
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
            let text = if name(row).is_empty() { format!("Clip {}", row + 1) } else { name(row).to_owned() };
            let response = ui.add(Button::new(RichText::new(&text).size(12.0)).frame(false).truncate());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Go to {text}")));
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

fn csv<'a>(errors: &[ClipError], name: impl Fn(usize) -> &'a str) -> String {
    let mut csv = Csv::new(["clip", "frames", "mse", "snr_db"]);
    for (row, error) in errors.iter().enumerate() {
        let (mse, snr) = (Cell::from(error.mse()), Cell::from(error.snr_db()));
        csv.row([Cell::from(name(row)), Cell::Int(error.frames), mse, snr]);
    }
    csv.finish()
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
        assert_eq!(csv(&errors[..1], |_| "a"), "clip,frames,mse,snr_db\na,2,1,3.010299956639812\n");
    }
}
