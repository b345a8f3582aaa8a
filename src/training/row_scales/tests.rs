//! Factors of rows that are too short, too long, and just right.

use super::*;
use crate::random::{self, Purpose};
use crate::task::Cancel;

fn noise(count: usize, dim: usize, seed: u64) -> Array2<f32> {
    let mut rng = random::stream(seed, Purpose::Data, 0);
    Array2::from_shape_simple_fn((count, dim), || {
        ((0..6).map(|_| random::unit(&mut rng)).sum::<f64>() - 3.0) as f32
    })
}

fn scales_of(rvq: &Rvq, frames: &Array2<f32>) -> Vec<f64> {
    row_scales(rvq, &frames.clone().into(), Search::Greedy, &Task::silent(&Cancel::default())).unwrap()
}

fn two_layers(second: &Array2<f32>) -> Rvq {
    let first = Codebook::from_rows(Array2::zeros((1, second.ncols()))).unwrap();
    Rvq::new(vec![first.into(), Codebook::from_rows(second.clone()).unwrap().into()]).unwrap()
}

#[test]
fn rows_that_are_too_short_get_their_length_back_and_the_first_layer_keeps_its_own() {
    let rows = noise(32, 4, 1) * 0.5;
    let frames = noise(2000, 4, 2);
    let fit = scales_of(&two_layers(&rows), &frames);
    let short = scales_of(&two_layers(&(&rows * STEP.powi(-5) as f32)), &frames);
    assert_eq!(fit[0], 1.0);
    assert_eq!(short[0], 1.0);
    assert!((short[1] / fit[1] / STEP.powi(5) - 1.0).abs() < 1e-9, "{fit:?} {short:?}");
}

#[test]
fn rows_that_are_too_long_are_shortened() {
    let frames = noise(2000, 4, 2);
    let mut rows = noise(32, 4, 1);
    rows *= scales_of(&two_layers(&rows), &frames)[1] as f32;
    let long = scales_of(&two_layers(&(&rows * STEP.powi(6) as f32)), &frames);
    assert_eq!(long[0], 1.0);
    assert!((long[1] * STEP.powi(6) - 1.0).abs() < 1e-6, "{long:?}");
}

#[test]
fn no_layer_is_shortened_at_the_cost_of_those_behind_it() {
    let axes = |length: f32| {
        Array2::from_shape_fn((16, 8), |(k, i)| match (k / 2 == i, k % 2) {
            (true, 0) => length,
            (true, _) => -length,
            _ => 0.0,
        })
    };
    // Frames of 0.8 on an axis. The second layer alone loses least with rows of 0.8, but the third can then only add to what is left.
    let on_axes = axes(0.8);
    let frames = noise(800, 8, 4) * 1e-3 + Array2::from_shape_fn((800, 8), |(n, i)| on_axes[[n % 16, i]]);
    let layers = [Array2::zeros((1, 8)), axes(1.0), axes(0.2)];
    let rvq = |count: usize| {
        let layers = layers[..count].iter().map(|rows| Codebook::from_rows(rows.clone()).unwrap().into());
        Rvq::new(layers.collect()).unwrap()
    };
    assert!(scales_of(&rvq(2), &frames)[1] < 0.85);
    assert_eq!(scales_of(&rvq(3), &frames), [1.0; 3]);
}

#[test]
fn no_length_is_changed_for_less_than_chance_or_on_few_frames() {
    let frames = noise(2000, 4, 3);
    let mut rows = noise(32, 4, 4);
    // The best length of rows that are the frames' own means.
    let scale = scales_of(&two_layers(&rows), &frames)[1] as f32;
    rows *= scale;
    assert_eq!(scales_of(&two_layers(&rows), &frames), [1.0, 1.0]);
    let few = frames.slice(ndarray::s![..99, ..]).to_owned();
    assert_eq!(scales_of(&two_layers(&(&rows * 0.2)), &few), [1.0, 1.0]);
}

/// Four layers of 64 codes by k-means of `frames`, which they nearly know by heart.
fn by_heart(frames: &Array2<f32>) -> Rvq {
    let cancel = Cancel::default();
    let (mut layers, mut left): (Vec<Layer>, _) = (Vec::new(), frames.clone());
    for _ in 0..4 {
        let rows = left.slice(ndarray::s![..64, ..]).to_owned();
        let task = Task::silent(&cancel);
        let rows = init::lloyd(left.view(), rows, 20, EmptyCluster::Keep, &Phrase::NONE.into(), &task)
            .unwrap()
            .means;
        let (codes, _) = assign(&Rows::of(left.view()), &rows);
        subtract(&mut left, &codes, &rows);
        layers.push(Codebook::from_rows(rows).unwrap().into());
    }
    Rvq::new(layers).unwrap()
}

#[test]
fn frames_that_were_trained_on_tell_much_the_same_as_those_held_out() {
    let (train, held_out) = (noise(600, 6, 7), noise(600, 6, 8));
    let rvq = by_heart(&train);
    let held_out = scales_of(&rvq, &held_out);
    let across =
        row_scales_across(&rvq, &train.into(), Search::Greedy, &Task::silent(&Cancel::default())).unwrap();
    for (layer, (a, b)) in held_out.iter().zip(&across).enumerate() {
        assert!((a / b).ln().abs() < 5.0 * STEP.ln(), "layer {layer}: {held_out:?} {across:?}");
    }
    assert!(across[3] > 1.05, "{across:?}");
}

#[test]
fn held_out_frames_lose_less_with_factors_than_without() {
    let (train, held_out) = (noise(600, 6, 5), noise(600, 6, 6));
    let rvq = by_heart(&train);
    let scaled = with_row_scales(&rvq, &scales_of(&rvq, &held_out)).unwrap();
    let error = |rvq: &Rvq| -> f64 {
        let codes = rvq.encode(held_out.view(), crate::rvq::LayerSpan::ALL).unwrap();
        (rvq.decode(codes.view(), 0).unwrap() - &held_out).mapv(|x| f64::from(x) * f64::from(x)).sum()
    };
    let (before, after) = (error(&rvq), error(&scaled));
    assert!(after < 0.99 * before, "{before} to {after}");
}

#[test]
fn along_paths_frames_lose_no_more_with_factors_than_without() {
    let (train, held_out) = (noise(600, 6, 9), noise(600, 6, 10));
    let rvq = by_heart(&train);
    let task_cancel = Cancel::default();
    let task = Task::silent(&task_cancel);
    let error = |rvq: &Rvq| -> f64 {
        let encoder = crate::rvq::encoder::Encoder::new(rvq, crate::rvq::LayerSpan::ALL).unwrap();
        let encoded = encoder.encode(held_out.view(), Search::Beam(4)).unwrap();
        encoded.residual_energy.last().copied().unwrap()
    };
    let judges = Judges::from(held_out.clone());
    let scales = row_scales(&rvq, &judges, Search::Beam(4), &task).unwrap();
    assert_eq!(scales[0], 1.0);
    let greedy = row_scales(&rvq, &judges, Search::Greedy, &task).unwrap();
    let (plain, along, by_greedy) = (
        error(&rvq),
        error(&with_row_scales(&rvq, &scales).unwrap()),
        error(&with_row_scales(&rvq, &greedy).unwrap()),
    );
    assert!(along < plain && along <= by_greedy * 1.01, "{plain} {along} {by_greedy} {scales:?} {greedy:?}");
}
