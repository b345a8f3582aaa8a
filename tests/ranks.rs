//! Several ranks train together what one would: the same bytes, whatever their number and whoever has which frames.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array2, s};
use proptest::prelude::*;
use rvqscope::features::{FeatureMatrix, FeatureSet};
use rvqscope::random::{self, Purpose};
use rvqscope::ranks::{self, Ranks, ThreadRank, as_threads};
use rvqscope::rvq::rules::RULES;
use rvqscope::rvq::search::Search;
use rvqscope::rvq::{Assignment, BatchOrder, InitMethod, Metric, Rvq, RvqParams};
use rvqscope::task::{Cancel, Task};
use rvqscope::training::course::{Course, CourseState, is_better};
use rvqscope::training::row_scales::{row_scales, row_scales_across};
use rvqscope::training::{Judges, Share, StepRecord, Trainer, TrainerState};

/// Frames with clusters, values of very different size, and a mean far from zero.
fn frames(num_frames: usize, dim: usize, seed: u64) -> Array2<f32> {
    let mut rng = random::stream(seed, Purpose::Data, 7);
    Array2::from_shape_fn((num_frames, dim), |(n, d)| {
        let cluster = (n * 7919 % 13) as f64 - 6.0;
        let size = [1.0, 1e-3, 30.0][d % 3];
        (5.0 + size * (cluster + random::unit(&mut rng))) as f32
    })
}

fn set(values: Array2<f32>) -> Arc<FeatureSet> {
    Arc::new(FeatureSet::single("x", FeatureMatrix::new(values).unwrap(), None))
}

/// What a training came to: everything that the next steps depend on, and the scalars of every step.
type Outcome = (TrainerState, Vec<StepRecord>);

/// Trains as `cuts.len() + 1` ranks, which have the frames between the cuts; all of them must come to the same.
fn train(
    values: &Array2<f32>,
    train: &[Range<usize>],
    cuts: &[usize],
    params: &RvqParams,
    steps: usize,
) -> Outcome {
    let mut bounds = vec![0];
    bounds.extend_from_slice(cuts);
    bounds.push(values.nrows());
    let outcomes = as_threads(bounds.len() - 1, |rank| {
        let own = bounds[rank.rank()]..bounds[rank.rank() + 1];
        let share = Share::new(rank.clone(), own.start, values.nrows());
        let set = set(values.slice(s![own, ..]).to_owned());
        let mut trainer =
            Trainer::shared(params.validate().unwrap(), set, train.to_vec(), None, share).unwrap();
        let records = take(&mut trainer, steps);
        (trainer.state().unwrap(), records)
    });
    let mut outcomes: Vec<Outcome> = outcomes.into_iter().map(Option::unwrap).collect();
    let first = outcomes.remove(0);
    assert!(outcomes.iter().all(|other| *other == first), "ranks have come to different ends");
    first
}

fn take(trainer: &mut Trainer, steps: usize) -> Vec<StepRecord> {
    let cancel = Cancel::default();
    (0..steps).map(|_| trainer.step(&Task::silent(&cancel)).unwrap()).collect()
}

/// `size - 1` cuts into even parts.
fn even(num_frames: usize, size: usize) -> Vec<usize> {
    (1..size).map(|rank| ranks::part(num_frames, rank, size).start).collect()
}

fn params(rule: &'static str) -> RvqParams {
    RvqParams {
        num_layers: 3,
        codebook_size: 24,
        kmeans_iters: 4,
        batch_size: 64,
        rule,
        ..RvqParams::default()
    }
}

