//! From flags to checked specifications.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::audio::ChannelChoice;
use crate::features::{self, ExtractParams};
use crate::io::model::metric_named;
use crate::io::{Cleaning, CodebookNames, ModelOptions, Need, Offsets, ReadAs, TimeAxis};
use crate::jobs::{Builtin, DataSpec, Holdout, Source};
use crate::markup::Format;
use crate::param::ParamValue;
use crate::rvq::rules::{self, RULES, UpdateRule};
use crate::rvq::search::{MAX_BEAM, Search};
use crate::rvq::{self, RvqParams};

use super::Usage;
use super::args::{extract_id, rvq_id};

/// Threads to compute on; 0 for all.
pub(super) fn threads(matches: &ArgMatches) -> usize {
    count(matches, "threads").unwrap_or(0)
}

/// A path that the command asks for.
pub(super) fn path<'a>(matches: &'a ArgMatches, id: &str) -> Result<&'a Path, Usage> {
    optional_path(matches, id).ok_or_else(|| Usage(format!("--{id} is missing")))
}

/// A path that may be left out.
pub(super) fn optional_path<'a>(matches: &'a ArgMatches, id: &str) -> Option<&'a Path> {
    matches.get_one::<PathBuf>(id).map(PathBuf::as_path)
}

/// The place of the quantizer that is meant where a file holds several.
pub(super) fn quantizer(matches: &ArgMatches) -> Option<&str> {
    matches.try_get_one::<String>("quantizer").ok().flatten().map(String::as_str)
}

/// What is said of the model file that the command reads.
pub(super) fn model_options(matches: &ArgMatches) -> Result<ModelOptions, Usage> {
    let text = |id: &str| matches.try_get_one::<String>(id).ok().flatten();
    let codebook = text("codebook").map(|rows| CodebookNames {
        rows: rows.clone(),
        transposed: matches.try_get_one::<bool>("transposed").ok().flatten().copied().unwrap_or(false),
        sizes: text("cluster-size").cloned(),
    });
    let strides = text("strides").map(|text| {
        let numbers =
            text.split(',').map(|word| word.trim().parse::<usize>().ok().filter(|&stride| stride > 0));
        numbers.collect::<Option<Vec<usize>>>().ok_or_else(|| {
            Usage(format!("--strides is {text:?}, but must be numbers from 1, such as 1 or 4,2,1"))
        })
    });
    Ok(ModelOptions {
        strides: strides.transpose()?,
        // A training's own flag says the same of the model that it starts from.
        metric: match text("metric") {
            Some(name) => metric_named(name),
            None if is_given(matches, &rvq_id("metric")) => Some(rvq_params(matches)?.0.metric),
            None => None,
        },
        codebook,
    })
}

/// A whole number that may be left out.
pub(super) fn count(matches: &ArgMatches, id: &str) -> Option<usize> {
    matches.try_get_one::<usize>(id).ok().flatten().copied()
}

/// Whether a switch is on.
pub(super) fn switch(matches: &ArgMatches, id: &str) -> bool {
    matches.get_flag(id)
}

/// The form of the table that the command prints.
pub(super) fn format(matches: &ArgMatches) -> Format {
    let named = matches.try_get_one::<String>("format").ok().flatten();
    named.and_then(|id| Format::named(id)).unwrap_or_default()
}

/// Where frames come from.
pub(super) fn source(matches: &ArgMatches) -> Source {
    if switch(matches, "demo") {
        return Source::Builtin(Builtin::Demo);
    }
    if switch(matches, "article") {
        return Source::Builtin(Builtin::Article);
    }
    Source::Files(matches.get_many::<PathBuf>("data").unwrap_or_default().cloned().collect())
}

