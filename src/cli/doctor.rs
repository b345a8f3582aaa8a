//! `doctor`: what is wrong with a model, by which figures, and what to change.

use std::fmt::Write as _;

use anyhow::Result;
use clap::ArgMatches;
use serde_json::json;

use crate::doctor::{Finding, Patient, Severity, diagnose};

use super::evaluated::{self, Evaluated};
use super::{Env, flags, json, print};

/// A severe finding under `--strict`: the command has done its work, and its exit code says so.
#[derive(Debug, thiserror::Error)]
#[error("there is a severe finding")]
pub(super) struct SevereFinding;

/// Codes that a text names; `--json` has all of them.
const CODES_SHOWN: usize = 12;

/// Prints the findings, the worst first.
pub(super) fn doctor(matches: &ArgMatches, env: &Env) -> Result<()> {
    let path = flags::path(matches, "model")?;
    let Evaluated { run, info, dataset } = evaluated::evaluate(matches, path, env)?;
    let notes = info.notes();
    let mut patient = Patient::of(&run);
    if let Some(dataset) = &dataset {
        patient = patient.with_frames(dataset.set.matrix.view());
    }
    let found = diagnose(&patient);
    let text = if flags::switch(matches, "json") {
        let findings: Vec<serde_json::Value> = found.iter().map(as_value).collect::<Result<_, _>>()?;
        json::text(json!({
            "model": run.name,
            "layers": run.rvq.num_layers(),
            "frames": dataset.as_ref().map(|dataset| dataset.set.matrix.num_frames()),
            "findings": findings,
            "notes": notes,
        }))?
    } else {
        described(&found, &notes)
    };
    print(&text)?;
    let is_severe = found.iter().any(|finding| finding.severity == Severity::Severe);
    if is_severe && flags::switch(matches, "strict") { Err(SevereFinding.into()) } else { Ok(()) }
}

/// A finding with what its check says of itself.
pub(super) fn as_value(finding: &Finding) -> serde_json::Result<serde_json::Value> {
    let mut value = serde_json::to_value(finding)?;
    if let (Some(fields), Some(check)) = (value.as_object_mut(), finding.check()) {
        fields.insert("title".to_owned(), check.title.english().into());
        fields.insert("why".to_owned(), check.why.english().into());
        fields.insert("source".to_owned(), check.source.english().into());
    }
    Ok(value)
}

pub(super) fn described(found: &[Finding], notes: &[String]) -> String {
    let (mut text, mut said) = (String::new(), "");
    if found.is_empty() {
        text.push_str("nothing stands out\n");
    }
    for finding in found {
        let _ = writeln!(text, "{} [{}] {}", finding.severity.label(), finding.id, finding.text);
        let _ = writeln!(text, "    measured  {}", finding.evidence());
        if !finding.codes.is_empty() {
            let shown: Vec<String> = finding.codes.iter().take(CODES_SHOWN).map(usize::to_string).collect();
            let more = if finding.codes.len() > CODES_SHOWN { ", ..." } else { "" };
            let _ = writeln!(text, "    codes     {}{more}", shown.join(", "));
        }
        // Once is enough for findings of one kind.
        if let Some(check) = finding.check().filter(|check| check.id != said) {
            let _ = writeln!(text, "    why       {}", check.why);
            said = check.id;
        }
        if let Some(remedy) = &finding.remedy {
            let _ = writeln!(text, "    change    {remedy}");
        }
    }
    for note in notes {
        let _ = writeln!(text, "note: {}", super::one_line(note));
    }
    text
}
