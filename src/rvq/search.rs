//! How codes are searched: greedily, layer by layer, or along several paths at once.

/// The way through the layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Search {
    /// Each layer takes the nearest code.
    #[default]
    Greedy,
    /// The best so many paths are kept behind each layer, and the greedy one always; the path with the smallest error at the end wins, so no
    /// frame ends worse than greedily. On ties the path of lower rank wins, then the lower code. A width of 1 is greedy.
    Beam(usize),
}

/// The widest beam: beyond it, nothing is gained and memory grows.
pub const MAX_BEAM: usize = 64;

impl Search {
    /// How many paths are kept.
    #[must_use]
    pub fn width(self) -> usize {
        match self {
            Self::Greedy => 1,
            Self::Beam(width) => width.clamp(1, MAX_BEAM),
        }
    }

    /// The search that keeps `width` paths.
    #[must_use]
    pub fn of_width(width: usize) -> Self {
        if width > 1 { Self::Beam(width.min(MAX_BEAM)) } else { Self::Greedy }
    }
}
