//! The trainer against plain loops in f64, and what forward, encode and decode promise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::single_range_in_vec_init, reason = "lists of ranges that here have one")]

mod common;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Recorded, SERIES, bits, clustered, dataset, history_bits, small_params, spec, train};
use ndarray::{Array1, Array2, ArrayView2, Axis, array, s};
use proptest::prelude::*;
use rvqscope::features::{FeatureMatrix, FeatureSet, Standardizer};
use rvqscope::jobs::TrainSpec;
use rvqscope::metrics;
use rvqscope::random::{self, Purpose};
use rvqscope::rvq::init::{self, EmptyCluster};
use rvqscope::rvq::search::Search;
use rvqscope::rvq::{Assignment, BatchOrder, Codebook, LayerSpan, Metric, Rvq, RvqError, RvqParams, rules};
use rvqscope::task::{Cancel, Progress, Task};
use rvqscope::text::Phrase;
use rvqscope::training::{History, Series, SplitKind, StepRecord, Trainer};

fn feature_set(values: Array2<f32>) -> Arc<FeatureSet> {
    Arc::new(FeatureSet::single("x", FeatureMatrix::new(values).unwrap(), None))
}

fn trainer(values: &Array2<f32>, train: Range<usize>, params: RvqParams, start: Option<&Rvq>) -> Trainer {
    Trainer::new(params.validate().unwrap(), feature_set(values.clone()), vec![train], start).unwrap()
}

fn step(trainer: &mut Trainer) -> StepRecord {
    trainer.step(&Task::silent(&Cancel::default())).unwrap()
}

/// Layers of random rows, the deeper the shorter, with an EMA state that is not that of fresh rows.
fn random_rvq(seed: u64, layers: usize, codes: usize, dim: usize) -> Rvq {
    let mut rng = random::stream(seed, Purpose::Init, 99);
    let layers = (0..layers).map(|layer| {
        let scale = 3.0 / (1.0 + layer as f64);
        let rows =
            Array2::from_shape_simple_fn((codes, dim), || ((random::unit(&mut rng) - 0.5) * scale) as f32);
        let sizes = Array1::from_shape_simple_fn(codes, || 2.0 + 5.0 * random::unit(&mut rng));
        let sums = Array2::from_shape_fn((codes, dim), |(k, d)| f64::from(rows[[k, d]]) * sizes[k] * 0.9);
        Codebook::new(rows, sizes, sums).unwrap().into()
    });
    Rvq::new(layers.collect()).unwrap()
}

/// One layer as the rules describe it, with nothing but loops and f64.
struct PlainLayer {
    e: Vec<Vec<f64>>,
    c: Vec<f64>,
    m: Vec<Vec<f64>>,
}

/// What a plain step of one layer gives.
struct PlainStep {
    codes: Vec<u32>,
    loss: f64,
    mse: f64,
    drift: f64,
    used: u32,
    perplexity: f64,
}

impl PlainLayer {
    fn of(codebook: &Codebook) -> Self {
        let rows = |values: ArrayView2<'_, f64>| values.rows().into_iter().map(|row| row.to_vec()).collect();
        Self {
            e: rows(codebook.embed().mapv(f64::from).view()),
            c: codebook.cluster_size().to_vec(),
            m: rows(codebook.embed_avg().view()),
        }
    }

    /// Assigns with the old rows, takes them off the frames, and moves by the EMA core.
    fn step(&mut self, frames: &mut [Vec<f64>], d: f64, eps: f64, weight: f64) -> PlainStep {
        let (num_codes, dim, n) = (self.e.len(), self.e[0].len(), frames.len() as f64);
        let (mut counts, mut sums) = (vec![0.0; num_codes], vec![vec![0.0; dim]; num_codes]);
        let (mut codes, mut sq_error) = (Vec::new(), 0.0);
        for frame in frames.iter_mut() {
            let mut best = (0, f64::INFINITY);
            for (k, row) in self.e.iter().enumerate() {
                let distance: f64 = frame.iter().zip(row).map(|(x, e)| (x - e) * (x - e)).sum();
                if distance < best.1 {
                    best = (k, distance);
                }
            }
            let (k, distance) = best;
            codes.push(k as u32);
            sq_error += distance;
            counts[k] += 1.0;
            for j in 0..dim {
                sums[k][j] += frame[j];
                frame[j] -= self.e[k][j];
            }
        }
        let before = self.e.clone();
        for k in 0..num_codes {
            self.c[k] = d * self.c[k] + (1.0 - d) * counts[k];
            for j in 0..dim {
                self.m[k][j] = d * self.m[k][j] + (1.0 - d) * sums[k][j];
            }
        }
        let total: f64 = self.c.iter().sum();
        for k in 0..num_codes {
            let smoothed = (self.c[k] + eps) / (total + num_codes as f64 * eps) * total;
            for j in 0..dim {
                self.e[k][j] = self.m[k][j] / smoothed;
            }
        }
        let (mut moved, mut norm) = (0.0, 0.0);
        for (old, new) in before.iter().flatten().zip(self.e.iter().flatten()) {
            moved += (new - old) * (new - old);
            norm += old * old;
        }
        let entropy: f64 = counts.iter().filter(|&&c| c > 0.0).map(|c| -c / n * (c / n).ln()).sum();
        PlainStep {
            codes,
            loss: weight * sq_error / (n * dim as f64),
            mse: sq_error / (n * dim as f64),
            drift: (moved / norm).sqrt(),
            used: counts.iter().filter(|&&c| c > 0.0).count() as u32,
            perplexity: entropy.exp(),
        }
    }
}

