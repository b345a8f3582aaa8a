//! What is held out of a training.

/// What share of the frames is held out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Holdout(pub f64);
