//! What tests share: small corpora, small parameters, jobs run in place, and bits to compare.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::path::PathBuf;
use std::sync::Arc;

use ndarray::Array2;
use rvqscope::features::{FeatureMatrix, FeatureSet};
use rvqscope::jobs::{
    self, CompareSpec, Dataset, Holdout, JobCtx, JobError, Resume, Source, TrainSpec, Trained,
};
use rvqscope::random::{self, Purpose};
use rvqscope::rvq::search::Search;
use rvqscope::rvq::{Rvq, RvqParams, rules};
use rvqscope::task::Cancel;
use rvqscope::training::{History, Run, Series};

/// Every scalar of a history.
pub const SERIES: [Series; 9] = Series::ALL;

/// `frames` vectors about `clusters` centres, each dimension with an offset of its own.
pub fn clustered(seed: u64, frames: usize, dim: usize, clusters: usize) -> Array2<f32> {
    let mut rng = random::stream(seed, Purpose::Data, 1);
    let mut uniform = |scale: f64| (random::unit(&mut rng) * 2.0 - 1.0) * scale;
    let centres = Array2::from_shape_simple_fn((clusters, dim), || uniform(3.0));
    Array2::from_shape_fn((frames, dim), |(n, d)| {
        (centres[[n % clusters, d]] + uniform(1.0) + 0.5 * d as f64) as f32
    })
}

/// A corpus of one clip.
pub fn dataset(values: Array2<f32>) -> Arc<Dataset> {
    let set = FeatureSet::single("clip", FeatureMatrix::new(values).unwrap(), Some(50.0));
    Arc::new(Dataset {
        source: Source::Files(vec![PathBuf::from("clip.npy")]),
        set: Arc::new(set),
        audio: Vec::new(),
        time_axis: None,
        summary: rvqscope::text::Message::verbatim("a clip"),
    })
}

/// Three layers of 12 codes, trained for 12 steps: enough for everything to happen, in milliseconds.
pub fn small_params(rule: &str) -> RvqParams {
    RvqParams {
        num_layers: 3,
        codebook_size: 12,
        kmeans_iters: 4,
        batch_size: 64,
        steps: 12,
        ..rules::find(rule).expect("a rule").defaults()
    }
}

/// A training of `params` on `dataset`, with a tenth held out.
pub fn spec(dataset: &Arc<Dataset>, params: RvqParams) -> TrainSpec {
    TrainSpec {
        name: "a run".to_owned(),
        dataset: dataset.clone(),
        params: params.validate().expect("valid parameters"),
        holdout: Holdout(0.1),
        standardize: false,
        search: Search::Greedy,
        start: None,
        resume: None,
        paused: false,
    }
}

/// What came of a training, with the steps that it told.
#[derive(Debug)]
pub struct Recorded {
    pub run: Arc<Run>,
    pub history: History,
    pub resume: Box<Resume>,
}

impl Recorded {
    fn new(Trained { run, resume }: Trained, history: History) -> Self {
        Self { run, history, resume }
    }
}

/// Trains on the caller's thread, as the command line does; `live` publishes on the way, as the window wants it.
pub fn train_with(spec: TrainSpec, threads: usize, live: bool) -> Result<Recorded, JobError> {
    let cancel = Cancel::default();
    let ctx = JobCtx { cancel: &cancel, emit: &|_| {}, control: None, threads, live };
    let (trained, history) = jobs::train_recorded(spec, &ctx)?;
    Ok(Recorded::new(trained, history))
}

/// Compares on the caller's thread; on several threads somebody watches.
pub fn compare_with(spec: CompareSpec, threads: usize) -> Result<Vec<Recorded>, JobError> {
    let cancel = Cancel::default();
    let ctx = JobCtx { cancel: &cancel, emit: &|_| {}, control: None, threads, live: threads > 1 };
    let (compared, histories) = jobs::recording(&ctx, |ctx| jobs::compare(spec, ctx))?;
    Ok(compared.trained.into_iter().zip(histories).map(|(t, history)| Recorded::new(t, history)).collect())
}

/// Trains on one thread to the end.
pub fn train(spec: TrainSpec) -> Recorded {
    train_with(spec, 1, false).expect("a training")
}

/// The state of every layer to the bit: rows, sizes, sums.
pub fn bits(rvq: &Rvq) -> Vec<(Vec<u32>, Vec<u64>, Vec<u64>)> {
    let layers = rvq.layers().iter().map(|layer| &layer.codebook);
    layers
        .map(|codebook| {
            let embed = codebook.embed().iter().map(|v| v.to_bits()).collect();
            let sizes = codebook.cluster_size().iter().map(|v| v.to_bits()).collect();
            let sums = codebook.embed_avg().iter().map(|v| v.to_bits()).collect();
            (embed, sizes, sums)
        })
        .collect()
}

/// A history to the bit: its steps, and every scalar of every layer.
pub fn history_bits(history: &History) -> (Vec<u64>, Vec<Vec<u64>>) {
    let series = |(layer, series)| history.series(layer, series).iter().map(|v| v.to_bits()).collect();
    let columns = (0..history.num_layers()).flat_map(|layer| SERIES.map(|series| (layer, series)));
    (history.steps().to_vec(), columns.map(series).collect())
}

/// A file with a quantizer of three layers by 12 codes at `teacher.` and one of two layers by 6 codes at `student.`, both over 4 dimensions.
pub fn write_two_quantizers(path: &std::path::Path) {
    use rvqscope::io::{Dtype, NewFile, model::family, write_tensors};
    let corpus = dataset(clustered(1, 300, 4, 5));
    let rvq = |layers, codes| {
        let params = RvqParams { num_layers: layers, codebook_size: codes, ..small_params("encodec") };
        train(spec(&corpus, params)).run.rvq.clone()
    };
    let tensors =
        |id: &str, place: &str, rvq: &Rvq| family(id).unwrap().tensors(rvq, place, Dtype::F32).unwrap();
    let mut all = tensors("encodec", "teacher.", &rvq(3, 12));
    all.extend(tensors("hf-encodec", "student.", &rvq(2, 6)));
    let notes = std::collections::BTreeMap::from([("iteration".to_owned(), "96".to_owned())]);
    write_tensors(path, &NewFile { tensors: &all, notes: &notes, nested: None }).unwrap();
}

/// The tensors of a DAC that are named as those of a SNAC are, without a word that tells which it is.
pub fn write_dac_or_snac(path: &std::path::Path) {
    let fixture = "tests/fixtures/families/dac_parametrized.safetensors";
    let bytes = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture)).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    safetensors::serialize_to_file(tensors.tensors(), None, path).unwrap();
}

/// A file of two codebooks `[16, 4]` under names that no family has, and something else.
pub fn write_unknown_codebooks(path: &std::path::Path) {
    let table = |layer: usize| format!("my.stack.{layer}.codebook.table");
    write_tensors(path, &[(&table(0), &[16, 4]), (&table(1), &[16, 4]), ("encoder.conv.weight", &[3, 3])]);
}

/// A `.safetensors` file of f32 tensors of these names and axes.
pub fn write_tensors(path: &std::path::Path, tensors: &[(&str, &[usize])]) {
    use safetensors::tensor::{Dtype, TensorView};
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, shape)| {
            let len: usize = shape.iter().product();
            (0..len).flat_map(|n| ((n * 37 % 101) as f32).to_le_bytes()).collect()
        })
        .collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, shape), bytes)| (*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap()));
    safetensors::serialize_to_file(views, None, path).unwrap();
}
