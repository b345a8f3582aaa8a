//! The system's own file dialogs.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rfd::FileDialog;

use crate::io::{READERS, WRITERS, Writer};
use crate::text::t;

use super::Wanted;

/// What came of a dialog.
pub enum Answer {
    /// These paths.
    Chosen(Vec<PathBuf>),
    /// Nothing was chosen.
    Cancelled,
    /// There was no dialog to choose in.
    Unavailable,
}

/// Nobody cancels a dialog sooner than this after asking for it.
const SOONEST_CANCEL: Duration = Duration::from_millis(400);
/// How long a portal without a dialog behind it may take to say so.
const SLOWEST_REFUSAL: Duration = Duration::from_secs(3);

/// Shows a dialog and waits for its answer.
pub fn ask(wanted: &Wanted, folder: Option<&Path>, file_name: &str) -> Answer {
    if !is_there() {
        return Answer::Unavailable;
    }
    let mut dialog = FileDialog::new().set_title(wanted.title());
    if let Some(folder) = folder.filter(|folder| folder.is_dir()) {
        dialog = dialog.set_directory(folder);
    }
    if wanted.is_save() {
        dialog = dialog.set_file_name(file_name);
    }
    let started = Instant::now();
    let chosen = match wanted {
        Wanted::Files | Wanted::Data(_) => filtered(dialog).pick_files(),
        Wanted::OpenWorkspace => {
            dialog.add_filter(t!("window-kind-workspace"), &["rvqscope"]).pick_file().map(|path| vec![path])
        }
        Wanted::SaveWorkspace => save(dialog, t!("window-kind-workspace"), "rvqscope"),
        Wanted::Folder | Wanted::Watch | Wanted::Report => dialog.pick_folder().map(|path| vec![path]),
        Wanted::Model => {
            let each = |dialog: FileDialog, writer: &&dyn Writer| {
                dialog.add_filter(writer.label(), writer.extensions())
            };
            WRITERS.iter().fold(dialog, each).save_file().map(|path| vec![path])
        }
        Wanted::Checkpoint => filtered(dialog).pick_file().map(|path| vec![path]),
        Wanted::WriteBack(original) => {
            let ending = original.extension().map(|ending| ending.to_string_lossy().into_owned());
            save(dialog, t!("window-kind-checkpoint"), ending.as_deref().unwrap_or("*"))
        }
        Wanted::Codes => save(dialog, t!("window-kind-npy"), "npy"),
        Wanted::Sound => save(dialog, t!("window-kind-wav"), "wav"),
        Wanted::Text(_) => save(dialog, t!("window-kind-csv"), "csv"),
        Wanted::Picture(_) => save(dialog, t!("window-kind-png"), "png"),
        Wanted::Drawing(_) => save(dialog, t!("window-kind-svg"), "svg"),
    };
    let refusal = if has_zenity() { SOONEST_CANCEL } else { SLOWEST_REFUSAL };
    match chosen {
        Some(paths) => Answer::Chosen(paths),
        // Without a working dialog the answer is the same as after a cancel, only sooner.
        None if cfg!(target_os = "linux") && started.elapsed() < refusal => Answer::Unavailable,
        None => Answer::Cancelled,
    }
}

fn save(dialog: FileDialog, kind: &str, extension: &str) -> Option<Vec<PathBuf>> {
    dialog.add_filter(kind, &[extension]).save_file().map(|path| vec![path])
}

/// All formats together first, then each, then everything: what a file is decides its content.
fn filtered(dialog: FileDialog) -> FileDialog {
    let all: Vec<&str> = READERS.iter().flat_map(|reader| reader.extensions()).copied().collect();
    let dialog = dialog.add_filter(t!("window-kind-readable"), &all);
    let each = |dialog: FileDialog, reader: &&dyn crate::io::Reader| {
        dialog.add_filter(reader.label(), reader.extensions())
    };
    READERS.iter().fold(dialog, each).add_filter(t!("window-kind-all"), &["*"])
}

/// Whether there is a program to show a dialog: on Linux zenity, or a desktop portal on a session bus.
fn is_there() -> bool {
    !cfg!(target_os = "linux") || has_zenity() || has_portal()
}

fn has_zenity() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join("zenity").is_file())
}

fn has_portal() -> bool {
    const SERVICE: &str = "dbus-1/services/org.freedesktop.portal.Desktop.service"; // not a text
    let has_bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some()
        || std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|folder| Path::new(&folder).join("bus").exists());
    let folders = std::env::var_os("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    has_bus && std::env::split_paths(&folders).any(|folder| folder.join(SERVICE).is_file())
}