#[test]
fn one_two_four_and_seven_ranks_train_the_same_bytes() {
    let values = frames(700, 12, 1);
    let train_on = [0..400, 450..700];
    let cases = RULES.iter().flat_map(|rule| {
        let plain = RvqParams { threshold_ema_dead_code: 0.5, decay: 0.8, ..params(rule.id()) };
        let mut cases = vec![
            plain,
            RvqParams { init: InitMethod::Sample, order: BatchOrder::Sequential, batch_size: 96, ..plain },
            RvqParams { init: InitMethod::Uniform, codebook_dim: 5, ..plain },
            RvqParams { codebook_dim: 5, quantizer_dropout: true, assignment: Assignment::Upstream, ..plain },
        ];
        if rule.id() == "lucidrains" {
            cases.push(RvqParams { metric: Metric::Cosine, ..plain });
            cases.push(RvqParams { metric: Metric::Cosine, search: 2, ..plain });
        }
        // More paths than the first layer has codes for, and so few frames that some rank has none.
        cases.push(RvqParams { search: 4, ..plain });
        cases.push(RvqParams { search: 40, batch_size: 5, ..plain });
        cases.push(RvqParams { search: 3, codebook_dim: 5, quantizer_dropout: true, ..plain });
        cases.extend([1, 3].map(|search| RvqParams { search, refit: 3, steps: 12, ..plain }));
        cases
    });
    let (mut replaced, mut refitted) = (0, 0);
    for case in cases {
        let one = train(&values, &train_on, &[], &case, 12);
        let is_refitted = |record: &StepRecord| record.layers.iter().any(|layer| layer.drift > 0.0);
        refitted += one.1[12 - case.refit as usize..].iter().filter(|record| is_refitted(record)).count();
        replaced += one.1.iter().flat_map(|record| &record.layers).map(|layer| layer.replaced).sum::<u32>();
        for size in [2, 4, 7] {
            let several = train(&values, &train_on, &even(700, size), &case, 12);
            assert_eq!(several.1, one.1, "{size} ranks, {case:?}");
            assert_eq!(several.0, one.0, "{size} ranks, {case:?}");
        }
    }
    assert!(refitted > 2, "no refit has moved a row");
    assert!(replaced > 50, "only {replaced} codes were replaced: that was hardly looked at");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whoever_has_which_frames(
        seed in 0u64..1000,
        dim in 1usize..10,
        num_codes in 1usize..40,
        batch_size in 1usize..300,
        threshold in 0.0f64..0.9,
        scale in -30i32..30,
        mut cuts in prop::collection::vec(1usize..250, 0..6),
        threads in 1usize..4,
        search in 1usize..5,
    ) {
        cuts.sort_unstable();
        cuts.dedup();
        let values = frames(250, dim, seed) * 2f32.powi(scale);
        let case = RvqParams {
            seed,
            codebook_size: num_codes,
            batch_size,
            threshold_ema_dead_code: threshold,
            search,
            ..params("rvqscope")
        };
        let in_pool = |threads: usize, cuts: &[usize]| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| train(&values, &[0..230], cuts, &case, 5))
        };
        prop_assert_eq!(in_pool(threads, &cuts), in_pool(1, &[]));
    }
}

#[test]
fn several_ranks_train_what_one_process_does_but_for_rounding() {
    let values = frames(600, 8, 3);
    let mut replaced = 0;
    for (search, refit, threshold) in [(1, 0, 0.0), (4, 0, 0.0), (1, 2, 0.0), (4, 2, 0.0), (4, 0, 0.5)] {
        let case = RvqParams {
            kmeans_iters: 10,
            search,
            refit,
            steps: 20,
            threshold_ema_dead_code: threshold,
            ..params("rvqscope")
        };
        let (shared, records) = train(&values, &[0..600], &even(600, 3), &case, 20);
        let set = set(values.clone());
        let mut alone = Trainer::new(case.validate().unwrap(), set, vec![0..600], None).unwrap();
        let alone_records = take(&mut alone, 20);
        for (a, b) in records.iter().zip(&alone_records) {
            for (a, b) in a.layers.iter().zip(&b.layers) {
                assert!((a.loss - b.loss).abs() <= 1e-4 * b.loss.abs().max(1e-9), "{a:?}\n{b:?}");
                assert!((a.mse - b.mse).abs() <= 1e-4 * b.mse.abs().max(1e-9), "{a:?}\n{b:?}");
                replaced += b.replaced;
            }
        }
        let rows = |rvq: &Rvq| rvq.layers()[0].codebook.embed().to_owned();
        let (a, b) = (rows(&shared.rvq), rows(alone.rvq()));
        let farthest = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(farthest < 1e-3, "a row differs by {farthest}");
    }
    assert!(replaced > 10, "only {replaced} codes were replaced");
}

