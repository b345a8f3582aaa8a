//! Audio in memory: samples of one or more channels, mix-down and resampling.

mod intake;
mod resample;

use crate::task::Cancelled;
use crate::text::{Message, msg};

pub use intake::{Collector, Intake};
pub use resample::{Resampler, resample, resampled_len};

/// Sample rates that can be resampled from and to. A broken header may claim any rate; outside of these the filter, or
/// the result, would take memory out of proportion to the clip.
pub const RESAMPLE_RATES_HZ: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// Audio as read from a file: finite samples, nominally in -1..1.
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// Each channel's samples; all of one length, at least one channel.
    pub channels: Vec<Vec<f32>>,
    /// Samples a second.
    pub sample_rate_hz: u32,
    /// What its reader has to say about it: what was damaged and passed over.
    pub findings: Vec<Message>,
    /// How its file holds the samples, where there is a file: their type, or what coded them.
    pub stored_as: Option<&'static str>,
}

/// Which channel is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum ChannelChoice {
    /// The mean of all.
    #[default]
    Mix,
    /// One of them, from 0.
    Only(usize),
}

/// What can be wrong with audio.
#[derive(Debug, Clone, PartialEq)]
pub enum AudioError {
    /// There is no channel.
    NoChannels,
    /// The channels are not of one length.
    Length {
        /// The channel, from 0.
        channel: usize,
        /// Its samples.
        len: usize,
        /// Those of channel 0.
        expected: usize,
    },
    /// A sample is NaN or infinite.
    NotFinite {
        /// The channel, from 0.
        channel: usize,
        /// The sample, from 0.
        sample: usize,
        /// The value.
        value: f32,
    },
    /// The channel that was asked for does not exist.
    NoSuchChannel {
        /// The channel that was asked for, from 0.
        wanted: usize,
        /// How many there are.
        channels: usize,
    },
    /// The sample rate is one that nothing can be done with.
    Rate {
        /// The rate.
        rate_hz: u32,
    },
    /// The resampler did not take what it was given.
    Resample {
        /// The rate of the input.
        from_hz: u32,
        /// The rate wanted.
        to_hz: u32,
        /// Why, in the resampler's words.
        reason: String,
    },
    /// The work was cancelled.
    Cancelled(Cancelled),
}

impl AudioError {
    /// What is wrong, to be said in whatever language it is read.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::NoChannels => msg!("err-no-channel"),
            Self::Length { channel, len, expected } => {
                msg!("err-channel-length", channel = *channel, len = *len, expected = *expected)
            }
            Self::NotFinite { channel, sample, value } => {
                let value = value.to_string();
                msg!("err-sample-not-finite", sample = *sample, channel = *channel, value = value)
            }
            Self::NoSuchChannel { wanted, channels } => {
                msg!("err-no-such-channel", wanted = *wanted, channels = *channels)
            }
            Self::Rate { rate_hz } => {
                let (least, most) = (*RESAMPLE_RATES_HZ.start(), *RESAMPLE_RATES_HZ.end());
                msg!("err-sample-rate", rate = *rate_hz, least = least, most = most)
            }
            Self::Resample { from_hz, to_hz, reason } => {
                msg!("err-resample", from = *from_hz, to = *to_hz, why = reason)
            }
            Self::Cancelled(_) => msg!("err-cancelled"),
        }
    }
}

impl std::fmt::Display for AudioError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for AudioError {}

impl From<Cancelled> for AudioError {
    fn from(cancelled: Cancelled) -> Self {
        Self::Cancelled(cancelled)
    }
}

impl Audio {
    /// Checks `channels`, each a channel's samples. Clips without a sample are allowed: extractors say what they make of them.
    ///
    /// # Errors
    /// There is no channel, lengths differ, a sample is not finite, or the rate is 0.
    pub fn new(channels: Vec<Vec<f32>>, sample_rate_hz: u32) -> Result<Self, AudioError> {
        let expected = channels.first().ok_or(AudioError::NoChannels)?.len();
        for (channel, samples) in channels.iter().enumerate() {
            if samples.len() != expected {
                return Err(AudioError::Length { channel, len: samples.len(), expected });
            }
            if let Some((sample, &value)) = samples.iter().enumerate().find(|(_, v)| !v.is_finite()) {
                return Err(AudioError::NotFinite { channel, sample, value });
            }
        }
        if sample_rate_hz == 0 {
            return Err(AudioError::Rate { rate_hz: 0 });
        }
        Ok(Self { channels, sample_rate_hz, findings: Vec::new(), stored_as: None })
    }

    /// Samples of each channel.
    #[must_use]
    pub fn num_samples(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    /// How long it plays, in seconds.
    #[must_use]
    pub fn duration_secs(&self) -> f64 {
        self.num_samples() as f64 / f64::from(self.sample_rate_hz)
    }

    /// One channel, `(num_samples)`: the mean of all, taken in f64, or the one that was chosen.
    ///
    /// # Errors
    /// The channel does not exist, or there is none at all.
    pub fn mono(&self, channel: ChannelChoice) -> Result<Vec<f32>, AudioError> {
        intake::check_channel(channel, self.channels.len())?;
        match (channel, self.channels.as_slice()) {
            (_, []) => Err(AudioError::NoChannels),
            (ChannelChoice::Only(wanted), channels) => Ok(channels.get(wanted).cloned().unwrap_or_default()),
            (ChannelChoice::Mix, [only]) => Ok(only.clone()),
            (ChannelChoice::Mix, channels) => {
                let mut mixed = Vec::new();
                intake::mix(channels, &mut mixed);
                Ok(mixed)
            }
        }
    }

    /// As [`Audio::mono`], without a copy where there is but one channel.
    ///
    /// # Errors
    /// As for [`Audio::mono`].
    pub fn into_mono(mut self, channel: ChannelChoice) -> Result<Vec<f32>, AudioError> {
        match (channel, self.channels.as_mut_slice()) {
            (ChannelChoice::Mix | ChannelChoice::Only(0), [only]) => Ok(std::mem::take(only)),
            _ => self.mono(channel),
        }
    }
}
