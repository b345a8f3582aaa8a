//! What tiles are made of, what they show, and what is known of a frame.

use std::sync::Arc;

use crate::app::memo::ByPtr;
use crate::jobs::{Dataset, Tokens};
use crate::metrics::timeline::{Nearby, Tile};
use crate::rvq::Rvq;

/// What tiles are made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Source {
    /// The codes.
    pub tokens: Option<ByPtr<Tokens>>,
    /// The frames.
    pub dataset: Option<ByPtr<Dataset>>,
    /// The quantizer that made these codes of these frames.
    pub rvq: Option<ByPtr<Rvq>>,
}

/// What a tile shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// How long frames are: the root of the mean of their squared norms.
    Norms,
    /// The values of frames.
    Features,
    /// The code that most frames of a bin chose in each layer.
    Codes,
    /// The mean squared error behind each layer.
    Error,
    /// The mean margin of the code of each layer.
    Margin,
}

/// A tile as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// What it shows.
    pub content: Content,
    /// Of which frames.
    pub tile: Tile,
    /// In the colours of which theme.
    pub is_dark: bool,
}

/// What is known of one frame besides its codes.
#[derive(Debug)]
pub struct FrameLook {
    /// The frame.
    pub frame: usize,
    /// `||x - q_1..l||²` behind each layer.
    pub sq_errors: Vec<f64>,
    /// Its codes and those that came next, `(num_layers, 1)`.
    pub nearby: Nearby,
}

impl Source {
    /// The codes, without the wrapping.
    #[must_use]
    pub fn codes(&self) -> Option<&Arc<Tokens>> {
        self.tokens.as_ref().map(|tokens| &tokens.0)
    }
}
