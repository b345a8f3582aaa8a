//! Which container audio lies in, by its first bytes: tags in front are stepped over, and MPEG audio, which has no magic number, is believed
//! only where a second frame follows the first.

use std::io::{Read, Seek, SeekFrom};

use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::MediaSourceStream;
use symphonia::default::formats::{AdtsReader, AiffReader, FlacReader, IsoMp4Reader, MpaReader, OggReader};

use super::Problem;
use crate::text::msg;

/// A kind of file that holds coded audio.
pub(super) struct Container {
    /// What a person calls it.
    pub(super) label: &'static str,
    /// Whether a file goes on like this.
    is: fn(&[u8]) -> bool,
    /// Opens it.
    pub(super) open: Open,
}

type Open = for<'s> fn(
    MediaSourceStream<'s>,
    FormatOptions,
) -> symphonia::core::errors::Result<Box<dyn FormatReader + 's>>;

/// Gives a reader of symphonia's the form of [`Open`].
macro_rules! open {
    ($reader:ident) => {
        |stream, options| Ok(Box::new($reader::try_new(stream, options)?))
    };
}

/// The containers, in the order in which they are tried.
pub(super) static CONTAINERS: &[Container] = &[
    Container { label: "FLAC", is: |head| head.starts_with(b"fLaC"), open: open!(FlacReader) }, // not a text
    Container { label: "Ogg", is: |head| head.starts_with(b"OggS\0"), open: open!(OggReader) }, // not a text
    Container { label: "MP4", is: |head| head.get(4..8) == Some(b"ftyp"), open: open!(IsoMp4Reader) }, // not a text
    Container { label: "AIFF", is: is_aiff, open: open!(AiffReader) }, // not a text
    Container { label: "AAC", is: |head| two_frames(head, adts_frame), open: open!(AdtsReader) }, // not a text
    Container { label: "MP3", is: |head| two_frames(head, mpeg_frame), open: open!(MpaReader) }, // not a text
];

/// How many bytes of the file the containers are told by. The longest MPEG frame has 1441 bytes, the longest of AAC 8191.
const HEAD_LEN: usize = 16_400;

/// Tags in front of the audio that are stepped over; one is usual.
const MAX_TAGS: usize = 64;

/// How far behind a tag the audio may begin: some programs leave a hole there.
const HOLE_LEN: usize = 1 << 16;

/// Whether a file that begins with `head` can be of one of the containers.
pub(super) fn sniff(head: &[u8]) -> bool {
    id3_len(head).is_some() || of(head).is_some() || may_be_adts(head)
}

/// Where the audio of a file begins, and in which container it lies.
pub(super) fn find(file: &mut (impl Read + Seek)) -> Result<(u64, &'static Container), Problem> {
    let mut start = 0;
    for tags in 0..MAX_TAGS {
        let head = head_at(file, start, HEAD_LEN)?;
        if let Some(len) = id3_len(&head) {
            start += len;
            continue;
        }
        if let Some(container) = of(&head) {
            return Ok((start, container));
        }
        if tags == 0 {
            return Err(Problem::malformed(msg!("array-audio-one-frame")));
        }
        let hole = head_at(file, start, HOLE_LEN + HEAD_LEN)?;
        let found = (1..hole.len().min(HOLE_LEN)).find_map(|at| Some((at, of(hole.get(at..)?)?)));
        return match found {
            Some((at, container)) => Ok((start + at as u64, container)),
            None => Err(Problem::Unsupported(msg!("array-audio-behind-tag"))),
        };
    }
    Err(Problem::malformed(msg!("array-audio-behind-tags", n = MAX_TAGS)))
}

fn of(head: &[u8]) -> Option<&'static Container> {
    CONTAINERS.iter().find(|container| (container.is)(head))
}

