//! WAV audio: whole numbers of 8 to 32 bits and 32-bit float, of any rate and number of channels.

use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use super::riff::{Encoding, WavLayout};
use super::{FileError, Opened, Problem, Reader, Source};
use crate::audio::Audio;
use crate::task::{Cancel, Task};

/// Reads WAV.
#[derive(Debug, Clone, Copy)]
pub struct WavReader;

/// Frames between two looks at the task.
const BLOCK_FRAMES: usize = 1 << 16;

impl Reader for WavReader {
    fn id(&self) -> &'static str {
        "wav"
    }

    fn label(&self) -> &'static str {
        "WAV audio"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["wav", "wave"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WAVE")
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        let stage = format!("reading {}", source.name());
        read(BufReader::new(&source.file), source.len, &stage, task).map(Opened::Audio)
    }
}

/// Reads a WAV file that is in memory, such as a clip that is part of the program; `name` stands for its path in errors.
///
/// # Errors
/// It is broken or of a kind that is not read.
pub fn read_bytes(name: &str, bytes: &[u8]) -> Result<Audio, FileError> {
    let cancel = Cancel::default();
    read(Cursor::new(bytes), bytes.len() as u64, name, &Task::silent(&cancel))
        .map_err(|problem| problem.at(Path::new(name)))
}

fn read(mut src: impl Read + Seek, len: u64, stage: &str, task: &Task<'_>) -> Result<Audio, Problem> {
    let layout = WavLayout::read(&mut src, len)?;
    let bits = match layout.encoding {
        Encoding::Int24In32 if low_bytes_are_zero(&mut src, &layout, task)? => 32,
        Encoding::Int24In32 => 24,
        _ => layout.sample_bytes * 8,
    };
    src.seek(SeekFrom::Start(layout.data_offset))?;
    // The decoder gets a plain header: it refuses real files over fields that do not matter here.
    let header = Cursor::new(plain_header(&layout, bits));
    let decoder = hound::WavReader::new(header.chain(src)).map_err(decoder_problem)?;
    let channels = if layout.encoding == Encoding::Float {
        deinterleave(decoder.into_samples::<f32>(), &layout, stage, task, |v| v)
    } else {
        // f64 because a 32-bit sample is to be rounded once, not twice.
        let scale = 1.0 / f64::from(1u32 << (bits - 1));
        deinterleave(decoder.into_samples::<i32>(), &layout, stage, task, |v| (f64::from(v) * scale) as f32)
    }?;
    Ok(Audio { channels, sample_rate_hz: layout.sample_rate_hz })
}

fn deinterleave<T>(
    mut samples: impl Iterator<Item = hound::Result<T>>,
    layout: &WavLayout,
    stage: &str,
    task: &Task<'_>,
    convert: impl Fn(T) -> f32,
) -> Result<Vec<Vec<f32>>, Problem> {
    let frame_bytes = u64::from(layout.sample_bytes) * u64::from(layout.num_channels);
    // Bounded by the file: the layout has been checked against its true size.
    let num_frames = (layout.data_len / frame_bytes) as usize;
    let mut channels = vec![Vec::new(); usize::from(layout.num_channels)];
    for channel in &mut channels {
        channel.reserve_exact(num_frames);
    }
    for frame_idx in 0..num_frames {
        if frame_idx % BLOCK_FRAMES == 0 {
            task.check()?;
            task.progress(stage, frame_idx, num_frames);
        }
        for (channel_idx, channel) in channels.iter_mut().enumerate() {
            let sample = samples
                .next()
                .ok_or_else(|| Problem::malformed("the file ended while it was being read"))?
                .map_err(decoder_problem)?;
            let sample = convert(sample);
            if !sample.is_finite() {
                return Err(Problem::Value(format!(
                    "sample {frame_idx} of channel {channel_idx} is {sample}; only finite samples can be used"
                )));
            }
            channel.push(sample);
        }
    }
    task.progress(stage, num_frames, num_frames);
    Ok(channels)
}

/// Whether the lowest byte of every 4-byte sample is 0, so that its 24 bits stand at the top.
///
/// The standard puts them there; many programs put them at the bottom, and the header does not tell which.
fn low_bytes_are_zero(
    src: &mut (impl Read + Seek),
    layout: &WavLayout,
    task: &Task<'_>,
) -> Result<bool, Problem> {
    src.seek(SeekFrom::Start(layout.data_offset))?;
    let mut block = [0u8; 4096];
    let mut left = layout.data_len;
    while left > 0 {
        task.check()?;
        let (bytes, _) = block.split_at_mut(left.min(4096) as usize);
        src.read_exact(bytes)?;
        if bytes.as_chunks::<4>().0.iter().any(|&[low, ..]| low != 0) {
            return Ok(false);
        }
        left -= bytes.len() as u64;
    }
    Ok(true)
}

/// A header in the oldest form, with `bits` of each sample in use.
fn plain_header(layout: &WavLayout, bits: u16) -> Vec<u8> {
    let tag: u16 = if layout.encoding == Encoding::Float { 3 } else { 1 };
    let block_align = layout.num_channels * layout.sample_bytes;
    let data_len = layout.data_len as u32;
    let mut header = Vec::with_capacity(44);
    header.extend_from_slice(b"RIFF");
    header.extend_from_slice(&data_len.saturating_add(36).to_le_bytes());
    header.extend_from_slice(b"WAVEfmt ");
    header.extend_from_slice(&16u32.to_le_bytes());
    header.extend_from_slice(&tag.to_le_bytes());
    header.extend_from_slice(&layout.num_channels.to_le_bytes());
    // The true rate is kept in the layout: at 1 Hz here no product can overflow.
    header.extend_from_slice(&1u32.to_le_bytes());
    header.extend_from_slice(&u32::from(block_align).to_le_bytes());
    header.extend_from_slice(&block_align.to_le_bytes());
    header.extend_from_slice(&bits.to_le_bytes());
    header.extend_from_slice(b"data");
    header.extend_from_slice(&data_len.to_le_bytes());
    header
}

fn decoder_problem(err: hound::Error) -> Problem {
    match err {
        hound::Error::IoError(err) => err.into(),
        other => Problem::malformed(format!("the samples cannot be decoded ({other})")),
    }
}
