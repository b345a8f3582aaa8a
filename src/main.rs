//! The `rvqscope` binary: the window, or a command.

use std::path::PathBuf;
use std::process::ExitCode;

use rvqscope::cli::{self, Start};

fn main() -> ExitCode {
    match cli::run(std::env::args_os().collect()) {
        Start::Window(files) => window(files),
        Start::Done(code) => ExitCode::from(code),
    }
}

#[cfg(feature = "gui")]
fn window(files: Vec<PathBuf>) -> ExitCode {
    match rvqscope::app::run(files) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("error: {err:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(feature = "gui"))]
fn window(_files: Vec<PathBuf>) -> ExitCode {
    eprintln!("error: this build has no window; `rvqscope --help` shows the commands");
    ExitCode::from(cli::WRONG_USAGE)
}
