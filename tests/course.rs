//! The looks at held-out frames on the way: the best state is known and kept, standing still shows and ends a training that is told so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::sync::Arc;

use common::{bits, clustered, dataset, history_bits, spec, train};
use ndarray::Array2;
use rvqscope::jobs::{Dataset, Holdout, ResumeFrom, TrainSpec};
use rvqscope::random::{self, Purpose};
use rvqscope::rvq::{LayerSpan, Rvq, RvqParams, rules};
use rvqscope::training::{Run, Series};

/// Frames without any structure: what is learnt of some says nothing of others.
fn noise(count: usize, dim: usize) -> Array2<f32> {
    let mut rng = random::stream(3, Purpose::Data, 2);
    Array2::from_shape_simple_fn((count, dim), || {
        (0..6).map(|_| random::unit(&mut rng)).sum::<f64>() as f32 - 3.0
    })
}

/// A rule that begins well and then learns its few frames by heart.
fn params(steps: u64) -> RvqParams {
    RvqParams {
        num_layers: 4,
        codebook_size: 64,
        kmeans_iters: 1,
        batch_size: 64,
        calibrate: false,
        keep_best: false,
        steps,
        ..rules::DEFAULT.defaults()
    }
}

fn snr_held_out(run: &Run) -> f64 {
    run.total_metrics(rvqscope::training::SplitKind::HeldOut).unwrap().snr_db.unwrap()
}

/// The mean squared error per element of held-out frames behind the last layer, by the plain way: encode, decode, subtract.
fn mse(rvq: &Rvq, frames: &Array2<f32>) -> f64 {
    let codes = rvq.encode(frames.view(), LayerSpan::ALL).unwrap();
    let left = rvq.decode(codes.view(), 0).unwrap() - frames;
    left.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / left.len() as f64
}

fn held_out_frames(data: &Dataset) -> Array2<f32> {
    let split = rvqscope::features::Split::hold_out(&data.set, 0.1);
    let frames: Vec<usize> = split.held_out.into_iter().flatten().collect();
    data.set.matrix.view().select(ndarray::Axis(0), &frames)
}

#[test]
fn looks_are_at_steps_of_their_number_alone_and_see_what_encoding_gives() {
    let data = dataset(noise(600, 6));
    for standardize in [false, true] {
        let done = train(TrainSpec { standardize, ..spec(&data, params(60)) });
        let series = done.history.series(3, Series::HeldOutMse);
        let seen: Vec<u64> = (1..=60).filter(|&step| series[step as usize - 1].is_finite()).collect();
        assert_eq!(seen, [10, 20, 30, 40, 50, 60]);
        let by_hand = mse(&done.run.rvq, &held_out_frames(&data));
        assert!((series[59] / by_hand - 1.0).abs() < 1e-5, "{} {by_hand}", series[59]);
    }
}

#[test]
fn the_best_state_is_kept_where_the_last_is_clearly_worse_and_the_training_goes_on_from_the_last() {
    let data = dataset(noise(1200, 6));
    let spec = |params| TrainSpec { holdout: Holdout(0.5), ..spec(&data, params) };
    let last = train(spec(params(400)));
    let kept = train(spec(RvqParams { keep_best: true, ..params(400) }));
    assert_eq!(history_bits(&last.history), history_bits(&kept.history), "keeping changes no step");
    let (course, plain) = (kept.run.course.unwrap(), last.run.course.unwrap());
    assert_eq!(course.best_step, plain.best_step);
    let step = course.kept.expect("frames without structure are best early");
    assert!(step == course.best_step && step < 400 && plain.kept.is_none());
    assert!(course.above_best_db > 0.01, "{course:?}");
    assert!(snr_held_out(&kept.run) > snr_held_out(&last.run), "{course:?}");
    let until_then = train(spec(params(step)));
    assert_eq!(bits(&kept.run.rvq), bits(&until_then.run.rvq), "it is the state of that step");
    assert!(kept.run.course_words().unwrap().english().contains(&format!("state of step {step}")));

    let more = RvqParams { keep_best: false, ..params(420) }.validate().unwrap();
    let whole = train(spec(*more));
    let resumed =
        train(TrainSpec { params: more, resume: Some(ResumeFrom::Memory(kept.resume)), ..spec(*more) });
    assert_eq!(bits(&resumed.run.rvq), bits(&whole.run.rvq));
}

#[test]
fn a_training_that_stands_still_ends_where_it_is_told_to_and_goes_on_when_it_is_resumed() {
    let data = dataset(clustered(1, 600, 4, 4));
    let settled = RvqParams { codebook_size: 4, num_layers: 2, ..params(1000) };
    let plain = train(spec(&data, settled));
    assert_eq!(plain.run.steps, 1000);
    assert!(
        plain.run.course_words().unwrap().english().contains("has not gained"),
        "a plateau is told all the same"
    );
    let patient = RvqParams { patience: 60, ..settled };
    let ended = train(spec(&data, patient));
    let course = ended.run.course.unwrap();
    assert!(course.ended_early && ended.run.is_over() && ended.run.steps < 1000, "{course:?}");
    let stride = if ended.run.steps > 200 { 20 } else { 10 };
    let stood = ended.run.steps - course.gained_at;
    assert!((60..60 + stride).contains(&stood), "{course:?} {}", ended.run.steps);
    let words = ended.run.course_words().unwrap().english();
    assert!(words.contains(&format!("ended at step {}", ended.run.steps)), "{words}");
    // As many steps again as it has patience, at least.
    let before = ended.run.steps;
    let resumed = train(TrainSpec { resume: Some(ResumeFrom::Memory(ended.resume)), ..spec(&data, patient) });
    assert!(resumed.run.steps >= before + 60, "{} after {before}", resumed.run.steps);
}

#[test]
fn nothing_is_looked_at_where_nothing_is_held_out() {
    let data = dataset(noise(300, 3));
    let spec = TrainSpec {
        holdout: Holdout(0.0),
        ..spec(&data, RvqParams { patience: 10, keep_best: true, ..params(60) })
    };
    let done = train(spec);
    assert_eq!((done.run.steps, done.run.course), (60, None));
    assert!(done.history.series(0, Series::HeldOutMse).iter().all(|mse| mse.is_nan()));
}

#[test]
fn a_checkpoint_carries_its_looks_and_resumes_to_the_same_best_state() {
    let data = dataset(noise(900, 6));
    let all = RvqParams { keep_best: true, ..params(400) };
    let whole = train(spec(&data, all));
    let half = train(spec(&data, RvqParams { steps: 205, ..all }));
    let checkpoint = Arc::new(half.resume.checkpoint().expect("between two steps"));
    assert!(checkpoint.course.best.as_ref().unwrap().rvq.is_some());
    let resumed = train(TrainSpec { resume: Some(ResumeFrom::Checkpoint(checkpoint)), ..spec(&data, all) });
    assert_eq!(resumed.run.course, whole.run.course);
    assert_eq!(bits(&resumed.run.rvq), bits(&whole.run.rvq));
}
