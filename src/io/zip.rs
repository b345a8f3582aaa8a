//! Zip archives as PyTorch and NumPy write them: the directory at the end, and entries that are stored or deflated.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Take};

use flate2::read::DeflateDecoder;

use super::tensors::ZipEntry;
use super::{Problem, Source, limits};
use crate::task::{Stage, Task};
use crate::text::{msg, phrase};

mod directory;

use directory::{CENTRAL_LEN, Directory, Fields, SATURATED, Wide, broken_directory, read_at};

/// More than any checkpoint has; each takes a look at its own place in the file.
const MAX_ENTRIES: u64 = 1 << 18;

/// How an entry is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Stored,
    Deflated,
    /// By its number; such an entry is no hindrance until it is read.
    Other(u16),
}

/// One file in an archive.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its path in the archive.
    pub(super) name: String,
    /// Its length once it is unpacked.
    pub(super) len: u64,
    method: Method,
    is_encrypted: bool,
    packed_len: u64,
    crc: u32,
    header_offset: u64,
    central_offset: u64,
    data_offset: u64,
}

/// What an archive holds, in the order of the names.
#[derive(Debug)]
pub(super) struct Archive {
    entries: Vec<Entry>,
}

/// What is unpacked between two looks at the task.
const BLOCK_BYTES: u64 = 1 << 18;

/// PyTorch can be told to leave checksums out.
const NO_CRC: u32 = 0;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const LOCAL_LEN: usize = 30;

/// Whether a file that begins with `head` is an archive, be it an empty one.
pub(super) fn sniff(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") || sniff_relabelled(head)
}

/// GPT-SoVITS writes the digits of its version over the `PK`.
fn sniff_relabelled(head: &[u8]) -> bool {
    matches!(head, [b'0', b'0'..=b'9', 3, 4, ..])
}

/// The name of the first entry, as far as `head` has it.
pub(super) fn first_name(head: &[u8]) -> &[u8] {
    const NAME_LEN: usize = 26;
    let len = usize::from(Fields(head).u16(NAME_LEN));
    let rest = head.get(LOCAL_LEN..).unwrap_or_default();
    rest.get(..len).unwrap_or(rest)
}

impl Archive {
    /// Reads the directory and where each entry begins.
    ///
    /// # Errors
    /// It is no archive, cut short, its entries lie outside of the file or over each other, or would unpack to more than is allowed; or the task
    /// was cancelled.
    pub(super) fn read(source: &Source<'_>, task: &Task<'_>) -> Result<Self, Problem> {
        let directory = Directory::find(source)?;
        let records = read_at(&source.file, directory.offset, directory.len)?;
        if directory.count > MAX_ENTRIES {
            let count = directory.count;
            let count = count.to_string();
            return Err(Problem::Unsupported(msg!("file-zip-too-many", n = count, most = MAX_ENTRIES)));
        }
        let mut entries = Vec::with_capacity(usize::try_from(directory.count).unwrap_or(0));
        let mut at = 0usize;
        for _ in 0..directory.count {
            let record = records.get(at..).unwrap_or_default();
            let (entry, len) = Entry::parse(record, directory.offset + at as u64)?;
            entries.push(entry);
            at += len;
        }
        drop(records);
        for entry in &mut entries {
            task.check()?;
            entry.find_data(source)?;
        }
        check_apart(&mut entries, directory.offset)?;
        let packed = entries.iter().filter(|entry| entry.method == Method::Deflated);
        let unpacked = packed.fold(0u64, |sum, entry| sum.saturating_add(entry.len));
        let limit = limits::of_archive();
        if unpacked > limit {
            return Err(limits::exceeded(unpacked, false, limit));
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(Problem::Malformed(msg!("file-zip-twice", name = format!("{:?}", pair[0].name))));
        }
        Ok(Self { entries })
    }

    /// Its entries.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of that name.
    pub(super) fn find(&self, name: &str) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|entry| entry.name.as_str().cmp(name)).ok()?;
        self.entries.get(at)
    }
}

impl Entry {
    /// Where it lies, if it is stored as it is.
    pub(super) fn stored(&self) -> Option<ZipEntry> {
        let &Self { len, header_offset, central_offset, data_offset, .. } = self;
        let stored = self.method == Method::Stored && !self.is_encrypted;
        stored.then_some(ZipEntry { header_offset, central_offset, data_offset, len })
    }

