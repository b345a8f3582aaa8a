//! The doctor: a planted case and its clean twin for every check, and healthy trainings under every rule, which must stay silent.
//!
//! `cargo test --test doctor -- --nocapture` prints the table: how many planted cases were found, and how many clean ones raised an alarm.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod commands;
#[path = "../common/mod.rs"]
mod common;
mod corpora;
mod repair;
mod reports;
mod verdict;

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::{Array1, Array2, Axis, concatenate, s};
use rvqscope::doctor::{CHECKS, Evidence, Finding, Patient, Severity, check, diagnose};
use rvqscope::jobs::{self, EvaluateSpec, Holdout, JobCtx};
use rvqscope::random::{self, Purpose};
use rvqscope::rvq::search::Search;
use rvqscope::rvq::{Assignment, Codebook, InitMethod, Rvq, RvqParams, rules};
use rvqscope::task::Cancel;
use rvqscope::training::{History, LayerStep, Run, StepRecord};

const DIM: usize = 8;
const K: usize = 32;
const BATCH: usize = 512;

/// Frames of a smooth distribution, whose dimensions differ in scale: nothing that a quantizer could be ill with.
fn smooth(seed: u64, frames: usize) -> Array2<f32> {
    let mut rng = random::stream(seed, Purpose::Data, 7);
    let mut normal = || (0..12).map(|_| random::unit(&mut rng)).sum::<f64>() - 6.0;
    Array2::from_shape_fn((frames, DIM), |(_, d)| (normal() / (1.0 + 0.3 * d as f64)) as f32)
}

/// Frames in a few tight groups.
fn groups(seed: u64, frames: usize, groups: usize) -> Array2<f32> {
    let centres = smooth(seed, groups) * 5.0;
    let noise = smooth(seed + 1000, frames) * 0.02;
    Array2::from_shape_fn((frames, DIM), |(n, d)| centres[[n % groups, d]] + noise[[n, d]])
}

fn params(rule: &str, seed: u64) -> RvqParams {
    let defaults = rules::find(rule).unwrap().defaults();
    let threshold = if matches!(rule, "rvqscope" | "moshi") { defaults.threshold_ema_dead_code } else { 1.6 };
    RvqParams {
        num_layers: 2,
        codebook_size: K,
        batch_size: BATCH,
        steps: 120,
        decay: 0.9,
        kmeans_iters: 10,
        init: InitMethod::KMeans,
        threshold_ema_dead_code: threshold,
        seed,
        ..defaults
    }
}

/// What is looked at.
struct Case {
    run: Arc<Run>,
    history: History,
    frames: Option<Array2<f32>>,
}

impl Case {
    fn findings(&self) -> Vec<Finding> {
        let patient = Patient::of(&self.run).with_history(&self.history);
        match &self.frames {
            Some(frames) => diagnose(&patient.with_frames(frames.view())),
            None => diagnose(&patient),
        }
    }

    fn has(&self, id: &str) -> bool {
        self.findings().iter().any(|finding| finding.id == id)
    }
}

fn trained(frames: Array2<f32>, params: RvqParams) -> Case {
    let dataset = common::dataset(frames.clone());
    let recorded = common::train(common::spec(&dataset, params));
    Case { run: recorded.run, history: recorded.history, frames: Some(frames) }
}

fn healthy(seed: u64) -> Case {
    trained(smooth(seed, 6000), params("rvqscope", seed))
}

fn of_books(books: Vec<Codebook>) -> Arc<Rvq> {
    Arc::new(Rvq::new(books.into_iter().map(Into::into).collect()).unwrap())
}

/// A model alone, as a file of it would be opened.
fn model(books: Vec<Codebook>, params: Option<RvqParams>) -> Case {
    let run = Arc::new(Run::of_model("model".to_owned(), of_books(books), params, 0));
    Case { run, history: History::default(), frames: None }
}

