//! A copy of a file in which some tensors have other numbers and every other byte is the same.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use super::replace::{WriteSeek, replace_file};
use super::tensors::{Placed, ZipEntry};
use super::write::bytes;
use super::{FileError, Problem, Source};
use crate::task::{Cancelled, Task};

/// New numbers for a tensor of a file.
#[derive(Debug, Clone)]
pub(super) struct Patch {
    /// The tensor's name.
    pub(super) name: String,
    /// Where it lies.
    pub(super) placed: Placed,
    /// Its new numbers, row by row, each within the range of its type.
    pub(super) values: Vec<f32>,
}

/// Bytes that replace as many at `offset`.
struct Run {
    offset: u64,
    bytes: Vec<u8>,
    /// Index of the patch that they are of.
    patch: usize,
}

/// An entry of a zip archive whose content changes.
struct Sum {
    data: Range<u64>,
    /// Where its CRC stands: in front of it, behind it, and in the directory.
    places: Vec<u64>,
    hasher: crc32fast::Hasher,
}

const BLOCK_BYTES: usize = 1 << 20;

/// Writes `target` as `source` with `patches`; the two may be one file.
///
/// `others` are the tensors that keep their numbers, each with its name: one that shares bytes with a patched tensor is a reason to refuse.
///
/// # Errors
/// Two tensors that share numbers get different ones; or a file cannot be read or written, and what was there stays.
pub(super) fn patched_copy(
    source: &Source<'_>,
    target: &Path,
    patches: &[Patch],
    others: &[(String, Placed)],
    task: &Task<'_>,
) -> Result<(), FileError> {
    let prepared = runs(patches).and_then(|runs| {
        check_others(&runs, patches, others)?;
        Ok((runs, sums(source, patches)?))
    });
    let (runs, mut sums) = prepared.map_err(|problem| problem.at(source.path))?;
    let mut stopped = None;
    let written = replace_file(target, |out| {
        let copied = copy(source, &runs, &mut sums, out, task);
        copied.or_else(|err| match err {
            Stopped::Cancelled(cancelled) => {
                stopped = Some(cancelled);
                Err(io::ErrorKind::Interrupted.into())
            }
            Stopped::System(err) => Err(err),
        })
    });
    match stopped {
        Some(cancelled) => Err(Problem::Cancelled(cancelled).at(target)),
        None => written,
    }
}

/// What ended a copy.
enum Stopped {
    Cancelled(Cancelled),
    System(io::Error),
}

impl From<io::Error> for Stopped {
    fn from(err: io::Error) -> Self {
        Self::System(err)
    }
}

fn copy(
    source: &Source<'_>,
    runs: &[Run],
    sums: &mut [Sum],
    out: &mut dyn WriteSeek,
    task: &Task<'_>,
) -> Result<(), Stopped> {
    let mut file = &source.file;
    file.seek(SeekFrom::Start(0))?;
    let mut block = vec![0u8; BLOCK_BYTES.min(usize::try_from(source.len).unwrap_or(BLOCK_BYTES))];
    let (mut start, mut first) = (0u64, 0);
    while start < source.len {
        task.check().map_err(Stopped::Cancelled)?;
        task.progress("copying the checkpoint", to_usize(start), to_usize(source.len));
        let len = block.len().min(to_usize(source.len - start));
        let (block, _) = block.split_at_mut(len);
        file.read_exact(block)?;
        let end = start + len as u64;
        while let Some(run) = runs.get(first) {
            overlay(block, start, run.offset, &run.bytes);
            // One that reaches into the next block comes again there.
            if run.end() > end {
                break;
            }
            first += 1;
        }
        for Sum { data, hasher, .. } in sums.iter_mut() {
            let (from, to) = (data.start.clamp(start, end) - start, data.end.clamp(start, end) - start);
            hasher.update(block.get(to_usize(from)..to_usize(to)).unwrap_or_default());
        }
        out.write_all(block)?;
        start = end;
    }
    for Sum { places, hasher, .. } in sums.iter_mut() {
        let crc = std::mem::take(hasher).finalize().to_le_bytes();
        for &place in places.iter() {
            out.seek(SeekFrom::Start(place))?;
            out.write_all(&crc)?;
        }
    }
    out.flush()?;
    Ok(())
}

/// Puts that part of `bytes` at `offset` which lies in the block that begins at `start`.
fn overlay(block: &mut [u8], start: u64, offset: u64, bytes: &[u8]) {
    let skipped = start.saturating_sub(offset);
    let place = offset.saturating_sub(start);
    let (Some(bytes), Some(block)) = (bytes.get(to_usize(skipped)..), block.get_mut(to_usize(place)..))
    else {
        return;
    };
    let len = bytes.len().min(block.len());
    block.split_at_mut(len).0.copy_from_slice(bytes.split_at(len).0);
}

