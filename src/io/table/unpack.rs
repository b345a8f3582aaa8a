//! Compressed pieces of a table: each has the size that it says, and all of them no more than is allowed.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::io::{Problem, limits};
use crate::text::{Value, msg};

/// How a piece is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io) enum Codec {
    None,
    Snappy,
    Gzip,
    /// A block with nothing around it.
    Lz4Block,
    /// LZ4's own frames.
    Lz4Frame,
    Zstd,
}

/// What a file may still unpack to.
#[derive(Debug, Clone)]
pub(in crate::io) struct Budget {
    left: Arc<AtomicU64>,
    limit: u64,
}

impl Budget {
    /// For a file of so many bytes.
    pub(in crate::io) fn new(file_len: u64) -> Self {
        let limit = limits::of_table(file_len);
        Self { left: Arc::new(AtomicU64::new(limit)), limit }
    }

    /// Takes so many bytes off it.
    ///
    /// # Errors
    /// It does not have them.
    pub(in crate::io) fn take(&self, bytes: u64) -> Result<(), Problem> {
        let rest = self.rest(bytes)?;
        self.left.store(rest, Ordering::Relaxed);
        Ok(())
    }

    /// Whether it has so many bytes, which are given back before others are wanted.
    ///
    /// # Errors
    /// It does not have them.
    pub(in crate::io) fn check(&self, bytes: u64) -> Result<(), Problem> {
        self.rest(bytes).map(drop)
    }

    fn rest(&self, bytes: u64) -> Result<u64, Problem> {
        let left = self.left.load(Ordering::Relaxed);
        let rest = left.checked_sub(bytes);
        rest.ok_or_else(|| limits::exceeded((self.limit - left).saturating_add(bytes), true, self.limit))
    }
}

/// Unpacks `bytes` to the `size` that was said of them.
///
/// # Errors
/// They unpack to anything else, or to more than the budget has.
pub(in crate::io) fn unpack(
    codec: Codec,
    bytes: &[u8],
    size: usize,
    budget: &Budget,
) -> Result<Vec<u8>, Problem> {
    budget.take(size as u64)?;
    let unpacked = match codec {
        Codec::None => bytes.to_vec(),
        // Both write into room that is there, and never beyond.
        Codec::Snappy => {
            // It says its size as well.
            if snap::raw::decompress_len(bytes).map_err(|err| wrong(err.to_string()))? != size {
                return Err(wrong(msg!("table-piece-two-sizes")));
            }
            let mut unpacked = vec![0; size];
            let len = snap::raw::Decoder::new().decompress(bytes, &mut unpacked);
            unpacked.truncate(len.map_err(|err| wrong(err.to_string()))?);
            unpacked
        }
        Codec::Lz4Block => {
            // No block unpacks to more, and room is made before it is looked at.
            const MOST_TIMES: usize = 255;
            if size / MOST_TIMES > bytes.len() {
                return Err(wrong(msg!("table-piece-too-large")));
            }
            let mut unpacked = vec![0; size];
            let len = lz4_flex::block::decompress_into(bytes, &mut unpacked);
            unpacked.truncate(len.map_err(|err| wrong(err.to_string()))?);
            unpacked
        }
        Codec::Gzip => {
            read(flate2::read::MultiGzDecoder::new(bytes), size).map_err(|err| wrong(err.to_string()))?
        }
        Codec::Lz4Frame => {
            read(lz4_flex::frame::FrameDecoder::new(bytes), size).map_err(|err| wrong(err.to_string()))?
        }
        Codec::Zstd => {
            let decoder =
                ruzstd::decoding::StreamingDecoder::new(bytes).map_err(|err| wrong(err.to_string()))?;
            read(decoder, size).map_err(|err| wrong(err.to_string()))?
        }
    };
    if unpacked.len() != size {
        return Err(wrong(msg!("table-piece-other-size", expected = size, found = unpacked.len())));
    }
    Ok(unpacked)
}

fn wrong(why: impl Into<Value>) -> Problem {
    let why: Value = why.into();
    Problem::malformed(msg!("table-piece-damaged", why = why))
}

/// What a decoder gives, up to one byte more than was said.
fn read(decoder: impl Read, size: usize) -> std::io::Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    decoder.take(size as u64 + 1).read_to_end(&mut unpacked)?;
    Ok(unpacked)
}