/// The codebooks of a healthy training, after `edit` has had the first one.
fn edited(seed: u64, edit: impl FnOnce(&mut Array2<f32>, &mut Array1<f64>, &mut Array2<f64>)) -> Case {
    let mut books = books(seed);
    let (rows, sizes, sums) = books[0].parts_mut();
    edit(rows, sizes, sums);
    model(books, None)
}

fn books(seed: u64) -> Vec<Codebook> {
    healthy(seed).run.rvq.layers().iter().map(|layer| layer.codebook.clone()).collect()
}

/// A model held against frames that it was not trained on.
fn evaluated(rvq: &Arc<Rvq>, frames: Array2<f32>) -> Case {
    let spec = EvaluateSpec {
        name: "model".to_owned(),
        dataset: common::dataset(frames.clone()),
        rvq: rvq.clone(),
        params: None,
        steps: 0,
        holdout: None::<Holdout>,
        search: Search::Greedy,
    };
    let ctx = JobCtx { cancel: &Cancel::default(), emit: &|_| {}, control: None, threads: 1, live: false };
    let run = jobs::evaluate(&spec, &ctx).unwrap();
    Case { run, history: History::default(), frames: Some(frames) }
}

/// The case of a check, with the fault or without.
fn case(id: &str, seed: u64, planted: bool) -> Case {
    let pick = |with: f64, without: f64| if planted { with } else { without };
    let code = |nth: u64| ((seed * 7 + nth * 5) as usize) % K;
    match id {
        "more-codes-than-frames" => {
            let frames = if planted { 30 } else { 3000 };
            trained(smooth(seed, frames), RvqParams { steps: 20, ..params("rvqscope", seed) })
        }
        "few-frames" => evaluated(&healthy(seed).run.rvq, smooth(seed + 1, if planted { 200 } else { 4000 })),
        "equal-frames" => {
            let frames = smooth(seed + 1, 1000);
            let same = Array2::from_shape_fn((1000, DIM), |(_, d)| frames[[0, d]]);
            evaluated(&healthy(seed).run.rvq, if planted { same } else { frames })
        }
        "wrong-features" => {
            evaluated(&healthy(seed).run.rvq, smooth(seed + 1, 2000) * pick(0.01, 1.0) as f32)
        }
        "offset" => {
            let frames = smooth(seed, 4000) + pick(40.0, 0.5) as f32;
            trained(frames, params("rvqscope", seed))
        }
        "constant-dimensions" | "outliers" => {
            let mut case = healthy(seed);
            let frames = case.frames.as_mut().unwrap();
            if planted && id == "outliers" {
                frames.row_mut(seed as usize % 5000).mapv_inplace(|v| v * 200.0 + 100.0);
            } else if planted {
                frames.column_mut(seed as usize % DIM).fill(0.25);
            }
            case
        }
        "threshold-above-even" => trained(
            smooth(seed, 4000),
            RvqParams { threshold_ema_dead_code: pick(16.0, 1.6), ..params("lucidrains", seed) },
        ),
        "replacement-overwritten" | "replacement-snaps-back" => {
            // More codes than groups: under a rule whose replacement works none is left behind.
            let faulty = if id == "replacement-overwritten" { "encodec" } else { "gpt-sovits" };
            let rule = if planted { faulty } else { "lucidrains" };
            let params = RvqParams { threshold_ema_dead_code: 8.0, ..params(rule, seed) };
            trained(if planted { groups(seed, 4000, 9) } else { smooth(seed, 4000) }, params)
        }
        "below-usual-threshold" => edited(seed, |_, sizes, sums| {
            let even = sizes.sum() / K as f64;
            *sums *= pick(1.2 / even, 1.0);
            *sizes *= pick(1.2 / even, 1.0);
        }),
        "dead-not-replaced" => edited(seed, |rows, sizes, sums| {
            for nth in 0..8 {
                let code = (code(0) + nth) % K;
                sizes[code] *= pick(1e-5, 0.5);
                let size = sizes[code];
                sums.row_mut(code).assign(&rows.row(code).mapv(|v| f64::from(v) * size));
            }
        }),
        "summed-workers" => {
            let mut books = books(seed);
            for book in &mut books {
                let (_, sizes, sums) = book.parts_mut();
                *sizes *= pick(8.0, 1.0);
                *sums *= pick(8.0, 1.0);
            }
            model(books, Some(params("lucidrains", seed)))
        }
        "start-sums-are-means" => edited(seed, |rows, _, sums| {
            if planted {
                sums.assign(&rows.mapv(f64::from));
            }
        }),
        "start-shrunk" => trained(
            smooth(seed, 4000),
            RvqParams { steps: if planted { 5 } else { 120 }, ..params("encodec", seed) },
        ),
        "cold-start" => {
            let init = if planted { InitMethod::Uniform } else { InitMethod::KMeans };
            let params =
                RvqParams { init, steps: 20, threshold_ema_dead_code: 0.0, ..params("encodec", seed) };
            trained(smooth(seed, 4000) + 3.0, params)
        }
        "born-dead" => edited(seed, |_, sizes, sums| {
            if planted {
                sizes[code(0)] = 0.0;
                sums.row_mut(code(0)).fill(0.0);
            }
        }),
        "cancellation" => trained(smooth(seed, 4000) + pick(3000.0, 0.5) as f32, params("rvqscope", seed)),
        "misassigned" => {
            let params =
                RvqParams { assignment: Assignment::Upstream, steps: 30, ..params("lucidrains", seed) };
            trained(smooth(seed, 4000) + pick(1000.0, 0.0) as f32, params)
        }
        "half-precision" => trained(smooth(seed, 4000) + pick(200.0, 0.5) as f32, params("rvqscope", seed)),
        "silent-code" => {
            let mut frames = smooth(seed, 4000);
            let silent = if planted { 1200 } else { 100 };
            frames.slice_mut(s![..silent, ..]).fill(-0.7);
            // Spread, so that held-out frames have their share.
            let order: Vec<usize> = (0..4000).map(|n| (n * 1777) % 4000).collect();
            trained(frames.select(Axis(0), &order), params("rvqscope", seed))
        }
        "transposed" => {
            // Dimensions that wander over time.
            let mut walk = smooth(seed, 6);
            walk = Array2::from_shape_fn((6, 240), |(d, t)| {
                walk[[d, t % DIM]] + (0.03 * (t as f32) * (d + 1) as f32).sin() * 3.0
            });
            let frames = if planted { walk } else { walk.t().as_standard_layout().into_owned() };
            trained(
                frames,
                RvqParams { codebook_size: 4, batch_size: 4, steps: 10, ..params("rvqscope", seed) },
            )
        }
        "half-overflow" => edited(seed, |_, _, sums| sums[[code(0), 1]] = pick(1e5, 1e4)),
        "equal-rows" => edited(seed, |rows, _, _| {
            let row = rows.row(code(0)).to_owned();
            rows.row_mut(code(1)).assign(&if planted { row } else { row * 1.5 });
        }),
        "equal-layers" => {
            let mut books = books(seed);
            if planted {
                books[1] = books[0].clone();
            }
            model(books, None)
        }
        "zero-rows" => edited(seed, |rows, _, _| {
            let few = if planted { 3 } else { 1 };
            (0..few).for_each(|nth| rows.row_mut((code(0) + nth) % K).fill(0.0));
        }),
        "near-duplicates" => edited(seed, |rows, _, _| {
            for pair in 0..if planted { 6 } else { 1 } {
                let row = rows.row(2 * pair).mapv(|v| v + 1e-3);
                rows.row_mut(2 * pair + 1).assign(&row);
            }
        }),
        "unit-rows" => edited(seed, |rows, _, _| {
            for mut row in rows.rows_mut() {
                let length = row.dot(&row).sqrt();
                row.mapv_inplace(|v| v / length * pick(1.0, 1.1) as f32);
            }
        }),
        "tiny-numbers" => edited(seed, |rows, _, _| rows.mapv_inplace(|v| v * pick(1e-41, 1e-20) as f32)),
        "blank-projection" => {
            let params = RvqParams { codebook_dim: 4, ..params("rvqscope", seed) };
            let case = trained(smooth(seed, 4000), params);
            let mut layers = case.run.rvq.layers().to_vec();
            if planted && let Some(projection) = &mut layers[1].projection {
                projection.in_weight.fill(0.0);
            }
            let rvq = Arc::new(Rvq::new(layers).unwrap());
            Case { run: Arc::new(Run { rvq, ..(*case.run).clone() }), ..case }
        }
        "unused-codes" => {
            let near = smooth(seed + 1, 4000);
            let corner = near.mapv(|v| v * 0.05 + 1.0);
            evaluated(&healthy(seed).run.rvq, if planted { corner } else { near })
        }
        "collapse" => edited(seed, |_, sizes, sums| {
            if planted {
                sizes.fill(0.01);
                *sums *= 0.001;
                sizes[code(0)] = 500.0;
            }
        }),
        "overloaded-codes" => {
            let tight = groups(seed, 3000, K - 1);
            let wide = smooth(seed + 5, 100) * pick(3.0, 0.02) as f32 + 40.0;
            let frames = concatenate(Axis(0), &[tight.view(), wide.view()]).unwrap();
            let mut rows = tight.slice(s![..K, ..]).to_owned();
            rows.row_mut(K - 1).fill(40.0);
            let rvq = Arc::new(Rvq::new(vec![Codebook::from_rows(rows).unwrap().into()]).unwrap());
            evaluated(&rvq, frames)
        }
        "idle-layer" => {
            let mut books = books(seed);
            books[1].parts_mut().0.mapv_inplace(|v| v * pick(1e-4, 1.0) as f32);
            evaluated(&of_books(books), smooth(seed + 1, 2000))
        }
        "by-heart" => {
            let size = if planted { 256 } else { K };
            let params = RvqParams { codebook_size: size, batch_size: 256, ..params("rvqscope", seed) };
            trained(smooth(seed, if planted { 700 } else { 6000 }), params)
        }
        "held-out-differs" => {
            // The end of the file is of another kind.
            let mut frames = smooth(seed, 6000);
            frames.slice_mut(s![5350.., ..]).mapv_inplace(|v| v * pick(2.5, 1.0) as f32);
            // Calibrated rows would be long enough for it.
            trained(frames, RvqParams { calibrate: false, ..params("rvqscope", seed) })
        }
        "decay-too-slow" => trained(
            smooth(seed, 4000),
            RvqParams { decay: pick(0.99, 0.9), steps: 60, ..params("rvqscope", seed) },
        ),
        "still-moving" => {
            let mut case = healthy(seed);
            let mut history = History::default();
            for step in 1..=120 {
                let drift = pick(0.2 * (-0.03 * step as f64).exp(), 0.002);
                let layer = LayerStep { drift, drift_all: drift, ..LayerStep::default() };
                history.push(&StepRecord { step, layers: vec![layer; 2] });
            }
            case.history = history;
            case
        }
        "settled-long-ago" => {
            let case = healthy(seed);
            let mut history = History::default();
            for step in 1..=600 {
                let drift = 0.002 + 0.2 * (-(step as f64) / pick(5.0, 80.0)).exp();
                let layer = LayerStep { drift, drift_all: drift, ..LayerStep::default() };
                history.push(&StepRecord { step, layers: vec![layer; 2] });
            }
            Case { run: Arc::new(Run { steps: 600, ..(*case.run).clone() }), history, ..case }
        }
        "threshold-in-noise" => trained(
            smooth(seed, 4000),
            RvqParams { threshold_ema_dead_code: pick(14.5, 1.6), ..params("lucidrains", seed) },
        ),
        "start-by-heart" => trained(
            smooth(seed, 4000),
            RvqParams { batch_size: if planted { 40 } else { BATCH }, ..params("lucidrains", seed) },
        ),
        "long-rows" => edited(seed, |rows, _, _| {
            rows.row_mut(code(0)).mapv_inplace(|v| v * pick(2e4, 20.0) as f32);
        }),
        "negative-sizes" => edited(seed, |_, sizes, _| sizes[code(0)] *= pick(-1.0, 1.0)),
        "narrow-projection" => {
            let params = RvqParams { codebook_dim: 4, ..params("rvqscope", seed) };
            let case = trained(smooth(seed, 4000), params);
            let mut layers = case.run.rvq.layers().to_vec();
            if planted && let Some(projection) = &mut layers[1].projection {
                let row = projection.in_weight.row(0).to_owned() * 2.0;
                projection.in_weight.row_mut(2).assign(&row);
            }
            let rvq = Arc::new(Rvq::new(layers).unwrap());
            Case { run: Arc::new(Run { rvq, ..(*case.run).clone() }), ..case }
        }
        "out-of-reach" => {
            let mut books = books(seed);
            let (rows, ..) = books[1].parts_mut();
            rows.row_mut(code(0)).mapv_inplace(|v| v * pick(200.0, 1.1) as f32);
            evaluated(&of_books(books), smooth(seed + 1, 2000))
        }
        "shifted-frames" => evaluated(&healthy(seed).run.rvq, smooth(seed + 1, 2000) + pick(3.0, 0.2) as f32),
        "scaled-frames" => evaluated(&healthy(seed).run.rvq, smooth(seed + 1, 2000) * pick(20.0, 1.5) as f32),
        "dead-codes" => edited(seed, |_, sizes, sums| {
            for nth in 0..8 {
                let code = (code(0) + nth) % K;
                sizes[code] *= pick(0.01, 0.5);
                sums.row_mut(code).mapv_inplace(|v| v * pick(0.01, 0.5));
            }
        }),
        "gain-stops" => {
            let mut books = books(seed);
            books[1].parts_mut().0.mapv_inplace(|v| v * pick(0.1, 1.0) as f32);
            evaluated(&of_books(books), smooth(seed + 1, 2000))
        }
        other => panic!("{other} has no planted case"),
    }
}

