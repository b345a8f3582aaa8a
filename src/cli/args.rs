//! The commands and their flags. Every hyperparameter's flag is made of its description.

mod choice;
mod install;
mod listen;
mod models;
mod page;
mod reading;
mod training;
mod watch;
mod wrap;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, Error, value_parser};

use crate::doctor::repair::FIXES;
use crate::features::{self, EXTRACTORS, ExtractParams};
use crate::io::ReadAs;
use crate::markup::Format;
use crate::param::{ParamKind, ParamSpec, ParamValue};
use crate::rvq;
use crate::rvq::rules::{self, UpdateRule};
use crate::text::{LANGUAGE_VAR, Language, Phrase, Value, speak, spoken, t};

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
        .about(t!("help-program"))
        .override_usage(t!("help-program.usage"))
        .after_help(t!("help-program.notes", variable = LANGUAGE_VAR))
        .subcommand_required(true)
        .arg(unpack_limit_flag())
        .subcommands([
            train(rule),
            sweep(rule),
            encode(),
            decode(),
            listen(),
            inspect(),
            report(rule),
            doctor(),
            watch(),
            repair(),
            convert(),
            write_back(),
        ])
        .subcommands([completions(), man(), install_desktop()])
}

fn report(rule: &'static dyn UpdateRule) -> Command {
    let command = Command::new("report")
        .about(t!("help-report"))
        .after_help(t!("help-report.notes"))
        .arg(path_flag("out", t!("help-value.dir"), t!("help-folder-to-write")).required(true))
        .arg(path_flag("model", t!("help-value.model"), t!("help-report.model")))
        .arg(
            path_flag("compare", t!("help-value.run"), "")
                .num_args(1..)
                .conflicts_with("model")
                .help(wrapped(t!("help-report.compare"))),
        )
        .arg(format_flag())
        .args(model_flags(false));
    let command = training_flags(data_args(command), rule);
    // A model tells something on its own.
    command.mut_arg("data", |arg| arg.required_unless_present_any(["demo", "article", "model", "compare"]))
}

fn doctor() -> Command {
    let command = Command::new("doctor")
        .about(t!("help-doctor"))
        .after_help(t!("help-doctor.notes"))
        .arg(path_arg("model", t!("help-value.model"), t!("help-the-quantizer")))
        .args(model_flags(true))
        .arg(switch("json", t!("help-doctor.json")))
        .arg(switch("strict", t!("help-doctor.strict")))
        .arg(holdout_flag())
        .arg(beam_flag(t!("help-beam-keep")))
        .arg(threads_flag());
    // The model is always there: nothing more is required.
    data_args(command).mut_arg("data", |arg| arg.required_unless_present("model"))
}

fn repair() -> Command {
    let fixes = FIXES.iter().map(|fix| item(fix.id, fix.title)).collect::<Vec<_>>().join("\n");
    let command = Command::new("repair")
        .about(t!("help-repair"))
        .after_help(t!("help-repair.notes", fixes = fixes))
        .arg(path_arg("model", t!("help-value.model"), t!("help-the-quantizer")))
        .args(model_flags(true))
        .arg(path_flag("out", t!("help-value.file"), t!("help-repair.out")).required(true))
        .arg(
            Arg::new("fix")
                .long("fix")
                .value_name(t!("help-value.ids"))
                .value_delimiter(',')
                .help(t!("help-repair.fix")),
        )
        .arg(count_flag("layer", "L", t!("help-repair.layer")))
        .arg(switch("json", t!("help-repair.json")))
        .arg(holdout_flag())
        .arg(beam_flag(t!("help-repair.beam")))
        .arg(threads_flag());
    data_args(command)
}

fn encode() -> Command {
    let command = Command::new("encode")
        .about(t!("help-encode"))
        .after_help(t!("help-encode.notes"))
        .arg(path_arg("model", t!("help-value.model"), t!("help-the-quantizer")))
        .args(model_flags(true))
        .arg(path_flag("out", t!("help-value.codes"), t!("help-encode.out")).required(true))
        .arg(count_flag("layers", t!("help-value.end"), t!("help-encode.layers")))
        .arg(count_flag("start", t!("help-value.start"), t!("help-encode.start")))
        .arg(beam_flag(t!("help-encode.beam")))
        .arg(threads_flag());
    data_args(command)
}

fn decode() -> Command {
    let command = Command::new("decode")
        .about(t!("help-decode"))
        .after_help(t!("help-decode.notes"))
        .arg(path_arg("model", t!("help-value.model"), t!("help-the-quantizer")))
        .args(model_flags(true))
        .arg(path_arg("codes", t!("help-value.codes"), t!("help-decode.codes")))
        .arg(path_flag("out", t!("help-value.frames"), t!("help-decode.out")).required(true))
        .arg(count_flag("start", t!("help-value.start"), t!("help-decode.start")))
        .arg(as_only_flag(t!("help-reading.as-only-codes", kind = ReadAs::Codes.id())))
        .arg(time_axis_flag())
        .arg(threads_flag());
    cleaning_flags(command)
}

