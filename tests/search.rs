//! Beam search against a plain one, and what must hold for any width.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use ndarray::{Array1, Array2, Axis};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rvqscope::rvq::encoder::{Encoded, Encoder};
use rvqscope::rvq::search::Search;
use rvqscope::rvq::{Codebook, LayerSpan, Metric, Rvq};

fn normal(rows: usize, cols: usize, seed: u64) -> Array2<f32> {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    Array2::from_shape_simple_fn((rows, cols), || {
        (0..6).map(|_| rng.random::<f32>() - 0.5).sum::<f32>() * 1.4
    })
}

/// Layers of `num_codes` rows, each of half the length of those before.
fn quantizer(
    num_layers: usize,
    num_codes: usize,
    dim: usize,
    metric: Metric,
    edit: impl Fn(f32) -> f32,
) -> Rvq {
    let layer = |layer_idx: usize| {
        let rows = normal(num_codes, dim, 50 + layer_idx as u64) * 0.7f32.powi(layer_idx as i32);
        let rows = rows.mapv(&edit);
        let sums = rows.mapv(f64::from);
        Codebook::new(rows, Array1::ones(num_codes), sums).unwrap().into()
    };
    Rvq::with_metric((0..num_layers).map(layer).collect(), metric).unwrap()
}

fn encode(rvq: &Rvq, frames: &Array2<f32>, search: Search) -> Encoded {
    Encoder::new(rvq, LayerSpan::ALL).unwrap().encode(frames.view(), search).unwrap()
}

/// `||frame - decoded||²` of each frame.
fn errors(rvq: &Rvq, frames: &Array2<f32>, encoded: &Encoded) -> Vec<f64> {
    let left = frames - &rvq.decode(encoded.to_matrix().view(), 0).unwrap();
    left.rows().into_iter().map(|row| row.iter().map(|&v| f64::from(v).powi(2)).sum()).collect()
}

/// The codes of one frame along a plain beam: distances in f64, of residuals in f32.
fn plain_beam(rvq: &Rvq, frame: &[f32], width: usize) -> Vec<u32> {
    let mut paths: Vec<(Vec<u32>, Vec<f32>)> = vec![(Vec::new(), frame.to_vec())];
    let num_layers = rvq.num_layers();
    for (layer_idx, layer) in rvq.layers().iter().enumerate() {
        let rows = layer.codebook.embed();
        let mut ways = Vec::new();
        for (path, (_, residual)) in paths.iter().enumerate() {
            for (code, row) in rows.rows().into_iter().enumerate() {
                let pairs = residual.iter().zip(row);
                let dist: f64 = pairs.map(|(&r, &e)| (f64::from(r) - f64::from(e)).powi(2)).sum();
                ways.push((dist, path, code));
            }
        }
        ways.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        if layer_idx + 1 < num_layers {
            let greedy = ways.iter().position(|way| way.1 == 0).unwrap();
            ways[..=greedy].rotate_right(1);
        }
        ways.truncate(if layer_idx + 1 < num_layers { width } else { 1 });
        let extended = ways.iter().map(|&(_, path, code)| {
            let (codes, residual) = &paths[path];
            let left = residual.iter().zip(rows.row(code)).map(|(r, e)| r - e).collect();
            ([codes.as_slice(), &[code as u32]].concat(), left)
        });
        paths = extended.collect();
    }
    paths.swap_remove(0).0
}

#[test]
fn a_beam_equals_a_plain_one() {
    let round = |v: f32| (2.0 * v).round();
    for (num_codes, dim, width) in [(45, 16, 5), (70, 6, 3), (3, 4, 8), (33, 32, 40), (1100, 5, 4)] {
        let noise = normal(40, dim, 1);
        let clustered =
            &normal(40, dim, 2) * 0.05 + &normal(4, dim, 3).select(Axis(0), &[0, 1, 2, 3].repeat(10));
        let plain = quantizer(4, num_codes, dim, Metric::Euclidean, |v| v);
        let tied = quantizer(4, num_codes, dim, Metric::Euclidean, round);
        let shifted = quantizer(4, num_codes, dim, Metric::Euclidean, |v| v + 75.0);
        for (what, rvq, frames) in [
            ("noise", &plain, noise.clone()),
            ("clusters", &plain, clustered),
            ("ties", &tied, noise.mapv(round)),
            ("shifted", &shifted, &noise + 300.0),
        ] {
            let expected: Vec<u32> =
                frames.rows().into_iter().flat_map(|frame| plain_beam(rvq, &frame.to_vec(), width)).collect();
            for with_tables in [false, true] {
                let encoder = Encoder::new(rvq, LayerSpan::ALL).unwrap();
                if with_tables {
                    encoder.prepare_paths(64);
                }
                let encoded = encoder.encode(frames.view(), Search::Beam(width)).unwrap();
                let case =
                    format!("{what}, {num_codes} codes of {dim}, width {width}, tables: {with_tables}");
                assert_eq!(encoded.codes, expected, "{case}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// The greedy path is always among the candidates.
    #[test]
    fn no_frame_is_worse_than_greedy(seed in 0u64..1000, width in 2usize..12, cosine in any::<bool>()) {
        let metric = if cosine { Metric::Cosine } else { Metric::Euclidean };
        let rvq = quantizer(3, 20, 6, metric, |v| v);
        let frames = normal(60, 6, seed);
        let greedy = errors(&rvq, &frames, &encode(&rvq, &frames, Search::Greedy));
        let beam = errors(&rvq, &frames, &encode(&rvq, &frames, Search::Beam(width)));
        for (beam, greedy) in beam.iter().zip(&greedy) {
            prop_assert!(*beam <= greedy * (1.0 + 1e-5) + 1e-9, "{beam} is worse than {greedy}");
        }
    }

    /// Over many frames, more paths leave no more over.
    #[test]
    fn a_wider_beam_is_not_worse_on_the_mean(seed in 0u64..1000) {
        let rvq = quantizer(4, 24, 6, Metric::Euclidean, |v| v);
        let frames = normal(600, 6, seed);
        let sums = [1, 2, 4, 16].map(|width| {
            errors(&rvq, &frames, &encode(&rvq, &frames, Search::Beam(width))).iter().sum::<f64>()
        });
        prop_assert!(sums.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-6)), "{sums:?}");
    }

    /// What decoding gives is the sum of the rows, and what is left over is what the encoder counted.
    #[test]
    fn decoding_adds_up_the_rows(seed in 0u64..1000, width in 1usize..6) {
        let rvq = quantizer(3, 15, 5, Metric::Euclidean, |v| v);
        let frames = normal(30, 5, seed);
        let encoded = encode(&rvq, &frames, Search::Beam(width));
        let decoded = rvq.decode(encoded.to_matrix().view(), 0).unwrap();
        for (decoded, codes) in decoded.rows().into_iter().zip(encoded.codes.chunks_exact(3)) {
            for (i, &value) in decoded.iter().enumerate() {
                let layers = rvq.layers().iter().zip(codes);
                let sum: f32 = layers.map(|(layer, &code)| layer.codebook.embed()[[code as usize, i]]).sum();
                prop_assert!((sum - value).abs() < 1e-5);
            }
        }
        let left: f64 = errors(&rvq, &frames, &encoded).iter().sum();
        let counted = encoded.residual_energy[2];
        prop_assert!((left - counted).abs() <= 1e-4 * (1.0 + left), "{left} is not {counted}");
    }
}
