//! A changed codebook goes back into the checkpoint that it came from, in a state that the trainer's next step leaves alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod rules_support;

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{Array1, Array2, ArrayView2, Axis};
use proptest::prelude::*;
use rules_support::gaussian;
use rvqscope::io::tensors::NewTensor;
use rvqscope::io::{self, Dtype, EmaParams, LoadedModel, ModelOptions, NewFile, Opened, WrittenBack};
use rvqscope::random::{self, Purpose};
use rvqscope::rvq::code_sums::CodeSums;
use rvqscope::rvq::ema_state::{Expiry, RowFormula, Settling, StoredAs, ema_state_for};
use rvqscope::rvq::nearest::nearest_naive;
use rvqscope::rvq::rules::{self, LayerBatch, UpdateCtx, UpdateRule};
use rvqscope::rvq::{Chain, ChainParts, Codebook, Layer, Metric, Rvq, RvqParams};
use rvqscope::task::{Cancel, Task};
use tempfile::TempDir;

const F16: StoredAs = StoredAs { largest: 65504.0, coarse: true };

/// What the trainer named `rule` needs, for a batch of `num_frames`.
fn settling(rule: &dyn UpdateRule, params: &RvqParams, stored: StoredAs, total: Option<f64>) -> Settling {
    let is_moshi = rule.id() == "moshi";
    let threshold = params.threshold_ema_dead_code;
    Settling {
        formula: if is_moshi { RowFormula::Clamped } else { RowFormula::Smoothed },
        decay: params.decay,
        epsilon: params.epsilon,
        expiry: if is_moshi { Expiry::ShareOfMean(threshold) } else { Expiry::Frames(threshold) },
        total,
        stored,
    }
}

/// `book` after rounding to what it is stored as, as a trainer reads it.
fn as_read(book: &Codebook, stored: StoredAs) -> Codebook {
    let round = |v: f64| {
        if stored.coarse { f64::from(half::f16::from_f64(v).to_f32()) } else { f64::from(v as f32) }
    };
    let embed = book.embed().mapv(|v| round(f64::from(v)) as f32);
    Codebook::new(embed, book.cluster_size().mapv(round), book.embed_avg().mapv(round)).unwrap()
}

/// One step of the rule on `frames`, at a step at which every rule looks for dead codes; the codes chosen and those replaced.
fn step(
    rule: &dyn UpdateRule,
    params: &RvqParams,
    book: &mut Codebook,
    frames: ArrayView2<'_, f32>,
) -> (Vec<u32>, Vec<u32>) {
    let (codes, sq_dists) = nearest_naive(frames, book.embed());
    let sq_dists: Vec<f32> = sq_dists.into_iter().map(|d| d as f32).collect();
    let code_sums = CodeSums::new(frames, &codes, book.num_codes());
    let batch = LayerBatch::new(frames, &sq_dists, &code_sums);
    let rng = random::stream(1, Purpose::Replacement, 0);
    let replaced =
        rule.update(book, &batch, &mut UpdateCtx { params, layer_idx: 0, step: 5, init_step: 0, rng });
    (codes, replaced)
}

/// Where the formula puts every row: plain loops in f64.
fn rows_by_formula(
    book: &Codebook,
    frames: ArrayView2<'_, f32>,
    codes: &[u32],
    how: &Settling,
) -> Array2<f64> {
    let (num_codes, d) = (book.num_codes(), how.decay);
    let mut sizes = book.cluster_size() * d;
    let mut sums = book.embed_avg() * d;
    for (frame, &code) in frames.rows().into_iter().zip(codes) {
        sizes[code as usize] += 1.0 - d;
        for (sum, &x) in sums.row_mut(code as usize).iter_mut().zip(frame) {
            *sum += (1.0 - d) * f64::from(x);
        }
    }
    let total = sizes.sum();
    let divisors = sizes.mapv(|size| match how.formula {
        RowFormula::Smoothed => (size + how.epsilon) / (total + num_codes as f64 * how.epsilon) * total,
        RowFormula::Clamped => size.max(how.epsilon),
    });
    sums / divisors.insert_axis(Axis(1))
}

