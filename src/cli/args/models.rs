//! The commands about model files, which need no data.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command};

use crate::io::model::FAMILIES;
use crate::io::{EmaParams, ReadAs, UNPACK_LIMIT_FLAG, UNPACK_LIMIT_VAR, byte_count, model_endings};
use crate::param::ParamValue;

use super::reading::{as_flag, as_only_flag, cleaning_flags, dim_flag, time_axis_flag};
use super::{path_arg, path_flag, switch, wrapped};

/// What `inspect --json` prints.
const JSON_HELP: &str = "Print JSON: schema, and of a model: family, metric, layers (codes, dim, dtype, buffers), findings. Of all else: kind, shape, dtype, frames, \
                         dim, time_axis, clips, to_open, findings, and more";

/// The command that looks at a file.
pub(super) fn inspect() -> Command {
    let command = Command::new("inspect")
        .about("Print what a file holds: the layout and layers of a model, or the shape, time axis and clips of audio, features or codes")
        .after_help(
            "Examples:\n  \
             rvqscope inspect model.safetensors --json\n  \
             rvqscope inspect hubert.npy\n  \
             rvqscope inspect codebook.npy --as model\n\n\
             An array that could be features or a codebook is taken for features, unless something is said of a model.",
        )
        .arg(path_arg("file", "FILE", "A model, audio, features or codes"))
        .args(model_flags(true))
        .arg(as_flag())
        .arg(time_axis_flag())
        .arg(dim_flag())
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help(wrapped(JSON_HELP)));
    cleaning_flags(command)
}

/// The command that writes a model in another format.
pub(super) fn convert() -> Command {
    Command::new("convert")
        .about("Write a quantizer in another container, under other names, or as numbers of another type")
        .after_help(
            "Examples:\n  \
             rvqscope convert codebook.npy --out model.safetensors\n  \
             rvqscope convert model.safetensors --to bare --out codebooks.npz\n  \
             rvqscope convert s2G.pth --dtype f32 --out quantizer.pth\n\n\
             Only the quantizer is written. To put one into a whole checkpoint, see `rvqscope write-back --help`.\n\
             What the target cannot hold is told on standard error.",
        )
        .arg(path_arg("model", "MODEL", "The quantizer"))
        .args(model_flags(true))
        .arg(as_only_flag("the file", ReadAs::Model))
        .arg(
            path_flag("out", "FILE", &format!("The file to write ({})", endings()))
                .required(true),
        )
        .arg(
            Arg::new("to")
                .long("to")
                .value_name("FAMILY")
                .value_parser(PossibleValuesParser::new(FAMILIES.iter().map(|family| family.id())))
                .help("Whose tensor names [default: those of the model; .npy holds a bare array]"),
        )
        .arg(
            Arg::new("dtype")
                .long("dtype")
                .value_name("TYPE")
                .value_parser(PossibleValuesParser::new(["f16", "bf16", "f32", "f64"]))
                .help("The type of the numbers [default: that of the model]"),
        )
}

/// The command that puts a model into a checkpoint.
pub(super) fn write_back() -> Command {
    let number = |id: &'static str, default: Option<f64>, help: &'static str| {
        let arg = Arg::new(id).long(id).value_name("X").help(help).allow_hyphen_values(true).value_parser(
            |text: &str| match text.parse::<f64>() {
                Ok(value) if value >= 0.0 && value.is_finite() => Ok(value),
                _ => Err("must be a number from 0"),
            },
        );
        match default {
            Some(default) => arg.default_value(ParamValue::Float(default).to_string()),
            None => arg,
        }
    };
    let usual = EmaParams::default();
    let command = Command::new("write-back")
        .about("Write a changed quantizer into a copy of the checkpoint that it came from, and leave every other byte as it is")
        .after_help(
            "Examples:\n  \
             rvqscope train hubert/ --init s2G.pth --rule gpt-sovits --layers 1 --out retrained.safetensors\n  \
             rvqscope write-back retrained.safetensors --into s2G.pth --out s2G-retrained.pth\n  \
             rvqscope write-back rows.npy --into other.pt --codebook 'rq.{i}.weight' --out changed.pt\n\n\
             Beside the rows, the EMA state (cluster_size and embed_avg, or what the checkpoint calls them) is set so that\n\
             the trainer's next step keeps the rows, and no code expires in it. Give the trainer's own decay, epsilon and\n\
             threshold. Under --codebook nothing but the named tensors is written.",
        )
        .arg(path_arg("model", "MODEL", "The changed quantizer"))
        .args(model_flags(true));
    said_of_the_checkpoint(command)
        .arg(as_only_flag("either file", ReadAs::Model))
        .arg(path_flag("into", "CHECKPOINT", "The checkpoint that it came from").required(true))
        .arg(path_flag("out", "FILE", "The copy to write; it may be the checkpoint itself").required(true))
        .arg(number(
            "threshold",
            None,
            "The size below which the trainer replaces a code [default: 2; for Mimi 0.1 x C/K]",
        ))
        .arg(number("decay", Some(usual.decay), "The trainer's decay"))
        .arg(number("epsilon", Some(usual.epsilon), "The trainer's epsilon"))
}

