//! Quantizers as the field's libraries keep them: every family's fixture encodes and decodes as its real class does, and goes back under its names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod families_support;

use std::path::{Path, PathBuf};

use families_support::{Golden, check_golden, folder, load, oracle};
use ndarray::{Array2, s};
use rvqscope::io::model::{FAMILIES, family};
use rvqscope::io::tensors::NewTensor;
use rvqscope::io::{Dtype, LoadedModel, ModelOptions, ModelTarget, Problem, write_model_as};
use rvqscope::rvq::encoder::Encoder;
use rvqscope::rvq::search::Search;
use rvqscope::rvq::{LayerSpan, Metric, RvqError};

/// Fixtures of checkpoints, with and without a golden.
fn fixtures() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.to_string_lossy().contains(".golden."))
        .collect();
    paths.sort();
    paths
}

/// What can be opened, by the fixture's name.
fn models() -> Vec<(String, LoadedModel)> {
    let named = fixtures().into_iter().filter(|path| Golden::path_of(path).exists());
    named
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), load(&path).unwrap()))
        .collect()
}

/// The fixture of this name, whatever its container.
fn fixture(name: &str) -> PathBuf {
    let is_it = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem.to_string_lossy() == name);
    fixtures().into_iter().find(is_it).unwrap()
}

fn model(name: &str) -> LoadedModel {
    load(&folder().join(format!("{name}.safetensors"))).unwrap()
}

#[test]
fn every_family_has_a_fixture_with_a_golden() {
    for family in FAMILIES {
        let is_it =
            |path: &PathBuf| path.file_stem().is_some_and(|stem| stem.to_string_lossy() == family.id());
        let path = fixtures().into_iter().find(is_it);
        let path = path.unwrap_or_else(|| {
            panic!("{} has no fixture: see tests/fixtures/make_more_models.py", family.id())
        });
        assert!(Golden::path_of(&path).exists(), "{} has no golden", family.id());
    }
}

#[test]
fn every_fixture_is_known_for_what_it_is_and_computes_what_its_class_does() {
    for (name, model) in models() {
        let family = name.split('_').next().unwrap();
        assert_eq!(model.info.family, family, "{name}");
        let golden = Golden::read(&folder().join(format!("{name}.safetensors")));
        let right = check_golden(&name, &model.rvq, &golden, 1e-4);
        assert!((right - 1.0).abs() < f64::EPSILON, "{name}: {right} of the codes");
    }
}

#[test]
fn a_plain_oracle_agrees_over_many_blocks_and_an_uneven_end() {
    for (name, model) in models() {
        let rvq = &model.rvq;
        let frames =
            Array2::from_shape_fn((1001, rvq.dim()), |(t, d)| ((t * 7 + d * 13) as f32 * 0.731).sin() * 3.0);
        let found = oracle(rvq, frames.view());
        let encoder = Encoder::new(rvq, LayerSpan::ALL).unwrap();
        let encoded = encoder.encode(frames.view(), Search::Greedy).unwrap();
        let codes = encoded.to_matrix();
        let same = codes.iter().zip(&found.codes).filter(|(a, b)| a == b).count();
        assert!(same as f64 >= 0.999 * codes.len() as f64, "{name}: {same} of {}", codes.len());
        for (layer_idx, (&ours, &theirs)) in encoded.residual_energy.iter().zip(&found.energies).enumerate() {
            assert!(
                (ours - theirs).abs() < 2e-3 * theirs,
                "{name}: {ours} behind layer {layer_idx}, not {theirs}"
            );
        }
        // The energy is that of what decoding leaves over, layer by layer.
        let mut left = frames.clone();
        for (layer_idx, codes) in codes.rows().into_iter().enumerate() {
            left -= &rvq.layer_output(layer_idx, codes.iter().copied()).unwrap();
            let energy: f64 = left.iter().map(|&v| f64::from(v).powi(2)).sum();
            let told = encoded.residual_energy[layer_idx];
            assert!(
                (energy - told).abs() < 1e-4 * energy,
                "{name}: {told} behind layer {layer_idx}, not {energy}"
            );
        }
        let decoded = rvq.decode(codes.view(), 0).unwrap();
        assert!((&frames - &decoded - &left).iter().all(|v| v.abs() < 1e-3), "{name}");
        // Several threads and one, and pieces of whole strides, give the same.
        let pieces = 256usize.next_multiple_of(rvq.common_stride());
        for start in (0..1001).step_by(pieces) {
            let piece = frames.slice(s![start..(start + pieces).min(1001), ..]);
            let again = rvq.encode(piece, LayerSpan::ALL).unwrap();
            assert_eq!(again, codes.slice(s![.., start..start + piece.nrows()]), "{name}");
        }
        let wide = encoder.encode(frames.view(), Search::Beam(4)).unwrap();
        if rvq.chains().len() == 1 && model.info.chains.is_empty() {
            assert!(wide.residual_energy.last() <= encoded.residual_energy.last(), "{name}");
        } else {
            assert_eq!(wide.codes.len(), encoded.codes.len());
        }
    }
}

