//! What always holds, whatever is asked of a session and whatever jobs tell it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ndarray::Array2;
use proptest::prelude::*;

use super::activity::Doing;
use super::mailbox::{Ending, Mailbox};
use super::*;
use crate::doctor::{Change, ChangeValue};
use crate::features::{FeatureMatrix, FeatureSet};
use crate::jobs::{DataSpec, Dataset, JobError, JobEvent, JobOutput, RepairedRun, Source};
use crate::param::ParamValue;
use crate::rvq::{Codebook, Rvq};
use crate::text::Message;
use crate::training::{LayerStep, Run, SplitKind, StepRecord};

fn dataset() -> Arc<Dataset> {
    let values = Array2::from_shape_fn((40, 3), |(n, d)| (n * 3 + d) as f32);
    let set = FeatureSet::single("clip", FeatureMatrix::new(values).unwrap(), None);
    let source = Source::Files(vec!["clip.npy".into()]);
    Arc::new(Dataset {
        source,
        set: Arc::new(set),
        audio: Vec::new(),
        time_axis: None,
        summary: Message::verbatim(""),
    })
}

/// A run of one layer that has taken so many steps.
fn state(steps: u64) -> Arc<Run> {
    let codebook = Codebook::from_rows(Array2::from_elem((4, 3), steps as f32)).unwrap();
    let rvq = Arc::new(Rvq::new(vec![codebook.into()]).unwrap());
    Arc::new(Run::of_model("a run".to_owned(), rvq, None, steps))
}

/// A session whose jobs do nothing: the test tells what they would.
struct Stage {
    session: Session,
    /// Steps that were told for each run.
    told: BTreeMap<RunId, u64>,
}

impl Stage {
    fn new() -> Self {
        let mut session = Session::new(Arc::new(|| {}));
        session.activity.mailboxes = Some(Vec::new());
        session.corpus.add(&mut session.ids, dataset(), DataSpec::default(), Vec::new());
        Self { session, told: BTreeMap::new() }
    }

    fn mailboxes(&self) -> &[Arc<Mailbox>] {
        self.session.activity.mailboxes.as_deref().unwrap()
    }

    /// The nth run, counted round and round.
    fn run(&self, nth: usize) -> RunId {
        let runs = self.session.runs();
        if runs.is_empty() { RunId(u64::MAX) } else { runs[nth % runs.len()].id }
    }

    fn command(&mut self, kind: usize, n: usize) {
        let id = self.run(n);
        let command: Command = match kind % 26 {
            0 | 1 => TrainCommand::Start.into(),
            2 => TrainCommand::Stop.into(),
            3 => TrainCommand::Continue.into(),
            4 => TrainCommand::Pause.into(),
            5 => RunsCommand::Show(id).into(),
            6 => RunsCommand::Overlay(id, !n.is_multiple_of(3)).into(),
            7 => RunsCommand::Rename(id, format!("name {n}")).into(),
            8 => RunsCommand::Delete(id).into(),
            9 => RunsCommand::TrainFrom(id).into(),
            10 => {
                ParamsCommand::Set { key: "decay", value: ParamValue::Float(0.1 + (n % 80) as f64 / 100.0) }
                    .into()
            }
            11 => {
                ParamsCommand::Set { key: "codebook_size", value: ParamValue::Int(2 + n as u64 % 9) }.into()
            }
            12 => SelectCommand::Code(n % 5, Some(n)).into(),
            13 => SelectCommand::Frames(Some((n, n + 1))).into(),
            14 => {
                SelectCommand::Split(if n.is_multiple_of(2) { SplitKind::Train } else { SplitKind::HeldOut })
                    .into()
            }
            15 => EditCommand::Undo.into(),
            16 => EditCommand::Redo.into(),
            17 => SweepCommand::Start { axes: vec!["codes=2,3".to_owned()], seeds: 1 + n as u64 % 2 }.into(),
            18 => SweepCommand::Release.into(),
            19 => SweepCommand::Clear.into(),
            20 => CompareCommand::Start("encodec,moshi".to_owned()).into(),
            // What is told next is meant for the training, where there is one.
            21 | 22 if self.session.trained_runs().is_empty() => {
                RunsCommand::Repair(id, vec!["refit"]).into()
            }
            23 => RunsCommand::CancelRepair(id).into(),
            24 => RunsCommand::Retrain(id, vec![Change { key: "decay", value: ChangeValue::Number(0.7) }])
                .into(),
            _ => WorkspaceCommand::SetLayout(format!("layout {}", n % 4)).into(),
        };
        self.session.apply(command);
    }

