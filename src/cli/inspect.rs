//! `inspect`: what a file holds, whatever it is.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use clap::ArgMatches;

use crate::doctor::{Finding, Patient, diagnose};
use crate::io::{self, LoadedModel, Opened, Problem, ReadAs};
use crate::jobs::{self, DataSpec};
use crate::training::Run;

use super::{Env, codes_alone, data_alone, flags, json, model, print, table};

/// Prints what a file holds.
pub(super) fn inspect(matches: &ArgMatches, env: &Env) -> Result<()> {
    let path = flags::path(matches, "file")?;
    let (read_as, options) = (flags::read_as(matches), flags::model_options(matches)?);
    let (time_axis, cleaning) = (flags::time_axis(matches), flags::cleaning(matches));
    // What is said of a model says that it is one. Otherwise an array that may be features is what it is wherever else it is opened.
    let is_model = read_as == Some(ReadAs::Model) || flags::says_model(matches);
    let dim = flags::dim(matches);
    let wanted = io::Wanted {
        quantizer: flags::quantizer(matches),
        model: is_model.then_some(&options),
        read_as,
        time_axis,
        cleaning: Some(&cleaning),
        dim,
        ..io::Wanted::default()
    };
    let opened = model::open(path, wanted, env);
    let as_json = flags::switch(matches, "json");
    let text = match opened.inspect_err(|err| drop(print(&candidates(err))))? {
        Opened::Model(model) if as_json => json::text(as_value(&model)?)?,
        Opened::Model(model) => described(path, &model),
        Opened::Codes(codes) => {
            let data = DataSpec { read_as, time_axis, cleaning: cleaning.clone(), ..DataSpec::default() };
            let counted = codes_alone::counted(path, data, env)?;
            if as_json {
                json::text(codes_alone::as_value(&codes, &counted, path))?
            } else {
                codes_alone::described(&codes, &counted, path)
            }
        }
        Opened::Features(features) => {
            let load = || model::load_at(path, None, &options, env).ok();
            let as_model = data_alone::may_be_model(&features).then(load).flatten();
            let told = data_alone::of_features(features, time_axis, as_model.as_ref(), path);
            if as_json { json::text(told.json)? } else { told.text(path) }
        }
        Opened::Audio(audio) => {
            let told = data_alone::of_audio(&audio, path);
            if as_json { json::text(told.json)? } else { told.text(path) }
        }
    };
    Ok(print(&text)?)
}

/// The tensors that look like codebooks, where a file could not be opened for want of a known layout.
fn candidates(err: &anyhow::Error) -> String {
    let problem = err.downcast_ref::<io::FileError>().map(|err| &err.problem);
    let Some(Problem::NoQuantizer { candidates, .. }) = problem else { return String::new() };
    if candidates.is_empty() {
        return String::new();
    }
    let mut rows = vec![["looks like a codebook", "layers", "shape", "guess"].map(str::to_owned).to_vec()];
    rows.extend(candidates.iter().map(|candidate| {
        let shape = candidate.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
        vec![
            super::one_line(&candidate.pattern),
            candidate.layers.to_string(),
            shape,
            candidate.guess.english().to_owned(),
        ]
    }));
    table::aligned(&rows)
}

fn described(path: &Path, model: &LoadedModel) -> String {
    let info = &model.info;
    let mut text = format!("{}\n", super::one_line(&path.display().to_string()));
    let mut facts: Vec<_> =
        info.facts(model.rvq.dim()).into_iter().map(|fact| (fact.label, fact.text)).collect();
    let (params, steps) = jobs::recorded(model);
    facts.extend(jobs::trained_words(params.as_ref(), steps).map(|text| ("Trained", text)));
    facts.extend(info.trained_words().map(|text| ("The file says", text)));
    let rows = facts.into_iter().map(|(label, text)| (label.to_lowercase(), super::one_line(&text)));
    text.push_str(&table::labelled(&rows.collect::<Vec<_>>()));
    let mut rows = vec![["layer", "codes", "dim", "dtype", "buffers"].map(str::to_owned).to_vec()];
    for (layer_idx, layer) in info.layers.iter().enumerate() {
        rows.push(vec![
            layer_idx.to_string(),
            layer.codes.to_string(),
            layer.dim.to_string(),
            layer.dtype.clone(),
            layer.buffers.join(" "),
        ]);
    }
    text.push_str(&table::aligned(&rows));
    let notes = info.training_notes();
    if !notes.is_empty() {
        text.push_str("training and config\n");
        let row =
            |&(key, value): &(&str, &str)| (format!("  {}", super::one_line(key)), super::one_line(value));
        let rows: Vec<_> = notes.iter().map(row).collect();
        text.push_str(&table::labelled(&rows));
    }
    for finding in found(model) {
        let _ = writeln!(text, "{} [{}] {}", finding.severity.label(), finding.id, finding.text);
        let _ = writeln!(text, "    measured  {}", finding.evidence());
    }
    for note in info.notes() {
        let _ = writeln!(text, "note: {}", super::one_line(&note));
    }
    text
}

/// What the doctor finds in a model without any frame.
fn found(model: &LoadedModel) -> Vec<Finding> {
    let (params, steps) = jobs::recorded(model);
    let run = Run::of_model(String::new(), Arc::new(model.rvq.clone()), params, steps);
    diagnose(&Patient::of(&run))
}

/// What the file says, with what the doctor finds, and what is to be noted of the file.
fn as_value(model: &LoadedModel) -> Result<serde_json::Value> {
    let mut value = serde_json::to_value(&model.info)?;
    let findings: Vec<serde_json::Value> =
        found(model).iter().map(super::doctor::as_value).collect::<Result<_, _>>()?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("findings".to_owned(), findings.into());
        fields.insert("notes".to_owned(), model.info.notes().into());
    }
    Ok(value)
}
