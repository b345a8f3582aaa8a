//! Runs: what belongs to which, what stays, what can be undone, and trainings that wait for their turn.

use ndarray::Array2;
use rvqscope::param::ParamValue;
use rvqscope::rvq::LayerSpan;
use rvqscope::session::{
    Answer, Body, DataCommand, EditCommand, Origin, ParamsCommand, RunState, RunsCommand, SaveCommand,
    SelectCommand, SweepCommand, TokensLook, TrainCommand, TrainState, WorkspaceCommand,
};

use crate::common::{self, clustered};
use crate::{Desk, ENDLESS};

fn codes_of(path: &std::path::Path) -> Array2<u32> {
    let read: Array2<i32> = ndarray_npy::read_npy(path).unwrap();
    read.mapv(|code| code as u32)
}

#[test]
fn a_run_is_never_paired_with_the_data_of_another() {
    // Both of the same dimension: nothing but their identity tells them apart.
    let (a, b) = (clustered(1, 300, 6, 5), clustered(2, 200, 6, 5));
    let mut desk = Desk::with_file(&a, 20);
    desk.train();
    let first = desk.session.runs()[0].id;
    let other = desk.npy("other.npy", &b);
    desk.open(&other);
    desk.train();
    let second = desk.session.runs()[1].id;
    for (id, values) in [(first, &a), (second, &b), (first, &a)] {
        desk.apply(RunsCommand::Show(id));
        desk.wait("its data", |s| !s.is_busy());
        let run = desk.session.view().unwrap().run.clone();
        assert_eq!(desk.session.dataset().unwrap().set.matrix.view(), values.view());
        let codes = desk.path("codes.npy");
        desk.apply(SaveCommand::Codes(codes.clone()));
        desk.apply(DataCommand::Encode);
        desk.wait("codes", |s| !s.is_busy());
        let wanted = run.rvq.encode(values.view(), LayerSpan::ALL).unwrap();
        assert_eq!(codes_of(&codes), wanted, "codes of its own frames");
        let TokensLook::Ready { tokens, outdated: false } = desk.session.tokens() else {
            panic!("no tokens")
        };
        assert_eq!(tokens.values, wanted);
    }
    assert!(desk.problems().is_empty(), "{:?}", desk.problems());
}

#[test]
fn data_that_were_let_go_are_opened_again_with_their_run() {
    let mut desk = Desk::with_file(&clustered(1, 300, 6, 5), 5);
    desk.train();
    let first = desk.session.runs()[0].id;
    for nth in 0..4 {
        let path = desk.npy(&format!("{nth}.npy"), &clustered(nth, 100, 6, 5));
        desk.open(&path);
    }
    desk.apply(RunsCommand::Show(first));
    assert!(desk.session.is_opening() && desk.session.dataset().is_none(), "its frames are not in memory");
    desk.wait("its data", |s| s.dataset().is_some());
    assert_eq!(desk.session.dataset().unwrap().set.matrix.num_frames(), 300);
    desk.assert_every_step_once(5);
    assert!(desk.session.can_continue());
}

#[test]
fn data_that_came_with_a_model_are_opened_again_with_what_was_answered_of_it() {
    let mut desk = Desk::new();
    let (two, frames) = (desk.path("two.safetensors"), desk.npy("frames.npy", &clustered(3, 200, 4, 5)));
    common::write_two_quantizers(&two);
    desk.apply(DataCommand::Open(vec![two, frames]));
    desk.wait("the question", |s| s.file_choice().is_some());
    desk.apply(DataCommand::Answer(Some(Answer::Quantizer(1))));
    desk.wait("the student", |s| !s.is_busy());
    let first = desk.session.shown().unwrap().id;
    for nth in 0..4 {
        let path = desk.npy(&format!("{nth}.npy"), &clustered(nth, 100, 6, 5));
        desk.open(&path);
    }
    desk.apply(RunsCommand::Show(first));
    assert!(desk.session.is_opening() && desk.session.dataset().is_none(), "its frames are not in memory");
    desk.wait("its data", |s| !s.is_busy());
    assert!(desk.session.file_choice().is_none(), "it was answered");
    assert_eq!(desk.session.missing_data(), [], "nothing has moved");
    assert_eq!(desk.session.dataset().unwrap().set.matrix.num_frames(), 200);
}

