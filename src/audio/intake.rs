//! What is kept of audio while it is read: a decoder hands over block by block, and an hour of stereo never lies in memory where one channel is asked for.

use crate::text::Message;

use super::resample::Resampler;
use super::{Audio, AudioError, ChannelChoice};

/// What is kept of a file's audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Intake {
    /// Every channel at the file's own rate.
    #[default]
    Whole,
    /// One channel, at a rate of our own.
    Mono {
        /// Which.
        channel: ChannelChoice,
        /// Samples a second.
        sample_rate_hz: u32,
    },
}

/// Audio that comes in block by block.
#[derive(Debug)]
pub struct Collector {
    num_channels: usize,
    sample_rate_hz: u32,
    samples: usize,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    Whole(Vec<Vec<f32>>),
    Mono { channel: ChannelChoice, to_hz: u32, resampler: Box<Resampler>, mixed: Vec<f32> },
}

impl Intake {
    /// A place for a file's audio. `expected` samples a channel are made room for, so that it must be bounded by the file's true size.
    ///
    /// # Errors
    /// There is no channel or not the one wanted, or a rate cannot be used.
    pub fn collector(
        self,
        num_channels: usize,
        sample_rate_hz: u32,
        expected: usize,
    ) -> Result<Collector, AudioError> {
        if num_channels == 0 {
            return Err(AudioError::NoChannels);
        }
        if sample_rate_hz == 0 {
            return Err(AudioError::Rate { rate_hz: 0 });
        }
        let kept = match self {
            Self::Whole => Kept::Whole(vec![Vec::with_capacity(expected); num_channels]),
            Self::Mono { channel, sample_rate_hz: to_hz } => {
                check_channel(channel, num_channels)?;
                let resampler = Box::new(Resampler::new(sample_rate_hz, to_hz, expected)?);
                Kept::Mono { channel, to_hz, resampler, mixed: Vec::new() }
            }
        };
        Ok(Collector { num_channels, sample_rate_hz, samples: 0, kept })
    }
}

impl Collector {
    /// Takes in a block: for each channel its samples, all of one length.
    ///
    /// # Errors
    /// Channels or lengths differ, a sample is not finite, or the resampler did not take it.
    pub fn push(&mut self, block: &[impl AsRef<[f32]>]) -> Result<(), AudioError> {
        let Some(first) = block.first() else { return Err(AudioError::NoChannels) };
        if block.len() != self.num_channels {
            return Err(AudioError::NoSuchChannel { wanted: self.num_channels - 1, channels: block.len() });
        }
        let expected = first.as_ref().len();
        for (channel, samples) in block.iter().enumerate() {
            let samples = samples.as_ref();
            if samples.len() != expected {
                return Err(AudioError::Length { channel, len: samples.len(), expected });
            }
            if let Some((sample, &value)) = samples.iter().enumerate().find(|(_, v)| !v.is_finite()) {
                return Err(AudioError::NotFinite { channel, sample: self.samples + sample, value });
            }
        }
        self.samples += expected;
        match &mut self.kept {
            Kept::Whole(channels) => {
                for (channel, samples) in channels.iter_mut().zip(block) {
                    channel.extend_from_slice(samples.as_ref());
                }
                Ok(())
            }
            Kept::Mono { channel, resampler, mixed, .. } => match (*channel, block) {
                (ChannelChoice::Only(wanted), block) => match block.get(wanted) {
                    Some(samples) => resampler.push(samples.as_ref()),
                    None => Err(AudioError::NoSuchChannel { wanted, channels: block.len() }),
                },
                (ChannelChoice::Mix, [only]) => resampler.push(only.as_ref()),
                (ChannelChoice::Mix, block) => {
                    mix(block, mixed);
                    resampler.push(mixed)
                }
            },
        }
    }

    /// Whether blocks of this form can come in.
    #[must_use]
    pub fn takes(&self, sample_rate_hz: u32, num_channels: usize) -> bool {
        (self.sample_rate_hz, self.num_channels) == (sample_rate_hz, num_channels)
    }

    /// Samples of each channel that have come in.
    #[must_use]
    pub fn num_samples(&self) -> usize {
        self.samples
    }

    /// The audio, with what the reader has to say about it.
    ///
    /// # Errors
    /// The resampler did not take its end.
    pub fn finish(self, findings: Vec<Message>) -> Result<Audio, AudioError> {
        let Self { sample_rate_hz, kept, .. } = self;
        Ok(match kept {
            Kept::Whole(channels) => Audio { channels, sample_rate_hz, findings, stored_as: None },
            Kept::Mono { to_hz, resampler, .. } => {
                let channels = vec![resampler.finish()?];
                Audio { channels, sample_rate_hz: to_hz, findings, stored_as: None }
            }
        })
    }
}

pub(super) fn check_channel(choice: ChannelChoice, channels: usize) -> Result<(), AudioError> {
    match choice {
        ChannelChoice::Only(wanted) if wanted >= channels => {
            Err(AudioError::NoSuchChannel { wanted, channels })
        }
        _ => Ok(()),
    }
}

/// The mean of all channels, taken in f64.
pub(super) fn mix(channels: &[impl AsRef<[f32]>], mixed: &mut Vec<f32>) {
    let len = channels.first().map_or(0, |samples| samples.as_ref().len());
    let count = channels.len() as f64;
    mixed.clear();
    mixed.extend((0..len).map(|n| {
        let sum: f64 =
            channels.iter().filter_map(|samples| samples.as_ref().get(n)).map(|&v| f64::from(v)).sum();
        (sum / count) as f32
    }));
}
