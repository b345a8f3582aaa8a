//! WAV audio: whole numbers of 8 to 32 bits and floats of 32 or 64, of any rate and number of channels; written as floats of 32.

use std::io::{BufReader, BufWriter, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use super::replace::replace_file;
use super::riff::{Encoding, WavLayout};
use super::{FileError, Opened, Problem, Reader, Source};
use crate::audio::{Audio, Collector, Intake};
use crate::task::{Cancel, Task};
use crate::text::{Message, msg};

/// Reads WAV.
#[derive(Debug, Clone, Copy)]
pub struct WavReader;

/// Samples of all channels that are handed on at once, and between two looks at the task.
const BLOCK_SAMPLES: usize = 1 << 17;

/// Samples of 4 bytes that a file holds whose header counts bytes in 32 bits.
const MOST_WRITTEN: usize = (u32::MAX as usize - 1024) / 4;

impl Reader for WavReader {
    fn id(&self) -> &'static str {
        "wav"
    }

    fn label(&self) -> &'static str {
        "WAV audio" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["wav", "wave"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WAVE")
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        let stage = source.stage();
        read(BufReader::new(&source.file), source.len, source.wanted.intake, &stage, task).map(Opened::Audio)
    }
}

/// Reads a WAV file that is in memory, such as a clip that is part of the program; `name` stands for its path in errors.
///
/// # Errors
/// It is broken or of a kind that is not read.
pub fn read_bytes(name: &str, bytes: &[u8]) -> Result<Audio, FileError> {
    let cancel = Cancel::default();
    read(
        Cursor::new(bytes),
        bytes.len() as u64,
        Intake::Whole,
        &Message::verbatim(name),
        &Task::silent(&cancel),
    )
    .map_err(|problem| problem.at(Path::new(name)))
}

fn read(
    mut src: impl Read + Seek,
    len: u64,
    intake: Intake,
    stage: &Message,
    task: &Task<'_>,
) -> Result<Audio, Problem> {
    let layout = WavLayout::read(&mut src, len)?;
    let bits = match layout.encoding {
        Encoding::Int24In32 if low_bytes_are_zero(&mut src, &layout, task)? => 32,
        Encoding::Int24In32 => 24,
        _ => layout.sample_bytes * 8,
    };
    src.seek(SeekFrom::Start(layout.data_offset))?;
    let collector =
        intake.collector(layout.num_channels.into(), layout.sample_rate_hz, layout.num_frames())?;
    let blocks = Blocks { layout: &layout, stage, task, collector };
    if layout.encoding == Encoding::Double {
        return blocks.collect(doubles(src), narrowed);
    }
    // The decoder gets a plain header: it refuses real files over fields that do not matter here.
    let header = Cursor::new(plain_header(&layout, bits));
    let decoder = hound::WavReader::new(header.chain(src)).map_err(decoder_problem)?;
    if layout.encoding == Encoding::Float {
        return blocks.collect(decoder.into_samples::<f32>(), |v| v);
    }
    // f64 because a 32-bit sample is to be rounded once, not twice.
    let scale = 1.0 / f64::from(1u32 << (bits - 1));
    blocks.collect(decoder.into_samples::<i32>(), |v| (f64::from(v) * scale) as f32)
}

/// The way of samples from a decoder to where they are kept.
struct Blocks<'a> {
    layout: &'a WavLayout,
    stage: &'a Message,
    task: &'a Task<'a>,
    collector: Collector,
}

impl Blocks<'_> {
    /// Takes interleaved samples apart, a block at a time.
    fn collect<T>(
        self,
        mut samples: impl Iterator<Item = hound::Result<T>>,
        convert: impl Fn(T) -> f32,
    ) -> Result<Audio, Problem> {
        let Self { layout, stage, task, mut collector } = self;
        // Bounded by the file: the layout has been checked against its true size.
        let num_frames = layout.num_frames();
        let num_channels = usize::from(layout.num_channels);
        let block_frames = (BLOCK_SAMPLES / num_channels).max(1);
        let mut block = vec![Vec::with_capacity(num_frames.min(block_frames)); num_channels];
        for first in (0..num_frames).step_by(block_frames) {
            task.check()?;
            task.progress(stage.clone(), first, num_frames);
            block.iter_mut().for_each(Vec::clear);
            for _ in first..(first + block_frames).min(num_frames) {
                for channel in &mut block {
                    let sample = samples
                        .next()
                        .ok_or_else(|| Problem::Malformed(msg!("file-ended-early")))?
                        .map_err(decoder_problem)?;
                    channel.push(convert(sample));
                }
            }
            collector.push(&block)?;
        }
        task.progress(stage.clone(), num_frames, num_frames);
        Ok(Audio { stored_as: Some(layout.sample_type()), ..collector.finish(Vec::new())? })
    }
}

/// The doubles that a file goes on with.
fn doubles(mut src: impl Read) -> impl Iterator<Item = hound::Result<f64>> {
    std::iter::from_fn(move || {
        let mut bytes = [0u8; 8];
        Some(src.read_exact(&mut bytes).map(|()| f64::from_le_bytes(bytes)).map_err(hound::Error::IoError))
    })
}

/// The nearest f32. What lies beyond its range becomes infinite, and is refused like what is infinite in the file.
fn narrowed(value: f64) -> f32 {
    value as f32
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

/// Writes one channel as WAV of 32-bit floats, whatever lies outside of -1..1 as it is.
///
/// # Errors
/// There are more samples than such a file holds, or it cannot be written; what was there stays.
pub fn write_f32(path: &Path, samples: &[f32], sample_rate_hz: u32) -> Result<(), FileError> {
    if samples.len() > MOST_WRITTEN {
        let words = msg!("file-too-many-samples", n = samples.len(), most = MOST_WRITTEN);
        return Err(Problem::Unsupported(words).at(path));
    }
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: sample_rate_hz,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    replace_file(path, |out| {
        let mut writer = hound::WavWriter::new(BufWriter::new(out), spec).map_err(encoder_problem)?;
        for &sample in samples {
            writer.write_sample(sample).map_err(encoder_problem)?;
        }
        writer.finalize().map_err(encoder_problem)
    })
}

fn encoder_problem(err: hound::Error) -> std::io::Error {
    match err {
        hound::Error::IoError(err) => err,
        other => std::io::Error::other(other),
    }
}

fn decoder_problem(err: hound::Error) -> Problem {
    match err {
        hound::Error::IoError(err) => err.into(),
        other => Problem::Malformed(msg!("file-samples-not-decoded", problem = other.to_string())),
    }
}
