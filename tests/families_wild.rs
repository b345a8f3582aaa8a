//! Samples of quantizers as people have them, where `RVQSCOPE_DATA` names a folder beside which they lie: each opens with the codes of its own class,
//! or is refused for the right reason. The table of all of them is printed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod families_support;

use std::path::{Path, PathBuf};

use families_support::oracle;
use ndarray::{Array2, s};
use rvqscope::io::model::CodebookNames;
use rvqscope::io::{self, ModelOptions, Opened, Wanted};
use rvqscope::rvq::{LayerSpan, Metric, Rvq};
use rvqscope::task::{Cancel, Task};

/// Codes count as equal where the distances of the two candidates differ by less than this, relative to the larger.
const TIE: f64 = 1e-6;

/// One way of opening a sample, and what comes of it.
struct Sample {
    file: &'static str,
    quantizer: Option<&'static str>,
    options: ModelOptions,
    /// The family, the number of layers, and what its golden is called; or words of the refusal.
    outcome: Result<(&'static str, usize, &'static str), &'static str>,
    /// The rows of the golden that are meant.
    rows: std::ops::Range<usize>,
}

fn opens(file: &'static str, family: &'static str, layers: usize) -> Sample {
    let golden = file.split('.').next().unwrap().split('/').next().unwrap();
    Sample {
        file,
        quantizer: None,
        options: ModelOptions::default(),
        outcome: Ok((family, layers, golden)),
        rows: 0..layers,
    }
}

fn refused(file: &'static str, words: &'static str) -> Sample {
    Sample { outcome: Err(words), ..opens(file, "", 0) }
}

