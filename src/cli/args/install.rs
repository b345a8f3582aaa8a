//! The commands that make the program at home where it stands: completions, manual pages, the desktop's menu.

use std::path::PathBuf;

use clap::{Arg, Command, value_parser};
use clap_complete::Shell;

use crate::text::t;

use super::switch;

/// The command that prints completions.
pub(super) fn completions() -> Command {
    Command::new("completions").about(t!("help-completions")).after_help(t!("help-completions.notes")).arg(
        Arg::new("shell")
            .value_name(t!("help-value.shell"))
            .value_parser(value_parser!(Shell))
            .required(true)
            .help(t!("help-completions.shell")),
    )
}

/// The command that prints or writes manual pages.
pub(super) fn man() -> Command {
    Command::new("man").about(t!("help-man")).after_help(t!("help-man.notes")).arg(
        Arg::new("dir")
            .value_name(t!("help-value.dir"))
            .value_parser(value_parser!(PathBuf))
            .help(t!("help-man.dir")),
    )
}

/// The command that puts the window into the desktop's menu.
pub(super) fn install_desktop() -> Command {
    Command::new("install-desktop")
        .about(t!("help-install-desktop"))
        .after_help(t!("help-install-desktop.notes"))
        .arg(switch("remove", t!("help-install-desktop.remove")))
}
