//! What this quantizer computes is what the classes on PyPI compute: buffers step by step, codes, reconstructions and losses.
//!
//! The fixtures are made by `tests/fixtures/make_parity.py` from the real classes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod rules_support;

use std::collections::BTreeMap;
use std::path::PathBuf;

use ndarray::{Array2, Array3, Axis, s};
use rules_support::tensors::{Tensors, assert_close, disagreements};
use rules_support::{sequential, silently};
use rvqscope::io::{self, LoadedModel};
use rvqscope::rvq::init::{self, EmptyCluster};
use rvqscope::rvq::rules::{self, RULES};
use rvqscope::rvq::{Codebook, Layer, LayerSpan, Metric, Projection, Rvq, RvqParams};
use rvqscope::text::Message;
use rvqscope::training::Trainer;

/// The step of each trace that sees one frame over and over, with replacement on.
const REPLACING_STEP: usize = 6;

/// A model that was trained and written here.
const MODEL: &str = "rvqscope_encodec_layout.safetensors";

fn fixture_path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn fixture(name: &str) -> Tensors {
    Tensors::read(&fixture_path(name))
}

/// The quantizer whose buffers stand under `{prefix}.{layer}.`.
fn rvq_at(file: &Tensors, prefix: &str, num_layers: usize, metric: Metric) -> Rvq {
    let layer = |index: usize| {
        let get = |name: &str| format!("{prefix}.{index}.{name}");
        let codebook = Codebook::new(
            file.matrix(&get("embed")),
            file.vector(&get("cluster_size")).mapv(f64::from),
            file.matrix(&get("embed_avg")).mapv(f64::from),
        );
        let projection = file.has(&format!("{index}.project_in.weight")).then(|| Projection {
            in_weight: file.matrix(&format!("{index}.project_in.weight")),
            in_bias: file.vector(&format!("{index}.project_in.bias")),
            out_weight: file.matrix(&format!("{index}.project_out.weight")),
            out_bias: file.vector(&format!("{index}.project_out.bias")),
        });
        Layer { codebook: codebook.unwrap(), projection, stride: 1 }
    };
    Rvq::with_metric((0..num_layers).map(layer).collect(), metric).unwrap()
}

fn assert_buffers(rvq: &Rvq, file: &Tensors, step: usize, what: &str) {
    for (layer_idx, layer) in rvq.layers().iter().enumerate() {
        let key = |name: &str| format!("step{step}.{layer_idx}.{name}");
        let book = &layer.codebook;
        let of = |name: &str| format!("{what}: {}", key(name));
        let sizes = book.cluster_size().mapv(|v| v as f32);
        assert_close(sizes.iter(), file.vector(&key("cluster_size")).iter(), &of("cluster_size"));
        assert_close(book.embed().iter(), file.matrix(&key("embed")).iter(), &of("embed"));
        let sums = book.embed_avg().mapv(|v| v as f32);
        assert_close(sums.iter(), file.matrix(&key("embed_avg")).iter(), &of("embed_avg"));
    }
}

