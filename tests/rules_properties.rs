//! Every update rule against plain loops, and under what must hold for any data.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod rules_support;

use ndarray::{Array1, Array2, Axis, s};
use proptest::prelude::*;
use rules_support::{gaussian, mixture, sequential, steps, training};
use rvqscope::random::{self, Purpose};
use rvqscope::rvq::rules::{RULES, UpdateRule};
use rvqscope::rvq::{Codebook, InitMethod, Layer, Metric, Rvq, RvqParams};

fn no_replacement(rule: &dyn UpdateRule) -> RvqParams {
    RvqParams { threshold_ema_dead_code: 0.0, ..rule.defaults() }
}

/// Two layers of `num_codes` rows with a consistent state.
fn random_start(num_codes: usize, dim: usize, metric: Metric, seed: u64) -> Rvq {
    let layer = |layer_idx: u64| {
        let mut rows = gaussian(num_codes, dim, seed + layer_idx) / (1.0 + layer_idx as f32);
        if metric == Metric::Cosine {
            for mut row in rows.rows_mut() {
                let norm = row.dot(&row).sqrt();
                row /= norm;
            }
        }
        let sizes = Array1::from_shape_fn(num_codes, |k| 1.0 + (k % 3) as f64);
        let sums = rows.mapv(f64::from) * sizes.view().insert_axis(Axis(1));
        Codebook::new(rows, sizes, sums).unwrap().into()
    };
    Rvq::with_metric((0..2).map(layer).collect(), metric).unwrap()
}

/// A training step by plain loops in f64.
struct Oracle(Vec<OracleLayer>);

struct OracleLayer {
    embed: Vec<Vec<f64>>,
    sizes: Vec<f64>,
    sums: Vec<Vec<f64>>,
}

impl Oracle {
    fn new(rvq: &Rvq) -> Self {
        let rows = |values: &Array2<f64>| values.rows().into_iter().map(|row| row.to_vec()).collect();
        let layer = |layer: &Layer| {
            let book = &layer.codebook;
            let embed = rows(&book.embed().mapv(f64::from));
            OracleLayer { embed, sizes: book.cluster_size().to_vec(), sums: rows(book.embed_avg()) }
        };
        Self(rvq.layers().iter().map(layer).collect())
    }

    fn step(
        &mut self,
        frames: ndarray::ArrayView2<'_, f32>,
        decay: f64,
        eps: f64,
        smooth: bool,
        cosine: bool,
    ) {
        let unit = |v: &[f64]| {
            let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
            v.iter().map(|x| x / norm).collect::<Vec<f64>>()
        };
        let mut residual: Vec<Vec<f64>> =
            frames.rows().into_iter().map(|f| f.iter().map(|&v| f64::from(v)).collect()).collect();
        for OracleLayer { embed, sizes, sums } in &mut self.0 {
            let dim = embed[0].len();
            let mut n = vec![0.0; embed.len()];
            let mut s = vec![vec![0.0; dim]; embed.len()];
            for frame in &mut residual {
                let seen = if cosine { unit(frame) } else { frame.clone() };
                let dist = |row: &Vec<f64>| seen.iter().zip(row).map(|(x, e)| (x - e).powi(2)).sum::<f64>();
                let nearest = (0..embed.len()).min_by(|&a, &b| dist(&embed[a]).total_cmp(&dist(&embed[b])));
                let code = nearest.unwrap();
                n[code] += 1.0;
                for i in 0..dim {
                    s[code][i] += seen[i];
                    frame[i] -= embed[code][i];
                }
            }
            for k in 0..n.len() {
                sizes[k] = decay * sizes[k] + (1.0 - decay) * n[k];
                for i in 0..dim {
                    sums[k][i] = decay * sums[k][i] + (1.0 - decay) * s[k][i];
                }
            }
            let total: f64 = sizes.iter().sum();
            for k in 0..n.len() {
                let smoothed = (sizes[k] + eps) / (total + n.len() as f64 * eps) * total;
                let size = if smooth { smoothed } else { sizes[k].max(eps) };
                embed[k] = sums[k].iter().map(|m| m / size).collect();
                if cosine {
                    embed[k] = unit(&embed[k]);
                }
            }
        }
    }
}

#[test]
fn every_rule_agrees_with_plain_loops() {
    let frames = mixture(5 * 50, 4, 7, 0.3, 11);
    let metrics = |rule: &dyn UpdateRule| {
        if rule.id() == "lucidrains" {
            vec![Metric::Euclidean, Metric::Cosine]
        } else {
            vec![Metric::Euclidean]
        }
    };
    for rule in RULES {
        for metric in metrics(*rule) {
            let start = random_start(8, 4, metric, 12);
            let params = RvqParams {
                num_layers: 2,
                codebook_size: 8,
                batch_size: 50,
                decay: 0.9,
                epsilon: 0.01,
                metric,
                ..no_replacement(*rule)
            };
            let mut trainer = sequential(params, frames.clone(), Some(&start));
            let mut oracle = Oracle::new(&start);
            for step in 0..5 {
                steps(&mut trainer, 1);
                let batch = frames.slice(s![step * 50..(step + 1) * 50, ..]);
                oracle.step(batch, 0.9, 0.01, rule.id() != "moshi", metric == Metric::Cosine);
            }
            for (layer, oracle) in trainer.rvq().layers().iter().zip(&oracle.0) {
                let ours: Vec<f64> = layer.codebook.embed().iter().map(|&v| f64::from(v)).collect();
                let pairs = ours.iter().zip(oracle.embed.iter().flatten());
                let sizes = layer.codebook.cluster_size().iter().zip(&oracle.sizes);
                let worst = pairs.chain(sizes).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(worst < 1e-5, "{} {metric:?}: {worst}", rule.id());
            }
        }
    }
}