fn samples() -> Vec<Sample> {
    let metric = |metric| ModelOptions { metric: Some(metric), ..ModelOptions::default() };
    let l2 = Sample {
        options: metric(Metric::Euclidean),
        outcome: Ok(("amphion", 4, "amphion_maskgct_acoustic_a.if_l2")),
        ..opens("amphion_maskgct_acoustic_a.safetensors", "", 4)
    };
    let facodec = |group: &'static str, rows: std::ops::Range<usize>| Sample {
        quantizer: Some(group),
        rows: rows.clone(),
        ..opens("facodec_ns3_a.bin", "bigcodec", rows.len())
    };
    let named = ModelOptions {
        codebook: Some(CodebookNames {
            rows: "state_dict.rq.vq_layers.{i}.embedding.weight".to_owned(),
            ..CodebookNames::default()
        }),
        ..ModelOptions::default()
    };
    let qwen = |quantizer, family, layers, golden| Sample {
        quantizer: Some(quantizer),
        outcome: Ok((family, layers, golden)),
        ..opens("qwen3_tts_tokenizer_12hz_a.safetensors", "", layers)
    };
    let qwen_file = "qwen3_tts_tokenizer_12hz_a";
    vec![
        opens("amphion_maskgct_acoustic_a.safetensors", "amphion", 4),
        l2,
        opens("amphion_maskgct_semantic_indextts2_a.safetensors", "amphion", 1),
        opens("audiodec_transposed_a.pkl", "audiodec", 4),
        opens("bigcodec_a.pt", "bigcodec", 1),
        opens("dac_quantizer_alone_a.pt", "dac-quantizer", 4),
        opens("dac_torch2_parametrized_3layers_a.pth", "dac", 3),
        opens("dac_torch2_parametrized_a.pth", "dac", 4),
        refused("facodec_ns3_a.bin", "this file holds 3 quantizers"),
        facodec("quantizer.0", 0..1),
        facodec("quantizer.1", 1..3),
        facodec("quantizer.2", 3..6),
        opens("fairseq_kmeans_joblib_a.bin", "k-means", 1),
        Sample { outcome: Ok(("faiss", 1, "")), ..opens("faiss_flat_centroids_a.faiss", "", 1) },
        Sample { outcome: Ok(("faiss", 4, "")), ..opens("faiss_local_search_quantizer_a.faiss", "", 4) },
        Sample { outcome: Ok(("faiss", 4, "")), ..opens("faiss_product_quantizer_a.faiss", "", 4) },
        opens("faiss_residual_quantizer_a.faiss", "faiss", 4),
        opens("fish_s1_modded_dac_parametrized_a.pth", "fish-s1", 5),
        opens("fish_s1_modded_dac_weightg_a.pth", "fish-s1", 5),
        opens("funcodec_stacked_a.pth", "funcodec", 4),
        Sample { outcome: Ok(("gguf-wavtokenizer", 1, "")), ..opens("gguf_wavtokenizer_a.gguf", "", 1) },
        opens("glm4voice_a.safetensors", "glm-4-voice", 1),
        opens("hf_encodec_sharded_a/model-00001-of-00002.safetensors", "hf-encodec", 4),
        opens("hf_encodec_sharded_a/model-00002-of-00002.safetensors", "hf-encodec", 4),
        opens("hf_encodec_sharded_a/model.safetensors.index.json", "hf-encodec", 4),
        opens("hf_higgs_audio_v2_a.safetensors", "hf-xcodec", 4),
        opens("hf_wavtokenizer_a.safetensors", "hf-wavtokenizer", 1),
        opens("hf_xcodec_a.safetensors", "hf-xcodec", 4),
        opens("hificodec_grouped_a.pth", "hificodec", 4),
        opens("hubert_kmeans_bshall_a.pt", "k-means", 1),
        refused("keras_rvq_a.weights.h5", ""),
        opens("kmeans_centroids_64x64_a.npy", "bare", 1),
        opens("lcrec_rqvae_a.pth", "lc-rec", 4),
        Sample { options: named, ..opens("lcrec_rqvae_a.pth", "by-name", 4) },
        opens("mimo_audio_varied_K_a.safetensors", "encodec", 4),
        opens("mlx_dac_a.safetensors", "hf-dac", 4),
        opens("momask_rvq_a.tar", "momask", 4),
        opens("nemo_rvq_a.nemo", "nemo", 4),
        opens("nemo_rvq_model_weights_a.ckpt", "nemo", 4),
        opens("onnx_encodec_initializers_a.onnx", "encodec", 4),
        refused("qwen3_tts_tokenizer_12hz_a.safetensors", "this file holds 2 quantizers"),
        qwen("encoder", "hf-mimi", 6, qwen_file),
        qwen("decoder", "mimi", 4, "qwen3_tts_tokenizer_12hz_a.decoder"),
        opens("rqvae_kakao_padrow_a.pt", "rq-vae-transformer", 4),
        opens("rqvae_recommender_a.pt", "rqvae-recommender", 4),
        opens("sparktts_bicodec_a.safetensors", "bicodec", 1),
        opens("torchscript_encodec_a.jit", "encodec", 4),
        opens("vqgan_a.ckpt", "vqgan", 1),
        refused("vqp_multihead_a.pt", "2 heads"),
        refused("vqp_residual_fsq_a.pt", "no codebook"),
        opens("vqp_single_vq_a.pt", "vector-quantize-pytorch-single", 1),
        opens("wavtokenizer_a.ckpt", "encodec", 1),
        opens("whole_module_encodec_a.pt", "encodec", 4),
    ]
}

fn wild() -> Option<PathBuf> {
    let data = std::env::var_os("RVQSCOPE_DATA").map(PathBuf::from);
    let wild = data.as_deref().and_then(Path::parent).map(|shared| shared.join("wild"));
    let wild = wild.filter(|wild| wild.is_dir());
    if wild.is_none() {
        println!("skipped: RVQSCOPE_DATA is not set, or no folder `wild` lies beside it");
    }
    wild
}

fn open(path: &Path, sample: &Sample) -> Result<Opened, io::FileError> {
    let wanted = Wanted { quantizer: sample.quantizer, model: Some(&sample.options), ..Wanted::default() };
    io::open_as(path, wanted, &Task::silent(&Cancel::default()))
}

