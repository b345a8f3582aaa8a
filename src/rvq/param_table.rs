//! The descriptions of the parameters, off which forms, flags, file headers and tooltips are read.

use crate::param::{Effect, ParamKind, ParamSpec, ParamValue, Readers, Scope};

use super::search::MAX_BEAM;
use super::{Assignment, BatchOrder, InitMethod, Metric, RvqParams};

/// Every parameter, in the order in which a form shows them, each with the rules that read it: a new one is a row here and a field in
/// [`RvqParams`].
pub static PARAMS: &[ParamSpec<RvqParams>] = &[
    ParamSpec {
        key: "num_layers",
        flag: "layers",
        label: "Layers (n_q)",
        unit: "",
        kind: ParamKind::Int { min: 1, max: 256 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: "How many codebooks stand one behind the other. Each quantizes what the ones before left over.",
        read: |p| ParamValue::Int(p.num_layers as u64),
        write: |p, v| set(&mut p.num_layers, v.as_int().map(|v| v as usize)),
    },
    ParamSpec {
        key: "codebook_size",
        flag: "codes",
        label: "Codes (K)",
        unit: "",
        kind: ParamKind::Int { min: 1, max: 65_536 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: "Codes in each layer. A layer spends log2 K bits a frame.",
        read: |p| ParamValue::Int(p.codebook_size as u64),
        write: |p, v| set(&mut p.codebook_size, v.as_int().map(|v| v as usize)),
    },
    ParamSpec {
        key: "codebook_dim",
        flag: "codebook-dim",
        label: "Codebook dimension",
        unit: "",
        kind: ParamKind::Int { min: 0, max: 65_536 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: "Codebooks of fewer dimensions than the frames: a fixed linear map stands in front of each layer and one behind it, made of the \
               principal axes of what the layer sees when it starts. 0, or the frames' own dimension, for none.",
        read: |p| ParamValue::Int(p.codebook_dim as u64),
        write: |p, v| set(&mut p.codebook_dim, v.as_int().map(|v| v as usize)),
    },
    ParamSpec {
        key: "decay",
        flag: "decay",
        label: "Decay",
        unit: "",
        kind: ParamKind::Float { min: 0.0, max: 0.999_999 },
        effect: Effect::Live,
        scope: Scope::COMPARABLE,
        help: "The share of the running average that a step keeps. The window is 1/(1-decay) steps: 100 at 0.99.",
        read: |p| ParamValue::Float(p.decay),
        write: |p, v| set(&mut p.decay, v.as_float()),
    },
    ParamSpec {
        key: "epsilon",
        flag: "epsilon",
        label: "Epsilon",
        unit: "frames",
        kind: ParamKind::Float { min: 0.0, max: 1.0 },
        effect: Effect::Live,
        scope: Scope::COMPARABLE,
        help: "Laplace smoothing of the cluster sizes, which keeps an unused code from being divided by zero.",
        read: |p| ParamValue::Float(p.epsilon),
        write: |p, v| set(&mut p.epsilon, v.as_float()),
    },
    ParamSpec {
        key: "threshold_ema_dead_code",
        flag: "threshold",
        label: "Dead-code threshold",
        unit: "frames",
        kind: ParamKind::Float { min: 0.0, max: 1e9 },
        effect: Effect::Live,
        scope: Scope { is_own: true, ..Scope::COMPARABLE },
        help: "A code whose EMA cluster size falls below this many frames a batch is replaced by a frame of the batch. 0 turns \
               replacement off. At N/K (batch size over codes) or more it declares every code dead.",
        read: |p| ParamValue::Float(p.threshold_ema_dead_code),
        write: |p, v| set(&mut p.threshold_ema_dead_code, v.as_float()),
    },
    ParamSpec {
        key: "reset_cluster_size",
        flag: "reset-cluster-size",
        label: "Reset cluster size",
        unit: "frames",
        kind: ParamKind::Float { min: 0.0, max: 1e9 },
        effect: Effect::Live,
        scope: Scope { readers: Readers::Only(&["lucidrains"]), ..Scope::COMPARABLE },
        help: "The EMA cluster size that a replaced code starts with; 0 takes the threshold.",
        read: |p| ParamValue::Float(p.reset_cluster_size),
        write: |p, v| set(&mut p.reset_cluster_size, v.as_float()),
    },
    ParamSpec {
        key: "metric",
        flag: "metric",
        label: "Distance",
        unit: "",
        kind: ParamKind::Choice(&["euclidean", "cosine"]),
        effect: Effect::Restart,
        scope: Scope { readers: Readers::Only(&["lucidrains"]), ..Scope::COMPARABLE },
        help: "How the nearest code is found: by squared distance, or by the angle between unit vectors.",
        read: |p| ParamValue::Choice(if p.metric.is_cosine() { "cosine" } else { "euclidean" }),
        write: |p, v| {
            set(
                &mut p.metric,
                v.as_choice().map(|w| if w == "cosine" { Metric::Cosine } else { Metric::Euclidean }),
            );
        },
    },
    ParamSpec {
        key: "assignment",
        flag: "assignment",
        label: "Assignment",
        unit: "",
        kind: ParamKind::Choice(&["exact", "upstream"]),
        effect: Effect::Live,
        scope: Scope { readers: Readers::AllBut(&["rvqscope"]), ..Scope::COMPARABLE },
        help: "Exact: the nearest code. Upstream: the smallest x² - 2xe + e² in 32-bit floats, as trainers compute it, which goes wrong where \
               the mean of the data lies far from zero. Held-out figures are exact in both cases.",
        read: |p| ParamValue::Choice(if p.assignment == Assignment::Upstream { "upstream" } else { "exact" }),
        write: |p, v| {
            set(
                &mut p.assignment,
                v.as_choice().map(|w| if w == "upstream" { Assignment::Upstream } else { Assignment::Exact }),
            );
        },
    },
    ParamSpec {
        key: "init",
        flag: "init",
        label: "Start from",
        unit: "",
        kind: ParamKind::Choice(&["kmeans", "sample", "uniform"]),
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: "Where the first codebooks come from: k-means, frames drawn at random, or random numbers.",
        read: |p| {
            ParamValue::Choice(match p.init {
                InitMethod::KMeans => "kmeans",
                InitMethod::Sample => "sample",
                InitMethod::Uniform => "uniform",
            })
        },
        write: |p, v| {
            set(
                &mut p.init,
                v.as_choice().map(|w| match w {
                    "sample" => InitMethod::Sample,
                    "uniform" => InitMethod::Uniform,
                    _ => InitMethod::KMeans,
                }),
            );
        },
    },
    ParamSpec {
        key: "kmeans_iters",
        flag: "kmeans-iters",
        label: "k-means iterations",
        unit: "",
        kind: ParamKind::Int { min: 1, max: 10_000 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: "Lloyd iterations of the k-means that starts each layer.",
        read: |p| ParamValue::Int(p.kmeans_iters as u64),
        write: |p, v| set(&mut p.kmeans_iters, v.as_int().map(|v| v as usize)),
    },
    ParamSpec {
        key: "commitment_weight",
        flag: "commitment-weight",
        label: "Commitment weight",
        unit: "",
        kind: ParamKind::Float { min: 0.0, max: 1e6 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: "Factor of the commitment loss that is shown. The codebooks do not depend on it: it acts on an encoder.",
        read: |p| ParamValue::Float(p.commitment_weight),
        write: |p, v| set(&mut p.commitment_weight, v.as_float()),
    },
    ParamSpec {
        key: "batch_size",
        flag: "batch",
        label: "Batch",
        unit: "frames",
        kind: ParamKind::Int { min: 1, max: 1 << 24 },
        effect: Effect::Live,
        scope: Scope::SHARED,
        help: "Frames a step. Codes get N/K frames a step on average, which is what a threshold is measured against.",
        read: |p| ParamValue::Int(p.batch_size as u64),
        write: |p, v| set(&mut p.batch_size, v.as_int().map(|v| v as usize)),
    },
    ParamSpec {
        key: "steps",
        flag: "steps",
        label: "Steps",
        unit: "",
        kind: ParamKind::Int { min: 1, max: u64::MAX / 2 },
        effect: Effect::Live,
        scope: Scope::SHARED,
        help: "Where training ends. It can be continued from there.",
        read: |p| ParamValue::Int(p.steps),
        write: |p, v| set(&mut p.steps, v.as_int()),
    },
    ParamSpec {
        key: "order",
        flag: "order",
        label: "Order",
        unit: "",
        kind: ParamKind::Choice(&["shuffled", "sequential"]),
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: "Shuffled: a new random order each epoch, an incomplete last batch is dropped. Sequential: as the frames come, and \
               an incomplete last batch is used.",
        read: |p| {
            ParamValue::Choice(if p.order == BatchOrder::Sequential { "sequential" } else { "shuffled" })
        },
        write: |p, v| {
            set(
                &mut p.order,
                v.as_choice()
                    .map(|w| if w == "sequential" { BatchOrder::Sequential } else { BatchOrder::Shuffled }),
            );
        },
    },
    ParamSpec {
        key: "search",
        flag: "search",
        label: "Search in training",
        unit: "",
        kind: ParamKind::Paths { max: MAX_BEAM as u64 },
        effect: Effect::Restart,
        scope: Scope::COMPARABLE,
        help: "How a step's codes are searched. Along B paths, as the encoder's beam goes, every layer sees what each of them leaves over, and \
               rows serve such a search better: each path counts as a frame. The model is a plain RVQ all the same.",
        read: |p| ParamValue::Int(p.search as u64),
        write: |p, v| set(&mut p.search, v.as_int().map(|v| v as usize)),
    },
    ParamSpec {
        key: "refit",
        flag: "refit",
        label: "Refits at the end",
        unit: "steps",
        kind: ParamKind::Int { min: 0, max: 10_000 },
        effect: Effect::Live,
        scope: Scope::COMPARABLE,
        help: "So many of the last steps search codes along the paths and then move the rows of all layers at once by least squares, held by a \
               few frames at their old places. Nine tenths of the training frames are fitted; what makes the last tenth worse is not kept. 0 for \
               none.",
        read: |p| ParamValue::Int(p.refit),
        write: |p, v| set(&mut p.refit, v.as_int()),
    },
    ParamSpec {
        key: "quantizer_dropout",
        flag: "quantizer-dropout",
        label: "Quantizer dropout",
        unit: "",
        kind: ParamKind::Bool,
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: "Each step trains a random number of leading layers, so that fewer layers also work on their own.",
        read: |p| ParamValue::Bool(p.quantizer_dropout),
        write: |p, v| set(&mut p.quantizer_dropout, v.as_bool()),
    },
    ParamSpec {
        key: "calibrate",
        flag: "calibrate",
        label: "Calibrate",
        unit: "",
        kind: ParamKind::Bool,
        effect: Effect::Live,
        scope: Scope { readers: Readers::Only(&["rvqscope"]), ..Scope::COMPARABLE },
        help: "Behind the last step, the rows of each layer behind the first are multiplied by the factor with which frames that it was not \
               trained on lose least: what is left of training frames is less than what is left of new ones.",
        read: |p| ParamValue::Bool(p.calibrate),
        write: |p, v| set(&mut p.calibrate, v.as_bool()),
    },
    ParamSpec {
        key: "keep_best",
        flag: "keep-best",
        label: "Keep the best",
        unit: "",
        kind: ParamKind::Bool,
        effect: Effect::Live,
        scope: Scope { is_own: true, ..Scope::COMPARABLE },
        help: "Behind the last step, the state with which held-out frames lost least on the way is kept in place of the last one, where that is \
               clearly worse, both calibrated if so it is meant. Frames are looked at every ten to fifty steps. Resuming goes on from the last one all the same.",
        read: |p| ParamValue::Bool(p.keep_best),
        write: |p, v| set(&mut p.keep_best, v.as_bool()),
    },
    ParamSpec {
        key: "patience",
        flag: "patience",
        label: "Patience",
        unit: "steps",
        kind: ParamKind::Int { min: 0, max: u64::MAX / 2 },
        effect: Effect::Live,
        scope: Scope::COMPARABLE,
        help: "Training ends early where held-out SNR has not gained more than 0.01 dB for so many steps; a change on the way begins the count \
               anew. 0 takes all steps.",
        read: |p| ParamValue::Int(p.patience),
        write: |p, v| set(&mut p.patience, v.as_int()),
    },
    ParamSpec {
        key: "seed",
        flag: "seed",
        label: "Seed",
        unit: "",
        kind: ParamKind::Int { min: 0, max: u64::MAX },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: "Start of every random draw. The same seed, data and parameters give the same bytes.",
        read: |p| ParamValue::Int(p.seed),
        write: |p, v| set(&mut p.seed, v.as_int()),
    },
];

/// The description of parameter `key`.
#[must_use]
pub fn param_spec(key: &str) -> Option<&'static ParamSpec<RvqParams>> {
    PARAMS.iter().find(|spec| spec.key == key)
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
