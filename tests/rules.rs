//! Every update rule against figures worked out by hand: its start, its step, its replacement, its parameters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod rules_support;

use ndarray::{Array1, Array2, Axis, array, s};
use rules_support::{gaussian, mixture, objective, sequential, silently, steps, training};
use rvqscope::random::{self, Purpose};
use rvqscope::rvq::code_sums::CodeSums;
use rvqscope::rvq::init::{self, EmptyCluster};
use rvqscope::rvq::rules::{InitInput, InitOutcome, LayerBatch, RULES, UpdateCtx, UpdateRule, find};
use rvqscope::rvq::{Codebook, InitMethod, Metric, Rvq, RvqParams};
use rvqscope::text::Phrase;

/// One update by hand: `frames` with the codes they chose.
fn update(
    rule: &dyn UpdateRule,
    params: &RvqParams,
    book: &mut Codebook,
    frames: &Array2<f32>,
    codes: &[u32],
    step: u64,
) -> Vec<u32> {
    let code_sums = CodeSums::new(frames.view(), codes, book.num_codes());
    let sq_dists: Vec<f32> = frames
        .rows()
        .into_iter()
        .zip(codes)
        .map(|(x, &code)| x.iter().zip(book.embed().row(code as usize)).map(|(x, e)| (x - e) * (x - e)).sum())
        .collect();
    let batch = LayerBatch::new(frames.view(), &sq_dists, &code_sums);
    let rng = random::stream(params.seed, Purpose::Replacement, step);
    rule.update(book, &batch, &mut UpdateCtx { params, layer_idx: 0, step, init_step: 1, rng })
}

/// One start of layer `layer_idx` in step 3; the layer before was started in `previous`.
fn start(
    rule: &dyn UpdateRule,
    params: &RvqParams,
    batch: &Array2<f32>,
    layer_idx: usize,
    previous: Option<u64>,
) -> InitOutcome {
    silently(|task| {
        rule.init(&mut InitInput {
            params,
            layer_idx,
            step: 3,
            previous_init_step: previous,
            batch: batch.view(),
            sample: &mut |max| Ok(batch.slice(s![..max.min(batch.nrows()), ..]).to_owned()),
            rng: random::stream(params.seed, Purpose::Init, 0),
            task: *task,
        })
    })
    .unwrap()
}

fn started(rule: &dyn UpdateRule, params: &RvqParams, batch: &Array2<f32>) -> Codebook {
    match start(rule, params, batch, 0, None) {
        InitOutcome::Ready(book) => book,
        InitOutcome::Wait => panic!("{} waits in layer 0", rule.id()),
    }
}

fn no_replacement(rule: &dyn UpdateRule) -> RvqParams {
    RvqParams { threshold_ema_dead_code: 0.0, ..rule.defaults() }
}

fn assert_near<'a>(ours: impl IntoIterator<Item = &'a f64>, expected: &[f64], what: &str) {
    let ours: Vec<f64> = ours.into_iter().copied().collect();
    assert_eq!(ours.len(), expected.len(), "{what}");
    for (a, b) in ours.iter().zip(expected) {
        assert!((a - b).abs() <= 1e-6 * (1.0 + b.abs()), "{what}: {ours:?} for {expected:?}");
    }
}

fn embed(book: &Codebook) -> Vec<f64> {
    book.embed().iter().map(|&v| f64::from(v)).collect()
}

#[test]
fn one_step_by_hand() {
    let frames = array![[1.0f32], [3.0], [9.0]];
    for rule in RULES {
        let params = RvqParams { decay: 0.75, epsilon: 0.5, ..no_replacement(*rule) };
        let mut book = Codebook::new(array![[0.0], [10.0]], array![4.0, 2.0], array![[0.0], [20.0]]).unwrap();
        update(*rule, &params, &mut book, &frames, &[0, 0, 1], 1);
        // n = [2, 1], s = [1 + 3, 9] = [4, 9]
        // c = .75 [4, 2] + .25 [2, 1] = [3.5, 1.75]; m = .75 [0, 20] + .25 [4, 9] = [1, 17.25]
        assert_near(book.cluster_size(), &[3.5, 1.75], rule.id());
        assert_near(book.embed_avg(), &[1.0, 17.25], rule.id());
        // C = 5.25, K eps = 1: c~ = (c + .5) / 6.25 * 5.25 = [4 * .84, 2.25 * .84] = [3.36, 1.89]
        let smoothed = [1.0 / 3.36, 17.25 / 1.89];
        // moshi: e = m / max(c, .5)
        let clamped = [1.0 / 3.5, 17.25 / 1.75];
        assert_near(&embed(&book), if rule.id() == "moshi" { &clamped } else { &smoothed }, rule.id());
    }
}