#[test]
fn spans_count_through_all_chains_and_start_only_where_frames_go_in() {
    let mimi = model("mimi").rvq;
    let frames = Golden::read(&folder().join("mimi.safetensors")).x;
    let all = mimi.encode(frames.view(), LayerSpan::ALL).unwrap();
    let rest = mimi.encode(frames.view(), LayerSpan { start: 1, end: None }).unwrap();
    assert_eq!(rest, all.slice(s![1.., ..]), "the second chain sees the frames themselves");
    let two = mimi.encode(frames.view(), LayerSpan { start: 0, end: Some(2) }).unwrap();
    assert_eq!(two, all.slice(s![..2, ..]));
    let err = mimi.encode(frames.view(), LayerSpan { start: 2, end: None }).unwrap_err();
    assert_eq!(
        err.to_string(),
        "layer 2 lies inside a chain, where only what the layers before leave over can go in; start at layer 1"
    );
    // Parts of a decoding add up to the whole.
    let sum =
        mimi.decode(all.slice(s![..2, ..]), 0).unwrap() + mimi.decode(all.slice(s![2.., ..]), 2).unwrap();
    assert!((sum - mimi.decode(all.view(), 0).unwrap()).iter().all(|v| v.abs() < 1e-5));
    let projected = model("vector-quantize-pytorch_projected").rvq;
    let all = projected.encode(frames.view(), LayerSpan::ALL).unwrap();
    let sum = projected.decode(all.slice(s![..1, ..]), 0).unwrap()
        + projected.decode(all.slice(s![1.., ..]), 1).unwrap();
    assert!(
        (sum - projected.decode(all.view(), 0).unwrap()).iter().all(|v| v.abs() < 1e-5),
        "one bias in all"
    );
}

#[test]
fn strides_share_codes_and_the_last_stride_takes_what_there_is() {
    let snac = model("snac_noted").rvq;
    let frames = Golden::read(&folder().join("snac_noted.safetensors")).x;
    let codes = snac.encode(frames.slice(s![..8, ..]), LayerSpan::ALL).unwrap();
    let first = codes.row(0);
    assert!(first[0] == first[1] && first[1] == first[2] && first[6] == first[7], "{first}");
    // The two frames at the end share the code of their own mean.
    let mean = (&frames.row(6) + &frames.row(7)) / 2.0;
    let alone = mean.view().insert_axis(ndarray::Axis(0));
    assert_eq!(snac.encode(alone, LayerSpan { start: 0, end: Some(1) }).unwrap()[[0, 0]], first[7]);
}

#[test]
fn what_a_family_writes_is_read_as_the_same_quantizer_and_what_it_cannot_hold_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    let mut held = 0;
    for (name, model) in models() {
        let frames = Golden::read(&folder().join(format!("{name}.safetensors"))).x;
        let codes = model.rvq.encode(frames.view(), LayerSpan::ALL).unwrap();
        for target in FAMILIES {
            match target.tensors(&model.rvq, "", Dtype::F32) {
                Ok(tensors) => {
                    assert!(
                        tensors.iter().all(|t| t.shape.iter().product::<usize>() == t.values.len()),
                        "{name}"
                    );
                }
                Err(Problem::Unsupported(words)) => {
                    assert!(words.english().len() > 20, "{name} as {}: {words}", target.id());
                    continue;
                }
                Err(other) => panic!("{name} as {}: {other}", target.id()),
            }
            let spec = ModelTarget { family: Some(target.id().to_owned()), dtype: Some(Dtype::F32) };
            let notes = std::collections::BTreeMap::new();
            // A bare array cannot tell of cosine distances, for one.
            if write_model_as(&path, &model.rvq, Some(&model.info), &notes, &spec).is_err() {
                continue;
            }
            let again = load(&path).unwrap();
            let what = format!("{name} as {}", target.id());
            assert_eq!(again.info.family, target.id(), "{what}");
            let read = again.rvq.encode(frames.view(), LayerSpan::ALL).unwrap();
            let same = read.iter().zip(&codes).filter(|(a, b)| a == b).count();
            assert!(same as f64 >= 0.99 * codes.len() as f64, "{what}: {same} of {} codes", codes.len());
            held += 1;
        }
    }
    assert!(held > 50, "{held} pairs");
}

