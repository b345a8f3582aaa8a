//! A zip archive of stored entries, whose bytes depend on nothing but names and contents.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use super::super::tensors::NewTensor;
use super::Problem;
use crate::text::{msg, t};

/// An archive that is being written.
pub(in crate::io) struct ZipFile<W> {
    out: W,
    /// Bytes written so far.
    at: u64,
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    offset: u32,
    len: u32,
    crc: u32,
}

/// What torch itself pads the front of an entry with.
const PADDING_ID: [u8; 2] = *b"FB";
const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
const VERSION: u16 = 20;
/// The first day that the format knows.
const DATE: u16 = 0x21;
/// Local header without name and padding.
const LOCAL_LEN: u64 = 30;

/// Whether so many numbers fit an archive whose sizes are 32 bits wide.
pub(super) fn check(tensors: &[NewTensor]) -> Result<(), Problem> {
    const HEADERS: usize = 4096;
    let sizes = tensors.iter().map(|tensor| tensor.values.len() * tensor.dtype.size() + HEADERS);
    let fits = sizes.sum::<usize>() < u32::MAX as usize && tensors.len() < usize::from(u16::MAX) / 2;
    if fits { Ok(()) } else { Err(Problem::Unsupported(msg!("tensor-zip-model"))) }
}

impl<W: Write> ZipFile<W> {
    /// An archive without entries.
    pub(in crate::io) fn new(out: W) -> Self {
        Self { out, at: 0, entries: Vec::new() }
    }

    /// Adds a file whose first byte lies at a multiple of `alignment`.
    pub(in crate::io) fn put(&mut self, name: &str, bytes: &[u8], alignment: u64) -> io::Result<()> {
        self.begin(name, bytes.len() as u64, crc32fast::hash(bytes), alignment)?;
        self.write(bytes)
    }

    /// Adds what `file` holds, which is read twice and never kept in memory as a whole: its sum stands in front of it.
    pub(in crate::io) fn put_file(&mut self, name: &str, file: &mut File) -> io::Result<()> {
        let (mut len, mut hasher) = (0, crc32fast::Hasher::new());
        each_block(file, |block| {
            len += block.len() as u64;
            hasher.update(block);
            Ok(())
        })?;
        self.begin(name, len, hasher.finalize(), 1)?;
        let mut left = len;
        each_block(file, |block| {
            left = left.checked_sub(block.len() as u64).ok_or_else(changed)?;
            self.write(block)
        })?;
        if left == 0 { Ok(()) } else { Err(changed()) }
    }

    /// The header of an entry, behind which its bytes are to follow.
    fn begin(&mut self, name: &str, len: u64, crc: u32, alignment: u64) -> io::Result<()> {
        let entry = Entry { name: name.to_owned(), offset: narrow(self.at)?, len: narrow(len)?, crc };
        let padding = padding(self.at + LOCAL_LEN + name.len() as u64, alignment);
        let mut header = LOCAL.to_le_bytes().to_vec();
        entry.put_facts(&mut header);
        header.extend((padding.len() as u16).to_le_bytes());
        header.extend(name.bytes());
        header.extend(padding);
        self.write(&header)?;
        self.entries.push(entry);
        Ok(())
    }

    /// The CRC of every entry so far, by which the contents are told apart.
    pub(super) fn checksums(&self) -> impl Iterator<Item = (&str, u32)> {
        self.entries.iter().map(|entry| (entry.name.as_str(), entry.crc))
    }

    /// Writes the directory.
    pub(in crate::io) fn finish(mut self) -> io::Result<()> {
        let start = narrow(self.at)?;
        for entry in std::mem::take(&mut self.entries) {
            let mut record = CENTRAL.to_le_bytes().to_vec();
            record.extend(VERSION.to_le_bytes());
            entry.put_facts(&mut record);
            // No extra field, no comment, first disk, no attributes.
            record.extend([0; 2 + 2 + 2 + 2 + 4]);
            record.extend(entry.offset.to_le_bytes());
            record.extend(entry.name.bytes());
            self.write(&record)?;
            self.entries.push(entry);
        }
        let len = narrow(self.at)? - start;
        let count = u16::try_from(self.entries.len()).map_err(|_| too_large())?;
        let mut end = END.to_le_bytes().to_vec();
        end.extend([0; 4]);
        end.extend(count.to_le_bytes());
        end.extend(count.to_le_bytes());
        end.extend(len.to_le_bytes());
        end.extend(start.to_le_bytes());
        end.extend([0; 2]);
        self.write(&end)?;
        self.out.flush()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

impl Entry {
    /// What both headers say alike: version, flags, method, time, date, CRC, sizes, length of the name.
    fn put_facts(&self, out: &mut Vec<u8>) {
        let Self { name, len, crc, .. } = self;
        for number in [VERSION, FLAGS, 0, 0, DATE] {
            out.extend(number.to_le_bytes());
        }
        for number in [crc, len, len] {
            out.extend(number.to_le_bytes());
        }
        out.extend((name.len() as u16).to_le_bytes());
    }
}

/// An extra field that moves what begins at `at` to a multiple of `alignment`.
fn padding(at: u64, alignment: u64) -> Vec<u8> {
    let over = at % alignment;
    if over == 0 {
        return Vec::new();
    }
    let head = PADDING_ID.len() as u64 + 2;
    let mut len = alignment - over;
    while len < head {
        len += alignment;
    }
    let mut extra = PADDING_ID.to_vec();
    extra.extend(((len - head) as u16).to_le_bytes());
    extra.resize(len as usize, b'Z');
    extra
}

/// Gives all of `file`, from its beginning, block by block.
fn each_block(file: &mut File, mut work: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    file.rewind()?;
    let mut block = vec![0u8; 1 << 17];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(()),
            len => work(block.split_at(len).0)?,
        }
    }
}

/// Why an archive is not finished.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("{}", t!("tensor-zip-changed"))]
    Changed,
    #[error("{}", t!("tensor-zip-large"))]
    TooLarge,
}

fn changed() -> io::Error {
    io::Error::other(Refusal::Changed)
}

fn narrow(number: u64) -> io::Result<u32> {
    u32::try_from(number).map_err(|_| too_large())
}

fn too_large() -> io::Error {
    io::Error::other(Refusal::TooLarge)
}
