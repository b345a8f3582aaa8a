//! The waveform itself, cut into frames.

use ndarray::Array2;

use crate::param::ParamSpec;
use crate::task::Task;

use super::params::specs;
use super::rows::rows;
use super::{ExtractError, ExtractParams, Extractor};

/// Frames of `frame_length` samples, one after the other, without overlap.
///
/// Samples behind the last whole frame are dropped; a clip shorter than one frame is filled up with zeros to one. An
/// empty clip is an error.
#[derive(Debug)]
pub struct Waveform;

impl Extractor for Waveform {
    fn id(&self) -> &'static str {
        "waveform"
    }

    fn label(&self) -> &'static str {
        "Raw waveform"
    }

    fn help(&self) -> &'static str {
        "The samples themselves, cut into frames. Shows how poorly vectors code a signal whose phase is left in."
    }

    fn params(&self) -> Vec<ParamSpec<ExtractParams>> {
        specs(&["sample_rate_hz", "frame_length"])
    }

    fn extract(
        &self,
        samples: &[f32],
        params: &ExtractParams,
        task: &Task<'_>,
    ) -> Result<Array2<f32>, ExtractError> {
        params.check(&self.params())?;
        if samples.is_empty() {
            return Err(ExtractError::Empty);
        }
        let frame_length = params.frame_length;
        let num_frames = (samples.len() / frame_length).max(1);
        rows(
            (num_frames, frame_length),
            "waveform frames",
            task,
            || (),
            |(), frame_idx, row| {
                for (value, &sample) in row.iter_mut().zip(&samples[frame_idx * frame_length..]) {
                    *value = sample;
                }
                Ok(())
            },
        )
    }

    fn frame_rate_hz(&self, params: &ExtractParams) -> f64 {
        f64::from(params.sample_rate_hz) / params.frame_length as f64
    }

    fn dim(&self, params: &ExtractParams) -> usize {
        params.frame_length
    }
}
