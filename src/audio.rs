//! Audio in memory: samples of one or more channels, mix-down and resampling.

/// Audio as read from a file: finite samples, nominally in -1..1.
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// Each channel's samples; all of one length, at least one channel.
    pub channels: Vec<Vec<f32>>,
    /// Samples a second.
    pub sample_rate_hz: u32,
}

/// Which channel is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum ChannelChoice {
    /// The mean of all.
    #[default]
    Mix,
    /// One of them, from 0.
    Only(usize),
}
