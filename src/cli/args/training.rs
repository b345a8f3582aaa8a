//! The commands that train, and the flags that decide how.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, value_parser};

use crate::jobs::PITFALLS;
use crate::param::ParamSpec;
use crate::rvq::rules::{self, RULES, UpdateRule};
use crate::rvq::{self, RvqParams};
use crate::text::t;

use super::models::{endings, model_flags};
use super::{
    beam_flag, data_args, format_flag, holdout_flag, item, param_arg, path_flag, rvq_id, switch,
    threads_flag, wrapped,
};

/// The command that trains, one run or several side by side.
pub(super) fn train(rule: &'static dyn UpdateRule) -> Command {
    let command = Command::new("train")
        .about(t!("help-train"))
        .after_help(t!("help-train.notes"))
        .arg(
            path_flag("out", t!("help-value.model"), &t!("help-train.out", endings = endings()))
                .required_unless_present_any(["compare", "pitfall"]),
        )
        .arg(switch("fit-data", t!("help-train.fit-data")).conflicts_with_all(["compare", "pitfall"]))
        .arg(format_flag())
        .args(model_flags(false));
    let command = ranks_flags(training_flags(data_args(command), rule))
        .mut_arg("data", |data| data.required_unless_present("pitfall").conflicts_with("pitfall"));
    let pitfalls: Vec<String> = PITFALLS.iter().map(|p| item(p.id, p.title)).collect();
    command
        .next_help_heading(t!("help-heading.comparing"))
        .arg(
            Arg::new("compare")
                .long("compare")
                .value_name(t!("help-value.rules"))
                .conflicts_with_all(["rule", "epochs"])
                .help(wrapped(&t!(
                    "help-train.compare",
                    settings = comparable().join(t!("help-list-between"))
                ))),
        )
        .arg(
            Arg::new("pitfall")
                .long("pitfall")
                .value_name("P")
                .conflicts_with_all(["rule", "epochs", "compare", "demo", "article"])
                .help(wrapped(&t!(
                    "help-train.pitfall",
                    pitfalls = pitfalls.join(t!("help-pitfalls-between"))
                ))),
        )
}

/// What a build that knows MPI can do besides.
fn ranks_flags(command: Command) -> Command {
    if !cfg!(feature = "mpi") {
        return command;
    }
    command
        .next_help_heading(t!("help-heading.ranks"))
        .arg(
            Arg::new("checkpoint-every")
                .long("checkpoint-every")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .conflicts_with_all(["compare", "pitfall"])
                .help(wrapped(t!("help-train.checkpoint-every"))),
        )
        .arg(
            path_flag("resume", t!("help-value.checkpoint"), t!("help-train.resume"))
                .conflicts_with_all(["compare", "pitfall"]),
        )
}

/// The command that trains every combination of values.
pub(super) fn sweep(rule: &'static dyn UpdateRule) -> Command {
    let command = Command::new("sweep")
        .about(t!("help-sweep"))
        .after_help(t!("help-sweep.notes"))
        .arg(path_flag("out", t!("help-value.dir"), t!("help-folder-to-write")).required(true))
        .arg(
            Arg::new("sweep")
                .long("sweep")
                .value_name(t!("help-value.sweep"))
                .action(ArgAction::Append)
                .required_unless_present("seeds")
                .help(wrapped(t!("help-sweep.sweep"))),
        )
        .arg(
            Arg::new("seeds")
                .long("seeds")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .help(t!("help-sweep.seeds")),
        )
        .arg(switch("overwrite", t!("help-sweep.overwrite")))
        .arg(format_flag())
        .args(model_flags(false));
    training_flags(data_args(command), rule).mut_arg("metrics", |_| {
        switch("metrics", t!("help-sweep.metrics")).help_heading(t!("help-heading.training"))
    })
}

/// The flags that entries of a comparison may set.
fn comparable() -> Vec<&'static str> {
    rvq::PARAMS.iter().filter(|spec| spec.scope.is_comparable).map(|spec| spec.flag).collect()
}

/// What decides how a training goes.
pub(super) fn training_flags(command: Command, rule: &'static dyn UpdateRule) -> Command {
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.id()).collect();
    let about = RULES.iter().map(|rule| item(rule.id(), rule.help())).collect::<Vec<_>>().join("\n");
    let defaults = rule.defaults();
    let own = rule.params();
    let others =
        RULES.iter().flat_map(|rule| rule.params()).filter(|spec| own.iter().all(|o| o.key != spec.key));
    let mut specs: Vec<(ParamSpec<RvqParams>, String)> =
        own.iter().map(|spec| (*spec, String::new())).collect();
    for spec in others {
        if specs.iter().all(|(known, _)| known.key != spec.key) {
            let readers = RULES.iter().filter(|rule| rule.params().iter().any(|read| read.key == spec.key));
            specs.push((
                spec,
                readers.map(|rule| rule.id()).collect::<Vec<_>>().join(t!("help-list-between")),
            ));
        }
    }
    command
        .next_help_heading(t!("help-heading.quantizer"))
        .arg(
            Arg::new("rule")
                .long("rule")
                .value_name(t!("help-value.rule"))
                .value_parser(PossibleValuesParser::new(ids))
                .default_value(rules::DEFAULT.id())
                .help(wrapped(&about)),
        )
        .args(specs.iter().map(|(spec, only)| {
            let default = (spec.read)(&defaults).to_string();
            let arg = param_arg(spec, rvq_id(spec.key), spec.flag.to_owned(), &default, only);
            match spec.key {
                "init" => arg
                    .value_name(t!("help-value.init"))
                    .value_parser(value_parser!(PathBuf))
                    .help(wrapped(&t!("help-param-init", help = spec.help, default = default.as_str()))),
                "steps" => arg.conflicts_with("epochs"),
                _ => arg,
            }
        }))
        .arg(
            Arg::new("epochs")
                .long("epochs")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .help(t!("help-training.epochs")),
        )
        .next_help_heading(t!("help-heading.training"))
        .arg(holdout_flag())
        .arg(switch("standardize", t!("help-training.standardize")))
        .arg(beam_flag(t!("help-training.beam")))
        .arg(path_flag("metrics", t!("help-value.jsonl"), t!("help-training.metrics")))
        .arg(path_flag("log-dir", t!("help-value.dir"), &wrapped(t!("help-training.log-dir"))))
        .arg(threads_flag())
}
