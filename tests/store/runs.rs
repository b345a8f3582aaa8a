//! Every kind of run comes back from its file as it was, to the bit.

use std::sync::Arc;

use proptest::prelude::*;
use rvqscope::rvq::rules::RULES;
use rvqscope::rvq::{ChainParts, Codebook, Metric, Projection, Rvq};
use rvqscope::store::{StoreError, StoredRun, read_run, write_run};
use rvqscope::training::{History, Run, Trainer};

use crate::common;
use crate::samples::{Dice, advance, assert_same, bytes, corpus, fixtures, loaded, through_disk, trained};

#[test]
fn every_quantizer_that_the_fixtures_hold_comes_back() {
    let all = fixtures();
    assert!(all.len() > 25, "only {} fixtures", all.len());
    for (path, rvq) in &all {
        let run = loaded(&path.display().to_string(), rvq.clone());
        assert_same(&through_disk(&run), &run);
    }
    // All that sets shapes apart is among them: several chains, projections around chains and layers, strides, both kinds of angle.
    let has = |what: fn(&Rvq) -> bool| assert!(all.iter().any(|(_, rvq)| what(rvq)));
    has(|rvq| rvq.chains().len() > 1);
    has(|rvq| rvq.chains().iter().any(|chain| chain.projection().is_some()));
    has(|rvq| rvq.chains().iter().any(|chain| chain.columns().len() < rvq.dim()));
    has(|rvq| rvq.layers().iter().any(|layer| layer.projection.is_some()));
    has(|rvq| rvq.common_stride() > 1);
    has(|rvq| rvq.metric() == Metric::Cosine);
    has(|rvq| rvq.metric() == Metric::CosineRaw);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn runs_of_random_parts_come_back_and_give_the_same_bytes(seed in any::<u64>()) {
        let run = Dice::new(seed).run();
        let back = through_disk(&run);
        assert_same(&back, &run);
        prop_assert_eq!(bytes(&back), bytes(&run));
    }
}

#[test]
fn a_training_that_was_stored_resumes_to_the_same_bytes() {
    for rule in RULES {
        let (whole, mut trainer) = trained(rule.id(), 7);
        let mut history = (*whole.history).clone();
        let back = through_disk(&whole);
        assert_same(&back, &whole);
        let (set, train) = corpus();
        let mut resumed = Trainer::from_state(back.trainer.as_deref().unwrap(), set, train).unwrap();
        let mut again = (*back.history).clone();
        advance(&mut trainer, &mut history, 40);
        advance(&mut resumed, &mut again, 40);
        assert_eq!(common::bits(resumed.rvq()), common::bits(trainer.rvq()), "{}", rule.id());
        assert_eq!(common::history_bits(&again), common::history_bits(&history), "{}", rule.id());
        assert_eq!(resumed.state(), trainer.state(), "{}", rule.id());
    }
}

#[test]
fn the_history_of_codes_goes_on_where_it_was_stored() {
    let (mut stored, mut trainer) = trained("rvqscope", 63);
    for _ in 0..5 {
        let back = through_disk(&stored);
        assert_same(&back, &stored);
        let state = back.trainer.unwrap();
        // What run and training have in common is there once.
        let shared = state.tracer.as_ref().map(|tracer| tracer.trace().clone());
        assert!(Arc::ptr_eq(&shared.unwrap(), back.run.trace.as_ref().unwrap()));
        let (set, train) = corpus();
        let mut resumed = Trainer::from_state(&state, set, train).unwrap();
        advance(&mut resumed, &mut History::default(), 17);
        advance(&mut trainer, &mut History::default(), 17);
        assert_eq!(resumed.state(), trainer.state());
        let (steps, trace) = (trainer.steps_done(), resumed.code_trace().cloned());
        let (rvq, states) = (Arc::new(resumed.rvq().clone()), resumed.layer_states().to_vec());
        let run = Run { rvq, states, steps, trace, ..(*back.run).clone() };
        stored = StoredRun { run: Arc::new(run), trainer: resumed.state().map(Arc::new), ..stored };
    }
    let trace = stored.run.trace.as_ref().unwrap();
    assert_eq!((trace.every(), trace.snapshots().len()), (4, 37), "148 steps");
    // A run that is ahead of its checkpoint has a history of its own.
    let behind = trained("rvqscope", 70).0.trainer;
    let ahead = StoredRun { trainer: behind, ..stored };
    assert_same(&through_disk(&ahead), &ahead);
}

#[test]
fn what_was_stored_before_codes_had_a_history_opens_and_has_it_from_there_on() {
    let (with, mut whole) = trained("rvqscope", 7);
    let mut state = (**with.trainer.as_ref().unwrap()).clone();
    state.tracer = None;
    let run = Run { trace: None, ..(*with.run).clone() };
    let older = StoredRun { run: Arc::new(run), trainer: Some(Arc::new(state)), ..with };
    let file = bytes(&older);
    assert!(!file.windows(5).any(|word| word == b"trace"), "the file is as it was then");
    let back = through_disk(&older);
    assert_same(&back, &older);
    assert!(back.run.trace.is_none() && back.run.code_points(0, 0).is_empty());
    let (set, train) = corpus();
    let mut resumed = Trainer::from_state(back.trainer.as_deref().unwrap(), set, train).unwrap();
    advance(&mut resumed, &mut History::default(), 5);
    advance(&mut whole, &mut History::default(), 5);
    assert_eq!(common::bits(resumed.rvq()), common::bits(whole.rvq()));
    let (trace, wholes) = (resumed.code_trace().unwrap(), whole.code_trace().unwrap());
    assert_eq!((trace.from(), trace.snapshots()), (7, &wholes.snapshots()[7..]));
}