fn close(a: f64, b: f64, what: &str) {
    assert!((a - b).abs() <= 2e-5 * (1.0 + b.abs()), "{what}: {a} is not {b}");
}

/// Steps a trainer and the oracle side by side over sequential batches and compares everything.
fn check_against_oracle(trainer: &mut Trainer, values: &Array2<f32>, first_frame: usize, steps: u64) {
    let params = *trainer.params();
    let mut layers: Vec<_> = trainer.rvq().layers().iter().map(|l| PlainLayer::of(&l.codebook)).collect();
    let mut next = first_frame;
    for _ in 0..steps {
        if next >= values.nrows() {
            next = 0;
        }
        let end = (next + params.batch_size).min(values.nrows());
        let batch = values.slice(s![next..end, ..]);
        let mut frames: Vec<Vec<f64>> =
            batch.rows().into_iter().map(|row| row.iter().map(|&v| f64::from(v)).collect()).collect();
        next = end;
        let record = step(trainer);
        assert_eq!(record.layers.len(), layers.len());
        for (layer_idx, (layer, got)) in layers.iter_mut().zip(&record.layers).enumerate() {
            let at = format!("{}, step {}, layer {layer_idx}", params.rule, record.step);
            let wanted = layer.step(&mut frames, params.decay, params.epsilon, params.commitment_weight);
            assert_eq!(trainer.codes(layer_idx), wanted.codes, "{at}: codes");
            close(got.loss, wanted.loss, &format!("{at}: loss"));
            close(got.mse, wanted.mse, &format!("{at}: mse"));
            close(got.drift, wanted.drift, &format!("{at}: drift"));
            close(got.perplexity, wanted.perplexity, &format!("{at}: perplexity"));
            assert_eq!((got.used, got.replaced, got.below_threshold), (wanted.used, 0, 0), "{at}");
            let codebook = &trainer.rvq().layers()[layer_idx].codebook;
            for (k, row) in codebook.embed().rows().into_iter().enumerate() {
                close(codebook.cluster_size()[k], layer.c[k], &format!("{at}: c_{k}"));
                for (j, &value) in row.iter().enumerate() {
                    close(f64::from(value), layer.e[k][j], &format!("{at}: e_{k}"));
                    close(codebook.embed_avg()[[k, j]], layer.m[k][j], &format!("{at}: m_{k}"));
                }
            }
        }
    }
}

/// The rules that move by the plain EMA core alone when nothing is replaced.
const EMA_RULES: [&str; 4] = ["encodec", "gpt-sovits", "lucidrains", "rvqscope"];

/// Those of them that start every layer in the first step, by k-means.
const CORE_RULES: [&str; 2] = ["gpt-sovits", "rvqscope"];

fn sequential(rule: &str) -> RvqParams {
    RvqParams {
        order: BatchOrder::Sequential,
        threshold_ema_dead_code: 0.0,
        decay: 0.8,
        epsilon: 1e-3,
        commitment_weight: 0.25,
        ..small_params(rule)
    }
}

#[test]
fn from_given_codebooks_every_batch_does_what_plain_loops_do() {
    let values = clustered(1, 150, 5, 7);
    let start = random_rvq(1, 3, 12, 5);
    for rule in EMA_RULES {
        let mut trainer = trainer(&values, 0..150, sequential(rule), Some(&start));
        assert_eq!(bits(trainer.rvq()), bits(&start));
        // Batches of 64, 64 and 22 frames, three times over.
        check_against_oracle(&mut trainer, &values, 0, 9);
    }
}

#[test]
fn behind_the_first_step_every_batch_does_what_plain_loops_do() {
    let values = clustered(2, 150, 5, 7);
    for rule in EMA_RULES {
        let mut trainer = trainer(&values, 0..150, sequential(rule), None);
        step(&mut trainer);
        check_against_oracle(&mut trainer, &values, 64, 7);
    }
}

#[test]
fn a_live_edit_holds_from_the_next_step() {
    let values = clustered(2, 150, 5, 7);
    let mut trainer = trainer(&values, 0..150, sequential("gpt-sovits"), None);
    step(&mut trainer);
    let edited =
        RvqParams { decay: 0.5, epsilon: 0.1, batch_size: 40, codebook_size: 3, ..*trainer.params() };
    trainer.set_live(&edited.validate().unwrap());
    assert_eq!((trainer.params().batch_size, trainer.params().codebook_size), (40, 12), "only what is live");
    check_against_oracle(&mut trainer, &values, 64, 6);
}

