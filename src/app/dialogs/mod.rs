//! Dialogs, none of which the window waits for.
//!
//! The system's own dialogs run on threads of their own; each answer comes through one channel, so one that hangs keeps nobody from opening
//! another. Where the system has none, a path is asked for inside of the window.

mod ask;
mod native;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Builder;

use egui::{ColorImage, Context};

use crate::jobs::MODEL_EXTENSION;
use crate::session::{Command, DataCommand, DataId, SaveCommand, Session, Severity, WorkspaceCommand};

use crate::text::{Message, msg, speak, spoken, t};

use super::drawing::Drawing;
use super::notice::notice;
use super::{PanelCtx, write_files};

use ask::Ask;
use native::Answer;

/// What a path is wanted for.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// Files to open.
    Files,
    /// A folder to open.
    Folder,
    /// A folder to watch.
    Watch,
    /// Where the model goes.
    Model,
    /// Where the codes go.
    Codes,
    /// Where sound goes.
    Sound,
    /// The folder that the report goes into.
    Report,
    /// The checkpoint that the model is to go back into.
    Checkpoint,
    /// Where a copy of this checkpoint with the model in it goes.
    WriteBack(PathBuf),
    /// Where data are now that moved or changed.
    Data(DataId),
    /// A workspace in one file.
    OpenWorkspace,
    /// Where the workspace goes, in one file.
    SaveWorkspace,
    /// Where a text goes.
    Text(Arc<String>),
    /// Where a picture goes.
    Picture(Arc<ColorImage>),
    /// Where a drawing goes.
    Drawing(Arc<Drawing>),
}

/// What threads tell.
enum News {
    /// The system's dialog was closed.
    Answered { wanted: Wanted, file_name: String, answer: Answer },
    /// Whether a file that was asked for inside of the window is there already.
    Looked { path: PathBuf, exists: bool },
    /// Something was written, or could not be.
    Wrote(Severity, Message),
}

/// Dialogs that are open.
pub struct Dialogs {
    tell: SyncSender<News>,
    told: Receiver<News>,
    ask: Option<Ask>,
    ready: Vec<Command>,
    last_folder: Option<PathBuf>,
    inside_only: bool,
}

impl Default for Dialogs {
    fn default() -> Self {
        let (tell, told) = sync_channel(64);
        Self { tell, told, ask: None, ready: Vec::new(), last_folder: None, inside_only: false }
    }
}

impl Wanted {
    /// What the dialog is called.
    fn title(&self) -> &'static str {
        match self {
            Self::Files => t!("window-wanted-files"),
            Self::Folder => t!("window-wanted-folder"),
            Self::Watch => t!("window-wanted-watch"),
            Self::Model => t!("window-wanted-model"),
            Self::Codes => t!("window-wanted-codes"),
            Self::Sound => t!("window-wanted-sound"),
            Self::Report => t!("window-wanted-report"),
            Self::Checkpoint => t!("window-wanted-checkpoint"),
            Self::WriteBack(_) => t!("window-wanted-write-back"),
            Self::Data(_) => t!("window-wanted-data"),
            Self::OpenWorkspace => t!("window-wanted-open-workspace"),
            Self::SaveWorkspace => t!("window-wanted-save-workspace"),
            Self::Text(_) => t!("window-wanted-text"),
            Self::Picture(_) => t!("window-wanted-picture"),
            Self::Drawing(_) => t!("window-wanted-drawing"),
        }
    }

    /// Whether a file is written, which may be there already.
    fn is_save(&self) -> bool {
        matches!(
            self,
            Self::Model
                | Self::Codes
                | Self::Sound
                | Self::WriteBack(_)
                | Self::SaveWorkspace
                | Self::Text(_)
                | Self::Picture(_)
                | Self::Drawing(_)
        )
    }
}

impl Dialogs {
    /// Starts in the folder that was used last.
    #[must_use]
    pub fn new(last_folder: Option<PathBuf>) -> Self {
        Self { last_folder, ..Self::default() }
    }

    /// Asks inside of the window only.
    pub fn ask_inside_only(&mut self) {
        self.inside_only = true;
    }

    /// The folder that was used last.
    #[must_use]
    pub fn last_folder(&self) -> Option<&Path> {
        self.last_folder.as_deref()
    }

