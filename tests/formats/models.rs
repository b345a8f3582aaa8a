//! Quantizers in safetensors, and tensors that are none.

use std::sync::Arc;

use rvqscope::doctor::{Patient, diagnose};
use rvqscope::training::Run;

use super::*;

fn small() -> Rvq {
    let coarse =
        Codebook::new(array![[0.0, 0.0], [4.0, 4.0]], array![3.0, 5.5], array![[0.25, 0.0], [22.0, 21.0]]);
    let fine = Codebook::from_rows(array![[0.0, 0.0], [0.5, -0.5], [1.0, 1.0]]);
    Rvq::new(vec![coarse.unwrap().into(), fine.unwrap().into()]).unwrap()
}

fn round_trip(rvq: &Rvq, metadata: &BTreeMap<String, String>) -> (Vec<u8>, io::LoadedModel) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("model");
    io::write_model(&path, rvq, metadata).unwrap();
    (std::fs::read(&path).unwrap(), model(open(&path).unwrap()))
}

#[test]
fn what_is_written_reads_back_and_is_the_same_bytes_each_time() {
    let metadata: BTreeMap<_, _> = (0..20).map(|i| (format!("rvqscope.{i}"), format!("\"{i}\n"))).collect();
    let (bytes, loaded) = round_trip(&small(), &metadata);
    assert_eq!(loaded.rvq, small());
    assert!(metadata.iter().all(|(key, value)| loaded.info.metadata.get(key) == Some(value)));
    assert_eq!(round_trip(&small(), &metadata).0, bytes);
    let json = serde_json::to_value(&loaded.info).unwrap();
    assert_eq!(
        json["layers"][1],
        serde_json::json!({"codes": 3, "dim": 2, "dtype": "f32", "buffers": ["cluster_size", "embed_avg", "inited"]})
    );
    let keys: Vec<_> = json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["family", "metric", "layers", "findings"]);
    let by_crate = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(by_crate.len(), 8);
}

#[test]
fn projections_and_the_cosine_metric_are_kept() {
    let projection = Projection {
        in_weight: array![[1.0, 0.0, 0.5], [0.0, 1.0, 0.25]],
        in_bias: array![0.5, 0.0],
        out_weight: array![[1.0, 0.0], [0.0, 1.0], [2.0, 3.0]],
        out_bias: array![0.0, 0.0, 1.0],
    };
    let codebook = Codebook::from_rows(array![[1.0, 0.0], [0.0, 1.0]]).unwrap();
    let rvq =
        Rvq::with_metric(vec![Layer { codebook, projection: Some(projection), stride: 1 }], Metric::Cosine)
            .unwrap();
    let (_, loaded) = round_trip(&rvq, &BTreeMap::new());
    assert_eq!(loaded.rvq, rvq);
    assert_eq!(loaded.info.metric, "cosine");
    // A stale note does not turn a Euclidean quantizer into a cosine one.
    let (_, loaded) = round_trip(&small(), &BTreeMap::from([(io::METRIC_KEY.into(), "cosine".into())]));
    assert_eq!(loaded.info.metric, "euclidean");
}

#[test]
fn sums_beyond_f32_are_not_written() {
    let codebook = Codebook::new(array![[1.0]], array![1.0], array![[1e300]]).unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("model");
    let err = io::write_model(&path, &Rvq::new(vec![codebook.into()]).unwrap(), &BTreeMap::new());
    assert!(err.unwrap_err().to_string().contains("embed_avg holds a value beyond the range"));
    assert!(!path.exists());
}

/// `{place}quantizer.vq.layers.{layer}._codebook.{part}`.
fn key(place: &str, layer: usize, part: &str) -> String {
    format!("{place}quantizer.vq.layers.{layer}._codebook.{part}")
}

