//! Playing: a player on a thread of its own that switches between takes of the same sound while they play.
//!
//! On Linux it speaks the protocol of PulseAudio, which PipeWire's servers understand too, and needs no C library; with the feature `alsa` it goes
//! through ALSA where no server runs. On Windows and macOS it plays through the system's own output. Elsewhere a [`Player`] says that there is no
//! sound and does nothing.

mod deck;
mod device;
mod outlet;
mod playing;
mod rates;
#[cfg(target_os = "linux")]
mod server;
#[cfg(any(windows, target_os = "macos", all(target_os = "linux", feature = "alsa")))]
mod system;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::text::{self, Phrase, msg, phrase, t};

/// What goes wrong with sound.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SoundError {
    /// There are no takes, or they do not go together.
    #[error("{0}")]
    Takes(text::Message),
    /// No server was found.
    #[error("{}", t!("err-no-sound-server"))]
    NoServer,
    /// The server cannot be reached, does not answer, or refuses.
    #[error("{}", t!("err-sound", what = *.what, why = .why))]
    Server {
        /// What it does not do.
        what: Phrase,
        /// Why, often in the system's words.
        why: text::Message,
    },
    /// The system has no output.
    #[error("{}", t!("err-no-sound-device"))]
    NoDevice,
    /// The system's output cannot be used, or is gone.
    #[error("{}", t!("err-sound", what = *.what, why = .why))]
    Device {
        /// What it does not do.
        what: Phrase,
        /// Why, often in the system's words.
        why: text::Message,
    },
    /// There is no way to play here.
    #[error("{}", t!("err-no-sound-system"))]
    NoSystem,
    /// The player has ended by a fault of its own.
    #[error("{}", t!("err-player-ended"))]
    Ended,
}

/// Versions of the same sound: of one length and one rate, so that one can be heard in the place of another.
#[derive(Debug, Clone)]
pub struct Takes {
    takes: Vec<Arc<[f32]>>,
    sample_rate_hz: u32,
}

impl Takes {
    /// Takes of one channel each.
    ///
    /// # Errors
    /// There is none, they are empty or of different lengths, or no server plays the rate.
    pub fn new(takes: Vec<Arc<[f32]>>, sample_rate_hz: u32) -> Result<Self, SoundError> {
        let Some(len) = takes.first().map(|take| take.len()) else {
            return Err(SoundError::Takes(msg!("err-nothing-to-play")));
        };
        if len == 0 {
            return Err(SoundError::Takes(msg!("err-no-sample-to-play")));
        }
        if let Some(other) = takes.iter().find(|take| take.len() != len) {
            return Err(SoundError::Takes(msg!("err-takes-length", len = other.len(), first = len)));
        }
        if !(1..=MAX_RATE_HZ).contains(&sample_rate_hz) {
            let words = msg!("err-take-rate", rate = sample_rate_hz, most = MAX_RATE_HZ);
            return Err(SoundError::Takes(words));
        }
        Ok(Self { takes, sample_rate_hz })
    }

    /// How many there are; at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.takes.len()
    }

    /// Samples of each; at least one.
    #[must_use]
    pub fn num_samples(&self) -> usize {
        self.takes.first().map_or(0, |take| take.len())
    }

    /// Samples a second.
    #[must_use]
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }
}

/// The highest rate that servers take.
const MAX_RATE_HZ: u32 = 384_000;

/// What a player is doing.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// Reaching for the server.
    Opening,
    /// Ready, and silent.
    Silent,
    /// Playing.
    Playing,
    /// Nothing more comes of it; another player may do better.
    Failed(SoundError),
}

/// Which server to play through, where the system has servers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Server {
    /// The one that the environment names: `PULSE_SERVER`, or the session's; elsewhere the system's usual output.
    #[default]
    Usual,
    /// The one that listens at this socket.
    At(PathBuf),
}

/// A player of takes. It is opened, told what to do and dropped without a wait; what comes of it is its [`Status`].
///
/// A stretch keeps to its place when the take is switched: the new one goes on at the sample where the old one is left.
#[derive(Debug)]
pub struct Player {
    shared: Arc<Shared>,
    inbox: Sender<Message>,
}

/// What reaches the player's thread.
#[derive(Debug)]
#[cfg_attr(
    not(any(target_os = "linux", windows, target_os = "macos")),
    allow(dead_code, reason = "nothing has anything to say where nothing is played") // not a text
)]
enum Message {
    /// Play a stretch of a take.
    Play { take: usize, stretch: Range<usize>, looping: bool },
    /// Be silent.
    Stop,
    /// Go on with another take.
    Switch(usize),
    /// At the end of the stretch begin again, or do not.
    Loop(bool),
    /// More takes of the same sound.
    Renew(Takes),
    /// The player was dropped.
    Close,
    /// The device takes so many more samples.
    Wanted(usize),
    /// How far the device is: samples that were handed over and are not heard yet.
    Heard { waiting: u64 },
    /// The device is gone.
    Lost(SoundError),
}

