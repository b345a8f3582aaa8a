//! The workspace in the window: where it lies, when it is written, and what is asked where data are not where they were.

use std::path::PathBuf;
use std::time::Duration;

use egui::{Context, Modal, RichText, Ui};
use egui_tiles::Tree;

use crate::jobs::Builtin;
use crate::session::{DataCommand, Session, Startup, WorkspaceCommand};
use crate::text::t;

use super::{Layout, Pane, PanelCtx, WindowRequest};

/// A window that closes waits at most so long for what is still to be written.
const CLOSING: Duration = Duration::from_secs(10);
/// When what has changed is looked at again to be written: a little behind the session's own pace.
const SAVE_AFTER: Duration = Duration::from_millis(2100);
/// Names another folder for the workspace; empty for none.
const FOLDER_VAR: &str = "RVQSCOPE_WORKSPACE"; // not a text

/// Keeps layout and session in step, and has the session written.
#[derive(Debug, Default)]
pub struct Keeper {
    /// The layout as the session was told it, or told us.
    told: String,
    /// The same, to be compared with from frame to frame.
    tree: Option<Tree<Pane>>,
}

/// Opens what a start asks for: the workspace as it was left, `files` where there are any, or else the demo.
pub fn start(session: &mut Session, files: Vec<PathBuf>) {
    let asked = (!files.is_empty()).then_some(DataCommand::Open(files));
    let otherwise = Some(DataCommand::OpenBuiltin { builtin: Builtin::Demo, then_train: true });
    let startup = Startup { asked, otherwise };
    match folder() {
        Some(folder) => session.open_workspace(folder, startup),
        None => session.start_without_workspace(startup),
    }
}

/// Where the workspace lies: beside the window's settings, unless the environment says otherwise.
fn folder() -> Option<PathBuf> {
    match std::env::var_os(FOLDER_VAR) {
        Some(folder) => (!folder.is_empty()).then(|| PathBuf::from(folder)),
        None => eframe::storage_dir("rvqscope").map(|folder| folder.join("workspace")),
    }
}

impl Keeper {
    /// To be called once a frame, when jobs have told what they had to.
    pub fn logic(&mut self, ctx: &Context, session: &mut Session, layout: &mut Layout) {
        if session.is_restoring() {
            return;
        }
        self.keep_layout(ctx, session, layout);
        if session.is_unsaved() {
            ctx.request_repaint_after(SAVE_AFTER);
        }
    }

    /// A layout that the session has by an undo, or from the workspace, is taken over; one that the user made is told, once the pointer is off it.
    fn keep_layout(&mut self, ctx: &Context, session: &mut Session, layout: &mut Layout) {
        let Self { told, tree } = self;
        if *told != session.layout() && !session.layout().is_empty() {
            session.layout().clone_into(told);
            layout.restore(told);
            *tree = Some(layout.tree().clone());
            return;
        }
        if ctx.input(|input| input.pointer.any_down()) || tree.as_ref() == Some(layout.tree()) {
            return;
        }
        *tree = Some(layout.tree().clone());
        let Ok(now) = serde_json::to_string(layout.tree()) else { return };
        if now != *told {
            told.clone_from(&now);
            session.apply(WorkspaceCommand::SetLayout(now));
        }
    }

    /// Writes what is left to be written, when the window closes.
    pub fn close(session: &mut Session) {
        session.close(CLOSING);
    }
}

/// Asks where data are that moved or changed.
pub fn missing_ui(ctx: &PanelCtx<'_>, ui: &Ui) {
    let Some((id, why)) = ctx.session.missing_data().first() else { return };
    let title = ctx.session.data_entry(*id).map(|entry| entry.source.title()).unwrap_or_default();
    let shown = Modal::new(egui::Id::unique("missing-data")).show(ui.ctx(), |ui| {
        ui.set_width(440.0);
        ui.label(RichText::new(t!("window-missing", title = title)).strong().size(16.0));
        ui.add(egui::Label::new(RichText::new(why.to_string()).color(ctx.palette.faint)).wrap());
        ui.add_space(4.0);
        ui.label(t!("window-missing.text"));
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            let locate = ui.button(t!("window-missing-locate"));
            if locate.on_hover_text(t!("window-missing-locate.help")).clicked() {
                ctx.request(WindowRequest::Locate(*id));
            }
            ui.button(t!("window-missing-leave")).on_hover_text(t!("window-missing-leave.help")).clicked()
        })
        .inner
    });
    if shown.inner || shown.should_close() {
        ctx.send(WorkspaceCommand::Locate(*id, None));
    }
}
