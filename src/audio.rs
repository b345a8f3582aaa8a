//! Audio in memory: samples of one or more channels, mix-down and resampling.

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler};

use crate::task::{Cancelled, Task};

/// Sample rates that can be resampled from and to. A broken header may claim any rate; outside of these the filter, or
/// the result, would take memory out of proportion to the clip.
pub const RESAMPLE_RATES_HZ: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// The least number of samples, at the lower of the two rates, over which the resampling filter extends. The longer,
/// the nearer to half the rate it cuts off: 0.987 of it at 1024 samples.
const FILTER_SAMPLES: usize = 1024;

/// Audio as read from a file: finite samples, nominally in -1..1.
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// Each channel's samples; all of one length, at least one channel.
    pub channels: Vec<Vec<f32>>,
    /// Samples a second.
    pub sample_rate_hz: u32,
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
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AudioError {
    /// There is no channel.
    #[error("there is no channel in this audio")]
    NoChannels,
    /// The channels are not of one length.
    #[error("channel {channel} has {len} samples, but the first has {expected}")]
    Length {
        /// The channel, from 0.
        channel: usize,
        /// Its samples.
        len: usize,
        /// Those of channel 0.
        expected: usize,
    },
    /// A sample is NaN or infinite.
    #[error("sample {sample} of channel {channel} is {value}; audio must be finite numbers")]
    NotFinite {
        /// The channel, from 0.
        channel: usize,
        /// The sample, from 0.
        sample: usize,
        /// The value.
        value: f32,
    },
    /// The channel that was asked for does not exist.
    #[error("there is no channel {wanted}: this audio has {channels}, counted from 0")]
    NoSuchChannel {
        /// The channel that was asked for, from 0.
        wanted: usize,
        /// How many there are.
        channels: usize,
    },
    /// The sample rate is one that nothing can be done with.
    #[error("the sample rate is {rate_hz} Hz; it must be from {} to {} Hz", RESAMPLE_RATES_HZ.start(), RESAMPLE_RATES_HZ.end())]
    Rate {
        /// The rate.
        rate_hz: u32,
    },
    /// The resampler did not take what it was given.
    #[error("cannot resample from {from_hz} Hz to {to_hz} Hz: {reason}")]
    Resample {
        /// The rate of the input.
        from_hz: u32,
        /// The rate wanted.
        to_hz: u32,
        /// Why, in the resampler's words.
        reason: String,
    },
    /// The work was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
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
        Ok(Self { channels, sample_rate_hz })
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
        match (channel, self.channels.as_slice()) {
            (_, []) => Err(AudioError::NoChannels),
            (ChannelChoice::Only(wanted), channels) => channels
                .get(wanted)
                .cloned()
                .ok_or(AudioError::NoSuchChannel { wanted, channels: channels.len() }),
            (ChannelChoice::Mix, [only]) => Ok(only.clone()),
            (ChannelChoice::Mix, channels) => {
                let mut sums = vec![0.0_f64; self.num_samples()];
                for samples in channels {
                    for (sum, &sample) in sums.iter_mut().zip(samples) {
                        *sum += f64::from(sample);
                    }
                }
                let count = channels.len() as f64;
                Ok(sums.into_iter().map(|sum| (sum / count) as f32).collect())
            }
        }
    }
}

/// `samples` at another rate: `round(len * to_hz / from_hz)` samples, in time with the input, silence taken to lie around it.
///
/// Band-limited by a windowed sinc (Blackman-Harris, squared) that is applied through FFTs; what lies above half of
/// the lower rate is filtered out. At one and the same rate the samples are copied.
///
/// # Errors
/// A rate is outside of [`RESAMPLE_RATES_HZ`] (unless both are one), or the task was cancelled.
pub fn resample(samples: &[f32], from_hz: u32, to_hz: u32, task: &Task<'_>) -> Result<Vec<f32>, AudioError> {
    if from_hz == to_hz {
        return Ok(samples.to_vec());
    }
    for rate_hz in [from_hz, to_hz] {
        if !RESAMPLE_RATES_HZ.contains(&rate_hz) {
            return Err(AudioError::Rate { rate_hz });
        }
    }
    let len = resampled_len(samples.len(), from_hz, to_hz);
    if len == 0 {
        return Ok(Vec::new());
    }
    let failed =
        |err: &dyn std::fmt::Display| AudioError::Resample { from_hz, to_hz, reason: err.to_string() };

    let block = block_samples(from_hz, to_hz);
    let mut resampler = Fft::<f32>::new_custom(
        from_hz as usize,
        to_hz as usize,
        block,
        1,
        1,
        rubato::WindowFunction::BlackmanHarris2,
        FixedSync::Both,
    )
    .map_err(|err| failed(&err))?;
    let delay = resampler.output_delay();
    let mut block_out = vec![0.0_f32; resampler.output_frames_next()];
    let input = SequentialSlice::new(samples, 1, samples.len()).map_err(|err| failed(&err))?;

    // Blocks of the clip, then of silence, until what came out covers the clip behind the filter's delay.
    let mut resampled = Vec::with_capacity(len + delay + block_out.len());
    let mut start = 0;
    while resampled.len() < len + delay {
        task.check()?;
        task.progress("resampling", start, samples.len());
        let input_offset = start.min(samples.len());
        let left = samples.len() - input_offset;
        let indexing = Indexing::new().input_offset(input_offset).partial_len(left.min(block));
        let frames_out = block_out.len();
        let mut output =
            SequentialSlice::new_mut(&mut block_out, 1, frames_out).map_err(|err| failed(&err))?;
        resampler.process_into_buffer(&input, &mut output, Some(&indexing)).map_err(|err| failed(&err))?;
        resampled.extend_from_slice(&block_out);
        start = input_offset + left.min(block);
    }
    resampled.drain(..delay);
    resampled.truncate(len);
    Ok(resampled)
}

/// `round(len * to_hz / from_hz)`, halves up.
#[must_use]
pub fn resampled_len(len: usize, from_hz: u32, to_hz: u32) -> usize {
    let (from, to) = (u128::from(from_hz.max(1)), u128::from(to_hz));
    usize::try_from((2 * len as u128 * to + from) / (2 * from)).unwrap_or(usize::MAX)
}

/// Input samples of one FFT block: the least multiple of the rates' ratio that gives the filter its length at the lower rate.
///
/// The multiple is even. The filter is centred on sample `block / 2`, so that an odd block would leave a delay that is
/// not a whole number of output samples, and the result would be up to half a sample out of time.
fn block_samples(from_hz: u32, to_hz: u32) -> usize {
    let common = gcd(from_hz, to_hz);
    let (from_step, to_step) = ((from_hz / common) as usize, (to_hz / common) as usize);
    2 * from_step * FILTER_SAMPLES.div_ceil(2 * from_step.min(to_step))
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