    /// Its length in the file.
    pub(super) fn packed_len(&self) -> u64 {
        self.packed_len
    }

    /// Reads all of it to see whether it is what its checksum says.
    ///
    /// # Errors
    /// It is not, cannot be read, or the task was cancelled.
    pub(super) fn verify(&self, file: &File, stage: Stage<'_>) -> Result<(), Problem> {
        if self.crc == NO_CRC {
            return Ok(());
        }
        let mut reader = self.reader(file)?;
        let block_len = usize::try_from(BLOCK_BYTES.min(self.packed_len)).unwrap_or(0);
        let mut block = vec![0u8; block_len];
        while reader.read(&mut block)? > 0 {
            stage.reach(self.len - reader.left, self.len)?;
        }
        reader.finish(&self.name)
    }

    /// Its bytes, unpacked on the way.
    ///
    /// # Errors
    /// It is encrypted or packed in a way that is not read.
    pub(super) fn reader<'a>(&self, mut file: &'a File) -> Result<EntryReader<'a>, Problem> {
        let Self { name, .. } = self;
        if self.is_encrypted {
            return Err(Problem::Unsupported(msg!("file-zip-encrypted", name = name)));
        }
        file.seek(SeekFrom::Start(self.data_offset))?;
        let packed = file.take(self.packed_len);
        let bytes = match self.method {
            Method::Stored => Bytes::Stored(packed),
            Method::Deflated => Bytes::Deflated(Box::new(DeflateDecoder::new(packed))),
            Method::Other(number) => {
                return Err(Problem::Unsupported(msg!("file-zip-method", name = name, method = number)));
            }
        };
        Ok(EntryReader { bytes, left: self.len, hasher: crc32fast::Hasher::new(), crc: self.crc })
    }

    /// All of its bytes.
    ///
    /// # Errors
    /// As for [`Entry::reader`]; or it is longer than `limit`, is not what its checksum says, or the task was cancelled.
    pub(super) fn read_all(&self, file: &File, limit: u64, stage: Stage<'_>) -> Result<Vec<u8>, Problem> {
        if self.len > limit {
            let Self { name, len, .. } = self;
            let (len, most) = (len.to_string(), limit.to_string());
            return Err(Problem::Unsupported(msg!("file-zip-long", name = name, n = len, most = most)));
        }
        let mut reader = self.reader(file)?;
        let mut bytes = Vec::new();
        // A deflated entry may say that it is long without being so.
        bytes.reserve_exact(usize::try_from(self.len.min(self.packed_len)).unwrap_or(0));
        while reader.by_ref().take(BLOCK_BYTES).read_to_end(&mut bytes)? > 0 {
            stage.reach(self.len - reader.left, self.len)?;
        }
        reader.finish(&self.name)?;
        Ok(bytes)
    }

    /// A record of the directory, and its length.
    fn parse(record: &[u8], central_offset: u64) -> Result<(Self, usize), Problem> {
        let fixed = record.get(..CENTRAL_LEN).filter(|fixed| Fields(fixed).u32(0) == CENTRAL);
        let fixed = Fields(fixed.ok_or_else(broken_directory)?);
        let (name_len, extra_len, comment_len) =
            (usize::from(fixed.u16(28)), usize::from(fixed.u16(30)), usize::from(fixed.u16(32)));
        let end = CENTRAL_LEN + name_len + extra_len + comment_len;
        let rest = record.get(CENTRAL_LEN..end).ok_or_else(broken_directory)?;
        let (name, rest) = rest.split_at(name_len);
        let extra = rest.split_at(extra_len).0;
        let method = match fixed.u16(10) {
            0 => Method::Stored,
            8 => Method::Deflated,
            other => Method::Other(other),
        };
        let mut wide = Wide::find(extra);
        let mut number = |at: usize| -> Result<u64, Problem> {
            match u64::from(fixed.u32(at)) {
                SATURATED => wide.take().ok_or_else(broken_directory),
                number => Ok(number),
            }
        };
        let (len, packed_len, header_offset) = (number(24)?, number(20)?, number(42)?);
        let name = String::from_utf8_lossy(name).into_owned();
        if method == Method::Stored && packed_len != len {
            return Err(Problem::Malformed(msg!("file-zip-contradicts", name = format!("{name:?}"))));
        }
        let entry = Self {
            name,
            len,
            method,
            is_encrypted: fixed.u16(8) & 1 != 0,
            packed_len,
            crc: fixed.u32(16),
            header_offset,
            central_offset,
            data_offset: 0,
        };
        Ok((entry, end))
    }

    /// Reads from its own header where its bytes begin, which the directory does not tell.
    fn find_data(&mut self, source: &Source<'_>) -> Result<(), Problem> {
        let broken = |name: &str| Problem::Malformed(msg!("file-zip-no-entry", name = format!("{name:?}")));
        let outside = self.header_offset.checked_add(LOCAL_LEN as u64).is_none_or(|end| end > source.len);
        if outside {
            return Err(broken(&self.name));
        }
        let mut header = [0u8; LOCAL_LEN];
        let mut file = &source.file;
        file.seek(SeekFrom::Start(self.header_offset))?;
        file.read_exact(&mut header)?;
        let fields = Fields(&header);
        let relabelled = self.header_offset == 0 && sniff_relabelled(&header);
        if fields.u32(0) != LOCAL && !relabelled {
            return Err(broken(&self.name));
        }
        let names = u64::from(fields.u16(26)) + u64::from(fields.u16(28));
        self.data_offset = self.header_offset + LOCAL_LEN as u64 + names;
        match self.data_offset.checked_add(self.packed_len) {
            Some(end) if end <= source.len => Ok(()),
            _ => Err(Problem::Truncated {
                what: phrase!("file-part-entries"),
                expected: self.packed_len,
                found: source.len.saturating_sub(self.data_offset),
            }),
        }
    }
}

