//! Audio that has to be decoded: FLAC, MP3, Ogg Vorbis, AAC and ALAC in MP4 or on its own, AIFF.
//!
//! What is damaged is passed over packet by packet, as players do, and told of in the audio's findings. Silence takes next to no room when it is
//! coded, so that what a file may decode to is limited, as it is for archives.

mod container;
mod feed;
mod mp4;

use std::path::Path;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_MP3, CODEC_ID_VORBIS};
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as Symphonia;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};

use super::{Opened, Problem, Reader, Source, guard, limits};
use crate::audio::{Audio, Collector};
use crate::task::Task;
use crate::text::{Message, msg};
use container::Container;
use feed::{Feed, Position};

/// Reads coded audio.
#[derive(Debug, Clone, Copy)]
pub struct CodedReader;

/// Packets between two tellings of how far it is.
const PACKETS_A_TELLING: u64 = 64;

/// Damaged places one behind the other, with nothing decoded between them, after which a file is given up.
const MOST_DAMAGED: u64 = 10_000;

impl Reader for CodedReader {
    fn id(&self) -> &'static str {
        "coded-audio"
    }

    fn label(&self) -> &'static str {
        "FLAC, MP3, Ogg Vorbis, M4A, AAC and AIFF audio" // not a text
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["flac", "mp3", "ogg", "oga", "m4a", "mp4", "aac", "aiff", "aif", "aifc"]
    }

    fn sniff(&self, head: &[u8], _path: &Path) -> bool {
        container::sniff(head)
    }

    fn read(&self, source: &Source<'_>, task: &Task<'_>) -> Result<Opened, Problem> {
        guard::guarded(|| read(source, task)).map(Opened::Audio)
    }
}

/// Channels that are believed of a header.
const MAX_CHANNELS: usize = 64;

/// What is taken off both ends, in samples of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Trim {
    /// Those in front that are not to be heard.
    skip: u64,
    /// How many follow that are; `None` for all.
    keep: Option<u64>,
}

fn read(source: &Source<'_>, task: &Task<'_>) -> Result<Audio, Problem> {
    let (start, container) = container::find(&mut &source.file)?;
    let (feed, position) = Feed::new(&source.file, start, source.len, task);
    let stream = MediaSourceStream::new(Box::new(feed), MediaSourceStreamOptions::default());
    let told = |err| problem(err, container, task);
    let format = (container.open)(stream, FormatOptions::default()).map_err(told)?;
    let no_audio = || Problem::malformed(msg!("array-audio-none", format = container.label));
    let track = format.default_track(TrackType::Audio).ok_or_else(no_audio)?;
    let params = track.codec_params.as_ref().and_then(|params| params.audio()).ok_or_else(no_audio)?;
    let channels = params.channels.as_ref().map_or(0, Channels::count);
    if channels > MAX_CHANNELS {
        // A decoder makes room for every channel before it has seen a sample.
        return Err(Problem::malformed(msg!(
            "array-audio-channels",
            channels = channels,
            most = MAX_CHANNELS
        )));
    }
    let options = AudioDecoderOptions::default().gapless(params.codec == CODEC_ID_VORBIS);
    let decoder = symphonia::default::get_codecs().make_audio_decoder(params, &options).map_err(told)?;
    let lossy = [CODEC_ID_AAC, CODEC_ID_MP3, CODEC_ID_VORBIS].contains(&params.codec);
    let decoding = Decoding {
        source,
        task,
        container,
        track_id: track.id,
        declared: if lossy { None } else { track.num_frames },
        room: track.num_frames.unwrap_or(0).min(source.len),
        trim: trim(source, container, track, params.sample_rate.unwrap_or(0))?,
        lossy,
        unpacked: 0,
        decoded: 0,
        damaged: 0,
    };
    decoding.run(format, decoder, &position)
}

/// What the container says is to be taken off both ends. Vorbis takes it off itself.
fn trim(source: &Source<'_>, container: &Container, track: &Track, rate_hz: u32) -> Result<Trim, Problem> {
    match (container.label, track.delay) {
        // Only where the encoder tells of its delay does the number of frames count what is to be heard; else it is guessed from the bit rate.
        ("MP3", Some(delay)) => Ok(Trim { skip: delay.into(), keep: track.num_frames }), // not a text
        ("MP4", _) => mp4::trim(&mut &source.file, source.len, track.id, rate_hz),       // not a text
        _ => Ok(Trim::default()),
    }
}

/// The way from packets to samples.
struct Decoding<'a> {
    source: &'a Source<'a>,
    task: &'a Task<'a>,
    container: &'a Container,
    track_id: u32,
    /// Samples of a channel that the header tells of, where it is to be taken at its word.
    declared: Option<u64>,
    /// Samples of a channel to make room for.
    room: u64,
    trim: Trim,
    /// Whether damage can make any number of it.
    lossy: bool,
    /// Samples of all channels that were decoded.
    unpacked: u64,
    /// Samples of a channel that were decoded.
    decoded: u64,
    /// Packets that could not be.
    damaged: u64,
}

