//! The table of runs: what each is and how it does, and what can be done with it.

use egui::{Button, Color32, Key as Press, RichText, Role, Sense, TextEdit, Ui, WidgetInfo, vec2};

use super::ID;
use super::rows::{FIGURES, Row, Rows, WORDS};
use crate::app::badge::badge_ui;
use crate::app::panels::parts::{Column, Sort, Table};
use crate::app::plot::Title;
use crate::app::plot::sheet::column;
use crate::app::{PanelCtx, WindowRequest};
use crate::markup::{self, Cell};
use crate::session::{RunId, RunsCommand, TrainCommand};

/// The columns of words: colour and tick, name, origin, rule, what differs.
const WORD_COLUMNS: [(&str, &str, f32); WORDS] = [
    ("Draw", "A tick lays the run over the shown one, in every plot over steps and layers", 46.0),
    (
        "Run",
        "Its name: click to show it in every panel. A sign before it: what the doctor finds at a quick look. A dot: it is pinned, kept whole however many there are",
        170.0,
    ),
    ("Origin", "Where it comes from", 76.0),
    ("Rule", "The rule it was trained under", 74.0),
    ("Differs from the shown run by", "Parameters that it has otherwise than the shown run", 200.0),
];

/// What is being typed into a row.
#[derive(Debug, Clone)]
struct Typing {
    id: RunId,
    /// A note, or else a name.
    is_note: bool,
    text: String,
    is_new: bool,
}

/// The table's own state.
pub struct RunsTable {
    sort: Sort,
    rows: Rows,
    typing: Option<Typing>,
}

impl Default for RunsTable {
    fn default() -> Self {
        Self { sort: Sort { column: 0, descending: true }, rows: Rows::default(), typing: None }
    }
}

impl RunsTable {
    /// Draws it.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut Ui, height: f32) {
        let Self { sort, rows, typing } = self;
        let rows = rows.refresh(ctx.session, *sort);
        let top = ui.cursor().top();
        let help = "All layers together, on held-out frames where there are any. Click a head to sort by it";
        let title = Title { panel_id: ID, key: "table", text: "Runs", help, choices: None };
        title.table_ui(ctx, ui, |ui| overlay_all_ui(ctx, ui, rows), "runs.csv", || sheet(rows));
        let left = height - (ui.cursor().top() - top);
        let columns = columns();
        let table = Table { id: "runs", columns: &columns, rows: rows.len(), height: left };
        let shown = ctx.session.shown().map(|entry| entry.id);
        let fill = |row: usize| match rows.get(row) {
            Some(row) if Some(row.id) == shown => ctx.palette.accent.gamma_multiply(0.16),
            _ if row % 2 == 1 => ui_stripe(ctx),
            _ => Color32::TRANSPARENT,
        };
        table.ui(ui, ctx.palette, sort, fill, |ui, row, column| {
            if let Some(row) = rows.get(row) {
                cell_ui(ctx, ui, row, column, typing);
            }
        });
    }
}

fn ui_stripe(ctx: &PanelCtx<'_>) -> Color32 {
    ctx.palette.card.gamma_multiply(0.6)
}

/// The columns: words, figures, and what can be done.
fn columns() -> Vec<Column> {
    let words = WORD_COLUMNS.iter().map(|&(head, help, width)| Column { head, help, width, sorts: true });
    let figures = FIGURES.iter().map(|f| Column {
        head: f.head,
        help: f.definition.text.text(),
        width: f.width,
        sorts: true,
    });
    let state = [
        Column { head: "State", help: "What it is doing, or how it ended", width: 58.0, sorts: false },
        Column { head: "", help: "What can be done with it", width: 44.0, sorts: false },
    ];
    words.chain(figures).chain(state).collect()
}

