//! The connection to a server that speaks the protocol of PulseAudio.

use std::ffi::CString;
use std::io::{BufReader, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::Sender;
use std::time::{Duration, SystemTime};

use pulseaudio::protocol::stream::{BufferAttr, StreamFlags};
use pulseaudio::protocol::{
    AuthParams, AuthReply, ChannelMap, ChannelVolume, Command, CommandReply, CorkStreamParams,
    CreatePlaybackStreamReply, DEFAULT_SINK, LatencyParams, MAX_VERSION, PlaybackLatency,
    PlaybackStreamParams, Prop, Props, ProtocolError, SampleFormat, SampleSpec, SetClientNameReply,
    TagStructReader, read_descriptor, read_reply_message, write_command_message, write_memblock,
};

use super::device::Device;
use super::{Message, Server, SoundError};
use crate::text::{Message as Words, Phrase, msg, phrase};

/// How long the server may take over an answer, and over taking in what is written to it.
const PATIENCE: Duration = Duration::from_secs(3);

/// What waits in the server, in seconds: a switch of takes is heard after this, and no less is safe on a busy machine.
const QUEUE_SECS: f64 = 0.08;

/// The longest message that is read: the server's are some hundred bytes.
const MAX_MESSAGE: u32 = 1 << 20;

/// Bytes of what a client shows to be let in. A server that lets in anybody of this machine wants as many, whichever.
const COOKIE_BYTES: usize = 256;

/// Bytes of a sample.
const SAMPLE_BYTES: usize = 4;

/// The number by which answers about the place are known; all other answers say nothing but that all is well.
const PLACE: u32 = 1 << 20;

/// A stream of one channel of float32 that does not run yet.
pub(super) struct Connection {
    socket: UnixStream,
    version: u16,
    channel: u32,
    next: u32,
    rate_hz: u32,
    bytes: Vec<u8>,
}

impl Connection {
    /// Connects and makes a stream. What the server says from then on goes to `inbox`.
    pub(super) fn open(
        server: &Server,
        sample_rate_hz: u32,
        inbox: Sender<Message>,
    ) -> Result<Self, SoundError> {
        let path = match server {
            Server::Usual => pulseaudio::socket_path_from_env().ok_or(SoundError::NoServer)?,
            Server::At(path) => path.clone(),
        };
        let unreachable = |err: std::io::Error| refused(phrase!("err-server-unreachable"), &err);
        let socket = UnixStream::connect(path).map_err(unreachable)?;
        socket.set_read_timeout(Some(PATIENCE)).map_err(unreachable)?;
        socket.set_write_timeout(Some(PATIENCE)).map_err(unreachable)?;
        let mut reader = BufReader::new(socket.try_clone().map_err(unreachable)?);

        let cookie = pulseaudio::cookie_path_from_env().and_then(|path| std::fs::read(path).ok());
        let mut cookie = cookie.unwrap_or_default();
        cookie.resize(COOKIE_BYTES, 0);
        let auth = AuthParams { version: MAX_VERSION, supports_shm: false, supports_memfd: false, cookie };
        let (version, rate_hz) = (MAX_VERSION, sample_rate_hz);
        let mut connection = Self { socket, version, channel: 0, next: 0, rate_hz, bytes: Vec::new() };
        let auth: AuthReply = connection.ask(&mut reader, Command::Auth(auth))?;
        connection.version = MAX_VERSION.min(auth.version);
        let mut props = Props::new();
        props.set(Prop::ApplicationName, c"rvqscope");
        let _: SetClientNameReply = connection.ask(&mut reader, Command::SetClientName(props))?;
        let stream = stream_params(sample_rate_hz);
        let stream: CreatePlaybackStreamReply =
            connection.ask(&mut reader, Command::CreatePlaybackStream(stream))?;
        connection.channel = stream.channel;
        let _ = inbox.send(Message::Wanted(stream.requested_bytes as usize / SAMPLE_BYTES));
        // From here on the server speaks when it has something to say.
        connection.socket.set_read_timeout(None).map_err(unreachable)?;
        let (version, channel) = (connection.version, connection.channel);
        let work = move || {
            let err = listen(&mut reader, version, (channel, rate_hz), &inbox);
            let _ = inbox.send(Message::Lost(err));
        };
        let thread = std::thread::Builder::new().name("rvq-sound-server".to_owned()).spawn(work);
        thread.map_err(unreachable)?;
        Ok(connection)
    }

    /// Sends a command and waits for its answer.
    fn ask<R: CommandReply>(
        &mut self,
        reader: &mut BufReader<UnixStream>,
        command: Command,
    ) -> Result<R, SoundError> {
        let number = self.send(command)?;
        let (answered, reply) = read_reply_message(reader, self.version).map_err(|err| told(&err))?;
        if answered != number {
            return Err(SoundError::Server {
                what: phrase!("err-server-unasked"),
                why: Words::verbatim(answered.to_string()),
            });
        }
        Ok(reply)
    }

    fn send(&mut self, command: Command) -> Result<u32, SoundError> {
        let number = self.next;
        self.next = (self.next + 1) % PLACE;
        self.send_as(number, &command)?;
        Ok(number)
    }

    fn send_as(&mut self, number: u32, command: &Command) -> Result<(), SoundError> {
        write_command_message(&mut self.socket, number, command, self.version).map_err(|err| told(&err))
    }
}

impl Device for Connection {
    /// The server plays any rate.
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn hold(&mut self, cork: bool) -> Result<(), SoundError> {
        let channel = self.channel;
        self.send(Command::CorkPlaybackStream(CorkStreamParams { channel, cork })).map(drop)
    }

    fn flush(&mut self) -> Result<(), SoundError> {
        self.send(Command::FlushPlaybackStream(self.channel)).map(drop)
    }

    fn ask_place(&mut self) -> Result<(), SoundError> {
        let latency = LatencyParams { channel: self.channel, now: SystemTime::now() };
        self.send_as(PLACE, &Command::GetPlaybackLatency(latency))
    }

    fn write(&mut self, samples: &[f32]) -> Result<(), SoundError> {
        self.bytes.clear();
        self.bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        write_memblock(&mut self.socket, self.channel, &self.bytes, 0).map_err(|err| told(&err))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Ends the thread that listens, too; the server ends the stream of a client that is gone.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

fn stream_params(sample_rate: u32) -> PlaybackStreamParams {
    let queue = (f64::from(sample_rate) * QUEUE_SECS) as u32 * SAMPLE_BYTES as u32;
    PlaybackStreamParams {
        sample_spec: SampleSpec { format: SampleFormat::Float32Le, channels: 1, sample_rate },
        channel_map: ChannelMap::mono(),
        sink_name: Some(DEFAULT_SINK.to_owned()),
        cvolume: Some(ChannelVolume::norm(1)),
        buffer_attr: BufferAttr {
            max_length: u32::MAX,
            target_length: queue.max(SAMPLE_BYTES as u32),
            // It starts when it is told to and not before.
            pre_buffering: 0,
            minimum_request_length: (queue / 4).max(SAMPLE_BYTES as u32),
            ..BufferAttr::default()
        },
        flags: StreamFlags { start_corked: true, adjust_latency: true, ..StreamFlags::default() },
        props: stream_props(),
        ..PlaybackStreamParams::default()
    }
}

fn stream_props() -> Props {
    let mut props = Props::new();
    props.set(Prop::MediaName, CString::from(c"takes"));
    props
}

/// Passes on what the server says until it says no more.
fn listen(
    reader: &mut BufReader<UnixStream>,
    version: u16,
    (channel, rate_hz): (u32, u32),
    inbox: &Sender<Message>,
) -> SoundError {
    let mut payload = Vec::new();
    loop {
        // Taken in whole before it is looked at, so that a message that is not understood is passed over, and no more.
        let descriptor = match read_descriptor(reader) {
            Ok(descriptor) if descriptor.length <= MAX_MESSAGE => descriptor,
            Ok(_) => {
                return SoundError::Server {
                    what: phrase!("err-server-too-long"),
                    why: msg!("err-stream-lost"),
                };
            }
            Err(err) => return told(&err),
        };
        payload.resize(descriptor.length as usize, 0);
        if let Err(err) = reader.read_exact(&mut payload) {
            return refused(phrase!("err-server-gone"), &err);
        }
        let mut rest = payload.as_slice();
        let message = match Command::read_tag_prefixed(&mut rest, version) {
            Ok((_, Command::Request(request))) if request.channel == channel => {
                Message::Wanted(request.length as usize / SAMPLE_BYTES)
            }
            Ok((PLACE, Command::Reply)) => {
                match TagStructReader::new(&mut rest, version).read::<PlaybackLatency>() {
                    Ok(place) => {
                        let queued = place.write_offset.saturating_sub(place.read_offset);
                        let queued = u64::try_from(queued).unwrap_or(0) / SAMPLE_BYTES as u64;
                        let delay = place.sink_usec.saturating_mul(u64::from(rate_hz)) / 1_000_000;
                        Message::Heard { waiting: queued.saturating_add(delay) }
                    }
                    Err(err) => return told(&err),
                }
            }
            Ok((_, Command::PlaybackStreamKilled(_))) => {
                return SoundError::Server {
                    what: phrase!("err-server-ended"),
                    why: msg!("err-stream-device"),
                };
            }
            Ok((_, Command::Error(err))) => {
                return SoundError::Server {
                    what: phrase!("err-server-refuses"),
                    why: Words::verbatim(err.to_string()),
                };
            }
            _ => continue,
        };
        if inbox.send(message).is_err() {
            return SoundError::Ended;
        }
    }
}

fn told(err: &ProtocolError) -> SoundError {
    match err {
        ProtocolError::Io(err) => refused(phrase!("err-server-silent"), err),
        ProtocolError::ServerError(err) => {
            SoundError::Server { what: phrase!("err-server-refuses"), why: Words::verbatim(err.to_string()) }
        }
        other => SoundError::Server {
            what: phrase!("err-server-strange"),
            why: Words::verbatim(other.to_string()),
        },
    }
}

fn refused(what: Phrase, err: &std::io::Error) -> SoundError {
    let why = match err.kind() {
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
            msg!("err-nothing-within", secs = PATIENCE.as_secs().to_string())
        }
        _ => Words::verbatim(err.to_string()),
    };
    SoundError::Server { what, why }
}
