//! The chunks of a WAV file: what its samples are and where they lie, before any of them is read.

use std::io::{Read, Seek, SeekFrom};

use super::Problem;
use crate::text::{Message, msg, phrase};

/// Where the samples lie and how they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WavLayout {
    /// What each sample is.
    pub(super) encoding: Encoding,
    /// How many channels are interleaved, at least 1.
    pub(super) num_channels: u16,
    /// Frames a second, at least 1.
    pub(super) sample_rate_hz: u32,
    /// Bytes of one sample of one channel, 1 to 4, or 8.
    pub(super) sample_bytes: u16,
    /// Where the samples begin.
    pub(super) data_offset: u64,
    /// How many bytes of whole frames there are; all of them lie inside the file.
    pub(super) data_len: u64,
}

/// What a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// A whole number that fills its bytes.
    Int,
    /// 24 bits in 4 bytes.
    Int24In32,
    /// Single precision.
    Float,
    /// Double precision.
    Double,
}

/// What the `fmt ` chunk says.
struct Format {
    tag: u16,
    num_channels: u16,
    sample_rate_hz: u32,
    block_align: u16,
    bits: u16,
    valid_bits: u16,
}

const TAG_PCM: u16 = 1;
const TAG_FLOAT: u16 = 3;
const TAG_EXTENSIBLE: u16 = 0xfffe;

/// Sound files have a handful of chunks in front of their samples.
const MAX_CHUNKS: usize = 4096;

/// What a program writes as a length when it does not know it, because it writes to a pipe.
const UNKNOWN_LEN: u32 = u32::MAX;

impl WavLayout {
    /// Walks the chunks of a file of `file_len` bytes up to its samples.
    pub(super) fn read(src: &mut (impl Read + Seek), file_len: u64) -> Result<Self, Problem> {
        let mut start = [0u8; 12];
        read_header(src, &mut start)?;
        let [b'R', b'I', b'F', b'F', riff_len @ .., b'W', b'A', b'V', b'E'] = start else {
            return Err(Problem::Malformed(msg!("file-no-wave")));
        };
        let streamed = u32::from_le_bytes(riff_len) == UNKNOWN_LEN;
        let mut offset = start.len() as u64;
        let mut format = None;
        for _ in 0..MAX_CHUNKS {
            let found = file_len.saturating_sub(offset);
            if found == 0 {
                return Err(Problem::Malformed(match format {
                    Some(_) => msg!("file-no-audio"),
                    None => msg!("file-no-audio.without-format"),
                }));
            }
            let mut chunk = [0u8; 8];
            src.seek(SeekFrom::Start(offset))?;
            read_header(src, &mut chunk)?;
            let [id @ .., l0, l1, l2, l3] = chunk;
            let len = u32::from_le_bytes([l0, l1, l2, l3]);
            offset += chunk.len() as u64;
            let found = file_len.saturating_sub(offset);
            if id == *b"data" {
                let Some(format) = format else {
                    return Err(Problem::Malformed(msg!("file-samples-before-format")));
                };
                let unknown = streamed && len == UNKNOWN_LEN;
                return Self::new(&format, offset, if unknown { None } else { Some(len) }, found);
            }
            if u64::from(len) > found {
                return Err(Problem::Truncated {
                    what: phrase!("file-part-header"),
                    expected: u64::from(len),
                    found,
                });
            }
            if id == *b"fmt " {
                format = Some(Format::read(src, len)?);
            }
            // Chunks are padded to an even length.
            offset += u64::from(len) + u64::from(len & 1);
        }
        Err(Problem::Malformed(msg!("file-no-samples-so-far", n = MAX_CHUNKS)))
    }

    /// Checks that a `data` chunk of `len` bytes, `found` of which are in the file, holds whole frames.
    fn new(format: &Format, data_offset: u64, len: Option<u32>, found: u64) -> Result<Self, Problem> {
        let encoding = format.encoding()?;
        let sample_bytes = format.block_align / format.num_channels;
        let frame_bytes = u64::from(format.block_align);
        let data_len = match len.map(u64::from) {
            Some(expected) if expected > found => {
                return Err(Problem::Truncated { what: phrase!("file-part-samples"), expected, found });
            }
            Some(len) if !len.is_multiple_of(frame_bytes) => {
                let len = len.to_string();
                return Err(Problem::Malformed(msg!("file-odd-samples", n = len, frame = frame_bytes)));
            }
            Some(len) => len,
            None => found - found % frame_bytes,
        };
        if data_len == 0 {
            return Err(Problem::Malformed(msg!("file-no-audio")));
        }
        if data_len > u64::from(u32::MAX) {
            return Err(Problem::Unsupported(msg!("file-audio-too-long")));
        }
        let Format { num_channels, sample_rate_hz, .. } = *format;
        Ok(Self { encoding, num_channels, sample_rate_hz, sample_bytes, data_offset, data_len })
    }

