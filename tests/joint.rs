//! Steps along several paths against plain loops, and refits: what they keep, what they refuse, and that both can be resumed to the bit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(clippy::single_range_in_vec_init, reason = "lists of ranges that here have one")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{bits, clustered, dataset, history_bits, small_params, spec, train_with};
use nalgebra::DMatrix;
use ndarray::{Array2, s};
use rvqscope::features::{FeatureMatrix, FeatureSet};
use rvqscope::random::{self, Purpose};
use rvqscope::rvq::encoder::Encoder;
use rvqscope::rvq::refit::FixedCodes;
use rvqscope::rvq::search::Search;
use rvqscope::rvq::{Assignment, BatchOrder, Codebook, LayerSpan, Metric, Rvq, RvqParams, param_spec, rules};
use rvqscope::task::{Cancel, Progress, Task};
use rvqscope::training::{StepRecord, Trainer};

fn trainer(values: &Array2<f32>, params: RvqParams, start: Option<&Rvq>) -> Trainer {
    let set = Arc::new(FeatureSet::single("x", FeatureMatrix::new(values.clone()).unwrap(), None));
    Trainer::new(params.validate().unwrap(), set, vec![0..values.nrows()], start).unwrap()
}

fn step(trainer: &mut Trainer) -> StepRecord {
    trainer.step(&Task::silent(&Cancel::default())).unwrap()
}

fn random_rvq(seed: u64, layers: usize, codes: usize, dim: usize) -> Rvq {
    let mut rng = random::stream(seed, Purpose::Init, 99);
    let layers = (0..layers).map(|layer| {
        let scale = 4.0 / (1.0 + layer as f64);
        let row = || ((random::unit(&mut rng) - 0.5) * scale) as f32;
        Codebook::from_rows(Array2::from_shape_simple_fn((codes, dim), row)).unwrap().into()
    });
    Rvq::new(layers.collect()).unwrap()
}

type Vector = Vec<f64>;

fn rows_of(rvq: &Rvq) -> Vec<Vec<Vector>> {
    let row = |row: ndarray::ArrayView1<'_, f32>| row.iter().map(|&v| f64::from(v)).collect();
    rvq.layers().iter().map(|layer| layer.codebook.embed().rows().into_iter().map(row).collect()).collect()
}

