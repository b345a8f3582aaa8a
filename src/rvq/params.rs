//! The parameters of a training.

/// How near two vectors are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Metric {
    /// Squared Euclidean distance.
    #[default]
    Euclidean,
    /// The angle between them: rows and frames are compared at unit length.
    Cosine,
    /// The angle decides, but what is subtracted is the row at its full length, as in DAC. No rule trains it.
    CosineRaw,
}

impl Metric {
    /// Whether rows and frames are compared at unit length.
    #[must_use]
    pub fn is_cosine(self) -> bool {
        self != Self::Euclidean
    }
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

/// How the nearest code is found in training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Assignment {
    /// The argmin of the true distance.
    #[default]
    Exact,
    /// The argmin of `x² - 2xe + e²` in f32, as upstream classes evaluate it on data that are not centred.
    Upstream,
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
    /// Dimension of the codebooks behind a fixed projection; 0 for that of the frames, without one.
    pub codebook_dim: usize,
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
    /// How the nearest code is found. Every rule reads it but our own, which is always exact.
    pub assignment: Assignment,
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
    /// Paths that a step's codes are searched along; 1 for greedy steps.
    pub search: usize,
    /// How many of the last steps are refits.
    pub refit: u64,
    /// Whether each step uses a random number of leading layers.
    pub quantizer_dropout: bool,
    /// Whether the length of rows is fitted to held-out frames behind the last step. Only our own rule reads it.
    pub calibrate: bool,
    /// Whether the state of the best look at held-out frames is kept in place of a last one that is clearly worse.
    pub keep_best: bool,
    /// Steps without a gain on held-out frames after which training ends; 0 to take all steps.
    pub patience: u64,
    /// The seed of every random draw.
    pub seed: u64,
}

impl RvqParams {
    /// What all upstreams of the lineage start from; rules change what is their own.
    #[must_use]
    pub const fn lineage(rule: &'static str) -> Self {
        Self {
            rule,
            num_layers: 8,
            codebook_size: 1024,
            codebook_dim: 0,
            decay: 0.99,
            epsilon: 1e-5,
            threshold_ema_dead_code: 2.0,
            reset_cluster_size: 0.0,
            metric: Metric::Euclidean,
            assignment: Assignment::Exact,
            init: InitMethod::KMeans,
            kmeans_iters: 50,
            commitment_weight: 1.0,
            batch_size: 4096,
            steps: 1000,
            order: BatchOrder::Shuffled,
            search: 1,
            refit: 0,
            quantizer_dropout: false,
            calibrate: false,
            keep_best: false,
            patience: 0,
            seed: 0,
        }
    }

    /// `1/(1-decay)`: the steps over which the EMA looks back.
    #[must_use]
    pub fn ema_window_steps(&self) -> f64 {
        1.0 / (1.0 - self.decay)
    }
}