#[test]
fn too_little_data_is_no_accident() {
    let constant = Array2::from_elem((40, 3), 2.5f32);
    let cases = [
        ("fewer frames than codes", gaussian(5, 3, 3)),
        ("one frame", gaussian(1, 3, 4)),
        ("constant", constant),
    ];
    for rule in RULES {
        for init in [InitMethod::KMeans, InitMethod::Sample, InitMethod::Uniform] {
            for metric in [Metric::Euclidean, Metric::Cosine] {
                if metric == Metric::Cosine && rule.id() != "lucidrains" {
                    continue;
                }
                for (what, frames) in &cases {
                    let threshold_ema_dead_code = rule.defaults().threshold_ema_dead_code.max(0.1);
                    let params = RvqParams {
                        num_layers: 3,
                        codebook_size: 16,
                        batch_size: 40,
                        init,
                        metric,
                        threshold_ema_dead_code,
                        ..rule.defaults()
                    };
                    let mut trainer = training(params, frames.clone(), None);
                    steps(&mut trainer, 12);
                    for layer in trainer.rvq().layers() {
                        let book = &layer.codebook;
                        let finite = book.embed().iter().all(|v| v.is_finite())
                            && book.embed_avg().iter().all(|v| v.is_finite());
                        assert!(finite, "{} {init:?} {metric:?}: {what}", rule.id());
                        assert!(book.cluster_size().iter().all(|&c| c >= 0.0 && c.is_finite()));
                    }
                }
            }
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let frames = mixture(3000, 8, 40, 0.2, 21);
    for rule in RULES {
        let trained = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let params = RvqParams {
                num_layers: 2,
                codebook_size: 48,
                batch_size: 700,
                init: InitMethod::KMeans,
                kmeans_iters: 5,
                threshold_ema_dead_code: 0.5,
                ..rule.defaults()
            };
            pool.install(|| {
                let mut trainer = training(params, frames.clone(), None);
                steps(&mut trainer, 6);
                trainer.rvq().clone()
            })
        };
        assert_eq!(trained(1), trained(4), "{}", rule.id());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    /// Codes are names: other names give the same codebook under those names.
    #[test]
    fn permuting_codes_permutes_codes(seed in 0u64..1000, rule_idx in 0..RULES.len()) {
        let rule = RULES[rule_idx];
        let frames = mixture(200, 3, 9, 0.4, seed);
        let start = random_start(8, 3, Metric::Euclidean, seed);
        let mut order: Vec<usize> = (0..8).collect();
        random::shuffle(&mut random::stream(seed, Purpose::Data, 7), &mut order);
        let layers = start.layers().iter().map(|layer| {
            let book = &layer.codebook;
            let sizes = book.cluster_size().select(Axis(0), &order);
            let sums = book.embed_avg().select(Axis(0), &order);
            Codebook::new(book.embed().select(Axis(0), &order), sizes, sums).unwrap().into()
        });
        let permuted = Rvq::new(layers.collect()).unwrap();
        let params = RvqParams { num_layers: 2, codebook_size: 8, batch_size: 100, ..no_replacement(rule) };
        let mut a = sequential(params, frames.clone(), Some(&start));
        let mut b = sequential(params, frames, Some(&permuted));
        steps(&mut a, 4);
        steps(&mut b, 4);
        for layer_idx in 0..2 {
            let named: Vec<u32> = b.codes(layer_idx).iter().map(|&code| order[code as usize] as u32).collect();
            prop_assert_eq!(a.codes(layer_idx), &named[..]);
            let (a, b) = (&a.rvq().layers()[layer_idx].codebook, &b.rvq().layers()[layer_idx].codebook);
            for (row, &name) in b.embed().rows().into_iter().zip(&order) {
                for (x, y) in row.iter().zip(a.embed().row(name)) {
                    prop_assert!((x - y).abs() <= 1e-5 * (1.0 + y.abs()));
                }
            }
        }
    }

    /// Rules know no unit: data times 8 gives the codebook times 8, replacement and all.
    #[test]
    fn scaling_the_data_scales_the_codebook(seed in 0u64..1000, rule_idx in 0..RULES.len(), kmeans in any::<bool>()) {
        let rule = RULES[rule_idx];
        let frames = mixture(300, 3, 9, 0.4, seed);
        let params = RvqParams {
            num_layers: 2,
            codebook_size: 12,
            batch_size: 100,
            init: if kmeans { InitMethod::KMeans } else { InitMethod::Sample },
            threshold_ema_dead_code: 0.5,
            seed,
            ..rule.defaults()
        };
        let mut plain = training(params, frames.clone(), None);
        let mut scaled = training(params, frames * 8.0, None);
        steps(&mut plain, 6);
        steps(&mut scaled, 6);
        for (a, b) in plain.rvq().layers().iter().zip(scaled.rvq().layers()) {
            prop_assert_eq!(a.codebook.cluster_size(), b.codebook.cluster_size());
            for (x, y) in a.codebook.embed().iter().zip(b.codebook.embed()) {
                prop_assert!((8.0 * x - y).abs() <= 1e-5 * (1.0 + y.abs()), "{} {x} {y}", rule.id());
            }
        }
    }
}
