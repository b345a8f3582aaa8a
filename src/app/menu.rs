//! The menu bar.

use egui::{Button, KeyboardShortcut, ThemePreference, Ui, ViewportCommand};

use crate::session::{DataCommand, EditCommand, ParamsCommand};
use crate::text::{Language, t};

use super::dialogs::{Dialogs, Wanted};
use super::help::Help;
use super::side::BUILTINS;
use super::{Layout, PanelCtx, Settings, key_map};

/// What the menus act on besides the session.
pub struct Chrome<'a> {
    /// The panels.
    pub layout: &'a mut Layout,
    /// What is remembered.
    pub settings: &'a mut Settings,
    /// The dialogs.
    pub dialogs: &'a mut Dialogs,
    /// The help.
    pub help: &'a mut Help,
}

/// Draws the menu bar.
pub fn ui(ctx: &PanelCtx<'_>, chrome: &mut Chrome<'_>, ui: &mut Ui) {
    egui::MenuBar::new().ui(ui, |ui| {
        let file = ui.menu_button(t!("window-file"), |ui| file_ui(ctx, chrome, ui));
        if file.response.clicked() {
            chrome.settings.recent.look(ui.ctx());
        }
        ui.menu_button(t!("window-edit"), |ui| edit_ui(ctx, ui));
        ui.menu_button(t!("window-view"), |ui| view_ui(chrome, ui));
        ui.menu_button(t!("window-help"), |ui| {
            if item(ui, t!("window-help-item"), Some(&key_map::HELP), None) {
                chrome.help.toggle();
            }
            ui.weak(concat!("rvqscope ", env!("CARGO_PKG_VERSION")));
        });
    });
}

/// An entry; one that cannot act says why.
fn item(ui: &mut Ui, text: &str, shortcut: Option<&KeyboardShortcut>, why_not: Option<&str>) -> bool {
    let mut button = Button::new(text);
    if let Some(shortcut) = shortcut {
        button = button.shortcut_text(ui.ctx().format_shortcut(shortcut));
    }
    let response = ui.add_enabled(why_not.is_none(), button);
    let clicked = response.on_disabled_hover_text(why_not.unwrap_or_default()).clicked();
    if clicked {
        ui.close();
    }
    clicked
}

fn file_ui(ctx: &PanelCtx<'_>, chrome: &mut Chrome<'_>, ui: &mut Ui) {
    ui.set_min_width(230.0);
    let Chrome { dialogs, settings, .. } = chrome;
    let egui_ctx = ui.ctx().clone();
    if item(ui, t!("window-open"), Some(&key_map::OPEN), None) {
        dialogs.ask_open(&egui_ctx);
    }
    if item(ui, t!("window-open-folder"), None, None) {
        dialogs.ask(&egui_ctx, Wanted::Folder, "");
    }
    if item(ui, t!("window-watch-folder"), None, None) {
        dialogs.ask(&egui_ctx, Wanted::Watch, "");
    }
    let no_watch = (!ctx.session.watches()).then_some(t!("window-stop-watching.why-not"));
    if item(ui, t!("window-stop-watching"), None, no_watch) {
        ctx.send(DataCommand::StopWatching);
    }
    ui.menu_button(t!("window-recent"), |ui| settings.recent.ui(ctx, ui));
    ui.separator();
    for (builtin, _, help) in BUILTINS {
        if ui.button(builtin.label()).on_hover_text(help).clicked() {
            ctx.send(DataCommand::OpenBuiltin { builtin, then_train: true });
            ui.close();
        }
    }
    ui.separator();
    let no_model = ctx.session.view().is_none().then_some(t!("window-no-quantizer"));
    let no_report = no_model.filter(|_| ctx.session.codes().is_none());
    let no_data = ctx.session.dataset().is_none().then_some(t!("window-no-data"));
    let no_sound = ctx.session.sound().is_none().then_some(t!("window-no-sound"));
    let saves = [
        (t!("window-save-model"), Wanted::Model, Some(&key_map::SAVE_MODEL), no_model),
        (t!("window-save-codes"), Wanted::Codes, None, no_model.or(no_data)),
        (t!("window-save-report"), Wanted::Report, None, no_report),
        (t!("window-save-sound"), Wanted::Sound, None, no_sound),
    ];
    for (text, wanted, shortcut, why_not) in saves {
        if item(ui, text, shortcut, why_not) {
            dialogs.ask_save(&egui_ctx, ctx.session, wanted);
        }
    }
    if item(ui, t!("window-write-back"), None, no_model) {
        dialogs.ask(&egui_ctx, Wanted::Checkpoint, "");
    }
    ui.separator();
    if item(ui, t!("window-open-workspace"), None, None) {
        dialogs.ask(&egui_ctx, Wanted::OpenWorkspace, "");
    }
    if item(ui, t!("window-save-workspace"), None, None) {
        dialogs.ask(&egui_ctx, Wanted::SaveWorkspace, "workspace.rvqscope");
    }
    ui.separator();
    if item(ui, t!("window-quit"), None, None) {
        egui_ctx.send_viewport_cmd(ViewportCommand::Close);
    }
}

