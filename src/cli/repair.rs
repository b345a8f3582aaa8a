//! `repair`: mends a model on data without training it, and says what each fix did on frames that it did not see.

use anyhow::{Result, bail};
use clap::ArgMatches;
use serde_json::json;

use crate::doctor::repair::{FIXES, Fix, Scores, Tried, called_for, fix};
use crate::doctor::{Patient, diagnose};
use crate::io::{LoadedModel, ModelTarget};
use crate::jobs::{self, ConvertSpec, RepairSpec};

use super::evaluated::{self, Evaluated};
use super::{Env, Usage, check_writable, flags, json, model, print, table};

/// Mends and writes.
pub(super) fn repair(matches: &ArgMatches, env: &Env) -> Result<()> {
    let (path, out) = (flags::path(matches, "model")?, flags::path(matches, "out")?);
    let asked = asked(matches)?;
    model::check_model_ending(out)?;
    check_writable(out)?;
    let Evaluated { run, info, dataset } = evaluated::evaluate(matches, path, env)?;
    let Some(dataset) = dataset else {
        return Err(Usage(
            "repair needs data: fixes are worked out from frames, and judged by others".to_owned(),
        )
        .into());
    };
    let fixes = match asked {
        Some(fixes) => fixes,
        None => called_for(&diagnose(&Patient::of(&run).with_frames(dataset.set.matrix.view()))),
    };
    if fixes.is_empty() {
        bail!(
            "nothing stands out that can be mended, so nothing was written; --fix names what to try all the same"
        );
    }
    let spec = RepairSpec {
        rvq: run.rvq.clone(),
        dataset,
        fixes,
        layer: flags::count(matches, "layer"),
        holdout: flags::holdout(matches),
        search: flags::search(matches)?,
        seed: 0,
    };
    let repaired = env.job(|ctx| jobs::repair(&spec, ctx))?;
    let kept = repaired.tried.iter().any(|tried| tried.kept);
    let tried = if flags::switch(matches, "json") {
        let written = kept.then(|| out.display().to_string());
        json::text(json!({"written": written, "tried": repaired.tried}))?
    } else {
        described(&repaired.tried)
    };
    print(&tried)?;
    if !kept {
        bail!(
            "no fix did better on the held-out frames, so the model stays as it is and nothing was written"
        );
    }
    let model = LoadedModel { rvq: repaired.rvq, info };
    let spec = ConvertSpec { model, target: ModelTarget::default(), path: out.to_owned() };
    env.job(|ctx| jobs::convert(&spec, ctx))?;
    let into = path.display();
    env.reporter.note(&format!(
        "to put it into a copy of the checkpoint: rvqscope write-back {} --into {into} --out COPY",
        out.display()
    ));
    Ok(())
}

/// The fixes that are named, in the order in which they are tried.
fn asked(matches: &ArgMatches) -> Result<Option<Vec<&'static Fix>>, Usage> {
    let Some(ids) = matches.get_many::<String>("fix") else { return Ok(None) };
    let mut named = Vec::new();
    for id in ids {
        named.push(fix(id).ok_or_else(|| {
            let known: Vec<&str> = FIXES.iter().map(|fix| fix.id).collect();
            Usage(format!(
                "there is no fix {id:?}, and none for a finding of that id; there are {}",
                known.join(", ")
            ))
        })?);
    }
    let is_named = |fix: &&Fix| named.iter().any(|named| named.id == fix.id);
    Ok(Some(FIXES.iter().filter(is_named).collect()))
}

fn described(tried: &[Tried]) -> String {
    let header = ["fix", "rows", "SNR dB", "", "codes used", "", "rare", "", "bits", "", ""];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for Tried { fix, rows: changed, before, after, kept } in tried {
        let db = |scores: &Scores| scores.snr_db.map_or_else(|| "-".to_owned(), |db| format!("{db:.3}"));
        rows.push(vec![
            (*fix).to_owned(),
            changed.to_string(),
            db(before),
            format!("-> {}", db(after)),
            before.used.to_string(),
            format!("-> {}", after.used),
            before.rare.to_string(),
            format!("-> {}", after.rare),
            format!("{:.2}", before.bits),
            format!("-> {:.2}", after.bits),
            if *kept { "kept" } else { "not kept" }.to_owned(),
        ]);
    }
    table::aligned(&rows)
}
