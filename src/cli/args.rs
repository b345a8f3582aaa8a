//! The commands and their flags. Every hyperparameter's flag is made of its description.

mod choice;
mod install;
mod listen;
mod models;
mod reading;
mod training;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, Command, value_parser};

use crate::doctor::repair::FIXES;
use crate::features::{self, EXTRACTORS, ExtractParams};
use crate::io::ReadAs;
use crate::markup::Format;
use crate::param::{ParamKind, ParamSpec, ParamValue};
use crate::rvq;
use crate::rvq::rules::{self, UpdateRule};

use choice::Choice;
use install::{completions, install_desktop, man};
use listen::listen;
use models::{convert, inspect, model_flags, unpack_limit_flag, write_back};
use reading::{as_only_flag, cleaning_flags, reading_flags, time_axis_flag};
use training::{sweep, train, training_flags};
use watch::watch;

/// How wide help texts are set.
const HELP_WIDTH: usize = 96;

static COMMANDS: [&str; 16] = [
    "train",
    "sweep",
    "encode",
    "decode",
    "listen",
    "inspect",
    "report",
    "doctor",
    "watch",
    "repair",
    "convert",
    "write-back",
    "completions",
    "man",
    "install-desktop",
    "help",
];

/// Whether `word` is a command.
pub(super) fn is_command(word: &str) -> bool {
    COMMANDS.contains(&word)
}

/// The rule that the arguments name, whose ranges and defaults the flags then have; the recommended one where they name none.
pub(super) fn rule_of(args: &[OsString]) -> &'static dyn UpdateRule {
    let text = |i: usize| args.get(i).map(|arg| arg.to_string_lossy());
    let named = (0..args.len()).find_map(|i| {
        let arg = text(i)?;
        let id =
            if arg == "--rule" { text(i + 1)?.into_owned() } else { arg.strip_prefix("--rule=")?.to_owned() };
        rules::find(&id)
    });
    named.unwrap_or(rules::DEFAULT)
}

/// The whole command line, with the flags of `rule`.
pub(super) fn command(rule: &'static dyn UpdateRule) -> Command {
    Command::new("rvqscope")
        .version(env!("CARGO_PKG_VERSION"))
        .about("An instrument for residual vector quantizers: train, evaluate, and compare codebooks")
        .override_usage("rvqscope [FILE...]           open the window\n       rvqscope <COMMAND> [...]     run a command without one")
        .after_help(
            "Files are known by their content: audio, arrays, tables, checkpoints, codes. A folder stands for the files in it.\n\
             Progress goes to standard error, results to standard output or files.\n\
             Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a severe finding (doctor and watch, --strict), 130 interrupted.\n\n\
             Start with:\n  \
             rvqscope report --demo --out report                      train on built-in speech; figures and plots\n  \
             rvqscope train speech/ --out m.safetensors               train on audio, features, or folders\n  \
             rvqscope report test/ --model m.safetensors --out report evaluate a model on other data\n  \
             rvqscope COMMAND --help                                  every flag, with its range and default",
        )
        .subcommand_required(true)
        .arg(unpack_limit_flag())
        .subcommands([train(rule), sweep(rule), encode(), decode(), listen(), inspect(), report(rule), doctor(), watch(), repair(), convert(), write_back()])
        .subcommands([completions(), man(), install_desktop()])
}

