//! EnCodec's own `.ecdc`: a JSON header, and the codes of ten bits each, frame by frame.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use ndarray::Array2;

use super::arrays::{RawCodes, Stated, TimeAxis, finished};
use super::{Opened, Problem, Reader, Source};
use crate::task::Task;
use crate::text::{msg, phrase};

/// Reads `.ecdc`.
#[derive(Debug, Clone, Copy)]
pub struct EcdcReader;

const MAGIC: &[u8] = b"ECDC";

/// Magic, version and the header's length.
const START_LEN: usize = 9;

const MAX_HEADER_LEN: u32 = 1 << 16;

/// Every released model has 1024 codes a layer.
const BITS: u32 = 10;

const MAX_LAYERS: usize = 64;

/// What the header says.
#[derive(serde::Deserialize)]
struct Header {
    /// The model.
    m: String,
    /// Samples of the audio.
    al: u64,
    /// Layers.
    nc: usize,
    /// Whether a language model packed the codes further.
    lm: bool,
}

/// How a model cuts audio up.
struct Cut {
    samples_a_frame: u64,
    sample_rate_hz: f64,
    /// Samples of a segment, and from one to the next; `None` for one segment.
    segment: Option<(u64, u64)>,
    /// Whether each segment begins with its loudness.
    is_scaled: bool,
}

impl Reader for EcdcReader {
    fn id(&self) -> &'static str {
        "ecdc"
    }

    fn label(&self) -> &'static str {
        "EnCodec stream" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ecdc"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        head.starts_with(MAGIC)
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        let mut file = &source.file;
        file.seek(SeekFrom::Start(0))?;
        let mut start = [0; START_LEN];
        file.read_exact(&mut start)?;
        let [_, _, _, _, version, a, b, c, d] = start;
        let len = u32::from_be_bytes([a, b, c, d]);
        if version != 0 || len > MAX_HEADER_LEN {
            return Err(Problem::malformed(msg!("tensor-ecdc-version", version = version)));
        }
        let mut text = Vec::new();
        file.take(u64::from(len)).read_to_end(&mut text)?;
        let header: Header = serde_json::from_slice(&text)
            .map_err(|err| Problem::malformed(msg!("tensor-ecdc-header", why = err.to_string())))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        task.check()?;
        Ok(Opened::Codes(finished(codes(&header, &bytes)?, &source.wanted)?))
    }
}

fn codes(header: &Header, bytes: &[u8]) -> Result<RawCodes, Problem> {
    let Header { m, al, nc, lm } = header;
    if *lm {
        return Err(Problem::Unsupported(msg!("tensor-ecdc-packed")));
    }
    let cut = cut(m)?;
    if !(1..=MAX_LAYERS).contains(nc) {
        return Err(Problem::malformed(msg!("tensor-ecdc-layers", n = nc.to_string())));
    }
    // The file bounds what its header may say.
    let most = bytes.len() as u64 * 8 / u64::from(BITS) / *nc as u64;
    let (mut rows, mut clips, mut at) = (vec![Vec::new(); *nc], Vec::new(), 0usize);
    let (segment, stride) = cut.segment.unwrap_or(((*al).max(1), (*al).max(1)));
    let mut offset = 0;
    while offset < *al {
        let frames = (al - offset).min(segment).div_ceil(cut.samples_a_frame);
        at += if cut.is_scaled { 4 } else { 0 };
        let packed = bytes.get(at..).unwrap_or_default();
        let need = (frames.saturating_mul(*nc as u64).saturating_mul(u64::from(BITS))).div_ceil(8);
        if frames > most || need > packed.len() as u64 {
            return Err(Problem::Truncated {
                what: phrase!("file-part-codes"),
                expected: need,
                found: packed.len() as u64,
            });
        }
        let frames = frames as usize;
        let mut bits = Bits { bytes: packed, held: 0, count: 0 };
        for _ in 0..frames {
            for row in &mut rows {
                row.push(bits.take());
            }
        }
        clips.push((format!("segment {}", clips.len() + 1), frames));
        at += need as usize;
        offset += stride;
    }
    let frames = rows.first().map_or(0, Vec::len);
    let values = Array2::from_shape_vec((*nc, frames), rows.concat())
        .map_err(|_| Problem::malformed(msg!("tensor-ecdc-codes")))?;
    let mut codes = RawCodes::of(values, TimeAxis::Columns, msg!("axis-format-says"));
    if clips.len() > 1 {
        codes.notices.push(msg!("tensor-ecdc-segments", n = clips.len()));
        codes.clips = clips;
    }
    codes.is_own = true;
    codes.stated = Stated {
        codebook_sizes: vec![1 << BITS; *nc],
        first_layer: None,
        frame_rate_hz: Some(cut.sample_rate_hz / cut.samples_a_frame as f64),
    };
    Ok(codes)
}

fn cut(model: &str) -> Result<Cut, Problem> {
    const SAMPLES_A_FRAME: u64 = 320;
    match model {
        "encodec_24khz" => Ok(Cut {
            samples_a_frame: SAMPLES_A_FRAME,
            sample_rate_hz: 24_000.0,
            segment: None,
            is_scaled: false,
        }),
        "encodec_48khz" => Ok(Cut {
            samples_a_frame: SAMPLES_A_FRAME,
            sample_rate_hz: 48_000.0,
            segment: Some((48_000, 47_520)),
            is_scaled: true,
        }),
        other => Err(Problem::Unsupported(msg!("tensor-ecdc-model", model = format!("{other:?}")))),
    }
}

/// Numbers of [`BITS`] bits, the lowest bit first.
struct Bits<'a> {
    bytes: &'a [u8],
    held: u32,
    count: u32,
}

impl Bits<'_> {
    /// The next number; zeros follow the last byte.
    fn take(&mut self) -> i32 {
        while self.count < BITS {
            let (byte, rest) = self.bytes.split_first().map_or((0, self.bytes), |(byte, rest)| (*byte, rest));
            self.bytes = rest;
            self.held |= u32::from(byte) << self.count;
            self.count += 8;
        }
        let number = self.held & ((1 << BITS) - 1);
        self.held >>= BITS;
        self.count -= BITS;
        number as i32
    }
}
