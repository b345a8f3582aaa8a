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

mod beam;
mod blocks;
mod chain;
mod chain_blocks;
pub mod code_sums;
mod codebook;
pub mod ema_state;
pub mod encoder;
mod forward;
mod frames_space;
pub mod init;
mod layer;
mod layer_inputs;
pub mod nearest;
mod param_table;
mod params;
mod prepared;
mod projection;
pub mod refit;
mod residuals;
mod rows;
pub mod rules;
pub mod search;
mod shared_assignment;
mod stack;
mod upstream_assignment;
mod valid_params;

pub use chain::{Chain, ChainParts};
pub(crate) use codebook::normalize_rows;
pub use codebook::{Codebook, Projection};
pub use forward::Forward;
pub(crate) use frames_space::best_in_frames_space;
pub use layer::Layer;
pub use layer_inputs::LayerInputs;
pub use param_table::{PARAMS, param_spec};
pub use params::{Assignment, BatchOrder, InitMethod, Metric, RvqParams};
pub(crate) use rows::{Rows, energy};
pub use stack::{LayerSpan, Rvq};
pub use upstream_assignment::assign_as_upstream;
pub(crate) use upstream_assignment::replace_by_upstream;
pub use valid_params::ValidRvqParams;

use crate::task::Cancelled;
use crate::text::{Message, Phrase, msg};

/// What can be wrong with a quantizer or with what is asked of it.
#[derive(Debug, Clone, PartialEq)]
pub enum RvqError {
    /// Arrays do not fit together.
    Shape(Message),
    /// A value is NaN or infinite.
    NotFinite(Phrase),
    /// A layer was asked for that is not there.
    NoSuchLayer {
        /// The layer asked for.
        asked: usize,
        /// How many there are.
        have: usize,
    },
    /// More layers were asked for than there are.
    TooManyLayers {
        /// How many were asked for.
        asked: usize,
        /// How many there are.
        have: usize,
    },
    /// A code lies beyond its codebook.
    NoSuchCode {
        /// The layer.
        layer: usize,
        /// The code.
        code: u32,
        /// The codebook's size.
        num_codes: usize,
    },
    /// No rule can train on from this quantizer.
    NotTrainable(Phrase),
    /// The work was cancelled.
    Cancelled(Cancelled),
}

impl RvqError {
    /// What is wrong, to be said in whatever language it is read.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::Shape(words) => words.clone(),
            Self::NotFinite(what) => msg!("err-not-finite", what = *what),
            Self::NoSuchLayer { asked, have } => msg!("err-no-such-layer", asked = *asked, have = *have),
            Self::TooManyLayers { asked, have } => msg!("err-too-many-layers", asked = *asked, have = *have),
            Self::NoSuchCode { layer, code, num_codes } => {
                msg!("err-no-such-code", code = *code, layer = *layer, codes = *num_codes)
            }
            Self::NotTrainable(why) => msg!("err-not-trainable", why = *why),
            Self::Cancelled(_) => msg!("err-cancelled"),
        }
    }
}

impl std::fmt::Display for RvqError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for RvqError {}

impl From<Cancelled> for RvqError {
    fn from(cancelled: Cancelled) -> Self {
        Self::Cancelled(cancelled)
    }
}
