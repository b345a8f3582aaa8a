//! `encode` and `decode`: between frames and codes.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use clap::ArgMatches;

use crate::io::{CODES_ENDINGS, ReadAs};
use crate::jobs::{self, CodesSpec, DecodeSpec};
use crate::rvq::LayerSpan;

use super::errors::with_path;
use super::{Env, check_ending, check_writable, corpus, flags, model, print};

/// How files of frames end.
static ENDINGS: &[&str] = &["npy"];

/// Writes the codes of a corpus.
pub(super) fn encode(matches: &ArgMatches, env: &Env) -> Result<()> {
    let (path, out) = (flags::path(matches, "model")?, flags::path(matches, "out")?);
    check_ending(out, "codes", CODES_ENDINGS)?;
    check_writable(out)?;
    let rvq = Arc::new(model::load(path, matches, env)?.rvq);
    let span = LayerSpan {
        start: flags::count(matches, "start").unwrap_or(0),
        end: flags::count(matches, "layers"),
    };
    let layers = span.resolve(rvq.num_layers()).map_err(|err| anyhow!("{err}: {}", path.display()))?;
    let dataset = corpus::open_data(matches, env)?;
    let frames = dataset.set.matrix.num_frames();
    let search = flags::search(matches)?;
    let spec = CodesSpec { rvq, dataset, span, search, path: out.to_owned() };
    env.job(|ctx| jobs::encode_to_file(&spec, ctx)).map_err(|err| with_path(err, path))?;
    Ok(print(&format!("{}: {} layers x {frames} frames\n", out.display(), layers.len()))?)
}

/// Writes the frames that codes stand for.
pub(super) fn decode(matches: &ArgMatches, env: &Env) -> Result<()> {
    let (path, codes) = (flags::path(matches, "model")?, flags::path(matches, "codes")?);
    let out = flags::path(matches, "out")?;
    flags::check_read_as(matches, "decode", "codes beside the model", ReadAs::Codes)?;
    check_ending(out, "frames", ENDINGS)?;
    check_writable(out)?;
    let rvq = Arc::new(model::load(path, matches, env)?.rvq);
    let dim = rvq.dim();
    let spec = DecodeSpec {
        rvq,
        codes: codes.to_owned(),
        start: flags::count(matches, "start"),
        time_axis: flags::time_axis(matches),
        cleaning: flags::cleaning(matches),
        path: out.to_owned(),
    };
    env.job(|ctx| jobs::decode_to_file(&spec, ctx)).map_err(|err| with_path(err, codes))?;
    Ok(print(&format!("{}: frames of {dim} dimensions\n", out.display()))?)
}