/// The bytes that change, in the order of their places, none twice.
fn runs(patches: &[Patch]) -> Result<Vec<Run>, Problem> {
    let mut all = Vec::new();
    for (patch, Patch { placed, values, .. }) in patches.iter().enumerate() {
        let size = placed.dtype.size().max(1);
        let mut bytes = bytes(values, placed.dtype);
        if placed.big_endian {
            bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
        let mut rest = bytes.as_slice();
        for (offset, len) in pieces(placed) {
            let Some((piece, behind)) = rest.split_at_checked(len * size) else { break };
            all.push(Run { offset, bytes: piece.to_vec(), patch });
            rest = behind;
        }
    }
    all.sort_by_key(|run| run.offset);
    let mut merged: Vec<Run> = Vec::with_capacity(all.len());
    for run in all {
        let Some(last) = merged.last_mut().filter(|last| run.offset < last.end()) else {
            merged.push(run);
            continue;
        };
        let from = to_usize(run.offset - last.offset);
        let shared = last.bytes.get(from..).unwrap_or_default();
        let len = shared.len().min(run.bytes.len());
        let (here, behind) = run.bytes.split_at(len);
        if shared.split_at(len).0 != here {
            let name = |patch: usize| patches.get(patch).map_or("", |patch| patch.name.as_str());
            return Err(Problem::Unsupported(format!(
                "{} and {} share numbers in the checkpoint but are to get different ones; `convert` writes them apart",
                name(last.patch),
                name(run.patch)
            )));
        }
        last.bytes.extend(behind);
    }
    Ok(merged)
}

/// Refuses patches that would change tensors which are to stay.
fn check_others(runs: &[Run], patches: &[Patch], others: &[(String, Placed)]) -> Result<(), Problem> {
    for (name, placed) in others {
        let size = placed.dtype.size() as u64;
        for (offset, len) in pieces(placed) {
            let end = offset + len as u64 * size;
            // The first run that ends behind the piece's start.
            let at = runs.partition_point(|run| run.end() <= offset);
            if let Some(run) = runs.get(at).filter(|run| run.offset < end) {
                let changed = patches.get(run.patch).map_or("", |patch| patch.name.as_str());
                return Err(Problem::Unsupported(format!(
                    "{changed} shares its numbers with {name}, which is not to change; `convert` writes the quantizer apart"
                )));
            }
        }
    }
    Ok(())
}

/// Where a tensor lies, row by row: each stretch without a gap by its place in the file and how many numbers it holds.
fn pieces(placed: &Placed) -> impl Iterator<Item = (u64, usize)> {
    let Placed { dtype, shape, strides, offset, .. } = placed;
    let size = dtype.size() as u64;
    // The last axes that lie row by row make one stretch.
    let (mut len, mut outer) = (1usize, shape.len());
    while let Some(axis) = outer.checked_sub(1)
        && (shape[axis] == 1 || strides[axis] == len)
    {
        len *= shape[axis];
        outer = axis;
    }
    let axes: Vec<(usize, u64)> =
        shape.iter().zip(strides).take(outer).map(|(&len, &stride)| (len, stride as u64 * size)).collect();
    let count: usize = if len == 0 { 0 } else { axes.iter().map(|axis| axis.0).product() };
    let offset = *offset;
    (0..count).map(move |index| {
        let (mut rest, mut place) = (index, offset);
        for &(len, stride) in axes.iter().rev() {
            place += (rest % len) as u64 * stride;
            rest /= len;
        }
        (place, len)
    })
}

/// The zip entries that change, each once, with the places of their CRCs.
fn sums(source: &Source<'_>, patches: &[Patch]) -> Result<Vec<Sum>, Problem> {
    let mut entries: Vec<&ZipEntry> =
        patches.iter().filter_map(|patch| patch.placed.entry.as_ref()).collect();
    entries.sort_by_key(|entry| entry.data_offset);
    entries.dedup_by_key(|entry| entry.data_offset);
    entries.into_iter().map(|entry| sum(source, entry)).collect()
}

fn sum(source: &Source<'_>, entry: &ZipEntry) -> Result<Sum, Problem> {
    const FLAGS: usize = 6;
    const LOCAL_CRC: u64 = 14;
    const CENTRAL_CRC: u64 = 16;
    const DESCRIPTOR_FOLLOWS: u8 = 1 << 3;
    const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";
    let data = entry.data_offset..entry.data_offset + entry.len;
    let old = read_at::<4>(&source.file, entry.central_offset + CENTRAL_CRC)?;
    let mut places = vec![entry.central_offset + CENTRAL_CRC];
    let header = read_at::<18>(&source.file, entry.header_offset)?;
    // Left at zero where it stands behind the data.
    if header.ends_with(&old) {
        places.push(entry.header_offset + LOCAL_CRC);
    }
    if header[FLAGS] & DESCRIPTOR_FOLLOWS != 0 {
        let behind = read_at::<8>(&source.file, data.end)?;
        if behind.starts_with(&DESCRIPTOR) && behind.ends_with(&old) {
            places.push(data.end + DESCRIPTOR.len() as u64);
        } else if behind.starts_with(&old) {
            places.push(data.end);
        }
    }
    Ok(Sum { data, places, hasher: crc32fast::Hasher::new() })
}

fn read_at<const LEN: usize>(mut file: &File, offset: u64) -> Result<[u8; LEN], Problem> {
    let mut bytes = [0u8; LEN];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

impl Run {
    fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }
}

/// No block, and no tensor in memory, is longer than `usize` counts.
fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
