//! The session: commands in, state out, whatever jobs do, and never a wait.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
mod repair;
mod runs;
mod sound;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{bits, clustered, history_bits, spec, train};
use ndarray::Array2;
use rvqscope::io::{CodebookNames, write_f32_npy};
use rvqscope::jobs::Builtin;
use rvqscope::param::ParamValue;
use rvqscope::rvq::{LayerSpan, Metric, Rvq, RvqParams, param_spec};
use rvqscope::session::{
    Answer, Command, DataCommand, EditCommand, ParamsCommand, Question, RunState, RunsCommand, SaveCommand,
    SelectCommand, Session, Severity, TrainCommand, TrainState,
};
use rvqscope::training::{Run, Series, SplitKind};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Many more steps than a test waits for.
pub(crate) const ENDLESS: u64 = 100_000_000;

/// A session, and how often it asked to be looked at.
pub(crate) struct Desk {
    session: Session,
    wakes: Arc<AtomicUsize>,
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let wakes = Arc::new(AtomicUsize::new(0));
        let counter = wakes.clone();
        let waker = Arc::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let mut session = Session::new(waker);
        session.set_threads(1);
        Self { session, wakes, dir: tempfile::tempdir().unwrap() }
    }

    /// With the built-in example opened, and a training of milliseconds set up.
    fn with_article(steps: u64) -> Self {
        let mut desk = Self::new();
        desk.apply(DataCommand::OpenBuiltin { builtin: Builtin::Article, then_train: false });
        desk.wait("the example", |s| !s.is_busy());
        desk.small(steps);
        desk
    }

    /// With features of a file, and a training of milliseconds set up.
    fn with_file(values: &Array2<f32>, steps: u64) -> Self {
        let mut desk = Self::new();
        let path = desk.npy("features.npy", values);
        desk.open(&path);
        desk.small(steps);
        desk
    }

    fn small(&mut self, steps: u64) {
        for (key, value) in [
            ("num_layers", 4),
            ("codebook_size", 16),
            ("kmeans_iters", 3),
            ("batch_size", 64),
            ("steps", steps),
        ] {
            self.set(key, ParamValue::Int(value));
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn npy(&self, name: &str, values: &Array2<f32>) -> PathBuf {
        let path = self.path(name);
        write_f32_npy(&path, values.view()).unwrap();
        path
    }

    fn apply(&mut self, command: impl Into<Command>) {
        let start = Instant::now();
        self.session.apply(command);
        assert!(start.elapsed() < Duration::from_secs(2), "a command made the window wait");
    }

    fn set(&mut self, key: &str, value: ParamValue) {
        self.apply(ParamsCommand::Set { key: param_spec(key).unwrap().key, value });
    }

    fn open(&mut self, path: &Path) {
        self.apply(DataCommand::Open(vec![path.to_owned()]));
        self.wait("opening", |s| !s.is_busy());
    }

    fn wait(&mut self, what: &str, done: impl Fn(&Session) -> bool) {
        let start = Instant::now();
        self.session.poll();
        while !done(&self.session) {
            let Self { session, .. } = self;
            assert!(start.elapsed() < PATIENCE, "{what}: {session:?} {:?}", session.notices());
            std::thread::sleep(Duration::from_millis(1));
            self.session.poll();
        }
    }

    /// Polls for a while, in which something must not happen.
    fn linger(&mut self) {
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(10));
            self.session.poll();
        }
    }

    fn train(&mut self) {
        self.apply(TrainCommand::Start);
        self.finish();
    }

    fn finish(&mut self) {
        self.wait("the end of training", |s| s.train_state() == TrainState::Idle);
    }

    /// Steps in the history; none where nothing is shown.
    fn steps(&self) -> usize {
        self.session.view().map_or(0, |view| view.history.len())
    }

    /// Starts a training without an end and waits until it shows this many steps.
    fn run_to(&mut self, steps: usize) {
        self.apply(TrainCommand::Start);
        self.reach(steps);
    }

    fn reach(&mut self, steps: usize) {
        self.wait("steps", |s| s.view().is_some_and(|view| view.history.len() >= steps));
    }

    fn pause(&mut self) {
        self.apply(TrainCommand::Pause);
        self.wait("a pause", |s| {
            let caught_up = s.view().is_some_and(|v| v.run.steps == v.history.len() as u64);
            s.train_state() == TrainState::Paused && caught_up
        });
    }

    fn assert_every_step_once(&self, steps: u64) {
        let view = self.session.view().expect("a view");
        assert_eq!(view.history.steps(), (1..=steps).collect::<Vec<_>>());
        assert_eq!(view.run.steps, steps);
    }

    /// What is shown is what an uninterrupted training of `params` on the same data gives, to the bit.
    fn assert_same_as_uninterrupted(&self, params: RvqParams) {
        let whole = train(spec(self.session.dataset().unwrap(), params));
        let view = self.session.view().expect("a view");
        assert_eq!(history_bits(view.history), history_bits(&whole.history));
        assert_eq!(bits(&view.run.rvq), bits(&whole.run.rvq));
    }

    /// The quantizer of the loaded model.
    fn model_rvq(&self) -> Arc<Rvq> {
        self.session.model_run().unwrap().run().unwrap().rvq.clone()
    }

    fn problems(&self) -> Vec<&str> {
        let notices = self.session.notices().iter().filter(|n| n.severity > Severity::Info);
        notices.map(|notice| notice.text.as_str()).collect()
    }
}

#[test]
fn a_training_shows_every_step_and_ends() {
    let mut desk = Desk::with_article(60);
    desk.train();
    desk.assert_every_step_once(60);
    desk.assert_same_as_uninterrupted(*desk.session.params().current());
    assert_eq!((desk.session.runs().len(), desk.session.can_continue()), (1, true));
    assert!(desk.problems().is_empty(), "{:?}", desk.problems());
    let run = &desk.session.view().unwrap().run;
    assert_eq!((run.evaluated_at, run.source.train_frames, run.source.held_out_frames), (60, 900, 100));
    assert_eq!(run.train.as_ref().map(|e| e.frames), Some(900));
    assert_eq!(run.held_out.as_ref().map(|e| e.frames), Some(100));
}

#[test]
fn a_paused_training_takes_no_step_and_shows_where_it_stands() {
    let mut desk = Desk::with_article(ENDLESS);
    desk.run_to(5);
    desk.pause();
    let steps = desk.steps();
    desk.linger();
    assert_eq!((desk.steps(), desk.session.train_state()), (steps, TrainState::Paused));
    assert_eq!(desk.session.view().unwrap().run.steps, steps as u64);
    desk.apply(TrainCommand::Resume);
    desk.reach(steps + 5);
    assert_eq!(desk.session.train_state(), TrainState::Running);
}