fn minus(a: &[f64], b: &[f64]) -> Vector {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn length(a: &[f64]) -> f64 {
    a.iter().map(|v| v * v).sum()
}

fn nearest(rows: &[Vector], path: &[f64]) -> usize {
    let error = |k: &usize| length(&minus(path, &rows[*k]));
    (0..rows.len()).min_by(|a, b| error(a).total_cmp(&error(b))).unwrap()
}

/// What a step does, in loops: the rows behind it, and the mean squared error behind each layer.
fn plain_step(rvq: &Rvq, frames: &Array2<f32>, width: usize, decay: f64) -> (Vec<Vec<Vector>>, Vec<f64>) {
    let mut rows = rows_of(rvq);
    let old = rows.clone();
    let first = |frame: ndarray::ArrayView1<'_, f32>| vec![frame.iter().map(|&v| f64::from(v)).collect()];
    let mut paths: Vec<Vec<Vector>> = frames.rows().into_iter().map(first).collect();
    let mut errors = Vec::new();
    for (layer, book) in rvq.layers().iter().enumerate() {
        let (sizes, sums) = (book.codebook.cluster_size(), book.codebook.embed_avg());
        let mut counts = vec![0.0; sizes.len()];
        let mut added = vec![vec![0.0; frames.ncols()]; sizes.len()];
        for path in paths.iter().flatten() {
            let k = nearest(&old[layer], path);
            counts[k] += 1.0;
            added[k].iter_mut().zip(path).for_each(|(sum, v)| *sum += v);
        }
        for (k, row) in rows[layer].iter_mut().enumerate() {
            let size = decay * sizes[k] + (1.0 - decay) * counts[k];
            for (d, value) in row.iter_mut().enumerate() {
                *value = (decay * sums[[k, d]] + (1.0 - decay) * added[k][d]) / size;
            }
        }
        let mut error = 0.0;
        for paths in &mut paths {
            let greedy = minus(&paths[0], &old[layer][nearest(&old[layer], &paths[0])]);
            let mut ways: Vec<Vector> =
                paths.iter().flat_map(|path| old[layer].iter().map(|row| minus(path, row))).collect();
            ways.sort_by(|a, b| length(a).total_cmp(&length(b)));
            error += length(&ways[0]);
            ways.retain(|way| *way != greedy);
            ways.insert(0, greedy);
            ways.truncate(width);
            *paths = ways;
        }
        errors.push(error / frames.len() as f64);
    }
    (rows, errors)
}

#[test]
fn a_step_along_paths_is_that_of_plain_loops() {
    let values = clustered(3, 150, 5, 9);
    for width in [1, 2, 4, 40] {
        let start = random_rvq(7, 3, 12, 5);
        let params = RvqParams {
            search: width,
            batch_size: 150,
            order: BatchOrder::Sequential,
            decay: 0.8,
            epsilon: 0.0,
            threshold_ema_dead_code: 0.0,
            ..small_params("rvqscope")
        };
        let mut trainer = trainer(&values, params, Some(&start));
        for nth in 0..3 {
            let (rows, errors) = plain_step(trainer.rvq(), &values, width, 0.8);
            let encoded = Encoder::new(trainer.rvq(), LayerSpan::ALL)
                .unwrap()
                .encode(values.view(), Search::of_width(width))
                .unwrap();
            let record = step(&mut trainer);
            for (layer, (told, error)) in record.layers.iter().zip(&errors).enumerate() {
                assert!((told.mse - error).abs() < 1e-5 * error, "{width}, {nth}, {layer}: {told:?} {error}");
            }
            for (found, row) in rows_of(trainer.rvq()).iter().flatten().zip(rows.iter().flatten()) {
                let off = length(&minus(found, row)).sqrt();
                assert!(off < 1e-4, "{width}, step {nth}: {found:?} is not {row:?}");
            }
            let end = encoded.residual_energy.last().unwrap() / values.len() as f64;
            let told = record.layers.last().unwrap().mse;
            assert!(
                (told - end).abs() < 1e-5 * end,
                "{width}: the paths are not the encoder's: {told} {end}"
            );
        }
    }
}

#[test]
fn layers_with_projections_and_angles_are_trained_along_paths() {
    let values = clustered(4, 300, 6, 9);
    for (rule, change) in [
        ("rvqscope", RvqParams { codebook_dim: 3, ..small_params("rvqscope") }),
        ("lucidrains", RvqParams { metric: Metric::Cosine, ..small_params("lucidrains") }),
        ("moshi", RvqParams { quantizer_dropout: true, ..small_params("moshi") }),
        ("encodec", RvqParams { threshold_ema_dead_code: 2.0, ..small_params("encodec") }),
    ] {
        let params = RvqParams { search: 3, ..change };
        let mut trainer = trainer(&values, params, None);
        for _ in 0..12 {
            let record = step(&mut trainer);
            let fits =
                |layer: &rvqscope::training::LayerStep| layer.mse.is_finite() && layer.loss.is_finite();
            assert!(record.layers.iter().all(fits), "{rule}: {record:?}");
        }
        assert!(trainer.has_started(), "{rule}");
    }
}

#[test]
fn paths_and_refits_give_the_same_bits_on_any_number_of_threads() {
    let dataset = dataset(clustered(5, 1300, 7, 9));
    let params = RvqParams { search: 4, refit: 3, steps: 9, codebook_size: 40, ..small_params("rvqscope") };
    let one = train_with(spec(&dataset, params), 1, false).unwrap();
    let many = train_with(spec(&dataset, params), 4, false).unwrap();
    assert_eq!(one.run.steps, 9);
    assert_eq!(bits(&one.run.rvq), bits(&many.run.rvq));
    assert_eq!(history_bits(&one.history), history_bits(&many.history));
}

#[test]
fn a_training_with_paths_and_refits_resumed_behind_any_step_is_the_one_never_stopped() {
    let values = clustered(11, 260, 5, 9);
    for rule in rules::RULES {
        let params = RvqParams { search: 3, refit: 4, steps: 14, ..small_params(rule.id()) };
        let set = Arc::new(FeatureSet::single("x", FeatureMatrix::new(values.clone()).unwrap(), None));
        let (mut whole, mut resumed) = (trainer(&values, params, None), trainer(&values, params, None));
        for nth in 1..=params.steps {
            if let Some(state) = resumed.state() {
                resumed = Trainer::from_state(&state, set.clone(), vec![0..values.nrows()]).unwrap();
            }
            assert_eq!(step(&mut whole), step(&mut resumed), "{}, step {nth}", rule.id());
            assert_eq!(bits(whole.rvq()), bits(resumed.rvq()), "{}, step {nth}", rule.id());
            assert_eq!(whole.state(), resumed.state());
        }
    }
}

#[test]
fn a_refit_is_kept_only_where_frames_that_it_did_not_fit_gain() {
    let values = clustered(12, 900, 6, 30);
    let judged = values.slice(s![810.., ..]);
    let error = |rvq: &Rvq| {
        let encoded = Encoder::new(rvq, LayerSpan::ALL).unwrap().encode(judged, Search::Beam(4)).unwrap();
        *encoded.residual_energy.last().unwrap()
    };
    let params = RvqParams { search: 4, refit: 5, steps: 25, codebook_size: 16, ..small_params("rvqscope") };
    let mut trainer = trainer(&values, params, None);
    (0..20).for_each(|_| drop(step(&mut trainer)));
    let (mut before, mut gains) = (error(trainer.rvq()), 0);
    for nth in 21..=25 {
        let old = bits(trainer.rvq());
        let record = step(&mut trainer);
        assert_eq!((record.step, record.layers.len()), (nth, 3));
        let after = error(trainer.rvq());
        assert!(after <= before, "{nth}: {before} to {after}");
        assert_eq!(after < before, bits(trainer.rvq()) != old, "{nth}: kept without a gain");
        assert_eq!(record.layers.iter().all(|layer| layer.drift_all == 0.0), after == before);
        gains += usize::from(after < before);
        before = after;
        for layer in trainer.rvq().layers() {
            let (sizes, sums) = (layer.codebook.cluster_size(), layer.codebook.embed_avg());
            for ((row, &size), sum) in layer.codebook.embed().rows().into_iter().zip(sizes).zip(sums.rows()) {
                let off = row.iter().zip(sum).map(|(&e, m)| (f64::from(e) * size - m).abs());
                assert!(off.fold(0.0, f64::max) < 1e-3 * (1.0 + size), "the next step would move it back");
            }
        }
    }
    assert!(gains > 0, "nothing was kept");
    // A longer training goes on with steps of its rule.
    trainer.set_live(&RvqParams { steps: 60, ..params }.validate().unwrap());
    let position = trainer.state().unwrap();
    step(&mut trainer);
    let after = trainer.state().unwrap();
    assert_ne!((position.epoch, position.next), (after.epoch, after.next), "a step takes a batch");
}

#[test]
fn a_refit_that_is_cancelled_has_changed_nothing() {
    let values = clustered(13, 400, 5, 9);
    let params = RvqParams { search: 3, refit: 1, steps: 5, ..small_params("rvqscope") };
    let (mut whole, mut torn) = (trainer(&values, params, None), trainer(&values, params, None));
    for _ in 0..4 {
        step(&mut whole);
        step(&mut torn);
    }
    let before = torn.state();
    for stop_at in 1..4 {
        let (cancel, told) = (Cancel::default(), AtomicUsize::new(0));
        let on_progress = |_: Progress| {
            if told.fetch_add(1, Ordering::Relaxed) + 1 == stop_at {
                cancel.cancel();
            }
        };
        assert!(torn.step(&Task::new(&cancel, &on_progress)).is_err(), "{stop_at}");
        assert_eq!(torn.state(), before, "{stop_at}");
    }
    assert_eq!(step(&mut torn), step(&mut whole));
    assert_eq!(bits(torn.rvq()), bits(whole.rvq()));
}

#[test]
fn what_cannot_be_done_is_refused_with_a_sentence() {
    let values = clustered(14, 200, 5, 9);
    let refused = |params: RvqParams, why: &str| {
        let set = Arc::new(FeatureSet::single("x", FeatureMatrix::new(values.clone()).unwrap(), None));
        let err = Trainer::new(params.validate().unwrap(), set, vec![0..200], None).unwrap_err().to_string();
        assert!(err.contains(why), "{why}: {err}");
    };
    let refit = RvqParams { refit: 2, ..small_params("lucidrains") };
    refused(RvqParams { metric: Metric::Cosine, ..refit }, "Euclidean distance only");
    refused(RvqParams { codebook_dim: 2, ..refit }, "without projections");
    refused(RvqParams { quantizer_dropout: true, ..refit }, "quantizer dropout");
    let upstream = RvqParams { assignment: Assignment::Upstream, ..small_params("encodec") };
    refused(RvqParams { search: 2, ..upstream }, "several paths");
    // What a running training cannot take over leaves it as it is.
    let params = RvqParams { quantizer_dropout: true, ..small_params("rvqscope") };
    let mut running = trainer(&values, params, None);
    running.set_live(&RvqParams { refit: 2, decay: 0.5, ..params }.validate().unwrap());
    assert_eq!((running.params().refit, running.params().decay), (0, params.decay));
}

#[test]
fn a_search_is_read_from_words_and_numbers() {
    let spec = param_spec("search").unwrap();
    let read = |text: &str| spec.parse(text).ok().and_then(rvqscope::param::ParamValue::as_int);
    assert_eq!(
        [read("greedy"), read("beam:5"), read("5"), read("beam:64")].map(Option::unwrap),
        [1, 5, 5, 64]
    );
    for text in ["beam", "beam:", "beam:0", "beam:65", "0", "-1", "greedy:2", "viterbi"] {
        assert_eq!(read(text), None, "{text}");
    }
    assert!(spec.parse("viterbi").unwrap_err().to_string().contains("greedy, or beam:B"));
}

/// Codes of the layers of a refit.
const CODES: [usize; 3] = [4, 3, 5];

fn values(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
    let mut rng = random::stream(seed, Purpose::Data, 0);
    Array2::from_shape_simple_fn((rows, columns), || (random::unit(&mut rng) - 0.5) as f32)
}

/// Frames, codes of three layers in no order, and their rows. Nobody chooses the last code of the last layer.
fn case() -> (Array2<f32>, Array2<u32>, Vec<Array2<f32>>) {
    let mut rng = random::stream(5, Purpose::Data, 1);
    let codes = Array2::from_shape_fn((3, 60), |(layer, _)| {
        random::below(&mut rng, CODES[layer] - usize::from(layer == 2)) as u32
    });
    let rows = CODES.iter().enumerate().map(|(nth, &k)| values(k, 6, 10 + nth as u64)).collect();
    (values(60, 6, 1), codes, rows)
}

fn sweep(fixed: &mut FixedCodes, rows: &mut [Array2<f32>], ridge: f64) {
    for (layer, rows) in rows.iter_mut().enumerate() {
        *rows = fixed.move_layer(layer, rows.view(), ridge).0;
    }
}

/// `(Z'Z + ridge I) E = Z'X + ridge A`, where row n of Z has a one for each code of frame n.
fn dense(frames: &Array2<f32>, codes: &Array2<u32>, rows: &[Array2<f32>], ridge: f64) -> DMatrix<f64> {
    let start = |layer: usize| CODES[..layer].iter().sum::<usize>();
    let (all, dim) = (start(3), frames.ncols());
    let chosen =
        |n: usize, column: usize| (0..3).any(|layer| start(layer) + codes[[layer, n]] as usize == column);
    let z = DMatrix::from_fn(frames.nrows(), all, |n, c| f64::from(u8::from(chosen(n, c))));
    let x = DMatrix::from_fn(frames.nrows(), dim, |n, d| f64::from(frames[[n, d]]));
    let stacked: Vec<f64> = rows.iter().flatten().map(|&v| f64::from(v)).collect();
    let a = DMatrix::from_row_slice(all, dim, &stacked);
    let normal = z.transpose() * &z + DMatrix::identity(all, all) * ridge;
    normal.lu().solve(&(z.transpose() * x + a * ridge)).unwrap()
}

#[test]
fn many_sweeps_solve_the_normal_equations() {
    let (frames, codes, rows) = case();
    for ridge in [0.5, 3.0, 40.0] {
        let expected = dense(&frames, &codes, &rows, ridge);
        let mut moved = rows.clone();
        let mut fixed = FixedCodes::new(frames.view(), codes.view(), rows.iter().map(|r| r.view()));
        (0..600).for_each(|_| sweep(&mut fixed, &mut moved, ridge));
        let found = moved.iter().flat_map(|rows| rows.rows());
        for (nth, row) in found.enumerate() {
            for (d, value) in row.iter().enumerate() {
                let wanted = expected[(nth, d)];
                assert!((f64::from(*value) - wanted).abs() < 2e-5, "{ridge}, {nth}: {value} {wanted}");
            }
        }
    }
}

#[test]
fn without_a_ridge_no_move_raises_the_error() {
    let (frames, codes, mut rows) = case();
    let unused = rows[2].row(4).to_owned();
    let mut fixed = FixedCodes::new(frames.view(), codes.view(), rows.iter().map(|r| r.view()));
    let left = |rows: &[Array2<f32>]| -> f64 {
        let frame_error = |(n, frame): (usize, ndarray::ArrayView1<'_, f32>)| -> f64 {
            let left = |d: usize| {
                let rows = rows.iter().enumerate();
                rows.fold(f64::from(frame[d]), |left, (layer, rows)| {
                    left - f64::from(rows[[codes[[layer, n]] as usize, d]])
                })
            };
            (0..frame.len()).map(|d| left(d).powi(2)).sum()
        };
        frames.rows().into_iter().enumerate().map(frame_error).sum()
    };
    let (first, mut before) = (left(&rows), left(&rows));
    for nth in 0..30 {
        let layer = nth % 3;
        rows[layer] = fixed.move_layer(layer, rows[layer].view(), 0.0).0;
        let after = left(&rows);
        assert!(after <= before * (1.0 + 1e-6), "move {nth}: {before} to {after}");
        before = after;
    }
    assert!(before < 0.9 * first, "{first} to {before}");
    assert_eq!(rows[2].row(4), unused, "nobody chose it");
}

#[test]
fn a_large_ridge_holds_rows_where_they_are() {
    let (frames, codes, rows) = case();
    let mut moved = rows.clone();
    let mut fixed = FixedCodes::new(frames.view(), codes.view(), rows.iter().map(|r| r.view()));
    (0..5).for_each(|_| sweep(&mut fixed, &mut moved, 1e9));
    for (rows, moved) in rows.iter().zip(&moved) {
        assert!((rows - moved).iter().all(|shift| shift.abs() < 1e-6));
    }
    let (same, counts) = fixed.move_layer(7, rows[0].view(), 0.0);
    assert!(same == rows[0] && counts.is_empty(), "there is no such layer");
}
