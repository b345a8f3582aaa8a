//! The same seed gives the same bytes: on any number of threads, watched or not, in the window and on the command line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::single_range_in_vec_init, reason = "lists of ranges that here have one")]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Recorded, bits, clustered, dataset, history_bits, small_params, spec, train, train_with};
use ndarray::Array2;
use rvqscope::jobs::{self, Builtin, EvaluateSpec, Holdout, JobCtx};
use rvqscope::metrics;
use rvqscope::param::ParamValue;
use rvqscope::rvq::rules::RULES;
use rvqscope::rvq::search::Search;
use rvqscope::rvq::{InitMethod, LayerSpan, RvqError, RvqParams, param_spec};
use rvqscope::session::{DataCommand, ParamsCommand, Session, TrainCommand, TrainState};
use rvqscope::task::{Cancel, Task};
use rvqscope::training::{Run, SplitKind};

const THREADS: [usize; 3] = [2, 4, 8];

/// Frames enough for several blocks of work, and codes enough that some die.
fn corpus() -> Arc<rvqscope::jobs::Dataset> {
    dataset(clustered(5, 1300, 7, 9))
}

/// Everything random switched on: k-means, shuffled batches, replacement of many codes.
fn busy(rule: &str) -> RvqParams {
    let mut params = RvqParams { codebook_size: 40, batch_size: 300, steps: 9, ..small_params(rule) };
    let relative = rule == "rvqscope" || rule == "moshi";
    params.threshold_ema_dead_code = if relative { 0.6 } else { 4.0 };
    params
}

fn same(a: &Recorded, b: &Recorded, what: &str) {
    assert_eq!(bits(&a.run.rvq), bits(&b.run.rvq), "{what}: codebooks");
    assert_eq!(history_bits(&a.history), history_bits(&b.history), "{what}: history");
    assert_eq!(a.run, b.run, "{what}: the run");
}

