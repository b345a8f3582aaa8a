//! How codes are searched: greedily, layer by layer, or along several paths at once.

use super::encoder::{PreparedLayer, subtract};
use super::nearest::Scratch;

/// The way through the layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Search {
    /// Each layer takes the nearest code.
    #[default]
    Greedy,
    /// The best so many paths are kept behind each layer, and the greedy one always; the path with the smallest error at the end wins, so no
    /// frame ends worse than greedily. A width of 1 is greedy.
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

/// One way to continue one path.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    path: usize,
    code: u32,
    /// `||r||²` behind the code, in the frames' own space.
    error: f64,
    sq_dist: f32,
}

/// The paths of every frame of a block; the first of each frame is the greedy one.
struct Paths {
    /// Paths kept for each frame.
    width: usize,
    /// `(num_frames, width, dim)`
    residual: Vec<f32>,
    /// `(num_frames, width, layers so far)`
    codes: Vec<Vec<u32>>,
    sq_dists: Vec<Vec<f32>>,
    errors: Vec<f64>,
}

/// Encodes a block along up to `width` paths; writes frame by frame and gives the energy left behind each layer on the chosen paths.
pub(super) fn beam_block(
    layers: &[PreparedLayer<'_>],
    frames: &[f32],
    width: usize,
    codes: &mut [u32],
    sq_dists: &mut [f32],
) -> Vec<f64> {
    let Some(dim) = layers.first().map(|layer| layer.outputs.ncols()) else { return Vec::new() };
    let num_frames = frames.len() / dim.max(1);
    let mut paths = Paths {
        width: 1,
        residual: frames.to_vec(),
        codes: vec![Vec::new(); num_frames],
        sq_dists: vec![Vec::new(); num_frames],
        errors: vec![0.0; num_frames],
    };
    let mut scratch = Scratch::default();
    for layer in layers {
        paths = extend(&paths, layer, num_frames, width, &mut scratch);
    }
    let mut energies = vec![0.0; layers.len()];
    for frame in 0..num_frames {
        let range = frame * paths.width..(frame + 1) * paths.width;
        let best = range.min_by(|&a, &b| paths.errors[a].total_cmp(&paths.errors[b])).unwrap_or(0);
        let at = frame * layers.len();
        codes[at..at + layers.len()].copy_from_slice(&paths.codes[best]);
        sq_dists[at..at + layers.len()].copy_from_slice(&paths.sq_dists[best]);
        let mut residual = frames[frame * dim..(frame + 1) * dim].to_vec();
        for ((layer, &code), energy) in layers.iter().zip(&paths.codes[best]).zip(&mut energies) {
            *energy += subtract(&mut residual, row(layer, code, dim));
        }
    }
    energies
}

fn extend(
    paths: &Paths,
    layer: &PreparedLayer<'_>,
    num_frames: usize,
    width: usize,
    scratch: &mut Scratch,
) -> Paths {
    let (dim, num_codes) = (layer.outputs.ncols(), layer.outputs.nrows());
    let tried = width.min(num_codes);
    let num_paths = num_frames * paths.width;
    let mut codes = vec![0u32; num_paths * tried];
    let mut sq_dists = vec![0f32; num_paths * tried];
    let input = if layer.is_plain() { None } else { layer.input(&paths.residual) };
    let seen = input.as_ref().and_then(|input| input.as_slice()).unwrap_or(&paths.residual);
    layer.searcher.nearest_m_block(seen, tried, &mut codes, &mut sq_dists, scratch);

    let kept = width.min(paths.width * tried);
    let mut next = Paths {
        width: kept,
        residual: Vec::with_capacity(num_frames * kept * dim),
        codes: Vec::with_capacity(num_frames * kept),
        sq_dists: Vec::with_capacity(num_frames * kept),
        errors: Vec::with_capacity(num_frames * kept),
    };
    let mut candidates: Vec<Candidate> = Vec::with_capacity(paths.width * tried);
    let mut left = vec![0f32; dim];
    for frame in 0..num_frames {
        candidates.clear();
        for path in frame * paths.width..(frame + 1) * paths.width {
            for nth in path * tried..(path + 1) * tried {
                let (code, sq_dist) = (codes[nth], sq_dists[nth]);
                let error = if layer.is_plain() {
                    f64::from(sq_dist)
                } else {
                    left.copy_from_slice(&paths.residual[path * dim..(path + 1) * dim]);
                    subtract(&mut left, row(layer, code, dim))
                };
                candidates.push(Candidate { path, code, error, sq_dist });
            }
        }
        // The nearest code of the greedy path comes first and stays; the others compete. A stable sort keeps ties in the order of path and code.
        candidates[1..].sort_by(|a, b| a.error.total_cmp(&b.error));
        for candidate in &candidates[..kept] {
            let Candidate { path, code, error, sq_dist } = *candidate;
            let start = next.residual.len();
            next.residual.extend_from_slice(&paths.residual[path * dim..(path + 1) * dim]);
            subtract(&mut next.residual[start..], row(layer, code, dim));
            let extended = |so_far: &[u32]| [so_far, &[code]].concat();
            next.codes.push(extended(&paths.codes[path]));
            next.sq_dists.push([paths.sq_dists[path].as_slice(), &[sq_dist]].concat());
            next.errors.push(error);
        }
    }
    next
}

fn row<'a>(layer: &'a PreparedLayer<'_>, code: u32, dim: usize) -> &'a [f32] {
    let outputs = layer.outputs.as_slice().unwrap_or(&[]);
    &outputs[code as usize * dim..][..dim]
}