/// Healthy trainings under each rule. What upstream rules do wrong under any data is not planted here.
fn clean(rule: &str, seed: u64) -> Case {
    let frames = smooth(seed * 31 + 5, 5000 + 200 * (seed as usize % 4));
    let small = RvqParams { codebook_size: [16, 24, 32][seed as usize % 3], ..params(rule, seed) };
    trained(frames, RvqParams { decay: [0.8, 0.9][seed as usize % 2], steps: 160, ..small })
}

const SEEDS: u64 = 4;
const CLEAN_SEEDS: u64 = 12;

#[test]
fn every_fault_is_named_and_its_clean_twin_is_not() {
    let ids: Vec<&str> = CHECKS.iter().copied().flatten().map(|check| check.id).collect();
    let (mut cases, mut missed, mut wrong) = (0, Vec::new(), Vec::new());
    println!("{:24} found  false", "check");
    for id in ids {
        let (mut found, mut alarms) = (0, 0);
        for seed in 1..=SEEDS {
            let (with, without) = (case(id, seed, true), case(id, seed, false));
            cases += 2;
            if with.has(id) {
                found += 1;
            } else {
                missed.push(format!("{id} {seed}: {:?}", ids_of(&with)));
            }
            if without.has(id) {
                alarms += 1;
                wrong.push(format!("{id} {seed}"));
            }
        }
        println!("{id:24} {found:2} of {SEEDS}  {alarms}");
    }
    assert!(cases >= 240, "{cases}");
    assert!(missed.is_empty(), "missed: {missed:#?}");
    assert!(wrong.is_empty(), "false: {wrong:#?}");
}

