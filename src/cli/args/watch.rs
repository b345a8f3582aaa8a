//! The command that watches a folder of checkpoints.

use clap::{Arg, Command, value_parser};

use crate::watch::{CACHE_VAR, PROBE_FRAMES};

use super::models::model_flags;
use super::{data_args, path_arg, path_flag, switch, threads_flag};

/// What `watch` is about, with every flag.
pub(super) fn watch() -> Command {
    let number = |id: &'static str, help: String| {
        Arg::new(id).long(id).value_name("N").value_parser(value_parser!(u64)).help(help)
    };
    let command = Command::new("watch")
        .about("Follow a training that runs elsewhere: each checkpoint in a folder becomes a line with its figures and what changed since the one before")
        .after_help(format!(
            "Examples:\n  \
             rvqscope watch logs/s2/ --probe hubert/\n  \
             rvqscope watch checkpoints/ --probe speech/ --json >> watched.jsonl\n  \
             rvqscope watch checkpoints/ --strict || kill $TRAINER\n  \
             rvqscope watch checkpoints/ --once --probe speech/\n\n\
             The training is not touched. A file is opened once it stays as it is, and of it the quantizer alone is read. The step is the file's own counter,\n\
             else the number in its name, else its place by time. Files without a quantizer, such as discriminators and optimizers, are named once and left\n\
             out; what cannot be read is told and does not end the watch; what is deleted stays in the series.\n\
             What is there already comes the newest first, with --once the oldest. Figures are kept for the next time in the user's cache folder, or in the\n\
             file that {CACHE_VAR} names; nowhere where it is empty."
        ))
        .arg(path_arg("folder", "DIR", "The folder that the trainer writes to; folders in it are looked into"))
        .args(model_flags(true))
        .arg(number("probe-frames", format!("Take so many frames of the probe at most [default: {PROBE_FRAMES}]")))
        .arg(number("probe-seed", "Under which seed they are drawn [default: 0]".to_owned()))
        .arg(switch("once", "Go through what is there, and end"))
        .arg(switch(
            "json",
            "Print a JSON object a line: schema, event (checkpoint, unreadable, skipped, gone, note), file, step, step_from, frames, snr_db, layers, before, findings, new_findings",
        ))
        .arg(switch("strict", "End with exit code 3 where the newest checkpoint has a severe finding; all that are there are looked at before"))
        .arg(path_flag(
            "log-dir",
            "DIR",
            "Write the figures of every checkpoint into this folder as TensorBoard events as well, by layer",
        ))
        .arg(threads_flag());
    data_args(command, "").mut_arg("data", |arg| {
        arg.long("probe")
            .help("Frames to hold every checkpoint against: audio, features, or folders of them [default: none, so that buffers alone tell]")
            .required_unless_present("folder")
    })
}