/// The flags of [`model_flags`] with the help that they have where the checkpoint is meant, not the model.
fn said_of_the_checkpoint(command: Command) -> Command {
    let helps = [
        (
            "quantizer",
            "Of several quantizers in the checkpoint, and in the model file, the one whose tensor names start like this [default: the only one]",
        ),
        (
            "strides",
            "How many frames share one code, by layer, where the checkpoint could be a DAC (1) or a SNAC (4,2,1) and does not tell",
        ),
        (
            "codebook",
            "Write the rows into the checkpoint's tensors of this name, whatever its layout: `rq.{i}.weight`, with {i} for the layer",
        ),
        ("transposed", "The checkpoint's tensors that --codebook names are [D, K], and are written so"),
        (
            "cluster-size",
            "The EMA cluster sizes beside the tensors that --codebook names, to be written as well; all other tensors stay as they are",
        ),
        ("metric", "How the checkpoint measures distances, where its tensors could mean either"),
    ];
    helps.into_iter().fold(command, |command, (id, text)| command.mut_arg(id, |arg| arg.help(wrapped(text))))
}

/// Which quantizer of a model file is meant.
fn quantizer_flag() -> Arg {
    Arg::new("quantizer").long("quantizer").value_name("PLACE").help(
        "Of several quantizers in the model file, the one whose tensor names start like this: `generator`, say [default: the only one]",
    )
}

/// What is said of a model file where it does not say it itself; `with_metric` where no flag of a training has that name.
pub(super) fn model_flags(with_metric: bool) -> Vec<Arg> {
    let text = |id: &'static str, value: &'static str, help: &str| {
        Arg::new(id).long(id).value_name(value).help(wrapped(help))
    };
    let mut flags = vec![
        quantizer_flag(),
        text(
            "strides",
            "N[,N...]",
            "How many frames share one code, by layer, where the model file could be a DAC (1) or a SNAC (4,2,1) and does not tell",
        ),
        text(
            "codebook",
            "NAME",
            "Read the codebooks from tensors of this name, whatever the model file's layout: `rq.{i}.weight`, with {i} for the layer",
        ),
        switch("transposed", "The codebooks that --codebook names are stored as [D, K]").requires("codebook"),
        text("cluster-size", "NAME", "The EMA cluster sizes beside the codebooks that --codebook names")
            .requires("codebook"),
    ];
    if with_metric {
        flags.push(
            text(
                "metric",
                "METRIC",
                "How distances are measured, where the model file's tensors could mean either",
            )
            .value_parser(PossibleValuesParser::new(["euclidean", "cosine", "cosine-raw"])),
        );
    }
    flags
}

/// What compressed files may unpack to; a flag of every command.
pub(super) fn unpack_limit_flag() -> Arg {
    Arg::new(UNPACK_LIMIT_FLAG)
        .long(UNPACK_LIMIT_FLAG)
        .value_name("SIZE")
        .global(true)
        .value_parser(|text: &str| byte_count(text).ok_or("must be a number of bytes, such as 512M or 2G"))
        .help(wrapped(&format!(
            "What a compressed file may unpack to, such as 8G [default: {UNPACK_LIMIT_VAR}, or 4G for an archive, and 64M and 256 times its \
             size for audio]"
        )))
}

/// The endings of model files, for help texts.
pub(super) fn endings() -> String {
    model_endings().map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(", ")
}