/// Holds one step from the settled state against what is promised of it.
fn check_step(
    rule: &dyn UpdateRule,
    rows: Array2<f32>,
    sizes: Array1<f64>,
    stored: StoredAs,
    total: Option<f64>,
) {
    let mut params = RvqParams { rule: rule.id(), ..rule.defaults() };
    if rule.id() == "lucidrains" {
        params.threshold_ema_dead_code = 2.0;
    }
    let how = settling(rule, &params, stored, total);
    let rows = as_read(&Codebook::from_rows(rows).unwrap(), stored).embed().to_owned();
    let sums = Array2::zeros(rows.dim());
    let book = ema_state_for(&Codebook::new(rows.clone(), sizes, sums).unwrap(), &how).unwrap();
    assert_eq!(book.embed(), rows, "settling moves no row");
    let mut book = as_read(&book, stored);
    assert!(book.embed_avg().iter().all(|v| v.is_finite()), "a sum overflows");
    let frames = rows.select(Axis(0), &[0, 0, 1, 3]) + 0.01;
    let before = book.clone();
    let (codes, replaced) = step(rule, &params, &mut book, frames.view());
    assert_eq!(replaced, [0u32; 0], "{}", rule.id());
    let expected = rows_by_formula(&before, frames.view(), &codes, &how);
    for (code_idx, ((was, is), wanted)) in
        rows.rows().into_iter().zip(book.embed().rows()).zip(expected.rows()).enumerate()
    {
        let scale = was.iter().fold(1.0f32, |most, v| most.max(v.abs()));
        for ((was, is), wanted) in was.iter().zip(is).zip(wanted) {
            assert!(
                (f64::from(*is) - wanted).abs() <= 1e-6 * f64::from(scale),
                "code {code_idx}: {is}, not {wanted}"
            );
            if !codes.contains(&(code_idx as u32)) {
                assert!((was - is).abs() < 1e-3, "code {code_idx} of {} moved from {was} to {is}", rule.id());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_step_leaves_what_it_does_not_use(
        num_codes in 4usize..40,
        dim in 1usize..9,
        seed in 0u64..1000,
        scale in 1e-3f32..30.0,
        spread in 0.0f64..6.0,
        total in prop::option::of(1.0f64..1e4),
    ) {
        let rows = gaussian(num_codes, dim, seed) * scale;
        // From all alike to a few codes that take nearly everything.
        let sizes = Array1::from_shape_fn(num_codes, |k| 100.0 * (-spread * k as f64 / 4.0).exp());
        for id in ["encodec", "gpt-sovits", "lucidrains", "moshi"] {
            for stored in [StoredAs::F32, F16] {
                // Mimi keeps no rows: in half precision they are what its sums make them.
                if id == "moshi" && stored == F16 { continue; }
                check_step(rules::find(id).unwrap(), rows.clone(), sizes.clone(), stored, total);
            }
        }
    }
}

#[test]
fn sizes_keep_their_proportions_between_both_ends() {
    let rows = ndarray::array![[1.0f32], [2.0], [3.0], [40.0]];
    let sizes = ndarray::array![0.0, 1.0, 10.0, 5.0];
    let book = Codebook::new(rows.clone(), sizes, Array2::zeros((4, 1))).unwrap();
    let mut how = Settling {
        formula: RowFormula::Smoothed,
        decay: 0.99,
        epsilon: 1e-5,
        expiry: Expiry::Frames(2.0),
        total: Some(1600.0),
        stored: StoredAs::F32,
    };
    let settled = ema_state_for(&book, &how).unwrap();
    let sizes = settled.cluster_size();
    assert!(sizes[0] >= 2.0 / 0.99 && sizes[0] < 2.021, "{sizes}");
    assert_eq!(sizes.to_vec()[1..], [100.0, 1000.0, 500.0]);
    // The rows are those that the trainer's own formula makes of the state.
    let (total, k) = (sizes.sum(), 4.0);
    for ((row, sum), &size) in rows.rows().into_iter().zip(settled.embed_avg().rows()).zip(sizes) {
        let smoothed = (size + 1e-5) / (total + k * 1e-5) * total;
        assert!((sum[0] / smoothed - f64::from(row[0])).abs() < 1e-12);
    }
    // Half precision: powers of two, and 40 c stays below 65504.
    how.stored = F16;
    assert_eq!(ema_state_for(&book, &how).unwrap().cluster_size().to_vec(), [4.0, 128.0, 1024.0, 512.0]);
    how.total = Some(1e6);
    assert_eq!(ema_state_for(&book, &how).unwrap().cluster_size()[3], 1024.0);
    // A row for which no size will do.
    let long = Codebook::from_rows(ndarray::array![[1.0f32], [6e4]]).unwrap();
    let words = ema_state_for(&long, &how).unwrap_err().to_string();
    assert!(words.contains("the sums overflow: code 1"), "{words}");
    // Without any size all count as equal.
    let blank = Codebook::new(rows, Array1::zeros(4), Array2::zeros((4, 1))).unwrap();
    how = Settling { total: Some(400.0), stored: StoredAs::F32, ..how };
    assert_eq!(ema_state_for(&blank, &how).unwrap().cluster_size(), Array1::from_elem(4, 100.0));
    assert!(ema_state_for(&blank, &Settling { decay: 0.0, ..how }).is_err());
}

/// A checkpoint in EnCodec's layout among other tensors, rows in `dtype`, and the quantizer in it.
fn checkpoint(path: &Path, dtype: Dtype) -> LoadedModel {
    let mut tensors = vec![tensor("encoder.weight", Dtype::F32, &[3, 2], 0.5)];
    for layer_idx in 0..2 {
        let start = format!("generator.quantizer.vq.layers.{layer_idx}._codebook.");
        tensors.push(tensor(&format!("{start}inited"), dtype, &[1], 1.0));
        tensors.push(tensor(&format!("{start}cluster_size"), dtype, &[6], 20.0 + layer_idx as f32));
        tensors.push(tensor(&format!("{start}embed"), dtype, &[6, 2], layer_idx as f32));
        tensors.push(tensor(&format!("{start}embed_avg"), dtype, &[6, 2], 3.0));
    }
    tensors.push(tensor("head.bias", Dtype::F32, &[5], -1.0));
    let notes = BTreeMap::from([("epoch".to_owned(), "8".to_owned())]);
    io::write_tensors(path, &NewFile { tensors: &tensors, notes: &notes, nested: None }).unwrap();
    model(path)
}

fn tensor(name: &str, dtype: Dtype, shape: &[usize], first: f32) -> NewTensor {
    let values = (0..shape.iter().product()).map(|i| first + 0.25 * i as f32).collect();
    NewTensor { name: name.to_owned(), dtype, shape: shape.to_vec(), values }
}

fn model(path: &Path) -> LoadedModel {
    match io::open(path, &Task::silent(&Cancel::default())).unwrap() {
        Opened::Model(model) => model,
        other => panic!("no model: {other:?}"),
    }
}

fn write_back(original: &Path, target: &Path, rvq: &Rvq) -> Result<WrittenBack, String> {
    let task = Cancel::default();
    io::write_back(original, target, None, rvq, &EmaParams::default(), &Task::silent(&task))
        .map_err(|err| err.to_string())
}

/// `rvq` with other rows in the layers of `which`.
fn changed(rvq: &Rvq, which: &[usize]) -> Rvq {
    let layer = |(layer_idx, layer): (usize, &Layer)| {
        let book = &layer.codebook;
        let shift = if which.contains(&layer_idx) { 0.375 } else { 0.0 };
        let rows = book.embed().mapv(|v| v + shift);
        let sizes = Array1::from_shape_fn(rows.nrows(), |k| 1.0 + k as f64);
        Codebook::new(rows, sizes, book.embed_avg().clone()).unwrap().into()
    };
    Rvq::new(rvq.layers().iter().enumerate().map(layer).collect()).unwrap()
}

#[test]
fn only_the_changed_layer_changes_and_nothing_else() {
    for dtype in [Dtype::F16, Dtype::Bf16, Dtype::F32, Dtype::F64] {
        let folder = TempDir::new().unwrap();
        let (original, copy) = (folder.path().join("a.safetensors"), folder.path().join("b.safetensors"));
        let old = checkpoint(&original, dtype);
        let new = changed(&old.rvq, &[1]);
        let written = write_back(&original, &copy, &new).unwrap();
        assert_eq!((written.layers, written.tensors.len()), (vec![1], 3));
        let read = model(&copy);
        assert_eq!(read.rvq.layers()[0], old.rvq.layers()[0]);
        let book = &read.rvq.layers()[1].codebook;
        assert_eq!(book.embed(), new.layers()[1].codebook.embed());
        assert!(book.cluster_size().iter().all(|&size| size >= 2.0 / 0.99));
        // In coarse types a size is a power of two, so the sums are exact multiples of the rows.
        let tolerance = if dtype.size() == 2 { 0.0 } else { 1e-5 };
        for ((row, sum), &size) in
            book.embed().rows().into_iter().zip(book.embed_avg().rows()).zip(book.cluster_size())
        {
            for (e, m) in row.iter().zip(sum) {
                assert!(
                    (f64::from(*e) * size - m).abs() <= tolerance * (1.0 + m.abs()),
                    "{dtype:?}: {e} x {size}, {m}"
                );
            }
        }
        // Every byte that differs lies in one of the three tensors.
        let (before, after) = (std::fs::read(&original).unwrap(), std::fs::read(&copy).unwrap());
        assert_eq!(before.len(), after.len());
        let tensors = safetensors::SafeTensors::deserialize(&after).unwrap();
        for (name, tensor) in safetensors::SafeTensors::deserialize(&before).unwrap().iter() {
            let differs = tensors.tensor(name).unwrap().data() != tensor.data();
            assert_eq!(differs, written.tensors.iter().any(|changed| changed == name), "{name}");
        }
        let header = 8 + u64::from_le_bytes(before[..8].try_into().unwrap()) as usize;
        assert_eq!(before[..header], after[..header]);
    }
}

#[test]
fn the_checkpoint_itself_can_be_the_target() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.safetensors");
    let old = checkpoint(&path, Dtype::F32);
    let written = write_back(&path, &path, &changed(&old.rvq, &[0, 1])).unwrap();
    assert_eq!((written.layers, written.tensors.len()), (vec![0, 1], 6));
    assert_eq!(model(&path).rvq.layers()[0].codebook.embed()[[0, 0]], 0.375);
    let bytes = std::fs::read(&path).unwrap();
    // What is there already changes nothing, not even the averages.
    let again = write_back(&path, &path, &model(&path).rvq).unwrap();
    assert!(again.layers.is_empty() && again.tensors.is_empty() && again.findings.len() == 1, "{again:?}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_quantizer_of_another_shape_is_refused_and_nothing_is_written() {
    let folder = TempDir::new().unwrap();
    let (original, copy) = (folder.path().join("a.safetensors"), folder.path().join("b.safetensors"));
    let old = checkpoint(&original, Dtype::F32).rvq;
    let refused = |rvq: &Rvq, part: &str| {
        let words = write_back(&original, &copy, rvq).unwrap_err();
        assert!(words.contains(part) && words.contains("rvqscope convert"), "{words}");
        assert!(!copy.exists());
    };
    let book = |num_codes, dim| -> Layer { Codebook::from_rows(gaussian(num_codes, dim, 1)).unwrap().into() };
    refused(
        &Rvq::new(vec![book(6, 2)]).unwrap(),
        "the model has 1 layers, but the checkpoint's quantizer has 2",
    );
    refused(
        &Rvq::new(vec![book(6, 2), book(7, 2)]).unwrap(),
        "layer 1 of the model has 7 codes of 2 dimensions, but 6 of 2",
    );
    refused(
        &Rvq::new(vec![book(6, 3), book(6, 3)]).unwrap(),
        "layer 0 of the model has 6 codes of 3 dimensions",
    );
    let cosine = Rvq::with_metric(old.layers().to_vec(), Metric::Cosine).unwrap();
    refused(&cosine, "measures distances as Cosine");
    // No quantizer at all.
    let features = folder.path().join("x.npy");
    ndarray_npy::write_npy(&features, &gaussian(20, 3, 1)).unwrap();
    // Rows and columns alone are one codebook where a checkpoint is wanted; a single row of numbers is none.
    let words = write_back(&features, &copy, &old).unwrap_err();
    assert!(words.contains("the checkpoint's quantizer has 1") && words.ends_with("x.npy"), "{words}");
    ndarray_npy::write_npy(&features, &ndarray::Array1::from_elem(20, 1.5f32)).unwrap();
    let words = write_back(&features, &copy, &old).unwrap_err();
    assert!(words.ends_with("x.npy") && !copy.exists(), "{words}");
}

#[test]
fn rows_too_long_for_half_precision_are_refused_by_name() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.safetensors");
    let old = checkpoint(&path, Dtype::F16).rvq;
    let bytes = std::fs::read(&path).unwrap();
    let mut layers = changed(&old, &[0]).layers().to_vec();
    let mut rows = layers[0].codebook.embed().to_owned();
    rows[[3, 1]] = 3e4;
    layers[0] = Codebook::from_rows(rows).unwrap().into();
    let words = write_back(&path, &path, &Rvq::new(layers).unwrap()).unwrap_err();
    assert!(words.starts_with("layer 0: the sums overflow: code 3"), "{words}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

/// The one of several quantizers that is named, and every byte of the other stays.
#[test]
fn of_several_quantizers_the_one_at_the_place_is_written() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("two.safetensors");
    // The trainers of the two make rows of their sums in different ways.
    let mut tensors = Vec::new();
    for start in ["layers.0.", "layers.1."] {
        for (part, shape) in [("embed", &[6, 2][..]), ("embed_avg", &[6, 2]), ("cluster_size", &[6])] {
            tensors.push(tensor(&format!("{start}_codebook.{part}"), Dtype::F32, shape, 2.0));
        }
    }
    for start in ["rvq_first.vq.layers.0.", "rvq_rest.vq.layers.0."] {
        for (part, shape) in [("embedding_sum", &[6, 2][..]), ("cluster_usage", &[6])] {
            let name = format!("teacher.quantizer.{start}_codebook.{part}");
            tensors.push(tensor(&name, Dtype::F32, shape, 3.0));
        }
    }
    let notes = BTreeMap::new();
    io::write_tensors(&path, &NewFile { tensors: &tensors, notes: &notes, nested: None }).unwrap();
    let cancel = Cancel::default();
    let open = |place: &'static str| {
        let wanted = io::Wanted { quantizer: Some(place), ..io::Wanted::default() };
        match io::open_as(&path, wanted, &Task::silent(&cancel)).unwrap() {
            Opened::Model(model) => model,
            other => panic!("no model: {other:?}"),
        }
    };
    for (place, other) in [("", "teacher"), ("teacher", "")] {
        let (old, untouched) = (open(place).rvq, open(other).rvq);
        let new = changed(&old, &[1]);
        let words = write_back(&path, &path, &new).unwrap_err();
        assert!(words.starts_with("this file holds 2 quantizers"), "{words}");
        let task = Task::silent(&cancel);
        let usual = EmaParams::default();
        let written = io::write_back(&path, &path, Some(place), &new, &usual, &task).unwrap();
        assert_eq!(written.layers, [1], "{place}");
        let read = open(place).rvq;
        for (is, wanted) in read.layers()[1].codebook.embed().iter().zip(new.layers()[1].codebook.embed()) {
            assert!((is - wanted).abs() < 1e-5, "{place}: {is}, not {wanted}");
        }
        assert_eq!(read.layers()[0], old.layers()[0]);
        assert_eq!(open(other).rvq, untouched, "{other}");
        let err = io::write_back(&path, &path, Some("nobody"), &new, &usual, &task).unwrap_err();
        assert!(err.to_string().starts_with("this file holds no single quantizer at \"nobody\""), "{err}");
    }
}

/// Arrays without a class around them, in every container, under whatever numbers.
#[test]
fn bare_arrays_go_back_under_their_own_names() {
    let folder = TempDir::new().unwrap();
    let notes = BTreeMap::new();
    for ending in ["npz", "safetensors", "pth"] {
        for names in [["codebooks.0", "codebooks.1"], ["0", "1"], ["book_08", "book_09"], ["c1", "c2"]] {
            let path = folder.path().join(format!("{}.{ending}", names[0]));
            let arrays =
                [tensor(names[0], Dtype::F32, &[6, 2], 0.5), tensor(names[1], Dtype::F32, &[6, 2], 7.5)];
            io::write_tensors(&path, &NewFile { tensors: &arrays, notes: &notes, nested: None }).unwrap();
            let old = model(&path);
            assert_eq!(old.info.family, "bare");
            let new = changed(&old.rvq, &[1]);
            let before = std::fs::read(&path).unwrap();
            let written = write_back(&path, &path, &new).unwrap();
            assert_eq!((written.layers, written.tensors), (vec![1], vec![names[1].to_owned()]), "{path:?}");
            let read = model(&path);
            assert_eq!(read.info, old.info);
            for (is, wanted) in read.rvq.layers().iter().zip(new.layers()) {
                assert_eq!(is.codebook.embed(), wanted.codebook.embed(), "{path:?}");
            }
            // Twelve numbers and the sums of the entry that they lie in, wherever those stand.
            let after = std::fs::read(&path).unwrap();
            let differing = before.iter().zip(&after).filter(|(a, b)| a != b).count();
            assert!(before.len() == after.len() && differing <= 12 * 4 + 3 * 4, "{path:?}: {differing}");
        }
    }
}

/// A checkpoint of a machine that puts the highest byte first, as PyTorch itself reads it.
#[test]
fn numbers_that_lie_the_other_way_round_stay_so() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("big.pt");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/containers/codebooks_big.pt");
    std::fs::copy(fixture, &path).unwrap();
    let old = model(&path);
    assert_eq!(old.rvq.layers()[1].codebook.embed()[[3, 2]], 23.0);
    let new = changed(&old.rvq, &[0, 1]);
    let written = write_back(&path, &path, &new).unwrap();
    assert_eq!(written.layers, [0, 1]);
    for (is, wanted) in model(&path).rvq.layers().iter().zip(new.layers()) {
        assert_eq!(is.codebook.embed(), wanted.codebook.embed());
    }
    let bytes = std::fs::read(&path).unwrap();
    let last = 23.375f32.to_be_bytes();
    assert!(bytes.windows(4).any(|four| four == last), "the highest byte first");
}

/// Two layers under names that no family knows, their sizes and sums beside them, and a tensor of something else.
fn named_checkpoint(path: &Path, first: usize, transposed: bool) {
    let mut tensors = vec![tensor("front.weight", Dtype::F32, &[3, 2], 0.5)];
    for layer in first..first + 2 {
        let shape: &[usize] = if transposed { &[2, 6] } else { &[6, 2] };
        tensors.push(tensor(&format!("rq.{layer}.rows"), Dtype::F32, shape, layer as f32));
        tensors.push(tensor(&format!("rq.{layer}.size"), Dtype::F32, &[6], 20.0));
        tensors.push(tensor(&format!("rq.{layer}.sums"), Dtype::F32, shape, 9.0));
    }
    let notes = BTreeMap::new();
    io::write_tensors(path, &NewFile { tensors: &tensors, notes: &notes, nested: None }).unwrap();
}

fn named(transposed: bool, with_sizes: bool) -> ModelOptions {
    let sizes = with_sizes.then(|| "rq.{i}.size".to_owned());
    let codebook = Some(io::CodebookNames { rows: "rq.{i}.rows".to_owned(), transposed, sizes });
    ModelOptions { codebook, ..ModelOptions::default() }
}

fn model_as(path: &Path, options: &ModelOptions) -> LoadedModel {
    let wanted = io::Wanted { model: Some(options), ..io::Wanted::default() };
    match io::open_as(path, wanted, &Task::silent(&Cancel::default())).unwrap() {
        Opened::Model(model) => model,
        other => panic!("no model: {other:?}"),
    }
}

fn write_back_named(
    path: &Path,
    copy: &Path,
    options: &ModelOptions,
    rvq: &Rvq,
) -> Result<WrittenBack, String> {
    let (cancel, usual) = (Cancel::default(), EmaParams::default());
    io::write_back_as(path, copy, (None, options), rvq, &usual, &Task::silent(&cancel))
        .map_err(|err| err.to_string())
}

#[test]
fn tensors_that_are_named_take_rows_back_as_they_lie() {
    let folder = TempDir::new().unwrap();
    for (ending, first) in [("safetensors", 0), ("safetensors", 1), ("npz", 0), ("pth", 1)] {
        for (transposed, with_sizes) in [(false, false), (false, true), (true, false), (true, true)] {
            let at = |name: &str| folder.path().join(format!("{name}.{ending}"));
            let (path, copy) = (at("a"), at("b"));
            named_checkpoint(&path, first, transposed);
            let options = named(transposed, with_sizes);
            let old = model_as(&path, &options).rvq;
            let new = changed(&old, &[1]);
            let written = write_back_named(&path, &copy, &options, &new).unwrap();
            let layer = first + 1;
            let mut expected = vec![format!("rq.{layer}.rows")];
            expected.extend(with_sizes.then(|| format!("rq.{layer}.size")));
            assert_eq!((written.layers, written.tensors), (vec![1], expected), "{path:?}");
            assert!(
                written.findings[0].english().starts_with("only the tensors that were named"),
                "{:?}",
                written.findings
            );
            let read = model_as(&copy, &options).rvq;
            assert_eq!(read.layers()[0], old.layers()[0]);
            let book = &read.layers()[1].codebook;
            assert_eq!(book.embed(), new.layers()[1].codebook.embed());
            if with_sizes {
                // In the proportions of the model, with the sum of the checkpoint.
                let total = old.layers()[1].codebook.cluster_size().sum();
                let sizes = new.layers()[1].codebook.cluster_size();
                for (is, wanted) in book.cluster_size().iter().zip(sizes) {
                    assert!((is - wanted * total / sizes.sum()).abs() < 1e-3, "{is}, not from {wanted}");
                }
            }
            // All else is the same: the numbers of these tensors differ, and the sums of archive entries.
            let (before, after) = (std::fs::read(&path).unwrap(), std::fs::read(&copy).unwrap());
            let differing = before.iter().zip(&after).filter(|(a, b)| a != b).count();
            let numbers = if with_sizes { 12 + 6 } else { 12 };
            assert!(before.len() == after.len() && differing <= 4 * numbers + 6 * 4, "{path:?}: {differing}");
            if ending == "safetensors" {
                let tensors = safetensors::SafeTensors::deserialize(&after).unwrap();
                for (name, tensor) in safetensors::SafeTensors::deserialize(&before).unwrap().iter() {
                    let differs = tensors.tensor(name).unwrap().data() != tensor.data();
                    let is_named = name == format!("rq.{layer}.rows");
                    assert_eq!(
                        differs,
                        is_named || (with_sizes && name == format!("rq.{layer}.size")),
                        "{name}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_cannot_go_into_named_tensors_is_refused_in_a_sentence() {
    let folder = TempDir::new().unwrap();
    let (path, copy) = (folder.path().join("a.safetensors"), folder.path().join("b.safetensors"));
    named_checkpoint(&path, 0, false);
    let old = model_as(&path, &named(false, false)).rvq;
    let refused = |options: &ModelOptions, rvq: &Rvq, part: &str| {
        let words = write_back_named(&path, &copy, options, rvq).unwrap_err();
        assert!(words.contains(part) && words.ends_with("a.safetensors"), "{words}");
        assert!(!copy.exists());
    };
    refused(
        &named(true, false),
        &old,
        "2 of 6, as if its rows lay the other way round: leave out --transposed",
    );
    let one = Rvq::new(old.layers()[..1].to_vec()).unwrap();
    refused(&named(false, false), &one, "the model has 1 layers, but the checkpoint's quantizer has 2");
    let other = |rows: &str, sizes: Option<&str>| {
        let codebook =
            io::CodebookNames { rows: rows.to_owned(), transposed: false, sizes: sizes.map(str::to_owned) };
        ModelOptions { codebook: Some(codebook), ..ModelOptions::default() }
    };
    refused(&other("vq.{i}.rows", None), &old, "there is no tensor vq.0.rows");
    refused(&other("rq.{i}.rows", Some("rq.{i}.count")), &old, "there is no tensor rq.0.count");
    refused(&other("rq.0.size", None), &one, "should have 2 axes");
    // One tensor of sizes cannot be those of two layers.
    let both = changed(&old, &[0, 1]);
    let uneven =
        Codebook::new(both.layers()[1].codebook.embed().to_owned(), Array1::ones(6), Array2::zeros((6, 2)));
    let uneven = Rvq::new(vec![both.layers()[0].clone(), uneven.unwrap().into()]).unwrap();
    refused(&other("rq.{i}.rows", Some("rq.0.size")), &uneven, "are to get different ones");
    let cosine = ModelOptions { metric: Some(Metric::Cosine), ..named(false, false) };
    refused(&cosine, &old, "measures distances as Euclidean, but the checkpoint as Cosine");
    // Where nothing is said of distances those of the model hold.
    let angles = Rvq::with_metric(changed(&old, &[0]).layers().to_vec(), Metric::Cosine).unwrap();
    assert_eq!(write_back_named(&path, &copy, &named(false, false), &angles).unwrap().layers, [0]);
}

/// `rvq` with another first row in its last layer.
fn with_another_row(rvq: &Rvq) -> Rvq {
    let mut layers = rvq.layers().to_vec();
    let book = &mut layers.last_mut().unwrap().codebook;
    let mut rows = book.embed().to_owned();
    rows.row_mut(0).mapv_inplace(|v| v * 0.5 + 0.25);
    if rvq.metric() == Metric::Cosine {
        let norm = rows.row(0).dot(&rows.row(0)).sqrt();
        rows.row_mut(0).mapv_inplace(|v| v / norm);
    }
    *book = Codebook::new(rows, book.cluster_size().clone(), book.embed_avg().clone()).unwrap();
    let chain = |chain: &Chain| ChainParts {
        layers: layers[chain.layers()].to_vec(),
        columns: Some(chain.columns()),
        projection: chain.projection().cloned(),
    };
    Rvq::of_chains(rvq.dim(), rvq.chains().iter().map(chain).collect(), rvq.metric()).unwrap()
}

#[test]
fn every_family_takes_a_row_back_or_says_why_not() {
    let families = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families");
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("copy.safetensors");
    let mut refused = Vec::new();
    for entry in std::fs::read_dir(families).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        // What has to be named is tried by its names.
        if name.ends_with(".golden") || name.ends_with("_implicit") || name == "by-name" {
            continue;
        }
        let old = model(&path);
        let new = with_another_row(&old.rvq);
        match write_back(&path, &copy, &new) {
            Ok(written) => assert_eq!(written.layers, [old.rvq.num_layers() - 1], "{name}"),
            Err(words) => {
                refused.push((name, words));
                continue;
            }
        }
        let read = model(&copy);
        // The sizes of the changed layer are other ones, and with them what there is to be said of it.
        let told = |info: &io::ModelInfo| io::ModelInfo { findings: Vec::new(), ..info.clone() };
        assert_eq!(told(&read.info), told(&old.info), "{name}");
        for (is, wanted) in read.rvq.layers().iter().zip(new.layers()) {
            let (is, wanted) = (is.codebook.embed(), wanted.codebook.embed());
            // Half precision rounds, and rows that are made of sums are made of rounded ones.
            assert!(is.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 2e-3), "{name}: {is}, not {wanted}");
        }
    }
    // What is searched is made of what is stored and of statistics beside it; other files are no checkpoints.
    for (name, words) in &refused {
        let expected = ["to a file of its own", "no checkpoint to change"];
        assert!(expected.iter().any(|expected| words.contains(expected)), "{name}: {words}");
    }
    let made = |name: &str| refused.iter().any(|(refused, _)| refused == name);
    for name in
        ["vector-quantize-pytorch_affine", "rqvae-recommender_simvq", "vqgan_llamagen", "nemo_archive"]
    {
        assert!(made(name), "{name} is written over, though its rows are made of what is stored");
    }
    assert!(!made("encodec") && !made("dac") && !made("vector-quantize-pytorch"));
}

/// What PyTorch made of copies of every family; `tests/fixtures/check_families.py` records it, with the assertions that matter in it.
#[test]
fn every_family_was_written_back_before_pytorch() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let text = std::fs::read_to_string(fixtures.join("families_round_trip.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut read_back = 0;
    for entry in std::fs::read_dir(fixtures.join("families")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|ending| ending != "safetensors") || name.ends_with(".golden") {
            continue;
        }
        let found = &record["families"][&name];
        if let Some(words) = found["refused"].as_str() {
            let reasons = ["is not stored as it is used", "implicit neural codebooks"];
            assert!(reasons.iter().any(|reason| words.contains(reason)), "{name}: {words}");
            continue;
        }
        assert!(found["same_codes"].as_f64().is_some_and(|same| same > 0.995), "{name}: {found}");
        assert!(!found["changed"].as_array().unwrap().is_empty(), "{name}");
        read_back += 1;
    }
    assert!(read_back >= 45, "{read_back}");
}