    /// The type of the samples, by its usual name.
    pub(super) fn sample_type(&self) -> &'static str {
        match (self.encoding, self.sample_bytes) {
            (Encoding::Float, _) => "f32",
            (Encoding::Double, _) => "f64",
            (Encoding::Int24In32, _) => "24 bits in i32", // not a text
            (Encoding::Int, 1) => "u8",
            (Encoding::Int, 2) => "i16",
            (Encoding::Int, 3) => "i24",
            (Encoding::Int, _) => "i32",
        }
    }

    /// Samples of each channel; all of them lie inside the file.
    pub(super) fn num_frames(&self) -> usize {
        let frame_bytes = u64::from(self.sample_bytes) * u64::from(self.num_channels);
        usize::try_from(self.data_len / frame_bytes.max(1)).unwrap_or(usize::MAX)
    }
}

impl Format {
    fn read(src: &mut impl Read, len: u32) -> Result<Self, Problem> {
        // The longest that is known, WAVEFORMATEXTENSIBLE, has 40 bytes; what is missing reads as 0.
        let mut bytes = [0u8; 40];
        if len < 16 {
            return Err(Problem::Malformed(msg!("file-format-chunk-short", n = len)));
        }
        let known = bytes.len().min(len as usize);
        src.read_exact(bytes.split_at_mut(known).0)?;
        let u16_at = |at: usize| match bytes.get(at..at + 2) {
            Some(&[low, high]) => u16::from_le_bytes([low, high]),
            _ => 0,
        };
        let mut format = Self {
            tag: u16_at(0),
            num_channels: u16_at(2),
            sample_rate_hz: u32::from(u16_at(4)) | u32::from(u16_at(6)) << 16,
            block_align: u16_at(12),
            bits: u16_at(14),
            valid_bits: u16_at(14),
        };
        if format.tag == TAG_EXTENSIBLE && known == bytes.len() {
            // The sub-format's id begins with the plain tag. Some writers leave the valid bits at 0.
            format.tag = u16_at(24);
            if u16_at(18) > 0 {
                format.valid_bits = u16_at(18);
            }
        }
        Ok(format)
    }

    /// What the samples are, if they can be read.
    fn encoding(&self) -> Result<Encoding, Problem> {
        let Self { tag, num_channels, sample_rate_hz, block_align, bits, valid_bits } = *self;
        if num_channels == 0 || sample_rate_hz == 0 {
            let (channels, rate) = (num_channels, sample_rate_hz);
            return Err(Problem::Malformed(msg!("file-odd-sound", channels = channels, rate = rate)));
        }
        let unsupported = |what: Message| Err(Problem::Unsupported(msg!("file-wav-not-read", what = what)));
        match tag {
            TAG_PCM | TAG_FLOAT => {}
            2 | 17 => return unsupported(msg!("file-wav-adpcm")),
            6 => return unsupported(msg!("file-wav-a-law")),
            7 => return unsupported(msg!("file-wav-mu-law")),
            0x55 => return unsupported(msg!("file-wav-mp3")),
            _ => return unsupported(msg!("file-wav-compression", tag = format!("{tag:#06x}"))),
        }
        let sample_bytes = block_align / num_channels;
        if sample_bytes == 0 || block_align % num_channels != 0 || bits > sample_bytes.saturating_mul(8) {
            let (channels, bytes) = (num_channels, block_align);
            let words = msg!("file-contradicting-sound", channels = channels, bits = bits, bytes = bytes);
            return Err(Problem::Malformed(words));
        }
        match (tag, sample_bytes, bits) {
            (TAG_FLOAT, 4, 32) => Ok(Encoding::Float),
            (TAG_FLOAT, 8, 64) => Ok(Encoding::Double),
            (TAG_FLOAT, ..) => unsupported(msg!("file-wav-floats", bits = bits)),
            (_, 4, 24) => Ok(Encoding::Int24In32),
            (_, 4, 32) if valid_bits == 24 => Ok(Encoding::Int24In32),
            // Fewer valid bits than the bytes hold stand at the top, so the scale is that of the bytes.
            (_, 1..=4, _) if bits.div_ceil(8) == sample_bytes && bits > 0 => Ok(Encoding::Int),
            _ => unsupported(msg!("file-wav-bits", bits = bits, bytes = sample_bytes)),
        }
    }
}

fn read_header(src: &mut impl Read, bytes: &mut [u8]) -> Result<(), Problem> {
    src.read_exact(bytes).map_err(|_| Problem::Malformed(msg!("file-header-short")))
}