#[test]
fn a_family_writes_the_very_tensors_that_its_class_has() {
    for (name, model) in models() {
        let family = family(&model.info.family).unwrap();
        // What is read in more than one form is written in one; what is searched may be made of what is stored.
        let others =
            ["_affine", "_llamagen", "_simvq", "_normalized", "_padded", "_parametrized", "_normed", "_mlx"];
        if others.iter().any(|other| name.ends_with(other))
            || fixture(&name).extension().unwrap() != "safetensors"
        {
            continue;
        }
        let written = family.tensors(&model.rvq, &model.info.place, Dtype::F32).unwrap();
        let stored = families_support::floats(&folder().join(format!("{name}.safetensors")));
        for (key, values) in &stored {
            if ["ssl_proj", "decoder.", "conv1.", "codebook_used"].iter().any(|other| key.contains(other)) {
                continue;
            }
            let tensor = written.iter().find(|tensor| tensor.name == *key);
            let tensor = tensor.unwrap_or_else(|| panic!("{name}: {key} is not written"));
            assert_eq!(tensor.shape, values.shape(), "{name}: {key}");
            if key.contains("weight_v") || key.contains("original1") {
                continue; // only its direction is kept
            }
            // Lengths come without a sign: it is in the direction.
            let has_sign = !key.contains("weight_g") && !key.contains("original0");
            for (a, b) in tensor.values.iter().zip(values) {
                let b = if has_sign { *b } else { b.abs() };
                assert!((a - b).abs() < 1e-5 * b.abs().max(1.0), "{name}: {key}: {a}, not {b}");
            }
        }
    }
}

#[test]
fn what_is_told_of_each() {
    let mimi = model("mimi").info;
    let shape: Vec<_> = mimi.chains.iter().map(|c| (c.layers, c.inner_dim, c.projected)).collect();
    assert_eq!(shape, [(1, 4, true), (3, 4, true)]);
    assert_eq!(mimi.layers[0].buffers, ["_initialized", "cluster_usage"]);
    let snac = model("snac").info;
    assert_eq!(snac.metric, "cosine-raw");
    assert_eq!(snac.layers.iter().map(|l| l.stride).collect::<Vec<_>>(), [Some(4), Some(2), None]);
    assert!(
        snac.notes().iter().any(|f| f.starts_with("the strides [4, 2, 1] are assumed")),
        "{:?}",
        snac.findings
    );
    let strides = |name: &str| model(name).rvq.layers().iter().map(|layer| layer.stride).collect::<Vec<_>>();
    assert_eq!((strides("snac_four"), strides("snac_flat")), (vec![8, 4, 2, 1], vec![2, 1, 1]));
    let noted = model("snac_noted").info;
    assert!(noted.notes().iter().all(|f| !f.contains("assumed")));
    assert_eq!(noted.training["config.vq_strides"], "[3, 1]");
    let cosine = model("vector-quantize-pytorch_cosine").info;
    assert_eq!((cosine.metric.as_str(), cosine.place.as_str()), ("cosine", "model.quantizer."));
    assert!(cosine.notes().iter().any(|f| f.contains("every row has length 1")));
    assert!(
        model("vector-quantize-pytorch_shared")
            .info
            .notes()
            .iter()
            .any(|f| f == "all layers share one codebook")
    );
    let grouped = model("vector-quantize-pytorch_grouped").info;
    assert_eq!(grouped.chains.iter().map(|c| c.columns).collect::<Vec<_>>(), [[0, 4], [4, 8]]);
    assert_eq!(model("encodec_f16").info.layers[0].dtype, "f16");
    assert_eq!(model("bare_numbered").info.place, "codebooks.*");
}

#[test]
fn an_implicit_quantizer_is_refused_with_its_reason() {
    let err = load(&folder().join("vector-quantize-pytorch_implicit.safetensors")).unwrap_err();
    assert!(err.to_string().contains("implicit neural codebooks"), "{err}");
}