fn f32s(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

#[test]
fn any_prefix_and_layers_of_different_sizes_are_read() {
    let (one, two) = (f32s(&[1.0, 2.0]), f32s(&[1.0, 2.0, 3.0, 4.0]));
    let file = safetensors(&[
        (&key("generator.module.", 0, "embed"), "F32", &[1, 2], &one),
        (&key("generator.module.", 1, "embed"), "F32", &[2, 2], &two),
        ("other.weight", "BOOL", &[4], &[0; 4]),
    ]);
    let loaded = model(open_bytes(&file).unwrap());
    assert_eq!(loaded.info.layers.iter().map(|l| l.codes).collect::<Vec<_>>(), [1, 2]);
    let findings = loaded.info.notes().join("\n");
    assert!(findings.contains("EMA state is missing (cluster_size, embed_avg)"), "{findings}");
    assert!(findings.contains("different numbers of codes: [1, 2]"), "{findings}");
    assert_eq!(loaded.rvq.layers()[1].codebook, Codebook::from_rows(array![[1.0, 2.0], [3.0, 4.0]]).unwrap());
}

#[test]
fn rows_are_never_rebuilt_from_their_sums() {
    let file = safetensors(&[
        (&key("", 0, "embed"), "F32", &[2, 1], &f32s(&[1.0, 2.0])),
        (&key("", 0, "embed_avg"), "F32", &[2, 1], &f32s(&[50.0, 60.0])),
        (&key("", 0, "cluster_size"), "F32", &[2], &f32s(&[2.0, 3.0])),
    ]);
    let loaded = model(open_bytes(&file).unwrap());
    assert_eq!(loaded.rvq.layers()[0].codebook.embed(), array![[1.0], [2.0]]);
    assert_eq!(loaded.rvq.layers()[0].codebook.embed_avg(), array![[50.0], [60.0]]);
}

#[test]
fn trouble_is_found() {
    let mut rows = vec![1.0f32; 16];
    rows[15] = 5e4;
    let file = safetensors(&[
        (&key("", 0, "embed"), "F32", &[16, 1], &f32s(&rows)),
        (&key("", 0, "embed_avg"), "F32", &[16, 1], &f32s(&rows)),
        (&key("", 0, "cluster_size"), "F32", &[16], &f32s(&rows)),
        (&key("", 0, "inited"), "F32", &[1], &f32s(&[0.0])),
    ]);
    let loaded = model(open_bytes(&file).unwrap());
    assert_eq!(loaded.info.notes(), ["layer 0: the codebook was never initialised (inited is 0)"]);
    // What is wrong with the quantizer itself is for the doctor to say.
    let run = Run::of_model("m".to_owned(), Arc::new(loaded.rvq), None, 0);
    let found: Vec<&str> = diagnose(&Patient::of(&run)).iter().map(|finding| finding.id).collect();
    for id in ["equal-rows", "long-rows", "dead-codes"] {
        assert!(found.contains(&id), "no {id} in {found:?}");
    }
}

#[test]
fn quantizers_that_cannot_be_used_are_refused() {
    let embed = f32s(&[1.0, 2.0]);
    let one =
        |name: &str, dtype: &str, shape: &[usize], bytes: &[u8]| safetensors(&[(name, dtype, shape, bytes)]);
    check_refused(&one(&key("", 1, "embed"), "F32", &[1, 2], &embed), "layer 0 of the quantizer is missing");
    check_refused(&one(&key("", 0, "embed"), "F32", &[2], &embed), "should have 2 axes");
    check_refused(
        &one(&key("", 0, "embed"), "F32", &[0, 2], &[]),
        "embed has no values: its shape is [0, 2]",
    );
    check_refused(&one(&key("", 0, "embed"), "F32", &[1, 1], &f32s(&[f32::NAN])), "not finite");
    check_refused(&one(&key("", 0, "embed"), "I32", &[1, 2], &embed), "_codebook.embed: numbers of type i32");
    let two = [
        (&*key("a.", 0, "embed"), "F32", &[1, 2][..], &*embed),
        (&*key("b.", 0, "embed"), "F32", &[1, 2], &embed),
    ];
    check_refused(
        &safetensors(&two),
        "2 quantizers: encodec at a. (1 layer, K = 1, D = 2), encodec at b. (1 layer",
    );
    let mixed = [
        (&*key("", 0, "embed"), "F32", &[1, 2][..], &*embed),
        (&*key("", 1, "embed"), "F32", &[2, 1], &embed),
    ];
    check_refused(&safetensors(&mixed), "layer 1 has 1 dimensions, but its input has 2");
    let sizes = [
        (&*key("", 0, "embed"), "F32", &[1, 2][..], &*embed),
        (&*key("", 0, "cluster_size"), "F32", &[2], &embed),
    ];
    check_refused(&safetensors(&sizes), "1 codes have 2 cluster sizes");
    let half = [
        (&*key("", 0, "embed"), "F32", &[1, 2][..], &*embed),
        ("quantizer.vq.layers.0.project_in.weight", "F32", &[2, 1], &embed),
    ];
    check_refused(&safetensors(&half), "must come together");
}

#[test]
fn tensors_without_a_quantizer() {
    let bytes = [0u8; 48];
    let alone = |dtype: &str, shape: &[usize]| {
        let len = shape.iter().product::<usize>() * if dtype.ends_with("16") { 2 } else { 4 };
        open_bytes(&safetensors(&[("x", dtype, shape, &bytes[..len])]))
    };
    for dtype in ["F16", "BF16", "F32"] {
        assert_eq!(features(alone(dtype, &[1, 2, 4]).unwrap()).values.view(), Array2::<f32>::zeros((2, 4)));
    }
    assert_eq!(codes(alone("I32", &[2, 6]).unwrap()).values, Array2::<u32>::zeros((2, 6)));
    let names = ["ssl_proj.weight", "enc.bias", "dec.bias", "a.b", "c.d"];
    let many: Vec<_> = names.iter().map(|name| (*name, "F32", &[1, 1][..], &bytes[..4])).collect();
    check_refused(
        &safetensors(&many),
        "no quantizer of a known layout in this file; it holds 5 tensors, such as a.b, c.d,",
    );
    check_refused(&safetensors(&[]), "it holds no tensor at all");
    check_refused(&safetensors(&[("x", "BOOL", &[2, 2], &bytes[..4])]), "of type bool");
}

#[test]
fn headers_that_lie_are_refused() {
    let good = safetensors(&[("x", "F32", &[2, 2], &[0; 16])]);
    check_refused(&good[..good.len() - 1], "tells of 16 bytes of tensors, but 15");
    check_refused(&[&good[..], &[0]].concat(), "1 bytes follow the last tensor");
    check_refused(&[&u64::MAX.to_le_bytes(), &good[8..]].concat(), "bytes of header");
    check_refused(&safetensors(&[("x", "F32", &[2, 3], &[0; 16])]), "not a valid safetensors header");
}

#[test]
fn the_real_class_and_ours_agree() {
    let loaded = model(open(&fixture("encodec_tiny.safetensors")).unwrap());
    assert_eq!((loaded.info.family.as_str(), loaded.rvq.num_layers(), loaded.rvq.dim()), ("encodec", 3, 8));
    assert_eq!(loaded.info.layers[2].buffers, ["cluster_size", "embed_avg", "inited"]);
    assert_ne!(loaded.rvq.layers()[0].codebook.cluster_size(), Array1::<f64>::ones(16));

    let bytes = std::fs::read(fixture("encodec_tiny_io.safetensors")).unwrap();
    let upstream = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let words =
        |name: &str| -> Vec<[u8; 4]> { upstream.tensor(name).unwrap().data().as_chunks::<4>().0.to_vec() };
    let floats = |name: &str| {
        let values = words(name).into_iter().map(f32::from_le_bytes).collect();
        Array2::from_shape_vec((64, 8), values).unwrap()
    };
    let upstream_codes = words("codes").into_iter().map(u32::from_le_bytes).collect();
    let upstream_codes = Array2::from_shape_vec((3, 64), upstream_codes).unwrap();

    assert_eq!(loaded.rvq.encode(floats("input").view(), LayerSpan::ALL).unwrap(), upstream_codes);
    let decoded = loaded.rvq.decode(upstream_codes.view(), 0).unwrap();
    let worst = (&decoded - &floats("decoded")).mapv(f32::abs).into_iter().fold(0.0, f32::max);
    assert!(worst <= 1e-6, "{worst}");

    let (_, again) = round_trip(&loaded.rvq, &loaded.info.metadata);
    assert_eq!(again.rvq, loaded.rvq);
    assert_eq!(again.info, loaded.info);
}
