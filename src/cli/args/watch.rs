//! The command that watches a folder of checkpoints.

use clap::{Arg, Command, value_parser};

use crate::text::t;
use crate::watch::{CACHE_VAR, PROBE_FRAMES};

use super::models::model_flags;
use super::{data_args, path_arg, path_flag, switch, threads_flag};

/// What `watch` is about, with every flag.
pub(super) fn watch() -> Command {
    let number = |id: &'static str, help: String| {
        Arg::new(id).long(id).value_name("N").value_parser(value_parser!(u64)).help(help)
    };
    let command = Command::new("watch")
        .about(t!("help-watch"))
        .after_help(t!("help-watch.notes", variable = CACHE_VAR))
        .arg(path_arg("folder", t!("help-value.dir"), t!("help-watch.folder")))
        .args(model_flags(true))
        .arg(number("probe-frames", t!("help-watch.probe-frames", default = PROBE_FRAMES)))
        .arg(number("probe-seed", t!("help-watch.probe-seed").to_owned()))
        .arg(switch("once", t!("help-watch.once")))
        .arg(switch("json", t!("help-watch.json")))
        .arg(switch("strict", t!("help-watch.strict")))
        .arg(path_flag("log-dir", t!("help-value.dir"), t!("help-watch.log-dir")))
        .arg(threads_flag());
    data_args(command).mut_arg("data", |arg| {
        arg.long("probe").help(t!("help-watch.probe")).required_unless_present("folder")
    })
}
