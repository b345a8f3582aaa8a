//! The residual vector quantizer: layers of codebooks, each of which quantizes what the ones before left over.
//!
//! ```
//! use ndarray::array;
//! use rvqscope::rvq::{Codebook, LayerSpan, Rvq};
//!
//! let coarse = Codebook::from_rows(array![[0.0, 0.0], [4.0, 4.0]])?;
//! let fine = Codebook::from_rows(array![[0.0, 0.0], [0.5, -0.5]])?;
//! let rvq = Rvq::new(vec![coarse.into(), fine.into()])?;
//!
//! let frames = array![[4.4, 3.6], [0.1, 0.0]];
//! let codes = rvq.encode(frames.view(), LayerSpan::ALL)?;
//! assert_eq!(codes, array![[1, 0], [1, 0]]); // (num_layers, num_frames)
//! assert_eq!(rvq.decode(codes.view(), 0)?, array![[4.5, 3.5], [0.0, 0.0]]);
//! # Ok::<(), rvqscope::rvq::RvqError>(())
//! ```

mod chain;
mod codebook;
mod encode_chains;
pub mod encoder;
pub mod init;
pub mod nearest;
mod nearest_upstream;
mod param_table;
mod params;
mod projection;
pub mod rules;
pub mod search;
pub mod settle;
mod stack;
pub mod tally;

pub use chain::{Chain, ChainParts};
pub(crate) use codebook::normalize_rows;
pub use codebook::{Codebook, Projection};
pub use nearest_upstream::assign_as_upstream;
pub(crate) use nearest_upstream::replace_by_upstream;
pub use param_table::{PARAMS, param_spec};
pub use params::{Assignment, BatchOrder, InitMethod, Metric, RvqParams, ValidRvqParams, default_params};
pub(crate) use stack::layer_input;
pub use stack::{Forward, Layer, LayerSpan, Rvq};

use crate::task::Cancelled;

/// What can be wrong with a quantizer or with what is asked of it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RvqError {
    /// Arrays do not fit together.
    #[error("{0}")]
    Shape(String),
    /// A value is NaN or infinite.
    #[error("{0} holds a value that is not finite")]
    NotFinite(&'static str),
    /// A layer was asked for that is not there.
    #[error("layer {asked} was asked for, but there are {have} layers, numbered from 0")]
    NoSuchLayer {
        /// The layer asked for.
        asked: usize,
        /// How many there are.
        have: usize,
    },
    /// More layers were asked for than there are.
    #[error("{asked} layers were asked for, but there are {have}")]
    TooManyLayers {
        /// How many were asked for.
        asked: usize,
        /// How many there are.
        have: usize,
    },
    /// A code lies beyond its codebook.
    #[error("code {code} in layer {layer} is beyond the codebook's {num_codes} codes")]
    NoSuchCode {
        /// The layer.
        layer: usize,
        /// The code.
        code: u32,
        /// The codebook's size.
        num_codes: usize,
    },
    /// No rule can train on from this quantizer.
    #[error("no training can go on from this quantizer: {0}")]
    NotTrainable(&'static str),
    /// The work was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
