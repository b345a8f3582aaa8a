//! The flags that say what files are and how they are read.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, value_parser};

use crate::io::{Offsets, ReadAs};
use crate::text::t;

use super::{switch, wrapped};

/// What files are, where that is not to be guessed.
pub(super) fn as_flag() -> Arg {
    Arg::new("as")
        .long("as")
        .value_name("model|features|codes") // not a text
        .value_parser(PossibleValuesParser::new(ReadAs::ALL.map(ReadAs::id)))
        .hide_possible_values(true)
        .help(t!("help-reading.as"))
}

/// The same for a command whose file can be of one kind alone, which `help` says.
pub(super) fn as_only_flag(help: String) -> Arg {
    as_flag().help(help)
}

/// Which axis of arrays is time.
pub(super) fn time_axis_flag() -> Arg {
    Arg::new("time-axis")
        .long("time-axis")
        .value_name("rows|columns") // not a text
        .value_parser(PossibleValuesParser::new(["rows", "columns"]))
        .hide_possible_values(true)
        .help(t!("help-reading.time-axis"))
}

/// How files of bare numbers are cut into frames.
pub(super) fn dim_flag() -> Arg {
    Arg::new("dim")
        .long("dim")
        .value_name("D")
        .value_parser(value_parser!(u32).range(1..))
        .help(t!("help-reading.dim"))
}

/// What is taken out of codes and undone in them.
pub(super) fn cleaning_flags(command: Command) -> Command {
    command
        .arg(
            Arg::new("ignore")
                .long("ignore")
                .value_name(t!("help-value.id-list"))
                .value_delimiter(',')
                .value_parser(value_parser!(i32))
                .allow_hyphen_values(true)
                .action(ArgAction::Append)
                .help(t!("help-reading.ignore")),
        )
        .arg(
            Arg::new("pad")
                .long("pad")
                .value_name(t!("help-value.id"))
                .value_parser(value_parser!(i32))
                .allow_hyphen_values(true)
                .help(t!("help-reading.pad")),
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
                    let delays: Result<Vec<usize>, _> =
                        delays.map(|delay| delay.trim().parse::<usize>()).collect();
                    delays.map_err(|_| "must be frames by layer, such as 0,1,2,3") // A text outside of the catalogue: errors are English.
                })
                .help(wrapped(t!("help-reading.delay"))),
        )
        .arg(
            Arg::new("offsets")
                .long("offsets")
                .value_name(t!("help-value.offsets"))
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("auto")
                .value_parser(|text: &str| Offsets::parse(text).ok_or("must be auto, STEP or STEP,BASE")) // A text outside of the catalogue: errors are English.
                .help(wrapped(t!("help-reading.offsets"))),
        )
}

/// All of them, for commands that take data.
pub(super) fn reading_flags(command: Command) -> Command {
    let command = command
        .arg(as_flag())
        .arg(time_axis_flag())
        .arg(dim_flag())
        .arg(switch("drop-nonfinite", t!("help-reading.drop-nonfinite")));
    cleaning_flags(command)
}
