//! The commands about model files, which need no data.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command};

use crate::io::model::FAMILIES;
use crate::io::{EmaParams, ReadAs, UNPACK_LIMIT_FLAG, UNPACK_LIMIT_VAR, byte_count, model_endings};
use crate::param::ParamValue;
use crate::text::t;

use super::reading::{as_flag, as_only_flag, cleaning_flags, dim_flag, time_axis_flag};
use super::{path_arg, path_flag, switch, wrapped};

/// The command that looks at a file.
pub(super) fn inspect() -> Command {
    let command = Command::new("inspect")
        .about(t!("help-inspect"))
        .after_help(t!("help-inspect.notes"))
        .arg(path_arg("file", t!("help-value.file"), t!("help-inspect.file")))
        .args(model_flags(true))
        .arg(as_flag())
        .arg(time_axis_flag())
        .arg(dim_flag())
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help(wrapped(t!("help-inspect.json"))));
    cleaning_flags(command)
}

/// The command that writes a model in another format.
pub(super) fn convert() -> Command {
    Command::new("convert")
        .about(t!("help-convert"))
        .after_help(t!("help-convert.notes"))
        .arg(path_arg("model", t!("help-value.model"), t!("help-the-quantizer")))
        .args(model_flags(true))
        .arg(as_only_flag(t!("help-reading.as-only-file", kind = ReadAs::Model.id())))
        .arg(
            path_flag("out", t!("help-value.file"), &t!("help-convert.out", endings = endings()))
                .required(true),
        )
        .arg(
            Arg::new("to")
                .long("to")
                .value_name(t!("help-value.family"))
                .value_parser(PossibleValuesParser::new(FAMILIES.iter().map(|family| family.id())))
                .help(t!("help-convert.to")),
        )
        .arg(
            Arg::new("dtype")
                .long("dtype")
                .value_name(t!("help-value.type"))
                .value_parser(PossibleValuesParser::new(["f16", "bf16", "f32", "f64"]))
                .help(t!("help-convert.dtype")),
        )
}

/// The command that puts a model into a checkpoint.
pub(super) fn write_back() -> Command {
    let number = |id: &'static str, default: Option<f64>, help: &'static str| {
        let arg = Arg::new(id).long(id).value_name("X").help(help).allow_hyphen_values(true).value_parser(
            |text: &str| match text.parse::<f64>() {
                Ok(value) if value >= 0.0 && value.is_finite() => Ok(value),
                _ => Err("must be a number from 0"), // A text outside of the catalogue: errors are English.
            },
        );
        match default {
            Some(default) => arg.default_value(ParamValue::Float(default).to_string()),
            None => arg,
        }
    };
    let usual = EmaParams::default();
    let command = Command::new("write-back")
        .about(t!("help-write-back"))
        .after_help(t!("help-write-back.notes"))
        .arg(path_arg("model", t!("help-value.model"), t!("help-write-back.model")))
        .args(model_flags(true));
    said_of_the_checkpoint(command)
        .arg(as_only_flag(t!("help-reading.as-only-either", kind = ReadAs::Model.id())))
        .arg(path_flag("into", t!("help-value.checkpoint"), t!("help-write-back.into")).required(true))
        .arg(path_flag("out", t!("help-value.file"), t!("help-write-back.out")).required(true))
        .arg(number("threshold", None, t!("help-write-back.threshold")))
        .arg(number("decay", Some(usual.decay), t!("help-write-back.decay")))
        .arg(number("epsilon", Some(usual.epsilon), t!("help-write-back.epsilon")))
}

/// The flags of [`model_flags`] with the help that they have where the checkpoint is meant, not the model.
fn said_of_the_checkpoint(command: Command) -> Command {
    let helps = [
        ("quantizer", t!("help-write-back.quantizer")),
        ("strides", t!("help-write-back.strides")),
        ("codebook", t!("help-write-back.codebook")),
        ("transposed", t!("help-write-back.transposed")),
        ("cluster-size", t!("help-write-back.cluster-size")),
        ("metric", t!("help-write-back.metric")),
    ];
    helps.into_iter().fold(command, |command, (id, text)| command.mut_arg(id, |arg| arg.help(wrapped(text))))
}

/// Which quantizer of a model file is meant.
fn quantizer_flag() -> Arg {
    Arg::new("quantizer")
        .long("quantizer")
        .value_name(t!("help-value.place"))
        .help(t!("help-model.quantizer"))
}

/// What is said of a model file where it does not say it itself; `with_metric` where no flag of a training has that name.
pub(super) fn model_flags(with_metric: bool) -> Vec<Arg> {
    let text = |id: &'static str, value: &'static str, help: &str| {
        Arg::new(id).long(id).value_name(value).help(wrapped(help))
    };
    let mut flags = vec![
        quantizer_flag(),
        text("strides", "N[,N...]", t!("help-model.strides")),
        text("codebook", t!("help-value.name"), t!("help-model.codebook")),
        switch("transposed", t!("help-model.transposed")).requires("codebook"),
        text("cluster-size", t!("help-value.name"), t!("help-model.cluster-size")).requires("codebook"),
    ];
    if with_metric {
        flags.push(
            text("metric", t!("help-value.metric"), t!("help-model.metric"))
                .value_parser(PossibleValuesParser::new(["euclidean", "cosine", "cosine-raw"])),
        );
    }
    flags
}

/// What compressed files may unpack to; a flag of every command.
pub(super) fn unpack_limit_flag() -> Arg {
    Arg::new(UNPACK_LIMIT_FLAG)
        .long(UNPACK_LIMIT_FLAG)
        .value_name(t!("help-value.size"))
        .global(true)
        .value_parser(|text: &str| {
            byte_count(text).ok_or("must be a number of bytes, such as 512M or 2G") // A text outside of the catalogue: errors are English.
        })
        .help(wrapped(&t!("help-unpack-limit", variable = UNPACK_LIMIT_VAR)))
}

/// The endings of model files, for help texts.
pub(super) fn endings() -> String {
    model_endings().map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(t!("help-list-between"))
}