#[test]
fn step_once_is_exactly_one_step_and_twice_is_two() {
    let mut desk = Desk::with_article(ENDLESS);
    desk.apply(TrainCommand::StepOnce);
    desk.reach(1);
    desk.linger();
    assert_eq!((desk.steps(), desk.session.train_state()), (1, TrainState::Paused));
    desk.apply(TrainCommand::StepOnce);
    desk.reach(2);
    desk.linger();
    assert_eq!(desk.steps(), 2);
    for _ in 0..3 {
        desk.apply(TrainCommand::StepOnce);
    }
    desk.reach(5);
    desk.linger();
    desk.assert_every_step_once(5);
    assert_eq!(desk.session.train_state(), TrainState::Paused);
}

#[test]
fn step_once_pauses_a_running_training() {
    let mut desk = Desk::with_article(ENDLESS);
    desk.run_to(3);
    desk.apply(TrainCommand::StepOnce);
    desk.wait("a pause", |s| s.train_state() == TrainState::Paused);
    desk.linger();
    let steps = desk.steps();
    desk.linger();
    assert_eq!(desk.steps(), steps);
}

#[test]
fn stopping_keeps_what_was_reached_and_is_quick() {
    let mut desk = Desk::with_article(ENDLESS);
    desk.run_to(20);
    let start = Instant::now();
    desk.apply(TrainCommand::Stop);
    assert_eq!(desk.session.train_state(), TrainState::Stopping);
    desk.finish();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let steps = desk.steps() as u64;
    assert!(steps >= 20);
    desk.assert_every_step_once(steps);
    desk.assert_same_as_uninterrupted(RvqParams { steps, ..*desk.session.params().current() });
    assert!(desk.problems().is_empty(), "{:?}", desk.problems());
}

#[test]
fn a_paused_training_can_be_stopped() {
    let mut desk = Desk::with_article(ENDLESS);
    desk.run_to(3);
    desk.pause();
    let steps = desk.steps() as u64;
    desk.apply(TrainCommand::Stop);
    desk.finish();
    desk.assert_every_step_once(steps);
    assert!(desk.session.can_continue());
}

#[test]
fn stopped_and_continued_again_and_again_it_is_the_uninterrupted_training() {
    let mut desk = Desk::with_article(ENDLESS);
    desk.run_to(5);
    for _ in 0..6 {
        desk.apply(TrainCommand::Stop);
        desk.finish();
        assert!(desk.session.can_continue(), "a stop in the middle of a step is no reason to end for good");
        let steps = desk.steps();
        desk.apply(TrainCommand::Continue);
        desk.reach(steps + 3);
    }
    desk.apply(TrainCommand::Stop);
    desk.finish();
    let stopped_at = desk.steps() as u64;
    desk.set("steps", ParamValue::Int(30));
    desk.apply(TrainCommand::Continue);
    desk.finish();
    desk.assert_every_step_once(stopped_at + 30);
    desk.assert_same_as_uninterrupted(RvqParams {
        steps: stopped_at + 30,
        ..*desk.session.params().current()
    });
    assert_eq!(desk.session.runs().len(), 1, "it is one run");
    assert!(desk.session.view().unwrap().run.live_edits.iter().all(|edit| edit.key == "steps"));
}

#[test]
fn continuing_is_one_run_with_all_its_steps() {
    let mut desk = Desk::with_article(25);
    desk.train();
    desk.set("steps", ParamValue::Int(15));
    desk.apply(TrainCommand::Continue);
    desk.finish();
    desk.assert_every_step_once(40);
    desk.assert_same_as_uninterrupted(RvqParams { steps: 40, ..*desk.session.params().current() });
    assert!(desk.session.view().unwrap().run.live_edits.is_empty());
}

#[test]
fn an_edit_between_two_stretches_is_recorded() {
    let mut desk = Desk::with_article(10);
    desk.train();
    desk.set("decay", ParamValue::Float(0.8));
    desk.apply(TrainCommand::Continue);
    desk.finish();
    let run = &desk.session.view().unwrap().run;
    let edits: Vec<_> = run.live_edits.iter().map(|edit| (edit.step, edit.key)).collect();
    assert_eq!((edits, run.params.decay), (vec![(11, "decay")], 0.8));
    assert_eq!(run.live_edits[0].to, serde_json::json!(0.8));
}

#[test]
fn an_edit_of_a_continued_training_does_not_shorten_it() {
    let mut desk = Desk::with_article(10);
    desk.train();
    desk.set("steps", ParamValue::Int(100_000));
    desk.apply(TrainCommand::Continue);
    desk.reach(12);
    desk.set("steps", ParamValue::Int(20));
    desk.pause();
    let reached = desk.steps() as u64;
    if reached < 30 {
        desk.set("decay", ParamValue::Float(0.9));
        desk.apply(TrainCommand::Resume);
        desk.finish();
        desk.assert_every_step_once(30);
    }
}

#[test]
fn what_was_held_out_stays_held_out_when_a_run_goes_on() {
    let mut desk = Desk::with_article(10);
    desk.apply(DataCommand::SetStandardize(true));
    desk.train();
    desk.apply(DataCommand::SetHoldout(0.5));
    desk.apply(DataCommand::SetStandardize(false));
    desk.apply(TrainCommand::Continue);
    desk.finish();
    desk.assert_every_step_once(20);
    let view = desk.session.view().unwrap();
    assert_eq!((view.run.source.train_frames, view.run.source.held_out_frames), (900, 100));
    let params = RvqParams { steps: 20, ..*desk.session.params().current() };
    let mut whole = spec(desk.session.dataset().unwrap(), params);
    whole.standardize = true;
    let whole = train(whole);
    assert_eq!(bits(&view.run.rvq), bits(&whole.run.rvq), "in input units, as it was begun");
    assert_eq!(history_bits(view.history), history_bits(&whole.history));
}

#[test]
fn a_run_goes_on_under_its_own_rule_and_threshold() {
    let mut desk = Desk::with_article(10);
    desk.train();
    desk.apply(ParamsCommand::SetRule("gpt-sovits"));
    desk.apply(TrainCommand::Continue);
    desk.finish();
    desk.assert_every_step_once(20);
    let params = &desk.session.view().unwrap().run.params;
    assert_eq!((params.rule, params.threshold_ema_dead_code), ("rvqscope", 0.1));
}

#[test]
fn starting_anew_while_training_runs_replaces_it() {
    let mut desk = Desk::with_article(ENDLESS);
    desk.run_to(50);
    let name = desk.session.view().unwrap().run.name.clone();
    desk.set("steps", ParamValue::Int(30));
    desk.apply(TrainCommand::Start);
    desk.finish();
    desk.assert_every_step_once(30);
    assert_ne!(desk.session.view().unwrap().run.name, name);
    desk.assert_same_as_uninterrupted(*desk.session.params().current());
}

