//! A path asked for inside of the window, where the system has no file dialog.

use std::path::{Path, PathBuf};

use egui::{Key, Modal, RichText, TextEdit, Ui};

use crate::app::{Palette, paths};

use super::Wanted;
use crate::app::side::NOTE_SIZE;
use crate::text::t;

/// A question for a path.
pub struct Ask {
    wanted: Wanted,
    path: String,
    /// A file that is there already: whether to replace it is the question.
    replace: Option<PathBuf>,
    is_new: bool,
}

/// What was answered in a frame.
pub enum Reply {
    /// Nothing yet.
    None,
    /// Never mind.
    Cancel,
    /// This path.
    Path {
        /// The path.
        path: PathBuf,
        /// Whether a file that is there may be replaced.
        is_confirmed: bool,
    },
}

impl Ask {
    /// Asks for a path in `folder`.
    pub fn new(wanted: Wanted, folder: Option<&Path>, file_name: &str) -> Self {
        let folder = folder.map(Path::to_path_buf).or_else(std::env::home_dir).unwrap_or_default();
        // The empty name leaves a separator at the end, behind which one can type.
        let path = folder.join(file_name).to_string_lossy().into_owned();
        Self { wanted, path, replace: None, is_new: true }
    }

    /// What the path is for.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// What the path was for.
    pub fn into_wanted(self) -> Wanted {
        self.wanted
    }

    /// Asks whether to replace `path`.
    pub fn confirm(&mut self, path: PathBuf) {
        self.replace = Some(path);
    }

    /// Draws it.
    pub fn ui(&mut self, palette: &Palette, ui: &mut Ui) -> Reply {
        let shown = Modal::new(egui::Id::unique("ask-path")).show(ui.ctx(), |ui| {
            ui.set_width(520.0);
            ui.label(RichText::new(self.wanted.title()).strong().size(16.0));
            ui.add_space(4.0);
            match self.replace.clone() {
                Some(path) => self.replace_ui(palette, &path, ui),
                None => self.path_ui(palette, ui),
            }
        });
        match shown.inner {
            Reply::None if shown.should_close() => Reply::Cancel,
            reply => reply,
        }
    }

    fn path_ui(&mut self, palette: &Palette, ui: &mut Ui) -> Reply {
        let Self { wanted, path, is_new, .. } = self;
        let is_folder = matches!(wanted, Wanted::Folder | Wanted::Report);
        let label = ui.label(if is_folder { t!("window-ask-folder") } else { t!("window-ask-file") });
        let field = TextEdit::singleline(path).desired_width(f32::INFINITY).font(egui::TextStyle::Monospace);
        let mut output = field.show(ui);
        let response = output.response.response.clone().labelled_by(label.id);
        if std::mem::take(is_new) {
            response.request_focus();
            let end = egui::text::CCursor::new(path.chars().count());
            output.state.cursor.set_char_range(Some(egui::text::CCursorRange::one(end)));
            output.state.store(ui.ctx(), response.id);
        }
        ui.label(RichText::new(t!("window-ask-hint")).size(NOTE_SIZE).color(palette.faint));
        let typed = paths::typed(path);
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let saves = wanted.is_save() || matches!(wanted, Wanted::Report);
        let action = if saves { t!("window-ask-save") } else { t!("window-ask-open") };
        let (go, cancel) = buttons_ui(ui, palette, action, typed.is_some());
        match typed {
            _ if cancel => Reply::Cancel,
            Some(path) if go || entered => Reply::Path { path, is_confirmed: false },
            _ => Reply::None,
        }
    }

    fn replace_ui(&mut self, palette: &Palette, path: &Path, ui: &mut Ui) -> Reply {
        ui.label(t!("window-ask-replace.text", path = path.display().to_string()));
        let (go, back) = buttons_ui(ui, palette, t!("window-ask-replace"), true);
        if back {
            self.replace = None;
            self.is_new = true;
        }
        if go { Reply::Path { path: path.to_path_buf(), is_confirmed: true } } else { Reply::None }
    }
}

/// The action and the way out, at the right.
fn buttons_ui(ui: &mut Ui, palette: &Palette, action: &str, is_enabled: bool) -> (bool, bool) {
    ui.add_space(6.0);
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    ui.allocate_ui_with_layout(egui::vec2(ui.available_width(), 26.0), layout, |ui| {
        let text = RichText::new(action).color(palette.on_accent).strong();
        let go = ui.add_enabled(is_enabled, egui::Button::new(text).fill(palette.accent)).clicked();
        (go, ui.button(t!("button-cancel")).clicked())
    })
    .inner
}