fn report(rule: &'static dyn UpdateRule) -> Command {
    let command = Command::new("report")
        .about("Write report.html, metrics.json, layers.md and layers.tex, and CSV and SVG of every plot: of a model, on data or by its own buffers, or of a training; or compare.html of several runs")
        .after_help(
            "Examples:\n  \
             rvqscope report --demo --out report\n  \
             rvqscope report test/ --model model.safetensors --out report\n  \
             rvqscope report --model s2G.pth --out report\n  \
             rvqscope report test/ --compare a.safetensors b.safetensors --out side-by-side\n  \
             rvqscope report --compare report-a/ report-b/metrics.json --out side-by-side --format latex\n  \
             rvqscope report --article --codes 64 --layers 8 --holdout 0 --out report",
        )
        .arg(path_flag("out", "DIR", "The folder to write; made where only its last part is missing").required(true))
        .arg(path_flag("model", "MODEL", "Report on this model instead of training one: on all frames of the data, or on a share with --holdout; without data, by what its file alone tells"))
        .arg(
            path_flag("compare", "RUN", "")
                .num_args(1..)
                .conflicts_with("model")
                .help(wrapped(
                    "Report on several runs side by side, each held against the first. A run is a model file, judged by the data (which stand in front \
                     of this flag) or by its buffers; a run of a workspace (runs/N.safetensors), with its steps, judged by the data or as it was; \
                     or a report's folder or metrics.json, with the figures and the steps that are written there",
                )),
        )
        .arg(format_flag())
        .args(model_flags(false));
    let command = training_flags(data_args(command, ""), rule);
    // A model tells something on its own.
    command.mut_arg("data", |arg| arg.required_unless_present_any(["demo", "article", "model", "compare"]))
}

fn doctor() -> Command {
    let command = Command::new("doctor")
        .about("Name what is wrong with a model, the figures behind it, and what to change")
        .after_help(
            "Examples:\n  \
             rvqscope doctor s2G.pth\n  \
             rvqscope doctor model.safetensors test/ --strict && ./next-step\n  \
             rvqscope doctor model.safetensors test/ --json > findings.json\n\n\
             Without data a model is judged by its buffers. Findings are printed the worst first: severe, warning, note.",
        )
        .arg(path_arg("model", "MODEL", "The quantizer"))
        .args(model_flags(true))
        .arg(switch("json", "Print JSON: schema, model, layers, frames, findings (id, severity, layers, codes, measured, text, remedy, why, source), notes"))
        .arg(switch("strict", "End with exit code 3 where a finding is severe"))
        .arg(holdout_flag())
        .arg(beam_flag("Keep B paths behind each layer [default: 1]"))
        .arg(threads_flag());
    // The model is always there: nothing more is required.
    data_args(command, "").mut_arg("data", |arg| arg.required_unless_present("model"))
}

fn repair() -> Command {
    let fixes = FIXES.iter().map(|fix| format!("{}: {}", fix.id, fix.title)).collect::<Vec<_>>().join("\n");
    let command = Command::new("repair")
        .about("Mend a model on data without training it, and keep what does no harm on held-out frames")
        .after_help(format!(
            "Examples:\n  \
             rvqscope repair model.safetensors speech/ --out mended.safetensors\n  \
             rvqscope repair s2G.pth hubert/ --fix replace-dead,refit --beam 5 --out mended.safetensors\n\n\
             Without --fix, what `rvqscope doctor` finds is mended. A fix that makes the SNR or the number of used codes worse on the held-out frames \
             is not kept.\n\nFixes:\n{fixes}"
        ))
        .arg(path_arg("model", "MODEL", "The quantizer"))
        .args(model_flags(true))
        .arg(path_flag("out", "FILE", "The mended model").required(true))
        .arg(
            Arg::new("fix")
                .long("fix")
                .value_name("ID,...")
                .value_delimiter(',')
                .help("Fixes, or findings to mend [default: those that the findings call for]"),
        )
        .arg(count_flag("layer", "L", "Change this layer alone, from 0 as in --json [default: all]"))
        .arg(switch("json", "Print JSON: schema, written, tried (fix, rows, before, after, kept)"))
        .arg(holdout_flag())
        .arg(beam_flag("Search codes along B paths, in fitting and in judging [default: 1]"))
        .arg(threads_flag());
    data_args(command, "")
}

fn encode() -> Command {
    let command = Command::new("encode")
        .about("Write the codes of audio or features as int32 of shape [n_q, T]")
        .after_help("Example:\n  rvqscope encode model.safetensors speech.wav --out codes.npy --layers 4")
        .arg(path_arg("model", "MODEL", "The quantizer"))
        .args(model_flags(true))
        .arg(
            path_flag("out", "CODES", "The file to write: .npy, or .safetensors, which also says K, clips and frame rate")
                .required(true),
        )
        .arg(count_flag(
            "layers",
            "END",
            "Stop before this layer, counted from the first of all [default: all]",
        ))
        .arg(count_flag(
            "start",
            "ST",
            "Start at this layer, from 0: the data are taken as what it sees [default: 0]",
        ))
        .arg(beam_flag("Keep B paths behind each layer, the greedy one and the B - 1 best others, so that no frame gets worse [default: 1]"))
        .arg(threads_flag());
    data_args(command, "")
}

