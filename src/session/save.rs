//! Writing files: models, codes, reports, checkpoints.

use crate::io::ModelOptions;
use crate::jobs::{CodesSpec, JobSpec, ReportOf, ReportSpec, SaveSpec, WriteBackSpec, ema_params};
use crate::rvq::LayerSpan;
use crate::text::t;

use super::activity::Doing;
use super::command::SaveCommand;
use super::run_entry::Origin;
use super::severity::Severity;
use super::{RunEntry, Session};

impl Session {
    pub(super) fn apply_save(&mut self, command: SaveCommand) {
        match self.save_spec(command) {
            Ok((title, spec)) => self.activity.start(title, Doing::Saving, spec),
            Err(why) => self.notify(Severity::Warning, why),
        }
    }

    fn save_spec(&self, command: SaveCommand) -> Result<(&'static str, JobSpec), &'static str> {
        if let (Some(codes), SaveCommand::Report(dir)) = (self.codes(), &command) {
            let spec = ReportSpec { of: ReportOf::Codes(codes.clone()), dir: dir.clone() };
            return Ok((t!("session-writing-report"), JobSpec::Report(spec)));
        }
        if let SaveCommand::Sound(path) = command {
            return Ok((t!("session-writing-sound"), self.sound_to_save(path)?));
        }
        let view = self.view().ok_or_else(|| t!("session-nothing-to-save"))?;
        let run = view.run.clone();
        Ok(match command {
            SaveCommand::Model(path) => {
                (t!("session-saving-model"), JobSpec::SaveModel(SaveSpec { run, path }))
            }
            SaveCommand::Codes(path) => {
                // Of its own data and no other: codes of a run say nothing about frames that it was not asked about.
                let dataset = view.entry.data.and_then(|data| self.corpus.dataset(data)).cloned();
                let dataset = dataset.ok_or_else(|| t!("session-nothing-to-encode"))?;
                let (rvq, search, span) = (run.rvq.clone(), self.plan.search, LayerSpan::ALL);
                let spec = CodesSpec { rvq, dataset, span, search, path };
                (t!("session-saving-codes"), JobSpec::SaveCodes(spec))
            }
            SaveCommand::Report(dir) => {
                let dataset = view.entry.data.and_then(|data| self.corpus.dataset(data)).cloned();
                let of = ReportOf::Run(run, view.history.clone(), dataset);
                (t!("session-writing-report"), JobSpec::Report(ReportSpec { of, dir }))
            }
            // Taken above: it needs no run.
            SaveCommand::Sound(_) => return Err(t!("session-nothing-to-hear")),
            SaveCommand::WriteBack { original, path } => {
                let (rvq, ema) = (run.rvq.clone(), ema_params(&run));
                let (quantizer, options) = self.read_from(view.entry);
                (
                    t!("session-writing-back"),
                    JobSpec::WriteBack(WriteBackSpec { rvq, original, quantizer, options, path, ema }),
                )
            }
        })
    }

    /// How the checkpoint is read that a run is of, or started from: which of several quantizers, and what was said of it.
    fn read_from(&self, entry: &RunEntry) -> (Option<String>, ModelOptions) {
        let mut entry = entry;
        // A run that started from a run that started from a checkpoint: as many steps back as there are runs, at the most.
        for _ in 0..=self.runs.entries().len() {
            if let Some(file) = entry.model() {
                return (file.quantizer.clone(), file.options.clone());
            }
            let (Origin::Trained { from: Some(from) } | Origin::Repaired { from, .. }) = &entry.origin else {
                break;
            };
            let Some(before) = self.runs.get(*from) else { break };
            entry = before;
        }
        <_>::default()
    }
}