fn same_figures(a: &Run, b: &Run, what: &str) {
    for split in [SplitKind::Train, SplitKind::HeldOut] {
        assert_eq!(a.layer_metrics(split), b.layer_metrics(split), "{what}: {split:?} layers");
        assert_eq!(a.total_metrics(split), b.total_metrics(split), "{what}: {split:?} totals");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes_under_every_rule() {
    let dataset = corpus();
    for rule in RULES {
        let one = train(spec(&dataset, busy(rule.id())));
        assert_eq!(one.run.steps, 9);
        for threads in THREADS {
            let many = train_with(spec(&dataset, busy(rule.id())), threads, false).unwrap();
            same(&one, &many, &format!("{} on {threads} threads", rule.id()));
        }
    }
}

#[test]
fn every_way_to_start_gives_the_same_bytes_on_any_number_of_threads() {
    let dataset = corpus();
    for init in [InitMethod::KMeans, InitMethod::Sample, InitMethod::Uniform] {
        let params = RvqParams { init, quantizer_dropout: true, ..busy("rvqscope") };
        let one = train(spec(&dataset, params));
        let many = train_with(spec(&dataset, params), 4, false).unwrap();
        same(&one, &many, &format!("{init:?}"));
    }
}

#[test]
fn codes_are_replaced_in_these_trainings() {
    let dataset = corpus();
    for rule in RULES {
        let trained = train(spec(&dataset, busy(rule.id())));
        let layers = 0..trained.history.num_layers();
        let replaced: f64 = layers
            .flat_map(|layer| trained.history.series(layer, rvqscope::training::Series::Replaced))
            .sum();
        assert!(replaced > 0.0, "{}: nothing random happens in its updates", rule.id());
    }
}

#[test]
fn another_seed_gives_another_quantizer() {
    let dataset = corpus();
    for rule in RULES {
        let a = train(spec(&dataset, busy(rule.id())));
        let b = train(spec(&dataset, RvqParams { seed: 1, ..busy(rule.id()) }));
        assert_ne!(bits(&a.run.rvq), bits(&b.run.rvq), "{}", rule.id());
    }
}

#[test]
fn watched_and_unwatched_trainings_are_the_same() {
    let dataset = corpus();
    for rule in RULES {
        for standardize in [false, true] {
            let of = |live| {
                let spec = rvqscope::jobs::TrainSpec { standardize, ..spec(&dataset, busy(rule.id())) };
                train_with(spec, 2, live).unwrap()
            };
            same(&of(false), &of(true), rule.id());
        }
    }
}

#[test]
fn evaluation_and_codes_do_not_depend_on_threads() {
    let dataset = dataset(clustered(6, 20_000, 6, 11));
    let trained = train(spec(&dataset, small_params("rvqscope")));
    let rvq = &trained.run.rvq;
    let cancel = Cancel::default();
    let of = |threads: usize| {
        let ctx = JobCtx { cancel: &cancel, emit: &|_| {}, control: None, threads, live: false };
        let spec = EvaluateSpec {
            name: "m".to_owned(),
            dataset: dataset.clone(),
            rvq: rvq.clone(),
            params: None,
            steps: 0,
            holdout: Some(Holdout(0.1)),
            search: Search::Greedy,
        };
        let run = jobs::evaluate(&spec, &ctx).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (codes, frames) = pool.install(|| {
            let mut blocks = Vec::new();
            let put = |start: usize, codes| {
                blocks.push((start, codes));
                Ok::<_, RvqError>(())
            };
            jobs::encode(rvq, &dataset, LayerSpan::ALL, Search::Greedy, &Task::silent(&cancel), put).unwrap();
            assert!(blocks.len() > 1 && blocks.is_sorted_by_key(|(start, _)| *start));
            let views: Vec<_> = blocks.iter().map(|(_, codes): &(usize, Array2<u32>)| codes.view()).collect();
            let codes = ndarray::concatenate(ndarray::Axis(1), &views).unwrap();
            let frames = rvq.decode(codes.view(), 0).unwrap();
            (codes, frames.mapv(f32::to_bits))
        });
        (run, codes, frames)
    };
    let one = of(1);
    for threads in THREADS {
        assert_eq!(of(threads), one, "{threads} threads");
    }
    // The one block-wise way to codes and the plain way agree.
    assert_eq!(rvq.encode(dataset.set.matrix.view(), LayerSpan::ALL).unwrap(), one.1);
    // What the run says of its frames is what an evaluation of exactly these frames says.
    let held_out = one.0.held_out.clone().unwrap();
    let again = metrics::evaluate(
        rvq,
        dataset.set.matrix.view(),
        &[18_000..20_000],
        Search::Greedy,
        &Task::silent(&cancel),
    )
    .unwrap();
    assert_eq!(*held_out, again);
    assert_eq!(trained.run.held_out.as_deref(), Some(&again));
}

#[test]
fn the_window_and_the_command_line_agree_on_every_figure() {
    for (rule, threads) in [("rvqscope", 1), ("rvqscope", 3), ("gpt-sovits", 2)] {
        let mut session = Session::new(Arc::new(|| {}));
        session.set_threads(threads);
        session.apply(DataCommand::OpenBuiltin { builtin: Builtin::Article, then_train: false });
        wait(&mut session, |s| !s.is_busy());
        session.apply(ParamsCommand::SetRule(RULES.iter().find(|r| r.id() == rule).unwrap().id()));
        for (key, value) in [
            ("num_layers", 3),
            ("codebook_size", 24),
            ("kmeans_iters", 4),
            ("batch_size", 128),
            ("steps", 40),
        ] {
            session.apply(ParamsCommand::Set {
                key: param_spec(key).unwrap().key,
                value: ParamValue::Int(value),
            });
        }
        session.apply(TrainCommand::Start);
        wait(&mut session, |s| s.train_state() == TrainState::Idle);
        let dataset = session.dataset().unwrap().clone();
        let inline = train_with(spec(&dataset, *session.params().current()), 2, false).unwrap();
        let view = session.view().unwrap();
        same_figures(view.run, &inline.run, rule);
        assert_eq!(bits(&view.run.rvq), bits(&inline.run.rvq));
        assert_eq!(history_bits(view.history), history_bits(&inline.history));
        let named = Run { name: view.run.name.clone(), ..(*inline.run).clone() };
        assert_eq!(**view.run, named);
        assert!(!inline.run.layer_metrics(SplitKind::HeldOut).is_empty());
    }
}

fn wait(session: &mut Session, done: impl Fn(&Session) -> bool) {
    let start = Instant::now();
    while !done(session) {
        session.poll();
        assert!(start.elapsed() < Duration::from_secs(60), "{:?} {:?}", session, session.notices());
        std::thread::sleep(Duration::from_millis(1));
    }
}
