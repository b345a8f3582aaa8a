//! Rows of scores, one for each code of some layers, and which of them the paths of some frames are put together from.

use std::ops::Range;

use super::layout::Units;

/// Rows of whole units, one for each code of each of some layers.
#[derive(Debug, Default)]
pub(super) struct RowTable {
    /// Row by row, layer by layer.
    pub units: Vec<Units>,
    /// Where each layer starts.
    pub starts: Vec<u32>,
    /// Panels of a row.
    pub num_panels: usize,
}

impl RowTable {
    /// Where the row of a code starts.
    #[inline(always)]
    fn row_of(&self, layer: usize, code: u32) -> u32 {
        self.starts[layer] + code * self.num_panels as u32
    }

    /// How many layers have rows.
    pub(super) fn num_layers(&self) -> usize {
        self.starts.len()
    }

    /// A row from where it starts.
    #[inline(always)]
    pub(super) fn row(&self, start: u32) -> &[Units] {
        &self.units[start as usize..][..self.num_panels]
    }
}

/// The paths of some frames.
#[derive(Debug, Clone, Copy)]
pub struct PathsSoFar<'a> {
    /// Paths of each frame.
    pub paths: usize,
    /// What the paths left over, `(num_frames, paths, dim)`.
    pub residual: &'a [f32],
    /// The codes they chose, `(num_frames, paths, num_layers)`; those of the layers to come may be anything.
    pub codes: &'a [u32],
    /// How far `residual` may be, by its roundings, from the frame less the chosen rows; a norm, `(num_frames, paths)`.
    pub drift: &'a [f32],
}

impl PathsSoFar<'_> {
    /// How many frames there are.
    pub(super) fn num_frames(&self) -> usize {
        self.drift.len().checked_div(self.paths).unwrap_or(0)
    }

    /// What a path of a frame left over.
    #[inline(always)]
    pub(super) fn residual_of(&self, frame: usize, path: usize, dim: usize) -> &[f32] {
        &self.residual[(frame * self.paths + path) * dim..][..dim]
    }
}

/// What the paths of some frames are put together from.
///
/// One path of each frame is its trunk, whose scores are worked out from what it leaves over. Another path has its first codes in common with it,
/// and its scores are the trunk's less the trunk's rows from there on, plus the path's own. So no more is added up than differs, and what the kernel
/// rounds is as small as what the paths leave over.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    /// Where rows start, list by list: for each frame the trunk's, behind the codes that all paths have in common with it, then each path's.
    rows: Vec<u32>,
    /// Where each list ends.
    ends: Vec<u32>,
    /// How many codes each list leaves out.
    shared: Vec<u32>,
    paths: usize,
}

impl Plan {
    /// Plans anew, for some frames and the rows of `table`.
    pub(super) fn fill(&mut self, table: &RowTable, so_far: PathsSoFar<'_>, frames: Range<usize>) {
        let PathsSoFar { paths, codes, drift, .. } = so_far;
        let num_layers = codes.len() / drift.len();
        let num_earlier = table.num_layers();
        self.paths = paths;
        for list in [&mut self.rows, &mut self.ends, &mut self.shared] {
            list.clear();
        }
        let trunk = self.trunk();
        for frame in frames {
            let codes_of = |path: usize| &codes[(frame * paths + path) * num_layers..][..num_earlier];
            let start = self.shared.len();
            self.shared.push(num_earlier as u32);
            for path in 0..paths {
                let pairs = codes_of(path).iter().zip(codes_of(trunk));
                self.shared.push(pairs.take_while(|(a, b)| a == b).count() as u32);
            }
            self.shared[start] = self.shared[start..].iter().copied().fold(num_earlier as u32, u32::min);
            self.push(table, codes_of(trunk), start);
            for path in 0..paths {
                self.push(table, codes_of(path), start + 1 + path);
            }
        }
    }

    /// Adds the rows of a list: those behind the codes that it leaves out.
    fn push(&mut self, table: &RowTable, codes: &[u32], list: usize) {
        let shared = self.shared[list] as usize;
        self.rows.extend((shared..).zip(&codes[shared..]).map(|(layer, &code)| table.row_of(layer, code)));
        self.ends.push(self.rows.len() as u32);
    }

    /// The path that is the trunk.
    pub(super) fn trunk(&self) -> usize {
        // The greedy path comes first, the best of the others second: most paths part from it late.
        1.min(self.paths.saturating_sub(1))
    }

    /// The rows of all frames, frame by frame.
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The rows that frame `nth` has to take off its trunk at most, and how many codes all of its paths share.
    #[inline(always)]
    pub(super) fn trunk_rows(&self, nth: usize) -> (&[u32], usize) {
        let list = nth * (self.paths + 1);
        (self.list(list), self.shared.get(list).map_or(0, |&shared| shared as usize))
    }

    /// The rows that a path of frame `nth` has behind the codes that it shares with the trunk, and how many those are.
    #[inline(always)]
    pub(super) fn path_rows(&self, nth: usize, path: usize) -> (&[u32], usize) {
        let list = nth * (self.paths + 1) + 1 + path;
        (self.list(list), self.shared.get(list).map_or(0, |&shared| shared as usize))
    }

    /// A list of rows; none behind the last frame.
    #[inline(always)]
    fn list(&self, list: usize) -> &[u32] {
        match (self.list_start(list), self.ends.get(list)) {
            (Some(start), Some(&end)) => &self.rows[start..end as usize],
            _ => &[],
        }
    }

    /// Where a list starts: where the one before ends.
    #[inline(always)]
    fn list_start(&self, list: usize) -> Option<usize> {
        if list == 0 { Some(0) } else { self.ends.get(list - 1).map(|&end| end as usize) }
    }
}