#[test]
fn an_edit_under_another_rule_leaves_the_threshold_alone() {
    let values = clustered(2, 150, 5, 7);
    let mut trainer = trainer(&values, 0..150, small_params("rvqscope"), None);
    trainer.set_live(&RvqParams { steps: 99, decay: 0.5, ..small_params("gpt-sovits") }.validate().unwrap());
    let params = trainer.params();
    assert_eq!((params.steps, params.decay, params.threshold_ema_dead_code), (99, 0.5, 0.1));
    // Ours does not read how codes are assigned: parameters for it say nothing of it.
    let upstream = RvqParams { assignment: Assignment::Upstream, ..small_params("encodec") };
    let mut trainer = self::trainer(&values, 0..150, upstream, None);
    trainer.set_live(&small_params("rvqscope").validate().unwrap());
    assert_eq!(trainer.params().assignment, Assignment::Upstream);
    trainer.set_live(&small_params("moshi").validate().unwrap());
    assert_eq!(trainer.params().assignment, Assignment::Exact);
}

#[test]
fn a_step_that_was_cancelled_half_way_is_gone_on_with() {
    let values = clustered(3, 300, 5, 7);
    for rule in CORE_RULES {
        let params = small_params(rule);
        let mut whole = trainer(&values, 0..300, params, None);
        let mut torn = trainer(&values, 0..300, params, None);
        let cancel = Cancel::default();
        let stop_in_layer_2 = |progress: Progress| {
            if progress.stage.english().ends_with("layer 2") {
                cancel.cancel();
            }
        };
        assert!(torn.step(&Task::new(&cancel, &stop_in_layer_2)).is_err());
        assert!(!torn.is_between_steps() && torn.steps_done() == 0 && !torn.has_started());
        assert!(torn.step(&Task::silent(&cancel)).is_err(), "still cancelled");
        for _ in 0..4 {
            assert_eq!(step(&mut torn), step(&mut whole), "{rule}");
        }
        assert!(torn.is_between_steps());
        assert_eq!(bits(torn.rvq()), bits(whole.rvq()), "{rule}");
        assert_eq!(torn.layer_states(), whole.layer_states());
        assert!(torn.state().is_some() && torn.state() == whole.state(), "{rule}");
        assert_eq!(torn.code_trace().unwrap().snapshots().len(), 4);
    }
}

/// Trains `params` once through, and once taken apart and put together behind every step; both must give the same bits throughout.
fn check_resumed(values: &Array2<f32>, params: RvqParams, start: Option<&Rvq>, smaller_batch: Option<u64>) {
    let at = format!("{params:?}");
    let set = feature_set(values.clone());
    let ranges = vec![0..150, 170..values.nrows()];
    let new = || Trainer::new(params.validate().unwrap(), set.clone(), ranges.clone(), start).unwrap();
    let (mut whole, mut resumed) = (new(), new());
    let (mut history, mut resumed_history) = (History::default(), History::default());
    let mut times = 0;
    for nth in 1..=params.steps {
        if smaller_batch == Some(nth) {
            for trainer in [&mut whole, &mut resumed] {
                let edited = RvqParams { batch_size: 23, decay: 0.7, ..params };
                trainer.set_live(&edited.validate().unwrap());
            }
        }
        if let Some(state) = resumed.state() {
            assert_eq!(Some(&state), whole.state().as_ref(), "{at}, before step {nth}");
            resumed = Trainer::from_state(&state, set.clone(), ranges.clone()).unwrap();
            let steps = resumed_history.steps().to_vec();
            resumed_history = History::from_columns(steps, &resumed_history.columns()).unwrap();
            times += 1;
        }
        history.push(&step(&mut whole));
        resumed_history.push(&step(&mut resumed));
        assert_eq!(bits(resumed.rvq()), bits(whole.rvq()), "{at}, step {nth}");
        assert_eq!(resumed.rvq(), whole.rvq(), "{at}, step {nth}: projections");
        assert_eq!(resumed.layer_states(), whole.layer_states(), "{at}, step {nth}");
        assert_eq!(resumed.codes(0), whole.codes(0), "{at}, step {nth}");
        assert_eq!(resumed.params(), whole.params());
    }
    assert_eq!(history_bits(&resumed_history), history_bits(&history), "{at}");
    assert!(times + 3 >= params.steps, "{at}: resumed {times} times only");
}

#[test]
fn a_training_resumed_behind_any_step_is_the_one_never_stopped() {
    let values = clustered(11, 260, 5, 9);
    for rule in rules::RULES {
        let base = RvqParams { steps: 20, threshold_ema_dead_code: 0.9, ..small_params(rule.id()) };
        for order in [BatchOrder::Shuffled, BatchOrder::Sequential] {
            check_resumed(&values, RvqParams { order, ..base }, None, None);
            check_resumed(&values, RvqParams { order, quantizer_dropout: true, ..base }, None, Some(7));
            check_resumed(&values, RvqParams { order, codebook_dim: 2, ..base }, None, Some(4));
            check_resumed(&values, RvqParams { order, ..base }, Some(&random_rvq(5, 3, 12, 5)), Some(1));
        }
    }
    let by_angle = RvqParams { metric: Metric::Cosine, steps: 20, ..small_params("lucidrains") };
    check_resumed(&values, RvqParams { threshold_ema_dead_code: 1.0, ..by_angle }, None, Some(5));
}

