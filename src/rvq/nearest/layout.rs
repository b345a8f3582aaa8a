//! What codes and frames look like to a kernel: panels of codes, tiles of frames, and the lanes between them.

/// Codes in a panel: the kernels compare a frame with this many at a time.
pub(super) const PANEL: usize = 32;

/// Frames in a tile: what a kernel keeps in registers beside one panel.
pub(super) const TILE: usize = 8;

/// What the scores need to know of the codes in a panel.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct PanelCodes {
    /// Squared norm; infinite in a lane without a code.
    pub norm: [f32; PANEL],
    /// Value of one unit of the rounded code.
    pub step: [f32; PANEL],
}

/// What bounds the error of every score in a panel: its codes are neighbours in norm, so that one bound fits all.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PanelErrors {
    /// Largest norm.
    pub length: f32,
    /// Largest norm of what rounding took away.
    pub error: f32,
    /// What rounding may have cost the squared norm, and underflow the rest.
    pub slack: f32,
}

/// One word of each code of a panel.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Words(pub [u32; PANEL]);

impl Words {
    pub(super) const ZERO: Self = Self([0; PANEL]);
}

/// A score in whole units for each code of a panel, modulo 2^16. A vector of them lies within a line of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Units(pub [i16; PANEL]);

impl Units {
    pub(super) const ZERO: Self = Self([0; PANEL]);
    /// What no score is above.
    pub(super) const MOST: Self = Self([i16::MAX; PANEL]);
}

/// The frames of a tile in a kernel's format.
#[derive(Debug, Clone, Default)]
pub(super) struct Tile {
    /// Their words, one frame after the other.
    pub words: Vec<u32>,
    /// What an offset of the codes adds to each product of a frame.
    pub offsets: [i32; TILE],
    /// Twice the value of one unit.
    pub steps: [f32; TILE],
}

/// One number for each code of a panel.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Lanes(pub [f32; PANEL]);

impl Default for Lanes {
    fn default() -> Self {
        Self([f32::MAX; PANEL])
    }
}

/// What the bounds need to know of a frame.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FrameBounds {
    /// Twice the norm of what rounding took away.
    pub error: f32,
    /// Twice the norm of what it left.
    pub length: f32,
    /// Largest lower bound that is still of interest; negative infinity where there is no frame, or none that can be screened.
    pub threshold: f32,
}

/// What bounds the error of every score of some panels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Norm of the longest code, from the centre.
    pub length: f32,
    /// Largest norm of what the kernel's rounding took from a code.
    code_error: f32,
    /// The largest slack of a panel.
    slack: f32,
}

impl Limits {
    /// Those of some panels.
    pub(super) fn of(panels: &[PanelErrors]) -> Self {
        let largest = |of: fn(&PanelErrors) -> f32| panels.iter().map(of).fold(0.0, f32::max);
        Self {
            length: largest(|panel| panel.length),
            code_error: largest(|panel| panel.error),
            slack: largest(|panel| panel.slack),
        }
    }

    /// How far the scores of a frame may be off.
    #[inline(always)]
    pub(super) fn score_error(&self, frame: FrameBounds) -> f32 {
        frame.error * self.length + frame.length * self.code_error + self.slack
    }

    /// `|c|^2 - 2 x.c` at most, for a frame with these bounds.
    #[inline(always)]
    pub(super) fn largest_score(&self, frame: FrameBounds) -> f32 {
        2.0 * self.length * self.length + frame.length * self.length
    }
}
