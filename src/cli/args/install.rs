//! The commands that make the program at home where it stands: completions, manual pages, the desktop's menu.

use std::path::PathBuf;

use clap::{Arg, Command, value_parser};
use clap_complete::Shell;

use super::switch;

/// The command that prints completions.
pub(super) fn completions() -> Command {
    Command::new("completions")
        .about("Print what a shell needs to complete commands, flags and values")
        .after_help(
            "Examples:\n  \
             rvqscope completions bash > ~/.local/share/bash-completion/completions/rvqscope\n  \
             rvqscope completions zsh > \"${fpath[1]}/_rvqscope\"\n  \
             rvqscope completions fish > ~/.config/fish/completions/rvqscope.fish",
        )
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .value_parser(value_parser!(Shell))
                .required(true)
                .help("The shell"),
        )
}

/// The command that prints or writes manual pages.
pub(super) fn man() -> Command {
    Command::new("man")
        .about("Print the manual page, or write one for each command into a folder")
        .after_help(
            "Examples:\n  \
             rvqscope man | man -l -\n  \
             rvqscope man ~/.local/share/man/man1 && man rvqscope-train",
        )
        .arg(Arg::new("dir").value_name("DIR").value_parser(value_parser!(PathBuf)).help(
            "The folder for the pages; made where it is missing [default: print the page of rvqscope itself]",
        ))
}

/// The command that puts the window into the desktop's menu.
pub(super) fn install_desktop() -> Command {
    Command::new("install-desktop")
        .about("Put the window into the desktop's menu and offer it for the files that it opens (Linux, for this user)")
        .after_help(
            "It writes a menu entry that starts this very binary, an icon, and types for endings that the system does not know, such as \
             .safetensors,\nbelow the user's data folder (XDG_DATA_HOME, or ~/.local/share), and prints each path.",
        )
        .arg(switch("remove", "Take all of it back"))
}