#[test]
fn the_history_of_codes_is_that_of_the_steps_however_they_were_taken() {
    let values = clustered(11, 260, 5, 9);
    let set = feature_set(values.clone());
    for (rule, quantizer_dropout) in [("rvqscope", true), ("encodec", false), ("moshi", false)] {
        let params = RvqParams { threshold_ema_dead_code: 0.9, quantizer_dropout, ..small_params(rule) };
        let mut whole = trainer(&values, 0..260, params, None);
        let mut resumed = trainer(&values, 0..260, params, None);
        let (mut sizes, mut replaced) = (Vec::new(), 0);
        for nth in 1..=150 {
            if nth == 71 {
                let edited = RvqParams { batch_size: 23, decay: 0.7, steps: 9999, ..params };
                let edited = edited.validate().unwrap();
                [&mut whole, &mut resumed].into_iter().for_each(|trainer| trainer.set_live(&edited));
            }
            if [4, 64, 65, 66, 67, 100, 129, 130, 131].contains(&nth) {
                let state = resumed.state().unwrap();
                resumed = Trainer::from_state(&state, set.clone(), vec![0..260]).unwrap();
            }
            step(&mut resumed);
            replaced += step(&mut whole).layers.iter().map(|layer| layer.replaced).sum::<u32>();
            sizes.push(whole.rvq().layers()[2].codebook.cluster_size()[5] as f32);
            assert_eq!(resumed.code_trace(), whole.code_trace(), "{rule}, step {nth}");
        }
        assert_eq!(resumed.state(), whole.state());
        let trace = whole.code_trace().unwrap();
        assert_eq!((trace.snapshots().len(), trace.every(), trace.from()), (37, 4, 0));
        let told: u32 = trace.snapshots().iter().flat_map(|snapshot| &snapshot.replaced).sum();
        let state = whole.state().unwrap();
        let since: u32 = state.tracer.unwrap().replaced().iter().sum();
        assert!(replaced > 0 && told + since == replaced, "{rule}: {told} and {since} of {replaced}");
        for point in trace.code(2, 5, 0) {
            assert_eq!(point.size, f64::from(sizes[point.step as usize - 1]), "{rule}, step {}", point.step);
        }
    }
}

#[test]
fn dropout_leaves_deeper_layers_untouched() {
    let values = clustered(4, 200, 5, 7);
    let start = random_rvq(2, 4, 12, 5);
    let params = RvqParams { quantizer_dropout: true, ..small_params("rvqscope") };
    let mut trainer = trainer(&values, 0..200, params, Some(&start));
    let mut depths = [0; 5];
    for _ in 0..60 {
        let (rvq, states) = (trainer.rvq().clone(), trainer.layer_states().to_vec());
        let depth = step(&mut trainer).layers.len();
        depths[depth] += 1;
        for layer in 0..4 {
            let same = trainer.rvq().layers()[layer] == rvq.layers()[layer];
            assert_eq!(same, layer >= depth, "layer {layer} in a step of {depth}");
            assert_eq!(trainer.layer_states()[layer] == states[layer], layer >= depth);
        }
    }
    assert!(depths[0] == 0 && depths[1..].iter().all(|&n| n >= 3), "every depth comes up: {depths:?}");
}

#[test]
fn with_dropout_the_history_has_a_gap_where_a_layer_was_left_out() {
    let data = dataset(clustered(4, 200, 5, 7));
    let params = RvqParams { quantizer_dropout: true, steps: 30, ..small_params("rvqscope") };
    let history = train(spec(&data, params)).history;
    let gaps = |layer| history.series(layer, Series::Loss).iter().filter(|v| v.is_nan()).count();
    assert_eq!(gaps(0), 0);
    assert!(gaps(1) > 0 && gaps(2) > gaps(1), "{} {}", gaps(1), gaps(2));
    assert_eq!(history.len(), 30);
}

#[test]
fn a_starting_model_of_another_dimension_is_refused_and_its_shape_is_taken_over() {
    let set = feature_set(clustered(1, 50, 5, 3));
    let params = small_params("rvqscope").validate().unwrap();
    let start = random_rvq(1, 2, 7, 4);
    let err = Trainer::new(params, set.clone(), vec![0..50], Some(&start)).unwrap_err();
    assert!(err.to_string().contains("4 dimensions") && err.to_string().contains('5'), "{err}");
    let start = random_rvq(1, 2, 7, 5);
    let trainer = Trainer::new(params, set.clone(), vec![0..50], Some(&start)).unwrap();
    assert_eq!((trainer.params().num_layers, trainer.params().codebook_size), (2, 7));
    assert!(matches!(Trainer::new(params, set, vec![3..3], None), Err(RvqError::Shape(_))));
}

