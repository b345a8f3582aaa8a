//! Where an archive's directory is, and the records that it is made of.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::super::{Problem, Source};
use crate::text::msg;

const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
const END_LEN: usize = 22;
const END_64_LEN: usize = 56;
const LOCATOR_64_LEN: usize = 20;
/// Stands where a number is kept in its 64-bit form elsewhere.
pub(super) const SATURATED: u64 = u32::MAX as u64;
/// A record of the directory without its name.
pub(super) const CENTRAL_LEN: usize = 46;

/// Where the directory is.
pub(super) struct Directory {
    /// In the file.
    pub(super) offset: u64,
    /// In bytes.
    pub(super) len: usize,
    /// How many entries it lists.
    pub(super) count: u64,
}

impl Directory {
    /// Finds it by the record at the end of the file.
    ///
    /// # Errors
    /// There is none, or it lies outside of the file.
    pub(super) fn find(source: &Source<'_>) -> Result<Self, Problem> {
        /// A comment of any length may follow the record.
        const MAX_TAIL: usize = END_LEN + u16::MAX as usize + LOCATOR_64_LEN;
        let tail_len = usize::try_from(source.len).unwrap_or(usize::MAX).min(MAX_TAIL);
        let tail_offset = source.len - tail_len as u64;
        let tail = read_at(&source.file, tail_offset, tail_len)?;
        let is_end = |at: &usize| {
            let record = Fields(tail.get(*at..).unwrap_or_default());
            record.u32(0) == END && *at + END_LEN + usize::from(record.u16(20)) == tail_len
        };
        let at = (0..=tail_len.saturating_sub(END_LEN))
            .rev()
            .find(is_end)
            .ok_or_else(|| Problem::Malformed(msg!("file-zip-cut-short")))?;
        let record = Fields(tail.get(at..).unwrap_or_default());
        let mut found = Narrow {
            count: u64::from(record.u16(10)),
            len: u64::from(record.u32(12)),
            offset: u64::from(record.u32(16)),
        };
        let locator = at.checked_sub(LOCATOR_64_LEN).and_then(|at| tail.get(at..));
        if let Some(locator) = locator.map(Fields).filter(|locator| locator.u32(0) == LOCATOR_64) {
            let wide_offset = locator.u64(8);
            let inside = wide_offset.checked_add(END_64_LEN as u64).is_some_and(|end| end <= source.len);
            let wide = if inside { read_at(&source.file, wide_offset, END_64_LEN)? } else { Vec::new() };
            let wide = Fields(&wide);
            if wide.u32(0) != END_64 {
                return Err(broken_directory());
            }
            found = Narrow { count: wide.u64(32), len: wide.u64(40), offset: wide.u64(48) };
        }
        let Narrow { count, len, offset } = found;
        let end = offset.checked_add(len).filter(|end| *end <= tail_offset + at as u64);
        let len = usize::try_from(len).ok().filter(|_| end.is_some()).ok_or_else(broken_directory)?;
        if count > (len / CENTRAL_LEN) as u64 {
            return Err(broken_directory());
        }
        Ok(Self { offset, len, count })
    }
}

/// What the record at the end says of the directory.
struct Narrow {
    count: u64,
    len: u64,
    offset: u64,
}

/// The 64-bit numbers of an extra field, in the order in which they are wanted.
pub(super) struct Wide<'a>(&'a [u8]);

impl<'a> Wide<'a> {
    /// Finds the field among the extra ones of an entry.
    pub(super) fn find(mut extra: &'a [u8]) -> Self {
        const ID: u16 = 1;
        while extra.len() >= 4 {
            let (id, len) = (Fields(extra).u16(0), usize::from(Fields(extra).u16(2)));
            let Some(field) = extra.get(4..4 + len) else { break };
            if id == ID {
                return Self(field);
            }
            extra = extra.get(4 + len..).unwrap_or_default();
        }
        Self(&[])
    }

    /// The next number.
    pub(super) fn take(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*number))
    }
}

/// Numbers of a record by their places; 0 where it is too short.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    pub(super) fn u16(&self, at: usize) -> u16 {
        self.bytes(at).map_or(0, u16::from_le_bytes)
    }

    pub(super) fn u32(&self, at: usize) -> u32 {
        self.bytes(at).map_or(0, u32::from_le_bytes)
    }

    pub(super) fn u64(&self, at: usize) -> u64 {
        self.bytes(at).map_or(0, u64::from_le_bytes)
    }

    fn bytes<const LEN: usize>(&self, at: usize) -> Option<[u8; LEN]> {
        self.0.get(at..)?.first_chunk().copied()
    }
}

/// The refusal of a directory that contradicts itself or the file.
pub(super) fn broken_directory() -> Problem {
    Problem::Malformed(msg!("file-zip-directory-broken"))
}

/// `len` bytes from `offset` on; the caller has checked that the file has them.
pub(super) fn read_at(mut file: &File, offset: u64, len: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = vec![0u8; len];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
