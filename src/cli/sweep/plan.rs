//! What a sweep is going to train, from flags to runs, and how long that may take.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::ArgMatches;
use serde_json::{Map, Value, json};

use crate::features;
use crate::features::ExtractParams;
use crate::jobs::{FileStamp, Source, SweepAxis, axis_of, members_of};
use crate::param::ParamSpec;
use crate::rvq::{self, RvqParams, ValidRvqParams};
use crate::task::Task;

use super::super::args::rvq_id;
use super::super::progress::Share;
use super::super::{Env, Usage, file_names, flags};

/// A run that is going to be trained.
pub(super) struct Member {
    /// In what it differs.
    pub(super) label: String,
    /// The name of its files, without ending.
    pub(super) name: String,
    /// Its value on each axis.
    pub(super) values: Vec<String>,
    pub(super) params: ValidRvqParams,
}

impl Member {
    /// About how long it takes, in a unit of its own: distances that have to be measured.
    pub(super) fn cost(&self) -> f64 {
        let RvqParams { steps, batch_size, num_layers, codebook_size, .. } = *self.params;
        [batch_size, num_layers, codebook_size].iter().fold(steps as f64, |cost, &n| cost * n as f64).max(1.0)
    }
}

/// What the arguments sweep over.
pub(super) fn axes(matches: &ArgMatches) -> Result<Vec<SweepAxis>, Usage> {
    let texts = matches.get_many::<String>("sweep").unwrap_or_default();
    let axes = texts.map(|text| axis_of(text)).collect::<Result<Vec<_>, _>>();
    let axes = axes.map_err(|err| Usage(format!("--sweep: {err}")))?;
    for axis in &axes {
        if axis.flag == "steps" && flags::is_given(matches, "epochs") {
            return Err(Usage("steps are swept, so --epochs cannot say how many there are".to_owned()));
        }
        // A flag and an axis of the same name cannot both be meant.
        let spec = rvq::PARAMS.iter().find(|spec| spec.flag == axis.flag);
        let id = spec.map(|spec| rvq_id(spec.key)).or((axis.flag == "rule").then(|| axis.flag.clone()));
        if id.is_some_and(|id| flags::is_given(matches, &id)) {
            return Err(Usage(format!("{0} is swept, so --{0} has to be left out", axis.flag)));
        }
    }
    Ok(axes)
}

fn sweeps(axes: &[SweepAxis], flag: &str) -> bool {
    axes.iter().any(|axis| axis.flag == flag)
}

/// The parameters that the axes do not name, and the model to start from where one is named.
pub(super) fn base(matches: &ArgMatches, axes: &[SweepAxis]) -> Result<(RvqParams, Option<PathBuf>), Usage> {
    if sweeps(axes, "rule") {
        return Ok((flags::shared_params(matches, flags::base_params(matches))?, None));
    }
    let (params, start) = flags::rvq_params(matches)?;
    if let (Some(path), Some(flag)) =
        (&start, ["layers", "codes", "metric"].iter().find(|flag| sweeps(axes, flag)))
    {
        let words =
            format!("{flag} cannot be swept, since the model to start from decides it: {}", path.display());
        return Err(Usage(words));
    }
    Ok((params, start))
}

/// Every run of the sweep.
pub(super) fn members(
    matches: &ArgMatches,
    axes: &[SweepAxis],
    base: &RvqParams,
) -> Result<Vec<Member>, Usage> {
    let seeds = matches.get_one::<u64>("seeds").copied().unwrap_or(1);
    let members = members_of(axes, seeds, base).map_err(|err| Usage(err.to_string()))?;
    // The seed is always part of the name, so that a sweep can be given more seeds later.
    let names = members.iter().map(|member| {
        let words = axes.iter().zip(&member.values).filter(|(axis, _)| axis.flag != "seed");
        let words = words
            .map(|(axis, value)| format!("{} {value}, ", if axis.flag == "rule" { "" } else { &axis.flag }));
        format!("{}seed {}", words.collect::<String>(), member.params.seed)
    });
    let names = file_names::distinct(names);
    let named = members.into_iter().zip(names);
    Ok(named.map(|(m, name)| Member { label: m.label, name, values: m.values, params: m.params }).collect())
}

/// What all runs share and no parameter says.
pub(super) fn settings(matches: &ArgMatches, start: Option<&Path>) -> Result<Map<String, Value>, Usage> {
    let spec = flags::data_spec(matches)?;
    let data = match flags::source(matches) {
        Source::Files(paths) => {
            json!(paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>())
        }
        builtin @ Source::Builtin(_) => json!(builtin.title()),
    };
    let mut extract = Map::new();
    extract.insert("extractor".to_owned(), spec.extract.extractor.into());
    let read = |one: &ParamSpec<ExtractParams>| (one.key.to_owned(), (one.read)(&spec.extract).to_json());
    if let Some(extractor) = features::find(spec.extract.extractor) {
        extract.extend(extractor.params().iter().map(read));
    }
    let settings = json!({
        "data": data,
        "features": extract,
        "channel": spec.channel,
        "time_axis": spec.time_axis,
        "frame_rate_hz": spec.frame_rate_hz,
        "holdout": flags::holdout(matches).0,
        "standardize": flags::switch(matches, "standardize"),
        "beam": flags::search(matches)?.width(),
        "init": start.map(|path| path.display().to_string()),
        "quantizer": flags::quantizer(matches),
    });
    Ok(match settings {
        Value::Object(map) => map,
        _ => Map::new(),
    })
}

/// Size and time of the files that frames come from, and of the model to start from.
pub(super) fn stamps(matches: &ArgMatches, start: Option<&Path>, env: &Env) -> Vec<FileStamp> {
    let task = Task::silent(&env.cancel);
    let mut stamps = FileStamp::of(&flags::source(matches), &task);
    stamps
        .extend(start.iter().flat_map(|path| FileStamp::of(&Source::Files(vec![path.to_path_buf()]), &task)));
    stamps
}

/// How far the training of many runs is.
pub(super) struct Schedule {
    costs: Vec<f64>,
    nth: usize,
    began: Instant,
}

impl Schedule {
    /// Of runs that cost so much each.
    pub(super) fn new(costs: Vec<f64>) -> Self {
        Self { costs, nth: 0, began: Instant::now() }
    }

    /// What the next run is of the whole.
    pub(super) fn next(&mut self) -> Share {
        let all: f64 = self.costs.iter().sum();
        let before: f64 = self.costs[..self.nth.min(self.costs.len())].iter().sum();
        let this = self.costs.get(self.nth).copied().unwrap_or(0.0);
        self.nth += 1;
        Share { before: before / all, this: this / all, began: self.began }
    }
}
