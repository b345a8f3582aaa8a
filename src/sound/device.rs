//! What samples are played through, whichever system it is.

use super::SoundError;

/// An output of one channel that is handed samples as it wants them: what it wants, and how far it is, reaches the player's thread as messages.
pub(super) trait Device {
    /// Samples that it plays in a second.
    fn rate_hz(&self) -> u32;

    /// Lets it run, or holds it; it is held at first.
    fn hold(&mut self, is_held: bool) -> Result<(), SoundError>;

    /// Drops what waits in it, and wants as much again.
    fn flush(&mut self) -> Result<(), SoundError>;

    /// Hands samples over, as many as it wanted with `Message::Wanted`.
    fn write(&mut self, samples: &[f32]) -> Result<(), SoundError>;

    /// Asks how far it is; the answer is a `Message::Heard`.
    fn ask_place(&mut self) -> Result<(), SoundError>;
}