#[test]
fn of_several_quantizers_one_is_chosen_by_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("two.safetensors");
    let plain = model("encodec").rvq;
    let encodec = family("encodec").unwrap();
    let mut tensors = encodec.tensors(&plain, "teacher.", Dtype::F32).unwrap();
    tensors
        .extend(family("hf-encodec").unwrap().tensors(&model("bare").rvq, "student.", Dtype::F32).unwrap());
    let notes = std::collections::BTreeMap::new();
    let file = rvqscope::io::NewFile { tensors: &tensors, notes: &notes, nested: None };
    rvqscope::io::write_tensors(&path, &file).unwrap();
    let err = load(&path).unwrap_err().to_string();
    assert!(
        err.starts_with(
            "this file holds 2 quantizers: encodec at teacher. (3 layers, K = 16, D = 8), hf-encodec at student. (3 layers, K = 16, D = 8); name the place of one with --quantizer: "
        ),
        "{err}"
    );
    for wanted in ["teacher", "teacher."] {
        assert_eq!(families_support::load_at(&path, Some(wanted)).unwrap().rvq.layers(), plain.layers());
    }
    assert_eq!(families_support::load_at(&path, Some("student")).unwrap().info.family, "hf-encodec");
    let by_name = families_support::load_at(&path, Some("encodec at teacher.")).unwrap();
    assert_eq!(by_name.info.family, "encodec");
    let err = families_support::load_at(&path, Some("other")).unwrap_err().to_string();
    assert!(
        err.starts_with("this file holds no single quantizer at \"other\", but encodec at teacher."),
        "{err}"
    );
}

#[test]
fn of_two_families_at_one_place_each_has_a_name_and_a_broken_one_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("two.safetensors");
    let mut tensors = family("encodec").unwrap().tensors(&model("encodec").rvq, "", Dtype::F32).unwrap();
    tensors.extend(family("hf-encodec").unwrap().tensors(&model("bare").rvq, "", Dtype::F32).unwrap());
    let spoilt = tensors.iter_mut().find(|t| t.name == "quantizer.layers.1.codebook.embed").unwrap();
    spoilt.shape = vec![4, 32];
    let notes = std::collections::BTreeMap::new();
    let file = rvqscope::io::NewFile { tensors: &tensors, notes: &notes, nested: None };
    rvqscope::io::write_tensors(&path, &file).unwrap();
    let cancel = rvqscope::task::Cancel::default();
    let err = rvqscope::io::open(&path, &rvqscope::task::Task::silent(&cancel)).unwrap_err();
    let rvqscope::io::Problem::SeveralQuantizers { wanted: None, places } = err.problem else {
        panic!("{err}")
    };
    let names: Vec<_> = places.iter().map(rvqscope::io::QuantizerPlace::name).collect();
    assert_eq!(names, ["encodec without a prefix", "hf-encodec without a prefix"]);
    assert_eq!(places[0].about.as_ref().unwrap().english(), "3 layers, K = 16, D = 8");
    let why = places[1].about.as_ref().unwrap_err().english();
    assert!(why.contains("a codebook of 4 x 32 has cluster_size 16"), "{why}");
    assert_eq!(families_support::load_at(&path, Some(&names[0])).unwrap().info.family, "encodec");
    let err = families_support::load_at(&path, Some("")).unwrap_err().to_string();
    assert!(err.contains("no single quantizer at \"\""), "{err}");
}

