//! Which device samples are played through on this system.

use std::sync::mpsc::Sender;

use super::device::Device;
use super::{Message, Server, SoundError};

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
