//! NeMo's `.nemo`: a tar archive, packed or not, with a checkpoint inside.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::read::GzDecoder;

use super::{Opened, Problem, Reader, Source, limits, reader_for};
use crate::task::Task;
use crate::text::{msg, phrase};

/// Reads the checkpoint inside a tar archive.
#[derive(Debug, Clone, Copy)]
pub struct NemoReader;

const RECORD: usize = 512;
const GZIP: &[u8] = &[0x1f, 0x8b, 8];
/// Names of checkpoints inside an archive, the likeliest first.
const CHECKPOINTS: [&str; 5] = ["model_weights.ckpt", ".ckpt", ".safetensors", ".pt", ".pth"];
/// More files than such an archive has.
const MAX_MEMBERS: usize = 1 << 16;
const BLOCK: usize = 1 << 20;

impl Reader for NemoReader {
    fn id(&self) -> &'static str {
        "nemo"
    }

    fn label(&self) -> &'static str {
        "NeMo archive" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["nemo"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        if !head.starts_with(GZIP) {
            return is_tar(head);
        }
        let mut first = [0u8; RECORD];
        GzDecoder::new(head).read_exact(&mut first).is_ok() && is_tar(&first)
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        let is_packed = source.head()?.starts_with(GZIP);
        let unpacked = if is_packed { Some(unpack(source, task)?) } else { None };
        let (file, len) = match &unpacked {
            Some((file, len)) => (file, *len),
            None => (&source.file, source.len),
        };
        let Some((start, size)) = checkpoint(file, len, task)? else {
            return Err(Problem::Unsupported(msg!("tensor-tar-none")));
        };
        let inner = tempfile::tempfile()?;
        copy(file, start, size, &inner, task)?;
        let mut at_start = &inner;
        at_start.rewind()?;
        let inner = Source { path: source.path, file: inner, len: size, wanted: source.wanted };
        let head = inner.head()?;
        match reader_for(&head, source.path).filter(|reader| reader.id() != self.id()) {
            Some(reader) => reader.read(&inner, task),
            None => Err(Problem::Unsupported(msg!("tensor-tar-unknown"))),
        }
    }
}

fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// The archive without its packing, in a file without a name, and its length.
fn unpack(source: &Source<'_>, task: &Task<'_>) -> Result<(File, u64), Problem> {
    let limit = limits::of_archive();
    let mut out = tempfile::tempfile()?;
    let mut file = &source.file;
    file.rewind()?;
    let mut packed = GzDecoder::new(std::io::BufReader::new(file));
    let (mut block, mut len) = (vec![0u8; BLOCK], 0u64);
    loop {
        task.check()?;
        let read = packed.read(&mut block)?;
        if read == 0 {
            return Ok((out, len));
        }
        len += read as u64;
        if len > limit {
            return Err(limits::exceeded(len, true, limit));
        }
        out.write_all(block.get(..read).unwrap_or_default())?;
    }
}

/// Where the checkpoint lies in an archive, and its length.
fn checkpoint(mut file: &File, len: u64, task: &Task<'_>) -> Result<Option<(u64, u64)>, Problem> {
    let (mut at, mut best) = (0u64, None::<(usize, u64, u64)>);
    for _ in 0..MAX_MEMBERS {
        task.check()?;
        let mut record = [0u8; RECORD];
        let Some(start) = at.checked_add(RECORD as u64).filter(|start| *start <= len) else { break };
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut record)?;
        if record.iter().all(|&byte| byte == 0) {
            break;
        }
        let broken = || Problem::malformed(msg!("tensor-tar-broken"));
        if !is_tar(&record) {
            return Err(broken());
        }
        let size = size_of(record.get(124..136).unwrap_or_default()).ok_or_else(broken)?;
        let end = start.checked_add(size).filter(|end| *end <= len);
        let Some(end) = end else {
            return Err(Problem::Truncated {
                what: phrase!("file-part-file"),
                expected: size,
                found: len - start,
            });
        };
        let name = record.get(..100).unwrap_or_default();
        let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
        let rank = CHECKPOINTS.iter().position(|ending| name.ends_with(ending.as_bytes()));
        let is_file = matches!(record.get(156), Some(b'0' | 0));
        if let Some(rank) = rank.filter(|rank| is_file && best.is_none_or(|(known, ..)| *rank < known)) {
            best = Some((rank, start, size));
        }
        at = end.next_multiple_of(RECORD as u64);
    }
    Ok(best.map(|(_, start, size)| (start, size)))
}

/// A size in octal digits, or in bytes where the first has its highest bit set.
fn size_of(field: &[u8]) -> Option<u64> {
    if let Some((first, rest)) = field.split_first().filter(|(first, _)| **first & 0x80 != 0) {
        let start = u64::from(first & 0x7f);
        return rest
            .iter()
            .try_fold(start, |size, &byte| size.checked_mul(256)?.checked_add(u64::from(byte)));
    }
    let digits = field.iter().filter(|byte| byte.is_ascii_digit());
    digits.into_iter().try_fold(0u64, |size, digit| size.checked_mul(8)?.checked_add(u64::from(digit - b'0')))
}

fn copy(mut from: &File, start: u64, len: u64, mut to: &File, task: &Task<'_>) -> Result<(), Problem> {
    from.seek(SeekFrom::Start(start))?;
    let (mut block, mut left) = (vec![0u8; BLOCK], len);
    while left > 0 {
        task.check()?;
        let wanted = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
        let (bytes, _) = block.split_at_mut(wanted);
        from.read_exact(bytes)?;
        to.write_all(bytes)?;
        left -= wanted as u64;
    }
    Ok(())
}
