//! Repairs: what comes of one is a run of its own beside the old one, and what does not do better leaves everything as it was.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ndarray::Array2;
use rvqscope::doctor::{Change, ChangeValue};
use rvqscope::param::ParamValue;
use rvqscope::rvq::{Rvq, param_spec};
use rvqscope::session::{
    DataCommand, EditCommand, Origin, ParamsCommand, RunId, RunState, RunsCommand, SaveCommand, Startup,
    TrainCommand,
};
use rvqscope::store::Folder;
use rvqscope::training::SplitKind;

use crate::common::{self, bits, clustered};
use crate::{Desk, ENDLESS, PATIENCE};

/// Frames that the quantizers here are of.
fn frames() -> Array2<f32> {
    clustered(3, 3000, 6, 40)
}

/// A model of two layers, the first with rows that no frame chooses.
fn model_with_dead_rows(desk: &Desk) -> PathBuf {
    let params = rvqscope::rvq::RvqParams { num_layers: 2, ..common::small_params("gpt-sovits") };
    let trained = common::train(common::spec(&common::dataset(frames()), params)).run;
    let mut books: Vec<_> = trained.rvq.layers().iter().map(|layer| layer.codebook.clone()).collect();
    let (rows, sizes, sums) = books[0].parts_mut();
    for code in 0..5 {
        rows.row_mut(code).fill(90.0 + code as f32);
        sizes[code] = 1e-4;
        sums.row_mut(code).fill((90.0 + code as f64) * 1e-4);
    }
    let rvq = Rvq::new(books.into_iter().map(Into::into).collect()).unwrap();
    let path = desk.path("dead.safetensors");
    rvqscope::io::write_model(&path, &rvq, &rvqscope::jobs::metadata(&trained)).unwrap();
    path
}

/// With that model and its frames open, and the run of it.
fn with_model() -> (Desk, RunId, PathBuf) {
    let mut desk = Desk::with_file(&frames(), 20);
    let model = model_with_dead_rows(&desk);
    desk.open(&model);
    let id = desk.session.view().expect("the model, held against the frames").id();
    (desk, id, model)
}