fn decode() -> Command {
    let command = Command::new("decode")
        .about("Write the frames that codes stand for as float32 .npy of shape [T, D]")
        .after_help("Example:\n  rvqscope decode model.safetensors codes.npy --out x.npy")
        .arg(path_arg("model", "MODEL", "The quantizer"))
        .args(model_flags(true))
        .arg(path_arg(
            "codes",
            "CODES",
            "Whole numbers; where the file does not say which axis counts layers, the model does",
        ))
        .arg(path_flag("out", "FRAMES", "The file to write (.npy)").required(true))
        .arg(count_flag(
            "start",
            "ST",
            "The layer that the first row of codes belongs to, from 0 [default: what the file says, or 0]",
        ))
        .arg(as_only_flag("the file of codes", ReadAs::Codes))
        .arg(time_axis_flag())
        .arg(threads_flag());
    cleaning_flags(command)
}

/// Where frames come from.
fn data_args(command: Command, after: &str) -> Command {
    let extractors: Vec<&str> = EXTRACTORS.iter().map(|e| e.id()).collect();
    let help = EXTRACTORS.iter().map(|e| format!("{}: {}", e.id(), e.help())).collect::<Vec<_>>().join("\n");
    let command = command
        .arg(
            path_arg("data", "DATA", &format!("Audio, features, or folders of them{after}"))
                .num_args(1..)
                .required(false)
                .required_unless_present_any(["demo", "article"])
                .conflicts_with_all(["demo", "article"]),
        )
        .next_help_heading("Data")
        .arg(switch("demo", "Use the built-in speech: 90 seconds, twelve voices").conflicts_with("article"))
        .arg(switch("article", "Use 1000 uniform random vectors of dimension 30"))
        .arg(
            Arg::new("frame-rate")
                .long("frame-rate")
                .value_name("HZ")
                .value_parser(|text: &str| match text.parse::<f64>() {
                    Ok(hz) if hz > 0.0 && hz.is_finite() => Ok(hz),
                    _ => Err("must be a number above 0"),
                })
                .help("Frames a second of bare features, for bit rates; audio has its own"),
        )
        .arg(count_flag("channel", "N", "Use this channel of audio, from 0 [default: the mean of all]"));
    let command = reading_flags(command).next_help_heading("Features of audio").arg(
        Arg::new("features")
            .long("features")
            .value_name("NAME")
            .value_parser(PossibleValuesParser::new(extractors))
            .default_value(ExtractParams::default().extractor)
            .help(wrapped(&help)),
    );
    let taken: Vec<String> =
        command.get_arguments().filter_map(|arg| arg.get_long()).map(str::to_owned).collect();
    let rvq_flags = rvq::PARAMS.iter().map(|spec| spec.flag);
    let taken: Vec<&str> = taken.iter().map(String::as_str).chain(rvq_flags).collect();
    command.args(features::PARAMS.iter().map(|spec| {
        let flag =
            if taken.contains(&spec.flag) { format!("features-{}", spec.flag) } else { spec.flag.to_owned() };
        let readers = EXTRACTORS.iter().filter(|e| e.params().iter().any(|read| read.key == spec.key));
        let readers: Vec<&str> = readers.map(|e| e.id()).collect();
        let only = if readers.len() < EXTRACTORS.len() { readers.join(", ") } else { String::new() };
        param_arg(
            spec,
            extract_id(spec.key),
            flag,
            &(spec.read)(&ExtractParams::default()).to_string(),
            &only,
        )
    }))
}

/// The form of the table that is printed.
fn format_flag() -> Arg {
    Arg::new("format")
        .long("format")
        .value_name("FORM")
        .value_parser(PossibleValuesParser::new(Format::ALL.map(Format::id)))
        .default_value(Format::default().id())
        .hide_possible_values(true)
        .help("How figures are printed: table (with the words around it), csv (every digit), markdown or latex (booktabs)")
}