#[test]
fn a_model_is_told_in_a_few_lines() {
    let line = |name: &str, label: &str| {
        let LoadedModel { rvq, info } = model(name);
        let fact = info.facts(rvq.dim()).into_iter().find(|fact| fact.label == label);
        fact.map(|fact| fact.text).unwrap_or_default()
    };
    assert_eq!(line("encodec", "Layout"), "encodec at generator.");
    assert_eq!(line("dac", "Layout"), "dac at state_dict.");
    assert_eq!(line("mimi", "Codebooks"), "4 layers, K = 16, D = 4");
    assert_eq!(line("mimi", "Frames"), "dimension 8");
    assert_eq!(line("encodec_f16", "Stored as"), "f16");
    assert_eq!(line("snac", "Distance"), "cosine, rows at full length");
    assert_eq!(
        line("mimi", "Chains"),
        "1 + 3 layers, each chain on the same frames; their outputs are added"
    );
    assert_eq!(
        line("vector-quantize-pytorch_grouped", "Chains"),
        "3 + 3 layers, each chain on its own dimensions: 0 to 3, 4 to 7"
    );
    assert_eq!(line("encodec", "Chains"), "");
    assert_eq!(line("mimi", "Projections"), "around each chain, to 4 dimensions");
    assert_eq!(line("dac", "Projections"), "around each layer, to 4 dimensions");
    assert_eq!(
        line("vector-quantize-pytorch_projected", "Projections"),
        "around all layers, to 4 dimensions"
    );
    assert_eq!(line("snac", "Strides"), "4, 2, 1 frames a code");
    assert_eq!(line("encodec", "Strides"), "");
    assert_eq!(line("encodec", "EMA buffers"), "cluster_size, embed_avg, inited");
    assert_eq!(line("dac", "EMA buffers"), "none");
    let mut info = model("encodec").info;
    info.layers[1].codes = 12;
    info.layers[2].buffers.pop();
    assert_eq!(info.shape_words().english(), "3 layers, K = 12 to 16, D = 8");
    let told = [
        ("optimizer.step", "7"),
        ("config.width", "3"),
        ("config.train.epochs", "100"),
        ("iteration", "96"),
        ("info", "8epoch_96iteration"),
    ];
    info.training = told.map(|(key, text)| (key.to_owned(), text.to_owned())).into();
    let keys: Vec<_> = info.training_notes().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["info", "iteration", "optimizer.step", "config.train.epochs", "config.width"]);
    assert_eq!(info.trained_words().as_deref(), Some("8epoch_96iteration, iteration 96, step 7"));
    let buffers = info.facts(8).into_iter().find(|fact| fact.label == "EMA buffers").unwrap().text;
    assert_eq!(buffers, "cluster_size, embed_avg, inited (in 2 of 3 layers)");
}

#[test]
fn training_starts_only_where_a_rule_can_go_on() {
    let why = |name: &str| match model(name).rvq.check_trainable() {
        Ok(()) => "",
        Err(RvqError::NotTrainable(why)) => why.english(),
        Err(other) => panic!("{other}"),
    };
    for name in ["encodec", "hf-encodec", "vector-quantize-pytorch", "vector-quantize-pytorch_cosine", "bare"]
    {
        assert_eq!(why(name), "", "{name}");
    }
    assert_eq!(why("mimi"), "it has several chains of layers");
    assert_eq!(why("vector-quantize-pytorch_grouped"), "it has several chains of layers");
    assert_eq!(why("vector-quantize-pytorch_projected"), "there is a projection around its layers");
    assert_eq!(why("snac"), "its layers have strides");
    assert!(why("dac").starts_with("its codebooks are searched by angle"));
    assert_eq!(model("dac").rvq.metric(), Metric::CosineRaw);
}

#[test]
fn what_is_no_quantizer_is_told_plainly() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, keys: &[&str]| {
        let tensors: Vec<_> = keys
            .iter()
            .map(|key| rvqscope::io::tensors::NewTensor {
                name: (*key).to_owned(),
                dtype: Dtype::F32,
                shape: vec![2, 2],
                values: vec![1.0; 4],
            })
            .collect();
        let path: PathBuf = dir.path().join(name);
        let notes = std::collections::BTreeMap::new();
        let file = rvqscope::io::NewFile { tensors: &tensors, notes: &notes, nested: None };
        rvqscope::io::write_tensors(&path, &file).unwrap();
        path
    };
    let refusal = |path: &Path| load(path).unwrap_err().to_string();
    let lora = write("lora.safetensors", &["w.to_q.lora_A.default.weight", "w.to_q.lora_B.default.weight"]);
    assert!(refusal(&lora).contains("LoRA weights, which change a base model"), "{}", refusal(&lora));
    let other = write("other.safetensors", &["a.weight", "b.weight"]);
    assert!(refusal(&other).contains("2 tensors, a.weight, b.weight"), "{}", refusal(&other));
}

/// A file of these tensors and notes.
fn write_file(path: &Path, tensors: &[NewTensor], notes: &std::collections::BTreeMap<String, String>) {
    let file = rvqscope::io::NewFile { tensors, notes, nested: None };
    rvqscope::io::write_tensors(path, &file).unwrap();
}

/// The tensors of a `.safetensors` fixture, to be written again with others beside them.
fn tensors_of(path: &Path) -> Vec<NewTensor> {
    let stored = families_support::floats(path).into_iter();
    let tensor = |(name, values): (String, ndarray::ArrayD<f32>)| NewTensor {
        name,
        dtype: Dtype::F32,
        shape: values.shape().to_vec(),
        values: values.iter().copied().collect(),
    };
    stored.map(tensor).collect()
}

