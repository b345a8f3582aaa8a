//! The window: the only place that knows of egui.
//!
//! `logic` takes in what jobs, dialogs and drops have brought; `ui` draws. While drawing, panels only put what they want into an
//! outbox, which is emptied when drawing is over.

mod badge;
mod choice;
mod code_strip;
mod codebooks;
mod diagnoses;
mod dialogs;
mod differs;
mod drawing;
mod exports;
mod first_look;
mod geometry;
mod help;
mod key_map;
mod languages;
mod layout;
mod memo;
mod menu;
mod notice;
mod panel;
pub mod panels;
mod paths;
mod plot;
mod recent;
mod rich;
mod settings;
mod shortcuts;
mod side;
mod sound_strip;
mod stage_words;
mod start;
mod status;
mod theme;
mod workspace;
mod write_files;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::session::{Command, DataCommand, Session, Severity};
use crate::text::Language;

pub use layout::{Layout, Pane};
pub use panel::{About, Corner, Home, Outbox, Panel, PanelCtx, WindowRequest};
pub use settings::Settings;
pub use start::run;
pub use theme::Palette;

/// At most one repaint in this time while jobs report: faster is only warmth.
const REPAINT_AFTER: Duration = Duration::from_millis(33);

/// The window's state.
pub struct App {
    session: Session,
    layout: Layout,
    settings: Settings,
    side: side::Side,
    strip: code_strip::CodeStrip,
    dialogs: dialogs::Dialogs,
    exports: exports::Exports,
    shortcuts: shortcuts::Shortcuts,
    help: help::Help,
    outbox: RefCell<Outbox>,
    geometry: geometry::Geometry,
    keeper: workspace::Keeper,
    languages: languages::Languages,
}

impl App {
    /// The window on `files` or, without any, on the demo, with everything else as it was left. It speaks the language that was chosen, or else
    /// `system`, and takes fonts from the system.
    #[must_use]
    pub fn new(cc: &eframe::CreationContext<'_>, files: Vec<PathBuf>, system: Language) -> Self {
        let mut app = Self::empty(cc);
        app.languages = languages::Languages::of_system(&cc.egui_ctx, system, app.settings.language);
        workspace::start(&mut app.session, files);
        app
    }

    /// The window with nothing opened. It speaks the language that was chosen, or else English, and has the built-in fonts only.
    #[must_use]
    pub fn empty(cc: &eframe::CreationContext<'_>) -> Self {
        theme::install(&cc.egui_ctx);
        Self::with_settings(&cc.egui_ctx, cc.storage.map(Settings::load).unwrap_or_default())
    }

    fn with_settings(egui_ctx: &egui::Context, mut stored: Settings) -> Self {
        let layout = Layout::new(stored.layout.take());
        let ctx = egui_ctx.clone();
        let mut session = Session::new(Arc::new(move || ctx.request_repaint_after(REPAINT_AFTER)));
        stored.restore(&mut session, egui_ctx);
        stored.recent.look(egui_ctx);
        Self {
            session,
            layout,
            dialogs: dialogs::Dialogs::new(stored.last_folder.clone()),
            settings: stored,
            side: side::Side::default(),
            strip: code_strip::CodeStrip::default(),
            exports: exports::Exports::default(),
            shortcuts: shortcuts::Shortcuts::default(),
            help: help::Help::default(),
            outbox: RefCell::default(),
            geometry: geometry::Geometry::from_env(),
            keeper: workspace::Keeper::default(),
            languages: languages::Languages::default(),
        }
    }

    /// The state behind the window.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Does something as if the user had asked for it.
    pub fn apply(&mut self, command: impl Into<Command>) {
        self.session.apply(command);
    }

    /// Opens, closes and finds panels.
    pub fn layout_mut(&mut self) -> &mut Layout {
        &mut self.layout
    }

    /// Asks the window for something as panels do; it is done behind the next frame.
    pub fn request(&self, request: WindowRequest) {
        self.outbox.borrow_mut().requests.push(request);
    }

    /// Asks for paths inside of the window only, never in a dialog of the system.
    pub fn ask_inside_only(&mut self) {
        self.dialogs.ask_inside_only();
    }