#[test]
fn live_edits_hold_from_the_next_step_and_are_recorded() {
    let mut desk = Desk::with_article(ENDLESS);
    desk.run_to(3);
    desk.pause();
    let next = desk.steps() as u64 + 1;
    let edits: [(&str, ParamValue); 4] = [
        ("decay", ParamValue::Float(0.7)),
        ("epsilon", ParamValue::Float(1e-3)),
        ("threshold_ema_dead_code", ParamValue::Float(0.4)),
        ("batch_size", ParamValue::Int(100)),
    ];
    for (key, value) in edits {
        desk.set(key, value);
    }
    desk.apply(TrainCommand::StepOnce);
    desk.wait("the step", |s| s.view().is_some_and(|v| v.run.steps == next));
    let run = &desk.session.view().unwrap().run;
    let recorded: Vec<_> = run.live_edits.iter().map(|e| (e.step, e.key, e.to.clone())).collect();
    let wanted: Vec<_> =
        edits.map(|(key, value)| (next, param_spec(key).unwrap().key, value.to_json())).to_vec();
    assert_eq!(recorded, wanted);
    assert_eq!((run.params.decay, run.params.batch_size), (0.7, 100));
    let counted: u32 = run.states[0].batch_counts.iter().sum();
    assert_eq!(counted, 100, "the step saw the new batch size");
}

#[test]
fn live_edits_of_a_running_training_do_not_restart_it() {
    let mut desk = Desk::with_article(ENDLESS);
    desk.run_to(10);
    let name = desk.session.view().unwrap().run.name.clone();
    desk.set("decay", ParamValue::Float(0.5));
    desk.wait("the edit", |s| s.view().is_some_and(|v| v.run.params.decay == 0.5));
    let edit = desk.session.view().unwrap().run.live_edits[0].clone();
    assert!(edit.step > 10 && edit.key == "decay", "{edit:?}");
    assert_eq!(desk.session.view().unwrap().run.name, name);
    desk.apply(EditCommand::Undo);
    desk.wait("the undo", |s| s.view().is_some_and(|v| v.run.params.decay == 0.99));
    desk.apply(EditCommand::Redo);
    desk.wait("the redo", |s| s.view().is_some_and(|v| v.run.params.decay == 0.5));
    assert_eq!(desk.session.view().unwrap().run.live_edits.len(), 3);
    desk.apply(TrainCommand::Stop);
    desk.finish();
    desk.assert_every_step_once(desk.steps() as u64);
}

#[test]
fn lowering_the_steps_below_what_was_taken_ends_there() {
    let mut desk = Desk::with_article(ENDLESS);
    desk.run_to(10);
    desk.pause();
    let reached = desk.steps() as u64;
    desk.set("steps", ParamValue::Int(5));
    desk.apply(TrainCommand::Resume);
    desk.finish();
    desk.assert_every_step_once(reached);
}

#[test]
fn an_edit_that_needs_it_starts_a_running_training_again_and_undo_does_too() {
    let mut desk = Desk::with_article(ENDLESS);
    desk.run_to(10);
    desk.set("codebook_size", ParamValue::Int(9));
    desk.wait("nine codes", |s| s.view().is_some_and(|v| v.run.rvq.layers()[0].codebook.num_codes() == 9));
    assert!(desk.session.view().unwrap().run.live_edits.is_empty());
    assert_eq!(desk.session.view().unwrap().history.steps()[0], 1);
    desk.apply(EditCommand::Undo);
    desk.wait("sixteen", |s| s.view().is_some_and(|v| v.run.rvq.layers()[0].codebook.num_codes() == 16));
    desk.apply(ParamsCommand::SetRule("gpt-sovits"));
    desk.wait("the other rule", |s| s.view().is_some_and(|v| v.run.params.rule == "gpt-sovits"));
    desk.apply(DataCommand::SetHoldout(0.3));
    desk.wait("the other split", |s| s.view().is_some_and(|v| v.run.source.held_out_frames == 300));
}

#[test]
fn what_is_proposed_is_one_edit_and_a_training_that_stands_still_is_done() {
    let mut desk = Desk::with_file(&clustered(1, 500, 4, 4), ENDLESS);
    let before = *desk.session.params().current();
    desk.apply(ParamsCommand::TakeProposals);
    let fitted = *desk.session.params().current();
    assert!(desk.session.proposals().is_empty() && fitted != before);
    desk.apply(EditCommand::Undo);
    assert_eq!(*desk.session.params().current(), before);
    desk.set("patience", ParamValue::Int(50));
    desk.train();
    let steps = desk.steps() as u64;
    desk.assert_every_step_once(steps);
    assert_eq!(desk.session.shown().map(|entry| entry.state().clone()), Some(RunState::Done));
    let told = desk.session.notices().iter().filter(|notice| notice.text.contains("ended at step")).count();
    assert_eq!(told, 1, "{:?}", desk.session.notices());
    desk.apply(TrainCommand::Continue);
    desk.finish();
    assert!(desk.steps() as u64 >= steps + 50, "it has patience anew");
    desk.assert_every_step_once(desk.steps() as u64);
}

#[test]
fn a_value_out_of_range_is_a_notice_and_no_edit() {
    let mut desk = Desk::with_article(10);
    let before = *desk.session.params().current();
    desk.set("decay", ParamValue::Float(1.5));
    assert_eq!(*desk.session.params().current(), before);
    assert_eq!(desk.problems().len(), 1, "{:?}", desk.problems());
    desk.set("decay", ParamValue::Float(f64::NAN));
    assert_eq!(*desk.session.params().current(), before);
}

#[test]
fn of_two_files_opened_at_once_the_second_is_there() {
    let mut desk = Desk::new();
    let a = desk.npy("a.npy", &clustered(1, 4000, 40, 4));
    let b = desk.npy("b.npy", &clustered(2, 60, 5, 4));
    desk.apply(DataCommand::Open(vec![a]));
    desk.apply(DataCommand::Open(vec![b.clone()]));
    desk.wait("the second", |s| s.dataset().is_some());
    desk.linger();
    assert_eq!(desk.session.dataset().unwrap().set.matrix.dim(), 5);
    assert_eq!(desk.session.take_recently_opened(), [vec![b]]);
}

#[test]
fn a_training_has_nothing_to_say_of_data_that_came_after_it() {
    let mut desk = Desk::with_file(&clustered(1, 500, 6, 4), ENDLESS);
    let other = desk.npy("other.npy", &clustered(2, 60, 5, 4));
    for linger in [false, true] {
        desk.apply(TrainCommand::Start);
        if linger {
            desk.reach(3);
        }
        desk.apply(DataCommand::Open(vec![other.clone()]));
        desk.wait("the other data", |s| s.dataset().unwrap().set.matrix.dim() == 5 && !s.is_opening());
        desk.linger();
        assert!(desk.session.view().is_none(), "a training of other data showed itself");
        assert_eq!(desk.session.train_state(), TrainState::Idle);
        assert!(!desk.session.can_continue());
        assert!(desk.problems().is_empty(), "{:?}", desk.problems());
    }
    // Whether the first had shown a step before the file was open is up to the machine; the second had.
    let kept: Vec<_> = desk.session.runs().iter().map(|entry| (entry.state(), entry.history.len())).collect();
    assert!(
        kept.iter().all(|&(state, steps)| *state == RunState::Stopped && steps > 0),
        "what had shown nothing is gone: {kept:?}"
    );
    assert!(kept.last().is_some_and(|&(_, steps)| steps >= 3), "what had shown something stays: {kept:?}");
}