/// How many paths a search keeps.
fn holdout_flag() -> Arg {
    Arg::new("holdout")
        .long("holdout")
        .value_name("SHARE")
        .default_value("0.1")
        .value_parser(|text: &str| match text.parse::<f64>() {
            Ok(share) if (0.0..=0.9).contains(&share) => Ok(share),
            _ => Err("must be a number from 0 to 0.9"),
        })
        .help("Share of the frames that is kept apart to judge by: whole clips, or the tail; 0 for none")
}

fn beam_flag(help: &'static str) -> Arg {
    count_flag("beam", "B", help)
}

/// The id of a rule parameter's flag.
pub(super) fn rvq_id(key: &str) -> String {
    format!("rvq.{key}")
}

/// The id of an extractor parameter's flag.
pub(super) fn extract_id(key: &str) -> String {
    format!("extract.{key}")
}

/// A flag with the name, help, range, unit and default of the description; `only` names who reads it where not all do.
fn param_arg<P>(spec: &ParamSpec<P>, id: String, flag: String, default: &str, only: &str) -> Arg {
    let kind = spec.kind;
    let value_name = match kind {
        ParamKind::Int { .. } => "N".to_owned(),
        ParamKind::Paths { .. } => "greedy|beam:B".to_owned(),
        ParamKind::Float { .. } => "X".to_owned(),
        ParamKind::Choice(words) => words.join("|"),
        ParamKind::Bool => "on|off".to_owned(),
    };
    let parser = move |text: &str| {
        kind.parse(text)
            .filter(|value| kind.admits(*value))
            .ok_or_else(|| format!("must be {}", kind.wanted()))
    };
    let unit = if spec.unit.is_empty() { String::new() } else { format!(" {}", spec.unit) };
    let only = if only.is_empty() { String::new() } else { format!("; read by {only}") };
    let facts = format!("[{}default: {default}{unit}{only}]", range(kind));
    let arg = Arg::new(id)
        .long(flag)
        .value_name(value_name)
        .value_parser(ValueParser::new(parser))
        .allow_hyphen_values(true)
        .help(wrapped(&format!("{} {facts}", spec.help)));
    match kind {
        // The value's name says the words already, so that help need not.
        ParamKind::Choice(words) => {
            arg.value_parser(Choice { inner: parser, words }).hide_possible_values(true)
        }
        ParamKind::Bool => arg.num_args(0..=1).require_equals(true).default_missing_value("on"),
        _ => arg,
    }
}

fn range(kind: ParamKind) -> String {
    const PRACTICALLY_ALL: u64 = 1 << 60;
    match kind {
        ParamKind::Int { min, max } if max >= PRACTICALLY_ALL => format!("from {min}; "),
        ParamKind::Int { min, max } => format!("{min} to {max}; "),
        ParamKind::Paths { max } => format!("B from 2 to {max}; "),
        ParamKind::Float { min, max } if max >= 1e9 => format!("from {}; ", ParamValue::Float(min)),
        ParamKind::Float { min, max } => format!("{} to {max}; ", ParamValue::Float(min)),
        ParamKind::Choice(_) | ParamKind::Bool => String::new(),
    }
}

fn path_arg(id: &'static str, name: &'static str, help: &str) -> Arg {
    Arg::new(id).value_name(name).value_parser(value_parser!(PathBuf)).required(true).help(help.to_owned())
}

fn path_flag(id: &'static str, name: &'static str, help: &str) -> Arg {
    path_arg(id, name, help).long(id).required(false)
}

fn count_flag(id: &'static str, name: &'static str, help: &'static str) -> Arg {
    Arg::new(id).long(id).value_name(name).value_parser(value_parser!(usize)).help(help)
}

fn switch(id: &'static str, help: &'static str) -> Arg {
    Arg::new(id).long(id).action(ArgAction::SetTrue).help(help)
}

fn threads_flag() -> Arg {
    count_flag("threads", "N", "Threads to compute on [default: all]; any number gives the same bytes")
}

/// Breaks text into lines for a terminal.
fn wrapped(text: &str) -> String {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > HELP_WIDTH {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join("\n")
}