fn ids_of(case: &Case) -> Vec<&'static str> {
    case.findings().iter().map(|finding| finding.id).collect()
}

#[test]
fn healthy_trainings_raise_no_alarm() {
    let (mut looked, mut alarms): (u32, BTreeMap<&str, Vec<String>>) = (0, BTreeMap::new());
    for rule in ["rvqscope", "lucidrains", "moshi", "encodec", "gpt-sovits"] {
        for seed in 1..=CLEAN_SEEDS {
            let case = clean(rule, seed);
            looked += 1;
            for finding in case.findings() {
                if finding.severity > Severity::Note {
                    alarms.entry(finding.id).or_default().push(format!("{rule} {seed}: {}", finding.text));
                }
            }
        }
    }
    println!("{looked} healthy trainings, alarms: {alarms:#?}");
    let all: usize = alarms.values().map(Vec::len).sum();
    assert!((all as f64) < 0.02 * f64::from(looked) + 1.0, "{alarms:#?}");
}

#[test]
fn what_rounding_costs_is_looked_at_behind_every_layer() {
    // Eight layers: what is left for the last one is small beside what was rounded at the start.
    let deep =
        trained(smooth(2, 6000), RvqParams { num_layers: 8, codebook_size: 64, ..params("rvqscope", 2) });
    let half: Vec<Finding> = deep.findings().into_iter().filter(|f| f.id == "half-precision").collect();
    println!("{half:?}");
    // The second layer is given frames far from zero, the first is not.
    let mut books = books(5);
    books[0].parts_mut().0.mapv_inplace(|v| v - 3000.0);
    books[1].parts_mut().0.mapv_inplace(|v| v + 3000.0);
    let found = evaluated(&of_books(books), smooth(6, 2000)).findings();
    let layers: Vec<&[usize]> =
        found.iter().filter(|f| f.id == "cancellation").map(|f| f.layers.as_slice()).collect();
    assert_eq!(layers, [&[1][..]]);
}

