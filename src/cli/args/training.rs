//! The commands that train, and the flags that decide how.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, value_parser};

use crate::jobs::PITFALLS;
use crate::param::ParamSpec;
use crate::rvq::rules::{self, RULES, UpdateRule};
use crate::rvq::{self, RvqParams};

use super::models::{endings, model_flags};
use super::{
    beam_flag, data_args, format_flag, holdout_flag, param_arg, path_flag, rvq_id, switch, threads_flag,
    wrapped,
};

/// The command that trains, one run or several side by side.
pub(super) fn train(rule: &'static dyn UpdateRule) -> Command {
    let command = Command::new("train")
        .about("Train a quantizer on audio or features and write it; print figures by layer")
        .after_help(
            "Examples:\n  \
             rvqscope train speech/ --out model.safetensors\n  \
             rvqscope train hubert.npy --rule gpt-sovits --layers 1 --out sovits.safetensors\n  \
             rvqscope train more/ --init model.safetensors --steps 500 --out longer.safetensors\n\n\
             Flags of the quantizer are those of the chosen rule: see `rvqscope train --rule gpt-sovits --help`.",
        )
        .arg(
            path_flag(
                "out",
                "MODEL",
                &format!("The model file to write ({}); with --compare a folder for one model a run", endings()),
            )
            .required_unless_present_any(["compare", "pitfall"]),
        )
        .arg(
            switch(
                "fit-data",
                "Take batch, decay, steps, threshold and patience from the data where no flag says them, and tell the reasons",
            )
            .conflicts_with_all(["compare", "pitfall"]),
        )
        .arg(format_flag())
        .args(model_flags(false));
    let command = ranks_flags(training_flags(data_args(command, ""), rule))
        .mut_arg("data", |data| data.required_unless_present("pitfall").conflicts_with("pitfall"));
    let pitfalls: Vec<String> = PITFALLS.iter().map(|p| format!("{}: {}", p.id, p.title)).collect();
    command
        .next_help_heading("Comparing rules")
        .arg(
            Arg::new("compare")
                .long("compare")
                .value_name("RULE,RULE,...")
                .conflicts_with_all(["rule", "epochs"])
                .help(wrapped(&format!(
                    "Train a run under each of several rules, from the same centroids and on the same batches, and print a row for each. A rule \
                     may have settings of its own: encodec:threshold=2:decay=0.95. What can be set is {}.",
                    comparable().join(", ")
                ))),
        )
        .arg(
            Arg::new("pitfall")
                .long("pitfall")
                .value_name("P")
                .conflicts_with_all(["rule", "epochs", "compare", "demo", "article"])
                .help(wrapped(&format!("Show a known fault of trainers on the demo. {}", pitfalls.join(". ")))),
        )
}

/// What a build that knows MPI can do besides.
fn ranks_flags(command: Command) -> Command {
    if !cfg!(feature = "mpi") {
        return command;
    }
    command
        .next_help_heading("Several ranks: mpirun -n R rvqscope train ...")
        .arg(
            Arg::new("checkpoint-every")
                .long("checkpoint-every")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .conflicts_with_all(["compare", "pitfall"])
                .help(wrapped(
                    "Write what it takes to go on to MODEL.checkpoint (the name of --out with that ending) at every N steps",
                )),
        )
        .arg(
            path_flag(
                "resume",
                "CHECKPOINT",
                "Go on with the training that was kept, on the same data and by any number of ranks; --steps may be another",
            )
            .conflicts_with_all(["compare", "pitfall"]),
        )
}

