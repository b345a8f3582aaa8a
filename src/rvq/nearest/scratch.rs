//! The memory that searches reuse from block to block.

use std::ops::Range;

use super::decide::Ranking;
use super::layout::{FrameBounds, Lanes, Limits, TILE, Tile, Units};
use super::row_table::Plan;

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
    pub(super) ranking: Ranking,
    pub(super) paths: PathScratch,
    pub(super) each_path: EachPathScratch,
}

/// Memory for every path of some frames.
#[derive(Debug, Clone, Default)]
pub(super) struct EachPathScratch {
    pub(super) tiles: Vec<(Tile, [FrameBounds; TILE])>,
    /// Scores of a segment, tile by tile and panel by panel.
    pub(super) scores: Vec<[Lanes; TILE]>,
    /// What a path's scores lack to be squared distances: at least, and at most.
    pub(super) squares: Vec<(f32, f32)>,
    /// The least upper bound of each lane of the scores of each path.
    pub(super) least: Vec<Lanes>,
    /// Least upper bounds of the squared distances of a frame's paths, lane by lane.
    pub(super) uppers: Vec<Lanes>,
    /// The pairs of path and code that are compared, frame by frame.
    pub(super) pairs: Vec<Vec<(u32, u32)>>,
}

/// Tiles that meet a panel while it is in the first cache, at most: the codes in f32 are too many for the second.
pub(super) const TILES: usize = 4;

/// Tiles of frames with so many paths: the rows of tables that they want shall fit the second cache.
pub(super) fn tiles_of(paths: usize) -> usize {
    if paths <= 8 { TILES } else { TILES / 2 }
}

/// Memory for some frames and the paths of one of them.
#[derive(Debug, Clone, Default)]
pub(super) struct PathScratch {
    pub(super) plan: Plan,
    /// What the trunks of the frames leave over, `(num_frames, dim)`.
    pub(super) left: Vec<f32>,
    pub(super) tiles: [(Tile, [FrameBounds; TILE]); TILES],
    /// Scores of the frames' trunks, `(TILES * TILE, panels)`.
    pub(super) trunks: Vec<Units>,
    /// Scores of a frame's trunk less its last rows, `(codes left, panels)`.
    pub(super) stumps: Vec<Units>,
    /// Scores of a frame's paths, `(paths, panels)`.
    pub(super) scores: Vec<Units>,
    pub(super) spans: Vec<Span>,
    /// The part of a bound that all paths of a frame have in common, span by span.
    pub(super) common: Vec<f32>,
    /// The least score of each lane of each path, `(paths, spans)`.
    pub(super) least: Vec<Units>,
    /// What a path's scores of each span lack to be squared distances, in the finest units, `(paths, spans)`: at least,
    pub(super) lower: Vec<i32>,
    /// and at most.
    pub(super) upper: Vec<i32>,
    /// Least upper bounds of squared distances, lane by lane.
    pub(super) uppers: Vec<Lanes>,
    pub(super) pairs: Vec<(u32, u32)>,
}

/// Panels of one unit and one bound, of which the least score of each lane is taken.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) panels: Range<usize>,
    /// The group that they belong to.
    pub(super) group: usize,
    /// How many times their unit is twice the finest.
    pub(super) shift: u32,
    /// Their unit in the finest ones.
    pub(super) times: f32,
    /// How far their scores may be off for the codebook that trunks are screened with.
    pub(super) limits: Limits,
}
