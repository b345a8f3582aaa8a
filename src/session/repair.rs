//! Mending a run: what comes of it is a run of its own beside the old one.

use std::sync::Arc;

use crate::doctor::repair::{self, FIXES, Fix, Scores, Tried};
use crate::jobs::{Dataset, JobSpec, RepairRunSpec, RepairedRun};
use crate::rvq::RvqError;
use crate::task::Progress;
use crate::text::t;
use crate::training::Run;

use super::activity::Doing;
use super::edits::Edit;
use super::ids::{DataId, RunId};
use super::run_entry::{Body, Origin, RunState};
use super::runs::RunsEdit;
use super::severity::Severity;
use super::{RunEntry, Session};

/// The least number of frames that can be divided into those to mend by and those to judge by.
const LEAST_FRAMES: usize = 2;

impl Session {
    /// Why a run cannot be repaired now; `None` where it can.
    #[must_use]
    pub fn why_not_repair(&self, id: RunId) -> Option<String> {
        if self.is_repairing(id) {
            return Some(t!("session-being-repaired").to_owned());
        }
        self.to_repair(id).err()
    }

    /// Whether a run is being repaired.
    #[must_use]
    pub fn is_repairing(&self, id: RunId) -> bool {
        self.activity.repairing(id).is_some()
    }

    /// How far the repair of a run is.
    #[must_use]
    pub fn repair_progress(&self, id: RunId) -> Option<&Progress> {
        self.activity.repairing(id)?.progress.as_ref()
    }

    /// What a repair of a run works on, or why there cannot be one.
    fn to_repair(&self, id: RunId) -> Result<(Arc<Run>, DataId, Arc<Dataset>), String> {
        let entry = self.runs.get(id).ok_or_else(|| t!("session-no-such-run"))?;
        let run = entry.run().ok_or_else(|| t!("session-repair-not-in-memory"))?;
        if self.is_taking_steps(id) {
            return Err(t!("session-repair-taking-steps").to_owned());
        }
        repair::check(&run.rvq).map_err(why_not)?;
        let data = self.data_of(entry);
        let found = data.and_then(|data| Some((data, self.corpus.dataset(data)?.clone())));
        let (data, dataset) = found.ok_or_else(|| t!("session-repair-without-data"))?;
        let (dim, frames_dim) = (run.rvq.dim(), dataset.set.matrix.dim());
        if dim != frames_dim {
            return Err(t!("session-repair-other-dimension", dim = dim, of_data = frames_dim));
        }
        if dataset.set.matrix.num_frames() < LEAST_FRAMES {
            return Err(t!("session-repair-too-few").to_owned());
        }
        Ok((run.clone(), data, dataset))
    }

    /// The data of a run, or the present ones for a model that has met none.
    fn data_of(&self, entry: &RunEntry) -> Option<DataId> {
        entry.data.or(self.corpus.present().filter(|_| entry.model().is_some()))
    }

    /// Mends the quantizer of a run by the fixes of these ids, or by those that mend the findings of these ids.
    pub(super) fn repair_run(&mut self, id: RunId, ids: &[&'static str]) {
        if self.is_repairing(id) {
            return;
        }
        let (run, data, dataset) = match self.to_repair(id) {
            Ok(found) => found,
            Err(why) => return self.notify(Severity::Warning, why),
        };
        let is_asked = |fix: &&Fix| ids.iter().any(|asked| fix.id == *asked || fix.mends.contains(asked));
        let fixes: Vec<&'static Fix> = FIXES.iter().filter(is_asked).collect();
        if fixes.is_empty() {
            return self.notify(Severity::Warning, t!("session-repair-no-fix"));
        }
        let Some(old) = self.runs.get(id).map(RunEntry::name) else { return };
        let title = t!("session-repairing", run = old);
        let name = self.runs.free_name(t!("session-repaired", run = old));
        let spec = RepairRunSpec { run, name, dataset, fixes, search: self.plan.search };
        self.activity.start(&title, Doing::Repairing(id, data), JobSpec::Repair(spec));
    }

    /// Gives up mending a run.
    pub(super) fn cancel_repair(&mut self, id: RunId) {
        self.activity.drop_where(|doing| matches!(doing, Doing::Repairing(run, _) if *run == id));
    }

    /// A run was mended, or nothing did better: then it stays as it is, and all there is to say is what was tried.
    pub(super) fn take_repaired(&mut self, from: RunId, data: DataId, repaired: RepairedRun) {
        let RepairedRun { tried, run } = repaired;
        let Some(old) = self.runs.get(from) else { return };
        let (name, recipe, model) = (old.name().to_owned(), old.recipe, old.model().cloned());
        let words = tried.iter().map(tried_words).collect::<Vec<_>>().join(t!("semicolon"));
        let Some(run) = run else {
            let text = t!("session-no-better", run = name, tried = words);
            return self.notify(Severity::Info, text);
        };
        let origin = Origin::Repaired { from, tried: tried.into(), model };
        let (named, body) = (run.name.clone(), Body::Quantizer(run));
        let entry = self.runs.add(&mut self.ids, named, origin, RunState::Done, body);
        (entry.data, entry.recipe) = (Some(data), recipe);
        let id = entry.id;
        self.workspace.mark(id);
        self.edits.push(Edit::Runs(RunsEdit::Repair { id, from, at: 0, entry: None }));
        // Whoever went on to another run meanwhile is not taken away from it.
        if self.runs.shown_id() == Some(from) {
            self.show_run(id);
        }
        self.notify(Severity::Info, t!("session-was-repaired", run = name, tried = words));
    }
}

/// Why a quantizer cannot be mended, as a sentence.
fn why_not(err: RvqError) -> String {
    match err {
        RvqError::NotTrainable(why) => t!("session-repair-cannot", why = why),
        other => other.to_string(),
    }
}

/// What came of a fix: `replace-dead, 12 rows: SNR 10.21 -> 10.90 dB, 20 -> 32 codes used, kept`.
fn tried_words(tried: &Tried) -> String {
    let Tried { fix, rows, before, after, kept } = tried;
    let snr = |scores: &Scores| scores.snr_db.map_or_else(|| "–".to_owned(), |db| format!("{db:.2}"));
    let (then, now) = (snr(before), snr(after));
    let (used_before, used_after) = (before.used, after.used);
    if *kept {
        t!(
            "session-tried-kept",
            fix = *fix,
            rows = *rows,
            snr_before = then,
            snr_after = now,
            used_before = used_before,
            used_after = used_after
        )
    } else {
        t!(
            "session-tried-not-kept",
            fix = *fix,
            rows = *rows,
            snr_before = then,
            snr_after = now,
            used_before = used_before,
            used_after = used_after
        )
    }
}