#[test]
fn held_out_frames_are_never_trained_on() {
    let values = clustered(5, 200, 4, 6);
    let mut other = values.clone();
    other.slice_mut(s![180.., ..]).fill(1e4);
    for rule in CORE_RULES {
        for standardize in [false, true] {
            let of = |values: &Array2<f32>| {
                let data = dataset(values.clone());
                train(TrainSpec {
                    standardize,
                    ..spec(&data, RvqParams { steps: 40, keep_best: false, ..small_params(rule) })
                })
            };
            let (a, b) = (of(&values), of(&other));
            assert_eq!(bits(&a.run.rvq), bits(&b.run.rvq), "{rule}, {standardize}");
            // What held-out frames lose on the way is told of them, and decides nothing.
            for series in SERIES.into_iter().filter(|series| *series != Series::HeldOutMse) {
                let of = |run: &Recorded| {
                    (0..3).map(|l| run.history.series(l, series).to_vec()).collect::<Vec<_>>()
                };
                assert_eq!(of(&a), of(&b), "{series:?}");
            }
            assert_eq!(a.run.train, b.run.train);
            assert_ne!(a.run.held_out, b.run.held_out);
        }
    }
}

#[test]
fn batches_are_counted_in_whole_steps_and_epochs() {
    let values = clustered(5, 150, 4, 6);
    for (order, per_epoch, lens) in
        [(BatchOrder::Shuffled, 2, [64, 64, 64, 64, 64]), (BatchOrder::Sequential, 3, [64, 64, 22, 64, 64])]
    {
        let mut trainer = trainer(&values, 0..150, RvqParams { order, ..small_params("rvqscope") }, None);
        assert_eq!((trainer.steps_per_epoch(), trainer.steps_done()), (per_epoch, 0));
        for (done, len) in (1..).zip(lens) {
            assert_eq!(step(&mut trainer).step, done);
            assert_eq!(trainer.codes(0).len(), len, "{order:?}, step {done}");
            let counted: u32 = trainer.layer_states()[2].batch_counts.iter().sum();
            assert_eq!(counted as usize, len);
        }
        assert_eq!(trainer.steps_done(), 5);
    }
}

#[test]
fn standardized_training_gives_codebooks_and_errors_in_input_units() {
    let values = clustered(6, 400, 5, 9).mapv(|v| v * 40.0 + 700.0);
    let data = dataset(values.clone());
    let standardizer = Standardizer::fit(values.view(), &[0..360]);
    let z = standardizer.apply(&data.set.matrix).unwrap();
    for rule in CORE_RULES {
        let params = RvqParams { steps: 25, ..small_params(rule) };
        let inside = train(spec(&dataset(z.view().to_owned()), params));
        let outside = train(TrainSpec { standardize: true, ..spec(&data, params) });
        let codes = inside.run.rvq.encode(z.view(), LayerSpan::ALL).unwrap();
        let same = outside.run.rvq.encode(values.view(), LayerSpan::ALL).unwrap();
        let equal = codes.iter().zip(&same).filter(|(a, b)| a == b).count();
        assert!(equal * 1000 >= codes.len() * 998, "{rule}: {equal} of {} codes", codes.len());
        // The reconstruction is the standardized one, brought back.
        let mut restored = inside.run.rvq.decode(codes.view(), 0).unwrap();
        standardizer.restore_rows(0, &mut restored);
        let direct = outside.run.rvq.decode(codes.view(), 0).unwrap();
        assert!((&restored - &direct).iter().all(|err| err.abs() < 1e-2), "{rule}");
        let sq_scale = standardizer.scale * standardizer.scale;
        for layer in 0..3 {
            for series in [Series::Loss, Series::Mse] {
                let pairs =
                    inside.history.series(layer, series).iter().zip(outside.history.series(layer, series));
                pairs.for_each(|(z, x)| close(*x / sq_scale, *z, "an error in input units"));
            }
            let perplexity = |h: &rvqscope::training::History| h.series(layer, Series::Perplexity).to_vec();
            assert_eq!(perplexity(&inside.history), perplexity(&outside.history));
        }
        let mse = |run: &rvqscope::training::Run| run.total_metrics(SplitKind::HeldOut).unwrap().mse.unwrap();
        assert!((mse(&outside.run) / sq_scale / mse(&inside.run) - 1.0).abs() < 0.01, "{rule}");
    }
}