#[test]
fn giving_up_an_opening_leaves_what_was_there() {
    let mut desk = Desk::with_file(&clustered(1, 100, 6, 4), 10);
    desk.train();
    let large = desk.npy("large.npy", &clustered(2, 20_000, 64, 4));
    desk.apply(DataCommand::Open(vec![large]));
    desk.apply(DataCommand::Cancel);
    assert!(!desk.session.is_opening());
    desk.linger();
    assert_eq!(desk.session.dataset().unwrap().set.matrix.dim(), 6);
    desk.assert_every_step_once(10);
    assert!(desk.session.can_continue() && desk.problems().is_empty());
}

#[test]
fn stopping_during_kmeans_leaves_what_was_there() {
    let mut desk = Desk::with_article(10);
    desk.train();
    let before = desk.session.view().unwrap().run.clone();
    desk.set("kmeans_iters", ParamValue::Int(10_000));
    desk.set("codebook_size", ParamValue::Int(500));
    desk.apply(TrainCommand::Start);
    desk.wait("k-means", |s| s.train_progress().is_some_and(|p| p.stage.english().starts_with("k-means")));
    let start = Instant::now();
    desk.apply(TrainCommand::Stop);
    desk.finish();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(*desk.session.view().unwrap().run, before);
    assert!(desk.problems().is_empty(), "{:?}", desk.problems());
    assert!(desk.session.can_continue(), "the run that is still shown can still go on");
    desk.apply(TrainCommand::Continue);
    desk.finish();
    desk.assert_every_step_once(20);
}

#[test]
fn a_window_that_does_not_look_loses_no_step() {
    let mut desk = Desk::with_article(ENDLESS);
    desk.set("num_layers", ParamValue::Int(1));
    desk.set("codebook_size", ParamValue::Int(4));
    desk.set("batch_size", ParamValue::Int(16));
    desk.apply(TrainCommand::Start);
    let start = Instant::now();
    // Nobody polls while thousands of steps are told.
    while desk.wakes.load(Ordering::Relaxed) < 5000 {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    desk.apply(TrainCommand::Pause);
    desk.linger();
    desk.pause();
    let steps = desk.steps() as u64;
    assert!(steps > 4000, "{steps}");
    desk.assert_every_step_once(steps);
    // What is shown was told step by step; what the job hands over in the end is the same.
    let told = history_bits(desk.session.view().unwrap().history);
    desk.apply(TrainCommand::Stop);
    desk.finish();
    assert_eq!(history_bits(desk.session.view().unwrap().history), told);
    desk.assert_same_as_uninterrupted(RvqParams { steps, ..*desk.session.params().current() });
}

#[test]
fn an_idle_or_paused_session_wakes_nobody() {
    let mut desk = Desk::with_article(20);
    desk.train();
    desk.linger();
    let wakes = desk.wakes.load(Ordering::Relaxed);
    let revision = desk.session.revision();
    for _ in 0..30 {
        std::thread::sleep(Duration::from_millis(10));
        assert!(!desk.session.poll(), "nothing changes");
    }
    assert_eq!((desk.wakes.load(Ordering::Relaxed), desk.session.revision()), (wakes, revision));
    desk.set("steps", ParamValue::Int(ENDLESS));
    desk.run_to(5);
    desk.pause();
    desk.linger();
    let wakes = desk.wakes.load(Ordering::Relaxed);
    desk.linger();
    assert_eq!(desk.wakes.load(Ordering::Relaxed), wakes, "a pause is idle too");
}

#[test]
fn model_and_codes_are_saved_and_opened_again() {
    let values = clustered(3, 400, 6, 5);
    let mut desk = Desk::with_file(&values, 20);
    desk.train();
    let trained = desk.session.view().unwrap().run.clone();
    let (model, codes) = (desk.path("model.safetensors"), desk.path("codes.npy"));
    desk.apply(SaveCommand::Model(model.clone()));
    desk.apply(SaveCommand::Codes(codes.clone()));
    desk.wait("saving", |s| !s.is_busy());
    let saved = desk.session.notices().iter().filter(|n| n.text.starts_with("Saved: ")).count();
    assert_eq!((saved, desk.problems().len()), (2, 0));
    let read: Array2<i32> = ndarray_npy::read_npy(&codes).unwrap();
    assert_eq!(read.mapv(|code| code as u32), trained.rvq.encode(values.view(), LayerSpan::ALL).unwrap());

    let mut other = Desk::with_file(&values, 20);
    other.open(&model);
    other.wait("evaluating", |s| !s.is_busy());
    let view = other.session.view().expect("the model, held against the data");
    assert!(view.is_model && view.history.is_empty());
    assert_eq!((view.run.steps, view.run.params, view.run.params_known), (20, trained.params, true));
    for (a, b) in view.run.rvq.layers().iter().zip(trained.rvq.layers()) {
        assert_eq!(a.codebook.embed(), b.codebook.embed());
    }
    let all = view.run.held_out.as_ref().map(|evaluation| evaluation.frames);
    assert_eq!((all, view.run.train.is_none()), (Some(400), true), "it was trained on none of these frames");
    // Unless the user says on which: then the split comes back.
    let id = view.id();
    other.apply(RunsCommand::Evaluate(id, Some(0.1)));
    other.wait("evaluating", |s| !s.is_busy());
    let view = other.session.view().unwrap();
    assert_eq!((view.id(), other.session.runs().len()), (id, 1));
    for split in [SplitKind::Train, SplitKind::HeldOut] {
        let counts = |run: &Run| {
            let evaluation = run.evaluation(split).unwrap();
            evaluation.layers.iter().map(|layer| layer.counts.clone()).collect::<Vec<_>>()
        };
        assert_eq!(counts(view.run), counts(&trained), "{split:?}");
    }
    let model = other.session.model().unwrap();
    assert_eq!((model.steps, model.params), (20, Some(trained.params)));
    assert!(!other.session.can_continue());
}

#[test]
fn a_retrained_model_goes_back_into_its_checkpoint() {
    let values = clustered(3, 400, 6, 5);
    let mut desk = Desk::with_file(&values, 20);
    desk.train();
    let (original, copy) = (desk.path("original.safetensors"), desk.path("copy.safetensors"));
    desk.apply(SaveCommand::Model(original.clone()));
    desk.wait("saving", |s| !s.is_busy());
    desk.train();
    let trained = desk.session.view().unwrap().run.clone();
    desk.apply(SaveCommand::WriteBack { original: original.clone(), path: copy.clone() });
    desk.wait("writing back", |s| !s.is_busy());
    let said = |part: &str| desk.session.notices().iter().any(|notice| notice.text.contains(part));
    assert!(said("codebooks back: ") && said("have new numbers") && said("copy.safetensors"));
    assert!(desk.problems().is_empty(), "{:?}", desk.problems());
    let bytes = std::fs::read(&copy).unwrap();
    assert_eq!(bytes.len(), std::fs::read(&original).unwrap().len());
    desk.open(&copy);
    let model = desk.model_rvq();
    for (a, b) in model.layers().iter().zip(trained.rvq.layers()) {
        assert_eq!(a.codebook.embed(), b.codebook.embed());
    }
    // What is no checkpoint is one clear notice, and the copy stays.
    let nothing = desk.path("x.npy");
    desk.apply(SaveCommand::WriteBack { original: nothing, path: copy.clone() });
    desk.wait("writing back", |s| !s.is_busy());
    assert_eq!(desk.problems().len(), 1, "{:?}", desk.problems());
    assert_eq!(std::fs::read(&copy).unwrap(), bytes);
}

#[test]
fn codes_are_a_run_of_their_own_without_a_corpus() {
    let mut desk = Desk::with_file(&clustered(3, 100, 6, 5), 5);
    desk.train();
    let codes = desk.path("codes.npy");
    desk.apply(SaveCommand::Codes(codes.clone()));
    desk.wait("saving", |s| !s.is_busy());
    desk.open(&codes);
    assert!(desk.problems().is_empty(), "{:?}", desk.problems());
    assert!(desk.session.codes().is_some());
    assert!(desk.session.dataset().is_none() && desk.session.view().is_none());
    assert!(!desk.session.can_continue());
    // The run that was there is not thrown away, and brings its data along.
    let first = desk.session.runs()[0].id;
    desk.apply(RunsCommand::Show(first));
    assert!(
        desk.session.codes().is_none() && desk.session.dataset().is_some() && desk.session.can_continue()
    );
}

#[test]
fn a_model_that_cannot_be_saved_is_a_notice() {
    let mut desk = Desk::with_article(5);
    desk.apply(SaveCommand::Model(desk.path("early.safetensors")));
    assert_eq!(desk.problems().len(), 1, "nothing to save yet");
    desk.train();
    let nowhere = desk.path("no/such/folder/model.safetensors");
    desk.apply(SaveCommand::Model(nowhere));
    desk.wait("saving", |s| !s.is_busy());
    assert_eq!(desk.problems().len(), 2, "{:?}", desk.problems());
    desk.assert_every_step_once(5);
}

/// A model of `dim` dimensions in a file.
pub(crate) fn model_of(desk: &Desk, dim: usize) -> PathBuf {
    let data = common::dataset(clustered(8, 200, dim, 4));
    let trained = train(spec(&data, common::small_params("rvqscope")));
    let path = desk.path(&format!("model{dim}.safetensors"));
    rvqscope::io::write_model(&path, &trained.run.rvq, &rvqscope::jobs::metadata(&trained.run)).unwrap();
    path
}

#[test]
fn a_model_of_another_dimension_is_one_clear_notice() {
    let mut desk = Desk::with_article(ENDLESS);
    let model = model_of(&desk, 8);
    desk.run_to(5);
    desk.apply(DataCommand::Open(vec![model.clone()]));
    desk.wait("the model", |s| s.model().is_some() && !s.is_opening());
    desk.linger();
    let problems = desk.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("8 dimensions") && problems[0].contains("30"), "{problems:?}");
    assert_eq!(desk.session.train_state(), TrainState::Running, "a training goes on all the same");
    desk.apply(TrainCommand::Stop);
    desk.finish();
    desk.apply(TrainCommand::StartFromModel);
    desk.finish();
    assert_eq!(desk.problems().len(), 2, "{:?}", desk.problems());
    let trained = desk.session.runs()[0].id;
    assert_eq!(desk.session.runs().len(), 2, "a training that could not start is no run");
    desk.apply(RunsCommand::Show(trained));
    assert!(desk.session.can_continue(), "what was trained is still there");
    desk.apply(DataCommand::CloseModel);
    assert!(desk.session.model().is_none() && desk.session.view().is_some());
}