/// Entries that lie over each other are how a small archive unpacks to a huge one.
fn check_apart(entries: &mut [Entry], directory: u64) -> Result<(), Problem> {
    entries.sort_by_key(|entry| entry.header_offset);
    let ends = entries.iter().map(|entry| entry.data_offset.saturating_add(entry.packed_len));
    let next = entries.iter().skip(1).map(|entry| entry.header_offset).chain([directory]);
    match ends.zip(next).zip(entries.iter()).find(|((end, next), _)| end > next) {
        Some((_, entry)) => {
            Err(Problem::Malformed(msg!("file-zip-overlaps", name = format!("{:?}", entry.name))))
        }
        None => Ok(()),
    }
}

/// The bytes of one entry, summed as they pass.
pub(super) struct EntryReader<'a> {
    bytes: Bytes<'a>,
    left: u64,
    hasher: crc32fast::Hasher,
    crc: u32,
}

enum Bytes<'a> {
    Stored(Take<&'a File>),
    Deflated(Box<DeflateDecoder<Take<&'a File>>>),
}

impl Read for EntryReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let wanted = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let out = out.split_at_mut(wanted).0;
        if out.is_empty() {
            return Ok(0);
        }
        let len = match &mut self.bytes {
            Bytes::Stored(bytes) => bytes.read(out)?,
            Bytes::Deflated(bytes) => bytes.read(out).map_err(|err| match err.kind() {
                io::ErrorKind::InvalidInput => io::ErrorKind::InvalidData.into(),
                _ => err,
            })?,
        };
        self.hasher.update(out.split_at(len).0);
        self.left -= len as u64;
        Ok(len)
    }
}

impl EntryReader<'_> {
    /// Checks that all of it was there, that nothing follows, and that it is what the archive's checksum says.
    pub(super) fn finish(mut self, name: &str) -> Result<(), Problem> {
        let mut more = [0u8; 1];
        let more = match &mut self.bytes {
            Bytes::Stored(_) => 0,
            Bytes::Deflated(bytes) => bytes.read(&mut more).unwrap_or(0),
        };
        if self.left > 0 || more > 0 {
            return Err(Problem::Malformed(msg!("file-zip-other-length", name = name)));
        }
        if self.crc != NO_CRC && self.hasher.finalize() != self.crc {
            return Err(Problem::Malformed(msg!("file-zip-checksum", name = name)));
        }
        Ok(())
    }
}