#[test]
fn standardized_training_starts_from_a_model_in_input_units() {
    let values = clustered(7, 200, 5, 9).mapv(|v| v * 4.0 + 20.0);
    let data = dataset(values.clone());
    let params = RvqParams { epsilon: 0.0, threshold_ema_dead_code: 0.0, ..small_params("rvqscope") };
    let start = Some(train(spec(&data, RvqParams { steps: 3, ..params })).run.rvq.clone());
    let of = |standardize| train(TrainSpec { standardize, start: start.clone(), ..spec(&data, params) }).run;
    // Without smoothing, the EMA commutes with shift and scale.
    let (plain, standardized) = (of(false), of(true));
    for (a, b) in plain.rvq.layers().iter().zip(standardized.rvq.layers()) {
        let pairs = a.codebook.embed_avg().iter().zip(b.codebook.embed_avg());
        pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-3 * (1.0 + a.abs()), "sums: {a} {b}"));
        let pairs = a.codebook.embed().into_iter().zip(b.codebook.embed());
        pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-3 * (1.0 + a.abs()), "rows: {a} {b}"));
    }
}

fn small_rvq() -> Rvq {
    let layers = [
        array![[0f32, 0.0], [8.0, 0.0], [0.0, 8.0]],
        array![[0f32, 0.0], [2.0, 2.0], [-2.0, 2.0]],
        array![[0f32, 0.0], [0.5, 0.0], [0.0, -0.5]],
    ];
    Rvq::new(layers.map(|rows| Codebook::from_rows(rows).unwrap().into()).to_vec()).unwrap()
}

#[test]
fn forward_gives_sum_codes_losses_and_the_layers_own_outputs() {
    let rvq = small_rvq();
    let frames = array![[9.5f32, 1.6], [-2.0, 9.6]];
    let all = rvq.forward(frames.view(), None, &[2, 0], 0.5).unwrap();
    assert_eq!(all.codes, array![[1, 2], [1, 2], [2, 2]]);
    assert_eq!(all.quantized, array![[10.0, 1.5], [-2.0, 9.5]]);
    assert_eq!(all.layer_outputs.len(), 2);
    assert_eq!(
        all.layer_outputs[0],
        array![[8.0, 0.0], [0.0, 8.0]],
        "in layer order, not in that of the question"
    );
    assert_eq!(all.layer_outputs[1], array![[0.0, -0.5], [0.0, -0.5]], "its own, not the sum so far");
    // 1.5² + 1.6² + 2² + 1.6², then 0.5² + 0.4² + 0 + 0.4², then 0.5² + 0.1² + 0 + 0.1², over 4 elements.
    for (got, wanted) in all.losses.iter().zip([11.37, 0.57, 0.27]) {
        close(*got, 0.5 * wanted / 4.0, "a loss");
    }
    let two = rvq.forward(frames.view(), Some(2), &[1], 1.0).unwrap();
    assert_eq!((two.codes.nrows(), two.losses.len(), two.layer_outputs.len()), (2, 2, 1));
    assert_eq!(two.quantized, array![[10.0, 2.0], [-2.0, 10.0]]);
    assert_eq!(rvq.forward(frames.view(), Some(0), &[], 0.5).unwrap().codes, all.codes, "0 is all");
    assert_eq!(two.codes, rvq.encode(frames.view(), LayerSpan { start: 0, end: Some(2) }).unwrap());
    let fail = |n_q, layers: &[usize]| rvq.forward(frames.view(), n_q, layers, 1.0).unwrap_err();
    assert_eq!(fail(Some(2), &[0, 2]), RvqError::NoSuchLayer { asked: 2, have: 2 });
    assert_eq!(fail(None, &[3]), RvqError::NoSuchLayer { asked: 3, have: 3 });
    assert_eq!(fail(Some(4), &[]), RvqError::TooManyLayers { asked: 4, have: 3 });
    assert!(rvq.forward(array![[1f32]].view(), None, &[], 1.0).is_err(), "another dimension");
}

#[test]
fn encode_takes_its_frames_as_the_residual_of_the_first_layer_asked_for() {
    let rvq = small_rvq();
    let frames = array![[9.5f32, 2.0], [-2.0, 9.6], [0.1, 0.2]];
    let of = |frames: ArrayView2<'_, f32>, start, end| rvq.encode(frames, LayerSpan { start, end });
    let all = of(frames.view(), 0, None).unwrap();
    assert_eq!(all, of(frames.view(), 0, Some(0)).unwrap());
    assert_eq!(all, of(frames.view(), 0, Some(3)).unwrap());
    assert_eq!(all.slice(s![..2, ..]), of(frames.view(), 0, Some(2)).unwrap());
    // Behind layer 0 the residual is what the deeper layers see; the end counts from the first of all layers.
    let residual = rvq.residual_behind(0, frames.view()).unwrap();
    assert_eq!(residual, &frames - &rvq.layer_output(0, all.row(0).iter().copied()).unwrap());
    assert_eq!(all.slice(s![1.., ..]), of(residual.view(), 1, None).unwrap());
    assert_eq!(all.slice(s![1..2, ..]), of(residual.view(), 1, Some(2)).unwrap());
    // Taken as it is: layer 1 sees the frames themselves, not what layer 0 would leave of them.
    assert_eq!(of(array![[2f32, 1.9]].view(), 1, Some(2)).unwrap(), array![[1]]);
    for (start, end) in [(3, None), (1, Some(1)), (2, Some(1)), (0, Some(4)), (usize::MAX, None)] {
        assert!(of(frames.view(), start, end).is_err(), "{start} {end:?}");
    }
    assert!(of(array![[1f32, 2.0, 3.0]].view(), 0, None).is_err());
}