#[test]
fn a_training_from_a_model_has_its_shape_and_starts_again_from_it() {
    let mut desk = Desk::new();
    let model = model_of(&desk, 8);
    desk.open(&model);
    let view = desk.session.view().expect("a model alone is a run");
    assert!(view.is_model && view.run.source.frames == 0 && view.run.best_evaluation().is_none());
    let data = desk.npy("data.npy", &clustered(8, 200, 8, 4));
    desk.open(&data);
    desk.wait("evaluating", |s| s.view().is_some_and(|v| v.run.best_evaluation().is_some()));
    desk.small(ENDLESS);
    desk.apply(TrainCommand::StartFromModel);
    desk.reach(3);
    let shape = |s: &Session| {
        let run = &s.view().unwrap().run;
        (run.rvq.num_layers(), run.params.num_layers, run.params.codebook_size)
    };
    assert_eq!(shape(&desk.session), (3, 3, 12), "its own shape, and not that of the form");
    desk.set("seed", ParamValue::Int(9));
    desk.wait("the restart", |s| s.view().unwrap().run.params.seed == 9);
    assert_eq!(shape(&desk.session), (3, 3, 12), "again from the model");
    desk.apply(TrainCommand::Start);
    desk.wait("from the beginning", |s| s.view().unwrap().run.rvq.num_layers() == 4);
}

#[test]
fn files_that_cannot_be_opened_leave_what_was_there() {
    let values = clustered(4, 200, 6, 4);
    let mut desk = Desk::with_file(&values, 10);
    desk.train();
    let mut not_finite = values.clone();
    not_finite[[7, 3]] = f32::NAN;
    let nan = desk.npy("nan.npy", &not_finite);
    let short = desk.path("short.npy");
    let whole = std::fs::read(desk.path("features.npy")).unwrap();
    std::fs::write(&short, &whole[..whole.len() / 2]).unwrap();
    let text = desk.path("text.npy");
    std::fs::write(&text, "these are no features").unwrap();
    let empty = desk.path("empty.npy");
    std::fs::write(&empty, "").unwrap();
    let missing = desk.path("missing.npy");
    for (count, path) in (1..).zip([nan, short, text, empty, missing]) {
        desk.open(&path);
        let problems = desk.problems();
        assert_eq!(problems.len(), count, "{problems:?}");
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(problems[count - 1].contains(&name), "{problems:?} does not name {name}");
        assert_eq!(desk.session.dataset().unwrap().set.matrix.view(), values.view());
        desk.assert_every_step_once(10);
    }
    assert!(desk.session.can_continue());
    assert_eq!(desk.session.take_recently_opened().len(), 1, "only what was opened is remembered");
}