#[test]
fn a_quantizer_that_run_and_training_share_is_stored_once() {
    let (shared, mut trainer) = trained("encodec", 7);
    let alone = bytes(&StoredRun { trainer: None, ..shared.clone() }).len();
    // The state of three layers of twelve codes comes on top, and a description.
    assert!(bytes(&shared).len() < alone + 3000, "{} and {alone}", bytes(&shared).len());
    advance(&mut trainer, &mut History::default(), 1);
    let ahead = StoredRun { trainer: trainer.state().map(Arc::new), ..shared.clone() };
    assert!(bytes(&ahead).len() > bytes(&shared).len() + 3 * 12 * 4 * 8);
    assert_same(&through_disk(&ahead), &ahead);

    // 0 and -0 are equal, but not the same.
    let rvq = |zero: f32| {
        Rvq::new(vec![Codebook::from_rows(ndarray::array![[zero, 1.0]]).unwrap().into()]).unwrap()
    };
    let mut state = (**shared.trainer.as_ref().unwrap()).clone();
    state.layers.truncate(1);
    state.layers[0].replaced_at.truncate(1);
    state.layers[0].batch_counts.truncate(1);
    state.layers[0].code_drift.truncate(1);
    state.rvq = rvq(-0.0);
    state.tracer = None;
    let run = StoredRun { trainer: Some(Arc::new(state)), ..loaded("zero", rvq(0.0)) };
    assert_same(&through_disk(&run), &run);
}

#[test]
fn numbers_of_a_checkpoint_take_the_room_of_a_checkpoint() {
    let rows = ndarray::Array2::from_shape_fn((256, 16), |(k, d)| (k * 16 + d) as f32 / 7.0);
    let run = loaded("a checkpoint", Rvq::new(vec![Codebook::from_rows(rows).unwrap().into()]).unwrap());
    // Rows, sizes and sums, which all are of four bytes.
    let numbers = 4 * (256 * 16 + 256 + 256 * 16);
    assert!(bytes(&run).len() < numbers + 4000, "{}", bytes(&run).len());
}

#[test]
fn what_could_not_be_read_back_is_not_written_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("3.safetensors");
    let (sound, _) = trained("rvqscope", 3);
    write_run(&path, &sound).unwrap();
    let refuse = |run: &StoredRun, why: &str| match write_run(&path, run) {
        Err(err @ StoreError::Unfit(_)) => {
            let words = err.to_string();
            assert!(words.contains(why) && words.ends_with("3.safetensors"), "{words}");
            assert_same(&read_run(&path).unwrap(), &sound);
        }
        other => panic!("{why}: {other:?}"),
    };
    let with = |change: fn(&mut Run)| {
        let mut run = (*sound.run).clone();
        change(&mut run);
        StoredRun { run: Arc::new(run), trainer: None, ..sound.clone() }
    };
    refuse(
        &with(|run| {
            run.states.pop();
        }),
        "2 states of 3 layers",
    );
    refuse(&with(|run| run.states[1].replaced_at.clear()), "state of layer 1");
    refuse(&with(|run| run.params.epsilon = f64::NAN), "epsilon");
    refuse(&with(|run| run.live_edits[0].key = "colour"), "no parameter colour");
    refuse(
        &with(|run| {
            let mut evaluation = (**run.held_out.as_ref().unwrap()).clone();
            evaluation.layers[2].counts[0] += 101;
            run.held_out = Some(Arc::new(evaluation));
        }),
        "layer 2 counts more codes",
    );
    let mut ahead = (**sound.trainer.as_ref().unwrap()).clone();
    ahead.layers[0].init_step = Some(4);
    refuse(&StoredRun { trainer: Some(Arc::new(ahead)), ..sound.clone() }, "training does not fit");

    let codebook = Codebook::from_rows(ndarray::array![[0.0, 1.0]]).unwrap();
    let projection = Projection {
        in_weight: ndarray::Array2::ones((2, 2)),
        in_bias: ndarray::array![0.0, f32::NAN],
        out_weight: ndarray::Array2::ones((2, 2)),
        out_bias: ndarray::array![0.0, 0.0],
    };
    let parts = ChainParts { layers: vec![codebook.into()], columns: None, projection: Some(projection) };
    let rvq = Rvq::of_chains(2, vec![parts], Metric::Euclidean).unwrap();
    refuse(&loaded("not finite", rvq), "not finite");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing lies about");
}

#[test]
fn a_place_that_cannot_be_written_is_told_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    std::fs::write(&file, "x").unwrap();
    let (run, _) = trained("rvqscope", 3);
    for path in [file.join("1.safetensors"), folder.path().join("no folder/1.safetensors")] {
        let err = write_run(&path, &run).unwrap_err();
        assert!(matches!(err, StoreError::File(_)) && !err.is_content(), "{err:?}");
        assert!(err.to_string().contains("1.safetensors"), "{err}");
        assert!(matches!(read_run(&path), Err(StoreError::File(_))));
    }
}
