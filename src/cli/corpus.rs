//! Opening the corpus that the arguments name.

use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use clap::ArgMatches;

use crate::io::{Need, TimeAxis};
use crate::jobs::{self, DataSpec, Dataset, OpenSpec, OpenedFiles, Source};

use super::{Env, flags};

/// Opens the corpus that the arguments name.
pub(super) fn open_data(matches: &ArgMatches, env: &Env) -> Result<Arc<Dataset>> {
    open_source(flags::source(matches), matches, env)
}

/// Opens `source` as the arguments say.
pub(super) fn open_source(source: Source, matches: &ArgMatches, env: &Env) -> Result<Arc<Dataset>> {
    frames(open(source.clone(), Need::Frames, matches, env)?, &source, matches, env)
}

/// Opens `source` as what is needed.
pub(super) fn open(source: Source, need: Need, matches: &ArgMatches, env: &Env) -> Result<OpenedFiles> {
    let spec = OpenSpec { source, data: DataSpec { need, ..flags::data_spec(matches)? } };
    Ok(env.job(|ctx| jobs::open(&spec, ctx))?)
}

/// The frames of what was opened, where it is frames.
pub(super) fn frames(
    opened: OpenedFiles,
    source: &Source,
    matches: &ArgMatches,
    env: &Env,
) -> Result<Arc<Dataset>> {
    if opened.codes.is_some() {
        bail!(
            "these are codes, but audio or features are wanted; `decode` makes frames of them, and --as features takes them for frames: {}",
            source.paths().join(", ")
        );
    }
    if let Some((path, _)) = &opened.model {
        bail!("this file holds a model, but audio or features are wanted: {}", path.display());
    }
    let dataset =
        opened.dataset.ok_or_else(|| anyhow!("there are no frames in: {}", source.paths().join(", ")))?;
    if let Some((axis, why)) = &dataset.time_axis
        && !flags::is_given(matches, "time-axis")
        && *axis == TimeAxis::Columns
    {
        env.reporter.note(&format!("columns were taken for frames ({why}); --time-axis rows says otherwise"));
    }
    Ok(dataset)
}