#[test]
fn a_failed_opening_does_not_forget_the_chosen_time_axis() {
    let values = clustered(4, 50, 6, 4);
    let mut desk = Desk::with_file(&values, 10);
    let guess = desk.session.dataset().unwrap().time_axis.clone().unwrap().0;
    desk.apply(DataCommand::SetTimeAxis(Some(guess.other())));
    desk.wait("the other axis", |s| !s.is_busy());
    assert_eq!(desk.session.dataset().unwrap().set.matrix.num_frames(), 6);
    desk.open(&desk.path("missing.npy"));
    desk.apply(DataCommand::SetFrameRate(Some(25.0)));
    desk.wait("the rate", |s| !s.is_busy());
    let set = &desk.session.dataset().unwrap().set;
    assert_eq!((set.matrix.num_frames(), set.frame_rate_hz), (6, Some(25.0)));
    let other = desk.npy("other.npy", &clustered(5, 70, 3, 2));
    desk.open(&other);
    assert_eq!(desk.session.data_spec().time_axis, None, "another file is guessed at afresh");
}

#[test]
fn more_codes_than_frames_train_with_a_notice() {
    let mut desk = Desk::with_file(&clustered(5, 11, 3, 3), 5);
    desk.train();
    desk.assert_every_step_once(5);
    let texts: Vec<_> = desk.session.notices().iter().map(|n| n.text.as_str()).collect();
    assert!(texts.iter().any(|t| t.contains("more codes (16) than frames to train on (10)")), "{texts:?}");
    let run = &desk.session.view().unwrap().run;
    for layer in run.layer_metrics(SplitKind::Train) {
        assert!(layer.used <= 10 && layer.frames == 10);
        assert_eq!(layer.dead_window, Some(16 - layer.used));
    }
}

#[test]
fn a_single_frame_trains_and_gives_its_degenerate_figures() {
    let mut desk = Desk::with_file(&Array2::from_elem((1, 5), 2.5), 5);
    if desk.session.dataset().unwrap().set.matrix.num_frames() != 1 {
        let guess = desk.session.dataset().unwrap().time_axis.clone().unwrap().0;
        desk.apply(DataCommand::SetTimeAxis(Some(guess.other())));
        desk.wait("the other axis", |s| !s.is_busy());
    }
    desk.train();
    desk.assert_every_step_once(5);
    assert!(desk.problems().is_empty(), "{:?}", desk.problems());
    let run = &desk.session.view().unwrap().run;
    assert_eq!((run.source.train_frames, run.source.held_out_frames, run.held_out.is_none()), (1, 0, true));
    let layer = &run.layer_metrics(SplitKind::Train)[0];
    assert_eq!((layer.frames, layer.used), (1, 1));
    assert_eq!(
        (layer.perplexity, layer.entropy_nats, layer.utilization),
        (Some(1.0), Some(0.0), Some(1.0 / 16.0))
    );
    assert_eq!(layer.explained_variance, None, "one frame has no variance");
    assert!(
        run.layer_metrics(SplitKind::HeldOut).is_empty() && run.total_metrics(SplitKind::HeldOut).is_none()
    );
    assert_eq!(desk.session.selection().split, SplitKind::Train, "there is nothing held out to look at");
    assert!(!desk.session.notices().is_empty());
    // What was worked out once is of these evaluations and no others.
    let mut other = Run::clone(run);
    assert_eq!(other.layer_metrics(SplitKind::Train), run.layer_metrics(SplitKind::Train));
    other.held_out = other.train.take();
    assert!(other.layer_metrics(SplitKind::Train).is_empty());
    assert_eq!(other.total_metrics(SplitKind::HeldOut), run.total_metrics(SplitKind::Train));
}

#[test]
fn constant_and_silent_features_train_with_a_notice() {
    for (value, wanted) in [(7.5, "All frames are the same"), (0.0, "all zero")] {
        let mut desk = Desk::with_file(&Array2::from_elem((90, 4), value), 8);
        desk.train();
        desk.assert_every_step_once(8);
        let texts: Vec<_> = desk.session.notices().iter().map(|n| n.text.as_str()).collect();
        assert!(texts.iter().any(|t| t.contains(wanted)), "{texts:?}");
        let view = desk.session.view().unwrap();
        let totals = view.run.total_metrics(SplitKind::HeldOut).unwrap();
        assert_eq!((totals.explained_variance, totals.bit_efficiency), (None, Some(0.0)));
        for layer in view.run.layer_metrics(SplitKind::HeldOut) {
            assert_eq!((layer.used, layer.perplexity), (1, Some(1.0)));
            assert_eq!(layer.gini.map(|g| (g * 1e9).round()), Some(((15.0 / 16.0) * 1e9_f64).round()));
            assert!(value != 0.0 || layer.snr_db.is_none(), "no signal, no ratio");
        }
        for layer in 0..4 {
            for series in common::SERIES.into_iter().filter(|series| *series != Series::HeldOutMse) {
                let finite = view.history.series(layer, series).iter().all(|v| v.is_finite());
                assert!(finite, "{series:?} of layer {layer}");
            }
        }
    }
}

#[test]
fn nothing_to_train_on_or_to_go_on_with_is_said() {
    let mut desk = Desk::new();
    desk.apply(TrainCommand::Start);
    desk.apply(TrainCommand::StartFromModel);
    desk.apply(TrainCommand::Evaluate);
    assert_eq!(desk.problems().len(), 3, "{:?}", desk.problems());
    for quiet in [TrainCommand::Stop, TrainCommand::Pause, TrainCommand::Resume] {
        desk.apply(quiet);
    }
    assert_eq!((desk.problems().len(), desk.session.train_state()), (3, TrainState::Idle));
}

#[test]
fn an_earlier_run_is_shown_again_resumed_deleted_and_brought_back() {
    let mut desk = Desk::with_article(10);
    desk.train();
    let first = desk.session.view().unwrap().run.clone();
    desk.set("codebook_size", ParamValue::Int(8));
    desk.train();
    desk.apply(SelectCommand::Code(3, Some(7)));
    assert_eq!(desk.session.selection().code, Some(7));
    desk.apply(SelectCommand::Layer(2));
    assert_eq!(desk.session.selection().code, None, "a code belongs to its layer");
    let ids: Vec<_> = desk.session.runs().iter().map(|entry| entry.id).collect();
    desk.apply(RunsCommand::Show(ids[0]));
    assert_eq!(desk.session.view().unwrap().run, &first);
    desk.apply(TrainCommand::Continue);
    desk.finish();
    desk.assert_every_step_once(20);
    assert_eq!(
        desk.session.view().unwrap().run.rvq.layers()[0].codebook.num_codes(),
        16,
        "with its own shape"
    );
    desk.apply(RunsCommand::Delete(ids[0]));
    assert_eq!(desk.session.view().unwrap().id(), ids[1], "the run beside it is shown");
    desk.apply(RunsCommand::Show(ids[0]));
    assert_eq!(desk.session.view().unwrap().id(), ids[1], "there is no such run");
    desk.apply(EditCommand::Undo);
    desk.apply(RunsCommand::Show(ids[0]));
    desk.assert_every_step_once(20);
    assert!(desk.session.can_continue());
}

