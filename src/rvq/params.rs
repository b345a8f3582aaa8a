//! The parameters of a training, their descriptions, and the check that makes them fit for use.

use crate::param::{Effect, ParamError, ParamKind, ParamSpec, ParamValue};

use super::rules::{self, UpdateRule};

/// How near two vectors are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Metric {
    /// Squared Euclidean distance.
    #[default]
    Euclidean,
    /// The angle between them: rows and frames are compared at unit length.
    Cosine,
}

/// Where the first codebooks come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InitMethod {
    /// k-means, in the way of the rule.
    #[default]
    KMeans,
    /// Frames drawn at random.
    Sample,
    /// Random numbers, in the way of the rule.
    Uniform,
}

/// In which order a training sees its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BatchOrder {
    /// In a new random order each epoch; an incomplete last batch is dropped.
    #[default]
    Shuffled,
    /// As they come; an incomplete last batch is used.
    Sequential,
}

/// Everything that decides how a training goes, besides its data and its starting codebooks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RvqParams {
    /// The update rule.
    pub rule: &'static str,
    /// `n_q`.
    pub num_layers: usize,
    /// `K`.
    pub codebook_size: usize,
    /// EMA decay.
    pub decay: f64,
    /// Laplace smoothing.
    pub epsilon: f64,
    /// Below this size a code counts as dead, in the rule's unit; 0 turns replacement off.
    pub threshold_ema_dead_code: f64,
    /// The EMA size that a replaced code gets; 0 for the threshold. Read by `lucidrains` only.
    pub reset_cluster_size: f64,
    /// How nearness is measured. Only `lucidrains` reads it.
    pub metric: Metric,
    /// Where the first codebooks come from.
    pub init: InitMethod,
    /// k-means iterations.
    pub kmeans_iters: usize,
    /// Factor of the commitment loss.
    pub commitment_weight: f64,
    /// Frames a step.
    pub batch_size: usize,
    /// Steps in all.
    pub steps: u64,
    /// In which order frames come.
    pub order: BatchOrder,
    /// Whether each step uses a random number of leading layers.
    pub quantizer_dropout: bool,
    /// The seed of every random draw.
    pub seed: u64,
}

/// Parameters that were checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValidRvqParams(RvqParams);

/// Every parameter, in the order in which a form shows them. A rule names those it reads.
pub static PARAMS: &[ParamSpec<RvqParams>] = &[
    ParamSpec {
        key: "num_layers",
        flag: "layers",
        label: "Layers (n_q)",
        unit: "",
        kind: ParamKind::Int { min: 1, max: 256 },
        effect: Effect::Restart,
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
        help: "Codes in each layer. A layer spends log2 K bits a frame.",
        read: |p| ParamValue::Int(p.codebook_size as u64),
        write: |p, v| set(&mut p.codebook_size, v.as_int().map(|v| v as usize)),
    },
    ParamSpec {
        key: "decay",
        flag: "decay",
        label: "Decay",
        unit: "",
        kind: ParamKind::Float { min: 0.0, max: 0.999_999 },
        effect: Effect::Live,
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
        help: "How the nearest code is found: by squared distance, or by the angle between unit vectors.",
        read: |p| ParamValue::Choice(if p.metric == Metric::Cosine { "cosine" } else { "euclidean" }),
        write: |p, v| {
            set(
                &mut p.metric,
                v.as_choice().map(|w| if w == "cosine" { Metric::Cosine } else { Metric::Euclidean }),
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
        key: "quantizer_dropout",
        flag: "quantizer-dropout",
        label: "Quantizer dropout",
        unit: "",
        kind: ParamKind::Bool,
        effect: Effect::Restart,
        help: "Each step trains a random number of leading layers, so that fewer layers also work on their own.",
        read: |p| ParamValue::Bool(p.quantizer_dropout),
        write: |p, v| set(&mut p.quantizer_dropout, v.as_bool()),
    },
    ParamSpec {
        key: "seed",
        flag: "seed",
        label: "Seed",
        unit: "",
        kind: ParamKind::Int { min: 0, max: u64::MAX },
        effect: Effect::Restart,
        help: "Start of every random draw. The same seed, data and parameters give the same bytes.",
        read: |p| ParamValue::Int(p.seed),
        write: |p, v| set(&mut p.seed, v.as_int()),
    },
];

/// The parameters that rule `rule` starts from.
#[must_use]
pub fn default_params(rule: &dyn UpdateRule) -> RvqParams {
    rule.defaults()
}

/// The description of parameter `key`.
#[must_use]
pub fn param_spec(key: &str) -> Option<&'static ParamSpec<RvqParams>> {
    PARAMS.iter().find(|spec| spec.key == key)
}

impl Default for RvqParams {
    /// The lineage's defaults under the recommended rule.
    fn default() -> Self {
        rules::DEFAULT.defaults()
    }
}

impl RvqParams {
    /// What all upstreams of the lineage start from; rules change what is their own.
    #[must_use]
    pub const fn lineage(rule: &'static str) -> Self {
        Self {
            rule,
            num_layers: 8,
            codebook_size: 1024,
            decay: 0.99,
            epsilon: 1e-5,
            threshold_ema_dead_code: 2.0,
            reset_cluster_size: 0.0,
            metric: Metric::Euclidean,
            init: InitMethod::KMeans,
            kmeans_iters: 50,
            commitment_weight: 1.0,
            batch_size: 4096,
            steps: 1000,
            order: BatchOrder::Shuffled,
            quantizer_dropout: false,
            seed: 0,
        }
    }

    /// Checks every parameter that the rule reads.
    ///
    /// # Errors
    /// The first one that is outside of its range.
    pub fn validate(self) -> Result<ValidRvqParams, ParamError> {
        for spec in rules::rule(self.rule).params() {
            spec.check(&self)?;
        }
        Ok(ValidRvqParams(self))
    }

    /// These parameters under another rule: what both read is kept, but for the threshold, whose unit is the rule's own.
    #[must_use]
    pub fn with_rule(self, rule: &'static dyn UpdateRule) -> Self {
        let mut params = rule.defaults();
        for spec in rule.params() {
            if spec.key != "threshold_ema_dead_code" {
                (spec.write)(&mut params, (spec.read)(&self));
            }
        }
        params
    }

    /// `1/(1-decay)`: the steps over which the EMA looks back.
    #[must_use]
    pub fn ema_window_steps(&self) -> f64 {
        1.0 / (1.0 - self.decay)
    }
}

impl std::ops::Deref for ValidRvqParams {
    type Target = RvqParams;

    fn deref(&self) -> &RvqParams {
        &self.0
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