#[test]
fn what_looks_like_part_of_a_quantizer_is_never_left_out_without_a_word() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("planted.safetensors");
    let mut tried = 0;
    for original in fixtures() {
        let name = original.file_stem().unwrap().to_string_lossy().into_owned();
        let Ok(model) = load(&original) else { continue };
        // What is known by its container or by a name that is given has no siblings.
        if original.extension().unwrap() != "safetensors" || name == "by-name" {
            continue;
        }
        let tensors = tensors_of(&original);
        let rows = tensors.iter().max_by_key(|t| (t.shape.len() > 1, t.values.len())).unwrap();
        let place = &model.info.place;
        let layer = rows.name.rsplit_once('.').map_or("", |(front, _)| front);
        let planted = [
            format!("{place}semantic_quantizer.layers.0.weight"),
            format!("{place}extra_quantizer.rows"),
            "another_vq.embed".to_owned(),
            format!("{layer}.offset_vq"),
            format!("{layer}.project_more.bias"),
        ];
        for planted in planted {
            // Beside a quantizer without a module of its own there is no telling what belongs to it.
            if layer.is_empty() && planted.ends_with("project_more.bias") {
                continue;
            }
            let mut tensors = tensors.clone();
            tensors.push(NewTensor {
                name: planted.clone(),
                dtype: Dtype::F32,
                shape: vec![3, 2],
                values: vec![1.0; 6],
            });
            write_file(&path, &tensors, &model.info.metadata);
            tried += 1;
            if let Ok(opened) = load(&path) {
                let first = opened.info.notes().first().cloned().unwrap_or_default();
                assert!(
                    first.starts_with("left out, though it looks like part of a quantizer: "),
                    "{name} with {planted}: {:?}",
                    opened.info.findings
                );
            }
        }
        let whole = model.info.notes().iter().all(|finding| !finding.starts_with("left out"));
        assert!(whole, "{name}: {:?}", model.info.findings);
    }
    assert!(tried > 150, "{tried}");
}

#[test]
fn a_dac_and_a_snac_of_the_same_names_are_told_apart_by_what_speaks_for_one_or_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("either.safetensors");
    let original = folder().join("dac_parametrized.safetensors");
    write_file(&path, &tensors_of(&original), &std::collections::BTreeMap::new());
    let open = |strides: Option<Vec<usize>>| {
        let options = ModelOptions { strides, ..ModelOptions::default() };
        let wanted = rvqscope::io::Wanted { model: Some(&options), ..rvqscope::io::Wanted::default() };
        rvqscope::io::open_as(
            &path,
            wanted,
            &rvqscope::task::Task::silent(&rvqscope::task::Cancel::default()),
        )
    };
    let err = open(None).unwrap_err();
    let Problem::UnknownStrides { layers: 3, choices } = &err.problem else { panic!("{err}") };
    assert_eq!(choices, &[vec![1, 1, 1], vec![4, 2, 1]]);
    assert!(err.to_string().contains("--strides 1 for a DAC, or --strides 4,2,1 for a SNAC"), "{err}");
    for (said, wanted) in [(vec![1], vec![1, 1, 1]), (vec![4, 2, 1], vec![4, 2, 1])] {
        let Ok(rvqscope::io::Opened::Model(model)) = open(Some(said)) else { panic!() };
        assert_eq!(model.rvq.layers().iter().map(|layer| layer.stride).collect::<Vec<_>>(), wanted);
    }
    assert!(open(Some(vec![4, 2])).is_err());
    // What speaks for one is not overruled.
    let options = ModelOptions { strides: Some(vec![4, 2, 1]), ..ModelOptions::default() };
    let wanted = rvqscope::io::Wanted { model: Some(&options), ..rvqscope::io::Wanted::default() };
    let task_cancel = rvqscope::task::Cancel::default();
    let task = rvqscope::task::Task::silent(&task_cancel);
    let err = rvqscope::io::open_as(&original, wanted, &task).unwrap_err().to_string();
    assert!(
        err.contains("--strides says [4, 2, 1], but the layers of this quantizer have [1, 1, 1]"),
        "{err}"
    );
    let options = ModelOptions { metric: Some(Metric::Euclidean), ..ModelOptions::default() };
    let wanted = rvqscope::io::Wanted { model: Some(&options), ..rvqscope::io::Wanted::default() };
    let err = rvqscope::io::open_as(&original, wanted, &task).unwrap_err().to_string();
    assert!(
        err.contains(
            "--metric says euclidean, but quantizers of this family measure distances as cosine-raw"
        ),
        "{err}"
    );
}

