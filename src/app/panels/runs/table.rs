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
use crate::text::{Phrase, phrase, t};

/// The columns of words: colour and tick, name, origin, rule, what differs.
const WORD_COLUMNS: [(Phrase, Phrase, f32); WORDS] = [
    (phrase!("runs-draw"), phrase!("runs-draw.help"), 46.0),
    (phrase!("runs-run"), phrase!("runs-run.help"), 170.0),
    (phrase!("runs-origin"), phrase!("runs-origin.help"), 76.0),
    (phrase!("runs-rule"), phrase!("runs-rule.help"), 74.0),
    (phrase!("runs-differs"), phrase!("runs-differs.help"), 200.0),
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
        let (text, help) = (t!("runs-table"), t!("runs-table.help"));
        let title = Title { panel_id: ID, key: "table", text, help, choices: None };
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
    let words = WORD_COLUMNS.iter().map(|&(head, help, width)| Column {
        head: head.text(),
        help: help.text(),
        width,
        sorts: true,
    });
    let figures = FIGURES.iter().map(|f| Column {
        head: f.head.text(),
        help: f.definition.text.text(),
        width: f.width,
        sorts: true,
    });
    let state = [
        Column { head: t!("runs-state"), help: t!("runs-state.help"), width: 58.0, sorts: false },
        Column { head: "", help: t!("runs-actions"), width: 44.0, sorts: false },
    ];
    words.chain(figures).chain(state).collect()
}

/// Lays all runs with a quantizer over the shown one, or none.
fn overlay_all_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, rows: &[Row]) {
    let small = |text: &str| Button::new(RichText::new(text).size(10.0)).small();
    if ui.add(small(t!("runs-draw-none"))).on_hover_text(t!("runs-draw-none.help")).clicked() {
        ctx.send(RunsCommand::OverlayOnly(Vec::new()));
    }
    if ui.add(small(t!("runs-draw-all"))).on_hover_text(t!("runs-draw-all.help")).clicked() {
        let drawable = |row: &&Row| ctx.session.run(row.id).is_some_and(|entry| entry.view().is_some());
        ctx.send(RunsCommand::OverlayOnly(rows.iter().filter(drawable).map(|row| row.id).collect()));
    }
}

fn cell_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, row: &Row, column: usize, typing: &mut Option<Typing>) {
    let text = |text: &str| egui::Label::new(RichText::new(text).size(12.0)).truncate();
    match column {
        0 => draw_ui(ctx, ui, row),
        1 => name_ui(ctx, ui, row, typing),
        2 => drop(ui.add(text(&row.origin))),
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
    let name = t!("runs-draw-one", name = &row.name);
    check.widget_info(|| WidgetInfo::selected(Role::CheckBox, can, on, &name));
    let why = if is_shown { t!("runs-draw-one.shown") } else { t!("runs-draw-one.nothing") };
    if check.on_hover_text(t!("runs-draw-one.help")).on_disabled_hover_text(why).changed() {
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
    let help = if row.note.is_empty() {
        t!("runs-name-help", name = &row.name, state = row.state)
    } else {
        t!("runs-name-help.note", name = &row.name, state = row.state, note = &row.note)
    };
    let response = response.on_hover_text(help);
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
    let (hint, name) = if *is_note {
        (t!("runs-note"), t!("runs-note.of", name = &row.name))
    } else {
        (t!("runs-name"), t!("runs-name.of", name = &row.name))
    };
    let field = ui.add(TextEdit::singleline(text).hint_text(hint).desired_width(f32::INFINITY));
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
    let name = t!("runs-actions-on", name = &row.name);
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
    if item(ui, t!("runs-show"), true, t!("runs-show.help")) {
        ctx.send(RunsCommand::Show(id));
    }
    if item(ui, t!("runs-continue"), entry.can_resume() && !busy, t!("runs-continue.help")) {
        ctx.send(RunsCommand::Show(id));
        ctx.send(TrainCommand::Continue);
    }
    if item(ui, t!("runs-train-from"), has_quantizer, t!("runs-train-from.help")) {
        ctx.send(RunsCommand::TrainFrom(id));
    }
    if item(ui, t!("parts-take-params"), entry.params().is_some(), t!("parts-take-params.help")) {
        ctx.send(RunsCommand::TakeParams(id));
    }
    ui.separator();
    let (rename, annotate) = (t!("runs-rename"), t!("runs-annotate"));
    for (text, is_note, now) in [(rename, false, &row.name), (annotate, true, &row.note)] {
        if item(ui, text, true, t!("runs-rename.help")) {
            *typing = Some(Typing { id, is_note, text: now.clone(), is_new: true });
        }
    }
    let pin = if row.is_pinned { t!("runs-pin.undo") } else { t!("runs-pin") };
    if item(ui, pin, true, t!("runs-pin.help")) {
        ctx.send(RunsCommand::Pin(id, !row.is_pinned));
    }
    if item(ui, t!("runs-save-model"), has_quantizer, t!("runs-save-model.help")) {
        ctx.send(RunsCommand::Show(id));
        ctx.request(WindowRequest::AskSaveModel);
    }
    ui.separator();
    if item(ui, t!("runs-delete"), true, t!("runs-delete.help")) {
        ctx.send(RunsCommand::Delete(id));
    }
}

/// The rows as a document takes them: origin and state are in the same words in every language, as other keys are.
fn sheet(rows: &[Row]) -> markup::Table {
    let heads = [
        ("run", t!("runs-run")),
        ("origin", t!("runs-origin")),
        ("rule", t!("runs-rule")),
        ("differs", t!("runs-differs.short")),
        ("state", t!("runs-state")),
        ("note", t!("runs-note")),
    ];
    let mut columns = heads.map(|(key, head)| column(key, head)).to_vec();
    columns.extend(FIGURES.iter().map(|figure| column(figure.definition.key, figure.head.text())));
    let mut table = markup::Table::new(t!("runs-table"), columns);
    for row in rows {
        let (origin, state) = (row.origin.english(), row.state.english());
        let words = [&row.name, origin, row.rule, &row.differs, state, &row.note];
        let figures = FIGURES.iter().map(|figure| Cell::figure((figure.of)(row), figure.show));
        table.rows.push(words.into_iter().map(Cell::from).chain(figures).collect());
    }
    table
}