#[test]
fn a_state_is_taken_up_by_other_ranks_than_left_it() {
    let values = frames(500, 6, 5);
    let plain = params("rvqscope");
    for case in [plain, RvqParams { search: 3, refit: 7, steps: 14, ..plain }] {
        let whole = train(&values, &[0..500], &even(500, 4), &case, 14);
        let (state, _) = train(&values, &[0..500], &even(500, 2), &case, 9);
        let resumed = as_threads(3, |rank| {
            let own = ranks::part(500, rank.rank(), 3);
            let share = Share::new(rank.clone(), own.start, 500);
            let set = set(values.slice(s![own, ..]).to_owned());
            let mut trainer = Trainer::shared_from_state(&state, set, vec![0..500], share).unwrap();
            let records = take(&mut trainer, 5);
            (trainer.state().unwrap(), records)
        });
        for (state, records) in resumed.into_iter().map(Option::unwrap) {
            assert_eq!(state.rvq, whole.0.rvq);
            assert_eq!(state, whole.0);
            assert_eq!(records, whole.1[9..]);
        }
    }
}

#[test]
fn a_rank_that_ends_ends_the_training_of_the_others() {
    let values = frames(300, 4, 6);
    let ended = as_threads(3, |rank: Arc<ThreadRank>| {
        let own = ranks::part(300, rank.rank(), 3);
        let share = Share::new(rank.clone(), own.start, 300);
        let set = set(values.slice(s![own, ..]).to_owned());
        let mut trainer =
            Trainer::shared(params("moshi").validate().unwrap(), set, vec![0..300], None, share).unwrap();
        let cancel = Cancel::default();
        for step in 1..=6 {
            if rank.rank() == 2 && step == 4 {
                cancel.cancel();
            }
            if trainer.step(&Task::silent(&cancel)).is_err() {
                return step;
            }
        }
        0
    });
    assert_eq!(ended, [Some(4), Some(4), Some(4)]);
}

/// Frames without any structure: what is learnt of some says nothing of others.
fn noise(num_frames: usize, dim: usize, seed: u64) -> Array2<f32> {
    let mut rng = random::stream(seed, Purpose::Data, 8);
    Array2::from_shape_simple_fn((num_frames, dim), || {
        ((0..6).map(|_| random::unit(&mut rng)).sum::<f64>() - 3.0) as f32
    })
}

/// Quantizers that know `values` by heart, after 2 and after 12 steps.
fn by_heart(values: &Array2<f32>) -> [Rvq; 2] {
    let case = RvqParams { num_layers: 4, codebook_size: 64, batch_size: 300, ..params("rvqscope") };
    let set = set(values.clone());
    let mut trainer = Trainer::new(case.validate().unwrap(), set, vec![0..values.nrows()], None).unwrap();
    [2, 10].map(|steps| {
        take(&mut trainer, steps);
        trainer.rvq().clone()
    })
}

