//! What samples are played through, whichever system it is.

use std::sync::mpsc::Sender;

use super::{Message, Server, SoundError};

/// An output of one channel that is handed samples as it wants them: what it wants, and how far it is, reaches the player's thread as messages.
pub(super) trait Device {
    /// Samples that it plays in a second.
    fn rate_hz(&self) -> u32;

    /// Lets it run, or holds it; it is held at first.
    fn hold(&mut self, is_held: bool) -> Result<(), SoundError>;

    /// Drops what waits in it, and wants as much again.
    fn flush(&mut self) -> Result<(), SoundError>;

    /// Hands samples over, as many as it wanted with [`Message::Wanted`].
    fn write(&mut self, samples: &[f32]) -> Result<(), SoundError>;

    /// Asks how far it is; the answer is a [`Message::Heard`].
    fn ask_place(&mut self) -> Result<(), SoundError>;
}

/// The device of this system, for sound of `rate_hz`, which it may play at another rate. What it has to say from then on goes to `inbox`.
#[cfg(target_os = "linux")]
pub(super) fn open(
    server: &Server,
    rate_hz: u32,
    inbox: Sender<Message>,
) -> Result<Box<dyn Device>, SoundError> {
    use super::server::Connection;
    let device = |connection| Box::new(connection) as Box<dyn Device>;
    #[cfg(feature = "alsa")]
    {
        let through_server = Connection::open(server, rate_hz, inbox.clone()).map(device);
        match through_server {
            // Where no server runs, ALSA leads to the hardware, or says that there is none.
            Err(_) if *server == Server::Usual => Ok(Box::new(super::system::Output::open(inbox)?)),
            opened => opened,
        }
    }
    #[cfg(not(feature = "alsa"))]
    Connection::open(server, rate_hz, inbox).map(device)
}

/// The device of this system. Its rate is its own, and there is one server.
#[cfg(any(windows, target_os = "macos"))]
pub(super) fn open(
    _server: &Server,
    _rate_hz: u32,
    inbox: Sender<Message>,
) -> Result<Box<dyn Device>, SoundError> {
    Ok(Box::new(super::system::Output::open(inbox)?))
}

/// There is nothing to play through.
#[cfg(not(any(target_os = "linux", windows, target_os = "macos")))]
pub(super) fn open(
    _server: &Server,
    _rate_hz: u32,
    _inbox: Sender<Message>,
) -> Result<Box<dyn Device>, SoundError> {
    Err(SoundError::NoSystem)
}
