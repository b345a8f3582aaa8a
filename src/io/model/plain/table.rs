//! The layouts that differ in names alone, one row each.

use super::super::read::RowsLie;
use super::{PLAIN, Plain, Proof};

/// WavTokenizer in transformers: one layer.
pub(in crate::io::model) static HF_WAVTOKENIZER: Plain = Plain {
    id: "hf-wavtokenizer",
    rows: "quantizer.codebook.embed",
    sizes: Some("quantizer.codebook.cluster_size"),
    sums: Some("quantizer.codebook.embed_avg"),
    flag: Some("quantizer.codebook.inited"),
    ..PLAIN
};

/// One layer of EnCodec's classes by itself.
pub(in crate::io::model) static CORE_VQ_SINGLE: Plain = Plain {
    id: "core-vq-single",
    rows: "_codebook.embed",
    sizes: Some("_codebook.cluster_size"),
    sums: Some("_codebook.embed_avg"),
    flag: Some("_codebook.inited"),
    ..PLAIN
};

/// LC-Rec, LETTER, MiniOneRec, and what took their classes over.
pub(in crate::io::model) static VQ_LAYERS: Plain =
    Plain { id: "lc-rec", stem: Some("vq_layers."), rows: "embedding.weight", ..PLAIN };

/// RQ-VAE-Recommender (TIGER).
pub(in crate::io::model) static RECOMMENDER: Plain =
    Plain { id: "rqvae-recommender", stem: Some("layers."), rows: "embedding.weight", ..PLAIN };

/// RQ-VAE-transformer.
pub(in crate::io::model) static RQ_TRANSFORMER: Plain = Plain {
    id: "rq-vae-transformer",
    stem: Some("codebooks."),
    rows: "weight",
    sizes: Some("cluster_size_ema"),
    sums: Some("embed_ema"),
    lie: RowsLie::BeforePadding,
    proof: Proof::Padding,
    ..PLAIN
};

/// MoMask.
pub(in crate::io::model) static MOMASK: Plain =
    Plain { id: "momask", stem: Some("quantizer.layers."), rows: "codebook", ..PLAIN };

/// T2M-GPT.
pub(in crate::io::model) static T2M: Plain = Plain { id: "t2m-gpt", rows: "quantizer.codebook", ..PLAIN };

/// AudioDec and RepCodec.
pub(in crate::io::model) static AUDIODEC: Plain = Plain {
    id: "audiodec",
    stem: Some("codebook.layers."),
    rows: "embed",
    sizes: Some("cluster_size"),
    sums: Some("embed_avg"),
    lie: RowsLie::AsColumns,
    proof: Proof::Columns,
    ..PLAIN
};

/// VQ-VAE-2 of rosinality.
pub(in crate::io::model) static VQ_VAE_2: Plain = Plain {
    id: "vq-vae-2",
    rows: "embed",
    sizes: Some("cluster_size"),
    sums: Some("embed_avg"),
    lie: RowsLie::AsColumns,
    proof: Proof::Module(&["quantize", "quantize_t", "quantize_b"]),
    ..PLAIN
};

/// NeMo's codecs, grouped or not.
pub(in crate::io::model) static NEMO: Plain = Plain {
    id: "nemo",
    stem: Some("codebooks."),
    rows: "codes",
    sizes: Some("cluster_size"),
    sums: Some("codes_avg"),
    flag: Some("initialized"),
    ..PLAIN
};

/// VQGAN and those that took its quantizer over.
pub(in crate::io::model) static VQGAN: Plain = Plain {
    id: "vqgan",
    rows: "embedding.weight",
    sizes: Some("embedding.cluster_size"),
    sums: Some("embedding.embed_avg"),
    flag: Some("embedding.initted"),
    proof: Proof::Module(&[
        "quantize",
        "quantizer",
        "vq",
        "vq_layer",
        "vector_quantizer",
        "vector_quantization",
    ]),
    is_open: true,
    ..PLAIN
};

/// GLM-4-voice's tokenizer.
pub(in crate::io::model) static GLM_VOICE: Plain = Plain {
    id: "glm-4-voice",
    rows: "codebook.weight",
    sizes: Some("ema_count"),
    sums: Some("ema_weight"),
    proof: Proof::Beside("ema_count"),
    ..PLAIN
};

/// scikit-learn's k-means, in whatever pickle.
pub(in crate::io::model) static KMEANS: Plain = Plain { id: "k-means", rows: "cluster_centers_", ..PLAIN };

/// WavTokenizer as llama.cpp converts it.
pub(in crate::io::model) static GGUF_WAVTOKENIZER: Plain = Plain {
    id: "gguf-wavtokenizer",
    rows: "token_embd.weight",
    proof: Proof::Setting("general.architecture", "wavtokenizer-dec"),
    ..PLAIN
};
