//! The descriptions of the parameters, off which forms, flags, file headers and tooltips are read.

use crate::param::{Effect, ParamKind, ParamSpec, ParamValue, Readers, Scope};
use crate::text::{Phrase, phrase};

use super::search::MAX_BEAM;
use super::{Assignment, BatchOrder, InitMethod, Metric, RvqParams};

/// Every parameter, in the order in which a form shows them, each with the rules that read it: a new one is a row here and a field in
/// [`RvqParams`].
pub static PARAMS: &[ParamSpec<RvqParams>] = &[
    ParamSpec {
        key: "num_layers",
        flag: "layers",
        label: phrase!("param-num_layers"),
        unit: Phrase::NONE,
        kind: ParamKind::Int { min: 1, max: 256 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-num_layers.help"),
        read: |p| ParamValue::Int(p.num_layers as u64),
        write: |p, v| set(&mut p.num_layers, v.as_int().map(|v| v as usize)),
    },
    ParamSpec {
        key: "codebook_size",
        flag: "codes",
        label: phrase!("param-codebook_size"),
        unit: Phrase::NONE,
        kind: ParamKind::Int { min: 1, max: 65_536 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-codebook_size.help"),
        read: |p| ParamValue::Int(p.codebook_size as u64),
        write: |p, v| set(&mut p.codebook_size, v.as_int().map(|v| v as usize)),
    },
    ParamSpec {
        key: "codebook_dim",
        flag: "codebook-dim",
        label: phrase!("param-codebook_dim"),
        unit: Phrase::NONE,
        kind: ParamKind::Int { min: 0, max: 65_536 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-codebook_dim.help"),
        read: |p| ParamValue::Int(p.codebook_dim as u64),
        write: |p, v| set(&mut p.codebook_dim, v.as_int().map(|v| v as usize)),
    },
    ParamSpec {
        key: "decay",
        flag: "decay",
        label: phrase!("param-decay"),
        unit: Phrase::NONE,
        kind: ParamKind::Float { min: 0.0, max: 0.999_999 },
        effect: Effect::Live,
        scope: Scope::COMPARABLE,
        help: phrase!("param-decay.help"),
        read: |p| ParamValue::Float(p.decay),
        write: |p, v| set(&mut p.decay, v.as_float()),
    },
    ParamSpec {
        key: "epsilon",
        flag: "epsilon",
        label: phrase!("param-epsilon"),
        unit: phrase!("unit-frames"),
        kind: ParamKind::Float { min: 0.0, max: 1.0 },
        effect: Effect::Live,
        scope: Scope::COMPARABLE,
        help: phrase!("param-epsilon.help"),
        read: |p| ParamValue::Float(p.epsilon),
        write: |p, v| set(&mut p.epsilon, v.as_float()),
    },
    ParamSpec {
        key: "threshold_ema_dead_code",
        flag: "threshold",
        label: phrase!("param-threshold_ema_dead_code"),
        unit: phrase!("unit-frames"),
        kind: ParamKind::Float { min: 0.0, max: 1e9 },
        effect: Effect::Live,
        scope: Scope { is_own: true, ..Scope::COMPARABLE },
        help: phrase!("param-threshold_ema_dead_code.help"),
        read: |p| ParamValue::Float(p.threshold_ema_dead_code),
        write: |p, v| set(&mut p.threshold_ema_dead_code, v.as_float()),
    },
    ParamSpec {
        key: "reset_cluster_size",
        flag: "reset-cluster-size",
        label: phrase!("param-reset_cluster_size"),
        unit: phrase!("unit-frames"),
        kind: ParamKind::Float { min: 0.0, max: 1e9 },
        effect: Effect::Live,
        scope: Scope { readers: Readers::Only(&["lucidrains"]), ..Scope::COMPARABLE },
        help: phrase!("param-reset_cluster_size.help"),
        read: |p| ParamValue::Float(p.reset_cluster_size),
        write: |p, v| set(&mut p.reset_cluster_size, v.as_float()),
    },
    ParamSpec {
        key: "metric",
        flag: "metric",
        label: phrase!("param-metric"),
        unit: Phrase::NONE,
        kind: ParamKind::Choice(&["euclidean", "cosine"]),
        effect: Effect::Restart,
        scope: Scope { readers: Readers::Only(&["lucidrains"]), ..Scope::COMPARABLE },
        help: phrase!("param-metric.help"),
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
        label: phrase!("param-assignment"),
        unit: Phrase::NONE,
        kind: ParamKind::Choice(&["exact", "upstream"]),
        effect: Effect::Live,
        scope: Scope { readers: Readers::AllBut(&["rvqscope"]), ..Scope::COMPARABLE },
        help: phrase!("param-assignment.help"),
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
        label: phrase!("param-init"),
        unit: Phrase::NONE,
        kind: ParamKind::Choice(&["kmeans", "sample", "uniform"]),
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-init.help"),
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
        label: phrase!("param-kmeans_iters"),
        unit: Phrase::NONE,
        kind: ParamKind::Int { min: 1, max: 10_000 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-kmeans_iters.help"),
        read: |p| ParamValue::Int(p.kmeans_iters as u64),
        write: |p, v| set(&mut p.kmeans_iters, v.as_int().map(|v| v as usize)),
    },
    ParamSpec {
        key: "commitment_weight",
        flag: "commitment-weight",
        label: phrase!("param-commitment_weight"),
        unit: Phrase::NONE,
        kind: ParamKind::Float { min: 0.0, max: 1e6 },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-commitment_weight.help"),
        read: |p| ParamValue::Float(p.commitment_weight),
        write: |p, v| set(&mut p.commitment_weight, v.as_float()),
    },
    ParamSpec {
        key: "batch_size",
        flag: "batch",
        label: phrase!("param-batch_size"),
        unit: phrase!("unit-frames"),
        kind: ParamKind::Int { min: 1, max: 1 << 24 },
        effect: Effect::Live,
        scope: Scope::SHARED,
        help: phrase!("param-batch_size.help"),
        read: |p| ParamValue::Int(p.batch_size as u64),
        write: |p, v| set(&mut p.batch_size, v.as_int().map(|v| v as usize)),
    },
    ParamSpec {
        key: "steps",
        flag: "steps",
        label: phrase!("param-steps"),
        unit: Phrase::NONE,
        kind: ParamKind::Int { min: 1, max: u64::MAX / 2 },
        effect: Effect::Live,
        scope: Scope::SHARED,
        help: phrase!("param-steps.help"),
        read: |p| ParamValue::Int(p.steps),
        write: |p, v| set(&mut p.steps, v.as_int()),
    },
    ParamSpec {
        key: "order",
        flag: "order",
        label: phrase!("param-order"),
        unit: Phrase::NONE,
        kind: ParamKind::Choice(&["shuffled", "sequential"]),
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-order.help"),
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
        label: phrase!("param-search"),
        unit: Phrase::NONE,
        kind: ParamKind::Paths { max: MAX_BEAM as u64 },
        effect: Effect::Restart,
        scope: Scope::COMPARABLE,
        help: phrase!("param-search.help"),
        read: |p| ParamValue::Int(p.search as u64),
        write: |p, v| set(&mut p.search, v.as_int().map(|v| v as usize)),
    },
    ParamSpec {
        key: "refit",
        flag: "refit",
        label: phrase!("param-refit"),
        unit: phrase!("unit-steps"),
        kind: ParamKind::Int { min: 0, max: 10_000 },
        effect: Effect::Live,
        scope: Scope::COMPARABLE,
        help: phrase!("param-refit.help"),
        read: |p| ParamValue::Int(p.refit),
        write: |p, v| set(&mut p.refit, v.as_int()),
    },
    ParamSpec {
        key: "quantizer_dropout",
        flag: "quantizer-dropout",
        label: phrase!("param-quantizer_dropout"),
        unit: Phrase::NONE,
        kind: ParamKind::Bool,
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-quantizer_dropout.help"),
        read: |p| ParamValue::Bool(p.quantizer_dropout),
        write: |p, v| set(&mut p.quantizer_dropout, v.as_bool()),
    },
    ParamSpec {
        key: "calibrate",
        flag: "calibrate",
        label: phrase!("param-calibrate"),
        unit: Phrase::NONE,
        kind: ParamKind::Bool,
        effect: Effect::Live,
        scope: Scope { readers: Readers::Only(&["rvqscope"]), ..Scope::COMPARABLE },
        help: phrase!("param-calibrate.help"),
        read: |p| ParamValue::Bool(p.calibrate),
        write: |p, v| set(&mut p.calibrate, v.as_bool()),
    },
    ParamSpec {
        key: "keep_best",
        flag: "keep-best",
        label: phrase!("param-keep_best"),
        unit: Phrase::NONE,
        kind: ParamKind::Bool,
        effect: Effect::Live,
        scope: Scope { is_own: true, ..Scope::COMPARABLE },
        help: phrase!("param-keep_best.help"),
        read: |p| ParamValue::Bool(p.keep_best),
        write: |p, v| set(&mut p.keep_best, v.as_bool()),
    },
    ParamSpec {
        key: "patience",
        flag: "patience",
        label: phrase!("param-patience"),
        unit: phrase!("unit-steps"),
        kind: ParamKind::Int { min: 0, max: u64::MAX / 2 },
        effect: Effect::Live,
        scope: Scope::COMPARABLE,
        help: phrase!("param-patience.help"),
        read: |p| ParamValue::Int(p.patience),
        write: |p, v| set(&mut p.patience, v.as_int()),
    },
    ParamSpec {
        key: "seed",
        flag: "seed",
        label: phrase!("param-seed"),
        unit: Phrase::NONE,
        kind: ParamKind::Int { min: 0, max: u64::MAX },
        effect: Effect::Restart,
        scope: Scope::SHARED,
        help: phrase!("param-seed.help"),
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
