//! The figures: each formula stands once, and its definition is the text of its tooltip, of the report's footer and of its documentation.
//!
//! Every figure is of a stated set of frames. What is undefined (no frame, no signal) is `None`, never 0 or NaN.

use crate::text::Phrase;

pub mod between;
mod bound;
pub mod buffers;
pub mod by_clip;
pub mod by_dimension;
pub mod code_map;
pub mod convergence;
mod covariance;
pub mod dependence;
pub mod distortion;
mod evaluation;
mod evaluator;
pub mod figures;
mod histogram;
pub mod over_time;
mod plane;
pub mod portrait;
pub mod rate;
mod shared_evaluation;
mod summary;
pub mod threshold;
pub mod timeline;
pub mod tuples;
pub mod usage;

pub use bound::{BoundWork, GainSample};
pub use buffers::{CodebookView, EmaMetrics, EmaSetting};
pub use covariance::Covariance;
pub use evaluation::{Evaluation, LayerTally};
pub use evaluator::{Evaluator, evaluate};
pub use figures::{LAYER_FIGURES, LayerFigure, LayerView};
pub use histogram::Histogram;
pub use shared_evaluation::{OwnFrames, evaluate_shared};
pub use summary::{LayerMetrics, TotalMetrics, layer_metrics, total_metrics};

/// What a figure is: its key in files, its name, its unit and how it is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// The key in `metrics.json`.
    pub key: &'static str,
    /// The name in the window and in the report.
    pub label: Phrase,
    /// The unit, empty for a plain number.
    pub unit: Phrase,
    /// The formula, and what it says.
    pub text: Phrase,
}

/// Declares a figure: its definition, and the function whose documentation is the catalogue's English text; a test holds both against each other.
macro_rules! metric {
    (
        $name:ident, $key:literal, $unit:expr, $text:literal;
        $(#[$more:meta])*
        pub fn $function:ident $($rest:tt)*
    ) => {
        #[doc = concat!("The definition of [`", stringify!($function), "`].")]
        pub static $name: $crate::metrics::Definition =
            $crate::metrics::Definition {
                key: $key,
                label: $crate::text::Phrase(concat!("figure-", $key)),
                unit: $unit,
                text: $crate::text::Phrase(concat!("figure-", $key, ".text")),
            };

        #[doc = $text]
        $(#[$more])*
        pub fn $function $($rest)*
    };
}
pub(crate) use metric;

/// Every definition, in the order in which a report's footer lists them.
pub static DEFINITIONS: &[&Definition] = &[
    &usage::USED,
    &usage::UTILIZATION,
    &usage::UNIFORM_UTILIZATION,
    &usage::ENTROPY,
    &usage::PERPLEXITY,
    &usage::PERPLEXITY_MM,
    &usage::GINI,
    &usage::DEAD_WINDOW,
    &usage::DEAD_THRESHOLD,
    &usage::DEAD_CORPUS,
    &usage::BIT_EFFICIENCY,
    &usage::NOMINAL_KBPS,
    &usage::EFFECTIVE_KBPS,
    &tuples::COLLISION_RATE,
    &tuples::PREFIX_COVERAGE,
    &dependence::CONDITIONAL_ENTROPY,
    &dependence::MUTUAL_INFORMATION,
    &dependence::REPETITION,
    &dependence::RUN_LENGTH,
    &distortion::MSE,
    &distortion::SNR,
    &distortion::SNR_GAIN,
    &distortion::EXPLAINED_VARIANCE,
    &distortion::BEAM_GAIN,
    &distortion::CODE_DISTORTION,
    &distortion::MARGIN,
    &distortion::SHANNON,
    &distortion::CENTRED_GAIN,
    &distortion::SHANNON_SHARE,
    &rate::FRAME_BITS,
    &rate::GAUSSIAN_SNR,
    &by_dimension::DIMENSION_VARIANCE,
    &buffers::EMA_TOTAL,
    &buffers::EMA_USED,
    &buffers::EMA_UTILIZATION,
    &buffers::EMA_ENTROPY,
    &buffers::EMA_PERPLEXITY,
    &buffers::EMA_GINI,
    &buffers::EMBED_GAP,
    &buffers::NEAR_DUPLICATES,
    &buffers::EFFECTIVE_DIMENSION,
    &threshold::UNIFORM_SIZE,
    &threshold::THRESHOLD_ADVICE,
    &convergence::DRIFT,
    &convergence::DRIFT_ALL,
    &convergence::CODE_DRIFT,
    &convergence::LOSS,
    &convergence::EMA_WINDOW,
    &convergence::EMA_HALF_LIFE,
    &convergence::CLUSTER_SIZE_NOISE,
    &convergence::EXPIRY_STEPS,
    &between::CHECKPOINT_DRIFT,
    &between::TOKEN_STABILITY,
    &between::BIRTHS,
    &between::DEATHS,
];

/// Below this many frames a code, counts say more about the sample than about the quantizer.
pub const FRAMES_A_CODE_NEEDED: usize = 10;

/// Whether `frames` frames are too few to judge `num_codes` codes by: fewer than 10 K.
#[must_use]
pub fn is_small_sample(frames: u64, num_codes: usize) -> bool {
    frames < (FRAMES_A_CODE_NEEDED * num_codes) as u64
}
