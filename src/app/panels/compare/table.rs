//! The figures of each run in a row, the same as the command line prints.

use egui::{Button, RichText, Role, ScrollArea, Ui, WidgetInfo};

use super::super::dead::REPLACED;
use super::super::parts::swatch_ui;
use super::ID;
use super::curves::short_name;
use super::runs::{Place, Runs};
use crate::app::plot::numbers::number;
use crate::app::plot::{Cell, Csv, Title};
use crate::app::rich::RichHover as _;
use crate::app::{PanelCtx, WindowRequest};
use crate::metrics::{Definition, convergence, distortion, usage};
use crate::session::{CompareCommand, SelectCommand, TrainState};
use crate::training::RunSummary;

/// A column: what it shows, its head, and its value.
type Column = (&'static Definition, &'static str, fn(&RunSummary) -> Option<f64>);

static COLUMNS: [Column; 9] = [
    (&distortion::SNR, "SNR, dB", |row| row.snr_db),
    (&usage::USED, "Used", |row| Some(row.used as f64)),
    (&usage::PERPLEXITY, "Perplexity", |row| row.perplexity),
    (&usage::DEAD_WINDOW, "Dead", |row| row.dead_window.map(|n| n as f64)),
    (&usage::DEAD_THRESHOLD, "Below thr.", |row| row.dead_threshold.map(|n| n as f64)),
    (&usage::DEAD_CORPUS, "In no frame", |row| row.dead_corpus.map(|n| n as f64)),
    (&REPLACED, "Replaced", |row| row.replaced),
    (&convergence::DRIFT, "Drift", |row| row.drift),
    (&convergence::DRIFT_ALL, "Drift, all", |row| row.drift_all),
];

/// Draws the table: a tick draws a run's curve, a click on its name shows it in every panel.
pub fn ui(ctx: &PanelCtx<'_>, ui: &mut Ui, runs: &mut Runs, height: f32) {
    let top = ui.cursor().top();
    let save = || Some(WindowRequest::SaveCsv { file_name: "comparison.csv".to_owned(), csv: csv(runs) });
    let help = "All layers together, on held-out frames where there are any. Tick a run to draw it, click its name to see it in every panel";
    Title { panel_id: ID, key: "table", text: "Figures by run", help, choices: None }.ui(
        ctx,
        ui,
        |_| {},
        save,
    );
    let left = (height - (ui.cursor().top() - top)).max(60.0);
    let mut ticked = None;
    ScrollArea::both().id_salt("runs").max_height(left).auto_shrink([false, true]).show(ui, |ui| {
        let columns = COLUMNS.len() + 2;
        egui::Grid::new("runs").striped(true).num_columns(columns).spacing([12.0, 2.0]).show(ui, |ui| {
            let faint = |text: &str| RichText::new(text).size(11.0).color(ctx.palette.faint);
            ui.label("");
            ui.label(faint("Run"));
            for (definition, head, _) in COLUMNS {
                ui.label(faint(head)).on_hover_rich(definition.text);
            }
            ui.end_row();
            for row in runs.rows() {
                let name = &row.run.name;
                let mut on = row.drawn.is_some();
                let check = ui.checkbox(&mut on, "").on_hover_rich("Draw its curve");
                check.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, on, format!("Draw {name}")));
                if check.changed() {
                    ticked = Some((name.clone(), on));
                }
                name_ui(ctx, ui, row);
                for (definition, _, of) in COLUMNS {
                    let decimals = definition.unit == "dB";
                    let show = |v: f64| if decimals { format!("{v:.2}") } else { number(v) };
                    let value = of(&row.summary);
                    let text = RichText::new(value.map_or_else(|| "–".to_owned(), show)).size(12.0);
                    ui.label(if value.is_none() { text.color(ctx.palette.muted) } else { text });
                }
                ui.end_row();
            }
        });
    });
    if let Some((name, on)) = ticked {
        runs.tick(&name, on);
    }
}

fn name_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, row: &super::runs::Row) {
    let run = &row.run;
    let shown = ctx.session.view().is_some_and(|view| view.run.name == run.name);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        if let Some(color) = row.color(ctx.palette) {
            swatch_ui(ui, color, "");
        }
        let can = match row.place {
            Place::UnderWay(_) => true,
            Place::Kept(_) => ctx.session.train_state() == TrainState::Idle,
        };
        let text = RichText::new(short_name(&run.name)).size(12.0);
        let button = ui.add_enabled(can, Button::selectable(shown, text).small());
        let response = button
            .on_hover_rich(format!("{}, {} steps. Click to see it in every panel", run.name, run.steps))
            .on_disabled_hover_text("While a training is under way, that is what is shown");
        if response.clicked() {
            match row.place {
                Place::UnderWay(nth) => ctx.send(CompareCommand::Show(nth)),
                Place::Kept(nth) => ctx.send(SelectCommand::Run(nth)),
            }
        }
    });
}

fn csv(runs: &Runs) -> String {
    let keys = COLUMNS.iter().map(|(definition, ..)| definition.key);
    let mut csv = Csv::new(["run", "steps"].into_iter().chain(keys));
    for row in runs.rows() {
        let mut cells = vec![Cell::from(row.run.name.as_str()), Cell::from(row.summary.steps)];
        cells.extend(COLUMNS.iter().map(|(_, _, of)| Cell::from(of(&row.summary))));
        csv.row(cells);
    }
    csv.finish()
}
