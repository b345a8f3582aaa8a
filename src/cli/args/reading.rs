//! The flags that say what files are and how they are read.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, value_parser};

use crate::io::{Offsets, ReadAs};

use super::{switch, wrapped};

/// What files are, where that is not to be guessed.
pub(super) fn as_flag() -> Arg {
    Arg::new("as")
        .long("as")
        .value_name("model|features|codes")
        .value_parser(PossibleValuesParser::new(ReadAs::ALL.map(ReadAs::id)))
        .hide_possible_values(true)
        .help("What the files are, where their content leaves it open [default: what the command needs, then what they say]")
}

/// The same for a command whose file can be of one kind alone: `what` it is, and the reading that is left.
pub(super) fn as_only_flag(what: &str, only: ReadAs) -> Arg {
    as_flag().help(format!("What {what} is; only {} makes sense here [default: {}]", only.id(), only.id()))
}

/// Which axis of arrays is time.
pub(super) fn time_axis_flag() -> Arg {
    Arg::new("time-axis")
        .long("time-axis")
        .value_name("rows|columns")
        .value_parser(PossibleValuesParser::new(["rows", "columns"]))
        .hide_possible_values(true)
        .help("Which axis of features or codes is time [default: guessed from the shape]")
}

/// How files of bare numbers are cut into frames.
pub(super) fn dim_flag() -> Arg {
    Arg::new("dim")
        .long("dim")
        .value_name("D")
        .value_parser(value_parser!(u32).range(1..))
        .help("Dimensions of a frame in files of bare float32 numbers, which say nothing of themselves")
}

/// What is taken out of codes and undone in them.
pub(super) fn cleaning_flags(command: Command) -> Command {
    command
        .arg(
            Arg::new("ignore")
                .long("ignore")
                .value_name("ID,ID,...")
                .value_delimiter(',')
                .value_parser(value_parser!(i32))
                .allow_hyphen_values(true)
                .action(ArgAction::Append)
                .help("Ids that stand for no code; -1 and -100 do anyway"),
        )
        .arg(
            Arg::new("pad")
                .long("pad")
                .value_name("ID")
                .value_parser(value_parser!(i32))
                .allow_hyphen_values(true)
                .help("The id that fills codes up; frames of nothing else at the ends of clips are cut off"),
        )
        .arg(
            Arg::new("delay")
                .long("delay")
                .value_name("N,N,...")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("")
                .value_parser(|text: &str| {
                    let delays = text.split(',').filter(|delay| !delay.trim().is_empty());
                    let delays: Result<Vec<usize>, _> = delays.map(|delay| delay.trim().parse::<usize>()).collect();
                    delays.map_err(|_| "must be frames by layer, such as 0,1,2,3")
                })
                .help(wrapped(
                    "Undo a delay pattern, in which each layer is late by some frames; without numbers the pads tell by how many",
                )),
        )
        .arg(
            Arg::new("offsets")
                .long("offsets")
                .value_name("auto|STEP[,BASE]")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("auto")
                .value_parser(|text: &str| Offsets::parse(text).ok_or("must be auto, STEP or STEP,BASE"))
                .help(wrapped(
                    "Undo ids that were shifted by layer (BASE + layer x STEP + code), also where the layers of a frame stand in one row",
                )),
        )
}

/// All of them, for commands that take data.
pub(super) fn reading_flags(command: Command) -> Command {
    let command = command.arg(as_flag()).arg(time_axis_flag()).arg(dim_flag()).arg(switch(
        "drop-nonfinite",
        "Leave out frames with NaN or infinite numbers, which are refused otherwise",
    ));
    cleaning_flags(command)
}
