//! Feature matrices: frames of real numbers, and the extractors that make them of audio.
//!
//! Audio goes through [`extract`]: mix-down, resampling to the extractor's rate, then one of [`EXTRACTORS`]. A new
//! extractor is one file and one row in that table; forms and command-line flags are read off its [`ParamSpec`]s.

pub mod demo;
pub mod log_mel;
mod matrix;
pub mod mfcc;
mod params;
mod rows;
mod split;
pub mod standardize;
pub mod waveform;

use ndarray::Array2;

use crate::audio::{self, Audio, AudioError, ChannelChoice};
use crate::param::{ParamError, ParamSpec};
use crate::task::{Cancelled, Task};

pub use matrix::{Clip, FeatureError, FeatureMatrix, FeatureSet, article_example};
pub use params::{ExtractParams, PARAMS, param_spec};
pub use split::Split;
pub use standardize::Standardizer;

/// One way to make features of audio.
pub trait Extractor: Send + Sync + std::fmt::Debug {
    /// The name on the command line and in files.
    fn id(&self) -> &'static str;

    /// The name in the window.
    fn label(&self) -> &'static str;

    /// What it computes and what it is for, in a sentence or two.
    fn help(&self) -> &'static str;

    /// The parameters that it reads, in the order in which a form shows them.
    fn params(&self) -> Vec<ParamSpec<ExtractParams>>;

    /// The features of one channel at `params.sample_rate_hz`, `(num_frames, dim)`; at least one frame.
    ///
    /// The same samples and parameters give the same bytes on any number of threads.
    ///
    /// # Errors
    /// The clip is empty, a parameter does not fit, there would be too many values, or the task was cancelled.
    fn extract(
        &self,
        samples: &[f32],
        params: &ExtractParams,
        task: &Task<'_>,
    ) -> Result<Array2<f32>, ExtractError>;

    /// Frames a second.
    fn frame_rate_hz(&self, params: &ExtractParams) -> f64;

    /// Dimensions of a frame.
    fn dim(&self, params: &ExtractParams) -> usize;
}

/// Every extractor, the usual one first.
pub static EXTRACTORS: &[&dyn Extractor] = &[&log_mel::LogMel, &mfcc::Mfcc, &waveform::Waveform];

/// Why no features came of a clip.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExtractError {
    /// The clip has no samples.
    #[error("the clip is empty: there is no sample to make a frame of")]
    Empty,
    /// A parameter is outside of its range, or does not go with another.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// The mix-down or the resampling failed.
    #[error(transparent)]
    Audio(AudioError),
    /// The result would not fit in memory.
    #[error(
        "{frames} frames of {dim} dimensions are too many to hold; take a longer hop or fewer dimensions"
    )]
    TooLarge {
        /// The frames.
        frames: usize,
        /// The dimensions.
        dim: usize,
    },
    /// The Fourier transform did not take what it was given.
    #[error("the Fourier transform failed: {0}")]
    Transform(String),
    /// The work was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<AudioError> for ExtractError {
    /// Keeps a cancelled resampling recognisable as such.
    fn from(err: AudioError) -> Self {
        match err {
            AudioError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            err => Self::Audio(err),
        }
    }
}

/// The extractor with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Extractor> {
    EXTRACTORS.iter().copied().find(|extractor| extractor.id() == id)
}

/// The features of one clip, `(num_frames, dim)`: mix-down, resampling to `params.sample_rate_hz`, and the extractor.
///
/// # Errors
/// As for [`prepare`]; or there would be too many values.
pub fn extract(
    audio: &Audio,
    channel: ChannelChoice,
    params: &ExtractParams,
    task: &Task<'_>,
) -> Result<Array2<f32>, ExtractError> {
    params.validate()?;
    let samples = prepare(audio.clone(), channel, params, task)?;
    params.extractor()?.extract(&samples, params, task)
}

/// What an extractor sees of one clip: one channel at `params.sample_rate_hz`. One that is so already is not copied.
///
/// # Errors
/// The channel does not exist, the clip is empty or has a rate that cannot be resampled, or the task was cancelled.
pub fn prepare(
    audio: Audio,
    channel: ChannelChoice,
    params: &ExtractParams,
    task: &Task<'_>,
) -> Result<Vec<f32>, ExtractError> {
    let sample_rate_hz = audio.sample_rate_hz;
    let mono = audio.into_mono(channel)?;
    if mono.is_empty() {
        return Err(ExtractError::Empty);
    }
    if sample_rate_hz == params.sample_rate_hz {
        return Ok(mono);
    }
    Ok(audio::resample(&mono, sample_rate_hz, params.sample_rate_hz, task)?)
}
