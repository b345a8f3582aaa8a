//! The memory that searches reuse from block to block.

use super::decide::Ranked;
use super::layout::{FrameBounds, Lanes, PANEL, TILE, Tile};

/// Working memory of one thread.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    pub(super) row: Vec<f32>,
    pub(super) tile: Tile,
    pub(super) bounds: [FrameBounds; TILE],
    /// Scores of a segment, panel by panel.
    pub(super) scores: Vec<[Lanes; TILE]>,
    /// Every code that may be among the nearest of each frame, with its lower bound.
    pub(super) candidates: [Vec<(f32, u32)>; TILE],
    pub(super) ranked: Vec<Ranked>,
    pub(super) paths: PathScratch,
}

/// Tiles that meet a panel while it is in the first cache: the codes in f32 are too many for the second.
pub(super) const TILES: usize = 4;

/// Memory for some frames and the paths of one of them.
#[derive(Debug, Clone, Default)]
pub(super) struct PathScratch {
    pub(super) tiles: [(Tile, [FrameBounds; TILE]); TILES],
    /// Scores of the frames, `(TILES * TILE, places)`.
    pub(super) own: Vec<i16>,
    /// Scores of a frame's paths, `(paths, places)`.
    pub(super) scores: Vec<i16>,
    /// The least score of each lane of each path.
    pub(super) least: Vec<[i16; PANEL]>,
    /// `||r||²` of each path, in units.
    pub(super) squares: Vec<i32>,
    pub(super) pairs: Vec<(u32, u32)>,
}