fn repair(desk: &mut Desk, id: RunId, fixes: &[&'static str]) {
    desk.apply(RunsCommand::Repair(id, fixes.to_vec()));
    assert!(desk.session.is_repairing(id), "{:?}", desk.problems());
    desk.wait("the repair", |s| !s.is_busy());
}

fn notice(desk: &Desk, part: &str) -> bool {
    desk.session.notices().iter().any(|notice| notice.text.contains(part))
}

#[test]
fn a_repair_is_a_run_beside_the_old_one_and_can_be_undone() {
    let (mut desk, old, _) = with_model();
    let before = desk.session.view().unwrap().run.clone();
    assert_eq!(desk.session.why_not_repair(old), None);
    // By the id of a finding or of a fix.
    repair(&mut desk, old, &["dead-not-replaced"]);
    assert!(desk.problems().is_empty(), "{:?}", desk.problems());
    let view = desk.session.view().unwrap();
    let (new, run) = (view.id(), view.run.clone());
    assert!(new != old && view.is_model && view.history.is_empty());
    assert_eq!(view.entry.name(), "dead.safetensors, repaired");
    assert_eq!((view.entry.origin.label().english(), view.entry.state()), ("repaired", &RunState::Done));
    let [tried] = &**view.entry.tried().unwrap() else { panic!("one was asked for") };
    assert!(tried.kept && tried.rows >= 5 && tried.after.used > tried.before.used, "{tried:?}");
    // The old one is what it was; both are of the same frames.
    assert_eq!(desk.session.run(old).unwrap().run(), Some(&before));
    assert_eq!(
        (run.source.clone(), run.params, run.steps),
        (before.source.clone(), before.params, before.steps)
    );
    let used = |run: &rvqscope::training::Run| {
        let evaluation = run.held_out.as_ref().unwrap();
        (evaluation.frames, evaluation.layers[0].counts.iter().filter(|&&count| count > 0).count())
    };
    assert_eq!(used(&before).0, used(&run).0);
    assert!(used(&run).1 >= used(&before).1 + 3, "{:?} {:?}", used(&before), used(&run));
    assert!(notice(&desk, "replace-dead") && notice(&desk, "codes used, kept"));

    assert_eq!(desk.session.can_undo(), Some("repairing a run"));
    desk.apply(EditCommand::Undo);
    assert_eq!(desk.session.view().unwrap().id(), old);
    assert!(desk.session.run(new).is_none());
    desk.apply(EditCommand::Redo);
    assert_eq!((desk.session.view().unwrap().id(), desk.session.view().unwrap().run), (new, &run));
    // Another one has a name of its own.
    repair(&mut desk, old, &["replace-dead"]);
    assert_eq!(desk.session.runs().len(), 3);
    assert_eq!(desk.session.runs()[2].name(), "dead.safetensors, repaired 2");
    assert_eq!(desk.session.view().unwrap().id(), new, "it was not the old one that was looked at");
}

#[test]
fn a_repaired_model_goes_back_into_its_checkpoint_and_is_a_run_like_any_other() {
    let (mut desk, old, model) = with_model();
    repair(&mut desk, old, &["replace-dead"]);
    let view = desk.session.view().unwrap();
    let (id, rvq) = (view.id(), view.run.rvq.clone());
    assert_eq!(view.entry.model().unwrap().path, model);
    let (copy, codes, report) = (desk.path("copy.safetensors"), desk.path("codes.npy"), desk.path("report"));
    desk.apply(SaveCommand::WriteBack { original: model, path: copy.clone() });
    desk.apply(SaveCommand::Codes(codes.clone()));
    desk.apply(SaveCommand::Report(report.clone()));
    desk.apply(RunsCommand::Evaluate(id, Some(0.1)));
    desk.apply(DataCommand::Encode);
    desk.wait("all of it", |s| !s.is_busy());
    assert!(desk.problems().is_empty(), "{:?}", desk.problems());
    assert!(codes.is_file() && report.join("report.html").is_file());
    let view = desk.session.view().unwrap();
    assert_eq!((view.id(), desk.session.runs().len()), (id, 2), "evaluated again it is the same run");
    assert!(view.run.evaluation(SplitKind::Train).is_some());
    desk.apply(RunsCommand::Overlay(old, true));
    assert_eq!(desk.session.overlaid().count(), 2);
    desk.small(5);
    desk.apply(RunsCommand::TrainFrom(id));
    desk.finish();
    let trained = desk.session.runs().last().unwrap();
    assert!(matches!(trained.origin, Origin::Trained { from: Some(from) } if from == id));
    assert_eq!(trained.run().unwrap().rvq.num_layers(), rvq.num_layers());
    desk.open(&copy);
    let back = desk.model_rvq();
    assert_eq!(back.layers()[0].codebook.embed(), rvq.layers()[0].codebook.embed());
    // On other frames it is another run of the repaired model, and not of the one in the file.
    desk.apply(RunsCommand::Show(id));
    let other = desk.npy("other.npy", &clustered(4, 200, 6, 5));
    let known = desk.session.runs().len();
    desk.open(&other);
    desk.apply(RunsCommand::Evaluate(id, None));
    desk.wait("its figures", |s| !s.is_busy());
    let on_other = desk.session.view().unwrap();
    assert!(desk.session.runs().len() > known && on_other.entry.tried().is_some());
    assert_eq!(bits(&on_other.run.rvq), bits(&rvq));
}

#[test]
fn a_run_trained_here_is_mended_by_what_it_trained_on_and_judged_by_what_it_did_not() {
    let mut desk = Desk::with_file(&frames(), 30);
    desk.set("threshold_ema_dead_code", ParamValue::Float(0.0));
    desk.set("init", ParamValue::Choice("uniform"));
    desk.train();
    let (old, before) = (desk.session.view().unwrap().id(), desk.session.view().unwrap().run.clone());
    repair(&mut desk, old, &["replace-dead", "refit"]);
    let view = desk.session.view().unwrap();
    assert!(view.id() != old, "{:?}", desk.session.notices());
    assert_eq!(view.run.source, before.source);
    assert_eq!(
        (view.entry.params(), view.entry.recipe),
        (Some(&before.params), desk.session.run(old).unwrap().recipe)
    );
    let snr = |run: &rvqscope::training::Run| run.total_metrics(SplitKind::HeldOut).unwrap().snr_db.unwrap();
    assert!(snr(view.run) > snr(&before));
    let tried = view.entry.tried().unwrap();
    assert_eq!(tried.iter().map(|tried| tried.fix).collect::<Vec<_>>(), ["replace-dead", "refit"]);
    let last = tried.iter().rfind(|tried| tried.kept).unwrap();
    assert!(
        (last.after.snr_db.unwrap() - snr(view.run)).abs() < 1e-6,
        "judged by the run's own held-out frames"
    );
    assert!(!desk.session.can_continue(), "no steps lead to it");
}

#[test]
fn what_does_no_better_is_told_and_the_old_one_stays() {
    let (mut desk, old, _) = with_model();
    let before = desk.session.view().unwrap().run.clone();
    repair(&mut desk, old, &["merge-duplicates"]);
    assert_eq!((desk.session.runs().len(), desk.session.view().unwrap().run), (1, &before));
    assert!(notice(&desk, "stays as it is") && notice(&desk, "merge-duplicates, 0 rows: SNR"));
    assert!(desk.problems().is_empty(), "{:?}", desk.problems());
    assert_ne!(desk.session.can_undo(), Some("repairing a run"));
}

#[test]
fn a_repair_that_is_given_up_changes_nothing() {
    let (mut desk, old, _) = with_model();
    let notices = desk.session.notices().len();
    desk.apply(RunsCommand::Repair(old, vec!["replace-dead", "refit"]));
    assert!(desk.session.why_not_repair(old).unwrap().contains("being repaired"));
    desk.apply(RunsCommand::CancelRepair(old));
    assert!(!desk.session.is_busy());
    desk.linger();
    assert_eq!((desk.session.runs().len(), desk.session.notices().len()), (1, notices));
    // One whose run is deleted ends with it.
    desk.apply(RunsCommand::Repair(old, vec!["replace-dead"]));
    desk.apply(RunsCommand::Delete(old));
    desk.linger();
    assert!(desk.session.runs().is_empty() && !desk.session.is_busy());
}

#[test]
fn what_cannot_be_repaired_is_said_beforehand() {
    let mut desk = Desk::new();
    let model = model_with_dead_rows(&desk);
    desk.open(&model);
    let id = desk.session.view().unwrap().id();
    assert!(desk.session.why_not_repair(id).unwrap().contains("open audio or features"));
    desk.apply(RunsCommand::Repair(id, vec!["replace-dead"]));
    assert!(desk.problems().last().unwrap().contains("open audio or features") && !desk.session.is_busy());
    let path = desk.npy("wide.npy", &clustered(1, 100, 9, 4));
    desk.open(&path);
    assert!(desk.session.why_not_repair(id).unwrap().contains("dimension 9"));

    let mut desk = Desk::with_file(&frames(), ENDLESS);
    desk.run_to(3);
    let id = desk.session.view().unwrap().id();
    assert!(desk.session.why_not_repair(id).unwrap().contains("taking steps"));
    desk.apply(TrainCommand::Stop);
    desk.finish();
    assert_eq!(desk.session.why_not_repair(id), None);
    desk.apply(RunsCommand::Repair(id, vec!["few-frames"]));
    assert!(desk.problems().last().unwrap().contains("no fix"));
    desk.apply(ParamsCommand::SetRule("lucidrains"));
    desk.set("metric", ParamValue::Choice("cosine"));
    desk.set("steps", ParamValue::Int(3));
    desk.train();
    let by_angle = desk.session.view().unwrap().id();
    assert!(by_angle != id && desk.session.why_not_repair(by_angle).unwrap().contains("angle"));
}

#[test]
fn a_repaired_run_comes_back_from_the_workspace() {
    let (mut desk, folder) = (Desk::new(), tempfile::tempdir().unwrap());
    let nothing = || Startup { asked: None, otherwise: None };
    desk.session.open_workspace(folder.path().join("workspace"), nothing());
    desk.wait("the workspace", |s| !s.is_busy());
    let path = desk.npy("features.npy", &frames());
    desk.open(&path);
    let model = model_with_dead_rows(&desk);
    desk.open(&model);
    let old = desk.session.view().unwrap().id();
    repair(&mut desk, old, &["replace-dead", "merge-duplicates"]);
    let view = desk.session.view().unwrap();
    let (id, run, tried) = (view.id(), view.run.clone(), view.entry.tried().unwrap().clone());
    assert!(desk.session.close(PATIENCE));
    // The writer's thread lets go of the folder when it ends.
    let (root, start) = (folder.path().join("workspace"), Instant::now());
    while Folder::open(&root).is_err() {
        assert!(start.elapsed() < PATIENCE, "the folder stays locked");
        std::thread::sleep(Duration::from_millis(2));
    }

    let mut other = Desk::new();
    other.session.open_workspace(folder.path().join("workspace"), nothing());
    other.wait("the workspace", |s| !s.is_busy());
    assert!(other.problems().is_empty(), "{:?}", other.problems());
    let view = other.session.view().unwrap();
    assert_eq!((view.id(), view.run, view.entry.tried()), (id, &run, Some(&tried)));
    assert!(matches!(view.entry.origin, Origin::Repaired { from, .. } if from == old));
    assert_eq!(view.entry.model().unwrap().path, model);
    // Without the run that it came from it still knows its checkpoint.
    other.apply(RunsCommand::Delete(old));
    let copy = other.path("copy.safetensors");
    other.apply(SaveCommand::WriteBack { original: model, path: copy.clone() });
    other.wait("writing back", |s| !s.is_busy());
    assert!(other.problems().is_empty() && copy.is_file(), "{:?}", other.problems());
}

fn change(key: &str, value: f64) -> Change {
    Change { key: param_spec(key).unwrap().key, value: ChangeValue::Number(value) }
}

#[test]
fn retraining_sets_its_parameters_on_top_of_those_of_the_run() {
    let mut desk = Desk::with_file(&frames(), 6);
    desk.apply(DataCommand::SetHoldout(0.2));
    desk.train();
    let first = desk.session.view().unwrap();
    let (id, params) = (first.id(), first.run.params);
    // What is set now is for the next training and no business of this one.
    desk.set("decay", ParamValue::Float(0.5));
    desk.apply(DataCommand::SetHoldout(0.3));
    let before = *desk.session.params().current();
    let to_rule = Change { key: "rule", value: ChangeValue::Word("encodec") };
    desk.apply(RunsCommand::Retrain(
        id,
        vec![to_rule, change("threshold_ema_dead_code", 0.25), change("steps", 8.0)],
    ));
    desk.finish();
    let run = desk.session.view().unwrap();
    assert!(run.id() != id && matches!(run.entry.origin, Origin::Trained { from: None }));
    let now = run.run.params;
    assert_eq!((now.rule, now.threshold_ema_dead_code), ("encodec", 0.25));
    assert_eq!((now.steps, now.decay), (8, params.decay));
    assert_eq!(run.run.source.holdout, 0.2, "on the same frames");
    assert_eq!(run.history.len(), 8);
    desk.apply(EditCommand::Undo);
    assert_eq!(*desk.session.params().current(), before, "one step for all of them");
    desk.apply(RunsCommand::Retrain(id, vec![change("threshold_ema_dead_code", -1.0)]));
    assert!(desk.problems().last().unwrap().contains("threshold") && !desk.session.is_busy());
}

#[test]
fn a_model_is_retrained_from_its_codebooks_where_they_fit() {
    let (mut desk, id, _) = with_model();
    desk.apply(RunsCommand::Retrain(id, vec![change("steps", 7.0)]));
    desk.finish();
    let trained = desk.session.view().unwrap();
    assert!(matches!(trained.entry.origin, Origin::Trained { from: Some(from) } if from == id));
    assert_eq!((trained.history.len(), trained.run.rvq.num_layers()), (7, 2));
    desk.apply(RunsCommand::Retrain(id, vec![change("codebook_size", 8.0)]));
    desk.finish();
    let trained = desk.session.view().unwrap();
    assert!(matches!(trained.entry.origin, Origin::Trained { from: None }));
    assert_eq!(trained.run.rvq.layers()[0].codebook.num_codes(), 8);

    let mut desk = Desk::new();
    let model = model_with_dead_rows(&desk);
    desk.open(&model);
    let id = desk.session.view().unwrap().id();
    desk.apply(RunsCommand::Retrain(id, vec![change("steps", 7.0)]));
    assert!(desk.problems().last().unwrap().contains("Open audio or features") && !desk.session.is_busy());
}