#[test]
fn a_wider_search_is_seen_at_once_in_a_finished_run_and_goes_into_saved_codes() {
    use rvqscope::rvq::search::Search;
    let mut desk = Desk::with_article(5);
    desk.apply(TrainCommand::Start);
    desk.wait("the training", |s| s.train_state() == TrainState::Idle && s.view().is_some());
    let gain = |s: &Session| {
        let run = &s.view().unwrap().run;
        run.total_metrics(SplitKind::HeldOut).unwrap().beam_gain_db
    };
    assert_eq!(gain(&desk.session), None);
    let steps = desk.session.view().unwrap().history.len();
    desk.apply(TrainCommand::SetSearch(Search::Beam(4)));
    desk.wait("the wider search", |s| gain(s).is_some());
    assert!(gain(&desk.session).unwrap() > 0.0);
    let view = desk.session.view().unwrap();
    assert!(!view.is_model && view.history.len() == steps, "another search is no other run");
    assert_eq!(desk.session.runs().len(), 1);
    assert!(desk.session.can_continue(), "and can be gone on with");
    let path = desk.dir.path().join("codes.npy");
    desk.apply(SaveCommand::Codes(path.clone()));
    desk.wait("the codes", |s| !s.is_busy());
    assert!(path.exists());
    desk.apply(TrainCommand::SetSearch(Search::Greedy));
    desk.wait("the greedy search", |s| gain(s).is_none());
    // A training that is told so goes over to it.
    desk.apply(TrainCommand::Start);
    desk.apply(TrainCommand::SetSearch(Search::Beam(3)));
    desk.wait("the training", |s| s.train_state() == TrainState::Idle && gain(s).is_some());
}

#[test]
fn rules_are_compared_side_by_side_and_their_runs_stay() {
    use rvqscope::session::CompareCommand;
    let mut desk = Desk::with_article(40);
    desk.apply(CompareCommand::Start("encodec".to_owned()));
    assert!(desk.session.notices().last().unwrap().text.contains("at least two"));
    desk.apply(CompareCommand::Start("encodec,rvqscope".to_owned()));
    assert!(desk.session.is_comparing());
    // What is edited meanwhile is for the next training: these have parameters of their own.
    desk.apply(ParamsCommand::Set { key: "decay", value: ParamValue::Float(0.5) });
    let members: Vec<_> = desk.session.trained_runs().to_vec();
    assert!(members.iter().all(|&id| desk.session.is_overlaid(id)));
    desk.wait("the first steps", |s| s.overlaid().count() == 2);
    desk.apply(RunsCommand::Show(members[1]));
    desk.wait("the comparison", |s| s.train_state() == TrainState::Idle && s.runs().len() == 2);
    assert!(!desk.session.is_comparing());
    let runs = desk.session.runs();
    assert!(runs[0].name().ends_with(": encodec") && runs[1].name().ends_with(": rvqscope"));
    assert!(runs.iter().all(|entry| entry.history.len() == 40 && entry.params().unwrap().decay != 0.5));
    assert!(runs[0].group.is_some() && runs[0].group == runs[1].group);
    assert_eq!(desk.session.view().unwrap().id(), members[1], "the one that was chosen is shown");
    // A stopped comparison keeps what it reached, all at the same step.
    desk.apply(ParamsCommand::Set { key: "steps", value: ParamValue::Int(ENDLESS) });
    desk.apply(CompareCommand::Start("gpt-sovits,moshi,lucidrains".to_owned()));
    desk.wait("some steps", |s| s.overlaid().count() == 3 && s.view().is_some_and(|v| v.history.len() > 5));
    desk.apply(TrainCommand::Stop);
    desk.wait("the stop", |s| s.train_state() == TrainState::Idle);
    let steps: Vec<u64> = desk.session.runs()[2..].iter().map(|entry| entry.run().unwrap().steps).collect();
    assert!(steps.len() == 3 && steps[0] > 5 && steps.iter().all(|&s| s == steps[0]), "{steps:?}");
    // A single training takes its place.
    desk.apply(ParamsCommand::Set { key: "steps", value: ParamValue::Int(3) });
    desk.apply(CompareCommand::Start("encodec,moshi".to_owned()));
    desk.apply(TrainCommand::Start);
    desk.wait("the training", |s| {
        s.train_state() == TrainState::Idle && s.runs().last().unwrap().history.len() == 3
    });
    assert!(desk.session.runs().last().unwrap().name().starts_with("Run "));
}

#[test]
fn of_several_quantizers_in_a_file_one_is_chosen_and_can_be_changed() {
    let mut desk = Desk::with_file(&clustered(3, 200, 4, 5), 5);
    let two = desk.path("two.safetensors");
    common::write_two_quantizers(&two);
    let dataset = desk.session.dataset().cloned().unwrap();
    let ask = |desk: &mut Desk| {
        desk.open(&two);
        let choice = desk.session.file_choice().expect("a question");
        let told: Vec<_> = choice
            .places()
            .iter()
            .map(|place| (place.name(), place.about.as_ref().map(rvqscope::text::Message::english)))
            .collect();
        let of = |name: &str, about: &str| (name.to_owned(), Ok(about.to_owned()));
        assert_eq!(
            told,
            [
                of("encodec at teacher.", "3 layers, K = 12, D = 4"),
                of("hf-encodec at student.", "2 layers, K = 6, D = 4")
            ]
        );
        assert_eq!(choice.path, two);
    };
    // Cancelled: as if nothing had been opened.
    ask(&mut desk);
    assert!(desk.problems().is_empty(), "a question is no problem: {:?}", desk.problems());
    desk.apply(DataCommand::Answer(None));
    assert!(desk.session.file_choice().is_none() && desk.session.model().is_none());
    assert!(!desk.session.is_busy() && Arc::ptr_eq(desk.session.dataset().unwrap(), &dataset));
    assert!(desk.session.take_recently_opened().iter().all(|paths| paths != std::slice::from_ref(&two)));
    desk.apply(DataCommand::Answer(Some(Answer::Quantizer(0))));
    assert!(!desk.session.is_busy(), "there is no question any more");
    // Chosen: looked at, and held against the data.
    ask(&mut desk);
    desk.apply(DataCommand::Answer(Some(Answer::Quantizer(7))));
    assert!(!desk.session.is_busy(), "there is no such one");
    ask(&mut desk);
    desk.apply(DataCommand::Answer(Some(Answer::Quantizer(1))));
    assert!(desk.session.file_choice().is_none());
    desk.wait("the student", |s| !s.is_busy());
    let model = desk.session.model().unwrap();
    assert_eq!((model.info.family.as_str(), desk.model_rvq().num_layers()), ("hf-encodec", 2));
    assert_eq!(desk.session.view().unwrap().run.rvq.num_layers(), 2);
    // Another one of the same file.
    assert_eq!(model.others.as_ref().map(|(choice, index)| (choice.places().len(), *index)), Some((2, 1)));
    desk.apply(DataCommand::Answer(Some(Answer::Quantizer(0))));
    desk.wait("the teacher", |s| !s.is_busy());
    let model = desk.session.model().unwrap();
    assert_eq!((model.info.family.as_str(), model.others.as_ref().unwrap().1), ("encodec", 0));
    assert_eq!(desk.session.view().unwrap().run.rvq.num_layers(), 3);
    assert!(Arc::ptr_eq(desk.session.dataset().unwrap(), &dataset), "the data stay");
    // Another file has no others, and takes the question away.
    ask(&mut desk);
    let plain = desk.path("plain.safetensors");
    let rvq = desk.model_rvq();
    rvqscope::io::write_model(&plain, &rvq, &Default::default()).unwrap();
    desk.open(&plain);
    assert!(desk.session.file_choice().is_none() && desk.session.model().unwrap().others.is_none());
}