/// How files are made into frames.
pub(super) fn data_spec(matches: &ArgMatches) -> Result<DataSpec, Usage> {
    let mut extract = ExtractParams::default();
    let chosen = matches.get_one::<String>("features").and_then(|id| features::find(id));
    if let Some(extractor) = chosen {
        extract.extractor = extractor.id();
        let read = extractor.params();
        for spec in features::PARAMS {
            let Some(value) = matches.get_one::<ParamValue>(&extract_id(spec.key)) else { continue };
            if read.iter().all(|one| one.key != spec.key) {
                let readers =
                    features::EXTRACTORS.iter().filter(|e| e.params().iter().any(|o| o.key == spec.key));
                let readers: Vec<&str> = readers.map(|e| e.id()).collect();
                return Err(unread(spec.flag, &format!("the features {}", extractor.id()), &readers));
            }
            (spec.write)(&mut extract, *value);
        }
    }
    Ok(DataSpec {
        model: None,
        extract,
        channel: count(matches, "channel").map_or(ChannelChoice::Mix, ChannelChoice::Only),
        time_axis: time_axis(matches),
        frame_rate_hz: matches.get_one::<f64>("frame-rate").copied(),
        codebook_size: given_codebook_size(matches),
        quantizer: None,
        read_as: read_as(matches),
        need: Need::Anything,
        cleaning: cleaning(matches),
        dim: dim(matches),
        drop_nonfinite: switch(matches, "drop-nonfinite"),
    })
}

/// What the files are said to be.
pub(super) fn read_as(matches: &ArgMatches) -> Option<ReadAs> {
    matches.try_get_one::<String>("as").ok().flatten().and_then(|id| ReadAs::named(id))
}

/// Refuses a kind of file that `command` can do nothing with: it needs `what`, which is the reading `only`.
pub(super) fn check_read_as(
    matches: &ArgMatches,
    command: &str,
    what: &str,
    only: ReadAs,
) -> Result<(), Usage> {
    match read_as(matches) {
        Some(said) if said != only => Err(Usage(format!(
            "{command} needs {what}, so --as {} contradicts it; leave it out, or say --as {}",
            said.id(),
            only.id()
        ))),
        _ => Ok(()),
    }
}

/// Dimensions of a frame of bare numbers.
pub(super) fn dim(matches: &ArgMatches) -> Option<usize> {
    matches.get_one::<u32>("dim").map(|&dim| dim as usize)
}

/// Which axis is said to be time.
pub(super) fn time_axis(matches: &ArgMatches) -> Option<TimeAxis> {
    matches.get_one::<String>("time-axis").map(|word| match word.as_str() {
        "columns" => TimeAxis::Columns,
        _ => TimeAxis::Rows,
    })
}

/// What is to be taken out of codes, and undone in them.
pub(super) fn cleaning(matches: &ArgMatches) -> Cleaning {
    let ignore = matches.get_many::<i32>("ignore").unwrap_or_default().chain(matches.get_one::<i32>("pad"));
    Cleaning {
        ignore: ignore.copied().collect(),
        delay: matches.get_one::<Vec<usize>>("delay").cloned(),
        offsets: matches.get_one::<Offsets>("offsets").copied(),
    }
}

/// `K`, where it is given: of codes that come without their codebooks nothing else says it.
fn given_codebook_size(matches: &ArgMatches) -> Option<usize> {
    let id = rvq_id("codebook_size");
    let value = matches.try_get_one::<ParamValue>(&id).ok().flatten()?;
    match (matches.value_source(&id), value) {
        (Some(ValueSource::CommandLine), ParamValue::Int(size)) => usize::try_from(*size).ok(),
        _ => None,
    }
}

/// What is held out.
pub(super) fn holdout(matches: &ArgMatches) -> Holdout {
    match source(matches) {
        Source::Builtin(builtin) if !is_given(matches, "holdout") => Holdout(builtin.holdout()),
        _ => Holdout(matches.get_one::<f64>("holdout").copied().unwrap_or(0.0)),
    }
}

/// How codes are searched.
pub(super) fn search(matches: &ArgMatches) -> Result<Search, Usage> {
    match count(matches, "beam").unwrap_or(1) {
        width if (1..=MAX_BEAM).contains(&width) => Ok(Search::of_width(width)),
        width => Err(Usage(format!("--beam is {width}, but must be from 1 to {MAX_BEAM}"))),
    }
}

/// The rule that is asked for.
pub(super) fn rule(matches: &ArgMatches) -> &'static dyn UpdateRule {
    matches.get_one::<String>("rule").map_or(rules::DEFAULT, |id| rules::rule(id))
}

/// The parameters that a training starts from before any flag: those of the built-in source, or of the rule.
pub(super) fn base_params(matches: &ArgMatches) -> RvqParams {
    let rule = rule(matches);
    match source(matches) {
        Source::Builtin(builtin) => builtin.preset().with_rule(rule),
        Source::Files(_) => rule.defaults(),
    }
}

