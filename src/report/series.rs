//! Values as series of points, for whoever makes plots.

use super::plot::{Mark, Series, Tone};

/// A layer's values, in the colour of its place among `num_layers`.
pub(super) fn layer_series(layer_idx: usize, num_layers: usize, mark: Mark, points: Vec<[f64; 2]>) -> Series {
    let at = layer_idx as f64 / num_layers.saturating_sub(1).max(1) as f64;
    Series { name: format!("layer {}", layer_idx + 1), mark, tone: Tone::Ramp(at), points }
}

/// Values against 1, 2, 3 and on: layers and ranks.
pub(super) fn counted_from_one(values: impl Iterator<Item = f64>) -> Vec<[f64; 2]> {
    values.zip(1u32..).map(|(value, i)| [f64::from(i), value]).collect()
}

/// Values against 0, 1, 2 and on: codes.
pub(super) fn counted_from_zero(values: impl Iterator<Item = f64>) -> Vec<[f64; 2]> {
    values.zip(0u32..).map(|(value, i)| [f64::from(i), value]).collect()
}