/// Trains as the trace was made and compares every step's codes and losses, and the buffers that it kept. Gives how many codes were replaced.
fn check_trace(name: &str, params: RvqParams, replacing: impl Fn(usize) -> (f64, f64)) -> u32 {
    let file = fixture(name);
    let x = file.cube("x");
    let (steps, batch_len, dim) = x.dim();
    let start = rvq_at(&file, "step0", 3, params.metric);
    let frames = x.clone().into_shape_with_order((steps * batch_len, dim)).unwrap();
    let params = RvqParams { num_layers: 3, codebook_size: 16, batch_size: batch_len, ..params };
    let mut trainer = sequential(params, frames, Some(&start));
    let codes = file.codes_cube("codes");
    let losses = file.matrix("losses");
    let mut replaced = 0;
    for step in 1..=steps {
        let (threshold_ema_dead_code, reset_cluster_size) = replacing(step);
        let live = RvqParams { threshold_ema_dead_code, reset_cluster_size, ..params };
        trainer.set_live(&live.validate().unwrap());
        let record = silently(|task| trainer.step(task)).unwrap();
        for layer_idx in 0..3 {
            let expected = codes.slice(s![step - 1, layer_idx, ..]);
            assert_eq!(trainer.codes(layer_idx), expected.to_vec(), "{name}: step {step}, layer {layer_idx}");
        }
        replaced += record.layers.iter().map(|layer| layer.replaced).sum::<u32>();
        let ours: Vec<f32> = record.layers.iter().map(|layer| layer.loss as f32).collect();
        assert_close(ours.iter(), losses.row(step - 1).iter(), &format!("{name}: losses of step {step}"));
        if file.has(&format!("step{step}.0.embed")) {
            assert_buffers(trainer.rvq(), &file, step, &format!("{name} under {}", params.rule));
        }
    }
    // The kept state, not ours, so that a difference here is one of encoding alone.
    let kept = rvq_at(&file, &format!("step{steps}"), 3, params.metric);
    let frames = x.index_axis(Axis(0), if name.starts_with("moshi") { 5 } else { 4 });
    let ours = kept.encode(frames, LayerSpan::ALL).unwrap();
    assert_eq!(ours, file.codes("eval.codes"), "{name}: codes");
    let decoded = kept.decode(ours.view(), 0).unwrap();
    assert_close(decoded.iter(), file.matrix("eval.decoded").iter(), &format!("{name}: decoded"));
    replaced
}

fn params(rule: &'static str, decay: f64) -> RvqParams {
    RvqParams { decay, ..rules::rule(rule).defaults() }
}

#[test]
fn encodec_moves_its_buffers_as_the_class_does() {
    // Without replacement, GPT-SoVITS is EnCodec.
    for rule in ["encodec", "gpt-sovits"] {
        check_trace("encodec.safetensors", params(rule, 0.9), |_| (0.0, 0.0));
    }
    check_trace("encodec_projected.safetensors", params("encodec", 0.9), |_| (0.0, 0.0));
}

#[test]
fn encodec_replacement_leaves_no_trace_in_the_class_either() {
    assert!(check_trace("encodec_threshold.safetensors", params("encodec", 0.9), |_| (2.0, 0.0)) > 0);
    check_trace("encodec_threshold.safetensors", params("encodec", 0.9), |_| (0.0, 0.0));
}

#[test]
fn lucidrains_moves_and_replaces_as_the_class_does() {
    let replacing = |step| if step == REPLACING_STEP { (2.0, 3.0) } else { (0.0, 0.0) };
    assert!(check_trace("vqp_euclid.safetensors", params("lucidrains", 0.8), replacing) > 0);
    let cosine = RvqParams { metric: Metric::Cosine, ..params("lucidrains", 0.8) };
    assert!(check_trace("vqp_cosine.safetensors", cosine, replacing) > 0);
}

#[test]
fn moshi_moves_and_replaces_as_the_class_does() {
    assert!(check_trace("moshi.safetensors", params("moshi", 0.9), |_| (0.5, 0.0)) > 0);
}

#[test]
fn forward_encode_and_decode_by_layer_agree_with_the_class() {
    for name in ["encodec.safetensors", "encodec_projected.safetensors"] {
        let file = fixture(name);
        let rvq = rvq_at(&file, "step7", 3, Metric::Euclidean);
        let x = file.cube("x");
        let frames = x.index_axis(Axis(0), 4);
        let forward = rvq.forward(frames, Some(2), &[1], 1.0).unwrap();
        assert_eq!(forward.codes, file.codes("eval.forward2.codes"), "{name}");
        assert_close(forward.quantized.iter(), file.matrix("eval.forward2").iter(), name);
        let second = rvq.decode(forward.codes.slice(s![1.., ..]), 1).unwrap();
        assert_close(forward.layer_outputs[0].iter(), second.iter(), name);
        // From layer 1 on, what comes in is that layer's residual as it is, and the end is counted from layer 0.
        let from1 = rvq.encode(frames, LayerSpan { start: 1, end: None }).unwrap();
        assert_eq!(from1, file.codes("eval.codes_from1"), "{name}");
        assert_close(
            rvq.decode(from1.view(), 1).unwrap().iter(),
            file.matrix("eval.decoded_from1").iter(),
            name,
        );
        let one = rvq.encode(frames, LayerSpan { start: 1, end: Some(2) }).unwrap();
        assert_eq!(one, file.codes("eval.codes_from1_to2"), "{name}");
    }
}