#[test]
fn one_cosine_step_by_hand() {
    let rule = find("lucidrains").unwrap();
    let params = RvqParams {
        decay: 0.5,
        epsilon: 0.0,
        metric: Metric::Cosine,
        init: InitMethod::Sample,
        ..no_replacement(rule)
    };
    let start =
        Codebook::new(array![[1.0, 0.0], [0.0, 1.0]], array![1.0, 1.0], array![[1.0, 0.0], [0.0, 1.0]]);
    let rvq = Rvq::with_metric(vec![start.unwrap().into()], Metric::Cosine).unwrap();
    let params = RvqParams { num_layers: 1, codebook_size: 2, batch_size: 2, ..params };
    let mut trainer = sequential(params, array![[2.0, 0.0], [3.0, 4.0]], Some(&rvq));
    steps(&mut trainer, 1);
    // Unit frames: (1, 0) and (.6, .8); cosines of the second: .6 with row 0, .8 with row 1.
    assert_eq!(trainer.codes(0), [0, 1]);
    let book = &trainer.rvq().layers()[0].codebook;
    // c = .5 [1, 1] + .5 [1, 1]; m = .5 (1, 0) + .5 (1, 0) = (1, 0) and .5 (0, 1) + .5 (.6, .8) = (.3, .9)
    assert_near(book.cluster_size(), &[1.0, 1.0], "c");
    assert_near(book.embed_avg(), &[1.0, 0.0, 0.3, 0.9], "m");
    // |(.3, .9)| = sqrt(.9) = .9486833
    assert_near(&embed(book), &[1.0, 0.0, 0.316_227_77, 0.948_683_3], "e");
}

/// A codebook whose code 2 nothing chooses, and a batch of two kinds of frames.
fn one_dead_code() -> (Codebook, Array2<f32>, [u32; 4]) {
    let book =
        Codebook::new(array![[0.0], [10.0], [1000.0]], array![5.0, 5.0, 0.1], array![[0.0], [50.0], [100.0]]);
    (book.unwrap(), array![[1.0], [1.0], [9.0], [9.0]], [0, 0, 1, 1])
}

#[test]
fn encodec_replaces_in_vain() {
    let rule = find("encodec").unwrap();
    let (mut with, frames, codes) = one_dead_code();
    let mut without = with.clone();
    let found = update(rule, &RvqParams { decay: 0.9, ..rule.defaults() }, &mut with, &frames, &codes, 1);
    assert_eq!(found, [2]);
    update(rule, &RvqParams { decay: 0.9, ..no_replacement(rule) }, &mut without, &frames, &codes, 1);
    assert_eq!(with, without);
    assert!(with.embed()[[2, 0]] > 990.0, "m/c~ = 90/.09, the old row");
}

#[test]
fn gpt_sovits_replaces_for_one_step() {
    let rule = find("gpt-sovits").unwrap();
    let params = RvqParams { decay: 0.9, ..rule.defaults() };
    let (mut book, frames, codes) = one_dead_code();
    assert_eq!(update(rule, &params, &mut book, &frames, &codes, 1), [2]);
    let row = book.embed()[[2, 0]];
    assert!(row == 1.0 || row == 9.0, "a frame of the batch: {row}");
    // The averages are as if nothing had happened: c = .9 * .1, m = .9 * 100.
    assert_near(&[book.cluster_size()[2], book.embed_avg()[[2, 0]]], &[0.09, 90.0], "c, m");
    update(rule, &RvqParams { threshold_ema_dead_code: 0.0, ..params }, &mut book, &frames, &codes, 2);
    assert!(book.embed()[[2, 0]] > 990.0, "pulled back to m/c = 1000");
}