/// Lays all runs with a quantizer over the shown one, or none.
fn overlay_all_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, rows: &[Row]) {
    let small = |text: &str| Button::new(RichText::new(text).size(10.0)).small();
    if ui.add(small("Draw none")).on_hover_text("Draw the shown run alone").clicked() {
        ctx.send(RunsCommand::OverlayOnly(Vec::new()));
    }
    if ui.add(small("Draw all")).on_hover_text("Draw all runs over one another").clicked() {
        let drawable = |row: &&Row| ctx.session.run(row.id).is_some_and(|entry| entry.view().is_some());
        ctx.send(RunsCommand::OverlayOnly(rows.iter().filter(drawable).map(|row| row.id).collect()));
    }
}

fn cell_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, row: &Row, column: usize, typing: &mut Option<Typing>) {
    let text = |text: &str| egui::Label::new(RichText::new(text).size(12.0)).truncate();
    match column {
        0 => draw_ui(ctx, ui, row),
        1 => name_ui(ctx, ui, row, typing),
        2 => drop(ui.add(text(row.origin))),
        3 => drop(ui.add(text(row.rule))),
        4 => drop(ui.add(text(&row.differs)).on_hover_text(&row.differs)),
        _ => match FIGURES.get(column - WORDS) {
            Some(figure) => {
                let value = (figure.of)(row);
                let words = RichText::new(value.map_or_else(|| "–".to_owned(), figure.show)).size(12.0);
                ui.label(if value.is_none() { words.color(ctx.palette.muted) } else { words });
            }
            None if column == WORDS + FIGURES.len() => drop(ui.add(text(&row.state))),
            None => menu_ui(ctx, ui, row, typing),
        },
    }
}

/// The run's colour, and whether it is drawn over the shown one.
fn draw_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, row: &Row) {
    let session = ctx.session;
    let nth = session.overlaid().position(|view| view.id() == row.id);
    let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
    if let Some(nth) = nth {
        ui.painter().rect_filled(rect, 2.0, ctx.palette.run(nth));
    }
    let mut on = nth.is_some();
    let is_shown = session.shown().is_some_and(|shown| shown.id == row.id);
    let can = session.run(row.id).is_some_and(|entry| entry.view().is_some()) && !is_shown;
    let check = ui.add_enabled(can, egui::Checkbox::without_text(&mut on));
    let name = format!("Draw {}", row.name);
    check.widget_info(|| WidgetInfo::selected(Role::CheckBox, can, on, &name));
    let why = if is_shown { "The shown run is always drawn" } else { "There is nothing to draw of it" };
    if check.on_hover_text("Draw it over the shown run").on_disabled_hover_text(why).changed() {
        ctx.send(RunsCommand::Overlay(row.id, on));
    }
}

fn name_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, row: &Row, typing: &mut Option<Typing>) {
    if typing.as_ref().is_some_and(|typing| typing.id == row.id) {
        return typing_ui(ctx, ui, row, typing);
    }
    if let Some(entry) = ctx.session.run(row.id) {
        badge_ui(ctx, ui, entry);
    }
    let is_shown = ctx.session.shown().is_some_and(|shown| shown.id == row.id);
    let pin = if row.is_pinned { "• " } else { "" };
    let button = Button::selectable(is_shown, RichText::new(format!("{pin}{}", row.name)).size(12.0));
    let response = ui.add(button.truncate());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_shown, &row.name));
    let note = if row.note.is_empty() { String::new() } else { format!("\n\n{}", row.note) };
    let response = response.on_hover_text(format!(
        "{}: {}{note}\n\nClick to see it in every panel, double-click to rename it",
        row.name, row.state
    ));
    if response.double_clicked() {
        *typing = Some(Typing { id: row.id, is_note: false, text: row.name.clone(), is_new: true });
    } else if response.clicked() {
        ctx.send(RunsCommand::Show(row.id));
    }
    response.context_menu(|ui| actions_ui(ctx, ui, row, typing));
}