impl Decoding<'_> {
    fn run(
        mut self,
        mut format: Box<dyn FormatReader + '_>,
        mut decoder: Box<dyn AudioDecoder>,
        position: &Position,
    ) -> Result<Audio, Problem> {
        let stage = self.source.stage();
        let mut collector = None;
        let mut planes: Vec<Vec<f32>> = Vec::new();
        let (mut packets, mut in_a_row) = (0u64, 0u64);
        let mut findings = Vec::new();
        loop {
            self.task.check()?;
            if packets.is_multiple_of(PACKETS_A_TELLING) {
                self.task.progress(stage.clone(), position.at() as usize, self.source.len as usize);
            }
            packets += 1;
            let packet = match format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => break,
                Err(Symphonia::ResetRequired) => {
                    findings.push(msg!("array-audio-another-stream"));
                    break;
                }
                Err(Symphonia::IoError(err)) if err.kind() == std::io::ErrorKind::UnexpectedEof => break,
                Err(Symphonia::DecodeError(_)) if in_a_row < MOST_DAMAGED => {
                    (self.damaged, in_a_row) = (self.damaged + 1, in_a_row + 1);
                    continue;
                }
                Err(err) if self.decoded == 0 => return Err(problem(err, self.container, self.task)),
                Err(_) => break,
            };
            if packet.track_id != self.track_id {
                continue;
            }
            let decoded = match decoder.decode(&packet) {
                Ok(decoded) => decoded,
                Err(Symphonia::DecodeError(_) | Symphonia::IoError(_)) if in_a_row < MOST_DAMAGED => {
                    (self.damaged, in_a_row) = (self.damaged + 1, in_a_row + 1);
                    continue;
                }
                Err(err) if self.decoded == 0 => return Err(problem(err, self.container, self.task)),
                Err(_) => break,
            };
            if decoded.frames() == 0 || decoded.num_planes() == 0 {
                continue;
            }
            let (rate_hz, channels) = (decoded.spec().rate(), decoded.num_planes());
            decoded.copy_to_vecs_planar(&mut planes);
            planes.truncate(channels);
            let collector = match &mut collector {
                Some(collector) => collector,
                empty => empty.insert(self.collector(rate_hz, channels)?),
            };
            if collector.takes(rate_hz, channels) && !(self.lossy && has_odd_values(&planes)) {
                in_a_row = 0;
                self.take(collector, &planes)?;
            } else {
                // Other channels or another rate in the midst of a stream come of damage that looks like a packet.
                (self.damaged, in_a_row) = (self.damaged + 1, in_a_row + 1);
            }
            if self.trim.keep == Some(0) {
                break;
            }
        }
        let Some(collector) = collector.filter(|collector| collector.num_samples() > 0) else {
            return Err(self.nothing());
        };
        findings.extend(self.findings(collector.num_samples()));
        Ok(Audio { stored_as: Some(self.container.label), ..collector.finish(findings)? })
    }

    fn collector(&self, rate_hz: u32, channels: usize) -> Result<Collector, Problem> {
        let room = usize::try_from(self.room / channels.max(1) as u64).unwrap_or(0);
        Ok(self.source.wanted.intake.collector(channels, rate_hz, room)?)
    }

    /// Hands a block on, as far as it is to be heard.
    fn take(&mut self, collector: &mut Collector, planes: &[Vec<f32>]) -> Result<(), Problem> {
        let len = planes.first().map_or(0, Vec::len);
        self.decoded += len as u64;
        self.unpacked += (len * planes.len()) as u64;
        let (unpacked, limit) = (self.unpacked * size_of::<f32>() as u64, limits::of_audio(self.source.len));
        if unpacked > limit {
            return Err(limits::exceeded(unpacked, true, limit));
        }
        let Trim { skip, keep } = &mut self.trim;
        let from = usize::try_from(*skip).unwrap_or(usize::MAX).min(len);
        *skip -= from as u64;
        let kept =
            keep.map_or(len - from, |keep| usize::try_from(keep).unwrap_or(usize::MAX).min(len - from));
        *keep = keep.map(|keep| keep - kept as u64);
        let heard: Vec<&[f32]> = planes.iter().filter_map(|plane| plane.get(from..from + kept)).collect();
        Ok(collector.push(&heard)?)
    }

    fn nothing(&self) -> Problem {
        Problem::malformed(match self.damaged {
            0 => msg!("array-audio-no-samples"),
            damaged => msg!("array-audio-no-packet", n = damaged),
        })
    }

    fn findings(&self, heard: usize) -> Vec<Message> {
        let mut findings = Vec::new();
        if self.damaged > 0 {
            findings.push(msg!("array-audio-damaged", n = self.damaged));
        }
        if let Some(declared) = self.declared.filter(|&declared| declared > self.decoded) {
            // A header may tell of any number.
            let declared = declared.to_string();
            findings.push(msg!("array-audio-missing", declared = declared, heard = heard));
        }
        findings
    }
}

/// Whether a packet gave what no encoder was given.
fn has_odd_values(planes: &[Vec<f32>]) -> bool {
    planes.iter().flatten().any(|value| !value.is_finite())
}

/// What the decoder says, in a sentence.
fn problem(err: Symphonia, container: &Container, task: &Task<'_>) -> Problem {
    if let Err(cancelled) = task.check() {
        return cancelled.into();
    }
    let label = container.label;
    match err {
        Symphonia::IoError(err) if err.kind() == std::io::ErrorKind::UnexpectedEof => {
            Problem::malformed(msg!("array-audio-cut-short", format = label))
        }
        Symphonia::IoError(err) => err.into(),
        Symphonia::Unsupported(words) => {
            Problem::Unsupported(msg!("array-audio-unsupported", format = label, words = words))
        }
        Symphonia::LimitError(words) => {
            Problem::Unsupported(msg!("array-audio-beyond", format = label, words = words))
        }
        err => Problem::malformed(msg!("array-audio-bad", format = label, words = err.to_string())),
    }
}