#[test]
fn lucidrains_replaces_for_good_and_never_more_codes_than_frames() {
    let rule = find("lucidrains").unwrap();
    for (reset_cluster_size, expected) in [(0.0, 2.0), (7.0, 7.0)] {
        let params =
            RvqParams { decay: 0.9, threshold_ema_dead_code: 2.0, reset_cluster_size, ..rule.defaults() };
        let (mut book, frames, codes) = one_dead_code();
        assert_eq!(update(rule, &params, &mut book, &frames, &codes, 1), [2]);
        let row = f64::from(book.embed()[[2, 0]]);
        assert!(row == 1.0 || row == 9.0, "a frame of the batch: {row}");
        assert_near(&[book.cluster_size()[2], book.embed_avg()[[2, 0]]], &[expected, row * expected], "c, m");
        update(rule, &no_replacement(rule), &mut book, &frames, &codes, 2);
        assert!((f64::from(book.embed()[[2, 0]]) - row).abs() < 1e-3, "it stays");
    }
    // All 12 codes are dead and there are 4 frames: each frame is used once.
    let rows = Array2::from_shape_fn((12, 1), |(k, _)| 100.0 + k as f32);
    let mut book =
        Codebook::new(rows.clone(), Array1::from_elem(12, 0.01), rows.mapv(f64::from) * 0.01).unwrap();
    let frames = array![[1.0f32], [2.0], [3.0], [4.0]];
    let params = RvqParams { threshold_ema_dead_code: 2.0, ..rule.defaults() };
    let replaced = update(rule, &params, &mut book, &frames, &[0, 0, 0, 0], 1);
    let mut values: Vec<f32> = replaced.iter().map(|&code| book.embed()[[code as usize, 0]]).collect();
    values.sort_by(f32::total_cmp);
    assert_eq!(values, [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn moshi_replaces_at_every_fifth_step_before_the_write() {
    let rule = find("moshi").unwrap();
    let params = RvqParams { decay: 0.9, ..rule.defaults() };
    for step in 1..=10 {
        let (mut book, frames, codes) = one_dead_code();
        // The layer was started in step 1, which is its first.
        let replaced = update(rule, &params, &mut book, &frames, &codes, step);
        if !step.is_multiple_of(5) {
            assert!(replaced.is_empty(), "step {step}");
            continue;
        }
        assert_eq!(replaced, [2], "step {step}");
        // C/K = 10.1/3 before the write, then times .9 by it; m = v c
        let row = f64::from(book.embed()[[2, 0]]);
        assert!((row - 1.0).abs() < 1e-6 || (row - 9.0).abs() < 1e-6, "a frame of the batch: {row}");
        let size = 0.9 * 10.1 / 3.0;
        assert_near(&[book.cluster_size()[2], book.embed_avg()[[2, 0]]], &[size, row * size], "c, m");
    }
}

#[test]
fn rvqscope_replaces_for_good_by_frames_that_have_an_error() {
    let rule = find("rvqscope").unwrap();
    let params = RvqParams { decay: 0.9, ..rule.defaults() };
    let (book, _, codes) = one_dead_code();
    // Only the last frame has any error.
    let frames = array![[0.0f32], [0.0], [10.0], [7.0]];
    let mut after = book.clone();
    assert_eq!(update(rule, &params, &mut after, &frames, &codes, 1), [2]);
    // 0.2 N/K = 0.2 * 4/3
    assert_near(&[after.cluster_size()[2], after.embed_avg()[[2, 0]]], &[0.8 / 3.0, 5.6 / 3.0], "c, m");
    assert_eq!(after.embed()[[2, 0]], 7.0);
    update(rule, &params, &mut after, &frames, &codes, 2);
    assert!((after.embed()[[2, 0]] - 7.0).abs() < 1e-3, "it stays");
    // Without any error there is nothing to gain.
    let mut same = book;
    assert!(update(rule, &params, &mut same, &array![[0.0], [0.0], [10.0], [10.0]], &codes, 1).is_empty());
}

#[test]
fn rvqscope_replaces_the_least_used_first_when_frames_are_short() {
    let rule = find("rvqscope").unwrap();
    let rows = array![[0.0f32], [10.0], [20.0], [30.0]];
    let sizes = array![5.0, 0.03, 0.01, 0.02];
    let sums = array![[0.0], [0.3], [0.2], [0.6]];
    let mut book = Codebook::new(rows, sizes, sums).unwrap();
    let replaced = update(rule, &rule.defaults(), &mut book, &array![[0.0], [0.0], [1.0], [1.0]], &[0; 4], 1);
    assert_eq!(replaced, [2, 3]);
}

#[test]
fn the_threshold_is_in_the_rules_own_unit() {
    let sizes = array![6.0, 2.0, 0.0, 2.0];
    for rule in RULES {
        let share = RvqParams { threshold_ema_dead_code: 0.2, ..rule.defaults() };
        let frames = rule.threshold_frames(&share, 40, &sizes);
        let expected = match rule.id() {
            "rvqscope" => 0.2 * 40.0 / 4.0,
            "moshi" => 0.2 * 10.0 / 4.0,
            _ => 0.2,
        };
        assert_near(&[frames], &[expected], rule.id());
        let spec = rule.params().into_iter().find(|spec| spec.key == "threshold_ema_dead_code").unwrap();
        let unit = match rule.id() {
            "rvqscope" => "x N/K",
            "moshi" => "x C/K",
            _ => "frames",
        };
        assert_eq!(spec.unit.english(), unit, "{}", rule.id());
        assert!(rule.defaults().validate().is_ok(), "{}: its own defaults are valid", rule.id());
    }
}

#[test]
fn each_rule_names_what_it_reads() {
    for rule in RULES {
        let keys: Vec<_> = rule.params().iter().map(|spec| spec.key).collect();
        let own = ["metric", "reset_cluster_size"];
        assert_eq!(own.map(|key| keys.contains(&key)), [rule.id() == "lucidrains"; 2], "{}", rule.id());
        assert!(find(rule.id()).is_some_and(|found| found.label() == rule.label()));
        assert_eq!(rule.defaults().rule, rule.id());
    }
    let defaults = find("lucidrains").unwrap().defaults();
    assert_eq!((defaults.decay, defaults.threshold_ema_dead_code, defaults.kmeans_iters), (0.8, 0.0, 10));
    assert_eq!(defaults.init, InitMethod::Uniform);
}

#[test]
fn starts_leave_the_state_that_each_rule_leaves() {
    // Three far clusters of 4, 2 and 1 frames; 16 codes, so that most clusters stay empty.
    let mut frames = array![[0.0f32], [0.0], [0.0], [0.0], [10.0], [10.0], [-7.0]];
    frames.append(Axis(0), Array2::zeros((9, 1)).view()).unwrap();
    for rule in RULES {
        let params =
            RvqParams { codebook_size: 16, kmeans_iters: 5, init: InitMethod::KMeans, ..rule.defaults() };
        let book = started(*rule, &params, &frames);
        let (c, m, e) = (book.cluster_size(), book.embed_avg().column(0), embed(&book));
        let times = |k: usize| e[k] * c[k];
        match rule.id() {
            "encodec" | "gpt-sovits" => {
                assert_near(m, &e, "m = means, without the factor c");
                assert_eq!(c.sum(), 16.0);
                assert!(c.iter().any(|&c| c == 0.0), "empty clusters are born dead");
            }
            "lucidrains" => {
                assert_eq!(c.sum(), 16.0);
                for k in 0..16 {
                    // c~ = (c + eps) / (C + K eps) * C
                    let smoothed = (c[k] + 1e-5) / (16.0 + 16.0 * 1e-5) * 16.0;
                    assert_near(&[m[k]], &[e[k] * smoothed], "e = m / c~");
                    assert!(c[k] > 0.0 || e[k] == 0.0, "an empty cluster becomes zero");
                }
            }
            "moshi" => {
                assert!(c.iter().all(|&c| c >= 1.0), "counts are at least 1");
                (0..16).for_each(|k| assert_near(&[m[k]], &[times(k)], "m = means c"));
            }
            _ => {
                assert!(c.iter().all(|&c| c > 0.0), "no code starts dead");
                (0..16).for_each(|k| assert_near(&[m[k]], &[times(k)], "m = e c"));
            }
        }
    }
}

#[test]
fn uniform_starts_are_those_of_pytorch() {
    let frames = gaussian(64, 6, 1);
    for rule in RULES {
        let params = RvqParams { codebook_size: 32, init: InitMethod::Uniform, ..rule.defaults() };
        let book = started(*rule, &params, &frames);
        // kaiming_uniform_: sqrt(6 / fan_in), with fan_in D for [K, D] and K D for [1, K, D]
        let bound = if rule.id() == "lucidrains" { (6.0f32 / (32.0 * 6.0)).sqrt() } else { 1.0 };
        let largest = book.embed().iter().fold(0f32, |max, v| max.max(v.abs()));
        assert!(largest <= bound && largest > 0.9 * bound, "{}: {largest} of {bound}", rule.id());
        let size = match rule.id() {
            "encodec" | "gpt-sovits" => 0.0,
            "lucidrains" | "moshi" => 1.0,
            // A tenth of N/K: at the threshold.
            _ => 0.2,
        };
        let near = book.cluster_size().iter().all(|c| (c - size).abs() < 1e-12);
        assert!(near, "{}: {}", rule.id(), book.cluster_size());
        let sums = book.embed().mapv(f64::from) * if size == 0.0 { 1.0 } else { size };
        assert!((book.embed_avg() - &sums).iter().all(|d| d.abs() < 1e-12), "{}", rule.id());
    }
}

#[test]
fn moshi_starts_a_layer_in_the_step_after_the_one_before() {
    let frames = gaussian(64, 3, 2);
    for rule in RULES {
        let params = RvqParams { codebook_size: 8, ..rule.defaults() };
        let waits = |previous| matches!(start(*rule, &params, &frames, 1, previous), InitOutcome::Wait);
        assert_eq!([None, Some(3), Some(2)].map(waits), [rule.id() == "moshi", rule.id() == "moshi", false]);
    }
    let moshi = find("moshi").unwrap();
    let params = RvqParams { num_layers: 3, codebook_size: 8, batch_size: 64, ..moshi.defaults() };
    let mut trainer = training(params, frames, None);
    steps(&mut trainer, 3);
    let starts: Vec<_> = trainer.layer_states().iter().map(|state| state.init_step).collect();
    assert_eq!(starts, [Some(1), Some(2), Some(3)]);
}

#[test]
fn the_recommended_start_is_no_worse_than_the_best_of_five_random_ones() {
    let rule = find("rvqscope").unwrap();
    let kinds = [(64, 0.1), (20, 0.3), (200, 0.2), (64, 1.0)];
    for (seed, (clusters, noise)) in kinds.into_iter().cycle().take(8).enumerate() {
        let frames = mixture(2048, 8, clusters, noise, seed as u64);
        let params = RvqParams { codebook_size: 64, seed: seed as u64, ..rule.defaults() };
        let ours = objective(frames.view(), started(rule, &params, &frames).embed());
        let random_start = |nth: u64| {
            let mut rng = random::stream(seed as u64, Purpose::Init, 100 + nth);
            let means = init::draw(frames.view(), 64, &mut rng);
            let found = silently(|task| {
                init::lloyd(frames.view(), means, 10, EmptyCluster::Keep, &Phrase::NONE.into(), task)
            });
            objective(frames.view(), found.unwrap().means.view())
        };
        let best = (0..5).map(random_start).fold(f64::INFINITY, f64::min);
        assert!(ours <= best, "{clusters} clusters at {noise}: {ours} against {best}");
    }
}