/// What `judge` finds as each of the ranks that have the frames between `cuts`; all must find the same.
fn judged<T: PartialEq + std::fmt::Debug + Send>(
    values: &Array2<f32>,
    ranges: &[Range<usize>],
    cuts: &[usize],
    judge: impl Fn(&Judges, &Task<'_>) -> T + Sync,
) -> T {
    let mut bounds = vec![0];
    bounds.extend_from_slice(cuts);
    bounds.push(values.nrows());
    let cancel = Cancel::default();
    let found = as_threads(bounds.len() - 1, |rank| {
        let own = bounds[rank.rank()]..bounds[rank.rank() + 1];
        let judges = Judges::of_share(values.slice(s![own.clone(), ..]), own.start, ranges);
        judge(&judges, &Task::silent(&cancel).among(&*rank))
    });
    let mut found: Vec<T> = found.into_iter().map(Option::unwrap).collect();
    let first = found.remove(0);
    assert!(found.iter().all(|other| *other == first), "{first:?} and {found:?}");
    first
}

/// Cuts among which ranks without any frame of `ranges` are, and even ones.
fn cuts_of(num_frames: usize) -> Vec<Vec<usize>> {
    let mut cuts: Vec<_> = [1, 2, 4, 7].map(|size| even(num_frames, size)).to_vec();
    cuts.extend([vec![10, 20, 30], vec![1, num_frames - 1]]);
    cuts
}

#[test]
fn factors_are_to_the_bit_those_of_the_gathered_frames() {
    let values = noise(900, 6, 11);
    let [_, rvq] = by_heart(&values.slice(s![..500, ..]).to_owned());
    let ranges = [500..620, 650..651, 700..900];
    let held_out = ndarray::concatenate![
        ndarray::Axis(0),
        values.slice(s![500..620, ..]),
        values.slice(s![650..651, ..]),
        values.slice(s![700..900, ..])
    ];
    let trained_on = values.slice(s![..500, ..]).to_owned();
    let cancel = Cancel::default();
    for search in [Search::Greedy, Search::of_width(4)] {
        let alone = row_scales(&rvq, &held_out.clone().into(), search, &Task::silent(&cancel)).unwrap();
        assert!(alone[3] > 1.05, "{alone:?}");
        let across =
            row_scales_across(&rvq, &trained_on.clone().into(), search, &Task::silent(&cancel)).unwrap();
        assert!(across[3] > 1.05, "{across:?}");
        for cuts in cuts_of(900) {
            let found = judged(&values, &ranges, &cuts, |judges, task| {
                row_scales(&rvq, judges, search, task).unwrap()
            });
            assert_eq!(found, alone, "{search:?} {cuts:?}");
            let found = judged(&values, &[0..500], &cuts, |judges, task| {
                row_scales_across(&rvq, judges, search, task).unwrap()
            });
            assert_eq!(found, across, "{search:?} {cuts:?}");
        }
    }
}

#[test]
fn a_look_sees_the_same_whoever_has_which_frames() {
    let values = noise(900, 6, 12);
    let [first, last] = by_heart(&values.slice(s![..500, ..]).to_owned());
    let ranges = [500..640, 700..900];
    let held_out = ndarray::concatenate![
        ndarray::Axis(0),
        values.slice(s![500..640, ..]),
        values.slice(s![700..900, ..])
    ];
    // Two looks, at steps that are due: what they leave in the record, the state that is kept, and whether one is better than the other.
    let look = |judges: &Judges, task: &Task<'_>| -> (Vec<f64>, CourseState, [bool; 2]) {
        let mut course = Course::new(judges.clone());
        let record = |step| StepRecord { step, layers: vec![Default::default(); 4] };
        let mut seen = Vec::new();
        for (step, rvq) in [(10, &first), (20, &last)] {
            let record = course.after(record(step), rvq, true, task).unwrap();
            seen.extend(record.layers.iter().map(|layer| layer.held_out_mse.unwrap()));
        }
        let better = [(&first, &last), (&last, &first)].map(|(a, b)| is_better(a, b, judges, task).unwrap());
        (seen, course.state().clone(), better)
    };
    let cancel = Cancel::default();
    let (alone, alone_state, alone_better) = look(&held_out.into(), &Task::silent(&cancel));
    let one = judged(&values, &ranges, &[], look);
    for (a, b) in one.0.iter().zip(&alone) {
        assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
    }
    assert_eq!(one.1.best.as_ref().unwrap().rvq, alone_state.best.unwrap().rvq);
    assert_eq!(one.2, alone_better);
    assert!(alone_better.contains(&true), "{alone_better:?}: nothing that could be judged otherwise");
    for cuts in cuts_of(900) {
        assert_eq!(judged(&values, &ranges, &cuts, look), one, "{cuts:?}");
    }
}
