//! Feature matrices: frames of real numbers, and the extractors that make them of audio.
//!
//! Audio goes through [`extract`]: mix-down, resampling to the extractor's rate, then one of [`EXTRACTORS`]. A new
//! extractor is one file and one row in that table; forms and command-line flags are read off its [`ParamSpec`]s. Where there is a way back from
//! frames to samples, the extractor has it too: [`Inverse`].

pub mod demo;
pub mod distance;
mod griffin_lim;
pub mod log_mel;
mod matrix;
mod mel;
pub mod mfcc;
mod nnls;
mod params;
mod rows;
mod split;
pub mod standardize;
mod stft;
pub mod waveform;

use ndarray::{Array2, ArrayView2};

use crate::audio::{self, Audio, AudioError, ChannelChoice};
use crate::param::{ParamError, ParamSpec};
use crate::task::{Cancelled, Task};
use crate::text::{Phrase, t};

pub use matrix::{Clip, FeatureError, FeatureMatrix, FeatureSet, article_example};
pub use params::{ExtractParams, PARAMS, param_spec};
pub use split::Split;
pub use standardize::Standardizer;

/// One way to make features of audio.
pub trait Extractor: Send + Sync + std::fmt::Debug {
    /// The name on the command line and in files.
    fn id(&self) -> &'static str;

    /// The name in the window, in whatever language it is read.
    fn name(&self) -> Phrase;

    /// The name in the window, in the language of this thread.
    fn label(&self) -> &'static str {
        self.name().text()
    }

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

    /// Samples from one frame to the next.
    fn hop_length(&self, params: &ExtractParams) -> usize;

    /// Frames a second.
    fn frame_rate_hz(&self, params: &ExtractParams) -> f64 {
        f64::from(params.sample_rate_hz) / self.hop_length(params) as f64
    }

    /// Dimensions of a frame.
    fn dim(&self, params: &ExtractParams) -> usize;

    /// The way back from frames to samples, where there is one.
    fn inverse(&self) -> Option<&dyn Inverse> {
        None
    }
}

/// The way back from features to samples, exact or not.
pub trait Inverse: Send + Sync {
    /// Frames on either side of a stretch that have a say in its samples.
    fn context_frames(&self, params: &ExtractParams) -> usize;

    /// The first `num_samples` samples that `frames`, `(num_frames, dim)` as the extractor makes them, stand for, at `params.sample_rate_hz`.
    ///
    /// Standardized features have to be brought back to their own units before. The same frames give the same samples on any number of threads.
    ///
    /// # Errors
    /// There is no frame or no sample, a parameter does not fit, the dimension is another, there are too many frames, or the task was cancelled.
    fn samples(
        &self,
        frames: ArrayView2<'_, f32>,
        num_samples: usize,
        params: &ExtractParams,
        how: &Inversion,
        task: &Task<'_>,
    ) -> Result<Inverted, ExtractError>;
}

/// How phases are found for features that hold none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inversion {
    /// Iterations of the search for phases.
    pub iterations: usize,
    /// How far each of them runs on beyond what it has found; 0 for the plain algorithm of Griffin and Lim.
    pub momentum: f64,
    /// The seed of the phases that it starts from.
    pub seed: u64,
}

impl Default for Inversion {
    /// 60 iterations with a momentum of 0.99, from which on little is gained.
    fn default() -> Self {
        Self { iterations: 60, momentum: 0.99, seed: 0 }
    }
}

/// Samples that were made of features.
#[derive(Debug, Clone, PartialEq)]
pub struct Inverted {
    /// One channel.
    pub samples: Vec<f32>,
    /// `|| S - |STFT(x)| || / || S ||`: how far the spectrogram of the samples is from the one that was asked for, as a share of it. `None` where the samples
    /// are the features themselves, or all is silent.
    pub spectral_convergence: Option<f64>,
}

/// Every extractor, the usual one first.
pub static EXTRACTORS: &[&dyn Extractor] = &[&log_mel::LogMel, &mfcc::Mfcc, &waveform::Waveform];

/// Why no features came of a clip.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExtractError {
    /// The clip has no samples.
    #[error("{}", t!("extract-empty"))]
    Empty,
    /// A parameter is outside of its range, or does not go with another.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// The mix-down or the resampling failed.
    #[error(transparent)]
    Audio(AudioError),
    /// The result would not fit in memory.
    #[error("{}", t!("extract-too-large", frames = *.frames, dim = *.dim))]
    TooLarge {
        /// The frames.
        frames: usize,
        /// The dimensions.
        dim: usize,
    },
    /// Frames are of another dimension than these parameters make.
    #[error("{}", t!("extract-other-dimension", dim = *.dim, expected = *.expected))]
    Dim {
        /// Their dimensions.
        dim: usize,
        /// What was expected.
        expected: usize,
    },
    /// So many frames cannot be made into samples at once.
    #[error("{}", t!("extract-too-long", frames = *.frames, most = *.most))]
    TooLong {
        /// The frames.
        frames: usize,
        /// The most that can be.
        most: usize,
    },
    /// The Fourier transform did not take what it was given.
    #[error("{}", t!("extract-transform", problem = .0))]
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
