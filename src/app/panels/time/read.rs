//! What is read off at a place: the frame, and what the band under the pointer says of it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

use egui_plot::PlotPoint;

use super::super::data::Timeline;
use super::bands::{Bands, Place};
use super::content::FrameLook;
use crate::app::plot::ReadOut;
use crate::app::plot::numbers::number;
use crate::features::FeatureMatrix;
use crate::io::NO_CODE;
use crate::jobs::Tokens;
use crate::metrics::distortion::margin;
use crate::metrics::timeline::NONE;
use crate::text::t;

/// Layers whose codes stand in one row.
const LAYERS_A_ROW: usize = 8;

/// What there is to read off.
pub struct Reader<'a> {
    /// The time axis.
    pub line: Timeline<'a>,
    /// What lies where.
    pub bands: Bands,
    /// The codes.
    pub tokens: Option<&'a Tokens>,
    /// The frames.
    pub matrix: Option<&'a FeatureMatrix>,
    /// Frames that were looked at.
    pub looks: &'a VecDeque<Arc<FrameLook>>,
    /// The frame that is to be looked at.
    pub wanted: &'a Cell<Option<usize>>,
}

impl Reader<'_> {
    /// What is there at a place in the plot.
    pub fn read(&self, at: PlotPoint) -> Option<ReadOut> {
        let (frame, place) = (self.line.frame_in(at.x)?, self.bands.at(at.y)?);
        let clip = self.line.clip(frame).map_or("", |clip| clip.name.as_str());
        let read = self.line.read_out(frame);
        let read = if clip.is_empty() { read } else { read.row(t!("data-clip"), clip) };
        let read = match place {
            Place::Loudness => self.loudness(read, frame),
            Place::Features(share) => self.feature(read, frame, share),
            Place::Layer(layer) => self.layer(read, frame, layer),
        };
        Some(self.codes(read, frame))
    }

    fn loudness(&self, read: ReadOut, frame: usize) -> ReadOut {
        let Some(row) = self.matrix.filter(|matrix| frame < matrix.num_frames()) else { return read };
        let energy: f64 = row.view().row(frame).iter().map(|&v| f64::from(v).powi(2)).sum();
        read.row(t!("time-norm"), number(energy.sqrt()))
    }

    fn feature(&self, read: ReadOut, frame: usize, share: f64) -> ReadOut {
        let Some(matrix) = self.matrix else { return read };
        let d = ((share * matrix.dim() as f64) as usize).min(matrix.dim().saturating_sub(1));
        match matrix.view().get([frame, d]) {
            Some(&value) => read.row(t!("data-dimension-n", dimension = d), number(f64::from(value))),
            None => read,
        }
    }

    /// The code of one layer, how far away it was, and which came next.
    fn layer(&self, read: ReadOut, frame: usize, layer: usize) -> ReadOut {
        let Some(&code) = self.tokens.and_then(|tokens| tokens.values.get([layer, frame])) else {
            return read;
        };
        let read = read.row(t!("layer-n", layer = layer + 1), said(code));
        self.wanted.set(Some(frame));
        let Some(look) = self.looks.iter().find(|look| look.frame == frame) else { return read };
        let at = [layer, 0];
        let nearby = &look.nearby;
        let read = match nearby.sq_dists.get(at) {
            Some(dist) if !dist.is_nan() => read.row(t!("time-distance"), number(f64::from(*dist))),
            _ => read,
        };
        let read = match (nearby.runners_up.get(at), nearby.runner_up_sq_dists.get(at)) {
            (Some(&next), Some(&dist)) if next != NONE => {
                let own = nearby.sq_dists.get(at).copied().unwrap_or(f32::NAN);
                let runner_up = t!("time-runner-up-code", code = next, distance = number(f64::from(dist)));
                let read = read.row(t!("time-runner-up"), runner_up);
                match margin(f64::from(own), f64::from(dist)) {
                    Some(margin) => read.row(t!("time-margin"), number(margin)),
                    None => read,
                }
            }
            _ => read,
        };
        match look.sq_errors.get(layer) {
            Some(&error) => read.row(t!("time-error-behind"), number(error)),
            None => read,
        }
    }

    /// The codes of all layers, several in a row.
    fn codes(&self, mut read: ReadOut, frame: usize) -> ReadOut {
        let Some(tokens) = self.tokens.filter(|tokens| frame < tokens.values.ncols()) else { return read };
        let codes: Vec<u32> = tokens.values.column(frame).to_vec();
        for (nth, codes) in codes.chunks(LAYERS_A_ROW).enumerate() {
            let first = nth * LAYERS_A_ROW + 1;
            let name = match codes.len() {
                1 => t!("layer-n", layer = first),
                len => t!("time-layers", first = first, last = first + len - 1),
            };
            let codes: Vec<String> = codes.iter().map(|&code| short(code)).collect();
            read = read.row(name, codes.join("  "));
        }
        read
    }
}

fn said(code: u32) -> String {
    if code == NO_CODE { t!("tokens-no-code").to_owned() } else { t!("tokens-code", code = code) }
}

fn short(code: u32) -> String {
    if code == NO_CODE { "–".to_owned() } else { code.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_off_with_all_of_its_codes() {
        let values = ndarray::Array2::from_shape_fn((9, 4), |(layer, t)| match (layer, t) {
            (8, 2) => NO_CODE,
            _ => (10 * layer + t) as u32,
        });
        let tokens = Tokens {
            values: values.into_shared(),
            num_codes: vec![100; 9],
            clips: Vec::new(),
            frame_rate_hz: Some(50.0),
            frames_in_all: 4,
        };
        let (looks, wanted) = (VecDeque::new(), Cell::new(None));
        let reader = Reader {
            line: Timeline::new(Some(50.0), 4, &[]),
            bands: Bands::new(false, 9),
            tokens: Some(&tokens),
            matrix: None,
            looks: &looks,
            wanted: &wanted,
        };
        let (top, bottom) = reader.bands.row(3).unwrap();
        let read = reader.read(PlotPoint::new(0.05, (top + bottom) / 2.0)).unwrap();
        let rows: Vec<(&str, &str)> =
            read.rows.iter().map(|row| (row.name.as_str(), row.value.as_str())).collect();
        assert_eq!(
            rows,
            [("Layer 4", "code 32"), ("Layers 1 to 8", "2  12  22  32  42  52  62  72"), ("Layer 9", "–")]
        );
        assert_eq!(wanted.get(), Some(2), "its distances are asked for");
        assert!(reader.read(PlotPoint::new(0.09, 0.5)).is_none(), "behind the last frame");
    }
}