/// Where frames come from.
fn data_args(command: Command) -> Command {
    let extractors: Vec<&str> = EXTRACTORS.iter().map(|e| e.id()).collect();
    let help = EXTRACTORS.iter().map(|e| item(e.id(), e.help())).collect::<Vec<_>>().join("\n");
    let command = command
        .arg(
            path_arg("data", t!("help-value.data"), t!("help-data"))
                .num_args(1..)
                .required(false)
                .required_unless_present_any(["demo", "article"])
                .conflicts_with_all(["demo", "article"]),
        )
        .next_help_heading(t!("help-heading.data"))
        .arg(switch("demo", t!("help-data.demo")).conflicts_with("article"))
        .arg(switch("article", t!("help-data.article")))
        .arg(
            Arg::new("frame-rate")
                .long("frame-rate")
                .value_name(t!("help-value.hz"))
                .value_parser(|text: &str| match text.parse::<f64>() {
                    Ok(hz) if hz > 0.0 && hz.is_finite() => Ok(hz),
                    _ => Err("must be a number above 0"), // A text outside of the catalogue: errors are English.
                })
                .help(t!("help-data.frame-rate")),
        )
        .arg(count_flag("channel", "N", t!("help-data.channel")));
    let command = reading_flags(command).next_help_heading(t!("help-heading.features")).arg(
        Arg::new("features")
            .long("features")
            .value_name(t!("help-value.name"))
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
        let only = if readers.len() < EXTRACTORS.len() {
            readers.join(t!("help-list-between"))
        } else {
            String::new()
        };
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
        .value_name(t!("help-value.form"))
        .value_parser(PossibleValuesParser::new(Format::ALL.map(Format::id)))
        .default_value(Format::default().id())
        .hide_possible_values(true)
        .help(t!("help-format"))
}

/// How many paths a search keeps.
fn holdout_flag() -> Arg {
    Arg::new("holdout")
        .long("holdout")
        .value_name(t!("help-value.share"))
        .default_value("0.1")
        .value_parser(|text: &str| match text.parse::<f64>() {
            Ok(share) if (0.0..=0.9).contains(&share) => Ok(share),
            _ => Err("must be a number from 0 to 0.9"), // A text outside of the catalogue: errors are English.
        })
        .help(t!("help-holdout"))
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
        ParamKind::Paths { .. } => "greedy|beam:B".to_owned(), // not a text
        ParamKind::Float { .. } => "X".to_owned(),
        ParamKind::Choice(words) => words.join("|"),
        ParamKind::Bool => "on|off".to_owned(), // not a text
    };
    let parser = move |text: &str| {
        kind.parse(text)
            .filter(|value| kind.admits(*value))
            .ok_or_else(|| format!("must be {}", kind.wanted())) // A text outside of the catalogue: errors are English.
    };
    let facts = facts(kind, default, spec.unit, only);
    let arg = Arg::new(id)
        .long(flag)
        .value_name(value_name)
        .value_parser(ValueParser::new(parser))
        .allow_hyphen_values(true)
        .help(wrapped(&t!("help-param", help = spec.help, facts = facts)));
    match kind {
        // The value's name says the words already, so that help need not.
        ParamKind::Choice(words) => {
            arg.value_parser(Choice { inner: parser, words }).hide_possible_values(true)
        }
        ParamKind::Bool => arg.num_args(0..=1).require_equals(true).default_missing_value("on"),
        _ => arg,
    }
}

/// What may be given and what holds otherwise, in brackets.
fn facts(kind: ParamKind, default: &str, unit: Phrase, only: &str) -> String {
    let usual = if unit.is_empty() {
        t!("help-facts.default", value = default)
    } else {
        t!("help-facts.default-in-unit", value = default, unit = unit)
    };
    let readers = (!only.is_empty()).then(|| t!("help-facts.readers", readers = only));
    let facts: Vec<String> = range(kind).into_iter().chain([usual]).chain(readers).collect();
    t!("help-facts", facts = facts.join(t!("semicolon")))
}

fn range(kind: ParamKind) -> Option<String> {
    const PRACTICALLY_ALL: u64 = 1 << 60;
    let (min, max) = match kind {
        ParamKind::Int { min, max } => (min.to_string(), (max < PRACTICALLY_ALL).then(|| max.to_string())),
        ParamKind::Float { min, max } => {
            (ParamValue::Float(min).to_string(), (max < 1e9).then(|| max.to_string()))
        }
        ParamKind::Paths { max } => return Some(t!("help-facts.paths", max = max)),
        ParamKind::Choice(_) | ParamKind::Bool => return None,
    };
    Some(match max {
        Some(max) => t!("help-facts.range", min = min, max = max),
        None => t!("help-facts.from", min = min),
    })
}

/// A line of a list of things that are called by their ids.
fn item(id: &str, words: impl Into<Value>) -> String {
    let words: Value = words.into();
    t!("help-item", id = id, words = words)
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
    count_flag("threads", "N", t!("help-threads"))
}

/// English help broken into lines for a terminal, as clap wants it. In other languages [`page`] does that, and manual pages take whole paragraphs.
fn wrapped(text: &str) -> String {
    if spoken() == Language::English { wrap::wrapped(text, HELP_WIDTH) } else { text.to_owned() }
}

/// What `make` makes in the language of the user. Everything else that commands say is English.
pub(super) fn in_the_users_language<T>(make: impl FnOnce() -> T) -> T {
    speak(Language::of_user());
    let made = make();
    speak(Language::English);
    made
}

/// The same command with clap's own words in the language of this thread.
pub(super) fn in_own_words(mut command: Command) -> Command {
    command.build();
    page::with_own_words(command)
}

/// What clap answers to `args`, `answer`, in the language of the user where it is help; errors are English.
pub(super) fn answer_in_the_users_language(answer: Error, args: &[OsString]) -> Error {
    if answer.kind() != ErrorKind::DisplayHelp || Language::of_user() == Language::English {
        return answer;
    }
    in_the_users_language(|| {
        let command = page::with_pages(in_own_words(command(rule_of(args))));
        command.try_get_matches_from(args).err().unwrap_or(answer)
    })
}
