//! What an MP4 file says of its first and last samples: an encoder puts some in front that are not to be heard, and fills up its last block.

use std::io::{Read, Seek, SeekFrom};

use super::{Problem, Trim};

/// A box's type, where its content begins, and where it ends.
type Found = ([u8; 4], u64, u64);

/// How many boxes of one kind of folder are looked at.
const MOST_BOXES: usize = 1000;

/// What is to be taken off the track with this number, whose samples are counted at `rate_hz`.
pub(super) fn trim(
    file: &mut (impl Read + Seek),
    len: u64,
    track_id: u32,
    rate_hz: u32,
) -> Result<Trim, Problem> {
    let Some(movie) = boxes(file, 0, len)?.into_iter().find(|found| &found.0 == b"moov") else {
        return Ok(Trim::default());
    };
    let in_movie = boxes(file, movie.1, movie.2)?;
    let movie_scale = scale_of(file, &in_movie, b"mvhd")?;
    for track in in_movie.iter().filter(|found| &found.0 == b"trak") {
        let in_track = boxes(file, track.1, track.2)?;
        let id = match within(&in_track, b"tkhd") {
            Some(header) => field(file, header, |version| if version == 1 { 20 } else { 12 }, 4)?,
            None => None,
        };
        if id == Some(u64::from(track_id)) {
            return track_trim(file, &in_track, movie_scale, rate_hz);
        }
    }
    Ok(Trim::default())
}

fn track_trim(
    file: &mut (impl Read + Seek),
    track: &[Found],
    movie_scale: Option<u64>,
    rate_hz: u32,
) -> Result<Trim, Problem> {
    let none = Ok(Trim::default());
    let (Some(edits), Some(media)) = (within(track, b"edts"), within(track, b"mdia")) else { return none };
    let in_media = boxes(file, media.1, media.2)?;
    let (Some(scale), Some(movie_scale)) = (scale_of(file, &in_media, b"mdhd")?, movie_scale) else {
        return none;
    };
    let in_edits = boxes(file, edits.1, edits.2)?;
    let Some(list) = within(&in_edits, b"elst") else { return none };
    // More than one edit is a cut of parts; only the usual one, which takes off both ends, is followed.
    if field(file, list, |_| 4, 4)? != Some(1) {
        return none;
    }
    let wide = |version: u8| if version == 1 { 8 } else { 4 };
    let version = field(file, list, |_| 0, 1)?.map_or(0, |version| version as u8);
    let (Some(duration), Some(start)) = (
        field(file, list, |_| 8, wide(version))?,
        field(file, list, |version| 8 + wide(version) as u64, wide(version))?,
    ) else {
        return none;
    };
    let unset = if version == 1 { u64::MAX } else { u64::from(u32::MAX) };
    if start == unset {
        return none;
    }
    let in_samples = |ticks: u64, scale: u64| {
        (u128::from(ticks) * u128::from(rate_hz) / u128::from(scale)).try_into().unwrap_or(u64::MAX)
    };
    let length = match within(&in_media, b"mdhd") {
        Some(header) => field(file, header, |version| if version == 1 { 24 } else { 16 }, wide(version))?,
        None => None,
    };
    let skip = in_samples(start, scale);
    let by_media =
        length.map(|length| in_samples(length, scale).saturating_sub(skip)).filter(|&keep| keep > 0);
    let by_edit = Some(in_samples(duration, movie_scale)).filter(|&keep| keep > 0);
    // The edit is counted in ticks of the movie, which may be coarse: within one of them, the track's own length is the better one.
    let tick = in_samples(1, movie_scale) + 1;
    let keep = match (by_media, by_edit) {
        (Some(media), Some(edit)) if media.abs_diff(edit) > tick => Some(media.min(edit)),
        (media, edit) => media.or(edit),
    };
    Ok(Trim { skip, keep })
}

/// The boxes that lie between two places.
fn boxes(file: &mut (impl Read + Seek), start: u64, end: u64) -> Result<Vec<Found>, Problem> {
    let mut found = Vec::new();
    let mut at = start;
    while end.saturating_sub(at) >= 8 && found.len() < MOST_BOXES {
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0u8; 8];
        file.read_exact(&mut head)?;
        let [a, b, c, d, kind @ ..] = head;
        let (len, head_len) = match u32::from_be_bytes([a, b, c, d]) {
            0 => (end - at, 8),
            1 if end - at >= 16 => {
                let mut wide = [0u8; 8];
                file.read_exact(&mut wide)?;
                (u64::from_be_bytes(wide), 16)
            }
            len => (u64::from(len), 8),
        };
        if len < head_len || len > end - at {
            break;
        }
        found.push((kind, at + head_len, at + len));
        at += len;
    }
    Ok(found)
}

fn within<'a>(boxes: &'a [Found], kind: &[u8; 4]) -> Option<&'a Found> {
    boxes.iter().find(|found| found.0 == *kind)
}

/// Ticks a second of a header box.
fn scale_of(file: &mut (impl Read + Seek), boxes: &[Found], kind: &[u8; 4]) -> Result<Option<u64>, Problem> {
    let Some(header) = within(boxes, kind) else { return Ok(None) };
    let scale = field(file, header, |version| if version == 1 { 20 } else { 12 }, 4)?;
    Ok(scale.filter(|&scale| scale > 0))
}

/// A whole number of `len` bytes in a box, whose version decides where it lies.
fn field(
    file: &mut (impl Read + Seek),
    found: &Found,
    at: impl Fn(u8) -> u64,
    len: usize,
) -> Result<Option<u64>, Problem> {
    let &(_, start, end) = found;
    let mut version = [0u8; 1];
    if start >= end {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut version)?;
    let at = start + at(version[0]);
    if at + len as u64 > end {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = [0u8; 8];
    let Some(low) = bytes.get_mut(8 - len..) else { return Ok(None) };
    file.read_exact(low)?;
    Ok(Some(u64::from_be_bytes(bytes)))
}
