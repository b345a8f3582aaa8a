//! Resampling, of a whole clip or of a stream that comes in pieces: the result is the same to the bit.

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler as _};

use super::{AudioError, RESAMPLE_RATES_HZ};
use crate::task::Task;
use crate::text::phrase;

/// The least number of samples, at the lower of the two rates, over which the resampling filter extends. The longer,
/// the nearer to half the rate it cuts off: 0.987 of it at 1024 samples.
const FILTER_SAMPLES: usize = 1024;

/// `samples` at another rate: `round(len * to_hz / from_hz)` samples, in time with the input, silence taken to lie around it.
///
/// Band-limited by a windowed sinc (Blackman-Harris, squared) that is applied through FFTs; what lies above half of
/// the lower rate is filtered out. At one and the same rate the samples are copied.
///
/// # Errors
/// A rate is outside of [`RESAMPLE_RATES_HZ`] (unless both are one), or the task was cancelled.
pub fn resample(samples: &[f32], from_hz: u32, to_hz: u32, task: &Task<'_>) -> Result<Vec<f32>, AudioError> {
    let mut resampler = Resampler::new(from_hz, to_hz, samples.len())?;
    // Some of the filter's blocks at a time, between looks at the task.
    let piece = resampler.block_samples().max(1 << 14);
    for (index, part) in samples.chunks(piece).enumerate() {
        task.check()?;
        task.progress(phrase!("stage-resampling"), index * piece, samples.len());
        resampler.push(part)?;
    }
    resampler.finish()
}

/// `round(len * to_hz / from_hz)`, halves up.
#[must_use]
pub fn resampled_len(len: usize, from_hz: u32, to_hz: u32) -> usize {
    let (from, to) = (u128::from(from_hz.max(1)), u128::from(to_hz));
    usize::try_from((2 * len as u128 * to + from) / (2 * from)).unwrap_or(usize::MAX)
}

/// A clip being resampled, piece by piece, however long the pieces are: [`resample`] for what is not there all at once.
pub struct Resampler {
    from_hz: u32,
    to_hz: u32,
    /// None where both rates are one.
    filter: Option<Filter>,
    pushed: usize,
    out: Vec<f32>,
}

/// The filter with what waits for a full block of it.
struct Filter {
    fft: Fft<f32>,
    block_in: Vec<f32>,
    /// Samples of `block_in` that are there.
    filled: usize,
    block_out: Vec<f32>,
    /// Samples that come out before the clip begins; those still to be dropped.
    to_drop: usize,
}

impl std::fmt::Debug for Resampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from_hz, to_hz, pushed, .. } = self;
        write!(f, "Resampler({from_hz} -> {to_hz} Hz, {pushed} samples in)") // not a text
    }
}

impl Resampler {
    /// A resampler for a clip of about `expected` samples, which only tells how much room to keep.
    ///
    /// # Errors
    /// A rate is outside of [`RESAMPLE_RATES_HZ`] (unless both are one).
    pub fn new(from_hz: u32, to_hz: u32, expected: usize) -> Result<Self, AudioError> {
        let filter = if from_hz == to_hz { None } else { Some(Filter::new(from_hz, to_hz)?) };
        let out = Vec::with_capacity(resampled_len(expected, from_hz, to_hz));
        Ok(Self { from_hz, to_hz, filter, pushed: 0, out })
    }

    /// Takes in the next samples.
    ///
    /// # Errors
    /// The resampler did not take them.
    pub fn push(&mut self, mut samples: &[f32]) -> Result<(), AudioError> {
        self.pushed += samples.len();
        let (from_hz, to_hz) = (self.from_hz, self.to_hz);
        let Some(filter) = &mut self.filter else {
            self.out.extend_from_slice(samples);
            return Ok(());
        };
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(filter.block_in.len() - filter.filled));
            filter.block_in[filter.filled..filter.filled + now.len()].copy_from_slice(now);
            filter.filled += now.len();
            samples = later;
            if filter.filled == filter.block_in.len() {
                filter.run(&mut self.out).map_err(|reason| AudioError::Resample {
                    from_hz,
                    to_hz,
                    reason,
                })?;
            }
        }
        Ok(())
    }

    /// The resampled clip.
    ///
    /// # Errors
    /// The resampler did not take its end.
    pub fn finish(mut self) -> Result<Vec<f32>, AudioError> {
        let (from_hz, to_hz) = (self.from_hz, self.to_hz);
        let len = resampled_len(self.pushed, from_hz, to_hz);
        if let Some(filter) = &mut self.filter {
            // What is left of the clip, then silence, until all of it has come out behind the filter's delay.
            while self.out.len() < len {
                filter.block_in[filter.filled..].fill(0.0);
                filter.run(&mut self.out).map_err(|reason| AudioError::Resample {
                    from_hz,
                    to_hz,
                    reason,
                })?;
            }
        }
        self.out.truncate(len);
        Ok(self.out)
    }

    /// Samples that the filter takes at once.
    fn block_samples(&self) -> usize {
        self.filter.as_ref().map_or(1, |filter| filter.block_in.len())
    }
}

impl Filter {
    fn new(from_hz: u32, to_hz: u32) -> Result<Self, AudioError> {
        for rate_hz in [from_hz, to_hz] {
            if !RESAMPLE_RATES_HZ.contains(&rate_hz) {
                return Err(AudioError::Rate { rate_hz });
            }
        }
        let block = block_samples(from_hz, to_hz);
        let window = rubato::WindowFunction::BlackmanHarris2;
        let (from, to) = (from_hz as usize, to_hz as usize);
        let fft = Fft::new_custom(from, to, block, 1, 1, window, FixedSync::Both)
            .map_err(|err| AudioError::Resample { from_hz, to_hz, reason: err.to_string() })?;
        let (to_drop, block_out) = (fft.output_delay(), vec![0.0; fft.output_frames_next()]);
        Ok(Self { fft, block_in: vec![0.0; block], filled: 0, block_out, to_drop })
    }

    /// Takes the block, full or filled up with silence, through the filter, and adds what comes out to `out`.
    fn run(&mut self, out: &mut Vec<f32>) -> Result<(), String> {
        let Self { fft, block_in, filled, block_out, to_drop } = self;
        let frames_out = block_out.len();
        let input =
            SequentialSlice::new(block_in.as_slice(), 1, block_in.len()).map_err(|e| e.to_string())?;
        let mut output =
            SequentialSlice::new_mut(block_out.as_mut_slice(), 1, frames_out).map_err(|e| e.to_string())?;
        fft.process_into_buffer(&input, &mut output, Some(&Indexing::new())).map_err(|e| e.to_string())?;
        *filled = 0;
        let dropped = (*to_drop).min(frames_out);
        *to_drop -= dropped;
        out.extend_from_slice(&block_out[dropped..]);
        Ok(())
    }
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