#[test]
fn changed_rows_go_back_into_every_fixture_whose_rows_are_stored_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let (mut written, mut refused) = (0, Vec::new());
    for (name, model) in models() {
        let original = fixture(&name);
        let copy = dir.path().join(original.file_name().unwrap());
        let mut layers = model.rvq.layers().to_vec();
        let last = layers.len() - 1;
        layers[last].codebook.parts_mut().0.row_mut(2).mapv_inplace(|v| v * 0.5 + 0.25);
        let chain = |chain: &rvqscope::rvq::Chain| rvqscope::rvq::ChainParts {
            layers: layers[chain.layers()].to_vec(),
            columns: Some(chain.columns()),
            projection: chain.projection().cloned(),
        };
        let chains = model.rvq.chains().iter().map(chain).collect();
        let rvq = rvqscope::rvq::Rvq::of_chains(model.rvq.dim(), chains, model.rvq.metric()).unwrap();
        if rvq.metric() == Metric::Cosine {
            continue;
        }
        let options = families_support::said_of(&original).unwrap_or_default();
        let cancel = rvqscope::task::Cancel::default();
        let result = rvqscope::io::write_back_as(
            &original,
            &copy,
            (None, &options),
            &rvq,
            &rvqscope::io::EmaParams::default(),
            &rvqscope::task::Task::silent(&cancel),
        );
        match result {
            Ok(report) => {
                assert_eq!(report.layers, [last], "{name}");
                let again = load(&copy).unwrap();
                let rows = |rvq: &rvqscope::rvq::Rvq| rvq.layers()[last].codebook.embed().to_owned();
                let worst = (&rows(&again.rvq) - &rows(&rvq)).iter().fold(0f32, |most, v| most.max(v.abs()));
                assert!(worst < 5e-3, "{name}: {worst}");
                written += 1;
            }
            Err(err) => refused.push((name, err.problem.to_string())),
        }
    }
    println!("{refused:?}");
    let wanted = [
        "affine",
        "shared",
        "simvq",
        "normalized",
        "joblib",
        "dict",
        "pickle2",
        "pickle5",
        "archive",
        "packed",
    ];
    for (name, words) in &refused {
        assert!(wanted.iter().any(|end| name.ends_with(end)), "{name}: {words}");
    }
    assert!(written > 40, "{written}");
}

/// Opens a file where a model is asked for.
fn ask(path: &Path) -> Result<LoadedModel, rvqscope::io::FileError> {
    let options = ModelOptions::default();
    let wanted = rvqscope::io::Wanted { model: Some(&options), ..rvqscope::io::Wanted::default() };
    let cancel = rvqscope::task::Cancel::default();
    match rvqscope::io::open_as(path, wanted, &rvqscope::task::Task::silent(&cancel))? {
        rvqscope::io::Opened::Model(model) => Ok(model),
        _ => panic!("{} is no model", path.display()),
    }
}

#[test]
fn one_layer_written_as_a_bare_array_opens_again_where_a_model_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let one = model("vq-vae-2").rvq;
    let spec = ModelTarget { family: Some("bare".to_owned()), dtype: Some(Dtype::F32) };
    for ending in ["npy", "npz", "safetensors", "pth"] {
        let path = dir.path().join(format!("one.{ending}"));
        write_model_as(&path, &one, None, &std::collections::BTreeMap::new(), &spec).unwrap();
        let again = ask(&path).unwrap();
        assert_eq!(again.info.family, "bare", "{ending}");
        assert_eq!(again.rvq.layers()[0].codebook.embed(), one.layers()[0].codebook.embed(), "{ending}");
        // What has a name or notes says by itself what it is.
        if ending != "npy" {
            assert_eq!(load(&path).unwrap().rvq.num_layers(), 1, "{ending}");
        }
    }
    // Two axes are enough where a model is asked for.
    let path = dir.path().join("rows.safetensors");
    let rows = one.layers()[0].codebook.embed().to_owned();
    let (codes, dim) = rows.dim();
    let tensor = NewTensor {
        name: "x".to_owned(),
        dtype: Dtype::F32,
        shape: vec![codes, dim],
        values: rows.iter().copied().collect(),
    };
    write_file(&path, &[tensor], &std::collections::BTreeMap::new());
    let found = ask(&path).unwrap().info.notes();
    assert!(found[0].starts_with("one array of 16 x 8 is taken for the codebook of one layer"), "{found:?}");
}