fn head_at(file: &mut (impl Read + Seek), start: u64, len: usize) -> Result<Vec<u8>, Problem> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take(len as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// The length of an ID3v2 tag, header and footer included.
fn id3_len(head: &[u8]) -> Option<u64> {
    let &[b'I', b'D', b'3', version, revision, flags, a, b, c, d, ..] = head else { return None };
    let size = [a, b, c, d];
    if !(2..=4).contains(&version) || revision == 0xff || size.iter().any(|byte| byte & 0x80 != 0) {
        return None;
    }
    let size = size.iter().fold(0u64, |size, &byte| size << 7 | u64::from(byte));
    let footer = if flags & 0x10 != 0 { 10 } else { 0 };
    Some(10 + size + footer)
}

fn is_aiff(head: &[u8]) -> bool {
    head.starts_with(b"FORM") && matches!(head.get(8..12), Some(b"AIFF" | b"AIFC"))
}

/// What two frames that follow each other have in common, and how long the first one is.
type FrameHead = (u32, usize);

/// Whether a frame begins here, and another one like it where it ends.
fn two_frames(head: &[u8], frame: fn(&[u8]) -> Option<FrameHead>) -> bool {
    let Some((kind, len)) = frame(head) else { return false };
    head.get(len..).and_then(frame).is_some_and(|(next, _)| next == kind)
}

/// The head of a frame of MPEG audio, layer III.
fn mpeg_frame(head: &[u8]) -> Option<FrameHead> {
    /// kbit/s by index, for version 1 and for versions 2 and 2.5; 0 where the index is not allowed.
    const KBPS: [[u32; 16]; 2] = [
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
    ];
    let &[sync, kind, rates, ..] = head else { return None };
    // 11 bits of sync, 2 of version, 2 of layer.
    if sync != 0xff || kind & 0xe6 != 0xe2 {
        return None;
    }
    let (version, rate_idx) = (kind >> 3 & 3, rates >> 2 & 3);
    let base_hz = [44_100, 48_000, 32_000].get(usize::from(rate_idx))?;
    let (rate_hz, old) = match version {
        3 => (*base_hz, 0),
        2 => (base_hz / 2, 1),
        0 => (base_hz / 4, 1),
        _ => return None,
    };
    let kbps = KBPS[old][usize::from(rates >> 4)];
    if kbps == 0 {
        return None;
    }
    // 1152 samples a frame in version 1, 576 in the others.
    let samples_by_8 = if old == 0 { 144 } else { 72 };
    let padding = u32::from(rates >> 1 & 1);
    let len = samples_by_8 * kbps * 1000 / rate_hz + padding;
    Some((u32::from(version) << 2 | u32::from(rate_idx), len as usize))
}

/// The head of a frame of AAC in ADTS.
fn adts_frame(head: &[u8]) -> Option<FrameHead> {
    let &[0xff, kind, profile, channels, mid, low, ..] = head else { return None };
    // 12 bits of sync, one of version, two of layer, which are 0.
    let rate_idx = profile >> 2 & 15;
    let len = usize::from(channels & 3) << 11 | usize::from(mid) << 3 | usize::from(low >> 5);
    (kind & 0xf6 == 0xf0 && rate_idx < 13 && len > 7)
        .then_some((u32::from(kind) << 8 | u32::from(profile), len))
}

/// Whether a frame of AAC begins here that is longer than `head`. The next one is looked at when the file is read.
fn may_be_adts(head: &[u8]) -> bool {
    adts_frame(head).is_some_and(|(_, len)| len + 7 > head.len() && head.len() >= 4096)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(head: &[u8]) -> Option<&'static str> {
        of(head).map(|container| container.label)
    }

    #[test]
    fn one_frame_of_mpeg_audio_is_not_believed() {
        // Version 1, layer III, 128 kbit/s at 44.1 kHz: 417 bytes.
        let mut head = vec![0; 600];
        head[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0]);
        assert_eq!(mpeg_frame(&head).unwrap().1, 417);
        assert_eq!(label(&head), None);
        head[417..421].copy_from_slice(&[0xff, 0xfb, 0x50, 0]);
        assert_eq!(label(&head), Some("MP3"));
        head[418] = 0xf3;
        assert_eq!(label(&head), None, "the second frame is of another version");
    }

    #[test]
    fn tags_are_stepped_over() {
        let tag = |len: u8| [b"ID3\x03\0\0\0\0\0".as_slice(), &[len], &vec![b'x'; len.into()]].concat();
        let read = |bytes: Vec<u8>| find(&mut std::io::Cursor::new(bytes)).map(|(at, kind)| (at, kind.label));
        assert_eq!(read([tag(5), tag(100), b"fLaC".to_vec()].concat()).unwrap(), (125, "FLAC"));
        assert_eq!(read([tag(5), vec![0; 300], b"OggS\0".to_vec()].concat()).unwrap(), (315, "Ogg"));
        assert!(
            read([tag(5), vec![0; 300]].concat()).unwrap_err().to_string().contains("behind the ID3 tag")
        );
        assert!(read(tag(127)[..20].to_vec()).is_err());
    }
}
