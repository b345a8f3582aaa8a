//! The command that makes frames audible.

use clap::{Arg, Command, value_parser};

use crate::features::Inversion;
use crate::text::t;

use super::models::model_flags;
use super::{beam_flag, count_flag, data_args, path_flag, switch, threads_flag};

/// What `listen` is about, with every flag.
pub(super) fn listen() -> Command {
    let secs = |id: &'static str, help: &'static str| {
        Arg::new(id).long(id).value_name(t!("help-value.seconds")).help(help).value_parser(|text: &str| {
            match text.parse::<f64>() {
                Ok(secs) if secs >= 0.0 && secs.is_finite() => Ok(secs),
                _ => Err("must be a number from 0"), // A text outside of the catalogue: errors are English.
            }
        })
    };
    let iterations = Inversion::default().iterations;
    let command = Command::new("listen")
        .about(t!("help-listen"))
        .after_help(t!("help-listen.notes"))
        .arg(
            path_flag("model", t!("help-value.model"), t!("help-the-quantizer"))
                .required_unless_present("source"),
        )
        .args(model_flags(true))
        .arg(path_flag("out", t!("help-value.wav"), t!("help-listen.out")).required(true))
        .arg(count_flag("layers", "K", t!("help-listen.layers")))
        .arg(switch("source", t!("help-listen.source")).conflicts_with("layers"))
        .arg(
            Arg::new("clip")
                .long("clip")
                .value_name(t!("help-value.name-or-number"))
                .help(t!("help-listen.clip")),
        )
        .arg(secs("from", t!("help-listen.from")))
        .arg(secs("to", t!("help-listen.to")))
        .arg(count_flag("layer", "L", t!("help-listen.layer")).requires("code"))
        .arg(
            Arg::new("code")
                .long("code")
                .value_name("C")
                .value_parser(value_parser!(u32))
                .requires("layer")
                .requires("model")
                .help(t!("help-listen.code")),
        )
        .arg(count_flag("context", "N", t!("help-listen.context")).requires("code"))
        .arg(count_flag("most", "N", t!("help-listen.most")).requires("code"))
        .arg(
            Arg::new("iterations")
                .long("iterations")
                .value_name("N")
                .value_parser(value_parser!(u16))
                .help(t!("help-listen.iterations", default = iterations)),
        )
        .arg(beam_flag(t!("help-beam-keep")))
        .arg(switch("json", t!("help-listen.json")))
        .arg(threads_flag());
    data_args(command)
}