    /// A training tells a step, a state, a pause, or its end.
    fn mail(&mut self, kind: usize, n: usize) {
        let Some(last) = self.mailboxes().last().cloned() else { return };
        let trained = self.session.trained_runs().to_vec();
        if trained.is_empty() {
            if n.is_multiple_of(2) {
                let run = (!n.is_multiple_of(3)).then(|| state(n as u64));
                let repaired = RepairedRun { tried: Vec::new(), run };
                last.end(Ending::Done(Box::new(JobOutput::Repaired(repaired))));
                self.session.poll();
                return;
            }
            // Nobody listens to a job that is over.
            return last.post(JobEvent::Step(0, StepRecord { step: 1, layers: Vec::new() }));
        }
        let nth = n % trained.len();
        match kind % 6 {
            0..=2 => {
                let told = self.told.entry(trained[nth]).or_default();
                *told += 1;
                let record = StepRecord { step: *told, layers: vec![LayerStep::default()] };
                last.post(JobEvent::Step(nth, record));
            }
            3 => last.post(JobEvent::Run(nth, state(n as u64))),
            4 => last.post(JobEvent::Paused(n.is_multiple_of(2))),
            _ => last.end(match n % 4 {
                0 => Ending::Failed(JobError::Input(Message::verbatim("it failed"))),
                1 => Ending::Panicked(crate::text::Message::verbatim("it panicked")),
                2 => Ending::Done(Box::new(JobOutput::Saved("x".into()))),
                _ => Ending::Failed(JobError::Cancelled(crate::task::Cancelled)),
            }),
        }
        self.session.poll();
    }

    fn check(&self) {
        let Session { runs, activity, .. } = &self.session;
        let ids: Vec<RunId> = runs.entries().iter().map(|entry| entry.id).collect();
        let set: BTreeSet<RunId> = ids.iter().copied().collect();
        assert_eq!(set.len(), ids.len(), "ids are unique");
        assert!(runs.shown_id().is_none_or(|id| set.contains(&id)), "what is shown is there");
        assert!(runs.overlaid().iter().all(|id| set.contains(id)), "what is laid over it is there");
        let trained: Vec<&[RunId]> = activity
            .doing()
            .filter_map(
                |doing| if let Doing::Training(training) = doing { Some(&*training.runs) } else { None },
            )
            .collect();
        assert!(trained.len() <= 1, "one training at a time");
        let trained: BTreeSet<RunId> = trained.concat().into_iter().collect();
        let under_way = runs.entries().iter().filter(|entry| entry.state().is_under_way());
        assert!(under_way.clone().all(|entry| trained.contains(&entry.id)), "who is under way is trained");
        for entry in runs.entries() {
            let is_queued = activity.queue.contains(&entry.id);
            assert_eq!(
                *entry.state() == RunState::Planned,
                is_queued,
                "{} {:?}",
                entry.name(),
                entry.state()
            );
            let told = self.told.get(&entry.id).copied().unwrap_or(0);
            assert_eq!(entry.history.len() as u64, told, "no scalar of {} is lost", entry.name());
        }
        assert!(activity.queue.iter().all(|id| set.contains(id)), "who waits is there");
    }

    /// What can be undone.
    fn edited(&self) -> (RvqParams, Selection, String, BTreeMap<RunId, Label>) {
        let Session { runs, plan, selection, workspace, .. } = &self.session;
        let labels = runs.entries().iter().map(|entry| (entry.id, entry.label.clone())).collect();
        (*plan.params.current(), *selection, workspace.layout.clone(), labels)
    }

    /// Undo then redo is no change, but for a training that starts again when the parameters do.
    fn check_undo(&mut self) {
        if self.session.can_undo().is_none() {
            return;
        }
        let before = self.edited();
        self.session.apply(EditCommand::Undo);
        self.check();
        self.session.apply(EditCommand::Redo);
        let mut after = self.edited();
        after.3.retain(|id, _| before.3.contains_key(id));
        let gone: Vec<_> = before.3.keys().filter(|id| !after.3.contains_key(id)).collect();
        assert!(gone.iter().all(|id| !self.told.contains_key(id)), "a run with steps is gone");
        let mut before = before;
        before.3.retain(|id, _| after.3.contains_key(id));
        assert_eq!(before, after);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_asked_and_told_the_state_makes_sense(
        ops in prop::collection::vec((0usize..3, 0usize..64, 0usize..1000), 1..60)
    ) {
        let mut stage = Stage::new();
        for (what, kind, n) in ops {
            match what {
                0 | 1 => stage.command(kind, n),
                _ => stage.mail(kind, n),
            }
            stage.check();
            if n % 7 == 0 {
                stage.check_undo();
                stage.check();
            }
        }
    }
}

#[test]
fn a_panic_in_a_job_is_a_notice_and_changes_nothing() {
    let mut stage = Stage::new();
    stage.session.apply(TrainCommand::Start);
    stage.mail(0, 0);
    stage.mail(3, 1);
    let before = stage.session.view().unwrap().run.clone();
    stage.mail(5, 1);
    let last = stage.session.notices().last().unwrap();
    assert!(last.severity == Severity::Error && last.text.contains("it panicked"), "{last:?}");
    assert!(Arc::ptr_eq(stage.session.view().unwrap().run, &before));
    assert!(matches!(stage.session.runs()[0].state(), RunState::Failed(_)));
    stage.session.apply(TrainCommand::Start);
    assert_eq!(stage.session.train_state(), TrainState::Starting);
}