/// What the player's thread tells.
#[derive(Debug)]
struct Shared {
    status: Mutex<Status>,
    changed: Condvar,
    /// Stretches that were asked for and have not begun.
    asked: AtomicUsize,
    /// The sample that is heard; [`NOWHERE`] where none is.
    position: AtomicU64,
}

const NOWHERE: u64 = u64::MAX;

impl Player {
    /// Reaches for a server on a thread of its own and returns at once.
    #[must_use]
    pub fn open(takes: Takes, server: Server) -> Self {
        let (inbox, messages) = channel();
        let shared = Arc::new(Shared {
            status: Mutex::new(Status::Opening),
            changed: Condvar::new(),
            asked: AtomicUsize::new(0),
            position: AtomicU64::new(NOWHERE),
        });
        let (own, own_inbox) = (shared.clone(), inbox.clone());
        let work = move || {
            let done =
                catch_unwind(AssertUnwindSafe(|| playing::run(takes, &server, &own, &messages, own_inbox)));
            own.place(None);
            if let Err(err) = done.unwrap_or(Err(SoundError::Ended)) {
                own.tell(Status::Failed(err));
            }
        };
        if std::thread::Builder::new().name("rvq-sound".to_owned()).spawn(work).is_err() {
            shared.tell(Status::Failed(SoundError::Ended));
        }
        Self { shared, inbox }
    }

    /// Plays `stretch`, in samples, of take number `take` from its start, again and again where `looping`; what lies beyond the take's ends is left out.
    pub fn play(&self, take: usize, stretch: Range<usize>, looping: bool) {
        self.shared.asked.fetch_add(1, Ordering::SeqCst);
        self.send(Message::Play { take, stretch, looping });
    }

    /// Stops.
    pub fn stop(&self) {
        self.send(Message::Stop);
    }

    /// Goes on with another take, at the same place.
    pub fn switch(&self, take: usize) {
        self.send(Message::Switch(take));
    }

    /// Begins again at the end of the stretch, or does not.
    pub fn set_looping(&self, looping: bool) {
        self.send(Message::Loop(looping));
    }

    /// Has these takes in the place of those that it has, and plays on: the same ones and more of the same sound. Takes of another length or rate are
    /// another sound, and passed over.
    pub fn renew(&self, takes: Takes) {
        self.send(Message::Renew(takes));
    }

    /// What it is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        match &*self.shared.status() {
            Status::Silent if self.shared.is_asked() => Status::Playing,
            status => status.clone(),
        }
    }

    /// The sample of the takes that is heard now; `None` where none is.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        match self.shared.position.load(Ordering::Relaxed) {
            NOWHERE => None,
            position => usize::try_from(position).ok(),
        }
    }

    /// Waits until it has reached the server or failed, for the command line and tests: a window polls.
    ///
    /// # Errors
    /// It has failed, or takes longer than `timeout`.
    pub fn wait_until_open(&self, timeout: Duration) -> Result<(), SoundError> {
        self.wait(timeout, |status| *status != Status::Opening)
    }

    /// Waits until it is silent again.
    ///
    /// # Errors
    /// It has failed, or takes longer than `timeout`.
    pub fn wait_until_silent(&self, timeout: Duration) -> Result<(), SoundError> {
        self.wait(timeout, |status| *status == Status::Silent && !self.shared.is_asked())
    }

    fn wait(&self, timeout: Duration, until: impl Fn(&Status) -> bool) -> Result<(), SoundError> {
        let end = Instant::now() + timeout;
        let mut status = self.shared.status();
        loop {
            match &*status {
                Status::Failed(err) => return Err(err.clone()),
                other if until(other) => return Ok(()),
                _ => {}
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let why = msg!("err-nothing-within", secs = timeout.as_secs_f64().to_string());
                return Err(SoundError::Server { what: phrase!("err-server-silent"), why });
            }
            status = match self.shared.changed.wait_timeout(status, left) {
                Ok((status, _)) => status,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    fn send(&self, message: Message) {
        // A thread that has ended has told why.
        let _ = self.inbox.send(message);
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.send(Message::Close);
    }
}

impl Shared {
    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a stretch was asked for that has not begun.
    fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst) > 0
    }

    fn tell(&self, status: Status) {
        *self.status() = status;
        self.changed.notify_all();
    }

    fn place(&self, position: Option<usize>) {
        let position = position.and_then(|position| u64::try_from(position).ok()).unwrap_or(NOWHERE);
        self.position.store(position, Ordering::Relaxed);
    }
}
