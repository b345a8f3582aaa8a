//! Opening the window, and saying clearly why it cannot be opened.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::App;
use crate::text::Language;

/// Libraries that the window loads when it starts, by the names of their Debian packages.
const PACKAGES: &str =
    "libgl1 libegl1 libx11-6 libx11-xcb1 libxcursor1 libxi6 libxrender1 libxkbcommon0 libxkbcommon-x11-0"; // not a text

/// Opens the window, on `files` or, without any, on the demo.
///
/// # Errors
/// There is no display to open it on, or a library that it needs is missing.
pub fn run(files: Vec<PathBuf>) -> anyhow::Result<()> {
    if cfg!(all(unix, not(target_os = "macos"))) && !has_display() {
        anyhow::bail!(
            "there is no display to open a window on (DISPLAY and WAYLAND_DISPLAY are not set); see rvqscope --help for commands that need none" // not a text
        );
    }
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("rvqscope")
            .with_app_id("rvqscope")
            .with_inner_size([1440.0, 900.0])
            .with_min_inner_size([900.0, 560.0])
            .with_icon(icon())
            .with_drag_and_drop(true),
        renderer: eframe::Renderer::Glow,
        // The window asks the system for fonts itself, by its language.
        system_font_fallback: false,
        ..eframe::NativeOptions::default()
    };
    let is_open = Arc::new(AtomicBool::new(false));
    let opened = is_open.clone();
    // A missing libxkbcommon-x11 is a panic deep inside of what opens windows.
    let ended = catch_unwind(AssertUnwindSafe(|| {
        eframe::run_native(
            "rvqscope",
            options,
            Box::new(move |cc| {
                opened.store(true, Ordering::Relaxed);
                Ok(Box::new(App::new(cc, files, Language::of_user())))
            }),
        )
    }));
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(err)) => Err(anyhow::anyhow!(
            "the window could not be opened: {err}; it needs a display and the libraries of the packages {PACKAGES}" // not a text
        )),
        Err(_) if is_open.load(Ordering::Relaxed) => {
            Err(anyhow::anyhow!("the window ended unexpectedly; what was saved is whole")) // not a text
        }
        Err(_) => Err(anyhow::anyhow!(
            "the window could not be opened: a library that it loads is missing; install the packages {PACKAGES}" // not a text
        )),
    }
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] // not a text
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The window's icon; none where it cannot be decoded.
fn icon() -> egui::IconData {
    eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icon.png")).unwrap_or_default()
}
