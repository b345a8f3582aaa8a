//! The same parity on larger samples of real classes and of a real 46-layer quantizer, where `RVQSCOPE_DATA` names a folder that has them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod rules_support;

use std::path::PathBuf;

use ndarray::{Array2, Array3, ArrayView2, Axis, s};
use ndarray_npy::read_npy;
use rules_support::tensors::{Tensors, assert_close};
use rules_support::{sequential, steps};
use rvqscope::rvq::rules;
use rvqscope::rvq::{Codebook, LayerSpan, Rvq, RvqParams};

/// Codes count as equal where the f64 distances of the two candidates differ by less than this, relative to the larger.
const TIE: f64 = 1e-6;

fn data() -> Option<PathBuf> {
    let data = std::env::var_os("RVQSCOPE_DATA").map(PathBuf::from);
    if data.is_none() {
        println!("skipped: RVQSCOPE_DATA is not set");
    }
    data
}

fn rvq_of(codebooks: &Array3<f32>) -> Rvq {
    let layer = |rows: ArrayView2<'_, f32>| Codebook::from_rows(rows.to_owned()).unwrap().into();
    Rvq::new(codebooks.outer_iter().map(layer).collect()).unwrap()
}

fn sq_dist(frame: ndarray::ArrayView1<'_, f32>, row: ndarray::ArrayView1<'_, f32>) -> f64 {
    frame.iter().zip(row).map(|(&x, &e)| (f64::from(x) - f64::from(e)).powi(2)).sum()
}

/// The frames whose codes, `(num_layers, num_frames)`, differ, each at its first layer and by a tie there.
///
/// Behind a tie the two go different ways, and both are right.
fn ties(
    rvq: &Rvq,
    frames: ArrayView2<'_, f32>,
    ours: &Array2<u32>,
    theirs: &Array2<u32>,
    what: &str,
) -> usize {
    let mut found = 0;
    for (nth, frame) in frames.rows().into_iter().enumerate() {
        let mut residual = frame.to_owned();
        for (layer_idx, layer) in rvq.layers().iter().enumerate() {
            let row = |code: u32| layer.codebook.row(code as usize).unwrap();
            let (a, b) = (ours[[layer_idx, nth]], theirs[[layer_idx, nth]]);
            if a != b {
                let (ours, theirs) = (sq_dist(residual.view(), row(a)), sq_dist(residual.view(), row(b)));
                assert!(
                    (ours - theirs).abs() <= TIE * ours.max(theirs),
                    "{what}: frame {nth}, layer {layer_idx}: code {a} at {ours}, not {b} at {theirs}"
                );
                found += 1;
                break;
            }
            residual -= &row(a);
        }
    }
    found
}

