//! The search along several paths at once: the best are kept behind each layer.

use std::ops::Range;

use super::frames_space::best_in_frames_space;
use super::nearest::{PathsSoFar, Pick, Scratch, Wanted, differences, subtract_rows};
use super::prepared::PreparedLayer;
use super::rows::Rows;

/// Values that the paths of one pass leave over at most; one frame always fits. A pass goes through all layers, and the more frames it has, the more of
/// them want the same rows of a layer's tables, which are larger than the caches: 5 paths of 70 000 frames through 8 layers of 1024 codes and 128 dimensions
/// took 2.64 s in passes of `1 << 16` values, 2.47 of `1 << 18` to `1 << 20` and 2.67 of `1 << 22`; 16 and 32 paths took as long in all of them.
const PASS_VALUES: usize = 1 << 19;

/// Frames whose paths are taken through a layer at once.
const CHUNK_FRAMES: usize = 64;

/// The paths of every frame of a pass; the first of each frame is the greedy one.
#[derive(Debug, Default)]
struct Paths {
    /// Paths kept for each frame.
    kept: usize,
    /// What they leave over, `(num_frames, kept, dim)`.
    residual: Vec<f32>,
    /// Their codes, `(num_frames, kept, num_layers)`.
    codes: Vec<u32>,
    /// The squared distance of each choice, as the codes.
    sq_dists: Vec<f32>,
    /// How far roundings may have taken what is left over, as a norm, `(num_frames, kept)`.
    drift: Vec<f32>,
}

/// The memory of one thread's blocks.
#[derive(Debug, Default)]
pub(super) struct BeamWorkspace {
    paths: Paths,
    next: Paths,
    picks: Vec<Pick>,
    left: Vec<f32>,
    norms: Vec<f64>,
}