#[test]
fn data_that_changed_are_asked_for_and_not_guessed() {
    let mut desk = Desk::with_file(&clustered(1, 300, 6, 5), 5);
    desk.train();
    let first = desk.session.runs()[0].id;
    for nth in 0..4 {
        let path = desk.npy(&format!("{nth}.npy"), &clustered(nth, 100, 6, 5));
        desk.open(&path);
    }
    let moved = desk.path("moved.npy");
    std::fs::rename(desk.path("features.npy"), &moved).unwrap();
    desk.npy("features.npy", &clustered(9, 300, 6, 5));
    desk.apply(RunsCommand::Show(first));
    desk.wait("an answer", |s| !s.is_busy());
    assert!(desk.session.dataset().is_none());
    let [(data, why)] = desk.session.missing_data() else { panic!("nobody asks") };
    assert!(why.contains("has changed"), "{why}");
    desk.apply(WorkspaceCommand::Locate(*data, Some(vec![moved])));
    desk.wait("its data", |s| s.dataset().is_some());
    assert_eq!(desk.session.dataset().unwrap().set.matrix.view(), clustered(1, 300, 6, 5).view());
    assert!(desk.session.missing_data().is_empty());
}

#[test]
fn a_row_goes_back_into_the_quantizer_of_the_file_that_it_came_from() {
    let mut desk = Desk::with_file(&clustered(3, 200, 4, 5), 5);
    let (two, copy) = (desk.path("two.safetensors"), desk.path("copy.safetensors"));
    common::write_two_quantizers(&two);
    desk.open(&two);
    desk.apply(DataCommand::Answer(Some(Answer::Quantizer(1))));
    desk.wait("the student", |s| !s.is_busy());
    desk.apply(SaveCommand::WriteBack { original: two.clone(), path: copy.clone() });
    desk.wait("writing back", |s| !s.is_busy());
    assert!(desk.problems().is_empty(), "{:?}", desk.problems());
    // What was trained from it goes back into the same place.
    desk.apply(TrainCommand::StartFromModel);
    desk.finish();
    let trained = desk.session.view().unwrap().run.rvq.clone();
    desk.apply(SaveCommand::WriteBack { original: two.clone(), path: copy.clone() });
    desk.wait("writing back", |s| !s.is_busy());
    assert!(desk.problems().is_empty(), "{:?}", desk.problems());
    desk.open(&copy);
    desk.apply(DataCommand::Answer(Some(Answer::Quantizer(1))));
    desk.wait("the student", |s| !s.is_busy());
    let student = desk.model_rvq();
    assert_eq!(student.layers()[0].codebook.embed(), trained.layers()[0].codebook.embed());
}

#[test]
fn a_model_on_other_data_is_another_run() {
    let mut desk = Desk::new();
    let (a, b) = (desk.npy("a.npy", &clustered(1, 200, 8, 4)), desk.npy("b.npy", &clustered(2, 100, 8, 4)));
    let model = crate::model_of(&desk, 8);
    desk.open(&model);
    desk.open(&a);
    let frames = |desk: &Desk| {
        let evaluation = desk.session.view().unwrap().run.best_evaluation().unwrap().1.frames;
        (desk.session.runs().len(), evaluation)
    };
    assert_eq!(frames(&desk).0, 1, "the checkpoint that was there already");
    let on_a = desk.session.view().unwrap().run.clone();
    desk.open(&b);
    assert_eq!(frames(&desk).0, 2);
    let (first, second) = (desk.session.runs()[0].id, desk.session.runs()[1].id);
    assert_eq!(desk.session.shown().unwrap().id, second);
    desk.apply(RunsCommand::Show(first));
    assert_eq!(desk.session.view().unwrap().run, &on_a, "its figures are still those of its own data");
    assert_eq!(desk.session.dataset().unwrap().set.matrix.num_frames(), 200);
}