#[test]
fn two_quantizers_of_which_one_is_called_something_quantizer_are_asked_about() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("two.safetensors");
    let one = model("encodec").rvq;
    let mut tensors = family("encodec").unwrap().tensors(&one, "codec_model.module.", Dtype::F32).unwrap();
    tensors.extend(
        family("core-vq")
            .unwrap()
            .tensors(&one, "codec_model.module.acoustic_quantizer.vq.", Dtype::F32)
            .unwrap(),
    );
    write_file(&path, &tensors, &std::collections::BTreeMap::new());
    let err = load(&path).unwrap_err().to_string();
    assert!(err.starts_with("this file holds 2 quantizers: encodec at codec_model.module."), "{err}");
    assert!(err.contains("core-vq at codec_model.module.acoustic_quantizer.vq."), "{err}");
}

#[test]
fn the_parts_of_a_checkpoint_are_opened_together_from_any_of_them_or_their_index() {
    let dir = tempfile::tempdir().unwrap();
    let whole = model("hf-encodec");
    let tensors = tensors_of(&folder().join("hf-encodec.safetensors"));
    let none = std::collections::BTreeMap::new();
    let (first, second) = tensors.split_at(tensors.len() / 2);
    let path = |name: &str| dir.path().join(name);
    let names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    write_file(&path(names[0]), first, &none);
    write_file(&path(names[1]), second, &none);
    let map: serde_json::Map<String, serde_json::Value> = first
        .iter()
        .map(|t| (t.name.clone(), names[0].into()))
        .chain(second.iter().map(|t| (t.name.clone(), names[1].into())))
        .collect();
    let index = path("model.safetensors.index.json");
    std::fs::write(&index, serde_json::json!({"weight_map": map}).to_string()).unwrap();
    for opened in [path(names[0]), path(names[1]), index.clone()] {
        assert_eq!(load(&opened).unwrap().rvq, whole.rvq, "{}", opened.display());
    }
    std::fs::remove_file(path(names[1])).unwrap();
    for opened in [path(names[0]), index.clone()] {
        let err = load(&opened).unwrap_err().to_string();
        assert!(err.contains("of which model-00002-of-00002.safetensors is missing"), "{err}");
    }
    std::fs::write(&index, r#"{"weight_map": {"a": "../elsewhere.safetensors"}}"#).unwrap();
    let err = load(&index).unwrap_err().to_string();
    assert!(err.contains("which is no file beside it"), "{err}");
}

#[test]
fn a_file_of_an_unknown_layout_names_what_looks_like_a_codebook() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("unknown.safetensors");
    let tensor = |name: &str, shape: [usize; 2]| NewTensor {
        name: name.to_owned(),
        dtype: Dtype::F32,
        shape: shape.to_vec(),
        values: (0..shape[0] * shape[1]).map(|v| v as f32).collect(),
    };
    let tensors = [
        tensor("my.stack.0.codebook.table", [16, 4]),
        tensor("my.stack.1.codebook.table", [16, 4]),
        tensor("encoder.conv.weight", [3, 3]),
    ];
    write_file(&path, &tensors, &std::collections::BTreeMap::new());
    let err = load(&path).unwrap_err();
    let Problem::NoQuantizer { candidates, .. } = &err.problem else { panic!("{err}") };
    assert_eq!(candidates.len(), 1);
    assert_eq!((candidates[0].pattern.as_str(), candidates[0].layers), ("my.stack.{i}.codebook.table", 2));
    assert!(err.to_string().contains("open one with --codebook NAME"), "{err}");
    let codebook =
        rvqscope::io::CodebookNames { rows: candidates[0].pattern.clone(), transposed: true, sizes: None };
    let options = ModelOptions { codebook: Some(codebook), ..ModelOptions::default() };
    let wanted = rvqscope::io::Wanted { model: Some(&options), ..rvqscope::io::Wanted::default() };
    let cancel = rvqscope::task::Cancel::default();
    let opened = rvqscope::io::open_as(&path, wanted, &rvqscope::task::Task::silent(&cancel)).unwrap();
    let rvqscope::io::Opened::Model(model) = opened else { panic!() };
    assert_eq!((model.rvq.num_layers(), model.rvq.dim(), model.info.layers[0].codes), (2, 16, 4));
}