    fn empty_outbox(&mut self, ctx: &egui::Context) {
        let Outbox { commands, requests, spots, marks } = self.outbox.take();
        self.geometry.tell(ctx, &self.session, &self.layout, &spots);
        if !commands.is_empty() || !requests.is_empty() {
            ctx.request_repaint();
        }
        for command in commands {
            self.session.apply(command);
        }
        for request in requests {
            match request {
                WindowRequest::ShowPanel(panel_id) => self.layout.show(panel_id),
                WindowRequest::StepPanel { forwards } => self.layout.step_panel(forwards),
                WindowRequest::StepTab { forwards } => self.layout.step_tab(forwards),
                WindowRequest::AskOpen => self.dialogs.ask_open(ctx),
                WindowRequest::Locate(id) => self.dialogs.ask(ctx, dialogs::Wanted::Data(id), ""),
                WindowRequest::AskSaveModel => {
                    self.dialogs.ask_save(ctx, &self.session, dialogs::Wanted::Model);
                }
                WindowRequest::AskSound => self.dialogs.ask_save(ctx, &self.session, dialogs::Wanted::Sound),
                WindowRequest::SaveCsv { file_name, csv } => self.dialogs.ask_save_text(ctx, &file_name, csv),
                WindowRequest::SavePng { panel_id } => self.exports.request_png(ctx, panel_id),
                WindowRequest::SaveSvg { panel_id, key } => {
                    exports::ask_svg(ctx, &marks, panel_id, key, &mut self.dialogs);
                }
            }
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _: &mut eframe::Frame) {
        self.languages.go_on();
        let before = first_look::Before::of(&self.session);
        self.session.poll();
        if let Some(panel_id) = before.panel_now(&self.session) {
            self.layout.show(panel_id);
        }
        for paths in self.session.take_recently_opened() {
            self.settings.recent.add(&paths);
        }
        let Self { session, layout, dialogs, exports, settings, keeper, .. } = self;
        keeper.logic(ctx, session, layout);
        settings.recent.poll();
        exports.poll(ctx, layout, dialogs);
        dialogs.poll(ctx, |command| session.apply(command));
        let dropped: Vec<PathBuf> =
            ctx.input(|input| input.raw.dropped_files.iter().map(|f| f.path().to_path_buf()).collect());
        if !dropped.is_empty() {
            session.apply(DataCommand::Open(dropped));
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        if let Some(text) = self.languages.begin(ui.ctx(), self.settings.language) {
            self.dialogs.say(Severity::Warning, text);
        }
        let palette = Palette::of(ui.theme());
        let Self { session, layout, settings, side, strip, dialogs, outbox, shortcuts, help, .. } = self;
        let ctx = PanelCtx::new(session, &palette, outbox);
        shortcuts.handle(&ctx, dialogs, help, ui);
        egui::Panel::top("menu").show(ui, |ui| {
            menu::ui(&ctx, &mut menu::Chrome { layout, settings, dialogs, help }, ui);
        });
        egui::Panel::bottom("status").show(ui, |ui| status::ui(&ctx, ui));
        egui::Panel::left("side")
            .default_size(330.0)
            .size_range(300.0..=480.0)
            .show(ui, |ui| side.ui(&ctx, &settings.recent, ui));
        if ctx.session.view().is_some() || ctx.session.codes().is_some() {
            egui::Panel::bottom("selected code") // not a text
                .exact_size(code_strip::HEIGHT)
                .show(ui, |ui| strip.ui(&ctx, ui));
        }
        if let Some(look) = session.sound() {
            egui::Panel::bottom("sound")
                .exact_size(sound_strip::HEIGHT)
                .show(ui, |ui| sound_strip::ui(&ctx, &look, ui));
        }
        let fill = egui::Frame::new().fill(ui.visuals().panel_fill);
        egui::CentralPanel::no_frame().frame(fill).show(ui, |ui| layout.ui(&ctx, ui));
        help.ui(&palette, ui);
        dialogs.ui(&ctx, ui);
        choice::ui(&ctx, ui);
        workspace::missing_ui(&ctx, ui);
        status::drop_hint_ui(&palette, ui);
        let ctx = ui.ctx().clone();
        self.empty_outbox(&ctx);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        let last_folder = self.dialogs.last_folder().map(std::path::Path::to_path_buf);
        self.settings.keep(&self.session, &self.layout, last_folder);
        self.settings.store(storage);
    }

    fn on_exit(&mut self, _: Option<&eframe::glow::Context>) {
        workspace::Keeper::close(&mut self.session);
    }
}