#[test]
fn a_check_is_silent_without_its_evidence() {
    let case = healthy(3);
    let alone = Patient::of(&case.run).without_rows();
    assert!(!alone.has(Evidence::Rows) && !alone.has(Evidence::Frames) && !alone.has(Evidence::History));
    let rows_only = Rvq::new(vec![Codebook::from_rows(smooth(1, K)).unwrap().into()]).unwrap();
    let run = Run::of_model("rows".to_owned(), Arc::new(rows_only), None, 0);
    assert!(!Patient::of(&run).has(Evidence::Sizes) && !Patient::of(&run).has(Evidence::Counts));
    assert_eq!(diagnose(&Patient::of(&run)), []);
    // Frames of another dimension are none.
    let frames = smooth(1, 50).slice(s![.., ..3]).to_owned();
    assert!(!Patient::of(&run).with_frames(frames.view()).has(Evidence::Frames));
}

#[test]
fn the_table_is_sound() {
    let mut ids: Vec<&str> = CHECKS.iter().copied().flatten().map(|check| check.id).collect();
    for id in &ids {
        let check = check(id).unwrap();
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{id}");
        assert!(check.why.ends_with('.') && !check.title.is_empty() && !check.source.is_empty(), "{id}");
    }
    let all = ids.len();
    assert!(
        include_str!("../../README.md").contains(&format!(" {all} checks look at")),
        "the README tells of {all}"
    );
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
    let found = case("collapse", 1, true).findings();
    assert!(found.windows(2).all(|pair| pair[0].severity >= pair[1].severity), "the worst first");
    let collapse = found.iter().find(|finding| finding.id == "collapse").unwrap();
    assert!(collapse.measured[0].value < collapse.measured[0].bound && collapse.layers == [0]);
}
