//! The waveform itself, cut into frames.

use ndarray::{Array2, ArrayView2};

use crate::param::ParamSpec;
use crate::task::Task;
use crate::text::{Phrase, phrase, t};

use super::params::specs;
use super::rows::rows;
use super::{ExtractError, ExtractParams, Extractor, Inverse, Inversion, Inverted};

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

    fn name(&self) -> Phrase {
        phrase!("extractor-waveform")
    }

    fn help(&self) -> &'static str {
        t!("extractor-waveform.help")
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
            phrase!("stage-waveform-frames"),
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

    fn hop_length(&self, params: &ExtractParams) -> usize {
        params.frame_length
    }

    fn dim(&self, params: &ExtractParams) -> usize {
        params.frame_length
    }

    fn inverse(&self) -> Option<&dyn Inverse> {
        Some(self)
    }
}

impl Inverse for Waveform {
    fn context_frames(&self, _params: &ExtractParams) -> usize {
        0
    }

    /// The frames one after the other, as they are.
    fn samples(
        &self,
        frames: ArrayView2<'_, f32>,
        num_samples: usize,
        params: &ExtractParams,
        _how: &Inversion,
        task: &Task<'_>,
    ) -> Result<Inverted, ExtractError> {
        params.check(&self.params())?;
        task.check()?;
        if frames.ncols() != params.frame_length {
            return Err(ExtractError::Dim { dim: frames.ncols(), expected: params.frame_length });
        }
        let samples: Vec<f32> = frames.iter().copied().take(num_samples).collect();
        if samples.is_empty() {
            return Err(ExtractError::Empty);
        }
        Ok(Inverted { samples, spectral_convergence: None })
    }
}