/// The command that trains every combination of values.
pub(super) fn sweep(rule: &'static dyn UpdateRule) -> Command {
    let command = Command::new("sweep")
        .about("Train every combination of some parameters' values, with several seeds each; compare rate and distortion")
        .after_help(
            "Examples:\n  \
             rvqscope sweep speech/ --sweep codes=256,1024 --sweep layers=4,8 --seeds 3 --out sweep\n  \
             rvqscope sweep --demo --sweep rule=rvqscope,encodec,moshi --steps 300 --out rules\n  \
             rvqscope sweep hubert.npy --rule gpt-sovits --sweep threshold=0.5,1,2 --out thresholds\n\n\
             What is not swept is as the flags say: the other flags are those of `rvqscope train`, and so are the results.\n\
             The folder gets a model and its figures (NAME.safetensors, NAME.json) for each run, and of all of them\n\
             sweep.json, sweep.csv, and sweep.html with a grid and a plot of rate against distortion.\n\
             A sweep that was interrupted is resumed by the same command; more values or seeds may be added then.",
        )
        .arg(path_flag("out", "DIR", "The folder to write; made where only its last part is missing").required(true))
        .arg(
            Arg::new("sweep")
                .long("sweep")
                .value_name("KEY=V,V")
                .action(ArgAction::Append)
                .required_unless_present("seeds")
                .help(wrapped(
                    "A flag of the quantizer, or rule, and the values that it takes in turn; given several times, every combination is trained",
                )),
        )
        .arg(
            Arg::new("seeds")
                .long("seeds")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .help("Train each combination with N seeds, from --seed on, and tell the spread [default: 1]"),
        )
        .arg(switch("overwrite", "Train everything again where the folder holds a sweep already"))
        .arg(format_flag())
        .args(model_flags(false));
    training_flags(data_args(command, ""), rule).mut_arg("metrics", |_| {
        switch(
            "metrics",
            "Write the scalars of every step beside each model, as NAME.jsonl, one JSON object a line",
        )
        .help_heading("Training")
    })
}

/// The flags that entries of a comparison may set.
fn comparable() -> Vec<&'static str> {
    rvq::PARAMS.iter().filter(|spec| spec.scope.is_comparable).map(|spec| spec.flag).collect()
}

/// What decides how a training goes.
pub(super) fn training_flags(command: Command, rule: &'static dyn UpdateRule) -> Command {
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.id()).collect();
    let about =
        RULES.iter().map(|rule| format!("{}: {}", rule.id(), rule.help())).collect::<Vec<_>>().join("\n");
    let defaults = rule.defaults();
    let own = rule.params();
    let others =
        RULES.iter().flat_map(|rule| rule.params()).filter(|spec| own.iter().all(|o| o.key != spec.key));
    let mut specs: Vec<(ParamSpec<RvqParams>, String)> =
        own.iter().map(|spec| (*spec, String::new())).collect();
    for spec in others {
        if specs.iter().all(|(known, _)| known.key != spec.key) {
            let readers = RULES.iter().filter(|rule| rule.params().iter().any(|read| read.key == spec.key));
            specs.push((spec, readers.map(|rule| rule.id()).collect::<Vec<_>>().join(", ")));
        }
    }
    command
        .next_help_heading("Quantizer")
        .arg(
            Arg::new("rule")
                .long("rule")
                .value_name("RULE")
                .value_parser(PossibleValuesParser::new(ids))
                .default_value(rules::DEFAULT.id())
                .help(wrapped(&about)),
        )
        .args(specs.iter().map(|(spec, only)| {
            let default = (spec.read)(&defaults).to_string();
            let arg = param_arg(spec, rvq_id(spec.key), spec.flag.to_owned(), &default, only);
            match spec.key {
                "init" => arg
                    .value_name("kmeans|sample|uniform|MODEL")
                    .value_parser(value_parser!(PathBuf))
                    .help(wrapped(&format!(
                        "{} A model file continues from its embed, cluster_size and embed_avg. [default: {default}]",
                        spec.help
                    ))),
                "steps" => arg.conflicts_with("epochs"),
                _ => arg,
            }
        }))
        .arg(
            Arg::new("epochs")
                .long("epochs")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .help("Train for so many passes over the data, in place of a number of steps"),
        )
        .next_help_heading("Training")
        .arg(holdout_flag())
        .arg(switch("standardize", "Train on centred data of unit variance; the model is in input units all the same"))
        .arg(beam_flag("Judge the quantizer by codes searched along B paths, the greedy one and the B - 1 best others, and say what that gains; how training steps search is said with --search [default: 1]"))
        .arg(path_flag("metrics", "FILE.jsonl", "Write the scalars of every step, one JSON object a line"))
        .arg(path_flag(
            "log-dir",
            "DIR",
            &wrapped(
                "Write TensorBoard events into this folder while it trains: scalars of every step, histograms of how codes are used, held-out \
                 figures, parameters; several runs have a folder each in it. Held-out frames are then looked at on the way, which takes up to an \
                 eighth of the time and changes no figure",
            ),
        ))
        .arg(threads_flag())
}