/// A trace of 20 steps, from its start, under `rule`.
fn check_trace(name: &str, rule: &str, decay: f64) {
    let Some(data) = data() else { return };
    let file = Tensors::read(&data.join("golden").join(name));
    let [rows, sizes, sums] = if name.contains("moshi") {
        ["", "cluster_usage", "embedding_sum"]
    } else {
        ["embed", "cluster_size", "embed_avg"]
    };
    let layer = |index: usize| {
        let size = file.vector(&format!("init.{index}.{sizes}")).mapv(f64::from);
        let sum = file.matrix(&format!("init.{index}.{sums}")).mapv(f64::from);
        let embed = if rows.is_empty() {
            (&sum / &size.mapv(|c| c.max(1e-5)).insert_axis(Axis(1))).mapv(|v| v as f32)
        } else {
            file.matrix(&format!("init.{index}.{rows}"))
        };
        Codebook::new(embed, size, sum).unwrap().into()
    };
    let start = Rvq::new((0..3).map(layer).collect()).unwrap();
    let batches = file.cube("batches");
    let frames = batches.into_shape_with_order((20 * 512, 64)).unwrap();
    let params = RvqParams {
        num_layers: 3,
        codebook_size: 32,
        batch_size: 512,
        decay,
        threshold_ema_dead_code: 0.0,
        ..rules::rule(rule).defaults()
    };
    let mut trainer = sequential(params, frames.clone(), Some(&start));
    let theirs = file.codes_cube("codes");
    for step in 1..=20 {
        let before = trainer.rvq().clone();
        steps(&mut trainer, 1);
        let ours = Array2::from_shape_fn((3, 512), |(layer_idx, nth)| trainer.codes(layer_idx)[nth]);
        let theirs = theirs.index_axis(Axis(0), step - 1).reversed_axes().to_owned();
        let batch = frames.slice(s![(step - 1) * 512..step * 512, ..]);
        assert_eq!(ties(&before, batch, &ours, &theirs, name), 0, "{name}: step {step}");
        if ![1, 2, 5, 20].contains(&step) {
            continue;
        }
        for (index, layer) in trainer.rvq().layers().iter().enumerate() {
            let key = |buffer: &str| format!("step{step}.{index}.{buffer}");
            let book = &layer.codebook;
            let (c, m) = (book.cluster_size().mapv(|v| v as f32), book.embed_avg().mapv(|v| v as f32));
            assert_close(c.iter(), file.vector(&key(sizes)).iter(), &key(sizes));
            assert_close(m.iter(), file.matrix(&key(sums)).iter(), &key(sums));
            if !rows.is_empty() {
                assert_close(book.embed().iter(), file.matrix(&key(rows)).iter(), &key(rows));
            }
        }
    }
}

#[test]
fn twenty_steps_of_encodec() {
    check_trace("ema_trace_encodec.safetensors", "encodec", 0.99);
    check_trace("ema_trace_encodec.safetensors", "gpt-sovits", 0.99);
}

#[test]
fn twenty_steps_of_moshi() {
    check_trace("ema_trace_moshi.safetensors", "moshi", 0.99);
}

#[test]
fn twenty_steps_of_vector_quantize_pytorch() {
    check_trace("ema_trace_vqp.safetensors", "lucidrains", 0.8);
}

#[test]
fn golden_codes_and_reconstructions() {
    let Some(data) = data() else { return };
    let mut checked = 0;
    for entry in std::fs::read_dir(data.join("golden")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // DAC searches by angle behind projections, and the affine class moves its rows with every batch: neither is rows alone.
        if !name.ends_with(".golden.safetensors") || name.contains("dac") || name.contains("affine") {
            continue;
        }
        let file = Tensors::read(&path);
        let rvq = rvq_of(&file.cube("codebooks"));
        let frames = file.matrix("x");
        let theirs = file.codes("codes").reversed_axes();
        let ours = rvq.encode(frames.view(), LayerSpan::ALL).unwrap();
        let ties = ties(&rvq, frames.view(), &ours, &theirs, &name);
        println!("{name}: {} frames, {ties} with a tie", frames.nrows());
        assert!(ties <= frames.nrows() / 1000, "{name}: {ties} ties");
        let decoded = rvq.decode(theirs.view(), 0).unwrap();
        assert_close(decoded.iter(), file.matrix("x_hat").iter(), &name);
        checked += 1;
    }
    assert!(checked >= 7, "only {checked} golden files");
}

#[test]
fn every_code_of_a_real_quantizer() {
    let Some(data) = data() else { return };
    let read = |name: &str| data.join("lyra").join(name);
    let features: Array2<f32> = read_npy(read("features.npy")).unwrap();
    let codebooks: Array3<f32> = read_npy(read("codebooks.npy")).unwrap();
    let rvq = rvq_of(&codebooks);
    let theirs: Array2<i16> = read_npy(read("codes.npy")).unwrap();
    let theirs = theirs.mapv(|code| u32::try_from(code).unwrap()).reversed_axes();
    let ours = rvq.encode(features.view(), LayerSpan::ALL).unwrap();
    let ties = ties(&rvq, features.view(), &ours, &theirs, "lyra");
    println!("lyra: {} codes, {ties} frames with a tie", ours.len());
    assert!(ties <= 2, "{ties} ties");
}