#[test]
fn what_no_layer_can_take_is_an_error_and_not_nothing() {
    let rvq = small_rvq();
    let frames = array![[9.5f32, 2.0], [-2.0, 9.6]];
    assert!(rvq.residual_behind(2, frames.view()).is_ok());
    assert_eq!(rvq.residual_behind(3, frames.view()), Err(RvqError::TooManyLayers { asked: 4, have: 3 }));
    assert!(rvq.residual_behind(usize::MAX, frames.view()).is_err());
    assert!(matches!(rvq.residual_behind(0, array![[1f32, 2.0, 3.0]].view()), Err(RvqError::Shape(_))));
}

#[test]
fn frames_give_the_same_codes_however_they_lie_in_memory() {
    let rvq = random_rvq(3, 3, 17, 5);
    let values = clustered(3, 700, 5, 9);
    let turned = values.t().as_standard_layout().into_owned().reversed_axes();
    let mut wide = Array2::zeros((700, 8));
    wide.slice_mut(s![.., 2..7]).assign(&values);
    for other in [turned.view(), wide.slice(s![.., 2..7])] {
        assert!(!other.is_standard_layout());
        assert_eq!(rvq.encode(other, LayerSpan::ALL), rvq.encode(values.view(), LayerSpan::ALL));
        assert_eq!(rvq.forward(other, None, &[1], 1.0), rvq.forward(values.view(), None, &[1], 1.0));
        let cancel = Cancel::default();
        let kmeans = |values: ArrayView2<'_, f32>| {
            let means = init::draw(values, 9, &mut random::stream(1, Purpose::Init, 0));
            init::lloyd(values, means, 3, EmptyCluster::Keep, &Phrase::NONE.into(), &Task::silent(&cancel))
                .unwrap()
        };
        assert_eq!(kmeans(other), kmeans(values.view()));
    }
}

#[test]
fn kmeans_ends_where_no_mean_moves_any_more_and_finds_what_all_iterations_find() {
    // More codes than frames: what is refilled must settle too.
    for (frames, codes, seed) in [(200, 6, 1), (40, 60, 2)] {
        let values = clustered(seed, frames, 3, 4);
        let start = init::draw(values.view(), codes, &mut random::stream(seed, Purpose::Init, 0));
        let cancel = Cancel::default();
        let kmeans = |iters: usize, start: Array2<f32>, empty: EmptyCluster<'_>| {
            let calls = AtomicUsize::new(0);
            let count = |_: Progress| {
                calls.fetch_add(1, Ordering::Relaxed);
            };
            let task = Task::new(&cancel, &count);
            let found = init::lloyd(values.view(), start, iters, empty, &Phrase::NONE.into(), &task).unwrap();
            (found, calls.into_inner())
        };
        let (found, calls) = kmeans(1000, start.clone(), EmptyCluster::Worst);
        assert!(calls < 100, "{calls} iterations");
        let mut step_by_step = start.clone();
        for _ in 0..100 {
            step_by_step = kmeans(1, step_by_step, EmptyCluster::Worst).0.means;
        }
        assert_eq!(found.means, step_by_step);
        let mut rng = random::stream(seed, Purpose::Init, 1);
        let (_, calls) = kmeans(30, start, EmptyCluster::Resample(&mut rng));
        assert_eq!(calls > 30, codes > frames, "random refills go on: {calls} calls");
    }
}

#[test]
fn decode_sums_rows_from_the_layer_that_its_first_row_belongs_to() {
    let rvq = small_rvq();
    let codes = array![[1u32, 2, 0], [1, 0, 2]];
    assert_eq!(rvq.decode(codes.view(), 0).unwrap(), array![[10.0, 2.0], [0.0, 8.0], [-2.0, 2.0]]);
    assert_eq!(rvq.decode(codes.view(), 1).unwrap(), array![[2.5, 2.0], [-2.0, 2.0], [0.0, -0.5]]);
    let first = rvq.decode(codes.slice(s![..1, ..]), 0).unwrap();
    let rest = rvq.decode(codes.slice(s![1.., ..]), 1).unwrap();
    assert_eq!(first + rest, rvq.decode(codes.view(), 0).unwrap());
    assert!(rvq.decode(codes.view(), 2).is_err() && rvq.decode(codes.view(), usize::MAX).is_err());
    let wrong = rvq.decode(array![[0u32], [3]].view(), 0).unwrap_err();
    assert_eq!(wrong, RvqError::NoSuchCode { layer: 1, code: 3, num_codes: 3 });
}