    /// Whether a question stands in the window.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.ask.is_some()
    }

    /// Asks for files to open.
    pub fn ask_open(&mut self, ctx: &Context) {
        self.ask(ctx, Wanted::Files, "");
    }

    /// Asks where to save a text.
    pub fn ask_save_text(&mut self, ctx: &Context, file_name: &str, text: String) {
        self.ask(ctx, Wanted::Text(Arc::new(text)), file_name);
    }

    /// Asks where to save what is looked at.
    pub fn ask_save(&mut self, ctx: &Context, session: &Session, wanted: Wanted) {
        let of_codes = session.codes().map(|codes| codes.source.title());
        let name = session.view().map(|view| view.run.name.clone()).or(of_codes);
        let name = name.map_or("rvqscope".to_owned(), |name| plain(&name));
        let file_name = match &wanted {
            Wanted::Model => format!("{name}.{MODEL_EXTENSION}"),
            Wanted::Codes => format!("{name}-codes.npy"),
            Wanted::Sound => format!("{name}.wav"),
            _ => format!("{name}-report"),
        };
        self.ask(ctx, wanted, &file_name);
    }

    /// Asks for a path; `file_name` is what a file to be written might be called.
    pub fn ask(&mut self, ctx: &Context, wanted: Wanted, file_name: &str) {
        if self.inside_only {
            return self.ask_inside(wanted, file_name);
        }
        let (tell, repaint) = (self.tell.clone(), ctx.clone());
        let (folder, name, kind) = (self.last_folder.clone(), file_name.to_owned(), wanted.clone());
        let language = spoken();
        let started = Builder::new().name("rvq-dialog".to_owned()).spawn(move || {
            speak(language);
            let answer = native::ask(&kind, folder.as_deref(), &name);
            let _ = tell.send(News::Answered { wanted: kind, file_name: name, answer });
            repaint.request_repaint();
        });
        if started.is_err() {
            self.ask_inside(wanted, file_name);
        }
    }

    fn ask_inside(&mut self, wanted: Wanted, file_name: &str) {
        self.ask = Some(Ask::new(wanted, self.last_folder.as_deref(), file_name));
    }

    /// Tells the user something.
    pub fn say(&mut self, severity: Severity, text: impl Into<Message>) {
        self.ready.push(notice(severity, text).into());
    }

    /// Takes in answers.
    pub fn poll(&mut self, ctx: &Context, mut apply: impl FnMut(Command)) {
        while let Ok(message) = self.told.try_recv() {
            match message {
                News::Answered { wanted, file_name, answer } => match answer {
                    Answer::Chosen(paths) => self.chosen(ctx, wanted, paths),
                    Answer::Cancelled => {}
                    Answer::Unavailable => self.ask_inside(wanted, &file_name),
                },
                News::Looked { path, exists } => match &mut self.ask {
                    Some(ask) if exists => ask.confirm(path),
                    Some(_) => self.take_asked(ctx, path),
                    None => {}
                },
                News::Wrote(severity, text) => apply(notice(severity, text).into()),
            }
        }
        self.ready.drain(..).for_each(apply);
    }

    /// Draws what belongs to dialogs inside of the window.
    pub fn ui(&mut self, ctx: &PanelCtx<'_>, ui: &mut egui::Ui) {
        let Some(ask) = &mut self.ask else { return };
        let egui_ctx = ui.ctx().clone();
        match ask.ui(ctx.palette, ui) {
            ask::Reply::None => {}
            ask::Reply::Cancel => self.ask = None,
            ask::Reply::Path { path, is_confirmed } => {
                if ask.wanted().is_save() && !is_confirmed {
                    self.look(&egui_ctx, path);
                } else {
                    self.take_asked(&egui_ctx, path);
                }
            }
        }
    }

    /// Looks on a thread whether a file is there: a network folder may take its time to answer.
    fn look(&self, ctx: &Context, path: PathBuf) {
        let (tell, repaint) = (self.tell.clone(), ctx.clone());
        let _ = Builder::new().name("rvq-look".to_owned()).spawn(move || {
            let exists = path.exists();
            let _ = tell.send(News::Looked { path, exists });
            repaint.request_repaint();
        });
    }

    fn take_asked(&mut self, ctx: &Context, path: PathBuf) {
        if let Some(ask) = self.ask.take() {
            self.chosen(ctx, ask.into_wanted(), vec![path]);
        }
    }

    fn chosen(&mut self, ctx: &Context, wanted: Wanted, paths: Vec<PathBuf>) {
        let Some(first) = paths.first().cloned() else { return };
        let folder = match wanted {
            Wanted::Folder | Wanted::Watch => Some(first.as_path()),
            _ => first.parent(),
        };
        self.last_folder = folder.filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_path_buf);
        match wanted {
            Wanted::Files | Wanted::Folder => self.ready.push(DataCommand::Open(paths).into()),
            Wanted::Watch => self.ready.push(DataCommand::Watch(first).into()),
            Wanted::Model => self.ready.push(SaveCommand::Model(first).into()),
            Wanted::Codes => self.ready.push(SaveCommand::Codes(first).into()),
            Wanted::Sound => self.ready.push(SaveCommand::Sound(first).into()),
            Wanted::Report => self.ready.push(SaveCommand::Report(first).into()),
            Wanted::Checkpoint => {
                let name = retrained(&first);
                self.ask(ctx, Wanted::WriteBack(first), &name);
            }
            Wanted::WriteBack(original) => {
                self.ready.push(SaveCommand::WriteBack { original, path: first }.into());
            }
            Wanted::Data(id) => self.ready.push(WorkspaceCommand::Locate(id, Some(paths)).into()),
            Wanted::OpenWorkspace => self.ready.push(WorkspaceCommand::Open(first).into()),
            Wanted::SaveWorkspace => self.ready.push(WorkspaceCommand::SaveAs(first).into()),
            Wanted::Text(text) => self.write(ctx, first, move |path| write_files::write_text(path, &text)),
            Wanted::Picture(image) => {
                self.write(ctx, first, move |path| write_files::write_png(path, &image));
            }
            Wanted::Drawing(drawing) => {
                self.write(ctx, first, move |path| write_files::write_svg(path, &drawing));
            }
        }
        ctx.request_repaint();
    }

    /// Writes a file on a thread and tells what came of it, and what there is more to say of it.
    fn write(
        &mut self,
        ctx: &Context,
        path: PathBuf,
        write: impl FnOnce(&Path) -> write_files::Written + Send + 'static,
    ) {
        let (tell, repaint) = (self.tell.clone(), ctx.clone());
        let started = Builder::new().name("rvq-write".to_owned()).spawn(move || {
            let written = write(&path);
            let path = path.display().to_string();
            let (severity, text) = match written {
                Ok(0) => (Severity::Info, msg!("window-saved", path = path)),
                Ok(left_out) => (Severity::Info, msg!("window-saved-without", path = path, n = left_out)),
                Err(problem) => (Severity::Error, problem),
            };
            let _ = tell.send(News::Wrote(severity, text));
            repaint.request_repaint();
        });
        if let Err(err) = started {
            self.say(Severity::Error, msg!("window-no-thread", problem = err.to_string()));
        }
    }
}

/// A name for a copy of a checkpoint: the ending stays, because trainers look at it.
fn retrained(original: &Path) -> String {
    let part = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    match original.extension() {
        None => format!("{}-retrained", part(original.file_name())),
        ending => format!("{}-retrained.{}", part(original.file_stem()), part(ending)),
    }
}

/// A name as part of a file name: lower case, with `-` for whatever is neither letter nor digit.
fn plain(name: &str) -> String {
    let mut text = String::new();
    for word in name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !text.is_empty() {
            text.push('-');
        }
        text.push_str(&word.to_lowercase());
    }
    if text.is_empty() { "rvqscope".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_checkpoints_keep_their_ending() {
        assert_eq!(retrained(Path::new("a/s2G.e8.pth")), "s2G.e8-retrained.pth");
        assert_eq!(retrained(Path::new("weights")), "weights-retrained");
    }

    #[test]
    fn names_of_runs_make_file_names() {
        assert_eq!(plain("Run 1, gpt-sovits"), "run-1-gpt-sovits");
        assert_eq!(plain("../.."), "rvqscope");
        assert_eq!(plain("語 2"), "語-2");
    }
}
