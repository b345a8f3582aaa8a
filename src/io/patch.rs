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
use crate::text::{msg, phrase};

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
        copied.map_err(|err| match err {
            Stopped::Cancelled(cancelled) => {
                stopped = Some(cancelled);
                io::ErrorKind::Interrupted.into()
            }
            Stopped::System(err) => err,
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
        task.progress(phrase!("stage-copying-checkpoint"), to_usize(start), to_usize(source.len));
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
            let (one, other) = (name(last.patch), name(run.patch));
            return Err(Problem::Unsupported(msg!("file-patches-share", one = one, other = other)));
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
                let words = msg!("file-patch-shares", changed = changed, name = name);
                return Err(Problem::Unsupported(words));
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

#[cfg(test)]
mod tests {
    use ndarray::Dimension as _;

    use super::super::write::ZipFile;
    use super::*;
    use crate::io::Dtype;
    use crate::task::Cancel;

    fn placed(shape: &[usize], strides: &[usize], offset: u64) -> Placed {
        let (shape, strides) = (shape.to_vec(), strides.to_vec());
        Placed { dtype: Dtype::F32, big_endian: false, shape, strides, offset, entry: None }
    }

    fn patch(name: &str, placed: Placed, values: &[f32]) -> Patch {
        Patch { name: name.to_owned(), placed, values: values.to_vec() }
    }

    /// The bytes of `file` with `patches` in place, or why not.
    fn patched(file: &[u8], patches: &[Patch], others: &[(String, Placed)]) -> Result<Vec<u8>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, file).unwrap();
        let source = Source::open(&path).unwrap();
        let cancel = Cancel::default();
        patched_copy(&source, &path, patches, others, &Task::silent(&cancel))
            .map_err(|err| err.to_string())?;
        Ok(std::fs::read(&path).unwrap())
    }

    /// The same element by element: the oracle.
    fn naive(file: &[u8], patches: &[Patch]) -> Vec<u8> {
        let mut bytes = file.to_vec();
        for Patch { placed, values, .. } in patches {
            let shape = ndarray::IxDyn(&placed.shape);
            for (index, &value) in ndarray::indices(shape).into_iter().zip(values) {
                let element: usize =
                    index.slice().iter().zip(&placed.strides).map(|(i, stride)| i * stride).sum();
                let mut number = value.to_le_bytes();
                if placed.big_endian {
                    number.reverse();
                }
                let at = placed.offset as usize + 4 * element;
                bytes[at..at + 4].copy_from_slice(&number);
            }
        }
        bytes
    }

    #[test]
    fn views_are_patched_element_by_element() {
        let file: Vec<u8> = (0..3 * BLOCK_BYTES).map(|i| (i * 7 % 251) as u8).collect();
        let values: Vec<f32> = (0..24).map(|i| i as f32 + 0.5).collect();
        let block = BLOCK_BYTES as u64;
        for (shape, strides, offset) in [
            (&[4, 6][..], &[6, 1][..], 101),
            // Columns, every second row, a step between the numbers, across the border of two blocks, to the last byte.
            (&[4, 6], &[1, 4], 8),
            (&[4, 6], &[12, 1], 8),
            (&[2, 3, 4], &[40, 12, 3], 64),
            (&[24], &[1], block - 10),
            (&[4, 6], &[1, 4], 2 * block - 50),
            (&[24, 1], &[1, 900], 3 * block - 96),
        ] {
            let mut one = placed(shape, strides, offset);
            for big_endian in [false, true] {
                one.big_endian = big_endian;
                let patches = [patch("x", one.clone(), &values)];
                assert!(patched(&file, &patches, &[]).unwrap() == naive(&file, &patches), "{one:?}");
            }
        }
        // One that is longer than several blocks.
        let long: Vec<f32> = (0..BLOCK_BYTES / 2).map(|i| i as f32).collect();
        let patches = [patch("x", placed(&[long.len()], &[1], 77), &long)];
        assert!(patched(&file, &patches, &[]).unwrap() == naive(&file, &patches));
        assert!(patched(&file, &[patch("none", placed(&[0, 6], &[6, 1], 0), &[])], &[]).unwrap() == file);
    }

    #[test]
    fn shared_numbers_are_written_once_or_not_at_all() {
        let file = vec![9u8; 400];
        let values: Vec<f32> = (0..12).map(|i| i as f32).collect();
        let one = patch("a", placed(&[12], &[1], 40), &values);
        let same = patch("b", placed(&[3, 4], &[4, 1], 40), &values);
        let part = patch("c", placed(&[6], &[1], 40 + 24), &values[6..]);
        let patches = [one.clone(), same, part];
        assert_eq!(patched(&file, &patches, &[]).unwrap(), naive(&file, &patches));
        let other = patch("d", placed(&[6], &[1], 40 + 24), &values[..6]);
        let words = patched(&file, &[one.clone(), other], &[]).unwrap_err();
        assert!(words.starts_with("a and d share numbers"), "{words}");
        // A row that stands for many.
        let spread = |values: &[f32]| patched(&file, &[patch("e", placed(&[2, 2], &[0, 1], 0), values)], &[]);
        assert!(spread(&[1.0, 2.0, 1.0, 2.0]).is_ok() && spread(&[1.0, 2.0, 1.0, 3.0]).is_err());

        let beside = ("f".to_owned(), placed(&[2], &[1], 40 + 48));
        let between = ("g".to_owned(), placed(&[5], &[12], 0));
        let touching = ("h".to_owned(), placed(&[2], &[1], 36));
        assert!(patched(&file, std::slice::from_ref(&one), &[beside]).is_ok());
        let every_other = patch("i", placed(&[5], &[2], 0), &values[..5]);
        let gaps = ("j".to_owned(), placed(&[5], &[2], 4));
        assert!(patched(&file, &[every_other], &[gaps]).is_ok(), "interleaved but not shared");
        for other in [between, touching] {
            let words = patched(&file, std::slice::from_ref(&one), &[other]).unwrap_err();
            assert!(words.contains("a shares its numbers with"), "{words}");
        }
    }

    #[test]
    fn checksums_follow_in_front_behind_and_in_the_directory() {
        let (first, second): (Vec<u8>, Vec<u8>) = ((0..64).collect(), (64..200).collect());
        let mut bytes = Vec::new();
        let mut zip = ZipFile::new(&mut bytes);
        zip.put("a", &first, 64).unwrap();
        zip.put("b", &second, 64).unwrap();
        zip.finish().unwrap();
        let crc = |data: &[u8]| crc32fast::hash(data).to_le_bytes();
        let find =
            |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).position(|w| w == part).unwrap() as u64;
        let data_offset = find(&bytes, &second);
        let entry = |bytes: &[u8]| ZipEntry {
            header_offset: find(bytes, b"b") - 30,
            central_offset: bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap() as u64,
            data_offset,
            len: second.len() as u64,
        };
        let place = Placed { entry: Some(entry(&bytes)), ..placed(&[3], &[1], data_offset + 8) };
        let patches = [patch("x", place, &[1.0, 2.0, 3.0])];
        let done = patched(&bytes, &patches, &[]).unwrap();
        let new = &done[data_offset as usize..][..second.len()];
        assert_ne!(new, second);
        let count = |bytes: &[u8], crc: [u8; 4]| bytes.windows(4).filter(|w| *w == crc).count();
        assert_eq!(
            (count(&done, crc(&second)), count(&done, crc(new)), count(&done, crc(&first))),
            (0, 2, 2)
        );

        // As torch writes it: nothing in front, a descriptor behind.
        let header = entry(&bytes).header_offset as usize;
        bytes[header + 6] |= 8;
        bytes[header + 14..header + 18].fill(0);
        let behind = [b"PK\x07\x08", &crc(&second)[..], &[0; 8]].concat();
        bytes.splice(data_offset as usize + second.len()..data_offset as usize + second.len(), behind);
        let place = Placed { entry: Some(entry(&bytes)), ..placed(&[3], &[1], data_offset + 8) };
        let done = patched(&bytes, &[patch("x", place, &[1.0, 2.0, 3.0])], &[]).unwrap();
        assert_eq!((count(&done, crc(&second)), count(&done, crc(new)), done.len()), (0, 2, bytes.len()));
        assert_eq!(done[header + 14..header + 18], [0; 4]);
    }
}