/// A `.npy` of real numbers, or of whole ones.
fn floats(path: &Path) -> Array2<f32> {
    match io::open(path, &Task::silent(&Cancel::default())).unwrap() {
        Opened::Features(features) => features.into_matrix(io::TimeAxis::Rows).unwrap(),
        other => panic!("{}: {other:?}", path.display()),
    }
}

/// `[n_q, T]` of int32 or int64, with whatever header.
fn codes(path: &Path) -> Array2<u32> {
    let bytes = std::fs::read(path).unwrap();
    let header = io::npy::NpyHeader::read(&mut bytes.as_slice(), bytes.len() as u64).unwrap();
    let size = header.dtype.size();
    let values: Vec<u32> = bytes[header.data_offset as usize..]
        .chunks_exact(size)
        .map(|code| u32::from_le_bytes(code[..4].try_into().unwrap()))
        .collect();
    // The single quantizer of vector-quantize-pytorch gives its codes frame by frame.
    let columns = header.shape.last().copied().filter(|&columns| columns > 1).unwrap_or(values.len());
    Array2::from_shape_vec((values.len() / columns, columns), values).unwrap()
}

/// The share of codes that are the golden's, ties apart.
fn share(rvq: &Rvq, frames: &Array2<f32>, golden: &Array2<u32>) -> f64 {
    let codes = rvq.encode(frames.view(), LayerSpan::ALL).unwrap();
    if codes.dim() != golden.dim() {
        return 0.0;
    }
    let found = oracle(rvq, frames.view());
    let (mut right, mut total) = (0usize, 0usize);
    for frame in 0..codes.ncols() {
        for layer in 0..codes.nrows() {
            total += 1;
            let (ours, theirs) = (codes[[layer, frame]], golden[[layer, frame]]);
            if ours == theirs {
                right += 1;
                continue;
            }
            let dists = &found.dists[layer][frame];
            let (a, b) = (dists[ours as usize], dists[theirs as usize]);
            let same_so_far = codes.slice(s![..layer, frame]) == golden.slice(s![..layer, frame]);
            if same_so_far && (a - b).abs() <= TIE * a.max(b) {
                right += 1;
                break;
            }
        }
    }
    right as f64 / total.max(1) as f64
}

#[test]
fn every_sample_opens_with_its_own_codes_or_is_refused_for_the_right_reason() {
    let Some(wild) = wild() else { return };
    let frames = floats(&wild.join("x_a.npy"));
    let mut wrong = Vec::new();
    println!("{:<52} {:<32} {:>6}  codes", "sample", "family", "layers");
    for sample in samples() {
        let (found, is_right) = match (open(&wild.join(sample.file), &sample), &sample.outcome) {
            (Ok(Opened::Model(model)), Ok((family, layers, golden))) => {
                let is_it = model.info.family == *family && model.rvq.num_layers() == *layers;
                let golden = wild.join(format!("{golden}.codes.npy"));
                let right = golden.exists().then(|| {
                    let golden = codes(&golden).slice(s![sample.rows.clone(), ..]).to_owned();
                    share(&model.rvq, &frames, &golden)
                });
                let words = right.map_or("no golden".to_owned(), |right| format!("{right:.4}"));
                let line = format!("{:<32} {:>6}  {words}", model.info.family, model.rvq.num_layers());
                let mut notes = model.info.notes();
                notes.retain(|f| !f.contains("cluster size"));
                (format!("{line}  {}", notes.join(" | ")), is_it && right.is_none_or(|right| right == 1.0))
            }
            (Ok(Opened::Model(model)), Err(_)) => (format!("{} was opened", model.info.family), false),
            (Ok(_), _) => ("no model".to_owned(), false),
            (Err(err), wanted) => {
                let text = err.problem.to_string();
                let is_right = wanted.as_ref().err().is_some_and(|words| text.contains(words));
                (format!("refused: {text}"), is_right)
            }
        };
        let at = sample.quantizer.map_or(String::new(), |at| format!(" at {at}"));
        println!(
            "{:<52} {found}{}",
            format!("{}{at}", sample.file),
            if is_right { "" } else { "  <-- WRONG" }
        );
        if !is_right {
            wrong.push(sample.file);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