/// `base` with what the flags say, for several rules that are going to share it.
pub(super) fn shared_params(matches: &ArgMatches, mut params: RvqParams) -> Result<RvqParams, Usage> {
    for spec in rvq::PARAMS {
        let id = rvq_id(spec.key);
        if spec.key == "threshold_ema_dead_code" && is_given(matches, &id) {
            let words = "a threshold is in each rule's own unit, so that one --threshold cannot hold for several rules; in a comparison give it to an entry, as in --compare encodec:threshold=2,rvqscope";
            return Err(Usage(words.to_owned()));
        }
        if spec.key == "init" {
            let Some(words) = matches.get_one::<PathBuf>(&id) else { continue };
            let method = words.to_str().and_then(|text| spec.kind.parse(text));
            let method = method.ok_or_else(|| {
                Usage(
                    "runs under several rules start from kmeans, sample or uniform, not from a model"
                        .to_owned(),
                )
            })?;
            (spec.write)(&mut params, method);
            continue;
        }
        if let Some(value) = matches.try_get_one::<ParamValue>(&id).ok().flatten() {
            (spec.write)(&mut params, *value);
        }
    }
    Ok(params)
}

/// The parameters of a training, and the model to start from where one is named.
pub(super) fn rvq_params(matches: &ArgMatches) -> Result<(RvqParams, Option<PathBuf>), Usage> {
    let rule = rule(matches);
    let mut params = base_params(matches);
    let read = rule.params();
    let mut start = None;
    for spec in rvq::PARAMS {
        let id = rvq_id(spec.key);
        if spec.key == "init" {
            let Some(words) = matches.get_one::<PathBuf>(&id) else { continue };
            match words.to_str().and_then(|text| spec.kind.parse(text)) {
                Some(method) => (spec.write)(&mut params, method),
                None => start = Some(words.clone()),
            }
            continue;
        }
        let Some(value) = matches.try_get_one::<ParamValue>(&id).ok().flatten() else { continue };
        if read.iter().all(|one| one.key != spec.key) {
            let readers = RULES.iter().filter(|r| r.params().iter().any(|o| o.key == spec.key));
            let readers: Vec<&str> = readers.map(|r| r.id()).collect();
            return Err(unread(spec.flag, &format!("the rule {}", rule.id()), &readers));
        }
        (spec.write)(&mut params, *value);
    }
    Ok((params, start))
}

/// The flag on the command line that only means something to a model file, if there is one.
pub(super) fn model_flag(matches: &ArgMatches) -> Option<&'static str> {
    let known = ["quantizer", "strides", "codebook", "transposed", "cluster-size"];
    known.into_iter().find(|id| is_given(matches, id))
}

/// Whether something is said of a model, so that the file is one.
pub(super) fn says_model(matches: &ArgMatches) -> bool {
    model_flag(matches).is_some() || is_given(matches, "metric")
}

/// Whether a flag stands on the command line.
pub(super) fn is_given(matches: &ArgMatches, id: &str) -> bool {
    matches.try_contains_id(id).unwrap_or(false) && matches.value_source(id) == Some(ValueSource::CommandLine)
}

/// The flag on the command line that only means something to a training, if there is one.
fn training_flag(matches: &ArgMatches) -> Option<&'static str> {
    let plain = ["rule", "epochs", "standardize", "metrics", "log-dir"];
    let given = plain.into_iter().find(|id| is_given(matches, id));
    given.or_else(|| {
        rvq::PARAMS.iter().find(|spec| is_given(matches, &rvq_id(spec.key))).map(|spec| spec.flag)
    })
}

/// Refuses what only means something to a training, where none is asked for because of `why`. The metric is as well what is said of a model.
pub(super) fn no_training(matches: &ArgMatches, why: &str) -> Result<(), Usage> {
    match training_flag(matches).filter(|flag| *flag != "metric") {
        Some(flag) => Err(Usage(format!("--{flag} is for training, but {why}"))),
        None => Ok(()),
    }
}

fn unread(flag: &str, by: &str, readers: &[&str]) -> Usage {
    Usage(format!("--{flag} means nothing to {by}; it is read by {}", readers.join(", ")))
}