#[test]
fn names_notes_pins_and_deleting_can_be_undone() {
    let mut desk = Desk::with_article(5);
    desk.train();
    let id = desk.session.runs()[0].id;
    let name = desk.session.runs()[0].name().to_owned();
    desk.apply(RunsCommand::Rename(id, "  mine ".to_owned()));
    desk.apply(RunsCommand::Rename(id, "   ".to_owned()));
    desk.apply(RunsCommand::Note(id, "a note".to_owned()));
    desk.apply(RunsCommand::Pin(id, true));
    let label = |desk: &Desk| desk.session.run(id).map(|entry| entry.label.clone());
    let all = label(&desk).unwrap();
    assert_eq!((all.name.as_str(), all.note.as_str(), all.is_pinned), ("mine", "a note", true));
    desk.apply(RunsCommand::Delete(id));
    assert!(desk.session.runs().is_empty() && desk.session.view().is_none());
    for _ in 0..4 {
        desk.apply(EditCommand::Undo);
    }
    assert_eq!(label(&desk).unwrap().name, name);
    desk.assert_every_step_once(5);
    for _ in 0..3 {
        desk.apply(EditCommand::Redo);
    }
    assert_eq!(label(&desk), Some(all));
    assert_eq!(desk.session.can_redo(), Some("deleting a run"));
    desk.apply(TrainCommand::Continue);
    desk.finish();
    desk.assert_every_step_once(10);
}

#[test]
fn parameters_selection_and_layout_are_undone_in_the_order_of_their_edits() {
    let mut desk = Desk::with_article(5);
    desk.train();
    desk.apply(WorkspaceCommand::SetLayout("a".to_owned()));
    desk.set("decay", ParamValue::Float(0.5));
    desk.apply(SelectCommand::Code(2, Some(3)));
    desk.apply(WorkspaceCommand::SetLayout("b".to_owned()));
    for frames in [(1, 2), (1, 5), (1, 9)] {
        desk.apply(SelectCommand::Frames(Some(frames)));
    }
    let state = |desk: &Desk| {
        let selection = desk.session.selection();
        (
            desk.session.params().current().decay,
            selection.code,
            desk.session.layout().to_owned(),
            selection.frames,
        )
    };
    let after = state(&desk);
    assert_eq!(after, (0.5, Some(3), "b".to_owned(), Some((1, 9))));
    let undone = [
        (0.5, Some(3), "b".to_owned(), None),
        (0.5, Some(3), "a".to_owned(), None),
        (0.5, None, "a".to_owned(), None),
        (0.99, None, "a".to_owned(), None),
    ];
    for wanted in undone {
        desk.apply(EditCommand::Undo);
        assert_eq!(state(&desk), wanted);
    }
    for _ in 0..4 {
        desk.apply(EditCommand::Redo);
    }
    assert_eq!(state(&desk), after);
}

#[test]
fn a_sweep_trains_every_combination_one_after_another() {
    let mut desk = Desk::with_article(12);
    let axes = vec!["codes=4,8".to_owned(), "layers=1,2".to_owned()];
    desk.apply(SweepCommand::Start { axes: axes.clone(), seeds: 2 });
    assert_eq!((desk.session.runs().len(), desk.session.queue()), (8, (7, false)));
    desk.wait("the sweep", |s| !s.is_busy());
    let runs = desk.session.runs();
    assert!(runs.iter().all(|entry| *entry.state() == RunState::Done && entry.history.len() == 12));
    assert!(runs.iter().all(|entry| matches!(entry.origin, Origin::Swept) && entry.group == runs[0].group));
    assert_eq!(runs[7].name(), "Sweep 1: codes 8, layers 2, seed 1");
    for entry in runs {
        // Each is the training that it would be alone.
        let params = *entry.params().unwrap();
        let whole = common::train(common::spec(desk.session.dataset().unwrap(), params));
        assert_eq!(common::bits(&entry.run().unwrap().rvq), common::bits(&whole.run.rvq), "{}", entry.name());
    }
    desk.apply(SweepCommand::Start { axes: vec!["colour=red".to_owned()], seeds: 1 });
    assert!(desk.problems().last().unwrap().contains("no parameter"));
    // A combination that cannot be trained is a failed run, and the others go on.
    desk.apply(SweepCommand::Start { axes: vec!["codebook-dim=2,31".to_owned()], seeds: 1 });
    desk.wait("the sweep", |s| !s.is_busy());
    let states: Vec<_> =
        desk.session.runs()[8..].iter().map(|entry| entry.state().label().english()).collect();
    assert_eq!(states, ["done", "failed"]);
}