/// The field for a name or a note.
fn typing_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, row: &Row, typing: &mut Option<Typing>) {
    let Some(Typing { is_note, text, is_new, .. }) = typing.as_mut() else { return };
    let hint = if *is_note { "Note" } else { "Name" };
    let field = ui.add(TextEdit::singleline(text).hint_text(hint).desired_width(f32::INFINITY));
    let name = format!("{hint} of {}", row.name);
    field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, &name));
    if std::mem::take(is_new) {
        field.request_focus();
    }
    if field.lost_focus() {
        let is_given_up = ui.input(|input| input.key_pressed(Press::Escape));
        let (text, is_note) = (text.clone(), *is_note);
        if !is_given_up {
            ctx.send(if is_note {
                RunsCommand::Note(row.id, text)
            } else {
                RunsCommand::Rename(row.id, text)
            });
        }
        *typing = None;
    }
}

fn menu_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, row: &Row, typing: &mut Option<Typing>) {
    ui.spacing_mut().button_padding.x = 5.0;
    let menu = ui.menu_button(RichText::new("…").size(12.0), |ui| actions_ui(ctx, ui, row, typing));
    let name = format!("Actions on {}", row.name);
    menu.response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
}

/// Everything that can be done with a run.
fn actions_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, row: &Row, typing: &mut Option<Typing>) {
    let Row { id, .. } = *row;
    let session = ctx.session;
    let Some(entry) = session.run(id) else { return };
    let has_quantizer = entry.run().is_some();
    let busy = !session.trained_runs().is_empty();
    let item = |ui: &mut Ui, text: &str, can: bool, help: &str| {
        let response =
            ui.add_enabled(can, Button::new(text)).on_hover_text(help).on_disabled_hover_text(help);
        let clicked = response.clicked();
        if clicked {
            ui.close();
        }
        clicked
    };
    if item(ui, "Show", true, "Show it in every panel") {
        ctx.send(RunsCommand::Show(id));
    }
    if item(
        ui,
        "Continue",
        entry.can_resume() && !busy,
        "Resume it behind its last step, for as many steps again",
    ) {
        ctx.send(RunsCommand::Show(id));
        ctx.send(TrainCommand::Continue);
    }
    if item(ui, "Train from it", has_quantizer, "Train with the parameters on the left, from its codebooks") {
        ctx.send(RunsCommand::TrainFrom(id));
    }
    let help = "Take its parameters over for the next training";
    if item(ui, "Take its parameters", entry.params().is_some(), help) {
        ctx.send(RunsCommand::TakeParams(id));
    }
    ui.separator();
    for (text, is_note, now) in [("Rename…", false, &row.name), ("Note…", true, &row.note)] {
        if item(ui, text, true, "Type it into the row: Enter keeps it, Escape does not") {
            *typing = Some(Typing { id, is_note, text: now.clone(), is_new: true });
        }
    }
    let pin = if row.is_pinned { "Unpin" } else { "Pin" };
    if item(ui, pin, true, "A pinned run is kept whole, however many there are") {
        ctx.send(RunsCommand::Pin(id, !row.is_pinned));
    }
    if item(ui, "Save model…", has_quantizer, "Save its quantizer") {
        ctx.send(RunsCommand::Show(id));
        ctx.request(WindowRequest::AskSaveModel);
    }
    ui.separator();
    if item(ui, "Delete", true, "Delete it; Ctrl+Z brings it back") {
        ctx.send(RunsCommand::Delete(id));
    }
}

/// The rows as a document takes them.
fn sheet(rows: &[Row]) -> markup::Table {
    let heads = ["Run", "Origin", "Rule", "Differs", "State", "Note"];
    let mut columns = heads.map(|head| column(head.to_lowercase(), head)).to_vec();
    columns.extend(FIGURES.iter().map(|figure| column(figure.definition.key, figure.head)));
    let mut table = markup::Table::new("Runs", columns);
    for row in rows {
        let words = [&row.name, row.origin, row.rule, &row.differs, &row.state, &row.note];
        let figures = FIGURES.iter().map(|figure| Cell::figure((figure.of)(row), figure.show));
        table.rows.push(words.into_iter().map(Cell::from).chain(figures).collect());
    }
    table
}