/// Layers each of which is the k-means of what the ones before leave over.
fn kmeans_rvq(values: &Array2<f32>, layers: usize, codes: usize, seed: u64) -> Rvq {
    let cancel = Cancel::default();
    let task = Task::silent(&cancel);
    let mut residual = values.clone();
    let mut rng = random::stream(seed, Purpose::Init, 0);
    let mut found = Vec::new();
    for _ in 0..layers {
        let start = init::draw(residual.view(), codes, &mut rng);
        let kmeans =
            init::lloyd(residual.view(), start, 3, EmptyCluster::Keep, &Phrase::NONE.into(), &task).unwrap();
        let codebook = Codebook::from_rows(kmeans.means).unwrap();
        residual =
            Rvq::new(vec![codebook.clone().into()]).unwrap().residual_behind(0, residual.view()).unwrap();
        found.push(codebook.into());
    }
    Rvq::new(found).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_decoded_is_the_sum_of_the_rows_that_the_codes_name(
        seed in 0u64..1000, layers in 1usize..5, codes in 1usize..20, dim in 1usize..9, frames in 1usize..60,
    ) {
        let rvq = random_rvq(seed, layers, codes, dim);
        let values = clustered(seed, frames, dim, 3);
        let found = rvq.encode(values.view(), LayerSpan::ALL).unwrap();
        let decoded = rvq.decode(found.view(), 0).unwrap();
        let mut sum = Array2::<f32>::zeros((frames, dim));
        for (layer, row) in rvq.layers().iter().zip(found.rows()) {
            for (mut frame, &code) in sum.rows_mut().into_iter().zip(row) {
                frame += &layer.codebook.row(code as usize).unwrap();
            }
        }
        prop_assert_eq!(&decoded, &sum);
        let forward = rvq.forward(values.view(), None, &(0..layers).collect::<Vec<_>>(), 1.0).unwrap();
        prop_assert_eq!(&forward.codes, &found);
        prop_assert_eq!(&forward.quantized, &sum);
        let total = forward.layer_outputs.iter().fold(Array2::<f32>::zeros((frames, dim)), |acc, output| acc + output);
        prop_assert_eq!(&total, &sum);
    }

    #[test]
    fn a_kmeans_layer_never_raises_the_error_on_what_it_was_made_of(
        seed in 0u64..1000, codes in 1usize..20, dim in 1usize..7, frames in 1usize..120,
    ) {
        let values = clustered(seed, frames, dim, 5);
        let rvq = kmeans_rvq(&values, 4, codes, seed);
        let cancel = Cancel::default();
        let whole = 0..frames;
        let found = metrics::evaluate(&rvq, values.view(), std::slice::from_ref(&whole), Search::Greedy, &Task::silent(&cancel)).unwrap();
        let mut before = found.signal_energy;
        for layer in &found.layers {
            prop_assert!(layer.residual_energy <= before * (1.0 + 1e-6), "{} > {before}", layer.residual_energy);
            before = layer.residual_energy;
        }
    }

    #[test]
    fn permuted_rows_give_permuted_codes(seed in 0u64..1000, codes in 1usize..20, dim in 1usize..7) {
        let rvq = random_rvq(seed, 2, codes, dim);
        let values = clustered(seed, 50, dim, 3);
        let mut order: Vec<usize> = (0..codes).collect();
        random::shuffle(&mut random::stream(seed, Purpose::Data, 7), &mut order);
        let layers = rvq.layers().iter().map(|layer| {
            let rows = layer.codebook.embed().select(Axis(0), &order);
            Codebook::from_rows(rows).unwrap().into()
        });
        let permuted = Rvq::new(layers.collect()).unwrap();
        let a = rvq.encode(values.view(), LayerSpan::ALL).unwrap();
        let b = permuted.encode(values.view(), LayerSpan::ALL).unwrap();
        prop_assert_eq!(a, b.mapv(|code| order[code as usize] as u32));
    }

    #[test]
    fn data_scaled_by_a_power_of_two_give_a_codebook_scaled_by_it(
        seed in 0u64..1000, power in -6i32..9, rule in prop::sample::select(CORE_RULES.to_vec()),
    ) {
        let scale = 2f32.powi(power);
        let values = clustered(seed, 160, 4, 6);
        let params = RvqParams { seed, steps: 6, ..small_params(rule) };
        let plain = train(spec(&dataset(values.clone()), params));
        let scaled = train(spec(&dataset(values.mapv(|v| v * scale)), params));
        for (a, b) in plain.run.rvq.layers().iter().zip(scaled.run.rvq.layers()) {
            let (a, b) = (&a.codebook, &b.codebook);
            prop_assert_eq!(a.embed().mapv(|v| v * scale), b.embed());
            prop_assert_eq!(a.cluster_size(), b.cluster_size());
            prop_assert_eq!(&a.embed_avg().mapv(|v| v * f64::from(scale)), b.embed_avg());
        }
        let totals = |run: &rvqscope::training::Run| run.total_metrics(SplitKind::HeldOut).unwrap();
        prop_assert_eq!(totals(&plain.run).snr_db, totals(&scaled.run).snr_db);
        prop_assert_eq!(totals(&plain.run).bit_efficiency, totals(&scaled.run).bit_efficiency);
    }
}
