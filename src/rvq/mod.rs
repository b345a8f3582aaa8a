//! The residual vector quantizer.
pub mod nearest;