#[test]
fn strides_that_nothing_tells_are_asked_for_and_remembered_with_the_model() {
    let mut desk = Desk::new();
    let path = desk.path("either.safetensors");
    common::write_dac_or_snac(&path);
    desk.open(&path);
    assert!(desk.problems().is_empty() && desk.session.model().is_none(), "{:?}", desk.problems());
    let choice = desk.session.file_choice().expect("a question").clone();
    let Question::Strides { layers: 3, choices } = &choice.question else { panic!("{choice:?}") };
    assert_eq!(choices, &[vec![1, 1, 1], vec![4, 2, 1]]);
    for no_answer in [Answer::Quantizer(0), Answer::Strides(vec![2, 1])] {
        desk.apply(DataCommand::Answer(Some(no_answer)));
        assert!(!desk.session.is_busy(), "that is not what was asked");
        desk.open(&path);
    }
    desk.apply(DataCommand::Answer(Some(Answer::Strides(choices[1].clone()))));
    desk.wait("the model", |s| !s.is_busy());
    let strides =
        |desk: &Desk| desk.model_rvq().layers().iter().map(|layer| layer.stride).collect::<Vec<_>>();
    assert_eq!(strides(&desk), [4, 2, 1]);
    assert_eq!(desk.session.model().unwrap().options.strides, Some(vec![4, 2, 1]));
    // Written back, the file is read in the same way.
    let copy = desk.path("copy.safetensors");
    desk.apply(SaveCommand::WriteBack { original: path.clone(), path: copy.clone() });
    desk.wait("writing back", |s| !s.is_busy());
    assert!(desk.problems().is_empty(), "{:?}", desk.problems());
    assert!(copy.exists());
}

#[test]
fn codebooks_of_an_unknown_layout_are_asked_for() {
    let mut desk = Desk::new();
    let path = desk.path("unknown.safetensors");
    common::write_unknown_codebooks(&path);
    desk.open(&path);
    assert!(desk.problems().is_empty() && desk.session.model().is_none(), "{:?}", desk.problems());
    let choice = desk.session.file_choice().expect("a question").clone();
    let Question::Codebook(candidates) = &choice.question else { panic!("{choice:?}") };
    assert_eq!((candidates[0].pattern.as_str(), candidates[0].layers), ("my.stack.{i}.codebook.table", 2));
    let names = CodebookNames { rows: candidates[0].pattern.clone(), ..CodebookNames::default() };
    desk.apply(DataCommand::Answer(Some(Answer::Codebook(names, Metric::Cosine))));
    desk.wait("the model", |s| !s.is_busy());
    let rvq = desk.model_rvq();
    assert_eq!((rvq.num_layers(), rvq.dim(), rvq.metric()), (2, 4, Metric::Cosine));
    // A file without anything of the kind is refused with a sentence, as before.
    let plain = desk.path("plain.safetensors");
    common::write_tensors(&plain, &[("encoder.conv.weight", &[3, 3])]);
    desk.open(&plain);
    assert!(desk.session.file_choice().is_none());
    assert!(desk.problems().iter().any(|text| text.contains("no quantizer of a known layout")));
}

#[test]
fn a_corpus_that_came_with_several_quantizers_is_reopened_with_the_same_one() {
    let mut desk = Desk::new();
    let (two, frames) = (desk.path("two.safetensors"), desk.npy("frames.npy", &clustered(3, 200, 4, 5)));
    common::write_two_quantizers(&two);
    desk.apply(DataCommand::Open(vec![two, frames]));
    desk.wait("the question", |s| !s.is_busy());
    assert!(desk.session.dataset().is_none(), "nothing is taken in before the answer");
    desk.apply(DataCommand::Answer(Some(Answer::Quantizer(1))));
    desk.wait("opening", |s| !s.is_busy());
    assert_eq!(desk.session.view().unwrap().run.rvq.num_layers(), 2);
    desk.apply(DataCommand::SetFrameRate(Some(50.0)));
    desk.wait("reopening", |s| !s.is_busy());
    assert!(desk.session.file_choice().is_none(), "it is not asked again");
    assert_eq!(desk.session.view().unwrap().run.rvq.num_layers(), 2);
    assert_eq!(desk.session.dataset().unwrap().set.frame_rate_hz, Some(50.0));
}

#[test]
fn angles_are_not_trained_on_standardized_data() {
    let mut desk = Desk::with_file(&clustered(3, 200, 4, 5), 5);
    desk.apply(ParamsCommand::SetRule("lucidrains"));
    desk.small(5);
    desk.set("metric", ParamValue::Choice("cosine"));
    desk.train();
    let before = desk.session.view().unwrap().run.clone();
    desk.apply(DataCommand::SetStandardize(true));
    desk.apply(TrainCommand::Start);
    assert!(!desk.session.is_busy());
    assert!(desk.problems().iter().any(|text| text.contains("every angle")), "{:?}", desk.problems());
    assert!(Arc::ptr_eq(desk.session.view().unwrap().run, &before));
    // The job itself refuses too, which is what the command line runs.
    let corpus = common::dataset(clustered(3, 200, 4, 5));
    let params = *desk.session.params().current();
    let mut wanted = common::spec(&corpus, params);
    wanted.standardize = true;
    assert!(common::train_with(wanted, 1, false).unwrap_err().to_string().contains("every angle"));
    // A rule that measures no angle does not mind what the metric was under another.
    desk.apply(ParamsCommand::SetRule("encodec"));
    desk.small(5);
    desk.train();
    assert!(desk.session.view().unwrap().run.params.rule == "encodec");
}