/// Encodes a block along up to `width` paths; writes frame by frame and gives the energy left behind each layer on the chosen paths.
pub(super) fn beam_block(
    layers: &[PreparedLayer<'_>],
    frames: &[f32],
    width: usize,
    codes: &mut [u32],
    sq_dists: &mut [f32],
    space: &mut BeamWorkspace,
    scratch: &mut Scratch,
) -> Vec<f64> {
    let num_layers = layers.len();
    let mut energies = vec![0.0; num_layers];
    let BeamWorkspace { paths, next, picks, left, norms } = space;
    let Some(dim) = layers.first().map(|layer| layer.outputs.dim()) else { return energies };
    let pass = (PASS_VALUES / (width * dim).max(1)).max(1);
    let outs = codes.chunks_mut(pass * num_layers).zip(sq_dists.chunks_mut(pass * num_layers));
    for (frames, (codes, sq_dists)) in frames.chunks(pass * dim.max(1)).zip(outs) {
        paths.start(frames, dim, num_layers);
        for nth in 0..num_layers {
            let kept = if nth + 1 == num_layers { 1 } else { width };
            paths.extend(layers, nth, kept, picks, next, scratch);
            std::mem::swap(paths, next);
        }
        // One path is left of each frame.
        codes.copy_from_slice(&paths.codes);
        sq_dists.copy_from_slice(&paths.sq_dists);
        left.clear();
        left.extend_from_slice(frames);
        norms.resize(frames.len() / dim, 0.0);
        for (nth, (layer, energy)) in layers.iter().zip(&mut energies).enumerate() {
            subtract_rows(left, norms, |frame| layer.outputs.row(codes[frame * num_layers + nth] as usize));
            norms.iter().for_each(|norm| *energy += norm);
        }
    }
    energies
}

impl Paths {
    /// One path for each of `frames`, in front of the first layer.
    fn start(&mut self, frames: &[f32], dim: usize, num_layers: usize) {
        let num_frames = frames.len() / dim.max(1);
        let Self { kept, residual, codes, sq_dists, drift } = self;
        *kept = 1;
        residual.clear();
        residual.extend_from_slice(frames);
        codes.clear();
        codes.resize(num_frames * num_layers, 0);
        sq_dists.clear();
        sq_dists.resize(num_frames * num_layers, 0.0);
        drift.clear();
        drift.resize(num_frames, 0.0);
    }

    /// Takes the paths through layer `nth` into `next`, where at most `kept` of each frame go on.
    fn extend(
        &self,
        layers: &[PreparedLayer<'_>],
        nth: usize,
        kept: usize,
        picks: &mut Vec<Pick>,
        next: &mut Self,
        scratch: &mut Scratch,
    ) {
        let layer = &layers[nth];
        let kept = kept.min(self.kept * layer.outputs.num_rows());
        let num_frames = self.num_frames();
        next.make_room(num_frames, kept, layer.outputs.dim(), layers.len());
        // The nearest code of the greedy path comes first and stays; behind the last layer it competes like the others.
        let keeps_first = nth + 1 < layers.len();
        // What is compared is still in the cache when it is taken off.
        let chunk = if layer.is_plain() { CHUNK_FRAMES } else { num_frames.max(1) };
        for first in (0..num_frames).step_by(chunk) {
            let frames = first..num_frames.min(first + chunk);
            picks.clear();
            picks.resize(frames.len() * kept, Pick::NONE);
            self.choose(layer, frames.clone(), keeps_first, picks, scratch);
            self.go_on(layer, nth, frames, picks, next);
        }
    }

    fn num_frames(&self) -> usize {
        self.drift.len().checked_div(self.kept).unwrap_or(0)
    }

    /// Brings everything to its length for so many paths of so many frames.
    fn make_room(&mut self, num_frames: usize, kept: usize, dim: usize, num_layers: usize) {
        self.kept = kept;
        let num_paths = num_frames * kept;
        self.residual.resize(num_paths * dim, 0.0);
        self.codes.resize(num_paths * num_layers, 0);
        self.sq_dists.resize(num_paths * num_layers, 0.0);
        self.drift.resize(num_paths, 0.0);
    }

    /// Writes the best ways on of some frames through a layer.
    fn choose(
        &self,
        layer: &PreparedLayer<'_>,
        frames: Range<usize>,
        keeps_first: bool,
        picks: &mut [Pick],
        scratch: &mut Scratch,
    ) {
        let (dim, num_layers) = (layer.outputs.dim(), self.codes.len() / self.drift.len());
        let paths = frames.start * self.kept..frames.end * self.kept;
        let residual = &self.residual[paths.start * dim..paths.end * dim];
        if layer.is_plain() {
            let so_far = PathsSoFar {
                paths: self.kept,
                residual,
                codes: &self.codes[paths.start * num_layers..paths.end * num_layers],
                drift: &self.drift[paths],
            };
            let tables = layer.tables().filter(|_| !layer.searcher.screens_each_path(self.kept));
            layer.searcher.best_of_paths(tables, so_far, keeps_first, picks, scratch);
        } else {
            let residual = Rows::new(residual, dim);
            let own = layer.own_input(&residual);
            let seen = own.as_ref().unwrap_or(&residual);
            let wanted = Wanted { paths: self.kept, keeps_first, picks, nearest: None };
            best_in_frames_space(&layer.searcher, &layer.outputs, &residual, seen, wanted, scratch);
        }
    }

    /// Writes the paths of some frames behind layer `nth`, which `picks` are, to `next`.
    fn go_on(
        &self,
        layer: &PreparedLayer<'_>,
        nth: usize,
        frames: Range<usize>,
        picks: &[Pick],
        next: &mut Self,
    ) {
        let (dim, num_layers) = (layer.outputs.dim(), self.codes.len() / self.drift.len());
        let from = |to: usize| (frames.start + to / next.kept) * self.kept + picks[to].path as usize;
        let first = frames.start * next.kept;
        let residual = &mut next.residual[first * dim..][..picks.len() * dim];
        differences(residual, dim, |to| {
            let code = picks[to].code;
            // The same numbers; the searcher's are in the cache.
            let row =
                if layer.is_plain() { layer.searcher.row(code) } else { layer.outputs.row(code as usize) };
            (&self.residual[from(to) * dim..][..dim], row)
        });
        for (to, pick) in picks.iter().enumerate() {
            let (path, to) = (from(to), first + to);
            let codes = &mut next.codes[to * num_layers..][..num_layers];
            codes.copy_from_slice(&self.codes[path * num_layers..][..num_layers]);
            codes[nth] = pick.code;
            let sq_dists = &mut next.sq_dists[to * num_layers..][..num_layers];
            sq_dists.copy_from_slice(&self.sq_dists[path * num_layers..][..num_layers]);
            sq_dists[nth] = pick.sq_dist;
            // Each difference is rounded once, by half a unit of its last place at most.
            next.drift[to] = self.drift[path] + 0.51 * f32::EPSILON * pick.sq_dist.sqrt();
        }
    }
}