fn edit_ui(ctx: &PanelCtx<'_>, ui: &mut Ui) {
    ui.set_min_width(230.0);
    let editor = ctx.session.params();
    let (undo, redo) = (ctx.session.can_undo(), ctx.session.can_redo());
    let why_not = undo.is_none().then_some(t!("window-undo.why-not"));
    let text = undo.map_or(t!("window-undo").to_owned(), |what| t!("window-undo.what", what = what));
    if item(ui, &text, Some(&key_map::UNDO), why_not) {
        ctx.send(EditCommand::Undo);
    }
    let why_not = redo.is_none().then_some(t!("window-redo.why-not"));
    let text = redo.map_or(t!("window-redo").to_owned(), |what| t!("window-redo.what", what = what));
    if item(ui, &text, Some(&key_map::REDO), why_not) {
        ctx.send(EditCommand::Redo);
    }
    ui.separator();
    let is_default = *editor.current() == editor.rule().defaults();
    let why_not = is_default.then_some(t!("window-defaults.why-not"));
    if item(ui, t!("window-defaults"), None, why_not) {
        ctx.send(ParamsCommand::Reset);
    }
}

fn view_ui(chrome: &mut Chrome<'_>, ui: &mut Ui) {
    ui.set_min_width(200.0);
    let Chrome { layout, settings, .. } = chrome;
    let panels: Vec<_> = layout.panels().collect();
    for (panel_id, title, was_open) in panels {
        let mut is_open = was_open;
        if ui.checkbox(&mut is_open, title).changed() {
            if is_open {
                layout.show(panel_id);
            } else {
                layout.close(panel_id);
            }
        }
    }
    if item(ui, t!("window-usual-layout"), None, None) {
        layout.reset();
    }
    ui.separator();
    let themes = [
        (ThemePreference::System, t!("window-theme-system")),
        (ThemePreference::Light, t!("window-theme-light")),
        (ThemePreference::Dark, t!("window-theme-dark")),
    ];
    for (theme, text) in themes {
        if ui.radio(settings.theme == theme, text).clicked() {
            settings.theme = theme;
            ui.ctx().set_theme(theme);
        }
    }
    ui.separator();
    ui.menu_button(t!("window-language"), |ui| language_ui(settings, ui));
}

/// The languages, each by its own name, so that everybody finds theirs.
fn language_ui(settings: &mut Settings, ui: &mut Ui) {
    let languages = Language::ALL.map(|language| (Some(language), language.name()));
    for (language, name) in [(None, t!("window-language.system"))].into_iter().chain(languages) {
        if ui.radio(settings.language == language, name).clicked() {
            settings.language = language;
        }
    }
}