#[test]
fn k_means_finds_what_each_package_finds_from_the_same_means() {
    let file = fixture("kmeans.safetensors");
    let doubled = file.matrix("doubled");
    let mut unit = doubled.clone();
    for mut row in unit.rows_mut() {
        let norm = row.dot(&row).sqrt();
        row /= norm;
    }
    type KMeansFn = fn(&Array2<f32>) -> init::KMeans;
    let euclid: KMeansFn = |x| {
        silently(|task| {
            init::lloyd(
                x.view(),
                x.slice(s![..16, ..]).to_owned(),
                8,
                EmptyCluster::Keep,
                &Message::verbatim(""),
                task,
            )
        })
        .unwrap()
    };
    let cosine: KMeansFn = |x| {
        silently(|task| {
            init::spherical(
                x.view(),
                x.slice(s![..16, ..]).to_owned(),
                8,
                EmptyCluster::Keep,
                &Message::verbatim(""),
                task,
            )
        })
        .unwrap()
    };
    let x = file.matrix("x");
    let cases = [
        ("encodec", &doubled, euclid),
        ("moshi", &x, euclid),
        ("vqp", &doubled, euclid),
        ("vqp_cosine", &unit, cosine),
    ];
    for (name, samples, kmeans) in cases {
        let found = kmeans(samples);
        let counts = file.codes_vector(&format!("{name}.counts"));
        assert_eq!(found.counts, counts, "{name}");
        assert_close(found.means.iter(), file.matrix(&format!("{name}.means")).iter(), name);
    }
}

#[test]
fn a_saved_model_trains_on_in_the_class_as_it_does_here() {
    let file = fixture("round_encodec.safetensors");
    let opened = silently(|task| io::open(&fixture_path(MODEL), task)).unwrap();
    let io::Opened::Model(LoadedModel { rvq, .. }) = opened else { panic!("{MODEL} is no model") };
    let x: Array3<f32> = file.cube("x");
    let params = RvqParams {
        num_layers: 2,
        codebook_size: rvq.layers()[0].codebook.num_codes(),
        threshold_ema_dead_code: 0.0,
        ..params("encodec", 0.99)
    };
    let mut trainer: Trainer = sequential(params, x.index_axis(Axis(0), 0).to_owned(), Some(&rvq));
    silently(|task| trainer.step(task)).unwrap();
    let codes = file.codes_cube("codes");
    for layer_idx in 0..2 {
        assert_eq!(disagreements(trainer.codes(layer_idx), codes.slice(s![0, layer_idx, ..])), 0);
    }
    assert_buffers(trainer.rvq(), &file, 1, "round");
}

#[test]
fn every_rule_has_its_trace() {
    // A rule of an upstream that is added later needs a trace here as well.
    let traced = ["encodec", "gpt-sovits", "lucidrains", "moshi"];
    let untraced: Vec<_> = RULES.iter().map(|rule| rule.id()).filter(|id| !traced.contains(id)).collect();
    assert_eq!(untraced, ["rvqscope"]);
}

/// Writes the model that `make_parity.py round` takes: trained here, in EnCodec's layout. Run it by name when the layout changes.
#[test]
#[ignore = "writes a fixture"]
fn write_the_model_for_the_round() {
    let x = fixture("encodec.safetensors").cube("x");
    let frames = x.slice(s![..5, .., ..]).to_owned().into_shape_with_order((5 * 64, 6)).unwrap();
    let params = RvqParams { num_layers: 2, codebook_size: 16, batch_size: 64, ..RvqParams::default() };
    let mut trainer = sequential(params, frames, None);
    for _ in 0..20 {
        silently(|task| trainer.step(task)).unwrap();
    }
    io::write_model(&fixture_path(MODEL), trainer.rvq(), &BTreeMap::new()).unwrap();
}
