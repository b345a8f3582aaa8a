//! Feature matrices: frames of real numbers.

mod matrix;
mod split;
pub mod standardize;

pub use matrix::{Clip, FeatureError, FeatureMatrix, FeatureSet, article_example};
pub use split::Split;
pub use standardize::Standardizer;
