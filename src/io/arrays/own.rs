//! What files of codes that this program wrote say of themselves.

use std::collections::BTreeMap;

use super::codes::Stated;

/// The metadata keys under which our own files of codes say what they are.
pub(in crate::io) const AXES_KEY: &str = "rvqscope.axes";
pub(in crate::io) const SIZES_KEY: &str = "rvqscope.codebook_sizes";
pub(in crate::io) const FIRST_LAYER_KEY: &str = "rvqscope.first_layer";
pub(in crate::io) const CLIPS_KEY: &str = "rvqscope.clips";
pub(in crate::io) const FRAME_RATE_KEY: &str = "frame_rate_hz";
/// What stands under [`AXES_KEY`] in files of codes.
pub(in crate::io) const CODES_AXES: &str = "layers, frames"; // not a text

/// What our own files say of the quantizer.
pub(super) fn stated(metadata: &BTreeMap<String, String>, layers: usize) -> Stated {
    let sizes = metadata.get(SIZES_KEY).and_then(|text| {
        text.split(',')
            .map(|size| size.trim().parse().ok().filter(|&size| size > 0))
            .collect::<Option<Vec<usize>>>()
    });
    Stated {
        codebook_sizes: sizes.filter(|sizes| sizes.len() == layers).unwrap_or_default(),
        first_layer: metadata.get(FIRST_LAYER_KEY).and_then(|text| text.parse().ok()),
        frame_rate_hz: rate(metadata),
    }
}

/// The clips that our own files name, where they cover all frames.
pub(super) fn clips(metadata: &BTreeMap<String, String>, frames: usize) -> Vec<(String, usize)> {
    let named = metadata.get(CLIPS_KEY).filter(|_| states_axes(metadata));
    let clips: Vec<(String, usize)> =
        named.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let total = clips.iter().try_fold(0usize, |sum, (_, len)| sum.checked_add(*len));
    if total == Some(frames) { clips } else { Vec::new() }
}

/// Whether a file says that its array is `[layers, frames]`.
pub(super) fn states_axes(metadata: &BTreeMap<String, String>) -> bool {
    metadata.get(AXES_KEY).is_some_and(|axes| axes == CODES_AXES)
}

/// Frames a second, where a file says so.
pub(super) fn rate(metadata: &BTreeMap<String, String>) -> Option<f64> {
    let rate = metadata.get(FRAME_RATE_KEY).and_then(|text| text.parse::<f64>().ok());
    rate.filter(|rate| rate.is_finite() && *rate > 0.0)
}