#[test]
fn a_sweep_is_stopped_held_released_and_cleared() {
    let mut desk = Desk::with_article(ENDLESS);
    desk.apply(SweepCommand::Start { axes: vec!["codes=4,8,16,32".to_owned()], seeds: 1 });
    desk.reach(3);
    desk.set("decay", ParamValue::Float(0.5));
    desk.set("codebook_size", ParamValue::Int(5));
    desk.apply(TrainCommand::Stop);
    desk.wait("the stop", |s| !s.is_busy());
    assert_eq!(desk.session.queue(), (3, true), "the queue waits");
    assert!(desk.session.runs()[0].params().unwrap().decay != 0.5, "a sweep has parameters of its own");
    desk.apply(SweepCommand::Release);
    desk.wait("the next", |s| s.runs()[1].history.len() > 3);
    // A training of the user's own comes first.
    desk.apply(TrainCommand::Start);
    assert_eq!(desk.session.runs()[1].state(), &RunState::Stopped);
    assert_eq!(desk.session.queue(), (2, true));
    desk.apply(SweepCommand::Clear);
    assert_eq!((desk.session.queue().0, desk.session.runs().len()), (0, 3));
    desk.apply(TrainCommand::Stop);
    desk.wait("the end", |s| s.train_state() == TrainState::Idle);
}

#[test]
fn heavy_state_is_let_go_before_scalars_and_the_user_is_told() {
    let mut desk = Desk::with_article(6);
    desk.session.set_heavy_bytes(40_000);
    for _ in 0..6 {
        desk.train();
    }
    let runs = desk.session.runs();
    assert!(matches!(runs[0].body, Body::LetGo(_)) && runs[5].run().is_some());
    assert!(runs.iter().all(|entry| entry.history.len() == 6 && entry.summary().unwrap().snr_db.is_some()));
    assert!(desk.session.notices().iter().any(|notice| notice.text.contains("let go")));
    assert!(desk.session.can_continue(), "what is shown is whole");
}

#[test]
fn a_run_that_is_looked_at_while_another_trains_stays_in_front() {
    let mut desk = Desk::with_article(5);
    desk.train();
    let first = desk.session.runs()[0].id;
    desk.set("steps", ParamValue::Int(ENDLESS));
    desk.run_to(6);
    desk.apply(RunsCommand::Show(first));
    desk.linger();
    assert_eq!(desk.session.view().unwrap().id(), first);
    assert_eq!(desk.session.train_state(), TrainState::Running);
    let trained = desk.session.trained_runs()[0];
    desk.apply(RunsCommand::Overlay(trained, true));
    let overlaid: Vec<_> = desk.session.overlaid().map(|view| view.id()).collect();
    assert_eq!(overlaid, [first, trained]);
    desk.apply(RunsCommand::Delete(trained));
    assert_eq!((desk.session.train_state(), desk.session.overlaid().count()), (TrainState::Idle, 1));
}

#[test]
fn parameters_of_a_run_are_taken_over() {
    let mut desk = Desk::with_article(5);
    desk.train();
    let first = desk.session.runs()[0].id;
    let before = *desk.session.params().current();
    desk.apply(ParamsCommand::SetRule("moshi"));
    desk.apply(RunsCommand::TakeParams(first));
    assert_eq!(*desk.session.params().current(), before);
}
