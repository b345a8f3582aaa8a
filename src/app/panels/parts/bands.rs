//! Dimensions as what they stand for: mel bands, where frames are log-mel spectra that were made here.

use crate::app::PanelCtx;
use crate::app::plot::Axis;
use crate::app::plot::numbers::number;
use crate::features::log_mel::mel_edges_hz;
use crate::features::{Extractor as _, log_mel};
use crate::text::t;

/// The middle of each mel band, where frames of `dim` dimensions are log-mel spectra that were made here.
pub fn mel_bands_hz(ctx: &PanelCtx<'_>, dim: usize) -> Option<Vec<f64>> {
    let shown = ctx.session.shown()?;
    let entry = ctx.session.data_entry(shown.data?)?;
    let is_audio = entry.dataset.as_ref().is_some_and(|dataset| !dataset.audio.is_empty());
    let params = &entry.spec.extract;
    let is_log_mel = is_audio && params.extractor == log_mel::LogMel.id() && params.num_mels == dim;
    let edges = || mel_edges_hz(params.num_mels, params.fmin_hz, params.effective_fmax_hz());
    is_log_mel.then(|| edges().into_iter().skip(1).take(dim).collect())
}

/// The axis of dimensions, by what they stand for.
pub fn dimension_axis(are_bands: bool) -> Axis {
    if are_bands {
        Axis::whole(t!("parts-mel-bands"), t!("parts-mel-bands.help"))
    } else {
        Axis::whole(t!("parts-dimensions"), t!("parts-dimensions.help"))
    }
}

/// What a dimension is called in a read-out.
pub fn dimension_words(d: usize, bands_hz: Option<&[f64]>) -> String {
    match bands_hz.and_then(|bands| bands.get(d)) {
        Some(hz) => t!("parts-band", d = d, hz = number(hz.round())),
        None => t!("parts-dimension", d = d),
    }
}
